"""Runs Scrapy's crawls so that they can be stopped, and so that an error of ours ends them instead of being logged."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.exceptions import DownloadFailedError, IgnoreRequest
from scrapy.http import Response

from monitor.crawl.politeness import Hosts, Places, Rests, Silence
from monitor.crawl.robots import Robots
from monitor.types import Clock

_DEFAULT_PORTS = {None, 80, 443}
_PROBE, _LEAST_PROBE = 6, 0.5  # the part of the time-out, and the seconds, for a visit of a host that stays silent


class StoppedRequest(IgnoreRequest):
    """The crawl was stopped: there is no result to keep."""

    dropped = True


class LeashedCrawler(Crawler):
    """A Scrapy crawler that knows who may stop it. Live objects cannot go through settings: Scrapy copies those."""

    leash: "Leash"

    async def fetch(self, request: Request) -> Response:
        """Returns the answer to a request, redirects followed.

        `ExecutionEngine.download_async` does the same by way of the downloader's slots, whose limits are all switched
        off (profile.py) and which cost as much as the request. The engine is told of the request, and waits for it.

        Raises:
            StoppedRequest: the crawl was stopped.
            Exception: what the middlewares and the handler raise.
        """
        engine = self._engine
        while True:
            slot = engine._slot if engine is not None else None
            if engine is None or slot is None or slot.closing is not None:
                raise StoppedRequest("stopped")
            downloader = engine.downloader
            slot.add_request(request)
            try:
                answer = await downloader.middleware.download_async(downloader.handlers.download_request_async, request)
            finally:
                slot.remove_request(request)
            if isinstance(answer, Response):
                answer.request = request
                return answer
            request = answer


class PutOffError(DownloadFailedError):
    """The request did not leave, and is not to leave before `wait` has passed.

    `tried`: the answer is known all the same (robots.txt does not allow it).
    """

    def __init__(self, reason: str, wait: timedelta, *, tried: bool = False) -> None:
        super().__init__(reason)
        self.wait = wait
        self.tried = tried


class SilentError(DownloadFailedError):
    """The request did not leave: its host gave no answer twice in a row."""

    tried = False


@dataclass(frozen=True, slots=True)
class Manners:
    """What is known of hosts, shared by all calls; `clock` gives the present moment."""

    clock: Clock
    hosts: Hosts
    robots: Robots
    rests: Rests = field(default_factory=Rests)


class Leash:
    """Holds the crawls of one call; the download handler asks it before a request leaves.

    Marks in `request.meta` belong to the crawl. Spiders set `departure` (awaited once, right before the first request
    leaves), `errand` (goes before what has none) and `robots` (True: heeds robots.txt, at each redirect too). What they
    find are marks of the errors: `dropped` (True: the crawl was stopped, there is no result to keep), `wait` (for so
    long it is not to be sent again), and `tried` (False: its host was not asked at all).

    Args:
        runner: starts the crawls.
        tls: made once, because reading the certificates of the system costs more than a crawl.
        manners: shared by all calls.
        concurrency: requests of this call under way at one time (see `Places`).
    """

    def __init__(self, runner: AsyncCrawlerRunner, tls: ssl.SSLContext, manners: Manners, concurrency: int) -> None:
        self.tls = tls
        self.manners = manners
        self.error: Exception | None = None  # the first error of a callback; ends the crawl and is raised by `walk`
        self.silence = Silence()
        self._runner = runner
        self._places = Places(concurrency)
        self._closed = False
        self._dropping = False
        self._crawlers: list[LeashedCrawler] = []
        self._walks: list[asyncio.Task[None]] = []
        self._waits: dict[asyncio.Timeout, str] = {}  # those who wait, pages with the host whose turn they need
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
            await self._finish()
        except asyncio.CancelledError:
            self.end()
            await asyncio.wait(self._walks)
            await self._finish()
            raise
        finally:
            if self._ending is not None:
                await asyncio.wait({self._ending})
        failures = [walk.exception() for walk in self._walks]
        for error in (self.error, *failures):
            if error is not None:
                raise error

    async def _finish(self) -> None:
        """Waits for what spiders do by themselves: Scrapy does not know of it, and ends before it when stopped."""
        for crawler in self._crawlers:
            if (finish := getattr(crawler.spider, "finish", None)) is not None:
                await finish()

    @asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator[None]:
        """Waits until the request may leave: its host's turn first, so that no place is held by one who only waits.

        Raises:
            StoppedRequest: the crawl was stopped.
            PutOffError: the server asked to be left alone.
            SilentError: the host gave no answer twice in a row, and a page is wanted.
        """
        host, server, first = _host(request), _server(request), "errand" in request.meta

        def check() -> None:
            self._refuse(host, server, visit=first)

        async with AsyncExitStack() as held:
            check()
            try:
                async with asyncio.timeout(None) as wait:
                    self._waits[wait] = "" if first else host
                    try:
                        await held.enter_async_context(self.manners.hosts.turn(host, first=first, check=check))
                        await held.enter_async_context(self._places.taken())
                    finally:
                        del self._waits[wait]
            except TimeoutError:
                check()
                raise
            if host in self.silence:
                timeout = request.meta["download_timeout"]
                patience = min(timeout, max(timeout / _PROBE, _LEAST_PROBE))
                request.meta.update(download_timeout=patience, patience=patience)
            yield

    def _refuse(self, host: str, server: str, *, visit: bool) -> None:
        if self._closed:
            raise StoppedRequest("stopped")
        if host in self.silence and not visit:
            raise SilentError(f"the host {host} gave no answer twice in a row; put off")
        now = self.manners.clock()
        until = self.manners.rests.until(server, now)
        if until is not None:
            raise PutOffError(f"{server} asked to be left alone until {until:%Y-%m-%d %H:%M:%S} UTC", until - now)

    def unanswered(self, request: Request) -> None:
        """Notes a time-out; where it was one too many, pages of that host need wait no longer.

        Visits are still made, with little patience: one source that is stuck must not keep its neighbours unseen.
        """
        host = _host(request)
        self.silence.kept(host)
        if host in self.silence:
            _expire(wait for wait, waiting_for in self._waits.items() if waiting_for == host)

    def answered(self, request: Request, status: int, asked: timedelta | None, now: datetime) -> None:
        """Notes an answer: its status, and how long it asks to be left alone."""
        self.silence.broken(_host(request))
        self.manners.rests.heard(_server(request), status, asked, now)

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        """Ends the block when the crawl is stopped: what is waited for may be in the hands of another call.

        Raises:
            StoppedRequest: the crawl was stopped.
        """
        if self._closed:
            raise StoppedRequest("stopped")
        try:
            async with asyncio.timeout(None) as wait:
                self._waits[wait] = ""
                try:
                    yield
                finally:
                    del self._waits[wait]
        except TimeoutError:
            raise StoppedRequest("stopped") from None

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
            await self._finish()

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


def _host(request: Request) -> str:
    return urlsplit(request.url).hostname or ""


def _server(request: Request) -> str:
    """Returns the host, with a port that is neither that of http nor that of https: another server answers there."""
    parts = urlsplit(request.url)
    return _host(request) if parts.port in _DEFAULT_PORTS else f"{_host(request)}:{parts.port}"


def _expire(timeouts: Iterable[asyncio.Timeout]) -> None:
    now = asyncio.get_running_loop().time()
    for timeout in tuple(timeouts):
        if not timeout.expired():
            timeout.reschedule(now)
