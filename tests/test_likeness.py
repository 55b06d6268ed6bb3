"""What two texts are to each other, and why."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.stories.fingerprint import fingerprint
from monitor.stories.likeness import compared, continues, disagreement, renamed, tie
from monitor.types import Article, Credit, Figure, Fingerprint, Kill, Notice, TieKind
from tests import wire
from tests.builders import address, article, words

SAME, APART, TRANSLATION, KILL = TieKind.SAME, TieKind.APART, TieKind.TRANSLATION, TieKind.KILL
CP = wire.AGENCY
DAY = timedelta(days=1)


def found(paragraphs: Sequence[str] | str, url: str = "http://desk.test/a", **changed: Any) -> Article:
    text = paragraphs if isinstance(paragraphs, str) else "\n\n".join(paragraphs)
    return article(url, **{"text": text, "title": "A headline", "published_at": wire.DAY} | changed)


def print_of(paragraphs: Sequence[str] | str, url: str = "http://desk.test/a", **changed: Any) -> Fingerprint:
    return fingerprint(found(paragraphs, url, **changed))


def kind(a: Fingerprint, b: Fingerprint, background: frozenset[int] = frozenset()) -> TieKind | None:
    one, other = tie(a, b, background), tie(b, a, background)
    assert one == other
    return None if one is None else one.kind


def credited(**said: Any) -> Credit:
    return Credit(**{"agency": CP} | said)


FERRY = print_of(wire.FERRY, title="Tern Islands to lose ferry for 19 days", credit=credited())


@pytest.mark.parametrize(
    ("why", "paragraphs", "title", "expected"),
    [
        ("word for word", wire.FERRY, "Other headline", SAME),
        ("cut after a third", wire.FERRY[:3], "Other headline", SAME),
        ("its first paragraph alone, under its words", wire.FERRY[:1], "Ferry to stop for 19 days", SAME),
        ("its first paragraph alone, under others", wire.FERRY[:1], "Also noted", None),
        ("another headline and first paragraph", ("Nobody crosses in June.", *wire.FERRY[1:]), "No crossing", SAME),
        ("another opening of two paragraphs", ("Nobody crosses.", words("x", 30), *wire.FERRY[2:]), "None", SAME),
        ("in reverse order", wire.FERRY[::-1], "Other headline", SAME),
        ("a write-thru", wire.FERRY_LATER, "Province to cover half of islanders' losses", SAME),
        ("one paragraph of it in another story", (words("x", 60), wire.FERRY[3], words("y", 60)), "Barge", None),
        ("one quote of it in another story", (words("x", 60), wire.FERRY[2], words("y", 40)), "Grebe", None),
        ("other words on the same event", wire.QUARRY_RIVAL, "Tern Islands to lose ferry for 19 days", None),
        ("the same headline", wire.SAME_HEADLINE, "Tern Islands to lose ferry for 19 days", None),
    ],
)
def test_the_same_words_are_the_same_story(
    why: str, paragraphs: tuple[str, ...], title: str, expected: TieKind | None
) -> None:
    assert kind(FERRY, print_of(paragraphs, title=title)) is expected, why


@pytest.mark.parametrize("share", [0.3, 0.45, 0.6, 0.8])
def test_a_copy_that_ends_early_is_the_same_story_of_whatever_length(share: float) -> None:
    for size in (150, 400, 1_500):
        story = [words(f"p{size}x{n}x", 30) for n in range(size // 30)]
        cut = story[: max(1, round(share * len(story)))]
        assert kind(print_of(story), print_of(cut)) is SAME, size


@pytest.mark.parametrize("paragraphs", [1, 2])
def test_background_paragraphs_make_no_story(paragraphs: int) -> None:
    shared = wire.BACKGROUND[:paragraphs]
    for before, after in ((2, 1), (2, 0), (1, 2)):
        one = [*(words(f"a{n}x", 25) for n in range(before)), *shared, *(words(f"b{n}x", 25) for n in range(after))]
        other = [*(words(f"c{n}x", 25) for n in range(before)), *shared, *(words(f"d{n}x", 25) for n in range(after))]
        assert kind(print_of(one, title="Pupils move uphill"), print_of(other, title="Paintings leave town")) is None


@pytest.mark.parametrize("run_together", [1, 2])
def test_a_copy_under_a_new_opening_is_the_same_though_its_paragraphs_were_run_together(run_together: int) -> None:
    story = [words(f"p{n}x", 40) for n in range(10)]
    rest = story[3:9]
    each = len(rest) // run_together
    joined = [" ".join(rest[at : at + each]) for at in range(0, len(rest), each)]
    copy = [words("new", 90), *joined, words("local", 90)]  # more than a fifth of it is its own
    assert kind(print_of(story, title="Ferry to stop"), print_of(copy, title="Nobody crosses")) is SAME


def test_what_older_texts_had_already_is_not_in_common() -> None:
    dull = print_of(wire.BACKGROUND)
    known = frozenset({*(hash_ for hash_, _ in dull.shingles), *dull.lede})
    one, other = print_of((*wire.BACKGROUND, words("a", 40))), print_of((*wire.BACKGROUND, words("b", 40)))
    assert kind(one, other) is SAME
    assert kind(one, other, known) is None


@pytest.mark.parametrize(
    ("why", "mine", "theirs", "expected"),
    [
        ("first published on other days", {"credit": credited(first_published="2031-05-06")},
         {"credit": credited(first_published="2031-05-07")}, APART),
        ("first published on one day, carried weeks later", {"credit": credited(first_published="2031-05-06")},
         {"credit": credited(first_published="2031-05-06"), "published_at": wire.DAY + timedelta(days=20)}, SAME),
        ("carried a week later", {}, {"published_at": wire.DAY + timedelta(days=7)}, APART),
        ("carried five days later", {}, {"published_at": wire.DAY + timedelta(days=5)}, SAME),
        ("at a time unknown", {}, {"published_at": None}, SAME),
        ("of another agency", {"credit": credited()}, {"credit": Credit(agency="Reuters")}, APART),
        ("of an agency that one copy hides", {"credit": credited()}, {}, SAME),
    ],
)  # fmt: skip
def test_much_alike_and_yet_apart(why: str, mine: dict[str, Any], theirs: dict[str, Any], expected: TieKind) -> None:
    assert kind(print_of(wire.QUARRY, **mine), print_of((*wire.QUARRY[:5], "And more."), **theirs)) is expected, why


RESERVOIR = ("May 2", "41", "187.3", "62", "14")


@pytest.mark.parametrize(
    ("why", "theirs", "expected"),
    [
        ("the next week", ("May 9", "58", "187.9", "66", "60"), APART),
        ("the next week, with one figure more", ("May 9", "58", "187.3", "62", "14"), APART),
        ("another lake of the same day", ("May 2", "75", "204.1", "81", "22"), APART),
        ("one figure put right", ("May 2", "41", "187.3", "26", "14"), SAME),
        ("two figures put right", ("May 2", "41", "178.3", "26", "14"), SAME),
        ("its date put right", ("May 3", "41", "187.3", "62", "14"), SAME),
    ],
)
def test_instalments_of_a_series_are_apart_and_corrections_are_not(
    why: str, theirs: tuple[str, ...], expected: TieKind
) -> None:
    one, other = (print_of(wire.reservoir(*said)) for said in (RESERVOIR, theirs))
    assert kind(one, other) is expected, why


@pytest.mark.parametrize("note", [None, "This is a corrected story."])
def test_a_correction_of_a_figure_and_a_name_stays_with_its_story(note: str | None) -> None:
    one = print_of(wire.CLINIC, credit=credited())
    other = print_of(wire.CLINIC_PUT_RIGHT, credit=credited(correction=note))
    assert kind(one, other) is SAME
    assert compared(one, other).other == {("6.5", "5.6")}
    assert renamed(one, other) == {("perpetua lindqvist", "petronella lindqvist")}


def test_two_cities_of_one_form_letter_are_apart() -> None:
    one, other = (
        print_of(wire.arrivals(city, "April", *figures, "Lionel Hask"))
        for city, figures in (("BELMERE", ("2,417", "88,300", "4.1")), ("TORWICK", ("1,105", "37,480", "9.4")))
    )
    assert kind(one, other) is APART


@pytest.mark.parametrize(
    ("why", "english", "french", "expected"),
    [
        ("a story and its translation", wire.FERRY, wire.FERRY_FR, TRANSLATION),
        ("first in French", wire.ORCHARD_EN, wire.ORCHARD_FR, TRANSLATION),
        ("a release", wire.RELEASE_EN, wire.RELEASE_FR, TRANSLATION),
        ("another story", wire.QUARRY, wire.ORCHARD_FR, None),
        ("a brief without names", ("It rained on 5 of 7 days.",), ("Il a plu 5 jours sur 7.",), None),
    ],
)
def test_translations_share_names_and_figures(
    why: str, english: tuple[str, ...], french: tuple[str, ...], expected: TieKind | None
) -> None:
    assert kind(print_of(english), print_of(french, language="fr")) is expected, why


def test_a_translation_comes_within_days() -> None:
    late = print_of(wire.FERRY_FR, language="fr", published_at=wire.DAY + timedelta(days=4))
    assert kind(print_of(wire.FERRY), late) is None


def test_a_release_is_no_translation_of_an_agencys_story() -> None:
    assert kind(print_of(wire.RELEASE_EN, official=True), print_of(wire.RELEASE_FR, language="fr")) is None


def test_a_page_that_declares_the_other_needs_nothing_in_common() -> None:
    english = print_of(words("a"), "http://desk.test/en", alternates=(address("http://desk.test/fr"),), official=True)
    french = print_of(words("b"), "http://desk.test/fr", language="fr", official=True)
    assert kind(english, french) is TRANSLATION
    assert kind(english, print_of("Autre chose.", "http://desk.test/fr2", language="fr", official=True)) is None
    stranger = print_of(
        words("c"), "http://elsewhere.test/x", language="fr", alternates=(address("http://desk.test/en"),)
    )
    assert kind(english, stranger) is None  # whoever points at a release is no release


NOTICE = print_of(
    "KILL KILL KILL", title="Kill", credit=credited(notice=Notice.KILL, kill=Kill(headline="Judge halts blasting"))
)


@pytest.mark.parametrize(
    ("why", "changed", "expected"),
    [
        ("what it names", {"title": "Judge halts blasting", "credit": credited()}, KILL),
        ("in other type", {"title": "JUDGE HALTS: “blasting”", "credit": credited()}, KILL),
        ("a copy without a credit", {"title": "Judge halts blasting"}, KILL),
        ("another agency's", {"title": "Judge halts blasting", "credit": Credit(agency="Reuters")}, None),
        ("another headline", {"title": "Judge halts blasting at last", "credit": credited()}, None),
        ("last year's", {"title": "Judge halts blasting", "published_at": wire.DAY - timedelta(days=300)}, None),
    ],
)
def test_a_kill_withdraws_what_its_agency_sent(why: str, changed: dict[str, Any], expected: TieKind | None) -> None:
    assert kind(NOTICE, print_of(wire.QUARRY, **changed)) is expected, why


@pytest.mark.parametrize(
    ("why", "changed", "expected"),
    [
        ("that day's", {"credit": credited(first_published=f"{wire.DAY:%F}")}, KILL),
        ("of the night before", {"credit": credited(first_published=f"{wire.DAY - DAY:%F}")}, KILL),
        ("of a copy without a date", {"credit": credited()}, KILL),
        ("of a copy the day after, without a credit", {"published_at": wire.DAY + DAY}, KILL),
        ("last week's", {"credit": credited(first_published=f"{wire.DAY - 4 * DAY:%F}")}, None),
        (
            "of the days after",
            {"credit": credited(first_published=f"{wire.DAY + 3 * DAY:%F}"), "published_at": wire.DAY + 3 * DAY},
            None,
        ),
        ("out before it was sent", {"published_at": wire.DAY - 4 * DAY}, None),
    ],
)
def test_a_kill_is_of_what_was_sent_that_day(why: str, changed: dict[str, Any], expected: TieKind | None) -> None:
    """A headline may be a column's: "Judge's diary"."""
    kill = Kill(headline="Judge halts blasting", moved_on=f"{wire.DAY:%F}")
    dated = print_of("KILL KILL KILL", title="Kill", credit=credited(notice=Notice.KILL, kill=kill))
    assert kind(dated, print_of(wire.QUARRY, title="Judge halts blasting", **changed)) is expected, why


