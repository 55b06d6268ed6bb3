"""The crawl against a real site on loopback: visits, pages, refusals, and what happens when all goes wrong."""

import asyncio
import gzip
import itertools
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from scrapy.http import Response

from monitor.crawl import StoppedError
from monitor.crawl.egress import allowed, rules
from monitor.crawl.politeness import Hosts
from monitor.errors import PageError
from monitor.types import Credentials, Found, Page, Pending, SourceState, Visit, VisitOutcome
from spiders.feed import FeedSpider
from tests.crawling import FEED, NOW, PAGE, XML, crawl, errand, page, pages, source, task, visits
from tests.site import Answer, Site, Visitor, broken_off, drip, endless, huge, reset


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as made:
        yield made


# --- visits ----------------------------------------------------------------------------------------------------------


async def test_a_changed_feed_brings_its_items_and_validators(site: Site) -> None:
    site.put("/feed", FEED, type=XML, headers={"ETag": '"1"', "Last-Modified": "Sat, 21 Nov 2026 12:00:00 GMT"})
    visit = (await visits(crawl(), errand(site.url("/feed"))))["news"]
    assert visit == Visit(
        source_id="news",
        started_at=NOW,
        finished_at=NOW,
        outcome=VisitOutcome.CHANGED,
        status=200,
        url=site.url("/feed"),
        etag='"1"',
        last_modified="Sat, 21 Nov 2026 12:00:00 GMT",
        body_hash=sha256(FEED.encode()).hexdigest(),
        found=visit.found,
        wishes=visit.wishes,
    )
    assert [(item.title, item.url) for item in visit.found] == [
        ("One", "http://site.test/1"),
        ("Two", "http://site.test/2"),
    ]
    asked = site.asked("/feed")[0].headers
    assert asked["user-agent"] == "Roxham/0.1 (+desk@example.org)"
    assert "cookie" not in asked
    assert "referer" not in asked


async def test_the_validators_are_sent_and_304_is_unchanged(site: Site) -> None:
    site.put("/feed", FEED, type=XML, headers={"ETag": '"1"'})
    visit = (await visits(crawl(), errand(site.url("/feed"), etag='"1"', last_modified="then", body_hash="b")))["news"]
    assert (visit.outcome, visit.status, visit.etag, visit.body_hash) == (VisitOutcome.UNCHANGED, 304, '"1"', "b")
    assert site.asked("/feed")[0].headers["if-none-match"] == '"1"'
    assert site.asked("/feed")[0].headers["if-modified-since"] == "then"


async def test_the_same_bytes_are_unchanged_and_not_parsed(site: Site) -> None:
    site.put("/feed", "not even a feed", type=XML)
    known = sha256(b"not even a feed").hexdigest()
    visit = (await visits(crawl(), errand(site.url("/feed"), body_hash=known)))["news"]
    assert (visit.outcome, visit.found, visit.error) == (VisitOutcome.UNCHANGED, (), None)


async def test_half_a_surrogate_pair_in_a_json_feed_leaves_items_that_can_be_stored(site: Site) -> None:
    half = "\\ud83d"
    item = (
        f'{{"id": "1{half}", "url": "http://site.test/{half}", "title": "One {half}", "content_html": "<p>{half}</p>",'
        f'"summary": "{half}", "authors": [{{"name": "Ann {half}"}}]}}'
    )
    feed = f'{{"version": "https://jsonfeed.org/version/1.1", "title": "{half}", "items": [{item}]}}'
    site.put("/feed", feed, type="application/feed+json")
    visit = (await visits(crawl(), errand(site.url("/feed"))))["news"]
    (found,) = visit.found
    assert found == Found(
        url="http://site.test/\ufffd",
        guid="1\ufffd",
        title="One \ufffd",
        content="<p>\ufffd</p>",
        summary="\ufffd",
        authors=("Ann \ufffd",),
    )
    assert visit.error is None


