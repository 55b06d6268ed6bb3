"""From the tree to SQLite's search index: an expression that finds all that the query finds, and perhaps more."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from monitor.query.tree import And, Fact, Near, Not, Or, Query, Scope, Term, guards

_DEEPEST = 20  # FTS5's own parser gives up at 33 or so
_COLUMNS = {Scope.TITLE: "{title listed_title}", Scope.TEXT: "{summary text}"}
_MOST_PAIRS = 64  # spellings of one side of NEAR times those of the other


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What the index can say of a query. `exact`: it finds no more than the query does."""

    expression: str
    exact: bool


def to_fts5(query: Query) -> str | None:
    """Returns an FTS5 expression over the columns title, listed_title, summary and text; None: every article may do.

    It leaves out what the index does not know (facts, case, number signs, what is not wanted if the index cannot tell
    it exactly): what it finds has to be held against the query once more.
    """
    narrowed = narrow(query)
    return None if narrowed is None else narrowed.expression


def narrow(query: Query) -> Narrowing | None:
    """Returns the expression of `to_fts5`, and whether it finds just what the query finds."""
    return _narrowed(query, _DEEPEST)


def _narrowed(query: Query, deepest: int) -> Narrowing | None:
    """`deepest`: so many parentheses may still be opened; what lies deeper is narrowed by its guards alone."""
    if deepest <= 0:
        enough = guards(query)
        return None if enough is None else _inexact(_any([_narrowed(guard, 1) for guard in enough]))
    match query:
        case Term():
            found = " OR ".join(_phrases(query))
            if query.scope is not None:
                found = f"{_COLUMNS[query.scope]} : ({found})"
            return Narrowing(expression=f"({found})", exact=query.exact is None and not query.hashtag)
        case Near():
            return _near(query) or _inexact(
                _all([_narrowed(side, deepest - 1) for side in (query.left, query.right)], ())
            )
        case And():
            wanted = [child for child in query.children if not isinstance(child, Not)]
            unwanted = [child.child for child in query.children if isinstance(child, Not)]
            return _all(
                [_narrowed(child, deepest - 2) for child in wanted],
                [_narrowed(child, deepest - 3) for child in unwanted],
            )
        case Or():
            return _any([_narrowed(child, deepest - 1) for child in query.children])
        case Not() | Fact():
            return None


def _phrases(term: Term) -> list[str]:
    return ['"' + " ".join(spelling) + '"' + (" *" if term.prefix else "") for spelling in term.spellings()]


def _all(sides: Iterable[Narrowing | None], unwanted: Iterable[Narrowing | None]) -> Narrowing | None:
    """What is not wanted is left out where the index finds more of it than the query does, or perhaps does."""
    sides, unwanted = list(sides), list(unwanted)
    known = [side for side in sides if side is not None]
    barred = [side for side in unwanted if side is not None and side.exact]
    if not known:
        return None
    written = " AND ".join(side.expression for side in known)
    if barred:
        written = f"({written}) NOT ({' OR '.join(side.expression for side in barred)})"
    exact = len(known) == len(sides) and len(barred) == len(unwanted) and all(side.exact for side in known)
    return Narrowing(expression=f"({written})", exact=exact)


def _any(sides: Sequence[Narrowing | None]) -> Narrowing | None:
    known = [side for side in sides if side is not None]
    if len(known) < len(sides):
        return None
    written = " OR ".join(side.expression for side in known)
    return Narrowing(expression=f"({written})", exact=all(side.exact for side in known))


def _inexact(narrowed: Narrowing | None) -> Narrowing | None:
    return None if narrowed is None else Narrowing(expression=narrowed.expression, exact=False)


def _near(query: Near) -> Narrowing | None:
    """FTS5 counts the words between two phrases as the query does; those that overlap are near to it, to us not.

    None where it cannot be said: terms of other texts, or too many spellings.
    """
    sides = [side.children if isinstance(side, Or) else (side,) for side in (query.left, query.right)]
    pairs = [(one, other) for one, other in product(*sides) if isinstance(one, Term) and isinstance(other, Term)]
    if len(pairs) < len(sides[0]) * len(sides[1]) or sum(one.count * other.count for one, other in pairs) > _MOST_PAIRS:
        return None
    written, exact = [], True
    for one, other in pairs:
        if one.scope is not None and other.scope is not None and one.scope is not other.scope:
            return None
        scope = one.scope or other.scope
        near = " OR ".join(
            f"NEAR({left} {right}, {query.distance})" for left, right in product(_phrases(one), _phrases(other))
        )
        written.append(near if scope is None else f"{_COLUMNS[scope]} : ({near})")
        exact = exact and not any(term.exact or term.hashtag for term in (one, other)) and not _may_overlap(one, other)
    return Narrowing(expression=f"({' OR '.join(f'({each})' for each in written)})", exact=exact)


def _may_overlap(one: Term, other: Term) -> bool:
    """Whether a word may be part of both."""
    return any(
        _same(a, one.prefix and a_last, b, other.prefix and b_last)
        for a, a_last in _words(one)
        for b, b_last in _words(other)
    )


def _words(term: Term) -> set[tuple[str, bool]]:
    """The words of a term, and whether each is its last."""
    return {(word, place == len(spelling) - 1) for spelling in term.spellings() for place, word in enumerate(spelling)}


def _same(a: str, a_begins: bool, b: str, b_begins: bool) -> bool:
    return a == b or (a_begins and b.startswith(a)) or (b_begins and a.startswith(b))
