"""The passage of an article that answers a search best."""

from collections.abc import Sequence

from monitor.query import Span
from monitor.text import sentence_around
from monitor.types import Place

_LONGEST = 240  # characters
_READING = (Place.TEXT, Place.SUMMARY, Place.TITLE)  # where people look for it: the headline they see anyway
_ENOUGH = 200  # hits that are looked at


def passage(spans: Sequence[Span]) -> str | None:
    """Returns the sentence with the most of what was asked, each hit in it between \\x02 and \\x03; None for none."""
    for place in _READING:
        if there := [span for span in spans if span.place is place]:
            return _marked(there)
    return None


def _marked(spans: Sequence[Span]) -> str:
    first = spans[0].text
    hits = [span for span in spans if span.text is first][:_ENOUGH]
    best = max(hits, key=lambda hit: _kinds_near(hit, hits))  # the first of those that are as good
    sentence, start = sentence_around(first, best.start, best.end, longest=_LONGEST)
    shift = start - best.start
    parts, upto = [], 0
    for hit in hits:
        begin, end = hit.start + shift, hit.end + shift
        if begin >= upto and sentence[begin:end] == first[hit.start : hit.end].replace("\n", " "):
            parts += [sentence[upto:begin], "\x02", sentence[begin:end], "\x03"]
            upto = end
    return "".join((*parts, sentence[upto:]))


def _kinds_near(hit: Span, hits: Sequence[Span]) -> int:
    """How many of the terms that were asked for stand about it."""
    reach = _LONGEST // 2
    return len({other.term for other in hits if abs(other.start - hit.start) <= reach})
