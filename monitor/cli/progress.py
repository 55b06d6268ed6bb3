"""A progress bar for a collect on a terminal, drawn on stderr."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from monitor.types import Outcome, Pending, Visit


class Bar:
    """Counts visits, and the items they brought as they are read."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self._visits = self._progress.add_task("visits", total=None)
        self._items = self._progress.add_task("articles", total=0)

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def visited(self, visit: Visit, new: int) -> None:
        """A visit was kept."""
        self._progress.advance(self._visits)
        total = self._progress.tasks[self._items].total or 0
        self._progress.update(self._items, total=total + new)

    def took(self, pending: Pending, outcome: Outcome) -> None:
        """An item was read, or closed without an article."""
        self._progress.advance(self._items)
