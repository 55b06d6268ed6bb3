"""What the archive keeps in fewer bytes comes back as it was: packed texts, keys of former weeks, marks of names."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from monitor.archive import Filter, keys
from monitor.archive.migrations import NAMES, migrations
from monitor.archive.packing import mark, pack, plain
from monitor.archive.sqlite import SQLiteArchive
from monitor.listing import items
from monitor.stories import fingerprint
from monitor.types import Article, Found, Match, Outcome, Reading, Visit, VisitOutcome
from tests.builders import NOW, STORIES, article, match, words

KEY = st.integers(0, 2**32 - 1)
WEEKS = timedelta(days=12)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[SQLiteArchive]:
    opened = SQLiteArchive.for_writing(tmp_path / "roxham.db", purpose="test", now=NOW, wait=0)
    yield opened
    opened.close()


def keep(archive: SQLiteArchive, found: Article, *matches: Match, days: float = 0) -> Outcome:
    now = NOW + timedelta(days=days)
    listed = Found(url=found.addresses[0].url, title=found.title, summary="A teaser.")
    visit = Visit(
        source_id=found.source_id, started_at=now, finished_at=now, outcome=VisitOutcome.CHANGED, found=(listed,)
    )
    archive.keep_visit(visit, items([listed], lambda url: url))
    (pending,) = archive.pending(now)
    read = Reading(pending=pending, article=found, matches=matches, fingerprint=fingerprint(found))
    return archive.keep([read], STORIES, now)[0]


# --- packing ---------------------------------------------------------------------------------------------------------


@given(st.text(max_size=3_000))
def test_what_is_packed_is_the_same_again(text: str) -> None:
    assert plain(pack(text)) == text


def test_texts_and_their_marks_may_hold_halves_of_surrogates() -> None:
    assert plain(pack("a\ud800b")) == "a\ud800b"
    assert -(2**31) <= mark("\ud800") < 2**31


def test_nothing_is_packed_as_nothing() -> None:
    assert plain(None) is None


def test_what_is_about_no_topic_is_kept_packed_and_read_and_found_as_ever(archive: SQLiteArchive) -> None:
    text = f"At the border. {words('a', 200)}"
    keep(archive, article("http://desk.test/1", text=text))
    keep(archive, article("http://desk.test/2", text=f"At the river. {words('b', 200)}"), match())
    kept = archive.db.execute("SELECT text IS NULL, length(packed) FROM versions ORDER BY article").fetchall()
    assert [row[0] for row in kept] == [1, 0]
    assert kept[0][1] < 0.6 * len(text)
    (found,) = archive.articles(Filter(query="border"))
    assert found.text == text == archive.versions(1)[0].text
    assert [hit.snippet for hit in archive.search(Filter(query="border"))] != [None]
    archive.db.conn.execute("INSERT INTO article_index (article_index, rank) VALUES ('integrity-check', 1)")


def test_a_packed_text_is_erased_with_its_article(archive: SQLiteArchive) -> None:
    keep(archive, article("http://desk.test/1", text=f"At the border. {words('a', 200)}"))
    assert archive.prune(NOW + timedelta(days=1)) == 1
    assert [version.text for version in archive.versions(1)] == [None]
    assert archive.db.execute("SELECT count(*) FROM versions WHERE packed IS NOT NULL").fetchone()[0] == 0
    assert archive.search(Filter(query="border")) == []
    archive.db.conn.execute("INSERT INTO article_index (article_index, rank) VALUES ('integrity-check', 1)")


def test_what_a_source_said_of_an_item_goes_when_it_is_read(archive: SQLiteArchive) -> None:
    keep(archive, article("http://desk.test/1", text=words("a", 200)))
    assert archive.db.execute("SELECT count(*) FROM listings").fetchone()[0] == 0


# --- keys ------------------------------------------------------------------------------------------------------------


def rows(db: Database) -> set[tuple[int, int]]:
    return {tuple(row) for row in db.execute("SELECT key, text FROM text_keys")}


@given(
    st.dictionaries(st.integers(1, 2**40), st.sets(KEY, min_size=1, max_size=40), min_size=1, max_size=20),
    st.dictionaries(st.integers(1, 2**40), st.sets(KEY, min_size=1, max_size=40), max_size=5),
    st.sets(KEY, max_size=5),
)
def test_packed_keys_find_the_same_texts(
    first: dict[int, set[int]], later: dict[int, set[int]], others: set[int]
) -> None:
    db = Database(memory=True)
    db.executescript(
        "CREATE TABLE text_keys (key INTEGER NOT NULL, text INTEGER NOT NULL, PRIMARY KEY (key, text)) WITHOUT ROWID;"
        "CREATE TABLE key_blocks (block INTEGER PRIMARY KEY, held BLOB NOT NULL);"
    )
    number = keys.period(NOW)
    truth: dict[int, set[int]] = {}
    for held in (first, {text: own - first.get(text, set()) for text, own in later.items()}):
        for text, own in held.items():
            keys.add(db, text, keys.in_period(number, own))
            for key in own:
                truth.setdefault(number << 32 | key, set()).add(text)
        asked = [*truth, *keys.in_period(number, others), *keys.in_period(number + 1, others)]
        told = keys.under(db, asked, 100)
        assert told == {key: sorted(texts, reverse=True) for key, texts in truth.items()}
        assert keys.fold(db, NOW + 5 * WEEKS) == 0
        assert keys.fold(db, NOW + 6 * WEEKS) == sum(map(len, held.values()))
        assert rows(db) == set()
        assert keys.under(db, asked, 100) == told
        assert keys.used(db, asked) == truth.keys()
        assert keys.under(db, asked, 1) == {key: [max(texts)] for key, texts in truth.items()}
    db.close()


def test_a_long_period_is_packed_bit_by_bit(archive: SQLiteArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_AT_ONCE", 50)
    db, number = archive.db, keys.period(NOW)
    own = [at * 7_919_111 % 2**32 for at in range(400)]
    keys.add(db, 9, keys.in_period(number, own))
    keys.add(db, 10, [number << 32 | 5])
    told = keys.under(db, keys.in_period(number, [*own, 5]), 9)
    while keys.fold(db, NOW + 9 * WEEKS):
        assert keys.under(db, keys.in_period(number, [*own, 5]), 9) == told
    assert rows(db) == set()


def test_copies_of_a_text_whose_keys_are_packed_are_found(archive: SQLiteArchive) -> None:
    text, copy = words("ferry", 300), f"{words('ferry', 300)}\n\n{words('more', 20)}"
    assert keep(archive, article("http://desk.test/1", text=text, body=text, published_at=NOW), match()) is Outcome.NEW
    late = article("http://desk.test/2", text=words("b", 300), published_at=NOW + 7 * WEEKS)
    keep(archive, late, days=84)
    assert rows(archive.db)
    assert archive.db.execute("SELECT count(*) FROM key_blocks").fetchone()[0] > 0
    found = article("http://other.test/1", publisher="Other", source_id="other", text=copy, body=copy, published_at=NOW)
    assert keep(archive, found, match(), days=85) is Outcome.PICKUP


# --- an archive of the former version --------------------------------------------------------------------------------

FORMER = """
INSERT INTO sources (id) VALUES ('desk');
INSERT INTO visits (id, source, started_at, finished_at, outcome, found, new) VALUES
    (1, 'desk', '2026-11-20T11:00:00.000Z', '2026-11-20T11:00:00.000Z', 'changed', 2, 2);