async def test_bad_sources_fail_with_a_reason_while_the_others_go_on(site: Site) -> None:
    site.put("/good", FEED, type=XML)
    site.put("/html", PAGE)
    site.put("/empty", b"", type=XML)
    site.put("/waf", "<html>The requested URL was rejected. Your support ID is 7</html>")
    site.put("/gone", b"", status=410)
    site.put("/picky", b"", status=304)
    site.put("/bomb", gzip.compress(b" " * 2**22), type=XML, headers={"Content-Encoding": "gzip"})
    site.put("/zip", b"this is no gzip", type=XML, headers={"Content-Encoding": "gzip"})
    site.answers |= {"/drip": drip, "/endless": endless, "/huge": huge, "/reset": reset}
    site.answers["/cut"] = broken_off(FEED.encode()[:120])
    site.redirect("/loop", "/loop")
    site.redirect("/file", "file:///etc/passwd")
    site.redirect("/user", f"http://a:b@{site.authority}/good")
    closed = Site()  # its port is bound; nobody answers after it is closed
    closed._server.server_close()
    expected = {
        "/good": None,
        "/html": "this is an HTML page, not a feed",
        "/empty": "the answer is empty",
        "/waf": "blocked by a firewall: its page came instead of a feed",
        "/gone": "HTTP 410 Gone",
        "/missing": "HTTP 404 Not Found",
        "/picky": "HTTP 304 Not Modified, without an address that can be followed",
        "/bomb": "the answer is larger than 1 MiB once unpacked",
        "/zip": "the answer cannot be unpacked (gzip)",
        "/drip": f"no complete answer from {site.authority} within 0.8 s",
        "/endless": "the answer is larger than 1 MiB",
        "/huge": "the answer is larger than 1 MiB",
        "/reset": f"the connection to {site.authority} broke off: ",
        "/cut": "the connection broke off before the end; the feed is cut off before the end of its first item",
        "/loop": "redirected more than 5 times",
        "/file": "HTTP 302 Found, without an address that can be followed",
        "/user": "refused: the address holds a user name or password",
    }
    errands = [errand(site.url(path), path) for path in expected]
    others = {
        "ftp://site.test/feed": "refused: only http and https addresses are fetched",
        "/feed.xml": "the address cannot be used: Missing scheme in request url: /feed.xml",
        "http://[::1/feed": "the address cannot be used: ",
        closed.url("/"): f"{closed.authority} refuses connections",
        "http://nowhere.invalid/": "the host nowhere.invalid is not known",
    }
    errands += [errand(url, url) for url in others]
    kept = await visits(crawl(timeout=timedelta(seconds=0.8)), *errands)
    assert set(kept) == set(expected) | set(others)
    for name, reason in (expected | others).items():
        visit = kept[name]
        if reason is None:
            assert (visit.outcome, visit.error) == (VisitOutcome.CHANGED, None)
        else:
            assert visit.outcome is VisitOutcome.FAILED, name
            assert visit.error is not None
            assert visit.error.startswith(reason), name
    assert kept["/gone"].status == 410


@pytest.mark.parametrize(("limit", "said"), [(10**6, "1 MB"), (500_000, "0.5 MB"), (2**21, "2 MiB")])
async def test_a_limit_is_said_as_it_was_written(site: Site, limit: int, said: str) -> None:
    site.answers["/huge"] = huge
    visit = (await visits(crawl(max_bytes=limit), errand(site.url("/huge"))))["news"]
    assert visit.error == f"the answer is larger than {said}"


async def test_a_feed_that_broke_off_keeps_its_whole_items_and_is_read_again(site: Site) -> None:
    site.answers["/feed"] = broken_off(FEED.encode()[: FEED.index("<item><title>Two") + 20])
    visit = (await visits(crawl(), errand(site.url("/feed"))))["news"]
    assert visit.outcome is VisitOutcome.CHANGED
    assert [item.title for item in visit.found] == ["One"]
    assert visit.error is not None
    assert "broke off" in visit.error
    assert (visit.etag, visit.last_modified, visit.body_hash) == (None, None, None)


def reset_within(body: str, **headers: str) -> Callable[[Visitor], None]:
    """Begins an answer without a length, and breaks it off with a TCP reset once that has arrived."""

    def answer(visitor: Visitor) -> None:
        visitor.close_connection = True
        visitor.send_response(200)
        for name, value in headers.items():
            visitor.send_header(name.replace("_", "-"), value)
        visitor.end_headers()
        visitor.wfile.write(body.encode())
        visitor.wfile.flush()
        time.sleep(0.1)
        reset(visitor)

    return answer


