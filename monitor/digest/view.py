"""Turns a digest into the strings that stand in a mail: clean, in the reader's language and time zone.

What comes from outside (headlines, sentences, addresses, errors) is made harmless here, once for both bodies.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from monitor.digest.phrases import Phrases
from monitor.text import one_line
from monitor.types import Digest, Hit, Kept, Line, Place, Relation

_HEADLINE = 300  # characters; agencies cut at 128
_QUOTE = 500  # characters on either side of a term
_CARRIERS = 12  # that are named; a mail is not a list of all papers of a chain
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\"<>\\^`{|}\u00a0\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The sentence that matched, parted around the term."""

    before: str
    term: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """Somebody else who carried the story. `language` is named where it is not the mail's."""

    publisher: str
    url: str | None
    language: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One line of the digest, ready to be set. `lang` is the code of the article's language, where it is known."""

    headline: str
    url: str | None
    lang: str | None
    about: tuple[str, ...] = ()  # publisher, time, language
    tags: tuple[str, ...] = ()
    quote: Quote | None = None
    terms: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()  # the others it is about
    partial: bool = False
    carriers: tuple[Carrier, ...] = ()
    more_carriers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The stories of one topic."""

    title: str
    stories: tuple[Story, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A digest as strings."""

    language: str
    title: str
    when: str
    what: str  # "3 stories and 1 update", with a capital
    sections: tuple[Section, ...]
    bulk: tuple[str, ...]  # what came in bulk and is not told one by one, a sentence each
    coverage: str
    failing: tuple[str, ...]
    notes: tuple[str, ...]  # further pickups, time zone, why this reader


def view(digest: Digest) -> View:
    """Returns the digest as strings. One story that cannot be told in full is told by its headline and link."""
    subscription = digest.subscription
    phrases = Phrases(subscription.language)
    zone = ZoneInfo(subscription.timezone)
    titles = {topic_id: one_line(title) for topic_id, title in digest.titles.items()}
    sections = tuple(
        Section(
            title=one_line(group.title),
            stories=tuple(_story(line, group.topic_id, titles, phrases, zone) for line in group.lines),
        )
        for group in digest.groups
    )
    what = what_is_inside(digest, phrases)
    return View(
        language=phrases.language,
        title=title_of(digest),
        when=f"{phrases.moment(digest.slot.at, zone)} ({subscription.timezone})",
        what=what[:1].upper() + what[1:],
        sections=sections,
        bulk=_bulk(digest, phrases),
        coverage=_coverage(digest, phrases),
        failing=_failing(digest, phrases, zone),
        notes=_notes(digest, phrases),
    )


def title_of(digest: Digest) -> str:
    """Returns the digest's title in the reader's language."""
    titles = digest.subscription.title
    title = titles.get(digest.subscription.language) or next(iter(titles.values()), digest.subscription.id)
    return one_line(title)


def what_is_inside(digest: Digest, phrases: Phrases) -> str:
    """Returns the number of stories and updates in words, and how many came in bulk."""
    updates = sum(line.updated for line in digest.lines)
    stories = len(digest.lines) - updates
    parts = [phrases.count("stories", stories)] if stories else []
    parts += [phrases.count("updates", updates)] if updates else []
    if held := sum(bulk.stories for bulk in digest.bulk):
        parts.append(phrases.count("in bulk", held))
    return phrases.listed(parts) or phrases.say("nothing new")


def headline_of(article: Kept, phrases: Phrases) -> str:
    """Returns the headline on one line, cut where no headline can be that long."""
    headline = one_line(article.title) or phrases.say("no headline")
    return shortened(headline, _HEADLINE)


