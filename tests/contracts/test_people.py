"""Every archive's duties towards the people who use its pages: sessions, saved searches, and what they say."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.archive import Archive
from monitor.archive.copies import restore
from monitor.archive.sqlite import SQLiteArchive
from monitor.errors import ArchiveError
from monitor.types import Feedback, FeedbackKind, SavedSearch
from tests.builders import NOW, article
from tests.contracts.test_archive import ARCHIVES, Opener, keep
from tests.contracts.test_stories import WIRE, copy, notice, prose

DAY = timedelta(days=1)
KEY, OTHER = b"k" * 32, b"o" * 32


@pytest.fixture(params=sorted(ARCHIVES))
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    return lambda: ARCHIVES[request.param](tmp_path)


@pytest.fixture
def archive(opener: Opener) -> Iterator[Archive]:
    opened = opener()
    yield opened
    opened.close()


def search(**changed: Any) -> SavedSearch:
    fields: dict[str, Any] = {"name": "Crossings", "owner": "ruth", "params": "q=roxham&topic=stca", "created_at": NOW}
    return SavedSearch(**fields | changed)


def word(**changed: Any) -> Feedback:
    fields: dict[str, Any] = {"kind": FeedbackKind.MISSED, "topic_id": "stca", "article_id": None, "by": "rhea"}
    fields |= {"url": "http://desk.test/a", "at": NOW}
    return Feedback(**fields | changed)


# --- sessions --------------------------------------------------------------------------------------------------------


def test_a_session_lasts_until_its_end(archive: Archive) -> None:
    archive.begin_session(KEY, "rhea", "m1", now=NOW, until=NOW + DAY)
    assert archive.session(KEY, NOW) == ("rhea", "m1")
    assert archive.session(OTHER, NOW) is None
    assert archive.session(KEY, NOW + DAY - timedelta(seconds=1)) == ("rhea", "m1")
    assert archive.session(KEY, NOW + DAY) is None


def test_who_signs_out_ends_that_session_only(archive: Archive) -> None:
    archive.begin_session(KEY, "rhea", "m1", now=NOW, until=NOW + DAY)
    archive.begin_session(OTHER, "rhea", "m1", now=NOW, until=NOW + DAY)
    archive.end_session(KEY)
    archive.end_session(KEY)
    assert archive.session(KEY, NOW) is None
    assert archive.session(OTHER, NOW) == ("rhea", "m1")


def test_sessions_that_ended_are_forgotten_and_their_keys_can_come_again(archive: Archive) -> None:
    archive.begin_session(KEY, "rhea", "m1", now=NOW, until=NOW + DAY)
    archive.begin_session(OTHER, "ruth", "m2", now=NOW + DAY, until=NOW + 2 * DAY)
    archive.begin_session(KEY, "olga", "m3", now=NOW + DAY, until=NOW + 2 * DAY)
    assert archive.session(KEY, NOW + DAY) == ("olga", "m3")


def test_what_a_session_is_known_by_is_never_given_twice(archive: Archive) -> None:
    archive.begin_session(KEY, "rhea", "m1", now=NOW, until=NOW + DAY)
    with pytest.raises(ArchiveError):
        archive.begin_session(KEY, "olga", "m2", now=NOW, until=NOW + DAY)
    assert archive.session(KEY, NOW) == ("rhea", "m1")


# --- saved searches --------------------------------------------------------------------------------------------------


def test_a_search_is_kept_and_given_back_as_it_was(archive: Archive) -> None:
    first = search(name="Passages d’été", params="q=%22a b%22&topic=", feed_hash=KEY)
    second = search(owner="olga", created_at=NOW + DAY)
    ids = [archive.save_search(first), archive.save_search(second)]
    assert archive.saved_searches() == [replace(second, id=ids[1]), replace(first, id=ids[0])]
    assert archive.saved_searches("ruth") == [replace(first, id=ids[0])]
    assert archive.saved_searches("nobody") == []


def test_a_search_takes_the_place_of_its_owners_one_with_that_id(archive: Archive) -> None:
    kept = archive.save_search(search())
    changed = search(id=kept, name="Renamed", feed_hash=KEY)
    assert archive.save_search(changed) == kept
    assert archive.saved_searches() == [changed]
    theirs = archive.save_search(search(id=kept, owner="olga", name="Mine"))
    assert theirs != kept
    assert archive.saved_searches("ruth") == [changed]
    assert [s.name for s in archive.saved_searches("olga")] == ["Mine"]


def test_a_feed_is_found_by_its_key_as_long_as_the_search_has_it(archive: Archive) -> None:
    kept = archive.save_search(search(feed_hash=KEY))
    assert archive.feed_search(KEY) == search(id=kept, feed_hash=KEY)
    assert archive.feed_search(OTHER) is None
    archive.save_search(search(id=kept, feed_hash=OTHER))
    assert archive.feed_search(KEY) is None
    archive.save_search(search(id=kept))
    assert archive.feed_search(OTHER) is None


def test_only_its_owner_forgets_a_search(archive: Archive) -> None:
    kept = archive.save_search(search())
    assert not archive.forget_search(kept, "olga")
    assert not archive.forget_search(kept + 1, "ruth")
    assert len(archive.saved_searches()) == 1
    assert archive.forget_search(kept, "ruth")
    assert archive.saved_searches() == []
    assert archive.save_search(search()) != kept  # an address that somebody keeps leads to no other search


# --- feedback --------------------------------------------------------------------------------------------------------


def test_what_readers_said_is_given_by_topic_the_newest_first(archive: Archive) -> None:
    keep(archive, article())
    said = [
        word(note="see <b>page 3</b>"),
        word(topic_id="roxham-road", article_id=1, kind=FeedbackKind.NOT_RELEVANT, at=NOW + DAY),
        word(by="olga", at=NOW + 2 * DAY),
    ]
    ids = [archive.give_feedback(one) for one in said]
    kept = [replace(one, id=number) for one, number in zip(said, ids, strict=True)]
    assert archive.feedback() == kept[::-1]
    assert archive.feedback(["stca"]) == [kept[2], kept[0]]
    assert archive.feedback(["roxham-road", "other"]) == [kept[1]]
    assert archive.feedback([]) == []


@pytest.mark.parametrize("article_id", [1, None])
def test_who_says_another_thing_of_the_same_says_it_in_place_of_the_first(
    archive: Archive, article_id: int | None
) -> None:
    keep(archive, article())
    first = archive.give_feedback(word(article_id=article_id, note="why?"))
    again = word(article_id=article_id, kind=FeedbackKind.NOT_RELEVANT, at=NOW + DAY)
    assert archive.give_feedback(again) == first
    assert archive.feedback() == [replace(again, id=first)]
    others = [word(article_id=article_id, by="olga"), word(article_id=article_id, topic_id="other")]
    assert len({first, *(archive.give_feedback(one) for one in others)}) == 3


def test_addresses_that_the_archive_does_not_hold_are_told_apart(archive: Archive) -> None:
    assert archive.give_feedback(word()) != archive.give_feedback(word(url="http://desk.test/b"))


def test_of_an_article_that_is_not_there_nothing_is_kept(archive: Archive) -> None:
    with pytest.raises(ArchiveError):
        archive.give_feedback(word(article_id=7))
    assert archive.feedback() == []


def test_who_said_it_takes_it_back_or_whoever_may_do_so_for_them(archive: Archive) -> None:
    one, other = archive.give_feedback(word()), archive.give_feedback(word(by="olga"))
    assert not archive.take_back_feedback(one, "olga")
    assert not archive.take_back_feedback(99, None)
    assert archive.take_back_feedback(one, "rhea")
    assert archive.take_back_feedback(other, None)
    assert archive.feedback() == []


def test_a_note_on_a_story_that_its_agency_kills_goes_with_it(archive: Archive) -> None:
    keep(archive, copy("One", prose("arrest"), "Mayor arrest", credit=WIRE))
    keep(archive, article("http://desk.test/other"))
    archive.give_feedback(word(article_id=1, note="“Mayor arrested at dawn” is ours"))
    archive.give_feedback(word(article_id=2, note="stays"))
    keep(archive, notice("Mayor arrest"))
    killed = archive.article(1)
    assert killed is not None
    assert killed.withdrawn
    assert {said.article_id: said.note for said in archive.feedback()} == {1: None, 2: "stays"}


# --- copies ----------------------------------------------------------------------------------------------------------


def test_a_copy_that_is_put_back_knows_searches_and_words_but_nobody_is_signed_in(
    archive: Archive, tmp_path: Path
) -> None:
    archive.save_search(search(feed_hash=OTHER))
    archive.give_feedback(word(note="as said"))
    archive.begin_session(KEY, "rhea", "m1", now=NOW, until=NOW + DAY)
    archive.backup(tmp_path / "copy.db")
    assert archive.session(KEY, NOW) is not None
    restore(tmp_path / "back.db", tmp_path / "copy.db", NOW)
    back = SQLiteArchive.for_reading(tmp_path / "back.db")
    assert back.saved_searches() == archive.saved_searches()
    assert back.feedback() == archive.feedback()
    assert len(back.feedback()) == 1
    assert back.session(KEY, NOW) is None
    back.close()
