"""`roxham outbox`: what was sent and what waits; one message (settling.py has an operator's last word on it)."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.messages import found, held, print_messages, state_of
from monitor.cli.output import LARGEST, AsJson, complain, config_of, local, only_for_the_list, plural, print_json
from monitor.cli.settling import drop, release, retry

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.types import Outgoing

commands = typer.Typer(
    name="outbox",
    help="List messages with their receipts; show, retry, drop, release.",
    invoke_without_command=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Unsent = Annotated[bool, typer.Option("--unsent", help="Only messages without a receipt.")]
Number = Annotated[int, typer.Argument(metavar="N", max=LARGEST, help="A message's number.")]
_ERASED = "its text was erased (keep.mails); what became of it stays"


@commands.callback()
def outbox(context: typer.Context, unsent: Unsent = False, as_json: AsJson = False) -> None:
    """List messages with their receipts; show, retry, drop, release."""
    if context.invoked_subcommand is not None:
        only_for_the_list(context, "messages")
        return
    list_(context, unsent, as_json)


def list_(context: typer.Context, unsent: Unsent = False, as_json: AsJson = False) -> None:
    """List messages with their receipts, oldest first; the same as `roxham outbox`."""
    from monitor import app, export

    config = config_of(context)
    with app.reading(config) as archive:
        messages = archive.outbox(open_only=unsent)
        hold = archive.outbox_hold()
    if as_json:
        print_json([export.outgoing(message) for message in messages])
        return
    if messages:
        print_messages(messages, config)
    else:
        typer.echo("every message has a receipt" if unsent else "no message was made yet")
    if hold is not None:
        complain(held(hold))


def show(
    context: typer.Context,
    number: Number,
    raw: Annotated[bool, typer.Option("--raw", help="Its bytes, as they are sent.")] = False,
    text: Annotated[bool, typer.Option("--text", help="Its plain text alone.")] = False,
    html: Annotated[bool, typer.Option("--html", help="Its HTML alone.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one message: headers, history, and the plain text as its reader sees it."""
    from monitor import app, export
    from monitor.overview import letter

    if raw + text + html + as_json > 1:
        complain("--raw, --text, --html and --json exclude each other")
        raise typer.Exit(2)
    config = config_of(context)
    with app.reading(config) as archive:
        (outgoing,) = found(archive, [number])
    message = outgoing.message
    if as_json:
        print_json(
            export.outgoing(outgoing)
            | {
                "headers": {} if outgoing.erased else letter.headers(message),
                "text": None if outgoing.erased else letter.plain(message),
                "raw": None if outgoing.erased else message.raw.decode("utf-8", "replace"),
            }
        )
        return
    if outgoing.erased and (raw or text or html):
        complain(f"message {number}: {_ERASED}")
        raise typer.Exit(1)
    if raw:
        sys.stdout.buffer.write(message.raw)
    elif html:
        markup = letter.markup(message)
        if markup is None:
            complain(f"message {number} has no HTML")
            raise typer.Exit(1)
        typer.echo(markup)
    else:
        if not text:
            _print_history(outgoing, config)
        typer.echo(f"({_ERASED})" if outgoing.erased else letter.plain(message))


def _print_history(outgoing: "Outgoing", config: "Config") -> None:
    from monitor.overview import letter

    message, zone = outgoing.message, config.timezone
    receipt = outgoing.receipt
    shown = {"To": message.to, "Subject": message.subject, "Message-ID": message.message_id}
    if not outgoing.erased:
        shown = letter.headers(message) or shown
    rows: list[tuple[str, object]] = [
        *shown.items(),
        ("digest", f"{message.digest_id}, slot {message.slot}, {plural(outgoing.stories, 'story')}"),
        ("made", local(outgoing.created_at, zone)),
        ("state", state_of(outgoing)),
        ("attempts", _attempts(outgoing)),
        ("next try", local(outgoing.next_try_at, zone)),
        ("error", outgoing.error),
        ("receipt", receipt and f"{local(receipt.at, zone)}, {receipt.channel}: {receipt.answer}"),
    ]
    for name, value in rows:
        if value is not None:
            typer.echo(f"{name:>16}  {value}")
    typer.echo()


def _attempts(outgoing: "Outgoing") -> str:
    doubts = f", of which {outgoing.doubts} may have arrived" if outgoing.doubts else ""
    return f"{outgoing.attempts}{doubts}"


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    commands.command(name="list")(list_)
    for command in (show, retry, drop, release):
        commands.command()(command)
    app.add_typer(commands)
