"""The query language: what an operator or a searcher writes, and what it finds.

    "Roxham Road" OR (#RoxhamRoad -Norfolk)      =STCA NEAR/30 (asylum OR border*)      title:Lacolle AND lang:fr

In: the text of a query; out: a tree (`parse`) with three uses. `Compiled` holds many trees against one article and says
where their terms stand; `to_fts5` narrows a search of the archive; and the same spans explain. The Python matcher is
the only authority: what the search index returns is held against the tree once more.

Raised: QueryError, with what is wrong, its place, and what would be right. docs/queries.md is the page for people.
"""

from monitor.query.compiled import Compiled, Hidden, Hits, Positions, Result, Span, Subject, subject
from monitor.query.fts5 import Narrowing, narrow, to_fts5
from monitor.query.grammar import QueryError, parse
from monitor.query.slips import like_operators
from monitor.query.tree import About, And, Fact, Near, Not, Or, Query, Scope, Term, any_of, terms

__all__ = [
    "About",
    "And",
    "Compiled",
    "Fact",
    "Hidden",
    "Hits",
    "Narrowing",
    "Near",
    "Not",
    "Or",
    "Positions",
    "Query",
    "QueryError",
    "Result",
    "Scope",
    "Span",
    "Subject",
    "Term",
    "any_of",
    "check_form",
    "like_operators",
    "narrow",
    "parse",
    "subject",
    "terms",
    "to_fts5",
]


def check_form(text: str) -> QueryError | None:
    """Returns what is wrong with a form of a topic, or None."""
    try:
        parse(text, form=True)
    except QueryError as error:
        return error
    return None
