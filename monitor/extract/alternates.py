"""The same page in the other official language, as it declares it, and whether a federal government speaks in both.

A page names its other language in `<link rel=alternate hreflang>` (HTML 4.6.7, RFC 5646 tags) or, as canada.ca does,
in the toggle at its top (`#wb-lng a[lang]`, `a[hreflang]` in a header). Of English and French only the other counts:
not the page itself, no `x-default`, no third language. Under the Official Languages Act a federal release appears in
both languages, so what lies at canada.ca or gc.ca is official.
"""

from urllib.parse import urljoin, urlsplit

from lxml import etree
from lxml.html import HtmlElement

from monitor.extract.language import primary
from monitor.extract.urls import identity, is_web_address
from monitor.types import Address, AddressKind

_OFFICIAL = ("canada.ca", "gc.ca")
_LONGEST = 2000
_MOST = 20
_LINKS = etree.XPath("//link[@hreflang and @href]")
_TOGGLES = etree.XPath(
    "//*[@id='wb-lng']//a[@lang and @href]|//*[@id='wb-lng']//a[@hreflang and @href]|"
    "//header//a[@hreflang and @href]|//*[@role='banner']//a[@hreflang and @href]"
)


def alternates(tree: HtmlElement, final_url: str) -> tuple[tuple[str, Address], ...]:
    """Returns the absolute addresses that the page names for itself in English and French, each with its language.

    The caller leaves out those in the article's own language. The tree is not changed.
    """
    own, found = identity(final_url), dict[str, tuple[str, Address]]()
    links = [link for link in _LINKS(tree) if "alternate" in (link.get("rel") or "").lower().split()]
    for element in [*links[:_MOST], *_TOGGLES(tree)[:_MOST]]:
        spoken = primary(element.get("hreflang") or element.get("lang"))
        if spoken not in {"en", "fr"}:
            continue
        try:
            url = urljoin(final_url, element.get("href").strip())
        except ValueError:
            continue
        if not is_web_address(url) or len(url) > _LONGEST or identity(url) == own:
            continue
        address = Address(url=url, identity=identity(url), kind=AddressKind.HINT)
        found.setdefault(address.identity, (spoken, address))
    return tuple(found.values())


def is_official(url: str) -> bool:
    """Says whether an address is the Government of Canada's: at canada.ca, gc.ca or a host under them."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return False
    return any(host == domain or host.endswith(f".{domain}") for domain in _OFFICIAL)
