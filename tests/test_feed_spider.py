"""What the feed spider makes of feeds, good and bad: no network, an answer in, items and a note out."""

import json
import logging
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Response

from monitor import listing
from monitor.errors import FormatError
from monitor.extract.urls import identity
from monitor.types import Found, Source, SourceState, Visit, VisitOutcome, Wishes
from spiders.base import Follow
from spiders.dates import when
from spiders.feed import FeedSpider
from spiders.options import FeedOptions
from tests.crawling import crawl, errand, visits
from tests.pace import usual
from tests.site import Site

NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
URL = "https://api.site.test/feeds/news.xml"
SOURCE = Source(id="s", name="s", publisher="s", kind="feed", url=URL)
STATE = SourceState(source_id="s")


async def _unused(visit: Visit) -> None:
    raise AssertionError(visit)


def read(body: str | bytes, type: str = "application/xml", url: str = URL) -> tuple[list[Found], str | None]:  # noqa: A002
    """Returns the items, and the note of what could not be read."""
    spider = FeedSpider(errands=(), keep=_unused, clock=lambda: NOW)
    content = body.encode() if isinstance(body, str) else body
    found: list[Found] = []
    try:
        for one in spider.find(Response(url, headers={"Content-Type": type}, body=content), SOURCE, STATE):
            if isinstance(one, Found):
                found.append(one)  # noqa: PERF401
    except FormatError as error:
        return found, error.reason
    return found, None


def items(body: str | bytes, **more: str) -> list[Found]:
    found, note = read(body, **more)
    assert note is None
    return found


def rss(*rows: str, head: str = "<link>https://www.site.test/</link>") -> str:
    names = 'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    listed = "".join(f"<item>{row}</item>" for row in rows)
    channel = f"<channel><title>T</title>{head}{listed}</channel>"
    return f'<?xml version="1.0"?><rss version="2.0" {names}>{channel}</rss>'


def atom(*rows: str, head: str = "", base: str = "") -> str:
    listed = "".join(f"<entry>{row}</entry>" for row in rows)
    return f'<feed xmlns="http://www.w3.org/2005/Atom" {base}><title>T</title><id>urn:f</id>{head}{listed}</feed>'


def only(body: str | bytes, **more: str) -> Found:
    (item,) = items(body, **more)
    return item


# --- formats ---------------------------------------------------------------------------------------------------------


def test_rss_2_item_with_everything() -> None:
    item = only(
        rss(
            "<title>Border story</title><link>https://www.site.test/1</link><guid isPermaLink='false'>g1</guid>"
            "<description>&lt;p&gt;Short&lt;/p&gt;</description>"
            "<content:encoded><![CDATA[<p>Long & whole</p>]]></content:encoded>"
            "<dc:creator>Ann Author</dc:creator><pubDate>Sat, 21 Nov 2026 13:05:00 EST</pubDate>"
            "<source url='https://wire.test/'>The Wire</source>",
            head="<link>https://www.site.test/</link><language>fr-CA</language>",
        )
    )
    assert item == Found(
        url="https://www.site.test/1",
        guid="g1",
        title="Border story",
        summary="<p>Short</p>",
        content="<p>Long & whole</p>",
        authors=("Ann Author",),
        publisher="The Wire",
        language="fr",
        published_at=datetime(2026, 11, 21, 18, 5, tzinfo=UTC),
    )


def test_atom_entry_with_everything() -> None:
    item = only(
        atom(
            "<title type='html'>A &lt;b&gt;bold&lt;/b&gt; title &amp;amp; more</title><id>urn:1</id>"
            "<link rel='self' href='https://api.site.test/1.json'/><link rel='alternate' href='https://www.site.test/1'/>"
            "<summary>1 &lt; 2</summary><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>Text</p></div></content>"
            "<author><name>Ann Author</name></author><author><name>Bob</name></author>"
            "<published>2026-11-21T08:00:00-05:00</published><updated>2026-11-21T09:00:00-05:00</updated>",
            base="xml:lang='en-CA'",
        )
    )
    assert item == Found(
        url="https://www.site.test/1",
        guid="urn:1",
        title="A bold title & more",
        summary="1 &lt; 2",
        content="<p>Text</p>",
        authors=("Ann Author", "Bob"),
        language="en",
        published_at=datetime(2026, 11, 21, 13, 0, tzinfo=UTC),
        updated_at=datetime(2026, 11, 21, 14, 0, tzinfo=UTC),
    )


