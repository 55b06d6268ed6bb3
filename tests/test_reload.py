"""A configuration that is saved while the service runs: real files, a real service, a real site."""

import asyncio
import fcntl
import io
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from monitor import app
from monitor.archive import Filter, Running
from monitor.archive.sqlite import SQLiteArchive
from monitor.config.watching import Files, being_written
from monitor.errors import ConfigError, PageError, Problem
from monitor.log import set_up
from monitor.renewal import MOST_PROBLEMS, Renewal
from monitor.schedule import Service
from monitor.types import Page
from tests import crawling
from tests.builders import topic
from tests.command import LOGGERS
from tests.installation import DIGESTS, TOPICS, Installation, feed, page, run, source, story
from tests.site import Site, Visitor

PATIENCE = 10.0
"""Seconds; what is saved is taken within one, on a machine with nothing else to do."""

AT_ONCE = "at: at once, gather: 0s"
TOLD_AT_ONCE = f"digests:\n  - {{id: now, topics: [roxham-road, stca], {AT_ONCE}, to: [desk@example.test]}}\n"
LAMPS = TOPICS + "  - {id: lamps, any: {en: [lamps], fr: [lampes]}}\n"


async def until(condition: Callable[[], object], what: object = "") -> None:
    """Waits for what is to happen; `what` is shown where it does not."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what() if callable(what) else what
        await asyncio.sleep(0.02)


@dataclass
class Live:
    """An installation, the service that runs it, and what that one said so far."""

    here: Installation
    line: app.Line
    said: io.StringIO

    @property
    def log(self) -> str:
        return self.said.getvalue()

    @property
    def taken(self) -> int:
        return self.log.count("configuration taken")

    def running(self) -> Running:
        with closing(SQLiteArchive.for_reading(self.here.archive)) as archive:
            found = archive.running()
        assert found is not None
        return found

    async def said_of(self, text: str) -> None:
        await until(lambda: text in self.log, lambda: f"never said {text!r}:\n{self.log}")

    async def takes(self, change: Callable[[], object]) -> None:
        """Makes a change, and waits until it is taken."""
        before = self.taken
        change()
        await until(lambda: self.taken > before, lambda: self.log)

    def titles(self, topic: str | None = None) -> set[str]:
        with closing(SQLiteArchive.for_reading(self.here.archive)) as archive:
            return {article.title for article in archive.articles(Filter(topics=(topic,) if topic else ()))}

    def roxham(self, *args: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Runs a command beside the service, in the same process."""
        try:
            return run(*self.here.command(*args), cwd=self.here.folder, apart=False, **environ)
        finally:
            set_up(stream=self.said, verbose=True)  # the command had a log of its own

    def document(self, *args: str) -> Any:
        return json.loads(self.roxham(*args, "--json").stdout)


@asynccontextmanager
async def live(here: Installation) -> AsyncIterator[Live]:
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(logger.level, logger.handlers) for logger in loggers]
    said = io.StringIO()
    set_up(stream=said, verbose=True)
    files = Files(here.config)
    config = app.configuration(here.config)
    try:
        with app.writing(config, purpose="run") as archive, app.line(config, archive) as line:
            service = Service(line, files.changes(lambda: app.configuration(files.folder)))
            work = asyncio.create_task(service.run())
            one = Live(here, line, said)
            try:
                await one.said_of("watching")
                yield one
            finally:
                service.stop()
                await work
        assert "Traceback" not in one.log
    finally:
        structlog.reset_defaults()
        for logger, (level, handlers) in zip(loggers, before, strict=True):
            logger.setLevel(level)
            logger.handlers = handlers


