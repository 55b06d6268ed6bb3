"""`roxham topics`: the list, `apply`, and the commands below it (forms, explaining, backtesting, comparing)."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.backtesting import backtest
from monitor.cli.comparing import diff
from monitor.cli.explaining import explain
from monitor.cli.forms import check, held_against
from monitor.cli.output import AsJson, complain, config_of, only_for_the_list, plural, print_json, print_table
from monitor.cli.passing import passing

if TYPE_CHECKING:
    from monitor.archive import Holding, Marked, Remarked
    from monitor.config import Config
    from monitor.pipeline import Applied
    from monitor.types import Form, Topic

commands = typer.Typer(
    name="topics",
    help="List the topics; check, try, compare and apply them.",
    invoke_without_command=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@commands.callback()
def topics(context: typer.Context, as_json: AsJson = False) -> None:
    """List the topics; check, try, compare and apply them."""
    if context.invoked_subcommand is not None:
        only_for_the_list(context, "topics")
        return
    config = config_of(context)
    holding = _holding(config)
    listed = [_listed(topic, holding) for topic in config.topics]
    known = {topic.id for topic in config.topics}
    former = Counter[str]()
    for mark in holding.marks if holding is not None else ():
        if mark.topic_id not in known:
            former[mark.topic_id] += mark.articles
    if as_json:
        print_json(
            {"topics": listed, "former": [{"id": id_, "articles": count} for id_, count in sorted(former.items())]}
        )
        return
    columns = ("topic", "titles", "forms", "articles", "mentions", "by another revision")
    print_table(
        None,
        columns,
        [
            (t["id"], " · ".join(t["title"].values()), _counts(t["forms"]), t["articles"], t["mentions"],
             t["other_revision"])
            for t in listed
        ],
    )  # fmt: skip
    for id_, count in sorted(former.items()):
        typer.echo(f"{id_}: {plural(count, 'article')} marked, but it is no topic any more")
    if former or any(t["other_revision"] for t in listed):
        typer.echo("`roxham topics apply` marks the archive by the topics as they are now")


def _holding(config: "Config") -> "Holding | None":
    """What the archive holds; without an archive nothing was ever marked."""
    from monitor import app

    if not app.archive_path(config).exists():
        return None
    with app.reading(config) as archive:
        return archive.holding()


def _listed(topic: "Topic", holding: "Holding | None") -> "dict[str, Any]":
    from monitor.match import revision

    current = revision(topic)
    marks = [mark for mark in holding.marks if mark.topic_id == topic.id] if holding is not None else None
    return {
        "id": topic.id,
        "title": dict(topic.title),
        "forms": dict(Counter(form.language for form in _forms(topic))),
        "revision": current,
        "articles": None if marks is None else sum(mark.articles for mark in marks),
        "mentions": None if marks is None else sum(mark.mentions for mark in marks),
        "other_revision": None if marks is None else sum(mark.articles for mark in marks if mark.revision != current),
    }


def _forms(topic: "Topic") -> "list[Form]":
    return [*topic.any, *(form for group in topic.near for form in group.forms)]


def _counts(counts: dict[str, int]) -> str:
    by_language = (f"{'either' if language == 'und' else language} {count}" for language, count in counts.items())
    return ", ".join(by_language) or "none"


def apply(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; change nothing.")] = False,
    tell: Annotated[
        bool,
        typer.Option("--tell", help="A reader's next digest tells of what is gained and came in after the last one."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Mark the whole archive by the topics as they are now; nobody is told.

    Also while the service runs. It may be stopped and repeated at any moment: a second run changes nothing.
    """
    from monitor import app
    from monitor.overview.service import running_over

    config = config_of(context)
    began = time.monotonic()
    running = running_over(app.archive_path(config))
    if running is not None and running.fingerprint != config.fingerprint:
        complain("note: the service works by another configuration, and marks what is new by its topics")
    with app.reading(config) as archive:
        from monitor.pipeline import apply as applied

        def remark(batch: "Sequence[Marked]") -> "Remarked":
            with app.changing(config, purpose="topics apply") as changing:  # held for a moment only
                return changing.remark(batch, tell=tell)

        done = applied(
            archive,
            config.topics,
            config.sources,
            None if dry_run else remark,
            watch=passing("articles", quiet=as_json),
        )
    if as_json:
        print_json(_applied(done, dry_run=dry_run, tell=tell) | {"seconds": round(time.monotonic() - began, 3)})
    else:
        _print_applied(done, dry_run=dry_run, tell=tell)


def _applied(done: "Applied", *, dry_run: bool, tell: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "tell": tell,
        "looked_at": done.looked_at,
        "articles": done.articles,
        "topics": [
            {"id": id_, "gained": done.gained[id_], "lost": done.lost[id_], "changed": done.changed[id_]}
            for id_ in done.topics
        ],
        "skipped": done.skipped,
    }


def _print_applied(done: "Applied", *, dry_run: bool, tell: bool) -> None:
    looked = held_against(done.looked_at, done.articles, "those with a form or a mark")
    if not done.topics:
        typer.echo(f"{looked}; every mark is as the topics say; nothing to change")
        return
    rows = [(id_, done.gained[id_], done.lost[id_], done.changed[id_]) for id_ in done.topics]
    print_table(None, ("topic", "gained", "lost", "changed"), rows)
    if dry_run:
        typer.echo(f"{looked}; nothing was changed (--dry-run)")
    else:
        told = (
            "a reader's next digest tells of what is gained and came in after the last one"
            if tell
            else "nobody is told of it"
        )
        typer.echo(f"{looked}; {told}")
    if done.skipped:
        typer.echo(f"{plural(done.skipped, 'article')} changed meanwhile and left alone; run it again")


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    for command in (check, explain, backtest, diff, apply):
        commands.command()(command)
    app.add_typer(commands)
