"""Connections to allowed addresses only, and no more bytes through them than one answer may have.

A name is looked up once for a connection. Every address that it stands for must be allowed, or the whole name is
refused: one that points into the operator's network and elsewhere too is an attempt (DNS rebinding). Only addresses
from that look-up are connected to.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from typing import Any

import aiohttp
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler

from monitor.crawl import egress

MAX_HEAD = 65536  # bytes of all header fields of one answer; a large site's security policy alone takes up to 10,000
MAX_FIELD = 16384  # bytes of one header field
MAX_FIELDS = 128
MAX_INTERIM = 16  # 1xx answers before the real one (RFC 9110, 15.2, sets no limit)

refused: ContextVar[list[str]] = ContextVar("refused")
"""What the address check said during one request; aiohttp turns errors of a connection into errors of its own."""


class TooMuchError(aiohttp.ClientError):
    """The server sent more than one answer may have."""


class Connector(aiohttp.TCPConnector):
    """Connects to what `egress` allows; `max_bytes` is what the body of one answer may have."""

    def __init__(self, allow: Sequence[egress.Rule], max_bytes: int) -> None:
        super().__init__(
            limit=0,  # the leash counts; aiohttp would count waiting into the time-out
            force_close=True,  # a thousand idle connections would use up the files a process may open
            resolver=Resolver(allow),
            socket_factory=partial(_socket, allow),
        )
        self._factory = partial(_Wire, self._loop, max_bytes)  # type: ignore[assignment]  # typed by its first value


class Resolver(AbstractResolver):
    """Looks names up in the system and refuses those that stand for an address which is not allowed."""

    def __init__(self, allow: Sequence[egress.Rule]) -> None:
        self._allow = allow

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Returns all addresses of a name.

        Raises:
            OSError: the name is not known, or one of its addresses is not allowed.
        """
        addresses = [str(info[4][0]) for info in await _looked_up(host, port, family)]
        for address in addresses:
            if not egress.allowed(address, port, self._allow):
                raise _refusal(egress.refusal(address, port, host))
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


async def _looked_up(host: str, port: int, family: socket.AddressFamily) -> list[Any]:
    """Asks the system for a name, in a thread of its own: a name server that is silent must not keep others waiting.

    A pool would be full after a few such names, and the interpreter would wait for it at its end.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[Any]] = loop.create_future()

    def settle(put: Callable[[Any], None], value: object) -> None:
        if not answer.done():
            put(value)

    def look_up() -> None:
        put: Callable[[Any], None] = answer.set_result
        result: object
        try:
            result = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        except OSError as error:
            put, result = answer.set_exception, error
        except UnicodeError as error:  # a label that is empty or longer than 63 bytes
            put, result = answer.set_exception, OSError(str(error))
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, put, result)

    threading.Thread(target=look_up, name=f"look up {host}", daemon=True).start()
    return await answer


def _socket(allow: Sequence[egress.Rule], info: AddrInfoType) -> socket.socket:
    """Makes the socket for one address, if it is allowed: aiohttp resolves no literal, so that `Resolver` sees none."""
    family, kind, protocol, _, address = info
    host, port = str(address[0]), int(address[1])
    if not egress.allowed(host, port, allow):
        raise _refusal(egress.refusal(host, port))
    return socket.socket(family, kind, protocol)


def _refusal(reason: str) -> OSError:
    refused.get([]).append(reason)
    return OSError(reason)


class _Wire(ResponseHandler):
    """One connection. Counts what comes for one request, with all that surrounds the body: chunks, 1xx, trailers."""

    def __init__(self, loop: asyncio.AbstractEventLoop, max_bytes: int) -> None:
        super().__init__(loop)
        self._max_bytes = max_bytes
        self._left = MAX_HEAD
        self._interim = 0

    def set_response_params(self, **params: Any) -> None:
        self._left = MAX_HEAD  # a request begins
        self._interim = 0
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._left -= len(data)
        if self._left < 0 and self.exception() is None:
            self._end("the answer never comes to an end of its headers or of what surrounds its body")

    def feed_data(self, data: Any, size: int = 0) -> None:
        message = data[0]
        if 100 <= message.code < 200:
            self._interim += 1
            if self._interim > MAX_INTERIM:
                self._end("the server announces an answer again and again")
        else:
            if sum(len(name) + len(value) for name, value in message.raw_headers) > MAX_HEAD:
                self._end(f"the headers of the answer are larger than {MAX_HEAD // 1024} KiB")
            self._left = MAX_HEAD + 2 * self._max_bytes  # the body is counted by the handler; chunks have frames
        if self.exception() is None:  # aiohttp would hand out what lies in the queue before it tells of the error
            super().feed_data(data, size)

    def connection_lost(self, exc: BaseException | None) -> None:
        body = self._payload
        if exc is not None and body is not None and not body.is_eof():
            # Without a length the end of the connection is the end of the body, and aiohttp takes a reset for one too.
            body.set_exception(aiohttp.ClientPayloadError(f"the connection broke off: {exc}"))
        super().connection_lost(exc)

    def _end(self, reason: str) -> None:
        error = TooMuchError(reason)
        self.set_exception(error)
        if self._payload is not None:
            self._payload.set_exception(error)
        if self.transport is not None:
            self.transport.abort()
