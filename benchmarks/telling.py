"""Telling: what it costs to tell many readers of many stories, and whether the ledger is exact afterwards.

    python -m benchmarks telling [--readers 1000] [--stories 50] [--no-peer]

Stories at up to four carriers, collected by `roxham collect`; readers of eight digests (English and French, full and
brief, all topics and one). Two rounds of the real `roxham deliver --now`, each composed and sent to a mail server in a
process of its own: first all stories, then, an hour of news later, what was corrected, taken up anew, and new. A third
one has nothing to tell. The peer renders the stories of the first round with a plain template and sends them over one
connection of smtplib: no archive, no ledger, nothing that survives a kill.

Exit code 3 where a round takes five minutes or 300 MB, where a reader gets no mail or more than one in a round, where
two mails share a Message-ID, where the ledger is not exactly what was told, or where the third round sends anything.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.installed import configure
from benchmarks.mail_server import ROOT, Mails, MailServer, receiving
from benchmarks.telling_site import Feed, Newsroom, serving
from monitor import app
from monitor.archive import Filter
from monitor.types import Kept, Relation

MOST_SECONDS = 300
MOST_MEGABYTES = 300
DIGESTS = [
    (language, layout, topics)
    for topics in (["roxham-road", "stca"], ["roxham-road"])
    for language in ("en", "fr")
    for layout in ("full", "brief")
]
_Ledger = Mapping[str, frozenset[tuple[int, int]]]
"""Reader → articles and versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cost:
    """What a process took, from its start to its end."""

    wall: float  # seconds
    cpu: float
    peak: float  # MB
    output: str


def main(arguments: Sequence[str]) -> int:
    """Prints what the rounds cost; 3 where a bound did not hold."""
    wanted = argparse.ArgumentParser(prog="python -m benchmarks telling", description=(__doc__ or "").splitlines()[0])
    wanted.add_argument("--readers", type=int, default=1000)
    wanted.add_argument("--stories", type=int, default=50)
    wanted.add_argument("--peer", action=argparse.BooleanOptionalAction, default=True, help="measure a plain loop, too")
    chosen = wanted.parse_args(arguments)
    newsroom, faults = Newsroom(chosen.stories), list[str]()
    with tempfile.TemporaryDirectory() as folder, receiving() as mail, serving(newsroom) as port:
        config = _configure(Path(folder), newsroom.feeds, port, mail.port, _readers(chosen.readers))
        print(f"{chosen.readers:,} readers of {len(DIGESTS)} digests, {chosen.stories} stories")
        print(
            f"{'':26}{'wall, s':>9}{'CPU, s':>9}{'MB':>6}{'mails':>8}{'a second':>10}{'kB each':>9}{'first after':>13}"
        )
        known: _Ledger = {}
        for edition, name in ((1, "all stories"), (2, "what came since")):
            newsroom.publish(edition)
            _roxham(config, "collect")
            before, known = known, _due(config, chosen.readers, known)
            cost, wrong = _round(config, name, mail, known, before)
            faults += [f"{name}: {fault}" for fault in wrong]
            if edition == 1 and chosen.peer:
                peer = _peer(Path(folder), config, mail, chosen.readers)
                print(f"{'':26}{cost.wall / peer.wall:9.1f}{cost.cpu / peer.cpu:9.1f} × the plain loop", flush=True)
        _roxham(config, "deliver", "--now")
        if again := mail.taken().mails:
            faults.append(f"a third round sent {len(again)} mails")
    print("; ".join(faults) or "each reader was told once, the ledger is exact, all bounds held")
    return 3 if faults else 0


def _readers(count: int) -> list[list[str]]:
    """The readers of each digest."""
    return [[f"reader-{n}@example.test" for n in range(k, count, len(DIGESTS))] for k in range(len(DIGESTS))]


def _configure(
    folder: Path, feeds: Sequence[Feed], port: int, mail_port: int, readers: Sequence[Sequence[str]]
) -> Path:
    config = configure(
        folder,
        [
            {"id": feed.id, "publisher": feed.publisher, "kind": "feed", "read": "feed", "language": feed.language,
             "url": f"http://127.0.0.1:{port}{feed.path}"}
            for feed in feeds
        ],
    )  # fmt: skip
    monitor = config / "monitor.yaml"
    route = f"smtp://127.0.0.1:{mail_port}?starttls=off"
    monitor.write_text(monitor.read_text("utf-8").replace("maildir:var/outbox", route), "utf-8")
    digests = [
        {"id": f"digest-{number}", "title": {"en": "Border desk", "fr": "Pupitre frontières"}, "topics": topics,
         "at": "daily 07:00", "language": language, "layout": layout, "to": to}
        for number, ((language, layout, topics), to) in enumerate(zip(DIGESTS, readers, strict=True))
    ]  # fmt: skip
    listed = "".join(f"  - {json.dumps(digest)}\n" for digest in digests)  # JSON is YAML
    (config / "digests.yaml").write_text(f"digests:\n{listed}", "utf-8")
    return config


def _roxham(config: Path, *arguments: str) -> _Cost:
    return _measured(str(Path(sys.executable).parent / "roxham"), "--config", str(config), *arguments)


