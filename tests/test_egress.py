"""What an address or an answer from outside may do: each defence, and what gets through when it is switched off.

A test with a parameter `on` runs twice: once as the program is, once with that one defence taken out, which shows that
the attack is one and that nothing else stops it.
"""

import asyncio
import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import brotli  # type: ignore[import-untyped]
import pytest
from aiohttp.client_proto import ResponseHandler
from aiohttp.resolver import ThreadedResolver

from monitor.crawl import connection, download, egress
from monitor.crawl.egress import allowed, odd, rules, unsound
from monitor.errors import PageError
from monitor.types import Page, VisitOutcome
from tests.crawling import FEED, PAGE, XML, crawl, errand, page, visits
from tests.site import Answer, Misbehaviour, Site, Visitor

try:
    from compression import zstd  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    from backports import zstd

each_way = pytest.mark.parametrize("on", [True, False], ids=["", "switched off"])
Lookup = Callable[..., list[Any]]


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as made:
        made.put("/page", PAGE)
        made.put("/feed", FEED, type=XML)
        yield made


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The domain name system: what a test writes down; of several lists for a name each look-up takes the next."""
    known: dict[str, list[str]] = {}
    ask = socket.getaddrinfo

    def look_up(host: str, port: int, *more: Any, **options: Any) -> list[Any]:
        if host not in known:
            return ask(host, port, *more, **options)
        addresses = known[host].pop(0).split() if len(known[host]) > 1 else known[host][0].split()
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses]
        return [
            (family, socket.SOCK_STREAM, 6, "", (address, port, 0, 0) if family == socket.AF_INET6 else (address, port))
            for family, address in zip(families, addresses, strict=True)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


# --- addresses as they are written ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://user@site.test/",
        "http://user:password@site.test/",
        "http://@site.test/",
        "http://site.test:0/",
        "http://site.test:65536/",
        "http://site.test:x/",
        "http://2130706433/",
        "http://017700000001/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://127.0x1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://127.0.0.256/",
        "http://1.2.3.4.5/",
        "http://[fe80::1%25eth0]/",
        "http://[::1",
        "http://%31%32%37.0.0.1/",
        "http://site.test evil.test/",
        "http:///news",
        "http://site.test\\@evil.test/",
        "http:\\\\site.test\\",
        "http://site.test/\x00",
        "http://site.test\t.evil.test/",
        "http://site.test/\r\nHost: evil.test",
        "http://site.test/\x7f",
        "http://site.test/\x85",
    ],
)
def test_an_unsound_address_is_refused(url: str) -> None:
    assert str(unsound(url)).startswith("refused: ")


@pytest.mark.parametrize(
    "url",
    [
        "http://site.test",
        "https://site.test:8443/a?b=c&d=%C3%A9#e",
        "http://192.0.2.1/",
        "http://[2001:db8::1]:80/",
        "http://a_b.site-test.co.uk/",
        "http://site.test./",
        "http://1.site.test/",
        "http://0x7f.site.test/",
        "http://xn--qubec-csa.ca/",
        "http://site.test/@name",
    ],
)
def test_a_sound_address_is_not(url: str) -> None:
    assert unsound(url) is None


def test_white_space_around_an_address_is_no_harm() -> None:
    assert odd("\n  http://site.test/a b \t") is None


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("192.0.0.8", False),
        ("192.88.99.1", False),
        ("198.18.0.1", False),
        ("240.0.0.1", False),
        ("64:ff9b:1::808:808", False),  # NAT64 inside one network: RFC 8215
        ("64:ff9b::a00:1", False),
        ("64:ff9b::6440:1", False),
        ("2002:a00:1::1", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),  # Teredo
        ("2001:db8::1", False),
        ("3fff::1", False),
        ("::8.8.8.8", False),  # compatible: withdrawn
        ("::ffff:0:8.8.8.8", False),
        ("fec0::1", False),
        ("5f00::1", False),
        ("2606:4700::1111%eth0", False),
        ("2606:4700::1111", True),
        ("2a00:1450:4001::1", True),
    ],
)
def test_networks_that_are_not_public(address: str, answer: bool) -> None:
    assert allowed(address, 80) is answer


def test_a_rule_for_a_private_network_opens_no_zone() -> None:
    assert not allowed("fe80::1%eth0", 80, rules(["fe80::/10"]))


@each_way
@pytest.mark.parametrize("host", ["0x7f000001", "u:p@127.0.0.1"])
async def test_unsound_addresses_are_not_fetched(
    site: Site, monkeypatch: pytest.MonkeyPatch, host: str, on: bool
) -> None:
    site.redirect("/away", f"http://{host}:{site.port}/page")
    if not on:
        monkeypatch.setattr(egress, "unsound", lambda url: None)
    for path in (f"http://{host}:{site.port}/page", site.url("/away")):
        error = await page(crawl(), path)
        assert isinstance(error, PageError) is on
        if isinstance(error, PageError):
            assert not error.temporary
    assert len(site.asked("/page")) == (0 if on else 2)


@each_way
async def test_back_slashes_are_not_mended(site: Site, monkeypatch: pytest.MonkeyPatch, on: bool) -> None:
    site.redirect("/away", f"http://{site.authority}\\page")
    if not on:
        monkeypatch.setattr(egress, "odd", lambda text: None)
    for url in (f"http://{site.authority}\\page", site.url("/away")):
        error = await page(crawl(), url)
        assert (getattr(error, "reason", "") == "refused: the address holds a back-slash or a control character") is on
    assert len(site.asked("/page")) == (0 if on else 2)


async def test_a_redirect_may_be_written_in_utf_8(site: Site) -> None:
    for number, slug in enumerate(("l\u2019immigration", "\u00c9tats", "c\u0153ur")):
        site.redirect(f"/{number}", "/" + slug.encode().decode("latin-1"))
        site.put("/" + quote(slug), PAGE)
        read = await page(crawl(), site.url(f"/{number}"))
        assert getattr(read, "final_url", read) == site.url("/" + quote(slug))
    site.redirect("/control", "/a\u0085b".encode().decode("latin-1"))
    assert isinstance(await page(crawl(), site.url("/control")), PageError)


# --- names and connections -------------------------------------------------------------------------------------------


@each_way
@pytest.mark.parametrize("answer", ["127.0.0.1 10.0.0.1", "127.0.0.1 ::1", "127.0.0.1 ::ffff:169.254.169.254"])
async def test_one_address_that_is_not_allowed_refuses_the_whole_name(
    site: Site, names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch, answer: str, on: bool
) -> None:
    names["two-faced.test"] = [answer]
    if not on:
        monkeypatch.setattr(connection, "Resolver", lambda allow: ThreadedResolver())
    read = await page(crawl(allow_private=["127.0.0.1"]), f"http://two-faced.test:{site.port}/page")
    assert len(site.asked("/page")) == (0 if on else 1)
    if on:
        assert isinstance(read, PageError)
        assert read.reason.startswith("refused: ")
        assert "(two-faced.test) is inside a private network" in read.reason
        assert not read.temporary


async def test_a_name_is_looked_up_once_for_a_connection(site: Site, names: dict[str, list[str]]) -> None:
    names["rebinding.test"] = ["127.0.0.1", "10.0.0.1"]
    read = await page(crawl(allow_private=["127.0.0.1"]), f"http://rebinding.test:{site.port}/page")
    assert isinstance(read, Page)
    assert names["rebinding.test"] == ["10.0.0.1"]


@each_way
async def test_a_literal_address_is_checked_where_it_is_connected_to(
    site: Site, monkeypatch: pytest.MonkeyPatch, on: bool
) -> None:
    if not on:
        monkeypatch.setattr(connection, "_socket", lambda allow, info: socket.socket(*info[:3]))
    read = await page(crawl(allow_private=[]), site.url("/page"))
    assert isinstance(read, PageError) is on
    assert len(site.requests) == (0 if on else 1)


async def test_a_name_that_no_name_server_takes_is_not_known() -> None:
    error = await page(crawl(), f"http://{'a' * 64}.test/")
    assert isinstance(error, PageError)
    assert error.reason == f"the host {'a' * 64}.test is not known"


async def _in_a_small_pool(host: str, port: int, family: int) -> list[Any]:
    return await asyncio.get_running_loop().run_in_executor(_POOL, socket.getaddrinfo, host, port)


_POOL = ThreadPoolExecutor(2)


@each_way
async def test_a_silent_name_server_does_not_hold_up_other_hosts(
    site: Site, names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch, on: bool
) -> None:
    names["good.test"] = ["127.0.0.1"]
    known, silent = socket.getaddrinfo, threading.Event()

    def look_up(host: str, *more: Any, **options: Any) -> list[Any]:
        if host.startswith("stuck"):
            silent.wait(5)
            raise socket.gaierror
        return known(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    if not on:
        monkeypatch.setattr(connection, "_looked_up", _in_a_small_pool)
    stuck = [errand(f"http://stuck{n}.test/", f"stuck {n}") for n in range(8)]
    kept = await visits(
        crawl(timeout=timedelta(seconds=0.6)), *stuck, errand(f"http://good.test:{site.port}/feed", "good")
    )
    silent.set()
    assert kept["stuck 0"].error == "no complete answer from stuck0.test within 0.6 s"
    assert (kept["good"].error is None) is on


# --- answers ---------------------------------------------------------------------------------------------------------


def headers(count: int, size: int) -> Misbehaviour:
    def send(visitor: Visitor) -> Answer:
        return Answer(PAGE.encode(), headers={f"X-{n}": "x" * size for n in range(count)})

    return send


def announcing(count: int) -> Misbehaviour:
    def send(visitor: Visitor) -> Answer:
        visitor.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * count)
        return Answer(PAGE.encode())

    return send


def framed(visitor: Visitor) -> None:
    visitor.send_response(200)
    visitor.send_header("Content-Type", "text/html")
    visitor.send_header("Transfer-Encoding", "chunked")
    visitor.end_headers()
    for letter in PAGE[:200].encode():
        visitor.wfile.write(b"1;" + b"x" * 4000 + b"\r\n" + bytes([letter]) + b"\r\n")
    visitor.wfile.write(b"0\r\n\r\n")


@each_way
@pytest.mark.parametrize(
    ("limit", "attack", "said"),
    [
        ("MAX_FIELD", headers(1, 20_000), "sends no HTTP that can be read"),
        ("MAX_FIELDS", headers(200, 10), "sends no HTTP that can be read"),
        ("MAX_HEAD", headers(100, 1000), "the headers of the answer are larger than 64 KiB"),
        ("MAX_INTERIM", announcing(30), "the server announces an answer again and again"),
    ],
)
async def test_headers_have_limits(
    site: Site, monkeypatch: pytest.MonkeyPatch, limit: str, attack: Misbehaviour, said: str, on: bool
) -> None:
    site.answers["/attack"] = attack
    if not on:
        monkeypatch.setattr(connection, limit, 10**8)
    error = await page(crawl(), site.url("/attack"))
    assert isinstance(error, PageError) is on
    assert said in getattr(error, "reason", said)


async def test_headers_of_a_usual_size_are_read(site: Site) -> None:
    site.answers["/page"] = headers(60, 200)
    assert isinstance(await page(crawl(), site.url("/page")), Page)
    site.answers["/page"] = announcing(2)
    assert isinstance(await page(crawl(), site.url("/page")), Page)


async def test_endless_announcements_end_at_once(site: Site) -> None:
    def send(visitor: Visitor) -> None:
        while not visitor.site.closing.is_set():
            visitor.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000)

    site.answers["/attack"] = send
    started = time.monotonic()
    assert isinstance(await page(crawl(timeout=timedelta(seconds=20)), site.url("/attack")), PageError)
    assert time.monotonic() - started < 3


@each_way
async def test_what_surrounds_the_body_is_counted_too(site: Site, monkeypatch: pytest.MonkeyPatch, on: bool) -> None:
    site.answers["/attack"] = framed
    if not on:
        monkeypatch.setattr(connection._Wire, "data_received", ResponseHandler.data_received)
    error = await page(crawl(max_bytes=2**16), site.url("/attack"))
    assert isinstance(error, PageError) is on


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


@each_way
@pytest.mark.parametrize("packing", ["gzip", "deflate", "br", "zstd", "gzip, br", "zstd, gzip, deflate"])
async def test_an_unpacked_answer_has_a_limit(
    site: Site, monkeypatch: pytest.MonkeyPatch, packing: str, on: bool
) -> None:
    bomb, small = FEED.encode() + b" " * 2**22, FEED.encode()
    for name in packing.split(", "):
        bomb, small = PACKED[name](bomb), PACKED[name](small)
    assert len(bomb) < 2**20
    site.put("/bomb", bomb, type=XML, headers={"Content-Encoding": packing})
    site.put("/small", small, type=XML, headers={"Content-Encoding": packing})
    if not on:
        monkeypatch.setattr("scrapy.utils._compression._check_max_size", lambda size, limit: None)
        monkeypatch.setattr("scrapy.utils.gz._check_max_size", lambda size, limit: None)
    kept = await visits(crawl(), errand(site.url("/bomb"), "bomb"), errand(site.url("/small"), "small"))
    assert kept["small"].outcome is VisitOutcome.CHANGED
    assert (kept["bomb"].error == "the answer is larger than 1 MiB once unpacked") is on
    assert {asked.headers["accept-encoding"] for asked in site.requests} == {", ".join(PACKED)}


@each_way
async def test_an_answer_is_not_unpacked_again_and_again(site: Site, monkeypatch: pytest.MonkeyPatch, on: bool) -> None:
    body = FEED.encode()
    for _ in range(30):
        body = gzip.compress(body)
    site.put("/feed", body, type=XML, headers={"Content-Encoding": ", ".join(["gzip"] * 30)})
    if not on:
        monkeypatch.setattr(download, "_MOST_PACKINGS", 30)
    visit = (await visits(crawl(), errand(site.url("/feed"))))["news"]
    assert (visit.error == "the answer is packed again and again") is on


@each_way
async def test_all_redirects_together_have_one_deadline(site: Site, monkeypatch: pytest.MonkeyPatch, on: bool) -> None:
    for hop in range(4):
        site.answers[f"/{hop}"] = Answer(status=302, headers={"Location": f"/{hop + 1}"}, delay=0.3)
    site.put("/4", PAGE, delay=0.3)
    if not on:
        monkeypatch.setattr(download, "_LEAST_TIME", 0.8)
    started = time.monotonic()
    error = await page(crawl(timeout=timedelta(seconds=0.8)), site.url("/0"))
    took = time.monotonic() - started
    assert isinstance(error, PageError) is on
    assert (took < 1.2) is on


async def test_the_wait_for_a_turn_does_not_count(site: Site) -> None:
    site.redirect("/away", "/page")
    read = await page(crawl(timeout=timedelta(seconds=0.4), delay=timedelta(seconds=0.6)), site.url("/away"))
    assert isinstance(read, Page)
