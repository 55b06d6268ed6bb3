"""The archive's writer lock: one process writes at a time, and the lock says which.

A lock file beside the archive, held by flock(2): the kernel lets it go when the process dies, however it dies.
"""

import fcntl
import json
import os
import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from monitor.errors import ArchiveError


class WriterLock:
    """Holds the lock from construction until `release`.

    Raises:
        ArchiveError: another process still held it after `wait` seconds; the message names that process.
    """

    def __init__(self, archive: Path, *, purpose: str, now: datetime, wait: float) -> None:
        self.path = lock_path(archive)
        try:
            archive.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = self.path.open("ab+", buffering=0)
        except OSError as error:
            raise ArchiveError(f"{archive}: cannot be written: {error.strerror}: {self.path}") from error
        deadline = time.monotonic() + wait
        while not self._try():
            if time.monotonic() >= deadline:
                holder = self._holder()
                self._file.close()
                raise ArchiveError(f"{archive}: held by {holder}; it can be read meanwhile, and written when that ends")
            time.sleep(0.1)
        name = {"pid": os.getpid(), "host": socket.gethostname(), "purpose": purpose, "since": now.isoformat()}
        try:
            self._file.truncate(0)
            self._file.write(json.dumps(name).encode())
        except OSError as error:
            self._file.close()
            raise ArchiveError(f"{archive}: cannot be written: {error.strerror}: {self.path}") from error

    def _try(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _holder(self) -> str:
        return describe(self.path) or "another process"

    def release(self) -> None:
        """Gives the lock back. The file stays: removing it would let two processes hold different files."""
        if not self._file.closed:
            self._file.truncate(0)
            self._file.close()


def lock_path(archive: Path) -> Path:
    """Returns where an archive's lock file lies."""
    return archive.with_name(archive.name + ".lock")


def holder(archive: Path) -> str | None:
    """Returns who holds an archive, or None: the name that a killed process left in its lock file does not count."""
    path = lock_path(archive)
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        return describe(path) or "another process"
    except OSError:
        return None


def describe(path: Path) -> str | None:
    """Returns who a lock file names, or None when it names nobody."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        since = f"{datetime.fromisoformat(said['since']).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        return f"`roxham {said['purpose']}` (process {said['pid']} on {said['host']}, since {since})"
    except (OSError, ValueError, KeyError, TypeError):
        return None
