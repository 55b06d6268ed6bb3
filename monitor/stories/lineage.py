"""lineage(texts) → who wrote a story first, which take of it each text is, and what each article is to the origin.

A *take* is one wording as the wire sent it: the first, a write-thru, a correction. Copies of a take differ by cuts,
a sentence of their own and house style. A text that begins as another does, ends before it and says nothing else is a
copy of that take which was cut; where it came out before every whole copy it is an earlier take. Takes are in the order
of their earliest copies, an alert before them all.

The *origin* is the agency's own article, where we saw it, in the language in which the story was written; else the
article that came out first in that language. What an article is to it:

| relation | when |
|---|---|
| origin | it is the origin |
| kill | it is the notice that withdraws the story |
| translation | it is in another language |
| correction | its take holds a note of correction, or differs from an earlier one in single figures or names alone |
| version | its take is later than every one that the origin had |
| pickup | everything else: the same words elsewhere |

A story is *withdrawn* by a notice that its agency itself published, or that names slug, headline and day as agencies
do for their clients, whose systems print it as it comes. Every page can sign with an agency's name: what others print
under it in any other form takes back no more than what stood in the notice's own place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.stories.likeness import compared, renamed, sample
from monitor.text import fold
from monitor.types import Fingerprint, Lineage, Notice, Part, Relation, Text

WHOLE = 0.8
"""Two texts are one take where each holds so much of the other, or one is the other and a sentence more."""

_LOCAL = 20  # words that a carrier adds of its own: a sentence
_ALL_BUT_A_BREAK = 0.85  # of the shorter text, which stands in the longer one but where that sentence parts it
_CUT = 0.7  # of a cut copy that stands in the take
_STORY = 0.4  # of the words of the longest text: less is an alert or a cut copy
_GROWN = 0.6  # of a take that stands in a later one
_MOST = 40  # takes that are held against each other: a story has some ten at most
_BRIEF = 100  # words


@dataclass(slots=True)
class _Take:
    """Texts that are copies of one wording; the first is the longest."""

    texts: list[Text]
    at: datetime  # of the earliest whole copy

    @property
    def fullest(self) -> Fingerprint:
        return self.texts[0].fingerprint


def lineage(texts: Sequence[Text]) -> Lineage:
    """Returns the lineage of one story's texts. Whatever order they are given in, it is the same."""
    ordered = sorted(texts, key=_age)
    takes: dict[str | None, list[_Take]] = {}
    for language in sorted({text.fingerprint.language or "" for text in ordered}):
        own = [text for text in ordered if (text.fingerprint.language or "") == language]
        takes[language or None] = _takes(own)
    number = {
        text.id: place
        for in_language in takes.values()
        for place, take in enumerate(in_language, 1)
        for text in take.texts
    }
    origin = _origin(ordered)
    by_article: dict[int, list[Text]] = {}
    for text in ordered:
        by_article.setdefault(text.article_id, []).append(text)
    for versions in by_article.values():
        versions.sort(key=lambda text: text.number)
    there = by_article[origin.article_id]
    known = {number[text.id] for text in there}
    corrected = _corrected(takes[origin.fingerprint.language])
    parts = [
        _part(versions, origin, there, known, number, corrected)
        for article_id, versions in by_article.items()
        if article_id != origin.article_id
    ]
    return Lineage(
        parts=(Part(article_id=origin.article_id, relation=Relation.ORIGIN, kept=1.0), *parts),
        takes=number,
        withdrawn=any(text.fingerprint.killed and (text.fingerprint.in_full or _is_own(text)) for text in texts),
        taken_back=frozenset(text.article_id for text in texts if text.fingerprint.killed),
    )


def kept(copy: Fingerprint, origin: Fingerprint) -> float | None:
    """Returns the share of the origin's text that a copy holds, 0 to 1; None where one has no text.

    Of a brief the sample of a long origin says too little: its own words are held against it.
    """
    if copy.body_hash is None or origin.body_hash is None:
        return None
    if copy.body_hash == origin.body_hash:
        return 1.0
    samples = _Samples()
    if copy.body_words < _BRIEF:
        return round(min(1.0, copy.body_words / origin.body_words) * samples.held(copy, origin), 2)
    shared, _, of_origin = samples.shared(copy, origin)
    return round(len(shared) / of_origin, 2) if of_origin else None


