"""What a kind of source makes of an answer: straight from its spider, or through a real crawl."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scrapy import Request
from scrapy.http import Response

from monitor.errors import FormatError
from monitor.types import Found, Source, SourceState, Visit
from spiders.base import Follow, Note, SourceSpider
from spiders.options import OPTIONS
from tests.crawling import NOW, crawl, visits

__all__ = ["NOW", "Listing", "read", "source", "visit"]


@dataclass(slots=True)
class Listing:
    """What one answer gave: items, further answers that it leads to, why it is not all, and remarks."""

    items: list[Found] = field(default_factory=list)
    follows: list[Follow] = field(default_factory=list)
    note: str | None = None
    notes: list[str] = field(default_factory=list)


def web_address(item: Found) -> bool:
    """Whether an item has an address that the crawl may be asked for, or says that it has none."""
    return item.url is None or item.url.startswith(("http://", "https://"))


def source(kind: str, url: str, options: Mapping[str, Any] | None = None, **changed: Any) -> Source:
    """A source of a kind, with its options checked as a configuration has them checked."""
    fields: dict[str, Any] = {"id": "news", "name": "News", "publisher": "News", "kind": kind, "url": url}
    return Source(**fields | {"options": OPTIONS[kind].model_validate(options or {})} | changed)


async def _unused(visit: Visit) -> None:
    raise AssertionError(visit)


def read(
    spider: type[SourceSpider],
    body: str | bytes,
    of: Source,
    *,
    url: str | None = None,
    type: str = "application/octet-stream",  # noqa: A002
    about: object = None,
    **known: Any,
) -> Listing:
    """Reads an answer from the source's address or another; `known` is what is remembered of the source."""
    request = Request(url or of.url, meta={"about": about} if about is not None else {})
    content = body.encode() if isinstance(body, str) else body
    response = Response(request.url, headers={"Content-Type": type}, body=content, request=request)
    listing = Listing()
    try:
        state = SourceState(source_id=of.id, **known)
        for one in spider(errands=(), keep=_unused, clock=lambda: NOW).find(response, of, state):
            if isinstance(one, Found):
                listing.items.append(one)
            elif isinstance(one, Follow):
                listing.follows.append(one)
            elif isinstance(one, Note):
                listing.notes.append(one.text)
    except FormatError as error:
        listing.note = error.reason
    return listing


async def visit(of: Source, *, max_bytes: int = 2**20, **known: Any) -> Visit:
    """Visits a source on loopback through the crawl."""
    return (await visits(crawl(max_bytes=max_bytes), (of, SourceState(source_id=of.id, **known))))[of.id]
