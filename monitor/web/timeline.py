"""A timeline as a page shows it: bars, and a table that says the same, with what nobody could see then."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from monitor import export
from monitor.archive import Counts, Facet
from monitor.digest.phrases import MONTHS
from monitor.timeline import Bar, Bucket, Timeline, Watched, timeline
from monitor.web.asked import Asked, By, address
from monitor.web.words import Words

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.config import Config
    from monitor.types import Source

MOST = 72  # bars on a page: days of two months, weeks of a year, months of five
WIDE = 10  # units of the picture for one bar
HIGH = 90  # for the highest bar
FEWEST = 16  # bars that the picture has room for, so that few of them are no planks
_BEFORE = timedelta(days=FEWEST)  # before now a page begins at the latest, where nobody says when
_WATCHED = {Watched.OBSERVED, Watched.PARTLY, Watched.NOW}  # by somebody
_DOUBTFUL = (Watched.PARTLY, Watched.GAP, Watched.NOT_YET_ADDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One bar of the picture, and its row of the table."""

    bar: Bar
    label: str  # the time it stands for
    watch: str  # how sources were observed then
    x: int
    y: int
    height: int  # 0: nothing to draw
    href: str | None  # to the answers of that time; None where counts are of another time than filters


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Bars side by side of which the same can be said of how sources were observed."""

    watched: Watched
    x: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A timeline to be drawn."""

    bars: tuple[Drawn, ...]  # at least one
    stretches: tuple[Stretch, ...]  # those that are to be marked
    width: int
    highest: Drawn | None  # the bar with the most
    partly: bool  # the counts are of the newest articles only

    @property
    def roomy(self) -> bool:
        """Whether there is room on the right of the last bar."""
        return self.width > len(self.bars) * WIDE

    @property
    def marked(self) -> frozenset[Watched]:
        """What of the picture needs a legend."""
        return frozenset(stretch.watched for stretch in self.stretches)


def drawn(
    archive: "Archive", config: "Config", asked: Asked, counts: Counts, now: datetime, *, most: int | None = None
) -> Timeline:
    """Returns the timeline of what answers, with when the sources that it may come from were observed.

    `most`: so many bars, whatever bucket is asked for; a larger one is taken then.
    """
    states = archive.states()
    configured = {source.id for source in config.sources if source.enabled}
    meant = {source.id for source in config.sources if source.enabled and _meant(source, asked)}
    if not any(asked.chosen.get(facet) for facet in (Facet.SOURCE, Facet.PUBLISHER, Facet.LANGUAGE)):
        meant |= states.keys()
    meant |= set(asked.chosen.get(Facet.SOURCE, ())) & states.keys()
    visits = {id_: states[id_].first_visit_at if id_ in states else None for id_ in meant}
    seen = asked.by is By.SEEN
    since, until = (asked.since_at, asked.until_at) if seen else (None, None)
    first = since or min((visit for visit in visits.values() if visit), default=now)
    observed = archive.observed(min(first, now), now)
    bucket = asked.bucket
    if most is not None:
        if seen and since is None and until is None and first > now - _BEFORE:
            since = (now - _BEFORE).replace(hour=0, minute=0, second=0, microsecond=0)
        begin = since.date() if since else min([first.date(), *(day for day, count in counts.days.items() if count)])
        bucket = _fitting(bucket, (until or now).date() - begin, most)
    return timeline(
        counts.days,
        observed,
        visits,
        now=now,
        since=since,
        until=until,
        sources=meant,
        configured=configured,
        bucket=bucket,
    )


def _fitting(wish: Bucket | None, span: timedelta, most: int) -> Bucket:
    """Returns the shortest bucket, not shorter than wished for, of which there are no more than `most`."""
    lengths = {Bucket.DAY: 1, Bucket.WEEK: 7, Bucket.MONTH: 30, Bucket.YEAR: 365}
    order = list(Bucket)
    longer = order[order.index(wish) if wish else 0 :]
    return next((bucket for bucket in longer if span.days / lengths[bucket] <= most - 2), Bucket.YEAR)


def doubtful(found: Timeline) -> bool:
    """Says whether something may have been missed."""
    return any(bar.watched in _DOUBTFUL for bar in found.bars)


def document(found: Timeline, asked: Asked, counts: Counts) -> Mapping[str, Any]:
    """Returns a timeline as JSON; a nought of a time in which nobody was there to see is null."""
    bars = [
        {
            "since": export.when(bar.since),
            "until": export.when(bar.until),
            "articles": bar.count if bar.count or bar.watched in _WATCHED else None,
            "watched": bar.watched.value,
            "sources": bar.of,
            "unwatched": bar.missing,
        }
        for bar in found.bars
    ]
    return {"bucket": found.bucket.value, "by": asked.by.value, "whole": counts.whole, "bars": bars}


def picture(found: Timeline, asked: Asked, counts: Counts, say: Words, *, links: bool) -> Picture | None:
    """Returns the picture of a timeline, None of an empty one; without `links` its bars lead nowhere."""
    if not found.bars:
        return None
    most = max(bar.count for bar in found.bars)
    links = links and asked.by is By.SEEN
    bars = tuple(
        Drawn(
            bar=bar,
            label=named(bar, found.bucket, say),
            watch=str(say(f"search timeline {bar.watched}", observed=bar.of - bar.missing, sources=bar.of)),
            x=number * WIDE + 1,
            y=HIGH - (height := bar.count and max(2, round(bar.count / most * HIGH))),
            height=height,
            href=_address(bar, asked) if links and bar.count else None,
        )
        for number, bar in enumerate(found.bars)
    )
    return Picture(
        bars=bars,
        stretches=tuple(_stretches(found)),
        width=max(FEWEST, len(bars)) * WIDE,
        highest=max(bars, key=lambda each: each.bar.count) if most else None,
        partly=not counts.whole,
    )


def named(bar: Bar, bucket: Bucket, say: Words) -> str:
    """Returns the time that a bar stands for: 22 Nov 2026, Nov 2026, 2026; a week by its first day."""
    month = MONTHS[say.language][bar.since.month - 1]
    match bucket:
        case Bucket.YEAR:
            return f"{bar.since.year}"
        case Bucket.MONTH:
            return f"{month} {bar.since.year}"
    day = "1er" if say.language == "fr" and bar.since.day == 1 else str(bar.since.day)
    return f"{day} {month} {bar.since.year}"


def _meant(source: "Source", asked: Asked) -> bool:
    """Whether what is asked for may come from a source."""
    sources, publishers, languages = (
        asked.chosen.get(facet, ()) for facet in (Facet.SOURCE, Facet.PUBLISHER, Facet.LANGUAGE)
    )
    return (
        (not sources or source.id in sources)
        and (not publishers or source.publisher in publishers)
        and (not languages or source.language is None or source.language in languages)
    )


def _stretches(found: Timeline) -> list[Stretch]:
    stretches, x = [], 0
    for watched, bars in groupby(found.bars, key=_marked_as):
        width = len(list(bars)) * WIDE
        if watched in _DOUBTFUL:
            stretches.append(Stretch(watched=watched, x=x, width=width))
        x += width
    return stretches


def _marked_as(bar: Bar) -> Watched:
    """What is not over yet is marked where something of it is missing already."""
    return Watched.PARTLY if bar.watched is Watched.NOW and bar.missing else bar.watched


def _address(bar: Bar, asked: Asked) -> str:
    return address("/search", asked.within(f"{bar.since:%Y-%m-%dT%H:%MZ}", f"{bar.until:%Y-%m-%dT%H:%MZ}"))
