"""What the JSON spider makes of answers of APIs as they are, and of answers that are not what they were."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor.types import Found, VisitOutcome
from spiders.base import Follow
from spiders.json_api import JsonApiSpider
from spiders.options import JsonApiOptions
from tests.answers import Listing, read, source, visit, web_address
from tests.site import Answer, Site, Visitor, broken_off

URL = "https://api.site.test/v1/news.json"
PLAIN = {"items": "results", "url": "link", "title": "title"}

FEDERAL_REGISTER = {
    "items": "results",
    "url": "html_url",
    "guid": "document_number",
    "title": "title",
    "summary": ["abstract", "excerpts"],
    "publisher": "agencies.*.name",
    "published": ["filed_at", "publication_date"],
    "timezone": "America/New_York",
    "next": "next_page_url",
    "pages": 2,
}
OPENPARLIAMENT = {
    "items": "objects",
    "url": "https://openparliament.ca{url}",
    "guid": "source_id",
    "title": ["{attribution.en}: {h2.en}", "attribution.en"],
    "content": "content.en",
    "authors": "attribution.en",
    "published": "time",
    "timezone": "America/Toronto",
    "next": "pagination.next_url",
    "pages": 3,
}
GC_NEWS = {"items": "feed.entry", "url": "link", "title": "title", "summary": "teaser", "published": "publishedDate"}


def found(body: object, options: dict[str, Any] | None = None, **more: Any) -> Listing:
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return read(JsonApiSpider, text, source("json_api", URL, options or PLAIN), type="application/json", **more)


def rows(*values: object, **more: Any) -> dict[str, Any]:
    return {"results": list(values), **more}


def row(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"link": f"https://www.site.test/{number}", "title": f"Story {number}", **more}


def only(item: dict[str, Any], **options: Any) -> Found:
    listing = found(rows(row() | item), PLAIN | options)
    assert listing.note is None
    (one,) = listing.items
    return one


# --- the APIs that are shipped ---------------------------------------------------------------------------------------


def test_documents_of_the_federal_register() -> None:
    body: dict[str, Any] = {
        "count": 61,
        "description": "Documents matching '\"safe third country\" Canada'",
        "total_pages": 4,
        "next_page_url": "https://www.federalregister.gov/api/v1/documents?format=json&order=newest&page=2",
        "results": [
            {
                "title": "Implementation of an Agreement Between Two Governments on Claims at the Border",
                "type": "Rule",
                "abstract": "This rule amends the regulations on who may claim & where.",
                "document_number": "2026-23456",
                "html_url": "https://www.federalregister.gov/documents/2026/11/20/2026-23456/implementation",
                "pdf_url": "https://www.govinfo.gov/content/pkg/FR-2026-11-20/pdf/2026-23456.pdf",
                "publication_date": "2026-11-20",
                "agencies": [
                    {"raw_name": "DEPARTMENT OF HOMELAND SECURITY", "name": "Homeland Security Department", "id": 227},
                    {"raw_name": "DEPARTMENT OF JUSTICE", "name": "Justice Department", "id": 268},
                ],
                "excerpts": "the <span class='match'>safe third country</span> exception",
            },
            {
                "title": "Meeting of an Advisory Committee",
                "type": "Notice",
                "abstract": None,
                "document_number": "2026-23457",
                "html_url": "https://www.federalregister.gov/documents/2026/11/20/2026-23457/meeting",
                "publication_date": "2026-11-20",
                "agencies": [{"raw_name": "OFFICE OF THE SECRETARY"}],
                "excerpts": "an open meeting",
            },
        ],
    }
    listing = found(body, FEDERAL_REGISTER)
    assert listing.note is None
    assert listing.items[0] == Found(
        url="https://www.federalregister.gov/documents/2026/11/20/2026-23456/implementation",
        guid="2026-23456",
        title="Implementation of an Agreement Between Two Governments on Claims at the Border",
        summary="This rule amends the regulations on who may claim &amp; where.",
        publisher="Homeland Security Department, Justice Department",
        speaks_for_many=True,
        published_at=datetime(2026, 11, 20, 5, tzinfo=UTC),
    )
    assert (listing.items[1].summary, listing.items[1].publisher) == ("an open meeting", None)
    assert listing.follows == [Follow(body["next_page_url"], 2)]


def test_documents_on_public_inspection_a_day_before_the_federal_register() -> None:
    body = rows(
        {
            "title": "Arrivals at the Northern Land Border",
            "document_number": "2026-23999",
            "html_url": "https://www.federalregister.gov/public-inspection/2026-23999/arrivals",
            "filed_at": "2026-11-20T16:15:00.000-05:00",
            "publication_date": "2026-11-24",
            "agencies": [{"name": "Homeland Security Department"}],
        }
    )
    (item,) = found(body, FEDERAL_REGISTER).items
    assert item.published_at == datetime(2026, 11, 20, 21, 15, tzinfo=UTC)
    assert item.url == "https://www.federalregister.gov/public-inspection/2026-23999/arrivals"


def test_speeches_of_openparliament() -> None:
    body = {
        "objects": [
            {
                "time": "2026-11-20 11:05:00",
                "attribution": {"en": "Ann Member (Minister of Borders)", "fr": "Ann Member (ministre des Frontières)"},
                "content": {"en": '<p data-HoCid="1">Mr. Speaker, the road is closed.</p>', "fr": "<p>…</p>"},
                "url": "/debates/2026/11/20/ann-member-1/",
                "politician_url": "/politicians/ann-member/",
                "procedural": False,
                "source_id": "p13001",
                "h1": {"en": "Oral Questions", "fr": "Questions orales"},
                "h2": {"en": "Immigration", "fr": "L'immigration"},
                "document_url": "/debates/2026/11/20/",
            },
            {
                "time": "2026-11-20 11:06:00",
                "attribution": {"en": "The Speaker", "fr": "Le Président"},
                "content": {"en": "<p>Order.</p>", "fr": "<p>À l'ordre.</p>"},
                "url": "/debates/2026/11/20/the-speaker-4/",
                "politician_url": None,
                "source_id": "p13002",
            },
        ],
        "pagination": {"offset": 0, "limit": 2, "next_url": "/speeches/?limit=2&offset=2", "previous_url": None},
    }
    listing = found(body, OPENPARLIAMENT)
    assert listing.items[0] == Found(
        url="https://openparliament.ca/debates/2026/11/20/ann-member-1/",
        guid="p13001",
        title="Ann Member (Minister of Borders): Immigration",
        content='<p data-HoCid="1">Mr. Speaker, the road is closed.</p>',
        authors=("Ann Member (Minister of Borders)",),
        published_at=datetime(2026, 11, 20, 16, 5, tzinfo=UTC),
    )
    assert listing.items[1].title == "The Speaker"
    assert listing.follows == [Follow("https://api.site.test/speeches/?limit=2&offset=2", 2)]


def test_debates_of_openparliament_have_no_page_after_the_last() -> None:
    body = {
        "objects": [{"date": "2026-11-20", "number": "52", "url": "/debates/2026/11/20/"}],
        "pagination": {"offset": 0, "limit": 20, "next_url": None, "previous_url": None},
    }
    options = {key: OPENPARLIAMENT[key] for key in ("items", "url", "next", "pages")}
    listing = found(body, options | {"title": "Debates of {date}", "published": "date"})
    assert [item.title for item in listing.items] == ["Debates of 2026-11-20"]
    assert (listing.follows, listing.note) == ([], None)


def test_the_json_of_the_government_of_canada() -> None:
    entry = {
        "publishedDate": "2026-11-20T10:00:00-05:00",
        "link": "https://www.canada.ca/en/border-services-agency/news/2026/11/a-notice.html",
        "title": "A notice for travellers",
        "teaser": "The agency reminds travellers of the rules.",
    }
    assert found({"feed": {"title": "News", "entry": [entry]}}, GC_NEWS).items == [
        Found(
            url="https://www.canada.ca/en/border-services-agency/news/2026/11/a-notice.html",
            title="A notice for travellers",
            summary="The agency reminds travellers of the rules.",
            published_at=datetime(2026, 11, 20, 15, tzinfo=UTC),
        )
    ]


# --- paths and fields ------------------------------------------------------------------------------------------------


def test_an_answer_can_be_the_list_itself() -> None:
    listing = found([row()], {"url": "link", "title": "title"})
    assert [item.title for item in listing.items] == ["Story 1"]


def test_numbers_count_in_lists_and_stars_take_all() -> None:
    people = {
        "people": [{"name": "Ann"}, {"name": None}, {"name": "Bob"}, {"name": "Ann"}],
        "tags": {"a": "x", "b": "y"},
    }
    assert only(people, authors="people.*.name").authors == ("Ann", "Bob")
    assert only(people, publisher="people.2.name").publisher == "Bob"
    assert only(people, publisher="people.9.name").publisher is None
    assert only(people, publisher="tags.*").publisher == "x, y"


def test_the_first_field_that_is_there_counts() -> None:
    options = {"summary": ["lead.en", "{lead.fr} ({lead.by})", "title"]}
    assert only({"lead": {"en": "In English", "fr": "En français", "by": "A"}}, **options).summary == "In English"
    assert only({"lead": {"en": " ", "fr": "En français", "by": "A"}}, **options).summary == "En français (A)"
    assert only({"lead": {"fr": "En français"}}, **options).summary == "Story 1"


def test_addresses_may_be_relative_to_the_answer() -> None:
    assert only({"link": "/news/1"}).url == "https://api.site.test/news/1"


def test_numbers_are_text_and_truth_values_are_not() -> None:
    item = only({"id": 4711, "language": True}, guid="id", language="language")
    assert (item.guid, item.language) == ("4711", None)


def test_plain_text_is_escaped_and_keeps_its_paragraphs() -> None:
    texts = {"a": "1 < 2 & more", "b": "First <b>.\n\nSecond."}
    item = only(texts, summary="a", content="b", markup=[])
    assert item.summary == "1 &lt; 2 &amp; more"
    assert item.content == "<p>First &lt;b&gt;.</p><p>Second.</p>"
    item = only(texts, summary="a", content="b")
    assert (item.summary, item.content) == ("1 &lt; 2 &amp; more", "First <b>.\n\nSecond.")
    assert only(texts, summary="b", markup=["summary"]).summary == "First <b>.\n\nSecond."


def test_a_teaser_that_is_the_text_is_none() -> None:
    item = only({"text": "<p>All of it.</p>"}, summary="text", content="text", markup=["summary", "content"])
    assert (item.summary, item.content) == (None, "<p>All of it.</p>")


def test_headlines_are_one_line_of_plain_text() -> None:
    assert only({"title": "Tom &amp; Ann&#8217;s\n road "}).title == "Tom & Ann’s road"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-20", datetime(2026, 11, 20, 5, tzinfo=UTC)),
        ("2026-11-20 10:00", datetime(2026, 11, 20, 15, tzinfo=UTC)),
        ("2026-07-20T10:00:00", datetime(2026, 7, 20, 14, tzinfo=UTC)),
        ("2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("Fri, 20 Nov 2026 10:00:00 GMT", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        (1_795_168_800, datetime(2026, 11, 20, 10, tzinfo=UTC)),
        (1_795_168_800.5, datetime(2026, 11, 20, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("1795168800000", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        (10**400, None),
        ("2126-01-01", None),
        ("0001-01-01", None),
        ("soon", None),
    ],
)
def test_dates(written: object, meant: datetime | None) -> None:
    item = only({"at": written}, published="at", updated="at", timezone="America/Toronto")
    assert (item.published_at, item.updated_at) == (meant, meant)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"url": None}, "a path such as politician.name is expected"),
        ({"url": []}, "a path such as politician.name is expected"),
        ({"title": "a b"}, '"a b" is not a path'),
        ({"title": "a..b"}, "is not a path"),
        ({"title": "https://site.test/{id"}, "is not a text with paths in braces"),
        ({"title": "{}"}, "is not a text with paths in braces"),
        ({"items": "results.*"}, "leads to one place"),
        ({"timezone": "Toronto"}, '"Toronto" is no time zone; write one such as America/Toronto'),
        ({"pages": 3}, "`pages` needs `next`"),
        ({"markup": ["title"]}, "'summary' or 'content'"),
        ({"link": "x"}, "Extra inputs"),
    ],
)
def test_options_that_mean_nothing_are_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message.replace("*", r"\*")):
        JsonApiOptions.model_validate(PLAIN | changed)


@pytest.mark.parametrize("lacking", ["url", "title"])
def test_address_and_headline_have_to_be_said(lacking: str) -> None:
    with pytest.raises(ValidationError, match="Field required"):
        JsonApiOptions.model_validate({key: value for key, value in PLAIN.items() if key != lacking})


# --- answers that are not what they were -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "note"),
    [
        (
            {"count": 0, "errors": {"term": "unknown"}},
            "the API's answer has no `results` (the answer has: count, errors): its shape changed, "
            "or the option `items` is wrong",
        ),
        (
            [],
            "the API's answer has no `results` (the answer is a list of 0): its shape changed, "
            "or the option `items` is wrong",
        ),
        (
            {"results": {"link": "x"}},
            "the items are no list (`results` has: link): the API's shape changed, or the option `items` is wrong",
        ),
        (
            {"results": None},
            "the items are no list (`results` is nothing): the API's shape changed, or the option `items` is wrong",
        ),
        (
            "null",
            "the API's answer has no `results` (the answer is nothing): its shape changed, "
            "or the option `items` is wrong",
        ),
        ("", "the answer is empty"),
        ("<!DOCTYPE html><html><body>Sign in</body></html>", "this is a <html> document, not JSON"),
        (
            "<html>The requested URL was rejected. Your support ID is 7</html>",
            "blocked by a firewall: its page came instead of JSON",
        ),
        ('{"results": [{"link": "a"', "broken JSON: Expecting ',' delimiter: line 1 column 26 (char 25)"),
        ('{"results": ' + "[" * 100_000, "refused: the JSON is nested too deeply"),
        ('{"results": [], "results": [1]}', "broken JSON: an object has `results` twice"),
    ],
)
def test_what_is_not_the_answer_that_was_expected_is_named(body: object, note: str) -> None:
    assert found(body) == Listing(note=note)


def test_a_key_named_twice_among_very_many_is_found_at_once() -> None:
    many = ",".join(f'"{number}": 0' for number in range(200_000))
    assert found(f'{{{many}, "199999": 1}}').note == "broken JSON: an object has `199999` twice"


def test_a_number_longer_than_can_be_read_is_broken_json() -> None:
    assert str(found('{"results": [' + "9" * 5000 + "]}").note).startswith("broken JSON: Exceeds the limit")


def test_the_place_where_a_longer_path_ends_is_named() -> None:
    listing = found({"feed": {"entries": []}}, GC_NEWS)
    assert listing.note == (
        "the API's answer has no `feed.entry` (`feed` has: entries): its shape changed, or the option `items` is wrong"
    )


def test_items_without_an_address_are_counted() -> None:
    listing = found(rows(row(1), {"title": "No address"}, "text", None, row(2, link="mailto:a@b.test")))
    assert [item.title for item in listing.items] == ["Story 1"]
    assert listing.note == "4 of its 5 items have no address at `link`"


def test_a_wrong_path_to_the_address_is_told_with_what_there_is() -> None:
    listing = found(rows({"href": "https://a.test", "title": "T"}, {}))
    assert listing.note == (
        "none of its 2 items has an address at `link` (the first has: href, title): the API's shape changed, "
        "or the option `url` is wrong"
    )


def test_a_part_that_no_item_has_any_more_is_told_and_the_items_are_kept() -> None:
    body = rows(*(row(number, posted="2026-11-20") for number in range(5)))
    listing = found(body, PLAIN | {"published": "date", "summary": ["lead", "body.en"], "updated": "posted"})
    assert len(listing.items) == 5
    assert listing.note == (
        "none of its 5 items has `summary` (lead or body.en), `published` (date): the API's shape changed, "
        "or the path is wrong"
    )
    few = found(rows(row()), PLAIN | {"summary": "lead"})
    assert few.note is None  # one item may well have no teaser


def test_an_empty_list_is_an_answer() -> None:
    assert found(rows()) == Listing()


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"{", b'{"results": [', b'{"results": [{"link": "']))
def test_nothing_but_a_format_error_is_raised_for_any_bytes(noise: bytes, start: bytes) -> None:
    assert all(web_address(item) for item in found(start + noise).items)


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "link", "title"]), inner),
    max_leaves=9,
)


@settings(deadline=None)
@given(_json)
def test_nothing_but_a_format_error_is_raised_for_any_json(value: object) -> None:
    options = {
        "published": "a.*.b",
        "content": ["{a}{b}", "a.0"],
        "authors": "*",
        "guid": "*.*",
        "next": "a",
        "pages": 2,
    }
    listing = found({"results": [value, {"link": "/1", "title": value, "a": value}], "a": value}, PLAIN | options)
    assert all(web_address(item) for item in listing.items)


# --- through the crawl -----------------------------------------------------------------------------------------------


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as made:
        yield made


def page(*numbers: int, after: str | None = None) -> str:
    return json.dumps({"results": [row(number) for number in numbers], "next": after})


PAGED = PLAIN | {"next": "next", "pages": 3}


async def test_pages_are_one_visit_and_no_more_than_asked_for(site: Site) -> None:
    for number in range(1, 6):
        site.put(f"/api?page={number}", page(number, after=f"/api?page={number + 1}"), type="application/json")
    visited = await visit(source("json_api", site.url("/api?page=1"), PAGED))
    assert [item.title for item in visited.found] == ["Story 1", "Story 2", "Story 3"]
    assert site.asked("/api?page=4") == []
    again = await visit(source("json_api", site.url("/api?page=1"), PAGED), body_hash=visited.body_hash)
    assert again.outcome is VisitOutcome.UNCHANGED


async def test_a_page_that_lists_nothing_is_the_last(site: Site) -> None:
    site.put("/api", page(1, after="/api?page=2"), type="application/json")
    site.put("/api?page=2", page(after="/api?page=3"), type="application/json")
    visited = await visit(source("json_api", site.url("/api"), PAGED))
    assert (len(visited.found), visited.error, len(site.requests)) == (1, None, 2)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(b"slow down", status=429), "HTTP 429 Too Many Requests"),
        (Answer(b'{"results": [', type="application/json"), "broken JSON: "),
        (broken_off(b'{"results": [', "application/json"), "the connection broke off before the end; broken JSON: "),
    ],
)
async def test_a_page_that_fails_is_told_and_the_others_are_kept(site: Site, answer: Any, told: str) -> None:
    site.put("/api", page(1, after="/api?page=2"), type="application/json")
    site.answers["/api?page=2"] = answer
    visited = await visit(source("json_api", site.url("/api"), PAGED))
    assert (visited.outcome, len(visited.found), visited.body_hash) == (VisitOutcome.CHANGED, 1, None)
    assert all(part in str(visited.error) for part in told.split("; "))


async def test_an_answer_that_breaks_off_fails_the_visit(site: Site) -> None:
    site.answers["/api"] = broken_off(page(1).encode()[:-4], "application/json")
    visited = await visit(source("json_api", site.url("/api"), PLAIN))
    assert visited.outcome is VisitOutcome.FAILED
    assert str(visited.error).startswith("the connection broke off before the end; broken JSON: ")


async def test_pages_that_lead_in_a_circle_end(site: Site) -> None:
    def circle(visitor: Visitor) -> Answer:
        return Answer(page(1, after="/api?a" if visitor.path == "/api?b" else "/api?b").encode())

    site.answers["/api"] = circle
    visited = await visit(source("json_api", site.url("/api?a"), PAGED))
    assert (visited.error, len(site.requests)) == (None, 3)


async def test_a_page_that_leads_to_itself_is_the_last(site: Site) -> None:
    site.put("/api", page(1, after="/api"), type="application/json")
    visited = await visit(source("json_api", site.url("/api"), PAGED))
    assert (visited.error, len(site.requests)) == (None, 1)


async def test_an_answer_that_did_not_change_is_not_sent_again(site: Site) -> None:
    site.put("/api", page(1), type="application/json", headers={"ETag": '"7"'})
    first = await visit(source("json_api", site.url("/api"), PLAIN))
    again = await visit(source("json_api", site.url("/api"), PLAIN), etag=first.etag)
    assert (again.outcome, again.status) == (VisitOutcome.UNCHANGED, 304)
    assert site.requests[0].headers["accept"].startswith("application/json")
