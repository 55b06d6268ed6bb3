"""Between fingerprints and the two columns that hold them: samples of words, and everything else as packed JSON."""

import json
from array import array
from datetime import datetime
from typing import Any

from monitor.archive import packing
from monitor.archive.connection import Row, moment
from monitor.types import Figure, Fingerprint, Notice, Text

_SAID = (
    "title", "agency", "first_published", "first_language", "killed", "level", "body_words",
)  # fmt: skip
_SETS = ("names", "terms", "identities")


def pack(print_: Fingerprint) -> tuple[bytes, bytes]:
    """Returns a fingerprint without its hashes of whole texts, which have columns of their own."""
    hashes = array("I", [hash_ for hash_, _ in print_.shingles])
    paragraphs = bytes(min(at, 255) for _, at in print_.shingles)
    samples = len(hashes).to_bytes(4, "little") + hashes.tobytes() + paragraphs + array("I", print_.lede).tobytes()
    said: dict[str, Any] = {name: value for name in _SAID if (value := getattr(print_, name))}
    said |= {name: sorted(value) for name in _SETS if (value := getattr(print_, name))}
    if print_.figures:
        said["figures"] = print_.figures
    if print_.named:
        said["named"] = print_.named
    if print_.alternates:
        said["alternates"] = print_.alternates
    if print_.notice is not None:
        said["notice"] = print_.notice.value
    for name in ("corrected", "in_full", "official"):
        if getattr(print_, name):
            said[name] = True
    if print_.dated_at is not None:
        said["dated_at"] = print_.dated_at.isoformat()
    return samples, packing.pack(json.dumps(said, ensure_ascii=False, separators=(",", ":")))


def unpack(row: Row) -> Fingerprint:
    """Returns the fingerprint of a row of `texts`, joined with its version's `text_hash` and `words`."""
    samples, said = bytes(row["shingles"]), json.loads(packing.plain(row["said"]) or "{}")
    count = int.from_bytes(samples[:4], "little")
    hashes, lede = array("I", samples[4 : 4 + 4 * count]), array("I", samples[4 + 5 * count :])
    dated, notice = said.pop("dated_at", None), said.pop("notice", None)
    for name in _SETS:
        said[name] = frozenset(said.get(name, ()))
    for name in ("figures", "named"):
        said[name] = tuple(Figure(*figure) for figure in said.get(name, ()))
    said["alternates"] = tuple(said.get("alternates", ()))
    return Fingerprint(
        text_hash=row["text_hash"],
        words=row["words"],
        body_hash=row["body_hash"],
        shingles=tuple(zip(hashes, samples[4 + 4 * count : 4 + 5 * count], strict=True)),
        lede=tuple(lede),
        language=row["language"],
        dated_at=None if dated is None else datetime.fromisoformat(dated),
        notice=None if notice is None else Notice(notice),
        **said,
    )


def text(row: Row) -> Text:
    """Returns a row of `texts`, joined with its version and article."""
    return Text(
        id=row["id"],
        article_id=row["article"],
        number=row["number"],
        name=row["name"],
        publisher=row["publisher"],
        at=moment(row["at"]),
        fingerprint=unpack(row),
    )
