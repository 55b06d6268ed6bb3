"""The query language: what is written, what it means, and what it finds."""

import random
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.query import Compiled, QueryError, any_of, check_form, grammar, parse, subject, terms, to_fts5
from monitor.text import clean
from monitor.types import Credit
from tests.builders import article
from tests.queries import queries, text


def found(query: str, text: str, **changed: Any) -> list[str] | None:
    """The words in a text that a query finds; None where it is not true."""
    held = article(**{"title": "-", "text": clean(text)} | changed)
    spans = Compiled([parse(query)]).find(subject(held)).get(0)
    return None if spans is None else [span.text[span.start : span.end] for span in spans]


@pytest.mark.parametrize(
    ("query", "printed"),
    [
        ('"Roxham Road"', '"roxham road"'),
        ("Roxham", '"roxham"'),
        ("« chemin Roxham »", '"chemin roxham"'),
        ("“Roxham Road”", '"roxham road"'),
        ('"Entente sur les tiers pays sûrs"', '"entente sur les tiers pays surs"'),
        ("Third-Country", '"third country"'),
        ("l’asile", '"l asile"'),
        ("U.S.", '"u s"'),
        ("Roxham road asylum", '"roxham" AND "road" AND "asylum"'),
        ("and or not near", '"and" AND "or" AND "not" AND "near"'),
        ("a1 OR b1 c1 OR d1", '"a1" OR ("b1" AND "c1") OR "d1"'),
        ("a1 AND (b1 AND c1)", '"a1" AND "b1" AND "c1"'),
        ("a1 -b1", '"a1" AND (NOT "b1")'),
        ("a1 AND NOT NOT b1", '"a1" AND "b1"'),
        ("a1 NEAR b1 NEAR/3 c1", '("a1" NEAR/10 "b1") AND ("b1" NEAR/3 "c1")'),
        ("asylum NEAR/5 (border|borders OR frontière)", '"asylum" NEAR/5 ("border|borders" OR "frontiere")'),
        ("immigra*", '"immigra*"'),
        ('"asylum seek*"', '"asylum seek*"'),
        ("=STCA|ETPS", '="STCA|ETPS"'),
        ('="Roxham Road"', '="Roxham Road"'),
        ("#RoxhamRoad", "#roxhamroad"),
        ("title:(a1 OR text)", 'title:"a1" OR title:"text"'),
        ("TEXT:Roxham", 'text:"roxham"'),
        ("a1 source:ircc-en", '"a1" AND source:"ircc-en"'),
        ("source:ircc*", 'source:"ircc*"'),
        ('publisher:"La Presse" OR agency:Reuters', 'publisher:"la presse" OR agency:"reuters"'),
        ("lang:fr-CA a1", 'lang:"fr" AND "a1"'),
        ("cœur", '"coeur"'),
        ('"e\u0301cole libe\u0301*"', '"ecole libe*"'),
        ("a1 OR a1 OR (a1 AND a1)", '"a1"'),
        ("publisher:(CBC OR CTV)", 'publisher:"cbc" OR publisher:"ctv"'),
        ('"safe third country|countries pact|act"', '"safe third country|countries pact|act"'),
    ],
)
def test_a_query_is_read_and_printed(query: str, printed: str) -> None:
    assert str(parse(query)) == printed
    assert parse(printed) == parse(query)


@given(queries())
def test_what_is_printed_is_read_as_the_same(query: str) -> None:
    try:
        tree = parse(query)
    except QueryError:
        return
    assert parse(str(tree)) == tree


ROXHAM = "Ottawa closed Roxham Road. The asylum seekers’ road to Canada, « chemin Roxham », is shut."


