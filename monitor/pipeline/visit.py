"""Visit: from what is due to what is pending."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import structlog

from monitor import due, health
from monitor.archive import Archive
from monitor.errors import ArchiveError
from monitor.listing import items
from monitor.pipeline.parts import Collected, Crawler, Progress, Reader, Visited
from monitor.pipeline.threads import Threads
from monitor.text import well_formed
from monitor.types import (
    Clock,
    Outcome,
    Source,
    SourceState,
    Trouble,
    Visit,
    VisitOutcome,
)

log = structlog.get_logger("roxham")


class Visits:
    """Visits sources and keeps what they list."""

    def __init__(
        self, *, archive: Archive, crawl: Crawler, rooms: Reader, threads: Threads, clock: Clock, progress: Progress
    ) -> None:
        self._archive = archive
        self._crawl = crawl
        self._rooms = rooms
        self._threads = threads
        self._clock = clock
        self._progress = progress
        self._under_way: set[str] = set()

    @property
    def under_way(self) -> frozenset[str]:
        """The sources that are being visited."""
        return frozenset(self._under_way)

    def renew(self, *, crawl: Crawler, rooms: Reader) -> None:
        """Makes visits from now on by another crawl; those under way are kept as they come."""
        self._crawl = crawl
        self._rooms = rooms

    async def visit(self, sources: Sequence[Source], collected: Collected, *, due_only: bool) -> None:
        """Visits these sources (or those of them that are due), except where a server asked for patience.

        May be called again while it runs: a source that is being visited is left out.
        """
        states = await self._threads.archive(self._archive.states)
        now = self._clock()
        sources = [source for source in sources if source.id not in self._under_way]
        if due_only:
            sources = due.due_sources(sources, states, now)
        else:
            asked_to_wait = {
                s.source_id
                for s in states.values()
                if s.not_before is not None and s.not_before > now and not due.from_the_future(s, now)
            }
            for source in [s for s in sources if s.id in asked_to_wait]:
                await self._keep(_skipped(source, states[source.id], now), source, collected)
            sources = [source for source in sources if source.id not in asked_to_wait]
        if not sources:
            return
        waiting = {source.id: source for source in sources}
        errands = [(source, _remembered(source, states.get(source.id))) for source in sources]

        async def keep(visit: Visit) -> None:
            source = waiting[visit.source_id]
            await self._keep(visit, source, collected)
            del waiting[source.id]  # it may be due again before the slowest of its round has answered
            self._under_way.discard(source.id)

        self._under_way |= waiting.keys()
        try:
            await self._crawl.visit(errands, keep)
        finally:
            self._under_way -= waiting.keys()

    async def _keep(self, visit: Visit, source: Source, collected: Collected) -> None:
        visit = replace(visit, asked_url=_asked(source))
        judge = partial(health.judge, source)
        try:
            listed = items(visit.found, self._rooms.identity)
            arrived = await self._threads.archive(self._archive.keep_visit, visit, listed, judge)
        except ArchiveError:
            raise
        except Exception as error:  # one answer that cannot be kept never stops the others
            log.exception("visit not kept", source=visit.source_id)
            reason = well_formed(f"the answer cannot be kept: {type(error).__name__}: {error}")
            visit = replace(visit, outcome=VisitOutcome.FAILED, trouble=Trouble.SOFT, found=(), error=reason)
            listed, arrived = [], await self._threads.archive(self._archive.keep_visit, visit, [])
        collected.visits.append(
            Visited(
                source_id=visit.source_id,
                status=visit.status,
                outcome=visit.outcome,
                found=len(visit.found),
                new=arrived.new,
                error=visit.error,
            )
        )
        collected.counts[Outcome.KNOWN] += len(listed) - arrived.new
        if visit.outcome is VisitOutcome.FAILED:
            log.warning("visit failed", source=visit.source_id, reason=visit.error)
        if arrived.burst is not None:
            log.warning("items in bulk are held back", source=visit.source_id, new=arrived.new, burst=arrived.burst)
        if visit.moved_to is not None:
            log.warning("moved for good", source=visit.source_id, url=source.url, to=visit.moved_to)
        self._progress.visited(visit, arrived.new)


def _remembered(source: Source, state: SourceState | None) -> SourceState:
    """Validators belong to a way of asking: where an operator has changed it, they say nothing."""
    if state is None:
        return SourceState(source_id=source.id)
    return state if state.url == _asked(source) else replace(state, etag=None, last_modified=None, body_hash=None)


def _asked(source: Source) -> str:
    """The address, and how its answer is read: other options may find in the same answer what these do not."""
    read_as = hashlib.blake2b(f"{source.kind} {source.options!r}".encode(), digest_size=8).hexdigest()
    return f"{source.url}#{read_as}"


def _skipped(source: Source, state: SourceState, now: datetime) -> Visit:
    return Visit(
        source_id=source.id,
        started_at=now,
        finished_at=now,
        outcome=VisitOutcome.SKIPPED,
        error=f"the server asked to be left alone until {state.not_before:%Y-%m-%d %H:%M} UTC",
    )
