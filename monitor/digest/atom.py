"""A digest as Atom entries (RFC 4287), to be put at the top of a feed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from monitor.digest.plain import changes_of
from monitor.digest.plainly import publisher_of
from monitor.digest.story import Story, pointer
from monitor.digest.view import View
from monitor.digest.wording import Phrases
from monitor.text import one_line
from monitor.types import Digest, Kept, Line

if TYPE_CHECKING:
    from lxml.etree import _Element

_ATOM = "http://www.w3.org/2005/Atom"
_TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"  # RFC 6721
_XML = "http://www.w3.org/XML/1998/namespace"


def atom(digest: Digest, view: View, *, message_id: str, thread_id: str, domain: str) -> bytes:
    """Returns a feed document of one digest: an entry for each story, whatever the cap, in reading order.

    `view` has every story of the digest. The feed's id is the same for every digest of a subscription. An entry's id
    names article and version, so that it is the same in every feed and at every try, and that programs which show an
    entry once show what was corrected. Of a story that was told before, the entries it may have had are named as
    deleted (RFC 6721): what was withdrawn or corrected must not stay in the feed.
    """
    from lxml import etree

    feed = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM, "at": _TOMBSTONES})
    feed.set(f"{{{_XML}}}lang", view.language)
    _put(feed, "id", _mid(thread_id))
    _put(feed, "title", view.title)
    _put(feed, "updated", _when(digest.composed_at))
    stories = [story for section in view.sections for story in section.stories]
    for line, story in zip(digest.lines, stories, strict=True):
        for ref in _superseded(line, domain):
            feed.append(etree.Element(f"{{{_TOMBSTONES}}}deleted-entry", ref=ref, when=_when(digest.composed_at)))
        feed.append(_safely(digest, line, story, domain, Phrases(view.language)))
    for number, (bulk, sentence) in enumerate(zip(digest.bulk, view.bulk, strict=True)):
        entry = etree.SubElement(feed, f"{{{_ATOM}}}entry")
        _put(entry, "id", f"{_mid(message_id)}/{number}")
        _put(entry, "title", Phrases(view.language).say("bulk title"))
        _put(entry, "updated", _when(digest.composed_at))
        name = one_line(digest.names.get(bulk.source_id, "")) or bulk.source_id
        _put(etree.SubElement(entry, f"{{{_ATOM}}}author"), "name", name)
        _put(entry, "content", sentence, type="text")
    return bytes(etree.tostring(feed, encoding="UTF-8", xml_declaration=True, pretty_print=True))


def _safely(digest: Digest, line: Line, story: Story, domain: str, phrases: Phrases) -> "_Element":
    """A story in full; one that cannot be told so by its headline and link."""
    try:
        return _entry(digest, line, story, domain, phrases)
    except Exception:  # noqa: BLE001 - whatever is odd about one article, the others are still told
        return _entry(digest, line, pointer(line, phrases), domain, phrases, bare=True)


def _entry(
    digest: Digest, line: Line, story: Story, domain: str, phrases: Phrases, *, bare: bool = False
) -> "_Element":
    from lxml import etree

    article = line.article
    entry = etree.Element(f"{{{_ATOM}}}entry")
    ending = "/withdrawn" if line.withdrawn else ""
    _put(entry, "id", _id(article, article.version, domain) + ending)
    tags = "".join(f"[{tag.words}] " for tag in story.tags)
    _put(entry, "title", tags + story.headline, lang=story.lang)
    _put(entry, "updated", _when(digest.composed_at if bare else _changed_at(digest, line)))
    if article.published_at is not None and not bare:
        _put(entry, "published", _when(article.published_at))
    _put(etree.SubElement(entry, f"{{{_ATOM}}}author"), "name", publisher_of(article) or article.source_id)
    if story.url:
        etree.SubElement(entry, f"{{{_ATOM}}}link", rel="alternate", href=story.url)
    for topic_id in line.topic_ids:
        label = digest.titles.get(topic_id, topic_id)
        etree.SubElement(entry, f"{{{_ATOM}}}category", term=topic_id, label=one_line(label))
    said = "\n".join(_said(story, phrases))
    if said or not story.url:  # RFC 4287, section 4.1.2: what has no link must have content
        _put(entry, "summary" if story.url else "content", said, type="text")
    return entry


def _said(story: Story, phrases: Phrases) -> Iterator[str]:
    if story.withdrawal:
        yield story.withdrawal
    if story.changed:
        yield from changes_of(story.changed, phrases)
    if story.quote:
        yield story.quote.sentence if story.quote.quotes else phrases.say("quoted", text=story.quote.sentence)
    if story.terms:
        yield phrases.label("why", ", ".join(story.terms))
    for carriers in story.carriers:
        names = [carrier.publisher for carrier in carriers.listed]
        names += [phrases.say("more carriers", n=carriers.more)] if carriers.more else []
        yield carriers.label + phrases.say("colon") + ", ".join(names)


def _changed_at(digest: Digest, line: Line) -> datetime:
    """When the entry last said something new; a time in the future is a mistake and would hold it at the top."""
    if line.withdrawn:
        return digest.composed_at
    at = line.article.updated_at or (digest.composed_at if line.updated else line.article.dated_at)
    return min(at, digest.composed_at)


def _superseded(line: Line, domain: str) -> Iterator[str]:
    """The ids that entries for a story may have had: any of its articles may have spoken for it."""
    if line.updated or line.withdrawn:
        own = None if line.withdrawn else (line.article.id, line.article.version)
        for article in (line.article, *line.carriers):
            for version in range(1, article.version + 1):
                if (article.id, version) != own:
                    yield _id(article, version, domain)


def _id(article: Kept, version: int, domain: str) -> str:
    """An id that is nobody else's (RFC 4151), with the day on which the article came in."""
    return f"tag:{domain},{article.first_seen_at:%Y-%m-%d}:article/{article.id}/{version}"


def _mid(message_id: str) -> str:
    """The address of a message (RFC 2392)."""
    return "mid:" + message_id.strip("<>")


def _put(parent: Any, name: str, text: str, *, type: str | None = None, lang: str | None = None) -> None:  # noqa: A002
    from lxml import etree

    element = etree.SubElement(parent, f"{{{_ATOM}}}{name}")
    element.text = text
    if type is not None:
        element.set("type", type)
    if lang is not None:
        element.set(f"{{{_XML}}}lang", lang)


def _when(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
