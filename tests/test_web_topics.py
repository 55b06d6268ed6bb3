"""The topic workshop over real HTTP: what a text would change, and what becomes of the file."""

import asyncio
import re
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any, cast

import pytest
from lxml import html

from monitor.app import Onlooker
from monitor.archive import Filter, Running
from monitor.match import Matcher
from monitor.types import Feedback, FeedbackKind, Role
from monitor.web.workshop import Draft, SupersededError, Trials
from tests.builders import article, words
from tests.site_here import EVERYBODY, Here, Reply, opened_site

TOPICS = """\
# What to look for
topics:
  # the road
  - id: road
    title: {en: Roxham Road, fr: Chemin Roxham}
    any:
      en: ['"Roxham Road"', Roxham] # both
      fr: ['"chemin Roxham"']

  # the pact
  - id: pact
    any: {en: ['"safe third country"'], fr: ['"tiers pays sûrs"']}
# the end
"""
DIGESTS = "digests:\n  - {id: morning, title: Border desk, topics: [road], to: [reader@newsroom.test]}\n"
TEXTS = (
    "The crossing at Roxham Road is closed.",
    "The old Roxham farm burnt down.",
    "At Lacolle <b>snow</b> fell.",
    "A safe third country is what Lacolle asks for.",
)


def keep(here: Here, *texts: str) -> None:
    matcher = Matcher(here.config.topics)
    for text in texts:
        here.desk.now += timedelta(minutes=1)
        number = here.desk.readings
        body = f"{text} {words(f'own{number}of')}"
        found = article(f"http://desk.test/{number}", title=f"Story {number}", text=body, body=body)
        here.desk.keep(found, *matcher.match(found))


def opened(folder: Path, **texts: Any) -> Any:
    return opened_site(folder, **{"topics": TOPICS, "digests": DIGESTS, **texts})


def path(here: Here) -> Path:
    return here.folder / "config" / "topics.yaml"


def text(reply: Reply) -> str:
    """The text in the page's field."""
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", reply.text, re.DOTALL)
    assert found is not None
    return unescape(found[1])


def base(reply: Reply) -> str:
    return str(html.fromstring(reply.text).xpath("string(//form[@class='editor']//input[@name='base']/@value)"))


def sums(reply: Reply) -> list[str]:
    """Gained, lost, only a mention now, no longer a mention."""
    return [str(each) for each in html.fromstring(reply.text).xpath("//dl[@class='sums']//dd/text()")]


def said(reply: Reply, xpath: str) -> str:
    """The words of what a path leads to."""
    return " ".join(" ".join(html.fromstring(reply.text).xpath(f"{xpath}//text()")).split())


async def tried(here: Here, id_: str, new: str, do: str = "effect") -> Reply:
    return await here.post(f"/topics/{id_}", {"do": do, "text": new}, headers={"HX-Request": "true"})


async def test_the_list_says_what_each_topic_finds_and_who_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        keep(here, *TEXTS, f"{words('early')} Roxham is far away.")
        kept = list(here.archive.articles(Filter(topics=("road",))))
        here.archive.give_feedback(
            Feedback(
                kind=FeedbackKind.NOT_RELEVANT, topic_id="road", article_id=kept[0].id, url=kept[0].url, by="rhea",
                at=here.desk.now,
            )
        )  # fmt: skip
        answer = await here.get("/topics")
        assert answer.status == 200
        row = said(answer, "//tbody/tr[1]")
        counts = "3 3 stories 1 mention"
        forms = "3 articles in all English 2 French 1"
        assert row == f"Roxham Road road {forms} {counts} {counts} {counts} 1 not relevant Border desk morning"
        assert "no digest" in said(answer, "//tbody/tr[2]")
        assert html.fromstring(answer.text).xpath("//a[@href='/search?topic=road']")
        french = await here.get("/topics?lang=fr")
        assert "Chemin Roxham" in french.text
        await here.renew(topics=TOPICS.replace(", Roxham]", "]"))
        assert "3 by an older wording" in (await here.get("/topics?lang=en")).text


