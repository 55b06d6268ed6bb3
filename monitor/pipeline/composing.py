"""Composing: what one reader is told, from what the archive holds for them to the final bytes of a message."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.archive import Archive, Version
from monitor.channels import Channel
from monitor.pipeline.coverage import REACH, Watched
from monitor.pipeline.threads import Threads
from monitor.types import (
    Alarm,
    Change,
    Changes,
    Comparison,
    Digest,
    Format,
    Message,
    Outgoing,
    Slice,
    Slot,
    Source,
    Subscription,
    Topic,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """What the digest room does: decide what is said, then give it its final bytes. app.py fills it in."""

    compared: Callable[[Subscription, Slice], Sequence[Comparison]]
    change: Callable[[Version, Version, str | None], Change | None]  # before, after, language
    compose: Callable[[Subscription, str, Slot, Slice, Sequence[Topic], datetime, Changes], Digest]
    render: Callable[[Digest, bytes, str | None, Format], Message]  # the archive's secret, and the message's own token
    notify: Callable[[Sequence[Alarm], bytes, datetime], Message] | None = None  # None: no operator is named


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Who is told what, and how: one digest is made and one message is sent by the same orders throughout."""

    sources: tuple[Source, ...]
    topics: tuple[Topic, ...]
    subscriptions: tuple[Subscription, ...]
    mail: Channel
    channels: Mapping[str, Channel]  # by the names of readers that have no address
    rooms: Teller

    def channel(self, reader: str) -> Channel | None:
        """Returns the way to a reader; None: a channel that is no longer configured."""
        return self.mail if "@" in reader else self.channels.get(reader)

    def subscription(self, digest_id: str) -> Subscription | None:
        """Returns a digest, if it is still configured."""
        return next((each for each in self.subscriptions if each.id == digest_id), None)


class Round:
    """Composes for any number of readers at one moment: what concerns all of them is asked of the archive once."""

    def __init__(
        self, orders: Orders, archive: Archive, threads: Threads, now: datetime, *, since: datetime | None = None
    ) -> None:
        """Takes the present moment; `since`: the earliest time that a digest made here may reach back to."""
        self.orders = orders
        self._archive, self._threads, self._now = archive, threads, now
        self._since = since or now - REACH
        self._pauses: frozenset[tuple[str | None, str]] | None = None
        self._watched: Watched | None = None
        self._changes: dict[Comparison, tuple[Change | None, ...]] = {}

    async def paused(self, subscription: Subscription, reader: str) -> bool:
        """Says whether a reader is not to be told for now."""
        if self._pauses is None:
            pauses = await self._threads.archive(self._archive.pauses)
            self._pauses = frozenset((pause.digest_id, pause.reader) for pause in pauses)
        return subscription.paused or not self._pauses.isdisjoint({(None, reader), (subscription.id, reader)})

    async def compose(
        self,
        subscription: Subscription,
        reader: str,
        slot: Slot,
        *,
        of: Outgoing | None = None,
        at: datetime | None = None,
        now: datetime | None = None,
    ) -> tuple[Digest, Slice]:
        """Returns what the reader is told, and what it was made of; `of` and `at` as in `Archive.slice`.

        `now` is what the digest takes for the present.
        """
        now = now or self._now
        told_until = await self._threads.archive(self._archive.told_until, subscription.id, reader)
        if told_until is None or told_until > self._now:  # a clock that was ahead says nothing of what was watched
            told_until = now - REACH
        if self._watched is None:
            self._watched = await Watched.at(self._archive, self._threads, self._since, self._now)
        slice_ = await self._threads.archive(
            self._archive.slice,
            subscription,
            reader,
            self._watched.coverage(self.orders.sources, told_until),
            since=now - REACH,
            of=of,
            at=at,
        )
        changes = await self._compared(subscription, slice_)
        rooms = self.orders.rooms
        return rooms.compose(subscription, reader, slot, slice_, self.orders.topics, now, changes), slice_

    async def _compared(self, subscription: Subscription, slice_: Slice) -> Changes:
        """Compares what may be new of stories that the reader knows; many readers are told the same."""
        found: dict[Comparison, tuple[Change | None, ...]] = {}
        for comparison in self.orders.rooms.compared(subscription, slice_):
            if comparison not in self._changes:
                self._changes[comparison] = await self._change(slice_, comparison)
            found[comparison] = self._changes[comparison]
        return found

    async def _change(self, slice_: Slice, comparison: Comparison) -> tuple[Change | None, ...]:
        wanted = [(comparison.article_id, comparison.version), *comparison.told]
        versions = {
            (article_id, version.number): version
            for article_id in dict.fromkeys(article_id for article_id, _ in wanted)
            for version in await self._threads.archive(self._archive.versions, article_id)
        }
        article, rooms = slice_.articles.get(comparison.article_id), self.orders.rooms
        language = article.language if article is not None else None
        after, before = versions.get(wanted[0]), [versions.get(told) for told in comparison.told]

        def compare() -> tuple[Change | None, ...]:
            return tuple(
                rooms.change(each, after, language) if each is not None and after is not None else None
                for each in before
            )

        return await self._threads.read(compare)

    async def render(self, digest: Digest) -> tuple[Message, str]:
        """Returns a digest's message, in the format that its reader's channel takes, and the token in its links."""
        channel, token = self.orders.channel(digest.reader), secrets.token_urlsafe(24)
        secret = await self._threads.archive(self._archive.secret)
        takes = Format.MAIL if channel is None else channel.takes
        return await self._threads.read(lambda: self.orders.rooms.render(digest, secret, token, takes)), token
