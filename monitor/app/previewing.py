"""What a reader would be told, from a configuration and an archive that is only read; and a digest sent as a test."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from monitor.app.program import utc_now
from monitor.app.telling import orders
from monitor.pipeline import Deliver, Threads
from monitor.types import Clock, Digest, Format, Message, Receipt

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.config import Config

P = ParamSpec("P")
T = TypeVar("T")


class _Here(Threads):
    """Does everything in the present thread: whoever asks is away from the event loop already."""

    async def read(self, work: Callable[[], T]) -> T:
        return work()

    async def archive(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return work(*args, **kwargs)


def preview(
    config: "Config",
    archive: "Archive",
    digest_id: str,
    reader: str | None = None,
    at: datetime | None = None,
    clock: Clock = utc_now,
) -> Digest:
    """Returns a reader's digest as `Deliver.preview` does, in this thread, where no event loop may run.

    KeyError for a digest that is not configured.
    """
    return asyncio.run(_deliver(config, archive, clock).preview(digest_id, reader, at))


def send_test(config: "Config", archive: "Archive", digest: Digest, to: str) -> Receipt:
    """Sends a digest to an address as a test that says so; nothing is kept of it. Raises DeliveryError."""
    return asyncio.run(_deliver(config, archive, utc_now).send_test(digest, to))


def _deliver(config: "Config", archive: "Archive", clock: Clock) -> Deliver:
    return Deliver(orders(config), archive=archive, threads=_Here(), clock=clock)


def takes(config: "Config", reader: str) -> Format:
    """Returns what a reader gets: mail, or what their channel takes."""
    channel = orders(config).channel(reader)
    return Format.MAIL if channel is None else channel.takes


def rendered(config: "Config", digest: Digest, form: Format) -> Message:
    """Returns a digest in a form, as a mail also where its reader is a channel that takes something else."""
    if form is Format.MAIL and "@" not in digest.reader:
        digest = replace(digest, reader=f"{digest.reader}@localhost")
    return orders(config).rooms.render(digest, b"", None, form)
