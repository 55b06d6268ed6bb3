"""Decides what of a story that a reader knows is new to them: what changed, what corrects it, what was withdrawn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.digest.interest import is_living, is_wanted, primary
from monitor.types import (
    Change,
    ChangeKind,
    ChangeReason,
    Changes,
    Comparison,
    Entry,
    EntryKind,
    Kept,
    Relation,
    Slice,
    Subscription,
    Told,
)

_MOST_TOLD = 8  # texts that another article's is held against: a story has some ten takes at most
_SAME_TAKE = 3  # texts of the same take that a new version is held against beside its own earlier one
_CORRECTING = frozenset(
    {
        ChangeReason.NOTE,
        ChangeReason.FIGURE,
        ChangeReason.NAME,
        ChangeReason.DATE,
        ChangeReason.QUOTE,
        ChangeReason.NEGATION,
    }
)
_TELLING = _CORRECTING | {ChangeReason.ADDED}  # more than a cut, another headline and other words for the same
_OF_THE_PAGE = frozenset({ChangeReason.ADDED, ChangeReason.REMOVED, ChangeReason.REWORDED, ChangeReason.MOVED})


@dataclass(frozen=True, slots=True)
class Known:
    """A story that a reader was told, as the archive has it now, with the entries that came since."""

    members: Sequence[Kept]
    told: Mapping[int, Told]  # by article
    entries: Mapping[int, Sequence[Entry]]  # by article

    def told_in(self, language: str | None) -> list[Kept]:
        """Returns the living articles of a language that the reader was told, the latest take first."""
        there = (
            a for a in self.members if a.id in self.told and is_living(a) and primary(a.language) == primary(language)
        )
        return sorted(there, key=lambda a: (-a.take, a.first_seen_at, a.id))

    def has_take(self, article: Kept) -> bool:
        """Says whether the reader was told this take of the story, or a later one, in the article's language."""
        return any(
            other.take >= article.take and self.told[other.id].version >= other.version
            for other in self.told_in(article.language)
            if other.id != article.id
        )


@dataclass(frozen=True, slots=True)
class Update:
    """An article that says something new of a story the reader knows."""

    article: Kept
    change: Change | None = field(default=None)  # against what the reader was told; None: not known

    @property
    def corrects(self) -> bool:
        """Whether it puts right what the reader was told, rather than going on from there."""
        return corrects(self.article, self.change)


def corrects(article: Kept, change: Change | None) -> bool:
    """Says whether what an article changed puts right what a reader was told; `change` is None where it is not known.

    Another headline alone puts nothing right: publishers try several.
    """
    by_the_agency = article.relation is Relation.CORRECTION
    if change is None:
        return by_the_agency
    reasons = set(change.reasons)
    if by_the_agency or ChangeReason.NOTE in reasons:
        return not reasons.isdisjoint(_CORRECTING)
    return change.corrects and reasons != {ChangeReason.HEADLINE}


def known(slice_: Slice) -> dict[int, Known]:
    """Returns the stories of a slice that the reader knows, by number.

    One of which the reader knows nothing but that it was withdrawn is none of them: what lives on is news again.
    """
    told: dict[int, dict[int, Told]] = {}
    for each in slice_.told:
        of_story = told.setdefault(each.story_id, {})
        if each.article_id not in of_story or each.version > of_story[each.article_id].version:
            of_story[each.article_id] = each
    members: dict[int, list[Kept]] = {}
    for article in slice_.articles.values():
        members.setdefault(article.story_id, []).append(article)
    entries: dict[int, list[Entry]] = {}
    for entry in slice_.entries:
        entries.setdefault(entry.article_id, []).append(entry)
    return {
        story_id: Known(members[story_id], of_story, entries)
        for story_id, of_story in told.items()
        if story_id in members and not all(each.withdrawn for each in of_story.values())
    }


def compared(subscription: Subscription, slice_: Slice) -> tuple[Comparison, ...]:
    """Returns which texts have to be compared before it is known what of the reader's stories is new to them.

    A later version of an article that the reader was told is held against what they were told of it, and against
    other articles of the same take; a correction or a later take elsewhere against the texts of its language that the
    reader was told, at most eight. Pure.
    """
    return tuple(
        comparison
        for story in known(slice_).values()
        for article in story.members
        if (comparison := _comparison(subscription, story, article)) is not None
    )


