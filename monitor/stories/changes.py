"""change(before, after) → what became of a wording: nothing, a trifle, or substance; and whether it corrects.

The rule stands in docs/changes.md as tables, each line of which is a test. Nothing is raised, nothing is read but the
two texts; the work is linear in them but for a bounded part, so that 5 MB of one word take no longer than 5 MB of news.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from monitor.stories.alignment import common, gaps, likest
from monitor.stories.wording import Paragraphs, Sentence, Sort, Token, headline, paragraphs
from monitor.text import fold, folded_words
from monitor.types import Change, ChangeKind, ChangeReason, Replaced

_ORDER = list(ChangeReason)
_TRIFLES = frozenset(
    {ChangeReason.STYLE, ChangeReason.STAMP, ChangeReason.LINK, ChangeReason.REPEATED, ChangeReason.MOVED}
)
_REWRITES = frozenset({ChangeReason.ADDED, ChangeReason.REMOVED, ChangeReason.REWORDED})
_OF_SORT = {
    Sort.FIGURE: ChangeReason.FIGURE,
    Sort.DATE: ChangeReason.DATE,
    Sort.NEGATION: ChangeReason.NEGATION,
    Sort.NAME: ChangeReason.NAME,
    Sort.PERSON: ChangeReason.NAME,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What of a version is compared."""

    title: str
    body: str | None = field(repr=False)  # the story alone, a blank line between paragraphs; None: not known


_PAIRS = 50
_LONGEST = 400_000  # characters that are compared word by word, as many as an article has
_ALIKE = 0.5  # share of words from which on two sentences are one that was changed
_SAME = 0.8  # share of words from which on sentences are held together across their ends
_WORDS_IN_QUOTES = 3  # fewer are a title or a term
_CUT = 100  # characters: systems cut headlines at 128
_LEAST_CUT = 4  # words that a headline keeps when it is cut
_LEAST_SENTENCE = 4  # words of one that is told apart among others that were parted or joined
_LEAST_NAME, _LONGEST_NAME = 5, 50  # characters


def change(before: Wording, after: Wording) -> Change:
    """Compares two wordings of one article, English or French; where a body is not known, only the headlines."""
    if before == after:
        return Change(kind=ChangeKind.NONE)
    found = _Findings()
    if before.title != after.title:
        _compare_titles(found, before.title, after.title)
    if before.body is not None and after.body is not None and before.body != after.body:
        if max(len(before.body), len(after.body)) > _LONGEST:
            _compare_at_length(found, before.body, after.body)
        else:
            _Bodies(found, before.body, after.body).compare()
    return found.change()


class _Findings:
    """Reasons and replaced words, as they are found."""

    def __init__(self) -> None:
        self.reasons: set[ChangeReason] = set()
        self.replaced: list[Replaced] = []

    def change(self) -> Change:
        real = self.reasons - _TRIFLES
        return Change(
            kind=ChangeKind.SUBSTANTIVE if real else ChangeKind.TRIVIAL if self.reasons else ChangeKind.NONE,
            reasons=tuple(sorted(real or self.reasons, key=_ORDER.index)),
            replaced=tuple(self.replaced),
        )

    def keep(self, before: str, after: str) -> None:
        if len(self.replaced) < _PAIRS:
            self.replaced.append(Replaced(before=" ".join(before.split()), after=" ".join(after.split())))


def _compare_at_length(found: _Findings, before: str, after: str) -> None:
    found.reasons.add(ChangeReason.STYLE if folded_words(before) == folded_words(after) else ChangeReason.REWORDED)


# --- headlines -------------------------------------------------------------------------------------------------------


def _compare_titles(found: _Findings, before: str, after: str) -> None:
    tokens = headline(before), headline(after)
    ours, theirs = ([token.key for token in each] for each in tokens)
    if ours == theirs or _is_cut(before, after) or _is_cut(after, before):
        found.reasons.add(ChangeReason.STYLE)
        return
    within = _Findings()
    if not any(_in_title_case(each) for each in tokens):
        for each in tokens:
            _name(each, set())
    for run in _runs(tokens[0], tokens[1]):
        _judge(within, run, (before, after))
    if within.reasons <= _TRIFLES:
        found.reasons.add(ChangeReason.STYLE)
        return
    found.reasons |= within.reasons - _TRIFLES - _REWRITES | {ChangeReason.HEADLINE}
    found.keep(before, after)


def _is_cut(short: str, long: str) -> bool:
    """Whether a headline is the other one, cut: with an ellipsis, or where systems cut."""
    cut = short.rstrip()
    if not (cut.endswith(("…", "...")) or len(cut) >= _CUT) or len(cut.split()) < _LEAST_CUT:
        return False
    return fold(long).startswith(fold(cut.rstrip(".… ")))


def _in_title_case(tokens: Sequence[Token]) -> bool:
    wide = [token for token in tokens if token.sort not in {Sort.SMALL, Sort.FIGURE} and len(token.raw) > 3]
    return len(wide) > 3 and sum(token.capital for token in wide) > 0.7 * len(wide)


