"""Turns a digest into the strings that stand in a mail: clean, in the reader's language and time zone.

What comes from outside (headlines, sentences, addresses, errors) is made harmless here, once for all formats.
"""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

from monitor.digest.compose import RECALLS
from monitor.digest.plainly import safe_url, shortened
from monitor.digest.story import Manner, Story, kind, pointer, story
from monitor.digest.watching import Watching, watching
from monitor.digest.wording import Phrases
from monitor.text import one_line
from monitor.types import Digest, Links

_PREVIEW = 140  # characters that a list of mails shows beside the subject
_CARRIERS = 12  # that are named of a story; a mail is not a list of all papers of a chain
_MANY = 20  # stories, from which on a mail names fewer carriers of each:
_FEW_CARRIERS = 4  # mail programs cut a page of 102 kB, and its end says whether coverage was complete
_COUNTS = (("withdrawn", "withdrawals"), ("corrected", "corrections"), ("new", "stories"), ("updated", "updates"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The stories of one topic, or those that take back or put right what the reader was told."""

    title: str
    stories: tuple[Story, ...]
    recalls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """How a reader leaves: a page, or a mail."""

    url: str
    said: str  # of a page what the link says, of a mail the whole sentence
    by_mail: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A digest as strings."""

    language: str
    title: str
    when: str
    what: str  # "3 stories and 1 update", with a capital
    since: str | None
    incomplete: str | None
    preview: str
    sections: tuple[Section, ...]
    beyond: int  # stories beyond the cap
    rest: tuple[Story, ...]  # those, where no page has them: headline, publisher and link
    more: str | None  # where a page has them: their number in words
    whole: str | None  # that page
    bulk: tuple[str, ...]  # what came in bulk and is not told one by one, a sentence each
    watching: Watching
    note: str | None  # the operator's own word
    notes: tuple[str, ...]  # further pickups, time zone, why this reader
    leaving: Leaving | None


def view(digest: Digest, links: Links | None = None, *, capped: bool = True) -> View:
    """Returns the digest as strings. One story that cannot be told in full is told by its headline and link.

    `capped`: no more stories are told than the subscription wants; what takes back or puts right what was told always
    is.
    """
    subscription, links = digest.subscription, links or Links()
    phrases, zone = Phrases(subscription.language), ZoneInfo(subscription.timezone)
    titles = {topic_id: one_line(title) for topic_id, title in digest.titles.items()}
    many = capped and min(len(digest.lines), subscription.most or len(digest.lines)) > _MANY
    manner = Manner(
        phrases=phrases,
        zone=zone,
        titles=titles,
        layout=subscription.layout,
        now=digest.composed_at,
        carriers=_FEW_CARRIERS if many else _CARRIERS,
    )
    most = subscription.most if capped else None
    whole = safe_url(links.whole) if links.whole else None
    sections: list[Section] = []
    beyond: list[Story] = []
    told = 0
    for group in digest.groups:
        recalls = group.topic_id == RECALLS
        stories: list[Story] = []
        for line in group.lines:
            if most is not None and told >= most and not recalls:
                beyond.append(pointer(line, phrases))
                continue
            told += 1
            stories.append(story(line, None if recalls else group.topic_id, manner))
        if stories:
            sections.append(Section(title=one_line(group.title), stories=tuple(stories), recalls=recalls))
    seen = watching(digest, phrases, zone)
    what = what_is_inside(digest, phrases)
    more = phrases.say("and more", more=phrases.count("more stories", len(beyond))) if beyond and whole else None
    return View(
        language=phrases.language,
        title=title_of(digest),
        when=f"{phrases.moment(digest.composed_at, zone)} ({subscription.timezone})",
        what=what[:1].upper() + what[1:],
        since=_since(digest, phrases, zone),
        incomplete=None if seen.complete else phrases.say("incomplete"),
        preview=shortened(
            " · ".join(s.headline for section in sections for s in section.stories if s.withdrawal is None), _PREVIEW
        ),
        sections=tuple(sections),
        beyond=len(beyond),
        rest=() if more else tuple(beyond),
        more=more,
        whole=whole if more else None,
        bulk=_bulk(digest, phrases),
        watching=seen,
        note=one_line(subscription.note or "") or None,
        notes=_notes(digest, titles, phrases),
        leaving=_leaving(links, phrases),
    )


def title_of(digest: Digest) -> str:
    """Returns the digest's title in the reader's language."""
    titles = digest.subscription.title
    title = titles.get(digest.subscription.language) or next(iter(titles.values()), digest.subscription.id)
    return one_line(title)


def what_is_inside(digest: Digest, phrases: Phrases) -> str:
    """Returns in words how many stories are withdrawn, corrected, new and updated, and how many came in bulk."""
    kinds = [kind(line) for line in digest.lines]
    parts = [phrases.count(key, kinds.count(name)) for name, key in _COUNTS if name in kinds]
    if held := sum(bulk.stories for bulk in digest.bulk):
        parts.append(phrases.count("in bulk", held))
    return phrases.listed(parts) or phrases.say("nothing new")


def _since(digest: Digest, phrases: Phrases, zone: ZoneInfo) -> str | None:
    if digest.since is None:
        return None
    when = phrases.day_and_time(digest.since, zone, now=digest.composed_at)
    return phrases.say("new since" if digest.has_news else "nothing since", when=when)


def _bulk(digest: Digest, phrases: Phrases) -> tuple[str, ...]:
    return tuple(
        phrases.count("bulk", bulk.stories, source=one_line(digest.names.get(bulk.source_id, "")) or bulk.source_id)
        for bulk in digest.bulk
    )


def _notes(digest: Digest, titles: dict[str, str], phrases: Phrases) -> tuple[str, ...]:
    subscription = digest.subscription
    topics = [titles.get(topic_id, topic_id) for topic_id in dict.fromkeys(subscription.topics)]
    why = phrases.say(
        "why you",
        title=title_of(digest),
        digest=subscription.id,
        when=phrases.schedule(subscription.at),
        reader=one_line(digest.reader),
    )
    return (
        *([phrases.count("more pickups", digest.more_pickups)] if digest.more_pickups else []),
        phrases.say("times", zone=subscription.timezone),
        " ".join([why, *([phrases.say("watches", topics=phrases.listed(topics))] if topics else [])]),
    )


def _leaving(links: Links, phrases: Phrases) -> Leaving | None:
    """How the reader leaves, by the link that unsubscribes; nobody is led anywhere but to a page or a mail."""
    if not links.unsubscribe:
        return None
    if (url := safe_url(links.unsubscribe)) is not None:
        return Leaving(url=url, said=phrases.say("unsubscribe"), by_mail=False)
    parts = urlsplit(links.unsubscribe)
    if parts.scheme != "mailto":
        return None
    subject = parse_qs(parts.query).get("subject", [""])[0]
    said = phrases.say("unsubscribe by mail", address=one_line(unquote(parts.path)), subject=one_line(subject))
    return Leaving(url=links.unsubscribe, said=said, by_mail=True)
