"""The pages that mails lead to, over the real archive: what a link does, and what it leaves alone."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

from aiohttp import ClientSession

from monitor import app
from monitor.types import Pause, PauseReason
from monitor.web import assemble, serve
from tests.configuration import loaded
from tests.desk import Desk, mails

TOPICS = "topics:\n  - {id: roxham-road, any: {en: ['\"Roxham Road\"'], fr: [Roxham]}}\n"
MONITOR = """\
contact: desk@newsroom.test
mail: {via: 'maildir:box', from: Roxham <roxham@newsroom.org>, returns: 'maildir:returned'}
web: {base_url: 'https://news.newsroom.org'}
channels: {border: {via: atom, path: feeds/border.atom}}
"""
DIGESTS = """\
digests:
  - {id: morning, title: Border desk, topics: [roxham-road], most: 1, to: [reader@newsroom.org]}
  - {id: feed, topics: [roxham-road], at: at once, to: [border]}
"""


@dataclass
class Open:
    """An installation with its pages served."""

    folder: Path
    line: app.Line
    desk: Desk
    visitor: ClientSession
    url: str

    async def told(self) -> EmailMessage:
        """Tells everybody what is new, and returns the mail."""
        before = set(mails(self.folder))
        await self.line.deliver.deliver(forced=True)
        (mail,) = set(mails(self.folder)) - before
        return BytesParser(policy=default).parsebytes(mail)

    def pauses(self) -> list[tuple[str | None, str, PauseReason]]:
        return [(p.digest_id, p.reader, p.reason) for p in self.line.archive.pauses()]

    async def asked(self, method: str, path: str, **options: object) -> tuple[int, str]:
        async with self.visitor.request(method, self.url + path, **options) as answer:  # type: ignore[arg-type]
            return answer.status, await answer.text()


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Open]:
    config = loaded(folder, monitor=MONITOR, topics=TOPICS, digests=DIGESTS)
    with app.writing(config, purpose="test") as archive, app.line(config, archive) as line:
        await line.deliver.register()
        with app.beside(lambda: line, folder) as onlooker:
            async with serve(assemble(onlooker), "127.0.0.1", 0) as port, ClientSession() as visitor:
                desk = Desk(archive, line.threads, now=app.utc_now())
                yield Open(folder, line, desk, visitor, f"http://127.0.0.1:{port}")


def paths(mail: EmailMessage) -> list[str]:
    """The paths of the links into the pages."""
    body = mail.get_body(("html",))
    assert body is not None
    return re.findall(r'href="https://news\.newsroom\.org(/[^"]+)"', body.get_content())


async def test_the_link_of_a_mail_ends_that_digest_and_can_be_taken_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        here.desk.keep_story()
        mail = await here.told()
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        (link,) = (path for path in paths(mail) if path.startswith("/unsubscribe/"))
        assert f"<https://news.newsroom.org{link}>" in mail["List-Unsubscribe"]
        status, page = await here.asked("GET", link)
        assert (status, here.pauses()) == (200, [])
        assert "Border desk" in page
        assert (await here.asked("POST", link, data={"List-Unsubscribe": "One-Click"}))[0] == 200
        assert here.pauses() == [("morning", "reader@newsroom.org", PauseReason.UNSUBSCRIBED)]
        here.desk.keep_story()
        told = await here.line.deliver.deliver(forced=True)
        assert [d.reader for d in told] == ["border"]
        assert (await here.asked("POST", link, data={"wish": "again"}))[0] == 200
        assert here.pauses() == []
        assert "Story 2" in str((await here.told())["Subject"])


async def test_who_takes_back_their_wish_does_not_end_a_pause_of_the_operators(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        here.desk.keep_story()
        (link,) = (path for path in paths(await here.told()) if path.startswith("/unsubscribe/"))
        operators = Pause(
            digest_id="morning", reader="reader@newsroom.org", reason=PauseReason.OPERATOR, at=app.utc_now()
        )
        here.line.archive.pause(operators)
        assert (await here.asked("POST", link, data={"wish": "again"}))[0] == 200
        assert here.pauses() == [("morning", "reader@newsroom.org", PauseReason.OPERATOR)]


async def test_what_a_mail_left_out_stands_on_its_page(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        for _ in range(3):
            here.desk.keep_story()
        mail = await here.told()
        plain = mail.get_body(("plain",))
        assert plain is not None
        assert "Story 1" not in plain.get_content()
        (link,) = {path for path in paths(mail) if path.startswith("/digests/")}
        status, page = await here.asked("GET", link)
        assert status == 200
        assert all(f"Story {number}" in page for number in (1, 2, 3))
        assert (await here.asked("GET", link + "x"))[0] == 404


async def test_a_feed_is_read_where_it_was_written(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        assert (await here.asked("GET", "/feeds/border.atom"))[0] == 404
        here.desk.keep_story()
        await here.line.deliver.deliver(forced=True)
        status, feed = await here.asked("GET", "/feeds/border.atom")
        assert status == 200
        assert "Story 1" in feed
        assert (await here.asked("GET", "/feeds/morning.atom"))[0] == 404


async def test_the_sign_of_life_is_the_heartbeat(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        assert (await here.asked("GET", "/livez"))[0] == 503
        here.line.archive.beat(app.utc_now())
        assert (await here.asked("GET", "/livez"))[0] == 200


async def test_a_mail_that_asks_for_it_ends_a_digest_too(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        here.desk.keep_story()
        (link,) = (path for path in paths(await here.told()) if path.startswith("/unsubscribe/"))
        box = tmp_path / "returned" / "new"
        box.mkdir(parents=True)
        (tmp_path / "returned" / "cur").mkdir()
        (box / "1.wish").write_bytes(f"From: a@b.org\nSubject: unsubscribe {link.rpartition('/')[2]}\n\n\n".encode())
        assert here.line.returned is not None
        assert (await here.line.returned.read()).unsubscribed == 1
        assert here.pauses() == [("morning", "reader@newsroom.org", PauseReason.UNSUBSCRIBED)]
