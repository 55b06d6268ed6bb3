"""Placing: what a reading is to an archive of 100,000 articles, beside MinHash-LSH over the same texts.

    python -m benchmarks placing [--articles 100000] [--more 2000] [--no-peer]

Invented articles of about 3 kB, one in five a brief, a thousand a day; every tenth is a copy of one of the last day, at
another publisher, edited as carriers edit. They are fingerprinted, placed and kept in transactions of 100 by the
program's own rooms; the last `--more` of them are measured. The peer is `datasketch`: MinHash of the same five-word
shingles (128 permutations), LSH at a Jaccard likeness of 0.5, in memory; a text joins the group of the oldest answer.
Each side has a process of its own and writes the texts anew, which is not counted.

Exit code 3 where fewer than 800 articles are placed in a second of CPU.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

from benchmarks.meter import peak

AT_LEAST = 800  # articles a second of CPU
BATCH = 100
EDITS = (
    "cut to 60 %", "cut to 30 %", "new headline, lede", "inserted links", "5 % of words", "added credit", "house style"
)  # fmt: skip
BRIEF = 120  # words of the original: recall of its copies is shown apart

OF_STORIES = ("texts", "text_keys", "ties")
"""Tables that only stories need: what an article costs on disk is told with and without them."""

_FIRST = datetime(2026, 5, 1, tzinfo=UTC)
_APART = timedelta(days=1) / 1000
_WITHIN = 900  # articles between an original and its copy
_PUBLISHERS = 50
_SHINGLE = 5  # words
_Cost = dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Prints what placing costs and finds; 3 where it is too slow."""
    wanted = argparse.ArgumentParser(prog="python -m benchmarks placing", description=(__doc__ or "").splitlines()[0])
    wanted.add_argument("--articles", type=int, default=100_000)
    wanted.add_argument("--more", type=int, default=2_000, help="articles that are measured, after those")
    wanted.add_argument("--peer", action=argparse.BooleanOptionalAction, default=True, help="measure datasketch, too")
    wanted.add_argument("--side", choices=tuple(_SIDES), help=argparse.SUPPRESS)
    chosen = wanted.parse_args(arguments)
    if chosen.side:
        print(json.dumps(_SIDES[chosen.side](chosen.articles, chosen.more)))
        return 0
    print(f"{chosen.articles:,} articles, and {chosen.more:,} more that are measured; CPU, one thread")
    sides = {}
    for side in _SIDES if chosen.peer else ("roxham",):
        command = [sys.executable, "-m", "benchmarks.placing", "--side", side]
        command += ["--articles", str(chosen.articles), "--more", str(chosen.more)]
        done = subprocess.run(command, cwd=Path(__file__).parent.parent, stdout=subprocess.PIPE, text=True, check=True)
        sides[side] = json.loads(done.stdout.splitlines()[-1])
        print(_said(side, sides[side]), flush=True)
    _print_found(sides)
    reached = sides["roxham"]["placed_per_second"]
    print("all bounds held" if reached >= AT_LEAST else f"{reached:,.0f} articles/s, at least {AT_LEAST}")
    return 0 if reached >= AT_LEAST else 3


def _said(side: str, cost: _Cost) -> str:
    said = f"{side:12}{cost.get('placed_per_second', cost['per_second']):8,.0f} articles/s"
    if "placed_per_second" in cost:
        said += f" ({cost['per_second']:,.0f} with all that keeping an article and its search index take)"
    said += f"; {cost['peak']:.0f} MB at most, {cost['peak_at_tenth']:.0f} MB after a tenth of the articles"
    if "bytes" in cost:
        tables = ", ".join(cost["tables"]) or "no table"
        said += f"; {cost['bytes']:,.0f} bytes an article on disk, {cost['bytes_without']:,.0f} without those that only"
        said += f" stories need: {tables}"
    return said


def _print_found(sides: Mapping[str, _Cost]) -> None:
    """Precision: of the pairs of one group that a copy is in; recall: copies in the group of their original."""
    print(f"\n{'':20}" + "".join(f"{side:>32}" for side in sides))
    print(f"{'edit':20}" + f"{'precision':>12}{'recall':>10}{'briefs':>10}" * len(sides))
    for kind in (*EDITS, "all pairs"):
        cells = (cost["found"][kind] for cost in sides.values())
        shares = (("-" if share is None else f"{share:.3f}") for cell in cells for share in cell)
        print(f"{kind:20}" + "".join(f"{share:>{(12, 10, 10)[n % 3]}}" for n, share in enumerate(shares)))


