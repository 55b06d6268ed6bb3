"""Saved searches: kept for whoever saved them, followed as feeds, made topics of."""

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import feedparser
import pytest
from lxml import html

from monitor.query import check_form, parse
from monitor.types import Role
from monitor.web.asked import hear
from monitor.web.saved import MOST, form_of
from tests.builders import article, match, words
from tests.site_here import CONTACT, EVERYBODY, Caller, Here, Reply, opened_site, web

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def page(reply: Reply) -> html.HtmlElement:
    return html.fromstring(reply.text)


def feed_path(reply: Reply) -> str:
    """Where the feed is whose address the page shows."""
    (shown,) = page(reply).cssselect("#feed-address")
    return urlsplit(str(shown.text_content())).path


def names(reply: Reply) -> list[str]:
    return [each.text_content() for each in page(reply).cssselect(".saved h2")]


def number_of(reply: Reply) -> str:
    return str(page(reply).cssselect(".saved input[name=id]")[0].get("value"))


async def save(caller: Caller, name: str = "Border", params: str = "q=snow") -> Reply:
    return await caller.post("/saved", {"name": name, "params": params})


def keep(here: Here, title: str, text: str) -> None:
    body = f"{text} {words(f'own{here.desk.readings}of')}"
    here.desk.keep(article(f"http://desk.test/{here.desk.readings}", title=title, text=body, body=body), match())


