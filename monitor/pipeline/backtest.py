"""Backtest: what a topic or a query finds in the archive as it is now. Nothing is kept.

past.candidates → match → held against what the archive has marked
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from monitor.archive import Archive
from monitor.match import Matcher
from monitor.pipeline.past import Excerpts, Watch, bare, candidates, marked
from monitor.types import Kept, Match, Source, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """An article that was found, without its texts, and why."""

    article: Kept
    match: Match


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What was found, oldest first; against the marks in the archive, where the topic is a configured one.

    `lost` are articles that are marked with the topic and were not found.
    """

    found: tuple[Tested, ...]
    looked_at: int = 0  # articles in which a form stands
    gained: tuple[Tested, ...] = ()
    lost: tuple[Kept, ...] = ()

    def terms(self) -> list[tuple[str, int]]:
        """Returns the words that were found, folded to lower case, with the number of articles; most first."""
        counts = Counter(words for each in self.found for words in {hit.surface.casefold() for hit in each.match.hits})
        return sorted(counts.items(), key=lambda each: (-each[1], each[0]))

    def examples(self, count: int) -> list[Tested]:
        """Returns so many of them, newest first, from as many sources as there are."""
        by_source: dict[str, list[Tested]] = {}
        for each in reversed(self.found):
            by_source.setdefault(each.article.source_id, []).append(each)
        rounds = (
            each[number]
            for number in range(max(map(len, by_source.values()), default=0))
            for each in by_source.values()
            if number < len(each)
        )
        return sorted(islice(rounds, count), key=lambda each: each.article.id, reverse=True)


def backtested(
    archive: Archive,
    topic: Topic,
    others: Sequence[Topic],
    sources: Collection[Source] = (),
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    watch: Watch = iter,
) -> Backtest:
    """Holds a topic against the archive, beside all `others` that are watched: a mention depends on them.

    Of `sources` that keep excerpts nothing is lost. Raises ArchiveError.
    """
    matcher = Matcher((*others, topic))
    found, gained = [], []
    looked_at = 0
    for article in watch(candidates(archive, [topic], since=since, until=until)):
        looked_at += 1
        for match in matcher.match(article):
            if match.topic_id == topic.id:
                found.append(Tested(article=bare(article), match=match))
                if topic.id not in _marks(article):
                    gained.append(found[-1])
    ids, excerpts = {each.article.id for each in found}, Excerpts(sources)
    having: Iterable[Kept] = marked(archive, [topic.id], since=since, until=until)
    lost = tuple(bare(article) for article in having if article.id not in ids and article not in excerpts)
    return Backtest(found=tuple(found), looked_at=looked_at, gained=tuple(gained), lost=lost)


def _marks(article: Kept) -> set[str]:
    return {match.topic_id for match in article.matches}
