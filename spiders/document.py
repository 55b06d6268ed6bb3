"""Turns the bytes of an answer into text that a parser can be trusted with, and what it names into our forms."""

import html
import re
from contextlib import suppress
from urllib.parse import quote, urljoin, urlsplit
from xml.parsers import expat

from lxml import etree
from scrapy.http import Response
from w3lib.encoding import http_content_type_encoding, read_bom, resolve_encoding

from monitor.errors import FormatError
from monitor.text import MOST_ATTRIBUTES, overladen

_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z][\w.:-]*)[\"']")
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_DECLARED_IN_HTML = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z][\w.:-]*)", re.IGNORECASE)
# Python's names of the encodings that browsers know (WHATWG, Encoding, 4.2); Python has others, with which bytes that
# look harmless become something else.
_ENCODINGS = frozenset(
    ["ascii", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp866", "cp874", "koi8-r", "koi8-u", "mac-roman"]
    + [f"cp{number}" for number in range(1250, 1259)]
    + [f"iso8859-{number}" for number in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)]
    + ["gb18030", "gbk", "big5hkscs", "euc_jp", "iso2022_jp", "cp932", "shift_jis", "cp949", "euc_kr", "mac-cyrillic"]
)
_MOST_ELEMENTS = 200_000  # ten times what the largest feeds have; feedparser needs up to 30 µs for one
_START = re.compile("<[A-Za-z]")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # not characters of XML 1.0
_CONTROLS = bytes([*range(9), 11, 12, *range(14, 32)])
_DOCTYPE = re.compile(r"<![Dd][Oo][Cc][Tt][Yy][Pp][Ee]")
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|(\d+));")
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_BEFORE_ROOT = re.compile(
    r"(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE(?:[^\[>]|\[.*?\]\s*(?=>))*>)*", re.DOTALL | re.IGNORECASE
)
# Blanks, controls and marks that no address may hold (RFC 3986, 2) and nobody sees in one.
_UNSEEN = re.compile("[\x00-\x20\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?![A-Za-z])")
_TWO_LETTERS = {"eng": "en", "fra": "fr", "fre": "fr"}  # ISO 639-2 where it differs from what we use
_LONGEST_PROLOGUE = 100_000  # characters before the root element
_TAG = re.compile(r"<([A-Za-z_][\w.:-]*)")


def text_of(response: Response) -> str:
    """Decodes the body of an answer.

    A byte-order mark decides. What is valid UTF-8 beyond ASCII is UTF-8, whatever it calls itself: other encodings do
    not look like it by chance. Then the HTTP charset counts, then the XML declaration or the head of an HTML page,
    then Windows-1252. Encoding names mean what browsers take them to mean, and what no browser knows is none. Nothing
    is raised; what cannot be decoded is U+FFFD.
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
    inside = _DECLARED.search(body[:300]) or _DECLARED_IN_HTML.search(body[:2048])
    for said in (http_content_type_encoding(header), inside and inside[1].decode("ascii")):
        name = resolve_encoding(said) if said else None
        if name in _ENCODINGS and name != "utf-8":
            with suppress(UnicodeDecodeError):
                return body.decode(name)
    beyond_ascii = sum(byte > 127 for byte in body)
    not_utf8 = len(body) - len(body.decode("utf-8", "ignore").encode())
    return body.decode("cp1252" if not_utf8 > beyond_ascii / 2 else "utf-8", "replace")


def well_behaved(text: str) -> str:
    """Returns XML text, declared as UTF-8, without what no XML parser accepts: junk before it, characters, references.

    Raises:
        FormatError: it declares entities; a few lines of those can grow to gigabytes ("billion laughs").
    """
    text = _without_forbidden(text)
    start = text.find("<")
    text = text[start:] if 0 < start < 2000 else text
    declared = _DECLARATION.match(text)
    text = '<?xml version="1.0" encoding="utf-8"?>' + text[declared.end() if declared else 0 :]
    _refuse_entities(text)
    return _REFERENCE.sub(_checked_reference, text)


def with_plain_characters(text: str) -> str:
    """Returns the text with HTML's named characters (&nbsp;, &eacute;) as themselves; XML knows only five names."""
    return _NAMED.sub(_named_character, text)


def refuse_bombs(text: str) -> None:
    """Refuses markup that is small enough to be fetched and takes a parser minutes.

    Raises:
        FormatError: it has more elements, or one of them more attributes, than any document needs.
    """
    if overladen(text):
        raise FormatError(f"refused: an element has more than {MOST_ATTRIBUTES:,} attributes")
    if text.count("<") > _MOST_ELEMENTS and sum(1 for _ in _START.finditer(text)) > _MOST_ELEMENTS:
        raise FormatError(f"refused: it has more than {_MOST_ELEMENTS:,} elements")


def html_tree(text: str) -> etree._Element | None:
    """Returns the root of an HTML page; None where there is no element in it. What lies too deep is left out.

    Raises:
        FormatError: it has more elements, or one of them more attributes, than any page needs.
    """
    refuse_bombs(text)
    parser = etree.HTMLParser(encoding="utf-8", remove_pis=True)
    body = _FORBIDDEN.sub("", text).encode("utf-8")
    return etree.fromstring(body, parser) if body.strip() else None


def root_of(text: str) -> str | None:
    """Returns the name of the root element, None where the text is no markup."""
    before = _BEFORE_ROOT.match(text, 0, _LONGEST_PROLOGUE)
    tag = _TAG.match(text, before.end() if before else 0)
    return tag[1] if tag else None


def absolute(base: str, link: str | None) -> str | None:
    """Returns a link as an absolute http or https address, None where it is none.

    It leads where a browser goes (WHATWG, URL, 4.4): tabs and line breaks count for nothing, a back-slash in the path
    is a slash, blanks and controls are percent-encoded; a host that holds such is none. All else stays as written.
    """
    if link is None:
        return None
    path, mark, rest = "".join(line.strip() for line in link.splitlines()).replace("\t", "").partition("?")
    path, hash_mark, place = path.partition("#")
    try:
        url = urljoin(base, path.replace("\\", "/") + hash_mark + place + mark + rest)
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc or _UNSEEN.search(parts.netloc):
        return None
    return _UNSEEN.sub(lambda found: quote(found[0]), url)


def language(tag: str | None) -> str | None:
    """Returns the language of a tag such as fr-CA (RFC 5646) in two letters where there are two."""
    found = _LANGUAGE.match(tag.strip()) if tag else None
    code = found[1].lower() if found else None
    return _TWO_LETTERS.get(code, code) if code else None


def _without_forbidden(text: str) -> str:
    encoded = text.encode("utf-8", "surrogatepass")
    # Most texts hold none, and bytes show that five times as fast: U+FFFE begins with EF BF, a surrogate with ED.
    if len(encoded.translate(None, _CONTROLS)) == len(encoded) and not (b"\xef\xbf" in encoded or b"\xed" in encoded):
        return text
    return _FORBIDDEN.sub("", text)


def _refuse_entities(text: str) -> None:
    problem = FormatError("refused: it declares XML entities")
    before_root = _TAG.search(text)
    if re.search(r"<!\s*ENTITY", text[: before_root.start()] if before_root else text, re.IGNORECASE):
        raise problem
    if not _DOCTYPE.search(text):
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
