"""Addresses of every sort in the configuration: web, mail, network, archive. Syntax only; nothing is looked up.

No message repeats an address that may hold a password.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

from monitor.config.settings import AddressRange
from monitor.config.values import text
from monitor.types import Credentials

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")  # RFC 5321 §4.1.2, Dot-string
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NAMED = re.compile(r'(?:"((?:[^"\\]|\\.)*)"|([^"<>]*?))\s*<([^<>]*)>')
_SPECIAL = re.compile(r'[()<>\[\]:;@\\,."]')  # RFC 5322 §3.2.3: a name that holds one is quoted
_HOST = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True)
class Location:
    """A source's address without its user and password, and these apart."""

    url: str
    credentials: Credentials | None = None


def location(value: object, *, secret: bool = False) -> Location:
    """An http or https address. Quotation marks and brackets may stand in it unencoded, as publishers print them.

    A `secret` one is not repeated in any message.
    """
    written = text(value)
    if re.search(r"\s", written):
        raise ValueError("holds a blank; write %20")
    scheme, separator, _ = written.partition("://")
    if not separator:
        looks_bare = re.match(r"[\w-]+(\.[\w-]+)+(:\d+)?(/|$)", written)
        raise ValueError(
            "has no scheme"
            + (f"; did you mean https://{written}?" if looks_bare and not secret else "; write https://…")
        )
    if scheme.lower() not in {"http", "https"}:
        raise ValueError("must begin with http:// or https://")
    try:
        parts = urlsplit(written)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("is not a web address: its host or port cannot be read") from error
    if not host or not (_HOST.fullmatch(host) or ":" in host) or port == 0:
        raise ValueError("is not a web address: its host or port cannot be read")
    userinfo, at, server = parts.netloc.rpartition("@")
    if not at:
        return Location(written)
    user, _, password = userinfo.partition(":")
    found = Credentials(user=unquote(user), password=unquote(password))
    return Location(written.replace(parts.netloc, server, 1), found)


def base_url(value: object) -> str:
    """The address of this installation's own pages, without a slash at its end."""
    found = location(value)
    if found.credentials is not None or "?" in found.url or "#" in found.url:
        raise ValueError("is the plain address of the pages: no user, no ? and no #")
    return found.url.rstrip("/")


def webhook(value: object) -> str:
    """An http or https address that messages are posted to. Its path may be a secret."""
    found = location(value, secret=True)
    if found.credentials is not None:
        raise ValueError("holds a user; remove it: what is posted is signed with what secret_env names")
    return found.url


def mailbox(value: object) -> str:
    """A bare e-mail address (RFC 5321), such as desk@example.org."""
    written = text(value)
    if named := _NAMED.fullmatch(written):
        raise ValueError(f"is the bare address, without a name; write {named[3].strip()}")
    local, at, domain = written.rpartition("@")
    if not at:
        raise ValueError(f'"{written}" is not an e-mail address such as desk@example.org')
    if not domain.isascii() and (encoded := _ascii(domain)):
        raise ValueError(f'"{written}" has a domain that mail servers know as {encoded}; write {local}@{encoded}')
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain) or len(local) > 64 or len(domain) > 253:
        raise ValueError(f'"{written}" is not an e-mail address such as desk@example.org')
    return written


def sender(value: object) -> str:
    """An address, or a name and an address: `Roxham <roxham@example.org>`. The name is quoted where it must be."""
    written = text(value)
    named = _NAMED.fullmatch(written)
    if named is None:
        return mailbox(written)
    address = mailbox(named[3])
    name = re.sub(r"\\(.)", r"\1", named[1]) if named[1] is not None else named[2].strip()
    return with_name(name, address)


def with_name(name: str, address: str) -> str:
    """Joins a display name and an address as a mail header writes them (RFC 5322 §3.4)."""
    if not name:
        return address
    quoted = '"' + re.sub(r'([\\"])', r"\\\1", name) + '"' if _SPECIAL.search(name) else name
    return f"{quoted} <{address}>"


def contact(value: object) -> str:
    """How a publisher reaches the operator: an e-mail address or a web page."""
    written = text(value)
    if "://" in written:
        return base_url(written)
    return mailbox(written)


def bind(value: object) -> tuple[str, int]:
    """Where to listen: 127.0.0.1:8400, [::1]:8400. Port 0 is any free one."""
    written = text(value)
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+)):([0-9]{1,5})", written)
    if found is None or int(found[3]) > 65_535:
        raise ValueError(f'"{written}" is not a host and a port such as 127.0.0.1:8400 or [::1]:8400')
    return found[1] or found[2], int(found[3])


def address_range(value: object) -> AddressRange:
    """CIDR or CIDR:port: 10.0.0.0/8, 127.0.0.1/32:8765, [fd00::/8]:8080. A single address needs no /32."""
    written = text(value)
    found = re.fullmatch(r"\[([^\]]+)\](?::([0-9]{1,5}))?", written)
    found = found or re.fullmatch(r"([^/]+/[0-9]{1,3}|[0-9.]+):([0-9]{1,5})", written)
    inside, port = (found[1], found[2]) if found else (written, None)
    if port is not None and not 1 <= int(port) <= 65_535:
        raise ValueError(f"{port} is not a port from 1 to 65535")
    try:
        return ip_network(inside), None if port is None else int(port)
    except ValueError as error:
        try:
            wider = ip_network(inside, strict=False)
        except ValueError:
            raise ValueError(
                f'"{written}" is not CIDR or CIDR:port, such as 10.0.0.0/8 or 127.0.0.1/32:8765'
            ) from error
        raise ValueError(f'"{inside}" has bits set beyond its prefix; did you mean {wider}?') from error


def archive_path(value: object) -> str:
    """The file of `sqlite:///relative/path` or `sqlite:////absolute/path`, as written."""
    written = text(value)
    scheme, separator, rest = written.partition("://")
    if not separator or scheme.lower() != "sqlite":
        named = f'"{scheme}://"' if separator else "an address without a scheme"
        raise ValueError(f"{named} is not known here; write sqlite:///var/roxham.db")
    if not rest.startswith("/"):
        raise ValueError("sqlite: takes three slashes before a relative path, four before an absolute one")
    path = rest[1:]
    if not path or path.endswith("/") or path.startswith(":memory:") or "?" in path or "#" in path:
        raise ValueError("must name a file, such as sqlite:///var/roxham.db")
    return path


def is_this_machine(host: str) -> bool:
    """Whether a host name can only mean this machine (RFC 6761, section 6.3)."""
    return f".{host}".endswith(".localhost") or (_is_ip(host) and ip_address(host).is_loopback)


def is_host(name: str) -> bool:
    """Whether it is a host's name or address, by its form."""
    return bool(_DOMAIN.fullmatch(name)) or _is_ip(name)


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _ascii(domain: str) -> str | None:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
