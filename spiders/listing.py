"""Reads pages of links: what on them is an article, and what its headline, its date, CSS selectors say."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urldefrag
from zoneinfo import ZoneInfo

from lxml import etree
from parsel import Selector
from scrapy.http import Response

from monitor.errors import FormatError
from monitor.text import one_line
from monitor.types import Found, Source, SourceState
from spiders import document, trouble
from spiders.base import MOST_ITEMS, Follow, Note, SourceSpider
from spiders.dates import within
from spiders.options import ListingOptions
from spiders.patterns import fits

_MARKUP = re.compile(r"<[A-Za-z!]")
_UNSEEN = frozenset({"script", "style", "template", "noscript", "svg"})
_INLINE = re.compile(
    "a|abbr|b|bdi|bdo|big|cite|code|em|font|i|ins|mark|q|s|small|span|strong|sub|sup|time|tt|u|var|wbr"
)  # elements that part no words
_LONGEST = 10_000  # characters of one text
_SHOWN = 200  # characters of an address or a title in a message


@dataclass(frozen=True, slots=True)
class _Page:
    """One page of the listing, parsed."""

    tree: Selector
    url: str
    base: str  # of relative links
    number: int  # from 1

    def links(self) -> list[str]:
        """Returns the addresses that the page links to, each once."""
        found = (document.absolute(self.base, href) for href in self.tree.css("a::attr(href)").getall())
        return list(dict.fromkeys(url for url in found if url))


class ListingSpider(SourceSpider):
    """An HTML page of links, or the first of several."""

    name = "listing"
    accept: ClassVar[str] = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
    made_for_people: ClassVar[bool] = True

    def find(self, response: Response, source: Source, state: SourceState) -> Iterator[Found | Follow | Note]:
        options = source.options if isinstance(source.options, ListingOptions) else ListingOptions()
        page = _parsed(response)
        listed, notes = self._items(page, options)
        if not listed and not source.may_be_empty:
            raise FormatError(_nothing(page, options), status=response.status)
        yield from listed
        yield from notes
        if page.number < options.pages and options.next is not None:
            following = _following(page, options.next)
            if following is not None:
                yield Follow(following, page.number + 1)
            elif page.number == 1:
                yield Note(f"`next: {options.next}` finds no link to another page")

    def _items(self, page: _Page, options: ListingOptions) -> tuple[list[Found], list[Note]]:
        """Returns the items, each once, and what of the options found nothing in any of them."""
        found: dict[str, Found] = {}
        now, here = self.clock(), {urldefrag(page.url).url, urldefrag(page.base).url}
        for element in page.tree.css(options.item or options.link)[:MOST_ITEMS]:
            link = _link(element, options)
            url = document.absolute(page.base, link.attrib.get("href")) if link is not None else None
            if link is None or url is None or urldefrag(url).url in here or not fits(url, options.only, options.but):
                continue
            item = _found(url, element, link, options, now)
            name = urldefrag(url).url  # a picture, a headline and a count of comments may all link to one article
            found[name] = _joined(found[name], item) if name in found else item
        items = list(found.values())
        notes = [
            Note(f"`{name}: {selector}` finds nothing in any of the {len(items)} items")
            for name, selector, given in (
                ("title", options.title, any(item.title for item in items)),
                ("date", options.date, any(item.published_at for item in items)),
                ("summary", options.summary, any(item.summary for item in items)),
            )
            if selector is not None and items and not given
        ]
        return items, notes


def _parsed(response: Response) -> _Page:
    """Parses an answer.

    Raises:
        FormatError: it is no HTML page, or not the site's own.
    """
    if trouble.blocked(response):
        raise FormatError("blocked by a firewall: its page came instead of the listing", status=response.status)
    text = document.text_of(response)
    if not text.strip():
        raise FormatError("the answer is empty", status=response.status)
    name = (document.root_of(text) or "").rpartition(":")[2].lower()
    if name in ("rss", "rdf", "feed"):
        raise FormatError("this is a feed, not an HTML page: `kind: feed` reads it", status=response.status)
    if name in ("urlset", "sitemapindex"):
        raise FormatError("this is a sitemap, not an HTML page: `kind: sitemap` reads it", status=response.status)
    if not _MARKUP.search(text):
        raise FormatError("this is not an HTML page", status=response.status)
    root = document.html_tree(text)
    if root is None:
        raise FormatError("this is not an HTML page", status=response.status)
    tree = Selector(root=root, type="html")
    base = document.absolute(response.url, tree.css("base::attr(href)").get()) or response.url
    about = response.request.meta.get("about") if response.request is not None else None
    return _Page(tree=tree, url=response.url, base=base, number=about if isinstance(about, int) else 1)


def _link(element: Selector, options: ListingOptions) -> Selector | None:
    """Returns the link of an item, None where it has none. Without `item`, each that `link` selects is an item."""
    return element if options.item is None else next(iter(element.css(options.link)), None)


def _found(url: str, element: Selector, link: Selector, options: ListingOptions, now: datetime) -> Found:
    title = _first(element, options.title) if options.title else _text(link.root) or _label(link)
    summary = _first(element, options.summary) if options.summary else None
    return Found(
        url=url,
        title=title,
        summary=html.escape(summary, quote=False) if summary else None,
        published_at=_date(element, options, now) if options.date else None,
    )


def _joined(first: Found, second: Found) -> Found:
    """Returns the first of two items of one address with what only the second says."""
    return replace(
        first,
        title=first.title or second.title,
        summary=first.summary or second.summary,
        published_at=first.published_at or second.published_at,
    )


def _first(element: Selector, selector: str) -> str | None:
    return next((text for part in element.css(selector) if (text := _text(part.root))), None)


def _date(element: Selector, options: ListingOptions, now: datetime) -> datetime | None:
    zone = ZoneInfo(options.timezone)
    for part in element.css(options.date or ""):
        written = [_text(part.root)]
        if isinstance(part.root, etree._Element):
            written = [part.root.get("datetime"), part.root.get("content"), *written]
        for text in written:
            if text and (moment := within(text, now, zone)) is not None:
                return moment
    return None


def _label(link: Selector) -> str | None:
    """Returns what names a link without words: its label, or its picture's."""
    labels = [link.attrib.get("aria-label"), link.attrib.get("title"), *link.css("img::attr(alt)").getall()]
    return next((label for each in labels if each and (label := one_line(each[:_LONGEST]))), None)


