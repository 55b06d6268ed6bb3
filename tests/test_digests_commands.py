"""`roxham digests`, and what `deliver`, `status` and `show` say of telling."""

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from monitor import app
from monitor.types import AlarmKind, Pause, PauseReason
from tests.installation import Installation, feed, page, source, story
from tests.mailbox import Mailbox
from tests.site import Site

DIGESTS = """\
digests:
  - id: morning
    title: {en: Border desk, fr: Pupitre frontières}
    topics: [roxham-road, stca]
    at: weekdays 07:00
    to: [ann@example.test, bob@example.test]
    language: en
  - id: alerts
    topics: [stca]
    at: at once
    to: [ann@example.test]
  - id: matin
    title: {fr: Pupitre frontières}
    topics: [roxham-road]
    at: daily 06:30
    timezone: Europe/Paris
    language: fr
    to: [cle@example.test]
    paused: true
"""
NOBODY = "nobody of morning was paused"


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Site]]:
    """An installation that has one story, and one source that never answers."""
    with Site() as site:
        site.put("/feed.xml", feed((site.url("/a"), "Sleds at the border", "")), type="application/rss+xml")
        site.put("/a", page("Sleds at the border", story("sleds")))
        here = Installation(
            tmp_path_factory.mktemp("digests") / "here", [source("desk", site.url("/feed.xml"))], digests=DIGESTS
        )
        here.document("collect")
        yield here.folder, site


@pytest.fixture
def here(collected: tuple[Path, Site], tmp_path: Path) -> Installation:
    return Installation.at(Path(shutil.copytree(collected[0], tmp_path / "here")))


def mails(here: Installation) -> list[EmailMessage]:
    """What lies in the folder of mails, oldest first."""
    files = sorted((here.folder / "var" / "outbox" / "new").glob("*"), key=lambda file: file.stat().st_mtime_ns)
    return [message_from_bytes(file.read_bytes(), _class=EmailMessage, policy=policy.default) for file in files]


def told(here: Installation, *args: str) -> list[str]:
    """Serves the morning now; returns who got a mail."""
    digests = here.document("deliver", "--now", "--digest", "morning", *args)["digests"]
    return [digest["to"].partition("@")[0] for digest in digests if digest["state"] == "sent"]


# --- list and show ---------------------------------------------------------------------------------------------------


def test_the_list_says_who_is_told_of_what_and_when(here: Installation) -> None:
    morning, alerts, matin = here.document("digests")
    assert here.document("digests", "list") == [morning, alerts, matin]
    assert (morning["id"], morning["topics"], morning["at"]) == ("morning", ["roxham-road", "stca"], "weekdays 07:00")
    assert morning["title"] == {"en": "Border desk", "fr": "Pupitre frontières"}
    assert morning["to"] == ["ann@example.test", "bob@example.test"]
    assert morning["next_slot"]["name"].endswith("T07:00")
    assert datetime.fromisoformat(morning["next_slot"]["at"]) > datetime.now(UTC)
    assert (alerts["next_slot"], alerts["paused"], matin["next_slot"], matin["paused"]) == (None, False, None, True)
    shown = here.roxham("digests")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert here.roxham("digests", "list").stdout == shown.stdout
    rows = {line.split()[0]: line for line in shown.stdout.splitlines() if line.strip()}
    assert "weekdays 07:00" in rows["morning"]
    assert morning["next_slot"]["name"].replace("T", " ") in rows["morning"]
    assert "at once" in rows["alerts"]
    assert "all, in digests.yaml" in rows["matin"]


def test_the_list_needs_no_archive(here: Installation) -> None:
    here.archive.unlink()
    assert [digest["id"] for digest in here.document("digests")] == ["morning", "alerts", "matin"]
    assert here.document("digests", "show", "morning")["readers"][0]["told_until"] is None


def test_one_digest_is_shown_with_its_slots_and_where_each_reader_stands(here: Installation) -> None:
    here.roxham("digests", "pause", "morning", "bob@example.test", "--note", "on leave")
    assert told(here) == ["ann"]
    document = here.document("digests", "show", "morning")
    assert len({slot["name"] for slot in document["next_slots"]}) == 5
    assert document["next_slots"][0] == document["next_slot"]
    assert [slot["at"] for slot in document["next_slots"]] == sorted(slot["at"] for slot in document["next_slots"])
    ann, bob = document["readers"]
    assert (ann["to"], ann["last"]["state"], ann["last"]["stories"], ann["unsent"]) == (
        "ann@example.test",
        "sent",
        1,
        0,
    )
    assert (bob["to"], bob["last"]) == ("bob@example.test", None)
    (pause,) = document["pauses"]
    assert (pause["to"], pause["reason"], pause["note"]) == ("bob@example.test", "operator", "on leave")
    shown = here.roxham("digests", "show", "morning").stdout
    for said in ("Border desk", "roxham-road, stca", "weekdays 07:00, America/Toronto", "on leave", "sent"):
        assert said in shown
    assert len(re.findall(r"\d{4}-\d\d-\d\d 07:00", shown.partition("next")[2].splitlines()[0])) == 5


