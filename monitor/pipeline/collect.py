"""Collect: visit, then take."""

from collections import Counter
from collections.abc import Collection, Sequence

from monitor.archive import Archive
from monitor.pipeline.parts import Collected, Crawler, Progress, Reader, Silent
from monitor.pipeline.take import Take
from monitor.pipeline.threads import Threads
from monitor.pipeline.visit import Visits
from monitor.types import (
    Clock,
    Outcome,
    Source,
)

_BATCH = 50  # versions woven in one transaction: other writing waits so long


class Collect:
    """The first half of the line: one pass of both steps, or each by itself. They may run side by side."""

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
        progress = progress or Silent()
        self._visits = Visits(
            archive=archive, crawl=crawl, rooms=rooms, threads=threads, clock=clock, progress=progress
        )
        self._take = Take(
            sources=sources, archive=archive, crawl=crawl, rooms=rooms, threads=threads, clock=clock, progress=progress
        )
        self._stopping = False

    def renew(self, *, sources: Sequence[Source], crawl: Crawler, rooms: Reader) -> None:
        """Works by other settings from now on. Visits and pages under way end; what is still to be read is read anew.

        `crawl` must take over from the one before, as far as `stop` goes.
        """
        self._sources = {source.id: source for source in sources}
        self._crawl = crawl
        self._rooms = rooms
        self._visits.renew(crawl=crawl, rooms=rooms)
        self._take.renew(sources=sources, crawl=crawl, rooms=rooms)

    @property
    def visiting(self) -> frozenset[str]:
        """The sources that are being visited at this moment."""
        return self._visits.under_way

    @property
    def reading(self) -> Counter[str]:
        """How many items are being read at this moment, by source."""
        return self._take.under_way

    async def stop(self) -> None:
        """Takes no more work; what is in flight ends or is handed back, and all methods return."""
        self._stopping = True
        self._take.stop()
        await self._crawl.stop()

    async def collect(self, only: Collection[str] | None = None, *, due_only: bool = False) -> Collected:
        """One pass: visits the enabled sources (or those named, or only those due), reads every pending item, ends."""
        collected = await self.visit(only, due_only=due_only)
        await self.take(only, due_only=due_only, collected=collected)
        collected.counts[Outcome.PENDING] = await self._threads.archive(self._archive.unread, only)
        return collected

    async def visit(self, only: Collection[str] | None = None, *, due_only: bool = True) -> Collected:
        """Visits the enabled sources (or those named), or only those of them that are due."""
        collected = Collected()
        if not self._stopping:
            chosen = [source for source in self._sources.values() if self._wanted(source, only)]
            await self._visits.visit(chosen, collected, due_only=due_only)
        return collected

    async def take(
        self, only: Collection[str] | None = None, *, due_only: bool = True, collected: Collected | None = None
    ) -> Collected:
        """Reads every pending item of the enabled sources (or those named)."""
        collected = collected or Collected()
        chosen = [source.id for source in self._sources.values() if self._wanted(source, only)]
        await self._take.take(chosen, collected, due_only=due_only)
        return collected

    async def weave(self) -> int:
        """Gives what an older program kept the fingerprints by which stories are found; returns how many versions."""
        done = 0
        while not self._stopping and (batch := await self._threads.archive(self._weave, _BATCH)):
            done += batch
        return done

    def _weave(self, limit: int) -> int:
        return self._archive.weave(self._rooms.stories, self._rooms.of_text, limit=limit)

    def _wanted(self, source: Source, only: Collection[str] | None) -> bool:
        return source.enabled if only is None else source.id in only
