"""From a reader's place in the archive to a receipt: real archive, real mail server, a clock that is set."""

from datetime import time, timedelta
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

from monitor import health
from monitor.channels.email import Email
from monitor.channels.maildir import Maildir
from monitor.types import Schedule, SendState
from tests.builders import NOW, STORIES, article, item, match, reading, source, subscription, visit, weekly, words
from tests.desk import MONDAY_SEVEN, Desk, mails
from tests.mailbox import Mailbox


async def test_a_slot_is_served_once_and_late_ones_are_merged(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"))
    await deliver.register()
    desk.keep_story()
    assert await deliver.deliver() == []  # Sunday: nothing is due
    desk.now = MONDAY_SEVEN
    assert [(d.slot, d.stories, d.state) for d in await deliver.deliver()] == [("2026-11-23T07:00", 1, "sent")]
    assert await deliver.deliver() == []
    desk.keep_story()
    desk.now = MONDAY_SEVEN + timedelta(days=30, hours=3)
    assert [(d.slot, d.stories) for d in await deliver.deliver()] == [("2026-12-23T07:00", 1)]
    assert len(mails(tmp_path)) == 2


async def test_a_digest_on_demand_moves_the_reader_on_and_uses_up_no_slot(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"))
    await deliver.register()
    desk.keep_story()
    assert [d.stories for d in await deliver.deliver(forced=True)] == [1]
    assert [(d.stories, d.state) for d in await deliver.deliver(forced=True)] == [(0, "nothing new")]
    desk.now = MONDAY_SEVEN
    assert [(d.slot, d.state) for d in await deliver.deliver()] == [("2026-11-23T07:00", "nothing new")]
    assert await deliver.deliver() == []
    assert len(mails(tmp_path)) == 1


async def test_a_dry_run_keeps_and_sends_nothing(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"))
    desk.keep_story()
    shown = await deliver.deliver(forced=True, dry_run=True)
    assert [len(d.digest.lines) for d in shown if d.digest] == [1]
    assert desk.archive.outbox() == []
    assert desk.archive.served_until("morning", "reader@example.test") is None
    assert mails(tmp_path) == []


async def test_each_reader_of_a_list_gets_a_mail_of_their_own(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"), subscription(to=("a@example.test", "b@example.test")))
    desk.keep_story()
    assert [(d.reader, d.stories) for d in await deliver.deliver(forced=True)] == [
        ("a@example.test", 1),
        ("b@example.test", 1),
    ]
    assert sorted(b"To: a@example.test" in mail for mail in mails(tmp_path)) == [False, True]


async def test_whoever_is_told_at_once_is_told_each_story_once(desk: Desk, tmp_path: Path) -> None:
    at_once = subscription(at=Schedule(text="at once", at_once=True))
    deliver = desk.deliver(Maildir(tmp_path / "box"), at_once)
    assert await deliver.deliver() == []
    for _ in range(2):
        desk.keep_story()
        desk.now += timedelta(seconds=5)
        assert [d.stories for d in await deliver.deliver()] == [1]
        assert await deliver.deliver() == []


async def test_a_reader_of_two_digests_meets_a_story_once(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"), subscription("one"), subscription("two"))
    desk.keep_story()
    assert sorted((d.digest_id, d.stories) for d in await deliver.deliver(forced=True)) == [("one", 1), ("two", 0)]


async def test_several_hours_a_day_are_slots_of_their_own(desk: Desk, tmp_path: Path) -> None:
    twice = subscription(at=weekly(time(7), time(16)))
    deliver = desk.deliver(Maildir(tmp_path / "box"), twice)
    await deliver.register()
    slots = []
    for hours in range(30):
        desk.now = NOW + timedelta(hours=hours, minutes=1)
        desk.keep_story()
        slots += [d.slot for d in await deliver.deliver()]
    assert slots == ["2026-11-22T16:00", "2026-11-23T07:00"]


async def test_a_refused_mail_is_kept_and_sent_later_under_the_same_message_id(desk: Desk) -> None:
    with Mailbox(faults={"RCPT": ["451 later", "250 ok"]}) as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none"))
        desk.keep_story()
        waiting = (await deliver.deliver(forced=True))[0]
        assert (waiting.state, "451" in (waiting.error or "")) == ("waiting", True)
        assert await deliver.send() == []  # not yet
        box.faults.clear()
        desk.now += timedelta(minutes=2)
        sent = (await deliver.send())[0]
        assert (sent.state, sent.message_id) == ("sent", waiting.message_id)
        assert [str(mail.message["Message-ID"]) for mail in box.delivered] == [waiting.message_id]


async def test_a_mail_refused_for_good_is_failed_and_the_next_reader_is_served(desk: Desk) -> None:
    with Mailbox(faults={"RCPT": ["550 no such user", "drop"]}) as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none"), subscription(to=("a@e.test", "b@e.test")))
        desk.keep_story()
        states = {d.reader: d.state for d in await deliver.deliver(forced=True)}
    assert states == {"a@e.test": "failed", "b@e.test": "waiting"}
    assert [m.message.to for m in desk.archive.outbox(open_only=True) if m.state is SendState.WAITING] == ["b@e.test"]
    assert desk.archive.due_messages(desk.now + timedelta(days=1)) == [2]


async def test_a_cut_after_the_final_dot_is_repeated_once_and_then_held(desk: Desk) -> None:
    with Mailbox(faults={"DOT": "drop"}) as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none"))
        desk.keep_story()
        assert [d.state for d in await deliver.deliver(forced=True)] == ["doubt"]
        desk.now += timedelta(minutes=1)
        assert [d.state for d in await deliver.send()] == ["doubt"]
        desk.now += timedelta(days=1)
        assert await deliver.send() == []
        assert len(box.delivered) == 2
        assert box.delivered[0].raw == box.delivered[1].raw
    held = desk.archive.outbox(open_only=True)[0]
    assert (held.state, held.doubts, held.next_try_at) == (SendState.DOUBT, 2, None)


async def test_a_mail_that_was_on_its_way_when_the_process_died_is_in_doubt(desk: Desk) -> None:
    with Mailbox(faults={"MAIL": "451 later"}) as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none"))
        desk.keep_story()
        (waiting,) = await deliver.deliver(forced=True)
        box.faults.clear()
        desk.archive.mark_sending(1)
        await deliver.recover()
        out = desk.archive.message(1)
        assert out is not None
        assert (out.state, out.doubts) == (SendState.DOUBT, 1)
        desk.now += timedelta(minutes=1)
        assert [(d.state, d.message_id) for d in await deliver.send()] == [("sent", waiting.message_id)]
        assert [mail.raw for mail in box.delivered] == [out.message.raw]


async def test_a_doubt_costs_nothing_where_the_channel_cannot_repeat_itself(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"))
    desk.keep_story()
    await deliver.deliver(forced=True)
    for _ in range(4):
        desk.archive.retry_message(1, desk.now)
        desk.archive.mark_sending(1)
        await deliver.recover()
        assert [d.state for d in await deliver.send()] == ["sent"]
    assert len(mails(tmp_path)) == 1


async def test_the_coverage_note_names_the_source_that_failed(desk: Desk, tmp_path: Path) -> None:
    from monitor.types import VisitOutcome

    deliver = desk.deliver(Maildir(tmp_path / "box"))
    desk.keep_story()
    desk.archive.keep_visit(visit(outcome=VisitOutcome.FAILED, error="HTTP 503"), [])
    shown = (await deliver.deliver(forced=True, dry_run=True))[0].digest
    assert shown is not None
    assert [(c.source_id, c.error) for c in shown.coverage] == [("desk", "HTTP 503")]
    assert shown.watched == 1


async def test_a_digest_that_cannot_be_made_does_not_stop_the_next_reader(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"), subscription(to=("not an @ address", "b@example.test")))
    desk.keep_story()
    said = {d.reader: (d.state, d.error) for d in await deliver.deliver(forced=True)}
    assert said["b@example.test"] == ("sent", None)
    assert [("not an @ address" in alarm.text, alarm.told_at) for alarm in desk.archive.alarms()] == [(True, None)]
    assert said["not an @ address"][0] == "failed"
    assert "not a mail address" in (said["not an @ address"][1] or "")


async def test_a_slot_of_the_same_name_is_served_once_whatever_the_time_zone_says(desk: Desk, tmp_path: Path) -> None:
    desk.now = MONDAY_SEVEN
    channel = Maildir(tmp_path / "box")
    desk.keep_story()
    assert [d.slot for d in await desk.deliver(channel).deliver()] == ["2026-11-23T07:00"]
    desk.keep_story()
    desk.now = MONDAY_SEVEN + timedelta(hours=4)
    assert await desk.deliver(channel, subscription(timezone="America/Vancouver")).deliver() == []
    desk.now = MONDAY_SEVEN + timedelta(days=1, hours=4)
    assert [d.stories for d in await desk.deliver(channel, subscription(timezone="America/Vancouver")).deliver()] == [1]


async def test_a_reader_nobody_registered_is_shown_the_last_days_only(desk: Desk, tmp_path: Path) -> None:
    desk.keep_story()
    desk.now += timedelta(days=8)
    desk.keep_story()
    shown = await desk.deliver(Maildir(tmp_path / "box")).deliver(forced=True, dry_run=True)
    assert [d.stories for d in shown] == [1]


async def test_a_burst_is_one_line_of_the_digest_and_no_mail_at_once_until_it_is_released(
    desk: Desk, tmp_path: Path
) -> None:
    at_once = subscription("now", at=Schedule(text="at once", at_once=True), to=("quick@example.test",))
    deliver = desk.deliver(Maildir(tmp_path / "box"), subscription(), at_once)
    await deliver.register()
    desk.keep_story()
    await deliver.deliver()  # the first visit's
    urls = [f"http://desk.test/bulk-{number}" for number in range(30)]
    arrived = desk.archive.keep_visit(
        visit(at=desk.now), [item(url) for url in urls], lambda a: health.judge(source(), a)
    )
    for number, pending in enumerate(desk.archive.pending(desk.now)):
        found = article(urls[number], text=words(f"bulk{number}of"), title=f"Bulk {number}")
        desk.archive.keep([reading(pending, found, [match()])], STORIES, desk.now)
    assert arrived.burst is not None
    assert await deliver.deliver() == []
    desk.now = MONDAY_SEVEN
    assert [(d.digest_id, d.stories, d.state) for d in await deliver.deliver()] == [("morning", 1, "sent")]
    (raw,) = (raw for raw in mails(tmp_path) if b"arrived in bulk" in raw)
    mail = BytesParser(policy=default).parsebytes(raw)
    body = mail.get_body(("plain",))
    assert body is not None
    assert mail["Subject"] == "Morning: 1 story and 30 in bulk – Story 1"
    assert "30 stories arrived in bulk from Desk." in " ".join(body.get_content().split())
    assert desk.archive.release([arrived.burst], desk.now) == 30
    assert [(d.digest_id, d.stories) for d in await deliver.deliver()] == [("now", 30)]


async def test_the_coverage_note_names_sources_of_which_news_may_be_missing(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"), subscription(language="fr"))
    desk.now = MONDAY_SEVEN - timedelta(hours=2)
    await deliver.register()
    desk.keep_story()
    desk.now += timedelta(hours=1)
    listed = [item("http://desk.test/x"), item("http://desk.test/y")]
    desk.archive.keep_visit(visit(at=desk.now), listed, lambda a: health.judge(source(), a))
    desk.now = MONDAY_SEVEN
    await deliver.deliver()
    body = BytesParser(policy=default).parsebytes(mails(tmp_path)[-1]).get_body(("plain",))
    assert body is not None
    text = " ".join(body.get_content().split())
    assert (
        "La source suivie a répondu. 1 source qui a répondu n’a peut-être montré qu’une partie de ses nouvelles."
        in text
    )
    assert "sa liste s’est entièrement renouvelée entre deux visites le 23 nov. à 6 h" in text
    desk.keep_story()
    desk.now += timedelta(days=1)
    await deliver.deliver()
    assert sorted(b"renouvel" in mail for mail in mails(tmp_path)) == [False, True]  # told once


async def test_a_list_that_turned_over_is_told_in_one_mail_at_once_not_in_all(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"), subscription(at=Schedule(text="at once", at_once=True)))
    await deliver.register()
    desk.keep_story()
    desk.now += timedelta(minutes=10)
    desk.archive.keep_visit(visit(at=desk.now), [item("http://desk.test/x")], lambda a: health.judge(source(), a))
    for _ in range(2):
        desk.now += timedelta(minutes=10)
        desk.keep_story()
        await deliver.deliver()
    assert sorted(b"turned over" in mail for mail in mails(tmp_path)) == [False, True]
