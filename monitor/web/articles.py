"""The pages of one article: its text as kept, its versions and what changed, where it came from, how it is cited."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from monitor import export
from monitor.archive import Version
from monitor.citing import csl, sentence, sha256
from monitor.digest.plainly import headline, language_of, publisher_of, safe_url
from monitor.types import FeedbackKind, Kept, Role
from monitor.web import article_forms as forms
from monitor.web.diffing import Difference, compared
from monitor.web.held import Held, asked, changes_of, holder
from monitor.web.marking import marked
from monitor.web.reasons import Why, highlighted, paragraphs, title_of, why
from monitor.web.site import Page, Site
from monitor.web.stories import carrier, number_of

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.web.words import Words

_BY_HAND = "by-hand:"


async def article(request: Request, site: Site) -> Response:
    """GET /articles/17; ?from=1&to=2 shows what changed."""
    found = await asked(request, site)
    pair = _pair(request, found)
    return await _page(request, site, found, found.versions[-1], pair)


async def version(request: Request, site: Site) -> Response:
    """GET /articles/17/versions/2"""
    found = await asked(request, site)
    return await _page(request, site, found, found.version(number_of(request.path_params["version"])), None)


def _pair(request: Request, found: Held) -> tuple[Version, Version] | None:
    """Returns the versions that are to be compared. Raises HTTPException (404) for what there is not."""
    said = request.query_params
    if "from" not in said and "to" not in said:
        return None
    later = found.version(number_of(said["to"])) if said.get("to") else found.versions[-1]
    if said.get("from"):
        return found.version(number_of(said["from"])), later
    earlier = [each for each in found.versions if each.number < later.number]
    return (earlier[-1], later) if earlier else None


async def _page(
    request: Request, site: Site, found: Held, shown: Version, pair: tuple[Version, Version] | None
) -> Response:
    say, config = site.words(request), site.onlooker.config
    visitor = site.visitor(request)
    full = visitor.role.may(Role.READER)
    as_read = export.as_of(found.article, shown)
    reasons = [] if found.article.withdrawn else why([found.article], config.topics, say.language)
    view = await asyncio.to_thread(_worked_out, found, as_read, pair, config, full=full)
    item = csl(as_read, holder(config))
    old = shown.number != found.article.version
    title = headline(shown.title, say.dates)
    return site.page(
        request,
        "article.html",
        title=say("article title of version", title=title, n=shown.number) if old else title,
        heading=title,
        held=found,
        article=found.article,
        shown=shown,
        as_read=as_read,
        old=old,
        language=language_of(found.article),
        publisher=publisher_of(found.article),
        href=safe_url(found.article.url),
        member=_member(found, say),
        full=full,
        reasons=reasons,
        notes=_notes(found, shown, config),
        pair=pair,
        citation=sentence(item, say.language),
        cited=f"{config.web.base_url}/articles/{found.article.id}/versions/{shown.number}",
        names={source.id: source.name for source in config.sources},
        by_hand=_BY_HAND,
        safe_url=safe_url,
        marked=marked,
        hashes={each.number: sha256(each.text) for each in found.versions if each.text is not None},
        answers=_answers(found, reasons, config, say.language) if full else (),
        said=[(each, title_of(each.topic_id, config.topics, say.language)) for each in found.said],
        kinds=FeedbackKind,
        operator=visitor.role.may(Role.OPERATOR),
        headers={"Cache-Control": "private, no-cache"},
        **view,
    )


def _worked_out(
    found: Held, as_read: Kept, pair: tuple[Version, Version] | None, config: "Config", *, full: bool
) -> dict[str, Any]:
    """Returns what costs more than a look: run in a thread."""
    text: list[str] = []
    if full and pair is None and as_read.text:
        text = highlighted(as_read, config.topics)
    elif full and pair is None and not as_read.text and as_read.summary:
        text = paragraphs(as_read.summary)
    difference: Difference | None = None
    titles: Difference | None = None
    if pair is not None:
        titles = compared(pair[0].title, pair[1].title)
        if full and pair[0].text is not None and pair[1].text is not None:
            difference = compared(pair[0].text, pair[1].text)
    changes = changes_of(found)
    change = None
    if pair is not None:
        from monitor.app import wording_change

        change = wording_change(pair[0], pair[1], found.article.language)
    return {"text": text, "difference": difference, "titles": titles, "changes": changes, "change": change}


def _member(found: Held, say: "Words") -> Any:
    """Returns the article's part in its story, as the story's page has it."""
    if found.story is None:
        return None
    members = found.story.members
    mine = next((member for member in members if member.article.id == found.article.id), None)
    return None if mine is None else carrier(mine, members[0].article, say)


def _notes(found: Held, shown: Version, config: "Config") -> list[tuple[str, str]]:
    """Returns what there is to say of how whole a text is: keys of phrases, each with the class of its paragraph."""
    from monitor.pipeline.past import Excerpts

    notes: list[tuple[str, str]] = []
    if found.article.withdrawn:
        notes.append(("article withdrawn", "bad"))
    elif shown.text is None and shown.words and not shown.partial:
        notes.append(("article erased", "warn"))
    elif shown.text is None:
        notes.append(("article no text", "warn"))
    if shown.partial and not found.article.withdrawn:
        notes.append(("article partial", "warn"))
    if found.article in Excerpts(config.sources) and shown.text is not None:
        notes.append(("article excerpt", "warn"))
    return notes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a reader can say of a topic, and what they said."""

    topic_id: str
    title: str
    found: bool  # by the topic; else it may have been missed


def _answers(found: Held, reasons: Sequence[Why], config: "Config", language: str) -> list[Answer]:
    """Returns the topics that found it first, then the others."""
    matched = {each.topic_id for each in reasons} | {match.topic_id for match in found.article.matches}
    answers = [
        Answer(topic_id=topic.id, title=title_of(topic.id, config.topics, language), found=topic.id in matched)
        for topic in config.topics
    ]
    return sorted(answers, key=lambda answer: not answer.found)


_READ: Mapping[str, Role] = {"GET": Role.VISITOR}
PAGES = (
    Page(path="/articles/{article}.json", handler=forms.document, methods=_READ),
    Page(path="/articles/{article}.csv", handler=forms.rows, methods=_READ),
    Page(path="/articles/{article}.atom", handler=forms.atom, methods=_READ),
    Page(path="/articles/{article}/cite.{form}", handler=forms.cite, methods=_READ),
    Page(path="/articles/{article}/versions/{version}", handler=version, methods=_READ, nav="search"),
    Page(path="/articles/{article}", handler=article, methods=_READ, nav="search"),
)
