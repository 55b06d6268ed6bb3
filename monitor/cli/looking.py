"""Commands that look: search, show, export, stories, sources, pending, outbox, status, backup."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.cli.output import (
    LARGEST,
    AsJson,
    Context,
    Limit,
    complain,
    console,
    local,
    plural,
    print_json,
    print_lines,
    print_table,
    unknown,
)

if TYPE_CHECKING:
    from monitor.archive import Filter
    from monitor.config import Config

Topic = Annotated[str | None, typer.Option("--topic", metavar="ID", help="Only articles of this topic.")]
SourceId = Annotated[str | None, typer.Option("--source", metavar="ID", help="Only what this source listed.")]
Publisher = Annotated[str | None, typer.Option("--publisher", help="Only this publisher, as it is written.")]
Language = Annotated[str | None, typer.Option("--language", metavar="en|fr", help="Only this language.")]
Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="First seen then or later: 2026-11-22, 7d.")]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="First seen before then.")]

ALIVE_WITHIN = timedelta(minutes=2)


class ExportFormat(StrEnum):
    """Forms of `export`."""

    JSONL = "jsonl"


def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help='Words and "phrases"; all must stand in the article.')],
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

    config = _config(context)
    wanted = _filter(config, query, topic, source, publisher, language, since, until)
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


def show(
    context: typer.Context,
    article_id: Annotated[int, typer.Argument(metavar="ID", max=LARGEST, help="An article's number.")],
    as_json: AsJson = False,
) -> None:
    """Show one article: its text, why it matched, its names and versions."""
    from monitor import app, export

    config = _config(context)
    with app.reading(config) as archive:
        article = archive.article(article_id)
        versions = archive.versions(article_id)
    if article is None:
        complain(f"no article {article_id} in {app.archive_path(config)}")
        raise typer.Exit(1)
    if as_json:
        print_json(export.shown(article, versions))
        return
    typer.echo(f"{article.title}\n")
    rows: list[tuple[str, object]] = [
        ("publisher", article.publisher),
        ("authors", ", ".join(article.authors) or None),
        ("agency", article.credit.agency),
        ("language", article.language),
        ("published", local(article.published_at, config.timezone)),
        ("first seen", local(article.first_seen_at, config.timezone)),
        ("story", f"{article.story_id} ({article.relation.value})"),
        ("sources", ", ".join(article.source_ids)),
        *(("address", url) for url in article.urls),
        *(("why", f"{m.topic_id}: {', '.join(m.terms)}{' (mention)' if m.mention else ''}") for m in article.matches),
        *(
            (f"version {v.number}", f"{local(v.seen_at, config.timezone)}, {v.words} words"
             + (", partial" if v.partial else ""))
            for v in versions
        ),
    ]  # fmt: skip
    for name, value in rows:
        if value is not None:
            typer.echo(f"{name:>12}  {value}")
    typer.echo(f"\n{article.text or article.summary or '(no text is kept)'}")


def export_(
    context: typer.Context,
    form: Annotated[ExportFormat, typer.Option("--format", help="jsonl: one article a line.")] = ExportFormat.JSONL,
    query: Annotated[str | None, typer.Option("--query", help='Words and "phrases".')] = None,
    topic: Topic = None,
    source: SourceId = None,
    publisher: Publisher = None,
    language: Language = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Stream the archive to stdout, oldest first; without filters everything, unmatched articles too."""
    from monitor import app, export

    config = _config(context)
    wanted = _filter(config, query, topic, source, publisher, language, since, until)
    with app.reading(config) as archive:
        print_lines(export.article(article) for article in archive.articles(wanted))


