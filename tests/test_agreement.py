"""What matches live is what a search of the archive finds: none missed, none extra.

`ROXHAM_TEST_PAIRS=200000 pytest tests/test_agreement.py` holds as many pairs of a query and an article together.
"""

import os
import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, given, settings

from monitor.archive import Filter
from monitor.archive.sqlite import SQLiteArchive
from monitor.query import Compiled, QueryError, parse, subject
from monitor.types import Article, Credit
from tests.builders import NOW, STORIES, article, item, reading, visit
from tests.queries import queries, text

ARTICLES = 250
PAIRS = int(os.environ.get("ROXHAM_TEST_PAIRS", "20000"))
QUERIES = max(1, PAIRS // ARTICLES)


def articles(chance: random.Random) -> Iterator[Article]:
    """Short ones, in which much of what a query asks for is lacking, and long ones."""
    for number in range(ARTICLES):
        yield article(
            f"http://desk.test/{number}",
            source_id=chance.choice(["desk", "desk-fr"]),
            publisher=chance.choice(["Desk", "La Presse", "The Canadian Press"]),
            title=text(chance, 6) or "-",
            listed_title=text(chance, 6) or None if chance.random() < 0.3 else None,
            summary=text(chance, 10) or None if chance.random() < 0.5 else None,
            text=text(chance, chance.choice([10, 80])) or None,
            language=chance.choice(["en", "fr", "fr-CA", None]),
            credit=Credit(agency=chance.choice([None, "The Canadian Press", "Reuters"])),
        )


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SQLiteArchive, dict[int, Article]]]:
    archive = SQLiteArchive.for_writing(tmp_path_factory.mktemp("agreement") / "a.db", purpose="test", now=NOW, wait=0)
    held = {}
    for number, found in enumerate(articles(random.Random(7)), 1):  # noqa: S311 - no secret
        archive.keep_visit(visit(found.source_id), [item(found.addresses[0].url)])
        archive.keep([reading(archive.pending(NOW)[0], found)], STORIES, NOW)
        held[number] = found
    yield archive, held
    archive.close()


def sound(query: str) -> bool:
    """Whether it is a query at all: one that would match everything is none."""
    try:
        parse(query)
    except QueryError:
        return False
    return True


@settings(max_examples=QUERIES, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(query=queries())
def test_the_archive_finds_what_matches_live(kept: tuple[SQLiteArchive, dict[int, Article]], query: str) -> None:
    archive, held = kept
    assume(sound(query))
    compiled = Compiled([parse(query)])
    live = {number for number, found in held.items() if 0 in compiled.find(subject(found))}
    assert {hit.article.id for hit in archive.search(Filter(query=query))} == live


def test_the_queries_tell_articles_apart(kept: tuple[SQLiteArchive, dict[int, Article]]) -> None:
    """Random queries and articles meet: not all find nothing or everything."""
    _, held = kept
    chance = random.Random(11)  # noqa: S311 - no secret
    compiled = Compiled([parse(f'"{word}" OR chemin') for word in ("Roxham", "asile", "third country", "œuvre")])
    found = [len(compiled.find(subject(each))) for each in chance.sample(sorted(held.values(), key=repr), 100)]
    assert 0 in found
    assert any(found)
