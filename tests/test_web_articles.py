"""Pages of articles: the text as kept, what changed, where it came from, how it is cited; and who sees what of it."""

import csv
import io
import itertools
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html

from monitor.citing import sha256
from monitor.match import Matcher
from monitor.types import Credit, Kill, Notice, Role
from monitor.web.diffing import Paragraph, What, compared
from tests.builders import article, words
from tests.site_here import EVERYBODY, Here, opened_site

URL = "https://desk.example/letter"
FIRST = (
    "OTTAWA — Nine mayors from towns near Roxham Road asked for a seat at the table on Tuesday.\n\n"
    "Their letter says 412 people came since spring, and that shelters in Harrow Bay are full.\n\n"
    "“We answer the knock at two in the morning,” said the mayor of Saint-Aubry, who signed first.\n\n"
    "The minister’s office said it had the letter and would answer before the end of the month."
)
SECOND = FIRST.replace("412", "421")
TOPICS = (
    "topics:\n  - {id: roxham-road, title: {en: Roxham Road, fr: Chemin Roxham}, any: {en: ['\"Roxham Road\"']}, "
    "except: ['\"Roxham Road Brewing\"']}\n"
    "  - {id: shelters, title: {en: Shelters, fr: Refuges}, any: {en: ['\"emergency shelter\"']}}\n"
)


def keep(here: Here, url: str, title: str, text: str | None, **changed: Any) -> None:
    """An article as it is read now, with what the topics of the installation find in it."""
    found = article(url, title=title, text=text, **changed)
    here.desk.keep(found, *Matcher(here.config.topics).match(found))
    here.desk.now += timedelta(minutes=5)


