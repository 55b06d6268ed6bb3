"""Turns at hosts, places, and servers that want to be left alone."""

import asyncio
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from monitor.crawl import politeness
from monitor.crawl.politeness import Hosts, Places, Rests
from monitor.errors import PageError
from monitor.types import Page, Pending, SourceState, Visit, VisitOutcome
from spiders.options import OPTIONS
from tests.crawling import FEED, NOW, PAGE, XML, crawl, errand, page, pages, source, task, visits
from tests.site import Site, drip


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as made:
        made.put("/page", PAGE)
        yield made


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


async def test_a_host_may_want_a_longer_pause_but_no_shorter_one() -> None:
    hosts, loop = Hosts(timedelta(seconds=0.05)), asyncio.get_running_loop()

    async def pauses(host: str, wanted: timedelta) -> float:
        times = []
        for _ in range(3):
            hosts.slow_down(host, wanted)
            async with hosts.turn(host):
                times.append(loop.time())
        return min(b - a for a, b in pairwise(times))

    assert await pauses("desk.test", timedelta(seconds=0.15)) >= 0.145
    assert 0.045 <= await pauses("desk.test", timedelta(0)) < 0.145  # it has changed its mind
    for number in range(2 * politeness._SLOW_HOSTS):
        hosts.slow_down(f"{number}.test", timedelta(seconds=1))
    assert len(hosts._slow) == politeness._SLOW_HOSTS


async def test_a_turn_that_is_refused_costs_the_next_one_no_pause() -> None:
    hosts, loop = Hosts(timedelta(seconds=0.2)), asyncio.get_running_loop()

    def refuse() -> None:
        raise LookupError

    async with hosts.turn("desk.test"):
        pass
    started = loop.time()
    for _ in range(20):
        with pytest.raises(LookupError):
            async with hosts.turn("desk.test", check=refuse):
                raise AssertionError
    assert loop.time() - started < 0.1
    async with hosts.turn("desk.test"):
        assert loop.time() - started >= 0.15  # the pause that was due stays due


# --- places ----------------------------------------------------------------------------------------------------------


async def test_slow_requests_make_room_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(politeness, "_BRISK", 0.02)
    places, go, inside = Places(2), asyncio.Event(), 0

    async def stay() -> None:
        nonlocal inside
        async with places.taken():
            inside += 1
            await go.wait()
            inside -= 1

    staying = [asyncio.create_task(stay()) for _ in range(30)]
    await asyncio.sleep(0)
    assert inside == 2
    await asyncio.sleep(0.5)
    assert inside == 2 + 2 * 8
    go.set()
    await asyncio.gather(*staying)
    await asyncio.sleep(0)
    again = [asyncio.create_task(stay()) for _ in range(3)]
    go.clear()
    await asyncio.sleep(0)
    assert inside == 2
    for waiting in again:
        waiting.cancel()
    await asyncio.wait(again)


@pytest.mark.parametrize("share", [8, 0], ids=["", "switched off"])
async def test_stuck_servers_do_not_hold_up_other_hosts(
    site: Site, monkeypatch: pytest.MonkeyPatch, share: int
) -> None:
    monkeypatch.setattr(politeness, "_BRISK", 0.05)
    monkeypatch.setattr(politeness, "_SLOW_SHARE", share)
    site.answers["/hang"] = drip
    site.put("/feed", FEED, type=XML)
    took: dict[str, float] = {}
    started = time.monotonic()

    async def keep(visit: Visit) -> None:
        took[visit.source_id] = time.monotonic() - started

    using = crawl(concurrency=1, timeout=timedelta(seconds=1), allow_private=["127.0.0.0/8", "::1"])
    good = errand(f"http://localhost:{site.port}/feed", "good")
    await using.visit([errand(site.url("/hang"), "stuck"), good], keep)
    assert took["stuck"] >= 1
    assert (took["good"] < 0.9) is (share > 0)


# --- servers that want to be left alone ------------------------------------------------------------------------------


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_retry_after_is_heeded_as_it_is() -> None:
    rests = Rests()
    rests.heard("a.test", 503, timedelta(hours=5), NOW)
    assert rests.until("a.test", NOW) == NOW + timedelta(hours=5)
    assert rests.until("a.test", NOW + timedelta(hours=5)) is None
    assert rests.until("b.test", NOW) is None


def test_without_retry_after_the_rest_doubles_and_a_good_answer_ends_it() -> None:
    rests, now, lengths = Rests(), NOW, []
    for _ in range(12):
        rests.heard("a.test", 429, None, now)
        until = rests.until("a.test", now)
        assert until is not None
        lengths.append((until - now).total_seconds())
        now = until
    expected = [min(30 * 2**n, 3600) for n in range(12)]
    assert all(0.75 * wanted <= length <= 1.25 * wanted for wanted, length in zip(expected, lengths, strict=True))
    rests.heard("a.test", 200, None, now)
    assert len(rests) == 0
    rests.heard("a.test", 429, None, now)
    assert rests.until("a.test", now + timedelta(seconds=40)) is None


