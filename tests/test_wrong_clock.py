"""A clock that was wrong and is put right changes when readers are told, never whether: here it was a year ahead."""

from datetime import timedelta
from pathlib import Path

from monitor.channels.email import Email
from monitor.channels.maildir import Maildir
from monitor.types import AlarmKind, SendState
from tests.desk import MONDAY_SEVEN, Desk
from tests.mailbox import Mailbox

AHEAD = timedelta(days=364)  # a Monday, too
DAY = timedelta(days=1)


async def test_a_slot_served_by_a_clock_that_was_ahead_holds_up_none_of_the_present(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"))
    await deliver.register()
    desk.keep_story()
    desk.now = MONDAY_SEVEN + AHEAD
    assert [(d.slot, d.stories) for d in await deliver.deliver()] == [("2027-11-22T07:00", 1)]
    desk.now = MONDAY_SEVEN + DAY
    desk.keep_story()
    assert [(d.slot, d.stories) for d in await deliver.deliver()] == [("2026-11-24T07:00", 1)]
    assert await deliver.deliver() == []
    desk.now += DAY
    assert [(d.slot, d.stories) for d in await deliver.deliver()] == [("2026-11-25T07:00", 0)]


async def test_a_reader_registered_by_a_clock_that_was_ahead_is_told(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"))
    desk.now = MONDAY_SEVEN + AHEAD
    await deliver.register()
    desk.now = MONDAY_SEVEN
    desk.keep_story()
    assert [(d.slot, d.stories) for d in await deliver.deliver()] == [("2026-11-23T07:00", 1)]


async def test_a_mail_put_off_by_a_clock_that_was_ahead_is_due_and_goes_by_the_present_then(desk: Desk) -> None:
    with Mailbox(faults={"MAIL": ["451 later", "451 later", None]}) as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none"))
        desk.now += AHEAD
        desk.keep_story()
        assert [d.state for d in await deliver.deliver(forced=True)] == ["waiting"]
        desk.now -= AHEAD
        assert [d.state for d in await deliver.send()] == ["waiting"]
        assert await deliver.send() == [], "the second try is put off as usual"
        desk.now += timedelta(hours=1)
        assert [d.state for d in await deliver.send()] == ["sent"]


async def test_a_way_that_failed_by_a_clock_that_was_ahead_does_not_rest_until_then(desk: Desk) -> None:
    with Mailbox(faults={"CONNECT": ["421 too busy", None]}) as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none"))
        desk.now += AHEAD
        desk.keep_story()
        assert [d.state for d in await deliver.deliver(forced=True)] == ["waiting"]
        desk.now -= AHEAD
        assert [d.state for d in await deliver.send()] == ["sent"]


async def test_the_operator_is_told_also_of_what_a_clock_that_was_ahead_told_before(desk: Desk) -> None:
    desk.operator = True
    with Mailbox() as box:
        deliver = desk.deliver(Email(box.host, box.port, tls="none"))
        await deliver.register()
        desk.now += AHEAD
        desk.archive.alarm(AlarmKind.OUTBOX, "the outbox is held", desk.now)
        assert [d.digest_id for d in await deliver.deliver()] == ["morning", "operator"]
        desk.now -= AHEAD - timedelta(minutes=1)
        desk.archive.alarm(AlarmKind.OUTBOX, "the outbox is held", desk.now)
        assert [d.digest_id for d in await deliver.deliver()] == ["operator"]
    assert {message.state for message in desk.archive.outbox()} == {SendState.SENT}


async def test_a_gap_in_watching_is_named_also_after_a_digest_of_a_clock_that_was_ahead(
    desk: Desk, tmp_path: Path
) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"))
    desk.keep_story()
    desk.now += AHEAD
    await deliver.deliver(forced=True)
    desk.now -= AHEAD
    for hours in (1, 2, 60, 61):  # not watched for two days and more
        desk.now = MONDAY_SEVEN + timedelta(hours=hours)
        desk.keep_story()
    (told,) = await deliver.deliver(forced=True)
    assert [source.source_id for source in told.coverage if source.gaps] == ["desk"]
