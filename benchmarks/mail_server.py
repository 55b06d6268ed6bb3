"""A mail server on loopback that takes everything and remembers what it was, in a process of its own.

`with receiving() as mail:` starts it, here; there it runs until its standard input ends, which it does with whoever
started it. It does as little as it can, so that it is no bound: of each mail it keeps reader, Message-ID, size,
checksum and time.
"""

import asyncio
import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.meter import cpu, peak

ROOT = Path(__file__).resolve().parent.parent
_MOST = 20_000_000  # bytes of one mail
_MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_ANSWERS = {b"MAIL": b"250 ok", b"RCPT": b"250 ok", b"RSET": b"250 ok", b"NOOP": b"250 ok", b"HELO": b"250 benchmark"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail that was taken."""

    reader: str
    message_id: str
    size: int  # bytes
    checksum: str
    at: float  # seconds since the epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class Mails:
    """What came since this was last asked for, and what the server has cost until now."""

    mails: tuple[Mail, ...]
    connections: int
    cpu: float  # seconds
    peak: float  # MB


class MailServer:
    """The running server, seen from outside."""

    def __init__(self, server: "subprocess.Popen[str]") -> None:
        self._server = server
        self.port = int(self._hear())

    def taken(self) -> Mails:
        """Returns what came since this was last asked for."""
        assert self._server.stdin is not None
        self._server.stdin.write("taken\n")
        self._server.stdin.flush()
        said = json.loads(self._hear())
        return Mails(**said | {"mails": tuple(Mail(**mail) for mail in said["mails"])})

    def _hear(self) -> str:
        assert self._server.stdout is not None
        if not (line := self._server.stdout.readline()):
            raise RuntimeError("the mail server has ended; its error stands above")
        return line.strip()


@contextmanager
def receiving() -> Iterator[MailServer]:
    """Starts the server, and returns when it listens."""
    command = [sys.executable, "-m", "benchmarks.mail_server"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield MailServer(server)
        finally:
            assert server.stdin is not None
            server.stdin.close()


class _Desk:
    """Takes mail from any number of connections: SMTP (RFC 5321) as far as one that says yes needs it."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(b"220 benchmark\r\n")
        to = ""
        while (line := await reader.readline()) and (verb := line[:4].upper()) != b"QUIT":
            if verb == b"EHLO":
                writer.write(b"250-benchmark\r\n250 SIZE %d\r\n" % _MOST)
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                raw = await reader.readuntil(b"\r\n.\r\n")
                self._keep(to, raw[:-3])
                writer.write(b"250 kept\r\n")
            else:
                if verb == b"RCPT":
                    to = line.partition(b"<")[2].partition(b">")[0].decode()
                writer.write(_ANSWERS.get(verb, b"500 what?") + b"\r\n")
        writer.write(b"221 bye\r\n")
        writer.close()

    def _keep(self, to: str, raw: bytes) -> None:
        named = _MESSAGE_ID.search(raw[:20_000])
        self.mails.append(
            Mail(
                reader=to,
                message_id=named[1].decode() if named else "",
                size=len(raw),
                checksum=hashlib.sha256(raw).hexdigest(),
                at=time.time(),
            )
        )


async def _serve() -> None:
    desk = _Desk()
    server = await asyncio.start_server(desk.serve, "127.0.0.1", 0, limit=_MOST)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        said = Mails(mails=tuple(desk.mails), connections=desk.connections, cpu=cpu(), peak=peak())
        print(json.dumps(asdict(said)), flush=True)
        desk.mails.clear()


if __name__ == "__main__":
    asyncio.run(_serve())
