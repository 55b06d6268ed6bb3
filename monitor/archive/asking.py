"""The archive's part in answering people: what became of one item, one article, one source."""

import json
from collections.abc import Collection
from datetime import datetime

from monitor.archive import PastVisit, Sighting, ToldReader
from monitor.archive.connection import Connected, Row, moment, moment_or_none, stamp
from monitor.archive.packing import mark
from monitor.types import ItemState


class Asking(Connected):
    """See the contract in monitor/archive/__init__.py."""

    def known_keys(self, source_id: str, keys: Collection[str]) -> set[str]:
        rows = self.rows(
            "SELECT key FROM items WHERE mark IN (SELECT value FROM json_each(?)) AND source = ? "
            "AND key IN (SELECT value FROM json_each(?))",
            (json.dumps([*map(mark, keys)]), source_id, json.dumps(list(keys))),
        )
        return {row[0] for row in rows}

    def sightings(self, key: str) -> list[Sighting]:
        rows = self.rows(
            "SELECT * FROM items WHERE mark = ? AND key = ? ORDER BY first_seen_at, source", (mark(key), key)
        )
        return [
            Sighting(
                item_id=row["id"],
                source_id=row["source"],
                state=ItemState(row["state"]),
                reason=row["reason"],
                first_seen_at=moment(row["first_seen_at"]),
                not_before=moment_or_none(row["not_before"]),
                article_id=row["article"],
            )
            for row in rows
        ]

    def tellings(self, article_id: int) -> list[ToldReader]:
        rows = self.rows(
            "SELECT subscription, reader, min(told_at), max(version), max(withdrawn) FROM ledger "
            "WHERE article = ? GROUP BY 1, 2 ORDER BY 3, 2, 1",
            (article_id,),
        )
        return [
            ToldReader(subscription_id=row[0], reader=row[1], at=moment(row[2]), version=row[3], withdrawn=bool(row[4]))
            for row in rows
        ]

    def visits(self, source_id: str, since: datetime, until: datetime) -> list[PastVisit]:
        rows = self.rows(
            "SELECT * FROM visits WHERE source = ? AND finished_at >= ? AND started_at <= ? ORDER BY id",
            (source_id, stamp(since), stamp(until)),
        )
        return [_past_visit(row) for row in rows]

    def last_visits(self, source_id: str, limit: int) -> list[PastVisit]:
        rows = self.rows("SELECT * FROM visits WHERE source = ? ORDER BY id DESC LIMIT ?", (source_id, limit))
        return [_past_visit(row) for row in rows]


def _past_visit(row: Row) -> PastVisit:
    return PastVisit(
        source_id=row["source"],
        started_at=moment(row["started_at"]),
        finished_at=moment(row["finished_at"]),
        outcome=row["outcome"],
        error=row["error"],
        status=row["status"],
        found=row["found"],
        new=row["new"],
        repeats=row["repeats"],
    )
