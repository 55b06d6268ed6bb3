"""What `benchmarks million` makes, and makes larger, is an archive that the program can use and go on with."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks import dbsize, million, newsstand
from benchmarks.million_multiply import multiply, shifted
from monitor import extract, stories
from monitor.archive import Filter, keys
from monitor.archive.packing import mark
from monitor.archive.sqlite import SQLiteArchive
from monitor.archive.texts import load
from monitor.crawl import Crawl
from monitor.extract import urls
from monitor.match import Matcher
from monitor.pipeline import Collect, Reader, Threads
from monitor.query import parse
from monitor.types import Kept, Outcome, Read
from tests.builders import STORIES, source, topic
from tests.site import Site

ARTICLES, TIMES = 300, 3
WORDS = (None, "the", "marentide", "solvarre", '"chemin Roxham"', "source:abbotsford-front", "lang:fr les")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five months of news, so that older keys lie in blocks and younger ones in rows."""
    file = tmp_path_factory.mktemp("million") / "small.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(newsstand, "YEARS", timedelta(days=150))
        assert million.make(file, ARTICLES, processes=1) == 0
    return file


@pytest.fixture(scope="module")
def large(small: Path) -> Path:
    file = small.with_name("large.db")
    assert million.main(["multiply", str(small), str(file), "--times", str(TIMES)]) == 0
    return file


@pytest.fixture
def both(small: Path, large: Path) -> Iterator[tuple[SQLiteArchive, SQLiteArchive]]:
    one, other = SQLiteArchive.for_reading(small), SQLiteArchive.for_reading(large)
    yield one, other
    one.close()
    other.close()


Both = tuple[SQLiteArchive, SQLiteArchive]


def count(archive: SQLiteArchive, rows: str) -> int:
    found = archive.row(f"SELECT count(*) FROM {rows}")  # noqa: S608
    assert found is not None
    return int(found[0])


def copies(number: int) -> range:
    return range((number - 1) * TIMES + 1, number * TIMES + 1)


def test_the_file_is_sound_and_nothing_in_it_leads_nowhere(both: Both) -> None:
    small, large = both
    assert [row[0] for row in large.rows("PRAGMA quick_check")] == ["ok"]
    assert large.rows("PRAGMA foreign_key_check") == []
    assert large.row("PRAGMA journal_mode")[0] == "wal"  # type: ignore[index]
    made = "SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2"
    assert list(map(tuple, large.rows(made))) == list(map(tuple, small.rows(made)))


@pytest.mark.parametrize(
    "rows",
    ["articles", "versions", "stories", "items", "addresses", "matches", "entries", "entry_topics", "texts", "ties",
     "versions WHERE packed IS NULL", "texts WHERE twin IS NOT NULL", "(SELECT DISTINCT mark FROM items)",
     "(SELECT DISTINCT identity FROM addresses)", "(SELECT DISTINCT text_hash FROM versions)"],
)  # fmt: skip
def test_each_copy_has_its_own_rows(both: Both, rows: str) -> None:
    small, large = both
    assert count(large, rows) == TIMES * count(small, rows) > 0


@pytest.mark.parametrize("rows", ["sources", "visits", "days", "observed"])
def test_who_looked_when_stays(both: Both, rows: str) -> None:
    small, large = both
    assert count(large, rows) == count(small, rows) > 0


def test_numbers_still_grow_with_time(both: Both) -> None:
    _, large = both
    for table, number, at in (("articles", "id", "first_seen_at"), ("entries", "number", "at")):
        times = [row[0] for row in large.rows(f"SELECT {at} FROM {table} ORDER BY {number}")]  # noqa: S608
        assert times == sorted(times)


@pytest.mark.parametrize("asked", WORDS)
def test_searches_find_each_copy(both: Both, asked: str | None) -> None:
    small, large = (archive.look(Filter(query=asked and parse(asked)), counted=True, limit=50) for archive in both)
    assert small.counts is not None
    assert large.counts is not None
    assert large.counts.articles == TIMES * small.counts.articles > 0
    first = small.articles[0].article
    assert {found.article.id for found in large.articles[:TIMES]} == set(copies(first.id))


def test_copies_say_what_the_article_said_and_are_stories_of_their_own(both: Both) -> None:
    def said(article: Kept) -> Kept:
        return replace(article, id=0, story_id=0, url="", urls=())

    small, large = both
    assert large.holding().articles == TIMES * small.holding().articles == TIMES * ARTICLES
    most = small.row("SELECT story FROM articles GROUP BY story ORDER BY count(*) DESC, story LIMIT 1")
    assert most is not None
    before = small.story(most[0])
    assert before is not None
    assert len(before.members) > 2
    for place, number in enumerate(copies(before.id)):
        story = large.story(number)
        assert story is not None
        assert [said(member.article) for member in story.members] == [said(m.article) for m in before.members]
        assert [m.article.id for m in story.members] == [copies(m.article.id)[place] for m in before.members]
    assert len({url for archived in large.articles(Filter()) for url in archived.urls}) == count(large, "addresses")


def test_names_are_found_by_their_marks(both: Both) -> None:
    _, large = both
    for table, name in (("addresses", "identity"), ("items", "key")):
        for row in large.rows(f"SELECT url, {name}, mark FROM {table}"):  # noqa: S608
            assert (urls.identity(row[0]), mark(row[1])) == (row[1], row[2])


