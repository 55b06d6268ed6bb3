"""How well the sources were watched, in the reader's words: what was not read, what may have been missed, and since
when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.digest.plainly import shortened
from monitor.digest.wording import Phrases
from monitor.text import one_line
from monitor.types import Coverage, Digest, Span

_NAMED = 30  # sources that are named; of the others their number
_ERROR = 200  # characters
_LOOSE = timedelta(hours=1)  # a gap that is longer than the one all sources share by no more than this is that gap
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One thing that may have been missed. `error` is an English sentence, from whoever reported it."""

    text: str
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A source that is watched, and when it was last read."""

    name: str
    read: str
    ill: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """What is said of coverage."""

    summary: str
    doubts: tuple[Doubt, ...] = ()
    watched: tuple[Watch, ...] = ()  # of a digest that certifies silence: every source, the longest unread first
    more_watched: str | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing can have been missed."""
        return not self.doubts


def watching(digest: Digest, phrases: Phrases, zone: ZoneInfo) -> Watching:
    """Returns how well the sources were watched; of a digest without news also each of them, with its last reading."""
    common = _common_gaps(digest.seen)
    doubts = [Doubt(text=_when(phrases, "common gap", span, zone)) for span in common]
    failing = sorted((c for c in digest.coverage if c.failing), key=_read_at)
    doubts += [_failing(source, phrases, zone) for source in failing[:_NAMED]]
    if len(failing) > _NAMED:
        doubts.append(Doubt(text=_others("more failing", failing[_NAMED:], phrases, zone)))
    own = [(source, list(_doubts(source, common, phrases, zone))) for source in digest.coverage]
    doubts += [doubt for _, found in own for doubt in found]
    doubtful = sum(bool(found) and not source.failing for source, found in own)
    watched, more = _watched(digest, phrases, zone)
    return Watching(
        summary=_summary(digest, len(failing), doubtful, phrases),
        doubts=tuple(doubts),
        watched=watched,
        more_watched=more,
    )


def _summary(digest: Digest, failing: int, doubtful: int, phrases: Phrases) -> str:
    if not digest.watched:
        return phrases.say("no sources")
    if failing and digest.watched == 1:
        return phrases.say("only one failed")
    said = phrases.count("some failed", failing, all=digest.watched) if failing else ""
    said = said or phrases.count("all answered", digest.watched)
    return said + (" " + phrases.count("some doubtful", doubtful) if doubtful else "")


def _failing(source: Coverage, phrases: Phrases, zone: ZoneInfo) -> Doubt:
    at = source.last_good_at
    since = phrases.say("never") if at is None else phrases.say("since", when=phrases.short_moment(at, zone))
    return Doubt(text=_name(source) + phrases.say("colon") + since, error=_error(source))


def _doubts(source: Coverage, common: Sequence[Span], phrases: Phrases, zone: ZoneInfo) -> Iterator[Doubt]:
    """What else there is to say of a source, but for gaps that all share."""
    name = _name(source) + phrases.say("colon")
    if source.partial:
        yield Doubt(text=name + phrases.say("part"), error=_error(source))
    if source.overran_at is not None:
        yield Doubt(text=name + phrases.say("overran", when=phrases.short_moment(source.overran_at, zone)))
    if source.quiet_since is not None:
        yield Doubt(text=name + phrases.say("quiet", when=phrases.short_moment(source.quiet_since, zone)))
    for gap in source.gaps:
        if not any(_is_no_more_than(gap, span) for span in common):
            yield Doubt(text=name + _when(phrases, "gap", gap, zone))


def _watched(digest: Digest, phrases: Phrases, zone: ZoneInfo) -> tuple[tuple[Watch, ...], str | None]:
    if digest.has_news:
        return (), None
    ordered = sorted(digest.seen, key=_read_at)
    named = tuple(
        Watch(
            name=_name(source),
            read=phrases.say("never")
            if source.last_good_at is None
            else phrases.day_and_time(source.last_good_at, zone, now=digest.composed_at),
            ill=source.failing,
        )
        for source in ordered[:_NAMED]
    )
    others = ordered[_NAMED:]
    return named, _others("more watched", others, phrases, zone) if others else None


def _others(key: str, sources: Sequence[Coverage], phrases: Phrases, zone: ZoneInfo) -> str:
    """The number of sources that are not named, and the time of the one that was unread for longest."""
    oldest = sources[0].last_good_at
    if oldest is None:
        return phrases.count("more never", len(sources))
    return phrases.count(key, len(sources), when=phrases.short_moment(oldest, zone))


def _common_gaps(seen: Sequence[Coverage]) -> list[Span]:
    """The times during which no source at all was watched: it was not they who were away."""
    if len(seen) < 2:
        return []
    common = list(seen[0].gaps)
    for source in seen[1:]:
        common = [
            Span(since=max(a.since, b.since), until=min(a.until, b.until))
            for a in common
            for b in source.gaps
            if max(a.since, b.since) < min(a.until, b.until)
        ]
    return common


def _is_no_more_than(gap: Span, common: Span) -> bool:
    """Whether a gap is the one that all share: each source was last seen a little earlier or later than others."""
    return abs(gap.since - common.since) <= _LOOSE and abs(gap.until - common.until) <= _LOOSE


def _when(phrases: Phrases, key: str, span: Span, zone: ZoneInfo) -> str:
    return phrases.say(key, since=phrases.short_moment(span.since, zone), until=phrases.short_moment(span.until, zone))


def _read_at(source: Coverage) -> tuple[datetime, str]:
    return source.last_good_at or _NEVER, source.source_id


def _name(source: Coverage) -> str:
    return one_line(source.name) or source.source_id


def _error(source: Coverage) -> str | None:
    return shortened(one_line(source.error), _ERROR) or None if source.error else None
