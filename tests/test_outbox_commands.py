"""`roxham outbox`, `backup` and `restore`: what was sent and what waits, and an operator's last word on it."""

import json
import os
import pty
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]

from monitor import app
from tests.installation import Installation, feed, page, source, story
from tests.mailbox import Mailbox
from tests.site import Site, free_port

BESIDE = pytest.mark.skipif(
    sqlite3.sqlite_version_info < (3, 51, 3), reason="two connections that write need SQLite 3.51.3"
)
NAMES = ("one", "two", "three", "four")
DIGESTS = "digests:\n" + "".join(
    f"  - {{id: {name}, topics: [roxham-road], at: weekdays 07:00, to: [{name}@example.test]}}\n" for name in NAMES
)


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an installation that has one story, and four digests for a reader each."""
    with Site() as site:
        site.put("/feed.xml", feed((site.url("/a"), "Sleds at the border", "")), type="application/rss+xml")
        site.put("/a", page("Sleds at the border", story("sleds")))
        here = Installation(
            tmp_path_factory.mktemp("outbox") / "here", [source("desk", site.url("/feed.xml"))], digests=DIGESTS
        )
        here.document("collect")
        return here.folder


class Desk:
    """An installation and the mail server that it sends by."""

    def __init__(self, here: Installation, box: Mailbox) -> None:
        self.here, self.box = here, box
        self.mail = f"smtp://127.0.0.1:{box.port}?starttls=off"

    def run(self, *args: str, **more: Any) -> Any:
        return self.here.roxham(*args, ROXHAM_MAIL=self.mail, **more)

    def document(self, *args: str, **more: Any) -> Any:
        return self.here.document(*args, ROXHAM_MAIL=self.mail, **more)

    def deliver(self, digest: str, **faults: str) -> str:
        """Makes a digest's message and tries to send it; returns its state then."""
        self.box.faults = {step.upper(): fault for step, fault in faults.items()}
        done = self.run("deliver", "--now", "--digest", digest, "--json")
        self.box.faults = {}
        (told,) = json.loads(done.stdout)["digests"]
        return str(told["state"])

    def held(self, digest: str) -> None:
        """Leaves a digest's message in doubt: twice its server took it and did not say so."""
        assert self.deliver(digest, dot="drop") == "doubt"
        self.box.faults = {"DOT": "drop"}
        self.run("deliver", "--digest", digest)
        self.box.faults = {}

    def messages(self, *options: str) -> dict[str, Any]:
        """The outbox, by digest."""
        return {message["digest"]: message for message in self.document("outbox", *options)}

    def arrived(self) -> list[str]:
        """To whom messages came, in order."""
        return [mail.recipients[0].partition("@")[0] for mail in self.box.delivered]


@pytest.fixture
def desk(collected: Path, tmp_path: Path) -> Iterator[Desk]:
    with Mailbox() as box:
        yield Desk(Installation.at(Path(shutil.copytree(collected, tmp_path / "here"))), box)


# --- looking ---------------------------------------------------------------------------------------------------------


def test_the_list_says_of_each_message_where_it_stands(desk: Desk) -> None:
    assert desk.document("outbox") == []
    assert desk.deliver("one") == "sent"
    assert desk.deliver("two", rcpt="550 5.1.1 no such user") == "failed"
    assert desk.deliver("three", rcpt="451 4.7.1 come back later") == "waiting"
    messages = desk.messages()
    assert list(messages) == ["one", "two", "three"]
    assert [messages[name]["id"] for name in messages] == [1, 2, 3]
    assert [messages[name]["attempts"] for name in messages] == [1, 1, 1]
    assert messages["one"]["receipt"]["channel"] == "email"
    assert "550 5.1.1 no such user" in messages["two"]["error"]
    assert messages["three"]["next_try_at"] > messages["three"]["created_at"]
    assert list(desk.messages("--unsent")) == list(desk.messages("list", "--unsent")) == ["two", "three"]
    shown = desk.run("outbox").stdout
    assert desk.run("outbox", "list").stdout == shown
    columns, _, *rows = (line for line in shown.splitlines() if line.strip())
    assert columns.split()[:8] == ["id", "digest", "to", "slot", "stories", "state", "attempts", "next"]
    assert [row.split()[:3] for row in rows if row.split()[0].isdigit()] == [
        ["1", "one", "one@example.test"], ["2", "two", "two@example.test"], ["3", "three", "three@example.test"],
    ]  # fmt: skip
    assert "550 5.1.1" in shown


