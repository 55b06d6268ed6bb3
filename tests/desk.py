"""A desk where telling is tried: a real archive, a clock that is set, stories that are kept by hand."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

from monitor.app import wording_change
from monitor.archive.sqlite import SQLiteArchive
from monitor.channels import Channel
from monitor.digest import alarm_mail, compared, compose, message_id, render, thread_id
from monitor.links import links
from monitor.pipeline import Deliver, Orders, Teller, Threads
from monitor.types import OPERATOR, Alarm, Article, Digest, Format, Match, Message, Subscription
from tests.builders import NOW, STORIES, article, item, match, reading, source, subscription, topic, visit, words

MONDAY_SEVEN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # 07:00 in Toronto


def rendered(digest: Digest, secret: bytes, token: str | None, takes: Format) -> Message:
    """What app.py makes of a digest, at an installation with public pages."""
    name = message_id(secret, digest.subscription.id, digest.slot.name, digest.reader, "example.test")
    thread = thread_id(secret, digest.subscription.id, digest.reader, "example.test")
    return render(
        digest,
        sender="roxham@example.test",
        program="Roxham",
        links=links("https://news.example.org", "roxham@example.test", token),
        message_id=name,
        thread_id=thread,
        format=takes,
    )


def notified(alarms: Sequence[Alarm], secret: bytes, now: datetime) -> Message:
    """What app.py makes of alarms."""
    name = message_id(secret, OPERATOR, f"{now:%H%M%S}", "desk@example.test", "example.test")
    sender = "roxham@example.test"
    return alarm_mail(alarms, sender=sender, to="desk@example.test", program="Roxham", message_id=name, now=now)


@dataclass
class Desk:
    """An archive with a clock, and readers who are due."""

    archive: SQLiteArchive
    threads: Threads
    now: datetime = NOW
    kept: int = 0
    readings: int = 0
    operator: bool = False  # somebody is told of what goes wrong

    def deliver(
        self, channel: Channel, *subscriptions: Subscription, others: Mapping[str, Channel] | None = None
    ) -> Deliver:
        """The second half of the line, over this archive."""
        orders = self.orders(channel, *subscriptions, others=others)
        return Deliver(orders, archive=self.archive, threads=self.threads, clock=lambda: self.now)

    def orders(
        self, channel: Channel, *subscriptions: Subscription, others: Mapping[str, Channel] | None = None
    ) -> Orders:
        """Its orders."""
        notify = notified if self.operator else None
        rooms = Teller(compared=compared, change=wording_change, compose=compose, render=rendered, notify=notify)
        return Orders(
            sources=(source(),),
            topics=(topic(),),
            subscriptions=subscriptions or (subscription(),),
            mail=channel,
            channels=others or {},
            rooms=rooms,
        )

    def keep_story(self, topic_id: str = "roxham-road", **changed: Any) -> None:
        """A new story that matches."""
        self.kept += 1
        title = f"Story {self.kept}"
        found = article(f"http://desk.test/{self.kept}", text=words(f"story{self.kept}of"), title=title)
        self.keep(replace(found, **changed), match(topic_id))

    def keep(self, found: Article, *matches: Match) -> None:
        """An article as it is read now."""
        self.readings += 1
        url = found.addresses[0].url
        self.archive.keep_visit(visit(found.source_id, at=self.now), [item(url, content_hash=str(self.readings))])
        (pending,) = (one for one in self.archive.pending(self.now) if one.found.url == url)
        self.archive.keep([reading(pending, found, matches)], STORIES, self.now)


@contextmanager
def opened(path: Path) -> Iterator[Desk]:
    """A desk over a new archive."""
    archive = SQLiteArchive.for_writing(path, purpose="test", now=NOW, wait=0)
    threads = Threads()
    yield Desk(archive, threads)
    threads.close()
    archive.close()


def mails(folder: Path) -> list[bytes]:
    """The mails in the folder `box`, in no order."""
    return [file.read_bytes() for file in sorted((folder / "box" / "new").glob("*"))]


def plain(raw: bytes) -> str:
    """The plain text of a mail, on one line."""
    body = BytesParser(policy=default).parsebytes(raw).get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def subject(raw: bytes) -> str:
    """The subject of a mail."""
    return str(BytesParser(policy=default).parsebytes(raw)["Subject"])
