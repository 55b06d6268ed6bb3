"""Addition: one page that a person found goes the way of every other, and the archive is asked why it was missed.

by_hand → archive.keep_visit → take → archive: what it is → missed
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from os.path import commonpath
from urllib.parse import urlsplit

from monitor.archive import Archive, Sighting, ToldReader
from monitor.errors import PageError
from monitor.extract.urls import identity, same_site
from monitor.listing import items
from monitor.pipeline.missed import AROUND, Reason, Watching, missed, since_when
from monitor.pipeline.parts import Collected, Crawler, Reader, Silent
from monitor.pipeline.take import Take
from monitor.pipeline.threads import Threads
from monitor.types import (
    Clock,
    Found,
    ItemState,
    Kept,
    Outcome,
    Page,
    Pending,
    Read,
    Robots,
    Source,
    Visit,
    VisitOutcome,
)

BY_HAND = "by-hand:"
"""Before the id of the source whose terms hold for a page, or its host: no configured id can hold a colon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of a page."""

    url: str
    source: Source
    outcome: Outcome
    article: Kept | None
    error: str | None  # why there is no article, or only a part of one
    reasons: tuple[Reason, ...]
    told: tuple[ToldReader, ...] = ()


def by_hand(url: str, sources: Sequence[Source], named: Source | None = None) -> Source:
    """Returns the source under which a person's page is kept.

    It has the terms, the publisher and the credentials of `named`, or of the nearest source of the same site, and an id
    of its own: what a person adds says nothing of how well a source is watched. Where several publish on one site - the
    departments of a government - and none in whose folder the page lies, its host stands for the publisher.
    """
    host = (urlsplit(url).hostname or url).removeprefix("www.")
    near = named or max(watching(url, sources), key=lambda source: len(commonpath([source.url, url])), default=None)
    if near is not None:  # robots.txt is for programs that choose by themselves what they fetch (RFC 9309, 1)
        whose = named.publisher if named is not None else _publisher(url, watching(url, sources)) or host
        return replace(near, id=BY_HAND + near.id, publisher=whose, read=Read.PAGE, robots=Robots.NONE, enabled=True)
    return Source(id=BY_HAND + host, name=host, publisher=host, kind="feed", url=url, robots=Robots.NONE)


def watching(url: str, sources: Sequence[Source]) -> list[Source]:
    """Returns the sources of the site to which an address belongs."""
    return [source for source in sources if same_site(source.url, url)]


def _publisher(url: str, near: Sequence[Source]) -> str | None:
    """Returns who publishes a page of a site with these sources; None where they leave it open."""
    if len(names := {source.publisher for source in near}) == 1:
        return names.pop()
    folders: dict[str, set[str]] = {}
    for source in near:
        parts = urlsplit(source.url)
        folder = parts._replace(path=parts.path.rstrip("/").rpartition("/")[0], query="", fragment="").geturl()
        folders.setdefault(f"{identity(folder)}/", set()).add(source.publisher)
    deepest = max((folder for folder in folders if f"{identity(url)}/".startswith(folder)), key=len, default=None)
    return folders[deepest].pop() if deepest is not None and len(folders[deepest]) == 1 else None


class _Heard:
    """A crawler that remembers why the last page did not come: the archive keeps what the item lacks instead."""

    def __init__(self, crawl: Crawler) -> None:
        self._crawl = crawl
        self.error: str | None = None
        self.visit = crawl.visit
        self.stop = crawl.stop

    async def read(
        self,
        tasks: Sequence[tuple[Pending, Source]],
        begin: Callable[[Pending], Awaitable[None]],
        keep: Callable[[Pending, Page | PageError], Awaitable[None]],
    ) -> None:
        async def heard(pending: Pending, page: Page | PageError) -> None:
            self.error = page.reason if isinstance(page, PageError) else None
            await keep(pending, page)

        await self._crawl.read(tasks, begin, heard)


class Addition:
    """Adds one page at a time, as the archive's one writer."""

    def __init__(
        self,
        *,
        source: Source,
        sources: Sequence[Source],
        archive: Archive,
        crawl: Crawler,
        rooms: Reader,
        threads: Threads,
        clock: Clock,
    ) -> None:
        self._source = source
        self._sources = sources
        self._archive = archive
        self._identity = rooms.identity
        self._clock = clock
        self._heard = _Heard(crawl)
        self._take = Take(
            sources=[source],
            archive=archive,
            crawl=self._heard,
            rooms=rooms,
            threads=threads,
            clock=clock,
            progress=Silent(),
        )

    async def add(self, url: str) -> Added:
        """Reads a page, keeps what it is, and says why it had been missed. A page that cannot be read leaves nothing.

        Raises:
            ArchiveError: the archive cannot be used.
        """
        began = self._clock()
        found = Found(url=url)
        visit = Visit(
            source_id=self._source.id,
            started_at=began,
            finished_at=began,
            outcome=VisitOutcome.CHANGED,
            asked_url=url,
            url=url,
            found=(found,),
        )
        [item] = items(visit.found, self._identity)
        now_said = hashlib.blake2b(began.isoformat().encode(), digest_size=16).hexdigest()
        item = replace(item, content_hash=now_said)  # read it, though it was added before
        self._archive.keep_visit(visit, [item])
        collected = Collected()
        await self._take.take([self._source.id], collected, due_only=True)
        mine = next(s for s in self._archive.sightings(item.key) if s.source_id == self._source.id)
        if mine.state is ItemState.PENDING:  # nobody would try it again
            self._close(mine, item.found, now_said)
        article = None if mine.article_id is None else self._archive.article(mine.article_id)
        outcome = next((one for one in collected.counts if collected.counts[one]), Outcome.REJECTED)
        return Added(
            url=url,
            source=self._source,
            outcome=Outcome.REJECTED if article is None else outcome,
            article=article,
            error=self._heard.error or mine.reason if article is None or article.partial else None,
            reasons=reasons(self._archive, self._sources, url, article, began=began),
            told=tuple(self._archive.tellings(article.id)) if article is not None else (),
        )

    def _close(self, sighting: Sighting, found: Found, content_hash: str) -> None:
        pending = Pending(
            item_id=sighting.item_id,
            source_id=sighting.source_id,
            visit_id=0,
            found=found,
            content_hash=content_hash,
            attempts=0,
            failures=0,
        )
        self._archive.reject(pending, sighting.reason or "its page could not be read when a person added it")


def reasons(
    archive: Archive, sources: Sequence[Source], url: str, article: Kept | None, *, began: datetime
) -> tuple[Reason, ...]:
    """Returns why watching had missed a page that somebody found at `began`, or that it had not. Raises ArchiveError.

    `article` is what the archive has of it.
    """
    names = dict.fromkeys([url, *(article.urls if article else ())])
    seen = [
        sighting
        for name in dict.fromkeys(map(identity, names))
        for sighting in archive.sightings(name)
        if not sighting.source_id.startswith(BY_HAND)
    ]
    since = since_when(article, began)
    until = min(since + AROUND, began)
    spans, states = archive.observed(since, until), archive.states()
    near = [
        Watching(
            source=source,
            state=states.get(source.id),
            spans=spans.get(source.id, ()),
            visits=archive.visits(source.id, since, until),
        )
        for source in watching(url, sources)
    ]
    return tuple(missed(article, seen, near, began=began, url=url))
