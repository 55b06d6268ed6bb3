"""The invented newsroom: it serves what its files say, always the same, and the demo's configuration watches it."""

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import feedparser
import lxml.html
import pytest
import trafilatura
from ruamel.yaml import YAML

from monitor.demo import FILES, newsroom, write_config
from monitor.demo.outlets import FeedForm, Outlet, outlets
from monitor.demo.pages import replies
from monitor.errors import MonitorError

CARRIERS = (
    "/harrow-bay-courier/news/border-towns-letter.html",
    "/harrow-bay-courier/amp/news/border-towns-letter.html",
    "/prairie-lantern/national/2026/11/17/mayors-knock-two-in-the-morning/",
    "/coastline-now/story/48213",
)
SHORTENED = "/millstone-valley-record/wire/17-11-border-mayors.html"
UPDATED = "/tollgate-evening-star/canada/mayors-answered"
CORRECTED = "/quarry-hill-chronicle/news/border-mayors"
FRENCH_CARRIERS = ("/vigie-des-rapides/actualites/maires-frontiere.html", "/hirondelle-de-saint-aubry/article/9921")


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(url: str, method: str = "GET", **headers: str) -> Answer:
    """One request over a real connection; underscores in header names stand for hyphens."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, target, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
    finally:
        connection.close()


def text_of(answer: Answer) -> str:
    charset = answer.headers["content-type"].partition("charset=")[2]
    text = trafilatura.extract(answer.body.decode(charset), fast=True, include_comments=False)
    assert text
    return text


def listed(outlet: Outlet, url: str) -> list[tuple[str, str]]:
    """(address, title) of each item, as a reader of that kind of feed sees them."""
    body = ask(url).body
    if outlet.feed_form is FeedForm.JSON:
        return [(item["url"], item["title"]) for item in json.loads(body)["items"]]
    feed = feedparser.parse(body)
    assert not feed.bozo
    assert all(entry.get("published_parsed") or entry.get("updated_parsed") for entry in feed.entries)
    return [(entry.link, entry.title) for entry in feed.entries]


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with newsroom(port=0) as url:
        yield url


def test_every_address_answers_what_was_decided(site: str) -> None:
    table = replies(site)
    assert {reply.status for reply in table.values()} == {200, 404, 503}
    for path, reply in table.items():
        answer = ask(site + path)
        assert (answer.status, answer.headers["content-type"], answer.body) == (
            reply.status,
            reply.content_type,
            reply.body,
        )


@pytest.mark.parametrize("outlet", outlets(), ids=lambda outlet: outlet.id)
def test_a_feed_lists_every_story_and_its_links_lead_to_them(site: str, outlet: Outlet) -> None:
    items = listed(outlet, f"{site}/{outlet.id}/{outlet.feed_path}")
    wanted = [
        (f"{site}/{outlet.id}/{path}", story.title, story.answer)
        for story in outlet.stories
        for path in story.listed_as
    ]
    assert items == [(url, title) for url, title, _ in wanted]
    for url, title, kind in wanted:
        answer = ask(url)
        assert answer.status == (int(kind) if kind.isdigit() else 200)
        if kind in {"page", "video"}:
            assert lxml.html.fromstring(answer.body).xpath("string(//h1)") == title


def test_every_link_of_every_page_leads_to_an_address_of_the_newsroom(site: str) -> None:
    known = replies(site)
    for path, reply in known.items():
        if reply.status == 200 and reply.content_type.startswith("text/html"):
            links = lxml.html.fromstring(reply.body).xpath("//@href")
            assert links or path == "/"
            for link in links:
                assert link.startswith(site)
                assert urlsplit(urljoin(site + path, link)).path in known


def test_two_servers_on_one_port_answer_the_same_bytes() -> None:
    with newsroom(port=0) as url:
        port = urlsplit(url).port
        assert port
        paths = tuple(replies(url))
        first = [ask(url + path).body for path in paths]
    with newsroom(port) as again:
        assert again == url
        assert [ask(again + path).body for path in paths] == first


def test_a_visitor_who_has_the_newest_answer_gets_304(site: str) -> None:
    url = f"{site}/prairie-lantern/rss"
    etag = ask(url).headers["etag"]
    again = ask(url, If_None_Match=etag)
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
    assert ask(url, If_None_Match='"older"').status == 200


def test_head_answers_headers_only(site: str) -> None:
    answer = ask(f"{site}/prairie-lantern/rss", "HEAD")
    assert answer.status == 200
    assert int(answer.headers["content-length"]) > 0
    assert answer.body == b""


def test_an_unknown_address_is_not_found(site: str) -> None:
    assert ask(f"{site}/lakeshore-ledger/feed.xml").status == 404


def test_the_server_is_gone_when_its_context_ends() -> None:
    with newsroom(port=0) as url:
        assert ask(f"{url}/robots.txt").status == 200
    with pytest.raises(ConnectionRefusedError):
        ask(f"{url}/robots.txt")


def test_a_taken_port_names_the_option_that_helps() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(MonitorError, match=rf"port {port}.*--port"), newsroom(port):
            pass


def test_carriers_print_the_same_text_and_one_prints_less(site: str) -> None:
    texts = {text_of(ask(site + path)) for path in CARRIERS}
    assert len(texts) == 1
    (whole,) = texts
    assert whole.endswith("This report by The Canadian Press was first published Nov. 17, 2026.")
    short = text_of(ask(site + SHORTENED))
    assert whole.startswith(short)
    assert len(short) < len(whole) / 2


def test_one_carrier_prints_a_later_take_and_one_puts_a_figure_right(site: str) -> None:
    first, later, corrected = (text_of(ask(site + path)) for path in (CARRIERS[0], UPDATED, CORRECTED))
    body, _, credit = first.rpartition("\n")
    assert later.startswith(body)
    assert later.endswith(credit)
    assert len(later) > len(first) * 1.25
    *above, note, below = corrected.splitlines()
    assert (note.partition(":")[0], below) == ("Correction", credit)
    assert [*above, below] == later.replace("412 people", "421 people").splitlines()


def test_the_same_french_text_comes_in_two_charsets(site: str) -> None:
    answers = [ask(site + path) for path in FRENCH_CARRIERS]
    assert {answer.headers["content-type"] for answer in answers} == {
        "text/html; charset=utf-8",
        "text/html; charset=windows-1252",
    }
    (text,) = {text_of(answer) for answer in answers}
    assert "l’Entente sur les tiers pays sûrs" in text


def test_a_related_link_holds_the_keyword_and_the_story_does_not(site: str) -> None:
    answer = ask(f"{site}/prairie-lantern/city/2026/11/17/winter-bus-schedule/")
    assert "Roxham Road" in answer.body.decode()
    assert "Roxham" not in text_of(answer)


def test_the_ministry_feed_holds_the_whole_text(site: str) -> None:
    entry = feedparser.parse(ask(f"{site}/ministry-fr/nouvelles.atom").body).entries[0]
    paragraphs = [p.text_content() for p in lxml.html.fromstring(entry.content[0].value).iter("p")]
    assert len(paragraphs) == 4
    assert "l’Entente sur les tiers pays sûrs" in paragraphs[0]


def test_the_configuration_watches_every_outlet_and_one_that_closed(site: str, tmp_path: Path) -> None:
    port = urlsplit(site).port
    assert port
    write_config(tmp_path / "demo" / "config", port)
    sources = YAML(typ="safe").load(tmp_path / "demo" / "config" / "sources.yaml")["sources"]
    assert {source["id"] for source in sources} == {outlet.id for outlet in outlets()} | {"lakeshore-ledger"}
    by_id = {outlet.id: outlet for outlet in outlets()}
    for source in sources:
        answer = ask(source["url"])
        if source["id"] == "lakeshore-ledger":
            assert answer.status == 404
        else:
            outlet = by_id[source["id"]]
            assert answer.status == 200
            assert (source["name"], source["publisher"]) == (outlet.name, outlet.name)
            assert source["language"] == outlet.language
            assert source["read"] == ("feed" if outlet.feed_form is FeedForm.ATOM else "page")
            assert source.get("official", False) is (outlet.layout == "government")


def test_the_configuration_is_written_anew_each_time(tmp_path: Path) -> None:
    write_config(tmp_path, 9000)
    write_config(tmp_path, 9001)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(FILES)
    written = (tmp_path / "sources.yaml").read_text("utf-8")
    assert "127.0.0.1:9001/" in written
    assert "127.0.0.1:9000/" not in written
    assert "127.0.0.1:8409" not in written
