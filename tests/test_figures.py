"""Figures and names as they are written in English and French."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.stories.figures import figures, named

MOST_FIGURES, MOST_NAMES = 200, 100


def values(text: str) -> list[str]:
    return [figure.value for figure in figures(text)]


@pytest.mark.parametrize(
    ("english", "french", "value"),
    [
        ("7,204 people", "7 204 personnes", "7204"),
        ("7204 people", "7\u00a0204 personnes", "7204"),
        ("12.6 per cent", "12,6 %", "12.6"),
        ("12.60 per cent", "12,6\u202f%", "12.6"),
        ("0.125 of it", "0,125 de cela", "0.125"),
        ("$2.3 million", "2,3 millions de dollars", "2300000"),
        ("$2.3-million", "2,3 millions $", "2300000"),
        ("$4.1 million", "4 100 000 $", "4100000"),
        ("4,100,000 dollars", "4,1 millions $", "4100000"),
        ("$8.2 billion", "8,2 milliards $", "8200000000"),
        ("ten thousand", "dix mille", "10000"),
        ("five wards", "cinq salles", "5"),
        ("Seven boats", "Sept bateaux", "7"),
        ("Jan. 12", "12 janvier", "01-12"),
        ("March 1", "1er mars", "03-01"),
        ("September 7", "7 septembre", "09-07"),
        ("Sept. 7", "7 sept.", "09-07"),
        ("Aug. 31", "31 août", "08-31"),
        ("in November", "en novembre", "m11"),
        ("since May", "depuis mai", "m5"),
        ("2023", "2023", "y2023"),
        ("3800 sheep", "3800 moutons", "3800"),
    ],
)
def test_a_figure_is_the_same_in_both_languages(english: str, french: str, value: str) -> None:
    assert values(f"They say {english} there.") == [value]
    assert values(f"On dit {french} ici.") == [value]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No figure stands here, on Monday or on Tuesday.",
        "Il arrivera mercredi, dit-elle.",
        "One of them may march.",  # a verb, and a number that is more often a pronoun
        "Un des mille navires.",
    ],
)
def test_what_is_no_figure(text: str) -> None:
    assert values(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("From Jan. 12, 2024, to 5 p.m.", ["01-12", "y2024", "5"]),
        ("Le 1er avril 2024, 31 juments", ["04-01", "y2024", "31"]),
        ("up 12.6 per cent to 8,100 from 7,204 in May", ["12.6", "8100", "7204", "m5"]),
        ("route 99 and 45 September buses", ["99", "45"]),  # no month has forty-five days
        ("the zqz 5 and zqz", ["5"]),  # whatever stands in a text, its figures are found
        ("B52, C-12 and 3rd", ["52", "12", "3"]),
        ("٣٤٥ people", ["345"]),
        ("sept septembre", []),
    ],
)
def test_the_figures_of_a_sentence_in_order(text: str, expected: list[str]) -> None:
    assert values(text) == expected


def test_large_numbers_keep_their_last_digit() -> None:
    assert values("1,234,567.5 and 1,234,568.5 and 123456789012") == ["1234567.5", "1234568.5", "123456789012"]


def test_another_figure_between_the_same_words_has_the_same_neighbours() -> None:
    (old,) = figures("The board says it will close 14 of its rooms this spring.")
    (new,) = figures("The board says it will close 41 of its rooms this spring.")
    assert (old.before, old.after) == (new.before, new.after)
    assert old.value != new.value


def test_neighbours_pass_over_case_accents_punctuation_and_the_month_of_a_day() -> None:
    (plain,) = figures("the harbour authority counted 4,310 containers in the yard")
    (other,) = figures("The Harbour “authority” counted, 4310 containers — in the yard.")
    assert plain == other
    (english,) = figures("the hearing will begin on Feb. 3 in the old mill")
    (later,) = figures("the hearing will begin on March 17 in the old mill")
    assert (english.before, english.after) == (later.before, later.after)


def test_at_the_ends_of_a_text_neighbours_are_unknown() -> None:
    (first,) = figures("44 geese were counted there")
    assert first.before == 0
    assert first.after != 0
    (last,) = figures("they say there were 44")
    assert last.before != 0
    assert last.after == 0


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("the mayor, Harold Menzies, said so", ["harold menzies"]),
        ("dit Élodie Saint-Amour, mairesse", ["elodie saint amour"]),
        ("O’Neill came, then Anna-Lise O’Neill left", ["anna lise o neill"]),
        ("nobody at all", []),
        ("an iPhone and McKay met JeanPaul", []),
    ],
)
def test_names_of_two_words_or_more(text: str, names: list[str]) -> None:
    assert [name.value for name in named(text)] == names


def test_a_name_stands_between_its_neighbours() -> None:
    (harold,) = named("said keeper Harold Menzies of the zoo")
    (helen,) = named("said keeper Helen Menzies of the zoo")
    assert (harold.before, harold.after) == (helen.before, helen.after)
    (elsewhere,) = named("asked keeper Harold Menzies of the zoo")
    assert harold.before != elsewhere.before


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400))
def test_any_text_has_figures_and_names_within_bounds(text: str) -> None:
    found = figures(text)
    assert found == figures(text)
    assert len(found) <= MOST_FIGURES
    assert all(0 <= figure.before < 2**32 and 0 <= figure.after < 2**32 and figure.value for figure in found)
    assert len(named(text)) <= MOST_NAMES


@given(
    st.lists(st.sampled_from(["zqz", "0", "1", "er", "sept", "mai", "12", "1er", "million", "in", "é\u0301", "1,5"]))
)
def test_words_that_mean_something_to_figures_may_stand_anywhere(words: list[str]) -> None:
    assert len(figures(" ".join(words))) <= len(words)


@given(st.integers(0, 10**12), st.sampled_from([",", " ", "\u00a0", "\u202f", ""]))
def test_thousands_are_parted_in_every_way(number: int, mark: str) -> None:
    said = values(f"They counted {number:,} gulls".replace(",", mark))
    assert said == [f"y{number}" if 1900 <= number < 2100 and not mark else f"{number}"]


@pytest.mark.parametrize("text", ["7 " * 100_000, "1,000" * 50_000, "1 000 " * 80_000, "Ab " * 150_000, "9" * 400_000])
def test_a_long_text_of_one_figure_or_name_takes_no_time(text: str) -> None:
    assert len(figures(text)) <= MOST_FIGURES
    assert all(len(figure.value) < 40 for figure in figures(text))
    assert len(named(text)) <= MOST_NAMES
