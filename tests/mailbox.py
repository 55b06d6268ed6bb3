"""A real SMTP server on loopback, in a thread of its own, that does wrong on demand."""

import asyncio
import datetime
import ipaddress
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any, AnyStr, Literal, cast

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

STEPS = ("CONNECT", "HELO", "MAIL", "RCPT", "DATA", "DOT", "250", "QUIT")
"""Of one conversation. `DOT`: the whole text is here and not answered; `250`: the answer to it has left."""

Fault = str
"""What happens at a step: an SMTP answer such as `"550 no such user"` (with 421 the connection ends), `"drop"` (the
connection is cut at once) or `"hang"` (no answer ever comes). Both happen at `DATA` in the middle of the text, at `DOT`
after it; `250` knows `"drop"` only."""


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """A message as it arrived, whether or not the client was told so."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    tls: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)  # type: ignore[no-any-return,unused-ignore]


class Mailbox:
    """`with Mailbox() as box:` listens on `box.host`, `box.port`; what arrives is in `box.delivered`.

    `tls`: None offers no encryption, `starttls` offers it, `implicit` starts with it; `certificate` is a PEM file with
    key and certificate (see `make_certificate`). `login` demands this user and password. `faults` says what goes
    wrong; a list is used up call by call, the last one stays, and None is no fault. `size_limit`: bytes of the
    largest message taken. Change `box.faults` at any time.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        *,
        tls: Literal["starttls", "implicit"] | None = None,
        certificate: Path | None = None,
        login: tuple[str, str] | None = None,
        faults: Mapping[str, Fault | list[Fault | None]] | None = None,
        port: int = 0,
        size_limit: int = 20_000_000,
    ) -> None:
        self.port = port
        self.size_limit = size_limit
        self.tls = tls
        self.login = login
        self.faults: dict[str, Fault | list[Fault | None]] = dict(faults or {})
        self.reached: Callable[[str], None] = lambda step: None  # called in the server's thread, before any fault
        self.delivered: list[Delivered] = []
        self.connections = 0  # begun
        self.ended = 0  # of those
        self._sessions: list[_Session] = []
        self._context = None
        if tls is not None:
            assert certificate is not None, "TLS needs a certificate"
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="mailbox", daemon=True)

    def __enter__(self) -> "Mailbox":
        self._thread.start()
        assert self._ready.wait(10), "the mailbox did not start"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive(), "the mailbox did not stop"

    def fault(self, step: str) -> Fault | None:
        """Takes what goes wrong at this step now."""
        plan = self.faults.get(step)
        if isinstance(plan, list):
            return (plan.pop(0) if len(plan) > 1 else plan[0]) if plan else None
        return plan

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(lambda loop, context: None)  # cut connections are what this server is for
        self._stop = asyncio.Event()
        implicit = self._context if self.tls == "implicit" else None
        server = await self._loop.create_server(self._session, self.host, self.port, ssl=implicit)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for session in self._sessions:
            session.cut()
        for _ in range(5):  # the loop's own farewells to connections and sessions
            await asyncio.sleep(0.002)

    def _session(self) -> "_Session":
        self.connections += 1
        self.reached("CONNECT")
        self._sessions.append(_Session(self, self._context if self.tls == "starttls" else None))
        return self._sessions[-1]


class _Session(SMTP):
    """aiosmtpd's server with the faults put in its way."""

    def __init__(self, box: Mailbox, context: ssl.SSLContext | None) -> None:
        self._box = box
        super().__init__(
            self,  # it is its own handler: the hooks below
            hostname="mailbox.test",
            ident="Mailbox",
            tls_context=context,
            require_starttls=False,
            authenticator=self._check if box.login else None,
            auth_required=box.login is not None and box.tls != "implicit",  # there aiosmtpd sees no TLS, and warns
            auth_require_tls=box.tls != "implicit",
            loop=asyncio.get_running_loop(),
            data_size_limit=box.size_limit,
        )

    def cut(self) -> None:
        """Ends the connection without a word."""
        for transport in (self.transport, self._original_transport):
            if transport is not None:
                cast(asyncio.WriteTransport, transport).abort()

    async def _misbehave(self, step: str) -> bool:
        """Does what is planned for the step; True when the step is dealt with."""
        self._box.reached(step)
        match self._box.fault(step):
            case None:
                return False
            case "drop":
                self.cut()
                await asyncio.sleep(3600)  # until connection_lost cancels this session
            case "hang":
                await asyncio.sleep(3600)
            case answer:
                await self.push(answer)
        return True

    async def push(self, status: AnyStr) -> None:
        await super().push(status)
        if status[:3] in ("421", b"421"):  # RFC 5321, section 3.8: the server is closing the connection
            cast(asyncio.WriteTransport, self.transport).close()
            await asyncio.sleep(3600)  # until connection_lost cancels this session

    async def _handle_client(self) -> None:
        if (greeting := self._box.fault("CONNECT")) == "drop":
            self.cut()
        elif greeting is None:
            await super()._handle_client()
        else:
            if greeting != "hang":
                await self.push(greeting)
            await asyncio.sleep(3600)

    def connection_lost(self, error: Exception | None) -> None:
        self._box.ended += 1
        super().connection_lost(error)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        if not await self._misbehave("HELO"):
            await super().smtp_EHLO(hostname)

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        assert self.session is not None
        if self._box.login and not self.session.authenticated:
            await self.push("530 5.7.0 Authentication required")
        elif not await self._misbehave("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        if not await self._misbehave("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802
        if not await self._misbehave("QUIT"):
            await super().smtp_QUIT(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        plan = self._box.faults.get("DATA")
        if (plan[0] if isinstance(plan, list) and plan else plan) in ("drop", "hang"):
            await self.push("354 go on")
            await self._reader.readline()
        if await self._misbehave("DATA"):
            return
        self._kept = False
        await super().smtp_DATA(arg)
        if self._kept:
            self._box.reached("250")
            if self._box.fault("250") == "drop":
                self.cut()

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        plan = self._box.fault("DOT")
        if plan is None or plan in ("drop", "hang"):
            self._box.delivered.append(
                Delivered(
                    sender=envelope.mail_from,
                    recipients=tuple(envelope.rcpt_tos),
                    raw=bytes(envelope.original_content),
                    tls=session.ssl is not None or self._box.tls == "implicit",
                    user=session.auth_data,
                )
            )
        self._box.reached("DOT")
        if plan == "drop":
            self.cut()
        if plan in ("drop", "hang"):
            await asyncio.sleep(3600)
        self._kept = plan is None
        return plan or "250 2.0.0 kept"

    def _check(self, server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        user, password = data.login.decode(), data.password.decode()
        if (user, password) != self._box.login:
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, auth_data=user)


def make_certificate(folder: Path, *names: str) -> Path:
    """Makes a self-signed certificate for these names or addresses; the PEM file holds key and certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


def _name(name: str) -> Any:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
