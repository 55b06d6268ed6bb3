"""Who was told something that is no longer so is told what changed, and nobody else is: from archive to mailbox."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor.channels.email import Email
from monitor.channels.maildir import Maildir
from monitor.pipeline import Deliver
from monitor.types import Article, Credit, Kill, Notice, Pause, PauseReason, Schedule, SendState
from tests.builders import article, match, subscription
from tests.desk import Desk, mails, plain, subject
from tests.mailbox import Mailbox

WIRE = Credit(agency="The Canadian Press")
TEXT = """OTTAWA — Police stopped 312 people at the closed crossing on Roxham Road in October, the RCMP said Tuesday.

The number is the lowest since the agreement was widened in March 2023, Sgt. Marie Tremblay told reporters in Montreal.

She said officers still walk the ditch between Hemmingford and Champlain, New York, every night of the week.

The federal government paid 28 million dollars for the processing centre, which was taken down in the autumn."""
HEADLINE = "Police stop 312 at Roxham Road"
CORRECTED = TEXT.replace("312 people", "321 people")


def story(paper: str = "Desk", text: str = TEXT, title: str = HEADLINE, **changed: Any) -> Article:
    url = f"http://{paper.lower()}.test/crossing"
    return article(url, **{"publisher": paper, "text": text, "title": title, "credit": WIRE} | changed)


def killed() -> Article:
    credit = Credit(agency=WIRE.agency, notice=Notice.KILL, kill=Kill(headline=HEADLINE, moved_on="2026-11-22"))
    text = f"Editors: The story headlined {HEADLINE}, which moved Nov. 22, is withdrawn. Do not use it."
    found = article("http://cp.test/kill", text=text, title="KILL: Roxham Road", credit=credit)
    return replace(found, publisher="The Canadian Press")


async def told(deliver: Deliver, *only: str) -> dict[str, tuple[int, str]]:
    """What became of every reader's digest on demand: stories and state."""
    return {d.reader: (d.stories, d.state) for d in await deliver.deliver(only or None, forced=True)}


def addressed(raws: list[bytes], reader: str) -> list[str]:
    return [plain(raw) for raw in raws if f"To: {reader}".encode() in raw]


ONCE = {"reader@example.test": (1, "sent")}
NOTHING = {"reader@example.test": (0, "nothing new")}


async def test_exactly_those_who_were_told_the_earlier_version_are_told_what_changed(
    desk: Desk, tmp_path: Path
) -> None:
    early, late = subscription("early", to=("early@e.test",)), subscription("late", to=("late@e.test",))
    deliver = desk.deliver(Maildir(tmp_path / "box"), early, late)
    await deliver.register()
    desk.keep(story(), match())
    await deliver.deliver(["early"], forced=True)
    desk.now += timedelta(hours=1)
    desk.keep(story(text=CORRECTED), match())
    assert await told(deliver) == {"early@e.test": (1, "sent"), "late@e.test": (1, "sent")}
    *_, early_said = sorted(addressed(mails(tmp_path), "early@e.test"), key=lambda said: "321" in said)
    (late_said,) = addressed(mails(tmp_path), "late@e.test")
    assert "312 people → 321 people" in early_said
    assert "correction" not in late_said
    desk.now += timedelta(hours=1)
    assert await told(deliver) == {"early@e.test": (0, "nothing new"), "late@e.test": (0, "nothing new")}


async def test_a_correction_that_other_outlets_carry_is_told_to_who_knows_the_story_and_once(
    desk: Desk, tmp_path: Path
) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"))
    await deliver.register()
    desk.keep(story(), match())
    await told(deliver)
    corrected = f"{CORRECTED}\n\nThis is a corrected story. A previous version said 312 people."
    note = Credit(agency=WIRE.agency, notice=Notice.CORRECTIVE, correction="A previous version said 312 people.")
    for paper in ("Gazette", "Herald"):
        desk.now += timedelta(hours=1)
        desk.keep(story(paper, corrected, credit=note), match())
    assert await told(deliver) == ONCE
    (mail,) = (raw for raw in mails(tmp_path) if b"Gazette" in raw)
    assert "312 people → 321 people" in plain(mail)
    desk.now += timedelta(hours=1)
    desk.keep(story("Times", corrected, credit=note), match())
    assert await told(deliver) == NOTHING


