"""tie(a, b) → what two texts are to each other, from their fingerprints alone. Pure and symmetrical.

*Same* needs words in common: of the shorter text's shingles a share of 0.35, and at least four of the sample, beyond
what older texts had already. Copies of a story share its opening, or several of its paragraphs. One paragraph of two
texts that open differently is background, which an agency repeats for years; under headlines that have little in common
two are.

Texts as alike as that are *apart* all the same, where

- their agency first published them on different days,
- they are credited to different agencies,
- they came out more than six days apart: a weekly series repeats itself word for word,
- between the same words stand other figures: three or more of them, and at least a third of those that can be
  compared; or another period ("in November", "ended Jan. 12") and one figure more.

One or two other figures are a correction, or a later take's news; where a note says so, up to half of them.

*Translations* share no words but figures and names: half of those of the text that has fewer, and six at least. A page
that declares the other as itself in another language needs none. A release and what others write are never one.
"""

from collections import Counter
from datetime import date, timedelta
from typing import NamedTuple

from monitor.stories.fingerprint import release_minute, telling_figures
from monitor.types import Figure, Fingerprint, Tie, TieKind

SHARE = 0.35
LEAST = 4  # shingles of the sample
WINDOW = timedelta(days=6)
DECLARED = 2.0
"""The score of a translation that a page declares: surer than any that is found by what it says."""
_SHORT = 60  # words: fewer need more in common than words
_SAYS_SOMETHING = 12  # words: of fewer many an item consists ("Watch the news at noon")
_ALIKE = 0.5  # of an opening's shingles
_BACKGROUND = 1  # paragraphs that say nothing where the opening is not shared; one more under other headlines
_LONGEST = 90  # words of a background paragraph: what is longer is a story whose paragraphs were run together
_STRAY = 2  # shingles
_NOT_ALONE = 0.8  # of the shorter text: then one paragraph is all there is
_SERIAL = 3  # figures that differ
_PUT_RIGHT = timedelta(days=2)  # within which a note of correction speaks of what it is like
_TRANSLATED = timedelta(days=3)
_NAMES = 2  # that a translation shares
_SHARED = 6  # names and figures
_HEADLINE = 3  # words: fewer stand over many a story
_A_DAY = timedelta(days=1)  # between the agency's clock and a carrier's, or a story and its write-thru
_LIKE = 0.5  # of the names and figures of the text that has fewer


def tie(a: Fingerprint, b: Fingerprint, background: frozenset[int] = frozenset()) -> Tie | None:
    """Returns what two texts are to each other; None: nothing to speak of.

    `background`: hashes of shingles that texts had already which came out long before both.
    """
    if a.killed or b.killed:
        return _kill(a, b)
    if a.language is not None and b.language is not None and a.language != b.language:
        return _translation(a, b)
    alike = _alike(a, b, background)
    if alike is not None:
        return Tie(kind=TieKind.APART if _apart(a, b) else TieKind.SAME, score=alike)
    return None


def continues(old: Fingerprint, new: Fingerprint) -> bool:
    """Says whether a text at an address goes on with the story that stood there, and is no other one.

    A first sentence and the story that replaces it share no shingle, but who and what they are about. What cannot be
    judged goes on.
    """
    if old.body_hash is None or new.body_hash is None:
        return True
    if _overlap(old, new) >= SHARE / 2:
        return not (serial(old, new) and _other_period(compared(old, new)))
    if old.title == new.title or not old.terms or not new.terms:
        return True
    shared = len(old.terms & new.terms)
    return shared >= max(3, 0.2 * min(len(old.terms), len(new.terms))) or _common(old, new) >= 3


# --- the same words --------------------------------------------------------------------------------------------------


def _alike(a: Fingerprint, b: Fingerprint, background: frozenset[int]) -> float | None:
    """Returns how much of the shorter text the other holds, 0 to 1; None where that is not enough."""
    if a.body_hash is not None and a.body_hash == b.body_hash and min(a.body_words, b.body_words) >= _SHORT // 2:
        return 1.0
    of_a, of_b = sample(a, b.level, background), sample(b, a.level, background)
    shared = of_a.keys() & of_b.keys()
    opening = _opening(a, b, background)
    least = min(len(of_a), len(of_b))
    share = len(shared) / least if least else 0.0
    if opening >= _ALIKE and min(a.body_words, b.body_words) < _SHORT:
        share = max(share, opening)
    elif len(shared) < LEAST:
        return None
    if share < SHARE or min(a.body_words, b.body_words) < _SAYS_SOMETHING:
        return None
    if opening < _ALIKE and share < _NOT_ALONE:
        most = _BACKGROUND if _titles_alike(a, b) else _BACKGROUND + 1
        long = len(shared) << max(a.level, b.level) > most * _LONGEST
        if not long and _background_only(of_a, of_b, shared, most):
            return None
    if min(a.body_words, b.body_words) < _SHORT and not _corroborated(a, b):
        return None
    return min(share, 0.999)


