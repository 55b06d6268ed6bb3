"""`roxham` that kills itself with SIGKILL at a commit to its archive: the real program, only the moment is chosen.

    python -m tests.doomed METHOD before|after NTH ARGUMENT …

METHOD is the method of the archive whose commit it is, or `any`; `before` is when the transaction is whole and not
committed, `after` when it is committed and nobody was told. The arguments are those of `roxham`.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlite_utils import Database

from monitor.archive import sqlite
from monitor.cli import main


class Doomed(sqlite.SQLiteArchive):
    """An archive whose process does not survive the commit it was told of."""

    method = "any"
    moment = "before"
    left = 1

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Database]:
        caller = sys._getframe(2).f_code.co_name  # 1 is contextlib's
        with super().write(durable=durable) as db:
            yield db
            self._reach("before", caller)
        self._reach("after", caller)

    def _reach(self, moment: str, caller: str) -> None:
        if moment == self.moment and self.method in ("any", caller):
            Doomed.left -= 1
            if Doomed.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    Doomed.method, Doomed.moment, Doomed.left = sys.argv[1], sys.argv[2], int(sys.argv[3])
    sqlite.SQLiteArchive = Doomed  # type: ignore[misc]
    sys.argv = ["roxham", *sys.argv[4:]]
    main()
