"""What every article is filtered and counted by, in memory: some 30 bytes each, in columns that do not change.

What few articles differ in stands in numbers: a publisher, say, is looked at once for each combination of facts that
there is, not once for each article. SQLite hands over long texts of numbers, which spares an object for each.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]
Mask = NDArray[np.bool_]
State = tuple[int, int]
"""The number of the newest row of the log `changed`, and that of the newest article: both only grow."""
T = TypeVar("T")

DTYPES: dict[str, type[np.generic]] = {
    "story": np.int32,  # 0: there is no such article
    "facts": np.int32,
    "sources": np.int32,
    "topics": np.int32,
    "seen": np.int64,  # milliseconds since 1970
    "dated": np.int32,  # days since 1970
    "pruned": np.bool_,
}

_AT_ONCE = 50_000  # rows in one text
_NAMED = 500  # ids in one query
_DAY = 86_400  # seconds


class Facts(NamedTuple):
    """What is known of an article besides its words, its listings and its topics."""

    publisher: str
    language: str | None
    agency: str | None
    relation: str
    source: str


class Names(Generic[T]):
    """Different values, and the number by which each stands in a column. What has a number keeps it."""

    def __init__(self) -> None:
        self.values: list[T] = []
        self._numbers: dict[T, int] = {}

    def number(self, value: T) -> int:
        """Returns the number of a value; a new one gets one."""
        if (number := self._numbers.get(value)) is None:
            self.values.append(value)
            number = self._numbers[value] = len(self.values) - 1
        return number


class Vocabulary:
    """What the numbers in the columns stand for. It only grows: former columns can still be read by it."""

    def __init__(self) -> None:
        self.facts: Names[Facts] = Names()
        self.source: Names[str] = Names()
        self.topic: Names[str] = Names()
        self.sources: Names[tuple[int, ...]] = Names()  # all that listed an article, by their numbers
        self.topics: Names[tuple[int, ...]] = Names()
        self._read: dict[str, int] = {}

    def facts_numbers(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """Returns the numbers of facts that are written in JSON."""
        for text in set(texts) - self._read.keys():
            self._read[text] = self.facts.number(Facts(*json.loads(text)))
        return np.array([self._read[text] for text in texts], np.int32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """All articles at one moment, by id: place 0 is nobody's."""

    state: State
    words: Vocabulary
    story: NDArray[np.int32]
    facts: NDArray[np.int32]
    sources: NDArray[np.int32]
    topics: NDArray[np.int32]
    seen: NDArray[np.int64]
    dated: NDArray[np.int32]
    pruned: Mask

    @property
    def size(self) -> int:
        """One more than the highest id."""
        return len(self.story)

    def every(self) -> Ids:
        """Returns the ids of all articles, in order."""
        return np.flatnonzero(self.story).astype(np.int32)

    def unpruned(self) -> Ids:
        """Returns the ids of those whose text was not erased."""
        return np.flatnonzero((self.story > 0) & ~self.pruned).astype(np.int32)


# --- from the archive ------------------------------------------------------------------------------------------------


def newest(connection: Any) -> State:
    """Returns the state of the archive in this transaction."""
    number, last = connection.execute(
        "SELECT (SELECT max(number) FROM changed), coalesce((SELECT max(id) FROM articles), 0)"
    ).fetchone()
    return number, last


def changed_since(connection: Any, before: State, now: State) -> set[int] | None:
    """Returns the articles that came or changed between; None: the log does not reach back so far."""
    if connection.execute("SELECT 1 FROM changed WHERE number = ?", (before[0],)).fetchone() is None:
        return None
    changed = connection.execute("SELECT DISTINCT article FROM changed WHERE number > ?", (before[0],))
    return {row[0] for row in changed}.union(range(before[1] + 1, now[1] + 1))


def fetched(connection: Any, sql: str, values: Sequence[object]) -> Ids:
    """Returns the numbers, which fit into 32 bits, that a query gives in its one column `rowid`."""
    text = connection.execute(f"SELECT group_concat(rowid) FROM ({sql})", values).fetchone()[0]  # noqa: S608
    return np.fromstring(text, np.int32, sep=",") if text else np.zeros(0, np.int32)


_SEEN = "unixepoch(a.first_seen_at)"
_ARTICLES = (
    f"SELECT group_concat(a.id || ',' || a.story || ',' || a.pruned || ',' || ({_SEEN} * 1000 + "  # noqa: S608
    f"substr(a.first_seen_at, 21, 3)) || ',' || coalesce(unixepoch(coalesce(v.published_at, v.updated_at)), {_SEEN})), "
    "group_concat(json_array(a.publisher, a.language, v.agency, a.relation, a.source), char(10)) FROM articles a "
    "CROSS JOIN versions v INDEXED BY versions_facts ON v.article = a.id AND v.number = a.version WHERE a.id {}"
)
_PAIRS = {
    "sources": "SELECT group_concat(article), group_concat(source, char(10)) FROM items WHERE article {}",
    "topics": "SELECT group_concat(article), group_concat(topic, char(10)) FROM matches WHERE article {}",
}


