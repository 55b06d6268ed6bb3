"""`roxham add`: a page that a person found is kept like every other, and the archive says why it had been missed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.archive import PastVisit, Sighting
from monitor.pipeline import by_hand
from monitor.pipeline.missed import Watching, missed
from monitor.types import Credentials, ItemState, Keep, Read, SourceState, Span
from tests import builders
from tests.installation import Installation, feed, page, source, story
from tests.site import Site

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        site.put("/feed.xml", feed((site.url("/listed.html"), "Listed", "Of it.")))
        site.put("/listed.html", page("Listed", story("listed")))
        site.put("/missed.html", page("Missed at the road", story("missed")))
        yield site


@pytest.fixture
def here(site: Site, tmp_path: Path) -> Installation:
    return Installation(tmp_path / "here", [source("desk", site.url("/feed.xml"), keep="excerpt")])


def added(here: Installation, *args: str, code: int = 0) -> dict[str, Any]:
    document: dict[str, Any] = here.document("add", *args, code=code)
    return document


def codes(said: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in said["reasons"]]


# --- the command -----------------------------------------------------------------------------------------------------


def test_a_missed_page_is_kept_and_told_like_every_other(here: Installation, site: Site) -> None:
    here.roxham("collect")
    here.roxham("deliver", "--now")
    said = added(here, site.url("/missed.html"))
    assert (said["outcome"], said["article"]["title"], said["article"]["publisher"]) == (
        "new",
        "Missed at the road",
        "Desk",
    )
    assert (said["source"], said["article"]["sources"], said["error"], said["told"]) == (
        "by-hand:desk", ["by-hand:desk"], None, [],
    )  # fmt: skip
    assert [topic["id"] for topic in said["article"]["topics"]] == ["roxham-road"]
    assert codes(said) == ["not listed"]
    [delivered] = here.document("deliver", "--now")["digests"]
    assert (delivered["stories"], delivered["state"]) == (1, "sent")
    [told] = added(here, site.url("/missed.html"))["told"]
    assert (told["digest"], told["to"]) == ("morning", "desk@example.test")


def test_the_terms_of_the_sites_source_hold_for_it(here: Installation, site: Site) -> None:
    assert "plough" not in added(here, site.url("/missed.html"))["article"]["text"]


def test_how_a_source_is_watched_does_not_change_by_it(here: Installation, site: Site) -> None:
    here.roxham("collect")
    before = here.document("sources")
    added(here, site.url("/missed.html"))
    assert here.document("sources") == before
    assert here.document("collect")["visits"][0]["outcome"] == "unchanged"


def test_what_is_known_is_said_with_its_sources_and_kept_once(here: Installation, site: Site) -> None:
    here.roxham("collect")
    said = added(here, site.url("/listed.html?utm_source=mail"))
    assert (said["outcome"], codes(said)) == ("known", ["known"])
    assert "listed by desk" in said["reasons"][0]["text"]
    assert len(here.export()) == 1


def test_new_text_of_a_known_page_is_a_version(here: Installation, site: Site) -> None:
    here.roxham("collect")
    site.put("/listed.html", page("Listed", story("listed again")))
    assert added(here, site.url("/listed.html"))["outcome"] == "version"


def test_a_site_that_nobody_watches_is_said(site: Site, tmp_path: Path) -> None:
    here = Installation(tmp_path / "here")
    said = added(here, site.url("/missed.html"))
    assert (said["source"], said["article"]["publisher"]) == ("by-hand:127.0.0.1", "127.0.0.1")
    assert codes(said) == ["not watched"]
    assert f"`roxham sources add {site.url('/')}`" in said["reasons"][0]["text"]


def test_a_source_can_lend_its_publisher(site: Site, tmp_path: Path) -> None:
    here = Installation(tmp_path / "here", [source("desk", "http://desk.example/feed.xml")])
    assert added(here, site.url("/missed.html"), "--source", "desk")["article"]["publisher"] == "Desk"
    done = here.roxham("add", site.url("/missed.html"), "--source", "dask")
    assert (done.returncode, done.stderr) == (2, "no source 'dask' in sources.yaml; did you mean 'desk'?\n")


def test_what_was_rejected_is_said_with_the_reason(here: Installation, site: Site) -> None:
    site.put("/listed.html", b"%PDF", type="application/pdf")
    site.put("/feed.xml", feed((site.url("/listed.html"), "", "")))
    here.roxham("collect")
    site.put("/listed.html", page("Listed", story("listed")))
    said = added(here, site.url("/listed.html"))
    assert (said["outcome"], codes(said)) == ("new", ["rejected"])
    assert said["reasons"][0]["source"] == "desk"


def test_a_page_without_a_topic_is_kept_and_that_is_said(here: Installation, site: Site) -> None:
    here.roxham("collect")
    site.put("/missed.html", page("A quiet day", story("quiet", "Nothing happened.")))
    said = added(here, site.url("/missed.html"))
    assert (said["outcome"], codes(said)) == ("unmatched", ["not listed", "no topic"])


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [(404, "text/html", "HTTP 404 Not Found"), (200, "application/pdf", "this is no HTML page (application/pdf)")],
)
def test_a_page_that_cannot_be_read_leaves_nothing_behind_and_can_be_added_later(
    here: Installation, site: Site, status: int, kind: str, reason: str
) -> None:
    site.put("/missed.html", "x", status=status, type=kind)
    said = added(here, site.url("/missed.html"), code=1)
    assert (said["article"], said["outcome"]) == (None, "rejected")
    assert reason in said["error"]
    assert here.document("pending") == []
    site.put("/missed.html", page("Missed at the road", story("missed")))
    assert added(here, site.url("/missed.html"))["outcome"] == "new"


def test_who_holds_the_archive_is_named(here: Installation, site: Site) -> None:
    from monitor.archive.sqlite import SQLiteArchive

    archive = SQLiteArchive.for_writing(here.archive, purpose="test", now=NOW, wait=0)
    try:
        done = here.roxham("add", site.url("/missed.html"), "--wait", "0", apart=True)
    finally:
        archive.close()
    assert done.returncode == 4
    assert "held by" in done.stderr


@pytest.mark.parametrize("url", ["nonsense", "http://u:secret@desk.test/"])
def test_an_address_that_cannot_be_asked_is_wrong_usage(here: Installation, url: str) -> None:
    done = here.roxham("add", url)
    assert (done.returncode, done.stdout, "secret" in done.stderr) == (2, "", False)


def test_people_read_what_became_of_it(here: Installation, site: Site) -> None:
    done = here.roxham("add", site.url("/missed.html"))
    assert done.stdout.startswith("new: article 1, story 1: Missed at the road\n  Desk, roxham-road\n")
    assert "why: desk was never visited with success" in done.stdout
    assert "nobody was told yet" in done.stdout


# --- the decisions ---------------------------------------------------------------------------------------------------


def test_where_departments_share_a_site_no_page_is_given_to_the_wrong_one() -> None:
    api = "http://api.example.org/news"
    border, police = (builders.source(name, url=f"{api}?dept={name}", publisher=name) for name in ("border", "police"))
    council = builders.source("council", url="http://www.example.org/council/feed", publisher="council")
    page = "http://www.example.org/police/a.html"
    assert by_hand(page, [border, police]).publisher == "example.org"
    assert by_hand(page, [border, police], police).publisher == "police"
    assert by_hand(page, [border, council, police]).publisher == "example.org"
    assert by_hand("http://www.example.org/council/a.html", [border, council, police]).publisher == "council"


def test_a_page_has_the_terms_and_the_login_of_its_site_and_an_id_of_its_own() -> None:
    login = Credentials(user="u", password="p")
    near = builders.source(
        "near", url="http://paper.test/feed.xml", credentials=login, read=Read.FEED, keep=Keep.EXCERPT, enabled=False
    )
    made = by_hand("http://paper.test/a.html", [builders.source("other", url="http://x.test/"), near])
    assert (made.id, made.url, made.credentials) == ("by-hand:near", near.url, login)
    assert (made.read, made.keep, made.enabled) == (Read.PAGE, Keep.EXCERPT, True)


def watching(
    *visits: tuple[str, str | None],
    enabled: bool = True,
    spans: tuple[Span, ...] = (),
    **state: Any,
) -> Watching:
    known = {"first_visit_at": NOW - timedelta(days=9), "last_good_at": NOW} | state
    return Watching(
        source=builders.source("desk", enabled=enabled),
        state=SourceState(source_id="desk", **known),
        spans=spans,
        visits=[
            PastVisit(source_id="desk", started_at=NOW, finished_at=NOW, outcome=outcome, error=error)
            for outcome, error in visits
        ],
    )


@pytest.mark.parametrize(
    ("watched", "code"),
    [
        (watching(enabled=False), "off"),
        (watching(last_good_at=None, error="HTTP 404"), "never visited"),
        (watching(first_visit_at=NOW + timedelta(days=3)), "later"),
        (watching(("changed", None), overran_at=NOW + timedelta(hours=1)), "overran"),
        (watching(("failed", "HTTP 500"), ("failed", "HTTP 503")), "failed"),
        (watching(), "not observed"),
        (watching(spans=(Span(since=NOW, until=NOW),)), "not listed"),
        (watching(("failed", "HTTP 500"), ("unchanged", None)), "not listed"),
    ],
)
def test_why_a_watched_site_did_not_bring_it(watched: Watching, code: str) -> None:
    [reason] = missed(None, [], [watched], began=NOW, url="http://desk.test/a")
    assert (reason.code, reason.source_id) == (code, "desk")
    assert reason.text.startswith("desk ")


@pytest.mark.parametrize("state", [ItemState.PENDING, ItemState.REJECTED, ItemState.SET_ASIDE])
def test_an_item_that_did_not_become_an_article_is_the_reason(state: ItemState) -> None:
    sighting = Sighting(
        item_id=1, source_id="desk", state=state, reason="too odd", first_seen_at=NOW, not_before=None, article_id=None
    )
    [reason] = missed(None, [sighting], [watching()], began=NOW, url="http://desk.test/a")
    assert (reason.code, reason.source_id) == (state.value, "desk")
    assert reason.text.endswith(": too odd")
