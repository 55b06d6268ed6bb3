"""Bylines: who of the names on a page is a person.

`authors` are people. An agency ("The Canadian Press", "AFP"), a desk ("News Staff", "La Rédaction") and the publisher's
own name are no authors: an agency becomes the credit, the others say nothing that the publisher does not. Joined
names are parted ("A and B", "A, B et C"), "By" and "Par", addresses, titles of office and agencies after a name go.
"""

import re
from collections.abc import Iterable

from monitor.extract.agencies import agency, sign_off
from monitor.text import fold, one_line

_BY = re.compile(
    r"\A(?:(?:written |reported |story )?by|par|de notre .*?|texte(?: de)?\s*:|author:|auteur:)\b\s*:?\s*",
    re.IGNORECASE,
)
_PART = re.compile(r"\s*(?:[,;/|•·&]|\band\b|\bet\b|\bwith\b|\bavec\b|\s[–—-]\s)\s*", re.IGNORECASE)
_GLUED = re.compile(r"(?<=[a-zà-ÿ])(?=(?:The Canadian Press|La Presse Canadienne|The Associated Press)\b)")
_AGENCY = re.compile(
    r"\s+(?:the canadian press|la presse canadienne|the associated press|reuters|"
    r"agence france-presse)\Z",
    re.IGNORECASE,
)
_DESK = re.compile(
    r"\b(?:staff|news(?:room|desk| desk)?|desk|editors?|editorial|board|admin|administrator|webmaster|rédaction|"
    r"redaction|équipe|team|"
    r"press|presse|agence|agency|agencies|media|médias?|wire|services?|contributor|submitted|special to|network|"
    r"local journalism initiative|"
    r"government|gouvernement|ministère|department|canada|reporter|journaliste|correspondent|columnist|"
    r"chroniqueur|bureau|\w+\.(?:com|ca|fr|org))\b",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\s*\([^()]*\)\s*\Z")
_PLACE = re.compile(r"\s+(?:in|à|at)\s+[A-ZÀ-Þ].*\Z")


def people(bylines: Iterable[str], publisher: str | None = None) -> tuple[str, ...]:
    """Returns the people named in bylines, each once, in order."""
    found: dict[str, str] = {}
    for byline in bylines:
        line = _GLUED.sub(", ", _ASIDE.sub("", one_line(byline)))[:300]
        for part in _PART.split(_BY.sub("", line)):
            name = _PLACE.sub("", _AGENCY.sub("", _BY.sub("", part))).strip(" .,:()*")
            if is_person(name, publisher):
                found.setdefault(fold(name), name)
    return tuple(found.values())


def agency_in(bylines: Iterable[str]) -> str | None:
    """Returns the first agency that a byline names ("Staff, The Canadian Press"), in its usual form."""
    for byline in bylines:
        for part in _PART.split(_GLUED.sub(", ", _BY.sub("", one_line(byline)))):
            tail = _AGENCY.search(" " + part.strip())
            if name := agency(part) or (agency(tail.group()) if tail else None):
                return name
    return None


def signers(text: str) -> list[str]:
    """Returns the lines of a text that are an agency's byline or sign-off: "Ann Example, The Canadian Press"."""
    return [line for line in text.split("\n") if len(line) <= 160 and sign_off(line)]


def is_person(name: str, publisher: str | None = None) -> bool:
    """Says whether a name of a byline is a person's, not a desk's, an agency's or the publisher's."""
    if not 2 < len(name) < 60 or "@" in name or "http" in name or any(c.isdigit() for c in name):
        return False
    if agency(name) or (publisher and fold(name) in fold(publisher)) or _DESK.search(name):
        return False
    return 1 < len(name.split()) < 7 or (name.isalpha() and name.istitle())
