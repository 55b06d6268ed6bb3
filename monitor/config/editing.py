"""Pure: one entry of a list in a configuration file is read, replaced, added or removed; no other byte changes.

An entry is the lines of one item of a block list (`- id: …`) with the comments that belong to it: those right above its
hyphen, and those below its values that are indented deeper than the hyphen. In a list in brackets it is what stands
between its braces, and entries are only replaced. What is changed is parsed again before it is given back: every other
value of the file must mean what it meant. What cannot be done so is refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.tokens import BlockEntryToken, ScalarToken, Token

_LINE_END = re.compile(r"\r\n|\r|\n")
_COMMENT = re.compile(r"[ \t]*#")
_KEEPS = re.compile(r"[|>][1-9]?\+")  # a text of several lines that keeps the blank ones at its end (YAML 1.2, 8.1.1.2)
_MARK = b"\xef\xbb\xbf"
_MOST_COMPARED = 500_000  # pairs of values


class Refusal(StrEnum):
    """Why a file is not changed in place."""

    NOT_YAML = "not yaml"  # it cannot be parsed as it is
    NO_LIST = "no list"  # what stands under the key is no list, or stands there twice, or is an alias
    BRACKETS = "brackets"  # the list stands in brackets: nothing is added or removed there
    LAYOUT = "layout"  # an entry does not begin on a line of its own, or between braces
    NO_ENTRY = "no entry"  # there is none with this id, or more than one
    NOT_ONE = "not one"  # the new text is not one entry that begins with a hyphen (in brackets: with a brace)
    OTHERS = "others"  # something else would change its meaning: an anchor is used elsewhere, a quote stays open


class EditError(Exception):
    """A file cannot be changed in place; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry as it stands in its file."""

    id: str | None  # the value of its key `id`
    text: str  # whole lines, joined by \n, without the last line's end; in brackets: what stands between the braces
    line: int  # of its first line in the file, from 1
    start: int  # where its first line begins, in characters of the file behind a byte order mark
    end: int  # where its last line ends, before the line's end


class Listing:
    """The list that stands under a key of a file.

    Raises:
        EditError: the file is not UTF-8 or YAML, there is no list, or its entries cannot be told apart by lines.
    """

    def __init__(self, raw: bytes, section: str) -> None:
        self.raw = raw
        self._section = section
        self._mark = _MARK if raw.startswith(_MARK) else b""
        try:
            self._text = raw[len(self._mark) :].decode("utf-8")
        except UnicodeDecodeError as error:
            raise EditError(Refusal.NOT_YAML) from error
        self._tokens, self._root = _parsed(self._text)
        self._items, self._column, self.entries = self._found()
        self._tokens = ()  # they take ten times the room of the file

    def entry(self, id_: str) -> Entry:
        """Returns the one entry with this id. Raises EditError."""
        return self.entries[self._number(id_)]

    def drafted(self, id_: str | None, new: str) -> bytes:
        """Returns the file with another text for this entry, or with one more at its end (None).

        Nothing is made sure of: it is for saying what is wrong with the text. Raises EditError.
        """
        return self._bytes(self._spliced(id_, new)[0])

    def replaced(self, id_: str, new: str) -> bytes:
        """Returns the file with another text for this entry; the same text gives the same bytes.

        The lines are moved right or left as a whole where its hyphen stands in another column than the others. Raises
        EditError.
        """
        text, place = self._spliced(id_, new)
        if text == self._text:
            return self.raw
        changed = Listing(self._bytes(text), self._section)
        number = self._number(id_)
        changed.must_be(self, number, number + 1, place)
        return changed.raw

    def added(self, new: str) -> bytes:
        """Returns the file with one more entry at the end of the list. Raises EditError."""
        text, place = self._spliced(None, new)
        changed = Listing(self._bytes(text), self._section)
        changed.must_be(self, len(self.entries), len(self.entries), place)
        return changed.raw

    def _spliced(self, id_: str | None, new: str) -> tuple[str, tuple[int, int]]:
        """The file's text with the new entry in it, and where that stands."""
        if id_ is not None:
            entry = self.entry(id_)
            fitted = self._fit(new)
            if fitted == self._fit(entry.text):
                return self._text, (entry.start, entry.end)
            body = fitted.replace("\n", self._ends(entry))
            whole = self._text[: entry.start] + body + self._text[entry.end :]
            return whole, (entry.start, entry.start + len(body))
        if self._brackets or (isinstance(self._root, MappingNode) and self._root.flow_style):
            raise EditError(Refusal.BRACKETS)
        body = fit(new, self._column)
        text, place, blank = self._text, *self._room()
        if isinstance(place, tuple):  # `[]` or `null` goes, and the rest of its line stays
            text = text[: place[0]].rstrip(" ") + text[place[1] :]
            place = _line_end(text, min(place[0], len(text)))
        ends = self._ends(self.entries[-1] if self.entries else None)
        front = text[:place] + (ends if place and text[place - 1] not in "\r\n" else "") + (ends if blank else "")
        body = body.replace("\n", ends)
        behind = text[place:]
        if behind[:1] not in {"", "\r", "\n"}:
            behind = ends + behind
        if not behind and self._text.endswith(("\r", "\n")):
            behind = ends
        return front + body + behind, (len(front), len(front) + len(body))

    def removed(self, id_: str) -> bytes:
        """Returns the file without this entry, its comments, and the blank lines that parted it. Raises EditError."""
        if self._brackets:
            raise EditError(Refusal.BRACKETS)
        number = self._number(id_)
        entry = self.entries[number]
        before, behind = self._text[: entry.start], self._text[entry.end :]
        behind = behind[_after_line_end(behind) :]
        if not behind.strip():
            before, behind = before.rstrip("\r\n") + (self._ends(entry) if before.strip() else ""), ""
        elif number == 0 or _LINE_END.sub("\n", before).endswith("\n\n"):
            behind = behind[re.match(r"(?:[ \t]*(?:\r\n|\r|\n))*", behind).end() :]  # type: ignore[union-attr]
        changed = Listing(self._bytes(before + behind), self._section)
        changed.must_be(self, number, number + 1, None)
        return changed.raw

    @property
    def column(self) -> int:
        """In which column the hyphens stand, from 0; where the first one would stand, if there is none."""
        return self._column

    def must_be(self, old: "Listing", first: int, behind: int, new: tuple[int, int] | None) -> None:
        """Makes sure that this is the `old` list with its entries from `first` to `behind` changed for those in `new`.

        `new` is where their text stands (one entry), None: they are gone. Raises EditError.
        """
        count = 0 if new is None else 1
        if len(self.entries) != len(old.entries) - (behind - first) + count:
            raise EditError(Refusal.NOT_ONE if new is not None else Refusal.OTHERS)
        if new is not None and not new[0] <= self._dashes[first] < new[1]:
            raise EditError(Refusal.NOT_ONE)
        kept = [*old._items[:first], *old._items[behind:]]
        have = [*self._items[:first], *self._items[first + count :]]
        pairs = [*zip(kept, have, strict=True), *self._beside(old)]
        if not _same(pairs):
            raise EditError(Refusal.OTHERS)

    def _beside(self, old: "Listing") -> list[tuple[Node, Node]]:
        """What stands under other keys, then and now."""
        then, now = old._others(), self._others()
        if [key for key, _ in then] != [key for key, _ in now]:
            raise EditError(Refusal.OTHERS)
        return [(was, is_) for (_, was), (_, is_) in zip(then, now, strict=True)]

    def _others(self) -> list[tuple[str, Node]]:
        pairs = self._root.value if isinstance(self._root, MappingNode) else []
        return [(str(key.value), value) for key, value in pairs if key.value != self._section]

    def _fit(self, text: str) -> str:
        """A text as it goes into the file, with \n at its line ends."""
        if not self._brackets:
            return fit(text, self._column)
        plain = _LINE_END.sub("\n", text).strip()
        if not plain.startswith("{"):
            raise EditError(Refusal.NOT_ONE)
        return plain

    def _number(self, id_: str) -> int:
        found = [number for number, entry in enumerate(self.entries) if entry.id == id_]
        if len(found) != 1:
            raise EditError(Refusal.NO_ENTRY)
        return found[0]

    def _bytes(self, text: str) -> bytes:
        return self._mark + text.encode("utf-8", "surrogatepass")

    def _ends(self, entry: Entry | None) -> str:
        """How lines end: as in the entry, else as in the file."""
        for text in (self._text[entry.start : entry.end] if entry is not None else "", self._text):
            if found := _LINE_END.search(text):
                return found[0]
        return "\n"

    def _found(self) -> tuple[list[Node], int, tuple[Entry, ...]]:
        """The nodes of the entries, the column of their hyphens, and the entries."""
        self._dashes: list[int] = []  # where the entries begin
        self._brackets = False
        if self._root is None:
            return [], 2, ()
        if not isinstance(self._root, MappingNode):
            raise EditError(Refusal.NO_LIST)
        listed = [(key, value) for key, value in self._root.value if key.value == self._section]
        if not listed:
            if self._root.flow_style:
                raise EditError(Refusal.BRACKETS)
            return [], 2, ()
        [(key, node), *more] = listed
        if more or node.start_mark.index < key.end_mark.index:
            raise EditError(Refusal.NO_LIST)
        self._key, self._value = key, node
        if isinstance(node, ScalarNode) and str(node.tag).endswith(":null"):
            return [], 2, ()
        if not isinstance(node, SequenceNode):
            raise EditError(Refusal.NO_LIST)
        if not node.value:
            return [], 2, ()
        if node.flow_style:
            self._brackets = True
            return list(node.value), 0, tuple(map(self._between_braces, node.value))
        return list(node.value), *self._apart(node)

    def _between_braces(self, item: Node) -> Entry:
        start, end = item.start_mark.index, item.end_mark.index
        written = self._text[start:end]
        if not isinstance(item, MappingNode) or not (written.startswith("{") and written.endswith("}")):
            raise EditError(Refusal.LAYOUT)
        self._dashes.append(start)
        line = len(_LINE_END.findall(self._text, 0, start)) + 1
        return Entry(id=_id(item), text=_LINE_END.sub("\n", written), line=line, start=start, end=end)

    def _apart(self, node: SequenceNode) -> tuple[int, tuple[Entry, ...]]:
        """Tells the entries of a block list apart, by lines."""
        dashes = [
            t for t in self._tokens if isinstance(t, BlockEntryToken) and t.start_mark.index >= node.start_mark.index
        ]
        column = dashes[0].start_mark.column
        places = [t.start_mark.index for t in dashes if t.start_mark.column == column][: len(node.value)]
        if len(places) != len(node.value):
            raise EditError(Refusal.LAYOUT)
        self._dashes = places
        entries, free = [], _line_end(self._text, self._last_before(places[0]))
        for number, (place, item) in enumerate(zip(places, node.value, strict=True)):
            until = places[number + 1] if number + 1 < len(places) else node.end_mark.index
            start = _line_start(self._text, place)
            if self._text[start:place].strip(" ") or start < free:
                raise EditError(Refusal.LAYOUT)
            start = self._with_comments_above(start, free)
            end = self._with_comments_below(self._content_end(place, until), until, column)
            text = _LINE_END.sub("\n", self._text[start:end])
            line = len(_LINE_END.findall(self._text, 0, start)) + 1
            entries.append(Entry(id=_id(item), text=text, line=line, start=start, end=end))
            free = end
        return column, tuple(entries)

    def _last_before(self, place: int) -> int:
        return max(t.end_mark.index for t in self._tokens if t.start_mark.index < place and _written(t))

    def _content_end(self, place: int, until: int) -> int:
        """Where the line ends on which the last value of an entry ends."""
        inside = [t for t in self._tokens if place <= t.start_mark.index < until and _written(t)]
        last = max(inside, key=lambda token: token.end_mark.index)
        end = last.end_mark.index
        if isinstance(last, ScalarToken) and last.style in {"|", ">"}:
            written = self._text[last.start_mark.index : end]
            if not _KEEPS.match(written):
                end = last.start_mark.index + len(written.rstrip())
            elif written.endswith(("\r", "\n")):  # the line's own end stays behind it
                end -= 2 if written.endswith("\r\n") else 1
        return _line_end(self._text, end)

    def _with_comments_above(self, start: int, free: int) -> int:
        while start > free:
            above = _line_start(self._text, start - (2 if self._text[start - 2 : start] == "\r\n" else 1))
            if above < free or not _COMMENT.match(self._text, above, start):
                break
            start = above
        return start

    def _with_comments_below(self, end: int, until: int, column: int) -> int:
        here = end + _after_line_end(self._text[end : end + 2])
        while here < min(until, len(self._text)):
            line_end = _line_end(self._text, here)
            line = self._text[here:line_end]
            if line.strip():
                if not _COMMENT.match(line) or len(line) - len(line.lstrip(" \t")) <= column:
                    break
                end = line_end
            here = line_end + _after_line_end(self._text[line_end : line_end + 2])
            if here == line_end:
                break
        return end

    def _room(self) -> tuple[int | tuple[int, int], bool]:
        """Where a new entry goes, or what goes for it, and whether a blank line parts it from what is before."""
        if self.entries:
            return self.entries[-1].end, True
        if self._root is None or not hasattr(self, "_value"):
            if "\n..." in self._text or (self._root is None and self._text.strip().startswith(("---", "%"))):
                raise EditError(Refusal.LAYOUT)
            raise EditError(Refusal.NO_LIST)
        if self._value.end_mark.index > self._value.start_mark.index:
            return (self._value.start_mark.index, self._value.end_mark.index), False
        return _line_end(self._text, self._key.end_mark.index), False


