"""Pure: how a version of an article is cited, as CSL-JSON, RIS, BibTeX and a line of text.

In: an article as the archive holds it, with the version that is cited (`Kept`; its `text`, `title` and `read_at` are
that version's). Out: an item of CSL-JSON (schema 1.0.2 of the Citation Style Language), from which RIS, BibTeX and the
line are made, so that all of them say the same. A page changes and an archive does not: each citation names the
version, when it was read, and the SHA-256 of its text.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from monitor.citing.bibtex import bibtex
from monitor.citing.names import csl_name, slug
from monitor.citing.ris import ris
from monitor.citing.sentence import sentence
from monitor.types import Kept

__all__ = ["Holder", "bibtex", "cited_day", "csl", "key", "ris", "sentence", "sha256"]

Json = dict[str, Any]

_FORUMS = (
    "bsky.app", "facebook.com", "instagram.com", "linkedin.com", "reddit.com", "t.me", "threads.net", "tiktok.com",
    "twitter.com", "x.com", "youtube.com",
)  # fmt: skip
"""Where what is published is a post, by the words of CSL 1.0.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The archive that holds what is cited."""

    name: str  # of the installation
    timezone: str  # IANA name; of the dates of issue and of reading


def sha256(text: str) -> str:
    """Returns the SHA-256 of a text in UTF-8, in hexadecimal: anybody can make it from an export."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def key(article: Kept) -> str:
    """Returns the key of a citation: ASCII, the same whenever it is asked for, and no other version has it."""
    year = (article.published_at or article.first_seen_at).year
    return f"{slug(article.publisher)}-{year}-{article.id}v{article.version}"


def cited_day(moment: datetime, holder: Holder) -> date:
    """Returns the day that a reader of the page was told: the installation's.

    Midnight in UTC to the second is a date that was given without an hour, and stays what it is.
    """
    if (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return moment.date()
    return moment.astimezone(ZoneInfo(holder.timezone)).date()


def csl(article: Kept, holder: Holder, *, story: int | None = None) -> Json:
    """Returns the item that cites a version of an article; `story`: it stands for that story, whose origin it is.

    `issued` and `accessed` are days in the installation's time zone; the moments, in UTC, stand in `note` and `custom`.
    The agency that the text is credited to is its `original-publisher`. What is not known is left out.
    """
    read_at = article.read_at or article.first_seen_at
    agency = article.credit.agency
    copied = agency is not None and agency.casefold() != article.publisher.casefold()
    fields: Json = {
        "id": key(article),
        "type": _type(article),
        "title": article.title or article.url,
        "author": [csl_name(author, article.publisher, agency) for author in article.authors],
        "container-title": article.publisher,
        "publisher": article.publisher,
        "issued": article.published_at and _parts(cited_day(article.published_at, holder)),
        "accessed": _parts(read_at.astimezone(ZoneInfo(holder.timezone)).date()),
        "original-publisher": agency if copied else None,
        "original-date": _iso_parts(article.credit.first_published) if copied else None,
        "URL": article.url,
        "language": article.language,
        "version": str(article.version),
        "archive": holder.name,
        "archive_location": f"article {article.id}, version {article.version}",
        "note": _note(article, holder, read_at, story),
        "custom": {
            "article": article.id,
            "version": article.version,
            "story": article.story_id,
            "published_at": article.published_at and _stamp(article.published_at),
            "first_seen_at": _stamp(article.first_seen_at),
            "read_at": _stamp(read_at),
            "text_sha256": None if article.text is None else sha256(article.text),
            "agency": agency,
            "withdrawn": article.withdrawn,
            "partial": article.partial,
            "cited_for_story": story,
        },
    }
    return {name: value for name, value in fields.items() if value}


def _type(article: Kept) -> str:
    host = (urlsplit(article.url).hostname or "").lower()
    if any(host == forum or host.endswith(f".{forum}") for forum in _FORUMS):
        return "post"
    return "webpage" if article.official else "article-newspaper"


def _note(article: Kept, holder: Holder, read_at: datetime, story: int | None) -> str:
    """Says in words what the fields of most styles leave out."""
    said = [
        f"{holder.name} archive no. {article.id}, version {article.version}, read {_stamp(read_at)}",
        f"first seen {_stamp(article.first_seen_at)}",
        "text erased" if article.text is None else f"SHA-256 of the text {sha256(article.text)}",
        f"credited to {article.credit.agency}" if article.credit.agency else None,
        "the page could not be read: the text is the feed's" if article.partial else None,
        "withdrawn by its agency or publisher" if article.withdrawn else None,
        None if story is None else f"cited for story {story}, as its origin",
    ]
    return "; ".join(filter(None, said))


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _parts(day: date) -> Json:
    return {"date-parts": [[day.year, day.month, day.day]]}


def _iso_parts(text: str | None) -> Json | None:
    try:
        return None if text is None else _parts(date.fromisoformat(text))
    except ValueError:
        return None
