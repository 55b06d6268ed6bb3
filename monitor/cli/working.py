"""Commands that work: collect, run, demo (delivering.py has deliver)."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.delivering import Strict, Wait, deliver, delivered
from monitor.cli.output import AsJson, Context, complain, config_of, known, plural, print_json, print_table
from monitor.errors import ArchiveError
from monitor.types import Outcome, VisitOutcome

if TYPE_CHECKING:
    from monitor.app import Line
    from monitor.config import Config
    from monitor.config.watching import Files
    from monitor.pipeline import Collected, Progress

WAIT_TO_RUN = 2.0
"""Seconds: a `status` that looks at the lock holds it for a moment."""


def collect(
    context: typer.Context,
    source: Annotated[list[str] | None, typer.Option("--source", metavar="ID", help="Only these.")] = None,
    due: Annotated[bool, typer.Option("--due", help="Only the sources that are due.")] = False,
    strict: Strict = False,
    wait: Wait = 10.0,
    as_json: AsJson = False,
) -> None:
    """Visit the sources once, read every pending page, end."""
    config = config_of(context)
    known(source, [s.id for s in config.sources], "source", "sources.yaml")
    started = time.monotonic()
    with progress_bar(as_json) as progress:
        done = asyncio.run(_collect(config, source, due, wait, progress))
    if as_json:
        print_json(_collected_json(done, time.monotonic() - started))
    else:
        _print_collected(done, time.monotonic() - started)
    outcomes = {visit.outcome for visit in done.visits}
    nobody = VisitOutcome.FAILED in outcomes and not outcomes & {VisitOutcome.CHANGED, VisitOutcome.UNCHANGED}
    lacking = done.partial or done.set_aside or any(v.error for v in done.visits if v.outcome != VisitOutcome.SKIPPED)
    if nobody or (strict and lacking):
        raise typer.Exit(1)


async def _collect(
    config: "Config", only: list[str] | None, due: bool, wait: float, progress: "Progress | None"
) -> "Collected":
    from monitor import app

    with app.writing(config, purpose="collect", wait=wait) as archive, app.line(config, archive, progress) as line:
        await line.deliver.register()
        done = await line.collect.collect(only, due_only=due)
        await line.collect.weave()
        while await line.threads.archive(archive.prune, app.utc_now() - config.keep_unmatched):
            pass
        return done


def run(context: typer.Context) -> None:
    """Run the service: sources and digests, until SIGTERM.

    Files of the configuration that are saved meanwhile are taken over at once, if all of them are sound together.
    """
    from monitor.config.watching import Files

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # while it starts; the service has its own way to stop
    chosen: Context = context.obj
    files = Files(chosen.folder)
    config = chosen.config()
    for warning in config.warnings:
        complain(f"warning: {warning}")
    asyncio.run(_run(config, files))


async def _run(config: "Config", files: "Files") -> None:
    from monitor import app
    from monitor.schedule import Service

    saved = files.changes(lambda: app.configuration(files.folder))
    failure: ArchiveError | None = None
    with app.writing(config, purpose="run", wait=WAIT_TO_RUN) as archive, app.line(config, archive) as line:
        try:
            await Service(line, saved, files.folder).run()
        except ArchiveError as error:
            failure = error
    await _leave(line, failure)


async def _leave(line: "Line", failure: ArchiveError | None) -> None:
    """Ends the process in time, also while a thread takes a page apart: it cannot be stopped, and Python would wait."""
    for _ in range(20):
        if not line.threads.busy:
            break
        await asyncio.sleep(0.1)
    else:  # the archive is closed, and the item handed back
        complain(str(failure) if failure else "left unread what was being taken apart (a page, a feed, a saved file)")
        sys.stdout.flush()
        os._exit(4 if failure else 0)
    if failure is not None:
        raise failure


def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Where its archive and mail are kept.")] = Path("var/demo"),
    port: Annotated[int, typer.Option("--port", help="Of the newsroom's site on this machine.")] = 8409,
    pages: Annotated[
        bool | None,
        typer.Option("--pages/--no-pages", help="End with the pages, until Ctrl-C; on a terminal they are."),
    ] = None,
) -> None:
    """Run the whole line, offline, on an invented newsroom; then look around in its pages."""
    from monitor import app
    from monitor.cli.demo import show
    from monitor.cli.web import serve_pages
    from monitor.demo import newsroom, write_config

    write_config(folder / "config", port)
    config = app.configuration(folder / "config")
    with newsroom(port), progress_bar(False) as progress:
        done = asyncio.run(_collect(config, None, False, 10.0, progress))
    told = asyncio.run(delivered(config, None, forced=True))
    show(config, folder / "config", done, told.deliveries)
    if pages if pages is not None else sys.stdout.isatty():
        serve_pages(folder / "config", anywhere=True)


@contextmanager
def progress_bar(as_json: bool) -> "Iterator[Progress | None]":
    """A bar on a terminal, nothing elsewhere."""
    if as_json or not sys.stderr.isatty():
        yield None
        return
    from monitor.cli.progress import Bar

    with Bar() as bar:
        yield bar


def _collected_json(done: "Collected", seconds: float) -> dict[str, object]:
    return {
        "visits": [
            {
                "source": visit.source_id,
                "status": visit.status,
                "outcome": visit.outcome.value,
                "found": visit.found,
                "new": visit.new,
                "error": visit.error,
            }
            for visit in done.visits
        ],
        "articles": {outcome.value: done.counts[outcome] for outcome in Outcome},
        "partial": done.partial,
        "set_aside": done.set_aside,
        "seconds": round(seconds, 3),
    }


def _print_collected(done: "Collected", seconds: float) -> None:
    rows = [(v.source_id, v.outcome.value, v.status, v.found, v.new, v.error) for v in done.visits]
    if rows:
        print_table(None, ("source", "outcome", "status", "found", "new", "problem"), rows)
    counts = ", ".join(f"{done.counts[outcome]} {outcome.value}" for outcome in Outcome if done.counts[outcome])
    typer.echo(f"{plural(len(done.visits), 'visit')}; {counts or 'nothing listed'}; {seconds:.1f} s")
    if done.partial:
        typer.echo(f"{plural(done.partial, 'article')} partial: the page could not be read, the feed's text was kept")
    if done.set_aside:
        typer.echo(f"{plural(done.set_aside, 'item')} set aside: `roxham pending --set-aside` shows them")


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    for command in (collect, deliver, run, demo):
        app.command()(command)
