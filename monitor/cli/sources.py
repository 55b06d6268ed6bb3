"""`roxham sources`: the list, and the commands below it (condition.py, adding.py and lists.py hold the others)."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.adding import add_source
from monitor.cli.condition import coverage, release
from monitor.cli.lists import export_sources, import_sources
from monitor.cli.output import (
    AsJson,
    complain,
    config_of,
    local,
    only_for_the_list,
    plural,
    print_json,
    print_table,
    unknown,
)
from monitor.types import Condition

if TYPE_CHECKING:
    from monitor.archive import SourceFacts
    from monitor.config import Config
    from monitor.pipeline import Checked
    from monitor.types import Health, Source, Visit

_PLAIN = {Condition.OFF, Condition.NEW}  # said by the column of its own

commands = typer.Typer(
    name="sources",
    help="List the sources and how each is; check, add, import, release.",
    invoke_without_command=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@commands.callback()
def sources(context: typer.Context, as_json: AsJson = False) -> None:
    """List the sources and how each is; check, add, import, release."""
    if context.invoked_subcommand is not None:
        only_for_the_list(context, "sources")
        return
    from monitor import export
    from monitor.overview.sources import next_at

    config = config_of(context)
    facts, how = _known(config)
    listed = []
    for source in config.sources:
        state = facts[source.id].state if source.id in facts else None
        listed.append(export.source(source, facts, next_at(source, state), how[source.id]))
    if as_json:
        print_json(listed)
        return
    columns = ("source", "health", "last good visit", "items", "a week", "pending", "matched")
    rows = [
        (s["id"], _health(s), _short(s["last_good_at"], config), s["items"], s["items_a_week"], s["pending"],
         s["matched"])
        for s in listed
    ]  # fmt: skip
    print_table(None, columns, rows)
    for source in config.sources:
        for remark in how[source.id].remarks:
            if remark.condition not in _PLAIN:
                typer.echo(f"{source.id}: {remark.text}")


def _known(config: "Config") -> "tuple[dict[str, SourceFacts], dict[str, Health]]":
    """What the archive knows of the sources, and how they are; without an archive none was ever visited."""
    from monitor import app, health
    from monitor.overview.sources import healths

    now = app.utc_now()
    if not app.archive_path(config).exists():
        return {}, {source.id: health.health(source, None, (), (), now) for source in config.sources}
    with app.reading(config) as archive:
        return dict(archive.facts()), healths(config, archive, now)


def _health(source: dict[str, object]) -> object:
    return f"ill ({source['failures']}x)" if source["health"] == Condition.ILL else source["health"]


def _short(moment: object, config: "Config") -> str | None:
    return local(datetime.fromisoformat(moment), config.timezone) if isinstance(moment, str) else None


@commands.command()
def check(
    context: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID…", help="Only these, also where they are off.")] = None,
    live: Annotated[bool, typer.Option("--live", help="Visit each once; keep nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with sources, and with --live what each gives.

    Nothing is written, also beside a running service. With --live it ends with 3 when a source gives nothing.
    """
    config = config_of(context)
    for named in ids or []:
        if named not in (known := [source.id for source in config.sources]):
            complain(unknown(named, known, "source", "sources.yaml"))
            raise typer.Exit(2)
    chosen = [source for source in config.sources if (source.id in ids if ids else source.enabled)]
    said = [(source_id, text) for source_id, text in _remarks(config) if not ids or source_id in ids]
    visited = _checked(config, chosen, quiet=as_json) if live else []
    if as_json:
        print_json(
            {
                "ok": all(one.holds for one in visited),
                "remarks": [{"source": source_id, "text": text} for source_id, text in said],
                "sources": [_document(one) for one in visited],
            }
        )
    else:
        _print(config, chosen, said, visited, live=live)
    if not all(one.holds for one in visited):
        raise typer.Exit(3)


def _remarks(config: "Config") -> list[tuple[str | None, str]]:
    from monitor import app
    from monitor.pipeline import remarks

    facts, how = _known(config)
    return list(remarks(config.sources, facts, how if app.archive_path(config).exists() else None))


def _checked(config: "Config", chosen: "list[Source]", *, quiet: bool) -> "list[Checked]":
    from contextlib import ExitStack

    from monitor import app
    from monitor.cli.working import progress_bar
    from monitor.extract.urls import identity
    from monitor.listing import items
    from monitor.pipeline import checked

    with ExitStack() as open_:
        archive = open_.enter_context(app.reading(config)) if app.archive_path(config).exists() else None
        now, states = app.utc_now(), archive.states() if archive is not None else {}
        resting = {id_ for id_, state in states.items() if state.not_before is not None and state.not_before > now}
        for source in [source for source in chosen if source.id in resting]:
            until = local(states[source.id].not_before, config.timezone)
            complain(f"{source.id}: left out, its server asked to be left alone until {until}")
        chosen = [source for source in chosen if source.id not in resting]
        bar = open_.enter_context(progress_bar(quiet))

        def heard(visit: "Visit") -> None:
            if bar is not None:
                bar.visited(visit, 0)

        visits = asyncio.run(app.survey(config).visit(chosen, heard))
        by_id = {source.id: source for source in chosen}
        done = []
        for visit in visits:
            keys = {item.key for item in items(visit.found, identity)}
            new = None if archive is None else len(keys - archive.known_keys(visit.source_id, keys))
            done.append(checked(by_id[visit.source_id], visit, new, app.utc_now()))
        return done


def _document(one: "Checked") -> dict[str, object]:
    from monitor.export import when

    return {
        "id": one.source.id,
        "kind": one.source.kind,
        "url": one.source.url,
        "holds": one.holds,
        "outcome": one.visit.outcome.value,
        "status": one.visit.status,
        "items": one.gives.items,
        "unknown": one.unknown,
        "newest": when(one.gives.newest),
        "oldest": when(one.gives.oldest),
        "dated": one.gives.dated,
        "titled": one.gives.titled,
        "summarised": one.gives.summarised,
        "full": one.gives.full,
        "moved_to": one.visit.moved_to,
        "problem": one.problem,
        "advice": one.advice,
    }


def _print(
    config: "Config",
    chosen: "list[Source]",
    said: list[tuple[str | None, str]],
    visited: "list[Checked]",
    *,
    live: bool,
) -> None:
    if visited:
        columns = ("source", "status", "items", "new", "newest", "dated", "titles", "texts", "full")
        rows = [
            (one.source.id, one.visit.status, one.gives.items, one.unknown, local(one.gives.newest, config.timezone),
             one.gives.dated, one.gives.titled, one.gives.summarised, one.gives.full)
            for one in visited
        ]  # fmt: skip
        print_table(None, columns, rows)
    for one in visited:
        if one.problem:
            typer.echo(f"{one.source.id}: {' – '.join(filter(None, [one.problem, one.advice]))}")
    for source_id, text in said:
        typer.echo(f"{source_id}: {text}" if source_id else text)
    if live:
        bad = sum(not one.holds for one in visited)
        typer.echo(f"{plural(len(visited), 'source')} visited; {bad or 'none'} of them failed the check")
    else:
        off = sum(not source.enabled for source in config.sources)
        typer.echo(f"{plural(len(chosen), 'source')} checked, {off} switched off; --live visits them")


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    commands.command(name="add")(add_source)
    commands.command(name="import")(import_sources)
    commands.command(name="export")(export_sources)
    commands.command()(release)
    commands.command()(coverage)
    app.add_typer(commands)
