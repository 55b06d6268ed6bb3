"""`roxham corpus`: freeze what a search finds, prove it later, export exactly that."""

import hashlib
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.looking import (
    Agency,
    Bom,
    ExportFormat,
    InRelation,
    Language,
    Publisher,
    Since,
    SourceId,
    Topic,
    Until,
    WithText,
    filter_of,
    ready,
)
from monitor.cli.output import AsJson, Context, complain, config_of, plural, print_json
from monitor.cli.writing import Output, check, write

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.config import Config
    from monitor.corpus import Finding, Manifest

commands = typer.Typer(
    name="corpus",
    help="Freeze what a search finds, and prove it years later.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
ManifestFile = Annotated[Path, typer.Argument(metavar="FILE", help="A manifest that `roxham corpus freeze` wrote.")]


@commands.command()
def freeze(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the corpus, and of the file: NAME.corpus.json.")],
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
) -> None:
    """Write a manifest of the articles that answer now, in their present versions, with hashes of their texts.

    It holds no texts, and may be published beside a paper.
    """
    from monitor import app, corpus, export

    file = output or Path(f"{name}{corpus.ENDING}")
    if output is None and Path(name).name != name:
        complain(f"{name!r} is no name of a file; say where with --output FILE")
        raise typer.Exit(2)
    if file.exists():
        complain(f"{file}: exists already, and what is frozen stays; name another")
        raise typer.Exit(2)
    check(file)
    config = config_of(context)
    wanted = filter_of(
        config, query, topic, source, publisher, language, since, until, agencies=agency, relations=relation
    )
    with app.reading(config) as archive:
        freezing = corpus.Freezing(
            name=name,
            plan=export.plan(archive, config, wanted, program=f"Roxham {app.version()}", now=app.utc_now()),
            newest_entry=archive.newest(),
            topics_sha256=_topics_sha256(context.obj),
        )
        write((line.encode() for line in corpus.freeze(archive, freezing)), file)
    frozen = corpus.opened(file)
    typer.echo(f"wrote {file}: {_counted(frozen)}\nSHA-256 {frozen.sha256}")


def _topics_sha256(chosen: Context) -> str:
    return hashlib.sha256((chosen.folder / "topics.yaml").read_bytes()).hexdigest()


def _counted(manifest: "Manifest") -> str:
    erased = manifest.count["erased"]
    without = f", {erased} of them without a text" if erased else ""
    return plural(manifest.count["articles"], "article") + without


@commands.command()
def verify(
    context: typer.Context,
    file: ManifestFile,
    again: Annotated[
        bool, typer.Option("--again", help="Ask the same search too: which articles it gained and lost.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Prove a corpus: every article is there, in that version, with the same headline and text; else 3.

    Later versions do no harm. What lost its text (withdrawn, or erased after its time) is named, and so is what was
    changed or is gone. A manifest that was changed by hand is recognised.
    """
    from monitor import app, corpus

    config = config_of(context)
    manifest = _opened(file, as_json=as_json)
    with app.reading(config) as archive:
        found = [each for each in corpus.verify(archive, manifest) if each.state is not corpus.State.HELD or each.newer]
        differing = _again(archive, manifest) if again else None
    holds = all(each.state in corpus.GOOD for each in found)
    if as_json:
        print_json(_document(manifest, found, differing, config, holds=holds))
    else:
        _say(manifest, found, differing, config, holds=holds)
    if not holds:
        raise typer.Exit(3)


def _opened(file: Path, *, as_json: bool = False) -> "Manifest":
    from monitor import corpus

    if not file.is_file():
        complain(f"{file}: no such file")
        raise typer.Exit(2)
    try:
        return corpus.opened(file)
    except corpus.ManifestError as error:
        if as_json:
            print_json({"file": str(file), "holds": False, "error": str(error)})
        else:
            complain(str(error))
        raise typer.Exit(3) from None


def _again(archive: "Archive", manifest: "Manifest") -> dict[str, list[int]]:
    """Returns the articles that the search gained and lost; ends the command where it cannot be read any more."""
    from monitor import corpus, export
    from monitor.query import QueryError

    different: dict[str, list[int]] = {"gained": [], "lost": []}
    try:
        for each in corpus.again(archive, manifest, upto=export.newest(archive)):
            different["gained" if each.gained else "lost"].append(each.article_id)
    except QueryError as error:
        complain(f"the query of {manifest.file} cannot be read by this program: {error}")
        raise typer.Exit(3) from None
    return different


def _document(
    manifest: "Manifest", found: "list[Finding]", again: dict[str, list[int]] | None, config: "Config", *, holds: bool
) -> dict[str, Any]:
    from monitor.corpus import State

    return {
        "file": str(manifest.file),
        "name": manifest.about["name"],
        "made_at": manifest.about["made_at"],
        "sha256": manifest.sha256,
        "holds": holds,
        "articles": manifest.count["articles"],
        "held": manifest.count["articles"] - sum(each.state is not State.HELD for each in found),
        "findings": [_finding(each) for each in found if each.state is not State.HELD],
        "newer": [
            {"id": each.entry.article_id, "version": each.entry.version, "newest": each.newer}
            for each in found
            if each.newer
        ],
        "same_configuration": manifest.about["configuration"] == config.fingerprint,
        "again": again,
    }


def _finding(found: "Finding") -> dict[str, Any]:
    entry = found.entry
    return {
        "id": entry.article_id,
        "url": entry.url,
        "version": entry.version,
        "state": found.state.value,
        "why": found.why,
    }


def _say(
    manifest: "Manifest", found: "list[Finding]", again: dict[str, list[int]] | None, config: "Config", *, holds: bool
) -> None:
    from monitor.corpus import GOOD, State

    for each in found:
        if each.state is not State.HELD:
            typer.echo(_line(each))
    for each in found:
        if each.newer:
            entry = each.entry
            typer.echo(f"note: article {entry.article_id} is kept in version {each.newer} too, beside {entry.version}")
    if manifest.about["configuration"] != config.fingerprint:
        typer.echo("note: the configuration is another one than when it was frozen")
    for what, numbers in (again or {}).items():
        typer.echo(f"the search has {what} {', '.join(map(str, numbers)) or 'nothing'}")
    broken = sum(each.state not in GOOD for each in found)
    said = f"holds: {_counted(manifest)}" if holds else f"does not hold: {broken} of {_counted(manifest)}"
    typer.echo(f"{manifest.about['name']} {said}, frozen {manifest.about['made_at']}")
    typer.echo(f"SHA-256 {manifest.sha256}")


def _line(found: "Finding") -> str:
    entry = found.entry
    return f"{found.state.value}: article {entry.article_id}, version {entry.version}: {found.why}\n  {entry.url}"


@commands.command(name="export")
def export_(
    context: typer.Context,
    file: ManifestFile,
    form: Annotated[ExportFormat, typer.Option("--format", help="As in `roxham export`.")] = ExportFormat.JSONL,
    output: Output = None,
    text: WithText = True,
    bom: Bom = False,
) -> None:
    """Stream exactly the articles of a corpus, in the versions that were frozen; 3 where not all of them hold.

    What hangs on an article is that of today: topics, sources, story.
    """
    from monitor import app, corpus, export

    ready(form, output, bom=bom)
    config = config_of(context)
    manifest = _opened(file)
    broken: list[Finding] = []
    with app.reading(config) as archive:
        wanted = manifest.wanted(upto=manifest.about["snapshot"])
        plan = export.plan(archive, config, wanted, program=f"Roxham {app.version()}", now=app.utc_now())
        articles = corpus.articles(archive, manifest, broken)
        with closing(export.stream(export.Form(form), articles, plan, text=text, bom=bom)) as parts:
            write(parts, output)
    for each in broken:
        complain(_line(each))
    if broken:
        raise typer.Exit(3)


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.add_typer(commands)
