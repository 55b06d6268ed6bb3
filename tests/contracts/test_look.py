"""Every archive's duties towards who looks: answers, figures, their order, and pages that neither skip nor repeat."""

import itertools
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from monitor.archive import Answer, Archive, Counts, Facet, Filter, Marked, Sort, finding
from monitor.archive.sqlite import SQLiteArchive
from monitor.errors import TooSlowError
from monitor.query import QueryError, parse
from monitor.types import Article, Credit, Kept, Match, Outcome, Relation
from tests.builders import LONG, NOW, STORIES, article, item, match, reading, visit, words
from tests.contracts.test_archive import ARCHIVES, Opener
from tests.contracts.test_stories import copy, notice, prose
from tests.queries import queries, text

DAY = timedelta(days=1)
ARTICLES = 160
_WORDINGS = itertools.count()
PUBLISHERS = ("Desk", "La Presse", "The Canadian Press")
SOURCES = ("desk", "desk-fr", "rival")
LANGUAGES = ("en", "fr", "fr-CA")
AGENCIES = ("The Canadian Press", "Reuters")
TOPICS = ("roxham-road", "stca")


@pytest.fixture(params=sorted(ARCHIVES))
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    return lambda: ARCHIVES[request.param](tmp_path)


@pytest.fixture
def archive(opener: Opener) -> Iterator[Archive]:
    opened = opener()
    yield opened
    opened.close()


def keep(archive: Archive, found: Article, *matches: Match, at: datetime = NOW) -> Outcome:
    """Lists, reads and keeps one article, seen at some time."""
    url = found.addresses[0].url
    archive.keep_visit(visit(found.source_id, at=at), [item(url, content_hash=str(next(_WORDINGS)))])
    return archive.keep([reading(archive.pending(at + DAY)[0], found, matches)], STORIES, at)[0]


