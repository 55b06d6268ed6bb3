"""What the spider of the Government of Canada's news API asks for, and what it makes of the API's ways."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor.types import Found, SourceState, Trouble, VisitOutcome
from spiders.gc_news import GcNewsSpider
from spiders.options import GcNewsOptions
from tests.answers import Listing, read, source, visit, web_address
from tests.site import Site, broken_off

API = "https://api.io.canada.ca/io-server/gc/news/en/v2"
ASKED = f"{API}?dept=canadaborderservicesagency&sort=publishedDate&orderBy=desc&pick=50&format=atom"
ATOM = "application/atom+xml"


def entry(
    number: int = 1,
    link: str = "https://www.canada.ca/en/border-services-agency/news/2026/11/notice-{}.html",
    author: str = "Canada Border Services Agency",
    updated: str = "2026-11-20T10:00:00-05:00",
) -> str:
    url = link.format(number)
    return (
        f"<entry><title>Notice {number} for travellers</title><link href='{url}' rel='alternate'/><id>{url}</id>"
        f"<updated>{updated}</updated><category term='news releases'/><author><name>{author}</name></author>"
        f"<summary>The agency reminds travellers of rule {number}.</summary></entry>"
    )


def atom(*entries: str, updated: str = "2026-11-21T17:59:58Z", link: str = "https://www.canada.ca/en/news.html") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>News</title>'
        f'<link rel="self" href="{link}"/><id>https://www.canada.ca/en/news.html</id><updated>{updated}</updated>'
        f"{''.join(entries)}</feed>"
    )


def found(body: str | bytes, **more: Any) -> Listing:
    return read(GcNewsSpider, body, source("gc_news", ASKED, **more))


def asked(url: str, options: dict[str, Any] | None = None) -> str:
    spider = GcNewsSpider(errands=(), keep=None, clock=None)  # type: ignore[arg-type]  # neither is used
    return spider.address(source("gc_news", url, options), SourceState(source_id="news"))


# --- what is asked ---------------------------------------------------------------------------------------------------


def test_an_address_with_parameters_is_asked_as_it_is() -> None:
    since = f"{API}?type=newsreleases,statements&publishedDate%3E=2026-07-23&topic=a&audience=b&format=atom&atomtitle=T"
    assert asked(ASKED) == ASKED
    assert asked(since) == since


def test_options_stand_for_parameters() -> None:
    assert asked(API) == f"{API}?sort=publishedDate&orderBy=desc&pick=50&format=atom"
    options = {"dept": "publicsafetycanada", "types": ["newsreleases", "statements"], "pick": 100}
    assert asked(API, options) == (
        f"{API}?dept=publicsafetycanada&type=newsreleases,statements"
        "&sort=publishedDate&orderBy=desc&pick=100&format=atom"
    )


@pytest.mark.parametrize(
    ("url", "options", "message"),
    [
        (f"{ASKED}&_=1699", {}, "`_` is no parameter of the Government of Canada's news API"),
        (f"{ASKED}&lang=", {}, "`lang` is no parameter"),
        (f"{API}?departement=a", {}, "it knows atomtitle, audience, dept, format, orderBy, pick"),
        (ASKED.replace("atom", "json"), {}, "`format=json` is not what this kind reads: `format=atom` is"),
        (ASKED, {"pick": 20}, "it has parameters, and the source has options: say it in one of the two places"),
    ],
)
def test_what_would_act_as_a_filter_is_never_asked(url: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        asked(url, options)


@pytest.mark.parametrize("options", [{"dept": "Border Services"}, {"types": ["news,releases"]}, {"pick": 0}, {"_": 1}])
def test_options_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GcNewsOptions.model_validate(options)


# --- what is answered ------------------------------------------------------------------------------------------------


def test_the_author_of_an_entry_is_its_department() -> None:
    assert found(atom(entry())) == Listing(
        [
            Found(
                url="https://www.canada.ca/en/border-services-agency/news/2026/11/notice-1.html",
                guid="https://www.canada.ca/en/border-services-agency/news/2026/11/notice-1.html",
                title="Notice 1 for travellers",
                summary="The agency reminds travellers of rule 1.",
                publisher="Canada Border Services Agency",
                speaks_for_many=True,
                updated_at=datetime(2026, 11, 20, 15, tzinfo=UTC),
            )
        ]
    )


@pytest.mark.parametrize(
    "feed_link", ["https://www.canada.ca/en/news.html", ASKED.replace("&", "&amp;"), "/en/news.html"]
)
def test_relative_links_lead_to_the_government_s_site(feed_link: str) -> None:
    body = atom(entry(1, link="/en/news/{}.html?a=1"), entry(2, link="https://pm.gc.ca/en/news/{}"), link=feed_link)
    for text in (body, body.replace("<id>https://www.canada.ca/en/news.html</id>", "")):
        assert [item.url for item in found(text).items] == [
            "https://www.canada.ca/en/news/1.html?a=1",
            "https://pm.gc.ca/en/news/2",
        ]


def test_text_before_the_feed_is_passed_over() -> None:
    junk = "Content-Type: application/atom+xml <b>cached</b>\n\n" + "x" * 5000
    assert [item.title for item in found(junk + atom(entry())).items] == ["Notice 1 for travellers"]


def test_an_answer_without_entries_does_not_mean_that_there_is_no_news() -> None:
    note = (
        "the API answered without entries: `dept` is wrong, or another parameter acts as a filter; "
        "it does not mean that there is no news"
    )
    assert found(atom()).note == note
    assert found(atom(), may_be_empty=True).note is None


@pytest.mark.parametrize(
    ("body", "note"),
    [
        ("<!DOCTYPE html><html><head><title>Not Found</title></head></html>", "this is an HTML page, not a feed"),
        ("", "the answer is empty"),
        ('{"feed": {"entry": []}}', "this is JSON, but not a JSON Feed"),
    ],
)
def test_what_is_no_feed_is_named(body: str, note: str) -> None:
    assert found(body) == Listing(note=note)


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"<feed", b"<feed><entry><link href='", b"junk <feed>"]))
def test_nothing_but_a_format_error_is_raised_for_any_bytes(noise: bytes, start: bytes) -> None:
    assert all(web_address(item) for item in found(start + noise).items)


# --- through the crawl -----------------------------------------------------------------------------------------------


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as made:
        made.put("/v2", atom(entry(1), entry(2)), type=ATOM)
        yield made


async def test_the_moment_of_asking_changes_nothing(site: Site) -> None:
    of = source("gc_news", site.url("/v2"))
    first = await visit(of)
    site.put("/v2", atom(entry(1), entry(2), updated="2026-11-21T18:14:58Z"), type=ATOM)
    again = await visit(of, body_hash=first.body_hash)
    site.put("/v2", atom(entry(1), entry(2, updated="2026-11-21T18:00:00Z")), type=ATOM)
    changed = await visit(of, body_hash=first.body_hash)
    assert [one.outcome for one in (first, again, changed)] == [
        VisitOutcome.CHANGED,
        VisitOutcome.UNCHANGED,
        VisitOutcome.CHANGED,
    ]
    assert {one.path for one in site.requests} == {"/v2?sort=publishedDate&orderBy=desc&pick=50&format=atom"}


async def test_a_parameter_that_acts_as_a_filter_fails_the_visit_before_anything_is_asked(site: Site) -> None:
    visited = await visit(source("gc_news", site.url("/v2?format=atom&_=1")))
    assert (visited.outcome, visited.trouble) == (VisitOutcome.FAILED, Trouble.HARD)
    assert str(visited.error).startswith("the address cannot be used: `_` is no parameter of ")
    assert site.requests == []


async def test_an_empty_answer_fails_the_visit_the_first_time_too(site: Site) -> None:
    site.put("/v2", atom(), type=ATOM)
    visited = await visit(source("gc_news", site.url("/v2")))
    assert (visited.outcome, visited.trouble) == (VisitOutcome.FAILED, Trouble.SOFT)


async def test_an_answer_that_breaks_off_keeps_its_whole_entries(site: Site) -> None:
    site.answers["/v2"] = broken_off(atom(entry(1), entry(2))[:-40].encode(), ATOM)
    visited = await visit(source("gc_news", site.url("/v2")))
    assert [item.title for item in visited.found] == ["Notice 1 for travellers"]
    assert "cut off" in str(visited.error)
    assert visited.body_hash is None
