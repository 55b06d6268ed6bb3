"""Who wrote a story first, which take of it each text is, and what each article is to the origin."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.stories.fingerprint import fingerprint
from monitor.stories.grouping import groups
from monitor.stories.likeness import tie
from monitor.stories.lineage import kept, lineage
from monitor.types import Credit, Fingerprint, Kill, Notice, Part, Relation, Text
from tests import wire
from tests.builders import article

CP = wire.AGENCY
ORIGIN, PICKUP, VERSION = Relation.ORIGIN, Relation.PICKUP, Relation.VERSION
CORRECTION, TRANSLATION = Relation.CORRECTION, Relation.TRANSLATION


def print_of(paragraphs: Sequence[str], **changed: Any) -> Fingerprint:
    said = {"text": "\n\n".join(paragraphs), "published_at": wire.DAY, **changed}
    return fingerprint(article("http://desk.test/a", **said))


def text(
    number: int,
    paragraphs: Sequence[str],
    hours: float = 0,
    *,
    article_id: int | None = None,
    version: int = 1,
    publisher: str | None = None,
    **changed: Any,
) -> Text:
    """A text that came out so many hours after the first morning."""
    own = number if article_id is None else article_id
    return Text(
        id=number,
        article_id=own,
        number=version,
        name=f"http://{own}.test/",
        publisher=publisher or f"Paper {own}",
        at=wire.DAY + timedelta(hours=hours),
        fingerprint=print_of(paragraphs, **changed),
    )


def relations(*texts: Text) -> dict[int, Relation]:
    return {part.article_id: part.relation for part in lineage(texts).parts}


def takes(*texts: Text) -> dict[int, int]:
    return dict(lineage(texts).takes)


SIGNED: dict[str, Any] = {"credit": Credit(agency=CP)}


def test_the_agencys_own_is_the_origin_though_it_was_seen_last() -> None:
    own = text(1, wire.FERRY, 5, publisher=CP, **SIGNED)
    copies = [text(2, wire.FERRY, 1, **SIGNED), text(3, wire.FERRY[:2], 2)]
    assert relations(own, *copies) == {1: ORIGIN, 2: PICKUP, 3: PICKUP}
    assert relations(*copies) == {2: ORIGIN, 3: PICKUP}


def test_the_agencys_own_in_french_is_known_by_its_french_name() -> None:
    own = text(1, wire.ORCHARD_FR, 5, publisher="La Presse Canadienne", language="fr", **SIGNED)
    newspaper = text(2, wire.ORCHARD_FR, 5, publisher="La Presse", language="fr", **SIGNED)
    copy = text(3, wire.ORCHARD_FR, 1, language="fr", **SIGNED)
    assert relations(own, copy) == {1: ORIGIN, 3: PICKUP}
    assert relations(newspaper, copy) == {3: ORIGIN, 2: PICKUP}


def test_the_origin_is_in_the_language_in_which_the_story_was_written() -> None:
    said: dict[str, Any] = {"credit": Credit(agency=CP, first_language="fr")}
    english, french = text(1, wire.ORCHARD_EN, **said), text(2, wire.ORCHARD_FR, 9, language="fr")
    assert relations(english, french) == {2: ORIGIN, 1: TRANSLATION}
    assert relations(english) == {1: ORIGIN}  # what was never seen is no origin
    first = text(1, wire.ORCHARD_EN)
    assert relations(first, french) == {1: ORIGIN, 2: TRANSLATION}


def test_of_equal_texts_of_one_moment_and_address_the_publisher_decides() -> None:
    one, other = (replace(text(number, wire.FERRY), name="x") for number in (1, 2))
    for mine, theirs in (("A", "B"), ("B", "A")):
        texts = [replace(one, publisher=mine), replace(other, publisher=theirs)]
        origin = 1 if mine == "A" else 2
        assert relations(*texts)[origin] is relations(*texts[::-1])[origin] is ORIGIN


def test_a_release_is_the_origin_of_what_repeats_it() -> None:
    release = text(1, wire.RELEASE_EN, 3, official=True)
    assert relations(release, text(2, wire.RELEASE_EN, 1)) == {1: ORIGIN, 2: PICKUP}


def test_a_write_thru_is_a_later_take_and_its_copies_versions() -> None:
    texts = (
        text(1, wire.FERRY, publisher=CP, **SIGNED),
        text(2, wire.FERRY, 1),
        text(3, wire.FERRY_LATER, 8),
        text(4, wire.FERRY_LATER[:6], 9),
        text(5, wire.FERRY, 40),  # a slow weekly prints the first take
        text(6, wire.FERRY[:4], 41),
    )
    assert relations(*texts) == {1: ORIGIN, 2: PICKUP, 3: VERSION, 4: VERSION, 5: PICKUP, 6: PICKUP}
    assert takes(*texts) == {1: 1, 2: 1, 3: 2, 4: 2, 5: 1, 6: 1}


def test_the_origin_may_be_updated_in_place() -> None:
    texts = (
        text(1, wire.FERRY, article_id=1, publisher=CP, **SIGNED),
        text(2, wire.FERRY_LATER, 8, article_id=1, version=2, publisher=CP, **SIGNED),
        text(3, wire.FERRY, 1),
        text(4, wire.FERRY_LATER, 9),
    )
    assert relations(*texts) == {1: ORIGIN, 3: PICKUP, 4: PICKUP}
    assert takes(*texts) == {1: 1, 2: 2, 3: 1, 4: 2}


@pytest.mark.parametrize("note", [None, "This is a corrected story."])
@pytest.mark.parametrize("wrong", ["6.5 per cent", "Perpetua Lindqvist"])
def test_a_corrected_figure_or_name_is_a_correction_with_and_without_a_note(note: str | None, wrong: str) -> None:
    right = {"6.5 per cent": "5.6 per cent", "Perpetua Lindqvist": "Petronella Lindqvist"}[wrong]
    corrected = [paragraph.replace(wrong, right) for paragraph in wire.CLINIC]
    texts = (
        text(1, wire.CLINIC, publisher=CP, **SIGNED),
        text(2, wire.CLINIC, 1),
        text(3, corrected, 5, credit=Credit(correction=note)),
        text(4, corrected, 6),
        text(5, wire.CLINIC, 7),
    )
    assert relations(*texts) == {1: ORIGIN, 2: PICKUP, 3: CORRECTION, 4: CORRECTION, 5: PICKUP}


def test_an_alert_is_before_every_take() -> None:
    alert: dict[str, Any] = {"credit": Credit(agency=CP, notice=Notice.NEWS_ALERT)}
    texts = (text(1, wire.CLINIC, publisher=CP, **SIGNED), text(2, wire.CLINIC_ALERT, 1, **alert))
    assert takes(*texts) == {2: 1, 1: 2}


def test_a_kill_withdraws_the_story_and_is_its_last_take() -> None:
    notice: dict[str, Any] = {"credit": Credit(agency=CP, notice=Notice.KILL, kill=Kill(headline="A headline"))}
    texts = (text(1, wire.QUARRY, **SIGNED), text(2, wire.QUARRY, 1), text(3, ["KILL"], 2, publisher=CP, **notice))
    found = lineage(texts)
    assert found.withdrawn
    assert {part.article_id: part.relation for part in found.parts} == {1: ORIGIN, 2: PICKUP, 3: Relation.KILL}
    assert found.takes == {1: 1, 2: 1, 3: 2}
    assert not lineage(texts[:2]).withdrawn
    elsewhere = lineage((*texts[:2], text(3, ["KILL"], 2, **notice)))
    assert (elsewhere.withdrawn, elsewhere.taken_back, elsewhere.parts) == (False, frozenset({3}), found.parts)
    in_full = Credit(
        agency=CP,
        notice=Notice.KILL,
        kill=Kill(headline="A headline", slug="Que-Quarry", moved_on=wire.DAY.date().isoformat()),
    )
    assert lineage((*texts[:2], text(3, ["KILL"], 2, credit=in_full))).withdrawn  # as carriers' systems print it
    assert lineage(texts[2:]).parts == (Part(article_id=3, relation=ORIGIN, kept=1.0),)


@pytest.mark.parametrize(
    ("what", "copy", "share"),
    [
        ("all", wire.FERRY, 1.0),
        ("half", wire.FERRY[:4], 0.69),
        ("a brief", wire.FERRY[:1], 0.2),
        ("nothing", wire.SAME_HEADLINE, 0.0),
    ],
)
def test_how_much_of_the_origin_a_copy_kept(what: str, copy: Sequence[str], share: float) -> None:
    assert kept(print_of(copy), print_of(wire.FERRY)) == pytest.approx(share, abs=0.1), what


def test_what_has_no_text_kept_no_share() -> None:
    bare = fingerprint(article(text=None))
    assert kept(bare, print_of(wire.FERRY)) is None
    assert kept(print_of(wire.FERRY), bare) is None


@pytest.mark.parametrize("family", ["ferry", "orchard", "quarry", "clinic", "tie-yard", "reservoir-1", "airport-other"])
def test_what_carriers_do_makes_no_take(family: str) -> None:
    texts, records = _texts(family)
    found = lineage(texts)
    numbers: dict[tuple[str, int], set[int]] = {}
    for one, record in zip(texts, records, strict=True):
        if record.article.publisher != "Valley Voice":  # which writes an opening of its own
            numbers.setdefault((record.language, record.version), set()).add(found.takes[one.id])
    assert all(len(held) == 1 for held in numbers.values()), numbers
    for language in ("en", "fr"):
        ordered = [min(held) for (spoken, _), held in sorted(numbers.items()) if spoken == language]
        assert ordered == sorted(set(ordered))


def _texts(family: str | None) -> tuple[list[Text], list[wire.Record]]:
    records = [record for record in wire.families() if family in {None, record.family}]
    return [
        Text(
            id=number,
            article_id=number,
            number=1,
            name=record.article.addresses[0].identity,
            publisher=record.article.publisher,
            at=record.article.published_at or wire.DAY,
            fingerprint=fingerprint(record.article),
        )
        for number, record in enumerate(records)
    ], records


# --- properties ------------------------------------------------------------------------------------------------------

_POOL = [
    *(fingerprint(record.article) for record in wire.families() if record.family in {"ferry", "clinic"}),
    print_of(["KILL"], credit=Credit(agency=CP, notice=Notice.KILL, kill=Kill(headline="A headline"))),
    fingerprint(article(text=None, language=None)),
]


@st.composite
def stories(draw: st.DrawFn) -> list[Text]:
    """Texts of one story: articles of one or more versions, some at one address and hour at several publishers."""
    texts: list[Text] = []
    for article_id in range(draw(st.integers(1, 6))):
        name, publisher = draw(st.sampled_from("xy")), draw(st.sampled_from([CP, "Courier"])) + f" {article_id}"
        publisher = publisher.removesuffix(" 0")
        for number in range(1, draw(st.integers(1, 3)) + 1):
            at: datetime = wire.DAY + timedelta(hours=draw(st.integers(0, 3)))
            print_ = draw(st.sampled_from(_POOL))
            texts.append(
                Text(
                    id=len(texts),
                    article_id=article_id,
                    number=number,
                    name=name,
                    publisher=publisher,
                    at=at,
                    fingerprint=print_,
                )
            )
    return texts


@settings(deadline=None)
@given(stories(), st.randoms(use_true_random=False))
def test_neither_the_order_of_arrival_nor_the_numbers_count(texts: list[Text], random: Any) -> None:
    ids, articles = (random.sample(range(100), len(texts)) for _ in range(2))
    other = [replace(one, id=ids[one.id], article_id=articles[one.article_id]) for one in texts]
    random.shuffle(other)
    ours, theirs = lineage(texts), lineage(other)
    assert {ids[number]: take for number, take in ours.takes.items()} == theirs.takes
    assert ours.withdrawn == theirs.withdrawn
    assert articles[ours.parts[0].article_id] == theirs.parts[0].article_id
    assert {(articles[part.article_id], part.relation, part.kept) for part in ours.parts} == {
        (part.article_id, part.relation, part.kept) for part in theirs.parts
    }


@settings(deadline=None)
@given(stories())
def test_every_article_has_a_part_and_every_text_a_take(texts: list[Text]) -> None:
    found = lineage(texts)
    assert sorted(part.article_id for part in found.parts) == sorted({one.article_id for one in texts})
    assert [part.relation for part in found.parts].count(ORIGIN) == 1
    assert found.parts[0].relation is ORIGIN
    assert all(part.kept is None or 0 <= part.kept <= 1 for part in found.parts)
    assert found.takes.keys() == {one.id for one in texts}
    for language in {one.fingerprint.language for one in texts}:
        numbers = {found.takes[one.id] for one in texts if one.fingerprint.language == language}
        assert numbers == set(range(1, len(numbers) + 1))


# --- the invented items ----------------------------------------------------------------------------------------------


def test_invented_items_are_told_once_and_nothing_else_is_joined() -> None:
    texts, records = _texts(None)
    ties = {(a.id, b.id): found for a, b in combinations(texts, 2) if (found := tie(a.fingerprint, b.fingerprint))}
    of = {number: group for group in groups(texts, ties) for number in group}
    together: dict[str, list[bool]] = {}
    for a, b in combinations(range(len(records)), 2):
        one, other = records[a], records[b]
        if one.family != other.family:
            assert of[a] is not of[b], (one.family, one.article.publisher, other.family, other.article.publisher)
        else:
            pair = "translation" if one.language != other.language else max(one.kind, other.kind, key=_weakness)
            together.setdefault(pair, []).append(of[a] is of[b])
    recall = {pair: sum(held) / len(held) for pair, held in together.items()}
    assert recall.keys() == {"full", "truncated", "brief", "translation"}
    assert recall["full"] >= 0.97, recall
    assert recall["truncated"] >= 0.9, recall
    assert recall["brief"] >= 0.8, recall
    assert recall["translation"] >= 0.8, recall


def _weakness(kind: str) -> int:
    return ("full", "truncated", "brief").index(kind)
