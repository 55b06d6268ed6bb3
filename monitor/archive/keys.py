"""Under which keys texts are found: those of the last weeks are rows, those of the time before are packed.

A key has 32 bits. Those of texts that came out in the same twelve days lie together, where what comes in is written and
looked up. Some weeks later they are looked for only where an old text comes in late: then they lie in `key_blocks`, a
thousandth part of a period each, in a third of the room.
"""

import json
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from sqlite_utils import Database

_PERIOD = timedelta(days=12)  # whose keys lie together
_ROWS = 6  # periods up to the present one whose keys are not packed: a text is held against the last five
_AT_ONCE = 200_000  # keys packed in one transaction
_LOW = 22  # bits of a key that its block does not tell
_MASK = (1 << _LOW) - 1


def period(at: datetime) -> int:
    """Returns the number of the twelve days that a time lies in."""
    return int(at.timestamp() // _PERIOD.total_seconds())


def in_period(number: int, keys: Iterable[int]) -> list[int]:
    """Returns keys as they are kept; `& 4294967295` gives the key again."""
    return [number << 32 | key for key in keys]


def between(first: datetime, last: datetime, keys: Iterable[int]) -> list[int]:
    """Returns keys as texts that came out in that time are kept under them."""
    return [key for number in range(period(first), period(last) + 1) for key in in_period(number, keys)]


def add(db: Database, text: int, keys: Iterable[int]) -> None:
    """Keeps a text under keys, given as they are kept."""
    db.conn.executemany("INSERT INTO text_keys (key, text) VALUES (?, ?)", [(key, text) for key in sorted(keys)])


def under(db: Database, keys: Sequence[int], newest: int) -> dict[int, list[int]]:
    """Returns the texts that are kept under each of these keys, the newest first and so many at most."""
    found = {
        key: [int(text) for text in texts.split(",")]
        for key, texts in db.conn.execute(
            "SELECT k.value, (SELECT group_concat(text) FROM (SELECT text FROM text_keys WHERE key = k.value "
            "ORDER BY text DESC LIMIT ?)) FROM json_each(?) k",
            (newest, json.dumps(keys)),
        )
        if texts
    }
    for key, texts in packed(db, keys).items():
        found[key] = sorted({*found.get(key, ()), *texts}, reverse=True)[:newest]
    return found


def used(db: Database, keys: Sequence[int]) -> set[int]:
    """Returns those of these keys under which there is any text."""
    rows = db.conn.execute(
        "SELECT k.value FROM json_each(?) k WHERE EXISTS (SELECT 1 FROM text_keys WHERE key = k.value)",
        (json.dumps(keys),),
    )
    return {row[0] for row in rows} | packed(db, keys).keys()


def fold(db: Database, now: datetime) -> int:
    """Packs keys of the oldest period that is over for long; returns how many there were."""
    first = db.conn.execute("SELECT min(key) FROM text_keys").fetchone()[0]
    if first is None or first >> 32 > period(now) - _ROWS:
        return 0
    upto = ((first >> 32) + 1) << 32
    rows = db.conn.execute(
        "SELECT key, text FROM text_keys WHERE key < ? ORDER BY key, text LIMIT ?", (upto, _AT_ONCE)
    ).fetchall()
    if len(rows) == _AT_ONCE:
        upto = rows[-1][0] >> _LOW << _LOW  # whole blocks only: the last one waits for the next time
        rows = [row for row in rows if row[0] < upto] or rows
    for block, held in groupby(rows, key=lambda row: row[0] >> _LOW):
        before = db.conn.execute("SELECT held FROM key_blocks WHERE block = ?", (block,)).fetchone()
        pairs = {(key & _MASK, text) for key, text in held}
        if before is not None:
            pairs.update(zip(*_unpack(before[0]), strict=True))
        db.conn.execute("INSERT OR REPLACE INTO key_blocks (block, held) VALUES (?, ?)", (block, _pack(pairs)))
    last_key, last_text = rows[-1]
    db.conn.execute("DELETE FROM text_keys WHERE (key, text) <= (?, ?)", (last_key, last_text))
    return len(rows)


def packed(db: Database, keys: Collection[int]) -> dict[int, list[int]]:
    """Returns the texts under each of these keys that are packed."""
    last = db.conn.execute("SELECT max(block) FROM key_blocks").fetchone()[0]
    old = [] if last is None else [key for key in keys if key >> _LOW <= last]
    if not old:
        return {}
    blocks = {
        row[0]: _unpack(row[1])
        for row in db.conn.execute(
            "SELECT block, held FROM key_blocks WHERE block IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted({key >> _LOW for key in old})),),
        )
    }
    found = {}
    for key in old:
        if (block := blocks.get(key >> _LOW)) is not None:
            first, last = bisect_left(block[0], key & _MASK), bisect_right(block[0], key & _MASK)
            if first < last:
                found[key] = list(block[1][first:last])
    return found


def _pack(pairs: Collection[tuple[int, int]]) -> bytes:
    """The number of the first text, how wide the distances to it are, the keys, the distances."""
    ordered = sorted(pairs)
    first = min(text for _, text in ordered)
    wide = "H" if max(text for _, text in ordered) - first < 1 << 16 else "Q"
    head = first.to_bytes(7, "little") + wide.encode()
    return (
        head
        + array("I", [key for key, _ in ordered]).tobytes()
        + array(wide, [t - first for _, t in ordered]).tobytes()
    )


def _unpack(held: bytes) -> "tuple[array[int], list[int]]":
    first, wide = int.from_bytes(held[:7], "little"), chr(held[7])
    distances: array[int] = array(wide)
    count = (len(held) - 8) // (4 + distances.itemsize)
    keys = array("I", held[8 : 8 + 4 * count])
    distances.frombytes(held[8 + 4 * count :])
    return keys, [first + distance for distance in distances]