def test_all_that_is_configured_of_a_digest_is_shown(here: Installation) -> None:
    here.write(
        "digests",
        """\
digests:
  - id: evening
    topics: [stca]
    at: daily 18:00
    to: [ann@example.test]
    mentions: false
    languages: [fr]
    not_on: [2026-12-23, 2026-12-28 to 2027-01-02, 12-25]
    quiet: 22:00 to 06:00
    layout: brief
    most: 20
    nothing_new: true
    repeat_alerts: true
    at_most_once: true
    note: For the night desk.
""",
    )
    document = here.document("digests", "show", "evening")
    assert (document["mentions"], document["languages"], document["layout"], document["most"]) == (
        False, ["fr"], "brief", 20,
    )  # fmt: skip
    assert (document["not_on"][:2], len(document["not_on"])) == (["2026-12-23", "2026-12-28"], 8)
    assert document["quiet"] == {"since": "22:00", "until": "06:00"}
    assert (document["nothing_new"], document["repeat_alerts"], document["at_most_once"]) == (True, True, True)
    shown = here.roxham("digests", "show", "evening").stdout
    for said in (
        "no mentions; fr",
        "from 22:00 to 06:00",
        "2026-12-23, 2026-12-28 to 2027-01-02, every 12-25",
        "brief, at most 20 stories",
        "sent also where nothing is new",
        "tells again what was told at once",
        "is not sent again",
        "For the night desk.",
    ):
        assert said in shown


@pytest.mark.parametrize("command", ["show", "preview", "pause", "resume"])
def test_a_digest_or_a_reader_that_is_not_configured_gets_a_hint(here: Installation, command: str) -> None:
    done = here.roxham("digests", command, "mornin")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "no digest 'mornin' in digests.yaml; did you mean 'morning'?\n"
    if command != "show":
        option = ["--reader"] if command == "preview" else []
        done = here.roxham("digests", command, "morning", *option, "anne@example.test")
        assert (done.returncode, done.stdout) == (2, "")
        assert "did you mean 'ann@example.test'?" in done.stderr


# --- preview ---------------------------------------------------------------------------------------------------------


def test_a_preview_shows_the_mail_and_uses_up_nothing(here: Installation, tmp_path: Path) -> None:
    before = here.archive.read_bytes()
    done = here.roxham("digests", "preview", "morning", "--html", str(tmp_path / "mail.html"))
    assert (done.returncode, done.stderr) == (0, f"wrote {tmp_path / 'mail.html'}\n")
    assert done.stdout.startswith("To: ann@example.test\nSubject: Border desk: 1 story")
    assert "Sleds at the border" in done.stdout
    html = (tmp_path / "mail.html").read_text("utf-8")
    assert html.lower().startswith("<!doctype html>")
    assert "Sleds at the border" in html
    alone = here.roxham("digests", "preview", "morning", "--reader", "bob@example.test", "--html", "-")
    assert (alone.returncode, alone.stderr) == (0, "")
    assert alone.stdout.lower().startswith("<!doctype html>")
    document = here.document("digests", "preview", "morning", "--reader", "bob@example.test")
    assert document["receipt"] is None
    assert here.archive.read_bytes() == before
    assert (here.document("outbox"), mails(here)) == ([], [])
    assert told(here) == ["ann", "bob"]


def test_a_preview_may_be_of_another_time(here: Installation) -> None:
    told(here)
    assert "nothing is new: no mail would go out" in here.roxham("digests", "preview", "morning").stderr
    past = here.roxham("digests", "preview", "morning", "--at", "2020-01-06T07:00")
    assert (past.returncode, "Sleds" in past.stdout) == (0, False)
    assert "As of: 2020-01-06 07:00 America/Toronto" in past.stdout
    tomorrow = here.roxham("digests", "preview", "matin", "--at", "2099-01-05 06:30")
    assert tomorrow.returncode == 0
    assert "As of: 2099-01-05 06:30 Europe/Paris" in tomorrow.stdout
    assert "Sleds at the border" in tomorrow.stdout
    done = here.roxham("digests", "preview", "morning", "--at", "tomorrow")
    assert (done.returncode, done.stdout, "--at" in done.stderr) == (2, "", True)


