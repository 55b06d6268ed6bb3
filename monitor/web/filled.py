"""What forms and addresses of the operators' pages say: fields, numbers, and what happened before this page."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request

LARGEST = 2**63 - 1
"""The largest integer that SQLite knows."""
_LONGEST = 500  # characters of what an operator notes
_MOST = 100  # fields


async def form(request: Request) -> dict[str, str]:
    """Returns the fields of a posted form; of several with one name the last. HTTPException 400 where it is none."""
    try:
        body = (await request.body()).decode()
        return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST, errors="strict"))
    except ValueError as error:
        raise HTTPException(400) from error


def note(text: str) -> str | None:
    """Returns what somebody wrote in a field, in one line; None for nothing."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_LONGEST]
    return line or None


def number(text: str | None, least: int = 0, most: int = LARGEST) -> int | None:
    """Returns a whole number within limits; None for anything else."""
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > len(str(LARGEST)):
        return None
    found = int(text)
    return found if least <= found <= most else None


def moment(text: str | None, zone: str) -> datetime | None:
    """Returns a local date and time as a browser's field writes them (2026-11-22T07:00); None for anything else."""
    try:
        found = datetime.fromisoformat(text or "")
        return (found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(zone))).astimezone(ZoneInfo("UTC"))
    except (ValueError, OverflowError):
        return None


def done(request: Request, words: Mapping[str, bool]) -> tuple[str, int | None] | None:
    """Returns what the address says was done before this page: one of `words`, and how many; None: nothing.

    Of `words` those are true that are counted.
    """
    what = request.query_params.get("done", "")
    if what not in words:
        return None
    return what, number(request.query_params.get("n")) if words[what] else None