def test_an_invitation_of_a_few_words_is_no_story() -> None:
    said = "Watch the news at noon with all of our team."
    assert kind(print_of(said, title="News at noon, Nov. 21"), print_of(said, title="News at noon, Nov. 22")) is None


def test_two_words_that_nobody_signed_are_no_headline_to_be_killed_by() -> None:
    kill = credited(notice=Notice.KILL, kill=Kill(headline="Weather today"))
    dated = print_of("KILL KILL KILL", title="Kill", credit=kill)
    assert kind(dated, print_of(wire.QUARRY, title="Weather today")) is None
    assert kind(dated, print_of(wire.QUARRY, title="Weather today", credit=credited())) is KILL


def test_a_kill_says_nothing_of_another_and_nothing_without_an_agency() -> None:
    assert kind(NOTICE, NOTICE) is None
    story = print_of(wire.QUARRY, title="Judge halts blasting", credit=credited())
    nobodys = Credit(notice=Notice.KILL, kill=Kill(headline="Judge halts blasting"))
    assert kind(print_of("KILL", credit=nobodys), story) is None


def test_a_kill_is_surer_of_what_bears_its_agencys_name() -> None:
    signed = tie(NOTICE, print_of(wire.QUARRY, title="Judge halts blasting", credit=credited()))
    unsigned = tie(NOTICE, print_of(wire.QUARRY_RIVAL, title="Judge halts blasting"))
    assert signed is not None
    assert unsigned is not None
    assert signed.score > unsigned.score


