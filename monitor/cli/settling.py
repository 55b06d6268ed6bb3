"""`roxham outbox retry`, `drop` and `release`: an operator's last word on messages."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.messages import found, held, print_messages
from monitor.cli.output import LARGEST, AsJson, Yes, ask, complain, config_of, local, plural, print_json
from monitor.types import SendState

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.types import Outgoing

_SHOWN = 5  # messages that `release` shows


def retry(
    context: typer.Context,
    numbers: Annotated[list[int] | None, typer.Argument(metavar="N…", max=LARGEST, help="Numbers of messages.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="All that were refused for good or given up.")] = False,
    held_back: Annotated[
        bool, typer.Option("--held", help="All that may have arrived and are not sent again by themselves.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Also what was sent or dropped: a second copy.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send messages once more, under the same Message-ID.

    They are due at once: the service sends them within seconds, else `roxham deliver` does.
    """
    from monitor import app, export
    from monitor.overview.messages import is_held

    if bool(numbers) == (failed or held_back):
        complain("name messages by their numbers, or --failed, --held or both")
        raise typer.Exit(2)
    config = config_of(context)
    with app.changing(config, purpose="outbox retry") as archive:
        if numbers:
            chosen = found(archive, numbers)
        else:
            chosen = [
                m
                for m in archive.outbox(open_only=True)
                if (failed and m.state is SendState.FAILED) or (held_back and is_held(m))
            ]
        if not again:
            _refuse(chosen, config, "--again sends it all the same")
        if erased := [m.id for m in chosen if m.erased]:
            complain(f"not kept any more, and so not to be sent again{_named(erased)}")
            raise typer.Exit(1)
        done = [m.id for m in chosen if archive.retry_message(m.id, app.utc_now())]
        messages = [export.outgoing(m) for number in done if (m := archive.message(number)) is not None]
        hold, pauses = archive.outbox_hold(), archive.pauses()
    if as_json:
        print_json(messages)
    elif done or not numbers:
        typer.echo(f"{plural(len(done), 'message')} due again{_named(done)}")
    if hold is not None:
        complain(held(hold))
    paused = {(pause.digest_id, pause.reader) for pause in pauses}
    for message in (m.message for m in chosen if m.id in done):
        if paused & {(None, message.to), (message.digest_id, message.to)}:
            complain(f"{message.to} is paused: `roxham digests resume {message.digest_id} {message.to}` sends it")
    _left([m.id for m in chosen if m.id not in done], "on its way at this moment")


def drop(
    context: typer.Context,
    numbers: Annotated[list[int], typer.Argument(metavar="N…", max=LARGEST, help="Numbers of messages.")],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Kept as their receipt.")
    ] = "an operator dropped it",
    as_json: AsJson = False,
) -> None:
    """End messages that were not sent: they never will be.

    What they tell is not told again by itself: their readers' next digests go on after it. What was refused for good
    counts as never told.
    """
    from monitor import app, export

    config = config_of(context)
    with app.changing(config, purpose="outbox drop") as archive:
        chosen = found(archive, numbers)
        _refuse(chosen, config, "it cannot be dropped")
        done = [m.id for m in chosen if archive.drop_message(m.id, reason, app.utc_now())]
        messages = [export.outgoing(m) for number in done if (m := archive.message(number)) is not None]
    if as_json:
        print_json(messages)
    elif done:
        typer.echo(f"{plural(len(done), 'message')} dropped{_named(done)}")
    _left([m.id for m in chosen if m.id not in done], "sent or on its way meanwhile")


def release(context: typer.Context, yes: Yes = False, as_json: AsJson = False) -> None:
    """Send again from an archive that was put back.

    A counter beside the archive remembers the last message sent. An archive that is behind it is an older copy, and
    would send a second time what its readers had since: its outbox is held until this command says otherwise.
    """
    from monitor import app, export

    config = config_of(context)
    with app.reading(config) as archive:
        hold = archive.outbox_hold()
        messages = archive.outbox()
    if hold is None:
        complain("the outbox is not held")
        raise typer.Exit(1)
    if not as_json:
        open_ = plural(sum(message.next_try_at is not None for message in messages), "message")
        typer.echo(
            f"The outbox is held: {hold.reason}.\n"
            f"The last message of this archive is {hold.last_here}; {_sent_up_to(hold.last_sent)}. What was sent and "
            "is not known here is told to its readers a second time, in new messages.\n"
            f"{open_} of this archive would be sent, too: `roxham outbox drop N…` ends those that arrived meanwhile. "
            "The last messages of this archive:"
        )
        print_messages(messages[-_SHOWN:], config)
    if not yes:
        ask("Release the outbox?")
    with app.changing(config, purpose="outbox release") as archive:
        archive.release_outbox(app.utc_now())
    if as_json:
        print_json({"released": True, "hold": export.hold(hold)})
    else:
        typer.echo("the outbox is released: what is due is sent by the service, or by `roxham deliver`")


def _sent_up_to(number: int) -> str:
    return f"messages up to {number} were sent" if number else "nobody knows which were sent"


def _refuse(chosen: "Sequence[Outgoing]", config: "Config", then: str) -> None:
    """Ends the command where a message was sent or dropped already: nothing is done of the others either."""
    from monitor.overview.messages import is_settled

    ended = [m for m in chosen if is_settled(m)]
    for message in ended:
        assert message.receipt is not None  # noqa: S101 - so they were chosen
        when = local(message.receipt.at, config.timezone)
        why = f" ({message.receipt.answer})" if message.state is SendState.DROPPED else ""
        complain(f"message {message.id} was {message.state.value} {when}{why}; {then}")
    if ended:
        raise typer.Exit(1)


def _named(numbers: Sequence[int]) -> str:
    return f": {', '.join(map(str, numbers))}" if numbers else ""


def _left(numbers: Sequence[int], why: str) -> None:
    for number in numbers:
        complain(f"message {number} was left as it is: {why}")
    if numbers:
        raise typer.Exit(1)