def page(text: str) -> html.HtmlElement:
    """A page that a screen reader can use: one h1, no heading skipped, every id once, every field with its label."""
    tree = html.document_fromstring(text)
    levels = [int(heading.tag[1]) for heading in tree.iter("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    labelled = set(tree.xpath("//label/@for"))
    for field in tree.xpath("//input[not(@type='hidden')] | //select | //textarea"):
        assert field.get("id") in labelled, html.tostring(field)
    assert not tree.xpath("//@style | //style | //script[not(@src)]")
    for link in tree.xpath("//a[starts-with(@href, 'http')]"):
        assert "noreferrer" in (link.get("rel") or ""), link.get("href")
    return tree


def said(tree: html.HtmlElement, path: str = "//main") -> str:
    """What stands there, on one line."""
    return " ".join(" ".join(found.text_content() for found in tree.xpath(path)).split())


async def test_a_page_shows_the_text_with_the_words_that_found_it(tmp_path: Path) -> None:
    async with opened_site(tmp_path, topics=TOPICS) as here:
        text = FIRST + "\n\nRoxham Road Brewing opens. Later on Roxham Road <script>alert(1)</script> it snowed."
        keep(here, URL, "Mayors write & wait <b>", text, authors=("Ada Lovell",), credit=Credit(agency="The Wire"))
        answer = await here.get("/articles/1")
        assert answer.status == 200
        tree = page(answer.text)
        assert said(tree, "//h1") == "Mayors write & wait <b>"
        assert tree.xpath("//div[@class='text']/@lang") == ["en"]
        assert [mark.text for mark in tree.xpath("//div[@class='text']//mark")] == ["Roxham Road", "Roxham Road"]
        assert "<script>alert" not in answer.text
        assert "By Ada Lovell" in said(tree)
        assert "credited to The Wire" in said(tree)
        assert "Roxham Road" in said(tree, "//section[h2[@id='why']]")
        french = page((await here.get("/articles/1?lang=fr")).text)
        assert "Pourquoi il a été trouvé" in said(french)
        assert "Chemin Roxham" in said(french)
        assert tree.xpath("//link[@type='application/atom+xml']/@href") == ["/articles/1.atom"]


async def test_visitors_read_an_excerpt_and_readers_the_text(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY, public=True, topics=TOPICS) as here:
        keep(here, URL, "Mayors write", FIRST)
        keep(here, URL, "Mayors write", SECOND)
        reader = await here.signed_in(Role.READER)
        full, excerpt = (await reader.get("/articles/1")).text, (await here.get("/articles/1")).text
        assert "421 people" in full
        assert "421 people" not in excerpt
        assert "asked for a seat" in said(page(excerpt), "//blockquote")
        for path in ("?from=1&to=2", "/versions/1", ".json", ".csv", ".atom", "/cite.json"):
            answer = await here.get(f"/articles/1{path}")
            assert answer.status == 200, path
            assert "421 people" not in answer.text, path
            assert "shelters in Harrow Bay" not in answer.text, path
        assert (await here.get("/articles/1.json")).json["text"] is None
        assert (await reader.get("/articles/1.json")).json["text"] == SECOND
        assert "421" in said(page((await reader.get("/articles/1?from=1&to=2")).text), "//div[@class='diff']")


async def test_without_a_public_archive_nobody_unknown_sees_an_article(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        keep(here, URL, "Mayors write", FIRST)
        for path in ("/articles/1", "/articles/1.json", "/articles/1/cite.ris", "/stories/1", "/missed"):
            answer = await here.get(path)
            assert answer.status in (303, 401, 403), path
            assert "Mayors" not in answer.text


async def test_two_versions_are_held_against_each_other(tmp_path: Path) -> None:
    async with opened_site(tmp_path, topics=TOPICS) as here:
        keep(here, URL, "Mayors write", FIRST)
        keep(here, URL, "Nine mayors write", SECOND)
        tree = page((await here.get("/articles/1?from=1&to=2")).text)
        assert [spoken(each) for each in tree.xpath("//div[@class='diff']//del")] == ["Mayors", "412"]
        assert [spoken(each) for each in tree.xpath("//div[@class='diff']//ins")] == ["Nine mayors", "421"]
        assert "deleted:" in said(tree, "//div[@class='diff']//del")
        assert "of substance" in said(tree)
        assert page((await here.get("/articles/1?from=2&to=1")).text).xpath("//del")
        assert "The two texts are the same." in said(page((await here.get("/articles/1?from=2&to=2")).text))
        assert said(page((await here.get("/articles/1?to=1")).text), "//div[@class='text']")
        old = page((await here.get("/articles/1/versions/1")).text)
        assert said(old, "//h1") == "Mayors write"
        assert "412 people" in said(old, "//div[@class='text']")
        assert "This is version 1 of 2." in said(old)
        assert "Compare version 1 with version 2" in said(old, "//table")


def spoken(element: html.HtmlElement) -> str:
    """The words of an insertion or a deletion, without those for screen readers."""
    return "".join(element.xpath("text()")).strip()


async def test_where_an_article_came_from_and_who_was_told(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY, topics=TOPICS) as here:
        keep(here, URL, "Mayors write", FIRST)
        await here.line.deliver.deliver(forced=True)
        operator, reader = await here.signed_in(Role.OPERATOR), await here.signed_in(Role.READER)
        tree = page((await operator.get("/articles/1")).text)
        assert URL in tree.xpath("//dl//a/@href")
        assert sha256(FIRST) in said(tree)
        assert "200" in said(tree, "//table")
        assert "reader@newsroom.test" in said(tree)
        others = said(page((await reader.get("/articles/1")).text))
        assert "reader@newsroom.test" not in others
        assert "1 reader was told of it in a digest." in others
        document = (await reader.get("/articles/1.json")).json
        assert document["told_count"] == 1
        assert "told" not in document
        assert document["provenance"]["addresses"][0]["url"] == URL
        assert [visit["status"] for visit in document["provenance"]["visits"]] == [200]
        assert (await operator.get("/articles/1.json")).json["told"][0]["to"] == "reader@newsroom.test"


async def test_what_is_left_of_a_text_is_said(tmp_path: Path) -> None:
    sources = "sources:\n  - {id: desk, kind: feed, url: 'https://desk.example/feed', keep: excerpt}\n"
    async with opened_site(tmp_path, topics=TOPICS, sources=sources) as here:
        keep(here, "https://desk.example/1", "Ferry dock closes", words("ferry"))
        keep(here, "https://desk.example/2", "Only the feed", "The feed said so.", partial=True)
        keep(here, "https://desk.example/3", "Nothing at all", None)
        assert "An excerpt:" in said(page((await here.get("/articles/1")).text))
        assert "The page could not be read." in said(page((await here.get("/articles/2")).text))
        assert "No text of it is kept." in said(page((await here.get("/articles/3")).text))
        assert here.archive.prune(here.desk.now + timedelta(days=1)) > 0
        assert "The text is erased" in said(page((await here.get("/articles/1")).text))


async def test_a_withdrawn_article_keeps_headline_and_times_only(tmp_path: Path) -> None:
    async with opened_site(tmp_path, topics=TOPICS) as here:
        keep(here, URL, "Minister to leave", FIRST, credit=Credit(agency="The Wire"))
        kill = Kill(headline="Minister to leave", slug="minister", moved_on="2026-11-22")
        notice = "The Wire has withdrawn the story headlined Minister to leave. Please do not use it."
        credit = Credit(agency="The Wire", notice=Notice.KILL, kill=kill)
        keep(here, "https://desk.example/kill", "KILL: Minister to leave", notice, credit=credit)
        kept = here.archive.article(1)
        assert kept is not None
        assert kept.withdrawn
        tree = page((await here.get("/articles/1")).text)
        assert "has withdrawn it" in said(tree)
        assert not tree.xpath("//mark | //div[@class='text']")
        assert "seat at the table" not in said(tree)
        answer = await here.get("/articles/1.json")
        assert answer.json["withdrawn"] is True
        assert "seat at the table" not in answer.text


async def test_a_version_is_cited_in_every_form(tmp_path: Path) -> None:
    async with opened_site(tmp_path, topics=TOPICS) as here:
        keep(here, URL, "Mayors write", FIRST)
        keep(here, URL, "Nine mayors write", SECOND)
        newest = await here.get("/articles/1/cite.json")
        assert newest.headers["Content-Type"] == "application/vnd.citationstyles.csl+json"
        assert newest.json[0]["title"] == "Nine mayors write"
        assert newest.json[0]["custom"]["text_sha256"] == sha256(SECOND)
        first = (await here.get("/articles/1/cite.json?version=1")).json[0]
        assert (first["version"], first["title"]) == ("1", "Mayors write")
        assert first["custom"]["text_sha256"] == sha256(FIRST)
        assert "TI  - Mayors write" in (await here.get("/articles/1/cite.ris?version=1")).text
        assert (await here.get("/articles/1/cite.bib")).text.startswith("@article{")
        plain = (await here.get("/articles/1/cite.txt")).text.strip()
        tree = page((await here.get("/articles/1")).text)
        assert said(tree, "//*[@id='citation']") == plain
        assert tree.xpath("//button[@data-copy='citation']/@aria-describedby") == ["copied"]
        assert (await here.get("/articles/1/cite.xml")).status == 404
        assert (await here.get("/articles/1/cite.ris?version=3")).status == 404


async def test_versions_for_programs(tmp_path: Path) -> None:
    async with opened_site(tmp_path, topics=TOPICS) as here:
        keep(here, URL, "=1+1", FIRST)
        keep(here, URL, "Nine mayors write", SECOND)
        rows = list(csv.DictReader(io.StringIO((await here.get("/articles/1.csv")).text)))
        assert [(row["version"], row["title"]) for row in rows] == [("1", "'=1+1"), ("2", "Nine mayors write")]
        assert rows[1]["text_sha256"] == sha256(SECOND)
        answer = await here.get("/articles/1.atom")
        feed = etree.fromstring(answer.body)
        names = {"a": "http://www.w3.org/2005/Atom"}
        assert feed.xpath("a:entry/a:title/text()", namespaces=names) == ["Nine mayors write", "=1+1"]
        assert all(
            one.endswith(("/versions/1", "/versions/2"))
            for one in feed.xpath("//a:entry/a:id/text()", namespaces=names)
        )
        again = await here.get("/articles/1.atom", headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status == 304
        history = (await here.get("/articles/1.json")).json["history"]
        assert history[1]["change"]["kind"] == "substantive"
        assert history[0]["text_sha256"] == sha256(FIRST)


ODD = ("0", "2", "-1", f"{2**63}", f"{2**64}", "9" * 5000, "x", "1%00", "%F0%9F", "1.5", "%EF%BC%91", "<b>")
PLACES = (
    *("/articles/{}", "/articles/{}.json", "/articles/{}.atom", "/articles/{}/cite.bib", "/articles/1/versions/{}"),
    *("/articles/1?from={}", "/articles/1?to={}", "/articles/1/cite.txt?version={}", "/stories/{}", "/stories/{}.csv"),
)


async def test_numbers_that_name_nothing_are_not_found(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        keep(here, URL, "Mayors write", FIRST)
        for place in PLACES:
            for number in ODD:
                answer = await here.get(place.format(number))
                assert answer.status == 404, (place, number[:30])
        assert (await here.ask("HEAD", "/articles/1")).status == 200
        assert (await here.post("/articles/1", {"kind": "missed"})).status == 405


# --- differences -----------------------------------------------------------------------------------------------------


def shown(before: str, after: str) -> list[str]:
    """What became of each paragraph: its kind, and its words with marks around what went and came."""
    marks = {"same": "{}", "removed": "[-{}]", "added": "[+{}]"}
    return [
        f"{each.what}: " + "".join(marks[piece.kind].format(piece.text) for piece in each.pieces)
        for each in paragraphs(before, after)
    ]


def paragraphs(before: str, after: str) -> Sequence[Paragraph]:
    return [each for stretch in compared(before, after).stretches for each in stretch.paragraphs]


ROWS = tuple(
    f"Paragraph {n} is about the {w} and goes on for a while."
    for n, w in enumerate(["snow", "road", "mill", "kelp", "ferry", "goose"])
)


def text(*rows: str) -> str:
    return "\n\n".join(rows)


@pytest.mark.parametrize(
    ("after", "differing"),
    [
        (text(*ROWS), []),
        (
            text(ROWS[0].replace("snow", "ice"), *ROWS[1:]),
            ["changed: Paragraph 0 is about the [-snow][+ice] and goes on for a while."],
        ),
        (text(*ROWS[:2], *ROWS[3:]), [f"removed: [-{ROWS[2]}]"]),
        (text(*ROWS[:2], "A new one, with other words.", *ROWS[2:]), ["added: [+A new one, with other words.]"]),
        (text(*ROWS, "The end."), ["added: [+The end.]"]),
        (text(ROWS[0], *ROWS[2:5], ROWS[1], ROWS[5]), [f"moved away: {ROWS[1]}", f"moved here: {ROWS[1]}"]),
        (text(ROWS[0] + " " + ROWS[1], *ROWS[2:]), [f"changed: {ROWS[0]}[-¶] {ROWS[1]}"]),
    ],
    ids=["same", "word", "gone", "new", "at the end", "moved", "joined"],
)
def test_a_difference_reads_as_people_would_tell_it(after: str, differing: list[str]) -> None:
    assert [line for line in shown(text(*ROWS), after) if not line.startswith("same: ")] == differing


def test_both_texts_can_be_read_from_a_difference() -> None:
    before, after = text(*ROWS), text(ROWS[1], ROWS[0].replace("snow", "ice"), "New words stand here.", *ROWS[3:])
    found = paragraphs(before, after)
    ours = [each for each in found if each.what not in (What.ADDED, What.MOVED_HERE)]
    theirs = [each for each in found if each.what not in (What.REMOVED, What.MOVED_AWAY)]
    assert text(*(plain(each, "added") for each in ours)) == before
    assert text(*(plain(each, "removed") for each in theirs)) == after


def plain(paragraph: Paragraph, without: str) -> str:
    return "".join(piece.text for piece in paragraph.pieces if piece.kind != without)


def test_what_is_the_same_is_folded_but_beside_a_change() -> None:
    found = compared(text(*ROWS), text(*ROWS[:5], "Quite another end."))
    assert [(stretch.folded, len(stretch.paragraphs)) for stretch in found.stretches] == [(True, 4), (False, 2)]
    assert (found.words_added, found.words_removed, found.moved) == (3, 12, 0)


def test_long_texts_that_differ_everywhere_are_compared_by_paragraphs() -> None:
    before, after = (text(*(words(f"{name}{n}of", 200) for n in range(60))) for name in ("a", "b"))
    found = compared(before, after)
    assert not found.by_words
    assert {each.what for stretch in found.stretches for each in stretch.paragraphs} == {What.REMOVED, What.ADDED}


def test_the_same_text_in_two_places_is_one_difference_of_nothing() -> None:
    assert compared(text(*ROWS), text(*ROWS)).same
    assert compared("", "").same
    assert not compared("", "A word.").same


async def test_an_operator_is_led_from_an_article_to_the_source_that_listed_it(tmp_path: Path) -> None:
    desk = "sources: [{id: desk, name: The Desk, kind: feed, url: http://desk.test/feed, language: en}]\n"
    async with opened_site(tmp_path, users=EVERYBODY, sources=desk) as here:
        keep(here, URL, "Mayors write", FIRST)
        links = "//table//a[starts-with(@href, '/sources/')]/@href"
        for who, wanted in ((Role.OPERATOR, {"/sources/desk"}), (Role.READER, set())):
            tree = page((await (await here.signed_in(who)).get("/articles/1")).text)
            assert set(tree.xpath(links)) == wanted