@pytest.mark.parametrize(
    ("why", "old", "new", "expected"),
    [
        ("a write-thru", wire.FERRY, wire.FERRY_LATER, True),
        ("a correction", wire.CLINIC, wire.CLINIC_PUT_RIGHT, True),
        ("an alert and its story", wire.CLINIC_ALERT, wire.CLINIC, True),
        ("another story", wire.FERRY, wire.SAME_HEADLINE, False),
        ("the next instalment", wire.reservoir(*RESERVOIR), wire.reservoir("May 9", "58", "187.9", "66", "60"),
         False),
    ],
)  # fmt: skip
def test_what_goes_on_with_the_story_at_an_address(
    why: str, old: tuple[str, ...], new: tuple[str, ...], expected: bool
) -> None:
    assert continues(print_of(old, title="First words"), print_of(new, title="Later ones")) is expected, why


@pytest.mark.parametrize(
    ("english", "french", "expected"),
    [
        ("$18.4 million for 23 lights", "18,4 millions $ pour 23 phares", (set(), set())),
        ("$18.4 million for 23 lights", "14,8 millions $ pour 23 phares", ({"18400000"}, {"14800000"})),
        ("on July 8 for 640 people", "le 9 juillet pour 640 personnes", ({"07-08"}, {"07-09"})),
        ("640 people, and 31 boats", "640 personnes", (set(), set())),  # left out
        ("three years, 640 people", "5 ans, 640 personnes", (set(), set())),  # small ones are often words
    ],
)
def test_figures_of_an_official_pair_that_disagree(
    english: str, french: str, expected: tuple[set[str], set[str]]
) -> None:
    one, other = print_of(english), print_of(french, language="fr")
    mine, theirs = disagreement(one, other)
    assert (set(mine), set(theirs)) == expected
    assert disagreement(other, one) == (theirs, mine)


