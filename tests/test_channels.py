"""Channels: one suite of duties for all, then what is particular to each, against a real server and a real disk."""

import asyncio
import mailbox as maildir_reader
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from monitor.channels import Channel
from monitor.channels.email import Email
from monitor.channels.maildir import Maildir
from monitor.errors import DeliveryError
from monitor.types import Message, Receipt
from tests.mailbox import Mailbox, make_certificate

RAW = (
    b"From: Roxham <roxham@example.org>\r\nTo: desk@example.org\r\nSubject: Border desk\r\n"
    b"Message-ID: <1@example.org>\r\n\r\n.a dot first\r\n..two dots\r\n.\r\na dot alone above\r\n"
)


def a_message(**changes: Any) -> Message:
    message = Message(
        message_id="<1@example.org>",
        digest_id="desk",
        to="desk@example.org",
        slot="2026-11-22T07:00",
        subject="Border desk",
        raw=RAW,
    )
    return replace(message, **changes)


async def nothing_to_do() -> None:
    return


class Commit:
    """Counts its calls and notes what was there to be seen at the time."""

    def __init__(self, arrived: "Arrived") -> None:
        self._arrived = arrived
        self.seen: list[int] = []

    async def __call__(self) -> None:
        self.seen.append(len(self._arrived()))


@dataclass
class Arrived:
    """What a reader of the channel has."""

    look: Any

    def __call__(self) -> list[bytes]:
        return list(self.look())


@contextmanager
def an_email_channel() -> Iterator[tuple[Channel, Arrived]]:
    with Mailbox() as box:
        yield Email(box.host, box.port, tls="none"), Arrived(lambda: [one.raw for one in box.delivered])


@contextmanager
def a_maildir_channel(path: Path) -> Iterator[tuple[Channel, Arrived]]:
    def look() -> list[bytes]:
        return [file.read_bytes() for part in ("new", "cur") for file in (path / part).glob("*")]

    yield Maildir(path), Arrived(look)


@pytest.fixture(params=["email", "maildir"])
def channel(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Channel, Arrived]]:
    opened: AbstractContextManager[tuple[Channel, Arrived]]
    opened = an_email_channel() if request.param == "email" else a_maildir_channel(tmp_path / "var" / "outbox")
    with opened as pair:
        yield pair


# --- every channel ---------------------------------------------------------------------------------------------------


async def test_a_message_arrives_byte_for_byte_apart_from_line_ends(channel: tuple[Channel, Arrived]) -> None:
    way, arrived = channel
    receipt = await way.send(a_message(), nothing_to_do)
    assert [raw.replace(b"\r\n", b"\n") for raw in arrived()] == [RAW.replace(b"\r\n", b"\n")]
    assert receipt.channel == way.name
    assert receipt.answer
    assert receipt.at.tzinfo is not None


async def test_commit_is_awaited_once_before_anything_arrives(channel: tuple[Channel, Arrived]) -> None:
    way, arrived = channel
    commit = Commit(arrived)
    await way.send(a_message(), commit)
    assert commit.seen == [0]
    assert len(arrived()) == 1


async def test_nothing_arrives_when_the_commit_fails(channel: tuple[Channel, Arrived]) -> None:
    way, arrived = channel

    async def fail() -> None:
        raise RuntimeError("the archive is full")

    with pytest.raises(RuntimeError, match="the archive is full"):
        await way.send(a_message(), fail)
    assert arrived() == []
    await way.send(a_message(), nothing_to_do)
    assert len(arrived()) == 1


async def test_a_megabyte_arrives_whole(channel: tuple[Channel, Arrived]) -> None:
    way, arrived = channel
    raw = RAW + b".a line of a long digest\r\n" * 40_000
    await way.send(a_message(raw=raw), nothing_to_do)
    assert arrived()[0].replace(b"\r\n", b"\n") == raw.replace(b"\r\n", b"\n")


# --- maildir ---------------------------------------------------------------------------------------------------------


async def test_the_same_message_twice_is_one_file(tmp_path: Path) -> None:
    first = await Maildir(tmp_path).send(a_message(), nothing_to_do)
    second = await Maildir(tmp_path).send(a_message(), nothing_to_do)
    assert first.answer == second.answer
    assert [str(path) for path in (tmp_path / "new").iterdir()] == [first.answer]
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_a_message_that_was_read_is_not_delivered_again(tmp_path: Path) -> None:
    first = await Maildir(tmp_path).send(a_message(), nothing_to_do)
    read = read_by_somebody(first)
    second = await Maildir(tmp_path).send(a_message(), nothing_to_do)
    assert second.answer == str(read)
    assert list((tmp_path / "new").iterdir()) == []


def read_by_somebody(receipt: Receipt) -> Path:
    path = Path(receipt.answer)
    return path.rename(path.parent.parent / "cur" / f"{path.name}:2,S")


async def test_messages_with_other_ids_are_other_files(tmp_path: Path) -> None:
    await Maildir(tmp_path).send(a_message(), nothing_to_do)
    await Maildir(tmp_path).send(a_message(message_id="<../../2@example.org>"), nothing_to_do)
    assert len(list((tmp_path / "new").iterdir())) == 2


