"""`roxham topics diff`: what other topics would change."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.backtesting import about, brief, tally_document
from monitor.cli.forms import held_against, memory_document, memory_said
from monitor.cli.looking import Since, moment_of
from monitor.cli.output import AsJson, Context, Limit, complain, config_of, plural, print_json, print_table
from monitor.cli.passing import passing

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.pipeline import Change, Difference, Memory, TopicDifference
    from monitor.pipeline.examples import Example

_WEEK = 7 * 86_400.0  # seconds


def diff(
    context: typer.Context,
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A topics.yaml, or a folder with one.")],
    new: Annotated[
        Path | None, typer.Argument(metavar="NEW", help="The same; the configuration in use when left out.")
    ] = None,
    since: Since = None,
    max_lost: Annotated[
        str | None,
        typer.Option(
            "--max-lost",
            metavar="N|N%",
            help="Exit 3 if more is lost: articles in all, or a share of any one topic's. "
            "What becomes a mention counts where a digest leaves mentions out.",
        ),
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Say which articles of the archive other topics gain and lose, and what becomes of each digest.

    Both are run over the archive as it is now. Digests are those of the configuration in use. What readers said of a
    topic that is not the same (not relevant, missed) is held against both.
    """
    from monitor import app
    from monitor.config import load_topics
    from monitor.pipeline import compared, memory

    most = _most(max_lost)
    config = config_of(context)
    earlier = load_topics(old)
    later = config.topics if new is None else load_topics(new)
    begin = moment_of(since, config.timezone, "--since")
    with app.reading(config) as archive:
        now = app.utc_now()
        remembered = memory(archive, config.keep_unmatched, now)
        done = compared(
            archive,
            earlier,
            later,
            config.subscriptions,
            config.sources,
            since=begin,
            watch=passing("articles", quiet=as_json),
        )
    weeks = _weeks(remembered, begin, now)
    ok = most is None or done.passes(most[0], percent=most[1])
    if as_json:
        print_json(_difference(done, (old, new), begin, remembered, weeks, max_lost, ok=ok))
    else:
        used: Context = context.obj
        typer.echo(f"old: {old}; new: {new if new is not None else used.folder}")
        _print_difference(done, remembered, weeks, limit, config, begin)
        if not ok:
            complain(f"more is lost than --max-lost {max_lost} allows{_with_mentions(done)}")
    if not ok:
        raise typer.Exit(3)


