"""`roxham web`: the pages alone; and what lets people and programs in: `web password`, `web token`."""

import asyncio
import hashlib
import os
import secrets
import signal
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.output import Context, complain, only_for_the_list
from monitor.types import Role

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.config import Config
    from monitor.config.watching import Files

END_WITHIN = 1.8
"""Seconds from a signal to the end; a question to the archive may take longer, and is given up."""
_SHORT = 8  # characters; the least of NIST SP 800-63B

commands = typer.Typer(
    name="web",
    help="Serve the pages alone, beside a running service or without one.",
    invoke_without_command=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class _Web:
    """The pages, by the configuration that was last sound."""

    def __init__(self, config: "Config", bind: tuple[str, int] | None) -> None:
        self._bind = bind
        self.config = self._bound(config)
        self.stop = asyncio.Event()

    def _bound(self, config: "Config") -> "Config":
        if self._bind is None:
            return config
        host, port = self._bind
        return replace(config, web=replace(config.web, host=host, port=port))

    async def serve(self, files: "Files") -> None:
        """Serves until SIGTERM or SIGINT. Raises OSError where nothing can listen there."""
        from monitor import app
        from monitor.web import assemble, serve, served_at

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.end)
        web = self.config.web
        if web.listens_at != web.host:
            complain(f"warning: {web.why_only_here}")
        with app.alone(lambda: self.config, files.folder) as onlooker:
            async with serve(assemble(onlooker), web.listens_at, web.port) as port:
                typer.echo(f"{self.config.name}: {served_at(web, port)}/")
                sys.stdout.flush()
                following = asyncio.create_task(self._follow(files))
                await self.stop.wait()
                following.cancel()

    def end(self) -> None:
        """Ends in time, also while a thread asks what takes long: it cannot be stopped, and Python would wait."""
        self.stop.set()
        timer = threading.Timer(END_WITHIN, os._exit, [0])
        timer.daemon = True
        timer.start()

    async def _follow(self, files: "Files") -> None:
        import structlog

        from monitor import app
        from monitor.errors import ConfigError

        log = structlog.get_logger("roxham")
        async for said in files.changes(lambda: app.configuration(files.folder)):
            if isinstance(said, ConfigError):
                for problem in said.problems:
                    log.error("configuration refused", problem=str(replace(problem, excerpt="")))
            else:
                self.config = self._bound(said)
                log.info("configuration taken")


@commands.callback()
def web(
    context: typer.Context,
    bind: Annotated[
        str | None, typer.Option("--bind", metavar="HOST:PORT", help="In place of web.bind; port 0 takes any free one.")
    ] = None,
) -> None:
    """Serve the pages alone, beside a running service or without one, until SIGTERM.

    Files of the configuration that are saved meanwhile are taken over at once, where they are sound.
    """
    if context.invoked_subcommand is not None:
        only_for_the_list(context, "pages")
        return
    from monitor.config.addresses import bind as read_bind

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # while it starts
    try:
        where = None if bind is None else read_bind(bind)
    except ValueError as error:
        complain(f"--bind: {error}")
        raise typer.Exit(2) from error
    chosen: Context = context.obj
    serve_pages(chosen.folder, where)


def serve_pages(folder: "Path", bind: tuple[str, int] | None = None, *, anywhere: bool = False) -> None:
    """Serves the pages until SIGTERM or SIGINT; `anywhere`: at another port where the one asked for is taken.

    Ends the command where nothing can listen there. Raises ConfigError and ArchiveError.
    """
    from monitor import app
    from monitor.config.watching import Files

    files = Files(folder)
    config = app.configuration(folder)
    with app.reading(config):  # says in our words what is wrong with it
        pass
    try:
        try:
            asyncio.run(_Web(config, bind).serve(files))
        except OSError:
            if not anywhere:
                raise
            asyncio.run(_Web(config, (config.web.host, 0)).serve(files))
    except OSError as error:
        complain(str(error))
        raise typer.Exit(2) from error


@commands.command()
def password(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What they sign in with.")],
    role: Annotated[Role, typer.Option("--role", help="What they may.")] = Role.READER,
) -> None:
    """Ask for a user's password, and print the lines for monitor.yaml that let them sign in.

    Where there is no terminal, the password is the first line of what comes in.
    """
    from monitor.web.passwords import hashed

    lines = _entry(name, role)
    written = _asked() if sys.stdin.isatty() else _piped()
    _check(written)
    typer.echo("\n".join(("web:", "  users:", *lines, f"      password: '{hashed(written)}'")))


@commands.command()
def token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the program is called.")],
    role: Annotated[Role, typer.Option("--role", help="What it may.")] = Role.READER,
) -> None:
    """Make a token for a program, and print it this once, with the lines for monitor.yaml that let it in."""
    lines = _entry(name, role)
    made = f"roxham_{secrets.token_urlsafe(32)}"
    typer.echo(f"Token, shown this once: {made}\n")
    typer.echo("\n".join(("web:", "  tokens:", *lines, f"      sha256: {hashlib.sha256(made.encode()).hexdigest()}")))


def _entry(name: str, role: Role) -> list[str]:
    from monitor.config.pages import user_name
    from monitor.config.values import quoted

    try:
        checked = user_name(name)
    except ValueError as error:
        complain(f"{name!r}: {error}")
        raise typer.Exit(2) from error
    if role is Role.VISITOR:
        complain("a visitor needs no entry; web.public lets everybody in as one")
        raise typer.Exit(2)
    plain = checked.isascii() and checked.isalpha() and checked.lower() not in _WORDS
    return [f"    - name: {checked if plain else quoted(checked)}", f"      role: {role.value}"]


_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
"""What YAML takes for something else, by one version of it or another."""


def _asked() -> str:
    from getpass import getpass

    first = getpass("Password: ")
    if getpass("Once more: ") != first:
        complain("the two are not the same; nothing was made")
        raise typer.Exit(2)
    return first


def _piped() -> str:
    try:
        return sys.stdin.buffer.readline().rstrip(b"\r\n").decode()
    except UnicodeDecodeError as error:
        complain("what comes in is not UTF-8; nothing was made")
        raise typer.Exit(2) from error


def _check(written: str) -> None:
    from monitor.web.passwords import LONGEST

    if not written or len(written) > LONGEST:
        complain(f"a password has 1 to {LONGEST} characters; nothing was made")
        raise typer.Exit(2)
    if len(written) < _SHORT:
        complain(f"warning: shorter than {_SHORT} characters is soon guessed")


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.add_typer(commands)
