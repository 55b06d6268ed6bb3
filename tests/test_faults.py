"""Whatever mail server, disk or neighbour do, each reader is told once: later, but not less and not twice.

Here are the faults that concern several readers, and the whole way from the archive to the mail server; what a fault is
to one message stands in test_channels.py, and unusable archives in test_bad_input.py.
"""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from monitor.archive import Filter
from monitor.archive.sqlite import SQLiteArchive
from monitor.channels.email import Email
from monitor.types import SendState
from tests.builders import subscription
from tests.desk import Desk
from tests.installation import UNMEASURED, Installation, feed, page, source, story
from tests.mailbox import Mailbox, make_certificate
from tests.site import Site

READERS = ("ann@example.test", "bob@example.test", "cleo@example.test")
DIGESTS = f"digests:\n  - {{id: morning, topics: [roxham-road], at: weekdays 07:00, to: [{', '.join(READERS)}]}}\n"
STEPS_BEFORE_THE_DOT = ("CONNECT", "HELO", "MAIL", "RCPT", "DATA")
UNSURE = {("DATA", "drop"), ("DATA", "hang"), ("DOT", "drop"), ("DOT", "hang")}
"""A short text has left with its final dot before anybody can know that it was not read to the end."""
AS_ANYBODY = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
"""What makes root heed file permissions, as everybody else does."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation that has news for three readers."""
    with Site() as site:
        names = ("a", "b")
        site.put("/feed.xml", feed(*((site.url(f"/{n}"), f"Story {n}", "Roxham Road.") for n in names)))
        for name in names:
            site.put(f"/{name}", page(f"Story {name}", story(name)))
        here = Installation(
            tmp_path_factory.mktemp("faults") / "here", [source("desk", site.url("/feed.xml"))], digests=DIGESTS
        )
        assert here.document("collect")["articles"]["new"] == 2
    return here.folder


@pytest.fixture
def here(filled: Path, tmp_path: Path) -> Installation:
    """A copy of it, with mail of its own."""
    return Installation.at(shutil.copytree(filled, tmp_path / "here"))


def via(box: Mailbox, scheme: str = "smtp", host: str = Mailbox.host) -> str:
    """The route to a mail server for ROXHAM_MAIL."""
    return f"{scheme}://{host}:{box.port}" + ("?starttls=off" if box.tls is None else "")


def told(here: Installation, box: Mailbox, *args: str, code: int = 0, route: str = "") -> dict[str, str]:
    """Delivers; returns the state of each reader's message that had its turn."""
    document = here.document("deliver", *args, code=code, ROXHAM_MAIL=route or via(box))
    return {each["to"]: each["state"] for each in document["digests"]}


def states(here: Installation) -> dict[str, str]:
    return {each["to"]: each["state"] for each in here.document("outbox")}


def assert_each_was_told_once(here: Installation, box: Mailbox, *, copies: int = 1) -> None:
    """Each reader has one message, which arrived; one of them may have come more often, as it is."""
    with closing(SQLiteArchive.for_reading(here.archive)) as archive:
        sent = {message.message.to: message for message in archive.outbox()}
        made = {reader: archive.message(message.id) for reader, message in sent.items()}
    assert {reader: message.state for reader, message in sent.items()} == dict.fromkeys(READERS, SendState.SENT)
    arrived = Counter(mail.recipients for mail in box.delivered)
    assert sorted(arrived.values()) == [1, 1, copies]
    for mail in box.delivered:
        kept = made[mail.recipients[0]]
        assert kept is not None
        assert mail.raw == kept.message.raw
        assert str(mail.message["Message-ID"]) == kept.message.message_id
        assert kept.doubts >= arrived[mail.recipients] - 1
    assert told(here, box) == {}


