"""Every archive's duties towards stories: what is one, whatever came first; what is withdrawn; what operators rule."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.archive import Archive, Filter, Marked, Story
from monitor.archive.sqlite import SQLiteArchive
from monitor.extract.body import body
from monitor.stories import fingerprint
from monitor.types import Article, Credit, Fingerprint, Keep, Kept, Kill, Notice, Outcome, Place, Relation
from tests.builders import NOW, STORIES, address, article, item, match, reading, subscription, visit
from tests.contracts.test_archive import ARCHIVES, Opener, keep, message, told
from tests.pace import usual

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
WIRE = Credit(agency="The Canadian Press", first_published="2026-11-22")


@pytest.fixture(params=sorted(ARCHIVES))
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    return lambda: ARCHIVES[request.param](tmp_path)


@pytest.fixture
def archive(opener: Opener) -> Iterator[Archive]:
    opened = opener()
    yield opened
    opened.close()


def prose(name: str, paragraphs: int = 6, each: int = 40) -> str:
    """Paragraphs of words without meaning that no other name has."""
    dice = random.Random(name)  # noqa: S311 - to be repeated, not to be secret
    told = ("".join(dice.choices("abcdefghijklmnoprstuv", k=dice.randint(4, 9))) for _ in range(paragraphs * each))
    words = list(told)
    return "\n\n".join(" ".join(words[start : start + each]).capitalize() + "." for start in range(0, len(words), each))


def copy(paper: str, text: str | None, title: str = "Bridge closed", **changed: Any) -> Article:
    """What a paper printed, by default at noon and at its only address."""
    fields: dict[str, Any] = {"published_at": NOW, "publisher": paper, "source_id": "desk", "title": title}
    return article(f"http://{paper.lower().replace(' ', '-')}.test/a", text=text, **fields | changed)


def notice(headline: str, paper: str = "The Canadian Press", **changed: Any) -> Article:
    """The agency's notice, by default on its own site, that the story under a headline is withdrawn."""
    credit = Credit(agency=WIRE.agency, notice=Notice.KILL, kill=Kill(headline=headline))
    text = f"Kill the story headlined {headline}. The agency has withdrawn it and asks its clients to remove it."
    own = {"addresses": (address("http://wire-desk.test/a"),)} if paper.title() == WIRE.agency else {}
    return copy(paper, text, title=f"KILL: {headline}", credit=credit, **own | changed)


def groups(archive: Archive) -> set[frozenset[int]]:
    return {frozenset(member.article.id for member in story.members) for story in archive.stories(Filter())}


def together(archive: Archive, *articles: int) -> bool:
    return len({kept_as(archive, one).story_id for one in articles}) == 1


def kept_as(archive: Archive, article_id: int) -> Kept:
    found = archive.article(article_id)
    assert found is not None
    return found


def check_index(archive: Archive) -> None:
    """The full-text index holds what the archive holds (FTS5 manual, 4.2)."""
    if isinstance(archive, SQLiteArchive):
        archive.db.conn.execute("INSERT INTO article_index (article_index, rank) VALUES ('integrity-check', 1)")


# --- the order of arrival --------------------------------------------------------------------------------------------

BACKGROUND = prose("what an agency repeats for years", 1, 60)
FACTS = (
    "Harold Menzies of Sherbrooke told Annette Brosseau that 4,310 trucks and 2,875 cars waited at Lacolle, "
    "and that 61 officers from Granby had left."
)
FAITS = (
    "Selon Harold Menzies de Sherbrooke, qui répondait à Annette Brosseau, 4310 camions et 2875 voitures attendaient "
    "à Lacolle, et 61 agents de Granby étaient partis."
)


def instalment(month: str, figures: Sequence[int]) -> str:
    one, two, three, four = figures
    return (
        f"Officers stopped {one} people between the posts in {month}, the ministry says in its monthly table.\n\n"
        f"Of these {two} came on foot, {three} by train and {four} in the back of trucks.\n\n" + prose("the table", 3)
    )


