"""What a reader is told: a slice of the archive becomes a digest."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.digest import compose, text
from monitor.types import Coverage, Entry, EntryKind, Kept, Line, Relation, Slice, Told
from tests.digests import (
    DESK,
    NOW,
    PUPITRE,
    SLOT,
    TOPICS,
    a_digest,
    a_hit,
    a_mail,
    a_match,
    a_slice,
    an_article,
    an_entry,
)


def told(line: Line) -> list[int]:
    return [line.article.id, *(carrier.id for carrier in line.carriers)]


def test_a_story_is_one_line_whatever_the_number_of_terms_topics_and_carriers() -> None:
    both = (a_match("stca"), a_match("roxham", a_hit(), a_hit("chemin Roxham")))
    origin = an_article(1, matches=both)
    copies = [an_article(n, story_id=1, relation=Relation.PICKUP, matches=both) for n in (2, 3)]
    digest = a_digest(origin, *copies)
    (group,) = digest.groups
    (line,) = group.lines
    assert (group.topic_id, group.title) == ("roxham", "Roxham Road")
    assert line.topic_ids == ("roxham", "stca")
    assert [match.topic_id for match in line.matches] == ["roxham", "stca"]
    assert told(line) == [1, 2, 3]
    assert not line.updated


def test_what_is_about_no_topic_of_the_subscription_is_not_told() -> None:
    digest = a_digest(an_article(1, matches=()), an_article(2, matches=(a_match("hockey"),)))
    assert digest.lines == ()


def test_groups_follow_the_subscription_and_lines_go_from_new_to_old() -> None:
    older = an_article(1, published_at=NOW - timedelta(hours=30))
    newer = an_article(2, published_at=NOW - timedelta(hours=20))
    dated_tomorrow = an_article(3, published_at=NOW + timedelta(days=1), first_seen_at=NOW - timedelta(hours=25))
    other = an_article(4, matches=(a_match("stca"),))
    digest = a_digest(other, older, dated_tomorrow, newer, subscription=replace(DESK, topics=("stca", "roxham")))
    assert [group.topic_id for group in digest.groups] == ["stca", "roxham"]
    assert [line.article.id for line in digest.groups[1].lines] == [2, 3, 1]


SPEAKERS: Mapping[str, tuple[list[Kept], int]] = {
    "the origin, though it came later": (
        [an_article(1, story_id=1, relation=Relation.PICKUP), an_article(2, story_id=1)],
        2,
    ),
    "not a partial origin": ([an_article(1, partial=True), an_article(2, story_id=1, relation=Relation.PICKUP)], 2),
    "not an origin that does not match": (
        [an_article(1, matches=()), an_article(2, story_id=1, relation=Relation.PICKUP)],
        2,
    ),
    "not a withdrawn origin": ([an_article(1, withdrawn=True), an_article(2, story_id=1, relation=Relation.PICKUP)], 2),
    "the earliest of the others": (
        [
            an_article(1, story_id=9, relation=Relation.PICKUP, first_seen_at=NOW),
            an_article(2, story_id=9, relation=Relation.PICKUP, first_seen_at=NOW - timedelta(hours=1)),
        ],
        2,
    ),
    "the reader's language where both came at once": (
        [
            an_article(1, story_id=9, relation=Relation.PICKUP, first_seen_at=NOW, language="fr"),
            an_article(2, story_id=9, relation=Relation.TRANSLATION, first_seen_at=NOW, language="en"),
        ],
        2,
    ),
    "a partial one where there is nothing else": (
        [an_article(1, partial=True), an_article(2, story_id=1, matches=())],
        1,
    ),
}


@pytest.mark.parametrize(("members", "speaker"), SPEAKERS.values(), ids=SPEAKERS.keys())
def test_who_speaks_for_a_story(members: list[Kept], speaker: int) -> None:
    (line,) = a_digest(*members).lines
    assert line.article.id == speaker


def test_a_government_release_speaks_for_its_story_in_the_readers_language() -> None:
    carried = an_article(1)
    english = an_article(2, story_id=1, relation=Relation.PICKUP, official=True, partial=True)
    french = replace(english, id=3, language="fr", relation=Relation.TRANSLATION)
    (line,) = a_digest(carried, english, french).lines
    assert line.article.id == 2
    (line,) = a_digest(carried, english, french, subscription=PUPITRE).lines
    assert line.article.id == 3
    (line,) = a_digest(carried, english, subscription=PUPITRE).lines
    assert line.article.id == 1


def test_stories_that_a_government_told_stand_first_and_mentions_last() -> None:
    stories = [
        an_article(1, official=True),
        an_article(2),
        an_article(3, matches=(a_match(mention=True),), official=True),
        an_article(4),
        an_article(5, story_id=4, relation=Relation.PICKUP, official=True, matches=(), language="fr"),
    ]
    assert [line.article.id for line in a_digest(*stories).lines] == [4, 1, 2, 3]


LANGUAGES: Mapping[str, tuple[tuple[str, ...], list[Kept], list[int]]] = {
    "all, where none is named": ((), [an_article(1, language="de")], [1]),
    "those that are named": (("fr", "en"), [an_article(1, language="de"), an_article(2, language="fr")], [2]),
    "also of a region": (("fr",), [an_article(1, language="fr-CA"), an_article(2, language="en-CA")], [1]),
    "also unknown ones": (("fr",), [an_article(1, language=None)], [1]),
    "a story by its member in that language": (
        ("fr",),
        [an_article(1), an_article(2, story_id=1, language="fr", relation=Relation.TRANSLATION)],
        [2],
    ),
    "but not where that one is about no topic": (
        ("fr",),
        [an_article(1), an_article(2, story_id=1, language="fr", relation=Relation.TRANSLATION, matches=())],
        [],
    ),
}


@pytest.mark.parametrize(("languages", "articles", "told_ids"), LANGUAGES.values(), ids=LANGUAGES.keys())
def test_languages_of_the_articles(languages: tuple[str, ...], articles: list[Kept], told_ids: list[int]) -> None:
    digest = a_digest(*articles, subscription=replace(DESK, languages=languages))
    assert [line.article.id for line in digest.lines] == told_ids


def test_a_story_is_not_new_by_a_copy_in_another_language() -> None:
    """The one in the reader's language came before the reader did."""
    english, french = an_article(1), an_article(2, story_id=1, language="fr", relation=Relation.TRANSLATION)
    entries = (an_entry(french, 9),)
    wanted = replace(DESK, languages=("en",))
    assert a_digest(english, french, entries=entries, subscription=wanted).lines == ()
    known = (Told(story_id=1, article_id=1, version=1),)
    assert a_digest(english, french, entries=entries, subscription=wanted, told=known).more_pickups == 0
    assert a_digest(english, french, entries=entries, told=known).more_pickups == 1


