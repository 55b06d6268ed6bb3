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


async def test_what_fails_in_the_archives_thread_fails_for_its_caller_only() -> None:
    threads, begun, end = Threads(), threading.Event(), threading.Event()

    def first() -> bool:
        begun.set()
        return end.wait(30)

    def wrong() -> None:
        raise ValueError("a defect")

    done: list[str] = []
    holding = asyncio.create_task(threads.archive(first))
    await asyncio.to_thread(begun.wait, 10)
    failing = asyncio.create_task(threads.archive(wrong))
    dropped = asyncio.create_task(threads.archive(done.append, "dropped"))
    wanted = asyncio.create_task(threads.archive(done.append, "wanted"))
    await asyncio.sleep(0)
    dropped.cancel()
    await asyncio.sleep(0)
    end.set()
    results = await asyncio.gather(holding, failing, dropped, wanted, return_exceptions=True)
    assert results[0] is True
    assert isinstance(results[1], ValueError)
    assert isinstance(results[2], asyncio.CancelledError)
    assert done == ["wanted"]  # what nobody waits for any more had not begun
    threads.close()


async def test_what_the_archive_was_asked_for_is_done_before_the_threads_end() -> None:
    threads = Threads()
    done: list[int] = []
    asked = [asyncio.ensure_future(threads.archive(done.append, number)) for number in range(100)]
    await asyncio.sleep(0)
    threads.close()
    assert done == list(range(100))
    await asyncio.gather(*asked)
