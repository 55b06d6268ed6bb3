"""What may stand under `web` in monitor.yaml: where the pages are, and who may see them."""

import re
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from pydantic import AfterValidator, PlainValidator

from monitor.config import addresses, values
from monitor.config.model import Keys, Truth, Unwritten, empty_is, key, maybe
from monitor.types import Role

_ROLES = [role.value for role in Role if role is not Role.VISITOR]
_NAME_AT_MOST = 100  # characters
# The string form that the reference implementation of Argon2 prints (github.com/P-H-C/phc-string-format).
_PHC = re.compile(
    r"\$argon2(id|i|d)\$v=19\$m=([0-9]{1,10}),t=([0-9]{1,10}),p=([0-9]{1,10})\$[A-Za-z0-9+/]{11,86}\$([A-Za-z0-9+/]{16,171})"
)
_MOST_MEMORY = 1 << 20  # KiB: a gibibyte for one sign-in
_MOST_ROUNDS = 64  # and lanes
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_BROWSERS = {
    "accept",
    "authorization",
    "connection",
    "content-type",
    "cookie",
    "host",
    "origin",
    "referer",
    "user-agent",
}
"""Headers that browsers write themselves: no name stands in them."""


def _role(value: object) -> str:
    return values.one_of(value, _ROLES, what="role")


def user_name(value: object) -> str:
    """The name somebody signs in with, or that a proxy gives them."""
    name = values.text(value)
    if len(name) > _NAME_AT_MOST:
        raise ValueError(f"is longer than {_NAME_AT_MOST} characters")
    return name


def password_hash(value: object) -> str:
    """An Argon2id hash of a password (RFC 9106) that takes no more than a server has. No message repeats it."""
    written = values.text(value)
    found = _PHC.fullmatch(written)
    if found is None:
        if written.startswith("$argon2"):
            raise ValueError(
                "is cut off or altered (between braces it needs quotes); `roxham web password NAME` makes another"
            )
        raise ValueError("is no Argon2id hash, which begins with $argon2id$; `roxham web password NAME` makes one")
    kind, memory, rounds, lanes = found[1], *(int(found[number]) for number in (2, 3, 4))
    if kind != "id":
        raise ValueError(f"is an Argon2{kind} hash, an Argon2id one is expected; `roxham web password NAME` makes one")
    if not 1 <= lanes <= _MOST_ROUNDS or not 8 * lanes <= memory <= _MOST_MEMORY or not 1 <= rounds <= _MOST_ROUNDS:
        raise ValueError("takes more memory or rounds than any sign-in should; `roxham web password NAME` makes one")
    return written


def is_quick(phc: str) -> bool:
    """Whether a hash is made with less than OWASP's least for Argon2id: 19 MiB twice, or its like."""
    found = _PHC.fullmatch(phc)
    return found is not None and int(found[2]) * int(found[3]) < 35_000


def _sha256(value: object) -> str:
    written = values.text(value)
    if not _SHA256.fullmatch(written):
        raise ValueError("is no SHA-256 in hexadecimal, 64 digits; `roxham web token NAME` makes a token with its own")
    return written.lower()


def _header(value: object) -> str:
    written = values.text(value)
    if not _HEADER.fullmatch(written):
        raise ValueError(f'"{written}" is not a header such as X-Forwarded-User: letters, digits and -')
    if written.lower() in _BROWSERS or written.lower().startswith("sec-"):
        raise ValueError(f"{written} is written by browsers; name the header in which the proxy says who signed in")
    return written


def _calling(value: object) -> IPv4Network | IPv6Network:
    network, port = addresses.address_range(value)
    if port is not None:
        raise ValueError("is the address that the proxy calls from; it has no port")
    if network.prefixlen == 0:
        raise ValueError("is every address: whoever comes could call themselves what they like; name the proxy's own")
    return network


def _some(found: list[IPv4Network | IPv6Network]) -> list[IPv4Network | IPv6Network]:
    if not found:
        raise ValueError("is empty; name the address that the proxy calls from, such as 127.0.0.1")
    return found


class UserKeys(Keys):
    name: Annotated[str, PlainValidator(user_name)] = key("what they sign in with, unique; a proxy may name them too")
    role: Annotated[str, PlainValidator(_role)] = key(
        "reader: full texts, and feedback; researcher: exports, saved searches and the JSON API too; operator: all"
    )
    password: Annotated[str | None, PlainValidator(maybe(password_hash))] = key(
        "the password's Argon2id hash, made by `roxham web password NAME`",
        Unwritten,
        shown="none: only a proxy can name them",
    )
    language: Annotated[str | None, PlainValidator(maybe(lambda value: values.one_of(value, ("en", "fr"))))] = key(
        "language of the pages: en or fr", Unwritten, shown="what the browser asks for"
    )


class TokenKeys(Keys):
    name: Annotated[str, PlainValidator(user_name)] = key("the program's name, unique")
    role: Annotated[str, PlainValidator(_role)] = key("what it may, as a user of that role")
    sha256: Annotated[str, PlainValidator(_sha256)] = key(
        "SHA-256 of its token, in hexadecimal; `roxham web token NAME` makes both"
    )


class ProxyKeys(Keys):
    header: Annotated[str, PlainValidator(_header)] = key(
        "the header in which the proxy says who signed in; it must take away what visitors send under that name"
    )
    from_: Annotated[list[Annotated[IPv4Network | IPv6Network, PlainValidator(_calling)]], AfterValidator(_some)] = key(
        "the addresses that the proxy calls from, each as CIDR", written="from"
    )
    role: Annotated[str | None, PlainValidator(maybe(_role))] = key(
        "role of those whom `users` does not name", Unwritten, shown="none: they may not come in"
    )


class WebKeys(Keys):
    bind: Annotated[tuple[str, int], PlainValidator(addresses.bind)] = key(
        "host and port of the pages, port 0 is any free one; where nobody can sign in they listen on this machine only",
        "127.0.0.1:8400",
    )
    base_url: Annotated[str | None, PlainValidator(maybe(addresses.base_url))] = key(
        "the address people will know the pages by; mails show it unless it leads to this machine only",
        Unwritten,
        shown="http:// and what bind says",
    )
    users: Annotated[list[UserKeys], empty_is(list)] = key(
        "who may sign in; without any, and without a proxy, the pages are for whoever sits at this machine", []
    )
    tokens: Annotated[list[TokenKeys], empty_is(list)] = key(
        "programs that may use the JSON API, by a header Authorization: Bearer TOKEN", []
    )
    proxy: ProxyKeys | None = key("a proxy that signs people in, and names them in a header", None)
    public: Truth = key("true: whoever comes may search, and read headlines and the sentences that matched", False)