async def test_a_topic_stands_as_in_its_file(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        answer = await here.get("/topics/road")
        assert answer.status == 200
        assert text(answer) == "\n".join(TOPICS.split("\n")[2:8])
        assert "Its first line is line 3 of the file." in answer.text
        assert (await here.get("/topics/nobody")).status == 404
        assert (await here.get("/topics/ro%00ad")).status == 404


async def test_a_text_shows_what_it_gains_and_loses_and_what_digests_get(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        keep(here, *TEXTS)
        new = text(await here.get("/topics/road")).replace(", Roxham]", ", Lacolle]")
        part = await tried(here, "road", new)
        assert part.status == 200
        assert "<html" not in part.text
        assert sums(part) == ["+2", "−1", "0", "0"]
        gained = said(part, "//details[2]")
        assert "2 articles gained Story 3" in gained
        assert "At Lacolle <b>snow</b> fell." in gained.replace(" < b>", "<b>")
        assert "Found by Lacolle" in gained
        lost = said(part, "//details[1]")
        assert "Story 1" in lost
        assert "Was found by Roxham · no form by which it would be found stands in it" in lost
        assert "<mark>Lacolle</mark> &lt;b&gt;snow&lt;/b&gt;" in part.text
        assert said(part, "//table[@class='digests']//td") == "2.0 → 3.0"
        whole = await here.post("/topics/road", {"do": "try", "text": new})
        assert sums(whole) == sums(part)
        assert text(whole) == new
        assert path(here).read_text() == TOPICS


async def test_what_is_wrong_stands_with_its_place_in_the_file(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        new = text(await here.get("/topics/road")).replace("Roxham]", "'\"Roxham]")
        part = await tried(here, "road", new)
        assert "topics.yaml:7:" in said(part, "//li[@class='bad']")
        assert said(part, "//li[@class='bad']/pre").endswith("^")
        renamed = await tried(here, "road", text(await here.get("/topics/road")).replace("id: road", "id: way"))
        assert "digests.yaml:2:" in said(renamed, "//li[@class='bad']")
        assert "begins with “- id:”" in (await tried(here, "road", "nothing")).text
        assert "begins with “- id:”" in (await tried(here, "road", "")).text


async def test_remarks_and_what_readers_said(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        keep(here, *TEXTS)
        (missed,) = (a for a in here.archive.articles(Filter()) if a.title == "Story 2")
        here.archive.give_feedback(
            Feedback(
                kind=FeedbackKind.MISSED, topic_id="road", article_id=missed.id, url=missed.url, by="<i>rhea",
                at=here.desk.now, note="it is <b>there</b>",
            )
        )  # fmt: skip
        before = await here.get("/topics/road")
        assert said(before, "//ul[@class='judged']/li").startswith("Not as wished: Story 2 missed, says <i>rhea")
        assert '"Roxham Road" is not needed: Roxham finds whatever it finds.' in said(before, "//div[@id='effect']")
        assert "Stands in no article of the archive" in said(before, "//div[@id='effect']")
        after = await tried(here, "road", text(before).replace("Roxham]", "Lacolle]"))
        assert said(after, "//ul[@class='judged']/li").startswith("As wished: Story 2")


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
async def test_saving_changes_the_topics_own_lines_only(tmp_path: Path, ends: str) -> None:
    async with opened(tmp_path) as here:
        path(here).write_bytes(b"\xef\xbb\xbf" + TOPICS.replace("\n", ends).encode())
        path(here).chmod(0o640)
        page = await here.get("/topics/road")
        sent = text(page).replace("Roxham]", "Lacolle]").replace("\n", "\r\n") + "\r\n"
        answer = await here.post("/topics/road", {"do": "save", "text": sent, "base": base(page)})
        assert answer.status == 303, answer.text
        assert re.fullmatch(r"/topics/road\?saved=[0-9a-f]{16}", answer.place)
        expected = TOPICS.replace(", Roxham]", ", Lacolle]").replace("\n", ends)
        assert path(here).read_bytes() == b"\xef\xbb\xbf" + expected.encode()
        assert path(here).stat().st_mode & 0o777 == 0o640
        assert "Saved; the running service takes it within seconds" in (await here.get(answer.place)).text
        await here.renew(topics=expected)
        assert "The running service works by it" in (await here.get(answer.place)).text
        state = await here.get(answer.place.replace("/topics/road", "/topics-state"), headers={"HX-Request": "true"})
        assert "The running service works by it" in state.text
        assert "hx-get" not in state.text


async def test_a_service_that_refuses_says_why(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        refused = Running(fingerprint="x", since=here.desk.now, refused_at=here.desk.now, problems=("a.yaml:1:1: <b>",))
        here.archive.keep_running(refused)
        answer = await here.get(f"/topics/road?saved={'0' * 16}")
        assert "does not take what was saved" in answer.text
        assert "a.yaml:1:1: &lt;b&gt;" in answer.text


async def test_an_unchanged_text_writes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        page, before = await here.get("/topics/road"), path(here).stat().st_ino
        answer = await here.post("/topics/road", {"do": "save", "text": text(page), "base": base(page)})
        assert (answer.status, answer.place) == (303, "/topics/road")
        assert path(here).read_text() == TOPICS
        assert path(here).stat().st_ino == before


async def test_what_somebody_else_saved_is_not_overwritten(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        page = await here.get("/topics/road")
        theirs = TOPICS.replace(", Roxham]", ", Theirs]")
        path(here).write_text(theirs)
        mine = text(page).replace(", Roxham]", ", Mine]")
        answer = await here.post("/topics/road", {"do": "save", "text": mine, "base": base(page)})
        assert answer.status == 409
        assert path(here).read_text() == theirs
        assert "Theirs" in said(answer, "//section[@aria-labelledby='both']/pre")
        assert text(answer) == mine
        again = await here.post("/topics/road", {"do": "save", "text": mine, "base": base(answer)})
        assert again.status == 303
        assert path(here).read_text() == TOPICS.replace(", Roxham]", ", Mine]")


async def test_what_would_be_wrong_is_not_saved(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        page = await here.get("/topics/road")
        for new in (
            text(page).replace("any:", "anny:"),
            text(page).replace("id: road", "id: way"),
            text(page) + "\n  - id: more\n    any: [x]",
            text(page).replace("id: road", "id: road\n  unknown: 1"),
            "x",
            "",
            "\x00",
        ):
            answer = await here.post("/topics/road", {"do": "save", "text": new, "base": base(page)})
            assert answer.status == 422, new
            assert "Nothing was saved." in answer.text
        assert path(here).read_text() == TOPICS


async def test_a_new_topic_begins_with_what_the_address_brings(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        keep(here, *TEXTS)
        params = [("any", '"Lacolle"'), ("any", "snow's"), ("title", "Été: <b>“Road”</b> it's")]
        page = await here.get("/topics/new", params=params)
        assert text(page) == (
            "  - id: ete-b-road-b-it-s\n    title: 'Été: <b>“Road”</b> it''s'\n    any: ['\"Lacolle\"', 'snow''s']"
        )
        assert sums(page)[0] == "+2"
        answer = await here.post("/topics/new", {"do": "save", "text": text(page), "base": base(page)})
        assert answer.status == 303, answer.text
        assert answer.place.startswith("/topics/ete-b-road-b-it-s?saved=")
        assert path(here).read_text() == TOPICS.replace("# the end", f"\n{text(page)}\n# the end")
        assert "[&#39;&#34;words of a headline&#34;&#39;]" in (await here.get("/topics/new")).text
        taken = await here.get("/topics/new", params={"title": "Pact"})
        assert text(taken).startswith("  - id: pact-2\n")


async def test_a_topic_may_be_called_new(tmp_path: Path) -> None:
    topics = TOPICS.replace("id: pact", "id: new")
    async with opened(tmp_path, topics=topics) as here:
        assert 'href="/topics/.new"' in (await here.get("/topics")).text
        assert "tiers pays sûrs" in text(await here.get("/topics/.new"))


async def test_a_topic_that_a_digest_names_stays(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        page = await here.get("/topics/road")
        sure = {"do": "delete", "sure": "yes", "base": base(page)}
        answer = await here.post("/topics/road", sure)
        assert answer.status == 422
        assert said(answer, "//p[@role='alert']").endswith("while digests name it: morning")
        assert path(here).read_text() == TOPICS
        unsure = await here.post("/topics/pact", {"do": "delete", "base": base(page)})
        assert unsure.status == 200
        assert path(here).read_text() == TOPICS
        gone = await here.post("/topics/pact", sure)
        assert gone.status == 303
        assert gone.place.startswith("/topics?removed=pact&saved=")
        assert path(here).read_text() == TOPICS[: TOPICS.index("  # the pact")] + "# the end\n"


async def test_where_nothing_can_be_written_the_change_is_to_be_copied(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        (tmp_path / ".git").write_text("gitdir: elsewhere\n")
        page = await here.get("/topics/road")
        assert "kept in a git repository" in page.text
        assert 'value="save"' not in page.text
        new = text(page).replace(", Roxham]", ", Lacolle]")
        answer = await here.post("/topics/road", {"do": "save", "text": new, "base": base(page)})
        assert path(here).read_text() == TOPICS
        diff = html.fromstring(answer.text).xpath("string(//pre[@id='diff'])")
        assert diff.startswith("--- a/config/topics.yaml\n+++ b/config/topics.yaml\n@@ ")
        assert (
            "\n-      en: ['\"Roxham Road\"', Roxham] # both\n+      en: ['\"Roxham Road\"', Lacolle] # both\n" in diff
        )
        assert html.fromstring(answer.text).xpath("string(//pre[@id='block'])") == new


async def test_files_that_cannot_be_edited_say_why(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        path(here).write_text("topics: [{id: road, any: [Roxham]}, {id: pact, any: [pact]}]\n")
        page = await here.get("/topics/road")
        assert text(page) == "{id: road, any: [Roxham]}"
        new = {"do": "save", "text": "{id: road, any: [Lacolle]}", "base": base(page)}
        assert (await here.post("/topics/road", new)).status == 303
        assert path(here).read_text() == "topics: [{id: road, any: [Lacolle]}, {id: pact, any: [pact]}]\n"
        assert "stands in brackets" in (await here.get("/topics/new")).text
        path(here).write_text("topics: [")
        broken = await here.get("/topics/road")
        assert broken.status == 200
        assert "topics.yaml:1:" in said(broken, "//li[@class='bad']")
        path(here).unlink()
        assert (await here.get("/topics/road")).status == 200
        assert (await here.post("/topics/road", new)).status == 200


async def test_the_archive_is_marked_again_without_telling_anybody(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        keep(here, *TEXTS)
        await here.renew(topics=TOPICS.replace(", Roxham]", ", Lacolle]"))
        newest = here.archive.newest()
        assert (await here.post("/topics", {"do": "apply"})).place == "/topics"
        async with asyncio.timeout(20):
            while "is being marked" in (page := await here.get("/topics-state")).text:
                pass
        assert "2 gained, 1 lost" in page.text
        assert "Nobody is told of it." in page.text
        assert {a.title for a in here.archive.articles(Filter(topics=("road",)))} == {"Story 0", "Story 2", "Story 3"}
        assert here.archive.newest() == newest
        await here.post("/topics", {"do": "apply"})
        async with asyncio.timeout(20):
            while "is being marked" in (page := await here.get("/topics")).text:
                pass
        assert "Every mark is as the topics say" in page.text


async def test_only_operators(tmp_path: Path) -> None:
    async with opened(tmp_path, users=EVERYBODY) as here:
        for role in (Role.READER, Role.RESEARCHER):
            caller = await here.signed_in(role)
            for address in ("/topics", "/topics-state", "/topics/road", "/topics/new"):
                assert (await caller.get(address)).status == 403
            assert (await caller.post("/topics/road", {"do": "save"})).status == 403
        assert (await here.get("/topics/road")).status == 303
        assert (await (await here.signed_in(Role.OPERATOR)).get("/topics/road")).status == 200


async def test_nothing_that_is_sent_breaks_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        keep(here, *TEXTS)
        for sent, status in (
            ({}, 422),
            ({"do": "dance"}, 422),
            ({"do": "try", "text": "x" * 100_001}, 413),
            ({"do": "effect", "text": "- id: a\n  any: [" + "(" * 3000 + "]"}, 200),
            ({"do": "effect", "text": "- " + "[" * 3000}, 200),
            ({"do": "effect", "text": "- id: road\n  any: [&a [*a]]"}, 200),
            ({"do": "effect", "text": "- id: road\n  any: ['" + "a " * 2500 + "']"}, 200),
            ({"do": "effect", "text": "- id: road\n  any: ['ro*', 'x*']"}, 200),
            ({"do": "effect", "text": "- id: \x00\n"}, 200),
            ({"do": "save", "text": "- id: \ud83d", "base": "x"}, 409),
            ({"do": "try", "text": "# only\n# comments"}, 200),
        ):
            encoded = {name: value.encode("utf-8", "surrogatepass") for name, value in sent.items()}
            pairs = "&".join(f"{n}={''.join(f'%{byte:02x}' for byte in v)}" for n, v in encoded.items())
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            assert (await here.post("/topics/road", pairs, headers=form)).status == status, sent
        many = "&".join(f"a{n}=1" for n in range(100))
        assert (await here.post("/topics/road", many)).status == 422
        assert (await here.post("/topics", {"do": "other"})).status == 422
        for address in ("/topics/new?any=" + "x" * 5000, "/topics/new?any=%00&title=%ff", "/topics?removed=%3Cb%3E",
                        "/topics/new?" + "any=x&" * 200, "/topics-state?saved=%00"):  # fmt: skip
            assert (await here.get(address)).status in (200, 400, 414)
        assert (await here.ask("HEAD", "/topics/road")).status == 200
        assert (await here.ask("PUT", "/topics/road", headers={"Origin": here.url})).status == 405
        assert path(here).read_text() == TOPICS


class _Slow:
    """Stands for the archive: every question waits until the test lets it go."""

    def __init__(self) -> None:
        self.asked = 0
        self.arrived = asyncio.Event()
        self.both = asyncio.Event()
        self.go = asyncio.Event()

    async def ask(self, question: object) -> str:
        self.asked += 1
        self.arrived.set()
        if self.asked == 2:
            self.both.set()
        await self.go.wait()
        return f"answer {self.asked}"


async def test_a_visitors_next_text_ends_the_trial_before() -> None:
    trials, slow = Trials(), _Slow()
    onlooker = cast("Onlooker", slow)

    async def preview(who: str) -> object:
        with suppress(SupersededError):
            return await trials.preview(onlooker, Draft(text=""), who)
        return "superseded"

    first = asyncio.create_task(preview("olga"))
    await slow.arrived.wait()
    others = [asyncio.create_task(preview("olga")) for _ in range(3)]
    await asyncio.sleep(0)
    assert slow.asked == 1
    slow.go.set()
    assert await first == "superseded"
    assert [await each for each in others] == ["superseded", "superseded", "answer 2"]
    assert await preview("olga") == "answer 3"


async def test_two_visitors_try_side_by_side() -> None:
    trials, slow = Trials(), _Slow()
    draft = replace(Draft(text=""), changed=True)
    both = [asyncio.create_task(trials.preview(cast("Onlooker", slow), draft, who)) for who in ("olga", "oscar")]
    await slow.both.wait()
    slow.go.set()
    assert len(await asyncio.gather(*both)) == 2
