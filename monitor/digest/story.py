"""One story of a digest as strings, in full, in brief, or as one line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.digest.changed import Changed, changed
from monitor.digest.interest import is_living, primary
from monitor.digest.matched import Quote, quote, terms
from monitor.digest.plainly import foreign, headline, headline_of, language_of, publisher_of, safe_url
from monitor.digest.recall import corrects
from monitor.digest.taken import withdrawal
from monitor.digest.wording import Phrases
from monitor.types import Kept, Layout, Line, Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the stories of one digest are told."""

    phrases: Phrases
    zone: ZoneInfo
    titles: Mapping[str, str]  # of the topics
    layout: Layout
    now: datetime  # no time of this year names the year
    carriers: int  # that are named of each story


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """What a story is to the reader, in a word. `kind` is the same in every language."""

    kind: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """Somebody who carries the story. `language` is named where it is not the mail's."""

    publisher: str
    url: str | None
    language: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Carriers:
    """Carriers under one heading; `more` are counted only."""

    label: str
    listed: tuple[Carrier, ...]
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The same government release in its other language."""

    label: str  # "Also in French"
    headline: str
    url: str | None
    lang: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One story, ready to be set. `lang` is the code of the article's language, where it is known."""

    headline: str
    url: str | None
    lang: str | None
    tags: tuple[Tag, ...] = ()
    about: tuple[str, ...] = ()  # publisher, time, language, version
    withdrawal: str | None = None  # who withdrew it, in a sentence
    changed: Changed | None = None
    quote: Quote | None = None
    terms: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()  # the others it is about; of a recall all of them
    recalls: bool = False  # it stands under no topic
    partial: bool = False
    release: Release | None = None
    carriers: tuple[Carriers, ...] = ()
    others: str | None = None  # in place of carriers: their number


def story(line: Line, topic_id: str | None, manner: Manner) -> Story:
    """Returns a story as strings; one that cannot be told in full is told by its headline and link.

    `topic_id` is the topic under which it stands; None: under none.
    """
    try:
        return _brief(line, manner) if manner.layout is Layout.BRIEF else _full(line, topic_id, manner)
    except Exception:  # noqa: BLE001 - whatever is odd about one article, the others are still told
        return pointer(line, manner.phrases)


def pointer(line: Line, phrases: Phrases) -> Story:
    """Returns headline, publisher and link; what even of these cannot be shown is left out."""
    try:
        return Story(
            headline=told_headline(line, phrases),
            url=link(line),
            lang=language_of(line.article),
            tags=_tags(line, phrases),
            about=(publisher_of(line.article),),
        )
    except Exception:  # noqa: BLE001 - as above
        return Story(headline=phrases.say("no headline"), url=None, lang=None)


def kind(line: Line) -> str:
    """Returns what a story is to the reader: "new", "updated", "corrected" or "withdrawn"."""
    if line.withdrawn:
        return "withdrawn"
    if line.updated:
        return "corrected" if corrects(line.article, line.change) else "updated"
    return "new"


def told_headline(line: Line, phrases: Phrases) -> str:
    """Returns the headline under which the reader knows the story: a notice in its place has one of its own."""
    article = line.article
    killed = article.credit.kill.headline if line.withdrawn and article.credit.kill else None
    return headline(killed, phrases) if killed else headline_of(article, phrases)


def link(line: Line) -> str | None:
    """Returns where a story can be read: of a withdrawn one the notice, if it stands anywhere."""
    if line.withdrawn and (notice := withdrawal(line).notice) is not None:
        return safe_url(notice.url) or safe_url(line.article.url)
    return safe_url(line.article.url)


# --- layouts ---------------------------------------------------------------------------------------------------------


def _full(line: Line, topic_id: str | None, manner: Manner) -> Story:
    article, phrases = line.article, manner.phrases
    release = _release(line, phrases)
    return Story(
        headline=told_headline(line, phrases),
        url=link(line),
        lang=language_of(article),
        tags=_tags(line, phrases),
        about=_about(line, manner),
        withdrawal=_withdrawal(line, phrases),
        changed=_changed(line, phrases),
        quote=quote(line),
        terms=_terms(line),
        topics=tuple(manner.titles.get(other, other) for other in line.topic_ids if other != topic_id),
        recalls=topic_id is None,
        partial=article.partial and not line.withdrawn,
        release=None if release is None else _said(release, phrases),
        carriers=_carriers(line, release, manner),
    )


