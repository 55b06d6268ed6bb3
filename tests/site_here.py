"""The whole site over a real archive, served on loopback: what tests of pages begin with.

    async with opened_site(tmp_path) as here:
        here.desk.keep_story(title="Snow closes the road")
        answer = await here.get("/search?q=snow")
        assert answer.status == 200

Nobody can sign in there, so who asks is the operator at this machine. With `users=EVERYBODY` there is one user of each
role, and `here.get` asks as nobody: `reader = await here.signed_in(Role.READER)`, then `reader.get(…)`.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, CookieJar
from multidict import CIMultiDictProxy

from monitor import app
from monitor.archive.sqlite import SQLiteArchive
from monitor.config import Config
from monitor.types import Role
from monitor.web import assemble, serve
from tests.configuration import loaded
from tests.desk import Desk

CONTACT = "contact: desk@newsroom.test\nmail: {via: 'maildir:box', from: Roxham <roxham@newsroom.test>}\n"
TOPICS = "topics:\n  - {id: roxham-road, title: {en: Roxham Road, fr: Chemin Roxham}, any: {en: ['\"Roxham Road\"']}}\n"
DIGESTS = "digests:\n  - {id: morning, title: Border desk, topics: [roxham-road], to: [reader@newsroom.test]}\n"
EVERYBODY: Mapping[str, Role] = {"rhea": Role.READER, "ruth": Role.RESEARCHER, "olga": Role.OPERATOR}
"""A user of each role; who signs in as one of them is known by that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the site answered."""

    status: int
    headers: CIMultiDictProxy[str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def place(self) -> str:
        """Where a redirect leads to."""
        return self.headers.get("Location", "")


class Caller:
    """A browser, or a program: it keeps its cookies, and follows no redirects."""

    def __init__(self, url: str, session: ClientSession, headers: Mapping[str, str] | None = None) -> None:
        self.url = url
        self.session = session
        self.headers = dict(headers or {})

    async def get(self, path: str, **options: Any) -> Reply:
        """Asks for a page. Options are aiohttp's: headers, params …"""
        return await self.ask("GET", path, **options)

    async def post(self, path: str, data: object = None, **options: Any) -> Reply:
        """Sends a form (a dict, or pairs) as a browser does from a page of this site."""
        headers = {"Origin": self.url, "Sec-Fetch-Site": "same-origin", **options.pop("headers", {})}
        return await self.ask("POST", path, data=data, headers=headers, **options)

    async def ask(self, method: str, path: str, **options: Any) -> Reply:
        """Sends a request just as it is told to."""
        headers = {**self.headers, **options.pop("headers", {})}
        async with self.session.request(
            method, self.url + path, headers=headers, allow_redirects=False, **options
        ) as answer:
            return Reply(status=answer.status, headers=answer.headers, body=await answer.read())


class Here(Caller):
    """An installation with its site served; it asks as whoever has no cookie and no token."""

    def __init__(self, folder: Path, texts: Mapping[str, str], stack: AsyncExitStack, line: app.Line) -> None:
        super().__init__("", ClientSession(cookie_jar=CookieJar(unsafe=True)))
        self.folder = folder
        self.line = line
        self.onlooker = stack.enter_context(app.beside(lambda: self.line, folder / "config"))
        self.desk = Desk(line.archive, line.threads, now=self.onlooker.clock())
        self._texts = texts
        self._stack = stack

    @property
    def archive(self) -> SQLiteArchive:
        """The archive, open for writing."""
        return self.line.archive

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self.onlooker.config

    async def stranger(self, **headers: str) -> Caller:
        """Returns another caller without a cookie."""
        session = await self._stack.enter_async_context(ClientSession(cookie_jar=CookieJar(unsafe=True)))
        return Caller(self.url, session, headers)

    async def signed_in(self, who: Role | str) -> Caller:
        """Returns somebody signed in: the user of that name, or EVERYBODY's of that role."""
        name = who if not isinstance(who, Role) else next(n for n, role in EVERYBODY.items() if role is who)
        caller = await self.stranger()
        answer = await caller.post("/sign-in", {"name": name, "password": password(name)})
        assert answer.status == 303, answer.text
        return caller

    async def renew(self, **texts: str) -> None:
        """Takes another configuration into force, as when its files are saved."""
        self.line = await app.renewed(self.line, loaded(self.folder, {**self._texts, **texts}))


def password(name: str) -> str:
    """The password of a user of the tests."""
    return f"{name} at the desk"


@cache
def hashed(name: str) -> str:
    """The hash of that user's password, made in a millisecond: as cheap as it may be."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password(name))


def web(users: Mapping[str, Role] = EVERYBODY, more: str = "") -> str:
    """The key `web` of monitor.yaml with these users, and `more` of its lines (`public: true`)."""
    lines = [f"    - {{name: {name}, role: {role}, password: '{hashed(name)}'}}" for name, role in users.items()]
    return "\n".join(["web:", *(f"  {line}" for line in more.splitlines()), "  users:", *lines, ""])


@asynccontextmanager
async def opened_site(
    folder: Path, *, users: Mapping[str, Role] | None = None, public: bool = False, **texts: str
) -> AsyncIterator[Here]:
    """Serves the site over a new archive in `folder`.

    Args:
        users: who may sign in; None: nobody can, and who asks is the operator at this machine.
        public: whoever comes may search and read excerpts (with `users`).
        texts: files of the configuration by name (monitor, sources, topics, digests), instead of the ones above.
    """
    monitor = CONTACT
    if users is not None:
        monitor += web(users, "public: true" if public else "")
    files = {"monitor": monitor, "topics": TOPICS, "digests": DIGESTS, **texts}
    config = loaded(folder, files)
    async with AsyncExitStack() as stack:
        archive = stack.enter_context(app.writing(config, purpose="test"))
        line = stack.enter_context(app.line(config, archive))
        await line.deliver.register()
        here = Here(folder, files, stack, line)
        await stack.enter_async_context(here.session)
        here.url = f"http://127.0.0.1:{await stack.enter_async_context(serve(assemble(here.onlooker), '127.0.0.1', 0))}"
        yield here
