"""One article for programs: as JSON, its versions as CSV and as a feed, and how each of them is cited."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from monitor import export
from monitor.citing import bibtex, csl, key, ris, sentence, sha256
from monitor.digest.plainly import headline, language_of, publisher_of
from monitor.types import Change, Feedback, Role
from monitor.web.entries import Entry, feed, table
from monitor.web.held import Held, asked, changes_of, holder
from monitor.web.site import Site
from monitor.web.stories import number_of
from monitor.web.twins import known

if TYPE_CHECKING:
    from monitor.web.words import Words


async def document(request: Request, site: Site) -> Response:
    """GET /articles/17.json: as `roxham show --json` has it, with where it came from; the text for readers."""
    found = await asked(request, site)
    visitor = site.visitor(request)
    changes = await asyncio.to_thread(changes_of, found)
    said = export.shown(found.article, found.versions, changes)
    if not visitor.role.may(Role.READER):
        said |= {"text": None, "summary": None}
    for each, kept in zip(said["history"], found.versions, strict=True):
        each["text_sha256"] = None if kept.text is None else sha256(kept.text)
    said["provenance"] = _provenance(found)
    said["told_count"] = len({told.reader for told in found.tellings})
    if visitor.role.may(Role.OPERATOR):
        said["told"] = [export.telling(each) for each in found.tellings]
    if visitor.role.may(Role.READER):
        said["feedback"] = [spoken(each) for each in found.said]
    return JSONResponse(said)


def spoken(feedback: Feedback) -> dict[str, Any]:
    """Returns what a reader said, for programs."""
    return {
        "id": feedback.id,
        "kind": feedback.kind.value,
        "topic": feedback.topic_id,
        "article": feedback.article_id,
        "url": feedback.url,
        "by": feedback.by,
        "at": export.when(feedback.at),
        "note": feedback.note,
    }


def _provenance(found: Held) -> dict[str, Any]:
    came = found.provenance
    return {
        "addresses": [
            {"url": each.url, "kind": each.kind.value, "first_seen_at": export.when(each.first_seen_at)}
            for each in came.addresses
        ],
        "listings": [
            {
                "source": each.source_id,
                "url": each.url,
                "title": each.title,
                "first_seen_at": export.when(each.first_seen_at),
                "last_seen_at": export.when(each.last_seen_at),
                "status": each.status,
            }
            for each in came.listings
        ],
        "visits": [
            {
                "version": number,
                "source": each.source_id,
                "visit": each.visit_id,
                "visited_at": export.when(each.visited_at),
                "status": each.status,
                "url": each.url,
            }
            for number, each in came.origins.items()
        ],
    }


_COLUMNS = (
    "article", "version", "title", "seen_at", "published_at", "updated_at", "partial", "words", "change", "reasons",
    "text_sha256",
)  # fmt: skip


async def rows(request: Request, site: Site) -> Response:
    """GET /articles/17.csv: its versions."""
    found = await asked(request, site)
    changes = await asyncio.to_thread(changes_of, found)
    said = (
        (
            found.article.id,
            each.number,
            each.title,
            export.when(each.seen_at),
            export.when(each.published_at),
            export.when(each.updated_at),
            each.partial,
            each.words,
            change.kind.value if change else None,
            " | ".join(reason.value for reason in change.reasons) if change else None,
            None if each.text is None else sha256(each.text),
        )
        for each in found.versions
        for change in (changes.get(each.number),)
    )
    name = f'attachment; filename="article-{found.article.id}.csv"'
    return Response(table(_COLUMNS, said), 200, {"Content-Disposition": name}, "text/csv")


async def atom(request: Request, site: Site) -> Response:
    """GET /articles/17.atom: its versions, so that whoever follows it sees what changed."""
    found = await asked(request, site)
    say = site.words(request)
    page = f"{site.onlooker.config.web.base_url}/articles/{found.article.id}"
    changes = await asyncio.to_thread(changes_of, found)
    author = publisher_of(found.article)
    entries = [
        Entry(
            id=f"{page}/versions/{each.number}",
            title=headline(each.title, say.dates),
            updated=each.seen_at,
            link=f"{page}/versions/{each.number}",
            author=author,
            summary=verdict(changes.get(each.number), say),
            language=language_of(found.article),
        )
        for each in found.versions
    ]
    title = headline(found.article.title, say.dates)
    body = feed(entries, title=f"{author}: {title}", page=page, own=f"{page}.atom", language=say.language)
    return known(request, body, {})


def verdict(change: Change | None, say: "Words") -> str | None:
    """Returns what became of a wording, in a few words."""
    if change is None:
        return None
    reasons = [say(f"article reason {reason}").unescape() for reason in change.reasons]
    said = say(f"article change {change.kind}").unescape()
    return f"{said}{say('article colon').unescape()}{', '.join(reasons)}" if reasons else said


_CITED: Mapping[str, str] = {
    "json": "application/vnd.citationstyles.csl+json",
    "ris": "application/x-research-info-systems",
    "bib": "application/x-bibtex",
    "txt": "text/plain",
}


async def cite(request: Request, site: Site) -> Response:
    """GET /articles/17/cite.bib?version=2"""
    form = request.path_params["form"]
    if form not in _CITED:
        raise HTTPException(404, "")
    found = await asked(request, site)
    wish = request.query_params.get("version")
    cited = export.as_of(found.article, found.version(number_of(wish)) if wish else found.versions[-1])
    item = csl(cited, holder(site.onlooker.config))
    if form == "json":
        answer: Response = JSONResponse([item], media_type=_CITED[form])
    else:
        plain = f"{sentence(item, site.words(request).language)}\n" if form == "txt" else None
        answer = Response(plain or (ris if form == "ris" else bibtex)(item), 200, media_type=_CITED[form])
    if form != "txt":
        answer.headers["Content-Disposition"] = f'attachment; filename="{key(cited)}.{form}"'
    return answer
