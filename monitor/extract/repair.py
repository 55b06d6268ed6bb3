"""Mends text that was spoilt on its way: UTF-8 read as Windows-1252, and paywall text turned by ROT47.

Only the unmistakable is touched: a wrong repair is worse than none.
"""

import re

_CP1252 = {bytes([b]).decode("cp1252"): b for b in range(0x80, 0x100) if b not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}}
_CP1252.update({chr(b): b for b in range(0x80, 0xA0)})
_HIGH = "[" + "".join(re.escape(c) for c in _CP1252) + "]"
_RUN = re.compile(_HIGH + "{2,}")
# Evidence: a lead byte and what follows it, as they look in Windows-1252 ("Ã©", "â€™"). No language writes that.
_SURE = re.compile("Ã[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ](?![A-ZÀ-ÖØ-Þ]{2})|â€[\x80-\xbf™œ˜¦“”¢\ufffd]")
_LOST_QUOTE = re.compile("â€(?:\ufffd|\\?(?=\\s|\\Z)|(?=[\\s.,;:!?)]|\\Z))")
_LOST_NBSP = re.compile("Ã {1,2}(?=[A-Za-zÀ-ÿ\"'«])|Ã(?=\\s|\\Z)")

_ROT47 = {c: 33 + (c - 33 + 47) % 94 for c in range(33, 127)}
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "the of and to in a is that for it was on are as with his they at be this from have by has "
        "not had said who were "
        "de la le et les des en un une du que est pour qui dans par sur au il pas plus son ce ne se",
    )
)


def mend_mojibake(text: str) -> str:
    """Returns the text with UTF-8 that was read as Windows-1252 put right, where at least one place leaves no doubt."""
    if not ("Ã" in text or "â€" in text) or not _SURE.search(text):
        return text
    text = _RUN.sub(_redecode, text)
    text = _LOST_QUOTE.sub("”", text)
    return _LOST_NBSP.sub(lambda hit: "à " if hit.group().endswith(" ") else "à", text)


def _redecode(run: re.Match[str]) -> str:
    try:
        return bytes(_CP1252[c] for c in run.group()).decode("utf-8")
    except UnicodeDecodeError:
        return re.sub(f"[ÂÃâ]{_HIGH}{{1,2}}", _redecode_one, run.group())


def _redecode_one(part: re.Match[str]) -> str:
    try:
        return bytes(_CP1252[c] for c in part.group()).decode("utf-8")
    except UnicodeDecodeError:
        return part.group()


def rot47(text: str) -> str:
    """Returns the text with every printable ASCII character turned by 47 places; twice gives the text again."""
    return text.translate(_ROT47)


def unscramble(paragraphs: list[str]) -> list[str]:
    """Returns the paragraphs with those that are ROT47 turned back.

    A paragraph is, when it holds no common English or French word and holds several once turned. In the company of
    such a paragraph a short one is believed on its letters alone.
    """
    sure = [_is_scrambled(p) for p in paragraphs]
    if not any(sure):
        return paragraphs
    return [rot47(p) if s or _reads_better(p) else p for p, s in zip(paragraphs, sure, strict=True)]


def unscramble_lines(text: str) -> str:
    """Returns a text with those of its lines that are ROT47 turned back; breaks stay."""
    lines = text.split("\n")
    filled = iter(unscramble([line for line in lines if line]))
    return "\n".join(next(filled) if line else "" for line in lines)


def _is_scrambled(paragraph: str) -> bool:
    if "@" not in paragraph and "2" not in paragraph and "6" not in paragraph:  # o, a, e
        return False
    if _common_words(paragraph):
        return False
    return _common_words(rot47(paragraph)) >= max(3, len(paragraph.split()) // 8)


def _common_words(text: str) -> int:
    return sum(word.strip(".,;:!?\"'()«»") in _COMMON for word in text.lower().split())


def _reads_better(paragraph: str) -> bool:
    return not _common_words(paragraph) and _letters(rot47(paragraph)) > 0.85 > 0.7 > _letters(paragraph)


def _letters(text: str) -> float:
    return sum(c.isalpha() or c.isspace() for c in text) / max(1, len(text))
