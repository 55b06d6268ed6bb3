"""Pages over an archive of a million articles: how fast they answer while new articles are kept, and who is faster.

    python -m benchmarks million measure FILE [--quick] [--apart] [--rate 5] [--peers-articles 100000] [--no-peers]

A copy of FILE, removed at the end, is served by the real `roxham run`, whose sources (a site on loopback) bring
`--rate` articles a second, one a visit; with `--apart` the pages are asked of a `roxham web` beside it. This process is
the client, over HTTP on loopback. Then Datasette on the same file while it is still written to, and PostgreSQL over the
newest `--peers-articles` texts while nothing is, answer the same questions.

Exit code 3 where a bound did not hold, or an answer was a fault.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import dbsize, million_exports, million_peers, million_site
from benchmarks.million import AT_MOST
from benchmarks.million_questions import KINDS, Asker, Question, asked_of_peers
from benchmarks.million_service import (
    ROXHAM,
    Browser,
    Reply,
    Server,
    asked_for,
    configured,
    free_port,
    next_page,
    out_of_cache,
    started,
)
from monitor.archive.packing import plain

PAGE = PLOTTED = 0.3
PHRASE = 0.1
STOPPED = 5.0
_LATE = 0.5  # seconds that a question may take longer, to be asked and to be stopped
_HEAVY = 150_000  # bytes of the first page
_CLIENTS = 10
_KEPT_OPEN = 2  # descriptors more, by which connection it was that ended last
_PAGED = ("nothing", "a common word", "a phrase", "a publisher")  # of these the next page is asked for, too
_PLOTTED = ("nothing", "a common word", "a usual word", "a phrase", "a topic", "a publisher")
_WEIGHED = ("a usual word", "a common word", "two words", "one of three words", "a phrase")
_OF_PEERS = ("a rare word", "a usual word", "a common word", "two words", "one of three words", "a phrase")
_TEXTS = 1_000  # of which phrases are taken
_JSON = {"Accept": "application/json"}
_PART = {"HX-Request": "true"}

Taken = dict[str, dict[str, list[float]]]
"""Seconds, by what was asked for and the kind of question."""


@dataclass(slots=True)
class Times:
    """What one kind of question took, in seconds; the bound is of the 95th percentile."""

    name: str
    bound: float | None = None
    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def add(self, reply: Reply) -> Reply:
        self.seconds.append(reply.seconds)
        self.statuses[reply.status] += 1
        return reply

    def share(self, share: float) -> float:
        """Returns the seconds within which that share was answered."""
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(len(self.seconds) * share))]

    def told(self) -> list[str]:
        """Prints a line; returns what did not hold."""
        wrong = [f"{self.name}: {n} answers of {status}" for status, n in self.statuses.items() if status != 200]
        high = self.share(0.95)
        bound = "" if self.bound is None else f"{self.bound * 1000:9,.0f}"
        print(
            f"{self.name:38}{len(self.seconds):6}{self.share(0.5) * 1000:9,.0f}{high * 1000:9,.0f}"
            f"{max(self.seconds) * 1000:9,.0f}{bound}",
            flush=True,
        )
        if self.bound is not None and high >= self.bound:
            wrong.append(f"{self.name}: p95 {high * 1000:,.0f} ms, not under {self.bound * 1000:,.0f}")
        return wrong


def main(arguments: Sequence[str]) -> int:
    """Prints what was measured; 3 where a bound did not hold, 2 where there is no archive."""
    wanted = argparse.ArgumentParser(
        prog="python -m benchmarks million measure", description=(__doc__ or "").splitlines()[0]
    )
    wanted.add_argument("file", type=Path)
    wanted.add_argument("--quick", action="store_true", help="fewer questions; 100,000 articles are made if need be")
    wanted.add_argument("--each", type=int, help="questions of each kind; 20, or 6")
    wanted.add_argument("--apart", action="store_true", help="ask a `roxham web` beside the `roxham run` that writes")
    wanted.add_argument("--rate", type=float, default=5, help="articles a second that are kept meanwhile")
    wanted.add_argument("--scratch", type=Path, help="where the copy lies; else beside FILE")
    wanted.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    wanted.add_argument("--peers-articles", type=int, default=100_000, help="that PostgreSQL gets")
    chosen = wanted.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ends what was started, and removes the copy
    if not chosen.file.exists():
        if not chosen.quick:
            print(f"{chosen.file}: there is no such file; `million make` makes it", file=sys.stderr)
            return 2
        from benchmarks.million import make

        make(chosen.file, million_exports.ROWS, max(1, (os.cpu_count() or 2) - 1))
    faults = []
    if dbsize.main(chosen.file, AT_MOST):
        faults.append("the file is too large")
    with tempfile.TemporaryDirectory(dir=chosen.scratch or chosen.file.parent, prefix="million-") as scratch:
        faults += _Run(chosen, Path(scratch)).all()
    print("; ".join(faults) or "all bounds held")
    return 3 if faults else 0


class _Run:
    """One measurement of an archive."""

    def __init__(self, chosen: argparse.Namespace, folder: Path) -> None:
        self._chosen = chosen
        self._folder = folder
        self._each = chosen.each or (6 if chosen.quick else 20)
        self._file = folder / "roxham.db"
        began = time.monotonic()
        shutil.copyfile(chosen.file, self._file)
        db = sqlite3.connect(self._file)
        self._articles = db.execute("SELECT count(*) FROM articles").fetchone()[0]
        rest = max(0, self._articles - million_exports.ROWS)
        row = db.execute("SELECT first_seen_at FROM articles ORDER BY id LIMIT 1 OFFSET ?", (rest,)).fetchone()
        self._since = row[0] if rest else None
        self._texts = _some_texts(db)
        db.close()
        print(f"\n{self._articles:,} articles; copied in {time.monotonic() - began:.0f} s; {_load()}")

    def all(self) -> list[str]:
        faults: list[str] = []
        with ExitStack() as stack:
            site = stack.enter_context(million_site.printing(self._chosen.rate))
            first, port = free_port(), free_port()
            config = configured(self._folder, self._file, site, self._chosen.rate, first)
            out_of_cache(self._file)
            path = "/search"
            running = [ROXHAM, "--config", str(config), "run"]
            server = stack.enter_context(started(running, first, path, self._folder / "run.log"))
            if self._chosen.apart:
                out_of_cache(self._file)
                web = [ROXHAM, "--config", str(config), "web", "--bind", f"127.0.0.1:{port}"]
                server = stack.enter_context(started(web, port, path, self._folder / "web.log"))
            kept, began = self._kept(), time.monotonic()
            what = "roxham web beside roxham run" if self._chosen.apart else "roxham run"
            print(f"{what}: first page {server.seconds:.1f} s after the start, with nothing of the file in memory")
            faults += self._weight(server)
            faults += self._pages(server)
            faults += self._slowest(server)
            faults += self._together(server)
            now, most = server.memory(), server.memory("VmHWM")
            print(f"\nresident memory of the server: {now:,.0f} MB, at most {most:,.0f} MB")
            rate = (self._kept() - kept) / (time.monotonic() - began)
            print(f"kept meanwhile: {rate:.1f} articles a second; {_load()}")
            if rate < 0.6 * self._chosen.rate:
                faults.append(f"only {rate:.1f} articles a second were kept meanwhile")
            faults += self._exports(server, config)
            if self._chosen.peers:
                ours = self._ours(server)
                with million_peers.datasette(config, self._file, self._folder) as datasette:
                    self._peer("Datasette", ours, datasette)
        if self._chosen.peers:
            self._postgres(ours)
        return faults

    def _kept(self) -> int:
        db = sqlite3.connect(f"{self._file.as_uri()}?mode=ro", uri=True)
        found: int = db.execute("SELECT max(id) FROM articles").fetchone()[0]
        db.close()
        return found

    # what is asked

    def _weight(self, server: Server) -> list[str]:
        browser = Browser(server.port)
        page = browser.get("/")
        needed = [page, *(browser.get(path) for path in asked_for(_plain(page)))]
        weight = sum(each.size for each in needed)
        print(f"first page: {weight / 1000:.0f} kB on the wire in {len(needed)} answers, at most {_HEAVY // 1000} kB")
        return [f"the first page weighs {weight:,} bytes"] if weight > _HEAVY else []

    def _pages(self, server: Server) -> list[str]:
        browser = Browser(server.port)
        faults = []
        print(f"\n{'milliseconds':38}{'asked':>6}{'p50':>9}{'p95':>9}{'max':>9}{'bound':>9}")
        cold = Times("search page, the first of each kind")
        for question in self._asker("cold").mix(1):
            cold.add(browser.get(question.at("/search")))
        faults += cold.told()
        kinds = {kind: Times(f"  {kind}") for kind in (*KINDS, "the next page")}
        for question in self._asker("steady").mix(self._each):
            reply = kinds[question.kind].add(browser.get(question.at("/search")))
            on = next_page(_plain(reply)) if question.kind in _PAGED else None
            if on is not None:
                kinds["the next page"].add(browser.get(on))
        whole = Times("search page", PAGE)
        for times in kinds.values():
            whole.seconds += times.seconds
            whole.statuses += times.statuses
        faults += whole.told()
        for times in kinds.values():
            times.told()
        for name, path, sort in (
            ("  by relevance", "/search", "relevance"),
            ("  every article, oldest first", "/search", "oldest"),
        ):
            times = Times(name, PAGE)
            for question in self._some(_WEIGHED):
                times.add(browser.get(question.at(path, sort=sort, fold="articles")))
            faults += times.told()
        for name, path in (("phrase, /api/v1/articles", "/api/v1/articles"), ("phrase, /search.json", "/search.json")):
            times = Times(name, PHRASE)
            asker = self._asker(name)
            for _ in range(4 * self._each):
                times.add(browser.get(asker.phrase().at(path), _JSON))
            faults += times.told()
        for name, path, headers in (
            ("timeline, /api/v1/timeline", "/api/v1/timeline", _JSON),
            ("timeline, part of the page", "/search", _PART),
        ):
            times = Times(name, PLOTTED)
            for question in self._some(_PLOTTED):
                times.add(browser.get(question.at(path, bucket="month"), headers))
            faults += times.told()
        return faults

    def _slowest(self, server: Server) -> list[str]:
        """The slowest questions, one after the other, while somebody else goes on asking."""
        faults = []
        print(f"\n{'the slowest kinds, while others ask':38}{'page':>15}{'JSON':>15}")
        beside = Times("  usual words beside them")
        with self._asking(server, beside, ("a rare word", "a usual word")):
            browser = Browser(server.port)
            for question in self._asker("slow").slow():
                said = f"  {question.kind:36}"
                for path, headers in (("/search", {}), ("/api/v1/articles", _JSON)):
                    reply = browser.get(question.at(path), headers)
                    said += f"{reply.seconds * 1000:8,.0f}{f'({reply.status})':>7}"
                    if reply.status not in (200, 503) or reply.seconds > STOPPED + _LATE:
                        faults.append(f"{question.kind}, {path}: {reply.status} after {reply.seconds:.1f} s")
                print(said, flush=True)
        print(f"{'':38}{'asked':>6}{'p50':>9}{'p95':>9}{'max':>9}")
        return faults + beside.told()

    @contextmanager
    def _asking(self, server: Server, times: Times, kinds: Sequence[str]) -> Iterator[None]:
        ended = threading.Event()

        def ask() -> None:
            browser, asker = Browser(server.port), self._asker("beside")
            while not ended.is_set():
                for kind in kinds:
                    times.add(browser.get(asker.of(kind).at("/search")))

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _together(self, server: Server) -> list[str]:
        """Ten clients that ask at once, without a pause. No bound but that all are answered."""
        times = Times(f"{_CLIENTS} clients at once, search page")

        def ask(number: int) -> None:
            browser = Browser(server.port)
            for question in self._asker(f"client {number}").mix(max(1, self._each // 5)):
                times.add(browser.get(question.at("/search")))

        began = time.monotonic()
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(_CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        faults = times.told()
        print(f"{'':38}{len(times.seconds) / (time.monotonic() - began):.1f} pages a second")
        return faults

    def _exports(self, server: Server, config: Path) -> list[str]:
        print(f"\nexport of the newest {million_exports.ROWS:,}{'s':>11}{'MB':>9}{'memory before, at most, MB':>30}")
        for form in ("csv", "jsonl", "parquet"):
            cost = million_exports.over_http(server, self._since, form)
            rows = "" if cost.rows is None else f", {cost.rows:,} rows"
            print(
                f"{f'  GET /export, {form}{rows}':38}{cost.seconds:9.1f}{cost.size / 1e6:9.0f}"
                f"{cost.before:21.0f}{cost.most:9.0f}",
                flush=True,
            )
        cost = million_exports.by_command(config, self._since, "jsonl", self._folder / "out.jsonl")
        print(f"{'  roxham export, jsonl':38}{cost.seconds:9.1f}{cost.size / 1e6:9.0f}{'':21}{cost.most:9.0f}")
        beside = Browser(server.port)

        def ask_beside() -> None:
            if (status := beside.get("/search?q=ostrimel").status) != 200:
                raise RuntimeError(f"a page was answered with {status}")

        waited, before, after = million_exports.cut(server, self._file, ask_beside)
        print(f"  cut by the client: others begin after {waited * 1000:,.0f} ms; files open {before}, {after}")
        if waited >= 5 or after > before + _KEPT_OPEN:
            return [f"after cut exports: {waited:.1f} s, {after - before} files left open"]
        return []

    # peers

    def _ours(self, server: Server) -> Taken:
        """Asks what the peers are asked, in the same words: by path and kind."""
        browser = Browser(server.port)
        asked: Taken = {"page": {}, "json": {}, "timeline": {}}
        for question in self._peers_questions():
            for name, path, headers in (
                ("page", "/search", {}),
                ("json", "/api/v1/articles", _JSON),
                ("timeline", "/api/v1/timeline", _JSON),
            ):
                reply = browser.get(question.at(path), headers)
                asked[name].setdefault(question.kind, []).append(reply.seconds)
        return asked

    def _peers_questions(self) -> list[Question]:
        asker = self._asker("peers")
        return list(asked_of_peers([asker.of(kind) for _ in range(self._each) for kind in _OF_PEERS]))

    def _peer(self, name: str, ours: Taken, peer: "million_peers.Datasette | million_peers.Postgres") -> None:
        print(f"\n{'p50 and p95, milliseconds':38}{'roxham':>14}{name:>16}{'ratio':>14}")
        ways: dict[str, Callable[[Question], float | None]] = {
            "page": peer.page,
            "json": peer.json,
            "timeline": peer.timeline,
        }
        for way, ask in ways.items():
            theirs: dict[str, list[float]] = {}
            failed: Counter[str] = Counter()
            for question in self._peers_questions():
                seconds = ask(question)
                if seconds is None:
                    failed[question.kind] += 1
                else:
                    theirs.setdefault(question.kind, []).append(seconds)
            for kind, seconds_of in [*ours[way].items(), ("all", [s for each in ours[way].values() for s in each])]:
                found = theirs.get(kind, []) if kind != "all" else [s for each in theirs.values() for s in each]
                if not found:
                    print(f"  {way}, {kind}: no answer")
                    continue
                mine, other = Times("", seconds=seconds_of), Times("", seconds=found)
                said = "".join(
                    f"{mine.share(s) * 1000:7,.0f}" if who == 0 else f"{other.share(s) * 1000:8,.0f}"
                    for who in (0, 1)
                    for s in (0.5, 0.95)
                )
                ratio = "".join(f"{mine.share(s) / other.share(s):7.2f}" for s in (0.5, 0.95))
                none = f"  {failed[kind] if kind != 'all' else failed.total()} not answered" if failed else ""
                print(f"{f'  {way}, {kind}':38}{said}{ratio}{none}", flush=True)

    def _postgres(self, ours: Taken) -> None:
        with million_peers.postgres() as server:
            if server is None:
                print("\nno postgres at hand")
                return
            articles = min(self._articles, self._chosen.peers_articles)
            seconds = server.load(self._chosen.file, articles)
            print(f"\nPostgreSQL: {articles:,} texts in {seconds:.0f} s, {server.size() / articles:,.0f} bytes each")
            self._peer("PostgreSQL", ours, server)

    def _some(self, kinds: Sequence[str]) -> Iterable[Question]:
        asker = self._asker("".join(kinds))
        return [asker.of(kind) for _ in range(self._each) for kind in kinds]

    def _asker(self, seed: str) -> Asker:
        return Asker(self._texts, seed)


def _some_texts(db: sqlite3.Connection) -> list[str]:
    """Returns texts from all years."""
    db.create_function("roxham_plain", 1, plain, deterministic=True)
    last = db.execute("SELECT max(id) FROM articles").fetchone()[0]
    chosen = json.dumps(random.Random("texts").sample(range(1, last + 1), min(last, _TEXTS)))
    sql = "SELECT text FROM newest WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
    return [row[0] for row in db.execute(sql, (chosen,)) if row[0]]


def _plain(reply: Reply) -> bytes:
    import gzip

    return gzip.decompress(reply.body) if reply.headers.get("content-encoding") == "gzip" else reply.body


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
