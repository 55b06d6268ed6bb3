"""Alerts: at once, together, not at night, and not again in the digest unless that is asked for."""

from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.channels.maildir import Maildir
from monitor.types import Pause, PauseReason, Quiet, Schedule, Slice, Subscription
from tests.builders import NOW, article, match, subscription, words
from tests.desk import MONDAY_SEVEN, Desk, mails, plain, subject

AT_ONCE = Schedule(text="at once", at_once=True)
MINUTE = timedelta(minutes=1)


async def test_an_alert_waits_a_moment_for_what_belongs_to_it(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"), subscription(at=AT_ONCE, gather=MINUTE))
    await deliver.register()
    for _ in range(3):
        desk.keep_story()
        desk.now += timedelta(seconds=20)
        assert await deliver.deliver(gathering=True) == []
    desk.now += MINUTE
    assert [d.stories for d in await deliver.deliver(gathering=True)] == [3]
    assert await deliver.deliver(gathering=True) == []


async def test_a_deluge_is_told_after_five_windows_at_the_latest(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"), subscription(at=AT_ONCE, gather=MINUTE))
    await deliver.register()
    told = []
    for _ in range(12):
        desk.keep_story()
        told += [d.stories for d in await deliver.deliver(gathering=True)]
        desk.now += timedelta(seconds=30)
    assert told == [11]


async def test_where_nobody_watches_on_an_alert_does_not_wait(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"), subscription(at=AT_ONCE, gather=MINUTE))
    desk.keep_story()
    assert [d.stories for d in await deliver.deliver()] == [1]


async def test_an_alert_in_quiet_hours_is_told_at_their_end_with_all_that_came(desk: Desk, tmp_path: Path) -> None:
    quiet = Quiet(since=time(22), until=time(6, 30))
    deliver = desk.deliver(Maildir(tmp_path / "box"), subscription(at=AT_ONCE, quiet=quiet))
    await deliver.register()
    desk.now = NOW.replace(day=23, hour=4)  # 23:00 in Toronto
    for _ in range(2):
        desk.keep_story()
        desk.now += timedelta(hours=3)
        assert await deliver.deliver(gathering=True) == []
    desk.now = NOW.replace(day=23, hour=11, minute=31)
    assert [d.stories for d in await deliver.deliver(gathering=True)] == [2]


async def test_the_digest_does_not_repeat_what_an_alert_told(desk: Desk, tmp_path: Path) -> None:
    alert = subscription("alert", at=AT_ONCE)
    again = subscription("again", repeat_alerts=True)
    deliver = desk.deliver(Maildir(tmp_path / "box"), alert, subscription("digest"), again)
    await deliver.register()
    desk.keep_story()
    assert [(d.digest_id, d.stories) for d in await deliver.deliver()] == [("alert", 1)]
    desk.keep_story()
    desk.now = MONDAY_SEVEN
    await deliver.deliver(["alert"])
    told = {d.digest_id: (d.stories, d.state) for d in await deliver.deliver()}
    assert told == {"digest": (0, "nothing new"), "again": (2, "sent")}
    desk.now += timedelta(days=1)
    assert {d.state for d in await deliver.deliver()} == {"nothing new"}


async def test_what_comes_while_a_reader_is_paused_is_told_afterwards_in_one_mail(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"))
    await deliver.register()
    desk.archive.pause(
        Pause(digest_id="morning", reader="reader@example.test", reason=PauseReason.OPERATOR, at=desk.now)
    )
    for day in range(3):
        desk.keep_story()
        desk.now = MONDAY_SEVEN + timedelta(days=day)
        assert await deliver.deliver() == []
    desk.archive.resume("morning", "reader@example.test", desk.now)
    assert [(d.slot, d.stories) for d in await deliver.deliver()] == [("2026-11-25T07:00", 3)]


async def test_a_digest_that_its_file_pauses_tells_nobody(desk: Desk, tmp_path: Path) -> None:
    deliver = desk.deliver(Maildir(tmp_path / "box"), subscription(paused=True))
    await deliver.register()
    desk.keep_story()
    assert await deliver.deliver(forced=True) == []


async def test_silence_is_told_where_it_is_wanted(desk: Desk, tmp_path: Path) -> None:
    wanted, other = subscription("wanted", nothing_new=True), subscription("other")
    deliver = desk.deliver(Maildir(tmp_path / "box"), wanted, other)
    desk.now = MONDAY_SEVEN - timedelta(hours=2)
    await deliver.register()
    desk.keep_story("stca")  # the source was seen, and nothing of it concerns these readers
    desk.now = MONDAY_SEVEN
    assert {d.digest_id: d.state for d in await deliver.deliver()} == {"wanted": "sent", "other": "nothing new"}
    (mail,) = mails(tmp_path)
    assert "nothing new" in subject(mail)
    assert "Desk" in plain(mail)
    assert await deliver.deliver() == []


async def test_what_is_no_news_to_an_alerted_reader_is_weighed_once(desk: Desk, tmp_path: Path) -> None:
    alert = subscription("alert", at=AT_ONCE)
    deliver = desk.deliver(Maildir(tmp_path / "box"), alert)
    await deliver.register()
    for paper in ("Desk", "Gazette"):
        desk.keep(article(f"http://{paper}.test/a", publisher=paper, text=words("same")), match())
        desk.now += MINUTE
        told = await deliver.deliver(gathering=True)
        assert [d.stories for d in told] == ([1] if paper == "Desk" else [])
        assert desk.archive.slice(alert, alert.to[0], []).entries == ()
    assert len(desk.archive.outbox()) == 1


async def test_an_alerted_reader_is_looked_after_when_something_came_not_at_each_tick(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ask = desk.archive.slice

    def counted(wanted: Subscription, reader: str, *args: Any, **kwargs: Any) -> Slice:
        asked.append(reader)
        return ask(wanted, reader, *args, **kwargs)

    monkeypatch.setattr(desk.archive, "slice", counted)
    box = Maildir(tmp_path / "box")
    deliver = desk.deliver(box, subscription(at=AT_ONCE, topics=("stca",)))
    await deliver.register()
    desk.keep_story()
    for _ in range(3):
        desk.now += MINUTE
        assert await deliver.deliver(gathering=True) == []
    assert len(asked) == 1
    desk.keep_story("stca")
    assert [d.stories for d in await deliver.deliver()] == [1]
    await deliver.deliver()
    await deliver.deliver()
    assert len(asked) == 3
    await deliver.renew(desk.orders(box, subscription(at=AT_ONCE, topics=("stca", "roxham-road"))))
    await deliver.deliver()
    assert len(asked) == 4, "other orders may make news of what was none"
