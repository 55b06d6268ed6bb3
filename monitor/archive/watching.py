"""The archive's part in watching: visits, validators, and the durable list of items."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlite_utils import Database

from monitor.archive import Listed
from monitor.archive import rows as row_of
from monitor.archive.connection import Connected, Row, marks, moment_or_none, stamp, stamp_or_none
from monitor.types import Item, ItemState, Pending, SourceState, Visit, VisitOutcome

_OPEN = "state <> 'done'"  # SQLite uses a partial index only where the query repeats the index's own condition
_MOST_NAMES = 100  # of one article: a listing that invents a new spelling at every visit must not fill the archive


def source_state(row: Row) -> SourceState:
    """Returns a row of `sources`."""
    return SourceState(
        source_id=row["id"],
        etag=row["etag"],
        last_modified=row["last_modified"],
        url=row["url"],
        body_hash=row["body_hash"],
        first_visit_at=moment_or_none(row["first_visit_at"]),
        last_visit_at=moment_or_none(row["last_visit_at"]),
        last_good_at=moment_or_none(row["last_good_at"]),
        failures=row["failures"],
        error=row["error"],
        not_before=moment_or_none(row["not_before"]),
    )


class Watching(Connected):
    """See the contract in monitor/archive/__init__.py."""

    def states(self) -> Mapping[str, SourceState]:
        return {row["id"]: source_state(row) for row in self.rows("SELECT * FROM sources")}

    def keep_visit(self, visit: Visit, items: Sequence[Item]) -> int:
        with self.write() as db:
            _keep_state(db, visit)
            cursor = db.conn.execute(
                "INSERT INTO visits (source, started_at, finished_at, outcome, status, url, found, new, error) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)",
                (visit.source_id, stamp(visit.started_at), stamp(visit.finished_at), visit.outcome.value, visit.status,
                 visit.url, len(visit.found), visit.error),
            )  # fmt: skip
            visit_id = cursor.lastrowid
            assert visit_id is not None  # noqa: S101 - an INSERT gives one
            new = sum([_keep_item(db, visit, visit_id, item) for item in items])
            if new:
                db.conn.execute("UPDATE visits SET new = ? WHERE id = ?", (new, visit_id))
            return new

    def pending(
        self,
        now: datetime,
        *,
        sources: Collection[str] | None = None,
        but: Collection[int] = (),
        limit: int = 1000,
    ) -> list[Pending]:
        only = "" if sources is None else f" AND source IN ({marks(len(sources))})"
        rows = self.rows(
            f"SELECT * FROM items WHERE {_OPEN} AND state = 'pending' AND (not_before IS NULL OR not_before <= ?)"  # noqa: S608
            f"{only} AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY attempts, id LIMIT ?",
            [stamp(now), *(sources or ()), json.dumps(sorted(but)), limit],
        )
        return [row_of.pending(row) for row in rows]

    def waiting(
        self, now: datetime, *, sources: Collection[str] | None = None, after: int = 0, limit: int = 1000
    ) -> list[Pending]:
        only = "" if sources is None else f" AND source IN ({marks(len(sources))})"
        rows = self.rows(
            f"SELECT * FROM items WHERE {_OPEN} AND state = 'pending' AND attempts = 0 AND not_before > ?1 AND id > ?2 "  # noqa: S608
            f"AND (asked_until IS NULL OR asked_until <= ?1){only} ORDER BY id LIMIT ?",
            [stamp(now), after, *(sources or ()), limit],
        )
        return [row_of.pending(row) for row in rows]

    def begin(self, item_ids: Collection[int]) -> None:
        self._count_attempts(item_ids, "attempts + 1")

    def hand_back(self, item_ids: Collection[int]) -> None:
        self._count_attempts(item_ids, "max(attempts - 1, 0)")

    def _count_attempts(self, item_ids: Collection[int], value: str) -> None:
        with self.write() as db:
            db.conn.executemany(f"UPDATE items SET attempts = {value} WHERE id = ?", [(i,) for i in item_ids])  # noqa: S608

    def set_aside(self, *, after_attempts: int) -> list[Pending]:
        with self.write() as db:
            rows = db.conn.execute(
                f"UPDATE items SET state = 'set aside', reason = ? WHERE {_OPEN} AND state = 'pending' "  # noqa: S608
                "AND attempts >= ? RETURNING *",
                (f"the process died {after_attempts} times while reading it", after_attempts),
            ).fetchall()
            return [row_of.pending(row) for row in rows]

    def unread(self, sources: Collection[str] | None = None) -> int:
        only = "" if sources is None else f" AND source IN ({marks(len(sources))})"
        row = self.row(
            f"SELECT count(*) FROM items WHERE {_OPEN} AND state = 'pending' AND article IS NULL{only}",  # noqa: S608
            [*(sources or ())],
        )
        return 0 if row is None else int(row[0])

    def reject(self, item: Pending, reason: str, *, aside: bool = False) -> None:
        state = ItemState.SET_ASIDE if aside else ItemState.REJECTED
        with self.write() as db:
            if said_anew(db, item.item_id, item.content_hash):
                return
            db.conn.execute(
                "UPDATE items SET state = ?1, reason = ?2, attempts = 0, not_before = NULL, "
                "found = CASE WHEN ?3 THEN found END WHERE id = ?4",
                (state.value, reason, aside, item.item_id),
            )

    def postpone(self, item: Pending, reason: str, *, until: datetime, asked_until: datetime | None) -> None:
        with self.write() as db:
            if not said_anew(db, item.item_id, item.content_hash):
                put_off(db, item.item_id, reason, until, asked_until)

    def listed(self, states: Collection[ItemState], *, limit: int | None = None) -> list[Listed]:
        open_only = "1" if ItemState.DONE in states else _OPEN
        rows = self.rows(
            f"SELECT * FROM items WHERE {open_only} AND state IN ({marks(len(states))}) ORDER BY id DESC LIMIT ?",  # noqa: S608
            [*(state.value for state in states), -1 if limit is None else limit],
        )
        return [row_of.listed(row) for row in rows]

    def retry(self, item_ids: Collection[int] | None) -> int:
        ids = json.dumps(None if item_ids is None else list(item_ids))
        with self.write() as db:
            return db.conn.execute(
                "UPDATE items SET state = 'pending', attempts = 0, not_before = NULL, asked_until = NULL, "  # noqa: S608
                f"reason = NULL WHERE {_OPEN} AND found IS NOT NULL "
                "AND (state = 'set aside' OR state = 'pending' AND not_before IS NOT NULL) "
                "AND (?1 = 'null' OR id IN (SELECT value FROM json_each(?1)))",
                (ids,),
            ).rowcount


def said_anew(db: Database, item_id: int, content_hash: str) -> bool:
    """Whether an item was listed with new wording while the old was being read; it then stays pending."""
    newer = "UPDATE items SET attempts = 0 WHERE id = ? AND content_hash <> ? AND state = 'pending'"
    return bool(db.conn.execute(newer, (item_id, content_hash)).rowcount)


def put_off(db: Database, item_id: int, reason: str | None, until: datetime, asked_until: datetime | None) -> None:
    """Counts a failed try; one that came before its time (`until` is as it was) costs none of those that are left."""
    db.conn.execute(
        "UPDATE items SET attempts = 0, failures = failures + (not_before IS NOT ?1), not_before = ?1, "
        "asked_until = ?2, reason = ?3 WHERE id = ?4",
        (stamp(until), stamp_or_none(asked_until), reason, item_id),
    )


def _keep_state(db: Database, visit: Visit) -> None:
    """A skipped visit changes nothing; a failed one keeps the validators of the last good answer."""
    db.conn.execute("INSERT INTO sources (id) VALUES (?) ON CONFLICT DO NOTHING", (visit.source_id,))
    if visit.outcome is VisitOutcome.SKIPPED:
        return
    at = stamp(visit.finished_at)
    db.conn.execute(
        "UPDATE sources SET first_visit_at = coalesce(first_visit_at, ?), last_visit_at = ?, not_before = ? "
        "WHERE id = ?",
        (at, at, stamp_or_none(visit.not_before), visit.source_id),
    )
    if visit.outcome is VisitOutcome.FAILED:
        db.conn.execute(
            "UPDATE sources SET failures = failures + 1, error = ? WHERE id = ?", (visit.error, visit.source_id)
        )
        return
    db.conn.execute(
        "UPDATE sources SET failures = 0, error = NULL, last_good_at = ? WHERE id = ?", (at, visit.source_id)
    )
    if visit.outcome is VisitOutcome.CHANGED:
        db.conn.execute(
            "UPDATE sources SET url = ?, etag = ?, last_modified = ?, body_hash = ? WHERE id = ?",
            (visit.asked_url, visit.etag, visit.last_modified, visit.body_hash, visit.source_id),
        )


def _keep_item(db: Database, visit: Visit, visit_id: int, item: Item) -> bool:
    """Keeps one listed item; returns whether it is new, or says something new, and so has to be read."""
    at = stamp(visit.finished_at)
    known = db.conn.execute(
        "SELECT id, content_hash, url, article, found FROM items WHERE source = ? AND key = ?",
        (visit.source_id, item.key),
    ).fetchone()
    if known is not None and known["content_hash"] == item.content_hash:
        db.conn.execute("UPDATE items SET last_visit = ?, last_seen_at = ? WHERE id = ?", (visit_id, at, known["id"]))
        if known["url"] != item.found.url or item.found.aliases:
            _keep_new_names(db, known, item, at)
        return False
    values = (item.content_hash, item.identity, item.found.url, item.found.title, row_of.pack(item.found), visit_id, at)
    if known is not None:
        db.conn.execute(
            "UPDATE items SET content_hash = ?, identity = ?, url = ?, title = ?, found = ?, last_visit = ?, "
            "last_seen_at = ?, state = 'pending', attempts = 0, failures = 0, not_before = NULL, asked_until = NULL, "
            "reason = NULL WHERE id = ?",
            (*values, known["id"]),
        )
        return True
    db.conn.execute(
        "INSERT INTO items (content_hash, identity, url, title, found, last_visit, last_seen_at, source, key, state, "
        "first_visit, first_seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?)",
        (*values, visit.source_id, item.key, visit_id, at),
    )
    return True


def _keep_new_names(db: Database, known: Row, item: Item, at: str) -> None:
    """The same item under other spellings of its address: more names of the article, or of what is still to be read."""
    names = [url for url in (item.found.url, *item.found.aliases) if url]
    if known["found"] is not None:
        waiting = row_of.unpack(known["found"])
        aliases = dict.fromkeys(url for url in (*waiting.aliases, *names) if url != waiting.url)
        found = row_of.pack(replace(waiting, aliases=tuple(aliases)[:_MOST_NAMES]))
        db.conn.execute("UPDATE items SET found = ? WHERE id = ?", (found, known["id"]))
    db.conn.execute("UPDATE items SET url = ? WHERE id = ?", (item.found.url, known["id"]))
    db.conn.executemany(
        "INSERT INTO addresses (article, url, identity, kind, first_seen_at) SELECT ?1, ?2, ?3, 'found', ?4 "
        "WHERE ?1 IS NOT NULL AND (SELECT count(*) FROM addresses WHERE article = ?1) < ?5 ON CONFLICT DO NOTHING",
        [(known["article"], url, item.identity, at, _MOST_NAMES) for url in names],
    )
