"""What the sitemap spider makes of sitemaps and indexes, good and bad, and of a site that has many of them."""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor.types import Found, VisitOutcome
from spiders.base import Follow
from spiders.options import SitemapOptions
from spiders.sitemap import SitemapSpider
from tests.answers import NOW, Listing, read, source, visit, web_address
from tests.site import Site, broken_off

URL = "https://www.site.test/sitemap.xml"
NAMES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
    'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1" xmlns:xhtml="http://www.w3.org/1999/xhtml"'
)
TODAY = "<lastmod>2026-11-21</lastmod>"
XML = "application/xml"


def urlset(*rows: str, names: str = NAMES) -> str:
    listed = "".join(f"<url>{row}</url>" for row in rows)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset {names}>{listed}</urlset>'


def index(*rows: str) -> str:
    return f"<sitemapindex {NAMES}>{''.join(f'<sitemap>{row}</sitemap>' for row in rows)}</sitemapindex>"


def loc(path: str, lastmod: str | None = "2026-11-21T08:00:00-05:00", base: str = "https://www.site.test") -> str:
    return f"<loc>{base}{path}</loc>" + (f"<lastmod>{lastmod}</lastmod>" if lastmod else "")


def news(title: str = "A story", published: str = "2026-11-21T07:15:00-05:00", more: str = "") -> str:
    return (
        "<news:news><news:publication><news:name>The Site</news:name><news:language>en</news:language>"
        f"</news:publication><news:publication_date>{published}</news:publication_date>"
        f"<news:title>{title}</news:title>{more}</news:news>"
    )


def found(body: str | bytes, options: dict[str, Any] | None = None, **more: Any) -> Listing:
    return read(SitemapSpider, body, source("sitemap", URL, options), **more)


def paths(listing: Listing) -> list[str]:
    return [(item.url or "").removeprefix("https://www.site.test") for item in listing.items]


# --- entries ---------------------------------------------------------------------------------------------------------


def test_news_entry_with_everything() -> None:
    body = urlset(
        loc("/news/1", "2026-11-21T12:30:00Z")
        + '<xhtml:link rel="alternate" hreflang="fr" href="https://www.site.test/nouvelles/1"/>'
        + "<image:image><image:loc>https://cdn.test/1.jpg</image:loc><image:title>A fence</image:title></image:image>"
        + news("Border &amp; asylum", more="<news:keywords>Roxham Road, asylum &lt; Quebec</news:keywords>")
    )
    listing = found(body)
    assert listing.note is None
    assert listing.items == [
        Found(
            url="https://www.site.test/news/1",
            title="Border & asylum",
            summary="Roxham Road, asylum &lt; Quebec",
            publisher="The Site",
            language="en",
            published_at=datetime(2026, 11, 21, 12, 15, tzinfo=UTC),
            updated_at=datetime(2026, 11, 21, 12, 30, tzinfo=UTC),
        )
    ]


def test_entry_of_a_plain_sitemap_has_an_address_and_the_time_of_its_last_change() -> None:
    (item,) = found(urlset(loc("/1", "2026-11-20") + "<changefreq>daily</changefreq><priority>0.5</priority>")).items
    assert item == Found(url="https://www.site.test/1", updated_at=datetime(2026, 11, 20, tzinfo=UTC))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11", None),  # 1 November: older than a week
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T19:20Z", datetime(2026, 11, 20, 19, 20, tzinfo=UTC)),
        ("2026-11-20T19:20:30.45+01:00", datetime(2026, 11, 20, 18, 20, 30, 450_000, tzinfo=UTC)),
        ("2026-11-20T19:20:30-05:00", datetime(2026, 11, 21, 0, 20, 30, tzinfo=UTC)),
    ],
)
def test_dates_of_the_w3c_profile(written: str, meant: datetime | None) -> None:
    listing = found(urlset(loc("/1", written)))
    assert [item.updated_at for item in listing.items] == ([meant] if meant else [])


