"""Pages of stories: who carried one, how much of it, what each take changed, its translation, and what is related."""

import csv
import io
from datetime import timedelta
from pathlib import Path

from lxml import etree

from monitor.types import Credit, Kill, Notice, Role
from tests.builders import STORIES, words
from tests.site_here import EVERYBODY, Here, opened_site
from tests.test_web_articles import TOPICS, keep, page, said

AGENCY = Credit(agency="The Wire", first_published="2026-11-22")
TEXT = "\n\n".join(f"{words(f'bridge{n}of', 40)} near the Roxham Road crossing." for n in range(4))


def carry(here: Here, copies: int) -> None:
    """A story of the wire at an origin and so many others, each with a part of it."""
    keep(here, "https://origin.example/a", "Bridge closes", TEXT, publisher="Origin Courier", credit=AGENCY)
    for number in range(copies):
        part = TEXT if number % 2 else "\n\n".join(TEXT.split("\n\n")[:2])
        url, name = f"https://copy{number}.example/a", f"Copy {number} <b>Gazette</b>"
        keep(here, url, f"Bridge closes, copy {number}", part, publisher=name, credit=AGENCY)


async def test_a_story_shows_who_carried_how_much_of_it(tmp_path: Path) -> None:
    async with opened_site(tmp_path, topics=TOPICS) as here:
        carry(here, 2)
        answer = await here.get("/stories/1")
        tree = page(answer.text)
        assert said(tree, "//h1") == "Bridge closes"
        rows = [said(row, ".") for row in tree.xpath("//table[contains(@class, 'carriers')]/tbody/tr")]
        assert [
            name in row for name, row in zip(("Origin Courier", "Copy 0 <b>", "Copy 1 <b>"), rows, strict=True)
        ] == [True] * 3
        assert "origin" in rows[0]
        assert "pickup" in rows[1]
        assert [float(meter.get("value")) < 60 for meter in tree.xpath("//meter")] == [True, False]
        assert "100%" in rows[2]
        assert "<b>Gazette</b>" not in answer.text
        why = tree.xpath("//h2[@id='why']/following-sibling::ul[1]")
        assert "near the Roxham Road crossing." in said(why[0], ".")
        assert 'found by "Roxham Road" (English), in the text' in said(why[0], ".")
        assert "Pourquoi elle a été trouvée" in (await here.get("/stories/1?lang=fr")).text


async def test_a_story_that_many_carried_stays_readable(tmp_path: Path) -> None:
    async with opened_site(tmp_path, topics=TOPICS) as here:
        carry(here, 44)
        tree = page((await here.get("/stories/1")).text)
        first, rest = tree.xpath("//table[contains(@class, 'carriers')]")
        assert len(first.xpath("tbody/tr")) == 20
        assert len(rest.xpath("tbody/tr")) == 25
        assert said(rest.getparent(), "summary") == "25 more articles"
        assert len(tree.xpath("//h2[@id='why']/following-sibling::ul[1]/li")) <= 3


async def test_takes_say_what_they_changed(tmp_path: Path) -> None:
    async with opened_site(tmp_path, topics=TOPICS) as here:
        cost = "\n\nThe repairs cost 412 dollars, says the county in its letter to the village."
        more = cost.replace("412", "421") + f" The mayor did not answer. {words('vote', 60)}.\n\n{words('hall', 60)}."
        for text in (TEXT + cost, TEXT + more):
            keep(here, "https://origin.example/a", "Bridge closes", text, publisher="Origin Courier", credit=AGENCY)
        tree = page((await here.get("/stories/1")).text)
        assert "English, take 2" in said(tree)
        assert "sentences added" in said(tree)
        assert "412" in said(tree, "//ul[@class='replaced']//del")
        assert "421" in said(tree, "//ul[@class='replaced']//ins")
        compare = tree.xpath("//h2[@id='versions']/following-sibling::ul[1]//a[contains(@href, 'from=1')]/@href")
        assert (await here.get(compare[0])).status == 200


