"""Who is told of what, when next, how far each reader got; and an operator's pauses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor import due
from monitor.archive import Archive
from monitor.types import Outgoing, Pause, PauseReason, Slot, Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far one reader of a digest got."""

    reader: str
    told_until: datetime | None  # when they last got a digest, or were registered; None: not known to the archive yet
    last: Outgoing | None  # the newest message
    unsent: int  # messages without a receipt
    pause: Pause | None


def concerning(subscription: Subscription, pauses: Sequence[Pause]) -> list[Pause]:
    """Returns the pauses of this digest's readers that hold for it."""
    return [p for p in pauses if p.digest_id in (None, subscription.id) and p.reader in subscription.to]


def coming(subscription: Subscription, now: datetime, most: int = 1) -> list[Slot]:
    """Returns the next slots at which readers are told; none at once, and none while it is paused."""
    slots: list[Slot] = []
    while not subscription.paused and len(slots) < most:
        slot = due.next_slot(subscription, slots[-1].at if slots else now)
        if slot is None:
            break
        slots.append(slot)
    return slots


def standing(archive: Archive, subscription: Subscription, *, most: int | None = None) -> list[Standing]:
    """Returns how far each reader got, in the order of the file; `most`: of the first so many."""
    why = {pause.reader: pause for pause in concerning(subscription, archive.pauses())}
    unsent: dict[str, int] = {}
    for mail in archive.outbox(open_only=True, digest=subscription.id):
        unsent[mail.message.to] = unsent.get(mail.message.to, 0) + (mail.receipt is None)
    found = []
    for reader in subscription.to[:most]:
        newest = archive.outbox(digest=subscription.id, reader=reader, limit=1)
        found.append(
            Standing(
                reader=reader,
                told_until=archive.told_until(subscription.id, reader),
                last=newest[0] if newest else None,
                unsent=unsent.get(reader, 0),
                pause=why.get(reader),
            )
        )
    return found


def pause(archive: Archive, digest_id: str, readers: Sequence[str], now: datetime, note: str | None) -> list[str]:
    """Tells these readers nothing for now; returns those who were told until now."""
    return [
        reader
        for reader in readers
        if archive.pause(Pause(digest_id=digest_id, reader=reader, reason=PauseReason.OPERATOR, at=now, note=note))
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """Who of a digest may be resumed."""

    known: tuple[str, ...]  # its readers, also one who is no longer on the list and still paused
    by_wish: frozenset[str]  # who unsubscribed: they are resumed only by name
    everywhere: frozenset[str]  # who is paused in every digest


def paused(subscription: Subscription, pauses: Sequence[Pause]) -> Paused:
    """Returns who is paused in a digest, and in what way."""
    of_digest = [p for p in pauses if p.digest_id == subscription.id]
    return Paused(
        known=tuple(dict.fromkeys([*subscription.to, *(p.reader for p in of_digest)])),
        by_wish=frozenset(p.reader for p in of_digest if p.reason is PauseReason.UNSUBSCRIBED),
        everywhere=frozenset(p.reader for p in pauses if p.digest_id is None),
    )


def resume(
    archive: Archive, digest_id: str, readers: Sequence[str], who: Paused, now: datetime, *, from_now: bool
) -> list[str]:
    """Ends the pauses of these readers, those that hold in every digest too; returns whose there were."""
    done: list[str] = []
    for reader in readers:
        here = archive.resume(digest_id, reader, now, from_now=from_now)
        elsewhere = reader in who.everywhere and archive.resume(None, reader, now, from_now=from_now)
        done += [reader] if here or elsewhere else []
    return done
