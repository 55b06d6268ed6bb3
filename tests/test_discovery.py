"""What of a site can be watched: `roxham sources add` over a real site, and the decisions behind it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import discovery
from monitor.app import configuration, kinds
from monitor.types import Found
from tests.installation import Installation, feed, source
from tests.site import Site

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HEAD = """<!doctype html><html lang="fr-CA"><head><title>Actualités | Le Fil</title>{}</head><body>{}</body></html>"""


def link(href: str, kind: str = "application/rss+xml", title: str = "") -> str:
    return f'<link rel="alternate" type="{kind}" href="{href}" title="{title}">'


def sitemap(*urls: str) -> str:
    news = "http://www.google.com/schemas/sitemap-news/0.9"
    entries = "".join(
        f"<url><loc>{url}</loc><n:news><n:publication><n:name>Fil</n:name><n:language>fr</n:language></n:publication>"
        f"<n:publication_date>2026-11-21</n:publication_date><n:title>T</n:title></n:news></url>"
        for url in urls
    )
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="{news}">{entries}</urlset>'


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        site.put("/fil.xml", feed((site.url("/a.html"), "A", "Of a."), (site.url("/b.html"), "B", "Of b.")))
        yield site


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "here")


def found(here: Installation, *args: str, code: int = 0) -> dict[str, Any]:
    document: dict[str, Any] = here.document("sources", "add", *args, code=code)
    return document


# --- the command -----------------------------------------------------------------------------------------------------


def test_a_feeds_own_address_is_proposed_with_the_name_of_its_site(here: Installation, site: Site) -> None:
    site.put("/", HEAD.format('<meta property="og:site_name" content="Le Fil de Harrow">', ""))
    said = found(here, site.url("/fil.xml"))
    assert said["entry"] == {
        "id": "127-0-0-1-fr",
        "name": "Le Fil de Harrow",
        "kind": "feed",
        "url": site.url("/fil.xml"),
        "language": "fr",
        "every": "10m to 1h",
        "read": "page",
    }
    assert (said["offers"][0]["items"], said["offers"][0]["newest"], said["written"]) == (
        2,
        "2026-11-21T10:00:00Z",
        False,
    )
    assert len(site.asked("/fil.xml")) == 1


def test_a_page_names_its_feeds_and_the_best_is_proposed(here: Installation, site: Site) -> None:
    old = feed((site.url("/a.html"), "A", "Of a.")).replace("21 Nov 2026", "21 Nov 2020")
    site.put("/old.xml", old)
    site.put("/comments.xml", feed((site.url("/c.html"), "C", "Of c.")))
    site.put(
        "/news/",
        HEAD.format(
            link("/old.xml", title="Archives")
            + link("/comments.xml", title="Comments")
            + link("../fil.xml", "application/rss+xml; charset=utf-8", "Le Fil : politique")
            + link("/gone.xml")
            + link("/wp-json/", "application/json")
            + link("/oembed", "application/json+oembed"),
            "",
        ),
    )
    said = found(here, site.url("/news/"))
    assert (said["entry"]["name"], said["entry"]["publisher"]) == ("Le Fil : politique", "Le Fil")
    assert [offer["url"] for offer in said["offers"]] == [
        site.url("/fil.xml"), site.url("/old.xml"), site.url("/comments.xml"),
    ]  # fmt: skip
    assert [(one["url"], one["error"]) for one in said["tried"]] == [(site.url("/gone.xml"), "HTTP 404 Not Found")]
    assert site.asked("/wp-json/") == site.asked("/feed/") == []


def test_a_feed_that_is_only_linked_is_found(here: Installation, site: Site) -> None:
    site.put("/rss-feed.xml", feed((site.url("/a.html"), "A", "Of a.")))
    links = "".join(f'<a href="{href}">x</a>' for href in ("mailto:desk@x.test", "/about", "/rss-feed.xml#top"))
    site.put("/", HEAD.format("", links))
    assert found(here, site.url("/"))["entry"]["url"] == site.url("/rss-feed.xml")


def test_a_news_sitemap_that_robots_txt_names_is_found(here: Installation, site: Site) -> None:
    site.put("/", HEAD.format("", "<p>Nothing here.</p>"))
    robots = f"User-agent: *\nAllow: /\nSitemap: {site.url('/all.xml')}\nsitemap: {site.url('/news-map.xml')}\n"
    site.put("/robots.txt", robots, type="text/plain")
    site.put("/news-map.xml", sitemap(site.url("/a.html"), site.url("/b.html")), type="application/xml")
    entry = found(here, site.url("/"))["entry"]
    assert (entry["kind"], entry["url"], entry["read"]) == ("sitemap", site.url("/news-map.xml"), "page")
    assert site.asked("/all.xml") == []


def test_the_usual_places_are_tried_one_by_one_until_one_is_good(here: Installation, site: Site) -> None:
    site.put("/", HEAD.format("", "<p>Nothing here.</p>"))
    site.put("/rss", feed((site.url("/a.html"), "A", "Of a.")))
    assert found(here, site.url("/"))["entry"]["url"] == site.url("/rss")
    assert [len(site.asked(path)) for path in ("/feed/", "/rss", "/rss.xml", "/atom.xml")] == [1, 1, 0, 0]


def test_a_page_without_a_feed_is_proposed_as_a_list_of_its_headlines(here: Installation, site: Site) -> None:
    news = "".join(f'<div class="teaser"><a href="/{n}.html">The ferry is late again {n}</a></div>' for n in range(8))
    site.put("/", HEAD.format("", f'<nav class="menu"><a href="/about">About</a></nav>{news}'))
    said = found(here, site.url("/"))
    assert (said["entry"]["kind"], said["entry"]["options"], said["offers"]) == ("listing", {"item": "div.teaser"}, [])
    done = here.roxham("sources", "add", site.url("/"), "--write")
    assert "No feed and no news sitemap were found" in done.stdout
    assert configuration(here.config).sources[0].kind == "listing"


def test_nothing_to_watch_is_said_with_exit_code_1(here: Installation, site: Site) -> None:
    site.put("/", HEAD.format("", "<p>Nothing here.</p>"))
    assert found(here, site.url("/"), code=1)["entry"] is None
    done = here.roxham("sources", "add", site.url("/"), "--write")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing to watch was found: no feed, no news sitemap, no list of headlines" in done.stderr
    assert "nothing to watch was found: HTTP 404 Not Found" in here.roxham("sources", "add", site.url("/x")).stderr


def test_what_is_printed_can_be_pasted(here: Installation, site: Site) -> None:
    site.put("/", HEAD.format(link("/fil.xml") + link("/two.xml"), ""))
    site.put("/two.xml", feed((site.url("/c.html"), "C", "Of c.")))
    done = here.roxham("sources", "add", site.url("/"), "--id", "fil-fr")
    assert done.returncode == 0
    assert "# also: " + site.url("/two.xml") in done.stdout
    here.write("sources", "sources:\n" + done.stdout)
    assert [(one.id, one.name) for one in configuration(here.config).sources] == [("fil-fr", "Le Fil")]


def test_it_is_written_when_that_is_said_and_an_address_is_never_there_twice(here: Installation, site: Site) -> None:
    here.write("sources", "sources: []  # soon\n")
    assert here.roxham("sources", "add", site.url("/fil.xml"), "--write").returncode == 0
    assert (here.config / "sources.yaml").read_text().startswith("sources:  # soon\n\n  - id: '127-0-0-1'")
    assert here.roxham("collect").returncode == 0
    done = here.roxham("sources", "add", site.url("/fil.xml"), "--write")
    assert (done.returncode, done.stderr) == (2, "this address is configured already: source '127-0-0-1'\n")
    site.put("/", HEAD.format(link("/fil.xml"), ""))
    said = found(here, site.url("/"), "--write")
    assert (said["entry"], said["configured"], said["written"]) == (None, ["127-0-0-1"], False)
    assert len(configuration(here.config).sources) == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--id", "desk"), "--id: there is a source 'desk' already"),
        (("--id", "two words"), '--id: "two words" is not an id'),
    ],
)
def test_an_id_that_cannot_be_is_refused_before_anything_is_asked(
    site: Site, tmp_path: Path, args: tuple[str, ...], said: str
) -> None:
    here = Installation(tmp_path / "here", [source("desk", site.url("/other.xml"))])
    done = here.roxham("sources", "add", site.url("/fil.xml"), *args)
    assert done.returncode == 2
    assert said in done.stderr
    assert site.requests == []


def test_an_address_inside_the_network_is_refused(here: Installation, site: Site) -> None:
    here.write("monitor", "contact: desk@example.test\n")
    done = here.roxham("sources", "add", site.url("/fil.xml"))
    assert done.returncode == 1
    assert site.requests == []


# --- the decisions ---------------------------------------------------------------------------------------------------


def at(hours: float, **more: Any) -> Found:
    return Found(url="https://a.example/", published_at=NOW - timedelta(hours=hours), **more)


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([], "30m to 3h"),
        ([at(1)], "30m to 3h"),
        ([at(n / 2) for n in range(20)], "10m to 1h"),
        ([at(n * 6) for n in range(20)], "30m to 3h"),
        ([at(n * 48) for n in range(20)], "1h to 6h"),
    ],
)
def test_the_interval_follows_the_pace(items: list[Found], expected: str) -> None:
    assert discovery.interval(discovery.gives(items)) == expected


def test_a_feed_with_whole_texts_is_told_from_one_with_teasers() -> None:
    whole = at(1, content=f"<p>{'word ' * 200}</p>", summary="A few words.")
    teaser = at(1, summary='<a class="x" href="y">' + "word " * 40 + "</a>", title="T")
    assert discovery.gives([whole, whole, teaser]).texts_are_full
    given_ = discovery.gives([whole, teaser, teaser])
    assert (given_.texts_are_full, given_.full, given_.titled, given_.summarised, given_.dated) == (False, 1, 2, 3, 3)
    assert not discovery.gives([]).texts_are_full


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/rss",
        "https://a.example/x.rss",
        "https://a.example/search/?f=rss&q=x",
        "https://a.example/feed/",
    ],
)
def test_links_that_look_like_feeds_are_candidates(url: str) -> None:
    on = discovery.on_page(
        HEAD.format("", f'<a href="{url}">x</a><a href="/feedback">x</a><a href="/press">x</a>'), url
    )
    assert [candidate.url for candidate in on.candidates] == [url]


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://a.example/feed.xml", "feed"),
        ("https://a.example/News-Sitemap.xml", "sitemap"),
        ("https://a.example/news.xml.gz", "sitemap"),
        ("https://a.example/search?q=sitemap", "feed"),
        ("https://api.io.canada.ca/io-server/gc/news/en/v2?dept=x", "gc_news"),
    ],
)
def test_an_address_is_tried_as_what_it_looks_like(url: str, kind: str) -> None:
    assert discovery.likely_kind(url) == kind
    assert kind in kinds()


def test_a_page_says_its_name_its_language_and_where_links_start() -> None:
    on = discovery.on_page(HEAD.format('<base href="/deep/">' + link("fil.xml"), ""), "https://a.example/x")
    assert (on.name, on.language, on.candidates[0].url) == ("Le Fil", "fr", "https://a.example/deep/fil.xml")


@given(st.text(max_size=300))
def test_no_page_breaks_it(text: str) -> None:
    for html in (text, HEAD.format(link(text), f'<a href="{text}">x</a>')):
        on = discovery.on_page(html, "https://a.example/")
        assert all(candidate.url.startswith(("http://", "https://")) for candidate in on.candidates)


def test_links_without_a_type_count_where_they_look_like_feeds() -> None:
    head = (
        '<link rel="alternate" href="/flux.xml"><link rel="alternate" hreflang="en" href="/en/feed/"><link href="/rss">'
    )
    on = discovery.on_page(HEAD.format(head, ""), "https://a.example/")
    assert [candidate.url for candidate in on.candidates] == ["https://a.example/flux.xml"]


@pytest.mark.parametrize(
    "href", ["https://u:p@a.example/rss", "/rss\x1b[31m/rss", "/two words/rss", "ftp://a.example/rss"]
)
def test_addresses_that_no_configuration_takes_are_no_candidates(href: str) -> None:
    assert discovery.on_page(HEAD.format(link(href), ""), "https://a.example/").candidates == ()


def test_a_flood_of_links_is_cut() -> None:
    links = "".join(f'<a href="/{n}/feed/">x</a>' for n in range(5000))
    assert len(discovery.on_page(HEAD.format("", links), "https://a.example/").candidates) == discovery.MOST_LINKED