async def test_a_search_is_saved_from_its_page_and_opens_again(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        found = page(await here.get("/search?q=snow&language=fr&since=7d&after=x&limit=3"))
        (form,) = found.cssselect("form[action='/saved']")
        params = form.cssselect("input[name=params]")[0].get("value")
        reply = await save(here, "Snow, <b>in French</b>", params)
        assert (reply.status, names(reply)) == (200, ["Snow, <b>in French</b>"])
        assert reply.headers["Cache-Control"] == "no-store"
        reply = await here.get("/saved")
        assert page(reply).cssselect(".saved h2 a")[0].get("href") == "/search?q=snow&language=fr&since=7d"
        assert page(reply).cssselect(".says")[0].text_content() == "snow · Language: French · seen from 7d"
        assert "feed-address" not in reply.text  # it was shown once


async def test_its_feed_is_open_to_whoever_has_the_address_and_never_holds_a_text(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        keep(here, "First", "The snow came over Roxham Road in the night.")
        path = feed_path(await save(await here.signed_in(Role.RESEARCHER)))
        key = path.removeprefix("/searches/").removesuffix(".atom")
        assert len(key) == 32
        (kept,) = here.archive.saved_searches()
        assert kept.feed_hash == hashlib.sha256(key.encode()).digest()
        reply = await here.get(path)
        feed = feedparser.parse(reply.body)
        assert (reply.status, feed.bozo, feed.feed.title) == (200, False, "Roxham: Border")
        (entry,) = feed.entries
        assert "The snow came over Roxham Road" in entry.summary
        assert "own0of59" not in reply.text
        keep(here, "Second", "More snow.")
        assert [e.title for e in feedparser.parse((await here.get(path)).body).entries] == ["Second", "First"]
        tag = (await here.get(path)).headers["ETag"]
        assert (await here.get(path, headers={"If-None-Match": tag})).status == 304


async def test_a_new_address_ends_the_former(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        reply = await save(here)
        former = feed_path(reply)
        reply = await here.post("/saved", {"wish": "feed", "id": number_of(reply)})
        newer = feed_path(reply)
        assert former != newer
        assert ((await here.get(former)).status, (await here.get(newer)).status) == (404, 200)
        assert names(reply) == ["Border"]


async def test_a_name_stands_for_one_search(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        former = feed_path(await save(here, "  Border "))
        reply = await save(here, "Border", "q=ice")
        assert names(reply) == ["Border"]
        assert page(reply).cssselect(".saved h2 a")[0].get("href") == "/search?q=ice"
        assert (await here.get(former)).status == 404


async def test_a_search_is_forgotten_with_its_feed_by_its_owner_only(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        ruth, olga = await here.signed_in(Role.RESEARCHER), await here.signed_in(Role.OPERATOR)
        reply = await save(ruth)
        path, number = feed_path(reply), number_of(reply)
        assert names(await olga.get("/saved")) == []
        for wish in ("forget", "feed"):
            assert (await olga.post("/saved", {"wish": wish, "id": number})).status == 404
        assert (await here.get(path)).status == 200
        reply = await ruth.post("/saved", {"wish": "forget", "id": number})
        assert (reply.status, reply.place) == (303, "/saved")
        assert names(await ruth.get("/saved")) == []
        assert (await here.get(path)).status == 404


async def test_a_feed_ends_with_the_role_of_its_owner(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        path = feed_path(await save(await here.signed_in(Role.RESEARCHER)))
        assert (await here.get(path)).status == 200
        await here.renew(monitor=CONTACT + web({**EVERYBODY, "ruth": Role.READER}))
        assert (await here.get(path)).status == 404


@pytest.mark.parametrize("who", [None, Role.READER])
async def test_only_researchers_save(tmp_path: Path, who: Role | None) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        caller = here if who is None else await here.signed_in(who)
        assert (await caller.get("/saved")).status in (303, 403)
        assert (await save(caller)).status in (303, 401, 403)
        assert here.archive.saved_searches() == []


async def test_a_topic_is_two_clicks_away_for_operators(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        olga, ruth = await here.signed_in(Role.OPERATOR), await here.signed_in(Role.RESEARCHER)
        reply = await save(olga, "Snow & ice", "q=snow+road&language=fr&since=7d")
        (link,) = page(reply).cssselect(".acts a")
        url = urlsplit(link.get("href"))
        assert url.path == "/topics/new"
        assert parse_qs(url.query) == {"any": ['("snow" AND "road") AND (lang:"fr")'], "title": ["Snow & ice"]}
        assert "not topics, times and relations" in reply.text
        assert not page(await save(ruth, "Snow", "q=snow")).cssselect(".acts a")
        assert not page(await save(olga, "Newest", "language=fr")).cssselect(".saved li:first-child .acts a")


@pytest.mark.parametrize(
    ("q", "more", "form", "whole"),
    [
        ("snow road", "", '"snow" AND "road"', True),
        ("snow OR ice", "source=ircc-en&source=b", '("snow" OR "ice") AND (source:"ircc-en" OR source:"b")', True),
        ("=STCA NEAR/5 #Roxham", "", '="STCA" NEAR/5 #roxham', True),
        ('"a b" -c', 'publisher=La "Presse"', '("a b" AND (NOT "c")) AND (publisher:"La  Presse ")', True),
        ("snow", "topic=stca", '"snow"', False),
        ("snow", "since=7d", '"snow"', False),
        ("snow", "relation=pickup", '"snow"', False),
    ],
)
def test_a_form_says_in_words_what_a_topic_can_hold(q: str, more: str, form: str, whole: bool) -> None:
    pairs = [("q", q), *((name, value) for name, value in (part.split("=") for part in more.split("&") if part))]
    heard = hear(pairs, zone="UTC", now=NOW)
    assert form_of(heard.asked) == (form, whole)
    assert check_form(form) is None
    if not more:
        assert parse(form) == heard.asked.query


def test_of_no_query_there_is_no_form() -> None:
    assert form_of(hear([("language", "fr")], zone="UTC", now=NOW).asked) == (None, False)


async def test_what_cannot_be_saved_is_refused_with_a_reason(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        for form in (
            {"name": "", "params": "q=snow"},
            {"name": "x" * 101, "params": "q=snow"},
            {"name": "\x00\x07", "params": "q=snow"},
            {"name": "Broken", "params": "q=%22snow"},
            {"params": "q=snow"},
        ):
            reply = await here.post("/saved", form)
            assert reply.status == 422
            assert "can be saved when" in reply.text
        assert here.archive.saved_searches() == []


async def test_nobody_saves_without_end(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        await save(here, "0")
        (first,) = here.archive.saved_searches()
        for number in range(1, MOST):
            here.archive.save_search(replace(first, id=None, name=str(number), feed_hash=None))
        assert (await save(here, "one more")).status == 422
        assert (await save(here, "0")).status == 200
        assert len(here.archive.saved_searches()) == MOST
        assert len((await here.get("/saved")).body) < 400_000


@pytest.mark.parametrize(
    "form",
    [
        {"wish": "forget", "id": "-1"},
        {"wish": "forget", "id": str(2**63)},
        {"wish": "forget", "id": "9" * 5000},
        {"wish": "forget", "id": "²"},
        {"wish": "feed", "id": "17"},
        {"wish": "feed"},
        {"wish": "sing", "id": "1"},
        {"wish": "forget", "id": "\x00"},
    ],
)
async def test_unknown_numbers_and_wishes_are_nothing(tmp_path: Path, form: dict[str, str]) -> None:
    async with opened_site(tmp_path) as here:
        assert (await here.post("/saved", form)).status == 404


async def test_odd_bodies_and_keys_are_no_fault(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        for body in (b"", b"\xff\xfe", b"&" * 5_000, b"name=a&params=" + b"topic=x%26" * 5_000, b"=&=&name=%00"):
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            assert (await here.post("/saved", body, headers=headers)).status in (200, 413, 422)
        for key in ("x", "%00", "%ff", "x" * 900, "..%2f..", "\N{SNOWMAN}"):
            assert (await here.get(f"/searches/{key}.atom")).status == 404
        assert (await here.ask("HEAD", feed_path(await save(here)))).status == 200
        assert (await here.ask("POST", feed_path(await save(here)))).status in (403, 405)


async def test_a_post_from_another_site_saves_nothing(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        foreign = {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"}
        assert (await here.post("/saved", {"name": "x", "params": "q=snow"}, headers=foreign)).status == 403
        assert here.archive.saved_searches() == []


async def test_the_page_speaks_french(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        await save(here)
        text = (await here.get("/saved", headers={"Accept-Language": "fr"})).text
        assert "Recherches enregistrées" in text
        assert re.search(r"Enregistrée\u00a0: <time", text)
