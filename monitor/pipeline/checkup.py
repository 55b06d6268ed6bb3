"""Checkup: what each source would give, in figures and in words, without keeping anything."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from monitor.archive import SourceFacts
from monitor.discovery import Gives, gives
from monitor.types import Health, Read, Source, Trouble, Visit, VisitOutcome

_MANY_AT_ONE_HOST = 10  # sources: they wait for each other
_ENOUGH_ITEMS = 500  # after so many without a match a source may be the wrong one
_STALE = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What one source gave when it was visited now."""

    source: Source
    visit: Visit
    gives: Gives
    unknown: int | None  # items that the archive does not know; None where there is no archive
    problem: str | None = None
    advice: str | None = None  # what would help

    @property
    def holds(self) -> bool:
        """Whether the source gives something, or may give nothing."""
        return self.visit.outcome is not VisitOutcome.FAILED and (self.gives.items > 0 or self.source.may_be_empty)


def checked(source: Source, visit: Visit, unknown: int | None, now: datetime) -> Checked:
    """Returns what a visit says of its source, with the most important problem and what would help."""
    given = gives(visit.found)
    problem, advice = _diagnosis(source, visit, given, now)
    return Checked(source=source, visit=visit, gives=given, unknown=unknown, problem=problem, advice=advice)


def _diagnosis(source: Source, visit: Visit, given: Gives, now: datetime) -> tuple[str | None, str | None]:
    if visit.outcome is VisitOutcome.FAILED:
        return visit.error, _help(source, visit)
    if visit.moved_to is not None:
        return f"moved for good to {visit.moved_to}", f"write that address: `url: {visit.moved_to}`"
    if not given.items and not source.may_be_empty:
        return "it lists nothing", "`may_be_empty: true`, where that is normal; else look at its address"
    if given.newest is not None and now - given.newest > _STALE:
        return f"its newest item is of {given.newest:%Y-%m-%d}", "it may have moved: `roxham sources add` its site"
    if given.items and source.read is Read.FEED and not given.titled:
        return "its items have no titles", "`read: page`, so that the pages give them"
    if given.items and source.read is Read.FEED and not given.summarised:
        return "its items hold no text", "`read: page`"
    return visit.error, None


def _help(source: Source, visit: Visit) -> str | None:
    site = f"{urlsplit(source.url).scheme}://{urlsplit(source.url).netloc}/"
    match visit.status:
        case 404 | 410:
            return f"the address is gone: `roxham sources add {site}` looks for the present one"
        case 401 | 407:
            return "it wants a login: `auth_env`"
        case 402 | 403 | 451:
            return "the server refuses: its terms, or `enabled: false`"
        case 429:
            return "it was asked too often: a longer `every`"
        case int(status) if 200 <= status < 300:
            return f"look whether `kind` and `url` are right: `roxham sources add {source.url}` says what is there"
    if visit.trouble is Trouble.HARD:
        return "look whether the address is written right; addresses inside your network need `crawl.allow_private`"
    return "it may pass by itself: check again later"


def remarks(
    sources: Sequence[Source], facts: Mapping[str, SourceFacts], healths: Mapping[str, Health] | None
) -> Iterator[tuple[str | None, str]]:
    """Gives what can be said without a visit: a source's id, or None where it concerns no one source, and a sentence.

    Without an archive there are no `healths`: nobody was ever visited, and that is not worth a line for each.
    """
    yield from _crowded(sources)
    if healths is None:
        yield None, "there is no archive yet: nothing was ever visited"
        return
    for source in (source for source in sources if source.enabled):
        for remark in healths[source.id].remarks:
            yield source.id, remark.text
        known = facts.get(source.id)
        if known is not None and known.items >= _ENOUGH_ITEMS and not known.matched:
            yield source.id, f"none of its {known.items:,} items was ever about a topic"
    configured = {source.id for source in sources}
    for gone in sorted(facts.keys() - configured):
        if ":" not in gone:  # what a person added is in nobody's list
            yield gone, "is known to the archive and is not in sources.yaml any more"


def _crowded(sources: Iterable[Source]) -> Iterator[tuple[str | None, str]]:
    by_host: dict[str, list[str]] = {}
    for source in sources:
        if source.enabled:
            by_host.setdefault(urlsplit(source.url).hostname or "", []).append(source.id)
    for host, ids in by_host.items():
        if len(ids) > _MANY_AT_ONE_HOST:
            yield None, f"{len(ids)} sources are at {host}: one request at a time goes there, they wait for each other"
