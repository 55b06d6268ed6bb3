"""Deliver: from a reader's place in the archive to the outbox; sending.py goes on from there."""

import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import structlog

from monitor import due
from monitor.archive import Archive
from monitor.errors import ArchiveError
from monitor.pipeline.alarming import Alarming
from monitor.pipeline.composing import Orders, Round
from monitor.pipeline.coverage import REACH, Watched
from monitor.pipeline.sending import Delivery, Sending
from monitor.pipeline.threads import Threads
from monitor.types import (
    OPERATOR,
    Clock,
    Coverage,
    Digest,
    Outgoing,
    Receipt,
    SendState,
    Slice,
    Slot,
    Subscription,
)

log = structlog.get_logger("roxham")

_IDLE_ENTRIES = 1000  # after so many that are no concern of theirs, the place of an `at once` reader is moved on


class Deliver:
    """The second half of the line."""

    def __init__(self, orders: Orders, *, archive: Archive, threads: Threads, clock: Clock) -> None:
        self._orders = orders
        self._archive = archive
        self._threads = threads
        self._clock = clock
        self._stopping = False
        self._sending = Sending(archive=archive, threads=threads, clock=clock, anew=self._anew)
        self._alarming = Alarming(archive=archive, threads=threads, clock=clock)
        self._idle: dict[tuple[str, str], tuple[Subscription, int]] = {}  # who was up to date, and up to which entry

    def stop(self) -> None:
        """Begins no further digest or message; the one in flight ends, and `deliver` returns."""
        self._stopping = True
        self._sending.stop()

    async def register(self) -> None:
        """Gives new readers their starting point: what came within `REACH` before now."""
        await self._register(self._orders)

    async def renew(self, orders: Orders) -> None:
        """Works by other orders from now on, with their new readers registered; what is under way ends as it began.

        The outbox is for all: a message to a reader who was removed is still sent.
        """
        await self._register(orders)
        self._orders = orders

    async def _register(self, orders: Orders) -> None:
        now = self._clock()
        await self._threads.archive(self._archive.register, orders.subscriptions, since=now - REACH, now=now)

    async def recover(self) -> None:
        """Settles messages that were on their way when the process died: they may have arrived."""
        await self._sending.recover(self._orders)

    async def deliver(
        self,
        only: Collection[str] | None = None,
        *,
        forced: bool = False,
        dry_run: bool = False,
        hurried: bool = False,
        gathering: bool = False,
    ) -> list[Delivery]:
        """Composes what is due (`forced`: whatever the hour) and sends what the outbox holds.

        With `dry_run` nothing is kept and nothing is sent; `hurried` sends messages that wait for a later try, too.
        `gathering`: more may come soon, so that an alert waits for it as its subscription says.
        """
        deliveries: list[Delivery] = []
        round_ = Round(self._orders, self._archive, self._threads, self._clock())
        made: dict[tuple[str, str, str], tuple[Coverage, ...]] = {}
        newest = await self._threads.archive(self._archive.newest)
        for subscription in round_.orders.subscriptions:
            if only is not None and subscription.id not in only:
                continue
            if not forced and due.silent_until(subscription, self._clock()) is not None:
                continue
            for reader in subscription.to:
                if self._stopping or await round_.paused(subscription, reader):
                    continue
                if not forced and self._is_idle(subscription, reader, newest):
                    continue
                if (slot := await self._slot(subscription, reader, forced)) is None:
                    continue
                try:
                    told = await self._tell(
                        round_, subscription, reader, slot, forced=forced, gathering=gathering, dry_run=dry_run
                    )
                except ArchiveError:
                    raise
                except Exception as error:  # one digest that cannot be made never stops the others
                    log.exception("digest not made", digest=subscription.id, to=reader)
                    if not dry_run:
                        await self._alarming.not_made(subscription, reader, error)
                    deliveries.append(_not_made(subscription, reader, slot, error))
                    continue
                if told is not None:
                    made[subscription.id, reader, slot.name] = told.coverage
                    if told.state != SendState.WAITING or dry_run:  # else sending says what became of it
                        deliveries.append(told)
        if dry_run:
            return deliveries
        deliveries += [
            replace(sent, coverage=made.get((sent.digest_id, sent.reader, sent.slot), ()))
            for sent in await self.send(only, hurried=hurried, forced=forced)
        ]
        if only is None and await self._alarming.notify(round_.orders):
            deliveries += await self.send([OPERATOR], hurried=hurried)
        return deliveries

    async def send(
        self, only: Collection[str] | None = None, *, hurried: bool = False, forced: bool = False
    ) -> list[Delivery]:
        """Sends what the outbox holds and is due; one message that fails never stops the others."""
        return await self._sending.send(self._orders, only, hurried=hurried, forced=forced)

    async def coverage(self) -> tuple[Coverage, ...]:
        """Returns how the sources are watched at this moment."""
        now = self._clock()
        watched = await Watched.at(self._archive, self._threads, now, now)
        return watched.coverage(self._orders.sources, now)

    async def preview(self, digest_id: str, reader: str | None = None, at: datetime | None = None) -> Digest:
        """Returns a reader's digest as it would be now, or at another time: nothing is kept.

        For a time in the past it is what was known and not told by then; for one to come, what is known by now. Without
        `reader`, the first of the digest. KeyError for a digest that is not configured.
        """
        now = self._clock()
        subscription = self._orders.subscription(digest_id)
        if subscription is None:
            raise KeyError(digest_id)
        reader = reader or next(iter(subscription.to), "nobody@localhost")
        when = at or now
        slot = due.latest_slot(subscription, when) if at is not None else None
        round_ = Round(self._orders, self._archive, self._threads, now, since=min(when, now) - REACH)
        digest, _ = await round_.compose(
            subscription,
            reader,
            slot or due.slot_now(subscription, when),
            at=when if when < now else None,
            now=when,
        )
        return digest

    async def send_test(self, digest: Digest, to: str) -> Receipt:
        """Sends a digest to an address as a test that says so; nothing is kept of it. Raises DeliveryError."""
        orders = self._orders
        titles = {
            language: f"{'[Essai]' if language == 'fr' else '[Test]'} {title}"
            for language, title in digest.subscription.title.items()
        }
        now = self._clock()
        test = replace(
            digest,
            reader=to,
            subscription=replace(digest.subscription, title=titles, to=(to,)),
            slot=replace(digest.slot, name=f"test-{now.timestamp():.6f}"),
        )
        message = orders.rooms.render(test, secrets.token_bytes(32), None, orders.mail.takes)

        async def nothing_to_note() -> None:
            return

        try:
            return await orders.mail.send(message, nothing_to_note)
        finally:
            await orders.mail.close()

    async def _slot(self, subscription: Subscription, reader: str, forced: bool) -> Slot | None:
        now = self._clock()
        if forced or subscription.at.at_once:
            return due.slot_now(subscription, now)
        slot = due.latest_slot(subscription, now)
        until = await self._threads.archive(self._archive.served_until, subscription.id, reader, by=now)
        if slot is None or (until is not None and slot.at <= until):
            return None
        if await self._threads.archive(self._archive.served, subscription.id, reader, slot.name):
            return None  # the clock or the time zone was changed; the slot of that name has been
        return slot

    async def _tell(
        self,
        round_: Round,
        subscription: Subscription,
        reader: str,
        slot: Slot,
        *,
        forced: bool,
        gathering: bool,
        dry_run: bool,
    ) -> Delivery | None:
        """Composes and commits; None where there was nothing to say, and nobody asked."""
        digest, slice_ = await round_.compose(subscription, reader, slot)
        asked = slot.scheduled or forced
        says = digest.has_news or (subscription.nothing_new and asked)
        idle = not slice_.entries and digest.upto - digest.after < _IDLE_ENTRIES
        if not (says or asked) and (idle or dry_run):
            if idle:  # nothing that an `at once` reader may care for came: no need to write that down each time
                self._idle[subscription.id, reader] = subscription, digest.upto
            return None
        if says and gathering and not asked and not self._gathered(digest, slice_):
            return None
        if dry_run:
            return _told(digest, SendState.WAITING.value if says else "nothing new")
        message, token = await round_.render(digest) if says else (None, None)
        kept = await self._threads.archive(self._archive.commit_digest, digest, message, token)
        if says and kept is None:
            return None  # another process served the slot, or paused the reader, meanwhile
        return _told(digest, SendState.WAITING.value if says else "nothing new") if says or asked else None

    def _is_idle(self, subscription: Subscription, reader: str, newest: int) -> bool:
        """Whether a reader who is told `at once` was up to date by the same orders, and nothing came since."""
        by, upto = self._idle.get((subscription.id, reader), (None, 0))
        return by is subscription and upto >= newest

    def _gathered(self, digest: Digest, slice_: Slice) -> bool:
        """Whether an alert has waited for what may belong to it."""
        stories = {line.story_id for line in digest.lines}
        came = [entry.at for entry in slice_.entries if entry.story_id in stories]
        return not came or due.alert_due(min(came), max(came), digest.subscription.gather, self._clock())

    async def _anew(self, orders: Orders, outgoing: Outgoing) -> bool:
        """Makes a waiting message anew, without the story that was withdrawn since; says whether it is still there."""
        message = outgoing.message
        subscription = orders.subscription(message.digest_id)
        if subscription is None or message.to not in subscription.to:
            reason = "a story in it was withdrawn, and its reader is no longer on the list"
            await self._threads.archive(self._archive.drop_message, outgoing.id, reason, self._clock())
            return False
        slot = Slot(name=message.slot, at=outgoing.created_at, scheduled=not message.slot.startswith("now-"))
        round_ = Round(orders, self._archive, self._threads, outgoing.created_at)
        digest, _ = await round_.compose(subscription, message.to, slot, of=outgoing)
        says = digest.has_news or subscription.nothing_new
        anew, token = await round_.render(digest) if says else (None, None)
        await self._threads.archive(self._archive.replace_message, outgoing.id, digest, anew, token)
        return says


def _not_made(subscription: Subscription, reader: str, slot: Slot, error: Exception) -> Delivery:
    return Delivery(
        digest_id=subscription.id,
        reader=reader,
        slot=slot.name,
        after=0,
        upto=0,
        stories=0,
        message_id=None,
        state=SendState.FAILED.value,
        error=f"{type(error).__name__}: {error}",
    )


def _told(digest: Digest, state: str) -> Delivery:
    return Delivery(
        digest_id=digest.subscription.id,
        reader=digest.reader,
        slot=digest.slot.name,
        after=digest.after,
        upto=digest.upto,
        stories=len(digest.lines),
        message_id=None,
        state=state,
        digest=digest,
        coverage=digest.coverage,
    )
