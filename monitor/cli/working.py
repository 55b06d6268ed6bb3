"""Commands that work: collect, deliver, run, demo."""

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

from monitor.cli.output import AsJson, Context, complain, config_of, plural, print_json, print_table, unknown
from monitor.errors import ArchiveError
from monitor.types import Outcome, SendState, VisitOutcome

if TYPE_CHECKING:
    from monitor.app import Line
    from monitor.config import Config
    from monitor.config.watching import Files
    from monitor.pipeline import Collected, Delivery, Progress

WAIT_TO_RUN = 2.0
"""Seconds: a `status` that looks at the lock holds it for a moment."""

Strict = Annotated[bool, typer.Option("--strict", help="Exit 1 when anything failed, even if a later run may cure it.")]
Wait = Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for another writer to end.")]


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
    _known(source, [s.id for s in config.sources], "source", "sources.yaml")
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


def deliver(
    context: typer.Context,
    digest: Annotated[list[str] | None, typer.Option("--digest", metavar="ID", help="Only these.")] = None,
    now: Annotated[bool, typer.Option("--now", help="Whatever the hour; uses up no scheduled slot.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent; keep and send nothing.")] = False,
    strict: Strict = False,
    wait: Wait = 10.0,
    as_json: AsJson = False,
) -> None:
    """Compose the digests that are due; send the outbox."""
    config = config_of(context)
    _known(digest, [s.id for s in config.subscriptions], "digest", "digests.yaml")
    deliveries = asyncio.run(_deliver(config, digest, now, dry_run, wait))
    if as_json:
        print_json({"digests": [_delivery_json(delivery) for delivery in deliveries]})
    else:
        _print_deliveries(config, deliveries, dry_run)
    bad = [d for d in deliveries if d.error is not None and d.state != SendState.SENT]
    if bad and (strict or not any(d.state == SendState.SENT for d in deliveries)):
        raise typer.Exit(1)


async def _deliver(
    config: "Config", only: list[str] | None, forced: bool, dry_run: bool, wait: float
) -> "list[Delivery]":
    from monitor import app

    if dry_run:  # beside a running service, too: nothing is written
        with app.reading(config) as archive, app.line(config, archive) as line:
            return await line.deliver.deliver(only, forced=forced, dry_run=True)
    with app.writing(config, purpose="deliver", wait=wait) as archive, app.line(config, archive) as line:
        await line.deliver.register()
        await line.deliver.recover()
        return await line.deliver.deliver(only, forced=forced, hurried=True)


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
            await Service(line, saved).run()
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
) -> None:
    """Run the whole line, offline, on an invented newsroom."""
    from monitor import app
    from monitor.cli.demo import show
    from monitor.demo import newsroom, write_config

    write_config(folder / "config", port)
    config = app.configuration(folder / "config")
    with newsroom(port), progress_bar(False) as progress:
        done = asyncio.run(_collect(config, None, False, 10.0, progress))
    deliveries = asyncio.run(_deliver(config, None, True, False, 10.0))
    show(config, folder / "config", done, deliveries)


def _known(named: list[str] | None, ids: list[str], what: str, file: str) -> None:
    for name in named or []:
        if name not in ids:
            complain(unknown(name, ids, what, file))
            raise typer.Exit(2)


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


def _delivery_json(delivery: "Delivery") -> dict[str, object]:
    fields: dict[str, object] = {
        "digest": delivery.digest_id,
        "to": delivery.reader,
        "slot": delivery.slot,
        "after": delivery.after,
        "upto": delivery.upto,
        "stories": delivery.stories,
        "message_id": delivery.message_id,
        "state": delivery.state,
    }
    return fields | ({"error": delivery.error} if delivery.error else {})


def _print_deliveries(config: "Config", deliveries: "list[Delivery]", dry_run: bool) -> None:
    if not deliveries:
        typer.echo("nothing is due, and the outbox holds nothing to send")
        _print_next(config)
        return
    rows = [(d.digest_id, d.reader, d.slot, d.stories, d.state, d.error) for d in deliveries]
    print_table(None, ("digest", "to", "slot", "stories", "state", "problem"), rows)
    if dry_run:
        from monitor.digest import text

        for delivery in deliveries:
            if delivery.digest is not None and delivery.digest.has_news:
                typer.echo(text(delivery.digest))


def _print_next(config: "Config") -> None:
    from monitor import app, due
    from monitor.cli.output import local

    for subscription in config.subscriptions:
        if slot := due.next_slot(subscription, app.utc_now()):
            typer.echo(f"  {subscription.id}: next at {local(slot.at, subscription.timezone)} {subscription.timezone}")


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    for command in (collect, deliver, run, demo):
        app.command()(command)
