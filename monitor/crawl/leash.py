"""Runs Scrapy's crawls so that they can be stopped, and so that an error of ours ends them instead of being logged."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.exceptions import DownloadFailedError, IgnoreRequest

from monitor.crawl.politeness import Hosts, Silence


class LeashedCrawler(Crawler):
    """A Scrapy crawler that knows who may stop it. Live objects cannot go through settings: Scrapy copies those."""

    leash: "Leash"


class Leash:
    """Holds the crawls of one call; the download handler asks it before a request leaves.

    Two marks in `request.meta` belong to the crawl: `departure` (awaited once, right before the first request leaves)
    and `dropped` (set where the crawl was stopped: there is no result to keep).

    Args:
        runner: starts the crawls.
        tls: made once, because reading the certificates of the system costs more than a crawl.
        hosts: shared by all calls.
        concurrency: requests of this call under way at one time.
    """

    def __init__(self, runner: AsyncCrawlerRunner, tls: ssl.SSLContext, hosts: Hosts, concurrency: int) -> None:
        self.tls = tls
        self.error: Exception | None = None  # the first error of a callback; ends the crawl and is raised by `walk`
        self.silence = Silence()
        self._runner = runner
        self._hosts = hosts
        self._places = asyncio.Semaphore(concurrency)
        self._closed = False
        self._dropping = False
        self._crawlers: list[LeashedCrawler] = []
        self._walks: list[asyncio.Task[None]] = []
        self._waits: dict[asyncio.Timeout, str] = {}  # those who wait for a turn, each with its host
        self._flights: set[asyncio.Timeout] = set()
        self._ending: asyncio.Task[None] | None = None

    async def walk(self, spiders: Mapping[str, Mapping[str, Any]]) -> None:
        """Runs one crawl for each spider name, with its arguments, and waits for all.

        Raises:
            KeyError: there is no spider of that name.
            Exception: what `end` was called with.
        """
        classes = {name: self._runner.spider_loader.load(name) for name in spiders}
        for name, arguments in spiders.items():
            crawler = LeashedCrawler(classes[name], self._runner.settings)
            crawler.leash = self
            self._crawlers.append(crawler)
            self._walks.append(self._runner.crawl(crawler, **arguments))
        try:
            await asyncio.wait(self._walks)
        except asyncio.CancelledError:
            self.end()
            await asyncio.wait(self._walks)
            raise
        finally:
            if self._ending is not None:
                await asyncio.wait({self._ending})
        failures = [walk.exception() for walk in self._walks]
        for error in (self.error, *failures):
            if error is not None:
                raise error

    @asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator[None]:
        """Waits until the request may leave: its host's turn first, so that no place is held by one who only waits.

        Raises:
            IgnoreRequest: the crawl was stopped; the request is marked as dropped.
            DownloadFailedError: the host gave no answer twice in a row.
        """
        host = urlsplit(request.url).hostname or ""
        async with AsyncExitStack() as held:
            self._refuse(request, host)
            try:
                async with asyncio.timeout(None) as wait:
                    self._waits[wait] = host
                    try:
                        await held.enter_async_context(self._hosts.turn(host, first="errand" in request.meta))
                        await held.enter_async_context(self._places)
                    finally:
                        del self._waits[wait]
            except TimeoutError:
                self._refuse(request, host)
                raise
            yield

    def _refuse(self, request: Request, host: str) -> None:
        if self._closed:
            request.meta["dropped"] = True
            raise IgnoreRequest("stopped")
        if host in self.silence:
            raise DownloadFailedError(f"the host {host} gave no answer twice in a row; put off")

    def unanswered(self, request: Request) -> None:
        """Notes a time-out; where it was one too many, those who wait for the same host need wait no longer."""
        host = urlsplit(request.url).hostname or ""
        self.silence.kept(host)
        if host in self.silence:
            _expire(wait for wait, waiting_for in self._waits.items() if waiting_for == host)

    def answered(self, request: Request) -> None:
        """Notes an answer, whatever its status."""
        self.silence.broken(urlsplit(request.url).hostname or "")

    @asynccontextmanager
    async def flight(self) -> AsyncIterator[None]:
        """Holds a request while it is under way.

        Raises:
            TimeoutError: the crawl was stopped and the request with it.
        """
        async with asyncio.timeout(0 if self._dropping else None) as flight:
            self._flights.add(flight)
            try:
                yield
            finally:
                self._flights.discard(flight)

    def end(self, error: Exception | None = None) -> None:
        """Ends the crawls at once and drops what is in flight; may be called from within a callback."""
        self.error = self.error or error
        self._close()
        self._drop()

    async def stop(self, patience: timedelta) -> None:
        """Lets no further request leave, gives those in flight some time, then drops them; waits for the end."""
        self._close()
        walks = [walk for walk in self._walks if not walk.done()]
        if walks:
            await asyncio.wait(walks, timeout=patience.total_seconds())
            self._drop()
            await asyncio.wait(walks)

    def _close(self) -> None:
        self._closed = True
        _expire(self._waits)
        if self._ending is None:
            self._ending = asyncio.create_task(self._end_crawlers())

    def _drop(self) -> None:
        self._dropping = True
        _expire(self._flights)

    async def _end_crawlers(self) -> None:
        await asyncio.gather(
            *(_end_crawler(crawler, walk) for crawler, walk in zip(self._crawlers, self._walks, strict=True))
        )


async def _end_crawler(crawler: LeashedCrawler, walk: "asyncio.Task[None]") -> None:
    while not walk.done():
        engine = crawler._engine  # None until the crawl has begun
        if engine is not None and engine.running:
            await crawler.stop_async()
            return
        await asyncio.sleep(0.005)


def _expire(timeouts: Iterable[asyncio.Timeout]) -> None:
    now = asyncio.get_running_loop().time()
    for timeout in tuple(timeouts):
        if not timeout.expired():
            timeout.reschedule(now)