def family() -> list[list[Article]]:
    """Articles by address: those of one address come in their order, the addresses in any."""
    first = f"{FACTS}\n\n{prose('bridge', 5)}"
    longer = f"{first}\n\n{prose('bridge later', 3)}"
    corrected = longer.replace("4,310", "4,130")
    french = f"{FAITS}\n\n{prose('pont', 5)}"
    return [
        [copy("The Canadian Press", first, credit=WIRE, published_at=NOW)],
        [copy("Whole", first, "Bridge shut", credit=WIRE, published_at=NOW + HOUR)],
        [copy("Cut", "\n\n".join(first.split("\n\n")[:3]), credit=WIRE, published_at=NOW + 2 * HOUR)],
        [copy("Grown", longer, credit=WIRE, published_at=NOW + 5 * HOUR)],
        [
            copy("Updated", first, credit=WIRE, published_at=NOW + 2 * HOUR),
            copy("Updated", longer, credit=WIRE, published_at=NOW + 2 * HOUR, updated_at=NOW + 6 * HOUR),
        ],
        [copy("Corrected", corrected, credit=replace(WIRE, correction="Corrects the count."),
              published_at=NOW + 7 * HOUR)],
        [copy("La Presse Canadienne", french, "Pont fermé", language="fr", credit=replace(WIRE, first_published=None),
              published_at=NOW + 3 * HOUR)],
        [copy("Table", instalment("September", (1204, 871, 244, 89)), "Monthly table", published_at=NOW)],
        [copy("Table next", instalment("October", (1377, 902, 310, 165)), "Monthly table", published_at=NOW)],
        [copy("Fire", f"{prose('fire', 2)}\n\n{BACKGROUND}\n\n{prose('fire on', 2)}", "Fire in a mill")],
        [copy("Court", f"{prose('court', 2)}\n\n{BACKGROUND}\n\n{prose('court on', 2)}", "Court rules on fees")],
        [
            copy("Reused", prose("flood"), "Flood in the valley"),
            copy("Reused", prose("vote"), "Council votes on parking", published_at=NOW + HOUR),
        ],
        [copy("Killed one", prose("arrest"), "Mayor arrested", credit=WIRE)],
        [copy("Killed two", prose("arrest"), "Mayor in custody", credit=WIRE, published_at=NOW + HOUR)],
        [notice("Mayor arrested", "THE CANADIAN PRESS", published_at=NOW + 2 * HOUR)],
    ]  # fmt: skip


def in_some_order(addresses: Sequence[Sequence[Article]], dice: random.Random) -> list[Article]:
    turns = [place for place, own in enumerate(addresses) for _ in own]
    dice.shuffle(turns)
    ahead = [iter(own) for own in addresses]
    return [next(ahead[place]) for place in turns]


def picture(archive: Archive) -> set[object]:
    """The stories by what their members are, without a number."""
    stories = list(archive.stories(Filter()))
    return {
        frozenset(
            (
                member.article.publisher,
                member.article.title,
                member.relation,
                member.kept,
                member.article.withdrawn,
                member.article.text is None and archive.article(member.article.id).text,  # type: ignore[union-attr]
                tuple((taken.version, taken.take) for taken in member.takes),
            )
            for member in story.members
        )
        for story in stories
    }


def by_publisher(archive: Archive) -> dict[str, frozenset[str]]:
    stories = list(archive.stories(Filter()))
    return {
        f"{member.article.publisher}: {member.article.title}": frozenset(m.article.publisher for m in story.members)
        for story in stories
        for member in story.members
    }


@pytest.mark.parametrize("kind", sorted(ARCHIVES))
def test_whatever_comes_first_the_stories_are_the_same(tmp_path: Path, kind: str) -> None:
    pictures = []
    for seed in range(10):
        folder = tmp_path / str(seed)
        folder.mkdir()
        with closing(ARCHIVES[kind](folder)) as archive:
            for found in in_some_order(family(), random.Random(seed)):  # noqa: S311 - to be repeated
                keep(archive, found, match())
            pictures.append(picture(archive))
            check_index(archive)
    assert all(other == pictures[0] for other in pictures)


def test_a_family_is_told_apart_and_together(archive: Archive) -> None:
    for own in family():
        for found in own:
            keep(archive, found)
    bridge = {"The Canadian Press", "Whole", "Cut", "Grown", "Updated", "Corrected", "La Presse Canadienne"}
    killed = {"Killed one", "Killed two", "THE CANADIAN PRESS"}
    stories = by_publisher(archive)
    assert set(stories.values()) == {
        frozenset(bridge), frozenset(killed), frozenset({"Table"}), frozenset({"Table next"}), frozenset({"Fire"}),
        frozenset({"Court"}), frozenset({"Reused"}),
    }  # fmt: skip
    assert len([name for name in stories if name.startswith("Reused")]) == 2  # two articles, two stories
    relation = {a.publisher: (a.relation, a.kept) for a in archive.articles(Filter())}
    assert relation["The Canadian Press"] == (Relation.ORIGIN, 1.0)
    assert relation["Whole"] == (Relation.PICKUP, 1.0)
    assert relation["Cut"][0] is Relation.PICKUP
    assert 0.2 < (relation["Cut"][1] or 0) < 0.7
    assert relation["Grown"][0] is relation["Updated"][0] is Relation.VERSION
    assert relation["Corrected"][0] is Relation.CORRECTION
    assert relation["La Presse Canadienne"] == (Relation.TRANSLATION, None)
    assert relation["THE CANADIAN PRESS"][0] is Relation.KILL
    assert {a.publisher for a in archive.articles(Filter()) if a.withdrawn} == {"Killed one", "Killed two"}


def test_the_same_article_once_more_changes_nothing(tmp_path: Path) -> None:
    with closing(SQLiteArchive.for_writing(tmp_path / "roxham.db", purpose="test", now=NOW, wait=0)) as archive:
        flat = [found for own in family() for found in own]
        for found in flat:
            keep(archive, found, match())

        def dump() -> str:
            tables = {
                name: [tuple(row) for row in archive.db.conn.execute(f"SELECT * FROM {name} ORDER BY 1, 2")]  # noqa: S608
                for name in ("stories", "texts", "text_keys", "ties", "rulings", "versions", "matches", "entries",
                             "addresses", "entry_topics")
            }  # fmt: skip
            columns = "id, story, relation, kept, version, withdrawn, pruned, matched, official"
            tables["articles"] = [tuple(row) for row in archive.db.conn.execute(f"SELECT {columns} FROM articles")]  # noqa: S608
            return repr(tables)

        before = dump()
        for found in flat:
            if found.publisher not in {"Updated", "Reused"}:  # their earlier wordings are gone from their pages
                assert keep(archive, found, match()) is Outcome.KNOWN, found.publisher
        assert dump() == before


