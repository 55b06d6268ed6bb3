"""The archive's part in saying how much is marked with each topic."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from monitor.archive import Mark, TopicCounts
from monitor.archive.connection import Connected, stamp

_AHEAD = 5000  # articles whose marks are asked for at once


class Tallying(Connected):
    """See the contract in monitor/archive/__init__.py."""

    def topic_counts(self, since: datetime) -> Mapping[str, TopicCounts]:
        rows = self.rows(
            "SELECT m.topic, count(*), sum(m.mention), count(DISTINCT a.story) FROM matches m "
            "CROSS JOIN articles a ON a.id = m.article WHERE m.article >= ? AND a.first_seen_at >= ? GROUP BY m.topic",
            (self._first(since), stamp(since)),
        )
        return {row[0]: TopicCounts(articles=row[1], mentions=row[2], stories=row[3]) for row in rows}

    def marks(self, since: datetime) -> Iterator[Mark]:
        after = self._first(since) - 1
        sql = (
            "SELECT a.id, a.story, m.topic, m.mention FROM articles a JOIN matches m ON m.article = a.id "
            "WHERE a.id > ? AND a.id <= ? AND a.first_seen_at >= ? AND a.withdrawn = 0 ORDER BY a.id"
        )
        newest = self._newest()
        while after < newest:
            for row in self.rows(sql, (after, after + _AHEAD, stamp(since))):
                yield Mark(article_id=row[0], story_id=row[1], topic_id=row[2], mention=bool(row[3]))
            after += _AHEAD

    def _first(self, since: datetime) -> int:
        """The first article from then on: numbers grow in the order in which articles became known."""
        sql = "SELECT id FROM articles WHERE first_seen_at >= ? ORDER BY first_seen_at, id LIMIT 1"
        row = self.row(sql, (stamp(since),))
        return int(row[0]) if row is not None else self._newest() + 1

    def _newest(self) -> int:
        row = self.row("SELECT coalesce(max(id), 0) FROM articles")
        assert row is not None  # noqa: S101 - an aggregate always has one row
        return int(row[0])
