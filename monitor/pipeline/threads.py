"""The two threads beside the event loop: one reads pages (CPU), the other talks to the archive."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """Runs work away from the event loop, in order: one thread for extraction, one for the archive."""

    def __init__(self) -> None:
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="extract")
        self._archive = ThreadPoolExecutor(1, thread_name_prefix="archive")

    async def read(self, work: Callable[[], T]) -> T:
        """Runs what needs the processor."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, work)

    async def archive(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a method of the archive."""
        return await asyncio.get_running_loop().run_in_executor(self._archive, lambda: work(*args, **kwargs))

    def close(self) -> None:
        """Ends both threads when their work is done."""
        self._reader.shutdown()
        self._archive.shutdown()
