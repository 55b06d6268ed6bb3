"""Extract: turns a read page, or an item as its source lists it, into an `Article`, or rejects it with a reason.

In come a `Page`, the `Found` item that led to it and its `Source`; out goes an `Article` or a `Rejected`. Nothing is
raised for anything a page may hold. The text is the page's own; where the page holds none (fewer than 30 words) the
feed's stands in and the article is partial; where the feed holds the whole text and the page half of it or less, the
feed's is taken too. An article without any text is kept by its title, and partial where its page was read: a text may
come later. What has neither is rejected. Beside its text an article has a body, the story alone, by which stories are
compared, and a credit: what the text says of its agency.
"""

from dataclasses import replace
from functools import lru_cache

from monitor.extract import addresses, metadata
from monitor.extract.alternates import alternates, is_official
from monitor.extract.body import body
from monitor.extract.boilerplate import without_tail
from monitor.extract.credit import credit
from monitor.extract.language import language
from monitor.extract.lines import story
from monitor.extract.markup import parse, plain
from monitor.extract.metadata import Facts, facts, headline
from monitor.extract.missing import says_not_found
from monitor.extract.names import people, signers
from monitor.extract.repair import mend_mojibake, unscramble_lines
from monitor.extract.text import article_text
from monitor.extract.times import plausible
from monitor.extract.urls import is_web_address, item_url, same_site
from monitor.text import clean, fold, one_line
from monitor.types import Article, Credit, Found, Page, Rejected, Source

__all__ = ["from_feed", "from_page"]

_SHORT = 30  # words: less than this is a caption or a teaser, not an article


def from_page(page: Page, found: Found, source: Source) -> Article | Rejected:
    """Returns the article that a page holds, or why there is none. Raises nothing, whatever the page holds.

    A page that is no HTML or plain text, or to which a redirect led away from the article (home page, section,
    login), or that only says the article is not there, counts as unread: the feed's text stands in.
    """
    listed = found.url or page.url
    readable = page.content_type is None or any(kind in page.content_type for kind in ("html", "xml", "text/plain"))
    if not readable or addresses.left_the_article(listed, page.final_url):
        return from_feed(found, source, partial=True)
    tree = parse(page.html)
    if tree is None:
        return from_feed(found, source, partial=True)
    said = facts(tree, page.final_url)
    others = alternates(tree, page.final_url)  # before the text is read: that changes the tree
    title = said.title or headline(found.title)
    text = article_text(
        tree, titles=(*said.titles, *filter(None, [found.title])), body=said.body, deck=said.description
    )
    if says_not_found(said.titles, text, found.title):
        return from_feed(found, source, partial=True)
    text, partial = _richer(text, found)
    if not title and not text:
        return Rejected(reason="the page has neither a title nor a text")
    title = title or _opening(text or "")
    published = metadata.published_at(said, found.published_at, page.fetched_at)
    spoken = language(text, (*said.languages, page.headers.get("content-language"), found.language, source.language))
    names = addresses.of_page(
        listed, asked=page.url, final=page.final_url, redirects=page.redirects, declared=said.canonical
    )
    publisher = _publisher(source, found, page.final_url, said.publisher)
    return Article(
        source_id=source.id,
        publisher=publisher,
        addresses=names,
        title=title,
        text=text,
        listed_title=_listed_title(found, title),
        summary=_summary(found),
        authors=said.authors
        or people(found.authors, source.publisher)
        or people(signers(text or ""), source.publisher),
        language=spoken,
        published_at=published,
        updated_at=metadata.updated_at(said, found.updated_at, published, page.fetched_at),
        partial=partial,
        keep=source.keep,
        credit=_believed(
            credit(text or "", title=title, bylines=(*said.bylines, *found.authors), language=spoken), publisher, source
        ),
        body=body(text, title=title, language=spoken),
        alternates=tuple(address for tongue, address in others if tongue != spoken),
        official=source.official or is_official(names[0].url),
    )


def from_feed(found: Found, source: Source, *, partial: bool) -> Article | Rejected:
    """Returns the article that an item's own listing gives, or why there is none.

    `partial` says that the item's page could not be read, so that this text stands in for it.
    """
    text = _feed_text(found)
    title = headline(found.title) or _opening(text or "")
    if not title:
        return Rejected(reason="the item has neither a title nor a text")
    url = found.url or item_url(source.url, found.guid or title)
    published = plausible(found.published_at, None)
    spoken = language(text, (found.language, source.language))
    publisher = _publisher(source, found, url, None)
    return Article(
        source_id=source.id,
        publisher=publisher,
        addresses=addresses.of_item(url),
        title=title,
        text=text,
        listed_title=None,
        summary=_summary(found),
        authors=people(found.authors, source.publisher) or people(signers(text or ""), source.publisher),
        language=spoken,
        published_at=published,
        updated_at=metadata.updated_at(Facts(), found.updated_at, published, None),
        partial=partial,
        keep=source.keep,
        credit=_believed(credit(text or "", title=title, bylines=found.authors, language=spoken), publisher, source),
        body=body(text, title=title, language=spoken),
        official=source.official or is_official(url),
    )


def _richer(text: str | None, found: Found) -> tuple[str | None, bool]:
    """Returns the page's text or the feed's, whichever is the article, and whether the page is to be wished for."""
    words = len((text or "").split())
    if words < _SHORT:
        listed = _feed_text(found)
        if listed and len(listed.split()) > words:
            return listed, True
    elif found.content and len(found.content) > len(text or ""):
        listed = _feed_text(found)
        if listed and len(listed.split()) >= 2 * words:
            return listed, False
    return text, text is None


def _feed_text(found: Found) -> str | None:
    longest = max((found.content or "", found.summary or ""), key=len)
    return clean(_story(longest)) or None


def _summary(found: Found) -> str | None:
    return one_line(_story(found.summary)) or None if found.summary else None


@lru_cache(maxsize=4)  # text and summary are often one
def _story(markup: str) -> str:
    return story(without_tail(unscramble_lines(mend_mojibake(plain(markup)))))


def _listed_title(found: Found, title: str) -> str | None:
    listed = headline(found.title)
    return listed if listed and fold(listed) != fold(title) else None


def _opening(text: str) -> str:
    """Returns the first line of a text as a headline, at most 100 characters, cut at a word."""
    line = one_line(text.partition("\n")[0])
    return line if len(line) <= 100 else line[:100].rpartition(" ")[0] + "…"


def _believed(said: Credit, publisher: str, source: Source) -> Credit:
    """Returns what is believed of a credit: to withdraw a story, a publisher must be the operator's word."""
    return said if publisher == source.publisher else replace(said, kill=None)


def _publisher(source: Source, found: Found, url: str, stated: str | None) -> str:
    if found.speaks_for_many and found.publisher:
        return one_line(found.publisher) or source.publisher
    if is_web_address(url) and not same_site(url, source.url):
        return one_line(found.publisher or "") or stated or source.publisher
    return source.publisher