async def test_what_is_reset_without_a_length_did_not_come_to_its_end(site: Site) -> None:
    site.answers["/feed"] = reset_within(FEED, Content_Type=XML)
    site.answers["/page"] = reset_within(PAGE, Content_Type="text/html")
    visit = (await visits(crawl(), errand(site.url("/feed"))))["news"]
    assert [item.title for item in visit.found] == ["One", "Two"]
    assert "broke off" in (visit.error or "")
    error = await page(crawl(), site.url("/page"))
    assert isinstance(error, PageError)
    assert (error.reason, error.temporary) == ("the connection broke off before the end", True)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(seconds=120)),
        (format_datetime(NOW + timedelta(hours=2), usegmt=True), timedelta(hours=2)),
        ("999999999999", timedelta(days=1)),
        (format_datetime(NOW - timedelta(hours=2), usegmt=True), timedelta(0)),
        ("soon", None),
    ],
)
async def test_retry_after_is_heeded_up_to_one_day(site: Site, header: str, wait: timedelta | None) -> None:
    site.put("/feed", b"", status=429, headers={"Retry-After": header})
    site.put("/page", b"", status=503, headers={"Retry-After": header})
    visit = (await visits(crawl(), errand(site.url("/feed"))))["news"]
    assert (visit.error, visit.status) == ("HTTP 429 Too Many Requests", 429)
    assert visit.not_before == (None if wait is None else NOW + wait)
    error = await page(crawl(), site.url("/page"))
    assert isinstance(error, PageError)
    assert (error.temporary, error.status, error.retry_after) == (True, 503, wait)


async def test_credentials_go_to_their_own_origin_only(site: Site) -> None:
    with Site() as elsewhere:
        elsewhere.put("/feed", FEED, type=XML)
        site.put("/direct", FEED, type=XML)
        site.redirect("/away", elsewhere.url("/feed"))
        secret = Credentials(user="desk", password="é:x")
        state = SourceState(source_id="news")
        for path in ("/direct", "/away"):
            await visits(crawl(), (source(site.url(path), credentials=secret), state))
        owner = source(site.url("/direct"), credentials=secret)
        await pages(crawl(), task(elsewhere.url("/page"), 1, owner), task(site.url("/page"), 2, owner))
        basic = "Basic ZGVzazrDqTp4"
        assert [asked.headers.get("authorization") for asked in site.requests] == [basic, basic, basic]
        assert [asked.headers.get("authorization") for asked in elsewhere.requests] == [None, None]


async def test_an_address_is_sent_as_it_is_written(site: Site) -> None:
    path = "/news?publishedDate%3E=2021-07-23&type=a,b&q=caf%C3%A9%2Fx"
    site.put(path, FEED, type=XML)
    assert (await visits(crawl(), errand(site.url(path))))["news"].status == 200


@pytest.mark.parametrize("kind", ["telepathy", "article"])
async def test_an_unknown_kind_is_raised_with_its_name(site: Site, kind: str) -> None:
    with pytest.raises(KeyError, match=kind):
        await visits(crawl(), (source(site.url("/"), kind=kind), SourceState(source_id="news")))


async def test_hosts_take_turns(site: Site) -> None:
    for path in ("/1", "/2", "/3", "/other"):
        site.put(path, FEED, type=XML)
    errands = [errand(site.url(path), path) for path in ("/1", "/2", "/3")]
    errands.append(errand(f"http://localhost:{site.port}/other", "other"))
    kept = await visits(crawl(concurrency=1, allow_private=["127.0.0.0/8", "::1"]), *errands)
    assert {visit.error for visit in kept.values()} == {None}
    assert [asked.path for asked in site.requests] == ["/1", "/other", "/2", "/3"]


async def test_a_source_whose_answer_got_lost_is_kept_as_failed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lose(*_: object, **__: object) -> None:
        pass

    monkeypatch.setattr(FeedSpider, "_visit", lose)
    monkeypatch.setattr("spiders.article.ArticleSpider._answered", lose)
    site.put("/feed", FEED, type=XML)
    visit = (await visits(crawl(), errand(site.url("/feed"))))["news"]
    assert (visit.outcome, visit.error) == (VisitOutcome.FAILED, "the crawl ended without an answer")
    error = await page(crawl(), site.url("/feed"))
    assert isinstance(error, PageError)
    assert error.temporary


async def test_requests_to_one_host_wait_for_each_other_and_for_the_delay(site: Site) -> None:
    for number in range(3):
        site.put(f"/{number}", FEED, type=XML, delay=0.05)
    delay = timedelta(seconds=0.15)
    await visits(crawl(delay=delay), *(errand(site.url(f"/{number}"), str(number)) for number in range(3)))
    times = [asked.at for asked in site.requests]
    assert min(b - a for a, b in itertools.pairwise(times)) >= 0.14


