"""`roxham show`: one article, its place in its story, its versions, and what changed from one to another."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.output import LARGEST, AsJson, complain, config_of, console, local, plural, print_json

if TYPE_CHECKING:
    from rich.text import Text

    from monitor.archive import Archive, Member, Story, ToldReader, Version
    from monitor.config import Config
    from monitor.stories.changes import Wording
    from monitor.stories.pieces import Piece
    from monitor.types import Change, Credit, Kept


def show(
    context: typer.Context,
    article_id: Annotated[int, typer.Argument(metavar="ID", max=LARGEST, help="An article's number.")],
    version: Annotated[
        int | None,
        typer.Option("--version", metavar="N", min=1, max=LARGEST, help="This version in place of the newest."),
    ] = None,
    diff: Annotated[
        bool, typer.Option("--diff", help="What changed: the newest version against the one before, word by word.")
    ] = False,
    earlier: Annotated[
        int | None, typer.Option("--from", metavar="N", min=1, max=LARGEST, help="With --diff: from this version.")
    ] = None,
    later: Annotated[
        int | None, typer.Option("--to", metavar="N", min=1, max=LARGEST, help="With --diff: to this version.")
    ] = None,
    against: Annotated[
        int | None,
        typer.Option(
            "--against",
            metavar="ID",
            max=LARGEST,
            help="With --diff: from another article, such as the origin of a pickup.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show one article: text, credit, story, why it matched, and its versions.

    Each version says whether it changed something of substance, by the rule in docs/changes.md. --from, --to and
    --against are enough without --diff.
    """
    from monitor import app

    compares = diff or earlier is not None or later is not None or against is not None
    if compares and version is not None:
        complain("--version shows one version; to compare two, write --from and --to")
        raise typer.Exit(2)
    config = config_of(context)
    with app.reading(config) as archive:
        shown = _held(archive, config, article_id)
        other = None if against is None else _held(archive, config, against)
        story = None if compares or version is not None else archive.story(shown.article.story_id)
        told = [] if compares or version is not None else archive.tellings(article_id)
    if compares:
        _compare(_chosen(shown, other, earlier, later), config, as_json=as_json)
    elif version is not None:
        _show_version(shown, shown.version(version), config, as_json=as_json)
    else:
        _show(shown, story, told, config, as_json=as_json)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """An article with its versions, oldest first."""

    article: "Kept"
    versions: "Sequence[Version]"

    def version(self, number: int) -> "Version":
        """Returns one version; ends the command where there is none of this number."""
        for each in self.versions:
            if each.number == number:
                return each
        complain(f"article {self.article.id} has no version {number}; its newest is {self.versions[-1].number}")
        raise typer.Exit(1)


def _held(archive: "Archive", config: "Config", article_id: int) -> _Held:
    from monitor import app

    article = archive.article(article_id)
    if article is None:
        complain(f"no article {article_id} in {app.archive_path(config)}")
        raise typer.Exit(1)
    return _Held(article=article, versions=archive.versions(article_id))


def wording(version: "Version", language: str | None) -> "Wording":
    """Returns what of a version is compared: the story without credits and the like, where the text holds one."""
    from monitor.extract.body import body
    from monitor.stories.changes import Wording

    return Wording(title=version.title, body=body(version.text, title=version.title, language=language) or version.text)


def _changes(held: _Held) -> "Mapping[int, Change]":
    """Returns what each version changed against the one before, where the texts of both are there."""
    from monitor.stories.changes import change

    language = held.article.language
    return {
        later.number: change(wording(earlier, language), wording(later, language))
        for earlier, later in pairwise(held.versions)
        if earlier.text is not None and later.text is not None
    }


# --- one article -----------------------------------------------------------------------------------------------------