@pytest.mark.parametrize(
    ("query", "text", "hits"),
    [
        ('"Roxham Road"', "the Roxham Road crossing", ["Roxham Road"]),
        ('"Roxham Road"', "Wroxham Road and ROXHAM‑ROAD", ["ROXHAM‑ROAD"]),
        ('"Roxham Road"', "Roxham\u00a0Road, Roxham\nRoad", ["Roxham Road", "Roxham\nRoad"]),
        ("Roxham", "Roxhams, Roxham's", ["Roxham"]),
        ('"tiers pays surs"', "un tiers du pays mise sur le tourisme", None),
        ('"tiers pays sûrs"', "l’Entente sur les tiers pays surs", ["tiers pays surs"]),
        ("asile", "le droit d’asile, l'asile, lʼasile", ["asile", "asile", "asile"]),
        ("#RoxhamRoad", "see #roxhamroad not RoxhamRoad", ["roxhamroad"]),
        ('"a b"', "a a b", ["a b"]),
        ('"a b"', "a", None),
        ("=STCA", "the stca, the STCA, STCAs", ["STCA"]),
        ("=sûr", "sur un pays sûr", ["sûr"]),
        ('="Roxham Road"', "Roxham road, Roxham Road", ["Roxham Road"]),
        ("=Rox*", "roxham Roxham", ["Roxham"]),
        ("immigra*", "Immigration, immigrant·es, emigration", ["Immigration", "immigrant"]),
        ('"asylum seek*"', "asylum seekers; asylum, not seek", ["asylum seekers"]),
        ("country|countries", "a country, two countries", ["country", "countries"]),
        ('"third country|countries"', "third countries", ["third countries"]),
        ("cœur", "au coeur, le CŒUR", ["coeur", "CŒUR"]),
        ("coeur", "le cœur", ["cœur"]),
        ("co*", "le cœur, la côte", ["cœur", "côte"]),
        ('"la ma*"', "la mæstria", ["la mæstria"]),
        ("=co*", "cœur, coeur", ["coeur"]),
        ("Roxham AND asylum", ROXHAM, ["Roxham", "asylum", "Roxham"]),
        ("Roxham AND Norfolk", ROXHAM, None),
        ("Roxham OR Norfolk", ROXHAM, ["Roxham", "Roxham"]),
        ("Roxham -Norfolk", ROXHAM, ["Roxham", "Roxham"]),
        ("Roxham NOT asylum", ROXHAM, None),
        ("Roxham -(Norfolk OR asylum)", ROXHAM, None),
        ("Roxham NEAR/2 asylum", ROXHAM, ["Roxham", "asylum"]),
        ("asylum NEAR/2 Roxham", ROXHAM, ["Roxham", "asylum"]),
        ("Roxham NEAR/1 asylum", ROXHAM, None),
        ("Ottawa NEAR/0 closed", ROXHAM, ["Ottawa", "closed"]),
        ('Roxham NEAR/5 "Roxham Road"', "Roxham Road", None),
        ("Roxham NEAR/5 Roxham", "Roxham and Roxham", ["Roxham", "Roxham"]),
        ("Roxham NEAR/5 Roxham", "Roxham alone", None),
        ("(Ottawa OR Quebec) NEAR/3 (Norfolk OR Roxham)", ROXHAM, ["Ottawa", "Roxham"]),
        ('"101(1)(e)"', "under s. 101(1)(e) of IRPA", ["101(1)(e"]),
        ("Roxham\u2011Road", "Roxham Road", ["Roxham Road"]),
    ],
)
def test_what_a_query_finds(query: str, text: str, hits: list[str] | None) -> None:
    assert found(query, text) == hits


