"""Makes what comes from outside harmless before anything shows it: one line, a sensible length, addresses of pages."""

import re
from urllib.parse import quote, urlsplit

from monitor.digest.wording import Phrases
from monitor.text import one_line
from monitor.types import Kept

_HEADLINE = 300  # characters; agencies cut at 128
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\"<>\\^`{|}\u00a0\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ud800-\udfff]")


def headline_of(article: Kept, phrases: Phrases) -> str:
    """Returns the headline on one line, cut where no headline can be that long."""
    return headline(article.title, phrases)


def headline(title: str, phrases: Phrases) -> str:
    """Returns a title on one line, cut where no headline can be that long."""
    return shortened(one_line(title) or phrases.say("no headline"), _HEADLINE)


def publisher_of(article: Kept) -> str:
    """Returns who published an article; its source where nobody is named."""
    return one_line(article.publisher) or one_line(article.source_id)


def language_of(article: Kept) -> str | None:
    """Returns the code of the article's language, if it is one (RFC 5646)."""
    return article.language if article.language and _LANGUAGE.fullmatch(article.language) else None


def foreign(article: Kept, phrases: Phrases) -> str | None:
    """Returns the name of the article's language where it is not the reader's."""
    code = language_of(article)
    return phrases.name_of(code) if code and code.split("-")[0].lower() != phrases.language else None


def shortened(text: str, longest: int) -> str:
    """Returns at most so many characters, cut between words where there is one to cut at."""
    if len(text) <= longest:
        return text
    cut = text.rfind(" ", longest // 2, longest)
    return text[: cut if cut > 0 else longest - 1].rstrip(" ,.;:–-") + "…"


def safe_url(url: str) -> str | None:
    """Returns an address that can stand in a mail: http or https, nothing invisible in it; None for any other."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return _UNSAFE.sub(lambda m: quote(m.group(), safe="", errors="replace"), url.strip())
