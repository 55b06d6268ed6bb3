"""The archive's part in alarms: what an operator should know, until they were told."""

import json
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlite_utils import Database

from monitor.archive import messages
from monitor.archive.connection import Connected, moment, moment_or_none, stamp
from monitor.types import OPERATOR, Alarm, AlarmKind, Message

_SAME = timedelta(days=1)  # in which the same words are one alarm


class Alarming(Connected):
    """See the contract in monitor/archive/__init__.py."""

    def alarms(self, *, untold_only: bool = False) -> list[Alarm]:
        where = "told_at IS NULL" if untold_only else "1"
        return [
            Alarm(
                id=row["id"],
                kind=AlarmKind(row["kind"]),
                at=moment(row["at"]),
                text=row["text"],
                told_at=moment_or_none(row["told_at"]),
            )
            for row in self.rows(f"SELECT * FROM alarms WHERE {where} ORDER BY id")  # noqa: S608
        ]

    def alarm(self, kind: AlarmKind, text: str, now: datetime) -> None:
        with self.write(durable=True) as db:
            sound(db, kind, text, now)

    def commit_alarms(self, alarms: Collection[int], message: Message | None, now: datetime) -> None:
        with self.write(durable=True) as db:
            told = db.conn.execute(
                "UPDATE alarms SET told_at = ? WHERE told_at IS NULL AND id IN (SELECT value FROM json_each(?))",
                (stamp(now), json.dumps(sorted(alarms))),
            )
            if told.rowcount and message is not None:
                messages.insert(db, self.path, message, now)


def sound(db: Database, kind: AlarmKind, text: str, now: datetime) -> None:
    """Keeps an alarm, unless the same words are one of the last day."""
    db.conn.execute(
        "INSERT INTO alarms (kind, at, text) SELECT ?1, ?2, ?3 WHERE NOT EXISTS "
        "(SELECT 1 FROM alarms WHERE at > ?4 AND at <= ?2 AND text = ?3)",
        (kind.value, stamp(now), text, stamp(now - _SAME)),
    )


def untell(db: Database, outgoing_id: int) -> None:
    """Makes the alarms of a mail to the operator untold again, where that one did not reach them."""
    db.conn.execute(
        "UPDATE alarms SET told_at = NULL WHERE told_at = (SELECT created_at FROM outbox WHERE id = ? "
        "AND subscription = ?)",
        (outgoing_id, OPERATOR),
    )