async def test_visits_and_reads_at_the_same_time_share_the_turns_at_a_host(site: Site) -> None:
    under_way: list[int] = []
    most: list[int] = []

    def counted(visitor: Visitor) -> Answer:
        with site.lock:
            under_way.append(1)
            most.append(len(under_way))
        time.sleep(0.03)
        with site.lock:
            under_way.pop()
        return Answer((FEED if "feed" in visitor.path else PAGE).encode())

    site.answers |= {"/feed": counted, "/page": counted}
    using = crawl(delay=timedelta(seconds=0.1))
    kept, read = await asyncio.gather(
        visits(using, *(errand(site.url("/feed"), str(number)) for number in range(3))),
        pages(using, *(task(site.url("/page"), number) for number in range(3))),
    )
    assert {visit.outcome for visit in kept.values()} == {VisitOutcome.CHANGED}
    assert all(isinstance(answer, Page) for answer in read.values())
    assert max(most) == 1
    times = [asked.at for asked in site.requests]
    assert len(times) == 6
    assert min(b - a for a, b in itertools.pairwise(times)) >= 0.12  # 0.03 for the answer, then the delay


async def test_many_requests_for_a_slow_host_do_not_hold_up_the_others(site: Site) -> None:
    others_served = threading.Event()

    def slow(visitor: Visitor) -> Answer:
        others_served.wait(1)
        return Answer(PAGE.encode())

    site.answers["/slow"] = slow
    site.put("/quick", PAGE)
    tasks = [task(site.url("/slow"), number) for number in range(6)]
    tasks += [task(f"http://localhost:{site.port}/quick", number) for number in range(6, 26)]
    order: list[int] = []

    async def keep(pending: Pending, page: Page | PageError) -> None:
        assert isinstance(page, Page)
        order.append(pending.item_id)
        if set(order) >= set(range(6, 26)):
            others_served.set()

    await crawl(concurrency=2, allow_private=["127.0.0.0/8", "::1"]).read(tasks, _fine, keep)
    assert order == [*range(6, 26), *range(6)]


async def test_a_host_that_does_not_answer_twice_in_a_row_is_put_off(site: Site) -> None:
    site.answers["/hang"] = drip
    site.put("/good", PAGE)
    hanging = [task(site.url("/hang"), number) for number in range(6)]
    good = [task(f"http://localhost:{site.port}/good", number) for number in range(6, 12)]
    begun: list[int] = []
    kept: dict[int, Page | PageError] = {}

    async def begin(pending: Pending) -> None:
        begun.append(pending.item_id)

    async def keep(pending: Pending, page: Page | PageError) -> None:
        kept[pending.item_id] = page

    using = crawl(timeout=timedelta(seconds=0.5), delay=timedelta(seconds=0.3), allow_private=["127.0.0.0/8", "::1"])
    started = time.monotonic()
    await using.read(hanging + good, begin, keep)
    assert time.monotonic() - started < 3  # six time-outs and their delays are 4.5 s; good pages take 1.5
    assert sorted(begun) == [0, 1, *range(6, 12)]
    assert len(site.asked("/hang")) == 2
    assert all(isinstance(kept[number], Page) for number in range(6, 12))
    errors = [error for number in range(6) if isinstance(error := kept[number], PageError)]
    assert [error.reason for error in errors] == [
        *[f"no complete answer from {site.authority} within 0.5 s"] * 2,
        *["the host 127.0.0.1 gave no answer twice in a row; put off"] * 4,
    ]
    assert all(error.temporary for error in errors)
    kept.clear()
    await using.read([task(site.url("/good"), 0)], begin, keep)  # the next call asks again
    assert isinstance(kept[0], Page)


async def test_a_source_is_visited_however_many_of_its_host_are_stuck_and_those_get_little_patience(
    site: Site,
) -> None:
    site.answers["/hang"] = drip
    site.put("/well", FEED, type=XML)
    slow = crawl(timeout=timedelta(seconds=1))
    hanging = [errand(site.url("/hang"), str(number)) for number in range(6)]
    begun = time.monotonic()
    kept = await visits(slow, *hanging, errand(site.url("/well"), "well"))
    assert {source: visit.outcome for source, visit in kept.items()} == {
        **dict.fromkeys("012345", VisitOutcome.FAILED), "well": VisitOutcome.CHANGED,
    }  # fmt: skip
    assert [str(kept[source].error).partition(" within ")[2] for source in "012345"] == ["1 s"] * 2 + ["0.5 s"] * 4
    assert time.monotonic() - begun < 6


