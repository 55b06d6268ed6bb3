"""Explained: what an article is to a topic, and the rule by which it is, in words."""

from collections.abc import Sequence

from monitor.match import Explanation, Role
from monitor.types import Article, Hit, Kept, Place

_PLACES = {Place.TITLE: "a form stands in the title", Place.SUMMARY: "a form stands in the teaser"}


def reason(explained: Explanation, all_of_them: Sequence[Explanation], article: Article | Kept) -> str:
    """Returns why an article is about a topic, only mentions it, or is not about it, by the rules of match.py."""
    match = explained.match
    if match is None:
        return f"not about it: {explained.because or _not_found(explained)}"
    if match.mention:
        return "a mention: one hit, after the first third of the text, and no other form of any topic"
    for place, said in _PLACES.items():
        if any(hit.place is place for hit in match.hits):
            return f"strong: {said}"
    if any(_in_first_third(hit, article.text or "") for hit in match.hits):
        return "strong: a form stands in the first third of the text"
    if (hits := sum(hit.count for hit in match.hits)) > 1:
        return f"strong: {hits} hits"
    others = [other.topic_id for other in all_of_them if other is not explained and other.match is not None]
    return f"strong: of other topics a form stands in it too ({', '.join(others)})"


def _not_found(explained: Explanation) -> str:
    seen = {sighting.role for sighting in explained.sightings}
    if seen & {Role.ANY, Role.NEAR}:
        return "none of the forms that stand in it counts"
    return "no form by which it would be found stands in it, only others"


def _in_first_third(hit: Hit, text: str) -> bool:
    sentence = hit.sentence.removeprefix("…").removesuffix("…")
    shift = hit.start - (len(hit.sentence) - len(hit.sentence.removeprefix("…")))
    begins = text.replace("\n", " ").find(sentence)
    return begins >= 0 and begins + shift < len(text) / 3