# --- bodies ----------------------------------------------------------------------------------------------------------


class _Bodies:
    """Two bodies as they are compared."""

    def __init__(self, found: _Findings, before: str, after: str) -> None:
        self._found = found
        self._texts = before, after
        self._ours, self._theirs = paragraphs(before), paragraphs(after)
        known = _names(self._ours) | _names(self._theirs)
        for read in (self._ours, self._theirs):
            for sentence in read.sentences:
                _name(sentence.tokens, known)

    def compare(self) -> None:
        ours, theirs, reasons = self._ours, self._theirs, self._found.reasons
        for counted, reason in (
            ("stamps", ChangeReason.STAMP),
            ("links", ChangeReason.LINK),
            ("repeated", ChangeReason.REPEATED),
        ):
            if getattr(ours, counted) != getattr(theirs, counted):
                reasons.add(reason)
        if set(theirs.notes) - set(ours.notes):
            reasons.add(ChangeReason.NOTE)
        pairs = common([s.keys for s in ours.sentences], [s.keys for s in theirs.sentences])
        for a, b in pairs:
            self._hold_quotes(ours.sentences[a], theirs.sentences[b])
        parted = [
            (ours.sentences[i:m], theirs.sentences[j:n])
            for i, m, j, n in gaps(pairs, len(ours.sentences), len(theirs.sentences))
        ]
        moved = Counter(s.keys for a, _ in parted for s in a) & Counter(s.keys for _, b in parted for s in b)
        gone, come = moved.copy(), moved.copy()
        for left, right in parted:
            self._compare_gap([s for s in left if not _took(gone, s)], [s for s in right if not _took(come, s)])
        if moved:
            reasons.add(ChangeReason.MOVED)
        if not reasons:
            reasons.add(ChangeReason.STYLE)  # the characters differ, and nothing that is compared does

    def _hold_quotes(self, ours: Sentence, theirs: Sentence) -> None:
        """Equal words that were put into quotation marks, or taken out of them."""
        if ours.quoted is None or theirs.quoted is None or abs(ours.quoted - theirs.quoted) < _WORDS_IN_QUOTES:
            return
        self._found.reasons.add(ChangeReason.QUOTE)
        self._found.keep(*(_said(text, s.tokens) for text, s in zip(self._texts, (ours, theirs), strict=True)))

    def _compare_gap(self, ours: Sequence[Sentence], theirs: Sequence[Sentence]) -> None:
        a, b = ([token for sentence in side for token in sentence.tokens] for side in (ours, theirs))
        if a and b:
            runs = list(_runs(a, b))
            differing = sum(len(run[0]) + len(run[1]) for run in runs)
            if differing <= (1 - _SAME) * (len(a) + len(b)):
                for run in runs:
                    self._compare_run(run)
                return
        pairs = likest([s.keys for s in ours], [s.keys for s in theirs], _ALIKE)
        at = 0, 0
        for i, j in [*pairs, (len(ours), len(theirs))]:
            if i > at[0]:
                self._found.reasons.add(ChangeReason.REMOVED)
            if j > at[1]:
                self._found.reasons.add(ChangeReason.ADDED)
            if (i, j) != (len(ours), len(theirs)):
                for run in _runs(ours[i].tokens, theirs[j].tokens):
                    _judge(self._found, run, self._texts)
            at = i + 1, j + 1

    def _compare_run(self, run: "_Run") -> None:
        """A run of tokens in sentences that are held together across their ends: a whole sentence may be in it."""
        ours, theirs, _, _ = run
        for tokens, others, reason in ((ours, theirs, ChangeReason.REMOVED), (theirs, ours, ChangeReason.ADDED)):
            if not others and len(tokens) >= _LEAST_SENTENCE and any(token.opens for token in tokens):
                self._found.reasons.add(reason)
                return
        _judge(self._found, run, self._texts)


def _took(counts: "Counter[tuple[str, ...]]", sentence: Sentence) -> bool:
    if counts[sentence.keys] <= 0:
        return False
    counts[sentence.keys] -= 1
    return True


# --- names -----------------------------------------------------------------------------------------------------------

_MAY_BE_NAMES = frozenset({Sort.PLAIN})


def _names(read: Paragraphs) -> set[str]:
    """Returns the words that have a capital in the middle of a sentence."""
    return {token.key for s in read.sentences for token in s.tokens if token.capital and not token.opens}


def _name(tokens: Sequence[Token], known: set[str]) -> None:
    """Says which tokens are names: capitals in a sentence; at its beginning where it is known, or another follows."""
    for number, token in enumerate(tokens):
        if not token.capital or token.sort not in _MAY_BE_NAMES or token.key == "i":
            continue
        follower = tokens[number + 1] if number + 1 < len(tokens) else None
        if not token.opens or token.key in known or (follower is not None and follower.capital):
            token.sort = Sort.NAME


