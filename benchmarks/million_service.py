"""The program as it is installed, over an archive: started, asked over HTTP, and looked at from outside."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import NamedTuple

from benchmarks.installed import configure
from benchmarks.newsstand import outlets

ROXHAM = str(Path(sys.executable).with_name("roxham"))
_PATIENCE = 60  # seconds for one answer
_UP = 120  # seconds for a start


class Reply(NamedTuple):
    """What came back."""

    status: int
    seconds: float  # until the last byte
    size: int  # bytes on the wire, with status line and headers
    headers: Mapping[str, str]
    body: bytes


class Browser:
    """Asks one server over a connection that it keeps, and takes gzip, as browsers do."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Returns the answer to GET."""
        said = {"Accept-Encoding": "gzip", "Accept": "text/html", "Accept-Language": "en", **(headers or {})}
        for again in (True, False):
            began = time.perf_counter()
            try:
                self._connection.request("GET", path, headers=said)
                answer = self._connection.getresponse()
                body = answer.read()
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self._connection.close()  # kept for five seconds, by its side
                if not again:
                    raise
                continue
            seconds = time.perf_counter() - began
            given = {name.lower(): value for name, value in answer.getheaders()}
            head = sum(len(f"{name}: {value}\r\n") for name, value in answer.getheaders()) + 19
            return Reply(answer.status, seconds, len(body) + head, given, body)
        raise AssertionError

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A process that answers on a port of this machine."""

    process: "subprocess.Popen[bytes]" = field(repr=False)
    port: int
    seconds: float  # from its start to its first whole page

    def memory(self, what: str = "VmRSS") -> float:
        """Returns its resident memory in MB; `VmHWM`: the most since `forget_peak`."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return int(status.partition(f"{what}:")[2].split()[0]) / 1024

    def forget_peak(self) -> None:
        """Begins to measure the most memory anew (proc(5), clear_refs)."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", "ascii")

    def opened(self, file: Path) -> int:
        """Returns how often it has a file open."""
        found = 0
        for link in Path(f"/proc/{self.process.pid}/fd").iterdir():
            try:
                found += link.readlink() == file
            except OSError:  # closed meanwhile
                continue
        return found


def free_port() -> int:
    """Returns a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configured(folder: Path, archive: Path, site: int, rate: float, port: int) -> Path:
    """Writes the configuration of an archive's sources, which now stand at a port of this machine."""
    sources = [
        {
            "id": outlet.id, "publisher": outlet.publisher, "language": outlet.language, "kind": "feed", "read": "feed",
            "url": f"http://127.0.0.1:{site}/{outlet.number}", "every": f"{max(1, round(60 / rate))}s",
        }
        for outlet in outlets()
    ]  # fmt: skip
    config = configure(folder, sources)
    with (config / "monitor.yaml").open("a", encoding="utf-8") as file:
        file.write(
            f"archive: sqlite:///{archive.absolute()}\nkeep: {{unmatched: 36500d}}\nweb: {{bind: '127.0.0.1:{port}'}}\n"
        )
    return config


@contextmanager
def started(command: list[str], port: int, path: str, log: Path) -> Iterator[Server]:
    """Starts a server, and returns when `path` has been answered with 200."""
    began = time.monotonic()
    with log.open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
        try:
            while True:
                if process.poll() is not None or time.monotonic() > began + _UP:
                    raise RuntimeError(f"{' '.join(command)}: {log.read_text('utf-8')[-1000:]}")
                browser = Browser(port)
                try:
                    if browser.get(path).status == 200:
                        break
                except OSError:
                    time.sleep(0.02)
                finally:
                    browser.close()
            yield Server(process=process, port=port, seconds=time.monotonic() - began)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()


def out_of_cache(file: Path) -> None:
    """Lets the system forget what it has of a file in memory."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def next_page(page: bytes) -> str | None:
    """Returns where a search page leads on to."""
    found = re.search(r'rel="next" href="([^"]+)"', page.decode())
    return unescape(found[1]) if found else None


def asked_for(page: bytes) -> list[str]:
    """Returns the addresses of what a page needs to be shown: style sheets, scripts, pictures."""
    from lxml import html

    found = html.fromstring(page).xpath("//link[@rel='stylesheet' or @rel='icon']/@href | //script/@src | //img/@src")
    return list(dict.fromkeys(map(str, found)))
