"""Structured data of a page (schema.org as JSON-LD): the one object that describes the article.

Lists, `@graph` and nesting are looked through; line breaks inside strings, comments around the JSON and semicolons
after it are forgiven; what still cannot be read counts as absent. JSON can write half a surrogate pair (RFC 8259, 8.2):
the functions that return text give U+FFFD for it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any

from lxml.html import HtmlElement

from monitor.text import well_formed

_LONGEST = 1_000_000
_ARTICLE = re.compile(
    r"(?:Article|Report|NewsBriefing|BlogPosting|LiveBlogPosting|SocialMediaPosting|Review)\Z", re.IGNORECASE
)
_AROUND = re.compile(r"\A\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)?\s*|[\s;]*(?:-->|(?://)?\s*\]\]>)?[\s;]*\Z")
_LOOSE_COMMA = re.compile(r",(\s*[}\]])")


def article_data(tree: HtmlElement) -> Mapping[str, Any]:
    """Returns the properties of the article that the page's JSON-LD describes; empty where it describes none.

    Of several the one with the most of headline, datePublished, author and articleBody; of equals the first.
    """
    found: list[Mapping[str, Any]] = []
    for script in tree.iterfind(".//script"):
        if "ld+json" in (script.get("type") or "").lower() and script.text and len(script.text) <= _LONGEST:
            found.extend(_articles(_read(script.text), 0))
    wanted = ("headline", "datePublished", "author", "articleBody")
    return max(found, key=lambda o: sum(name in o for name in wanted), default={})


def text_of(value: Any) -> str | None:
    """Returns a property as one string: the string itself, or an object's name or @value; of a list the first."""
    if isinstance(value, list):
        return next((text for item in value if (text := text_of(item))), None)
    if isinstance(value, Mapping):
        return text_of(value.get("name") or value.get("@value"))
    return well_formed(unescape(value)).strip() or None if isinstance(value, str) else None


def names_of(value: Any) -> list[str]:
    """Returns the names in an author property: strings, objects and lists of both."""
    if isinstance(value, list):
        return [name for item in value[:20] for name in names_of(item)]
    name = text_of(value)
    return [name] if name else []


def address_of(value: Any) -> str | None:
    """Returns an address from `url` or `mainEntityOfPage`: a string, or an object's @id or url."""
    if isinstance(value, list):
        return next((url for item in value if (url := address_of(item))), None)
    if isinstance(value, Mapping):
        return address_of(value.get("@id") or value.get("url"))
    return well_formed(value).strip() or None if isinstance(value, str) else None


def _read(text: str) -> Any:
    text = _AROUND.sub("", text)
    for attempt in (text, _LOOSE_COMMA.sub(r"\1", text)):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _articles(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    if depth > 6:
        return
    if isinstance(value, list):
        for item in value[:200]:
            yield from _articles(item, depth + 1)
    elif isinstance(value, Mapping):
        kinds = value.get("@type")
        if any(
            isinstance(kind, str) and _ARTICLE.search(kind) for kind in (kinds if isinstance(kinds, list) else [kinds])
        ):
            yield value
            return
        for name in ("@graph", "mainEntity", "mainEntityOfPage"):
            yield from _articles(value.get(name), depth + 1)
