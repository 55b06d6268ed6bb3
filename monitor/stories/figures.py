"""The figures of a text: numbers and dates, in English or French, each between its neighbours.

| written | value |
|---|---|
| 7,204 · 7 204 · 7204 | 7204 |
| 12.6 per cent · 12,6 % | 12.6 |
| $2.3 million · 2,3 millions $ · $2.3-million | 2300000 |
| five · cinq | 5 |
| Jan. 12 · 12 janvier | 01-12 |
| in November · en novembre | m11 |
| 2023 | y2023 |

Weekdays are none: a write-thru says Wednesday where the first take said tomorrow.
"""

import re
import zlib
from itertools import islice

from monitor.text import folded_words
from monitor.types import Figure

_MONTHS = {
    **dict.fromkeys(("jan", "january", "janv", "janvier"), 1),
    **dict.fromkeys(("feb", "february", "fevr", "fevrier"), 2),
    **dict.fromkeys(("march", "mars"), 3),
    **dict.fromkeys(("april", "avril"), 4),
    **dict.fromkeys(("may", "mai"), 5),
    **dict.fromkeys(("june", "juin"), 6),
    **dict.fromkeys(("july", "juillet", "juill"), 7),
    **dict.fromkeys(("aug", "august", "aout"), 8),
    **dict.fromkeys(("sept", "september", "septembre"), 9),
    **dict.fromkeys(("oct", "october", "octobre"), 10),
    **dict.fromkeys(("nov", "november", "novembre"), 11),
    **dict.fromkeys(("dec", "december", "decembre"), 12),
}
_WORDS = {
    word: number
    for number, words in enumerate(
        (
            "two deux", "three trois", "four quatre", "five cinq", "six", "seven sept", "eight huit", "nine neuf",
            "ten dix", "eleven onze", "twelve douze", "thirteen treize", "fourteen quatorze", "fifteen quinze",
            "sixteen seize", "seventeen", "eighteen", "nineteen", "twenty vingt",
        ),
        2,
    )
    for word in words.split()
}  # fmt: skip
_SCALES = {
    **dict.fromkeys(("thousand", "mille"), 1_000),
    **dict.fromkeys(("million", "millions"), 1_000_000),
    **dict.fromkeys(("billion", "milliard", "milliards"), 1_000_000_000),
}
# Each pattern begins with the characters that its finds may begin with: the search passes over all others at once.
_NUMBER = re.compile(r"\d(?:(?<!0)\d?\d?(?:[ ,]\d{3}(?!\d))++(?:[.,]\d{1,3}(?!\d))?+|\d*+(?:[.,]\d{1,3}(?!\d))?+)")
_BEFORE_A_MONTH = frozenset({"in", "since", "until", "of", "for", "en", "de", "depuis"})
_FULL_NAME = re.compile(r"[A-ZÀ-ÖØ-Þ](?<!\w.)[\w’'-]{1,40}+(?: [A-ZÀ-ÖØ-Þ][\w’'-]{1,40}+){1,4}+")
_THOUSANDS = re.compile(r"(?<=\d)[ ,](?=\d{3}(?!\d))")
_MASK = "0"  # no text holds such a word: its digits are all masked
_AROUND = 3  # words on each side
_TELLING = frozenset({_MASK, *_WORDS, *_MONTHS})
_MOST = 200  # figures that are looked at


def figures(text: str) -> tuple[Figure, ...]:
    """Returns the figures of a text in order, at most 200. Linear in the length of the text."""
    numbers: list[str] = []

    def mask(found: re.Match[str]) -> str:
        numbers.append(found[0])
        return f" {_MASK} "

    spaced = text.replace("\u00a0", " ").replace("\u202f", " ")
    words = list(folded_words(_NUMBER.sub(mask, spaced)))
    read = iter(numbers)
    values: dict[int, str] = {}
    for at in [at for at, word in enumerate(words) if word in _TELLING]:
        written = next(read) if words[at] == _MASK else None
        if len(values) < _MOST and (value := _number_at(words, at, written)) is not None:
            values[at] = value
    month_of = {_month_beside(words, at): at for at, value in values.items() if value[2:3] == "-"}
    kept = [at for at in range(len(words)) if at not in month_of]
    masked = [_MASK if at in values else words[at] for at in kept]
    return tuple(
        Figure(
            before=_hash(masked[max(0, place - _AROUND) : place]),
            after=_hash(masked[place + 1 : place + 1 + _AROUND]),
            value=values[at],
        )
        for place, at in enumerate(kept)
        if at in values
    )


def _month_beside(words: list[str], at: int) -> int:
    """Returns where the month of a day stands: Jan. 12, 12 janvier, 1er mars."""
    if at and words[at - 1] in _MONTHS:
        return at - 1
    return at + 2 if words[at + 1] == "er" else at + 1


def _number_at(words: list[str], at: int, written: str | None) -> str | None:
    """Returns the figure at a word that may be one; None where it is none, or part of the one beside it."""
    word = words[at]
    before, after = words[at - 1] if at else "", words[at + 1] if at + 1 < len(words) else ""
    if written == "1" and after == "er" and at + 2 < len(words):
        after = words[at + 2]
    if written is not None:
        day = int(written) if len(written) <= 2 and written.isdigit() else 0
        if 1 <= day <= 31 and (month := _MONTHS.get(before) or _MONTHS.get(after)):
            return f"{month:02}-{day:02}"
        return _number(written, after)
    if word in _WORDS and after not in _MONTHS:
        scale = _SCALES.get(after, 1)
        return f"{_WORDS[word] * scale}" if word != "sept" or after != _MASK else None
    if word in _MONTHS and before in _BEFORE_A_MONTH and after != _MASK:
        return f"m{_MONTHS[word]}"
    return None


def named(text: str) -> tuple[Figure, ...]:
    """Returns the names of two or more words, each between the two words before and after it, at most 100."""
    found = []
    for name in islice(_FULL_NAME.finditer(text), _MOST // 2):
        before = folded_words(text[max(0, name.start() - 60) : name.start()].rpartition("\n")[2])[-2:]
        after = folded_words(text[name.end() : name.end() + 60].partition("\n")[0])[:2]
        around = zlib.crc32(" ".join((*before, "·", *after)).encode())
        found.append(Figure(before=around, after=len(after), value=" ".join(folded_words(name[0]))))
    return tuple(found)


def _hash(words: list[str]) -> int:
    return zlib.crc32(" ".join(words).encode()) if len(words) == _AROUND else 0


def _number(written: str, after: str) -> str:
    """Returns a number as its shortest decimal; a comma or a space before three digits parts thousands."""
    if written.isdigit():
        if after not in _SCALES and len(written) == 4 and written[:2] in {"19", "20"}:
            return f"y{written}"
        plain = written[:15]
    else:
        plain = (written if written[0] == "0" else _THOUSANDS.sub("", written)).replace(",", ".")[:18]
    value = round(float(plain) * _SCALES.get(after, 1), 3)  # 4.1 million is as much as 4,100,000
    return f"{value:.0f}" if value.is_integer() else f"{value:.3f}".rstrip("0")
