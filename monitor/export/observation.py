"""Pure: whether an article's source was watched when the article came out: the column `coverage` of exports."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.types import Kept, SourceState, Span


class Observation(StrEnum):
    """How well a source was watched at one moment."""

    OBSERVED = "observed"  # within a span without a gap: what it listed then cannot have been missed
    GAP = "gap"  # nobody looked, it failed, or its list turned over: others may have come and gone unseen
    NOT_YET = "not yet added"  # before its first visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """When one source was watched."""

    first_visit_at: datetime
    spans: tuple[Span, ...]  # without a gap; oldest first, not overlapping

    def at(self, moment: datetime) -> Observation:
        """Returns how well it was watched then; after the newest good visit holds what held then."""
        if moment < self.first_visit_at:
            return Observation.NOT_YET
        if not self.spans:
            return Observation.GAP
        moment = min(moment, self.spans[-1].until)
        before = bisect_right(self.spans, moment, key=lambda span: span.since) - 1
        inside = before >= 0 and moment <= self.spans[before].until
        return Observation.OBSERVED if inside else Observation.GAP


Watched = Mapping[str, Watch]
"""By source; those that were ever visited."""


def watched(states: Iterable[SourceState], spans: Mapping[str, Sequence[Span]]) -> Watched:
    """Returns when each source was watched; `spans` as `Archive.observed` gives them for all time.

    A span that began with the newest good visit has no length yet, and counts.
    """
    found = {}
    for state in states:
        if state.first_visit_at is None:
            continue
        known = list(spans.get(state.source_id, ()))
        if state.observed_since is not None and state.observed_since == state.last_good_at:
            known.append(Span(since=state.observed_since, until=state.observed_since))
        found[state.source_id] = Watch(first_visit_at=state.first_visit_at, spans=tuple(known))
    return found


def observation(article: Kept, sources: Watched) -> Observation | None:
    """Returns how well an article's sources were watched when it came out: the best that holds for one of them.

    It came out when its publisher says, else when it was updated, else when it was first seen; never after that. None
    where no source that listed it was ever visited: a person added it.
    """
    moment = min(article.dated_at, article.first_seen_at)
    best = {sources[source_id].at(moment) for source_id in article.source_ids if source_id in sources}
    return next((each for each in Observation if each in best), None)
