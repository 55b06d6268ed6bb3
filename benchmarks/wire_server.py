"""Serves wire stories on loopback as carriers would: each a site on a host of its own, with a feed and its pages.

What is served is only what a reader of those pages could see: headline, text, the language of the page, the name of the
outlet, and the time at which the carrier printed it. An address that is used again replaces its page.
"""

import asyncio
import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from email.utils import format_datetime
from html import escape
from typing import Any
from urllib.parse import quote

Record = Mapping[str, Any]
"""One line of stories.jsonl, as the README beside it tells its fields."""

Outlet = tuple[str, str, str]
"""Carrier, publisher, language: what one source of the configuration watches."""

_TEASER = 200  # characters of the text that a feed shows, as the agencies' own summaries do
_FEED = "application/rss+xml; charset=utf-8"
_PAGE = "text/html; charset=utf-8"


def _is_release(record: Record) -> bool:
    return bool((record.get("credit") or {}).get("agency") == "government")


def outlet_of(record: Record) -> Outlet:
    """Returns the outlet whose feed lists a record."""
    return record["carrier"], record["publisher"], record["lang"]


def site_of(record: Record, sites: str) -> str:
    """Returns the site a record stands on: its carrier's, or its publisher's, under whatever forms that prints."""
    return str(record[sites])


class Sites:
    """The sites of all records, empty until something is published."""

    def __init__(self, records: Sequence[Record], sites: str) -> None:
        names = sorted({site_of(record, sites) for record in records})
        self._sites = sites
        self.hosts = {name: f"127.2.{number // 250}.{number % 250 + 1}" for number, name in enumerate(names)}
        self._feeds: dict[Outlet, list[Record]] = {outlet_of(record): [] for record in records}
        self._paths = {f"/feed-{number}.xml": outlet for number, outlet in enumerate(sorted(self._feeds), 1)}
        self._home = {outlet_of(record): self.hosts[site_of(record, sites)] for record in records}
        self._reposts = {outlet_of(record) for record in records if record.get("edits") or not _is_release(record)}
        self._pages: dict[tuple[str, str], bytes] = {}
        self.port = 0

    def url(self, record: Record) -> str:
        """Returns the address of a record's page."""
        return f"http://{self.hosts[site_of(record, self._sites)]}:{self.port}{_path(record)}"

    def sources(self) -> list[dict[str, object]]:
        """Returns the entries of a configuration that watches every outlet.

        An operator knows which are a government's own: those that print its releases only, and print them whole.
        """
        return [
            {
                "id": path.strip("/").removesuffix(".xml"), "name": f"{publisher} ({carrier}, {language})",
                "publisher": publisher, "kind": "feed", "read": "page", "language": language, "may_be_empty": True,
                "official": outlet not in self._reposts,
                "url": f"http://{self._home[outlet]}:{self.port}{path}",
            }
            for path, outlet in self._paths.items()
            for carrier, publisher, language in [outlet]
        ]  # fmt: skip

    def publish(self, records: Sequence[Record]) -> None:
        """Prints these records: the newest stands first in its feed. No two of them may share an address."""
        for record in records:
            host = self.hosts[site_of(record, self._sites)]
            for outlet, listed in self._feeds.items():
                if self._home[outlet] == host:
                    listed[:] = [other for other in listed if _path(other) != _path(record)]
            self._feeds[outlet_of(record)].insert(0, record)
            self._pages[host, _path(record)] = _page(record)

    def answer(self, host: str, path: str) -> tuple[bytes, str] | None:
        """Returns body and media type of what stands at an address."""
        if (outlet := self._paths.get(path)) is not None and self._home[outlet] == host:
            return self._feed(outlet), _FEED
        page = self._pages.get((host, path))
        return None if page is None else (page, _PAGE)

    def _feed(self, outlet: Outlet) -> bytes:
        _, publisher, language = outlet
        items = "".join(
            f"<item><title>{escape(record['title'])}</title><link>{escape(self.url(record))}</link>"
            f'<guid isPermaLink="false">{escape(_path(record))}</guid>'
            f"<pubDate>{format_datetime(datetime.fromisoformat(record['carried_at']))}</pubDate>"
            f"<description>{escape(record['text'][:_TEASER])}</description></item>\n"
            for record in self._feeds[outlet]
        )
        return (
            f'<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel><title>{escape(publisher)}</title>'
            f"<link>http://{self._home[outlet]}:{self.port}/</link><description>{escape(publisher)}</description>"
            f"<language>{language}</language>\n{items}</channel></rss>\n"
        ).encode()


@contextmanager
def serving(sites: Sites) -> Iterator[Sites]:
    """Serves the sites from a thread of this process, all on one port, until the block ends."""
    loop = asyncio.new_event_loop()
    up = threading.Event()
    faults: list[OSError] = []
    work = threading.Thread(target=_run, args=(loop, sites, up, faults), daemon=True)
    work.start()
    up.wait()
    try:
        if faults:
            raise faults[0]
        yield sites
    finally:
        loop.call_soon_threadsafe(loop.stop)
        work.join()


def _run(loop: asyncio.AbstractEventLoop, sites: Sites, up: threading.Event, faults: list[OSError]) -> None:
    servers: list[asyncio.Server] = []
    try:
        for host in sites.hosts.values():
            server = loop.run_until_complete(loop.create_server(lambda: _Visitor(sites), host, sites.port))
            sites.port = server.sockets[0].getsockname()[1]  # a free one for the first, the same for all
            servers.append(server)
    except OSError as error:  # another program has that port at one of the hosts
        faults.append(error)
    up.set()
    loop.run_forever()
    for server in servers:
        server.close()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


class _Visitor(asyncio.Protocol):
    """One connection: HTTP/1.1 as far as GET with keep-alive and If-None-Match goes."""

    def __init__(self, sites: Sites) -> None:
        self._sites = sites
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._host = str(transport.get_extra_info("sockname")[0])

    def data_received(self, data: bytes) -> None:
        self._read += data
        while b"\r\n\r\n" in self._read:
            head, _, self._read = self._read.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            known = next((line[14:].strip() for line in lines if line[:14].lower() == "if-none-match:"), None)
            self._transport.write(self._answer(lines[0].split()[1], known))

    def _answer(self, path: str, known: str | None) -> bytes:
        found = self._sites.answer(self._host, path)
        if found is None:
            return b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n"
        body, kind = found
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if known == tag:
            return f"HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\n\r\n".encode()
        head = f"HTTP/1.1 200 OK\r\nETag: {tag}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


def _path(record: Record) -> str:
    return "/" + quote(str(record["url_path"]).lstrip("/"), safe="/%?=&;:@+,~")


def _page(record: Record) -> bytes:
    title, outlet = escape(record["title"]), escape(record["publisher"])
    body = "\n".join(f"<p>{escape(part)}</p>" for part in record["text"].split("\n\n") if part.strip())
    return (
        f'<!doctype html><html lang="{record["lang"]}"><head><meta charset="utf-8"><title>{title} | {outlet}</title>'
        f'<meta property="og:title" content="{title}"></head><body><nav><a href="/">Home</a></nav>'
        f"<main><article><h1>{title}</h1>\n{body}\n</article></main><footer>© {outlet}</footer></body></html>"
    ).encode()
