"""`roxham deliver`: compose what is due, send what waits, and say what was not watched well."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.messages import held
from monitor.cli.output import AsJson, complain, config_of, known, local, print_json, print_table
from monitor.types import SendState

if TYPE_CHECKING:
    from monitor.app import Line
    from monitor.config import Config
    from monitor.pipeline import Delivery
    from monitor.types import Coverage, OutboxHold

Strict = Annotated[bool, typer.Option("--strict", help="Exit 1 when anything failed, even if a later run may cure it.")]
Wait = Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for another writer to end.")]


def deliver(
    context: typer.Context,
    digest: Annotated[list[str] | None, typer.Option("--digest", metavar="ID", help="Only these.")] = None,
    now: Annotated[bool, typer.Option("--now", help="Whatever the hour; uses up no scheduled slot.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent; keep and send nothing.")] = False,
    require_complete: Annotated[
        bool,
        typer.Option("--require-complete", help="Exit 3 if a source was not watched well; mails go out all the same."),
    ] = False,
    strict: Strict = False,
    wait: Wait = 10.0,
    as_json: AsJson = False,
) -> None:
    """Compose the digests that are due; send the outbox."""
    config = config_of(context)
    known(digest, [s.id for s in config.subscriptions], "digest", "digests.yaml")
    done = asyncio.run(delivered(config, digest, forced=now, dry_run=dry_run, wait=wait))
    if as_json:
        print_json({"digests": [_delivery_json(delivery) for delivery in done.deliveries]})
    else:
        _print_deliveries(config, done, dry_run)
    if done.hold is not None:
        complain(held(done.hold))
    for source in done.missed if require_complete else ():
        complain(f"news may be missing of {source.source_id}: {_missed(source, config.timezone)}")
    bad = [d for d in done.deliveries if d.error is not None and d.state != SendState.SENT]
    nothing_left = bad and not any(d.state == SendState.SENT for d in done.deliveries)
    if nothing_left or (strict and bad) or (done.hold is not None and not dry_run):
        raise typer.Exit(1)
    if require_complete and done.missed:
        raise typer.Exit(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A pass of `deliver`, and what there is to know beside it."""

    deliveries: "list[Delivery]"
    hold: "OutboxHold | None"
    missed: "tuple[Coverage, ...]"  # sources of which news may be missing in what was made, or now


async def delivered(
    config: "Config", only: list[str] | None, *, forced: bool, dry_run: bool = False, wait: float = 10.0
) -> Delivered:
    """Does what the command does; `wait` is in seconds. Raises ArchiveError."""
    from monitor import app

    if dry_run:  # beside a running service, too: nothing is written
        with app.reading(config) as archive, app.line(config, archive) as line:
            deliveries = await line.deliver.deliver(only, forced=forced, dry_run=True)
            return await _with_coverage(line, deliveries)
    with app.writing(config, purpose="deliver", wait=wait) as archive, app.line(config, archive) as line:
        await line.deliver.register()
        await line.deliver.recover()
        deliveries = await line.deliver.deliver(only, forced=forced, hurried=True)
        return await _with_coverage(line, deliveries)


async def _with_coverage(line: "Line", deliveries: "list[Delivery]") -> Delivered:
    """Adds what was not watched well: since the digests that were made, or at this moment where none was."""
    made = {source.source_id: source for each in deliveries for source in each.coverage}
    missed = made or {each.source_id: each for each in await line.deliver.coverage() if each.doubtful}
    hold = await line.threads.archive(line.archive.outbox_hold)
    return Delivered(deliveries=deliveries, hold=hold, missed=tuple(missed.values()))


def _missed(source: "Coverage", zone: str) -> str:
    """Says in what way a source was not watched well."""
    since = local(source.last_good_at, zone)
    said = []
    if source.failing:
        said.append(f"not read since {since}" if since else "never read yet")
    if source.partial:
        said.append("only a part of it could be read")
    if source.overran_at:
        said.append(f"its list turned over {local(source.overran_at, zone)}")
    if source.quiet_since:
        said.append(f"has brought nothing since {local(source.quiet_since, zone)}")
    if source.gaps:
        said.append(f"not observed from {local(source.gaps[0].since, zone)} to {local(source.gaps[-1].until, zone)}")
    why = f" ({source.error})" if source.error else ""
    return ", ".join(said) + why


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


def _print_deliveries(config: "Config", done: Delivered, dry_run: bool) -> None:
    deliveries = done.deliveries
    if not deliveries and done.hold is not None:
        typer.echo("nothing was sent; what is due was made, and waits")
        return
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

    for subscription in (each for each in config.subscriptions if not each.paused):
        if slot := due.next_slot(subscription, app.utc_now()):
            typer.echo(f"  {subscription.id}: next at {local(slot.at, subscription.timezone)} {subscription.timezone}")
