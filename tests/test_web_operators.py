"""The operators' pages: what is ill is seen, what commands do is done, and files stay the only truth."""

import re
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor import health
from monitor.overview import sources as overview
from monitor.types import (
    AlarmKind,
    ItemState,
    Message,
    OutboxHold,
    Pause,
    PauseReason,
    Receipt,
    SendState,
    Span,
    VisitOutcome,
)
from monitor.web import outbox, subscriptions
from monitor.web import sources as pages
from monitor.web.routes import PAGES
from tests.browser import browsing, needs_browser, violations
from tests.builders import NOW, item, visit
from tests.desk import mails
from tests.desk import subject as subject_of
from tests.site_here import Here, opened_site

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SOURCES = """\
sources:
  # the desk's own
  - id: desk
    name: Desk <b>News</b>
    publisher: =Desk
    kind: feed
    url: https://rhea:verysecret@desk.test/feed?token=hidden123&page=2   # with a password
    language: en
  # gone since June

  - {id: other, name: Other, kind: feed, url: 'https://other.test/feed', enabled: false}
  - {id: third, name: Third, kind: feed, url: 'https://third.test/feed', language: fr}
"""
DIGESTS = """\
digests:
  - {id: morning, title: {en: Border desk, fr: Frontières}, topics: [roxham-road], at: weekdays 07:00,
     to: [reader@newsroom.test, second@newsroom.test]}
  - {id: hook, topics: [roxham-road], at: at once, to: [hook, feed]}
"""
MONITOR = """\
contact: desk@newsroom.test
operator: olga@newsroom.test
mail: {via: 'maildir:box', from: Roxham <roxham@newsroom.test>}
channels:
  hook: {via: webhook, url: 'http://127.0.0.1:9/hook'}
  feed: {via: atom, path: feeds/a.atom}
"""


def served(folder: Path) -> AbstractAsyncContextManager[Here]:
    """A desk with sources of every sort, two digests, and channels."""
    return opened_site(folder, sources=SOURCES, digests=DIGESTS, monitor=MONITOR)


def in_bulk(here: Here, source_id: str = "desk", items: int = 60) -> None:
    """A source that is known brings so much at once that it is held back."""
    source = next(each for each in here.config.sources if each.id == source_id)
    judge = partial(health.judge, source)
    here.archive.keep_visit(visit(source_id, at=here.desk.now - DAY), [item(f"http://{source_id}.test/first")], judge)
    many = [item(f"http://{source_id}.test/{number}", content_hash=f"{number}") for number in range(items)]
    here.archive.keep_visit(visit(source_id, at=here.desk.now), many, judge)
    assert here.archive.bursts()


def fails(here: Here, source_id: str = "desk", error: str = "HTTP 503 <i>busy</i>") -> None:
    failed = visit(source_id, at=here.desk.now, outcome=VisitOutcome.FAILED, status=503, error=error, etag=None)
    here.archive.keep_visit(failed, [])


def message(here: Here, number: int, *, digest: str = "morning", reader: str = "reader@newsroom.test") -> int:
    """A message in the outbox."""
    now = here.desk.now + number * MINUTE
    here.archive.alarm(AlarmKind.FAILED, f"alarm {number}", now)
    (alarm,) = here.archive.alarms(untold_only=True)
    raw = b"From: a@b.org\r\nSubject: <u>hello</u>\r\nContent-Type: text/html\r\n\r\n<p>It says so</p>"
    made = Message(
        message_id=f"<{number}@newsroom.test>", digest_id=digest, to=reader, slot=f"slot {number}",
        subject=f"<u>hello</u> {number}", raw=raw,
    )  # fmt: skip
    here.archive.commit_alarms([alarm.id], made, now)
    return here.archive.outbox(open_only=True)[-1].id


# --- sources ---------------------------------------------------------------------------------------------------------