def _measured(*command: str) -> _Cost:
    """Runs a program to its end. Its peak is read while it lives: what the kernel says afterwards counts its parent."""
    started, peak = time.monotonic(), 0.0
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, cwd=ROOT)
        while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            status = Path(f"/proc/{process.pid}/status").read_text("ascii", "replace")
            peak = max(peak, int((status.partition("VmHWM:")[2].split() or ["0"])[0]) / 1024)
            time.sleep(0.02)
        wall = time.monotonic() - started
        _, code, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(code)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
        output.seek(0)
        return _Cost(wall=wall, cpu=used.ru_utime + used.ru_stime, peak=peak, output=output.read())


def _stories(config: Path) -> list[list[Kept]]:
    """The articles of every story that is about a topic."""
    with app.reading(app.configuration(config)) as archive:
        stories = [[member.article for member in story.members] for story in archive.stories(Filter())]
    return [articles for articles in stories if any(article.matches for article in articles)]


def _due(config: Path, readers: int, known: _Ledger) -> _Ledger:
    """What each reader's ledger must hold after the coming round.

    A story is told whole to whom it is new. Who knows it is told of it again where an article that they were told has
    another version; a carrier more alone is counted only.
    """
    stories, due = _stories(config), {}
    for number, (_, _, topics) in enumerate(DIGESTS):
        for reader in _readers(readers)[number]:
            had = known.get(reader, frozenset())
            versions = dict(sorted(had))  # the newest of each article
            told = set(had)
            for story in stories:
                if not any(match.topic_id in topics for article in story for match in article.matches):
                    continue
                members = {(article.id, article.version) for article in story}
                new = not any(article_id in versions for article_id, _ in members)
                if new or any(version > versions.get(article_id, version) for article_id, version in members):
                    told |= members
            due[reader] = frozenset(told)
    return due


def _round(config: Path, name: str, mail: MailServer, due: _Ledger, before: _Ledger) -> tuple[_Cost, list[str]]:
    """Delivers once, prints its cost, and returns it with what was wrong."""
    began = time.time()
    cost = _roxham(config, "deliver", "--now", "--json")
    taken = mail.taken()
    _print(name, cost, taken, began)
    got = Counter(each.reader for each in taken.mails)
    wanted = [reader for reader, articles in due.items() if articles != before.get(reader)]
    faults = []
    if wrong := [reader for reader in wanted if got[reader] != 1] + [reader for reader in got if reader not in wanted]:
        faults.append(f"{len(wrong)} readers did not get one mail, such as {wrong[0]}")
    if len({each.message_id for each in taken.mails}) < len(taken.mails):
        faults.append("two mails under one Message-ID")
    states = Counter(each["state"] for each in json.loads(cost.output)["digests"])
    if states["sent"] != len(wanted):
        faults.append(f"the program says {dict(states)}")
    if wrong := _wrong(config, due):
        faults.append(f"the ledger of {len(wrong)} readers is wrong, such as that of {wrong[0]}")
    if cost.wall > MOST_SECONDS or cost.peak > MOST_MEGABYTES:
        faults.append(f"{cost.wall:.0f} s and {cost.peak:.0f} MB of at most {MOST_SECONDS} and {MOST_MEGABYTES}")
    return cost, faults


def _wrong(config: Path, due: _Ledger) -> list[str]:
    held = {reader: set[tuple[int, int]]() for reader in due}
    with app.reading(app.configuration(config)) as archive:
        for reader, article, version in archive.rows("SELECT reader, article, version FROM ledger"):
            held.setdefault(reader, set()).add((article, version))
    return [reader for reader, articles in held.items() if articles != set(due.get(reader, ()))]


def _print(name: str, cost: _Cost, taken: Mails, began: float) -> None:
    mails = taken.mails
    size = sum(each.size for each in mails) / max(1, len(mails)) / 1000
    first = min((each.at for each in mails), default=began) - began
    print(
        f"{name:26}{cost.wall:9.1f}{cost.cpu:9.1f}{cost.peak:6.0f}{len(mails):8,}{len(mails) / cost.wall:10.1f}"
        f"{size:9.0f}{first:11.1f} s",
        flush=True,
    )


def _peer(folder: Path, config: Path, mail: MailServer, readers: int) -> _Cost:
    """The same stories to the same readers without an archive."""
    given: dict[str, Any] = {
        "port": mail.port,
        "stories": [_plainly(story) for story in _stories(config)],
        "readers": [
            {"address": reader, "language": language, "brief": layout == "brief"}
            for (language, layout, _), to in zip(DIGESTS, _readers(readers), strict=True)
            for reader in to
        ],
    }
    file = folder / "peer.json"
    file.write_text(json.dumps(given), "utf-8")
    began = time.time()
    cost = _measured(sys.executable, "-m", "benchmarks.telling_peer", str(file))
    _print("a plain loop, all stories", cost, mail.taken(), began)
    return cost


def _plainly(story: Sequence[Kept]) -> dict[str, Any]:
    speaker = next((article for article in story if article.relation is Relation.ORIGIN), story[0])
    hit = next(hit for article in story for match in article.matches for hit in match.hits)
    return {
        "title": speaker.title,
        "publisher": speaker.publisher,
        "url": speaker.url,
        "at": f"{speaker.dated_at:%d %b %H:%M}",
        "before": hit.sentence[: hit.start],
        "term": hit.surface,
        "after": hit.sentence[hit.start + len(hit.surface) :],
        "carriers": [{"publisher": one.publisher, "url": one.url} for one in story if one is not speaker],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
