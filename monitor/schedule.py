"""The service: APScheduler is the only clock, its ticks only start work, and SIGTERM ends it in good order.

What is due is a fact in the archive, not in a job store: after any downtime the first tick catches up.
"""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from monitor import app
from monitor.app import Line
from monitor.config import Config
from monitor.errors import ArchiveError, ConfigError
from monitor.renewal import Renewal
from monitor.web import assemble, serve, served_at
from monitor.web.later import Later

log = structlog.get_logger("roxham")

COLLECT_TICK = timedelta(seconds=2)
DELIVER_TICK = timedelta(seconds=5)
BEAT_TICK = timedelta(seconds=15)
PRUNE_TICK = timedelta(hours=6)
RETURNS_TICK = timedelta(minutes=2)
STOP_WITHIN = timedelta(seconds=12)
"""How long work in flight may take to end after a stop is asked for; the promise to the outside is 20 seconds."""
CUT_WITHIN = timedelta(seconds=2)
"""How long work that was cut off may take to notice."""


class Service:
    """Runs the line until it is told to stop.

    Args:
        line: what it starts with.
        saved: gives the configuration, or what is wrong with it, each time after its files were saved.
        folder: where these files are.
    """

    def __init__(
        self, line: Line, saved: AsyncIterator[Config | ConfigError] | None = None, folder: Path | None = None
    ) -> None:
        self._folder = folder
        self._renewal = Renewal(line)
        self._saved = saved
        self._stop = asyncio.Event()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: dict[str, Callable[[], Awaitable[None]]] = {}
        self._fatal: ArchiveError | None = None
        self._ticks = 0

    @property
    def _line(self) -> Line:
        return self._renewal.line

    def stop(self) -> None:
        """Asks for the end, as SIGTERM and SIGINT do."""
        self._stop.set()

    async def run(self) -> None:
        """Returns after SIGTERM or SIGINT, when what was in flight has ended.

        Raises:
            ArchiveError: the archive cannot be used any more.
        """
        loop = asyncio.get_running_loop()
        self._line.threads.serve(loop)
        for stop_signal in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(stop_signal, self.stop)
        line = self._line
        await line.deliver.recover()
        await line.deliver.register()
        await self._renewal.begin()
        scheduler = AsyncIOScheduler(timezone="UTC")
        for name, start, work, every in (
            ("beat", self._start, self._beat, BEAT_TICK),
            ("visit", self._start_another, self._visit, COLLECT_TICK),
            ("take", self._start_another, self._take, COLLECT_TICK),
            ("deliver", self._start, self._deliver, DELIVER_TICK),
            ("prune", self._start, self._prune, PRUNE_TICK),
            ("returns", self._start, self._returns, RETURNS_TICK),
        ):
            scheduler.add_job(
                start, "interval", args=[name, work], seconds=every.total_seconds(), id=name,
                coalesce=True, misfire_grace_time=None, next_run_time=line.clock(),
            )  # fmt: skip
        scheduler.start()
        await self._start("weave", self._weave)
        following = asyncio.create_task(self._guard("configuration", self._follow), name="configuration")
        log.info("watching", sources=sum(s.enabled for s in line.config.sources), archive=str(line.archive.path))
        async with self._pages():
            await self._stop.wait()
        scheduler.shutdown(wait=False)
        following.cancel()
        await self._end()
        if self._fatal is not None:
            raise self._fatal

    @asynccontextmanager
    async def _pages(self) -> AsyncIterator[None]:
        """Serves the pages; where that cannot be, all else goes on without them."""
        web = self._line.config.web
        if web.listens_at != web.host:
            log.warning("pages for this machine only", why=web.why_only_here)
        async with AsyncExitStack() as stack:
            try:
                onlooker = stack.enter_context(app.beside(lambda: self._line, self._folder))
                pages = Later(lambda: assemble(onlooker))
                port = await stack.enter_async_context(serve(pages, web.listens_at, web.port))
            except OSError as error:
                log.error("no pages", reason=str(error), bind=f"{web.listens_at}:{web.port}")
            else:
                log.info("pages", at=served_at(web, port), known_as=web.base_url)
            yield

    async def _start_another(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Starts a tick's work beside that of the last: one slow host must not keep the others waiting."""
        self._ticks += 1
        await self._start(f"{name} {self._ticks}", work)

    async def _start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Starts a tick's work, or after the last one if that is at it, as our task: the scheduler cuts its own off."""
        if name in self._running:
            self._again[name] = work
        elif not self._stop.is_set():
            self._running[name] = asyncio.create_task(self._guard(name, work), name=name)

    async def _guard(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except ArchiveError as error:
            self._fatal = self._fatal or error
            self._stop.set()
        except Exception:
            log.exception("work failed", work=name)  # a defect in one half must not end the other
        finally:
            self._running.pop(name, None)
            if (again := self._again.pop(name, None)) is not None:
                await self._start(name, again)

    async def _end(self) -> None:
        """One deadline for everything: the crawl's patience, readings, and a mail that waits for its answer."""
        log.info("stopping", running=sorted(self._running))
        self._line.deliver.stop()
        tasks = [*self._running.values(), asyncio.create_task(self._line.collect.stop(), name="stop")]
        _, late = await asyncio.wait(tasks, timeout=STOP_WITHIN.total_seconds())
        for task in late:
            log.warning("work cut off", work=task.get_name())
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=CUT_WITHIN.total_seconds())
        log.info("stopped")

    async def _follow(self) -> None:
        if self._saved is not None:
            async for said in self._saved:
                await self._renewal.take(said)

    async def _beat(self) -> None:
        await self._line.threads.archive(self._line.archive.beat, self._line.clock())

    async def _visit(self) -> None:
        done = await self._line.collect.visit()
        if done.visits:
            outcomes = Counter(visit.outcome.value for visit in done.visits)
            log.info("visited", new=sum(visit.new for visit in done.visits), **outcomes)
            await self._start_another("take", self._take)  # what is new need not wait for the next tick

    async def _take(self) -> None:
        done = await self._line.collect.take()
        if done.counts.total() or done.set_aside:
            log.info("read", **{outcome.value: count for outcome, count in sorted(done.counts.items()) if count})
            await self._start("deliver", self._deliver)  # nor need whoever is told at once

    async def _deliver(self) -> None:
        for delivery in await self._line.deliver.deliver(gathering=True):
            log.info(
                "digest", digest=delivery.digest_id, to=delivery.reader, slot=delivery.slot, stories=delivery.stories,
                state=delivery.state,
            )  # fmt: skip

    async def _returns(self) -> None:
        if self._line.returned is not None:
            await self._line.returned.read()

    async def _weave(self) -> None:
        if done := await self._line.collect.weave():
            log.info("compared", versions=done, why="an older roxham kept them without fingerprints")

    async def _prune(self) -> None:
        line, now = self._line, self._line.clock()
        for what, erase, before in (
            ("articles", line.archive.prune, now - line.config.keep_unmatched),
            ("mails", line.archive.erase_mails, now - line.config.keep_mails),
        ):
            total = 0
            while not self._stop.is_set() and (erased := await line.threads.archive(erase, before)):
                total += erased
            if total:
                log.info("pruned", **{what: total}, older_than=f"{before:%Y-%m-%d}")
