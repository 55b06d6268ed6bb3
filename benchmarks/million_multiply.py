"""A large archive made of a smaller one of `million make`, in minutes: every article as often as one likes.

Article n becomes the articles (n - 1) * times + 1 to n * times, and so do items, texts, stories and entries: numbers
still grow with time, over the same years, as in rounds that each bring so many times more. Visits, days and sources
stay single. Each copy has addresses, keys of items, hashes of whole texts and samples of words of its own, so that the
program holds no copy for another. Words and headlines are the same: so are the figures and names that related stories
share. The search index is made by FTS5 from the rows.
"""

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from monitor.archive import keys
from monitor.archive.packing import mark

if TYPE_CHECKING:
    from monitor.archive.sqlite import SQLiteArchive

_MOST = 32  # copies: so many times a hash of 32 digits can be turned
_LOW = 22  # bits of a key that its block does not tell, see monitor/archive/keys.py
_STEP = 37 << _LOW  # copy k's samples of words are k steps on, in 32 bits: their last bits, which choose keys, stay
_CACHE = 256_000  # kB
_SINGLE = ("rulings", "bursts", "listings", "outbox")
"""What says something of one article in its own words: an archive that holds any is not multiplied."""

Pairs = tuple[NDArray[np.uint64], NDArray[np.int64]]  # keys of 32 bits, and texts


def _number(column: str) -> str:
    return f"({column} - 1) * :times + k.value + 1"


def _turned(column: str) -> str:
    return f"substr({column}, k.value + 1) || substr({column}, 1, k.value)"


def _named(column: str) -> str:
    return f"{column} || printf('%0*d', :digits, k.value)"


def _marked(column: str) -> str:
    return f"roxham_mark({_named(column)})"


_COPIED: Mapping[str, Mapping[str, str]] = {
    "stories": {"id": _number("id"), "became": _number("became")},
    "articles": {"id": _number("id"), "story": _number("story"), "url": _named("url")},
    "versions": {"article": _number("article"), "item": _number("item"), "text_hash": _turned("text_hash")},
    "addresses": {
        "article": _number("article"),
        "url": _named("url"),
        "identity": _named("identity"),
        "mark": _marked("identity"),
    },
    "items": {
        "id": _number("id"),
        "article": _number("article"),
        "url": _named("url"),
        "key": _named("key"),
        "mark": _marked("key"),
    },
    "matches": {"article": _number("article")},
    "entries": {"number": _number("number"), "article": _number("article"), "story": _number("story")},
    "entry_topics": {"entry": _number("entry")},
    "texts": {
        "id": _number("id"),
        "article": _number("article"),
        "twin": _number("twin"),
        "body_hash": _turned("body_hash"),
        "shingles": "roxham_shifted(shingles, k.value)",
    },
    "ties": {"text": _number("text"), "other": _number("other")},
    "changed": {"number": _number("number"), "article": f"iif(article = 0, 0, {_number('article')})"},
}
"""Tables of which each copy has its rows, and what is another in it."""

_KEPT: Mapping[str, Mapping[str, str]] = {
    "sources": {"listed": "listed * :times"},
    "visits": {"found": "found * :times", "new": "new * :times"},
    "observed": {},
    "days": {"new": "new * :times"},
}
"""Tables of which there are no more rows than before."""


def multiply(small: Path, large: Path, times: int) -> int:
    """Makes `large`, which is not there yet, `times` as large as `small`; 2 where that cannot be."""
    from monitor.archive.sqlite import SQLiteArchive

    if large.exists() or not small.exists() or not 1 <= times <= _MOST:
        print(f"needs {small}, no {large} yet, and 1 to {_MOST} times", file=sys.stderr)
        return 2
    before = SQLiteArchive.for_reading(small)
    held = [table for table in _SINGLE if before.row(f"SELECT 1 FROM {table} LIMIT 1")]  # noqa: S608
    before.close()
    if held:
        print(f"{small} holds {', '.join(held)}, which cannot be multiplied", file=sys.stderr)
        return 2
    started = time.monotonic()
    archive = SQLiteArchive.for_writing(large, purpose="benchmark", now=datetime.now(UTC))
    try:
        for done in _made(archive, small, times):
            print(f"{done}, after {time.monotonic() - started:,.0f} s", flush=True)
    except BaseException:
        archive.close()
        large.unlink()  # it was made without a journal: half of it is of no use
        raise
    archive.close()
    print(f"{large.stat().st_size / 1e6:,.0f} MB in {time.monotonic() - started:,.0f} s")
    return 0


def _made(archive: "SQLiteArchive", small: Path, times: int) -> Iterator[str]:
    connection = archive.db.conn
    connection.create_function("roxham_mark", 1, mark, deterministic=True)
    connection.create_function("roxham_shifted", 2, shifted, deterministic=True)
    connection.execute("ATTACH ? AS small", (f"{small.absolute().as_uri()}?mode=ro",))
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF", f"cache_size = -{_CACHE}"):
        connection.execute(f"PRAGMA main.{pragma}").fetchall()
    values = {"times": times, "digits": len(str(times - 1))}
    triggers = connection.execute(
        "SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name IN "
        "(SELECT value FROM json_each(?))",
        (json.dumps(list(_COPIED)),),
    ).fetchall()
    with archive.write():
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER main.{name}")
        connection.execute("DELETE FROM main.changed")
    for table, other in {**_KEPT, **_COPIED}.items():
        copies = times if table in _COPIED else 1
        with archive.write():
            connection.execute(_copying(connection, table, other), {**values, "copies": copies})
        yield table
    with archive.write():
        connection.execute("DELETE FROM main.changed WHERE number <= (SELECT max(number) FROM main.changed) - 50000")
        for _, sql in triggers:
            connection.execute(sql)
    with archive.write():
        _copy_keys(connection, times)
    yield "keys"
    with archive.write():
        connection.execute("INSERT INTO article_index (article_index) VALUES ('rebuild')")
    yield "article_index"
    connection.execute("DETACH small")
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "wal_checkpoint(TRUNCATE)"):
        connection.execute(f"PRAGMA main.{pragma}").fetchall()  # a statement that is not read to its end stays open


