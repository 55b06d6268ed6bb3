"""Messages of the outbox, as its commands find and list them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from monitor.cli.output import complain, local, print_table

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.config import Config
    from monitor.types import OutboxHold, Outgoing


def held(hold: "OutboxHold") -> str:
    """Says that the outbox is held, and what ends that."""
    return f"the outbox is held ({hold.reason}): nothing is sent before `roxham outbox release`"


def print_messages(messages: "Sequence[Outgoing]", config: "Config") -> None:
    """Prints a table of messages."""
    columns = ("id", "digest", "to", "slot", "stories", "state", "attempts", "next try", "answer")
    print_table(
        None,
        columns,
        [
            (m.id, m.message.digest_id, m.message.to, m.message.slot, m.stories, state_of(m), m.attempts,
             local(m.next_try_at, config.timezone), m.error or (m.receipt.answer if m.receipt else None))
            for m in messages
        ],
    )  # fmt: skip


def state_of(message: "Outgoing") -> str:
    """Returns where a message stands, as a table says it."""
    from monitor.overview.messages import is_held

    return f"{message.state.value}, held" if is_held(message) else message.state.value


def found(archive: "Archive", numbers: Sequence[int]) -> "list[Outgoing]":
    """Returns the messages with these numbers; ends the command where there is none."""
    found = [(number, archive.message(number)) for number in dict.fromkeys(numbers)]
    missing = [number for number, message in found if message is None]
    for number in missing:
        complain(f"no message {number} in the outbox")
    if missing:
        raise typer.Exit(1)
    return [message for _, message in found if message is not None]