def test_a_503_without_retry_after_counts_from_the_second_in_a_row() -> None:
    rests = Rests()
    rests.heard("a.test", 503, None, NOW)
    assert rests.until("a.test", NOW) is None
    rests.heard("a.test", 404, None, NOW)
    rests.heard("a.test", 503, None, NOW)
    assert rests.until("a.test", NOW) is None
    rests.heard("a.test", 503, None, NOW)
    assert rests.until("a.test", NOW) is not None


def test_what_was_put_off_together_does_not_come_back_together() -> None:
    rests = Rests()
    for number in range(50):
        rests.heard(f"{number}.test", 429, None, NOW)
    assert len({rests.until(f"{number}.test", NOW) for number in range(50)}) > 40


def test_servers_that_nobody_asks_any_more_are_forgotten() -> None:
    rests = Rests()
    for hours in range(200):
        rests.heard(f"{hours}.test", 429, None, NOW + timedelta(hours=hours))
    assert len(rests) < 5


@pytest.mark.parametrize("status", [429, 503])
async def test_a_server_that_asks_for_it_is_left_alone_by_all_calls(site: Site, status: int) -> None:
    now = NOW
    using = crawl(clock=lambda: now)
    site.put("/feed", b"", status=status, headers={"Retry-After": "120"})
    site.put("/other", FEED, type=XML)
    assert (await visits(using, errand(site.url("/feed"))))["news"].status == status
    begun: list[Pending] = []
    kept: list[Page | PageError] = []

    async def begin(pending: Pending) -> None:
        begun.append(pending)

    async def keep(pending: Pending, answer: Page | PageError) -> None:
        kept.append(answer)

    now = later(20)
    await using.read([task(site.url("/page"))], begin, keep)
    (error,) = kept
    assert isinstance(error, PageError)
    assert error.reason == f"{site.authority} asked to be left alone until 2026-11-21 18:02:00 UTC"
    assert (error.temporary, error.retry_after) == (True, timedelta(seconds=100))
    assert begun == []
    visit = (await visits(using, errand(site.url("/other"), "other")))["other"]
    assert (visit.outcome, visit.error) == (VisitOutcome.SKIPPED, error.reason)
    assert [asked.path for asked in site.requests] == ["/feed"]
    now = later(120)
    assert (await visits(using, errand(site.url("/other"), "other")))["other"].error is None
    assert isinstance(await page(using, site.url("/page")), Page)


async def test_those_who_already_wait_do_not_leave_either(site: Site) -> None:
    site.put("/busy", b"", status=429, headers={"Retry-After": "60"}, delay=0.2)
    using = crawl(delay=timedelta(seconds=5))
    started = time.monotonic()
    read, kept = await asyncio.gather(
        pages(using, *(task(site.url("/busy" if n == 0 else "/page"), n) for n in range(30))),
        visits(using, *(errand(site.url("/busy"), str(n)) for n in range(3))),
    )
    assert len(read) == 30
    assert len(kept) == 3
    assert [asked.path for asked in site.requests] == ["/busy"]
    assert time.monotonic() - started < 3


async def test_another_port_is_another_server(site: Site) -> None:
    with Site() as other:
        site.put("/busy", b"", status=429, headers={"Retry-After": "60"})
        other.put("/page", PAGE)
        using = crawl()
        await page(using, site.url("/busy"))
        assert isinstance(await page(using, other.url("/page")), Page)


async def test_one_broken_script_does_not_silence_its_server(site: Site) -> None:
    site.put("/broken", b"", status=503)
    read = await pages(crawl(), *(task(site.url(path), n) for n, path in enumerate(["/broken", "/page"] * 3)))
    assert [isinstance(read[n], Page) for n in range(6)] == [False, True] * 3
    site.requests.clear()
    read = await pages(crawl(), *(task(site.url("/broken"), n) for n in range(6)))
    assert len(site.requests) == 2


async def test_visits_that_need_further_answers_of_one_host_do_not_wait_for_each_other(site: Site) -> None:
    """Who has the host's turn waits until fewer answers are unread, and the unread ones wait for the host's turn."""
    errands = []
    for number in range(20):
        older = site.url(f"/older/{number}")
        next_page = f'<link rel="next" href="{older}" xmlns="http://www.w3.org/2005/Atom"/>'
        site.put(f"/feed/{number}", FEED.replace("<item>", next_page + "<item>", 1), type=XML)
        site.put(f"/older/{number}", FEED.replace("/1<", "/3<"), type=XML)
        options = OPTIONS["feed"].model_validate({"history": 2})
        one = source(site.url(f"/feed/{number}"), f"feed-{number}", options=options)
        errands.append((one, SourceState(source_id=one.id)))
    async with asyncio.timeout(10):
        done = await visits(crawl(), *errands)
    assert [(visit.error, len(visit.found)) for visit in done.values()] == [(None, 4)] * 20