async def test_a_connection_that_breaks_off_is_not_tried_again_at_once(site: Site) -> None:
    site.answers["/reset"] = reset
    (visit,) = (await visits(crawl(), errand(site.url("/reset")))).values()
    assert visit.outcome is VisitOutcome.FAILED
    assert len(site.asked("/reset")) == 1


async def test_sources_that_were_well_come_before_the_ill_ones_of_their_host(site: Site) -> None:
    for name in ("ill", "well", "new"):
        site.put(f"/{name}", FEED, type=XML)
    ill = errand(site.url("/ill"), "ill")
    await visits(crawl(), (ill[0], replace(ill[1], failures=3)), errand(site.url("/well"), "well"))
    assert [asked.path for asked in site.requests] == ["/well", "/ill"]


async def test_an_answer_between_two_time_outs_shows_that_the_host_is_there(site: Site) -> None:
    site.answers["/hang"] = drip
    paths = ["/hang", "/missing", "/hang", "/missing"]
    kept = await pages(
        crawl(timeout=timedelta(seconds=0.2)), *(task(site.url(path), number) for number, path in enumerate(paths))
    )
    statuses = [error.status for number in range(4) if isinstance(error := kept[number], PageError)]
    assert statuses == [None, 404, None, 404]


async def test_hosts_are_forgotten_when_nobody_asks_any_more() -> None:
    hosts = Hosts(timedelta(seconds=0.05))
    for number in range(100):
        async with hosts.turn(f"{number}.test"):
            assert len(hosts) == number + 1
    await asyncio.sleep(0.06)
    async with hosts.turn("last.test"):
        pass
    assert len(hosts) == 1


