"""Commands that copy the archive: backup, restore."""

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.output import Yes, ask, complain, config_of


def backup(context: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")]) -> None:
    """Write a consistent copy of the archive, also during a run; `roxham restore` puts it back."""
    from monitor import app

    config = config_of(context)
    if file.exists():
        complain(f"{file}: exists already; name a new file")
        raise typer.Exit(2)
    if not file.absolute().parent.is_dir():
        complain(f"{file.parent}: no such folder")
        raise typer.Exit(2)
    with app.reading(config) as archive:
        archive.backup(file)
    typer.echo(f"wrote {file} ({file.stat().st_size / 1e6:.1f} MB)")


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that `roxham backup` made.")],
    yes: Yes = False,
) -> None:
    """Put a copy in the archive's place; the archive that lies there is kept under another name.

    Not while a service runs. What was sent after the copy was made is not known in it: where there was any, the outbox
    is held until `roxham outbox release`.
    """
    from monitor import app
    from monitor.archive.copies import restore as put_back
    from monitor.archive.lock import holder

    config = config_of(context)
    archive = app.archive_path(config)
    if archive.exists() and not yes and holder(archive) is None:  # who holds it is said without a question
        ask(f"Put {file} in place of {archive}?")
    before = put_back(archive, file, app.utc_now())
    typer.echo(f"{archive} is now the copy {file}")
    if before is not None:
        typer.echo(f"what was there is now {before}")
    with app.reading(config) as opened:
        hold = opened.outbox_hold()
    if hold is not None:
        typer.echo(
            f"the outbox is held: {hold.reason}. Nothing is sent before an operator says so:\n"
            "  `roxham outbox --unsent` lists what would be sent, `roxham outbox show N` shows one message,\n"
            "  `roxham outbox drop N` ends what its reader has already, `roxham outbox release` sends the rest"
        )


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    for command in (backup, restore):
        app.command()(command)