def test_status_says_how_many_messages_failed_and_how_many_only_wait(desk: Desk) -> None:
    assert "0 messages without a receipt\n" in desk.run("status").stdout
    desk.deliver("one", rcpt="550 5.1.1 no such user")
    desk.deliver("two", rcpt="451 4.7.1 come back later")
    desk.held("three")
    status = desk.document("status")
    assert (status["unsent"], status["unsent_states"]) == (3, {"doubt": 1, "failed": 1, "waiting": 1})
    shown = desk.run("status").stdout
    assert "3 messages without a receipt: 1 failed, 1 held, 1 waiting; see `roxham outbox --unsent`" in shown


def test_options_of_the_list_are_not_taken_for_those_of_a_command(desk: Desk) -> None:
    done = desk.run("outbox", "--json", "show", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "--json before show is about the list of messages; options of show stand behind it\n"


def test_a_message_is_shown_as_its_reader_sees_it_and_with_its_history(desk: Desk) -> None:
    desk.deliver("one", rcpt="451 4.7.1 come back later")
    waiting = desk.run("outbox", "show", "1").stdout
    assert "451 4.7.1 come back later" in waiting
    assert "next try" in waiting
    desk.run("deliver")
    (mail,) = desk.box.delivered
    shown = desk.run("outbox", "show", "1").stdout
    for name in ("From", "To", "Subject", "Date", "Message-ID"):
        assert f"{name}  {mail.message[name]}" in shown
    assert ("attempts  2" in shown, "receipt" in shown, "next try" in shown) == (True, True, False)
    assert "Sleds at the border" in shown
    assert "=20" not in shown  # as a person reads it, not as it is sent
    text = desk.run("outbox", "show", "1", "--text").stdout
    assert text.rstrip() == shown[shown.index("\n\n") :].strip()
    assert desk.run("outbox", "show", "1", "--html").stdout.lower().startswith("<!doctype html>")
    raw = desk.run("outbox", "show", "1", "--raw").stdout
    assert raw.replace("\r\n", "\n").strip() == mail.raw.decode().replace("\r\n", "\n").strip()
    document = desk.document("outbox", "show", "1")
    assert (document["state"], document["format"], document["text"].strip()) == ("sent", "mail", text.strip())
    assert document["headers"]["Message-ID"] == document["message_id"] == mail.message["Message-ID"]
    assert document["raw"].replace("\r\n", "\n").strip() == raw.replace("\r\n", "\n").strip()


def test_the_bytes_are_those_that_were_sent(desk: Desk) -> None:
    desk.deliver("one")
    with app.reading(app.configuration(desk.here.config)) as archive:
        message = archive.message(1)
    assert message is not None
    done = desk.run("outbox", "show", "1", "--raw")
    assert done.stdout.encode().replace(b"\r\n", b"\n") == message.message.raw.replace(b"\r\n", b"\n")


def test_what_is_no_mail_is_shown_as_it_is(desk: Desk) -> None:
    monitor = desk.here.config / "monitor.yaml"
    url = f"http://127.0.0.1:{free_port()}/hook"
    channels = f"channels: {{newsroom: {{via: webhook, url: '{url}'}}}}\n"
    monitor.write_text(f"{monitor.read_text('utf-8')}{channels}", "utf-8")
    desk.here.write("digests", DIGESTS.replace("one@example.test", "newsroom"))
    assert desk.deliver("one") == "waiting"
    shown = desk.run("outbox", "show", "1").stdout
    assert "To  newsroom" in shown
    assert json.loads(desk.run("outbox", "show", "1", "--text").stdout)["digest"] == "one"
    document = desk.document("outbox", "show", "1")
    assert (document["format"], document["headers"]) == ("json", {})
    html = desk.run("outbox", "show", "1", "--html")
    assert (html.returncode, html.stdout, html.stderr) == (1, "", "message 1 has no HTML\n")


def test_of_a_message_whose_text_was_erased_the_history_is_shown(desk: Desk) -> None:
    desk.deliver("one")
    with app.writing(app.configuration(desk.here.config), purpose="test") as archive:
        assert archive.erase_mails(datetime.now(UTC) + timedelta(days=1)) == 1
    shown = desk.run("outbox", "show", "1")
    assert (shown.returncode, "its text was erased" in shown.stdout, "one@example.test" in shown.stdout) == (
        0,
        True,
        True,
    )
    assert desk.document("outbox", "show", "1")["raw"] is None
    for option in ("--raw", "--text", "--html"):
        done = desk.run("outbox", "show", "1", option)
        assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("show", "9"), 1, "no message 9 in the outbox\n"),
        (("retry", "9"), 1, "no message 9 in the outbox\n"),
        (("drop", "9", "1", "8"), 1, "no message 9 in the outbox\nno message 8 in the outbox\n"),
        (("show", "1", "--raw", "--html"), 2, "--raw, --text, --html and --json exclude each other\n"),
        (("retry",), 2, "name messages by their numbers, or --failed, --held or both\n"),
        (("retry", "1", "--failed"), 2, "name messages by their numbers, or --failed, --held or both\n"),
        (("release",), 1, "the outbox is not held\n"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_done(
    desk: Desk, args: tuple[str, ...], code: int, said: str
) -> None:
    desk.deliver("one", rcpt="451 4.7.1 come back later")
    before = desk.messages()
    done = desk.run("outbox", *args)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", said)
    assert desk.messages() == before


# --- retry and drop --------------------------------------------------------------------------------------------------


def test_what_failed_is_sent_once_more_under_its_own_name(desk: Desk) -> None:
    desk.deliver("one", rcpt="550 5.1.1 no such user")
    failed = desk.messages()["one"]
    (again,) = desk.document("outbox", "retry", "1")
    assert (again["state"], again["message_id"]) == ("waiting", failed["message_id"])
    desk.run("deliver")
    assert desk.arrived() == ["one"]
    assert desk.box.delivered[0].message["Message-ID"] == failed["message_id"]
    assert desk.messages()["one"]["state"] == "sent"


def test_all_that_failed_or_is_held_is_retried_at_once(desk: Desk) -> None:
    desk.deliver("one")
    desk.deliver("two", rcpt="550 5.1.1 no such user")
    desk.held("three")
    assert desk.arrived() == ["one", "three", "three"]
    held = desk.messages()["three"]
    assert (held["state"], held["next_try_at"], held["doubts"]) == ("doubt", None, 2)
    assert "doubt, held" in desk.run("outbox").stdout
    desk.run("deliver")
    assert desk.arrived() == ["one", "three", "three"]
    done = desk.run("outbox", "retry", "--failed")
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 message due again: 2\n", "")
    assert [message["id"] for message in desk.document("outbox", "retry", "--failed", "--held")] == [3]
    desk.run("deliver")
    assert sorted(desk.arrived()) == ["one", "three", "three", "three", "two"]
    assert desk.run("outbox", "retry", "--failed", "--held").stdout == "0 messages due again\n"


def test_what_a_reader_has_is_sent_a_second_time_only_when_that_is_said(desk: Desk) -> None:
    desk.deliver("one")
    desk.deliver("two", rcpt="550 5.1.1 no such user")
    done = desk.run("outbox", "retry", "2", "1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "message 1 was sent " in done.stderr
    assert done.stderr.endswith("; --again sends it all the same\n")
    assert desk.messages()["two"]["state"] == "failed"  # nothing is done of the others either
    assert len(desk.document("outbox", "retry", "1", "--again")) == 1
    desk.run("deliver")
    assert desk.arrived() == ["one", "one"]
    assert len({mail.message["Message-ID"] for mail in desk.box.delivered}) == 1
    desk.document("outbox", "retry", "1", "--again")
    assert [message["state"] for message in desk.document("outbox", "drop", "1")] == ["sent"]  # only the second copy
    desk.run("deliver")
    assert desk.arrived() == ["one", "one"]


def test_what_is_retried_for_a_paused_reader_is_said_to_wait(desk: Desk) -> None:
    desk.deliver("one", rcpt="550 5.1.1 no such user")
    desk.run("digests", "pause", "one")
    done = desk.run("outbox", "retry", "--failed")
    assert (done.returncode, done.stdout) == (0, "1 message due again: 1\n")
    assert done.stderr == "one@example.test is paused: `roxham digests resume one one@example.test` sends it\n"
    desk.run("deliver")
    assert desk.arrived() == []
    desk.run("digests", "resume", "one")
    desk.run("deliver")
    assert desk.arrived() == ["one"]


def test_a_dropped_message_is_never_sent_and_its_receipt_says_why(desk: Desk) -> None:
    desk.deliver("one", rcpt="451 4.7.1 come back later")
    desk.deliver("two", rcpt="451 4.7.1 come back later")
    done = desk.run("outbox", "drop", "1", "--reason", "told by telephone")
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 message dropped: 1\n", "")
    dropped = desk.messages()["one"]
    assert (dropped["state"], dropped["receipt"]["answer"]) == ("dropped", "told by telephone")
    assert list(desk.messages("--unsent")) == ["two"]
    desk.run("deliver")
    assert desk.arrived() == ["two"]
    for number, state in (("1", "dropped"), ("2", "sent")):
        done = desk.run("outbox", "drop", number)
        assert (done.returncode, done.stdout) == (1, "")
        assert f"message {number} was {state} " in done.stderr
    done = desk.run("outbox", "retry", "1")
    assert (done.returncode, "(told by telephone); --again" in done.stderr) == (1, True)
    desk.run("outbox", "retry", "1", "--again")
    desk.run("deliver")
    assert desk.arrived() == ["two", "one"]


@BESIDE
def test_an_operator_settles_messages_while_the_service_holds_the_archive(desk: Desk) -> None:
    desk.deliver("one", rcpt="550 5.1.1 no such user")
    desk.deliver("two", rcpt="550 5.1.1 no such user")
    with app.writing(app.configuration(desk.here.config), purpose="run") as archive:
        assert [m["state"] for m in desk.document("outbox", "retry", "1", apart=True)] == ["waiting"]
        assert [m["state"] for m in desk.document("outbox", "drop", "2", apart=True)] == ["dropped"]
        assert archive.due_messages(datetime.now(UTC)) == [1]


# --- backup and restore ----------------------------------------------------------------------------------------------


def put_back(desk: Desk, tmp_path: Path) -> Path:
    """An older copy in the archive's place: `one` was sent before it was made, `two` after."""
    copy = tmp_path / "copy.db"
    desk.deliver("one")
    desk.deliver("three", rcpt="451 4.7.1 come back later")
    desk.run("backup", str(copy))
    desk.deliver("two")
    done = desk.run("restore", str(copy), "--yes")
    assert done.returncode == 0, done.stderr
    return copy


def test_a_copy_that_was_put_back_sends_nothing_before_somebody_says_so(desk: Desk, tmp_path: Path) -> None:
    put_back(desk, tmp_path)
    assert list(desk.messages()) == ["one", "three"]
    arrived = desk.arrived()
    for _ in range(2):
        done = desk.run("deliver", "--now", "--digest", "two")
        assert (done.returncode, "the outbox is held" in done.stderr) == (1, True)
    assert desk.run("deliver").stdout == "nothing was sent; what is due was made, and waits\n"
    assert desk.arrived() == arrived == ["one", "two"]
    status = desk.document("status")
    assert status["outbox_held"]["last_sent"] > status["outbox_held"]["last_here"] - 2
    assert "the outbox is held" in desk.run("status").stdout
    assert "the outbox is held" in desk.run("outbox").stderr
    asked = desk.run("outbox", "release")
    assert asked.returncode == 2
    assert "does not know of the last" in asked.stdout
    assert "--yes" in asked.stderr
    assert desk.document("status")["outbox_held"] is not None
    desk.run("outbox", "drop", "2")
    done = desk.run("outbox", "release", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("the outbox is released")
    assert desk.document("status")["outbox_held"] is None
    assert desk.run("deliver").returncode == 0
    assert desk.arrived() == ["one", "two", "two"]  # once more, as was said


def test_restore_says_what_lies_where_and_what_to_do_next(desk: Desk, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    desk.deliver("one")
    desk.run("backup", str(copy))
    desk.deliver("two")
    asked = desk.run("restore", str(copy))
    assert (asked.returncode, "--yes" in asked.stderr) == (2, True)
    assert list(desk.messages()) == ["one", "two"]
    done = desk.run("restore", str(copy), "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert str(desk.here.archive) in done.stdout
    for command in ("roxham outbox", "roxham outbox drop", "roxham outbox release"):
        assert f"`{command}" in done.stdout
    (before,) = (file for file in desk.here.archive.parent.glob("roxham.db*") if file.name in done.stdout
                 and file != desk.here.archive and file.suffix not in {".lock", ".outbox"})  # fmt: skip
    assert before.stat().st_size > 0
    assert list(desk.messages()) == ["one"]
    assert copy.exists()


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("", 1), ("y", 0)])
def test_on_a_terminal_an_operator_is_asked(desk: Desk, tmp_path: Path, answer: str, code: int) -> None:
    copy = tmp_path / "copy.db"
    desk.deliver("one")
    desk.run("backup", str(copy))
    desk.deliver("two")
    keyboard, terminal = pty.openpty()
    try:
        os.write(keyboard, f"{answer}\n".encode())
        done = subprocess.run(
            desk.here.command("restore", str(copy)), cwd=desk.here.folder, stdin=terminal, capture_output=True,
            encoding="utf-8", timeout=60, check=False,
        )  # fmt: skip
    finally:
        os.close(terminal)
        os.close(keyboard)
    assert done.returncode == code
    assert f"Put {copy} in place of {desk.here.archive}?" in done.stderr
    assert list(desk.messages()) == (["one", "two"] if code else ["one"])


def test_what_is_no_archive_is_not_put_in_the_place_of_one(desk: Desk, tmp_path: Path) -> None:
    desk.deliver("one")
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear desk, " * 500)
    for file in (letter, tmp_path / "nothing.db", tmp_path):
        done = desk.run("restore", str(file), "--yes")
        assert (done.returncode, done.stdout) == (4, ""), file
        assert str(file) in done.stderr
    assert list(desk.messages()) == ["one"]
    assert desk.deliver("two") == "sent"


def test_nothing_is_put_back_beside_a_service(desk: Desk, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    desk.deliver("one")
    desk.run("backup", str(copy))
    desk.deliver("two")
    with app.writing(app.configuration(desk.here.config), purpose="run"):
        done = desk.run("restore", str(copy), "--yes", apart=True)
    assert (done.returncode, done.stdout) == (4, "")
    assert "held by `roxham run`" in done.stderr
    assert list(desk.messages()) == ["one", "two"]


def test_an_archive_that_was_lost_comes_back_without_a_question(desk: Desk, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    desk.deliver("one")
    desk.run("backup", str(copy))
    for file in desk.here.archive.parent.glob("roxham.db*"):
        file.unlink()
    done = desk.run("restore", str(copy))
    assert (done.returncode, done.stderr) == (0, "")
    assert list(desk.messages()) == ["one"]
