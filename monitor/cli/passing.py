"""Shows on a terminal that articles pass, and how many."""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.types import Kept


def passing(what: str, *, quiet: bool) -> "Callable[[Iterable[Kept]], Iterable[Kept]]":
    """Returns what lets articles through, and counts them on stderr where that is a terminal."""
    if quiet or not sys.stderr.isatty():
        return iter
    return lambda articles: _counted(what, articles)


def _counted(what: str, articles: "Iterable[Kept]") -> "Iterator[Kept]":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield from shown.track(articles, total=None, description=what)
