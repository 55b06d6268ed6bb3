"""Sweep: what one visit to every feed costs, beside PyPI's reader over the same feeds in the same run.

    python -m benchmarks sweep [--feeds 2000] [--hosts 2000] [--no-peer]

A server in another process holds feeds of 20 full-text entries. Three sweeps over the same archive: the first; a second
in which every feed answers 304 to its ETag; a third in which the same bytes come again without validators. Roxham does
what `roxham collect` does: finds, extracts, matches the shipped topics, looks for known texts, keeps, indexes. reader
does `update_feeds(scheduled=False, workers=10)` and `update_search()`; it is installed into build/ from PyPI.

CPU is user and system time of the process that does the work. Start-up (imports, configuration, the first feed) is left
out for both, and printed. Exit code 3 where a bound does not hold.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.feeds import Plan
from benchmarks.feeds_server import ROOT, Feeds, serving
from benchmarks.installed import configure
from benchmarks.sweep_roxham import WARM_UP

PEER = (
    "reader==3.26", "sgmllib3k==1.0.0", "feedparser==6.0.14", "feedparser-sgmllib==2.1.0", "beautifulsoup4==4.15.0",
    "requests==2.34.2", "urllib3==2.8.0", "certifi==2026.10.18", "charset-normalizer==3.5.2", "idna==3.20",
    "werkzeug==3.1.9", "markupsafe==3.0.4", "structlog==26.1.0", "soupsieve==4.1.2", "typing-extensions==4.16.0",
)  # fmt: skip
MOST_MEGABYTES = 250
ENTRIES = 20


@dataclass(frozen=True, slots=True)
class _Sweep:
    name: str
    validators: bool
    share: float  # of the peer's CPU that may be used


SWEEPS = (
    _Sweep("first sweep", True, 0.5),
    _Sweep("nothing changed, ETag", True, 0.5),
    _Sweep("same bytes, no validators", False, 0.1),
)
_Cost = dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Prints the table; 3 where a bound did not hold."""
    wanted = argparse.ArgumentParser(prog="python -m benchmarks sweep", description=(__doc__ or "").splitlines()[0])
    wanted.add_argument("--feeds", type=int, default=2000)
    wanted.add_argument("--hosts", type=int, help="addresses that the feeds are spread over; one each by default")
    wanted.add_argument("--peer", action=argparse.BooleanOptionalAction, default=True, help="measure reader, too")
    chosen = wanted.parse_args(arguments)
    hosts = min(chosen.hosts or chosen.feeds, chosen.feeds)
    peer = _environment() if chosen.peer else None
    faults: list[str] = []
    print(f"{chosen.feeds:,} feeds of {ENTRIES} full-text entries on {hosts:,} hosts; CPU seconds per 1,000 feeds")
    print(
        f"{'':28}{'roxham':>8}{'reader':>8}  {'= update + search':20}{'ratio':>6}{'at most':>9}{'wall':>14}{'MB':>10}"
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Plan(feeds=chosen.feeds + 1, hosts=hosts + 1, entries=ENTRIES)) as feeds,
    ):
        config = _watch(Path(folder), feeds, chosen.feeds)
        urls = [feeds.url(number) for number in (chosen.feeds, *range(chosen.feeds))]
        starts, written = [], feeds.cost()
        for number, sweep in enumerate(SWEEPS):
            feeds.validators(sweep.validators)
            ours = _run(sys.executable, "sweep_roxham", str(config))
            theirs = _run(peer, "sweep_reader", f"{folder}/reader.db", given=json.dumps(urls)) if peer else None
            faults += _check(sweep, number == 0, chosen.feeds, ours, theirs)
            print(_row(sweep, chosen.feeds, ours, theirs), flush=True)
            starts.append(f"{ours['start']:.1f}" + (f" and {theirs['start']:.1f}" if theirs else ""))
        served = feeds.cost() - written
        print(f"start-up, not counted: {', '.join(starts)} s of CPU; the server used {served:.1f} s in its own process")
    print("; ".join(faults) or "all bounds held")
    return 3 if faults else 0


def _environment() -> str:
    """Returns the Python of the peer's environment, made where it is not there or of other versions."""
    home = ROOT / "build" / "reader"
    python, made_of = str(home / "bin" / "python"), home / "made-of"
    if not made_of.exists() or made_of.read_text("utf-8").split() != list(PEER):
        venv.create(home, clear=True, with_pip=True)
        install = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps", *PEER]
        if (done := subprocess.run(install, capture_output=True, text=True)).returncode:
            raise SystemExit(f"reader could not be installed (--no-peer measures without it):\n{done.stderr}")
        made_of.write_text("\n".join(PEER), "utf-8")
    return python


def _watch(folder: Path, feeds: Feeds, count: int) -> Path:
    sources: list[dict[str, object]] = [
        {"id": f"feed-{n}", "publisher": f"Daily {n}", "kind": "feed", "read": "feed", "url": feeds.url(n)}
        for n in range(count)
    ]
    sources.append({"id": WARM_UP, "kind": "feed", "read": "feed", "url": feeds.url(count), "enabled": False})
    return configure(folder, sources)


def _run(python: str, module: str, argument: str, given: str | None = None) -> _Cost:
    unwanted = ("roxham_", "http_proxy", "https_proxy", "all_proxy")
    environ = {name: value for name, value in os.environ.items() if not name.lower().startswith(unwanted)}
    done = subprocess.run(
        [python, "-m", f"benchmarks.{module}", argument],
        cwd=ROOT,
        env=environ,
        input=given,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    cost: _Cost = json.loads(done.stdout.splitlines()[-1])
    return cost


def _check(sweep: _Sweep, first: bool, feeds: int, ours: _Cost, theirs: _Cost | None) -> list[str]:
    faults = []
    expected = feeds * ENTRIES
    if first and (ours["kept"], ours["changed"]) != (expected, feeds):
        faults.append(f"{sweep.name}: {ours['kept']:,} articles kept of {expected:,}")
    if not first and ours["unchanged"] != feeds:
        faults.append(f"{sweep.name}: {ours['unchanged']:,} feeds unchanged of {feeds:,}")
    if ours["peak"] > MOST_MEGABYTES:
        faults.append(f"{sweep.name}: {ours['peak']:.0f} MB of at most {MOST_MEGABYTES}")
    if theirs is not None:
        if theirs["kept"] != expected or theirs["broken"]:
            faults.append(f"{sweep.name}: reader kept {theirs['kept']:,} entries of {expected:,}")
        if ours["cpu"] > sweep.share * theirs["cpu"]:
            faults.append(f"{sweep.name}: {ours['cpu'] / theirs['cpu']:.2f} × the peer's CPU, at most {sweep.share}")
    return faults


def _row(sweep: _Sweep, feeds: int, ours: _Cost, theirs: _Cost | None) -> str:
    per = 1000 / feeds
    row = f"{sweep.name:28}{ours['cpu'] * per:8.2f}"
    if theirs is None:
        return f"{row}{'':45}{ours['wall']:12.1f} s{ours['peak']:10.0f}"
    parts = f"= {theirs['update'] * per:.2f} + {theirs['search'] * per:.2f}"
    walls, peaks = f"{ours['wall']:.0f}, {theirs['wall']:.0f} s", f"{ours['peak']:.0f}, {theirs['peak']:.0f}"
    ratio = ours["cpu"] / theirs["cpu"]
    return f"{row}{theirs['cpu'] * per:8.2f}  {parts:20}{ratio:6.2f}{'≤ ' + str(sweep.share):>9}{walls:>14}{peaks:>10}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
