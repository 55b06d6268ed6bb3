"""Invented news in English and French: the same at every run, no two texts alike, words as unevenly common as in life.

The words that carry a language's grammar are real; the others are made of syllables. Their shares follow Zipf's law,
so that a full-text index and a comparison of texts have about as much to do as with real copy.
"""

import random
from dataclasses import dataclass
from itertools import accumulate

_GRAMMAR = {
    "en": """
        the of to and in a that is for on with as was he by at from it his said be are have an will were not has
        they who their its this been which had but more or after would about one people two there when could year
        also new up
    """,
    "fr": """
        de la le les et des en à du un une que pour dans est par qui sur au plus il pas a ne avec ce ont être sont
        elle aux été cette mais son d'une selon ses leur fait entre après sans ans même tout deux depuis aussi
        contre sous dont
    """,
}
_SYLLABLES = {
    "en": """
        con ter man ing er ly tion pro per com mi re sta ver ple ton den wick ham ford ley gen tra dis mo ba lo fi
        ser
    """,
    "fr": """
        con té ment tion ré pré eau per vi lle mar che dé cou ri que fran cé né lai bou ver gne moi sé tra lo ba è
        so
    """,
}
_TOPICAL = {
    "en": (
        "Officers counted fewer people on Roxham Road than in any month before.",
        "The Safe Third Country Agreement was named twice in the afternoon.",
    ),
    "fr": (
        "Le chemin Roxham est resté désert toute la semaine, selon les agents.",
        "L'Entente sur les tiers pays sûrs a été citée deux fois dans l'après-midi.",
    ),
}
_DISTINCT_WORDS = 6_000
_TOPICAL_SHARE = 0.02  # of the texts name a topic of the shipped configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One invented article: its body is the HTML that a feed would carry."""

    title: str
    teaser: str
    body: str
    author: str


class Writer:
    """Writes articles of about `words` words in one language."""

    def __init__(self, language: str, words: int) -> None:
        chance = random.Random(language)
        syllables = _SYLLABLES[language].split()
        invented = {"".join(chance.choices(syllables, k=chance.randint(2, 4))) for _ in range(_DISTINCT_WORDS)}
        shuffled = sorted(invented)
        chance.shuffle(shuffled)
        self._vocabulary = _GRAMMAR[language].split() + shuffled
        self._weights = list(accumulate(1 / rank for rank in range(2, len(self._vocabulary) + 2)))
        self._topical = _TOPICAL[language]
        self._words = words

    def write(self, seed: int) -> Text:
        """Returns the article of that number: always the same one."""
        chance = random.Random(seed)
        stock = iter(chance.choices(self._vocabulary, cum_weights=self._weights, k=self._words + 60))
        headline = " ".join(next(stock) for _ in range(9)).capitalize()
        author = " ".join(next(stock).capitalize() for _ in range(2))
        sentences: list[str] = []
        while len(sentence := [word for _, word in zip(range(chance.randint(8, 24)), stock, strict=False)]) >= 8:
            sentences.append(" ".join(sentence).capitalize() + ".")
        if chance.random() < _TOPICAL_SHARE:
            sentences.insert(len(sentences) // 4, chance.choice(self._topical))
        return Text(title=headline, teaser=sentences[0], body=_markup(sentences, seed), author=author)


def _markup(sentences: list[str], seed: int) -> str:
    paragraphs = [" ".join(sentences[start : start + 3]) for start in range(0, len(sentences), 3)]
    parts = [f'<p class="lead"><strong>{paragraphs[0]}</strong></p>']
    for number, paragraph in enumerate(paragraphs[1:], 1):
        first, _, rest = paragraph.partition(" ")
        match number % 6:
            case 1:
                parts.append(
                    f'<figure><img src="/photos/{seed}-{number}.jpg" alt="{first}" width="1200" height="800" '
                    f'srcset="/photos/{seed}-{number}-s.jpg 600w, /photos/{seed}-{number}.jpg 1200w"/>'
                    f"<figcaption>{first} / Archives</figcaption></figure><p>{paragraph}</p>"
                )
            case 3:
                parts.append(f'<h3>{first}</h3><p><a href="/stories/{seed}?ref={number}">{first}</a> {rest}</p>')
            case 5:
                parts.append(f"<blockquote><p>&laquo;&nbsp;{paragraph}&nbsp;&raquo;</p></blockquote>")
            case _:
                parts.append(f"<p>{first} <em>{rest}</em></p>" if number % 4 == 0 else f"<p>{paragraph}</p>")
    return "\n".join(parts)
