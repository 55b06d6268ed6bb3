"""The archive's part in the outbox: messages, what became of each try, and whether any may be sent at all."""

import json
import secrets
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

from sqlite_utils import Database

from monitor.archive import counter, ledger, messages
from monitor.archive import rows as row_of
from monitor.archive.alarms import sound, untell
from monitor.archive.connection import Connected, Row, guarded, stamp, stamp_or_none
from monitor.archive.counter import Counter
from monitor.archive.readers import is_paused
from monitor.errors import DeliveryError
from monitor.types import OPERATOR, AlarmKind, Digest, Message, OutboxHold, Outgoing, Receipt, SendState

# SQLite uses a partial index only where the query repeats the index's own condition.
_LIST = "(SELECT value FROM json_each(?))"
_UNSENT = "state <> 'sent' AND dropped_at IS NULL"
_BUT_BYTES = (
    "id, message_id, subscription, reader, slot, subject, x'' AS raw, format, NULL AS whole, after, upto, stories, "
    "state, attempts, doubts, created_at, next_try_at, error, receipt_at, receipt_channel, receipt_answer, dropped_at, "
    "erased"
)


_PUT_OFF = timedelta(days=5)  # at most; see monitor/due.py
_END = datetime.max.replace(tzinfo=UTC)


class Outbox(Connected):
    """See the contract in monitor/archive/__init__.py."""

    def outbox(
        self,
        *,
        open_only: bool = False,
        states: Collection[SendState] = (),
        reader: str | None = None,
        digest: str | None = None,
        limit: int | None = None,
        before: int | None = None,
    ) -> list[Outgoing]:
        conditions = [
            ("reader = ?", reader),
            ("subscription = ?", digest),
            ("id < ?", before),
            (f"iif(dropped_at IS NULL, state, 'dropped') IN {_LIST}", json.dumps(sorted(states)) if states else None),
        ]
        where = [condition for condition, value in conditions if value is not None]
        bound = [value for _, value in conditions if value is not None]
        if open_only:  # few: SQLite finds them by their own index
            by, where = "outbox_unsent", [_UNSENT, *where]
        else:  # a message's columns lie behind its bytes: what a list asks for stands in an index of its own
            by = "outbox_reader" if reader is not None and not states else "outbox_list"
        ids = (
            f"SELECT id FROM outbox INDEXED BY {by} WHERE {' AND '.join(where) or 'id > 0'} "  # noqa: S608
            "ORDER BY id DESC LIMIT ?"
        )
        rows = self.rows(
            f"SELECT {_BUT_BYTES} FROM outbox WHERE id IN ({ids}) ORDER BY id",  # noqa: S608
            [*bound, -1 if limit is None else limit],
        )
        return [row_of.outgoing(row) for row in rows]

    def outbox_counts(self) -> Mapping[SendState, int]:
        counts = dict.fromkeys(SendState, 0)
        with self.at_one_time() as db:
            waiting = f"SELECT state, count(*) FROM outbox INDEXED BY outbox_unsent WHERE {_UNSENT} GROUP BY state"  # noqa: S608
            for state, count in db.conn.execute(waiting):
                counts[SendState(state)] = count
            dropped = "SELECT count(*) FROM outbox INDEXED BY outbox_dropped WHERE dropped_at IS NOT NULL"
            counts[SendState.DROPPED] = db.conn.execute(dropped).fetchone()[0]
            every = "SELECT count(*) FROM outbox INDEXED BY outbox_list"
            counts[SendState.SENT] = db.conn.execute(every).fetchone()[0] - sum(counts.values())
        return counts

    def due_messages(self, by: datetime) -> list[int]:
        if self.outbox_hold() is not None:
            return []
        rows = self.rows(
            f"SELECT id FROM outbox o WHERE {_UNSENT} AND state IN ('waiting', 'doubt') "  # noqa: S608
            "AND (next_try_at <= ?1 OR next_try_at > ?2) "
            "AND (subscription = ?3 OR NOT EXISTS (SELECT 1 FROM pauses p WHERE p.reader = o.reader "
            "AND (p.digest IS NULL OR p.digest = o.subscription))) ORDER BY id",
            (stamp(by), stamp(min(by, _END - _PUT_OFF) + _PUT_OFF), OPERATOR),
        )
        return [row[0] for row in rows]

    def message(self, outgoing_id: int) -> Outgoing | None:
        row = self.row("SELECT * FROM outbox WHERE id = ?", (outgoing_id,))
        return None if row is None else row_of.outgoing(row)

    def interrupted(self) -> list[Outgoing]:
        rows = self.rows(f"SELECT {_BUT_BYTES} FROM outbox WHERE {_UNSENT} AND state = 'sending' ORDER BY id")  # noqa: S608
        return [row_of.outgoing(row) for row in rows]

    # a try, and what came of it

    def mark_sending(self, outgoing_id: int) -> None:
        archive, hold = counter.mark(self.secret()), self.outbox_hold()
        if hold is not None:
            raise DeliveryError(f"the outbox is held: {hold.reason}", temporary=True)
        with self.write(durable=True) as db:
            _must_be_wanted(db, outgoing_id)
            db.conn.execute("UPDATE outbox SET state = 'sending' WHERE id = ?", (outgoing_id,))
            handed = db.conn.execute(
                "INSERT INTO meta (key, value) VALUES ('handed', 1) ON CONFLICT DO UPDATE SET value = value + 1 "
                "RETURNING value"
            ).fetchone()[0]
            beside = counter.read(self.path)
            last = max(outgoing_id, 0 if beside is None else beside.last)
            counter.prepare(self.path, Counter(archive=archive, last=last, handed=handed))
        with guarded(counter.path_of(self.path)):
            counter.put_in_place(self.path)

    def mark_sent(self, outgoing_id: int, receipt: Receipt) -> None:
        with self.write(durable=True) as db:
            db.conn.execute(
                "UPDATE outbox SET state = 'sent', attempts = attempts + 1, error = NULL, next_try_at = NULL, "
                "dropped_at = NULL, receipt_at = ?, receipt_channel = ?, receipt_answer = ? "
                "WHERE id = ? AND state <> 'sent'",
                (stamp(receipt.at), receipt.channel, receipt.answer, outgoing_id),
            )

    def mark_unsent(
        self,
        outgoing_id: int,
        error: str,
        *,
        next_try_at: datetime | None,
        doubt: bool = False,
        failed: bool = False,
        now: datetime | None = None,
    ) -> None:
        state = "doubt" if doubt else "failed" if failed else "waiting"
        with self.write(durable=True) as db:
            noted = db.conn.execute(
                "UPDATE outbox SET state = CASE WHEN dropped_at IS NULL THEN ?1 ELSE state END, "
                "attempts = attempts + 1, doubts = doubts + ?2, error = ?3, "
                "next_try_at = CASE WHEN dropped_at IS NULL THEN ?4 END "
                "WHERE id = ?5 AND state NOT IN ('sent', 'failed')",
                (state, doubt, error, stamp_or_none(next_try_at), outgoing_id),
            ).rowcount
            if noted and (failed or (doubt and next_try_at is None)):
                _sound_of(db, outgoing_id, error, AlarmKind.HELD if doubt else AlarmKind.FAILED, now)
                untell(db, outgoing_id)
            _drop_if_left(db, outgoing_id, now)

    # made anew, or ended

    def spoilt(self, outgoing_id: int) -> bool:
        with self.reading() as db:
            return messages.is_spoilt(db, outgoing_id)

    def replace_message(self, outgoing_id: int, digest: Digest, message: Message | None, token: str | None) -> bool:
        with self.write(durable=True) as db:
            if not messages.is_untouched(db, outgoing_id):
                return False
            db.conn.execute("DELETE FROM ledger WHERE message = ?", (outgoing_id,))
            if message is None:
                messages.keep_token(db, outgoing_id, None)
                return messages.drop(db, outgoing_id, "nothing is left to tell", digest.composed_at)
            messages.replace(db, outgoing_id, message, len(digest.lines))
            messages.keep_token(db, outgoing_id, token)
            ledger.write(db, digest, outgoing_id)
            return True

    def drop_message(self, outgoing_id: int, reason: str, now: datetime) -> bool:
        with self.write(durable=True) as db:
            return messages.drop(db, outgoing_id, reason, now)

    def retry_message(self, outgoing_id: int, now: datetime) -> bool:
        with self.write(durable=True) as db:
            again = db.conn.execute(
                "UPDATE outbox SET state = 'waiting', next_try_at = ?, error = 'an operator asked for another try', "
                "receipt_at = CASE WHEN dropped_at IS NULL THEN receipt_at END, "
                "receipt_channel = CASE WHEN dropped_at IS NULL THEN receipt_channel END, "
                "receipt_answer = CASE WHEN dropped_at IS NULL THEN receipt_answer END, dropped_at = NULL "
                "WHERE id = ? AND NOT erased AND (state <> 'sending' OR dropped_at IS NOT NULL)",
                (stamp(now), outgoing_id),
            )
            return bool(again.rowcount)

    def erase_mails(self, before: datetime, *, limit: int = 500) -> int:
        with self.write() as db:
            return db.conn.execute(
                "UPDATE outbox SET raw = x'', whole = NULL, erased = 1 WHERE id IN (SELECT id FROM outbox "
                "WHERE receipt_at < ? AND erased = 0 AND (state = 'sent' OR dropped_at IS NOT NULL) LIMIT ?)",
                (stamp(before), limit),
            ).rowcount

    # whether anything may be sent

    def outbox_hold(self) -> OutboxHold | None:
        with self.reading() as db:
            return counter.hold(counter.read(self.path), own_counter(db), messages.newest(db))

    def release_outbox(self, now: datetime) -> bool:
        self.secret()  # by which the counter knows this archive from now on
        with self.write(durable=True) as db:
            own, beside = own_counter(db), counter.read(self.path)
            if beside is None or counter.hold(beside, own, messages.newest(db)) is None:
                return False
            settled = Counter(
                archive=own.archive,
                last=max(beside.last, messages.newest(db)),
                handed=max(beside.handed, own.handed),
            )
            messages.raise_numbers(db, settled.last)
            db.conn.execute(
                "INSERT INTO meta (key, value) VALUES ('handed', ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                (settled.handed,),
            )
            db.conn.execute(
                "UPDATE alarms SET told_at = ? WHERE told_at IS NULL AND kind = ?", (stamp(now), AlarmKind.OUTBOX.value)
            )
            counter.prepare(self.path, settled)
        with guarded(counter.path_of(self.path)):
            counter.put_in_place(self.path)
        return True

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


