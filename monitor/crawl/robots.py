"""What robots.txt allows (RFC 9309): fetched once for each origin, kept for a day at most, shared by all crawls.

Protego reads the rules; this gate sees to it that nobody passes while they are fetched, that a file which cannot be
read shuts the gate for a while instead of opening it, and that no file, however large or odd, costs much.
"""

import asyncio
import random
import re
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from monitor.types import Clock

if TYPE_CHECKING:
    from protego import Protego

MAX_BYTES = 500 * 1024  # RFC 9309, 2.5: what is read at least; here also at most
LONGEST_PAUSE = timedelta(seconds=30)  # of those that a Crawl-delay asks for
_SHORTEST, _LONGEST = timedelta(hours=1), timedelta(hours=24)  # how long a copy is used; RFC 9309, 2.4: a day at most
_AGAIN = timedelta(minutes=15)  # after which an unreadable file is asked for again, a third more or less
_MOST_ORIGINS = 4096
_MOST_TEXT = 4 * 2**20  # characters of rules kept, of all origins together; read they take some twenty times as much
_LONG = 2**16  # characters of rules that are worth a thread
_USER_AGENT = re.compile(r"\s*user(?:-|\s+)?agent(?:\s*:|\s)\s*(\*|[A-Za-z_-]*)", re.IGNORECASE)
_SITE_WIDE = re.compile(r"\s*(?:site-?maps?|host)\s*:", re.IGNORECASE)
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_NO_COPY = re.compile(r"(?:^|[,\s])no-(?:store|cache)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class File:
    """What came when robots.txt was asked for, after redirects: the first MAX_BYTES of it, header names lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoFileError(Exception):
    """There was no answer; says why."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an address may be asked for; if not why, and how long it makes no sense to ask again."""

    allowed: bool
    reason: str | None = None
    wait: timedelta = timedelta(0)
    known: bool = True  # False: the file could not be read, so that nobody knows
    pause: timedelta = timedelta(0)  # what Crawl-delay asks for between two requests


@dataclass(frozen=True, slots=True)
class _Copy:
    """What is known of one origin's file."""

    until: datetime
    rules: "Protego | None" = None  # None: everything is allowed
    size: int = 0  # characters
    unreadable: str | None = None  # why: then nothing is allowed


class Robots:
    """The gate. `agent` is the product token that rules name (RFC 9309, 2.2.1), compared without case."""

    def __init__(self, agent: str, clock: Clock) -> None:
        self._agent = agent
        self._clock = clock
        self._copies: OrderedDict[str, _Copy] = OrderedDict()  # the one that was used last at the end
        self._size = 0
        self._fetching: dict[str, asyncio.Lock] = {}

    async def verdict(self, url: str, fetch: Callable[[str], Awaitable[File]]) -> Verdict:
        """Says whether an http(s) address may be asked for.

        Where no fresh copy of its origin's file is there, the first who asks awaits `fetch` with the address of the
        file, all others wait for that; where the first is cancelled the next one fetches. What `fetch` raises besides
        NoFileError is raised here, and nothing is remembered.

        A file that does not exist allows everything (4xx; RFC 9309, 2.3.1.3). Where it cannot be read (5xx, 429, no
        answer; 2.3.1.4) the copy fetched before stays in use, or else nothing is allowed; it is asked for again a
        quarter of an hour later.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc.lower()}"
        copy = self._fresh(origin)
        if copy is None:
            lock = self._fetching.setdefault(origin, asyncio.Lock())
            try:
                async with lock:
                    copy = self._fresh(origin)
                    if copy is None:
                        copy = await self._fetched(origin, fetch)
            finally:
                if not lock.locked():
                    self._fetching.pop(origin, None)
        host = parts.netloc
        if copy.unreadable is not None:
            wait = copy.until - self._clock()
            return Verdict(
                False, f"robots.txt of {host} cannot be read ({copy.unreadable}): pages wait", wait, known=False
            )
        if copy.rules is None:
            return Verdict(True)
        if copy.size > _LONG:
            allowed = await asyncio.to_thread(copy.rules.can_fetch, url, self._agent)
        else:
            allowed = copy.rules.can_fetch(url, self._agent)
        if not allowed:
            path = (parts.path or "/")[:200]
            wait = max(copy.until - self._clock(), timedelta(0))
            return Verdict(False, f"robots.txt of {host} does not allow {path} for {self._agent}", wait)
        pause = min(timedelta(seconds=min(copy.rules.crawl_delay(self._agent) or 0.0, 86400)), LONGEST_PAUSE)
        return Verdict(True, pause=pause)

    def __len__(self) -> int:
        """Returns of how many origins something is remembered."""
        return len(self._copies)

    def _fresh(self, origin: str) -> _Copy | None:
        copy = self._copies.get(origin)
        if copy is None or copy.until <= self._clock():
            return None
        self._copies.move_to_end(origin)
        return copy

    async def _fetched(self, origin: str, fetch: Callable[[str], Awaitable[File]]) -> _Copy:
        again = _AGAIN * random.uniform(2 / 3, 4 / 3)  # noqa: S311 - nobody gains by guessing it
        try:
            file = await fetch(f"{origin}/robots.txt")
            copy = await self._read(file)
        except NoFileError as error:
            now = self._clock()
            known = self._copies.get(origin)
            if known is not None and known.unreadable is None:
                copy = replace(known, until=now + again)
            else:
                copy = _Copy(now + again, unreadable=str(error))
        self._keep(origin, copy)
        return copy

    async def _read(self, file: File) -> _Copy:
        now = self._clock()
        if file.status == 429 or file.status >= 500:
            raise NoFileError(f"HTTP {file.status}")
        if not 200 <= file.status < 300:  # not there, or not to be found within the redirects that are followed
            return _Copy(now + _LONGEST)
        until = now + _lifetime(file.headers.get("cache-control", ""))
        text = _concerning(self._agent, _unpacked(file))
        if not text:
            return _Copy(until)
        from protego import Protego

        rules = await asyncio.to_thread(Protego.parse, text) if len(text) > _LONG else Protego.parse(text)
        return _Copy(until, rules, len(text))

    def _keep(self, origin: str, copy: _Copy) -> None:
        before = self._copies.pop(origin, None)
        self._size += copy.size - (before.size if before is not None else 0)
        self._copies[origin] = copy
        while len(self._copies) > 1 and (len(self._copies) > _MOST_ORIGINS or self._size > _MOST_TEXT):
            _, dropped = self._copies.popitem(last=False)
            self._size -= dropped.size


def _lifetime(cache_control: str) -> timedelta:
    if _NO_COPY.search(cache_control):
        return _SHORTEST
    age = _MAX_AGE.search(cache_control)
    return min(max(timedelta(seconds=int(age[1])), _SHORTEST), _LONGEST) if age else _LONGEST


def _unpacked(file: File) -> str:
    """Returns the text, of a packed file as much as MAX_BYTES hold.

    Raises:
        NoFileError: it is packed in a way that was not asked for, or broken.
    """
    packing = file.headers.get("content-encoding", "").strip().lower()
    body = file.body
    if packing in ("gzip", "x-gzip", "deflate"):
        try:
            body = zlib.decompressobj(wbits=47).decompress(body, MAX_BYTES)  # 32 + 15: either header, found out
        except zlib.error as error:
            raise NoFileError("it cannot be unpacked") from error
    elif packing not in ("", "identity"):
        raise NoFileError("it is packed in a way that was not asked for")
    return body.decode("utf-8-sig", "replace")


def _concerning(agent: str, text: str) -> str:
    """Returns the lines of the groups for `agent` and for all others, "" where there are none.

    A file of 500 KiB can hold 17,000 user agents followed by 30,000 rules, each of which a parser would note for each
    of them; and the groups for others are not worth keeping.
    """
    lines: list[str] = []
    ours = naming = False
    for raw in text.splitlines():
        line = raw.partition("#")[0].strip()
        if not line or _SITE_WIDE.match(line):
            continue
        named = _USER_AGENT.match(line)
        if named is None:
            naming = False
            if ours:
                lines.append(line)
            continue
        if not naming:
            ours, naming = False, True
        if named[1] == "*" or named[1].lower() == agent.lower():
            ours = True
            lines.append(f"User-agent: {named[1]}")
    return "\n".join(lines)
