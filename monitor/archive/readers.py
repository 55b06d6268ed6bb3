"""The archive's part in readers: who is not told for now, whom a token stands for, whose mail came back."""

from datetime import datetime

from sqlite_utils import Database

from monitor.archive import messages
from monitor.archive.alarms import sound
from monitor.archive.connection import Connected, Row, moment, stamp
from monitor.types import OPERATOR, AlarmKind, Bounce, Pause, PauseReason

_CAME_BACK = 2  # messages, for good: then a reader is no longer told
_WHY = {
    PauseReason.UNSUBSCRIBED: "they unsubscribed",
    PauseReason.BOUNCED: "mail to them came back for good",
    PauseReason.FAILING: "nothing reaches them",
}


class Readers(Connected):
    """See the contract in monitor/archive/__init__.py."""

    def pause(self, pause: Pause) -> bool:
        with self.write(durable=True) as db:
            return _pause(db, pause)

    def resume(self, digest_id: str | None, reader: str, now: datetime, *, from_now: bool = False) -> bool:
        with self.write(durable=True) as db:
            ended = db.conn.execute(
                "DELETE FROM pauses WHERE reader = ?1 AND (digest IS ?2 OR ?2 IS NULL AND reason <> ?3) "
                "RETURNING digest",
                (reader, digest_id, PauseReason.UNSUBSCRIBED.value),
            ).fetchall()
            if from_now:
                for (digest,) in ended:
                    db.conn.execute(
                        "UPDATE readers SET after = (SELECT coalesce(max(number), 0) FROM entries), since = ?1 "
                        "WHERE reader = ?2 AND (?3 IS NULL OR subscription = ?3)",
                        (stamp(now), reader, digest),
                    )
            if any(digest is None for (digest,) in ended):
                db.conn.execute("UPDATE bounces SET settled = 1 WHERE reader = ? AND hard AND NOT settled", (reader,))
            return bool(ended)

    def pauses(self) -> list[Pause]:
        return [
            Pause(
                digest_id=row["digest"],
                reader=row["reader"],
                reason=PauseReason(row["reason"]),
                at=moment(row["at"]),
                note=row["note"],
            )
            for row in self.rows("SELECT * FROM pauses ORDER BY id")
        ]

    def subscribed(self, token: str) -> tuple[str, str] | None:
        row = self.row("SELECT subscription, reader FROM tokens WHERE hash = ?", (messages.hashed(token),))
        return None if row is None else (row[0], row[1])

    def whole(self, token: str) -> bytes | None:
        row = self.row(
            "SELECT o.whole FROM tokens t JOIN outbox o ON o.id = t.message WHERE t.hash = ?", (messages.hashed(token),)
        )
        return None if row is None or row[0] is None else bytes(row[0])

    def bounced(self, bounce: Bounce, now: datetime) -> bool:
        with self.write(durable=True) as db:
            message = db.conn.execute(
                "SELECT id, reader FROM outbox WHERE message_id = ?", (_in_brackets(bounce.message_id),)
            ).fetchone()
            if message is None or not _may_be(bounce.recipient, message["reader"]):
                return False
            new = db.conn.execute(
                "INSERT INTO bounces (message, status, hard, reader, at, reason) VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (message["id"], bounce.status, bounce.hard, message["reader"], stamp(now), bounce.reason),
            )
            if not new.rowcount:
                return False
            if bounce.hard:
                _pause_if_dead(db, message["reader"], bounce.reason, now)
            return True


def is_paused(db: Database, digest_id: str, reader: str) -> bool:
    """Whether a reader is told nothing of this digest for now."""
    row = db.conn.execute(
        "SELECT 1 FROM pauses WHERE reader = ?1 AND (digest IS NULL OR digest = ?2) AND ?2 <> ?3",
        (reader, digest_id, OPERATOR),
    )
    return row.fetchone() is not None


def _pause(db: Database, pause: Pause) -> bool:
    """Keeps a pause. A reader's own wish is kept beside any other reason, and takes the place of one of its digest."""
    holding: list[Row] = db.conn.execute(
        "SELECT digest, reason FROM pauses WHERE reader = ?1 AND (digest IS NULL OR digest IS ?2)",
        (pause.reader, pause.digest_id),
    ).fetchall()
    wish = pause.reason is PauseReason.UNSUBSCRIBED
    known = any(row["reason"] == pause.reason for row in holding)
    if not holding or (wish and not known):
        db.conn.execute(
            "INSERT INTO pauses (digest, reader, reason, at, note) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET reason = excluded.reason, at = excluded.at, note = excluded.note",
            (pause.digest_id, pause.reader, pause.reason.value, stamp(pause.at), pause.note),
        )
        if pause.reason is not PauseReason.OPERATOR:
            sound(db, AlarmKind.PAUSED, _sentence(pause), pause.at)
    if wish:
        messages.drop_waiting(db, pause.reader, pause.digest_id, "its reader unsubscribed", pause.at)
    return not holding


def _sentence(pause: Pause) -> str:
    what = "nothing" if pause.digest_id is None else f"nothing of {pause.digest_id}"
    note = f" ({pause.note})" if pause.note else ""
    return f"{pause.reader} is told {what} any more: {_WHY[pause.reason]}{note}"


def _pause_if_dead(db: Database, reader: str, reason: str, now: datetime) -> None:
    came_back = db.conn.execute(
        "SELECT count(DISTINCT message) FROM bounces WHERE reader = ? AND hard AND NOT settled", (reader,)
    ).fetchone()[0]
    if came_back >= _CAME_BACK:
        _pause(db, Pause(digest_id=None, reader=reader, reason=PauseReason.BOUNCED, at=now, note=reason))


def _in_brackets(message_id: str) -> str:
    return f"<{message_id.strip().strip('<>')}>"


def _may_be(recipient: str, reader: str) -> bool:
    """Whether a report may be about a reader: nobody can guess a Message-ID, so it need not name them.

    Where it names somebody else, a mailbox behind theirs failed (they forward their mail), and theirs has it.
    """
    named = recipient.rpartition(";")[2].strip().strip("<>").casefold()
    return not named or named == reader.casefold()
