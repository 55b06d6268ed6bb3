"""Copies of the archive: how one is made, also during a run, and how one is put back.

What is put in place is always whole: it is written beside, flushed to the disk, and then renamed. The archive that was
there stays under another name.
"""

import glob
import os
import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database
from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]  # the driver it chose: pysqlite3 where present

from monitor.archive import counter, messages
from monitor.archive.connection import Connected, connect, guarded, recognise
from monitor.archive.counter import Counter
from monitor.archive.lock import WriterLock
from monitor.archive.migrations import migrations
from monitor.archive.outbox import own_counter
from monitor.errors import ArchiveError

_BESIDE = ("-wal", "-shm", "-journal")  # files of SQLite's that belong to a database


class Copying(Connected):
    """See the contract in monitor/archive/__init__.py."""

    def backup(self, file: Path) -> None:
        if file.exists():
            raise ArchiveError(f"{file}: exists already; name a new file")
        half = file.with_name(file.name + ".part")  # half a copy would look like a whole one
        with guarded(file):
            file.parent.mkdir(parents=True, exist_ok=True)
            try:
                _new_file(half)
                with self._mutex, closing(sqlite3.connect(str(half))) as copy:
                    self.db.conn.backup(copy)
                    copy.execute("PRAGMA journal_mode = DELETE")  # one file, which opening does not change
                _sync(half)
                half.rename(file)
                counter.sync_folder(file.parent)
            finally:
                _remove(half)


def restore(path: Path, file: Path, now: datetime) -> Path | None:
    """Puts a copy in the place of the archive at `path`; returns under which name that one stays, if there was one.

    A kill at any moment leaves the one or the other in place. An archive that is put back knows nothing of what was
    sent since the copy was made: its outbox is held where the counter beside it, or the archive that was there, says
    that anything was, or where nobody can know (see counter.py).

    Raises:
        ArchiveError: the archive is in use; the file is no sound archive of this version or an older one; no room.
    """
    if not file.is_file():
        raise ArchiveError(f"{file}: {'is no file' if file.exists() else 'there is no such file'}")
    if path.exists() and path.samefile(file):
        raise ArchiveError(f"{file}: is the archive itself")
    lock = WriterLock(path, purpose="restore", now=now, wait=0)
    try:
        with guarded(path):
            _clear(path)
            copy = path.with_name(path.name + ".restoring")
            try:
                known = _copied(file, copy, as_of=path)
                return _swap(path, copy, known, now)
            finally:
                _remove(copy)
    finally:
        lock.release()


def _clear(path: Path) -> None:
    """Ends what a restore left behind that was killed: a second name of the archive that is still in place."""
    for other in path.parent.glob(f"{glob.escape(path.name)}.before-*"):
        if path.exists() and other.samefile(path):
            for ending in _BESIDE:
                own, moved = path.with_name(path.name + ending), other.with_name(other.name + ending)
                if moved.exists() and not own.exists():
                    moved.rename(own)
                moved.unlink(missing_ok=True)
            other.unlink()
    _remove(path.with_name(path.name + ".restoring"))


def _copied(file: Path, copy: Path, *, as_of: Path) -> Counter:
    """Writes a sound copy of a file that is brought up to this version; returns what it knows of what was sent."""
    with guarded(file), closing(connect(file, writable=False)) as source:
        _new_file(copy, like=as_of)
        with closing(sqlite3.connect(str(copy), isolation_level=None)) as connection:
            source.backup(connection)
            flaw = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if flaw != "ok":
                raise ArchiveError(f"{file}: is damaged ({flaw}); name another copy")
            connection.row_factory = sqlite3.Row
            db = Database(connection, recursive_triggers=False, execute_plugins=False)
            recognise(db, file, writable=True)
            if not migrations.applied(db):
                raise ArchiveError(f"{file}: there is no archive in it")
            connection.execute("PRAGMA foreign_keys = ON")
            migrations.apply(db)
            connection.execute("DELETE FROM sessions")  # who signed out since must not be signed in again
            connection.execute("PRAGMA journal_mode = DELETE")
            known = own_counter(db)
    _sync(copy)
    return known


