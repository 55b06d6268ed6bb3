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
from monitor.types import Article, Fingerprint, ItemState, Neighbour, Outcome, Placement, Read, Robots, VisitOutcome
from spiders.options import ListingOptions
from tests.builders import NOW, STORIES, source, topic
from tests.installation import page, story
from tests.site import Answer, Misbehaviour, Site, Visitor

READER = Reader(
    identity=urls.identity,
    from_page=extract.from_page,
    from_feed=lambda found, source, partial: extract.from_feed(found, source, partial=partial),
    match=Matcher([topic()]).match,
    fingerprint=stories.fingerprint,
    of_text=lambda article: stories.fingerprint(replace(article, body=article.text)),
    stories=STORIES,
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


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def threads() -> Iterator[Threads]:
    one = Threads()
    yield one
    one.close()


@pytest.fixture
def build(site: Site, archive: SQLiteArchive, threads: Threads) -> Builder:
    def make(rooms: Reader = READER, **changed: Any) -> Collect:
        crawl = Crawl(user_agent="test", clock=now, delay=timedelta(0), allow_private=["127.0.0.0/8", "::1"])
        watched = [
            source(name, url=site.url(f"/{name}.xml"), read=Read.FEED, publisher=name, **changed)
            for name in ("one", "two")
        ]
        return Collect(sources=watched, archive=archive, crawl=crawl, rooms=rooms, threads=threads, clock=now)

    return make


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


async def test_what_an_older_program_kept_is_compared_once(build: Builder, archive: SQLiteArchive) -> None:
    collect = build()
    await collect.collect()
    with archive.write() as db:
        for table in ("ties", "text_keys", "texts"):
            db.conn.execute(f"DELETE FROM {table}")  # noqa: S608
    assert await collect.weave() == 5
    assert await collect.weave() == 0
    assert archive.row("SELECT count(DISTINCT article) FROM texts WHERE body_hash IS NOT NULL")[0] == 5  # type: ignore[index]
    with archive.write() as db:
        db.conn.execute("DELETE FROM texts")
    assert await build().weave() == 0  # it is known to be done, and looked for no more


async def test_an_item_that_cannot_be_kept_is_put_aside_and_the_rest_of_its_batch_is_kept(
    build: Builder, archive: SQLiteArchive
) -> None:
    class Defective(stories.Stories):
        def place(self, article: Article, print_: Fingerprint, neighbours: Collection[Neighbour]) -> Placement:
            if article.title == "Report bad":
                raise RuntimeError("a defect of ours")
            return super().place(article, print_, neighbours)

    await build(replace(READER, stories=Defective(body=STORIES.body))).collect()
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


async def test_an_answer_that_did_not_change_is_read_again_with_other_options(
    build: Builder, archive: SQLiteArchive, site: Site
) -> None:
    for name in ("a", "b"):
        site.put(f"/{name}", page(f"Report {name}", story(name)))
    links = "".join(f'<p class="{name}"><a href="/{name}">Report {name}</a></p>' for name in ("a", "b"))
    site.put("/news", f"<html><body>{links}</body></html>", headers={"ETag": '"same"'})
    listing = build()
    for item in ("p.a", "p", "p"):
        listing._sources["one"] = replace(
            listing._sources["one"], kind="listing", url=site.url("/news"), options=ListingOptions(item=item)
        )
        await listing.collect()
    assert {"Report a", "Report b"} <= set(titles(archive))
    assert [asked.headers.get("if-none-match") for asked in site.asked("/news")] == [None, None, '"same"']


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


async def test_a_slow_host_holds_up_no_pages_of_others_not_even_those_found_later(
    site: Site, archive: SQLiteArchive, threads: Threads
) -> None:
    slow = site.url("/slow").replace("127.0.0.1", "localhost")
    for number in range(4):
        site.put(f"/slow{number}", "<title>x</title>", delay=0.6)
    site.put("/slow.xml", feed(site, "slow0", "slow1", "slow2", "slow3").replace(site.url("/slow"), slow))
    site.put("/quick.xml", feed(site, "a"))
    crawl = Crawl(user_agent="t", clock=now, delay=timedelta(0), allow_private=["127.0.0.0/8", "::1"])
    watched = [source(name, url=site.url(f"/{name}.xml"), robots=Robots.NONE) for name in ("slow", "quick")]
    collect = Collect(sources=watched, archive=archive, crawl=crawl, rooms=READER, threads=threads, clock=now)
    await collect.visit(due_only=False)
    first = asyncio.create_task(collect.take())
    for _ in range(1000):
        if titles(archive):
            break
        await asyncio.sleep(0.01)
    site.put("/quick.xml", feed(site, "a", "b"))
    await collect.visit(["quick"], due_only=False)
    second = await collect.take()
    assert second.counts[Outcome.NEW] == 1  # `b`; of `slow` nothing was taken twice
    assert not first.done()
    done = await first
    assert done.counts.total() == 5
    assert [len(site.asked(f"/slow{number}")) for number in range(4)] == [1, 1, 1, 1]


async def test_a_page_that_was_only_put_off_costs_none_of_its_tries(
    site: Site, archive: SQLiteArchive, threads: Threads
) -> None:
    site.put("/desk.xml", feed(site, "a", "b"))
    for name in ("a", "b"):
        site.put(f"/{name}", "busy", status=429, headers={"Retry-After": "1000"})
    crawl = Crawl(user_agent="t", clock=now, delay=timedelta(0), allow_private=["127.0.0.0/8"])
    watched = [source("desk", url=site.url("/desk.xml"), robots=Robots.NONE)]
    collect = Collect(sources=watched, archive=archive, crawl=crawl, rooms=READER, threads=threads, clock=now)
    await collect.collect()
    waiting = {item.url: item for item in archive.listed([ItemState.PENDING])}
    assert (len(site.asked("/a")), len(site.asked("/b"))) == (1, 0)
    asked, put_off = waiting[site.url("/a")], waiting[site.url("/b")]
    assert (asked.failures, put_off.failures) == (1, 0)
    assert put_off.reason is not None
    assert "asked to be left alone until" in put_off.reason
    assert put_off.not_before is not None
    assert put_off.not_before > now() + timedelta(seconds=900)
    assert [article.partial for article in archive.articles(Filter())] == [True, True]
