"""What a change is: the tables of docs/changes.md, and properties that hold for any two texts."""

import random
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.stories.alignment import common, likest
from monitor.stories.changes import Wording, change
from monitor.stories.pieces import PieceKind, diff
from monitor.types import Change, ChangeKind, ChangeReason, Replaced

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "changes.md").read_text("utf-8")
TITLE = "A headline"
STORY = (
    "Toronto will hand back a hotel that has sheltered claimants since 2027.\n\n"
    "Shelter manager Olu Craig says 310 rooms on Dixon Road will be returned on May 1. Families will move.\n\n"
    "“We would rather put the money into leases,” Craig said Tuesday."
)


def rows(heading: str) -> Iterator[list[str]]:
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")][2:]
    yield from ([cell.strip() for cell in line.strip("|").split("|")] for line in table)


def bodies(before: str, after: str) -> Change:
    ours, theirs = (text.replace(" ¶ ", "\n\n") for text in (before, after))
    return change(Wording(title=TITLE, body=ours), Wording(title=TITLE, body=theirs))


def named(reasons: tuple[ChangeReason, ...]) -> str:
    return ", ".join(reason.value for reason in reasons)


@pytest.mark.parametrize(("what", "before", "after", "reasons"), list(rows("Trivial")))
@pytest.mark.parametrize("around", ["{}", f"{STORY}\n\n{{}}", f"{{}}\n\n{STORY}"])
def test_a_trivial_change(what: str, before: str, after: str, reasons: str, around: str) -> None:
    found = bodies(around.format(before), around.format(after))
    assert (found.kind, named(found.reasons)) == (ChangeKind.TRIVIAL, reasons), (what, found)
    assert not found.corrects
    assert found.replaced == ()
    assert bodies(around.format(after), around.format(before)).kind is ChangeKind.TRIVIAL


@pytest.mark.parametrize(("what", "before", "after", "reasons", "correction"), list(rows("Substantive")))
@pytest.mark.parametrize("around", ["{}", f"{STORY}\n\n{{}}", f"{{}}\n\n{STORY}"])
def test_a_substantive_change(what: str, before: str, after: str, reasons: str, correction: str, around: str) -> None:
    found = bodies(around.format(before), around.format(after))
    assert (found.kind, named(found.reasons)) == (ChangeKind.SUBSTANTIVE, reasons), (what, found)
    assert found.corrects == (correction == "yes")
    assert bodies(around.format(after), around.format(before)).kind is ChangeKind.SUBSTANTIVE


@pytest.mark.parametrize(("what", "before", "after", "kind", "reasons"), list(rows("Headlines")))
def test_a_headline(what: str, before: str, after: str, kind: str, reasons: str) -> None:
    found = change(Wording(title=before, body=STORY), Wording(title=after, body=STORY))
    assert (found.kind.value, named(found.reasons)) == (kind, reasons), what
    assert found.corrects == (kind == "substantive")


def test_the_tables_are_read() -> None:
    assert [len(list(rows(heading))) > least for heading, least in (("Trivial", 35), ("Substantive", 35))] == [True] * 2
    assert len(list(rows("Headlines"))) > 5


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("310 rooms", "210 rooms", ("310 rooms", "210 rooms")),
        ("Olu Craig", "Ola Craig", ("Olu Craig", "Ola Craig")),
        ("May 1", "May 2", ("May 1", "May 2")),
        ("would rather", "would never", ("rather", "never")),
        ("will be", "will not be", ("", "not")),
    ],
)
def test_the_words_of_a_correction_are_told(before: str, after: str, words: tuple[str, str]) -> None:
    assert bodies(STORY, STORY.replace(before, after)).replaced == (Replaced(before=words[0], after=words[1]),)


def test_the_same_wording_is_no_change() -> None:
    assert bodies(STORY, STORY) == Change(kind=ChangeKind.NONE)


def test_of_a_body_that_is_not_known_nothing_is_said() -> None:
    for ours, theirs in ((None, STORY), (STORY, None), (None, None)):
        assert change(Wording(title=TITLE, body=ours), Wording(title=TITLE, body=theirs)).kind is ChangeKind.NONE
        other = change(Wording(title=TITLE, body=ours), Wording(title="Other words", body=theirs))
        assert other.reasons == (ChangeReason.HEADLINE,)


TEXTS = st.text(alphabet='ab .\n”“"é1’-$%', max_size=60) | st.text(max_size=60)


@given(TEXTS, TEXTS)
def test_pieces_give_both_texts_back(before: str, after: str) -> None:
    pieces = diff(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind is not PieceKind.ADDED) == before
    assert "".join(piece.text for piece in pieces if piece.kind is not PieceKind.REMOVED) == after
    assert all(piece.text for piece in pieces)


