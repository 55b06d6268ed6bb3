"""Commands that look into the archive: search, export; and how they are told what is wanted."""

import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.cli.output import AsJson, Limit, complain, config_of, console, local, plural, print_json, unknown
from monitor.cli.writing import Output, check, write
from monitor.types import Relation

if TYPE_CHECKING:
    from monitor.archive import Archive, Filter, Found, Sort
    from monitor.config import Config

Topic = Annotated[
    list[str] | None,
    typer.Option("--topic", metavar="ID", help="Only articles of this topic; several: of any of them."),
]
SourceId = Annotated[
    list[str] | None, typer.Option("--source", metavar="ID", help="Only what this source listed; several: any of them.")
]
Publisher = Annotated[
    list[str] | None, typer.Option("--publisher", help="Only this publisher, as it is written; several: any of them.")
]
Language = Annotated[
    list[str] | None, typer.Option("--language", metavar="en|fr", help="Only this language; several: any of them.")
]
Agency = Annotated[
    list[str] | None, typer.Option("--agency", help="Only texts credited to this agency; several: to any of them.")
]
InRelation = Annotated[
    list[Relation] | None,
    typer.Option("--relation", help="Only what is this to its story; several: any of them."),
]
_DAYS = "Days are those of `timezone` in monitor.yaml; for UTC: 2026-11-22T00:00Z."
Since = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help=f"First seen then or later: 2026-11-22, 7d. {_DAYS}")
]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help=f"First seen before then. {_DAYS}")]
WithText = Annotated[bool, typer.Option("--text/--no-text", help="With or without the texts of articles.")]
Bom = Annotated[bool, typer.Option("--bom", help="With csv: a mark by which spreadsheet programs know UTF-8.")]


class Order(StrEnum):
    """Sort of monitor.archive, which takes a while to load."""

    NEWEST = "newest"
    OLDEST = "oldest"
    RELEVANCE = "relevance"


class ExportFormat(StrEnum):
    """Form of monitor.export, which takes a while to load."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    CSL_JSON = "csl-json"
    RIS = "ris"
    BIBTEX = "bibtex"


_AT_ONCE = 200  # answers that are asked for at once where they are sorted


def search(
    context: typer.Context,
    query: Annotated[
        str,
        typer.Argument(
            help='Words and "phrases", all of which must stand in the article. OR, NOT, ( ), NEAR/5, begin*, title: '
            "and more: docs/queries.md."
        ),
    ],
    topic: Topic = None,
    source: SourceId = None,
    publisher: Publisher = None,
    language: Language = None,
    agency: Agency = None,
    relation: InRelation = None,
    since: Since = None,
    until: Until = None,
    sort: Annotated[
        Order,
        typer.Option("--sort", help="By when they were first seen; by relevance only the best 1,000 have an order."),
    ] = Order.NEWEST,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Look in the archive."""
    from monitor import app, export
    from monitor.archive import Sort

    config = config_of(context)
    wanted = filter_of(
        config, query, topic, source, publisher, language, since, until, agencies=agency, relations=relation
    )
    with app.reading(config) as archive:
        found = (
            archive.search(wanted, limit=limit) if sort is Order.NEWEST else _sorted(archive, wanted, Sort(sort), limit)
        )
    if as_json:
        print_json([export.found(hit) for hit in found])
        return
    if not found:
        typer.echo("nothing found")
        return
    from rich.text import Text

    out = console()
    for hit in found:
        article = hit.article
        out.print(Text(article.title, style="bold"))
        about = ", ".join(match.topic_id for match in article.matches) or "no topic"
        seen = local(article.dated_at, config.timezone)
        out.print(Text(f"  {article.id} · {seen} · {article.publisher} · {about}\n  {article.url}", style="dim"))
        if hit.snippet:
            out.print(_marked(hit.snippet))
    out.print(f"{plural(len(found), 'article')}")


def _sorted(archive: "Archive", wanted: "Filter", sort: "Sort", limit: int | None) -> "list[Found]":
    """Returns all answers, or the first of them, page by page."""
    found: list[Found] = []
    after = None
    while limit is None or len(found) < limit:
        size = _AT_ONCE if limit is None else min(_AT_ONCE, limit - len(found))
        answer = archive.look(wanted, sort=sort, limit=size, after=after)
        found += answer.articles
        after = answer.after
        if after is None:
            break
    return found