async def test_the_worst_source_stands_first_and_says_why(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        here.archive.keep_visit(visit("desk", at=here.desk.now), [item("http://desk.test/1")])
        fails(here, "third")
        page = (await here.get("/sources")).text
        rows = re.findall(r'<a href="/sources/(\w+)"><bdi>', page)
        assert rows == ["third", "desk", "other"]
        assert "Never a good visit; 1 failed: " in page
        assert "HTTP 503 &lt;i&gt;busy&lt;/i&gt;" in page
        assert "Desk &lt;b&gt;News&lt;/b&gt;" in page
        french = (await here.get("/sources?lang=fr")).text
        assert "Aucune visite réussie" in french
        assert "en panne" in french


async def test_sources_are_narrowed_by_condition_and_words(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        fails(here, "third")
        for path, ids in (
            ("/sources?condition=ill", ["third"]),
            ("/sources?condition=off", ["other"]),
            ("/sources?condition=nonsense", ["third", "desk", "other"]),
            ("/sources?q=THIRD+feed", ["third"]),
            ("/sources?q=nowhere", []),
            ("/sources?from=2", ["other"]),
        ):
            page = (await here.get(path)).text
            assert re.findall(r'<a href="/sources/(\w+)"><bdi>', page) == ids, path


async def test_what_came_in_bulk_is_released_loudly_or_quietly(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        in_bulk(here)
        in_bulk(here, "third")
        assert "Held back" in (await here.get("/sources")).text
        answer = await here.post("/sources/desk/release", {"how": "tell", "back": "list"})
        assert (answer.status, answer.place) == (303, "/sources?done=told&n=60")
        assert "Released 60 items" in (await here.get(answer.place)).text
        answer = await here.post("/sources/third/release", {"how": "quietly", "back": "one"})
        assert (answer.status, answer.place) == (303, "/sources/third?done=quietly&n=60")
        assert here.archive.bursts() == []
        days = here.archive.days((here.desk.now - DAY).date())
        assert [day.new for day in days["desk"]] == [60]
        assert "third" not in days
        again = await here.post("/sources/desk/release", {"how": "tell"})
        assert again.place == "/sources?done=nothing-held"
        assert "Nothing of this source is held back" in (await here.get(again.place)).text


async def test_the_page_of_a_source_tells_all_that_is_known(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        here.archive.keep_visit(visit("desk", at=here.desk.now - HOUR), [item("http://desk.test/1"), item("x:<b>")])
        fails(here)
        waiting = here.archive.pending(here.desk.now)
        here.archive.reject(waiting[0], "the page holds no text")
        here.archive.reject(waiting[1], "it <b>breaks</b>", aside=True)
        page = (await here.get("/sources/desk")).text
        for said in ("No good visit since", "the page holds no text", "it &lt;b&gt;breaks&lt;/b&gt;", "set aside",
                     "# with a password", "/search?source=desk"):  # fmt: skip
            assert said in page, said
        assert "verysecret" not in page
        assert "hidden123" not in page
        assert "gone since June" not in page
        document = (await here.get("/sources/desk.json")).json
        assert [each["outcome"] for each in document["answers"]] == ["failed", "changed"]
        assert [each["reason"] for each in document["waiting"]] == ["it <b>breaks</b>"]
        assert document["health"] == "ill"
        assert "verysecret" not in str(document)


async def test_an_item_that_was_set_aside_is_read_again(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        here.archive.keep_visit(visit("desk", at=here.desk.now), [item(f"http://desk.test/{n}") for n in range(3)])
        here.archive.keep_visit(visit("third", at=here.desk.now), [item("http://third.test/1")])
        for each in here.archive.pending(here.desk.now):
            here.archive.reject(each, "it breaks", aside=True)
        aside = [each.item_id for each in here.archive.listed([ItemState.SET_ASIDE], source="desk")]
        other = here.archive.listed([ItemState.SET_ASIDE], source="third")[0].item_id
        assert (await here.post("/sources/desk/retry", {"item": str(aside[0])})).place.endswith("done=again&n=1")
        assert (await here.post("/sources/desk/retry", {"item": str(other)})).place.endswith("done=again&n=0")
        assert (await here.post("/sources/desk/retry", {})).place.endswith("done=again&n=2")
        assert [each.item_id for each in here.archive.listed([ItemState.SET_ASIDE])] == [other]


async def test_the_lists_for_programs_are_those_of_the_command(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        fails(here)
        documents = (await here.get("/sources.json")).json
        assert [each["id"] for each in documents] == ["desk", "other", "third"]
        table = await here.get("/sources.csv")
        assert table.headers["Content-Type"].startswith("text/csv")
        lines = table.text.splitlines()
        assert lines[0].startswith("id,name,publisher")
        assert "'=Desk" in lines[1]
        assert len(lines) == 4


def test_a_day_nobody_looked_is_a_gap_and_no_silence() -> None:
    now = NOW.replace(hour=12)
    added = now - 10 * DAY
    spans = [Span(since=added, until=now - 6 * DAY), Span(since=now - 4 * DAY, until=now)]
    drawn = pages.strip(spans, added, now, ZoneInfo("UTC"))
    assert drawn.before.count("M") == 79
    assert [(hole.since, hole.until) for hole in drawn.holes] == [(now - 6 * DAY, now - 4 * DAY)]
    assert drawn.share == pytest.approx(0.8)
    assert drawn.gaps.count("M") >= 3
    never = pages.strip([], None, now, ZoneInfo("UTC"))
    assert (never.observed, never.gaps, never.before.count("M")) == ("", "", 90)


def test_an_entry_is_cut_out_of_the_file_with_its_comments_and_without_secrets(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(
        "sources:\n"
        "- id: 'a'\n  name: one - two\n  options:\n    headers: {Authorization: Bearer abc}\n"
        "    fields:\n    - id: b\n- {id: b, url: 'https://u:p@b.test/?api_key=k1&x=2'}  # last\n# end\n",
        "utf-8",
    )
    first = overview.entry(tmp_path, "a")
    assert first is not None
    assert first.startswith("- id: 'a'\n  name: one - two\n")
    assert "abc" not in first
    assert (
        overview.entry(tmp_path, "b")
        == f"- {{id: b, url: 'https://{overview.HIDDEN}@b.test/?api_key={overview.HIDDEN}&x=2'}}  # last\n"
    )
    assert overview.entry(tmp_path, "c") is None
    assert overview.entry(tmp_path / "nowhere", "a") is None


# --- digests ---------------------------------------------------------------------------------------------------------


async def test_a_preview_is_what_the_reader_will_see_and_changes_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        here.desk.keep_story()
        page = (await here.get("/subscriptions/morning?reader=second@newsroom.test")).text
        assert "Border desk: 1 story" in page
        frame = re.search(r'<iframe class="letter" sandbox src="([^"]+)"', page)
        assert frame
        letter = await here.get(frame[1].replace("&amp;", "&"))
        assert "Story 1" in letter.text
        policy = letter.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "sandbox" in policy
        assert here.archive.outbox() == []
        told = await here.line.deliver.deliver(["morning"], forced=True)
        assert [each.stories for each in told] == [1, 1]
        assert "Border desk: 1 story" in subject_of(mails(tmp_path)[0])
        assert "nothing new" in (await here.get("/subscriptions/morning")).text.casefold()
        before = (here.desk.now - HOUR).strftime("%Y-%m-%dT%H:%M")
        assert (await here.get(f"/subscriptions/morning?at={before}")).status == 200


@pytest.mark.parametrize(("reader", "said"), [("hook", "&#34;digest&#34;"), ("feed", "&lt;entry")])
async def test_a_channel_is_shown_what_it_takes(tmp_path: Path, reader: str, said: str) -> None:
    async with served(tmp_path) as here:
        here.desk.keep_story()
        page = (await here.get(f"/subscriptions/hook?reader={reader}")).text
        assert said in page
        assert "<iframe" not in page
        assert (await here.get(f"/subscriptions/hook/preview.html?reader={reader}")).status == 404


async def test_readers_are_paused_and_resumed_as_the_commands_do(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        wish = Pause(digest_id="morning", reader="second@newsroom.test", reason=PauseReason.UNSUBSCRIBED, at=NOW)
        here.archive.pause(wish)
        answer = await here.post("/subscriptions/morning/pause", {"note": "on\x00 leave\r\n<b>"})
        assert answer.place == "/subscriptions/morning?done=paused&n=1"
        paused = {each.reader: each for each in here.archive.pauses()}
        assert paused["reader@newsroom.test"].note == "on leave <b>"
        page = (await here.get(answer.place)).text
        assert "1 reader is told nothing for now" in page
        assert "on leave &lt;b&gt;" in page
        assert "unsubscribed" in page
        listed = (await here.get("/subscriptions.json")).json
        assert len(listed[0]["pauses"]) == 2
        answer = await here.post("/subscriptions/morning/resume", {})
        assert answer.place.endswith("done=resumed&n=1")
        assert [each.reader for each in here.archive.pauses()] == ["second@newsroom.test"]
        answer = await here.post("/subscriptions/morning/resume", {"reader": "second@newsroom.test", "from_now": "1"})
        assert answer.place.endswith("done=resumed&n=1")
        assert here.archive.pauses() == []
        assert (await here.post("/subscriptions/morning/resume", {})).place.endswith("done=nobody")
        assert (await here.post("/subscriptions/morning/pause", {"reader": "stranger@x.test"})).status == 404


async def test_a_test_goes_to_the_address_and_uses_up_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        here.desk.keep_story()
        answer = await here.post("/subscriptions/morning/test", {"to": "olga@newsroom.test", "reader": ""})
        assert answer.place.endswith("done=test-sent")
        (mail,) = mails(tmp_path)
        assert "[Test] Border desk" in subject_of(mail)
        assert here.archive.outbox() == []
        for wrong in ("", "nobody", "a@b.test\r\nBcc: c@d.test", "x" * 400 + "@b.test"):
            answer = await here.post("/subscriptions/morning/test", {"to": wrong})
            assert answer.place.endswith("done=test-address"), wrong
        assert len(mails(tmp_path)) == 1


async def test_the_list_says_when_and_for_whom(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        here.archive.pause(Pause(digest_id=None, reader="hook", reason=PauseReason.FAILING, at=NOW))
        page = (await here.get("/subscriptions")).text
        assert "on weekdays at 07:00" in page
        assert "reader@newsroom.test" in page
        assert "channel takes nothing" in page
        assert "Frontières" in (await here.get("/subscriptions?lang=fr")).text


# --- outbox ----------------------------------------------------------------------------------------------------------


async def test_messages_are_paged_and_narrowed(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        numbers = [message(here, number) for number in range(53)]
        here.archive.mark_unsent(numbers[4], "550 <b>no</b>", next_try_at=None, failed=True, now=NOW)
        page = (await here.get("/outbox")).text
        shown = [int(n) for n in re.findall(r'<a href="/outbox/(\d+)">', page)]
        assert shown == numbers[:2:-1]
        assert "&lt;u&gt;hello&lt;/u&gt;" in page
        older = re.search(r'href="(/outbox\?before=\d+)"', page)
        assert older
        rest = [int(n) for n in re.findall(r'<a href="/outbox/(\d+)">', (await here.get(older[1])).text)]
        assert rest == numbers[2::-1]
        failed = (await here.get("/outbox?state=failed")).text
        assert re.findall(r'<a href="/outbox/(\d+)">', failed) == [str(numbers[4])]
        assert "550 &lt;b&gt;no&lt;/b&gt;" in failed
        assert "No message is like that" in (await here.get("/outbox?reader=nobody&state=sent")).text
        document = (await here.get("/outbox.json?digest=morning")).json
        assert len(document["messages"]) == 50
        assert (await here.get(document["next"])).json["next"] is None


async def test_a_message_is_shown_as_it_was_sent_in_a_frame_that_does_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        number = message(here, 1)
        page = (await here.get(f"/outbox/{number}")).text
        assert "&lt;u&gt;hello&lt;/u&gt;" in page
        assert f'sandbox src="/outbox/{number}/mail.html"' in page
        letter = await here.get(f"/outbox/{number}/mail.html")
        assert "It says so" in letter.text
        assert letter.headers["Content-Security-Policy"].endswith("sandbox")
        here.archive.mark_sent(number, Receipt(at=NOW - 400 * DAY, channel="smtp", answer="250 <ok>"))
        here.archive.erase_mails(NOW)
        page = (await here.get(f"/outbox/{number}")).text
        assert "Its text was erased" in page
        assert "250 &lt;ok&gt;" in page
        assert (await here.get(f"/outbox/{number}/mail.html")).status == 404
        answer = await here.post(f"/outbox/{number}/retry", {"again": "1"})
        assert answer.place.endswith("done=erased")


async def test_messages_are_sent_again_or_dropped(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        failed, sent, waiting = (message(here, number) for number in range(3))
        here.archive.mark_unsent(failed, "550", next_try_at=None, failed=True, now=NOW)
        here.archive.mark_sent(sent, Receipt(at=NOW, channel="smtp", answer="250"))

        def state(number: int) -> SendState:
            found = here.archive.message(number)
            assert found is not None
            return found.state

        assert (await here.post(f"/outbox/{failed}/retry", {})).place == f"/outbox/{failed}?done=again"
        assert state(failed) is SendState.WAITING
        assert (await here.post(f"/outbox/{sent}/retry", {})).place.endswith("done=left")
        assert state(sent) is SendState.SENT
        assert (await here.post(f"/outbox/{sent}/retry", {"again": "1"})).place.endswith("done=again")
        assert state(sent) is SendState.WAITING
        answer = await here.post(f"/outbox/{waiting}/drop", {"reason": "told by <b>phone</b>"})
        assert answer.place.endswith("done=dropped")
        assert state(waiting) is SendState.DROPPED
        assert "told by &lt;b&gt;phone&lt;/b&gt;" in (await here.get(answer.place)).text
        assert (await here.post(f"/outbox/{waiting}/drop", {})).place.endswith("done=left")
        here.archive.pause(
            Pause(digest_id="morning", reader="reader@newsroom.test", reason=PauseReason.OPERATOR, at=NOW)
        )
        answer = await here.post(f"/outbox/{failed}/retry", {})
        assert "its reader is paused" in (await here.get(answer.place)).text


async def test_all_that_failed_is_sent_again_by_one_button(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        numbers = [message(here, number) for number in range(4)]
        for number in numbers[:2]:
            here.archive.mark_unsent(number, "550", next_try_at=None, failed=True, now=NOW)
        here.archive.mark_unsent(numbers[2], "cut", next_try_at=None, doubt=True, now=NOW)
        page = (await here.get("/outbox")).text
        assert "Send the 2 failed messages again" in page
        assert "Send the 1 held message again" in page
        assert (await here.post("/outbox/retry", {"which": "failed"})).place == "/outbox?done=again&n=2"
        assert (await here.post("/outbox/retry", {"which": "held"})).place == "/outbox?done=again&n=1"
        assert (await here.post("/outbox/retry", {"which": "held"})).place == "/outbox?done=none&n=0"
        assert (await here.post("/outbox/retry", {"which": "everything"})).status == 400
        assert here.archive.outbox_counts()[SendState.WAITING] == 4


async def test_a_held_outbox_is_explained_and_released(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        number = message(here, 1)
        here.archive.mark_sending(number)
        here.archive.mark_sent(number, Receipt(at=NOW, channel="smtp", answer="250"))
        with here.archive.write() as db:  # as in a copy that was put back
            db.conn.execute("UPDATE meta SET value = 0 WHERE key = 'handed'")
        assert isinstance(here.archive.outbox_hold(), OutboxHold)
        page = (await here.get("/outbox")).text
        assert "The outbox is held" in page
        assert "Messages up to 1 were sent" in page
        answer = await here.post("/outbox/release", {})
        assert answer.place == "/outbox?done=released"
        assert here.archive.outbox_hold() is None
        assert (await here.post("/outbox/release", {})).place == "/outbox?done=not-held"


async def test_alarms_are_marked_as_seen_up_to_the_newest_that_was_shown(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        here.archive.alarm(AlarmKind.FAILED, "a mail <b>failed</b>", here.desk.now)
        page = (await here.get("/running")).text
        assert "1 thing needs a hand" in page
        assert "a mail &lt;b&gt;failed&lt;/b&gt;" in page
        upto = re.search(r'name="upto" value="(\d+)"', page)
        assert upto
        here.archive.alarm(AlarmKind.HELD, "came later", here.desk.now)
        answer = await here.post("/outbox/seen", {"upto": upto[1], "back": "running"})
        assert answer.place == "/running?done=seen&n=1"
        assert [alarm.text for alarm in here.archive.alarms(untold_only=True)] == ["came later"]


# --- what runs now ---------------------------------------------------------------------------------------------------


async def test_what_runs_now_is_refreshed_unless_paused(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        here.archive.beat(here.desk.now)
        in_bulk(here, "third")
        page = (await here.get("/running")).text
        assert 'hx-trigger="every 5s"' in page
        assert "61 items to read" in page
        assert "Nothing at this moment" in page
        part = await here.get("/running", headers={"HX-Request": "true"})
        assert "<html" not in part.text
        assert 'id="now"' in part.text
        assert "hx-trigger" not in (await here.get("/running?pause=1")).text


async def test_status_says_what_the_command_says(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        fails(here, "third")
        message(here, 1)
        said = (await here.get("/status")).json
        assert said["sources"] == {"watched": 2, "ill": ["third"], "flagged": []}
        assert (said["alive"], said["unsent"], said["unsent_states"]) == (False, 1, {"waiting": 1})
        assert set(said) == {
            "alive", "heartbeat_at", "held_by", "running", "sources", "pending", "set_aside", "unsent",
            "unsent_states", "outbox_held", "paused", "alarms",
        }  # fmt: skip


async def test_ready_is_who_can_read_the_archive(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        assert (await here.get("/readyz")).status == 200
        here.archive.path.rename(tmp_path / "elsewhere")
        answer = await here.get("/readyz")
        assert answer.status == 503
        assert str(tmp_path) not in answer.text
        assert (await here.get("/sources")).status == 503
        (tmp_path / "elsewhere").rename(here.archive.path)


# --- whatever is sent ------------------------------------------------------------------------------------------------

HOSTILE = ("", "-1", "0", str(2**63), str(2**63 - 1), "9" * 5000, "%00", "%FF", "é", "'", "<b>", "...", "1e9", "١")
FIELDS: Sequence[dict[str, str]] = (
    {}, {"item": "x"}, {"item": str(2**64)}, {"upto": "-1"}, {"reader": "\x00"}, {"which": "\x00"},
    {"note": "x" * 5000}, {"to": "\x00@"}, {"reason": "\ud7ff\x00" * 100}, {"how": "<b>"},
)  # fmt: skip


async def test_nothing_that_can_be_sent_is_a_fault_of_ours(tmp_path: Path) -> None:
    mine = [page for page in PAGES if page.path.startswith(("/sources", "/subscriptions", "/outbox", "/running"))]
    async with served(tmp_path) as here:
        message(here, 1)
        for page in mine:
            for wrong in HOSTILE:
                path = re.sub(r"\{\w+\}", wrong, page.path)
                if "GET" in page.methods:
                    names = ("q", "condition", "from", "state", "reader", "digest", "before", "at", "done", "n", "lang")
                    asked = path + "?" + "&".join(f"{name}={wrong}" for name in names)
                    assert (await here.get(asked)).status in (200, 404), asked
            known = re.sub(r"\{n\}", "1", re.sub(r"\{id\}", "morning" if "subscr" in page.path else "desk", page.path))
            if "POST" in page.methods:
                for fields in FIELDS:
                    answer = await here.post(known, fields)
                    assert answer.status in (303, 400, 404), (known, fields)
                raw = await here.post(known, b"\xff\xfe=\x00&" * 1000)
                assert raw.status in (303, 400), known
                assert (await here.get(known)).status in (404, 405)
            else:
                assert (await here.ask("HEAD", known)).status == 200, known
                assert (await here.post(known, {})).status == 405, known


async def test_what_was_done_is_said_in_fixed_words_only(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        for path in ("/sources", "/sources/desk", "/subscriptions/morning", "/outbox", "/running"):
            page = (await here.get(f"{path}?done=Send+money&n=7")).text
            assert "Send money" not in page
            assert 'class="panel flash"' not in page


async def test_every_word_is_said_in_both_languages(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        for area, path, words in (
            ("source", "/sources", pages._DONE),
            ("subscription", "/subscriptions/morning", subscriptions._DONE),
            ("outbox", "/outbox", outbox._DONE),
            ("running", "/running", {"seen": True}),
        ):
            for word in words:
                for said in ("", "&n=1", "&n=2"):
                    for language in ("en", "fr"):
                        answer = await here.get(f"{path}?done={word}{said}&lang={language}")
                        assert 'class="panel flash"' in answer.text, (area, word)


@needs_browser
@pytest.mark.slow
@pytest.mark.unmeasured
@pytest.mark.parametrize(("width", "dark", "language"), [("desk", False, "en"), ("phone", True, "fr")])
async def test_the_pages_are_for_everybody(tmp_path: Path, width: str, dark: bool, language: str) -> None:
    async with served(tmp_path) as here:
        in_bulk(here, "third")
        fails(here)
        here.desk.keep_story()
        number = message(here, 1)
        here.archive.mark_unsent(number, "550", next_try_at=None, failed=True, now=NOW)
        here.archive.alarm(AlarmKind.HELD, "a message is held", here.desk.now)
        here.archive.pause(
            Pause(digest_id="morning", reader="reader@newsroom.test", reason=PauseReason.OPERATOR, at=NOW)
        )
        async with browsing(width=width, dark=dark, language=language) as page:
            for path in ("/sources", "/sources/third", "/subscriptions", "/subscriptions/morning",
                         "/subscriptions/hook", "/outbox", f"/outbox/{number}", "/running"):  # fmt: skip
                await page.goto(here.url + path)
                assert await violations(page) == [], path
                across = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert across <= 0, path


@needs_browser
@pytest.mark.slow
@pytest.mark.unmeasured
async def test_what_runs_now_refreshes_itself_and_keeps_the_focus(tmp_path: Path) -> None:
    async with served(tmp_path) as here, browsing() as page:
        here.archive.alarm(AlarmKind.HELD, "a message is held", here.desk.now)
        await page.goto(f"{here.url}/running")
        await page.locator("#seen").focus()
        here.archive.alarm(AlarmKind.FAILED, "came while looking", here.desk.now)
        await page.get_by_text("came while looking").wait_for()
        assert await page.evaluate("document.activeElement.id") == "seen"
        await page.get_by_role("link", name="Pause").click()
        await page.get_by_text("Not refreshed").wait_for()