INSERT INTO stories (id, created_at) VALUES (1, '2026-11-20T11:00:00.000Z');
INSERT INTO articles (id, story, relation, source, publisher, url, language, version, partial, matched, pruned,
    first_seen_at, last_seen_at) VALUES (1, 1, 'origin', 'desk', 'Desk', 'http://desk.test/a', 'en', 1, 0, 1, 0,
        '2026-11-20T11:00:00.000Z', '2026-11-20T11:00:00.000Z');
INSERT INTO versions (article, number, title, text, authors, words, partial, source, publisher, seen_at) VALUES
    (1, 1, 'Border', 'Crossing at dawn', '[]', 3, 0, 'desk', 'Desk', '2026-11-20T11:00:00.000Z');
INSERT INTO addresses (article, url, identity, kind, first_seen_at) VALUES
    (1, 'http://desk.test/a', 'desk.test/a', 'found', '2026-11-20T11:00:00.000Z'),
    (1, 'http://desk.test/a?p', 'desk.test/a', 'hint', '2026-11-20T11:00:00.000Z');
INSERT INTO items (id, source, key, content_hash, identity, url, title, found, state, article, attempts, not_before,
    first_visit, last_visit, first_seen_at, last_seen_at) VALUES
    (7, 'desk', 'desk.test/a', 'h', 'desk.test/a', 'http://desk.test/a', 'Border', NULL, 'done', 1, 0, NULL, 1, 1,
        '2026-11-20T11:00:00.000Z', '2026-11-20T11:00:00.000Z'),
    (8, 'desk', 'desk.test/b', 'h', 'desk.test/b', 'http://desk.test/b', 'Second',
        '{"url": "http://desk.test/b", "title": "Second", "summary": "A teaser."}', 'pending', NULL, 2, NULL, 1, 1,
        '2026-11-20T11:00:00.000Z', '2026-11-20T11:00:00.000Z');
