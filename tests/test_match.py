"""Why an article matters."""

from typing import Any

import pytest

from monitor.match import Matcher, revision
from monitor.types import Form, Place, Topic
from tests.builders import article, topic


def forms(*texts: str, language: str = "en") -> tuple[Form, ...]:
    return tuple(Form(text=text, language=language) for text in texts)


def topics_of(found: Topic, **changed: Any) -> list[str]:
    return [match.topic_id for match in Matcher([found]).match(article(**changed))]


def test_every_form_is_tried_on_every_text() -> None:
    french = topic(any=forms('"chemin Roxham"', language="fr"))
    assert topics_of(french, text="The chemin Roxham is closed.", language="en") == ["roxham-road"]


def test_hits_tell_form_place_words_and_sentence() -> None:
    found = article(title="At Roxham Road", text="Nothing. They met at Roxham Road. More Roxham road.")
    match = Matcher([topic()]).match(found)[0]
    assert [(h.form, h.place, h.surface, h.count) for h in match.hits] == [
        ('"Roxham Road"', Place.TITLE, "Roxham Road", 1),
        ('"Roxham Road"', Place.TEXT, "Roxham Road", 2),
    ]
    assert match.hits[1].sentence == "They met at Roxham Road."
    assert match.terms == ("Roxham Road",)


def test_the_feeds_title_and_summary_count_too() -> None:
    assert topics_of(topic(), listed_title="Roxham Road reopens") == ["roxham-road"]
    assert topics_of(topic(), summary="It was Roxham Road.") == ["roxham-road"]
    assert topics_of(topic(), text=None) == []


def test_none_takes_the_article_out() -> None:
    assert topics_of(topic(none=forms("Norwich")), text="Roxham Road in Norwich") == []


def test_except_hides_only_the_words_it_covers() -> None:
    farm = topic(any=forms("Roxham"), excepting=forms('"Roxham Farm"'))
    assert topics_of(farm, text="At Roxham Farm.") == []
    assert topics_of(farm, text="From Roxham Farm to Roxham.") == ["roxham-road"]


def test_the_longest_of_overlapping_forms_counts_once() -> None:
    both = topic(any=forms("Roxham", '"Roxham Road"'))
    match = Matcher([both]).match(article(text="Roxham Road"))[0]
    assert [(h.form, h.count) for h in match.hits] == [('"Roxham Road"', 1)]


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        ("Roxham Road. " + "word " * 90, False),
        ("word " * 90 + "Roxham Road.", True),
        ("word " * 90 + "Roxham Road. " + "word " * 5 + "Roxham Road.", False),
    ],
)
def test_a_single_late_hit_is_a_mention(text: str, mention: bool) -> None:
    assert Matcher([topic()]).match(article(text=text))[0].mention is mention


def test_a_hit_of_another_topic_makes_it_more_than_a_mention() -> None:
    late = "word " * 90 + "Roxham Road and the safe third country agreement."
    matches = Matcher([topic(), topic("stca", '"safe third country agreement"')]).match(article(text=late))
    assert [(match.topic_id, match.mention) for match in matches] == [("roxham-road", False), ("stca", False)]


def test_a_hit_in_the_title_is_no_mention() -> None:
    assert Matcher([topic()]).match(article(title="Roxham Road"))[0].mention is False


def test_the_revision_changes_with_the_forms() -> None:
    assert revision(topic()) == revision(topic())
    assert revision(topic()) != revision(topic(any=forms("Roxham")))
    assert revision(topic(none=forms("a"))) != revision(topic(excepting=forms("a")))


def test_a_page_full_of_hits_is_matched_in_linear_time() -> None:
    """The sentence is looked for around the first hit only, and near it: this text took minutes when it was not."""
    crowded = article(text="They met at Roxham Road again " * 20_000 + "." * 40_000)
    match = Matcher([topic()]).match(crowded)[0]
    assert [(h.place, h.count) for h in match.hits] == [(Place.TEXT, 20_000)]


def test_many_exceptions_are_matched_in_linear_time_too() -> None:
    drive = topic(any=forms("Roxham"), excepting=forms('"Roxham Drive"'))
    crowded = article(text="On Roxham Drive and Roxham. " * 20_000)
    assert [h.count for h in Matcher([drive]).match(crowded)[0].hits] == [20_000]


def test_an_exception_hides_what_lies_within_it_wherever_it_begins() -> None:
    within = topic(any=forms("Roxham", '"Roxham Road"'), excepting=forms('"old Roxham Road sign"'))
    assert topics_of(within, text="The old Roxham Road sign.") == []
    assert topics_of(within, text="The old Roxham Road.") == ["roxham-road"]
