"""Slips with quotation marks that make forms unreadable as YAML, told by the line on which reading stopped."""

import re

from monitor.config.values import quoted
from monitor.query import check_form

_QUOTED = r"""(?<![^\s,\[{:])(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\n]|'')*')"""
_TEXT = re.compile(_QUOTED)
_PIECE = re.compile(rf"(?P<text>{_QUOTED})|(?P<comment>(?<![^\s,\[{{])#.*)|(?P<sign>[\[\]{{}}])")
_OPERATOR = re.compile(r"(?:(?:AND|OR|NOT|NEAR(?:/\d+)?)\b|-(?=\S)|\()")
_HASHTAG = re.compile(r"#\w[\w-]*")
_FOUND_TEXT = re.compile(r"but (?:found|got) '<scalar>'")


def slip(text: str, said: str, place: int) -> tuple[int, str] | None:
    """Returns what was hardly meant, and at which character of the file; None where that is not sure.

    `said` is the parser's complaint, and `place` the character at which it came up.
    """
    if found := _hashtag(text, place):
        return found
    return _after_quotes(text, place, listed="expected ','" in said) if _FOUND_TEXT.search(said) else None


def _hashtag(text: str, place: int) -> tuple[int, str] | None:
    """A hashtag without quotes in a list in brackets: it, and the bracket behind it, are a comment."""
    lines = [*re.finditer(r"[^\n]*\n?", text[:place])]
    for line in reversed(lines):
        comment = next((piece for piece in _PIECE.finditer(text, *line.span()) if piece["comment"]), None)
        hashtag = _HASHTAG.match(comment[0]) if comment else None
        if comment is None or hashtag is None or not re.search(r"[\]}]", comment[0]):
            continue
        if _stays_open(text, line.start(), comment.start(), place):
            return comment.start(), f"# begins a comment here; a hashtag needs quotes: '{hashtag[0]}'"
        return None
    return None


def _stays_open(text: str, start: int, since: int, place: int) -> bool:
    """Whether a bracket is opened between `start` and `since` and still open at `place`."""
    depth = 0
    for piece in _PIECE.finditer(text, start, place):
        if piece["sign"]:
            depth += 1 if piece["sign"] in "[{" else -1
        if piece.start() >= since and depth <= 0:
            return False
    return depth > 0


def _after_quotes(text: str, place: int, *, listed: bool) -> tuple[int, str] | None:
    """What goes on behind a text in quotes: the rest of a query, or of a word with an apostrophe."""
    line = text.rfind("\n", 0, place) + 1
    end = len(text[:place].rstrip(" "))
    before = next((one for one in _TEXT.finditer(text, line, place) if one.end() == end), None)
    if before is None:
        return None
    if _OPERATOR.match(text, place):
        query = _query(text, before.start(), listed=listed)
        example = query if query and check_form(query) is None else '"Roxham Road" OR Lacolle'
        return before.start(), f"a whole query goes into one pair of single quotes: {quoted(example)}"
    word = re.search(r"\w+'\Z", before[0])
    if before[0][0] == "'" and word and end == place and (rest := re.match(r"\w+", text[place:])):
        return end - 1, f"within single quotes an apostrophe is doubled: '{word[0]}'{rest[0]}'"
    return None


def _query(text: str, start: int, *, listed: bool) -> str:
    """The query that was to begin at `start`, in its own quotation marks alone."""
    line = text[start:].split("\n", 1)[0]
    stop = re.compile(r"(?<!\S)#.*|[,\]}].*" if listed else r"(?<!\S)#.*")
    query, here = "", 0
    while here < len(line) and not stop.match(line, here):
        found = _TEXT.match(line, here)
        query += _own(found[0]) if found else line[here]
        here = found.end() if found else here + 1
    return query.strip()


def _own(text: str) -> str:
    """A text in YAML's quotes as it stands in a query."""
    within = text[1:-1].replace("''", "'")
    if text[0] == '"':
        return text
    return within if check_form(within) is None else f'"{within}"'
