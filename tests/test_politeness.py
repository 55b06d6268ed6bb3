"""Turns at hosts."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest

from monitor.crawl.politeness import Hosts


async def test_one_at_a_time_and_visits_before_pages() -> None:
    hosts, order, inside = Hosts(timedelta(0)), list[str](), 0

    async def ask(name: str, *, first: bool) -> None:
        nonlocal inside
        async with hosts.turn("desk.test", first=first):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.001)
            inside -= 1
            order.append(name)

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(ask(f"page {number}", first=False))
        for number in range(2):
            group.create_task(ask(f"visit {number}", first=True))
    assert order == ["page 0", "visit 0", "visit 1", "page 1", "page 2"]
    assert len(hosts) == 0


async def hold(hosts: Hosts, entered: asyncio.Event, go: asyncio.Event) -> None:
    async with hosts.turn("desk.test"):
        entered.set()
        await go.wait()


async def ask(hosts: Hosts) -> str:
    async with hosts.turn("desk.test"):
        return "asked"


@pytest.mark.parametrize("handed", [False, True], ids=["while waiting", "when its turn has just come"])
async def test_whoever_gives_up_waiting_does_not_keep_the_turn(handed: bool) -> None:
    hosts, entered, go = Hosts(timedelta(0)), asyncio.Event(), asyncio.Event()
    holder = asyncio.create_task(hold(hosts, entered, go))
    await entered.wait()
    impatient, patient = asyncio.create_task(ask(hosts)), asyncio.create_task(ask(hosts))
    await asyncio.sleep(0)
    go.set()
    if handed:
        await asyncio.sleep(0)  # the turn is the impatient one's, which has not run yet
    impatient.cancel()
    assert await asyncio.wait_for(patient, 5) == "asked"
    await asyncio.wait({holder, impatient})
    assert impatient.cancelled()
    assert len(hosts) == 0


async def test_there_is_a_pause_between_two_requests() -> None:
    hosts, loop = Hosts(timedelta(seconds=0.05)), asyncio.get_running_loop()
    times = []
    for _ in range(3):
        async with hosts.turn("desk.test"):
            times.append(loop.time())
    assert min(b - a for a, b in pairwise(times)) >= 0.045
