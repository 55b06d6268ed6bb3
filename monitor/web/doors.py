"""What the pages that mails lead to ask of the program."""

from pathlib import Path
from typing import TYPE_CHECKING

from monitor.config import ChannelKind
from monitor.overview.service import ALIVE_WITHIN
from monitor.types import Pause, PauseReason
from monitor.web import Doors

if TYPE_CHECKING:
    from monitor.app.onlooker import Onlooker


def doors(onlooker: "Onlooker") -> Doors:
    """Returns them over the archive and the configuration that `onlooker` looks at."""

    async def subscribed(token: str) -> tuple[str, str, str] | None:
        found = await onlooker.ask(lambda archive: archive.subscribed(token))
        if found is None:
            return None
        titles = next((s.title for s in onlooker.config.subscriptions if s.id == found[0]), {})
        return next(iter(titles.values()), found[0]), *found

    async def unsubscribe(token: str) -> bool:
        found = await onlooker.ask(lambda archive: archive.subscribed(token))
        if found is not None:
            digest_id, reader = found
            pause = Pause(
                digest_id=digest_id,
                reader=reader,
                reason=PauseReason.UNSUBSCRIBED,
                at=onlooker.clock(),
                note="by the link in a mail",
            )
            await onlooker.change(lambda archive: archive.pause(pause))
        return found is not None

    async def resubscribe(token: str) -> bool:
        found = await onlooker.ask(lambda archive: archive.subscribed(token))
        if found is not None:
            pauses = await onlooker.ask(lambda archive: archive.pauses())
            if any((p.digest_id, p.reader, p.reason) == (*found, PauseReason.UNSUBSCRIBED) for p in pauses):
                await onlooker.change(lambda archive: archive.resume(*found, onlooker.clock()))
        return found is not None

    async def whole(token: str) -> bytes | None:
        return await onlooker.ask(lambda archive: archive.whole(token))

    async def feed(name: str) -> Path | None:
        channels = onlooker.config.channels
        return next((c.path for c in channels if c.name == name and c.kind is ChannelKind.ATOM), None)

    async def alive() -> bool:
        beat = await onlooker.ask(lambda archive: archive.heartbeat())
        return beat is not None and onlooker.clock() - beat < ALIVE_WITHIN

    return Doors(
        subscribed=subscribed,
        unsubscribe=unsubscribe,
        resubscribe=resubscribe,
        whole=whole,
        feed=feed,
        alive=alive,
    )
