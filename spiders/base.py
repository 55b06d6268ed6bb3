"""What every kind of source has in common: a request, its conditions, and a visit out of whatever comes back.

A kind of source is one file with one class: a `name`, and `find`, which turns an answer into items. An answer may lead
to further ones (the next page, the parts of an index): `find` says so with `Follow`, and all of them are one visit.
"""

import asyncio
import base64
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.http import Response

from monitor.errors import FormatError
from monitor.text import well_formed
from monitor.types import Clock, Found, Robots, Source, SourceState, Trouble, Visit, VisitOutcome, Wishes
from spiders import freshness, trouble

log = logging.getLogger(__name__)
MOST_ITEMS = 5000
"""Items of one visit that are read; a news sitemap may hold 1,000 (Google's rule for them), feeds hold some dozens."""
_MOST_UNREAD = 8  # answers that wait to be read and kept: more would only fill the memory
MOST_FOLLOWED = 100
"""Further answers that one visit reads."""
_LONGEST = {"url": 8_000, "guid": 8_000, "title": 5_000, "summary": 200_000, "content": 2_000_000, "publisher": 500}
_LONGEST_NAME, _MOST_NAMES = 500, 100  # of authors and of further addresses
_TEXTS = tuple(field.name for field in fields(Found) if "str" in str(field.type))
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Follow:
    """A further answer that belongs to the visit; the spider finds `about` again in `response.meta["about"]`."""

    url: str
    about: object = None


@dataclass(frozen=True, slots=True)
class Note:
    """What the visit says besides its items; unlike a FormatError it does not make the next visit read all again."""

    text: str


@dataclass(slots=True)
class _Errand:
    """One source on its way through Scrapy, and what its answers brought so far."""

    source: Source
    state: SourceState
    started_at: datetime
    found: list[Found] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was left out, for good reasons
    faults: list[str] = field(default_factory=list)  # what could not be read: the next visit has to try again
    queue: deque[Follow] = field(default_factory=deque)
    followed: int = 0
    hashed: Any = field(default_factory=sha256)
    first: Response | None = None  # the answer of the source's own address
    wishes: Wishes = field(default_factory=Wishes)

    @property
    def conditional(self) -> bool:
        return self.state.etag is not None or self.state.last_modified is not None

    @property
    def said(self) -> str | None:
        return "; ".join(dict.fromkeys([*self.faults, *self.notes])) or None


