"""When a digest is due, and when not, as an operator writes it: `weekdays 07:00, 16:00`, `at once`, `12-25`."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import MINYEAR, date, time, timedelta

from monitor.config.values import duration, kind_of, suggestion, text
from monitor.types import Quiet, Schedule

_DAYS = {
    "daily": range(7),
    "weekdays": range(5),
    "weekends": range(5, 7),
    **{
        f"{name}s": range(number, number + 1)
        for number, name in enumerate(
            ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
        )
    },
}
_IN_FRENCH = dict(
    zip(("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"), list(_DAYS)[3:], strict=True)
)  # what is hardly mistyped, but meant
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_OTHER_TIME = re.compile(r"([0-9]{1,2})(?:[h.]([0-9]{2})?)?")  # 7h30 as in French, 7.30, 7
_EXAMPLES = "daily 06:30, weekdays 07:00, 16:00, mondays 08:00, every 2h, at once"
_ONE_ITEM = "Several times of the same days are one text: 'weekdays 07:00, 16:00'"
_DATE = re.compile(r"(?:([0-9]{4})-)?([0-9]{1,2})-([0-9]{1,2})")
_OTHER_DATE = re.compile(r"([0-9]{4})[/.]([0-9]{1,2})[/.]([0-9]{1,2})")
_BETWEEN_DATES = re.compile(r"\s+(?:to|-)\s+|\s*\u2013\s*")  # a hyphen without blanks is part of a date
_BETWEEN_TIMES = re.compile(r"\s*(?:\bto\b|[-\u2013])\s*")
_LEAP_YEAR = 2000  # one that has all the dates that a year can have
_LONGEST_RANGE = 366


@dataclass(frozen=True, slots=True)
class DaysOff:
    """Dates on which nothing goes out: those of some year, and those of every year as month and day."""

    dates: frozenset[date] = frozenset()
    yearly: frozenset[tuple[int, int]] = frozenset()


def schedule(value: object) -> Schedule:
    """Reads the `at` of a digest.

    Raises:
        ValueError: it is none of the known forms; the message shows them.
    """
    written = " ".join(text(value).split())
    words = [word for word in re.split(r"[\s,]+", written.casefold()) if word]
    if words == ["at", "once"]:
        return Schedule(text=written, at_once=True)
    if words and words[0] == "every":
        return Schedule(text=written, every=duration(written[len("every") :]))
    if words and words[0] == "at":
        raise ValueError(f'"{written}" is not known; did you mean at once? (known: {_EXAMPLES})')
    days = [word for word in words if not word[0].isdecimal()]
    clock = [word for word in words if word[0].isdecimal()]
    if words != days + clock:
        several = _several(written)
        raise ValueError(f"the days come first, then the times{several or f' ({_EXAMPLES})'}")
    for word in days:
        if word not in _DAYS:
            meant = _IN_FRENCH.get(word.removesuffix("s"))
            hint = f"; did you mean {meant}?" if meant else suggestion(word, _DAYS)
            raise ValueError(f'"{word}" is not a day{hint} (known: {_EXAMPLES})')
    times = {_time(word) for word in clock}
    if not times:
        raise ValueError(f"has no time of day; write one such as {written} 07:00")
    if not days:
        raise ValueError(f"has no days; did you mean daily {written}? {_ONE_ITEM}")
    return Schedule(
        text=written,
        moments=frozenset((number, hour) for word in days for number in _DAYS[word] for hour in times),
    )


def quiet_hours(value: object) -> Quiet:
    """Reads hours of each day: `22:00 to 06:30`, over midnight where the first is later."""
    written = " ".join(text(value).split())
    ends = _BETWEEN_TIMES.split(written)
    if len(ends) != 2 or not all(ends):
        raise ValueError(f'"{written}" is not hours such as 22:00 to 06:30')
    since, until = _time(ends[0]), _time(ends[1])
    if since == until:
        raise ValueError(f'"{written}" has no length; two times are needed, such as 22:00 to 06:30')
    return Quiet(since=since, until=until)


def days_off(value: object) -> DaysOff:
    """Reads dates: `2026-12-25`, every year's `12-25`, `2026-12-24 to 2027-01-02`, `12-24 to 01-02`.

    Raises:
        ValueError: there is no such date, or the range has its ends in the wrong order, or is longer than a year.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"a date such as 2026-12-25 is expected, not {kind_of(value)}")
    written = " ".join(text(value).split())
    ends = _BETWEEN_DATES.split(written)
    days = [_date(word) for word in ends[:2]]
    if len(ends) > 2:
        raise ValueError(f'"{written}" is not a range such as 2026-12-24 to 2027-01-02')
    if len(days) == 2 and days[0] == days[1]:
        raise ValueError(f"both dates are the same; write {ends[0]}")
    match days:
        case [date() as since, date() as until]:
            if since > until:
                raise ValueError(f"the earlier date comes first; write {ends[1]} to {ends[0]}")
            if (until - since).days >= _LONGEST_RANGE:
                raise ValueError(f'"{written}" is longer than a year; `paused: true` stops a digest for long')
            return DaysOff(dates=frozenset(_range(since, until)))
        case [date() as day]:
            return DaysOff(dates=frozenset({day}))
        case [tuple() as day]:
            return DaysOff(yearly=frozenset({day}))
        case [tuple() as since, tuple() as until]:
            first, last = date(_LEAP_YEAR, *since), date(_LEAP_YEAR, *until)
            days_of = _range(first, last) if first < last else (*_range(first, _END), *_range(_BEGINNING, last))
            return DaysOff(yearly=frozenset((day.month, day.day) for day in days_of))
    raise ValueError(f'"{written}": write the year at both ends, or at none for every year')


