"""What commands print: one JSON document on stdout, or tables for people; everything else goes to stderr."""

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from monitor.config import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the options before the command said."""

    folder: Path

    def config(self) -> "Config":
        """Returns the configuration; `check` and `run` say its warnings. Raises ConfigError."""
        from monitor.app import configuration

        return configuration(self.folder)


def config_of(context: typer.Context) -> "Config":
    """Returns the configuration that a command works by. Raises ConfigError."""
    chosen: Context = context.obj
    return chosen.config()


AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and nothing else there.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
LARGEST = 2**63 - 1
"""The largest integer that SQLite knows."""

_NARROWEST = 80  # columns of a table; narrower terminals break its lines themselves

Limit = Annotated[int | None, typer.Option("--limit", min=1, max=LARGEST, help="At most so many; all when left out.")]


def complain(text: str) -> None:
    """Says on stderr what is wrong."""
    typer.echo(text, err=True)


def only_for_the_list(context: typer.Context, what: str) -> None:
    """Ends the command where options of a list stand before a command below it: they would not be heard there."""
    given = [option.opts[0] for option in context.command.params if context.params.get(option.name or "")]
    if given:
        below = context.invoked_subcommand
        complain(f"{', '.join(given)} before {below} is about the list of {what}; options of {below} stand behind it")
        raise typer.Exit(2)


def ask(question: str) -> None:
    """Asks on a terminal, and ends the command unless the answer is yes; elsewhere nobody could answer."""
    if not sys.stdin.isatty():
        complain("nothing was done: there is no terminal to ask on; --yes stands for the answer")
        raise typer.Exit(2)
    if not typer.confirm(question, err=True):
        complain("nothing was done")
        raise typer.Exit(1)


def unknown(named: str, ids: Sequence[str], what: str, file: str) -> str:
    """Says that an id is not configured, and which one may have been meant."""
    import difflib

    near = difflib.get_close_matches(named, ids, n=1)
    return f"no {what} {named!r} in {file}" + (f"; did you mean {near[0]!r}?" if near else "")


def known(named: Sequence[str] | None, ids: Sequence[str], what: str, file: str) -> None:
    """Ends the command where an id is not configured."""
    for name in named or ():
        if name not in ids:
            complain(unknown(name, ids, what, file))
            raise typer.Exit(2)


def print_json(document: object) -> None:
    """Writes one JSON document."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def console() -> "Console":
    """Returns the console of tables: as wide as the terminal, but not too narrow to read, and wide enough for pipes."""
    from rich.console import Console

    width = max(shutil.get_terminal_size().columns, _NARROWEST) if sys.stdout.isatty() else 160
    return Console(highlight=False, width=width)


def print_table(title: str | None, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes a table; None is shown as a dash."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")  # nothing is cut off: an id or a form is there to be copied
    for row in rows:
        table.add_row(*(Text("–" if cell is None else str(cell)) for cell in row))
    console().print(table)


def local(moment: datetime | None, zone: str) -> str | None:
    """Returns a time as people of that zone write it."""
    return None if moment is None else f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def plural(count: int, word: str) -> str:
    """Returns `1 story`, `2 stories`."""
    if count == 1:
        return f"1 {word}"
    return f"{count:,} {word[:-1]}ies" if word.endswith("y") else f"{count:,} {word}s"
