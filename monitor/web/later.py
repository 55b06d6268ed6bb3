"""The pages, made when somebody first asks: loading all that they stand on takes a second, and news comes first."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class Later:
    """An application that `make` makes at the first request, in a thread; later requests wait for it."""

    def __init__(self, make: "Callable[[], ASGIApp]") -> None:
        self._make = make
        self._made: ASGIApp | None = None
        self._lock = asyncio.Lock()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        async with self._lock:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make)
        await self._made(scope, receive, send)