def test_rss_1_item() -> None:
    body = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://www.site.test/"><title>T</title>
    <link>https://www.site.test/</link></channel><item rdf:about="https://www.site.test/1"><title>One</title>
    <link>https://www.site.test/1</link><dc:date>2026-11-20T10:00:00Z</dc:date></item></rdf:RDF>"""
    item = only(body)
    assert (item.title, item.url) == ("One", "https://www.site.test/1")
    assert (item.published_at, item.updated_at) == (datetime(2026, 11, 20, 10, tzinfo=UTC), None)


def test_rss_091_item() -> None:
    body = """<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"
    "http://my.netscape.com/publish/formats/rss-0.91.dtd"><rss version="0.91"><channel><title>T</title>
    <link>https://www.site.test/</link><item><title>One</title><link>/1</link></item></channel></rss>"""
    assert only(body).url == "https://www.site.test/1"


@pytest.mark.parametrize("version", ["1", "1.1"])
def test_json_feed(version: str) -> None:
    people: dict[str, Any] = (
        {"author": {"name": "Ann"}} if version == "1" else {"authors": [{"name": "Ann"}, {"url": "x"}]}
    )
    body = {
        "version": f"https://jsonfeed.org/version/{version}",
        "title": "T",
        "home_page_url": "https://www.site.test/",
        "language": "fr-CA",
        "items": [
            {
                "id": 7,
                "url": "/1",
                "title": "Un &amp; deux",
                "content_text": "1 < 2",
                "summary": "a & b",
                "date_published": "2026-11-21T08:00:00-05:00",
                "date_modified": "not a date",
            }
            | people,
            {"id": "https://www.site.test/2", "content_html": "<p>x</p>"},
        ],
    }
    one, two = items(json.dumps(body), type="application/feed+json")
    assert one == Found(
        url="https://www.site.test/1",
        guid="7",
        title="Un & deux",
        summary="a &amp; b",
        content="1 &lt; 2",
        authors=("Ann",),
        language="fr",
        published_at=datetime(2026, 11, 21, 13, 0, tzinfo=UTC),
    )
    assert (two.url, two.content) == ("https://www.site.test/2", "<p>x</p>")


@pytest.mark.parametrize(
    "body", [rss(), atom(), '{"version": "https://jsonfeed.org/version/1.1", "items": []}', "<rss/>"]
)
def test_a_feed_without_items_is_a_feed(body: str) -> None:
    assert items(body) == []


# --- items -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "url"),
    [
        ("<link>https://www.site.test/1?a=1&amp;b=2</link>", "https://www.site.test/1?a=1&b=2"),
        ("<link> \n https://www.site.test/1 \n</link>", "https://www.site.test/1"),
        ("<link>/news/1</link>", "https://www.site.test/news/1"),
        ("<link xml:base='https://other.test/a/'>1</link>", "https://other.test/a/1"),
        ("<guid>https://www.site.test/g</guid>", "https://www.site.test/g"),
        ("<guid isPermaLink='true'>https://www.site.test/g</guid>", "https://www.site.test/g"),
        ("<guid isPermaLink='false'>https://www.site.test/g</guid>", None),
        ("<guid>12345</guid>", None),
        ("<title>No link</title>", None),
        ("<link>javascript:alert(1)</link>", None),
        ("<link>http://[broken/</link>", None),
        (
            "<link>/a story/&#160;of two\twords&#x7f;&#x202e;?q=a b</link>",
            "/a%20story/%C2%A0of%20twowords%7F%E2%80%AE?q=a%20b",
        ),
        ("<link>/caf\u00e9/100%/a|b?c=[d]&amp;e=\\</link>", "/caf\u00e9/100%/a|b?c=[d]&e=\\"),
        ("<link>news\\1#\\a</link>", "/news/1#\\a"),
        ("<link>http:\\\\www.site.test\\@other.test/</link>", "http://www.site.test/@other.test/"),
        ("<link>http://www.si te.test/</link>", None),
        ("<link>http://www.site.test&#x7f;/</link>", None),
        ("<guid>https://www.site.test/a b</guid>", "https://www.site.test/a%20b"),
        ("<link>https://www.site.test/1</link><guid>https://www.site.test/g</guid>", "https://www.site.test/1"),
    ],
)
def test_the_address_of_an_item(row: str, url: str | None) -> None:
    assert only(rss(row)).url == (f"https://www.site.test{url}" if url and url.startswith("/") else url)


