"""What a hostile reader of the pages found: addresses that led elsewhere, pages that could not be reached, leaks."""

import asyncio
import re
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.archive.cursor import Place, written
from monitor.archive.finding import BEST
from monitor.archive.sqlite import SQLiteArchive
from monitor.errors import ArchiveError, TooSlowError
from monitor.pipeline import worth
from monitor.types import Topic
from monitor.web.asked import address, hear
from tests.builders import NOW
from tests.site_here import Here, opened_site


async def sent(here: Here, path: str) -> tuple[int, str]:
    """Asks for a path just as it is written, which no client library would."""
    port = int(here.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    return int(answer.split()[1]), answer


@pytest.mark.parametrize(
    "path", ["//[", "//evil.example/", "///evil.example", "//evil.example:x/?a=1", "/%2F/evil.example"]
)
async def test_no_page_leads_to_the_host_that_its_path_looks_like(tmp_path: Path, path: str) -> None:
    async with opened_site(tmp_path) as here:
        status, answer = await sent(here, path)
        links = re.findall(r'(?:href|action|src)="([^"]*)"', answer)
    assert status == 404
    assert [link for link in links if re.search("evil|lang", link)]
    assert not [link for link in links if link.startswith("//") or "://" in link]


async def test_the_other_language_has_the_very_same_address(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        _, answer = await sent(here, "/a%3Fb%23c%25%20d?q=x%26y&q=&lang=en")
    assert 'href="/a%3Fb%23c%25%20d?q=x%26y&amp;q=&amp;lang=fr"' in answer


def test_the_longest_cursor_that_the_archive_writes_is_taken() -> None:
    shown = tuple(range(10_000_000, 10_000_000 + 900_000 * BEST, 900_000))
    cursor = written(Place(upto=2_000_000_000, last=0, shown=shown), b"secret", "question")
    heard = hear([("after", cursor)], zone="UTC", now=NOW)
    assert heard.wrong == ()
    assert heard.asked.after == cursor
    assert len(address("/search", heard.asked)) < 10_000  # that servers and browsers take


async def test_all_of_the_best_can_be_paged_through(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        for _ in range(240):
            here.desk.keep_story(title="Snow closes the road")
        seen: list[int] = []
        path: str | None = "/search.json?q=snow&sort=relevance&fold=articles&limit=100"
        while path is not None:
            answer = await here.get(path)
            assert answer.status == 200
            seen += [each["id"] for each in answer.json["articles"]]
            path = answer.json["next"] and "/search.json?" + answer.json["next"].partition("?")[2]
        assert sorted(seen) == list(range(1, 241))
        document = (await here.get("/api/v1/openapi.json")).json
        for operation in ("/articles", "/stories"):
            (after,) = [each for each in document["paths"][operation]["get"]["parameters"] if each["name"] == "after"]
            assert "8000" in str(after["schema"])


async def test_asking_for_the_head_of_an_export_makes_none(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        others = [here.onlooker.stream(lambda _: iter([b"a", b"b"])) for _ in range(2)]
        try:
            assert [await anext(each) for each in others] == [b"a", b"a"]
            head = await here.ask("HEAD", "/export?format=csv")
            assert (head.status, head.body) == (200, b"")
            assert head.headers["Content-Disposition"].startswith("attachment")
            assert (await here.get("/export?format=csv")).status == 503
        finally:
            for each in others:
                await each.aclose()
        assert (await here.get("/export?format=csv")).status == 200


async def test_who_leaves_while_a_part_is_made_lets_everything_go(tmp_path: Path) -> None:
    begun, go, over = threading.Event(), threading.Event(), threading.Event()
    used: list[SQLiteArchive] = []

    def parts(archive: SQLiteArchive) -> Iterator[bytes]:
        used.append(archive)
        begun.set()
        try:
            go.wait(30)
            yield b"late"
            yield b"never asked for"
        finally:
            over.set()

    async with opened_site(tmp_path) as here:
        stream = here.onlooker.stream(parts)
        waiting = asyncio.ensure_future(anext(stream))
        assert await asyncio.to_thread(begun.wait, 30)
        waiting.cancel()
        await asyncio.sleep(0)
        waiting.cancel()  # as often as a server likes
        with pytest.raises(asyncio.CancelledError):
            await waiting
        second = here.onlooker.stream(lambda _: iter([b"a"]))
        assert await anext(second) == b"a"
        with pytest.raises(TooSlowError):  # the thread of the first is not free yet, nor is its turn
            await anext(here.onlooker.stream(lambda _: iter([b"a"])))
        go.set()
        assert await asyncio.to_thread(over.wait, 30)
        async with asyncio.timeout(30):
            while True:
                try:
                    assert await anext(here.onlooker.stream(lambda _: iter([b"a"]))) == b"a"
                    break
                except TooSlowError:
                    await asyncio.sleep(0.01)
        await second.aclose()
        with pytest.raises(ArchiveError, match="closed"):
            used[0].rows("SELECT 1")


async def test_an_export_that_brings_nothing_for_too_long_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parts(archive: SQLiteArchive) -> Iterator[bytes]:
        archive.rows("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n")
        yield b"never"

    monkeypatch.setattr("monitor.app.onlooker._PART", 0.05)
    async with opened_site(tmp_path) as here:
        with pytest.raises(TooSlowError, match="too long"):
            await anext(here.onlooker.stream(parts))
        assert (await here.get("/export?format=csv")).status == 200


async def test_two_questions_may_want_the_last_connection(tmp_path: Path) -> None:
    class Contended(deque[Any]):
        def __len__(self) -> int:
            return 1

        def pop(self, index: int = -1, /) -> Any:
            raise IndexError  # another thread was quicker

    async with opened_site(tmp_path) as here:
        here.onlooker._idle = Contended()
        assert await here.onlooker.ask(lambda archive: archive.newest()) == 0
        here.onlooker._idle = deque(iter(here.onlooker._idle))


async def test_a_topic_of_very_many_forms_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []

    def watched(topics: list[Topic]) -> Any:
        assert threading.current_thread() is not threading.main_thread()
        held.extend(len(topic.any) for topic in topics)
        return worth(topics)

    monkeypatch.setattr("monitor.web.topic.worth", watched)
    async with opened_site(tmp_path) as here:
        for number in (2, 1_000):
            forms = ", ".join(f"'snow road{n}'" for n in range(number))
            text = f"  - {{id: snow, title: Snow, any: [{forms}]}}".replace("{id: snow, ", "id: snow\n    ")
            text = text.replace("title: Snow, ", "title: Snow\n    ").removesuffix("}")
            text = text.replace("'snow road", "'\"snow road").replace("', ", "\"', ").replace("']", "\"']")
            answer = await here.post("/topics/new", {"do": "effect", "text": text})
            assert answer.status == 200
    assert held == [2]