def sample(print_: Fingerprint, level: int, background: frozenset[int] = frozenset()) -> dict[int, int]:
    """Returns the sampled shingles at the coarser of two levels, with their paragraphs."""
    mask = (1 << max(level, print_.level)) - 1
    return {hash_: at for hash_, at in print_.shingles if not hash_ & mask and hash_ not in background}


def _overlap(a: Fingerprint, b: Fingerprint) -> float:
    of_a, of_b = sample(a, b.level, frozenset()), sample(b, a.level, frozenset())
    least = min(len(of_a), len(of_b))
    return max(len(of_a.keys() & of_b.keys()) / least if least else 0.0, _opening(a, b, frozenset()))


def _opening(a: Fingerprint, b: Fingerprint, background: frozenset[int]) -> float:
    lede_a, lede_b = set(a.lede) - background, set(b.lede) - background
    least = min(len(lede_a), len(lede_b))
    return len(lede_a & lede_b) / least if least >= LEAST else 0.0


def _background_only(of_a: dict[int, int], of_b: dict[int, int], shared: set[int], most: int) -> bool:
    """Whether all that is shared stands in so many paragraphs at most: a few stray shingles aside."""
    stray = max(_STRAY, 0.2 / most * len(shared))
    return any(
        len(shared) - sum(sorted(Counter(sample_[hash_] for hash_ in shared).values())[-most:]) < stray
        for sample_ in (of_a, of_b)
    )


def _titles_alike(a: Fingerprint, b: Fingerprint) -> bool:
    """Whether two headlines have half of their longer words in common."""
    of_a, of_b = _title_words(a), _title_words(b)
    return len(of_a & of_b) * 2 >= max(1, min(len(of_a), len(of_b)))


def _corroborated(a: Fingerprint, b: Fingerprint) -> bool:
    """Whether more than a few words say that a brief is of this story: the same agency, or words of its headline."""
    if a.agency is not None and a.agency == b.agency:
        return True
    return bool(_title_words(a) & _title_words(b))


def _title_words(print_: Fingerprint) -> set[str]:
    return {word for word in print_.title.split() if len(word) > 3}


# --- all the same apart ----------------------------------------------------------------------------------------------


def _apart(a: Fingerprint, b: Fingerprint) -> bool:
    if a.first_published and b.first_published:
        if a.first_published != b.first_published:
            return True
    elif a.dated_at and b.dated_at and abs(a.dated_at - b.dated_at) > WINDOW:
        return True
    if a.agency and b.agency and a.agency != b.agency and a.body_hash != b.body_hash:
        return True
    return serial(a, b)


class Compared(NamedTuple):
    """Figures between the same words: how many agree, and the pairs that differ."""

    equal: int
    other: frozenset[tuple[str, str]]


def compared(a: Fingerprint, b: Fingerprint) -> Compared:
    """Holds the figures of two texts against each other, where the words before or after them are the same."""
    mine, theirs = _by_neighbours(a.figures), _by_neighbours(b.figures)
    shared = {
        place: (next(iter(mine[place])), next(iter(theirs[place])))
        for place in mine.keys() & theirs.keys()
        if len(mine[place]) == len(theirs[place]) == 1
    }
    agreed: set[tuple[str, int]] = set()
    counts = []
    for print_ in (a, b):
        counts.append(0)
        for figure in print_.figures:
            places = (("before", figure.before), ("after", figure.after))
            if any(place in shared and shared[place][0] == shared[place][1] for place in places):
                counts[-1] += 1
                agreed.update(places)
    other = (pair for place, pair in shared.items() if pair[0] != pair[1] and place not in agreed)
    return Compared(max(counts), frozenset(other))


def serial(a: Fingerprint, b: Fingerprint) -> bool:
    """Says whether two like texts tell of different periods or counts: instalments of a series."""
    held = compared(a, b)
    differ = len(held.other)
    if (a.corrected or b.corrected) and _near(a, b, _PUT_RIGHT):
        return differ > held.equal
    if _other_period(held) and differ >= 2:
        return True
    return differ >= _SERIAL and differ * 2 >= held.equal


