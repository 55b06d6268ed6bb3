"""Many queries, held against one article at a time. This is the only authority on what a query finds.

All terms of all queries stand in one trie of words: a text costs one look for each of its different words, and one walk
wherever a term may begin, however many terms there are. A query is looked at only when one of its guards (tree.py) was
found.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import inf

from monitor.query.tree import About, And, Fact, Near, Not, Or, Query, Scope, Term, guards, terms
from monitor.text import folded_words, places
from monitor.types import Article, Kept, Place

_SCOPES = {Place.TITLE: Scope.TITLE, Place.SUMMARY: Scope.TEXT, Place.TEXT: Scope.TEXT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What queries are held against: the texts of an article in reading order, and what is known of it."""

    texts: tuple[tuple[Place, str], ...]
    sources: tuple[str, ...]  # ids
    publisher: str
    agency: str | None
    language: str | None


def subject(article: Article | Kept) -> Subject:
    """Returns what of an article counts: headlines, teaser and text, and what is known of it."""
    texts = [(Place.TITLE, article.title)]
    if article.listed_title:
        texts.append((Place.TITLE, article.listed_title))
    if article.summary:
        texts.append((Place.SUMMARY, article.summary))
    if article.text:
        texts.append((Place.TEXT, article.text))
    return Subject(
        texts=tuple(texts),
        sources=article.source_ids if isinstance(article, Kept) else (article.source_id,),
        publisher=article.publisher,
        agency=article.credit.agency,
        language=article.language,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a term stands: in which text (its number in the subject), by words and by characters; ends exclusive."""

    term: Term
    place: Place
    number: int
    text: str = field(repr=False)
    first: int  # words
    last: int
    start: int  # characters
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Why a query is true of an article.

    `anchors` are the spans by which its hits are counted: those of the rarest of the terms that it joins by AND.
    """

    spans: tuple[Span, ...]  # in reading order
    anchors: tuple[Span, ...]


Hidden = Callable[[Span], bool]
"""Says of a span that it does not count."""


_MOST_KNOWN = 100_000  # words


class _Node:
    """A step of the trie: the words that may follow, and the terms that end here.

    Of beginnings of words it knows how long those with a first letter are: a word costs one look for each length,
    however many there are.
    """

    __slots__ = ("ends", "lengths", "next", "prefixes")

    def __init__(self) -> None:
        self.next: dict[str, _Node] = {}
        self.ends: list[int] = []
        self.prefixes: dict[str, list[int]] = {}
        self.lengths: dict[str, tuple[int, ...]] = {}

    def add_prefix(self, prefix: str, number: int) -> None:
        self.prefixes.setdefault(prefix, []).append(number)
        self.lengths[prefix[0]] = tuple({*self.lengths.get(prefix[0], ()), len(prefix)})

    def begun(self, word: str) -> list[int]:
        """Returns the terms that end here with a beginning of the word."""
        lengths = self.lengths.get(word[0], ())
        return [number for length in lengths for number in self.prefixes.get(word[:length], ())]


class Hits:
    """What of all terms stands in one subject."""

    def __init__(self, subject: Subject, found: Mapping[int, Sequence[tuple[int, int, int]]], terms: Sequence[Term]):
        self.subject = subject
        self._terms = terms
        self._found = found
        self._spans: dict[int, tuple[Span, ...]] = {}
        self._places: dict[int, dict[int, tuple[int, int]]] = {}

    @property
    def numbers(self) -> Collection[int]:
        """The numbers of the terms that may stand in the subject."""
        return self._found.keys()

    def spans(self, number: int) -> tuple[Span, ...]:
        """Returns where a term stands, in reading order."""
        if number not in self._found:
            return ()
        if (known := self._spans.get(number)) is None:
            term = self._terms[number]
            all_ = (self._span(term, *hit) for hit in dict.fromkeys(sorted(self._found[number])))
            known = self._spans[number] = tuple(span for span in all_ if _as_written(span, self._words_of))
        return known

    def _span(self, term: Term, number: int, first: int, last: int) -> Span:
        place, text = self.subject.texts[number]
        where = self._words_of(number)
        return Span(
            term=term,
            place=place,
            number=number,
            text=text,
            first=first,
            last=last,
            start=where[first][0],
            end=where[last - 1][1],
        )

    def _words_of(self, number: int) -> Mapping[int, tuple[int, int]]:
        """Where those words of a text stand that any hit needs."""
        if (where := self._places.get(number)) is None:
            hits = (hit for hits in self._found.values() for hit in hits if hit[0] == number)
            needed = {word for _, first, last in hits for word in range(first, last)}
            where = self._places[number] = places(self.subject.texts[number][1], needed)
        return where

    @cached_property
    def before(self) -> tuple[int, ...]:
        """How many words stand before each text, were all of them one."""
        counts = [0]
        for _, text in self.subject.texts:
            counts.append(counts[-1] + len(folded_words(text)))
        return tuple(counts)


def _as_written(span: Span, words_of: Callable[[int], Mapping[int, tuple[int, int]]]) -> bool:
    """Looks at what folding has taken away: the number sign of a hashtag, and case and accents."""
    term = span.term
    if term.hashtag and (span.start == 0 or span.text[span.start - 1] != "#"):
        return False
    if term.exact is None:
        return True
    where = words_of(span.number)
    written = [span.text[slice(*where[word])] for word in range(span.first, span.last)]
    last = len(written) - 1
    return all(
        word in may or (term.prefix and place == last and word.startswith(may))
        for place, (word, may) in enumerate(zip(written, term.exact, strict=True))
    )


class Compiled:
    """Queries, compiled once. They are known by their number in `queries`."""

    def __init__(self, queries: Sequence[Query]) -> None:
        self._queries = tuple(queries)
        self._terms: list[Term] = []
        self._numbers: dict[Term, int] = {}
        self._root = _Node()
        self._known: tuple[set[str], set[str]] = (set(), set())  # words seen, and those that begin as a term does
        self._by_term: dict[int, list[int]] = {}
        self._by_fact: dict[Fact, list[int]] = {}
        for number, query in enumerate(self._queries):
            for term in terms(query):
                self._add(term)
            for guard in guards(query) or ():
                if isinstance(guard, Term):
                    self._by_term.setdefault(self._numbers[guard], []).append(number)
                else:
                    self._by_fact.setdefault(guard, []).append(number)

    def _add(self, term: Term) -> None:
        if term in self._numbers:
            return
        number = self._numbers[term] = len(self._terms)
        self._terms.append(term)
        for spelling in term.spellings():
            *path, last = spelling
            node = self._root
            for word in path:
                node = node.next.setdefault(word, _Node())
            if term.prefix:
                node.add_prefix(last, number)
            else:
                node.next.setdefault(last, _Node()).ends.append(number)

    def find(self, subject: Subject) -> dict[int, tuple[Span, ...]]:
        """Returns the queries that are true of the subject, by number, and where their terms stand."""
        hits = self.hits(subject)
        found = {number: self.result(number, hits) for number in sorted(self.awake(hits))}
        return {number: result.spans for number, result in found.items() if result is not None}

    def hits(self, subject: Subject) -> Hits:
        """Returns what of all terms stands in the subject."""
        found: dict[int, list[tuple[int, int, int]]] = {}
        for number, (_, text) in enumerate(subject.texts):
            in_text = folded_words(text)
            for place in self._beginnings(in_text):
                for term, last in self._walk(in_text, place):
                    found.setdefault(term, []).append((number, place, last))
        return Hits(subject, found, self._terms)

    def _beginnings(self, in_text: Sequence[str]) -> Iterable[int]:
        begin = self._root.next.keys() & in_text
        if self._root.prefixes:
            begin |= self._begun(set(in_text))
        return [place for place, word in enumerate(in_text) if word in begin] if begin else ()

    def _begun(self, different: set[str]) -> set[str]:
        """Returns the words with which a beginning of a word begins; words recur, and are looked at once."""
        known, begun = self._known
        if fresh := different - known:
            if len(known) > _MOST_KNOWN:
                known, begun = self._known = set(), set()
                fresh = different
            begun.update(word for word in fresh if self._root.begun(word))
            known |= fresh
        return begun & different

    def _walk(self, in_text: Sequence[str], place: int) -> Iterable[tuple[int, int]]:
        node, found, end = self._root, [], len(in_text)
        while place < end:
            word = in_text[place]
            place += 1
            if node.prefixes:
                found += [(number, place) for number in node.begun(word)]
            step = node.next.get(word)
            if step is None:
                break
            node = step
            found += [(number, place) for number in node.ends]
        return found

    def awake(self, hits: Hits) -> set[int]:
        """Returns the queries that may be true: of every other it is certain that they are not."""
        numbers = {query for term in hits.numbers for query in self._by_term.get(term, ())}
        for fact, queries in self._by_fact.items():
            if _holds(fact, hits.subject):
                numbers.update(queries)
        return numbers

    def result(self, number: int, hits: Hits, hidden: Hidden | None = None) -> Result | None:
        """Returns why a query is true of the subject; None where it is not.

        What is `hidden` does not count, but under NOT it does: hiding never makes a query true, so that what an index
        finds for the queries alone holds all that they find with anything hidden.
        """
        result = self._result(self._queries[number], hits, hidden)
        if result is None:
            return None
        return Result(spans=_in_order(result.spans), anchors=_in_order(result.anchors))

    def _result(self, query: Query, hits: Hits, hidden: Hidden | None) -> Result | None:
        match query:
            case Term():
                spans = self._spans(query, hits, hidden)
                return Result(spans=spans, anchors=spans) if spans else None
            case Fact():
                return _NOTHING_TO_SHOW if _holds(query, hits.subject) else None
            case Near():
                return self._near(query, hits, hidden)
            case And():
                return self._and(query, hits, hidden)
            case Or():
                sides = [self._result(child, hits, hidden) for child in query.children]
                true = [side for side in sides if side is not None]
                if not true:
                    return None
                return Result(
                    spans=tuple(span for side in true for span in side.spans),
                    anchors=tuple(span for side in true for span in side.anchors),
                )
            case Not():
                return _NOTHING_TO_SHOW if self._result(query.child, hits, None) is None else None

    def _spans(self, term: Term, hits: Hits, hidden: Hidden | None) -> tuple[Span, ...]:
        spans = hits.spans(self._numbers[term])
        if term.scope is not None:
            spans = tuple(span for span in spans if _SCOPES[span.place] is term.scope)
        return spans if hidden is None else tuple(span for span in spans if not hidden(span))

    def _and(self, query: And, hits: Hits, hidden: Hidden | None) -> Result | None:
        sides = []
        for child in query.children:
            side = self._result(child, hits, hidden)
            if side is None:
                return None
            sides.append(side)
        counted = [side.anchors for side in sides if side.anchors]
        return Result(
            spans=tuple(span for side in sides for span in side.spans),
            anchors=min(counted, key=len) if counted else (),
        )

    def _near(self, query: Near, hits: Hits, hidden: Hidden | None) -> Result | None:
        left, right = self._result(query.left, hits, hidden), self._result(query.right, hits, hidden)
        if left is None or right is None:
            return None
        ones = _beside(left.spans, right.spans, query.distance)
        others = _beside(right.spans, left.spans, query.distance)
        if not ones:
            return None
        return Result(spans=(*ones, *others), anchors=ones if len(ones) <= len(others) else others)


_NOTHING_TO_SHOW = Result(spans=(), anchors=())


class Positions:
    """Where things stand, each from its first word to its last (exclusive): is one of them near?"""

    def __init__(self, places: Iterable[tuple[int, int]]) -> None:
        both = list(places)
        self._firsts = sorted(first for first, _ in both)
        self._lasts = sorted(last for _, last in both)

    def distance(self, first: int, last: int) -> float:
        """Returns how many words stand between these words and the next of the places; what overlaps is none."""
        after = bisect_left(self._firsts, last)
        before = bisect_right(self._lasts, first) - 1
        return min(
            self._firsts[after] - last if after < len(self._firsts) else inf,
            first - self._lasts[before] if before >= 0 else inf,
        )


def _beside(spans: Sequence[Span], others: Iterable[Span], distance: int) -> tuple[Span, ...]:
    """Returns those of the spans that have another in the same text near them."""
    by_text: dict[int, list[tuple[int, int]]] = {}
    for other in others:
        by_text.setdefault(other.number, []).append((other.first, other.last))
    positions = {number: Positions(places) for number, places in by_text.items()}
    return tuple(
        span
        for span in spans
        if span.number in positions and positions[span.number].distance(span.first, span.last) <= distance
    )


def _in_order(spans: Iterable[Span]) -> tuple[Span, ...]:
    distinct = dict.fromkeys(spans)
    return tuple(sorted(distinct, key=lambda span: (span.number, span.start, -span.end))) if distinct else ()


def _holds(fact: Fact, subject: Subject) -> bool:
    match fact.about:
        case About.LANG:
            return re.split("[-_]", subject.language or "")[0].lower() == fact.value
        case About.SOURCE:
            if fact.prefix:
                return any(source.startswith(fact.value) for source in subject.sources)
            return fact.value in subject.sources
        case About.PUBLISHER:
            return _names(fact, subject.publisher)
        case About.AGENCY:
            return subject.agency is not None and _names(fact, subject.agency)


def _names(fact: Fact, name: str) -> bool:
    """Whether the words stand side by side in a name."""
    return f" {fact.value}{'' if fact.prefix else ' '}" in _spoken(name)


@lru_cache(maxsize=64)
def _spoken(name: str) -> str:
    """The folded words of a name, a space around each; many facts ask for the same one in turn."""
    return f" {' '.join(folded_words(name))} "
