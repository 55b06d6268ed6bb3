"""What in a query looks like an operator of another language, and is none of ours."""

import re

_LIKE_AN_OPERATOR = re.compile(r"(?<!\S)(?:and|or|not)(?!\S)")
_QUOTED = re.compile(r'["“”„][^"“”„]*["“”„]|«[^«»]*»')


def like_operators(q: str) -> tuple[str, ...]:
    """Returns the words of a query that are looked for as words, and that other programs take for operators."""
    return tuple(dict.fromkeys(_LIKE_AN_OPERATOR.findall(_QUOTED.sub(" ", q))))
