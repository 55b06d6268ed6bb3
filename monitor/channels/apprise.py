"""The apprise channel: a text for one of the chat services that the library of that name knows."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from threading import Thread
from typing import TYPE_CHECKING

from monitor.channels import refuse_other_formats
from monitor.errors import DeliveryError
from monitor.types import Format, Message, Receipt

if TYPE_CHECKING:
    from apprise import Apprise as Library
    from apprise import AppriseResult

_REFUSED = re.compile(r"\berror=(\d{3})\b")  # how nearly all services of the library log an answer that is no 2xx
_NEVER_CONNECTED = re.compile(
    r"Failed to establish a new connection|NewConnectionError|Failed to resolve|NameResolutionError"
    r"|ConnectTimeout|CERTIFICATE_VERIFY_FAILED|SSLError"
)
_GATEWAY = frozenset({"502", "504"})  # said by one in between, who does not know what became of the request


class Apprise:
    """Shows messages in a chat service, by its apprise address (https://github.com/caronc/apprise/wiki).

    The address is a secret as a whole: neither reasons nor logs hold it, nor anything that the library says, for much
    of that quotes it. The library cuts a long text into several posts, or cuts it off, as the service allows; it waits
    4 seconds for each answer (`?rto=` and `?cto=` in the address change that), and `timeout` seconds are given to all.

    Not idempotent: no chat service knows that it got a post before. When the library says no, it is certain that
    nothing arrived only where its log shows that no connection came about, or that the first post was refused.
    Otherwise - no answer in time, a part that was taken, an error without a word - there is doubt.
    """

    takes = Format.TEXT
    idempotent = False

    def __init__(self, name: str, url: str, *, timeout: float = 60.0) -> None:
        self.name = name
        self._url = url
        self._timeout = timeout

    async def send(self, message: Message, on_commit: Callable[[], Awaitable[None]]) -> Receipt:
        """Posts the message: its first line is the title.

        Raises DeliveryError: always temporary, for what a chat service refuses is the address or the hour, not the
        text; with doubt as said above.
        """
        refuse_other_formats(self, message)
        title, _, body = message.raw.decode().partition("\n")
        library = await asyncio.to_thread(self._library)
        await on_commit()
        try:
            async with asyncio.timeout(self._timeout):
                result = await _in_thread(lambda: _notify(library, title.strip(), body.strip() or title.strip()))
        except TimeoutError as error:
            raise self._failed("did not answer in time", doubt=True) from error
        said = [entry.message for entry in result.logs()]
        service = result.results[0].name if result.results else "apprise"
        if any(attempt for each in result.results for attempt in each):  # `?optional=yes` calls any result a success
            return Receipt(at=datetime.now(UTC), channel=self.name, answer=f"taken by {service}")
        raise self._failed(*_what_happened(service, said))

    async def close(self) -> None:
        """Nothing is kept between two messages."""

    def _library(self) -> "Library":
        """Returns the library with the one address in it."""
        from apprise import Apprise as Library
        from apprise import AppriseAsset

        logger = logging.getLogger("apprise")  # quotes addresses, with all that is in them
        logger.propagate = False
        logger.setLevel(logging.DEBUG)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
        library = Library(
            asset=AppriseAsset(
                app_id="Roxham",
                app_desc="Roxham",
                app_url="",
                image_url_mask="",  # else every post shows pictures from the library's own site
                image_url_logo="",
                service_timeout=0,  # ours holds
                async_mode=False,
            )
        )
        if not library.add(self._url):
            raise self._failed("has an address that apprise cannot read: see its wiki for the service's form")
        return library

    def _failed(self, what: str, doubt: bool = False) -> DeliveryError:
        return DeliveryError(f"the channel {self.name} {what}", temporary=True, doubt=doubt, way=True)


def _notify(library: "Library", title: str, body: str) -> "AppriseResult":
    return library.notify(title=title, body=body, body_format="text", log_level=logging.DEBUG)


def _what_happened(service: str, said: Sequence[str]) -> tuple[str, bool]:
    """Reads the library's log of a failure: what to say of it, and whether something may have arrived all the same.

    A long text goes in several posts, and each is tried, whatever became of those before it.
    """
    posts = sum("send() completed" in line for line in said)
    answers = [refused[1] for line in said if (refused := _REFUSED.search(line))]
    unreached = sum(_NEVER_CONNECTED.search(line) is not None for line in said)
    certain = 0 < posts <= len(answers) + unreached and not any(line.startswith("Sent") for line in said)
    if answers:
        return f"was refused by {service}: HTTP {answers[0]}", not certain or not _GATEWAY.isdisjoint(answers)
    if unreached:
        return f"cannot reach {service}", not certain
    return f"got no clear answer from {service}", True


async def _in_thread(work: "Callable[[], AppriseResult]") -> "AppriseResult":
    """Runs the work in a thread that nobody waits for at the end: it cannot be stopped."""
    result: Future[AppriseResult] = Future()
    result.set_running_or_notify_cancel()

    def run() -> None:
        try:
            result.set_result(work())
        except Exception as error:  # noqa: BLE001 - handed to who waits
            result.set_exception(error)

    Thread(target=run, name="apprise", daemon=True).start()
    return await asyncio.wrap_future(result)
