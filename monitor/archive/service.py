"""The archive's part in the service: that it is alive, and by which configuration it works."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

from monitor.archive import Running
from monitor.archive.connection import Connected, moment, moment_or_none, stamp, stamp_or_none


class Serving(Connected):
    """See the contract in monitor/archive/__init__.py."""

    def heartbeat(self) -> datetime | None:
        row = self.row("SELECT value FROM meta WHERE key = 'heartbeat'")
        return None if row is None else datetime.fromisoformat(row[0])

    def beat(self, now: datetime) -> None:
        self._say("heartbeat", stamp(now.astimezone(UTC)))

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
        self._say("running", json.dumps(said, ensure_ascii=False))

    def _say(self, key: str, value: str) -> None:
        with self.write() as db:
            db.conn.execute(
                "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                (key, value),
            )
