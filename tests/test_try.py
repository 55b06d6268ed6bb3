"""`roxham try`: one address through the rooms, over real answers; nothing is kept."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.pipeline import stand_in
from monitor.types import Credentials, Read
from tests import builders
from tests.installation import Installation, feed, page, source, story
from tests.site import Site

PAGE = page("Lamps at the road", story("first"))


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        listed = [(site.url(f"/{name}.html"), name.title(), f"Of {name}.") for name in ("first", "second", "gone")]
        site.put("/feed.xml", feed(*listed), type="application/rss+xml")
        site.put("/first.html", PAGE)
        site.put("/second.html", page("A quiet day", story("second", "Nothing happened.")))
        yield site


@pytest.fixture
def here(site: Site, tmp_path: Path) -> Installation:
    return Installation(tmp_path / "here", [source("desk", site.url("/feed.xml"))])


def tried(here: Installation, *args: str, code: int = 0) -> dict[str, Any]:
    document: dict[str, Any] = here.document("try", *args, code=code)
    return document


def files(here: Installation) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in here.folder.rglob("*") if file.is_file()}


def test_each_room_says_what_it_makes_of_a_feed_and_its_first_item(here: Installation, site: Site) -> None:
    said = tried(here, site.url("/feed.xml"))
    assert (said["source"], said["publisher"]) == ("desk", "Desk")
    assert (said["visit"]["outcome"], said["visit"]["status"]) == ("changed", 200)
    assert [item["title"] for item in said["items"]] == ["First", "Second", "Gone"]
    assert said["read"] == {"title": "First", "url": site.url("/first.html")}
    assert said["page"] == {"status": 200, "url": site.url("/first.html"), "error": None}
    assert said["article"]["title"] == "Lamps at the road"
    assert (said["article"]["publisher"], said["article"]["partial"]) == ("Desk", False)
    assert [topic["id"] for topic in said["topics"]] == ["roxham-road"]
    assert said["why"][0]["sentence"] == "The lamps are for Roxham Road."
    assert said["place"] is None  # there is no archive to ask


def test_another_item_is_read_when_its_number_is_given(here: Installation, site: Site) -> None:
    said = tried(here, site.url("/feed.xml"), "--item", "2")
    assert said["article"]["title"] == "A quiet day"
    assert said["topics"] == []
    assert site.asked("/first.html") == []


def test_a_number_beyond_the_last_item_is_wrong_usage(here: Installation, site: Site) -> None:
    done = here.roxham("try", site.url("/feed.xml"), "--item", "4")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "there is no item 4: 3 items listed"


def test_an_address_that_answers_a_page_is_walked_as_a_page(here: Installation, site: Site) -> None:
    said = tried(here, site.url("/first.html"))
    assert said["visit"]["error"] == "this is an HTML page, not a feed"
    assert said["items"] == []
    assert said["article"]["publisher"] == "Desk"  # the source of the same site lends its publisher
    assert [topic["id"] for topic in said["topics"]] == ["roxham-road"]


def test_a_page_that_cannot_be_read_leaves_the_feeds_text(here: Installation, site: Site) -> None:
    said = tried(here, site.url("/feed.xml"), "--item", "3")
    assert said["page"] == {"status": 404, "url": None, "error": "HTTP 404 Not Found"}
    assert (said["article"]["title"], said["article"]["partial"]) == ("Gone", True)


def test_a_feed_that_holds_the_text_needs_no_page(site: Site, tmp_path: Path) -> None:
    here = Installation(tmp_path / "here", [source("desk", site.url("/feed.xml"), read="feed")])
    said = tried(here, site.url("/feed.xml"))
    assert (said["page"], said["article"]["text"]) == (None, "Of first.")
    assert site.asked("/first.html") == []


@pytest.mark.parametrize(
    ("path", "reason"),
    [("/nothing", "HTTP 404 Not Found"), ("/empty", "the answer is empty")],
)
def test_nothing_that_can_be_read_is_exit_code_1_with_the_reason(
    here: Installation, site: Site, path: str, reason: str
) -> None:
    site.put("/empty", "")
    said = tried(here, site.url(path), code=1)
    assert (said["visit"]["outcome"], said["visit"]["error"]) == ("failed", reason)
    assert said["article"] is None


@pytest.mark.parametrize(
    "url", ["nonsense", "ftp://desk.test/feed", "http://", "http://[::1/", "http://u:secret@x.test/"]
)
def test_an_address_that_cannot_be_asked_is_wrong_usage(here: Installation, url: str) -> None:
    done = here.roxham("try", url)
    assert (done.returncode, done.stdout) == (2, "")
    assert "address" in done.stderr
    assert "secret" not in done.stderr


def test_the_archive_is_asked_and_nothing_is_written(here: Installation, site: Site) -> None:
    site.put("/copy.html", PAGE)
    assert here.roxham("collect", "--source", "desk").returncode == 0
    before = files(here)
    known = tried(here, site.url("/first.html"))["place"]
    assert known == {"verdict": "known", "article": 1, "story": 1, "ties": []}
    assert here.export()[0]["id"] == 1
    site.put("/first.html", page("Lamps at the road", story("changed")))
    assert tried(here, site.url("/first.html"))["place"]["verdict"] == "version"
    here.watch(source("rival", site.url("/rival/feed.xml")))
    before |= files(here)  # sources.yaml was written anew
    place = tried(here, site.url("/copy.html"))["place"]
    assert (place["verdict"], place["article"], place["story"]) == ("new", None, None)
    assert place["ties"][0] == {"article": 1, "story": 1, "kind": "same", "score": 1.0}
    assert files(here) == before
    assert len(here.export()) == 3


def test_without_an_archive_no_file_is_made(here: Installation, site: Site) -> None:
    before = files(here)
    assert here.roxham("try", site.url("/feed.xml")).returncode == 0
    assert files(here) == before


def test_a_writer_at_work_is_no_hindrance(here: Installation, site: Site) -> None:
    from datetime import UTC, datetime

    from monitor.archive.sqlite import SQLiteArchive

    archive = SQLiteArchive.for_writing(here.archive, purpose="test", now=datetime.now(UTC), wait=0)
    try:
        assert here.document("try", site.url("/first.html"), apart=True)["place"]["verdict"] == "new"
    finally:
        archive.close()


def test_people_read_one_room_after_the_other(here: Installation, site: Site) -> None:
    done = here.roxham("try", site.url("/feed.xml"))
    assert done.returncode == 0
    rooms = [line.split()[0] for line in done.stdout.splitlines() if line[:1].strip()]
    assert rooms == ["source", "visit", "page", "article", "match", "place"]
    assert "The lamps are for Roxham Road." in done.stdout
    assert "no archive yet; nothing was kept" in done.stdout


def test_what_a_feed_says_cannot_steer_the_terminal(here: Installation, site: Site) -> None:
    item = {"id": "1", "url": site.url("/first.html"), "title": "Red \x1b[31m title", "content_text": "Words."}
    site.put("/feed.json", json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [item]}))
    done = here.roxham("try", site.url("/feed.json"))
    assert done.returncode == 0
    assert "\x1b" not in done.stdout


def test_a_source_made_for_an_address_carries_no_credentials_and_keeps_the_terms() -> None:
    login = Credentials(user="u", password="p")
    other = builders.source("other", url="http://paper.test/sports/feed.xml")
    near = builders.source("near", url="http://paper.test/news/feed.xml", credentials=login, read=Read.FEED)
    assert stand_in("http://paper.test/news/feed.xml", [other, near]) is near
    made = stand_in("http://paper.test/news/a.html", [other, near])
    assert (made.id, made.publisher, made.read, made.credentials) == ("near", "Near", Read.PAGE, None)
    alone = stand_in("http://elsewhere.test/a", [other, near])
    assert (alone.kind, alone.publisher, alone.credentials) == ("feed", "elsewhere.test", None)
