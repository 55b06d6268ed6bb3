"""The commands. Each is a few lines: the work is in the rooms, and heavy libraries are loaded where they are used."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli import (
    adding,
    citing,
    copying,
    corpus,
    digests,
    explore,
    looking,
    outbox,
    setting,
    showing,
    sources,
    stories,
    tending,
    topics,
    trying,
    web,
    working,
)
from monitor.cli.output import Context, complain
from monitor.cli.pipe import forgiving
from monitor.errors import ArchiveError, ConfigError, MonitorError
from monitor.log import LogFormat, set_up

EXIT_CODES = {
    0: "done; what a later run may cure is only reported",
    1: "nothing at all succeeded; with `--strict`: something did not",
    2: "wrong usage or configuration",
    3: "a check that was asked for did not hold",
    4: "the archive cannot be used",
}

app = typer.Typer(
    name="roxham",
    help="News monitoring that a newsroom can trust: watch, keep once, tell once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (
    setting, working, trying, adding, looking, showing, citing, corpus, stories, sources, topics, digests, outbox,
    tending, copying, explore, web,
):  # fmt: skip
    module.add_to(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        from monitor.app import version

        typer.echo(f"roxham {version()}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path, typer.Option("--config", envvar="ROXHAM_CONFIG", metavar="DIR", help="The folder with the four files.")
    ] = Path("config"),
    log: Annotated[LogFormat, typer.Option("--log", help="How log lines on stderr look.")] = LogFormat.TEXT,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more while working.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """News monitoring that a newsroom can trust: watch, keep once, tell once."""
    set_up(log, verbose=verbose)
    context.obj = Context(folder=config)


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    sys.stdout, sys.stderr = forgiving(sys.stdout), forgiving(sys.stderr)
    try:
        app(standalone_mode=True)
    except ConfigError as error:
        for problem in error.problems:
            complain(str(problem))
        sys.exit(2)
    except ArchiveError as error:
        complain(str(error))
        sys.exit(4)
    except MonitorError as error:
        complain(str(error))
        sys.exit(1)
