"""What a text says of the agency it came from, and of its place among the agency's takes.

Agency: the credit sentence, else the copyright, else the last line in which an agency signs, else the dateline
("(CP) –"), else a byline of the page. `first_published` is the date of the first version, not of this one.

| notice | English | French |
|---|---|---|
| NEWS_ALERT | Canadian Press NewsAlert: … | Alerte : … |
| WRITETHRU | 2nd Writethru | 2e Lead |
| CORRECTIVE | Corrective, Sub, Clarification, Corrected | Rectificatif, Corrigée, Mise au point |
| KILL | KILL, and "The Canadian Press has killed the story slugged …" | Supprimer, « … a supprimé le texte … » |

The words count where the agency sets them: before the headline, in brackets behind it, or in a line of their own. A
kill erases texts, so it needs more: the form, the sentence, no more text than a notice has, and the agency's own name
under it.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from monitor.extract.agencies import (
    DATE,
    FULL,
    agency,
    copyright_holder,
    credit_sentence,
    iso_date,
    names_any,
    sign_off,
)
from monitor.extract.datelines import dateline
from monitor.extract.names import agency_in, is_person, people
from monitor.extract.notes import correction
from monitor.types import Credit, Kill, Notice

_OPENING = 6  # lines among which a dateline stands
_SHORT = 60  # characters: a line with a notice's word and little else
_LONGEST_KILL = 3000  # characters

_AGENCY = r"(?:(?:the )?canadian press|(?:la )?presse canadienne|cp|pc|lpc)"
_WORDS = {
    Notice.NEWS_ALERT: r"news ?alert|alerte(?: info)?",
    Notice.CORRECTIVE: (
        r"correctives?|corrections?|corrected|(?-i:SUB)|clarification|rectificatif|corrigée?|mise au point|précision"
    ),
}
_CAPITALS = {
    Notice.NEWS_ALERT: "NEWSALERT|ALERTE",
    Notice.CORRECTIVE: "CORRECTIVE|CORRECTED|SUB|CLARIFICATION|RECTIFICATIF|CORRIGÉE?",
}
_BEFORE = {
    notice: re.compile(rf"\W*(?:{_AGENCY}\W{{0,3}})?(?:{words})\s?(?::|[–—]|-\s)", re.IGNORECASE)
    for notice, words in _WORDS.items()
}
_BEHIND = {
    notice: re.compile(rf"(?i:[(\[](?:{words})[)\]])\W*\Z|\W\s(?:{_CAPITALS[notice]})\W*\Z")
    for notice, words in _WORDS.items()
}
_ALONE = {
    notice: re.compile(rf"\W*(?:{_AGENCY}\W{{0,3}})?(?:{words})\W*", re.IGNORECASE) for notice, words in _WORDS.items()
}
_WRITETHRU = re.compile(
    r"(?:\b(?P<take>\d{1,2})(?:st|nd|rd|th) )?\bwrite-?thr(?:u|ough)\b|"
    r"(?:\A|[(\[,:–—-] ?)(?P<lead>\d{1,2})\s?(?:er|re|nd|e|ème|eme|ième|ieme)\s(?i:lead)\b(?=\W*\Z|\s?[:)\]–—-])",
    re.IGNORECASE,
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_SPELT = re.compile(rf"\b({'|'.join(_ORDINALS)}) write-?thr(?:u|ough)\b", re.IGNORECASE)
_KILL_FORM = re.compile(r"\W*(?:(?:kill|supprimer)\b\W*){1,5}", re.IGNORECASE)
_KILL_TITLE = re.compile(
    r"\W*(?:KILL|Kill|SUPPRIMER|Supprimer)(?:\W+(?:KILL|Kill|SUPPRIMER|Supprimer)\b){0,4}\s?(?::|[–—]|-\s|\Z)"
)
_KILLED = re.compile(
    FULL.format("by") + r" (?:has |have |is )?(?:killed|killing|withdrawn|withdrawing) (?:the|its|a) "
    r"(?:story|item|report|article|copy)\b|"
    + FULL.format("by2")
    + r" (?:a|vient de) (?:supprim(?:é|er|e)|retir(?:é|er|e)|annul(?:é|er|e)) "
    r"(?:le |la |l['’]|son |sa |un |une )(?:texte|article|dépêche|depeche|nouvelle|reportage)\b",
    re.IGNORECASE,
)
_SLUG = re.compile(
    r"\b(?:slugged|slug(?: line)?|mot-clé|mot clé|identifiée?|désignée?|étiquetée?|code)\s?:?\s?(?:par |sous |comme )?"
    r"[«“\"]?\s?(?P<slug>[\w&.'’-]{3,80})",
    re.IGNORECASE,
)
_HEADLINE = re.compile(
    r"\b(?:headlined?|titled|titrée?|intitulée?|titre|coiffée?)\s?:?\s?(?:de |du |par )?(?:le titre |the )?\s?"
    r"(?:«\s?(?P<fr>[^«»\n]{3,300}?)\s?»|“(?P<curly>[^“”\n]{3,300})”|\"(?P<plain>[^\"\n]{3,300})\"|"
    r"(?<=\s)['‘](?P<single>[^\n]{3,300}?)['’](?=\W*(?:\s|\Z)))",
    re.IGNORECASE,
)
_MOVED = re.compile(
    r"\b(?:moved|sent|published|transmitted|issued|transmise?|diffusée?|publiée?|envoyée?)(?:,? (?:on|le))?,?\s"
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? |(?:lun|mar|mercre|jeu|vendre|same)di |dimanche )?" + DATE,
    re.IGNORECASE,
)


def credit(text: str, *, title: str | None = None, bylines: Iterable[str] = (), language: str | None = None) -> Credit:
    """Returns what a text, its headline and the page's bylines say of the agency and its takes. Raises nothing.

    `language` is the text's (ISO 639-1): only French copy opens with a place in brackets.
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    opened = next(
        (found for line in lines[:_OPENING] if (found := dateline(line, brackets=language != "en"))),
        None,
    )
    place, noted = opened.place if opened else None, correction(lines)
    bylines = tuple(bylines)
    named = names_any(text)
    sentence = next((said for line in lines if (said := credit_sentence(line))), None) if named else None
    name = sentence.agency if sentence else copyright_holder(text) if named else None
    signed = [line for line in lines if sign_off(line)] if named else []
    if name is None and signed:
        name = sign_off(signed[-1])
    if name is None and opened and opened.agency:
        name = agency(opened.agency)
    name = name or agency_in(bylines)
    notice, take = _notice(title or "", lines, name)
    killed = _kill(title or "", text, lines, name)
    return Credit(
        agency=name,
        first_published=sentence.first_published if sentence else None,
        first_language=sentence.first_language if sentence else None,
        writers=_writers(lines, signed, bylines) if name else (),
        place=place,
        notice=Notice.KILL if killed else notice,
        take=None if killed else take,
        correction=noted,
        kill=killed,
    )


