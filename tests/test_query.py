"""Forms: what they stand for, and where that stands in a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.query import Phrase, Phrases, QueryError, check_form, parse, search_phrases, to_fts5


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ('"Roxham Road"', ("roxham", "road")),
        ("Roxham", ("roxham",)),
        ("« chemin Roxham »", ("chemin", "roxham")),
        ('"Safe Third-Country Agreement"', ("safe", "third", "country", "agreement")),
        ('"Entente sur les tiers pays sûrs"', ("entente", "sur", "les", "tiers", "pays", "surs")),
        ("Third-Country", ("third", "country")),
    ],
)
def test_a_form_stands_for_words(form: str, words: tuple[str, ...]) -> None:
    assert parse(form) == Phrase(words=words)


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ("", "no word"),
        ('""', "no word"),
        ('"…"', "no word"),
        ("Roxham Road", "without quotation marks"),
        ("Roxham AND Road", "operators"),
        ("Roxh*", "operators"),
        ("title:Roxham", "operators"),
        ("(Roxham)", "operators"),
        ('"Roxham Road', "unbalanced"),
        ('"a" "b"', "quotation marks inside"),
        ("#Roxham Road", "hashtag"),
        ("#", "hashtag"),
    ],
)
def test_a_wrong_form_is_told_what_would_be_right(form: str, complaint: str) -> None:
    assert complaint in (check_form(form) or "")


def found(forms: list[str], text: str) -> list[tuple[str, str]]:
    return [(forms[s.phrase], text[s.start : s.end]) for s in Phrases([parse(f) for f in forms]).find(text)]


@pytest.mark.parametrize(
    ("form", "text", "hits"),
    [
        ('"Roxham Road"', "the Roxham Road crossing", ["Roxham Road"]),
        ('"Roxham Road"', "Wroxham Road and ROXHAM‑ROAD", ["ROXHAM‑ROAD"]),
        ('"Roxham Road"', "Roxham\u00a0Road, Roxham\nRoad", ["Roxham\u00a0Road", "Roxham\nRoad"]),
        ("Roxham", "Roxhams, Roxham's", ["Roxham"]),
        ('"tiers pays surs"', "un tiers du pays mise sur le tourisme", []),
        ('"tiers pays sûrs"', "l’Entente sur les tiers pays surs", ["tiers pays surs"]),
        ("asile", "le droit d’asile, l'asile", ["asile", "asile"]),
        ("#RoxhamRoad", "see #roxhamroad not RoxhamRoad", ["roxhamroad"]),
        ('"a b"', "a a b", ["a b"]),
        ('"a b"', "a", []),
    ],
)
def test_words_match_whole_folded_and_side_by_side(form: str, text: str, hits: list[str]) -> None:
    assert [surface for _, surface in found([form], text)] == hits


def test_many_forms_are_found_together_in_the_order_of_the_text() -> None:
    assert found(["Road", '"Roxham Road"'], "Road. Roxham Road.") == [
        ("Road", "Road"),
        ('"Roxham Road"', "Roxham Road"),
        ("Road", "Road"),
    ]


def test_a_search_asks_for_words_and_phrases() -> None:
    assert (
        to_fts5(search_phrases('asile "chemin Roxham" d’Ottawa')) == '"asile" AND "chemin roxham" AND "d" AND "ottawa"'
    )
    for empty in ("", "…", '"'):
        with pytest.raises(QueryError):
            search_phrases(empty)


@pytest.mark.parametrize(
    "query",
    ["Roxham AND Road", "chemin OU route", "Roxh*", "asylum title:Roxham", "(Roxham)", '"Roxham Road"~3', "a NEAR/5 b"],
)
def test_a_search_refuses_what_a_form_refuses(query: str) -> None:
    with pytest.raises(QueryError, match="operators, wildcards and fields are not known yet"):
        search_phrases(query)


def test_in_quotation_marks_and_in_small_letters_they_are_words() -> None:
    assert to_fts5(search_phrases('"NOT (a* title:b)" and or')) == '"not a title b" AND "and" AND "or"'


@given(st.text(max_size=60))
def test_any_text_is_a_form_or_a_clear_complaint(text: str) -> None:
    complaint = check_form(text)
    assert complaint is None or len(complaint) > 10


@given(st.text(max_size=60))
def test_any_search_becomes_words_that_the_engine_takes(text: str) -> None:
    import sqlite3

    try:
        query = to_fts5(search_phrases(text))
    except QueryError:
        return
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE t USING fts5(x)")
    assert db.execute("SELECT count(*) FROM t WHERE t MATCH ?", (query,)).fetchone() == (0,)
    db.close()
