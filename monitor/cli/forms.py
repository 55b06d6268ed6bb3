"""`roxham topics check`: what is to be said of each form."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.output import AsJson, Context, complain, local, plural, print_json, print_table, unknown
from monitor.cli.passing import passing

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.errors import Problem
    from monitor.pipeline import Memory, Worth
    from monitor.types import Topic

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID…", help="Only these topics.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What is to be said of a topic or a form of it."""

    topic_id: str
    kind: str  # configuration, never, never counts, covered
    text: str
    form: str | None = None
    place: "Problem | None" = None


def check(
    context: typer.Context,
    ids: Ids = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 3 if there is anything to say.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what each form is worth: what it found, alone or not, and what is wrong with it.

    A form that never found anything may be misspelt; one whose articles others find too may go. Texts that matched
    nothing are kept for a time only (keep.unmatched): what it would have found before is not known.
    """
    config = _config(context)
    topics = chosen(config, ids)
    memory, worths = _worths(config, topics, quiet=as_json)
    remarks = list(_remarks(context, config, topics, worths, memory))
    if as_json:
        print_json(
            {
                "ok": not remarks,
                "memory": None if memory is None else memory_document(memory),
                "topics": [{"id": t.id, "forms": [_document(w) for w in worths if w.topic_id == t.id]} for t in topics],
                "remarks": [_remark(remark) for remark in remarks],
            }
        )
    else:
        _print(config, topics, worths, remarks, memory)
    if strict and remarks:
        raise typer.Exit(3)


def chosen(config: "Config", ids: Sequence[str] | None) -> "list[Topic]":
    """Returns the topics with these ids, all without any; ends the command where one is not configured."""
    known = [topic.id for topic in config.topics]
    for named in ids or ():
        if named not in known:
            complain(unknown(named, known, "topic", "topics.yaml"))
            raise typer.Exit(2)
    return [topic for topic in config.topics if not ids or topic.id in ids]


def memory_document(memory: "Memory") -> dict[str, object]:
    """Returns what of the past can be found at all, as JSON."""
    from monitor.export import when

    return {
        "articles": memory.articles,
        "erased": memory.erased,
        "since": when(memory.since),
        "whole_since": when(memory.whole_since),
    }


def memory_said(memory: "Memory", config: "Config") -> str:
    """Returns what of the past can be found at all, in a sentence."""
    if memory.since is None:
        return "the archive is empty"
    from monitor.config import duration_text

    since = local(memory.since, config.timezone)
    said = f"the archive holds {plural(memory.articles, 'article')} since {since}"
    kept = duration_text(config.keep_unmatched)
    if not memory.erased:
        return f"{said}; what matches nothing keeps its text for {kept} (keep.unmatched)"
    whole = local(memory.whole_since, config.timezone)
    return f"{said}; before {whole} only what matched then can be found: other texts are kept for {kept}"


def _worths(config: "Config", topics: "Sequence[Topic]", *, quiet: bool) -> "tuple[Memory | None, list[Worth]]":
    from monitor import app
    from monitor.pipeline import memory, worth, worth_in

    if not app.archive_path(config).exists():
        return None, worth(topics)
    with ExitStack() as open_:
        archive = open_.enter_context(app.reading(config))
        worths = worth_in(archive, topics, watch=passing("articles", quiet=quiet))
        return memory(archive, config.keep_unmatched, app.utc_now()), worths


def _remarks(
    context: typer.Context,
    config: "Config",
    topics: "Sequence[Topic]",
    worths: "Sequence[Worth]",
    memory: "Memory | None",
) -> Iterator[Remark]:
    from monitor.config.places import form_places

    folder: Context = context.obj
    places = form_places(folder.folder)
    for topic in topics:
        for warning in config.warnings:
            if warning.path.partition(".")[0] == f"topics[{topic.id}]":
                yield Remark(topic_id=topic.id, kind="configuration", text=warning.what, place=warning)
        for worth in worths:
            if worth.topic_id != topic.id:
                continue
            section = "near" if worth.role == "beside" else worth.role.value
            for kind, text in _said(worth, memory, config):
                yield Remark(
                    topic_id=topic.id,
                    kind=kind,
                    text=text,
                    form=worth.form.text,
                    place=places.get((topic.id, section, worth.form.text)),
                )


def _said(worth: "Worth", memory: "Memory | None", config: "Config") -> Iterator[tuple[str, str]]:
    from monitor.pipeline import How

    form = worth.form.text
    if memory is not None and memory.articles and not worth.stands:
        since = local(memory.since, config.timezone)
        yield "never", f"{form} stands in none of {plural(memory.articles - memory.erased, 'article')} since {since}"
    elif worth.articles == 0 and worth.stands:
        why = "hidden by an except form, taken out by a none form, or without what all or beside ask for"
        yield "never counts", f"{form} stands in articles, but brought none: it is {why}"
    if worth.covered is None:
        return
    by = worth.covered.by.text if worth.covered.by is not None else "the topic's other forms"
    if worth.covered.how is How.WORDS:
        hides = worth.covered.unless
        unless = f", unless the except form {hides.text} hides it" if hides is not None else ""
        said = f"{form} is covered by {by}, whose words stand within it: whatever it finds, {by} finds too{unless}"
        yield "covered", said
    else:
        found = plural(worth.articles or 0, "article")
        yield (
            "covered",
            f"{form} is covered by {by} as far as the archive shows: {found}, each of them found without it",
        )


def _document(worth: "Worth") -> dict[str, object]:
    covered = worth.covered
    return {
        "form": worth.form.text,
        "language": worth.form.language,
        "role": worth.role.value,
        "articles": worth.articles,
        "alone": worth.alone,
        "stands": worth.stands,
        "covered": covered
        and {
            "how": covered.how.value,
            "by": covered.by and covered.by.text,
            "unless": covered.unless and covered.unless.text,
        },
    }


def _remark(remark: Remark) -> dict[str, object]:
    return {
        "topic": remark.topic_id,
        "form": remark.form,
        "kind": remark.kind,
        "text": remark.text,
        "file": remark.place and remark.place.file,
        "line": remark.place and remark.place.line,
        "column": remark.place and remark.place.column,
    }


def _print(
    config: "Config",
    topics: "Sequence[Topic]",
    worths: "Sequence[Worth]",
    remarks: Sequence[Remark],
    memory: "Memory | None",
) -> None:
    rows = [
        (worth.topic_id, worth.role.value, _language(worth), worth.form.text, worth.articles, worth.alone)
        for worth in worths
        if worth.role in {"any", "near"}
    ]
    if memory is not None:
        print_table(None, ("topic", "under", "language", "form", "articles", "it alone"), rows)
    for remark in remarks:
        where = f"{remark.place.file}:{remark.place.line}:{remark.place.column}: " if remark.place else ""
        typer.echo(f"{where}{remark.topic_id}: {remark.text}")
    checked = f"{plural(len(topics), 'topic')} checked, {plural(len(remarks), 'remark')}"
    said = "there is no archive yet to try the forms on" if memory is None else memory_said(memory, config)
    typer.echo(f"{checked}; {said}")


def _language(worth: "Worth") -> str | None:
    return None if worth.form.language == "und" else worth.form.language


def _config(context: typer.Context) -> "Config":
    context_: Context = context.obj
    return context_.config()
