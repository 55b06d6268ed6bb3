"""The list of sources as people keep it: entries for sources.yaml as text, and added to that file whole or not at all.

An entry is a mapping with the keys of sources.yaml. The file is amended as text, so that comments, order and quotation
marks of what is there stay as they are.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from monitor.config.document import MAX_VALUES
from monitor.config.saving import ChangedError, put, stand, tried, turn
from monitor.errors import ConfigError, Problem
from monitor.text import fold, one_line

if TYPE_CHECKING:
    from tldextract import TLDExtract

    from monitor.config import Config

Entry = Mapping[str, object]
Load = Callable[[Path], "Config"]
FILE = "sources.yaml"
_ORDER = ("id", "name", "publisher", "kind", "url", "language", "every", "read", "keep")  # as the shipped file has it
_LAST = ("options",)
_PLAIN = re.compile(
    r"(?!(?:true|false|null)\Z)[A-Za-zÀ-ÖØ-öø-ÿ](?:[\w .,/()&’'+;=?%~*@!-]|:(?=[^\s:])|#(?<=\S#))*", re.IGNORECASE
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")
_IN_LIST = re.compile(r"[\w][\w./-]*")
_NUMBER = re.compile(r"[\d.]")
_ID_LENGTH = 60  # of the 64 characters that an id may have; a number may have to follow
_MOST_NUMBERED = 100  # sources of one site whose addresses tell no difference
_COMMON = frozenset({"www", "feeds", "feed", "rss", "m", "amp", "api"})
_SAYS_LITTLE = re.compile(
    r"feeds?|rss|atom|xml|json|index|arc|outboundfeeds|category|search|default|webfeed|(?:news-)?sitemaps?|sitemap-news"
)


def text_of(entry: Entry, *, indent: int = 2) -> str:
    """Returns an entry as lines of sources.yaml; `indent` is the column of its hyphen, from 0."""
    rest = [key for key in entry if key not in _ORDER and key not in _LAST]
    names = [key for key in (*_ORDER, *rest, *_LAST) if entry.get(key) is not None]
    lines = [line for key in names for line in _lines(key, entry[key], 0)]
    blank = " " * indent
    return "".join(f"{blank}{'- ' if number == 0 else '  '}{line}\n" for number, line in enumerate(lines))


def text_of_groups(groups: Sequence[tuple[str, Sequence[Entry]]], *, indent: int = 2) -> str:
    """Returns entries as text, a blank line before each, and the heading of each group (if it has one) as a comment."""
    parts = []
    for heading, entries in groups:
        if heading:
            parts.append(f"\n{' ' * indent}# {one_line(heading)}\n")
        parts += [f"\n{text_of(entry, indent=indent)}" for entry in entries]
    return "".join(parts)


def _lines(key: str, value: object, depth: int) -> list[str]:
    margin = "  " * depth
    if isinstance(value, Mapping) and value:
        return [f"{margin}{key}:", *(line for k, v in value.items() for line in _lines(str(k), v, depth + 1))]
    return [f"{margin}{key}: {_scalar(value)}"]


def _scalar(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case list() | tuple():
            return f"[{', '.join(_scalar(each) if _safe_in_list(each) else _quoted(str(each)) for each in value)}]"
        case Mapping():
            return "{}"
    word = _CONTROL.sub(" ", str(value)).strip()
    if word.startswith(("http://", "https://")) and " " not in word and not word.endswith(":"):
        return word
    if re.fullmatch(r"\d+[smhd](?: to \d+[smhd])?", word):
        return word
    return word if _PLAIN.fullmatch(word) else _quoted(word)


def _safe_in_list(value: object) -> bool:
    return not isinstance(value, str) or bool(_IN_LIST.fullmatch(value) and not _NUMBER.match(value))


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def new_id(url: str, language: object, taken: Collection[str]) -> str:
    """Returns an id for a source at this address: its site, what of the path tells something, its language.

    As much of the path as it takes to be different from every taken id; where that is not enough a number follows, or,
    with a hundred of a site, a fingerprint of the address.
    """
    parts = urlsplit(url)
    site = _site(parts.hostname or "source")
    path = [_word(part) for part in parts.path.split("/") if part]
    telling = [
        part for part in path if part and not _SAYS_LITTLE.fullmatch(part) and part != language and len(part) < 30
    ]
    end = f"-{language}" if isinstance(language, str) and language else ""
    names = [site, *(f"{site}-{'-'.join(telling[:count])}" for count in range(1, len(telling) + 1))]
    for name in names:
        short = name[: _ID_LENGTH - len(end)].rstrip("-.") + end
        if short not in taken:
            return short
    base = names[-1][: _ID_LENGTH - len(end) - 9].rstrip("-.")
    tails = [*map(str, range(2, _MOST_NUMBERED)), hashlib.blake2b(url.encode(), digest_size=4).hexdigest()]
    return next((name for tail in tails if (name := f"{base}-{tail}{end}") not in taken), f"{base}-{len(taken)}{end}")


def _word(text: str) -> str:
    text = re.sub(r"\.(?:xml|rss|atom|json|php|aspx?|gz|html?)$", "", fold(text))
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")


def _site(host: str) -> str:
    if re.fullmatch(r"[\d.]+|.*:.*", host):
        return _word(host) or "source"
    found = _suffixes()(host)
    domain = found.domain or found.suffix
    front = found.subdomain.split(".")
    if not found.suffix and found.subdomain:  # an end that the public suffix list does not know is left out, too
        *front, domain = front
    return _word("-".join([*(part for part in front if part and part not in _COMMON), domain])) or "source"


@lru_cache(maxsize=1)
def _suffixes() -> "TLDExtract":
    from tldextract import TLDExtract

    return TLDExtract(suffix_list_urls=(), cache_dir=None)


def room(entries: Sequence[Entry], there: int) -> int:
    """Returns how many of these entries a sources.yaml that holds `there` sources has room for (`MAX_VALUES`).

    Of a source that is there, as many values are counted as the largest of the new ones has.
    """
    largest = max((_values(entry) for entry in entries), default=1)
    left = MAX_VALUES - 2 - there * largest  # the file itself and its list are values, too
    for number, entry in enumerate(entries):
        left -= _values(entry)
        if left < 0:
            return number
    return len(entries)


def _values(value: object) -> int:
    if isinstance(value, Mapping):
        return 1 + sum(_values(each) for each in value.values() if each is not None)
    return 1 + sum(map(_values, value)) if isinstance(value, list | tuple) else 1


def add(folder: Path, groups: Sequence[tuple[str, Sequence[Entry]]], load: Load) -> None:
    """Adds entries at the end of sources.yaml in `folder`. Comments stay; the old file is replaced in one step.

    The whole configuration is read before with the new entries in it, by `load`. Two that add at once take turns.

    Raises:
        ConfigError: it would not be good with them, or the file cannot be amended; it is as it was then.
    """
    path = (folder / FILE).resolve()
    with turn(path.parent):
        _add(path, folder, groups, load)


def _add(path: Path, folder: Path, groups: Sequence[tuple[str, Sequence[Entry]]], load: Load) -> None:
    before = load(folder)
    try:
        old = path.read_bytes()
        new = amended(old, groups, str(folder / FILE))
        after = _tried(folder, new, load)
    except OSError as error:
        raise _refused(folder, f"cannot be amended: {error.strerror or error}") from error
    added = [entry["id"] for _, entries in groups for entry in entries]
    if (
        after.sources[: len(before.sources)] != before.sources
        or [s.id for s in after.sources[len(before.sources) :]] != added
    ):
        raise _refused(folder, "cannot be amended as it is written; paste the entries by hand")
    try:
        put(path, stand(old), new)
    except ChangedError:
        raise _refused(folder, "was edited meanwhile; nothing was written, run the command again") from None
    except OSError as error:
        raise _refused(folder, f"cannot be written: {error.strerror or error}") from error


def _tried(folder: Path, new: bytes, load: Load) -> "Config":
    try:
        return tried(folder, FILE, new, load)
    except ConfigError as error:
        raise ConfigError([replace(p, what=f"with the new entries: {p.what}") for p in error.problems]) from None


def amended(old: bytes, groups: Sequence[tuple[str, Sequence[Entry]]], shown: str) -> bytes:
    """Returns the text of sources.yaml with entries at its end; line ends and the mark at the beginning are kept.

    Raises:
        ConfigError: its list stands in brackets.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.nodes import MappingNode, SequenceNode

    mark = b"\xef\xbb\xbf" if old.startswith(b"\xef\xbb\xbf") else b""
    text = old[len(mark) :].decode("utf-8")
    ends = "\r\n" if "\r\n" in text else "\n"
    indent = 2
    node = YAML(typ="rt", pure=True).compose(text)
    listed = next((v for k, v in node.value if k.value == "sources"), None) if isinstance(node, MappingNode) else None
    if isinstance(listed, SequenceNode):
        if listed.flow_style and listed.value:
            line, column = listed.start_mark.line + 1, listed.start_mark.column + 1
            what = "the list stands in brackets: write each source on lines of its own, beginning with a hyphen"
            raise ConfigError([Problem(shown, line, column, "sources", what)])
        if listed.flow_style:
            text = text[: listed.start_mark.index].rstrip(" ") + text[listed.end_mark.index :]
        else:
            indent = listed.start_mark.column
    added = text_of_groups(groups, indent=indent)
    whole = text if text.endswith("\n") else text + ends
    grown = whole + added.replace("\n", ends)
    return mark + (grown if text.endswith("\n") else grown.removesuffix(ends)).encode()


def _refused(folder: Path, what: str) -> ConfigError:
    return ConfigError([Problem(str(folder / FILE), 1, 1, "", what)])