_FIGURES = st.lists(
    st.builds(
        Figure, before=st.integers(0, 4), after=st.integers(0, 4), value=st.sampled_from(["12", "13", "01-02", "m3"])
    )
)
_PRINTS = st.builds(
    Fingerprint,
    text_hash=st.none(),
    words=st.just(80),
    body_hash=st.sampled_from(["a", "b", None]),
    body_words=st.integers(20, 90),
    level=st.integers(0, 2),
    shingles=st.dictionaries(st.integers(1, 40).map(lambda n: 4 * n), st.integers(0, 5), max_size=30).map(
        lambda held: tuple(sorted(held.items()))
    ),
    lede=st.sets(st.integers(1, 20)).map(lambda held: tuple(sorted(held))),
    figures=_FIGURES.map(tuple),
    names=st.frozensets(st.sampled_from(["grebe", "solway", "tern", "kittow", "aubrac", "elwin"])),
    title=st.sampled_from(["", "ferry stops early", "ferry stops", "harbour"]),
    language=st.sampled_from(["en", "fr", None]),
    agency=st.sampled_from([CP, "Reuters", None]),
    first_published=st.sampled_from(["2031-05-06", "2031-05-07", None]),
    killed=st.sampled_from(["ferry stops", None, None, None]),
    official=st.booleans(),
    dated_at=st.sampled_from([wire.DAY, wire.DAY + timedelta(days=5), wire.DAY + timedelta(days=9), None]),
    identities=st.frozensets(st.sampled_from("xy"), max_size=1),
    alternates=st.lists(st.sampled_from("xy"), max_size=1).map(tuple),
)