@pytest.mark.parametrize(
    "names",
    [
        'xmlns="https://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="https://www.google.com/schemas/sitemap-news/0.9"',
        'xmlns="http://www.google.com/schemas/sitemap/0.84"',  # `news:` is not declared at all
        "",
    ],
)
def test_wrong_and_missing_namespaces_do_not_matter(names: str) -> None:
    listing = found(urlset(loc("/1") + news(), names=names))
    assert [item.title for item in listing.items] == ["A story"]
    assert listing.note is None


def test_prefix_of_the_sitemap_namespace_does_not_matter() -> None:
    body = urlset(loc("/1")).replace("<", "<s:").replace("<s:/", "</s:").replace("<s:?", "<?")
    assert paths(found(body)) == ["/1"]


def test_bare_ampersands_and_html_names_are_read_as_they_are_meant() -> None:
    body = urlset(
        loc("/1?a=1&b=2&amp;c=3") + news("Caf&eacute; & more"),
        "<loc><![CDATA[https://www.site.test/2?a=1&b=2]]></loc>" + TODAY + news("<![CDATA[Tom & Ann &amp;#8217; ]]>"),
    )
    listing = found(body)
    assert paths(listing) == ["/1?a=1&b=2&c=3", "/2?a=1&b=2"]
    assert [item.title for item in listing.items] == ["Café & more", "Tom & Ann &#8217;"]


def test_relative_addresses_are_made_whole() -> None:
    assert paths(found(urlset("<loc> /news/1\n</loc>" + TODAY))) == ["/news/1"]


def test_what_the_protocol_does_not_know_is_passed_over() -> None:
    body = urlset(loc("/1") + "<loc>/again</loc><more><loc>/deeper</loc></more>", loc("/2"))
    body = body.replace("<url>", f"<extra>{loc('/extra')}</extra><url>", 1)
    assert paths(found(body)) == ["/1", "/2"]


def test_a_value_without_end_is_not_held_in_memory() -> None:
    (item,) = found(urlset(loc("/" + "a" * 1_000_000))).items
    assert len(item.url or "") < 50_000


def test_entries_without_an_address_are_counted() -> None:
    listing = found(urlset(loc("/1"), TODAY, "<loc>mailto:a@b.test</loc>" + TODAY))
    assert paths(listing) == ["/1"]
    assert listing.note == "2 of its 3 entries have no address"


# --- what is read ----------------------------------------------------------------------------------------------------


def test_only_what_changed_lately_is_read() -> None:
    body = urlset(
        loc("/old", "2026-11-01"),
        loc("/changed", "2026-11-20") + news(published="2025-01-01"),
        loc("/new", "2020-01-01") + news(published="2026-11-20"),
        loc("/border", "2026-11-14T18:00:00Z"),
        loc("/older", "2026-11-14T17:59:59Z"),
    )
    assert paths(found(body)) == ["/changed", "/new", "/border"]
    assert paths(found(body, {"since": "36h"})) == []
    assert paths(found(body, {"since": "30d"})) == ["/old", "/changed", "/new", "/border", "/older"]


def test_entries_without_a_date_are_left_out_unless_they_are_news() -> None:
    body = urlset(loc("/1"), loc("/about", None), loc("/2", None) + news(published="soon"), loc("/3", "2126-01-01"))
    assert paths(found(body)) == ["/1", "/2"]
    assert paths(found(body, {"undated": True})) == ["/1", "/about", "/2", "/3"]


def test_a_sitemap_without_any_date_says_how_it_can_be_read() -> None:
    listing = found(urlset(loc("/1", None), loc("/2", None)))
    assert listing.items == []
    assert listing.note == (
        "none of its 2 entries has a date that can be read, so that nothing says what is new; "
        "`undated: true` reads them all"
    )


def test_addresses_are_chosen_by_their_paths() -> None:
    body = urlset(*(loc(path) for path in ("/news/1", "/news/sport/2", "/en/politics/3", "/?p=4", "/news")))
    assert paths(found(body, {"only": ["/news/*"]})) == ["/news/1", "/news/sport/2"]
    assert paths(found(body, {"only": ["/news/*", "*/politics/*"], "but": ["*/sport/*"]})) == [
        "/news/1",
        "/en/politics/3",
    ]
    assert paths(found(body, {"only": ["/?p=*"]})) == ["/?p=4"]
    assert paths(found(body, {"but": ["*"]})) == []
    assert paths(found(body, {"only": ["/news"]})) == ["/news"]
    assert paths(found(body, {"only": ["*s*o*t*"]})) == ["/news/sport/2"]


