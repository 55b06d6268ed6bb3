"""A YAML 1.2 file as plain values, with the line and column of each of them."""

import re
import stat
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from monitor.config import pointing, quoting
from monitor.errors import Problem

Trail = tuple[str | int, ...]
"""The keys and the list positions (from 0) that lead to a value."""

MAX_VALUES = 500_000
"""Values in one file. Aliases of aliases can mean more than a memory holds, in a few lines."""

_STANDARD = "tag:yaml.org,2002:"
_HINTS = (
    ("found unexpected end of stream", "this quotation mark is never closed"),
    ("mapping values are not allowed", "a second `: ` on one line, or wrong indentation; text with `: ` needs quotes"),
    ("but found another document", "a second document (`---`) begins here; one file holds one"),
    ("expected ',' or ']'", "this list in brackets is never closed, or a comma is missing in it"),
    ("expected ',' or '}'", "this mapping in braces is never closed, or a comma is missing in it"),
    ("expected <block end>", "this line does not belong to what stands above it; look at the indentation"),
    ("expected the node content", "something is missing here, or a bracket above is never closed"),
    ("could not find expected ':'", "a key without `:`, or text that lost its indentation"),
    ("found undefined alias", "text that begins with * needs quotes"),
)


@dataclass(slots=True)
class Document:
    """One file: its data as dict, list, str, int, float, bool or None, and where each piece stands."""

    file: str  # as it is shown to people
    text: str = field(default="", repr=False)
    data: object = None
    places: dict[Trail, tuple[int, int]] = field(default_factory=dict)  # of values; line and column from 1
    keys: dict[Trail, tuple[int, int]] = field(default_factory=dict)  # of the keys that name them
    scalars: dict[Trail, ScalarNode] = field(default_factory=dict, repr=False)  # values as they are written
    problems: list[Problem] = field(default_factory=list)

    @property
    def usable(self) -> bool:
        """Whether there is a mapping to look into."""
        return isinstance(self.data, dict)

    def problem(self, trail: Trail, what: str, *, at_key: bool = False, character: int | None = None) -> Problem:
        """Returns a problem at a value, at its key, or, where it does not exist, at what should hold it.

        `character` is the one concerned of a value that is text, from 0; the text's length means its end.
        """
        place = self.keys.get(trail) if at_key else None
        if character is not None and trail in self.scalars:
            place = self._inside(self.scalars[trail], character)
        known = trail
        while place is None and known:
            place = self.places.get(known)
            known = known[:-1]
        line, column = place or self.places.get((), (1, 1))
        return Problem(file=self.file, line=line, column=column, path=self.spell(trail), what=what)

    def _inside(self, node: ScalarNode, character: int) -> tuple[int, int]:
        mark = node.start_mark
        end = pointing.written_at(self.text, mark.index, node.style, _text(node), character)
        between = pointing.lines(self.text[mark.index : end])
        return mark.line + len(between), len(between[-1]) + (mark.column if len(between) == 1 else 0) + 1

    def pointed(self, problems: Iterable[Problem]) -> list[Problem]:
        """Returns problems with the line of the file that each is about."""
        lines = pointing.lines(self.text) if self.text else []
        return [
            replace(problem, excerpt=pointing.excerpt(lines[problem.line - 1], problem.column))
            if problem.line <= len(lines)
            else problem
            for problem in problems
        ]

    def at(self, trail: Trail) -> object:
        """Returns the value at a place; None where there is none."""
        here = self.data
        for step in trail:
            if isinstance(step, int):
                here = here[step] if isinstance(here, list) and step < len(here) else None
            else:
                here = here.get(step) if isinstance(here, dict) else None
        return here

    def spell(self, trail: Trail) -> str:
        """Returns the way to a value as people read it: `sources[ircc-en].url`; without an id, counted from 1."""
        spelled, here = "", self.data
        for step in trail:
            if isinstance(step, int):
                here = here[step] if isinstance(here, list) and step < len(here) else None
                name = here.get("id") if isinstance(here, dict) else None
                spelled += f"[{name}]" if isinstance(name, str) and name.isprintable() else f"[{step + 1}]"
            else:
                here = here.get(step) if isinstance(here, dict) else None
                spelled += f".{step}" if spelled else step
        return spelled