# --- what is placed --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One invented article. `root` is the number of the original that it is a copy of, or its own."""

    number: int
    root: int
    title: str
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it, with a blank line between paragraphs."""
        return "\n\n".join(self.paragraphs)

    @property
    def published_at(self) -> datetime:
        """When it came out: a thousand a day."""
        return _FIRST + _APART * self.number


def root_of(number: int) -> int:
    """Returns the number of an article's original: every tenth is a copy, at another publisher."""
    if number % 10 != 9 or number < _PUBLISHERS:
        return number
    root = number - random.Random(f"root {number}").randrange(1, min(_WITHIN, number))
    while root % 10 == 9 or (number - root) % _PUBLISHERS == 0:
        root -= 1
    return max(root, 0)


def edit_of(number: int) -> str:
    """Returns what was done to a copy."""
    return EDITS[number // 10 % len(EDITS)]


class Newsroom:
    """Writes articles: each follows from its number. Words are as unevenly common as in life."""

    _WORDS = 20_000
    _GRAMMAR = (
        "the of to and in a that is for on with as was he by at from it his said be are have an will were not has they "
        "who their its this been which had but more or after would about one people two there when could year also new"
    )
    _SYLLABLES = "con ter man ing er ly tion pro per com mi re sta ver ple ton den wick ham ford ley gen tra dis mo ba"
    _TURNS = (
        '"{word} {word}," {name} said.',
        "{figure} per cent of it is {word} in Quebec.",
        "It cost ${figure},{low}.",
        "{name} left the U.S. for {name} - and {word} {word}.",
        "The centre in {name} counted {figure}.",
    )

    def __init__(self) -> None:
        chance = random.Random("newsroom")
        syllables = self._SYLLABLES.split()
        invented: dict[str, None] = {}
        while len(invented) < self._WORDS:
            invented["".join(chance.choices(syllables, k=chance.randint(2, 4)))] = None
        self._vocabulary = [*self._GRAMMAR.split(), *invented]
        self._weights = list(accumulate(1 / rank for rank in range(2, len(self._vocabulary) + 2)))

    def write(self, number: int) -> Piece:
        """Returns the article of that number: an original, or a copy with its edit."""
        root = root_of(number)
        original = self._original(root)
        return original if root == number else self._edited(original, number)

    def _original(self, number: int) -> Piece:
        chance = random.Random(number)
        brief = chance.random() < 0.2
        length = chance.randint(40, BRIEF - 20) if brief else min(1500, max(150, int(chance.lognormvariate(6.15, 0.4))))
        names = [word.capitalize() for word in self._words(chance, 5)]
        sentences, written = [], 0
        while written < length:
            if chance.random() < 0.2:
                turn = chance.choice(self._TURNS)
                sentence = " ".join(
                    part.format(
                        word=chance.choice(self._vocabulary), name=chance.choice(names),
                        figure=chance.randint(3, 999), low=chance.randint(100, 999),
                    )
                    for part in turn.split(" ")
                )  # fmt: skip
            else:
                sentence = " ".join(self._words(chance, chance.randint(8, 24))).capitalize() + "."
            sentences.append(sentence)
            written += sentence.count(" ") + 1
        paragraphs, at = [], 0
        while at < len(sentences):
            size = len(sentences) if brief else chance.randint(1, 3)
            paragraphs.append(" ".join(sentences[at : at + size]))
            at += size
        title = " ".join(self._words(chance, 8)).capitalize()
        return Piece(number=number, root=number, title=title, paragraphs=tuple(paragraphs))

    def _edited(self, original: Piece, number: int) -> Piece:
        chance = random.Random(number)
        title, paragraphs = original.title, list(original.paragraphs)
        match edit_of(number):
            case "cut to 60 %":
                paragraphs = _cut(paragraphs, 0.6)
            case "cut to 30 %":
                paragraphs = _cut(paragraphs, 0.3)
            case "new headline, lede":
                title = " ".join(self._words(chance, 8)).capitalize()
                lede = " ".join(self._words(chance, 25)).capitalize() + "."
                paragraphs = [lede, *(paragraphs[1:] or paragraphs)]
            case "inserted links":
                for at in range(len(paragraphs), 0, -3):
                    paragraphs.insert(at, f"Read more: {' '.join(self._words(chance, 9)).capitalize()}")
            case "5 % of words":
                paragraphs = [
                    " ".join(
                        chance.choice(self._vocabulary) if word.islower() and chance.random() < 0.05 else word
                        for word in paragraph.split(" ")
                    )
                    for paragraph in paragraphs
                ]
            case "added credit":
                day = original.published_at
                paragraphs += [
                    f"This report by The Canadian Press was first published {day:%B} {day.day}, {day.year}.",
                    f"- With files from {' '.join(self._words(chance, 2)).title()}",
                ]
            case _:
                paragraphs = [_restyled(paragraph) for paragraph in paragraphs]
        return Piece(number=number, root=original.number, title=title, paragraphs=tuple(paragraphs))

    def _words(self, chance: random.Random, count: int) -> list[str]:
        return chance.choices(self._vocabulary, cum_weights=self._weights, k=count)


def _cut(paragraphs: Sequence[str], share: float) -> list[str]:
    """Keeps the first words, so many as the share says."""
    left = int(share * sum(len(paragraph.split(" ")) for paragraph in paragraphs))
    kept = []
    for paragraph in paragraphs:
        words = paragraph.split(" ")[:left]
        left -= len(words)
        if words:
            kept.append(" ".join(words))
    return kept


def _restyled(paragraph: str) -> str:
    """As another newspaper's stylebook would have it."""
    styled = re.sub(r'"([^"]{0,200})"', r"“\1”", paragraph).replace(" per cent", "%").replace("U.S.", "US")
    return styled.replace("Quebec", "Québec").replace("centre", "center").replace(" - ", " – ")


# --- the two sides ---------------------------------------------------------------------------------------------------


def _batches(articles: int, more: int) -> Iterator[tuple[list[Piece], bool]]:
    """Yields the pieces to be placed at once, and whether they are measured."""
    newsroom = Newsroom()
    for start in (*range(0, articles, BATCH), *range(articles, articles + more, BATCH)):
        measured = start >= articles
        yield [newsroom.write(n) for n in range(start, min(start + BATCH, articles + measured * more))], measured


def _more(start: int, count: int) -> Iterator[list[Piece]]:
    newsroom = Newsroom()
    for first in range(start, start + count, BATCH):
        yield [newsroom.write(number) for number in range(first, first + BATCH)]


def _roxham(articles: int, more: int) -> _Cost:
    """Through the archive's own `keep`, with the real room of stories: as benchmarks/keeping.py does.

    What placing takes is the difference to keeping as many more articles with a room that knows nothing.
    """
    from monitor.app import story_room
    from monitor.archive import Filter
    from monitor.archive.sqlite import SQLiteArchive
    from monitor.listing import items
    from monitor.stories import Stories, fingerprint
    from monitor.types import (
        Address,
        AddressKind,
        Article,
        Fingerprint,
        Found,
        Reading,
        Visit,
        VisitOutcome,
    )

    class Blind(Stories):
        """Finds nothing like anything."""

        def keys(self, _: Fingerprint) -> frozenset[int]:
            return frozenset()

        def asked(self, *_: object) -> dict[int, float]:
            return {}

    rooms = story_room()

    def blank(article: Article) -> Fingerprint:
        return Fingerprint(text_hash=f"{article.addresses[0].url}", words=500)

    def articled(piece: Piece) -> Article:
        url = _url(piece.number)
        return Article(
            source_id="a",
            publisher=f"Daily {piece.number % _PUBLISHERS}",
            addresses=(Address(url=url, identity=url, kind=AddressKind.FOUND),),
            title=piece.title,
            text=piece.text,
            body=piece.text,
            language="en",
            published_at=piece.published_at,
        )

    def keep(archive: SQLiteArchive, pieces: Sequence[Piece], *, blind: bool = False) -> float:
        """Returns the CPU seconds of fingerprint and keep; listing is not placing."""
        now = pieces[-1].published_at
        found = [Found(url=_url(piece.number), title=piece.title) for piece in pieces]
        visit = Visit(source_id="a", started_at=now, finished_at=now, outcome=VisitOutcome.CHANGED, found=tuple(found))
        archive.keep_visit(visit, items(found, lambda url: url))
        pending = archive.pending(now)
        archive.begin([item.item_id for item in pending])
        read = [articled(piece) for piece in pieces]
        started = time.process_time()
        prints = [(blank if blind else fingerprint)(article) for article in read]
        readings = [
            Reading(pending=item, article=article, matches=(), fingerprint=print_)
            for item, article, print_ in zip(pending, read, prints, strict=True)
        ]
        archive.keep(readings, Blind(body=rooms.body) if blind else rooms, now)
        return time.process_time() - started

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "archive.db"
        archive = SQLiteArchive.for_writing(file, purpose="benchmark", now=_FIRST)
        seconds, at_tenth = 0.0, 0.0
        for pieces, measured in _batches(articles, more):
            took = keep(archive, pieces)
            seconds += took if measured else 0.0
            if pieces[0].number <= articles / 10:
                at_tenth = peak()
        most = peak()
        groups = {
            _number(url): kept.story_id
            for kept in archive.articles(Filter())
            for url in kept.urls
        }  # fmt: skip
        archive.close()
        whole, without, tables = _sizes(file)
        archive = SQLiteArchive.for_writing(file, purpose="benchmark", now=_FIRST)
        bare = sum(keep(archive, pieces, blind=True) for pieces in _more(articles + more, more))
        archive.close()
        return {
            "per_second": more / seconds,
            "placed_per_second": more / (seconds - bare),
            "peak": most,
            "peak_at_tenth": at_tenth,
            "bytes": whole / (articles + more),
            "bytes_without": without / (articles + more),
            "tables": tables,
            "found": _found(groups),
        }


def _datasketch(articles: int, more: int) -> _Cost:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=0.5, num_perm=128)
    groups: dict[int, int] = {}
    seconds, at_tenth = 0.0, 0.0
    for pieces, measured in _batches(articles, more):
        started = time.process_time()
        for piece in pieces:
            sketch = MinHash(num_perm=128)
            sketch.update_batch(_shingles(piece.text))
            oldest = min(index.query(sketch), default=piece.number)
            index.insert(piece.number, sketch, check_duplication=False)
            groups[piece.number] = groups.get(oldest, piece.number)
        seconds += time.process_time() - started if measured else 0.0
        if pieces[0].number <= articles / 10:
            at_tenth = peak()
    return {"per_second": more / seconds, "peak": peak(), "peak_at_tenth": at_tenth, "found": _found(groups)}


