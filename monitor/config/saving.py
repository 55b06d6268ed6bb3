"""A changed file of the configuration takes the place of the old one: tried as a whole before, in one step, or not."""

import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace as but
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.config.settings import Config

FILES = ("monitor.yaml", "sources.yaml", "topics.yaml", "digests.yaml")
_GIT_INDEX = 50_000_000  # bytes of an index that are looked through


class Hindrance(StrEnum):
    """Why a file is not replaced here, and is left to whoever keeps it."""

    READ_ONLY = "read-only"  # it, or the folder in which its successor is made, cannot be written by this user
    GIT = "git"  # it is kept in a git repository, where a change is made by a commit
    OWNER = "owner"  # it belongs to somebody else, and would be ours afterwards
    NO_FILE = "no file"  # it is no plain file


class ChangedError(Exception):
    """The file is not what it was when somebody began to edit it; nothing was written."""


def stand(raw: bytes) -> str:
    """Returns what tells a file's content from any other."""
    return hashlib.sha256(raw).hexdigest()


def hindrance(path: Path) -> Hindrance | None:
    """Returns why this file cannot be replaced, as far as can be seen without trying."""
    real = path.resolve()
    try:
        found = real.stat()
    except OSError:
        return Hindrance.NO_FILE
    if not stat.S_ISREG(found.st_mode):
        return Hindrance.NO_FILE
    if repository_path(real) is not None:
        return Hindrance.GIT
    if not os.access(real, os.W_OK) or not os.access(real.parent, os.W_OK | os.X_OK):
        return Hindrance.READ_ONLY
    if found.st_uid != os.geteuid() and os.geteuid() != 0:
        return Hindrance.OWNER
    return None


def repository_path(path: Path) -> str | None:
    """Returns how a git repository that keeps this file names it; None where none does.

    The names stand as they are in an index of version 2 and 3 (git-scm.com/docs/index-format); one that cannot be
    looked through is taken for one that has it.
    """
    for folder in path.parents:
        git = folder / ".git"
        if not git.exists():
            continue
        name = path.relative_to(folder).as_posix()
        index = git / "index"
        try:
            if git.is_dir() and index.stat().st_size <= _GIT_INDEX:
                raw = index.read_bytes()
                if raw[4:8] in {b"\0\0\0\2", b"\0\0\0\3"}:
                    return name if name.encode() + b"\0" in raw else None
        except FileNotFoundError:
            return None
        except OSError:
            pass
        return name
    return None


def tried(folder: Path, name: str, new: bytes, load: "Callable[[Path], Config]") -> "Config":
    """Reads the configuration as it would be with another content of one file, in a copy.

    Raises:
        ConfigError: with every problem; they name the real files.
        OSError: a file cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="roxham-") as scratch:
        copy = Path(scratch) / folder.name
        copy.mkdir()
        for each in FILES:
            if each == name:
                (copy / each).write_bytes(new)
            else:
                with suppress(FileNotFoundError):  # what is missing is told as such
                    (copy / each).write_bytes((folder / each).read_bytes())
        try:
            return load(copy)
        except ConfigError as error:
            raise ConfigError(
                [but(p, file=p.file.replace(str(copy), str(folder), 1)) for p in error.problems]
            ) from None


def save(folder: Path, name: str, known: str, new: bytes, load: "Callable[[Path], Config]") -> "Config":
    """Puts a new content in the place of a file that is still as it is `known` (see `stand`); returns what it means.

    Links are followed; mode and owner stay. Who adds to a file of that folder meanwhile waits. The same content is not
    written.

    Raises:
        ConfigError: the configuration would not be good with it; nothing is written.
        ChangedError: somebody else changed the file; nothing is written.
        OSError: the file cannot be read or replaced; it is as it was.
    """
    path = (folder / name).resolve()
    with turn(path.parent):
        if stand(path.read_bytes()) != known:
            raise ChangedError
        config = tried(folder, name, new, load)
        if stand(new) != known:
            put(path, known, new)
        return config


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Waits until nobody else changes a file in this folder. A folder that cannot be opened is said by who writes."""
    try:
        opened = os.open(folder, os.O_RDONLY)
    except OSError:
        yield
        return
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def put(path: Path, known: str, new: bytes) -> None:
    """Puts a new content in the place of a file, in one step; within a `turn`.

    Mode and owner stay. Raises ChangedError where the file is not as it is `known` any more, OSError where it cannot be
    replaced: it is as it was then.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(new)
            file.flush()
            os.fsync(file.fileno())
        was, is_ = path.stat(), Path(name).stat()
        if (was.st_uid, was.st_gid) != (is_.st_uid, is_.st_gid):
            os.chown(name, was.st_uid, was.st_gid)
        shutil.copymode(path, name)
        if stand(path.read_bytes()) != known:
            raise ChangedError
        Path(name).replace(path)
        _lasting(path.parent)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _lasting(folder: Path) -> None:
    """Lets the new name survive a power cut."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
