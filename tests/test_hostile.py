"""The real `collect` against a news server that means harm: tests/hostile_cases.py says what it does.

Each case has a host of its own, with a healthy source beside the ill one. All cases of a family are visited in one
pass, and then in a second one. Here stands what must be true of every one of them: the healthy are kept once, nothing
crosses a limit, nothing inside is reached, and the program ends as it should.
"""

import json
import re
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import pytest

from tests.authority import Authority
from tests.hostile import Answer, Newsstand, Talk, addresses, here, ok, silence
from tests.hostile_cases import FAMILIES, SAID, Case, item, rss
from tests.installation import UNMEASURED, Installation, page, source, story

TIMEOUT = 2.0  # seconds
LARGEST = 2 * 10**6  # bytes
IN_FLIGHT = 16 * 10**6  # bytes that kernels hold between a server that writes and a client that has stopped to read
LONGEST = 15.0  # seconds of one pass over one family
MEMORY = 350 * 2**20  # bytes
ALLOWED = "127.20.0.0/16"  # what may be connected to; the rest of this machine is inside
INSIDE = ("127.0.0.1", "127.66.0.1", "::1")  # where a server stands that must not be reached
MEASURED = """
import atexit, re, resource, runpy, sys
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))  # a defence that fails costs the test, not the machine
def peak(file=sys.argv.pop(1)):
    open(file, "w").write(re.search("VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
atexit.register(peak)
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""
OTHERS = 3
CASES = [(family, case) for family, cases in FAMILIES.items() for case in cases]
OF_EACH_CASE = pytest.mark.parametrize(
    ("stood", "case"), CASES, ids=[f"{family}-{case}" for family, case in CASES], indirect=["stood"]
)


@dataclass(frozen=True, slots=True)
class Run:
    """One `collect`."""

    code: int
    visits: dict[str, dict[str, Any]]
    log: str
    memory: int  # bytes, at most
    seconds: float


@dataclass(frozen=True)
class Stood:
    """Two passes over a family, and what the archive held then."""

    family: str
    installed: Installation
    runs: tuple[Run, Run]
    talks: dict[str, list[Talk]]  # by source
    reached_inside: int

    @cached_property
    def articles(self) -> list[dict[str, Any]]:
        return self.installed.export()

    @cached_property
    def waiting(self) -> dict[str, str]:
        """Why the page of a source waits."""
        return {waits["source"]: waits["reason"] for waits in self.installed.document("pending")}

    def kept(self, source_id: str) -> list[dict[str, Any]]:
        return [article for article in self.articles if article["publisher"] == source_id]


@pytest.fixture(scope="module")
def known() -> dict[str, Stood]:
    """The families that were visited."""
    return {}


@pytest.fixture(params=FAMILIES)
def stood(request: pytest.FixtureRequest, known: dict[str, Stood], tmp_path_factory: pytest.TempPathFactory) -> Stood:
    """What became of a family: visited once, when the first of its tests asks."""
    family: str = request.param
    if family not in known:
        known[family] = visited_twice(family, tmp_path_factory.mktemp(family))
    return known[family]


def visited_twice(family: str, folder: Path) -> Stood:
    """Visits the sources of all cases, their neighbours, and three healthy ones on hosts of their own."""
    cases = FAMILIES[family]
    authority = Authority.made(folder)
    hosts = {str(case): host for case, host in zip(cases, addresses("127.20.1.1"), strict=False)}
    with Newsstand() as news:
        secret: dict[str, Answer] = {"/": ok(rss(item("Secret")))}
        news.inside = news.open(INSIDE[0], secret)
        news.open(INSIDE[1], secret, port=news.inside)
        with suppress(OSError):  # a machine without IPv6
            news.open(INSIDE[2], secret, port=news.inside)
        sources = [line for case in cases for line in watched(news, case, hosts[str(case)], authority)]
        sources += [elsewhere(news, number) for number in range(OTHERS)]
        installed = Installation(folder / "here", sources, crawl="timeout: 2s, max_size: 2MB, concurrency: 64")
        monitor = installed.config / "monitor.yaml"
        monitor.write_text(monitor.read_text().replace("127.0.0.0/8", ALLOWED))
        return Stood(
            family=family,
            installed=installed,
            runs=(collected(installed, authority), collected(installed, authority)),
            talks={name: news.talks(host) for name, host in hosts.items()},
            reached_inside=news.connections(*INSIDE),
        )


def watched(news: Newsstand, case: Case, host: str, authority: Authority) -> list[str]:
    """Opens the host of a case; returns the lines of sources.yaml for the ill source and for the healthy one."""
    name, answers = str(case), answers_of(case)
    plain = port = news.open(host, {**answers, "/well.xml": ok(rss(healthy(name)))})
    if case.tls is not None:
        certified = "127.20.0.1" if case.tls == "other" else host
        days = -1 if case.tls == "expired" else 1
        port = news.open(host, answers, tls=authority.server(certified, days=days, trusted=case.tls != "own"))
    scheme = case.scheme or ("http" if case.tls is None else "https")
    keys: dict[str, object] = {"kind": case.kind, "read": "page" if case.reads_pages else "feed"}
    if case.options:
        keys["options"] = case.options
    return [
        source(name, f"{scheme}://{host}:{port}/case", publisher=name, **keys),
        source(f"well-{name}", f"http://{host}:{plain}/well.xml", publisher=f"{name} well", read="feed"),
    ]


def answers_of(case: Case) -> dict[str, Answer]:
    if not case.page:
        return {"/case": case.answer, **case.more}
    return {
        "/case": here(rss(item(f"Page: {case.name}", link="http://{here}/page"))),
        "/page": case.answer,
        **case.more,
    }


def healthy(name: str) -> str:
    return item(f"Well beside {name}", said=escape(story(name)))


def elsewhere(news: Newsstand, number: int) -> str:
    """Opens a host with two good pages; returns its line of sources.yaml."""
    host, name = f"127.20.2.{number + 1}", f"elsewhere-{number}"
    titles = {f"/{letter}": f"Elsewhere {number} {letter}" for letter in "ab"}
    pages: dict[str, Answer] = {path: ok(page(title, story(title)), "text/html") for path, title in titles.items()}
    feed = rss(*(item(title, link=f"http://{{here}}{path}") for path, title in titles.items()))
    port = news.open(host, {**pages, "/feed.xml": here(feed)})
    return source(name, f"http://{host}:{port}/feed.xml", publisher=name)


def collected(installed: Installation, authority: Authority) -> Run:
    """Runs `roxham collect` with the tests' authority among those that the machine trusts.

    Without the coverage meter, which doubles what is looked at here: time and memory.
    """
    memory = installed.folder / "memory"
    began = time.monotonic()
    under = (*UNMEASURED, sys.executable, "-c", MEASURED, str(memory))
    done = installed.roxham("collect", "--json", under=under, SSL_CERT_FILE=str(authority.file))
    seconds = time.monotonic() - began
    assert done.stdout, done.stderr
    visits = {visit["source"]: visit for visit in json.loads(done.stdout)["visits"]}
    return Run(done.returncode, visits, done.stderr, int(memory.read_text()) * 1024, seconds)


@OF_EACH_CASE
def test_a_case_ends_as_the_table_says(stood: Stood, case: Case) -> None:
    visit, kept = stood.runs[0].visits[str(case)], stood.kept(str(case))
    if case.outcome is None:
        return  # what it costs is looked at below
    assert visit["outcome"] == case.outcome, visit["error"]
    if case.titles is not None:
        assert sorted(article["title"] for article in kept) == list(case.titles)
    if case.page and case.titles is not None:
        assert [(article["partial"], article["text"] == SAID) for article in kept] == [(not case.whole, not case.whole)]
    said = stood.waiting.get(str(case)) if case.page else visit["error"]
    if case.says is None:
        assert said is None
    else:
        assert said is not None
        assert re.search(case.says, said), said


@OF_EACH_CASE
def test_beside_a_case_the_healthy_source_of_the_same_host_is_kept_once(stood: Stood, case: Case) -> None:
    first, second = (run.visits[f"well-{case}"] for run in stood.runs)
    if case.rests:
        assert "left alone" in first["error"]
        assert stood.kept(f"{case} well") == []
        return
    assert (first["outcome"], first["new"], first["error"]) == ("changed", 1, None)
    assert (second["outcome"], second["new"], second["error"]) == ("unchanged", 0, None)
    (kept,) = stood.kept(f"{case} well")
    assert (kept["title"], kept["versions"], kept["text"]) == (f"Well beside {case}", 1, story(str(case)))


def test_healthy_sources_of_other_hosts_are_kept_once(stood: Stood) -> None:
    for number in range(OTHERS):
        kept = stood.kept(f"elsewhere-{number}")
        assert sorted((article["title"], article["partial"], article["versions"]) for article in kept) == [
            (f"Elsewhere {number} {n}", False, 1) for n in "ab"
        ]


@OF_EACH_CASE
def test_a_second_pass_brings_nothing_new(stood: Stood, case: Case) -> None:
    second = stood.runs[1].visits[str(case)]
    assert second["new"] == 0
    if case.then is not None:
        assert second["outcome"] == case.then, second["error"]
    elif case.outcome == "failed":
        assert second["outcome"] == "failed"
    elif case.outcome == "changed":
        assert second["outcome"] in ("changed", "unchanged")
    assert {article["versions"] for article in stood.kept(str(case))} <= {1}


def test_a_pass_over_a_family_ends_as_it_should(stood: Stood) -> None:
    for run in stood.runs:
        assert run.code == 0, run.log
        assert run.memory < MEMORY
        assert run.seconds < LONGEST
        assert not re.search("spider failed|visit not kept|item not (?:read|kept)|Unclosed|never awaited", run.log)
        assert not re.search("Traceback|DOWNLOAD_MAXSIZE", run.log)  # what people can do nothing with
        assert len(run.visits) == 2 * len(FAMILIES[stood.family]) + OTHERS


def test_nothing_inside_is_reached(stood: Stood) -> None:
    assert stood.reached_inside == 0


def test_no_answer_takes_more_time_or_bytes_than_it_may(stood: Stood) -> None:
    for name, talks in stood.talks.items():
        for talk in talks:
            assert talk.sent < LARGEST + IN_FLIGHT, name
            assert talk.until is not None, name
            assert talk.until - talk.at < 3 * TIMEOUT, name


def test_no_server_is_told_what_another_one_said(stood: Stood) -> None:
    for name, talks in stood.talks.items():
        for talk in talks:
            assert not {"cookie", "referer", "authorization", "proxy-authorization"} & talk.headers.keys(), name


def test_what_is_kept_is_clean(stood: Stood) -> None:
    soon = datetime.now(UTC) + timedelta(days=3)
    for article in stood.articles:
        assert not re.search(
            "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]",
            json.dumps(article, ensure_ascii=False),
        )
        assert 0 < len(article["title"]) <= 5000
        assert "\n" not in article["title"]
        assert re.match("https?://", article["url"])
        assert len(article["url"]) <= 8000
        assert len(article["authors"]) <= 100
        assert len(article["language"] or "en") <= 3
        if article["published_at"]:
            assert datetime(1990, 1, 1, tzinfo=UTC) <= datetime.fromisoformat(article["published_at"]) < soon


@pytest.mark.parametrize("stood", ["content"], indirect=True)
def test_what_titles_hold_gets_into_no_header_and_runs_nowhere(stood: Stood) -> None:
    installed = stood.installed
    installed.document("deliver", "--now")
    (file,) = (installed.folder / "var" / "outbox" / "new").iterdir()
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert mail["Bcc"] is None
    assert mail.get_all("To") == ["desk@example.test"]
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        text = body.get_content()
        assert "Break Bcc: all@paper.test" in text
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x1b]|^Bcc", text, re.MULTILINE)
        assert kind == "plain" or not re.search("<script|<img", text)


def test_a_stuck_source_costs_others_nothing_and_its_host_one_deadline(tmp_path: Path) -> None:
    with Newsstand() as news:
        stuck: dict[str, Answer] = {f"/stuck-{number}": silence for number in range(5)}
        port = news.open("127.20.3.1", {"/well.xml": ok(rss(healthy("Held"))), **stuck})
        sources = [source(path[1:], f"http://127.20.3.1:{port}{path}") for path in stuck]
        sources.append(source("held", f"http://127.20.3.1:{port}/well.xml", read="feed"))
        for number, host in zip(range(5), addresses("127.20.3.2"), strict=False):
            other = news.open(host, {"/well.xml": ok(rss(healthy(f"Free {number}")))})
            sources.append(source(f"free-{number}", f"http://{host}:{other}/well.xml", read="feed"))
        installed = Installation(tmp_path / "here", sources, crawl="timeout: 2s, concurrency: 2")
        for turn in range(2):
            began = len(news.talks("127.20.3.1"))
            installed.document("collect")
            held = news.talks("127.20.3.1")[began:]
            free = [news.talks(host)[turn] for _, host in zip(range(5), addresses("127.20.3.2"), strict=False)]
            assert max(talk.at for talk in free) - held[0].at < TIMEOUT
            if turn:
                (asked,) = (talk for talk in held if talk.path == "/well.xml")
                assert asked.at - held[0].at < 3 * TIMEOUT
        assert sorted(article["title"] for article in installed.export()) == [
            *(f"Well beside Free {number}" for number in range(5)),
            "Well beside Held",
        ]
