"""What robots.txt allows: the rules of RFC 9309, files that are odd or hostile, and the gate before real pages."""

import asyncio
import gzip
import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from protego import Protego

from monitor.crawl import robots
from monitor.crawl.robots import File, NoFileError, Robots
from monitor.errors import PageError
from monitor.types import Page, Source, SourceState
from monitor.types import Robots as Choice
from tests.crawling import FEED, NOW, PAGE, XML, crawl, page, pages, source, task, visits
from tests.site import Answer, Site, Visitor, broken_off, drip, endless


class Server:
    """Answers for any number of origins, from what a test writes down, and counts how often it is asked."""

    def __init__(self, body: str | bytes = "", status: int = 200, **headers: str) -> None:
        self.body = body.encode() if isinstance(body, str) else body
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.gone = False
        self.asked: list[str] = []

    async def fetch(self, url: str) -> File:
        self.asked.append(url)
        await asyncio.sleep(0)
        if self.gone:
            raise NoFileError("no answer")
        return File(self.status, self.headers, self.body)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as made:
        made.put("/page", PAGE)
        yield made


async def allows(text: str | bytes, path: str, content_encoding: str = "") -> bool:
    server = Server(text, content_encoding=content_encoding)
    return (await Robots("Roxham", Clock()).verdict(f"https://site.test{path}", server.fetch)).allowed


def heeding(site: Site) -> Source:
    return source(site.url("/feed"), robots=Choice.PAGES)


# --- rules -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /private/", "/private/a", False),
        ("User-agent: *\nDisallow: /private/", "/a", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),  # the longest rule counts
        ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf", False),
        ("User-agent: *\nDisallow: /*?print=", "/a?print=1", False),
        ("User-agent: other\nDisallow: /", "/a", True),
        ("User-agent: Roxham\nDisallow: /", "/a", False),
        ("user-agent: ROXHAM # us\ndisallow: / # all of it", "/a", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: roxham\nDisallow: /b", "/a", True),  # our group, not that for all
        ("User-agent: a\nUser-agent: roxham\nUser-agent: b\nDisallow: /", "/a", False),  # one group for several
        (
            "User-agent: roxham\nDisallow: /a\nUser-agent: b\nDisallow: /c\nUser-agent: roxham\nDisallow: /d",
            "/d",
            False,
        ),
        ("User-agent: roxham\nDisallow: /a\nUser-agent: b\nDisallow: /c", "/c", True),
        ("User-agent: a\nSitemap: https://site.test/s\nUser-agent: roxham\nDisallow: /", "/a", False),
        ("User-agent: rox\nDisallow: /", "/a", True),
        ("User agent *\nDisallow /", "/a", False),  # seen in the wild
        ("\ufeffUser-agent: *\r\nDisallow: /", "/a", False),
        ("Disallow: /", "/a", True),  # a rule of no group
        ("User-agent: *\nDisallow: /d%C3%A9j%C3%A0", "/d%c3%a9j%c3%a0", False),
        ("<!doctype html><html><body>Not found: User-agent</body></html>", "/a", True),
    ],
)
async def test_the_rules_of_our_group_or_of_the_group_for_all_are_kept(text: str, path: str, allowed: bool) -> None:
    assert await allows(text, path) is allowed


@pytest.mark.parametrize("text", [b"\x00\xff\xfe" * 5000, b"\n" * 500_000, b"User-agent: *\n" * 30_000, b"*" * 500_000])
@pytest.mark.unmeasured
async def test_garbage_forbids_nothing_and_costs_little(text: bytes) -> None:
    started = time.process_time()
    assert await allows(text, "/a")
    assert time.process_time() - started < 1


def noted(text: str) -> int:
    return sum(len(group._rules) for group in Protego.parse(text)._user_agents.values())


