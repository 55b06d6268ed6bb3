"""Times as people write them in options and addresses."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from monitor.config.values import duration


def moment(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Reads `2026-11-22`, `2026-11-22T07:00` (both of the zone), a full ISO 8601 time, or `7d`, `12h` (so long ago).

    Raises ValueError, or OverflowError, for what is no time of these centuries.
    """
    if not (text[:4].isdigit() and "-" in text):
        return now - duration(text)
    read = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)  # a plus in an address is a space
    read = (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)
    if not 1900 <= read.year <= 2200:
        raise ValueError(f"the year {read.year}")
    return read
