"""The email channel: one message, one reader, one SMTP conversation."""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email import policy
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING, Literal, cast

from monitor.errors import DeliveryError
from monitor.text import one_line
from monitor.types import Message, Receipt

if TYPE_CHECKING:
    from aiosmtplib import SMTP

_LINE_END = re.compile(rb"\r\n|\r|\n")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
_PIECE = 65_536  # bytes handed to the connection at a time
_AUTHENTICATION_REQUIRED = 530  # RFC 4954, section 6; also "STARTTLS first" in RFC 3207


class Email:
    """Hands messages to a mail server (RFC 5321) and takes its answer as the receipt.

    `tls`: `starttls` insists on it, `implicit` speaks TLS from the first byte, `none` is for a relay on this machine.
    Certificates are verified against the system's authorities (the variable SSL_CERT_FILE names others), and the
    password is only ever sent over TLS. `timeout` is in seconds and holds for each step; the answer to the whole
    message may take twice as long, because giving up there can mean that the reader gets it twice.
    """

    name = "email"
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

    async def send(self, message: Message, on_commit: Callable[[], Awaitable[None]]) -> Receipt:
        """Sends the message to its one recipient; the envelope sender is the address in its From header.

        Raises DeliveryError: permanent when the server refuses this message for good (5xx to sender, recipient or
        text), otherwise temporary; with doubt when no answer came after the final dot had been handed over.
        """
        from aiosmtplib import SMTP  # here: `roxham --help` does without

        if self._user is not None and self._tls == "none":
            raise self._temporary(
                "is not spoken to over TLS, so user and password are not sent; use smtps:// or STARTTLS, or unset both"
            )
        client = SMTP(
            hostname=self._host,
            port=self._port,
            timeout=self._timeout,
            use_tls=self._tls == "implicit",
            start_tls=False,  # done step by step below, for words that say what is wrong
        )
        try:
            await self._open(client)
            await self._address(client, message)
            await on_commit()
            answer = await self._transmit(client, message.raw)
            with suppress(Exception):  # the message is theirs: a failing goodbye changes nothing
                await client.quit(timeout=min(5.0, self._timeout))
        finally:
            if client.transport is not None:  # a conversation that broke off; cut it, whatever is still in its buffers
                cast(asyncio.WriteTransport, client.transport).abort()
            client.close()
        return Receipt(at=datetime.now(UTC), channel=self.name, answer=answer)

    async def _open(self, client: "SMTP") -> None:
        """Connects, encrypts and logs in. What fails here is the way, not the message: always temporary."""
        with self._step("connecting", permanent=False):
            await client.connect()
            await client.ehlo()
        if self._tls == "starttls":
            if not client.supports_extension("starttls"):
                raise self._temporary(
                    "does not offer STARTTLS; smtps:// speaks TLS from the start, "
                    "and ?starttls=off allows mail without encryption, for a relay on this machine"
                )
            with self._step("STARTTLS", permanent=False):
                await client.starttls()
                await client.ehlo()
        if self._user is not None:
            with self._step("logging in", permanent=False):
                await client.login(self._user, self._password or "")

    async def _address(self, client: "SMTP", message: Message) -> None:
        sender = BytesHeaderParser(policy=policy.default).parsebytes(message.raw)["From"].addresses[0].addr_spec
        to = _with_ascii_domain(message.to)
        options = [f"SIZE={len(message.raw)}"] if client.supports_extension("size") else []
        encoding = "ascii"
        if not (sender + to).isascii():
            if not client.supports_extension("smtputf8"):
                reason = f"{self._server} takes no addresses beyond ASCII (SMTPUTF8): {message.to}"
                raise DeliveryError(reason, temporary=False)
            options.append("SMTPUTF8")
            encoding = "utf-8"
        with self._step(f"sender {sender}"):
            await client.mail(sender, options=options, encoding=encoding)
        with self._step(f"recipient {message.to}"):
            await client.rcpt(to, encoding=encoding)

    async def _transmit(self, client: "SMTP", raw: bytes) -> str:
        """Sends text and final dot, and returns the server's words.

        The dot is held back until the text before it has left this process: a connection that breaks earlier cannot
        have delivered anything, and only one that breaks later leaves doubt.
        """
        with self._step("the text"):
            start = await client.execute_command(b"DATA")
            if start.code != 354:
                raise self._refused(start.code, start.message, "the text")
            for piece in _pieces(raw):
                await self._write(client, piece)
            if not client.is_connected:
                raise ConnectionResetError("the connection was closed")
        with self._step("the end of the text", doubt=True):
            end = await client.execute_command(b".", timeout=2 * self._timeout)
        if 200 <= end.code < 300:
            return one_line(f"{end.code} {end.message}")
        if 400 <= end.code < 600:
            raise self._refused(end.code, end.message, "the text")
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
    def _step(self, doing: str, *, permanent: bool = True, doubt: bool = False) -> Iterator[None]:
        """Turns what a step raises into a DeliveryError that says where and why."""
        from aiosmtplib import SMTPException, SMTPResponseException

        try:
            yield
        except SMTPResponseException as error:
            if error.code < 0:  # not an SMTP answer
                raise self._temporary(f"answered nonsense at {doing}: {one_line(error.message)}", doubt) from error
            raise self._refused(error.code, error.message, doing, permanent=permanent) from error
        except ssl.SSLError as error:
            raise self._temporary(f"has no TLS that can be trusted: {_tls_reason(error)}", doubt) from error
        except TimeoutError as error:
            raise self._temporary(f"did not answer in time at {doing}", doubt) from error
        except (SMTPException, OSError, ValueError) as error:
            cause = error.__cause__
            if isinstance(cause, ssl.SSLError):
                raise self._temporary(f"has no TLS that can be trusted: {_tls_reason(cause)}", doubt) from error
            words = one_line(str(cause or error)) or "the connection was closed"
            raise self._temporary(f"cannot be used, at {doing}: {words}", doubt) from error

    def _refused(self, code: int, words: str, doing: str, *, permanent: bool = True) -> DeliveryError:
        final = permanent and 500 <= code < 600 and code != _AUTHENTICATION_REQUIRED
        return DeliveryError(f"{self._server} refused {doing}: {code} {one_line(words)}", temporary=not final)

    def _temporary(self, what: str, doubt: bool = False) -> DeliveryError:
        return DeliveryError(f"{self._server} {what}", temporary=True, doubt=doubt)


def _pieces(raw: bytes) -> Iterator[bytes]:
    """Yields the text as it goes over the wire: lines end in CRLF, leading dots doubled (RFC 5321, section 4.5.2)."""
    text = _LEADING_DOT.sub(b"..", _LINE_END.sub(b"\r\n", raw))
    if not text.endswith(b"\r\n"):
        text += b"\r\n"
    for start in range(0, len(text), _PIECE):
        yield text[start : start + _PIECE]


def _with_ascii_domain(address: str) -> str:
    """Returns the address with its domain as every server knows it (RFC 5890)."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return address  # the server will say that it knows no such domain


def _tls_reason(error: ssl.SSLError) -> str:
    """Says what is wrong with a certificate or handshake in OpenSSL's words, without its source positions."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return error.reason or str(error)