def shortened(text: str, longest: int) -> str:
    """Returns at most so many characters, cut between words where there is one to cut at."""
    if len(text) <= longest:
        return text
    cut = text.rfind(" ", longest // 2, longest)
    return text[: cut if cut > 0 else longest - 1].rstrip(" ,.;:–-") + "…"


def safe_url(url: str) -> str | None:
    """Returns an address that can stand in a mail: http or https, nothing invisible in it; None for any other."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return _UNSAFE.sub(lambda m: quote(m.group(), safe="", errors="replace"), url.strip())


def _story(line: Line, topic_id: str, titles: dict[str, str], phrases: Phrases, zone: ZoneInfo) -> Story:
    article = line.article
    headline, url, lang = headline_of(article, phrases), safe_url(article.url), _lang(article.language)
    try:
        return Story(
            headline=headline,
            url=url,
            lang=lang,
            about=_about(line, phrases, zone),
            tags=_tags(line, phrases),
            quote=_quote(line, headline),
            terms=tuple(dict.fromkeys(one_line(term) for match in line.matches for term in match.terms)),
            topics=tuple(titles.get(other, other) for other in line.topic_ids if other != topic_id),
            partial=article.partial,
            carriers=tuple(_carrier(carrier, phrases) for carrier in line.carriers[:_CARRIERS]),
            more_carriers=max(0, len(line.carriers) - _CARRIERS),
        )
    except Exception:  # noqa: BLE001 - whatever is odd about one article, the others are still told
        return Story(headline=headline, url=url, lang=lang)


def _about(line: Line, phrases: Phrases, zone: ZoneInfo) -> tuple[str, ...]:
    article = line.article
    at = (article.updated_at if line.updated else None) or article.dated_at
    words = [one_line(article.publisher), phrases.moment(at, zone)]
    if foreign := _foreign(article, phrases):
        words.append(foreign)
    return tuple(word for word in words if word)


def _foreign(article: Kept, phrases: Phrases) -> str | None:
    lang = _lang(article.language)
    return phrases.name_of(lang) if lang and lang.split("-")[0].lower() != phrases.language else None


def _tags(line: Line, phrases: Phrases) -> tuple[str, ...]:
    tags = [phrases.say("updated")] if line.updated else []
    if line.article.relation is Relation.CORRECTION:
        tags.append(phrases.say("correction"))
    if line.mention:
        tags.append(phrases.say("mention"))
    return tuple(tags)


def _quote(line: Line, headline: str) -> Quote | None:
    """The sentence that says most: from the text rather than the summary; none where the headline says it already."""
    hits = [hit for match in line.matches for hit in match.hits]
    for place in (Place.TEXT, Place.SUMMARY, Place.TITLE):
        for hit in hits:
            if hit.place is place and one_line(hit.sentence) not in ("", headline):
                return _parted(hit)
    return None


def _parted(hit: Hit) -> Quote:
    start, end = hit.start, hit.start + len(hit.surface)
    if not hit.surface or hit.sentence[start:end] != hit.surface:
        return Quote(before=shortened(one_line(hit.sentence), 2 * _QUOTE), term="", after="")
    before, after = _spaced(hit.sentence[:start]), _spaced(hit.sentence[end:])
    if len(before) > _QUOTE:
        before = "…" + before[-_QUOTE:].partition(" ")[2]
    return Quote(before=before, term=one_line(hit.surface), after=shortened(after, _QUOTE))


def _spaced(text: str) -> str:
    """`one_line` for a piece of a sentence: a space at either end belongs to it."""
    line = one_line(text)
    left = " " if text[:1].isspace() else ""
    right = " " if text[-1:].isspace() and line else ""
    return left + line + right


def _carrier(article: Kept, phrases: Phrases) -> Carrier:
    return Carrier(
        publisher=one_line(article.publisher) or one_line(article.source_id),
        url=safe_url(article.url),
        language=_foreign(article, phrases),
    )


def _lang(language: str | None) -> str | None:
    return language if language and _LANGUAGE.fullmatch(language) else None


def _coverage(digest: Digest, phrases: Phrases) -> str:
    failing = sum(source.failing for source in digest.coverage)
    if not digest.watched:
        return phrases.say("no sources")
    if failing and digest.watched == 1:
        return phrases.say("only one failed")
    said = phrases.count("some failed", failing, all=digest.watched) if failing else ""
    said = said or phrases.count("all answered", digest.watched)
    if doubtful := len(digest.coverage) - failing:
        said += " " + phrases.count("some doubtful", doubtful)
    return said


def _bulk(digest: Digest, phrases: Phrases) -> tuple[str, ...]:
    return tuple(
        phrases.count("bulk", bulk.stories, source=one_line(digest.names.get(bulk.source_id, "")) or bulk.source_id)
        for bulk in digest.bulk
    )


def _failing(digest: Digest, phrases: Phrases, zone: ZoneInfo) -> tuple[str, ...]:
    def since(at: datetime | None) -> str:
        return phrases.say("never") if at is None else phrases.say("since", when=phrases.short_moment(at, zone))

    colon = phrases.say("colon")
    lines = []
    for source in digest.coverage:
        name = one_line(source.name) or source.source_id
        if source.failing:
            words: Sequence[str] = (name, since(source.last_good_at), shortened(one_line(source.error or ""), 200))
            lines.append(colon.join(word for word in words if word))
        if source.partial:
            error = shortened(one_line(source.error or ""), 200)
            lines.append(colon.join(word for word in (name, phrases.say("part"), error) if word))
        if source.overran_at is not None:
            lines.append(colon.join((name, phrases.say("overran", when=phrases.short_moment(source.overran_at, zone)))))
        if source.quiet_since is not None:
            lines.append(colon.join((name, phrases.say("quiet", when=phrases.short_moment(source.quiet_since, zone)))))
    return tuple(lines)


def _notes(digest: Digest, phrases: Phrases) -> tuple[str, ...]:
    notes = [phrases.count("more pickups", digest.more_pickups)] if digest.more_pickups else []
    notes.append(phrases.say("times", zone=digest.subscription.timezone))
    notes.append(phrases.say("why you", reader=one_line(digest.reader), digest=digest.subscription.id))
    return tuple(notes)
