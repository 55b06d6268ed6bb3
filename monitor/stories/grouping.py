"""groups(texts, ties) → which articles are one piece of work.

A function of the texts and of what they are to each other, never of the order in which they came: the surest ties join
first, ties equally sure in the order of what they join, and none joins what is apart.

1. All versions of an article, and what an operator joined, are one.
2. What an operator parted, and what is much alike and yet apart, stays apart: a short copy that is like two instalments
   of a series goes to the one it is more like.
3. The same words in one language join, then a kill with what it withdraws: only with the surest of what bears the
   headline, for another's story of the same headline must not be erased.
4. At last the languages: of each at most one group, and never a story of an agency with one of somebody else. What no
   agency is credited with is translated by a government, by its own publisher, or by a page that says so.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.stories.likeness import DECLARED
from monitor.types import Text, Tie, TieKind

Pair = tuple[int, int]


@dataclass(slots=True)
class _Group:
    """Articles that are one piece of work so far."""

    articles: set[int]
    languages: set[str]
    agencies: set[str]
    publishers: set[str]
    apart: set[int]  # articles that must not come in
    official: bool = False
    translated: bool = False


def groups(
    texts: Sequence[Text],
    ties: Mapping[Pair, Tie],
    *,
    joined: Collection[Pair] = (),
    parted: Collection[Pair] = (),
) -> list[frozenset[int]]:
    """Returns the articles of each group. `ties` are between ids of texts, `joined` and `parted` between articles."""
    article = {text.id: text.article_id for text in texts}
    groups_: dict[int, _Group] = {}
    for text in texts:
        group = groups_.setdefault(text.article_id, _Group({text.article_id}, set(), set(), set(), set()))
        group.languages |= {text.fingerprint.language} - {None}  # type: ignore[arg-type]
        group.agencies |= {text.fingerprint.agency} - {None}  # type: ignore[arg-type]
        group.publishers.add(text.publisher)
        group.official |= text.fingerprint.official
    for one, other in parted:
        _part(groups_, one, other)
    for pair in sorted(joined):
        _join(groups_, *pair)
    alike = _alike_to_joined(article, ties, groups_, joined)
    for (one, other), tie in ties.items():
        a, b = article[one], article[other]
        if (
            tie.kind is TieKind.APART
            and groups_[a] is not groups_[b]
            and not alike & {(a, id(groups_[b])), (b, id(groups_[a]))}
        ):
            _part(groups_, a, b)
    withdrawn = _surest_of_kills(ties)
    for kind in (TieKind.SAME, TieKind.KILL, TieKind.TRANSLATION):
        for one, other in _surest_first(texts, ties, kind):
            if kind is TieKind.KILL and ties[one, other].score < max(withdrawn[one], withdrawn[other]):
                continue
            first, second = groups_[article[one]], groups_[article[other]]
            if first is second or first.apart & second.articles:
                continue
            if kind is TieKind.TRANSLATION and not _may_translate(first, second, ties[one, other].score):
                continue
            _join(groups_, article[one], article[other])
            groups_[article[one]].translated |= kind is TieKind.TRANSLATION
    return list({id(group): frozenset(group.articles) for group in groups_.values()}.values())


def _alike_to_joined(
    article: Mapping[int, int], ties: Mapping[Pair, Tie], groups_: Mapping[int, _Group], joined: Collection[Pair]
) -> set[tuple[int, int]]:
    """Returns articles with what an operator joined and they are like: what parts them from the rest of it is void."""
    ruled = {one for pair in joined for one in pair if one in groups_}
    found = set()
    for (one, other), tie in ties.items():
        if tie.kind is TieKind.SAME:
            a, b = article[one], article[other]
            found |= {(x, id(groups_[y])) for x, y in ((a, b), (b, a)) if y in ruled}
    return found


def _surest_of_kills(ties: Mapping[Pair, Tie]) -> dict[int, float]:
    """Returns for each text that withdraws or is withdrawn how sure that is at best."""
    found: dict[int, float] = {}
    for pair, tie in ties.items():
        if tie.kind is TieKind.KILL:
            for one in pair:
                found[one] = max(tie.score, found.get(one, 0.0))
    return found


def _surest_first(texts: Iterable[Text], ties: Mapping[Pair, Tie], kind: TieKind) -> list[Pair]:
    """Returns ties of a kind by how sure they are, then by what the texts are: not by when they came."""
    name = {text.id: (text.fingerprint.body_hash or "", text.name, text.publisher, text.number) for text in texts}
    return sorted(
        (pair for pair, tie in ties.items() if tie.kind is kind),
        key=lambda pair: (-ties[pair].score, *sorted((name[pair[0]], name[pair[1]]))),
    )


def _may_translate(a: _Group, b: _Group, score: float) -> bool:
    if a.translated or b.translated or a.languages & b.languages:
        return False
    if a.agencies or b.agencies:
        return bool(a.agencies & b.agencies)
    return score >= DECLARED or (a.official and b.official) or bool(a.publishers & b.publishers)


def _part(groups_: dict[int, _Group], one: int, other: int) -> None:
    if one in groups_ and other in groups_:
        groups_[one].apart.add(other)
        groups_[other].apart.add(one)


def _join(groups_: dict[int, _Group], one: int, other: int) -> None:
    a, b = groups_.get(one), groups_.get(other)
    if a is None or b is None or a is b:
        return
    if len(a.articles) < len(b.articles):
        a, b = b, a
    a.articles |= b.articles
    a.languages |= b.languages
    a.agencies |= b.agencies
    a.publishers |= b.publishers
    a.official |= b.official
    a.apart |= b.apart
    a.translated |= b.translated
    for member in b.articles:
        groups_[member] = a
