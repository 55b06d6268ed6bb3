"""Carries messages of the outbox to their readers: one file per way, one contract for all.

In comes a `Message` with its final bytes, out goes a `Receipt`. Raised: `DeliveryError`, for this message only.

Nothing can be delivered exactly once: between the last byte sent and the answer noted, both sides may hold the
message. A channel therefore says when that moment begins (`on_commit`), and whether it may have passed (`doubt`).
"""

import ssl
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from monitor.errors import DeliveryError
from monitor.types import Format, Message, Receipt


class Channel(Protocol):
    """One way to a reader.

    Duties of every channel, checked by one suite for all:

    - `send` delivers the bytes of `message.raw` to `message.to` and to nobody else, and does not change them beyond
      what the way itself demands (line endings, dot-stuffing; a feed and a chat service show them in their own form).
    - A message of another format than the channel `takes` is refused for good, before anything else is done.
    - It awaits `on_commit` once, after everything that can be refused beforehand has been, and before anything that
      can make the message appear at the reader. When `on_commit` raises, nothing is delivered and the error passes
      through as it is.
    - It returns only when the other side has taken the message for good.
    - Everything else ends in `DeliveryError`: `temporary` when trying later can help (the other side, the line or
      the configuration is at fault), `doubt` when the message may have arrived all the same. Without doubt it has
      not arrived. `way` says that others would most likely fare no better now: nobody answered, or the answer was not
      about this message. The reason names the other side and what to do, and holds no password and no secret address.
    - Every wait has a limit. A cancelled `send` leaves no connection and no half message; what a library does in a
      thread of its own cannot be cut, and ends within that library's own limits.
    - Messages may be sent at once by several tasks.
    - `close` gives back what the channel keeps between two messages, and may be called at any time, any number of
      times; the channel can be used again afterwards.
    """

    name: str
    """Of the channel in monitor.yaml, and in receipts."""

    takes: Format
    """What the bytes of its messages are."""

    idempotent: bool
    """Sending the same message twice leaves one at the reader, so that a doubt costs nothing."""

    async def send(self, message: Message, on_commit: Callable[[], Awaitable[None]]) -> Receipt:
        """Delivers one message; may be called again with the same message after a failure."""
        ...

    async def close(self) -> None:
        """Ends connections that are kept for the next message."""
        ...


def refuse_other_formats(channel: Channel, message: Message) -> None:
    """Raises DeliveryError (permanent) for a message made for a way of another kind.

    That happens when the kind of a channel is changed while messages to it wait.
    """
    if message.format is not channel.takes:
        raise DeliveryError(
            f"the message was made as {message.format}, and the channel {channel.name} takes {channel.takes}: give it "
            f"back the kind it had (`via` in monitor.yaml) and run `roxham outbox retry`, or `roxham outbox drop`",
            temporary=False,
        )


def without(text: str, secrets: Iterable[str]) -> str:
    """Returns the text with each secret in it made unreadable: other sides like to quote what they got."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def tls_reason(error: ssl.SSLError) -> str:
    """Says what is wrong with a certificate or handshake in OpenSSL's words, without its source positions."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return error.reason or str(error)
