"""`roxham digests pause` and `resume`: who is not told for now."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.output import AsJson, complain, config_of, plural, print_json, unknown
from monitor.cli.previewing import Id, chosen
from monitor.types import Pause, PauseReason

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.types import Subscription

Reader = Annotated[
    str | None, typer.Argument(metavar="READER", help="An address or a channel; every reader when left out.")
]
NAMED = 3
"""Readers that are named, of many."""


def pauses_in(config: "Config") -> list[Pause]:
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

    config = config_of(context)
    subscription = chosen(config, digest_id)
    readers = _readers(subscription, reader, subscription.to)
    with app.changing(config, purpose="digests pause") as archive:
        now = app.utc_now()
        done = [
            each
            for each in readers
            if archive.pause(Pause(digest_id=digest_id, reader=each, reason=PauseReason.OPERATOR, at=now, note=note))
        ]
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

    config = config_of(context)
    subscription = chosen(config, digest_id)
    pauses = pauses_in(config)
    of_digest = [p for p in pauses if p.digest_id == digest_id]
    everywhere = {p.reader for p in pauses if p.digest_id is None}
    readers = [*subscription.to, *(p.reader for p in of_digest)]  # also one who is no longer on the list
    by_wish = set() if reader else {p.reader for p in of_digest if p.reason is PauseReason.UNSUBSCRIBED}
    wanted = [each for each in _readers(subscription, reader, readers) if each not in by_wish]
    done: list[str] = []
    if wanted:
        with app.changing(config, purpose="digests resume") as archive:
            now = app.utc_now()
            for each in wanted:
                here = archive.resume(digest_id, each, now, from_now=from_now)
                elsewhere = each in everywhere and archive.resume(None, each, now, from_now=from_now)
                done += [each] if here or elsewhere else []
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
