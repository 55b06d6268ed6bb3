"""What is taken out of a tree before its text is read: boxes known by their names, and links to other stories.

A link to another story is told by its place: a paragraph, list item, sub-heading or card that is wholly a link, or a
link with nothing but a label before it ("Video: …") or its source after it; and what follows a heading such as "Related
stories". A sentence with a link in it stays, one of eight words or more with a full stop also where it is all link, and
so do links to places in the page. Where links are all that a page
holds, they stay too.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from lxml import etree

from monitor.extract.boilerplate import BOX, heads_related

_WHOLE = frozenset({"html", "body", "main", "article", "head"})
_NOT_READ = etree.XPath("//script|//style|//noscript|//template|//svg")
_AROUND = etree.XPath("//nav|//footer|//select")
_NAMED = etree.XPath("//*[@class or @id or @role='complementary']")
_AWAY = "@href and not(starts-with(@href, '#'))"
_MARKS = "|•·*,;:.()[]<>«»‹›→▶►+/–—-\u00a0 \t\r\n"
_LINKED_BLOCKS = etree.XPath(f"//a[{_AWAY}][.//p or .//h2 or .//h3 or .//h4]")
_SUB_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
_BLOCKS = frozenset({"p", "li", "td", "dt", "dd", "blockquote", "div"}) | _SUB_HEADINGS
_DIVIDED = frozenset({"div", "p", "ul", "section", "article"})
_LONGEST_BLOCK = 2000
# One step with `self::` and no union of steps: libxml2 joins sets of nodes in quadratic time.
_WITH_LINKS = etree.XPath(f"//*[self::p or self::li][.//a[{_AWAY}]][string-length(.) < 1000]")
_IN_A_BLOCK = etree.XPath(
    f"//a[{_AWAY}][parent::p or parent::div or parent::section or parent::article or parent::main or parent::body]"
)
_HEADINGS = etree.XPath(
    "//*[self::h2 or self::h3 or self::h4 or self::h5 or self::h6 or self::p or self::div[not(*)]]"
    "[string-length(.) <= 60]"
)
_PROSE = etree.XPath(
    "//text()[string-length(.) > 40][not(ancestor::a or ancestor::aside or ancestor::header)]",
    smart_strings=False,
)
_LINKS = etree.XPath(".//a[@href]")
_STRING = etree.XPath("string()", smart_strings=False)
_PARTING = frozenset({"br", "p", "div", "ul", "ol", "hr", "h2", "h3", "h4", "a", "figure", "section"})
_LABEL = re.compile(r"[^.!?:]{1,40}:\s*")
# The rest of this story, not another one; what stands before it belongs to it (boilerplate.py).
_LEADS_ON = re.compile(
    r"\W*(?:(?:continue|keep) reading|read (?:more|on)|lire la suite|en savoir plus|continuer la lecture)\W*",
    re.IGNORECASE,
)
_ENDED = re.compile(r"[.!?…][\"'’”»)\]\s]*\Z")
_FULL_STOP = re.compile(r"[^.]\.[\"'’”» )\]\s]*\Z")
_SENTENCE = 8  # words: a shorter line with a full stop may still be a headline
_GOES_ON = re.compile(r" ?:| (?!(?:by|via|from|in|on|par|de|du|dans|sur|le)\b)[a-zà-öø-ÿ]")  # no source
_LEAST = 60  # characters of prose: less is no story that links could be beside
_LONGEST_CARD = 600
_SOURCE = 45  # characters that name where a link leads
_KICKER = 20  # characters over or before a link: its day, its section


def prune(tree: "etree._Element") -> None:
    """Takes boxes and links to other stories out of a tree; a box that holds a third of the text is the article."""
    for element in _NOT_READ(tree):
        _drop(element)
    whole = len(_STRING(tree))
    most = min(max(whole // 3, 400), whole - 1)
    for element in _AROUND(tree):
        _drop(element)
    for element in _NAMED(tree):
        if element.tag in _WHOLE or not isinstance(element.tag, str) or element.getparent() is None:
            continue
        if _names_a_box(f"{element.get('class', '')} {element.get('id', '')}") and len(_STRING(element)) <= most:
            _drop(element)
    _prune_links(tree)


@lru_cache(maxsize=4096)  # a site's names recur
def _names_a_box(name: str) -> bool:
    return BOX.search(name) is not None


def _prune_links(tree: "etree._Element") -> None:
    if next(tree.iter("a"), None) is None:
        return
    wholly = [*_wholly_links(tree), *_LINKED_BLOCKS(tree)]
    if not _holds_prose(tree):
        return
    for heading in _HEADINGS(tree):
        bold = next(heading.iterchildren("strong", "b"), None) if len(heading) else None
        if heads_related(_STRING(heading)) or (bold is not None and heads_related(_STRING(bold))):
            _drop_following(heading)
    for element in wholly:
        text = _STRING(element).strip()
        if _is_a_linked_sentence(element, text):
            continue
        if (element.tag != "a" or len(text) <= _LONGEST_CARD) and not _LEADS_ON.fullmatch(text):
            _drop(element)
    for element in _WITH_LINKS(tree):
        if _is_labelled_link(element):
            _drop(element)
    for element in _IN_A_BLOCK(tree):
        if _is_a_line(element) and not _LEADS_ON.fullmatch(_STRING(element).strip()):
            _drop(element)


def _holds_prose(tree: "etree._Element") -> bool:
    size = 0
    for text in _PROSE(tree):
        size += len(" ".join(text.split()))
        if size >= _LEAST:
            return True
    return False


def _wholly_links(tree: "etree._Element") -> "Iterator[etree._Element]":
    """Yields the blocks that hold nothing but links to elsewhere, and marks between them."""
    seen = set()
    for link in tree.iter("a"):
        if (link.get("href") or "#").startswith("#"):
            continue
        for block in link.iterancestors():
            if block in seen:
                break
            seen.add(block)
            if block.tag in _BLOCKS and _is_wholly_link(block):
                yield block


def _is_wholly_link(block: "etree._Element") -> bool:
    if block.tag == "div" and any(child.tag in _DIVIDED for child in block):
        return False
    if block.tag in _SUB_HEADINGS and any("#" in link.get("href", "") for link in block.iter("a")):
        return False
    return not any(text.strip(_MARKS) for text in _beside_links(block)) and len(_STRING(block)) < _LONGEST_BLOCK


def _is_a_linked_sentence(block: "etree._Element", text: str) -> bool:
    """Says whether a paragraph with links is a sentence of the story: headlines bear no full stop."""
    return (
        block.tag in {"p", "li", "blockquote", "div"}
        and _FULL_STOP.search(text) is not None
        and len(text.split()) >= _SENTENCE
        and not any(inner.tag in _DIVIDED | _SUB_HEADINGS for link in _LINKS(block) for inner in link)
    )


def _beside_links(element: "etree._Element") -> Iterator[str]:
    """Yields the text of an element that stands in none of its links."""
    if element.text and isinstance(element.tag, str):
        yield element.text
    for child in element:
        if child.tag != "a":
            yield from _beside_links(child)
        if child.tail:
            yield child.tail


def _drop_following(heading: "etree._Element") -> None:
    """Drops the lists of links, and the paragraphs that are mostly link, right after a heading."""
    below = heading.getnext()
    while below is not None:
        element, below = below, below.getnext()
        if not isinstance(element.tag, str):
            continue
        linked, text = sum(len(_STRING(link)) for link in _LINKS(element)), len(_STRING(element).strip())
        cards = 0 if element.tag == "p" else _LONGEST_CARD // 2 * len(_LINKS(element))
        if text and not (linked and (element.tag in {"ul", "ol"} or text <= max(cards, 2 * linked))):
            break
        if element.tag == "p" and linked < text - 1 and _is_a_linked_sentence(element, _STRING(element).strip()):
            break
        _drop(element)


def _is_labelled_link(element: "etree._Element") -> bool:
    text = " ".join(_STRING(element).split())
    links = [linked for link in _LINKS(element) if (linked := " ".join(_STRING(link).split()))]
    beside = len(text) - sum(map(len, links))
    if not links or beside > _SOURCE:
        return False
    label = _LABEL.match(text)
    if label and text[label.end() :].rstrip(" »›→") == links[0]:
        return not _FULL_STOP.search(links[0]) and not links[0][0].islower()
    if element.tag != "li" or max(map(len, links)) <= 20 or _is_a_linked_sentence(element, text):
        return False
    before_it = text.endswith(links[-1]) and beside <= _KICKER
    return before_it or (
        text.startswith(links[0]) and not _ENDED.search(text) and not _GOES_ON.match(text, len(links[0]))
    )


def _is_a_line(link: "etree._Element") -> bool:
    """Says whether a link stands between line breaks or blocks, with no text beside it."""
    before, after = link.getprevious(), link.getnext()
    if before is None or before.tag not in {"br", "p"} or _said(before.tail) or _said(link.tail):
        return False
    return after is None or after.tag in _PARTING


def _said(text: str | None) -> bool:
    return bool(text and text.strip(" \t\r\n\u00a0|•·"))


def _drop(element: "etree._Element") -> None:
    """Takes an element out of its tree; the text behind it stays."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)