def test_a_withdrawn_article_is_neither_told_nor_named() -> None:
    alone = an_article(1, withdrawn=True)
    origin = an_article(2)
    copy = an_article(3, story_id=2, relation=Relation.PICKUP, withdrawn=True)
    (line,) = a_digest(alone, origin, copy).lines
    assert told(line) == [2]


def test_members_that_do_not_match_are_named_as_carriers() -> None:
    (line,) = a_digest(an_article(1), an_article(2, story_id=1, relation=Relation.PICKUP, matches=())).lines
    assert told(line) == [1, 2]


def test_a_later_pickup_of_a_told_story_is_counted_not_repeated() -> None:
    copies = [an_article(n, story_id=1, relation=Relation.PICKUP) for n in (2, 3)]
    digest = a_digest(
        an_article(1),
        *copies,
        entries=tuple(map(an_entry, copies)),
        told=(Told(story_id=1, article_id=1, version=1),),
    )
    assert digest.lines == ()
    assert digest.more_pickups == 2


def test_a_later_version_of_a_told_article_is_told_as_an_update() -> None:
    changed = an_article(1, version=2)
    copy = an_article(2, story_id=1, relation=Relation.PICKUP)
    digest = a_digest(
        changed,
        copy,
        entries=(an_entry(copy, 8), an_entry(changed, 9, EntryKind.VERSION)),
        told=(Told(story_id=1, article_id=1, version=1),),
    )
    (line,) = digest.lines
    assert line.updated
    assert told(line) == [1, 2]
    assert digest.more_pickups == 0


