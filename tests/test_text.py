"""The normaliser and the tokeniser."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text import clean, fold, folded, folded_words, one_line, places, sentence_around, words
from tests.unicode61 import EVERY, asked


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("plain", "plain"),
        ("  two   spaces ", "two spaces"),
        ("no\u00a0break\u202fspaces", "no break spaces"),
        ("soft\u00adhyphen and zero\u200bwidth", "softhyphen and zerowidth"),
        ("re\u0301gion", "région"),
        ("\U0001d411\U0001d428\U0001d431ham \ufb01ne \uff21", "Roxham fine A"),
        ("a\x00b\x1bc\u202edc", "abcdc"),
        ("l\u02bcasile", "l’asile"),
        ("one\r\ntwo\r\n\r\n\r\nthree", "one\ntwo\n\nthree"),
        ("one \n\n \n two", "one\n\ntwo"),
        ("half\ud800pair", "half\ufffdpair"),
    ],
)
def test_text_is_normalised_once(written: str, kept: str) -> None:
    assert clean(written) == kept


@given(st.text())
def test_clean_is_idempotent_and_can_be_stored(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    once.encode("utf-8")


@given(st.text())
def test_fold_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_words_stand_where_they_say(text: str) -> None:
    found = words(text)
    for word in found:
        assert [alone.folded for alone in words(text[word.start : word.end])] == [word.folded]
        assert word.folded
    where = {number: (word.start, word.end) for number, word in enumerate(found)}
    assert places(text, where.keys()) == where
    assert places(text, list(where)[1::3]) == {number: where[number] for number in list(where)[1::3]}
    assert places("a " * 40 + text, range(40, 40 + len(where))) == {
        number + 40: (start + 80, end + 80) for number, (start, end) in where.items()
    }


def test_every_character_is_folded_as_the_search_index_does() -> None:
    """SQLite is asked about all 1,112,063 of them."""
    wrong = []
    for start in range(0, len(EVERY), 100_000):
        points = EVERY[start : start + 100_000]
        ours = folded("".join(map(chr, points)))
        for point, mine, (asked_of, theirs) in zip(points, ours, asked(points), strict=True):
            assert asked_of == point
            if (None if mine == " " else mine.replace("\0", "")) != theirs:
                wrong.append(hex(point))
    assert wrong == []


@given(st.text(st.characters(max_codepoint=0x250) | st.sampled_from(" \u0301’œ\u2011…")))
def test_a_text_is_as_long_folded_as_it_was(text: str) -> None:
    """The quick ways and the thorough one are one."""
    whole = folded(text)
    assert len(whole) == len(text)
    assert whole == "".join(map(folded, text))
    assert whole == folded(text + "ж")[:-1]


WESTERN = st.text(st.characters(max_codepoint=0x250) | st.sampled_from(" \n\u00a0’éÀÎİß\u0301\u2028…_ªº€"))


@given(st.text() | WESTERN)
def test_folding_a_text_as_a_whole_gives_the_same_words(text: str) -> None:
    assert list(folded_words(text)) == [word.folded for word in words(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Roxham Rd., #RoxhamRoad", ["roxham", "rd", "roxhamroad"]),
        ("L’asile d'Élodie: tiers pays sûrs", ["l", "asile", "d", "elodie", "tiers", "pays", "surs"]),
        ("Third-Country and C‑2 at 12:30", ["third", "country", "and", "c", "2", "at", "12", "30"]),
        ("snake_case", ["snake", "case"]),
    ],
)
def test_words_are_parted_and_folded(text: str, expected: list[str]) -> None:
    assert [word.folded for word in words(text)] == expected


@given(st.text(alphabet="abcXYZ éèÀûœ’'-–\u2011_.,#0123456789\u0301«»", max_size=40))
def test_words_are_those_of_the_search_index(text: str) -> None:
    """FTS5's own tokeniser is the judge."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE t USING fts5(x, tokenize = 'unicode61 remove_diacritics 2')")
    db.execute("CREATE VIRTUAL TABLE v USING fts5vocab(t, 'instance')")
    kept = clean(text)
    db.execute("INSERT INTO t VALUES (?)", (kept,))
    expected = [row[0] for row in db.execute("SELECT term FROM v ORDER BY offset")]
    db.close()
    assert [word.folded for word in words(kept)] == expected


def around(text: str, wanted: str) -> str:
    start = text.index(wanted)
    sentence, at = sentence_around(text, start, start + len(wanted))
    assert sentence[at : at + len(wanted)] == wanted
    return sentence


@pytest.mark.parametrize(
    ("text", "wanted", "sentence"),
    [
        ("First one. They met at Roxham Road. Third.", "Roxham Road", "They met at Roxham Road."),
        ("He lives on Roxham Rd. in Quebec. Then.", "Roxham Rd", "He lives on Roxham Rd. in Quebec."),
        ("It was Feb. 21 when U.S. guards saw Roxham. End.", "Roxham", "It was Feb. 21 when U.S. guards saw Roxham."),
        ("Title\n\nThe chemin Roxham est fermé.\n\nNext", "chemin Roxham", "The chemin Roxham est fermé."),
        ("“Close Roxham Road now!” he said. “Why?”", "Roxham Road", "“Close Roxham Road now!” he said."),
        ("« Fermez le chemin Roxham ! » Puis rien.", "chemin Roxham", "« Fermez le chemin Roxham ! »"),
        ("Roxham", "Roxham", "Roxham"),
    ],
)
def test_the_sentence_around_words(text: str, wanted: str, sentence: str) -> None:
    assert around(text, wanted) == sentence


def test_a_long_sentence_is_cut_around_the_words() -> None:
    text = "word " * 300 + "Roxham Road " + "word " * 300
    sentence = around(text, "Roxham Road")
    assert len(sentence) < 420
    assert sentence.startswith("…word")
    assert sentence.endswith("word…")


@given(st.text(max_size=300), st.integers(0, 300), st.integers(1, 30))
def test_the_words_are_always_in_their_sentence(text: str, start: int, length: int) -> None:
    start = min(start, len(text))
    end = min(start + length, len(text))
    sentence, at = sentence_around(text, start, end)
    assert sentence[at : at + end - start] == text[start:end].replace("\n", " ")


def test_a_headline_is_one_line() -> None:
    assert one_line(" Two\nlines\tand a tab ") == "Two lines and a tab"
