"""Take: from what is pending to what is kept."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TypeVar

import structlog

from monitor.archive import Archive
from monitor.crawl import StoppedError
from monitor.errors import ArchiveError, PageError
from monitor.pipeline.parts import Collected, Crawler, Progress, Reader
from monitor.pipeline.readings import Broken, Postponed, Readings, Result
from monitor.pipeline.threads import Threads
from monitor.text import well_formed
from monitor.types import (
    Clock,
    Outcome,
    Page,
    Pending,
    Read,
    Reading,
    Rejected,
    Source,
)

log = structlog.get_logger("roxham")
T = TypeVar("T")

KILLS = 3
"""An item whose reading began this often and never ended is set aside."""

_BATCH = 100  # feed items read and kept together
_ROUND = 300  # pending items, with the texts their feeds gave, held at once
_OF_EACH = 30  # pages of one source in one round: its host may be slow


class Take:
    """Reads pending items and keeps what they are. Extraction runs in one worker thread: the event loop stays free."""

    def __init__(
        self,
        *,
        sources: Sequence[Source],
        archive: Archive,
        crawl: Crawler,
        rooms: Reader,
        threads: Threads,
        clock: Clock,
        progress: Progress,
    ) -> None:
        self._sources = {source.id: source for source in sources}  # those that were removed stay known
        self._archive = archive
        self._crawl = crawl
        self._stories = rooms.stories
        self._readings = Readings(rooms=rooms, clock=clock)
        self._threads = threads
        self._clock = clock
        self._progress = progress
        self._stopped = asyncio.Event()
        self._renewals = 0
        self._under_way: dict[int, str] = {}  # items that rounds hold, each with its source

    @property
    def under_way(self) -> Counter[str]:
        """How many items are being read, by source."""
        return Counter(self._under_way.values())

    def stop(self) -> None:
        """Begins no further item; what is in flight is handed back."""
        self._stopped.set()

    def renew(self, *, sources: Sequence[Source], crawl: Crawler, rooms: Reader) -> None:
        """Works by other settings from now on: what is under way ends by them, and rounds begin no further batch.

        Items of a source that was removed are still read where a round holds them.
        """
        self._sources |= {source.id: source for source in sources}
        self._crawl = crawl
        self._stories = rooms.stories
        self._readings = Readings(rooms=rooms, clock=self._clock)
        self._renewals += 1

    async def take(self, sources: Collection[str], collected: Collected, *, due_only: bool) -> None:
        """Reads every pending item once; those that were being read when the process died are read last, and alone.

        Without `due_only`, items that wait for a later try are tried now too. May be called again while it runs: a
        source of which items are still being read is left out, so that a slow host holds up nobody but itself. Ends
        early, with items left over, when `renew` is called: these are not the sources to read any more.
        """
        renewals = self._renewals

        def going() -> bool:
            return not self._stopped.is_set() and renewals == self._renewals

        await self._set_aside(collected)
        known = [source for source in sources if source in self._sources]
        by_feed = [source for source in known if self._sources[source].read is Read.FEED]
        by_page = [source for source in known if self._sources[source].read is Read.PAGE]
        seen: set[int] = set()
        await self._take_pending(by_feed, seen, collected, going, of_each=None)
        await self._take_pending(by_page, seen, collected, going, of_each=_OF_EACH)
        if not due_only:
            await self._take_waiting(sources, seen, collected, going)

    async def _take_pending(
        self,
        sources: Sequence[str],
        seen: set[int],
        collected: Collected,
        going: Callable[[], bool],
        *,
        of_each: int | None,
    ) -> None:
        while going():
            busy = set(self._under_way.values())
            free = [source for source in sources if source not in busy]
            if not free:
                break
            work = await self._threads.archive(
                self._archive.pending, self._clock(), sources=free, but=seen, limit=_ROUND, of_each=of_each
            )
            work = [item for item in work if item.item_id not in self._under_way]  # another round was quicker
            if not work:
                break
            seen.update(item.item_id for item in work)
            self._under_way |= {item.item_id: item.source_id for item in work}
            try:
                await self._take([item for item in work if item.attempts == 0], collected)
                for suspect in [item for item in work if item.attempts > 0]:
                    await self._take([suspect], collected)
            finally:
                for item in work:
                    self._under_way.pop(item.item_id, None)

    async def _set_aside(self, collected: Collected) -> None:
        """What the feed says of them is kept all the same: an item may be innocent, and slow when the process died."""
        for item in await self._threads.archive(
            self._archive.set_aside, after_attempts=KILLS, but=tuple(self._under_way)
        ):
            log.error("item set aside", source=item.source_id, item=item.item_id, url=item.found.url, deaths=KILLS)
            collected.set_aside += 1
            source = self._sources.get(item.source_id)
            if source is None or not self._by_page(item) or item.article_id is not None:
                continue
            read = await self._threads.read(partial(self._readings.stand_in, item, source))
            if isinstance(read, Reading):
                await self._keep([(item, read)], set(), collected)

    async def _take_waiting(
        self, sources: Collection[str], seen: Collection[int], collected: Collected, going: Callable[[], bool]
    ) -> None:
        after = 0
        while going() and (
            batch := await self._threads.archive(
                self._archive.waiting, self._clock(), sources=sources, after=after, limit=_ROUND
            )
        ):
            after = batch[-1].item_id
            await self._take([item for item in batch if item.item_id not in seen], collected)

    def _by_page(self, item: Pending) -> bool:
        return self._sources[item.source_id].read is Read.PAGE and item.found.url is not None

    async def _take(self, work: Sequence[Pending], collected: Collected) -> None:
        begun: set[int] = set()
        from_feed = [item for item in work if not self._by_page(item)]
        by_page = [item for item in work if self._by_page(item)]
        try:
            for start in range(0, len(from_feed), _BATCH):
                if self._stopped.is_set():
                    return
                await self._take_feed_items(from_feed[start : start + _BATCH], begun, collected)
            if by_page and not self._stopped.is_set():
                await self._take_pages(by_page, begun, collected)
        finally:
            if begun:
                await self._threads.archive(self._archive.hand_back, begun)

    async def _take_feed_items(self, work: Sequence[Pending], begun: set[int], collected: Collected) -> None:
        await self._begin(work, begun)
        read = await self._read(
            lambda: [self._readings.read(item, self._sources[item.source_id], None) for item in work]
        )
        if read is not None:
            await self._keep(list(zip(work, read, strict=True)), begun, collected)

    async def _take_pages(self, work: Sequence[Pending], begun: set[int], collected: Collected) -> None:
        async def begin(item: Pending) -> None:
            await self._begin([item], begun)

        async def keep(item: Pending, page: Page | PageError) -> None:
            if isinstance(page, StoppedError) or self._stopped.is_set():
                return  # handed back as if it had not begun
            if item.item_id not in begun:  # refused before any request could leave
                await self._begin([item], begun)
            read = await self._read(lambda: self._readings.read(item, self._sources[item.source_id], page))
            if read is not None:
                await self._keep([(item, read)], begun, collected)

        tasks = [(item, self._sources[item.source_id]) for item in work]
        await self._crawl.read(tasks, begin, keep)

    async def _read(self, work: Callable[[], T]) -> T | None:
        """Runs work in the reading thread; None where a stop came first, which does not wait for a page of any size."""
        reading = asyncio.ensure_future(self._threads.read(work))
        stopped = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait({reading, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            if not reading.done():
                reading.cancel()
        return reading.result() if reading.done() and not reading.cancelled() else None

    async def _begin(self, work: Sequence[Pending], begun: set[int]) -> None:
        ids = [item.item_id for item in work]
        begun.update(ids)  # before the wait: what a stop cancels is handed back too
        await self._threads.archive(self._archive.begin, ids)

    async def _keep(self, work: Sequence[tuple[Pending, Result]], begun: set[int], collected: Collected) -> None:
        readings = [read for _, read in work if isinstance(read, Reading)]
        outcomes = await self._keep_readings(readings)
        for item, read in work:
            match read:
                case Reading():
                    outcome = outcomes[item.item_id]
                    collected.partial += read.article.partial and outcome is not Outcome.KNOWN
                case Postponed():
                    outcome = Outcome.PENDING
                    await self._threads.archive(
                        self._archive.postpone,
                        item,
                        read.reason,
                        until=read.until,
                        asked_until=read.asked_until,
                        tried=read.tried,
                    )
                case Rejected() | Broken():
                    outcome = Outcome.REJECTED
                    aside = isinstance(read, Broken)
                    await self._threads.archive(self._archive.reject, item, read.reason, aside=aside)
            begun.discard(item.item_id)
            self._under_way.pop(item.item_id, None)
            again = outcome is Outcome.KNOWN and item.article_id is not None  # a second try at a page is no new item
            if outcome is not Outcome.PENDING and not again:  # what is still pending is counted at the end
                collected.counts[outcome] += 1
            self._progress.took(item, outcome)

    async def _keep_readings(self, readings: Sequence[Reading]) -> dict[int, Outcome]:
        """Keeps readings together; where that fails, and not for the archive's sake, one by one, the bad one aside."""
        try:
            outcomes = await self._threads.archive(self._archive.keep, readings, self._stories, self._clock())
            return dict(zip((read.pending.item_id for read in readings), outcomes, strict=True))
        except ArchiveError:
            raise
        except Exception as error:
            if len(readings) == 1:
                item = readings[0].pending
                log.exception("item not kept", source=item.source_id, item=item.item_id, url=item.found.url)
                reason = well_formed(f"{type(error).__name__}: {error}")
                await self._threads.archive(self._archive.reject, item, reason, aside=True)
                return {item.item_id: Outcome.REJECTED}
        kept: dict[int, Outcome] = {}
        for reading in readings:
            kept |= await self._keep_readings([reading])
        return kept