# --- kills -----------------------------------------------------------------------------------------------------------


def test_what_an_agency_kills_is_erased_everywhere(archive: Archive) -> None:
    secret = f"Slanderous words. {prose('arrest')}"
    hit = replace(match().hits[0], surface="Slanderous", sentence="Slanderous words.", start=3)
    mine = replace(match(), hits=(hit,))
    keep(archive, copy("One", secret, "Mayor arrested", summary="Slanderous summary", credit=WIRE), mine)
    keep(archive, copy("One", f"{secret}\n\n{prose('more')}", "Mayor arrested", credit=WIRE), mine)
    partial = copy("Two", secret, "Mayor held", partial=True, credit=replace(WIRE, correction="Slanderous note"))
    listed = item("http://two.test/a", content_hash="waits")
    archive.keep_visit(visit(), [replace(listed, found=replace(listed.found, content="Slanderous feed"))])
    archive.keep([reading(archive.pending(NOW)[0], partial, [mine], retry_at=NOW + HOUR)], STORIES, NOW)
    assert len(archive.search(Filter(query="slanderous"))) == 2
    keep(archive, notice("Mayor arrested"))
    for number in (1, 2):
        found = kept_as(archive, number)
        assert (found.withdrawn, found.text, found.summary, found.credit.correction) == (True, None, None, None)
        assert [hit.sentence for m in found.matches for hit in m.hits] == ["Slanderous"]
        assert [version.text for version in archive.versions(number)] == [None] * found.version
    assert [a.id for a in archive.articles(Filter(query="slanderous"))] == []
    (waiting,) = archive.pending(NOW + HOUR)
    assert (waiting.found.content, waiting.found.summary, waiting.found.title) == (None, None, "A headline")
    assert (archive.article(1) or found).title == "Mayor arrested"
    story = archive.story(found.story_id)
    assert story is not None
    assert story.withdrawn
    late = Marked(article_id=1, version=found.version, matches=(mine,))  # read before the kill, written after it
    archive.remark([late])
    assert [hit.sentence for m in kept_as(archive, 1).matches for hit in m.hits] == ["Slanderous"]
    assert kept_as(archive, 3).text is not None  # the notice
    assert told(archive, subscription()).lines == ()
    check_index(archive)
    if isinstance(archive, SQLiteArchive):
        held = "\n".join(
            repr(tuple(row))
            for table in ("versions", "items", "matches", "outbox")
            for row in archive.db.conn.execute(f"SELECT * FROM {table}")  # noqa: S608
        )
        assert "landerous" not in held.replace('"Slanderous"', "")


def test_a_later_copy_of_a_killed_story_is_kept_without_its_text(archive: Archive) -> None:
    keep(archive, copy("One", prose("arrest"), "Mayor arrested", credit=WIRE), match())
    keep(archive, notice("Mayor arrested"))
    listed = item("http://late.test/a", content_hash="late")
    archive.keep_visit(visit(), [replace(listed, found=replace(listed.found, content="In the feed"))])
    late = copy("Late", prose("arrest"), "Mayor in cells", partial=True)
    archive.keep([reading(archive.pending(NOW)[0], late, [match()], retry_at=NOW + HOUR)], STORIES, NOW)
    kept = kept_as(archive, 3)
    assert (kept.withdrawn, kept.text, kept.title) == (True, None, "Mayor in cells")
    assert together(archive, 1, 2, 3)
    assert archive.pending(NOW + HOUR)[0].found.content is None
    whole = replace(late, partial=False, text=(more := f"{prose('arrest')}\n\n{prose('tail', 1)}"), body=more)
    archive.keep([reading(archive.pending(NOW + HOUR)[0], whole, [match()])], STORIES, NOW)
    assert (kept_as(archive, 3).version, kept_as(archive, 3).text) == (2, None)
    assert archive.search(Filter(query="in")) == []
    assert told(archive, subscription()).lines == ()
    check_index(archive)


def test_a_notice_may_come_before_its_story(archive: Archive) -> None:
    keep(archive, notice("Mayor arrested"), match())
    keep(archive, copy("One", prose("arrest"), "Mayor arrested", credit=WIRE), match())
    assert [a.withdrawn for a in archive.articles(Filter())] == [False, True]
    assert [a.relation for a in archive.articles(Filter())] == [Relation.KILL, Relation.ORIGIN]
    assert told(archive, subscription()).lines == ()


def test_a_notice_alone_keeps_its_text_whatever_becomes_of_it(archive: Archive) -> None:
    keep(archive, notice("Mayor arrested"))
    again = notice("Mayor arrested")
    keep(archive, replace(again, text=f"{again.text} Thank you.", body=f"{again.body} Thank you."))
    kept = kept_as(archive, 1)
    assert (kept.version, kept.withdrawn) == (2, False)
    assert (kept.text or "").endswith("Thank you.")