def _marked(snippet: str) -> object:
    from rich.text import Text

    text = Text("  ")
    for number, part in enumerate(snippet.replace("\n", " ").replace("\x03", "\x02").split("\x02")):
        text.append(part, style="bold yellow" if number % 2 else None)
    return text


def export_(
    context: typer.Context,
    form: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            help="Articles as jsonl, csv or parquet; citations as csl-json, ris or bibtex: docs/researcher.md.",
        ),
    ] = ExportFormat.JSONL,
    query: Annotated[str | None, typer.Option("--query", help="Only what this finds; as in `roxham search`.")] = None,
    topic: Topic = None,
    source: SourceId = None,
    publisher: Publisher = None,
    language: Language = None,
    agency: Agency = None,
    relation: InRelation = None,
    since: Since = None,
    until: Until = None,
    output: Output = None,
    text: WithText = True,
    bom: Bom = False,
) -> None:
    """Stream the archive, oldest first, as it is when the export begins.

    Without filters everything, unmatched articles too.
    """
    from monitor import app, export

    ready(form, output, bom=bom)
    config = config_of(context)
    wanted = filter_of(
        config, query, topic, source, publisher, language, since, until, agencies=agency, relations=relation
    )
    with app.reading(config) as archive:
        plan = export.plan(archive, config, wanted, program=f"Roxham {app.version()}", now=app.utc_now())
        with closing(
            export.stream(export.Form(form), archive.articles(plan.wanted), plan, text=text, bom=bom)
        ) as parts:
            write(parts, output)


def ready(form: ExportFormat, output: Path | None, *, bom: bool) -> None:
    """Ends the command where this form cannot be written there."""
    if bom and form is not ExportFormat.CSV:
        complain("--bom is for csv: it tells spreadsheet programs that the file is UTF-8")
        raise typer.Exit(2)
    if form is ExportFormat.PARQUET and output is None and sys.stdout.isatty():
        complain("parquet is no text: write it into a file (--output FILE), or into a pipe")
        raise typer.Exit(2)
    check(output)


def filter_of(
    config: "Config",
    query: str | None,
    topics: Sequence[str] | None,
    sources: Sequence[str] | None,
    publishers: Sequence[str] | None,
    languages: Sequence[str] | None,
    since: str | None,
    until: str | None,
    *,
    agencies: Sequence[str] | None = None,
    relations: Sequence[Relation] | None = None,
) -> "Filter":
    """Returns which articles the options of a command want; ends the command where they cannot be read."""
    from monitor.archive import Filter

    for source in sources or ():
        _hint(source, [s.id for s in config.sources], "source", "sources.yaml")
    for topic in topics or ():
        _hint(topic, [t.id for t in config.topics], "topic", "topics.yaml")
    if query is not None:
        _check_query(query)
    return Filter(
        query=query,
        topics=tuple(topics or ()),
        sources=tuple(sources or ()),
        publishers=tuple(publishers or ()),
        languages=tuple(languages or ()),
        agencies=tuple(agencies or ()),
        relations=tuple(relations or ()),
        since=moment_of(since, config.timezone, "--since"),
        until=moment_of(until, config.timezone, "--until"),
    )


def _check_query(text: str) -> None:
    from monitor.query import QueryError, like_operators, parse

    for word in like_operators(text):
        complain(f'note: {word} is looked for as a word; the operator is {word.upper()}, and the word is "{word}"')
    try:
        parse(text)
    except QueryError as error:
        complain(f"query: {error}\n{error.pointed()}")
        raise typer.Exit(2) from None


def _hint(named: str, ids: list[str], what: str, file: str) -> None:
    """An id that is not configured may be a slip, or of former days: the archive is asked all the same."""
    if named not in ids:
        complain(f"note: {unknown(named, ids, what, file)}")


def moment_of(text: str | None, zone: str, option: str) -> datetime | None:
    """Reads `2026-11-22`, `2026-11-22T07:00` (both local), a full ISO time, or `7d`, `12h` (so long ago)."""
    if text is None:
        return None
    from monitor.config import moment

    try:
        return moment(text, ZoneInfo(zone), datetime.now(UTC)).replace(microsecond=0)
    except (ValueError, OverflowError):
        complain(f"{option}: {text!r} is no time; write 2026-11-22, 2026-11-22T07:00 or 7d")
        raise typer.Exit(2) from None


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(search)
    app.command(name="export")(export_)
