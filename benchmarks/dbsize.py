"""What of an archive's file is what: bytes an article, table by table, and the file beside the text in it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from monitor.archive.packing import plain


class Part(NamedTuple):
    """A table or an index of the file."""

    name: str
    bytes: int
    fill: float  # share of its pages that holds anything


def main(file: Path, at_most: float) -> int:
    """Prints the table; 3 where the file is larger than `at_most` times its text, 2 where there is none."""
    if not file.exists():
        print(f"{file}: there is no such file")
        return 2
    whole = sum(each.stat().st_size for each in _files(file))
    db = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
    articles = db.execute("SELECT count(*) FROM articles").fetchone()[0]
    db.create_function("roxham_plain", 1, plain, deterministic=True)
    text, versions, packed = db.execute(
        "SELECT sum(length(CAST(coalesce(text, roxham_plain(packed)) AS BLOB))), count(*), count(packed) FROM versions "
        "WHERE coalesce(text, packed) IS NOT NULL"
    ).fetchone()
    page, free = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_size", "freelist_count"))
    print(f"{articles:,} articles, {versions:,} texts of {text / versions:,.0f} bytes, {packed:,} of them packed")
    print(f"pages of {page:,} bytes")
    print(f"{'':32}{'MB':>10}{'of article':>12}{'filled':>9}")
    for part in parts(db):
        if part.bytes > whole / 1000:
            print(f"{part.name:32}{part.bytes / 1e6:10,.1f}{part.bytes / articles:12,.0f}{part.fill:9.0%}")
    print(f"{'free pages':32}{free * page / 1e6:10,.1f}{free * page / articles:12,.0f}")
    print(f"{'all of the file':32}{whole / 1e6:10,.1f}{whole / articles:12,.0f}")
    db.close()
    held = whole <= at_most * text
    print(f"{whole / text:.2f} times the text, at most {at_most}" + ("" if held else ": A BOUND DID NOT HOLD"))
    return 0 if held else 3


def parts(db: sqlite3.Connection) -> list[Part]:
    """Returns tables and indexes, the largest first; it needs an SQLite with `dbstat`, as Debian's and Python's are."""
    rows = db.execute(
        "SELECT name, sum(pgsize), 1 - CAST(sum(unused) AS REAL) / sum(pgsize) FROM dbstat "
        "GROUP BY name ORDER BY 2 DESC"
    )
    return [Part(*row) for row in rows]


def _files(file: Path) -> Iterator[Path]:
    """The file, and what SQLite has not yet written into it."""
    yield file
    if (log := file.with_name(file.name + "-wal")).exists():
        yield log
