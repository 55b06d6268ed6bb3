"""Which addresses the program may connect to: the public internet, and what the operator allows inside his network.

A source's address, and each address that a server redirects to, comes from outside. Without this check any of them
could make the program read what only this machine can reach: routers, databases, a cloud's metadata service
(OWASP: server-side request forgery). The decision is made on the address that is really connected to, because a name
may answer differently each time it is asked for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_BRACKETED = re.compile(r"\[(?P<network>[^\]]+)\](?P<mask>/\d+)?(?::(?P<port>\d+))?\Z")
_PLAIN = re.compile(r"(?P<network>[^:]+)(?::(?P<port>\d+))?\Z")
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # RFC 4291: all that is routed today
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the IPv4 address is in the last 32 bits


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
        ip = _unwrapped(ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    if _public(ip):
        return True
    return any(ip in rule.network and rule.port in (None, port) for rule in allow)


def refusal(address: str, port: int) -> str:
    """Says to the operator why a connection was not made and how to allow it."""
    shown = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    said = f"refused: {shown} is inside a private network"
    try:
        ip = _unwrapped(ip_address(address.partition("%")[0]))
    except ValueError:
        return said
    rule = f"{ip}/32:{port}" if ip.version == 4 else f'"[{ip}/128]:{port}"'  # YAML takes a bare [ for a list
    return f"{said}; to allow it, in monitor.yaml: crawl: {{allow_private: [{rule}]}}"


def _unwrapped(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Returns the IPv4 address that an IPv6 address stands for (mapped, 6to4, NAT64), else the address itself."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def _public(ip: IPv4Address | IPv6Address) -> bool:
    if ip.is_multicast or not ip.is_global:
        return False
    return isinstance(ip, IPv4Address) or (ip in _GLOBAL_UNICAST and ip.teredo is None)
