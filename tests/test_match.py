"""Why an article matters."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.match import Explanation, Matcher, revision
from monitor.types import Beside, Form, Place, Topic
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


def test_the_longest_of_overlapping_forms_counts_although_a_shorter_one_begins_before_it() -> None:
    agreement = topic(any=forms('"safe third"', '"third country agreement"', "agreement"))
    held = article(title="-", text="A safe third country agreement, and safe third.")
    [match] = Matcher([agreement]).match(held)
    assert [(hit.surface, hit.count) for hit in match.hits] == [("third country agreement", 1), ("safe third", 1)]
    [told] = Matcher([agreement]).explain(held)
    assert [seen.because for seen in told.sightings] == [
        "shares words with “third country agreement”, which counts",
        None,
        "within “third country agreement”, which counts",
        None,
    ]


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


def test_a_hit_that_shares_words_with_a_longer_one_still_tells_how_often_its_form_stands() -> None:
    """The joined form is one hit where asylum stands, but Lacolle stands there twice by itself."""
    late = article(text="word " * 60 + "Lacolle and Lacolle, asylum.")
    for both in (forms("asylum AND Lacolle", "Lacolle"), forms("Lacolle", "asylum AND Lacolle")):
        assert Matcher([topic(any=both)]).match(late)[0].mention is False


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


def stca(within: int | None = 50) -> Topic:
    beside = forms("asylum", "border", "Canada") + forms("asile", "frontière", language="fr")
    near = Beside(forms=forms("=STCA") + forms("=ETPS", language="fr"), beside=beside, within=within)
    return topic("stca", any=forms('"safe third country agreement"'), near=(near,))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The STCA returns asylum seekers.", True),
        ("À la frontière, l’ETPS s’applique.", True),
        ("The stca returns asylum seekers.", False),
        ("The STCA warned the controller.", False),
        ("STCA " + "word " * 50 + "asylum", True),
        ("STCA " + "word " * 51 + "asylum", False),
        ("asylum " + "word " * 51 + "STCA", False),
        ("The safe third country agreement (STCA) stands.", True),
    ],
)
def test_an_ambiguous_form_counts_beside_a_co_term_only(text: str, found: bool) -> None:
    assert bool(topics_of(stca(), text=text)) is found


def test_headline_teaser_and_text_are_read_as_one_for_co_terms() -> None:
    assert topics_of(stca(), title="STCA in court", summary="A ruling on the border", text="Judges met.") == ["stca"]
    assert topics_of(stca(), title="STCA in court", text="word " * 60 + "border") == []
    assert topics_of(stca(within=None), title="STCA in court", text="word " * 60 + "border") == ["stca"]


def test_only_the_hits_beside_a_co_term_count() -> None:
    text = "At the border the STCA applies. " + "word " * 60 + "Another STCA."
    assert [(h.surface, h.count) for h in Matcher([stca()]).match(article(text=text))[0].hits] == [("STCA", 1)]


def test_each_group_has_co_terms_of_its_own() -> None:
    groups = (
        Beside(forms=forms("=STCA"), beside=forms("asylum")),
        Beside(forms=forms("Lacolle"), beside=forms("bus"), within=3),
    )
    both = topic("both", any=(), near=groups)
    assert topics_of(both, text="STCA on a bus") == []
    assert topics_of(both, text="Lacolle and asylum") == []
    assert topics_of(both, text="Lacolle by bus") == ["both"]


def test_all_asks_for_every_form_of_one_language() -> None:
    wanted = topic(any=forms("Roxham"), all=forms("Canada", "border") + forms("frontière", language="fr"))
    assert topics_of(wanted, text="Roxham, Canada") == []
    assert topics_of(wanted, text="Roxham, Canada, border") == ["roxham-road"]
    assert topics_of(wanted, text="Roxham, frontière") == ["roxham-road"]
    assert topics_of(wanted, text="Canada, border") == []


def test_what_is_hidden_does_not_stand_in_for_all() -> None:
    wanted = topic(any=forms("Roxham"), all=forms("Canada"), excepting=forms('"Nav Canada"'))
    assert topics_of(wanted, text="Roxham, Nav Canada") == []
    assert topics_of(wanted, text="Roxham, Nav Canada, Canada") == ["roxham-road"]


def test_what_is_hidden_still_stands_against_a_form() -> None:
    """Otherwise a live match would not be found again in the archive, where the forms alone are looked for."""
    wanted = topic(any=forms("Roxham -Norfolk"), excepting=forms('"Norfolk County"'))
    assert topics_of(wanted, text="Roxham, Norfolk County") == []
    assert topics_of(wanted, text="Roxham, Suffolk County") == ["roxham-road"]


def test_a_form_may_be_a_whole_query() -> None:
    lacolle = topic(any=forms("Lacolle NEAR/5 (asylum OR asile) -drugs"))
    assert topics_of(lacolle, text="Lacolle: asylum seekers") == ["roxham-road"]
    assert topics_of(lacolle, text="Lacolle: asylum seekers, drugs") == []
    match = Matcher([lacolle]).match(article(text="At Lacolle asylum seekers wait."))[0]
    assert match.terms == ("Lacolle", "asylum")
    assert {hit.form for hit in match.hits} == {"Lacolle NEAR/5 (asylum OR asile) -drugs"}


def test_a_form_without_words_shows_the_headline() -> None:
    match = Matcher([topic(any=forms("source:desk"))]).match(article(title="Release"))[0]
    assert [(h.place, h.surface, h.sentence, h.start) for h in match.hits] == [(Place.TITLE, "Release", "Release", 0)]
    assert match.mention is False


def test_a_form_of_several_terms_is_one_hit_where_the_rarest_stands() -> None:
    late = article(text="word " * 90 + "Lacolle and asylum, asylum, asylum.")
    assert Matcher([topic(any=forms("Lacolle AND asylum"))]).match(late)[0].mention is True
    early = article(text="asylum " + "word " * 90 + "Lacolle.")
    assert Matcher([topic(any=forms("Lacolle AND asylum"))]).match(early)[0].mention is False


def test_two_topics_on_the_same_words_are_one_hit() -> None:
    late = article(text="word " * 90 + "Roxham Road.")
    both = Matcher([topic("road", '"Roxham Road"'), topic("place", "Roxham")])
    assert [match.mention for match in both.match(late)] == [True, True]


def seen(explanation: Explanation) -> list[tuple[str, str, bool, str | None]]:
    return [(s.role.value, s.surface, s.counts, s.because) for s in explanation.sightings]


def test_an_explanation_says_what_counted_and_what_did_not_and_why() -> None:
    farm = topic(
        any=forms("Roxham", '"Roxham Road"'), excepting=forms('"Roxham Farm"'), none=forms("Norwich"), near=stca().near
    )
    [told] = Matcher([farm]).explain(article(title="-", text="Roxham Farm and Roxham Road, by the STCA."))
    assert told.match is not None
    assert told.because is None
    assert seen(told) == [
        ("any", "Roxham", False, 'hidden by the `except` form "Roxham Farm"'),
        ("any", "Roxham Road", True, None),
        ("any", "Roxham", False, "within “Roxham Road”, which counts"),
        (
            "near",
            "STCA",
            False,
            "none of its co-terms stands within 50 words: asylum, border, Canada, asile, frontière",
        ),
        ("except", "Roxham Farm", False, None),
    ]
    [out] = Matcher([farm]).explain(article(title="-", text="Roxham Road in Norwich."))
    assert out.match is None
    assert out.because == "taken out by the `none` form Norwich"
    [nothing] = Matcher([farm]).explain(article(title="-", text="Nothing."))
    assert (nothing.match, nothing.sightings, nothing.because) == (None, (), None)


def test_an_explanation_shows_the_co_term_that_stands_nearest() -> None:
    text = "Asylum first. " + "word " * 60 + "Then the STCA, and asylum at last."
    [told] = Matcher([stca()]).explain(article(title="-", text=text))
    assert [(s.role.value, s.surface, s.count) for s in told.sightings] == [
        ("near", "STCA", 1),
        ("beside", "asylum", 2),
    ]
    assert told.sightings[1].sentence.endswith("and asylum at last.")


def test_an_explanation_says_what_all_lacks() -> None:
    wanted = topic(any=forms("Roxham"), all=forms("Canada", "border") + forms("frontière", language="fr"))
    [told] = Matcher([wanted]).explain(article(title="-", text="Roxham, Canada."))
    assert told.because == "of `all` it lacks border; frontière"
    assert seen(told)[1] == ("all", "Canada", False, None)


WORDS = ["Roxham", "Road", "Farm", "STCA", "asylum", "Canada", "border", "Norwich", "Lacolle", "word", "."]


@given(st.lists(st.sampled_from(WORDS), max_size=30), st.lists(st.sampled_from(WORDS), max_size=5))
def test_an_explanation_and_a_match_never_disagree(text: list[str], title: list[str]) -> None:
    watched = [
        topic("a", any=forms("Roxham", '"Roxham Road"'), excepting=forms('"Roxham Farm"'), none=forms("Norwich")),
        stca(within=3),
        topic("c", any=forms("Lacolle AND Canada"), all=forms("border")),
    ]
    held = article(title=" ".join(title), text=" ".join(text))
    matcher = Matcher(watched)
    explained = matcher.explain(held)
    assert [e.match for e in explained if e.match is not None] == list(matcher.match(held))
    for each in explained:
        counting = any(s.counts for s in each.sightings)
        assert (each.match is not None) is (counting and each.because is None)


@given(st.lists(st.sampled_from(WORDS), max_size=30))
def test_more_topics_do_not_change_what_one_matches(text: list[str]) -> None:
    """But for a mention: a form of another topic makes it one no more."""
    held = article(title="-", text=" ".join(text))
    alone = [hit for match in Matcher([stca()]).match(held) for hit in match.hits]
    many = [topic(f"t{n}", any=forms(word)) for n, word in enumerate(WORDS[:-1])]
    beside = [hit for match in Matcher([*many, stca()]).match(held) if match.topic_id == "stca" for hit in match.hits]
    assert beside == alone


def test_the_revision_changes_with_co_terms_and_their_distance() -> None:
    revisions = {revision(each) for each in (stca(), stca(within=None), stca(within=10), topic("stca"))}
    assert len(revisions) == 4
