"""Keeping: articles placed, indexed and committed, beside plain sqlite-utils inserts into the same kind of table."""

import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

from monitor.app import story_room
from monitor.archive.sqlite import SQLiteArchive
from monitor.listing import items
from monitor.stories import fingerprint
from monitor.types import Address, AddressKind, Article, Found, Reading, Visit, VisitOutcome

ARTICLES = 5_000
BATCH = 100
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def main(arguments: Sequence[str]) -> int:
    """Prints CPU microseconds an article, and bytes an article on disk."""
    chance = random.Random(7)
    vocabulary = ["".join(chance.choices("abcdefghilmnoprstu", k=chance.randint(2, 9))) for _ in range(4_000)]
    texts = [" ".join(chance.choices(vocabulary, k=500)) for _ in range(ARTICLES)]
    print(f"{ARTICLES:,} articles of 3 kB in transactions of {BATCH}")
    with tempfile.TemporaryDirectory() as folder:
        for name, work in (("roxham", _ours), ("sqlite-utils, insert_all and FTS", _plain)):
            file = Path(folder) / f"{name[:3]}.db"
            started = time.process_time()
            work(file, texts)
            seconds = time.process_time() - started
            size = file.stat().st_size / ARTICLES
            print(f"{name:34}{seconds / ARTICLES * 1e6:8.0f} µs an article{size:10.0f} bytes each")
    return 0


def _ours(file: Path, texts: Sequence[str]) -> None:
    archive = SQLiteArchive.for_writing(file, purpose="benchmark", now=NOW)
    for batch in _batches(texts):
        found = [Found(url=f"http://a.test/{number}", title=f"Headline {number}") for number, _ in batch]
        visit = Visit(source_id="a", started_at=NOW, finished_at=NOW, outcome=VisitOutcome.CHANGED, found=tuple(found))
        archive.keep_visit(visit, items(found, lambda url: url))
        pending = archive.pending(NOW)
        archive.begin([item.item_id for item in pending])
        readings = []
        for item, (number, text) in zip(pending, batch, strict=True):
            article = _article(number, text)
            readings.append(Reading(pending=item, article=article, matches=(), fingerprint=fingerprint(article)))
        archive.keep(readings, story_room(), NOW)
    archive.close()


def _plain(file: Path, texts: Sequence[str]) -> None:
    db = Database(file)
    db["articles"].insert({"id": 0, "url": "", "title": "", "text": ""}, pk="id")  # type: ignore[union-attr]
    db["articles"].enable_fts(["title", "text"], create_triggers=True)  # type: ignore[union-attr]
    for batch in _batches(texts):
        rows = [{"id": n + 1, "url": f"http://a.test/{n}", "title": f"Headline {n}", "text": t} for n, t in batch]
        db["articles"].insert_all(rows)  # type: ignore[union-attr]
    db.close()


def _batches(texts: Sequence[str]) -> Iterator[list[tuple[int, str]]]:
    numbered = list(enumerate(texts))
    for start in range(0, len(numbered), BATCH):
        yield numbered[start : start + BATCH]


def _article(number: int, text: str) -> Article:
    url = f"http://a.test/{number}"
    return Article(
        source_id="a",
        publisher="A",
        addresses=(Address(url=url, identity=url, kind=AddressKind.FOUND),),
        title=f"Headline {number}",
        text=text,
    )
