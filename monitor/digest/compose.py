"""Chooses what one reader is told: a slice of the archive in, a digest out."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from monitor.types import (
    Digest,
    Entry,
    EntryKind,
    Group,
    Kept,
    Line,
    Match,
    Relation,
    Slice,
    Slot,
    Subscription,
    Topic,
)


def compose(
    subscription: Subscription, reader: str, slot: Slot, slice_: Slice, topics: Sequence[Topic], now: datetime
) -> Digest:
    """Returns what `reader` is told of `slice_` at `slot`; a digest without news means that nothing is new.

    A story is one line, however many terms, topics and carriers it has. It is told as new once: when the first of
    its members that is about a topic of the subscription arrives, whatever kind of entry that is. Afterwards it is
    told again only when an article that the reader was told has a later version; further pickups of it are counted.
    A story that becomes part of one that the reader was told is a pickup of that. Withdrawn articles are not told, nor
    the notice that withdrew them, and what is about no topic of the subscription does not appear; nor does, where the
    subscription wants no mentions, what only mentions them.

    Pure: the same arguments give the same digest.
    """
    told_stories = {told.story_id for told in slice_.told}
    told_versions: dict[int, int] = {}
    for told in slice_.told:
        told_versions[told.article_id] = max(told.version, told_versions.get(told.article_id, 0))

    fresh: dict[int, list[Entry]] = {}  # story → its entries that may be told
    for entry in slice_.entries:
        article = slice_.articles.get(entry.article_id)
        if article is not None and _is_told(article) and _matches(article, subscription):
            fresh.setdefault(article.story_id, []).append(entry)

    lines: list[Line] = []
    more_pickups = 0
    for story_id, entries in fresh.items():
        members = [a for a in slice_.articles.values() if a.story_id == story_id and _is_told(a)]
        if story_id not in told_stories:
            lines.append(_line(subscription, story_id, members, members, updated=False))
            continue
        changed = {
            e.article_id
            for e in entries
            if e.kind is EntryKind.VERSION and e.version > told_versions.get(e.article_id, e.version)
        }
        if changed:
            speakers = [a for a in members if a.id in changed]
            lines.append(_line(subscription, story_id, members, speakers, updated=True))
        else:
            more_pickups += len({e.article_id for e in entries if _is_pickup(e, told_versions)})

    titles = {topic.id: _title(topic.title, subscription.language) or topic.id for topic in topics}
    return Digest(
        subscription=subscription,
        reader=reader,
        slot=slot,
        after=slice_.after,
        upto=slice_.upto,
        composed_at=now,
        groups=_groups(subscription, lines, titles),
        more_pickups=more_pickups,
        coverage=tuple(source for source in slice_.coverage if source.doubtful),
        watched=len(slice_.coverage),
        bulk=slice_.bulk,
        names={source.source_id: source.name for source in slice_.coverage},
        titles=titles,
    )


def _is_told(article: Kept) -> bool:
    return not article.withdrawn and article.relation is not Relation.KILL


def _is_pickup(entry: Entry, told: Mapping[int, int]) -> bool:
    """Whether an entry of a story that the reader was told brings one more carrier of it."""
    return entry.kind is EntryKind.PICKUP or (entry.kind is EntryKind.NEW and entry.article_id not in told)


def _matches(article: Kept, subscription: Subscription) -> tuple[Match, ...]:
    """The article's matches for the subscription's topics, in the subscription's order; mentions last, if wanted."""
    by_topic = {match.topic_id: match for match in article.matches if subscription.mentions or not match.mention}
    matches = (by_topic[topic] for topic in dict.fromkeys(subscription.topics) if topic in by_topic)
    return tuple(sorted(matches, key=lambda match: match.mention))


def _line(
    subscription: Subscription, story_id: int, members: Sequence[Kept], speakers: Sequence[Kept], *, updated: bool
) -> Line:
    """Lets one of `speakers` speak for the story: the origin if it was read whole, else the earliest such.

    One that only mentions the topics speaks where no other does more: its headline may be all that differs.
    """

    def rank(article: Kept) -> tuple[bool, bool, bool, datetime, bool, int]:
        mention = all(match.mention for match in _matches(article, subscription))
        is_origin = article.relation is Relation.ORIGIN and not article.partial
        foreign = article.language != subscription.language
        return (mention, not is_origin, article.partial, article.first_seen_at, foreign, article.id)

    speaker = min((a for a in speakers if _matches(a, subscription)), key=rank)
    matches = _matches(speaker, subscription)
    carriers = sorted((a for a in members if a.id != speaker.id), key=lambda a: (a.first_seen_at, a.id))
    return Line(
        story_id=story_id,
        article=speaker,
        topic_ids=tuple(match.topic_id for match in matches),
        matches=matches,
        carriers=tuple(carriers),
        updated=updated,
    )


def _groups(subscription: Subscription, lines: Sequence[Line], titles: Mapping[str, str]) -> tuple[Group, ...]:
    """Puts each line under the first topic it is about, newest first, what only mentions one last."""
    groups = []
    for topic_id in dict.fromkeys(subscription.topics):
        own = sorted((line for line in lines if line.topic_ids[0] == topic_id), key=_weight, reverse=True)
        if own:
            groups.append(Group(topic_id=topic_id, title=titles.get(topic_id, topic_id), lines=tuple(own)))
    return tuple(groups)


def _weight(line: Line) -> tuple[bool, datetime, int]:
    """Whether the story is about the topic, and when it came out.

    A time of publication in the future is a mistake and does not lift it to the top.
    """
    seen = line.article.first_seen_at
    return not line.mention, min(line.article.dated_at, seen), line.story_id


def _title(titles: Mapping[str, str], language: str) -> str | None:
    return titles.get(language) or next(iter(titles.values()), None)
