"""The Atom channel: a feed in a file, as feed readers read it."""

# ruff: noqa: ASYNC240 - a test waits for its files

import asyncio
import stat
from pathlib import Path

import feedparser
import pytest
from lxml import etree

from monitor.channels.atom import AtomFile
from monitor.types import Message
from tests.ways import a_feed, an_entry, failure, nothing_to_do, some_entries


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "public" / "desk.atom"


def a_message(number: int, *entries: str, **feed: str) -> Message:
    return some_entries(message_id=f"<{number}@example.org>", raw=a_feed(*entries, **feed))


def ids(file: Path) -> list[str]:
    return [entry.id.removeprefix("urn:roxham:") for entry in read(file).entries]


def read(file: Path) -> feedparser.FeedParserDict:
    """The feed as a reader sees it; broken XML is an error."""
    feed = feedparser.parse(file.read_bytes())
    assert not feed.bozo, feed.get("bozo_exception")
    assert feed.version == "atom10"
    return feed


def titles(file: Path) -> dict[str, str]:
    return {entry.id.removeprefix("urn:roxham:"): entry.title for entry in read(file).entries}


async def test_a_new_feed_is_the_message(file: Path) -> None:
    receipt = await AtomFile("feed", file).send(a_message(1, an_entry("b"), an_entry("a")), nothing_to_do)
    feed = read(file).feed
    assert (feed.id, feed.title, feed.updated) == ("urn:roxham:desk", "Border desk", "2026-11-22T12:00:00Z")
    assert feed.author == "Roxham"
    assert ids(file) == ["b", "a"]
    assert receipt.answer == str(file)


async def test_new_entries_stand_on_top_and_only_the_newest_are_kept(file: Path) -> None:
    way = AtomFile("feed", file, entries=3)
    await way.send(a_message(1, an_entry("b"), an_entry("a")), nothing_to_do)
    await way.send(a_message(2, an_entry("d"), an_entry("c")), nothing_to_do)
    assert ids(file) == ["d", "c", "b"]


async def test_an_entry_with_a_known_id_takes_the_place_of_the_older_one_on_top(file: Path) -> None:
    way = AtomFile("feed", file)
    await way.send(a_message(1, an_entry("b"), an_entry("a", title="310 rooms")), nothing_to_do)
    await way.send(a_message(2, an_entry("a", title="210 rooms", updated="2026-11-22T13:00:00Z")), nothing_to_do)
    assert titles(file) == {"a": "210 rooms", "b": "b"}
    assert ids(file) == ["a", "b"]


async def test_a_message_put_before_changes_nothing_though_newer_ones_came_in_between(file: Path) -> None:
    way = AtomFile("feed", file, entries=2)
    first = a_message(1, an_entry("a", title="old"))
    await way.send(first, nothing_to_do)
    await way.send(a_message(2, an_entry("a", title="new"), an_entry("b")), nothing_to_do)
    before = file.read_bytes()
    await way.send(first, nothing_to_do)
    assert file.read_bytes() == before


async def test_a_message_that_comes_late_does_not_undo_what_is_newer(file: Path) -> None:
    way = AtomFile("feed", file)
    late = a_message(1, an_entry("a", title="old", updated="2026-11-22T10:00:00Z"), updated="2026-11-22T10:00:00Z")
    await way.send(a_message(2, an_entry("a", title="new", updated="2026-11-22T06:30:00-05:00")), nothing_to_do)
    await way.send(late, nothing_to_do)
    assert titles(file) == {"a": "new"}
    assert read(file).feed.updated == "2026-11-22T12:00:00Z"


async def test_what_the_newest_message_says_of_the_feed_holds(file: Path) -> None:
    way = AtomFile("feed", file)
    await way.send(a_message(1, an_entry("a"), title="Border desk"), nothing_to_do)
    await way.send(a_message(2, an_entry("b"), title="Borders", updated="2026-11-23T12:00:00Z"), nothing_to_do)
    assert (read(file).feed.title, read(file).feed.updated) == ("Borders", "2026-11-23T12:00:00Z")


async def test_entries_of_two_languages_keep_theirs(file: Path) -> None:
    way = AtomFile("feed", file)
    await way.send(a_message(1, an_entry("a"), lang="fr"), nothing_to_do)
    await way.send(a_message(2, an_entry("b"), lang="en"), nothing_to_do)
    assert [entry.title_detail.language for entry in read(file).entries] == ["en", "fr"]


async def test_the_feed_has_what_rfc_4287_demands(file: Path) -> None:
    way = AtomFile("feed", file)
    for number in range(5):
        await way.send(a_message(number, an_entry(str(number)), an_entry("again")), nothing_to_do)
    feed = etree.fromstring(file.read_bytes())
    atom = {"a": "http://www.w3.org/2005/Atom"}
    for once in ("id", "title", "updated"):
        assert len(feed.findall(f"a:{once}", atom)) == 1
        assert all(len(entry.findall(f"a:{once}", atom)) == 1 for entry in feed.findall("a:entry", atom))
    assert feed.findall("a:author", atom)
    assert len({entry.findtext("a:id", None, atom) for entry in feed.findall("a:entry", atom)}) == 6
    assert file.read_bytes().startswith(b"<?xml version='1.0' encoding='utf-8'?>")