@pytest.mark.parametrize("more", ["", "<odd/>", "<title>Not&nbsp;quite <br> XML</title>"])
def test_long_words_stay_as_they_are_in_addresses_and_texts(more: str) -> None:
    word = "x" * 100_000
    item = only(rss(f"<link>http://www.site.test/{word}</link><description>{word}</description>{more}"))
    assert (item.url, item.summary) == (f"http://www.site.test/{word}", word)


def test_the_address_of_a_json_item_is_one_too() -> None:
    rows = [{"id": "https://www.site.test/a b"}, {"id": "2", "url": "https://www.site.test/\x7f"}]
    body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": rows})
    assert [item.url for item in items(body)] == ["https://www.site.test/a%20b", "https://www.site.test/%7F"]


def test_relative_links_of_atom_go_by_xml_base_then_the_feeds_link_then_its_address() -> None:
    row = "<title>x</title><link href='a/1.html'/>"
    assert only(atom(row, base="xml:base='https://base.test/en/'")).url == "https://base.test/en/a/1.html"
    head = "<link href='https://www.site.test/en/'/>"
    assert only(atom(row, head=head)).url == "https://www.site.test/en/a/1.html"
    assert only(atom(row)).url == "https://api.site.test/feeds/a/1.html"


def test_an_atom_id_that_is_no_address_is_no_link() -> None:
    assert only(atom("<title>x</title><id>tag:site.test,2026:1</id>")).url is None


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Plain", "Plain"),
        ("Tom &amp; Ann", "Tom & Ann"),
        ("Tom &amp;amp; Ann", "Tom & Ann"),
        ("L&amp;#8217;été", "L’été"),
        ("&lt;em&gt;Roxham&lt;/em&gt; Road", "Roxham Road"),
        ("<![CDATA[<b>Roxham</b> Road &amp; more]]>", "Roxham Road & more"),
        ("1 &lt; 2", "1 < 2"),
        ("Two\n   lines", "Two lines"),
        ("", None),
    ],
)
def test_titles_are_plain_text(written: str, title: str | None) -> None:
    assert only(rss(f"<title>{written}</title><link>/1</link>")).title == title


def test_a_content_alone_is_not_its_own_summary() -> None:
    item = only(rss("<title>x</title><content:encoded>&lt;p&gt;Whole&lt;/p&gt;</content:encoded>"))
    assert (item.summary, item.content) == (None, "<p>Whole</p>")


def test_an_author_that_is_only_an_address_is_none() -> None:
    assert only(rss("<title>x</title><author>desk@site.test</author>")).authors == ()
    assert only(rss("<title>x</title><author>desk@site.test (Ann Author)</author>")).authors == ("Ann Author",)


def test_the_items_own_language_counts_more_than_the_feeds() -> None:
    head = "<language>en</language>"
    assert only(rss("<title>x</title><dc:language>fr-ca</dc:language>", head=head)).language == "fr"
    assert only(rss("<title>x</title>", head=head)).language == "en"
    assert only(rss("<title>x</title>", head="")).language is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Sat, 21 Nov 2026 13:05:00 -0500", "2026-11-21T18:05"),
        ("Sat, 21 Nov 2026 13:05 GMT", "2026-11-21T13:05"),
        ("Sat, 21 Nov 26 13:05:00 EST", "2026-11-21T18:05"),
        ("Wed, 15 Jul 2026 09:00:00 EDT", "2026-07-15T13:00"),
        ("sam., 21 nov. 2026 13:05:00 HNE", "2026-11-21T18:05"),
        ("mer., 15 juill. 2026 09:00:00 HAE", "2026-07-15T13:00"),
        ("Wed, 15 Jul 2026 09:00:00 PT", "2026-07-15T16:00"),
        ("September 17, 2026", "2026-09-17T00:00"),
        ("Nov. 3, 2026 at 3:05 p.m. EST", "2026-11-03T20:05"),
        ("21 novembre 2023 à 13 h 05", "2023-11-21T13:05"),
        ("1er août 2024", "2024-08-01T00:00"),
        ("2026-11-21", "2026-11-21T00:00"),
        ("2026-11-21T13:05:00Z", "2026-11-21T13:05"),
        ("2026-11-21 13:05:00 EST", "2026-11-21T18:05"),
        ("2026-11-21T13:05:00.1234567-05:00", "2026-11-21T18:05:00.123456"),
        ("2026-11-23T17:00:00Z", "2026-11-23T17:00"),
        ("2026-11-24T17:00:00Z", None),
        ("Mon, 01 Jan 0001 00:00:00 +0000", None),
        ("1970-01-01T00:00:00Z", None),
        ("Sat, 32 Nov 2026 10:00:00 GMT", None),
        ("2026-11-21T25:00:00Z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        ("9" * 5000, None),
    ],
)
def test_dates(text: str | None, moment: str | None) -> None:
    assert when(text, NOW) == (datetime.fromisoformat(f"{moment}+00:00") if moment else None)


