"""The tree of a query. One tree, three uses: matching an article, searching the archive, explaining.

| node | is true of an article when |
|---|---|
| Term | its words stand side by side in the title, the teaser or the text |
| Fact | its source, publisher, agency or language is this |
| Near | a term of each side stands in one text, at most so many words between them |
| And, Or, Not | all, one, the other of these are |
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from math import prod


class Scope(StrEnum):
    """Where in an article a term is looked for; everywhere, where it has none."""

    TITLE = "title"  # the page's own headline, and the source's
    TEXT = "text"  # the text, and the teaser


class About(StrEnum):
    """What a fact says something of."""

    SOURCE = "source"
    PUBLISHER = "publisher"
    AGENCY = "agency"
    LANG = "lang"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Words that stand side by side; at each place one of several may stand.

    `words` are folded, and ligatures are written out (`oeuvre`). `exact` are the same words as they were written, where
    case and accents count. The last word of a `prefix` is the beginning of one; the one word of a `hashtag` follows
    a number sign.
    """

    words: tuple[tuple[str, ...], ...]
    exact: tuple[tuple[str, ...], ...] | None = None
    prefix: bool = False
    hashtag: bool = False
    scope: Scope | None = None

    def __str__(self) -> str:
        written = self.exact or self.words
        body = " ".join("|".join(each) for each in written) + ("*" if self.prefix else "")
        sign = "#" if self.hashtag else '="' if self.exact else '"'
        return f"{self.scope + ':' if self.scope else ''}{sign}{body}{'' if self.hashtag else chr(34)}"

    @property
    def count(self) -> int:
        """How many sequences of words may stand for the term."""
        return prod(len(each) for each in self._choices())

    def spellings(self) -> Iterator[tuple[str, ...]]:
        """Yields every folded sequence of words that may stand for the term."""
        return product(*self._choices())

    def _choices(self) -> list[list[str]]:
        choices = [list(dict.fromkeys(s for word in each for s in _ligatures(word))) for each in self.words]
        if self.prefix and (last := self.words[-1][0])[-1] in _HALVES:  # co* begins coeur, and so cœur
            choices[-1] += [each[:-1] + _HALVES[last[-1]] for each in choices[-1]]
        return choices


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What is known of the article besides its words.

    A source is named by its id, a language by its code; a publisher or an agency by words of its name.
    """

    about: About
    value: str  # of publisher and agency: folded words
    prefix: bool = False  # the value is the beginning of a source's id, or of the last word of a name

    def __str__(self) -> str:
        return f'{self.about}:"{self.value}{"*" if self.prefix else ""}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A term of each side in one text, in either order, at most `distance` words between them."""

    left: "Query"
    right: "Query"
    distance: int

    def __str__(self) -> str:
        return f"{_grouped(self.left)} NEAR/{self.distance} {_grouped(self.right)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    """All of these."""

    children: tuple["Query", ...]

    def __str__(self) -> str:
        return " AND ".join(map(_grouped, self.children))


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    """One of these."""

    children: tuple["Query", ...]

    def __str__(self) -> str:
        return " OR ".join(map(_grouped, self.children))


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """Not this."""

    child: "Query"

    def __str__(self) -> str:
        return f"NOT {_grouped(self.child)}"


Query = Term | Fact | Near | And | Or | Not


def _grouped(query: Query) -> str:
    return str(query) if isinstance(query, Term | Fact) else f"({query})"


def join(kind: type[And] | type[Or], queries: Iterable[Query]) -> Query:
    """Returns the queries under one node, each once; those that are of that kind themselves are taken apart."""
    flat = dict.fromkeys(
        part for query in queries for part in (query.children if isinstance(query, kind) else (query,))
    )
    return next(iter(flat)) if len(flat) == 1 else kind(children=tuple(flat))


def negated(query: Query) -> Query:
    """Returns the other of a query."""
    return query.child if isinstance(query, Not) else Not(child=query)


def any_of(queries: Iterable[Query]) -> Query:
    """Returns the query that is true when one of these is. Raises ValueError when there are none."""
    if not (some := list(queries)):
        raise ValueError("none of nothing is ever true")
    return join(Or, some)


def terms(query: Query) -> Iterator[Term]:
    """Yields every term, those under NOT too."""
    match query:
        case Term():
            yield query
        case Near():
            yield from terms(query.left)
            yield from terms(query.right)
        case And() | Or():
            for child in query.children:
                yield from terms(child)
        case Not():
            yield from terms(query.child)


def guards(query: Query) -> frozenset[Term | Fact] | None:
    """Returns terms and facts of which one at least is true wherever the query is; None where there are none such.

    A query without guards is true of articles that hold nothing it names. A language is no guard: it narrows, but
    half of all articles have it.
    """
    match query:
        case Term():
            return frozenset([query])
        case Fact():
            return None if query.about is About.LANG else frozenset([query])
        case Near():
            return _cheapest([guards(query.left), guards(query.right)])
        case And():
            return _cheapest(map(guards, query.children))
        case Or():
            together: frozenset[Term | Fact] = frozenset()
            for child in query.children:
                guard = guards(child)
                if guard is None:
                    return None
                together |= guard
            return together
        case Not():
            return None


def _cheapest(sides: Iterable[frozenset[Term | Fact] | None]) -> frozenset[Term | Fact] | None:
    return min((guard for guard in sides if guard is not None), key=_cost, default=None)


def _cost(guard: frozenset[Term | Fact]) -> tuple[bool, int, int]:
    """Facts wake a query for every article of a source; of terms the fewest, and of those the longest."""
    return (
        any(isinstance(each, Fact) for each in guard),
        len(guard),
        -min((sum(len(word[0]) for word in each.words) for each in guard if isinstance(each, Term)), default=0),
    )


_HALVES = {"o": "œ", "a": "æ"}


def _ligatures(word: str) -> Iterator[str]:
    """Yields a word with œ and æ written out, and with the ligature, as carriers write it one way or the other."""
    yield word
    if "oe" in word or "ae" in word:
        yield word.replace("oe", "œ").replace("ae", "æ")
