"""The archive in one SQLite file, by sqlite-utils: one writer, any number of readers, full-text search by FTS5."""

from datetime import datetime
from pathlib import Path

from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]  # the driver it chose: pysqlite3 where present

from monitor.archive.alarms import Alarming
from monitor.archive.asking import Asking
from monitor.archive.copies import Copying
from monitor.archive.figuring import Figuring
from monitor.archive.keeping import Keeping
from monitor.archive.lock import WriterLock, holder
from monitor.archive.looking import Looking
from monitor.archive.marking import Marking
from monitor.archive.outbox import Outbox
from monitor.archive.people import People
from monitor.archive.readers import Readers
from monitor.archive.relating import Relating
from monitor.archive.service import Serving
from monitor.archive.tallying import Tallying
from monitor.archive.telling import Telling
from monitor.archive.tracing import Tracing
from monitor.archive.watching import Watching
from monitor.errors import ArchiveError

_TWO_MAY_WRITE = (3, 51, 3)


class SQLiteArchive(
    Figuring,
    Watching,
    Keeping,
    Marking,
    Telling,
    Outbox,
    Readers,
    Alarming,
    Looking,
    Relating,
    Asking,
    Tallying,
    Tracing,
    People,
    Serving,
    Copying,
):
    """Keeps the contract of monitor/archive/__init__.py. Made by `for_writing` or `for_reading`."""

    _lock: WriterLock | None = None

    @classmethod
    def for_writing(cls, path: Path, *, purpose: str, now: datetime, wait: float = 10.0) -> "SQLiteArchive":
        """Opens the archive as its one writer, making or migrating it where that is needed.

        `wait`: seconds to wait for another writer to end.

        Raises:
            ArchiveError: held by another process (it is named), or not usable.
        """
        lock = WriterLock(path, purpose=purpose, now=now, wait=wait)
        try:
            archive = cls(path, writable=True)
            archive.secret()  # before any copy is made: one that is put back gives messages the same Message-IDs
        except BaseException:
            lock.release()
            raise
        archive._lock = lock
        return archive

    @classmethod
    def for_a_change(cls, path: Path, *, purpose: str, now: datetime) -> "SQLiteArchive":
        """Opens the archive for one short change by an operator, also while another process is its writer.

        Each change is a transaction; what the writer knows it asks of the archive anew. Not with an SQLite in which two
        connections that write may damage the file (before 3.51.3, sqlite.org/wal.html, "The WAL-reset bug").

        Raises:
            ArchiveError: not usable, or held by another process and one of the two is too old.
        """
        try:
            return cls.for_writing(path, purpose=purpose, now=now, wait=0)
        except ArchiveError:
            if holder(path) is None or sqlite3.sqlite_version_info < _TWO_MAY_WRITE:
                raise
        cls(path, writable=False).close()  # refuses what an older program is still writing
        return cls(path, writable=True)

    @classmethod
    def for_reading(cls, path: Path) -> "SQLiteArchive":
        """Opens the archive read-only; a writer beside it is no hindrance.

        Raises:
            ArchiveError: there is none, or it is not usable.
        """
        return cls(path, writable=False)

    def close(self) -> None:
        self.db.close()
        if self._lock is not None:
            self._lock.release()