async def test_one_who_gives_up_waiting_leaves_the_turn_to_the_next() -> None:
    hosts = Hosts(timedelta(0))

    async def turn() -> None:
        async with hosts.turn("site.test"):
            pass

    async with hosts.turn("site.test"):
        first, second = asyncio.create_task(turn()), asyncio.create_task(turn())
        await asyncio.sleep(0)
        first.cancel()
    await asyncio.wait_for(second, timeout=1)
    assert first.cancelled()
    assert len(hosts) == 0


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    alone = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    file = tmp_path / "site.pem"
    file.write_bytes(
        alone.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    with Site(tls) as site:
        site.put("/feed", FEED, type=XML)
        visit = (await visits(crawl(), errand(site.url("/feed"))))["news"]
        assert str(visit.error).startswith(f"the certificate of {site.authority} is not valid: ")
        assert site.requests == []


async def test_a_mistake_in_a_spider_fails_its_source_only(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    find = FeedSpider.find

    def mistaken(self: FeedSpider, response: Response, *known: Any) -> Iterable[Any]:
        if response.url.endswith("/odd"):
            raise ZeroDivisionError("oops")
        return find(self, response, *known)

    monkeypatch.setattr(FeedSpider, "find", mistaken)
    for path in ("/odd", "/good"):
        site.put(path, FEED, type=XML)
    kept = await visits(crawl(), errand(site.url("/odd"), "odd"), errand(site.url("/good"), "good"))
    assert kept["odd"].error == "the feed spider failed on this answer: ZeroDivisionError: oops"
    assert kept["good"].outcome is VisitOutcome.CHANGED
    assert "the feed spider failed on" in caplog.text


async def test_scrapy_says_nothing_below_a_warning(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    site.put("/feed", FEED, type=XML)
    site.answers["/huge"] = huge
    await visits(crawl(), errand(site.url("/feed"), "1"), errand(site.url("/huge"), "2"), errand("x:y", "3"))
    assert capfd.readouterr() == ("", "")


# --- pages -----------------------------------------------------------------------------------------------------------


async def test_a_page_is_read_through_its_redirects(site: Site) -> None:
    site.redirect("/a", "/b", status=301)
    site.redirect("/b", "/c")
    site.put("/c", PAGE, headers={"Link": '</c>; rel="canonical"', "Content-Language": "en"})
    read = await page(crawl(), site.url("/a"))
    assert isinstance(read, Page)
    assert (read.url, read.final_url, read.redirects) == (site.url("/a"), site.url("/c"), (site.url("/b"),))
    assert (read.status, read.content_type, read.html, read.fetched_at) == (200, "text/html", PAGE, NOW)
    assert read.headers["link"] == '</c>; rel="canonical"'
    assert read.headers["content-language"] == "en"


async def test_pages_that_cannot_be_read_say_whether_later_can_help(site: Site) -> None:
    statuses = {401: True, 403: True, 404: True, 410: False, 451: False, 500: True, 502: True}
    for status in statuses:
        site.put(f"/{status}", b"", status=status)
    site.put("/pdf", b"%PDF-1.7" + b" " * 2**19, type="application/pdf")
    site.put("/picture", b"\x89PNG", type="image/png")
    site.put("/waf", "<html>Access Denied. Reference #18</html>")
    site.answers |= {"/huge": huge, "/drip": drip, "/reset": reset, "/cut": broken_off(PAGE.encode(), "text/html")}
    expected: dict[str, tuple[bool, str]] = {
        f"/{status}": (later, f"HTTP {status}") for status, later in statuses.items()
    }
    expected |= {
        "/pdf": (False, "this is no HTML page (application/pdf)"),
        "/picture": (False, "this is no HTML page (image/png)"),
        "/waf": (True, "blocked by a firewall"),
        "/huge": (False, "the answer is larger than 1 MiB"),
        "/drip": (True, "no complete answer"),
        "/reset": (True, "the connection to"),
        "/cut": (True, "the connection broke off"),
    }
    paths = list(expected)
    tasks = [task(site.url(path), number) for number, path in enumerate(paths)]
    kept = await pages(crawl(timeout=timedelta(seconds=0.8)), *tasks)
    for number, path in enumerate(paths):
        error = kept[number]
        assert isinstance(error, PageError), path
        assert error.temporary == expected[path][0], path
        assert error.reason.startswith(expected[path][1]), path


@pytest.mark.parametrize(
    "url", [None, "no address", "mailto:desk@example.org", "file:///etc/passwd", "http://u:p@127.0.0.1/"]
)
async def test_an_address_that_cannot_be_fetched_is_a_lasting_error_and_never_begins(url: str | None) -> None:
    begun: list[Pending] = []
    kept: list[Page | PageError] = []

    async def begin(pending: Pending) -> None:
        begun.append(pending)

    async def keep(pending: Pending, page: Page | PageError) -> None:
        kept.append(page)

    await crawl().read([task(url)], begin, keep)
    assert not begun
    (error,) = kept
    assert isinstance(error, PageError)
    assert not error.temporary


@pytest.mark.parametrize(
    ("body", "type"),
    [
        ("déjà vu".encode("cp1252"), "text/html; charset=iso-8859-1"),
        ("déjà vu".encode(), "text/html; charset=nonsense"),
        (b'<meta charset="windows-1252">' + "déjà vu".encode("cp1252"), "text/html"),
    ],
)
async def test_the_encoding_of_a_page_is_found(site: Site, body: bytes, type: str) -> None:  # noqa: A002
    site.put("/page", body, type=type)
    read = await page(crawl(), site.url("/page"))
    assert isinstance(read, Page)
    assert "déjà vu" in read.html


async def test_begin_is_called_once_and_before_the_first_request_leaves(site: Site) -> None:
    site.redirect("/a", "/b")
    site.put("/b", PAGE)
    seen: list[tuple[int, int]] = []

    async def begin(pending: Pending) -> None:
        seen.append((pending.item_id, len(site.requests)))

    async def keep(pending: Pending, page: Page | PageError) -> None:
        pass

    await crawl().read([task(site.url("/a"), 1), task(site.url("/b"), 2)], begin, keep)
    assert sorted(number for number, _ in seen) == [1, 2]
    assert seen[0][1] == 0


# --- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "port", "allow", "answer"),
    [
        ("8.8.8.8", 443, [], True),
        ("2606:4700::1111", 443, [], True),
        ("127.0.0.1", 80, [], False),
        ("10.1.2.3", 80, [], False),
        ("172.16.0.1", 80, [], False),
        ("192.168.1.1", 80, [], False),
        ("169.254.169.254", 80, [], False),  # a cloud's metadata service
        ("100.64.0.1", 80, [], False),  # carrier-grade NAT
        ("0.0.0.0", 80, [], False),  # noqa: S104
        ("224.0.0.1", 80, [], False),
        ("255.255.255.255", 80, [], False),
        ("::1", 80, [], False),
        ("::", 80, [], False),
        ("fe80::1%eth0", 80, [], False),
        ("fd00::1", 80, [], False),
        ("ff02::1", 80, [], False),
        ("::127.0.0.1", 80, [], False),
        ("::ffff:127.0.0.1", 80, [], False),
        ("::ffff:8.8.8.8", 80, [], True),
        ("64:ff9b::7f00:1", 80, [], False),  # NAT64
        ("64:ff9b::808:808", 80, [], True),
        ("2002:7f00:1::", 80, [], False),  # 6to4
        ("not an address", 80, [], False),
        ("10.1.2.3", 80, ["10.1.0.0/16"], True),
        ("10.2.2.3", 80, ["10.1.0.0/16"], False),
        ("10.1.2.3", 80, ["10.1.2.3"], True),
        ("127.0.0.1", 8765, ["127.0.0.1/32:8765"], True),
        ("127.0.0.1", 8766, ["127.0.0.1/32:8765"], False),
        ("::ffff:127.0.0.1", 8765, ["127.0.0.1:8765"], True),
        ("fd00::1", 80, ["fd00::/8"], True),
        ("fd00::1", 80, ["[fd00::/8]:443"], False),
        ("fd00::1", 443, ["[fd00::/8]:443"], True),
        ("fd00::1", 443, ["[fd00::]/8:443"], True),
        ("::1", 80, ["[::1]"], True),
    ],
)
def test_only_public_and_allowed_addresses_are_connected_to(
    address: str, port: int, allow: list[str], answer: bool
) -> None:
    assert allowed(address, port, rules(allow)) is answer


@pytest.mark.parametrize("text", ["", "localhost", "10.0.0.0/33", "10.0.0.1:0", "10.0.0.1:70000", "[fd00::/8"])
def test_an_entry_that_is_no_network_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="is no network"):
        crawl(allow_private=[text])


async def test_the_address_is_checked_where_the_connection_is_made(site: Site) -> None:
    site.put("/feed", FEED, type=XML)
    hosts = ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "127.1"]
    strict = crawl(allow_private=[])
    kept = await visits(strict, *(errand(f"http://{host}:{site.port}/feed", host) for host in hosts))
    assert {visit.outcome for visit in kept.values()} == {VisitOutcome.FAILED}
    for host in hosts[:3]:
        assert str(kept[host].error).startswith("refused: "), host
    assert kept["127.0.0.1"].error == (
        f"refused: 127.0.0.1:{site.port} is inside a private network; "
        f"to allow it, in monitor.yaml: crawl: {{allow_private: [127.0.0.1/32:{site.port}]}}"
    )
    assert site.requests == []


