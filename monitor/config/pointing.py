"""From a character of a value to the character of the file that it was written with, and a line with a caret below."""

import re
from collections.abc import Iterator

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+(?:#.*\s+)?)*")  # an anchor and a tag before the text (YAML 1.2, section 6.9)
_LINE_BREAK = re.compile(r"\r\n|\n|\r")
_ESCAPED_SPACE = frozenset("tnvrNLP_ \t")  # YAML 1.2, section 5.7: what is white space once it is read
_HEXADECIMAL = {"x": 2, "u": 4, "U": 8}
_WIDTH = 100


def lines(text: str) -> list[str]:
    """Returns the lines of a file as YAML counts them."""
    return _LINE_BREAK.split(text)


def written_at(text: str, start: int, style: str | None, value: str, character: int) -> int:
    """Returns where in the file `text` a character of a value stands; its length stands for its end.

    The value is the scalar that begins at `start`. Line folding and indentation change nothing but white space, so
    that the characters between are counted.
    """
    units = _written(text, start, style)
    before = sum(not sign.isspace() for sign in value[:character])
    end = start
    for _ in range(before):
        _, end = next(units, (end, end))
    if before and (character >= len(value) or value[character].isspace()):
        return end
    return next(units, (end, end))[0]


def _written(text: str, start: int, style: str | None) -> Iterator[tuple[int, int]]:
    """Yields from where to where each character of a scalar that is not white space is written."""
    found = _PROPERTIES.match(text, start)
    here = found.end() if found else start
    if style in {"|", ">"}:
        header = _LINE_BREAK.search(text, here)
        here = header.end() if header else len(text)
    elif style in {"'", '"'}:
        here += 1
    while here < len(text):
        end, space = here + 1, text[here].isspace()
        if style == "'" and text[here] == "'":
            end += 1  # '' stands for one
        elif style == '"' and text[here] == "\\":
            sign = text[here + 1 : here + 2]
            end = here + 2 + _HEXADECIMAL.get(sign, 0)
            space = sign in _ESCAPED_SPACE or sign in {"\n", "\r"}
            if sign in _HEXADECIMAL:
                space = chr(int(text[here + 2 : end], 16)).isspace()
        if not space:
            yield here, end
        here = end


def excerpt(line: str, column: int) -> str:
    """Returns the part of a line around a column (from 1), and below it a caret; tabs count as one column."""
    start = max(0, min(column - 1 - _WIDTH // 2, len(line) - _WIDTH))
    shown = line[start : start + _WIDTH].rstrip()
    before = "…" if start else ""
    after = "…" if len(line.rstrip()) > start + _WIDTH else ""
    plain = "".join(sign if sign.isprintable() else " " for sign in before + shown + after)
    return f"{plain}\n{' ' * (len(before) + column - 1 - start)}^"
