"""match(article, topics) → why an article matters: which topics, which words, where.

Every form is tried on every text, whatever its language. What counts, in this order:

1. A hit of `except` hides the words it covers from the forms of `any`, `near` and `all`.
2. Of hits of one topic that overlap the longest counts.
3. A form of `near` counts where one of its co-terms stands within so many words: headline, teaser and text are read as
   one, in that order.
4. Every form of `all` of at least one language must stand in the article, and no form of `none` may.

Strong and weak are told apart by one rule: a match is a *mention* when it is a single hit, not in the title nor in the
first third of the text, and no other form of any watched topic stands in the article. A form that joins several terms
by AND or NEAR is one hit where the rarest of them stands; hits of two topics on the same words are one.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from monitor.query import Compiled, Hidden, Hits, Positions, Result, Span, parse, subject
from monitor.text import sentence_around
from monitor.types import Article, Form, Hit, Kept, Match, Place, Topic


class Role(StrEnum):
    """What a form is to its topic: the key of topics.yaml under which it stands."""

    ANY = "any"
    NEAR = "near"
    BESIDE = "beside"
    ALL = "all"
    NONE = "none"
    EXCEPT = "except"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A form that stands in one place of an article, and whether it counts for the topic."""

    form: Form
    role: Role
    place: Place
    surface: str  # the words as they stand in the article
    sentence: str  # around the first of them
    start: int  # of the surface, in characters of `sentence`
    count: int = 1
    because: str | None = None  # why it does not count

    @property
    def counts(self) -> bool:
        """Whether it is a reason for a match."""
        return self.because is None and self.role in {Role.ANY, Role.NEAR}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What an article is to a topic, and what of it was seen."""

    topic_id: str
    match: Match | None
    sightings: tuple[Seen, ...]  # in the order of the roles, then of the article
    because: str | None = None  # why the article is not about the topic, although forms of it count
    hits: int = 0  # of the topic that count, by the rule of mentions
    early: Place | None = None  # where one of them stands, if not late in the text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """A form where it stands in its topic."""

    topic: int
    role: Role
    form: Form
    group: int = 0  # of `near`


@dataclass(frozen=True, slots=True)
class _Sighting:
    """A form somewhere in the article; a form without words of its own (`source:x`) stands nowhere."""

    use: _Use
    span: Span | None
    because: str | None = None


@dataclass(slots=True)
class _Weighed:
    """What an article is to one topic."""

    seen: list[_Sighting] = field(default_factory=list)
    anchors: list[Span] = field(default_factory=list)
    because: str | None = None

    def counting(self) -> list[_Sighting]:
        return [s for s in self.seen if s.because is None and s.use.role in {Role.ANY, Role.NEAR}]


class Matcher:
    """All topics, compiled once. Raises QueryError for a form that cannot be read; config checks them first."""

    def __init__(self, topics: Sequence[Topic]) -> None:
        self._topics = tuple(topics)
        self._revisions = tuple(revision(topic) for topic in topics)
        self._uses = tuple(use for number, topic in enumerate(self._topics) for use in _uses(number, topic))
        self._compiled = Compiled([parse(use.form.text, form=True) for use in self._uses])
        self._of_topic: list[list[int]] = [[] for _ in self._topics]
        for number, use in enumerate(self._uses):
            self._of_topic[use.topic].append(number)

    def match(self, article: Article | Kept) -> tuple[Match, ...]:
        """Returns the matches of an article in the order of the topics; the feed's title and summary count too."""
        hits = self._compiled.hits(subject(article))
        weighed = self._weigh_all(hits)
        return self._matches(article, {topic: w for topic, w in weighed.items() if w.because is None})

    def explain(self, article: Article | Kept) -> tuple[Explanation, ...]:
        """Returns for every topic what of it stands in an article, and why it counts or does not."""
        hits = self._compiled.hits(subject(article))
        weighed = self._weigh_all(hits, everything=True)
        valid = {topic: w for topic, w in weighed.items() if w.because is None and w.counting()}
        matches = {match.topic_id: match for match in self._matches(article, valid)}
        return tuple(
            Explanation(
                topic_id=topic.id,
                match=matches.get(topic.id),
                sightings=tuple(_seen(article, weighed[number].seen)),
                because=weighed[number].because if found else None,
                hits=_distinct(weighed[number].anchors),
                early=next((_place(sighting.span) for sighting in found if _early(sighting.span)), None),
            )
            for number, topic in enumerate(self._topics)
            for found in [weighed[number].counting()]
        )

    def _matches(self, article: Article | Kept, weighed: dict[int, _Weighed]) -> tuple[Match, ...]:
        total = _distinct(span for w in weighed.values() for span in w.anchors)
        return tuple(
            Match(
                topic_id=self._topics[topic].id,
                hits=tuple(_hits(article, found)),
                revision=self._revisions[topic],
                mention=total == 1 and not any(_early(sighting.span) for sighting in found),
            )
            for topic, w in sorted(weighed.items())
            if (found := w.counting())
        )

    def _weigh_all(self, hits: Hits, *, everything: bool = False) -> dict[int, _Weighed]:
        awake = self._compiled.awake(hits)
        reasons = {self._uses[number].topic for number in awake if self._uses[number].role in {Role.ANY, Role.NEAR}}
        topics = range(len(self._topics)) if everything else reasons
        return {topic: self._weigh(topic, awake, hits, everything=everything) for topic in topics}

    def _weigh(self, topic: int, awake: set[int], hits: Hits, *, everything: bool) -> _Weighed:
        """The order of the module's rules; `everything`: with what is no reason, for people."""
        roles: dict[Role, list[int]] = {role: [] for role in Role}
        for number in self._of_topic[topic]:
            if number in awake:
                roles[self._uses[number].role].append(number)
        weighed = _Weighed()
        covers = _Covers(
            (span, self._uses[number].form)
            for number, result in self._results(roles[Role.EXCEPT], hits)
            for span in result.spans
        )
        hidden: Hidden | None = (lambda span: covers.hiding(span) is not None) if covers else None
        found = [
            (number, result)
            for number in roles[Role.ANY] + roles[Role.NEAR]
            if (result := self._compiled.result(number, hits, hidden)) is not None
        ]
        for number in roles[Role.ANY] + roles[Role.NEAR] if covers else ():
            if (bare := self._compiled.result(number, hits)) is not None:
                weighed.seen += [
                    _Sighting(self._uses[number], span, f"hidden by the `except` form {form.text}")
                    for span in bare.spans
                    if (form := covers.hiding(span)) is not None
                ]
        self._count(found, self._co_terms(roles[Role.BESIDE], hits), hits, weighed)
        weighed.because = self._lacking(topic, awake, hits, hidden)
        for number, _ in self._results(roles[Role.NONE], hits):
            weighed.because = f"taken out by the `none` form {self._uses[number].form.text}"
        if everything:
            self._look_around(roles, hits, weighed)
        return weighed

    def _look_around(self, roles: dict[Role, list[int]], hits: Hits, weighed: _Weighed) -> None:
        """Adds what else of the topic stands in the article; of a co-term first the place nearest to a `near` form."""
        near: dict[int, list[tuple[int, int]]] = {}
        for sighting in weighed.seen:
            if sighting.use.role is Role.NEAR and sighting.span is not None:
                near.setdefault(sighting.use.group, []).append(_words(sighting.span, hits))
        positions = {group: Positions(places) for group, places in near.items()}
        for role in (Role.BESIDE, Role.ALL, Role.NONE, Role.EXCEPT):
            for number, result in self._results(roles[role], hits):
                use, spans = self._uses[number], result.spans
                if role is Role.BESIDE and (beside := positions.get(use.group)) is not None:
                    spans = tuple(sorted(spans, key=lambda span: beside.distance(*_words(span, hits))))
                weighed.seen += [_Sighting(use, span) for span in spans]

    def _results(self, numbers: Iterable[int], hits: Hits) -> Iterator[tuple[int, Result]]:
        for number in numbers:
            if (result := self._compiled.result(number, hits)) is not None:
                yield number, result

    def _count(
        self, found: Sequence[tuple[int, Result]], co_terms: dict[int, Positions], hits: Hits, weighed: _Weighed
    ) -> None:
        """Says of each hit whether it counts: the longest of those that overlap, and of `near` those beside another.

        What overlaps is no further reason, but tells how often the form stands there.
        """
        spans = sorted(
            ((span, number) for number, result in found for span in result.spans),
            key=lambda each: (each[0].number, each[0].start, -each[0].end),
        )
        anchors = {(span, number) for number, result in found for span in result.anchors}
        taken: dict[tuple[int, int], Span] = {}  # the words of what counts
        sightings: dict[int, _Sighting] = {}
        for place, (span, number) in sorted(enumerate(spans), key=lambda each: each[1][0].start - each[1][0].end):
            use = self._uses[number]
            because = self._alone(span, use, co_terms, hits) if use.role is Role.NEAR else None
            if because is None:
                if (span, number) in anchors:
                    weighed.anchors.append(span)
                words = [(span.number, word) for word in range(span.first, span.last)]
                if (longer := next((taken[word] for word in words if word in taken), None)) is None:
                    taken.update(dict.fromkeys(words, span))
                else:
                    because = _within(span, longer)
            sightings[place] = _Sighting(use, span, because)
        weighed.seen += [sightings[place] for place in range(len(spans))]
        weighed.seen += [_Sighting(self._uses[number], None) for number, result in found if not result.spans]

    def _co_terms(self, numbers: Iterable[int], hits: Hits) -> dict[int, Positions]:
        """Returns for each group of `near` where its co-terms stand, all texts read as one."""
        groups: dict[int, list[tuple[int, int]]] = {}
        for number, result in self._results(numbers, hits):
            groups.setdefault(self._uses[number].group, []).extend(_words(span, hits) for span in result.spans)
        return {group: Positions(places) for group, places in groups.items()}

    def _alone(self, span: Span, use: _Use, co_terms: dict[int, Positions], hits: Hits) -> str | None:
        """Why a form that needs a co-term does not count where it stands."""
        group = self._topics[use.topic].near[use.group]
        within = hits.before[-1] if group.within is None else group.within
        if use.group in co_terms and co_terms[use.group].distance(*_words(span, hits)) <= within:
            return None
        where = "in the article" if group.within is None else f"within {group.within} words"
        return f"none of its co-terms stands {where}: {', '.join(form.text for form in group.beside)}"

    def _lacking(self, topic: int, awake: set[int], hits: Hits, hidden: Hidden | None) -> str | None:
        """Why the article is not about the topic by its `all`: what each language lacks."""
        lacking: dict[str, list[str]] = {}
        for number in self._of_topic[topic]:
            use = self._uses[number]
            if use.role is Role.ALL:
                lacks = lacking.setdefault(use.form.language, [])
                if number not in awake or self._compiled.result(number, hits, hidden) is None:
                    lacks.append(use.form.text)
        if not lacking or not all(lacking.values()):
            return None
        return "of `all` it lacks " + "; ".join(", ".join(forms) for forms in lacking.values())


