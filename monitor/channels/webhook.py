"""The webhook channel: a JSON document posted to an address of the operator's, signed."""

import asyncio
import base64
import binascii
import hmac
import io
import re
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from monitor.channels import refuse_other_formats, tls_reason, without
from monitor.errors import DeliveryError
from monitor.text import one_line
from monitor.types import Format, Message, Receipt

if TYPE_CHECKING:
    from aiohttp import ClientResponse, TCPConnector

_PREFIX = "whsec_"
_ANSWER_READ = 1024  # bytes
_ANSWER_SHOWN = 200  # characters
_SHORTEST_TOKEN = 8  # characters; shorter parts of an address are words
_NOT_NOW = frozenset({408, 409, 425, 429})  # of the 4xx: the same request may be taken later
_THE_WAY = frozenset({401, 402, 403, 404, 405, 407, 421})  # said of the address or the secret, not of this message
_GATEWAY = frozenset({502, 504})  # said by one in between, who does not know what became of the request


class Webhook:
    """Posts messages to `url` and takes any answer of the 2xx as the receipt.

    The body is the document's bytes. `Idempotency-Key` (a string in quotes, as draft-ietf-httpapi-idempotency-key-
    header wants it) and `webhook-id` are made of the Message-ID and are the same in every try; with a `secret` the
    request is signed by the rules of Standard Webhooks 1.0, so that its libraries verify it: `whsec_` and base64, or
    any other text, whose UTF-8 bytes are the key then. Redirects are not followed; TLS is verified against the
    system's authorities (SSL_CERT_FILE names others); an address inside the network is one like any other, for the
    operator wrote it. `timeout` is in seconds and holds for each step, and four times that for the whole.

    Idempotent: that a request may come twice is what is agreed with every receiver of webhooks ("at least once"),
    the key is there to notice it by, and a digest that is lost is worse.
    """

    takes = Format.JSON
    idempotent = True

    def __init__(
        self, name: str, url: str, *, secret: str | None = None, agent: str = "Roxham", timeout: float = 30.0
    ) -> None:
        self.name = name
        self._url = url
        self._secret = secret
        self._agent = agent
        self._timeout = timeout
        self._receiver = f"the webhook {name} ({_origin(url)})"
        self._hidden = [secret or "", (secret or "").removeprefix(_PREFIX), *_secrets_of(url)]

    async def send(self, message: Message, on_commit: Callable[[], Awaitable[None]]) -> Receipt:
        """Posts the message once.

        Raises DeliveryError: permanent for an answer of the 4xx that time does not change, with `gone` for 410;
        otherwise temporary, with `retry_after` where the receiver asked for it, and with doubt where the whole request
        may have arrived and nothing, or only a gateway, answered.
        """
        from aiohttp import ClientSession, ClientTimeout
        from yarl import URL

        refuse_other_formats(self, message)
        headers = self._headers(message, datetime.now(UTC))
        commit = _Commit(on_commit)
        timeout = ClientTimeout(total=4 * self._timeout, sock_connect=self._timeout, sock_read=self._timeout)
        with self._failures(commit):
            context = await asyncio.to_thread(ssl.create_default_context)  # reads the authorities from disk
            async with (
                ClientSession(connector=_connector(context, commit), timeout=timeout, auto_decompress=False) as session,
                session.post(
                    URL(self._url, encoded=True),  # a signed address changes with its spelling
                    data=io.BytesIO(message.raw),
                    headers=headers,
                    allow_redirects=False,
                ) as response,
            ):
                if not 200 <= response.status < 300:
                    raise await self._refused(response)
                return Receipt(at=datetime.now(UTC), channel=self.name, answer=f"HTTP {response.status}")

    async def close(self) -> None:
        """Nothing is kept between two messages."""

    def _headers(self, message: Message, now: datetime) -> dict[str, str]:
        key = re.sub(r"[^A-Za-z0-9_-]", "-", message.message_id.strip("<>"))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": self._agent,
            "Accept-Encoding": "identity",  # of an answer only a few words are read
            "Idempotency-Key": f'"{key}"',
            "webhook-id": key,
            "webhook-timestamp": str(int(now.timestamp())),
        }
        if self._secret is None:
            return headers
        try:
            key_bytes = signing_key(self._secret)
        except ValueError as error:
            reason = f"{self._receiver} is not posted to: its secret begins with {_PREFIX} and goes on in no base64"
            raise DeliveryError(reason, temporary=True, way=True) from error
        return headers | {"webhook-signature": signature(key_bytes, key, headers["webhook-timestamp"], message.raw)}

    @contextmanager
    def _failures(self, commit: "_Commit") -> Iterator[None]:
        """Turns what the library raises into a DeliveryError; what `on_commit` raised passes through as it was."""
        from aiohttp import ClientConnectorError, ClientError

        try:
            yield
        except (DeliveryError, asyncio.CancelledError):
            raise
        except Exception as error:
            if commit.error is not None:
                raise commit.error from None
            if isinstance(error, TimeoutError):
                words = "did not answer in time"
            elif (tls := _tls_error(error)) is not None:
                words = f"has no TLS that can be trusted: {tls}"
            elif isinstance(error, ClientConnectorError):
                words = f"cannot be reached: {self._quoted(error.os_error.strerror or str(error.os_error))}"
            elif isinstance(error, ClientError | OSError | ValueError):
                words = f"cannot be used: {self._quoted(str(error)) or type(error).__name__}"
            else:
                raise
            raise DeliveryError(f"{self._receiver} {words}", temporary=True, doubt=commit.done, way=True) from error

    async def _refused(self, response: "ClientResponse") -> DeliveryError:
        status = response.status
        said = f"{self._receiver} answered HTTP {status} {self._quoted(response.reason or '')}".rstrip()
        if 300 <= status < 400:
            to = _origin(response.headers.get("Location", ""))
            said += f", a redirect to {to}" if to else ", a redirect"
            reason = f"{said}; none is followed: put the new address into monitor.yaml"
            return DeliveryError(reason, temporary=True, way=True)
        if words := self._quoted(await _words(response)):
            said += f": {words}"
        busy = status in (429, 503)
        ways = busy or status in _THE_WAY
        return DeliveryError(
            said,
            temporary=ways or not 400 <= status < 500 or status in _NOT_NOW,
            doubt=status in _GATEWAY,
            way=ways,
            gone=status == 410,
            retry_after=retry_after(response.headers, datetime.now(UTC)) if busy else None,
        )

    def _quoted(self, words: str) -> str:
        """Returns what the other side, or the library, says: one line, not long, without what is secret."""
        return without(one_line(words), self._hidden)[:_ANSWER_SHOWN]


