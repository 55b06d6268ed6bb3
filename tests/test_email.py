"""The email channel against a real SMTP server that does wrong on demand."""

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from monitor.channels import email
from monitor.channels.email import Email
from monitor.errors import DeliveryError
from monitor.types import Message, Receipt
from tests.mailbox import Mailbox, make_certificate
from tests.ways import RAW, SECRET, a_message, comes_true, nothing_to_do
from tests.ways import failure as failure_of

# --- encryption and login -------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = make_certificate(tmp_path, "127.0.0.1", "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_mail_is_encrypted_and_logged_in(tls: Any, certificate: Path) -> None:
    with Mailbox(tls=tls, certificate=certificate, login=("roxham", "sésame")) as box:
        receipt = await sent(Email(box.host, box.port, tls=tls, user="roxham", password="sésame"))
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


# --- answers and broken lines ---------------------------------------------------------------------------------------


async def sent(channel: Email, message: Message | None = None) -> Receipt:
    """Sends one message and gives the connection back."""
    receipt = await channel.send(message or a_message(), nothing_to_do)
    await channel.close()
    return receipt


async def failure(channel: Email, message: Message | None = None, *, committed: bool = False) -> DeliveryError:
    return await failure_of(channel, message or a_message(), committed=committed)


@pytest.mark.parametrize(
    ("step", "answer", "temporary", "committed", "way"),
    [
        ("CONNECT", "421 4.3.2 going down", True, False, True),
        ("CONNECT", "554 5.7.1 no service for you", True, False, True),
        ("HELO", "421 4.3.2 going down", True, False, True),
        ("MAIL", "421 4.7.0 too many connections", True, False, True),
        ("MAIL", "451 4.3.0 try later", True, False, True),
        ("MAIL", "452 4.3.1 no room for so much", True, False, False),
        ("MAIL", "552 5.3.4 too large", False, False, False),
        ("MAIL", "550 5.7.1 sender not allowed", True, False, True),
        ("MAIL", "530 5.7.0 log in first", True, False, True),
        ("RCPT", "421 4.3.2 going down", True, False, True),
        ("RCPT", "450 4.2.0 greylisted", True, False, False),
        ("RCPT", "452 4.2.2 mailbox full", True, False, False),
        ("RCPT", "530 5.7.0 log in first", True, False, True),
        ("RCPT", "550 5.1.1 no such user", False, False, False),
        ("RCPT", "552 5.2.2 mailbox full", False, False, False),
        ("DATA", "421 4.3.2 going down", True, True, True),
        ("DATA", "451 4.3.0 disk trouble", True, True, False),
        ("DATA", "554 5.5.0 no", False, True, False),
        ("DOT", "421 4.3.2 going down", True, True, True),
        ("DOT", "452 4.3.1 full", True, True, False),
        ("DOT", "550 5.7.1 looks like spam", False, True, False),
    ],
)
async def test_an_answer_decides_whether_to_try_again_and_what_it_is_about(
    step: str, answer: str, temporary: bool, committed: bool, way: bool
) -> None:
    with Mailbox(faults={step: answer}) as box:
        error = await failure(Email(box.host, box.port, tls="none", timeout=5), committed=committed)
    assert (error.temporary, error.way) == (temporary, way)
    assert not error.doubt
    assert answer in error.reason
    assert f"mail server 127.0.0.1:{box.port}" in error.reason
    assert box.delivered == []


@pytest.mark.parametrize(
    ("step", "answer", "bounced"),
    [
        ("RCPT", "550 5.1.1 no such user", True),
        ("RCPT", "551 5.1.6 moved to other@example.org", True),
        ("RCPT", "550 5.2.1 this mailbox is disabled", True),
        ("RCPT", "556 5.1.10 the domain takes no mail", True),
        ("RCPT", "550 no such user here", True),
        ("RCPT", "553 mailbox name not allowed", True),
        ("RCPT", "450 4.1.1 greylisted", False),
        ("RCPT", "552 5.2.2 mailbox full", False),
        ("RCPT", "550 5.2.2 mailbox full", False),
        ("RCPT", "550 5.1.8 sender's domain does not exist", False),
        ("RCPT", "550 5.7.1 relaying denied", False),
        ("RCPT", "550 relay access denied", False),
        ("RCPT", "550 blocked: your address is listed", False),
        ("RCPT", "554 5.4.14 hop count exceeded", False),
        ("RCPT", "554 no", False),
        ("DOT", "550 5.1.1 no such user", False),  # an answer to the text; a report will tell of the address
    ],
)
async def test_only_a_refusal_of_the_readers_own_address_is_a_bounce(step: str, answer: str, bounced: bool) -> None:
    with Mailbox(faults={step: answer}) as box:
        error = await failure(Email(box.host, box.port, tls="none", timeout=5), committed=step == "DOT")
    assert error.bounced is bounced