# --- mail servers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        *product(STEPS_BEFORE_THE_DOT, ["421 4.3.2 come back later", "450 4.2.0 busy", "drop"]),
        *product(["DOT"], ["421 4.3.2 come back later", "450 4.2.0 busy"]),
    ],
)
def test_a_server_that_fails_for_now_puts_mail_off(here: Installation, step: str, fault: str) -> None:
    with Mailbox(faults={step: fault}) as box:
        told(here, box, "--now", code=1)
        assert set(states(here).values()) <= {"waiting", *(["doubt"] if (step, fault) in UNSURE else [])}
        assert box.delivered == []
        box.faults.clear()
        assert told(here, box) == dict.fromkeys(READERS, "sent")
        assert_each_was_told_once(here, box)


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("answer", ["450 4.2.0 busy", "550 5.1.1 no such user", "drop", "421 4.3.2 no more for now"])
def test_what_befalls_the_first_reader_does_not_keep_the_others_from_their_mail(
    here: Installation, step: str, answer: str
) -> None:
    with Mailbox(faults={step: [answer, None]}) as box:
        here.roxham("deliver", "--now", ROXHAM_MAIL=via(box))  # the others may have had no turn: then nobody was told
        for _ in range(2):
            told(here, box)
        first = states(here)[READERS[0]]
        assert {reader: states(here)[reader] for reader in READERS[1:]} == dict.fromkeys(READERS[1:], "sent")
        refused = answer.startswith("550") and step != "MAIL"
        if step == "MAIL" and answer.startswith("550"):
            assert first in ("sent", "failed")
        else:
            assert first == ("failed" if refused else "sent")
        if first == "sent":
            assert_each_was_told_once(here, box, copies=2 if (step, answer) == ("DOT", "drop") else 1)


@pytest.mark.parametrize("step", ["CONNECT", "HELO", "MAIL", "RCPT"])
async def test_a_server_that_falls_silent_puts_mail_off(desk: Desk, step: str) -> None:
    with Mailbox(faults={step: "hang"}) as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none", timeout=0.2), subscription(to=READERS))
        desk.keep_story()
        assert {one.state for one in await deliver.deliver(forced=True)} <= {"waiting"}
        assert {one.state for one in desk.archive.outbox()} == {SendState.WAITING}
        assert box.delivered == []
        box.faults.clear()
        desk.now += timedelta(days=1)
        assert [one.state for one in await deliver.send()] == ["sent"] * 3
        assert sorted(mail.recipients[0] for mail in box.delivered) == sorted(READERS)


@pytest.mark.parametrize(("step", "copies"), [("DATA", 1), ("DOT", 2)])
async def test_a_server_that_falls_silent_in_the_text_leaves_one_doubt_and_the_others_are_told(
    desk: Desk, step: str, copies: int
) -> None:
    with Mailbox(faults={step: ["hang", None]}) as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none", timeout=0.2), subscription(to=READERS))
        desk.keep_story()
        await deliver.deliver(forced=True)
        desk.now += timedelta(days=1)
        await deliver.send()
        await deliver.send()
        assert {one.state for one in desk.archive.outbox()} == {SendState.SENT}
        arrived = Counter((mail.recipients[0], mail.raw) for mail in box.delivered)
        assert sorted(arrived.values()) == [1, 1, copies]
        assert sorted(one.doubts for one in desk.archive.outbox()) == [0, 0, 1]


@pytest.mark.parametrize("fault", [{"250": "drop"}, {"QUIT": "drop"}, {"QUIT": "421 4.3.2 go away"}])
def test_a_server_that_accepts_and_hangs_up_has_accepted(here: Installation, fault: dict[str, str]) -> None:
    with Mailbox(faults=fault) as box:
        assert told(here, box, "--now") == dict.fromkeys(READERS, "sent")
        assert_each_was_told_once(here, box)


@pytest.mark.parametrize(("scheme", "tls"), [("smtp", "starttls"), ("smtps", "implicit")])
def test_mail_waits_until_the_servers_certificate_is_trusted(
    here: Installation, tmp_path: Path, scheme: str, tls: str
) -> None:
    certificate = make_certificate(tmp_path, Mailbox.host)
    with Mailbox(tls=tls, certificate=certificate) as box:  # type: ignore[arg-type]
        assert set(told(here, box, "--now", code=1, route=via(box, scheme)).values()) <= {"waiting"}
        assert "no TLS that can be trusted" in here.document("outbox")[0]["error"]
        assert box.delivered == []
        done = here.document("deliver", ROXHAM_MAIL=via(box, scheme), SSL_CERT_FILE=str(certificate))
        assert [one["state"] for one in done["digests"]] == ["sent"] * 3
        assert {mail.tls for mail in box.delivered} == {True}


