"""SQLite connections: how they are opened, how a transaction is made, and what each of SQLite's complaints means."""

import errno
import sqlite3 as standard_sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database
from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]  # the driver it chose: pysqlite3 where present

from monitor.archive.migrations import NAMES, migrations
from monitor.archive.packing import plain
from monitor.errors import ArchiveError, TooSlowError

Row = Any  # sqlite3.Row or pysqlite3.Row
_ERRNO = {errno.ENOSPC: "full", errno.EDQUOT: "full", errno.EFBIG: "full", errno.EROFS: "read-only"}
"""What the system complains of beside SQLite, in SQLite's words."""
_ERRORS = (sqlite3.Error, standard_sqlite3.Error)
_PAGE = 1 << 15  # bytes: texts of 3 kB fill pages of 4 kB badly
_WAL = 32_000_000  # bytes
_STEPS = 2_000  # of SQLite's machine between two looks at the clock: some tens of microseconds


def stamp(moment: datetime) -> str:
    """Returns a time as the archive writes it: ISO 8601, UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamp_or_none(moment: datetime | None) -> str | None:
    """Returns a time as the archive writes it, or None."""
    return None if moment is None else stamp(moment)


def moment(text: str) -> datetime:
    """Returns a time the archive wrote."""
    return datetime.fromisoformat(text)


def moment_or_none(text: str | None) -> datetime | None:
    """Returns a time the archive wrote, or None."""
    return None if text is None else datetime.fromisoformat(text)


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Turns SQLite's errors into an ArchiveError that an operator can act upon, or a TooSlowError (`within`)."""
    try:
        yield
    except _ERRORS as error:
        if str(error) == "interrupted":
            raise TooSlowError(_TOO_SLOW) from error
        raise ArchiveError(f"{path}: {_meaning(str(error))}") from error
    except OSError as error:
        said = _ERRNO.get(error.errno or 0) or error.strerror or str(error)
        raise ArchiveError(f"{path}: {_meaning(said)}") from error


_TOO_SLOW = "this takes too long; ask for less: a shorter time, fewer sources, or rarer words"


def _meaning(said: str) -> str:
    low = said.lower()
    if "readonly" in low or "read-only" in low:
        return "cannot be written: the file or its folder is read-only for this user"
    if "locked" in low or "busy" in low:
        return f"another program holds it ({said}); close that program and try again"
    if "full" in low:
        return "the disk is full; nothing of this step was kept, free some space and run it again"
    if "disk i/o error" in low:
        return "the disk does not take or give data (I/O error, quota or full disk); nothing of this step was kept"
    if "malformed" in low or "not a database" in low or "corrupt" in low:
        return f"is not a sound SQLite archive ({said}); restore a backup, or name another file"
    if "unable to open" in low:
        return "cannot be opened; does its folder exist, and may this user read it?"
    return said