def _copying(connection: Any, table: str, other: Mapping[str, str]) -> str:
    """Returns the statement that copies a table, oldest rows first, all copies of a row together."""
    columns = [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]
    assert other.keys() <= set(columns), f"{table} has other columns now"
    # CROSS JOIN keeps the order of the loops (sqlite.org/optoverview.html, 8.2).
    return (
        f"INSERT INTO main.{table} ({', '.join(columns)}) "  # noqa: S608 - names are ours
        f"SELECT {', '.join(other.get(name, name) for name in columns)} FROM small.{table} "
        "CROSS JOIN (WITH RECURSIVE k (value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM k "
        "WHERE value + 1 < :copies) SELECT value FROM k) AS k"
    )


# --- fingerprints and their keys -------------------------------------------------------------------------------------


def shifted(samples: bytes, copy: int) -> bytes:
    """Returns the column `shingles` as the copy of that number has it; see monitor/archive/prints.py."""
    count = int.from_bytes(samples[:4], "little")
    parts = samples[4 : 4 + 4 * count], samples[4 + 5 * count :]
    hashes, lede = (np.frombuffer(part, "<u4") + np.uint32(copy * _STEP & 0xFFFFFFFF) for part in parts)
    order = np.argsort(hashes)
    paragraphs = np.frombuffer(samples[4 + 4 * count : 4 + 5 * count], "u1")
    return samples[:4] + hashes[order].tobytes() + paragraphs[order].tobytes() + lede.tobytes()


def _copy_keys(connection: Any, times: int) -> None:
    blocks = connection.execute("SELECT block, held FROM small.key_blocks ORDER BY block")
    for period, held in groupby(blocks, key=lambda row: row[0] >> 32 - _LOW):
        found, texts = _copies(connection, _unpacked(held), times)
        connection.executemany("INSERT INTO main.key_blocks (block, held) VALUES (?, ?)", _packed(period, found, texts))
    rows = connection.execute("SELECT key, text FROM small.text_keys ORDER BY key")
    for period, held in groupby(rows, key=lambda row: row[0] >> 32):
        pairs = np.array([(row[0] & 0xFFFFFFFF, row[1]) for row in held], np.int64).T
        found, texts = _copies(connection, (pairs[0].astype(np.uint64), pairs[1]), times)
        connection.executemany(
            "INSERT INTO main.text_keys (key, text) VALUES (?, ?)",
            zip(keys.in_period(period, found.tolist()), texts.tolist(), strict=True),
        )


def _unpacked(blocks: Iterable[Any]) -> Pairs:
    """Returns the keys in blocks of one period."""
    found, texts = [], []
    for block, held in blocks:
        low, of = keys._unpack(held)
        found.append(np.array(low, np.uint64) | np.uint64((block & (1 << 32 - _LOW) - 1) << _LOW))
        texts.append(np.array(of, np.int64))
    return np.concatenate(found), np.concatenate(texts)


def _packed(period: int, found: NDArray[np.uint64], texts: NDArray[np.int64]) -> Iterator[tuple[int, bytes]]:
    of = found >> np.uint64(_LOW)
    first = np.flatnonzero(np.diff(of, prepend=np.uint64(1 << 32))).tolist()
    low = found & np.uint64((1 << _LOW) - 1)
    for start, end in zip(first, [*first[1:], len(found)], strict=True):
        pairs = list(zip(low[start:end].tolist(), texts[start:end].tolist(), strict=True))
        yield period << 32 - _LOW | int(of[start]), keys._pack(pairs)


def _copies(connection: Any, pairs: Pairs, times: int) -> Pairs:
    """Returns keys of one period for all copies, in order. Keys of names, figures and headlines are those of all."""
    found, texts = pairs
    own = np.isin(texts.astype(np.uint64) << np.uint64(32) | found, _samples(connection, np.unique(texts)))
    every = [
        (np.where(own, found + np.uint64(copy * _STEP) & np.uint64(0xFFFFFFFF), found), (texts - 1) * times + copy + 1)
        for copy in range(times)
    ]
    new, of = (np.concatenate(parts) for parts in zip(*every, strict=True))
    order = np.lexsort((of, new))
    return new[order], of[order]


def _samples(connection: Any, texts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Returns the hashes of the samples of words of these texts, each below the number of its text."""
    found = [np.zeros(0, np.uint64)]
    for number, samples in connection.execute(
        "SELECT id, shingles FROM small.texts WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(texts.tolist()),),
    ):
        count = int.from_bytes(samples[:4], "little")
        hashes = np.frombuffer(samples[4 : 4 + 4 * count] + samples[4 + 5 * count :], "<u4")
        found.append(hashes.astype(np.uint64) | np.uint64(number << 32))
    return np.concatenate(found)
