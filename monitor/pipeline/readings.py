"""Item and page → reading, in the worker thread; and when a page that is missing is tried again."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from monitor import due
from monitor.errors import PageError
from monitor.pipeline.parts import Reader
from monitor.text import well_formed
from monitor.types import (
    Article,
    Clock,
    Page,
    Pending,
    Reading,
    Rejected,
    Source,
)

log = structlog.get_logger("roxham")


@dataclass(frozen=True, slots=True)
class Postponed:
    """An item of which there is nothing to keep before its page can be read."""

    reason: str
    until: datetime
    asked_until: datetime | None
    tried: bool


@dataclass(frozen=True, slots=True)
class Broken:
    """An item whose reading raised what it should not."""

    reason: str


_PUT_OFF = timedelta(minutes=5)
"""When a page is looked at again that was not asked for, because its host was to be left alone."""

Result = Reading | Rejected | Postponed | Broken


class Readings:
    """Reads items: extract, match, fingerprint. Nothing is raised; one item never stops the others."""

    def __init__(self, *, rooms: Reader, clock: Clock) -> None:
        self._rooms = rooms
        self._clock = clock

    def read(self, item: Pending, source: Source, page: Page | PageError | None) -> Result:
        """Returns what became of an item. A page that cannot be read leaves the feed's text; None: that is enough."""
        try:
            article = self._rooms.article(item.found, source, page)
            note, retry_at, asked_until = self._later(item, page, article)
            if isinstance(article, Rejected):
                if retry_at is None:
                    return article
                return Postponed(note or article.reason, retry_at, asked_until, _tried(page))
            return Reading(
                pending=item,
                article=article,
                matches=self._rooms.match(article),
                fingerprint=self._rooms.fingerprint(article),
                retry_at=retry_at,
                asked_until=asked_until,
                note=note,
                tried=_tried(page),
            )
        except Exception as error:
            log.exception("item not read", source=item.source_id, item=item.item_id, url=item.found.url)
            return Broken(well_formed(f"{type(error).__name__}: {error}"))

    def stand_in(self, item: Pending, source: Source) -> Result:
        """Returns what the feed says of an item whose page is not to be touched again; the item stays as it is."""
        read = self.read(item, source, PageError("its page killed the process", temporary=False))
        return replace(read, leaves_item=True) if isinstance(read, Reading) else read

    def _later(
        self, item: Pending, page: Page | PageError | None, article: Article | Rejected
    ) -> tuple[str | None, datetime | None, datetime | None]:
        """Why the page is missing, when it is tried again, and until when its server wants to be left alone."""
        if isinstance(page, Page) and isinstance(article, Article) and article.partial:
            page = PageError("the page holds no text of an article", temporary=True)  # a wall, or not all there yet
        if not isinstance(page, PageError):
            return None, None, None
        if not page.temporary:
            return page.reason, None, None
        now = self._clock()
        asked_until = now + page.retry_after if page.retry_after is not None else None
        if not page.tried:
            return page.reason, max(asked_until or now, now + _PUT_OFF), asked_until
        early = item.not_before is not None and item.not_before > now
        when = item.not_before if early else due.next_page_try(item.failures, now)
        if when is not None and asked_until is not None:
            when = max(when, asked_until)
        return page.reason, when, asked_until


def _tried(page: Page | PageError | None) -> bool:
    return not isinstance(page, PageError) or page.tried
