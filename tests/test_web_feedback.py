"""What readers say: not relevant, missed; kept as examples, taken back, and shown by `topics diff`."""

import asyncio
import json
from pathlib import Path
from urllib.parse import urlencode

from monitor.pipeline.difference import compared
from monitor.pipeline.known import known
from monitor.types import Feedback, FeedbackKind, Keep, Role, Topic
from tests.builders import source, topic, words
from tests.command import call
from tests.site_here import EVERYBODY, Here, opened_site
from tests.test_web_articles import FIRST, TOPICS, URL, keep, page, said

DIGESTS = "digests:\n  - {id: morning, topics: [roads], to: [reader@newsroom.test]}\n"
SOURCES = "sources:\n  - {id: desk, name: The Desk, kind: feed, url: 'https://desk.example/feed'}\n"


def kinds(here: Here) -> list[tuple[str, str, str]]:
    return [(each.kind.value, each.topic_id, each.by) for each in here.archive.feedback()]


async def test_a_reader_says_that_an_article_is_not_relevant_and_takes_it_back(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY, topics=TOPICS) as here:
        keep(here, URL, "Mayors write", FIRST)
        reader = await here.signed_in(Role.READER)
        form = {"kind": "not relevant", "topic": "roxham-road", "note": "a <b>brewery</b>\x00"}
        answer = await reader.post("/articles/1/feedback", form)
        assert (answer.status, answer.place) == (303, "/articles/1#feedback")
        assert kinds(here) == [("not relevant", "roxham-road", "rhea")]
        text = (await reader.get("/articles/1")).text
        shown = said(page(text), "//section[@id='feedback']")
        assert "rhea: not relevant to Roxham Road" in shown
        assert "a <b>brewery</b>" in shown
        assert "<b>brewery</b>" not in text
        other = await here.signed_in(Role.RESEARCHER)
        assert "rhea: not relevant" in said(page((await other.get("/articles/1")).text))
        number = here.archive.feedback()[0].id
        assert (await other.post("/articles/1/feedback", {"take_back": str(number)})).status == 404
        assert (await reader.post("/articles/1/feedback", {"take_back": str(number)})).status == 303
        assert kinds(here) == []


async def test_a_reader_says_which_topic_missed_an_article(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY, topics=TOPICS) as here:
        keep(here, URL, "Mayors write", FIRST)
        reader, operator = await here.signed_in(Role.READER), await here.signed_in(Role.OPERATOR)
        tree = page((await reader.get("/articles/1")).text)
        assert tree.xpath("//select[@id='missed-topic']/option/@value") == ["shelters"]
        for note in ("first", "second"):
            form = {"kind": "missed", "topic": "shelters", "note": note}
            assert (await reader.post("/articles/1/feedback", form)).status == 303
        assert kinds(here) == [("missed", "shelters", "rhea")]
        assert here.archive.feedback()[0].note == "second"
        number = here.archive.feedback()[0].id
        assert (await operator.post("/articles/1/feedback", {"take_back": str(number)})).status == 303
        assert kinds(here) == []


async def test_what_cannot_be_said_is_refused(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY, public=True, topics=TOPICS) as here:
        keep(here, URL, "Mayors write", FIRST)
        reader = await here.signed_in(Role.READER)
        for form in (
            {},
            {"kind": "missed", "topic": "roxham-road"},
            {"kind": "not relevant", "topic": "shelters"},
            {"kind": "x", "topic": "roxham-road"},
            {"kind": "missed", "topic": "nowhere\x00"},
            {"kind": "missed"},
        ):
            assert (await reader.post("/articles/1/feedback", form)).status == 422, form
        assert (await reader.post("/articles/2/feedback", {"kind": "missed", "topic": "shelters"})).status == 404
        assert (await reader.post("/articles/1/feedback", {"take_back": "x"})).status == 404
        assert (await reader.post("/articles/1/feedback", {"take_back": f"{2**64}"})).status == 404
        assert (await reader.post("/articles/1/feedback", "&".join("a=1" for _ in range(99)))).status == 422
        visitor = await here.post("/articles/1/feedback", {"kind": "missed", "topic": "shelters"})
        assert visitor.status in (303, 401, 403)
        assert kinds(here) == []
        assert "feedback" not in (await here.get("/articles/1")).text


async def test_an_address_that_is_not_held_is_kept_as_missed(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY, topics=TOPICS, sources=SOURCES) as here:
        reader = await here.signed_in(Role.READER)
        url = "https://elsewhere.example/news/a?x=1"
        looked = said(page((await reader.get(f"/missed?{urlencode({'url': url})}")).text))
        assert "The archive does not hold it." in looked
        assert "No source watches this site." in looked
        assert kinds(here) == []
        answer = await reader.post("/missed", {"url": f"  {url} ", "topic": "shelters", "note": "front page"})
        assert answer.status == 303
        [kept] = here.archive.feedback()
        assert (kept.kind, kept.topic_id, kept.article_id, kept.url) == (FeedbackKind.MISSED, "shelters", None, url)
        after = said(page((await reader.get(answer.place)).text))
        assert "It is kept as an example." in after
        assert "rhea: missed by Shelters" in after
        assert "front page" in after
        assert (await reader.post("/missed", {"take_back": str(kept.id)})).status == 303
        assert kinds(here) == []
        assert "Un article manqué?" in (await reader.get("/missed?lang=fr")).text


