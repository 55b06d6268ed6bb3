"""Commands that set up: init, check."""

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.output import AsJson, Context, complain, plural, print_json
from monitor.cli.serving import told
from monitor.errors import ConfigError


def init(folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")] = Path("config")) -> None:
    """Write a commented starter configuration."""
    from monitor.config import starter

    for file in starter(folder):
        typer.echo(f"wrote {file}")
    typer.echo(f"Now edit `contact` in {folder / 'monitor.yaml'}, then: roxham --config {folder} check")


def check(context: typer.Context, as_json: AsJson = False) -> None:
    """Validate the configuration: every problem, nothing touched.

    Beside a running service it also says whether the service works by these files, and if not, since when and why.
    """
    from monitor import app
    from monitor.overview.service import configuration, running_over

    chosen: Context = context.obj
    try:
        config = chosen.config()
    except ConfigError as error:
        archive = app.archive_in(chosen.folder)
        running = running_over(archive) if archive is not None else None
        if as_json:
            problems = [_problem(p) for p in error.problems]
            print_json({"ok": False, "problems": problems, "warnings": [], "running": configuration(running, None)})
            raise typer.Exit(2) from None
        for problem in error.problems:
            complain(str(problem))
        complain(f"{plural(len(error.problems), 'problem')} in {chosen.folder}")
        if running is not None:
            complain(f"configuration of the service: {told(running, None, 'UTC')[0]} (UTC)")  # why is said above
        raise typer.Exit(2) from None
    running = running_over(app.archive_path(config))
    if as_json:
        warnings = [_problem(w) for w in config.warnings]
        print_json(
            {"ok": True, "problems": [], "warnings": warnings, "running": configuration(running, config.fingerprint)}
        )
        return
    for warning in config.warnings:
        complain(f"warning: {warning}")
    watched = sum(source.enabled for source in config.sources)
    typer.echo(
        f"{chosen.folder}: good: {plural(watched, 'source')} watched, {len(config.sources) - watched} switched off, "
        f"{plural(len(config.topics), 'topic')}, {plural(len(config.subscriptions), 'digest')}"
    )
    if running is not None:
        for line in told(running, config.fingerprint, config.timezone):
            complain(f"configuration of the service: {line}")


def _problem(problem: object) -> dict[str, object]:
    return {name: getattr(problem, name) for name in ("file", "line", "column", "path", "what", "excerpt")}


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(init)
    app.command()(check)
