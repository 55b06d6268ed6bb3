"""Commands that tend: pending, status."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import serving
from monitor.cli.messages import held
from monitor.cli.output import (
    AsJson,
    Context,
    Limit,
    complain,
    config_of,
    local,
    plural,
    print_json,
    print_table,
)
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.overview.service import Sources
    from monitor.types import Alarm, Pause

SHOWN_ILL = 5  # sources that `status` names
SHOWN_PAUSED = 5  # readers


def pending(
    context: typer.Context,
    set_aside: Annotated[bool, typer.Option("--set-aside", help="Only items that killed the process.")] = False,
    rejected: Annotated[bool, typer.Option("--rejected", help="Items that are no articles, and why.")] = False,
    retry: Annotated[
        str | None, typer.Option("--retry", metavar="ID|all", help="Read it again at the next collect.")
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List items that wait, were set aside or rejected; retry."""
    from monitor import app, export
    from monitor.types import ItemState

    config = config_of(context)
    if retry is not None:
        if retry != "all" and not retry.isdecimal():
            complain(f"--retry takes the number of an item, or all; not {retry!r}")
            raise typer.Exit(2)
        with app.changing(config, purpose="pending") as archive:
            again = archive.retry(None if retry == "all" else [int(retry)])
        if not again and retry != "all":
            complain(f"no item {retry} waits for a later try or was set aside")
            raise typer.Exit(1)
        print_json({"retried": again}) if as_json else typer.echo(f"{plural(again, 'item')} pending again")
        return
    states = [ItemState.REJECTED] if rejected else [ItemState.SET_ASIDE] if set_aside else [
        ItemState.PENDING, ItemState.SET_ASIDE]  # fmt: skip
    with app.reading(config) as archive:
        listed = archive.listed(states, limit=limit)
    if as_json:
        print_json([export.item(item) for item in listed])
        return
    if not listed:
        typer.echo(
            "no item was rejected" if rejected else "no item waits" if not set_aside else "no item was set aside"
        )
        return
    rows = [
        (i.item_id, i.source_id, i.state.value, local(i.not_before, config.timezone), i.reason, i.url or i.title)
        for i in listed
    ]
    print_table(None, ("item", "source", "state", "not before", "why", "address"), rows)


def status(
    context: typer.Context,
    alive: Annotated[bool, typer.Option("--alive", help="Exit 3 unless the service runs and is well.")] = False,
    seen: Annotated[bool, typer.Option("--seen", help="Mark the alarms it shows as seen.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say whether the service is alive, by which files, what waits, and what needs a hand."""
    from monitor import app
    from monitor.overview.service import document
    from monitor.overview.service import status as of_service

    chosen: Context = context.obj
    config, path = _as_it_is(chosen)
    zone = config.timezone if config is not None else "UTC"
    with app.reading_file(path) as archive:
        said = of_service(config, archive, path, app.utc_now(), config.fingerprint if config is not None else None)
    beat, hold, alarms = said.heartbeat_at, said.hold, said.alarms
    if as_json:
        print_json(document(said))
    else:
        heard = f"last heard {local(beat, zone)}" if beat is not None else "it never ran"
        told = serving.told(said.running, said.fingerprint, zone) if said.running is not None else []
        for name, value in (
            ("service", f"{'alive' if said.alive else 'not running'}, {heard}{'' if config is not None else ' (UTC)'}"),
            *(("" if number else "config", line) for number, line in enumerate(told)),
            ("archive", f"{path}, held by {said.held_by or 'nobody'}"),
            ("sources", _ill(said.sources)),
            ("items", f"{said.pending} pending, {said.set_aside} set aside"),
            ("outbox", _outbox(said.unsent)),
            *([("", held(hold))] if hold is not None else []),
            *(("" if number else "paused", line) for number, line in enumerate(_paused(said.pauses))),
            *(("" if number else "alarms", line) for number, line in enumerate(_alarms(alarms, zone, seen=seen))),
        ):
            typer.echo(f"{name:<8}  {value}")
    if seen and alarms:
        with app.changing(chosen.config(), purpose="status") as archive:
            archive.commit_alarms([alarm.id for alarm in alarms], None, app.utc_now())
    if alive and not said.alive:
        raise typer.Exit(3)


def _outbox(unsent: "Mapping[str, int]") -> str:
    said = f"{plural(sum(unsent.values()), 'message')} without a receipt"
    parts = ", ".join(f"{count} {state}" for state, count in sorted(unsent.items()))
    return f"{said}: {parts}; see `roxham outbox --unsent`" if unsent else said


def _paused(pauses: "Sequence[Pause]") -> list[str]:
    lines = [
        f"{pause.reader} in {pause.digest_id or 'every digest'}: {pause.reason.value}"
        + (f", {pause.note}" if pause.note else "")
        for pause in pauses[:SHOWN_PAUSED]
    ]
    left = len(pauses) - len(lines)
    return [*lines, f"and {left} more; see `roxham digests`"] if left > 0 else lines


def _alarms(alarms: "Sequence[Alarm]", zone: str, *, seen: bool) -> list[str]:
    lines = [f"{local(alarm.at, zone)}  {alarm.text}" for alarm in alarms]
    return [*lines, "`roxham status --seen` marks these as seen"] if lines and not seen else lines


def _as_it_is(chosen: Context) -> "tuple[Config | None, Path]":
    """The configuration and its archive; None for files with mistakes, where a service works by the last good ones."""
    from monitor import app
    from monitor.archive.lock import holder
    from monitor.overview.service import is_service

    try:
        config = chosen.config()
    except ConfigError:
        path = app.archive_in(chosen.folder)
        if path is None or not is_service(holder(path)):
            raise
        return None, path
    return config, app.archive_path(config)


def _ill(sources: "Sources | None") -> str:
    if sources is None:
        return "not known before the files are mended"
    said = [
        f"{len(ids)} of {sources.watched} {word}: {', '.join(ids[:SHOWN_ILL])}{' …' if len(ids) > SHOWN_ILL else ''}"
        for word, ids in (("ill", sources.ill), ("to look at", sources.flagged))
        if ids
    ]
    see = "; see `roxham sources`" if sources.flagged or len(sources.ill) > SHOWN_ILL else ""
    return "; ".join(said) + see if said else f"{sources.watched} watched, none ill"


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    for command in (pending, status):
        app.command()(command)
