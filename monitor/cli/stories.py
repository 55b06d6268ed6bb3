"""`roxham stories`: the list, official pairs, and an operator's last word on what is one piece of work."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.looking import Language, Publisher, Since, SourceId, Topic, Until, filter_of, moment_of
from monitor.cli.output import (
    LARGEST,
    AsJson,
    Limit,
    complain,
    config_of,
    console,
    local,
    only_for_the_list,
    plural,
    print_json,
)
from monitor.cli.showing import share_of
from monitor.cli.story import related_to, show, topics_of
from monitor.types import Relation

if TYPE_CHECKING:
    from rich.console import RenderableType

    from monitor.archive import Archive, Member, Release, Story
    from monitor.config import Config

commands = typer.Typer(
    name="stories",
    help="List stories and who carried them; show one; pairs; split, join.",
    invoke_without_command=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Articles = Annotated[
    list[int], typer.Argument(metavar="ARTICLE…", max=LARGEST, help="Numbers of articles, as the list shows them.")
]
_LANGUAGES = {"en": "English", "fr": "French"}
_HEADLINE = 200  # characters
_WHOLE = 0.9  # of the origin: a copy that has less is said to be cut


@commands.callback()
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
    """List stories, newest first, each with who carried it and what was related.

    A story is one piece of work: origin, pickups, versions, corrections and translations. Before each publisher stands
    the number of its article, as `roxham show` takes it; behind it how much a cut copy has of the origin.
    """
    if context.invoked_subcommand is not None:
        only_for_the_list(context, "stories")
        return
    from monitor import app, export

    config = config_of(context)
    wanted = filter_of(config, None, topic, source, publisher, language, since, until)
    room = app.story_room()
    with app.reading(config) as archive:
        found = [
            replace(story, related=tuple(archive.related(story.id, room)))
            for story in archive.stories(wanted, limit=limit)
        ]
    if as_json:
        print_json([export.story(story) for story in found])
        return
    if not found:
        typer.echo("nothing found")
        return
    out = console()
    for story in found:
        for line in _lines(story, config):
            out.print(line)
    articles = sum(len(story.members) for story in found)
    out.print(f"{plural(len(found), 'story')}, {plural(articles, 'article')}")


def _lines(story: "Story", config: "Config") -> "Iterable[RenderableType]":
    """Yields the headline, what is known of the story as a whole, and its articles by what they are in it."""
    from rich.padding import Padding
    from rich.text import Text

    origin = story.members[0].article
    yield Text(f"story {story.id}  ").append(_short(origin.title), style="bold")
    known = [
        local(origin.dated_at, config.timezone),
        "withdrawn by its agency" if story.withdrawn else None,
        topics_of(story) or "no topic",
        related_to(story.related),
    ]
    yield Padding(Text(" · ".join(filter(None, known)), style="dim"), (0, 0, 0, 4), expand=False)
    for relation in Relation:
        if of := [_carrier(member) for member in story.members if member.relation is relation]:
            yield Padding(_hanging(relation.value, ", ".join(of)), (0, 0, 0, 4), expand=False)


def _short(title: str) -> str:
    """A headline as the list shows it: agencies cut theirs at 128 characters; what is much longer is no headline."""
    return title if len(title) <= _HEADLINE else f"{title[:_HEADLINE].rstrip()}…"


def _hanging(name: str, said: str) -> "RenderableType":
    """A name, and beside it lines that may be many."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=max(map(len, Relation)), no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(name, Text(said))
    return grid


def _carrier(member: "Member") -> str:
    """Returns `13 Millstone Valley Record (34%)`."""
    cut = member.kept is not None and member.kept < _WHOLE and member.relation is not Relation.KILL
    return f"{member.article.id} {member.article.publisher}" + (f" ({share_of(member)})" if cut else "")


commands.command()(show)


