"""Reads JSON Feed, versions 1.0 and 1.1 (jsonfeed.org)."""

import html
import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.errors import FormatError
from monitor.text import one_line
from monitor.types import Found
from spiders import document
from spiders.dates import when

log = logging.getLogger(__name__)
_ITEMS = re.compile(r'"items"\s*:\s*\[')


@dataclass(frozen=True, slots=True)
class JsonFeed:
    """A feed that was read: its keys, and a note where only a part of it could be."""

    feed: Mapping[str, Any]
    listed: Sequence[Any]
    note: str | None

    @property
    def next_url(self) -> str | None:
        """Where the older items are, as the feed writes it."""
        return _text(self.feed, "next_url")

    def base(self, url: str) -> str:
        """Returns what relative links of a feed that was fetched from `url` are relative to."""
        return document.absolute(url, _text(self.feed, "home_page_url")) or url

    def items(self, base: str, now: datetime) -> Iterator[Found]:
        """Gives the items.

        Raises:
            FormatError: after the items that could be read: the feed is broken or cut.
        """
        lost, note = 0, self.note
        for item in self.listed:
            try:
                yield _found(item, self.feed, base, now)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                log.warning("an item of a feed at %s could not be read: %s", base, error)
                log.debug("where it could not be read", exc_info=True)
                lost += 1
        if lost:
            note = f"{f'{note}; ' if note else ''}{lost} of its items could not be read"
        if note:
            raise FormatError(note)


def read(text: str) -> JsonFeed:
    """Reads a feed.

    Raises:
        FormatError: it is no JSON Feed, or broken before the end of its first item.
    """
    feed, note = _read(text)
    if not str(feed.get("version", "")).startswith("https://jsonfeed.org/version/"):
        raise FormatError("this is JSON, but not a JSON Feed")
    listed = feed.get("items", [])
    if not isinstance(listed, list):
        raise FormatError("broken JSON Feed: `items` is not a list")
    return JsonFeed(feed, listed, note)


def _read(text: str) -> tuple[Mapping[str, Any], str | None]:
    """Returns the feed, and a note where only the items before a break could be read."""
    try:
        feed = json.loads(text)
    except (ValueError, RecursionError) as error:
        start = _ITEMS.search(text)
        if start is None or "https://jsonfeed.org/version/" not in text[:2000]:
            raise FormatError(f"broken JSON: {error}") from error
        return _whole_items(text, start), "the feed is cut off; its complete items were kept"
    if not isinstance(feed, dict):
        raise FormatError("this is JSON, but not a JSON Feed")
    return feed, None


def _whole_items(text: str, start: "re.Match[str]") -> Mapping[str, Any]:
    decoder, whole, at = json.JSONDecoder(), [], start.end()
    while True:
        at += len(text[at : at + 1000]) - len(text[at : at + 1000].lstrip(" \t\r\n,"))
        try:
            item, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        whole.append(item)
    if not whole:
        raise FormatError("the feed is cut off before the end of its first item")
    head = text[: start.start()].rstrip().rstrip(",") + "}"
    try:
        feed = json.loads(head)
    except (ValueError, RecursionError):
        feed = {"version": "https://jsonfeed.org/version/1.1"}
    return {**feed, "items": whole}


def _found(item: Mapping[str, Any], feed: Mapping[str, Any], base: str, now: datetime) -> Found:
    plain = _text(item, "content_text")
    guid = item.get("id")
    guid = str(guid).strip() or None if isinstance(guid, str | int | float) else None
    address = document.absolute(base, _text(item, "url") or _text(item, "external_url"))
    if address is None and guid is not None and re.match("https?://", guid, re.IGNORECASE):
        address = document.absolute(base, guid)
    summary = _text(item, "summary")
    return Found(
        url=address,
        guid=guid,
        title=one_line(html.unescape(_text(item, "title") or "")) or None,
        summary=html.escape(summary, quote=False) if summary else None,
        content=_text(item, "content_html") or (html.escape(plain, quote=False) if plain else None),
        authors=_authors(item) or _authors(feed),
        language=document.language(_text(item, "language") or _text(feed, "language")),
        published_at=when(_text(item, "date_published"), now),
        updated_at=when(_text(item, "date_modified"), now),
    )


def _authors(mapping: Mapping[str, Any]) -> tuple[str, ...]:
    """Reads `authors` of version 1.1 and `author` of 1.0."""
    listed = mapping.get("authors")
    authors = listed if isinstance(listed, list) else [mapping.get("author")]
    names = (_text(author, "name") for author in authors if isinstance(author, dict))
    return tuple(dict.fromkeys(one_line(name) for name in names if name))


def _text(mapping: Mapping[str, Any], key: str) -> str | None:
    value = mapping.get(key)
    return value.strip() or None if isinstance(value, str) else None