async def test_one_refused_reader_costs_the_others_nothing() -> None:
    with Mailbox(faults={"RCPT": "550 5.1.1 no such user"}) as box:
        way = Email(box.host, box.port, tls="none")
        assert (await failure(way, a_message(to="gone@example.org"))).bounced
        box.faults.clear()
        await way.send(a_message(to="here@example.org"), nothing_to_do)
        await way.close()
    assert [mail.recipients for mail in box.delivered] == [("here@example.org",)]


@pytest.mark.parametrize("fault", ["drop", "hang"])
@pytest.mark.parametrize("step", ["CONNECT", "HELO", "MAIL", "RCPT"])
async def test_a_line_that_breaks_before_the_text_leaves_no_doubt(step: str, fault: str) -> None:
    with Mailbox(faults={step: fault}) as box:
        error = await failure(Email(box.host, box.port, tls="none", timeout=0.3))
    assert (error.temporary, error.doubt, error.way) == (True, False, True)


@pytest.mark.parametrize("fault", ["drop", "hang"])
async def test_a_line_that_breaks_after_the_final_dot_leaves_doubt(fault: str) -> None:
    with Mailbox(faults={"DOT": fault}) as box:
        error = await failure(Email(box.host, box.port, tls="none", timeout=0.3), committed=True)
    assert (error.temporary, error.doubt, error.way) == (True, True, True)
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
        receipt = await sent(Email(box.host, box.port, tls="none"))
    assert receipt.answer == "250 2.0.0 kept"


async def test_the_next_try_succeeds_when_the_server_has_recovered() -> None:
    with Mailbox(faults={"RCPT": ["450 4.2.0 greylisted", "450 4.2.0 greylisted"]}) as box:
        way = Email(box.host, box.port, tls="none")
        assert (await failure(way)).temporary
        box.faults.clear()
        await sent(way)
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
        await sent(Email(box.host, box.port, tls="none"), a_message(to="jose@exämple.org"))
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


@pytest.mark.parametrize("form", ["plain", "AUTH PLAIN"])
async def test_a_server_that_quotes_the_password_does_not_get_it_into_the_reason(form: str, certificate: Path) -> None:
    said = SECRET if form == "plain" else base64.b64encode(f"\0roxham\0{SECRET}".encode()).decode()
    with Mailbox(tls="starttls", certificate=certificate, login=("roxham", SECRET)) as box:
        box.faults["MAIL"] = f"500 5.5.1 what is {said}?"
        error = await failure(Email(box.host, box.port, user="roxham", password=SECRET))
    assert error.reason.endswith("500 5.5.1 what is ***?")


# --- several messages over one connection ----------------------------------------------------------------------------


@pytest_asyncio.fixture
async def box() -> AsyncIterator[Mailbox]:
    with Mailbox() as opened:
        yield opened


@pytest_asyncio.fixture
async def way(box: Mailbox) -> AsyncIterator[Email]:
    channel = Email(box.host, box.port, tls="none", timeout=5)
    yield channel
    await channel.close()


def to(number: int) -> Message:
    return a_message(to=f"reader-{number}@example.org", message_id=f"<{number}@example.org>")


async def test_messages_one_after_the_other_share_a_connection_and_no_recipient(box: Mailbox, way: Email) -> None:
    for number in range(5):
        await way.send(to(number), nothing_to_do)
    assert box.connections == 1
    assert [mail.recipients for mail in box.delivered] == [(f"reader-{number}@example.org",) for number in range(5)]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_connection_is_encrypted_and_logged_in_once(tls: Any, certificate: Path) -> None:
    with Mailbox(tls=tls, certificate=certificate, login=("roxham", "sésame")) as box:
        way = Email(box.host, box.port, tls=tls, user="roxham", password="sésame")
        for number in range(3):
            await way.send(to(number), nothing_to_do)
        await way.close()
        assert await comes_true(lambda: box.ended == 1)
    assert box.connections == 1
    assert [(mail.tls, mail.user) for mail in box.delivered] == [(True, "roxham")] * 3