@pytest.mark.parametrize(
    ("query", "true"),
    [
        ("title:Lacolle", True),
        ("title:Listed", True),
        ("title:Teaser", False),
        ("text:Lacolle", False),
        ("text:Teaser", True),
        ("text:word1", True),
        ("headline NEAR word1", False),
        ("Lacolle source:desk", True),
        ("source:des*", True),
        ("source:des", False),
        ("source:rival", False),
        ('publisher:"La Presse"', True),
        ("publisher:presse", True),
        ("publisher:pres", False),
        ("publisher:pres*", True),
        ('agency:"Canadian Press"', True),
        ("agency:Reuters", False),
        ("Lacolle lang:fr", True),
        ("Lacolle lang:en", False),
        ("Lacolle -lang:en", True),
        ("Lacolle NOT source:rival", True),
    ],
)
def test_fields_look_where_they_say(query: str, true: bool) -> None:
    held = article(
        title="Lacolle headline",
        listed_title="Listed",
        summary="A teaser",
        language="fr",
        publisher="La Presse",
        credit=Credit(agency="The Canadian Press"),
    )
    assert (0 in Compiled([parse(query)]).find(subject(held))) is true


@pytest.mark.parametrize(
    ("query", "complaint", "column"),
    [
        ("", "is empty", 1),
        ('""', "holds no word", 1),
        ('Roxham "…"', "holds no word", 8),
        ('Roxham OR "Roxham Road', "never closed", 11),
        ("Roxham OR (Norfolk OR", "never closed", 11),
        ("Roxham) OR Norfolk", "no parenthesis is open", 7),
        ("()", "before this parenthesis", 2),
        ("Roxham AND", "must follow AND", 11),
        ("Roxham AND OR Norfolk", "must stand before OR", 12),
        ("OR Roxham", "must stand before OR", 1),
        ("Roxham ET Norfolk", "write AND", 8),
        ("SAUF Roxham", "write NOT", 1),
        ("titel:Roxham", "did you mean title:", 1),
        ("title: Roxham", "right after the colon", 1),
        ("title:(Roxham source:x)", "only one of the two", 15),
        ("a*", "at least 2 letters", 1),
        ("Rox*ham", "only at the end", 4),
        ('"Rox* Road"', "only at the end", 5),
        ("Roxham *", "right after the beginning of a word", 8),
        ("= STCA", "right before", 1),
        ("Roxham #", "hashtag", 8),
        ("#Roxham-Road", "hashtag", 1),
        ("Roxham - Norfolk", "right before what is not wanted", 8),
        ('"Third"-"Country"', "space is missing before this minus", 8),
        ("Roxham | Norfolk", "write OR", 8),
        ("countr(y|ies)", "country|countries", 7),
        ("s.101(1)(e)", "quotation marks", 6),
        ("Rox.*", "no regular expression", 4),
        ("/roxham/", "no regular expression", 1),
        ("[Rr]oxham", "no regular expression", 1),
        (r"\broxham\b", "no regular expression", 1),
        ("(?<!w)roxham", "no meaning here", 2),
        ("Roxham NEAR/x Norfolk", "NEAR/5", 8),
        ("Roxham NEAR/5000 Norfolk", "at most 1,000", 8),
        ("Roxham NEAR 5 Norfolk", "NEAR/5", 8),
        ("Roxham W/5 Norfolk", "NEAR/5", 8),
        ('"Roxham Norfolk"~5', "NEAR/5", 17),
        ("Rox?am", "no regular expression", 4),
        (f"Roxham NEAR/{'9' * 4_500} Norfolk", "at most 1,000", 8),
        ("Roxham near/5 Norfolk", "in capitals", 8),
        ("a1 NEAR NOT b1", "not after NEAR", 9),
        ("a1 NEAR -b1", "not after NEAR", 9),
        ("title:-Norfolk", "-title:Norfolk", 7),
        ('"Roxham Road" –Norfolk', "a plain minus: -Norfolk", 15),
        ('"Roxham Road" −Norfolk', "a plain minus: -Norfolk", 15),
        ("Roxham !Norfolk", "a plain minus: -Norfolk", 8),
        ("Roxham NON Norfolk", "write NOT", 8),
        ("publisher:CBC|CTV", "publisher:(this OR that)", 11),
        ("Saint-Bernard|St-Bernard", "a | joins two single words", 1),
        ('"le d\'asile|refuge"', "a | joins two single words", 5),
        ('"' + "a " * 51 + '"', "more than 50 words", 1),
        ("a1 NEAR (b1 AND c1)", "both sides of NEAR", 10),
        ("-Roxham", "not wanted", 1),
        ("NOT (Roxham OR Norfolk)", "not wanted", 1),
        ("Roxham OR NOT Norfolk", "nearly every article", 1),
        ("lang:fr", "every article in that language", 1),
        ("lang:fr -Roxham", "nearly everything", 1),
        ("lang:français Roxham", "code", 6),
        ("Roxham\x00Road", "control character (U+0000)", 7),
    ],
)
def test_a_wrong_query_is_told_what_would_be_right_and_where(query: str, complaint: str, column: int) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert complaint in str(caught.value)
    assert caught.value.place() == (1, column)
    line, caret = caught.value.pointed().split("\n")
    assert caret == " " * (column - 1) + "^"
    assert line[: column - 1] == query[: column - 1]


