"""How pages look at the archive: a few read-only connections, each used by one thread at a time, and a way to write."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from monitor.app.program import utc_now
from monitor.errors import ArchiveError, TooSlowError

if TYPE_CHECKING:
    from monitor.app import Line
    from monitor.archive.sqlite import SQLiteArchive
    from monitor.config import Config
    from monitor.types import Clock

P = ParamSpec("P")
T = TypeVar("T")

_READERS = 4  # connections, and threads: more would only wait for the processor
_STREAMS = 2  # exports at once
_PATIENCE = 5.0  # seconds for one question, and for its turn
_PART = 20.0  # seconds for one part of an export: the server waits little longer, and then says nothing


class Onlooker:
    """Asks the archive of the configuration in force, beside whoever writes it.

    `config` gives the configuration in force, `change` runs a short change on an archive that is open for writing,
    `line` is the service of this very process, where there is one; `folder` holds the configuration's files.
    """

    def __init__(
        self,
        config: "Callable[[], Config]",
        change: "Callable[[Callable[[SQLiteArchive], object]], Awaitable[object]]",
        *,
        folder: Path | None,
        line: "Callable[[], Line] | None" = None,
        clock: "Clock" = utc_now,
    ) -> None:
        self._config = config
        self._change = change
        self.line = line
        self.folder = folder
        self.clock = clock
        self._threads = ThreadPoolExecutor(_READERS + _STREAMS, thread_name_prefix="pages")
        self._turns = asyncio.Semaphore(_READERS)
        self._streams = asyncio.Semaphore(_STREAMS)
        self._idle: deque[tuple[tuple[int, int], SQLiteArchive]] = deque()

    @property
    def config(self) -> "Config":
        """The configuration in force."""
        return self._config()

    @property
    def path(self) -> Path:
        """The archive's file."""
        from monitor.app import archive_path

        return self.line().archive.path if self.line is not None else archive_path(self.config)

    async def ask(
        self,
        question: "Callable[Concatenate[SQLiteArchive, P], T]",
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Returns what a question to the archive gives: `await onlooker.ask(lambda archive: archive.article(17))`.

        Raises:
            TooSlowError: it took longer than five seconds, or the questions before it did.
            ArchiveError: there is no archive, or it cannot be used.
        """
        try:
            await asyncio.wait_for(self._turns.acquire(), _PATIENCE)
        except TimeoutError as error:
            raise TooSlowError("too much is asked of the archive at this moment; try again in a while") from error
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: self._asked(lambda archive: question(archive, *args, **kwargs))
            )
        finally:
            self._turns.release()

    async def change(self, change: "Callable[[SQLiteArchive], T]") -> T:
        """Returns what a short change gave, when it is committed. Raises ArchiveError."""
        return await self._change(change)  # type: ignore[return-value]  # what it gives is what `change` gives

    async def stream(self, parts: "Callable[[SQLiteArchive], Iterator[bytes]]") -> AsyncGenerator[bytes]:
        """Yields the parts as they are taken, on a connection of their own; at most two streams go on at once.

        What the iterator holds is let go when nobody takes more.

        Raises:
            TooSlowError: two others go on, or a part took longer than a client would wait for it.
            ArchiveError: there is no archive, or it cannot be used.
        """
        if self._streams.locked():
            raise TooSlowError("two exports are under way; try again when one of them has ended")
        loop = asyncio.get_running_loop()
        await self._streams.acquire()
        stream = _Stream(self._opened, parts)
        try:
            while (part := await loop.run_in_executor(self._threads, stream.next)) is not None:
                yield part
        finally:
            gone = loop.run_in_executor(self._threads, stream.close)
            gone.add_done_callback(lambda _: self._streams.release())  # not before its thread is free again
            await asyncio.shield(gone)

    def close(self) -> None:
        """Ends the connections; questions under way end first."""
        self._threads.shutdown()
        while self._idle:
            self._idle.pop()[1].close()

    def _asked(self, question: "Callable[[SQLiteArchive], T]") -> T:
        which, archive = self._taken()
        try:
            with archive.within(_PATIENCE):
                answer = question(archive)
        except ArchiveError:
            archive.close()
            raise
        except BaseException:
            self._idle.append((which, archive))
            raise
        self._idle.append((which, archive))
        return answer

    def _taken(self) -> "tuple[tuple[int, int], SQLiteArchive]":
        """Returns a connection to the file that is there now: one that was put back is another file."""
        which = _identity(self.path)
        with contextlib.suppress(IndexError):  # another thread may take the last one
            while True:
                known, archive = self._idle.pop()
                if known == which:
                    return known, archive
                archive.close()
        return which, self._opened()

    def _opened(self) -> "SQLiteArchive":
        from monitor.archive.sqlite import SQLiteArchive

        return SQLiteArchive.for_reading(self.path)


def _identity(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError:
        return (0, 0)  # opening it says why
    return stat.st_dev, stat.st_ino


class _Stream:
    """Parts made on a connection of their own, in one thread at a time: who leaves does not stop a part half-made."""

    def __init__(
        self, opened: "Callable[[], SQLiteArchive]", parts: "Callable[[SQLiteArchive], Iterator[bytes]]"
    ) -> None:
        self._lock = threading.Lock()
        self._opened = opened
        self._parts = parts
        self._archive: SQLiteArchive | None = None
        self._iterator: Iterator[bytes] | None = None
        self._left = False

    def next(self) -> bytes | None:
        """Returns the next part; None where there is none, or nobody takes it any more."""
        with self._lock:
            if self._left:
                return None
            if self._archive is None or self._iterator is None:
                self._archive = self._opened()
                self._iterator = self._parts(self._archive)
            with self._archive.within(_PART):
                return next(self._iterator, None)

    def close(self) -> None:
        """Lets go of everything, as soon as the part that is being made is done."""
        self._left = True
        with self._lock:
            try:
                if self._iterator is not None and (close := getattr(self._iterator, "close", None)) is not None:
                    close()
            finally:
                if self._archive is not None:
                    self._archive.close()


@contextlib.contextmanager
def beside(line: "Callable[[], Line]", folder: Path | None) -> Iterator[Onlooker]:
    """Looks on in the process of the service: what changes, changes on the service's own connection."""

    async def change(work: "Callable[[SQLiteArchive], object]") -> object:
        here = line()
        return await here.threads.archive(work, here.archive)

    onlooker = Onlooker(lambda: line().config, change, folder=folder, line=line)
    try:
        yield onlooker
    finally:
        onlooker.close()


@contextlib.contextmanager
def alone(config: "Callable[[], Config]", folder: Path) -> Iterator[Onlooker]:
    """Looks on without a service in this process; another one may be at work on the same archive."""

    async def change(work: "Callable[[SQLiteArchive], object]") -> object:
        def changed() -> object:
            from monitor.app import changing

            with changing(config(), purpose="web") as archive:
                return work(archive)

        return await asyncio.to_thread(changed)

    onlooker = Onlooker(config, change, folder=folder)
    try:
        yield onlooker
    finally:
        onlooker.close()
