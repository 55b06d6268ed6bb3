"""Photo credits, and the captions they end: what stands under a picture is no text of the story.

| form | example |
|---|---|
| agency, then name | THE CANADIAN PRESS/Ann Example · LA PRESSE CANADIENNE/Anne Exemple · AP Photo/Ann Example, File |
| name, then agency | Ann Example/The Canadian Press · (Ann Example/CP) |
| by a word | (Photo La Presse Canadienne/Anne Exemple) · PHOTO ANNE EXEMPLE, LA PRESSE · (Submitted photo) |
| for editors | **MANDATORY CREDIT** |

A slash within a sentence ("a poll by The Canadian Press/Leger found …") is no credit.
"""

import re

from monitor.extract.datelines import opens_a_story
from monitor.text import sentence_around

_LONGEST = 400  # characters of a caption
_LONG = (
    r"(?i:(?:the |la )?(?:canadian press|presse canadienne|associated press)(?: images)?|agence france-presse|"
    r"getty images|radio-canada)"
)
_SHORT = r"(?:AP|AFP|CP|PC|CBC|REUTERS|Reuters)"
_PHOTO = r"(?: (?:PHOTO|Photo))?"
_NO_NAME = (
    r"(?!(?:An?|The|In|On|At|He|She|It|They|Les?|La|Une?|Des|Ils?|Elles?|À|CBC|CTV|VIA|"
    r"Via|Radio|Radio-Canada|Ipsos|Leger|Léger|Nanos|NORC)(?![\w.'’-]))"
)
_PART = rf"{_NO_NAME}[A-ZÀ-ÖØ-Þ][\w'’.-]*"
_NAME = rf"{_PART}(?:[ ,/]{{1,2}}{_PART})?"
# A credit begins a line, follows a sentence or a dash, or stands in brackets.
_APART = r"(?:\A|(?<=[.!?…\"”»)\]*:—–-]))[\s*]{0,4}"
_CREDIT = re.compile(
    "|".join(
        (
            rf"\([^()]{{0,60}}/\s?{_LONG}[^()]{{0,60}}\)",
            rf"\({_PART} [^()/]{{1,40}}/\s?{_SHORT}\b[^()]{{0,60}}\)",
            rf"\(\s?{_LONG}{_PHOTO}\s?/[^()]{{0,80}}\)",
            rf"\({_SHORT}{_PHOTO}\s?/\s?{_PART} {_PART}[^()]{{0,60}}\)",
            r"\((?i:photos?)(?:\s?[:/,]| (?i:by|par|courtesy|courtoisie|fournie)\b| (?=[A-ZÀ-ÖØ-Þ]))[^()]{0,80}\)",
            r"\((?i:submitted|file|handout|supplied) (?i:photo)\b[^()]{0,40}\)",
            r"(?:\b(?:THE CANADIAN PRESS|LA PRESSE CANADIENNE|(?:THE )?ASSOCIATED PRESS|AP (?:PHOTO|Photo))"
            rf"(?: IMAGES)?|{_APART}{_LONG}{_PHOTO})\s?/\s?(?:{_NAME}|[a-z][\w.'’-]+(?=\W*\Z))",
            rf"{_APART}{_SHORT}{_PHOTO}\s?/\s?{_PART} {_PART}",
            rf"(?:\b(?i:photos?\s?(?::|by\b|par\b))\s?|{_APART}){_NAME}\s?/\s?(?:{_LONG}|{_SHORT})(?![\w/])",
            rf"{_APART}(?i:photos?(?: credits?)?|crédits? photos?)\s?(?::|(?i:by|par)\b)\s?"
            r"[A-ZÀ-ÖØ-Þ][^.!?\n]{1,80}\Z",
            r"\bPHOTOS? [A-ZÀ-ÖØ-Þ][^a-zà-öø-ÿ.!?\n]{2,60}, [A-ZÀ-ÖØ-Þ][^a-zà-öø-ÿ.!?\n]{1,40}(?!\w)",
            r"[*(]{0,3}\s?MANDATORY CREDIT\b[^*)\n]{0,60}[*)]{0,3}",
        )
    )
)
_SAID = re.compile(
    r"\b(?:said|told|added|wrote)\b|\ba (?:dit|déclaré|affirmé|indiqué|ajouté|précisé|soutenu)\b|\b(?:dit|explique)-",
    re.IGNORECASE,
)
# What of a credit may stand behind it: "File", "via AP", another name.
_REST = re.compile(r"[\s,/.*()–—-]*(?:(?:[A-ZÀ-ÖØ-Þ][\w'’-]*|via|file|and|et)[\s,/.*()]*){0,6}\Z")
_SHOWS = re.compile(
    r"\b(?:is|are|was|were) (?:seen|shown|pictured|photographed)\b|\b(?:file|handout|undated) (?:photo|image)\b|"
    r"\blooks? on\b|\b(?:est|sont|était|étaient) (?:vue?s?|photographiée?s?)\b|\b(?:cette|une) (?:photo|image)\b|"
    r"\bon (?:aperçoit|voit)\b",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"[.!?…][\"'’”»)]*(?:\s|\Z)")
