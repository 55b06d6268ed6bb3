"""An archive of a million articles of 3 kB: how to make one, how large its file is, how fast pages answer from it.

    python -m benchmarks million make FILE [--articles 1000000]
    python -m benchmarks million multiply FROM TO [--times 10]
    python -m benchmarks million size FILE
    python -m benchmarks million measure FILE …

`make` goes through the archive's own `keep_visit`, `begin` and `keep`, with the real room of stories and the shipped
topics; texts, fingerprints and matches are prepared in other processes. `multiply` copies the rows of an archive so
made, which takes minutes where `make` takes hours. `size` exits with 3 where the file is larger than 2.2 times the text
in it.
"""

import argparse
import importlib
import os
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import timedelta
from functools import cache
from itertools import islice
from pathlib import Path

from benchmarks.newsprint import TOPICAL, Copy, Press
from benchmarks.newsstand import Newsstand, Outlet, Print, Round
from monitor.match import Matcher
from monitor.types import Address, AddressKind, Article, Credit, Fingerprint, Found, Match

AT_MOST = 2.2
"""Bytes of the file for each byte of text."""

_AHEAD = 12  # batches that are prepared before they are needed
_TOGETHER = 16  # rounds of a batch
_WIRES = {"en": "The Canadian Press", "fr": "La Presse Canadienne"}

Ready = tuple[Found, Article, tuple[Match, ...], Fingerprint]


def main(arguments: Sequence[str]) -> int:
    """Does what the first argument says; 2 where it says nothing that is known."""
    wanted = argparse.ArgumentParser(prog="python -m benchmarks million", description=(__doc__ or "").splitlines()[0])
    commands = wanted.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make", help="makes the archive")
    making.add_argument("file", type=Path)
    making.add_argument("--articles", type=int, default=1_000_000)
    making.add_argument("--processes", type=int, default=max(1, (os.cpu_count() or 2) - 1), help="that prepare texts")
    more = commands.add_parser("multiply", help="makes a large archive of a smaller one")
    more.add_argument("small", type=Path, metavar="FROM")
    more.add_argument("large", type=Path, metavar="TO")
    more.add_argument("--times", type=int, default=10)
    sizing = commands.add_parser("size", help="says how large the file is, and what of it is what")
    sizing.add_argument("file", type=Path)
    commands.add_parser("measure", add_help=False, help="measures pages over it")
    chosen, rest = wanted.parse_known_args(arguments)
    if chosen.command == "measure":
        measured: int = importlib.import_module("benchmarks.million_pages").main(rest)
        return measured
    if rest:
        wanted.error(f"what is {' '.join(rest)}?")
    if chosen.command == "size":
        return importlib.import_module("benchmarks.dbsize").main(chosen.file, AT_MOST)  # type: ignore[no-any-return]
    if chosen.command == "multiply":
        return importlib.import_module("benchmarks.million_multiply").multiply(  # type: ignore[no-any-return]
            chosen.small, chosen.large, chosen.times
        )
    return make(chosen.file, chosen.articles, chosen.processes)


# --- the archive -----------------------------------------------------------------------------------------------------


