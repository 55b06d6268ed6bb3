"""What is due, and when next: pure decisions about visits, second tries and digest slots."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.types import Schedule, Slot, Source, SourceState, Subscription

_LONGEST_BACK_OFF = timedelta(hours=1)
_PAGE_TRIES = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(hours=12), timedelta(hours=24))
_MAIL_FIRST = timedelta(minutes=1)
_MAIL_LONGEST = timedelta(hours=4)
_MAIL_GIVE_UP = timedelta(days=5)  # RFC 5321, 4.5.4.1: "at least 4-5 days"


def next_visit(source: Source, state: SourceState | None) -> datetime:
    """Returns when a source is to be visited: now for a new one, after `every`, later after failures.

    Each failure in a row doubles the wait, up to an hour (or `every`, where that is longer). A server's Retry-After
    counts as a lower bound.
    """
    if state is None or state.last_visit_at is None:
        return datetime.min.replace(tzinfo=UTC)
    wait = source.every
    if state.failures > 1:
        wait = min(wait * 2 ** min(state.failures - 1, 10), max(wait, _LONGEST_BACK_OFF))
    when = state.last_visit_at + wait
    return max(when, state.not_before) if state.not_before else when


def due_sources(sources: Iterable[Source], states: Mapping[str, SourceState], now: datetime) -> list[Source]:
    """Returns the enabled sources to visit now, the longest overdue first."""
    waiting = [(next_visit(source, states.get(source.id)), source) for source in sources if source.enabled]
    return [source for when, source in sorted(waiting, key=lambda pair: (pair[0], pair[1].id)) if when <= now]


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
