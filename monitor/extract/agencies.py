"""Agencies, and the lines in which they name themselves: credit sentence, copyright, byline and sign-off.

| form | example |
|---|---|
| credit sentence | This report by The Canadian Press was first published (in French) (on) Feb. 21, 2023. |
| | Ce texte de La Presse Canadienne a d’abord été publié en anglais le 21 février 2023. |
| copyright | © 2023 The Canadian Press · © Provided by The Canadian Press |
| a line of its own | Ann Example, The Canadian Press · Par La Presse Canadienne, 2025 · (La Presse Canadienne) |

None of them: a quotation ("told The Canadian Press"), a photo's credit ("THE CANADIAN PRESS/Name", "Photo La Presse
Canadienne"), help ("With files from …").
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

CANADIAN_PRESS = "The Canadian Press"
_NAMES = {
    "canadian press": CANADIAN_PRESS,
    "presse canadienne": CANADIAN_PRESS,
    "associated press": "The Associated Press",
    "reuters": "Reuters",
    "agence france-presse": "Agence France-Presse",
    "agence france presse": "Agence France-Presse",
    "afp": "Agence France-Presse",
    "cp": CANADIAN_PRESS,
    "ap": "The Associated Press",
}
_MONTHS = (
    ("jan",),
    ("feb", "fev", "fév"),
    ("mar",),
    ("apr", "avr"),
    ("may", "mai"),
    ("jun", "juin"),
    ("jul", "juil"),
    ("aug", "aou", "aoû"),
    ("sep",),
    ("oct",),
    ("nov",),
    ("dec", "déc"),
)

FULL = (
    r"(?:(?:the|la|l['’])\s*)?"
    r"(?P<{0}>canadian press|presse canadienne|associated press|agence france[- ]presse|reuters|afp)"
)
DATE = (
    r"(?P<day_fr>\d{1,2}(?:er)?)?\s*(?P<month>[A-Za-zéû]{3,9})\.?\s+(?:(?P<day>\d{1,2}),?\s+)?(?P<year>(?:19|20)\d\d)"
)
_FIRST_EN = re.compile(
    r"\bthis (?:report|story|article|content)(?: by " + FULL.format("by") + r")? was first published"
    r"(?: in (?P<language>french|english))?(?: by " + FULL.format("by2") + r")?(?:,? on)?,?"
    r"(?:\s*(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? )?" + DATE + r")?",
    re.IGNORECASE,
)
_FIRST_FR = re.compile(
    r"\b(?:ce|cet|cette) (?:texte|reportage|article|dépêche|depeche|nouvelle)(?: de " + FULL.format("by") + r")? "
    r"a (?:(?:d['’ ]?abord|initialement) )?(?:été|ete) (?:(?:d['’ ]?abord|initialement) )?publi[ée]e?"
    r"(?: pour la premi[èe]re fois| initialement| d['’ ]?abord)?(?: en (?P<language>anglais|fran[çc]ais))?"
    r"(?: par " + FULL.format("by2") + r")?(?: en (?:anglais|fran[çc]ais))?"
    r"(?:,? le (?:(?:lun|mar|mercre|jeu|vendre|same)di |dimanche )?" + DATE + r")?",
    re.IGNORECASE,
)
_STOP = re.compile(r"[.)*_”\"]*")
_LOOSE_END = re.compile(
    r"(?:,? ?[A-Za-zéû]{3,9}\.? \d{1,2})?[^.!?\n]{0,40}(?:[.!?][.)*_”\"]*|\Z)"
)  # a date of another kind
_COPYRIGHT = re.compile(
    r"(?:©|\(c\)|copyright)\s*(?:\d{4},?\s*)?(?:provided by|fourni par)?\s*" + FULL.format("by") + r"\b(?!\s*/)",
    re.IGNORECASE,
)
# A line that holds names, the agency, and at most a year, a date or an hour: no verb, no slash, no photograph.
# Possessive quantifiers (*+, ++) keep a long run of capitals from being tried in every way it can be cut.
_SIGN_OFF = re.compile(
    r"[\s(*_—–-]*(?:(?:by|par|source)\b\s*:?\s*)?(?P<names>(?:(?:[A-ZÀ-ÖØ-Þ][\w'’.-]*+|and|et|in|à|de|du|le|la|"
    r"van|von|·|•|\||&|—|–|-):?[,\s]++)*?)"
    r"(?i:" + FULL.format("by") + r")(?P<rest>[\s)*_.,]*|\s*[,·•|—–-].{0,60})",
)
_GLUED = re.compile(r"(?<=[a-zà-ÿ])(?=(?:The Canadian Press|La Presse Canadienne|The Associated Press)\b)")
_REST = re.compile(
    r"[\s)*_.,·•|:—–-]*(?:(?:posted|published|updated|publié|mis à jour)\b\s*:?\s*(?:le )?)?[\s,·•|]*"
    r"(?:(?:\d{1,2}(?:er)?|[A-Za-zéû]{3,9}\.?)[\s,]+){0,3}(?:\d{4})?[\s,·•|"
    r"à@-]*(?:\d{1,2}[:h ]+\d{2}\s*(?:[ap]\.?m\.?)?)?[\s)*_.,]*(?:[A-Z]{2,4})?",
    re.IGNORECASE,
)
_ANY = re.compile(r"press\b|presse\b|reuters|afp|\((?:CP|AP)\)", re.IGNORECASE)
_SIGNS = ("press", "reuters", "afp", "(cp)", "(ap)")  # in all that `_ANY` finds
_NOT_TEXT = re.compile(r"\b(?:photos?|files|images?|video|vidéo|dossiers)\b|/", re.IGNORECASE)


def sign_off(line: str) -> str | None:
    """Returns the agency that a byline or a sign-off line names, None where the line is anything else."""
    if len(line) > 160 or not names_any(line) or _NOT_TEXT.search(line):
        return None
    match = _SIGN_OFF.fullmatch(_GLUED.sub(" ", line))
    if not match or len(match["names"]) > 90 or not _REST.fullmatch(match["rest"]):
        return None
    return agency(match["by"])


def names_any(text: str) -> bool:
    """Says whether an agency may be named at all: most texts name none, and a look at the letters is quickly done."""
    low = text.lower()
    return any(sign in low for sign in _SIGNS) and _ANY.search(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditSentence:
    """An agency's own credit sentence, and what it says."""

    start: int  # in the line
    end: int
    agency: str | None
    first_published: str | None  # ISO date
    first_language: str | None  # where it says in which one the text first came out


