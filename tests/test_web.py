"""The small web endpoint, over real HTTP on loopback."""

import asyncio
import hashlib
import signal
import socket
import threading
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from aiohttp import ClientResponse, ClientSession, FormData
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from monitor.errors import ArchiveError
from monitor.web import Doors, create, serve
from monitor.web.phrases import PHRASES, language
from monitor.web.server import served

TOKEN = "Zm9yIHRoaXMgdGVzdCBvbmx5LCBvaw-_"  # noqa: S105
CAPPED = "whole-digest-of-which-a-mail-told"
TITLE = 'Pupitre <b>frontières</b> & "Roxham"'
READER = "<script>@newsroom.test"
WHOLE = "<!DOCTYPE html><title>Tout</title><p style='color: red'>Trois nouvelles à lire</p>".encode()
ONE_CLICK = {"List-Unsubscribe": "One-Click"}  # RFC 8058, section 3.2


@dataclass
class House:
    """What stands behind the doors: one subscription, one capped digest, a folder of feeds."""

    folder: Path
    wishes: list[str] = field(default_factory=list)
    error: Exception | None = None
    well: bool = True

    async def subscribed(self, token: str) -> tuple[str, str, str] | None:
        if self.error is not None:
            raise self.error
        return (TITLE, "morning", READER) if token == TOKEN else None

    async def unsubscribe(self, token: str) -> bool:
        self.wishes.append("unsubscribe")
        return token == TOKEN

    async def resubscribe(self, token: str) -> bool:
        self.wishes.append("resubscribe")
        return token == TOKEN

    async def whole(self, token: str) -> bytes | None:
        return WHOLE if token == CAPPED else None

    async def feed(self, name: str) -> Path | None:
        return self.folder / f"{name}.xml" if name in ("desk", "empty", "folder") else None

    async def alive(self) -> bool:
        return self.well

    @property
    def doors(self) -> Doors:
        return Doors(
            subscribed=self.subscribed,
            unsubscribe=self.unsubscribe,
            resubscribe=self.resubscribe,
            whole=self.whole,
            feed=self.feed,
            alive=self.alive,
        )


class Visitor:
    """A browser, or a mail program, that follows no redirects."""

    def __init__(self, house: House, session: ClientSession, port: int) -> None:
        self.house = house
        self.port = port
        self._session = session

    @asynccontextmanager
    async def asks(self, path: str, method: str = "GET", **more: object) -> AsyncIterator[ClientResponse]:
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self._session.request(method, url, allow_redirects=False, **more) as answer:  # type: ignore[arg-type]
            yield answer

    async def page(self, path: str, method: str = "GET", **more: object) -> tuple[int, str]:
        async with self.asks(path, method, **more) as answer:
            return answer.status, await answer.text()


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "desk.xml").write_text("<feed/>", "utf-8")
    (tmp_path / "folder.xml").mkdir()
    return House(tmp_path)


@pytest.fixture
async def visitor(house: House) -> AsyncIterator[Visitor]:
    app = create(house.doors, name="Roxham", contact="desk@example.test")
    async with serve(app, "127.0.0.1", 0) as port, ClientSession() as session:
        yield Visitor(house, session, port)


# --- unsubscribing ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_at_the_page_changes_nothing(visitor: Visitor, method: str) -> None:
    status, text = await visitor.page(f"/unsubscribe/{TOKEN}", method)
    assert status == 200
    assert (text == "") is (method == "HEAD")
    assert visitor.house.wishes == []


async def test_the_page_says_what_the_link_ends_and_holds_no_markup_from_outside(visitor: Visitor) -> None:
    _, text = await visitor.page(f"/unsubscribe/{TOKEN}")
    assert "Pupitre &lt;b&gt;frontières&lt;/b&gt; &amp; &#34;Roxham&#34;" in text
    assert "&lt;script&gt;@newsroom.test" in text
    assert '<form method="post">' in text
    assert '<a href="mailto:desk@example.test">' in text
    assert TOKEN not in text
    assert "http" not in text  # nothing is loaded, nothing leads away


