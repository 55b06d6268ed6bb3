"""Pure, but for what it remembers: how often somebody may ask, and how long who guesses passwords has to wait."""

import math
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_MOST = 10_000  # of whom anything is remembered; who was seen longest ago is forgotten first


class _Recent(Generic[K, V]):
    """Remembers something of whoever was seen last."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._of: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        return self._of.get(key)

    def put(self, key: K, value: V) -> None:
        self._of[key] = value
        self._of.move_to_end(key)
        while len(self._of) > self._most:
            self._of.popitem(last=False)

    def drop(self, key: K) -> None:
        self._of.pop(key, None)

    def __len__(self) -> int:
        return len(self._of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How often: `burst` times at once, and `every` second so many more."""

    burst: float
    every: float


class Buckets:
    """A token bucket for each visitor."""

    def __init__(self, most: int = _MOST) -> None:
        self._left: _Recent[Hashable, tuple[float, datetime]] = _Recent(most)

    def take(self, who: Hashable, rate: Rate, now: datetime) -> int:
        """Returns 0 where who asks may, else in how many whole seconds they may. A clock put back costs nobody."""
        left, at = self._left.get(who) or (rate.burst, now)
        left = min(rate.burst, left + max(0.0, (now - at).total_seconds()) * rate.every)
        if left < 1:
            self._left.put(who, (left, now))
            return max(1, math.ceil((1 - left) / rate.every))
        self._left.put(who, (left - 1, now))
        return 0

    def __len__(self) -> int:
        return len(self._left)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """After `free` wrong tries each takes a pause: a second, then twice as long each time, `most` at last."""

    free: int
    most: timedelta

    def pause(self, tries: int) -> timedelta:
        """Returns the pause after so many tries."""
        if tries < self.free:
            return timedelta(0)
        return min(timedelta(seconds=2 ** min(tries - self.free, 30)), self.most)


_FORGIVEN = timedelta(hours=1)
"""After which time without a try all is forgotten."""
OF_A_NAME = Patience(free=5, most=timedelta(minutes=1))
"""Short at most: whoever knows a colleague's name could else keep them out. It is 1,440 guesses a day."""
OF_AN_ADDRESS = Patience(free=20, most=timedelta(minutes=15))
"""An office has one address, so more of its tries are free; who guesses many names pays for all of them."""


class Tries:
    """Counts wrong tries to sign in, by name and by address.

    A try counts when it begins, so that many at once are no way around; one that succeeds is taken back.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._of: _Recent[tuple[str, str], tuple[int, datetime]] = _Recent(most)

    def wait(self, name: str, address: str, now: datetime) -> int:
        """Returns in how many whole seconds a try would be taken, 0: now."""
        return max(self._wait(key, patience, now) for key, patience in _kinds(name, address))

    def begin(self, name: str, address: str, now: datetime) -> None:
        """Counts a try."""
        for key, _ in _kinds(name, address):
            self._of.put(key, (self._tries(key, now) + 1, now))

    def forgive(self, name: str, address: str, now: datetime) -> None:
        """Takes a try back that succeeded, and all of that name: whoever it was, they know the password.

        Others' tries from that address stay: else somebody with a password could guess those of others in between.
        """
        by_name, by_address = (key for key, _ in _kinds(name, address))
        self._of.drop(by_name)
        tries = self._tries(by_address, now) - 1
        if tries > 0:
            self._of.put(by_address, (tries, now))
        else:
            self._of.drop(by_address)

    def __len__(self) -> int:
        return len(self._of)

    def _tries(self, key: tuple[str, str], now: datetime) -> int:
        tries, at = self._of.get(key) or (0, now)
        return tries if now - at < _FORGIVEN else 0

    def _wait(self, key: tuple[str, str], patience: Patience, now: datetime) -> int:
        _, at = self._of.get(key) or (0, now)
        left = patience.pause(self._tries(key, now)) - max(timedelta(0), now - at)
        return max(0, math.ceil(left.total_seconds()))


def _kinds(name: str, address: str) -> tuple[tuple[tuple[str, str], Patience], ...]:
    return (("name", name), OF_A_NAME), (("address", address), OF_AN_ADDRESS)