def test_a_place_in_a_query_of_several_lines_is_one() -> None:
    with pytest.raises(QueryError) as caught:
        parse('Roxham\nOR (Norfolk\nOR "x"')
    assert caught.value.place() == (2, 4)
    assert caught.value.pointed() == "OR (Norfolk\n   ^"


def test_a_long_line_is_shown_around_its_place() -> None:
    with pytest.raises(QueryError) as caught:
        parse("word " * 300 + "OR OR")
    line, caret = caught.value.pointed().split("\n")
    assert len(line) <= 100
    assert line[caret.index("^") :] == "OR"


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ("Roxham Road", 'write "Roxham Road" to find them side by side'),
        ("le chemin Roxham", 'write "le chemin Roxham"'),
        ("Roxham or Lacolle", "operators are written in capitals: OR"),
        ("title:x Roxham Road", 'write "Roxham Road"'),
    ],
)
def test_a_form_wants_to_know_what_is_meant_by_bare_words(form: str, complaint: str) -> None:
    assert complaint in str(check_form(form))
    parse(form)


@pytest.mark.parametrize("form", ["Roxham AND Road", '"Roxham Road" asylum', "Roxham -Norfolk", "(Roxham) (Road)"])
def test_a_form_that_says_what_is_meant_is_taken(form: str) -> None:
    assert check_form(form) is None


HOSTILE = {
    "ten thousand characters": "x" * 10_000,
    "ten thousand words": "ab " * 3_333,
    "as many words as fit": "ab " * 1_666,
    "parentheses": "(" * 2_000 + "a" + ")" * 2_000,
    "opened only": "(" * 2_000,
    "quotation marks": '"' * 1_999,
    "NULs": "\0" * 2_000,
    "not not": "NOT " * 1_000 + "Roxham",
    "minuses": "-" * 3_000 + "Roxham",
    "alternatives": "|".join(["ab"] * 1_500),
    "alternatives, distinct": '"' + " ".join(["a|b|c|d"] * 200) + '"',
    "near": " NEAR/9 ".join(["ab"] * 400),
    "regular expression": "(a+)+" * 800,
    "stars": "a*" * 2_000,
    "fields": "title:" * 800 + "x",
    "surrogates": "\ud800" * 2_000,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.unmeasured
def test_what_nobody_writes_is_answered_at_once(name: str) -> None:
    parse("warm OR up")
    started = time.process_time()
    complaint = check_form(HOSTILE[name])
    assert complaint is None or (len(str(complaint)) > 10 and len(complaint.pointed()) < 250)
    assert time.process_time() - started < 5  # a guard against what never ends; docs/queries.md has the figures


@given(st.text(max_size=60))
@example("(?i)roxham")
@example("a\ud800")
def test_any_text_is_a_query_or_a_clear_complaint(text: str) -> None:
    complaint = check_form(text)
    assert complaint is None or (len(str(complaint)) > 8 and 0 <= complaint.start <= complaint.end <= len(text))


@settings(max_examples=50)
@given(queries())
@example("".join(f"w{n} {'AND' if n % 2 else 'OR'} (" for n in range(49)) + "title:oe* NEAR title:ae" + ")" * 49)
def test_any_query_becomes_what_the_engine_takes(query: str) -> None:
    from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]  # the driver the archive uses

    try:
        narrowed = to_fts5(parse(query))
    except QueryError:
        return
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE t USING fts5 (title, listed_title, summary, text)")
    if narrowed is not None:  # a syntax error of FTS5 is raised
        assert db.execute("SELECT rowid FROM t WHERE t MATCH ?", (narrowed,)).fetchall() == []
    db.close()


