"""`roxham web`: the pages in a process of their own, and what lets people and programs in."""

import asyncio
import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar

from monitor import app
from monitor.web import passwords
from tests.configuration import GOOD, loaded
from tests.installation import COMMAND, run
from tests.site_here import CONTACT, EVERYBODY, Caller, password, web

BIND = "bind: 127.0.0.1:0"


@dataclass
class Serving:
    """`roxham web` at work."""

    process: asyncio.subprocess.Process
    caller: Caller
    said: str  # its first line

    async def logged(self, word: bytes) -> bytes:
        """Waits for a line of the log that holds a word, and returns it."""
        assert self.process.stderr is not None
        while word not in (line := await self.process.stderr.readline()):
            assert line, "it ended"
        return line

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return await self.process.wait()


def prepare(folder: Path, monitor: str) -> None:
    """Writes a configuration, and makes its archive."""
    with app.writing(loaded(folder, monitor=monitor), purpose="test"):
        pass


@asynccontextmanager
async def serving(folder: Path, *args: str) -> AsyncIterator[Serving]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ROXHAM_")}
    process = await asyncio.create_subprocess_exec(
        COMMAND, "--config", folder / "config", "web", *args,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=clean,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        async with asyncio.timeout(60), ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
            said = (await process.stdout.readline()).decode()
            found = re.search(r"http://\S+[^/\s]", said)
            assert found, (await process.stderr.read()).decode()
            yield Serving(process, Caller(found[0], session), said)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_prints_where_the_pages_are_and_ends_in_order(tmp_path: Path, number: signal.Signals) -> None:
    prepare(tmp_path, f"{CONTACT}web: {{{BIND}}}\n")
    async with serving(tmp_path) as pages:
        assert pages.said.startswith("Roxham: http://127.0.0.1:")
        assert (await pages.caller.get("/search")).status == 200
        assert (await pages.caller.get("/sources")).status == 200
        assert await pages.end(number) == 0


async def test_it_ends_in_time_while_a_visitor_dawdles(tmp_path: Path) -> None:
    prepare(tmp_path, f"{CONTACT}web: {{{BIND}}}\n")
    async with serving(tmp_path) as pages:
        host, _, port = pages.caller.url.removeprefix("http://").rpartition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nname")
        await writer.drain()
        assert await pages.end() == 0
        writer.close()


async def test_people_sign_in_beside_a_service_that_writes(tmp_path: Path) -> None:
    monitor = CONTACT + web(more=BIND)
    prepare(tmp_path, monitor)
    with app.writing(loaded(tmp_path, monitor=monitor), purpose="run"):
        async with serving(tmp_path) as pages:
            assert (await pages.caller.get("/search")).status == 303
            done = await pages.caller.post("/sign-in", {"name": "olga", "password": password("olga")})
            assert (done.status, done.place) == (303, "/")
            assert (await pages.caller.get("/sources")).status == 200
            assert await pages.end() == 0


async def test_saved_files_are_taken_over_where_they_are_sound(tmp_path: Path) -> None:
    prepare(tmp_path, f"{CONTACT}web: {{{BIND}}}\n")
    file = tmp_path / "config/monitor.yaml"
    async with serving(tmp_path) as pages:
        assert (await pages.caller.get("/search")).status == 200
        file.write_text(f"{CONTACT}web: {{users: [{{name: x}}]}}\n", "utf-8")
        assert b"web.users[1].role: is required" in await pages.logged(b"configuration refused")
        assert (await pages.caller.get("/search")).status == 200
        file.write_text(CONTACT + web(EVERYBODY, BIND), "utf-8")
        await pages.logged(b"configuration taken")
        assert (await pages.caller.get("/search")).place == "/sign-in?next=%2Fsearch"
        assert await pages.end() == 0


async def test_where_nobody_can_sign_in_it_listens_here_only_and_says_what_to_do(tmp_path: Path) -> None:
    prepare(tmp_path, f"{CONTACT}web: {{bind: '127.0.0.1:1'}}\n")
    async with serving(tmp_path, "--bind", "0.0.0.0:0") as pages:
        assert pages.caller.url.startswith("http://127.0.0.1:")
        said = await pages.logged(b"warning")
        assert b"nobody can sign in, so the pages listen on 127.0.0.1 only, not on 0.0.0.0" in said
        assert b"roxham web password" in said
        assert await pages.end() == 0


def test_what_cannot_be_is_said_in_a_sentence(tmp_path: Path) -> None:
    loaded(tmp_path, monitor=f"{CONTACT}web: {{{BIND}}}\n")
    command = (str(COMMAND), "--config", str(tmp_path / "config"), "web")
    done = run(*command, apart=True)
    assert (done.returncode, "there is no archive yet" in done.stderr) == (4, True)
    prepare(tmp_path, f"{CONTACT}web: {{{BIND}}}\n")
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        done = run(*command, "--bind", f"127.0.0.1:{port}", apart=True)
        assert done.returncode == 2
        assert f"the web pages cannot be served at 127.0.0.1:{port} (web.bind in monitor.yaml)" in done.stderr
        assert "Traceback" not in done.stderr
    done = run(*command, "--bind", "nonsense")
    assert (done.returncode, done.stderr) == (
        2, '--bind: "nonsense" is not a host and a port such as 127.0.0.1:8400 or [::1]:8400\n',
    )  # fmt: skip


# --- passwords and tokens --------------------------------------------------------------------------------------------


def piped(text: bytes, *args: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([COMMAND, "web", *args], input=text, capture_output=True, timeout=60, check=False)


def test_a_password_that_comes_in_becomes_lines_for_the_file(tmp_path: Path) -> None:
    done = piped("caf\u00e9 cr\u00e8me\r\nmore\n".encode(), "password", "Ann O'Hara", "--role", "operator")
    assert (done.returncode, done.stderr) == (0, b"")
    (user,) = loaded(tmp_path, monitor=GOOD["monitor"] + done.stdout.decode()).web.users
    assert (user.name, user.role.value) == ("Ann O'Hara", "operator")
    assert user.password is not None
    assert passwords.is_right(user.password, "cafe\u0301 cre\u0300me")
    assert not passwords.is_right(user.password, "cafe creme")
    assert b"caf" not in done.stdout


@pytest.mark.parametrize(
    ("text", "args", "why"),
    [
        (b"", ("x",), b"a password has 1 to 1000 characters"),
        (b"\n", ("x",), b"a password has 1 to 1000 characters"),
        (b"x" * 1001, ("x",), b"a password has 1 to 1000 characters"),
        (b"\xff\n", ("x",), b"is not UTF-8"),
        (b"long enough\n", ("",), b"is empty"),
        (b"long enough\n", ("n" * 101,), b"is longer than 100 characters"),
        (b"long enough\n", ("x", "--role", "visitor"), b"a visitor needs no entry"),
    ],
)
def test_what_can_be_no_entry_makes_none(text: bytes, args: tuple[str, ...], why: bytes) -> None:
    done = piped(text, "password", *args)
    assert (done.returncode, done.stdout) == (2, b"")
    assert why in done.stderr


def test_a_short_password_is_warned_of() -> None:
    done = piped(b"short\n", "password", "x")
    assert (done.returncode, done.stderr) == (0, b"warning: shorter than 8 characters is soon guessed\n")


@pytest.mark.parametrize(("second", "code"), [(b"correct horse\n", 0), (b"correct house\n", 2)])
def test_on_a_terminal_it_is_asked_twice_and_never_shown(tmp_path: Path, second: bytes, code: int) -> None:
    spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    command = [sys.executable, "-c", spawn, str(COMMAND), "web", "password", "true"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as terminal:
        assert terminal.stdin is not None
        assert terminal.stdout is not None
        shown = b""
        for prompt, typed in ((b"Password: ", b"correct horse\n"), (b"Once more: ", second)):
            while prompt not in shown:
                shown += terminal.stdout.read(1)
            terminal.stdin.write(typed)
        rest = terminal.stdout.read()
        assert terminal.wait() == code
    assert b"correct" not in shown + rest
    if code == 0:
        text = rest.decode().replace("\r\n", "\n").lstrip()
        (user,) = loaded(tmp_path, monitor=GOOD["monitor"] + text).web.users
        assert user.name == "true"
        assert user.password is not None
        assert passwords.is_right(user.password, "correct horse")


def test_a_token_is_shown_once_with_lines_for_the_file(tmp_path: Path) -> None:
    done = run(str(COMMAND), "web", "token", "archive-bot", "--role", "researcher", apart=False)
    assert done.returncode == 0, done.stderr
    shown, _, lines = done.stdout.partition("\n\n")
    made = shown.removeprefix("Token, shown this once: ")
    assert re.fullmatch(r"roxham_[A-Za-z0-9_-]{43}", made)
    (token,) = loaded(tmp_path, monitor=GOOD["monitor"] + lines).web.tokens
    assert (token.name, token.role.value) == ("archive-bot", "researcher")
    assert token.sha256 == hashlib.sha256(made.encode()).hexdigest()


async def test_the_demo_ends_with_its_pages(tmp_path: Path, unused_tcp_port: int) -> None:
    command = [str(COMMAND), "demo", "--dir", str(tmp_path), "--port", str(unused_tcp_port), "--pages"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(90), ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
            while not (found := re.match(rb"Roxham demo: (http://\S+[^/\s])", await process.stdout.readline())):
                assert not process.stdout.at_eof()
            caller = Caller(found[1].decode(), session)
            assert "Minister answers border mayors" in (await caller.get("/search?q=mayors")).text
            process.send_signal(signal.SIGINT)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
