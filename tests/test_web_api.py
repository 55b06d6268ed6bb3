"""The JSON API: what it answers, how it is paged while news arrives, what it refuses; asked all that nobody would."""

import asyncio
import hashlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.builders import words
from tests.site_here import CONTACT, EVERYBODY, Caller, Here, opened_site, web

TOKEN = "a-token-of-a-notebook"  # noqa: S105
TOKENS = f"""\
tokens:
  - {{name: notebook, role: researcher, sha256: {hashlib.sha256(TOKEN.encode()).hexdigest()}}}
  - {{name: screen, role: reader, sha256: {hashlib.sha256(b"screen").hexdigest()}}}
"""
LOCKED = CONTACT + web(EVERYBODY, TOKENS)


async def ids(here: Caller, path: str) -> list[int]:
    """All numbers of a list, page by page."""
    found: list[int] = []
    after = ""
    while True:
        page = (await here.get(path + after)).json
        found += [each["id"] for each in page["articles"]]
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"


async def test_articles_come_with_what_is_known_of_them(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        here.desk.keep_story(title="Snow closes the road", text=f"{words('one')} snow falls")
        here.desk.keep_story(title="Thaw")
        (found,) = (await here.get("/api/v1/articles?q=snow&text=true")).json["articles"]
        assert (found["id"], found["title"], found["story"]) == (1, "Snow closes the road", 1)
        assert found["topics"] == [{"id": "roxham-road", "terms": ["Roxham Road"], "mention": False}]
        assert "snow falls" in found["text"]
        assert [found["snippet"][begin:end].lower() for begin, end in found["marks"]] == ["snow"]
        (short,) = (await here.get("/api/v1/articles?q=snow")).json["articles"]
        assert short["text"] is None
        one = (await here.get("/api/v1/articles/1")).json
        assert one["text"] == found["text"]
        assert [v["text"] for v in (await here.get("/api/v1/articles/1/versions")).json["versions"]] == [one["text"]]
        assert (await here.get("/api/v1/stories/2")).json["title"] == "Thaw"


async def test_the_filters_are_those_of_the_pages(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        here.desk.keep_story(language="en")
        here.desk.keep_story(language="fr")
        here.desk.keep_story("stca", language="fr")
        assert await ids(here, "/api/v1/articles?language=fr") == [3, 2]
        assert await ids(here, "/api/v1/articles?language=fr&topic=stca") == [3]
        assert await ids(here, "/api/v1/articles?topic=stca&topic=roxham-road&sort=oldest") == [1, 2, 3]
        assert await ids(here, "/api/v1/articles?until=2020-01-01") == []
        counts = (await here.get("/api/v1/counts?language=fr")).json
        assert (counts["articles"], counts["whole"]) == (2, True)
        assert counts["facets"]["topic"] == [
            {"value": "roxham-road", "articles": 1},
            {"value": "stca", "articles": 1},
        ]


async def test_pages_neither_skip_nor_repeat_while_articles_arrive(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        for _ in range(25):
            here.desk.keep_story()
        for order, wanted in (("newest", list(range(25, 0, -1))), ("oldest", list(range(1, 26)))):
            before = here.desk.kept
            found: list[int] = []
            after = ""
            while True:
                page = (await here.get(f"/api/v1/articles?limit=4&sort={order}{after}")).json
                found += [each["id"] for each in page["articles"]]
                here.desk.keep_story()
                if page["next"] is None:
                    break
                after = f"&after={page['next']}"
            assert [number for number in found if number <= 25] == wanted
            assert len(found) == len(set(found))
            assert order == "oldest" or max(found) <= before


async def test_a_token_says_who_asks(tmp_path: Path) -> None:
    async with opened_site(tmp_path, monitor=LOCKED) as here:
        answers = {
            name: (await here.get("/api/v1/articles", headers=headers)).status
            for name, headers in {
                "nobody": {},
                "notebook": {"Authorization": f"Bearer {TOKEN}"},
                "a reader's": {"Authorization": "Bearer screen"},
                "wrong": {"Authorization": "Bearer nonsense"},
                "no bearer": {"Authorization": "Basic bm90ZWJvb2s6"},
            }.items()
        }
        assert answers == {"nobody": 401, "notebook": 200, "a reader's": 403, "wrong": 401, "no bearer": 401}
        me = await here.get("/api/v1/me", headers={"Authorization": f"Bearer {TOKEN}"})
        assert me.json == {"name": "notebook", "role": "researcher"}


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("articles?q=(", 422, "parenthes"),
        ("articles?q=" + "x" * 5001, 422, "5000"),
        ("articles?since=yesterday", 422, "since"),
        ("articles?limit=0", 422, "limit"),
        ("articles?limit=101", 422, "limit"),
        ("articles?relation=friend", 422, "relation"),
        ("articles?colour=blue", 422, "colour"),
        ("articles?after=nonsense", 422, "after"),
        ("articles?since=2026-02-01&until=2026-01-01", 422, "until"),
        ("articles/99", 404, ""),
        ("articles/0", 422, "id"),
        (f"articles/{2**63}", 422, "id"),
        ("articles/x", 422, "id"),
        ("stories/99", 404, ""),
        ("articles/99/versions", 404, ""),
        ("nothing", 404, ""),
        ("timeline?bucket=hour", 422, "bucket"),
    ],
)
async def test_what_cannot_be_answered_says_why(tmp_path: Path, path: str, status: int, said: str) -> None:
    async with opened_site(tmp_path) as here:
        here.desk.keep_story()
        answer = await here.get(f"/api/v1/{path}")
        assert answer.status == status, answer.text
        assert answer.headers["Content-Type"] == "application/json"
        fault = answer.json
        assert fault["error"]
        assert said in answer.text
        assert (status == 422) == bool(fault["problems"])


async def test_other_methods_are_refused(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert (await here.ask(method, "/api/v1/articles", headers={"Origin": here.url})).status == 405


async def test_the_document_names_every_operation_and_a_page_shows_them(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        document: dict[str, Any] = (await here.get("/api/v1/openapi.json")).json
        page = (await here.get("/api")).text
        assert len(document["paths"]) >= 9
        for path, said in document["paths"].items():
            assert f"GET /api/v1{path}" in page
            assert said["get"]["description"] or said["get"]["summary"]


async def fill(here: Here) -> None:
    """Articles with what makes a client stumble."""
    for title in ("Snow", "<b>bold</b> & \"quoted\" 'title'", "\u202eesrever", "𝐑𝐨𝐱𝐡𝐚𝐦", "=1+1"):
        here.desk.keep_story(title=title, language="fr")


@pytest.mark.slow
@pytest.mark.unmeasured
async def test_every_parameter_stands_what_nobody_would_ask(tmp_path: Path) -> None:
    async with opened_site(tmp_path, monitor=LOCKED) as here:
        await fill(here)
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{here.url}/api/v1/openapi.json"),
            *(
                "--header",
                f"Authorization: Bearer {TOKEN}",
                "--max-examples",
                "8",
                "--phases",
                "examples,coverage,fuzzing",
            ),
            *("--checks", "not_a_server_error,status_code_conformance,content_type_conformance"),
            *("--checks", "response_schema_conformance,response_headers_conformance", "--no-color"),
        ]
        asking = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=tmp_path
        )
        out, _ = await asking.communicate()
        assert asking.returncode == 0, out.decode()[-6000:]
        assert re.search(r"[1-9]\d* generated", out.decode()), out.decode()[-2000:]
