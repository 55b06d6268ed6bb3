"""What the first half of the line needs of the rooms, and what it tells of its work."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from monitor.archive import StoryRoom
from monitor.errors import PageError
from monitor.listing import with_aliases
from monitor.types import (
    Article,
    Fingerprint,
    Found,
    Match,
    Outcome,
    Page,
    Pending,
    Rejected,
    Source,
    SourceState,
    Visit,
    VisitOutcome,
)

log = structlog.get_logger("roxham")


class Crawler(Protocol):
    """What the pipeline wants of the crawl room; see monitor/crawl."""

    async def visit(
        self, errands: Sequence[tuple[Source, SourceState]], keep: Callable[[Visit], Awaitable[None]]
    ) -> None:
        """Visits each source and hands each visit to `keep`."""
        ...

    async def read(
        self,
        tasks: Sequence[tuple[Pending, Source]],
        begin: Callable[[Pending], Awaitable[None]],
        keep: Callable[[Pending, Page | PageError], Awaitable[None]],
    ) -> None:
        """Fetches the page of each item: `begin` before the request leaves, `keep` with what came."""
        ...

    async def stop(self) -> None:
        """Makes `visit` and `read` return soon."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What the rooms do with a page: from addresses compared to a story placed. app.py fills it in."""

    identity: Callable[[str], str]
    from_page: Callable[[Page, Found, Source], Article | Rejected]
    from_feed: Callable[[Found, Source, bool], Article | Rejected]  # True: the page could not be read
    match: Callable[[Article], tuple[Match, ...]]
    fingerprint: Callable[[Article], Fingerprint]
    of_text: Callable[[Article], Fingerprint]  # of an article without its body, as the archive gives it
    stories: StoryRoom

    def article(self, found: Found, source: Source, page: Page | PageError | None) -> Article | Rejected:
        """Item and page → article. None: the feed's own text is wanted; a page that failed leaves it, as partial."""
        if isinstance(page, Page):
            article = self.from_page(page, found, source)
        else:
            article = self.from_feed(found, source, page is not None)
        return article if isinstance(article, Rejected) else with_aliases(article, found, self.identity)


class Progress(Protocol):
    """Hears of the work as it goes on."""

    def visited(self, visit: Visit, new: int) -> None:
        """A visit was kept."""
        ...

    def took(self, pending: Pending, outcome: Outcome) -> None:
        """An item was read, or closed without an article."""
        ...


class Silent:
    """A progress that tells nobody."""

    def visited(self, visit: Visit, new: int) -> None:
        """A visit was kept."""

    def took(self, pending: Pending, outcome: Outcome) -> None:
        """An item was read, or closed without an article."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """One visit, in figures: what it found is in the archive by now, and too large to hold."""

    source_id: str
    status: int | None
    outcome: VisitOutcome
    found: int
    new: int
    error: str | None


@dataclass(slots=True, kw_only=True)
class Collected:
    """What one pass brought."""

    visits: list[Visited] = field(default_factory=list)
    counts: Counter[Outcome] = field(default_factory=Counter)
    partial: int = 0  # articles kept from the feed alone, because their page could not be read
    set_aside: int = 0
