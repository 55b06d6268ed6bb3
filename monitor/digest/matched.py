"""Why a story is told: the sentence that matched, with the term marked, and the words that were found."""

from dataclasses import dataclass

from monitor.digest.plainly import shortened
from monitor.text import one_line
from monitor.types import Hit, Line, Place

_QUOTE = 500  # characters on either side of a term
_MARKS = frozenset('"“”„«»')


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The sentence that matched, parted around the term."""

    before: str
    term: str
    after: str

    @property
    def quotes(self) -> bool:
        """Whether it has quotation marks of its own, so that it needs none around it."""
        return not _MARKS.isdisjoint(self.sentence)

    @property
    def sentence(self) -> str:
        """All of it, without marks."""
        return f"{self.before}{self.term}{self.after}".strip()


def quote(line: Line) -> Quote | None:
    """Returns the sentence that says most: from the text rather than the summary, and none that the headline says.

    Nothing is quoted of what was withdrawn.
    """
    if line.withdrawn or line.article.withdrawn:
        return None
    title = one_line(line.article.title)
    hits = [hit for match in line.matches for hit in match.hits]
    for place in (Place.TEXT, Place.SUMMARY, Place.TITLE):
        for hit in hits:
            if hit.place is place and one_line(hit.sentence) not in ("", title):
                return _parted(hit)
    return None


def terms(line: Line) -> tuple[str, ...]:
    """Returns the words that were found, each once, as they stand in the article."""
    return tuple(dict.fromkeys(one_line(term) for match in line.matches for term in match.terms))


def _parted(hit: Hit) -> Quote:
    start, end = hit.start, hit.start + len(hit.surface)
    if not hit.surface or hit.sentence[start:end] != hit.surface:
        return Quote(before=shortened(one_line(hit.sentence), 2 * _QUOTE), term="", after="")
    before, after = _spaced(hit.sentence[:start]), _spaced(hit.sentence[end:])
    if len(before) > _QUOTE:
        before = "…" + before[-_QUOTE:].partition(" ")[2]
    return Quote(before=before, term=one_line(hit.surface), after=shortened(after, _QUOTE))


def _spaced(text: str) -> str:
    """`one_line` for a piece of a sentence: a space at either end belongs to it."""
    line = one_line(text)
    left = " " if text[:1].isspace() else ""
    right = " " if text[-1:].isspace() and line else ""
    return left + line + right
