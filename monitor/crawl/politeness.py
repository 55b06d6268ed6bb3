"""How a host is treated: one request at a time, a pause between two, peace for one that asks for it or is silent.

Scrapy keeps such limits for one crawl only, and crawls know nothing of each other; here they hold for all that run.
"""

import asyncio
import random
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile
from time import monotonic

_OFTEN = 2  # time-outs in a row after which a host counts as silent
_SLOW_HOSTS = 4096  # of which it is remembered that they want a longer pause
_FIRST_REST = timedelta(seconds=30)
_LONGEST_REST = timedelta(hours=1)  # of those that nobody asked for by Retry-After
_BRISK = 2.0  # seconds; a request that takes longer makes room for another
_SLOW_SHARE = 8  # slow requests that are borne with, for each place
_JITTER = 0.25  # so that what was put off together does not come back together


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
        self._rested_at: dict[str, float] = {}  # when a host may be asked again (monotonic); soonest first, mostly
        self._slow: OrderedDict[str, float] = OrderedDict()  # seconds between two requests, where a host wants more

    def keep_to(self, delay: timedelta) -> None:
        """Makes `delay` the pause of all hosts from now on, but for those that want a longer one."""
        self._delay = delay.total_seconds()
        for host in [host for host, wanted in self._slow.items() if wanted <= self._delay]:
            del self._slow[host]

    def slow_down(self, host: str, delay: timedelta) -> None:
        """Makes the pause at a host `delay` from now on, if that is longer than the delay of all."""
        self._slow.pop(host, None)
        if delay.total_seconds() > self._delay:
            self._slow[host] = delay.total_seconds()
            if len(self._slow) > _SLOW_HOSTS:
                self._slow.popitem(last=False)

    @asynccontextmanager
    async def turn(
        self, host: str, *, first: bool = False, check: Callable[[], None] | None = None
    ) -> AsyncIterator[None]:
        """Waits until the host may be asked; nobody else has a turn there before the block ends.

        `first` goes before all who wait and are not: hundreds of pages must not keep a source from being visited.
        `check` is called when the turn has come and before the pause: what it raises ends the turn, which then counts
        for nothing, so that a host that wants peace is not waited for by all who stand in the queue.
        """
        gate = self._gates.setdefault(host, _Gate())
        try:
            await gate.enter(first=first)
        except BaseException:
            if not gate.taken:
                self._gates.pop(host, None)
            raise
        try:
            if check is not None:
                check()
            await asyncio.sleep(max(0.0, self._rested_at.get(host, 0.0) - monotonic()))
            try:
                yield
            finally:
                self._rested_at.pop(host, None)  # so that the order stays that of time
                self._rested_at[host] = monotonic() + self._slow.get(host, self._delay)
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


class Places:
    """Bounds how many requests of one call are under way at one time.

    A request that takes longer than two seconds makes room for another, up to eight times as many: servers that are
    stuck must not hold up those of other hosts.

    Args:
        count: of brisk requests.
    """

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)
        self._bearable = count * _SLOW_SHARE

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Waits for a place and holds it, unless it takes long."""
        await self._free.acquire()
        slow = False

        def make_room() -> None:
            nonlocal slow
            if self._bearable > 0:
                self._bearable -= 1
                slow = True
                self._free.release()

        timer = asyncio.get_running_loop().call_later(_BRISK, make_room)
        try:
            yield
        finally:
            timer.cancel()
            if slow:
                self._bearable += 1
            else:
                self._free.release()


@dataclass(frozen=True, slots=True)
class _Rest:
    """What a server brought upon itself: peace until then, after so many refusals in a row."""

    until: datetime
    refusals: int


class Rests:
    """Knows the servers that answered 429 or 503, and how long they are left alone.

    With Retry-After that long (RFC 9110, 10.2.3). Without it half a minute, doubled with each refusal in a row, up to
    an hour, each a quarter more or less; a 503 without Retry-After counts from the second in a row, because one broken
    script says the same as a server that has too much to do. Any other answer ends it all.
    """

    def __init__(self) -> None:
        self._rests: dict[str, _Rest] = {}

    def until(self, server: str, now: datetime) -> datetime | None:
        """Returns the moment until which a server is left alone; None where it may be asked."""
        rest = self._rests.get(server)
        return rest.until if rest is not None and rest.until > now else None

    def heard(self, server: str, status: int, asked: timedelta | None, now: datetime) -> None:
        """Notes the status of an answer, and the wait that came with it."""
        if status not in (429, 503):
            self._rests.pop(server, None)
            return
        known = self._rests.get(server)
        refusals = 1 if known is None else known.refusals + 1
        if asked is None:
            asked = timedelta(0) if status == 503 and refusals == 1 else _back_off(refusals)
        self._forget(now)
        self._rests[server] = _Rest(now + asked, refusals)

    def __len__(self) -> int:
        """Returns how many servers are remembered."""
        return len(self._rests)

    def _forget(self, now: datetime) -> None:
        for server in [server for server, rest in self._rests.items() if rest.until + 2 * _LONGEST_REST < now]:
            del self._rests[server]


def _back_off(refusals: int) -> timedelta:
    longest: timedelta = min(_FIRST_REST * 2 ** min(refusals - 1, 10), _LONGEST_REST)
    return longest * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - nobody gains by guessing it
