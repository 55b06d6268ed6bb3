"""Which addresses the program may connect to: the public internet, and what the operator allows inside his network.

A source's address, and each address that a server redirects to, comes from outside. Without this check any of them
could make the program read what only this machine can reach: routers, databases, a cloud's metadata service
(OWASP: server-side request forgery). The decision is made on the address that is really connected to, because a name
may answer differently each time it is asked for; addresses that programs are known to read differently are refused
before (`unsound`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

_BRACKETED = re.compile(r"\[(?P<network>[^\]]+)\](?P<mask>/\d+)?(?::(?P<port>\d+))?\Z")
_PLAIN = re.compile(r"(?P<network>[^:]+)(?::(?P<port>\d+))?\Z")
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # RFC 4291: all that is routed today
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the IPv4 address is in the last 32 bits
_NOT_PUBLIC = (  # what some Python versions take for public
    IPv4Network("192.0.0.0/24"),  # RFC 6890: protocol assignments
    IPv4Network("192.88.99.0/24"),  # RFC 7526: the withdrawn 6to4 relays
    IPv6Network("2001::/23"),  # RFC 2928: protocol assignments, Teredo among them
    IPv6Network("3fff::/20"),  # RFC 9637: documentation
)
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_NUMBER = re.compile(r"\d+|0[xX][0-9A-Fa-f]*")
_ODD = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")


@dataclass(frozen=True, slots=True)
class Rule:
    """Addresses inside the operator's network that may be connected to; every port where `port` is None."""

    network: IPv4Network | IPv6Network
    port: int | None = None


def rules(texts: Sequence[str]) -> tuple[Rule, ...]:
    """Reads `crawl.allow_private`: "10.1.0.0/16", "127.0.0.1:8765", "fd00::/8", "[fd00::/8]:443".

    Raises:
        ValueError: naming the entry that cannot be read.
    """
    return tuple(_rule(text.strip()) for text in texts)


def _rule(text: str) -> Rule:
    found = _BRACKETED.match(text) or _PLAIN.match(text)
    if found:
        network = found["network"] + (found.groupdict().get("mask") or "")
        port = int(found["port"]) if found["port"] else None
    else:
        network, port = text, None  # IPv6 without brackets: no port can be told from it
    try:
        if port is not None and not 0 < port < 65536:
            raise ValueError("a port is a number from 1 to 65535")
        return Rule(ip_network(network, strict=False), port)
    except ValueError as error:
        raise ValueError(f"{text!r} is no network (write CIDR, CIDR:port or [CIDR]:port): {error}") from error


def allowed(address: str, port: int, allow: Sequence[Rule] = ()) -> bool:
    """Says whether a connection may be made to this numeric address: it is public, or a rule names it."""
    try:
        ip = _unwrapped(ip_address(address))
    except ValueError:
        return False
    if "%" in address:  # a zone: the address means something else on each interface (RFC 4007)
        return False
    if _public(ip):
        return True
    return any(ip in rule.network and rule.port in (None, port) for rule in allow)


def refusal(address: str, port: int, name: str | None = None) -> str:
    """Says to the operator why a connection was not made and how to allow it; `name` is what stands for the address."""
    shown = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    called = f" ({name})" if name is not None else ""
    said = f"refused: {shown}{called} is inside a private network"
    try:
        ip = _unwrapped(ip_address(address))
    except ValueError:
        return said
    rule = f"{ip}/32:{port}" if ip.version == 4 else f'"[{ip}/128]:{port}"'  # YAML takes a bare [ for a list
    return f"{said}; to allow it, in monitor.yaml: crawl: {{allow_private: [{rule}]}}"


def odd(text: str) -> str | None:
    """Says why an address as it was written is not to be followed: browsers and libraries read it differently.

    WHATWG's URL standard takes a back-slash for a slash and drops tabs and line ends, RFC 3986 knows none of them:
    what one program checks is not what another connects to. White space around the address is no harm.
    """
    if _ODD.search(text.strip(" \t\r\n\f")):
        return "refused: the address holds a back-slash or a control character"
    return None


@lru_cache(maxsize=4096)
def unsound(url: str) -> str | None:
    """Says why an http or https address is not fetched, whatever it may lead to; None for a sound one.

    Refused are user names and passwords, ports that do not exist, and hosts that are neither a name nor a plain IP
    address: 2130706433, 0177.0.0.1, 0x7f.1 and 127.1 are 127.0.0.1 to some resolvers (a host whose last part is a
    number is an address, WHATWG URL 3.5), and a zone (fe80::1%eth0) names an interface of this machine.
    """
    problem = odd(url)
    if problem is not None:
        return problem
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        return f"refused: the address cannot be used: {error}"
    if "@" in parts.netloc:
        return "refused: the address holds a user name or password"
    if port == 0:
        return "refused: there is no port 0"
    if ":" in host:
        return "refused: the address names an interface of this machine" if "%" in host else None
    if not _NAME.fullmatch(host):
        return f"refused: {host[:100]!r} is no host"
    if _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        try:
            IPv4Address(host)
        except ValueError:
            return f"refused: {host} is a number, not an address as it is usually written (like 192.0.2.1)"
    return None


def _unwrapped(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Returns the IPv4 address that an IPv6 address stands for (mapped, 6to4, NAT64), else the address itself."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


@lru_cache(maxsize=4096)
def _public(ip: IPv4Address | IPv6Address) -> bool:
    if ip.is_multicast or not ip.is_global or any(ip in network for network in _NOT_PUBLIC):
        return False
    return isinstance(ip, IPv4Address) or ip in _GLOBAL_UNICAST