def own_counter(db: Database) -> Counter:
    """Returns what an archive itself knows of what was handed over."""
    said = dict(map(tuple, db.conn.execute("SELECT key, value FROM meta WHERE key IN ('secret', 'handed')")))
    secret = said.get("secret")
    return Counter(
        archive=None if secret is None else counter.mark(bytes.fromhex(secret)), handed=int(said.get("handed", 0))
    )


def _must_be_wanted(db: Database, number: int) -> None:
    """Raises DeliveryError for what was settled since the way to its reader was opened: that may take minutes."""
    row: Row | None = db.conn.execute(
        "SELECT subscription, reader, state, dropped_at FROM outbox WHERE id = ?", (number,)
    ).fetchone()
    if row is None or row["dropped_at"] is not None or row["state"] in ("sent", "failed"):
        raise DeliveryError(f"message {number} was settled meanwhile", temporary=True)
    if is_paused(db, row["subscription"], row["reader"]):
        raise DeliveryError(f"{row['reader']} was paused meanwhile", temporary=True)
    if messages.is_spoilt(db, number):
        raise DeliveryError(f"a story in message {number} was withdrawn meanwhile", temporary=True)


def _drop_if_left(db: Database, number: int, now: datetime | None) -> None:
    """Ends a message whose reader unsubscribed while it was on its way, as those that waited then were ended."""
    left: Row | None = db.conn.execute(
        "SELECT o.reader, o.subscription FROM outbox o JOIN pauses p ON p.reader = o.reader AND p.digest = "
        "o.subscription WHERE o.id = ? AND p.reason = 'unsubscribed'",
        (number,),
    ).fetchone()
    if left is not None:
        messages.drop_waiting(db, left[0], left[1], "its reader unsubscribed", now or datetime.now(UTC))


def _sound_of(db: Database, number: int, error: str, kind: AlarmKind, now: datetime | None) -> None:
    row: Row | None = db.conn.execute(
        "SELECT subscription, reader, slot FROM outbox WHERE id = ? AND subscription <> ? AND dropped_at IS NULL",
        (number, OPERATOR),
    ).fetchone()
    if row is not None:
        what = "may have arrived, and is not sent again by itself" if kind is AlarmKind.HELD else "was not delivered"
        text = f"message {number} ({row['subscription']} {row['slot']} to {row['reader']}) {what}: {error}"
        sound(db, kind, text, now or datetime.now(UTC))
