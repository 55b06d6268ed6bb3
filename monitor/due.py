"""What is due, and when next: pure decisions about visits, second tries and digest slots."""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.types import Schedule, Slot, Source, SourceState, Subscription, Trouble, Wishes

_FASTER, _SLOWER = 0.6, 1.14  # ln 0.6 + 4 × ln 1.14 = 0: one visit in five that brings something keeps the interval
_LONGEST_BACK_OFF = {
    Trouble.TEMPORARY: timedelta(hours=1),
    Trouble.SOFT: timedelta(hours=2),
    Trouble.HARD: timedelta(hours=6),
}
_LONGEST_WISH = timedelta(hours=1)
_CLOCK_MAY_GO_BACK = timedelta(minutes=1)
_PAGE_TRIES = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(hours=12), timedelta(hours=24))
_MAIL_FIRST = timedelta(minutes=1)
_MAIL_LONGEST = timedelta(hours=4)
_MAIL_GIVE_UP = timedelta(days=5)  # RFC 5321, 4.5.4.1: "at least 4-5 days"


def interval(source: Source, state: SourceState) -> timedelta:
    """Returns the time between two visits of a source that is well: `every`, or what habit made of its bounds."""
    if source.slowest is None:
        return source.every
    return min(max(state.interval or source.every, source.every), source.slowest)


def next_interval(source: Source, state: SourceState, *, brought: bool, overran: bool) -> timedelta:
    """Returns the interval after a good visit: shorter where it brought something, a little longer where not.

    Where every fifth visit brings something it stays as it is. A list that turned over between two visits is visited
    as often as the operator allows from then on.
    """
    if overran:
        return source.every
    wait = interval(source, state) * (_FASTER if brought else _SLOWER)
    return min(max(wait, source.every), source.slowest or source.every)


def next_visit(source: Source, state: SourceState | None) -> datetime:
    """Returns when a source is to be visited: now for a new one, an interval after the last visit, later in trouble.

    Failures in a row double the wait, by their sort: four temporary ones, two soft ones, or one hard one. A temporary
    trouble never makes it longer than an hour, a hard one never longer than six (or the interval, where that is
    longer); some jitter keeps sources that failed together from coming back together. A server's Retry-After is a
    lower bound. What the answer wished (Cache-Control, `ttl`) is one too, up to an hour or the source's slowest
    interval; in hours and on days that the feed wants skipped it is not visited.
    """
    if state is None or state.last_visit_at is None:
        return (state and state.not_before) or datetime.min.replace(tzinfo=UTC)
    wait = usual = interval(source, state)
    if state.failures:
        longest = max(usual, _LONGEST_BACK_OFF[state.trouble or Trouble.TEMPORARY])
        wait = min(usual * 2 ** min(state.strain, 10), longest)
        wait = max(usual, wait - wait * _jitter(source.id, state.last_visit_at))
    when = state.last_visit_at + wait
    if not state.failures:
        wished = max(state.fresh_for or timedelta(0), state.wishes.ttl or timedelta(0))
        when = max(when, state.last_visit_at + min(wished, max(source.slowest or usual, _LONGEST_WISH)))
        when = _after_skipped(when, state.wishes)
    return max(when, state.not_before) if state.not_before else when


def _after_skipped(when: datetime, wishes: Wishes) -> datetime:
    """Moves a time on to the first hour that the feed does not want skipped; a feed that wants all skipped is odd."""
    if not wishes.skip_hours and not wishes.skip_days:
        return when
    for hours in range(24 * 7):
        moved = when if hours == 0 else when.replace(minute=0, second=0, microsecond=0) + timedelta(hours=hours)
        if moved.hour not in wishes.skip_hours and moved.weekday() not in wishes.skip_days:
            return moved
    return when


def _jitter(source_id: str, at: datetime) -> float:
    """Returns a share from 0 to a fifth that is the same whenever it is asked for."""
    return zlib.crc32(f"{source_id} {at.timestamp()}".encode()) / 2**32 / 5


def due_sources(sources: Iterable[Source], states: Mapping[str, SourceState], now: datetime) -> list[Source]:
    """Returns the enabled sources to visit now, the longest overdue first.

    A last visit that lies ahead is the work of a clock that was wrong: such a source is due, or it never would be.
    """
    enabled = [source for source in sources if source.enabled]
    waiting = [
        (now if from_the_future(states.get(source.id), now) else next_visit(source, states.get(source.id)), source)
        for source in enabled
    ]
    return [source for when, source in sorted(waiting, key=lambda pair: (pair[0], pair[1].id)) if when <= now]


def from_the_future(state: SourceState | None, now: datetime) -> bool:
    """Says whether the last visit was noted by a clock that was ahead of this one by more than it may be corrected."""
    return state is not None and state.last_visit_at is not None and state.last_visit_at - now > _CLOCK_MAY_GO_BACK


def next_page_try(failures: int, now: datetime) -> datetime | None:
    """Returns when a page that failed (`failures` times before this one) is tried again; None: it stays partial."""
    return now + _PAGE_TRIES[failures] if failures < len(_PAGE_TRIES) else None


def next_mail_try(attempts: int, created_at: datetime, now: datetime) -> datetime | None:
    """Returns when a message that failed is sent again: doubling from a minute to four hours, for five days."""
    if now - created_at >= _MAIL_GIVE_UP:
        return None
    wait: timedelta = _MAIL_FIRST * 2 ** min(attempts, 10)
    return now + min(wait, _MAIL_LONGEST)


def latest_slot(subscription: Subscription, now: datetime) -> Slot | None:
    """Returns the newest slot of a subscription's calendar that is not in the future; None for `at once`.

    A slot is named by its local date and time, so that it is one slot across both clock changes: an hour that happens
    twice counts the first time, one that is skipped counts as if the clock had not changed (PEP 495).
    """
    passed = [slot for slot in _slots_around(subscription, now) if slot.at <= now]
    return max(passed, key=lambda slot: slot.at, default=None)


def next_slot(subscription: Subscription, now: datetime) -> Slot | None:
    """Returns the next slot of a subscription's calendar; None for `at once`."""
    coming = [slot for slot in _slots_around(subscription, now) if slot.at > now]
    return min(coming, key=lambda slot: slot.at, default=None)


def slot_now(subscription: Subscription, now: datetime) -> Slot:
    """Returns a slot of its own for a digest asked for at this moment."""
    return Slot(name=f"now-{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}", at=now, scheduled=False)


def _slots_around(subscription: Subscription, now: datetime) -> Iterator[Slot]:
    schedule, zone = subscription.at, ZoneInfo(subscription.timezone)
    if schedule.every is not None:
        yield from _even_slots(schedule.every, now)
    today = now.astimezone(zone).date()
    for days in range(-8, 9):
        yield from _slots_of_day(schedule, today + timedelta(days=days), zone)


def _slots_of_day(schedule: Schedule, day: date, zone: ZoneInfo) -> Iterator[Slot]:
    if schedule.at_once or schedule.every is not None or day.weekday() not in schedule.weekdays:
        return
    for hour in schedule.times:
        local = datetime.combine(day, hour, tzinfo=zone)
        yield Slot(name=f"{local:%Y-%m-%dT%H:%M}", at=local.astimezone(UTC))


def _even_slots(every: timedelta, now: datetime) -> Iterator[Slot]:
    """Every so often, counted from the epoch: the same slots whenever the program was started."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    count = (now - epoch) // every
    for at in (epoch + every * count, epoch + every * (count + 1)):
        yield Slot(name=f"{at:%Y-%m-%dT%H:%MZ}", at=at)
