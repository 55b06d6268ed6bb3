"""What SQLite's `unicode61 remove_diacritics 2` makes of every character, asked of SQLite itself.

`python -m tests.unicode61` writes monitor/text/unicode61.py anew.
"""

import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]  # the driver the archive uses

FILE = Path(__file__).parent.parent / "monitor" / "text" / "unicode61.py"
EVERY = [*range(1, 0xD800), *range(0xE000, 0x110000)]


def asked(points: Iterable[int]) -> Iterator[tuple[int, str | None]]:
    """Yields for each code point what it is folded to within a word; None where it parts words."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE t USING fts5 (x, content = '', tokenize = 'unicode61 remove_diacritics 2')")
    db.execute("CREATE VIRTUAL TABLE terms USING fts5vocab (t, instance)")
    db.executemany("INSERT INTO t (rowid, x) VALUES (?, ?)", ((point, f"x{chr(point)}x") for point in points))
    for point, terms in groupby(db.execute("SELECT doc, term FROM terms ORDER BY doc, offset"), lambda row: row[0]):
        first, *rest = (term for _, term in terms)
        yield point, None if rest else first[1:-1]
    db.close()


def ranges(points: Iterable[int]) -> str:
    """Returns code points as `a-b` and `a`, in hexadecimal."""
    found: list[list[int]] = []
    for point in points:
        if found and found[-1][1] == point - 1:
            found[-1][1] = point
        else:
            found.append([point, point])
    return " ".join(f"{first:x}" if first == last else f"{first:x}-{last:x}" for first, last in found)


def _lines(text: str, width: int = 110) -> str:
    return "\n".join(textwrap.wrap(text, width, break_on_hyphens=False))


def main() -> None:
    """Writes the table."""
    table = dict(asked(EVERY))
    parting = [point for point, folded in table.items() if folded is None]
    marks = [point for point, folded in table.items() if folded == ""]
    changed = [(point, folded) for point, folded in table.items() if folded and folded != chr(point)]
    pairs = " ".join(f"{point:x}:{ord(folded):x}" for point, folded in changed)
    FILE.write_text(
        '"""How SQLite\'s `unicode61 remove_diacritics 2` takes text apart, made from SQLite itself'
        f" (version {sqlite3.sqlite_version}).\n\n"
        "Code points in hexadecimal. `python -m tests.unicode61` writes this file; a test holds it against SQLite.\n"
        '"""\n\n'
        f'PARTING = """\n{_lines(ranges(parting))}\n"""\n'
        '"""What parts words; every other character stands in one."""\n\n'
        f'MARKS = """\n{_lines(ranges(marks))}\n"""\n"""What vanishes within a word, and parts words elsewhere."""\n\n'
        f'FOLDED = """\n{_lines(pairs)}\n"""\n"""What is written otherwise: the letter, and what becomes of it."""\n',
        "utf-8",
    )


if __name__ == "__main__":
    main()
