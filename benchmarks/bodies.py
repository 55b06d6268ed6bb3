"""Measures how well a text becomes the story alone, on wire copy as many carriers print it, with the truth beside it.

    python -m benchmarks bodies FOLDER [--misses]

FOLDER holds `stories.jsonl`: one text a line, with `title`, `text` (as printed: paragraphs parted by a blank line),
`lang`, `carrier`, `publisher`, `clean_paragraphs` (the truth) and `credit` (`agency`, `first_published`,
`language_note`; counted where `shown`). Each text is read twice: as a page, its paragraphs in `<p>` between a site's
head and foot, and as the content of a feed's item. F1 counts words as multisets, in lower case.

Exit code 3 where the mean F1 of either is below 0.98.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from benchmarks.extraction import misses, score
from monitor.extract import from_feed, from_page
from monitor.types import Article, Credit, Found, Page, Rejected, Source

WANTED = 0.98
_WORST = 10
_LINK = "https://carrier.example.com/news/story-4711"
_AT = datetime(2030, 1, 1, tzinfo=UTC)
_FRENCH_NAMES = {"La Presse Canadienne": "The Canadian Press"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A text as one carrier printed it, with the story that is in it."""

    id: str
    carrier: str
    title: str
    text: str
    language: str
    site: str
    truth: str
    credit: dict[str, Any]

    def html(self) -> str:
        """Returns the text as a plain page of a site."""
        title, site = escape(self.title), escape(self.site)
        return (
            f'<!doctype html><html lang="{self.language}"><head><meta charset="utf-8"><title>{title} | {site}</title>'
            f'<meta property="og:title" content="{title}"></head><body><nav><a href="/">Home</a></nav>'
            f"<main><article><h1>{title}</h1>\n{self.paragraphs()}\n</article></main><footer>© {site}</footer>"
            "</body></html>"
        )

    def paragraphs(self) -> str:
        """Returns the text as marked-up paragraphs."""
        return "\n".join(f"<p>{escape(part)}</p>" for part in self.text.split("\n\n") if part.strip())


def samples(folder: Path) -> Iterator[Sample]:
    """Yields every text of the folder."""
    for line in (folder / "stories.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        yield Sample(
            id=row["id"],
            carrier=f"{row['carrier']} {row['lang']}",
            title=row["title"],
            text=row["text"],
            language=row["lang"],
            site=row["publisher"],
            truth="\n".join(row["clean_paragraphs"]),
            credit=row["credit"],
        )


def as_page(sample: Sample) -> Article | None:
    """Returns what the program makes of the text as a page."""
    page = Page(url=_LINK, final_url=_LINK, status=200, html=sample.html(), content_type="text/html", fetched_at=_AT)
    return _kept(from_page(page, Found(url=_LINK, title=sample.title), _source(sample)))


def as_feed(sample: Sample) -> Article | None:
    """Returns what the program makes of the text as the content of a feed's item."""
    found = Found(url=_LINK, title=sample.title, content=sample.paragraphs())
    return _kept(from_feed(found, _source(sample), partial=False))


def body_of_page(sample: Sample) -> str:
    """The program, from a page."""
    article = as_page(sample)
    return (article and article.body) or ""


def body_of_feed(sample: Sample) -> str:
    """The program, from a feed."""
    article = as_feed(sample)
    return (article and article.body) or ""


def text_of_page(sample: Sample) -> str:
    """The program's text, in which credits, bylines and notes stay."""
    article = as_page(sample)
    return (article and article.text) or ""


def trafilatura(sample: Sample) -> str:
    """trafilatura as its documentation shows it, comments left out."""
    from trafilatura import extract

    return extract(sample.html(), include_comments=False) or ""


def raw(sample: Sample) -> str:
    """The text as printed."""
    return sample.text


PEERS: dict[str, Callable[[Sample], str]] = {
    "page": body_of_page,
    "feed": body_of_feed,
    "our text": text_of_page,
    "trafilatura": trafilatura,
    "raw text": raw,
}


def main(arguments: Sequence[str]) -> int:
    """Prints the tables; 3 where the mean F1 is below what is wanted."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("folder", type=Path)
    ask.add_argument("--misses", action="store_true", help="show each line that is too much or too little")
    asked = ask.parse_args(arguments)
    texts = list(samples(asked.folder))
    if not texts:
        ask.error(f"no text in {asked.folder}")
    scores = {sample.id: [score(read(sample), sample.truth)[2] for read in PEERS.values()] for sample in texts}
    by_carrier: dict[str, list[list[float]]] = defaultdict(list)
    for sample in texts:
        by_carrier[sample.carrier].append(scores[sample.id])
    print(f"{'mean F1':<26} {'texts':>5}  " + "  ".join(f"{name:>11}" for name in PEERS))
    for carrier, rows in sorted(by_carrier.items(), key=lambda item: min(_means(item[1])[:2])):
        _row(carrier, rows)
    _row("all", list(scores.values()))
    worst = sorted(texts, key=lambda sample: min(scores[sample.id][:2]))
    print(f"\nthe worst {_WORST}")
    for sample in worst[: len(worst) if asked.misses else _WORST]:
        page, feed = scores[sample.id][:2]
        if asked.misses and min(page, feed) == 1:
            break
        print(f"  {sample.id} {sample.carrier:<24} page {page:.3f} feed {feed:.3f}  {sample.title[:60]}")
        if asked.misses:
            print("\n".join(misses(body_of_page(sample), sample.truth)))
            if feed != page:
                print("   as a feed", *misses(body_of_feed(sample), sample.truth), sep="\n")
    credits_table(texts)
    return 0 if min(_means(list(scores.values()))[:2]) >= WANTED else 3


def credits_table(texts: Sequence[Sample]) -> None:
    """Prints how many of the printed credits are read right, and those that are not."""
    shown = [sample for sample in texts if sample.credit["shown"]]
    wrong = []
    for sample in shown:
        for way, read in (("page", as_page), ("feed", as_feed)):
            article = read(sample)
            agency = _FRENCH_NAMES.get(sample.credit["agency"], sample.credit["agency"])
            language = "fr" if "French" in (sample.credit["language_note"] or "") else None
            wanted = (agency, sample.credit["first_published"], language)
            got = article and (article.credit.agency, _moved(article.credit), article.credit.first_language)
            if got != wanted:
                wrong.append(f"  {sample.id} {sample.carrier} {way}: {got} for {wanted}")
    print(
        f"\ncredits (agency, first published, first language): {2 * len(shown) - len(wrong)} of {2 * len(shown)} right"
    )
    print("\n".join(wrong))


def _moved(credit: Credit) -> str | None:
    """Returns when the story went out: a kill notice names the day of the story that it withdraws."""
    return credit.kill.moved_on if credit.kill else credit.first_published


def _kept(read: Article | Rejected) -> Article | None:
    return read if isinstance(read, Article) else None


def _source(sample: Sample) -> Source:
    return Source(id="bench", name="Bench", publisher=sample.site, kind="feed", url=_LINK, language=sample.language)


def _means(rows: Sequence[Sequence[float]]) -> list[float]:
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]


def _row(name: str, rows: Sequence[Sequence[float]]) -> None:
    print(f"{name:<26} {len(rows):>5}  " + "  ".join(f"{mean:>11.3f}" for mean in _means(rows)))
