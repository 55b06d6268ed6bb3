"""Addresses: the form in which they are compared, and whether two belong to one site.

`identity` folds what the web uses for one and the same page, and nothing more: two articles must never fold together.

| part | what happens | why |
|---|---|---|
| scheme | dropped | http and https show the same page |
| user, password | dropped | they say who asks, not what for |
| host | lower case, IDNA, no final dot; `www.` and `amp.` in front dropped | RFC 3986 6.2.2.1, RFC 3490 |
| port | 80 and 443 dropped, others kept | RFC 3986 6.2.3 |
| path | percent-encoding normalised, dot segments resolved, doubled slashes made one; | RFC 3986 6.2.2 |
| | a final slash, `/amp` and `index.html` (`.htm`, `.php`) dropped | |
| | before `article_<uuid>.html` everything dropped | BLOX sites: section and slug change, the asset keeps its name |
| query | tracking parameters and AMP switches dropped; the rest sorted by name, | `?id=1` and `?p=123` |
| | values of one name in their order; `+` as `%20` | are what names a page |
| fragment | dropped, except `#!…` and our own `#item-…` | a place in the page; `#!` is a page of its own |

What is no http address comes back trimmed and otherwise as it is.
"""

import hashlib
import re
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes, urlsplit

if TYPE_CHECKING:
    from tldextract import TLDExtract

# Parameters that say where a click came from. Names only that no site is known to tell its articles apart by.
_TRACKING = re.compile(
    r"(?:utm|mtm|pk|piwik|matomo|hsa|vero|oly|at|ns|itm|mkt|mc|ml|ga|gs|guce|soc)_\w+|"
    r"(?:fb|g|dg|dc|mscl?k|yc|twc|ttc|gcl|ysc|sc|li_fat_|irc)l?(?:lid|id|kid)|msclkid|gclsrc|[gw]braid|igsh|igshid|fbclid|"
    r"_ga|_gl|_hsenc|_hsmi|__hstc|__twitter_impression|__s|cmp|cmpid|cmpref|ncid|ocid|ito|icid|smid|smtyp|s_cid|sref|"
    r"wt[._]mc(?:[._]\w+)?|wt\.\w+|xtor|xts|taid|trk|trkcampaign|tracking_source|guccounter|cache|mkt_tok|"
    r"mbid|ceid|emci|emdi|spm|share_id|sharedfrom|partner",
    re.IGNORECASE,
)
_AMP_SWITCH = re.compile(
    r"(?:outputtype|output|view|format|type)=amp|amp(?:=(?:1|true|amp)?)?|usqp=.*|amp_\w+=.*", re.IGNORECASE
)
_OWN_FRAGMENT = re.compile(r"item-[0-9a-f]{16}")
_INDEX = re.compile(r"(?:index|default)\.(?:html?|php|aspx?)", re.IGNORECASE)
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_HOST = re.compile(r"[a-z0-9._~-]*[a-z0-9][a-z0-9._~-]*|\[[0-9a-f:.]+\]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ASSET = re.compile(
    r"\A([^/?#]+)/[^?#]*/([a-z]+_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.html)(?=[?#]|\Z)"
)
_AROUND = "".join(map(chr, (*range(0x21), 0xA0, 0x2028, 0x2029, 0xFEFF)))


def identity(url: str) -> str:
    """Returns the form in which addresses are compared: `example.com/path?query`, without scheme. Idempotent."""
    return _ASSET.sub(r"\1/\2", _spelled(url))


def _spelled(url: str) -> str:
    """Returns an address in one spelling, with its whole path."""
    bare = url.strip(_AROUND)
    rest = re.sub(r"\Ahttps?:(?=//)", "", bare, count=1, flags=re.IGNORECASE)
    if rest == bare and not bare.startswith("//"):
        if _SCHEME.match(bare) and not re.match(r"[^/?#:]+:\d*(?:[/?#]|\Z)", bare):
            return bare
        rest = "//" + bare
    try:
        parts = urlsplit("http:" + rest)
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:
        return bare
    if not _HOST.fullmatch(host):
        return bare
    where = host if port in {None, 80, 443} else f"{host}:{port}"
    return where + _path(parts.path) + _query(parts.query) + _fragment(parts.fragment)