def stories(
    context: typer.Context,
    topic: Topic = None,
    source: SourceId = None,
    publisher: Publisher = None,
    language: Language = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List stories with their carriers, newest first."""
    from monitor import app, export

    config = _config(context)
    wanted = _filter(config, None, topic, source, publisher, language, since, until)
    with app.reading(config) as archive:
        found = [export.story(story) for story in archive.stories(wanted, limit=limit)]
    if as_json:
        print_json(found)
        return
    rows = [
        (s["id"], ", ".join(s["topics"]) or None, s["title"], ", ".join(m["publisher"] for m in s["members"]))
        for s in found
    ]
    print_table(None, ("story", "topics", "headline", "carried by"), rows)


def sources(context: typer.Context, as_json: AsJson = False) -> None:
    """List the sources and how each one is."""
    from monitor import app, due, export
    from monitor.archive import SourceFacts

    config = _config(context)
    facts: dict[str, SourceFacts] = {}
    if app.archive_path(config).exists():
        with app.reading(config) as archive:
            facts = dict(archive.facts())
    listed = []
    for source in config.sources:
        state = facts[source.id].state if source.id in facts else None
        coming = due.next_visit(source, state) if state is not None and state.last_visit_at is not None else None
        listed.append(export.source(source, facts, coming))
    if as_json:
        print_json(listed)
        return
    rows = [
        (s["id"], _health(s), _short(s["last_good_at"], config), s["items"], s["pending"], s["matched"], s["error"])
        for s in listed
    ]
    print_table(None, ("source", "health", "last good visit", "items", "pending", "matched", "problem"), rows)


def _health(source: dict[str, object]) -> str:
    if not source["enabled"]:
        return "off"
    if source["last_visit_at"] is None:
        return "new"
    return f"ill ({source['failures']}x)" if source["failures"] else "well"


def _short(moment: object, config: "Config") -> str | None:
    return local(datetime.fromisoformat(moment), config.timezone) if isinstance(moment, str) else None


def pending(
    context: typer.Context,
    set_aside: Annotated[bool, typer.Option("--set-aside", help="Only items that killed the process.")] = False,
    rejected: Annotated[bool, typer.Option("--rejected", help="Items that are no articles, and why.")] = False,
    retry: Annotated[
        str | None, typer.Option("--retry", metavar="ID|all", help="Read it again at the next collect.")
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List items that wait to be read, were set aside or rejected; `--retry` makes them pending again."""
    from monitor import app, export
    from monitor.types import ItemState

    config = _config(context)
    if retry is not None:
        if retry != "all" and not retry.isdecimal():
            complain(f"--retry takes the number of an item, or all; not {retry!r}")
            raise typer.Exit(2)
        with app.writing(config, purpose="pending") as archive:
            again = archive.retry(None if retry == "all" else [int(retry)])
        if not again and retry != "all":
            complain(f"no item {retry} waits for a later try or was set aside")
            raise typer.Exit(1)
        print_json({"retried": again}) if as_json else typer.echo(f"{plural(again, 'item')} pending again")
        return
    states = [ItemState.REJECTED] if rejected else [ItemState.SET_ASIDE] if set_aside else [
        ItemState.PENDING, ItemState.SET_ASIDE]  # fmt: skip
    with app.reading(config) as archive:
        listed = archive.listed(states, limit=limit)
    if as_json:
        print_json([export.item(item) for item in listed])
        return
    rows = [
        (i.item_id, i.source_id, i.state.value, local(i.not_before, config.timezone), i.reason, i.url or i.title)
        for i in listed
    ]
    print_table(None, ("item", "source", "state", "not before", "why", "address"), rows)


def outbox(
    context: typer.Context,
    show: Annotated[
        int | None, typer.Option("--show", metavar="ID", max=LARGEST, help="Print one message as it is sent.")
    ] = None,
    retry: Annotated[int | None, typer.Option("--retry", metavar="ID", max=LARGEST, help="Send it once more.")] = None,
    unsent: Annotated[bool, typer.Option("--unsent", help="Only messages without a receipt.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the messages with their receipts; show one, or have one sent again."""
    from monitor import app, export

    config = _config(context)
    if retry is not None:
        with app.writing(config, purpose="outbox") as archive:
            _again(archive.message(retry) is not None, retry)
            archive.mark_unsent(retry, "an operator asked for another try", next_try_at=app.utc_now())
            waiting = archive.message(retry)
        if as_json and waiting is not None:
            print_json(export.outgoing(waiting))
        else:
            typer.echo(f"message {retry} will be sent at the next chance, under the same Message-ID")
        return
    with app.reading(config) as archive:
        if show is not None:
            message = archive.message(show)
            _again(message is not None, show)
            if message is not None:
                raw = message.message.raw.decode("utf-8", "replace")
                print_json(export.outgoing(message) | {"raw": raw}) if as_json else typer.echo(raw)
            return
        messages = archive.outbox(open_only=unsent)
    if as_json:
        print_json([export.outgoing(message) for message in messages])
        return
    rows = [
        (m.id, m.message.digest_id, m.message.to, m.message.slot, m.stories, m.state.value,
         m.error or (m.receipt.answer if m.receipt else None))
        for m in messages
    ]  # fmt: skip
    print_table(None, ("id", "digest", "to", "slot", "stories", "state", "answer"), rows)


def _again(found: bool, number: int) -> None:
    if not found:
        complain(f"no message {number} in the outbox")
        raise typer.Exit(1)


def status(
    context: typer.Context,
    alive: Annotated[bool, typer.Option("--alive", help="Exit 3 unless the service was alive 2 minutes ago.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say who holds the archive, whether the service is alive, and what waits."""
    from monitor import app, export
    from monitor.archive.lock import holder
    from monitor.types import ItemState

    config = _config(context)
    with app.reading(config) as archive:
        beat = archive.heartbeat()
        facts = archive.facts()
        waiting = archive.listed([ItemState.PENDING, ItemState.SET_ASIDE])
        unsent = archive.outbox(open_only=True)
    living = beat is not None and datetime.now(UTC) - beat < ALIVE_WITHIN
    ill = [s.id for s in config.sources if s.enabled and s.id in facts and facts[s.id].state.failures]
    document = {
        "alive": living,
        "heartbeat_at": export.when(beat),
        "held_by": holder(archive.path),
        "sources": {"watched": sum(s.enabled for s in config.sources), "ill": ill},
        "pending": sum(item.state is ItemState.PENDING for item in waiting),
        "set_aside": sum(item.state is ItemState.SET_ASIDE for item in waiting),
        "unsent": len(unsent),
    }
    if as_json:
        print_json(document)
    else:
        heard = local(beat, config.timezone) or "never"
        for name, value in (
            ("service", f"{'alive' if living else 'not running'}, last heard {heard}"),
            ("archive", f"{archive.path}, held by {document['held_by'] or 'nobody'}"),
            ("sources", f"{sum(s.enabled for s in config.sources)} watched, ill: {', '.join(ill) or 'none'}"),
            ("items", f"{document['pending']} pending, {document['set_aside']} set aside"),
            ("outbox", f"{plural(len(unsent), 'message')} without a receipt"),
        ):
            typer.echo(f"{name:<8}  {value}")
    if alive and not living:
        raise typer.Exit(3)


def backup(context: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")]) -> None:
    """Write a consistent copy of the archive, also while the service runs."""
    from monitor import app

    config = _config(context)
    if file.exists():
        complain(f"{file}: exists already; name a new file")
        raise typer.Exit(2)
    with app.reading(config) as archive:
        archive.backup(file)
    typer.echo(f"wrote {file} ({file.stat().st_size / 1e6:.1f} MB)")


def _config(context: typer.Context) -> "Config":
    chosen: Context = context.obj
    return chosen.config()


def _filter(
    config: "Config",
    query: str | None,
    topic: str | None,
    source: str | None,
    publisher: str | None,
    language: str | None,
    since: str | None,
    until: str | None,
) -> "Filter":
    from monitor.archive import Filter
    from monitor.query import QueryError, search_phrases

    _hint(source, [s.id for s in config.sources], "source", "sources.yaml")
    _hint(topic, [t.id for t in config.topics], "topic", "topics.yaml")
    if query is not None:
        try:
            search_phrases(query)
        except QueryError as error:
            complain(str(error))
            raise typer.Exit(2) from None
    return Filter(
        query=query,
        topic=topic,
        source=source,
        publisher=publisher,
        language=language,
        since=_moment(since, config.timezone, "--since"),
        until=_moment(until, config.timezone, "--until"),
    )


def _hint(named: str | None, ids: list[str], what: str, file: str) -> None:
    """An id that is not configured may be a slip, or of former days: the archive is asked all the same."""
    if named is not None and named not in ids:
        complain(f"note: {unknown(named, ids, what, file)}")


def _moment(text: str | None, zone: str, option: str) -> datetime | None:
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
    for command in (search, show, stories, sources, pending, outbox, status, backup):
        app.command()(command)
    app.command(name="export")(export_)
