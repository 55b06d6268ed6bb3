"""An article as one of its versions left it."""

from dataclasses import replace

from monitor.archive import Archive, Version
from monitor.types import Kept


def as_of(article: Kept, version: Version) -> Kept:
    """Returns an article with the title, text, times, authors and credit of one of its versions.

    What hangs on the article stays as it is today: addresses, sources, topics, story, and whether it was withdrawn.
    """
    if version.number == article.version:
        return article
    return replace(
        article,
        version=version.number,
        title=version.title,
        text=version.text,
        authors=version.authors,
        credit=version.credit,
        published_at=version.published_at,
        updated_at=version.updated_at,
        partial=version.partial,
        read_at=version.seen_at,
        summary=None,
        listed_title=None,
    )


def in_version(archive: Archive, article_id: int, number: int | None = None) -> Kept | None:
    """Returns an article as that version of it left it, or the newest; None where the archive has no such."""
    article = archive.article(article_id)
    if article is None or number is None or number == article.version:
        return article
    found = [version for version in archive.versions(article_id) if version.number == number]
    return as_of(article, found[0]) if found else None
