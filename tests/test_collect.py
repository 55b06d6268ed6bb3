"""Visit and take, where a room of ours fails: a defect costs one item or one visit, never the others."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import extract, stories
from monitor.archive import Filter
from monitor.archive.sqlite import SQLiteArchive
from monitor.crawl import Crawl
from monitor.extract import urls
from monitor.match import Matcher
from monitor.pipeline import Collect, Reader, Threads
from monitor.types import Article, Fingerprint, ItemState, Neighbour, Outcome, Placement, Read, VisitOutcome
from tests.builders import NOW, source, topic
from tests.site import Answer, Misbehaviour, Site, Visitor

READER = Reader(
    identity=urls.identity,
    from_page=extract.from_page,
    from_feed=lambda found, source, partial: extract.from_feed(found, source, partial=partial),
    match=Matcher([topic()]).match,
    fingerprint=stories.fingerprint,
    place=stories.place,
)


def feed(site: Site, *names: str) -> str:
    items = "".join(
        f"<item><title>Report {name}</title><link>{site.url(f'/{name}')}</link>"
        f"<description>They met at Roxham Road: {' '.join(f'{name}{n}' for n in range(60))}</description></item>"
        for name in names
    )
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>Desk</title>{items}</channel></rss>"


Builder = Callable[..., Collect]


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as one:
        one.put("/one.xml", feed(one, "a", "bad", "c"), type="application/rss+xml")
        one.put("/two.xml", feed(one, "d", "e"), type="application/rss+xml")
        yield one


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[SQLiteArchive]:
    opened = SQLiteArchive.for_writing(tmp_path / "roxham.db", purpose="test", now=NOW, wait=0)
    yield opened
    opened.close()


@pytest.fixture
def build(site: Site, archive: SQLiteArchive) -> Iterator[Builder]:
    threads = Threads()

    def make(rooms: Reader = READER, **changed: Any) -> Collect:
        crawl = Crawl(
            user_agent="test", clock=lambda: datetime.now(UTC), delay=timedelta(0), allow_private=["127.0.0.0/8", "::1"]
        )
        watched = [
            source(name, url=site.url(f"/{name}.xml"), read=Read.FEED, publisher=name, **changed)
            for name in ("one", "two")
        ]
        return Collect(
            sources=watched, archive=archive, crawl=crawl, rooms=rooms, threads=threads, clock=lambda: datetime.now(UTC)
        )

    yield make
    threads.close()


def titles(archive: SQLiteArchive) -> list[str]:
    return sorted(article.title for article in archive.articles(Filter()))


async def test_one_pass_visits_takes_and_counts(build: Builder, archive: SQLiteArchive) -> None:
    done = await build().collect()
    assert titles(archive) == ["Report a", "Report bad", "Report c", "Report d", "Report e"]
    assert dict(done.counts) == {Outcome.KNOWN: 0, Outcome.NEW: 5, Outcome.PENDING: 0}
    again = await build().collect()
    assert {visit.outcome for visit in again.visits} == {VisitOutcome.UNCHANGED}
    assert again.counts.total() == 0


async def test_an_item_that_cannot_be_read_is_kept_aside_and_the_others_are_kept(
    build: Builder, archive: SQLiteArchive
) -> None:
    def fingerprint(article: Article) -> Fingerprint:
        if article.title == "Report bad":
            raise RuntimeError("a defect \ud83d of ours")
        return stories.fingerprint(article)

    done = await build(replace(READER, fingerprint=fingerprint)).collect()
    assert titles(archive) == ["Report a", "Report c", "Report d", "Report e"]
    aside = archive.listed([ItemState.SET_ASIDE])
    assert [(item.title, item.reason) for item in aside] == [("Report bad", "RuntimeError: a defect \ufffd of ours")]
    assert done.counts[Outcome.REJECTED] == 1
    archive.retry(None)
    await build().collect()
    assert "Report bad" in titles(archive)


async def test_an_item_that_cannot_be_kept_is_put_aside_and_the_rest_of_its_batch_is_kept(
    build: Builder, archive: SQLiteArchive
) -> None:
    def place(article: Article, print_: Fingerprint, neighbours: Collection[Neighbour]) -> Placement:
        if article.title == "Report bad":
            raise RuntimeError("a defect of ours")
        return stories.place(article, print_, neighbours)

    await build(replace(READER, place=place)).collect()
    assert titles(archive) == ["Report a", "Report c", "Report d", "Report e"]
    assert [item.title for item in archive.listed([ItemState.SET_ASIDE])] == ["Report bad"]


async def test_an_answer_that_cannot_be_kept_fails_its_own_visit_only(build: Builder, archive: SQLiteArchive) -> None:
    def identity(url: str) -> str:
        if url.endswith("/bad"):
            raise RuntimeError("a defect of ours")
        return urls.identity(url)

    done = await build(replace(READER, identity=identity)).collect()
    assert titles(archive) == ["Report d", "Report e"]
    assert {visit.source_id: visit.outcome for visit in done.visits} == {
        "one": VisitOutcome.FAILED,
        "two": VisitOutcome.CHANGED,
    }
    assert archive.states()["one"].error == "the answer cannot be kept: RuntimeError: a defect of ours"
    await build().collect()
    assert len(titles(archive)) == 5


async def test_validators_are_not_sent_to_another_address(build: Builder, archive: SQLiteArchive, site: Site) -> None:
    site.put("/one.xml", feed(site, "a"), type="application/rss+xml", headers={"ETag": '"same"'})
    await build().collect()
    site.put("/moved.xml", feed(site, "moved"), type="application/rss+xml", headers={"ETag": '"same"'})
    moved = build()
    moved._sources["one"] = replace(moved._sources["one"], url=site.url("/moved.xml"))
    await moved.collect()
    assert "Report moved" in titles(archive)
    assert "if-none-match" not in site.asked("/moved.xml")[0].headers


async def test_a_source_that_is_switched_off_is_neither_visited_nor_read(
    build: Builder, archive: SQLiteArchive, site: Site
) -> None:
    await build().visit(due_only=False)
    assert archive.unread() == 5
    await build(enabled=False).collect()
    assert titles(archive) == []
    assert len(site.asked("/one.xml")) == 1
    await build().take()
    assert len(titles(archive)) == 5


async def test_a_source_under_way_is_left_out_also_after_an_older_round_has_ended(build: Builder, site: Site) -> None:
    def slow(seconds: float, *, after: int) -> Misbehaviour:
        def misbehave(visitor: Visitor) -> Answer:
            late = len(site.asked(visitor.path)) > after
            visitor.site.closing.wait(seconds if late else 0)
            return Answer(feed(site, "a").encode(), type="application/rss+xml")

        return misbehave

    service = build(every=timedelta(seconds=0.05))
    elsewhere = f"http://localhost:{site.port}/two.xml"  # a host of its own, whose turns are its own
    service._sources["two"] = replace(service._sources["two"], url=elsewhere)
    site.answers["/one.xml"] = slow(0.8, after=0)
    site.answers["/two.xml"] = slow(1.2, after=1)
    async with asyncio.TaskGroup() as rounds:
        first = rounds.create_task(service.visit())
        await asyncio.sleep(0.4)  # two has answered, and is due again; one has not
        second = rounds.create_task(service.visit())
        await first
        assert not second.done()
        del site.answers["/one.xml"]
        await service.visit()  # two is still under way
        assert len(site.asked("/two.xml")) == 2
    assert len(site.asked("/two.xml")) == 2
