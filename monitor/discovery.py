"""What of a site can be watched: addresses worth a try, what an answer gives, and which of several is the best.

All of it is pure; monitor/pipeline/survey.py does the asking. A page names its feeds itself (`<link rel="alternate">`,
RFC 4287 autodiscovery as browsers do it), or links to them; robots.txt names sitemaps (sitemaps.org); and publishing
systems have their places, which are only guessed at.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

from monitor.text import one_line
from monitor.types import Found, Visit, VisitOutcome

MOST_LINKED = 12
"""Addresses that are tried of one page."""
MOST_SITEMAPS = 3
_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"})
_FEED_LIKE = re.compile(
    r"[/._-](?:rss|atom|feed|feeds|rdf)(?:[/._-]|\Z)|\.(?:rss|atom|rdf)\Z|(?:^|[?&])(?:f|format|feed)=(?:rss|atom)",
    re.IGNORECASE,
)
_FEED_FILE = re.compile(r"\.(?:xml|rss|rdf|atom|json)\Z|/(?:rss|feed|atom)/?\Z", re.IGNORECASE)
_NEWS = re.compile(r"news|actualit|nouvelle", re.IGNORECASE)
_ODD = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")  # no configuration takes an address with these
_COMMENTS = re.compile(r"comment", re.IGNORECASE)
_WELL_KNOWN = (
    ("/feed/", "feed"),  # WordPress
    ("/rss", "feed"),
    ("/rss.xml", "feed"),
    ("/atom.xml", "feed"),
    ("/news-sitemap.xml", "sitemap"),
    ("/sitemap-news.xml", "sitemap"),
    ("/arc/outboundfeeds/rss/?outputType=xml", "feed"),  # Arc XP
    ("/search/?f=rss&t=article&l=50&s=start_time&sd=desc", "feed"),  # BLOX
)
_GC_NEWS = "https://api.io.canada.ca/io-server/gc/news/"  # Atom too, but with ways of its own
_TAG = re.compile(r"<[^<>]*>")
_FULL = 150  # words: half of the items or more hold at least so many where a feed gives the whole text
_STALE = timedelta(days=60)
_SEPARATOR = re.compile(r"\s+[|–—»·:-]\s+")
_LONGEST_NAME = 60
_LINK_WORDS = 4  # a headline has so many words; menus have fewer
_LEAST_LINKS = 5  # of one shape, for a page to look like a list


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An address that may be watched."""

    url: str
    kind: str
    how: str  # in words: how it became known
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnPage:
    """What a page says of its site."""

    candidates: tuple[Candidate, ...] = ()
    name: str | None = None  # of the site
    language: str | None = None
    item: str | None = None  # a CSS selector of what looks like its list of headlines


@dataclass(frozen=True, slots=True, kw_only=True)
class Gives:
    """What one answer of a source gives, in figures."""

    items: int
    newest: datetime | None
    oldest: datetime | None
    dated: int
    titled: int
    summarised: int
    full: int  # items whose whole text the answer seems to hold
    language: str | None  # of most items that name one

    @property
    def texts_are_full(self) -> bool:
        """Whether the answer itself is the article for at least half of its items."""
        return 0 < self.items <= 2 * self.full


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A candidate that was visited."""

    candidate: Candidate
    visit: Visit
    gives: Gives

    @property
    def usable(self) -> bool:
        """Whether it lists anything."""
        return self.visit.outcome is not VisitOutcome.FAILED and self.gives.items > 0


def gives(found: Sequence[Found]) -> Gives:
    """Returns what a listing gives. A date is that of publication, else of the last change."""
    dates = [date for one in found if (date := one.published_at or one.updated_at) is not None]
    tongues = Counter(one.language for one in found if one.language)
    return Gives(
        items=len(found),
        newest=max(dates, default=None),
        oldest=min(dates, default=None),
        dated=len(dates),
        titled=sum(one.title is not None for one in found),
        summarised=sum(bool(one.summary or one.content) for one in found),
        full=sum(_words(max(one.content or "", one.summary or "", key=len)) >= _FULL for one in found),
        language=tongues.most_common(1)[0][0] if tongues else None,
    )


def _words(markup: str) -> int:
    return len(_TAG.sub(" ", markup).split())


def likely_kind(url: str) -> str:
    """Returns as what an address is tried first."""
    if url.startswith(_GC_NEWS):
        return "gc_news"
    path = urlsplit(url).path.lower()
    return "sitemap" if "sitemap" in path or path.endswith(".xml.gz") else "feed"


def well_known(url: str) -> tuple[Candidate, ...]:
    """Returns the places at which sites of common systems have their feeds, the most common first."""
    return tuple(Candidate(url=urljoin(url, path), kind=kind, how="a usual place") for path, kind in _WELL_KNOWN)


def of_sitemaps(addresses: Iterable[str]) -> tuple[Candidate, ...]:
    """Returns those of a site's sitemaps that look like news: the others list its whole past."""
    news = [url for url in dict.fromkeys(addresses) if _NEWS.search(urlsplit(url).path)]
    return tuple(Candidate(url=url, kind="sitemap", how="named in robots.txt") for url in news[:MOST_SITEMAPS])


