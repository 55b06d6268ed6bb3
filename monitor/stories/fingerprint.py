"""What of a text is compared: samples of its shingles, its figures and names. It outlives the text."""

import hashlib
import re
import zlib
from collections.abc import Collection
from datetime import UTC, date, timedelta
from itertools import accumulate, islice

from monitor.stories.figures import figures, named
from monitor.text import fold, folded, folded_words, one_line
from monitor.types import AddressKind, Article, Fingerprint, Notice

SHINGLE = 5
"""Words of a shingle."""

SAMPLE = 48
"""So many shingles of a text are kept at most: all of a brief, one in sixteen of five hundred words."""

LEDE = 40
"""Words of the opening of which every shingle is kept: a one-paragraph brief is the lede of its story."""

_MOST_LEVEL = 12
_MOST_SHINGLES = 4 * SAMPLE  # of a text whose words are chosen so that all of it is sampled
_MOST_WORDS = 200_000  # of which shingles are made: a book
_NAME = re.compile(  # begins with a capital: the search passes over all else at once
    r"[A-ZÀ-ÖØ-Þ](?:(?<=[a-zà-öø-ÿ,;0-9’'] .)|(?<=[dlDL]['’].))[\w’'-]{2,40}"
)
_MOST_NAMES = 80
_CAPITALISED = frozenset(  # in every other text, or written with a capital in one language only
    re.findall(
        r"\w+",
        "monday tuesday wednesday thursday friday saturday sunday january february march april june july august "
        "september october november december jan feb aug sept oct nov dec canada canadian canadians canadien "
        "canadiens canadienne quebec ottawa montreal toronto ontario united states etats unis americans american press "
        "presse the mme lundi mardi mercredi jeudi vendredi samedi dimanche federal government gouvernement minister "
        "ministre parliament parlement house commons immigration refugees refugies honourable honorable citizenship "
        "citoyennete ministry ministere",
    )
)
LANGUAGES = frozenset({"en", "fr"})  # between which translations are looked for
_MOST_FACTS = 12  # under which a text is kept
_SHORTEST_TERM = 5  # letters
_MOST_TERMS = 48
_OPENING = 60  # words


def fingerprint(article: Article) -> Fingerprint:
    """Returns what of a reading is compared. Case, accents, punctuation and layout do not count."""
    credit = article.credit
    title = " ".join(folded_words(article.title))
    said = Fingerprint(
        text_hash=None,
        words=0,
        title=title,
        terms=_terms(article.title, article.body or article.summary or ""),
        language=article.language,
        agency=credit.agency,
        first_published=_first_published(article) or (credit.kill.moved_on if credit.kill else None),
        first_language=credit.first_language,
        notice=credit.notice,
        corrected=credit.correction is not None,
        killed=" ".join(folded_words(credit.kill.headline)) or None if credit.kill and credit.kill.headline else None,
        in_full=bool(credit.kill and credit.kill.slug and credit.kill.headline and credit.kill.moved_on),
        official=article.official,
        dated_at=article.published_at or article.updated_at,
        identities=identities(article) if article.official or article.alternates else frozenset(),
        alternates=tuple(address.identity for address in article.alternates),
    )
    if not article.text:
        return said
    read = folded_words(article.text)
    fields = {name: getattr(said, name) for name in Fingerprint.__slots__}
    fields |= {"text_hash": _digest(read), "words": len(read)}
    if article.body and credit.notice is not Notice.KILL:
        fields |= _body(article.body)
    return Fingerprint(**fields)


def identities(article: Article) -> frozenset[str]:
    """Returns the addresses under which an article is known; a canonical link to elsewhere is a hint, not identity."""
    return frozenset(address.identity for address in article.addresses if address.kind is not AddressKind.HINT)


def keys(print_: Fingerprint) -> frozenset[int]:
    """Returns under what a text is kept (32 bits each): half of its sample, a quarter of its opening, its facts."""
    mask = (1 << print_.level + 1) - 1
    found = {hash_ for hash_, _ in print_.shingles if not hash_ & mask}
    found.update(hash_ for hash_ in print_.lede if not hash_ & 3)
    found.update(sorted(facts(print_, languages={print_.language} - {None}))[:_MOST_FACTS])  # type: ignore[arg-type]
    found.update(_key("alternate", identity) for identity in print_.alternates)
    if (minute := release_minute(print_)) is not None:
        found.add(_key("release", minute))
    if print_.killed or print_.title:
        found.add(_key("headline", print_.killed or print_.title))
    return frozenset(found)


