"""Reads sitemaps (sitemaps.org, protocol 0.9), indexes of sitemaps, and what Google's news sitemaps add to them."""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from xml.parsers import expat

from monitor.errors import FormatError
from spiders import document

Entry = dict[str, str]
"""What one entry says: `url` and `lastmod`; of news also `title`, `published`, `publisher`, `language`, `keywords`."""

NEWS = frozenset({"title", "published", "publisher", "language", "keywords"})
_FIELDS = {
    ("loc",): "url",
    ("lastmod",): "lastmod",
    ("news", "title"): "title",
    ("news", "publication_date"): "published",
    ("news", "keywords"): "keywords",
    ("news", "publication", "name"): "publisher",
    ("news", "publication", "language"): "language",
}
_DEEPEST = 2 + max(map(len, _FIELDS))
_TOO_DEEP = 100  # a parser remembers every element that is open
_LONGEST = 20_000  # characters of one value
_PIECE = 1 << 16
_MAGIC = b"\x1f\x8b"  # RFC 1952
# Many sites write addresses with a bare & in them. What a CDATA section holds is meant as it stands.
_BARE = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)", re.DOTALL)
_CUT = frozenset(
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
    )
)


def unpacked(body: bytes, most: int) -> tuple[bytes, str | None]:
    """Returns a body without gzip, which its first bytes show, and a note where it breaks off or goes wrong in there.

    Raises:
        FormatError: it is larger than `most` bytes once unpacked.
    """
    if not body.startswith(_MAGIC):
        return body, None
    pieces, size = [], 0
    with gzip.open(io.BytesIO(body)) as file:
        try:
            while piece := file.read(_PIECE):
                pieces.append(piece)
                size += len(piece)
                if size > most:
                    raise FormatError(f"the sitemap is larger than {most / 2**20:.4g} MiB once unpacked")
        except EOFError:
            return b"".join(pieces), "the packed sitemap is cut off"
        except (OSError, zlib.error) as error:
            return b"".join(pieces), f"the sitemap cannot be unpacked: {error}"
    return b"".join(pieces), None


def entries(text: str) -> Iterator[Entry]:
    """Gives the entries of a sitemap or an index, in their order; what other namespaces add is passed over.

    `text` is what `document.well_behaved` returns. One entry is in memory at a time.

    Raises:
        FormatError: after the whole entries before a break, or where there are none.
    """
    reader = _Reader()
    text = _BARE.sub(lambda found: "&amp;" if found[0] == "&" else found[0], document.with_plain_characters(text))
    whole = 0
    problem: expat.ExpatError | FormatError | None = None
    for at in range(0, len(text) + 1, _PIECE):
        try:
            reader.parser.Parse(text[at : at + _PIECE].encode(), at + _PIECE > len(text))
        except (expat.ExpatError, FormatError) as error:
            problem = error
        whole += len(reader.complete)
        yield from reader.complete
        reader.complete.clear()
        if problem is not None:
            raise FormatError(_broken(problem, whole)) from problem


def addresses(text: str) -> list[str] | None:
    """Returns the lines of a sitemap that is plain text, one address each; None where the text is something else."""
    if not re.match(r"\s*https?://", text, re.IGNORECASE):
        return None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines if all(re.match(r"https?://\S+\Z", line, re.IGNORECASE) for line in lines) else None


def _broken(problem: expat.ExpatError | FormatError, whole: int) -> str:
    if isinstance(problem, FormatError):
        return problem.reason
    if problem.code not in _CUT:
        return f"broken XML: {problem}" + ("; the entries before that were kept" if whole else "")
    if whole:
        return "the sitemap is cut off; its complete entries were kept"
    return "the sitemap is cut off before the end of its first entry"


class _Reader:
    """Gathers entries from the parser's events. Prefixes do not count: sites declare wrong namespaces, or none."""

    def __init__(self) -> None:
        self.complete: list[Entry] = []
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._path: list[str] = []
        self._entry: Entry = {}
        self._field: str | None = None
        self._depth = 0  # of the field's element
        self._value = ""

    def _start(self, name: str, _: object) -> None:
        self._path.append(name.rpartition(":")[2].lower())
        depth = len(self._path)
        if depth > _TOO_DEEP:
            raise FormatError("refused: the XML is nested too deeply")
        if self._field is None and 2 < depth <= _DEEPEST:
            self._field, self._depth, self._value = _FIELDS.get(tuple(self._path[2:])), depth, ""

    def _text(self, text: str) -> None:
        if self._field is not None and len(self._value) < _LONGEST:
            self._value += text[:_LONGEST]

    def _end(self, _: str) -> None:
        depth = len(self._path)
        name = self._path.pop()
        if self._field is not None and depth == self._depth:
            if value := self._value.strip():
                self._entry.setdefault(self._field, value)
            self._field = None
        if depth == 2:
            if name in ("url", "sitemap"):
                self.complete.append(self._entry)
            self._entry = {}
