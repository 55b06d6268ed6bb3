"""Invented newspaper copy in English and French: every text follows from its number alone.

Words of grammar are real, 60,000 others a language are made of syllables; their shares follow Zipf's law. Each text has
words, names and figures of its own that it repeats, as stories do. `PROBES` stand in a stated share of the texts, so
that a measurement can choose words by how many articles hold them; so do the phrases of `TOPICAL`.
"""

import random
from dataclasses import dataclass
from itertools import accumulate

PROBES = {
    "marentide": 0.5,
    "solvarre": 0.2,
    "tarquelle": 0.05,
    "dovernane": 0.01,
    "ostrimel": 0.001,
    "fenquarrish": 0.0001,
}
"""Words, and the share of the texts that hold each."""

TOPICAL = {
    "roxham-road": 0.012,
    "stca": 0.010,
}
"""Topics of the shipped configuration, and the share of the texts that name each."""

WORDS = 60_000
"""Invented words of each language."""

_SHIFT, _POWER = 2.7, 1.1  # of Zipf's law, by Mandelbrot
_OWN = 40  # rarer words that a text repeats
_OWN_SHARE = 0.28  # of its words
_RARER = 400  # from this rank on
_NAMES = 8_000
_GRAMMAR = {
    "en": """
        the of to and in a that is for on with as was he by at from it his said be are have an will were not has they
        who their its this been which had but more or after would about one people two there when could year also new
        up our she her all if other than over some into out what so no first last years time government many most may
        can only now them these such because while before between against during since through where three
    """,
    "fr": """
        de la le les et des en à du un une que pour dans est par qui sur au plus il pas a ne avec ce ont être sont elle
        aux été cette mais son d'une selon ses leur fait entre après sans ans même tout deux depuis aussi contre sous
        dont où comme on se sa ces nous était avait très peut encore lui trois bien si leurs années temps premier état
        avant pendant autres toutes lors chez jusqu'à déjà près
    """,
}
_SYLLABLES = {
    "en": """
        con ter man ing er ly tion pro per com mi re sta ver ple ton den wick ham ford ley gen tra dis mo ba lo fi ser
        ward ex un ness ment able ish ight oad own ell ack est or al ic ous
    """,
    "fr": """
        con té ment tion ré pré eau per vi lle mar che dé cou ri que fran cé né lai bou ver gne moi sé tra lo ba è so
        eur ance ique age oir ais ière ette aire ois ill ç'a
    """,
}
_SURNAMES = "mac la du ber ger son ley ville mont char pel trem blay ga gnon cô roy bou vin len nard tho mas by ford"
_TOPICAL_TEXT = {
    ("roxham-road", "en"): (
        "Officers counted {n} people on Roxham Road that week.",
        "{name} said fewer families had come up Roxham Road since the closing.",
        "Nobody had crossed at Roxham Road after midnight, {name} told reporters.",
    ),
    ("roxham-road", "fr"): (
        "Le chemin Roxham est resté désert toute la semaine, selon {name}.",
        "Les agents ont compté {n} personnes au chemin Roxham.",
        "{name} a parlé du chemin Roxham devant les élus.",
    ),
    ("stca", "en"): (
        "The Safe Third Country Agreement was named {n} times in the afternoon.",
        "{name} asked Ottawa to suspend the Safe Third Country Agreement with the United States.",
        "Canada renegotiated the Safe Third Country Agreement in March.",
    ),
    ("stca", "fr"): (
        "L'Entente sur les tiers pays sûrs a été citée {n} fois dans l'après-midi.",
        "{name} demande à Ottawa de suspendre l'Entente sur les tiers pays sûrs.",
    ),
}
_SAID = {
    "en": ('"{words}," {name} said.', "“{words},” said {name}.", "{name} told reporters on Tuesday that {words}."),
    "fr": ("« {words} », a déclaré {name}.", "Selon {name}, {words}.", "«\N{NBSP}{words}\N{NBSP}», dit {name}."),
}
_FIGURES = {
    "en": (
        "It cost ${n},{low}.", "The figure rose {small}.{digit} per cent to {n},{low} in {year}.", "{n} of them left."
    ),
    "fr": (
        "Il en coûte {n} {low} $.", "Le nombre a monté de {small},{digit} % pour atteindre {n} {low} en {year}.",
        "Ils étaient {n}.",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One text as its writer filed it."""

    title: str
    paragraphs: tuple[str, ...]
    authors: tuple[str, ...]


class Press:
    """Writes in one language."""

    def __init__(self, language: str) -> None:
        chance = random.Random(f"press {language}")
        syllables = _SYLLABLES[language].split()
        invented: set[str] = set()
        while len(invented) < WORDS:
            invented.add("".join(chance.choices(syllables, k=chance.choice((1, 2, 2, 3, 3, 4)))))
        own = sorted(invented - set(PROBES))
        own.sort(key=lambda word: len(word) * chance.uniform(0.8, 1.25))  # common words are short ones
        self.language = language
        self._words = [*_GRAMMAR[language].split(), *own]
        self._weights = list(accumulate((rank + _SHIFT) ** -_POWER for rank in range(1, len(self._words) + 1)))
        self._rarer = self._words[_RARER:]
        self._rarer_weights = [weight - self._weights[_RARER - 1] for weight in self._weights[_RARER:]]
        parts = _SURNAMES.split()
        self._names = sorted(
            {"".join(chance.choices(parts, k=chance.choice((2, 2, 3)))).title() for _ in range(_NAMES)}
        )
        chance.shuffle(self._names)
        self._name_weights = list(accumulate(1 / (rank + 20) for rank in range(len(self._names))))

    @property
    def words(self) -> list[str]:
        """All words, the most frequent first."""
        return self._words

    def write(self, number: int) -> Copy:
        """Returns the text of that number: about 450 words, 3 kB."""
        chance = random.Random(f"{self.language} {number}")
        length = min(1400, max(120, int(chance.lognormvariate(5.77, 0.4))))
        stock = self._stock(chance, length + 60)
        names = chance.choices(self._names, cum_weights=self._name_weights, k=8)
        sentences: list[str] = []
        title = self._headline(stock, names, chance)
        while stock:
            size = min(chance.randint(8, 26), len(stock))
            words = [stock.pop() for _ in range(size)]
            turn = chance.random()
            if turn < 0.16:
                form, name = chance.choice(_SAID[self.language]), " ".join(chance.sample(names, 2))
                sentences.append(form.format(words=" ".join(words), name=name))
                continue
            if turn < 0.26:
                sentences.append(self._filled(chance.choice(_FIGURES[self.language]), chance, names))
            if turn < 0.6:
                words.insert(chance.randrange(1, len(words) + 1), chance.choice(names))
            words[0] = words[0].capitalize()
            if len(words) > 14:
                words[6] += ","
            sentences.append(" ".join(words) + ".")
        for topic, share in TOPICAL.items():
            if chance.random() < share:
                form = chance.choice(_TOPICAL_TEXT[topic, self.language])
                sentences.insert(chance.randrange(len(sentences)), self._filled(form, chance, names))
        paragraphs = []
        while sentences:
            size = chance.choice((1, 1, 2, 2, 3))
            paragraphs.append(" ".join(sentences[:size]))
            del sentences[:size]
        authors = tuple(" ".join(chance.sample(names, 2)) for _ in range(chance.choice((0, 1, 1, 1, 2))))
        return Copy(title=title, paragraphs=tuple(paragraphs), authors=authors)

    def lede(self, number: int) -> str:
        """Returns a first paragraph that a carrier may set before a text."""
        chance = random.Random(f"lede {number}")
        return " ".join(self._stock(chance, 28)).capitalize() + "."

    def _stock(self, chance: random.Random, count: int) -> list[str]:
        """Words by Zipf's law, some of them the text's own; the probes among them."""
        own = chance.choices(self._rarer, cum_weights=self._rarer_weights, k=_OWN)
        stock = chance.choices(self._words, cum_weights=self._weights, k=count)
        for at in chance.sample(range(count), int(count * _OWN_SHARE)):
            stock[at] = own[int(len(own) * chance.random() ** 2)]
        for word, share in PROBES.items():
            if chance.random() < share:
                stock[chance.randrange(count)] = word
        return stock

    def _headline(self, stock: list[str], names: list[str], chance: random.Random) -> str:
        words = [stock.pop() for _ in range(chance.randint(6, 11))]
        words.insert(chance.randrange(len(words)), chance.choice(names))
        return " ".join([words[0].capitalize(), *words[1:]])

    def _filled(self, form: str, chance: random.Random, names: list[str]) -> str:
        return form.format(
            n=chance.randint(3, 999), low=chance.randint(100, 999), small=chance.randint(1, 60),
            digit=chance.randint(0, 9), year=chance.randint(2010, 2026), name=" ".join(chance.sample(names, 2)),
        )  # fmt: skip
