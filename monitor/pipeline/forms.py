"""Forms: what each form of a topic is worth, by what it says and by what it found in the archive.

past.candidates → each form matched as if it were the only one → found, alone, covered
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice

from monitor.archive import Archive, Filter
from monitor.match import Matcher, Role
from monitor.pipeline.past import Watch, candidates
from monitor.query import And, Near, Or, Query, Term, parse, terms
from monitor.types import Beside, Form, Topic

FINDING = frozenset({Role.ANY, Role.NEAR})
"""Roles of the forms by which articles are found."""

_ENOUGH = 200  # articles that are asked why a form does not count in them


class How(StrEnum):
    """How it is known that one form finds what another finds."""

    WORDS = "words"  # by what they say: it holds for every article that may come
    EVIDENCE = "evidence"  # in the archive: every article in which the one was found was found without it too


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """Others find whatever this form finds. `by` is one such; None where it takes several."""

    how: How
    by: Form | None
    unless: Form | None = None  # an except form that may hide the words of the one, and not those of the other


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """Why a form that stands in articles never counts."""

    because: str  # of most of them
    article_id: int  # the newest of these
    articles: int  # of which it is so
    of: int  # articles in which the form stands; no more than some hundred are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What a form is to its topic. Figures are None where there is no archive."""

    topic_id: str
    form: Form
    role: Role
    articles: int | None = (
        None  # that are about the topic by this form; None for forms of other roles than any and near
    )
    alone: int | None = None  # of them, by no other form: without it they would be lost
    stands: bool | None = None  # in any article, whether it counts there or not
    covered: Covered | None = None
    idle: Idle | None = None


def worth(topics: Sequence[Topic]) -> list[Worth]:
    """Returns of each form, in the order of its topic, what can be said without an archive."""
    return [
        Worth(topic_id=topic.id, form=form, role=role, covered=_by_words(topic, form, role))
        for topic in topics
        for role, form in _forms(topic)
    ]


def worth_in(archive: Archive, topics: Sequence[Topic], *, watch: Watch = iter) -> list[Worth]:
    """Returns of each form what it is worth in the archive too. Raises ArchiveError."""
    single = [
        replace(alone, id=str(number))
        for number, alone in enumerate(each for topic in topics for each in _apart(topic))
    ]
    matcher = Matcher(single)
    found: list[set[int]] = [set() for _ in single]
    for article in watch(candidates(archive, topics)):
        for match in matcher.match(article):
            found[int(match.topic_id)].add(article.id)
    found_by = iter(found)
    done: list[Worth] = []
    for topic in topics:
        said = worth([topic])
        mine = [(each, next(found_by)) for each in said if each.role in FINDING]
        evident = _evident(mine)
        done += [
            replace(
                each,
                articles=len(ids),
                alone=len(ids.difference(*(other for one, other in mine if one is not each))),
                stands=bool(ids) or _stands(archive, each.form),
                covered=each.covered or evident.get(number),
                idle=None if ids else _idle(archive, topic, each),
            )
            for number, (each, ids) in enumerate(mine)
        ]
        done += [replace(each, stands=_stands(archive, each.form)) for each in said if each.role not in FINDING]
    return done


def _evident(found: Sequence[tuple[Worth, set[int]]]) -> dict[int, Covered]:
    """Returns which forms found nothing by themselves. All of them could go at once: none counts on another of them."""
    left = {number: ids for number, (each, ids) in enumerate(found) if each.covered is None and ids}
    covered: dict[int, Covered] = {}
    for number in sorted(left, key=lambda number: (len(left[number]), -number)):
        mine = left.pop(number)
        if mine <= set().union(*left.values()):
            by = next((found[other][0].form for other, ids in left.items() if ids >= mine), None)
            covered[number] = Covered(how=How.EVIDENCE, by=by)
        else:
            left[number] = mine
    return covered


def _stands(archive: Archive, form: Form) -> bool:
    return bool(archive.search(Filter(query=parse(form.text, form=True)), limit=1))


def _idle(archive: Archive, topic: Topic, worth: Worth) -> Idle | None:
    """Asks the articles in which a form stands why none of them is about the topic by it."""
    group = next((group for group in topic.near if worth.role is Role.NEAR and worth.form in group.forms), None)
    matcher = Matcher([replace(topic, any=(worth.form,), near=())])
    counts, newest = Counter[str](), dict[str, int]()
    for article in islice(archive.articles(Filter(query=parse(worth.form.text, form=True))), _ENOUGH):
        [explained] = matcher.explain(article)
        if explained.match is None:
            hidden = (seen.because for seen in explained.sightings if seen.role in FINDING and seen.because)
            because = explained.because or next(hidden, None)
        else:
            because = _without(group)
        if because is not None:
            counts[because] += 1
            newest[because] = article.id
    if not counts:
        return None
    [(because, articles)] = counts.most_common(1)
    return Idle(because=because, article_id=newest[because], articles=articles, of=counts.total())