def test_only_the_agency_itself_withdraws_what_others_printed(archive: Archive) -> None:
    """Every page can sign with an agency's name."""
    mine = copy("One", prose("arrest"), "Mayor arrested", credit=WIRE)
    keep(archive, mine, match())
    keep(archive, notice("Mayor arrested", paper="Prankster"), match())
    kept = kept_as(archive, 1)
    assert (kept.withdrawn, kept.text) == (False, prose("arrest"))
    assert (together(archive, 1, 2), kept_as(archive, 2).relation) == (True, Relation.KILL)
    assert [line.article.id for line in told(archive, subscription()).lines] == [1]
    keep(archive, notice("Mayor arrested"))
    assert [a.withdrawn for a in archive.articles(Filter())] == [True, False, False]
    check_index(archive)


@pytest.mark.slow
def test_a_notice_elsewhere_withdraws_nothing_of_a_story_too_large_to_be_arranged(archive: Archive) -> None:
    many(archive, [prose("everywhere", 6, 50)] * 320)
    keep(archive, notice("Head line 5", paper="Prankster"))
    keep(archive, copy("One more", prose("everywhere", 6, 50)))
    assert not any(a.withdrawn for a in archive.articles(Filter()))
    assert together(archive, 1, 321)


@pytest.mark.parametrize("alone", [True, False])
def test_a_notice_in_the_place_of_its_story_leaves_nothing_of_it(archive: Archive, alone: bool) -> None:
    keep(archive, copy("One", f"Slanderous. {prose('arrest')}", "Mayor arrested", credit=WIRE), match())
    if not alone:
        other = copy("Two", prose("arrest"), "Mayor arrested", credit=WIRE, published_at=NOW - HOUR)
        keep(archive, other, match())
    keep(archive, notice("Mayor arrested", paper="One"))
    if not alone:
        assert (kept_as(archive, 2).text, kept_as(archive, 2).withdrawn) == (prose("arrest"), False)
        keep(archive, notice("Mayor arrested"))
    old, new = archive.versions(1)
    assert (old.text, new.text is None) == (None, False)
    assert kept_as(archive, 1).withdrawn
    assert all("Slanderous" not in hit.sentence for m in kept_as(archive, 1).matches for hit in m.hits)
    assert len(archive.search(Filter(query="withdrawn"))) == (1 if alone else 2)
    assert archive.search(Filter(query="slanderous")) == []
    keep(archive, copy("One", prose("fresh"), "A new day"), match())
    assert not together(archive, 1, 2 if alone else 4)
    assert [line.article.title for line in told(archive, subscription()).lines] == ["A new day"]
    check_index(archive)


def test_a_new_story_at_a_withdrawn_address_is_a_new_article(archive: Archive) -> None:
    keep(archive, copy("One", prose("arrest"), "Mayor arrested", credit=WIRE), match())
    keep(archive, notice("Mayor arrested"))
    keep(archive, copy("One", prose("parking"), "Parking fees rise"), match())
    new = kept_as(archive, 3)
    assert (new.withdrawn, new.text, new.relation) == (False, prose("parking"), Relation.ORIGIN)
    assert not together(archive, 1, 3)


def test_marking_anew_gives_a_withdrawn_story_no_words_back(archive: Archive) -> None:
    keep(archive, copy("One", prose("arrest"), "Mayor arrested", credit=WIRE), match())
    keep(archive, notice("Mayor arrested"))
    found = replace(match(revision="r2").hits[0], surface="Mayor", sentence="Mayor arrested", place=Place.TITLE)
    archive.remark([Marked(article_id=1, version=1, matches=(replace(match(revision="r2"), hits=(found,)),))])
    assert [hit.sentence for m in kept_as(archive, 1).matches for hit in m.hits] == ["Mayor arrested"]
    assert told(archive, subscription()).lines == ()
    assert keep(archive, copy("One", prose("arrest"), "Mayor arrested", credit=WIRE), match("stca")) is Outcome.KNOWN
    assert kept_as(archive, 1).text is None
    check_index(archive)


def test_what_an_operator_takes_out_of_a_killed_story_gets_its_text_again(archive: Archive) -> None:
    mine = copy("One", prose("arrest"), "Mayor arrested", credit=WIRE)
    keep(archive, mine, match())
    keep(archive, notice("Mayor arrested"))
    archive.rule([(1, 2)], STORIES, NOW, joined=False)
    assert not kept_as(archive, 1).withdrawn
    keep(archive, mine, match())
    assert kept_as(archive, 1).text == mine.text
    check_index(archive)


class Dying:
    """The room of stories, in a process that is killed at a question."""

    def __init__(self, question: str) -> None:
        self._question = question

    def __getattr__(self, name: str) -> Any:
        if name == self._question:
            os.kill(os.getpid(), signal.SIGKILL)
        return getattr(STORIES, name)