class _Samples:
    """What two texts have in common; samples are made once for a story."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, int], dict[int, int]] = {}

    def of(self, print_: Fingerprint, level: int) -> dict[int, int]:
        """Returns the sample of a text at the coarser of two levels."""
        key = id(print_), max(level, print_.level)
        if key not in self._made:
            self._made[key] = sample(print_, level)
        return self._made[key]

    def shared(self, a: Fingerprint, b: Fingerprint) -> tuple[set[int], int, int]:
        """Returns the shingles of both samples, and the size of each."""
        of_a, of_b = self.of(a, b.level), self.of(b, a.level)
        return of_a.keys() & of_b.keys(), len(of_a), len(of_b)

    def held(self, copy: Fingerprint, whole: Fingerprint) -> float:
        """Returns how much of a copy the other text holds: of its sample and of its opening, whatever is there."""
        shared, of_copy, _ = self.shared(copy, whole)
        shares = [len(shared) / of_copy] if of_copy else []
        if copy.lede:
            shares.append(len(set(copy.lede) & set(whole.lede)) / len(copy.lede))
        return sum(shares) / len(shares) if shares else 0.0


# --- takes -----------------------------------------------------------------------------------------------------------


def _takes(texts: Sequence[Text]) -> list[_Take]:
    """Sorts the texts of one language into takes, the first take first."""
    samples = _Samples()
    told = [text for text in texts if not text.fingerprint.killed]
    whole: list[_Take] = []
    loose: list[list[Text]] = []
    for copies in _word_for_word(told):
        print_, at = copies[0].fingerprint, min(text.at for text in copies)
        take = next((take for take in whole[:_MOST] if _same_take(samples, print_, take.fullest)), None)
        if take is not None:
            take.texts += copies
            take.at = min(take.at, at)
        elif any(_cut(samples, print_, take.fullest) for take in whole[:_MOST]):
            loose.append(copies)
        else:
            whole.append(_Take(copies, at))
    for text in sorted((text for copies in loose for text in copies), key=_age):
        fitting = [take for take in whole[:_MOST] if _cut(samples, text.fingerprint, take.fullest)]
        out_by_then = [take for take in fitting if take.at <= text.at]
        if out_by_then:
            best = max(out_by_then, key=lambda take: (samples.held(text.fingerprint, take.fullest), take.at))
            best.texts.append(text)
        else:
            whole.append(_Take([text], text.at))
    for take in whole[:_MOST]:
        take.at = min([take.at, *(other.at for other in whole[:_MOST] if _grew(samples, take, other))])
    whole.sort(key=lambda take: (not _is_alert(take), take.at, take.fullest.body_words, _age(take.texts[0])))
    kills = [text for text in texts if text.fingerprint.killed]
    return whole + ([_Take(kills, kills[0].at)] if kills else [])


def _word_for_word(texts: Sequence[Text]) -> list[list[Text]]:
    """Returns the texts, those of equal words together, the longest first."""
    equal: dict[str | None, list[Text]] = {}
    for text in texts:
        equal.setdefault(text.fingerprint.body_hash or f"none {text.id}", []).append(text)
    together = [sorted(copies, key=_age) for copies in equal.values()]
    return sorted(together, key=lambda copies: (-copies[0].fingerprint.body_words, *_age(copies[0])))


def _same_take(samples: _Samples, a: Fingerprint, b: Fingerprint) -> bool:
    if a.body_hash == b.body_hash:
        return True
    shared, *sizes = samples.shared(a, b)
    local = abs(a.body_words - b.body_words) <= _LOCAL and len(shared) >= _ALL_BUT_A_BREAK * min(sizes)
    if not shared or (len(shared) < WHOLE * max(sizes) and not local):
        return False
    return not (compared(a, b).other or renamed(a, b))


def _cut(samples: _Samples, copy: Fingerprint, whole: Fingerprint) -> bool:
    """Whether a text is the beginning of another, with little of its own."""
    if samples.held(copy, whole) < _CUT or compared(copy, whole).other or renamed(copy, whole):
        return False
    shared, _, _ = samples.shared(copy, whole)
    in_whole = samples.of(whole, copy.level)
    places = sorted({in_whole[hash_] for hash_ in shared})
    return not places or places[-1] - places[0] < len(places) + 1


def _grew(samples: _Samples, take: _Take, other: _Take) -> bool:
    """Whether another take is this one and more, whatever a slow carrier's clock says: write-thrus add.

    Only what its agency itself, or an article that was updated in place, sent later is believed to be shorter, and what
    says that it corrects.
    """
    if take is other or take.fullest.body_words * 10 > other.fullest.body_words * 9:
        return False
    if any(text.number > 1 or _is_own(text) or _says_so(text.fingerprint) for text in take.texts):
        return False
    return samples.held(take.fullest, other.fullest) >= _GROWN


def _is_alert(take: _Take) -> bool:
    return any(text.fingerprint.notice is Notice.NEWS_ALERT for text in take.texts)


def _corrected(takes: Sequence[_Take]) -> set[int]:
    """Returns the numbers of the takes that only put an earlier one right, or say that they do."""
    return {
        place + 1
        for place, take in enumerate(takes)
        if any(_says_so(text.fingerprint) for text in take.texts)
        or any(_puts_right(take.fullest, earlier.fullest) for earlier in takes[:place])
    }


def _says_so(print_: Fingerprint) -> bool:
    return print_.corrected or print_.notice is Notice.CORRECTIVE


def _puts_right(later: Fingerprint, earlier: Fingerprint) -> bool:
    other = compared(later, earlier).other
    return bool(renamed(later, earlier)) or (0 < len(other) <= 2 and _Samples().held(earlier, later) >= _CUT)


# --- parts -----------------------------------------------------------------------------------------------------------


def _origin(ordered: Sequence[Text]) -> Text:
    """Returns the text of the origin: the agency's own, in the language of the story, the earliest."""
    told = [text for text in ordered if not text.fingerprint.killed] or list(ordered)
    said = [text.fingerprint.first_language for text in told if text.fingerprint.first_language]
    earliest = min(told, key=lambda text: (text.at, text.fingerprint.language or "", *_age(text)))
    language = said[0] if said and said[0] in {text.fingerprint.language for text in told} else None
    language = language or earliest.fingerprint.language
    own = [text for text in told if text.fingerprint.language == language]
    longest = max(text.fingerprint.body_words for text in own)

    def rank(text: Text) -> tuple[bool, bool]:
        print_ = text.fingerprint
        return not (_is_own(text) or print_.official), print_.body_words < _STORY * longest

    return min(own, key=lambda text: (*rank(text), *_age(text)))