def _without(group: Beside | None) -> str | None:
    if group is None:
        return None
    where = "in the article" if group.within is None else f"within {group.within} words"
    return f"none of its co-terms (`beside`) stands {where}"


def _forms(topic: Topic) -> Iterator[tuple[Role, Form]]:
    """Yields the forms by which articles are found, then the others."""
    yield from ((Role.ANY, form) for form in topic.any)
    yield from ((Role.NEAR, form) for group in topic.near for form in group.forms)
    yield from ((Role.BESIDE, form) for group in topic.near for form in group.beside)
    yield from ((Role.ALL, form) for form in topic.all)
    yield from ((Role.NONE, form) for form in topic.none)
    yield from ((Role.EXCEPT, form) for form in topic.excepting)


def _apart(topic: Topic) -> Iterator[Topic]:
    """Yields the topic with each of its forms for the only one: it is about an article where one of these is."""
    yield from (replace(topic, any=(form,), near=()) for form in topic.any)
    yield from (
        replace(topic, any=(), near=(replace(group, forms=(form,)),)) for group in topic.near for form in group.forms
    )


def _by_words(topic: Topic, form: Form, role: Role) -> Covered | None:
    """A form of `any` that finds whatever this one finds: its words stand side by side within the other's."""
    if role not in FINDING:
        return None
    query = parse(form.text, form=True)
    own = next((number for number, each in enumerate(topic.any) if each is form), len(topic.any))
    found: list[Covered] = []
    for number, other in enumerate(topic.any):
        wider = parse(other.text, form=True)
        if number == own or not covers(wider, query):
            continue
        if own < number and covers(query, wider):
            continue  # both find the same: the later one is said to be covered
        hiding = (each for each in topic.excepting if _may_hide(parse(each.text, form=True), wider, query))
        found.append(Covered(how=How.WORDS, by=other, unless=next(hiding, None)))
    return min(found, key=lambda covered: covered.unless is not None, default=None)


def _may_hide(hiding: Query, wide: Query, narrow: Query) -> bool:
    """Whether an except form can cover the words of the wide form where they stand in the narrow one, and not all."""
    return any(
        _overlay(hides, ours, theirs) for hides in terms(hiding) for ours in terms(wide) for theirs in terms(narrow)
    )


def _overlay(hides: Term, wide: Term, narrow: Term) -> bool:
    for inner in range(len(narrow.words) - len(wide.words) + 1):
        for place in range(len(hides.words) - len(wide.words) + 1):
            begin = inner - place  # of what hides, in words of the narrow one
            end = begin + len(hides.words)
            if begin <= 0 and end >= len(narrow.words):
                continue  # hides both
            both = range(max(begin, 0), min(end, len(narrow.words)))
            if all(_agree(narrow, number, hides, number - begin) for number in both) and all(
                _agree(wide, number, narrow, inner + number) for number in range(len(wide.words))
            ):
                return True
    return False


def _agree(one: Term, at: int, other: Term, place: int) -> bool:
    """Whether one word can stand at both places."""
    begins = (one.prefix and at == len(one.words) - 1) or (other.prefix and place == len(other.words) - 1)
    return any(
        word == each or (begins and (word.startswith(each) or each.startswith(word)))
        for word in one.words[at]
        for each in other.words[place]
    )


def covers(wide: Query, narrow: Query) -> bool:
    """Says whether it is certain, by the words alone, that `wide` is true of every article of which `narrow` is."""
    if wide == narrow:
        return True
    if isinstance(narrow, Or):
        return all(covers(wide, child) for child in narrow.children)
    if isinstance(wide, And):
        return all(covers(child, narrow) for child in wide.children)
    if isinstance(wide, Or) and any(covers(child, narrow) for child in wide.children):
        return True
    if isinstance(narrow, And):
        return any(covers(wide, child) for child in narrow.children)
    if isinstance(narrow, Near):
        return covers(wide, narrow.left) or covers(wide, narrow.right)
    return isinstance(wide, Term) and isinstance(narrow, Term) and _within(wide, narrow)


def _within(wide: Term, narrow: Term) -> bool:
    """Whether the words of one phrase stand side by side within the other's, and nothing else narrows the one more."""
    if wide.scope not in {None, narrow.scope} or (wide.hashtag and not narrow.hashtag):
        return False
    if wide.exact is not None and narrow.exact is None:
        return False
    ours = wide.exact or wide.words
    theirs = narrow.exact if wide.exact is not None else narrow.words
    assert theirs is not None  # noqa: S101 - just seen
    return any(_stand_at(wide, ours, narrow, theirs, at) for at in range(len(theirs) - len(ours) + 1))


def _stand_at(
    wide: Term, ours: Sequence[tuple[str, ...]], narrow: Term, theirs: Sequence[tuple[str, ...]], at: int
) -> bool:
    last = len(ours) - 1
    for number, words in enumerate(ours):
        begins = wide.prefix and number == last
        open_ended = narrow.prefix and at + number == len(theirs) - 1
        if open_ended and not begins:
            return False
        for word in theirs[at + number]:
            if not (any(word.startswith(each) for each in words) if begins else word in words):
                return False
    return True