def test_patterns_that_fit_nothing_are_told_until_a_visit_went_well() -> None:
    body, options = urlset(loc("/1"), loc("/2")), {"only": ["/nws/*"]}
    note = "none of its 2 addresses fits `only` and `but`; if that is normal, say `may_be_empty: true` for the source"
    assert found(body, options).note == note
    assert found(body, options, last_good_at=NOW).note is None
    assert read(SitemapSpider, body, source("sitemap", URL, options, may_be_empty=True)).note is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"only": ["news"]}, '"news" is not a pattern such as /news/\\* or \\*/politics/\\*'),
        ({"but": ["/a b"]}, "is not a pattern"),
        ({"but": "/a"}, "valid list"),
        ({"since": "a week"}, '"a week" is not an age such as 36h or 7d'),
        ({"since": "0d"}, "is not an age"),
        ({"sitemaps": 0}, "greater than or equal to 1"),
        ({"sitemap": 1}, "Extra inputs"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SitemapOptions.model_validate(options)


# --- indexes ---------------------------------------------------------------------------------------------------------


def test_the_parts_changed_last_are_asked_for_first() -> None:
    body = index(
        loc("/1.xml", "2026-11-19"),
        loc("/undated.xml", None),
        loc("/2.xml", "2026-11-21T10:00:00Z"),
        loc("/3.xml", "2026-11-21T09:00:00-05:00"),
        loc("/4.xml", "2026-11-18"),
    )
    asked = [follow.url.rpartition("/")[2] for follow in found(body).follows]
    assert asked == ["3.xml", "2.xml", "1.xml"]
    every = [follow.url.rpartition("/")[2] for follow in found(body, {"sitemaps": 50}).follows]
    assert every == ["3.xml", "2.xml", "1.xml", "4.xml", "undated.xml"]


def test_parts_that_are_left_out_are_told_with_the_options_that_decide_it() -> None:
    body = index(*(loc(f"/{number}.xml") for number in range(5)), loc("/old.xml", "2019-01-01"))
    said = (
        "cut: 5 parts of the index may hold something new, and `sitemaps: 2` of them are read; `parts` says which count"
    )
    assert found(body, {"sitemaps": 2}).notes == [said]
    assert found(body, {"sitemaps": 5}).notes == []


def test_parts_that_did_not_change_since_the_last_good_visit_are_not_asked_for_again() -> None:
    body = index(loc("/1.xml", "2026-11-21"), loc("/2.xml", "2026-11-18"), loc("/3.xml", None))
    known: dict[str, Any] = {"last_good_at": NOW - timedelta(hours=1), "body_hash": "h"}
    assert found(body, **known).follows == [
        Follow("https://www.site.test/1.xml", 1),
        Follow("https://www.site.test/3.xml", 1),
    ]
    assert len(found(body, last_good_at=NOW - timedelta(hours=1), body_hash=None).follows) == 3  # not all of it came


def test_the_newest_part_is_read_whatever_its_date_says() -> None:
    body = index(loc("/1.xml", "2019-01-01"), loc("/2.xml", "2018-01-01"))
    assert [follow.url for follow in found(body).follows] == ["https://www.site.test/1.xml"]


def test_parts_are_chosen_by_their_paths() -> None:
    body = index(loc("/page-sitemap.xml"), loc("/post-sitemap2.xml"))
    assert [follow.url[-10:] for follow in found(body, {"parts": ["/post-*"]}).follows] == ["temap2.xml"]
    assert found(body, {"parts": ["/news-*"]}).note == "none of its 2 parts fits `parts`"


def test_an_index_of_indexes_ends() -> None:
    body = index(loc("/sitemap.xml"))
    assert found(body, about=1).follows == [Follow(URL, 2)]
    deep = found(body, about=2)
    assert (deep.follows, deep.note) == ([], "the index lies in an index of an index: at most 2 are followed")


def test_an_empty_index_is_told() -> None:
    assert found(index()).note == "the index names no sitemap"


# --- packed, plain, broken -------------------------------------------------------------------------------------------


def test_a_packed_sitemap_is_known_by_its_first_bytes() -> None:
    packed = gzip.compress(urlset(loc("/1")).encode())
    assert paths(found(packed, url="https://www.site.test/a", type="text/html")) == ["/1"]


def test_a_bomb_is_refused() -> None:
    listing = found(gzip.compress(b" " * (17 * 2**20)))
    assert listing == Listing(note="the sitemap is larger than 16 MiB once unpacked")


def test_a_packed_sitemap_that_breaks_off_keeps_its_whole_entries() -> None:
    rows = [loc(f"/{number}-{hash(str(number))}") for number in range(2000)]
    packed = gzip.compress(urlset(*rows).encode())
    cut = found(packed[: len(packed) // 2])
    assert 100 < len(cut.items) < 2000
    assert cut.note == "the sitemap is cut off; its complete entries were kept"
    assert found(packed[:20]).note == "the packed sitemap is cut off"
    spoilt = packed[:1000] + b"\xff" * 200 + packed[1200:]
    assert found(spoilt).note is not None


def test_a_list_of_addresses_is_a_sitemap() -> None:
    body = "\ufeffhttps://www.site.test/1\r\n\r\nhttps://www.site.test/2?a=1&b=2\r\n"
    listing = found(body, {"undated": True}, type="text/plain")
    assert (paths(listing), listing.note) == (["/1", "/2?a=1&b=2"], None)
    assert found(body + "and more", {"undated": True}).items == []
    assert "`undated: true`" in str(found(body).note)


@pytest.mark.parametrize("at", range(1, 12))
def test_whole_entries_before_a_cut_are_kept(at: int) -> None:
    body = urlset(loc("/1") + news(), loc("/2") + news())
    listing = found(body[: -3 * at])
    assert paths(listing) in (["/1"], ["/1", "/2"])
    assert listing.note == "the sitemap is cut off; its complete entries were kept"


def test_a_cut_before_the_end_of_the_first_entry_is_told() -> None:
    listing = found(urlset(loc("/1"))[:150])
    assert (listing.items, listing.note) == ([], "the sitemap is cut off before the end of its first entry")


def test_entries_before_broken_xml_are_kept() -> None:
    listing = found(urlset(loc("/1"), loc("/2") + "</lastmod>", loc("/3")))
    assert paths(listing) == ["/1"]
    assert str(listing.note).startswith("broken XML: mismatched tag: line 2, column ")
    assert str(listing.note).endswith("; the entries before that were kept")


def test_parts_before_the_break_of_an_index_are_asked_for() -> None:
    listing = found(index(loc("/1.xml"), loc("/2.xml"))[:-40])
    assert [follow.url for follow in listing.follows] == ["https://www.site.test/1.xml"]
    assert listing.note == "the sitemap is cut off; its complete entries were kept"


@pytest.mark.parametrize(
    ("body", "note"),
    [
        ("", "the answer is empty"),
        ("<!doctype html><html><body>Not Found</body></html>", "this is an HTML page, not a sitemap"),
        (
            "<html><body>The requested URL was rejected. Your support ID is 7</body></html>",
            "blocked by a firewall: its page came instead of a sitemap",
        ),
        ("<rss><channel/></rss>", "this is a feed, not a sitemap: `kind: feed` reads it"),
        (
            "User-agent: *\nDisallow: /x\nSitemap: https://www.site.test/news.xml\n",
            "this is a robots.txt, not a sitemap; it names https://www.site.test/news.xml",
        ),
        ("<opml/>", "this is XML with the root <opml>, not a sitemap"),
        ('{"a": 1}', "this is neither XML nor a list of addresses, not a sitemap"),
        (
            '<!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa">]><urlset><url><loc>&a;</loc></url></urlset>',
            "refused: it declares XML entities",
        ),
        ("<urlset>" + "<a>" * 200_000, "refused: the XML is nested too deeply"),
        ("<urlset>" + "<![CDATA[" * 200_000, "the sitemap is cut off before the end of its first entry"),
    ],
)
def test_what_is_no_sitemap_is_named(body: str, note: str) -> None:
    assert found(body) == Listing(note=note)


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"\x1f\x8b\x08\x00", b"<urlset><url><loc>", b"<sitemapindex>"]))
def test_nothing_but_a_format_error_is_raised_for_any_bytes(noise: bytes, start: bytes) -> None:
    for body in (start + noise, gzip.compress(start + noise)):
        assert all(web_address(item) for item in found(body).items)


