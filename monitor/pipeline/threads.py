"""The threads beside the event loop: one reads pages (CPU), one talks to the archive, a few do what libraries need."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_AT_ONCE = 16  # pieces of work for the archive between two answers


class _Counted(ThreadPoolExecutor):
    """An executor that knows whether it is at work: nobody can stop a thread from outside."""

    at_work = 0

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return super().submit(self._do, work, *args, **kwargs)

    def _do(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self.at_work += 1
        try:
            return work(*args, **kwargs)
        finally:
            self.at_work -= 1


@dataclass(slots=True)
class _Order:
    """Work for the archive, and who waits for it."""

    work: Callable[[], Any]
    answer: "asyncio.Future[Any]"
    result: Any = None
    error: BaseException | None = None


class _Queue:
    """One thread that does what is waiting in one go, and tells of it in one go.

    A visit that found all unchanged takes 50 µs to keep and as long to hand over and back: under load many are handed
    over together, alone each goes at once.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="archive")
        self._waiting: deque[_Order] = deque()
        self._lock = threading.Lock()
        self._at_work = False

    async def do(self, work: Callable[[], T]) -> T:
        """Returns what the work returned, when it is done; raises what it raised."""
        loop = asyncio.get_running_loop()
        order = _Order(work, loop.create_future())
        with self._lock:
            self._waiting.append(order)
            idle, self._at_work = not self._at_work, True
        if idle:
            self._thread.submit(self._serve, loop)
        result: T = await order.answer
        return result

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            with self._lock:
                orders = [self._waiting.popleft() for _ in range(min(len(self._waiting), _AT_ONCE))]
                if not orders:
                    self._at_work = False
                    return
            for order in orders:
                if order.answer.cancelled():
                    continue
                try:
                    order.result = order.work()
                except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
                    order.error = error
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_settle, orders)

    def close(self) -> None:
        """Waits for what was asked for."""
        self._thread.shutdown()


def _settle(orders: list[_Order]) -> None:
    for order in orders:
        if order.answer.done():
            continue
        if order.error is None:
            order.answer.set_result(order.result)
        else:
            order.answer.set_exception(order.error)


class Threads:
    """Runs work away from the event loop, in order: one thread for extraction, one for the archive."""

    def __init__(self) -> None:
        self._reader = _Counted(1, thread_name_prefix="extract")
        self._archive = _Queue()
        self._others = _Counted(4, thread_name_prefix="other")

    def serve(self, loop: asyncio.AbstractEventLoop) -> None:
        """Takes over what the loop does in threads by itself: feeds taken apart, names of hosts looked up."""
        loop.set_default_executor(self._others)

    async def read(self, work: Callable[[], T]) -> T:
        """Runs what needs the processor."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, work)

    async def archive(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a method of the archive."""
        return await self._archive.do(lambda: work(*args, **kwargs))

    @property
    def busy(self) -> bool:
        """Whether a page or a feed is being taken apart."""
        return bool(self._reader.at_work or self._others.at_work)

    def close(self) -> None:
        """Ends the archive's thread when its work is done, and the others without waiting for theirs."""
        self._reader.shutdown(wait=False, cancel_futures=True)
        self._others.shutdown(wait=False, cancel_futures=True)
        self._archive.close()
