"""How a source is doing: what is made of an answer, and what an operator is told."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import health
from monitor.types import Arrival, Burst, Condition, Day, SourceState, Span, Trouble
from tests.builders import NOW, source

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def state(**changed: object) -> SourceState:
    """A source that was added a month ago and answered an hour ago."""
    fields: dict[str, object] = {"source_id": "desk", "first_visit_at": NOW - 30 * DAY, "last_visit_at": NOW - HOUR}
    fields |= {"last_good_at": NOW - HOUR, "last_new_at": NOW - HOUR, "listed": 50}
    return SourceState(**fields | changed)  # type: ignore[arg-type]


def days(*new: int, until: datetime = NOW, visits: int = 10) -> tuple[Day, ...]:
    """Days with so many new items, the last of them today; 0 for a day that brought nothing."""
    dates = [(until - DAY * back).date() for back in range(len(new) - 1, -1, -1)]
    return tuple(Day(day=day, visits=visits, new=count) for day, count in zip(dates, new, strict=True) if count)


def arrival(new: int, *, known: int = 10, age: timedelta | None = HOUR, **changed: object) -> Arrival:
    fields: dict[str, object] = {"at": NOW, "state": state(), "listed": new + known, "known": known}
    fields |= {"dates": (None if age is None else NOW - age,) * new, "days": days(*[20] * 28)}
    return Arrival(**fields | changed)  # type: ignore[arg-type]


# --- bursts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("new", "held"), [(1, False), (20, False), (21, True), (500, True)])
def test_more_than_twenty_and_than_five_times_the_usual_is_a_burst(new: int, held: bool) -> None:
    assert (health.burst(arrival(new)) is not None) is held  # two a visit are usual


def test_a_source_that_always_brings_many_may() -> None:
    busy = days(*[400] * 28)  # forty a visit
    assert health.burst(arrival(199, days=busy)) is None
    assert health.burst(arrival(201, days=busy)) == "201 new items at once, 40 are usual"


def test_the_first_good_visit_is_never_a_burst() -> None:
    assert health.burst(arrival(5000, state=state(last_good_at=None), days=())) is None


def test_another_address_is_a_first_visit_too() -> None:
    moved = arrival(500, known=0, readdressed=True)
    assert health.burst(moved) is None
    assert not health.judge(source(), moved).overran


def test_a_long_pause_makes_many_usual() -> None:
    week_off = state(last_good_at=NOW - 7 * DAY)
    assert health.burst(arrival(300, state=week_off)) is None  # 20 a day for a week: 140 are usual
    assert health.burst(arrival(800, state=week_off)) is not None


def test_many_old_dates_are_a_burst_and_a_few_are_not() -> None:
    reason = health.burst(arrival(15, age=30 * DAY))
    assert reason == "15 of 15 new items are dated more than a week before the last visit"
    assert health.burst(arrival(10, age=30 * DAY)) is None
    assert health.burst(arrival(15, age=DAY)) is None
    assert health.burst(arrival(15, age=None)) is None


def test_after_a_pause_what_came_in_it_is_not_old() -> None:
    assert health.burst(arrival(15, age=15 * DAY, state=state(last_good_at=NOW - 20 * DAY))) is None


@given(st.integers(0, 20), st.lists(st.integers(0, 500), max_size=28))
def test_twenty_fresh_items_are_never_a_burst(new: int, history: list[int]) -> None:
    assert health.burst(arrival(new, days=days(*history))) is None


# --- the window ------------------------------------------------------------------------------------------------------


def test_a_list_without_anything_known_has_turned_over() -> None:
    assert health.judge(source(), arrival(10, known=0)).overran
    assert not health.judge(source(), arrival(10, known=1)).overran


def test_a_first_list_an_empty_one_and_an_unchanged_one_have_not() -> None:
    assert not health.judge(source(), arrival(10, known=0, state=state(last_good_at=None))).overran
    assert not health.judge(source(), arrival(10, known=0, state=state(listed=0))).overran
    assert not health.judge(source(), arrival(0, known=0, listed=0)).overran


# --- silence ---------------------------------------------------------------------------------------------------------


def quiet(history: Sequence[int], silence: timedelta, **changed: object) -> datetime | None:
    """A source with this history, ending when it was last heard of."""
    last = NOW - silence
    known = state(last_new_at=last, last_good_at=NOW, first_visit_at=last - len(history) * DAY, **changed)
    return health.quiet_since(known, days(*history, until=last))


@pytest.mark.parametrize(
    ("history", "silence", "strange"),
    [
        ([20] * 28, 12 * HOUR, False),
        ([20] * 28, 2 * DAY, True),
        ([5, 5, 5, 5, 5, 0, 0] * 4, 3 * DAY, False),  # a weekend
        ([5, 5, 5, 5, 5, 0, 0] * 4, 5 * DAY, True),
        ([0] * 13 + [1] + [0] * 13 + [1], 20 * DAY, False),  # so rare that nobody can tell
        ([20] * 5, 3 * DAY, False),  # not known long enough
    ],
)
def test_silence_is_strange_against_the_sources_own_habit(
    history: list[int], silence: timedelta, strange: bool
) -> None:
    assert (quiet(history, silence) is not None) is strange


def test_silence_counts_while_it_answers_only() -> None:
    last = NOW - 10 * DAY
    off_since = state(last_new_at=last, last_good_at=last + HOUR, first_visit_at=last - 28 * DAY)
    assert health.quiet_since(off_since, days(*[20] * 28, until=last)) is None


# --- what an operator is told ----------------------------------------------------------------------------------------


def told(**changed: object) -> list[Condition]:
    seen = health.health(source(), state(**changed), days(*[20] * 28), (), NOW)
    return [remark.condition for remark in seen.remarks]


def test_a_source_that_is_well_has_nothing_said_of_it() -> None:
    seen = health.health(source(), state(), days(*[20] * 28), (), NOW)
    assert seen.condition is Condition.WELL
    assert seen.per_week == pytest.approx(140)
    assert seen.this_week == 140


def test_where_next_to_nothing_is_usual_no_figure_is_made_up() -> None:
    assert health.burst(arrival(60, days=days())) == "60 new items at once, hardly any are usual"


def test_the_worst_comes_first() -> None:
    burst = Burst(id=1, source_id="desk", at=NOW, items=57, reason="57 new items at once, 2 are usual")
    ill = state(
        failures=3, trouble=Trouble.HARD, error="HTTP 404 Not Found", overran_at=NOW - DAY,
        moved_to="https://new.test/feed", moved_at=NOW - DAY,
    )  # fmt: skip
    seen = health.health(source(), ill, days(*[20] * 28), [burst], NOW)
    assert seen.condition is Condition.ILL
    assert [remark.condition for remark in seen.remarks] == [
        Condition.ILL, Condition.BURST, Condition.OVERRAN, Condition.MOVED,
    ]  # fmt: skip
    texts = [remark.text for remark in seen.remarks]
    assert texts[0] == "no good visit since 2026-11-22 11:00 UTC, 3 failed in a row: HTTP 404 Not Found"
    assert "roxham sources release desk" in texts[1]
    assert "visit it more often (every: 15m now)" in texts[2]
    assert texts[3].endswith("write url: https://new.test/feed")


def test_times_are_told_in_the_zone_of_the_reader_and_name_it() -> None:
    seen = health.health(source(), state(failures=1), days(*[20] * 28), (), NOW, zone=ZoneInfo("America/Toronto"))
    assert seen.remarks[0].text.startswith("no good visit since 2026-11-22 06:00 EST, ")


def test_a_source_of_which_a_part_cannot_be_read_is_not_well() -> None:
    assert told(error="part 3: HTTP 500") == [Condition.PARTIAL]


def test_an_old_turn_over_is_forgotten() -> None:
    assert told(overran_at=NOW - 6 * DAY) == [Condition.OVERRAN]
    assert told(overran_at=NOW - 8 * DAY) == []


def test_a_source_that_is_off_or_new_is_not_judged() -> None:
    assert health.health(source(enabled=False), state(failures=9), (), (), NOW).condition is Condition.OFF
    assert health.health(source(), None, (), (), NOW).condition is Condition.NEW


def test_a_source_that_nobody_visits_is_not_well() -> None:
    assert told(last_good_at=NOW - 2 * HOUR) == []
    assert told(last_good_at=NOW - 4 * HOUR) == [Condition.STALE]
    slow = source(every=DAY)
    assert health.not_seen_since(slow, state(last_good_at=NOW - 3 * DAY), NOW) is None
    assert health.not_seen_since(slow, state(last_good_at=NOW - 5 * DAY), NOW) == NOW - 5 * DAY


def test_a_source_that_never_listed_anything_is_looked_at() -> None:
    assert told(listed=0) == [Condition.QUIET]
    assert health.health(source(may_be_empty=True), state(listed=0), (), (), NOW).condition is Condition.WELL


def test_no_habit_is_told_before_a_week_has_passed() -> None:
    seen = health.health(source(), state(first_visit_at=NOW - 6 * DAY), days(3, 3), (), NOW)
    assert seen.per_week is None
    assert seen.this_week == 6


# --- coverage --------------------------------------------------------------------------------------------------------


def test_an_hour_is_observed_by_the_share_that_lies_in_spans() -> None:
    spans = [Span(since=NOW - 3 * HOUR, until=NOW - HOUR), Span(since=NOW - HOUR / 2, until=NOW)]
    shares = [health.observed(spans, NOW - hours * HOUR, NOW - hours * HOUR + HOUR) for hours in (4, 3, 2, 1)]
    assert shares == [0, 1, 1, 0.5]


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=8))
def test_a_share_is_a_share(pairs: list[tuple[int, int]]) -> None:
    minute = timedelta(minutes=1)
    spans = [Span(since=NOW + min(pair) * minute, until=NOW + max(pair) * minute) for pair in pairs]
    assert 0 <= health.observed(spans, NOW + 3 * HOUR, NOW + 4 * HOUR) <= 1


def test_days_are_days_of_the_calendar() -> None:
    assert days(1, 0, 2)[0].day == date(2026, 11, 20)
