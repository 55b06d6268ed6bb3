"""What is asked of an archive of invented news: questions of each kind, no two alike, and as the peers take them."""

import random
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from benchmarks.newsprint import PROBES, Press
from benchmarks.newsstand import UNTIL, YEARS, outlets

KINDS = (
    "nothing",
    "a rare word",
    "a usual word",
    "a common word",
    "two words",
    "one of three words",
    "how a word begins",
    "a phrase",
    "a topic's phrase",
    "a topic",
    "a word in French",
    "a word of a source",
    "a publisher",
    "a month",
    "a word, in a year",
)
"""Of the search page; `the next page` of some of them comes to it."""
_FROM_RARE, _FROM_USUAL, _FROM_COMMON = 20_000, 1_500, 150  # ranks of words
_LETTERS = re.compile(r"[^\W\d_]+")
_TOPICAL = (
    '"Roxham Road"',
    '"chemin Roxham"',
    '"Safe Third Country Agreement"',
    '"tiers pays sûrs"',
    '"Roxham Road" OR "chemin Roxham"',
)


class Question(NamedTuple):
    """One question. `fts5` and `tsquery` are how the peers are asked the same; empty: they are not."""

    kind: str
    pairs: tuple[tuple[str, str], ...] = ()  # parameters of the pages' addresses
    fts5: str = ""
    tsquery: str = ""

    def at(self, path: str, **more: str) -> str:
        """Returns the address."""
        pairs = [*self.pairs, *more.items()]
        return f"{path}?{urlencode(pairs)}" if pairs else path


