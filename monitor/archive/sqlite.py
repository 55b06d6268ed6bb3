"""The archive in one SQLite file, by sqlite-utils: one writer, any number of readers, full-text search by FTS5."""

from datetime import datetime
from pathlib import Path

from monitor.archive.asking import Asking
from monitor.archive.keeping import Keeping
from monitor.archive.lock import WriterLock
from monitor.archive.looking import Looking
from monitor.archive.telling import Telling
from monitor.archive.watching import Watching


class SQLiteArchive(Watching, Keeping, Telling, Looking, Asking):
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
        except BaseException:
            lock.release()
            raise
        archive._lock = lock
        return archive

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
