"""When an RSS feed wants to be left alone: `ttl`, `skipHours` and `skipDays` of its channel."""

import re
from datetime import timedelta

from monitor.types import Wishes

_LONGEST = timedelta(days=7)  # nobody silences a source for longer
_MOST = 20_000  # characters of the channel before its items, and behind them
_ITEM = re.compile(r"<(?:[\w.-]+:)?item[\s>]", re.IGNORECASE)
_TTL = re.compile(r"<ttl>\s*(\d{1,6})\s*</ttl>", re.IGNORECASE)
_HOURS = re.compile(r"<skipHours>(.{0,3000}?)</skipHours>", re.IGNORECASE | re.DOTALL)
_HOUR = re.compile(r"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
_DAYS = re.compile(r"<skipDays>(.{0,1000}?)</skipDays>", re.IGNORECASE | re.DOTALL)
_DAY = re.compile(r"<day>\s*([A-Za-z]{3,9})\s*</day>", re.IGNORECASE)
_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def wishes(text: str) -> Wishes:
    """Returns what the channel of an RSS 2.0 feed asks for; minutes, hours and days in GMT (RSS 2.0 specification).

    Hour 24, which Netscape's RSS 0.91 has for midnight, is 0. What would keep everybody away is no wish: all hours, all
    days, more than a week.
    """
    first = _ITEM.search(text)
    head = text[: first.start()] if first else text
    tail = text[max(text.rfind("</item>"), 0) :] if first else ""
    channel = head[-_MOST:] + tail[:_MOST]
    ttl = _TTL.search(channel)
    pause = timedelta(minutes=int(ttl[1])) if ttl else timedelta()
    hours = frozenset(int(hour) % 24 for hour in _listed(_HOURS, _HOUR, channel) if int(hour) <= 24)
    days = frozenset(_NAMES.index(day.lower()) for day in _listed(_DAYS, _DAY, channel) if day.lower() in _NAMES)
    return Wishes(
        ttl=pause if timedelta() < pause <= _LONGEST else None,
        skip_hours=hours if len(hours) < 24 else frozenset(),
        skip_days=days if len(days) < 7 else frozenset(),
    )


def _listed(whole: "re.Pattern[str]", one: "re.Pattern[str]", text: str) -> list[str]:
    found = whole.search(text)
    return one.findall(found[1]) if found else []
