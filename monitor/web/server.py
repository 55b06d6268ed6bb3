"""Runs the pages inside the event loop that is there (uvicorn), with a limit on everybody's patience."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_PATIENCE = 30.0  # seconds for a request; and for each part of its answer, the reader's own slowness included
_LEAST = 64_000  # bytes of an answer that a reader takes in that time, if there are so many: two kB a second
_MOST = 200  # connections at once: those that do nothing must not take the files that collecting needs
_GRACE = 1  # seconds for what is under way at the end


@asynccontextmanager
async def served(app: "ASGIApp", host: str, port: int, *, patience: float = _PATIENCE) -> AsyncIterator[int]:
    """See monitor.web.serve."""
    listener = await _listener(host, port)
    server = _Server(_config(app, patience))
    with listener:
        running = asyncio.create_task(server.serve(sockets=[listener]))
        up = asyncio.create_task(server.up.wait())
        try:
            await asyncio.wait((running, up), return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            yield listener.getsockname()[1]
        finally:
            up.cancel()
            server.should_exit = True
            await running
            for connection in list(server.server_state.connections):
                connection.transport.abort()
            await asyncio.sleep(0)  # lets them go


def _config(app: "ASGIApp", patience: float) -> Config:
    """Settings that leave logging alone: an address holds a token, and nonsense from outside is no event."""

    class Connection(_Connection):
        limit = patience

    return Config(
        app,
        interface="asgi3",
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=_GRACE,
    )


class _Server(Server):
    """uvicorn's server, which says when it is up, and leaves signals to the program."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Counted:
    """A transport that knows how much was written; everything else is the real one's."""

    def __init__(self, real: asyncio.Transport) -> None:
        self._real = real
        self.written = 0

    @property
    def taken(self) -> int:
        """Bytes that the system took over, which it does as the other side makes room."""
        return self.written - self._real.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        self.written += len(data)
        self._real.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class _Connection(H11Protocol):
    """A connection that is cut when there is no progress, or when there are too many of them.

    uvicorn waits for ever for the first byte of a request, the last one, and a client that reads its answer. Here a
    request has to come, and its answer to begin, within the limit. An export may take longer than that: then in each
    such time the client must have taken all that there was for it, or _LEAST, so that reading a byte now and then
    holds nothing up.
    """

    limit = _PATIENCE
    _cut: asyncio.TimerHandle | None = None
    _sent: _Counted | None = None
    _before = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._sent = _Counted(transport)
        super().connection_made(self._sent)  # type: ignore[arg-type]  # it is one in all but its class
        if len(self.connections) > _MOST:
            transport.abort()
        else:
            self._wait()

    def on_response_complete(self) -> None:
        self._wait()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._cut is not None:
            self._cut.cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._cut is not None:
            self._cut.cancel()
        if self._sent is not None:
            self._before = self._sent.taken
        self._cut = self.loop.call_later(self.limit, self._look)

    def _look(self) -> None:
        """Cuts the connection, or gives it as long again."""
        if self._sent is None:
            return
        took = self._sent.taken - self._before
        if took >= _LEAST or (took > 0 and self._sent.taken == self._sent.written):
            self._wait()
        else:
            self.transport.abort()


async def _listener(host: str, port: int) -> socket.socket:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, _, _, _, address = min(found)  # IPv4 first, where a name stands for both
        both = family == socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
        listener = socket.create_server(address, family=family, backlog=128, dualstack_ipv6=both)
        # asyncio asks for it only where a socket names its protocol. Else the second part of each answer would wait for
        # the visitor's system to acknowledge the first, which it puts off by 40 ms (RFC 896 beside RFC 1122, 4.2.3.2).
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        why = error.strerror or str(error)
        raise OSError(f"the web pages cannot be served at {host}:{port} (web.bind in monitor.yaml): {why}") from error