KEEPING = """
import sys
from pathlib import Path
from tests.builders import NOW, reading
from tests.contracts.test_archive import ARCHIVES
from tests.contracts.test_stories import Dying, notice
kind, folder, question = sys.argv[1:]
archive = ARCHIVES[kind](Path(folder))
archive.keep([reading(archive.pending(NOW)[0], notice("Mayor arrested"))], Dying(question), NOW)
"""


@pytest.mark.parametrize("question", ["place", "asked", "tie", "keys", "groups", "lineage", "none"])
@pytest.mark.parametrize("kind", sorted(ARCHIVES))
def test_a_kill_of_the_process_leaves_all_or_nothing(tmp_path: Path, kind: str, question: str) -> None:
    with closing(ARCHIVES[kind](tmp_path)) as archive:
        for paper in ("One", "Two"):
            keep(archive, copy(paper, prose("arrest"), "Mayor arrested", credit=WIRE), match())
        archive.keep_visit(visit(), [item("http://wire-desk.test/a")])
        before = picture(archive)
    command = [sys.executable, "-c", KEEPING, kind, str(tmp_path), question]
    ended = subprocess.run(command, check=False, capture_output=True, timeout=60)
    with closing(ARCHIVES[kind](tmp_path)) as archive:
        if question == "none":
            assert ended.returncode == 0, ended.stderr
            assert [a.withdrawn for a in archive.articles(Filter())] == [True, True, False]
            assert archive.pending(NOW) == []
        else:
            assert ended.returncode == -signal.SIGKILL
            assert picture(archive) == before
            assert len(archive.search(Filter(query="mayor"))) == 2
            assert len(archive.pending(NOW)) == 1
        check_index(archive)


# --- what operators rule ---------------------------------------------------------------------------------------------


def test_a_split_holds_for_further_copies_later_versions_and_the_next_process(opener: Opener) -> None:
    first = opener()
    for paper in ("One", "Two", "Three"):
        keep(first, copy(paper, prose("bridge"), credit=WIRE))
    first.rule([(3, 1), (3, 2)], STORIES, NOW, joined=False)
    assert groups(first) == {frozenset({1, 2}), frozenset({3})}
    assert kept_as(first, 3).relation is Relation.ORIGIN
    first.close()
    with closing(opener()) as again:
        keep(again, copy("Four", prose("bridge"), credit=WIRE))
        keep(again, copy("Three", f"{prose('bridge')}\n\n{prose('more', 2)}", credit=WIRE))
        keep(again, copy("One", f"{prose('bridge')}\n\n{prose('more', 2)}", credit=WIRE))
        assert not together(again, 1, 3)
        assert together(again, 1, 2)
        again.rule([(3, 1), (3, 2)], STORIES, NOW, joined=True)
        assert groups(again) == {frozenset({1, 2, 3, 4})}
        again.rule([(3, 1), (3, 2), (3, 4)], STORIES, NOW, joined=False)
        assert groups(again) == {frozenset({1, 2, 4}), frozenset({3})}


def test_a_join_holds_for_further_copies_later_versions_and_the_next_process(opener: Opener) -> None:
    first = opener()
    keep(first, copy("One", prose("bridge")))
    keep(first, copy("Two", prose("other words")))
    was = kept_as(first, 2).story_id
    first.rule([(1, 2)], STORIES, NOW, joined=True)
    assert groups(first) == {frozenset({1, 2})}
    merged = first.story(was)
    assert merged is not None
    assert merged.id == kept_as(first, 1).story_id
    first.close()
    with closing(opener()) as again:
        keep(again, copy("Three", prose("other words")))
        keep(again, copy("Two", f"{prose('other words')}\n\n{prose('more')}"))
        assert groups(again) == {frozenset({1, 2, 3})}
        again.rule([(1, 2)], STORIES, NOW, joined=False)
        assert groups(again) == {frozenset({1}), frozenset({2, 3})}


def test_a_ruling_again_changes_nothing(archive: Archive) -> None:
    for paper in ("One", "Two"):
        keep(archive, copy(paper, prose("bridge"), credit=WIRE))
    archive.rule([(1, 2)], STORIES, NOW, joined=False)
    before = groups(archive), picture(archive)
    archive.rule([(2, 1)], STORIES, NOW, joined=False)
    assert (groups(archive), picture(archive)) == before


def test_a_story_that_became_part_of_another_is_found_by_its_number_through_every_step(archive: Archive) -> None:
    for name in ("one", "two", "three"):
        keep(archive, copy(name, prose(name)))
    numbers = [kept_as(archive, one).story_id for one in (1, 2, 3)]
    archive.rule([(2, 3)], STORIES, NOW, joined=True)
    archive.rule([(1, 2)], STORIES, NOW, joined=True)
    found = {story.id for number in numbers if (story := archive.story(number)) is not None}
    assert found == {kept_as(archive, 1).story_id}
    archive.rule([(1, 2), (1, 3)], STORIES, NOW, joined=False)
    assert all((archive.story(number) or Story(id=0, members=())).members for number in numbers)


