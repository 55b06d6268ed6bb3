"""Articles → the bytes of an export, as they come: memory does not grow with their number."""

import csv
import io
import json
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack
from typing import Any

from monitor import citing
from monitor.export.forms import Form, Plan
from monitor.export.observation import Observation, observation
from monitor.export.parquet import parquet
from monitor.export.rows import COLUMNS, cells, line
from monitor.types import Kept

_CHUNK = 1 << 16  # characters that are handed on at once
_BOM = "\ufeff"


def stream(
    form: Form, articles: Iterable[Kept], plan: Plan, *, text: bool = True, bom: bool = False
) -> Generator[bytes, None, None]:
    """Yields an export of these articles in their order; closing it closes `articles`, if that is a generator.

    Without `text` no text of an article is in it. `bom` puts the mark before a CSV by which spreadsheet programs know
    UTF-8; the other forms have none.
    """
    with ExitStack() as open_:
        if (close := getattr(articles, "close", None)) is not None:
            open_.callback(close)
        if form is Form.PARQUET:
            yield from parquet(_observed(articles, plan), plan.says(), text=text)
        elif form.cites:
            yield from _chunked(_CITATIONS[form](citing.csl(article, plan.holder) for article in articles))
        elif form is Form.CSV:
            yield from _chunked(_csv(_observed(articles, plan), text=text, bom=bom))
        else:
            lines = (line(article, coverage, text=text) for article, coverage in _observed(articles, plan))
            yield from _chunked(json.dumps(each, ensure_ascii=False) + "\n" for each in lines)


def _observed(articles: Iterable[Kept], plan: Plan) -> Iterator[tuple[Kept, Observation | None]]:
    return ((article, observation(article, plan.watched)) for article in articles)


def _chunked(parts: Iterable[str]) -> Iterator[bytes]:
    """Yields text in pieces worth handing on; what is no Unicode as a question mark."""
    held: list[str] = []
    size = 0
    for part in parts:
        held.append(part)
        size += len(part)
        if size >= _CHUNK:
            yield "".join(held).encode("utf-8", "replace")
            held, size = [], 0
    if held:
        yield "".join(held).encode("utf-8", "replace")


def _csv(rows: Iterable[tuple[Kept, Observation | None]], *, text: bool, bom: bool) -> Iterator[str]:
    """RFC 4180: a head, then one record an article; a text keeps its line breaks, within quotation marks."""
    columns = [column for column in COLUMNS if text or column != "text"]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    yield (_BOM if bom else "") + out.getvalue()
    for article, coverage in rows:
        out.seek(0)
        out.truncate()
        writer.writerow(cells(line(article, coverage, text=text), columns))
        yield out.getvalue()


def _csl_json(items: Iterable[dict[str, Any]]) -> Iterator[str]:
    """One array, an item a line."""
    before = "[\n"
    for item in items:
        yield before + json.dumps(item, ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


_CITATIONS: dict[Form, Callable[[Iterable[dict[str, Any]]], Iterator[str]]] = {
    Form.CSL_JSON: _csl_json,
    Form.RIS: lambda items: map(citing.ris, items),
    Form.BIBTEX: lambda items: map(citing.bibtex, items),
}
