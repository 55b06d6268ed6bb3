"""Returned mail: what a letter says, the boxes it lies in, and what is kept of it."""

import asyncio
import base64
import os
import quopri
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from monitor.archive.sqlite import SQLiteArchive
from monitor.errors import ArchiveError
from monitor.pipeline.returns import Returned, Returns
from monitor.pipeline.threads import Threads
from monitor.returns import LONGEST, Box, BoxError, Unsubscription, read
from monitor.returns.imap import ImapBox
from monitor.returns.maildir import MaildirBox
from monitor.types import AlarmKind, Bounce, Digest, Message, PauseReason, SendState, Slot
from tests import letters
from tests.builders import NOW, subscription
from tests.imap import ASCII_PASSWORD, PASSWORD, ImapServer
from tests.letters import HEADERS, OURS, READER, TOKEN, letter, report
from tests.mailbox import make_certificate

# --- what a letter says ----------------------------------------------------------------------------------------------


def bounce(raw: bytes) -> Bounce:
    found = read(raw)
    assert isinstance(found, Bounce)
    return found


@pytest.mark.parametrize(
    ("raw", "status", "words"),
    [
        (report(), "5.1.1", "User unknown"),
        (report(kind="message/rfc822"), "5.1.1", "User unknown"),
        (letters.GMAIL, "5.1.1", "does not exist"),
        (letters.EXCHANGE, "5.1.10", "RecipientNotFound"),
        (letters.EXIM, "5.0.0", "Unknown user"),
        (letters.QMAIL, "5.1.1", "no mailbox here by that name"),
        (letters.TEXT_ONLY, "5.2.1", "5.2.1"),
    ],
    ids=["postfix", "postfix-whole", "gmail", "exchange", "exim", "qmail", "quoted-in-text"],
)
def test_a_refused_address_is_a_hard_bounce_whoever_reports_it(raw: bytes, status: str, words: str) -> None:
    found = bounce(raw)
    assert (found.message_id, found.recipient, found.status, found.hard) == (OURS, READER, status, True)
    assert words in found.reason


@pytest.mark.parametrize(
    ("status", "words", "hard"),
    [
        ("5.1.2", "smtp; 550 5.1.2 bad destination system", True),
        ("5.1.3", None, True),
        ("5.1.6", "smtp; 551 5.1.6 moved", True),
        ("5.4.4", "X-Postfix; Host or domain name not found", True),
        ("5.1.7", "smtp; 550 5.1.7 sender address refused", False),
        ("5.1.8", "smtp; 553 5.1.8 sender's domain unknown", False),
        ("5.2.2", "smtp; 552 5.2.2 mailbox full", False),
        ("5.3.4", "smtp; 552 5.3.4 message too big", False),
        ("5.4.7", "smtp; delivery time expired", False),
        ("5.7.1", "smtp; 550 5.7.1 User unknown to our policy: blocked, see 192.0.2.5", False),
        ("4.4.1", "X-Postfix; connect to mx: Connection timed out", False),
        ("4.2.1", "smtp; 450 4.2.1 greylisted", False),
        ("5.0.0", "smtp; 550 5.1.1 nobody here", True),  # the server's words know better
        ("5.0.0", "smtp; 550 No such user here", True),
        ("5.5.0", "smtp; 550 User doesn't exist", True),
        ("5.0.0", "smtp; 554 rejected as spam by 5.1.1.7", False),
        ("5.0.0", "smtp; 550 4.2.2 over quota", False),
        (None, "smtp; 550 5.1.1 nobody here", True),
        (None, None, False),
    ],
)
def test_only_a_fault_of_the_address_is_hard(status: str | None, words: str | None, hard: bool) -> None:
    assert bounce(report(status=status, words=words)).hard is hard


@pytest.mark.parametrize(
    "raw",
    [
        report(action="delayed", status="4.4.1"),
        report(action="delivered", status="2.0.0"),
        report(action="relayed", status="2.0.0"),
        report(quoted="Subject: of whom we know nothing\n"),
        report(final=None, quoted=f"Message-ID: {OURS}\n"),
        report(final="unknown", quoted=f"Message-ID: {OURS}\n"),
        letters.VACATION,
        letters.READ_RECEIPT,
        letters.ANSWER,
        letter("Subject: lunch?", "At noon?"),
        letter("Subject: failure notice", "Hi. This is the qmail-send program.\n\nI am somebody's joke."),
        letter(f"X-Failed-Recipients: {READER}", f"Message-ID: {OURS}\nis what I want to talk about."),
        b"",
        b"\r\n\r\n",
    ],
)
def test_other_letters_are_nothing(raw: bytes) -> None:
    assert read(raw) is None


