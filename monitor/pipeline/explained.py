"""Explained: what an article is to a topic, and the rule by which it is, in words."""

from collections.abc import Sequence

from monitor.match import Explanation, Role
from monitor.types import Place

_EARLY = {Place.TITLE: "the title", Place.SUMMARY: "the teaser", Place.TEXT: "the first third of the text"}


def reason(explained: Explanation, all_of_them: Sequence[Explanation]) -> str:
    """Returns why an article is about a topic, only mentions it, or is not about it, by the rules of match.py."""
    match = explained.match
    if match is None:
        return f"not about it: {explained.because or _not_found(explained)}"
    if match.mention:
        return "a mention: one hit, after the first third of the text, and no other form of any topic"
    if explained.early is not None:
        return f"strong: a form stands in {_EARLY[explained.early]}"
    if explained.hits > 1:
        return f"strong: {explained.hits} hits"
    others = [other.topic_id for other in all_of_them if other is not explained and other.match is not None]
    return f"strong: of other topics a form stands in it too ({', '.join(others)})"


def _not_found(explained: Explanation) -> str:
    seen = {sighting.role for sighting in explained.sightings}
    if seen & {Role.ANY, Role.NEAR}:
        return "none of the forms that stand in it counts"
    return "no form by which it would be found stands in it, only others"