class SourceSpider(Spider):
    """Visits the sources of one kind; subclasses give `name` and `find`.

    Args:
        errands: the sources, each with what is remembered of it.
        keep: awaited once for each source that was not dropped because the crawl was stopped.
        clock: gives the present moment.
    """

    accept: ClassVar[str] = "*/*"
    """The Accept header: what the kind can read."""
    made_for_people: ClassVar[bool] = False
    """Whether the source's own address is a page for people: then robots.txt counts, unless a source says otherwise."""
    may_be_empty: ClassVar[bool] = False
    """Whether an answer without items is an ordinary thing for this kind, after one that listed some."""

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
        self._visits: list[asyncio.Task[None]] = []
        self._unread = 0
        self._fewer_unread = asyncio.Condition()

    def find(self, response: Response, source: Source, state: SourceState) -> Iterable[Found | Follow | Wishes | Note]:
        """Turns a successful answer into the items that it lists, in its order; runs in a worker thread.

        `state` is what is remembered of the source. Further answers are asked for with `Follow`, one after the other,
        and come here too; `Wishes` are the feed's own about when it is visited, a `Note` is for the operator. A
        FormatError raised before the first item of the visit fails the visit; raised later, it is noted in the visit,
        the items given so far are kept, and the next visit reads the answer again even if it has not changed.

        Raises:
            FormatError: the answer, or the rest of it, is not what this kind reads.
        """
        raise NotImplementedError

    def address(self, source: Source, state: SourceState) -> str:
        """Returns the address to ask: the source's own, unless a kind asks for what is new since the last visit."""
        return source.url

    def substance(self, response: Response) -> bytes:
        """Returns what of an answer counts where it is compared with the last one: all, unless a kind knows better."""
        return response.body

    async def fetch(self, request: Request) -> Response:
        """Returns the answer; errors say by `dropped`, `wait` and `tried` what the crawl made of the request."""
        fetch: Callable[[Request], Awaitable[Response]] = self.crawler.fetch  # type: ignore[attr-defined]  # leash.py
        return await fetch(request)

    async def start(self) -> AsyncIterator[Any]:
        """Visits all sources side by side; past Scrapy's scheduler and scraper, which cost as much as the fetching."""
        self._visits = [asyncio.create_task(self._run(source, state)) for source, state in self.errands]
        if self._visits:
            await asyncio.wait(self._visits)
        nothing: tuple[Request, ...] = ()
        for request in nothing:
            yield request  # Scrapy wants a generator

    async def finish(self) -> None:
        """Waits until every visit has been kept or dropped: a crawl that is stopped ends before its spider."""
        if self._visits:
            await asyncio.wait(self._visits)

    async def _run(self, source: Source, state: SourceState) -> None:
        errand = _Errand(source, state, self.clock())
        try:
            visit = await self._visit(errand)
        except Exception as problem:  # a mistake of ours must not end the other visits
            log.exception("the visit of %s failed", source.id)
            visit = self._failed(errand, well_formed(f"{type(problem).__name__}: {problem}"), Trouble.SOFT)
        if visit is not None:
            await self.keep(visit)
        if errand.first is not None:
            # A response knows its request, and that the errand: memory would wait for the collector.
            errand.first = None
            errand.found.clear()
            await self._one_less_unread()

    async def _visit(self, errand: _Errand) -> Visit | None:
        """Returns what the visit brought; None where the crawl was stopped."""
        try:
            response = await self.fetch(self._request(errand))
        except ValueError as error:
            return self._failed(errand, f"the address cannot be used: {error}", Trouble.HARD)
        except Exception as error:  # noqa: BLE001 - whatever went wrong on the way, it is this visit's
            return None if getattr(error, "dropped", False) else self._unanswered(errand, error)
        return await self._read(response, errand)

    def _unanswered(self, errand: _Errand, error: Exception) -> Visit:
        reason, _ = trouble.of_error(error)
        wait = getattr(error, "wait", None)  # the host wants to be left alone for so long
        visit = self._failed(
            errand,
            reason,
            trouble.sort_of_error(error) if wait is None else Trouble.SOFT,
            not_before=None if wait is None else self.clock() + wait,
        )
        asked = getattr(error, "tried", True)
        return visit if asked else replace(visit, outcome=VisitOutcome.SKIPPED, trouble=None)

    def _request(self, errand: _Errand) -> Request:
        conditions = {}
        if errand.state.etag is not None:
            conditions["If-None-Match"] = errand.state.etag
        if errand.state.last_modified is not None:
            conditions["If-Modified-Since"] = errand.state.last_modified

        async def departure() -> None:
            async with self._fewer_unread:
                await self._fewer_unread.wait_for(lambda: self._unread < _MOST_UNREAD)
            errand.started_at = self.clock()

        return self._ask(errand, self.address(errand.source, errand.state), conditions, departure=departure)

    def _ask(self, errand: _Errand, url: str, headers: dict[str, str], **meta: Any) -> Request:
        robots = errand.source.robots
        return Request(
            url,
            headers={"Accept": self.accept, **authorization(errand.source, url), **headers},
            meta={
                "errand": errand,
                "robots": robots is Robots.ALL or (robots is Robots.PAGES and self.made_for_people),
                **meta,
            },
        )

    async def _read(self, response: Response, errand: _Errand) -> Visit | None:
        """Reads the answer of the source's own address, and all that it leads to."""
        state = errand.state
        if response.status == 304 and errand.conditional:
            return self._unchanged(errand, response)
        if not 200 <= response.status < 300:
            reason, _ = trouble.of_status(response.status)
            wait = trouble.retry_after(trouble.plain_headers(response), self.clock())
            return self._failed(
                errand,
                reason,
                trouble.sort_of_status(response.status),
                status=response.status,
                url=response.url,
                not_before=None if wait is None else self.clock() + wait,
            )
        errand.first = response
        self._unread += 1
        errand.hashed.update(self.substance(response))
        if errand.hashed.hexdigest() == state.body_hash:
            return self._unchanged(errand, response)
        await self._find(response, errand)
        while errand.queue:
            if errand.followed >= MOST_FOLLOWED or len(errand.found) >= MOST_ITEMS:
                errand.notes.append(f"cut: {errand.followed + 1} answers were read, others are left out")
                break
            errand.followed += 1
            follow = errand.queue.popleft()
            try:
                more = await self._further(errand, follow)
            except Exception as error:  # noqa: BLE001 - whatever went wrong on the way, the rest is still good
                if getattr(error, "dropped", False):
                    return None
                bad = f"the address cannot be used: {error}" if isinstance(error, ValueError) else None
                errand.faults.append(f"{follow.url[:200]}: {bad or trouble.of_error(error)[0]}")
                continue
            if not 200 <= more.status < 300:
                errand.faults.append(f"{more.url}: {trouble.of_status(more.status)[0]}")
                continue
            errand.hashed.update(self.substance(more))
            await self._find(more, errand)
        return self._complete(errand)

    async def _further(self, errand: _Errand, follow: Follow) -> Response:
        """Fetches a further answer. Meanwhile the visit is not unread: who has its host's turn may wait for that."""
        await self._one_less_unread()
        try:
            return await self.fetch(self._ask(errand, follow.url, {}, about=follow.about))
        finally:
            self._unread += 1

    async def _one_less_unread(self) -> None:
        async with self._fewer_unread:
            self._unread -= 1
            self._fewer_unread.notify_all()

    async def _find(self, response: Response, errand: _Errand) -> None:
        if "dataloss" in response.flags:
            errand.faults.append("the connection broke off before the end")
        async with self._finding:  # one worker thread: parsing is CPU work
            fault = await asyncio.to_thread(self._gather, response, errand)
        if fault is not None:
            errand.faults.append(fault if response is errand.first else f"{response.url}: {fault}")

    def _gather(self, response: Response, errand: _Errand) -> str | None:
        """Puts what the answer lists into the errand; returns why not all of it could be read."""
        cut = 0
        try:
            for one in self.find(response, errand.source, errand.state):
                if isinstance(one, Found):
                    if len(errand.found) >= MOST_ITEMS:
                        errand.notes.append(f"cut: its first {MOST_ITEMS:,} items were read, the others are left out")
                        break
                    item, shorter = _bounded(one)
                    errand.found.append(item)
                    cut += shorter
                elif isinstance(one, Follow):
                    errand.queue.append(one)
                elif isinstance(one, Note):
                    errand.notes.append(one.text)
                else:
                    errand.wishes = one
        except FormatError as problem:
            return problem.reason
        except Exception as problem:  # a mistake in one spider must not end the others
            log.exception("the %s spider failed on %s", self.name, response.url)
            return well_formed(f"the {self.name} spider failed on this answer: {type(problem).__name__}: {problem}")
        finally:
            if cut:
                errand.notes.append(f"cut: {cut} of its items hold more than is kept of a title, a text or a list")
        return None

    def _complete(self, errand: _Errand) -> Visit:
        response, state = errand.first, errand.state
        assert response is not None  # noqa: S101 - the caller has read it
        if errand.faults and not errand.found:
            return self._failed(errand, errand.said or "", Trouble.SOFT, status=response.status, url=response.url)
        if not (errand.found or self.may_be_empty or errand.source.may_be_empty) and state.listed:
            reason = (
                f"the answer lists nothing, the last one listed {state.listed}; "
                "`may_be_empty: true` says that this is normal"
            )
            return self._failed(errand, reason, Trouble.SOFT, status=response.status, url=response.url)
        headers = trouble.plain_headers(response)
        whole = not errand.faults  # of what is only partly known nothing is remembered: the next visit reads it again
        body_hash = errand.hashed.hexdigest()
        if whole and errand.followed and body_hash == state.body_hash:
            return self._unchanged(errand, response)
        return Visit(
            source_id=errand.source.id,
            started_at=errand.started_at,
            finished_at=self.clock(),
            outcome=VisitOutcome.CHANGED,
            status=response.status,
            url=response.url,
            etag=headers.get("etag") if whole and not errand.followed else None,
            last_modified=headers.get("last-modified") if whole and not errand.followed else None,
            body_hash=body_hash if whole else None,
            found=tuple(errand.found),
            error=errand.said,
            whole=whole,
            fresh_for=freshness.fresh_for(headers, self.clock()),
            wishes=errand.wishes,
            moved_to=_moved_to(response),
        )

    def _unchanged(self, errand: _Errand, response: Response) -> Visit:
        state, headers = errand.state, trouble.plain_headers(response)
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
            fresh_for=freshness.fresh_for(headers, self.clock()),
            moved_to=_moved_to(response),
        )

    def _failed(
        self,
        errand: _Errand,
        error: str,
        sort: Trouble,
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
            trouble=sort,
            not_before=not_before,
        )