def test_the_member_that_changed_speaks_for_an_update() -> None:
    changed = an_article(2, story_id=1, relation=Relation.PICKUP, version=2)
    (line,) = a_digest(
        an_article(1),
        changed,
        entries=(an_entry(changed, 9, EntryKind.VERSION),),
        told=(Told(story_id=1, article_id=1, version=1), Told(story_id=1, article_id=2, version=1)),
    ).lines
    assert (line.article.id, line.updated) == (2, True)


def test_a_version_that_was_told_already_is_not_told_again() -> None:
    article = an_article(1, version=2)
    entries = (an_entry(article, 9, EntryKind.VERSION),)
    digest = a_digest(article, entries=entries, told=(Told(story_id=1, article_id=1, version=2),))
    assert (digest.lines, digest.more_pickups) == ((), 0)


def test_an_upgraded_partial_that_matches_only_now_is_told_as_new() -> None:
    article = an_article(1, version=2)
    (line,) = a_digest(article, entries=(an_entry(article, 9, EntryKind.VERSION),)).lines
    assert not line.updated


def test_mentions_stand_last_in_their_topic_and_do_not_speak_for_the_mail() -> None:
    older, mention = an_article(1), an_article(2, matches=(a_match(mention=True),))
    digest = a_digest(older, mention)
    assert [line.article.id for line in digest.lines] == [1, 2]
    other = replace(DESK, topics=("stca", "roxham"))
    first = an_article(3, matches=(a_match("stca", mention=True),))
    digest = a_digest(older, first, subscription=other)
    assert [line.article.id for line in digest.lines] == [3, 1]
    assert a_mail(digest).subject == "Border desk: 2 stories – Headline 1"
    assert a_mail(a_digest(first)).subject == "Border desk: 1 story – Headline 3"


def test_a_story_stands_under_a_topic_it_is_about_rather_than_one_it_mentions() -> None:
    stca = a_hit("STCA", sentence="The STCA of 2023 was upheld.", start=4)
    digest = a_digest(an_article(1, matches=(a_match(mention=True), a_match("stca", stca))), an_article(2))
    assert [(g.topic_id, [line.article.id for line in g.lines]) for g in digest.groups] == [
        ("roxham", [2]), ("stca", [1]),
    ]  # fmt: skip
    assert [line.topic_ids for line in digest.lines] == [("roxham",), ("stca", "roxham")]
    assert "The *STCA* of 2023 was upheld." in text(digest)


def test_who_wants_no_mentions_is_told_no_story_and_no_topic_that_is_only_mentioned() -> None:
    strict = replace(DESK, mentions=False)
    mention = an_article(1, matches=(a_match(mention=True),))
    both = an_article(2, matches=(a_match(mention=True), a_match("stca")))
    assert {line.article.id for line in a_digest(mention, both).lines} == {1, 2}
    digest = a_digest(mention, both, subscription=strict)
    assert [(line.article.id, line.topic_ids, line.mention) for line in digest.lines] == [(2, ("stca",), False)]
    assert [group.topic_id for group in digest.groups] == ["stca"]
    assert not a_digest(mention, subscription=strict).has_news


@pytest.mark.parametrize("mentions", [True, False])
def test_a_story_is_told_by_a_member_that_is_about_it_rather_than_one_that_mentions_it(mentions: bool) -> None:
    origin = an_article(1, matches=(a_match(mention=True),))
    about = an_article(2, story_id=1, relation=Relation.PICKUP, publisher="The Star")
    (line,) = a_digest(origin, about, subscription=replace(DESK, mentions=mentions)).lines
    assert (line.article.id, [carrier.id for carrier in line.carriers], line.mention) == (2, [1], False)


def test_a_mention_that_became_more_is_told_to_who_wants_no_mentions_once() -> None:
    strict = replace(DESK, mentions=False)
    now_more = an_article(1, version=2)
    entries = (an_entry(now_more, 1), an_entry(now_more, 9, EntryKind.VERSION))
    assert len(a_digest(now_more, entries=entries, subscription=strict).lines) == 1
    told = (Told(story_id=1, article_id=1, version=2),)
    assert a_digest(now_more, entries=entries, subscription=strict, told=told).lines == ()


