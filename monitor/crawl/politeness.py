"""How a host is treated: one request at a time, a pause between two, and peace for one that does not answer.

Scrapy keeps such limits for one crawl only, and crawls know nothing of each other; here they hold for all that run.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import takewhile
from time import monotonic

_OFTEN = 2  # time-outs in a row after which a host counts as silent


@dataclass(slots=True)
class _Gate:
    """One host while somebody wants something of it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0  # the one inside and those who wait


class Hosts:
    """Gives turns at hosts, first come, first served; hosts that nobody asks any more are forgotten.

    Args:
        delay: from the end of one request to the beginning of the next to the same host.
    """

    def __init__(self, delay: timedelta) -> None:
        self._delay = delay.total_seconds()
        self._gates: dict[str, _Gate] = {}
        self._rested_at: dict[str, float] = {}  # when a host may be asked again (monotonic); soonest first

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Waits until the host may be asked; nobody else has a turn there before the block ends."""
        gate = self._gates.setdefault(host, _Gate())
        gate.users += 1
        try:
            async with gate.lock:
                await asyncio.sleep(max(0.0, self._rested_at.get(host, 0.0) - monotonic()))
                try:
                    yield
                finally:
                    self._rested_at.pop(host, None)  # so that the order stays that of time
                    self._rested_at[host] = monotonic() + self._delay
        finally:
            gate.users -= 1
            if not gate.users:
                del self._gates[host]
            self._forget()

    def __len__(self) -> int:
        """Returns how many hosts are remembered."""
        return len(self._gates.keys() | self._rested_at.keys())

    def _forget(self) -> None:
        now = monotonic()
        rested = takewhile(lambda host: self._rested_at[host] <= now, self._rested_at)
        for host in tuple(rested):
            del self._rested_at[host]


class Silence:
    """Knows the hosts of one call that gave no answer twice in a row: each would cost a time-out for every request."""

    def __init__(self) -> None:
        self._unanswered: dict[str, int] = {}

    def __contains__(self, host: str) -> bool:
        return self._unanswered.get(host, 0) >= _OFTEN

    def broken(self, host: str) -> None:
        """Notes an answer, whatever it says."""
        self._unanswered.pop(host, None)

    def kept(self, host: str) -> None:
        """Notes a request that timed out."""
        self._unanswered[host] = self._unanswered.get(host, 0) + 1
