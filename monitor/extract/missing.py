"""Pages that say they are not there, with a status that says they are."""

import re
from collections.abc import Collection

from monitor.text import fold, words

_MOST = 150  # words of such a page
_LEAST = 4  # letters of a word that tells one headline from another
_SAYS_SO = re.compile(
    r"\b(?:page|story|article|content|document|contenu)\b.{0,20}?(?:\bnot (?:be )?found|\bcan(?:['’]t|not) be found|"
    r"\bno longer (?:available|exists)|\bdoes(?: not|n['’]t) exist|\bintrouvable|\b(?:non|pas(?: été)?) trouvée?|"
    r"\bn['’]existe (?:pas|plus)|\bn['’]est plus disponible)\b|\A(?:not found|introuvable)\b|"
    r"\b(?:http |error |erreur )?404\b",
    re.IGNORECASE,
)


def says_not_found(titles: Collection[str], text: str | None, listed: str | None) -> bool:
    """Says whether a page is there only to tell that the article is not.

    It is short, one of its titles says so, and none shares a word with the headline that its source lists, beside the
    words that say so: "Highway 404 closed" and "Suspect not found" are headlines. Without a listed headline only a
    title that begins with such words counts.
    """
    if len((text or "").split()) > _MOST:
        return False
    found = [match for title in titles if (match := _SAYS_SO.search(title) if listed else _SAYS_SO.match(title))]
    if not found or listed is None:
        return bool(found)
    known = _telling(listed)
    return fold(listed) not in map(fold, titles) and not any(
        known & _telling(_SAYS_SO.sub(" ", title)) for title in titles
    )


def _telling(headline: str) -> set[str]:
    return {word.folded for word in words(headline) if len(word.folded) >= _LEAST}
