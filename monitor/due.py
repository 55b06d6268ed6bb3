"""What is due, and when next: pure decisions about visits, second tries, digest slots and alerts."""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.types import Slot, Source, SourceState, Subscription, Trouble, Wishes

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
_MAIL_TRIES = 8  # two hours of them: a server that asks strangers to come again is content with less
_ALERT_WAITS = 5  # times `gather`, while more and more comes
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_INSTANT = datetime.resolution
_YEAR_HAS = 366  # dates, in leap years
NEVER = datetime.max.replace(tzinfo=UTC)
"""When a reader may be told whose every date is excluded."""


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


def next_mail_try(
    attempts: int, created_at: datetime, now: datetime, *, retry_after: timedelta | None = None
) -> datetime | None:
    """Returns when a message that failed is sent again: doubling from a minute to four hours, for five days.

    `attempts` are those before this one. One that was tried less than eight times, because its reader was paused, the
    outbox held or the machine off, is tried on after that. What the other side asked for (`retry_after`) is a lower
    bound, as far as the five days allow: then comes a last try. A message that a clock made ahead of time counts as
    made now.
    """
    give_up = min(created_at, now) + _MAIL_GIVE_UP
    if now >= give_up and attempts + 1 >= _MAIL_TRIES:
        return None
    wait: timedelta = _MAIL_FIRST * 2 ** min(attempts, 10)
    asked = max(min(retry_after or timedelta(0), give_up - now), timedelta(0))
    return now + max(min(wait, _MAIL_LONGEST), asked)


def alert_due(oldest: datetime, newest: datetime, gather: timedelta, now: datetime) -> bool:
    """Says whether an alert goes out whose first and last entries came at these times.

    It does when nothing came for `gather`, at the latest five times `gather` after the first, so that no deluge keeps
    it back. An entry of a time that is still to come is the work of a clock that was ahead: it holds nothing up.
    """
    return oldest > now or now - newest >= gather or now - oldest >= _ALERT_WAITS * gather


def latest_slot(subscription: Subscription, now: datetime) -> Slot | None:
    """Returns the newest slot of a subscription's calendar that is not in the future; None for `at once`.

    A slot is named by its local date and time, so that it is one slot across both clock changes: an hour that happens
    twice counts the first time, one that is skipped counts as if the clock had not changed (PEP 495). No slot is named
    on an excluded date. A slot that would fall into quiet hours keeps its name and is `at` their end; so is one of
    `every` on an excluded date. Of several that are at one time, it is the last.
    """
    if (latest := _latest_before_silence(subscription, now)) is None or (named := _named(subscription, latest)) is None:
        return None
    at = silent_until(subscription, named.at)
    return named if at is None else Slot(name=named.name, at=at)


def next_slot(subscription: Subscription, now: datetime) -> Slot | None:
    """Returns the next slot of a subscription's calendar, as `latest_slot` will when its time has come.

    None for `at once`, and where every date is excluded.
    """
    if (latest := _latest_before_silence(subscription, now)) is None:
        return None
    first = _named_after(subscription, latest)
    return None if first is None else latest_slot(subscription, silent_until(subscription, first) or first)


def slot_now(subscription: Subscription, now: datetime) -> Slot:
    """Returns a slot of its own for a digest asked for at this moment."""
    return Slot(name=f"now-{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}", at=now, scheduled=False)


def silent_until(subscription: Subscription, now: datetime) -> datetime | None:
    """Returns when a reader may next be told, where `now` is in quiet hours or on an excluded date; None: now.

    Quiet hours are one stretch also on the night in which an hour happens twice: from the first time that clocks show
    their beginning until the last that they show their end. One that would begin or end in an hour that is skipped
    does so when it is skipped. It is `NEVER` where all dates are excluded.
    """
    if not (subscription.quiet or subscription.not_on or subscription.not_on_yearly):
        return None
    if len(subscription.not_on_yearly) == _YEAR_HAS:
        return NEVER
    at = now
    while stretch := next((each for each in _stretches(subscription, at) if each[0] <= at < each[1]), None):
        at = stretch[1]
    return at if at > now else None


def _silent_since(subscription: Subscription, at: datetime) -> datetime:
    """Returns when a silence that holds this time began."""
    while stretch := next((each for each in _stretches(subscription, at) if each[0] < at <= each[1]), None):
        at = stretch[0]
    return at


def _latest_before_silence(subscription: Subscription, now: datetime) -> datetime | None:
    """Returns the time up to which slots are due by their own time: what came after it waits. None: nothing ever is."""
    until = silent_until(subscription, now)
    if until is None:
        return now
    return None if until == NEVER else _silent_since(subscription, now) - _INSTANT