def put(site: Site, name: str, *stories: str) -> str:
    """Puts a feed with some stories on the site; returns its entry for sources.yaml, visited each second."""
    for each in stories:
        site.put(f"/{each}", page(f"Report {each}", story(each)))
    listed = [(site.url(f"/{each}"), f"Report {each}", "In brief.") for each in stories]
    site.put(f"/{name}.xml", feed(*listed), type="application/rss+xml")
    return source(name, site.url(f"/{name}.xml"), every="1s")


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service of this process looks more often for what is due."""
    for tick in ("COLLECT_TICK", "DELIVER_TICK"):
        monkeypatch.setattr(f"monitor.schedule.{tick}", timedelta(seconds=0.3))


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as one:
        yield one


@pytest.fixture
def here(tmp_path: Path, site: Site) -> Installation:
    return Installation(tmp_path / "here", [put(site, "desk", "a")], digests=TOLD_AT_ONCE)


async def test_a_saved_file_is_taken_and_the_work_goes_on_by_it(here: Installation, site: Site) -> None:
    async with live(here) as one:
        await until(lambda: one.titles() == {"Report a"}, lambda: one.log)
        started = one.running()
        assert started.refused_at is None

        await one.takes(lambda: here.watch(put(site, "desk", "a"), put(site, "rival", "b")))
        assert "sources='added rival'" in one.log
        await until(lambda: one.titles() == {"Report a", "Report b"}, lambda: one.log)
        assert one.running().since > started.since
        assert one.running().fingerprint == app.configuration(here.config).fingerprint

        await one.takes(lambda: here.write("topics", LAMPS))
        assert "topics='added lamps'" in one.log
        put(site, "desk", "a", "c")
        await until(lambda: "Report c" in one.titles(topic="lamps"), lambda: one.log)
        assert one.titles(topic="lamps") == {"Report c"}  # what was read before is as it was

        second = f"  - {{id: second, topics: [lamps], {AT_ONCE}, to: [second@example.test]}}\n"
        third = "  - {id: third, at: 'daily 00:00', to: [third@example.test]}\n"
        await one.takes(lambda: here.write("digests", TOLD_AT_ONCE + second + third))
        assert "digests='added second, third'" in one.log
        await one.said_of("to=second@example.test")

        text = (here.config / "monitor.yaml").read_text().replace("Roxham", "Hemmingford").replace("2s", "3s")
        await one.takes(lambda: here.write("monitor", text + "keep: {unmatched: 30d}\n"))
        assert "settings='name, mail, crawl, keep'" in one.log
        mails = here.folder / "var" / "outbox" / "new"
        before = {mail.name for mail in mails.iterdir()}
        put(site, "rival", "b", "d")
        await until(lambda: {mail.name for mail in mails.iterdir()} - before, lambda: one.log)
        assert all(b"From: Hemmingford" in m.read_bytes() for m in mails.iterdir() if m.name not in before)
        assert len([m for m in mails.iterdir() if b"Report a" in m.read_bytes()]) == 1  # nobody is told twice
        assert "third@example.test" not in one.log  # whose hour comes tomorrow
        assert one.taken == 4
        assert "refused" not in one.log


async def test_what_is_wrong_is_said_and_the_last_good_configuration_goes_on(here: Installation, site: Site) -> None:
    async with live(here) as one:
        since = one.running().since
        here.write("digests", "digests:\n  - {id: now, at: teatime}\n")
        await one.said_of("the last good configuration stays in force")
        assert f"{here.config}/digests.yaml:2:" in one.log
        put(site, "desk", "a", "b")
        await until(lambda: "Report b" in one.titles(), lambda: one.log)

        kept = one.running()
        assert kept.refused_at is not None
        assert kept.since == since
        assert any("digests.yaml:2:" in problem for problem in kept.problems)
        assert one.roxham("status", "--alive").returncode == 0
        status = one.document("status")
        assert (status["alive"], status["sources"]) == (True, None)
        assert status["running"]["current"] is False
        assert status["running"]["problems"] == list(kept.problems)
        shown = one.roxham("status").stdout
        assert "still in force" in shown
        assert "digests.yaml:2:" in shown
        check = one.roxham("check")
        assert check.returncode == 2
        assert "configuration of the service: taken" in check.stderr
        assert one.document("check")["running"]["current"] is False

        here.write("digests", TOLD_AT_ONCE)  # as it was: good again, and nothing to take
        await one.said_of("configuration is good again")
        await until(lambda: one.running().refused_at is None)
        assert one.taken == 0
        assert one.document("check")["running"]["current"] is True
        here.write("digests", DIGESTS.replace("[roxham", "[nothing, roxham"))
        await until(lambda: one.running().refused_at is not None)
        await one.takes(lambda: here.write("digests", DIGESTS))  # mended in another way
        assert (one.running().refused_at, one.running().problems) == (None, ())
        assert "config    taken" in one.roxham("status").stdout


async def test_check_tells_what_only_the_service_cannot_take(here: Installation, site: Site) -> None:
    async with live(here) as one:
        here.watch(source("desk", site.url("/desk.xml"), auth_env="DESK_LOGIN"))
        await one.said_of("the last good configuration stays in force")
        done = one.roxham("check", DESK_LOGIN="user:word")
        assert done.returncode == 0
        assert "were refused" in done.stderr
        assert "DESK_LOGIN" in done.stderr


def test_the_service_as_people_run_it(here: Installation, site: Site, tmp_path: Path) -> None:
    def wait_for(text: str) -> None:
        deadline = time.monotonic() + 3 * PATIENCE
        while text not in (said := (tmp_path / "log").read_text()):
            assert time.monotonic() < deadline, said
            time.sleep(0.05)

    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(here.command("run"), stderr=log, cwd=here.folder)
    try:
        wait_for("watching")
        here.write("topics", "topics:\n  - {id: x, any: {en: ['\"open']}}\n")
        wait_for("the last good configuration stays in force")
        wait_for("topics.yaml:2:")
        assert here.roxham("status", "--alive", apart=True).returncode == 0
        here.write("topics", LAMPS)
        wait_for("configuration taken")
    finally:
        process.terminate()
        assert process.wait(30) == 0
    assert here.document("check")["running"] is None  # nobody runs
    assert here.document("status", "--alive", code=3)["running"] is None
    here.write("topics", "topics:\n")
    assert here.roxham("status").returncode == 2


async def test_a_file_that_is_written_slowly_is_never_taken_half(here: Installation) -> None:
    def write_slowly() -> None:
        with (here.config / "topics.yaml").open("w", encoding="utf-8") as file:
            for piece in (TOPICS, "  - {id: second, any: {en: [x1], fr: [x2]}}\n", LAMPS.removeprefix(TOPICS)):
                file.write(piece)  # each piece ends a configuration that would be sound
                file.flush()
                time.sleep(0.5)

    async with live(here) as one:
        await one.takes(lambda: here.write("topics", LAMPS))
        await asyncio.to_thread(write_slowly)
        await until(lambda: one.taken == 2, lambda: one.log)
        assert "topics='added second'" in one.log
        assert "removed" not in one.log
        assert "refused" not in one.log


async def test_a_file_that_is_empty_or_gone_for_a_moment_is_waited_for(here: Installation) -> None:
    topics = here.config / "topics.yaml"
    async with live(here) as one:
        for leave in (lambda: topics.write_bytes(b""), lambda: topics.rename(here.folder / "aside")):
            leave()
            await asyncio.sleep(0.6)
            await one.takes(lambda: here.write("topics", LAMPS))
            await one.takes(lambda: here.write("topics", TOPICS))
        assert "refused" not in one.log
        topics.unlink()
        await one.said_of("the file is missing")


async def test_a_file_that_is_renamed_into_place_and_a_folder_behind_a_link_are_seen(tmp_path: Path) -> None:
    here = Installation(tmp_path / "here")
    real = here.config.rename(here.folder / "..one")
    (here.folder / "..data").symlink_to(real)
    here.config.mkdir()
    for file in real.iterdir():
        (here.config / file.name).symlink_to(Path("..", "..data", file.name))
    other = Installation(tmp_path / "other", topics=LAMPS)
    async with live(here) as one:

        def switch() -> None:
            (here.folder / "..new").symlink_to(other.config)
            (here.folder / "..new").rename(here.folder / "..data")

        await one.takes(switch)
        (here.config / "new").write_text(TOPICS, encoding="utf-8")
        await one.takes(lambda: (here.config / "new").rename(here.config / "topics.yaml"))
        assert "topics='removed lamps'" in one.log


async def test_what_means_the_same_is_no_change(here: Installation) -> None:
    async with live(here) as one:
        here.write("topics", f"# a comment\n\n{TOPICS}")
        await one.said_of("means the same")
        (here.config / "digests.yaml").touch()
        await until(lambda: one.log.count("means the same") == 2, lambda: one.log)
        assert one.taken == 0


async def test_a_key_that_the_environment_replaces_is_taken_for_what_it_is(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROXHAM_MAIL", "maildir:var/elsewhere")
    async with live(here) as one:
        before = one.running()
        here.write("monitor", (here.config / "monitor.yaml").read_text().replace("var/outbox", "var/other"))
        await one.said_of("means the same")
        now = app.configuration(here.config).fingerprint
        assert now != before.fingerprint
        await until(lambda: one.running() == replace(before, fingerprint=now), one.running)


async def test_files_that_never_stand_still_are_spoken_of(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.config.watching._TOLD_AFTER", 0.3)

    def write_on() -> bool:
        here.write("topics", f"{TOPICS}# {time.monotonic()}\n")
        return "configuration waits" in one.log

    async with live(here) as one:
        await until(write_on, lambda: one.log)
        assert "means the same" not in one.log
        await one.said_of("means the same")
        assert one.log.count("configuration waits") == 1


async def test_a_pipe_in_place_of_a_file_is_refused_and_keeps_nobody_waiting(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.config.watching._STILL_EMPTY", 0.1)
    for name in ("topics", "monitor"):
        path = here.config / f"{name}.yaml"
        async with live(here) as one:
            text = path.read_text()
            path.unlink()
            os.mkfifo(path)
            await one.said_of("this is a pipe or a device")
            assert "this is a pipe or a device" in one.roxham("check").stderr
            assert one.document("status")["running"]["current"] is False
            path.unlink()
            path.write_text(text)
            await one.said_of("configuration is good again")


async def test_a_source_that_is_removed_while_its_pages_are_read_loses_none_of_them(tmp_path: Path, site: Site) -> None:
    many = [f"a{number}" for number in range(40)]  # more than one round reads of one source
    here = Installation(tmp_path / "here", [put(site, "desk", *many)], crawl="timeout: 30s")
    asked, go_on = threading.Event(), threading.Event()
    slow = site.answers["/a0"]

    def answer(visitor: Visitor) -> None:
        asked.set()
        go_on.wait(PATIENCE)
        assert not callable(slow)
        visitor.send(slow)

    site.answers["/a0"] = answer
    async with live(here) as one:
        await until(asked.is_set, lambda: one.log)
        await one.takes(lambda: here.watch(put(site, "rival", "b")))
        go_on.set()
        await until(lambda: len(one.titles()) > 30, lambda: one.log)
        seen = len(site.asked("/rival.xml"))
        await until(lambda: len(site.asked("/rival.xml")) > seen + 1, lambda: one.log)
        assert one.titles() == {"Report b", *(f"Report {name}" for name in many[:30])}
        assert max(len(site.asked(f"/{name}")) for name in many) == 1
        assert not any(site.asked(f"/{name}") for name in many[30:])


async def test_a_source_that_is_switched_off_is_neither_visited_nor_spoken_of(tmp_path: Path, site: Site) -> None:
    desk, rival = put(site, "desk", "a"), put(site, "rival", "b")
    here = Installation(tmp_path / "here", [desk, rival])
    async with live(here) as one:
        await until(lambda: site.asked("/desk.xml") and site.asked("/rival.xml"), lambda: one.log)
        await one.takes(lambda: here.watch(desk, rival.replace("}", ', "enabled": false}')))
        seen = len(site.asked("/desk.xml"))
        await until(lambda: len(site.asked("/desk.xml")) > seen, lambda: one.log)  # what was under way has ended
        off, seen = len(site.asked("/rival.xml")), len(site.asked("/desk.xml"))
        await until(lambda: len(site.asked("/desk.xml")) > seen + 1, lambda: one.log)
        assert len(site.asked("/rival.xml")) == off
        (told,) = await one.line.deliver.deliver(forced=True, dry_run=True)
        assert told.digest is not None
        assert told.digest.names == {"desk": "desk"}


async def test_what_a_running_service_cannot_take_waits_for_the_next_start(here: Installation) -> None:
    async with live(here) as one:
        good = (here.config / "monitor.yaml").read_text()
        text = f"{good}archive: sqlite:///var/other.db\n".replace("name: Roxham", "name: Other")
        await one.takes(lambda: here.write("monitor", text))
        await one.said_of("takes effect at the next start")
        assert "settings='name, archive'" in one.log
        await one.takes(lambda: here.write("topics", LAMPS))
        assert one.log.count("takes effect at the next start") == 1
        assert not (here.folder / "var" / "other.db").exists()
        await one.takes(lambda: here.write("monitor", good))
        assert one.log.count("takes effect at the next start") == 1  # which is where it is at work


async def test_a_defect_while_taking_over_leaves_all_as_it_was(here: Installation) -> None:
    config = app.configuration(here.config)
    with app.writing(config, purpose="run") as archive, app.line(config, archive) as line:
        renewal = Renewal(line)
        await renewal.begin()
        await renewal.take(replace(config, topics=(topic("x", '"never closed'),)))
        assert renewal.line is line
        kept = archive.running()
        assert kept is not None
        assert kept.refused_at is not None
        assert "QueryError" in kept.problems[0]
        many = [Problem("sources.yaml", line, 1, "", "is wrong") for line in range(1, 51)]
        await renewal.take(ConfigError(many))
        kept = archive.running()
        assert kept is not None
        assert len(kept.problems) == MOST_PROBLEMS
        assert kept.problems[-1].startswith("and 31 more")
        await renewal.take(replace(config, mail=replace(config.mail, user="other")))
        assert renewal.line.config.mail.user == "other"


async def test_what_is_saved_while_it_is_read_is_read_again(here: Installation) -> None:
    files, texts = Files(here.config), [f"# {number}\n{TOPICS}" for number in range(3)]
    reads: list[str] = []

    def load() -> str:
        reads.append((here.config / "topics.yaml").read_text())
        if len(reads) < len(texts):
            here.write("topics", texts[len(reads)])
        return reads[-1]

    changes = files.changes(load)
    here.write("topics", texts[0])
    assert await asyncio.wait_for(anext(changes), PATIENCE) == texts[2]
    assert reads == texts


async def test_a_reader_that_breaks_is_a_problem_to_be_told_and_the_next_save_is_read(here: Installation) -> None:
    wrong = [ConfigError([Problem("a", 1, 1, "", "b")]), RuntimeError("a defect of ours")]

    def load() -> str:
        if wrong:
            raise wrong.pop()
        return "good"

    changes = Files(here.config).changes(load)
    said = []
    for number in range(3):
        here.write("topics", f"# {number}\n{TOPICS}")
        said.append(await asyncio.wait_for(anext(changes), PATIENCE))
    assert isinstance(said[0], ConfigError)
    assert "a defect of ours" in str(said[0])
    assert isinstance(said[1], ConfigError)
    assert said[2] == "good"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_linux_tells_that_a_file_is_being_written(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("text\n")
    with path.open() as reading:
        with path.open("a"):
            assert being_written(reading.fileno())
        assert not being_written(reading.fileno())
        assert fcntl.fcntl(reading, fcntl.F_GETLEASE) == fcntl.F_UNLCK


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_whoever_begins_to_write_at_that_very_moment_harms_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real, signals = tmp_path / "file", fcntl.fcntl, list[int]()
    path.write_text("text\n")
    writer = threading.Thread(target=path.write_text, args=("more\n",))

    def with_a_writer(file: int, command: int, argument: int) -> int:
        answer = real(file, command, argument)
        if (command, argument) == (fcntl.F_SETLEASE, fcntl.F_RDLCK):
            writer.start()
            time.sleep(0.1)  # it waits for us, and the kernel has told us so
        return answer

    before = signal.signal(signal.SIGIO, lambda number, _: signals.append(number))
    try:
        monkeypatch.setattr("fcntl.fcntl", with_a_writer)
        with path.open() as reading:
            assert not being_written(reading.fileno())
        writer.join(PATIENCE)
        assert path.read_text() == "more\n"
    finally:
        signal.signal(signal.SIGIO, before)
    assert signals == []  # the kernel's own choice, which would have ended the process


async def test_a_crawl_that_takes_over_knows_who_wants_peace_and_its_stop_ends_both(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.crawl.PATIENCE", timedelta(milliseconds=100))
    first = crawling.crawl(delay=timedelta(seconds=1))
    site.put("/busy", "busy", status=429, headers={"Retry-After": "600"})
    assert isinstance(await crawling.page(first, site.url("/busy")), PageError)
    other = crawling.crawl(max_bytes=10, after=first)
    put_off = await crawling.page(other, site.url("/busy"))
    assert isinstance(put_off, PageError)
    assert not put_off.tried
    assert len(site.asked("/busy")) == 1

    with Site() as slow:
        asked = threading.Event()

        def hang(visitor: Visitor) -> None:
            asked.set()
            visitor.site.closing.wait(60)

        slow.answers["/hang"] = hang
        slow.put("/page", crawling.PAGE)
        first = crawling.crawl(timeout=timedelta(seconds=60))
        reading = asyncio.create_task(crawling.pages(first, crawling.task(slow.url("/hang"))))
        await until(asked.is_set)
        other = crawling.crawl(after=first)
        await other.stop()
        (page,) = (await reading).values()
        assert isinstance(page, PageError)
        assert await crawling.pages(first, crawling.task(slow.url("/page"))) == {}
        fresh = crawling.crawl(max_bytes=100)
        assert not isinstance(await crawling.page(fresh, slow.url("/page")), Page)
