"""How long an answer says that it is good for."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_MAX_AGE = re.compile(r"(?:\A|[,\s])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_NOT_KEPT = re.compile(r"(?:\A|[,\s])no-(?:cache|store)\b", re.IGNORECASE)


def fresh_for(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Returns for how long asking again would bring the same: Cache-Control, else Expires (RFC 9111, 4.2).

    The time that the answer lay in a cache (Age) is taken off. None where nothing is said, or nothing that can be read.
    """
    control = headers.get("cache-control", "")
    if _NOT_KEPT.search(control):
        return None
    if said := _MAX_AGE.search(control):
        age = headers.get("age", "").strip()
        seconds = int(said[1]) - (int(age) if re.fullmatch(r"\d{1,9}", age) else 0)
        return timedelta(seconds=seconds) if seconds > 0 else None
    try:
        until = parsedate_to_datetime(headers.get("expires", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    left = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
    return left if left > timedelta(0) else None
