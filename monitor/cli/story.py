"""`roxham stories show`: one story in full: its takes, who carried which of them, and what each take changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.output import LARGEST, AsJson, complain, config_of, console, local, print_json
from monitor.cli.showing import share_of, verdict, wording

if TYPE_CHECKING:
    from rich.table import Table

    from monitor.archive import Archive, Member, Story, Version
    from monitor.config import Config
    from monitor.types import Change

_LANGUAGES = {"en": "English", "fr": "French", None: "language unknown"}
_REPLACED = 3  # replaced words that are shown of a change; `roxham show --diff` shows all


def show(
    context: typer.Context,
    story_id: Annotated[int, typer.Argument(metavar="STORY", max=LARGEST, help="A story's number.")],
    as_json: AsJson = False,
) -> None:
    """Show one story: takes, carriers, what changed.

    A take is one wording as the agency sent it: the first, a write-thru, a correction. The share behind an article is
    how much of the origin's text it has.
    """
    from monitor import app, export

    config = config_of(context)
    with app.reading(config) as archive:
        story = archive.story(story_id)
        if story is None:
            complain(f"no story {story_id} in {app.archive_path(config)}{_meant(archive, story_id)}")
            raise typer.Exit(1)
        story = replace(story, related=tuple(archive.related(story.id, app.story_room())))
        takes = _takes(archive, story)
        changes = list(_changes(archive, takes))
        titles = {other: _title(archive, other) for other in story.related}
    if as_json:
        told = [
            {"language": each.language, "from": each.earlier, "to": each.later, "change": export.change(each.change)}
            for each in changes
        ]
        print_json(export.story(story) | {"changes": told})
        return
    _print(story, takes, changes, titles, config)


def topics_of(story: "Story") -> str | None:
    """Returns the topics that any of its articles is about."""
    return ", ".join(sorted({match.topic_id for member in story.members for match in member.article.matches})) or None


def related_to(stories: Sequence[int]) -> str | None:
    """Returns `related: stories 1, 12`."""
    return f"related: {'story' if len(stories) == 1 else 'stories'} {', '.join(map(str, stories))}" if stories else None


def _meant(archive: "Archive", number: int) -> str:
    """Numbers of articles and of stories are easily taken for each other."""
    article = archive.article(number)
    return "" if article is None else f"; article {number} is of story {article.story_id}"


def _title(archive: "Archive", story_id: int) -> str:
    story = archive.story(story_id)
    return "" if story is None else story.members[0].article.title


# --- takes -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """A version of a member, as one of a take's copies."""

    member: "Member"
    version: int
    title: str
    at: datetime  # when it came out, as well as can be known


_Takes = Mapping[tuple[str | None, int], Sequence[_Copy]]
"""By language and number of the take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Changed:
    """What a take says that the one before it in its language did not."""

    language: str | None
    earlier: int
    later: int
    change: "Change"


def _takes(archive: "Archive", story: "Story") -> _Takes:
    """Returns the copies of each take, the origin's language first, then the first take.

    Of the versions of one article that are copies of the same take the newest stands for all.
    """
    found: dict[tuple[str | None, int], dict[int, _Copy]] = {}
    for member in story.members:
        article = member.article
        later = {v.number: _out_at(v) for v in archive.versions(article.id)} if article.version > 1 else {}
        for taken in member.takes:
            at = later.get(taken.version, article.dated_at)
            copy = _Copy(member=member, version=taken.version, title=taken.title, at=at)
            found.setdefault((article.language, taken.take), {})[article.id] = copy
    first = story.members[0].article.language
    order = sorted(found, key=lambda key: (key[0] != first, key[0] or "", key[1]))
    return {key: list(found[key].values()) for key in order}


def _out_at(version: "Version") -> datetime:
    return version.updated_at or version.published_at or version.seen_at


def _changes(archive: "Archive", takes: _Takes) -> Iterator[_Changed]:
    """Holds the longest text of each take against that of the take before it, where both are kept.

    Headlines are the carriers' own, and left out.
    """
    from monitor.stories.changes import Wording, change

    longest = {key: _longest(archive, copies) for key, copies in takes.items()}
    for (language, take), later in longest.items():
        earlier = longest.get((language, take - 1))
        if earlier is not None and later is not None:
            before, after = (Wording(title="", body=wording(each, language).body) for each in (earlier, later))
            yield _Changed(language=language, earlier=take - 1, later=take, change=change(before, after))


def _longest(archive: "Archive", copies: Sequence[_Copy]) -> "Version | None":
    versions = [
        version
        for each in copies
        for version in archive.versions(each.member.article.id)
        if version.number == each.version and version.text is not None
    ]
    return max(versions, key=lambda version: version.words, default=None)


# --- for people ------------------------------------------------------------------------------------------------------


def _print(
    story: "Story", takes: _Takes, changes: Sequence[_Changed], titles: Mapping[int, str], config: "Config"
) -> None:
    from rich.text import Text

    out = console()
    origin = story.members[0].article
    out.print(Text(f"story {story.id}  ").append(origin.title, style="bold"))
    agency, first = origin.credit.agency, origin.credit.first_published
    known = [
        ("topics", topics_of(story)),
        ("agency", f"{agency}, first published {first}" if agency and first else agency),
        ("withdrawn", "its agency has withdrawn it; the texts are erased" if story.withdrawn else None),
        *(("related", f"story {other}  {title}") for other, title in titles.items()),
    ]
    for name, said in known:
        if said is not None:
            out.print(Text(f"{name:>12}  {said}"))
    told = {(each.language, each.later): each for each in changes}
    for key, copies in takes.items():
        language, take = key
        out.print(Text(f"\n{_LANGUAGES.get(language, language)}, take {take}", style="bold"))
        if key in told:
            for line in _changed(told[key]):
                out.print(Text(line, style="dim"))
        out.print(_table(copies, story, config))


def _changed(changed: _Changed) -> Iterator[str]:
    yield f"  after take {changed.earlier}: {verdict(changed.change)}"
    for words in changed.change.replaced[:_REPLACED]:
        yield f"    {words.before or '(nothing)'} → {words.after or '(nothing)'}"
    if (left := len(changed.change.replaced) - _REPLACED) > 0:
        yield f"    … and {left} more"


def _table(copies: Sequence[_Copy], story: "Story", config: "Config") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    for justify in ("right", "left", "right", "left"):
        table.add_column(justify=justify, no_wrap=True)
    table.add_column(overflow="fold")
    for each in copies:
        article = each.member.article
        newest = each.version == article.version
        who = Text(article.publisher + ("" if article.version == 1 else f" (version {each.version})"))
        if each.title != story.members[0].article.title:
            who.append(f"\n{each.title}", style="dim")
        table.add_row(
            f"{article.id:>6}",
            each.member.relation.value if newest else "",
            (share_of(each.member) or "") if newest else "",
            local(each.at, config.timezone),
            who,
        )
    return table
