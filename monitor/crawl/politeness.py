"""How a host is treated: one request at a time, a pause between two, and peace for one that does not answer.

Scrapy keeps such limits for one crawl only, and crawls know nothing of each other; here they hold for all that run.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import takewhile
from time import monotonic

_OFTEN = 2  # time-outs in a row after which a host counts as silent


@dataclass(slots=True)
class _Gate:
    """One host while somebody wants something of it: the one inside, and those who wait."""

    taken: bool = False
    ahead: deque[asyncio.Future[None]] = field(default_factory=deque)
    behind: deque[asyncio.Future[None]] = field(default_factory=deque)

    async def enter(self, *, first: bool) -> None:
        """Waits for the turn; `first` goes before all who are not."""
        if not self.taken:
            self.taken = True
            return
        turn = asyncio.get_running_loop().create_future()
        (self.ahead if first else self.behind).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()  # the turn came together with the end: the next one has it
            raise

    def leave(self) -> None:
        """Gives the turn to the next who still waits."""
        for queue in (self.ahead, self.behind):
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self.taken = False


class Hosts:
    """Gives turns at hosts, visits before pages, else first come, first served; hosts nobody asks for are forgotten.

    Args:
        delay: from the end of one request to the beginning of the next to the same host.
    """

    def __init__(self, delay: timedelta) -> None:
        self._delay = delay.total_seconds()
        self._gates: dict[str, _Gate] = {}
        self._rested_at: dict[str, float] = {}  # when a host may be asked again (monotonic); soonest first

    @asynccontextmanager
    async def turn(self, host: str, *, first: bool = False) -> AsyncIterator[None]:
        """Waits until the host may be asked; nobody else has a turn there before the block ends.

        `first` goes before all who wait and are not: hundreds of pages must not keep a source from being visited.
        """
        gate = self._gates.setdefault(host, _Gate())
        try:
            await gate.enter(first=first)
        except BaseException:
            if not gate.taken:
                self._gates.pop(host, None)
            raise
        try:
            await asyncio.sleep(max(0.0, self._rested_at.get(host, 0.0) - monotonic()))
            try:
                yield
            finally:
                self._rested_at.pop(host, None)  # so that the order stays that of time
                self._rested_at[host] = monotonic() + self._delay
        finally:
            gate.leave()
            if not gate.taken:
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
