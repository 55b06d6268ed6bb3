"""`roxham run` killed with SIGKILL while it watches, and started again: nothing is lost, nothing is told twice.

A real process, a real site, a real mail server. The kill comes from the other side of the wire: the site kills the
program at the very moment it is asked for something. test_kill_mail.py kills it while it tells.
"""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from monitor.archive import Filter
from monitor.archive.sqlite import SQLiteArchive
from monitor.errors import ArchiveError
from monitor.types import ItemState, SendState
from tests.mailbox import Mailbox
from tests.site import Answer, Misbehaviour, Site, Visitor

ARTICLES = 8
PATIENCE = 60.0  # seconds, for a machine that has other things to do


def page(number: int) -> str:
    words = " ".join(f"fact{number}{letter}" for letter in "abcdefghijklmnopqrstuvwxyz" * 2)
    return (
        f"<html lang='en'><head><title>Roxham Road report {number}</title></head><body><article>"
        f"<h1>Roxham Road report {number}</h1><p>People met at Roxham Road for the {number}th time: {words}.</p>"
        "</article></body></html>"
    )


def feed(site: Site, name: str, numbers: range, *, whole: bool) -> str:
    items = "".join(
        f"<item><title>Roxham Road report {n}</title><link>{site.url(f'/{name}/{n}')}</link><guid>{name}-{n}</guid>"
        f"<description>{page(n).replace('<', '&lt;') if whole else 'In brief.'}</description></item>"
        for n in numbers
    )
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>{name}</title>{items}</channel></rss>"


