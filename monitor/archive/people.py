"""The archive's part in people: who signed in, the searches they saved, and what they said of articles."""

import json
from collections.abc import Collection
from datetime import datetime

from monitor.archive.connection import Connected, Row, moment, stamp
from monitor.types import Feedback, FeedbackKind, SavedSearch


class People(Connected):
    """See the contract in monitor/archive/__init__.py."""

    def begin_session(self, key: bytes, user: str, mark: str, *, now: datetime, until: datetime) -> None:
        with self.write() as db:
            db.conn.execute("DELETE FROM sessions WHERE until <= ?", (stamp(now),))
            db.conn.execute(
                "INSERT INTO sessions (key, user, mark, began_at, until) VALUES (?, ?, ?, ?, ?)",
                (key, user, mark, stamp(now), stamp(until)),
            )

    def session(self, key: bytes, now: datetime) -> tuple[str, str] | None:
        row = self.row("SELECT user, mark FROM sessions WHERE key = ? AND until > ?", (key, stamp(now)))
        return None if row is None else (row["user"], row["mark"])

    def end_session(self, key: bytes) -> None:
        with self.write() as db:
            db.conn.execute("DELETE FROM sessions WHERE key = ?", (key,))

    def save_search(self, search: SavedSearch) -> int:
        said = (search.name, search.params, stamp(search.created_at), search.feed_hash)
        with self.write(durable=True) as db:
            row = db.conn.execute(
                "UPDATE saved_searches SET name = ?, params = ?, created_at = ?, feed_hash = ? "
                "WHERE id = ? AND owner = ? RETURNING id",
                (*said, search.id, search.owner),
            ).fetchone() or db.conn.execute(
                "INSERT INTO saved_searches (name, params, created_at, feed_hash, owner) VALUES (?, ?, ?, ?, ?) "
                "RETURNING id",
                (*said, search.owner),
            ).fetchone()  # fmt: skip
            return int(row[0])

    def saved_searches(self, owner: str | None = None) -> list[SavedSearch]:
        return [
            _search(row)
            for row in self.rows(
                "SELECT * FROM saved_searches WHERE ?1 IS NULL OR owner = ?1 ORDER BY created_at DESC, id DESC",
                (owner,),
            )
        ]

    def feed_search(self, feed_hash: bytes) -> SavedSearch | None:
        row = self.row("SELECT * FROM saved_searches WHERE feed_hash = ?", (feed_hash,))
        return None if row is None else _search(row)

    def forget_search(self, search_id: int, owner: str) -> bool:
        with self.write(durable=True) as db:
            gone = db.conn.execute("DELETE FROM saved_searches WHERE id = ? AND owner = ?", (search_id, owner))
            return bool(gone.rowcount)

    def give_feedback(self, feedback: Feedback) -> int:
        said = (feedback.kind.value, feedback.url, stamp(feedback.at), feedback.note)
        about = (feedback.topic_id, feedback.by, feedback.article_id)
        with self.write(durable=True) as db:
            row = db.conn.execute(
                "UPDATE feedback SET kind = ?1, url = ?2, at = ?3, note = ?4 "
                "WHERE topic = ?5 AND by = ?6 AND article IS ?7 AND (?7 IS NOT NULL OR url = ?2) RETURNING id",
                (*said, *about),
            ).fetchone() or db.conn.execute(
                "INSERT INTO feedback (kind, url, at, note, topic, by, article) VALUES (?, ?, ?, ?, ?, ?, ?) "
                "RETURNING id",
                (*said, *about),
            ).fetchone()  # fmt: skip
            return int(row[0])

    def feedback(self, topic_ids: Collection[str] | None = None) -> list[Feedback]:
        wanted = None if topic_ids is None else json.dumps(sorted(topic_ids))
        return [
            Feedback(
                id=row["id"],
                kind=FeedbackKind(row["kind"]),
                topic_id=row["topic"],
                article_id=row["article"],
                url=row["url"],
                by=row["by"],
                at=moment(row["at"]),
                note=row["note"],
            )
            for row in self.rows(
                "SELECT * FROM feedback WHERE ?1 IS NULL OR topic IN (SELECT value FROM json_each(?1)) "
                "ORDER BY at DESC, id DESC",
                (wanted,),
            )
        ]

    def take_back_feedback(self, feedback_id: int, by: str | None) -> bool:
        with self.write(durable=True) as db:
            gone = db.conn.execute("DELETE FROM feedback WHERE id = ?1 AND (?2 IS NULL OR by = ?2)", (feedback_id, by))
            return bool(gone.rowcount)


def _search(row: Row) -> SavedSearch:
    return SavedSearch(
        id=row["id"],
        name=row["name"],
        owner=row["owner"],
        params=row["params"],
        created_at=moment(row["created_at"]),
        feed_hash=row["feed_hash"],
    )
