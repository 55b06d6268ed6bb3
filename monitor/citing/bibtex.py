"""Pure: an item of CSL-JSON as an entry for biblatex, which BibTeX reads too; UTF-8, TeX's own characters escaped."""

from collections.abc import Iterator
from typing import Any

_TEX = str.maketrans(
    {
        "\\": r"{\textbackslash}",
        "{": r"{\textbraceleft}",
        "}": r"{\textbraceright}",
        "~": r"{\textasciitilde}",
        "^": r"{\textasciicircum}",
        **{character: f"\\{character}" for character in "#$%&_"},
    }
)
"""Braces as commands: BibTeX counts `\\{` as an open one."""
_URL = str.maketrans({"{": "%7B", "}": "%7D", "\\": "%5C", " ": "%20"})
"""biblatex reads an address as it is written; these would end the field, or are in no address."""
_LANGUAGES = {"en": "english", "fr": "french"}


def bibtex(item: dict[str, Any]) -> str:
    """Returns an entry, with an empty line behind it. `item` is as `csl` makes it.

    `date` and `urldate` are biblatex's; `year` and `journal` are there for BibTeX. Headlines stand in two pairs of
    braces: their capitals are kept by every style.
    """
    kind = "article" if item["type"] == "article-newspaper" else "online"
    fields = "".join(f"  {name} = {{{value}}},\n" for name, value in _fields(item, kind))
    return f"@{kind}{{{item['id']},\n{fields}}}\n\n"


def _fields(item: dict[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    yield "title", f"{{{escaped(item['title'])}}}"
    if authors := [_name(name) for name in item.get("author", ())]:
        yield "author", " and ".join(authors)
    yield "journal" if kind == "article" else "organization", escaped(item["publisher"])
    if issued := item.get("issued"):
        year, month, day = issued["date-parts"][0]
        yield "date", f"{year:04}-{month:02}-{day:02}"
        yield "year", f"{year:04}"
    yield "url", item["URL"].translate(_URL)
    yield "urldate", "{:04}-{:02}-{:02}".format(*item["accessed"]["date-parts"][0])
    yield "version", item["version"]
    if language := item.get("language"):
        yield "langid", escaped(_LANGUAGES.get(language, language))
    yield "note", escaped(item["note"])


def _name(name: dict[str, str]) -> str:
    """A name that is not taken apart stands in braces of its own, or ` and ` in it would part it."""
    if literal := name.get("literal"):
        return f"{{{escaped(literal)}}}"
    return f"{escaped(name['family'])}, {escaped(name['given'])}"


def escaped(text: str) -> str:
    """Returns a text in one line, as TeX prints it."""
    return " ".join(text.split()).translate(_TEX)