def test_coverage_names_those_that_failed_and_counts_all() -> None:
    failing = Coverage(source_id="b", name="B", last_good_at=None, failing=True, error="refused")
    good = Coverage(source_id="a", name="A", last_good_at=NOW, failing=False)
    digest = a_digest(coverage=(good, failing))
    assert (digest.coverage, digest.watched) == ((failing,), 2)


def test_a_digest_knows_its_slice_and_time() -> None:
    digest = a_digest(an_article(7), after=3, since=NOW - timedelta(days=1))
    assert (digest.since, digest.seen) == (NOW - timedelta(days=1), a_slice().coverage)
    assert (digest.after, digest.upto, digest.composed_at, digest.reader) == (3, 7, NOW, "desk@example.org")


@st.composite
def histories(draw: st.DrawFn) -> list[Entry]:
    """Entries of a few stories: an origin, pickups in any order, and later versions."""
    entries: list[Entry] = []
    story_of: dict[int, int] = {}
    versions: dict[int, int] = {}
    for number in range(1, draw(st.integers(1, 14)) + 1):
        kinds = [EntryKind.NEW] + ([EntryKind.PICKUP, EntryKind.VERSION] if story_of else [])
        kind = draw(st.sampled_from(kinds))
        if kind is EntryKind.VERSION:
            article_id = draw(st.sampled_from(sorted(story_of)))
        else:
            article_id = len(story_of) + 1
            story_of[article_id] = (
                article_id if kind is EntryKind.NEW else draw(st.sampled_from(sorted(story_of.values())))
            )
        versions[article_id] = versions.get(article_id, 0) + 1
        entries.append(
            Entry(
                number=number,
                kind=kind,
                at=NOW,
                article_id=article_id,
                version=versions[article_id],
                story_id=story_of[article_id],
            )
        )
    return entries


def as_of(
    entries: list[Entry], upto: int, matches_from: Mapping[int, int], topic: Mapping[int, str]
) -> dict[int, Kept]:
    """The archive's articles after entry `upto`; an article matches from its version `matches_from` on, if ever."""
    articles: dict[int, Kept] = {}
    for entry in entries[:upto]:
        matching = entry.version >= matches_from[entry.article_id]
        articles[entry.article_id] = an_article(
            entry.article_id,
            story_id=entry.story_id,
            relation=Relation.ORIGIN if entry.story_id == entry.article_id else Relation.PICKUP,
            version=entry.version,
            matches=(a_match(topic[entry.article_id]),) if matching else (),
        )
    return articles


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_however_the_entries_are_cut_each_matching_story_is_told_once_as_new(data: st.DataObject) -> None:
    entries = data.draw(histories())
    ids = sorted({entry.article_id for entry in entries})
    matches_from = {n: data.draw(st.sampled_from([1, 1, 2, 99])) for n in ids}
    topic = {n: data.draw(st.sampled_from(["roxham", "stca", "hockey"])) for n in ids}
    cuts = sorted({*data.draw(st.sets(st.integers(1, len(entries)))), len(entries)})
    ledger: list[Told] = []
    new: list[int] = []
    after = 0
    for upto in cuts:
        articles = as_of(entries, upto, matches_from, topic)
        part = tuple(entries[after:upto])
        named = {entry.story_id for entry in part}
        slice_ = Slice(
            after=after,
            upto=upto,
            entries=part,
            articles={n: a for n, a in articles.items() if a.story_id in named},
            told=tuple(ledger),
            coverage=(),
        )
        digest = compose(DESK, "desk@example.org", SLOT, slice_, TOPICS, NOW)
        assert compose(DESK, "desk@example.org", SLOT, slice_, TOPICS, NOW) == digest
        assert len({line.story_id for line in digest.lines}) == len(digest.lines)
        for line in digest.lines:
            assert set(line.topic_ids) <= set(DESK.topics)
            assert [match.topic_id for match in line.matches] == list(line.topic_ids)
            assert line.updated is (line.story_id in {told.story_id for told in ledger})
            if not line.updated:
                new.append(line.story_id)
        ledger += [
            Told(story_id=line.story_id, article_id=line.article.id, version=line.article.version)
            for line in digest.lines
        ]
        after = upto
    in_the_end = as_of(entries, len(entries), matches_from, topic)
    matching = {a.story_id for a in in_the_end.values() if any(m.topic_id in DESK.topics for m in a.matches)}
    assert sorted(new) == sorted(matching)
