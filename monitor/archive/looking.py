"""The archive's part in looking: search, lists, one thing, and figures."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from monitor.archive import Answer, Filter, Found, Holding, Marks, Member, Sort, SourceFacts, Story, Taken, Version
from monitor.archive.connection import Connected, moment, moment_or_none, stamp
from monitor.archive.passage import passage
from monitor.archive.rows import PLAIN, bare, chunks, completed, credit, kept
from monitor.archive.watching import source_state
from monitor.errors import ArchiveError
from monitor.query import Compiled, Span, parse, subject, to_fts5
from monitor.types import Kept, Relation

if TYPE_CHECKING:
    from monitor.archive.shelf import Shelf

_PAGE = 200  # articles held at once while streaming
_AHEAD = 2000  # ids asked for at once: to look for the beginnings of words costs the same however few are wanted


_LIST = "(SELECT value FROM json_each(?))"


def _list(values: Sequence[str]) -> str | None:
    return json.dumps(values) if values else None


class Looking(Connected):
    """See the contract in monitor/archive/__init__.py."""

    _shelf: "Shelf | None" = None

    def articles(self, wanted: Filter, *, newest_first: bool = False) -> Iterator[Kept]:
        for page in self._pages(wanted, text=True, newest_first=newest_first):
            yield from completed(self, (article for article, _ in page))

    def search(self, wanted: Filter, *, limit: int | None = None) -> list[Found]:
        pages = self._pages(wanted, text=False, newest_first=True, first=limit)
        answers = ((article, passage(spans)) for page in pages for article, spans in page)  # spans hold whole texts
        hits = list(islice(answers, limit))
        articles = completed(self, (article for article, _ in hits))
        return [Found(article=article, snippet=snippet) for article, (_, snippet) in zip(articles, hits, strict=True)]

    def _pages(
        self, wanted: Filter, *, text: bool, newest_first: bool = False, first: int | None = None
    ) -> Iterator[list[tuple[Kept, tuple[Span, ...]]]]:
        """Yields the wanted articles, without addresses and matches, each with what in it answers the query.

        The index only narrows: what it finds is held against the query as a live article would be. `first`: how many
        are looked at first, where no more than these may be wanted.
        """
        query = parse(wanted.query) if isinstance(wanted.query, str) else wanted.query
        narrowed = None if query is None else to_fts5(query)
        compiled = None if query is None else Compiled([query])
        last, size = None, min(_AHEAD, first or _AHEAD)
        while ids := self._candidates(wanted, narrowed, last, newest_first=newest_first, limit=size):
            last, size = ids[-1], _AHEAD
            for page in chunks(ids, _PAGE):
                articles = bare(self, page, text=text or compiled is not None)
                if compiled is None:
                    yield [(article, ()) for article in articles]
                    continue
                self.in_time()
                answers = ((article, compiled.find(subject(article)).get(0)) for article in articles)
                yield [
                    (article if text else replace(article, text=None, summary=None, listed_title=None), spans)
                    for article, spans in answers
                    if spans is not None
                ]

    def _candidates(
        self, wanted: Filter, narrowed: str | None, last: int | None, *, newest_first: bool, limit: int
    ) -> list[int]:
        """Every value goes in as a parameter.

        With a query, the index's own rowid gives the order: it finds its hits in that order, and need not sort them.
        """
        tables, number = "articles a", "a.id"
        if narrowed is not None:
            tables, number = "article_index JOIN articles a ON a.id = article_index.rowid", "article_index.rowid"
        conditions: list[tuple[str, object]] = [
            ("article_index MATCH ?", narrowed),
            ("a.pruned = ?", None if wanted.query is None else 0),
            (f"{number} {'<' if newest_first else '>'} ?", last),
            (
                f"EXISTS (SELECT 1 FROM matches m WHERE m.article = a.id AND m.topic IN {_LIST})",  # noqa: S608
                _list(wanted.topics),
            ),
            (
                "EXISTS (SELECT 1 FROM json_each(?) w WHERE w.value = a.source "
                "OR EXISTS (SELECT 1 FROM items i WHERE i.article = a.id AND i.source = w.value))",
                _list(wanted.sources),
            ),
            (f"a.publisher IN {_LIST}", _list(wanted.publishers)),
            (f"a.language IN {_LIST}", _list(wanted.languages)),
            (
                "EXISTS (SELECT 1 FROM versions v WHERE v.article = a.id AND v.number = a.version "  # noqa: S608
                f"AND v.agency IN {_LIST})",
                _list(wanted.agencies),
            ),
            (f"a.relation IN {_LIST}", _list(wanted.relations)),
            (f"{number} <= ?", wanted.upto),
            ("a.first_seen_at >= ?", wanted.since and stamp(wanted.since)),
            ("a.first_seen_at < ?", wanted.until and stamp(wanted.until)),
        ]
        where = " AND ".join(condition for condition, value in conditions if value is not None) or "1"
        bound = [value for _, value in conditions if value is not None]
        order = "DESC" if newest_first else "ASC"
        sql = f"SELECT a.id FROM {tables} WHERE {where} ORDER BY {number} {order} LIMIT ?"  # noqa: S608
        return [row[0] for row in self.rows(sql, [*bound, limit])]

    def look(
        self,
        wanted: Filter,
        *,
        sort: Sort = Sort.NEWEST,
        fold: bool = False,
        limit: int = 20,
        after: str | None = None,
        counted: bool = False,
        published: bool = False,
    ) -> Answer:
        """See the contract. By relevance, the newest 20,000 answers are weighed, and the best 1,000 of them shown."""
        from monitor.archive import cursor  # numpy, too, is for those who ask
        from monitor.archive.finding import Finding, Wish
        from monitor.archive.shelf import shelf

        query = parse(wanted.query) if isinstance(wanted.query, str) else wanted.query
        wish = Wish(sort=sort, fold=fold, limit=limit, counted=counted, published=published)
        question = repr((replace(wanted, query=None), str(query or ""), sort, fold))
        row = self.row("SELECT value FROM meta WHERE key = 'secret'")
        secret = bytes.fromhex(row[0]) if row is not None else b""  # whoever writes has made it
        place = None if after is None else cursor.read(after, secret, question)
        self._shelf = self._shelf or shelf(self.file)
        for tries_left in (2, 1, 0):
            with self.at_one_time() as db:
                with self.unhurried():
                    columns = self._shelf.columns(db.conn)
                if columns is not None:
                    answer, next_ = Finding(self, columns, self._shelf.hits, wanted, query, wish).answer(place)
                    return replace(answer, after=None if next_ is None else cursor.written(next_, secret, question))
            if tries_left == 1:
                self._shelf.forget()
        raise ArchiveError(f"{self.path}: is changed again and again while it is read; try again")

    def article(self, article_id: int) -> Kept | None:
        return kept(self, [article_id], text=True).get(article_id)

    def versions(self, article_id: int) -> list[Version]:
        sql = f"SELECT v.*, {PLAIN} AS plain FROM versions v WHERE v.article = ? ORDER BY v.number"  # noqa: S608
        rows = self.rows(sql, (article_id,))
        return [
            Version(
                number=row["number"],
                title=row["title"],
                text=row["plain"],
                published_at=moment_or_none(row["published_at"]),
                updated_at=moment_or_none(row["updated_at"]),
                seen_at=moment(row["seen_at"]),
                visit_id=row["visit"],
                partial=bool(row["partial"]),
                words=row["words"],
                authors=tuple(json.loads(row["authors"])),
                credit=credit(row),
            )
            for row in rows
        ]

    def stories(self, wanted: Filter, *, limit: int | None = None) -> Iterator[Story]:
        told: set[int] = set()
        for page in self._pages(wanted, text=False, newest_first=True):
            for story_id in dict.fromkeys(article.story_id for article, _ in page):
                if story_id not in told:
                    told.add(story_id)
                    yield self._story(story_id)
                    if len(told) == limit:
                        return

    def story(self, story_id: int) -> Story | None:
        while (row := self.row("SELECT became FROM stories WHERE id = ?", (story_id,))) is not None:
            if row[0] is None or self.row("SELECT 1 FROM articles WHERE story = ? LIMIT 1", (story_id,)):
                return self._story(story_id)
            story_id = row[0]
        return None

    def _story(self, story_id: int) -> Story:
        ids = [row[0] for row in self.rows("SELECT id FROM articles WHERE story = ? ORDER BY id", (story_id,))]
        articles = kept(self, ids, text=False)
        takes: dict[int, list[Taken]] = {}
        for row in self.rows(
            "SELECT v.article, v.number, v.title, coalesce(t.take, 1) AS take FROM versions v "
            "LEFT JOIN texts t ON t.article = v.article AND t.number = v.number "
            "WHERE v.article IN (SELECT id FROM articles WHERE story = ?) ORDER BY v.article, v.number",
            (story_id,),
        ):
            taken = Taken(version=row["number"], title=row["title"], take=row["take"])
            takes.setdefault(row["article"], []).append(taken)
        ordered = sorted(articles.values(), key=lambda a: (a.relation is not Relation.ORIGIN, a.dated_at, a.id))
        told = [article for article in ordered if article.relation is not Relation.KILL]
        return Story(
            id=story_id,
            members=tuple(
                Member(article=article, relation=article.relation, kept=article.kept, takes=tuple(takes[article.id]))
                for article in ordered
            ),
            withdrawn=all(article.withdrawn for article in told or ordered),
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

    def holding(self) -> Holding:
        row = self.row("SELECT count(*), coalesce(sum(pruned), 0), min(first_seen_at) FROM articles")
        assert row is not None  # noqa: S101 - an aggregate always has one row
        marks = self.rows("SELECT topic, revision, count(*), sum(mention) FROM matches GROUP BY 1, 2 ORDER BY 1, 2")
        return Holding(
            articles=row[0],
            erased=row[1],
            since=moment_or_none(row[2]),
            marks=tuple(Marks(topic_id=m[0], revision=m[1], articles=m[2], mentions=m[3]) for m in marks),
        )
