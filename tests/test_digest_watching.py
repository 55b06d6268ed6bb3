"""Silence that can be trusted: what a digest says of the sources that were watched."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.digest import text
from monitor.types import Coverage, Span
from tests.digests import DESK, NOW, PUPITRE, Shown, a_digest, a_mail, an_article, bodies, flowing


def a_source(source_id: str = "a", **changes: Any) -> Coverage:
    return replace(Coverage(source_id=source_id, name=source_id.upper(), last_good_at=NOW, failing=False), **changes)


def said(*coverage: Coverage, news: bool = True, **changes: Any) -> str:
    return flowing(text(a_digest(*([an_article(1)] if news else []), coverage=coverage, **changes)))


def gap(since: int, until: int) -> Span:
    """From so many minutes before now until so many."""
    return Span(since=NOW - timedelta(minutes=since), until=NOW - timedelta(minutes=until))


DOUBTS: Mapping[str, tuple[Coverage, str]] = {
    "never read": (a_source(failing=True, last_good_at=None, error="HTTP 404"), "- A: never read yet (HTTP 404)"),
    "not read since": (
        a_source(failing=True, last_good_at=NOW - timedelta(days=1), error="no\nanswer"),
        "- A: not read since 21 Nov, 07:00 (no answer)",
    ),
    "read in part": (a_source(partial=True, error="item 3 is cut"), "- A: only a part of it could be read (item 3"),
    "turned over": (a_source(overran_at=NOW), "- A: its list turned over between two visits on 22 Nov, 07:00;"),
    "silent": (a_source(quiet_since=NOW), "- A: answers, but has brought nothing since 22 Nov, 07:00, longer than"),
    "not watched for a time": (
        a_source(gaps=(gap(600, 60),)),
        "- A: not watched from 21 Nov, 21:00 to 22 Nov, 06:00; what came and went in that time was not seen",
    ),
}


@pytest.mark.parametrize(("source", "sentence"), DOUBTS.values(), ids=DOUBTS.keys())
def test_every_digest_says_when_coverage_was_incomplete(source: Coverage, sentence: str) -> None:
    words = said(source, a_source("b"))
    assert sentence in words
    assert "Coverage was incomplete: see the end." in words
    assert "Coverage was incomplete" not in said(a_source(), a_source("b"))


def test_what_all_sources_missed_is_one_sentence() -> None:
    words = said(a_source(gaps=(gap(610, 60),)), a_source("b", gaps=(gap(600, 50),)))
    assert (
        "Coverage: All 2 sources watched answered. - Nothing at all was watched from 21 Nov, 21:00 to 22 Nov, 06:00; "
        "what came and went in that time was not seen. All times"
    ) in words
    assert "A: " not in words


def test_what_one_source_missed_beyond_that_is_said_too() -> None:
    a, b = a_source(gaps=(gap(600, 60),)), a_source("b", gaps=(gap(1400, 60), gap(30, 20)))
    words = said(a, b)
    assert "Nothing at all was watched from 21 Nov, 21:00 to 22 Nov, 06:00" in words
    assert "- B: not watched from 21 Nov, 07:40 to 22 Nov, 06:00" in words
    assert "- B: not watched from 22 Nov, 06:30 to 22 Nov, 06:40" in words
    assert "A: " not in words
    assert "1 source that answered may have shown only a part of its news." in words


def test_gaps_that_do_not_meet_are_each_sources_own() -> None:
    words = said(a_source(gaps=(gap(600, 500),)), a_source("b", gaps=(gap(400, 300),)))
    assert "Nothing at all" not in words
    assert words.count("not watched from") == 2


def test_of_many_sources_that_were_not_read_thirty_are_named() -> None:
    failing = [
        a_source(f"s{n:02}", failing=True, last_good_at=NOW - timedelta(hours=100 - n), error="refused")
        for n in range(40)
    ]
    words = said(*failing)
    assert words.index("S00: not read") < words.index("S29: not read")
    assert "S30" not in words
    assert "- and 10 more, not read since 19 Nov, 09:00 or later" in words
    never = [replace(source, last_good_at=None) for source in failing[:31]]
    assert "- and 1 more, never read yet" in said(*never)


def test_a_digest_without_news_certifies_what_was_watched() -> None:
    sources = [a_source("b", last_good_at=NOW - timedelta(minutes=5)), a_source("c"), a_source("d", last_good_at=None)]
    digest = a_digest(
        coverage=tuple(sources), since=NOW - timedelta(days=1), subscription=replace(DESK, nothing_new=True)
    )
    assert a_mail(digest).subject == "Border desk: nothing new"
    plain, html = bodies(digest)
    assert "Nothing new\nSince Sat 21 Nov, 07:00\n" in plain
    assert "Sources watched:\n- D: never read yet\n- B: Sun 22 Nov, 06:55\n- C: Sun 22 Nov, 07:00\n" in plain
    shown = Shown(html)
    assert "Sources watched Source Last read D never read yet B Sun 22 Nov, 06:55 C Sun 22 Nov" in flowing(shown.words)
    assert [tag for tag in shown.tags if tag in ("table", "caption", "th", "td")] == [
        *("table", "caption", "th", "th"),
        *("td", "td") * 3,
    ]
    assert [a.get("scope") for tag, a in shown.elements if tag == "th"] == ["col", "col"]
    assert "Sources watched" not in said(*sources)


def test_of_many_sources_the_thirty_longest_unread_are_listed() -> None:
    sources = [a_source(f"s{n:02}", last_good_at=NOW - timedelta(minutes=60 - n)) for n in range(45)]
    words = said(*reversed(sources), news=False)
    assert "- S00: Sun 22 Nov, 06:00 - S01" in words
    assert "S30" not in words
    assert "- and 15 more, each last read on 22 Nov, 06:30 or later" in words


def test_what_others_say_in_english_is_marked_so_in_french() -> None:
    ill = a_source(failing=True, last_good_at=None, error="HTTP 404 Not Found")
    shown = Shown(bodies(a_digest(an_article(1), coverage=(ill,), subscription=PUPITRE))[1])
    assert [a.get("lang") for tag, a in shown.elements if tag == "span"] == ["en"]
    assert "A\u00a0: jamais lue jusqu’ici (HTTP 404 Not Found)" in shown.words
    shown = Shown(bodies(a_digest(an_article(1), coverage=(ill,)))[1])
    assert [a for tag, a in shown.elements if tag == "span"] == [{}]


def test_a_digest_that_watches_nothing_says_so() -> None:
    assert "No source is watched." in said(news=False)


def test_gaps_are_told_in_french() -> None:
    at = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
    span = Span(since=at, until=at + timedelta(hours=3))
    words = said(a_source(gaps=(span,)), a_source("b", gaps=(span,)), subscription=PUPITRE)
    assert "La couverture est incomplète : voir à la fin." in words
    assert (
        "Rien n’a été suivi du 22 nov. à 2 h au 22 nov. à 5 h; ce qui a paru et disparu entre-temps n’a pas été vu."
        in words
    )
