"""One normaliser and one tokeniser for all: what a character, a word and a sentence are in this program.

What a word is stands in folding.py.
"""

import re
import unicodedata

from monitor.text.folding import Word, fold, folded, folded_words, places, words

__all__ = [
    "MOST_ATTRIBUTES",
    "Word",
    "clean",
    "fold",
    "folded",
    "folded_words",
    "one_line",
    "overladen",
    "places",
    "sentence_around",
    "well_formed",
    "words",
]

# Controls except tab and line feed; soft hyphen and zero-width marks, which part words invisibly; bidi overrides,
# which make a text show other than it reads (CVE-2021-42574); the byte-order mark and non-characters.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f]"
)
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_LETTERLIKE = re.compile("[\ufb00-\ufb06\uff01-\uff5e\U0001d400-\U0001d7ff]+")  # ligatures, full width, bold letters
_APOSTROPHES = str.maketrans("\u02bc\u201b", "’’")  # the first counts as a letter: "lʼasile" would be one word
_ODD = re.compile(  # all that `clean` changes one character at a time; most texts hold none of it
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f\ud800-\udfff\ufb00-\ufb06\uff01-\uff5e\U0001d400-\U0001d7ff\u02bc\u201b]"
)
_OTHER_SPACE = re.compile("[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_AROUND_BREAK = re.compile(r" *\n *")
_BREAKS = re.compile(r"\n{2,}")
_PLAIN = re.compile(r"[\x20-\x7e]*\Z")


def well_formed(text: str) -> str:
    """Returns the text with U+FFFD for each half of a surrogate pair: such text is no Unicode and cannot be stored."""
    return _HALF_PAIR.sub("\ufffd", text) if _HALF_PAIR.search(text) else text


def clean(text: str) -> str:
    """Returns the text as the archive keeps it.

    NFC; letters in disguise (ligatures, full width, mathematical bold) as plain letters, a letter that looks like an
    apostrophe (U+02BC) as one; controls, bidi marks and invisible characters removed; runs of spaces, no-break ones
    too, as one; paragraphs parted by one blank line, a single line break kept. Idempotent.
    """
    if _PLAIN.match(text) and "  " not in text:
        return text.strip()
    if _ODD.search(text):
        text = well_formed(text).replace("\r\n", "\n").replace("\r", "\n")
        text = text.replace("\u2028", "\n").replace("\u2029", "\n\n")
        text = text.replace("\x85", "\n").replace("\x0b", "\n").replace("\x0c", "\n")
        text = _INVISIBLE.sub("", text).translate(_APOSTROPHES)
        text = _LETTERLIKE.sub(lambda run: unicodedata.normalize("NFKC", run.group()), text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    for space in set(_OTHER_SPACE.findall(text)):
        text = text.replace(space, " ")
    while "  " in text:
        text = text.replace("  ", " ")
    if " \n" in text or "\n " in text:
        text = _AROUND_BREAK.sub("\n", text)
    return (_BREAKS.sub("\n\n", text) if "\n\n\n" in text else text).strip()


def one_line(text: str) -> str:
    """Returns the cleaned text without any line break, as headlines and header fields want it."""
    return " ".join(clean(text).split())


_SENTENCE_END = re.compile(r"([.!?…]++(?:[\"'’”)\]]|\s?»)*)\s+(?=[\"'‘“«(\[]*\s?[A-ZÀ-ÖØ-Þ0-9])|\n\s*\n")
# After these a dot ends no sentence: Canadian Press style abbreviations (months, provinces, titles), initials.
_ABBREVIATION = re.compile(
    r"(?:\b(?:Rd|St|Ste|Ave|Blvd|Mt|Mr|Mrs|Ms|Dr|Prof|Gov|Sen|Rep|Sgt|Cpl|Const|Insp|Gen|Lt|Col|Rev|Hon|Jr|Sr|No|Nos|"
    r"Jan|Feb|Aug|Sept|Oct|Nov|Dec|janv|févr|avr|juill|déc|Que|Qué|Ont|Man|Sask|Alta|Inc|Ltd|Co|Corp|vs|etc|art|al|"
    r"Mme|Mlle|Me|[A-Za-z])|\b(?:[A-Z]\.)+[A-Z])\Z"
)


MOST_ATTRIBUTES = 1000
_ATTRIBUTE = r"""[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)?+"""
_START_TAG = re.compile(rf"<[A-Za-z][^\s/>]*+(?:{_ATTRIBUTE}){{0,{MOST_ATTRIBUTES}}}+({_ATTRIBUTE})?")


def overladen(markup: str) -> bool:
    """Says whether an element has more than `MOST_ATTRIBUTES`: some fifty times what pages and feeds have at most.

    libxml2 and feedparser hold each attribute against all others of its element: a hundred thousand take seconds, and
    three times as many minutes.
    """
    return any(found[1] for found in _START_TAG.finditer(markup))


def sentence_around(text: str, start: int, end: int, *, longest: int = 400) -> tuple[str, int]:
    """Returns the sentence of `text` that holds the characters from `start` to `end`, and where in it they begin.

    Longer sentences are cut around the words with an ellipsis; line breaks become spaces.
    """
    left, right = max(0, start - longest), min(len(text), end + longest)  # what ends farther away is cut anyway
    for stop in _SENTENCE_END.finditer(text, left, right):
        if stop.group(1) == "." and _ABBREVIATION.search(text, max(0, stop.start() - 12), stop.start()):
            continue
        if stop.end() <= start:
            left = stop.end()
        elif stop.start() >= end - 1:
            right = stop.start() + len(stop.group(1) or "")
            break
    room = max(0, longest - (end - start)) // 2
    before, after = "", ""
    if start - left > room:
        left = start - room + max(0, text[start - room : start].find(" ") + 1)
        before = "…"
    if right - end > room:
        cut = text[end : end + room].rfind(" ")
        right = end + (cut if cut > 0 else room)
        after = "…"
    sentence = before + text[left:right].replace("\n", " ") + after
    return sentence, start - left + len(before)