# The end of one of a paragraph's sentences, but not of an abbreviation.
_NEXT = re.compile(r"[a-zà-öø-ÿ]{4}[.!?…][\"'’”»)]*\s+(?=[A-ZÀ-ÖØ-Þ«“\"])")
_ABOVE = re.compile(r"\s*PHOTOS? [A-ZÀ-ÖØ-Þ]")
_SHORT_CAPTION = 160  # characters
_AROUND = " \t*_.,;)]–—-"


def without_photo(line: str) -> str:
    """Returns a line without photo credits and the captions before them; empty where nothing else is in it.

    What stands before a credit is a caption where it is no longer than 400 characters, has at most two sentences, and
    neither begins with a dateline nor tells who said something. Of a longer or a telling text its last sentence goes
    where it says what a picture shows; the rest stays.
    """
    if not _may_hold_a_credit(line):
        return line
    start = 0
    for _ in range(5):
        found = _CREDIT.search(line, start)
        if found is None:
            break
        before, after = line[: found.start()].rstrip(" *"), line[found.end() :]
        if len(after) < 80 and _REST.match(after):
            after = ""
        begins = after.lstrip(_AROUND)
        if not begins or not begins[0].islower():
            line = f"{_without_caption(before)} {begins}".strip()
        elif after[:1].isspace() and line[found.end() - 1].isalpha() and found[0].lstrip(" *")[0] != "(":
            start = found.end()  # the sentence's own subject: "CBC/Radio-Canada said …"
        else:  # in the midst of a sentence
            line = f"{before} {after.lstrip()}"
    return line


def _may_hold_a_credit(line: str) -> bool:
    """Looks for what is in all that `_CREDIT` finds: most lines hold none, and it takes longer."""
    return "/" in line or "hoto" in line or "PHOTO" in line or "MANDATORY CREDIT" in line


def is_photo_credit(line: str) -> bool:
    """Says whether the whole line is a photo credit."""
    found = _CREDIT.match(line.strip()) if _may_hold_a_credit(line) else None
    return found is not None and _REST.match(line.strip(), found.end()) is not None


def shows_a_picture(line: str) -> bool:
    """Says whether the line over a photo credit is its caption: it says what is seen, or is no whole sentence."""
    told = len(line) > _LONGEST or opens_a_story(line) or _SAID.search(line)
    return not told and (_SHOWS.search(line) is not None or not _SENTENCES.search(line[-3:]))


def captions_below(credit: str, line: str) -> bool:
    """Says whether the line under a photo credit is its caption: some papers write "PHOTO NAME, PAPER" above it."""
    return (
        _ABOVE.match(credit) is not None
        and len(line) <= _SHORT_CAPTION
        and len(_SENTENCES.findall(line)) == 1
        and not any(mark in line for mark in '«»“”"')
        and not _SAID.search(line)
        and not opens_a_story(line)
    )


def _without_caption(text: str) -> str:
    last = sentence_around(text, len(text) - 1, len(text), longest=3 * len(text))[0] if text else ""
    head = text[: len(text) - len(last)].rstrip()
    told = len(text) > _LONGEST or opens_a_story(text) or _SAID.search(text) or len(_NEXT.findall(text)) > 1
    if _SHOWS.search(last):
        return head if told or len(_SENTENCES.findall(head)) > 1 else ""
    return text if told else ""