def fit(text: str, column: int) -> str:
    """Returns the text of an entry with its hyphen in this column, without blank lines around it.

    Raises:
        EditError: it does not begin with a hyphen, or stands further left in other lines than it can be moved.
    """
    lines = _LINE_END.sub("\n", text).split("\n")
    while lines and not lines[0].strip():
        del lines[0]
    while lines and not lines[-1].strip() and not _KEEPS.search(text):
        del lines[-1]
    first = next((line for line in lines if line.strip() and not _COMMENT.match(line)), "")
    if not re.match(r" *-(?:[ \t]|\Z)", first):
        raise EditError(Refusal.NOT_ONE)
    shift = column - (len(first) - len(first.lstrip(" ")))
    if shift >= 0:
        return "\n".join(f"{' ' * shift}{line}" if line.strip() else line for line in lines)
    moved = []
    for line in lines:
        room = len(line) - len(line.lstrip(" "))
        if room < -shift and line.strip() and not _COMMENT.match(line):
            raise EditError(Refusal.NOT_ONE)
        moved.append(line[min(room, -shift) :])
    return "\n".join(moved)


def quoted(text: str) -> str:
    """Returns one line of text in YAML's single quotation marks."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return "'" + " ".join(plain.split()).replace("'", "''") + "'"


def _parsed(text: str) -> tuple[Sequence[Token], Node | None]:
    try:
        tokens = list(YAML(typ="rt", pure=True).scan(text))
        yaml = YAML(typ="rt", pure=True)
        yaml.composer.warn_double_anchors = False  # YAML 1.2, 7.1 allows it
        return tokens, yaml.compose(text)
    except (YAMLError, ValueError, RecursionError, IndexError) as error:
        raise EditError(Refusal.NOT_YAML) from error


def _written(token: Token) -> bool:
    """Whether a token stands for something in the file."""
    return bool(token.end_mark.index > token.start_mark.index)


def _id(node: Node) -> str | None:
    pairs = node.value if isinstance(node, MappingNode) else []
    return next((str(value.value) for key, value in pairs if key.value == "id" and isinstance(value, ScalarNode)), None)


def _line_start(text: str, place: int) -> int:
    return max(text.rfind("\n", 0, place), text.rfind("\r", 0, place)) + 1


def _line_end(text: str, place: int) -> int:
    found = _LINE_END.search(text, place)
    return found.start() if found else len(text)


def _after_line_end(text: str) -> int:
    found = _LINE_END.match(text)
    return found.end() if found else 0


def _same(pairs: Sequence[tuple[Node, Node]]) -> bool:
    """Whether values mean the same, aliases followed."""
    waiting, seen = list(pairs), set[tuple[int, int]]()
    while waiting:
        was, is_ = waiting.pop()
        if (id(was), id(is_)) in seen:
            continue
        seen.add((id(was), id(is_)))
        if type(was) is not type(is_) or str(was.tag) != str(is_.tag) or len(seen) > _MOST_COMPARED:
            return False
        if isinstance(was, ScalarNode) and isinstance(is_, ScalarNode):
            if _said(was) != _said(is_):
                return False
        elif len(was.value) != len(is_.value):
            return False
        elif isinstance(was, MappingNode):
            waiting += [
                pair
                for (k, v), (key, value) in zip(was.value, is_.value, strict=True)
                for pair in ((k, key), (v, value))
            ]
        else:
            waiting += zip(was.value, is_.value, strict=True)
    return True


def _said(node: ScalarNode) -> str:
    """A scalar's text. One in lines of its own has no last line's end where the file ends with it."""
    return str(node.value).rstrip("\n") if node.style in {"|", ">"} else str(node.value)
