"""Plain feeds are read the short way, and what comes out is exactly what feedparser makes of them."""

from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spiders import plainfeed
from tests.test_feed_spider import ENTRY, atom, read, rss

_TEXTS = st.sampled_from(
    [
        "",
        " ",
        "Border reopens",
        "Caf\u00e9 \u2019",
        "a < b & c",
        "<b>bold</b> text",
        "AT&amp;T",
        "&lt;p&gt;",
        "x\x85y",
        "\x91q\x92",
        "Caf\u00c3\u00a9",
        "&eacute;",
        "&nope;",
        "</x>",
        "<nope>x</nope>",
        "  two\n lines ",
        "\u00a0nbsp\u00a0",
    ]
)
_NAMES = st.sampled_from(["Ann Author", "", " Zo\u00eb \n", "a@b.test", "Ann (a@b.test)"])
_LINKS = st.sampled_from(
    ["https://www.site.test/1", "https://www.site.test/?a=1&b=2", "https://www.site.test/caf\u00e9"]
)
_ODD_LINKS = st.sampled_from(
    ["https://x.test/?a&copy;=1", "/relative", "", "urn:x", "http:///x", "https://[::1", "ftp://x.test/"]
)
_DATES = st.sampled_from(["Sat, 21 Nov 2026 13:05:00 EST", "2026-11-21T08:00:00-05:00", "soon", ""])


def _name(part: str) -> str:
    """Returns what an element is called: most feeds say things once."""
    return part.split(">")[0].split()[0]


def _element(name: str, values: st.SearchStrategy[str], attributes: str = "") -> st.SearchStrategy[str]:
    plain = values.map(lambda text: f"<{name}{attributes}>{escape(text)}</{name}>")
    section = values.map(lambda text: f"<{name}{attributes}><![CDATA[{text}]]></{name}>")
    return plain | section


def _rss(odd: bool) -> st.SearchStrategy[str]:
    links = _LINKS | _ODD_LINKS if odd else _LINKS
    names = _NAMES if odd else _NAMES.filter(lambda name: "@" not in name)
    parts = [
        _element("title", _TEXTS),
        _element("link", links),
        _element("guid", links),
        _element("guid", links | _TEXTS, " isPermaLink='false'"),
        _element("description", _TEXTS),
        _element("content:encoded", _TEXTS),
        _element("author", names),
        _element("dc:creator", names),
        _element("pubDate", _DATES),
        _element("dc:date", _DATES),
        _element("category", _TEXTS),
        _element("source", _TEXTS, " url='https://wire.test/'"),
        st.just("<enclosure url='https://x.test/a.mp3' type='audio/mpeg' length='1'/>"),
    ]
    if odd:
        parts += [
            st.just(f"<{part}>") for part in ("odd/", "title type='html'>x</title", "dc:language>fr</dc:language")
        ]
    items = st.lists(st.one_of(parts), max_size=9, unique_by=None if odd else _name)
    channel = st.one_of(
        _element("link", links),
        _element("language", st.sampled_from(["fr-CA", "en"])),
        _element("title", _TEXTS),
        st.just("<image><url>https://x.test/i.png</url><title>i</title><link>https://image.test/</link></image>"),
        st.just("<a:link xmlns:a='http://www.w3.org/2005/Atom' rel='self' href='https://x.test/feed'/>"),
    )
    return st.tuples(st.lists(channel, max_size=4, unique_by=None if odd else _name), st.lists(items, max_size=4)).map(
        lambda feed: (
            f"{_HEAD}{''.join(feed[0])}{''.join(f'<item>{chr(10).join(item)}</item>' for item in feed[1])}"
            "</channel></rss>"
        )
    )


def _atom(odd: bool) -> st.SearchStrategy[str]:
    links = _LINKS | _ODD_LINKS if odd else _LINKS
    attributes = ["", "rel='alternate'", "rel='Self'", "rel='related' type='text/plain'", "type='text/x'"]
    parts = [
        _element("title", _TEXTS),
        _element("title", _TEXTS, " type='html'"),
        _element("id", links),
        _element("summary", _TEXTS),
        _element("summary", _TEXTS, " type='html'"),
        _element("content", _TEXTS),
        _element("content", _TEXTS, " type='HTML'"),
        _element("published", _DATES),
        _element("updated", _DATES),
        _NAMES.map(lambda name: f"<author><name>{escape(name)}</name><email>a@b.test</email></author>"),
        st.tuples(links, st.sampled_from(attributes)).map(lambda link: f"<link href='{escape(link[0])}' {link[1]}/>"),
        st.just("<category term='x'/>"),
    ]
    if odd:
        parts += [st.just("<title xml:lang='fr'>Titre</title>"), st.just("<content type='text/markdown'>x</content>")]
    entries = st.lists(st.one_of(parts), max_size=9, unique_by=None if odd else _name)
    head = st.one_of(
        _element("id", links), _element("title", _TEXTS), links.map(lambda link: f"<link href='{escape(link)}'/>")
    )
    about = ["", "xml:lang='fr_CA'", "xml:lang=''"] + (["xml:base='https://b.test/'"] if odd else [])
    return st.tuples(
        st.sampled_from(about),
        st.lists(head, max_size=3, unique_by=None if odd else _name),
        st.lists(entries, max_size=4),
    ).map(
        lambda feed: (
            f"<feed xmlns='http://www.w3.org/2005/Atom' {feed[0]}>{''.join(feed[1])}"
            f"{''.join(f'<entry>{chr(10).join(entry)}</entry>' for entry in feed[2])}</feed>"
        )
    )


_HEAD = (
    "<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/' "
    "xmlns:dc='http://purl.org/dc/elements/1.1/'><channel>"
)
_FEEDS = st.one_of(_rss(odd=False), _atom(odd=False), _rss(odd=True), _atom(odd=True))


@settings(max_examples=500, deadline=None)
@given(_FEEDS)
def test_what_is_read_the_short_way_is_what_feedparser_reads(body: str) -> None:
    short = plainfeed.parsed(body)
    if short is not None:
        with pytest.MonkeyPatch.context() as patch:
            there = read(body)
            patch.setattr(plainfeed, "parsed", lambda text: None)
            assert there == read(body)


@pytest.mark.parametrize(
    "body",
    [
        rss(
            "<title>A</title><link>https://www.site.test/1</link><guid>1</guid><description>x</description>"
            "<content:encoded>y</content:encoded><dc:creator>Ann</dc:creator><pubDate>x</pubDate><category>c</category>"
        ),
        atom(ENTRY + "<author><name>Ann</name></author><updated>x</updated><content type='html'>x</content>"),
    ],
    ids=["RSS", "Atom"],
)
def test_plain_feeds_are_read_the_short_way(body: str) -> None:
    assert plainfeed.parsed(body) is not None