def _show(held: _Held, story: "Story | None", told: "Sequence[ToldReader]", config: "Config", *, as_json: bool) -> None:
    from monitor import export

    article, changes = held.article, _changes(held)
    if as_json:
        print_json(export.shown(article, held.versions, changes) | {"told": [export.telling(each) for each in told]})
        return
    typer.echo(f"{article.title}\n")
    rows: list[tuple[str, object]] = [
        ("publisher", article.publisher),
        ("authors", ", ".join(article.authors) or None),
        *_credit(article.credit, article.authors),
        ("language", article.language),
        ("published", local(article.published_at, config.timezone)),
        ("first seen", local(article.first_seen_at, config.timezone)),
        ("story", f"{article.story_id}: {'' if story is None else _place(article, story)}"),
        ("withdrawn", "its agency has withdrawn the story; the text is erased" if article.withdrawn else None),
        ("sources", ", ".join(article.source_ids)),
        *(("address", url) for url in article.urls),
        *(("why", f"{m.topic_id}: {', '.join(m.terms)}{' (mention)' if m.mention else ''}") for m in article.matches),
        *((f"version {v.number}", _line(v, changes.get(v.number), config)) for v in held.versions),
        *(("told", _told(each, config)) for each in told),
    ]
    for name, value in rows:
        if value is not None:
            typer.echo(f"{name:>12}  {value}")
    typer.echo(f"\n{article.text or article.summary or '(no text is kept)'}")


def _told(told: "ToldReader", config: "Config") -> str:
    what = "that it was withdrawn" if told.withdrawn else f"version {told.version}"
    return f"{told.reader} in {told.subscription_id}, {local(told.at, config.timezone)}; by now {what}"


def _credit(credit: "Credit", authors: "Sequence[str]") -> list[tuple[str, object]]:
    """Returns what the text says of the agency it came from; writers who are named as authors already are left out."""
    language = {"en": " in English", "fr": " in French"}.get(credit.first_language or "", "")
    notice = credit.notice and credit.notice.value + (f", number {credit.take}" if credit.take else "")
    return [
        ("agency", credit.agency),
        ("writers", ", ".join(writer for writer in credit.writers if writer not in authors) or None),
        ("place", credit.place),
        ("first out", None if credit.first_published is None else f"{credit.first_published}{language}"),
        ("notice", notice),
        ("correction", credit.correction),
    ]


def _place(article: "Kept", story: "Story") -> str:
    """Returns `pickup with 34% of the origin, article 5 (Harrow Bay Courier); 6 articles`."""
    if len(story.members) == 1:
        return "its only article"
    count = plural(len(story.members), "article")
    origin = story.members[0].article
    if origin.id == article.id:
        return f"origin; {count}"
    share = share_of(next(member for member in story.members if member.article.id == article.id))
    of = f" with {share} of the origin" if share else " of the origin"
    return f"{article.relation.value}{of}, article {origin.id} ({origin.publisher}); {count}"


def share_of(member: "Member") -> str | None:
    """Returns how much of the origin a member kept, as `34%`; None where that is not known."""
    return None if member.kept is None else f"{member.kept:.0%}"


def _line(version: "Version", change: "Change | None", config: "Config") -> str:
    said = f"{local(version.seen_at, config.timezone)}, {version.words} words"
    return said + (", partial" if version.partial else "") + (f"; {verdict(change)}" if change is not None else "")


def verdict(change: "Change") -> str:
    """Returns `substantive: figure (a correction)`."""
    from monitor.types import ChangeKind

    if change.kind is ChangeKind.NONE:
        return "the story is the same"
    reasons = ", ".join(reason.value for reason in change.reasons)
    return f"{change.kind.value}: {reasons}" + (" (a correction)" if change.corrects else "")


def _show_version(held: _Held, version: "Version", config: "Config", *, as_json: bool) -> None:
    from monitor import export

    change = _changes(held).get(version.number)
    if as_json:
        print_json({"id": held.article.id} | export.version(version, change) | {"text": version.text})
        return
    typer.echo(f"{version.title}\n\n{f'version {version.number}':>12}  {_line(version, change, config)}")
    typer.echo(f"\n{version.text or '(no text is kept)'}")


# --- two wordings ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """Two versions that are compared, with the articles they are of."""

    before_of: "Kept"
    before: "Version"
    after_of: "Kept"
    after: "Version"

    @property
    def gone(self) -> "list[tuple[Kept, Version]]":
        """Those whose text is no longer there, or never was."""
        both = ((self.before_of, self.before), (self.after_of, self.after))
        return [(article, version) for article, version in both if version.text is None]


