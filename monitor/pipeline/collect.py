"""Visit, then take: from what is due to what is kept."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from monitor import due
from monitor.archive import Archive, Place
from monitor.crawl import StoppedError
from monitor.errors import PageError
from monitor.listing import items, with_aliases
from monitor.pipeline.threads import Threads
from monitor.types import (
    Article,
    Clock,
    Fingerprint,
    Found,
    ItemState,
    Match,
    Outcome,
    Page,
    Pending,
    Read,
    Reading,
    Rejected,
    Source,
    SourceState,
    Visit,
    VisitOutcome,
)

log = structlog.get_logger("roxham")

KILLS = 3
"""An item whose reading began this often and never ended is set aside."""

_BATCH = 100  # feed items read and kept together
_ROUND = 300  # pending items, with the texts their feeds gave, held at once


class Crawler(Protocol):
    """What the pipeline wants of the crawl room; see monitor/crawl."""

    async def visit(
        self, errands: Sequence[tuple[Source, SourceState]], keep: Callable[[Visit], Awaitable[None]]
    ) -> None:
        """Visits each source and hands each visit to `keep`."""
        ...

    async def read(
        self,
        tasks: Sequence[tuple[Pending, Source]],
        begin: Callable[[Pending], Awaitable[None]],
        keep: Callable[[Pending, Page | PageError], Awaitable[None]],
    ) -> None:
        """Fetches the page of each item: `begin` before the request leaves, `keep` with what came."""
        ...

    async def stop(self) -> None:
        """Makes `visit` and `read` return soon."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What the rooms do with a page: from addresses compared to a story placed. app.py fills it in."""

    identity: Callable[[str], str]
    from_page: Callable[[Page, Found, Source], Article | Rejected]
    from_feed: Callable[[Found, Source, bool], Article | Rejected]  # True: the page could not be read
    match: Callable[[Article], tuple[Match, ...]]
    fingerprint: Callable[[Article], Fingerprint]
    place: Place

    def article(self, found: Found, source: Source, page: Page | PageError | None) -> Article | Rejected:
        """Item and page → article. None: the feed's own text is wanted; a page that failed leaves it, as partial."""
        if isinstance(page, Page):
            article = self.from_page(page, found, source)
        else:
            article = self.from_feed(found, source, page is not None)
        return article if isinstance(article, Rejected) else with_aliases(article, found, self.identity)


class Progress(Protocol):
    """Hears of the work as it goes on."""

    def visited(self, visit: Visit, new: int) -> None:
        """A visit was kept."""
        ...

    def took(self, pending: Pending, outcome: Outcome) -> None:
        """An item was read, or closed without an article."""
        ...


