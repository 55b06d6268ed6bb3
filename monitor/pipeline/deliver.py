"""Deliver: from a reader's place in the archive to a receipt."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from monitor import due, health
from monitor.archive import Archive
from monitor.channels import Channel
from monitor.errors import ArchiveError, DeliveryError
from monitor.pipeline.threads import Threads
from monitor.types import (
    Clock,
    Coverage,
    Day,
    Digest,
    Message,
    Outgoing,
    SendState,
    Slice,
    Slot,
    Source,
    SourceState,
    Subscription,
    Topic,
)

log = structlog.get_logger("roxham")

REACH = timedelta(days=7)
"""How far a new reader's first digest reaches back."""

_IDLE_ENTRIES = 1000  # after so many entries without news, the place of an `at once` reader is moved on


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """What the digest room does: decide what is said, then give it its final bytes. app.py fills it in."""

    compose: Callable[[Subscription, str, Slot, Slice, Sequence[Topic], datetime], Digest]
    render: Callable[[Digest, bytes], Message]  # the bytes are the archive's secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of one reader's digest, or of an older message of the outbox."""

    digest_id: str
    reader: str
    slot: str
    after: int
    upto: int
    stories: int
    message_id: str | None
    state: str
    error: str | None = None
    digest: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Orders:
    """Who is told what, and how: one digest is made and one mail is sent by the same orders from beginning to end."""

    sources: tuple[Source, ...]
    topics: tuple[Topic, ...]
    subscriptions: tuple[Subscription, ...]
    channel: Channel
    rooms: Teller