def test_texts_stand_under_the_keys_of_their_own_fingerprints(both: Both) -> None:
    small, large = both
    assert count(small, "key_blocks") > 100
    assert count(small, "text_keys") > 100
    of_small, of_large = (held(archive) for archive in both)
    assert {text: len(of) for text, of in of_large.items()} == {
        copy: len(of) for text, of in of_small.items() for copy in copies(text)
    }
    different = [len({frozenset(of) for of in every.values() if of}) for every in (of_small, of_large)]
    assert different[1] == TIMES * different[0]
    ids = sorted(of_large)
    with large.reading() as db:
        for text in load(db, ids):
            assert of_large[text.id] <= STORIES.keys(text.fingerprint)


def held(archive: SQLiteArchive) -> dict[int, set[int]]:
    """Returns the keys of each text, found in the way in which the program looks for them."""
    found: dict[int, set[int]] = {}
    with archive.reading() as db:
        texts = load(db, [row[0] for row in db.conn.execute("SELECT id FROM texts")])
        for text in texts:
            asked = keys.between(text.at, text.at, STORIES.keys(text.fingerprint))
            under = keys.under(db, asked, 10_000)
            found[text.id] = {key & 0xFFFFFFFF for key, of in under.items() if text.id in of}
    return found


def test_a_shifted_sample_stays_in_order_and_keeps_its_paragraphs() -> None:
    def column(hashes: list[int], paragraphs: list[int], lede: list[int]) -> bytes:
        packed = b"".join(each.to_bytes(4, "little") for each in hashes)
        return len(hashes).to_bytes(4, "little") + packed + bytes(paragraphs) + b"".join(
            each.to_bytes(4, "little") for each in lede
        )  # fmt: skip

    step = 37 << 22
    high = (1 << 32) - step + 5
    assert shifted(column([7, high], [1, 2], [9]), 1) == column([5, step + 7], [2, 1], [step + 9])
    assert shifted(column([7, high], [1, 2], [9]), 0) == column([7, high], [1, 2], [9])
    assert shifted(column([], [], []), 5) == column([], [], [])


def test_an_article_takes_as_much_room_as_before(both: Both) -> None:
    def room(archive: SQLiteArchive, name: str) -> float:
        with sqlite3.connect(archive.path) as db:
            filled = {part.name: part.bytes * part.fill for part in dbsize.parts(db)}
        return filled[name] / count(archive, "articles")

    small, large = both
    for name in ("articles", "versions", "texts", "items", "addresses", "entries"):
        assert room(large, name) == pytest.approx(room(small, name), rel=0.1), name


async def test_the_program_goes_on_from_there(large: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy(large, tmp_path))
    text = " ".join(f"word{number}" for number in range(80))
    threads, archive = Threads(), SQLiteArchive.for_writing(file, purpose="test", now=datetime.now(UTC), wait=0)
    try:
        last = archive.row("SELECT max(id), max(story) FROM articles")
        known = archive.row(
            "SELECT url, id, article FROM items WHERE source = 'abbotsford-front' ORDER BY id DESC LIMIT 1"
        )
        assert last is not None
        assert known is not None
        with Site() as site:
            listed = f"<item><link>{site.url('/new')}</link><title>New</title><description>{text}</description></item>"
            listed += f"<item><link>{known[0]}</link><title>Old</title><description>{text} too</description></item>"
            site.put(
                "/feed.xml",
                f"<rss version='2.0'><channel><title>Desk</title>{listed}</channel></rss>",
                type="application/rss+xml",
            )
            watched = source(
                "abbotsford-front", url=site.url("/feed.xml"), read=Read.FEED, publisher="Abbotsford Herald"
            )
            clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731
            crawl = Crawl(user_agent="test", clock=clock, delay=timedelta(0), allow_private=["127.0.0.0/8", "::1"])
            rooms = Reader(
                identity=urls.identity,
                from_page=extract.from_page,
                from_feed=lambda found, source, partial: extract.from_feed(found, source, partial=partial),
                match=Matcher([topic()]).match,
                fingerprint=stories.fingerprint,
                of_text=lambda article: stories.fingerprint(replace(article, body=article.text)),
                stories=STORIES,
            )
            collect = Collect(
                sources=[watched], archive=archive, crawl=crawl, rooms=rooms, threads=threads, clock=clock
            )
            done = await collect.collect()
        assert done.counts[Outcome.UNMATCHED] == 1
        again = archive.row("SELECT article, title FROM items WHERE id = ?", [known[1]])
        assert again is not None
        assert tuple(again) == (known[2], "Old")  # its address is known: it is no other article
        new = archive.look(Filter(), limit=1).articles[0].article
        assert (new.title, new.id, new.story_id) == ("New", last[0] + 1, last[1] + 1)
        assert count(archive, "articles") == last[0] + 1
        assert archive.row("INSERT INTO article_index (article_index, rank) VALUES ('integrity-check', 1)") is None
    finally:
        archive.close()
        threads.close()


def test_what_cannot_be_multiplied_is_left_alone(small: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.db"
    there.write_bytes(b"mine")
    assert multiply(small, there, 2) == 2
    assert there.read_bytes() == b"mine"
    assert multiply(tmp_path / "nowhere.db", tmp_path / "new.db", 2) == 2
    assert multiply(small, tmp_path / "new.db", 33) == 2
    assert not (tmp_path / "new.db").exists()
