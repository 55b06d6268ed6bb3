"""The search page and its twins, over a real archive and real HTTP."""

import csv
import io
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import feedparser
import pytest
from lxml import html

from monitor.types import Role, VisitOutcome
from tests.builders import article, match, visit, words
from tests.site_here import EVERYBODY, Here, Reply, opened_site

HOSTILE = '<script>alert(1)</script> & "quotes" \u202e=cmd()'
SOURCES = """\
sources:
  - {id: desk, name: The Desk, publisher: Desk, kind: feed, url: http://desk.test/feed, language: en}
  - {id: pupitre, name: Le Pupitre, publisher: Pupitre, kind: feed, url: http://pupitre.test/feed, language: fr}
"""


def keep(
    here: Here, title: str, text: str = "", url: str | None = None, topics: tuple[str, ...] = (), **more: Any
) -> None:
    """An article of its own story, unless its text is another's."""
    here.desk.now += timedelta(minutes=1)
    number = here.desk.readings
    body = f"{text} {words(f'own{number}of')}"
    found = article(url or f"http://desk.test/{number}", title=title, text=body, body=body, **more)
    here.desk.keep(found, *(match(topic) for topic in topics))


def page(reply: Reply) -> html.HtmlElement:
    return html.fromstring(reply.text)


def headlines(reply: Reply) -> list[str]:
    return [each.text_content().strip() for each in page(reply).cssselect(".hit h3")]


def summary(reply: Reply) -> str:
    (found,) = page(reply).cssselect("#summary")
    return " ".join(found.text_content().split())


async def test_without_a_query_the_page_shows_the_newest_and_what_the_archive_holds(tmp_path: Path) -> None:
    async with opened_site(tmp_path, sources=SOURCES) as here:
        keep(here, "First snow")
        keep(here, "Second snow")
        for path in ("/", "/search"):
            reply = await here.get(path)
            assert reply.status == 200
            assert headlines(reply) == ["Second snow", "First snow"]
            assert summary(reply).startswith("2 articles in 2 stories. All that the archive holds, since")


