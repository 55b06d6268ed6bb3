"""Reads which sitemaps a site's robots.txt names. No kind of source: it serves the search for what can be watched."""

import re
from collections.abc import Iterable
from typing import ClassVar

from scrapy.http import Response

from monitor.types import Found, Source, SourceState
from spiders import document
from spiders.base import SourceSpider

_SITEMAP = re.compile(r"^\s*sitemap\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


class RobotsTxtSpider(SourceSpider):
    """Each `Sitemap:` line (sitemaps.org, "Specifying the Sitemap location") is an item; other lines say nothing."""

    name = "robots"
    accept: ClassVar[str] = "text/plain, */*;q=0.1"
    may_be_empty: ClassVar[bool] = True

    def find(self, response: Response, source: Source, state: SourceState) -> Iterable[Found]:
        for line in _SITEMAP.finditer(document.text_of(response)):
            if url := document.absolute(response.url, line[1]):
                yield Found(url=url)