async def test_an_address_that_is_held_leads_to_its_article(tmp_path: Path) -> None:
    async with opened_site(tmp_path, topics=TOPICS, sources=SOURCES) as here:
        keep(here, URL, "Mayors write", FIRST)
        asked = urlencode({"url": f"{URL}?utm_source=mail"})
        tree = page((await here.get(f"/missed?{asked}")).text)
        assert "/articles/1" in tree.xpath("//section//a/@href")
        assert "It was found by: Roxham Road." in said(tree)
        assert (await here.post("/missed", {"url": URL, "topic": "roxham-road"})).status == 303
        assert kinds(here) == []  # the topic found it
        assert (await here.post("/missed", {"url": URL, "topic": "shelters"})).status == 303
        assert [each.article_id for each in here.archive.feedback()] == [1]


NO_ADDRESSES = ("", "x", "javascript:alert(1)", "https://me:secret@x.example/", "http://[::1", "file:///etc/x", "\x00")


async def test_what_is_no_address_is_said_beside_its_field(tmp_path: Path) -> None:
    async with opened_site(tmp_path, topics=TOPICS) as here:
        for url in (*NO_ADDRESSES, "https://x.example/" + "a" * 5000):
            answer = await here.post("/missed", {"url": url, "topic": "shelters"})
            assert answer.status == 422, url
            assert page(answer.text).xpath("//input[@id='url']/@aria-describedby") == ["url-wrong"]
            asked = await here.get(f"/missed?{urlencode({'url': url})}")
            assert asked.status == (422 if url.strip() else 200), url
        assert (await here.post("/missed", {"url": URL, "topic": ""})).status == 422
        assert (await here.post("/missed", {"url": URL, "topic": "<b>"})).status == 422
        assert kinds(here) == []


async def test_why_it_was_missed_is_said(tmp_path: Path) -> None:
    async with opened_site(tmp_path, topics=TOPICS, sources=SOURCES) as here:
        now = here.onlooker.clock()
        found = known(here.archive, here.config.sources, "https://desk.example/never", now)
        assert (found.article, [reason.code for reason in found.reasons]) == (None, ["never visited"])
        tree = page((await here.get("/missed?url=https://desk.example/never")).text)
        assert "The Desk was never visited with success." in said(tree)


# --- what becomes of the examples ------------------------------------------------------------------------------------


def told(here: Here, kind: FeedbackKind, article_id: int | None, url: str = URL, topic_id: str = "roads") -> None:
    given = Feedback(
        kind=kind, topic_id=topic_id, article_id=article_id, url=url, by="rhea", at=here.desk.now, note="why"
    )
    here.archive.give_feedback(given)
    here.desk.now = here.desk.now.replace(microsecond=here.desk.now.microsecond // 2)


def verdicts(here: Here, old: Topic, new: Topic, *, keep: Keep = Keep.TEXT) -> list[tuple[bool | None, bool | None]]:
    done = compared(here.archive, [old], [new], [], [source("desk", keep=keep)])
    return [(each.right_before, each.right) for each in sorted(done.examples, key=lambda each: each.feedback.id or 0)]


async def test_examples_are_held_against_other_topics(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        keep(here, "https://desk.example/1", "Snow on Roxham Road", words("snow"))
        keep(here, "https://desk.example/2", "Snow on the old road", words("ice"))
        told(here, FeedbackKind.NOT_RELEVANT, 1)
        told(here, FeedbackKind.MISSED, 2)
        told(here, FeedbackKind.MISSED, None, "https://nowhere.example/")
        told(here, FeedbackKind.MISSED, None, "https://desk.example/2?utm_source=x")
        told(here, FeedbackKind.MISSED, 1, topic_id="another")
        old, new = topic("roads", '"Roxham Road"'), topic("roads", '"old road"')
        assert verdicts(here, old, new) == [(False, True), (False, True), (None, None), (False, True)]
        assert verdicts(here, new, old) == [(True, False), (True, False), (None, None), (True, False)]
        assert verdicts(here, old, old) == []
        assert verdicts(here, old, new, keep=Keep.EXCERPT) == [(False, None), (None, True), (None, None), (None, True)]


def test_topics_diff_tells_of_the_examples(tmp_path: Path) -> None:
    async def say() -> None:
        async with opened_site(tmp_path, topics=topics("'\"Roxham Road\"'"), digests=DIGESTS) as here:
            keep(here, "https://desk.example/1", "Snow on Roxham Road", words("snow"))
            keep(here, "https://desk.example/2", "Snow on the old road", words("ice"))
            told(here, FeedbackKind.NOT_RELEVANT, 1)
            told(here, FeedbackKind.MISSED, 2)

    asyncio.run(say())
    new = tmp_path / "new.yaml"
    new.write_text(topics("'\"Roxham Road\"'", "'\"old road\"'"), "utf-8")
    config = str(tmp_path / "config")
    command = ["roxham", "--config", config, "topics", "diff", config, str(new)]
    done = call(command)
    assert done.returncode == 0, done.stderr
    assert "examples of readers: 1 right (before: 0), 1 wrong, 0 cannot be told" in done.stdout
    assert "right (before: wrong) · roads · missed · 2" in done.stdout
    assert "wrong · roads · not relevant · 1" in done.stdout
    document = json.loads(call([*command, "--json"]).stdout)["examples"]
    assert (document["right"], document["wrong"], document["unknown"], document["right_before"]) == (1, 1, 0, 0)
    assert {(each["article"], each["right"]) for each in document["list"]} == {(1, False), (2, True)}


def topics(*forms: str) -> str:
    return f"topics:\n  - {{id: roads, any: {{en: [{', '.join(forms)}]}}}}\n"
