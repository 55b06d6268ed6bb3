"""The threads beside the event loop: one reads pages (CPU), one talks to the archive, a few do what libraries need."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


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


class Threads:
    """Runs work away from the event loop, in order: one thread for extraction, one for the archive."""

    def __init__(self) -> None:
        self._reader = _Counted(1, thread_name_prefix="extract")
        self._archive = ThreadPoolExecutor(1, thread_name_prefix="archive")
        self._others = _Counted(4, thread_name_prefix="other")

    def serve(self, loop: asyncio.AbstractEventLoop) -> None:
        """Takes over what the loop does in threads by itself: feeds taken apart, names of hosts looked up."""
        loop.set_default_executor(self._others)

    async def read(self, work: Callable[[], T]) -> T:
        """Runs what needs the processor."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, work)

    async def archive(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a method of the archive."""
        return await asyncio.get_running_loop().run_in_executor(self._archive, lambda: work(*args, **kwargs))

    @property
    def busy(self) -> bool:
        """Whether a page or a feed is being taken apart."""
        return bool(self._reader.at_work or self._others.at_work)

    def close(self) -> None:
        """Ends the archive's thread when its work is done, and the others without waiting for theirs."""
        self._reader.shutdown(wait=False, cancel_futures=True)
        self._others.shutdown(wait=False, cancel_futures=True)
        self._archive.shutdown()