# --- bad feeds -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the answer is empty"),
        (b" \n ", "the answer is empty"),
        (b"<!doctype html><html><body>Not Found</body></html>", "this is an HTML page, not a feed"),
        (b"\n<!-- x --><html lang='en'><head></head></html>", "this is an HTML page, not a feed"),
        (
            b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'/>",
            "this is a sitemap, not a feed: `kind: sitemap` reads it",
        ),
        (b"just words", "this is neither XML nor JSON, not a feed"),
        (b"\x00\x01\x02\xff", "this is neither XML nor JSON, not a feed"),
        (b'{"version": "1", "items": []}', "this is JSON, but not a JSON Feed"),
        (b"{broken", "broken JSON"),
        (b'{"a":' * 100_000, "broken JSON"),
        (b"<rss><channel><item><title>On", "the feed is cut off before the end of its first item"),
    ],
)
def test_what_is_no_feed_says_so(body: bytes, reason: str) -> None:
    found, note = read(body)
    assert found == []
    assert note is not None
    assert note.startswith(reason)


@pytest.mark.parametrize("opening", ["<title>Three", "<title>Three</title><content:encoded><![CDATA[<p>x</item>"])
def test_a_cut_feed_keeps_its_complete_items(opening: str) -> None:
    whole = rss("<title>One</title>", "<title>Two</title>")
    found, note = read(whole.removesuffix("</channel></rss>") + f"<item>{opening}")
    assert [item.title for item in found] == ["One", "Two"]
    assert note == "the feed is cut off; its complete items were kept"


