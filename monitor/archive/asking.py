"""Questions about one item, one article or one source, beside the contract: what commands for people want to know."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from monitor.archive.connection import Connected, moment, moment_or_none, stamp
from monitor.types import ItemState


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One source that listed an address."""

    item_id: int
    source_id: str
    state: ItemState
    reason: str | None  # why it was rejected, set aside, or waits
    first_seen_at: datetime
    not_before: datetime | None
    article_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A reader who was told of an article."""

    subscription_id: str
    reader: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """A visit as it was kept; one that was repeated with the same result reaches up to its last repetition."""

    source_id: str
    started_at: datetime
    finished_at: datetime
    outcome: str
    error: str | None


def known_keys(archive: Connected, source_id: str, keys: Collection[str]) -> set[str]:
    """Returns which of these keys of items (see monitor/listing.py) the source has listed before."""
    rows = archive.rows(
        "SELECT key FROM items WHERE source = ? AND key IN (SELECT value FROM json_each(?))",
        (source_id, json.dumps(list(keys))),
    )
    return {row[0] for row in rows}


def sightings(archive: Connected, key: str) -> list[Sighting]:
    """Returns what became of the item with this key at each source that listed it, oldest first."""
    rows = archive.rows(
        "SELECT i.* FROM sources s JOIN items i ON i.source = s.id AND i.key = ? ORDER BY i.first_seen_at", (key,)
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


def tellings(archive: Connected, article_id: int) -> list[Telling]:
    """Returns to whom an article was told in a digest, oldest first."""
    rows = archive.rows("SELECT * FROM ledger WHERE article = ? ORDER BY told_at, reader", (article_id,))
    return [
        Telling(subscription_id=row["subscription"], reader=row["reader"], at=moment(row["told_at"])) for row in rows
    ]


def visits(archive: Connected, source_id: str, since: datetime, until: datetime) -> list[Visited]:
    """Returns a source's visits that reach into a time, oldest first."""
    rows = archive.rows(
        "SELECT * FROM visits WHERE source = ? AND finished_at >= ? AND started_at <= ? ORDER BY id",
        (source_id, stamp(since), stamp(until)),
    )
    return [
        Visited(
            source_id=row["source"],
            started_at=moment(row["started_at"]),
            finished_at=moment(row["finished_at"]),
            outcome=row["outcome"],
            error=row["error"],
        )
        for row in rows
    ]