@pytest.mark.unmeasured
async def test_many_agents_times_many_rules_are_not_noted_for_each_of_them() -> None:
    def flood(count: int) -> str:
        agents = "".join(f"User-agent: a{n}\n" for n in range(count))
        return agents + "Allow: /x\n" * count + "User-agent: *\nDisallow: /\n"

    assert noted(flood(300)) > 300**2  # what Protego alone makes of it: 17,000 squared would fill the memory
    assert noted(robots._concerning("Roxham", flood(300))) == 1
    started = time.process_time()
    assert not await allows(flood(17_000), "/a")
    assert time.process_time() - started < 1


async def test_a_packed_file_is_unpacked_and_never_beyond_the_limit() -> None:
    rules = b"User-agent: *\nDisallow: /"
    assert not await allows(gzip.compress(rules), "/a", content_encoding="gzip")
    bomb = rules + b"\n" + b" " * 50 * 2**20
    assert not await allows(gzip.compress(bomb), "/a", content_encoding="gzip")
    assert len(robots._unpacked(File(200, {"content-encoding": "gzip"}, gzip.compress(bomb)))) == robots.MAX_BYTES
    for strange in ("br", "gzip, gzip"):
        verdict = await Robots("Roxham", Clock()).verdict("https://a.test/", Server(content_encoding=strange).fetch)
        assert not verdict.allowed
    mislabelled = Server(b"not packed", content_encoding="gzip")
    verdict = await Robots("Roxham", Clock()).verdict("https://a.test/", mislabelled.fetch)
    assert verdict.reason == "robots.txt of a.test cannot be read (it cannot be unpacked): pages wait"


# --- the copy --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cache_control", "hours"),
    [
        ("", 24),
        ("max-age=7200", 2),
        ("public, max-age=60", 1),
        ("max-age=999999999", 24),
        ("no-cache", 1),
        ("no-store, max-age=7200", 1),
        ("max-age=soon", 24),
        ("s-maxage=7200", 24),
    ],
)
async def test_a_copy_is_used_for_an_hour_to_a_day(clock: Clock, cache_control: str, hours: int) -> None:
    gate, server = Robots("Roxham", clock), Server("User-agent: *\nDisallow: /a", cache_control=cache_control)
    for minutes in (0, hours * 60 - 1):
        clock.now = NOW + timedelta(minutes=minutes)
        await gate.verdict("https://site.test/", server.fetch)
    assert len(server.asked) == 1
    clock.now = NOW + timedelta(hours=hours)
    await gate.verdict("https://site.test/", server.fetch)
    assert server.asked == ["https://site.test/robots.txt"] * 2


async def test_an_origin_is_scheme_host_and_port(clock: Clock) -> None:
    gate, server = Robots("Roxham", clock), Server()
    for origin in ("https://a.test", "http://a.test", "https://b.test", "https://a.test:8443", "https://A.test"):
        await gate.verdict(f"{origin}/x", server.fetch)
    assert server.asked == [
        "https://a.test/robots.txt",
        "http://a.test/robots.txt",
        "https://b.test/robots.txt",
        "https://a.test:8443/robots.txt",
    ]


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 410, 451])
async def test_a_file_that_is_not_there_allows_everything(clock: Clock, status: int) -> None:
    verdict = await Robots("Roxham", clock).verdict(
        "https://a.test/", Server("User-agent: *\nDisallow: /", status=status).fetch
    )
    assert verdict.allowed


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_file_that_cannot_be_read_shuts_the_gate_for_a_while(clock: Clock, status: int) -> None:
    gate, server = Robots("Roxham", clock), Server(status=status)
    verdict = await gate.verdict("https://a.test/", server.fetch)
    assert verdict.reason == f"robots.txt of a.test cannot be read (HTTP {status}): pages wait"
    assert timedelta(minutes=10) <= verdict.wait <= timedelta(minutes=20)
    clock.now += timedelta(minutes=9)
    assert not (await gate.verdict("https://a.test/", server.fetch)).allowed
    assert len(server.asked) == 1
    clock.now += timedelta(minutes=11)
    server.status = 200
    assert (await gate.verdict("https://a.test/", server.fetch)).allowed