async def test_a_correction_reaches_the_reader_also_where_it_takes_the_topic_out(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"))
    await deliver.register()
    desk.keep(story(), match())
    assert await told(deliver) == ONCE
    desk.now += timedelta(hours=1)
    desk.keep(story(text=TEXT.replace("on Roxham Road", "at Lacolle"), title="Police stop 312 at Lacolle"))
    assert await told(deliver) == ONCE


async def test_a_copy_cut_short_or_under_another_headline_is_no_news(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"))
    await deliver.register()
    desk.keep(story(), match())
    assert await told(deliver) == ONCE
    desk.now += timedelta(hours=1)
    desk.keep(story("Gazette", TEXT.rpartition("\n\n")[0], "Fewer people stopped at the border"), match())
    assert await told(deliver) == NOTHING


async def test_a_page_that_is_read_at_last_is_no_news_to_who_was_told_of_it(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"))
    await deliver.register()
    desk.keep(story(text=TEXT.partition("\n\n")[0], partial=True), match())
    assert await told(deliver) == ONCE
    desk.now += timedelta(hours=1)
    desk.keep(story(), match())
    assert await told(deliver) == NOTHING


async def test_a_kill_is_told_to_those_who_were_told_the_story_and_to_nobody_else(desk: Desk, tmp_path: Path) -> None:
    one, two = subscription("one", to=("one@e.test",)), subscription("two", to=("two@e.test",))
    deliver = desk.deliver(Maildir(tmp_path / "box"), one, two)
    await deliver.register()
    desk.keep(story(), match())
    await told(deliver, "one")
    desk.now += timedelta(hours=2)
    desk.keep(killed())
    assert await told(deliver) == {"one@e.test": (1, "sent"), "two@e.test": (0, "nothing new")}
    (mail,) = (raw for raw in mails(tmp_path) if b"1 withdrawal" in raw)
    assert "The Canadian Press has withdrawn this story" in plain(mail)
    desk.now += timedelta(hours=1)
    assert {state for _, state in (await told(deliver)).values()} == {"nothing new"}


async def test_a_killed_story_is_taken_out_of_a_mail_that_still_waits(desk: Desk) -> None:
    with Mailbox(faults={"MAIL": "451 later"}) as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none"))
        await deliver.register()
        desk.keep(story(), match())
        desk.keep_story()
        (waiting,) = await deliver.deliver(forced=True)
        assert (waiting.stories, waiting.state) == (2, "waiting")
        desk.now += timedelta(hours=1)
        desk.keep(killed())
        box.faults.clear()
        (sent,) = await deliver.send()
        assert (sent.stories, sent.state, sent.message_id) == (1, "sent", waiting.message_id)
        (mail,) = box.delivered
        assert "312" not in plain(mail.raw)
        assert "Story 1" in subject(mail.raw)
        assert await told(deliver) == NOTHING
        assert len(box.delivered) == 1, "who never got the story is not told that it was withdrawn"


async def test_a_waiting_mail_of_which_nothing_is_left_is_dropped(desk: Desk) -> None:
    with Mailbox(faults={"MAIL": "451 later"}) as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none"))
        await deliver.register()
        desk.keep(story(), match())
        await deliver.deliver(forced=True)
        desk.now += timedelta(hours=1)
        desk.keep(killed())
        box.faults.clear()
        await deliver.send()
        assert box.delivered == []
    (dropped,) = desk.archive.outbox()
    assert dropped.state is SendState.DROPPED


async def test_a_mail_that_may_have_arrived_is_repeated_as_it_was_and_the_kill_follows(desk: Desk) -> None:
    with Mailbox(faults={"DOT": ["drop", None]}) as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none"))
        await deliver.register()
        desk.keep(story(), match())
        assert [d.state for d in await deliver.deliver(forced=True)] == ["doubt"]
        desk.now += timedelta(hours=1)
        desk.keep(killed())
        assert [d.state for d in await deliver.deliver(forced=True)] == ["sent", "sent"]
        first, again, kill = box.delivered
        assert first.raw == again.raw
        assert "has withdrawn this story" in plain(kill.raw)


async def test_a_reader_of_an_alert_and_a_digest_is_told_of_a_change_once(desk: Desk, tmp_path: Path) -> None:
    alert = subscription("alert", at=Schedule(text="at once", at_once=True))
    deliver = desk.deliver(Maildir(tmp_path / "box"), alert, subscription("digest"))
    await deliver.register()
    desk.keep(story(), match())
    assert [(d.digest_id, d.stories) for d in await deliver.deliver()] == [("alert", 1)]
    desk.now += timedelta(hours=1)
    desk.keep(story(text=CORRECTED), match())
    assert [(d.digest_id, d.stories) for d in await deliver.deliver()] == [("alert", 1)]
    assert await told(deliver, "digest") == NOTHING


async def test_who_unsubscribed_from_the_alert_that_told_a_story_hears_of_its_end_by_their_digest(
    desk: Desk, tmp_path: Path
) -> None:
    alert = subscription("alert", at=Schedule(text="at once", at_once=True))
    digests = subscription("digest"), subscription("other", topics=("stca",))
    deliver = desk.deliver(Maildir(tmp_path / "box"), alert, *digests)
    await deliver.register()
    desk.keep(story(), match())
    assert [(d.digest_id, d.stories) for d in await deliver.deliver()] == [("alert", 1)]
    assert {state for _, state in (await told(deliver, "digest", "other")).values()} == {"nothing new"}
    left = Pause(digest_id="alert", reader="reader@example.test", reason=PauseReason.UNSUBSCRIBED, at=desk.now)
    assert desk.archive.pause(left)
    desk.now += timedelta(hours=1)
    desk.keep(killed())
    by_digest = {d.digest_id: d.stories for d in await deliver.deliver(forced=True)}
    assert by_digest == {"digest": 1, "other": 0}


async def test_a_correction_does_not_overtake_the_mail_that_it_corrects(desk: Desk) -> None:
    with Mailbox(faults={"MAIL": ["451 later"] * 12 + [None]}) as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none"))
        await deliver.register()
        desk.keep(story(), match())
        await deliver.deliver(forced=True)
        for _ in range(11):  # by then, the next try is four hours off
            desk.now += timedelta(hours=5)
            await deliver.send()
        desk.now += timedelta(hours=1)
        assert await deliver.send() == []
        desk.keep(story(text=CORRECTED), match())
        assert [d.state for d in await deliver.deliver(forced=True)] == ["sent", "sent"]
        assert ["1 correction" in subject(mail.raw) for mail in box.delivered] == [False, True]
