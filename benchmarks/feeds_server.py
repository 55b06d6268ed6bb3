"""Serves feeds on loopback, in a process of its own, so that what is measured shares neither its time nor its memory.

`with serving(Plan(...)) as feeds:` starts it, here; there it runs until its standard input ends, which it does with
whoever started it.
"""

import asyncio
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from benchmarks.feeds import Plan, Shelf, host_of, misbehaviour
from benchmarks.meter import cpu

ROOT = Path(__file__).resolve().parent.parent
_DRIP = 0.25  # seconds between two bytes
_PIECE = b"<item>" + b" " * 65_530


class Feeds:
    """The running server, seen from outside."""

    def __init__(self, plan: Plan, server: "subprocess.Popen[str]") -> None:
        self._plan = plan
        self._server = server
        self._port = int(self._hear())

    def url(self, number: int) -> str:
        """Returns the address of a feed."""
        return f"http://{host_of(self._plan, number)}:{self._port}/feed/{number}"

    def validators(self, wanted: bool) -> None:
        """Makes all feeds send an ETag and answer 304, or do neither."""
        self._ask(f"validators {int(wanted)}")

    def answered(self) -> dict[str, int]:
        """Returns how many answers of each sort were given since the last time this was asked."""
        return cast(dict[str, int], json.loads(self._ask("answered")))

    def asked(self) -> dict[int, list[datetime]]:
        """Returns when each feed was asked for, in order, by the server's clock; those never asked for are missing."""
        said: dict[str, list[float]] = json.loads(self._ask("asked"))
        return {int(number): [datetime.fromtimestamp(at, UTC) for at in times] for number, times in said.items()}

    def begun(self) -> datetime | None:
        """Returns when the first request came."""
        at = float(self._ask("begun"))
        return datetime.fromtimestamp(at, UTC) if at else None

    def cost(self) -> float:
        """Returns the CPU seconds that the server itself has used."""
        return float(self._ask("cost"))

    def _ask(self, question: str) -> str:
        assert self._server.stdin is not None
        self._server.stdin.write(question + "\n")
        self._server.stdin.flush()
        return self._hear()

    def _hear(self) -> str:
        assert self._server.stdout is not None
        if not (line := self._server.stdout.readline()):
            raise RuntimeError("the server of feeds has ended; its error stands above")
        return line.strip()


@contextmanager
def serving(plan: Plan) -> Iterator[Feeds]:
    """Starts the server, and returns when every feed is written and every host listens."""
    command = [sys.executable, "-m", "benchmarks.feeds_server", json.dumps(asdict(plan))]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield Feeds(plan, server)
        finally:
            assert server.stdin is not None
            server.stdin.close()


class _Visitor(asyncio.Protocol):
    """One connection: HTTP/1.1 as far as GET with keep-alive goes, and every way to get it wrong."""

    transport: asyncio.Transport

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._read = b""
        self._gone = False
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._flood: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone = True
        if self._flood is not None:
            self._flood.cancel()

    def pause_writing(self) -> None:
        self._flowing.clear()

    def resume_writing(self) -> None:
        self._flowing.set()

    def data_received(self, data: bytes) -> None:
        self._read += data
        while b"\r\n\r\n" in self._read:
            head, _, self._read = self._read.partition(b"\r\n\r\n")
            lines = head.split(b"\r\n")
            number = int(lines[0].split()[1].rpartition(b"/")[2])
            self._shelf.note(number)
            wrong = misbehaviour(self._shelf.plan, number)
            if wrong is None:
                known = next((line[15:].strip() for line in lines if line[:14].lower() == b"if-none-match:"), None)
                self.transport.write(self._shelf.answer(number, known))
            else:
                self._shelf.answered[wrong] += 1
                self._misbehave(wrong)

    def _misbehave(self, how: str) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
        match how:
            case "silent":
                pass
            case "drip":
                self._flood = asyncio.create_task(self._pour(head + b"\r\n<rss>", b" ", _DRIP))
            case "huge":
                self._flood = asyncio.create_task(self._pour(head + b"\r\n<rss>", _PIECE, 0))
            case "reset":
                self.transport.abort()
            case "error":
                self.transport.write(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\nsory")
            case "garbage":
                body = bytes(range(256)) * 64
                self.transport.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            case "noise":
                self.transport.write(bytes(range(255, -1, -1)) * 16 + b"\r\n\r\n")
                self.transport.close()

    async def _pour(self, head: bytes, piece: bytes, pause: float) -> None:
        self.transport.write(head)
        while not self._gone:
            await asyncio.sleep(pause)
            await self._flowing.wait()
            self.transport.write(piece)


async def _serve(plan: Plan) -> None:
    shelf = Shelf(plan)
    loop = asyncio.get_running_loop()
    hosts = {host_of(plan, n) for n in range(plan.feeds + plan.hostile) if misbehaviour(plan, n) != "refused"}
    port = 0
    for host in sorted(hosts):
        server = await loop.create_server(lambda: _Visitor(shelf), host, port, backlog=512)
        port = server.sockets[0].getsockname()[1]
    print(port, flush=True)
    while words := (await loop.run_in_executor(None, sys.stdin.readline)).split():
        match words[0]:
            case "validators":
                shelf.validators = words[1] == "1"
                print("so be it", flush=True)
            case "answered":
                print(json.dumps(shelf.answered), flush=True)
                shelf.answered.clear()
            case "asked":
                print(json.dumps(shelf.asked), flush=True)
            case "begun":
                print(next((times[0] for times in shelf.asked.values()), 0), flush=True)
            case _:
                print(cpu(), flush=True)


def main() -> None:
    """Serves the plan in the first argument: prints the port, then answers questions, one a line."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a socket for each host, and one for each visitor
    asyncio.run(_serve(Plan(**json.loads(sys.argv[1]))))


if __name__ == "__main__":
    main()