class Running:
    """An installation with two sources and one reader who is told at once, and the process that runs it."""

    def __init__(self, folder: Path, site: Site, box: Mailbox) -> None:
        self.folder, self.site, self.box = folder, site, box
        self.process: subprocess.Popen[bytes] | None = None
        self.kills = 0
        half = ARTICLES // 2
        for name, numbers, whole in (("pages", range(half), False), ("feeds", range(half, ARTICLES), True)):
            site.put(f"/{name}.xml", feed(site, name, numbers, whole=whole), type="application/rss+xml")
            for number in numbers:
                site.put(f"/{name}/{number}", page(number))
        self._configure()

    def _configure(self) -> None:
        config = self.folder / "config"
        config.mkdir()
        files = {
            "monitor.yaml": "contact: desk@example.test\n"
            f"mail: {{via: 'smtp://127.0.0.1:{self.box.port}?starttls=off', from: roxham@example.test}}\n"
            "crawl: {delay: 0s, allow_private: [127.0.0.0/8]}\nweb: {bind: '127.0.0.1:0'}\n",
            "sources.yaml": "sources:\n"
            + "".join(
                f"  - {{id: {name}, kind: feed, url: '{self.site.url(f'/{name}.xml')}', every: 1s, read: {read}}}\n"
                for name, read in (("pages", "page"), ("feeds", "feed"))
            ),
            "topics.yaml": "topics:\n  - {id: roxham-road, any: {en: ['\"Roxham Road\"'], fr: [Roxham]}}\n",
            "digests.yaml": "digests:\n"
            "  - {id: desk, topics: [roxham-road], at: at once, gather: 0s, to: [reader@example.test]}\n",
        }
        for name, text in files.items():
            (config / name).write_text(text)

    def start(self) -> None:
        command = [str(Path(sys.executable).parent / "roxham"), "--config", str(self.folder / "config"), "run"]
        with (self.folder / "log").open("ab") as log:
            self.logged = log.tell()  # where this process begins to speak
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def kill(self) -> None:
        """SIGKILL, from whichever thread; only the first call for a process does anything."""
        process = self.process
        if process is not None and process.poll() is None:
            self.kills += 1
            os.kill(process.pid, signal.SIGKILL)

    def wait_for_death(self) -> None:
        assert self.process is not None
        self.process.wait(PATIENCE)
        assert self.process.returncode == -signal.SIGKILL, self.log()

    def stop(self) -> None:
        assert self.process is not None
        started = time.monotonic()
        self.process.terminate()
        self.process.wait(PATIENCE)
        assert self.process.returncode == 0, self.log()
        assert time.monotonic() - started < 20

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def archive(self) -> SQLiteArchive:
        return SQLiteArchive.for_reading(self.folder / "var" / "roxham.db")

    def settled(self) -> bool:
        """Every article kept and told, every message sent."""
        try:
            with closing(self.archive()) as archive:
                done = archive.listed([ItemState.DONE])
                mails = archive.outbox()
                return (
                    len(done) == ARTICLES
                    and sum(mail.stories for mail in mails) >= ARTICLES
                    and all(mail.state is SendState.SENT for mail in mails)
                )
        except ArchiveError:
            return False

    def wait_until_watching(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + PATIENCE
        while "watching" not in self.log()[self.logged :]:
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def wait_until_settled(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.settled():
            assert self.process is not None
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.1)

    def check(self, *, repeats: int = 0) -> None:
        """Each article kept once; each story in one mail only; at most so many mails came twice, as the same bytes."""
        with closing(self.archive()) as archive:
            urls = Counter(url for article in archive.articles(Filter()) for url in article.urls)
            assert len(urls) == ARTICLES
            assert set(urls.values()) == {1}
            assert archive.listed([ItemState.PENDING, ItemState.SET_ASIDE, ItemState.REJECTED]) == []
        arrived = [(str(mail.message["Message-ID"]), mail.raw) for mail in self.box.delivered]
        assert len(set(arrived)) == len({message_id for message_id, _ in arrived}), "one Message-ID, other bytes"
        assert len(arrived) - len(set(arrived)) <= repeats
        headlines = Counter(headline for raw in {raw for _, raw in arrived} for headline in told_in(raw))
        assert headlines == {f"Roxham Road report {number}": 1 for number in range(ARTICLES)}


def told_in(raw: bytes) -> set[str]:
    """The headlines of a mail's plain text."""
    body = message_from_bytes(raw, policy=policy.default).get_body(("plain",))
    assert body is not None
    lines = str(body.get_content()).splitlines()
    return {match[1] for line in lines if (match := re.fullmatch(r"(?:\d+\. )?(Roxham Road report \d)", line))}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with Site() as site, Mailbox() as box:
        one = Running(tmp_path, site, box)
        yield one
        one.kill()
        if one.process is not None:
            one.process.wait(PATIENCE)


def killing_once(running: Running, answer: Answer, *, before: bool) -> Misbehaviour:
    """An answer that kills the program the first time it is asked for, before or after the answer is written."""

    def misbehave(visitor: Visitor) -> Answer | None:
        if running.kills:
            return answer
        if before:
            running.kill()
            return None
        visitor.send(answer)
        running.kill()
        return None

    return misbehave


@pytest.mark.parametrize(
    ("path", "before"),
    [
        ("/pages.xml", True),  # at the start of a visit
        ("/feeds.xml", False),  # when the answer has left, and perhaps been kept
        ("/pages/0", True),  # between visit and reading
        ("/pages/2", True),  # in the middle of reading
        ("/pages/3", False),  # while the last page is being extracted and kept
    ],
)
def test_a_kill_while_watching_loses_and_repeats_nothing(running: Running, path: str, before: bool) -> None:
    answer = running.site.answers[path]
    assert isinstance(answer, Answer)
    running.site.answers[path] = killing_once(running, answer, before=before)
    running.start()
    running.wait_for_death()
    running.start()
    running.wait_until_settled()
    running.stop()
    running.check()
    assert running.kills == 1


def test_random_kills_one_after_the_other(running: Running) -> None:
    kills = int(os.environ.get("ROXHAM_TEST_KILLS", "4"))
    chance = random.Random(20261122)  # noqa: S311 - moments, not secrets
    for _ in range(kills):
        running.start()
        time.sleep(chance.uniform(0.3, 2.0))
        running.kill()
        assert running.process is not None
        running.process.wait(PATIENCE)
    running.start()
    running.wait_until_watching()
    running.wait_until_settled()
    running.stop()
    running.check(repeats=kills)


def test_a_page_that_kills_the_process_three_times_is_set_aside_and_the_others_are_kept(running: Running) -> None:
    page_two = running.site.answers["/pages/2"]

    def killer(visitor: Visitor) -> Answer | None:
        running.kill()
        return None

    running.site.answers["/pages/2"] = killer
    for _ in range(3):
        running.start()
        running.wait_for_death()
    running.start()
    deadline = time.monotonic() + PATIENCE
    while True:
        with closing(running.archive()) as archive:
            aside = archive.listed([ItemState.SET_ASIDE])
            kept = len(list(archive.articles(Filter())))  # what the feed said of it comes right after
            if aside and kept == ARTICLES and len(archive.listed([ItemState.DONE])) == ARTICLES - 1:
                break
        assert time.monotonic() < deadline, running.log()
        time.sleep(0.1)
    assert [item.url for item in aside] == [running.site.url("/pages/2")]
    with closing(running.archive()) as archive:  # what the feed said of it is kept, and told
        assert [a.title for a in archive.articles(Filter()) if a.partial] == ["Roxham Road report 2"]
    running.stop()
    running.site.answers["/pages/2"] = page_two
    command = [str(Path(sys.executable).parent / "roxham"), "--config", str(running.folder / "config")]
    subprocess.run([*command, "pending", "--retry", "all"], check=True, capture_output=True)
    running.start()
    running.wait_until_settled()
    running.stop()
    running.check(repeats=3)  # a kill may fall between a mail and its answer


def test_the_service_stops_in_good_order_while_a_page_never_comes(running: Running) -> None:
    def hang(visitor: Visitor) -> None:
        visitor.site.closing.wait(60)

    running.site.answers["/pages/1"] = hang
    running.start()
    deadline = time.monotonic() + PATIENCE
    while not running.site.asked("/pages/1"):
        assert time.monotonic() < deadline, running.log()
        time.sleep(0.05)
    running.stop()
    with closing(running.archive()) as archive:
        waiting = archive.listed([ItemState.PENDING])
    assert {item.attempts for item in waiting} == {0}, "a reading that was stopped counts as never begun"
    assert running.site.url("/pages/1") in {item.url for item in waiting}


def test_the_service_stops_in_time_while_a_page_and_a_mail_server_hang(running: Running) -> None:
    def hang(visitor: Visitor) -> None:
        visitor.site.closing.wait(60)

    running.site.answers["/pages/1"] = hang
    running.box.faults["DOT"] = "hang"
    running.start()
    deadline = time.monotonic() + PATIENCE
    while not (running.site.asked("/pages/1") and running.box.delivered):
        assert time.monotonic() < deadline, running.log()
        time.sleep(0.05)
    running.stop()
    with closing(running.archive()) as archive:
        assert {mail.state for mail in archive.outbox()} == {SendState.SENDING}
    running.box.faults.clear()
    del running.site.answers["/pages/1"]
    running.site.put("/pages/1", page(1))
    running.start()
    running.wait_until_settled()
    running.stop()
    running.check(repeats=1)


def test_a_second_service_refuses_to_start_and_says_why(running: Running) -> None:
    running.start()
    running.wait_until_settled()
    first = running.process
    running.start()
    assert running.process is not None
    assert running.process.wait(PATIENCE) == 4
    assert "held by `roxham run`" in running.log()
    running.process = first
    running.stop()
