"""The archive's part in keeping: articles, versions, matches, placements, entries, and the search index."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlite_utils import Database

from monitor.archive import Pair, StoryRoom, keys
from monitor.archive.connection import Connected, Row, marks, moment, moment_or_none, stamp, stamp_or_none
from monitor.archive.packing import mark, pack
from monitor.archive.rows import PLAIN, credit, pack_credit, pack_hits
from monitor.archive.texts import Found, fingerprint_of, story_of, ties_of, write_text
from monitor.archive.watching import give_topics, put_off, said_anew
from monitor.archive.weaving import arrange
from monitor.archive.withdrawing import forget_listed
from monitor.types import (
    Address,
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
    Tie,
    TieKind,
    Verdict,
)

_OF_ONE_STORY = 64  # texts of its story that a version of an older archive is tied to
_SHORT = 500  # characters of a text that is not worth packing
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

    def keep(self, readings: Sequence[Reading], stories: StoryRoom, now: datetime) -> list[Outcome]:
        with self.write() as db:
            outcomes = []
            index = _Index(db)
            for reading in readings:
                placement = stories.place(
                    reading.article, reading.fingerprint, self.neighbours(reading.article, reading.fingerprint)
                )
                work = _Work(db=db, index=index, stories=stories, now=now)
                outcome, article_id = work.keep(reading, placement)
                _close_item(db, reading, article_id)
                if reading.leaves_item or reading.retry_at is not None:
                    forget_listed(db, article_id)
                outcomes.append(outcome)
            index.write()
            keys.fold(db, now)
            return outcomes

    def alike(self, article: Article, fingerprint: Fingerprint, stories: StoryRoom) -> list[tuple[int, Tie]]:
        with self.reading() as db:
            ties, _ = ties_of(db, stories, article, fingerprint, datetime.now(UTC))
            owner = dict(
                map(tuple, db.conn.execute(
                    "SELECT id, article FROM texts WHERE id IN (SELECT value FROM json_each(?))",
                    (json.dumps(list(ties)),),
                ))
            )  # fmt: skip
        return sorted(((owner[text], tie) for text, tie in ties.items()), key=lambda each: -each[1].score)

    def rule(self, pairs: Collection[Pair], stories: StoryRoom, now: datetime, *, joined: bool) -> None:
        with self.write() as db:
            db.conn.executemany(
                "INSERT INTO rulings (article, other, joined, at) VALUES (?1, ?2, ?3, ?4), (?2, ?1, ?3, ?4) "
                "ON CONFLICT DO UPDATE SET joined = excluded.joined, at = excluded.at",
                [(*pair, joined, stamp(now)) for pair in pairs],
            )
            index = _Index(db)
            arrange(db, stories, index, {article for pair in pairs for article in pair}, now)
            index.write()

    def weave(self, stories: StoryRoom, fingerprint: Callable[[Article], Fingerprint], *, limit: int = 200) -> int:
        if self.row("SELECT 1 FROM meta WHERE key = 'woven'") is not None:
            return 0
        with self.write() as db:
            versions = db.conn.execute(
                f"SELECT v.*, {PLAIN} AS plain, a.language, a.official FROM versions v "  # noqa: S608
                "JOIN articles a ON a.id = v.article "
                "WHERE NOT EXISTS (SELECT 1 FROM texts WHERE article = v.article AND number = v.number) "
                "ORDER BY v.article, v.number LIMIT ?",
                (limit,),
            ).fetchall()
            index = _Index(db)
            for row in versions:
                _weave(db, stories, index, row, fingerprint)
            index.write()
            if not versions:  # what comes from now on has one
                db.conn.execute("INSERT INTO meta (key, value) VALUES ('woven', 1)")
            return len(versions)

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
                db.conn.execute(
                    "UPDATE versions SET text = NULL, packed = NULL, summary = NULL WHERE article = ?", (article_id,)
                )
                db.conn.execute("UPDATE articles SET pruned = 1 WHERE id = ?", (article_id,))
            return len(ids)


def _neighbours(db: Database, article: Article, fingerprint: Fingerprint) -> list[Neighbour]:
    names = [a.identity for a in article.addresses if a.kind is not AddressKind.HINT]
    ids: dict[int, str | None] = {
        row[0]: None
        for row in db.conn.execute(
            "SELECT DISTINCT article FROM addresses WHERE kind <> 'hint' "  # noqa: S608
            f"AND mark IN ({marks(len(names))}) AND identity IN ({marks(len(names))})",
            [*map(mark, names), *names],
        )
    }
    if (text_hash := fingerprint.text_hash) is not None:
        for row in db.conn.execute(
            "SELECT DISTINCT article FROM versions WHERE substr(text_hash, 1, 12) = substr(?1, 1, 12) "
            "AND text_hash = ?1 AND publisher = ?2 ORDER BY article LIMIT 50",
            (text_hash, article.publisher),
        ):
            ids[row[0]] = text_hash
    return [_neighbour(db, article_id, by_text) for article_id, by_text in ids.items()]


def _neighbour(db: Database, article_id: int, by_text: str | None) -> Neighbour:
    row = db.conn.execute(  # the text is ours
        "SELECT a.story, a.publisher, v.source, a.partial, a.version, a.withdrawn, a.language, "  # noqa: S608
        f"v.title, v.text_hash, v.words, {PLAIN} AS text "
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
        text=row["text"],
        language=row["language"],
        fingerprint=fingerprint_of(db, article_id, row["version"]),
    )


def _weave(
    db: Database, stories: StoryRoom, index: _Index, row: Row, fingerprint: Callable[[Article], Fingerprint]
) -> None:
    """Gives a version of an older archive its fingerprint. What was one story by then stays one."""
    article_id, number, seen_at = row["article"], row["number"], moment(row["seen_at"])
    article = _as_read(db, row)
    print_ = fingerprint(article)
    if print_.text_hash != row["text_hash"]:  # pruned, or an excerpt: no part of it speaks for the whole
        print_ = fingerprint(replace(article, text=None, body=None))
    ties, twin = ties_of(db, stories, article, print_, seen_at)
    own = db.conn.execute(
        "SELECT t.id FROM articles a JOIN texts t ON t.article = a.id WHERE a.id <> ?1 "
        "AND a.story = (SELECT story FROM articles WHERE id = ?1) ORDER BY t.id LIMIT ?2",
        (article_id, _OF_ONE_STORY),
    )
    ties |= {text: Tie(kind=TieKind.SAME, score=1.0) for (text,) in own}
    write_text(db, stories, article_id, number, article, print_, seen_at, (ties, twin))
    arrange(db, stories, index, [article_id], seen_at, tell=False)


def _as_read(db: Database, row: Row) -> Article:
    """Returns a version, joined with its article, as far as the archive still knows how it was read."""
    addresses = db.conn.execute(
        "SELECT url, identity, kind FROM addresses WHERE article = ? ORDER BY first_seen_at, url", (row["article"],)
    )
    return Article(
        source_id=row["source"],
        publisher=row["publisher"],
        title=row["title"],
        text=row["plain"],
        summary=row["summary"],
        listed_title=row["listed_title"],
        language=row["language"],
        authors=tuple(json.loads(row["authors"])),
        published_at=moment_or_none(row["published_at"]),
        updated_at=moment_or_none(row["updated_at"]),
        addresses=tuple(Address(url=a[0], identity=a[1], kind=AddressKind(a[2])) for a in addresses),
        partial=bool(row["partial"]),
        credit=credit(row),
        official=bool(row["official"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One transaction that keeps readings."""

    db: Database
    index: _Index
    stories: StoryRoom
    now: datetime

    def keep(self, reading: Reading, placement: Placement) -> tuple[Outcome, int]:
        """Keeps a reading; returns what became of it, and its article."""
        if placement.verdict is Verdict.NEW:
            return self._new(reading)
        assert placement.article_id is not None  # noqa: S101 - place() promises it
        if placement.verdict is Verdict.KNOWN:
            self._sighting(placement.article_id, reading)
            return Outcome.KNOWN, placement.article_id
        self._version(placement.article_id, reading, told=not placement.trivial)
        return Outcome.VERSION, placement.article_id

    def _new(self, reading: Reading) -> tuple[Outcome, int]:
        article, now = reading.article, stamp(self.now)
        found = ties_of(self.db, self.stories, article, reading.fingerprint, self.now)
        known = story_of(self.db, found[0])
        story_id = known or self.db.conn.execute("INSERT INTO stories (created_at) VALUES (?)", (now,)).lastrowid
        article_id = self.db.conn.execute(
            "INSERT INTO articles (story, relation, source, publisher, url, language, version, partial, matched, "
            "official, kept, first_seen_at, last_seen_at) VALUES (?, 'origin', ?, ?, ?, ?, 1, ?, ?, ?, 1.0, ?, ?)",
            (story_id, article.source_id, article.publisher, article.addresses[0].url, article.language,
             article.partial, bool(reading.matches), article.official, now, now),
        ).lastrowid  # fmt: skip
        assert article_id is not None  # noqa: S101 - an INSERT gives one
        _keep_addresses(self.db, article_id, article, self.now)
        self._write_version(article_id, 1, reading, found)
        joined = (
            known is not None
            and self.db.conn.execute(
                "SELECT 1 FROM articles WHERE story = (SELECT story FROM articles WHERE id = ?1) AND id < ?1",
                (article_id,),
            ).fetchone()
        )
        _append_entry(self.db, EntryKind.PICKUP if joined else EntryKind.NEW, article_id, 1, reading, self.now)
        if not reading.matches:
            return Outcome.UNMATCHED, article_id
        return (Outcome.PICKUP if joined else Outcome.NEW), article_id

    def _version(self, article_id: int, reading: Reading, *, told: bool = True) -> None:
        """A version that tells nothing new makes no entry."""
        article = reading.article
        row = self.db.conn.execute("SELECT version FROM articles WHERE id = ?", (article_id,)).fetchone()
        number = row[0] + 1
        self.index.drop(article_id)
        self.db.conn.execute(
            "UPDATE articles SET version = ?, partial = ?, matched = max(matched, ?), "
            "language = coalesce(?, language), url = ?, official = max(official, ?), last_seen_at = ?, pruned = 0 "
            "WHERE id = ?",
            (number, article.partial, bool(reading.matches), article.language, article.addresses[0].url,
             article.official, stamp(self.now), article_id),
        )  # fmt: skip
        _keep_addresses(self.db, article_id, article, self.now)
        fresh = self._fresh(article_id, reading)
        self._write_version(article_id, number, reading)
        if told or fresh:
            _append_entry(self.db, EntryKind.VERSION, article_id, number, reading, self.now)

    def _fresh(self, article_id: int, reading: Reading) -> list[Match]:
        """Returns the topics that an article was not about before, or only mentioned."""
        rows = self.db.conn.execute("SELECT topic, mention FROM matches WHERE article = ?", (article_id,))
        have = dict(map(tuple, rows))
        return [m for m in reading.matches if m.topic_id not in have or (have[m.topic_id] and not m.mention)]

    def _sighting(self, article_id: int, reading: Reading) -> None:
        """The words are known; that they matter may be news: by another headline or teaser, or by a later topic."""
        row = self.db.conn.execute(
            "SELECT a.version, a.pruned, a.withdrawn, v.partial, v.title, v.listed_title, v.summary, v.text_hash "
            "FROM articles a JOIN versions v ON v.article = a.id AND v.number = a.version WHERE a.id = ?",
            (article_id,),
        ).fetchone()
        fresh = self._fresh(article_id, reading)
        erased = reading.matches and row["pruned"] and not row["withdrawn"]
        if erased or (fresh and reading.article.keep is Keep.EXCERPT):
            self._version(article_id, reading)  # its text was erased, or never kept, and is wanted now
            return
        self.db.conn.execute(
            "UPDATE articles SET last_seen_at = ?, official = max(official, ?) WHERE id = ?",
            (stamp(self.now), reading.article.official, article_id),
        )
        _keep_addresses(self.db, article_id, reading.article, self.now)
        if row["withdrawn"]:
            return
        if fresh:
            self._reason(article_id, row, reading, fresh)
        elif reading.matches and _held_back(self.db, article_id, reading.pending.item_id):
            _append_entry(self.db, EntryKind.NEW, article_id, row["version"], reading, self.now)

    def _reason(self, article_id: int, known: Row, reading: Reading, fresh: Sequence[Match]) -> None:
        """Keeps why a known text matters after all, and the headline and teaser that say so where they are others.

        Else the archive would not hold what the match was found in, and who marks it anew would not find it again.
        """
        article, number = reading.article, known["version"]
        same_text = reading.fingerprint.text_hash == known["text_hash"]
        if same_text and (article.title, article.listed_title, article.summary) != (
            known["title"], known["listed_title"], known["summary"],
        ):  # fmt: skip
            number += 1
            self.index.drop(article_id)
            self.db.conn.execute("UPDATE articles SET version = ? WHERE id = ?", (number, article_id))
            as_read = replace(reading, article=replace(article, partial=bool(known["partial"])))
            self._write_version(article_id, number, as_read)
        else:
            _write_matches(self.db, article_id, number, fresh)
        self.db.conn.execute("UPDATE articles SET matched = 1 WHERE id = ?", (article_id,))
        _append_entry(self.db, EntryKind.NEW, article_id, number, reading, self.now)

    def _write_version(self, article_id: int, number: int, reading: Reading, found: Found | None = None) -> None:
        article = reading.article
        text, summary = article.text, article.summary
        if article.keep is Keep.EXCERPT:
            text, summary = _excerpt(reading.matches), summary[:_EXCERPT] if summary else None
        packed = pack(text) if text and len(text) > _SHORT and not reading.matches else None
        self.db.conn.execute(
            "INSERT INTO versions (article, number, title, listed_title, summary, text, authors, published_at, "
            "updated_at, text_hash, words, partial, agency, first_published, credit, publisher, source, item, visit, "
            "seen_at, packed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (article_id, number, article.title, article.listed_title, summary, None if packed else text,
             json.dumps(article.authors, ensure_ascii=False), stamp_or_none(article.published_at),
             stamp_or_none(article.updated_at), reading.fingerprint.text_hash, reading.fingerprint.words,
             article.partial, article.credit.agency, article.credit.first_published, pack_credit(article.credit),
             article.publisher, article.source_id, reading.pending.item_id, reading.pending.visit_id, stamp(self.now),
             packed),
        )  # fmt: skip
        self.index.add(article_id, article.title, article.listed_title, summary, text)
        _write_matches(self.db, article_id, number, reading.matches)
        tied = write_text(self.db, self.stories, article_id, number, article, reading.fingerprint, self.now, found)
        if tied or number > 1:
            arrange(self.db, self.stories, self.index, [article_id], self.now)


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
        "UPDATE addresses SET kind = ?3 WHERE article = ?1 AND url = ?2 AND kind = 'hint'",
        [(article_id, a.url, a.kind.value) for a in article.addresses],
    )
    db.conn.executemany(
        "INSERT INTO addresses (article, url, identity, mark, kind, first_seen_at) SELECT ?1, ?2, ?3, ?4, ?5, ?6 "
        "WHERE NOT EXISTS (SELECT 1 FROM addresses WHERE article = ?1 AND url = ?2)",
        [(article_id, a.url, a.identity, mark(a.identity), a.kind.value, stamp(now)) for a in article.addresses],
    )


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
        "UPDATE items SET article = ?, state = 'done', attempts = 0, not_before = NULL, reason = ? WHERE id = ?",
        (article_id, reading.note, item.item_id),
    )
    db.conn.execute("DELETE FROM listings WHERE item = ?", (item.item_id,))