def read(path: Path, shown: str, *, piped: bool = False, forms: bool = False) -> Document:
    """Reads a file. What is wrong with it stands in the document's problems; nothing is raised.

    A pipe or a device is refused unless it may be `piped`: it can keep its reader waiting, or have no end. Of a file
    that holds `forms`, slips with their quotation marks are told in its own words: it has no passwords.
    """
    document = Document(file=shown)
    try:
        mode = path.stat().st_mode
        if not (piped or stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            _refuse(document, 1, 1, "this is a pipe or a device; a file that can be read again belongs here")
            return document
        raw = path.read_bytes()
    except FileNotFoundError:
        other = path.with_suffix(".yml")
        found = f"; {other.name} is there: rename it" if other.is_file() else ""
        _refuse(
            document,
            1,
            1,
            f"the file is missing{found or '; `roxham init` writes a commented set of four into a new folder'}",
        )
        return document
    except OSError as error:
        _refuse(document, 1, 1, f"the file cannot be read: {error.strerror or error}")
        return document
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8", "replace")
        what = f"byte 0x{error.object[error.start]:02x} is not UTF-8; save the file in UTF-8"
        _refuse(document, *_place(before, len(before)), what)
        return document
    document.text = text
    _parse(document, text, forms=forms)
    return document


def _parse(document: Document, text: str, *, forms: bool) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)  # YAML 1.2 §7.1 allows it
            node = YAML(typ="rt", pure=True).compose(text)
    except ReaderError as error:
        character = error.character if isinstance(error.character, int) else ord(error.character)
        place = _place(text, error.position)
        _refuse(document, *place, f"a control character (U+{character:04X}) has no place in a text file")
    except MarkedYAMLError as error:
        _syntax(document, text, error, forms=forms)
    except RecursionError:
        _refuse(document, 1, 1, "the file is nested too deeply")
    except (YAMLError, ValueError) as error:
        _refuse(document, 1, 1, f"this is not YAML: {error}")
    else:
        if node is None:
            _refuse(document, 1, 1, "the file is empty; `roxham init` in a new folder shows what belongs here")
            return
        reader = _Reader(document)
        try:
            document.data = reader.value(node, ())
            if forms:
                reader.unused_anchors()
        except _TooMuchError:
            _refuse(document, 1, 1, f"the file holds more than {MAX_VALUES} values")
        except RecursionError:
            _refuse(document, 1, 1, "the file is nested too deeply")
        for (line, column), trail, what in reader.wrong:
            document.problems.append(Problem(document.file, line, column, document.spell(trail), what))


def _syntax(document: Document, text: str, error: MarkedYAMLError, *, forms: bool) -> None:
    """Says a parser's complaint in the words of the person who wrote the file, at the place to look at."""
    said = error.problem or "cannot be read"
    mark = error.problem_mark or error.context_mark
    if forms and mark is not None and (slip := quoting.slip(text, said, mark.index)):
        _refuse(document, *_place(text, slip[0]), f"YAML: {slip[1]}")
        return
    what = next((hint for sign, hint in _HINTS if sign in said), said)
    sign = re.fullmatch(r"while scanning an (alias|anchor)", error.context or "")
    if error.context_mark is not None and (sign or "end of stream" in said or "expected ','" in said):
        mark = error.context_mark  # where the sign stands, or the quotation mark or the bracket was opened
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    lines = text.splitlines()
    tab = re.match(r" *\t", lines[line - 1]) if line <= len(lines) else None
    if "'\\t'" in said or tab:
        what = "a tab; YAML is indented with spaces"
        column = tab.end() if tab else column
    elif found := re.search(r"found character '(.)' that cannot start", said):
        what = f"text cannot begin with {found[1]}; put it in quotes"
    elif sign:
        what = f"text that begins with {'*' if sign[1] == 'alias' else '&'} needs quotes"
    _refuse(document, line, column, f"YAML: {what}")


