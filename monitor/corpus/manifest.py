"""A manifest as a file: what it says, and whether it is as it was frozen."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor.archive import Filter
from monitor.errors import MonitorError
from monitor.types import Relation

SCHEMA = "roxham-corpus/1"
HASH_LINE = '"sha256":"'
_MOST_LINE = 1 << 20  # bytes: what is longer is no line of ours

Json = dict[str, Any]


class ManifestError(MonitorError):
    """A file is no manifest of a corpus, or was changed since it was frozen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An article of a corpus, in the version that was frozen."""

    article_id: int
    url: str
    version: int
    title_sha256: str
    text_sha256: str | None  # None: its text was erased by then
    withdrawn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest that is as it was frozen; its articles are read from the file each time."""

    file: Path
    about: Mapping[str, Any]
    count: Mapping[str, int]
    sha256: str

    def entries(self) -> Iterator[Entry]:
        """Yields its articles, by number."""
        with self.file.open(encoding="utf-8", newline="\n") as lines:
            for text in lines:
                if text == '"articles":[\n':
                    break
            for text in lines:
                if text == "],\n":
                    return
                yield self._entry(text)

    def _entry(self, text: str) -> Entry:
        try:
            fields = json.loads(text.rstrip(",\n"))
            return Entry(
                article_id=fields["id"],
                url=fields["url"],
                version=fields["version"],
                title_sha256=fields["title_sha256"],
                text_sha256=fields["text_sha256"],
                withdrawn=fields["withdrawn"],
            )
        except (ValueError, TypeError, KeyError, RecursionError) as error:  # its hash holds: whoever wrote it made it
            raise ManifestError(f"{self.file}: a line is no article of a corpus") from error

    def wanted(self, *, upto: int | None = None) -> Filter:
        """Returns the search that was frozen, as it can be asked again."""
        said = self.about["filters"]
        return Filter(
            query=self.about["query"],
            topics=tuple(said.get("topics", ())),
            sources=tuple(said.get("sources", ())),
            publishers=tuple(said.get("publishers", ())),
            languages=tuple(said.get("languages", ())),
            agencies=tuple(said.get("agencies", ())),
            relations=tuple(Relation(relation) for relation in said.get("relations", ())),
            since=_moment(said.get("since")),
            until=_moment(said.get("until")),
            upto=upto,
        )


def opened(file: Path) -> Manifest:
    """Returns a manifest; every byte of it is held against its hash.

    Raises:
        ManifestError: it is none, of a later program, or not as it was frozen.
    """
    digest = hashlib.sha256()
    about: Json | None = None
    count: Json | None = None
    try:
        with file.open("rb") as lines:
            while text := lines.readline(_MOST_LINE):
                if text.startswith(HASH_LINE.encode()):
                    said, rest = text, lines.read(16)
                    break
                digest.update(text)
                if about is None:
                    about = _about(file, text)
                if text.startswith(b'"count":'):
                    count = json.loads(text[len(b'"count":') :].rstrip(b",\n"))
            else:
                raise ManifestError(f"{file}: is cut off: its own hash is not there")
    except OSError as error:
        raise ManifestError(f"{file}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{file}: is no manifest of a corpus, or was changed since it was frozen") from error
    wanted = f'{HASH_LINE}{digest.hexdigest()}"\n'.encode()
    if said != wanted or rest != b"}\n" or about is None or count is None:
        raise ManifestError(
            f"{file}: was changed since it was frozen: its SHA-256 is {digest.hexdigest()}, and it says "
            f"{said[len(HASH_LINE) : len(HASH_LINE) + 64].decode('ascii', 'replace')}"
        )
    return Manifest(file=file, about=about, count=count, sha256=digest.hexdigest())


def _about(file: Path, text: bytes) -> Json:
    if not text.startswith(b'{"about":'):
        raise ManifestError(f"{file}: is no manifest of a corpus; `roxham corpus freeze` makes one")
    about = json.loads(text[len(b'{"about":') :].rstrip(b",\n"))
    if not isinstance(about, dict):
        raise ManifestError(f"{file}: is no manifest of a corpus, or was changed since it was frozen")
    if about.get("schema") != SCHEMA:
        raise ManifestError(f"{file}: is written as {about.get('schema')!r}, and this program reads {SCHEMA!r}")
    return about


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
