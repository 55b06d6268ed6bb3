"""The whole line over served sites: is every listed link kept once, and what does a pass cost?

    python -m benchmarks sites FOLDER

FOLDER holds a `serve.py` that serves feeds and pages on loopback (`--port N`) and prints the sources that watch them
(`--sources`). The shipped topics watch; mail goes into a folder. Two passes, each followed by a digest on demand. Exit
code 3 where a listed link is neither among an article's addresses nor rejected, an address is kept twice, the second
pass finds or sends anything, or a process takes 250 MB or more.
"""

import json
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import feedparser

SHIPPED = Path(__file__).resolve().parent.parent / "config"
MOST_MEGABYTES = 250


def main(arguments: Sequence[str]) -> int:
    """Prints what became of everything; 3 where a bound did not hold."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, _served(Path(arguments[0])) as (port, sources):
        config = _configure(Path(folder), sources)
        faults = []
        first = _roxham(config, "collect", "--json")
        print(f"first pass    {_said(first)}")
        print(f"digests       {_told(_roxham(config, 'deliver', '--now', '--json'))}")
        faults += _check_links(config, sources)
        second = _roxham(config, "collect", "--json")
        print(f"second pass   {_said(second)}")
        again = _roxham(config, "deliver", "--now", "--json")
        print(f"digests       {_told(again)}")
        if any(second["articles"][kind] for kind in ("new", "pickup", "version", "unmatched", "rejected", "pending")):
            faults.append("the second pass found something")
        if any(digest["stories"] for digest in again["digests"]):
            faults.append("the second pass sent something")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"peak memory   {peak:.0f} MB of one process")
        if peak >= MOST_MEGABYTES:
            faults.append(f"more than {MOST_MEGABYTES} MB")
        print(f"port {port}; " + ("; ".join(faults) or "all bounds held"))
    return 3 if faults else 0


@contextmanager
def _served(material: Path) -> Iterator[tuple[int, str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(material / "serve.py"), "--port", str(port)]
    sources = subprocess.run([*command, "--sources"], check=True, capture_output=True, text=True).stdout
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            _wait(port)
            yield port, sources
        finally:
            server.terminate()


def _wait(port: int) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
        except urllib.error.URLError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the sites did not come up")


def _configure(folder: Path, sources: str) -> Path:
    config = folder / "config"
    config.mkdir()
    shutil.copy(SHIPPED / "topics.yaml", config)
    (config / "sources.yaml").write_text(sources, "utf-8")
    (config / "monitor.yaml").write_text(
        "contact: desk@example.test\nmail: {via: 'maildir:var/outbox', from: roxham@example.test}\n"
        "crawl: {delay: 0s, allow_private: [127.0.0.0/8]}\n",
        "utf-8",
    )
    (config / "digests.yaml").write_text(
        "digests:\n  - {id: desk, at: daily 07:00, language: en, to: [desk@example.test]}\n", "utf-8"
    )
    return config


def _run(config: Path, *arguments: str) -> str:
    command = [str(Path(sys.executable).parent / "roxham"), "--config", str(config), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _roxham(config: Path, *arguments: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_run(config, *arguments))
    return document


def _said(collected: dict[str, Any]) -> str:
    outcomes = Counter(visit["outcome"] for visit in collected["visits"])
    counts = ", ".join(f"{count} {name}" for name, count in collected["articles"].items() if count)
    visits = ", ".join(f"{count} {name}" for name, count in outcomes.items())
    return f"{len(collected['visits'])} visits ({visits}): {counts or 'nothing new'}; {collected['seconds']:.1f} s"


def _told(delivered: dict[str, Any]) -> str:
    return ", ".join(f"{d['to']}: {d['stories']} stories, {d['state']}" for d in delivered["digests"])


def _check_links(config: Path, sources: str) -> list[str]:
    articles = [json.loads(line) for line in _run(config, "export", "--format", "jsonl").splitlines()]
    names = Counter(url for article in articles for url in article["urls"])
    rejected = {item["url"]: item["reason"] for item in json.loads(_run(config, "pending", "--rejected", "--json"))}
    listed = set()
    for url in re.findall(r"url: '([^']+)'", sources):
        with urllib.request.urlopen(url, timeout=30) as answer:
            feed = feedparser.parse(answer.read(), sanitize_html=False, resolve_relative_uris=False)
        listed |= {entry.link for entry in feed.entries if entry.get("link")}
    missing = [link for link in listed if link not in names and link not in rejected]
    print(
        f"links         {len(listed)} listed, {len(listed) - len(missing)} accounted for, {len(rejected)} rejected "
        f"({', '.join(f'{count}: {reason}' for reason, count in Counter(rejected.values()).items())})"
    )
    print(f"articles      {len(articles)}, of which {sum(bool(a['topics']) for a in articles)} matched")
    return [f"{len(missing)} links missing, such as {missing[0]}"] if missing else []
