"""Preview: what one edited topic would change, the newest articles first, for as long as somebody waits.

forms that differ → the articles in which one stands → match by the old, match by the new → changes, sizes of digests

Only where a form stands that one of the two wordings has and the other has not can they differ; for what must stand in
an article (`all`) also where it does not. So most edits are tried on the whole archive while they are typed. What the
archive has marked stands for everything that was not looked at.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.archive import Archive, Filter
from monitor.errors import TooSlowError
from monitor.match import Matcher, Role
from monitor.pipeline.difference import Change, ChangeKind, Size, kind_of_change, tells
from monitor.pipeline.explained import reason
from monitor.pipeline.past import ANY_ARTICLE, Excerpts, bare, finding
from monitor.query import And, Fact, Near, Not, Or, Query, Term, any_of, parse
from monitor.types import Feedback, FeedbackKind, Form, Kept, Match, Source, Subscription, Topic

Stop = Callable[[], bool]
"""Says that nobody waits any more."""

_WEEK = timedelta(weeks=1)
_MOST_WEEKS = 8
_MOST_SAID = 50  # of what readers said


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a reader said of an article, and whether the edited topic does as they wish."""

    feedback: Feedback
    title: str | None  # None: the archive does not hold it, or its text was erased
    before: bool | None  # whether the topic finds it; None: nobody can know
    after: bool | None

    @property
    def right(self) -> bool | None:
        """Whether it would be as the reader wishes."""
        return None if self.after is None else self.after == (self.feedback.kind is FeedbackKind.MISSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would change for the topic, and what follows from it."""

    looked_at: int  # articles that both wordings were held against
    whole: bool  # False: it was stopped; only the newest of those that may change were looked at
    since: datetime | None  # when the oldest that was looked at was first seen; None: none was
    counts: Mapping[ChangeKind, int]
    changes: Mapping[ChangeKind, tuple[Change, ...]]  # newest first, some of each
    others: int  # marks of other topics that become mentions, or more than that
    digests: tuple[Size, ...]
    weeks: float  # over which digests are told, at least one
    judged: tuple[Judged, ...]
    unseen: tuple[Form, ...]  # forms of the edited topic that stand in no article; not complete where it was stopped


def previewed(
    archive: Archive,
    old: Sequence[Topic],
    new: Sequence[Topic],
    edited: tuple[str | None, str | None],
    subscriptions: tuple[Sequence[Subscription], Sequence[Subscription]],
    sources: Collection[Source],
    *,
    begin: datetime | None,
    now: datetime,
    stop: Stop,
    examples: int = 20,
) -> Preview:
    """Compares two lists of topics that differ in one topic only, by its id in each (None: it is not there).

    `subscriptions` are those before and after it. `begin` is from when on the archive holds everything it saw; digests
    are told of the weeks since, eight at most. A digest is told to be as large as the archive has it marked, but for
    what was looked at.

    Raises:
        ArchiveError: the archive cannot be used.
    """
    was = next((topic for topic in old if topic.id == edited[0]), None)
    becomes = next((topic for topic in new if topic.id == edited[1]), None)
    matchers = Matcher(old), Matcher(new)
    judged = tuple(_judged(archive, (was, becomes), matchers))
    seen = _Seen(edited, examples, Excerpts(sources), now - _MOST_WEEKS * _WEEK)
    whole = True
    try:
        query = affected(was, becomes)
        for article in archive.articles(Filter(query=query), newest_first=True) if query is not None else ():
            if stop():
                whole = False
                break
            seen.take(article, *matchers)
    except TooSlowError:
        whole = False
    starts = [now - _MOST_WEEKS * _WEEK, begin, None if whole else (seen.since or now)]
    since = min(max(start for start in starts if start is not None), now - _WEEK)
    unseen = tuple(_unseen(archive, becomes, stop)) if becomes is not None and whole else ()
    return Preview(
        looked_at=seen.looked_at,
        whole=whole,
        since=seen.since,
        counts=seen.counts,
        changes={kind: tuple(changes) for kind, changes in seen.changes.items()},
        others=seen.others,
        digests=tuple(seen.sizes(archive, subscriptions, since)),
        weeks=max(1.0, (now - since) / _WEEK),
        judged=judged,
        unseen=unseen,
    )


class _Seen:
    """What the articles that were looked at show."""

    def __init__(
        self, edited: tuple[str | None, str | None], examples: int, excerpts: Excerpts, recent: datetime
    ) -> None:
        self._edited, self._examples, self._excerpts, self._recent = edited, examples, excerpts, recent
        self.looked_at = self.others = 0
        self.since: datetime | None = None
        self.counts = Counter[ChangeKind]()
        self.changes: dict[ChangeKind, list[Change]] = {}
        self._changed: dict[int, tuple[datetime, int, dict[str, bool], dict[str, bool]]] = {}

    def take(self, article: Kept, earlier: Matcher, later: Matcher) -> None:
        before, after = earlier.match(article), later.match(article)
        self.looked_at += 1
        self.since = article.first_seen_at
        had, has = {match.topic_id: match for match in before}, {match.topic_id: match for match in after}
        mine, becomes = had.pop(self._edited[0] or "", None), has.pop(self._edited[1] or "", None)
        self.others += sum(match.mention != had[id_].mention for id_, match in has.items() if id_ in had)
        if (kind := kind_of_change(mine, becomes)) is not None:
            self.counts[kind] += 1
            examples = self.changes.setdefault(kind, [])
            if len(examples) < self._examples:
                examples.append(
                    Change(
                        kind=kind,
                        article=bare(article),
                        before=mine,
                        after=becomes,
                        whole=article not in self._excerpts,
                        because=self._because(article, later) if kind is ChangeKind.LOST else None,
                    )
                )
        if article.first_seen_at >= self._recent and not article.withdrawn:
            mentions = _mentions(before), _mentions(after)
            self._changed[article.id] = article.first_seen_at, article.story_id, *mentions

    def _because(self, article: Kept, later: Matcher) -> str | None:
        explained = later.explain(article)
        said = [reason(each, explained) for each in explained if each.topic_id == self._edited[1]]
        return said[0].removeprefix("not about it: ") if said else None

    def sizes(
        self, archive: Archive, subscriptions: tuple[Sequence[Subscription], Sequence[Subscription]], since: datetime
    ) -> Iterator[Size]:
        """Yields how many stories of the time since each digest would hold."""
        marked: dict[int, tuple[int, dict[str, bool]]] = {}
        for mark in archive.marks(since):
            if mark.article_id not in self._changed:
                marked.setdefault(mark.article_id, (mark.story_id, {}))[1][mark.topic_id] = mark.mention
        left = [(story_id, marks, self._renamed(marks)) for story_id, marks in marked.values()]
        looked_at = [of for of in self._changed.values() if of[0] >= since]
        both = [(story_id, before, after) for _, story_id, before, after in looked_at] + left
        later = {subscription.id: subscription for subscription in subscriptions[1]}
        for earlier in subscriptions[0]:
            now = later.get(earlier.id, earlier)
            yield Size(
                subscription_id=earlier.id,
                before=len({story_id for story_id, mentions, _ in both if tells(earlier, mentions)}),
                after=len({story_id for story_id, _, mentions in both if tells(now, mentions)}),
            )

    def _renamed(self, marks: dict[str, bool]) -> dict[str, bool]:
        """What marks become that no form changes: a topic may have another id by now, or be no more."""
        old, new = self._edited
        if old == new or old is None or old not in marks:
            return marks
        others = {id_: mention for id_, mention in marks.items() if id_ != old}
        return others if new is None else {**others, new: marks[old]}


def _mentions(matches: Iterable[Match]) -> dict[str, bool]:
    return {match.topic_id: match.mention for match in matches}


def _judged(
    archive: Archive, edited: tuple[Topic | None, Topic | None], matchers: tuple[Matcher, Matcher]
) -> Iterator[Judged]:
    """Yields what readers said of the topic, the newest first."""
    ids = [topic.id for topic in edited if topic is not None]
    for feedback in archive.feedback(ids)[:_MOST_SAID] if ids else ():
        article = None if feedback.article_id is None else archive.article(feedback.article_id)
        if article is None or article.text is None:
            title = None if article is None else article.title
            yield Judged(feedback=feedback, title=title, before=None, after=None)
            continue
        finds = [
            topic is not None and any(match.topic_id == topic.id for match in matcher.match(article))
            for topic, matcher in zip(edited, matchers, strict=True)
        ]
        yield Judged(feedback=feedback, title=article.title, before=finds[0], after=finds[1])


def _unseen(archive: Archive, topic: Topic, stop: Stop) -> Iterator[Form]:
    """Yields the forms by which the topic is found that stand in no article."""
    for form in finding(topic):
        if stop():
            return
        try:
            if not archive.search(Filter(query=parse(form.text, form=True)), limit=1):
                yield form
        except TooSlowError:
            return


def affected(old: Topic | None, new: Topic | None) -> Query | None:
    """Returns a query that finds every article in which two wordings of a topic may differ; None: they never do."""
    parts = [set(_parts(topic)) if topic is not None else set() for topic in (old, new)]
    differing = parts[0] ^ parts[1]
    if not differing:
        return None
    found = _one_of(form.text for topic in (old, new) if topic is not None for form in finding(topic))
    if any(role is Role.ALL for role, _, _ in differing):  # that it is not there counts, too
        return found
    return And(children=(found, _one_of(sorted(text for _, _, text in differing))))


def _parts(topic: Topic) -> Iterator[tuple[Role, object, str]]:
    """Yields all that a topic's verdict on an article is made of; the language counts for `all` only."""
    yield from ((Role.ANY, None, form.text) for form in topic.any)
    yield from ((Role.ALL, form.language, form.text) for form in topic.all)
    yield from ((Role.NONE, None, form.text) for form in topic.none)
    yield from ((Role.EXCEPT, None, form.text) for form in topic.excepting)
    for place in enumerate(topic.near):
        which = place[0], place[1].within
        yield from ((Role.NEAR, which, form.text) for form in place[1].forms)
        yield from ((Role.BESIDE, which, form.text) for form in place[1].beside)


def _one_of(texts: Iterable[str]) -> Query:
    loose = [_loose(parse(text, form=True)) for text in dict.fromkeys(texts)]
    sure = [query for query in loose if query is not None]
    return any_of(sure) if len(sure) == len(loose) else ANY_ARTICLE


def _loose(query: Query) -> Query | None:
    """Returns what holds wherever the query does, whatever words an `except` form hides; None: anything may.

    What is not wanted is left out: where it stands, but hidden, the query is true all the same.
    """
    match query:
        case Term() | Fact():
            return query
        case Near():
            sides = [_loose(query.left), _loose(query.right)]
            return query if sides == [query.left, query.right] else _all_of(sides)
        case And():
            return _all_of([_loose(child) for child in query.children])
        case Or():
            children = [_loose(child) for child in query.children]
            sure = [child for child in children if child is not None]
            return any_of(sure) if len(sure) == len(children) else None
        case Not():
            return None


def _all_of(sides: Sequence[Query | None]) -> Query | None:
    sure = [side for side in sides if side is not None]
    return And(children=tuple(sure)) if len(sure) > 1 else next(iter(sure), None)