# --- through the crawl -----------------------------------------------------------------------------------------------


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as made:
        made.put(
            "/index.xml",
            index(
                loc("/1.xml.gz", "2026-11-21", made.url("")),
                loc("/gone.xml", "2026-11-21", made.url("")),
                loc("/2.xml", "2026-11-21", made.url("")),
                loc("/3.xml", "2026-11-20", made.url("")),
            ),
            type=XML,
        )
        made.put("/1.xml.gz", gzip.compress(urlset(loc("/one") + news("One")).encode()), type="application/x-gzip")
        made.put("/2.xml", urlset(loc("/two") + news("Two")), type=XML)
        yield made


async def test_an_index_and_its_parts_are_one_visit_and_a_part_that_fails_is_told(site: Site) -> None:
    visited = await visit(source("sitemap", site.url("/index.xml")))
    assert (visited.outcome, [item.title for item in visited.found]) == (VisitOutcome.CHANGED, ["One", "Two"])
    gone, cut = str(visited.error).split("; ", 1)
    assert gone == f"{site.url('/gone.xml')}: HTTP 404 Not Found"
    assert cut.startswith("cut: 4 parts of the index")
    assert visited.body_hash is None  # the next visit tries again
    assert site.asked("/3.xml") == []


async def test_an_index_whose_parts_are_the_same_is_unchanged(site: Site) -> None:
    site.put("/gone.xml", urlset(), type=XML)
    of = source("sitemap", site.url("/index.xml"), {"parts": ["/1*", "/2*", "/gone*"]})
    first = await visit(of)
    again = await visit(of, body_hash=first.body_hash, last_good_at=NOW)
    assert first.error is None
    assert (again.outcome, again.found) == (VisitOutcome.UNCHANGED, ())