def _text(part: Any) -> str | None:
    """Returns what people read of an element, or what ::text and ::attr() gave; elements that are blocks part words."""
    if isinstance(part, str):
        return one_line(part[:_LONGEST]) or None
    pieces: list[str] = []
    size = 0
    walk = etree.iterwalk(part, events=("start", "end", "comment", "pi"))
    for event, node in walk:
        tail = "" if node is part else node.tail or ""
        if event in ("comment", "pi"):
            piece = tail
        elif event == "end":
            piece = _parting(node) + tail
        elif node.tag in _UNSEEN:
            walk.skip_subtree()
            continue
        else:
            piece = _parting(node) + (node.text or "")
        pieces.append(piece)
        size += len(piece)
        if size > _LONGEST:
            break
    return one_line("".join(pieces)[:_LONGEST]) or None


def _parting(node: Any) -> str:
    return "" if _INLINE.fullmatch(node.tag) else " "


def _following(page: _Page, selector: str) -> str | None:
    for part in page.tree.css(selector):
        link = part if part.attrib.get("href") else next(iter(part.css("a[href]")), None)
        url = document.absolute(page.base, link.attrib.get("href")) if link is not None else None
        if url is not None and urldefrag(url).url != urldefrag(page.url).url:
            return url
    return None


def _nothing(page: _Page, options: ListingOptions) -> str:
    """Says which of the options is to blame for a page without items, and what stands there instead."""
    links = page.links()
    elements = page.tree.css(options.item or options.link)
    links_of_items = (link for each in elements if (link := _link(each, options)) is not None)
    linked = [url for link in links_of_items if (url := document.absolute(page.base, link.attrib.get("href")))]
    if not elements:
        name, selector = ("item", options.item) if options.item else ("link", options.link)
        reason = f"`{name}: {selector}` finds nothing on this page"
    elif not linked:
        reason = f"`link: {options.link}` finds no address in any of the {len(elements)} items"
    elif options.only or options.but:
        reason = f"none of the {len(linked)} links fits `only` and `but`"
        links = linked
    else:
        reason = "its items link to nothing but the page itself"
    title = one_line(page.tree.css("title::text").get() or "")[:_SHOWN]
    named = f' ("{title}")' if title else ""
    return f"{reason}; it{named} has {_shown(links)}"


def _shown(links: Sequence[str]) -> str:
    if not links:
        return "no links"
    return f"{len(links)} link{'s' if len(links) > 1 else ''}, the first: {links[0][:_SHOWN]}"
