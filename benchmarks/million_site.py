"""Sixty sources on loopback that go on printing at a steady rate, in a process of their own.

`with printing(rate=5) as port:` starts it; there it runs until its standard input ends, which it does with whoever
started it. Feed N of `newsstand.outlets()` stands at /N, and lists the last ten of its articles, with their texts.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from benchmarks.newsprint import Press
from benchmarks.newsstand import Outlet, outlets

ROOT = Path(__file__).resolve().parent.parent
FIRST_STORY = 50_000_000  # by whose number a text is made: none of those that an archive was made of
_LISTED = 10


@contextmanager
def printing(rate: float) -> Iterator[int]:
    """Starts the sites, which together bring `rate` articles a second from now on; yields their port."""
    command = [sys.executable, "-m", "benchmarks.million_site", str(rate)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as site:
        assert site.stdin is not None
        assert site.stdout is not None
        try:
            if not (line := site.stdout.readline()):
                raise RuntimeError("the sites have ended; their error stands above")
            yield int(line)
        finally:
            site.stdin.close()


class _Sites:
    """What stands in each feed at a time."""

    def __init__(self, rate: float) -> None:
        self._outlets = outlets()
        self._every = len(self._outlets) / rate  # seconds between two articles of one source
        self._began = time.time()
        self._presses = {language: Press(language) for language in ("en", "fr")}
        self._item = lru_cache(maxsize=2 * _LISTED * len(self._outlets))(self._written)

    def feed(self, number: int) -> bytes:
        outlet = self._outlets[number]
        printed = int((time.time() - self._began) / self._every) + 1
        items = "".join(self._item(number, n) for n in range(max(0, printed - _LISTED), printed))
        return (
            '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
            f"<channel><title>{escape(outlet.publisher)}</title>{items}</channel></rss>"
        ).encode()

    def _written(self, number: int, n: int) -> str:
        outlet: Outlet = self._outlets[number]
        story = FIRST_STORY + int(self._began) % 1_000_000 * 1_000 + n * len(self._outlets) + number
        copy = self._presses[outlet.language].write(story)
        at = datetime.fromtimestamp(self._began, UTC) + timedelta(seconds=n * self._every)
        url = f"https://{outlet.host}/now/{story}"
        body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in copy.paragraphs)
        return (
            f"<item><title>{escape(copy.title)}</title><link>{url}</link><guid>{url}</guid>"
            f"<pubDate>{format_datetime(at)}</pubDate><content:encoded>{escape(body)}</content:encoded></item>"
        )


def _serve(rate: float) -> None:
    sites = _Sites(rate)

    class Visitor(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = sites.feed(int(self.path.strip("/")))
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Visitor) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _serve(float(sys.argv[1]))