async def test_a_part_that_breaks_off_keeps_its_whole_entries(site: Site) -> None:
    site.answers["/gone.xml"] = broken_off(urlset(loc("/three"), loc("/four"))[:-30].encode())
    visited = await visit(source("sitemap", site.url("/index.xml")))
    assert [item.url for item in visited.found] == [f"https://www.site.test/{name}" for name in ("one", "three", "two")]
    assert "cut off" in str(visited.error)


async def test_a_sitemap_that_did_not_change_is_not_sent_again(site: Site) -> None:
    site.put("/2.xml", urlset(loc("/two")), type=XML, headers={"ETag": '"1"'})
    first = await visit(source("sitemap", site.url("/2.xml")))
    again = await visit(source("sitemap", site.url("/2.xml")), etag=first.etag, body_hash=first.body_hash)
    assert (again.outcome, again.status) == (VisitOutcome.UNCHANGED, 304)


async def test_a_packed_sitemap_obeys_the_limit_of_the_crawl(site: Site) -> None:
    site.put("/bomb.gz", gzip.compress(b" " * 2**19), type="application/gzip")
    visited = await visit(source("sitemap", site.url("/bomb.gz")), max_bytes=2**18)
    assert (visited.outcome, visited.error) == (
        VisitOutcome.FAILED,
        "the sitemap is larger than 0.25 MiB once unpacked",
    )


async def test_a_quiet_day_of_a_news_sitemap_is_no_failure(site: Site) -> None:
    site.put("/2.xml", urlset(), type=XML)
    visited = await visit(source("sitemap", site.url("/2.xml")), listed=30, body_hash="before")
    assert (visited.outcome, visited.error) == (VisitOutcome.CHANGED, None)
