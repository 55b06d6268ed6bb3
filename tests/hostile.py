"""A news server that means harm: every connection gets what a test wrote down, byte by byte, made while it is sent.

with Newsstand() as stand:
    port = stand.open("127.20.0.1", {"/feed": ok(feed), "/slow": slow_head})
    ... stand.talks(port) ... stand.connections("127.0.0.1")

An answer is the bytes of a whole HTTP response, after which the connection stays open, or a function that gets the
`Wire` and writes what it likes, after which it is closed. Addresses are made up of loopback ones: each has a port of
its own, so that a program takes each for another host.
"""

import itertools
import selectors
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from types import TracebackType
from typing import Self

import brotli  # type: ignore[import-untyped]
from backports import zstd

_LONGEST_HEAD = 2**20
_MEGABYTE = 2**20


@dataclass(slots=True)
class Talk:
    """One request and what became of it, by the server's clock (monotonic seconds); `sent` in bytes."""

    path: str
    headers: Mapping[str, str]
    at: float
    until: float | None = None
    sent: int = 0


@dataclass(slots=True)
class Wire:
    """The server's end of a connection whose request has been read. Writing raises OSError once the client has left."""

    connection: socket.socket
    authority: str
    talk: Talk
    number: int  # of this request for its path, from 0; the query does not count
    inside: int  # the port of the server that must not be reached

    def send(self, text: bytes | str) -> None:
        content = text.encode() if isinstance(text, str) else text
        view = memoryview(content)
        while view:
            written = self.connection.send(view[:65536])
            self.talk.sent += written
            view = view[written:]

    def wait(self, seconds: float | None = None) -> None:
        """Says nothing for a while, or for ever; raises ConnectionError when the client leaves."""
        self.connection.settimeout(seconds)
        try:
            while self.connection.recv(65536):
                pass
        except TimeoutError:
            self.connection.settimeout(None)
            return
        raise ConnectionError("the client has left")

    def reset(self) -> None:
        """Breaks the connection off with a TCP reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def filled(self, text: str) -> str:
        """Returns the text with {here}, {inside} and {number}: this authority, the port not to be reached, `number`."""
        known = {"{here}": self.authority, "{inside}": str(self.inside), "{number}": str(self.number)}
        for name, value in known.items():
            text = text.replace(name, value)
        return text


Answer = bytes | Callable[[Wire], bytes | None]


@dataclass(slots=True)
class _Stall:
    """One listening address."""

    host: str
    port: int
    answers: Mapping[str, Answer]
    tls: ssl.SSLContext | None
    connections: int = 0
    talks: list[Talk] = field(default_factory=list)


class Newsstand:
    """Listens at many loopback addresses with one thread, and serves each connection in a thread of its own."""

    def __init__(self) -> None:
        self.inside = 0  # filled in for {inside}: set it before the first request
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._stalls: list[_Stall] = []
        self._live: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._closing = False
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def open(
        self, host: str, answers: Mapping[str, Answer], *, tls: ssl.SSLContext | None = None, port: int = 0
    ) -> int:
        """Listens at an address; returns its port. What is not among the answers is 404."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=64)
        stall = _Stall(host, listener.getsockname()[1], answers, tls)
        self._stalls.append(stall)
        self._selector.register(listener, selectors.EVENT_READ, stall)
        self._wake.send(b"!")
        return stall.port

    def connections(self, *hosts: str) -> int:
        """How often anything connected to these hosts, whatever it said then."""
        return sum(stall.connections for stall in self._stalls if stall.host in hosts)

    def talks(self, host: str | None = None) -> list[Talk]:
        """The requests at one address, or at all, in order."""
        with self._lock:
            return [talk for stall in self._stalls if host in (None, stall.host) for talk in stall.talks]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._lock:
            self._closing = True
            for connection in self._live:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._wake.send(b"!")
        self._thread.join()
        for thread in self._threads:
            thread.join()
        for key in tuple(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]  # a socket, each
        self._selector.close()
        self._wake.close()

    def _accept(self) -> None:
        while not self._closing:
            for key, _ in self._selector.select():
                if key.data is None:
                    self._woken.recv(4096)
                    continue
                connection, _ = key.fileobj.accept()  # type: ignore[union-attr]
                key.data.connections += 1
                thread = threading.Thread(target=self._serve, args=(connection, key.data), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket, stall: _Stall) -> None:
        with self._lock:
            if self._closing:
                connection.close()
                return
            self._live.add(connection)
        used = connection
        try:
            with suppress(OSError):
                if stall.tls is not None:
                    used = stall.tls.wrap_socket(connection, server_side=True)
                    with self._lock:
                        self._live.discard(connection)
                        self._live.add(used)
                while self._answer(used, stall):
                    pass
        finally:
            with self._lock:
                self._live -= {connection, used}
            used.close()
            connection.close()

    def _answer(self, connection: socket.socket, stall: _Stall) -> bool:
        """Reads and answers one request; says whether the connection stays open."""
        head = b""
        while b"\r\n\r\n" not in head and len(head) < _LONGEST_HEAD:
            more = connection.recv(65536)
            if not more:
                return False
            head += more
            if not head.startswith(b"GET "[: len(head)]):
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                return False
        first, *lines = head.decode("latin-1").split("\r\n")
        path = first.split(" ")[1]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        talk = Talk(path, headers, time.monotonic())
        with self._lock:
            number = sum(earlier.path.partition("?")[0] == path.partition("?")[0] for earlier in stall.talks)
            stall.talks.append(talk)
        answer = stall.answers.get(path) or stall.answers.get(path.partition("?")[0]) or status(404)
        wire = Wire(connection, f"{stall.host}:{stall.port}", talk, number, self.inside)
        try:
            written = answer if isinstance(answer, bytes) else answer(wire)
            if written is not None:
                wire.send(written)
            return written is not None
        finally:
            talk.until = time.monotonic()