@pytest.mark.parametrize("item", ["item", "x:item"])
def test_a_cut_rss_1_feed_keeps_its_complete_items(item: str) -> None:
    found, note = read(
        f"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
        xmlns:x="http://purl.org/rss/1.0/"><channel><items><rdf:Seq><rdf:li rdf:resource="https://www.site.test/1"/>
        </rdf:Seq></items></channel><{item}><title>One</title></{item}><{item}><title>Tw"""
    )
    assert [each.title for each in found] == ["One"]
    assert note == "the feed is cut off; its complete items were kept"


def test_a_cut_atom_feed_keeps_its_complete_entries() -> None:
    whole = atom("<title>One</title>", "<title>Two</title>")
    found, note = read(whole[: whole.index("Two")])
    assert [item.title for item in found] == ["One"]
    assert note == "the feed is cut off; its complete items were kept"


def test_a_cut_json_feed_keeps_its_complete_items() -> None:
    body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1"}, {"id": "2"}, {"id": "3"}]})
    found, note = read(body[: body.index("3")])
    assert [item.guid for item in found] == ["1", "2"]
    assert note == "the feed is cut off; its complete items were kept"


def test_one_unreadable_item_costs_neither_the_others_nor_more_than_a_line(caplog: pytest.LogCaptureFixture) -> None:
    body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1"}, "rubbish", {"id": "3"}]})
    found, note = read(body)
    assert [item.guid for item in found] == ["1", "3"]
    assert note == "1 of its items could not be read"
    (line,) = (record for record in caplog.records if record.levelno >= logging.WARNING)
    assert line.exc_info is None
    assert URL in line.getMessage()


@pytest.mark.parametrize(
    "row",
    [
        "<title>A & B</title>",  # not escaped
        "<title>A &nbsp;B</title>",  # HTML's names are not XML's
        "<title>A &#1114112; B</title>",  # no such character
        "<title>A \x0b B</title>",
        "<title>A <br> B</title>",
    ],
)
def test_broken_xml_is_read_as_far_as_it_goes(row: str) -> None:
    found = items(rss(f"{row}<link>/1</link>", "<title>Two</title><link>/2</link>"))
    assert [item.url for item in found] == ["https://www.site.test/1", "https://www.site.test/2"]
    assert found[1].title == "Two"
    assert str(found[0].title).startswith("A ")


def test_text_before_the_feed_is_skipped() -> None:
    assert only("\ufeff\n  warning: x\n" + rss("<title>One</title>")).title == "One"


_ACCENTS = rss("<title>Réfugiés : «déjà vu»</title>")


@pytest.mark.parametrize(
    ("body", "type"),
    [
        (_ACCENTS.encode(), "text/xml"),
        (_ACCENTS.encode(), "application/xml; charset=iso-8859-1"),  # wrong charset, right bytes
        (_ACCENTS.replace("?>", " encoding='iso-8859-1'?>", 1).encode(), "application/xml"),
        (_ACCENTS.encode("cp1252"), "application/xml; charset=iso-8859-1"),
        (_ACCENTS.encode("cp1252"), "application/xml; charset=utf-8"),
        (_ACCENTS.replace("?>", " encoding='windows-1252'?>", 1).encode("cp1252"), "text/xml"),
        (_ACCENTS.encode("utf-16"), "application/xml"),
        (_ACCENTS.encode("utf-16-le"), "application/xml"),
        (_ACCENTS.encode("utf-8-sig"), "application/xml; charset=nonsense"),
    ],
)
def test_the_encoding_of_a_feed_is_found(body: bytes, type: str) -> None:  # noqa: A002
    assert only(body, type=type).title == "Réfugiés : «déjà vu»"


def test_one_wrong_byte_does_not_spoil_the_others() -> None:
    body = _ACCENTS.encode().replace(b"<title>T</title>", b"<title>\xff</title>")
    assert only(body).title == "Réfugiés : «déjà vu»"


_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    "doctype",
    [
        f'<!DOCTYPE rss [<!ENTITY l0 "ha">{_LAUGHS}]>',
        f'<!DOCTYPE rss [\n<!ENTITY l0 "{"ha" * 100_000}">\n]>',
        '<!DOCTYPE rss [<!ENTITY l0 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE rss [<!ELEMENT a ANY><!-- <b --><!ENTITY l0 "ha">]>',
        '<!-- \n<!ENTITY l0 "ha">\n--><!DOCTYPE rss>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.unmeasured
def test_entities_are_refused_and_never_expand(doctype: str, encoding: str) -> None:
    started = time.process_time()
    found, note = read(rss("<title>&l0;</title>").replace("<rss", f"{doctype}<rss", 1).encode(encoding))
    assert (found, note) == ([], "refused: it declares XML entities")
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "body",
    [
        b" " * 2**20,
        b"<" * 2**20,
        b"<rss>" + b"<a>" * 2**14 + b"</rss>",
        b"<rss>" + b"<item>" * 2**12 + b"</rss>",
        b"<rss><channel><item><title>" + b"<script <!-- " * 2**16 + b"</title></item></channel></rss>",
        b"<!DOCTYPE " + b"[]" * 2**19,
        b"<rss><channel>" + b"<!-- " * 2**18 + b"</channel></rss>",
        b"<rss><channel><item><title>" + b"&" * 2**17 + b"</title></item></channel></rss>",
        b'{"version": "https://jsonfeed.org/version/1", "items": [' + b"{" * 2**20,
    ],
    ids=range(9),
)
@pytest.mark.unmeasured
def test_hostile_markup_takes_no_longer_than_its_length_deserves(body: bytes) -> None:
    started = time.process_time()
    read(body)
    assert time.process_time() - started < 5


# --- older pages -----------------------------------------------------------------------------------------------------


def followed(
    body: str, *, history: int = 3, before: tuple[str, ...] = (), state: SourceState = STATE, url: str = URL
) -> list[Follow]:
    """Returns the further answers that a feed's answer asks for."""
    spider = FeedSpider(errands=(), keep=_unused, clock=lambda: NOW)
    source = replace(SOURCE, options=FeedOptions(history=history))
    response = Response(url, body=body.encode(), request=Request(url, meta={"about": before} if before else {}))
    return [one for one in spider.find(response, source, state) if isinstance(one, Follow)]


ENTRY = "<id>https://www.site.test/1</id><title>One</title><link href='https://www.site.test/1'/>"
OLDER = {
    "a paged Atom feed": atom(ENTRY, head="<link rel='next' href='https://api.site.test/feeds/news.xml?page=2'/>"),
    "an archived one": atom(
        ENTRY,
        head="<link rel='next' href='/other'/><link rel='PREV-archive' href='/feeds/news.xml?page=2'/>",
    ),
    "an archive of one": atom(
        ENTRY,
        head="<fh:archive xmlns:fh='http://purl.org/syndication/history/1.0'/>"
        "<link rel='prev-archive' href='https://api.site.test/feeds/news.xml?page=2'/>",
    ),
    "a paged RSS feed": rss(
        "<link>https://www.site.test/1</link>",
        head="<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='next' "
        "href='https://api.site.test/feeds/news.xml?page=2'/>",
    ),
    "a JSON feed": json.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "next_url": "?page=2",
            "items": [{"id": "1", "url": "https://www.site.test/1"}],
        }
    ),
}
SECOND = f"{URL}?page=2"