def test_a_channel_that_takes_no_mail_is_previewed_as_one(here: Installation) -> None:
    monitor = here.config / "monitor.yaml"
    channels = "channels: {newsroom: {via: webhook, url: 'https://hooks.example.test/x'}}\n"
    monitor.write_text(f"{monitor.read_text('utf-8')}{channels}", "utf-8")
    here.write("digests", DIGESTS.replace("bob@example.test", "newsroom"))
    shown = here.roxham("digests", "preview", "morning", "--reader", "newsroom")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("To: newsroom\nSubject: Border desk: 1 story")
    document = here.document("digests", "preview", "morning", "--reader", "newsroom")
    assert document["to"] == "newsroom"
    assert [told["headline"] for told in document["stories"]] == ["Sleds at the border"]


def test_a_test_goes_to_oneself_and_tells_nobody(here: Installation) -> None:
    done = here.roxham("digests", "preview", "morning", "--to", "me@example.test")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("sent to me@example.test by maildir")
    document = here.document("digests", "preview", "matin", "--to", "me@example.test")
    assert document["receipt"]["channel"] == "maildir"
    english, french = mails(here)
    assert (english["To"], french["To"]) == ("me@example.test", "me@example.test")
    assert english["Subject"].startswith("[Test] Border desk")
    assert french["Subject"].startswith("[Essai] Pupitre")
    assert english["List-Unsubscribe"] is None  # nobody is subscribed by it
    assert here.document("outbox") == []
    assert told(here) == ["ann", "bob"]


