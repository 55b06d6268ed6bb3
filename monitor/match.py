"""match(article, topics) → why an article matters: which topics, which words, where.

Every form is tried on every text, whatever its language. A form of `except` hides the words it covers, so that they
cannot count for `any`; a form of `none` takes the article out of the topic. Strong and weak are told apart by one
rule: a match is a *mention* when it is a single hit, not in the title nor in the first third of the text, and no other
form of any watched topic stands in the article.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from monitor.query import Phrases, Span, parse
from monitor.text import sentence_around
from monitor.types import Article, Form, Hit, Match, Place, Topic


class _Role(Enum):
    ANY = "any"
    NONE = "none"
    EXCEPT = "except"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meaning:
    topic: int
    role: _Role
    form: Form


class Matcher:
    """All topics, compiled once. Raises QueryError for a form that cannot be read; config checks them first."""

    def __init__(self, topics: Sequence[Topic]) -> None:
        self._topics = tuple(topics)
        self._revisions = tuple(revision(topic) for topic in topics)
        self._meanings = tuple(_meanings(self._topics))
        self._phrases = Phrases([parse(meaning.form.text) for meaning in self._meanings])

    def match(self, article: Article) -> tuple[Match, ...]:
        """Returns the matches of an article in the order of the topics; the feed's title and summary count too."""
        hits: dict[int, list[Hit]] = {}
        early: set[int] = set()
        refused: set[int] = set()
        for place, text in _places(article):
            spans = list(self._phrases.find(text))
            if not spans:
                continue
            refused |= {m.topic for s in spans if (m := self._meanings[s.phrase]).role is _Role.NONE}
            for span in self._counting(spans):
                meaning = self._meanings[span.phrase]
                _add(hits.setdefault(meaning.topic, []), meaning.form, place, text, span)
                if place is not Place.TEXT or span.start < len(text) / 3:
                    early.add(meaning.topic)
        for topic in refused:
            hits.pop(topic, None)
        total = sum(hit.count for found in hits.values() for hit in found)
        return tuple(
            Match(
                topic_id=self._topics[topic].id,
                hits=tuple(found),
                revision=self._revisions[topic],
                mention=total == 1 and topic not in early,
            )
            for topic, found in sorted(hits.items())
        )

    def _counting(self, spans: list[Span]) -> Iterator[Span]:
        """Yields the spans of `any` forms that no `except` form hides, the longest where several of a topic overlap."""
        taken: dict[int, int] = {}  # topic → end of its last span
        hidden: dict[int, int] = {}  # topic → how far the `except` spans that have begun reach
        for span in sorted(spans, key=self._order):
            meaning = self._meanings[span.phrase]
            if meaning.role is _Role.EXCEPT:
                hidden[meaning.topic] = max(span.end, hidden.get(meaning.topic, 0))
            if meaning.role is not _Role.ANY or span.start < taken.get(meaning.topic, 0):
                continue
            if span.end > hidden.get(meaning.topic, 0):
                taken[meaning.topic] = span.end
                yield span

    def _order(self, span: Span) -> tuple[int, bool, int]:
        """By where they begin: first what hides, then the longest."""
        return span.start, self._meanings[span.phrase].role is not _Role.EXCEPT, -span.end


def revision(topic: Topic) -> str:
    """Returns a short hash of a topic's forms, so that each match tells which wording made it."""
    said = repr([(m.role.value, m.form.text, m.form.language) for m in _meanings([topic])])
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def _meanings(topics: Sequence[Topic]) -> Iterator[_Meaning]:
    for number, topic in enumerate(topics):
        for role, forms in ((_Role.ANY, topic.any), (_Role.NONE, topic.none), (_Role.EXCEPT, topic.excepting)):
            for form in forms:
                yield _Meaning(topic=number, role=role, form=form)


def _places(article: Article) -> Iterator[tuple[Place, str]]:
    yield Place.TITLE, article.title
    if article.listed_title:
        yield Place.TITLE, article.listed_title
    if article.summary:
        yield Place.SUMMARY, article.summary
    if article.text:
        yield Place.TEXT, article.text


def _hit(form: Form, place: Place, text: str, span: Span) -> Hit:
    sentence, start = sentence_around(text, span.start, span.end)
    return Hit(
        form=form.text,
        language=form.language,
        place=place,
        surface=text[span.start : span.end].replace("\n", " "),
        sentence=sentence,
        start=start,
    )


def _add(found: list[Hit], form: Form, place: Place, text: str, span: Span) -> None:
    """Counts a hit; the sentence is looked for once, around the first."""
    for index, known in enumerate(found):
        if (known.form, known.place) == (form.text, place):
            found[index] = replace(known, count=known.count + 1)
            return
    found.append(_hit(form, place, text, span))