async def test_the_copy_fetched_before_stays_in_use_when_the_file_cannot_be_read(clock: Clock) -> None:
    gate, server = Robots("Roxham", clock), Server("User-agent: *\nDisallow: /a")
    await gate.verdict("https://a.test/", server.fetch)
    server.gone = True
    clock.now += timedelta(hours=25)
    assert (await gate.verdict("https://a.test/b", server.fetch)).allowed
    assert not (await gate.verdict("https://a.test/a", server.fetch)).allowed
    assert len(server.asked) == 2
    clock.now += timedelta(minutes=21)
    await gate.verdict("https://a.test/b", server.fetch)
    assert len(server.asked) == 3


async def test_all_wait_for_one_fetch_and_nobody_passes_meanwhile(clock: Clock) -> None:
    gate, server = Robots("Roxham", clock), Server("User-agent: *\nDisallow: /")
    verdicts = await asyncio.gather(*(gate.verdict(f"https://a.test/{n}", server.fetch) for n in range(50)))
    assert not any(verdict.allowed for verdict in verdicts)
    assert len(server.asked) == 1


async def test_when_the_one_who_fetches_is_stopped_the_next_one_fetches(clock: Clock) -> None:
    gate, server = Robots("Roxham", clock), Server("User-agent: *\nDisallow: /")
    never = asyncio.Event()

    async def stuck(url: str) -> File:
        await never.wait()
        raise AssertionError

    first = asyncio.create_task(gate.verdict("https://a.test/1", stuck))
    await asyncio.sleep(0)
    second = asyncio.create_task(gate.verdict("https://a.test/2", server.fetch))
    await asyncio.sleep(0)
    first.cancel()
    assert not (await asyncio.wait_for(second, 5)).allowed
    assert first.cancelled()
    assert gate._fetching == {}


