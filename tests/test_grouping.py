"""Which articles are one piece of work: a function of texts and ties, never of the order in which they came."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.stories.fingerprint import fingerprint
from monitor.stories.grouping import Pair, groups
from monitor.stories.likeness import DECLARED, tie
from monitor.types import Credit, Fingerprint, Kill, Notice, Text, Tie, TieKind
from tests import wire
from tests.builders import NOW, article

SAME, APART, TRANSLATION, KILL = TieKind.SAME, TieKind.APART, TieKind.TRANSLATION, TieKind.KILL
CP = wire.AGENCY


def text(number: int, article_id: int | None = None, **said: Any) -> Text:
    """A text that is the first of the article of its own number, unless another is given."""
    own = number if article_id is None else article_id
    print_ = Fingerprint(**{"text_hash": None, "words": 90, "body_hash": f"{number}", "language": "en"} | said)
    return Text(
        id=number, article_id=own, number=1, name=f"http://{own}.test/", publisher=f"P{own}", at=NOW, fingerprint=print_
    )


def arranged(texts: Sequence[Text], ties: Mapping[Pair, tuple[TieKind, float]], **ruled: Any) -> set[frozenset[int]]:
    return set(groups(texts, {pair: Tie(kind=kind, score=score) for pair, (kind, score) in ties.items()}, **ruled))


def sets(*groups_: Sequence[int]) -> set[frozenset[int]]:
    return {frozenset(group) for group in groups_}


ONE, TWO, THREE, FOUR = (text(number) for number in (1, 2, 3, 4))


def test_texts_without_ties_are_stories_of_their_own() -> None:
    assert arranged([ONE, TWO], {}) == sets([1], [2])
    assert arranged([], {}) == set()


def test_versions_of_an_article_are_one_and_what_is_like_any_of_them() -> None:
    assert arranged([ONE, text(5, 1), TWO], {(2, 5): (SAME, 0.4)}) == sets([1, 2])
    assert arranged([ONE, text(5, 1)], {(1, 5): (APART, 0.9)}) == sets([1])


def test_a_short_copy_goes_to_the_instalment_that_it_is_more_like() -> None:
    ties = {(1, 2): (APART, 0.9), (1, 3): (SAME, 0.6), (2, 3): (SAME, 0.7)}
    assert arranged([ONE, TWO, THREE], ties) == sets([1], [2, 3])


def test_what_is_apart_stays_apart_through_others() -> None:
    ties = {(1, 2): (SAME, 0.9), (2, 3): (SAME, 0.8), (3, 4): (SAME, 0.9), (1, 4): (APART, 0.9)}
    assert arranged([ONE, TWO, THREE, FOUR], ties) == sets([1, 2], [3, 4])


def test_what_an_operator_joined_is_together_though_apart() -> None:
    ties = {(1, 2): (APART, 0.9)}
    assert arranged([ONE, TWO, THREE], ties, joined=[(1, 2), (2, 3)]) == sets([1, 2, 3])


def test_a_copy_of_what_an_operator_joined_follows_it() -> None:
    ties = {(1, 2): (APART, 0.9), (1, 3): (SAME, 0.9), (2, 3): (APART, 0.8)}
    assert arranged([ONE, TWO, THREE], ties, joined=[(1, 2)]) == sets([1, 2, 3])


def test_what_an_operator_parted_is_apart_though_the_same() -> None:
    ties = {(1, 2): (SAME, 1.0), (2, 3): (SAME, 0.5)}
    assert arranged([ONE, TWO, THREE], ties, parted=[(1, 2)]) == sets([1], [2, 3])


def test_rulings_about_articles_that_are_elsewhere_say_nothing() -> None:
    assert arranged([ONE], {}, joined=[(1, 9)], parted=[(1, 8)]) == sets([1])


def test_of_each_language_one_group_and_the_surest() -> None:
    texts = [text(1, official=True), *(text(number, language="fr", official=True) for number in (5, 6))]
    ties = {(1, 5): (TRANSLATION, 0.6), (1, 6): (TRANSLATION, 0.7)}
    assert arranged(texts, ties) == sets([1, 6], [5])
    assert arranged(texts, ties | {(5, 6): (SAME, 0.4)}) == sets([1, 5, 6])


def test_what_nobody_is_credited_with_is_translated_by_a_government_its_publisher_or_who_says_so() -> None:
    french = text(5, language="fr")
    assert arranged([ONE, french], {(1, 5): (TRANSLATION, 1.0)}) == sets([1], [5])
    assert arranged([ONE, french], {(1, 5): (TRANSLATION, DECLARED)}) == sets([1, 5])
    assert arranged([ONE, replace(french, publisher=ONE.publisher)], {(1, 5): (TRANSLATION, 1.0)}) == sets([1, 5])


def test_an_agencys_story_is_no_translation_of_somebody_elses() -> None:
    french = text(5, language="fr", agency=CP)
    assert arranged([ONE, french], {(1, 5): (TRANSLATION, 1.0)}) == sets([1], [5])
    assert arranged([text(1, agency=CP), french], {(1, 5): (TRANSLATION, 1.0)}) == sets([1, 5])


@pytest.mark.parametrize("first", [5, 6])
def test_of_two_equal_copies_at_one_address_the_publisher_decides(first: int) -> None:
    """A site may print the same page for two publishers: neither the numbers nor the order of ties may decide."""
    twins = {number: replace(text(number, language="fr", body_hash="x", official=True), name="x") for number in (5, 6)}
    named = {5: "A" if first == 5 else "B", 6: "B" if first == 5 else "A"}
    texts = [text(1, official=True), *(replace(twin, publisher=named[number]) for number, twin in twins.items())]
    assert arranged(texts, {(1, 5): (TRANSLATION, 0.6), (1, 6): (TRANSLATION, 0.6)}) == sets([1, first], [11 - first])
    assert arranged(texts, {(1, 6): (TRANSLATION, 0.6), (1, 5): (TRANSLATION, 0.6)}) == sets([1, first], [11 - first])


NOTICE = text(9, killed="a headline", agency=CP)


def test_a_kill_is_with_every_copy_of_what_it_withdraws() -> None:
    ties = {(1, 2): (SAME, 0.9), (1, 9): (KILL, 1.0)}
    assert arranged([ONE, TWO, THREE, NOTICE], ties) == sets([1, 2, 9], [3])


def test_a_kill_does_not_join_its_story_with_an_unsigned_one_of_the_same_headline() -> None:
    ties = {(1, 9): (KILL, 1.0), (2, 9): (KILL, 0.5)}
    assert arranged([text(1, agency=CP), TWO, NOTICE], ties) == sets([1, 9], [2])
    assert arranged([TWO, NOTICE], {(2, 9): (KILL, 0.5)}) == sets([2, 9])  # all that there is


def test_a_headline_twin_survives_a_kill() -> None:
    said: dict[str, Any] = {"title": "Tie vote, again", "published_at": wire.DAY}
    signed = Credit(agency=CP)
    kill = Credit(agency=CP, notice=Notice.KILL, kill=Kill(headline="Tie vote, again"))
    prints = [
        fingerprint(article(text="\n\n".join(wire.SAME_HEADLINE), credit=signed, **said)),
        fingerprint(article(text="\n\n".join(wire.SAME_HEADLINE_TWIN), **said)),
        fingerprint(article(text="KILL", title="Kill", credit=kill, published_at=wire.DAY)),
    ]
    texts = [
        Text(id=n, article_id=n, number=1, name=f"{n}", publisher="P", at=NOW, fingerprint=print_)
        for n, print_ in enumerate(prints)
    ]
    ties = {(a.id, b.id): found for a, b in combinations(texts, 2) if (found := tie(a.fingerprint, b.fingerprint))}
    assert set(groups(texts, ties)) == sets([0, 2], [1])


# --- properties ------------------------------------------------------------------------------------------------------


@st.composite
def archives(draw: st.DrawFn) -> tuple[list[Text], dict[Pair, Tie], list[Pair]]:
    """Texts of a few articles, some of them twins at another publisher, ties of all kinds, and pairs of articles."""
    count = draw(st.integers(1, 7))
    texts: list[Text] = []
    for article_id in range(count):
        for number in range(1, draw(st.integers(1, 2)) + 1):
            print_ = Fingerprint(
                text_hash=None,
                words=90,
                body_hash=draw(st.sampled_from("ab")),
                language=draw(st.sampled_from(["en", "fr", None])),
                agency=draw(st.sampled_from([CP, None])),
                killed=draw(st.sampled_from([None, None, None, "headline"])),
            )
            texts.append(
                Text(
                    id=len(texts),
                    article_id=article_id,
                    number=number,
                    name=draw(st.sampled_from("xy")),
                    publisher=f"P{article_id}",
                    at=NOW,
                    fingerprint=print_,
                )
            )
    pairs = [(a.id, b.id) for a, b in combinations(texts, 2) if a.article_id != b.article_id]
    kinds = st.builds(
        Tie, kind=st.sampled_from([SAME, SAME, APART, KILL, TRANSLATION]), score=st.sampled_from([0.5, 1])
    )
    ties = draw(st.dictionaries(st.sampled_from(pairs), kinds)) if pairs else {}
    articles = st.integers(0, count - 1)
    ruled = (
        draw(st.lists(st.tuples(articles, articles).filter(lambda pair: pair[0] < pair[1]), max_size=2))
        if count > 1
        else []
    )
    return texts, ties, ruled


@given(archives(), st.randoms(use_true_random=False), st.booleans())
def test_neither_the_order_of_arrival_nor_the_numbers_count(
    archive: tuple[list[Text], dict[Pair, Tie], list[Pair]], random: Any, join: bool
) -> None:
    texts, ties, ruled = archive
    ids = random.sample(range(100), len(texts))
    articles = random.sample(range(100), len(texts))
    other = [replace(one, id=ids[one.id], article_id=articles[one.article_id]) for one in texts]
    random.shuffle(other)
    mixed = random.sample(sorted(ties), len(ties))
    their_ties = {_pair(ids[a], ids[b]): ties[a, b] for a, b in mixed}
    rulings = {"joined" if join else "parted": ruled}
    their_rulings = {name: [_pair(articles[a], articles[b]) for a, b in pairs] for name, pairs in rulings.items()}
    ours = groups(texts, ties, **rulings)
    assert {frozenset(articles[a] for a in group) for group in ours} == set(groups(other, their_ties, **their_rulings))


def _pair(a: int, b: int) -> Pair:
    return min(a, b), max(a, b)


@given(archives())
def test_every_article_is_in_one_group_and_none_with_what_is_apart(
    archive: tuple[list[Text], dict[Pair, Tie], list[Pair]],
) -> None:
    texts, ties, parted = archive
    found = groups(texts, ties, parted=parted)
    of = {article_id: group for group in found for article_id in group}
    assert sorted(a for group in found for a in group) == sorted({one.article_id for one in texts})
    article_of = {one.id: one.article_id for one in texts}
    apart = [(article_of[a], article_of[b]) for (a, b), held in ties.items() if held.kind is APART]
    for one, other in [*apart, *parted]:
        assert of[one] is not of[other]


@given(archives())
def test_what_is_joined_is_together(archive: tuple[list[Text], dict[Pair, Tie], list[Pair]]) -> None:
    texts, ties, joined = archive
    found = groups(texts, ties, joined=joined)
    assert sorted(a for group in found for a in group) == sorted({one.article_id for one in texts})
    for one, other in joined:
        assert any({one, other} <= group for group in found)