def test_a_failure_behind_the_readers_address_is_not_the_readers() -> None:
    behind = bounce(report(final="member@elsewhere.test", original=READER))
    assert (behind.recipient, behind.hard) == (READER, False)
    assert bounce(report(final=READER.upper())).hard


def test_the_recipient_who_failed_is_found_among_others() -> None:
    fine = "Final-Recipient: rfc822; a@newsroom.test\nAction: delivered\nStatus: 2.0.0"
    late = "Final-Recipient: rfc822; b@newsroom.test\nAction: delayed\nStatus: 4.0.0"
    assert bounce(report(more=(fine, late))).hard


def test_without_the_header_the_report_itself_says_who() -> None:
    found = bounce(report(quoted=f"Message-ID: {OURS}\n", original="Other@newsroom.test"))
    assert (found.recipient, found.hard) == ("Other@newsroom.test", False)
    assert bounce(report(quoted=f"Message-ID:\n {OURS}\n")).recipient == READER


def test_a_report_in_base64_is_read() -> None:
    status = base64.encodebytes(
        b"Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; %s\nAction: Failed\nStatus: 5.1.1\n" % READER.encode()
    )
    body = "--b\nContent-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n" + status.decode()
    quoted = base64.encodebytes(HEADERS.encode()).decode()
    body += f"--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{quoted}\n--b--"
    assert bounce(letter("Content-Type: multipart/report; boundary=b", body)).hard


WISH = f"unsubscribe {TOKEN}"
ENCODED = base64.b64encode(WISH.encode()).decode()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (f"Subject: {WISH}", ""),
        (f"Subject: RE: {WISH}", "anything"),
        (f"Subject: UNSUBSCRIBE   {TOKEN} ", ""),
        (f"Subject: unsubscribe\n {TOKEN}", ""),
        (f"Subject: unsubscribe%20{TOKEN}", ""),
        (f"Subject: =?utf-8?b?{ENCODED}?=", ""),
        (f"Subject: =?utf-8?q?unsubscribe=20{TOKEN[:9]}?=\n =?utf-8?q?{TOKEN[9:]}?=", ""),
        (f"Subject: Re: =?no-such-charset?q?unsubscribe?= {TOKEN}", ""),
        (f"Subject: {WISH}\nAuto-Submitted: auto-generated", ""),  # a mail program that does it for its reader
        ("Subject: stop", f"\n  {WISH}\n\n--\nSent from my telephone"),
        ("Subject: stop\nContent-Type: text/plain\nContent-Transfer-Encoding: base64", ENCODED),
        (
            "Subject: stop\nContent-Type: multipart/alternative; boundary=b",
            f"--b\nContent-Type: text/html\n\n<p>{WISH}</p>\n--b\nContent-Type: text/plain; charset=punycode\n"
            f"Content-Transfer-Encoding: quoted-printable\n\nunsubscribe =\n{TOKEN}\n--b--",
        ),
    ],
)
def test_a_wish_to_unsubscribe_is_understood(headers: str, body: str) -> None:
    assert read(letter(headers, body)) == Unsubscription(token=TOKEN)


def test_a_token_shows_in_no_log() -> None:
    assert TOKEN not in repr(Unsubscription(token=TOKEN))


@pytest.mark.parametrize(
    "raw",
    [
        letter("Subject: unsubscribe", "please"),
        letter("Subject: unsubscribe me", f"Hello\n{WISH}"),
        letter("Subject: news", f"> {WISH}"),
        letter("Subject: news", f"-----Original Message-----\n{WISH}"),
        letter("Subject: =?utf-8?b?A?= unsubscribe", ""),
        letter("Subject: stop\nContent-Transfer-Encoding: base64", "A"),
        letter(f"Subject: resubscribe-un{WISH.removeprefix('un')}", ""),
        report(quoted=f"Subject: {WISH}\n"),
    ],
)
def test_a_wish_farther_down_may_be_our_own_mail(raw: bytes) -> None:
    assert read(raw) is None


