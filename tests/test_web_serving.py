"""How answers travel: packed where that helps, streamed as they are made, and only to who takes them."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from monitor.config import UserSettings, WebSettings
from monitor.types import Role
from monitor.web import served_at
from monitor.web.packing import Packed, takes_gzip
from monitor.web.server import served
from tests.site_here import opened_site

PART = b"a line of an export\n" * 5_000  # 100 kB
PARTS = 1000


class Export:
    """A long answer, and what became of it."""

    def __init__(self) -> None:
        self.made = 0
        self.left = asyncio.Event()

    async def parts(self) -> AsyncIterator[bytes]:
        try:
            for _ in range(PARTS):
                self.made += 1
                yield PART
                await asyncio.sleep(0)  # a question to the archive, at which an answer that nobody takes can end
        finally:
            self.left.set()

    async def answer(self, request: Request) -> Response:
        return StreamingResponse(self.parts(), media_type="text/csv")


@asynccontextmanager
async def exporting(patience: float) -> AsyncIterator[tuple[Export, asyncio.StreamReader]]:
    """A visitor who has asked for an export, and has small buffers."""
    export = Export()
    app = Starlette(routes=[Route("/export", export.answer)], middleware=[Middleware(Packed)])
    async with asyncio.timeout(60), served(app, "127.0.0.1", 0, patience=patience) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
        writer.write(b"GET /export HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n")
        try:
            yield export, reader
        finally:
            writer.close()


async def test_an_export_takes_as_long_as_its_reader_needs(tmp_path: Path) -> None:
    patience, clock = 1.0, asyncio.get_running_loop().time
    async with exporting(patience) as (export, reader):
        taken, began = 0, clock()
        while part := await reader.read(100_000):
            taken += len(part)
            if clock() < began + 1.5 * patience:  # a slow line
                await asyncio.sleep(0.005)
        assert taken > PARTS * len(PART)
        assert export.made == PARTS


async def test_who_takes_a_byte_now_and_then_is_cut(tmp_path: Path) -> None:
    async with exporting(patience=0.5) as (export, reader):
        while not export.left.is_set():
            assert await reader.read(1)
            await asyncio.sleep(0.01)
        assert 0 < export.made < PARTS


async def test_an_export_is_streamed_and_not_packed(tmp_path: Path) -> None:
    async with exporting(patience=30) as (_, reader):
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"content-encoding" not in head.lower()
        assert b"transfer-encoding: chunked" in head.lower()


PAGE = HTMLResponse("<p>" + "news " * 1000, headers={"ETag": '"1"', "Vary": "Cookie"})


@pytest.mark.parametrize(
    ("answer", "accepted", "packed"),
    [
        (PAGE, "gzip, deflate, br", True),
        (PAGE, "br;q=1, GZIP;q=0.5", True),
        (PAGE, "", False),
        (PAGE, "br", False),
        (PAGE, "gzip;q=0", False),
        (HTMLResponse("short"), "gzip", False),
        (Response(b"x" * 5000, media_type="application/vnd.apache.parquet"), "gzip", False),
        (Response(b"x" * 5000, media_type="text/html", headers={"Content-Encoding": "br"}), "gzip", False),
    ],
)
async def test_texts_are_packed_for_who_can_unpack_them(answer: Response, accepted: str, packed: bool) -> None:
    async def page(request: Request) -> Response:
        return Response(answer.body, 200, dict(answer.headers))

    app = Starlette(routes=[Route("/", page)], middleware=[Middleware(Packed)])
    async with served(app, "127.0.0.1", 0) as port, ClientSession(auto_decompress=False) as session:
        async with session.get(f"http://127.0.0.1:{port}/", headers={"Accept-Encoding": accepted}) as got:
            body, headers = await got.read(), got.headers
        async with session.head(f"http://127.0.0.1:{port}/", headers={"Accept-Encoding": accepted}) as got:
            assert got.headers.get("Content-Length") == headers["Content-Length"]
    assert (headers.get("Content-Encoding") == "gzip") is packed
    assert int(headers["Content-Length"]) == len(body)
    if packed:
        assert gzip.decompress(body) == answer.body
        assert (headers["ETag"], headers["Vary"]) == ('W/"1"', "Cookie, Accept-Encoding")
        assert len(body) < len(answer.body) / 10
    else:
        assert body == answer.body


@given(st.text(max_size=40))
def test_whatever_stands_in_accept_encoding_is_read(accepted: str) -> None:
    assert takes_gzip(accepted) in (True, False)
    assert takes_gzip(f"gzip, {accepted}")


async def test_the_first_page_weighs_little(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        for _ in range(20):
            here.desk.keep_story()
        async with ClientSession(auto_decompress=False) as session:

            async def weight(path: str) -> tuple[int, str]:
                async with session.get(here.url + path, headers={"Accept-Encoding": "gzip"}) as answer:
                    assert answer.status == 200
                    body = await answer.read()
                    return len(body), gzip.decompress(body).decode() if "Content-Encoding" in answer.headers else ""

            total, page = await weight("/search")
            linked = {
                part.partition('"')[0] for mark in ('href="/static/', 'src="/static/') for part in page.split(mark)[1:]
            }
            assert len(linked) >= 4
            for name in linked:
                total += (await weight(f"/static/{name}"))[0]
    assert total < 60_000  # bytes on the wire; the promise is 150,000


@pytest.mark.parametrize(
    ("host", "opens"),
    [("0.0.0.0", "http://127.0.0.1:8400"), ("::", "http://[::1]:8400"), ("10.0.0.7", "http://10.0.0.7:8400")],  # noqa: S104
)
def test_the_address_that_is_said_can_be_opened_on_this_machine(host: str, opens: str) -> None:
    someone = UserSettings(name="ada", role=Role.READER, password="$argon2id$")
    web = WebSettings(host=host, port=8400, base_url="http://x.test", only_here=False, users=(someone,))
    assert served_at(web, 8400) == opens
