"""What a page says about its article besides the text, and which source wins.

The first that is there and plausible wins:

title
    JSON-LD headline · og:title, twitter:title, sailthru.title, parsely-title, dc.title · h1 · <title> · the feed's.
    A site's name at the end is cut; a headline that was cut short gives way to its longer form.
authors
    JSON-LD author · meta author, parsely-author, sailthru.author, dc.creator, article:author · rel=author · the
    feed's · the text's sign-off. People only, see names.py; an agency's name becomes the credit where the text gives
    none.
publisher
    The source's, as the operator wrote it. Only where the page lies on another registrable domain than the source
    (an aggregator): the item's own · JSON-LD publisher · og:site_name · the source's.
published
    Times with a zone: JSON-LD datePublished · article:published_time and its kin · <time itemprop=datePublished> ·
    the feed's · JSON-LD dateCreated, the first <time>. Then a time without zone, read as America/Toronto. A mere
    date is no time: None.
updated
    JSON-LD dateModified · article:modified_time and its kin · the feed's. None where not later than published.
language
    See language.py.
canonical
    <link rel=canonical> · og:url · JSON-LD url, mainEntityOfPage. What each may be used for says addresses.py.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from lxml.html import HtmlElement

from monitor.extract.names import people
from monitor.extract.repair import mend_mojibake
from monitor.extract.structured import address_of, article_data, names_of, text_of
from monitor.extract.times import plausible
from monitor.extract.urls import is_web_address
from monitor.text import one_line, words

_TITLES = ("og:title", "twitter:title", "sailthru.title", "parsely-title", "dc.title", "dcterms.title", "title")
_AUTHORS = (
    "author",
    "parsely-author",
    "sailthru.author",
    "dc.creator",
    "dcterms.creator",
    "article:author",
    "byl",
    "creator",
)
_PUBLISHED = (
    "article:published_time",
    "og:article:published_time",
    "og:published_time",
    "parsely-pub-date",
    "sailthru.date",
    "date.available",
    "dcterms.issued",
    "dcterms.created",
    "dc.date.issued",
    "dc.date",
    "datepublished",
    "pubdate",
    "publish-date",
    "publication_date",
    "date",
)
_UPDATED = (
    "article:modified_time",
    "og:article:modified_time",
    "og:updated_time",
    "date.modified",
    "dcterms.modified",
    "datemodified",
    "last-modified",
    "last_modified",
)
_SUFFIX = re.compile(r"\s+[|–—·•»:-]\s+|\s*\|\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a page says about its article, before the feed is asked."""

    title: str | None = None
    titles: tuple[str, ...] = ()  # every form of the headline on the page
    authors: tuple[str, ...] = ()  # people
    bylines: tuple[str, ...] = ()  # as written, agencies and desks included
    publisher: str | None = None
    description: str | None = None
    body: str | None = field(default=None, repr=False)  # JSON-LD articleBody
    published: tuple[str, ...] = ()  # as written, best first
    published_weak: tuple[str, ...] = ()  # asked only after the feed
    updated: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()  # as written, best first
    canonical: tuple[str, ...] = ()  # absolute, best first


def facts(tree: HtmlElement, final_url: str) -> Facts:
    """Reads what the page declares. Nothing is judged here but plausibility; the tree is not changed."""
    data, meta = article_data(tree), _meta(tree)
    site = _text(text_of(data.get("publisher"))) or _text(meta.get("og:site_name"))
    titles = tuple(dict.fromkeys(_headlines(tree, data, meta, site)))
    bylines = tuple(
        mend_mojibake(name) for name in names_of(data.get("author")) or _first_names(meta) or _rel_authors(tree)
    )
    times = [t.get("datetime") or "" for t in tree.iter("time") if (t.get("itemprop") or "").lower() == "datepublished"]
    other = [t.get("datetime") or "" for t in tree.iterfind(".//time[@datetime]")][:1]
    return Facts(
        title=_best(titles),
        titles=titles,
        authors=people(bylines, site),
        bylines=bylines,
        publisher=site,
        description=_text(text_of(data.get("description")))
        or _text(meta.get("og:description") or meta.get("description")),
        body=text_of(data.get("articleBody")),
        published=_present(text_of(data.get("datePublished")), *(meta.get(name) for name in _PUBLISHED), *times),
        published_weak=_present(text_of(data.get("dateCreated")), *other),
        updated=_present(text_of(data.get("dateModified")), *(meta.get(name) for name in _UPDATED)),
        languages=_present(
            tree.get("lang"),
            tree.get("{http://www.w3.org/XML/1998/namespace}lang"),
            tree.get("xml:lang"),
            text_of(data.get("inLanguage")),
            meta.get("og:locale"),
            meta.get("content-language"),
            meta.get("dc.language"),
            meta.get("dcterms.language"),
        ),
        canonical=tuple(_canonical(tree, data, meta, final_url)),
    )


