"""What of a story that a reader knows is told again: changes, corrections elsewhere, withdrawals."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.digest import compared, compose, text
from monitor.types import (
    Change,
    ChangeKind,
    ChangeReason,
    Comparison,
    Credit,
    Digest,
    Entry,
    EntryKind,
    Kept,
    Kill,
    Relation,
    Slice,
    Subscription,
    Told,
)
from tests.digests import (
    ADDED,
    DESK,
    FIGURE,
    NOW,
    PUPITRE,
    SLOT,
    TOPICS,
    a_change,
    a_copy,
    a_digest,
    a_match,
    a_slice,
    an_article,
    an_entry,
    an_update,
    flowing,
    was_told,
)

STYLE = Change(kind=ChangeKind.TRIVIAL, reasons=(ChangeReason.STYLE,))
HEADLINE, REMOVED, REWORDED, NOTE = (
    ChangeReason.HEADLINE,
    ChangeReason.REMOVED,
    ChangeReason.REWORDED,
    ChangeReason.NOTE,
)


def groups(digest: Digest) -> list[tuple[str, list[int]]]:
    return [(group.topic_id, [line.article.id for line in group.lines]) for group in digest.groups]


# --- an article that the reader was told -----------------------------------------------------------------------------


def test_a_later_version_is_compared_with_the_one_that_was_told() -> None:
    article = an_article(1, version=4)
    slice_ = a_slice(article, entries=(an_entry(article, 9, EntryKind.VERSION),), told=was_told(article, version=2))
    assert compared(DESK, slice_) == (Comparison(article_id=1, version=4, told=((1, 2),)),)


def test_what_changed_in_substance_is_told_with_the_change() -> None:
    change = a_change(FIGURE, ADDED, words=(("52", "54"),))
    (line,) = an_update(an_article(1, version=2), change=change).lines
    assert (line.updated, line.change, line.withdrawn) == (True, change, False)


@pytest.mark.parametrize("change", [STYLE, a_change()])
def test_what_tells_a_reader_nothing_new_is_not_told(change: Change) -> None:
    digest = an_update(an_article(1, version=2), change=change)
    assert (digest.lines, digest.more_pickups, digest.has_news) == ((), 0, False)


def test_a_change_that_is_not_known_is_told_without_saying_what() -> None:
    (line,) = an_update(an_article(1, version=2), change=None).lines
    assert (line.updated, line.change) == (True, None)


READ_AT_LAST: Mapping[str, tuple[Change, bool]] = {
    "the rest of the text": (a_change(ADDED, REMOVED, REWORDED), False),
    "a figure": (a_change(FIGURE, ADDED), True),
    "another headline than was told": (a_change(HEADLINE, ADDED, words=(("What was told", "Headline 1"),)), True),
    "the page's headline in place of the feed's": (
        a_change(HEADLINE, ADDED, words=(("The feed's", "Headline 1"),)),
        False,
    ),
}


@pytest.mark.parametrize(("change", "told"), READ_AT_LAST.values(), ids=READ_AT_LAST.keys())
def test_a_page_that_was_read_at_last_is_news_where_it_differs_from_the_feed(change: Change, told: bool) -> None:
    article = an_article(1, version=2, listed_title="The feed's")
    assert an_update(article, change=change, told=was_told(article, partial=True)).has_news is told
    assert an_update(article, change=change).has_news
    assert an_update(replace(article, partial=True), change=change, told=was_told(article, partial=True)).has_news


def test_a_carrier_that_follows_a_correction_that_was_told_is_not_told_again() -> None:
    corrected, follows = an_article(1, version=2, take=2), a_copy(2, version=2, take=2)
    entries = (an_entry(follows, 9, EntryKind.VERSION),)
    slice_ = a_slice(corrected, follows, entries=entries, told=(*was_told(corrected, version=2), *was_told(follows)))
    (comparison,) = compared(DESK, slice_)
    assert comparison.told == ((2, 1), (1, 2))
    change, same = a_change(FIGURE, words=(("52", "54"),)), a_change(HEADLINE, REMOVED)
    told, quiet = (
        compose(DESK, "desk@example.org", SLOT, slice_, TOPICS, NOW, {comparison: found})
        for found in ((change, change), (change, same))
    )
    assert [line.article.id for line in told.lines] == [2]
    assert quiet.lines == ()


def test_a_carrier_whose_later_take_was_not_told_yet_is_nothing_to_compare_with() -> None:
    one, other = an_article(1, version=2, take=2), a_copy(2, version=2, take=2)
    slice_ = a_slice(one, other, entries=(an_entry(one, 9, EntryKind.VERSION),), told=was_told(one, other))
    assert [comparison.told for comparison in compared(DESK, slice_)] == [((1, 1),)]


def test_a_version_that_a_reader_of_another_digest_was_told_is_not_told() -> None:
    article = an_article(1, version=2)
    digest = an_update(article, change=a_change(FIGURE), told=was_told(article, version=2))
    assert digest.lines == ()


# --- another article -------------------------------------------------------------------------------------------------


def elsewhere(
    copy: Kept, *changes: Change | None, told: tuple[Kept, ...] = (), subscription: Subscription = DESK
) -> Digest:
    """What is told of a copy that came now, which changed this of each told text that it is held against."""
    told = told or (an_article(1),)
    slice_ = a_slice(*told, copy, entries=(an_entry(copy, 9),), told=was_told(*told))
    found = {one: tuple(changes[: len(one.told)]) for one in compared(subscription, slice_)} if changes else {}
    return compose(subscription, subscription.to[0], SLOT, slice_, TOPICS, NOW, found)


def test_only_a_correction_or_a_later_take_is_compared_with_what_was_told() -> None:
    told = [an_article(1), *(a_copy(n) for n in range(2, 12))]
    copies = [
        a_copy(20),
        a_copy(21, take=2),
        a_copy(22, relation=Relation.CORRECTION),
        a_copy(23, take=2, withdrawn=True),
        a_copy(24, take=2, matches=()),
        a_copy(25, take=2, language="fr"),
        a_copy(26, relation=Relation.TRANSLATION, language="fr"),
    ]
    slice_ = a_slice(*told, *copies, entries=tuple(map(an_entry, copies)), told=was_told(*told))
    found = {one.article_id: one.told for one in compared(DESK, slice_)}
    assert found.keys() == {21, 22}
    assert all(len(texts) == 8 and set(texts) <= {(a.id, 1) for a in told} for texts in found.values())


ELSEWHERE: Mapping[str, tuple[Kept, Change, bool]] = {
    "a later take that says more": (a_copy(2, take=2), a_change(ADDED), True),
    "a later take that is only cut": (a_copy(2, take=2), a_change(HEADLINE, REMOVED, REWORDED), False),
    "a later take that says the same": (a_copy(2, take=2), a_change(), False),
    "the same take with more": (a_copy(2), a_change(ADDED), False),
    "a correction": (a_copy(2, relation=Relation.CORRECTION), a_change(FIGURE), True),
    "a correction of what the reader was never told": (a_copy(2, relation=Relation.CORRECTION), STYLE, False),
}


@pytest.mark.parametrize(("copy", "change", "told"), ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_another_article_of_the_story_is_told_where_it_says_more(copy: Kept, change: Change, told: bool) -> None:
    digest = elsewhere(copy, change)
    assert [line.article.id for line in digest.lines] == [2] * told
    assert digest.more_pickups == (not told)
    if told:
        assert (digest.lines[0].updated, digest.lines[0].change) == (True, change)


def test_it_has_to_differ_from_every_text_that_was_told_and_is_shown_against_the_nearest() -> None:
    copy, told = a_copy(3, take=2), (an_article(1), a_copy(2))
    far, near = a_change(FIGURE, ADDED, REMOVED), a_change(FIGURE, words=(("52", "54"),))
    assert elsewhere(copy, far, near, told=told).lines[0].change == near
    assert elsewhere(copy, far, a_change(REMOVED), told=told).lines == ()


def test_where_nothing_can_be_compared_a_correction_is_told_and_a_later_take_is_counted() -> None:
    assert elsewhere(a_copy(2, take=2)).more_pickups == 1
    (line,) = elsewhere(a_copy(2, relation=Relation.CORRECTION, take=2)).lines
    assert (line.updated, line.change) == (True, None)
    had = (an_article(1), a_copy(3, take=2))
    assert elsewhere(a_copy(2, relation=Relation.CORRECTION, take=2), told=had).more_pickups == 1


def test_a_translation_is_no_update_and_a_correction_in_a_language_not_told_is_one_without_details() -> None:
    french = a_copy(2, language="fr", relation=Relation.TRANSLATION, take=2)
    assert elsewhere(french, a_change(ADDED)).more_pickups == 1
    corrected = replace(french, relation=Relation.CORRECTION)
    digest = elsewhere(corrected)
    assert compared(DESK, a_slice(an_article(1), corrected, told=was_told(an_article(1)))) == ()
    assert [(line.article.id, line.change) for line in digest.lines] == [(2, None)]


def test_takes_are_counted_within_a_language() -> None:
    """What was told is of unknown language: that this is the second take in French says nothing of it."""
    told, french = an_article(1, language=None), a_copy(2, language="fr", take=2)
    assert compared(DESK, a_slice(told, french, entries=(an_entry(french),), told=was_told(told))) == ()
    corrected = replace(french, relation=Relation.CORRECTION)
    slice_ = a_slice(told, corrected, entries=(an_entry(corrected),), told=was_told(told))
    assert [comparison.told for comparison in compared(DESK, slice_)] == [((1, 1),)]


def test_a_text_of_unknown_language_is_held_against_whatever_was_told() -> None:
    unknown = a_copy(2, language=None, relation=Relation.CORRECTION)
    slice_ = a_slice(an_article(1), unknown, entries=(an_entry(unknown),), told=was_told(an_article(1)))
    assert compared(DESK, slice_) == (Comparison(article_id=2, version=1, told=((1, 1),)),)


def test_the_carriers_that_are_new_to_the_reader_are_known() -> None:
    change = a_change(FIGURE)
    (line,) = an_update(an_article(1, version=2), a_copy(2), a_copy(3), change=change,
                        told=was_told(an_article(1), a_copy(3))).lines  # fmt: skip
    assert ([carrier.id for carrier in line.carriers], line.fresh) == ([2, 3], frozenset({2}))


def test_a_correction_speaks_for_an_update_before_a_later_take_does() -> None:
    take, correction = an_article(1, version=2, take=2), a_copy(2, version=2, relation=Relation.CORRECTION, take=3)
    entries = (an_entry(take, 8, EntryKind.VERSION), an_entry(correction, 9, EntryKind.VERSION))
    slice_ = a_slice(take, correction, entries=entries, told=was_told(take, correction))
    by_article = {1: a_change(ADDED), 2: a_change(FIGURE)}
    changes = {one: (by_article[one.article_id],) * len(one.told) for one in compared(DESK, slice_)}
    (line,) = compose(DESK, "desk@example.org", SLOT, slice_, TOPICS, NOW, changes).lines
    assert (line.article.id, line.change) == (2, by_article[2])


# --- where it stands -------------------------------------------------------------------------------------------------


CORRECTIONS: Mapping[str, tuple[Kept, Change, bool]] = {
    "a figure": (an_article(1, version=2), a_change(FIGURE), True),
    "a note": (an_article(1, version=2), a_change(NOTE, ADDED), True),
    "a figure in more words, where the agency corrects": (
        an_article(1, version=2, relation=Relation.CORRECTION), a_change(FIGURE, ADDED), True,
    ),
    "more words, where the agency corrected earlier": (
        an_article(1, version=2, relation=Relation.CORRECTION), a_change(ADDED), False,
    ),
    "a figure in more words": (an_article(1, version=2), a_change(FIGURE, ADDED), False),
    "another headline": (an_article(1, version=2), a_change(HEADLINE), False),
    "a figure in the headline": (an_article(1, version=2), a_change(HEADLINE, FIGURE), True),
}  # fmt: skip


@pytest.mark.parametrize(("article", "change", "corrects"), CORRECTIONS.values(), ids=CORRECTIONS.keys())
def test_corrections_stand_first_and_updates_under_their_topic(article: Kept, change: Change, corrects: bool) -> None:
    digest = an_update(article, change=change)
    assert groups(digest) == [("(recalls)" if corrects else "roxham", [1])]
    assert digest.groups[0].title == ("Corrections and withdrawals" if corrects else "Roxham Road")
    assert f"[{'correction' if corrects else 'updated'}] Headline 1" in text(digest)


def test_what_lost_its_topic_since_it_was_told_stands_first_without_one() -> None:
    article = an_article(1, version=2, matches=(a_match("hockey"),))
    digest = an_update(article, change=a_change(ADDED), subscription=PUPITRE)
    (line,) = digest.lines
    assert groups(digest) == [("(recalls)", [1])]
    assert digest.groups[0].title == "Rectificatifs et retraits"
    assert (line.topic_ids, line.matches) == ((), ())
    said = text(digest)
    assert "[mise à jour] Headline 1" in said
    assert "mention" not in said


def test_withdrawals_come_before_corrections() -> None:
    corrected, gone = an_article(1, version=2, first_seen_at=NOW), an_article(2, withdrawn=True)
    entries = (an_entry(corrected, 8, EntryKind.VERSION), an_entry(gone, 9, EntryKind.KILL))
    slice_ = a_slice(corrected, gone, an_article(3), entries=(*entries, an_entry(an_article(3), 10)),
                     told=was_told(corrected, gone))  # fmt: skip
    changes = {one: (a_change(FIGURE),) for one in compared(DESK, slice_)}
    assert groups(compose(DESK, "d@example.org", SLOT, slice_, TOPICS, NOW, changes)) == [
        ("(recalls)", [2, 1]), ("roxham", [3]),
    ]  # fmt: skip


# --- withdrawn -------------------------------------------------------------------------------------------------------

NOTICE = a_copy(
    9,
    relation=Relation.KILL,
    publisher="The Canadian Press",
    title="KILL: Headline 1",
    matches=(),
    credit=Credit(agency="The Canadian Press", kill=Kill(headline="Headline 1")),
)


def killed(*articles: Kept, told: tuple[Told, ...], kinds: EntryKind = EntryKind.KILL, **of: Any) -> Digest:
    entries = tuple(an_entry(article, 20 + article.id, kinds) for article in articles if article.withdrawn)
    return a_digest(*articles, entries=entries, told=told, **of)


def test_a_story_that_was_told_and_killed_is_told_once_with_who_killed_it() -> None:
    gone = [replace(article, withdrawn=True) for article in (an_article(1), a_copy(2))]
    (line,) = killed(*gone, NOTICE, told=was_told(*gone)).lines
    assert (line.withdrawn, line.updated, line.article.id) == (True, False, 1)
    said = flowing(text(killed(*gone, NOTICE, told=was_told(*gone))))
    assert "[withdrawn] Headline 1 The Canadian Press · Sat 21 Nov, 21:09 https://news.example/9" in said
    assert "The Canadian Press has withdrawn this story. Please do not use what you were told of it." in said
    assert "You had it from: - The Gazette - Paper 2" in said
    assert "People crossed" not in said
    knows = was_told(*gone, withdrawn=True)
    assert not killed(*gone, NOTICE, told=knows).has_news


def test_of_several_notices_the_agencys_own_says_who() -> None:
    gone = an_article(1, withdrawn=True)
    printed = replace(NOTICE, id=8, publisher="Paper 8", url="https://news.example/8", credit=Credit(agency="A Wire"))
    own = replace(NOTICE, credit=Credit(agency="Canadian Press"))
    said = flowing(text(killed(gone, printed, own, told=was_told(gone))))
    assert "Canadian Press has withdrawn this story." in said
    assert "[withdrawn] Headline 1 The Canadian Press · Sat 21 Nov, 21:09 https://news.example/9" in said


def test_where_no_notice_was_seen_the_agency_or_the_publisher_is_named() -> None:
    gone = an_article(1, withdrawn=True)
    of_the_wire = replace(gone, credit=Credit(agency="The Wire"))
    assert "The Gazette has withdrawn this story." in flowing(text(killed(gone, told=was_told(gone))))
    assert "The Wire has withdrawn this story." in flowing(text(killed(of_the_wire, told=was_told(gone))))


def test_a_killed_story_that_was_not_told_is_nobodys_news() -> None:
    assert not killed(an_article(1, withdrawn=True), NOTICE, told=()).has_news
    of_another_story = was_told(an_article(7))
    assert not killed(an_article(1, withdrawn=True), NOTICE, told=of_another_story).has_news


def test_only_the_copies_that_the_reader_was_told_of_are_named() -> None:
    gone = [replace(article, withdrawn=True) for article in (an_article(1), a_copy(2))]
    (line,) = killed(*gone, NOTICE, told=was_told(gone[1])).lines
    assert (line.article.id, [carrier.id for carrier in line.carriers]) == (2, [9])


def test_a_copy_that_its_publisher_took_back_is_said_of_that_publisher_and_the_story_lives_on() -> None:
    taken = a_copy(2, withdrawn=True, relation=Relation.KILL, version=2, title="Notice",
                   credit=Credit(kill=Kill(headline="Headline 1, we said")))  # fmt: skip
    digest = killed(an_article(1), taken, told=was_told(an_article(1), taken))
    (line,) = digest.lines
    assert (line.withdrawn, line.article.id, [carrier.id for carrier in line.carriers]) == (True, 2, [1])
    said = flowing(text(digest))
    assert "[withdrawn] Headline 1, we said Paper 2" in said
    assert "Paper 2 has taken its copy back; others still carry the story." in said
    assert "Still carried by: - The Gazette https://news.example/1" in said


def test_two_publishers_are_named_both() -> None:
    taken = [a_copy(n, withdrawn=True, relation=Relation.KILL) for n in (2, 3)]
    said = flowing(text(killed(an_article(1), *taken, told=was_told(*taken))))
    assert "Paper 2 and Paper 3 have taken their copies back; others still carry the story." in said


def test_a_copy_taken_back_and_an_update_elsewhere_are_one_line() -> None:
    article, taken = an_article(1, version=2), a_copy(2, withdrawn=True, relation=Relation.KILL)
    entries = (an_entry(article, 8, EntryKind.VERSION), an_entry(taken, 9, EntryKind.KILL))
    digest = a_digest(article, taken, entries=entries, told=was_told(article, taken))
    (line,) = digest.lines
    assert (line.updated, line.withdrawn, [carrier.id for carrier in line.carriers]) == (True, False, [2])
    assert groups(digest) == [("(recalls)", [1])]
    assert "Paper 2 has taken its copy back; others still carry the story." in flowing(text(digest))


def test_who_told_a_story_tells_that_it_is_gone_and_no_other_digest_does() -> None:
    living, gone = an_article(1), a_copy(2, withdrawn=True)
    entries = (an_entry(living, 9, EntryKind.PICKUP),)
    assert not a_digest(living, gone, entries=entries, told=was_told(gone)).lines
    by_its_own_entry = (an_entry(gone, 9, EntryKind.VERSION),)
    assert len(a_digest(living, gone, entries=by_its_own_entry, told=was_told(gone)).lines) == 1


def test_what_lives_on_after_a_reader_knew_all_to_be_withdrawn_is_news() -> None:
    gone, copy = an_article(1, withdrawn=True), a_copy(2)
    (line,) = a_digest(gone, copy, entries=(an_entry(copy, 9),), told=was_told(gone, withdrawn=True)).lines
    assert (line.article.id, line.updated, line.withdrawn) == (2, False, False)


# --- a property ------------------------------------------------------------------------------------------------------

REASONS = st.lists(st.sampled_from(list(ChangeReason)), max_size=3, unique=True)


@st.composite
def any_slices(draw: st.DrawFn) -> tuple[Slice, dict[Comparison, tuple[Change | None, ...]], Subscription]:
    """Stories of a few members each, some told, some withdrawn, with entries and changes of every kind."""
    articles = []
    for number in range(1, draw(st.integers(1, 8)) + 1):
        topics = draw(st.lists(st.sampled_from(["roxham", "stca", "hockey"]), max_size=2, unique=True))
        articles.append(
            an_article(
                number,
                story_id=draw(st.integers(1, 3)),
                relation=draw(st.sampled_from(list(Relation))),
                language=draw(st.sampled_from(["en", "fr", "fr-CA", "de", None])),
                withdrawn=draw(st.integers(0, 3)) == 0,
                official=draw(st.booleans()),
                partial=draw(st.booleans()),
                version=draw(st.integers(1, 3)),
                take=draw(st.integers(1, 3)),
                matches=tuple(a_match(topic, mention=draw(st.booleans())) for topic in topics),
            )
        )
    told = tuple(
        Told(
            story_id=article.story_id,
            article_id=article.id,
            version=draw(st.integers(1, article.version)),
            withdrawn=draw(st.booleans()),
            partial=draw(st.booleans()),
        )
        for article in articles
        if draw(st.booleans())
    )
    entries: list[Entry] = []
    for article in draw(st.lists(st.sampled_from(articles), max_size=8)):
        kind = draw(st.sampled_from(list(EntryKind)))
        entries.append(an_entry(article, len(entries) + 1, kind))
    wanted = replace(
        DESK,
        topics=tuple(draw(st.sampled_from([("roxham",), ("stca", "roxham")]))),
        mentions=draw(st.booleans()),
        languages=tuple(draw(st.sampled_from([(), ("en",), ("fr", "en")]))),
    )
    slice_ = a_slice(*articles, entries=tuple(entries), told=told)
    changes: dict[Comparison, tuple[Change | None, ...]] = {}
    for one in compared(wanted, slice_):
        assert one.told
        changes[one] = tuple(
            draw(st.one_of(st.none(), st.just(a_change(*draw(REASONS))))) for _ in range(len(one.told))
        )
    return slice_, changes, wanted


@settings(max_examples=400, deadline=None)
@given(any_slices())
def test_a_digest_holds_nothing_outside_its_topics_and_languages_but_recalls(
    drawn: tuple[Slice, dict[Comparison, tuple[Change | None, ...]], Subscription],
) -> None:
    slice_, changes, wanted = drawn
    told = {each.article_id for each in slice_.told}
    known = {each.story_id for each in slice_.told if not each.withdrawn}
    digest = compose(wanted, "desk@example.org", SLOT, slice_, TOPICS, NOW, changes)
    assert digest == compose(wanted, "desk@example.org", SLOT, slice_, TOPICS, NOW, changes)
    assert len({line.story_id for line in digest.lines}) == len(digest.lines)
    assert {line.story_id for line in digest.lines} <= {slice_.articles[e.article_id].story_id for e in slice_.entries}
    assert all(group.lines for group in digest.groups)
    for group in digest.groups:
        for line in group.lines:
            article = line.article
            assert set(line.topic_ids) <= set(wanted.topics)
            assert wanted.mentions or not any(match.mention for match in line.matches)
            assert (line.updated or line.withdrawn) is (line.story_id in known)
            if line.withdrawn:
                assert article.withdrawn
                assert article.id in told
            else:
                assert not article.withdrawn
                assert article.relation is not Relation.KILL
            if not (line.updated or line.withdrawn):
                assert group.topic_id == line.topic_ids[0]
                assert not wanted.languages or (article.language or "en")[:2] in wanted.languages
            for carrier in line.carriers:  # a withdrawn one only where the reader was told of it
                assert not carrier.withdrawn or carrier.id in told
    assert text(digest)