@commands.command()
def pairs(
    context: typer.Context,
    unpaired: Annotated[bool, typer.Option("--unpaired", help="Only releases that came out in one language.")] = False,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="TIME", help="Only what came out longer ago: 48h, 2026-11-22.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List official releases in English and French.

    Newest first, with the figures in which the two differ. Releases are what sources marked `official: true` bring.
    """
    from monitor import app

    config = config_of(context)
    before = moment_of(older_than, config.timezone, "--older-than")
    with app.reading(config) as archive:
        found = [
            release
            for release in archive.pairs(app.story_room())
            if (len(release.articles) < 2 or not unpaired) and (before is None or release.at < before)
        ]
    if as_json:
        print_json([_release(release) for release in found])
        return
    if not found:
        typer.echo(_no_release(config, unpaired=unpaired))
        return
    out = console()
    for release in found:
        for line in _release_lines(release, config):
            out.print(line)


def _no_release(config: "Config", *, unpaired: bool) -> str:
    """Says why there may be none: whoever never marked a source as a government's own gets an empty list."""
    if any(source.official for source in config.sources):
        return "every release came out in both languages" if unpaired else "no release was seen yet"
    return "no release is known: mark a government's own sources with `official: true` in sources.yaml"


def _release(release: "Release") -> "dict[str, Any]":
    from monitor.export import when

    return {
        "story": release.story_id,
        "at": when(release.at),
        "paired": len(release.articles) > 1,
        "diverges": any(release.disagreement),
        "figures": {"en": sorted(release.disagreement[0]), "fr": sorted(release.disagreement[1])},
        "articles": [
            {"id": article.id, "language": article.language, "publisher": article.publisher, "title": article.title,
             "url": article.url}
            for article in release.articles.values()
        ],
    }  # fmt: skip


def _release_lines(release: "Release", config: "Config") -> "Iterable[RenderableType]":
    from rich.padding import Padding

    yield f"story {release.story_id}  {local(release.at, config.timezone)}"
    for language, name in _LANGUAGES.items():
        article = release.articles.get(language)
        said = "none seen" if article is None else f"{article.id} {article.title}"
        yield Padding(_hanging(name, said), (0, 0, 0, 4), expand=False)
    only = [f"{name} {', '.join(sorted(values))}"
            for name, values in zip(_LANGUAGES.values(), release.disagreement, strict=True) if values]  # fmt: skip
    if only:
        yield Padding(_hanging("differ", "; ".join(only)), (0, 0, 0, 4), expand=False)


@commands.command()
def split(context: typer.Context, articles: Articles, as_json: AsJson = False) -> None:
    """Take articles out of their story, for good.

    They are a story of their own then, all together. What comes later joins the one that it is more like. `roxham
    stories join` takes it back.
    """
    from monitor import app

    config = config_of(context)
    taken = list(dict.fromkeys(articles))
    with app.reading(config) as archive:
        found = {_story_of(archive, article, config) for article in taken}
        if len(found) > 1:
            named = ", ".join(map(str, sorted(found)))
            complain(f"these articles are of {plural(len(found), 'story')}, {named}: split one story at a time")
            raise typer.Exit(2)
        (story,) = found
        others = [article for article in _members(archive, story) if article not in taken]
        if not others:
            complain(
                f"article {taken[0]} is all of story {story}: there is nothing to split"
                if len(taken) == 1
                else f"these are all articles of story {story}: name those that do not belong to it"
            )
            raise typer.Exit(2)
    with app.changing(config, purpose="stories split") as archive:
        room, now = app.story_room(), app.utc_now()
        together = [(taken[0], other) for other in taken[1:]]
        archive.rule(together, room, now, joined=True)
        archive.rule([(article, other) for article in taken for other in others], room, now, joined=False)
        _say(archive, [*others, *taken], config, as_json=as_json)


@commands.command()
def join(context: typer.Context, articles: Articles, as_json: AsJson = False) -> None:
    """Make the stories of these articles one, for good.

    Name one article of each. `roxham stories split` takes it back.
    """
    from monitor import app

    config = config_of(context)
    named = list(dict.fromkeys(articles))
    if len(named) < 2:
        complain("name two articles or more, one of each story")
        raise typer.Exit(2)
    with app.reading(config) as archive:
        found = dict.fromkeys(_story_of(archive, article, config) for article in named)
        members = [_members(archive, story) for story in found]
    if len(members) == 1:
        complain(f"they are one story already, {next(iter(found))}; now it stays so")
        members = [[article] for article in named]
    pairs_ = [
        (one, other)
        for place, first in enumerate(members)
        for second in members[place + 1 :]
        for one in first
        for other in second
    ]
    with app.changing(config, purpose="stories join") as archive:
        archive.rule(pairs_, app.story_room(), app.utc_now(), joined=True)
        _say(archive, named, config, as_json=as_json)


def _story_of(archive: "Archive", article_id: int, config: "Config") -> int:
    from monitor import app

    article = archive.article(article_id)
    if article is None:
        complain(f"no article {article_id} in {app.archive_path(config)}")
        raise typer.Exit(1)
    return article.story_id


def _members(archive: "Archive", story_id: int) -> list[int]:
    story = archive.story(story_id)
    return [] if story is None else sorted(member.article.id for member in story.members)


def _say(archive: "Archive", articles: Sequence[int], config: "Config", *, as_json: bool) -> None:
    """Shows the stories that these articles are of by now."""
    from monitor import export

    ids = dict.fromkeys(_story_of(archive, article, config) for article in articles)
    found = [story for story_id in ids if (story := archive.story(story_id)) is not None]
    if as_json:
        print_json([export.story(story) for story in found])
        return
    out = console()
    for story in found:
        for line in _lines(story, config):
            out.print(line)


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.add_typer(commands)