def nested(depth: int) -> bytes:
    opening = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
    return opening + report()


MANY = b"".join(b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" for _ in range(20_000))


@pytest.mark.parametrize(
    "raw",
    [
        nested(1000),
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + MANY,
        b'Content-Type: multipart/report; boundary="' + b"b" * 100_000,
        b"Content-Type: multipart/report; boundary=b\r\n\r\n" + b"--b\r\n" * 200_000,
        b"Content-Type: message/delivery-status\r\n\r\n" + b"\r\n" * 400_000,
        b"Content-Type: message/delivery-status\r\n\r\n" + b"Final-Recipient: rfc822; a@b\r\n\r\n" * 30_000,
        b"Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: " + b"a@" * 400_000,
        b"Subject: " + b"=?utf-8?q?" * 90_000,
        b"Subject: " + b"unsubscribe " * 80_000,
        b"Subject: =?unicode_escape?q?=5cq?= =?punycode?b?" + b"A" * 60_000 + b"?=\r\n\r\n",
        b"Subject: unsubscribe" + b" " * 900_000 + b"!",
        b"Subject: s\r\n" + b" \t" * 500_000,
        b"x: " + b"\r\n " * 300_000,
        b"\r\n\r\nHi. This is the " + b"<a@b>:\n" * 100_000,
        b"X-Failed-Recipients: a@b\r\n\r\n" + b"-" * 900_000,
        b"\r\n\r\n" + b"> Message-ID: <" * 60_000,
        b"A" * 1_500_000,
        b"\0" * 1_500_000,
        b"\n" * 1_500_000,
        report().replace(b"\r\n", b"\0\r\n"),
        b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=" * 1_000_000,
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=\r\n" * 300_000,
    ],
    ids=range(22),
)
def test_hostile_letters_are_nothing(raw: bytes) -> None:
    assert read(raw) is None


def test_only_the_beginning_of_a_huge_letter_is_looked_at() -> None:
    huge = report(kind="message/rfc822", quoted=HEADERS + "\n" + "x" * 50_000_000)
    assert bounce(huge).hard
    assert read(b"Content-Type: multipart/report; boundary=b\r\n\r\n" + b"x" * LONGEST + report()) is None


SAMPLES = (report(), letters.GMAIL, letters.EXIM, letters.QMAIL, letters.TEXT_ONLY, letter(f"Subject: {WISH}", ""))


@given(st.sampled_from(SAMPLES), st.data())
def test_a_damaged_letter_is_read_or_left(raw: bytes, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        start, end = sorted((data.draw(st.integers(0, len(raw))), data.draw(st.integers(0, len(raw)))))
        put = data.draw(st.sampled_from([b"", b"\xff", b"\0", b"\r\n\r\n", b"--", raw[start:end] * 2]) | st.binary())
        raw = raw[:start] + put + raw[end:]
    found = read(raw)
    assert found is None or isinstance(found, Unsubscription | Bounce)
    if isinstance(found, Bounce):
        assert found.message_id.isascii()
        assert "\n" not in found.recipient + found.reason + found.status
        f"{found}".encode()  # no half characters: the archive can keep it


@given(st.binary(max_size=2000))
def test_noise_is_nothing(raw: bytes) -> None:
    assert read(raw) is None


# --- the boxes -------------------------------------------------------------------------------------------------------


@dataclass
class Shelf:
    """A box, and the same box as others see it."""

    box: Box
    folder: Path | None = None
    server: ImapServer | None = None
    user: str = ""
    count: int = 0

    def put(self, raw: bytes, *, seen: bool = False) -> None:
        if self.server is not None:
            self.server.put(raw, user=self.user, flags="(\\Seen)" if seen else "()")
            return
        assert self.folder is not None
        self.count += 1
        name = f"1763800{self.count:03}.M1P1.host"
        path = self.folder / "cur" / f"{name}:2,RS" if seen else self.folder / "new" / name
        path.write_bytes(raw)

    def seen(self) -> list[bool]:
        if self.server is not None:
            return ["\\Seen" in flags for flags in self.server.flags(user=self.user)]
        assert self.folder is not None
        files = [*(self.folder / "new").iterdir(), *(self.folder / "cur").iterdir()]
        return ["S" in path.name.partition(":2,")[2] for path in sorted(files, key=lambda path: path.name)]


def maildir(path: Path) -> Path:
    for folder in ("new", "cur", "tmp"):
        (path / folder).mkdir(parents=True)
    return path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("imap"), "127.0.0.1")


@pytest.fixture(scope="module")
def servers(certificate: Path) -> Iterator[Callable[[str], ImapServer]]:
    """Gives the server of a kind; the one without TLS knows no PLAIN either."""
    with ExitStack() as stack:
        yield cache(lambda tls: stack.enter_context(ImapServer(certificate, tls=tls, plain=tls != "none")))


def imap(server: ImapServer, user: str, **changed: Any) -> ImapBox:
    password = PASSWORD if server.plain else ASCII_PASSWORD
    given: dict[str, Any] = {"user": user, "password": password, "tls": server.tls, "timeout": 10.0}
    return ImapBox("127.0.0.1", server.port, **given | changed)


@pytest.fixture(params=["maildir", "implicit", "starttls", "none"])
def shelf(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    certificate: Path,
    servers: Callable[[str], ImapServer],
    monkeypatch: pytest.MonkeyPatch,
) -> Shelf:
    if request.param == "maildir":
        folder = maildir(tmp_path / "returned")
        return Shelf(MaildirBox(folder), folder=folder)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    server, user = servers(request.param), request.node.name
    return Shelf(imap(server, user), server=server, user=user)


def texts(box: Box, limit: int = 100, **more: Any) -> list[bytes | None]:
    return [found.raw and found.raw.split()[-1] for found in box.unread(limit, **more)]


def test_letters_come_until_they_are_marked(shelf: Shelf) -> None:
    for word in (b"one", b"two", b"three"):
        shelf.put(b"Subject: s\r\n\r\n%b\r\n" % word)
    shelf.put(b"Subject: s\r\n\r\nread by somebody\r\n", seen=True)
    assert texts(shelf.box) == [b"one", b"two", b"three"]
    first, second, third = shelf.box.unread(3)
    shelf.box.done([first.name, third.name])
    assert shelf.seen() == [True, False, True, True]
    assert [found.name for found in shelf.box.unread(3)] == [second.name]
    shelf.box.done([first.name, second.name, "no such letter"])
    shelf.box.done([])
    assert shelf.seen() == [True] * 4
    assert shelf.box.unread(3) == []


def test_a_call_gives_no_more_than_is_asked_for(shelf: Shelf) -> None:
    for word in (b"one", b"two", b"three"):
        shelf.put(b"Subject: s\r\n\r\n%b\r\n" % word)
    assert texts(shelf.box, 2) == [b"one", b"two"]
    first = shelf.box.unread(1)[0].name
    assert texts(shelf.box, 1, but={first}) == [b"two"]
    assert shelf.seen() == [False] * 3


def test_only_the_beginning_of_a_letter_is_fetched(shelf: Shelf) -> None:
    shelf.put(b"Subject: s\r\n\r\n" + b"x" * (LONGEST + 100_000))
    assert [len(found.raw or b"") for found in shelf.box.unread(1)] == [LONGEST]


def test_an_empty_box_has_no_letters(shelf: Shelf) -> None:
    assert shelf.box.unread(10) == []


def test_a_letter_that_a_mail_program_moved_keeps_its_name(tmp_path: Path) -> None:
    folder = maildir(tmp_path / "m")
    (folder / "new" / "1.host").write_bytes(b"a: b\n\nx")
    box = MaildirBox(folder)
    (before,) = box.unread(1)
    (folder / "new" / "1.host").rename(folder / "cur" / "1.host:2,F")
    assert box.unread(1) == [before]
    box.done([before.name])
    assert [path.name for path in (folder / "cur").iterdir()] == ["1.host:2,FS"]


def test_what_is_no_letter_is_named_and_the_others_come(tmp_path: Path) -> None:
    folder = maildir(tmp_path / "m")
    (folder / "new" / "1.folder").mkdir()
    os.mkfifo(folder / "new" / "2.pipe")
    (folder / "new" / "3.gone").symlink_to(folder / "nowhere")
    (folder / "new" / "4.letter").write_bytes(b"a: b\n\nx")
    (folder / "new" / ".hidden").write_bytes(b"a: b\n\nx")
    found = MaildirBox(folder).unread(10)
    assert [letter.raw for letter in found] == [None, None, None, b"a: b\n\nx"]
    assert [("4.letter" in (letter.trouble or letter.name)) for letter in found] == [False, False, False, True]
    assert "3.gone: No such file" in (found[2].trouble or "")


def test_a_letter_that_cannot_be_marked_is_said(tmp_path: Path) -> None:
    folder = maildir(tmp_path / "m")
    (folder / "new" / "1.host").write_bytes(b"a: b\n\nx")
    (folder / "cur" / "1.host:2,S").mkdir()
    with pytest.raises(BoxError, match=r"cannot mark letters as read in the maildir .*: Is a directory"):
        MaildirBox(folder).done(["1.host"])


def test_a_folder_that_is_no_maildir_is_said(tmp_path: Path) -> None:
    with pytest.raises(BoxError, match=r"cannot read the maildir .*: No such file or directory: new"):
        MaildirBox(tmp_path / "nowhere").unread(1)


@pytest.fixture
def plain_server(servers: Callable[[str], ImapServer]) -> ImapServer:
    return servers("none")


def test_a_folder_with_any_name_is_opened(plain_server: ImapServer) -> None:
    plain_server.put(b"a: b\r\n\r\nfound", user="f", folder="Bo&AO4-te R&-D")
    assert texts(imap(plain_server, "f", folder="Boîte R&D")) == [b"found"]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"password": "wrong"}, "cannot be read: LOGIN failed"),
        ({"password": PASSWORD}, "takes no user or password with other characters than ASCII"),
        ({"folder": "Nowhere"}, "the folder Nowhere .* cannot be opened: No such mailbox"),
        ({"folder": "READONLY"}, "may only be read"),
        ({"tls": "starttls"}, "does not offer STARTTLS"),
        ({"tls": "implicit"}, "has no TLS that can be trusted|did not answer in time"),
    ],
)
def test_what_is_wrong_with_a_folder_is_said(changed: dict[str, str], sentence: str, plain_server: ImapServer) -> None:
    plain_server.put(b"a: b\r\n\r\n", user="w", folder="READONLY")
    with pytest.raises(BoxError, match=sentence) as raised:
        imap(plain_server, "w", **{"timeout": 0.5, **changed}).unread(1)
    assert ASCII_PASSWORD not in str(raised.value)