def test_copies_word_for_word_stay_together_when_the_first_of_them_is_split_off(archive: Archive) -> None:
    for paper in ("One", "Two", "Three"):
        keep(archive, copy(paper, prose("bridge"), credit=WIRE))
    archive.rule([(1, 2), (1, 3)], STORIES, NOW, joined=False)
    assert groups(archive) == {frozenset({1}), frozenset({2, 3})}


def test_who_was_told_of_one_part_is_told_of_the_other_when_they_are_split(archive: Archive) -> None:
    keep(archive, copy("One", prose("bridge"), "Bridge closed"), match())
    archive.commit_digest(told(archive, subscription()), message())
    keep(archive, copy("Two", prose("bridge"), "Another bridge"), match())
    counted = told(archive, subscription(), "s2")
    assert (counted.lines, counted.more_pickups) == ((), 1)
    archive.commit_digest(counted, None)
    archive.rule([(1, 2)], STORIES, NOW, joined=False)
    lines = told(archive, subscription(), "s3").lines
    assert [line.article.title for line in lines] == ["Another bridge"]
    archive.commit_digest(told(archive, subscription(), "s3"), message("s3"))
    archive.rule([(1, 2)], STORIES, NOW, joined=True)
    archive.rule([(1, 2)], STORIES, NOW, joined=False)
    assert told(archive, subscription(), "s4").lines == ()


def test_who_was_told_of_all_parts_is_told_nothing_when_they_are_split(archive: Archive) -> None:
    for paper in ("One", "Two"):
        keep(archive, copy(paper, prose("bridge")), match())
    archive.commit_digest(told(archive, subscription()), message())
    archive.rule([(1, 2)], STORIES, NOW, joined=False)
    digest = told(archive, subscription(), "s2")
    assert (digest.lines, digest.more_pickups) == ((), 0)


def test_a_story_that_proves_to_be_part_of_one_that_was_told_is_counted_only(archive: Archive) -> None:
    keep(archive, copy("One", prose("bridge")), match())
    archive.commit_digest(told(archive, subscription()), message())
    keep(archive, copy("Two", prose("jam"), "Traffic jam"), match())
    archive.rule([(1, 2)], STORIES, NOW, joined=True)
    digest = told(archive, subscription(), "s2")
    assert (digest.lines, digest.more_pickups) == ((), 1)


# --- what else a story lives through ---------------------------------------------------------------------------------


def test_a_copy_is_known_by_words_that_were_erased_since(archive: Archive) -> None:
    keep(archive, copy("One", prose("bridge"), credit=WIRE))
    assert archive.prune(NOW + DAY) == 1
    keep(archive, copy("Two", "\n\n".join(prose("bridge").split("\n\n")[:4]), credit=WIRE), match())
    assert together(archive, 1, 2)
    assert kept_as(archive, 2).kept == pytest.approx(0.67, abs=0.1)
    keep(archive, notice("Bridge closed"))
    assert kept_as(archive, 2).text is None
    check_index(archive)


def test_a_source_that_leaves_excerpts_has_its_articles_recognised_all_the_same(archive: Archive) -> None:
    keep(archive, copy("One", prose("bridge"), credit=WIRE, keep=Keep.EXCERPT), match())
    assert (kept_as(archive, 1).text or "") != prose("bridge")
    keep(archive, copy("Two", prose("bridge"), credit=WIRE), match())
    assert together(archive, 1, 2)
    assert kept_as(archive, 2).kept == 1.0


def test_a_wall_before_a_story_makes_no_articles_and_the_story_comes_back(archive: Archive) -> None:
    story = copy("One", prose("bridge"), "Bridge closed")
    wall = copy("One", prose("subscribe to read on", 1, 45), "Bridge closed")
    for found in (story, wall, story, wall, story, wall):
        keep(archive, found, match())
    (kept,) = archive.articles(Filter())
    assert (kept.text, kept.version) == (story.text, 3)
    assert len(archive.search(Filter(query=prose("bridge").split()[5]))) == 1
    check_index(archive)


def test_what_the_page_adds_nothing_to_is_told_once(archive: Archive) -> None:
    keep(archive, copy("One", prose("bridge"), partial=True), match())
    archive.commit_digest(told(archive, subscription()), message())
    assert keep(archive, copy("One", prose("bridge")), match()) is Outcome.VERSION
    assert not kept_as(archive, 1).partial
    assert told(archive, subscription(), "s2").lines == ()


def test_a_trifle_is_kept_as_a_version_and_told_to_nobody(archive: Archive) -> None:
    keep(archive, copy("One", prose("bridge")), match())
    archive.commit_digest(told(archive, subscription()), message())
    moved = prose("bridge").replace(".\n\n", ";\n\n", 1)
    assert keep(archive, copy("One", f"{moved} "), match()) in {Outcome.VERSION, Outcome.KNOWN}
    assert told(archive, subscription(), "s2").lines == ()
    assert keep(archive, copy("One", f"{moved}\n\n{prose('more')}"), match()) is Outcome.VERSION
    assert [line.updated for line in told(archive, subscription(), "s3").lines] == [True]


def unbodied(found: Article) -> Fingerprint:
    """What the program makes of an article as an archive returns it."""
    return fingerprint(replace(found, body=body(found.text, title=found.title, language=found.language)))


