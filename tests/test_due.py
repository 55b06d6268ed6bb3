"""What is due, and when next."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import due
from monitor.types import Schedule, SourceState, Trouble, Wishes
from tests.builders import NOW, SEVEN_ON_WEEKDAYS, source, subscription, weekly

QUARTER = timedelta(minutes=15)


def state(**changed: object) -> SourceState:
    return SourceState(**{"source_id": "desk", "last_visit_at": NOW} | changed)  # type: ignore[arg-type]


def test_a_new_source_is_due_at_once() -> None:
    assert due.due_sources([source()], {}, NOW) == [source()]
    assert due.due_sources([source(enabled=False)], {}, NOW) == []


def test_a_clock_that_was_ahead_keeps_no_source_from_being_visited() -> None:
    ahead = {"desk": state(last_visit_at=NOW + timedelta(days=365), not_before=NOW + timedelta(days=366))}
    assert due.due_sources([source()], ahead, NOW) == [source()]
    corrected = {"desk": state(last_visit_at=NOW + timedelta(seconds=5))}
    assert due.due_sources([source()], corrected, NOW) == []


def test_a_source_is_due_after_its_interval() -> None:
    states = {"desk": state()}
    assert due.due_sources([source(every=QUARTER)], states, NOW + QUARTER - timedelta(seconds=1)) == []
    assert due.due_sources([source(every=QUARTER)], states, NOW + QUARTER) == [source(every=QUARTER)]


BACK_OFF = [
    (Trouble.TEMPORARY, 4, 30),
    (Trouble.TEMPORARY, 8, 60),
    (Trouble.TEMPORARY, 99, 60),
    (Trouble.SOFT, 2, 30),
    (Trouble.SOFT, 6, 120),
    (Trouble.SOFT, 99, 120),
    (Trouble.HARD, 1, 30),
    (Trouble.HARD, 2, 60),
    (Trouble.HARD, 99, 360),
]


@pytest.mark.parametrize(("sort", "failures", "minutes"), BACK_OFF)
def test_failures_back_off_by_their_sort_with_some_jitter(sort: Trouble, failures: int, minutes: int) -> None:
    known = state(failures=failures, trouble=sort, strain=failures * sort.strain)
    wait = due.next_visit(source(every=QUARTER), known) - NOW
    assert timedelta(minutes=minutes) * 0.8 <= wait <= timedelta(minutes=minutes)
    assert wait >= QUARTER
    waits = {due.next_visit(source(f"s{number}", every=QUARTER), known) for number in range(20)}
    assert len(waits) > 10  # those that failed together do not come back together


def test_a_slow_source_backs_off_no_further_than_its_own_interval() -> None:
    day = timedelta(days=1)
    known = state(failures=5, trouble=Trouble.TEMPORARY, strain=1.25)
    assert due.next_visit(source(every=day), known) == NOW + day


def test_a_single_interval_is_kept_whatever_the_habit() -> None:
    assert due.next_visit(source(every=QUARTER), state(interval=timedelta(hours=9))) == NOW + QUARTER
    assert due.next_interval(source(every=QUARTER), state(), brought=False, overran=False) == QUARTER


def test_the_interval_follows_the_habit_between_its_bounds() -> None:
    wide = source(every=QUARTER, slowest=timedelta(hours=2))
    known = state()
    for _ in range(30):
        known = replace(known, interval=due.next_interval(wide, known, brought=False, overran=False))
    assert due.next_visit(wide, known) == NOW + timedelta(hours=2)
    known = replace(known, interval=due.next_interval(wide, known, brought=True, overran=False))
    assert due.next_visit(wide, known) == NOW + timedelta(hours=1.2)
    for _ in range(30):
        known = replace(known, interval=due.next_interval(wide, known, brought=True, overran=False))
    assert due.next_visit(wide, known) == NOW + QUARTER


def test_one_visit_in_five_with_news_keeps_the_interval() -> None:
    wide = source(every=timedelta(minutes=1), slowest=timedelta(days=1))
    known = state(interval=timedelta(hours=1))
    for brought in [True, False, False, False, False] * 10:
        known = replace(known, interval=due.next_interval(wide, known, brought=brought, overran=False))
    assert known.interval is not None
    assert timedelta(minutes=50) < known.interval < timedelta(minutes=70)


def test_a_list_that_turned_over_is_visited_as_often_as_allowed() -> None:
    wide = source(every=QUARTER, slowest=timedelta(hours=2))
    known = state(interval=timedelta(hours=2))
    assert due.next_interval(wide, known, brought=True, overran=True) == QUARTER


def test_what_the_answer_wishes_is_heard_up_to_an_hour() -> None:
    def after(**changed: object) -> timedelta:
        return due.next_visit(source(every=QUARTER), state(**changed)) - NOW

    assert after(fresh_for=timedelta(minutes=5)) == QUARTER
    assert after(fresh_for=timedelta(minutes=40)) == timedelta(minutes=40)
    assert after(wishes=Wishes(ttl=timedelta(minutes=50)), fresh_for=timedelta(minutes=40)) == timedelta(minutes=50)
    assert after(wishes=Wishes(ttl=timedelta(days=3))) == timedelta(hours=1)
    assert after(wishes=Wishes(ttl=timedelta(days=3)), failures=1, trouble=Trouble.TEMPORARY) == QUARTER


def test_what_is_wished_is_heard_up_to_the_slowest_interval() -> None:
    wide = source(every=QUARTER, slowest=timedelta(hours=6))
    assert due.next_visit(wide, state(fresh_for=timedelta(hours=9))) == NOW + timedelta(hours=6)


def test_hours_and_days_that_a_feed_wants_skipped_are_skipped() -> None:
    # NOW is a Sunday, 12:00 UTC
    skipping = state(wishes=Wishes(skip_hours=frozenset({12, 13})))
    assert due.next_visit(source(every=QUARTER), skipping) == NOW.replace(hour=14)
    skipping = state(wishes=Wishes(skip_days=frozenset({6})))
    assert due.next_visit(source(every=QUARTER), skipping) == NOW.replace(day=23, hour=0)
    assert due.next_visit(source(every=QUARTER), state(wishes=Wishes(skip_hours=frozenset(range(24))))) == NOW + QUARTER


def test_the_servers_wish_is_a_lower_bound() -> None:
    assert due.next_visit(source(every=QUARTER), state(not_before=NOW + timedelta(hours=3))) == NOW + timedelta(hours=3)
    assert due.next_visit(source(every=QUARTER), state(not_before=NOW)) == NOW + QUARTER


def test_the_longest_overdue_comes_first() -> None:
    a, b = source("a"), source("b")
    states = {"a": state(), "b": state(last_visit_at=NOW - timedelta(days=1))}
    assert due.due_sources([a, b], states, NOW + timedelta(days=1)) == [b, a]


def test_pages_are_tried_again_later_and_later_and_then_no_more() -> None:
    waits = [(due.next_page_try(failures, NOW) or NOW) - NOW for failures in range(5)]
    assert waits == sorted(waits)
    assert waits[0] == timedelta(minutes=15)
    assert due.next_page_try(5, NOW) is None


def test_mail_is_tried_for_five_days() -> None:
    assert due.next_mail_try(0, NOW, NOW) == NOW + timedelta(minutes=1)
    assert due.next_mail_try(40, NOW, NOW + timedelta(days=4)) == NOW + timedelta(days=4, hours=4)
    assert due.next_mail_try(40, NOW, NOW + timedelta(days=5)) is None


@pytest.mark.parametrize(
    ("asked", "after", "wait"),
    [
        (timedelta(seconds=10), timedelta(0), timedelta(minutes=1)),
        (timedelta(hours=9), timedelta(0), timedelta(hours=9)),
        (timedelta(days=30), timedelta(days=1), timedelta(days=4)),  # a last try, when the five days are over
        (timedelta.max, timedelta(0), timedelta(days=5)),
        (timedelta(hours=-3), timedelta(0), timedelta(minutes=1)),
    ],
)
def test_what_the_other_side_asked_for_is_a_lower_bound(asked: timedelta, after: timedelta, wait: timedelta) -> None:
    now = NOW + after
    attempts = 0 if not after else 40
    assert due.next_mail_try(attempts, NOW, now, retry_after=asked) == now + wait


def test_a_mail_that_was_made_ahead_of_time_is_not_tried_for_ever() -> None:
    assert due.next_mail_try(0, NOW + timedelta(days=900), NOW, retry_after=timedelta(days=800)) == NOW + timedelta(5)
    assert due.next_mail_try(40, NOW, NOW + timedelta(days=5), retry_after=timedelta(hours=1)) is None


@pytest.mark.parametrize(
    ("oldest", "newest", "goes"),
    [
        (0, 0, False),
        (59, 59, False),
        (60, 60, True),
        (200, 59, False),
        (200, 60, True),
        (299, 0, False),
        (300, 0, True),  # a deluge holds nothing back
        (900, 0, True),
        (-86_400, -86_400, True),  # of a clock that was ahead
        (30, -86_400, False),
        (300, -86_400, True),
    ],
)
def test_an_alert_waits_for_what_may_belong_to_it_but_not_for_long(oldest: int, newest: int, goes: bool) -> None:
    first, last = NOW - timedelta(seconds=oldest), NOW - timedelta(seconds=newest)
    assert due.alert_due(first, last, timedelta(minutes=1), NOW) is goes
    assert due.alert_due(first, last, timedelta(0), NOW)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "now", "latest"),
    [
        (SEVEN_ON_WEEKDAYS, "2026-11-23T12:00", "2026-11-23T07:00"),  # Monday 07:00 in Toronto
        (SEVEN_ON_WEEKDAYS, "2026-11-23T11:59", "2026-11-20T07:00"),  # not yet: Friday's
        (SEVEN_ON_WEEKDAYS, "2026-11-22T18:00", "2026-11-20T07:00"),  # Sunday
        (weekly(time(6), time(18)), "2026-11-22T23:30", "2026-11-22T18:00"),
        (weekly(time(8), days=[0]), "2026-11-23T12:59", "2026-11-16T08:00"),
        (Schedule(text="", every=timedelta(hours=2)), "2026-11-22T15:10", "2026-11-22T14:00Z"),
    ],
)
def test_the_latest_slot_in_the_readers_zone(schedule: Schedule, now: str, latest: str) -> None:
    slot = due.latest_slot(subscription(at=schedule), utc(now))
    assert slot is not None
    assert slot.name == latest
    assert slot.at <= utc(now)


def test_an_hour_that_happens_twice_is_one_slot() -> None:
    daily = subscription(at=weekly(time(1, 30)))
    first = due.latest_slot(daily, utc("2026-11-01T05:45"))  # 01:45 EDT
    second = due.latest_slot(daily, utc("2026-11-01T06:45"))  # 01:45 EST
    assert first is not None
    assert first == second
    assert first.at == utc("2026-11-01T05:30")


def test_an_hour_that_is_skipped_still_has_its_slot() -> None:
    daily = subscription(at=weekly(time(2, 30)))
    slot = due.latest_slot(daily, utc("2026-03-08T08:00"))
    assert slot is not None
    assert (slot.name, slot.at) == ("2026-03-08T02:30", utc("2026-03-08T07:30"))


def test_at_once_has_no_calendar_and_a_slot_of_its_own() -> None:
    alert = subscription(at=Schedule(text="at once", at_once=True))
    assert due.latest_slot(alert, NOW) is None
    assert due.next_slot(alert, NOW) is None
    assert due.slot_now(alert, NOW).scheduled is False


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)))  # noqa: DTZ001
def test_the_next_slot_is_the_latest_when_its_time_comes(moment: datetime) -> None:
    now = moment.replace(tzinfo=UTC)
    coming = due.next_slot(subscription(), now)
    assert coming is not None
    assert coming.at > now
    assert due.latest_slot(subscription(), coming.at) == coming
