"""Reads sitemaps: of news, of whole sites, indexes of them; as XML or as a list of addresses, packed or not."""

import html
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import ClassVar

from scrapy.http import Response

from monitor.errors import FormatError
from monitor.text import one_line
from monitor.types import Found, Source, SourceState
from spiders import document, trouble, urlset
from spiders.base import Follow, Note, SourceSpider
from spiders.dates import when
from spiders.options import SitemapOptions
from spiders.patterns import fits

_MOST_BYTES = 16 * 2**20  # once unpacked, where no crawl says its limit
_DEEPEST = 2  # indexes above a sitemap: the protocol knows one, some sites have two
_OVERLAP = timedelta(days=1)  # a part's date may lack the time, and be of any time zone
_REFERENCE = re.compile(r"&#?\w+;")


class SitemapSpider(SourceSpider):
    """A sitemap, or an index: then the parts of it that changed are read in the same visit."""

    name = "sitemap"
    accept: ClassVar[str] = "application/xml, text/xml;q=0.9, application/gzip;q=0.8, text/plain;q=0.7, */*;q=0.5"
    may_be_empty: ClassVar[bool] = True  # a news sitemap holds two days (Google's rule), and there are quiet days

    def find(self, response: Response, source: Source, state: SourceState) -> Iterator[Found | Follow | Note]:
        options = source.options if isinstance(source.options, SitemapOptions) else SitemapOptions()
        body, note = urlset.unpacked(response.body, self._most_bytes())
        text = document.text_of(response.replace(body=body))
        if not text.strip():
            raise FormatError(note or "the answer is empty", status=response.status)
        if (listed := urlset.addresses(text)) is not None:
            yield from self._items(({"url": url} for url in listed), response.url, source, state, options)
        else:
            text = document.well_behaved(text)
            root = (document.root_of(text) or "").rpartition(":")[2].lower()
            if root == "urlset":
                yield from self._items(urlset.entries(text), response.url, source, state, options)
            elif root == "sitemapindex":
                yield from self._parts(text, response, state, options)
            else:
                raise FormatError(_no_sitemap(response, text, root), status=response.status)
        if note:
            raise FormatError(note)

    def _most_bytes(self) -> int:
        crawler = getattr(self, "crawler", None)
        return _MOST_BYTES if crawler is None else crawler.settings.getint("DOWNLOAD_MAXSIZE")

    def _items(
        self, entries: Iterable[urlset.Entry], base: str, source: Source, state: SourceState, options: SitemapOptions
    ) -> Iterator[Found]:
        now = self.clock()
        oldest = now - options.age
        listed = fitting = undated = lost = 0
        for entry in entries:
            listed += 1
            url = document.absolute(base, entry.get("url"))
            if url is None:
                lost += 1
                continue
            if not fits(url, options.only, options.but):
                continue
            fitting += 1
            item = _found(url, entry, now)
            dated = max((date for date in (item.published_at, item.updated_at) if date), default=None)
            if dated is None and not options.undated and urlset.NEWS.isdisjoint(entry):
                undated += 1
            elif dated is None or dated >= oldest:
                yield item
        if lost:
            raise FormatError(f"{lost:,} of its {listed:,} entries have no address")
        if undated and undated == fitting:
            raise FormatError(
                f"none of its {undated:,} entries has a date that can be read, so that nothing says what is new; "
                "`undated: true` reads them all"
            )
        if listed and not fitting and state.last_good_at is None and not source.may_be_empty:
            raise FormatError(
                f"none of its {listed:,} addresses fits `only` and `but`; "
                "if that is normal, say `may_be_empty: true` for the source"
            )

    def _parts(
        self, text: str, response: Response, state: SourceState, options: SitemapOptions
    ) -> Iterator[Follow | Note]:
        """Asks for the parts worth reading, those changed last first.

        The first of them is always read: some sites never renew the dates in their index. Where the last visit did not
        get all it asked for (no hash of it is remembered), no part counts as read.
        """
        depth = response.meta.get("about") or 0
        if depth >= _DEEPEST:
            raise FormatError(f"the index lies in an index of an index: at most {_DEEPEST} are followed")
        now = self.clock()
        read_until = now - options.age
        if state.last_good_at is not None and state.body_hash is not None:
            read_until = max(read_until, state.last_good_at - _OVERLAP)
        parts: list[tuple[str, datetime | None]] = []
        problem: FormatError | None = None
        listed = 0
        try:
            for entry in urlset.entries(text):
                listed += 1
                url = document.absolute(response.url, entry.get("url"))
                if url is not None and fits(url, options.parts, ()):
                    parts.append((url, when(entry.get("lastmod"), now)))
        except FormatError as error:
            problem = error
        if not parts and problem is None:
            fitting = f"none of its {listed:,} parts fits `parts`" if listed else "the index names no sitemap"
            raise FormatError(fitting)
        parts.sort(key=lambda part: part[1].timestamp() if part[1] else 0.0, reverse=True)  # stable: undated last
        worth = [
            url
            for number, (url, changed) in enumerate(parts)
            if number == 0 or changed is None or changed >= read_until
        ]
        for url in worth[: options.sitemaps]:
            yield Follow(url, depth + 1)
        if len(worth) > options.sitemaps:
            yield Note(
                f"cut: {len(worth):,} parts of the index may hold something new, and `sitemaps: {options.sitemaps}` "
                "of them are read; `parts` says which count"
            )
        if problem is not None:
            raise problem


def _found(url: str, entry: urlset.Entry, now: datetime) -> Found:
    title = entry.get("title")
    if title and _REFERENCE.search(title):  # escaped twice
        title = html.unescape(title)
    keywords = one_line(entry.get("keywords", ""))
    return Found(
        url=url,
        title=one_line(title or "") or None,
        summary=html.escape(keywords, quote=False) or None,  # of a page that cannot be read they are all that is known
        publisher=one_line(entry.get("publisher", "")) or None,
        language=document.language(entry.get("language")),
        published_at=when(entry.get("published"), now),
        updated_at=when(entry.get("lastmod"), now),
    )


def _no_sitemap(response: Response, text: str, root: str) -> str:
    if trouble.blocked(response):
        return "blocked by a firewall: its page came instead of a sitemap"
    if root == "html" or re.search(r"<!doctype html", text[:2000], re.IGNORECASE):
        return "this is an HTML page, not a sitemap"
    if root in ("rss", "rdf", "feed"):
        return "this is a feed, not a sitemap: `kind: feed` reads it"
    if named := re.findall(r"^\s*sitemap\s*:\s*(\S{1,500})", text, re.IGNORECASE | re.MULTILINE):
        return f"this is a robots.txt, not a sitemap; it names {', '.join(named[:3])}"
    if root:
        return f"this is XML with the root <{root[:40]}>, not a sitemap"
    return "this is neither XML nor a list of addresses, not a sitemap"
