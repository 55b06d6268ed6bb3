"""`roxham topics check`: what is to be said of each form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.output import AsJson, Context, complain, config_of, local, plural, print_json, print_table, unknown
from monitor.cli.passing import passing

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.errors import Problem
    from monitor.pipeline import Memory, Worth
    from monitor.types import Topic

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID…", help="Only these topics.")]


_BRIEF = 24  # characters of another form, in a table
_ENOUGH = 5  # articles in which a form stands and does not count: of fewer it may do just what it is there for


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What is to be said of a topic or a form of it: what is wrong or useless, or a note, which is only to know."""

    topic_id: str
    kind: str  # configuration, never counts, never, covered
    text: str
    note: bool
    form: str | None = None
    place: "Problem | None" = None


def check(
    context: typer.Context,
    ids: Ids = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 3 if there is a remark.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what each form is worth: what it found, alone or not, and what is wrong with it.

    Remarks are on what the configuration warns of, and on forms that stand in five articles or more and never count.
    The table notes what is only to know: a form that was never found may be misspelt or rare; one that others cover may
    go. Texts that matched nothing are kept for a time only (keep.unmatched): what a form would have found before is not
    known.
    """
    config = config_of(context)
    topics = chosen(config, ids)
    memory, worths = _worths(config, topics, quiet=as_json)
    said = sorted(_remarks(context, config, topics, worths, memory), key=_in_file)
    remarks = [each for each in said if not each.note]
    notes = [each for each in said if each.note]
    if as_json:
        print_json(
            {
                "ok": not remarks,
                "memory": None if memory is None else memory_document(memory),
                "topics": [{"id": t.id, "forms": [_document(w) for w in worths if w.topic_id == t.id]} for t in topics],
                "remarks": [_remark(remark) for remark in remarks],
                "notes": [_remark(note) for note in notes],
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


def held_against(looked_at: int, articles: int, which: str) -> str:
    """Returns how many of the archive's articles were held against topics, and which these are, in a sentence."""
    return f"held against the topics: {looked_at:,} of {plural(articles, 'article')}, {which}"


def _worths(config: "Config", topics: "Sequence[Topic]", *, quiet: bool) -> "tuple[Memory | None, list[Worth]]":
    from monitor import app
    from monitor.pipeline import memory, worth, worth_in

    if not app.archive_path(config).exists():
        return None, worth(topics)
    with app.reading(config) as archive:
        worths = worth_in(archive, topics, watch=passing("articles", quiet=quiet))
        remembered = memory(archive, config.keep_unmatched, app.utc_now())
    return remembered, worths


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
                yield Remark(topic_id=topic.id, kind="configuration", text=warning.what, note=False, place=warning)
        for worth in worths:
            if worth.topic_id != topic.id:
                continue
            section = "near" if worth.role == "beside" else worth.role.value
            said = _said(worth, memory, config)
            if said is not None:
                yield Remark(
                    topic_id=topic.id,
                    kind=said[0],
                    text=said[1],
                    note=not _useless(worth),
                    form=worth.form.text,
                    place=places.get((topic.id, section, worth.form.text)),
                )


def _in_file(remark: Remark) -> tuple[int, int]:
    return (remark.place.line or 0, remark.place.column or 0) if remark.place else (0, 0)


def _said(worth: "Worth", memory: "Memory | None", config: "Config") -> tuple[str, str] | None:
    """What is to be said of a form, in one sentence."""
    form, idle = worth.form.text, worth.idle
    if idle is not None:
        often = f"in {idle.articles:,} of them " if idle.articles < idle.of else ""
        return "never counts", (
            f"{form} stands in {plural(idle.of, 'article')} and never counts: {often}{idle.because} "
            f"(`roxham topics explain {idle.article_id} --topic {worth.topic_id}`)"
        )
    covered = None if worth.covered is None else _covered(worth)
    if _never(worth, memory):
        assert memory is not None  # noqa: S101 - just seen
        since = local(memory.since, config.timezone)
        none = f"{form} stands in none of {plural(memory.articles - memory.erased, 'article')} since {since}"
        return "never", none if covered is None else f"{none}, and {covered}"
    return None if covered is None else ("covered", f"{form} {covered}")


def _useless(worth: "Worth") -> bool:
    return worth.idle is not None and worth.idle.of >= _ENOUGH


def _never(worth: "Worth", memory: "Memory | None") -> bool:
    return memory is not None and memory.articles > 0 and not worth.stands


def _covered(worth: "Worth") -> str:
    from monitor.pipeline import How

    covered = worth.covered
    assert covered is not None  # noqa: S101 - asked before
    by = covered.by.text if covered.by is not None else "the topic's other forms"
    if covered.how is How.WORDS:
        unless = f", unless the except form {covered.unless.text} hides it" if covered.unless is not None else ""
        return f"is covered by {by}, whose words stand within it: whatever it finds, {by} finds too{unless}"
    found = plural(worth.articles or 0, "article")
    return f"is covered by {by} as far as the archive shows: {found}, each of them found without it"


def _note(worth: "Worth", memory: "Memory | None") -> str:
    """What is to be said of a form, in a word or two for the table."""
    from monitor.pipeline import How

    if worth.idle is not None:
        return f"never counts: explain {worth.idle.article_id}"
    words = ["never found"] if _never(worth, memory) else []
    if worth.covered is not None:
        by = worth.covered.by.text if worth.covered.by is not None else "others"
        short = by if len(by) <= _BRIEF else f"{by[: _BRIEF - 1]}…"
        if worth.covered.how is How.EVIDENCE:
            words.append(f"only with {short}")
        else:
            words.append(f"within {short}" if worth.covered.unless is None else f"within {short}, unless hidden")
    return ", ".join(words)


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
        "never_counts": worth.idle
        and {
            "because": worth.idle.because,
            "articles": worth.idle.articles,
            "of": worth.idle.of,
            "article": worth.idle.article_id,
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
        (worth.topic_id, worth.role.value, _language(worth), worth.form.text, worth.articles, worth.alone,
         _note(worth, memory))
        for worth in worths
    ]  # fmt: skip
    print_table(None, ("topic", "under", "for", "form", "articles", "alone", "note"), rows)
    for remark in remarks:
        where = f"{remark.place.file}:{remark.place.line}:{remark.place.column}: " if remark.place else ""
        typer.echo(f"{where}{remark.topic_id}: {remark.text}")
    for line in _summed(worths, memory):
        typer.echo(line)
    checked = f"{plural(len(topics), 'topic')} checked, {plural(len(remarks), 'remark')}"
    said = "there is no archive yet to try the forms on" if memory is None else memory_said(memory, config)
    typer.echo(f"{checked}; {said}")


def _summed(worths: "Sequence[Worth]", memory: "Memory | None") -> Iterator[str]:
    """A line for each kind of note."""
    from monitor.pipeline import How

    if memory is not None and (never := sum(_never(worth, memory) for worth in worths)):
        held = plural(memory.articles - memory.erased, "article")
        yield f"{_of_forms(never)} never found in {held}: misspelt, or not written about yet"
    if idle := sum(worth.idle is not None and not _useless(worth) for worth in worths):
        yield f"{plural(idle, 'form')} stood in fewer than {_ENOUGH} articles and did not count (note: never counts …)"
    how = [worth.covered.how for worth in worths if worth.covered is not None and worth.idle is None]
    if by_words := how.count(How.WORDS):
        yield f"{_of_forms(by_words)} covered by another, whose words stand within it (note: within …)"
    if by_evidence := how.count(How.EVIDENCE):
        yield f"{_of_forms(by_evidence)} found only where others were found as well (note: only with …)"


def _of_forms(count: int) -> str:
    return f"{plural(count, 'form')} {'was' if count == 1 else 'were'}"


def _language(worth: "Worth") -> str | None:
    return None if worth.form.language == "und" else worth.form.language
