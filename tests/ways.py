"""What tests of channels share: a message of each format, and for each channel a reader who can be asked."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import feedparser
import pytest

from monitor.channels import Channel
from monitor.channels.apprise import Apprise
from monitor.channels.atom import AtomFile
from monitor.channels.email import Email
from monitor.channels.maildir import Maildir
from monitor.channels.webhook import Webhook
from monitor.errors import DeliveryError
from monitor.types import Format, Message
from tests.mailbox import Mailbox
from tests.receiver import Receiver

RAW = (
    b"From: Roxham <roxham@example.org>\r\nTo: desk@example.org\r\nSubject: Border desk\r\n"
    b"Message-ID: <1@example.org>\r\n\r\n.a dot first\r\n..two dots\r\n.\r\na dot alone above\r\n"
)
SECRET = "open-sesame-1234"  # noqa: S105 - what must not be seen


def a_message(**changes: Any) -> Message:
    """A mail."""
    message = Message(
        message_id="<1@example.org>",
        digest_id="desk",
        to="desk@example.org",
        slot="2026-11-22T07:00",
        subject="Border desk",
        raw=RAW,
    )
    return replace(message, **changes)


def a_document(**changes: Any) -> Message:
    """A JSON document."""
    raw = json.dumps({"title": "Border desk", "été": [1, 2]}, ensure_ascii=False).encode()
    return a_message(**{"to": "hook", "raw": raw, "format": Format.JSON} | changes)


def a_text(**changes: Any) -> Message:
    """A title, a blank line, a body."""
    raw = "Border desk: 1 story\n\nL’été au chemin Roxham\nhttps://news.example.org/1?a=b&c=<d>\n".encode()
    return a_message(**{"to": "chat", "raw": raw, "format": Format.TEXT} | changes)


def an_entry(id_: str, *, title: str | None = None, updated: str = "2026-11-22T12:00:00Z", content: str = "") -> str:
    return (
        f"<entry><id>urn:roxham:{id_}</id><title>{title or id_}</title><updated>{updated}</updated>"
        f'<link href="https://news.example.org/{id_}"/><content type="text">{content}</content></entry>'
    )


def a_feed(*entries: str, updated: str = "2026-11-22T12:00:00Z", lang: str = "en", title: str = "Border desk") -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{lang}">'
        f"<id>urn:roxham:desk</id><title>{title}</title><updated>{updated}</updated>"
        f"<author><name>Roxham</name></author>{''.join(entries)}</feed>"
    ).encode()


def some_entries(**changes: Any) -> Message:
    """A feed with one entry, its id made of the message's."""
    number = changes.get("message_id", "<1@example.org>").strip("<>")
    return a_message(**{"to": "feed", "raw": a_feed(an_entry(number)), "format": Format.ATOM} | changes)


async def nothing_to_do() -> None:
    return


class Commit:
    """Counts its calls and notes how much was there to be seen at the time."""

    def __init__(self, arrived: Callable[[], list[bytes]] = list) -> None:
        self._arrived = arrived
        self.seen: list[int] = []

    async def __call__(self) -> None:
        self.seen.append(len(self._arrived()))


async def failure(channel: Channel, message: Message, *, committed: bool | None = None) -> DeliveryError:
    """Sends, expects a failure, and checks whether the commit had been asked for."""
    commit = Commit()
    with pytest.raises(DeliveryError) as caught:
        await channel.send(message, commit)
    assert committed is None or bool(commit.seen) is committed
    return caught.value


async def comes_true(fact: Callable[[], bool]) -> bool:
    for _ in range(500):
        if fact():
            return True
        await asyncio.sleep(0.01)
    return False


@dataclass(frozen=True, slots=True)
class Way:
    """One channel with its reader at the other end."""

    channel: Channel
    message: Callable[..., Message]
    arrived: Callable[[], list[bytes]]  # what the reader has, each once by its mark
    seen: Callable[[bytes], bytes]  # how the bytes of a message look when they have arrived
    longer: Callable[[int], bytes]  # the bytes of a message with so many more lines
    nobody: Channel  # the same kind, where nobody is at the other end, with SECRET in its configuration
    cuts_before: bool  # whether it finds out that nobody is there before `on_commit`


def _lines(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n")


@contextmanager
def _email(path: Path, port: int) -> Iterator[Way]:
    with Mailbox() as box:
        yield Way(
            channel=Email(box.host, box.port, tls="none"),
            message=a_message,
            arrived=lambda: [_lines(one.raw) for one in box.delivered],
            seen=_lines,
            longer=lambda count: RAW + b".a line of a long digest\r\n" * count,
            nobody=Email("127.0.0.1", port, tls="implicit", user="roxham", password=SECRET),
            cuts_before=True,
        )


@contextmanager
def _maildir(path: Path, port: int) -> Iterator[Way]:
    folder = path / "var" / "outbox"
    (path / "file").write_text("in the way")
    yield Way(
        channel=Maildir(folder),
        message=a_message,
        arrived=lambda: [file.read_bytes() for part in ("new", "cur") for file in (folder / part).glob("*")],
        seen=_lines,
        longer=lambda count: RAW + b".a line of a long digest\r\n" * count,
        nobody=Maildir(path / "file" / "box"),
        cuts_before=True,
    )


@contextmanager
def _webhook(path: Path, port: int) -> Iterator[Way]:
    with Receiver() as service:
        yield Way(
            channel=Webhook("hook", service.url("/hook"), secret="a secret"),
            message=a_document,
            arrived=lambda: list({post.headers["idempotency-key"]: post.body for post in service.posts}.values()),
            seen=bytes,
            longer=lambda count: json.dumps(["a line of a long digest"] * count).encode(),
            nobody=Webhook("hook", f"https://user:{SECRET}@127.0.0.1:{port}/{SECRET}?key={SECRET}", secret=SECRET),
            cuts_before=True,
        )


@contextmanager
def _apprise(path: Path, port: int) -> Iterator[Way]:
    def shown(body: bytes) -> bytes:
        said = json.loads(body)
        return f"{said['title']}\n\n{said['message']}".encode()

    with Receiver() as service:
        yield Way(
            channel=Apprise("chat", service.url("/chat", scheme="json")),
            message=a_text,
            arrived=lambda: [shown(post.body) for post in service.posts],
            seen=lambda raw: raw.strip(),
            longer=lambda count: b"Border desk\n\n" + b"a line of a long digest\n" * count,
            nobody=Apprise("chat", f"json://user:{SECRET}@127.0.0.1:{port}/{SECRET}?+key={SECRET}"),
            cuts_before=False,
        )


@contextmanager
def _atom(path: Path, port: int) -> Iterator[Way]:
    file = path / "public" / "desk.atom"
    (path / "file").write_text("in the way")

    def entries(raw: bytes) -> list[bytes]:
        return [f"{each.id}\n{each.title}\n{each.content[0].value}".encode() for each in feedparser.parse(raw).entries]

    yield Way(
        channel=AtomFile("feed", file),
        message=some_entries,
        arrived=lambda: entries(file.read_bytes()) if file.exists() else [],
        seen=lambda raw: entries(raw)[0],
        longer=lambda count: a_feed(an_entry("1", content="a line of a long digest\n" * count)),
        nobody=AtomFile("feed", path / "file" / "desk.atom"),
        cuts_before=False,
    )


WAYS = {"email": _email, "maildir": _maildir, "webhook": _webhook, "apprise": _apprise, "atom": _atom}