# --- the disk --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def need(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> int:
    """Bytes that SQLite's log of a whole delivery takes: somebody looks on, so that it is not cleared away."""
    here = Installation.at(shutil.copytree(filled, tmp_path_factory.mktemp("need") / "here"))
    with Mailbox() as box, closing(SQLiteArchive.for_reading(here.archive)) as onlooker:
        assert len(list(onlooker.articles(Filter()))) == 2
        assert told(here, box, "--now") == dict.fromkeys(READERS, "sent")
        return here.archive.with_name("roxham.db-wal").stat().st_size


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("this user may mount nothing")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def assert_says_why(done: "subprocess.CompletedProcess[str]", *words: str) -> None:
    assert (done.returncode, done.stdout) == (4, ""), done.stderr
    said = done.stderr.splitlines()[-1].partition("roxham.db: ")[2]  # the path before it names the test
    for word in words:
        assert word in said, done.stderr


def assert_goes_on(here: Installation, box: Mailbox) -> None:
    """With room again each reader is told once; what had left and could not be noted is repeated."""
    again = here.roxham("deliver", "--now", ROXHAM_MAIL=via(box))
    assert again.returncode == 0, again.stderr
    arrived = Counter(mail.recipients for mail in box.delivered)
    assert_each_was_told_once(here, box, copies=max(arrived.values()))
    assert max(arrived.values()) <= 2


SHARES = (0.2, 0.7, 0.9)
"""Of the room that a whole delivery takes: too little to compose, and ever more mails leave before it is used up."""


@pytest.mark.parametrize("share", SHARES)
def test_a_file_that_may_not_grow_is_told_and_costs_nobody_a_mail(here: Installation, need: int, share: float) -> None:
    with Mailbox() as box:
        full = (*UNMEASURED, "prlimit", f"--fsize={int(share * need)}")
        done = here.roxham("deliver", "--now", "--json", under=full, ROXHAM_MAIL=via(box))
        assert_says_why(done, "disk", "full")
        assert_goes_on(here, box)


@pytest.mark.parametrize("share", SHARES)
def test_a_full_disk_is_told_and_costs_nobody_a_mail(filled: Path, disk: Path, need: int, share: float) -> None:
    here = Installation.at(shutil.copytree(filled, disk / "here"))
    room = os.statvfs(disk)
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(room.f_bavail * room.f_frsize - int(share * need)))
    with Mailbox() as box:
        done = here.roxham("deliver", "--now", "--json", apart=True, ROXHAM_MAIL=via(box))
        assert_says_why(done, "disk", "full")
        ballast.unlink()
        assert_goes_on(here, box)


def test_a_service_whose_disk_is_full_ends_and_says_so(here: Installation) -> None:
    done = here.roxham("run", under=(*UNMEASURED, "prlimit", "--fsize=20000"))
    assert_says_why(done, "disk", "full")


def test_an_archive_that_is_read_only_sends_nothing(here: Installation) -> None:
    here.folder.parent.chmod(0o755)
    here.archive.chmod(0o444)
    with Mailbox() as box:
        done = here.roxham("deliver", "--now", "--json", under=AS_ANYBODY, ROXHAM_MAIL=via(box))
        assert_says_why(done, "cannot be written")
        assert box.connections == 0
        here.archive.chmod(0o644)
        assert told(here, box, "--now") == dict.fromkeys(READERS, "sent")
        assert_each_was_told_once(here, box)


# --- neighbours ------------------------------------------------------------------------------------------------------


def test_three_who_deliver_at_once_tell_each_reader_once(here: Installation) -> None:
    with Mailbox() as box:
        environ = {"ROXHAM_MAIL": via(box)}
        beside = [
            subprocess.Popen(here.command("deliver", "--now"), env=os.environ | environ, stdout=subprocess.DEVNULL)
            for _ in range(3)
        ]
        assert [one.wait(60) for one in beside] == [0, 0, 0]
        assert_each_was_told_once(here, box)