# --- runs of tokens that differ --------------------------------------------------------------------------------------

_Run = tuple[Sequence[Token], Sequence[Token], tuple[Token | None, Token | None], tuple[Token | None, Token | None]]
"""Tokens before, tokens after, and the equal neighbours of each: the ones left, the ones right of them."""


def _runs(ours: Sequence[Token], theirs: Sequence[Token]) -> Iterator["_Run"]:
    """Yields where two runs of tokens differ, leaving out what is the same word in other pieces (e-mail, email)."""
    pairs = common([token.key for token in ours], [token.key for token in theirs])
    for i, m, j, n in gaps(pairs, len(ours), len(theirs)):
        a, b = ours[i:m], theirs[j:n]
        if _is_one_word(a, b) or _is_doubled(ours, i, m, b) or _is_doubled(theirs, j, n, a):
            continue
        left = (ours[i - 1], theirs[j - 1]) if i and j else (None, None)
        right = (ours[m], theirs[n]) if m < len(ours) and n < len(theirs) else (None, None)
        yield a, b, left, right


def _is_one_word(ours: Sequence[Token], theirs: Sequence[Token]) -> bool:
    if any(token.sort is Sort.FIGURE for token in (*ours, *theirs)):
        return False
    return "".join(token.key for token in ours) == "".join(token.key for token in theirs)


def _is_doubled(tokens: Sequence[Token], start: int, end: int, others: Sequence[Token]) -> bool:
    """Whether a word only stands there twice, as in "the the"."""
    if others or end - start != 1 or tokens[start].sort is Sort.FIGURE:
        return False
    beside = [tokens[at].key for at in (start - 1, end) if 0 <= at < len(tokens)]
    return tokens[start].key in beside


def _judge(found: _Findings, run: "_Run", texts: tuple[str, str]) -> None:
    ours, theirs, _, _ = run
    gone = Counter((token.key, token.sort) for token in ours)
    come = Counter((token.key, token.sort) for token in theirs)
    differing = set(gone - come) | set(come - gone)
    sorts = {sort for _, sort in differing}
    if not all(any(token.sort is Sort.PERSON for token in side) for side in (ours, theirs)):
        sorts = {Sort.PLAIN if sort is Sort.PERSON else sort for sort in sorts}  # nobody took another's place
    reasons = {_OF_SORT[sort] for sort in sorts if sort in _OF_SORT}
    if any(token.quoted for token in (*ours, *theirs)):
        reasons.add(ChangeReason.QUOTE)
    elif Sort.PLAIN in sorts and not _is_misspelt_name(ours, theirs):
        reasons.add(ChangeReason.REWORDED)
    elif Sort.PLAIN in sorts:
        reasons.add(ChangeReason.NAME)
    if not (ours and theirs) and any(_tells(token) for token in (*ours, *theirs)):
        reasons.add(ChangeReason.REWORDED)  # nothing stood there before, or stands there now
    found.reasons |= reasons or {ChangeReason.REWORDED}
    found.keep(*_in_context(run, texts))


def _tells(token: Token) -> bool:
    """Whether a token says something by itself: a sign of money or "million" only makes a figure another."""
    return token.sort in {Sort.NAME, Sort.DATE} or token.raw[:1].isdigit()


def _is_misspelt_name(ours: Sequence[Token], theirs: Sequence[Token]) -> bool:
    """Whether one word at the beginning of a sentence is nearly the other: "Menzies said", "Menzie said"."""
    if len(ours) != 1 or len(theirs) != 1 or not (ours[0].capital and theirs[0].capital):
        return False
    a, b = ours[0].key, theirs[0].key
    longest = max(len(a), len(b))
    if not ours[0].opens or not _LEAST_NAME <= longest <= _LONGEST_NAME:
        return False
    return len(common(a, b)) * 4 >= longest * 3


def _in_context(run: "_Run", texts: tuple[str, str]) -> tuple[str, str]:
    """Returns both wordings with the word that makes them readable: the rest of a name or date, what is counted."""
    ours, theirs, left, right = run
    sorts = {token.sort for token in (*ours, *theirs)}
    said = []
    for tokens, text, before, after in zip((ours, theirs), texts, left, right, strict=True):
        whole = list(tokens)
        if not tokens:
            said.append("")
            continue
        if sorts <= {Sort.NAME, Sort.DATE} and before is not None and before.sort in sorts:
            whole.insert(0, before)
        if after is not None and not after.opens and sorts <= {Sort.NAME, Sort.DATE, Sort.FIGURE}:
            counted = Sort.FIGURE in sorts and after.sort is Sort.PLAIN
            if after.sort in sorts or counted:
                whole.append(after)
        said.append(_said(text, whole))
    return said[0], said[1]


def _said(text: str, tokens: Sequence[Token]) -> str:
    return text[min(token.start for token in tokens) : max(token.end for token in tokens)] if tokens else ""
