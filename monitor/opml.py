"""OPML 1.0 and 2.0 (opml.org), the lists of feeds that programs exchange. In: bytes; out: outlines, and back.

What standard attributes cannot say of a source stands in attributes of our own, `roxham:` and the name of the key of
sources.yaml, so that a list that was written here can be read again without loss. A document that declares entities is
refused (a few lines of them can grow to gigabytes, or name files of this machine); nothing outside it is ever read.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from monitor.errors import ConfigError, Problem
from monitor.text import one_line, well_formed

OWN = "roxham:"
"""Before the name of a key of sources.yaml. Text stands as it is, every other value as JSON."""
NAMESPACE = "urn:x-roxham:sources"
MOST_BYTES = 50_000_000
_DEEPEST = 50  # outlines within outlines
_LONGEST = 300  # characters of a title
_FEEDS = ("feed", "gc_news")  # kinds that every feed reader reads; the standard's type of all of them is rss
_FEED_SCHEME = re.compile(r"feed:(?://(?!/)|(?=https?:))", re.IGNORECASE)  # what browsers once handed to feed readers


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One feed of a list."""

    url: str
    title: str | None
    language: str | None
    groups: tuple[str, ...]  # titles of the outlines around it, outermost first
    line: int  # in the file, from 1
    own: Mapping[str, object] = field(default_factory=dict)  # keys of sources.yaml that the list was written with


@dataclass(slots=True)
class _Reader:
    """Takes the tags of one document as they come; holds one line of memory for each feed."""

    file: str
    parser: "expat.XMLParserType"
    outlines: list[Outline] = field(default_factory=list)
    left_out: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    around: list[str | None] = field(default_factory=list)  # outlines that are open; None for one without a title
    depth: int = 0

    def problem(self, what: str) -> Problem:
        return Problem(self.file, self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1, "", what)

    def refuse(self, what: str) -> ConfigError:
        return ConfigError([*self.problems, self.problem(what)])

    def entity(self, *_: object) -> None:
        raise self.refuse("refused: the document declares XML entities")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth == 1 and tag.lower() != "opml":
            raise self.refuse(f"this is XML with the root <{tag[:40]}>, not OPML")
        if self.depth > _DEEPEST:
            raise self.refuse(f"outlines lie deeper in each other than {_DEEPEST} levels")
        if tag.lower() != "outline":
            return
        said = {name if name.startswith(OWN) else name.lower(): value for name, value in attributes.items()}
        title = one_line(well_formed(said.get("title") or said.get("text") or ""))[:_LONGEST] or None
        self.around.append(title)
        if address := said.get("xmlurl", "").strip():
            self._feed(address, title, said)
        elif link := said.get("url", "").strip():
            self.left_out.append(
                self.problem(f"left out: {link[:200]} is a link or a list ({said.get('type')}), no feed")
            )

    def end(self, tag: str) -> None:
        self.depth -= 1
        if tag.lower() == "outline":
            self.around.pop()

    def _feed(self, address: str, title: str | None, said: Mapping[str, str]) -> None:
        own: dict[str, object] = {}
        for name, value in said.items():
            if name == f"{OWN}url":  # nobody would look at it beside the other
                self.problems.append(self.problem(f"{name} means nothing here: the address stands in xmlUrl"))
            elif name.startswith(OWN):
                try:
                    own[name.removeprefix(OWN)] = _value(value)
                except (ValueError, RecursionError) as error:
                    self.problems.append(self.problem(f"{name} cannot be read: {error}"))
        self.outlines.append(
            Outline(
                url=_FEED_SCHEME.sub(lambda found: "https://" if "//" in found[0] else "", address, count=1),
                title=title,
                language=said.get("language", "").strip() or None,
                groups=tuple(group for group in self.around[:-1] if group),
                line=self.parser.CurrentLineNumber,
                own=own,
            )
        )


def read(document: bytes, file: str) -> tuple[list[Outline], list[Problem]]:
    """Returns the feeds of a list in its order, and remarks on what is none. `file` is its name for people.

    Raises:
        ConfigError: it is no OPML, broken, too large, too deep, or declares entities; with file, line and column.
    """
    if len(document) > MOST_BYTES:
        raise ConfigError([Problem(file, 1, 1, "", f"the file is larger than {MOST_BYTES // 10**6} MB")])
    parser = expat.ParserCreate()
    parser.buffer_text = True
    reader = _Reader(file, parser)
    parser.EntityDeclHandler = reader.entity
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        said = expat.ErrorString(error.code) if isinstance(error, expat.ExpatError) else str(error)
        raise reader.refuse(f"this is no well-formed XML: {said}") from error
    if reader.problems:
        raise ConfigError(reader.problems)
    return reader.outlines, reader.left_out


def write(sources: Iterable[Mapping[str, object]], *, title: str, now: datetime) -> str:
    """Returns an OPML 2.0 document of sources, each with the keys of its entry in sources.yaml.

    Passwords must not be among them. Other programs read feeds from it; what has another kind says so in `type`.
    """
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<opml version="2.0" xmlns:{OWN[:-1]}="{NAMESPACE}">',
        "  <head>",
        f"    <title>{_escaped(title)}</title>",
        f"    <dateCreated>{format_datetime(now, usegmt=True)}</dateCreated>",
        "  </head>",
        "  <body>",
        *(f"    <outline{_attributes(source)}/>" for source in sources),
        "  </body>",
        "</opml>",
    ]
    return "\n".join(lines) + "\n"


def _attributes(source: Mapping[str, object]) -> str:
    said: dict[str, object] = {
        "type": "rss" if source.get("kind") in _FEEDS else source.get("kind"),
        "text": source.get("name") or source.get("id"),
        "xmlUrl": source.get("url"),
    }
    if source.get("language"):
        said["language"] = source["language"]
    said |= {OWN + name: value for name, value in source.items() if name not in ("url", "language")}
    return "".join(f" {name}={quoteattr(_text(value), _BREAKS)}" for name, value in said.items())


_BREAKS = {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}


def _text(value: object) -> str:
    """Writes a value so that `_value` reads the same: text that looks like JSON is JSON text."""
    if isinstance(value, str) and _value_or_none(value) == value:
        return well_formed(value)
    return json.dumps(value, ensure_ascii=False)


def _value_or_none(text: str) -> object:
    try:
        return _value(text)
    except ValueError:
        return None


def _value(text: str) -> object:
    looks_like_json = text[:1] in ('"', "{", "[") or text in ("true", "false", "null") or re.fullmatch(r"-?\d+", text)
    return json.loads(text) if looks_like_json else text


def _escaped(text: str) -> str:
    return well_formed(text).replace("&", "&amp;").replace("<", "&lt;")