@pytest.mark.parametrize("body", OLDER.values(), ids=OLDER)
def test_older_pages_are_read_at_the_first_visit_where_the_operator_asks_for_them(body: str) -> None:
    assert followed(body) == [Follow(SECOND, (URL,))]
    assert followed(body, history=0) == []
    assert followed(body, state=SourceState(source_id="s", last_good_at=NOW)) == []
    assert len(items(body)) == 1


@pytest.mark.parametrize("body", OLDER.values(), ids=OLDER)
def test_no_more_older_pages_are_read_than_asked_for_and_none_twice(body: str) -> None:
    third = f"{URL}?page=3"
    assert followed(body, history=1, before=(URL,), url=third) == []
    assert followed(body, history=2, before=(URL,), url=third) == [Follow(SECOND, (URL, third))]
    assert followed(body, history=9, before=(URL, SECOND), url=third) == []
    assert followed(body, history=9, before=(URL,), url=SECOND) == []


def test_a_feed_that_says_it_is_complete_has_no_older_pages() -> None:
    complete = "<h:complete xmlns:h='http://purl.org/syndication/history/1.0'/>"
    assert followed(atom(ENTRY, head=f"{complete}<link rel='next' href='/2'/>")) == []


async def test_the_history_of_a_feed_is_part_of_its_first_visit_only() -> None:
    with Site() as site:
        for number in (1, 2, 3):
            link = f"<link rel='next' href='/feed/{number + 1 if number < 3 else 1}'/>"
            row = f"<id>{number}</id><title>Story {number}</title><link href='https://www.site.test/{number}'/>"
            site.put(f"/feed/{number}", atom(row, head=link), type="application/atom+xml")
        plain, state = errand(site.url("/feed/1"))
        source = replace(plain, options=FeedOptions(history=9))
        visit = (await visits(crawl(), (source, state)))["news"]
        assert [item.title for item in visit.found] == ["Story 1", "Story 2", "Story 3"]
        assert (visit.outcome, visit.error, len(site.asked("/feed/1"))) == (VisitOutcome.CHANGED, None, 1)
        later = (await visits(crawl(), (source, replace(state, last_good_at=NOW))))["news"]
        assert [item.title for item in later.found] == ["Story 1"]


# --- options and wishes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        rss("<title>A</title><link>1.html</link>"),
        atom("<title>A</title><id>u</id><link href='1.html'/>"),
        '{"version": "https://jsonfeed.org/version/1", "home_page_url": "/", "items": [{"url": "1.html"}]}',
    ],
    ids=["RSS", "Atom", "JSON"],
)
def test_relative_links_are_relative_to_the_base_that_the_operator_gives(body: str) -> None:
    spider = FeedSpider(errands=(), keep=_unused, clock=lambda: NOW)
    source = replace(SOURCE, options=FeedOptions(base="https://given.test/news/"))
    found = [one for one in spider.find(Response(URL, body=body.encode()), source, STATE) if isinstance(one, Found)]
    assert [item.url for item in found] == ["https://given.test/news/1.html"]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("<ttl>90</ttl>", Wishes(ttl=timedelta(minutes=90))),
        (
            "<ttl> 5 </ttl><skipHours><hour>0</hour><hour>24</hour><hour> 7 </hour></skipHours>",
            Wishes(ttl=timedelta(minutes=5), skip_hours=frozenset({0, 7})),
        ),
        ("<skipDays><day>Saturday</day><day>sunday</day></skipDays>", Wishes(skip_days=frozenset({5, 6}))),
        ("<skipHours>" + "".join(f"<hour>{hour}</hour>" for hour in range(24)) + "</skipHours>", Wishes()),
        ("<skipHours><hour>99</hour><hour>-1</hour><hour>noon</hour></skipHours>", Wishes()),
        (
            "<skipDays><day>Monday</day><day>Tuesday</day><day>Wednesday</day><day>Thursday</day><day>Friday</day>"
            "<day>Saturday</day><day>Sunday</day></skipDays>",
            Wishes(),
        ),
        ("<skipDays><day>samedi</day></skipDays>", Wishes()),
        ("<ttl>0</ttl>", Wishes()),
        ("<ttl>-5</ttl>", Wishes()),
        ("<ttl>525600</ttl>", Wishes()),
        ("<ttl>99999999999999999999</ttl>", Wishes()),
        ("", Wishes()),
    ],
)
def test_a_feed_says_when_it_wants_to_be_left_alone(head: str, expected: Wishes) -> None:
    spider = FeedSpider(errands=(), keep=_unused, clock=lambda: NOW)
    item = "<title>A</title><description><![CDATA[<ttl>7</ttl>]]></description>"
    before, behind = rss(item, head=head), rss(item).replace("</channel>", f"{head}</channel>")
    for body in (before, behind):
        given = list(spider.find(Response(URL, body=body.encode()), SOURCE, STATE))
        assert [one for one in given if isinstance(one, Wishes)] == [expected]


