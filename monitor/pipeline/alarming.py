"""Tells the operator what needs a hand: one mail, at most once an hour, of all that nobody was told of yet."""

from datetime import datetime, timedelta

import structlog

from monitor.archive import Archive
from monitor.pipeline.composing import Orders
from monitor.pipeline.threads import Threads
from monitor.types import AlarmKind, Clock, Subscription

log = structlog.get_logger("roxham")

_APART = timedelta(hours=1)  # one mail to the operator, whatever goes wrong


class Alarming:
    """What goes wrong in telling, on its way to whoever can mend it."""

    def __init__(self, *, archive: Archive, threads: Threads, clock: Clock) -> None:
        self._archive = archive
        self._threads = threads
        self._clock = clock
        self._told_at: datetime | None = None

    async def not_made(self, subscription: Subscription, reader: str, error: Exception) -> None:
        """Keeps that a digest could not be made; it is tried again, and the same words are one alarm a day."""
        text = f"the digest {subscription.id} for {reader} cannot be made: {type(error).__name__}: {error}"
        await self._threads.archive(self._archive.alarm, AlarmKind.FAILED, text, self._clock())

    async def notify(self, orders: Orders) -> bool:
        """Puts what the operator should know into a mail; says whether there was any."""
        now, notify = self._clock(), orders.rooms.notify
        if notify is None:
            return False
        every = await self._threads.archive(self._archive.alarms)
        alarms = [alarm for alarm in every if alarm.told_at is None]
        times = [self._told_at, *(alarm.told_at for alarm in every)]  # also of a process before this one
        if not alarms or any(at and timedelta(0) <= now - at < _APART for at in times):
            return False
        secret = await self._threads.archive(self._archive.secret)
        try:
            message = notify(alarms, secret, now)
        except Exception:  # `roxham status` shows them all the same; what was told to readers stays told
            log.exception("operator not told")
            return False
        pauses = await self._threads.archive(self._archive.pauses)
        if any(pause.digest_id is None and pause.reader == message.to for pause in pauses):
            return False  # their own address bounced: `roxham status` says so
        await self._threads.archive(self._archive.commit_alarms, [alarm.id for alarm in alarms], message, now)
        self._told_at = now
        return True