async def test_a_browser_may_show_the_pages_own_style_and_no_other(visitor: Visitor) -> None:
    async with visitor.asks(f"/unsubscribe/{TOKEN}") as answer:
        style = (await answer.text()).partition("<style>")[2].partition("</style>")[0]
        known = b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{known}'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("form", ["urlencoded", "multipart", "nothing", "nonsense"])
async def test_one_post_unsubscribes_without_cookie_or_redirect(visitor: Visitor, form: str) -> None:
    multipart = FormData()
    multipart.add_field("List-Unsubscribe", "One-Click", content_type="text/plain")
    body = {"urlencoded": ONE_CLICK, "multipart": multipart, "nothing": None, "nonsense": b"\xff&;=%zz" * 99}[form]
    async with visitor.asks(f"/unsubscribe/{TOKEN}", "POST", data=body) as answer:
        assert answer.status == 200
        assert "Set-Cookie" not in answer.headers
        text = await answer.text()
    assert visitor.house.wishes == ["unsubscribe"]
    assert "You are unsubscribed" in text
    assert '<input type="hidden" name="wish" value="again">' in text


async def test_the_undo_button_takes_it_back(visitor: Visitor) -> None:
    status, text = await visitor.page(f"/unsubscribe/{TOKEN}?lang=fr", "POST", data={"wish": "again"})
    assert (status, visitor.house.wishes) == (200, ["resubscribe"])
    assert "Abonnement rétabli" in text
    assert "wish" not in text  # its button unsubscribes


@pytest.mark.parametrize(
    "path",
    [
        "/unsubscribe/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        f"/unsubscribe/{TOKEN}x",
        f"/unsubscribe/{TOKEN[:-1]}",
        f"/unsubscribe/{TOKEN}/",
        f"/unsubscribe//{TOKEN}",
        f"/unsubscribe/{TOKEN}%00",
        f"/unsubscribe/{TOKEN}%0a",
        "/unsubscribe/",
        "/unsubscribe",
        f"/digests/{TOKEN}",
        "/digests/..%2f..%2fetc%2fpasswd",
        "/",
        "/robots.txt",
        "/" + "x" * 9000,
    ],
)
async def test_an_address_that_leads_nowhere_says_whom_to_ask(visitor: Visitor, path: str) -> None:
    for method in ("GET", "POST"):
        status, text = await visitor.page(path, method)
        assert (status, "This link may be old" in text, "desk@example.test" in text) in (
            (404, True, True),
            (405, False, True),  # the page of a digest takes no POST
        )
    assert visitor.house.wishes == []


