"""Reads the page of a pending item; the same for every publisher."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Self

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import StopDownload
from scrapy.http import Headers, Response, TextResponse
from twisted.python.failure import Failure

from monitor.errors import PageError
from monitor.types import Clock, Page, Pending, Robots, Source
from spiders import trouble
from spiders.base import authorization

_HTML = frozenset({"text/html", "application/xhtml+xml"})


class ArticleSpider(Spider):
    """Fetches the address of each pending item.

    Args:
        tasks: the items, each with the source that listed it.
        begin: awaited once for an item, right before its first request leaves.
        keep: awaited once for an item that was not dropped because the crawl was stopped.
        clock: gives the present moment.
    """

    name = "article"

    def __init__(
        self,
        *,
        tasks: Sequence[tuple[Pending, Source]],
        begin: Callable[[Pending], Awaitable[None]],
        keep: Callable[[Pending, Page | PageError], Awaitable[None]],
        clock: Clock,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.tasks = tasks
        self.begin = begin
        self.keep = keep
        self.clock = clock

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider._headers_received, signals.headers_received)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        for pending, source in self.tasks:
            try:
                request = self._request(pending, source)
            except PageError as error:
                await self.keep(pending, error)
            except ValueError as error:
                await self.keep(pending, PageError(f"the address cannot be used: {error}", temporary=False))
            else:
                yield request

    def _request(self, pending: Pending, source: Source) -> Request:
        url = pending.found.url
        if url is None:
            raise PageError("the item has no address", temporary=False)

        async def departure() -> None:
            await self.begin(pending)

        return Request(
            url,
            headers={"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1", **authorization(source, url)},
            callback=self._answered,
            errback=self._unanswered,
            cb_kwargs={"pending": pending},
            meta={"departure": departure, "pending": pending, "robots": source.robots is not Robots.NONE},
        )

    def _headers_received(self, headers: Headers) -> None:
        """Saves the transfer of what would be refused anyway: pictures, documents, films."""
        media_type = _media_type(headers)
        if media_type is not None and media_type not in _HTML:
            raise StopDownload(fail=False)

    async def _answered(self, response: Response, pending: Pending) -> None:
        try:
            page = await self._page(response, pending)
        except PageError as error:
            await self.keep(pending, error)
        else:
            await self.keep(pending, page)

    async def _unanswered(self, failure: Failure) -> None:
        request: Request = failure.request  # type: ignore[attr-defined]  # Scrapy sets it
        error = failure.value
        if not getattr(error, "dropped", False):
            reason, temporary = trouble.of_error(error)
            wait, tried = getattr(error, "wait", None), getattr(error, "tried", True)
            said = PageError(reason, temporary=temporary, retry_after=wait, tried=tried)
            await self.keep(request.meta["pending"], said)

    async def _page(self, response: Response, pending: Pending) -> Page:
        headers = trouble.plain_headers(response)
        if not 200 <= response.status < 300:
            reason, temporary = trouble.of_status(response.status)
            wait = trouble.retry_after(headers, self.clock())
            raise PageError(reason, temporary=temporary, status=response.status, retry_after=wait)
        media_type = _media_type(response.headers)
        if not isinstance(response, TextResponse) or media_type not in _HTML | {None}:
            kind = media_type or "not text"
            raise PageError(f"this is no HTML page ({kind})", temporary=False, status=response.status)
        if "dataloss" in response.flags:
            raise PageError("the connection broke off before the end", temporary=True, status=response.status)
        if trouble.blocked(response):
            raise PageError("blocked by a firewall", temporary=True, status=response.status)
        if not response.body.strip():
            raise PageError("the page is empty", temporary=True, status=response.status)
        request = response.request  # the last of the chain
        return Page(
            url=pending.found.url or response.url,
            final_url=response.url,
            status=response.status,
            html=await asyncio.to_thread(lambda: response.text),  # guessing an encoding can take a while
            content_type=media_type,
            fetched_at=self.clock(),
            headers=headers,
            redirects=tuple(request.meta.get("redirect_urls", ())[1:]) if request else (),
        )


def _media_type(headers: Headers) -> str | None:
    text = (headers.get("Content-Type") or b"").decode("latin-1")
    return text.partition(";")[0].strip().lower() or None
