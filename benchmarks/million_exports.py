"""Exports of 100,000 articles: how long, how much memory, and what is left of one that nobody wants any more."""

import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from benchmarks.million_service import ROXHAM, Server

ROWS = 100_000
_CUTS = 4
_PART = 1_000_000  # bytes
_BEFORE_CUT = 1_000_000  # bytes that are read of an export before it is cut
_FREE_AGAIN = 10.0  # seconds


class Exported(NamedTuple):
    """What an export cost."""

    rows: int | None
    seconds: float
    size: int  # bytes
    before: float  # MB that the process that made it held
    most: float


def over_http(server: Server, since: str | None, form: str) -> Exported:
    """Returns what it cost the server to export the articles from a time on."""
    server.forget_peak()
    before, began = server.memory(), time.perf_counter()
    rows, size, quoted = 0, 0, False
    with _Download(server.port, since, form) as download:
        while part := download.some(_PART):
            size += len(part)
            if form == "csv":
                for line in part.split(b"\n")[:-1]:
                    quoted ^= line.count(b'"') % 2 == 1
                    rows += not quoted
                quoted ^= part.rpartition(b"\n")[2].count(b'"') % 2 == 1
            else:
                rows += part.count(b"\n")
    seconds = time.perf_counter() - began
    counted = {"csv": rows - 1, "jsonl": rows}.get(form)
    return Exported(counted, seconds, size, before, server.memory("VmHWM"))


def by_command(config: Path, since: str | None, form: str, file: Path) -> Exported:
    """Returns what `roxham export` cost, a process of its own with its start."""
    command = [ROXHAM, "--config", str(config), "export", "--format", form, "-o", str(file)]
    command += ["--since", since] if since else []
    began = time.perf_counter()
    most = 0.0
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            most = max(most, _peak(process.pid))
            time.sleep(0.05)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {process.returncode}")
    seconds = time.perf_counter() - began
    return Exported(None, seconds, file.stat().st_size, 0, most)


def _peak(process: int) -> float:
    """In MB. What wait4 tells of a process begins with what its parent held."""
    said = Path(f"/proc/{process}/status").read_text("ascii").partition("VmHWM:")[2].split()
    return int(said[0]) / 1024 if said else 0.0


def cut(server: Server, file: Path, meanwhile: Callable[[], None]) -> tuple[float, int, int]:
    """Cuts exports in the middle, two at a time, as many as go on at once.

    Returns after how many seconds two others were let in, and how often the server had the archive's file open after
    the first cut, and after all: SQLite keeps a descriptor for later where another connection reads at that moment.
    """
    waited, opened = 0.0, list[int]()
    for _ in range(_CUTS):
        downloads = [_Download(server.port, None, "jsonl") for _ in range(2)]
        for download in downloads:
            download.some(_BEFORE_CUT)
        meanwhile()
        for download in downloads:
            download.close()
        waited = max(waited, _until_two_are_let_in(server))
        opened.append(server.opened(file))
    return waited, opened[0], opened[-1]


def _until_two_are_let_in(server: Server) -> float:
    began = time.monotonic()
    while (waited := time.monotonic() - began) < _FREE_AGAIN:
        downloads: list[_Download] = []
        try:
            while len(downloads) < 2:
                downloads.append(_Download(server.port, "1d", "csv"))
            for download in downloads:
                download.all()
            return waited
        except RefusedError:
            time.sleep(0.05)
        finally:
            for download in downloads:
                download.close()
    return waited


class RefusedError(Exception):
    """The server does not begin an export."""


class _Download:
    """An export as it comes; made when its first byte is there."""

    def __init__(self, port: int, since: str | None, form: str) -> None:
        query = urlencode({"format": form, **({"since": since} if since else {})})
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._socket.sendall(f"GET /export?{query} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
        self._file = self._socket.makefile("rb")
        status = self._file.readline()
        if b" 200 " not in status:
            self.close()
            raise RefusedError(status.decode())
        while self._file.readline().strip():
            pass

    def some(self, size: int) -> bytes:
        return self._file.read(size)

    def all(self) -> bytes:
        return self._file.read()

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def __enter__(self) -> "_Download":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
