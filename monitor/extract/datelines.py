"""Datelines: the place that opens an agency's story ("MONTREAL —", "JASPER, ALTA. (CP) –", "(Ottawa)")."""

import re

_DATELINE = re.compile(
    r"[A-ZÀ-ÖØ-Þ][A-ZÀ-ÖØ-Þ.'’ -]{2,30}(?:, ?[A-Za-zÀ-ÿ. -]{2,24})?(?: ?\((?:CP|PC|AP|AFP|Reuters)\))? ?"
    r"(?:[–—|]|--?\s)|"
    r"\([A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ]+(?:[ ,-]{1,2}[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ]+){0,3}\) [A-ZÀ-ÖØ-Þ«“\"]"
)


def opens_a_story(line: str) -> bool:
    """Says whether a line begins with a dateline."""
    return _DATELINE.match(line) is not None