async def test_texts_in_two_languages_stand_side_by_side(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY, public=True, topics=TOPICS) as here:
        keep(here, "https://gov.example/en", "Comments open", words("comment"), official=True)
        keep(
            here, "https://gov.example/fr", "Consultation ouverte", words("consultation"), official=True, language="fr"
        )
        here.archive.rule([(1, 2)], STORIES, here.desk.now, joined=True)
        reader = await here.signed_in(Role.READER)
        number = (await reader.get("/articles/1.json")).json["story"]
        tree = page((await reader.get(f"/stories/{number}")).text)
        assert sorted(tree.xpath("//div[@class='beside']/section/@lang")) == ["en", "fr"]
        assert "consultation3" in said(tree, "//section[@lang='fr']")
        visitors = await here.get(f"/stories/{number}")
        assert "consultation3" not in visitors.text
        assert "sees them side by side" in visitors.text


async def test_a_number_that_a_story_had_before_leads_to_the_present_one(tmp_path: Path) -> None:
    async with opened_site(tmp_path, topics=TOPICS) as here:
        keep(here, "https://a.example/1", "Bridge closes", words("bridge"))
        keep(here, "https://b.example/1", "Bridge shut", words("closing"))
        here.archive.rule([(1, 2)], STORIES, here.desk.now, joined=True)
        story = here.archive.story(2)
        assert story is not None
        gone = next(number for number in (1, 2) if number != story.id)
        answer = await here.get(f"/stories/{gone}")
        assert (answer.status, answer.place) == (303, f"/stories/{story.id}")
        assert (await here.get(f"/stories/{gone}.json")).place == f"/stories/{story.id}.json"
        assert (await here.get(answer.place)).status == 200


async def test_a_withdrawn_story_shows_headlines_and_times_only(tmp_path: Path) -> None:
    async with opened_site(tmp_path, topics=TOPICS) as here:
        carry(here, 1)
        kill = Kill(headline="Bridge closes", slug="bridge", moved_on="2026-11-22")
        credit = Credit(agency="The Wire", notice=Notice.KILL, kill=kill)
        notice = "The Wire has withdrawn the story headlined Bridge closes. Please do not use it."
        keep(here, "https://origin.example/kill", "KILL: Bridge closes", notice, credit=credit)
        answer = await here.get("/stories/1")
        tree = page(answer.text)
        assert "has withdrawn this story" in said(tree)
        assert "Bridge closes" in said(tree, "//h1")
        assert not tree.xpath("//mark | //h2[@id='why'] | //h2[@id='beside']")
        assert "bridge0of1" not in answer.text
        assert (await here.get("/stories/1.json")).json["withdrawn"] is True


async def test_a_story_for_programs(tmp_path: Path) -> None:
    async with opened_site(tmp_path, topics=TOPICS) as here:
        carry(here, 3)
        document = (await here.get("/stories/1.json")).json
        assert [member["relation"] for member in document["members"]] == ["origin", "pickup", "pickup", "pickup"]
        answer = await here.get("/stories/1.csv")
        assert answer.headers["Content-Disposition"] == 'attachment; filename="story-1.csv"'
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [row["article"] for row in rows] == ["1", "2", "3", "4"]
        assert float(rows[1]["kept"]) < 0.6
        feed = etree.fromstring((await here.get("/stories/1.atom")).body)
        names = {"a": "http://www.w3.org/2005/Atom"}
        assert feed.xpath("count(a:entry)", namespaces=names) == 4
        assert feed.xpath("a:entry[1]/a:title/text()", namespaces=names)[0].startswith("Copy 2 <b>Gazette</b>: ")
        stamps = feed.xpath("a:entry/a:updated/text()", namespaces=names)
        assert stamps == sorted(stamps, reverse=True)


async def test_related_stories_are_linked(tmp_path: Path) -> None:
    async with opened_site(tmp_path, topics=TOPICS) as here:
        facts = "Odile Tremblay of Saint-Aubry met Marcus Whitfield in Harrow Bay about 48,213 letters and 7,204 forms."
        here.desk.now -= timedelta(hours=2)
        keep(here, "https://a.example/1", "Tremblay meets Whitfield", f"{facts} {words('one')}")
        keep(here, "https://b.example/1", "Letters are handed over", f"{words('two')} {facts}")
        story = here.archive.story(1)
        assert story is not None
        related = here.archive.related(story.id, STORIES)
        links = page((await here.get("/stories/1")).text).xpath("//h2[@id='related']/following-sibling::ul[1]//a/@href")
        assert links == [f"/stories/{number}" for number in related]
        assert related
