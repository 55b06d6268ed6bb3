"""Sending: what the outbox holds goes to its readers, and each try leaves a trace: a receipt, an error, or a doubt."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from monitor import due
from monitor.archive import Archive
from monitor.channels import Channel
from monitor.errors import ArchiveError, DeliveryError
from monitor.pipeline.composing import Orders
from monitor.pipeline.threads import Threads
from monitor.types import (
    AlarmKind,
    Bounce,
    Clock,
    Coverage,
    Digest,
    Outgoing,
    Pause,
    PauseReason,
)

log = structlog.get_logger("roxham")

Anew = Callable[[Orders, Outgoing], Awaitable[bool]]
"""Makes a message anew of which a story was withdrawn; False: nothing is left of it."""

_END = datetime.max.replace(tzinfo=UTC)
_AFTER_KILLS = 5  # ends of the process that a message may meet on its way before it is held
_REST = timedelta(minutes=1)  # of a way that failed, before another message tries it


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
    coverage: tuple[Coverage, ...] = ()  # of a digest made in this round: sources of which news may be missing


class Sending:
    """The outbox at work. Each way sends one message at a time; ways do not wait for each other."""

    def __init__(self, *, archive: Archive, threads: Threads, clock: Clock, anew: Anew) -> None:
        self._archive = archive
        self._threads = threads
        self._clock = clock
        self._anew = anew
        self._stopping = False
        self._resting: dict[str, datetime] = {}  # ways that failed, until when

    def stop(self) -> None:
        """Begins no further message."""
        self._stopping = True

    async def recover(self, orders: Orders) -> None:
        """Settles messages that were on their way when the process died: they may have arrived.

        Each such end costs one repetition at most. A message that it keeps meeting is held for an operator.
        """
        hold = await self._threads.archive(self._archive.outbox_hold)
        if hold is not None:
            text = f"the outbox is held: {hold.reason}; see `roxham outbox`, then `roxham outbox release`"
            log.error("outbox held", reason=hold.reason)
            await self._threads.archive(self._archive.alarm, AlarmKind.OUTBOX, text, self._clock())
        for outgoing in await self._threads.archive(self._archive.interrupted):
            reason = "the program ended before the other side's answer was kept"
            await self._doubt(orders, outgoing, reason, idempotent=self._clock(), repeats=_AFTER_KILLS)

    async def send(
        self, orders: Orders, only: Collection[str] | None, *, hurried: bool, forced: bool = False
    ) -> list[Delivery]:
        """Sends what is due, of the digests `only`; returns what became of each message, in the outbox's order.

        What is paused in the configuration waits; so does what fell into quiet hours, unless it is `forced`. What waits
        for a later try goes before a newer message to the same reader, which may correct it.
        """
        by = _END if hurried else self._clock()
        due_now = set(await self._threads.archive(self._archive.due_messages, by))
        if not due_now:
            return []
        put_off = set(await self._threads.archive(self._archive.due_messages, _END)) - due_now
        silent = {
            each.id
            for each in orders.subscriptions
            if each.paused or (not forced and due.silent_until(each, self._clock()) is not None)
        }
        wanted = [
            (outgoing.id, outgoing.message.to)
            for outgoing in await self._threads.archive(self._archive.outbox, open_only=True)
            if (digest_id := outgoing.message.digest_id) not in silent and (only is None or digest_id in only)
        ]
        newest = {reader: number for number, reader in wanted if number in due_now}
        ways: dict[str, list[int]] = {}
        for number, reader in wanted:
            if number in due_now or (number in put_off and number < newest.get(reader, 0)):
                ways.setdefault("" if "@" in reader else reader, []).append(number)
        done = await asyncio.gather(
            *(self._send_all(orders, way, numbers, put_off, hurried) for way, numbers in ways.items()),
            return_exceptions=True,
        )
        for result in done:
            if isinstance(result, BaseException):
                raise result
        sent = sorted((each for result in done for each in result), key=lambda each: each[0])  # type: ignore[union-attr]
        return [delivery for _, delivery in sent]

    async def _send_all(
        self, orders: Orders, way: str, numbers: Sequence[int], put_off: Collection[int], hurried: bool
    ) -> list[tuple[int, Delivery]]:
        """Sends messages over one way, and returns what became of each by its number.

        Of those that are put off, each reader's only until one of theirs fails.
        """
        rests = self._resting.get(way, self._clock()) - self._clock()
        if not hurried and timedelta(0) < rests <= _REST:  # else the clock was set back since
            return []
        self._resting.pop(way, None)
        done: list[tuple[int, Delivery]] = []
        channel = None
        failing: set[str] = set()
        try:
            for number in numbers:
                if self._stopping or (outgoing := await self._message(number)) is None:
                    break
                if number in put_off and outgoing.message.to in failing:
                    continue
                channel = orders.channel(outgoing.message.to)
                open_way = await self._send(orders, channel, outgoing)
                outgoing = await self._message(number) or outgoing
                done.append((number, _delivery(outgoing)))
                if outgoing.receipt is None:
                    failing.add(outgoing.message.to)
                if not open_way:
                    self._resting[way] = self._clock() + _REST
                    break
        finally:
            if channel is not None:
                await channel.close()
        return done

    async def _message(self, number: int) -> Outgoing | None:
        return await self._threads.archive(self._archive.message, number)

    async def _send(self, orders: Orders, channel: Channel | None, outgoing: Outgoing) -> bool:
        """Tries one message; False where the way failed, and others would fare no better."""
        committed = False

        async def on_commit() -> None:
            nonlocal committed
            await self._threads.archive(self._archive.mark_sending, outgoing.id)
            committed = True

        try:
            if await self._threads.archive(self._archive.spoilt, outgoing.id):
                if not await self._anew(orders, outgoing):
                    return True
                outgoing = await self._message(outgoing.id) or outgoing
            if channel is None:
                reason = f'no channel "{outgoing.message.to}" is configured any more; `roxham outbox drop` ends it'
                raise DeliveryError(reason, temporary=False)
            receipt = await channel.send(outgoing.message, on_commit)
        except DeliveryError as error:
            await self._failed(orders, channel, outgoing, error)
            return not error.way
        except ArchiveError:
            raise
        except Exception as error:  # a defect of ours: one message never stops the others
            log.exception("message not sent", to=outgoing.message.to, digest=outgoing.message.digest_id)
            reason = f"{type(error).__name__}: {error}"
            await self._failed(
                orders, channel, outgoing, DeliveryError(reason, temporary=not committed, doubt=committed)
            )
        else:  # an answered message is noted even where a stop cancels this task: else it would be sent again
            await asyncio.shield(self._threads.archive(self._archive.mark_sent, outgoing.id, receipt))
        return True

    async def _failed(self, orders: Orders, channel: Channel | None, outgoing: Outgoing, error: DeliveryError) -> None:
        message, now = outgoing.message, self._clock()
        log.error("message not sent", to=message.to, digest=message.digest_id, reason=error.reason)
        next_try = None
        if error.temporary or error.doubt:
            next_try = due.next_mail_try(outgoing.attempts, outgoing.created_at, now, retry_after=error.retry_after)
        if error.doubt:
            await self._doubt(orders, outgoing, error.reason, idempotent=next_try, repeats=1)
            return
        await self._threads.archive(
            self._archive.mark_unsent, outgoing.id, error.reason, next_try_at=next_try, failed=next_try is None, now=now
        )
        if error.bounced:
            bounce = Bounce(
                message_id=message.message_id, recipient=message.to, status="5.1.1", hard=True, reason=error.reason
            )
            await self._threads.archive(self._archive.bounced, bounce, now)
        elif next_try is None and channel is not None and (error.gone or error.temporary):
            await self._pause_failing(message.to, error.reason, now)

    async def _doubt(
        self, orders: Orders, outgoing: Outgoing, reason: str, *, idempotent: datetime | None, repeats: int
    ) -> None:
        """At once the same bytes again, as often as `repeats` in all, then held for an operator.

        By an idempotent channel it may be repeated without end, at the time given.
        """
        now, reader = self._clock(), outgoing.message.to
        subscription, channel = orders.subscription(outgoing.message.digest_id), orders.channel(reader)
        repeatable = channel is not None and channel.idempotent
        once = subscription is not None and subscription.at_most_once and not repeatable
        at_once = outgoing.doubts < repeats and not once
        next_try = now if at_once else idempotent if repeatable else None
        await self._threads.archive(
            self._archive.mark_unsent, outgoing.id, reason, next_try_at=next_try, doubt=True, now=now
        )
        if next_try is None and repeatable:
            await self._pause_failing(reader, reason, now)

    async def _pause_failing(self, reader: str, reason: str, now: datetime) -> None:
        """Tells a channel nothing more that took nothing for days; a mail server stands for many readers."""
        if "@" not in reader:
            pause = Pause(digest_id=None, reader=reader, reason=PauseReason.FAILING, at=now, note=reason)
            await self._threads.archive(self._archive.pause, pause)


def _delivery(outgoing: Outgoing) -> Delivery:
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
