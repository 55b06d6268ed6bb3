"""What the listing spider makes of pages of links: no network, a page and selectors in, items and a note out."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Response

from monitor.errors import FormatError
from monitor.types import Found, Robots, Source, SourceState, Visit, VisitOutcome
from spiders.base import Follow, Note
from spiders.dates import within
from spiders.listing import ListingSpider
from spiders.options import ListingOptions
from tests.crawling import crawl, errand, visits
from tests.site import Site

NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
URL = "https://site.test/news/"
TEASERS = """<article><h2><a href="/news/1">First</a></h2><time datetime="2026-11-20T08:00:00-05:00">Friday</time>
<p>Teaser of the first</p></article>
<article><h2><a href="/news/2?a=1&amp;b=2">Second</a></h2><time>20 novembre 2026 à 13 h 05</time></article>"""


async def _unused(visit: Visit) -> None:
    raise AssertionError(visit)


def read(
    body: str | bytes,
    *,
    options: dict[str, Any] | None = None,
    page: int = 1,
    url: str = URL,
    header: str = "text/html",
    may_be_empty: bool = False,
) -> tuple[list[Found], list[Follow], str | None]:
    """Returns the items, the further pages, and what the visit says: its notes, or why not all could be read."""
    spider = ListingSpider(errands=(), keep=_unused, clock=lambda: NOW)
    source = Source(
        id="s",
        name="s",
        publisher="s",
        kind="listing",
        url=URL,
        may_be_empty=may_be_empty,
        options=ListingOptions(**options or {}),
    )
    request = Request(url, meta={"about": page} if page > 1 else {})
    content = body.encode() if isinstance(body, str) else body
    response = Response(url, headers={"Content-Type": header}, body=content, request=request)
    given: list[Found | Follow | Note] = []
    fault = None
    try:
        for one in spider.find(response, source, SourceState(source_id="s")):
            given.append(one)  # noqa: PERF402
    except FormatError as error:
        fault = error.reason
    said = "; ".join(one.text for one in given if isinstance(one, Note)) or fault
    return [one for one in given if isinstance(one, Found)], [one for one in given if isinstance(one, Follow)], said


def items(body: str | bytes, **more: Any) -> list[Found]:
    found, _, note = read(body, **more)
    assert note is None
    return found


def test_selectors_say_what_is_what() -> None:
    options = {"item": "article", "date": "time", "timezone": "America/Toronto", "summary": "p"}
    assert items(f"<nav><a href='/about'>About</a></nav>{TEASERS}", options=options) == [
        Found(
            url="https://site.test/news/1",
            title="First",
            summary="Teaser of the first",
            published_at=datetime(2026, 11, 20, 13, tzinfo=UTC),
        ),
        Found(
            url="https://site.test/news/2?a=1&b=2",
            title="Second",
            published_at=datetime(2026, 11, 20, 18, 5, tzinfo=UTC),
        ),
    ]


def test_without_item_every_link_is_one_and_may_hold_the_parts() -> None:
    body = "<a class=card href=/1><h3>One</h3><p>Teaser</p></a><a class=card href=/2><h3>Two</h3></a><a href=/3>x</a>"
    found = items(body, options={"link": "a.card", "title": "h3", "summary": "p::text"})
    assert [(item.url, item.title, item.summary) for item in found] == [
        ("https://site.test/1", "One", "Teaser"),
        ("https://site.test/2", "Two", None),
    ]


def test_without_item_a_link_may_be_selected_by_what_it_stands_in() -> None:
    body = f"<nav><a href='/about'>About</a></nav>{TEASERS}"
    assert [item.title for item in items(body, options={"link": "article h2 a"})] == ["First", "Second"]
    found, _, note = read("<p><a name=x>x</a></p>", options={"link": "p a"})
    assert (found, note) == ([], "`link: p a` finds no address in any of the 1 items; it has no links")


def test_of_several_links_in_an_item_the_first_counts_and_an_item_may_be_the_link() -> None:
    two = items("<li><a href=/1>One</a><a href=/1#comments>3 comments</a></li>", options={"item": "li"})
    assert [(item.url, item.title) for item in two] == [("https://site.test/1", "One")]
    itself = items("<a class=t href=/1>One</a><a href=/2>Two</a>", options={"item": "a.t"})
    assert [item.url for item in itself] == ["https://site.test/1"]


def test_links_are_relative_to_the_base_and_of_the_web_only() -> None:
    body = (
        "<base href='/archive/'><a href='1.html'>1</a><a href='//other.test/2'>2</a><a href='mailto:a@b.test'>3</a>"
        "<a href='javascript:void(0)'>4</a><a href='#top'>5</a><a href='/news/#top'>6</a><a>7</a>"
        "<a href='https://[::1'>8</a>"
    )
    assert [item.url for item in items(body)] == ["https://site.test/archive/1.html", "https://other.test/2"]


def test_an_article_that_is_linked_several_times_is_one_item_with_all_that_is_said() -> None:
    body = "<a href=/1><img src=x></a><a href=/1>Headline</a><a href=/1#comments>12 comments</a>"
    assert [(item.url, item.title) for item in items(body)] == [("https://site.test/1", "Headline")]


def test_addresses_are_told_apart_by_patterns() -> None:
    body = "".join(f"<a href={path}>x</a>" for path in ("/news/1", "/news/video/2", "/tag/3", "/news/4?print=1"))
    found = items(body, options={"only": ["/news/*"], "but": ["*/video/*", "*?print=*"]})
    assert [item.url for item in found] == ["https://site.test/news/1"]


@pytest.mark.parametrize(
    ("inside", "title"),
    [
        ("<b>Bor</b>der <!-- c -->reopens<script>x()</script>", "Border reopens"),
        ("<span>Politics</span><h3>Border</h3><div>reopens</div>", "Politics Border reopens"),
        ("Caf&eacute;&nbsp;&amp;\n  bar", "Café & bar"),
        ("<img src=x alt='A picture'>", "A picture"),
        ("", None),
    ],
)
def test_the_headline_is_what_people_read_of_the_link(inside: str, title: str | None) -> None:
    assert items(f"<a href=/1>{inside}</a>")[0].title == title


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("21 novembre 2023 à 13 h 05", datetime(2023, 11, 21, 13, 5, tzinfo=UTC)),
        ("Publié le mardi 21 novembre 2023, 13h05 HNE", datetime(2023, 11, 21, 18, 5, tzinfo=UTC)),
        ("Mis à jour le : 1er mai 2024", datetime(2024, 5, 1, tzinfo=UTC)),
        ("November 21, 2023", datetime(2023, 11, 21, tzinfo=UTC)),
        ("Politics | Updated on Tuesday, Nov. 21, 2023 at 1:05 p.m. ET", datetime(2023, 11, 21, 18, 5, tzinfo=UTC)),
        ("2023-11-21", datetime(2023, 11, 21, tzinfo=UTC)),
        ("2023/11/21", datetime(2023, 11, 21, tzinfo=UTC)),
        ("21/11/2023", None),  # or the eleventh of the twenty-first month
        ("5 min", None),
        ("yesterday", None),
    ],
)
def test_dates_as_pages_write_them(written: str, moment: datetime | None) -> None:
    assert within(written, NOW) == moment


@pytest.mark.parametrize(
    ("body", "options", "note"),
    [
        (
            TEASERS,
            {"item": "li.teaser"},
            "`item: li.teaser` finds nothing on this page; it has 2 links, the first: https://site.test/news/1",
        ),
        (
            "<title>Not Found</title><p>Nothing here",
            {"item": "article"},
            '`item: article` finds nothing on this page; it ("Not Found") has no links',
        ),
        (
            TEASERS,
            {"item": "article", "link": "h3 a"},
            "`link: h3 a` finds no address in any of the 2 items; it has 2 links, the first: https://site.test/news/1",
        ),
        (
            TEASERS,
            {"item": "article", "only": ["/sport/*"]},
            "none of the 2 links fits `only` and `but`; it has 2 links, the first: https://site.test/news/1",
        ),
        ("<a href='#top'>Top</a>", {}, "its items link to nothing but the page itself; it has 1 link, the first: "),
        ("<html><title>x</title>The requested URL was rejected. Your support ID is: 1", {}, "blocked by a firewall"),
        ("<rss><channel/></rss>", {}, "this is a feed, not an HTML page: `kind: feed` reads it"),
        ("<urlset/>", {}, "this is a sitemap, not an HTML page: `kind: sitemap` reads it"),
        ('{"items": []}', {}, "this is not an HTML page"),
        (" ", {}, "the answer is empty"),
        ("<!-- -->", {}, "this is not an HTML page"),
    ],
)
def test_a_page_without_items_is_a_failure_that_says_why(body: str, options: dict[str, Any], note: str) -> None:
    found, follows, said = read(body, options=options)
    assert (found, follows) == ([], [])
    assert (said or "").startswith(note)


def test_an_empty_page_is_an_answer_where_the_operator_says_so() -> None:
    assert read("<p>No results", options={"item": "article"}, may_be_empty=True) == ([], [], None)


def test_parts_that_are_found_in_no_item_are_told_and_the_items_kept() -> None:
    found, _, note = read(TEASERS, options={"item": "article", "title": "h4", "date": ".date", "summary": "p"})
    assert [item.url for item in found] == ["https://site.test/news/1", "https://site.test/news/2?a=1&b=2"]
    assert note == "`title: h4` finds nothing in any of the 2 items; `date: .date` finds nothing in any of the 2 items"


def test_further_pages_are_followed_as_far_as_wanted() -> None:
    options = {"item": "article", "next": "a.next", "pages": 2}
    body = TEASERS + "<a class=next href='?page=2'>Next</a>"
    assert read(body, options=options)[1:] == ([Follow(f"{URL}?page=2", 2)], None)
    assert read(body, options=options, page=2, url=f"{URL}?page=1")[1:] == ([], None)
    assert read(body, options={**options, "pages": 1})[1:] == ([], None)


def test_a_missing_link_to_the_next_page_is_told_for_the_first_page_only() -> None:
    options = {"item": "article", "next": "a.next", "pages": 9}
    to_itself = TEASERS + "<a class=next href='#'>Next</a>"
    for body in (TEASERS, to_itself):
        found, follows, note = read(body, options=options)
        assert (len(found), follows, note) == (2, [], "`next: a.next` finds no link to another page")
        assert read(body, options=options, page=2)[1:] == ([], None)


@pytest.mark.parametrize(
    ("body", "header"),
    [
        ("<a href=/1>Café</a>".encode("latin-1"), "text/html"),
        ("<a href=/1>Café</a>".encode("cp1252"), "text/html; charset=iso-8859-1"),
        ("<meta charset=macintosh><a href=/1>Café</a>".encode("mac-roman"), "text/html"),
        ("<a href=/1>Café</a>".encode("utf-16"), "text/html"),
        ("<a href=/1>Café</a>".encode("cp1252"), "text/html; charset=unicode_escape"),
        ("<a href=/1>Café</a>".encode("cp1252"), "text/html; charset=idna"),
    ],
)
def test_a_page_is_decoded_as_browsers_do(body: bytes, header: str) -> None:
    assert items(body, header=header)[0].title == "Café"


@pytest.mark.parametrize(
    "body",
    [
        "<article>" * 100_000 + "<a href=/1>x</a>",
        "<article><a href=/1>" * 100_000,
        "<article><a " + " ".join(f"a{number}=1" for number in range(300_000)) + " href=/1>x</a></article>",
        "<article><a href=/1>" + "<b>x</b>" * 300_000 + "</a></article>",
        "<article " + "a=" * 500_000,
        "<article <article " * 50_000,
        "<article><a href=/1>x</a></article>" * 250_000,
    ],
    ids=["deep", "deep links", "attributes", "long title", "one attribute", "broken tags", "many items"],
)
@pytest.mark.unmeasured
def test_a_bomb_costs_little(body: str) -> None:
    before = time.process_time()
    read(body, options={"item": "article"})
    assert time.process_time() - before < 2


async def test_a_listing_of_several_pages_is_one_visit_that_heeds_robots_txt() -> None:
    options = ListingOptions(item="article", next="a.next", pages=3)
    with Site() as site:
        for number in (1, 2, 3, 4):
            story = f"<article><a href='/story/{number}'>Story {number}</a></article>"
            site.put(f"/list/{number}", f"{story}<a class=next href='/list/{number + 1}'>Older</a>")
        site.put("/robots.txt", "User-agent: *\nDisallow: /private", type="text/plain")
        visit = (await visits(crawl(), listing(site.url("/list/1"), options)))["news"]
        assert (visit.outcome, visit.error) == (VisitOutcome.CHANGED, None)
        assert [item.title for item in visit.found] == ["Story 1", "Story 2", "Story 3"]
        assert not site.asked("/list/4")
        refused = (await visits(crawl(), listing(site.url("/private"), options)))["news"]
        assert refused.outcome is VisitOutcome.FAILED
        assert not site.asked("/private")


async def test_a_listing_without_dates_is_told_and_not_read_again_before_it_changes() -> None:
    options = ListingOptions(item="article", date=".date")
    with Site() as site:
        site.put("/list", "<article><a href='/story'>Story</a></article>")
        watched, state = listing(site.url("/list"), options)
        first = (await visits(crawl(), (watched, state)))["news"]
        assert (first.outcome, first.error) == (
            VisitOutcome.CHANGED,
            "`date: .date` finds nothing in any of the 1 items",
        )
        again = (await visits(crawl(), (watched, replace(state, body_hash=first.body_hash))))["news"]
        assert again.outcome is VisitOutcome.UNCHANGED


def listing(url: str, options: ListingOptions) -> tuple[Source, SourceState]:
    """A source that is visited for the first time."""
    source, state = errand(url)
    return replace(source, kind="listing", robots=Robots.PAGES, options=options), state
