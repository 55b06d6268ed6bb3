"""Takes in returned mail: a letter is read, what it says is kept, then it is marked as read."""

import asyncio
from collections import Counter
from dataclasses import dataclass

import structlog

from monitor.archive import Archive
from monitor.errors import ArchiveError
from monitor.pipeline.threads import Threads
from monitor.returns import Box, BoxError, Letter, Unsubscription, read
from monitor.types import AlarmKind, Bounce, Clock, Pause, PauseReason

log = structlog.get_logger("roxham")

_BATCH = 20  # letters, of a megabyte at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """What a reading of the box brought, in letters."""

    bounced: int = 0  # reports on mails of ours that were not known yet
    unsubscribed: int = 0
    others: int = 0  # nothing to us, or known; marked as read all the same
    failed: int = 0  # could not be read; they stay as they are
    trouble: str | None = None  # why the box could not be read to its end


class Returned:
    """Keeps what returned mail says.

    At least once: a letter is marked when the archive has kept what it says. A kill in between, or a box that cannot be
    written, only means that the letter is read again, of which the archive makes nothing new.
    """

    def __init__(self, *, box: Box, archive: Archive, threads: Threads, clock: Clock) -> None:
        self._box = box
        self._archive = archive
        self._threads = threads
        self._clock = clock
        self._kept: set[str] = set()  # letters that are kept, and not marked yet
        self._aside: set[str] = set()  # letters that cannot be read; they are named once
        self._trouble: str | None = None

    async def read(self) -> Returns:
        """Reads what lies in the box. A letter that cannot be read never stops the others.

        A box that cannot be used is logged when that begins, and when it ends. Raises ArchiveError only.
        """
        counts: Counter[str] = Counter()
        trouble = None
        met: set[str] = set()  # a box that forgets its marks would give the same letters for ever
        try:
            while letters := await asyncio.to_thread(self._box.unread, _BATCH, but=self._aside | met):
                for letter in letters:
                    if letter.name not in self._kept:
                        counts[await self._taken(letter)] += 1
                    met.add(letter.name)
                await asyncio.to_thread(self._box.done, frozenset(self._kept))
                self._kept.clear()
        except BoxError as error:
            trouble = str(error)
        if trouble is not None and self._trouble is None:
            log.error("returned mail cannot be read", reason=trouble)
            text = f"returned mail cannot be read: {trouble}"
            await self._threads.archive(self._archive.alarm, AlarmKind.RETURNS, text, self._clock())
        elif trouble is None and self._trouble is not None:
            log.info("returned mail is read again")
        self._trouble = trouble
        return Returns(trouble=trouble, **counts)

    async def _taken(self, letter: Letter) -> str:
        """Keeps what a letter says; returns the count that it belongs to."""
        if letter.raw is None:
            log.error("letter not read", letter=letter.name, reason=letter.trouble)
            self._aside.add(letter.name)
            return "failed"
        try:
            what = await self._keep(await asyncio.to_thread(read, letter.raw))
        except ArchiveError:
            raise
        except Exception:  # a defect of ours: one letter never stops the others
            log.exception("letter not read", letter=letter.name)
            self._aside.add(letter.name)
            return "failed"
        self._kept.add(letter.name)
        return what

    async def _keep(self, found: Bounce | Unsubscription | None) -> str:
        now = self._clock()
        if isinstance(found, Bounce) and await self._threads.archive(self._archive.bounced, found, now):
            log.warning("mail came back", to=found.recipient, status=found.status, reason=found.reason)
            return "bounced"
        if isinstance(found, Unsubscription):
            meant = await self._threads.archive(self._archive.subscribed, found.token)
            if meant is not None:
                digest_id, reader = meant
                pause = Pause(
                    digest_id=digest_id, reader=reader, reason=PauseReason.UNSUBSCRIBED, at=now, note="by mail"
                )
                if await self._threads.archive(self._archive.pause, pause):
                    log.info("reader unsubscribed by mail", digest=digest_id, to=reader)
                    return "unsubscribed"
        return "others"
