"""What a word is: exactly what SQLite's `unicode61 remove_diacritics 2` takes for one.

A live match and a search in the archive agree because both read the same table (unicode61.py, made from SQLite):
letters and digits make words, everything else parts them (a hyphen, a space, a U+2011 and an apostrophe alike), case
and accents do not count.

A text is folded as a whole, character for character, so that a place in the folded text is one in the text: what parts
words becomes a space, an accent that stands by itself (U+0301) a NUL.
"""

import codecs
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from monitor.text.unicode61 import FOLDED, MARKS, PARTING


class Word(NamedTuple):
    """A word in its folded form, with its place in the text (characters, end exclusive)."""

    folded: str
    start: int
    end: int


def _points(ranges: str) -> Iterator[int]:
    for part in ranges.split():
        first, _, last = part.partition("-")
        yield from range(int(first, 16), int(last or first, 16) + 1)


_TABLE: dict[int, str] = dict.fromkeys(_points(PARTING), " ") | dict.fromkeys(_points(MARKS), "\0")
_TABLE |= {int(pair[: pair.index(":")], 16): chr(int(pair[pair.index(":") + 1 :], 16)) for pair in FOLDED.split()}


def _bytes_of(encoding: str) -> bytes:
    """Returns for each byte of an encoding the byte that its character is folded to; itself where there is none."""
    table = bytearray(range(256))
    for byte in range(256):
        try:
            folded = bytes([byte]).decode(encoding).translate(_TABLE).encode(encoding)
        except UnicodeError:
            continue
        table[byte] = folded[0]
    return bytes(table)


_WESTERN = "cp1252"  # holds what English and French are written with, curly apostrophes and œ too, a byte each
_WESTERN_BYTES = _bytes_of(_WESTERN)
_ASCII_BYTES = bytes(_WESTERN_BYTES[:128]) + bytes(range(128, 256))
_ASCII = _ASCII_BYTES[:128].decode()
_OTHERS = re.compile("[^\0-\x7f]+")
_WORD = re.compile("[^ \0][^ ]*")


class _Runs(dict[str, str]):
    """Runs of characters that are not ASCII, with what they are folded to: they recur."""

    def __missing__(self, run: str) -> str:
        folded = run.translate(_TABLE)
        if len(self) < 100_000 and len(run) < 50:
            self[run] = folded
        return folded


_runs = _Runs()
_FEW = 30  # words that are quicker to look up one by one than with all those before them


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    """Folds what the Western encoding lacks, such as a U+2011; a letter that it lacks cannot be written in it."""
    assert isinstance(error, UnicodeEncodeError)  # noqa: S101 - nothing is decoded with this
    folded = error.object[error.start : error.end].translate(_TABLE)
    if folded.isascii():
        return folded, error.end
    raise error


codecs.register_error("roxham.folded", _stand_in)


def folded(text: str) -> str:
    """Returns the text folded character for character; where a character parts words, a space."""
    if "\0" in text:
        text = text.replace("\0", " ")
    if text.isascii():
        return text.translate(_ASCII)
    if "µ" not in text:  # U+00B5 is folded to the Greek letter
        with suppress(UnicodeEncodeError):
            return text.encode(_WESTERN, "roxham.folded").translate(_WESTERN_BYTES).decode(_WESTERN)
    plain = text.encode("utf-8", "surrogatepass").translate(_ASCII_BYTES).decode("utf-8", "surrogatepass")
    return _OTHERS.sub(lambda run: _runs[run[0]], plain)


@lru_cache(maxsize=8)
def folded_words(text: str) -> tuple[str, ...]:
    """Returns the folded words of a text in order.

    The last few texts are remembered, since a text is looked at from several sides in turn.
    """
    whole = folded(text)
    return tuple(whole.split() if "\0" not in whole else whole.replace("\0", "").split())


def words(text: str) -> list[Word]:
    """Returns the words of a text in order, folded, with their places."""
    return [Word(m[0].replace("\0", ""), m.start(), m.end()) for m in _WORD.finditer(folded(text))]


def places(text: str, numbers: Collection[int]) -> dict[int, tuple[int, int]]:
    """Returns where in the text the words with these numbers (from 0) stand; there must be so many."""
    whole = folded(text)
    if len(numbers) > _FEW or "\0" in whole:
        found = (word.span() for word in islice(_WORD.finditer(whole), max(numbers, default=-1) + 1))
        return {number: span for number, span in enumerate(found) if number in numbers}
    spans, start, passed = {}, 0, 0
    for number in sorted(numbers):
        start = len(whole) - len(whole[start:].split(None, number - passed)[number - passed])
        end = whole.find(" ", start)
        spans[number], passed = (start, end if end >= 0 else len(whole)), number
    return spans


def fold(text: str) -> str:
    """Returns the text in lower case and without accents, its other characters as they are. Idempotent."""
    return text.lower() if text.isascii() else _unaccented(text)


@lru_cache(maxsize=10_000)
def _unaccented(text: str) -> str:
    import unicodedata

    decomposed = unicodedata.normalize("NFD", text.lower())
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))
