"""`roxham topics explain`: what one article is to each topic, and why."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from monitor.cli.forms import chosen
from monitor.cli.output import LARGEST, AsJson, complain, config_of, console, plural, print_json, unknown

if TYPE_CHECKING:
    from rich.text import Text

    from monitor.config import Config
    from monitor.match import Explanation, Seen
    from monitor.types import Article, Kept, Topic

QUERY = "?"
"""The id of a query that is tried as a topic; no configured id looks so."""

_PLACES = {"title": "in the title", "summary": "in the teaser", "text": "in the text"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What is known of a text besides its words."""

    title: str | None
    language: str | None
    source: str | None
    publisher: str | None


def explain(
    context: typer.Context,
    what: Annotated[
        str, typer.Argument(metavar="ARTICLE|URL|TEXT", help="An article's number, its address, or a text; -: stdin.")
    ],
    topic: Annotated[str | None, typer.Option("--topic", metavar="ID", help="Only this topic.")] = None,
    query: Annotated[str | None, typer.Option("--query", help="Explain this query instead of the topics.")] = None,
    title: Annotated[str | None, typer.Option("--title", help="Of the text.")] = None,
    language: Annotated[str | None, typer.Option("--language", metavar="en|fr", help="Of the text.")] = None,
    source: Annotated[str | None, typer.Option("--source", metavar="ID", help="Of the text.")] = None,
    publisher: Annotated[str | None, typer.Option("--publisher", help="Of the text.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say which forms stand in an article, where, and which count.

    An address is looked up in the archive, and fetched where it is not there; nothing is kept.
    """
    from monitor.match import Matcher
    from monitor.pipeline import Excerpts, reason
    from monitor.types import Kept

    config = config_of(context)
    if topic is not None and query is not None:
        complain("--topic and --query exclude each other")
        raise typer.Exit(2)
    wanted = {each.id for each in chosen(config, [topic] if topic is not None else None)}
    topics: Sequence[Topic] = config.topics
    if query is not None:
        topics, wanted = [*config.topics, as_topic(query)], {QUERY}  # what is a mention depends on all topics
    article = _article(config, what, _Said(title=title, language=language, source=source, publisher=publisher))
    whole = not isinstance(article, Kept) or article not in Excerpts(config.sources)
    explained = Matcher(topics).explain(article)
    shown = [(each, reason(each, explained)) for each in explained if each.topic_id in wanted]
    if as_json:
        print_json(_document(article, shown, query, whole=whole))
    else:
        _print(article, shown, query, whole=whole)


def as_topic(query: str) -> "Topic":
    """Returns a topic with one form; ends the command where that is none."""
    from monitor.query import check_form
    from monitor.types import Form, Topic

    if error := check_form(query):
        complain(f"query: {error}\n{error.pointed()}")
        raise typer.Exit(2)
    return Topic(id=QUERY, title={"und": query}, any=(Form(text=query, language="und"),))


def _article(config: "Config", what: str, said: _Said) -> "Article | Kept":
    from monitor import app
    from monitor.extract.urls import is_web_address

    if what.isascii() and what.isdecimal():
        _only_of_texts(said)
        with app.reading(config) as archive:
            kept = archive.article(int(what)) if len(what) < len(f"{LARGEST}") else None
        if kept is None:
            complain(f"no article {what} in {app.archive_path(config)}")
            raise typer.Exit(1)
        return kept
    if is_web_address(what):
        _only_of_texts(said)
        return _known(config, what) or _fetched(config, what)
    text = what if what != "-" else sys.stdin.read() if sys.stdin is not None else ""  # None: closed
    if not text.strip() and said.title is None:
        _nothing_given()
    return _of_text(config, text, said)


def _nothing_given() -> NoReturn:
    complain("nothing to explain: give an article's number, its address or a text; - reads the text from stdin")
    raise typer.Exit(2)


def _only_of_texts(said: _Said) -> None:
    if any(value is not None for value in (said.title, said.language, said.source, said.publisher)):
        complain("--title, --language, --source and --publisher go with a text")
        raise typer.Exit(2)


def _known(config: "Config", url: str) -> "Kept | None":
    """The article that the archive has under this address."""
    from monitor import app
    from monitor.extract.urls import identity
    from monitor.types import Address, AddressKind, Article, Fingerprint

    if not app.archive_path(config).exists():
        return None
    named = Address(url=url, identity=identity(url), kind=AddressKind.FOUND)
    asked = Article(source_id="", publisher="", addresses=(named,), title="", text=None)
    with app.reading(config) as archive:
        found = archive.neighbours(asked, Fingerprint(text_hash=None, words=0))
        return archive.article(max(each.article_id for each in found)) if found else None  # the newest story there


def _fetched(config: "Config", url: str) -> "Article":
    from monitor import app
    from monitor.cli.trying import unusable
    from monitor.pipeline import stand_in
    from monitor.types import Article, Rejected

    if problem := unusable(url):
        complain(problem)
        raise typer.Exit(2)
    with app.trial(config) as trial:
        tried = asyncio.run(trial.walk(stand_in(url, config.sources)))
    if isinstance(tried.article, Article):
        return tried.article
    why = tried.article.reason if isinstance(tried.article, Rejected) else tried.visit.error or "nothing came"
    complain(f"{url}: the archive does not have it, and it gives no article: {why}; `roxham try` says more")
    raise typer.Exit(1)


def _of_text(config: "Config", text: str, said: _Said) -> "Article":
    from monitor.text import clean, one_line
    from monitor.types import Address, AddressKind, Article

    by_id = {source.id: source for source in config.sources}
    if said.source is not None and said.source not in by_id:
        complain(unknown(said.source, list(by_id), "source", "sources.yaml"))
        raise typer.Exit(2)
    source = by_id.get(said.source or "")
    return Article(
        source_id=said.source or "",
        publisher=said.publisher or (source.publisher if source is not None else ""),
        addresses=(Address(url="", identity="", kind=AddressKind.FOUND),),
        title=one_line(said.title or ""),
        text=clean(text) or None,
        language=said.language or (source.language if source is not None else None),
    )


def _document(
    article: "Article | Kept", shown: "Sequence[tuple[Explanation, str]]", query: str | None, *, whole: bool
) -> dict[str, object]:
    from monitor.export import topics
    from monitor.types import Kept

    kept = article if isinstance(article, Kept) else None
    url = kept.url if kept is not None else article.addresses[0].url if not isinstance(article, Kept) else None
    return {
        "article": {
            "id": kept.id if kept is not None else None,
            "url": url or None,
            "title": article.title or None,
            "publisher": article.publisher or None,
            "language": article.language,
            "marked": topics(kept.matches) if kept is not None else None,
            "whole": whole,
        },
        "query": query,
        "topics": [
            {
                "id": None if query is not None else each.topic_id,
                "about": each.match is not None,
                "mention": each.match.mention if each.match is not None else None,
                "reason": why if each.sightings else _unfound(article, query),
                "seen": [_seen(seen) for seen in each.sightings],
            }
            for each, why in shown
        ],
    }


def _seen(seen: "Seen") -> dict[str, object]:
    return {
        "form": seen.form.text,
        "language": seen.form.language,
        "role": seen.role.value,
        "place": seen.place.value,
        "words": seen.surface,
        "sentence": seen.sentence,
        "start": seen.start,
        "count": seen.count,
        "counts": seen.counts,
        "because": seen.because,
    }


def _print(
    article: "Article | Kept", shown: "Sequence[tuple[Explanation, str]]", query: str | None, *, whole: bool
) -> None:
    from rich.text import Text

    from monitor.types import Kept

    out = console()
    if isinstance(article, Kept):
        out.print(Text(f"{article.id}: {article.title}", style="bold"), soft_wrap=True)
        out.print(Text(f"marked in the archive: {_marks(article)}", style="dim"), soft_wrap=True)
        if article.text is None:
            out.print(
                Text("the archive holds no text of it: only headline and teaser are looked at", style="dim"),
                soft_wrap=True,
            )
        elif not whole:
            out.print(Text("the archive holds an excerpt of it only (keep: excerpt)", style="dim"), soft_wrap=True)
    elif article.title:
        out.print(Text(article.title, style="bold"), soft_wrap=True)
        if article.text is None and article.addresses[0].url:
            out.print(
                Text("the page gives no text: only headline and teaser are looked at", style="dim"), soft_wrap=True
            )
    for each, why in shown:
        if each.sightings:
            out.print(
                Text(f"{'the query' if query is not None else each.topic_id}: {why}", style="bold"), soft_wrap=True
            )
            for line in _lines(each.sightings):
                out.print(line, soft_wrap=True)
    silent = [each.topic_id for each, _ in shown if not each.sightings]
    if query is not None and silent:
        out.print(Text(f"the query: {_unfound(article, query)}"), soft_wrap=True)
    elif silent:
        out.print(Text(f"nothing stands in it of: {', '.join(silent)}"), soft_wrap=True)


def _marks(article: "Kept") -> str:
    marks = (f"{match.topic_id}{' (mention)' if match.mention else ''}" for match in article.matches)
    return ", ".join(marks) or "no topic"


def _unfound(article: "Article | Kept", query: str | None) -> str:
    """Why a topic or a query of which nothing counts has no sightings; a query's terms are looked for one by one."""
    if query is None:
        return "nothing of it stands in the article"
    from monitor.query import Compiled, parse, subject, terms

    asked = list(dict.fromkeys(terms(parse(query))))
    found = Compiled(asked).find(subject(article))
    stands = [str(term) for number, term in enumerate(asked) if number in found]
    lacks = [str(term) for number, term in enumerate(asked) if number not in found]
    if not stands:
        return "does not find it: none of its terms stands in it"
    there = f"{', '.join(stands)} {'stands' if len(stands) == 1 else 'stand'} in it"
    if lacks:
        return f"does not find it: {there}, {', '.join(lacks)} {'does' if len(lacks) == 1 else 'do'} not"
    return f"does not find it: {there}, but not as it asks (a distance, a field, or what it excludes)"


def _lines(sightings: "Sequence[Seen]") -> "Iterator[Text]":
    """A line and a sentence for each; where only co-terms stand, one line names them."""
    from rich.text import Text

    if all(seen.role == "beside" for seen in sightings):
        forms = dict.fromkeys(seen.form.text for seen in sightings)
        yield Text(f"  beside: {', '.join(forms)}")
        return
    shown = set[tuple[str, str, str]]()
    for seen in sightings:
        key = (seen.role.value, seen.form.text, seen.place.value)
        if seen.role != "beside" or key not in shown:  # groups may share a co-term
            yield _line(seen)
        shown.add(key)


def _line(seen: "Seen") -> "Text":
    from rich.text import Text

    often = "" if seen.count == 1 else f", {plural(seen.count, 'time')}"
    language = "" if seen.form.language == "und" else f" ({seen.form.language})"
    verdict = "counts" if seen.counts else f"does not count, {seen.because}" if seen.because else "found"
    plain = seen.surface.casefold() == seen.form.text.strip('"=#').casefold()
    words = "" if plain else f", “{seen.surface}”"  # which of several, where no colour shows it
    text = Text(f"  {seen.role.value} {seen.form.text}{language} {_PLACES[seen.place]}{words}{often}: {verdict}\n")
    text.append("    ")
    return text.append_text(sentence(seen.sentence, seen.start, seen.surface))


def sentence(said: str, start: int, words: str) -> "Text":
    """Returns a sentence with the words marked."""
    from rich.text import Text

    text = Text(said)
    text.stylize("bold yellow", start, start + len(words))
    return text