def revision(topic: Topic) -> str:
    """Returns a short hash of a topic's forms, so that each match tells which wording made it."""
    said = [(use.role.value, use.group, use.form.text, use.form.language) for use in _uses(0, topic)]
    within = [group.within for group in topic.near]
    return hashlib.sha256(repr((said, within)).encode()).hexdigest()[:12]


def _uses(number: int, topic: Topic) -> Iterator[_Use]:
    for role, forms in (
        (Role.ANY, topic.any),
        (Role.ALL, topic.all),
        (Role.NONE, topic.none),
        (Role.EXCEPT, topic.excepting),
    ):
        for form in forms:
            yield _Use(topic=number, role=role, form=form)
    for group, near in enumerate(topic.near):
        for role, forms in ((Role.NEAR, near.forms), (Role.BESIDE, near.beside)):
            for form in forms:
                yield _Use(topic=number, role=role, form=form, group=group)


class _Covers:
    """What `except` forms cover, and which of them covers a span."""

    def __init__(self, covers: Iterable[tuple[Span, Form]]) -> None:
        self._by_text: dict[int, tuple[list[int], list[tuple[int, Form]]]] = {}
        for span, form in sorted(covers, key=lambda cover: (cover[0].number, cover[0].start)):
            starts, farthest = self._by_text.setdefault(span.number, ([], []))
            starts.append(span.start)
            farthest.append(max([*farthest[-1:], (span.end, form)], key=lambda reach: reach[0]))

    def __bool__(self) -> bool:
        return bool(self._by_text)

    def hiding(self, span: Span) -> Form | None:
        starts, farthest = self._by_text.get(span.number, ([], []))
        begun = bisect_right(starts, span.start)
        if not begun or farthest[begun - 1][0] < span.end:
            return None
        return farthest[begun - 1][1]


