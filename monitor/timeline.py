"""How many, when: bars of a timeline, each with whether anybody was watching, so that nobody sees a false zero. Pure.

Days are days in UTC, as the archive counts them: a bar is never an hour longer for daylight saving.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from monitor.types import Span

MOST = 120
"""So many bars are enough for a picture; the size of a bucket is chosen by it."""
LONGEST = 4_000
"""No timeline has more bars, whatever bucket is asked for: a larger one is taken then."""
NAMED = 5
"""So many sources are named that were not observed."""

_SILENT = timedelta(hours=30)  # after a good visit a source counts as observed no longer, see `Archive.observed`
_DAY = timedelta(days=1)


class Bucket(StrEnum):
    """What one bar stands for, from the shortest; a week begins on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class Watched(StrEnum):
    """Whether the sources were observed in the time of a bar."""

    OBSERVED = "observed"  # each of them, all the time
    PARTLY = "partly"  # some were not, or not all the time
    GAP = "gap"  # some were known by then, but none was observed at any time
    NOT_YET_ADDED = "not yet added"  # none was visited before it ended
    NOW = "now"  # it is not over
    FUTURE = "future"  # it has not begun


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar. `until` is exclusive; the first and the last may be shorter than their bucket."""

    since: datetime
    until: datetime
    count: int  # what was counted; a 0 says nothing unless it is `known`
    watched: Watched
    of: int  # sources that were to be observed
    missing: int  # of them, those that were not observed all the time
    not_yet_added: int  # of these, those whose first visit came later
    named: tuple[str, ...]  # the first of those that are missing, by id

    @property
    def known(self) -> int | None:
        """The count; None for a nought that nobody was there to see."""
        return self.count if self.count or self.watched is Watched.OBSERVED else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Bars without a gap between them, oldest first."""

    bucket: Bucket
    bars: tuple[Bar, ...]


def timeline(
    days: Mapping[date, int],
    observed: Mapping[str, Sequence[Span]],
    first_visits: Mapping[str, datetime | None],
    *,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    sources: Collection[str] | None = None,
    configured: Collection[str] | None = None,
    bucket: Bucket | None = None,
) -> Timeline:
    """Returns the bars from `since` up to `until` (exclusive).

    `days` are counts by day (UTC); `observed` spans by source (`Archive.observed`, for at least this time);
    `first_visits` of all sources that were ever visited, or None. `sources` are those that could have brought what is
    counted; without, all that were ever visited. One that is not `configured` any more (if that is given) counts from
    its first visit to the end of its last span. Without `since` the bars begin with the first count or visit, without
    `until` they end with today. Without a bucket, it is the shortest that makes at most 120 bars.
    """
    chosen = sorted(first_visits.keys() if sources is None else set(sources))
    first = since or _begin(days, [first_visits.get(source) for source in chosen], now)
    last = until or _midnight(now.astimezone(UTC).date() + _DAY)
    chosen_bucket = _bucket(bucket, first, last)
    edges = list(_edges(chosen_bucket, first, last))
    watches = [
        _Watch(
            source,
            first_visits.get(source),
            observed.get(source, ()),
            gone=configured is not None and source not in configured,
        )
        for source in chosen
    ]
    counts = _counts(days, edges)
    return Timeline(
        bucket=chosen_bucket,
        bars=tuple(_bar(begin, end, count, watches, now) for (begin, end), count in zip(edges, counts, strict=True)),
    )


class _Watch:
    """When one source was to be observed, and when it was."""

    def __init__(self, source: str, first_visit: datetime | None, spans: Sequence[Span], *, gone: bool) -> None:
        self.source = source
        self.first_visit = first_visit
        self.spans = sorted(spans, key=lambda span: span.since)
        self.end = max((span.until for span in spans), default=None)
        self._gone = gone

    def wanted(self, since: datetime, until: datetime) -> bool:
        """Whether it was to be observed then: one that was taken out of the configuration, not outside its time."""
        if not self._gone:
            return True
        return self.first_visit is not None and self.end is not None and self.first_visit < until and since < self.end

    def added(self, until: datetime) -> bool:
        """Whether it was visited before that."""
        return self.first_visit is not None and self.first_visit < until

    def seen(self, since: datetime, until: datetime) -> bool:
        """Whether it was observed at any time then."""
        return any(span.since < until and since < span.until for span in self.spans)

    def watched(self, since: datetime, until: datetime) -> bool:
        """Whether it was observed all the time."""
        if self._gone and self.end is not None and self.first_visit is not None:
            since, until = max(since, self.first_visit), min(until, self.end)
        for span in self.spans:
            if span.since > since:
                return False
            since = max(since, span.until)
            if since >= until:
                return True
        return since >= until


