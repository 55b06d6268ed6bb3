"""Proving: what became of the articles of a corpus since it was frozen."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from monitor.archive import Archive, Version
from monitor.citing import sha256
from monitor.corpus.manifest import Entry, Manifest
from monitor.export.versions import as_of
from monitor.types import Kept


class State(StrEnum):
    """What became of an article of a corpus."""

    HELD = "held"  # the same headline and text
    UNPROVEN = "unproven"  # its text had been erased when it was frozen: only its headline can be held against anything
    CHANGED = "changed"  # another headline or text under the same version
    ERASED = "erased"  # its text is no longer kept
    GONE = "gone"  # the archive does not hold the article, or not that version


GOOD = frozenset({State.HELD, State.UNPROVEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of one article, and why, in a sentence."""

    entry: Entry
    state: State
    why: str | None = None
    newer: int | None = None  # the newest version, where that is a later one: it does no harm


def verify(archive: Archive, manifest: Manifest) -> Iterator[Finding]:
    """Yields what became of each article of a corpus, in its order."""
    for entry in manifest.entries():
        versions = archive.versions(entry.article_id)
        found = next((version for version in versions if version.number == entry.version), None)
        newest = versions[-1].number if versions else entry.version
        judged = _judged(archive, entry, found, known=bool(versions))
        yield replace(judged, newer=newest if newest > entry.version else None)


def _judged(archive: Archive, entry: Entry, found: Version | None, *, known: bool) -> Finding:
    if found is None:
        why = f"the archive has no version {entry.version} of it" if known else "the archive does not hold it"
        return Finding(entry=entry, state=State.GONE, why=why)
    if sha256(found.title) != entry.title_sha256:
        return Finding(entry=entry, state=State.CHANGED, why="its headline is another one")
    if found.text is not None:
        if entry.text_sha256 is None:
            return Finding(entry=entry, state=State.CHANGED, why="it has a text, and had none")
        if sha256(found.text) != entry.text_sha256:
            return Finding(entry=entry, state=State.CHANGED, why="its text is another one")
        return Finding(entry=entry, state=State.HELD)
    if entry.text_sha256 is None:
        why = (
            "its agency or publisher had withdrawn it" if entry.withdrawn else "its text had been erased, or never kept"
        )
        return Finding(entry=entry, state=State.UNPROVEN, why=f"{why} when it was frozen: only its headline is proven")
    article = archive.article(entry.article_id)
    withdrawn = article is not None and article.withdrawn
    why = "its agency or publisher has withdrawn it" if withdrawn else "its time had come, since no topic matched it"
    return Finding(entry=entry, state=State.ERASED, why=f"its text was erased: {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """An article that the same search finds today and did not (`gained`), or did and does not."""

    article_id: int
    gained: bool


def again(archive: Archive, manifest: Manifest, *, upto: int) -> Iterator[Differing]:
    """Yields how the answer to the same search differs today, by number; of articles up to this one."""
    today = (article.id for article in archive.articles(manifest.wanted(upto=upto)))
    then = (entry.article_id for entry in manifest.entries())
    ours, theirs = next(then, None), next(today, None)
    while ours is not None or theirs is not None:
        if theirs is None or (ours is not None and ours < theirs):
            assert ours is not None  # noqa: S101 - one of the two is there
            yield Differing(article_id=ours, gained=False)
            ours = next(then, None)
        elif ours is None or theirs < ours:
            yield Differing(article_id=theirs, gained=True)
            theirs = next(today, None)
        else:
            ours, theirs = next(then, None), next(today, None)


def articles(archive: Archive, manifest: Manifest, broken: list[Finding]) -> Iterator[Kept]:
    """Yields the articles of a corpus in the versions that were frozen, and puts into `broken` what does not hold.

    What is gone is left out; what lost its text or was changed is yielded as it is now.
    """
    for entry in manifest.entries():
        article = archive.article(entry.article_id)
        versions = archive.versions(entry.article_id)
        found = next((version for version in versions if version.number == entry.version), None)
        judged = _judged(archive, entry, found, known=bool(versions))
        if judged.state not in GOOD:
            broken.append(judged)
        if article is not None and found is not None:
            yield as_of(article, found)