@pytest.mark.parametrize(
    ("asked", "accepted", "shown"),
    [
        (None, "", "en"),
        (None, "fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        (None, "en;q=0.5, FR;q=0.7", "fr"),
        (None, "de, es;q=0.9", "en"),
        (None, "fr;q=0", "en"),
        (None, "fr;q=x,,;;=", "en"),
        (None, "fr;q=nan", "en"),
        ("fr", "en", "fr"),
        ("en", "fr", "en"),
        ("xx", "fr", "fr"),
    ],
)
def test_the_language_is_the_one_asked_for(asked: str | None, accepted: str, shown: str) -> None:
    assert language(asked, accepted) == shown


async def test_both_languages_say_the_same_things(visitor: Visitor) -> None:
    assert PHRASES["en"].keys() == PHRASES["fr"].keys()
    async with visitor.asks(f"/unsubscribe/{TOKEN}", headers={"Accept-Language": "fr-CA"}) as answer:
        text = await answer.text()
        assert (answer.headers["Content-Language"], answer.headers["Vary"]) == ("fr", "Accept-Language")
    assert '<html lang="fr">' in text
    assert '<a href="?lang=en" lang="en" hreflang="en">English</a>' in text
    _, text = await visitor.page(f"/unsubscribe/{TOKEN}?lang=en", headers={"Accept-Language": "fr-CA"})
    assert '<html lang="en">' in text


# --- digests, feeds, life --------------------------------------------------------------------------------------------


async def test_a_capped_digest_is_shown_in_full_and_loads_nothing(visitor: Visitor) -> None:
    async with visitor.asks(f"/digests/{CAPPED}") as answer:
        assert (answer.status, await answer.read()) == (200, WHOLE)
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "script" not in policy
    assert "form-action 'none'" in policy


async def test_a_feed_that_is_known_is_not_sent_again(visitor: Visitor) -> None:
    async with visitor.asks("/feeds/desk.atom") as answer:
        assert (answer.status, await answer.text()) == (200, "<feed/>")
        assert answer.headers["Content-Type"] == "application/atom+xml"
        tag, changed = answer.headers["ETag"], answer.headers["Last-Modified"]
    for known in ({"If-None-Match": f'"x", W/{tag}'}, {"If-None-Match": "*"}, {"If-Modified-Since": changed}):
        async with visitor.asks("/feeds/desk.atom", headers=known) as answer:
            assert (answer.status, await answer.read(), answer.headers["ETag"]) == (304, b"", tag)
    (visitor.house.folder / "desk.xml").write_text("<feed>more</feed>", "utf-8")
    both = {"If-None-Match": tag, "If-Modified-Since": changed}  # written within the same second
    for old in (both, {"If-Modified-Since": "Sun, 22 Nov 1998 07:00:00 GMT"}, {"If-Modified-Since": "99, 99"}):
        assert await visitor.page("/feeds/desk.atom", headers=old) == (200, "<feed>more</feed>")


@pytest.mark.parametrize(
    ("name", "status"),
    [("nobody", 404), ("empty", 404), ("..%2fdesk", 404), ("%2e%2e", 404), (".desk", 404), ("folder", 503)],
)
async def test_only_feeds_of_the_configuration_are_served(visitor: Visitor, name: str, status: int) -> None:
    assert (await visitor.page(f"/feeds/{name}.atom"))[0] == status


async def test_life_is_told_by_status(visitor: Visitor) -> None:
    assert await visitor.page("/livez") == (200, "alive\n")
    visitor.house.well = False
    assert await visitor.page("/livez") == (503, "not alive\n")


# --- what holds for all ----------------------------------------------------------------------------------------------


async def test_every_answer_has_strict_headers(visitor: Visitor) -> None:
    page = f"/unsubscribe/{TOKEN}"
    for path, method, size, status in (
        (page, "GET", 0, 200),
        (page, "POST", 0, 200),
        (page, "PUT", 0, 405),
        (page, "POST", 20_000, 413),
        ("/nothing", "GET", 0, 404),
        ("/" + "x" * 5000, "GET", 0, 404),
        (f"/digests/{CAPPED}", "GET", 0, 200),
        ("/feeds/desk.atom", "GET", 0, 200),
        ("/livez", "GET", 0, 200),
    ):
        async with visitor.asks(path, method, data=b"x" * size) as answer:
            headers = answer.headers
            assert answer.status == status
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == ("no-cache" if "feeds" in path else "no-store")
        assert not headers.keys() & {"Server", "Set-Cookie", "Location"}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "NONSENSE"])