async def test_each_redirect_is_checked(site: Site) -> None:
    with Site() as inside:
        inside.put("/secret", FEED, type=XML)
        site.redirect("/feed", inside.url("/secret"))
        careful = crawl(allow_private=[f"127.0.0.1:{site.port}"])
        visit = (await visits(careful, errand(site.url("/feed"))))["news"]
        assert visit.error == (
            f"refused: {inside.authority} is inside a private network; to allow it, in monitor.yaml: "
            f"crawl: {{allow_private: [127.0.0.1/32:{inside.authority.rpartition(':')[2]}]}}"
        )
        error = await page(careful, site.url("/feed"))
        assert isinstance(error, PageError)
        assert not error.temporary
        assert inside.requests == []


# --- the leash -------------------------------------------------------------------------------------------------------


class DiskFullError(Exception):
    """What an archive may raise."""


async def _full(*_: object) -> None:
    raise DiskFullError


async def _fine(*_: object) -> None:
    pass


@pytest.mark.parametrize(("begin", "keep"), [(_full, _fine), (_fine, _full)])
async def test_an_error_of_a_callback_ends_the_reading_and_is_raised(
    site: Site, begin: Callable[..., Awaitable[None]], keep: Callable[..., Awaitable[None]]
) -> None:
    site.put("/page", PAGE)
    site.answers["/drip"] = drip
    tasks = [task(site.url("/page"), 1), *(task(site.url("/drip"), number) for number in range(2, 30))]
    with pytest.raises(DiskFullError):
        await asyncio.wait_for(crawl(delay=timedelta(seconds=0.1)).read(tasks, begin, keep), timeout=2)
    assert len(site.requests) <= 2


