"""The tables of docs/lexicon.md, held against the topics as shipped."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.config import load_topics
from monitor.match import Matcher
from monitor.text import clean
from tests.builders import article

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "lexicon.md").read_text("utf-8")


def rows(heading: str) -> Iterator[list[str]]:
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")][2:]
    yield from ([cell.strip() for cell in line.strip("|").split("|")] for line in table)


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(load_topics(ROOT / "config" / "topics.yaml"))


@pytest.mark.parametrize(("form", "sentence", "topic"), [*rows("Roxham Road"), *rows("The agreement")])
@pytest.mark.parametrize("where", ["title", "text"])
def test_a_form_is_found(matcher: Matcher, form: str, sentence: str, topic: str, where: str) -> None:
    held = article(**{"title": "A headline", "text": "A beginning.", where: clean(sentence)})
    assert topic in [match.topic_id for match in matcher.match(held)], form


@pytest.mark.parametrize(("what", "sentence"), list(rows("False friends")))
def test_a_false_friend_is_not(matcher: Matcher, what: str, sentence: str) -> None:
    held = article(title="A headline", text=clean(sentence))
    assert [match.topic_id for match in matcher.match(held)] == [], what


def test_every_form_of_the_shipped_topics_stands_in_a_line_of_the_tables(matcher: Matcher) -> None:
    """So that none can be lost without a test: each is a reason for one of the sentences, or a co-term of one."""
    wanted = {
        form.text
        for topic in load_topics(ROOT / "config" / "topics.yaml")
        for forms in (topic.any, *(group.forms for group in topic.near))
        for form in forms
    }
    sentences = [row[1] for heading in ("Roxham Road", "The agreement") for row in rows(heading)]
    seen = {
        sighting.form.text
        for sentence in sentences
        for explanation in matcher.explain(article(title="", text=clean(sentence)))
        for sighting in explanation.sightings
    }
    assert wanted - seen == set()


def test_the_tables_are_read() -> None:
    assert len(list(rows("Roxham Road"))) > 20
    assert len(list(rows("The agreement"))) > 40
    assert len(list(rows("False friends"))) > 20
    assert re.search(r"\| Wroxham Road", PAGE)