def forget_prints(archive: Archive) -> None:
    """Leaves an archive as one that an older program kept."""
    assert isinstance(archive, SQLiteArchive)
    for table in ("ties", "text_keys", "texts"):
        archive.db.conn.execute(f"DELETE FROM {table}")  # noqa: S608
    archive.db.conn.execute("UPDATE articles SET kept = NULL")


def test_an_archive_of_an_older_program_works_before_it_is_woven(archive: Archive) -> None:
    for paper in ("One", "Two"):
        keep(archive, copy(paper, prose("bridge")), match())
    forget_prints(archive)
    story = archive.story(kept_as(archive, 1).story_id)
    assert story is not None
    assert [(member.article.id, member.kept) for member in story.members] == [(1, None), (2, None)]
    assert archive.related(story.id, STORIES) == []
    assert keep(archive, copy("One", prose("bridge")), match()) is Outcome.KNOWN
    assert keep(archive, copy("One", f"{prose('bridge')}\n\n{prose('more', 2)}"), match()) is Outcome.VERSION
    keep(archive, copy("Three", f"{prose('bridge')}\n\n{prose('more', 2)}"), match())
    assert together(archive, 1, 3)


def test_weaving_makes_what_an_older_program_left_out_and_tells_nobody(archive: Archive) -> None:
    text = prose("bridge")
    for paper in ("One", "Two"):
        keep(archive, copy(paper, text), match())
    keep(archive, copy("Grown", f"{text}\n\n{prose('more', 1)}", published_at=NOW + HOUR), match())
    keep(archive, copy("Erased", prose("gone")))
    keep(archive, copy("Erased too", prose("gone")))
    archive.prune(NOW + DAY)
    keep(archive, copy("Other", prose("fire"), "Fire"), match())
    archive.commit_digest(told(archive, subscription()), message())
    before = {story for story in picture(archive) if "Erased" not in repr(story)}
    forget_prints(archive)
    archive.rule([(1, 6)], STORIES, NOW, joined=False)
    assert [archive.weave(STORIES, unbodied, limit=4) for _ in range(3)] == [4, 2, 0]
    assert before < picture(archive)
    assert groups(archive) == {frozenset({1, 2, 3}), frozenset({4, 5}), frozenset({6})}
    keep(archive, copy("Late", "\n\n".join(text.split("\n\n")[:4])))
    assert together(archive, 1, 7)
    assert told(archive, subscription(), "s2").lines == ()
    check_index(archive)


# --- related stories and official pairs ------------------------------------------------------------------------------


def test_stories_of_one_event_are_related_and_instalments_are_not(archive: Archive) -> None:
    facts = "Harold Menzies and Annette Brosseau spoke of 4,310 trucks at Lacolle."
    keep(archive, copy("One", f"{facts}\n\n{prose('one')}", "Bridge closed", credit=WIRE))
    keep(archive, copy("Two", f"{prose('two', 3)}\n\n{facts}\n\n{prose('two on', 2)}", "Trucks wait"))
    keep(archive, copy("Table", instalment("September", (1204, 871, 244, 89)), "Monthly table"))
    keep(archive, copy("Table next", instalment("October", (1377, 902, 310, 165)), "Monthly table"))
    numbers = [kept_as(archive, one).story_id for one in (1, 2, 3, 4)]
    assert len(set(numbers)) == 4
    found = {number: archive.related(number, STORIES) for number in numbers}
    assert found == {numbers[0]: [numbers[1]], numbers[1]: [numbers[0]], numbers[2]: [], numbers[3]: []}
    assert archive.related(99, STORIES) == []


def release(language: str, text: str, title: str, **changed: Any) -> Article:
    """A federal release."""
    url = f"http://canada.test/{language}/{len(text)}"
    return article(url, publisher="Department", title=title, text=text, language=language, official=True,
                   **{"published_at": NOW} | changed)  # fmt: skip


def test_official_releases_are_listed_with_their_languages_and_what_differs(archive: Archive) -> None:
    keep(archive, release("en", f"{FACTS}\n\n{prose('table')}", "New table"))
    keep(archive, release("fr", f"{FAITS.replace('2875', '2785')}\n\n{prose('tableau')}", "Nouveau tableau"))
    keep(archive, release("en", prose("alone"), "Alone", published_at=NOW + HOUR))
    keep(archive, copy("Paper", f"{FACTS}\n\n{prose('table')}", published_at=NOW + HOUR))
    alone, pair = archive.pairs(STORIES)
    assert ({*alone.articles}, alone.at) == ({"en"}, NOW + HOUR)
    assert {language: kept.id for language, kept in pair.articles.items()} == {"en": 1, "fr": 2}
    assert pair.disagreement == (frozenset({"2875"}), frozenset({"2785"}))
    assert together(archive, 1, 2, 4)


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.unmeasured
@pytest.mark.parametrize(
    "text",
    [
        f"{prose('much', 1, 50_000)} " * 16,
        "again " * 800_000,
        "",
        None,
        "1,234 " * 500_000,
        "Anna Berg " * 300_000,
        "\u0301" * 1_000_000,
    ],
    ids=["5 MB", "one word", "empty", "none", "figures", "names", "marks"],
)
def test_a_text_without_bounds_is_kept_in_seconds(archive: Archive, text: str | None) -> None:
    began = time.process_time()
    for paper in ("One", "Two"):
        keep(archive, copy(paper, text, paper), match())
    assert usual(time.process_time() - began) < 20
    assert [a.text for a in archive.articles(Filter())] == [text] * 2
    check_index(archive)