class Silent:
    """A progress that tells nobody."""

    def visited(self, visit: Visit, new: int) -> None:
        """A visit was kept."""

    def took(self, pending: Pending, outcome: Outcome) -> None:
        """An item was read, or closed without an article."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """One visit, in figures: what it found is in the archive by now, and too large to hold."""

    source_id: str
    status: int | None
    outcome: VisitOutcome
    found: int
    new: int
    error: str | None


@dataclass(slots=True, kw_only=True)
class Collected:
    """What one pass brought."""

    visits: list[Visited] = field(default_factory=list)
    counts: Counter[Outcome] = field(default_factory=Counter)
    partial: int = 0  # articles kept from the feed alone, because their page could not be read
    set_aside: int = 0


class Collect:
    """The first half of the line. Extraction runs in one worker thread, so that the event loop stays free."""

    def __init__(
        self,
        *,
        sources: Sequence[Source],
        archive: Archive,
        crawl: Crawler,
        rooms: Reader,
        threads: Threads,
        clock: Clock,
        progress: Progress | None = None,
    ) -> None:
        self._sources = {source.id: source for source in sources}
        self._archive = archive
        self._crawl = crawl
        self._rooms = rooms
        self._threads = threads
        self._clock = clock
        self._progress = progress or Silent()
        self._stopping = False

    async def stop(self) -> None:
        """Takes no more work; what is in flight ends or is handed back, and `collect` returns."""
        self._stopping = True
        await self._crawl.stop()

    async def collect(self, only: Collection[str] | None = None, *, due_only: bool = False) -> Collected:
        """One pass: visits the enabled sources (or those named, or only those due), reads every pending item, ends.

        Without `due_only`, items that wait for a later try are tried now too, as their sources are.
        """
        collected = Collected()
        aside = await self._threads.archive(self._archive.set_aside, after_attempts=KILLS)
        for item in aside:
            log.error("item set aside", source=item.source_id, item=item.item_id, url=item.url, reason=item.reason)
        collected.set_aside = len(aside)
        await self._visit(self._chosen(only), due_only, collected)
        await self._take(only, due_only, collected)
        waiting = await self._threads.archive(self._archive.listed, [ItemState.PENDING])
        collected.counts[Outcome.PENDING] = sum(
            1 for item in waiting if item.article_id is None and (only is None or item.source_id in only)
        )
        return collected

    def _chosen(self, only: Collection[str] | None) -> list[Source]:
        if only is None:
            return [source for source in self._sources.values() if source.enabled]
        return [self._sources[source_id] for source_id in only]

    async def _visit(self, sources: Sequence[Source], due_only: bool, collected: Collected) -> None:
        states = await self._threads.archive(self._archive.states)
        now = self._clock()
        if due_only:
            sources = due.due_sources(sources, states, now)
        else:
            asked_to_wait = {s.source_id for s in states.values() if s.not_before is not None and s.not_before > now}
            for source in [s for s in sources if s.id in asked_to_wait]:
                await self._keep_visit(_skipped(source, states[source.id], now), collected)
            sources = [source for source in sources if source.id not in asked_to_wait]
        if not sources or self._stopping:
            return
        errands = [(source, states.get(source.id, SourceState(source_id=source.id))) for source in sources]
        await self._crawl.visit(errands, lambda visit: self._keep_visit(visit, collected))

    async def _keep_visit(self, visit: Visit, collected: Collected) -> None:
        listed = items(visit.found, self._rooms.identity)
        new = await self._threads.archive(self._archive.keep_visit, visit, listed)
        collected.visits.append(
            Visited(
                source_id=visit.source_id,
                status=visit.status,
                outcome=visit.outcome,
                found=len(visit.found),
                new=new,
                error=visit.error,
            )
        )
        collected.counts[Outcome.KNOWN] += len(listed) - new
        if visit.outcome is VisitOutcome.FAILED:
            log.warning("visit failed", source=visit.source_id, reason=visit.error)
        self._progress.visited(visit, new)

    async def _take(self, only: Collection[str] | None, due_only: bool, collected: Collected) -> None:
        """Reads every pending item once. Those that were being read when the process died are read last, and alone."""
        seen: set[int] = set()
        sources = list(self._sources if only is None else only)
        while not self._stopping:
            batch = await self._threads.archive(self._archive.pending, self._clock(), sources=sources, limit=_ROUND)
            work = [item for item in batch if item.item_id not in seen]
            if not work:
                break
            seen.update(item.item_id for item in work)
            await self._take_batch([item for item in work if item.attempts == 0], collected)
            for suspect in [item for item in work if item.attempts > 0]:
                await self._take_batch([suspect], collected)
        if not due_only:
            await self._take_waiting(sources, seen, collected)

    async def _take_waiting(self, sources: Sequence[str], seen: Collection[int], collected: Collected) -> None:
        after = 0
        while not self._stopping and (
            batch := await self._threads.archive(
                self._archive.waiting, self._clock(), sources=sources, after=after, limit=_ROUND
            )
        ):
            after = batch[-1].item_id
            await self._take_batch([item for item in batch if item.item_id not in seen], collected)

    async def _take_batch(self, work: Sequence[Pending], collected: Collected) -> None:
        begun: set[int] = set()
        from_feed = [item for item in work if self._sources[item.source_id].read is Read.FEED or item.found.url is None]
        by_page = [item for item in work if item not in from_feed]
        try:
            for start in range(0, len(from_feed), _BATCH):
                if self._stopping:
                    return
                await self._take_feed_items(from_feed[start : start + _BATCH], begun, collected)
            if by_page and not self._stopping:
                await self._take_pages(by_page, begun, collected)
        finally:
            if begun:
                await self._threads.archive(self._archive.hand_back, begun)

    async def _take_feed_items(self, work: Sequence[Pending], begun: set[int], collected: Collected) -> None:
        await self._begin(work, begun)
        read = await self._threads.read(lambda: [self._read(item, None) for item in work])
        await self._keep(list(zip(work, read, strict=True)), begun, collected)

    async def _take_pages(self, work: Sequence[Pending], begun: set[int], collected: Collected) -> None:
        async def begin(item: Pending) -> None:
            await self._begin([item], begun)

        async def keep(item: Pending, page: Page | PageError) -> None:
            if isinstance(page, StoppedError):
                return  # handed back as if it had not begun
            if item.item_id not in begun:  # refused before any request could leave
                await self._begin([item], begun)
            read = await self._threads.read(lambda: self._read(item, page))
            await self._keep([(item, read)], begun, collected)

        tasks = [(item, self._sources[item.source_id]) for item in work]
        await self._crawl.read(tasks, begin, keep)

    async def _begin(self, work: Sequence[Pending], begun: set[int]) -> None:
        ids = [item.item_id for item in work]
        await self._threads.archive(self._archive.begin, ids)
        begun.update(ids)

    def _read(self, item: Pending, page: Page | PageError | None) -> "Reading | Rejected | _Postponed | _Broken":
        """Item and page → reading, in the worker thread. A page that cannot be read leaves the feed's text."""
        source = self._sources[item.source_id]
        try:
            article = self._rooms.article(item.found, source, page)
            note, retry_at, asked_until = self._later(item, page, article)
            if isinstance(article, Rejected):
                return article if retry_at is None else _Postponed(note or article.reason, retry_at, asked_until)
            return Reading(
                pending=item,
                article=article,
                matches=self._rooms.match(article),
                fingerprint=self._rooms.fingerprint(article),
                retry_at=retry_at,
                asked_until=asked_until,
                note=note,
            )
        except Exception as error:  # one item never stops the others: it is kept aside, and shown
            log.exception("item not read", source=item.source_id, item=item.item_id, url=item.found.url)
            return _Broken(reason=f"{type(error).__name__}: {error}")

    def _later(
        self, item: Pending, page: Page | PageError | None, article: Article | Rejected
    ) -> tuple[str | None, datetime | None, datetime | None]:
        """Why the page is missing, when it is tried again, and until when its server wants to be left alone."""
        if isinstance(page, Page) and isinstance(article, Article) and article.partial:
            page = PageError("the page holds no text of an article", temporary=True)  # a wall, or not all there yet
        if not isinstance(page, PageError):
            return None, None, None
        if not page.temporary:
            return page.reason, None, None
        now = self._clock()
        asked_until = now + page.retry_after if page.retry_after is not None else None
        early = item.not_before is not None and item.not_before > now
        when = item.not_before if early else due.next_page_try(item.failures, now)
        if when is not None and asked_until is not None:
            when = max(when, asked_until)
        return page.reason, when, asked_until

    async def _keep(
        self,
        work: Sequence[tuple[Pending, "Reading | Rejected | _Postponed | _Broken"]],
        begun: set[int],
        collected: Collected,
    ) -> None:
        readings = [read for _, read in work if isinstance(read, Reading)]
        outcomes = await self._threads.archive(self._archive.keep, readings, self._rooms.place, self._clock())
        kept = dict(zip((r.pending.item_id for r in readings), outcomes, strict=True))
        for item, read in work:
            if isinstance(read, _Postponed):
                await self._threads.archive(
                    self._archive.postpone, item.item_id, read.reason, until=read.until, asked_until=read.asked_until
                )
                begun.discard(item.item_id)
                self._progress.took(item, Outcome.PENDING)
                continue
            if isinstance(read, Reading):
                outcome = kept[item.item_id]
                collected.partial += read.article.partial and outcome is not Outcome.KNOWN
            else:
                outcome = Outcome.REJECTED
                aside = isinstance(read, _Broken)
                await self._threads.archive(self._archive.reject, item.item_id, read.reason, aside=aside)
            begun.discard(item.item_id)
            if not (outcome is Outcome.KNOWN and item.article_id is not None):  # a second try at a page is no new item
                collected.counts[outcome] += 1
            self._progress.took(item, outcome)


@dataclass(frozen=True, slots=True)
class _Postponed:
    """An item of which there is nothing to keep before its page can be read."""

    reason: str
    until: datetime
    asked_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Broken:
    """An item whose reading raised what it should not."""

    reason: str


def _skipped(source: Source, state: SourceState, now: datetime) -> Visit:
    return Visit(
        source_id=source.id,
        started_at=now,
        finished_at=now,
        outcome=VisitOutcome.SKIPPED,
        error=f"the server asked to be left alone until {state.not_before:%Y-%m-%d %H:%M} UTC",
    )