def test_queries_are_joined() -> None:
    assert str(any_of([parse("a1"), parse("b1 OR c1"), parse("a1")])) == '"a1" OR "b1" OR "c1"'
    with pytest.raises(ValueError, match="none of nothing"):
        any_of([])


def test_long_queries_are_not_remembered() -> None:
    """Thousands of them would fill the memory with their trees."""
    before = grammar._remembered.cache_info().currsize
    parse(" OR ".join(f"w{n}" for n in range(400)))
    assert grammar._remembered.cache_info().currsize == before


def test_the_terms_of_a_query_are_told() -> None:
    assert [str(term) for term in terms(parse("a1 NEAR b1 -(c1 OR d1) lang:fr"))] == ['"a1"', '"b1"', '"c1"', '"d1"']


def test_many_queries_are_found_together() -> None:
    compiled = Compiled([parse("Roxham"), parse("Norfolk"), parse("Rox*"), parse("source:desk")])
    assert compiled.find(subject(article(text="Roxham"))).keys() == {0, 2, 3}


@settings(max_examples=100)
@given(queries(), queries(), st.integers(0, 2**32))
def test_no_query_sleeps_that_would_be_true(one: str, other: str, seed: int) -> None:
    """A query is looked at only where one of its guards stands: it must be one without which it cannot be true."""
    sound = []
    for query in (one, other, f"({one}) OR ({other})", f"({one}) ({other})", f"({one}) NOT ({other})"):
        with suppress(QueryError):
            sound.append(parse(query))
    chance = random.Random(seed)  # noqa: S311 - no secret
    held = article(title=text(chance, 6) or "-", text=text(chance, 20), publisher="La Presse", language="fr")
    compiled = Compiled(sound)
    hits = compiled.hits(subject(held))
    true = {number for number in range(len(sound)) if compiled.result(number, hits) is not None}
    assert true <= compiled.awake(hits)


def test_a_query_sleeps_where_the_rarer_side_is_lacking() -> None:
    compiled = Compiled([parse("Lacolle NEAR/5 the"), parse("the NEAR/5 Lacolle"), parse('the AND "Roxham Road"')])
    assert compiled.awake(compiled.hits(subject(article(title="-", text="the the the road")))) == set()


def test_beginnings_of_words_are_looked_up_and_not_tried_one_by_one() -> None:
    """Whatever stands in a text, the work for it does not grow with the prefixes that do not."""
    compiled = Compiled([parse(f"{a}{b}{c}*") for a in "bcdfg" for b in "aeiou" for c in "bcdfg"] + [parse("ro*")])
    assert compiled.find(subject(article(title="-", text="Roxham Ro r"))).keys() == {125}
    assert compiled.find(subject(article(title="-", text="Bac gugs"))).keys() == {1, 124}


def test_a_text_full_of_terms_is_searched_in_linear_time() -> None:
    crowded = subject(article(text="asylum at Roxham " * 20_000))
    spans = Compiled([parse("asylum NEAR/5 Roxham")]).find(crowded)[0]
    assert len(spans) == 40_000
