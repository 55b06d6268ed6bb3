"""Goes out and fetches: sources in (`visit`), visits out; pending items in (`read`), pages out.

Scrapy does the fetching, one crawl for each kind of source, in the loop of the caller. What comes back is a value in
every case: a source or a page that fails is a Visit or a PageError with its reason. Only two things are raised: what
the callers' own callbacks raise (a full disk must not look like a quiet day), and a spider that cannot be loaded.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from monitor.crawl import egress, profile
from monitor.crawl.politeness import Hosts, Rests
from monitor.crawl.robots import Robots
from monitor.errors import PageError
from monitor.types import Clock, Page, Pending, Source, SourceState, Visit, VisitOutcome

if TYPE_CHECKING:
    import ssl

    from scrapy.crawler import AsyncCrawlerRunner

    from monitor.crawl.leash import Leash, Manners

PATIENCE = timedelta(seconds=5)
_ARTICLE = "article"  # the spider that reads pages; it finds nothing
_T = TypeVar("_T")


class StoppedError(PageError):
    """The crawl was stopped while the page was under way: nothing is known of the page."""

    def __init__(self) -> None:
        super().__init__("stopped before the page had come", temporary=True)


class Crawl:
    """Visits sources and reads pages, politely: one request per host at a time, `delay` between two.

    Visits and reads may run at the same time; they take turns at a host. Of a host that
    gave no answer twice in a row no page is asked for the rest of the call: it fails at once, as trouble that passes;
    its sources are still visited, with less patience. A server that answered 429 or 503 is asked for nothing, for as
    long as it said or longer each time, by every call.
    Pages, and what else a spider marks so, are read only where robots.txt allows it.

    Args:
        user_agent: sent with each request, as it is; its first word, up to a slash, is the name that robots.txt knows.
        clock: gives the times of visits and pages.
        delay: from the end of one request to a host to the beginning of the next.
        timeout: for one thing that is fetched, from looking the host up to the last byte, over all its redirects;
            waiting for a turn is not counted.
        max_bytes: of one answer, packed and unpacked.
        allow_private: networks inside that may be connected to (see `egress.rules`).
        concurrency: requests of one call under way at one time; slow ones are not counted (`politeness.Places`).
        after: a crawl that this one takes over from. Both keep to one turn at each host, with the delay of this one,
            and know the same of robots.txt and of servers that want peace. Calls of the other end as they began;
            `stop` of either ends them all.

    Raises:
        ValueError: an entry of `allow_private` cannot be read.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        clock: Clock,
        delay: timedelta,
        timeout: timedelta = timedelta(seconds=30),
        max_bytes: int = 16 * 2**20,
        allow_private: Sequence[str] = (),
        concurrency: int = 16,
        after: "Crawl | None" = None,
    ) -> None:
        egress.rules(allow_private)
        self._clock = clock
        self._concurrency = concurrency
        self._product = re.split(r"[/\s]", user_agent, maxsplit=1)[0]
        self._hosts, self._robots, self._rests = Hosts(delay), Robots(self._product, clock), Rests()
        self._leashes: set[Leash] = set()
        self._stopping = asyncio.Event()
        self._settings = profile.settings(
            user_agent=user_agent,
            timeout=timeout,
            max_bytes=max_bytes,
            allow_private=allow_private,
        )
        self._made: tuple[AsyncCrawlerRunner, ssl.SSLContext, Manners] | None = None
        if after is not None:
            self._take_over(after, delay)

    def _take_over(self, other: "Crawl", delay: timedelta) -> None:
        self._hosts, self._rests = other._hosts, other._rests
        self._leashes, self._stopping = other._leashes, other._stopping
        self._hosts.keep_to(delay)
        if other._product == self._product:  # else other rules of the same files concern us
            self._robots = other._robots

    async def visit(
        self, errands: Sequence[tuple[Source, SourceState]], keep: Callable[[Visit], Awaitable[None]]
    ) -> None:
        """Visits each source once; `keep` gets one visit for each, in the order in which the answers come.

        Sources whose last visit failed come after the others of their host.

        When stopped, sources without an answer are not kept. Source ids must differ.

        Raises:
            KeyError: no spider has the name of a source's kind.
            Exception: what `keep` raised; the crawl has ended then.
        """
        if self._stopping.is_set() or not errands:
            return
        leash = self._leash()
        waiting = {source.id: source for source, _ in errands}

        async def kept(visit: Visit) -> None:
            if leash.error is None and waiting.pop(visit.source_id, None) is not None:
                try:
                    await keep(visit)
                except Exception as error:  # noqa: BLE001 - raised again by `walk`
                    leash.end(error)

        kinds: dict[str, list[tuple[Source, SourceState]]] = {}
        trusted_first = sorted(errands, key=lambda errand: errand[1].failures > 0)
        for source, state in _by_turns(trusted_first, lambda errand: errand[0].url):
            kinds.setdefault(source.kind, []).append((source, state))
        if _ARTICLE in kinds:
            raise KeyError(f"Spider not found: {_ARTICLE} is no kind of source")
        await self._walk(
            leash, {kind: {"errands": group, "keep": kept, "clock": self._clock} for kind, group in kinds.items()}
        )
        if not self._stopping.is_set():
            for source_id in tuple(waiting):  # nothing is lost, whatever Scrapy did with the request
                now = self._clock()
                await keep(
                    Visit(
                        source_id=source_id,
                        started_at=now,
                        finished_at=now,
                        outcome=VisitOutcome.FAILED,
                        error="the crawl ended without an answer",
                    )
                )

    async def read(
        self,
        tasks: Sequence[tuple[Pending, Source]],
        begin: Callable[[Pending], Awaitable[None]],
        keep: Callable[[Pending, Page | PageError], Awaitable[None]],
    ) -> None:
        """Reads the page of each item: `begin` once, right before its first request leaves, then `keep` once.

        An item that cannot be asked for (no address, a strange scheme, a silent host, a server that wants to be left
        alone, what robots.txt does not allow) is kept without `begin`. When stopped, items that had not begun are not
        kept; what was dropped in flight is kept as `StoppedError`.

        Raises:
            Exception: what `begin` or `keep` raised; the crawl has ended then.
        """
        if self._stopping.is_set() or not tasks:
            return
        leash = self._leash()
        waiting = {pending.item_id: pending for pending, _ in tasks}
        begun: set[int] = set()

        async def beginning(pending: Pending) -> None:
            begun.add(pending.item_id)
            try:
                await begin(pending)
            except Exception as error:
                leash.end(error)
                raise

        async def kept(pending: Pending, page: Page | PageError) -> None:
            if leash.error is None and waiting.pop(pending.item_id, None) is not None:
                try:
                    await keep(pending, page)
                except Exception as error:  # noqa: BLE001 - raised again by `walk`
                    leash.end(error)

        sound = []
        for pending, source in tasks:
            problem = egress.odd(pending.found.url or "")  # as it came: Scrapy mends what it can
            if problem is None:
                sound.append((pending, source))
            else:
                await kept(pending, PageError(problem, temporary=False))
        turns = _by_turns(sound, lambda task: task[0].found.url or "")
        await self._walk(leash, {_ARTICLE: {"tasks": turns, "begin": beginning, "keep": kept, "clock": self._clock}})
        for pending in tuple(waiting.values()):
            if not self._stopping.is_set():
                await keep(pending, PageError("the crawl ended without an answer", temporary=True))
            elif pending.item_id in begun:
                await keep(pending, StoppedError())

    async def stop(self) -> None:
        """Ends what runs, for good: what is in flight has five seconds to arrive; `visit` and `read` return."""
        self._stopping.set()
        await asyncio.gather(*(leash.stop(PATIENCE) for leash in tuple(self._leashes)))

    def _leash(self) -> "Leash":
        from monitor.crawl.leash import Leash, Manners  # Scrapy takes half a second to import

        if self._made is None:
            from scrapy.crawler import AsyncCrawlerRunner
            from scrapy.utils.ssl import _make_ssl_context

            logging.getLogger("scrapy").setLevel(logging.WARNING)
            # what it warns of becomes an error that the visit says (download.py, Decompression)
            logging.getLogger("scrapy.downloadermiddlewares.httpcompression").setLevel(logging.ERROR)
            runner = AsyncCrawlerRunner(self._settings)
            manners = Manners(self._clock, self._hosts, self._robots, self._rests)
            self._made = runner, _make_ssl_context(runner.settings), manners
        return Leash(*self._made, self._concurrency)

    async def _walk(self, leash: "Leash", spiders: dict[str, dict[str, object]]) -> None:
        if self._stopping.is_set():
            return  # `stop` came after the leash was made, and knew nothing of it
        self._leashes.add(leash)
        try:
            await leash.walk(spiders)
        finally:
            self._leashes.discard(leash)


def _by_turns(things: Iterable[_T], url: Callable[[_T], str]) -> list[_T]:
    """Returns the things so that hosts take turns: those of one host must wait for each other and would hold up all."""
    rounds: dict[int, list[_T]] = {}
    seen: dict[str, int] = {}
    for thing in things:
        host = url(thing).partition("://")[2].partition("/")[0]
        turn = seen[host] = seen.get(host, -1) + 1
        rounds.setdefault(turn, []).append(thing)
    return [thing for turn in sorted(rounds) for thing in rounds[turn]]
