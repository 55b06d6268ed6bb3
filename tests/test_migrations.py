"""An archive of an earlier version is brought up to date with all that it holds."""

from datetime import timedelta
from pathlib import Path

from sqlite_utils import Database

from monitor.archive.migrations import migrations
from monitor.archive.sqlite import SQLiteArchive
from monitor.types import Day
from tests.builders import NOW

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
