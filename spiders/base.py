"""What every kind of source has in common: one request, its conditions, and a visit out of whatever comes back.

A kind of source is one file with one class: a `name`, and `find`, which turns an answer into items.
"""

import asyncio
import base64
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.http import Response
from twisted.python.failure import Failure

from monitor.errors import FormatError
from monitor.text import well_formed
from monitor.types import Clock, Found, Source, SourceState, Visit, VisitOutcome
from spiders import trouble

log = logging.getLogger(__name__)
_TEXTS = tuple(field.name for field in fields(Found) if "str" in str(field.type))
_PORTS = {"http": 80, "https": 443}


@dataclass(slots=True)
class _Errand:
    """One source on its way through Scrapy."""

    source: Source
    state: SourceState
    started_at: datetime

    @property
    def conditional(self) -> bool:
        return self.state.etag is not None or self.state.last_modified is not None


class SourceSpider(Spider):
    """Visits the sources of one kind; subclasses give `name` and `find`.

    Args:
        errands: the sources, each with what is remembered of it.
        keep: awaited once for each source that was not dropped because the crawl was stopped.
        clock: gives the present moment.
    """

    accept: ClassVar[str] = "*/*"
    """The Accept header: what the kind can read."""

    def __init__(
        self,
        *,
        errands: Sequence[tuple[Source, SourceState]],
        keep: Callable[[Visit], Awaitable[None]],
        clock: Clock,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.errands = errands
        self.keep = keep
        self.clock = clock
        self._finding = asyncio.Lock()

    def find(self, response: Response) -> Iterable[Found]:
        """Turns a successful answer into the items that it lists, in its order; runs in a worker thread.

        A FormatError raised before the first item fails the visit; raised later, it is noted in the visit and the
        items given so far are kept.

        Raises:
            FormatError: the answer, or the rest of it, is not what this kind reads.
        """
        raise NotImplementedError

    async def start(self) -> AsyncIterator[Any]:
        for source, state in self.errands:
            errand = _Errand(source, state, self.clock())
            try:
                request = self._request(errand)
            except ValueError as error:
                await self.keep(self._failed(errand, f"the address cannot be used: {error}"))
            else:
                yield request

    def _request(self, errand: _Errand) -> Request:
        headers = {"Accept": self.accept, **authorization(errand.source, errand.source.url)}
        if errand.state.etag is not None:
            headers["If-None-Match"] = errand.state.etag
        if errand.state.last_modified is not None:
            headers["If-Modified-Since"] = errand.state.last_modified

        async def departure() -> None:
            errand.started_at = self.clock()

        return Request(
            errand.source.url,
            headers=headers,
            callback=self._answered,
            errback=self._unanswered,
            cb_kwargs={"errand": errand},
            meta={"departure": departure, "errand": errand},
        )

    async def _answered(self, response: Response, errand: _Errand) -> None:
        await self.keep(await self._visit(response, errand))

    async def _unanswered(self, failure: Failure) -> None:
        request: Request = failure.request  # type: ignore[attr-defined]  # Scrapy sets it
        if not request.meta.get("dropped"):
            reason, _ = trouble.of_error(failure.value)
            await self.keep(self._failed(request.meta["errand"], reason, url=request.url))

    async def _visit(self, response: Response, errand: _Errand) -> Visit:
        state, headers = errand.state, trouble.plain_headers(response)
        if response.status == 304 and errand.conditional:
            return self._unchanged(errand, response, headers)
        if not 200 <= response.status < 300:
            reason, _ = trouble.of_status(response.status)
            wait = trouble.retry_after(headers, self.clock())
            return self._failed(
                errand,
                reason,
                status=response.status,
                url=response.url,
                not_before=None if wait is None else self.clock() + wait,
            )
        body_hash = sha256(response.body).hexdigest()
        if body_hash == state.body_hash:
            return self._unchanged(errand, response, headers)
        async with self._finding:  # one worker thread: parsing is CPU work
            found, error = await asyncio.to_thread(self._find, response)
        if "dataloss" in response.flags:
            error = f"the connection broke off before the end{f'; {error}' if error else ''}"
        if error is not None and not found:
            return self._failed(errand, error, status=response.status, url=response.url)
        whole = error is None  # of what is only partly known, nothing is remembered: the next visit reads it again
        return Visit(
            source_id=errand.source.id,
            started_at=errand.started_at,
            finished_at=self.clock(),
            outcome=VisitOutcome.CHANGED,
            status=response.status,
            url=response.url,
            etag=headers.get("etag") if whole else None,
            last_modified=headers.get("last-modified") if whole else None,
            body_hash=body_hash if whole else None,
            found=found,
            error=error,
        )

    def _find(self, response: Response) -> tuple[tuple[Found, ...], str | None]:
        found: list[Found] = []
        error = None
        try:
            for item in self.find(response):
                found.append(_well_formed(item))  # noqa: PERF401 - what came before an error is kept
        except FormatError as problem:
            error = problem.reason
        except Exception as problem:  # a mistake in one spider must not end the others
            log.exception("the %s spider failed on %s", self.name, response.url)
            error = well_formed(f"the {self.name} spider failed on this answer: {type(problem).__name__}: {problem}")
        return tuple(found), error

    def _unchanged(self, errand: _Errand, response: Response, headers: dict[str, str]) -> Visit:
        state = errand.state
        return Visit(
            source_id=errand.source.id,
            started_at=errand.started_at,
            finished_at=self.clock(),
            outcome=VisitOutcome.UNCHANGED,
            status=response.status,
            url=response.url,
            etag=headers.get("etag", state.etag),
            last_modified=headers.get("last-modified", state.last_modified),
            body_hash=state.body_hash,
        )

    def _failed(
        self,
        errand: _Errand,
        error: str,
        *,
        status: int | None = None,
        url: str | None = None,
        not_before: datetime | None = None,
    ) -> Visit:
        return Visit(
            source_id=errand.source.id,
            started_at=errand.started_at,
            finished_at=self.clock(),
            outcome=VisitOutcome.FAILED,
            status=status,
            url=url,
            error=error,
            not_before=not_before,
        )


def _well_formed(item: Found) -> Found:
    """Returns the item with nothing in it that is no Unicode: JSON can write half a surrogate pair (RFC 8259, 8.2)."""
    mended: dict[str, Any] = {}
    for name in _TEXTS:
        value = getattr(item, name)
        if isinstance(value, tuple):
            whole: Any = tuple(well_formed(text) for text in value)
        else:
            whole = well_formed(value) if isinstance(value, str) else value
        if whole != value:
            mended[name] = whole
    return replace(item, **mended) if mended else item


def authorization(source: Source, url: str) -> dict[str, str]:
    """Returns the Authorization header for an address, empty unless it has the source's scheme, host and port.

    Scrapy drops the header where a redirect leaves these three.
    """
    if source.credentials is None or _origin(source.url) != _origin(url):
        return {}
    token = f"{source.credentials.user}:{source.credentials.password}".encode()
    return {"Authorization": f"Basic {base64.b64encode(token).decode('ascii')}"}


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