def credit_sentence(line: str) -> CreditSentence | None:
    """Returns the agency's own credit sentence in the line; None where there is none."""
    if "ubli" not in line and "UBLI" not in line:
        return None
    match = _FIRST_EN.search(line) or _FIRST_FR.search(line)
    if not match:
        return None
    groups = match.groupdict()
    name = groups["by"] or groups["by2"]
    if not name:
        return None
    rest = (_STOP if match["year"] else _LOOSE_END).match(line, match.end())
    said = (groups["language"] or "").lower()
    return CreditSentence(
        start=match.start(),
        end=rest.end() if rest else match.end(),
        agency=agency(name),
        first_published=iso_date(groups),
        first_language=("en" if "angl" in said or said == "english" else "fr") if said else None,
    )


def copyright_holder(text: str) -> str | None:
    """Returns the agency that claims a text by its copyright, None where none does."""
    claimed = _COPYRIGHT.search(text)
    return agency(claimed["by"]) if claimed else None


def copyright_line(line: str) -> bool:
    """Says whether the line is the agency's copyright and nothing else ("© 2023 The Canadian Press")."""
    found = _COPYRIGHT.match(line) if len(line) <= 80 else None
    return found is not None and not line[found.end() :].strip(" .*)")


def agency(name: str) -> str | None:
    """Returns the agency's name in its usual form, the same for both languages; None where it is no agency."""
    bare = re.sub(r"\A(?:the|la|l['’])\s*", "", name.strip().lower())
    return _NAMES.get(" ".join(bare.split()))


def iso_date(groups: Mapping[str, str | None]) -> str | None:
    """Returns the ISO date of what `DATE` found, None where there is no such day."""
    day, word, year = groups["day"] or groups["day_fr"], (groups["month"] or "").lower(), groups["year"]
    month = next((n for n, starts in enumerate(_MONTHS, 1) if word.startswith(starts)), None)
    if not (day and month and year):
        return None
    try:
        return date(int(year), month, int(day.removesuffix("er"))).isoformat()
    except ValueError:
        return None
