"""Which articles answer a question: the query by the search index and by facts, the filters by the columns."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.archive import Filter
from monitor.archive.columns import Columns, Facts, Ids, Mask, Names, table
from monitor.archive.hits import Hits
from monitor.query import About, And, Compiled, Fact, Near, Not, Or, Query, Subject, narrow

_FIELDS = {About.PUBLISHER: "publisher", About.AGENCY: "agency", About.LANG: "language"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """The ids of what may answer, in order; where it is `exact`, all of them do."""

    ids: Ids
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """An FTS5 expression, and which of what it finds may answer; where it is `exact`, all of those do."""

    expression: str
    mask: Mask | None = None
    exact: bool


class Asked:
    """One question to the archive at one moment."""

    def __init__(self, connection: Any, columns: Columns, hits: Hits, wanted: Filter, query: Query | None) -> None:
        self._connection = connection
        self._columns = columns
        self._hits = hits
        self._wanted = wanted
        self._query = query
        self._filters = list(self._tables())

    def all(self) -> Candidates:
        """Returns all candidates."""
        if self._query is None:
            return Candidates(ids=self.filtered(self._columns.every()), exact=True)
        found = self._evaluated(self._query)
        ids = found.ids[~self._columns.pruned[found.ids]] if len(found.ids) else found.ids
        return Candidates(ids=self.filtered(ids), exact=found.exact)

    def stream(self) -> "Stream | None":
        """Returns by what candidates can be had one after another; None: only all at once."""
        match self._query:
            case None:
                return None
            case And():
                plain, facts = _parted(self._query.children)
                narrowed = narrow(And(children=plain)) if plain else None
                if narrowed is None or not all(isinstance(fact, Fact) for fact in facts):
                    return None
                masks = [self._mask(self._evaluated(fact)) for fact in facts]
                return Stream(expression=narrowed.expression, mask=_all(masks), exact=narrowed.exact)
            case query:
                narrowed = None if _has_facts(query) else narrow(query)
                return None if narrowed is None else Stream(expression=narrowed.expression, exact=narrowed.exact)

    def filtered(self, ids: Ids) -> Ids:
        """Returns those of the ids that the filters let through."""
        wanted, columns = self._wanted, self._columns
        if wanted.upto is not None:
            ids = ids[: np.searchsorted(ids, wanted.upto, side="right")]
        for column, let_through in self._filters:
            ids = ids[let_through[column[ids]]]
        if wanted.since is not None:
            ids = ids[columns.seen[ids] >= _ms(wanted.since)]
        if wanted.until is not None:
            ids = ids[columns.seen[ids] < _ms(wanted.until)]
        return ids

    def _tables(self) -> Iterator[tuple[NDArray[np.int32], Mask]]:
        wanted, columns, words = self._wanted, self._columns, self._columns.words
        chosen = [
            (place, frozenset[str | None](values))
            for place, values in enumerate(
                (wanted.publishers, wanted.languages, wanted.agencies, wanted.relations)
            )  # in the order of `Facts`
            if values
        ]
        if chosen:
            yield columns.facts, table(words.facts.values, lambda facts: all(facts[n] in some for n, some in chosen))
        if wanted.topics:
            yield columns.topics, _any_in(words.topics, words.topic, frozenset(wanted.topics).__contains__)
        if wanted.sources:
            yield columns.sources, _any_in(words.sources, words.source, frozenset(wanted.sources).__contains__)

    # the query

    def _evaluated(self, query: Query) -> Candidates:
        if not _has_facts(query) and (narrowed := narrow(query)) is not None:
            ids = self._hits.find(self._connection, self._columns, narrowed.expression)
            return Candidates(ids=ids, exact=narrowed.exact)
        match query:
            case Fact():
                return self._of_mask(self._true_of(query), exact=True)
            case Not():
                found = self._evaluated(query.child)
                if not found.exact:
                    return Candidates(ids=self._columns.unpruned(), exact=False)
                return self._of_mask(~self._mask(found), exact=True)
            case And():
                sides = [self._evaluated(side) for side in _sides(query)]
                return self._of_mask(_all(map(self._mask, sides)), exact=all(side.exact for side in sides))
            case Or():
                sides = [self._evaluated(side) for side in _sides(query)]
                either = self._mask(sides[0])
                for side in sides[1:]:
                    either |= self._mask(side)
                return self._of_mask(either, exact=all(side.exact for side in sides))
        return Candidates(ids=self._columns.unpruned(), exact=False)

    def _mask(self, found: Candidates) -> Mask:
        mask = np.zeros(self._columns.size, np.bool_)
        mask[found.ids] = True
        return mask

    def _of_mask(self, mask: Mask | None, *, exact: bool) -> Candidates:
        columns = self._columns
        there = (columns.story > 0) & ~columns.pruned
        return Candidates(ids=np.flatnonzero(there if mask is None else there & mask).astype(np.int32), exact=exact)

    def _true_of(self, fact: Fact) -> Mask:
        """A fact is looked up once for each different name, by the very matcher that reads articles."""
        columns, words = self._columns, self._columns.words
        compiled = Compiled([fact])

        def holds(subject: Subject) -> bool:
            return compiled.result(0, compiled.hits(subject)) is not None

        if fact.about is About.SOURCE:
            return _any_in(words.sources, words.source, lambda name: holds(_subject(sources=(name,))))[columns.sources]
        known: dict[str | None, bool] = {}
        place = Facts._fields.index(_FIELDS[fact.about])

        def of(facts: Facts) -> bool:
            if (name := facts[place]) not in known:
                known[name] = holds(_subject(**{_FIELDS[fact.about]: name}))
            return known[name]

        return table(words.facts.values, of)[columns.facts]


def _any_in(sets: Names[tuple[int, ...]], names: Names[str], wanted: Callable[[str], bool]) -> Mask:
    """Returns for each set whether one of the names in it is wanted."""
    single = [wanted(name) for name in list(names.values)]
    return table(sets.values, lambda numbers: any(single[number] for number in numbers))


def _sides(query: And | Or) -> list[Query]:
    """Returns the children; those that the index can answer together as one."""
    plain, others = _parted(query.children)
    return [*([type(query)(children=plain)] if len(plain) > 1 and len(others) else plain), *others]


def _parted(children: Iterable[Query]) -> tuple[tuple[Query, ...], list[Query]]:
    plain: list[Query] = []
    others: list[Query] = []
    for child in children:
        (others if _has_facts(child) else plain).append(child)
    return tuple(plain), others


def _has_facts(query: Query) -> bool:
    match query:
        case Fact():
            return True
        case Not():
            return _has_facts(query.child)
        case And() | Or():
            return any(map(_has_facts, query.children))
        case Near():
            return _has_facts(query.left) or _has_facts(query.right)
    return False


def _all(masks: Iterable[Mask]) -> Mask | None:
    found: Mask | None = None
    for mask in masks:
        found = mask if found is None else found & mask
    return found


def _subject(**known: Any) -> Subject:
    return Subject(**{"texts": (), "sources": (), "publisher": "", "agency": None, "language": None} | known)


def _ms(moment: datetime) -> int:
    """As the archive writes times: what is less than a millisecond is cut off."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)
