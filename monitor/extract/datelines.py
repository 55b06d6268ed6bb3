"""Datelines: the place that opens an agency's story, and what goes with it.

| form | example |
|---|---|
| capitals and a dash | MONTREAL — · WINDSOR, Ont. - · JASPER, ALTA. (CP) – · SAANICH, B.C. (CP) – – |
| capitals and a bar | CHAMPLAIN \\| |
| a distributor of releases | OTTAWA, ONTARIO, Jan. 14, 2026 /CNW/ - · OTTAWA (ONTARIO), le 14 janvier 2026 /CNW/ - |
| a release's own | January 14, 2026 – Ottawa, Ontario – · Ottawa (Ontario) – le 14 janvier 2026 – |
| in brackets, in French | (Ottawa) · (Champlain, New York) |
"""

import re
from dataclasses import dataclass
from functools import lru_cache

_CAPITALS = (
    r"(?=[A-ZÀ-ÖØ-Þ.'’ -]{3})[A-ZÀ-ÖØ-Þ][A-ZÀ-ÖØ-Þ.'’-]{0,30}(?: [A-ZÀ-ÖØ-Þ.'’-]{1,20}){0,3}"  # four words at most
)
_REGION = r"(?:, ?[A-Za-zÀ-ÿ. -]{2,24}| ?\((?!(?:CP|PC|AP|AFP|Reuters|REUTERS|GLOBE)\b)[A-Za-zÀ-ÿ. -]{2,24}\))?"
_MIXED = r"[A-ZÀ-ÖØ-Þ][\w'’.-]{1,30}(?: [A-ZÀ-ÖØ-Þa-z][\w'’.-]{0,30}){0,3}"
_DAY = (
    r"(?:[A-Za-z]{3,9}\.? \d{1,2}, (?:19|20)\d\d|(?:le )?\d{1,2}(?:er)? [A-Za-zéû]{3,9}\.? (?:19|20)\d\d|"
    r"(?:19|20)\d\d-\d\d-\d\d)"
)
_SENDER = (
    r"(?: ?\((?:CP|PC|AP|AFP|Reuters|REUTERS|GLOBE NEWSWIRE)\)|"
    r" ?/(?:CNW|CNW Telbec|PRNewswire|Newswire\.ca|EIN)[^/]{0,20}/)"
)
_DASH = r" ?(?:[–—|]|--?(?=\s|\Z)|_(?=\s))(?: ?[–—-]{1,2}(?=\s|\Z))?\s*+"
_DATELINE = re.compile(
    rf"(?P<capitals>{_CAPITALS}{_REGION})(?:,? {_DAY})?{_SENDER}?{_DASH}|"
    rf"(?P<sent>{_MIXED}{_REGION})(?:,? {_DAY})?{_SENDER}{_DASH}|"
    rf"{_DAY} ?[–—-] ?(?P<dated>{_MIXED}{_REGION})(?: ?[–—-]\s+|—\s*)(?=[A-ZÀ-ÖØ-Þ«“\"])|"
    rf"(?P<released>{_MIXED}{_REGION})(?:,| ?[–—-]) ?{_DAY}(?: ?[–—-]\s+|—\s*)(?=[A-ZÀ-ÖØ-Þ«“\"])"
)
_IN_BRACKETS = re.compile(
    r"\((?!(?:CP|PC|AP|AFP|Reuters|Photo|Vidéo|Mise|Suite|Exclusif|Analyse|Opinion)\b)"
    r"(?P<place>[A-ZÀ-ÖØ-Þ][\w'’.-]{1,40}(?:,? [\w'’.-]{1,40}){0,3})\) (?:[–—-] )?(?=[A-ZÀ-ÖØ-Þ«“\"])"
)
_AGENCY = re.compile(r"[^()]{2,60}\((?P<by>CP|PC|AP|AFP|Reuters|REUTERS)\) ?[-–—]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dateline:
    """A dateline at the beginning of a line."""

    place: str  # as written: "WINDSOR, Ont."
    end: int  # where the sentence begins
    agency: str | None = None  # as written: "CP"


def dateline(line: str, *, brackets: bool = True) -> Dateline | None:
    """Returns the dateline with which a line begins; None where it begins with none.

    `brackets`: a place in brackets is one, as in French papers; in English they hold anything.
    """
    return _dateline(line[:160], brackets)


@lru_cache(maxsize=64)  # a line is asked about from several sides in turn
def _dateline(start: str, brackets: bool) -> Dateline | None:
    if found := _DATELINE.match(start):
        place = next(place for place in found.groupdict().values() if place)
        by = _AGENCY.match(start[: found.end()])
        return Dateline(place=place.strip(" -"), end=found.end(), agency=by["by"] if by else None)
    bracketed = _IN_BRACKETS.match(start) if brackets else None
    return Dateline(place=bracketed["place"], end=bracketed.end()) if bracketed else None


def opens_a_story(line: str, *, brackets: bool = True) -> bool:
    """Says whether a line begins with a dateline."""
    return dateline(line, brackets=brackets) is not None


def without_dateline(line: str, *, brackets: bool = True) -> str:
    """Returns a line without the datelines with which it begins."""
    while found := dateline(line, brackets=brackets):
        line = line[found.end :]
    return line
