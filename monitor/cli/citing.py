"""`roxham cite`: how an article of the archive is cited."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.output import LARGEST, complain, config_of

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.config import Config
    from monitor.types import Kept


class CiteFormat(StrEnum):
    """Forms of `cite`."""

    TEXT = "text"
    CSL_JSON = "csl-json"
    RIS = "ris"
    BIBTEX = "bibtex"


class CiteLanguage(StrEnum):
    """Languages of a citation as text."""

    EN = "en"
    FR = "fr"


def cite(
    context: typer.Context,
    ids: Annotated[list[int], typer.Argument(metavar="ID…", max=LARGEST, help="Numbers of articles.")],
    form: Annotated[
        CiteFormat, typer.Option("--format", help="text: a line to read; the others for reference managers.")
    ] = CiteFormat.TEXT,
    version: Annotated[
        int | None,
        typer.Option("--version", metavar="N", min=1, max=LARGEST, help="This version in place of the newest."),
    ] = None,
    story: Annotated[
        bool, typer.Option("--story", help="The numbers are those of stories: their origins are cited, and it is said.")
    ] = False,
    language: Annotated[
        CiteLanguage, typer.Option("--language", metavar="en|fr", help="Of the line that `text` writes.")
    ] = CiteLanguage.EN,
) -> None:
    """Cite articles: publisher, headline, address, and the version in the archive with the time it was read."""
    import json

    from monitor import app, citing

    if version is not None and (story or len(ids) > 1):
        complain("--version is of one article")
        raise typer.Exit(2)
    config = config_of(context)
    holder = citing.Holder(name=config.name, timezone=config.timezone)
    with app.reading(config) as archive:
        cited = [
            _origin(archive, config, number) if story else _held(archive, config, number, version) for number in ids
        ]
    items = [citing.csl(article, holder, story=of) for article, of in cited]
    if form is CiteFormat.CSL_JSON:
        typer.echo(json.dumps(items, ensure_ascii=False, indent=2))
    elif form is CiteFormat.TEXT:
        for item in items:
            typer.echo(citing.sentence(item, language))
    else:
        write = citing.ris if form is CiteFormat.RIS else citing.bibtex
        typer.echo("".join(map(write, items)), nl=False)


def _held(archive: "Archive", config: "Config", number: int, version: int | None) -> "tuple[Kept, None]":
    from monitor import app, export

    article = export.in_version(archive, number, version)
    if article is None:
        of_it = "" if version is None else f" with a version {version}"
        complain(f"no article {number}{of_it} in {app.archive_path(config)}")
        raise typer.Exit(1)
    return article, None


def _origin(archive: "Archive", config: "Config", number: int) -> "tuple[Kept, int]":
    from monitor import app, export

    story = archive.story(number)
    article = None if story is None else export.in_version(archive, story.members[0].article.id)
    if story is None or article is None:
        complain(f"no story {number} in {app.archive_path(config)}")
        raise typer.Exit(1)
    return article, story.id


def add_to(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(cite)