def _brief(line: Line, manner: Manner) -> Story:
    phrases = manner.phrases
    others = sum(is_living(article) for article in line.carriers)
    return Story(
        headline=told_headline(line, phrases),
        url=link(line),
        lang=language_of(line.article),
        tags=_tags(line, phrases),
        about=_about(line, manner),
        withdrawal=_withdrawal(line, phrases),
        changed=_changed(line, phrases, pairs=1),
        others=phrases.count("others", others) if others else None,
    )


def _tags(line: Line, phrases: Phrases) -> tuple[Tag, ...]:
    said = kind(line)
    if said == "corrected" or (said == "new" and line.article.relation is Relation.CORRECTION):
        said = "correction"
    kinds = [] if said == "new" else [said]
    if line.mention and not line.withdrawn:
        kinds.append("mention")
    return tuple(Tag(kind=each, words=phrases.say(each)) for each in kinds)


def _about(line: Line, manner: Manner) -> tuple[str, ...]:
    article, phrases, zone, now = line.article, manner.phrases, manner.zone, manner.now
    if line.withdrawn:
        notice = withdrawal(line).notice
        at = None if notice is None else (notice.updated_at or notice.dated_at)
        return (publisher_of(notice or article), *([phrases.day_and_time(at, zone, now=now)] if at else []))
    at = (article.updated_at if line.updated else None) or article.dated_at
    words = [f"{publisher_of(article)} ({phrases.say('official')})" if article.official else publisher_of(article)]
    words.append(phrases.day_and_time(at, zone, now=now))
    if (language := foreign(article, phrases)) is not None:
        words.append(language)
    if not line.updated and article.version > 1:
        words.append(phrases.say("version", nth=phrases.ordinal(article.version)))
    return tuple(word for word in words if word)


def _withdrawal(line: Line, phrases: Phrases) -> str | None:
    said = withdrawal(line)
    if not said.taken:
        return None
    copies = bool(said.living) and all(article.relation is Relation.KILL for article in said.taken)
    return phrases.count("took back" if copies else "withdrew", len(said.who), who=phrases.listed(said.who))


def _changed(line: Line, phrases: Phrases, *, pairs: int | None = None) -> Changed | None:
    """What an update changed, and what a correction says of itself, also to a reader to whom it is new."""
    corrected = any(tag.kind == "correction" for tag in _tags(line, phrases))
    if line.withdrawn or not (line.updated or corrected):
        return None
    if pairs is not None:
        found = changed(line.article, line.change, phrases, note=False, pairs=pairs)
    else:
        found = changed(line.article, line.change, phrases, note=corrected)
    return found if found != Changed(reasons="") else None


def _terms(line: Line) -> tuple[str, ...]:
    """The words that were found, where the sentence does not mark the only one."""
    found, shown = terms(line), quote(line)
    return () if line.withdrawn or (shown is not None and found == (shown.term,)) else found


def _release(line: Line, phrases: Phrases) -> Kept | None:
    """The official carrier in the other language than an official speaker's."""
    if not line.article.official or line.withdrawn:
        return None
    others = [
        article
        for article in line.carriers
        if article.official and is_living(article) and primary(article.language) != primary(line.article.language)
    ]
    return next((article for article in others if foreign(article, phrases)), next(iter(others), None))


def _said(article: Kept, phrases: Phrases) -> Release:
    code = language_of(article)
    language = phrases.name_of((code or "").split("-")[0].lower()) if code else "?"
    return Release(
        label=phrases.say("also in", language=language),
        headline=headline_of(article, phrases),
        url=safe_url(article.url),
        lang=code,
    )


def _carriers(line: Line, release: Kept | None, manner: Manner) -> tuple[Carriers, ...]:
    living = [a for a in line.carriers if is_living(a) and (release is None or a.id != release.id)]
    if line.withdrawn:
        taken = [article for article in (line.article, *line.carriers) if article.withdrawn]
        lists = [("still carried", living), ("you had it", taken)]
    else:
        fresh = line.fresh if line.updated else frozenset()
        lists = [
            ("fresh carriers", [article for article in living if article.id in fresh]),
            ("carriers", [article for article in living if article.id not in fresh]),
        ]
    return tuple(_listed(manner.phrases.say(key), articles, manner) for key, articles in lists if articles)


def _listed(label: str, articles: Sequence[Kept], manner: Manner) -> Carriers:
    said = tuple(
        Carrier(
            publisher=publisher_of(article),
            url=None if article.withdrawn else safe_url(article.url),
            language=foreign(article, manner.phrases),
        )
        for article in articles[: manner.carriers]
    )
    return Carriers(label=label, listed=said, more=len(articles) - len(said))
