"""Where a command writes a file that comes piece by piece: stdout, or a file that is there when it is whole."""

import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from monitor.cli.output import complain
from monitor.cli.pipe import reader_gone

Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Into this file, which is there when it is whole; else stdout."
    ),
]


def write(parts: Iterable[bytes], output: Path | None) -> int:
    """Writes bytes as they come, into `output` or to stdout until nobody reads there; returns how many.

    A file of that name stays as it is until the new one is whole, and an interrupted command leaves it. Ends the
    command where nothing can be written there.
    """
    written = 0
    with _opened(output) as out:
        for part in parts:
            if output is None and reader_gone():
                break
            out.write(part)
            written += len(part)
    return written


def check(output: Path | None) -> None:
    """Ends the command before it begins to work where its file could not be written."""
    if output is not None and output.is_dir():
        complain(f"{output}: is a folder; name a file")
        raise typer.Exit(2)
    if output is not None and not output.absolute().parent.is_dir():
        complain(f"{output.parent}: no such folder")
        raise typer.Exit(2)


@contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    check(output)
    if output.exists() and not output.is_file():  # a pipe, a device: nothing can take its place
        with output.open("wb") as out:
            yield out
        return
    beside = output.with_name(f".{output.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("xb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        beside.replace(output)
    except OSError as error:
        complain(f"{output}: {error.strerror or error}; nothing is kept of it")
        raise typer.Exit(1) from None
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()
