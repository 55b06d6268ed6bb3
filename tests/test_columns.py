"""The columns in memory are those of the archive, after whatever was written, and whoever reads them meanwhile."""

import random
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from monitor.archive import Filter
from monitor.archive.columns import DTYPES, Columns
from monitor.archive.cursor import Place, read, written
from monitor.archive.hits import Hits
from monitor.archive.migrations import migrations
from monitor.archive.shelf import Shelf, shelf
from monitor.archive.sqlite import SQLiteArchive
from tests.builders import NOW, article, match, words
from tests.contracts.test_look import fill, ids, keep
from tests.test_migrations import ARTICLES, FIRST, TOPICS

DAY = timedelta(days=1)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[SQLiteArchive]:
    with closing(SQLiteArchive.for_writing(tmp_path / "roxham.db", purpose="test", now=NOW, wait=0)) as opened:
        yield opened


def columns(archive: SQLiteArchive, of: Shelf | None = None) -> Columns:
    with archive.at_one_time() as db:
        found = (of or shelf(archive.file)).columns(db.conn)
    assert found is not None
    return found


def spoken(found: Columns) -> list[tuple[object, ...]]:
    """What the columns say, in words."""
    say, rows = found.words, []
    for number in range(found.size):
        sources = sorted(say.source.values[each] for each in say.sources.values[found.sources[number]])
        topics = sorted(say.topic.values[each] for each in say.topics.values[found.topics[number]])
        facts = say.facts.values[found.facts[number]] if found.story[number] else None
        own = (found.story, found.seen, found.dated, found.pruned)
        rows.append((*(column[number].item() for column in own), facts, *((sources, topics) if facts else ())))
    return rows


def test_what_is_taken_in_step_by_step_is_what_is_loaded_at_once(archive: SQLiteArchive) -> None:
    kept = shelf(archive.file)
    former = [columns(archive)]
    said = [spoken(former[0])]
    for number in range(3):
        fill_more(archive, number)
        former.append(columns(archive))
        said.append(spoken(former[-1]))
        assert said[-1] == spoken(columns(archive, Shelf()))
    assert kept is shelf(archive.file)
    assert [spoken(each) for each in former] == said  # who looks meanwhile sees what was
    assert len({each.state for each in former}) == len(former)


def fill_more(archive: SQLiteArchive, number: int) -> None:
    """Writes all that columns are made of: new articles, versions, copies, listings, erasures."""
    if not number:
        fill(archive, 40)
        return
    for each in range(30):
        found = article(f"http://desk.test/{each}", text=words(f"again{number}{each}"), language="fr")
        keep(archive, found, match(f"topic{each % 3}"), at=NOW + DAY * number)
    assert archive.prune(NOW + DAY * (number - 1)) > 0 or number > 1


def test_who_lags_behind_the_log_loads_anew(archive: SQLiteArchive) -> None:
    keep(archive, article())
    before = columns(archive)
    with archive.write() as db:
        db.conn.execute("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) "
                        "INSERT INTO changed (article) SELECT 1 FROM n")  # fmt: skip
    assert archive.row("SELECT count(*) FROM changed")[0] <= 51_000  # type: ignore[index]
    keep(archive, article("http://desk.test/b", text=words("b")))
    found = columns(archive)
    assert (before.size, found.size) == (2, 3)
    assert found.words is not before.words


def test_an_archive_that_is_put_in_the_place_of_another_is_not_taken_for_it(tmp_path: Path) -> None:
    """Two archives that were one, with as many articles and as many changes, one after the other under one name."""
    path, copy = tmp_path / "roxham.db", tmp_path / "copy.db"
    with closing(SQLiteArchive.for_writing(path, purpose="test", now=NOW, wait=0)) as archive:
        keep(archive, article())
        archive.backup(copy)
        keep(archive, article("http://desk.test/b", text=f"Border. {words('b')}"))
    with closing(SQLiteArchive.for_writing(copy, purpose="test", now=NOW, wait=0)) as other:
        keep(other, article("http://desk.test/c", text=f"Frontier. {words('c')}", publisher="Other"))
    with closing(SQLiteArchive.for_reading(path)) as former:
        assert (ids(former, Filter(query="border")), ids(former, Filter(publishers=("Other",)))) == ([2], [])
        copy.rename(path)
        with closing(SQLiteArchive.for_reading(path)) as present:
            assert former._shelf is not None
            assert columns(present).state == former._shelf.columns(former.db.conn).state  # type: ignore[union-attr]
            assert (ids(present, Filter(query="border")), ids(present, Filter(publishers=("Other",)))) == ([], [2])
        assert (ids(former, Filter(query="border")), ids(former, Filter(publishers=("Other",)))) == ([2], [])


def test_an_older_snapshot_is_told_that_others_know_more(archive: SQLiteArchive) -> None:
    keep(archive, article())
    with (
        closing(SQLiteArchive.for_reading(archive.path)) as slow,
        closing(SQLiteArchive.for_reading(archive.path)) as quick,
    ):
        with slow.at_one_time() as db:
            assert db.conn.execute("SELECT count(*) FROM articles").fetchone()[0] == 1
            keep(archive, article("http://desk.test/b", text=words("b")))
            assert ids(quick, Filter()) == [2, 1]
            assert shelf(archive.file).columns(db.conn) is None
        assert ids(slow, Filter()) == [2, 1]


