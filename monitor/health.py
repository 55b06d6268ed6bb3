"""How a source is doing: what to make of an answer beside what came before, and what an operator should know.

All of it is pure. The habit of a source is what it brought in the 28 days up to its last news; neither its first visit
nor items that came in bulk and were not released count.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise

from monitor import due
from monitor.types import (
    Arrival,
    Burst,
    Condition,
    Day,
    Health,
    Judgement,
    Remark,
    Source,
    SourceState,
    Span,
)

HABIT = timedelta(days=28)
_MANY = 20  # new items of one visit that are never too many
_TIMES_USUAL = 5
_OLD = timedelta(days=7)
_MANY_OLD = 10  # new items with old dates that are never too many
_KNOWN_WELL = timedelta(days=7)  # of watching, before anything is said of a habit
_EXPECTED = 7.0  # items that silence must have cost before it is strange
_LONGER = 1.5  # times the longest silence so far
_RECENT = timedelta(days=7)
_LATE = 4  # intervals without a good visit
_LATE_AT_LEAST = timedelta(hours=3)
_OFF = Remark(condition=Condition.OFF, text="not enabled")
_NEW = Remark(condition=Condition.NEW, text="not visited yet")


def judge(source: Source, arrival: Arrival) -> Judgement:
    """Returns what is made of a good visit of `source`."""
    known_list = not arrival.first and not arrival.readdressed
    overran = known_list and arrival.state.listed > 0 and arrival.listed > 0 and not arrival.known
    return Judgement(
        interval=due.next_interval(source, arrival.state, brought=arrival.new > 0, overran=overran),
        overran=overran,
        burst=burst(arrival),
    )


def burst(arrival: Arrival) -> str | None:
    """Returns why the new items of a visit look like a flood and not like news; None where they do not.

    More than 20 and than five times what is usual for the time since the last good visit; or more than 10, most of
    them more than a week older than that visit. Never on a source's first good visit, nor on the first at another
    address: its list is new as a whole.
    """
    state = arrival.state
    if state.last_good_at is None or arrival.readdressed or arrival.new <= _MANY_OLD:
        return None
    usual = _usual(arrival, state.last_good_at)
    if arrival.new > max(_MANY, _TIMES_USUAL * usual):
        return f"{arrival.new} new items at once, {f'{usual:.0f}' if usual >= 0.5 else 'hardly any'} are usual"
    dated = [date for date in arrival.dates if date is not None]
    old = [date for date in dated if date < state.last_good_at - _OLD]
    if len(old) > _MANY_OLD and len(old) * 2 > arrival.new:
        return f"{len(old)} of {arrival.new} new items are dated more than a week before the last visit"
    return None


def _usual(arrival: Arrival, last_good_at: datetime) -> float:
    """Returns how many new items would be no surprise: as many as on other visits, more after a long pause."""
    if not arrival.days:
        return 0.0
    new = sum(day.new for day in arrival.days)
    each = new / sum(day.visits for day in arrival.days)
    watched = max(arrival.at - max(arrival.at - HABIT, arrival.state.first_visit_at or last_good_at), timedelta(days=1))
    return max(each, new * ((arrival.at - last_good_at) / watched))


def health(
    source: Source,
    state: SourceState | None,
    days: Sequence[Day],
    bursts: Sequence[Burst],
    now: datetime,
    *,
    zone: tzinfo = UTC,
) -> Health:
    """Returns how a source is doing: `days` of the last 28 days and longer, oldest first; `bursts` not released yet.

    Times in the remarks are those of `zone`, and name it.
    """
    this_week = sum(day.new for day in days if day.day > (now - _RECENT).date())
    if not source.enabled:
        return Health(
            remarks=(Remark(condition=Condition.OFF, text="not enabled"),), per_week=None, this_week=this_week
        )
    if state is None or state.last_visit_at is None:
        return Health(remarks=(_NEW,), per_week=None, this_week=0)
    remarks = []
    if state.failures:
        since = f"no good visit since {_day(state.last_good_at, zone)}" if state.last_good_at else "never a good visit"
        text = f"{since}, {state.failures} failed in a row: {state.error or 'no reason is known'}"
        remarks.append(Remark(condition=Condition.ILL, text=text))
    elif stale_since := not_seen_since(source, state, now):
        text = (
            f"not visited since {_day(stale_since, zone)}: the service does not run, or its host asked to be left alone"
        )
        remarks.append(Remark(condition=Condition.STALE, text=text))
    if state.error is not None and not state.failures:
        remarks.append(Remark(condition=Condition.PARTIAL, text=f"not all of it can be read: {state.error}"))
    for one in bursts:
        text = (
            f"{one.reason} ({_day(one.at, zone)}): kept, but held back from mails until "
            f"`roxham sources release {source.id}`"
        )
        remarks.append(Remark(condition=Condition.BURST, text=text))
    if overran_at := lately_overran(state, now):
        text = (
            f"on {_day(overran_at, zone)} its list had nothing in common with the one before: items may have been "
            f"missed; visit it more often (every: {_minutes(due.interval(source, state))} now)"
        )
        remarks.append(Remark(condition=Condition.OVERRAN, text=text))
    if since_when := quiet_since(state, days):
        text = f"answers, but has brought nothing since {_day(since_when, zone)}; it was never silent for so long"
        remarks.append(Remark(condition=Condition.QUIET, text=text))
    if state.last_good_at is not None and not state.listed and not source.may_be_empty:
        text = "answers, but has never listed anything: is its address right?"
        remarks.append(Remark(condition=Condition.QUIET, text=text))
    if state.moved_to is not None and state.moved_at is not None:
        text = f"redirects for good since {_day(state.moved_at, zone)}; write url: {state.moved_to}"
        remarks.append(Remark(condition=Condition.MOVED, text=text))
    return Health(remarks=tuple(remarks), per_week=_per_week(state, days, now), this_week=this_week)


def not_seen_since(source: Source, state: SourceState, now: datetime) -> datetime | None:
    """Returns when a source was last seen, where that is much longer ago than it should be; None where all is well."""
    late = state.last_good_at is not None and now - state.last_good_at > max(
        _LATE * due.interval(source, state), _LATE_AT_LEAST
    )
    return state.last_good_at if late else None


def lately_overran(state: SourceState, now: datetime) -> datetime | None:
    """Returns when the list last turned over between two visits, where that was in the last seven days."""
    return state.overran_at if state.overran_at is not None and now - state.overran_at < _RECENT else None


def quiet_since(state: SourceState, days: Sequence[Day]) -> datetime | None:
    """Returns since when a source that answers has been silent against its own habit; None where all is as usual.

    Silence counts up to the last good visit. It is strange when seven items would have been usual in it, and it is half
    as long again as the longest silence of the 28 days before it.
    """
    if state.last_new_at is None or state.last_good_at is None or state.first_visit_at is None:
        return None
    begin = max(state.last_new_at - HABIT, state.first_visit_at)
    watched = state.last_new_at - begin
    silence = state.last_good_at - state.last_new_at
    bringing = [day for day in days if begin.date() <= day.day <= state.last_new_at.date()]
    if watched < _KNOWN_WELL or not bringing:
        return None
    dates = [begin.date(), *(day.day for day in bringing)]
    longest = max(later - earlier for earlier, later in pairwise(dates))
    expected = sum(day.new for day in bringing) * (silence / watched)
    strange = expected >= _EXPECTED and silence > _LONGER * max(longest, timedelta(days=1))
    return state.last_new_at if strange else None


def _per_week(state: SourceState, days: Sequence[Day], now: datetime) -> float | None:
    if state.first_visit_at is None or now - state.first_visit_at < _KNOWN_WELL:
        return None
    begin = max(now - HABIT, state.first_visit_at)
    return sum(day.new for day in days if day.day >= begin.date()) * (timedelta(days=7) / (now - begin))


def observed(spans: Sequence[Span], since: datetime, until: datetime) -> float:
    """Returns which share of a time, such as an hour, lies within the spans: 0 not looked at, 1 observed."""
    if until <= since:
        return 0.0
    inside = sum(
        (max(min(span.until, until) - max(span.since, since), timedelta(0)) for span in spans), start=timedelta(0)
    )
    return min(inside / (until - since), 1.0)


def _day(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def _minutes(length: timedelta) -> str:
    return f"{length.total_seconds() / 60:.0f}m"