def loaded(
    connection: Any, words: Vocabulary, only: Sequence[int] | None, size: int
) -> Iterator[tuple[str, NDArray[np.int64], NDArray[Any]]]:
    """Yields columns, or parts of them: name, ids, values. Of all articles below `size`, or `only` these, in order."""
    own = []
    for text, facts in _texts(connection, _ARTICLES, only, size):
        numbers = np.fromstring(text, np.int64, sep=",").reshape(-1, 5).T
        ids = numbers[0]
        yield "story", ids, numbers[1]
        yield "pruned", ids, numbers[2].astype(np.bool_)
        yield "seen", ids, numbers[3]
        yield "dated", ids, numbers[4] // _DAY
        found = words.facts_numbers(facts)
        yield "facts", ids, found
        source = np.array([words.source.number(each.source) for each in words.facts.values], np.int64)
        own.append((ids << 32) | source[found])
    every = np.concatenate(own) >> 32 if own else np.zeros(0, np.int64)
    yield (
        "sources",
        every,
        _sets(words.sources, every, [*own, *_pairs(connection, words.source, "sources", only, size)]),
    )
    yield "topics", every, _sets(words.topics, every, list(_pairs(connection, words.topic, "topics", only, size)))


def _texts(connection: Any, sql: str, only: Sequence[int] | None, size: int) -> Iterator[tuple[str, list[str]]]:
    parts: Iterator[Sequence[int]]
    if only is None:
        parts = ((first, first + _AT_ONCE - 1) for first in range(1, size, _AT_ONCE))
    else:
        parts = (only[first : first + _NAMED] for first in range(0, len(only), _NAMED))
    for part in parts:
        among = "BETWEEN ? AND ?" if only is None else f"IN ({','.join('?' * len(part))})"
        numbers, names = connection.execute(sql.format(among), part).fetchone()
        if numbers is not None:
            yield numbers, names.split("\n")


def _pairs(
    connection: Any, names: Names[str], kind: str, only: Sequence[int] | None, size: int
) -> Iterator[NDArray[np.int64]]:
    for ids, values in _texts(connection, _PAIRS[kind], only, size):
        yield (np.fromstring(ids, np.int64, sep=",") << 32) | np.array(list(map(names.number, values)), np.int64)


def _sets(
    sets: Names[tuple[int, ...]], every: NDArray[np.int64], pairs: Sequence[NDArray[np.int64]]
) -> NDArray[np.int32]:
    """Returns for each of the articles, which are in order, the number of the set of all that it is paired with."""
    found = np.full(len(every), sets.number(()), np.int32)
    if not pairs:
        return found
    both = np.sort(np.concatenate(pairs))
    both = both[np.concatenate(([True], both[1:] != both[:-1]))]
    ids, values = both >> 32, both & 0xFFFFFFFF
    first = np.flatnonzero(np.concatenate(([True], ids[1:] != ids[:-1])))
    length = np.diff(np.append(first, len(ids)))
    single = np.array([sets.number((value,)) for value in range(int(values.max()) + 1)], np.int32)
    numbers = single[values[first]]
    for place in np.flatnonzero(length > 1):
        start = first[place]
        numbers[place] = sets.number(tuple(values[start : start + length[place]].tolist()))
    found[np.searchsorted(every, ids[first])] = numbers
    return found


# --- figures ---------------------------------------------------------------------------------------------------------


def table(values: Sequence[T], wanted: Callable[[T], bool]) -> Mask:
    """Returns for each value of a column whether it is wanted."""
    return np.fromiter(map(wanted, list(values)), np.bool_)


def counted(values: Sequence[T], column: NDArray[np.int32], ids: Ids) -> Iterator[tuple[T, int]]:
    """Yields each value that any of the articles has, and how many have it."""
    numbers = np.bincount(column[ids], minlength=1)
    for number in np.flatnonzero(numbers).tolist():
        yield values[number], int(numbers[number])


def days(column: NDArray[Any], ids: Ids, units: int) -> dict[int, int]:
    """Returns how many of the articles stand on each day since 1970; a day has so many units of the column."""
    if not len(ids):
        return {}
    each = column[ids] if units == 1 else column[ids] // units
    first = int(each.min())
    numbers = np.bincount(each - first)
    return {first + day: int(numbers[day]) for day in np.flatnonzero(numbers).tolist()}
