"""Markup in, trees and plain text out, whatever the markup is like.

Limits: of a document the first 3 million characters and 30,000 elements are read, of a feed's item the first 400,000
characters; libxml2 leaves out what is nested deeper than 256 elements; where a document is full of line breaks, runs of
them count as two; markup with an element of more than 1,000 attributes is none. Nothing is fetched: no DTD, no network.
"""

import re
from collections.abc import Iterator
from functools import partial
from html import unescape
from itertools import islice

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from monitor.extract.boxes import prune
from monitor.text import overladen

LONGEST_PAGE = 3_000_000
MOST_ELEMENTS = 30_000
"""Ten times what news pages have; trafilatura takes a second then, and more with the square of it."""
LONGEST_ITEM = 400_000

_DROPPED = frozenset(
    {"script", "style", "template", "noscript", "iframe", "svg", "form", "button", "figure", "figcaption", "object"}
    | {"head", "aside", "nav"}
)
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "footer", "h1", "h2", "h3", "h4", "h5", "h6"}
    | {"header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tr", "ul", "body", "html", "center"}
)
_SPACES = "\n\t\r\f\u200b"  # what markup means as a space
_ITEM_PARSER = partial(etree.HTMLParser, encoding="utf-8", no_network=True, remove_pis=True)
_TAG = re.compile(r"<[A-Za-z/!?]")
_NODE = re.compile(r"<(?:[A-Za-z!?]|/[^A-Za-z])")  # what begins an element or a comment
_ESCAPED_TAG = re.compile(r"</(?:p|a|div|span|strong|em|b|i|li|ul|h\d)>|<br ?/?>|<(?:p|div|img)[ >]")
_BREAKS = re.compile(r"(?:<br\s*/?>\s*){3,}", re.IGNORECASE)
_CONTROLS = bytes([*range(9), 11, 12, *range(14, 32)])  # lxml refuses to set such text again
_NO_CHARACTERS = re.compile("[\ufffe\uffff]")  # nor such
_MANY_BREAKS = 2000


def parse(markup: str) -> HtmlElement | None:
    """Returns the document as a tree, or None where there is nothing in it that can be read."""
    markup = markup[:LONGEST_PAGE]
    if markup.count("<") > MOST_ELEMENTS:
        end = next(islice(_NODE.finditer(markup), MOST_ELEMENTS, None), None)
        markup = markup[: end.start()] if end else markup
    if not markup.strip() or overladen(markup):
        return None
    try:
        return document_fromstring(
            _bytes(markup), parser=HTMLParser(encoding="utf-8", no_network=True, remove_pis=True)
        )
    except (etree.LxmlError, ValueError):
        return None


def _bytes(markup: str) -> bytes:
    """Returns what the parser is given: UTF-8 without what it, or the next one, stumbles over."""
    if "\ufffe" in markup or "\uffff" in markup:
        markup = _NO_CHARACTERS.sub("", markup)
    if markup.count("<br") + markup.count("<BR") > _MANY_BREAKS:  # trafilatura needs seconds for long runs of them
        markup = _BREAKS.sub("<br><br>", markup)
    return markup.encode("utf-8", "replace").translate(None, _CONTROLS)


def plain(markup: str | None) -> str:
    """Returns the text of a feed's item: paragraphs parted by a blank line, a single `<br>` as a line break.

    Takes markup, markup that was escaped once more, and plain text. Scripts, styles, forms and figures are left out.
    """
    markup = (markup or "")[:LONGEST_ITEM]
    if not _TAG.search(markup):
        if "&" not in markup:
            return markup
        markup = unescape(markup)
        if not _ESCAPED_TAG.search(markup):
            return markup
    text = _text(markup)
    return _text(text) if _ESCAPED_TAG.search(text) else text


def _text(markup: str) -> str:
    if overladen(markup):
        return ""
    try:
        tree = etree.fromstring(_bytes(f"<div>{markup}</div>"), _ITEM_PARSER())
    except (etree.LxmlError, ValueError):
        return ""
    prune(tree)
    pieces = "".join(_pieces(tree)).replace("\u2028", "\x02")
    for space in _SPACES:
        pieces = pieces.replace(space, " ")
    while "  " in pieces:
        pieces = pieces.replace("  ", " ")
    if "\x02" in pieces:
        pieces = re.sub(r" ?\x02 ?(?:\x02 ?)+", "\x01", pieces)
    paragraphs = (part.replace("\x02", "\n").strip() for part in pieces.split("\x01"))
    return "\n\n".join(part for part in paragraphs if part)


def _pieces(tree: "etree._Element") -> Iterator[str]:
    """Yields the text of a tree in order, with \\x01 where a block begins or ends and \\x02 for a line break."""
    dropped = 0
    for event, element in etree.iterwalk(tree, events=("start", "end", "comment")):
        if event == "comment":
            if not dropped:
                yield element.tail or ""
            continue
        tag = element.tag
        if tag in _DROPPED:
            dropped += 1 if event == "start" else -1
        elif not dropped:
            if tag == "br":
                yield "\x02" if event == "start" else ""
            elif tag in _BLOCKS:
                yield "\x01"
        if not dropped:
            text = element.text if event == "start" else element.tail
            if text:
                yield text if text.isprintable() else text.replace("\x01", " ").replace("\x02", " ")