def _excluded(subscription: Subscription, day: date) -> bool:
    return day in subscription.not_on or (day.month, day.day) in subscription.not_on_yearly


def _stretches(subscription: Subscription, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yields the times of silence about a time, each from its beginning until its end; some may be empty."""
    zone, quiet = ZoneInfo(subscription.timezone), subscription.quiet
    today = at.astimezone(zone).date()
    # Yesterday's may last, the day before yesterday's where a day was skipped; tomorrow may begin twice.
    for day in (today + number * _DAY for number in range(-2, 2)):
        if quiet is not None:
            end = day if quiet.since <= quiet.until else day + _DAY
            yield (
                _shown(datetime.combine(day, quiet.since), zone),
                _shown(datetime.combine(end, quiet.until), zone, for_good=True),
            )
        if _excluded(subscription, day):
            first, last = day, day
            while _excluded(subscription, first - _DAY):
                first -= _DAY
            while _excluded(subscription, last + _DAY):
                last += _DAY
            midnight = datetime.min.time()
            yield (
                _shown(datetime.combine(first, midnight), zone),
                _shown(datetime.combine(last + _DAY, midnight), zone, for_good=True),
            )


def _shown(wall: datetime, zone: ZoneInfo, *, for_good: bool = False) -> datetime:
    """Returns when clocks first show a time or a later one; `for_good`: from when on they show no earlier one."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first > second:  # skipped, and each reckoned by the other side's offset (PEP 495)
        return _change(zone, second, first)
    if for_good and first < second:
        set_back = (second - _INSTANT).astimezone(zone).replace(tzinfo=None) < wall  # to before it, not to it
        return second if set_back else first
    return first


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Returns when, between two times in UTC, the zone changed its offset; changes are at whole seconds."""
    old = before.astimezone(zone).utcoffset()
    times = [before, after]
    while times[1] - times[0] > _SECOND:
        middle = times[0] + (times[1] - times[0]) // _SECOND // 2 * _SECOND
        times[middle.astimezone(zone).utcoffset() != old] = middle
    return times[1]


def _named(subscription: Subscription, at: datetime) -> Slot | None:
    """Returns the newest slot whose own time is not after `at`."""
    if (every := subscription.at.every) is not None:
        return _even_slot(every, (at - _EPOCH) // every)
    for day, beyond in _days(subscription, at, -_DAY):
        if any(slot.at <= at for slot in day):
            return max((slot for slot in day + beyond if slot.at <= at), key=lambda slot: (slot.at, slot.name))
    return None


def _named_after(subscription: Subscription, at: datetime) -> datetime | None:
    """Returns the own time of the first slot after `at`."""
    if (every := subscription.at.every) is not None:
        return _even_slot(every, (at - _EPOCH) // every + 1).at
    for day, beyond in _days(subscription, at, _DAY):
        if any(slot.at > at for slot in day):
            return min(slot.at for slot in day + beyond if slot.at > at)
    return None


def _days(subscription: Subscription, at: datetime, step: timedelta) -> Iterator[tuple[list[Slot], list[Slot]]]:
    """Yields the slots of a day and those of the next by `step`, to the end of the calendar, from one step before `at`.

    Both, because a skipped day's slots have their times on the next (Apia, 2011-12-30).
    """
    zone = ZoneInfo(subscription.timezone)
    day = at.astimezone(zone).date() - step
    here = _slots_of_day(subscription, day, zone)
    while subscription.at.moments and date.min.year + 1 < day.year < date.max.year - 1:
        day += step
        beyond = _slots_of_day(subscription, day, zone)
        yield here, beyond
        here = beyond


def _slots_of_day(subscription: Subscription, day: date, zone: ZoneInfo) -> list[Slot]:
    """The slots named on a date, each at its own time."""
    hours = [hour for weekday, hour in subscription.at.moments if weekday == day.weekday()]
    if not hours or _excluded(subscription, day):
        return []
    walls = (datetime.combine(day, hour, tzinfo=zone) for hour in hours)
    return [Slot(name=f"{wall:%Y-%m-%dT%H:%M}", at=wall.astimezone(UTC)) for wall in walls]


def _even_slot(every: timedelta, count: int) -> Slot:
    """Every so often, counted from the epoch: the same slots whenever the program was started."""
    at = _EPOCH + every * count
    return Slot(name=f"{at:%Y-%m-%dT%H:%MZ}", at=at)
