"""The feeds that the benchmarks watch: every byte of them follows from their number.

Half are RSS 2.0 with full text in `content:encoded`, half Atom; half are English, half French. Each host is an address
of its own in 127.0.0.0/8.
"""

import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

from benchmarks.texts import Writer

_NEWEST = datetime(2026, 11, 21, 12, tzinfo=UTC)
_MISBEHAVIOURS = ("refused", "silent", "drip", "reset", "huge", "error", "garbage", "noise")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is served.

    With `moving`, one feed in five has a new item whenever it was asked for four times, and three in ten never send
    validators. Hostile feeds come after the healthy ones, each on a host of its own.
    """

    feeds: int
    hosts: int
    entries: int = 20
    words: int = 540  # of each text: about 4 kB, and 5 kB with its markup
    moving: bool = False
    hostile: int = 0


def misbehaviour(plan: Plan, number: int) -> str | None:
    """Returns what is wrong with a feed, None where it is healthy."""
    return _MISBEHAVIOURS[number % len(_MISBEHAVIOURS)] if number >= plan.feeds else None


def host_of(plan: Plan, number: int) -> str:
    """Returns the address of the host that a feed lives on."""
    host = number % plan.hosts if number < plan.feeds else plan.hosts + number - plan.feeds
    return f"127.1.{host // 250}.{host % 250 + 1}"


class Shelf:
    """Holds the feeds, ready to be sent."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.validators = True
        self.answered: Counter[str] = Counter()
        self.asked: dict[int, list[float]] = {}
        self._writers = {language: Writer(language, plan.words) for language in ("en", "fr")}
        self._pages = {number: self._page(number, 0) for number in range(plan.feeds)}

    def note(self, number: int) -> None:
        """Notes that a feed was asked for just now."""
        self.asked.setdefault(number, []).append(time.time())

    def answer(self, number: int, known: bytes | None) -> bytes:
        """Returns the whole HTTP answer to a request that was noted and names `known` in If-None-Match."""
        news = self._news(number)
        etag = b'"%d-%d"' % (number, news)
        with_tag = self.validators and not (self.plan.moving and number % 10 >= 7)
        if with_tag and known == etag:
            self.answered["304"] += 1
            return b"HTTP/1.1 304 Not Modified\r\nETag: " + etag + b"\r\n\r\n"
        self.answered["200"] += 1
        body = self._page(number, news) if news else self._pages[number]
        tag = b"ETag: " + etag + b"\r\n" if with_tag else b""
        kind = b"application/rss+xml" if number % 2 == 0 else b"application/atom+xml"
        return (
            b"HTTP/1.1 200 OK\r\nContent-Type: %b; charset=utf-8\r\n%bContent-Length: %d\r\n\r\n"
            % (kind, tag, len(body))
        ) + body

    def _news(self, number: int) -> int:
        """How many items a feed has had since it was first asked for; this time counts among those it was asked."""
        return (len(self.asked[number]) - 1) // 4 if self.plan.moving and number % 5 == 0 else 0

    def _page(self, number: int, news: int) -> bytes:
        language = "fr" if number // 2 % 2 else "en"
        entry, frame = (_item, _RSS) if number % 2 == 0 else (_entry, _ATOM)
        first = number * 1_000_000 + news  # numbers of one feed's texts; the newest item has the highest
        items = [
            entry(f"http://news-{number}.test", number, seed, self._writers[language])
            for seed in range(first + self.plan.entries - 1, first - 1, -1)
        ]
        return frame.format(number=number, language=language, items="".join(items)).encode()


_RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>Daily {number}</title><link>http://news-{number}.test/</link><language>{language}-ca</language>
<description>What happened in district {number}</description>
{items}</channel></rss>
"""
_ATOM = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language}-ca"><title>Daily {number}</title>
<id>http://news-{number}.test/</id><link href="http://news-{number}.test/"/><updated>2026-11-21T12:00:00Z</updated>
{items}</feed>
"""


def _item(site: str, number: int, seed: int, writer: Writer) -> str:
    text, url = writer.write(seed), f"{site}/stories/{seed}"
    at = format_datetime(_moment(number, seed), usegmt=True)
    return (
        f'<item><title>{text.title}</title><link>{url}</link><guid isPermaLink="true">{url}</guid>'
        f"<dc:creator>{text.author}</dc:creator><pubDate>{at}</pubDate>"
        f"<category>News</category><description>{text.teaser}</description>"
        f"<content:encoded><![CDATA[{text.body}]]></content:encoded></item>\n"
    )


def _entry(site: str, number: int, seed: int, writer: Writer) -> str:
    text, url, at = writer.write(seed), f"{site}/stories/{seed}", _moment(number, seed).isoformat()
    return (
        f'<entry><title>{text.title}</title><link rel="alternate" href="{url}"/><id>{url}</id>'
        f"<author><name>{text.author}</name></author><published>{at}</published><updated>{at}</updated>"
        f'<category term="News"/><summary>{text.teaser}</summary><content type="html">{escape(text.body)}</content>'
        "</entry>\n"
    )


def _moment(number: int, seed: int) -> datetime:
    return _NEWEST + timedelta(minutes=7 * (seed % 1_000_000) - number % 60)