def test_a_test_that_does_not_leave_is_told(here: Installation) -> None:
    with Mailbox(faults={"RCPT": "550 5.1.1 no such user"}) as box:
        done = here.roxham(
            "digests", "preview", "morning", "--to", "me@example.test",
            ROXHAM_MAIL=f"smtp://127.0.0.1:{box.port}?starttls=off",
        )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert "550 5.1.1 no such user" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "args", [("--to", "me"), ("--to", "me@example.test\nBcc: x@example.test"), ("--json", "--html", "-"),
             ("--html", "/nowhere/at/all.html")],
)  # fmt: skip
def test_a_preview_that_cannot_go_where_it_should_is_wrong_usage(here: Installation, args: tuple[str, ...]) -> None:
    done = here.roxham("digests", "preview", "morning", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr
    assert mails(here) == []


# --- pause and resume ------------------------------------------------------------------------------------------------


def test_a_paused_reader_is_told_afterwards_what_came(here: Installation) -> None:
    done = here.roxham("digests", "pause", "morning", "ann@example.test")
    assert (done.returncode, done.stderr) == (0, "")
    assert "morning: paused for ann@example.test" in done.stdout
    assert told(here) == ["bob"]
    assert "(operator)" in here.roxham("digests").stdout
    again = here.document("digests", "pause", "morning")
    assert again == {"digest": "morning", "paused": ["bob@example.test"], "before": ["ann@example.test"]}
    assert told(here) == []
    done = here.roxham("digests", "resume", "morning", "ann@example.test")
    assert (done.returncode, done.stderr) == (0, "")
    assert "the next digest tells what came meanwhile" in done.stdout
    assert here.document("digests", "resume", "morning") == {
        "digest": "morning", "resumed": ["bob@example.test"], "unsubscribed": [],
    }  # fmt: skip
    assert told(here) == ["ann"]
    nobody = here.roxham("digests", "resume", "morning")
    assert (nobody.returncode, nobody.stdout, nobody.stderr) == (
        1,
        "",
        f"morning: {NOBODY.replace(' of morning', '')}\n",
    )


def test_who_is_resumed_from_now_is_not_told_what_came(here: Installation) -> None:
    here.document("digests", "pause", "morning", "ann@example.test")
    done = here.roxham("digests", "resume", "morning", "ann@example.test", "--from-now")
    assert (done.returncode, "what came meanwhile is not told" in done.stdout) == (0, True)
    assert told(here) == ["bob"]


def test_who_unsubscribed_is_resumed_by_name_only(here: Installation) -> None:
    wish = Pause(digest_id="morning", reader="ann@example.test", reason=PauseReason.UNSUBSCRIBED, at=datetime.now(UTC))
    with app.writing(app.configuration(here.config), purpose="test") as archive:
        assert archive.pause(wish)
    here.document("digests", "pause", "morning", "bob@example.test")
    done = here.roxham("digests", "resume", "morning")
    assert (done.returncode, "bob@example.test told again" in done.stdout) == (0, True)
    assert "`roxham digests resume morning ann@example.test`" in done.stderr
    assert told(here) == ["bob"]
    assert here.document("digests", "resume", "morning", "ann@example.test")["resumed"] == ["ann@example.test"]
    assert told(here) == ["ann"]


def test_whose_mails_came_back_is_resumed_in_every_digest(here: Installation) -> None:
    returned = Pause(
        digest_id=None, reader="ann@example.test", reason=PauseReason.BOUNCED, at=datetime.now(UTC), note="5.1.1 gone"
    )
    wish = Pause(digest_id="alerts", reader="ann@example.test", reason=PauseReason.UNSUBSCRIBED, at=datetime.now(UTC))
    with app.writing(app.configuration(here.config), purpose="test") as archive:
        assert archive.pause(wish)
        archive.pause(returned)
    assert "bounced in every digest" in here.roxham("digests", "show", "morning").stdout
    assert told(here) == ["bob"]
    assert here.document("digests", "resume", "morning")["resumed"] == ["ann@example.test"]
    assert told(here) == ["ann"]
    assert [pause["digest"] for pause in here.document("status")["paused"]] == ["alerts"]  # the reader's own wish


def test_the_word_of_digests_yaml_stands_above_a_resumption(here: Installation) -> None:
    here.document("digests", "pause", "matin")
    done = here.roxham("digests", "resume", "matin")
    assert done.returncode == 0
    assert "matin stays paused: digests.yaml says `paused: true`" in done.stderr


# --- deliver, status, show -------------------------------------------------------------------------------------------


def test_deliver_may_demand_that_everything_was_watched(here: Installation, collected: tuple[Path, Site]) -> None:
    def deliver(*args: str) -> Any:
        return here.roxham("deliver", "--require-complete", *args)

    assert (deliver().returncode, deliver("--dry-run").returncode) == (0, 0)
    site = collected[1]
    here.watch(source("desk", site.url("/feed.xml")), source("gone", site.url("/gone.xml")))
    for args in ((), ("--dry-run", "--now"), ("--now", "--digest", "morning"), ("--now",)):
        done = deliver(*args)
        assert done.returncode == 3
        assert "news may be missing of gone: never read yet" in done.stderr
        assert "desk:" not in done.stderr
    assert len(mails(here)) >= 2  # they go out all the same, and say it themselves
    assert here.roxham("deliver", "--now").returncode == 0


def test_status_names_what_needs_a_hand_until_somebody_has_seen_it(here: Installation) -> None:
    status = here.document("status")
    assert (status["alarms"], status["paused"], status["outbox_held"]) == ([], [], None)
    with app.writing(app.configuration(here.config), purpose="test") as archive:
        archive.alarm(AlarmKind.FAILED, "message 7 was refused for good", datetime.now(UTC))
    here.document("digests", "pause", "morning", "ann@example.test", "--note", "on leave")
    (alarm,) = here.document("status")["alarms"]
    assert (alarm["kind"], alarm["text"]) == ("failed", "message 7 was refused for good")
    shown = here.roxham("status").stdout
    assert "message 7 was refused for good" in shown
    assert "`roxham status --seen` marks these as seen" in shown
    assert "ann@example.test in morning: operator, on leave" in shown
    seen = here.roxham("status", "--seen").stdout
    assert ("message 7 was refused" in seen, "--seen" in seen) == (True, False)
    assert here.document("status")["alarms"] == []
    assert "message 7" not in here.roxham("status").stdout


def test_an_article_says_to_whom_it_was_told(here: Installation) -> None:
    (article,) = here.export()
    number = str(article["id"])
    assert here.document("show", number)["told"] == []
    told(here)
    document = here.document("show", number)["told"]
    assert [(telling["digest"], telling["to"]) for telling in document] == [
        ("morning", "ann@example.test"), ("morning", "bob@example.test"),
    ]  # fmt: skip
    shown = here.roxham("show", number).stdout
    assert re.search(r"^ +told  ann@example\.test in morning, \d{4}-", shown, re.MULTILINE)
    assert json.loads(here.roxham("add", article["url"], "--json").stdout)["told"] == document
