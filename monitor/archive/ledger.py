"""The ledger: what each reader was told, message by message, and what of that is still to be told of."""

import json
from collections.abc import Collection
from dataclasses import dataclass

from sqlite_utils import Database

from monitor.archive.connection import Connected, Row, stamp
from monitor.types import Digest, EntryKind, Relation, Subscription, Told

BY_NOW = "9999"
"""Later than every time that the archive writes."""

_LEFT = "SELECT digest FROM pauses WHERE reader = :reader AND reason = 'unsubscribed' AND digest IS NOT NULL"
_OWN = f"l.reader = :reader AND (l.subscription = :subscription OR l.subscription IN ({_LEFT}))"

# Whether an entry may concern what the reader was told by this very subscription, or by one that they left since: a
# later version of an article, that it was taken back, or a correction elsewhere in its story. `concerns` decides.
MAY_CONCERN = (
    f"(e.kind IN ('version', 'kill') AND EXISTS (SELECT 1 FROM ledger l WHERE l.article = e.article AND {_OWN}) "  # noqa: S608
    "OR a.relation = 'correction' AND EXISTS (SELECT 1 FROM articles o CROSS JOIN ledger l "
    f"WHERE o.story = a.story AND l.article = o.id AND {_OWN}))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a reader was told of one article."""

    story_id: int  # the one it is part of now
    version: int  # the highest
    partial: bool
    withdrawn: bool  # they know that it is, as far as they were told last
    own: bool  # the subscription in question told it, or one that the reader left since
    counts: bool  # for this subscription: what an alert told may be told again

    def told(self, article_id: int) -> Told:
        """Returns it as a slice holds it."""
        return Told(
            story_id=self.story_id,
            article_id=article_id,
            version=self.version,
            withdrawn=self.withdrawn,
            partial=self.partial,
        )


def known(
    archive: Connected,
    subscription: Subscription,
    reader: str,
    stories: Collection[int],
    *,
    but: int | None = None,
    by: str = BY_NOW,
) -> dict[int, Known]:
    """Returns what a reader was told of the articles of these stories, by article.

    Not what the message `but` told, nor what was told after `by` (as the archive writes times), nor what a message told
    that was refused: it never arrived, and may yet.
    """
    refused = {
        row[0]
        for row in archive.rows(
            "SELECT id FROM outbox WHERE reader = ? AND state = 'failed' AND doubts = 0 "
            "AND (receipt_at IS NULL OR dropped_at IS NOT NULL)",
            (reader,),
        )
    }
    rows = archive.rows(
        "SELECT a.story AS now_of, l.* FROM json_each(:stories) s CROSS JOIN articles a ON a.story = s.value "
        "CROSS JOIN ledger l ON l.reader = :reader AND l.article = a.id "
        "WHERE l.message IS NOT :but AND l.told_at <= :by ORDER BY l.article, l.message",
        {"stories": json.dumps(sorted(stories)), "reader": reader, "but": but, "by": by},
    )
    own = {subscription.id, *(row[0] for row in archive.rows(_LEFT, {"reader": reader}))}
    by_article: dict[int, list[Row]] = {}
    for row in rows:
        if row["message"] not in refused:
            by_article.setdefault(row["article"], []).append(row)
    return {article: _known(subscription, tellings, own) for article, tellings in by_article.items()}


def _known(subscription: Subscription, tellings: list[Row], own: set[str]) -> Known:
    """Makes one of all tellings of an article, in their order."""
    counted = [
        row
        for row in tellings
        if not (subscription.repeat_alerts and row["alert"] and row["subscription"] != subscription.id)
    ]
    newest = max(counted or tellings, key=lambda row: (row["version"], row["message"]))
    return Known(
        story_id=newest["now_of"],
        version=newest["version"],
        partial=bool(newest["partial"]),
        withdrawn=bool(tellings[-1]["withdrawn"]),
        own=any(row["subscription"] in own for row in tellings),
        counts=bool(counted),
    )


def concerns(entry: Row, told: dict[int, Known]) -> bool:
    """Decides whether an entry tells something of what the subscription in question told.

    `entry` is joined with its article: the story and relation it has now, and whether it is withdrawn.
    """
    mine = told.get(entry["article"])
    newer = mine is None or not mine.counts or entry["version"] > mine.version
    if entry["kind"] == EntryKind.KILL:
        return mine is not None and mine.own and bool(entry["gone"]) and not mine.withdrawn
    if entry["kind"] == EntryKind.VERSION and mine is not None and mine.own:
        return newer
    if entry["relation"] == Relation.CORRECTION:
        return newer and any(known.own and known.story_id == entry["now_of"] for known in told.values())
    return False


def write(db: Database, digest: Digest, message: int) -> None:
    """Writes down what a message tells: each article at its version, or that it was withdrawn.

    Who is told so by one digest knows it of every article of the story that they were told, by whichever digest. A
    notice that withdraws a story tells nothing of it.
    """
    alert, told_at = digest.subscription.at.at_once, stamp(digest.composed_at)
    members = {
        member.id: member
        for line in digest.lines
        for member in (*line.carriers, line.article)
        if member.withdrawn or member.relation is not Relation.KILL
    }
    db.conn.executemany(
        "INSERT INTO ledger (reader, article, message, version, story, subscription, told_at, alert, partial, "
        "withdrawn) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(digest.reader, member.id, message, member.version, member.story_id, digest.subscription.id, told_at, alert,
          member.partial, member.withdrawn) for member in members.values()],
    )  # fmt: skip
    taken_back = [member.id for member in members.values() if member.withdrawn]
    if taken_back:
        db.conn.execute(
            "INSERT INTO ledger (reader, article, message, version, story, subscription, told_at, alert, partial, "
            "withdrawn) SELECT l.reader, a.id, ?1, max(l.version), a.story, ?2, ?3, ?4, 0, 1 "
            "FROM articles a CROSS JOIN ledger l ON l.reader = ?5 AND l.article = a.id WHERE a.withdrawn "
            "AND a.story IN (SELECT story FROM articles WHERE id IN (SELECT value FROM json_each(?6))) "
            "AND EXISTS (SELECT 1 FROM entries WHERE article = a.id AND kind = 'kill' AND number <= ?7) "
            "GROUP BY a.id ON CONFLICT DO NOTHING",
            (message, digest.subscription.id, told_at, alert, digest.reader, json.dumps(taken_back), digest.upto),
        )
