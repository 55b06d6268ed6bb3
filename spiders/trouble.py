"""What went wrong with a request, in words for people."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    NotSupported,
    ResponseDataLossError,
)
from scrapy.http import Response

from monitor.types import Trouble

_TEMPORARY = (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
_TEMPORARY_STATUS = frozenset({401, 402, 403, 404, 408, 421, 423, 425, 429})  # walls fall; pages follow their feed
_PASSING_STATUS = frozenset({408, 425})
_WALL_STATUS = frozenset({401, 402, 403, 407, 421, 423, 429, 451})
LONGEST_WAIT = timedelta(days=1)  # nobody is allowed to silence a source for longer
_SMALL = 4096  # bytes; block pages are short, articles are not
_BLOCKED = re.compile(
    rb"requested URL was rejected|support ID|Access Denied|Request unsuccessful|Attention Required!"
    rb"|Just a moment\.\.\.",
    re.IGNORECASE,
)


def of_error(error: BaseException | None) -> tuple[str, bool]:
    """Returns why a request brought no answer, and whether trying later can help."""
    if isinstance(error, NotSupported):
        return "refused: only http and https addresses are fetched", False
    reason = " ".join(str(error).split())[:300]
    return reason or type(error).__name__, isinstance(error, _TEMPORARY)


def of_status(status: int) -> tuple[str, bool]:
    """Returns what an HTTP status other than 2xx says, and whether trying later can help."""
    try:
        phrase = f" {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = ""
    if 300 <= status < 400:
        return f"HTTP {status}{phrase}, without an address that can be followed", False
    return f"HTTP {status}{phrase}", status >= 500 or status in _TEMPORARY_STATUS


def sort_of_error(error: BaseException | None) -> Trouble:
    """Returns of what sort it is when a source gives no answer: what is refused, or not known, stays so."""
    if isinstance(error, CannotResolveHostError) or not isinstance(error, _TEMPORARY):
        return Trouble.HARD
    return Trouble.TEMPORARY


def sort_of_status(status: int) -> Trouble:
    """Returns of what sort it is when a source answers with a status other than 2xx."""
    if status >= 500 or status in _PASSING_STATUS:
        return Trouble.TEMPORARY
    return Trouble.SOFT if status in _WALL_STATUS else Trouble.HARD


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Returns how long the server asks to be left alone: Retry-After in seconds or as a date (RFC 9110, 10.2.3).

    At most one day; None where nothing that can be read is asked.
    """
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+", text):
        seconds = min(int(text[:9]), int(LONGEST_WAIT.total_seconds()))
        return timedelta(seconds=seconds)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    wait = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def blocked(response: Response) -> bool:
    """Says whether a firewall answered in the site's place: such pages come with status 200 and are short."""
    return len(response.body) < _SMALL and _BLOCKED.search(response.body) is not None


def plain_headers(response: Response) -> dict[str, str]:
    """Returns the answer's headers with lower-case names; of several with one name the first."""
    plain: dict[str, str] = {}
    for name, values in response.headers.items():
        if values:
            plain[name.decode("latin-1").lower()] = values[0].decode("latin-1")
    return plain