@given(TEXTS, TEXTS)
def test_any_two_texts_can_be_compared(before: str, after: str) -> None:
    found = bodies(before, after)
    assert (found.kind is ChangeKind.NONE) == (before.replace(" ¶ ", "\n\n") == after.replace(" ¶ ", "\n\n"))
    assert (found.kind is ChangeKind.NONE) == (not found.reasons)
    assert bodies(after, before).kind is found.kind


@given(st.lists(st.sampled_from("abcd")), st.lists(st.sampled_from("abcd")))
def test_what_two_sequences_have_in_common_ascends_in_both(before: list[str], after: list[str]) -> None:
    pairs = common(before, after)
    assert all(before[i] == after[j] for i, j in pairs)
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))


def test_sentences_are_paired_with_the_likest_in_order() -> None:
    ours = ["a b c d", "e f g h", "i j k l"]
    theirs = ["x y z", "a b c x", "i j k m", "e f g x"]
    assert likest([s.split() for s in ours], [s.split() for s in theirs], 0.5) == [(0, 1), (2, 2)]


def shown(before: str | None, after: str | None) -> str:
    form = {PieceKind.SAME: "{}", PieceKind.REMOVED: "-[{}]", PieceKind.ADDED: "+[{}]"}
    return "".join(form[piece.kind].format(piece.text) for piece in diff(before, after))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("He says 310 rooms will go.", "He says 210 rooms will go.", "He says -[310]+[210] rooms will go."),
        ("The road is closed.\n\nBuses wait.", "The road is closed.\n\nSnow fell.\n\nBuses wait.",
         "The road is closed.\n\n+[Snow fell.\n\n]Buses wait."),
        ("It rose in 2027 and 2028 again.", "It rose in 2028 and 2029 again.",
         "It rose in -[2027 and 2028]+[2028 and 2029] again."),
        ("The council met on the road plan again.", "A hearing is set for the fall at noon.",
         "-[The council met on the road plan again.]+[A hearing is set for the fall at noon.]"),
        (None, "Buses wait.", "+[Buses wait.]"),
        ("Buses wait.", None, "-[Buses wait.]"),
        (None, None, ""),
    ],
)  # fmt: skip
def test_pieces_are_for_people(before: str | None, after: str | None, expected: str) -> None:
    assert shown(before, after) == expected


WORDS = [f"word{number}" for number in range(2000)]


def prose(seed: int, words: int) -> str:
    chosen = random.Random(seed)  # noqa: S311 - not a secret
    sentences = [" ".join(chosen.choices(WORDS, k=20)).capitalize() + "." for _ in range(words // 20)]
    return "\n\n".join(" ".join(sentences[at : at + 3]) for at in range(0, len(sentences), 3))


@pytest.mark.unmeasured
@pytest.mark.parametrize("after", [prose(2, 5000), prose(1, 5000)[::-1], prose(1, 5000).replace("word1", "word2")])
def test_five_thousand_words_take_less_than_a_second(after: str) -> None:
    before = prose(1, 5000)
    began = time.perf_counter()
    change(Wording(title=TITLE, body=before), Wording(title=TITLE, body=after))
    diff(before, after)
    assert time.perf_counter() - began < 2  # both together


HOSTILE = {
    "one word, five million characters": ("word " * 1_000_000, "word " * 999_999 + "more"),
    "one word": ("word " * 79_000, "more " + "word " * 78_000 + "more word"),
    "one sentence": ("Word. " * 60_000, "Word. Other. " * 30_000),
    "two words": ("a b " * 99_000, "b a a " * 66_000),
    "grouped digits": ("1 111" * 79_000, "1 111" * 78_000 + " 12"),
    "dots": ("a." * 199_000, "a." * 198_000 + "b"),
    "quotation marks": ('"' * 399_000, "\"'a" * 133_000),
    "blank lines": ("\n " * 199_000 + "a", "a" + "\n \n" * 133_000),
    "spaces in sentences": ("a. " + " " * 399_000 + "b", "a." + " " * 399_000),
    "blank lines, five million characters": ("\n " * 2_500_000 + "a", "a" + "\n \n" * 1_600_000),
}


@pytest.mark.unmeasured
@pytest.mark.parametrize("case", HOSTILE)
def test_no_text_takes_long(case: str) -> None:
    before, after = HOSTILE[case]
    began = time.perf_counter()
    change(Wording(title=TITLE, body=before), Wording(title=TITLE, body=after))
    diff(before, after)
    assert time.perf_counter() - began < 15