def make(file: Path, articles: int, processes: int) -> int:
    """Makes an archive in a file that is not there yet; 2 where it is."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    if file.exists():
        print(f"{file} is there already", file=sys.stderr)
        return 2
    started = time.monotonic()
    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(), console=Console(stderr=True), disable=not sys.stderr.isatty(),
    )  # fmt: skip
    told = 0
    with progress:
        task = progress.add_task("articles", total=articles, rate="")
        for done in _kept(file, articles, processes):
            took = time.monotonic() - started
            rate = f"{done / took:,.0f}/s"
            progress.update(task, completed=done, rate=rate)
            if progress.disable and done >= told + articles // 50:
                told = done
                print(f"{done:,} of {articles:,}, {rate}, {(articles - done) * took / done:,.0f} s left", flush=True)
    took = time.monotonic() - started
    print(
        f"{articles:,} articles in {took:,.0f} s: {articles / took:,.0f} a second; {file.stat().st_size / 1e6:,.0f} MB"
    )
    return 0


def _kept(file: Path, articles: int, processes: int) -> Iterator[int]:
    """Keeps everything, round by round; yields the number of articles that are kept."""
    from monitor.app import story_room
    from monitor.archive.sqlite import SQLiteArchive
    from monitor.extract.urls import identity
    from monitor.listing import items
    from monitor.types import Reading, Visit, VisitOutcome

    rooms = story_room()
    newsstand = Newsstand(articles)
    archive: SQLiteArchive | None = None
    try:
        number = 0
        for rounds, prepared in _prepared(newsstand.rounds(), processes):
            for round_, ready in zip(rounds, prepared, strict=True):
                if archive is None:
                    archive = SQLiteArchive.for_writing(file, purpose="benchmark", now=round_.at)
                by_source: dict[str, list[Found]] = {}
                for found, article, _, _ in ready:
                    by_source.setdefault(article.source_id, []).append(found)
                for place, outlet in enumerate(round_.visited):
                    at = round_.at - timedelta(minutes=90 * (1 - place / len(round_.visited)))
                    listed = by_source.get(outlet.id, [])
                    visit = Visit(
                        source_id=outlet.id,
                        started_at=at - timedelta(seconds=1),
                        finished_at=at,
                        outcome=VisitOutcome.CHANGED if listed else VisitOutcome.UNCHANGED,
                        status=200 if listed else 304,
                        asked_url=_feed(outlet),
                        url=_feed(outlet),
                        found=tuple(listed),
                    )
                    archive.keep_visit(visit, items(listed, identity))
                if not ready:
                    continue
                waiting = {(item.source_id, item.found.url): item for item in archive.pending(round_.at, limit=10_000)}
                archive.begin([item.item_id for item in waiting.values()])
                readings = [
                    Reading(pending=item, article=article, matches=matches, fingerprint=print_)
                    for _, article, matches, print_ in ready
                    if (item := waiting.pop((article.source_id, article.addresses[0].url), None)) is not None
                ]
                archive.keep(readings, rooms, round_.at)
                number = max(number, *(printed.number for printed in round_.prints))
                yield number
    finally:
        if archive is not None:
            archive.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            archive.close()


def _prepared(rounds: Iterator[Round], processes: int) -> Iterator[tuple[list[Round], list[list[Ready]]]]:
    """Yields batches of rounds with what they bring, in order; a few batches ahead are prepared, and no more."""
    with ProcessPoolExecutor(max_workers=processes) as pool:
        ahead: deque[tuple[list[Round], Future[list[list[Ready]]]]] = deque()
        while True:
            while len(ahead) < _AHEAD and (batch := list(islice(rounds, _TOGETHER))):
                ahead.append((batch, pool.submit(_prepare, [round_.prints for round_ in batch])))
            if not ahead:
                return
            batch, prepared = ahead.popleft()
            yield batch, prepared.result()


# --- what is kept ----------------------------------------------------------------------------------------------------


@cache
def _press(language: str) -> Press:
    return Press(language)


@cache
def _matcher() -> Matcher:
    from monitor.app import configuration

    return Matcher(configuration(Path(__file__).parent.parent / "config").topics)


def _prepare(rounds: Sequence[Sequence[Print]]) -> list[list[Ready]]:
    """In a process of its own: texts, matches and fingerprints."""
    return [[ready(printed) for printed in prints] for prints in rounds]


def ready(printed: Print) -> Ready:
    """Returns an article as it is listed and as it was read, with what it matches and its fingerprint."""
    from monitor.stories import fingerprint

    press = _press(printed.outlet.language)
    found, article = _read(printed, press.write(printed.story), press)
    return found, article, _matcher().match(article), fingerprint(article)


def _read(printed: Print, copy: Copy, press: Press) -> tuple[Found, Article]:
    from monitor.extract.urls import identity

    outlet, first_at = printed.outlet, printed.first_at or printed.at
    paragraphs, title, published = list(copy.paragraphs), copy.title, printed.at
    published -= timedelta(minutes=5 + printed.number * 37 % 170)
    updated = None
    match printed.edit:
        case "cut":
            paragraphs = paragraphs[: max(2, round(len(paragraphs) * 0.6))]
        case "lede":
            paragraphs[0] = press.lede(printed.number)
            title = f"{press.lede(printed.number + 1)[:50].rpartition(' ')[0]}"
        case "updated":
            paragraphs.insert(1, press.lede(printed.number))
            updated = published
        case _:
            pass
    body = "\n\n".join(paragraphs)
    credit = Credit()
    text = body
    if printed.wire:
        agency = _WIRES["en"]
        credit = Credit(agency=agency, first_published=f"{first_at:%Y-%m-%d}")
        text = f"{body}\n\n{_credited(printed)}"
    slug = "-".join(copy.title.lower().replace(",", "").replace("'", "-").split()[:7])
    url = f"https://{outlet.host}/{first_at:%Y/%m/%d}/{slug}-{printed.number}"
    found = Found(
        url=url,
        guid=f"{outlet.host}-{printed.number}",
        title=title,
        summary=paragraphs[0][:200] if printed.story % 5 < 3 else None,
        authors=copy.authors,
        published_at=published,
        updated_at=updated,
    )
    addresses = [Address(url=url, identity=identity(url), kind=AddressKind.FOUND)]
    if printed.story % 7 == 0:
        canonical = f"https://{outlet.host}/article/{printed.number}"
        addresses.append(Address(url=canonical, identity=identity(canonical), kind=AddressKind.CANONICAL))
    article = Article(
        source_id=outlet.id,
        publisher=outlet.publisher,
        addresses=tuple(addresses),
        title=title,
        text=text,
        summary=found.summary,
        authors=copy.authors,
        language=outlet.language,
        published_at=published,
        updated_at=updated,
        credit=credit,
        body=body,
    )
    return found, article


def _credited(printed: Print) -> str:
    day = printed.first_at or printed.at
    if printed.outlet.language == "fr":
        return f"{_WIRES['fr']}, {day.year}"
    return f"This report by {_WIRES['en']} was first published {day:%B} {day.day}, {day.year}."


def _feed(outlet: Outlet) -> str:
    return f"https://{outlet.host}/feed/{outlet.number}.xml"


__all__ = ["TOPICAL", "main", "make", "ready"]