def _is_own(text: Text) -> bool:
    """Whether the agency itself published a text; the one that writes in both languages has a name in each."""
    publisher, agency = fold(text.publisher), text.fingerprint.agency
    return agency is not None and (
        publisher.removeprefix("the ") == fold(agency).removeprefix("the ")
        or (agency == "The Canadian Press" and publisher == "la presse canadienne")
    )


def _part(
    versions: Sequence[Text],
    origin: Text,
    there: Sequence[Text],
    known: set[int],
    number: Mapping[int, int],
    corrected: set[int],
) -> Part:
    newest = versions[-1]
    print_ = newest.fingerprint
    if print_.killed:
        return Part(article_id=newest.article_id, relation=Relation.KILL, kept=None)
    if print_.language != origin.fingerprint.language:
        return Part(article_id=newest.article_id, relation=Relation.TRANSLATION, kept=None)
    shares = [share for text in there if (share := kept(print_, text.fingerprint)) is not None]
    take = number[newest.id]
    if take in corrected:
        relation = Relation.CORRECTION
    elif take > max(known):
        relation = Relation.VERSION
    else:
        relation = Relation.PICKUP
    return Part(article_id=newest.article_id, relation=relation, kept=max(shares, default=None))


def _age(text: Text) -> tuple[datetime, str, str, int]:
    """Orders texts by when they came out, those of one moment by what they are; never by their numbers here."""
    return text.at, text.name, text.publisher, text.number