# --- answers ---------------------------------------------------------------------------------------------------------

XML = "application/rss+xml; charset=utf-8"


def ok(body: bytes | str, type: str | None = XML, code: str = "200 OK", **headers: str) -> bytes:  # noqa: A002
    """A whole answer that is told truthfully."""
    content = body.encode() if isinstance(body, str) else body
    named = {"Content-Type": type, "Content-Length": str(len(content))}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value is not None)
    return f"HTTP/1.1 {code}\r\n{lines}\r\n".encode() + content


def status(code: int, body: bytes | str = b"", type: str = "text/html", **headers: str) -> bytes:  # noqa: A002
    """An answer with this status."""
    return ok(body, type, f"{code} Whatever", **headers)


def here(body: str, type: str = XML, **headers: str) -> Answer:  # noqa: A002
    """An answer whose body and headers name addresses by {here} and {inside}."""
    return lambda wire: ok(wire.filled(body), type, **{name: wire.filled(value) for name, value in headers.items()})


def redirect(to: str, code: int = 302, after: float = 0.0) -> Answer:
    """A redirect, `after` so many seconds; {here}, {inside} and {number} are filled in."""

    def answer(wire: Wire) -> bytes:
        if after:
            wire.wait(after)
        return status(code, Location=wire.filled(to))

    return answer


def raw(*parts: bytes | str | float) -> Answer:
    """Writes the parts as they are and closes; a number is a pause in seconds."""

    def answer(wire: Wire) -> None:
        for part in parts:
            if isinstance(part, bytes | str):
                wire.send(part)
            else:
                wire.wait(part)

    return answer


def endless(head: bytes | str, part: bytes | str, pause: float | None = None) -> Answer:
    """Writes `part` again and again until the client has left, with a pause after each or as fast as it can."""

    def answer(wire: Wire) -> None:
        wire.send(head)
        for _ in itertools.count():
            wire.send(part)
            if pause is not None:
                wire.wait(pause)

    return answer


def then_reset(*parts: bytes | str) -> Answer:
    """Writes the parts and resets the connection once they have arrived."""

    def answer(wire: Wire) -> None:
        for part in parts:
            wire.send(part)
        wire.wait(0.05)
        wire.reset()

    return answer


def silence(wire: Wire) -> None:
    """Never says anything."""
    wire.wait()


def half_closed(head: bytes) -> Answer:
    """Writes a beginning, closes its own side only, and goes on listening."""

    def answer(wire: Wire) -> None:
        wire.send(head)
        wire.connection.shutdown(socket.SHUT_WR)
        wire.wait()

    return answer


# --- bombs: small on the wire, large in memory ------------------------------------------------------------------------


def gzipped(body: bytes | str) -> bytes:
    """One gzip member."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(body.encode() if isinstance(body, str) else body) + packer.flush()


def deflate_bomb(megabytes: int, wbits: int) -> bytes:
    """Blanks by the gigabyte: one flushed block, again and again (wbits as in zlib: 31 gzip, 15 zlib, -15 bare)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    start = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b" " * _MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + block * megabytes


def brotli_bomb(megabytes: int) -> bytes:
    """The same in Brotli."""
    packer = brotli.Compressor(quality=1)
    return b"".join([*(packer.process(b" " * _MEGABYTE) for _ in range(megabytes)), packer.finish()])


def zstd_bomb(megabytes: int) -> bytes:
    """The same in one frame of Zstandard."""
    packer = zstd.ZstdCompressor(level=1)
    return b"".join([*(packer.compress(b" " * _MEGABYTE) for _ in range(megabytes)), packer.flush()])


def addresses(start: str) -> Iterator[str]:
    """Loopback addresses one after the other, each for a host of its own."""
    first = ip_address(start)
    return (str(first + number) for number in itertools.count())
