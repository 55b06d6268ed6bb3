"""How well the sources were watched since a reader's last digest, as that digest reports it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from monitor import health
from monitor.archive import Archive
from monitor.pipeline.threads import Threads
from monitor.types import Coverage, Day, Source, SourceState, Span

REACH = timedelta(days=7)
"""How far a new reader's first digest reaches back, and how far before a digest a gap may begin."""


class Watched:
    """What the archive knew of the sources at one moment; asked for once, however many readers are told then."""

    def __init__(
        self,
        states: Mapping[str, SourceState],
        days: Mapping[str, Sequence[Day]],
        spans: Mapping[str, Sequence[Span]],
        now: datetime,
    ) -> None:
        self._states, self._days, self._spans, self._now = states, days, spans, now
        self._known: dict[tuple[tuple[Source, ...], datetime], tuple[Coverage, ...]] = {}

    @classmethod
    async def at(cls, archive: Archive, threads: Threads, since: datetime, now: datetime) -> "Watched":
        """Asks the archive; `since` is the oldest moment that `coverage` will be asked for."""
        states = await threads.archive(archive.states)
        days = await threads.archive(archive.days, (now - health.HABIT * 2).date())
        spans = await threads.archive(archive.observed, min(since, now) - REACH, now)
        return cls(states, days, spans, now)

    def coverage(self, sources: tuple[Source, ...], since: datetime) -> tuple[Coverage, ...]:
        """Returns how each enabled source was watched since then, in their order."""
        key = sources, since
        if key not in self._known:
            self._known[key] = tuple(self._of(source, since) for source in sources if source.enabled)
        return self._known[key]

    def _of(self, source: Source, since: datetime) -> Coverage:
        state = self._states.get(source.id)
        if state is None:
            return Coverage(
                source_id=source.id, name=source.name, last_good_at=None, failing=True, error="not visited yet"
            )
        overran = state.overran_at if state.overran_at is not None and state.overran_at > since else None
        return Coverage(
            source_id=source.id,
            name=source.name,
            last_good_at=state.last_good_at,
            failing=state.last_good_at is None
            or state.failures > 0
            or health.not_seen_since(source, state, self._now) is not None,
            error=state.error,
            partial=state.error is not None and not state.failures,
            overran_at=overran,
            quiet_since=health.quiet_since(state, self._days.get(source.id, ())),
            gaps=tuple(
                Span(since=before.until, until=after.since)
                for before, after in pairwise(self._spans.get(source.id, ()))
                if after.since > since and after.since != overran
            ),
        )
