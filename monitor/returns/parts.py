"""Takes a letter apart (RFC 5322, RFC 2045) with bounded work, whatever stands in it. Nothing here raises.

The email package is not used for it: it descends as deep as a letter says it is nested, and parses whatever comes.
"""

import binascii
import quopri
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.errors import MessageError
from email.header import decode_header

_HEADERS = 65_536  # bytes
_FIELD = 4_000  # characters of one field that are looked at
_PARTS = 20  # of one multipart
_DEPTH = 4  # of multiparts within each other; reports have two
_TEXT = 65_536  # bytes of a text

_BLANK_LINE = re.compile(rb"(?:\A|\r?\n)\r?\n")
_FOLD = re.compile(r"\n(?=[ \t])")
_NAME = re.compile(r"[!-9;-~]{1,100}\Z")
_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)

Fields = Mapping[str, str]
"""Header fields by lower-case name, unfolded; of fields with one name the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a letter, or the letter itself."""

    fields: Fields
    body: bytes = field(repr=False)  # as it was sent

    @property
    def type(self) -> str:
        """The media type, in lower case; text/plain where none is given (RFC 2045, section 5.2)."""
        return self.fields.get("content-type", "text/plain").partition(";")[0].strip().lower()

    def content(self) -> bytes:
        """Returns the body with its transfer encoding undone, as far as that can be."""
        encoding = self.fields.get("content-transfer-encoding", "").strip().lower()
        try:
            if encoding == "base64":
                return binascii.a2b_base64(self.body + b"==")  # its end may have been cut off
            if encoding == "quoted-printable":
                return quopri.decodestring(self.body)
        except ValueError:
            pass
        return self.body

    def text(self) -> str:
        """Returns the beginning of the body as text.

        Whatever charset it names: codes, addresses and tokens are the same in all of them, and a name can be one of
        Python's own (`punycode`, `unicode_escape`), which are slow or warn.
        """
        return _readable(self.content()[:_TEXT])


def opened(raw: bytes) -> Part:
    """Parts header fields and body."""
    end = _BLANK_LINE.search(raw, 0, _HEADERS)
    headers, body = (raw[: end.start()], raw[end.end() :]) if end else (raw[:_HEADERS], b"")
    return Part(fields=fields(headers), body=body)


def fields(block: bytes) -> Fields:
    """Returns the header fields of a block; lines that are none are passed over."""
    found: dict[str, str] = {}
    text = _readable(block[:_HEADERS]).replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    for line in _FOLD.sub("", text).split("\n"):
        name, colon, value = line.partition(":")
        if colon and _NAME.match(name := name.rstrip().lower()):
            found.setdefault(name, value.strip()[:_FIELD])
    return found


def leaves(part: Part, depth: int = 0) -> Iterator[Part]:
    """Yields the parts of a letter that hold no others, in their order; a message within it is one of them."""
    boundary = _BOUNDARY.search(part.fields.get("content-type", ""))
    if not part.type.startswith("multipart/") or boundary is None:
        yield part
    elif depth < _DEPTH:
        for piece in _pieces(part.body, boundary[1] or boundary[2]):
            yield from leaves(opened(piece), depth + 1)


def _pieces(body: bytes, boundary: str) -> Iterator[bytes]:
    """Yields what stands between the delimiters (RFC 2046, section 5.1.1); a last one that is missing is the end."""
    delimiter = re.compile(rb"^--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*\r?$\n?", re.MULTILINE)
    start = None
    for count, found in enumerate(delimiter.finditer(body)):
        if start is not None:
            yield body[start : found.start()]
        start = found.end()
        if found[1] is not None or count >= _PARTS:
            return
    if start is not None:
        yield body[start:]


def decoded(value: str) -> str:
    """Returns a field with its encoded words decoded (RFC 2047), as far as they can be."""
    if "=?" not in value:
        return value
    try:
        pieces = decode_header(value)
    except (MessageError, ValueError):
        return value
    return "".join(piece if isinstance(piece, str) else _readable(piece) for piece, _ in pieces)


def _readable(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")