def _writers(lines: Sequence[str], signed: Sequence[str], bylines: Iterable[str]) -> tuple[str, ...]:
    """Returns who signs with the agency: in its line, in the line above it, or in a byline of the page."""
    found = list(signed)
    for above, line in pairwise(lines):
        if line in signed and len(above) < _SHORT and not people([line]) and _signs(above):
            found.append(above)
    return people([*found, *(line for line in bylines if sign_off(line))])


def _signs(line: str) -> bool:
    names = people([line])
    return bool(names) and all(is_person(name) and name.istitle() for name in names) and line[-1] not in ".!?…:"


def _notice(title: str, lines: Sequence[str], name: str | None) -> tuple[Notice | None, int | None]:
    heads = [title.strip(), *(line for line in lines[:_OPENING] if len(line) <= _SHORT)]
    for place, head in enumerate(heads):
        if written := _WRITETHRU.search(head):
            return Notice.WRITETHRU, _number(written, head)
        for notice in _WORDS:
            marked = _BEFORE[notice].match(head) or _BEHIND[notice].search(head) if place == 0 else None
            if (marked or _ALONE[notice].fullmatch(head)) and (name or names_any(head)):
                return notice, None
    return None, None


def _number(written: re.Match[str], head: str) -> int | None:
    if digits := written["take"] or written["lead"]:
        return int(digits)
    spelt = _SPELT.search(head)
    return _ORDINALS.index(spelt[1].lower()) + 1 if spelt else None


def _kill(title: str, text: str, lines: Sequence[str], name: str | None) -> Kill | None:
    """Returns what a kill notice withdraws; None where the text is none."""
    if name is None or len(text) > _LONGEST_KILL:
        return None
    if not _KILL_TITLE.match(title) and not any(_KILL_FORM.fullmatch(line) for line in lines[:_OPENING]):
        return None
    said = _KILLED.search(text)
    if said is None or agency(said["by"] or said["by2"]) != name:
        return None
    told = " ".join(text[said.start() :].split())
    slug, moved = _SLUG.search(told), _MOVED.search(told)
    headed = _HEADLINE.search(told)
    headline = next((part for part in headed.groups() if part), None) if headed else None
    return Kill(
        headline=headline.strip(" ").removesuffix(".").removesuffix(",") if headline else None,
        slug=slug["slug"].rstrip(".,'’") if slug else None,
        moved_on=iso_date(moved.groupdict()) if moved else None,
    )