def _place(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _refuse(document: Document, line: int, column: int, what: str) -> None:
    document.problems.append(Problem(file=document.file, line=line, column=column, path="", what=what))


def _text(node: ScalarNode) -> str:
    """The text of a scalar. Where a folded one was folded, the parser leaves a bell for those who write it back."""
    text = str(node.value)
    return text.replace("\a", "") if node.style == ">" else text


class _TooMuchError(Exception):
    """More values than a configuration can have."""


class _Reader:
    """Turns parsed nodes into plain values. No tag makes an object: what is not YAML's own is refused."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.wrong: list[tuple[tuple[int, int], Trail, str]] = []  # spelled when all ids are known
        self._open: set[int] = set()
        self._anchored: dict[int, list[Trail]] = {}
        self._count = 0

    def value(self, node: Node, trail: Trail) -> object:
        document = self._document
        self._count += 1
        if self._count > MAX_VALUES:
            raise _TooMuchError
        place = (node.start_mark.line + 1, node.start_mark.column + 1)
        empty = isinstance(node, ScalarNode) and node.value == "" and node.style is None
        # Where nothing is written the parser points at the next thing; the key is the place to look at.
        document.places[trail] = document.keys.get(trail, place) if empty else place
        if id(node) in self._open:
            self.wrong.append((place, trail, "an alias to what holds it"))
            return None
        if isinstance(node, ScalarNode):
            document.scalars[trail] = node
            if node.anchor and node.style is None:
                self._anchored.setdefault(id(node), []).append(trail)
            return self._scalar(node, trail)
        if str(node.tag) not in {f"{_STANDARD}map", f"{_STANDARD}seq"}:
            self._foreign(str(node.tag), trail)
        self._open.add(id(node))
        try:
            if isinstance(node, SequenceNode):
                return [self.value(item, (*trail, number)) for number, item in enumerate(node.value)]
            return self._mapping(node, trail) if isinstance(node, MappingNode) else None
        finally:
            self._open.discard(id(node))

    def unused_anchors(self) -> None:
        """Refuses bare text in a list behind an & that nothing refers to: `&Emerson crossing` would be `crossing`."""
        for trail, *aliases in self._anchored.values():
            if not aliases and isinstance(trail[-1], int):
                mark = self._document.scalars[trail].start_mark
                what = "& names an anchor in YAML; put text that begins with & in quotes"
                self.wrong.append(((mark.line + 1, mark.column + 1), trail, what))

    def _mapping(self, node: MappingNode, trail: Trail) -> dict[str, object]:
        document, mapping = self._document, dict[str, object]()
        for key, value in node.value:
            place = (key.start_mark.line + 1, key.start_mark.column + 1)
            if not isinstance(key, ScalarNode):
                self.wrong.append((place, trail, "a key is one word, not a list or a mapping"))
                continue
            below = (*trail, str(key.value))
            if key.value in mapping:
                self.wrong.append((place, below, f"duplicate key; the first is at line {document.keys[below][0]}"))
                continue
            document.keys[below] = place
            mapping[str(key.value)] = self.value(value, below)
        return mapping

    def _scalar(self, node: ScalarNode, trail: Trail) -> object:
        text, tag = _text(node), str(node.tag).removeprefix(_STANDARD)
        if tag in {"str", "timestamp", "merge"}:
            return text
        try:
            match tag:
                case "null":
                    return None
                case "bool":
                    return text.lower() in {"true", "yes", "on", "y"}
                case "int":
                    return int(text.replace("_", ""), 10 if text.lstrip("+-0").isdecimal() else 0)
                case "float":
                    return float(text.replace("_", ""))
        except ValueError:
            return text
        self._foreign(str(node.tag), trail)
        return None

    def _foreign(self, tag: str, trail: Trail) -> None:
        shown = tag.replace(_STANDARD, "!!")
        self.wrong.append((self._document.places[trail], trail, f"the tag {shown} means nothing here; remove it"))