def _chosen(held: _Held, other: _Held | None, earlier: int | None, later: int | None) -> _Pair:
    after = held.versions[-1] if later is None else held.version(later)
    first = other or held
    if earlier is not None:
        before = first.version(earlier)
    elif other is not None:
        before = other.versions[-1]
    else:
        former = [version for version in held.versions if version.number < after.number]
        if not former:
            complain(
                f"version {after.number} is the first of article {held.article.id}; "
                "--against ID compares it with another article"
            )
            raise typer.Exit(1)
        before = former[-1]
    return _Pair(before_of=first.article, before=before, after_of=held.article, after=after)


def _compare(pair: _Pair, config: "Config", *, as_json: bool) -> None:
    from monitor.stories.changes import change
    from monitor.stories.pieces import diff

    ours = wording(pair.before, pair.before_of.language)
    theirs = wording(pair.after, pair.after_of.language)
    title = diff(ours.title, theirs.title)
    found = None if pair.gone else change(ours, theirs)
    pieces = None if pair.gone else diff(ours.body, theirs.body)
    if as_json:
        print_json(_document(pair, title, pieces, found))
        return
    _print(pair, title, pieces, found, config)


def _document(
    pair: _Pair, title: "Sequence[Piece]", pieces: "Sequence[Piece] | None", found: "Change | None"
) -> dict[str, Any]:
    from monitor import export

    return {
        "id": pair.after_of.id,
        "against": None if pair.before_of.id == pair.after_of.id else pair.before_of.id,
        "from": pair.before.number,
        "to": pair.after.number,
        "from_seen_at": export.when(pair.before.seen_at),
        "to_seen_at": export.when(pair.after.seen_at),
        "title": {"before": pair.before.title, "after": pair.after.title, "pieces": _pieces(title)},
        "pieces": None if pieces is None else _pieces(pieces),
        "change": None if found is None else export.change(found),
    }


def _pieces(pieces: "Sequence[Piece]") -> list[dict[str, str]]:
    return [{"kind": piece.kind.value, "text": piece.text} for piece in pieces]


def _print(
    pair: _Pair, title: "Sequence[Piece]", pieces: "Sequence[Piece] | None", found: "Change | None", config: "Config"
) -> None:
    from rich.text import Text

    out = console()
    written = _coloured if out.is_terminal and not out.no_color else _marked

    def say(text: "Text | str") -> None:
        out.print(text if isinstance(text, Text) else Text(text), soft_wrap=True)

    say(written(title))
    say(f"\n{'from':>12}  {_which(pair, pair.before_of, pair.before, config)}")
    say(f"{'to':>12}  {_which(pair, pair.after_of, pair.after, config)}")
    if found is not None:
        say(f"{'change':>12}  {verdict(found)}")
        for words in found.replaced:
            say(f"{'':>12}  {words.before or '(nothing)'} → {words.after or '(nothing)'}")
    for article, version in pair.gone:
        withdrawn = ": its agency has withdrawn it" if article.withdrawn else ""
        say(f"{'text':>12}  that of article {article.id}, version {version.number}, is not kept{withdrawn}")
    if pieces is not None:
        say("")
        say(written(pieces))


def _which(pair: _Pair, article: "Kept", version: "Version", config: "Config") -> str:
    of = "" if pair.before_of.id == pair.after_of.id else f"article {article.id} ({article.publisher}), "
    return f"{of}version {version.number}, {_line(version, None, config)}"


def _coloured(pieces: "Sequence[Piece]") -> "Text":
    return _written(pieces, lambda kind, words: (words, _STYLES[kind]))


def _marked(pieces: "Sequence[Piece]") -> "Text":
    return _written(pieces, lambda kind, words: (f"{_MARKS[kind]}[{words}]", ""))


_STYLES = {"removed": "red strike", "added": "green underline"}
_MARKS = {"removed": "-", "added": "+"}


def _written(pieces: "Sequence[Piece]", mark: Callable[[str, str], tuple[str, str]]) -> "Text":
    """Returns the pieces as one text; spaces and breaks around a change stay outside of its marks."""
    from rich.text import Text

    text = Text()
    for piece in pieces:
        words = piece.text.strip()
        if piece.kind.value == "same":
            text.append(piece.text)
        elif words:
            start = piece.text.index(words)
            text.append(piece.text[:start])
            text.append(*mark(piece.kind.value, words))
            text.append(piece.text[start + len(words) :])
        elif piece.kind.value == "added":
            text.append(piece.text)
    return text


def add_to(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(show)
