"""Reads feeds: RSS 0.9x, 1.0 and 2.0, Atom, JSON Feed 1.0 and 1.1."""

import html
import io
import logging
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, ClassVar
from xml.sax import SAXParseException

from scrapy.http import Response

from monitor.errors import FormatError
from monitor.text import one_line
from monitor.types import Found, Source, SourceState, Wishes
from spiders import document, jsonfeed, plainfeed, trouble
from spiders.base import MOST_ITEMS, Follow, SourceSpider
from spiders.dates import when
from spiders.options import FeedOptions
from spiders.wishes import wishes

log = logging.getLogger(__name__)

_ITEM = {"rss": "item", "rdf": "item", "feed": "entry"}
_NO_ARTICLE = frozenset({"self", "enclosure", "replies", "edit", "hub", "license", "next", "previous", "first", "last"})
_HTML_ROOTS = frozenset({"html", "head", "body", "div", "p", "script", "meta", "title", "center", "h1"})
_TAG = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1\s*>|</?[A-Za-z][^<>]*>", re.DOTALL | re.IGNORECASE)
_INLINE_TAG = re.compile(
    r"</?(?:a|abbr|b|bdi|big|br|cite|code|em|font|i|img|mark|p|q|s|small|span|strong|sub|sup|u)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"&#?\w+;")
_LONGEST_TITLE = 10_000  # characters, markup and all; base.py keeps fewer, and says that it cut
_LONGEST_NAME = 500  # characters
_EMAIL = re.compile(r"\S+@\S+\.\S+\Z")


class FeedSpider(SourceSpider):
    """Any feed; which format it is, the text says, not its media type."""

    name = "feed"
    accept: ClassVar[str] = (
        "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, "
        "application/json;q=0.8, */*;q=0.5"
    )

    def find(self, response: Response, source: Source, state: SourceState) -> Iterator[Found | Follow | Wishes]:
        options = source.options if isinstance(source.options, FeedOptions) else FeedOptions()
        text = document.text_of(response)
        if not text.strip():
            raise FormatError("the answer is empty", status=response.status)
        if text.lstrip().startswith("{"):
            read = jsonfeed.read(text)
            yield from _older(document.absolute(response.url, read.next_url), response, options, state)
            yield from read.items(options.base or read.base(response.url), self.clock())
            return
        text = document.well_behaved(text)
        root = (document.root_of(text) or "").rpartition(":")[2].lower()
        if root not in _ITEM:
            raise FormatError(_no_feed(response, text, root), status=response.status)
        if root == "rss" and not _read_before(response):
            yield wishes(text)
        whole, note = _whole_items(text, root)
        feed = plainfeed.parsed(whole) or _parsed(_bearable(whole, root))
        base = options.base or document.absolute(response.url, _text(feed["feed"], "link")) or response.url
        yield from _older(_older_page(feed["feed"], base), response, options, state)
        yield from self._items(feed, whole, root, base, note)

    def _items(self, feed: Any, whole: str, root: str, base: str, note: str | None) -> Iterator[Found]:
        entries: list[Any] = feed["entries"]
        lost = 0
        for entry in entries:
            try:
                yield self._found(entry, feed, base)
            except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
                log.warning("an item of a feed at %s could not be read: %s", base, error)
                log.debug("where it could not be read", exc_info=True)
                lost += 1
        if feed.get("bozo") and isinstance(feed.get("bozo_exception"), SAXParseException):
            listed = len(re.findall(rf"<(?:[\w.-]+:)?{_ITEM[root]}[\s>]", _without_cdata(whole)))
            lost += max(0, listed - len(entries))
            if not entries and not note:
                raise FormatError(f"broken XML: {feed['bozo_exception'].getMessage()}")
        if lost:
            note = f"{f'{note}; ' if note else ''}{lost} of its items could not be read"
        if note:
            raise FormatError(note)

    def _found(self, entry: Any, feed: Any, base: str) -> Found:
        now = self.clock()
        summary, content = _summary(entry), _content(entry)
        published, updated = _moment(entry, "published", now), _moment(entry, "updated", now)
        if published is None and not str(feed["version"]).startswith("atom"):
            published, updated = updated, None  # dc:date: RSS has one date
        source = dict.get(entry, "source") or {}
        title = dict.get(entry, "title_detail") or {}
        return Found(
            url=_link(entry, base),
            guid=_text(entry, "id"),
            title=_title(title, str(feed["version"])) if title else None,
            summary=None if summary == content else summary,
            content=content,
            authors=_authors(entry),
            publisher=one_line(_text(source, "title") or _text(entry, "publisher") or "") or None,
            language=document.language(
                _text(entry, "language") or title.get("language") or _text(feed["feed"], "language")
            ),
            published_at=published,
            updated_at=updated,
        )


def _read_before(response: Response) -> tuple[str, ...]:
    """Returns the addresses of the newer pages of the feed that this visit has read."""
    about = response.request.meta.get("about") if response.request is not None else None
    return about if isinstance(about, tuple) else ()


def _older(url: str | None, response: Response, options: FeedOptions, state: SourceState) -> Iterator[Follow]:
    """Asks for the next older page of a feed, at the source's first visit and as far back as the operator wants."""
    read = (*_read_before(response), response.url)
    if url is not None and url not in read and len(read) <= options.history and state.last_good_at is None:
        yield Follow(url, read)


def _older_page(feed: Any, base: str) -> str | None:
    """Returns where the items before these are: the archive before this one, else the next page (RFC 5005, 3 and 4).

    A feed that says it is complete has none (2).
    """
    if any(key.endswith("_complete") for key in feed):  # fh:complete, under the prefix that the feed gives it
        return None
    links = {each.get("rel"): each.get("href") for each in reversed(dict.get(feed, "links") or ())}
    return document.absolute(base, links.get("prev-archive") or links.get("next"))


def _no_feed(response: Response, text: str, root: str) -> str:
    if trouble.blocked(response):
        return "blocked by a firewall: its page came instead of a feed"
    if root in _HTML_ROOTS or re.match(r"\s*(<\?[^>]*>)?\s*<!doctype html", text, re.IGNORECASE):
        return "this is an HTML page, not a feed"
    if root in ("urlset", "sitemapindex"):
        return "this is a sitemap, not a feed: `kind: sitemap` reads it"
    if root:
        return f"this is XML with the root <{root[:40]}>, not a feed"
    return "this is neither XML nor JSON, not a feed"


def _whole_items(text: str, root: str) -> tuple[str, str | None]:
    """Returns a feed that ends as it should, and a note where it had to be cut back to its last complete item."""
    if text[-200:].rstrip().endswith(f"</{root}>") and _ends_in_the_open(text):
        return text, None
    bare = _without_cdata(text)
    if re.search(rf"</(?:[\w.-]+:)?{root}\s*>|<(?:[\w.-]+:)?{root}(?:\s[^<>]*)?/>", bare, re.IGNORECASE):
        return text, None
    ends = list(re.finditer(rf"</(?:[\w.-]+:)?{_ITEM[root]}\s*>", bare, re.IGNORECASE))
    if not ends:
        raise FormatError("the feed is cut off before the end of its first item")
    opened = re.search(rf"<((?:[\w.-]+:)?{root})[\s>]", text, re.IGNORECASE)
    closing = f"</{opened[1]}>" if opened else ""
    channel = "</channel>" if root == "rss" else ""
    return text[: ends[-1].end()] + channel + closing, "the feed is cut off; its complete items were kept"


def _bearable(text: str, root: str) -> str:
    """Returns a feed of which feedparser can make something in a reasonable time: not more items than are read.

    Raises:
        FormatError: the time would be long all the same.
    """
    ends = islice(re.finditer(rf"</(?:[\w.-]+:)?{_ITEM[root]}\s*>", text, re.IGNORECASE), MOST_ITEMS, None)
    if (last := next(ends, None)) is not None and root != "rdf":
        text = text[: last.end()] + text[_closing(text, root) :]
    document.refuse_bombs(text)
    return text


def _closing(text: str, root: str) -> int:
    """Returns where the end tags of a whole feed begin."""
    channel = text.rfind("</channel") if root == "rss" else -1
    return channel if channel >= 0 else text.rfind("</")


def _ends_in_the_open(text: str) -> bool:
    """Says whether no CDATA section and no comment is open at the end."""
    return text.rfind("<![CDATA[") <= text.rfind("]]>") and text.rfind("<!--") <= text.rfind("-->")


def _without_cdata(text: str) -> str:
    """Returns the text, as long as before, with blanks for what CDATA sections and comments hold."""
    hidden = r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
    return re.sub(hidden, lambda found: " " * len(found[0]), text, flags=re.DOTALL)


def _parsed(text: str) -> Any:
    """Returns feedparser's reading of an XML feed.

    Raises:
        FormatError: feedparser fell over it.
    """

    def parse(text: str) -> Any:
        return _feedparser().parse(
            io.BytesIO(text.encode()),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,  # two thirds of the time; what is shown is made from plain text
            resolve_relative_uris=False,
        )

    try:
        feed = parse(text)
        if feed.get("bozo") and "undefined entity" in str(feed.get("bozo_exception")):
            feed = parse(document.with_plain_characters(text))
    except Exception as error:  # its loose parser raises what it likes
        raise FormatError(f"broken XML: {type(error).__name__}: {error}") from error
    return feed


@cache
def _feedparser() -> Any:
    """Returns feedparser, made to look for e-mail addresses in names of bearable length only.

    Each letter of a name may begin an address for it: the time grows with the square of the longest word.
    """
    import feedparser
    from feedparser.mixin import _FeedParserMixin

    look = _FeedParserMixin._sync_author_detail

    def look_in_bounds(parser: Any, key: str = "author") -> None:
        context = parser._get_context()
        name = dict.get(context, key)
        if isinstance(name, str) and len(name) > _LONGEST_NAME:
            context[key] = name[:_LONGEST_NAME]
        look(parser, key)

    _FeedParserMixin._sync_author_detail = look_in_bounds
    return feedparser


def _text(mapping: Any, key: str) -> str | None:
    """Returns a value as it is stored; feedparser's own look-up warns, and takes one date for the other."""
    value = dict.get(mapping, key)
    return value.strip() or None if isinstance(value, str) else None


def _link(entry: Any, base: str) -> str | None:
    """Returns the absolute address of an item, None where it has none; feedparser has applied xml:base."""
    link, guid = _text(entry, "link"), _text(entry, "id")
    links = [each for each in dict.get(entry, "links") or () if _text(each, "href")]
    if link is None or (link == guid and not links):  # a guid made into a link: only a whole address is one
        others = [each["href"] for each in links if each.get("rel", "alternate") == "alternate"]
        others += [
            each["href"] for each in links if each.get("rel") not in _NO_ARTICLE | {"alternate", "via", "related"}
        ]
        guid_link = link if link is not None and re.match("https?://", link, re.IGNORECASE) else None
        link = guid_link or (others[0] if others else None)
    return document.absolute(base, link)


def _title(detail: Any, version: str) -> str | None:
    text = str(detail.get("value") or "")[:_LONGEST_TITLE]
    if detail.get("type") != "text/plain":
        text = html.unescape(_TAG.sub(" ", text) if _TAG.search(text) else text)
    text = _INLINE_TAG.sub("", text)
    if not version.startswith("atom") and _REFERENCE.search(text):
        text = html.unescape(text)
    return one_line(text) or None


def _markup(detail: Any) -> str | None:
    """Returns a piece of text as markup: plain text is escaped."""
    value = str(detail.get("value") or "").strip()
    if not value:
        return None
    return html.escape(value, quote=False) if detail.get("type") == "text/plain" else value


def _summary(entry: Any) -> str | None:
    detail = dict.get(entry, "summary_detail")
    return _markup(detail) if detail else _text(entry, "summary")


def _content(entry: Any) -> str | None:
    texts = [_markup(detail) for detail in dict.get(entry, "content") or () if not detail.get("src")]
    return max((text for text in texts if text), key=len, default=None)


def _authors(entry: Any) -> tuple[str, ...]:
    names = [_text(author, "name") for author in dict.get(entry, "authors") or ()] or [_text(entry, "author")]
    clean = (one_line(html.unescape(name)) for name in names if name and not _EMAIL.match(name[:_LONGEST_NAME]))
    return tuple(dict.fromkeys(name for name in clean if name))


def _moment(entry: Any, key: str, now: datetime) -> datetime | None:
    return when(_text(entry, key), now)
