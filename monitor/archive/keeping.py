"""The archive's part in keeping: articles, versions, matches, placements, entries, and the search index."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlite_utils import Database

from monitor.archive import Place
from monitor.archive.connection import Connected, Row, marks, stamp, stamp_or_none
from monitor.archive.rows import pack_hits
from monitor.archive.watching import give_topics, put_off, said_anew
from monitor.types import (
    AddressKind,
    Article,
    EntryKind,
    Fingerprint,
    Keep,
    Match,
    Neighbour,
    Outcome,
    Placement,
    Reading,
    Relation,
    Verdict,
)

_EXCERPT = 300  # characters of a summary that a source with `keep: excerpt` leaves


class _Index:
    """The search index's part in a transaction, written at its end.

    FTS5 writes out all it holds whenever a savepoint begins, and many statements begin one of their own: between
    those, each article would be written by itself, at three times the cost.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._rows: dict[int, tuple[str, str | None, str | None, str | None]] = {}

    def add(self, article_id: int, title: str, listed_title: str | None, summary: str | None, text: str | None) -> None:
        """Indexes an article that is not in the index."""
        self._rows[article_id] = title, listed_title, summary, text

    def drop(self, article_id: int) -> None:
        """Takes an article out: the index has to be told the very values it was given (FTS5 manual, 4.4.3)."""
        if self._rows.pop(article_id, None) is None:
            self._db.conn.execute(
                "INSERT INTO article_index (article_index, rowid, title, listed_title, summary, text) "
                "SELECT 'delete', id, title, listed_title, summary, text FROM newest WHERE id = ?",
                (article_id,),
            )

    def write(self) -> None:
        """Writes what was added."""
        self._db.conn.executemany(
            "INSERT INTO article_index (rowid, title, listed_title, summary, text) VALUES (?, ?, ?, ?, ?)",
            [(article_id, *row) for article_id, row in self._rows.items()],
        )


class Keeping(Connected):
    """See the contract in monitor/archive/__init__.py."""

    def neighbours(self, article: Article, fingerprint: Fingerprint) -> list[Neighbour]:
        with self.reading() as db:
            return _neighbours(db, article, fingerprint)  # within `keep`, in its transaction

    def keep(self, readings: Sequence[Reading], place: Place, now: datetime) -> list[Outcome]:
        with self.write() as db:
            outcomes = []
            index = _Index(db)
            for reading in readings:
                placement = place(
                    reading.article, reading.fingerprint, self.neighbours(reading.article, reading.fingerprint)
                )
                outcome, article_id = _keep(db, index, reading, placement, now)
                _close_item(db, reading, article_id)
                outcomes.append(outcome)
            index.write()
            return outcomes

    def prune(self, before: datetime, *, limit: int = 500) -> int:
        with self.write() as db:
            ids = [
                row[0]
                for row in db.conn.execute(
                    "SELECT id FROM articles a WHERE matched = 0 AND pruned = 0 AND last_seen_at < ?1 AND NOT EXISTS "
                    "(SELECT 1 FROM items WHERE article = a.id AND last_seen_at >= ?1) LIMIT ?2",
                    (stamp(before), limit),
                )
            ]
            index = _Index(db)
            for article_id in ids:
                index.drop(article_id)
                db.conn.execute("UPDATE versions SET text = NULL, summary = NULL WHERE article = ?", (article_id,))
                db.conn.execute("UPDATE articles SET pruned = 1 WHERE id = ?", (article_id,))
            return len(ids)


def _neighbours(db: Database, article: Article, fingerprint: Fingerprint) -> list[Neighbour]:
    names = [a.identity for a in article.addresses if a.kind is not AddressKind.HINT]
    ids: dict[int, str | None] = {
        row[0]: None
        for row in db.conn.execute(
            f"SELECT DISTINCT article FROM addresses WHERE kind <> 'hint' AND identity IN ({marks(len(names))})",  # noqa: S608
            names,
        )
    }
    if (text_hash := fingerprint.text_hash) is not None:
        for row in db.conn.execute(
            "SELECT DISTINCT article FROM versions WHERE text_hash = ? ORDER BY article LIMIT 50", (text_hash,)
        ):
            ids[row[0]] = text_hash
    return [_neighbour(db, article_id, by_text) for article_id, by_text in ids.items()]


def _neighbour(db: Database, article_id: int, by_text: str | None) -> Neighbour:
    row = db.conn.execute(
        "SELECT a.story, a.publisher, v.source, a.partial, a.version, a.withdrawn, v.title, v.text_hash, v.words "
        "FROM articles a JOIN versions v ON v.article = a.id AND v.number = a.version WHERE a.id = ?",
        (article_id,),
    ).fetchone()
    names = db.conn.execute("SELECT identity FROM addresses WHERE article = ? AND kind <> 'hint'", (article_id,))
    return Neighbour(
        article_id=article_id,
        story_id=row["story"],
        publisher=row["publisher"],
        source_id=row["source"],
        identities=frozenset(name[0] for name in names),
        title=row["title"],
        text_hash=by_text or row["text_hash"],
        words=row["words"],
        partial=bool(row["partial"]),
        version=row["version"],
        withdrawn=bool(row["withdrawn"]),
    )


