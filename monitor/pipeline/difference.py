"""Difference: what other topics would change. Both are run over the archive as it is now; nothing is kept.

past.candidates → match by the old, match by the new → changes by topic, sizes of the digests
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.archive import Archive
from monitor.match import Matcher, revision
from monitor.pipeline.examples import Example, examples
from monitor.pipeline.past import Excerpts, Tally, Watch, bare, candidates, tally
from monitor.types import Kept, Match, Source, Subscription, Topic


class ChangeKind(StrEnum):
    """What an article becomes to a topic."""

    GAINED = "gained"
    LOST = "lost"
    TO_MENTION = "to mention"
    TO_STRONG = "to strong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An article, without its texts, that is something else to a topic than it was."""

    kind: ChangeKind
    article: Kept
    before: Match | None
    after: Match | None
    whole: bool = True  # False: the archive holds an excerpt of it, which shows less than the article did
    because: str | None = None  # why it is lost, where somebody asked


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicDifference:
    """What changes for one topic; it is compared by its id."""

    topic_id: str
    status: str  # same, changed, new, removed
    before: Tally
    after: Tally
    changes: tuple[Change, ...]  # oldest first
    strong_only: tuple[str, ...] = ()  # digests that tell of the topic, but of no mention

    def of(self, kind: ChangeKind) -> list[Change]:
        """Returns the changes of one kind."""
        return [change for change in self.changes if change.kind is kind]

    @property
    def withheld(self) -> list[Change]:
        """What becomes a mention, where a digest leaves mentions out: its readers lose it."""
        return self.of(ChangeKind.TO_MENTION) if self.strong_only else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many stories of the archive a digest would hold."""

    subscription_id: str
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What changes."""

    looked_at: int  # articles in which a form of either stands
    topics: tuple[TopicDifference, ...]  # in the order of the new ones; removed ones last
    digests: tuple[Size, ...]
    examples: tuple[Example, ...] = ()  # what readers said of the topics that are not the same, the newest first

    def count(self, kind: ChangeKind) -> int:
        """Returns how many changes of one kind there are, over all topics."""
        return sum(len(topic.of(kind)) for topic in self.topics)

    @property
    def withheld(self) -> int:
        """How many articles become mentions that a digest leaves out, over all topics."""
        return sum(len(topic.withheld) for topic in self.topics)

    def passes(self, most: float, *, percent: bool) -> bool:
        """Says whether no more than `most` is lost: so many articles in all, or so much of what any one topic had.

        What becomes a mention is lost too where a digest leaves mentions out.
        """
        lost = [(len(topic.of(ChangeKind.LOST)) + len(topic.withheld), topic.before.articles) for topic in self.topics]
        if not percent:
            return sum(count for count, _ in lost) <= most
        return all(100 * count <= most * had for count, had in lost)


def compared(
    archive: Archive,
    old: Sequence[Topic],
    new: Sequence[Topic],
    subscriptions: Iterable[Subscription],
    sources: Collection[Source] = (),
    *,
    since: datetime | None = None,
    watch: Watch = iter,
) -> Difference:
    """Compares two sets of topics over the archive. Raises ArchiveError."""
    earlier, later, excerpts = Matcher(old), Matcher(new), Excerpts(sources)
    had, has = {topic.id: topic for topic in old}, {topic.id: topic for topic in new}
    ids = list(dict.fromkeys([*has, *had]))
    changes: dict[str, list[Change]] = {topic_id: [] for topic_id in ids}
    counts: tuple[dict[str, list[Match]], ...] = (
        {topic_id: [] for topic_id in ids},
        {topic_id: [] for topic_id in ids},
    )
    subscriptions = tuple(subscriptions)
    stories: dict[str, tuple[set[int], set[int]]] = {each.id: (set(), set()) for each in subscriptions}
    looked_at = 0
    for article in watch(candidates(archive, [*old, *new], since=since)):
        looked_at += 1
        before = {match.topic_id: match for match in earlier.match(article)}
        after = {match.topic_id: match for match in later.match(article)}
        for side, matches in zip(counts, (before, after), strict=True):
            for topic_id, match in matches.items():
                side[topic_id].append(match)
        for topic_id in before.keys() | after.keys():
            kind = kind_of_change(before.get(topic_id), after.get(topic_id))
            if kind is not None:
                changes[topic_id].append(
                    Change(
                        kind=kind,
                        article=bare(article),
                        before=before.get(topic_id),
                        after=after.get(topic_id),
                        whole=article not in excerpts,
                    )
                )
        for each in subscriptions if not article.withdrawn else ():
            for held, matches in zip(stories[each.id], (before, after), strict=True):
                if tells(each, {topic_id: match.mention for topic_id, match in matches.items()}):
                    held.add(article.story_id)
    statuses = {topic_id: _status(had.get(topic_id), has.get(topic_id)) for topic_id in ids}
    differ = [topic_id for topic_id in ids if statuses[topic_id] != "same"]
    return Difference(
        looked_at=looked_at,
        topics=tuple(
            TopicDifference(
                topic_id=topic_id,
                status=statuses[topic_id],
                before=tally(counts[0][topic_id]),
                after=tally(counts[1][topic_id]),
                changes=tuple(changes[topic_id]),
                strong_only=tuple(s.id for s in subscriptions if topic_id in s.topics and not s.mentions),
            )
            for topic_id in ids
        ),
        digests=tuple(Size(subscription_id=id_, before=len(b), after=len(a)) for id_, (b, a) in stories.items()),
        examples=examples(archive, differ, old, new, sources),
    )


def kind_of_change(before: Match | None, after: Match | None) -> ChangeKind | None:
    """Returns what an article becomes to a topic; None where it stays what it was, if perhaps for other reasons."""
    if before is None:
        return None if after is None else ChangeKind.GAINED
    if after is None:
        return ChangeKind.LOST
    if before.mention == after.mention:
        return None
    return ChangeKind.TO_MENTION if after.mention else ChangeKind.TO_STRONG


def _status(old: Topic | None, new: Topic | None) -> str:
    if old is None or new is None:
        return "new" if old is None else "removed"
    return "same" if revision(old) == revision(new) else "changed"


def tells(subscription: Subscription, mentions: Mapping[str, bool]) -> bool:
    """Says whether a digest would hold an article (monitor/digest/compose.py).

    `mentions` has the topics that the article is about, with True where it only mentions them.
    """
    return any(
        topic_id in mentions and (subscription.mentions or not mentions[topic_id]) for topic_id in subscription.topics
    )