async def test_a_mail_reader_opens_the_maildir(tmp_path: Path) -> None:
    await Maildir(tmp_path / "box").send(a_message(), nothing_to_do)
    with_reader = maildir_reader.Maildir(tmp_path / "box", create=False)
    assert [message["Subject"] for message in with_reader] == ["Border desk"]


async def test_what_a_killed_attempt_left_is_written_over(tmp_path: Path) -> None:
    left_half_written(await Maildir(tmp_path).send(a_message(), nothing_to_do))
    await Maildir(tmp_path).send(a_message(), nothing_to_do)
    assert files_below(tmp_path) == [RAW.replace(b"\r\n", b"\n")]


def files_below(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


def left_half_written(receipt: Receipt) -> None:
    path = Path(receipt.answer)
    path.rename(path.parent.parent / "tmp" / path.name).write_bytes(b"half a mess")


async def test_a_failing_commit_leaves_no_file(tmp_path: Path) -> None:
    async def fail() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await Maildir(tmp_path).send(a_message(), fail)
    assert files_below(tmp_path) == []


async def test_a_folder_that_cannot_be_made_is_a_temporary_failure_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DeliveryError, match=r"cannot write to the maildir .*file/box: Not a directory") as failure:
        await Maildir(tmp_path / "file" / "box").send(a_message(), nothing_to_do)
    assert failure.value.temporary
    assert not failure.value.doubt


# --- email: encryption and login -------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = make_certificate(tmp_path, "127.0.0.1", "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_mail_is_encrypted_and_logged_in(tls: Any, certificate: Path) -> None:
    with Mailbox(tls=tls, certificate=certificate, login=("roxham", "sésame")) as box:
        receipt = await Email(box.host, box.port, tls=tls, user="roxham", password="sésame").send(
            a_message(), nothing_to_do
        )
    (mail,) = box.delivered
    assert mail.tls
    assert (mail.sender, mail.recipients, mail.user) == ("roxham@example.org", ("desk@example.org",), "roxham")
    assert receipt.answer == "250 2.0.0 kept"


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_an_unknown_certificate_stops_the_mail(tls: Any, tmp_path: Path) -> None:
    with Mailbox(tls=tls, certificate=make_certificate(tmp_path, "127.0.0.1")) as box:
        error = await failure(Email(box.host, box.port, tls=tls))
    assert error.temporary
    assert not error.doubt
    assert "no TLS that can be trusted: self-signed certificate" in error.reason
    assert box.delivered == []


async def test_a_certificate_for_another_host_stops_the_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_certificate(tmp_path, "mail.example.org")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with Mailbox(tls="starttls", certificate=path) as box:
        error = await failure(Email(box.host, box.port))
    assert "IP address mismatch" in error.reason
    assert box.delivered == []


async def test_a_server_without_starttls_gets_nothing_and_the_reason_says_what_to_do() -> None:
    with Mailbox() as box:
        error = await failure(Email(box.host, box.port))
    assert error.temporary
    assert error.reason.startswith(f"mail server 127.0.0.1:{box.port} does not offer STARTTLS; ")
    assert "?starttls=off allows" in error.reason
    assert box.delivered == []


async def test_a_password_is_never_sent_in_the_clear() -> None:
    with Mailbox() as box:
        error = await failure(Email(box.host, box.port, tls="none", user="roxham", password="sesame"))
    assert error.temporary
    assert "user and password are not sent" in error.reason
    assert "sesame" not in error.reason
    assert box.connections == 0


async def test_a_refused_login_is_the_configurations_fault_not_the_messages(certificate: Path) -> None:
    with Mailbox(tls="starttls", certificate=certificate, login=("roxham", "right")) as box:
        error = await failure(Email(box.host, box.port, user="roxham", password="wrong-one"))
    assert error.temporary
    assert "refused logging in: 535" in error.reason
    assert "wrong-one" not in error.reason


# --- email: answers and broken lines ---------------------------------------------------------------------------------


async def failure(channel: Email, message: Message | None = None, *, committed: bool = False) -> DeliveryError:
    """Sends, expects a failure, and checks that the commit had been asked for exactly when it should."""
    commit = Commit(Arrived(list))
    with pytest.raises(DeliveryError) as caught:
        await channel.send(message or a_message(), commit)
    assert bool(commit.seen) is committed
    return caught.value


