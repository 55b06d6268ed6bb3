"""Where a message leads to on this installation's own pages, and how its reader leaves; pure."""

import ipaddress
from urllib.parse import quote, urlsplit

from monitor.types import Links

# RFC 6761, RFC 2606, RFC 8375, RFC 6762 and ICANN's .internal: names that mean something in one network, or nothing.
_NOT_PUBLIC = (".local", ".localhost", ".internal", ".test", ".invalid", ".example", ".home.arpa", ".lan")


def links(base_url: str | None, sender: str, token: str | None) -> Links:
    """Returns the links of a message with this token; without one (a test, a preview) it unsubscribes nobody.

    `base_url` is where others than this machine reach the pages; None: nowhere. One-click only where it is https and
    can be public (RFC 8058 wants https, and a mail program's servers must reach it); otherwise a mail to `sender`, a
    bare address, which is where answers and returned mail go.
    """
    if token is None:
        return Links()
    by_mail = f"mailto:{quote(sender, safe='@+')}?subject={quote(f'unsubscribe {token}')}"
    return Links(
        unsubscribe=f"{base_url}/unsubscribe/{token}" if base_url and is_public(base_url) else by_mail,
        by_mail=by_mail,
        whole=f"{base_url}/digests/{token}" if base_url else None,
    )


def is_public(url: str) -> bool:
    """Says whether an address is https and can be reached from anywhere, as far as its name tells."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme != "https":
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not f".{host}".endswith(_NOT_PUBLIC)