def _most(text: str | None) -> tuple[float, bool] | None:
    """Reads `3` or `2.5%`."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)%|(\d{1,9})", text)
    if found is None:
        complain(f"--max-lost: {text!r} is no limit; write a number of articles, such as 3, or a share, such as 5%")
        raise typer.Exit(2)
    return float(found[1] or found[2]), found[1] is not None


def _with_mentions(done: "Difference") -> str:
    if not done.withheld:
        return ""
    digests = dict.fromkeys(id_ for topic in done.topics if topic.withheld for id_ in topic.strong_only)
    become = "1 becomes a mention" if done.withheld == 1 else f"{done.withheld:,} become mentions"
    return f"; {become}, and {', '.join(digests)} {'leaves' if len(digests) == 1 else 'leave'} mentions out"


def _weeks(memory: "Memory", since: datetime | None, now: datetime) -> float:
    """How many weeks are looked at, at least one: a share of a week says nothing of a whole one."""
    starts = [moment for moment in (memory.since, since) if moment is not None]
    return max(1.0, (now - max(starts)).total_seconds() / _WEEK) if starts else 1.0


def _changed(done: "Difference") -> "list[TopicDifference]":
    return [topic for topic in done.topics if topic.changes or topic.status in {"new", "removed"}]


def _counts(topic: "TopicDifference", key: str) -> list[tuple[str | None, int, int]]:
    """How much is gained and lost, by a field of the articles; the most first."""
    from monitor.pipeline import ChangeKind

    both: dict[str | None, list[int]] = {}
    for place, kind in enumerate((ChangeKind.GAINED, ChangeKind.LOST)):
        for change in topic.of(kind):
            both.setdefault(getattr(change.article, key), [0, 0])[place] += 1
    counted = [(value, gained, lost) for value, (gained, lost) in both.items()]
    return sorted(counted, key=lambda each: (-each[1] - each[2], str(each[0])))


def _difference(
    done: "Difference",
    paths: tuple[Path, Path | None],
    since: datetime | None,
    memory: "Memory",
    weeks: float,
    max_lost: str | None,
    *,
    ok: bool,
) -> dict[str, object]:
    from monitor.export import when
    from monitor.pipeline import ChangeKind

    return {
        "old": str(paths[0]),
        "new": None if paths[1] is None else str(paths[1]),
        "since": when(since),
        "memory": memory_document(memory),
        "looked_at": done.looked_at,
        "max_lost": max_lost,
        "ok": ok,
        "gained": done.count(ChangeKind.GAINED),
        "lost": done.count(ChangeKind.LOST),
        "withheld": done.withheld,
        "examples": _examples(done),
        "topics": [
            {
                "id": topic.topic_id,
                "status": topic.status,
                "strong_only": list(topic.strong_only),
                "before": tally_document(topic.before),
                "after": tally_document(topic.after),
                **{kind.value.replace(" ", "_"): [_change(each) for each in topic.of(kind)] for kind in ChangeKind},
                **{
                    f"by_{name}": [
                        {name: value, "gained": gained, "lost": lost} for value, gained, lost in _counts(topic, key)
                    ]
                    for name, key in _KEYS.items()
                },
            }
            for topic in done.topics
        ],
        "digests": [
            {
                "id": size.subscription_id,
                "before": size.before,
                "after": size.after,
                "a_week_before": round(size.before / weeks, 2),
                "a_week_after": round(size.after / weeks, 2),
            }
            for size in done.digests
        ],
    }


def _examples(done: "Difference") -> dict[str, object]:
    from monitor.export import when

    return {
        **_verdicts(done),
        "list": [
            {
                "topic": each.feedback.topic_id,
                "kind": each.feedback.kind.value,
                "article": each.article and each.article.id,
                "url": each.feedback.url,
                "title": each.article and each.article.title,
                "by": each.feedback.by,
                "at": when(each.feedback.at),
                "note": each.feedback.note,
                "right_before": each.right_before,
                "right": each.right,
            }
            for each in done.examples
        ],
    }


def _verdicts(done: "Difference") -> dict[str, int]:
    return {
        "right": sum(each.right is True for each in done.examples),
        "wrong": sum(each.right is False for each in done.examples),
        "unknown": sum(each.right is None for each in done.examples),
        "right_before": sum(each.right_before is True for each in done.examples),
    }


_KEYS = {"source": "source_id", "language": "language"}


def _change(change: "Change") -> dict[str, object]:
    from monitor.export import why

    return brief(change.article) | {
        "words": _words(change),
        "mention_before": change.before and change.before.mention,
        "mention_after": change.after and change.after.mention,
        "why_before": why((change.before,)) if change.before else [],
        "why_after": why((change.after,)) if change.after else [],
        "whole": change.whole,
    }


def _words(change: "Change") -> list[str]:
    """The words by which it is found, or was where it is lost."""
    match = change.after or change.before
    return list(match.terms) if match is not None else []


def _print_difference(
    done: "Difference", memory: "Memory", weeks: float, limit: int | None, config: "Config", since: datetime | None
) -> None:
    from monitor.pipeline import ChangeKind

    typer.echo(memory_said(memory, config))
    if done.examples:
        verdicts = _verdicts(done)
        typer.echo(
            f"examples of readers: {verdicts['right']} right (before: {verdicts['right_before']}), "
            f"{verdicts['wrong']} wrong, {verdicts['unknown']} cannot be told"
        )
        for example in done.examples[:limit]:
            typer.echo(_example(example, config))
        if limit is not None and len(done.examples) > limit:
            typer.echo(f"  … and {len(done.examples) - limit} more")
    for topic in _changed(done):
        before, after = topic.before, topic.after
        typer.echo(
            f"\n{topic.topic_id} ({_STATUS[topic.status]}): articles {_arrow(before.articles, after.articles)}, "
            f"of them mentions {_arrow(before.mentions, after.mentions)}"
        )
        for name, key in _KEYS.items():
            if counts := _counts(topic, key):
                print_table(None, (name, "gained", "lost"), counts)
        for kind in (ChangeKind.LOST, ChangeKind.GAINED, ChangeKind.TO_MENTION, ChangeKind.TO_STRONG):
            _print_changes(topic.of(kind), kind.value, limit, config)
    changed = {topic.topic_id for topic in _changed(done)}
    if same := [topic.topic_id for topic in done.topics if topic.topic_id not in changed]:
        typer.echo(f"\nno article gained or lost: {', '.join(same)}")
    told = {topic_id for subscription in config.subscriptions for topic_id in subscription.topics}
    if untold := [topic.topic_id for topic in done.topics if topic.status != "removed" and topic.topic_id not in told]:
        typer.echo(f"in no digest of digests.yaml: {', '.join(untold)}")
    if done.digests:
        rows = [
            (
                size.subscription_id,
                size.before,
                size.after,
                _arrow(f"{size.before / weeks:.1f}", f"{size.after / weeks:.1f}"),
            )
            for size in done.digests
        ]
        print_table(None, ("digest", "stories before", "after", "a week on average"), rows)
    which = "those with a form" if since is None else "those with a form in that time"
    typer.echo(held_against(done.looked_at, memory.articles, which))
    typer.echo(f"{done.count(ChangeKind.GAINED):,} gained, {done.count(ChangeKind.LOST):,} lost{_with_mentions(done)}")


_STATUS = {"same": "the same forms", "changed": "other forms", "new": "a new topic", "removed": "removed"}


def _print_changes(changes: "Sequence[Change]", name: str, limit: int | None, config: "Config") -> None:
    if not changes:
        return
    typer.echo(f"{name}: {plural(len(changes), 'article')}")
    for change in changes[:limit]:
        excerpt = "" if change.whole else " (only an excerpt of it is kept)"
        typer.echo(f"  {change.article.id} · {about(change.article, config)} · {', '.join(_words(change))}{excerpt}")
    if limit is not None and len(changes) > limit:
        typer.echo(f"  … and {len(changes) - limit} more")


_RIGHT = {True: "right", False: "wrong", None: "cannot be told"}


def _example(example: "Example", config: "Config") -> str:
    """Returns `  wrong (before: right) · stca · missed · 17 · headline … · ruth: note`."""
    said = example.feedback
    verdict = _RIGHT[example.right]
    if example.right != example.right_before:
        verdict += f" (before: {_RIGHT[example.right_before]})"
    what = (
        f"{said.url} (not held)"
        if example.article is None
        else f"{example.article.id} · {about(example.article, config)}"
    )
    note = "" if said.note is None else f": {' '.join(said.note.split())}"
    return f"  {verdict} · {said.topic_id} · {said.kind.value} · {what} · {said.by}{note}"


def _arrow(before: object, after: object) -> str:
    return f"{before} → {after}"