async def test_closing_says_goodbye(box: Mailbox, way: Email) -> None:
    steps: list[str] = []
    box.reached = steps.append
    await way.send(to(1), nothing_to_do)
    assert steps[-1] != "QUIT"
    await way.close()
    assert steps[-1] == "QUIT"
    assert await comes_true(lambda: box.ended == 1)


@pytest.mark.parametrize(
    "fault", ["drop", "421 4.4.2 you were silent for too long", "451 4.7.0 enough for one connection"]
)
async def test_a_server_that_wants_no_more_over_a_connection_gets_another_before_the_commit(
    box: Mailbox, way: Email, fault: str
) -> None:
    await way.send(to(1), nothing_to_do)
    box.faults["MAIL"] = fault
    box.reached = lambda step: box.faults.clear() if step == "CONNECT" else None
    commits: list[int] = []

    async def commit() -> None:
        commits.append(box.connections)

    await way.send(to(2), commit)
    assert commits == [2]
    assert len(box.delivered) == 2


async def test_a_connection_cut_after_the_answer_is_not_used_again(box: Mailbox, way: Email) -> None:
    box.faults["250"] = "drop"
    await way.send(to(1), nothing_to_do)
    assert await comes_true(lambda: box.ended == 1)
    box.faults.clear()
    await way.send(to(2), nothing_to_do)
    assert (box.connections, len(box.delivered)) == (2, 2)


async def test_a_refused_recipient_on_a_kept_connection_is_refused_not_tried_again(box: Mailbox, way: Email) -> None:
    await way.send(to(1), nothing_to_do)
    box.faults["RCPT"] = "450 4.2.0 greylisted"
    error = await failure(way, to(2))
    assert (error.temporary, error.way) == (True, False)
    assert box.connections == 1


async def test_a_server_that_wants_nothing_over_a_new_connection_either_is_believed(box: Mailbox, way: Email) -> None:
    await way.send(to(1), nothing_to_do)
    box.faults["MAIL"] = "421 4.3.2 going down"
    error = await failure(way, to(2))
    assert (error.temporary, error.way, error.doubt) == (True, True, False)
    assert box.connections == 2


async def test_after_a_hundred_messages_the_connection_is_another(
    box: Mailbox, way: Email, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email, "_MOST_MESSAGES", 3)
    for number in range(7):
        await way.send(to(number), nothing_to_do)
    assert (box.connections, len(box.delivered)) == (3, 7)


async def test_a_connection_that_rested_for_long_is_not_trusted(
    box: Mailbox, way: Email, monkeypatch: pytest.MonkeyPatch
) -> None:
    await way.send(to(1), nothing_to_do)
    monkeypatch.setattr(email, "_LONGEST_REST", 0.0)
    await way.send(to(2), nothing_to_do)
    assert (box.connections, len(box.delivered)) == (2, 2)


@pytest.mark.parametrize("fault", ["drop", "hang"])
async def test_a_kept_connection_that_breaks_after_the_final_dot_leaves_doubt_and_is_gone(
    box: Mailbox, fault: str
) -> None:
    way = Email(box.host, box.port, tls="none", timeout=0.3)
    await way.send(to(1), nothing_to_do)
    box.faults["DOT"] = fault
    error = await failure(way, to(2), committed=True)
    assert (error.temporary, error.doubt) == (True, True)
    box.faults.clear()
    await sent(way, to(3))
    assert box.connections == 2


async def test_cancelling_a_goodbye_leaves_no_connection(box: Mailbox) -> None:
    way = Email(box.host, box.port, tls="none")
    await way.send(to(1), nothing_to_do)
    box.faults["QUIT"] = "hang"
    steps: list[str] = []
    box.reached = steps.append
    task = asyncio.create_task(way.close())
    assert await comes_true(lambda: "QUIT" in steps)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await comes_true(lambda: box.ended == 1)
