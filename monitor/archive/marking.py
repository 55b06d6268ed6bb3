"""The archive's part in marking anew: what it holds gets the matches of the present topics; nobody is told again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlite_utils import Database

from monitor.archive import Marked, Remarked
from monitor.archive.connection import Connected, Row
from monitor.archive.rows import pack_hits
from monitor.types import Place


class Marking(Connected):
    """See the contract in monitor/archive/__init__.py."""

    def remark(self, marked: Sequence[Marked], *, tell: bool = False) -> Remarked:
        by_id = {mark.article_id: mark for mark in marked}
        ids = json.dumps(list(by_id))
        within = "IN (SELECT value FROM json_each(?))"
        with self.write() as db:
            question = f"SELECT id, version, pruned, withdrawn FROM articles WHERE id {within}"  # noqa: S608
            articles = {row["id"]: row for row in db.conn.execute(question, (ids,))}
            had: dict[int, dict[str, Row]] = {}
            for row in db.conn.execute(f"SELECT * FROM matches WHERE article {within}", (ids,)):  # noqa: S608
                had.setdefault(row["article"], {})[row["topic"]] = row
            changes = _Changes()
            for number, mark in by_id.items():
                article = articles.get(number)
                if article is None or article["version"] != mark.version:
                    changes.skipped += 1
                else:
                    mark = _without_sentences(mark) if article["withdrawn"] else mark
                    changes.add(mark, had.get(number, {}), whole=mark.whole and not article["pruned"])
            changes.write(db)
            if tell:
                changes.tell(db)
            return Remarked(
                gained=changes.gained, lost=len(changes.gone), changed=changes.changed, skipped=changes.skipped
            )


def _without_sentences(mark: Marked) -> Marked:
    """Returns a marking without the words of a text that was withdrawn meanwhile; headlines stay."""
    matches = tuple(
        replace(
            match,
            hits=tuple(
                hit if hit.place is Place.TITLE else replace(hit, sentence=hit.surface, start=0) for hit in match.hits
            ),
        )
        for match in mark.matches
    )
    return replace(mark, matches=matches)


class _Changes:
    """What one marking changes."""

    def __init__(self) -> None:
        self._rows: list[tuple[object, ...]] = []
        self._news: dict[int, list[tuple[str, bool]]] = {}  # article -> topics that are gained or more than a mention
        self.gone: list[tuple[int, str]] = []
        self.gained = self.changed = self.skipped = 0

    def add(self, mark: Marked, had: Mapping[str, Row], *, whole: bool) -> None:
        """Takes in what an article has and is to have; what is not `whole` proves no absence."""
        for match in mark.matches:
            old = had.get(match.topic_id)
            mention = match.mention and (whole or old is None or bool(old["mention"]))
            hits = pack_hits(match.hits)
            if old is None:
                self.gained += 1
            elif not whole and old["revision"] == match.revision:
                continue  # the whole text made it
            elif (old["revision"], old["mention"], old["hits"]) != (match.revision, mention, hits):
                self.changed += 1
            else:
                continue
            self._rows.append((mark.article_id, match.topic_id, mark.version, mention, match.revision, hits))
            if old is None or (old["mention"] and not mention):
                self._news.setdefault(mark.article_id, []).append((match.topic_id, mention))
        if whole:
            self.gone += [(mark.article_id, topic) for topic in had.keys() - {match.topic_id for match in mark.matches}]

    def write(self, db: Database) -> None:
        """Writes them. An article that ever matched stays one that did: a slip in a topic must not cost its text."""
        db.conn.executemany("DELETE FROM matches WHERE article = ? AND topic = ?", self.gone)
        db.conn.executemany(
            "INSERT INTO matches (article, topic, version, mention, revision, hits) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET version = excluded.version, mention = excluded.mention, "
            "revision = excluded.revision, hits = excluded.hits",
            self._rows,
        )
        db.conn.executemany("UPDATE articles SET matched = 1 WHERE id = ?", [(row[0],) for row in self._rows])

    def tell(self, db: Database) -> None:
        """Lets the entries of these articles tell of what is news."""
        entries = db.conn.execute(
            "SELECT number, article FROM entries WHERE article IN (SELECT value FROM json_each(?))",
            (json.dumps(list(self._news)),),
        ).fetchall()
        db.conn.executemany(
            "INSERT INTO entry_topics (entry, topic, mention) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET mention = min(mention, excluded.mention)",
            [(entry, topic, mention) for entry, article in entries for topic, mention in self._news[article]],
        )