def _other_period(held: Compared) -> bool:
    return any(("-" in old and "-" in new) or old[0] == new[0] == "m" for old, new in held.other)


def renamed(a: Fingerprint, b: Fingerprint) -> frozenset[tuple[str, str]]:
    """Returns the names that differ between the same words, and have a word in common: "Harold Menzies", "Helen"."""
    there = {(name.before, name.after): name.value for name in b.named}
    return frozenset(
        (name.value, other)
        for name in a.named
        if (other := there.get((name.before, name.after))) is not None and other != name.value
    )


def _by_neighbours(figures: tuple[Figure, ...]) -> dict[tuple[str, int], set[str]]:
    found: dict[tuple[str, int], set[str]] = {}
    for figure in figures:
        for place in (("before", figure.before), ("after", figure.after)):
            if place[1]:
                found.setdefault(place, set()).add(figure.value)
    return found


# --- other words -----------------------------------------------------------------------------------------------------


def _common(a: Fingerprint, b: Fingerprint) -> int:
    return 2 * len(telling_figures(a) & telling_figures(b)) + len(a.names & b.names)


def _near(a: Fingerprint, b: Fingerprint, window: timedelta) -> bool:
    return a.dated_at is None or b.dated_at is None or abs(a.dated_at - b.dated_at) <= window


def _translation(a: Fingerprint, b: Fingerprint) -> Tie | None:
    if a.official != b.official:
        return None
    if set(a.alternates) & b.identities or set(b.alternates) & a.identities:
        return Tie(kind=TieKind.TRANSLATION, score=DECLARED)
    if not _near(a, b, _TRANSLATED):
        return None
    of_a, of_b = {figure.value for figure in a.figures}, {figure.value for figure in b.figures}
    figures, names = len(of_a & of_b), len(a.names & b.names)
    least = min(len(of_a), len(of_b)) + min(len(a.names), len(b.names))
    if least == 0:
        return None
    score = (figures + names) / least
    if (minute := release_minute(a)) is not None and minute == release_minute(b):
        score, names = score + 0.5, names + 2  # a release comes out in both languages at the same minute
    if names < _NAMES or figures + names < _SHARED or score < _LIKE:
        return None
    score += 0.3 if a.agency and a.agency == b.agency else 0.0
    return Tie(kind=TieKind.TRANSLATION, score=min(score, 0.99 * DECLARED))


def disagreement(a: Fingerprint, b: Fingerprint) -> tuple[frozenset[str], frozenset[str]]:
    """Returns the figures that only one of two translations holds: both empty unless each has such.

    What one leaves out is no disagreement; nor are small numbers, which one language writes as a word.
    """
    of_a, of_b = ({figure.value for figure in print_.figures if _weighs(figure.value)} for print_ in (a, b))
    dates = [{value for value in only if "-" in value} for only in (of_a - of_b, of_b - of_a)]
    counts = [{value for value in only if "-" not in value} for only in (of_a - of_b, of_b - of_a)]
    told = [pair for pair in (dates, counts) if all(pair)]
    return frozenset().union(*(pair[0] for pair in told)), frozenset().union(*(pair[1] for pair in told))


def _weighs(value: str) -> bool:
    return "-" in value or (value[0].isdigit() and float(value) > 12)


def _kill(a: Fingerprint, b: Fingerprint) -> Tie | None:
    """A notice withdraws what its agency sent under the headline it names; it stays near that day.

    What bears that agency's name is the surer; what bears none may be anybody's, where the headline is but a word or
    two. A column has the same headline every day: only that of the day which the notice names is withdrawn.
    """
    notice, story = (a, b) if a.killed else (b, a)
    if story.killed or story.title != notice.killed or not _near(a, b, WINDOW):
        return None
    if notice.agency is None or (story.agency is not None and story.agency != notice.agency):
        return None
    if (story.agency is None and len(story.title.split()) < _HEADLINE) or not _of_that_day(notice, story):
        return None
    return Tie(kind=TieKind.KILL, score=0.5 if story.agency is None else 1.0)


def _of_that_day(notice: Fingerprint, story: Fingerprint) -> bool:
    """Whether a story came out on the day on which a notice says that it was sent; carriers may print it later."""
    if notice.first_published is None:
        return True
    sent = date.fromisoformat(notice.first_published)
    if story.first_published is not None:
        return abs(date.fromisoformat(story.first_published) - sent) <= _A_DAY
    return story.dated_at is None or -_A_DAY <= story.dated_at.date() - sent <= WINDOW
