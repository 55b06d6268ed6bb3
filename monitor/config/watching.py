"""Waits for saved files of the configuration, and lets nobody read one that is being written.

The files are looked at ten times a second, which costs forty calls of stat(2). Events would be no surer: none comes
from a network file system, none for a link that is switched above the folder (as Kubernetes does), and none says that
whoever writes is done.
"""

import asyncio
import errno
import fcntl
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from time import monotonic
from typing import TypeVar

import structlog

from monitor.config.schema import FILES
from monitor.errors import ConfigError, Problem

log = structlog.get_logger("roxham")
T = TypeVar("T")
_Stand = tuple[int, ...] | None
"""What tells a file from itself at another time; None: it is not there."""

_EVERY = 0.1  # seconds between two looks
_STILL = 0.25  # seconds without a change, after which a file is taken for whole
_STILL_OPEN_ENDED = 0.5  # of one whose last line has no end: there may be more to come
_STILL_EMPTY = 2.0  # of one that is empty or gone, as it is for a moment while some editors save
_STILL_WRITING = float("inf")
_TOLD_AFTER = 10.0  # seconds in which the files never stood still, or one was open for writing


class Files:
    """The four files in a folder. Made before they are first read, it knows of each save after that."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._paths = tuple(folder / name for name in FILES)
        self._known = self._look()

    async def changes(self, load: Callable[[], T]) -> AsyncIterator[T | ConfigError]:
        """Yields what `load` makes of the files, or its ConfigError, each time after they were saved.

        `load` runs in a thread. What it says counts only if the files stood still from before it began until after it
        ended, with nobody writing: so it has seen whole files that belong together.
        """
        while True:
            before = await self._at_rest()
            said: T | ConfigError
            try:
                said = await asyncio.to_thread(load)
            except ConfigError as error:
                said = error
            except Exception as error:  # a defect of ours: whoever mends the files is waited for all the same
                log.exception("configuration not read")
                what = f"cannot be read: {type(error).__name__}: {error}"
                said = ConfigError([Problem(str(self.folder), 1, 1, "", what)])
            after, wanted = await asyncio.to_thread(self._state)
            if after == before and wanted < _STILL_WRITING:
                self._known = after
                yield said

    async def _at_rest(self) -> tuple[_Stand, ...]:
        """Returns how the files stand when they have changed, and stand still."""
        last, since = self._known, monotonic()
        changing, told = since, False  # since when
        while True:
            await asyncio.sleep(_EVERY)
            stands, wanted = await asyncio.to_thread(self._state)
            if stands != last:
                last, since = stands, monotonic()
            still = monotonic() - since
            if stands == self._known:
                changing, told = monotonic(), False
            elif still >= wanted:
                return stands
            elif monotonic() - changing >= _TOLD_AFTER and not told:
                log.warning("configuration waits: a file is still being written", folder=str(self.folder))
                told = True

    def _state(self) -> tuple[tuple[_Stand, ...], float]:
        """How the files stand, and how long those that changed must stand still."""
        stands = self._look()
        changed = [path for path, was, is_ in zip(self._paths, self._known, stands, strict=True) if was != is_]
        return stands, max((_wanted(path) for path in changed), default=0.0)

    def _look(self) -> tuple[_Stand, ...]:
        return tuple(_stand(path) for path in self._paths)


def _stand(path: Path) -> _Stand:
    """With the time of the last change of anything, rights included: a file may become readable."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev


def _wanted(path: Path) -> float:
    """Returns for how many seconds a file must stand still before it is read."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe would wait for who writes to it
    except OSError:
        return _STILL_EMPTY
    try:
        if being_written(file):
            return _STILL_WRITING
        size = os.fstat(file).st_size
        if size == 0:
            return _STILL_EMPTY
        return _STILL if os.pread(file, 1, size - 1) == b"\n" else _STILL_OPEN_ENDED
    except OSError:
        return _STILL
    finally:
        os.close(file)


def being_written(file: int) -> bool:
    """Says whether some process has a file open for writing; False, too, where the system cannot tell.

    Linux refuses a read lease then (fcntl(2), F_SETLEASE). It grants one to the file's owner and to root only.
    """
    if sys.platform != "linux":
        return False
    try:
        # Who opens the file while we hold the lease waits, and we get a signal: SIGIO by default, which would end us.
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    return False
