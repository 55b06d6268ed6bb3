"""`roxham topics backtest`: what a topic or a query would have found."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.cli.explaining import QUERY, as_topic, sentence
from monitor.cli.forms import held_against, memory_document, memory_said
from monitor.cli.looking import Since, Until, moment_of
from monitor.cli.output import (
    LARGEST,
    AsJson,
    complain,
    config_of,
    console,
    local,
    plural,
    print_json,
    print_table,
    unknown,
)
from monitor.cli.passing import passing

if TYPE_CHECKING:
    from datetime import date

    from monitor.config import Config
    from monitor.pipeline import Backtest, Memory, Tally, Tested
    from monitor.types import Kept, Match, Topic

_BAR = 50  # characters of the longest
_LISTED = 20  # words that are listed for people; --json has them all


def backtest(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="ID|QUERY", help="A topic of topics.yaml, or else a query.")],
    since: Since = None,
    until: Until = None,
    examples: Annotated[
        int, typer.Option("--examples", metavar="N", min=0, max=LARGEST, help="Show so many articles.")
    ] = 5,
    as_json: AsJson = False,
) -> None:
    """Say what a topic or a query would have found in the archive: by week, source and language."""
    from monitor import app
    from monitor.pipeline import backtested, memory

    config = config_of(context)
    topic = next((each for each in config.topics if each.id == what), None) or _query(what, config)
    others = [each for each in config.topics if each.id != topic.id]
    begin, end = moment_of(since, config.timezone, "--since"), moment_of(until, config.timezone, "--until")
    with app.reading(config) as archive:
        remembered = memory(archive, config.keep_unmatched, app.utc_now())
        done = backtested(
            archive,
            topic,
            others,
            config.sources,
            since=begin,
            until=end,
            watch=passing("articles", quiet=as_json),
        )
    if as_json:
        print_json(_backtest(done, topic, what, remembered, (begin, end), examples, config))
    else:
        _print_backtest(done, topic, remembered, examples, config, spanned=since is not None or until is not None)


def _query(what: str, config: "Config") -> "Topic":
    known = [topic.id for topic in config.topics]
    if re.fullmatch(r"[\w-]+", what) and "did you mean" in (said := unknown(what, known, "topic", "topics.yaml")):
        complain(f"note: {said} It is tried as a query")
    return as_topic(what)


def _backtest(
    done: "Backtest",
    topic: "Topic",
    what: str,
    memory: "Memory",
    span: tuple[datetime | None, datetime | None],
    examples: int,
    config: "Config",
) -> dict[str, object]:
    from monitor.export import when
    from monitor.pipeline import grouped, tally, weeks

    configured = topic.id != QUERY
    counts = tally(each.match for each in done.found)
    zone = ZoneInfo(config.timezone)
    return {
        "topic": topic.id if configured else None,
        "query": None if configured else what,
        "since": when(span[0]),
        "until": when(span[1]),
        "memory": memory_document(memory),
        "looked_at": done.looked_at,
        "articles": counts.articles,
        "strong": counts.strong,
        "mentions": counts.mentions,
        "by_week": [{"week": f"{monday}"} | tally_document(count) for monday, count in weeks(_moments(done), zone)],
        "by_source": [{"source": key} | tally_document(count) for key, count in grouped(_by_source(done))],
        "by_language": [{"language": key} | tally_document(count) for key, count in grouped(_by_language(done))],
        "terms": [{"words": words, "articles": count} for words, count in done.terms()],
        "marked": {
            "gained": [each.article.id for each in done.gained],
            "lost": [article.id for article in done.lost],
        }
        if configured
        else None,
        "examples": [_tested(each) for each in done.examples(examples)],
    }


def _moments(done: "Backtest") -> "list[tuple[datetime, Match]]":
    return [(each.article.first_seen_at, each.match) for each in done.found]


def _by_source(done: "Backtest") -> "Iterable[tuple[str, Match]]":
    return ((each.article.source_id, each.match) for each in done.found)


def _by_language(done: "Backtest") -> "Iterable[tuple[str | None, Match]]":
    return ((each.article.language, each.match) for each in done.found)


def tally_document(count: "Tally") -> dict[str, object]:
    """Returns a count of articles as JSON."""
    return {"articles": count.articles, "strong": count.strong, "mentions": count.mentions}


def brief(article: "Kept") -> dict[str, object]:
    """Returns which article it is, as JSON."""
    from monitor.export import when

    return {
        "id": article.id,
        "url": article.url,
        "title": article.title,
        "source": article.source_id,
        "publisher": article.publisher,
        "language": article.language,
        "published_at": when(article.published_at),
        "first_seen_at": when(article.first_seen_at),
    }


def _tested(each: "Tested") -> dict[str, object]:
    from monitor.export import why

    return brief(each.article) | {"mention": each.match.mention, "why": why((each.match,))}


def _print_backtest(
    done: "Backtest", topic: "Topic", memory: "Memory", examples: int, config: "Config", *, spanned: bool
) -> None:
    from monitor.pipeline import grouped, tally, weeks

    counts = tally(each.match for each in done.found)
    typer.echo(f"{plural(counts.articles, 'article')}: {counts.strong:,} strong, {plural(counts.mentions, 'mention')}")
    typer.echo(memory_said(memory, config))
    typer.echo(
        held_against(
            done.looked_at, memory.articles, "those with a form in that time" if spanned else "those with a form"
        )
    )
    if done.found:
        _print_weeks(weeks(_moments(done), ZoneInfo(config.timezone)))
        for name, rows in (("source", grouped(_by_source(done))), ("language", grouped(_by_language(done)))):
            print_table(None, (name, "strong", "mentions"), [(key, c.strong, c.mentions) for key, c in rows])
        terms = done.terms()
        print_table(None, ("words", "articles"), terms[:_LISTED])
        if len(terms) > _LISTED:
            typer.echo(f"… and {len(terms) - _LISTED} more; --json has them all")
    if topic.id != QUERY:
        typer.echo(f"against the marks in the archive: {len(done.gained):,} gained, {len(done.lost):,} lost")
    out = console()
    for each in done.examples(examples):
        hit = each.match.hits[0]
        out.print()
        out.print(f"{each.article.id} · {about(each.article, config)}", markup=False, soft_wrap=True)
        out.print(sentence(hit.sentence, hit.start, hit.surface), soft_wrap=True)


def about(article: "Kept", config: "Config") -> str:
    """Returns which article it is: when, where, in which language, and its headline."""
    seen = local(article.first_seen_at, config.timezone)
    return " · ".join(filter(None, [seen, article.source_id, article.language, article.title]))


def _print_weeks(found: "Sequence[tuple[date, Tally]]") -> None:
    """A bar for each week, also for one with nothing."""
    most = max(count.articles for _, count in found)
    scale = min(1.0, _BAR / most)
    typer.echo(f"by week (its Monday); █ strong, ░ mention{'' if scale == 1 else f'; {1 / scale:.1f} articles a sign'}")
    for monday, count in found:
        bar = "█" * _signs(count.strong, scale) + "░" * _signs(count.mentions, scale)
        typer.echo(f"{monday}  {bar}{' ' if bar else ''}{f'{count.articles:,}' if count.articles else 'nothing'}")


def _signs(count: int, scale: float) -> int:
    return max(1, round(count * scale)) if count else 0
