"""Commands that look into the archive: search, export; and how they are told what is wanted."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.cli.output import (
    AsJson,
    Limit,
    complain,
    config_of,
    console,
    local,
    plural,
    print_json,
    print_lines,
    unknown,
)

if TYPE_CHECKING:
    from monitor.archive import Filter
    from monitor.config import Config
    from monitor.query import Query

Topic = Annotated[str | None, typer.Option("--topic", metavar="ID", help="Only articles of this topic.")]
SourceId = Annotated[str | None, typer.Option("--source", metavar="ID", help="Only what this source listed.")]
Publisher = Annotated[str | None, typer.Option("--publisher", help="Only this publisher, as it is written.")]
Language = Annotated[str | None, typer.Option("--language", metavar="en|fr", help="Only this language.")]
_DAYS = "Days are those of `timezone` in monitor.yaml; for UTC: 2026-11-22T00:00Z."
Since = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help=f"First seen then or later: 2026-11-22, 7d. {_DAYS}")
]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help=f"First seen before then. {_DAYS}")]


_LIKE_AN_OPERATOR = re.compile(r"(?<!\S)(?:and|or|not)(?!\S)")
_QUOTED = re.compile(r'["“”„][^"“”„]*["“”„]|«[^«»]*»')


class ExportFormat(StrEnum):
    """Forms of `export`."""

    JSONL = "jsonl"


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
    since: Since = None,
    until: Until = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Look in the archive, newest first."""
    from monitor import app, export

    config = config_of(context)
    wanted = filter_of(config, query, topic, source, publisher, language, since, until)
    with app.reading(config) as archive:
        found = archive.search(wanted, limit=limit)
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


def _marked(snippet: str) -> object:
    from rich.text import Text

    text = Text("  ")
    for number, part in enumerate(snippet.replace("\n", " ").replace("\x03", "\x02").split("\x02")):
        text.append(part, style="bold yellow" if number % 2 else None)
    return text


def export_(
    context: typer.Context,
    form: Annotated[ExportFormat, typer.Option("--format", help="jsonl: one article a line.")] = ExportFormat.JSONL,
    query: Annotated[str | None, typer.Option("--query", help="Only what this finds; as in `roxham search`.")] = None,
    topic: Topic = None,
    source: SourceId = None,
    publisher: Publisher = None,
    language: Language = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Stream the archive to stdout, oldest first.

    Without filters everything, unmatched articles too.
    """
    from monitor import app, export

    config = config_of(context)
    wanted = filter_of(config, query, topic, source, publisher, language, since, until)
    with app.reading(config) as archive:
        print_lines(export.article(article) for article in archive.articles(wanted))


def filter_of(
    config: "Config",
    query: str | None,
    topic: str | None,
    source: str | None,
    publisher: str | None,
    language: str | None,
    since: str | None,
    until: str | None,
) -> "Filter":
    """Returns which articles the options of a command want; ends the command where they cannot be read."""
    from monitor.archive import Filter

    _hint(source, [s.id for s in config.sources], "source", "sources.yaml")
    _hint(topic, [t.id for t in config.topics], "topic", "topics.yaml")
    return Filter(
        query=None if query is None else _query(query),
        topic=topic,
        source=source,
        publisher=publisher,
        language=language,
        since=moment_of(since, config.timezone, "--since"),
        until=moment_of(until, config.timezone, "--until"),
    )


def _query(text: str) -> "Query":
    from monitor.query import QueryError, parse

    for word in dict.fromkeys(_LIKE_AN_OPERATOR.findall(_QUOTED.sub(" ", text))):
        complain(f'note: {word} is looked for as a word; the operator is {word.upper()}, and the word is "{word}"')
    try:
        return parse(text)
    except QueryError as error:
        complain(f"query: {error}\n{error.pointed()}")
        raise typer.Exit(2) from None


def _hint(named: str | None, ids: list[str], what: str, file: str) -> None:
    """An id that is not configured may be a slip, or of former days: the archive is asked all the same."""
    if named is not None and named not in ids:
        complain(f"note: {unknown(named, ids, what, file)}")


def moment_of(text: str | None, zone: str, option: str) -> datetime | None:
    """Reads `2026-11-22`, `2026-11-22T07:00` (both local), a full ISO time, or `7d`, `12h` (so long ago)."""
    if text is None:
        return None
    from monitor.config import duration

    try:
        if text[:4].isdigit() and "-" in text:
            moment = datetime.fromisoformat(text)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        return datetime.now(UTC) - duration(text)
    except (ValueError, OverflowError):
        complain(f"{option}: {text!r} is no time; write 2026-11-22, 2026-11-22T07:00 or 7d")
        raise typer.Exit(2) from None


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(search)
    app.command(name="export")(export_)