def same_site(a: str, b: str) -> bool:
    """Says whether two addresses lie within one registrable domain (the public suffix list's word for a site).

    Domains under which strangers get their own name (`github.io`) count as suffixes. IP addresses, `localhost` and
    names without a known suffix are compared whole. The list is the one shipped with tldextract: no network, no cache.
    """
    left, right = _hostname(a), _hostname(b)
    return bool(left) and (left == right or _registrable(left) == _registrable(right))


def item_url(source_url: str, key: str) -> str:
    """Returns a stable address for an item that has none: the source's own, with a fragment made from `key`."""
    digest = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:16]
    return f"{source_url.partition('#')[0]}#item-{digest}"


def is_web_address(url: str) -> bool:
    """Says whether this is an absolute http or https address with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme.lower() in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def path_segments(url: str) -> tuple[str, ...]:
    """Returns the path of an address, spelled as its identity has it, cut at the slashes."""
    path = _spelled(url).partition("#")[0].partition("?")[0].partition("/")[2]
    return tuple(part for part in path.split("/") if part)


@lru_cache(maxsize=4096)
def _registrable(host: str) -> str:
    return _suffixes()(host).top_domain_under_public_suffix or host


@lru_cache(maxsize=1)
def _suffixes() -> "TLDExtract":
    from tldextract import TLDExtract

    return TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


def _hostname(url: str) -> str:
    try:
        return (urlsplit(url if "//" in url else "//" + url).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def _host(name: str) -> str:
    name = name.lower().rstrip(".")
    if not name.isascii():
        with suppress(UnicodeError):
            name = name.encode("idna").decode("ascii").lower().rstrip(".")
    while True:
        prefix, _, rest = name.partition(".")
        if prefix not in {"www", "amp"} or "." not in rest:
            break
        name = rest.strip(".")
    return f"[{name}]" if ":" in name else name


def _path(path: str) -> str:
    path = re.sub(r"/{2,}", "/", _encode(path, safe="/!$&'()*+,;=:@"))
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    while kept and (
        not kept[-1] or _INDEX.fullmatch(kept[-1]) or (len(kept) > 1 and kept[-1].lower() in {"amp", "amp.html"})
    ):
        kept.pop()
    return "".join(f"/{segment}" for segment in kept)


def _query(query: str) -> str:
    kept = []
    for piece in query.split("&"):
        name, _, value = _encode(piece.replace("+", "%20"), safe="!$'()*,;:@/?=").partition("=")
        pair = f"{name}={value}" if value else name
        if not pair or _TRACKING.fullmatch(name) or _AMP_SWITCH.fullmatch(pair):
            continue
        if name.lower() == "ref" and not any(c.isdigit() for c in value):
            continue  # ?ref=homepage says where a click came from, ?ref=4711 which page
        kept.append((name, pair))
    kept.sort(key=lambda pair: pair[0])
    return "?" + "&".join(pair for _, pair in kept) if kept else ""


def _fragment(fragment: str) -> str:
    if fragment.startswith("!") or _OWN_FRAGMENT.fullmatch(fragment):
        return "#" + _encode(fragment, safe="!$&'()*+,;=:@/?")
    return ""


def _encode(text: str, *, safe: str) -> str:
    """Returns the text with every escape it needs, in upper case, and no other (RFC 3986 6.2.2.2)."""
    text = _ESCAPED.sub(_escape, text)
    return quote(text, safe=safe + "%", errors="replace") if not text.isascii() or not text.isalnum() else text


def _escape(match: re.Match[str]) -> str:
    byte = unquote_to_bytes(match.group())
    return byte.decode("ascii") if byte[0] in _UNRESERVED else match.group().upper()
