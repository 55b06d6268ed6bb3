"""A site on loopback whose answers a test writes down: a real server, real sockets, every kind of misbehaviour.

with Site() as site:
    site.put("/feed.xml", FEED, type="application/rss+xml", headers={"ETag": '"1"'})
    site.answers["/slow"] = drip
    ... site.url("/feed.xml") ... site.asked("/feed.xml")
"""

import secrets
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, cast


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that the site got."""

    path: str  # with the query
    headers: Mapping[str, str]  # lower-case names
    at: float  # monotonic seconds


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. With an ETag or Last-Modified among its headers, conditional requests get their 304."""

    body: bytes = b""
    status: int = 200
    type: str | None = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0  # seconds before the first byte


class Visitor(BaseHTTPRequestHandler):
    """Serves one connection; a misbehaving answer is a function that gets it and writes what it likes."""

    protocol_version = "HTTP/1.1"

    @property
    def site(self) -> "Site":
        return cast(_Server, self.server).site

    def do_GET(self) -> None:
        asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, time.monotonic())
        with self.site.lock:
            self.site.requests.append(asked)
        answer = self.site.answers.get(self.path) or self.site.answers.get(self.path.partition("?")[0])
        if callable(answer):
            self.close_connection = True
            answer = answer(self)
            if answer is None:
                return
        self.send(answer or Answer(b"not found", status=404, type="text/plain"))

    def send(self, answer: Answer) -> None:
        self.site.closing.wait(answer.delay)
        known = {name.lower(): value for name, value in answer.headers.items()}
        same = ("etag" in known and self.headers.get("If-None-Match") == known["etag"]) or (
            "last-modified" in known and self.headers.get("If-Modified-Since") == known["last-modified"]
        )
        body = b"" if same else answer.body
        self.send_response(304 if same else answer.status)
        if answer.type is not None and not same:
            self.send_header("Content-Type", answer.type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if not same and "content-length" not in known:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


Misbehaviour = Callable[[Visitor], Answer | None]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    site: "Site"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # the client went away: that is what is tested


class Site:
    """A site on 127.0.0.1 with a port of its own; `answers` may change while it runs."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, Answer | Misbehaviour] = {}
        self.requests: list[Asked] = []
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), Visitor)
        self._server.site = self
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"{self._scheme}://{self.authority}{path}"

    def put(self, path: str, body: bytes | str, *, status: int = 200, type: str | None = None, **more: Any) -> None:  # noqa: A002
        """Writes down an answer; `more` is `headers` and `delay`."""
        content = body.encode() if isinstance(body, str) else body
        self.answers[path] = Answer(content, status=status, type=type or "text/html; charset=utf-8", **more)

    def redirect(self, path: str, to: str, status: int = 302) -> None:
        self.answers[path] = Answer(status=status, headers={"Location": to})

    def asked(self, path: str) -> list[Asked]:
        """The requests for one path, in order."""
        with self.lock:
            return [asked for asked in self.requests if asked.path == path]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def free_port() -> int:
    """A port at which nobody listens, below those that the system hands out: no other test gets it meanwhile."""
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def _head(visitor: Visitor, **headers: str) -> None:
    visitor.send_response(200)
    visitor.send_header("Content-Type", "text/html")
    visitor.send_header("Connection", "close")
    for name, value in headers.items():
        visitor.send_header(name.replace("_", "-"), value)
    visitor.end_headers()


def drip(visitor: Visitor) -> None:
    """Never ends: a byte now and then."""
    _head(visitor)
    while not visitor.site.closing.wait(0.05):
        visitor.wfile.write(b" ")


def endless(visitor: Visitor) -> None:
    """Never ends: as fast as it can, without saying how long it is."""
    _head(visitor)
    while not visitor.site.closing.is_set():
        visitor.wfile.write(b" " * 65536)


def huge(visitor: Visitor) -> None:
    """Announces 50 MB."""
    _head(visitor, Content_Length=str(50 * 10**6))
    for _ in range(500):
        visitor.wfile.write(b" " * 100_000)


def reset(visitor: Visitor) -> None:
    """Breaks the connection off with a TCP reset, without an answer."""
    visitor.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    visitor.connection.close()


def broken_off(body: bytes, kind: str = "application/xml") -> Misbehaviour:
    """Announces more than it sends."""

    def misbehave(visitor: Visitor) -> None:
        visitor.send_response(200)
        visitor.send_header("Content-Type", kind)
        visitor.send_header("Content-Length", str(len(body) + 1000))
        visitor.end_headers()
        visitor.wfile.write(body)

    return misbehave
