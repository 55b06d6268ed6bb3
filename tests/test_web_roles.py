"""Who may: every address of the site, each method, each sort of visitor. A page added without thought fails here."""

import hashlib
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount, Route, compile_path
from structlog.testing import capture_logs

from monitor import app
from monitor.types import Clock, Role
from monitor.web import assemble
from monitor.web.routes import PAGES
from tests.site_here import CONTACT, EVERYBODY, Caller, Here, Reply, opened_site, web

READER, RESEARCHER, OPERATOR = Role.READER, Role.RESEARCHER, Role.OPERATOR
VISITOR = Role.VISITOR  # whoever comes, where the site is public
ANYBODY = None  # also where it is not

WHO: Mapping[str, Mapping[str, Role | None]] = {
    "/": {"GET": VISITOR},
    "/search": {"GET": VISITOR},
    "/stories/{story}.json": {"GET": VISITOR},
    "/stories/{story}.csv": {"GET": VISITOR},
    "/stories/{story}.atom": {"GET": VISITOR},
    "/stories/{story}": {"GET": VISITOR},
    "/articles/{article}.json": {"GET": VISITOR},
    "/articles/{article}.csv": {"GET": VISITOR},
    "/articles/{article}.atom": {"GET": VISITOR},
    "/articles/{article}/cite.{form}": {"GET": VISITOR},
    "/articles/{article}/versions/{version}": {"GET": VISITOR},
    "/articles/{article}": {"GET": VISITOR},
    "/articles/{article}/feedback": {"POST": READER},
    "/missed": {"GET": READER, "POST": READER},
    "/search.json": {"GET": VISITOR},
    "/search.csv": {"GET": VISITOR},
    "/search.atom": {"GET": VISITOR},
    "/saved": {"GET": RESEARCHER, "POST": RESEARCHER},
    "/searches/{key}.atom": {"GET": ANYBODY},
    "/export": {"GET": RESEARCHER},
    "/api": {"GET": READER},
    "/sources": {"GET": OPERATOR},
    "/sources.json": {"GET": OPERATOR},
    "/sources.csv": {"GET": OPERATOR},
    "/sources/{id}.json": {"GET": OPERATOR},
    "/sources/{id}": {"GET": OPERATOR},
    "/sources/{id}/release": {"POST": OPERATOR},
    "/sources/{id}/retry": {"POST": OPERATOR},
    "/topics": {"GET": OPERATOR, "POST": OPERATOR},
    "/topics-state": {"GET": OPERATOR},
    "/topics/{id}": {"GET": OPERATOR, "POST": OPERATOR},
    "/subscriptions": {"GET": OPERATOR},
    "/subscriptions.json": {"GET": OPERATOR},
    "/subscriptions/{id}": {"GET": OPERATOR},
    "/subscriptions/{id}/preview.html": {"GET": OPERATOR},
    "/subscriptions/{id}/pause": {"POST": OPERATOR},
    "/subscriptions/{id}/resume": {"POST": OPERATOR},
    "/subscriptions/{id}/test": {"POST": OPERATOR},
    "/outbox": {"GET": OPERATOR},
    "/outbox.json": {"GET": OPERATOR},
    "/outbox/retry": {"POST": OPERATOR},
    "/outbox/release": {"POST": OPERATOR},
    "/outbox/seen": {"POST": OPERATOR},
    "/outbox/{n}": {"GET": OPERATOR},
    "/outbox/{n}/mail.html": {"GET": OPERATOR},
    "/outbox/{n}/retry": {"POST": OPERATOR},
    "/outbox/{n}/drop": {"POST": OPERATOR},
    "/running": {"GET": OPERATOR},
    "/status": {"GET": OPERATOR},
    "/readyz": {"GET": ANYBODY},
    "/metrics": {"GET": OPERATOR},
    "/sign-in": {"GET": ANYBODY, "POST": ANYBODY},
    "/sign-out": {"POST": ANYBODY},
    "/api/v1/openapi.json": {"GET": ANYBODY},
    "/api/v1/articles": {"GET": RESEARCHER},
    "/api/v1/articles/{id}": {"GET": RESEARCHER},
    "/api/v1/articles/{id}/versions": {"GET": RESEARCHER},
    "/api/v1/stories": {"GET": RESEARCHER},
    "/api/v1/stories/{id}": {"GET": RESEARCHER},
    "/api/v1/counts": {"GET": RESEARCHER},
    "/api/v1/timeline": {"GET": RESEARCHER},
    "/api/v1/watching": {"GET": RESEARCHER},
    "/api/v1/me": {"GET": RESEARCHER},
    "/unsubscribe/{token}": {"GET": ANYBODY, "POST": ANYBODY},
    "/digests/{token}": {"GET": ANYBODY},
    "/feeds/{name}.atom": {"GET": ANYBODY},
    "/livez": {"GET": ANYBODY},
    "/static/{name}": {"GET": ANYBODY},
}
"""Every address with the least role for each way to use it."""

METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "POST")
FILLED = {
    "id": ("1", "news", "roxham-road", "morning", "none<b>"),
    "article": ("1", "9" * 19, "x"),
    "story": ("1", "9" * 19, "x"),
    "n": ("1", "-1"),
    "version": ("1", "9" * 19),
    "form": ("ris", "x"),
    "key": ("k" * 32,),
    "token": ("t" * 32,),
    "name": ("border", "site.css"),
}
"""What stands in the blanks of addresses: things that are there, and things that are not."""
TOKENS = {role: f"roxham_{role.value}" for role in (READER, RESEARCHER, OPERATOR)}
_MORE = "proxy: {header: X-User, from: [127.0.0.1/32]}\ntokens:\n" + "\n".join(
    f"  - {{name: {role.value}s-program, role: {role.value}, sha256: {hashlib.sha256(token.encode()).hexdigest()}}}"
    for role, token in TOKENS.items()
)


@dataclass(frozen=True)
class Sort:
    """A sort of visitor."""

    role: Role | None  # None: nobody, and not even let in as a visitor
    way: str = "nobody"

    def __str__(self) -> str:
        return f"{self.role or 'nobody'}-{self.way}"

    def may(self, needed: Role | None) -> bool:
        return needed is ANYBODY or (self.role is not None and self.role.may(needed))


SORTS = [
    Sort(None),
    Sort(VISITOR),
    Sort(OPERATOR, "here"),
    Sort(None, "elsewhere"),
    *(Sort(role, way) for role in TOKENS for way in ("session", "token", "proxy")),
]


@asynccontextmanager
async def calling(folder: Path, sort: Sort) -> AsyncIterator[tuple[Here, Caller]]:
    """A site with a story, and a visitor of that sort."""
    open_ = sort.way in ("here", "elsewhere")
    monitor = CONTACT + ("" if open_ else web(EVERYBODY, _MORE + ("\npublic: true" if sort.role is VISITOR else "")))
    with capture_logs():
        async with opened_site(folder, monitor=monitor) as here:
            here.desk.keep_story()
            here.archive.beat(app.utc_now())
            here.onlooker.clock = _ticking()
            match sort.way:
                case "session":
                    assert sort.role is not None
                    caller = await here.signed_in(sort.role)
                case "token":
                    assert sort.role is not None
                    caller = await here.stranger(Authorization=f"Bearer {TOKENS[sort.role]}")
                case "proxy":
                    caller = await here.stranger(**{"X-User": next(n for n, r in EVERYBODY.items() if r is sort.role)})
                case "elsewhere":
                    caller = await here.stranger(Host="news.newsroom.test")
                case _:
                    caller = await here.stranger()
            yield here, caller


def _ticking() -> Clock:
    """A clock that is a second later at each look: nobody asks too often."""
    ticks = iter(range(10**9))
    start = app.utc_now()
    return lambda: start + timedelta(seconds=next(ticks))


def filled(path: str) -> Iterator[str]:
    """The address with its blanks filled in, in each way."""
    names = re.findall(r"{(\w+)(?::\w+)?}", path)
    for number in range(max((len(FILLED[name]) for name in names), default=1)):
        at = path
        for name in names:
            at = re.sub(rf"{{{name}(?::\w+)?}}", FILLED[name][number % len(FILLED[name])], at)
        yield at


