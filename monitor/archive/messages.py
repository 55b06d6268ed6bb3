"""Messages of the outbox within a transaction: how one is put in, made anew, and ended."""

import hashlib
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from monitor.archive import counter
from monitor.archive.connection import stamp
from monitor.types import OPERATOR, Digest, Message, SendState

DROPPED_BY = "outbox"
"""The channel of a receipt that says why a message was dropped."""

# What waits to be sent, and did not arrive yet, as far as anybody can know.
_UNTOUCHED = "state = 'waiting' AND doubts = 0 AND receipt_at IS NULL AND dropped_at IS NULL"


def insert(
    db: Database,
    archive: Path,
    message: Message,
    at: datetime,
    *,
    digest: Digest | None = None,
    token: str | None = None,
) -> int:
    """Puts a message into the outbox, made and due `at` that time; `digest`: what it tells."""
    _raise_numbers(db, archive)
    stretch = (0, 0, 0) if digest is None else (digest.after, digest.upto, len(digest.lines))
    number: int = db.conn.execute(
        "INSERT INTO outbox (message_id, subscription, reader, slot, subject, raw, format, whole, after, upto, "
        "stories, state, created_at, next_try_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?)",
        (message.message_id, message.digest_id, message.to, message.slot, message.subject, message.raw,
         message.format.value, message.whole, *stretch, stamp(at), stamp(at)),
    ).lastrowid  # type: ignore[assignment]  # fmt: skip
    keep_token(db, number, token)
    return number


def _raise_numbers(db: Database, archive: Path) -> None:
    """Gives no number again that a later archive gave, of which this one is a copy."""
    beside = counter.read(archive)
    if beside is not None:
        raise_numbers(db, beside.last)


def raise_numbers(db: Database, last: int) -> None:
    """Lets the numbers of new messages begin after this one."""
    if last > newest(db):
        db.conn.execute("DELETE FROM sqlite_sequence WHERE name = 'outbox'")
        db.conn.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('outbox', ?)", (last,))


def newest(db: Database) -> int:
    """Returns the highest number that a message ever had here."""
    row = db.conn.execute("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").fetchone()
    return 0 if row is None else int(row[0])


def hashed(token: str) -> bytes:
    """Returns what is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def keep_token(db: Database, number: int, token: str | None) -> None:
    """Keeps the hash of the token in a message's links; the token of earlier bytes is void."""
    db.conn.execute("DELETE FROM tokens WHERE message = ?", (number,))
    if token is not None:
        db.conn.execute(
            "INSERT INTO tokens (hash, message, subscription, reader) SELECT ?, id, subscription, reader FROM outbox "
            "WHERE id = ?",
            (hashed(token), number),
        )


def is_untouched(db: Database, number: int) -> bool:
    """Whether a message waits that cannot have arrived: it may be given other bytes."""
    return db.conn.execute(f"SELECT 1 FROM outbox WHERE id = ? AND {_UNTOUCHED}", (number,)).fetchone() is not None  # noqa: S608


def is_spoilt(db: Database, number: int) -> bool:
    """Whether such a message tells of an article that was withdrawn since."""
    told = "SELECT 1 FROM ledger l JOIN articles a ON a.id = l.article WHERE l.message = ? AND a.withdrawn"
    row = db.conn.execute(f"{told} AND NOT l.withdrawn LIMIT 1", (number,)).fetchone()
    return row is not None and is_untouched(db, number)


def replace(db: Database, number: int, message: Message, stories: int) -> None:
    """Gives a message other bytes."""
    db.conn.execute(
        "UPDATE outbox SET message_id = ?, subject = ?, raw = ?, format = ?, whole = ?, stories = ? WHERE id = ?",
        (message.message_id, message.subject, message.raw, message.format.value, message.whole, stories, number),
    )


def drop(db: Database, number: int, reason: str, now: datetime) -> bool:
    """Ends a message; False for one that was sent or dropped before. Of one that is sent again, only that is ended."""
    again = db.conn.execute(
        "UPDATE outbox SET state = 'sent', next_try_at = NULL, error = ? WHERE id = ? AND state <> 'sent' "
        "AND dropped_at IS NULL AND receipt_at IS NOT NULL",
        (reason, number),
    )
    dropped = db.conn.execute(
        "UPDATE outbox SET dropped_at = ?1, next_try_at = NULL, receipt_at = ?1, receipt_channel = ?2, "
        "receipt_answer = ?3, doubts = doubts + (state = 'sending') WHERE id = ?4 AND state <> 'sent' "
        "AND dropped_at IS NULL",
        (stamp(now), DROPPED_BY, reason, number),
    )
    return bool(again.rowcount or dropped.rowcount)


def drop_waiting(db: Database, reader: str, digest_id: str | None, reason: str, now: datetime) -> None:
    """Ends the messages of a reader that wait to be sent, of one digest or of all."""
    waiting = db.conn.execute(
        "SELECT id FROM outbox WHERE state <> 'sent' AND dropped_at IS NULL AND state IN (?, ?) AND reader = ? "
        "AND (?4 IS NULL OR subscription = ?4) AND subscription <> ?5",
        (SendState.WAITING.value, SendState.DOUBT.value, reader, digest_id, OPERATOR),
    )
    for (number,) in waiting.fetchall():
        drop(db, number, reason, now)