def asked(article: Article, print_: Fingerprint) -> dict[int, float]:
    """Returns under what texts like this one are kept, each with its weight: a text is a candidate from 1.0 on."""
    found: dict[int, float] = {_key("alternate", identity): 1.0 for identity in identities(article)}
    found |= {_key("alternate", identity): 1.0 for identity in print_.alternates}
    if (minute := release_minute(print_)) is not None:
        found[_key("release", minute)] = 1.0
    if print_.killed or print_.title:
        found[_key("headline", print_.killed or print_.title)] = 1.0
    if print_.language is not None:
        found |= dict.fromkeys(facts(print_, languages=LANGUAGES - {print_.language}), 0.34)
    found |= dict.fromkeys((hash_ for hash_ in print_.lede if not hash_ & 3), 0.5)
    return found | dict.fromkeys((hash_ for hash_, _ in print_.shingles if not hash_ & 1), 0.5)  # none is kept odd


def release_minute(print_: Fingerprint) -> str | None:
    """Returns the minute, in UTC, at which a release came out, and its other language with it; None: no release."""
    if not print_.official or print_.dated_at is None:
        return None
    return f"{print_.dated_at.astimezone(UTC):%Y-%m-%dT%H:%M}"


def facts(print_: Fingerprint, languages: Collection[str] = frozenset()) -> frozenset[int]:
    """Returns the keys of a text's names and telling figures, as texts in these languages are kept under them."""
    return frozenset(
        _key(f"fact {language}", fact) for language in languages for fact in (print_.names | telling_figures(print_))
    )


def telling_figures(print_: Fingerprint) -> frozenset[str]:
    """Returns the figures by which one event is told from others: no years, no months, nothing below thirty."""
    return frozenset(
        figure.value
        for figure in print_.figures
        if figure.value[0].isdigit() and "-" not in figure.value and float(figure.value) >= 30
    )


def _first_published(article: Article) -> str | None:
    """A carrier prints nothing before its agency: a date after its own is a slip, and compares with nothing."""
    said, own = article.credit.first_published, article.published_at or article.updated_at
    if said is None or own is None or date.fromisoformat(said) <= own.date() + timedelta(days=1):
        return said
    return None


def _body(body: str) -> dict[str, object]:
    whole = folded(body)
    marked = "\0" in whole  # accents that stand by themselves
    words: list[str] = []
    starts: list[int] = []  # of each word, the number of its paragraph
    at = 0
    for number, paragraph in enumerate(body.split("\n\n")):
        folded_ = whole[at : at + len(paragraph)]
        own = folded_.replace("\0", "").split() if marked else folded_.split()
        at += len(paragraph) + 2
        words += own
        starts += [min(number, 255)] * len(own)
    hashes = _shingles(words if len(words) <= _MOST_WORDS else words[:_MOST_WORDS])
    level = 0
    distinct = len(set(hashes))
    while distinct >> level > SAMPLE and level < _MOST_LEVEL:
        level += 1
    mask = (1 << level) - 1
    sampled = dict.fromkeys(
        (hash_, paragraph) for hash_, paragraph in zip(hashes, starts, strict=False) if not hash_ & mask
    )
    first = dict(reversed(sampled))
    return {
        "body_hash": _digest(words),
        "body_words": len(words),
        "level": level,
        "shingles": tuple(sorted(first.items())[:_MOST_SHINGLES]),
        "lede": tuple(sorted(set(hashes[: LEDE - SHINGLE + 1]))),
        "figures": figures(body[:100_000]),
        "named": named(body[:100_000]),
        "names": _names(body[:100_000]),
    }


def _shingles(words: list[str]) -> list[int]:
    if len(words) < SHINGLE:
        return [zlib.crc32(" ".join(words).encode())] if words else []
    joined = " ".join(words)
    text = joined.encode()
    sizes = map(len, words) if joined.isascii() else (len(word.encode()) for word in words)
    after = [size + place for place, size in enumerate(accumulate(sizes))]  # where each word ends
    crc, starts = zlib.crc32, [0, *(end + 1 for end in after)]
    return [crc(text[start:end]) for start, end in zip(starts, after[SHINGLE - 1 :], strict=False)]


def _digest(words: tuple[str, ...] | list[str]) -> str:
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:32]


def _names(body: str) -> frozenset[str]:
    found = dict.fromkeys(fold(name.replace("’", "'")).removesuffix("'s") for name in _NAME.findall(body))
    return frozenset(islice((name for name in found if name not in _CAPITALISED), _MOST_NAMES))


def _terms(title: str, body: str) -> frozenset[str]:
    words = (*folded_words(one_line(title)), *folded_words(body[:600])[:_OPENING])
    return frozenset(islice(dict.fromkeys(word for word in words if len(word) >= _SHORTEST_TERM), _MOST_TERMS))


def _key(space: str, value: str) -> int:
    return zlib.crc32(f"{space}:{value}".encode())
