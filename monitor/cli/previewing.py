"""`roxham digests preview`: what a reader would be told, kept nowhere; or sent to oneself as a test."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.looking import moment_of
from monitor.cli.output import AsJson, complain, config_of, local, print_json, unknown
from monitor.types import Format

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.types import Digest, Message, Subscription

Id = Annotated[str, typer.Argument(metavar="ID", help="A digest, as digests.yaml names it.")]
_STDOUT = "-"


def chosen(config: "Config", digest_id: str) -> "Subscription":
    """Returns the digest with this id; ends the command where none is configured."""
    for subscription in config.subscriptions:
        if subscription.id == digest_id:
            return subscription
    complain(unknown(digest_id, [s.id for s in config.subscriptions], "digest", "digests.yaml"))
    raise typer.Exit(2)


def preview(
    context: typer.Context,
    digest_id: Id,
    reader: Annotated[
        str | None, typer.Option("--reader", metavar="READER", help="As this reader; else the first of the digest.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="As of then, in the digest's time zone: 2026-11-22T07:00, 7d (so long ago). What a time to come "
            "brings is not known yet: it shows what is known by now.",
        ),
    ] = None,
    html: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="Write the mail's HTML there; - for stdout.")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="ADDRESS", help="Send it there as a test, marked as one; it uses up nothing."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a reader would be told now, or at another time; nothing is kept.

    Also while the service runs. --json shows the document that a webhook gets.
    """
    from monitor import app, export
    from monitor.app import previewing

    if as_json and html == _STDOUT:
        complain("--json and --html - both want stdout; name a file")
        raise typer.Exit(2)
    config = config_of(context)
    subscription = chosen(config, digest_id)
    if reader is not None and reader not in subscription.to:
        complain(unknown(reader, subscription.to, "reader", f"digest {digest_id} of digests.yaml"))
        raise typer.Exit(2)
    if to is not None:
        _check_address(to)
    when = moment_of(at, subscription.timezone, "--at")
    with app.reading(config) as archive:
        digest = previewing.preview(config, archive, digest_id, reader, when)
        receipt = previewing.send_test(config, archive, digest, to) if to is not None else None
    message = previewing.rendered(config, digest, Format.MAIL)
    _print_html(message, html)
    if as_json:
        document = json.loads(previewing.rendered(config, digest, Format.JSON).raw)
        print_json(document | {"receipt": receipt and export.receipt(receipt)})
    elif receipt is not None:
        typer.echo(f"sent to {to} by {receipt.channel}, {local(receipt.at, config.timezone)}: {receipt.answer}")
    elif html != _STDOUT:
        _print(digest, message)


def _check_address(address: str) -> None:
    from monitor.config.addresses import mailbox

    try:
        mailbox(address)
    except ValueError as error:
        complain(f"--to: {error}")
        raise typer.Exit(2) from None


def _print_html(message: "Message", file: str | None) -> None:
    from monitor.overview import letter

    if file is None:
        return
    markup = letter.markup(message) or ""
    if file == _STDOUT:
        typer.echo(markup)
        return
    try:
        Path(file).write_text(markup, encoding="utf-8")
    except OSError as error:
        complain(f"{file}: cannot be written: {error.strerror or error}")
        raise typer.Exit(2) from None
    complain(f"wrote {file}")


def _print(digest: "Digest", message: "Message") -> None:
    from monitor.overview import letter

    at = local(digest.composed_at, digest.subscription.timezone)
    typer.echo(f"To: {digest.reader}\nSubject: {message.subject}\nAs of: {at} {digest.subscription.timezone}\n")
    typer.echo(letter.plain(message))
    if not digest.has_news and not digest.subscription.nothing_new:
        complain("nothing is new: no mail would go out")