async def test_other_methods_are_refused(visitor: Visitor, method: str) -> None:
    async with visitor.asks(f"/unsubscribe/{TOKEN}", method) as answer:
        assert answer.status == 405
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert visitor.house.wishes == []


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_beyond_the_limit_is_refused_and_does_nothing(visitor: Visitor, chunked: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 1000

    body = pieces() if chunked else b"x" * 30_000
    assert (await visitor.page(f"/unsubscribe/{TOKEN}", "POST", data=body))[0] == 413
    assert visitor.house.wishes == []


async def test_a_visitor_who_leaves_in_the_middle_has_asked_for_nothing(visitor: Visitor) -> None:
    with capture_logs() as logged:
        _, writer = await asyncio.open_connection("127.0.0.1", visitor.port)
        head = f"POST /unsubscribe/{TOKEN} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
        writer.write(head.encode() + b"List-Unsubscribe=One-")
        await writer.drain()
        assert await visitor.page("/livez") == (200, "alive\n")
        writer.close()
        await writer.wait_closed()
        for _ in range(5):
            assert await visitor.page("/livez") == (200, "alive\n")
    assert (visitor.house.wishes, logged) == ([], [])


@pytest.mark.parametrize(
    ("error", "status"), [(ArchiveError("the disk is full"), 503), (ZeroDivisionError("a defect"), 500)]
)
async def test_a_fault_behind_the_page_is_said_and_the_next_visitor_is_served(
    visitor: Visitor, error: Exception, status: int
) -> None:
    visitor.house.error = error
    with capture_logs() as logged:
        for method in ("GET", "POST"):
            async with visitor.asks(f"/unsubscribe/{TOKEN}", method) as answer:
                assert answer.status == status
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                assert "desk@example.test" in await answer.text()
    assert [line["event"] for line in logged] == ["page not served"] * 2
    assert TOKEN not in str(logged)
    visitor.house.error = None
    assert (await visitor.page(f"/unsubscribe/{TOKEN}"))[0] == 200


async def test_no_address_is_ever_logged(visitor: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    await visitor.page(f"/unsubscribe/{TOKEN}", "POST", headers={"Connection": "upgrade", "Upgrade": "websocket"})
    await visitor.page(f"/digests/{TOKEN}")
    assert [record for record in caplog.records if record.name.startswith(("uvicorn", "starlette"))] == []
    assert TOKEN not in caplog.text


# --- the server ------------------------------------------------------------------------------------------------------


async def test_a_port_in_use_is_said(house: House) -> None:
    app = create(house.doors, name="Roxham", contact="https://example.test/contact?a=b")
    async with serve(app, "127.0.0.1", 0) as port:
        with pytest.raises(OSError, match=rf"cannot be served at 127.0.0.1:{port} \(web.bind.*in use"):
            async with serve(app, "127.0.0.1", port):
                pass
    async with serve(app, "127.0.0.1", port) as again:  # it is free at once
        assert again == port


async def test_an_address_of_another_machine_is_said(house: House) -> None:
    with pytest.raises(OSError, match=r"cannot be served at 192\.0\.2\.1:0 \(web.bind.*assign requested address"):
        async with serve(create(house.doors, name="R", contact="d@e.test"), "192.0.2.1", 0):  # RFC 5737: nobody's
            pass


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        *(
            pytest.param(host, marks=pytest.mark.skipif(not _has_ipv6(), reason="no IPv6 here"))
            for host in ("::1", "::")
        ),
    ],
)
async def test_names_and_both_sorts_of_addresses_are_served(house: House, host: str) -> None:
    async with serve(create(house.doors, name="R", contact="d@e.test"), host, 0) as port, ClientSession() as session:
        shown = "[::1]" if ":" in host else host
        async with session.get(f"http://{shown}:{port}/livez") as answer:
            assert answer.status == 200


async def test_signals_stay_the_programs_own(house: House) -> None:
    own = [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)]
    async with serve(create(house.doors, name="R", contact="d@e.test"), "127.0.0.1", 0):
        assert [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)] == own