async def test_an_empty_archive_says_so_without_a_fault(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        reply = await here.get("/search")
        assert (reply.status, headlines(reply), summary(reply)) == (200, [], "Nothing found.")
        assert (await here.get("/search.json")).json["counts"]["articles"] == 0
        feed = feedparser.parse((await here.get("/search.atom")).body)
        assert (feed.bozo, feed.entries) == (False, [])


async def test_what_was_found_is_marked_and_markup_from_outside_is_none(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        keep(
            here,
            HOSTILE,
            text="They met at Roxham Road <b>today</b>.",
            publisher="<i>Desk</i>",
            topics=("roxham-road",),
        )
        reply = await here.get("/search?q=%22roxham+road%22")
        assert "<mark>Roxham Road</mark> &lt;b&gt;today" in reply.text
        assert "<script>alert" not in reply.text
        assert "<i>Desk" not in reply.text
        assert "\x02" not in reply.text
        (hit,) = page(reply).cssselect(".hit")
        assert hit.cssselect("h3 a")[0].get("href").startswith("/stories/")
        assert hit.cssselect(".about a")[0].get("rel") == "noreferrer noopener"


async def test_an_address_that_is_no_page_is_no_link(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        keep(here, "Snow", url="javascript:alert(1)")
        reply = await here.get("/search?q=snow")
        assert headlines(reply) == ["Snow"]
        assert "javascript:" not in reply.text


async def test_facets_narrow_and_chips_take_off(tmp_path: Path) -> None:
    async with opened_site(tmp_path, sources=SOURCES) as here:
        keep(here, "Snow on the road", topics=("roxham-road",))
        keep(here, "Snow in town", publisher="Other")
        keep(here, "Neige", text="snow", language="fr")
        reply = await here.get("/search?q=snow")
        boxes = {box.get("value"): box for box in page(reply).cssselect("input[type=checkbox]")}
        assert {"en", "fr", "Desk", "Other", "roxham-road"} <= boxes.keys()
        assert "desk" not in boxes  # what all answers have is no choice
        assert boxes["fr"].get("form") == "search"
        label = page(reply).cssselect(f"label[for={boxes['fr'].get('id')}]")[0].text_content()
        assert label.split() == ["French", "1"]
        reply = await here.get("/search?q=snow&language=fr&publisher=Desk")
        assert headlines(reply) == ["Neige"]
        chips = {chip.get("value"): chip for chip in page(reply).cssselect("button.chip")}
        assert list(chips) == ["publisher=Desk", "language=fr"]
        off = await here.get("/search?q=snow&language=fr&publisher=Desk&less=language%3Dfr")
        assert (off.status, off.place) == (303, "/search?q=snow&publisher=Desk")
        assert headlines(await here.get(off.place)) == ["Neige", "Snow on the road"]


async def test_empty_fields_of_a_form_are_taken_out_of_the_address(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        reply = await here.get("/search?q=snow&since=&until=&sort=newest&fold=stories&by=seen&bucket=&lang=fr")
        assert (reply.status, reply.place) == (303, "/search?q=snow&lang=fr")
        assert (await here.get("/?q=")).place == "/search"


async def test_carriers_are_folded_under_their_story(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        text = words("shared", 120)
        for name in ("Desk", "Other", "Third"):
            here.desk.now += timedelta(minutes=1)
            copy = article(f"http://{name}.test/a", title="One story", text=text, body=text, publisher=name)
            here.desk.keep(copy)
        reply = await here.get("/search?q=shared5")
        (hit,) = page(reply).cssselect(".hit")
        assert "3 articles, carried by: Desk, Other, Third" in " ".join(hit.text_content().split())
        assert summary(reply) == "3 articles in 1 story."
        reply = await here.get("/search?q=shared5&fold=articles&sort=oldest")
        assert [a.get("href") for a in page(reply).cssselect(".hit h3 a")] == [f"/articles/{n}" for n in (1, 2, 3)]
        badges = [each.text_content() for each in page(reply).cssselect(".hit .badge")]
        assert badges == ["pickup", "pickup"]


async def test_pages_follow_each_other_and_lead_back(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        for number in range(5):
            keep(here, f"Snow {number}")
        reply = await here.get("/search?q=snow&limit=2")
        seen = headlines(reply)
        while following := page(reply).cssselect(".pager a[rel=next]"):
            keep(here, "Snow that came later")
            reply = await here.get(following[0].get("href"))
            seen += headlines(reply)
        assert seen == [f"Snow {number}" for number in (4, 3, 2, 1, 0)]
        (first,) = page(reply).cssselect(".pager a")
        assert first.get("href") == "/search?q=snow&limit=2"


async def test_a_cursor_of_no_page_leads_to_the_first(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        keep(here, "Snow")
        for cursor in ("nonsense", "0", "-1", str(2**63), "%00", "AAAA"):
            reply = await here.get(f"/search?after={cursor}")
            assert reply.status == 200
        reply = await here.get("/search?after=nonsense")
        assert headlines(reply) == ["Snow"]
        assert "here is the first" in reply.text
        assert (await here.get("/search.json?after=nonsense")).status == 400


async def test_a_query_that_cannot_be_read_is_pointed_at(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        keep(here, "Snow")
        reply = await here.get("/search?q=snow+AND+%22road")
        assert reply.status == 400
        (pointed,) = page(reply).cssselect("#heard pre")
        assert pointed.text_content() == 'snow AND "road\n         ^'
        assert "never closed" in unescape(reply.text)
        assert headlines(reply) == []
        reply = await here.get("/search.json?q=snow+AND+%22road")
        assert (reply.status, reply.json["start"]) == (400, 9)
        assert reply.json["problems"][0]["parameter"] == "q"


async def test_for_htmx_there_is_a_part_and_the_address_to_show(tmp_path: Path) -> None:
    htmx = {"HX-Request": "true"}
    async with opened_site(tmp_path) as here:
        keep(here, "Snow")
        reply = await here.get("/search?q=snow&since=&sort=newest", headers=htmx)
        assert (reply.status, reply.headers["HX-Push-Url"]) == (200, "/search?q=snow")
        assert "<html" not in reply.text
        ids = {each.get("id") for each in page(reply).iter() if each.get("id")}
        assert {"found", "summary", "heard", "narrow", "q"} <= ids
        reply = await here.get("/search?q=%22snow", headers=htmx)
        assert (reply.status, reply.headers["HX-Push-Url"], reply.headers["HX-Reswap"]) == (200, "false", "none")
        assert 'id="found"' not in reply.text  # what was found before stays
        assert "<pre>" in reply.text
        reply = await here.get("/search?q=snow", headers={**htmx, "HX-History-Restore-Request": "true"})
        assert "<html" in reply.text


async def test_wrong_values_are_named_and_the_others_used(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        keep(here, "Snow")
        reply = await here.get("/search?q=snow&since=yesterday&limit=0&relation=cousin&sort=best&unknown=1")
        assert (reply.status, headlines(reply)) == (200, ["Snow"])
        assert len(page(reply).cssselect("#heard p.warn")) == 4
        reply = await here.get("/search.csv?since=yesterday")
        assert (reply.status, reply.json["problems"][0]["parameter"]) == (400, "since")


async def test_small_operators_are_pointed_out(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        reply = await here.get("/search?q=snow+and+ice")
        assert "the operator is written AND" in reply.text


async def test_nothing_found_says_why_that_may_be(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        keep(here, "Snow")
        said = " ".join(
            page(await here.get("/search?q=snow&language=fr")).cssselect("#found")[0].text_content().split()
        )
        assert "without them there is 1 article" in said
        assert "erased after 90 days" in said
        assert 'href="/search?q=snow"' in (await here.get("/search?q=snow&language=fr")).text


async def test_what_was_withdrawn_is_marked_and_not_quoted(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        text = f"The mayor was arrested. {words('arrest', 120)}"
        here.desk.keep(article("http://desk.test/k", title="Mayor arrested", text=text, body=text), match())
        here.archive.db.conn.execute("UPDATE articles SET withdrawn = 1")
        here.archive.db.conn.commit()
        reply = await here.get("/search")
        assert [each.text_content() for each in page(reply).cssselect(".hit .badge.bad")] == ["withdrawn"]
        assert not page(reply).cssselect(".hit .snippet")
        assert (await here.get("/search.json")).json["stories"][0]["article"]["snippet"] is None
        (entry,) = feedparser.parse((await here.get("/search.atom")).body).entries
        assert (entry.title, entry.summary) == (
            "[withdrawn] Mayor arrested",
            "Withdrawn by its agency or publisher.",
        )


async def test_the_timeline_never_shows_a_false_zero(tmp_path: Path) -> None:
    async with opened_site(tmp_path, sources=SOURCES) as here:
        now = here.onlooker.clock()
        begun = now - timedelta(days=9)
        for days in (9, 8, 3, 2, 1, 0):  # not observed from the eighth day before to the third
            at = now - timedelta(days=days)
            for source in ("desk", "pupitre"):
                here.archive.keep_visit(visit(source, at=at, outcome=VisitOutcome.CHANGED), [])
        keep(here, "Snow")
        reply = await here.get("/search?q=snow")
        rows = {
            row.cssselect("th")[0].text_content(): [cell.text_content() for cell in row.cssselect("td")]
            for row in page(reply).cssselect(".timeline tbody tr")
        }
        assert len(rows) == 17
        told = list(rows.values())
        assert told[0] == ["–", "not yet added"]
        assert ["–", "gap: none"] in told
        assert told[-1][0] == "1"
        assert "0" not in {count for count, watch in told if watch.startswith(("gap", "not yet"))}
        fills = {rect.get("fill") for rect in page(reply).cssselect("svg.bars rect") if rect.get("fill")}
        assert fills == {"url(#gap)", "url(#before)"}
        document = (await here.get("/search.json?q=snow")).json["timeline"]
        assert {bar["watched"] for bar in document["bars"]} >= {"gap", "now"}
        visited = next(bar for bar in document["bars"] if bar["watched"] != "not yet added")
        assert visited["since"][:10] == begun.date().isoformat()
        (link,) = page(reply).cssselect("svg.bars a")
        assert link.get("tabindex") == "-1"  # by keyboard, the table leads there
        assert headlines(await here.get(link.get("href"))) == ["Snow"]
        (row,) = page(reply).cssselect(".timeline tbody a")
        assert row.get("href") == link.get("href")


async def test_bars_by_publication_lead_nowhere_as_filters_are_of_first_sightings(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        keep(here, "Snow", published_at=datetime(2026, 3, 1, 12, tzinfo=UTC))
        reply = await here.get("/search?q=snow&by=published")
        assert not page(reply).cssselect(".timeline a")
        assert "by when they were published, from 1 Mar 2026" in reply.text
        bars = (await here.get("/search.json?q=snow&by=published&bucket=month")).json["timeline"]["bars"]
        assert (bars[0]["since"], bars[0]["articles"]) == ("2026-03-01T00:00:00Z", 1)


async def test_the_json_twin_says_what_the_page_says(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        for number in range(3):
            keep(here, f"Snow {number}", topics=("roxham-road",))
        reply = await here.get("/search.json?q=snow&topic=roxham-road&limit=2")
        document = reply.json
        assert document["query"] == {
            "q": "snow",
            "read_as": '"snow"',
            "topic": ["roxham-road"],
            "since": None,
            "until": None,
            "sort": "newest",
            "fold": "stories",
        }
        assert [story["article"]["title"] for story in document["stories"]] == ["Snow 2", "Snow 1"]
        assert document["counts"]["articles"] == 3
        assert document["counts"]["facets"]["topic"] == [{"value": "roxham-road", "articles": 3}]
        assert document["next"].startswith("http://127.0.0.1:8400/search.json?q=snow&topic=roxham-road&limit=2&after=")
        assert reply.headers["Link"] == f'<{document["next"]}>; rel="next"'
        assert "text" not in document["stories"][0]["article"]
        document = (await here.get("/search.json?q=snow&fold=articles")).json
        assert [found["title"] for found in document["articles"]] == ["Snow 2", "Snow 1", "Snow 0"]
        assert document["next"] is None


async def test_the_csv_twin_is_harmless_in_a_spreadsheet(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        keep(here, '=HYPERLINK("http://evil.test")', text="snow")
        reply = await here.get("/search.csv?q=snow")
        assert reply.headers["Content-Type"].startswith("text/csv")
        (row,) = csv.DictReader(io.StringIO(reply.text, newline=""))
        assert row["title"] == '\'=HYPERLINK("http://evil.test")'
        assert "text" not in row


async def test_the_atom_twin_is_a_feed_whose_ids_stay(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        keep(here, HOSTILE, text="They met at Roxham Road.")
        reply = await here.get("/search.atom?q=roxham")
        assert reply.headers["Content-Type"] == "application/atom+xml"
        feed = feedparser.parse(reply.body)
        assert (feed.bozo, feed.version) == (False, "atom10")
        (entry,) = feed.entries
        assert entry.author == "Desk"
        assert "They met at Roxham Road." in entry.summary
        assert {link.rel for link in feed.feed.links} == {"self", "alternate"}
        keep(here, "Another at Roxham Road", text="Roxham")
        later = feedparser.parse((await here.get("/search.atom?q=roxham&limit=50")).body)
        assert later.feed.id == feed.feed.id
        assert later.entries[1].id == entry.id
        same = await here.get("/search.atom?q=roxham", headers={"If-None-Match": "W/" + reply.headers["ETag"]})
        assert same.status == 200  # something new answers
        tag = same.headers["ETag"]
        assert (await here.get("/search.atom?q=roxham", headers={"If-None-Match": tag})).status == 304


async def test_the_page_names_its_twins(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        reply = await here.get("/search?q=snow&language=fr")
        links = {each.get("type"): each.get("href") for each in page(reply).cssselect("link[rel=alternate]")}
        assert links == {
            "application/atom+xml": "/search.atom?q=snow&language=fr",
            "application/json": "/search.json?q=snow&language=fr",
            "text/csv": "/search.csv?q=snow&language=fr",
        }
        assert 'action="/export"' in reply.text


@pytest.mark.parametrize("who", [Role.READER, Role.RESEARCHER])
async def test_only_researchers_export_and_save(tmp_path: Path, who: Role) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        text = (await (await here.signed_in(who)).get("/search")).text
        assert ('action="/export"' in text) is ('action="/saved"' in text) is (who is Role.RESEARCHER)


async def test_a_visitor_of_a_public_site_searches_and_sees_excerpts(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY, public=True) as here:
        keep(here, "Snow", text="They met at Roxham Road.")
        reply = await here.get("/search?q=roxham")
        assert (reply.status, headlines(reply)) == (200, ["Snow"])
        assert "own0of59" not in reply.text
        for ending in ("json", "csv", "atom"):
            answer = await here.get(f"/search.{ending}?q=roxham")
            assert answer.status == 200
            assert "own0of59" not in answer.text


async def test_where_the_site_is_not_public_nobody_unknown_searches(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        assert (await here.get("/search")).status == 303
        assert (await here.get("/search.json")).status == 401


async def test_the_page_speaks_french(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        keep(here, "Neige", topics=("roxham-road",))
        reply = await here.get("/search?q=neige", headers={"Accept-Language": "fr-CA"})
        assert page(reply).get("lang") == "fr"
        assert summary(reply) == "1 article dans 1 nouvelle."
        assert "Chemin Roxham" in reply.text


ODD = [
    "q=%00",
    "q=%ff%fe",
    "q=" + "x" * 5_001,
    "q=" + "%22" + "s" * 4_998 + "%22",
    "q=" + "+OR+".join(["snow"] * 500) + "&topic=a&topic=b&language=fr",
    "q=snow&" + "&".join(f"topic={n}" for n in range(400)),
    "q=snow&publisher=" + "p" * 300,
    "since=9999-12-31&until=0001-01-01",
    "since=" + "9" * 50 + "d",
    "limit=9223372036854775808&after=-1",
    "source=%F0%9F%98%80&agency='%22<>",
    "less=&less=x&less=topic=&less==",
    "less=relation%3Dcousin",
    "by=published&bucket=day",
    "since=1900-01-01&until=2200-01-01&bucket=day",
    "lang=xx",
    "lang=fr&lang=en",
    "q[]=1&=&&&",
]


async def test_whatever_is_asked_is_no_fault_and_no_large_page(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        keep(here, "Snow", topics=("roxham-road",))
        for query in ODD:
            for path in ("/search", "/search.json", "/search.csv", "/search.atom"):
                reply = await here.get(f"{path}?{query}")
                assert reply.status in (200, 303, 400, 414), (path, query[:80], reply.text[:500])
                assert len(reply.body) < (60_000 if path == "/search" else 1_000_000), (path, query[:80])
        for method in ("POST", "PUT", "DELETE"):
            assert (await here.ask(method, "/search")).status in (403, 405)
        reply = await here.ask("HEAD", "/search")
        assert (reply.status, reply.body) == (200, b"")


async def test_a_page_of_many_answers_and_values_stays_small(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        for number in range(60):
            publisher = f"The {number}th Morning Chronicle of Somewhere"
            keep(here, f"Snow of the {number}th day " + "and more " * 8, text="snow " * 30, publisher=publisher)
        reply = await here.get("/search?q=snow&since=60d")
        assert len(headlines(reply)) == 20
        assert len(reply.body) < 60_000


async def test_headings_stand_in_order_and_fields_have_labels(tmp_path: Path) -> None:
    async with opened_site(tmp_path, sources=SOURCES) as here:
        keep(here, "Snow", topics=("roxham-road",))
        keep(here, "Snow", language="fr")
        tree = page(await here.get("/search?q=snow&language=fr&language=en"))
        levels = [int(each.tag[1]) for each in tree.cssselect("h1, h2, h3, h4")]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        labelled = {each.get("for") for each in tree.cssselect("label")}
        fields = tree.cssselect("main input:not([type=hidden]), main select")
        assert {each.get("id") for each in fields} <= labelled
        ids = [each.get("id") for each in tree.iter() if each.get("id")]
        assert len(ids) == len(set(ids))
        assert not [each for each in tree.iter() if each.get("style")]


async def test_who_types_is_told_that_a_search_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened_site(tmp_path) as here:
        monkeypatch.setattr("monitor.app.onlooker._PATIENCE", 0.0)
        assert (await here.get("/search?q=snow")).status == 503
        assert (await here.get("/search.json?q=snow")).status == 503
        reply = await here.get("/search?q=snow", headers={"HX-Request": "true"})
        assert (reply.status, reply.headers["HX-Push-Url"], reply.headers["HX-Reswap"]) == (200, "false", "none")
        assert "try again in a while" in summary(reply)


async def test_figures_of_a_part_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened_site(tmp_path) as here:
        for _ in range(60):
            keep(here, "Snow")
        monkeypatch.setattr("monitor.archive.finding.COUNTING", -1.0)
        reply = await here.get("/search?q=%3DSnow&limit=1")
        assert "The figures are of the newest articles only" in reply.text
        assert "Only the newest articles are counted" in reply.text
        assert (await here.get("/search.json?q=%3DSnow&limit=1")).json["counts"]["whole"] is False


@pytest.mark.parametrize(
    ("query", "leads_to"),
    [("zzzq", "/missed"), ("https://desk.test/x?a=1&b", "/missed?url=https%3A%2F%2Fdesk.test%2Fx%3Fa%3D1%26b")],
)
async def test_where_nothing_is_found_what_was_missed_can_be_said(tmp_path: Path, query: str, leads_to: str) -> None:
    async with opened_site(tmp_path, users=EVERYBODY, public=True) as here:
        reader = await here.signed_in(Role.READER)
        found = page(await reader.get("/search", params={"q": query}))
        assert [each.get("href") for each in found.cssselect("#found .panel a, #heard .panel a")] == [leads_to]
        assert [each.get("href") for each in found.cssselect("footer a")] == ["/missed"]
        assert not page(await here.get("/search", params={"q": query})).cssselect("footer a, .panel a")
