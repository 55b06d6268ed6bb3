"""Hold: does the service keep up with 10,000 sources, one in twenty hostile or dead, and does its memory stay flat?

    python -m benchmarks hold [--sources 10000] [--interval 60] [--intervals 4]

`roxham run` itself, over sources that are due every `--interval` seconds: by default 15 minutes pass in one, and the
time-out of a request is as much shorter (2 s for 30 s). What is not shortened makes it harder: the ticks of the
service, and the work that each visit costs. Every source has to be visited within 1.5 intervals of its last visit; one
that fails may be left alone for longer, by the rules of the back-off, and then within half an interval of its time.

Exit code 3 where that does not hold, where memory grows by more than a tenth after the second interval, or where the
service does not end in good order.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from benchmarks.feeds import Plan, misbehaviour
from benchmarks.feeds_server import Feeds, serving
from benchmarks.installed import configure
from monitor import app, due
from monitor.config import Config

REAL_INTERVAL = 15 * 60  # seconds
REAL_TIMEOUT = 30
WITHIN = 1.5  # intervals
MAY_GROW = 1.1
HOSTILE = 20  # one source in so many
FEEDS_A_HOST = 5
HEALTHY, UNSEEN = "healthy", "refused"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """The service at the end of an interval; CPU since its start, and how many sources wait longer than they may."""

    at: datetime
    megabytes: float
    cpu: float
    late: int
    answers: Mapping[str, int]


def main(arguments: Sequence[str]) -> int:
    """Prints what was measured; 3 where a bound did not hold."""
    wanted = argparse.ArgumentParser(prog="python -m benchmarks hold", description=(__doc__ or "").splitlines()[0])
    wanted.add_argument("--sources", type=int, default=10_000)
    wanted.add_argument("--interval", type=int, default=60, help="seconds in which 15 minutes pass")
    wanted.add_argument("--intervals", type=int, default=4)
    chosen = wanted.parse_args(arguments)
    interval = timedelta(seconds=chosen.interval)
    hostile = chosen.sources // HOSTILE
    healthy = chosen.sources - hostile
    plan = Plan(
        feeds=healthy, hosts=-(-healthy // FEEDS_A_HOST), entries=2, words=60, moving=True, hostile=hostile
    )  # fmt: skip
    timeout = max(1, round(REAL_TIMEOUT * chosen.interval / REAL_INTERVAL))
    print(
        f"{chosen.sources:,} sources on {plan.hosts + hostile:,} hosts, {hostile:,} hostile or dead; "
        f"15 minutes are {chosen.interval} s, the time-out is {timeout} s"
    )
    with tempfile.TemporaryDirectory() as folder, serving(plan) as feeds:
        sources = [
            {
                "id": f"source-{n}", "publisher": f"Daily {n}", "kind": "feed", "read": "feed", "url": feeds.url(n),
                "every": f"{chosen.interval}s",
            }
            for n in range(chosen.sources)
        ]  # fmt: skip
        folder_of_config = configure(Path(folder), sources, crawl=f"delay: 0s, timeout: {timeout}s, max_size: 1MB")
        config = app.configuration(folder_of_config)
        readings, faults = _run(folder_of_config, config, feeds, interval, chosen.intervals)
        if readings:
            faults += _judge_visits(plan, feeds, readings[-1].at, interval)
            faults += _judge_readings(readings, chosen.interval)
        print(f"the server used {feeds.cost():.0f} s of CPU in its own process")
    print("; ".join(faults) or "all bounds held")
    return 3 if faults else 0


def _run(
    folder: Path, config: Config, feeds: Feeds, interval: timedelta, intervals: int
) -> tuple[list[_Reading], list[str]]:
    """Runs the service from its first visit on for so many intervals, and looks at it at the end of each."""
    command = [str(Path(sys.executable).with_name("roxham")), "--config", str(folder), "run"]
    said = folder.parent / "said.txt"
    with said.open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as service:
        try:
            begin = _first_visit(feeds, service)
            readings: list[_Reading] = []
            for number in range(1, intervals + 1):
                end = begin + interval * number
                while (left := (end - app.utc_now()).total_seconds()) > 0 and service.poll() is None:
                    time.sleep(min(left, 0.2))
                if service.poll() is not None:
                    return readings, [f"the service ended: {said.read_text('utf-8')[-500:]}"]
                readings.append(_look(service.pid, config, feeds, end, late=(WITHIN - 1) * interval))
            service.send_signal(signal.SIGTERM)
            code = service.wait(timeout=30)
        finally:
            service.kill()
    return readings, [f"the service ended with {code}"] if code else []


def _first_visit(feeds: Feeds, service: "subprocess.Popen[bytes]") -> datetime:
    while service.poll() is None:
        if (begin := feeds.begun()) is not None:
            return begin
        time.sleep(0.2)
    return app.utc_now()


def _look(process: int, config: Config, feeds: Feeds, end: datetime, *, late: timedelta) -> _Reading:
    status = Path(f"/proc/{process}/status").read_text("ascii")
    times = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    with app.reading(config) as archive:
        waiting = due.due_sources(config.sources, archive.states(), end - late)
    return _Reading(
        at=end,
        megabytes=int(status.partition("VmRSS:")[2].split()[0]) / 1024,
        cpu=(int(times[11]) + int(times[12])) / _TICKS,  # utime and stime, proc(5)
        late=len(waiting),
        answers=feeds.answered(),
    )


def _judge_visits(plan: Plan, feeds: Feeds, end: datetime, interval: timedelta) -> list[str]:
    """Prints the gaps between visits as the server saw them: of the healthy sources, and of each sort of the others."""
    visits = feeds.asked()
    begin = min(times[0] for times in visits.values())
    longest: dict[str, list[float]] = defaultdict(list)  # gap of each source, in intervals
    firsts: dict[str, list[float]] = defaultdict(list)
    counts: Counter[str] = Counter()
    for number in range(plan.feeds + plan.hostile):
        times, sort = [at for at in visits.get(number, []) if at <= end], misbehaviour(plan, number) or HEALTHY
        between = zip([begin, *times], [*times, end], strict=True)
        longest[sort].append(max((after - before) / interval for before, after in between))
        firsts[sort].append((min(times, default=end) - begin) / interval)
        counts[sort] += len(times)
    print(
        f"\n{'in intervals':14}{'sources':>8}{'visits':>8}{'first':>8}{'longest gap: median':>21}{'p99':>7}{'worst':>7}"
    )
    for sort in sorted(longest, key=lambda sort: (sort != HEALTHY, sort)):
        gaps = sorted(longest[sort])
        if sort == UNSEEN:
            print(f"{sort:14}{len(gaps):8,}   no server sees it; the column `late` below counts it")
            continue
        print(
            f"{sort:14}{len(gaps):8,}{counts[sort]:8,}{max(firsts[sort]):8.2f}{median(gaps):21.2f}"
            f"{gaps[int(len(gaps) * 0.99)]:7.2f}{gaps[-1]:7.2f}"
        )
    waited = sum(gap > WITHIN for gap in longest[HEALTHY])
    print(f"healthy sources never left longer than {WITHIN} intervals: {1 - waited / plan.feeds:.2%}")
    unseen = sum(first > WITHIN for sort in firsts if sort != UNSEEN for first in firsts[sort])
    return [
        *([f"{waited:,} healthy sources waited longer than {WITHIN} intervals"] if waited else []),
        *([f"{unseen:,} sources had no visit within {WITHIN} intervals"] if unseen else []),
    ]


def _judge_readings(readings: Sequence[_Reading], interval: float) -> list[str]:
    """Prints memory and CPU at the end of each interval."""
    print(f"\n{'interval':>8}{'RSS, MB':>9}{'CPU, s':>8}{'of a core':>11}{'late':>6}  answers of the server")
    before = 0.0
    for number, reading in enumerate(readings, 1):
        used, before = reading.cpu - before, reading.cpu
        answers = ", ".join(f"{count:,} {sort}" for sort, count in sorted(reading.answers.items()))
        print(f"{number:8}{reading.megabytes:9.0f}{used:8.1f}{used / interval:11.0%}{reading.late:6}  {answers}")
    faults = [f"interval {n}: {r.late:,} sources late" for n, r in enumerate(readings, 1) if r.late]
    if len(readings) > 2 and readings[-1].megabytes > MAY_GROW * readings[1].megabytes:
        faults.append(f"memory grew from {readings[1].megabytes:.0f} to {readings[-1].megabytes:.0f} MB")
    return faults


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
