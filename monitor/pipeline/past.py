"""The past: the archive gone through with topics. What backtest, diff, the check of forms and apply have in common.

An article is about a topic only where a form of `any` or `near` stands in it, so that the index narrows the way.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from itertools import chain
from typing import TypeVar

from monitor.archive import Archive, Filter
from monitor.query import Fact, Query, any_of, parse
from monitor.query.tree import About
from monitor.types import Form, Keep, Kept, Match, Source, Topic

T = TypeVar("T")
Watch = Callable[[Iterable[Kept]], Iterable[Kept]]
"""Lets articles through, and shows that they pass."""

_BY_HAND = "by-hand:"
ANY_ARTICLE = Fact(about=About.SOURCE, value="", prefix=True)
"""True of everything; a query finds nothing erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What of the past can be found at all."""

    articles: int  # in the archive
    erased: int  # of them, without their text by now: they cannot be found any more
    since: datetime | None  # when the first was seen; None: the archive is empty
    whole_since: datetime | None  # from then on unmatched texts are there too; before only what matched then


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A count of articles."""

    strong: int = 0
    mentions: int = 0

    @property
    def articles(self) -> int:
        """Both."""
        return self.strong + self.mentions


def memory(archive: Archive, keep_unmatched: timedelta, now: datetime) -> Memory:
    """Returns what the archive remembers. Raises ArchiveError."""
    holding = archive.holding()
    since = holding.since
    whole_since = max(since, now - keep_unmatched) if since is not None and holding.erased else since
    return Memory(articles=holding.articles, erased=holding.erased, since=since, whole_since=whole_since)


def finding(topic: Topic) -> Iterator[Form]:
    """Yields the forms without one of which no article is about a topic."""
    yield from topic.any
    for group in topic.near:
        yield from group.forms


def candidates(
    archive: Archive, topics: Iterable[Topic], *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[Kept]:
    """Yields the articles that may be about one of the topics, oldest first, with their texts. Raises ArchiveError."""
    forms: list[Query] = [parse(form.text, form=True) for topic in topics for form in finding(topic)]
    if forms:
        yield from archive.articles(Filter(query=any_of(forms), since=since, until=until))


def marked(
    archive: Archive, topic_ids: Iterable[str], *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[Kept]:
    """Yields the articles that the archive has marked with one of these topics, each once, with their texts.

    Not those whose text was erased: what is left of them proves no absence.
    """
    seen: set[int] = set()
    wanted = (Filter(query=ANY_ARTICLE, topics=(topic_id,), since=since, until=until) for topic_id in topic_ids)
    for article in chain.from_iterable(map(archive.articles, wanted)):
        if article.id not in seen:
            seen.add(article.id)
            yield article


def bare(article: Kept) -> Kept:
    """Returns an article without its texts, so that many can be held."""
    return replace(article, text=None, summary=None, listed_title=None, matches=())


class Excerpts:
    """Of which sources the archive holds excerpts only: what is not in them may have stood in the article."""

    def __init__(self, sources: Collection[Source]) -> None:
        self._ids = {source.id for source in sources if source.keep is Keep.EXCERPT}

    def __contains__(self, article: Kept) -> bool:
        return any(id_.removeprefix(_BY_HAND) in self._ids for id_ in article.source_ids)


def tally(matches: Iterable[Match]) -> Tally:
    """Counts the strong ones and the mentions."""
    counts = Counter(match.mention for match in matches)
    return Tally(strong=counts[False], mentions=counts[True])


def grouped(pairs: Iterable[tuple[T, Match]]) -> list[tuple[T, Tally]]:
    """Counts matches by what stands before them, the most frequent first."""
    by_key: dict[T, list[Match]] = {}
    for key, match in pairs:
        by_key.setdefault(key, []).append(match)
    counted = [(key, tally(matches)) for key, matches in by_key.items()]
    return sorted(counted, key=lambda each: (-each[1].articles, str(each[0])))


def weeks(pairs: Sequence[tuple[datetime, Match]], zone: tzinfo) -> list[tuple[date, Tally]]:
    """Counts matches by week, from the first with any to the last, each by its Monday in that time zone."""
    by_week: dict[date, list[Match]] = {}
    for moment, match in pairs:
        day = moment.astimezone(zone).date()
        by_week.setdefault(day - timedelta(days=day.weekday()), []).append(match)
    if not by_week:
        return []
    first, last = min(by_week), max(by_week)
    mondays = [first + timedelta(weeks=number) for number in range((last - first).days // 7 + 1)]
    return [(monday, tally(by_week.get(monday, ()))) for monday in mondays]
