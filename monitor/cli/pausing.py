"""`roxham digests pause` and `resume`: who is not told for now."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.output import AsJson, complain, config_of, plural, print_json, unknown
from monitor.cli.previewing import Id, chosen

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.types import Pause, Subscription

Reader = Annotated[
    str | None, typer.Argument(metavar="READER", help="An address or a channel; every reader when left out.")
]
NAMED = 3
"""Readers that are named, of many."""


def pauses_in(config: "Config") -> "list[Pause]":
    """Returns who is not told for now; without an archive nobody was ever paused."""
    from monitor import app

    if not app.archive_path(config).exists():
        return []
    with app.reading(config) as archive:
        return archive.pauses()


def few(readers: Sequence[str]) -> str:
    """Returns the names of a few readers, or how many they are."""
    return ", ".join(readers) if len(readers) <= NAMED else plural(len(readers), "reader")


def pause(
    context: typer.Context,
    digest_id: Id,
    reader: Reader = None,
    note: Annotated[str | None, typer.Option("--note", metavar="TEXT", help="Why; `digests show` says it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell readers nothing for now; also while the service runs.

    What comes meanwhile is told when they are resumed, in one digest.
    """
    from monitor import app
    from monitor.overview import digests

    config = config_of(context)
    subscription = chosen(config, digest_id)
    readers = _readers(subscription, reader, subscription.to)
    with app.changing(config, purpose="digests pause") as archive:
        done = digests.pause(archive, digest_id, readers, app.utc_now(), note)
    before = [each for each in readers if each not in done]
    if as_json:
        print_json({"digest": digest_id, "paused": done, "before": before})
        return
    if done:
        named = f" {reader}" if reader else ""
        typer.echo(f"{digest_id}: paused for {few(done)}; `roxham digests resume {digest_id}{named}` ends it")
    if before:
        typer.echo(f"{digest_id}: paused before for {few(before)}")


def resume(
    context: typer.Context,
    digest_id: Id,
    reader: Reader = None,
    from_now: Annotated[bool, typer.Option("--from-now", help="What came meanwhile is not told.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell paused readers again, with what came meanwhile; also while the service runs.

    A reader who unsubscribed is resumed only by name: it was their own wish.
    """
    from monitor import app
    from monitor.overview import digests

    config = config_of(context)
    subscription = chosen(config, digest_id)
    who = digests.paused(subscription, pauses_in(config))
    by_wish = frozenset() if reader else who.by_wish
    wanted = [each for each in _readers(subscription, reader, who.known) if each not in by_wish]
    done: list[str] = []
    if wanted:
        with app.changing(config, purpose="digests resume") as archive:
            done = digests.resume(archive, digest_id, wanted, who, app.utc_now(), from_now=from_now)
    if as_json:
        print_json({"digest": digest_id, "resumed": done, "unsubscribed": sorted(by_wish)})
    elif done:
        then = "what came meanwhile is not told" if from_now else "the next digest tells what came meanwhile"
        typer.echo(f"{digest_id}: {few(done)} told again; {then}")
    for each in sorted(by_wish):
        complain(f"{each} unsubscribed: `roxham digests resume {digest_id} {each}` tells them again all the same")
    if subscription.paused:
        complain(f"{digest_id} stays paused: digests.yaml says `paused: true`")
    if not done:
        complain(f"{digest_id}: {reader or 'nobody'} {'was not' if reader else 'was'} paused")
        raise typer.Exit(1)


def _readers(subscription: "Subscription", named: str | None, known: Sequence[str]) -> list[str]:
    """The reader who was named, or all; ends the command for one whom the digest does not know."""
    if named is None:
        return list(dict.fromkeys(known))
    if named in known:
        return [named]
    complain(unknown(named, known, "reader", f"digest {subscription.id} of digests.yaml"))
    raise typer.Exit(2)
