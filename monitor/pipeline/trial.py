"""Try: one address through the rooms, to see what each says of it. Nothing is kept.

visit → listing.items → read → extract → match → fingerprint → place against what the archive has
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from os.path import commonpath
from urllib.parse import urlsplit

from monitor.archive import Archive
from monitor.errors import PageError
from monitor.extract.urls import same_site
from monitor.listing import items
from monitor.pipeline.parts import Crawler, Reader
from monitor.pipeline.survey import page, visits
from monitor.types import (
    Article,
    Fingerprint,
    Found,
    Match,
    Page,
    Placement,
    Read,
    Rejected,
    Source,
    Tie,
    Verdict,
    Visit,
    VisitOutcome,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What each room said, in the order of the rooms; None where the walk ended before or went around."""

    source: Source
    visit: Visit
    listed: tuple[Found, ...] = ()  # each item once
    item: Found | None = None  # the one that was read; for a page, the page itself
    page: Page | PageError | None = None
    article: Article | Rejected | None = None
    fingerprint: Fingerprint | None = None
    matches: tuple[Match, ...] = ()
    placement: Placement | None = None  # None also where there is no archive to ask
    ties: tuple[tuple[int, Tie], ...] = ()  # what a new article is to others by their ids, the surest first

    @property
    def answered(self) -> bool:
        """Whether anything came that could be read."""
        return self.visit.outcome is not VisitOutcome.FAILED or isinstance(self.page, Page)


def stand_in(url: str, sources: Sequence[Source]) -> Source:
    """Returns the source that is visited at this address; else one made for it.

    Where the same site is watched, the made one is of the same publisher and under the same terms, without credentials.
    """
    for source in sources:
        if source.url == url:
            return source
    if near := [source for source in sources if same_site(source.url, url)]:
        nearest = max(near, key=lambda source: len(commonpath([source.url, url])))
        return replace(nearest, url=url, read=Read.PAGE, credentials=None)
    host = urlsplit(url).hostname or url
    return Source(id="try", name=host, publisher=host, kind="feed", url=url)


class Trial:
    """Walks one address at a time; `pause` lies between two requests."""

    def __init__(self, *, crawl: Crawler, rooms: Reader, archive: Archive | None, pause: timedelta) -> None:
        self._crawl = crawl
        self._rooms = rooms
        self._archive = archive
        self._pause = pause

    async def walk(self, source: Source, number: int = 1) -> Tried:
        """Visits a source and reads the item with that number (from 1), or reads its address as a page.

        An answer that is no feed is tried as a page. Where fewer items are listed, none is read.

        Raises:
            ArchiveError: the archive could not be asked.
        """
        visit = await self._visit(source)
        if visit.outcome is VisitOutcome.FAILED:
            if visit.status is None or not 200 <= visit.status < 300:
                return Tried(source=source, visit=visit)
            shown = await self._read(source, itself := Found(url=source.url))
            tried = Tried(source=source, visit=visit, item=itself, page=shown)
            return tried if isinstance(shown, PageError) else self._judge(tried)
        listed = tuple(item.found for item in items(visit.found, self._rooms.identity))
        if number > len(listed):
            return Tried(source=source, visit=visit, listed=listed)
        item = listed[number - 1]
        by_feed = source.read is Read.FEED or item.url is None
        read = None if by_feed else await self._read(source, item)
        return self._judge(Tried(source=source, visit=visit, listed=listed, item=item, page=read))

    async def _visit(self, source: Source) -> Visit:
        [visit] = await visits(self._crawl, [source])
        return visit

    async def _read(self, source: Source, found: Found) -> Page | PageError:
        await asyncio.sleep(self._pause.total_seconds())
        return await page(self._crawl, source, found)

    def _judge(self, tried: Tried) -> Tried:
        assert tried.item is not None  # noqa: S101 - the caller read it
        article = self._rooms.article(tried.item, tried.source, tried.page)
        if isinstance(article, Rejected):
            return replace(tried, article=article)
        fingerprint = self._rooms.fingerprint(article)
        placement, ties = None, []
        if self._archive is not None:
            known = self._archive.neighbours(article, fingerprint)
            placement = self._rooms.stories.place(article, fingerprint, known)
            if placement.verdict is Verdict.NEW:
                ties = self._archive.alike(article, fingerprint, self._rooms.stories)
        return replace(
            tried,
            article=article,
            fingerprint=fingerprint,
            matches=self._rooms.match(article),
            placement=placement,
            ties=tuple(ties),
        )
