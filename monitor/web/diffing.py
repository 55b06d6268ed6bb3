"""Pure: two texts → paragraphs that show what became of them: the same, changed word by word, gone, come, moved."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby

from monitor.stories.alignment import common, gaps
from monitor.stories.pieces import Piece, PieceKind, diff
from monitor.text import folded_words

_BREAK = "\n\n"
_PARTED = re.compile(r"\n\s*\n")
_HELD = re.compile(r"\x01(\d+)\x01")  # the place of a paragraph that moved, while the others are compared
_LEAST_MOVED = 5  # words: shorter ones stand in several places by chance
_BY_WORDS = 60_000  # characters between two paragraphs that are the same, of both texts, that are compared by words
_CELLS = 4_000_000  # words of the one text times words of the other: what is compared in a second or two
_AROUND = 1  # paragraphs that are shown beside a change
_LEAST_FOLDED = 3  # fewer are shown


class What(StrEnum):
    """What became of a paragraph."""

    SAME = "same"
    CHANGED = "changed"
    REMOVED = "removed"
    ADDED = "added"
    MOVED_AWAY = "moved away"  # it stands elsewhere now
    MOVED_HERE = "moved here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph of two texts, in the order in which they are read. A piece "¶" is a break that came or went."""

    what: What
    pieces: tuple[Piece, ...]
    move: int | None = None  # the same number where it stood and where it stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Paragraphs that are shown, or that are the same and need not be."""

    paragraphs: tuple[Paragraph, ...]
    folded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What became of a text. Without `by_words` some of it was too long for that: there paragraphs are only whole."""

    stretches: tuple[Stretch, ...]
    words_added: int
    words_removed: int
    moved: int  # paragraphs
    by_words: bool

    @property
    def same(self) -> bool:
        """Whether nothing became of it."""
        return not (self.words_added or self.words_removed or self.moved) and all(
            paragraph.what is What.SAME for stretch in self.stretches for paragraph in stretch.paragraphs
        )


def compared(before: str, after: str) -> Difference:
    """Returns what became of a text. The work is bounded: of very long texts that differ much, paragraphs are whole."""
    ours, theirs = _paragraphs(before), _paragraphs(after)
    pairs = common(ours, theirs)
    parted = list(gaps(pairs, len(ours), len(theirs)))
    cells, by_words = _CELLS, True
    away, here = _moves(ours, theirs, parted)
    shown: list[Paragraph] = []
    at = 0
    for i, m, j, n in parted:
        shown += map(_same, ours[at:i])
        left = [(away.get(place), ours[place]) for place in range(i, m)]
        right = [(here.get(place), theirs[place]) for place in range(j, n)]
        length, cost = _work(ours[i:m], theirs[j:n])
        if length <= _BY_WORDS and cost <= cells:
            shown += _by_words(left, right)
            cells -= cost
        else:
            shown += _whole(left, right)
            by_words = False
        at = m
    shown += map(_same, ours[at:])
    return Difference(
        stretches=tuple(_folded(shown)),
        words_added=_count(shown, PieceKind.ADDED),
        words_removed=_count(shown, PieceKind.REMOVED),
        moved=len(away),
        by_words=by_words,
    )


def _work(ours: Sequence[str], theirs: Sequence[str]) -> tuple[int, int]:
    """Returns how many characters are compared, and at most how many cells of tables that takes."""
    words = [2 * sum(text.count(" ") + 1 for text in side) for side in (ours, theirs)]  # and what is between them
    return sum(map(len, (*ours, *theirs))), min(words[0] * words[1], _CELLS)


def _paragraphs(text: str) -> list[str]:
    return [part for part in _PARTED.split(text.replace("\x01", "").strip()) if part.strip()]


def _same(text: str) -> Paragraph:
    return Paragraph(what=What.SAME, pieces=(Piece(kind=PieceKind.SAME, text=text),))


def _moves(
    ours: Sequence[str], theirs: Sequence[str], parted: Iterable[tuple[int, int, int, int]]
) -> tuple[dict[int, int], dict[int, int]]:
    """Returns the numbers of moved paragraphs by their places in the one text, and in the other."""
    gone: dict[str, list[int]] = {}
    come: list[int] = []
    for i, m, j, n in parted:
        for place in range(i, m):
            gone.setdefault(ours[place], []).append(place)
        come += range(j, n)
    away: dict[int, int] = {}
    here: dict[int, int] = {}
    for place in come:
        if (places := gone.get(theirs[place])) and len(folded_words(theirs[place])) >= _LEAST_MOVED:
            here[place] = away[places.pop(0)] = len(here) + 1
    return away, here


_Placed = Sequence[tuple[int | None, str]]
"""Paragraphs, each with the number of its move if it moved."""


def _whole(left: _Placed, right: _Placed) -> Iterator[Paragraph]:
    for placed, what, moved, kind in (
        (left, What.REMOVED, What.MOVED_AWAY, PieceKind.REMOVED),
        (right, What.ADDED, What.MOVED_HERE, PieceKind.ADDED),
    ):
        for move, text in placed:
            if move is None:
                yield Paragraph(what=what, pieces=(Piece(kind=kind, text=text),))
            else:
                yield Paragraph(what=moved, pieces=(Piece(kind=PieceKind.SAME, text=text),), move=move)


def _by_words(left: _Placed, right: _Placed) -> Iterator[Paragraph]:
    """Compares paragraphs between two that are the same; those that moved only hold their places.

    An even number holds a place in the first text, an odd one in the second: so none equals another.
    """
    moved = {
        2 * move + side: text for side, placed in enumerate((left, right)) for move, text in placed if move is not None
    }
    texts = [
        "".join((text if move is None else f"\x01{2 * move + side}\x01") + _BREAK for move, text in placed)
        for side, placed in enumerate((left, right))
    ]
    for pieces in filter(None, map(_readable, _cut(_slid(_levelled(diff(*texts)))))):
        held = _HELD.fullmatch("".join(piece.text for piece in pieces))
        if held is None:
            yield Paragraph(what=_what(pieces), pieces=tuple(pieces))
            continue
        move, side = divmod(int(held[1]), 2)
        what = What.MOVED_HERE if side else What.MOVED_AWAY
        text = Piece(kind=PieceKind.SAME, text=moved[int(held[1])])
        yield Paragraph(what=what, pieces=(text,), move=move)


def _what(pieces: Sequence[Piece]) -> What:
    kinds = {piece.kind for piece in pieces}
    if len(kinds) > 1:
        return What.CHANGED
    return {PieceKind.SAME: What.SAME, PieceKind.REMOVED: What.REMOVED, PieceKind.ADDED: What.ADDED}[kinds.pop()]


def _levelled(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Gives the break that both what went and what came end with to what stays: it is where it was."""
    gone: Piece | None = None
    for piece in pieces:
        if piece.kind is PieceKind.ADDED and gone is not None:
            ends = gone.text.endswith(_BREAK) and piece.text.endswith(_BREAK)
            for each in (gone, piece):
                text = each.text.removesuffix(_BREAK) if ends else each.text
                if text:
                    yield replace(each, text=text)
            if ends:
                yield Piece(kind=PieceKind.SAME, text=_BREAK)
            gone = None
            continue
        if gone is not None:
            yield gone
        gone = piece if piece.kind is PieceKind.REMOVED else None
        if gone is None:
            yield piece
    if gone is not None:
        yield gone


