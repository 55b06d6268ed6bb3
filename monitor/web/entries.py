"""Pure: rows as CSV and entries as an Atom feed (RFC 4287): the twins of pages for spreadsheets and feed readers."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.export.rows import harmless

_ATOM = "http://www.w3.org/2005/Atom"
_XML = "http://www.w3.org/XML/1998/namespace"
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # no characters of XML 1.0

Cell = str | int | float | bool | None


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Returns rows as CSV (RFC 4180) with a header, safe for spreadsheet programs; unknown is empty."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([harmless(cell) if isinstance(cell, str) else _said(cell) for cell in row])
    return out.getvalue()


def _said(cell: Cell) -> Cell:
    return ("true" if cell else "false") if isinstance(cell, bool) else cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that happened, for a feed reader."""

    id: str  # an IRI that never changes
    title: str
    updated: datetime
    link: str
    author: str
    summary: str | None = None
    language: str | None = None  # of the title


def feed(entries: Iterable[Entry], *, title: str, page: str, own: str, language: str) -> bytes:
    """Returns an Atom feed, the newest entry first. `own` is its address, `page` that of the page it is of: its id."""
    from lxml import etree

    newest_first = sorted(entries, key=lambda entry: entry.updated, reverse=True)
    root = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})
    root.set(f"{{{_XML}}}lang", language)

    def put(parent: "etree._Element", name: str, text: str = "", **attributes: str) -> "etree._Element":
        child = etree.SubElement(
            parent, f"{{{_ATOM}}}{name}", **{key: _fit(value) for key, value in attributes.items()}
        )
        child.text = _fit(text) or None
        return child

    put(root, "id", page)
    put(root, "title", title)
    put(root, "updated", _when(newest_first[0].updated if newest_first else datetime.fromtimestamp(0, UTC)))
    put(root, "link", rel="alternate", href=page, type="text/html")
    put(root, "link", rel="self", href=own, type="application/atom+xml")
    for each in newest_first:
        entry = put(root, "entry")
        put(entry, "id", each.id)
        said = put(entry, "title", each.title)
        if each.language:
            said.set(f"{{{_XML}}}lang", each.language)
        put(entry, "updated", _when(each.updated))
        put(put(entry, "author"), "name", each.author)
        put(entry, "link", rel="alternate", href=each.link)
        if each.summary:
            put(entry, "summary", each.summary, type="text")
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True))


def _fit(text: str) -> str:
    return _UNFIT.sub("", text)


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
