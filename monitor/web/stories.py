"""The page of one story: why it matched, who carried it and how much of it, its takes, its translation."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from monitor import export
from monitor.archive import Member, Story, Version
from monitor.digest.plainly import headline, language_of, publisher_of, safe_url
from monitor.errors import TooSlowError
from monitor.types import Change, Kept, Role
from monitor.web.entries import Entry, feed, table
from monitor.web.marking import marked
from monitor.web.reasons import paragraphs, why
from monitor.web.site import Page, Site, address
from monitor.web.twins import known
from monitor.web.words import Words

if TYPE_CHECKING:
    from monitor.archive import Archive

_LARGEST = 2**63 - 1  # a number in the archive
_SHOWN = 20  # carriers that stand there at once
_RELATED = 8  # stories whose headlines are shown
_TAKES = 12  # that are compared, each with the one before
_SPEAKING = 40  # members whose matches are looked at: copies say the same


def number_of(text: str) -> int:
    """Reads the number of a story, an article or a version in an address. Raises HTTPException (404)."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(f"{_LARGEST}") and int(text) <= _LARGEST):
        raise HTTPException(404, "")
    return int(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A member of a story as the page shows it."""

    member: Member
    title: str | None  # where it is not the origin's
    lang: str | None
    publisher: str
    href: str | None  # of the publisher's page

    @property
    def article(self) -> Kept:
        """The article."""
        return self.member.article

    @property
    def percent(self) -> int | None:
        """How much of the origin's text it kept, in hundredths; the origin itself has no share."""
        return None if self.member.kept is None else round(100 * self.member.kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One wording as the agency sent it: by whom it is carried, and what it changed of the one before."""

    number: int
    language: str | None
    titles: tuple[str, ...]
    articles: tuple[tuple[Kept, int], ...]  # with the version that has it; of several versions the newest
    change: Change | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the archive says of a story, all of one moment."""

    story: Story
    versions: Sequence[Version]  # of the origin
    takes: Sequence[tuple[Take, Version | None, Version | None]]  # with the texts that are to be compared
    beside: tuple[Kept, Kept] | None  # the same in English and French, where both texts are kept
    related: Sequence[tuple[int, Kept]] = ()


def told(archive: "Archive", story_id: int) -> Told | None:
    """Asks the archive; None where there is no such story."""
    from monitor.app import story_room

    story = archive.story(story_id)
    if story is None:
        return None
    found = Told(
        story=story,
        versions=archive.versions(story.members[0].article.id),
        takes=[] if story.withdrawn else _takes(archive, story),
        beside=None if story.withdrawn else _beside(archive, story),
    )
    with contextlib.suppress(TooSlowError):  # a story of names and figures that many have: it is shown without
        related = tuple(archive.related(story.id, story_room()))
        near = [(other, archive.story(other)) for other in related[:_RELATED]]
        titled = [(other, each.members[0].article) for other, each in near if each is not None]
        return replace(found, story=replace(story, related=related), related=titled)
    return found


def _takes(archive: "Archive", story: Story) -> list[tuple[Take, Version | None, Version | None]]:
    """Returns the takes, the origin's language first; of each, and of the one before it, the longest copy."""
    copies: dict[tuple[str | None, int], dict[int, tuple[Kept, int, str]]] = {}
    for member in story.members:
        for taken in member.takes:
            key = (member.article.language, taken.take)
            copies.setdefault(key, {})[member.article.id] = (member.article, taken.version, taken.title)
    if len(copies) < 2 or len({language for language, _ in copies}) == len(copies):
        return []  # one take in each language: nothing to tell of
    first = story.members[0].article.language
    order = sorted(copies, key=lambda key: (key[0] != first, key[0] or "", key[1]))[:_TAKES]
    longest = {key: _longest(archive, list(copies[key].values())) for key in order}
    return [
        (
            Take(
                number=key[1],
                language=key[0],
                titles=tuple(dict.fromkeys(title for _, _, title in copies[key].values())),
                articles=tuple((article, version) for article, version, _ in copies[key].values()),
                change=None,
            ),
            longest.get((key[0], key[1] - 1)),
            longest[key],
        )
        for key in order
    ]


def _longest(archive: "Archive", copies: Sequence[tuple[Kept, int, str]]) -> Version | None:
    """Returns the longest of the first copies that have a text: whoever cut it says less of the take."""
    versions = [
        version
        for article, number, _ in copies[:_SHOWN]
        for version in archive.versions(article.id)
        if version.number == number and version.text is not None
    ]
    return max(versions, key=lambda version: version.words, default=None)


def _beside(archive: "Archive", story: Story) -> tuple[Kept, Kept] | None:
    """Returns the first text in the origin's language, and the first in the other one, where both are kept."""
    found: dict[str, Kept] = {}
    languages = {member.article.language for member in story.members}
    if not {"en", "fr"} <= languages:
        return None
    for member in story.members:
        language = member.article.language
        if language in ("en", "fr") and language not in found:
            article = archive.article(member.article.id)
            if article is not None and article.text and not article.withdrawn:
                found[language] = article
        if len(found) == 2:
            first, second = found.values()
            return first, second
    return None


def carrier(member: Member, origin: Kept, say: Words) -> Carrier:
    """Returns a member as the page shows it."""
    article = member.article
    return Carrier(
        member=member,
        title=None if article.title == origin.title else headline(article.title, say.dates),
        lang=language_of(article),
        publisher=publisher_of(article),
        href=safe_url(article.url),
    )


async def _asked(request: Request, site: Site) -> tuple[Told, Response | None]:
    """Returns the story that the address names, or where it is now; numbers change when stories become one."""
    asked = number_of(request.path_params["story"])
    found = await site.onlooker.ask(told, asked)
    if found is None:
        raise HTTPException(404, "")
    if found.story.id == asked:
        return found, None
    ending = request.url.path.rpartition(".")[2] if "." in request.url.path else None
    path = f"/stories/{found.story.id}" + (f".{ending}" if ending else "")
    return found, RedirectResponse(address(path, lang=request.query_params.get("lang")), 303)


async def story(request: Request, site: Site) -> Response:
    """GET /stories/17"""
    found, moved = await _asked(request, site)
    if moved is not None:
        return moved
    say = site.words(request)
    config = site.onlooker.config
    shown = found.story
    origin = shown.members[0].article
    full = site.visitor(request).role.may(Role.READER)
    takes = await asyncio.to_thread(_compared, found.takes)
    carriers = [carrier(member, origin, say) for member in sorted(shown.members, key=_when)]
    return site.page(
        request,
        "story.html",
        title=headline(origin.title, say.dates),
        story=shown,
        origin=carrier(shown.members[0], origin, say),
        carriers=carriers[:_SHOWN],
        more=carriers[_SHOWN:],
        publishers=len({each.publisher for each in carriers}),
        reasons=[]
        if shown.withdrawn
        else why([member.article for member in shown.members[:_SPEAKING]], config.topics, say.language),
        takes=takes,
        versions=found.versions,
        related=[
            (other, carrier(_alone(kept), kept, say), headline(kept.title, say.dates)) for other, kept in found.related
        ],
        beside=[(kept, language_of(kept), paragraphs(kept.text or "")) for kept in found.beside]
        if full and found.beside
        else (),
        translated=found.beside is not None,
        full=full,
        marked=marked,
        pages={article.id: publisher_of(article) for take in takes for article, _ in take.articles},
        headers={"Cache-Control": "private, no-cache"},
    )


def _alone(article: Kept) -> Member:
    return Member(article=article, relation=article.relation, kept=article.kept)


def _when(member: Member) -> tuple[object, int]:
    return member.article.dated_at, member.article.id


def _compared(takes: Sequence[tuple[Take, Version | None, Version | None]]) -> list[Take]:
    """Says what each take changed. Headlines are the carriers' own, and left out."""
    from monitor.app import wording_change

    return [
        replace(take, change=wording_change(replace(before, title=""), replace(after, title=""), take.language))
        if before is not None and after is not None
        else take
        for take, before, after in takes
    ]


# --- for programs ----------------------------------------------------------------------------------------------------


_COLUMNS = (
    "story", "article", "publisher", "relation", "kept", "language", "title", "url", "published_at", "first_seen_at",
    "versions", "take", "withdrawn",
)  # fmt: skip


async def document(request: Request, site: Site) -> Response:
    """GET /stories/17.json: as `roxham stories --json` has it."""
    found, moved = await _asked(request, site)
    return moved or JSONResponse(export.story(found.story))


async def rows(request: Request, site: Site) -> Response:
    """GET /stories/17.csv: its carriers, by time."""
    found, moved = await _asked(request, site)
    if moved is not None:
        return moved
    said = (
        (
            found.story.id,
            article.id,
            publisher_of(article),
            member.relation.value,
            member.kept,
            article.language,
            article.title,
            article.url,
            export.when(article.published_at),
            export.when(article.first_seen_at),
            article.version,
            article.take,
            article.withdrawn,
        )
        for member in sorted(found.story.members, key=_when)
        for article in (member.article,)
    )
    name = f'attachment; filename="story-{found.story.id}.csv"'
    return Response(table(_COLUMNS, said), 200, {"Content-Disposition": name}, "text/csv")


async def atom(request: Request, site: Site) -> Response:
    """GET /stories/17.atom: its carriers as they came."""
    found, moved = await _asked(request, site)
    if moved is not None:
        return moved
    say, base = site.words(request), site.onlooker.config.web.base_url
    shown = found.story
    entries = [
        Entry(
            id=f"{base}/articles/{member.article.id}",
            title=f"{publisher_of(member.article)}: {headline(member.article.title, say.dates)}",
            updated=member.article.first_seen_at,
            link=safe_url(member.article.url) or f"{base}/articles/{member.article.id}",
            author=publisher_of(member.article),
            summary=_relation(member, say).unescape(),
            language=language_of(member.article),
        )
        for member in shown.members
    ]
    title = headline(shown.members[0].article.title, say.dates)
    page = f"{base}/stories/{shown.id}"
    body = feed(entries, title=title, page=page, own=f"{page}.atom", language=say.language)
    return known(request, body, {})


def _relation(member: Member, say: Words) -> Markup:
    said = say(f"story is {member.relation}")
    percent = None if member.kept is None else round(100 * member.kept)
    if percent is None or member.relation == "origin":
        return said
    return say("story relation kept", relation=said, share=say("story share", n=percent))


_READ: Mapping[str, Role] = {"GET": Role.VISITOR}
PAGES = (
    Page(path="/stories/{story}.json", handler=document, methods=_READ),
    Page(path="/stories/{story}.csv", handler=rows, methods=_READ),
    Page(path="/stories/{story}.atom", handler=atom, methods=_READ),
    Page(path="/stories/{story}", handler=story, methods=_READ, nav="search"),
)