INSERT INTO texts (id, article, number, at, language, body_hash, shingles, facts) VALUES
    (1, 1, 1, '2026-11-20T11:00:00.000Z', 'en', 'b', x'00000000', '{"title":"border","killed":"a headline"}');
INSERT INTO text_keys (key, text) VALUES (77, 1);
INSERT INTO article_index (article_index) VALUES ('rebuild');
"""


def test_an_archive_of_the_former_version_keeps_all_that_it_held(tmp_path: Path) -> None:
    db = Database(tmp_path / "roxham.db")
    migrations.apply(db, stop_before="m006_size")
    db.executescript(FORMER)
    db.close()
    archive = SQLiteArchive.for_writing(tmp_path / "roxham.db", purpose="test", now=NOW, wait=0)
    assert archive.db.execute("SELECT count(*) FROM _sqlite_migrations").fetchone()[0] == len(NAMES)
    assert archive.known_keys("desk", ["desk.test/a", "desk.test/b", "desk.test/c"]) == {"desk.test/a", "desk.test/b"}
    assert [(s.item_id, s.article_id) for s in archive.sightings("desk.test/a")] == [(7, 1)]
    (pending,) = archive.pending(NOW)
    assert (pending.item_id, pending.attempts, pending.found.summary) == (8, 2, "A teaser.")
    (hit,) = archive.search(Filter(query="dawn"))
    assert hit.article.urls == ("http://desk.test/a",)
    (neighbour,) = archive.neighbours(
        article("http://desk.test/a", publisher="Desk"), fingerprint(article("http://desk.test/a"))
    )
    assert neighbour.fingerprint is not None
    assert (neighbour.fingerprint.title, neighbour.fingerprint.killed) == ("border", "a headline")
    assert archive.db.execute("SELECT kills FROM texts").fetchone()[0] == 1
    assert keys.under(archive.db, [77], 9) == {77: [1]}
    archive.db.conn.execute("INSERT INTO article_index (article_index, rank) VALUES ('integrity-check', 1)")
    assert archive.db.execute("PRAGMA foreign_key_check").fetchall() == []
    archive.close()


def test_a_new_archive_has_pages_that_texts_fill(archive: SQLiteArchive) -> None:
    assert archive.db.execute("PRAGMA page_size").fetchone()[0] == 32_768