class Asker:
    """Thinks of questions to an archive; the same ones each time, by its seed. `texts` are some of the archive's."""

    def __init__(self, texts: Sequence[str], seed: str = "") -> None:
        self._texts = texts
        self._chance = random.Random(f"questions {seed}")
        self._presses = {"en": Press("en"), "fr": Press("fr")}
        self._outlets = outlets()

    def mix(self, each: int) -> list[Question]:
        """Returns `each` questions of every kind of the search page, one kind after the other in turn."""
        return [self.of(kind) for _ in range(each) for kind in KINDS]

    def of(self, kind: str) -> Question:
        """Returns a question of that kind."""
        match kind:
            case "a rare word":
                return _plain(kind, [self._word(_FROM_RARE)])
            case "a usual word":
                return _plain(kind, [self._word(_FROM_USUAL, _FROM_RARE)])
            case "a common word":
                return _plain(kind, [self._common()])
            case "two words":
                return _plain(kind, [self._word(_FROM_COMMON, _FROM_USUAL), self._word(_FROM_USUAL, _FROM_RARE)])
            case "one of three words":
                return _plain(kind, [self._word(_FROM_USUAL, _FROM_RARE) for _ in range(3)], " OR ")
            case "how a word begins":
                word = ""
                while len(word) < 5:
                    word = self._word(_FROM_COMMON, _FROM_RARE)
                return Question(kind, (("q", f"{word[:5]}*"),), f'"{word[:5]}"*', f"{word[:5]}:*")
            case "a phrase":
                return self.phrase()
            case "a topic's phrase":
                q = self._chance.choice(_TOPICAL)
                return Question(kind, (("q", q), *self._span(self._days())), q, _tsquery(q))
            case "a topic":
                topic = self._chance.choice(("roxham-road", "stca"))
                return Question(kind, (("topic", topic), *self._span(self._days())))
            case "a word in French":
                word = self._word(_FROM_COMMON, _FROM_RARE, "fr")
                return Question(kind, (("q", word), ("language", "fr")))
            case "a word of a source":
                source = self._chance.choice(self._outlets).id
                return Question(kind, (("q", self._word(_FROM_COMMON, _FROM_RARE)), ("source", source)))
            case "a publisher":
                return Question(kind, (("publisher", self._chance.choice(self._outlets).publisher), *self._span(365)))
            case "a month":
                return Question(kind, self._span(30))
            case "a word, in a year":
                return Question(kind, (("q", self._word(_FROM_COMMON, _FROM_RARE)), *self._span(365)))
        return Question(kind)

    def phrase(self) -> Question:
        """Returns two to four words that stand side by side in one of the texts, whatever words they are."""
        words: list[str] = []
        size = self._chance.choice((2, 2, 3, 4))
        while len(words) < size:
            runs = [run.split() for run in re.split(r"[^\w ]|\d|_", self._chance.choice(self._texts))]
            words = self._chance.choice([run for run in runs if len(run) >= size] or [[]])
            first = self._chance.randint(0, max(0, len(words) - size))
            words = words[first : first + size]
        said = " ".join(words)
        return Question("a phrase", (("q", f'"{said}"'),), f'"{said}"', " <-> ".join(words))

    def slow(self) -> list[Question]:
        """Returns questions of the slowest kinds that the language has."""
        common = [self._word(5, _FROM_COMMON) for _ in range(40)]
        usual = [self._word(_FROM_COMMON, _FROM_USUAL) for _ in range(400)]
        a, b, c, d, *_ = dict.fromkeys(common)
        two = next(word[:2] for word in common if len(word) > 2)
        asked = {
            "NEAR": f"{a} NEAR/30 {b}",
            "NEAR of two ORs": f"({a} OR {b}) NEAR/200 ({c} OR {d})",
            "=exact": f"={a.capitalize()}",
            "=exact phrase": f'="{a.capitalize()} {b}"',
            "#hashtag": f"{a} AND #{b}",
            "two letters*": f"{two}*",
            "phrase of two letters*": f'"{a} {two}*"',
            "OR of 40 common words": " OR ".join(common),
            "OR of 400 words": " OR ".join(usual),
            "OR of 20 phrases": " OR ".join(f'"{common[n]} {common[n + 20]}"' for n in range(20)),
            "AND of 20 common words": " ".join(common[:20]),
            "NOT": f"{a} NOT ={b.capitalize()}",
            "in the title": f"title:({a} OR {two}*)",
        }
        return [Question(kind, (("q", q),)) for kind, q in asked.items()]

    def _word(self, first: int, end: int | None = None, language: str | None = None) -> str:
        """By rank, as often at the rare end as at the common one."""
        words = self._presses[language or self._chance.choice(("en", "en", "fr"))].words[first:end]
        while True:
            word = words[int(len(words) * self._chance.random())]
            if _LETTERS.fullmatch(word):
                return word

    def _common(self) -> str:
        often = [word for word, share in PROBES.items() if share >= 0.05]
        return self._chance.choice([*often, self._word(5, _FROM_COMMON), self._word(_FROM_COMMON, _FROM_USUAL)])

    def _days(self) -> int:
        return self._chance.choice((30, 365, 0))

    def _span(self, days: int) -> tuple[tuple[str, str], ...]:
        if not days:
            return ()
        since: datetime = UNTIL - YEARS * self._chance.random()
        return ("since", f"{since:%Y-%m-%d}"), ("until", f"{since + timedelta(days=days):%Y-%m-%d}")


def _plain(kind: str, words: Sequence[str], between: str = " ") -> Question:
    said = between.join(words)
    fts5 = (" OR " if "OR" in between else " AND ").join(f'"{word}"' for word in words)
    return Question(kind, (("q", said),), fts5, (" | " if "OR" in between else " & ").join(words))


def _tsquery(q: str) -> str:
    """Of phrases and ORs."""
    return " | ".join("(" + " <-> ".join(phrase.strip('" ').split()) + ")" for phrase in q.split(" OR "))


def asked_of_peers(questions: Sequence[Question]) -> Iterator[Question]:
    """Yields those that the peers can be asked in the same words: without filters."""
    return (each for each in questions if each.fts5 and all(name == "q" for name, _ in each.pairs))
