"""The archive's part in looking: search, lists, one thing, and figures."""

from collections.abc import Iterator, Mapping

from monitor.archive import Filter, Found, Member, SourceFacts, Story, Version
from monitor.archive.connection import Connected, Row, moment, moment_or_none, stamp
from monitor.archive.rows import chunks, kept
from monitor.archive.watching import source_state
from monitor.query import search_phrases, to_fts5
from monitor.types import Kept, Relation

_SNIPPET_WORDS = 24
_PAGE = 200  # articles held at once while streaming


class Looking(Connected):
    """See the contract in monitor/archive/__init__.py."""

    def articles(self, wanted: Filter) -> Iterator[Kept]:
        last = 0
        while ids := [row[0] for row in self._find(wanted, "a.id", after=last, order="ASC", limit=_PAGE)]:
            yield from kept(self, ids, text=True).values()
            last = ids[-1]

    def search(self, wanted: Filter, *, limit: int | None = None) -> list[Found]:
        what = "a.id"
        if wanted.query is not None:
            what += f", snippet(article_index, -1, char(2), char(3), '…', {_SNIPPET_WORDS})"
        rows = self._find(wanted, what, after=0, order="DESC", limit=limit)
        articles = kept(self, [row[0] for row in rows], text=False)
        return [Found(article=articles[row[0]], snippet=row[1] if len(row) > 1 else None) for row in rows]

    def _find(self, wanted: Filter, what: str, *, after: int, order: str, limit: int | None) -> list[Row]:
        """Every value goes in as a parameter; `what` and `order` are this module's own words.

        With a query, the index's own rowid gives the order: it finds its hits in that order, and need not sort them.
        """
        tables, number = "articles a", "a.id"
        conditions: list[tuple[str, object]] = []
        if wanted.query is not None:
            number = "article_index.rowid"
            tables = "article_index JOIN articles a ON a.id = article_index.rowid"
            conditions.append(("article_index MATCH ?", to_fts5(search_phrases(wanted.query))))
        conditions += [
            (f"{number} > ?", after),
            ("EXISTS (SELECT 1 FROM matches m WHERE m.article = a.id AND m.topic = ?)", wanted.topic),
            ("EXISTS (SELECT 1 FROM items i WHERE i.article = a.id AND i.source = ?)", wanted.source),
            ("a.publisher = ?", wanted.publisher),
            ("a.language = ?", wanted.language),
            ("a.first_seen_at >= ?", wanted.since and stamp(wanted.since)),
            ("a.first_seen_at < ?", wanted.until and stamp(wanted.until)),
        ]
        where = " AND ".join(condition for condition, value in conditions if value is not None)
        bound = [value for _, value in conditions if value is not None]
        sql = f"SELECT {what} FROM {tables} WHERE {where} ORDER BY {number} {order} LIMIT ?"  # noqa: S608
        return self.rows(sql, [*bound, -1 if limit is None else limit])

    def article(self, article_id: int) -> Kept | None:
        return kept(self, [article_id], text=True).get(article_id)

    def versions(self, article_id: int) -> list[Version]:
        rows = self.rows("SELECT * FROM versions WHERE article = ? ORDER BY number", (article_id,))
        return [
            Version(
                number=row["number"],
                title=row["title"],
                text=row["text"],
                published_at=moment_or_none(row["published_at"]),
                updated_at=moment_or_none(row["updated_at"]),
                seen_at=moment(row["seen_at"]),
                visit_id=row["visit"],
                partial=bool(row["partial"]),
                words=row["words"],
            )
            for row in rows
        ]

    def stories(self, wanted: Filter, *, limit: int | None = None) -> Iterator[Story]:
        ids: dict[int, None] = {}
        for row in self._find(wanted, "a.story", after=0, order="DESC", limit=None):
            ids[row[0]] = None
            if limit is not None and len(ids) >= limit:
                break
        for chunk in chunks(ids, _PAGE):
            for story_id in chunk:
                yield self._story(story_id)

    def _story(self, story_id: int) -> Story:
        rows = self.rows(
            "SELECT a.id, a.relation, v.text_hash FROM articles a "
            "JOIN versions v ON v.article = a.id AND v.number = a.version WHERE a.story = ? ORDER BY a.id",
            (story_id,),
        )
        articles = kept(self, [row["id"] for row in rows], text=False)
        origin = rows[0]["text_hash"]
        return Story(
            id=story_id,
            members=tuple(
                Member(
                    article=articles[row["id"]],
                    relation=Relation(row["relation"]),
                    kept=1.0 if row is rows[0] or (origin is not None and row["text_hash"] == origin) else None,
                )
                for row in rows
            ),
        )

    def facts(self) -> Mapping[str, SourceFacts]:
        visits = dict(map(tuple, self.rows("SELECT source, count(*) + sum(repeats) FROM visits GROUP BY source")))
        items: dict[str, dict[str, int]] = {}
        for row in self.rows("SELECT source, state, count(*) FROM items GROUP BY source, state"):
            items.setdefault(row[0], {})[row[1]] = row[2]
        matched = dict(
            map(
                tuple,
                self.rows(
                    "SELECT i.source, count(DISTINCT i.article) FROM items i JOIN articles a ON a.id = i.article "
                    "WHERE a.matched GROUP BY i.source"
                ),
            )
        )
        return {
            row["id"]: SourceFacts(
                state=source_state(row),
                visits=visits.get(row["id"], 0),
                items=sum(items.get(row["id"], {}).values()),
                pending=items.get(row["id"], {}).get("pending", 0),
                set_aside=items.get(row["id"], {}).get("set aside", 0),
                rejected=items.get(row["id"], {}).get("rejected", 0),
                matched=matched.get(row["id"], 0),
            )
            for row in self.rows("SELECT * FROM sources ORDER BY id")
        }
