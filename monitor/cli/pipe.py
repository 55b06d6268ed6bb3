"""Pipes that commands write into: a reader that goes away ends what is written, and not the command."""

import io
import os
import stat
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Pipe(io.FileIO):
    """What is written after the reader has gone is lost, without an error."""

    gone = False

    def write(self, data: "ReadableBuffer", /) -> int:
        if not self.gone:
            try:
                return super().write(data)
            except BrokenPipeError:
                self.gone = True
        return memoryview(data).nbytes


def forgiving(stream: TextIO) -> TextIO:
    """Returns a stream into the same pipe that loses what nobody reads any more; what is no pipe as it is.

    `roxham search … | head -1` ends quietly that way, and `roxham sources check | head` with the exit code of the
    check: typer would make it 1 whatever the command found.
    """
    with suppress(AttributeError, OSError, ValueError):  # none at all, closed, or not a file of the system
        mode = os.fstat(stream.fileno()).st_mode
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            return io.TextIOWrapper(
                io.BufferedWriter(_Pipe(stream.fileno(), "w", closefd=False)),
                encoding=stream.encoding,
                errors=stream.errors,
                line_buffering=bool(stream.line_buffering),
            )
    return stream


def reader_gone() -> bool:
    """Says whether nobody reads stdout any more: what would write much may as well stop."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return isinstance(raw, _Pipe) and raw.gone
