"""Notes that a newsroom sets under or over a story: what it corrected, who helped, which companies are named.

They are no part of the story; the text keeps them, the body does not, and a note of correction becomes a field.
"""

import re
from collections.abc import Sequence

_HEAD_END = r"(?=\s*(?:[:.)*_\]—–-]|\Z|notice\b|note\b|appended\b))"
_OPENS = r"[(*_\[\s]{0,6}"
_CORRECTED = (  # a sentence that says so, wherever it stands
    r"(?:this is a corrected (?:story|version|copy|report|article|repeat)\b|"
    r"(?:an earlier|a previous|an earlier published|an? (?:original|initial)) version of (?:this|the) "
    r"(?:story|report|article|headline|copy|text|post)\b|"
    r"this (?:story|report|article|copy) (?:has been|was|is) (?:corrected|updated to correct|amended)\b|"
    r"corrects? (?:the )?(?:story|item|headline|spelling|figure)s?\b|"
    r"(?:ceci est|voici|il s['’]agit d['’]) ?une version corrigée\b|cette version corrige\b|"
    r"une version (?:précédente|antérieure|initiale) (?:de ce(?:tte|t)?|du|de la|de l['’]) ?"
    r"(?:texte|article|reportage|dépêche|nouvelle)\b|"
    r"(?:cet article|ce (?:texte|reportage)|cette (?:dépêche|nouvelle)) (?:a été|est) (?:corrigé|rectifié|modifié)e?\b)"
)
_CORRECTION = re.compile(
    rf"{_OPENS}(?:note to (?:readers|editors)|note (?:aux|à nos) (?:lecteurs|lectrices)|editor['’]s note|"
    r"note de la rédaction|n\.?d\.?l\.?r\b|"
    rf"(?:correction|clarification|rectificatif|rectification|précision|erratum|mise au point)s?\b{_HEAD_END}|"
    rf"(?:corrected|corrective|version corrigée)\b(?=\s*(?:[:.)*_—–-]|\Z|story\b|version\b|copy\b))|"
    r"(?:an earlier|a previous) version (?:said|had|gave|stated|misstated|misspelled|incorrectly|wrongly|erroneously|"
    r"reported|contained|misidentified)\b|"
    r"une version (?:précédente|antérieure) (?:disait|indiquait|affirmait|mentionnait|"
    r"donnait|rapportait|comportait|contenait|attribuait)\b|"
    rf"{_CORRECTED})",
    re.IGNORECASE,
)
_SAYS_WHAT = re.compile(
    r"correct|corrig|rectif|earlier version|previous version|version (?:précédente|antérieure|initiale)|misstated|"
    r"misspell|misidentified|erron|clarif|should have (?:said|read)|aurait dû|il fallait lire|mise au point|précision",
    re.IGNORECASE,
)
_INLINE = re.compile(rf"(?<=[.!?…\"”»)])\s*(?={_OPENS}{_CORRECTED})", re.IGNORECASE)
_ASIDE = re.compile(
    rf"{_OPENS}(?:compan(?:ies|y) (?:in|mentioned in) this story|(?:compagnies|entreprises|sociétés) mentionnées|"
    r"[-—–* ]{0,4}with (?:(?:additional )?files|additional reporting) (?:from|by)\b|"
    r"[-—–* ]{0,4}avec (?:des|les) (?:informations|dossiers)\b)",
    re.IGNORECASE,
)
_HEADING = 40  # characters: a line so short only announces the note below it
_UNENDED = re.compile(r"[\w:][\s*_)\]]*\Z")


def is_note(line: str) -> bool:
    """Says whether a line is such a note."""
    return _CORRECTION.match(line) is not None or _ASIDE.match(line) is not None


def note_lines(lines: Sequence[str]) -> set[int]:
    """Returns which lines are notes: a heading ("Correction") takes the line below it along."""
    found = set()
    for number, line in enumerate(lines):
        if not is_note(line):
            continue
        found.add(number)
        if len(line) <= _HEADING and _CORRECTION.match(line) and _UNENDED.search(line):
            below = next((n for n in range(number + 1, min(number + 3, len(lines))) if lines[n]), None)
            if below is not None:
                found.add(below)
    return found


def inline_note(line: str) -> int | None:
    """Returns where in a line, behind a sentence of the story, a note of correction begins; None: nowhere."""
    if "orr" not in line and "version" not in line and "ectif" not in line and "modifi" not in line:
        return None
    found = _INLINE.search(line)
    return found.end() if found else None


def correction(lines: Sequence[str]) -> str | None:
    """Returns the note of correction as one line; None where there is none."""
    said = []
    noted = note_lines(lines)
    for number, line in enumerate(lines):
        if number in noted and not _ASIDE.match(line):
            said.append(line)
        elif number not in noted and (start := inline_note(line)) is not None:
            said.append(line[start:])
    note = " ".join(" ".join(said).split()).strip("*_ ")
    return note if note and _SAYS_WHAT.search(note) else None