def _keep(db: Database, index: _Index, reading: Reading, placement: Placement, now: datetime) -> tuple[Outcome, int]:
    if placement.verdict is Verdict.KNOWN:
        assert placement.article_id is not None  # noqa: S101 - place() promises it
        _keep_sighting(db, index, placement.article_id, reading, now)
        return Outcome.KNOWN, placement.article_id
    if placement.verdict is Verdict.VERSION:
        assert placement.article_id is not None  # noqa: S101 - place() promises it
        _keep_version(db, index, placement.article_id, reading, now)
        return Outcome.VERSION, placement.article_id
    pickup = placement.verdict is Verdict.PICKUP
    article_id = _keep_new(db, index, reading, placement, now)
    if not reading.matches:
        return Outcome.UNMATCHED, article_id
    return (Outcome.PICKUP if pickup else Outcome.NEW), article_id


def _keep_new(db: Database, index: _Index, reading: Reading, placement: Placement, now: datetime) -> int:
    article = reading.article
    story_id = placement.story_id
    if story_id is None:
        story_id = db.conn.execute("INSERT INTO stories (created_at) VALUES (?)", (stamp(now),)).lastrowid
    article_id = db.conn.execute(
        "INSERT INTO articles (story, relation, source, publisher, url, language, version, partial, matched, "
        "first_seen_at, last_seen_at) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?)",
        (story_id, placement.relation.value, article.source_id, article.publisher, article.addresses[0].url,
         article.language, article.partial, bool(reading.matches), stamp(now), stamp(now)),
    ).lastrowid  # fmt: skip
    assert article_id is not None  # noqa: S101 - an INSERT gives one
    _keep_addresses(db, article_id, article, now)
    _write_version(db, index, article_id, 1, reading, now)
    kind = EntryKind.PICKUP if placement.relation is Relation.PICKUP else EntryKind.NEW
    _append_entry(db, kind, article_id, 1, reading, now)
    return article_id


def _keep_version(db: Database, index: _Index, article_id: int, reading: Reading, now: datetime) -> None:
    article = reading.article
    number = db.conn.execute("SELECT version FROM articles WHERE id = ?", (article_id,)).fetchone()[0] + 1
    index.drop(article_id)
    db.conn.execute(
        "UPDATE articles SET version = ?, partial = ?, matched = max(matched, ?), language = coalesce(?, language), "
        "url = ?, last_seen_at = ?, pruned = 0 WHERE id = ?",
        (number, article.partial, bool(reading.matches), article.language, article.addresses[0].url, stamp(now),
         article_id),
    )  # fmt: skip
    _keep_addresses(db, article_id, article, now)
    _write_version(db, index, article_id, number, reading, now)
    _append_entry(db, EntryKind.VERSION, article_id, number, reading, now)


def _keep_sighting(db: Database, index: _Index, article_id: int, reading: Reading, now: datetime) -> None:
    """The words are known; that they matter may be news: by another headline or teaser, or by a topic of later days."""
    row = db.conn.execute(
        "SELECT a.version, a.pruned, v.partial, v.title, v.listed_title, v.summary, v.text_hash FROM articles a "
        "JOIN versions v ON v.article = a.id AND v.number = a.version WHERE a.id = ?",
        (article_id,),
    ).fetchone()
    have = dict(map(tuple, db.conn.execute("SELECT topic, mention FROM matches WHERE article = ?", (article_id,))))
    fresh = [m for m in reading.matches if m.topic_id not in have or (have[m.topic_id] and not m.mention)]
    if (reading.matches and row["pruned"]) or (fresh and reading.article.keep is Keep.EXCERPT):
        _keep_version(db, index, article_id, reading, now)  # its text was erased, or never kept, and is wanted now
        return
    db.conn.execute("UPDATE articles SET last_seen_at = ? WHERE id = ?", (stamp(now), article_id))
    _keep_addresses(db, article_id, reading.article, now)
    if fresh:
        _keep_reason(db, index, article_id, row, reading, fresh, now)
    elif reading.matches and _held_back(db, article_id, reading.pending.item_id):
        _append_entry(db, EntryKind.NEW, article_id, row["version"], reading, now)


def _keep_reason(
    db: Database, index: _Index, article_id: int, known: Row, reading: Reading, fresh: Sequence[Match], now: datetime
) -> None:
    """Keeps why a known text matters after all, and the headline and teaser that say so where they are others.

    Else the archive would not hold what the match was found in, and who marks it anew would not find it again.
    """
    article, number = reading.article, known["version"]
    same_text = reading.fingerprint.text_hash == known["text_hash"]
    if same_text and (article.title, article.listed_title, article.summary) != (
        known["title"], known["listed_title"], known["summary"],
    ):  # fmt: skip
        number += 1
        index.drop(article_id)
        db.conn.execute("UPDATE articles SET version = ? WHERE id = ?", (number, article_id))
        as_read = replace(reading, article=replace(article, partial=bool(known["partial"])))
        _write_version(db, index, article_id, number, as_read, now)
    else:
        _write_matches(db, article_id, number, fresh)
    db.conn.execute("UPDATE articles SET matched = 1 WHERE id = ?", (article_id,))
    _append_entry(db, EntryKind.NEW, article_id, number, reading, now)


