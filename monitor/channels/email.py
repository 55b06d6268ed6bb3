"""The email channel: one message, one reader, one SMTP transaction."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING, Literal, cast

from monitor.channels import refuse_other_formats, tls_reason, without
from monitor.channels.smtp import (
    Judged,
    as_sent,
    judges_the_way,
    no_such_address,
    pieces,
    with_ascii_domain,
)
from monitor.errors import DeliveryError
from monitor.text import one_line
from monitor.types import Format, Message, Receipt

if TYPE_CHECKING:
    from aiosmtplib import SMTP

_LONGEST_REST = 15.0  # seconds that a connection is kept for the next message
_MOST_MESSAGES = 100  # over one connection: servers have limits, and none is that small


@dataclass(slots=True)
class _Line:
    """A connection that is open, encrypted and logged in."""

    client: "SMTP"
    messages: int = 0  # sent over it
    rested_at: float = 0.0  # since when it is idle, by the loop's clock

    def usable(self) -> bool:
        rested = asyncio.get_running_loop().time() - self.rested_at
        return self.client.is_connected and rested < _LONGEST_REST and self.messages < _MOST_MESSAGES

    def cut(self) -> None:
        """Ends the connection at once, whatever is still in its buffers."""
        if self.client.transport is not None:
            cast(asyncio.WriteTransport, self.client.transport).abort()
        self.client.close()

    @contextmanager
    def cut_on_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.cut()
            raise


class Email:
    """Hands messages to a mail server (RFC 5321) and takes its answer as the receipt.

    `tls`: `starttls` insists on it, `implicit` speaks TLS from the first byte, `none` is for a relay on this machine.
    Certificates are verified against the system's authorities (the variable SSL_CERT_FILE names others), and the
    password is only ever sent over TLS. `timeout` is in seconds and holds for each step; the answer to the whole
    message may take twice as long, because giving up there can mean that the reader gets it twice.

    A connection over which a message was sent is kept for the next one. Whether it still serves shows before
    `on_commit`: where it does not, another is opened.
    """

    name = "email"
    takes = Format.MAIL
    idempotent = False

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: Literal["starttls", "implicit", "none"] = "starttls",
        user: str | None = None,
        password: str | None = None,
        timeout: float = 30.0,
    ) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._user = user
        self._password = password
        self._timeout = timeout
        self._server = f"mail server {host}:{port}"
        self._secrets = [password, *as_sent(user or "", password)] if password else []
        self._kept: list[_Line] = []

    async def send(self, message: Message, on_commit: Callable[[], Awaitable[None]]) -> Receipt:
        """Sends the message to its one recipient; the envelope sender is the address in its From header.

        Raises DeliveryError: permanent when the server refuses recipient or text for good (5xx; `bounced` where it is
        the recipient's address), otherwise temporary; with doubt when no answer came after the final dot had been
        handed over.
        """
        refuse_other_formats(self, message)
        if self._user is not None and self._tls == "none":
            raise self._failed(
                "is not spoken to over TLS, so user and password are not sent; use smtps:// or STARTTLS, or unset both"
            )
        line = await self._addressed(message)
        with line.cut_on_failure():
            await on_commit()
            answer = await self._transmit(line.client, message.raw)
        # Nothing is awaited from here on: the message is theirs, and whoever cancels this is told so.
        line.messages += 1
        line.rested_at = asyncio.get_running_loop().time()
        self._kept.append(line)
        return Receipt(at=datetime.now(UTC), channel=self.name, answer=answer)

    async def close(self) -> None:
        """Says goodbye on the connections that are kept."""
        kept, self._kept = self._kept, []
        try:
            for line in kept:
                if line.client.is_connected:
                    with suppress(Exception):  # the messages are theirs: a failing goodbye changes nothing
                        await line.client.quit(timeout=min(5.0, self._timeout))
        finally:
            for line in kept:
                line.cut()

    async def _addressed(self, message: Message) -> _Line:
        """Returns a line on which the server has taken sender and recipient of the message."""
        if self._kept and not self._kept[-1].usable():
            await self.close()
        if self._kept:
            line = self._kept.pop()
            try:
                with line.cut_on_failure():
                    await self._address(line.client, message)
                return line
            except DeliveryError as error:
                if not error.way:
                    raise
                # The server had closed it, or wants no more over it; a new one shows whether it wants any at all.
        line = self._line()
        with line.cut_on_failure():
            await self._open(line.client)
            await self._address(line.client, message)
        return line

    def _line(self) -> _Line:
        from aiosmtplib import SMTP  # here: `roxham --help` does without

        return _Line(
            SMTP(
                hostname=self._host,
                port=self._port,
                timeout=self._timeout,
                use_tls=self._tls == "implicit",
                start_tls=False,  # done step by step below, for words that say what is wrong
            )
        )

    async def _open(self, client: "SMTP") -> None:
        """Connects, encrypts and logs in. What fails here is the way, not the message: always temporary."""
        with self._step("connecting", "way"):
            await client.connect()
            await client.ehlo()
        if self._tls == "starttls":
            if not client.supports_extension("starttls"):
                raise self._failed(
                    "does not offer STARTTLS; smtps:// speaks TLS from the start, "
                    "and ?starttls=off allows mail without encryption, for a relay on this machine"
                )
            with self._step("STARTTLS", "way"):
                await client.starttls()
                await client.ehlo()
        if self._user is not None:
            with self._step("logging in", "way"):
                await client.login(self._user, self._password or "")

    async def _address(self, client: "SMTP", message: Message) -> None:
        headers = message.raw.partition(b"\r\n\r\n")[0]  # the parser would go through the whole mail
        sender = BytesHeaderParser(policy=policy.default).parsebytes(headers)["From"].addresses[0].addr_spec
        to = with_ascii_domain(message.to)
        options = [f"SIZE={len(message.raw)}"] if client.supports_extension("size") else []
        encoding = "ascii"
        if not (sender + to).isascii():
            if not client.supports_extension("smtputf8"):
                reason = f"{self._server} takes no addresses beyond ASCII (SMTPUTF8): {message.to}"
                raise DeliveryError(reason, temporary=False)
            options.append("SMTPUTF8")
            encoding = "utf-8"
        with self._step(f"sender {sender}", "sender"):
            await client.mail(sender, options=options, encoding=encoding)
        with self._step(f"recipient {message.to}", "recipient"):
            await client.rcpt(to, encoding=encoding)

    async def _transmit(self, client: "SMTP", raw: bytes) -> str:
        """Sends text and final dot, and returns the server's words.

        The dot is held back until the text before it has left this process: a connection that breaks earlier cannot
        have delivered anything, and only one that breaks later leaves doubt.
        """
        with self._step("the text", "text"):
            start = await client.execute_command(b"DATA")
            if start.code != 354:
                raise self._refused(start.code, start.message, "the text", "text")
            for piece in pieces(raw):
                await self._write(client, piece)
            if not client.is_connected:
                raise ConnectionResetError("the connection was closed")
        with self._step("the end of the text", "text", doubt=True):
            end = await client.execute_command(b".", timeout=2 * self._timeout)
        if 200 <= end.code < 300:
            return one_line(f"{end.code} {end.message}")
        if 400 <= end.code < 600:
            raise self._refused(end.code, end.message, "the text", "text")
        raise DeliveryError(f"{self._server} answered the whole text with {end.code}", temporary=True, doubt=True)

    async def _write(self, client: "SMTP", piece: bytes) -> None:
        """Hands bytes to the connection and waits until the system has taken them."""
        if client.protocol is None:
            raise ConnectionResetError("the connection was closed")
        client.protocol.write(piece)
        async with asyncio.timeout(self._timeout):
            await asyncio.sleep(0)  # lets a broken connection show
            while client.transport and cast(asyncio.WriteTransport, client.transport).get_write_buffer_size():  # noqa: ASYNC110 - a transport has no event for it
                await asyncio.sleep(0.005)

    @contextmanager
    def _step(self, doing: str, of: Judged, *, doubt: bool = False) -> Iterator[None]:
        """Turns what a step raises into a DeliveryError that says where and why."""
        from aiosmtplib import SMTPException, SMTPResponseException

        try:
            yield
        except SMTPResponseException as error:
            if error.code < 0:  # not an SMTP answer
                raise self._failed(f"answered nonsense at {doing}: {one_line(error.message)}", doubt) from error
            raise self._refused(error.code, error.message, doing, of) from error
        except ssl.SSLError as error:
            raise self._failed(f"has no TLS that can be trusted: {tls_reason(error)}", doubt) from error
        except TimeoutError as error:
            raise self._failed(f"did not answer in time at {doing}", doubt) from error
        except (SMTPException, OSError, ValueError) as error:
            cause = error.__cause__
            if isinstance(cause, ssl.SSLError):
                raise self._failed(f"has no TLS that can be trusted: {tls_reason(cause)}", doubt) from error
            words = one_line(str(cause or error)) or "the connection was closed"
            raise self._failed(f"cannot be used, at {doing}: {words}", doubt) from error

    def _refused(self, code: int, words: str, doing: str, of: Judged) -> DeliveryError:
        way = judges_the_way(code, of)
        final = 500 <= code < 600 and not way
        return DeliveryError(
            without(f"{self._server} refused {doing}: {code} {one_line(words)}", self._secrets),
            temporary=not final,
            way=way,
            bounced=final and of == "recipient" and no_such_address(code, words),
        )

    def _failed(self, what: str, doubt: bool = False) -> DeliveryError:
        """No answer to this message: the next one would hardly get another."""
        return DeliveryError(without(f"{self._server} {what}", self._secrets), temporary=True, doubt=doubt, way=True)
