"""A page of answers, and the figures of all: which stand on it, in which order, and where the next one begins."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import inf

import numpy as np

from monitor.archive import Answer, Counts, Facet, Filter, Found, FoundStory, Sort
from monitor.archive.answering import Asked, Candidates
from monitor.archive.columns import Columns, Ids, counted, days
from monitor.archive.connection import Connected
from monitor.archive.cursor import Place
from monitor.archive.hits import Hits, places
from monitor.archive.passage import passage
from monitor.archive.rows import bare, chunks, completed
from monitor.query import Compiled, Query, Span, any_of, subject, terms, to_fts5
from monitor.types import Kept

BEST = 1_000
"""So many answers have an order by relevance; they are all that is shown by it."""
WEIGHED = 20_000
"""By relevance no more answers are weighed: of more the newest."""
COUNTING = 0.1
"""Seconds for holding articles against a query that the index cannot answer, to count them."""
SEARCHING = 0.3
"""Seconds for holding them against it to fill a page: then the page is shorter, and the next goes on from there."""

_WEIGHTS = "1.0, 3.0, 10.0, 6.0"  # of a hit in the text, the teaser, the title, the feed's title
_READ_AT_ONCE = 50  # articles held against a query
_STREAMED = 20_000  # rows of the index looked at one after another, before it is asked for all
_REMEMBERED = 100  # stories that were shown, named by the cursor
_OF_STORIES = 300  # articles held against a query to say how many of a story answer
_CARRIERS = 12
_PER_DAY = 86_400_000  # milliseconds
_EPOCH = date(1970, 1, 1)

Answering = tuple[int, tuple[Kept, tuple[Span, ...]] | None]
"""An article that answers; with what answers in it, where that was looked at."""
Skip = Callable[[int], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How answers are wanted; see `Archive.look`."""

    sort: Sort
    fold: bool
    limit: int
    counted: bool
    published: bool


