"""Reads mail that came back: reports of mail servers, and readers' wishes to get no more.

A `Box` gives letters that nobody has read, `read` says what one is: a `Bounce`, an `Unsubscription`, or nothing of
ours. Raised: `BoxError`, where the box cannot be used now; its letters wait there.

Letters come from anybody. Nothing in one is believed but two things that no stranger can know: a Message-ID of ours
(derived from the archive's secret), and a token (random, in one mail only).
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

from monitor.errors import MonitorError
from monitor.returns.reports import LONGEST, Unsubscription, read

__all__ = ["LONGEST", "Box", "BoxError", "Letter", "Unsubscription", "read"]


class BoxError(MonitorError):
    """The box cannot be used now; the sentence says which, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter as it lies in its box: the first `LONGEST` bytes, or why it cannot be read."""

    name: str  # the letter's own, for as long as it lies there
    raw: bytes | None = field(repr=False)
    trouble: str | None = None


class Box(Protocol):
    """Where returned mail lies.

    Duties of every box, held by one suite for all (tests/test_returns.py):

    - Nothing is ever deleted or changed but the mark that a letter was read (`Seen`), as mail programs set it.
    - A letter comes again with each call until it is marked; a kill in between only means that it is read twice.
    - Both methods block, each for a limited time, leave no connection behind, and may be called from any thread.
    - Both raise BoxError where the box cannot be used.
    """

    place: str
    """Which box, for people; without a password."""

    def unread(self, limit: int, *, but: Collection[str] = ()) -> list[Letter]:
        """Returns letters that are not marked as read, the oldest first, without those named in `but`."""
        ...

    def done(self, names: Collection[str]) -> None:
        """Marks letters as read. A letter that somebody took away meanwhile is no fault."""
        ...
