"""Runs Scrapy's crawls so that they can be stopped, and so that an error of ours ends them instead of being logged."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from scrapy import Request
from scrapy.crawler import AsyncCrawlerRunner, Crawler


class LeashedCrawler(Crawler):
    """A Scrapy crawler that knows who may stop it. Live objects cannot go through settings: Scrapy copies those."""

    leash: "Leash"


class Leash:
    """Holds the crawls of one call; the download handler asks it before a request leaves.

    Two marks in `request.meta` belong to the crawl: `departure` (awaited once, right before the first request leaves)
    and `dropped` (set where the crawl was stopped: there is no result to keep).
    """

    def __init__(self, runner: AsyncCrawlerRunner, tls: ssl.SSLContext) -> None:
        self.tls = tls  # made once: reading the certificates of the system costs more than a crawl
        self.error: Exception | None = None  # the first error of a callback; ends the crawl and is raised by `walk`
        self._runner = runner
        self._closed = False
        self._crawlers: list[LeashedCrawler] = []
        self._walks: list[asyncio.Task[None]] = []
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

    def departing(self, request: Request) -> bool:
        """Says whether the request may leave; if not, marks it as dropped."""
        if self._closed:
            request.meta["dropped"] = True
        return not self._closed

    @asynccontextmanager
    async def flight(self) -> AsyncIterator[None]:
        """Holds a request while it is under way.

        Raises:
            TimeoutError: the crawl was stopped and the request with it.
        """
        async with asyncio.timeout(None) as flight:
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
        if self._ending is None:
            self._ending = asyncio.create_task(self._end_crawlers())

    def _drop(self) -> None:
        now = asyncio.get_running_loop().time()
        for flight in self._flights:
            if not flight.expired():
                flight.reschedule(now)

    async def _end_crawlers(self) -> None:
        await asyncio.gather(
            *(self._end_crawler(crawler, walk) for crawler, walk in zip(self._crawlers, self._walks, strict=True))
        )

    async def _end_crawler(self, crawler: LeashedCrawler, walk: "asyncio.Task[None]") -> None:
        while not walk.done():
            engine = crawler._engine  # None until the crawl has begun
            if engine is not None and engine.running:
                downloader = engine.downloader
                for slot in downloader.slots.values():  # Scrapy would wait for each queued request's turn
                    slot.delay = 0.0
                    slot.close()
                    downloader._process_queue(slot)
                await crawler.stop_async()
                return
            await asyncio.sleep(0.005)
