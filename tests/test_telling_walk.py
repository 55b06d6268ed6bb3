"""Whatever order telling happens in, and wherever it breaks off, each reader is told of each story in one message.

A walk by chance over the real second half of the line: news, rounds of every sort, a mail server that fails, processes
that end in the middle and others that go on from what they left.
"""

import asyncio
import os
import random
import re
from collections import Counter, defaultdict
from datetime import time, timedelta

import pytest

from monitor.channels.email import Email
from monitor.pipeline import Deliver
from monitor.types import OPERATOR, Schedule, SendState
from tests.builders import subscription, weekly
from tests.desk import Desk, plain
from tests.mailbox import Mailbox

TOPICS = ("roxham-road", "stca")
AT_ONCE = Schedule(text="at once", at_once=True)
WANTED = (
    subscription(topics=TOPICS, to=("ann@example.test", "bob@example.test")),
    subscription("often", topics=TOPICS[:1], to=("bob@example.test", "cleo@example.test"),
                 at=Schedule(text="every 2h", every=timedelta(hours=2))),
    subscription("twice", topics=TOPICS[1:], to=("cleo@example.test",), at=weekly(time(6), time(18))),
    subscription("now", topics=TOPICS[1:], to=("dan@example.test", "ann@example.test"), at=AT_ONCE),
    subscription("gathered", topics=TOPICS[:1], to=("eve@example.test",), at=AT_ONCE, gather=timedelta(minutes=5)),
)  # fmt: skip
STEPS = ("CONNECT", "HELO", "MAIL", "RCPT", "DATA", "DOT", "250")
FAULTS = ("421 4.3.2 later", "450 4.2.0 busy", "drop")


class Walk:
    """A desk with readers of several digests, the process that tells them, and what they must have been told."""

    def __init__(self, desk: Desk, box: Mailbox, dice: random.Random) -> None:
        self.desk, self.box, self.dice = desk, box, dice
        self.told_of: dict[str, list[str]] = {name: [] for name in TOPICS}  # topic → headlines
        self.deliver = self._process()

    def _process(self) -> Deliver:
        return self.desk.deliver(Email(self.box.host, self.box.port, tls="none", timeout=5), *WANTED)

    async def begin(self) -> None:
        """What a process does first."""
        self.deliver = self._process()
        await self.deliver.register()
        await self.deliver.recover()

    # what may happen

    async def news(self) -> None:
        for _ in range(self.dice.randint(1, 3)):
            about = self.dice.choice(TOPICS)
            self.desk.keep_story(about)
            self.told_of[about].append(f"Story {self.desk.kept}")

    async def later(self) -> None:
        self.desk.now += timedelta(minutes=self.dice.choice((0, 1, 7, 60, 300, 1800)))

    async def round(self) -> None:
        only = self.dice.choice((None, None, ["often", "now"]))
        chance = self.dice.random
        await self.deliver.deliver(only, forced=chance() < 0.3, hurried=chance() < 0.3, gathering=chance() < 0.5)

    async def look(self) -> None:
        """A dry run changes nothing."""
        before = self.desk.archive.outbox()
        await self.deliver.deliver(forced=True, dry_run=True)
        assert self.desk.archive.outbox() == before

    async def send(self) -> None:
        await self.deliver.send()

    async def fail(self) -> None:
        """A mail server that fails at some step, once or until further notice."""
        fault = self.dice.choice(FAULTS)
        self.box.faults = {self.dice.choice(STEPS): self.dice.choice((fault, [fault, None], [None, fault, None]))}

    async def recover(self) -> None:
        self.box.faults = {}

    async def end_in_the_middle(self) -> None:
        """The process ends somewhere in a round, and another begins."""
        task = asyncio.create_task(self.deliver.deliver(forced=self.dice.random() < 0.5, hurried=True))
        for _ in range(self.dice.randint(0, 60)):
            await asyncio.sleep(0)
            if self.dice.random() < 0.3:
                await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait([task])
        await self.begin()

    async def restart(self) -> None:
        await self.begin()

    # what must be so

    def check_stretches(self) -> None:
        """The messages of one digest to one reader tell of stretches that follow each other."""
        last: dict[tuple[str, str], int] = defaultdict(int)
        for out in self.desk.archive.outbox():
            key = out.message.digest_id, out.message.to
            if out.message.digest_id != OPERATOR:
                assert last[key] <= out.after < out.upto, key
                last[key] = out.upto

    async def settle(self) -> None:
        """All is well again: what is due is told, and an operator sends what was held or given up."""
        self.box.faults = {}
        await self.begin()
        for _ in range(2):
            self.desk.now += timedelta(days=4)
            await self.deliver.deliver(hurried=True)
            await self.deliver.deliver(forced=True, hurried=True)
            for out in self.desk.archive.outbox(open_only=True):
                assert self.desk.archive.retry_message(out.id, self.desk.now)
        await self.deliver.deliver(hurried=True)
        assert {out.state for out in self.desk.archive.outbox()} == {SendState.SENT}
        self.check_stretches()

    def check_told_once(self) -> None:
        """Each reader has each story of their topics in one message, and nothing else."""
        copies: dict[str, list[bytes]] = defaultdict(list)
        reader_of: dict[str, str] = {}
        for mail in self.box.delivered:
            name = str(mail.message["Message-ID"])
            copies[name].append(mail.raw)
            (reader_of[name],) = mail.recipients
        outbox = {out.message.message_id: out for out in self.desk.archive.outbox()}
        told: dict[str, Counter[str]] = defaultdict(Counter)
        for name, raws in copies.items():
            out = outbox[name]
            assert len(set(raws)) == 1
            assert reader_of[name] == out.message.to
            assert len(raws) - 1 <= out.doubts
            if out.message.digest_id != OPERATOR:
                told[out.message.to].update(set(re.findall(r"Story \d+", plain(raws[0]))))
        wanted: dict[str, set[str]] = defaultdict(set)
        for each in WANTED:
            for reader in each.to:
                wanted[reader] |= {title for about in each.topics for title in self.told_of[about]}
        assert told == {reader: Counter(titles) for reader, titles in wanted.items()}


@pytest.mark.parametrize("seed", range(int(os.environ.get("ROXHAM_TEST_WALKS", "6"))))
async def test_each_story_is_in_one_message_whatever_the_order(desk: Desk, seed: int) -> None:
    with Mailbox() as box:
        walk = Walk(desk, box, random.Random(seed))  # noqa: S311 - to be repeated, not to be secret
        await walk.begin()
        steps = [walk.news, walk.news, walk.later, walk.later, walk.round, walk.round, walk.round, walk.look, walk.send,
                 walk.fail, walk.recover, walk.end_in_the_middle, walk.end_in_the_middle, walk.restart]  # fmt: skip
        for _ in range(60):
            await walk.dice.choice(steps)()
            walk.check_stretches()
        await walk.news()
        await walk.settle()
        walk.check_told_once()
