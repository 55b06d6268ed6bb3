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
        """Settles messages that were on their way when the process died: they may have arrived."""
        hold = await self._threads.archive(self._archive.outbox_hold)
        if hold is not None:
            text = f"the outbox is held: {hold.reason}; see `roxham outbox`, then `roxham outbox release`"
            log.error("outbox held", reason=hold.reason)
            await self._threads.archive(self._archive.alarm, AlarmKind.OUTBOX, text, self._clock())
        for outgoing in await self._threads.archive(self._archive.interrupted):
            await self._doubt(orders, outgoing, "the program ended before the other side's answer was kept")

    async def send(self, orders: Orders, only: Collection[str] | None, *, hurried: bool) -> list[Delivery]:
        """Sends what is due, of the digests `only`; returns what became of each message, in the outbox's order."""
        by = datetime.max.replace(tzinfo=UTC) if hurried else self._clock()
        due_now = set(await self._threads.archive(self._archive.due_messages, by))
        if not due_now:
            return []
        ways: dict[str, list[int]] = {}
        for outgoing in await self._threads.archive(self._archive.outbox, open_only=True):
            if outgoing.id in due_now and (only is None or outgoing.message.digest_id in only):
                reader = outgoing.message.to
                ways.setdefault("" if "@" in reader else reader, []).append(outgoing.id)
        done = await asyncio.gather(
            *(self._send_all(orders, way, numbers, hurried) for way, numbers in ways.items()), return_exceptions=True
        )
        for result in done:
            if isinstance(result, BaseException):
                raise result
        sent = sorted((each for result in done for each in result), key=lambda each: each.id)  # type: ignore[union-attr]
        return [_delivery(outgoing) for outgoing in sent]

    async def _send_all(self, orders: Orders, way: str, numbers: Sequence[int], hurried: bool) -> list[Outgoing]:
        if not hurried and self._resting.get(way, self._clock()) > self._clock():
            return []
        self._resting.pop(way, None)
        done, channel = [], None
        try:
            for number in numbers:
                if self._stopping or (outgoing := await self._message(number)) is None:
                    break
                channel = orders.channel(outgoing.message.to)
                open_way = await self._send(orders, channel, outgoing)
                done.append(await self._message(number) or outgoing)
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
        if error.doubt:
            await self._doubt(orders, outgoing, error.reason)
            return
        next_try = None
        if error.temporary:
            next_try = due.next_mail_try(outgoing.attempts, outgoing.created_at, now, retry_after=error.retry_after)
        await self._threads.archive(
            self._archive.mark_unsent, outgoing.id, error.reason, next_try_at=next_try, failed=next_try is None, now=now
        )
        if error.bounced:
            bounce = Bounce(
                message_id=message.message_id, recipient=message.to, status="5.1.1", hard=True, reason=error.reason
            )
            await self._threads.archive(self._archive.bounced, bounce, now)
        elif next_try is None and channel is not None and "@" not in message.to and (error.gone or error.temporary):
            pause = Pause(digest_id=None, reader=message.to, reason=PauseReason.FAILING, at=now, note=error.reason)
            await self._threads.archive(self._archive.pause, pause)

    async def _doubt(self, orders: Orders, outgoing: Outgoing, reason: str) -> None:
        """Once more with the same bytes, then held for an operator. An idempotent channel may always try again."""
        subscription = orders.subscription(outgoing.message.digest_id)
        once = subscription is not None and subscription.at_most_once
        channel = orders.channel(outgoing.message.to)
        again = (outgoing.doubts == 0 and not once) or (channel is not None and channel.idempotent)
        await self._threads.archive(
            self._archive.mark_unsent,
            outgoing.id,
            reason,
            next_try_at=self._clock() if again else None,
            doubt=True,
            now=self._clock(),
        )


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