async def test_the_end_cuts_whoever_is_still_there(house: House) -> None:
    begun = asyncio.Event()

    async def forever(token: str) -> tuple[str, str, str]:
        begun.set()
        await asyncio.sleep(3600)
        raise AssertionError

    house.subscribed = forever  # type: ignore[method-assign]
    app = create(house.doors, name="R", contact="d@e.test")
    async with asyncio.timeout(20):
        async with serve(app, "127.0.0.1", 0) as port:
            idle, half, waiting = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            idle[1].write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            await idle[0].readuntil(b"alive\n")
            half[1].write(b"GET /livez HT")
            waiting[1].write(f"GET /unsubscribe/{TOKEN} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            await begun.wait()
        said = [await _until_cut(reader) for reader, _ in (idle, half, waiting)]
        for _, writer in (idle, half, waiting):
            writer.close()
    assert said[:2] == [b"", b""]
    assert b" 200 " not in said[2]


async def _until_cut(reader: asyncio.StreamReader) -> bytes:
    got = b""
    try:
        while piece := await reader.read(10_000):
            got += piece
    except ConnectionError:
        pass
    return got


@pytest.mark.parametrize("sent", [b"", b"GET /livez HTTP/1.1\r\nHost:", b"POST /livez HTTP/1.1\r\nHost: x\r\n\r\nGET"])
async def test_a_visitor_who_never_ends_a_request_is_cut(house: House, sent: bytes) -> None:
    app = create(house.doors, name="R", contact="d@e.test")
    async with asyncio.timeout(20), served(app, "127.0.0.1", 0, patience=0.2) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        said = await _until_cut(reader)
        writer.close()
    assert said.count(b"HTTP/1.1 ") == sent.count(b"\r\n\r\n")  # what was asked in full was answered


async def test_more_connections_than_the_service_can_spare_are_cut(house: House) -> None:
    app = create(house.doors, name="R", contact="d@e.test")
    async with asyncio.timeout(60), serve(app, "127.0.0.1", 0) as port:
        opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(201)]
        assert await _until_cut(opened[-1][0]) == b""
        opened[0][1].write(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"alive" in await _until_cut(opened[0][0])
        for _, writer in opened:
            writer.close()


# --- whatever comes --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server in a thread of its own, for requests that are made one after the other."""
    house = House(tmp_path_factory.mktemp("feeds"))
    ready, found = threading.Event(), []

    async def run() -> None:
        stop.append((asyncio.get_running_loop(), asyncio.Event()))
        async with serve(create(house.doors, name="R", contact="d@e.test"), "127.0.0.1", 0) as port:
            found.append(port)
            ready.set()
            await stop[0][1].wait()

    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(20)
    yield found[0]
    stop[0][0].call_soon_threadsafe(stop[0][1].set)
    thread.join(20)
    assert not thread.is_alive()


def exchanged(port: int, request: bytes) -> bytes:
    """What comes back, until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        got = b""
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65_536):
                got += piece
        except ConnectionError:
            pass  # cut in the middle of nonsense
    return got


METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS", "X"])
SEGMENTS = st.sampled_from(["unsubscribe", "digests", "feeds", "livez", TOKEN, CAPPED, "desk.atom", "..", "."])
PATHS = st.lists(SEGMENTS | st.text(max_size=20).map(lambda text: quote(text, safe="%")), max_size=4).map("/".join)
QUERIES = st.sampled_from(["", "?lang=fr", "?lang=", "?lang=%00&lang=fr", "?" + "a&" * 2000, "?%ff"])
NAMES = st.sampled_from(
    ["Accept-Language", "If-None-Match", "If-Modified-Since", "Content-Type", "Cookie", "Expect", "Upgrade", "Origin"]
)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=60)


@given(METHODS, PATHS, QUERIES, st.lists(st.tuples(NAMES, VALUES), max_size=4), st.binary(max_size=300))
def test_no_request_finds_a_defect(
    port: int, method: str, path: str, query: str, headers: list[tuple[str, str]], body: bytes
) -> None:
    lines = [f"{method} /{path}{query} HTTP/1.1", "Host: x", "Connection: close", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value.strip()}" for name, value in headers]
    with capture_logs() as logged:
        got = exchanged(port, "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
    assert got.split(b" ", 2)[1] in (b"200", b"304", b"400", b"404", b"405", b"100"), got[:100]
    assert logged == []


@given(st.binary(max_size=400))
def test_no_noise_finds_a_defect(port: int, noise: bytes) -> None:
    with capture_logs() as logged:
        got = exchanged(port, noise)
    assert got == b"" or got.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 ", b"HTTP/1.1 405 "))
    assert logged == []
