"""A service that is killed while it tells, and what is held against it afterwards: everybody due was told once.

    with killed(tmp_path) as service:
        service.live(Step("DOT"))  # starts it with one story more, and kills it when the mail server has the whole text
        service.settle()  # another life, until all is told
        assert service.faults() == []

A real process, a real site, a real mail server. The kill comes from the mail server, from the clock, or from the
program itself at one of its commits (doomed.py).
"""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

from monitor.archive import Filter
from monitor.archive.sqlite import SQLiteArchive
from monitor.errors import ArchiveError
from monitor.types import Outgoing, SendState
from tests.builders import words
from tests.installation import COMMAND, Installation, feed, run, source
from tests.mailbox import STEPS, Mailbox
from tests.site import Site

PATIENCE = 60.0  # seconds, for a machine that has other things to do
ROOT = Path(__file__).resolve().parent.parent
AT_ONCE = ("ann@example.test", "bob@example.test", "cleo@example.test")
LATER = ("dan@example.test",)
READERS = (*AT_ONCE, *LATER)
DIGESTS = """\
digests:
  - {id: now, topics: [roxham-road], at: at once, gather: 0s, to: [ann@example.test, bob@example.test]}
  - {id: alerte, topics: [roxham-road], at: at once, gather: 0s, language: fr, layout: brief, to: [cleo@example.test]}
  - {id: round, topics: [roxham-road], at: every 1m, to: [bob@example.test, dan@example.test]}
"""
"""Bob reads two digests: what one has told him, the other does not repeat."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a conversation with the mail server (`tests.mailbox.STEPS`), the `nth` of that life."""

    name: str
    seconds: float = 0.0  # after it
    nth: int = 1

    def __str__(self) -> str:
        return self.name + (f" + {self.seconds * 1000:.0f} ms" if self.seconds or self.name == "250" else "")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit to the archive, by its method or `any`, the `nth` of that life."""

    method: str
    moment: str  # before or after
    nth: int = 1

    def __str__(self) -> str:
        return f"{self.moment} {self.method}" + (f" {self.nth}" if self.nth > 1 or self.method == "any" else "")


Moment = Step | Commit


def step_by_chance(chance: random.Random) -> Step:
    """Some step of one of the first three mails of a life, or soon after it."""
    name = chance.choice(STEPS)
    nth = 1 if name in ("CONNECT", "HELO", "QUIT") else chance.randint(1, 3)  # several mails go over one connection
    return Step(name, chance.choice((0.0, chance.uniform(0, 0.03))), nth)


class Service:
    """An installation that is told of new stories by a feed and tells four readers, and the process that runs it."""

    def __init__(self, folder: Path, site: Site, box: Mailbox) -> None:
        self.site, self.box = site, box
        mail = f"smtp://127.0.0.1:{box.port}?starttls=off"
        sources = [source("desk", site.url("/feed.xml"), every="1s", read="feed")]
        self.here = Installation(folder, sources, digests=DIGESTS, mail=mail, monitor="web: {bind: '127.0.0.1:0'}\n")
        self.process: subprocess.Popen[bytes] | None = None
        self.published = 0
        self.kills = 0  # that met a living process
        self.held = 0  # messages that an operator had to send once more
        self._lock = threading.Lock()

    # what happens to it

    def publish(self, stories: int = 1) -> None:
        """Puts so many new stories on the site; the feed lists the newest sixty."""
        self.published += stories
        numbers = range(self.published, max(0, self.published - 60), -1)
        listed = [
            (self.site.url(f"/{n}"), headline(n), f"They met at Roxham Road. {words(f'is{n}of')}") for n in numbers
        ]
        self.site.put("/feed.xml", feed(*listed), type="application/rss+xml")

    def start(self, doom: Commit | None = None) -> None:
        """Starts `roxham run`."""
        roxham = [str(COMMAND)]
        if doom is not None:
            roxham = [sys.executable, "-m", "tests.doomed", doom.method, doom.moment, str(doom.nth)]
        with (self.here.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*roxham, "--config", str(self.here.config), "run"], stdout=log, stderr=log, cwd=ROOT
            )

    def kill(self, process: "subprocess.Popen[bytes] | None" = None) -> None:
        """SIGKILL for this life, or for one that may be over by now, from whichever thread."""
        process = process or self.process
        with self._lock:
            if process is not None and process.poll() is None:
                self.kills += 1
                os.kill(process.pid, signal.SIGKILL)
                process.wait(PATIENCE)

    def live(self, moment: Moment, *, stories: int = 1, patience: float = PATIENCE) -> bool:
        """One life with so many stories more, which ends at that moment; False where it had to end without it."""
        self.publish(stories)
        doom = moment if isinstance(moment, Commit) else None
        if isinstance(moment, Step):
            self.box.reached = Killer(moment, self)
        self.start(doom)
        assert self.process is not None
        try:
            self.process.wait(patience)
            reached = True
            self.kills += doom is not None
        except subprocess.TimeoutExpired:
            reached = False
            self.kill()
        self.box.reached = lambda step: None
        assert self.process.returncode == -signal.SIGKILL, self.log()
        return reached

    def settle(self) -> None:
        """One life more, which is not cut short, until everybody was told."""
        before = len(self.log())
        self.start()
        deadline = time.monotonic() + PATIENCE
        while "watching" not in self.log()[before:] or not self._settled():
            assert self.process is not None
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)
        self.stop()
        self.finish()

    def finish(self) -> None:
        """What is not told yet is told by the commands that do it once; what is held is sent by hand."""
        for command in (("collect",), ("deliver", "--now")):
            done = run(*self.here.command(*command))
            assert done.returncode == 0, done.stdout + done.stderr
        with closing(SQLiteArchive.for_a_change(self.here.archive, purpose="retry", now=datetime.now(UTC))) as archive:
            held = [message.id for message in archive.outbox(open_only=True) if _held(message)]
            for number in held:
                archive.retry_message(number, datetime.now(UTC))
        if held:
            self.held += len(held)
            done = run(*self.here.command("deliver"))
            assert done.returncode == 0, done.stdout + done.stderr

    def stop(self) -> None:
        """Ends it in good order."""
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(PATIENCE) == 0, self.log()

    def log(self) -> str:
        """What it said in all its lives."""
        return (self.here.folder / "log").read_text()

    def _settled(self) -> bool:
        """Whether who is told at once knows every story, and nothing is on its way."""
        try:
            with closing(SQLiteArchive.for_reading(self.here.archive)) as archive:
                told = Counter(row[0] for row in archive.rows("SELECT reader FROM ledger"))
                return all(told[reader] >= self.published for reader in AT_ONCE) and all(
                    message.state is SendState.SENT or _held(message) for message in archive.outbox()
                )
        except ArchiveError:
            return False

    # what is held against it

    @property
    def repeats(self) -> int:
        """Mails that came once more."""
        arrived = Counter(str(mail.message["Message-ID"]) for mail in self.box.delivered)
        return arrived.total() - len(arrived)

    def faults(self) -> list[str]:
        """Says in how far the promise was broken; nothing where it was kept."""
        with closing(SQLiteArchive.for_reading(self.here.archive)) as archive:
            kept = Counter(article.title for article in archive.articles(Filter()))
            outbox = {message.message.message_id: message for message in archive.outbox()}
            raw = {name: archive.message(message.id) for name, message in outbox.items()}
            ledger = archive.rows(
                "SELECT l.reader, a.id, o.message_id FROM ledger l JOIN articles a ON a.id = l.article "
                "JOIN outbox o ON o.id = l.message"
            )
            titles = {article.id: article.title for article in archive.articles(Filter())}
        wanted = {headline(number) for number in range(1, self.published + 1)}
        found = [f"kept {kept[title]} times: {title}" for title in sorted(wanted | kept.keys()) if kept[title] != 1]

        arrived: dict[str, list[tuple[str, bytes]]] = defaultdict(list)  # Message-ID → reader and bytes
        told: dict[tuple[str, str], set[str]] = defaultdict(set)  # reader and headline → Message-IDs
        for mail in self.box.delivered:
            name, reader = str(mail.message["Message-ID"]), mail.recipients[0]
            arrived[name].append((reader, mail.raw))
            for title in told_in(mail.raw):
                told[reader, title].add(name)
        for reader in READERS:
            lost = [title for title in sorted(wanted) if not told[reader, title]]
            twice = [title for title in sorted(wanted) if len(told[reader, title]) > 1]
            found += [f"lost for {reader}: {title}" for title in lost]
            found += [f"told to {reader} under two Message-IDs: {title}" for title in twice]
        for name, copies in arrived.items():
            message = outbox.get(name)
            if message is None:
                found.append(f"sent, and not in the outbox: {name}")
                continue
            kept_raw = raw[name]
            assert kept_raw is not None
            if set(copies) != {(message.message.to, kept_raw.message.raw)}:
                found.append(f"other bytes or another reader under one Message-ID: {name}")
            if len(copies) - 1 > message.doubts:
                found.append(f"came {len(copies)} times and is listed with {message.doubts} doubts: {name}")
            if message.state is not SendState.SENT:
                found.append(f"arrived, and is {message.state}: {name}")
        if self.repeats > self.kills:
            found.append(f"{self.repeats} repeats after {self.kills} kills")
        known = Counter((row[0], titles[row[1]], row[2]) for row in ledger)
        truth = Counter((reader, title, name) for (reader, title), names in told.items() for name in names)
        if known != truth:
            found.append(f"the ledger differs: {sorted((known - truth).items())} {sorted((truth - known).items())}")
        return found


class Killer:
    """Kills the service at a step of its conversation with the mail server; called in the server's thread."""

    def __init__(self, moment: Step, service: Service) -> None:
        self._moment, self._service, self._left = moment, service, moment.nth

    def __call__(self, step: str) -> None:
        if step != self._moment.name:
            return
        self._left -= 1
        if self._left == 0:
            if self._moment.seconds:  # the server goes on meanwhile
                threading.Timer(self._moment.seconds, self._service.kill, [self._service.process]).start()
            else:
                self._service.kill()


def headline(number: int) -> str:
    """The headline of a story."""
    return f"Roxham Road report {number}"


def told_in(raw: bytes) -> set[str]:
    """The headlines in a mail's plain text."""
    body = message_from_bytes(raw, policy=policy.default).get_body(("plain",))
    assert body is not None
    return set(re.findall(r"Roxham Road report \d+", " ".join(str(body.get_content()).split())))


@contextmanager
def killed(folder: Path) -> Iterator[Service]:
    """A service with its site and its mail server; whatever is left of it ends with the context."""
    with ExitStack() as open_:
        service = Service(folder / "here", open_.enter_context(Site()), open_.enter_context(Mailbox()))
        open_.callback(service.kill)
        yield service


def _held(message: Outgoing) -> bool:
    """Whether nothing more happens to a message by itself."""
    return message.state is SendState.DOUBT and message.next_try_at is None