def needed(path: str, method: str) -> list[Role | None]:
    """Which role an address asks for, by each entry of the table that it fits; the first one counts."""
    headless = path.startswith("/api/v1/") and not path.endswith(".json")
    as_method = "GET" if method == "HEAD" and not headless else method
    fits = (methods for template, methods in WHO.items() if compile_path(template)[0].match(path))
    return [methods[as_method] for methods in fits if as_method in methods]


def turned_away(reply: Reply, path: str) -> bool:
    """Says whether somebody did not get in."""
    to_sign_in = reply.status == 303 and reply.place.startswith("/sign-in") and path != "/sign-out"
    return reply.status in (401, 403) or to_sign_in


@pytest.mark.unmeasured
@pytest.mark.parametrize("sort", SORTS, ids=str)
async def test_whoever_may_gets_in_and_nobody_else(tmp_path: Path, sort: Sort) -> None:
    wrong = []
    async with calling(tmp_path, sort) as (_, caller):
        for template in WHO.keys() - {"/sign-out"}:  # which would end the walk: below
            for number, path in enumerate(filled(template)):
                for method in METHODS:
                    ways = needed(path, method)
                    if number and not ways:
                        continue  # the same for every value in the blanks
                    reply = await caller.ask(method, path, headers={"Sec-Fetch-Site": "same-origin"})
                    if not ways:
                        right = reply.status == 405
                    elif path == "/sign-in" and (method == "POST" or sort.way == "elsewhere"):
                        right = reply.status == 403  # it says why: nothing was filled in, or nobody can sign in
                    elif sort.may(ways[0]):
                        right = not turned_away(reply, path) and reply.status not in (405, 429, 500)
                    else:
                        right = turned_away(reply, path)
                    if not right:
                        wrong.append(f"{method} {path}: {reply.status} {reply.place}")
    assert wrong == []


@pytest.mark.unmeasured
@pytest.mark.parametrize("sort", SORTS, ids=str)
async def test_anybody_may_sign_out(tmp_path: Path, sort: Sort) -> None:
    async with calling(tmp_path, sort) as (_, caller):
        for method in METHODS:
            reply = await caller.ask(method, "/sign-out", headers={"Sec-Fetch-Site": "same-origin"})
            assert reply.status == (303 if method == "POST" else 405), method
        still = 403 if sort.way == "elsewhere" else 303 if sort.way in ("nobody", "session") else 200
        may = 200 if sort.may(OPERATOR) else 403
        assert (await caller.get("/sources")).status == (may if still == 200 else still)


async def test_what_changes_something_is_never_asked_from_another_site(tmp_path: Path) -> None:
    taken = []
    for sort in (Sort(OPERATOR, "session"), Sort(OPERATOR, "here"), Sort(OPERATOR, "proxy")):
        folder = tmp_path / sort.way
        folder.mkdir()
        async with calling(folder, sort) as (_, caller):
            for template, methods in WHO.items():
                if "POST" not in methods or template.startswith("/unsubscribe"):
                    continue
                for path in filled(template):
                    for headers in (
                        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"},
                        {"Origin": "null"},
                        {},
                    ):
                        reply = await caller.ask("POST", path, headers=headers)
                        if reply.status != 403:
                            taken.append(f"{sort} POST {path} {headers}: {reply.status}")
    assert taken == []


async def test_the_table_holds_every_address_there_is(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        there = set(addresses(assemble(here.onlooker).routes))
    assert there == {(path, method) for path, methods in WHO.items() for method in methods}
    listed = {
        (page.path, method): None if page.open else role for page in PAGES for method, role in page.methods.items()
    }
    assert {key: WHO[key[0]][key[1]] for key in listed} == listed


def addresses(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, str]]:
    """Every address and method that the application knows, HEAD apart."""
    for route in routes:
        match route:
            case Mount(app=FastAPI() as api):
                for path, said in (api.openapi()["paths"] | {api.openapi_url: {"get": None}}).items():
                    yield from ((f"{route.path}{path}", method.upper()) for method in said)
            case Route():
                for method in (route.methods or set()) - {"HEAD"}:
                    yield route.path, method
            case _:
                raise AssertionError(f"nobody knows what {route} is")