def test_readers_in_threads_see_whole_states_while_one_writes(archive: SQLiteArchive) -> None:
    """Each article that is kept holds the word: figures, pages and the index agree in every answer."""
    keep(archive, article(text=f"Border. {words('first')}"))
    wrong: list[object] = []
    over = threading.Event()
    looked = [0, 0, 0]

    def look(number: int) -> None:
        with closing(SQLiteArchive.for_reading(archive.path)) as reader:
            while not over.is_set() or not looked[number]:
                answer = reader.look(Filter(query="border"), limit=500, fold=number == 2, counted=True)
                shown = sorted([f.article.id for f in answer.articles] or [s.first.article.id for s in answer.stories])
                looked[number] += 1
                if answer.counts is None or shown != list(range(1, answer.counts.articles + 1)):
                    wrong.append((shown, answer.counts))

    threads = [threading.Thread(target=look, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(60):
            keep(archive, article(f"http://desk.test/{number}", text=f"Border. {words(f'w{number}x')}"), match())
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert all(looked)
    assert ids(archive, Filter(query="border"), limit=100) == list(range(61, 0, -1))


def test_an_older_archive_gets_the_facts_of_its_newest_versions(tmp_path: Path) -> None:
    db = Database(tmp_path / "roxham.db")
    migrations.apply(db, stop_before="m006_size")
    db.executescript(FIRST + ARTICLES + TOPICS)
    db.executescript(
        "UPDATE versions SET agency = 'Reuters', published_at = '2026-11-19T23:00:00.000Z' WHERE article = 1;"
        "UPDATE versions SET agency = 'Former', published_at = NULL WHERE article = 1 AND number = 1;"
        "UPDATE versions SET updated_at = '2026-11-18T01:00:00.000Z' WHERE article = 2;"
        "UPDATE items SET article = 1 WHERE key IN ('a', 'b');"
    )
    db.close()
    with closing(SQLiteArchive.for_writing(tmp_path / "roxham.db", purpose="test", now=NOW, wait=0)) as archive:
        counts = archive.look(Filter(agencies=("Reuters",)), counted=True, published=True).counts
        assert counts is not None
        assert [day.isoformat() for day in counts.days] == ["2026-11-19"]
        everything = archive.look(Filter(), counted=True, published=True).counts
        assert everything is not None
        assert sorted(day.isoformat() for day in everything.days) == ["2026-11-18", "2026-11-19"]
        assert ids(archive, Filter(query="dawn agency:reuters source:desk")) == [1]
        assert ids(archive, Filter(topics=("roxham-road",))) == [1]


def test_what_changes_nothing_that_is_looked_for_is_not_noted(archive: SQLiteArchive) -> None:
    keep(archive, article(), match())
    own = Shelf()
    before = columns(archive, own)
    with archive.write() as db:
        db.conn.execute("UPDATE articles SET last_seen_at = '2027-01-01T00:00:00.000Z', matched = 1, kept = 0.5")
        db.conn.execute("UPDATE items SET attempts = 3, article = article")
        db.conn.execute("UPDATE matches SET mention = 1")
    assert columns(archive, own) is before


def test_types_are_as_narrow_as_the_docstring_says() -> None:
    assert sum(np.dtype(each).itemsize for each in DTYPES.values()) <= 30


# --- hits ------------------------------------------------------------------------------------------------------------

EXPRESSIONS = ['"chemin"', '("roxham" OR "asile")', '("third country")', '("roxh" *)', '(("sur") NOT ("road"))']


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_remembered_hits_are_those_of_the_index(archive: SQLiteArchive, expression: str) -> None:
    """Whatever changes between: a few at the end, or many anywhere."""
    hits, own = Hits(), Shelf()
    chance = random.Random(5)  # noqa: S311 - to be repeated, not to be secret
    fill(archive, 30)
    for number in range(8):
        with archive.at_one_time() as db:
            now = own.columns(db.conn)
            assert now is not None
            found = hits.find(db.conn, now, expression)
            fresh = Hits().find(db.conn, now, expression)
            assert found.tolist() == sorted(fresh.tolist()) == fresh.tolist()
            assert number == 0 or hits.known(db.conn, now, expression) is not None
        for each in chance.sample(range(30), chance.choice([0, 1, 9])):
            text = " ".join(chance.choices(["Roxham", "Road", "chemin", "third", "country", "sur"], k=30))
            keep(archive, article(f"http://desk.test/{each}", text=f"{text} {number}", title=f"Other {number}"))
        keep(archive, article(f"http://new.test/{number}", text=f"Chemin sur Roxham {words(f'n{number}')}"))


def test_what_is_remembered_is_bounded(archive: SQLiteArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.archive.hits._LARGEST", 60)
    fill(archive, 30)
    now, hits = columns(archive), Hits()
    for expression in EXPRESSIONS * 2:
        hits.find(archive.db.conn, now, expression)
    assert hits.known(archive.db.conn, now, EXPRESSIONS[0]) is None
    assert hits.known(archive.db.conn, now, EXPRESSIONS[-1]) is not None


# --- cursors ---------------------------------------------------------------------------------------------------------

PLACES = st.builds(
    Place,
    upto=st.integers(0, 2**31),
    last=st.integers(0, 2**31),
    known_from=st.none() | st.integers(0, 2**31),
    shown=st.sets(st.integers(1, 2**31), max_size=50).map(sorted).map(tuple),
)


@given(place=PLACES, question=st.text(max_size=20), secret=st.binary(max_size=64))
def test_a_cursor_says_what_was_written_and_only_to_whom(place: Place, question: str, secret: bytes) -> None:
    text = written(place, secret, question)
    assert text.replace("-", "").replace("_", "").isalnum()
    assert read(text, secret, question) == place
    with pytest.raises(ValueError, match="begin again"):
        read(text, secret, question + "x")


@given(text=st.text(max_size=60))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="begin again"):
        read(text, b"secret", "question")