@given(_PRINTS, _PRINTS, st.frozensets(st.integers(1, 40)))
def test_a_tie_is_the_same_from_both_sides(a: Fingerprint, b: Fingerprint, background: frozenset[int]) -> None:
    assert tie(a, b, background) == tie(b, a, background)
    assert disagreement(a, b) == disagreement(b, a)[::-1]


@given(_FIGURES, _FIGURES)
def test_figures_are_compared_the_same_from_both_sides(mine: list[Figure], theirs: list[Figure]) -> None:
    a, b = (Fingerprint(text_hash=None, words=0, figures=tuple(figures)) for figures in (mine, theirs))
    one, other = compared(a, b), compared(b, a)
    assert one.equal == other.equal
    assert one.other == {(old, new) for new, old in other.other}
    assert not compared(a, a).other


@given(_PRINTS)
def test_no_text_is_apart_from_itself_or_its_own_translation(a: Fingerprint) -> None:
    found = tie(a, a)
    assert found is None or found.kind is SAME


def test_a_release_at_the_same_minute_may_name_nobody() -> None:
    english = "Counters open Dec. 24 and close Dec. 31. They open again Jan. 2 and close on Jan. 15 for repairs."
    french = "Les comptoirs ouvrent le 24 décembre et ferment le 31 décembre. Ils rouvrent le 2 janvier, puis ferment "
    french += "le 15 janvier pour des travaux."
    assert kind(print_of(english, official=True), print_of(french, language="fr", official=True)) is TRANSLATION
    later = print_of(french, language="fr", official=True, published_at=wire.DAY + timedelta(minutes=1))
    assert kind(print_of(english, official=True), later) is None


def test_a_note_of_correction_may_change_three_figures() -> None:
    before = words("story") + " It cost 310 dollars a day for 41 rooms in 16 towns all over the country."
    after = before.replace("310", "210").replace("41", "14").replace("16", "61")
    assert kind(print_of(before), print_of(after)) is APART
    note = Credit(correction="An earlier version gave wrong figures.")
    kept = " He counted 12 beds, 80 chairs, 95 lamps and 99 doors."
    assert kind(print_of(before + kept), print_of(after + kept, credit=note)) is SAME
