"""diff(before, after) → the two texts as pieces that stay, go and come, to be read by people.

The pieces give both texts back to the character. They are whole words, aligned at sentences; a word or two that two
changes have between them by chance goes with the changes.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, pairwise

from monitor.stories.alignment import common, gaps, likest
from monitor.text import folded_words


class PieceKind(StrEnum):
    """What became of a piece of text."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of text as it stands, with its spaces and paragraph breaks."""

    kind: PieceKind
    text: str


_END = re.compile(r"[.!?…][\"'’”»)\]]{0,9}+\s++|\n[^\S\n]*+\n\s*+")
_WORD = re.compile(r"\s++|\d++(?:[.,:]\d++)*+|\w++(?:['’.\u2011-]\w++)*+|.", re.DOTALL)
_LONGEST = 400_000  # characters in which words are compared, as many as an article has
_ALIKE = 0.5  # share of words from which on two sentences are one that was changed
_SAME = 0.8  # share of pieces from which on sentences are held together across their ends
_CHANCE = 4  # so many times more words in the changes around it make a piece one of chance

_Three = tuple[str, str, str]
"""What stays; what goes; what comes: the first, or the other two."""


def diff(before: str | None, after: str | None) -> tuple[Piece, ...]:
    """Returns the pieces in reading order, what goes before what comes; None is a text of nothing.

    Joined, the pieces that are the same or removed give `before`, those that are the same or added `after`.
    """
    ours, theirs = before or "", after or ""
    if max(len(ours), len(theirs)) > _LONGEST:
        raw = _at_length(ours, theirs)
    else:
        raw = _by_sentence(_sentences(ours), _sentences(theirs))
    kinds = (PieceKind.SAME, PieceKind.REMOVED, PieceKind.ADDED)
    return tuple(
        Piece(kind=kind, text=text)
        for three in _readable(_merged(raw))
        for kind, text in zip(kinds, three, strict=True)
        if text
    )


def _at_length(ours: str, theirs: str) -> Iterator[_Three]:
    """Takes off equal ends, at words, and leaves it at that."""
    start = _shared(ours, theirs)
    start = max(ours.rfind(space, 0, start) for space in " \n") + 1
    end = _shared(ours[start:][::-1], theirs[start:][::-1])
    yield ours[:start], "", ""
    yield "", ours[start : len(ours) - end], theirs[start : len(theirs) - end]
    yield ours[len(ours) - end :], "", ""


def _shared(ours: str, theirs: str) -> int:
    """Returns how many characters both begin with, by halving: comparing slices is quick."""
    low, high = 0, min(len(ours), len(theirs))
    while low < high:
        middle = (low + high + 1) // 2
        if ours[low:middle] == theirs[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _sentences(text: str) -> list[str]:
    """Cuts a text behind its sentences and paragraphs; joined, they are the text."""
    ends = [0, *(found.end() for found in _END.finditer(text)), len(text)]
    return [text[a:b] for a, b in pairwise(ends) if a < b]


def _by_sentence(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[_Three]:
    at = 0
    pairs = common(ours, theirs)
    for i, m, j, n in gaps(pairs, len(ours), len(theirs)):
        yield "".join(ours[at:i]), "", ""
        yield from _gap(ours[i:m], theirs[j:n])
        at = m
    yield "".join(ours[at:]), "", ""


def _gap(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[_Three]:
    """Compares sentences of which none is the same."""
    whole = "".join(ours), "".join(theirs)
    together = _by_word(*whole)
    if 2 * sum(len(same) for same, _, _ in together) >= _SAME * sum(map(len, whole)):
        yield from together
        return
    i = j = 0
    for a, b in likest([folded_words(s) for s in ours], [folded_words(s) for s in theirs], _ALIKE):
        yield "", "".join(ours[i:a]), "".join(theirs[j:b])
        yield from _by_word(ours[a], theirs[b])
        i, j = a + 1, b + 1
    yield "", "".join(ours[i:]), "".join(theirs[j:])


def _by_word(ours: str, theirs: str) -> list[_Three]:
    a, b = _WORD.findall(ours), _WORD.findall(theirs)
    done, at = [], 0
    for i, m, j, n in gaps(common(a, b), len(a), len(b)):
        done += [("".join(a[at:i]), "", ""), ("", "".join(a[i:m]), "".join(b[j:n]))]
        at = m
    return [*done, ("".join(a[at:]), "", "")]


def _merged(raw: Iterable[_Three]) -> list[_Three]:
    """Joins neighbours of one sort, and leaves out what is empty."""
    found = (three for three in raw if any(three))
    return [_sum(group) for _, group in groupby(found, key=lambda three: bool(three[0]))]


def _sum(threes: Iterable[_Three]) -> _Three:
    same, gone, come = zip(*threes, strict=True)
    return "".join(same), "".join(gone), "".join(come)


def _readable(merged: Sequence[_Three]) -> list[_Three]:
    """Gives what stays by chance between two changes to both of them."""
    given = [("", three[0], three[0]) if _is_chance(merged, number) else three for number, three in enumerate(merged)]
    return _merged(given)


def _is_chance(merged: Sequence[_Three], number: int) -> bool:
    same = merged[number][0]
    if not same or not 0 < number < len(merged) - 1 or "\n" in same:
        return False
    before, after = merged[number - 1], merged[number + 1]
    if any(text.endswith("\n") for text in before):
        return False
    words = _count(same)
    return words <= 1 or words * _CHANCE < sum(_count(text) for text in (*before, *after))


def _count(text: str) -> int:
    return len(folded_words(text))
