"""Articles as Parquet, written as it is read: one row group at a time is in memory."""

import io
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from monitor.export.documents import Json
from monitor.export.observation import Observation
from monitor.export.rows import line
from monitor.types import Kept

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 5_000  # of a row group at most
_CHARACTERS = 8_000_000  # of its texts, about
_TIMES = ("published_at", "first_seen_at", "read_at")


def parquet(rows: Iterable[tuple[Kept, Observation | None]], says: Json, *, text: bool = True) -> Iterator[bytes]:
    """Yields a file of Parquet, compressed with Zstandard; `says` stands in its metadata under `roxham`, as JSON."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    written = schema(text=text).with_metadata({"roxham": json.dumps(says, ensure_ascii=False)})
    out = _Sink()
    with pq.ParquetWriter(pa.PythonFile(out, mode="w"), written, compression="zstd") as writer:
        for group in _groups(rows, text):
            writer.write_table(pa.Table.from_pylist(group, schema=written))
            yield from out.taken()
    yield from out.taken()


def schema(*, text: bool = True) -> "pa.Schema":
    """Returns the columns with their types; times are in UTC, to the millisecond."""
    import pyarrow as pa

    time = pa.timestamp("ms", tz="UTC")
    topic = pa.struct([("id", pa.string()), ("terms", pa.list_(pa.string())), ("mention", pa.bool_())])
    credit = pa.struct(
        [
            ("agency", pa.string()),
            ("first_published", pa.date32()),
            ("first_language", pa.string()),
            ("writers", pa.list_(pa.string())),
            ("place", pa.string()),
            ("notice", pa.string()),
            ("take", pa.int32()),
            ("correction", pa.string()),
        ]
    )
    columns = [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("url", pa.string(), nullable=False),
        ("urls", pa.list_(pa.string())),
        ("source", pa.string()),
        ("sources", pa.list_(pa.string())),
        ("publisher", pa.string()),
        ("title", pa.string()),
        ("text", pa.string()),
        ("authors", pa.list_(pa.string())),
        ("language", pa.string()),
        ("published_at", time),
        ("first_seen_at", time),
        ("read_at", time),
        ("partial", pa.bool_()),
        ("withdrawn", pa.bool_()),
        ("topics", pa.list_(topic)),
        ("story", pa.int64()),
        ("relation", pa.string()),
        ("versions", pa.int32()),
        ("kept", pa.float64()),
        ("credit", credit),
        ("coverage", pa.string()),
    ]
    names = pa.schema(columns)
    return names if text else names.remove(names.get_field_index("text"))


def _groups(rows: Iterable[tuple[Kept, Observation | None]], text: bool) -> Iterator[list[Json]]:
    group: list[Json] = []
    characters = 0
    for kept, coverage in rows:
        group.append(_row(kept, coverage, text))
        characters += len(kept.text or "") if text else 0
        if len(group) == _ROWS or characters >= _CHARACTERS:
            yield group
            group, characters = [], 0
    if group:
        yield group


def _row(kept: Kept, coverage: Observation | None, text: bool) -> Json:
    fields = line(kept, coverage, text=text)
    return fields | {name: getattr(kept, name) for name in _TIMES} | {"credit": _credit(fields["credit"])}


def _credit(said: Json) -> Json:
    from datetime import date

    try:
        day = date.fromisoformat(said["first_published"] or "")
    except ValueError:
        day = None
    return said | {"first_published": day}


class _Sink(io.RawIOBase):
    """Takes what a writer writes, for whoever streams it on."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._written += len(part)
        return len(part)

    def tell(self) -> int:
        return self._written

    def taken(self) -> Iterator[bytes]:
        """Yields what was written since, and forgets it."""
        parts, self._parts = self._parts, []
        yield from parts