def test_unrelated_stories_under_one_headline_are_two(archive: Archive) -> None:
    keep(archive, copy("One", prose("bridge"), "The week in review"), match())
    keep(archive, copy("Two", prose("school"), "The week in review"), match())
    assert not together(archive, 1, 2)


def many(archive: Archive, texts: Sequence[str], *, first: int = 0) -> float:
    """Keeps each text at a publisher of its own; returns the seconds of CPU."""
    began = time.process_time()
    for start in range(0, len(texts), 200):
        own = {f"http://p{first + n}.test/a": n for n in range(start, min(start + 200, len(texts)))}
        archive.keep_visit(visit(), [item(url) for url in own])
        readings = []
        for pending in archive.pending(NOW):
            url = pending.found.url or ""
            found = article(
                url, publisher=url, title=f"Head line {own[url] % 7}", text=texts[own[url]], published_at=NOW
            )
            readings.append(reading(pending, found, [match()]))
        archive.keep(readings, STORIES, NOW)
    return time.process_time() - began


@pytest.mark.slow
@pytest.mark.unmeasured
@pytest.mark.timeout(300)
def test_ten_thousand_copies_cost_no_more_each_than_the_first(archive: Archive) -> None:
    text = prose("everywhere", 6, 50)
    seconds = [many(archive, [text] * 2_000, first=first) for first in range(0, 10_000, 2_000)]
    assert usual(sum(seconds)) < 60
    assert seconds[-1] < 2 * seconds[1]
    (story,) = archive.stories(Filter())
    assert len(story.members) == 10_000
    assert {member.relation for member in story.members[1:]} == {Relation.PICKUP}
    assert {member.kept for member in story.members} == {1.0}
    began = time.process_time()
    archive.rule([(1, other) for other in range(2, 10_001)], STORIES, NOW, joined=False)
    assert usual(time.process_time() - began) < 60
    assert groups(archive) == {frozenset({1}), frozenset(range(2, 10_001))}


@pytest.mark.slow
@pytest.mark.unmeasured
@pytest.mark.timeout(300)
def test_many_copies_with_a_word_of_their_own_are_one_story(archive: Archive) -> None:
    words = prose("everywhere", 1, 300).split()
    texts = [" ".join([*words[: n % 300], f"own{chr(97 + n % 26)}", *words[n % 300 :]]) for n in range(900)]
    assert usual(many(archive, texts)) < 60
    (story,) = archive.stories(Filter())
    assert len(story.members) == 900
    assert [member.relation for member in story.members].count(Relation.ORIGIN) == 1


@pytest.mark.slow
@pytest.mark.unmeasured
def test_a_story_too_large_to_be_arranged_anew_obeys_operators_and_its_agency(archive: Archive) -> None:
    many(archive, [prose("everywhere", 6, 50)] * 400)
    archive.rule([(400, other) for other in range(1, 400)], STORIES, NOW, joined=False)
    assert groups(archive) == {frozenset(range(1, 400)), frozenset({400})}
    assert kept_as(archive, 400).relation is Relation.ORIGIN
    keep(archive, copy("One more", prose("everywhere", 6, 50)), match())
    assert together(archive, 1, 401)
    archive.rule([(400, other) for other in range(1, 400)], STORIES, NOW, joined=True)
    assert groups(archive) == {frozenset(range(1, 402))}
    archive.rule([(1, other) for other in range(2, 402)], STORIES, NOW, joined=False)
    assert groups(archive) == {frozenset({1}), frozenset(range(2, 402))}
    assert [kept_as(archive, one).relation for one in (1, 2)] == [Relation.ORIGIN] * 2
    keep(archive, notice("Head line 5", published_at=NOW))
    assert {a.id for a in archive.articles(Filter()) if a.text is not None} == {1, 402}
    assert {a.id for a in archive.articles(Filter()) if a.withdrawn} == set(range(2, 402))
    check_index(archive)


@pytest.mark.parametrize(("later", "one"), [(0, True), (59, True), (60, False)])
def test_a_release_that_names_nobody_is_found_by_its_minute(archive: Archive, later: int, one: bool) -> None:
    english = "Counters open Dec. 24 and close Dec. 31. They open again Jan. 2 and close on Jan. 15 for repairs."
    french = "Les comptoirs ouvrent le 24 décembre et ferment le 31 décembre. Ils rouvrent le 2 janvier, puis ferment "
    french += "le 15 janvier pour des travaux."
    out = NOW.replace(second=0)
    keep(archive, copy("Ministry", english, "Holiday hours", official=True, published_at=out))
    then = out + timedelta(seconds=later)
    keep(archive, copy("Ministère", french, "Heures des fêtes", language="fr", official=True, published_at=then))
    assert together(archive, 1, 2) is one
