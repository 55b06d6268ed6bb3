"""Who asks: the person at this machine, somebody who signed in, a program with a token, or nobody known."""

import hashlib
import hmac
import re
import secrets
import unicodedata
from asyncio import Semaphore, to_thread
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

import structlog
from starlette.requests import Request

from monitor.config import is_this_machine
from monitor.types import Role
from monitor.web import passwords
from monitor.web.throttle import Tries

if TYPE_CHECKING:
    from ipaddress import IPv4Network

    from monitor.app.onlooker import Onlooker
    from monitor.config import UserSettings, WebSettings

log = structlog.get_logger("roxham")

LASTS = timedelta(days=30)
"""How long somebody stays signed in, used or not: a reader signs in once a month, and a key that was stolen from a
browser ends by itself. One that each use renews would never end."""
_KEY = re.compile(r"[A-Za-z0-9_-]{43}\Z")  # 256 random bits
_AT_ONCE = 2  # passwords that are tried: each takes 64 MiB, and a processor
_WAITING = 20  # sign-ins that wait for their turn; more would wait longer than people do
_LONGEST_NAME = 200  # characters
_PASSED_ON = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
"""What shows that a request did not begin at this machine (RFC 7239, RFC 9110 section 7.6.3, and what is usual)."""


class How(StrEnum):
    """How somebody is known."""

    NOBODY = "nobody"
    HERE = "here"  # nobody can sign in at this installation, and who asks sits at this machine
    SESSION = "session"
    PROXY = "proxy"
    TOKEN = "token"  # noqa: S105 - the name of a way


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who asks, and what they may."""

    name: str | None
    role: Role
    how: How
    language: str | None = None  # of their settings
    address: str = ""  # where they call from, as far as that can be known
    admitted: bool = True  # False: nobody knows them, and the site is not public

    @property
    def known(self) -> bool:
        """Whether anybody knows who this is."""
        return self.how is not How.NOBODY

    @property
    def signed_in(self) -> bool:
        """Whether they can sign out again."""
        return self.how is How.SESSION

    @property
    def ambient(self) -> bool:
        """Whether their browser, or where they sit, says who they are: then another site could ask in their name."""
        return self.how in (How.HERE, How.SESSION, How.PROXY)

    def may(self, needed: Role) -> bool:
        """Says whether they may what asks for this role."""
        return self.admitted and self.role.may(needed)


class WrongTokenError(Exception):
    """A program sent a token that none has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What became of a try to sign in: a key, or a wait in seconds, or neither: name or password are wrong."""

    key: str | None = None
    wait: int = 0


class Gate:
    """Finds out who asks, and lets people in and out."""

    def __init__(self, onlooker: "Onlooker") -> None:
        self._onlooker = onlooker
        self._tries = Tries()
        self._turns = Semaphore(_AT_ONCE)
        self._waiting = 0

    async def visitor(self, request: Request) -> Visitor:
        """Returns who asks: by a token, a proxy's word, a session, or by where they sit, in this order.

        Roles are those of the configuration in force: who is taken out of it is nobody at once.

        Raises:
            WrongTokenError: there is a token, and none is like it.
            ArchiveError: the archive, which remembers sessions, cannot be asked.
        """
        web = self._onlooker.config.web
        address = address_of(request, web)
        proxied = _proxied(request, web, address)
        bearer = _bearer(request)
        if bearer is not None:
            token = hashlib.sha256(bearer.encode("latin-1")).hexdigest()
            for known in web.tokens:
                if hmac.compare_digest(known.sha256, token):
                    return Visitor(name=known.name, role=known.role, how=How.TOKEN, address=address)
            if proxied is None:  # a proxy may hand on a token of its own
                raise WrongTokenError
        if proxied is not None:
            return proxied
        user = await self._by_session(request, web)
        if user is not None:
            return Visitor(name=user.name, role=user.role, how=How.SESSION, language=user.language, address=address)
        if is_here(request, web):
            return Visitor(name="operator", role=Role.OPERATOR, how=How.HERE, address=address)
        return nobody(web, address)

    async def enter(self, name: str, password: str, request: Request) -> Entered:
        """Signs somebody in under a new key; the one that their browser holds ends.

        It takes as long for a name that nobody has. Raises ArchiveError.
        """
        now, web = self._onlooker.clock(), self._onlooker.config.web
        folded, address = _folded(name), self.address(request)
        remembered = hashlib.sha256(folded.encode("utf-8", "surrogatepass")).hexdigest()
        if wait := self._tries.wait(remembered, address, now):
            return Entered(wait=wait)
        if self._waiting >= _WAITING:
            return Entered(wait=5)
        self._tries.begin(remembered, address, now)
        users = [user for user in web.users if user.password is not None]
        user = next((user for user in users if _folded(user.name) == folded), None)
        phc = next((each.password for each in (user, *users) if each is not None), None)
        if phc is None or len(password) > passwords.LONGEST or not await self._is_right(phc, password) or user is None:
            log.warning("sign-in refused", user=user.name if user else None, address=address)
            return Entered()
        self._tries.forgive(remembered, address, now)
        if passwords.is_old(phc):
            log.warning("password hash is not of today's sort", user=user.name, do=f"roxham web password {user.name}")
        key = await self._begin(user.name, phc, request)
        log.info("signed in", user=user.name, address=address)
        return Entered(key=key)

    async def leave(self, request: Request) -> None:
        """Ends the session of the browser that asks. Raises ArchiveError."""
        key = self._key(request)
        if key is not None:
            await self._onlooker.change(lambda archive: archive.end_session(_hashed(key)))

    def cookie(self, request: Request) -> tuple[str, bool]:
        """Returns the name of the cookie with the key, and whether browsers send it by https only.

        The prefix keeps other hosts of the domain, and pages without https, from setting it (RFC 6265bis).
        """
        secure = self._onlooker.config.web.https or request.url.scheme == "https"
        return "__Host-roxham" if secure else "roxham", secure

    def address(self, request: Request) -> str:
        """Returns where a request comes from; of an IPv6 address its network, which one person has all of."""
        return address_of(request, self._onlooker.config.web)

    async def _is_right(self, phc: str, password: str) -> bool:
        self._waiting += 1
        try:
            async with self._turns:
                return await to_thread(passwords.is_right, phc, password)
        finally:
            self._waiting -= 1

    async def _begin(self, name: str, phc: str, request: Request) -> str:
        key, old, now = secrets.token_urlsafe(32), self._key(request), self._onlooker.clock()
        if old is not None:
            await self._onlooker.change(lambda archive: archive.end_session(_hashed(old)))
        await self._onlooker.change(
            lambda archive: archive.begin_session(_hashed(key), name, _mark(phc), now=now, until=now + LASTS)
        )
        return key

    def _key(self, request: Request) -> str | None:
        key = request.cookies.get(self.cookie(request)[0], "")
        return key if _KEY.match(key) else None

    async def _by_session(self, request: Request, web: "WebSettings") -> "UserSettings | None":
        key = self._key(request)
        if key is None or not web.locked:
            return None
        now = self._onlooker.clock()
        found = await self._onlooker.ask(lambda archive: archive.session(_hashed(key), now))
        return next(
            (user for user in web.users if user.password is not None and (user.name, _mark(user.password)) == found),
            None,
        )


def nobody(web: "WebSettings", address: str = "") -> Visitor:
    """Returns the visitor of whom nothing is known."""
    return Visitor(name=None, role=Role.VISITOR, how=How.NOBODY, address=address, admitted=web.public)


def is_here(request: Request, web: "WebSettings") -> bool:
    """Says whether whoever asks sits at this machine, and nobody can sign in.

    It is asked from a loopback address, and for a name of this machine: a page elsewhere whose name leads here (DNS
    rebinding) has its own. Nothing passed it on, as far as that shows; and base_url says of nothing that does. By their
    defaults some (nginx) leave no trace, and would let everybody in as the person here.
    """
    return (
        not web.locked
        and not web.passed_on
        and _is_loopback(_peer(request))
        and is_this_machine(_host(request))
        and not any(name in request.headers for name in _PASSED_ON)
    )


def address_of(request: Request, web: "WebSettings") -> str:
    """Returns where a request comes from: what our own proxy says last, where it is one that asks.

    That is one at this machine, or one of `web.proxy`; what others say of themselves is not believed.
    """
    peer = _peer(request)
    if peer is None:
        return ""
    if _is_loopback(peer) or (web.proxy is not None and _within(peer, web.proxy.addresses)):
        said = ", ".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
        peer = _ip(said) or peer
    return str(peer) if isinstance(peer, IPv4Address) else str(IPv6Network((int(peer) >> 64 << 64, 64)))


def _proxied(request: Request, web: "WebSettings", address: str) -> Visitor | None:
    """Returns whom a trusted proxy names."""
    proxy, peer = web.proxy, _peer(request)
    if proxy is None or peer is None or not _within(peer, proxy.addresses):
        return None
    values = request.headers.getlist(proxy.header)
    if len(values) != 1:  # one of two may be the visitor's own
        return None
    name = _text(values[0])
    if not name or len(name) > _LONGEST_NAME or not name.isprintable() or "," in name:  # a list is two in one
        return None
    user = next((user for user in web.users if user.name == name), None)
    role = user.role if user is not None else proxy.role
    if role is None:
        return None
    return Visitor(
        name=name, role=role, how=How.PROXY, language=user.language if user is not None else None, address=address
    )


def _bearer(request: Request) -> str | None:
    """Returns what is sent as a token (RFC 6750), "" for what cannot be one; other schemes are not ours."""
    given = [value.partition(" ") for value in request.headers.getlist("authorization")]
    tokens = [token.strip() for scheme, _, token in given if scheme.lower() == "bearer"]
    return None if not tokens else tokens[0] if len(tokens) == 1 else ""


def _peer(request: Request) -> IPv4Address | IPv6Address | None:
    return None if request.client is None else _ip(request.client.host)


def _ip(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _is_loopback(peer: IPv4Address | IPv6Address | None) -> bool:
    return peer is not None and peer.is_loopback


def _within(peer: IPv4Address | IPv6Address, networks: "Iterable[IPv4Network | IPv6Network]") -> bool:
    return any(peer.version == network.version and peer in network for network in networks)


def _host(request: Request) -> str:
    """Returns the name that is asked for, without a port; "" where there is none, or more than one."""
    given: Sequence[str] = request.headers.getlist("host")
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]*))(?::[0-9]*)?", given[0]) if len(given) == 1 else None
    return (found[1] or found[2]).lower().rstrip(".") if found else ""


def _text(header: str) -> str:
    """Headers are bytes; names in them are UTF-8 wherever they are more than ASCII."""
    try:
        return header.encode("latin-1").decode().strip()
    except UnicodeDecodeError:
        return header.strip()


def _folded(name: str) -> str:
    """A name as it is compared: nobody remembers its capitals."""
    return unicodedata.normalize("NFC", name.strip()).casefold()


def _hashed(key: str) -> bytes:
    """What the archive keeps of a key: who reads the archive can sign in by none of them."""
    return hashlib.sha256(key.encode()).digest()


def _mark(phc: str) -> str:
    """What of a password a session remembers: with another one it ends."""
    return hashlib.sha256(f"session {phc}".encode()).hexdigest()[:32]
