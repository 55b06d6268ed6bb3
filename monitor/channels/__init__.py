"""Carries messages of the outbox to their readers: one file per way, one contract for all.

In comes a `Message` with its final bytes, out goes a `Receipt`. Raised: `DeliveryError`, for this message only.

Mail cannot be delivered exactly once: between the last line sent and the answer noted, both sides may hold the
message. A channel therefore says when that moment begins (`on_commit`), and whether it may have passed (`doubt`).
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from monitor.types import Message, Receipt


class Channel(Protocol):
    """One way to a reader.

    Duties of every channel, checked by one suite for all:

    - `send` delivers the bytes of `message.raw` to `message.to` and to nobody else, and does not change them beyond
      what the way itself demands (line endings, dot-stuffing).
    - It awaits `on_commit` once, after everything that can be refused beforehand has been, and before anything that
      can make the message appear at the reader. When `on_commit` raises, nothing is delivered and the error passes
      through as it is.
    - It returns only when the other side has taken the message for good.
    - Everything else ends in `DeliveryError`: `temporary` when trying later can help (the other side, the line or
      the configuration is at fault), `doubt` when the message may have arrived all the same. Without doubt it has
      not arrived. The reason names the other side and what to do, and holds no password.
    - Every wait has a limit. A cancelled `send` leaves no connection and no half message.
    """

    name: str
    idempotent: bool
    """Sending the same message twice leaves one at the reader, so that a doubt costs nothing."""

    async def send(self, message: Message, on_commit: Callable[[], Awaitable[None]]) -> Receipt:
        """Delivers one message; may be called again with the same message after a failure."""
        ...
