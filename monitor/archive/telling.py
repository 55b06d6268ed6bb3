"""The archive's part in telling: where each reader stands, the slots served, the ledger, and the outbox."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from sqlite_utils import Database

from monitor.archive import Running
from monitor.archive import rows as row_of
from monitor.archive.connection import Connected, moment, moment_or_none, stamp, stamp_or_none
from monitor.types import (
    Bulk,
    Coverage,
    Digest,
    Entry,
    EntryKind,
    Message,
    Outgoing,
    Receipt,
    Slice,
    Subscription,
    Told,
)

_UNSENT = "state <> 'sent'"  # SQLite uses a partial index only where the query repeats the index's own condition
_BUT_BYTES = (
    "id, message_id, subscription, reader, slot, subject, x'' AS raw, after, upto, stories, state, attempts, doubts, "
    "created_at, next_try_at, error, receipt_at, receipt_channel, receipt_answer"
)

# Whether an entry tells of one of the topics (JSON), which its article is still about, to a reader who wants mentions
# too (1) or not (0).
_MATTERS = (
    "EXISTS (SELECT 1 FROM entry_topics t JOIN matches m ON m.article = e.article AND m.topic = t.topic "
    "WHERE t.entry = e.number AND t.topic IN (SELECT value FROM json_each(?)) AND (? OR NOT (t.mention OR m.mention)))"
)


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
                "VALUES (?, ?, (SELECT coalesce(max(number), 0) FROM entries WHERE at < ?), ?)",
                [(*pair, stamp(since), stamp(now)) for pair in sorted(wanted - known)],
            )

    def slice(
        self, subscription: Subscription, reader: str, coverage: Sequence[Coverage], *, since: datetime | None = None
    ) -> Slice:
        place = self.row("SELECT after FROM readers WHERE subscription = ? AND reader = ?", (subscription.id, reader))
        if place is None and since is not None:
            place = self.row("SELECT coalesce(max(number), 0) FROM entries WHERE at < ?", (stamp(since),))
        after = 0 if place is None else place[0]
        newest = self.row("SELECT coalesce(max(number), 0) FROM entries")
        upto = max(after, newest[0]) if newest else after
        entries = self._entries(after, upto, subscription)
        bulk = () if subscription.at.at_once else self._bulk(after, upto, subscription)
        stories = json.dumps(sorted({entry.story_id for entry in entries}))
        members = self.rows(
            "SELECT id FROM articles WHERE story IN (SELECT value FROM json_each(?)) ORDER BY id", (stories,)
        )
        told = self.rows(  # a story may have become another since
            "SELECT a.story, l.article, l.version FROM ledger l JOIN articles a ON a.id = l.article "
            "WHERE l.reader = ? AND a.story IN (SELECT value FROM json_each(?))",
            (reader, stories),
        )
        return Slice(
            after=after,
            upto=upto,
            entries=entries,
            articles=row_of.kept(self, [row[0] for row in members], text=False),
            told=tuple(Told(story_id=row[0], article_id=row[1], version=row[2]) for row in told),
            coverage=tuple(coverage),
            bulk=bulk,
        )

    def _bulk(self, after: int, upto: int, subscription: Subscription) -> tuple[Bulk, ...]:
        rows = self.rows(
            "SELECT b.source, count(DISTINCT a.story) FROM entries e JOIN bursts b ON b.id = e.burst "  # noqa: S608
            "JOIN articles a ON a.id = e.article "
            f"WHERE number > ? AND number <= ? AND NOT b.told AND {_MATTERS} GROUP BY 1 ORDER BY 1",
            (after, upto, json.dumps(subscription.topics), subscription.mentions),
        )
        return tuple(Bulk(source_id=row[0], stories=row[1]) for row in rows)

    def _entries(self, after: int, upto: int, subscription: Subscription) -> tuple[Entry, ...]:
        rows = self.rows(
            "SELECT e.*, a.story AS now_of FROM entries e JOIN articles a ON a.id = e.article "  # noqa: S608
            f"WHERE number > ? AND number <= ? AND {_MATTERS} "
            "AND (e.burst IS NULL OR EXISTS (SELECT 1 FROM bursts b WHERE b.id = e.burst AND b.told)) ORDER BY number",
            (after, upto, json.dumps(subscription.topics), subscription.mentions),
        )
        return tuple(
            Entry(
                number=row["number"],
                kind=EntryKind(row["kind"]),
                at=datetime.fromisoformat(row["at"]),
                article_id=row["article"],
                version=row["version"],
                story_id=row["now_of"],
            )
            for row in rows
        )

    def served_until(self, subscription_id: str, reader: str) -> datetime | None:
        row = self.row(
            "SELECT max(at) FROM (SELECT at FROM slots WHERE subscription = ?1 AND reader = ?2 AND scheduled "
            "UNION ALL SELECT since FROM readers WHERE subscription = ?1 AND reader = ?2)",
            (subscription_id, reader),
        )
        return None if row is None else moment_or_none(row[0])

    def told_until(self, subscription_id: str, reader: str) -> datetime | None:
        row = self.row(
            "SELECT max(at) FROM (SELECT served_at AS at FROM slots WHERE subscription = ?1 AND reader = ?2 "
            "UNION ALL SELECT since FROM readers WHERE subscription = ?1 AND reader = ?2)",
            (subscription_id, reader),
        )
        return None if row is None else moment_or_none(row[0])

    def commit_digest(self, digest: Digest, message: Message | None) -> Outgoing | None:
        key = (digest.subscription.id, digest.reader)
        with self.write(durable=True) as db:
            done = db.conn.execute(
                "SELECT 1 FROM slots WHERE subscription = ? AND reader = ? AND slot = ?", (*key, digest.slot.name)
            ).fetchone()
            if done is not None:
                return None
            number = None if message is None else _insert_message(db, digest, message)
            if number is not None or digest.slot.scheduled:
                db.conn.execute(
                    "INSERT INTO slots (subscription, reader, slot, at, served_at, scheduled, message) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (*key, digest.slot.name, stamp(digest.slot.at), stamp(digest.composed_at), digest.slot.scheduled,
                     number),
                )  # fmt: skip
            db.conn.execute(
                "INSERT INTO readers (subscription, reader, after, since) VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET after = max(after, excluded.after)",
                (*key, digest.upto, stamp(digest.composed_at)),
            )
            if number is None:
                return None
            _write_ledger(db, digest, number)
            return row_of.outgoing(db.conn.execute("SELECT * FROM outbox WHERE id = ?", (number,)).fetchone())

    def secret(self) -> bytes:
        row = self.row("SELECT value FROM meta WHERE key = 'secret'")
        if row is None:
            with self.write() as db:
                db.conn.execute(
                    "INSERT INTO meta (key, value) VALUES ('secret', ?) ON CONFLICT DO NOTHING",
                    (secrets.token_hex(32),),
                )
            row = self.row("SELECT value FROM meta WHERE key = 'secret'")
        assert row is not None  # noqa: S101 - it was just written
        return bytes.fromhex(row[0])

    def served(self, subscription_id: str, reader: str, slot: str) -> bool:
        row = self.row(
            "SELECT 1 FROM slots WHERE subscription = ? AND reader = ? AND slot = ?", (subscription_id, reader, slot)
        )
        return row is not None

    def outbox(self, *, open_only: bool = False) -> list[Outgoing]:
        where = _UNSENT if open_only else "1"
        return [row_of.outgoing(row) for row in self.rows(f"SELECT {_BUT_BYTES} FROM outbox WHERE {where} ORDER BY id")]  # noqa: S608

    def due_messages(self, by: datetime) -> list[int]:
        rows = self.rows(
            f"SELECT id FROM outbox WHERE {_UNSENT} AND state IN ('waiting', 'doubt') AND next_try_at <= ? ORDER BY id",  # noqa: S608
            (stamp(by),),
        )
        return [row[0] for row in rows]

    def message(self, outgoing_id: int) -> Outgoing | None:
        row = self.row("SELECT * FROM outbox WHERE id = ?", (outgoing_id,))
        return None if row is None else row_of.outgoing(row)

    def interrupted(self) -> list[Outgoing]:
        rows = self.rows(f"SELECT {_BUT_BYTES} FROM outbox WHERE {_UNSENT} AND state = 'sending' ORDER BY id")  # noqa: S608
        return [row_of.outgoing(row) for row in rows]

    def mark_sending(self, outgoing_id: int) -> None:
        with self.write(durable=True) as db:
            db.conn.execute("UPDATE outbox SET state = 'sending' WHERE id = ?", (outgoing_id,))

    def mark_sent(self, outgoing_id: int, receipt: Receipt) -> None:
        with self.write(durable=True) as db:
            db.conn.execute(
                "UPDATE outbox SET state = 'sent', attempts = attempts + 1, error = NULL, next_try_at = NULL, "
                "receipt_at = ?, receipt_channel = ?, receipt_answer = ? WHERE id = ?",
                (stamp(receipt.at), receipt.channel, receipt.answer, outgoing_id),
            )

    def mark_unsent(
        self, outgoing_id: int, error: str, *, next_try_at: datetime | None, doubt: bool = False, failed: bool = False
    ) -> None:
        state = "doubt" if doubt else "failed" if failed else "waiting"
        with self.write(durable=True) as db:
            db.conn.execute(
                "UPDATE outbox SET state = ?, attempts = attempts + 1, doubts = doubts + ?, error = ?, next_try_at = ? "
                "WHERE id = ?",
                (state, doubt, error, stamp_or_none(next_try_at), outgoing_id),
            )

    def heartbeat(self) -> datetime | None:
        row = self.row("SELECT value FROM meta WHERE key = 'heartbeat'")
        return None if row is None else datetime.fromisoformat(row[0])

    def beat(self, now: datetime) -> None:
        with self.write() as db:
            db.conn.execute(
                "INSERT INTO meta (key, value) VALUES ('heartbeat', ?) "
                "ON CONFLICT DO UPDATE SET value = excluded.value",
                (stamp(now.astimezone(UTC)),),
            )

    def running(self) -> Running | None:
        row = self.row("SELECT value FROM meta WHERE key = 'running'")
        if row is None:
            return None
        said = json.loads(row[0])
        return Running(
            fingerprint=said["fingerprint"],
            since=moment(said["since"]),
            refused_at=moment_or_none(said["refused_at"]),
            problems=tuple(said["problems"]),
        )

    def keep_running(self, running: Running) -> None:
        said = asdict(running) | {"since": stamp(running.since), "refused_at": stamp_or_none(running.refused_at)}
        with self.write() as db:
            db.conn.execute(
                "INSERT INTO meta (key, value) VALUES ('running', ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                (json.dumps(said, ensure_ascii=False),),
            )


def _insert_message(db: Database, digest: Digest, message: Message) -> int | None:
    return db.conn.execute(
        "INSERT INTO outbox (message_id, subscription, reader, slot, subject, raw, after, upto, stories, state, "
        "created_at, next_try_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?)",
        (message.message_id, digest.subscription.id, digest.reader, digest.slot.name, message.subject, message.raw,
         digest.after, digest.upto, len(digest.lines), stamp(digest.composed_at), stamp(digest.composed_at)),
    ).lastrowid  # fmt: skip


def _write_ledger(db: Database, digest: Digest, message: int) -> None:
    told = [member for line in digest.lines for member in (line.article, *line.carriers)]
    db.conn.executemany(
        "INSERT INTO ledger (reader, story, article, version, subscription, message, told_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET version = max(version, excluded.version)",
        [(digest.reader, member.story_id, member.id, member.version, digest.subscription.id, message,
          stamp(digest.composed_at)) for member in told],
    )  # fmt: skip
