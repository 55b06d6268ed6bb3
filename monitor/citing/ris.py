"""Pure: an item of CSL-JSON as RIS, which reference managers import; UTF-8, one tag a line, lines end with CR LF."""

from collections.abc import Iterator
from typing import Any

_TYPES = {"article-newspaper": "NEWS", "webpage": "ELEC", "post": "ELEC"}
_LINE = "\r\n"


def ris(item: dict[str, Any]) -> str:
    """Returns a record, with an empty line behind it. `item` is as `csl` makes it."""
    return "".join(f"{tag}  - {' '.join(value.split())}{_LINE}" for tag, value in _tags(item)) + _LINE


def _tags(item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "TY", _TYPES[item["type"]]
    yield "ID", item["id"]
    for name in item.get("author", ()):
        yield "AU", name.get("literal") or f"{name['family']}, {name['given']}"
    yield "TI", item["title"]
    yield "T2", item["container-title"]
    yield "PB", item["publisher"]
    if issued := item.get("issued"):
        year, month, day = issued["date-parts"][0]
        yield "PY", f"{year:04}"
        yield "DA", f"{year:04}/{month:02}/{day:02}"
    yield "Y2", "{:04}/{:02}/{:02}".format(*item["accessed"]["date-parts"][0])
    yield "ET", item["version"]
    if language := item.get("language"):
        yield "LA", language
    if agency := item.get("original-publisher"):
        yield "OP", agency
    yield "DB", item["archive"]
    yield "AN", item["archive_location"]
    yield "UR", item["URL"]
    yield "N1", item["note"]
    yield "ER", ""