def _held_back(db: Database, article_id: int, item_id: int) -> bool:
    """Whether an article came in bulk and waits for an operator, while this item lists it as ordinary news."""
    held = db.conn.execute(
        "SELECT 1 FROM entries WHERE article = ?1 AND burst IN (SELECT id FROM bursts WHERE released_at IS NULL) "
        "AND burst IS NOT NULL AND (SELECT burst FROM items WHERE id = ?2) IS NULL LIMIT 1",
        (article_id, item_id),
    ).fetchone()
    return held is not None


def _keep_addresses(db: Database, article_id: int, article: Article, now: datetime) -> None:
    db.conn.executemany(
        "INSERT INTO addresses (article, url, identity, kind, first_seen_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET kind = excluded.kind WHERE kind = 'hint'",
        [(article_id, a.url, a.identity, a.kind.value, stamp(now)) for a in article.addresses],
    )


def _write_version(db: Database, index: _Index, article_id: int, number: int, reading: Reading, now: datetime) -> None:
    article = reading.article
    text, summary = article.text, article.summary
    if article.keep is Keep.EXCERPT:
        text, summary = _excerpt(reading.matches), summary[:_EXCERPT] if summary else None
    db.conn.execute(
        "INSERT INTO versions (article, number, title, listed_title, summary, text, authors, published_at, updated_at, "
        "text_hash, words, partial, agency, first_published, source, item, visit, seen_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (article_id, number, article.title, article.listed_title, summary, text,
         json.dumps(article.authors, ensure_ascii=False), stamp_or_none(article.published_at),
         stamp_or_none(article.updated_at), reading.fingerprint.text_hash, reading.fingerprint.words, article.partial,
         article.credit.agency, article.credit.first_published, article.source_id, reading.pending.item_id,
         reading.pending.visit_id, stamp(now)),
    )  # fmt: skip
    index.add(article_id, article.title, article.listed_title, summary, text)
    _write_matches(db, article_id, number, reading.matches)


def _write_matches(db: Database, article_id: int, number: int, matches: Sequence[Match]) -> None:
    db.conn.executemany(
        "INSERT INTO matches (article, topic, version, mention, revision, hits) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET version = excluded.version, mention = excluded.mention, "
        "revision = excluded.revision, hits = excluded.hits",
        [(article_id, m.topic_id, number, m.mention, m.revision, pack_hits(m.hits)) for m in matches],
    )


def _excerpt(matches: Sequence[Match]) -> str | None:
    """The sentences that matched: what a publisher's terms let us keep."""
    sentences = dict.fromkeys(hit.sentence for match in matches for hit in match.hits)
    return "\n\n".join(sentences) or None


def _append_entry(db: Database, kind: EntryKind, article_id: int, number: int, reading: Reading, now: datetime) -> None:
    """What came in bulk and was released without telling is news where it says something new after that."""
    entry = db.conn.execute(
        "INSERT INTO entries (kind, at, article, version, story, visit, burst) VALUES (?1, ?2, ?3, ?4, "
        "(SELECT story FROM articles WHERE id = ?3), ?5, (SELECT burst FROM items WHERE id = ?6 AND "
        "(article IS NULL OR not_before IS NOT NULL OR burst IN (SELECT id FROM bursts WHERE released_at IS NULL))))",
        (kind.value, stamp(now), article_id, number, reading.pending.visit_id, reading.pending.item_id),
    ).lastrowid
    assert entry is not None  # noqa: S101 - an INSERT gives one
    if reading.matches or kind is EntryKind.VERSION:  # else there are none
        give_topics(db, entry)


def _close_item(db: Database, reading: Reading, article_id: int) -> None:
    """A partial article whose page is tried again leaves its item pending; every other item is done."""
    item = reading.pending
    if reading.leaves_item:
        db.conn.execute("UPDATE items SET article = ? WHERE id = ?", (article_id, item.item_id))
        return
    db.conn.execute("UPDATE items SET article = coalesce(article, ?) WHERE id = ?", (article_id, item.item_id))
    if said_anew(db, item.item_id, item.content_hash):
        return
    if reading.retry_at is not None:
        put_off(db, item.item_id, reading.note, reading.retry_at, reading.asked_until, tried=reading.tried)
        return
    db.conn.execute(
        "UPDATE items SET article = ?, state = 'done', found = NULL, attempts = 0, not_before = NULL, reason = ? "
        "WHERE id = ?",
        (article_id, reading.note, item.item_id),
    )