class Deliver:
    """The second half of the line."""

    def __init__(
        self,
        *,
        sources: Sequence[Source],
        topics: Sequence[Topic],
        subscriptions: Sequence[Subscription],
        archive: Archive,
        channel: Channel,
        rooms: Teller,
        threads: Threads,
        clock: Clock,
    ) -> None:
        self._orders = _Orders(
            sources=tuple(sources),
            topics=tuple(topics),
            subscriptions=tuple(subscriptions),
            channel=channel,
            rooms=rooms,
        )
        self._archive = archive
        self._threads = threads
        self._clock = clock
        self._stopping = False

    def stop(self) -> None:
        """Begins no further digest or message; the one in flight ends, and `deliver` returns."""
        self._stopping = True

    async def register(self) -> None:
        """Gives new readers their starting point: what came within `REACH` before now."""
        await self._register(self._orders.subscriptions)

    async def renew(
        self,
        *,
        sources: Sequence[Source],
        topics: Sequence[Topic],
        subscriptions: Sequence[Subscription],
        channel: Channel,
        rooms: Teller,
    ) -> None:
        """Works by other settings from now on, with their new readers registered; what is under way ends as it began.

        The outbox is for all: a message to a reader who was removed is still sent.
        """
        await self._register(subscriptions)
        self._orders = _Orders(
            sources=tuple(sources),
            topics=tuple(topics),
            subscriptions=tuple(subscriptions),
            channel=channel,
            rooms=rooms,
        )

    async def _register(self, subscriptions: Sequence[Subscription]) -> None:
        now = self._clock()
        await self._threads.archive(self._archive.register, subscriptions, since=now - REACH, now=now)

    async def deliver(
        self,
        only: Collection[str] | None = None,
        *,
        forced: bool = False,
        dry_run: bool = False,
        hurried: bool = False,
    ) -> list[Delivery]:
        """Composes what is due (`forced`: whatever the hour) and sends what the outbox holds.

        With `dry_run` nothing is kept and nothing is sent; `hurried` sends messages that wait for a later try, too.
        """
        deliveries: list[Delivery] = []
        orders = self._orders
        for subscription in orders.subscriptions:
            if only is not None and subscription.id not in only:
                continue
            for reader in subscription.to:
                if (slot := await self._slot(subscription, reader, forced)) is None or self._stopping:
                    continue
                try:
                    told = await self._tell(orders, subscription, reader, slot, dry_run=dry_run, forced=forced)
                except ArchiveError:
                    raise
                except Exception as error:  # one digest that cannot be made never stops the others
                    log.exception("digest not made", digest=subscription.id, to=reader)
                    told = _not_made(subscription, reader, slot, error)
                deliveries += [told] if told else []
        if dry_run:
            return deliveries
        return deliveries + await self.send(only, hurried=hurried)

    async def _tell(
        self, orders: _Orders, subscription: Subscription, reader: str, slot: Slot, *, dry_run: bool, forced: bool
    ) -> Delivery | None:
        """Composes and commits; returns what there is to say of it beside what `send` will say."""
        digest = await self._compose(orders, subscription, reader, slot)
        if not (digest.has_news or slot.scheduled or forced) and digest.upto - digest.after < _IDLE_ENTRIES:
            return None  # an `at once` reader with nothing new: no need to write that down each time
        if dry_run:
            return _told(digest, "waiting" if digest.has_news else "nothing new")
        await self._commit(orders, digest)
        return _told(digest, "nothing new") if not digest.has_news and (forced or slot.scheduled) else None

    async def _slot(self, subscription: Subscription, reader: str, forced: bool) -> Slot | None:
        now = self._clock()
        if forced or subscription.at.at_once:
            return due.slot_now(subscription, now)
        slot = due.latest_slot(subscription, now)
        until = await self._threads.archive(self._archive.served_until, subscription.id, reader)
        if slot is None or (until is not None and slot.at <= until):
            return None
        if await self._threads.archive(self._archive.served, subscription.id, reader, slot.name):
            return None  # the clock or the time zone was changed; the slot of that name has been
        return slot

    async def _compose(self, orders: _Orders, subscription: Subscription, reader: str, slot: Slot) -> Digest:
        states = await self._threads.archive(self._archive.states)
        since = self._clock() - REACH
        days = await self._threads.archive(self._archive.days, (since - health.HABIT * 2).date())
        told_until = await self._threads.archive(self._archive.told_until, subscription.id, reader) or since
        coverage = [
            _coverage(source, states.get(source.id), days.get(source.id, ()), told_until, self._clock())
            for source in orders.sources
            if source.enabled
        ]
        slice_ = await self._threads.archive(self._archive.slice, subscription, reader, coverage, since=since)
        return orders.rooms.compose(subscription, reader, slot, slice_, orders.topics, self._clock())

    async def _commit(self, orders: _Orders, digest: Digest) -> Outgoing | None:
        message = None
        if digest.has_news:
            message = orders.rooms.render(digest, await self._threads.archive(self._archive.secret))
        return await self._threads.archive(self._archive.commit_digest, digest, message)

    async def recover(self) -> None:
        """Settles messages that were on their way when the process died: they may have arrived."""
        for outgoing in await self._threads.archive(self._archive.interrupted):
            await self._doubt(
                outgoing, self._orders.channel, "the program ended before the mail server's answer was kept"
            )

    async def send(self, only: Collection[str] | None = None, *, hurried: bool = False) -> list[Delivery]:
        """Sends what the outbox holds and is due; one message that fails never stops the others."""
        deliveries = []
        due_by = datetime.max.replace(tzinfo=UTC) if hurried else self._clock()
        for number in await self._threads.archive(self._archive.due_messages, due_by):
            outgoing = await self._threads.archive(self._archive.message, number)
            if self._stopping:
                break
            if outgoing is not None and (only is None or outgoing.message.digest_id in only):
                await self._send(outgoing)
                after = await self._threads.archive(self._archive.message, number)
                deliveries.append(_sent(after or outgoing))
        return deliveries

    async def _send(self, outgoing: Outgoing) -> None:
        channel, committed = self._orders.channel, False

        async def on_commit() -> None:
            nonlocal committed
            await self._threads.archive(self._archive.mark_sending, outgoing.id)
            committed = True

        try:
            receipt = await channel.send(outgoing.message, on_commit)
        except DeliveryError as error:
            log.error("mail not sent", to=outgoing.message.to, digest=outgoing.message.digest_id, reason=error.reason)
            if error.doubt:
                await self._doubt(outgoing, channel, error.reason)
                return
            next_try = (
                due.next_mail_try(outgoing.attempts, outgoing.created_at, self._clock()) if error.temporary else None
            )
            await self._threads.archive(
                self._archive.mark_unsent,
                outgoing.id,
                error.reason,
                next_try_at=next_try,
                failed=next_try is None,
            )
        except ArchiveError:
            raise
        except Exception as error:  # a defect of ours: one message never stops the others
            log.exception("mail not sent", to=outgoing.message.to, digest=outgoing.message.digest_id)
            reason = f"{type(error).__name__}: {error}"
            if committed:
                await self._doubt(outgoing, channel, reason)
            else:
                await self._threads.archive(
                    self._archive.mark_unsent, outgoing.id, reason, next_try_at=None, failed=True
                )
        else:  # an answered mail is noted even where a stop cancels this task: else it would be sent again
            await asyncio.shield(self._threads.archive(self._archive.mark_sent, outgoing.id, receipt))

    async def _doubt(self, outgoing: Outgoing, channel: Channel, reason: str) -> None:
        """Once more with the same bytes, then held for an operator. An idempotent channel may always try again."""
        again = outgoing.doubts == 0 or channel.idempotent
        await self._threads.archive(
            self._archive.mark_unsent,
            outgoing.id,
            reason,
            next_try_at=self._clock() if again else None,
            doubt=True,
        )


def _coverage(
    source: Source, state: SourceState | None, days: Sequence[Day], told_until: datetime, now: datetime
) -> Coverage:
    if state is None:
        return Coverage(source_id=source.id, name=source.name, last_good_at=None, failing=True, error="not visited yet")
    overran = state.overran_at is not None and state.overran_at > told_until
    return Coverage(
        source_id=source.id,
        name=source.name,
        last_good_at=state.last_good_at,
        failing=state.last_good_at is None
        or state.failures > 0
        or health.not_seen_since(source, state, now) is not None,
        error=state.error,
        partial=state.error is not None and not state.failures,
        overran_at=state.overran_at if overran else None,
        quiet_since=health.quiet_since(state, days),
    )


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
    )


def _sent(outgoing: Outgoing) -> Delivery:
    return Delivery(
        digest_id=outgoing.message.digest_id,
        reader=outgoing.message.to,
        slot=outgoing.message.slot,
        after=outgoing.after,
        upto=outgoing.upto,
        stories=outgoing.stories,
        message_id=outgoing.message.message_id,
        state=outgoing.state.value,
        error=outgoing.error,
    )
