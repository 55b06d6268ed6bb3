"""An archive of an earlier version is brought up to date with all that it holds."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from monitor.archive import Filter
from monitor.archive import migrations as steps
from monitor.archive.migrations import NAMES, migrations
from monitor.archive.sqlite import SQLiteArchive
from monitor.digest import compose
from monitor.errors import ArchiveError
from monitor.stories import fingerprint
from monitor.types import Day, Slot
from tests.builders import NOW, STORIES, subscription, topic

FIRST = """
INSERT INTO sources (id, last_visit_at, first_visit_at, last_good_at) VALUES
    ('desk', '2026-11-22T11:00:00.000Z', '2026-11-20T11:00:00.000Z', '2026-11-22T11:00:00.000Z'),
    ('silent', '2026-11-22T11:00:00.000Z', '2026-11-20T11:00:00.000Z', NULL);
INSERT INTO visits (id, source, started_at, finished_at, outcome, found, new) VALUES
    (1, 'desk', '2026-11-20T11:00:00.000Z', '2026-11-20T11:00:00.000Z', 'changed', 2, 2),
    (2, 'desk', '2026-11-21T11:00:00.000Z', '2026-11-21T11:00:00.000Z', 'changed', 2, 1),
    (3, 'desk', '2026-11-22T11:00:00.000Z', '2026-11-22T11:00:00.000Z', 'unchanged', 0, 0);
INSERT INTO items (source, key, content_hash, state, first_visit, last_visit, first_seen_at, last_seen_at) VALUES
    ('desk', 'a', '1', 'done', 1, 1, '2026-11-20T11:00:00.000Z', '2026-11-20T11:00:00.000Z'),
    ('desk', 'b', '1', 'done', 1, 2, '2026-11-20T11:00:00.000Z', '2026-11-21T11:00:00.000Z'),
    ('desk', 'c', '1', 'done', 2, 2, '2026-11-21T11:00:00.000Z', '2026-11-21T11:00:00.000Z');
"""


def test_a_source_of_the_first_version_keeps_its_habit(tmp_path: Path) -> None:
    db = Database(tmp_path / "roxham.db")
    migrations.apply(db, stop_before="m002_health")
    db.executescript(FIRST)
    db.close()
    archive = SQLiteArchive.for_writing(tmp_path / "roxham.db", purpose="test", now=NOW, wait=0)
    state = archive.states()["desk"]
    assert (state.listed, archive.states()["silent"].listed) == (2, 0)
    assert state.last_new_at == state.observed_since == state.last_good_at == NOW - timedelta(hours=1)
    assert archive.days(NOW.date() - timedelta(days=9)) == {
        "desk": [Day(day=NOW.date() - timedelta(days=1), visits=1, new=1)]
    }
    assert archive.facts()["desk"].visits == 3
    archive.close()


ARTICLES = """
INSERT INTO stories (id, created_at) VALUES (1, '2026-11-20T11:00:00.000Z'), (2, '2026-11-20T11:00:00.000Z');
INSERT INTO articles (id, story, relation, source, publisher, url, language, version, partial, matched, pruned,
    first_seen_at, last_seen_at) VALUES
    (1, 1, 'origin', 'desk', 'Desk', 'http://desk.test/a', 'en', 2, 0, 1, 0,
        '2026-11-20T11:00:00.000Z', '2026-11-20T11:00:00.000Z'),
    (2, 2, 'origin', 'desk', 'Desk', 'http://desk.test/b', 'en', 1, 0, 0, 1,
        '2026-11-20T11:00:00.000Z', '2026-11-20T11:00:00.000Z');
INSERT INTO versions (article, number, title, listed_title, text, authors, words, partial, source, seen_at) VALUES
    (1, 1, 'Former', NULL, 'Former words', '[]', 2, 0, 'desk', '2026-11-20T11:00:00.000Z'),
    (1, 2, 'Border', 'Frontier', 'Crossing at dawn', '[]', 3, 0, 'desk', '2026-11-20T11:00:00.000Z'),
    (2, 1, 'Pruned', 'Erased', NULL, '[]', 3, 0, 'desk', '2026-11-20T11:00:00.000Z');
INSERT INTO article_index (rowid, title, summary, text) VALUES (1, 'Border', NULL, 'Crossing at dawn');
INSERT INTO matches (article, topic, version, mention, revision, hits) VALUES (1, 'roxham-road', 2, 0, 'r1', '[{
    "form": "dawn", "language": "en", "place": "text", "surface": "dawn", "sentence": "Crossing at dawn",
    "start": 12, "count": 1}]');
INSERT INTO entries (kind, at, article, version, story) VALUES ('new', '2026-11-20T11:00:00.000Z', 1, 2, 1);
"""

TOPICS = """
INSERT INTO article_index (article_index) VALUES ('rebuild');
INSERT INTO entry_topics (entry, topic, mention) VALUES (1, 'roxham-road', 0);
"""


@pytest.mark.parametrize("version", range(1, len(NAMES)))
def test_an_archive_of_each_version_is_searched_by_all_it_holds_and_tells_what_it_would_have(
    tmp_path: Path, version: int
) -> None:
    db = Database(tmp_path / "roxham.db")
    migrations.apply(db, stop_before=NAMES[version])
    db.executescript(FIRST + ARTICLES)
    if version >= NAMES.index("m003_topics") + 1:
        db.executescript(TOPICS)
    db.close()
    archive = SQLiteArchive.for_writing(tmp_path / "roxham.db", purpose="test", now=NOW, wait=0)
    for word, found in (("border", [1]), ("frontier", [1]), ("dawn", [1]), ("former", []), ("pruned", []),
                        ("erased", [])):  # fmt: skip
        assert [hit.article.id for hit in archive.search(Filter(query=word))] == found, word
    archive.db.conn.execute("INSERT INTO article_index (article_index, rank) VALUES ('integrity-check', 1)")
    wanted = subscription()
    slice_ = archive.slice(wanted, wanted.to[0], [])
    digest = compose(wanted, wanted.to[0], Slot(name="s1", at=NOW), slice_, [topic()], NOW)
    assert [(line.article.title, line.matches[0].terms) for line in digest.lines] == [("Border", ("dawn",))]
    assert [archive.weave(STORIES, fingerprint) for _ in range(2)] == [3, 0]
    assert archive.slice(wanted, wanted.to[0], []).entries == slice_.entries
    assert [story.id for story in archive.stories(Filter())] == [2, 1]
    archive.db.conn.execute("INSERT INTO article_index (article_index, rank) VALUES ('integrity-check', 1)")
    archive.close()


def test_a_step_that_fails_in_the_middle_leaves_all_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = Database(tmp_path / "roxham.db")
    migrations.apply(db, stop_before="m003_topics")
    db.executescript(FIRST + ARTICLES)
    before = db.execute("SELECT name, sql FROM sqlite_schema ORDER BY 1").fetchall()
    with monkeypatch.context() as patched:
        patched.setattr(steps, "_TOPICS", steps._TOPICS + ";\nSELECT 1 FROM nowhere")
        with pytest.raises(ArchiveError):
            SQLiteArchive.for_writing(tmp_path / "roxham.db", purpose="test", now=NOW, wait=0)
    assert db.execute("SELECT name, sql FROM sqlite_schema ORDER BY 1").fetchall() == before
    assert db.execute("SELECT count(*) FROM article_index WHERE article_index MATCH 'border'").fetchone() == (1,)
    db.close()
    SQLiteArchive.for_writing(tmp_path / "roxham.db", purpose="test", now=NOW, wait=0).close()