def _bar(since: datetime, until: datetime, count: int, watches: Sequence[_Watch], now: datetime) -> Bar:
    if since >= now:
        return Bar(
            since=since, until=until, count=count, watched=Watched.FUTURE, of=0, missing=0, not_yet_added=0, named=()
        )
    over = until <= now
    wanted = [watch for watch in watches if watch.wanted(since, until)]
    missing = [watch for watch in wanted if not _all_the_time(watch, since, until, now)]
    not_added = [watch for watch in missing if not watch.added(until)]
    if not over:
        watched = Watched.NOW
    elif wanted and not missing:
        watched = Watched.OBSERVED
    elif any(watch.seen(since, until) for watch in wanted):
        watched = Watched.PARTLY
    elif any(watch.added(until) for watch in watches):
        watched = Watched.GAP
    else:
        watched = Watched.NOT_YET_ADDED
    return Bar(
        since=since,
        until=until,
        count=count,
        watched=watched,
        of=len(wanted),
        missing=len(missing),
        not_yet_added=len(not_added),
        named=tuple(watch.source for watch in missing[:NAMED]),
    )


def _all_the_time(watch: _Watch, since: datetime, until: datetime, now: datetime) -> bool:
    """In a time that is not over, what is not looked at yet since the last good visit is not missing yet."""
    if until > now:
        until = now if watch.end is None or now - watch.end > _SILENT else min(now, watch.end)
    return watch.watched(since, until)


def _begin(days: Mapping[date, int], visits: Sequence[datetime | None], now: datetime) -> datetime:
    counted = [day for day, count in days.items() if count]
    visited = [visit.astimezone(UTC).date() for visit in visits if visit is not None]
    return _midnight(min([*counted, *visited], default=now.astimezone(UTC).date()))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


# --- buckets ---------------------------------------------------------------------------------------------------------


def _bucket(wanted: Bucket | None, since: datetime, until: datetime) -> Bucket:
    sizes = list(Bucket)
    most = MOST if wanted is None else LONGEST
    for size in sizes[0 if wanted is None else sizes.index(wanted) :]:
        if _about(size, since, until) <= most:
            return size
    return Bucket.YEAR


def _about(bucket: Bucket, since: datetime, until: datetime) -> int:
    """How many bars there are."""
    if since >= until:
        return 0
    first = since.astimezone(UTC).date()
    last = (until.astimezone(UTC) - timedelta(microseconds=1)).date()
    match bucket:
        case Bucket.DAY:
            return (last - first).days + 1
        case Bucket.WEEK:
            return (last.toordinal() - 1) // 7 - (first.toordinal() - 1) // 7 + 1
        case Bucket.MONTH:
            return (last.year - first.year) * 12 + last.month - first.month + 1
        case Bucket.YEAR:
            return last.year - first.year + 1


def _edges(bucket: Bucket, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    begin, until = since.astimezone(UTC), until.astimezone(UTC)
    while begin < until:
        after = _next(bucket, begin.date())
        end = until if after is None else min(until, _midnight(after))
        yield begin, end
        begin = end


def _next(bucket: Bucket, day: date) -> date | None:
    """Returns the first day after the bucket that a day is in; None at the end of all days."""
    try:
        match bucket:
            case Bucket.DAY:
                return day + _DAY
            case Bucket.WEEK:
                return day + timedelta(days=7 - day.weekday())
            case Bucket.MONTH:
                return date(day.year + day.month // 12, day.month % 12 + 1, 1)
            case Bucket.YEAR:
                return date(day.year + 1, 1, 1)
    except (ValueError, OverflowError):
        return None


def _counts(days: Mapping[date, int], edges: Sequence[tuple[datetime, datetime]]) -> list[int]:
    """A day belongs to the first bar that holds any of it: bars part within a day only at their ends."""
    counts, number = [0] * len(edges), 0
    for day in sorted(days):
        if edges and day >= edges[0][0].date():
            while number < len(edges) and edges[number][1] <= _midnight(day):
                number += 1
            if number == len(edges):
                break
            counts[number] += days[day]
    return counts