class Finding:
    """One question to the archive at one moment; made and asked in one read transaction."""

    def __init__(
        self, archive: Connected, columns: Columns, hits: Hits, wanted: Filter, query: Query | None, wish: Wish
    ) -> None:
        self._archive = archive
        self._columns = columns
        self._query = query
        self._compiled = None if query is None else Compiled([query])
        self._wish = wish
        self._hits = hits
        self._asked = Asked(archive.db.conn, columns, hits, wanted, query)
        self._upto = columns.size - 1 if wanted.upto is None else min(wanted.upto, columns.size - 1)
        self._candidates: Candidates | None = None
        self._verdicts: dict[int, bool] = {}  # the matcher's
        self._until = time.monotonic() + SEARCHING
        self._stopped_at: int | None = None  # the last article that there was time to look at

    def answer(self, place: Place | None) -> tuple[Answer, Place | None]:
        """Returns a page, and the place where the next one begins; None where this one is the last."""
        if place is None:
            place = Place(upto=self._upto, last=0)
        self._upto = min(self._upto, place.upto)
        expression = self._weighed_by() if self._wish.sort is Sort.RELEVANCE else None
        page, after = self._by_relevance(place, expression) if expression else self._by_time(place)
        found = self._found(page)
        counts = self._counts() if self._wish.counted else None
        if self._wish.fold:
            return Answer(stories=tuple(self._stories(found)), counts=counts), after
        return Answer(articles=tuple(found), counts=counts), after

    def _all(self) -> Candidates:
        if self._candidates is None:
            found = self._asked.all()
            end = np.searchsorted(found.ids, self._upto, side="right")
            self._candidates = Candidates(ids=found.ids[:end], exact=found.exact)
            self._archive.in_time()
        return self._candidates

    # by time

    def _by_time(self, place: Place) -> tuple[list[Answering], Place | None]:
        shown = _Shown(self._columns.story, place.shown) if self._wish.fold else None
        skip = None if shown is None else self._without_former(shown, place)
        page: list[Answering] = []
        for answering in self._answering(*self._ahead(place), skip, until=self._until) if self._wish.limit else ():
            if len(page) == self._wish.limit:
                return page, self._after(place, page, page[-1][0])
            page.append(answering)
            if shown is not None:
                shown.add(answering[0])
        return page, None if self._stopped_at is None else self._after(place, page, self._stopped_at)

    def _after(self, place: Place, page: Sequence[Answering], last: int) -> Place:
        if not self._wish.fold:
            return Place(upto=self._upto, last=last)
        fresh = tuple(int(self._columns.story[number]) for number, _ in page)
        if place.last and len(place.shown) + len(fresh) > _REMEMBERED:
            return Place(upto=self._upto, last=last, known_from=place.last, shown=fresh)
        return Place(upto=self._upto, last=last, known_from=place.known_from, shown=(*place.shown, *fresh))

    def _ahead(self, place: Place) -> tuple[Iterator[Ids], bool]:
        """Returns what comes after a place, in order, and whether all of it answers."""
        wish = self._wish
        stream = None if wish.fold or wish.counted or wish.sort is Sort.OLDEST else self._asked.stream()
        if stream is None or self._hits.known(self._archive.db.conn, self._columns, stream.expression) is not None:
            return self._windows(place.last), self._all().exact
        below = place.last or self._upto + 1
        rows = self._archive.db.conn.execute(
            "SELECT rowid FROM article_index WHERE article_index MATCH ? AND rowid < ? ORDER BY rowid DESC",
            (stream.expression, below),
        )

        def streamed() -> Iterator[Ids]:
            looked_at, last, size = 0, below, 4 * wish.limit
            while found := rows.fetchmany(size):
                ids = np.array([row[0] for row in found], np.int32)
                last = found[-1][0]
                looked_at, size = looked_at + len(found), size * 2
                ids = self._asked.filtered(ids[::-1])[::-1]
                yield ids if stream.mask is None else ids[stream.mask[ids]]
                self._archive.in_time()
                if looked_at > _STREAMED:
                    rows.close()
                    yield from self._windows(last)
                    return

        return streamed(), stream.exact

    def _windows(self, last: int) -> Iterator[Ids]:
        ids = self._all().ids
        if self._wish.sort is Sort.OLDEST:
            ids = ids[np.searchsorted(ids, last, side="right") :]
        else:
            ids = ids[: np.searchsorted(ids, last)][::-1] if last else ids[::-1]
        first, size = 0, 2 * self._wish.limit
        while first < len(ids):
            yield ids[first : first + size]
            first, size = first + size, size * 2

    def _without_former(self, shown: "_Shown", place: Place) -> Skip:
        """Of stories shown so long ago that the cursor does not name them, an answer stands before its place."""
        if place.known_from is None:
            return shown.has
        ids, exact = self._all().ids, self._all().exact
        if self._wish.sort is Sort.OLDEST:
            former = ids[: np.searchsorted(ids, place.known_from, side="right")]
        else:
            former = ids[np.searchsorted(ids, place.known_from) :]
        if exact:
            shown.add_all(former)
            return shown.has

        def skip(number: int) -> bool:
            if shown.has(number):
                return True
            own = former[self._columns.story[former] == self._columns.story[number]]
            if any(True for _ in self._answering(iter([own]), False, None)):
                shown.add(number)
                return True
            return False

        return skip

    # by relevance

    def _weighed_by(self) -> str | None:
        """Returns the expression whose words weigh; None where there are none."""
        if self._query is None:
            return None
        return to_fts5(self._query) or (to_fts5(any_of(words)) if (words := list(terms(self._query))) else None)

    def _by_relevance(self, place: Place, expression: str) -> tuple[list[Answering], Place | None]:
        """The cursor names all that was shown: what others weigh meanwhile moves answers past each other."""
        former = set(place.shown)
        key: Callable[[int], int] = (lambda number: int(self._columns.story[number])) if self._wish.fold else int
        page: list[Answering] = []
        order = iter([self._best(expression)] if self._wish.limit else ())
        for answering in self._answering(order, self._all().exact, lambda number: key(number) in former):
            if len(page) == self._wish.limit:
                return page, Place(upto=self._upto, last=0, shown=tuple(former))
            page.append(answering)
            former.add(key(answering[0]))
        return page, None

    def _best(self, expression: str) -> Ids:
        ids = self._all().ids[-WEIGHED:]
        if not len(ids):
            return ids
        cursor = self._archive.db.conn.cursor()
        cursor.row_factory = None
        rows = cursor.execute(
            f"SELECT rowid, bm25(article_index, {_WEIGHTS}) FROM article_index WHERE article_index MATCH ? "  # noqa: S608
            "AND rowid BETWEEN ? AND ?",
            (expression, int(ids[0]), int(ids[-1])),
        ).fetchall()
        weights = np.zeros(len(ids))  # the lower the better
        found = np.array([row[0] for row in rows], np.int32)
        among = places(found, ids)
        weights[places(ids, found)] = np.array([row[1] for row in rows])[among]
        return ids[np.lexsort((-ids, weights))[:BEST]]

    # held against the query

    def _answering(
        self, arrays: Iterator[Ids], exact: bool, skip: Skip | None, *, until: float = inf
    ) -> Iterator[Answering]:
        """Yields what answers, in the order given; `skip` is asked again right before each."""
        before: int | None = None
        for ids in arrays:
            numbers = ids.tolist()
            if exact:
                yield from ((number, None) for number in numbers if skip is None or not skip(number))
                continue
            ahead = (number for number in numbers if self._verdicts.get(number, True) and not (skip and skip(number)))
            for chunk in chunks(ahead, _READ_AT_ONCE):
                if before is not None and time.monotonic() > until:
                    self._stopped_at = before
                    return
                for number, article, spans in self._hold(chunk):
                    if spans is not None and not (skip and skip(number)):
                        yield number, (article, spans)
                before = chunk[-1]

    def _hold(self, numbers: Sequence[int]) -> Iterator[tuple[int, Kept, tuple[Span, ...] | None]]:
        self._archive.in_time()
        for article in bare(self._archive, numbers, text=True):
            spans = () if self._compiled is None else self._compiled.find(subject(article)).get(0)
            self._verdicts[article.id] = spans is not None
            yield article.id, article, spans

    def _found(self, page: Sequence[Answering]) -> list[Found]:
        """The index only narrows: also what it finds exactly is held against the query, which says where it stands."""
        if not page:
            return []
        known = {number: found for number, found in page if found is not None}
        numbers = [number for number, found in page if found is None]
        if self._compiled is None:
            known |= {article.id: (article, ()) for article in bare(self._archive, numbers, text=False)}
        else:
            known |= {n: (article, spans) for n, article, spans in self._hold(numbers) if spans is not None}
        hits = [known[number] for number, _ in page if number in known]
        plain = [replace(article, text=None, summary=None, listed_title=None) for article, _ in hits]
        articles = completed(self._archive, plain)
        return [Found(article=a, snippet=passage(spans)) for a, (_, spans) in zip(articles, hits, strict=True)]

    # stories and figures

    def _stories(self, found: Sequence[Found]) -> Iterator[FoundStory]:
        story, words = self._columns.story, self._columns.words
        wanted = np.zeros(int(story.max(initial=0)) + 1, np.bool_)
        wanted[[each.article.story_id for each in found]] = True
        wanted[0] = False
        members: dict[int, list[int]] = {}
        for number in np.flatnonzero(wanted[story]).tolist():
            members.setdefault(int(story[number]), []).append(number)
        answers = self._answers_of(members)
        for each in found:
            own = members[each.article.story_id]
            names = dict.fromkeys(words.facts.values[int(self._columns.facts[number])].publisher for number in own)
            yield FoundStory(
                story_id=each.article.story_id,
                first=each,
                answers=answers[each.article.story_id],
                members=len(own),
                carriers=tuple(names)[:_CARRIERS],
            )

    def _answers_of(self, members: dict[int, list[int]]) -> dict[int, int]:
        candidates, left = self._all(), _OF_STORIES
        counted = {}
        for story, own in members.items():
            among = np.array(own, np.int32)
            ids = candidates.ids[places(candidates.ids, among)]
            if candidates.exact:
                counted[story] = len(ids)
                continue
            ahead = [number for number in ids.tolist() if number not in self._verdicts][:left]
            left -= len(ahead)
            for chunk in chunks(ahead, _READ_AT_ONCE):
                for _ in self._hold(chunk):
                    pass
            counted[story] = sum(self._verdicts.get(number, False) for number in ids.tolist())
        return counted

    def _counts(self) -> Counts:
        ids, since = self._countable()
        columns, words = self._columns, self._columns.words
        stories = np.zeros(int(columns.story.max(initial=0)) + 1, np.bool_)
        stories[columns.story[ids]] = True
        self._archive.in_time()
        column, units = (columns.dated, 1) if self._wish.published else (columns.seen, _PER_DAY)
        by_day = days(column, ids, units)
        facts = list(counted(words.facts.values, columns.facts, ids))
        topics = counted(words.topics.values, columns.topics, ids)
        sources = counted(words.sources.values, columns.sources, ids)
        return Counts(
            articles=len(ids),
            stories=int(np.count_nonzero(stories)),
            facets={
                Facet.TOPIC: _summed((words.topic.values[n], count) for each, count in topics for n in each),
                Facet.SOURCE: _summed((words.source.values[n], count) for each, count in sources for n in each),
                Facet.PUBLISHER: _summed((each.publisher, count) for each, count in facts),
                Facet.LANGUAGE: _summed((each.language, count) for each, count in facts),
                Facet.AGENCY: _summed((each.agency, count) for each, count in facts),
                Facet.RELATION: _summed((each.relation, count) for each, count in facts),
            },
            days={_EPOCH + timedelta(days=day): number for day, number in by_day.items()},
            whole=since is None,
            since=since,
        )

    def _countable(self) -> tuple[Ids, int | None]:
        """Returns what is counted, and from which article on, where there is no time for all."""
        candidates = self._all()
        if candidates.exact:
            return candidates.ids, None
        until, since = time.monotonic() + COUNTING, None
        for chunk in chunks(candidates.ids[::-1].tolist(), _READ_AT_ONCE):
            if since is not None and time.monotonic() > until:
                break
            for _ in self._hold([number for number in chunk if number not in self._verdicts]):
                pass
            since = chunk[-1]
        else:
            since = None
        held = candidates.ids if since is None else candidates.ids[np.searchsorted(candidates.ids, since) :]
        return np.array([n for n in held.tolist() if self._verdicts.get(n, False)], np.int32), since


class _Shown:
    """The stories that stand on this page or on former ones."""

    def __init__(self, story: Ids, known: Iterable[int]) -> None:
        self._story = story
        self._known = set(known)
        self._more: np.ndarray[tuple[int], np.dtype[np.bool_]] | None = None

    def has(self, number: int) -> bool:
        """Says whether the story of an article is among them."""
        story = int(self._story[number])
        return story in self._known or (self._more is not None and bool(self._more[story]))

    def add(self, number: int) -> None:
        """Adds the story of an article."""
        self._known.add(int(self._story[number]))

    def add_all(self, ids: Ids) -> None:
        """Adds the stories of many articles."""
        self._more = np.zeros(int(self._story.max(initial=0)) + 1, np.bool_)
        self._more[self._story[ids]] = True


def _summed(counts: Iterable[tuple[str | None, int]]) -> tuple[tuple[str, int], ...]:
    """The most first; without what is not known."""
    sums: dict[str, int] = {}
    for name, count in counts:
        if name is not None:
            sums[name] = sums.get(name, 0) + count
    return tuple(sorted(sums.items(), key=lambda each: (-each[1], each[0])))
