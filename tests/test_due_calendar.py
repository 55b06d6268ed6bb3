"""Slots, quiet hours and excluded dates, in every zone and across every change of the clocks."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import due
from monitor.types import Quiet, Schedule, Subscription
from tests.builders import NOW, subscription, weekly

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
NIGHT = Quiet(since=time(22), until=time(6, 30))
EVERY_DATE = frozenset((day.month, day.day) for day in (date(2000, 1, 1) + number * DAY for number in range(366)))
AT_ONCE = Schedule(text="at once", at_once=True)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("local", "until"),
    [
        ("2026-11-22T21:59", None),
        ("2026-11-22T22:00", "2026-11-23T06:30"),
        ("2026-11-23T00:00", "2026-11-23T06:30"),
        ("2026-11-23T06:29", "2026-11-23T06:30"),
        ("2026-11-23T06:30", None),
        ("2026-12-24T21:00", None),
        ("2026-12-24T23:00", "2026-12-27T06:30"),  # the night, the two days, and the night after them
        ("2026-12-25T12:00", "2026-12-27T06:30"),
        ("2031-12-25T12:00", "2031-12-26T06:30"),  # every year
    ],
)
def test_nobody_is_told_in_quiet_hours_and_on_excluded_dates(local: str, until: str | None) -> None:
    zone = ZoneInfo("America/Toronto")
    boxing_day = frozenset({date(2026, 12, 26)})
    alert = subscription(at=AT_ONCE, quiet=NIGHT, not_on_yearly=frozenset({(12, 25)}), not_on=boxing_day)
    now = datetime.fromisoformat(local).replace(tzinfo=zone)
    assert due.silent_until(alert, now) == (until and datetime.fromisoformat(until).replace(tzinfo=zone))


def test_who_is_never_told_is_told_never() -> None:
    for schedule in (weekly(time(7)), AT_ONCE, Schedule(text="", every=timedelta(hours=1))):
        never = subscription(at=schedule, not_on_yearly=EVERY_DATE, quiet=NIGHT)
        assert due.silent_until(never, NOW) == due.NEVER == datetime.max.replace(tzinfo=UTC)
        assert due.latest_slot(never, NOW) is None
        assert due.next_slot(never, NOW) is None


def test_a_digest_of_leap_days_waits_for_them() -> None:
    leap = subscription(at=weekly(time(7)), not_on_yearly=EVERY_DATE - {(2, 29)})
    latest, coming = due.latest_slot(leap, NOW), due.next_slot(leap, NOW)
    assert latest is not None
    assert coming is not None
    assert (latest.name, coming.name) == ("2024-02-29T07:00", "2028-02-29T07:00")


@pytest.mark.parametrize(
    ("now", "name", "at"),
    [
        ("2026-11-23T02:00", "2026-11-22T20:00", "2026-11-23T01:00"),  # 20:00 in Toronto
        ("2026-11-23T11:29", "2026-11-22T20:00", "2026-11-23T01:00"),  # those of 23:00 and 05:00 wait
        ("2026-11-23T11:30", "2026-11-23T05:00", "2026-11-23T11:30"),  # and are served as one
    ],
)
def test_slots_of_quiet_hours_keep_their_names_and_wait_for_the_end(now: str, name: str, at: str) -> None:
    often = subscription(at=weekly(time(5), time(20), time(23)), quiet=NIGHT)
    slot = due.latest_slot(often, utc(now))
    assert slot is not None
    assert (slot.name, slot.at) == (name, utc(at))


def test_quiet_hours_that_end_when_an_excluded_date_begins_are_one_silence() -> None:
    evening = Quiet(since=time(22), until=time(0))
    daily = subscription(at=weekly(time(20), time(23)), quiet=evening, not_on=frozenset({date(2026, 11, 24)}))
    during, after = due.latest_slot(daily, utc("2026-11-24T17:00")), due.latest_slot(daily, utc("2026-11-25T05:00"))
    assert during is not None
    assert after is not None
    assert (during.name, during.at) == ("2026-11-23T20:00", utc("2026-11-24T01:00"))
    assert (after.name, after.at) == ("2026-11-23T23:00", utc("2026-11-25T05:00"))


def test_quiet_hours_without_length_are_none() -> None:
    assert due.silent_until(subscription(at=AT_ONCE, quiet=Quiet(since=time(7), until=time(7))), NOW) is None


def test_a_skipped_day_keeps_its_slots_and_its_silence() -> None:
    # Pacific/Apia went from 2011-12-29, 24:00 (10:00Z) to 2011-12-31, 00:00
    weekend = frozenset({(4, time(23)), (5, time(7))})
    told = subscription(at=Schedule(text="", moments=weekend), timezone="Pacific/Apia")
    saturday, friday = due.next_slot(told, utc("2011-12-30T12:00")), due.latest_slot(told, utc("2011-12-31T09:30"))
    assert saturday is not None
    assert friday is not None
    assert (saturday.name, saturday.at) == ("2011-12-31T07:00", utc("2011-12-30T17:00"))
    assert (friday.name, friday.at) == ("2011-12-30T23:00", utc("2011-12-31T09:00"))
    every = Schedule(text="", every=MINUTE)
    night = Quiet(since=time(23), until=time(3))
    often = subscription(at=every, timezone="Pacific/Apia", quiet=night, not_on=frozenset({date(2011, 12, 31)}))
    latest = due.latest_slot(often, utc("2011-12-30T12:00"))
    assert latest is not None
    assert latest.name == "2011-12-30T08:59Z"


def test_an_excluded_date_that_begins_twice_is_one_silence() -> None:
    # America/St_Johns went from 2005-10-30, 00:01 (02:31Z) back to the 29th, 23:01
    alert = subscription(at=AT_ONCE, timezone="America/St_Johns", not_on=frozenset({date(2005, 10, 30)}))
    assert due.silent_until(alert, utc("2005-10-30T02:29")) is None
    assert due.silent_until(alert, utc("2005-10-30T03:00")) == utc("2005-10-31T03:30")


def test_an_excluded_date_has_no_slots_and_intervals_wait_for_its_end() -> None:
    off = frozenset({date(2026, 11, 24)})
    daily = due.latest_slot(subscription(at=weekly(time(7)), not_on=off), utc("2026-11-24T18:00"))
    assert daily is not None
    assert daily.name == "2026-11-23T07:00"
    even = subscription(at=Schedule(text="", every=timedelta(hours=2)), not_on=off)
    waiting, coming = due.latest_slot(even, utc("2026-11-24T18:00")), due.next_slot(even, utc("2026-11-24T18:00"))
    assert waiting is not None
    assert coming is not None
    assert waiting.name == "2026-11-24T04:00Z"
    assert (coming.name, coming.at) == ("2026-11-25T04:00Z", utc("2026-11-25T05:00"))


@pytest.mark.parametrize(
    ("since", "until", "silent", "told"),
    [
        # America/Toronto, 2026-11-01: 01:00 to 02:00 happens at 05:00Z, and again at 06:00Z
        ("22:00", "01:30", ["05:29", "05:45", "06:29"], ["06:30"]),
        ("01:30", "06:00", ["05:30", "06:00", "06:15", "10:59"], ["05:29", "11:00"]),
        ("22:00", "01:00", ["04:59"], ["05:00", "06:00"]),
    ],
)
def test_quiet_hours_are_one_stretch_where_an_hour_happens_twice(
    since: str, until: str, silent: list[str], told: list[str]
) -> None:
    alert = subscription(at=AT_ONCE, quiet=Quiet(since=time.fromisoformat(since), until=time.fromisoformat(until)))
    for hour in silent:
        assert due.silent_until(alert, utc(f"2026-11-01T{hour}")) is not None
    for hour in told:
        assert due.silent_until(alert, utc(f"2026-11-01T{hour}")) is None


@pytest.mark.parametrize(
    ("since", "until", "silent", "told"),
    [
        # America/Toronto, 2026-03-08: at 07:00Z clocks go from 02:00 to 03:00
        ("22:00", "02:30", ["06:59"], ["07:00"]),
        ("02:30", "06:00", ["07:00", "09:59"], ["06:59", "10:00"]),
        ("02:10", "02:50", [], ["06:59", "07:00", "07:10", "07:30"]),
    ],
)
def test_quiet_hours_that_begin_or_end_in_a_skipped_hour_do_so_when_it_is_skipped(
    since: str, until: str, silent: list[str], told: list[str]
) -> None:
    alert = subscription(at=AT_ONCE, quiet=Quiet(since=time.fromisoformat(since), until=time.fromisoformat(until)))
    for hour in silent:
        assert due.silent_until(alert, utc(f"2026-03-08T{hour}")) is not None
    for hour in told:
        assert due.silent_until(alert, utc(f"2026-03-08T{hour}")) is None


@cache
def walls(zone: str, start: datetime) -> list[datetime]:
    """What a clock there shows in each minute of nine days."""
    shown = ((start + number * MINUTE).astimezone(ZoneInfo(zone)) for number in range(9 * 24 * 60))
    return [each.replace(tzinfo=None) for each in shown]


class MinuteByMinute:
    """What a subscription means from a clock on the wall that is looked at every minute for nine days."""

    def __init__(self, told: Subscription, middle: datetime) -> None:
        self.start = middle - timedelta(days=4, hours=12)
        self.walls = walls(told.timezone, self.start)
        self.count = len(self.walls)
        first, last = self.walls[0].date(), self.walls[-1].date()
        dates = [first + number * DAY for number in range(-1, (last - first).days + 2)]
        off = {day for day in dates if day in told.not_on or (day.month, day.day) in told.not_on_yearly}
        silent: set[int] = set()
        for day in dates:
            if told.quiet is not None:
                end = day if told.quiet.since < told.quiet.until else day + DAY
                silent |= self._between(
                    datetime.combine(day, told.quiet.since), datetime.combine(end, told.quiet.until)
                )
            if day in off:
                silent |= self._between(datetime.combine(day, time()), datetime.combine(day + DAY, time()))
        self.told: list[int | None] = [None] * self.count  # the next minute in which a reader may be told
        upcoming: int | None = None
        for minute in reversed(range(self.count)):
            upcoming = upcoming if minute in silent else minute
            self.told[minute] = upcoming
        named = [datetime.combine(day, hour) for day in dates for weekday, hour in told.at.moments
                 if weekday == day.weekday() and day not in off]  # fmt: skip
        own = {wall: number for wall in named if (number := self._own(wall)) is not None and number < self.count}
        self.slots = [
            (at, number, f"{wall:%Y-%m-%dT%H:%M}")
            for wall, number in own.items()
            if (at := self.told[number]) is not None
        ]

    def _between(self, since: datetime, until: datetime) -> set[int]:
        """From the first minute that is not before `since` to the last one before `until`."""
        begin = next((number for number, wall in enumerate(self.walls) if wall >= since), self.count)
        end = max((number for number, wall in enumerate(self.walls) if wall < until), default=-1)
        return set(range(begin, end + 1))

    def _own(self, wall: datetime) -> int | None:
        """The first minute that shows it; of one that is skipped, the one that would, had clocks not changed."""
        after = next((number for number, each in enumerate(self.walls) if each >= wall), 0)
        if after == 0:
            return None
        return after + (wall - self.walls[after - 1] - MINUTE) // MINUTE if self.walls[after] != wall else after

    def latest(self, now: int) -> tuple[int, int, str] | None:
        return max((slot for slot in self.slots if slot[0] <= now), default=None)

    def next(self, now: int) -> tuple[int, int, str] | None:
        coming = [slot for slot in self.slots if slot[0] > now]
        at = min((slot[0] for slot in coming), default=None)
        return max((slot for slot in coming if slot[0] == at), default=None)


CHANGES = [
    ("America/Toronto", utc("2026-03-08T07:00")),
    ("America/Toronto", utc("2026-11-01T06:00")),
    ("Australia/Lord_Howe", utc("2026-04-04T15:00")),  # half an hour
    ("Australia/Lord_Howe", utc("2026-10-03T15:30")),
    ("Europe/Dublin", utc("2026-03-29T01:00")),  # winter is its exception
    ("Europe/Dublin", utc("2026-10-25T01:00")),
    ("Pacific/Apia", utc("2011-12-30T10:00")),  # a day that never was
    ("Pacific/Kwajalein", utc("1993-08-21T12:00")),
    ("America/St_Johns", utc("2005-10-30T02:31")),  # at 00:01, back to the day before
    ("America/Havana", utc("2026-11-01T05:00")),  # midnight happens twice
    ("America/Sao_Paulo", utc("2017-10-15T03:00")),  # midnight is skipped
]


def clock() -> st.SearchStrategy[time]:
    return st.builds(time, st.sampled_from([0, 1, 2, 3, 22, 23]) | st.integers(0, 23), st.sampled_from([0, 1, 30, 59]))


def schedules() -> st.SearchStrategy[Schedule]:
    moments = st.frozensets(st.tuples(st.integers(0, 6), clock()), min_size=1, max_size=12)
    return st.builds(lambda found: Schedule(text="drawn", moments=found), moments)


def quiets() -> st.SearchStrategy[Quiet | None]:
    both = st.tuples(clock(), clock()).filter(lambda pair: pair[0] != pair[1])
    return st.none() | both.map(lambda pair: Quiet(since=pair[0], until=pair[1]))


@given(st.sampled_from(CHANGES), schedules(), quiets(), st.frozensets(st.integers(-2, 2), max_size=3), st.data())
def test_slots_are_those_that_a_look_at_the_clock_every_minute_finds(
    change: tuple[str, datetime], schedule: Schedule, quiet: Quiet | None, off: frozenset[int], data: st.DataObject
) -> None:
    zone, at = change
    day = at.astimezone(ZoneInfo(zone)).date()
    told = subscription(at=schedule, timezone=zone, quiet=quiet, not_on=frozenset(day + number * DAY for number in off))
    looked = MinuteByMinute(told, at)
    for minute in data.draw(st.lists(st.integers(-1500, 1500), min_size=1, max_size=6)):
        number = looked.count // 2 + minute
        now = looked.start + number * MINUTE
        told_at = looked.told[number]
        assert told_at is not None
        assert due.silent_until(told, now) == (None if told_at == number else looked.start + told_at * MINUTE)
        for found, expected in [
            (due.latest_slot(told, now), looked.latest(number)),
            (due.next_slot(told, now), looked.next(number)),
        ]:
            if expected is not None:  # else it lies outside the nine days
                assert found is not None
                assert (found.name, found.at) == (expected[2], looked.start + expected[0] * MINUTE)


@given(
    st.sampled_from(sorted(available_timezones())),
    schedules() | st.integers(1, 100_000).map(lambda minutes: Schedule(text="", every=timedelta(minutes=minutes))),
    quiets(),
    st.frozensets(st.integers(-40, 40), max_size=60),
    st.frozensets(st.sampled_from(sorted(EVERY_DATE)), max_size=200),
    st.datetimes(datetime(1975, 1, 1), datetime(9000, 1, 1)),  # noqa: DTZ001
    st.lists(st.timedeltas(-20 * DAY, 20 * DAY), min_size=2, max_size=8),
)
def test_slots_are_never_early_never_in_silence_and_never_go_back(
    zone: str,
    schedule: Schedule,
    quiet: Quiet | None,
    off: frozenset[int],
    yearly: frozenset[tuple[int, int]],
    moment: datetime,
    later: list[timedelta],
) -> None:
    middle = moment.replace(tzinfo=UTC)
    not_on = frozenset(moment.date() + number * DAY for number in off)
    told = subscription(at=schedule, timezone=zone, quiet=quiet, not_on=not_on, not_on_yearly=yearly)
    before = None
    for now in sorted(middle + length for length in later):
        latest, coming = due.latest_slot(told, now), due.next_slot(told, now)
        assert latest is not None
        assert coming is not None
        assert latest.at <= now < coming.at
        assert before is None or (before.at, before.name) <= (latest.at, latest.name)
        assert due.latest_slot(told, coming.at) == coming
        assert due.latest_slot(told, coming.at - datetime.resolution) == latest
        for slot in (latest, coming):
            assert due.silent_until(told, slot.at) is None
            shown = slot.at.astimezone(ZoneInfo(zone))
            named = date.fromisoformat(slot.name[:10])
            for day in (shown.date(), *([named] if schedule.moments else [])):
                assert day not in not_on
                assert (day.month, day.day) not in yearly
            assert quiet is None or not in_quiet(quiet, shown.time())
        until = due.silent_until(told, now)
        assert until is None or (until > now and due.silent_until(told, until) is None)
        before = latest


def in_quiet(quiet: Quiet, hour: time) -> bool:
    if quiet.since < quiet.until:
        return quiet.since <= hour < quiet.until
    return not quiet.until <= hour < quiet.since