_SIDES: Mapping[str, Callable[[int, int], _Cost]] = {"roxham": _roxham, "datasketch": _datasketch}


def _shingles(text: str) -> list[bytes]:
    words = [word.encode() for word in re.findall(r"\w+", text.casefold())]
    return [b" ".join(words[at : at + _SHINGLE]) for at in range(max(1, len(words) - _SHINGLE + 1))]


def _url(number: int) -> str:
    return f"http://daily-{number % _PUBLISHERS}.test/{number}"


def _number(url: str) -> int:
    return int(url.rpartition("/")[2])


def _sizes(file: Path) -> tuple[int, int, list[str]]:
    """Returns the bytes of a dense copy of the archive, those without what only stories need, and its tables."""
    from sqlite_utils import Database

    copy = file.with_suffix(".copy")
    db = Database(file)
    db.execute("VACUUM INTO ?", [str(copy)])
    db.close()
    whole = copy.stat().st_size
    db = Database(copy)
    dropped = [name for name in db.table_names() if name in OF_STORIES]
    for name in dropped:
        db[name].drop()
    db.vacuum()
    db.close()
    return whole, copy.stat().st_size, dropped


# --- what was found --------------------------------------------------------------------------------------------------


def _found(groups: Mapping[int, int]) -> dict[str, tuple[float | None, float | None, float | None]]:
    """Returns precision, recall, and recall of briefs, by edit; linear, whatever the size of a group."""
    sizes = Counter(groups.values())
    alike = Counter((group, root_of(number)) for number, group in groups.items())
    newsroom = Newsroom()
    right: Counter[str] = Counter()
    together: Counter[str] = Counter()
    joined: dict[tuple[str, bool], list[bool]] = defaultdict(list)
    for number, group in groups.items():
        if (root := root_of(number)) == number:
            continue
        kind = edit_of(number)
        right[kind] += alike[group, root] - 1
        together[kind] += sizes[group] - 1
        brief = len(newsroom.write(root).text.split()) < BRIEF
        joined[kind, brief].append(groups[root] == group)
    everything = [said for answers in joined.values() for said in answers]
    briefs = [said for (_, brief), answers in joined.items() for said in answers if brief]
    pairs = sum(size * (size - 1) for size in sizes.values())
    return {
        kind: (
            right[kind] / together[kind] if together[kind] else None,
            _mean([*joined[kind, False], *joined[kind, True]]),
            _mean(joined[kind, True]),
        )
        for kind in EDITS
    } | {
        "all pairs": (
            sum(size * (size - 1) for size in alike.values()) / pairs if pairs else None,
            _mean(everything),
            _mean(briefs),
        )
    }


def _mean(said: Sequence[bool]) -> float | None:
    return sum(said) / len(said) if said else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
