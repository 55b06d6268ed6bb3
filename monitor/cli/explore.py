"""`roxham explore`: SQL on the archive's file in a browser, by Datasette, read-only."""

import json
import os
import shlex
import sys
import tempfile
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.output import complain, config_of

PORT = 8401


def explore(
    context: typer.Context,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="On this machine; 0 takes any free one.")
    ] = PORT,
    open_browser: Annotated[bool, typer.Option("--open", help="Open it in the web browser.")] = False,
    get: Annotated[
        str | None, typer.Option("--get", metavar="PATH", help="Print what one address answers, and end.")
    ] = None,
) -> None:
    """Look into the archive with SQL, in a browser: tables, facets, ready-made queries.

    By Datasette, which is no part of a plain installation: pip install 'roxham-monitor[explore]'. It only reads, also
    while the service writes, and listens on this machine only: whoever opens it sees all of the archive, readers'
    addresses too.
    """
    from importlib.util import find_spec

    from monitor import app

    if find_spec("datasette") is None:
        complain("Datasette is not installed: pip install 'roxham-monitor[explore]'")
        raise typer.Exit(2)
    config = config_of(context)
    with app.reading(config) as archive:  # says in our words what is wrong with it
        path = archive.path
    command = [sys.executable, "-m", "datasette", "serve", str(path)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--metadata", _metadata(path, config.name)]
    command += ["--plugins-dir", str(resources.files("monitor.explore").joinpath("plugins"))]
    command += ["--setting", "sql_time_limit_ms", "10000", "--setting", "default_page_size", "50"]
    command += ["--setting", "suggest_facets", "off", "--setting", "allow_download", "off"]
    command += ["--open"] if open_browser else []
    command += ["--get", get] if get is not None else []
    if get is None:
        complain(f"http://127.0.0.1:{port}/  ({shlex.quote(str(path))}, read-only; Ctrl-C ends it)")
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 - it takes our place: signals and the exit code are its own


def _metadata(path: Path, name: str) -> str:
    """Writes what Datasette is told of the archive, and returns the file."""
    said = json.loads(resources.files("monitor.explore").joinpath("metadata.json").read_text("utf-8"))
    document = {"title": name, "databases": {path.stem: said}}
    folder = Path(tempfile.gettempdir()) / f"roxham-explore-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / f"{path.stem}.json"
    file.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    return str(file)


def add_to(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(explore)
