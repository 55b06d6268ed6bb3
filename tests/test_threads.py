"""The threads beside the event loop."""

import asyncio
import threading

from monitor.pipeline import Threads


async def test_threads_know_that_a_page_is_being_read_and_do_not_wait_for_it() -> None:
    threads, begun, end = Threads(), threading.Event(), threading.Event()

    def read() -> bool:
        begun.set()
        return end.wait(30)

    reading = asyncio.create_task(threads.read(read))
    await asyncio.to_thread(begun.wait, 10)
    assert threads.busy
    threads.close()  # returns although the page is not done
    assert not end.is_set()
    end.set()
    assert await reading is True
    assert not threads.busy


async def test_the_loops_own_threads_are_counted_too() -> None:
    threads, begun, end = Threads(), threading.Event(), threading.Event()
    threads.serve(asyncio.get_running_loop())

    def parse() -> bool:
        begun.set()
        return end.wait(30)

    parsing = asyncio.create_task(asyncio.to_thread(parse))
    await asyncio.to_thread(begun.wait, 10)
    assert threads.busy
    end.set()
    assert await parsing
    threads.close()


async def test_archive_calls_run_in_order_in_one_thread() -> None:
    threads = Threads()
    names = await asyncio.gather(
        *(threads.archive(lambda n: (n, threading.current_thread().name), n) for n in range(5))
    )
    assert [number for number, _ in names] == list(range(5))
    assert len({name for _, name in names}) == 1
    threads.close()