async def test_everybody_may_read_the_feed_whatever_the_mask(file: Path) -> None:
    await AtomFile("feed", file).send(a_message(1, an_entry("a")), nothing_to_do)
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [path.name for path in file.parent.iterdir()] == ["desk.atom"]


@pytest.mark.parametrize(
    "other",
    [
        b"<html><p>my home page",
        b"<rss version='2.0'><channel/></rss>",
        b"\x00\xff not XML",
        b"<!DOCTYPE feed [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><feed xmlns='http://www.w3.org/2005/Atom'>&x;</feed>",
        a_feed(an_entry("cut"))[:-20],
    ],
)
async def test_a_file_that_is_no_feed_is_set_aside_and_the_receipt_says_where(file: Path, other: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(other)
    receipt = await AtomFile("feed", file).send(a_message(1, an_entry("a")), nothing_to_do)
    assert ids(file) == ["a"]
    (aside,) = set(file.parent.iterdir()) - {file}
    assert aside.name.startswith("desk.atom.set-aside-")
    assert aside.read_bytes() == other
    assert receipt.answer == f"{file} (what stood there was no Atom feed; it is now {aside})"


async def test_an_empty_file_is_a_feed_not_begun(file: Path) -> None:
    file.parent.mkdir()
    file.touch()
    await AtomFile("feed", file).send(a_message(1, an_entry("a")), nothing_to_do)
    assert ids(file) == ["a"]
    assert list(file.parent.iterdir()) == [file]


async def test_a_feed_of_another_program_keeps_its_entries(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(
        b'<f:feed xmlns:f="http://www.w3.org/2005/Atom"><f:id>x</f:id><f:title>Old</f:title>'
        b"<f:updated>soon</f:updated><f:entry><f:id>urn:roxham:old</f:id><f:title>Old one</f:title></f:entry>"
        b"<f:entry><f:title>without an id</f:title></f:entry></f:feed>"
    )
    await AtomFile("feed", file).send(a_message(1, an_entry("a")), nothing_to_do)
    assert [entry.title for entry in read(file).entries] == ["a", "Old one", "without an id"]


@pytest.mark.parametrize("raw", [b"", b"no feed", b"<feed/>", b"<entry xmlns='http://www.w3.org/2005/Atom'/>"])
async def test_a_message_that_is_no_feed_is_refused_for_good(file: Path, raw: bytes) -> None:
    error = await failure(AtomFile("feed", file), some_entries(raw=raw), committed=False)
    assert not error.temporary
    assert not file.exists()


async def test_a_feed_that_cannot_be_replaced_stays_and_is_tried_again(file: Path) -> None:
    way = AtomFile("feed", file)
    await way.send(a_message(1, an_entry("a")), nothing_to_do)
    in_the_way = file.with_name(".desk.atom.new")
    in_the_way.mkdir()
    error = await failure(way, a_message(2, an_entry("b")))
    assert (error.temporary, error.doubt, error.way) == (True, False, True)
    assert error.reason == f"cannot keep the feed {file} of the channel feed: Is a directory"
    assert ids(file) == ["a"]
    in_the_way.rmdir()
    await way.send(a_message(2, an_entry("b")), nothing_to_do)
    assert ids(file) == ["b", "a"]


async def test_what_a_killed_attempt_left_is_written_over(file: Path) -> None:
    file.parent.mkdir()
    file.with_name(".desk.atom.new").write_bytes(b"half a fe")
    await AtomFile("feed", file).send(a_message(1, an_entry("a")), nothing_to_do)
    assert list(file.parent.iterdir()) == [file]


async def test_two_digests_at_once_both_get_into_the_feed(file: Path) -> None:
    way = AtomFile("feed", file)
    await asyncio.gather(*(way.send(a_message(number, an_entry(str(number))), nothing_to_do) for number in range(10)))
    assert sorted(ids(file)) == [str(number) for number in range(10)]


def deleted(ref: str) -> str:
    """A mark that an entry is to be deleted (RFC 6721)."""
    tombstones = "http://purl.org/atompub/tombstones/1.0"
    return f'<at:deleted-entry xmlns:at="{tombstones}" ref="urn:roxham:{ref}" when="2026-11-22T13:00:00Z"/>'


async def test_what_was_withdrawn_leaves_the_feed_and_does_not_come_back(file: Path) -> None:
    way = AtomFile("feed", file)
    await way.send(a_message(1, an_entry("b"), an_entry("a", title="312 people")), nothing_to_do)
    await way.send(a_message(2, deleted("a"), an_entry("a-withdrawn")), nothing_to_do)
    assert ids(file) == ["a-withdrawn", "b"]
    assert b"312 people" not in file.read_bytes()
    await way.send(a_message(3, an_entry("c")), nothing_to_do)
    await way.send(a_message(4, an_entry("a", title="312 people")), nothing_to_do)
    assert ids(file) == ["c", "a-withdrawn", "b"]
    marks = etree.parse(file).findall("{http://purl.org/atompub/tombstones/1.0}deleted-entry")
    assert [mark.get("ref") for mark in marks] == ["urn:roxham:a"]
