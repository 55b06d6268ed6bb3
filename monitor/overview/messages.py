"""Where messages of the outbox stand, and which of them an operator may send again or end."""

from monitor.types import Outgoing, SendState


def is_held(message: Outgoing) -> bool:
    """Whether it may have arrived, and is not sent again by itself."""
    return message.state is SendState.DOUBT and message.next_try_at is None


def is_settled(message: Outgoing) -> bool:
    """Whether it was sent or dropped: it is sent again only as a second copy, and cannot be dropped."""
    return message.state in (SendState.SENT, SendState.DROPPED) and message.receipt is not None
