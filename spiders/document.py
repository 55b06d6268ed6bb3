"""Turns the bytes of an answer into text that a parser can be trusted with, and what it names into our forms."""

import html
import re
from contextlib import suppress
from urllib.parse import urljoin, urlsplit
from xml.parsers import expat

from scrapy.http import Response
from w3lib.encoding import http_content_type_encoding, read_bom, resolve_encoding

from monitor.errors import FormatError

_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z][\w.:-]*)[\"']")
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # not characters of XML 1.0
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|(\d+));")
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_BEFORE_ROOT = re.compile(
    r"(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE(?:[^\[>]|\[.*?\]\s*(?=>))*>)*", re.DOTALL | re.IGNORECASE
)
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?![A-Za-z])")
_TWO_LETTERS = {"eng": "en", "fra": "fr", "fre": "fr"}  # ISO 639-2 where it differs from what we use
_LONGEST_PROLOGUE = 100_000  # characters before the root element
_TAG = re.compile(r"<([A-Za-z_][\w.:-]*)")


def text_of(response: Response) -> str:
    """Decodes the body of an answer.

    A byte-order mark decides. What is valid UTF-8 beyond ASCII is UTF-8, whatever it calls itself: other encodings do
    not look like it by chance. Then the HTTP charset counts, then the XML declaration, then Windows-1252. Encoding
    names mean what browsers take them to mean. Nothing is raised; what cannot be decoded is U+FFFD.
    """
    body = response.body
    encoding, mark = read_bom(body)
    if encoding is not None and mark is not None:
        return body[len(mark) :].decode(encoding, "replace")
    if body[:4] in (b"\x00<\x00?", b"<\x00?\x00"):
        return body.decode("utf-16-be" if body[0] == 0 else "utf-16-le", "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    header = (response.headers.get("Content-Type") or b"").decode("latin-1")
    in_xml = _DECLARED.search(body[:300])
    names = (http_content_type_encoding(header), in_xml and resolve_encoding(in_xml[1].decode("ascii")))
    for name in names:
        if name and resolve_encoding(name) not in (None, "utf-8"):
            try:
                return body.decode(name)
            except (UnicodeDecodeError, LookupError):
                continue
    beyond_ascii = sum(byte > 127 for byte in body)
    not_utf8 = len(body) - len(body.decode("utf-8", "ignore").encode())
    return body.decode("cp1252" if not_utf8 > beyond_ascii / 2 else "utf-8", "replace")


def well_behaved(text: str) -> str:
    """Returns XML text, declared as UTF-8, without what no XML parser accepts: junk before it, characters, references.

    Raises:
        FormatError: it declares entities; a few lines of those can grow to gigabytes ("billion laughs").
    """
    text = _FORBIDDEN.sub("", text)
    start = text.find("<")
    text = text[start:] if 0 < start < 2000 else text
    declared = _DECLARATION.match(text)
    text = '<?xml version="1.0" encoding="utf-8"?>' + text[declared.end() if declared else 0 :]
    _refuse_entities(text)
    return _REFERENCE.sub(_checked_reference, text)


def with_plain_characters(text: str) -> str:
    """Returns the text with HTML's named characters (&nbsp;, &eacute;) as themselves; XML knows only five names."""
    return _NAMED.sub(_named_character, text)


def root_of(text: str) -> str | None:
    """Returns the name of the root element, None where the text is no markup."""
    before = _BEFORE_ROOT.match(text, 0, _LONGEST_PROLOGUE)
    tag = _TAG.match(text, before.end() if before else 0)
    return tag[1] if tag else None


def absolute(base: str, link: str | None) -> str | None:
    """Returns a link as an absolute http or https address, None where it is none."""
    if link is None:
        return None
    try:
        url = urljoin(base, "".join(line.strip() for line in link.splitlines()))
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def language(tag: str | None) -> str | None:
    """Returns the language of a tag such as fr-CA (RFC 5646) in two letters where there are two."""
    found = _LANGUAGE.match(tag.strip()) if tag else None
    code = found[1].lower() if found else None
    return _TWO_LETTERS.get(code, code) if code else None


def _refuse_entities(text: str) -> None:
    problem = FormatError("refused: it declares XML entities")
    before_root = _TAG.search(text)
    if re.search(r"<!\s*ENTITY", text[: before_root.start()] if before_root else text, re.IGNORECASE):
        raise problem
    if not re.search("<!DOCTYPE", text, re.IGNORECASE):
        return
    declared: list[str] = []
    parser = expat.ParserCreate("utf-8")

    def stop(*_: object) -> None:
        raise StopIteration

    parser.EntityDeclHandler = lambda name, *_: declared.append(name)
    parser.StartElementHandler = stop
    with suppress(StopIteration, expat.ExpatError):
        parser.Parse(text.encode(), True)
    if declared:
        raise problem


def _checked_reference(found: "re.Match[str]") -> str:
    try:
        code = int(found[1], 16) if found[1] else int(found[2])
    except ValueError:  # more digits than Python reads
        return "\ufffd"
    if code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code <= 0x10FFFF:
        return found[0]
    return "\ufffd" if code > 32 else ""


def _named_character(found: "re.Match[str]") -> str:
    character = html.unescape(found[0])
    return found[0] if character in "<>&\"'" or character == found[0] else character