# --- names of items --------------------------------------------------------------------------------------------------


def kept(*rows: str) -> dict[str, str | None]:
    """Returns key → title of what is remembered of an RSS answer."""
    return {item.key: item.found.title for item in listing.items(items(rss(*rows)), identity)}


def row(number: int, guid: str | None) -> str:
    written = f"<guid isPermaLink='false'>{guid}</guid>" if guid is not None else ""
    return f"<title>Story {number}</title><link>https://www.site.test/{number}</link>{written}"


def test_articles_without_guids_are_known_by_their_addresses() -> None:
    assert len(kept(row(1, None), row(2, None), row(1, None))) == 2


def test_articles_that_share_a_guid_are_not_lost() -> None:
    assert sorted(kept(row(1, "same"), row(2, "same")).values(), key=str) == ["Story 1", "Story 2"]


def test_a_guid_that_is_used_again_for_another_article_brings_that_article() -> None:
    first, later = kept(row(1, "latest")), kept(row(2, "latest"))
    assert not first.keys() & later.keys()


def test_guids_that_all_change_at_once_bring_nothing_new() -> None:
    rows = range(1, 20)
    before = kept(*(row(number, f"old-{number}") for number in rows))
    assert kept(*(row(number, f"new-{number}") for number in rows)).keys() == before.keys()
    assert kept(*(row(number, None) for number in rows)).keys() == before.keys()


# --- bombs ----------------------------------------------------------------------------------------------------------

_MANY = 100_000
BOMBS = {
    "deep": rss(ENTRY).replace("</channel>", "<a>" * _MANY + "</a>" * _MANY + "</channel>"),
    "deep in a title": rss("<title>" + "<b>" * _MANY + "x" + "</b>" * _MANY + "</title>"),
    "deep XHTML": atom("<content type='xhtml'>" + "<div>" * _MANY + "</div>" * _MANY + "</content>"),
    "attributes": rss("<a " + " ".join(f"a{number}='1'" for number in range(_MANY)) + "/>"),
    "attributes of the root": rss().replace("<rss", "<rss " + " ".join(f"a{number}='1'" for number in range(_MANY))),
    "namespaces": rss("<a " + " ".join(f"xmlns:a{number}='u'" for number in range(_MANY)) + "/>"),
    "odd items": rss(*["<title>A</title><odd/>"] * 50_000),
    "an endless author": rss("<author>" + "a" * 1_000_000 + "</author>"),
    "an endless address": rss("<author>" + "a@" * 200_000 + "</author>"),
    "many authors with endless names": rss(*["<odd/><author>" + "a" * 10_000 + "</author>"] * 200),
    "a million elements": rss("<description>" + "<a>" * 1_000_000 + "</description>"),
    "skipped hours": rss(head="<skipHours>" * 50_000),
}


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
@pytest.mark.unmeasured
def test_a_bomb_costs_little(body: str) -> None:
    def cost() -> float:
        before = time.process_time()
        read(body)
        return usual(time.process_time() - before)

    assert any(cost() < 3 for _ in range(3))  # a busy machine slows one run, not all of them