_BEGINNING, _END = date(_LEAP_YEAR, 1, 1), date(_LEAP_YEAR, 12, 31)


def _range(since: date, until: date) -> list[date]:
    return [since + timedelta(days=number) for number in range((until - since).days + 1)]


def _date(word: str) -> date | tuple[int, int]:
    """Reads 2026-12-25, or 12-25 as month and day."""
    found = _DATE.fullmatch(word)
    if found is None:
        other = _OTHER_DATE.fullmatch(word)
        hint = f"; did you mean {other[1]}-{other[2]:0>2}-{other[3]:0>2}?" if other else ""
        raise ValueError(f'"{word}" is not a date such as 2026-12-25, or 12-25 for every year{hint}')
    year, month, day = (int(part) if part else None for part in found.groups())
    assert month is not None and day is not None  # noqa: S101, PT018 - the pattern has them
    if year is not None and year < MINYEAR:
        raise ValueError(f'"{word}" is no date: there is no year {found[1]}')
    if not 1 <= month <= 12:
        swapped = f"; the month comes first: {found[3]:0>2}-{found[2]}" if year is None and 1 <= day <= 12 else ""
        raise ValueError(f'"{word}" is no date: there is no month {found[2]}{swapped}')
    last = monthrange(year or _LEAP_YEAR, month)[1]
    if not 1 <= day <= last:
        whole = f"{found[1]}-{month:02}" if year else f"{month:02}"
        has = f"{whole} has {last} days" if year else f"month {whole} has at most {last} days"
        raise ValueError(f'"{word}" is no date: {has}; its last is {whole}-{last}')
    return (month, day) if year is None else date(year, month, day)


def _several(written: str) -> str | None:
    """Says how it is written, where each part by itself is days and times: weekdays 07:00, saturdays 09:00."""
    parts = [part.strip() for part in re.split(r",|\band\b", written) if part.strip()]
    items: list[str] = []
    for part in parts:
        if items and part[0].isdecimal():
            items[-1] += f", {part}"
        else:
            items.append(part)
    try:
        good = len(items) > 1 and all(schedule(item).moments for item in items)
    except ValueError:
        return None
    quoted = (f"'{item}'" if "," in item else item for item in items)
    return f"; did you mean [{', '.join(quoted)}]?" if good else None


def _time(word: str) -> time:
    found = _TIME.fullmatch(word)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        other = _OTHER_TIME.fullmatch(word.casefold())
        hint = "; midnight is 00:00" if word == "24:00" else ""
        if other is not None and int(other[1]) <= 23 and int(other[2] or 0) <= 59:
            hint = f"; did you mean {int(other[1]):02}:{int(other[2] or 0):02}?"
        raise ValueError(f'"{word}" is not a time of day from 00:00 to 23:59{hint}')
    return time(int(found[1]), int(found[2]))
