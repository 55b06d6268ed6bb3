"""From the tree to SQLite's search index: an expression that finds all that the query finds, and perhaps more."""

from collections.abc import Iterable, Sequence

from monitor.query.tree import And, Fact, Near, Not, Or, Query, Scope, Term, guards

_DEEPEST = 20  # FTS5's own parser gives up at 33 or so
_COLUMNS = {Scope.TITLE: "{title listed_title}", Scope.TEXT: "{summary text}"}


def to_fts5(query: Query) -> str | None:
    """Returns an FTS5 expression over the columns title, listed_title, summary and text; None: every article may do.

    It leaves out what the index does not know (NOT, facts, distances, case, number signs): what it finds has to be held
    against the query once more.
    """
    return _narrowed(query, _DEEPEST)


def _narrowed(query: Query, deepest: int) -> str | None:
    """`deepest`: so many parentheses may still be opened; what lies deeper is narrowed by its guards alone."""
    if not deepest:
        enough = guards(query)
        return None if enough is None else _any([_narrowed(guard, 1) for guard in enough])
    match query:
        case Term():
            found = " OR ".join(
                '"' + " ".join(spelling) + '"' + (" *" if query.prefix else "") for spelling in query.spellings()
            )
            return f"({found})" if query.scope is None else f"({_COLUMNS[query.scope]} : ({found}))"
        case Near():
            return _all([_narrowed(side, deepest - 1) for side in (query.left, query.right)])
        case And():
            return _all([_narrowed(child, deepest - 1) for child in query.children])
        case Or():
            return _any([_narrowed(child, deepest - 1) for child in query.children])
        case Not() | Fact():
            return None


def _all(sides: Iterable[str | None]) -> str | None:
    written = [side for side in sides if side is not None]
    return f"({' AND '.join(written)})" if written else None


def _any(sides: Sequence[str | None]) -> str | None:
    written = [side for side in sides if side is not None]
    return f"({' OR '.join(written)})" if len(written) == len(sides) else None
