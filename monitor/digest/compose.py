"""Chooses what one reader is told: a slice of the archive in, a digest out."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from monitor.digest.interest import is_living, is_mention, is_wanted, matches, primary
from monitor.digest.recall import Known, Update, known, updates, withdrawn
from monitor.digest.wording import Phrases
from monitor.types import (
    Changes,
    Digest,
    Entry,
    EntryKind,
    Group,
    Kept,
    Line,
    Relation,
    Slice,
    Slot,
    Subscription,
    Topic,
)

RECALLS = "(recalls)"
"""The group of what puts right, or takes back, what the reader was told; no topic can have this id."""

_NOTHING_COMPARED: Changes = MappingProxyType({})


def compose(
    subscription: Subscription,
    reader: str,
    slot: Slot,
    slice_: Slice,
    topics: Sequence[Topic],
    now: datetime,
    changes: Changes = _NOTHING_COMPARED,
) -> Digest:
    """Returns what `reader` is told of `slice_` at `slot`; a digest without news means that nothing is new.

    A story is one line, however many terms, topics and carriers it has. It is told as new once: when the first of its
    members that is about a topic, and in a language, of the subscription arrives, whatever kind of entry that is.
    Afterwards it is told again only

    - when an article that the reader was told changed in substance, or another one corrects it or is a later take that
      says more: `changes` has what each text of `compared` changed;
    - when it, or a copy that the reader was told of, is withdrawn.

    Further pickups of it are counted. A story that becomes part of one that the reader was told is a pickup of that.
    What a reader never heard of is not told when it is withdrawn, nor is the notice; what is about no topic of the
    subscription, or in none of its languages, does not appear, unless it takes back or puts right what was told.

    Pure: the same arguments give the same digest.
    """
    stories = known(slice_)
    arrived: dict[int, list[Entry]] = {}
    for entry in slice_.entries:
        if (article := slice_.articles.get(entry.article_id)) is not None:
            arrived.setdefault(article.story_id, []).append(entry)

    lines: list[Line] = []
    recalls: list[Line] = []
    more_pickups = 0
    for story_id, entries in arrived.items():
        members = [article for article in slice_.articles.values() if article.story_id == story_id]
        fresh = [e for e in entries if _is_news(slice_.articles[e.article_id], subscription)]
        story = stories.get(story_id)
        if story is None:
            if fresh:
                lines.append(_new(subscription, [article for article in members if is_living(article)]))
            continue
        told = list(updates(subscription, story, changes))
        taken = withdrawn(story)
        if told:
            line, recalling = _updated(subscription, story, told, taken)
            (recalls if recalling else lines).append(line)
        elif taken:
            recalls.append(_withdrawn(subscription, story, taken))
        else:
            more_pickups += len({e.article_id for e in fresh if _is_pickup(e, story)})

    titles = {topic.id: _title(topic.title, subscription.language) or topic.id for topic in topics}
    return Digest(
        subscription=subscription,
        reader=reader,
        slot=slot,
        after=slice_.after,
        upto=slice_.upto,
        composed_at=now,
        groups=(*_recalls(subscription, recalls), *_groups(subscription, lines, titles)),
        more_pickups=more_pickups,
        coverage=tuple(source for source in slice_.coverage if source.doubtful),
        watched=len(slice_.coverage),
        bulk=slice_.bulk,
        names={source.source_id: source.name for source in slice_.coverage},
        titles=titles,
        since=slice_.since,
        seen=slice_.coverage,
    )


def _is_news(article: Kept, subscription: Subscription) -> bool:
    return is_living(article) and is_wanted(article, subscription)


def _is_pickup(entry: Entry, story: Known) -> bool:
    """Whether an entry of a story that the reader was told brings one more carrier of it."""
    return entry.kind is EntryKind.PICKUP or (entry.kind is EntryKind.NEW and entry.article_id not in story.told)


# --- lines -----------------------------------------------------------------------------------------------------------


def _new(subscription: Subscription, members: Sequence[Kept]) -> Line:
    """A story the reader never heard of. `members` are those that can be told; one of them is wanted."""
    speakers = [article for article in members if is_wanted(article, subscription)]
    return _line(subscription, min(speakers, key=lambda article: _rank(article, subscription)), members)


def _updated(
    subscription: Subscription, story: Known, told: Sequence[Update], taken: Sequence[Kept]
) -> tuple[Line, bool]:
    """A story the reader knows, with what is new; and whether that takes back or puts right what they were told.

    A correction speaks for it before a later take does. What is about no topic any more recalls what was told when it
    was.
    """

    def rank(update: Update) -> tuple[bool, bool, _Rank]:
        about = bool(matches(update.article, subscription))
        return not update.corrects, not about, _rank(update.article, subscription)

    best = min(told, key=rank)
    members = [*(article for article in story.members if is_living(article)), *taken]
    line = _line(subscription, best.article, members, story=story, update=best)
    return line, bool(taken) or best.corrects or not line.matches


def _withdrawn(subscription: Subscription, story: Known, taken: Sequence[Kept]) -> Line:
    """A story the reader knows, `taken` of whose members were withdrawn since. Who still carries it is named."""
    best = min(taken, key=lambda article: _rank(article, subscription))
    notices = [article for article in story.members if article.relation is Relation.KILL and not article.withdrawn]
    living = [article for article in story.members if is_living(article)]
    return _line(subscription, best, [*taken, *living, *notices], story=story)


def _line(
    subscription: Subscription,
    speaker: Kept,
    members: Iterable[Kept],
    *,
    story: Known | None = None,
    update: Update | None = None,
) -> Line:
    carriers = sorted((a for a in members if a.id != speaker.id), key=lambda a: (a.first_seen_at, a.id))
    found = matches(speaker, subscription)
    return Line(
        story_id=speaker.story_id,
        article=speaker,
        topic_ids=tuple(match.topic_id for match in found),
        matches=found,
        carriers=tuple(carriers),
        updated=update is not None,
        change=None if update is None else update.change,
        withdrawn=story is not None and update is None,
        fresh=frozenset() if story is None else frozenset(a.id for a in carriers if a.id not in story.told),
    )


_Rank = tuple[bool, bool, bool, bool, datetime, bool, int]


def _rank(article: Kept, subscription: Subscription) -> _Rank:
    """Who speaks for a story: a government's own release in the reader's language, else the origin if it was read
    whole, else the earliest that was.

    One that only mentions the topics speaks where no other does more: its headline may be all that differs.
    """
    foreign = primary(article.language) != primary(subscription.language)
    is_origin = article.relation is Relation.ORIGIN and not article.partial
    return (
        is_mention(article, subscription),
        not article.official or foreign,
        not is_origin,
        article.partial,
        article.first_seen_at,
        foreign,
        article.id,
    )


# --- groups ----------------------------------------------------------------------------------------------------------


def _recalls(subscription: Subscription, lines: Sequence[Line]) -> tuple[Group, ...]:
    """The group that stands before all topics: what is withdrawn, then what is corrected."""
    if not lines:
        return ()
    ordered = sorted(lines, key=lambda line: (line.withdrawn, *_time(line)), reverse=True)
    return (Group(topic_id=RECALLS, title=Phrases(subscription.language).say("recalls"), lines=tuple(ordered)),)


def _groups(subscription: Subscription, lines: Sequence[Line], titles: Mapping[str, str]) -> tuple[Group, ...]:
    """Puts each line under the first topic it is about: releases first, then newest first, what only mentions last."""
    groups = []
    for topic_id in dict.fromkeys(subscription.topics):
        own = sorted((line for line in lines if line.topic_ids[0] == topic_id), key=_weight, reverse=True)
        if own:
            groups.append(Group(topic_id=topic_id, title=titles.get(topic_id, topic_id), lines=tuple(own)))
    return tuple(groups)


def _weight(line: Line) -> tuple[bool, bool, datetime, int]:
    official = any(article.official for article in (line.article, *line.carriers))
    return not line.mention, official, *_time(line)


def _time(line: Line) -> tuple[datetime, int]:
    """When the story came out. A time of publication in the future is a mistake and does not lift it to the top."""
    return min(line.article.dated_at, line.article.first_seen_at), line.story_id


def _title(titles: Mapping[str, str], language: str) -> str | None:
    return titles.get(language) or next(iter(titles.values()), None)
