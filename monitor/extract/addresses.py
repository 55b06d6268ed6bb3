"""The names of an article: every address it is known under, and what each may be used for.

The address to show stands first: the canonical one, else where the answer came from, else what the source listed.
Every address stays, byte for byte as seen. One that would give many articles the same name is a hint and never
identity: another registrable domain's canonical, the site's home page (`/`, `/fr`, `/home`), a section (a beginning of
the found path that has no slug), an address without the query that tells the found one apart, a login or consent page.
"""

import re
from collections.abc import Iterable

from monitor.extract.urls import identity, path_segments, same_site
from monitor.types import Address, AddressKind

_SLUG = re.compile(r"(?:[^-_]*[-_]){2}|.*\d{4}|.+\.(?:s?html?|php|aspx?|story|article)\Z", re.IGNORECASE)
_HOME = re.compile(r"(?:home(?:-?page)?|accueil|main)(?:\.\w+)?|[a-z]{2}(?:[-_][a-z]{2})?", re.IGNORECASE)
_GATE = re.compile(
    r"(?:sign|log)-?[io]n|sso|auth\w*|consent|connexion|subscribe|abonnement|register|account|paywall|error|404|captcha",
    re.IGNORECASE,
)


def of_page(
    found: str, *, asked: str, final: str, redirects: Iterable[str], declared: Iterable[str]
) -> tuple[Address, ...]:
    """Returns the addresses of an article whose page was read; `declared` are the page's canonical ones, best first."""
    names = [_address(found, AddressKind.FOUND)]
    for url in (asked, *redirects, final):
        if identity(url) == names[0].identity:
            kind = AddressKind.REDIRECTED
        else:
            kind = AddressKind.HINT if _is_shared(url, (found,)) else AddressKind.REDIRECTED
        names.append(_address(url, kind))
    for url in declared:
        known = {identity(found), identity(final)}
        if identity(url) in known or (same_site(url, final) and not _is_shared(url, (found, final))):
            kind = AddressKind.CANONICAL
        else:
            kind = AddressKind.HINT
        names.append(_address(url, kind))
    return _ordered(names, final)


def of_item(found: str) -> tuple[Address, ...]:
    """Returns the addresses of an item that is known by its listing alone."""
    return (_address(found, AddressKind.FOUND),)


def left_the_article(found: str, final: str) -> bool:
    """Says whether a redirect led away from the article: to the home page, a section, a login or consent page."""
    return identity(found) != identity(final) and _is_shared(final, (found,))


def _is_shared(url: str, found: Iterable[str]) -> bool:
    segments = path_segments(url)
    query = "?" in identity(url)
    if all(_HOME.fullmatch(segment) for segment in segments):
        return not query
    if any(_GATE.fullmatch(segment) for segment in segments):
        return True
    slug = bool(_SLUG.match(segments[-1]))
    for other in found:
        known = path_segments(other)
        if (
            not query
            and not slug
            and known[: len(segments)] == segments
            and (len(known) > len(segments) or "?" in identity(other))
        ):
            return True
    return False


def _address(url: str, kind: AddressKind) -> Address:
    return Address(url=url, identity=identity(url), kind=kind)


def _ordered(names: list[Address], final: str) -> tuple[Address, ...]:
    """Puts the address to show first. Of one seen twice the first stays, but canonical tells more than redirected."""
    unique: dict[str, Address] = {}
    for name in names:
        before = unique.get(name.url)
        if before is None or (before.kind is AddressKind.REDIRECTED and name.kind is AddressKind.CANONICAL):
            unique[name.url] = name
    kept = list(unique.values())
    shown = next((n for n in names if n.kind is AddressKind.CANONICAL), None)
    if shown is None:
        shown = next((n for n in kept if n.url == final and n.kind is not AddressKind.HINT), kept[0])
    first = unique[shown.url]
    return (first, *(n for n in kept if n is not first))
