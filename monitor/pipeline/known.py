"""Known: what the archive knows of an address that somebody asks about. Nothing is fetched, nothing is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.archive import Archive
from monitor.extract.urls import identity
from monitor.pipeline.addition import reasons
from monitor.pipeline.missed import Reason
from monitor.types import Address, AddressKind, Article, Fingerprint, Kept, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of an address."""

    article: Kept | None  # the newest story there
    reasons: tuple[Reason, ...]  # why watching had missed it, or that it had not


def known(archive: Archive, sources: Sequence[Source], url: str, now: datetime) -> Known:
    """Returns what is known of an address, a web address. Raises ArchiveError."""
    article = held_at(archive, url)
    return Known(article=article, reasons=reasons(archive, sources, url, article, began=now))


def held_at(archive: Archive, url: str) -> Kept | None:
    """Returns the article that the archive has under an address, whatever it is called there."""
    named = Address(url=url, identity=identity(url), kind=AddressKind.FOUND)
    asked = Article(source_id="", publisher="", addresses=(named,), title="", text=None)
    found = archive.neighbours(asked, Fingerprint(text_hash=None, words=0))
    return archive.article(max(each.article_id for each in found)) if found else None