@pytest.mark.parametrize(
    ("step", "answer", "temporary", "committed"),
    [
        ("HELO", "421 4.3.2 going down", True, False),
        ("MAIL", "451 4.3.0 try later", True, False),
        ("MAIL", "550 5.7.1 sender not allowed", False, False),
        ("MAIL", "530 5.7.0 log in first", True, False),
        ("RCPT", "450 4.2.0 greylisted", True, False),
        ("RCPT", "550 5.1.1 no such user", False, False),
        ("DATA", "451 4.3.0 disk trouble", True, True),
        ("DATA", "554 5.5.0 no", False, True),
        ("DOT", "452 4.3.1 full", True, True),
        ("DOT", "550 5.7.1 looks like spam", False, True),
    ],
)
async def test_an_answer_decides_whether_to_try_again(step: str, answer: str, temporary: bool, committed: bool) -> None:
    with Mailbox(faults={step: answer}) as box:
        error = await failure(Email(box.host, box.port, tls="none", timeout=5), committed=committed)
    assert error.temporary is temporary
    assert not error.doubt
    assert answer in error.reason
    assert f"mail server 127.0.0.1:{box.port}" in error.reason


@pytest.mark.parametrize("fault", ["drop", "hang"])
@pytest.mark.parametrize("step", ["HELO", "MAIL", "RCPT"])
async def test_a_line_that_breaks_before_the_text_leaves_no_doubt(step: str, fault: str) -> None:
    with Mailbox(faults={step: fault}) as box:
        error = await failure(Email(box.host, box.port, tls="none", timeout=0.3))
    assert (error.temporary, error.doubt) == (True, False)


@pytest.mark.parametrize("fault", ["drop", "hang"])
async def test_a_line_that_breaks_after_the_final_dot_leaves_doubt(fault: str) -> None:
    with Mailbox(faults={"DOT": fault}) as box:
        error = await failure(Email(box.host, box.port, tls="none", timeout=0.3), committed=True)
    assert (error.temporary, error.doubt) == (True, True)
    assert len(box.delivered) == 1


@pytest.mark.parametrize("fault", ["drop", "hang"])
async def test_a_line_that_breaks_within_the_text_leaves_no_doubt_and_no_connection(fault: str) -> None:
    long = a_message(raw=RAW + b"a line of a very long digest, longer than any buffer on the way\r\n" * 150_000)
    before = watched_sockets()
    with Mailbox(faults={"DATA": fault}) as box:
        error = await failure(Email(box.host, box.port, tls="none", timeout=1), long, committed=True)
        assert await comes_true(lambda: watched_sockets() == before)
    assert (error.temporary, error.doubt) == (True, False)
    assert box.delivered == []


def watched_sockets() -> int:
    """How many sockets this test's loop holds; the server has a loop of its own."""
    return len(asyncio.get_running_loop()._selector.get_map())  # type: ignore[attr-defined]


async def test_a_goodbye_that_fails_does_not_matter() -> None:
    with Mailbox(faults={"QUIT": "drop"}) as box:
        receipt = await Email(box.host, box.port, tls="none").send(a_message(), nothing_to_do)
    assert receipt.answer == "250 2.0.0 kept"


async def test_the_next_try_succeeds_when_the_server_has_recovered() -> None:
    with Mailbox(faults={"RCPT": ["450 4.2.0 greylisted", "450 4.2.0 greylisted"]}) as box:
        way = Email(box.host, box.port, tls="none")
        assert (await failure(way)).temporary
        box.faults.clear()
        await way.send(a_message(), nothing_to_do)
    assert [mail.raw for mail in box.delivered] == [RAW]


async def test_nobody_listening_is_temporary_and_names_the_server() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = await failure(Email("127.0.0.1", port))
    assert (error.temporary, error.doubt) == (True, False)
    assert error.reason.startswith(f"mail server 127.0.0.1:{port} cannot be used, at connecting: [Errno ")


async def test_something_that_speaks_no_smtp_is_temporary() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        error = await failure(Email("127.0.0.1", server.sockets[0].getsockname()[1], tls="none"))
    assert (error.temporary, error.doubt) == (True, False)


async def test_a_message_too_large_for_the_server_is_refused_before_it_is_sent() -> None:
    with Mailbox(size_limit=200) as box:
        error = await failure(Email(box.host, box.port, tls="none"), a_message(raw=RAW + b"x" * 100))
    assert not error.temporary
    assert "552" in error.reason


async def test_an_address_beyond_ascii_needs_a_server_that_takes_it() -> None:
    with Mailbox() as box:
        error = await failure(Email(box.host, box.port, tls="none"), a_message(to="josé@example.org"))
    assert not error.temporary
    assert "SMTPUTF8" in error.reason


async def test_a_domain_beyond_ascii_is_written_in_ascii() -> None:
    with Mailbox() as box:
        await Email(box.host, box.port, tls="none").send(a_message(to="jose@exämple.org"), nothing_to_do)
    assert box.delivered[0].recipients == ("jose@xn--exmple-cua.org",)


async def test_cancelling_leaves_no_connection() -> None:
    with Mailbox(faults={"DOT": "hang"}) as box:
        task = asyncio.create_task(Email(box.host, box.port, tls="none").send(a_message(), nothing_to_do))
        assert await comes_true(lambda: len(box.delivered) == 1)
        assert box.ended == 0
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await comes_true(lambda: box.ended == 1)


async def comes_true(fact: Callable[[], bool]) -> bool:
    for _ in range(500):
        if fact():
            return True
        await asyncio.sleep(0.01)
    return False
