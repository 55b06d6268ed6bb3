"""The archive's part in watching: visits, validators, and the durable list of items."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlite_utils import Database

from monitor.archive import Judge, Listed, as_it_comes
from monitor.archive import rows as row_of
from monitor.archive.connection import Connected, Row, marks, moment, moment_or_none, stamp, stamp_or_none
from monitor.archive.packing import mark
from monitor.types import (
    Arrival,
    Arrived,
    Burst,
    Day,
    Found,
    Item,
    ItemState,
    Judgement,
    Pending,
    SourceState,
    Span,
    Trouble,
    Visit,
    VisitOutcome,
    Wishes,
)

_WITH_FOUND = "*, (SELECT found FROM listings WHERE item = items.id) AS found"
_OPEN = "state <> 'done'"  # SQLite uses a partial index only where the query repeats the index's own condition
_MANY_STAMPED = 5  # items of one answer of which only the time of the update is new
_KEYS_AT_ONCE = 500  # parameters of one statement
_HABIT_DAYS = 28  # of which a source's habit is made
_LONGEST_GAP = timedelta(hours=30)  # between two good visits of one span; one a day comes a little later each day
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
        trouble=Trouble(row["trouble"]) if row["trouble"] else None,
        strain=row["strain"],
        error=row["error"],
        not_before=moment_or_none(row["not_before"]),
        interval=_seconds(row["interval"]),
        fresh_for=_seconds(row["fresh_for"]),
        wishes=_wishes(row["wishes"]),
        moved_to=row["moved_to"],
        moved_at=moment_or_none(row["moved_at"]),
        listed=row["listed"],
        last_new_at=moment_or_none(row["last_new_at"]),
        overran_at=moment_or_none(row["overran_at"]),
        observed_since=moment_or_none(row["observed_since"]),
    )


def _seconds(number: float | None) -> timedelta | None:
    return None if number is None else timedelta(seconds=number)


def _wishes(text: str | None) -> Wishes:
    if text is None:
        return Wishes()
    ttl, hours, days = json.loads(text)
    return Wishes(ttl=_seconds(ttl), skip_hours=frozenset(hours), skip_days=frozenset(days))


def _packed_wishes(wishes: Wishes) -> str | None:
    if wishes == Wishes():
        return None
    ttl = None if wishes.ttl is None else wishes.ttl.total_seconds()
    return json.dumps([ttl, sorted(wishes.skip_hours), sorted(wishes.skip_days)])


class Watching(Connected):
    """See the contract in monitor/archive/__init__.py."""

    def states(self) -> Mapping[str, SourceState]:
        return {row["id"]: source_state(row) for row in self.rows("SELECT * FROM sources")}

    def keep_visit(self, visit: Visit, items: Sequence[Item], judge: Judge = as_it_comes) -> Arrived:
        with self.write() as db:
            db.conn.execute("INSERT INTO sources (id) VALUES (?) ON CONFLICT DO NOTHING", (visit.source_id,))
            visit_id = _keep_row(db, visit)
            if visit.outcome is VisitOutcome.SKIPPED:
                if visit.not_before is not None:
                    put_off = "UPDATE sources SET not_before = ? WHERE id = ?"
                    db.conn.execute(put_off, (stamp(visit.not_before), visit.source_id))
                return Arrived(new=0)
            before = source_state(db.conn.execute("SELECT * FROM sources WHERE id = ?", (visit.source_id,)).fetchone())
            if visit.outcome is VisitOutcome.FAILED:
                _keep_failure(db, visit)
                return Arrived(new=0)
            known = _known(db, visit.source_id, items)
            fresh = [item for item in items if item.key not in known]
            arrival = Arrival(
                at=visit.finished_at,
                state=before,
                listed=len(items),
                known=len(known),
                dates=tuple(item.found.published_at or item.found.updated_at for item in fresh),
                readdressed=before.url not in (None, visit.asked_url) and visit.outcome is VisitOutcome.CHANGED,
                days=_days(db, visit) if fresh else (),
            )
            judgement = judge(arrival)
            _keep_success(db, visit, arrival, judgement)
            stamped = _only_stamped(items, known)
            new = sum(
                [_keep_item(db, visit, visit_id, item, known.get(item.key), item.key in stamped) for item in items]
            )
            if new:
                db.conn.execute("UPDATE visits SET new = ? WHERE id = ?", (new, visit_id))
            burst = None if judgement.burst is None else _hold(db, visit, visit_id, arrival, judgement.burst)
            return Arrived(new=new, burst=burst)

    def days(self, since: date) -> Mapping[str, Sequence[Day]]:
        days: dict[str, list[Day]] = {}
        for row in self.rows(
            "SELECT d.* FROM days d JOIN sources s ON s.id = d.source "
            "WHERE d.day >= ?1 OR d.day >= date(s.last_new_at, ?2) ORDER BY d.source, d.day",
            (since.isoformat(), f"-{_HABIT_DAYS} days"),
        ):
            days.setdefault(row["source"], []).append(_day(row))
        return days

    def observed(self, since: datetime, until: datetime) -> Mapping[str, Sequence[Span]]:
        spans: dict[str, list[Span]] = {}
        for row in self.rows(
            "SELECT source, since, until FROM observed WHERE until > ?1 AND since < ?2 UNION ALL "
            "SELECT id, observed_since, last_good_at FROM sources WHERE last_good_at > ?1 AND observed_since < ?2 "
            "AND observed_since < last_good_at ORDER BY 1, 2",
            (stamp(since), stamp(until)),
        ):
            spans.setdefault(row[0], []).append(
                Span(since=max(moment(row[1]), since), until=min(moment(row[2]), until))
            )
        return spans

    def bursts(self, *, held_only: bool = True) -> Sequence[Burst]:
        where = "released_at IS NULL" if held_only else "1"
        return [
            Burst(
                id=row["id"],
                source_id=row["source"],
                at=moment(row["at"]),
                items=row["items"],
                reason=row["reason"],
                released_at=moment_or_none(row["released_at"]),
            )
            for row in self.rows(f"SELECT * FROM bursts WHERE {where} ORDER BY id")  # noqa: S608
        ]

    def release(self, burst_ids: Collection[int], now: datetime, *, tell: bool = True) -> int:
        ids, told = json.dumps(sorted(burst_ids)), 0
        chosen = "(SELECT value FROM json_each(?))"
        with self.write(durable=True) as db:
            if tell:
                first = db.conn.execute("SELECT coalesce(max(number), 0) + 1 FROM entries").fetchone()[0]
                told = db.conn.execute(
                    "INSERT INTO entries (kind, at, article, version, story, visit) "  # noqa: S608
                    "SELECT e.kind, ?, a.id, a.version, a.story, e.visit FROM articles a JOIN "
                    "(SELECT min(number), article, kind, visit FROM entries WHERE burst IN "
                    "(SELECT id FROM bursts WHERE released_at IS NULL AND id IN "
                    f"{chosen}) GROUP BY article ORDER BY 1) e ON e.article = a.id ORDER BY a.id",
                    (stamp(now), ids),
                ).rowcount
                give_topics(db, first)
                db.conn.execute(f"UPDATE items SET burst = NULL WHERE burst IN {chosen}", (ids,))  # noqa: S608
                db.conn.execute(  # it was news: a source that always brings so much must not be held for ever
                    "INSERT INTO days (source, day, visits, new) SELECT source, substr(at, 1, 10), count(*), "  # noqa: S608
                    f"sum(items) FROM bursts WHERE released_at IS NULL AND id IN {chosen} GROUP BY 1, 2 "
                    "ON CONFLICT DO UPDATE SET visits = visits + excluded.visits, new = new + excluded.new",
                    (ids,),
                )
            db.conn.execute(
                f"UPDATE bursts SET released_at = ?, told = ? WHERE released_at IS NULL AND id IN {chosen}",  # noqa: S608
                (stamp(now), tell, ids),
            )
        return told

    def pending(
        self,
        now: datetime,
        *,
        sources: Collection[str] | None = None,
        but: Collection[int] = (),
        limit: int = 1000,
        of_each: int | None = None,
    ) -> list[Pending]:
        only = "" if sources is None else f" AND source IN ({marks(len(sources))})"
        wanted = (  # the text is ours, every value a parameter
            f"FROM items WHERE {_OPEN} AND state = 'pending' AND (not_before IS NULL OR not_before <= ?)"  # noqa: S608
            f"{only} AND id NOT IN (SELECT value FROM json_each(?))"
        )
        values: list[object] = [stamp(now), *(sources or ()), json.dumps(sorted(but))]
        sql = f"SELECT {_WITH_FOUND} {wanted} ORDER BY attempts, id LIMIT ?"
        if of_each is not None:
            numbered = f"SELECT id, row_number() OVER (PARTITION BY source ORDER BY attempts, id) AS place {wanted}"
            sql = (
                f"SELECT {_WITH_FOUND} FROM items WHERE {_OPEN} "  # noqa: S608
                f"AND id IN (SELECT id FROM ({numbered}) WHERE place <= ?) "
                "ORDER BY attempts, id LIMIT ?"
            )
            values.append(of_each)
        return [row_of.pending(row) for row in self.rows(sql, [*values, limit])]

    def waiting(
        self, now: datetime, *, sources: Collection[str] | None = None, after: int = 0, limit: int = 1000
    ) -> list[Pending]:
        only = "" if sources is None else f" AND source IN ({marks(len(sources))})"
        rows = self.rows(
            f"SELECT {_WITH_FOUND} FROM items WHERE {_OPEN} AND state = 'pending' "  # noqa: S608
            "AND attempts = 0 AND not_before > ?1 AND id > ?2 "
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

    def set_aside(self, *, after_attempts: int, but: Collection[int] = ()) -> list[Pending]:
        with self.write() as db:
            rows = db.conn.execute(
                f"UPDATE items SET state = 'set aside', reason = ? WHERE {_OPEN} AND state = 'pending' "  # noqa: S608
                f"AND attempts >= ? AND id NOT IN (SELECT value FROM json_each(?)) RETURNING {_WITH_FOUND}",
                (f"the process died {after_attempts} times while reading it", after_attempts, json.dumps(sorted(but))),
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
                "UPDATE items SET state = ?, reason = ?, attempts = 0, not_before = NULL WHERE id = ?",
                (state.value, reason, item.item_id),
            )
            if not aside:
                db.conn.execute("DELETE FROM listings WHERE item = ?", (item.item_id,))

    def postpone(
        self, item: Pending, reason: str, *, until: datetime, asked_until: datetime | None, tried: bool = True
    ) -> None:
        with self.write() as db:
            if not said_anew(db, item.item_id, item.content_hash):
                put_off(db, item.item_id, reason, until, asked_until, tried=tried)

    def listed(
        self, states: Collection[ItemState], *, source: str | None = None, limit: int | None = None
    ) -> list[Listed]:
        open_only = "1" if ItemState.DONE in states else _OPEN
        rows = self.rows(
            f"SELECT * FROM items WHERE {open_only} AND state IN ({marks(len(states))})"  # noqa: S608
            f"{'' if source is None else ' AND source = ?'} ORDER BY id DESC LIMIT ?",
            [*(state.value for state in states), *([] if source is None else [source]), -1 if limit is None else limit],
        )
        return [row_of.listed(row) for row in rows]

    def waiting_items(self) -> Mapping[str, Mapping[ItemState, int]]:
        waiting: dict[str, dict[ItemState, int]] = {}
        for row in self.rows(
            f"SELECT source, state, count(*) FROM items WHERE {_OPEN} AND state IN ('pending', 'set aside') "  # noqa: S608
            "GROUP BY source, state"
        ):
            waiting.setdefault(row[0], {})[ItemState(row[1])] = row[2]
        return waiting

    def retry(self, item_ids: Collection[int] | None) -> int:
        ids = json.dumps(None if item_ids is None else list(item_ids))
        with self.write() as db:
            return db.conn.execute(
                "UPDATE items SET state = 'pending', attempts = 0, not_before = NULL, asked_until = NULL, "  # noqa: S608
                f"reason = NULL WHERE {_OPEN} AND EXISTS (SELECT 1 FROM listings WHERE item = items.id) "
                "AND (state = 'set aside' OR state = 'pending' AND not_before IS NOT NULL) "
                "AND (?1 = 'null' OR id IN (SELECT value FROM json_each(?1)))",
                (ids,),
            ).rowcount


def said_anew(db: Database, item_id: int, content_hash: str) -> bool:
    """Whether an item was listed with new wording while the old was being read; it then stays pending."""
    newer = "UPDATE items SET attempts = 0 WHERE id = ? AND content_hash <> ? AND state = 'pending'"
    return bool(db.conn.execute(newer, (item_id, content_hash)).rowcount)


def give_topics(db: Database, first: int) -> None:
    """Lets the entries from this number on tell of what their articles are about now."""
    db.conn.execute(
        "INSERT INTO entry_topics (entry, topic, mention) SELECT e.number, m.topic, m.mention FROM entries e "
        "JOIN matches m ON m.article = e.article WHERE e.number >= ?",
        (first,),
    )


def put_off(
    db: Database, item_id: int, reason: str | None, until: datetime, asked_until: datetime | None, *, tried: bool
) -> None:
    """Counts a failed try; one that came before its time (`until` is as it was) costs none of those that are left."""
    db.conn.execute(
        "UPDATE items SET attempts = 0, failures = failures + (?5 AND not_before IS NOT ?1), not_before = ?1, "
        "asked_until = ?2, reason = ?3 WHERE id = ?4",
        (stamp(until), stamp_or_none(asked_until), reason, item_id, tried),
    )


def _keep_row(db: Database, visit: Visit) -> int:
    """Writes the visit down; one that found all unchanged, like the one before it, makes that one longer."""
    if visit.outcome is VisitOutcome.UNCHANGED:
        repeated = db.conn.execute(
            "UPDATE visits SET finished_at = ?, status = ?, repeats = repeats + 1 WHERE outcome = 'unchanged' "
            "AND id = (SELECT max(id) FROM visits WHERE source = ?) RETURNING id",
            (stamp(visit.finished_at), visit.status, visit.source_id),
        ).fetchone()
        if repeated is not None:
            return int(repeated[0])
    visit_id = db.conn.execute(
        "INSERT INTO visits (source, started_at, finished_at, outcome, status, url, found, new, error) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)",
        (visit.source_id, stamp(visit.started_at), stamp(visit.finished_at), visit.outcome.value, visit.status,
         visit.url, len(visit.found), visit.error),
    ).lastrowid  # fmt: skip
    assert visit_id is not None  # noqa: S101 - an INSERT gives one
    return visit_id


def _keep_failure(db: Database, visit: Visit) -> None:
    """The validators of the last good answer stay."""
    sort = visit.trouble or Trouble.TEMPORARY
    db.conn.execute(
        "UPDATE sources SET first_visit_at = coalesce(first_visit_at, ?1), last_visit_at = ?1, not_before = ?2, "
        "failures = failures + 1, error = ?3, trouble = ?4, strain = strain + ?5 WHERE id = ?6",
        (stamp(visit.finished_at), stamp_or_none(visit.not_before), visit.error, sort.value, sort.strain,
         visit.source_id),
    )  # fmt: skip


def _keep_success(db: Database, visit: Visit, arrival: Arrival, judgement: Judgement) -> None:
    state, at = arrival.state, stamp(visit.finished_at)
    changed = visit.outcome is VisitOutcome.CHANGED
    unbroken = visit.whole and not (judgement.overran or arrival.readdressed) and state.observed_since is not None
    if unbroken and state.last_good_at is not None:
        unbroken = visit.finished_at - state.last_good_at <= _LONGEST_GAP
    if state.observed_since is not None and visit.finished_at < state.observed_since:
        unbroken = False  # the clock that began the span was ahead: kept, it would hide the span until then
    if not unbroken and state.observed_since is not None and state.last_good_at is not None:
        until = min(state.last_good_at, visit.finished_at)
        db.conn.execute(
            "INSERT INTO observed (source, since, until) SELECT ?1, ?2, ?3 WHERE ?2 < ?3 ON CONFLICT DO NOTHING",
            (visit.source_id, stamp(state.observed_since), stamp(until)),
        )
    if arrival.new and not arrival.first and judgement.burst is None:
        db.conn.execute(
            "INSERT INTO days (source, day, visits, new) VALUES (?, ?, 1, ?) "
            "ON CONFLICT DO UPDATE SET visits = visits + 1, new = new + excluded.new",
            (visit.source_id, at[:10], arrival.new),
        )
    wishes = state.wishes if visit.wishes is None else visit.wishes
    values: dict[str, object] = {
        "last_visit_at": at,
        "last_good_at": at,
        "not_before": stamp_or_none(visit.not_before),
        "failures": 0,
        "trouble": None,
        "strain": 0.0,
        "error": None if visit.whole else visit.error,
        "fresh_for": visit.fresh_for and visit.fresh_for.total_seconds(),
        "moved_to": visit.moved_to,
        "moved_at": stamp_or_none(state.moved_at or visit.finished_at) if visit.moved_to else None,
    }
    if state.first_visit_at is None:
        values["first_visit_at"] = at
    if not unbroken:
        values["observed_since"] = at
    if judgement.interval is not None:
        values["interval"] = judgement.interval.total_seconds()
    if arrival.new:
        values["last_new_at"] = at
    if judgement.overran:
        values["overran_at"] = at
    if changed:
        values |= {"url": visit.asked_url, "body_hash": visit.body_hash, "wishes": _packed_wishes(wishes)}
        values["listed"] = arrival.listed or state.listed
    if changed or visit.etag != state.etag or visit.last_modified != state.last_modified:
        values |= {"etag": visit.etag, "last_modified": visit.last_modified}
    assignments = ", ".join(f"{name} = ?" for name in values)
    db.conn.execute(f"UPDATE sources SET {assignments} WHERE id = ?", (*values.values(), visit.source_id))  # noqa: S608


def _known(db: Database, source_id: str, items: Sequence[Item]) -> dict[str, Row]:
    """Returns the rows of those items that the source listed before, by key."""
    known: dict[str, Row] = {}
    for start in range(0, len(items), _KEYS_AT_ONCE):
        keys = [item.key for item in items[start : start + _KEYS_AT_ONCE]]
        for row in db.conn.execute(
            f"SELECT {_WITH_FOUND} FROM items WHERE mark IN ({marks(len(keys))}) AND source = ? "  # noqa: S608
            f"AND key IN ({marks(len(keys))})",
            (*map(mark, keys), source_id, *keys),
        ):
            known[row["key"]] = row
    return known


def _days(db: Database, visit: Visit) -> tuple[Day, ...]:
    since = (visit.finished_at - timedelta(days=_HABIT_DAYS)).date().isoformat()
    rows = db.conn.execute(
        "SELECT * FROM days WHERE source = ? AND day >= ? ORDER BY day", (visit.source_id, since)
    ).fetchall()
    return tuple(_day(row) for row in rows)


def _day(row: Row) -> Day:
    return Day(day=date.fromisoformat(row["day"]), visits=row["visits"], new=row["new"])


def _hold(db: Database, visit: Visit, visit_id: int, arrival: Arrival, reason: str) -> int:
    burst_id = db.conn.execute(
        "INSERT INTO bursts (source, visit, at, items, reason) VALUES (?, ?, ?, ?, ?)",
        (visit.source_id, visit_id, stamp(visit.finished_at), arrival.new, reason),
    ).lastrowid
    assert burst_id is not None  # noqa: S101 - an INSERT gives one
    db.conn.execute("UPDATE items SET burst = ? WHERE source = ? AND first_visit = ?",
                    (burst_id, visit.source_id, visit_id))  # fmt: skip
    return burst_id


def _only_stamped(items: Sequence[Item], known: Mapping[str, Row]) -> set[str]:
    """Returns the keys of items that say nothing new but the time of their update, where most of the answer does so.

    Some sites put the present time on all they list: their pages would be fetched anew at every visit.
    """
    stamped = {
        item.key
        for item in items
        if (row := known.get(item.key)) is not None
        and row["content_hash"] != item.content_hash
        and row["content_hash"].partition("@")[0] == item.content_hash.partition("@")[0]
    }
    return stamped if len(stamped) >= _MANY_STAMPED and 2 * len(stamped) > len(known) else set()


def _keep_item(db: Database, visit: Visit, visit_id: int, item: Item, known: Row | None, stamped: bool) -> bool:
    """Keeps one listed item; returns whether it is new, or says something new, and so has to be read."""
    at = stamp(visit.finished_at)
    if known is not None and (stamped or known["content_hash"] == item.content_hash):
        db.conn.execute("UPDATE items SET last_visit = ?, last_seen_at = ? WHERE id = ?", (visit_id, at, known["id"]))
        if known["url"] != item.found.url or item.found.aliases:
            _keep_new_names(db, known, item, at)
        return False
    values = (item.content_hash, item.found.url, item.found.title, visit_id, at)
    if known is not None:
        db.conn.execute(
            "UPDATE items SET content_hash = ?, url = ?, title = ?, last_visit = ?, last_seen_at = ?, "
            "state = 'pending', attempts = 0, failures = 0, not_before = NULL, asked_until = NULL, "
            "reason = NULL WHERE id = ?",
            (*values, known["id"]),
        )
        _keep_listing(db, known["id"], item.found)
        return True
    item_id = db.conn.execute(
        "INSERT INTO items (content_hash, url, title, last_visit, last_seen_at, source, key, mark, state, "
        "first_visit, first_seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?)",
        (*values, visit.source_id, item.key, mark(item.key), visit_id, at),
    ).lastrowid
    assert item_id is not None  # noqa: S101 - an INSERT gives one
    _keep_listing(db, item_id, item.found)
    return True


def _keep_listing(db: Database, item_id: int, found: Found) -> None:
    db.conn.execute("INSERT OR REPLACE INTO listings (item, found) VALUES (?, ?)", (item_id, row_of.pack(found)))


def _keep_new_names(db: Database, known: Row, item: Item, at: str) -> None:
    """The same item under other spellings of its address: more names of the article, or of what is still to be read."""
    names = [url for url in (item.found.url, *item.found.aliases) if url]
    if known["found"] is not None:
        waiting = row_of.unpack(known["found"])
        aliases = dict.fromkeys(url for url in (*waiting.aliases, *names) if url != waiting.url)
        _keep_listing(db, known["id"], replace(waiting, aliases=tuple(aliases)[:_MOST_NAMES]))
    db.conn.execute("UPDATE items SET url = ? WHERE id = ?", (item.found.url, known["id"]))
    db.conn.executemany(
        "INSERT INTO addresses (article, url, identity, mark, kind, first_seen_at) SELECT ?1, ?2, ?3, ?4, 'found', ?5 "
        "WHERE ?1 IS NOT NULL AND (SELECT count(*) FROM addresses WHERE article = ?1) < ?6 "
        "AND NOT EXISTS (SELECT 1 FROM addresses WHERE article = ?1 AND url = ?2)",
        [(known["article"], url, item.identity, mark(item.identity or ""), at, _MOST_NAMES) for url in names],
    )