def on_page(html: str, url: str) -> OnPage:
    """Returns what a page says of its site; nothing is raised, whatever it holds."""
    from lxml import etree
    from lxml import html as markup

    try:
        tree = markup.document_fromstring(html.encode("utf-8", "replace"), parser=markup.HTMLParser(encoding="utf-8"))
    except (etree.LxmlError, ValueError):
        return OnPage()
    base = urljoin(url, next(iter(tree.xpath("//base/@href")), ""))
    candidates = {candidate.url: candidate for candidate in reversed([*_declared(tree, base), *_linked(tree, base)])}
    return OnPage(
        candidates=tuple(reversed(candidates.values()))[:MOST_LINKED],
        name=_name(tree),
        language=_language(tree.get("lang")),
        item=_item(tree, base),
    )


def _declared(tree: Any, base: str) -> Iterator[Candidate]:
    for link in tree.xpath("//link[@rel and @href]"):
        media, rel = (link.get("type") or "").partition(";")[0].strip().lower(), link.get("rel").lower().split()
        url = _absolute(base, link.get("href")) if "alternate" in rel else None
        untyped = not media and not link.get("hreflang") and url is not None and _FEED_FILE.search(urlsplit(url).path)
        if url is not None and (media in _FEED_TYPES or untyped):
            title = one_line(link.get("title") or "")[:_LONGEST_NAME] or None
            yield Candidate(url=url, kind="feed", how="named in the page's head", title=title)


def _linked(tree: Any, base: str) -> Iterator[Candidate]:
    for link in tree.xpath("//a[@href]"):
        url = _absolute(base, link.get("href"))
        if url and _FEED_LIKE.search("/" + url.partition("://")[2].partition("/")[2]):
            yield Candidate(url=url, kind="feed", how="linked on the page")


def _absolute(base: str, link: str) -> str | None:
    try:
        url = urljoin(base, link.strip())
        parts = urlsplit(url)
        usable = (
            parts.scheme in ("http", "https") and parts.hostname and parts.username is None and not _ODD.search(url)
        )
    except ValueError:
        return None
    return url.partition("#")[0] if usable else None


def _name(tree: Any) -> str | None:
    for path in ("//meta[@property='og:site_name']/@content", "//meta[@name='application-name']/@content"):
        if said := one_line(next(iter(tree.xpath(path)), "")):
            return said[:_LONGEST_NAME]
    title = one_line("".join(tree.xpath("//head/title[1]//text()")))
    return _SEPARATOR.split(title)[-1][:_LONGEST_NAME] if title else None


def _language(tag: str | None) -> str | None:
    found = re.match(r"([A-Za-z]{2})(?![A-Za-z])", tag or "")
    return found[1].lower() if found else None


def _item(tree: Any, base: str) -> str | None:
    """Returns the selector of the commonest shape of links that read like headlines."""
    shapes: Counter[str] = Counter()
    host = urlsplit(base).hostname
    for link in tree.xpath("//body//a[@href]"):
        url = _absolute(base, link.get("href"))
        if url and urlsplit(url).hostname == host and len(link.text_content().split()) >= _LINK_WORDS:
            shapes[_shape(link)] += 1
    best = max(shapes, key=shapes.__getitem__, default=None)
    return best if best is not None and shapes[best] >= _LEAST_LINKS else None


def _shape(link: Any) -> str:
    """Returns a selector of what holds a link: the nearest element around it that has a class, else the nearest two."""
    for around in link.iterancestors():
        if around.tag in ("body", "html"):
            break
        names = [name for name in (around.get("class") or "").split() if re.fullmatch(r"[A-Za-z][\w-]*", name)]
        if names:
            return f"{around.tag}.{names[0]}"
    parent = link.getparent()
    above = parent.getparent()
    return parent.tag if above is None or above.tag in ("body", "html") else f"{above.tag} > {parent.tag}"


def best_first(offers: Iterable[Offer], now: datetime) -> list[Offer]:
    """Returns the usable offers in the order in which they are worth watching; equals stay in their order.

    Fresh before stale, the site's own list before one of comments, feeds (which hold summaries) before sitemaps.
    """
    return sorted((offer for offer in offers if offer.usable), key=lambda offer: _doubts(offer, now))


def _doubts(offer: Offer, now: datetime) -> tuple[bool, ...]:
    newest = offer.gives.newest
    return (
        bool(_COMMENTS.search(offer.candidate.url + (offer.candidate.title or ""))),
        newest is not None and now - newest > _STALE,
        offer.candidate.kind == "sitemap",
        newest is None,
    )


def proposal(offer: Offer, *, site: str, language: str | None) -> dict[str, object]:
    """Returns the entry for sources.yaml, without its id; `site` is who publishes it."""
    title = offer.candidate.title
    named = title if title and title.lower() not in (site.lower(), "rss", "feed", "atom", "rss feed") else None
    return {
        "name": named or site,
        "publisher": site if named else None,
        "kind": offer.candidate.kind,
        "url": offer.candidate.url,
        "language": offer.gives.language or language,
        "every": interval(offer.gives),
        "read": "feed" if offer.gives.texts_are_full else "page",
    }


def interval(given: Gives) -> str:
    """Returns how often to visit, as sources.yaml says it: about three times as often as items come, within reason."""
    if given.newest is None or given.oldest is None or given.dated < 2:
        return "30m to 3h"
    pace = (given.newest - given.oldest) / (given.dated - 1)
    if pace <= timedelta(hours=1):
        return "10m to 1h"
    return "30m to 3h" if pace <= timedelta(hours=12) else "1h to 6h"
