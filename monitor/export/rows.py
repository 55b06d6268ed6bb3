"""An article as a row: the columns of CSV and Parquet, and the line of JSONL that they are made from."""

import re
from collections.abc import Sequence
from typing import Any

from monitor.export.documents import Json, article, when
from monitor.export.observation import Observation
from monitor.types import Kept

SEPARATOR = " | "
"""Between the parts of a list in one cell."""

COLUMNS = (
    "id", "url", "urls", "source", "sources", "publisher", "title", "text", "authors", "language",
    "published_at", "first_seen_at", "read_at", "partial", "withdrawn",
    "topics", "terms", "mentions", "story", "relation", "versions", "kept",
    "agency", "agency_first_published", "agency_first_language", "agency_writers", "agency_place", "agency_notice",
    "agency_take", "agency_correction", "coverage",
)  # fmt: skip
"""Of CSV. Adding some at the end is free; what is there keeps its name and place."""

_FORMULA = re.compile("[\\s\u00ad\u200b-\u200f\u2060\ufeff]*[=+\\-@＝＋－＠]|[\t\r\n]")


def line(kept: Kept, coverage: Observation | None, *, text: bool = True) -> Json:
    """Returns one article as `export --format jsonl` writes it; without `text` that field is left out."""
    fields = article(kept) | {"read_at": when(kept.read_at), "coverage": coverage and coverage.value}
    if not text:
        del fields["text"]
    return fields


def cells(fields: Json, columns: Sequence[str]) -> list[str | int | float | None]:
    """Returns the cells of a line, safe for spreadsheet programs."""
    topics, credit = fields["topics"], fields["credit"]
    flat = fields | {
        "topics": [topic["id"] for topic in topics],
        "terms": list(dict.fromkeys(term for topic in topics for term in topic["terms"])),
        "mentions": [topic["id"] for topic in topics if topic["mention"]],
        "agency": credit["agency"],
        **{f"agency_{name}": value for name, value in credit.items()},
    }
    return [_cell(flat[column]) for column in columns]


def _cell(value: Any) -> str | int | float | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float) or value is None:
        return value
    return harmless(SEPARATOR.join(value) if isinstance(value, list) else value)


def harmless(text: str) -> str:
    """Returns a cell that no spreadsheet program takes for a formula: behind an apostrophe where it begins like one.

    With = + - @, also in full width and behind white space, with a tab or a line break (OWASP, CSV injection).
    """
    return f"'{text}" if _FORMULA.match(text) else text
