"""`roxham sources import` and `export`: lists of feeds as other programs exchange them."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.output import AsJson, Context, complain, plural, print_json
from monitor.errors import ConfigError, Problem

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.opml import Outline

Write = Annotated[bool, typer.Option("--write", help="Add them to sources.yaml; comments there are kept.")]


class ListFormat(StrEnum):
    """Forms of `sources export`."""

    OPML = "opml"


def import_sources(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An OPML file, as other feed readers write it.")],
    write: Write = False,
    as_json: AsJson = False,
) -> None:
    """Turn an OPML list into entries; all of them or none.

    Without --write they are printed. Addresses that are configured already are left out, and said.
    """
    from monitor import app, catalogue, opml

    chosen: Context = context.obj
    config = chosen.config()
    outlines, left_out = opml.read(_bytes(file), str(file))
    groups, known = _entries(outlines, str(file), config)
    entries = [entry for _, of_group in groups for entry in of_group]
    remarks = sorted([*left_out, *known], key=lambda problem: problem.line)
    fits = catalogue.room(entries, len(config.sources))
    if fits < len(entries):
        what = (
            f"{len(entries):,} new sources are too many: sources.yaml has room for {fits:,} of them; "
            "take whole groups out of the list"
        )
        raise ConfigError([Problem(str(file), outlines[-1].line, 1, "", what)])
    if write and entries:
        catalogue.add(chosen.folder, groups, app.configuration)
    if as_json:
        skipped = [{"line": remark.line, "what": remark.what} for remark in remarks]
        print_json({"entries": entries, "skipped": skipped, "written": write and bool(entries)})
        return
    for remark in remarks:
        complain(str(remark))
    if write and not entries:
        complain("nothing to add")
    elif write:
        complain(f"added {plural(len(entries), 'source')} to {chosen.folder / catalogue.FILE}")
    else:
        typer.echo(catalogue.text_of_groups(groups).removeprefix("\n"), nl=False)
        complain(f"{plural(len(entries), 'source')} to add; --write adds them to sources.yaml")


def _bytes(file: Path) -> bytes:
    from monitor.opml import MOST_BYTES

    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError([Problem(str(file), 1, 1, "", f"cannot be read: {error.strerror or error}")]) from error


def _entries(
    outlines: "list[Outline]", file: str, config: "Config"
) -> tuple[list[tuple[str, list[dict[str, object]]]], list[Problem]]:
    """Returns entries by heading, and which were left out as known. Raises ConfigError with every mistake."""
    from monitor import app
    from monitor.config.schema import SourceKeys
    from monitor.extract.urls import identity

    there: dict[str, list[str]] = {}
    for source in config.sources:
        there.setdefault(identity(source.url), []).append(source.id)
    ids = {source.id for source in config.sources}
    kinds, keys = app.kinds(), frozenset(SourceKeys.model_fields)
    problems: list[Problem] = []
    known: list[Problem] = []
    groups: dict[str, list[dict[str, object]]] = {"": []}  # those without a heading first: they would seem to have one
    for outline in outlines:
        wrong = _wrong(outline, kinds, keys)
        problems += [Problem(file, outline.line, 1, "", what) for what in wrong]
        if wrong:
            continue
        same = there.setdefault(identity(outline.url), [])
        if same and ("options" not in outline.own or outline.own.get("id") in same):
            known.append(Problem(file, outline.line, 1, "", f"left out: {outline.url} is there as {same[0]!r}"))
            continue
        entry = _of_outline(outline, ids)
        if entry["id"] in ids:
            problems.append(Problem(file, outline.line, 1, "", f"there is another source {entry['id']!r} already"))
            continue
        ids.add(str(entry["id"]))
        same.append(str(entry["id"]))
        groups.setdefault(" / ".join(outline.groups), []).append(entry)
    if problems:
        raise ConfigError(problems)
    return [(heading, entries) for heading, entries in groups.items() if entries], known


def _wrong(outline: "Outline", kinds: list[str], keys: frozenset[str]) -> list[str]:
    from monitor.config.addresses import location

    wrong = []
    try:
        if location(outline.url).credentials is not None:
            wrong.append("xmlUrl holds a user and password: take them out, and name `auth_env` in sources.yaml")
    except ValueError as error:
        wrong.append(f"xmlUrl {error}")
    wrong += [f"roxham:{name} is no key of a source" for name in outline.own if name not in keys]
    kind = outline.own.get("kind", "feed")
    if kind not in kinds:
        wrong.append(f"there is no kind {kind!r} (known: {', '.join(kinds)})")
    return wrong


def _of_outline(outline: "Outline", ids: set[str]) -> dict[str, object]:
    from monitor import catalogue
    from monitor.config.values import identifier, language

    entry: dict[str, object] = {"name": None if outline.own else outline.title, "kind": "feed", "url": outline.url}
    try:
        entry["language"] = language(outline.language) if outline.language else None
    except ValueError:
        entry["language"] = None  # readers write what they like there; the items say it, too
    entry |= outline.own
    try:
        entry["id"] = identifier(entry.get("id"))
    except ValueError:
        entry["id"] = catalogue.new_id(outline.url, entry["language"], ids)
    return {"id": entry.pop("id")} | {name: value for name, value in entry.items() if value is not None}


def export_sources(
    context: typer.Context,
    form: Annotated[ListFormat, typer.Option("--format", help="opml: what feed readers exchange.")] = ListFormat.OPML,
) -> None:
    """Write the configured sources to stdout as OPML 2.0.

    Passwords are left out. `roxham sources import` reads the list again without loss.
    """
    from monitor import app, opml
    from monitor.catalogue import FILE
    from monitor.config.document import read

    chosen: Context = context.obj
    config = chosen.config()
    written = read(chosen.folder / FILE, FILE).data
    assert isinstance(written, dict)  # noqa: S101 - it was loaded
    sources = [
        keys | {"url": source.url}  # without the user and password that may stand in it
        for keys, source in zip(written.get("sources") or (), config.sources, strict=True)
    ]
    typer.echo(opml.write(sources, title=f"{config.name}: sources", now=app.utc_now()), nl=False)