def published_at(facts: Facts, listed: datetime | None, now: datetime | None) -> datetime | None:
    """Returns when the article was published, by the order in this module's table; `now` bounds what is plausible."""
    for text in facts.published:
        if found := plausible(text, now):
            return found
    if found := plausible(listed, now):
        return found
    for text in facts.published_weak:
        if found := plausible(text, now):
            return found
    for text in facts.published + facts.published_weak:
        if found := plausible(text, now, local=True):
            return found
    return None


def updated_at(
    facts: Facts, listed: datetime | None, published: datetime | None, now: datetime | None
) -> datetime | None:
    """Returns when the article was last changed, None where it does not say so or not later than it was published."""
    for stated in (*facts.updated, listed):
        found = plausible(stated, now)
        if found and (published is None or found > published):
            return found
    return None


def headline(text: str | None, site: str | None = None) -> str | None:
    """Returns a headline on one line, mended, without the site's name at its end."""
    line = one_line(mend_mojibake(text or ""))
    if site and line:
        key = _key(site)
        while (parts := list(_SUFFIX.finditer(line))) and _key(line[parts[-1].end() :]).removesuffix(
            " ca"
        ).removesuffix(" com") in {
            key,
            key.replace(" ", ""),
        }:
            line = line[: parts[-1].start()]
    return line or None


def _headlines(tree: HtmlElement, data: Mapping[str, Any], meta: Mapping[str, str], site: str | None) -> Iterator[str]:
    h1 = [" ".join(h.text_content().split()) for h in tree.iter("h1")][:5]
    candidates = [text_of(data.get("headline")), *(meta.get(name) for name in _TITLES), *h1, tree.findtext(".//title")]
    for candidate in candidates:
        line = headline(candidate, site)
        if line and len(line) < 500 and _key(line) != _key(site or "\x00"):
            yield line


def _best(titles: tuple[str, ...]) -> str | None:
    if not titles:
        return None
    first = titles[0]
    stem = first.rstrip(". …")
    for other in titles[1:]:
        if (first.endswith(("…", "...")) or len(first) >= 108) and len(other) > len(stem) and other.startswith(stem):
            return other
        rest = first[len(other) :] if first.startswith(other) and len(other) >= 15 else ""
        if _SUFFIX.match(rest):  # "Headline - National | Site", and the page itself shows "Headline"
            return other
    return first


def _meta(tree: HtmlElement) -> dict[str, str]:
    """Returns the page's meta elements by name, property, itemprop or http-equiv, in lower case; the first of each."""
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        content = (element.get("content") or "").strip()
        for attribute in ("property", "name", "itemprop", "http-equiv"):
            name = element.get(attribute)
            if name and content:
                found.setdefault(name.strip().lower(), content)
    return found


def _first_names(meta: Mapping[str, str]) -> list[str]:
    return next(([meta[name]] for name in _AUTHORS if meta.get(name) and not is_web_address(meta[name])), [])


def _rel_authors(tree: HtmlElement) -> list[str]:
    found = tree.xpath("//a[@rel='author']|//*[@itemprop='author']//*[@itemprop='name']|//p[contains(@class,'byline')]")
    return list(dict.fromkeys(" ".join(element.text_content().split()) for element in found))[:5]


def _canonical(tree: HtmlElement, data: Mapping[str, Any], meta: Mapping[str, str], base: str) -> Iterator[str]:
    links = [link.get("href") for link in tree.iter("link") if "canonical" in (link.get("rel") or "").lower().split()]
    declared = [*links, meta.get("og:url"), address_of(data.get("url")), address_of(data.get("mainEntityOfPage"))]
    seen = set()
    for link in declared:
        if not link or not link.strip():
            continue
        try:
            url = urljoin(base, link.strip())
        except ValueError:
            continue
        if is_web_address(url) and len(url) < 2000 and url not in seen:
            seen.add(url)
            yield url


def _present(*texts: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.strip() for text in texts if text and text.strip()))


def _text(text: str | None) -> str | None:
    return one_line(mend_mojibake(text or "")) or None


def _key(text: str) -> str:
    return " ".join(word.folded for word in words(text))
