"""What tests of the crawl share: a crawl for loopback, sources, items, and the results of one call."""

from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.crawl import Crawl
from monitor.errors import PageError
from monitor.types import Found, Page, Pending, Robots, Source, SourceState, Visit

NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
FEED = """<rss version="2.0"><channel><title>News</title><link>http://site.test/</link>
<item><title>One</title><link>http://site.test/1</link></item>
<item><title>Two</title><link>http://site.test/2</link></item>
</channel></rss>"""
PAGE = (
    "<!doctype html><html><head><title>One</title></head><body><p>" + "Text of the story. " * 300 + "</p></body></html>"
)
XML = "application/rss+xml"


def crawl(**changes: Any) -> Crawl:
    given: dict[str, Any] = {
        "user_agent": "Roxham/0.1 (+desk@example.org)",
        "clock": lambda: NOW,
        "delay": timedelta(0),
        "timeout": timedelta(seconds=5),
        "max_bytes": 2**20,
        "allow_private": ["127.0.0.0/8"],
    }
    return Crawl(**given | changes)


def source(url: str, id: str = "news", **changes: Any) -> Source:  # noqa: A002
    given = {"id": id, "name": id, "publisher": id, "kind": "feed", "url": url, "robots": Robots.NONE}
    return Source(**given | changes)  # what robots.txt does to all this: test_robots.py


def errand(url: str, id: str = "news", **known: Any) -> tuple[Source, SourceState]:  # noqa: A002
    return source(url, id), SourceState(source_id=id, **known)


def task(url: str | None, number: int = 1, of: Source | None = None) -> tuple[Pending, Source]:
    fields: dict[str, Any] = {"item_id": number, "source_id": "news", "visit_id": 1, "content_hash": ""}
    pending = Pending(**fields, found=Found(url=url), attempts=0, failures=0)
    return pending, of or source("http://site.test/feed")


async def visits(using: Crawl, *errands: tuple[Source, SourceState]) -> dict[str, Visit]:
    kept: list[Visit] = []

    async def keep(visit: Visit) -> None:
        kept.append(visit)

    await using.visit(errands, keep)
    assert len({visit.source_id for visit in kept}) == len(kept)
    return {visit.source_id: visit for visit in kept}


async def pages(using: Crawl, *tasks: tuple[Pending, Source]) -> dict[int, Page | PageError]:
    kept: list[tuple[int, Page | PageError]] = []

    async def begin(pending: Pending) -> None:
        pass

    async def keep(pending: Pending, page: Page | PageError) -> None:
        kept.append((pending.item_id, page))

    await using.read(tasks, begin, keep)
    assert len(dict(kept)) == len(kept)
    return dict(kept)


async def page(using: Crawl, url: str | None, **changes: Any) -> Page | PageError:
    return (await pages(using, task(url, **changes)))[1]
