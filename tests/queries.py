"""Random queries and texts made of the same few words, so that they meet: words that are easily taken for others."""

import random
from collections.abc import Callable

from hypothesis import strategies as st

from monitor.text import clean

_WORDS = """
Roxham roxham ROXHAM Wroxham Roxhams Road Rd. chemin sûr sur sûrs SÛRS asile l’asile l'asile lʼasile d’asile STCA
stca ETPS third-country third‑country countries country œuvre oeuvre ŒUVRE #Roxham #roxhamroad roxhamroad U.S. É.-U.
tiers pays un du x_y x-y 2023 14-day straße STRASSE İstanbul istanbul région re\u0301gion Ωmega ωmega ﬁn fin 𝐑𝐨𝐱𝐡𝐚𝐦
réfugié·es réfugiés « » — … ( ) ! & 日本語 Ørsted orsted µ μ a\u0305b naïve o\u0301
"""
WORDS = _WORDS.split()
FIELDS = {
    "source": ["desk", "desk-fr", "de*", "rival"],
    "publisher": ["Desk", '"La Presse"', "Press*", "presse"],
    "agency": ['"Canadian Press"', "reuters"],
    "lang": ["fr", "en"],
}


def _term() -> st.SearchStrategy[str]:
    word = st.sampled_from([word for word in WORDS if any(map(str.isalnum, word))])
    bare = word.map(lambda w: f'"{w}"')
    phrase = st.lists(word, min_size=1, max_size=3).map(lambda ws: '"' + " ".join(ws) + '"')
    either = st.tuples(word, word).map(lambda ws: f'"{ws[0]}|{ws[1]}"')
    plain = bare | phrase | either
    prefix = st.tuples(phrase, st.integers(2, 5)).map(lambda p: f'{p[0][: max(3, len(p[0]) - p[1])].rstrip(" ")}*"')
    exact = plain.map("={}".format)
    hashtag = st.sampled_from(["#Roxham", "#roxhamroad", "#asile"])
    scoped = st.tuples(st.sampled_from(["title", "text"]), plain | prefix | hashtag).map(":".join)
    return plain | prefix | exact | hashtag | scoped


def _fact() -> st.SearchStrategy[str]:
    return st.sampled_from([f"{field}:{value}" for field, values in FIELDS.items() for value in values])


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    both = st.tuples(inner, st.sampled_from([" AND ", " OR ", " ", " AND NOT "]), inner)
    near = st.tuples(_term(), st.integers(0, 4), st.tuples(_term(), _term()))
    return (
        both.map(lambda parts: f"({parts[0]}){parts[1]}({parts[2]})")
        | near.map(lambda parts: f"{parts[0]} NEAR/{parts[1]} ({' OR '.join(parts[2])})")
        | inner.map(lambda part: f"NOT ({part})")
    )


def queries() -> st.SearchStrategy[str]:
    """Queries, most of which are sound."""
    return st.recursive(_term() | _fact(), _larger, max_leaves=6)


def text(chance: random.Random, most: int) -> str:
    """A cleaned text of up to `most` words."""
    space: Callable[[], str] = lambda: chance.choice([" ", " ", " ", ", ", "\n", "\n\n", "-", "\u00a0"])  # noqa: E731
    return clean("".join(chance.choice(WORDS) + space() for _ in range(chance.randint(0, most))))
