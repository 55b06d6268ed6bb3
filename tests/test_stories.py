"""What a reading is to what the archive has."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.stories import fingerprint
from monitor.types import AddressKind, Article, Credit, Kill, Neighbour, Notice, Verdict
from tests import wire
from tests.builders import LONG, STORIES, address, article, words


def known(found: Article, **changed: Any) -> Neighbour:
    print_ = fingerprint(found)
    fields: dict[str, Any] = {
        "article_id": 1, "story_id": 1, "publisher": found.publisher, "title": found.title,
        "source_id": found.source_id,
        "identities": frozenset(a.identity for a in found.addresses), "text_hash": print_.text_hash,
        "words": print_.words, "partial": found.partial, "version": 1, "text": found.text, "language": found.language,
        "fingerprint": print_,
    }  # fmt: skip
    return Neighbour(**fields | changed)


def verdict(found: Article, *neighbours: Neighbour) -> Verdict:
    return STORIES.place(found, fingerprint(found), neighbours).verdict


def test_the_first_of_its_kind_is_new() -> None:
    assert verdict(article()) is Verdict.NEW


def test_the_same_address_with_the_same_words_is_known() -> None:
    assert verdict(article(text=LONG.upper() + "!"), known(article())) is Verdict.KNOWN


def test_the_same_address_with_other_words_is_a_version() -> None:
    assert verdict(article(text=LONG + " more"), known(article())) is Verdict.VERSION


def test_the_same_text_at_the_same_publisher_is_known_under_one_more_name() -> None:
    assert verdict(article("http://desk.test/other"), known(article())) is Verdict.KNOWN


def test_the_same_invitation_to_subscribe_is_not_the_same_article() -> None:
    other = article("http://desk.test/other", title="Roxham Road closed again")
    assert verdict(other, known(article(title="Budget day"))) is Verdict.NEW
    assert verdict(other, known(article(title="Roxham Road reopens"))) is Verdict.KNOWN
    long = article("http://desk.test/other", title="Roxham Road closed again", text=LONG * 3)
    assert verdict(long, known(article(title="Budget day", text=LONG * 3))) is Verdict.KNOWN


def test_a_teaser_of_another_source_does_not_replace_the_text() -> None:
    teaser = article(source_id="front-page", text="Only the teaser of it all.")
    assert verdict(teaser, known(article())) is Verdict.KNOWN
    assert verdict(article(text="Only the teaser of it all."), known(article())) is Verdict.VERSION
    assert verdict(article(source_id="front-page", text=LONG + " more"), known(article())) is Verdict.VERSION


def test_the_same_text_at_another_publisher_is_an_article_of_its_own() -> None:
    other = article("http://other.test/x", publisher="Other", text=LONG * 3)
    placement = STORIES.place(other, fingerprint(other), [known(article(text=LONG * 3), article_id=7, story_id=3)])
    assert (placement.verdict, placement.story_id, placement.article_id) == (Verdict.NEW, None, None)


def test_a_known_article_is_named_with_its_story() -> None:
    placement = STORIES.place(article(), fingerprint(article()), [known(article(), article_id=7, story_id=3)])
    assert (placement.verdict, placement.story_id, placement.article_id) == (Verdict.KNOWN, 3, 7)


def test_a_short_text_proves_nothing_elsewhere() -> None:
    short = "Watch the news at noon."
    assert verdict(article("http://desk.test/other", text=short), known(article(text=short))) is Verdict.NEW
    assert (
        verdict(article("http://other.test/x", text=short, publisher="Other"), known(article(text=short)))
        is Verdict.NEW
    )


def test_short_items_are_equal_only_with_equal_title_and_address() -> None:
    short = article(text="Watch the news at noon.")
    assert verdict(short, known(short)) is Verdict.KNOWN
    assert verdict(article(text="Watch the news at noon.", title="Tuesday"), known(short)) is Verdict.VERSION


def test_an_item_without_text_is_known_by_its_title_and_address() -> None:
    bare = article(text=None)
    assert verdict(bare, known(bare)) is Verdict.KNOWN
    assert verdict(article("http://desk.test/b", text=None), known(bare)) is Verdict.NEW


def test_an_address_of_another_publisher_is_no_identity() -> None:
    assert verdict(article(publisher="Other", text=None), known(article())) is Verdict.NEW


def test_a_canonical_link_to_elsewhere_is_no_identity() -> None:
    hinting = article(
        addresses=(address("http://desk.test/b"), address("http://desk.test/a", AddressKind.HINT)), text="Other " + LONG
    )
    assert verdict(hinting, known(article())) is Verdict.NEW


def test_a_text_that_lost_its_page_replaces_none_that_was_read_in_full() -> None:
    teaser = article(partial=True, text="Only the teaser.")
    assert verdict(teaser, known(article())) is Verdict.KNOWN
    assert verdict(article(), known(teaser)) is Verdict.VERSION
    assert verdict(teaser, known(teaser)) is Verdict.KNOWN
    assert verdict(article(text="Only the teaser."), known(teaser)) is Verdict.VERSION  # read in full at last


def test_a_page_that_says_what_its_feed_had_said_is_a_version_that_tells_nothing() -> None:
    placement = STORIES.place(article(), fingerprint(article()), [known(article(partial=True))])
    assert (placement.verdict, placement.trivial) == (Verdict.VERSION, True)
    other = article(title="The headline of the page")
    placement = STORIES.place(other, fingerprint(other), [known(article(partial=True))])
    assert (placement.verdict, placement.trivial) == (Verdict.VERSION, False)


JURY = (
    "ALDERTON — A jury has begun to weigh whether ferry captain Leopold Quince left his bridge before the Merrow Maid "
    "struck the breakwater.",
    "Twelve jurors heard 31 witnesses over five weeks at the courthouse in Alderton.",
)
VERDICT = (
    "ALDERTON — Ferry captain Leopold Quince has been found guilty of leaving his bridge on the night that his ship "
    "hit the Alderton breakwater.",
    "Quince looked at the floor as the foreman read out the verdict on 14 counts. He will be sentenced in July.",
)


def put(paragraphs: Sequence[str], title: str = "First words", **changed: Any) -> Article:
    return article(text="\n\n".join(paragraphs), title=title, published_at=wire.DAY, **changed)


@pytest.mark.parametrize(
    ("why", "old", "new", "expected"),
    [
        ("deliberations, then the verdict", JURY, VERDICT, Verdict.VERSION),
        ("a write-thru", wire.FERRY, wire.FERRY_LATER, Verdict.VERSION),
        ("another story", JURY, wire.SAME_HEADLINE, Verdict.NEW),
        ("next week's figures", wire.reservoir("May 2", "41", "187.3", "62", "14"),
         wire.reservoir("May 9", "58", "187.9", "66", "60"), Verdict.NEW),
        ("a figure put right", wire.reservoir("May 2", "41", "187.3", "62", "14"),
         wire.reservoir("May 2", "41", "187.3", "26", "14"), Verdict.VERSION),
    ],
)  # fmt: skip
def test_what_stands_at_an_address_goes_on_or_makes_room_for_another_story(
    why: str, old: Sequence[str], new: Sequence[str], expected: Verdict
) -> None:
    assert verdict(put(new, "Later words"), known(put(old))) is expected, why


INVITATION = (
    "We and our partners keep cookies on your device and read them again. Choose what you allow, or close the window "
    "to allow all of it; the choice holds for half a year and can be changed in the footer of every page."
)


def test_a_story_that_makes_room_for_a_while_goes_on_as_itself() -> None:
    """A page that shows everybody an invitation for an hour, and then the story, grown meanwhile."""
    held = [known(put(wire.FERRY)), known(put([INVITATION], "Your choices"), article_id=2)]
    found = put(wire.FERRY_LATER, "Province to cover losses")
    placement = STORIES.place(found, fingerprint(found), held)
    assert (placement.verdict, placement.article_id) == (Verdict.VERSION, 1)
    assert verdict(put(wire.SAME_HEADLINE, "Tie vote, again"), *held) is Verdict.NEW


def test_a_story_that_comes_back_replaces_the_wall_that_stood_for_it() -> None:
    whole, wall = put([*wire.FERRY, words("more")]), known(put([words("subscribe", 45)]), version=2)
    had = replace(wall, text_hash=fingerprint(whole).text_hash)  # as the archive finds it by its former words
    placement = STORIES.place(whole, fingerprint(whole), [had])
    assert (placement.verdict, placement.trivial) == (Verdict.VERSION, True)
    assert verdict(whole, replace(had, words=200)) is Verdict.KNOWN  # a former wording of about its length
    assert verdict(replace(whole, partial=True), had) is Verdict.KNOWN
    assert verdict(whole, replace(had, withdrawn=True)) is Verdict.KNOWN


def test_what_an_address_held_before_its_present_story_is_known_again() -> None:
    old, newer = known(put(JURY), article_id=1), known(put(wire.SAME_HEADLINE), article_id=2)
    placement = STORIES.place(put(JURY), fingerprint(put(JURY)), [newer, old])
    assert (placement.verdict, placement.article_id) == (Verdict.KNOWN, 1)


@pytest.mark.parametrize(
    ("text", "trivial"),
    [(LONG.replace("word7 ", "word7, "), True), (LONG + ".", True), (LONG.replace("word7", "word8"), False)],
)
def test_a_version_that_tells_nothing_new_is_trivial(text: str, trivial: bool) -> None:
    found = article(text=text, title="A headline!")  # equal words under another headline are a sighting
    placement = STORIES.place(found, fingerprint(found), [known(article(text=LONG), text_hash="other")])
    assert (placement.verdict, placement.trivial) == (Verdict.VERSION, trivial)


KILLED = Credit(agency=wire.AGENCY, notice=Notice.KILL, kill=Kill(headline="Tern Islands to lose ferry"))


def test_where_a_story_was_killed_only_what_is_like_it_is_a_version_of_it() -> None:
    withdrawn = known(put(wire.FERRY), withdrawn=True, text=None)
    assert verdict(put(wire.FERRY_LATER), withdrawn) is Verdict.VERSION
    assert verdict(put(wire.QUARRY), withdrawn) is Verdict.NEW


def test_a_notice_that_replaced_its_story_and_is_read_again_is_no_new_article() -> None:
    notice = known(put(["KILL: withdrawn"], "Kill", credit=KILLED), withdrawn=True, text=None)
    again = put(["KILL: withdrawn. Posted 3 hours ago"], "Kill", credit=KILLED)
    assert verdict(again, notice) is Verdict.VERSION
    assert verdict(put(wire.QUARRY), notice) is Verdict.NEW


@given(st.lists(st.sampled_from([JURY, VERDICT, wire.FERRY, wire.FERRY_LATER, (words("x"),)]), min_size=1, max_size=4))
def test_the_order_in_which_neighbours_are_given_does_not_count(held: list[Sequence[str]]) -> None:
    found = put(wire.FERRY)
    neighbours = [known(put(paragraphs), article_id=number) for number, paragraphs in enumerate(held)]
    placed = STORIES.place(found, fingerprint(found), neighbours)
    assert placed == STORIES.place(found, fingerprint(found), neighbours[::-1])


@given(st.text(min_size=1, max_size=400), st.booleans())
def test_placing_the_same_article_twice_changes_nothing(text: str, partial: bool) -> None:
    found = article(text=text, partial=partial)
    assert verdict(found, known(found)) is Verdict.KNOWN
