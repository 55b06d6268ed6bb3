"""place(article, neighbours) → what a reading is to what the archive has: new, a pickup, a version, or known.

Comes in: an article with the fingerprint of its text, and the articles of the archive that share an address or the
text with it. Goes out: a placement. Nothing is raised. The rules, first that holds:

1. An article with one of its addresses, at the same publisher: words that it has or had → *known*; other words → its
   next *version*. A text that only lost its page (partial) never replaces one that was read in full, nor does a teaser,
   less than half as long, that another source lists under the same address.
2. The same words (40 or more) at the same publisher → *known*: the address is one more name of that article.
   Fewer words prove nothing ("Watch the news at noon"), except under an equal title and address. Nor do fewer than 150
   under headlines without a word in common: a site that shows every stranger the same invitation to subscribe.
3. The same words (40 or more) at another publisher → *pickup* of that story.
4. Everything else → *new*.
"""

import hashlib
from collections.abc import Collection

from monitor.text import fold, folded_words, one_line
from monitor.types import AddressKind, Article, Fingerprint, Neighbour, Placement, Relation, Verdict

ENOUGH_WORDS = 40
"""From this many words on, equal text means the same piece of work."""

ALWAYS_WORDS = 150
"""From this many on, whatever the headlines say."""


def fingerprint(article: Article) -> Fingerprint:
    """Returns what of a text is compared: its folded words, so that layout, case and accents do not count."""
    if not article.text:
        return Fingerprint(text_hash=None, words=0)
    folded = folded_words(article.text)
    return Fingerprint(text_hash=hashlib.sha256(" ".join(folded).encode()).hexdigest()[:32], words=len(folded))


def identities(article: Article) -> frozenset[str]:
    """Returns the addresses under which an article is known; a canonical link to elsewhere is a hint, not identity."""
    return frozenset(address.identity for address in article.addresses if address.kind is not AddressKind.HINT)


def place(article: Article, print_: Fingerprint, neighbours: Collection[Neighbour]) -> Placement:
    """Decides what a reading is to the articles that share an address or the text with it. Pure."""
    names = identities(article)
    same_text = [n for n in neighbours if n.text_hash == print_.text_hash and print_.words >= ENOUGH_WORDS]
    at_address = [n for n in neighbours if n.identities & names and n.publisher == article.publisher]
    if at_address:
        return _at_known_address(article, print_, sorted(at_address, key=lambda n: n.article_id))
    home = [n for n in same_text if n.publisher == article.publisher]
    if namesakes := [n for n in home if print_.words >= ALWAYS_WORDS or _titles_meet(article, n)]:
        return _as(Verdict.KNOWN, namesakes[0])
    if same_text and not home:
        first = min(same_text, key=lambda n: n.article_id)
        return Placement(verdict=Verdict.PICKUP, relation=Relation.PICKUP, story_id=first.story_id)
    return Placement(verdict=Verdict.NEW, relation=Relation.ORIGIN)


def _at_known_address(article: Article, print_: Fingerprint, known: list[Neighbour]) -> Placement:
    for neighbour in known:
        if neighbour.text_hash == print_.text_hash and (
            print_.words >= ENOUGH_WORDS or _same_title(article, neighbour)
        ):
            upgraded = neighbour.partial and not article.partial
            return _as(Verdict.VERSION if upgraded else Verdict.KNOWN, neighbour)
    newest = known[-1]
    teaser = article.source_id != newest.source_id and print_.words * 2 < newest.words
    if not newest.partial and (article.partial or teaser):
        return _as(Verdict.KNOWN, newest)
    return _as(Verdict.VERSION, newest)


def _titles_meet(article: Article, neighbour: Neighbour) -> bool:
    return not set(folded_words(article.title)).isdisjoint(folded_words(neighbour.title))


def _same_title(article: Article, neighbour: Neighbour) -> bool:
    return fold(one_line(article.title)) == fold(one_line(neighbour.title))


def _as(verdict: Verdict, neighbour: Neighbour) -> Placement:
    return Placement(
        verdict=verdict, relation=Relation.VERSION, article_id=neighbour.article_id, story_id=neighbour.story_id
    )
