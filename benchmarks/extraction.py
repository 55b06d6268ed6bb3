"""Measures how well and how fast pages become text, against peers, on saved pages with the truth beside them.

    python -m benchmarks extraction FOLDER [--misses]

FOLDER holds one folder a country, each with `meta.info` (JSON: file name → url, crawl_date), `Name_DATE.html.gz` and
`Name.json` (V1, V1_1 …: one version a page, in the order of the pages' dates), as the fundus project keeps its test
data. The truth of a page is its body as the annotators read it: summary (deck), sub-headings and paragraphs. The
headline is not part of it. Precision, recall and F1 count words as multisets, in lower case.

Exit code 3 where the mean F1 is below 0.97.
"""

import argparse
import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from monitor.extract import from_page
from monitor.types import Article, Found, Page, Source

WANTED = 0.97
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A saved page with what a reader would take from it."""

    name: str
    url: str
    html: str
    truth: dict[str, Any]

    def text(self, parts: str) -> str:
        """Returns the truth: `s` for the summary, `h` for sub-headings, `p` for paragraphs."""
        body = self.truth["body"]
        lines = list(body["summary"]) if "s" in parts else []
        for section in body["sections"]:
            lines += section["headline"] if "h" in parts else []
            lines += section["paragraphs"]
        return "\n".join(lines)


def samples(folder: Path) -> Iterator[Sample]:
    """Yields every page of the folder that has a truth beside it."""
    for meta in sorted(folder.glob("*/meta.info")):
        info = json.loads(meta.read_text("utf-8"))
        for truths in sorted(meta.parent.glob("*.json")):
            versions = json.loads(truths.read_text("utf-8"))
            pages = sorted(meta.parent.glob(f"{truths.stem}_*.html.gz"))
            for page, truth in zip(pages, versions.values(), strict=True):
                html = gzip.decompress(page.read_bytes()).decode("utf-8", "replace")
                name = page.name.removesuffix(".html.gz")
                yield Sample(name=name, url=info[page.name]["url"], html=html, truth=truth)


def ours(sample: Sample) -> Article | None:
    """Returns what the program itself makes of the page."""
    page = Page(
        url=sample.url,
        final_url=sample.url,
        status=200,
        html=sample.html,
        content_type="text/html",
        fetched_at=datetime(2030, 1, 1, tzinfo=UTC),
    )
    source = Source(id="bench", name="Bench", publisher="Bench", kind="feed", url=sample.url)
    article = from_page(page, Found(url=sample.url), source)
    return article if isinstance(article, Article) else None


def room(sample: Sample) -> str:
    """The program: everything it reads from a page, not the text alone."""
    article = ours(sample)
    return (article and article.text) or ""


def trafilatura_fast(sample: Sample) -> str:
    """trafilatura as the program calls it, without anything of ours."""
    from trafilatura import extract

    return extract(sample.html, fast=True, include_comments=False) or ""


def trafilatura_default(sample: Sample) -> str:
    """trafilatura as its documentation shows it, comments left out."""
    from trafilatura import extract

    return extract(sample.html, include_comments=False) or ""


def trafilatura_full(sample: Sample) -> str:
    """trafilatura with its metadata: the same work as ours, for the time it takes."""
    from trafilatura import bare_extraction

    document = bare_extraction(sample.html, fast=True, include_comments=False, with_metadata=True)
    return (getattr(document, "text", None) or "") if document else ""


def paragraphs(sample: Sample) -> str:
    """Every <p> of the page, by lxml."""
    from lxml import html

    tree = html.document_fromstring(sample.html.encode(), parser=html.HTMLParser(encoding="utf-8"))
    return "\n".join(p.text_content() for p in tree.iter("p"))


PEERS: dict[str, Callable[[Sample], str]] = {
    "roxham": room,
    "trafilatura fast": trafilatura_fast,
    "trafilatura": trafilatura_default,
    "trafilatura +meta": trafilatura_full,
    "all <p>": paragraphs,
}


def score(text: str, truth: str) -> tuple[float, float, float]:
    """Returns precision, recall and F1 of the words."""
    got, wanted = Counter(_WORD.findall(text.lower())), Counter(_WORD.findall(truth.lower()))
    shared = sum((got & wanted).values())
    precision, recall = shared / max(1, got.total()), shared / max(1, wanted.total())
    return precision, recall, 2 * precision * recall / (precision + recall) if shared else 0.0


def misses(text: str, truth: str) -> Iterator[str]:
    """Yields the lines that stand in one and not in the other: + too much, - too little."""
    got = {" ".join(_WORD.findall(line.lower())): line for line in text.split("\n") if line.strip()}
    wanted = {" ".join(_WORD.findall(line.lower())): line for line in truth.split("\n") if line.strip()}
    yield from (f"    + {line[:110]}" for key, line in got.items() if key not in wanted)
    yield from (f"    - {line[:110]}" for key, line in wanted.items() if key not in got)


def main(arguments: Sequence[str]) -> int:
    """Prints the tables; 3 where the mean F1 is below what is wanted."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("folder", type=Path)
    ask.add_argument("--misses", action="store_true", help="show each line that is too much or too little")
    asked = ask.parse_args(arguments)
    pages = list(samples(asked.folder))
    for peer in PEERS.values():  # the first call of each pays for imports and models
        peer(pages[0])
    sums = {name: [0.0] * 6 for name in PEERS}
    print(f"{'page':<28} {'precision':>9} {'recall':>7} {'F1':>6} {'ms':>6}   F1 of the peers")
    for sample in pages:
        row = {}
        for name, peer in PEERS.items():
            took = []
            for _ in range(3):
                begun = time.process_time()
                text = peer(sample)
                took.append((time.process_time() - begun) * 1000)
            row[name] = (*score(text, sample.text("shp")), min(took))
            narrow = (score(text, sample.text("hp"))[2], score(text, sample.text("p"))[2])
            sums[name] = [a + b for a, b in zip(sums[name], (*row[name], *narrow), strict=True)]
        p, r, f, ms = row["roxham"]
        rest = "  ".join(f"{name} {row[name][2]:.3f}" for name in PEERS if name != "roxham")
        print(f"{sample.name:<28} {p:9.3f} {r:7.3f} {f:6.3f} {ms:6.1f}   {rest}")
        if asked.misses:
            print("\n".join(misses(room(sample), sample.text("shp"))))
    title = f"mean of {len(pages)}"
    print(f"\n{title:<28} {'precision':>9} {'recall':>7} {'F1':>6} {'ms':>6}   no deck   paragraphs alone")
    for name, total in sums.items():
        p, r, f, ms, hp, only = (value / len(pages) for value in total)
        print(f"{name:<28} {p:9.3f} {r:7.3f} {f:6.3f} {ms:6.1f}   {hp:7.3f}   {only:7.3f}")
    facts_table(pages)
    return 0 if sums["roxham"][2] / len(pages) >= WANTED else 3


def facts_table(pages: list[Sample]) -> None:
    """Prints where title, authors and time differ from the truth."""
    print("\nfacts that differ from the truth")
    for sample in pages:
        article = ours(sample)
        if article is None:
            print(f"  {sample.name}: rejected")
            continue
        at = datetime.fromisoformat(sample.truth["publishing_date"]).astimezone(UTC)
        if _WORD.findall(article.title.lower()) != _WORD.findall(sample.truth["title"].lower()):
            print(f"  {sample.name} title: {article.title!r} for {sample.truth['title']!r}")
        if list(article.authors) != sample.truth["authors"]:
            print(f"  {sample.name} authors: {article.authors} ({article.credit.agency}) for {sample.truth['authors']}")
        if article.published_at is None or abs((article.published_at - at).total_seconds()) > 60:
            print(f"  {sample.name} published: {article.published_at} for {at}")