def _within(span: Span, longer: Span) -> str:
    if (span.start, span.end) == (longer.start, longer.end):
        return "the same words count already"
    inside = longer.start <= span.start and span.end <= longer.end
    return f"{'within' if inside else 'shares words with'} “{_surface(longer)}”, which counts"


def _words(span: Span, hits: Hits) -> tuple[int, int]:
    """The words of a span, all texts read as one."""
    return hits.before[span.number] + span.first, hits.before[span.number] + span.last


def _early(span: Span | None) -> bool:
    return span is None or span.place is not Place.TEXT or span.start < len(span.text) / 3


def _place(span: Span | None) -> Place:
    return Place.TITLE if span is None else span.place


def _distinct(spans: Iterable[Span]) -> int:
    """How many hits there are: those on the same words, of one topic or of several, are one."""
    count, number, end = 0, -1, -1
    for span in sorted(spans, key=lambda span: (span.number, span.start)):
        if span.number != number or span.start >= end:
            count, number, end = count + 1, span.number, span.end
        else:
            end = max(end, span.end)
    return count


def _surface(span: Span) -> str:
    return span.text[span.start : span.end].replace("\n", " ")


def _hits(article: Article | Kept, sightings: Sequence[_Sighting]) -> Iterator[Hit]:
    for seen in _seen(article, sightings):
        yield Hit(
            form=seen.form.text,
            language=seen.form.language,
            place=seen.place,
            surface=seen.surface,
            sentence=seen.sentence,
            start=seen.start,
            count=seen.count,
        )


def _seen(article: Article | Kept, sightings: Sequence[_Sighting]) -> Iterator[Seen]:
    """Yields what was seen: each term of a form once for each place, with the first of its sentences."""
    found: dict[object, Seen] = {}
    for sighting in sightings:
        use, span = sighting.use, sighting.span
        if span is None:  # it says something of the article, not of its words
            key: object = use
            made = Seen(
                form=use.form, role=use.role, place=Place.TITLE, surface=article.title, sentence=article.title, start=0
            )
        else:
            key = use, span.term, span.place, sighting.because
            if (known := found.get(key)) is not None:
                found[key] = replace(known, count=known.count + 1)
                continue
            sentence, start = sentence_around(span.text, span.start, span.end)
            made = Seen(
                form=use.form,
                role=use.role,
                place=span.place,
                surface=_surface(span),
                sentence=sentence,
                start=start,
                because=sighting.because,
            )
        found[key] = made
    yield from found.values()