async def test_origins_and_their_rules_are_forgotten_when_they_become_many(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(robots, "_MOST_ORIGINS", 10)
    gate = Robots("Roxham", clock)
    for number in range(30):
        await gate.verdict(f"https://{number}.test/", Server().fetch)
    assert len(gate) == 10
    monkeypatch.setattr(robots, "_MOST_TEXT", 10_000)
    large = Server("User-agent: *\n" + "Disallow: /a\n" * 300)
    for number in range(30):
        await gate.verdict(f"https://large{number}.test/", large.fetch)
    assert len(gate) == 2


# --- before real pages -----------------------------------------------------------------------------------------------


async def test_a_page_that_is_not_allowed_is_not_asked_for(site: Site) -> None:
    site.put("/robots.txt", "User-agent: Roxham\nDisallow: /pag", type="text/plain")
    site.put("/open", PAGE)
    using = crawl()
    read = await pages(using, *(task(site.url(path), n, heeding(site)) for n, path in enumerate(["/page", "/open"])))
    error = read[0]
    assert isinstance(error, PageError)
    assert error.reason == f"robots.txt of {site.authority} does not allow /page for Roxham"
    assert (error.temporary, error.retry_after) == (True, timedelta(hours=24))  # the rules may change
    assert isinstance(read[1], Page)
    assert [asked.path for asked in site.requests] == ["/robots.txt", "/open"]
    asked = site.requests[0].headers
    assert asked["user-agent"] == "Roxham/0.1 (+desk@example.org)"
    assert "cookie" not in asked
    assert "referer" not in asked


async def test_a_source_may_exempt_its_pages(site: Site) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /", type="text/plain")
    assert isinstance(await page(crawl(), site.url("/page"), of=source("http://a.test", robots=Choice.NONE)), Page)
    assert isinstance(await page(crawl(), site.url("/page"), of=source("http://a.test", robots=Choice.ALL)), PageError)
    assert len(site.asked("/robots.txt")) == 1


async def test_the_feed_of_an_operator_is_read_whatever_robots_txt_says(site: Site) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /", type="text/plain")
    site.put("/feed", FEED, type=XML)
    kept = await visits(crawl(), (source(site.url("/feed"), robots=Choice.PAGES), SourceState(source_id="news")))
    assert kept["news"].error is None
    assert site.asked("/robots.txt") == []


async def test_no_page_passes_while_the_file_is_on_its_way(site: Site) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /", type="text/plain", delay=0.2)
    read = await pages(crawl(), *(task(site.url("/page"), n, heeding(site)) for n in range(20)))
    assert all(isinstance(answer, PageError) for answer in read.values())
    assert [asked.path for asked in site.requests] == ["/robots.txt"]


async def test_the_file_is_shared_by_calls_and_crawls(site: Site) -> None:
    using = crawl()
    for _ in range(2):
        await asyncio.gather(*(pages(using, task(site.url("/page"), 1, heeding(site))) for _ in range(2)))
    assert len(site.asked("/robots.txt")) == 1
    assert len(site.asked("/page")) == 4


async def test_each_redirect_is_asked_for_too(site: Site) -> None:
    with Site() as elsewhere:
        elsewhere.put("/robots.txt", "User-agent: *\nDisallow: /secret", type="text/plain")
        elsewhere.put("/secret", PAGE)
        site.redirect("/away", elsewhere.url("/secret"))
        error = await page(crawl(), site.url("/away"), of=heeding(site))
        assert isinstance(error, PageError)
        assert error.reason == f"robots.txt of {elsewhere.authority} does not allow /secret for Roxham"
        assert elsewhere.asked("/secret") == []


@pytest.mark.parametrize("hops", [5, 6])
async def test_five_redirects_of_the_file_are_followed_more_count_as_no_file(site: Site, hops: int) -> None:
    with Site() as elsewhere:
        site.redirect("/robots.txt", elsewhere.url("/1"))
        for hop in range(1, hops):
            elsewhere.redirect(f"/{hop}", f"/{hop + 1}")
        elsewhere.put(f"/{hops}", "User-agent: *\nDisallow: /", type="text/plain")
        read = await page(crawl(), site.url("/page"), of=heeding(site))
        assert isinstance(read, PageError) is (hops == 5)


@pytest.mark.parametrize("there", ["http://10.0.0.1/robots.txt", "http://u:p@127.0.0.1/", "http://2130706433/"])
async def test_a_file_that_redirects_to_where_nobody_may_go_cannot_be_read(site: Site, there: str) -> None:
    site.redirect("/robots.txt", there)
    error = await page(crawl(), site.url("/page"), of=heeding(site))
    assert isinstance(error, PageError)
    assert error.reason.startswith(f"robots.txt of {site.authority} cannot be read (refused: ")
    assert error.temporary
    assert site.asked("/page") == []


async def test_a_refused_address_is_refused_before_its_file(site: Site) -> None:
    error = await page(crawl(allow_private=[]), site.url("/page"), of=heeding(site))
    assert isinstance(error, PageError)
    assert not error.temporary
    assert error.reason.startswith("refused: ")
    assert site.requests == []


@pytest.mark.parametrize(
    ("misbehaviour", "said"),
    [(drip, "no complete answer"), (broken_off(b"User-agent: *", "text/plain"), "broke off"), (None, "HTTP 503")],
)
async def test_pages_wait_while_the_file_cannot_be_read(site: Site, misbehaviour: object, said: str) -> None:
    site.answers["/robots.txt"] = misbehaviour or Answer(status=503)  # type: ignore[assignment]
    begun: list[int] = []
    kept: dict[int, Page | PageError] = {}

    async def begin(pending: object) -> None:
        begun.append(1)

    async def keep(pending: object, answer: Page | PageError) -> None:
        kept[len(kept)] = answer

    using = crawl(timeout=timedelta(seconds=0.4))
    await using.read([task(site.url("/page"), n, heeding(site)) for n in range(5)], begin, keep)
    assert len(kept) == 5
    for error in kept.values():
        assert isinstance(error, PageError)
        assert error.temporary
        assert error.retry_after is not None
        assert error.retry_after >= timedelta(minutes=10)
        assert said in error.reason
    assert begun == []
    assert [asked.path for asked in site.requests] == ["/robots.txt"]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_large_file_is_cut_not_refused(site: Site, announced: bool) -> None:
    body = b"User-agent: *\nDisallow: /page\n" + b"# no rule\n" * 10**6

    def send(visitor: Visitor) -> None:
        visitor.send_response(200)
        if announced:
            visitor.send_header("Content-Length", str(len(body)))
        visitor.end_headers()
        visitor.wfile.write(body)

    site.answers["/robots.txt"] = send
    error = await page(crawl(max_bytes=2**20), site.url("/page"), of=heeding(site))
    assert isinstance(error, PageError)
    assert "does not allow /page" in error.reason


async def test_an_endless_file_is_cut(site: Site) -> None:
    site.answers["/robots.txt"] = endless
    assert isinstance(await page(crawl(), site.url("/page"), of=heeding(site)), Page)


async def test_the_pause_between_two_requests_is_that_of_crawl_delay(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.put("/robots.txt", "User-agent: *\nCrawl-delay: 0.3", type="text/plain")
    await pages(crawl(), *(task(site.url("/page"), n, heeding(site)) for n in range(3)))
    times = [asked.at for asked in site.requests if asked.path == "/page"]
    assert min(b - a for a, b in itertools.pairwise(times)) >= 0.29


@pytest.mark.parametrize(("said", "pause"), [("10", 10), ("99999999", 30), ("-1", 0), ("nan", 0), ("1e999", 0)])
async def test_crawl_delay_has_a_limit(clock: Clock, said: str, pause: int) -> None:
    server = Server(f"User-agent: *\nCrawl-delay: {said}")
    assert (await Robots("Roxham", clock).verdict("https://a.test/", server.fetch)).pause == timedelta(seconds=pause)


async def test_a_crawl_can_be_stopped_while_the_file_is_on_its_way(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.crawl.PATIENCE", timedelta(seconds=0.1))
    asked, loop = asyncio.Event(), asyncio.get_running_loop()

    def arrive(visitor: Visitor) -> None:
        loop.call_soon_threadsafe(asked.set)
        drip(visitor)

    site.answers["/robots.txt"] = arrive
    using = crawl(timeout=timedelta(seconds=60))
    reading = asyncio.create_task(pages(using, *(task(site.url("/page"), n, heeding(site)) for n in range(3))))
    await asked.wait()
    await asyncio.wait_for(using.stop(), 3)
    assert await asyncio.wait_for(reading, 1) == {}


async def test_a_call_that_ends_does_not_wait_for_the_file_that_another_call_fetches(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.crawl.PATIENCE", timedelta(seconds=0.1))
    asked, loop = asyncio.Event(), asyncio.get_running_loop()

    def arrive(visitor: Visitor) -> None:
        loop.call_soon_threadsafe(asked.set)
        drip(visitor)

    async def full(*_: object) -> None:
        raise OSError(28, "the disk is full")

    site.answers["/robots.txt"] = arrive
    using = crawl(timeout=timedelta(seconds=60), allow_private=["127.0.0.0/8", "::1"])
    fetching = asyncio.create_task(pages(using, task(site.url("/page"), 1, heeding(site))))
    await asked.wait()
    elsewhere = task(f"http://localhost:{site.port}/page", 2)
    with pytest.raises(OSError, match="full"):
        await asyncio.wait_for(using.read([task(site.url("/page"), 1, heeding(site)), elsewhere], full, full), 3)
    assert not fetching.done()
    await using.stop()
    assert await asyncio.wait_for(fetching, 1) == {}