def test_a_certificate_that_nobody_vouches_for_gets_no_password(servers: Callable[[str], ImapServer]) -> None:
    for tls in ("implicit", "starttls"):
        with pytest.raises(BoxError, match="self-signed certificate"):
            imap(servers(tls), "c").unread(1)


def test_no_password_goes_over_a_network_in_the_clear() -> None:
    box = ImapBox("mail.newsroom.test", 143, user="u", password="p", tls="none")
    with pytest.raises(BoxError, match="user and password are not sent"):
        box.unread(1)


@contextmanager
def misbehaving(*said: bytes) -> Iterator[int]:
    """A server that says these lines, one to each connection's line, and then nothing, or ends where one is empty."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, connection.makefile("rwb") as stream:
                for line in said:
                    if not line:
                        return
                    stream.write(line)
                    stream.flush()
                    stream.readline()
                stream.readline()  # until the client gives up

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)
        assert not thread.is_alive(), "the client left its connection open"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ((), "did not answer in time"),
        ((b"",), "cannot be read"),
        ((b"220 an SMTP server\r\n",), "cannot be read"),
        ((b"* OK hello\r\n", b""), "cannot be read"),
        ((b"* BYE too many of you\r\n",), "too many of you"),
        ((b"* OK \xff\xfe\r\n", b"\xff nonsense\r\n"), "cannot be read"),
    ],
)
def test_a_server_that_misbehaves_is_left_in_time(said: tuple[bytes, ...], sentence: str) -> None:
    with misbehaving(*said) as port:
        box = ImapBox("127.0.0.1", port, user="u", password="p", tls="none", timeout=0.3)
        with pytest.raises(BoxError, match=sentence):
            box.unread(1)


def test_a_port_where_nobody_listens_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(BoxError, match=f"127.0.0.1:{port} cannot be read: .*Connection refused"):
        ImapBox("127.0.0.1", port, user="u", password="p", tls="none").unread(1)


# --- what is kept of it ----------------------------------------------------------------------------------------------


@dataclass
class Room:
    """An archive with two messages in its outbox, and a box."""

    archive: SQLiteArchive
    threads: Threads
    folder: Path
    put: int = 0

    def reading(self, box: Box | None = None) -> Returned:
        return Returned(
            box=box or MaildirBox(self.folder), archive=self.archive, threads=self.threads, clock=lambda: NOW
        )

    def arrive(self, raw: bytes) -> None:
        self.put += 1
        (self.folder / "new" / f"1763800{self.put:03}.host").write_bytes(raw)

    def send(self, number: int) -> None:
        """Puts a message into the outbox: its id is `<NUMBER@roxham.test>`, its token a word of that number."""
        told = Digest(
            subscription=subscription(to=(READER,)),
            reader=READER,
            slot=Slot(name=f"slot {number}", at=NOW),
            after=0,
            upto=0,
            composed_at=NOW,
            groups=(),
            more_pickups=0,
            coverage=(),
            watched=0,
        )
        message = Message(
            message_id=f"<{number}@roxham.test>",
            digest_id="morning",
            to=READER,
            slot=told.slot.name,
            subject="Morning",
            raw=b"Subject: Morning\r\n\r\n",
        )
        self.archive.commit_digest(told, message, token(number))


def token(number: int) -> str:
    return f"{number:032}"


def returned_for(number: int, **more: Any) -> bytes:
    return report(quoted=HEADERS.replace(OURS, f"<{number}@roxham.test>"), **more)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    archive = SQLiteArchive.for_writing(tmp_path / "a.db", purpose="test", now=NOW, wait=0)
    threads = Threads()
    room = Room(archive, threads, maildir(tmp_path / "m"))
    for number in (1, 2):
        room.send(number)
    yield room
    threads.close()
    archive.close()


def paused(room: Room) -> list[tuple[str | None, str, PauseReason]]:
    return [(pause.digest_id, pause.reader, pause.reason) for pause in room.archive.pauses()]


async def test_the_second_message_that_comes_back_for_good_pauses_its_reader(room: Room) -> None:
    returned = room.reading()
    room.arrive(returned_for(1))
    room.arrive(returned_for(2, status="5.2.2", words="smtp; 552 5.2.2 full"))
    assert await returned.read() == Returns(bounced=2)
    assert paused(room) == []
    room.arrive(returned_for(2))
    assert await returned.read() == Returns(bounced=1)
    assert paused(room) == [(None, READER, PauseReason.BOUNCED)]


async def test_a_reader_unsubscribes_by_mail(room: Room) -> None:
    room.arrive(letter(f"From: another-address@newsroom.test\nSubject: unsubscribe {token(1)}", ""))
    assert await room.reading().read() == Returns(unsubscribed=1)
    assert paused(room) == [("morning", READER, PauseReason.UNSUBSCRIBED)]
    assert {waiting.state for waiting in room.archive.outbox()} == {SendState.DROPPED}


async def test_what_is_nothing_to_us_is_left_alone_and_not_read_again(room: Room) -> None:
    others = (letters.ANSWER, letters.VACATION, returned_for(99), letter(f"Subject: {WISH}", ""), b"\0\xff")
    for raw in others:
        room.arrive(raw)
    returned = room.reading()
    assert await returned.read() == Returns(others=len(others))
    assert await returned.read() == Returns()
    assert paused(room) == []
    assert len(list((room.folder / "cur").glob("*:2,S"))) == len(others)


async def test_a_letter_read_twice_counts_once(room: Room, tmp_path: Path) -> None:
    room.arrive(returned_for(1))
    room.arrive(letter(f"Subject: unsubscribe {token(1)}", ""))
    shutil.copytree(room.folder, tmp_path / "as it was")
    assert await room.reading().read() == Returns(bounced=1, unsubscribed=1)
    shutil.rmtree(room.folder)
    (tmp_path / "as it was").rename(room.folder)  # killed after the archive's commit, before the mark
    assert await room.reading().read() == Returns(others=2)
    assert len(paused(room)) == 1


async def test_more_letters_than_one_batch_are_read(room: Room) -> None:
    for number in range(45):
        room.arrive(returned_for(number))
    assert await room.reading().read() == Returns(bounced=2, others=43)


async def test_a_letter_that_cannot_be_read_stops_no_other_and_is_named_once(room: Room) -> None:
    (room.folder / "new" / "0.folder").mkdir()
    room.arrive(returned_for(1))
    returned = room.reading()
    with capture_logs() as logged:
        assert await returned.read() == Returns(failed=1, bounced=1)
        assert await returned.read() == Returns()
    assert [line["letter"] for line in logged if line["event"] == "letter not read"] == ["0.folder"]


async def test_a_letter_that_was_kept_and_not_marked_is_only_marked_later(room: Room) -> None:
    room.arrive(letter(f"Subject: unsubscribe {token(1)}", ""))
    in_the_way = room.folder / "cur" / "1763800001.host:2,S"
    in_the_way.mkdir()
    returned = room.reading()
    found = await returned.read()
    assert (found.unsubscribed, "cannot mark letters" in (found.trouble or "")) == (1, True)
    room.archive.resume("morning", READER, NOW)  # the undo button
    in_the_way.rmdir()
    assert await returned.read() == Returns()
    assert paused(room) == []
    assert list((room.folder / "new").iterdir()) == []


async def test_an_archive_that_cannot_be_used_leaves_the_letters_where_they_are(room: Room) -> None:
    room.arrive(returned_for(1))
    room.archive.close()
    with pytest.raises(ArchiveError):
        await room.reading().read()
    assert len(list((room.folder / "new").iterdir())) == 1


async def test_a_defect_costs_one_letter_only(room: Room) -> None:
    moments = iter([None, NOW])

    def broken_once() -> datetime:
        if (now := next(moments)) is None:
            raise ZeroDivisionError
        return now

    room.arrive(returned_for(1))
    room.arrive(returned_for(2))
    with capture_logs() as logged:
        found = await Returned(
            box=MaildirBox(room.folder), archive=room.archive, threads=room.threads, clock=broken_once
        ).read()
    assert found == Returns(failed=1, bounced=1)
    assert [line["event"] for line in logged] == ["letter not read", "mail came back"]


async def test_an_outage_is_said_when_it_begins_and_when_it_ends(room: Room) -> None:
    room.arrive(returned_for(1))
    room.folder.rename(room.folder.with_name("away"))
    returned = room.reading()
    with capture_logs() as logged:
        for _ in range(3):
            assert "cannot read the maildir" in ((await returned.read()).trouble or "")
        room.folder.with_name("away").rename(room.folder)
        assert await returned.read() == Returns(bounced=1)
        assert await returned.read() == Returns()
    assert [(alarm.kind, "cannot read the maildir" in alarm.text) for alarm in room.archive.alarms()] == [
        (AlarmKind.RETURNS, True)
    ]
    assert [line["event"] for line in logged if "returned mail" in line["event"]] == [
        "returned mail cannot be read",
        "returned mail is read again",
    ]


async def test_a_box_that_forgets_its_marks_gives_each_letter_once_a_reading(
    room: Room, plain_server: ImapServer
) -> None:
    for _ in range(2):
        plain_server.put(returned_for(1), user="x", folder="FORGETFUL")
    returned = room.reading(imap(plain_server, "x", folder="FORGETFUL"))
    assert await asyncio.wait_for(returned.read(), 60) == Returns(bounced=1, others=1)
    assert await asyncio.wait_for(returned.read(), 60) == Returns(others=2)


async def test_returned_mail_is_read_from_an_imap_folder(room: Room, plain_server: ImapServer) -> None:
    plain_server.put(returned_for(1), user="y")
    plain_server.put(quopri.encodestring(letter(f"Subject: unsubscribe {token(2)}", "")), user="y")
    assert await room.reading(imap(plain_server, "y")).read() == Returns(bounced=1, unsubscribed=1)
    assert plain_server.flags(user="y") == ["\\Seen", "\\Seen"]
