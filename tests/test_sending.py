"""The outbox at work: ways that fail, readers that bounce, a copy of the archive that was put back."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path

from monitor.archive.sqlite import SQLiteArchive
from monitor.channels.email import Email
from monitor.channels.maildir import Maildir
from monitor.errors import DeliveryError
from monitor.types import Alarm, AlarmKind, Format, Message, Pause, PauseReason, Quiet, Receipt, SendState
from tests.builders import NOW, subscription
from tests.desk import MONDAY_SEVEN, Desk, mails, plain, subject
from tests.mailbox import Mailbox


class Shut:
    """A way that takes nothing; `doubtful`: as far as it can know."""

    name = "shut"
    idempotent = True
    takes = Format.JSON

    def __init__(self, *, gone: bool = False, doubtful: bool = False) -> None:
        self.asked = 0
        self.gone = gone
        self.doubtful = doubtful

    async def send(self, message: Message, on_commit: Callable[[], Awaitable[None]]) -> Receipt:
        self.asked += 1
        if self.doubtful:
            await on_commit()
        raise DeliveryError("shut", temporary=not self.gone, gone=self.gone, doubt=self.doubtful)

    async def close(self) -> None:
        return


async def test_a_way_that_fails_is_tried_with_one_message_and_rests(desk: Desk) -> None:
    with Mailbox(faults={"CONNECT": "421 too busy"}) as box:
        readers = tuple(f"r{number}@e.test" for number in range(5))
        deliver = desk.deliver(Email(box.host, box.port, tls="none"), subscription(to=readers))
        desk.keep_story()
        assert [(d.reader, d.state) for d in await deliver.deliver(forced=True)] == [("r0@e.test", "waiting")]
        assert box.connections == 1
        assert await deliver.send() == []
        box.faults.clear()
        desk.now += timedelta(minutes=2)
        assert {d.reader: d.state for d in await deliver.send()} == dict.fromkeys(readers, "sent")


async def test_a_channel_that_fails_does_not_keep_the_mail_waiting(desk: Desk, tmp_path: Path) -> None:
    shut = Shut()
    two = subscription(to=("hook", "reader@e.test"))
    deliver = desk.deliver(Maildir(tmp_path / "box"), two, others={"hook": shut})
    desk.keep_story()
    states = {d.reader: d.state for d in await deliver.deliver(forced=True)}
    assert states == {"hook": "waiting", "reader@e.test": "sent"}


async def test_a_channel_that_took_nothing_for_five_days_is_paused_and_the_operator_told(
    desk: Desk, tmp_path: Path
) -> None:
    shut = Shut()
    deliver = desk.deliver(Maildir(tmp_path / "box"), subscription(to=("hook",)), others={"hook": shut})
    desk.keep_story()
    await deliver.deliver(forced=True)
    for _ in range(60):
        desk.now += timedelta(hours=3)
        await deliver.send()
    (message,) = desk.archive.outbox()
    assert message.state is SendState.FAILED
    assert [(p.reader, p.reason) for p in desk.archive.pauses()] == [("hook", PauseReason.FAILING)]
    asked = shut.asked
    desk.keep_story()
    assert await deliver.deliver(forced=True) == []
    assert shut.asked == asked
    assert {alarm.kind for alarm in desk.archive.alarms()} == {AlarmKind.FAILED, AlarmKind.PAUSED}


async def test_a_channel_that_is_gone_is_paused_at_once(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"), subscription(to=("hook",)), others={"hook": Shut(gone=True)})
    desk.keep_story()
    assert [d.state for d in await deliver.deliver(forced=True)] == ["failed"]
    assert [p.reader for p in desk.archive.pauses()] == ["hook"]


async def test_a_reader_whose_channel_is_no_longer_configured_fails_with_words(desk: Desk, tmp_path: Path) -> None:
    first = desk.deliver(Maildir(tmp_path / "box"), subscription(to=("hook",)), others={"hook": Shut()})
    desk.keep_story()
    await first.deliver(forced=True)
    desk.now += timedelta(hours=1)
    (failed,) = await desk.deliver(Maildir(tmp_path / "box")).send()
    assert failed.state == "failed"
    assert 'no channel "hook" is configured' in (failed.error or "")


async def test_the_second_refusal_of_an_address_pauses_its_reader(desk: Desk) -> None:
    with Mailbox(faults={"RCPT": "550 5.1.1 no such user"}) as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none"))
        for paused in (0, 1):
            desk.keep_story()
            assert [d.state for d in await deliver.deliver(forced=True)] == ["failed"]
            assert len(desk.archive.pauses()) == paused
            desk.now += timedelta(hours=1)


async def test_the_operator_gets_one_mail_of_all_that_went_wrong(desk: Desk, tmp_path: Path) -> None:
    faults: dict[str, str | list[str | None]] = {"RCPT": ["550 no", "550 no", None]}
    desk.operator = True
    with Mailbox(faults=faults) as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none"), subscription(to=("a@e.test", "b@e.test")))
        desk.keep_story()
        states = [(d.digest_id, d.state) for d in await deliver.deliver(forced=True)]
        assert states == [("morning", "failed"), ("morning", "failed"), ("operator", "sent")]
        (mail,) = box.delivered
        assert mail.recipients == ("desk@example.test",)
        assert "a@e.test" in plain(mail.raw)
        assert "b@e.test" in plain(mail.raw)
        assert [d for d in await deliver.deliver() if d.digest_id == "operator"] == []


async def test_a_mail_to_the_operator_that_cannot_be_made_costs_nobody_theirs(desk: Desk, tmp_path: Path) -> None:
    def broken(alarms: Sequence[Alarm], secret: bytes, now: datetime) -> Message:
        raise KeyError(alarms[0].kind)

    desk.operator = True
    desk.archive.alarm(AlarmKind.RETURNS, "returned mail cannot be read", desk.now)
    desk.keep_story()
    orders = desk.orders(Maildir(tmp_path / "box"))
    deliver = desk.deliver(Maildir(tmp_path / "box"))
    await deliver.renew(replace(orders, rooms=replace(orders.rooms, notify=broken)))
    assert [d.state for d in await deliver.deliver(forced=True)] == ["sent"]
    assert [alarm.told_at for alarm in desk.archive.alarms()] == [None]
    await deliver.renew(orders)
    assert [d.digest_id for d in await deliver.deliver()] == ["operator"]


async def test_what_may_have_arrived_is_never_repeated_where_that_is_asked(desk: Desk) -> None:
    with Mailbox(faults={"DOT": "drop"}) as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none"), subscription(at_most_once=True))
        desk.keep_story()
        assert [d.state for d in await deliver.deliver(forced=True)] == ["doubt"]
        desk.now += timedelta(days=1)
        assert await deliver.send(hurried=True) == []
        assert len(box.delivered) == 1


async def test_an_archive_that_was_put_back_sends_nothing_before_somebody_says_so(desk: Desk, tmp_path: Path) -> None:
    desk.archive.backup(tmp_path / "copy.db")
    deliver = desk.deliver(Maildir(tmp_path / "box"))
    await deliver.register()
    desk.keep_story()
    assert [d.state for d in await deliver.deliver(forced=True)] == ["sent"]
    counter = desk.archive.path.with_name("roxham.db.outbox")
    counter.rename(tmp_path / "copy.db.outbox")
    back = SQLiteArchive.for_writing(tmp_path / "copy.db", purpose="test", now=NOW, wait=0)
    try:
        again = Desk(back, desk.threads, now=MONDAY_SEVEN)
        other = again.deliver(Maildir(tmp_path / "second"))
        await other.register()
        again.keep_story()
        await other.recover()
        assert await other.deliver(forced=True) == []
        assert [message.state for message in back.outbox()] == [SendState.WAITING]
        assert [alarm.kind for alarm in back.alarms()] == [AlarmKind.OUTBOX]
        assert back.release_outbox(again.now)
        assert [d.state for d in await other.deliver()] == ["sent"]
    finally:
        back.close()


async def test_a_preview_keeps_nothing_and_shows_another_time(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"))
    await deliver.register()
    desk.keep_story()
    desk.now = MONDAY_SEVEN
    await deliver.deliver()
    desk.now += timedelta(hours=5)
    desk.keep_story()
    now = await deliver.preview("morning")
    assert [line.article.title for line in now.lines] == ["Story 2"]
    before = await deliver.preview("morning", at=MONDAY_SEVEN - timedelta(minutes=1))
    assert [line.article.title for line in before.lines] == ["Story 1"]
    tomorrow = await deliver.preview("morning", at=MONDAY_SEVEN + timedelta(days=1))
    assert (tomorrow.slot.name, len(tomorrow.lines)) == ("2026-11-24T07:00", 1)
    assert len(mails(tmp_path)) == 1
    assert len(desk.archive.outbox()) == 1


async def test_a_test_mail_says_so_and_uses_up_nothing(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"))
    await deliver.register()
    desk.keep_story()
    receipt = await deliver.send_test(await deliver.preview("morning"), "me@example.test")
    (mail,) = mails(tmp_path)
    assert receipt.answer
    assert b"To: me@example.test" in mail
    assert subject(mail).startswith("[Test] Morning")
    assert desk.archive.outbox() == []
    assert [d.stories for d in await deliver.deliver(forced=True)] == [1]


async def test_a_channel_that_leaves_doubt_for_days_is_asked_less_and_less_and_then_paused(
    desk: Desk, tmp_path: Path
) -> None:
    hook = Shut(doubtful=True)
    deliver = desk.deliver(Maildir(tmp_path / "box"), subscription(to=("hook",)), others={"hook": hook})
    desk.keep_story()
    await deliver.deliver(forced=True)
    await deliver.send()
    for _ in range(3):
        desk.now += timedelta(seconds=5)
        await deliver.send()
    assert hook.asked == 2, "the first doubt costs no time, the second does"
    for _ in range(6 * 24):
        desk.now += timedelta(hours=1)
        await deliver.send()
    (message,) = desk.archive.outbox()
    assert (message.state, message.next_try_at, hook.asked < 50) == (SendState.DOUBT, None, True)
    assert [(p.reader, p.reason) for p in desk.archive.pauses()] == [("hook", PauseReason.FAILING)]
    assert {alarm.kind for alarm in desk.archive.alarms()} == {AlarmKind.HELD, AlarmKind.PAUSED}


async def test_a_mail_that_waits_is_not_sent_in_quiet_hours_but_when_it_is_asked_for(desk: Desk) -> None:
    night = subscription(quiet=Quiet(since=time(8), until=time(20)))
    with Mailbox(faults={"MAIL": ["451 later", "451 later", None]}) as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none"), night)
        desk.keep_story()
        desk.now = MONDAY_SEVEN + timedelta(minutes=59)
        assert [d.state for d in await deliver.deliver()] == ["waiting"]
        desk.now += timedelta(minutes=2)
        assert await deliver.deliver(hurried=True) == []
        assert [d.state for d in await deliver.send(forced=True, hurried=True)] == ["waiting"]
        desk.now = MONDAY_SEVEN + timedelta(hours=13)
        assert [d.state for d in await deliver.deliver()] == ["sent"]


async def test_a_mail_waits_as_long_as_its_digest_is_paused_in_the_configuration(desk: Desk) -> None:
    with Mailbox(faults={"MAIL": ["451 later", None]}) as box:
        mail = Email(box.host, box.port, tls="none")
        deliver = desk.deliver(mail)
        desk.keep_story()
        assert [d.state for d in await deliver.deliver(forced=True)] == ["waiting"]
        await deliver.renew(desk.orders(mail, replace(subscription(), paused=True)))
        desk.now += timedelta(hours=1)
        assert await deliver.deliver(forced=True, hurried=True) == []
        await deliver.renew(desk.orders(mail))
        assert [d.state for d in await deliver.send()] == ["sent"]


async def test_a_mail_that_was_kept_back_for_long_is_tried_as_if_it_were_new(desk: Desk) -> None:
    reader = "reader@example.test"
    with Mailbox(faults={"MAIL": ["451 later", "451 4.7.1 greylisted, come again", None]}) as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none"))
        desk.keep_story()
        assert [d.state for d in await deliver.deliver(forced=True)] == ["waiting"]
        desk.archive.pause(Pause(digest_id=None, reader=reader, reason=PauseReason.OPERATOR, at=desk.now))
        desk.now += timedelta(days=10)
        assert await deliver.send() == []
        assert desk.archive.resume(None, reader, desk.now)
        assert [d.state for d in await deliver.send()] == ["waiting"]
        desk.now += timedelta(hours=1)
        assert [d.state for d in await deliver.send()] == ["sent"]


async def test_a_mail_that_was_on_its_way_when_its_reader_unsubscribed_is_not_kept_for_later(
    desk: Desk, tmp_path: Path
) -> None:
    reader = "reader@example.test"

    class Leaving(Maildir):
        """A way whose reader unsubscribes while a mail is handed over."""

        async def send(self, message: Message, on_commit: Callable[[], Awaitable[None]]) -> Receipt:
            await on_commit()
            desk.archive.pause(Pause(digest_id="morning", reader=reader, reason=PauseReason.UNSUBSCRIBED, at=desk.now))
            raise DeliveryError("451 later", temporary=True)

    deliver = desk.deliver(Leaving(tmp_path / "box"))
    desk.keep_story()
    assert [d.state for d in await deliver.deliver(forced=True)] == ["dropped"]
    assert desk.archive.resume("morning", reader, desk.now)
    desk.now += timedelta(hours=1)
    assert await desk.deliver(Maildir(tmp_path / "box")).send() == []


async def test_older_mails_of_a_reader_are_tried_early_until_one_fails(desk: Desk) -> None:
    faults: dict[str, str | list[str | None]] = {"RCPT": "451 mailbox full"}
    with Mailbox(faults=faults) as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none"))
        for _ in range(4):
            desk.keep_story()
            await deliver.deliver(forced=True)
            desk.now += timedelta(seconds=1)
        assert [message.attempts for message in desk.archive.outbox()] == [4, 1, 1, 1]
        faults.clear()
        desk.now += timedelta(minutes=2)
        assert [d.stories for d in await deliver.send()] == [1, 1, 1, 1]


async def test_what_did_not_reach_the_operator_is_told_once_more(desk: Desk) -> None:
    desk.operator = True
    with Mailbox(faults={"RCPT": "550 5.7.1 not now"}) as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none"), subscription(to=("a@e.test",)))
        desk.keep_story()
        assert [d.state for d in await deliver.deliver(forced=True)] == ["failed", "failed"]
        assert [alarm.told_at for alarm in desk.archive.alarms()] == [None]
        box.faults.clear()
        desk.now += timedelta(hours=2)
        assert [(d.digest_id, d.state) for d in await deliver.deliver()] == [("operator", "sent")]
        assert "a@e.test" in plain(box.delivered[0].raw)
        assert [alarm.told_at for alarm in desk.archive.alarms()] == [desk.now]


async def test_the_operator_gets_one_mail_an_hour_also_from_a_process_each_minute(desk: Desk) -> None:
    desk.operator = True
    with Mailbox(faults={"RCPT": ["550 5.7.1 no", None, "550 5.7.1 no", None]}) as box:
        told = []
        for _ in range(3):
            deliver = desk.deliver(Email(box.host, box.port, tls="none"), subscription(to=("a@e.test",)))
            desk.keep_story()
            told.append([d.digest_id for d in await deliver.deliver(forced=True)])
            desk.now += timedelta(minutes=20)
        assert told == [["morning", "operator"], ["morning"], ["morning"]]
        desk.now += timedelta(minutes=10)
        assert [d.digest_id for d in await deliver.deliver()] == ["operator"]
