"""Tells addresses apart by patterns of their paths, as options write them: `/news/*`, `*/politics/*`."""

from collections.abc import Sequence
from urllib.parse import urlsplit


def fits(url: str, only: Sequence[str], but: Sequence[str]) -> bool:
    """Says whether an address is one of those in `only` (empty: all are) and none of those in `but`.

    A pattern stands for the whole path with its query; * is anything, slashes too. Case counts.
    """
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return (not only or any(_like(path, pattern) for pattern in only)) and not any(_like(path, each) for each in but)


def _like(path: str, pattern: str) -> bool:
    """Says whether a path is what a pattern stands for; in one pass, whatever the pattern."""
    first, *rest = pattern.split("*")
    if not rest:
        return path == pattern
    *middle, last = rest
    if not path.startswith(first):
        return False
    at = len(first)
    for piece in middle:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(path) - at >= len(last) and path.endswith(last)
