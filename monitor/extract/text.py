"""A page's article as plain text: what a reader reads as the article, from the deck to the credit line.

Deck and sub-headings belong to the text; the headline, captions, boxes and calls to subscribe do not. trafilatura finds
the article; around it stand general rules: boxes and links to other stories are taken out of the tree (boxes.py), lines
by the phrases they use (boilerplate.py), captions by their credit (photos.py), and what follows the agency's credit
line, but for sign-offs and notes of correction (lines.py). A much longer `articleBody` of the page's structured data
wins over what the tree gave.
"""

import re
from difflib import SequenceMatcher

from lxml import etree
from lxml.html import HtmlElement, fragments_fromstring

from monitor.extract.agencies import sign_off
from monitor.extract.boxes import prune
from monitor.extract.lines import told_lines, until_credit
from monitor.extract.markup import MOST_ELEMENTS, plain
from monitor.extract.repair import mend_mojibake, rot47, unscramble
from monitor.text import clean, overladen, words

LONGEST_TEXT = 400_000  # characters; what is longer is cut

_BYLINE = re.compile(r"(?:By|Par)\b:? (?:(?:[A-ZÀ-ÖØ-Þ][\w'’.-]*+|and|et|de|in|à|avec|with)(?:[ ,]++|\Z)){1,9}")
_MARKER = re.compile(r"\A(?:[-•*–]\s+)+(?=\S)")
# Anything that trafilatura or lxml may stumble over in a page that is no page.
_STUMBLES = (etree.LxmlError, ValueError, TypeError, AttributeError, LookupError, AssertionError, RecursionError)


def article_text(
    tree: HtmlElement, *, titles: tuple[str, ...] = (), body: str | None = None, deck: str | None = None
) -> str | None:
    """Returns the text of the page's article, paragraphs parted by a blank line, or None where there is none.

    `titles` are the forms of the headline, which is no part of the text; `body` is the `articleBody` that the page's
    structured data gives, `deck` its description: where the page shows it word for word, it opens the text. The tree
    is changed.
    """
    _decrypt(tree)
    prune(tree)
    shown = deck if deck and len(deck) > 60 and _shows(tree, deck) else None
    paragraphs = _paragraphs(_main_text(tree), titles)
    if shown and paragraphs and not any(_key(shown) in _key(line) for line in paragraphs):
        paragraphs.insert(0, shown)
    if body and len(body) > 400:
        declared = _paragraphs(plain(body), titles)
        if _size(declared) > 1.5 * _size(paragraphs) + 200:
            paragraphs = declared
    return clean("\n\n".join(paragraphs)[:LONGEST_TEXT]) or None


def _main_text(tree: HtmlElement) -> str:
    from trafilatura import extract

    try:
        return extract(tree, fast=True, include_comments=False, include_formatting=False) or ""
    except _STUMBLES:
        return ""


def _paragraphs(text: str, titles: tuple[str, ...]) -> list[str]:
    lines = [_MARKER.sub("", line.strip()) for line in mend_mojibake(text).split("\n")]
    lines = unscramble([line for line in lines if line])
    kept: list[str] = []
    known = {_key(title) for title in titles}
    for number, line in enumerate(told_lines(lines)):
        if not line:
            continue
        if number < 8 and _key(line) in known:
            kept = [before for before in kept if len(before) > 60]  # a section's name above the headline goes with it
            continue
        if (kept and line == kept[-1]) or (number < 6 and _BYLINE.fullmatch(line) and not sign_off(line)):
            continue
        kept.append(line)
    return [line for line in until_credit(_without_second_lead(kept)) if line]


def _shows(tree: HtmlElement, deck: str) -> bool:
    key, start = _key(deck), deck[:8]
    for element in tree.iter("p", "h2"):
        text = element.text_content().strip() if len(element) < 20 else ""
        if text.startswith(start) and _key(text) == key:
            return True
    return False


def _without_second_lead(lines: list[str]) -> list[str]:
    """Drops a first paragraph that the page sets twice: as deck or teaser, and again after the dateline."""
    if len(lines) < 3 or len(lines[0]) < 60:
        return lines
    first = _key(lines[0])
    for other in lines[1:4]:
        again = _key(other)
        if first in again:
            return lines[1:]
        if (
            abs(len(first) - len(again)) < 20
            and SequenceMatcher(None, first, again, autojunk=False).quick_ratio() > 0.97
        ):
            return lines[1:] if first[-40:] == again[-40:] else lines
    return lines


def _decrypt(tree: HtmlElement) -> None:
    """Puts paywall markup that BLOX sites turn by ROT47 back in its place, readable."""
    left = MOST_ELEMENTS
    for element in tree.xpath("//*[contains(@class, 'encrypted-content')]"):
        turned = rot47(element.text_content())
        left -= turned.count("<")
        if "<p" not in turned or left < 0 or overladen(turned):
            continue
        try:
            parts = fragments_fromstring(turned, no_leading_text=False)
        except _STUMBLES:
            continue
        for child in list(element):
            element.remove(child)
        element.text = None
        for name in ("style", "hidden", "class", "id"):
            element.attrib.pop(name, None)
        for part in parts:
            if isinstance(part, str):
                element.text = part
            else:
                element.append(part)


def _key(text: str) -> str:
    return " ".join(word.folded for word in words(text))


def _size(lines: list[str]) -> int:
    return sum(map(len, lines))
