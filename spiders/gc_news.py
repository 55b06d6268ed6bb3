"""Reads the Government of Canada's news API: Atom with ways of its own.

A parameter that the API does not know acts as a filter, and its answer is then an empty feed with status 200: the
address is checked before it is asked, and an answer without entries is a failure. The feed's `updated` is the moment of
asking; it does not count where two answers are compared. The author of an entry is its department.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from scrapy.http import Response

from monitor.errors import FormatError
from monitor.types import Found, Source, SourceState, Wishes
from spiders.base import Follow
from spiders.feed import FeedSpider
from spiders.options import GcNewsOptions

_KNOWN = frozenset(
    {"dept", "type", "topic", "audience", "sort", "orderBy", "publishedDate>", "pick", "format", "atomtitle"}
)
_PAGES = "https://www.canada.ca/"  # links may lack it
_FEED_UPDATED = re.compile(rb"<updated>[^<]*</updated>")


class GcNewsSpider(FeedSpider):
    """The API at api.io.canada.ca/io-server/gc/news/{en,fr}/v2, asked by the address, or by the options."""

    name = "gc_news"
    accept: ClassVar[str] = "application/atom+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"

    def address(self, source: Source, state: SourceState) -> str:
        """Returns the address with its parameters, from itself or from the options.

        Raises:
            ValueError: it has a parameter that the API does not know, or parameters stand in both places.
        """
        options = source.options if isinstance(source.options, GcNewsOptions) else GcNewsOptions()
        query = urlsplit(source.url).query
        if not query:
            asked = {"dept": options.dept, "type": ",".join(options.types), "sort": "publishedDate", "orderBy": "desc"}
            asked |= {"pick": str(options.pick), "format": "atom"}
            wanted = {name: value for name, value in asked.items() if value}
            return f"{source.url.partition('#')[0].rstrip('?')}?{urlencode(wanted, safe=',')}"
        if options != GcNewsOptions():
            raise ValueError("it has parameters, and the source has options: say it in one of the two places")
        parameters = parse_qsl(query, keep_blank_values=True)
        for name, value in parameters:
            if name not in _KNOWN:
                raise ValueError(
                    f"`{name[:40]}` is no parameter of the Government of Canada's news API, which would take it for a "
                    f"filter that nothing passes; it knows {', '.join(sorted(_KNOWN))}"
                )
            if name == "format" and value != "atom":
                raise ValueError(f"`format={value[:40]}` is not what this kind reads: `format=atom` is")
        return source.url

    def find(self, response: Response, source: Source, state: SourceState) -> Iterator[Found | Follow | Wishes]:
        start = response.body.find(b"<feed")
        listed = super().find(response.replace(body=response.body[start:]) if start > 0 else response, source, state)
        empty = True
        host = urlsplit(response.url).netloc
        for one in listed:
            if isinstance(one, Found):
                empty = False
                yield _of_department(one, host)
            else:
                yield one
        if empty and not source.may_be_empty:
            raise FormatError(
                "the API answered without entries: `dept` is wrong, or another parameter acts as a filter; "
                "it does not mean that there is no news"
            )

    def substance(self, response: Response) -> bytes:
        head, entry, rest = response.body.partition(b"<entry")
        return _FEED_UPDATED.sub(b"", head) + entry + rest


def _of_department(item: Found, host: str) -> Found:
    """Returns an entry with its department as the publisher, and its link, where it was relative, at www.canada.ca."""
    url = item.url
    if url is not None and (parts := urlsplit(url)).netloc == host:
        url = _PAGES + parts._replace(scheme="", netloc="").geturl().lstrip("/")
    department = item.authors[0] if item.authors else item.publisher
    return replace(item, url=url, publisher=department, speaks_for_many=True, authors=())
