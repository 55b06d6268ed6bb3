"""An archive of an earlier version is brought up to date with all that it holds."""

import json
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
from monitor.types import Day, Format, SendState, Slot
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


MARKED = FIRST.replace("(source, key,", "(source, key, mark,").replace("""', '1',""", """', 0, '1',""")
"""With what items have since m006_size."""


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
    db.executescript((FIRST if version <= NAMES.index("m006_size") else MARKED) + ARTICLES)
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


MAILS = """
INSERT INTO outbox (id, message_id, subscription, reader, slot, subject, raw, after, upto, stories, state, attempts,
    doubts, created_at, next_try_at, error, receipt_at, receipt_channel, receipt_answer) VALUES
    (1, '<1@test>', 'morning', 'reader@example.test', 's1', 'One', x'6f6e65', 0, 1, 1, 'sent', 2, 1,
        '2026-11-20T12:00:00.000Z', NULL, NULL, '2026-11-20T12:00:09.000Z', 'email', '250 ok'),
    (2, '<2@test>', 'evening', 'reader@example.test', 's1', 'Two', x'74776f', 0, 1, 0, 'waiting', 1, 0,
        '2026-11-20T12:00:00.000Z', '2026-11-20T12:01:00.000Z', '451 later', NULL, NULL, NULL),
    (3, '<3@test>', 'evening', 'other@example.test', 's1', 'Three', x'33', 0, 1, 1, 'failed', 1, 0,
        '2026-11-20T12:00:00.000Z', NULL, '550 no', NULL, NULL, NULL),
    (4, '<4@test>', 'evening', 'third@example.test', 's1', 'Four', x'34', 0, 1, 1, 'sending', 0, 0,
        '2026-11-20T12:00:00.000Z', '2026-11-20T12:00:00.000Z', NULL, NULL, NULL, NULL);
INSERT INTO slots (subscription, reader, slot, at, served_at, scheduled, message) VALUES
    ('morning', 'reader@example.test', 's1', '2026-11-20T12:00:00.000Z', '2026-11-20T12:00:00.000Z', 1, 1),
    ('morning', 'reader@example.test', 's2', '2026-11-21T12:00:00.000Z', '2026-11-21T12:00:00.000Z', 1, NULL);
INSERT INTO readers (subscription, reader, after, since) VALUES
    ('morning', 'reader@example.test', 1, '2026-11-19T12:00:00.000Z');
INSERT INTO ledger (reader, story, article, version, subscription, message, told_at) VALUES
    ('reader@example.test', 1, 1, 1, 'morning', 1, '2026-11-20T12:00:00.000Z'),
    ('reader@example.test', 2, 1, 2, 'morning', 1, '2026-11-20T12:00:00.000Z'),
    ('other@example.test', 1, 1, 1, 'evening', 3, '2026-11-20T12:00:00.000Z'),
    ('third@example.test', 1, 1, 1, 'evening', 4, '2026-11-20T12:00:00.000Z');
UPDATE versions SET partial = 1 WHERE article = 1 AND number = 1;
"""


@pytest.mark.parametrize("version", range(1, NAMES.index("m005_telling") + 1))
def test_mails_and_what_readers_were_told_outlive_the_change(tmp_path: Path, version: int) -> None:
    path = tmp_path / "roxham.db"
    db = Database(path)
    migrations.apply(db, stop_before=NAMES[version])
    db.executescript(FIRST + ARTICLES + MAILS)
    if version >= NAMES.index("m003_topics") + 1:
        db.executescript(TOPICS)
    db.execute("INSERT INTO entries (kind, at, article, version, story) VALUES ('version', ?, 1, 2, 1)",
               ("2026-11-21T11:00:00.000Z",))  # fmt: skip
    db.conn.commit()
    db.close()
    archive = SQLiteArchive.for_writing(path, purpose="test", now=NOW, wait=0)
    sent, waiting, failed, sending = archive.outbox()
    assert [m.state for m in (sent, waiting, failed, sending)] == [
        SendState.SENT, SendState.WAITING, SendState.FAILED, SendState.SENDING,
    ]  # fmt: skip
    assert sent.receipt is not None
    assert (sent.receipt.answer, sent.attempts, sent.doubts, sent.erased) == ("250 ok", 2, 1, False)
    whole = archive.message(2)
    assert whole is not None
    assert (whole.message.raw, whole.message.format, whole.message.whole) == (b"two", Format.MAIL, None)
    assert (archive.due_messages(NOW), [m.id for m in archive.interrupted()]) == ([2], [4])
    assert archive.served_until("morning", "reader@example.test") == NOW - timedelta(days=1)
    assert [(t.subscription_id, t.reader) for t in archive.tellings(1)] == [
        ("evening", "other@example.test"), ("morning", "reader@example.test"), ("evening", "third@example.test"),
    ]  # fmt: skip
    told = {}
    for name in ("reader", "third", "other"):
        wanted = subscription("evening" if name != "reader" else "morning", to=(f"{name}@example.test",))
        slice_ = archive.slice(wanted, wanted.to[0], [], at=NOW - timedelta(days=1, hours=12))
        told[name] = [(t.article_id, t.version, t.partial) for t in slice_.told]
        assert (slice_.after, slice_.upto) == (1 if name == "reader" else 0, 1)
        again = archive.slice(wanted, wanted.to[0], [])
        if name == "third":
            assert [entry.number for entry in again.entries if entry.version == 2][-1:] == [2]
    assert told == {"reader": [], "third": [(1, 1, True)], "other": []}
    assert archive.outbox_hold() is None
    archive.mark_unsent(4, "killed", next_try_at=NOW, doubt=True)
    archive.mark_sending(4)
    assert json.loads(path.with_name("roxham.db.outbox").read_text())["handed"] == 6  # five were, as far as is known
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
