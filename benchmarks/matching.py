"""Matching: 10 and 1,000 phrase forms over 5 kB articles, beside what one would write without this program."""

import random
import re
import time
from collections.abc import Callable, Sequence

from monitor.match import Matcher
from monitor.query import parse
from monitor.text import fold, words
from monitor.types import Address, AddressKind, Article, Form, Topic

ARTICLES = 200
SIZE = 5_000  # characters


def main(arguments: Sequence[str]) -> int:
    """Prints microseconds of CPU an article."""
    chance = random.Random(7)
    vocabulary = ["".join(chance.choices("abcdefghilmnoprstuéà", k=chance.randint(2, 9))) for _ in range(4_000)]
    articles = [_article(chance, vocabulary) for _ in range(ARTICLES)]
    print(f"{ARTICLES} articles of {SIZE} characters, CPU per article, the best of three")
    print(f"{'':34}{'10 forms':>12}{'1,000 forms':>14}")
    forms = {n: [f'"{" ".join(chance.sample(vocabulary, 3))}"' for _ in range(n)] for n in (10, 1000)}
    rows: dict[str, Callable[[list[str]], Callable[[Article], object]]] = {
        "roxham, all of match()": _ours,
        "folding and tokenising alone": lambda _: lambda article: words(article.text or ""),
        "re alternation on folded text": _alternation,
        "phrase in folded text, in a loop": _loop,
    }
    for name, build in rows.items():
        cells = [_time(build(forms[n]), articles) for n in (10, 1000)]
        print(f"{name:34}{cells[0]:>9.0f} µs{cells[1]:>11.0f} µs")
    return 0


def _article(chance: random.Random, vocabulary: Sequence[str]) -> Article:
    text = ""
    while len(text) < SIZE:
        text += " ".join(chance.choices(vocabulary, k=12)).capitalize() + ". "
    return Article(
        source_id="a",
        publisher="A",
        addresses=(Address(url="http://a.test/", identity="a.test", kind=AddressKind.FOUND),),
        title="A headline of seven words or so",
        text=text[:SIZE],
    )


def _ours(forms: list[str]) -> Callable[[Article], object]:
    topics = [
        Topic(id=f"t{n}", title={"en": "T"}, any=(Form(text=form, language="en"),)) for n, form in enumerate(forms)
    ]
    return Matcher(topics).match


def _alternation(forms: list[str]) -> Callable[[Article], object]:
    phrases = [r"\W+".join(map(re.escape, parse(form).words)) for form in forms]
    pattern = re.compile(r"(?<!\w)(?:" + "|".join(phrases) + r")(?!\w)")
    return lambda article: pattern.findall(fold(article.text or ""))


def _loop(forms: list[str]) -> Callable[[Article], object]:
    phrases = [" ".join(parse(form).words) for form in forms]

    def run(article: Article) -> object:
        text = fold(article.text or "")
        return [phrase for phrase in phrases if phrase in text]

    return run


def _time(work: Callable[[Article], object], articles: Sequence[Article]) -> float:
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        for article in articles:
            work(article)
        best = min(best, (time.process_time() - started) / len(articles) * 1e6)
    return best
