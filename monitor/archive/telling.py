"""The archive's part in telling: where each reader stands, what they are told next, and the slots that were served."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.archive import ledger, messages
from monitor.archive import rows as row_of
from monitor.archive.connection import Connected, Row, moment, moment_or_none, stamp
from monitor.archive.readers import is_paused
from monitor.types import Bulk, Coverage, Digest, Entry, EntryKind, Message, Outgoing, Slice, Subscription

# Whether an entry tells of one of the topics (JSON), which its article is still about, to a reader who wants mentions
# too (1) or not (0).
_MATTERS = (
    "EXISTS (SELECT 1 FROM entry_topics t JOIN matches m ON m.article = e.article AND m.topic = t.topic "
    "WHERE t.entry = e.number AND t.topic IN (SELECT value FROM json_each(:topics)) "
    "AND (:mentions OR NOT (t.mention OR m.mention)))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """The entries of one slice, and what counts as told by then."""

    after: int
    upto: int
    since: datetime | None
    but: int | None = None  # the message that counts as not made
    by: str = ledger.BY_NOW


class Telling(Connected):
    """See the contract in monitor/archive/__init__.py."""

    def register(self, subscriptions: Sequence[Subscription], *, since: datetime, now: datetime) -> None:
        wanted = {(s.id, reader) for s in subscriptions for reader in s.to}
        known = {(row[0], row[1]) for row in self.rows("SELECT subscription, reader FROM readers")}
        if not wanted - known:
            return
        with self.write() as db:
            db.conn.executemany(
                "INSERT INTO readers (subscription, reader, after, since) "
                "VALUES (?, ?, (SELECT coalesce(max(number), 0) FROM entries WHERE at < ?), ?) ON CONFLICT DO NOTHING",
                [(*pair, stamp(since), stamp(now)) for pair in sorted(wanted - known)],
            )

    def slice(
        self,
        subscription: Subscription,
        reader: str,
        coverage: Sequence[Coverage],
        *,
        since: datetime | None = None,
        of: Outgoing | None = None,
        at: datetime | None = None,
    ) -> Slice:
        with self.reading():
            stretch = self._stretch((subscription.id, reader), since, of, at)
            found = self._found(stretch, subscription, reader)
            stories = {row["now_of"] for row in found}
            told = ledger.known(self, subscription, reader, stories, but=stretch.but, by=stretch.by)
            entries = [row for row in found if row["matters"] or ledger.concerns(row, told)]
            stories = {row["now_of"] for row in entries}
            members = self.rows(
                "SELECT a.id FROM json_each(?) s CROSS JOIN articles a ON a.story = s.value ORDER BY a.id",
                (json.dumps(sorted(stories)),),
            )
            return Slice(
                after=stretch.after,
                upto=stretch.upto,
                entries=tuple(_entry(row) for row in entries),
                articles=row_of.kept(self, [row[0] for row in members], text=False),
                told=tuple(k.told(article) for article, k in told.items() if k.counts and k.story_id in stories),
                coverage=tuple(coverage),
                bulk=() if subscription.at.at_once else self._bulk(stretch, subscription),
                since=stretch.since,
            )

    def _stretch(
        self, key: tuple[str, str], since: datetime | None, of: Outgoing | None, at: datetime | None
    ) -> _Stretch:
        if of is not None:
            return _Stretch(after=of.after, upto=of.upto, since=self._served_at(key, but=of.id), but=of.id)
        by = ledger.BY_NOW if at is None else stamp(at)
        place = self._place(key, by)
        if place is None and since is not None:
            place = self._newest_before(stamp(since))
        after = place or 0
        upto = max(after, self._newest_before(by + "~"))  # `by` itself is within
        return _Stretch(after=after, upto=upto, since=self._served_at(key, by=by), by=by)

    def _place(self, key: tuple[str, str], by: str) -> int | None:
        """Returns the number up to which a reader had been told; None for one who was not registered.

        Where a reader was registered, or resumed, is known only as long as they were not told since.
        """
        place = self.row(
            "SELECT after FROM readers WHERE subscription = ?1 AND reader = ?2 AND since <= ?3 AND NOT EXISTS "
            "(SELECT 1 FROM slots WHERE subscription = ?1 AND reader = ?2 AND served_at > ?3)",
            (*key, by),
        )
        if place is None and by != ledger.BY_NOW:
            place = self.row(
                "SELECT upto FROM slots WHERE subscription = ? AND reader = ? AND served_at <= ? AND upto IS NOT NULL "
                "ORDER BY served_at DESC LIMIT 1",
                (*key, by),
            )
        return None if place is None else int(place[0])

    def newest(self) -> int:
        row = self.row("SELECT coalesce(max(number), 0) FROM entries")
        assert row is not None  # noqa: S101 - an aggregate always has one row
        return int(row[0])

    def _newest_before(self, at: str) -> int:
        """Returns the number of the newest entry of before that time."""
        if at > ledger.BY_NOW:
            return self.newest()
        row = self.row("SELECT coalesce(max(number), 0) FROM entries WHERE at < ?", (at,))
        assert row is not None  # noqa: S101 - an aggregate always has one row
        return int(row[0])

    def _bulk(self, stretch: _Stretch, subscription: Subscription) -> tuple[Bulk, ...]:
        rows = self.rows(
            "SELECT b.source, count(DISTINCT a.story) FROM entries e JOIN bursts b ON b.id = e.burst "  # noqa: S608
            "JOIN articles a ON a.id = e.article WHERE e.number > :after AND e.number <= :upto "
            f"AND NOT b.told AND {_MATTERS} GROUP BY 1 ORDER BY 1",
            _values(stretch, subscription),
        )
        return tuple(Bulk(source_id=row[0], stories=row[1]) for row in rows)

    def _found(self, stretch: _Stretch, subscription: Subscription, reader: str) -> list[Row]:
        """Returns the entries that matter, and those that may concern what the reader was told.

        A kill is no news to anybody else, whatever its topics.
        """
        return self.rows(
            f"SELECT e.*, a.story AS now_of, a.relation, a.withdrawn AS gone, e.kind <> 'kill' AND {_MATTERS} "  # noqa: S608
            "AS matters FROM entries e CROSS JOIN articles a ON a.id = e.article "
            "WHERE e.number > :after AND e.number <= :upto "
            "AND (e.burst IS NULL OR EXISTS (SELECT 1 FROM bursts b WHERE b.id = e.burst AND b.told)) "
            f"AND (matters OR {ledger.MAY_CONCERN}) ORDER BY e.number",
            _values(stretch, subscription) | {"reader": reader, "subscription": subscription.id},
        )

    def served_until(self, subscription_id: str, reader: str, *, by: datetime | None = None) -> datetime | None:
        latest = self.row(
            "SELECT max(at) FROM (SELECT max(at) AS at FROM slots WHERE subscription = ?1 AND reader = ?2 "
            "AND scheduled AND at <= ?3 "
            "UNION ALL SELECT since FROM readers WHERE subscription = ?1 AND reader = ?2 AND since <= ?3)",
            (subscription_id, reader, ledger.BY_NOW if by is None else stamp(by)),
        )
        return None if latest is None else moment_or_none(latest[0])

    def told_until(self, subscription_id: str, reader: str) -> datetime | None:
        key = (subscription_id, reader)
        registered = self.row("SELECT since FROM readers WHERE subscription = ? AND reader = ?", key)
        return max((at for at in (self._served_at(key), registered and moment(registered[0])) if at), default=None)

    def _served_at(self, key: tuple[str, str], *, by: str = ledger.BY_NOW, but: int | None = None) -> datetime | None:
        """Returns when a reader last got a digest; `but`: before this message."""
        served = self.row(
            "SELECT served_at FROM slots WHERE subscription = ?1 AND reader = ?2 AND served_at <= ?3 "
            "AND (?4 IS NULL OR served_at < (SELECT served_at FROM slots WHERE subscription = ?1 AND reader = ?2 "
            "AND message = ?4)) ORDER BY served_at DESC LIMIT 1",
            (*key, by, but),
        )
        return None if served is None else moment(served[0])

    def served(self, subscription_id: str, reader: str, slot: str) -> bool:
        row = self.row(
            "SELECT 1 FROM slots WHERE subscription = ? AND reader = ? AND slot = ?", (subscription_id, reader, slot)
        )
        return row is not None

    def commit_digest(self, digest: Digest, message: Message | None, token: str | None = None) -> Outgoing | None:
        key = (digest.subscription.id, digest.reader)
        with self.write(durable=True) as db:
            done = db.conn.execute(
                "SELECT 1 FROM slots WHERE subscription = ?1 AND reader = ?2 AND slot = ?3 "
                "UNION ALL SELECT 1 FROM readers WHERE subscription = ?1 AND reader = ?2 AND after <> ?4",
                (*key, digest.slot.name, digest.after),
            ).fetchone()
            if done is not None or is_paused(db, *key):
                return None
            number = None
            if message is not None:
                number = messages.insert(db, self.path, message, digest.composed_at, digest=digest, token=token)
            if number is not None or digest.slot.scheduled:
                db.conn.execute(
                    "INSERT INTO slots (subscription, reader, slot, at, served_at, scheduled, message, upto) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (*key, digest.slot.name, stamp(digest.slot.at), stamp(digest.composed_at), digest.slot.scheduled,
                     number, digest.upto),
                )  # fmt: skip
            db.conn.execute(
                "INSERT INTO readers (subscription, reader, after, since) VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET after = excluded.after",
                (*key, digest.upto, stamp(digest.composed_at)),
            )
            if number is None:
                return None
            ledger.write(db, digest, number)
            return row_of.outgoing(db.conn.execute("SELECT * FROM outbox WHERE id = ?", (number,)).fetchone())


def _values(stretch: _Stretch, subscription: Subscription) -> dict[str, object]:
    return {
        "after": stretch.after,
        "upto": stretch.upto,
        "topics": json.dumps(subscription.topics),
        "mentions": subscription.mentions,
    }


def _entry(row: Row) -> Entry:
    return Entry(
        number=row["number"],
        kind=EntryKind(row["kind"]),
        at=moment(row["at"]),
        article_id=row["article"],
        version=row["version"],
        story_id=row["now_of"],
    )