def signing_key(secret: str) -> bytes:
    """Returns the bytes that a secret stands for; ValueError for `whsec_` without base64 behind it."""
    if not secret.startswith(_PREFIX):
        return secret.encode()
    written = secret.removeprefix(_PREFIX)
    try:
        return base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """Returns the header `webhook-signature` (Standard Webhooks 1.0, "Signature scheme")."""
    signed = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(signed).decode()}"


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Returns how long a server asks to be left alone: seconds or a date (RFC 9110, section 10.2.3)."""
    asked = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", asked):
        return timedelta(seconds=int(asked))
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return None
    until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
    return max(until - now, timedelta(0))


class _Commit:
    """The word that the message may arrive from now on, said once the connection stands."""

    def __init__(self, on_commit: Callable[[], Awaitable[None]]) -> None:
        self._on_commit = on_commit
        self.done = False
        self.error: Exception | None = None

    async def say(self) -> None:
        try:
            await self._on_commit()
        except Exception as error:
            self.error = error  # the library would wrap it
            raise
        self.done = True


def _connector(context: ssl.SSLContext, commit: _Commit) -> "TCPConnector":
    """Returns what connects, with the commit between the connection and the first byte of the request."""
    from aiohttp import ClientRequest, ClientTimeout, TCPConnector
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

    class Committing(TCPConnector):
        async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:  # noqa: ASYNC109 - the library's own
            connection = await super().connect(req, traces, timeout)
            try:
                await commit.say()
            except BaseException:
                connection.close()
                raise
            return connection

    return Committing(ssl=context, force_close=True)


async def _words(response: "ClientResponse") -> str:
    """Returns the beginning of what the receiver says of its refusal; nothing where it cannot be had."""
    from aiohttp import ClientError

    read = b""
    try:
        while len(read) < _ANSWER_READ and (more := await response.content.read(_ANSWER_READ - len(read))):
            read += more
    except (ClientError, OSError):  # TimeoutError too
        pass
    return read.decode("utf-8", "replace")


def _tls_error(error: BaseException) -> str | None:
    """Finds what TLS said behind an error of the library, whose own are of the same class and say nothing of it."""
    from aiohttp import ClientError

    each: BaseException | None = error
    while each is not None and (isinstance(each, ClientError) or not isinstance(each, ssl.SSLError)):
        each = each.__cause__
    return None if each is None else tls_reason(each)


def _origin(url: str) -> str | None:
    """Returns of an address what is no secret: scheme and host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.hostname}" if parts.hostname else None


def _secrets_of(url: str) -> Iterator[str]:
    """Yields what of an address may be secret, in both spellings: its password, long parts of path and query."""
    parts = urlsplit(url)
    found = [
        parts.path.strip("/"),
        parts.query,
        *parts.path.split("/"),
        *(value for _, value in parse_qsl(parts.query)),
    ]
    for each in (url, parts.password or "", *(part for part in found if len(part) >= _SHORTEST_TOKEN)):
        yield each
        yield unquote(each)