def _slid(pieces: Iterable[Piece]) -> list[Piece]:
    """Moves the break that a change begins with behind it, where the same break follows: whole paragraphs change."""
    done: list[Piece] = []
    left = list(pieces)
    for number, piece in enumerate(left):
        follower = left[number + 1] if number + 1 < len(left) else None
        slides = (
            piece.kind is not PieceKind.SAME
            and piece.text.startswith(_BREAK)
            and len(piece.text) > len(_BREAK)
            and follower is not None
            and follower.kind is PieceKind.SAME
            and follower.text.startswith(_BREAK)
            and (not done or done[-1].kind is PieceKind.SAME)
        )
        if slides:
            assert follower is not None  # noqa: S101 - that is part of the condition
            done.append(Piece(kind=PieceKind.SAME, text=_BREAK))
            done.append(replace(piece, text=piece.text.removeprefix(_BREAK) + _BREAK))
            left[number + 1] = replace(follower, text=follower.text.removeprefix(_BREAK))
        elif piece.text:
            done.append(piece)
    return done


def _cut(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Cuts the pieces into paragraphs. A break that went, or came, within one is shown as a sign of its own."""
    now: list[Piece] = []
    for piece in pieces:
        parts = piece.text.split(_BREAK)
        for number, part in enumerate(parts):
            if part:
                now.append(replace(piece, text=part))
            if number == len(parts) - 1 or not now:
                continue
            alone = all(each.kind is piece.kind for each in now)
            if piece.kind is not PieceKind.SAME and not alone:
                now.append(replace(piece, text="¶"))
            if piece.kind is not PieceKind.REMOVED or alone:
                yield now
                now = []
    if now:
        yield now


def _readable(pieces: Iterable[Piece]) -> list[Piece]:
    """Shows no space that went, and a space that came as if it had been there."""
    said = [replace(p, kind=PieceKind.SAME) if p.text.isspace() and p.kind is PieceKind.ADDED else p for p in pieces]
    return [piece for piece in said if piece.kind is not PieceKind.REMOVED or not piece.text.isspace()]


def _folded(paragraphs: Sequence[Paragraph]) -> Iterator[Stretch]:
    """Folds what is the same and not beside a change."""
    far = [True] * len(paragraphs)
    for number, paragraph in enumerate(paragraphs):
        if paragraph.what is not What.SAME:
            for near in range(max(0, number - _AROUND), min(len(far), number + _AROUND + 1)):
                far[near] = False
    for folded, group in groupby(zip(far, paragraphs, strict=True), key=lambda each: each[0]):
        stretch = tuple(paragraph for _, paragraph in group)
        yield Stretch(paragraphs=stretch, folded=folded and len(stretch) >= _LEAST_FOLDED)


def _count(paragraphs: Iterable[Paragraph], kind: PieceKind) -> int:
    return sum(
        len(folded_words(piece.text)) for paragraph in paragraphs for piece in paragraph.pieces if piece.kind is kind
    )
