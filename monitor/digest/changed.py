"""What an update changed, in a few words: "figure: 412 people → 421 people"."""

from collections.abc import Iterator
from dataclasses import dataclass

from monitor.digest.plainly import shortened
from monitor.digest.wording import Phrases
from monitor.text import one_line
from monitor.types import Change, ChangeReason, Kept

_PAIRS = 5
_SIDE = 38  # characters of either wording: a pair has at most 80
_EARLIER = 160  # characters of a headline; agencies cut at 128
_NOTE = 300
_TRIFLES = {ChangeReason.STYLE, ChangeReason.STAMP, ChangeReason.LINK, ChangeReason.REPEATED, ChangeReason.MOVED}
_SUBSTANCE = frozenset(ChangeReason) - _TRIFLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Words as they stood and as they stand; one of the two may be empty, never both."""

    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What became of a text. `reasons` is empty where nothing but the earlier headline or a note is known."""

    reasons: str
    pairs: tuple[Pair, ...] = ()
    more: int = 0  # pairs that are not shown
    earlier: str | None = None  # headline
    note: str | None = None  # the correction in its own words


def changed(article: Kept, change: Change | None, phrases: Phrases, *, note: bool, pairs: int = _PAIRS) -> Changed:
    """Returns what `change` did, with at most so many pairs of words, and with the publisher's own `note` if wanted."""
    said = article.credit.correction if note else None
    own_words = (shortened(one_line(said), _NOTE) or None) if said else None
    if change is None:
        return Changed(reasons="", note=own_words)
    shown = list(_pairs(article, change))
    earlier = _earlier_headline(article, change)
    said_below = {ChangeReason.HEADLINE: earlier, ChangeReason.NOTE: own_words}
    reasons = [reason for reason in change.reasons if reason in _SUBSTANCE and not said_below.get(reason)]
    return Changed(
        reasons=", ".join(phrases.say(reason.value) for reason in reasons),
        pairs=tuple(shown[:pairs]),
        more=len(shown[pairs:]),
        earlier=shortened(earlier, _EARLIER) if earlier else None,
        note=own_words,
    )


def _pairs(article: Kept, change: Change) -> Iterator[Pair]:
    """The replaced words, each pair once, but for the headline's; cut ones only where they still differ."""
    seen = set()
    for replaced in change.replaced:
        if one_line(replaced.after) == one_line(article.title):
            continue
        pair = Pair(before=_side(replaced.before), after=_side(replaced.after))
        if pair.before != pair.after and pair not in seen:
            seen.add(pair)
            yield pair


def _side(words: str) -> str:
    return shortened(one_line(words), _SIDE)


def _earlier_headline(article: Kept, change: Change) -> str | None:
    if ChangeReason.HEADLINE not in change.reasons:
        return None
    title = one_line(article.title)
    return next((one_line(r.before) or None for r in change.replaced if one_line(r.after) == title), None)