async def test_an_error_of_keep_ends_the_visits_and_is_raised(site: Site) -> None:
    site.put("/feed", FEED, type=XML)
    errands = [errand(site.url("/feed"), str(number)) for number in range(20)]
    with pytest.raises(DiskFullError):
        await asyncio.wait_for(crawl(delay=timedelta(seconds=0.2)).visit(errands, _full), timeout=2)
    assert len(site.requests) <= 2


async def test_stop_lets_what_is_in_flight_arrive_and_begins_nothing_new(site: Site) -> None:
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(visitor: Visitor) -> Answer:
        loop.call_soon_threadsafe(started.set)
        return Answer(PAGE.encode(), delay=0.3)

    site.answers["/page"] = slow
    begun: list[int] = []
    kept: dict[int, Page | PageError] = {}

    async def begin(pending: Pending) -> None:
        begun.append(pending.item_id)

    async def keep(pending: Pending, page: Page | PageError) -> None:
        kept[pending.item_id] = page

    reader = crawl(delay=timedelta(seconds=30))
    tasks = [task(site.url("/page"), number) for number in range(40)]
    reading = asyncio.create_task(reader.read(tasks, begin, keep))
    await started.wait()
    await asyncio.wait_for(reader.stop(), timeout=3)
    await asyncio.wait_for(reading, timeout=1)
    assert begun == list(kept) == [0]
    assert isinstance(kept[0], Page)
    await reader.read(tasks, begin, keep)  # stopped is for good
    assert begun == [0]


async def test_a_stop_before_the_first_request_is_heard(site: Site) -> None:
    site.put("/page", PAGE)
    reader = crawl()
    kept: list[int] = []

    async def begin(pending: Pending) -> None:
        raise AssertionError(pending)

    async def keep(pending: Pending, page: Page | PageError) -> None:
        kept.append(pending.item_id)
        await reader.stop()

    await reader.read([task("http://a\\b/", 1), task(site.url("/page"), 2)], begin, keep)
    assert kept == [1]
    assert site.requests == []


async def test_stop_drops_what_does_not_arrive(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.crawl.PATIENCE", timedelta(seconds=0.2))
    site.answers["/drip"] = drip
    kept: dict[int, Page | PageError] = {}
    begun = asyncio.Event()

    async def begin(pending: Pending) -> None:
        begun.set()

    async def keep(pending: Pending, page: Page | PageError) -> None:
        kept[pending.item_id] = page

    async def keep_visit(visit: Visit) -> None:
        raise AssertionError(visit)

    using = crawl(delay=timedelta(seconds=30), timeout=timedelta(seconds=60))
    reading = asyncio.create_task(using.read([task(site.url("/drip"), n) for n in range(5)], begin, keep))
    await begun.wait()
    visiting = asyncio.create_task(using.visit([errand(site.url("/drip"), str(n)) for n in range(5)], keep_visit))
    await asyncio.sleep(0.1)
    await asyncio.wait_for(using.stop(), timeout=3)
    await asyncio.wait_for(asyncio.gather(reading, visiting), timeout=1)
    assert list(kept) == [0]
    assert isinstance(kept[0], StoppedError)


async def test_a_cancelled_crawl_leaves_nothing_behind(site: Site) -> None:
    arrived = asyncio.Event()
    loop = asyncio.get_running_loop()

    def arrive(visitor: Visitor) -> None:
        loop.call_soon_threadsafe(arrived.set)
        drip(visitor)

    site.answers["/drip"] = arrive
    visiting = asyncio.create_task(visits(crawl(), errand(site.url("/drip"))))
    await arrived.wait()
    visiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(visiting, timeout=2)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_crawls_follow_each_other_without_leaving_anything(site: Site) -> None:
    site.put("/feed", FEED, type=XML)
    site.put("/page", PAGE)
    using = crawl()
    for _ in range(15):
        kept, read = await asyncio.gather(
            visits(using, errand(site.url("/feed"))), pages(using, task(site.url("/page")), task(None, 2))
        )
        assert kept["news"].outcome is VisitOutcome.CHANGED
        assert isinstance(read[1], Page)
    await asyncio.sleep(0.02)
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_importing_the_crawl_does_not_load_scrapy() -> None:
    program = "import sys, monitor.crawl; sys.exit('scrapy' in sys.modules or 'aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