def fill(archive: Archive, count: int) -> None:
    """Keeps articles of random words and facts, some of them copies; erases the text of some."""
    chance = random.Random(3)  # noqa: S311 - to be repeated, not to be secret
    texts = [text(chance, 80) or "-" for _ in range(count)]
    for number in range(count):
        at = NOW - DAY * 5 + timedelta(hours=number * 0.9)
        if number % 5 == 4:  # what another printed, a little later
            texts[number] = prose(str(number // 10))
        found = article(
            f"http://desk.test/{number}",
            source_id=chance.choice(SOURCES),
            publisher=chance.choice(PUBLISHERS),
            title=text(chance, 6) or "-",
            listed_title=text(chance, 6) or None if chance.random() < 0.3 else None,
            summary=text(chance, 10) or None if chance.random() < 0.4 else None,
            text=texts[number],
            language=chance.choice([*LANGUAGES, None]),
            credit=Credit(agency=chance.choice([None, *AGENCIES])),
            published_at=at - DAY * chance.randint(0, 3) if chance.random() < 0.5 else None,
            updated_at=at if chance.random() < 0.3 else None,
        )
        keep(archive, found, *(match(topic) for topic in TOPICS if chance.random() < 0.2), at=at)
        if number % 4 == 1:
            other = chance.choice([source for source in SOURCES if source != found.source_id])
            keep(archive, replace(found, source_id=other), at=at)
    assert archive.prune(NOW - DAY * 4) > 5


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with closing(ARCHIVES["sqlite"](tmp_path_factory.mktemp("look"))) as archive:
        fill(archive, ARTICLES)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(finding, "COUNTING", inf)
            patch.setattr(finding, "SEARCHING", inf)
            yield archive


def some(values: tuple[Any, ...]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.just(()) | st.lists(st.sampled_from([*values, "nobody"]), min_size=1, max_size=2).map(tuple)


MOMENTS = st.none() | st.integers(-6 * 24 * 60, 60).map(lambda minutes: NOW + timedelta(minutes=minutes))


@st.composite
def filters(draw: st.DrawFn) -> Filter:
    query = draw(st.none() | queries())
    if query is not None:
        try:
            parse(query)
        except QueryError:
            assume(False)
    narrow = draw(st.booleans())
    return Filter(
        query=query,
        topics=draw(some(TOPICS)) if narrow else (),
        sources=draw(some(SOURCES)) if narrow else (),
        publishers=draw(some(PUBLISHERS)) if narrow else (),
        languages=draw(some(LANGUAGES)) if narrow else (),
        agencies=draw(some(AGENCIES)) if narrow else (),
        relations=draw(some((Relation.ORIGIN, Relation.PICKUP)).map(lambda r: tuple(x for x in r if x != "nobody"))),
        since=draw(MOMENTS),
        until=draw(MOMENTS),
        upto=draw(st.none() | st.integers(0, ARTICLES + 5)),
    )


def counted(articles: list[Kept], *, published: bool = False) -> Counts:
    """The figures of articles, counted one by one."""

    def most_first(values: Iterator[str | None]) -> tuple[tuple[str, int], ...]:
        known = Counter(value for value in values if value is not None)
        return tuple(sorted(known.items(), key=lambda each: (-each[1], each[0])))

    return Counts(
        articles=len(articles),
        stories=len({a.story_id for a in articles}),
        facets={
            Facet.TOPIC: most_first(m.topic_id for a in articles for m in a.matches),
            Facet.SOURCE: most_first(source for a in articles for source in a.source_ids),
            Facet.PUBLISHER: most_first(a.publisher for a in articles),
            Facet.LANGUAGE: most_first(a.language for a in articles),
            Facet.AGENCY: most_first(a.credit.agency for a in articles),
            Facet.RELATION: most_first(a.relation.value for a in articles),
        },
        days=Counter((a.dated_at if published else a.first_seen_at).astimezone(UTC).date() for a in articles),
    )


def pages(archive: Archive, wanted: Filter, *, limit: int = 7, **how: Any) -> Iterator[Answer]:
    after = None
    while True:
        answer = archive.look(wanted, limit=limit, after=after, **how)
        yield answer
        if (after := answer.after) is None:
            return


def ids(archive: Archive, wanted: Filter, **how: Any) -> list[int]:
    return [found.article.id for page in pages(archive, wanted, **how) for found in page.articles]


def firsts(archive: Archive, wanted: Filter, **how: Any) -> list[tuple[int, int]]:
    """Stories, each with the article that stands for it."""
    every = (story for page in pages(archive, wanted, fold=True, **how) for story in page.stories)
    return [(story.story_id, story.first.article.id) for story in every]


# --- answers and figures ---------------------------------------------------------------------------------------------

LOOK = settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])


@LOOK
@given(wanted=filters(), published=st.booleans())
def test_figures_are_those_of_the_articles(filled: Archive, wanted: Filter, published: bool) -> None:
    articles = list(filled.articles(wanted))
    answer = filled.look(wanted, limit=0, counted=True, published=published)
    assert answer == Answer(counts=counted(articles, published=published))


@LOOK
@given(wanted=filters(), limit=st.integers(1, 30), counts=st.booleans())
def test_pages_hold_every_answer_once_in_order(filled: Archive, wanted: Filter, limit: int, counts: bool) -> None:
    every = [article.id for article in filled.articles(wanted)]
    assert ids(filled, wanted, limit=limit, counted=counts) == every[::-1]
    assert ids(filled, wanted, limit=limit, sort=Sort.OLDEST) == every
    assert sorted(ids(filled, wanted, limit=limit, sort=Sort.RELEVANCE)) == every


@LOOK
@given(wanted=filters(), limit=st.integers(1, 30), sort=st.sampled_from(Sort))
def test_stories_stand_once_with_all_their_answers(filled: Archive, wanted: Filter, limit: int, sort: Sort) -> None:
    everything = list(filled.articles(Filter()))
    articles = list(filled.articles(wanted))
    shown = [story for page in pages(filled, wanted, limit=limit, fold=True, sort=sort) for story in page.stories]
    if sort is not Sort.RELEVANCE:
        in_order = articles if sort is Sort.OLDEST else articles[::-1]
        own = {a.story_id: a.id for a in reversed(in_order)}
        assert [story.first.article.id for story in shown] == sorted(own.values(), reverse=sort is Sort.NEWEST)
    assert sorted(story.story_id for story in shown) == sorted({a.story_id for a in articles})
    for story in shown:
        members = [a for a in everything if a.story_id == story.story_id]
        assert story.members == len(members)
        assert story.carriers == tuple(dict.fromkeys(a.publisher for a in members))
        assert story.answers == sum(a.story_id == story.story_id for a in articles)


def test_the_filled_archive_has_what_these_tests_are_about(filled: Archive) -> None:
    counts = filled.look(Filter(), counted=True).counts
    assert counts is not None
    assert counts.articles > counts.stories
    assert set(dict(counts.facets[Facet.RELATION])) >= {"origin", "pickup"}
    several = [a for a in filled.articles(Filter()) if len(a.source_ids) > 1]
    assert several
    assert any(a.text is None for a in filled.articles(Filter()))


def test_a_page_shows_what_a_search_does(archive: Archive) -> None:
    keep(archive, article(text=f"They met at Roxham Road. {LONG}", summary="In short"), match())
    keep(archive, article("http://desk.test/b", text=f"Elsewhere. {words('other')}"))
    (found,) = archive.look(Filter(query="roxham")).articles
    assert found == archive.search(Filter(query="roxham"))[0]
    assert found.snippet is not None
    assert "\x02Roxham\x03" in found.snippet
    assert [f.snippet for f in archive.look(Filter()).articles] == [None, None]
    assert archive.look(Filter(query="nowhere"), fold=True, counted=True) == Answer(counts=counted([]))


def test_an_empty_archive_has_no_answers(archive: Archive) -> None:
    assert archive.look(Filter(), counted=True) == Answer(counts=counted([]))
    assert archive.look(Filter(query="roxham"), fold=True, sort=Sort.RELEVANCE) == Answer()


def test_what_cannot_be_read_is_refused(archive: Archive) -> None:
    with pytest.raises(QueryError):
        archive.look(Filter(query='"open'))
    for number in range(3):
        keep(archive, article(f"http://desk.test/{number}", text=words(f"w{number}")))
    after = archive.look(Filter(), limit=1).after
    assert after is not None
    middle = len(after) // 2
    changed = after[:middle] + ("A" if after[middle] != "A" else "B") + after[middle + 1 :]
    for wrong in ("", "x", "é", "ü" * 30, "A" * 50_000, after[1:], after + "A", after + "=", changed):
        with pytest.raises(ValueError, match="begin again"):
            archive.look(Filter(), after=wrong)
    for other in (Filter(query="w1"), Filter(languages=("en",)), Filter(upto=2)):
        with pytest.raises(ValueError, match="begin again"):
            archive.look(other, after=after)
    for sort, fold in ((Sort.NEWEST, True), (Sort.OLDEST, False), (Sort.RELEVANCE, False)):
        with pytest.raises(ValueError, match="begin again"):
            archive.look(Filter(), after=after, sort=sort, fold=fold)
    assert [found.article.id for found in archive.look(Filter(), limit=9, after=after, counted=True).articles] == [2, 1]


def test_a_cursor_of_another_archive_is_refused(tmp_path: Path) -> None:
    cursors: list[str | None] = []
    for name in ("one", "two"):
        with closing(SQLiteArchive.for_writing(tmp_path / name, purpose="test", now=NOW, wait=0)) as archive:
            for number in range(3):
                keep(archive, article(f"http://desk.test/{number}", text=words(f"w{number}")))
            for foreign in cursors:
                with pytest.raises(ValueError, match="begin again"):
                    archive.look(Filter(), limit=1, after=foreign)
            cursors.append(archive.look(Filter(), limit=1).after)
    assert None not in cursors


# --- relevance -------------------------------------------------------------------------------------------------------


def test_the_best_stand_first(archive: Archive) -> None:
    keep(archive, article("http://a.test/", title="Border", text=words("a")))
    keep(archive, article("http://b.test/", title="Roads", text=f"Border and border. {words('b')}"))
    keep(archive, article("http://c.test/", title="Roads", text=f"At the border. {words('c', 600)}"))
    keep(archive, article("http://d.test/", title="Roads", text=words("d")))
    assert ids(archive, Filter(query="border"), sort=Sort.RELEVANCE, limit=1) == [1, 2, 3]
    assert ids(archive, Filter(query="border source:desk"), sort=Sort.RELEVANCE) == [1, 2, 3]
    assert ids(archive, Filter(query="=border OR source:desk"), sort=Sort.RELEVANCE) == [1, 2, 3, 4]
    assert ids(archive, Filter(query="source:desk"), sort=Sort.RELEVANCE) == [4, 3, 2, 1]
    assert ids(archive, Filter(), sort=Sort.RELEVANCE) == [4, 3, 2, 1]


def test_only_the_best_and_newest_have_an_order(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        keep(archive, article(f"http://desk.test/{number}", text=f"Border. {words(f'w{number}', 60 - number)}"))
    monkeypatch.setattr(finding, "BEST", 4)
    assert len(ids(archive, Filter(query="border"), sort=Sort.RELEVANCE, limit=3)) == 4
    monkeypatch.setattr(finding, "WEIGHED", 3)
    assert sorted(ids(archive, Filter(query="border"), sort=Sort.RELEVANCE, limit=2)) == [4, 5, 6]


# --- while others write ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [None, "border", "=Border", "border OR source:nobody"])
@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("sort", Sort)
def test_what_arrives_between_two_pages_stands_on_no_later_one(
    archive: Archive, sort: Sort, fold: bool, query: str | None
) -> None:
    for number in range(6):
        keep(archive, article(f"http://desk.test/{number}", text=f"Border. {words(f'w{number}')}"))
    seen: list[int] = []
    for page in pages(archive, Filter(query=query), limit=2, sort=sort, fold=fold, counted=True):
        seen += [f.article.id for f in (*page.articles, *(s.first for s in page.stories))]
        assert page.counts is not None
        assert page.counts.articles == 6
        fresh = f"late{len(seen)}"
        keep(archive, article(f"http://desk.test/{fresh}", title="Border", text=f"Border. {words(fresh)}"))
    assert sorted(seen) == [1, 2, 3, 4, 5, 6]


def test_a_story_that_was_shown_is_not_shown_again_when_its_answer_is_gone(archive: Archive) -> None:
    for number in range(4):
        keep(archive, copy(f"Paper {number}", prose(f"bridge {number % 2}")), match())
    wanted = Filter(topics=("roxham-road",))
    first = archive.look(wanted, fold=True, limit=1)
    assert [(s.story_id, s.first.article.id, s.answers) for s in first.stories] == [(2, 4, 2)]
    archive.remark([Marked(article_id=4, version=1, matches=())])
    rest = archive.look(wanted, fold=True, limit=9, after=first.after)
    assert [(s.story_id, s.first.article.id) for s in rest.stories] == [(1, 3)]


def test_a_story_that_was_not_shown_is_not_skipped_when_a_newer_article_answers(archive: Archive) -> None:
    for number in range(4):
        keep(archive, copy(f"Paper {number}", prose(f"bridge {number % 2}")), *([match()] if number < 3 else []))
    wanted = Filter(topics=("roxham-road",))
    first = archive.look(wanted, fold=True, limit=1)
    assert [(s.story_id, s.first.article.id) for s in first.stories] == [(1, 3)]
    archive.remark([Marked(article_id=4, version=1, matches=(match(),))])
    rest = archive.look(wanted, fold=True, limit=9, after=first.after)
    assert [(s.story_id, s.first.article.id, s.answers) for s in rest.stories] == [(2, 2, 2)]


@pytest.mark.parametrize("query", [None, "roxham", "=Roxham"])
def test_stories_shown_long_ago_are_not_shown_again(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, query: str | None
) -> None:
    monkeypatch.setattr(finding, "_REMEMBERED", 2)
    for number in range(14):
        keep(archive, copy(f"Paper {number}", f"{prose(f'bridge {number % 7}')} Roxham."))
    newest = [(story, story + 7) for story in range(7, 0, -1)]
    assert firsts(archive, Filter(query=query), limit=1) == newest
    assert firsts(archive, Filter(query=query), limit=2) == newest
    oldest = [(story, story) for story in range(1, 8)]
    assert firsts(archive, Filter(query=query), limit=1, sort=Sort.OLDEST) == oldest
    assert firsts(archive, Filter(query=query), limit=3, sort=Sort.OLDEST) == oldest


def test_stories_that_are_parted_and_joined_are_shown_as_they_are_now(archive: Archive) -> None:
    for number in range(3):
        keep(archive, copy(f"Paper {number}", prose("bridge")))
    assert firsts(archive, Filter()) == [(1, 3)]
    archive.rule([(1, 3), (2, 3)], STORIES, NOW, joined=False)
    assert [first for _, first in firsts(archive, Filter())] == [3, 2]
    counts = archive.look(Filter(), counted=True).counts
    assert counts is not None
    assert (counts.articles, counts.stories) == (3, 2)
    archive.rule([(1, 3), (2, 3)], STORIES, NOW, joined=True)
    assert firsts(archive, Filter()) == [(1, 3)]


def test_each_change_is_seen_by_the_next_question(archive: Archive) -> None:
    """Remembered columns and hits are brought up to date with versions, matches, listings, erasures."""
    first = article(text=f"Border. {words('one')}", published_at=NOW - DAY)
    keep(archive, first)
    assert ids(archive, Filter(query="border")) == [1]
    keep(archive, article("http://desk.test/b", text=f"Border. {words('two')}"), match())
    assert ids(archive, Filter(query="border")) == [2, 1]
    keep(archive, replace(first, text=f"Frontier. {words('three')}", language="fr", credit=Credit(agency="Reuters")))
    assert ids(archive, Filter(query="border")) == [2]
    assert ids(archive, Filter(query="frontier agency:reuters lang:fr")) == [1]
    assert ids(archive, Filter(languages=("fr",), agencies=("Reuters",))) == [1]
    assert ids(archive, Filter(topics=("stca",))) == []
    archive.remark([Marked(article_id=1, version=2, matches=(match("stca"),))])
    assert ids(archive, Filter(topics=("stca",))) == [1]
    archive.remark([Marked(article_id=1, version=2, matches=())])
    assert ids(archive, Filter(topics=("stca",))) == []
    assert ids(archive, Filter(sources=("rival",))) == []
    keep(archive, replace(first, source_id="rival", text=f"Frontier. {words('three')}"))
    assert ids(archive, Filter(sources=("rival",))) == ids(archive, Filter(query="source:rival frontier")) == [1]
    assert [a.id for a in archive.articles(Filter(sources=("rival",)))] == [1]
    keep(archive, article("http://desk.test/c", text=f"Border. {words('c')}"), at=NOW - DAY * 100)
    assert ids(archive, Filter(query="border")) == [3, 2]
    assert archive.prune(NOW - DAY * 50) == 1
    assert ids(archive, Filter(query="border")) == [2]
    assert ids(archive, Filter(until=NOW - DAY)) == [3]


def test_a_withdrawn_story_is_neither_found_by_its_words_nor_shown(archive: Archive) -> None:
    secret = f"Slanderous words. {prose('arrest')}"
    credit = Credit(agency="The Canadian Press", first_published="2026-11-22")
    keep(archive, copy("One", secret, "Mayor arrested", summary="Slanderous summary", credit=credit), match())
    keep(archive, copy("Two", secret, "Mayor held", credit=credit), match())
    slanderous = Filter(query="slanderous")
    first = archive.look(slanderous, limit=1)
    assert first.after is not None
    keep(archive, notice("Mayor arrested"))
    for sort in Sort:
        assert archive.look(slanderous, sort=sort, fold=True, counted=True).stories == ()
    assert archive.look(slanderous, limit=1, after=first.after).articles == ()
    shown = archive.look(Filter(topics=("roxham-road",)), fold=True)
    assert "landerous" not in repr(shown)
    assert [(s.first.article.title, s.first.article.withdrawn) for s in shown.stories] == [("Mayor held", True)]
    for facts in ("source:desk", "publisher:one", "title:mayor"):
        assert not {1, 2} & set(ids(archive, Filter(query=facts))), facts


WRITER = """
import sys
from contextlib import closing
from pathlib import Path
from monitor.archive.sqlite import SQLiteArchive
from tests.builders import NOW, article, words
from tests.contracts.test_look import keep
with closing(SQLiteArchive.for_writing(Path(sys.argv[1]), purpose="test", now=NOW, wait=0)) as archive:
    keep(archive, article("http://other.test/x", text=f"Border. {words('other')}"))
"""


def test_what_another_process_wrote_is_found_at_once(tmp_path: Path) -> None:
    path = tmp_path / "roxham.db"
    with closing(SQLiteArchive.for_writing(path, purpose="test", now=NOW, wait=0)) as archive:
        keep(archive, article(text=f"Border. {LONG}"))
    with closing(SQLiteArchive.for_reading(path)) as reader:
        assert ids(reader, Filter(query="border")) == [1]
        subprocess.run([sys.executable, "-c", WRITER, str(path)], check=True, timeout=60)
        assert ids(reader, Filter(query="border")) == [2, 1]
        counts = reader.look(Filter(), counted=True).counts
        assert counts is not None
        assert counts.articles == 2


# --- too slow --------------------------------------------------------------------------------------------------------


def test_a_question_that_takes_too_long_is_stopped_and_the_next_is_answered(archive: Archive) -> None:
    fill(archive, 60)
    for hopeless in (
        lambda: archive.look(Filter(query="=Roxham"), counted=True),
        lambda: list(archive.articles(Filter(query="roxham OR chemin"))),
        lambda: list(archive.stories(Filter())),
    ):
        with pytest.raises(TooSlowError, match="takes too long"), archive.within(0):
            hopeless()
    assert archive.look(Filter(query="=Roxham"), counted=True).counts == counted(
        list(archive.articles(Filter(query="=Roxham")))
    )


def test_sqlite_itself_is_stopped(archive: Archive) -> None:
    assert isinstance(archive, SQLiteArchive)
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    with pytest.raises(TooSlowError), archive.within(0.05):
        archive.rows(endless)
    assert archive.row("SELECT 1")[0] == 1  # type: ignore[index]


def test_the_shorter_of_two_times_counts(archive: Archive) -> None:
    keep(archive, article())
    with archive.within(600):
        with pytest.raises(TooSlowError), archive.within(0):
            archive.look(Filter())
        assert ids(archive, Filter()) == [1]
        with archive.within(1200):
            assert ids(archive, Filter()) == [1]
    with pytest.raises(TooSlowError), archive.within(0), archive.within(600):
        archive.look(Filter())


def test_what_there_is_no_time_to_count_is_said(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(120):
        word = "Border" if number % 2 else "border"
        keep(archive, article(f"http://desk.test/{number}", text=f"{word} one. {words(f'w{number}x')}"))
    monkeypatch.setattr(finding, "COUNTING", -1)
    counts = archive.look(Filter(query="=Border"), counted=True).counts
    assert counts is not None
    assert (counts.whole, counts.since, counts.articles) == (False, 71, 25)
    assert counts.days == {NOW.date(): 25}
    whole = archive.look(Filter(query="border NEAR/3 one"), counted=True).counts
    assert whole is not None
    assert (whole.whole, whole.since, whole.articles) == (True, None, 120)


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("sort", [Sort.NEWEST, Sort.OLDEST])
def test_what_there_is_no_time_to_search_is_left_to_the_next_page(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, sort: Sort, fold: bool
) -> None:
    for number in range(120):
        word = "Border" if number in {0, 1, 60} else "border"
        keep(archive, article(f"http://desk.test/{number}", text=f"{word} one. {words(f'w{number}x')}"))
    monkeypatch.setattr(finding, "SEARCHING", -1)
    found = [
        [each.article.id for each in (*page.articles, *(story.first for story in page.stories))]
        for page in pages(archive, Filter(query="=Border"), limit=2, sort=sort, fold=fold)
    ]
    assert list(itertools.chain(*found)) == ([61, 2, 1] if sort is Sort.NEWEST else [1, 2, 61])
    assert [] in found
