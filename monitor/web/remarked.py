"""Marks the archive by the present topics beside the pages, as `roxham topics apply` does: one run at a time."""

import asyncio
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from monitor.app import configuration, reading_file
from monitor.archive import Marked, Remarked
from monitor.errors import ArchiveError, ConfigError
from monitor.pipeline import Applied
from monitor.pipeline import apply as applied

if TYPE_CHECKING:
    from monitor.app.onlooker import Onlooker
    from monitor.config import Config
    from monitor.types import Kept

log = structlog.get_logger("roxham")

_REST = 25  # articles, after which whatever else goes on in this process comes first
_PAUSE = 0.005  # seconds
_EVERY = 0.5  # seconds, in which a run that waits looks whether it is to end


@dataclass(slots=True)
class Marking:
    """A run, as far as it is."""

    began_at: datetime
    tell: bool
    by: str
    looked_at: int = 0
    done: Applied | None = None
    failed: str | None = None

    @property
    def under_way(self) -> bool:
        """Whether it goes on."""
        return self.done is None and self.failed is None


class _StoppedError(Exception):
    """The program ends."""


class Marker:
    """Starts runs, and knows the last one."""

    def __init__(self, onlooker: "Onlooker") -> None:
        self._onlooker = onlooker
        self._task: asyncio.Task[None] | None = None
        self.last: Marking | None = None

    def begin(self, *, tell: bool, by: str) -> bool:
        """Starts a run, which may `tell` (see `Archive.remark`); False where one goes on."""
        if self.last is not None and self.last.under_way:
            return False
        self.last = Marking(began_at=self._onlooker.clock(), tell=tell, by=by)
        log.info("marking begins", by=by, tell=tell)
        self._task = asyncio.create_task(self._run(self.last))
        return True

    async def _run(self, run: Marking) -> None:
        stop, loop = threading.Event(), asyncio.get_running_loop()
        try:
            run.done = await asyncio.to_thread(self._marked, run, loop, stop)
            log.info("marking done", by=run.by, topics=run.done.topics, looked_at=run.done.looked_at)
        except (ArchiveError, ConfigError) as error:
            run.failed = str(error)
            log.error("marking failed", by=run.by, reason=run.failed)
        except Exception as error:  # a defect of ours; the pages go on
            run.failed = type(error).__name__
            log.exception("marking failed", by=run.by)
        finally:
            stop.set()
            if run.under_way:
                run.failed = "stopped"

    def _marked(self, run: Marking, loop: asyncio.AbstractEventLoop, stop: threading.Event) -> Applied:
        """In a thread, on a connection of its own."""
        config = self._config()

        def remark(batch: Sequence[Marked]) -> Remarked:
            waiting = list(batch)
            change = self._onlooker.change(lambda archive: archive.remark(waiting, tell=run.tell))
            return _result(asyncio.run_coroutine_threadsafe(change, loop), stop)

        def watch(articles: "Iterable[Kept]") -> "Iterator[Kept]":
            for article in articles:
                if stop.is_set():
                    raise _StoppedError
                run.looked_at += 1
                if run.looked_at % _REST == 0:
                    time.sleep(_PAUSE)
                yield article

        with reading_file(self._onlooker.path) as archive:
            return applied(archive, config.topics, config.sources, remark, watch=watch)

    def _config(self) -> "Config":
        """By what the service works; without one here, what the files say now."""
        here = self._onlooker
        return here.config if here.line is not None or here.folder is None else configuration(here.folder)


def _result(future: "Future[Remarked]", stop: threading.Event) -> Remarked:
    while True:
        try:
            return future.result(_EVERY)
        except TimeoutError:
            if future.done():
                raise
            if stop.is_set():
                future.cancel()
                raise _StoppedError from None
