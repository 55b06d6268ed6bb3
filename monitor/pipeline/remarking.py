"""Remarking: the whole archive gets the marks of the topics as they are configured now.

past.candidates, then what else is marked → match → archive.remark, some hundred articles at a time

It may be killed and repeated at any moment, beside a running service too: each batch is a transaction, what is marked
as it should be is left alone, and an article that has changed meanwhile is left for the next time.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from monitor.archive import Archive, Marked, Remarked
from monitor.match import Matcher
from monitor.pipeline.past import Excerpts, Watch, candidates, marked
from monitor.types import Kept, Match, Source, Topic

Remark = Callable[[Sequence[Marked]], Remarked]
_BATCH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was changed, by topic: how many articles gained or lost its mark, or have another of it."""

    looked_at: int
    articles: int  # in the archive
    gained: Counter[str]
    lost: Counter[str]
    changed: Counter[str]
    skipped: int  # articles that changed meanwhile

    @property
    def topics(self) -> list[str]:
        """The topics of which anything changed."""
        return sorted({*self.gained, *self.lost, *self.changed})


def apply(
    archive: Archive,
    topics: Sequence[Topic],
    sources: Collection[Source],
    remark: Remark | None,
    *,
    watch: Watch = iter,
) -> Applied:
    """Marks the whole archive anew through `remark`; where that is None, only says what would change.

    Raises:
        ArchiveError: the archive cannot be used; what was done until then is kept.
    """
    matcher, excerpts = Matcher(topics), Excerpts(sources)
    gained, lost, changed = Counter[str](), Counter[str](), Counter[str]()
    looked_at = skipped = 0
    batch: list[Marked] = []

    def flush() -> int:
        done = remark(batch) if remark is not None and batch else None
        batch.clear()
        return done.skipped if done is not None else 0

    holding = archive.holding()
    for article in watch(_concerned(archive, topics, [marks.topic_id for marks in holding.marks])):
        looked_at += 1
        if article.withdrawn:
            continue
        mark = Marked(
            article_id=article.id,
            version=article.version,
            matches=matcher.match(article),
            whole=article not in excerpts,
        )
        gains, losses, others = changes(article.matches, mark)
        if gains or losses or others:
            gained.update(gains)
            lost.update(losses)
            changed.update(others)
            batch.append(mark)
        if len(batch) == _BATCH:
            skipped += flush()
    skipped += flush()
    return Applied(
        looked_at=looked_at, articles=holding.articles, gained=gained, lost=lost, changed=changed, skipped=skipped
    )


def _concerned(archive: Archive, topics: Sequence[Topic], former: Sequence[str]) -> Iterator[Kept]:
    """Yields the articles in which any form stands, then those that are marked though none does."""
    seen: set[int] = set()
    for article in chain(candidates(archive, topics), marked(archive, dict.fromkeys(former))):
        if article.id not in seen:
            seen.add(article.id)
            yield article


def changes(have: Sequence[Match], mark: Marked) -> tuple[list[str], list[str], list[str]]:
    """Returns the topics whose mark an article gains, loses, and has otherwise, as `Archive.remark` will have it.

    What is not whole shows no absence: nothing of it is lost, and nothing becomes a mention.
    """
    had = {match.topic_id: match for match in have}
    gains, others = [], []
    for match in mark.matches:
        old = had.pop(match.topic_id, None)
        if old is None:
            gains.append(match.topic_id)
        elif mark.whole or old.revision != match.revision:
            mention = match.mention and (mark.whole or old.mention)
            if (old.revision, old.mention, old.hits) != (match.revision, mention, match.hits):
                others.append(match.topic_id)
    return gains, list(had) if mark.whole else [], others