def updates(subscription: Subscription, story: Known, changes: Changes) -> Iterator[Update]:
    """Yields the articles that tell the reader something new of a story.

    A change that nobody could look up (`changes` lacks it, or a text is not kept) is told of an article that the reader
    was told, and of a correction; a later take elsewhere has to be known to say more.
    """
    for article in story.members:
        comparison = _comparison(subscription, story, article)
        against = () if comparison is None else changes.get(comparison) or (None,) * len(comparison.told)
        if article.id in story.told:
            if comparison is not None and _says_more(story.told[article.id], article, against):
                yield Update(article, against[0])
        elif _may_say_more(subscription, story, article):
            differing = [change for change in against if change is not None]
            if any(not _tells(change) for change in differing):
                continue
            if differing:
                yield Update(article, min(differing, key=_distance))
            elif article.relation is Relation.CORRECTION and not story.has_take(article):
                yield Update(article)


def withdrawn(story: Known) -> list[Kept]:
    """Returns the articles of a story that the reader was told, that are withdrawn, and that they do not know to be."""
    killed = any(entry.kind is EntryKind.KILL for a in story.members for entry in story.entries.get(a.id, ()))
    return [
        article
        for article in story.members
        if article.withdrawn
        and article.id in story.told
        and not story.told[article.id].withdrawn
        and (killed or article.id in story.entries)  # else another subscription told it, and tells this too
    ]


def _comparison(subscription: Subscription, story: Known, article: Kept) -> Comparison | None:
    """Returns how to find out whether an article says something new; None: it cannot, or nothing could tell."""
    entries = story.entries.get(article.id, ())
    if not is_living(article) or not entries:
        return None
    told = story.told.get(article.id)
    others = [other for other in story.told_in(article.language) if other.id != article.id]
    if told is not None:
        if not any(entry.kind is EntryKind.VERSION and entry.version > told.version for entry in entries):
            return None
        same = [o for o in others if o.take == article.take and story.told[o.id].version == o.version]
        against = [(article.id, told.version), *((o.id, o.version) for o in same[:_SAME_TAKE])]
    elif _may_say_more(subscription, story, article):
        others = others or [other for other in story.told_in(None) if other.id != article.id]
        if not others and not primary(article.language):
            others = [other for other in story.members if other.id in story.told and is_living(other)]
        against = [(other.id, story.told[other.id].version) for other in others[:_MOST_TOLD]]
    else:
        return None
    if not against:
        return None
    return Comparison(article_id=article.id, version=article.version, told=tuple(against))


def _may_say_more(subscription: Subscription, story: Known, article: Kept) -> bool:
    """Whether an article that the reader was not told corrects the story, or is a later take in a language they read.

    Takes are counted within a language: of one in which the reader was told nothing, they say nothing.
    """
    if not is_living(article) or article.id not in story.entries:
        return False
    if article.relation is Relation.CORRECTION:
        return True
    others = story.told_in(article.language)
    return is_wanted(article, subscription) and bool(others) and all(article.take > other.take for other in others)


def _says_more(told: Told, article: Kept, against: Sequence[Change | None]) -> bool:
    """Whether a later version says what the reader was not told, neither by this article nor by a copy of the take.

    Every carrier of a corrected story puts its copy right, sooner or later; the reader is told once.
    """
    own, *others = against
    if any(other is not None and not _tells(other) for other in others):
        return False
    if own is None:
        return True
    if own.kind is not ChangeKind.SUBSTANTIVE:
        return False
    if told.partial and not article.partial:
        return bool(set(own.reasons) - _OF_THE_PAGE - _by_the_feeds_title(article, own))
    return True


def _by_the_feeds_title(article: Kept, change: Change) -> set[ChangeReason]:
    """The reasons that come of a feed's title only, which is not the page's: the headline was always that."""
    titles = [(pair.before, pair.after) for pair in change.replaced]
    listed = " ".join((article.listed_title or "").split())
    return {ChangeReason.HEADLINE} if (listed, " ".join(article.title.split())) in titles else set()


def _tells(change: Change) -> bool:
    return change.kind is ChangeKind.SUBSTANTIVE and not _TELLING.isdisjoint(change.reasons)


def _distance(change: Change) -> tuple[bool, int, int]:
    """The nearer a text is to what the reader was told, the better it shows what is new."""
    return not change.corrects, len(change.reasons), len(change.replaced)
