"""Instants from what pages write: ISO 8601 in its many spellings, and RFC 2822."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

# Zone-less times of Canadian publishers: the agency's own system writes Toronto's local time.
_LOCAL = ZoneInfo("America/Toronto")
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)[T ]+(\d\d):?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?",
    re.IGNORECASE,
)


def plausible(value: datetime | str | None, now: datetime | None, *, local: bool = False) -> datetime | None:
    """Returns the instant in UTC, or None where it is no instant or cannot be true.

    A text without a zone is an instant only with `local`: America/Toronto then. Before 1990 and more than two days
    after `now` nothing was published.
    """
    moment = _instant(value, local=local) if isinstance(value, str) else value
    if moment is None or moment.tzinfo is None:
        return None
    try:
        moment = moment.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return moment if moment >= _EARLIEST and (now is None or moment <= now + timedelta(days=2)) else None


def _instant(text: str, *, local: bool) -> datetime | None:
    text = text.strip()[:60]
    if match := _ISO.fullmatch(text):
        year, month, day, hour, minute, second, zone = match.groups()
        try:
            moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0))  # noqa: DTZ001 - the zone follows
            if zone is None:
                return moment.replace(tzinfo=_LOCAL) if local else None
            return moment.replace(tzinfo=_zone(zone))
        except ValueError:
            return None
    if not re.search(r"[A-Za-z]{3}.*\d:\d\d", text):
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=_LOCAL) if local else None
    return moment


def _zone(text: str) -> timezone:
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)