def _moved_to(response: Response) -> str | None:
    """Returns where permanent redirects led (301, 308: RFC 9110, 15.4), up to the first that was none."""
    meta = response.request.meta if response.request is not None else {}
    addresses: list[str] = [*meta.get("redirect_urls", ()), response.url]
    moved = 0
    for status in meta.get("redirect_reasons", ()):
        if status not in (301, 308):
            break
        moved += 1
    return addresses[moved] if moved else None


def _bounded(item: Found) -> tuple[Found, bool]:
    """Returns the item within the sizes that are kept, without what is no Unicode; and whether it had to be cut.

    JSON can write half a surrogate pair (RFC 8259, 8.2). An address that is too long is none.
    """
    mended: dict[str, Any] = {}
    cut = False
    for name in _TEXTS:
        value = getattr(item, name)
        if value is None or value == ():
            continue
        if isinstance(value, tuple):
            whole: Any = tuple(well_formed(text[:_LONGEST_NAME]) for text in value[:_MOST_NAMES])
            cut = cut or len(value) > _MOST_NAMES
        else:
            most = _LONGEST.get(name, _LONGEST_NAME)
            if len(value) > most:
                cut = True
                value = None if name == "url" else value[:most]
            whole = value if value is None else well_formed(value)
        if whole != getattr(item, name):
            mended[name] = whole
    return (replace(item, **mended) if mended else item), cut


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
