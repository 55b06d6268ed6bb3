"""What a reading is to what the archive has."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitor.stories import fingerprint, place
from monitor.types import AddressKind, Article, Neighbour, Verdict
from tests.builders import LONG, address, article


def known(found: Article, **changed: Any) -> Neighbour:
    print_ = fingerprint(found)
    fields: dict[str, Any] = {
        "article_id": 1, "story_id": 1, "publisher": found.publisher, "title": found.title,
        "source_id": found.source_id,
        "identities": frozenset(a.identity for a in found.addresses), "text_hash": print_.text_hash,
        "words": print_.words, "partial": found.partial, "version": 1,
    }  # fmt: skip
    return Neighbour(**fields | changed)


def verdict(found: Article, *neighbours: Neighbour) -> Verdict:
    return place(found, fingerprint(found), neighbours).verdict


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


def test_the_same_text_elsewhere_is_a_pickup() -> None:
    other = article("http://other.test/x", publisher="Other")
    placement = place(other, fingerprint(other), [known(article(), article_id=7, story_id=3)])
    assert (placement.verdict, placement.story_id, placement.article_id) == (Verdict.PICKUP, 3, None)


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


@given(st.text(min_size=1, max_size=400), st.booleans())
def test_placing_the_same_article_twice_changes_nothing(text: str, partial: bool) -> None:
    found = article(text=text, partial=partial)
    assert verdict(found, known(found)) is Verdict.KNOWN