class Connected:
    """One connection to the archive's file, with a lock so that it may be used from several threads in turn."""

    def __init__(self, path: Path, *, writable: bool) -> None:
        self.path = path
        self.writable = writable
        self._mutex = threading.RLock()
        self._deadline: float | None = None
        with guarded(path):
            if writable:
                path.parent.mkdir(parents=True, exist_ok=True)
            elif not path.exists():
                raise ArchiveError(f"{path}: there is no archive yet; `roxham collect` makes it")
            if path.is_dir():
                raise ArchiveError(f"{path}: is a folder; an archive is a file")
            self.db = Database(connect(path, writable=writable), recursive_triggers=False, execute_plugins=False)
            stat = path.stat()
            self.file = stat.st_dev, stat.st_ino  # another may come into its place, which is not the one that is open
            try:
                self._prepare()
            except BaseException:
                self.db.close()
                raise

    def _prepare(self) -> None:
        connection = self.db.conn
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA busy_timeout = 5000")
        recognise(self.db, self.path, writable=self.writable)
        if self.writable:
            connection.execute(f"PRAGMA page_size = {_PAGE}")  # of a new file; an older one stays as it is
            connection.execute("PRAGMA journal_mode = WAL")
            pages = _WAL // connection.execute("PRAGMA page_size").fetchone()[0]
            connection.execute(f"PRAGMA wal_autocheckpoint = {pages}")  # what is written again and again goes once
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -16000")
        connection.execute("PRAGMA temp_store = MEMORY")
        if self.writable:
            migrations.apply(self.db)

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Database]:
        """One transaction, committed at the end, rolled back on any error; `durable` survives a power cut too."""
        connection = self.db.conn
        with self._mutex, guarded(self.path):
            if durable:
                connection.execute("PRAGMA synchronous = FULL")
            try:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self.db
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
            finally:
                if durable:
                    connection.execute("PRAGMA synchronous = NORMAL")

    @contextmanager
    def reading(self) -> Iterator[Database]:
        """Several questions that one answer is made of; the caller writes nothing."""
        with self._mutex, guarded(self.path):
            yield self.db

    @contextmanager
    def at_one_time(self) -> Iterator[Database]:
        """Several questions to the archive as it stands at one moment, whatever is written meanwhile."""
        connection = self.db.conn
        with self._mutex, guarded(self.path):
            within = connection.in_transaction
            if not within:
                connection.execute("BEGIN")
            try:
                yield self.db
            finally:
                if not within and connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        before = self._deadline
        mine = time.monotonic() + seconds
        self._limit(mine if before is None else min(before, mine))
        try:
            yield
        finally:
            self._limit(before)

    @contextmanager
    def unhurried(self) -> Iterator[None]:
        """What is made once for many questions is on nobody's time: the deadline moves by as long as it takes."""
        before, began = self._deadline, time.monotonic()
        self._limit(None)
        try:
            yield
        finally:
            self._limit(None if before is None else before + time.monotonic() - began)

    def in_time(self) -> None:
        """Says that there is time left.

        Raises:
            TooSlowError: there is none.
        """
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise TooSlowError(_TOO_SLOW)

    def _limit(self, deadline: float | None) -> None:
        """SQLite itself asks at times whether to go on; rolling back takes fewer steps than lie between."""
        self._deadline = deadline
        late = None if deadline is None else lambda: int(time.monotonic() > deadline)
        self.db.conn.set_progress_handler(late, _STEPS)

    def rows(self, sql: str, values: Sequence[object] | dict[str, object] = ()) -> list[Row]:
        """Returns all rows of a query."""
        with self._mutex, guarded(self.path):
            return list(self.db.conn.execute(sql, values))

    def row(self, sql: str, values: Sequence[object] = ()) -> Row | None:
        """Returns the first row of a query, or None."""
        with self._mutex, guarded(self.path):
            return self.db.conn.execute(sql, values).fetchone()


def recognise(db: Database, path: Path, *, writable: bool) -> None:
    """Refuses what is no archive of this version, or of an older one that a writer may bring up to it.

    Raises:
        ArchiveError: it says which.
    """
    known = {step.name for step in migrations.applied(db)}
    if newer := known - set(NAMES):
        raise ArchiveError(f"{path}: made by a newer version of roxham (step {min(newer)}); update this one")
    tables = db.conn.execute("SELECT count(*) FROM sqlite_schema WHERE name NOT GLOB '*sqlite_*'").fetchone()[0]
    if not known and tables:
        raise ArchiveError(f"{path}: is the SQLite file of another program; name another file")
    if writable or not set(NAMES) - known:
        return
    if not known:
        raise ArchiveError(f"{path}: there is no archive in it yet; `roxham collect` makes it")
    raise ArchiveError(f"{path}: made by an older version of roxham; `roxham collect` brings it up to date")


def connect(path: Path, *, writable: bool) -> Any:
    """Opens a SQLite file as it is."""
    connection = _opened(path, writable=writable)
    connection.create_function("roxham_plain", 1, plain, deterministic=True)
    return connection


def _opened(path: Path, *, writable: bool) -> Any:
    uri = path.absolute().as_uri()
    if writable:
        return sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
    try:
        connection = sqlite3.connect(f"{uri}?mode=ro", uri=True, check_same_thread=False, isolation_level=None)
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1")
    except sqlite3.OperationalError:
        # On a read-only file system the shared-memory file of WAL cannot be made; nobody can write there either.
        if path.with_name(path.name + "-wal").exists():
            raise
        return sqlite3.connect(f"{uri}?immutable=1", uri=True, check_same_thread=False, isolation_level=None)
    return connection


def marks(count: int) -> str:
    """Returns that many parameter marks for an IN list."""
    return ",".join("?" * count)
