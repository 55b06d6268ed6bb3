"""The two pages that are made from the code: configuration.md from the schema, commands.md from the command line."""

import enum
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from monitor.app import kinds
from monitor.cli import EXIT_CODES, app
from monitor.config import VARIABLES, keys
from spiders.options import OPTIONS

FOLDER = Path(__file__).parent
MADE = "<!-- Made from the code by `make docs`; edit the code instead. -->"


def configuration() -> str:
    """Returns the reference of the four files and of the environment."""
    return "\n".join(_configuration()) + "\n"


def commands() -> str:
    """Returns the reference of the command line."""
    return "\n".join(_commands()) + "\n"


PAGES = {"configuration.md": configuration, "commands.md": commands}
"""File name → what makes its text."""


def _configuration() -> Iterator[str]:
    yield from (
        "# Every key of the configuration",
        "",
        MADE,
        "",
        "Four YAML 1.2 files in one folder: `./config`, or what `--config DIR` or `ROXHAM_CONFIG` says. A key that is",
        "not listed here is an error. `[]` stands for each item of a list. Durations are written `30s`, `10m`, `2h` or",
        "`90d`, sizes `500kB`, `10MB` or `4MiB`. `roxham check` tells every mistake of all four files at once.",
        "",
        f"Kinds of sources that there are: {', '.join(f'`{kind}`' for kind in kinds())}.",
    )
    part = None
    for key in keys(OPTIONS):
        if (key.file, key.kind) != part:
            part = key.file, key.kind
            title = f"### Options of kind `{key.kind}`" if key.kind else f"## {key.file}"
            yield from ("", title, "", "| key | default | meaning |", "|---|---|---|")
        default = "**required**" if key.required else f"`{key.default}`" if key.literal else str(key.default)
        yield _row(f"`{key.path}`", default, key.meaning)
    yield from (
        "",
        "## Environment",
        "",
        "An empty variable counts as not set.",
        "",
        "| variable | meaning |",
        "|---|---|",
    )
    for option in get_command(app).params:
        if name := getattr(option, "envvar", None):
            yield _row(f"`{name}`", f"what `{option.opts[0]}` says where that is not given")
    for name, meaning in VARIABLES.items():
        yield _row(f"`{name}`", meaning)
    yield _row("what `auth_env` names", "`user:password` for that source")


def _commands() -> Iterator[str]:
    line: Any = get_command(app)
    yield from (
        "# Every command",
        "",
        MADE,
        "",
        "`roxham [OPTION]… COMMAND [OPTION]… [ARGUMENT]`. Results go to stdout, all else to stderr.",
        "`roxham COMMAND --help` says the same as this page.",
        "",
        "| exit code | means |",
        "|---|---|",
        *(_row(str(code), meaning) for code, meaning in EXIT_CODES.items()),
        "",
        "## Before the command",
        "",
        *_table(line),
    )
    for name, command in _walk(line):
        arguments = [_argument(p) for p in command.params if not p.opts[0].startswith("-")]
        yield from ("", f"## {' '.join(['roxham', name, *arguments])}", "", command.help)
        if command.params:
            yield from ("", *_table(command))


def _walk(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Yields every command with its name, and after one that has commands of its own, these."""
    for name, command in group.commands.items():
        yield before + name, command
        if hasattr(command, "commands"):
            yield from _walk(command, f"{before}{name} ")


def _table(command: Any) -> Iterator[str]:
    yield from ("| argument or option | default | meaning |", "|---|---|---|")
    for p in command.params:
        if not p.opts[0].startswith("-"):
            written = p.metavar or p.name.upper()
        else:
            written = ", ".join(p.opts) + ("" if p.is_flag else f" {_value(p)}") + (" …" if p.multiple else "")
        yield _row(f"`{written}`", "required" if p.required else _default(p), p.help)


def _argument(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    return name if parameter.required else f"[{name}]"


def _value(option: Any) -> str:
    wanted = option.type_descriptor.annotation
    if isinstance(wanted, type) and issubclass(wanted, enum.Enum):
        return "|".join(choice.value for choice in wanted)
    return str(option.metavar or option.name.upper())


def _default(parameter: Any) -> str:
    default = parameter.default
    if default is None or default is False:
        return ""
    return f"`{default.value if isinstance(default, enum.Enum) else default}`"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def write() -> None:
    """Writes both pages."""
    for name, text in PAGES.items():
        (FOLDER / name).write_text(text(), "utf-8")


if __name__ == "__main__":
    write()
