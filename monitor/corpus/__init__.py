"""A corpus: which articles answered a search, in which versions, frozen so that anybody can prove it years later.

In: an archive and a filter. Out: a manifest (`NAME.corpus.json`), which names every article with its version and the
SHA-256 of headline and text, and says how the sources were watched. It holds no texts, and may be published. It is JSON
whose lines are canonical (keys in order, no spaces, UTF-8): an article is a line, and the last line but one is the
SHA-256 of all before it, so that `head -n -2 FILE | sha256sum` proves the file without this program. It is read line by
line: memory does not grow with the number of articles.

Raised: ManifestError for a file that is no manifest, or not as it was frozen.
"""

from monitor.corpus.freezing import Freezing, freeze, watching
from monitor.corpus.manifest import SCHEMA, Entry, Manifest, ManifestError, opened
from monitor.corpus.proving import GOOD, Differing, Finding, State, again, articles, verify

__all__ = [
    "ENDING",
    "GOOD",
    "SCHEMA",
    "Differing",
    "Entry",
    "Finding",
    "Freezing",
    "Manifest",
    "ManifestError",
    "State",
    "again",
    "articles",
    "freeze",
    "opened",
    "verify",
    "watching",
]

ENDING = ".corpus.json"
"""Of the names of manifests."""
