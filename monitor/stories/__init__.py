"""Stories: which articles are the same piece of work, and what each is to it.

Comes in: an article with its fingerprint (fingerprint.py), and what of the archive has its address or its words. Three
questions are answered, each by a pure function; the archive asks them and keeps the answers.

*Which article is it?* (`place`) The first rule that holds:

1. An article with one of its addresses, at the same publisher: words that it has or had → *known*, or a *version* where
   less than half as much stood there meanwhile (a wall). Other words that go on with its story, or with one that was
   there before → its next *version*; another story, or another instalment of a series → a *new* article: the address
   is used again. A text that only lost its page (partial) never replaces one that was read in full, nor does a
   teaser, less than half as long, that another source lists under the same address. Where an agency killed the story,
   only what is like it is a version of it, and the notice itself.
2. The same words (40 or more) at the same publisher → *known*: the address is one more name of that article.
   Fewer words prove nothing ("Watch the news at noon"), except under an equal title and address. Nor do fewer than 150
   under headlines without a word in common: a site that shows every stranger the same invitation to subscribe.
3. Everything else → *new*.

*What is it to other texts?* (`tie`, likeness.py) The same item, its translation, what its agency withdraws, or much
alike and yet another.

*What does that make of all of them?* (`groups`, grouping.py; `lineage`, lineage.py) A function of the texts alone,
never of the order in which they came.

Nothing is raised.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from monitor.stories import grouping, likeness
from monitor.stories import lineage as lineages
from monitor.stories.changes import Wording, change
from monitor.stories.fingerprint import LANGUAGES, asked, facts, fingerprint, identities, keys
from monitor.text import fold, folded_words, one_line
from monitor.types import (
    Article,
    ChangeKind,
    Fingerprint,
    Lineage,
    Neighbour,
    Placement,
    Text,
    Tie,
    TieKind,
    Verdict,
)

__all__ = ["ALWAYS_WORDS", "ENOUGH_WORDS", "Stories", "fingerprint", "identities"]

ENOUGH_WORDS = 40
"""From this many words on, equal text means the same piece of work."""

ALWAYS_WORDS = 150
"""From this many on, whatever the headlines say."""

Body = Callable[[str, str, str | None], str | None]
"""The story alone, of a text with its title and language; see monitor/extract/body.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stories:
    """The room as the archive asks it."""

    body: Body

    def place(self, article: Article, print_: Fingerprint, neighbours: Collection[Neighbour]) -> Placement:
        """Decides which article a reading is, among those that share an address or the text with it."""
        names = identities(article)
        at_address = [n for n in neighbours if n.identities & names and n.publisher == article.publisher]
        if at_address:
            placed = self._at_known_address(article, print_, sorted(at_address, key=lambda n: n.article_id))
            if placed is not None:
                return placed
        home = [
            n
            for n in neighbours
            if n.text_hash == print_.text_hash and print_.words >= ENOUGH_WORDS and n.publisher == article.publisher
        ]
        if namesakes := [n for n in home if print_.words >= ALWAYS_WORDS or _titles_meet(article, n)]:
            return _as(Verdict.KNOWN, namesakes[0])
        return Placement(verdict=Verdict.NEW)

    def keys(self, print_: Fingerprint) -> frozenset[int]:
        """See fingerprint.keys."""
        return keys(print_)

    def asked(self, article: Article, print_: Fingerprint) -> Mapping[int, float]:
        """See fingerprint.asked."""
        return asked(article, print_)

    def facts(self, print_: Fingerprint) -> frozenset[int]:
        """See fingerprint.facts; in every language."""
        return facts(print_, LANGUAGES)

    def tie(self, a: Fingerprint, b: Fingerprint, background: frozenset[int]) -> Tie | None:
        """See likeness.tie."""
        return likeness.tie(a, b, background)

    def disagreement(self, a: Fingerprint, b: Fingerprint) -> tuple[frozenset[str], frozenset[str]]:
        """See likeness.disagreement."""
        return likeness.disagreement(a, b)

    def groups(
        self,
        texts: Sequence[Text],
        ties: Mapping[tuple[int, int], Tie],
        *,
        joined: Collection[tuple[int, int]],
        parted: Collection[tuple[int, int]],
    ) -> list[frozenset[int]]:
        """See grouping.groups."""
        return grouping.groups(texts, ties, joined=joined, parted=parted)

    def lineage(self, texts: Sequence[Text]) -> Lineage:
        """See lineage.lineage."""
        return lineages.lineage(texts)

    def _at_known_address(self, article: Article, print_: Fingerprint, known: list[Neighbour]) -> Placement | None:
        """Returns None where another story stands at the address now."""
        for neighbour in reversed(known):
            if neighbour.text_hash == print_.text_hash and (
                print_.words >= ENOUGH_WORDS or _same_title(article, neighbour)
            ):
                if _comes_back(article, print_, neighbour):
                    return _as(Verdict.VERSION, neighbour, trivial=True)
                if neighbour.partial and not article.partial:
                    return _as(Verdict.VERSION, neighbour, trivial=_same_title(article, neighbour))
                return _as(Verdict.KNOWN, neighbour)
        newest = known[-1]
        teaser = article.source_id != newest.source_id and print_.words * 2 < newest.words
        if not newest.partial and (article.partial or teaser):
            return _as(Verdict.KNOWN, newest)
        if newest.fingerprint is not None and not newest.partial and not _goes_on(newest.fingerprint, print_, newest):
            former = next((n for n in reversed(known[:-1]) if _is_of(n, print_)), None)
            if former is None:
                return None
            return _as(Verdict.VERSION, former, trivial=self._is_trivial(article, former))
        return _as(Verdict.VERSION, newest, trivial=not newest.partial and self._is_trivial(article, newest))

    def _is_trivial(self, article: Article, known: Neighbour) -> bool:
        if known.text is None:
            return False
        before = Wording(title=known.title, body=self.body(known.text, known.title, known.language))
        return change(before, Wording(title=article.title, body=article.body)).kind is not ChangeKind.SUBSTANTIVE


def _comes_back(article: Article, print_: Fingerprint, newest: Neighbour) -> bool:
    """Whether words that an article had replace what stood for them a while, less than half as long: a wall, an error.

    What is as long may be a stale copy from one of a site's servers.
    """
    return not (article.partial or newest.partial or newest.withdrawn) and newest.words * 2 < print_.words


def _is_of(known: Neighbour, print_: Fingerprint) -> bool:
    """Whether a text is a take of a story that stood at its address before another one did."""
    if known.fingerprint is None or known.partial or known.withdrawn:
        return False
    tie = likeness.tie(known.fingerprint, print_)
    return tie is not None and tie.kind is TieKind.SAME


def _goes_on(there: Fingerprint, print_: Fingerprint, newest: Neighbour) -> bool:
    if not newest.withdrawn:
        return likeness.continues(there, print_)
    if there.killed is not None and there.killed == print_.killed:
        return True
    tie = likeness.tie(there, print_)
    return tie is not None and tie.kind is TieKind.SAME


def _titles_meet(article: Article, neighbour: Neighbour) -> bool:
    return not set(folded_words(article.title)).isdisjoint(folded_words(neighbour.title))


def _same_title(article: Article, neighbour: Neighbour) -> bool:
    return fold(one_line(article.title)) == fold(one_line(neighbour.title))


def _as(verdict: Verdict, neighbour: Neighbour, *, trivial: bool = False) -> Placement:
    return Placement(verdict=verdict, article_id=neighbour.article_id, story_id=neighbour.story_id, trivial=trivial)