def _swap(path: Path, copy: Path, known: Counter, now: datetime) -> Path | None:
    if not path.exists():
        _remember(path, _unknown(known, "there was no archive in its place"))
        copy.replace(path)
        counter.sync_folder(path.parent)
        return None
    sound, present = _settle(path)
    if present is None or (None not in (present.archive, known.archive) and present.archive != known.archive):
        present = _unknown(known, "the archive that was in its place does not say")
    _remember(path, present)
    before = _kept_as(path, now)
    counter.sync_folder(path.parent)
    if not sound:  # SQLite's own files belong to it, and would spoil the copy
        for ending in _BESIDE:
            beside = path.with_name(path.name + ending)
            if beside.exists():
                _name_again(beside, before.with_name(before.name + ending))
                counter.sync_folder(path.parent)
                beside.unlink()
    copy.replace(path)
    counter.sync_folder(path.parent)
    return before


def _settle(path: Path) -> tuple[bool, Counter | None]:
    """Brings all that an archive knows into its one file; says whether that could be done, and what it knows.

    Raises:
        ArchiveError: another program has it open.
    """
    try:
        with closing(connect(path, writable=False)) as connection:  # one that writes would empty a damaged one's log
            connection.execute("SELECT count(*) FROM sqlite_schema")
            present = _knows(connection)
        with closing(connect(path, writable=True)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise
        return False, None
    except sqlite3.DatabaseError:  # that is why it is put back
        return False, None
    if any(path.with_name(path.name + ending).exists() for ending in _BESIDE):
        raise ArchiveError(f"{path}: another program has it open; close that program and try again")
    return True, present


def _knows(connection: Any) -> Counter | None:
    """Returns what an archive knows of what was sent; None for one that is of an older version, or none."""
    try:
        connection.row_factory = sqlite3.Row
        db = Database(connection, recursive_triggers=False, execute_plugins=False)
        known, last = own_counter(db), messages.newest(db)
        db.conn.execute("SELECT erased FROM outbox LIMIT 1")
    except sqlite3.DatabaseError:
        return None
    return Counter(archive=known.archive, handed=known.handed, last=last)


def _unknown(known: Counter, why: str) -> Counter:
    return Counter(
        archive=known.archive,
        handed=known.handed,
        unknown=f"a copy was put back, and what was sent since it was made is not known: {why}",
    )


def _remember(path: Path, said: Counter) -> None:
    """Lets the outbox of what is put back be judged by this, where no counter says what was sent."""
    if counter.read(path) is None:
        counter.prepare(path, said)
        counter.put_in_place(path)


def _kept_as(path: Path, now: datetime) -> Path:
    """Gives the archive a second name, by which it stays."""
    name = f"{path.name}.before-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    for number in range(1, 1000):
        before = path.with_name(name if number == 1 else f"{name}-{number}")
        if not before.exists():
            _name_again(path, before)
            return before
    raise ArchiveError(f"{path.with_name(name)}: exists already")


def _name_again(file: Path, other: Path) -> None:
    """Gives a file a second name; a copy, where the disk knows no such thing."""
    try:
        os.link(file, other)
    except FileExistsError:
        raise
    except OSError:
        half = other.with_name(other.name + ".part")
        shutil.copy2(file, half)
        _sync(half)
        half.rename(other)


def _new_file(file: Path, *, like: Path | None = None) -> None:
    """Makes an empty file that nobody else may read, or with the owner and the rights of another one."""
    _remove(file)
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    if like is not None and like.exists():
        rights = like.stat()
        file.chmod(rights.st_mode & 0o777)
        if (rights.st_uid, rights.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(file, rights.st_uid, rights.st_gid)


def _remove(file: Path) -> None:
    for ending in ("", *_BESIDE):
        file.with_name(file.name + ending).unlink(missing_ok=True)


def _sync(file: Path) -> None:
    with file.open("rb") as handle:
        os.fsync(handle.fileno())
