"""A page of answers for programs, with the very parameters of the search page: JSON, CSV, Atom (RFC 4287)."""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from monitor import export
from monitor.app import version
from monitor.archive import Counts, Found, FoundStory
from monitor.types import Kept, Role
from monitor.web import timeline
from monitor.web.asked import Asked, Heard, address, parameters
from monitor.web.search import Hit, Looked, hit, looked, said_of
from monitor.web.site import Page, Site
from monitor.web.words import Words

if TYPE_CHECKING:
    from lxml.etree import _Element

    from monitor.archive import Archive
    from monitor.config import Config

_ATOM = "http://www.w3.org/2005/Atom"
_XML = "http://www.w3.org/XML/1998/namespace"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2


async def json(request: Request, site: Site) -> Response:
    """GET /search.json: answers, counts and timeline as one document."""
    said, found = await looked(said_of(request, site), site)
    if found is None or said.wrong:
        return unusable(said)
    asked = said.asked
    document: dict[str, Any] = {"query": _query(asked)}
    if found.answer.stories or not found.answer.articles:
        document["stories"] = [story_of(each) for each in found.answer.stories]
    if found.answer.articles:
        document["articles"] = [found_of(each) for each in found.answer.articles]
    document["next"] = _next("/search.json", asked, found, site)
    counts = found.answer.counts
    document["counts"] = None if counts is None else counts_of(counts)
    document["timeline"] = (
        None if counts is None or found.line is None else timeline.document(found.line, asked, counts)
    )
    return JSONResponse(document, headers=_links(document["next"]))


async def csv(request: Request, site: Site) -> Response:
    """GET /search.csv: the answers of this page, a row each, without texts."""
    said, found = await looked(said_of(request, site), site)
    if found is None or said.wrong:
        return unusable(said)
    articles = [each.first.article if isinstance(each, FoundStory) else each.article for each in found.hits]
    config, now = site.onlooker.config, site.onlooker.clock()

    def planned(archive: "Archive") -> export.Plan:
        return export.plan(archive, config, said.asked.wanted, program=f"Roxham {version()}", now=now)

    plan = await site.onlooker.ask(planned)
    body = b"".join(export.stream(export.Form.CSV, articles, plan, text=False))
    headers = _links(_next("/search.csv", said.asked, found, site))
    headers["Content-Disposition"] = 'attachment; filename="search.csv"'
    return Response(body, 200, headers, export.Form.CSV.media_type)


async def atom(request: Request, site: Site) -> Response:
    """GET /search.atom: the answers of this page as a feed."""
    said, found = await looked(said_of(request, site), site)
    if found is None or said.wrong:
        return unusable(said)
    say = site.words(request)
    here = f"{site.onlooker.config.web.base_url}{address('/search.atom', said.asked)}"
    body = feed(said.asked, found, site, say, here=here, title=said.asked.q or str(say("search feed everything")))
    return known(request, body, _links(_next("/search.atom", said.asked, found, site)))


def known(request: Request, body: bytes, headers: dict[str, str]) -> Response:
    """Returns a feed, or 304 to who has it (RFC 9110, section 13.1.2)."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**headers, "ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept-Language, Cookie"}
    mine = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if tag in mine:
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, "application/atom+xml")


def unusable(said: Heard) -> Response:
    """Returns what is wrong with what was asked, each thing with its parameter and what would be right."""
    problems = [{"parameter": each.parameter, "what": each.what, "right": each.right or None} for each in said.wrong]
    detail = "; ".join(f"{each.parameter}: {each.value!r} {each.what}" for each in said.wrong)
    document: dict[str, Any] = {"error": "This cannot be read", "detail": detail, "problems": problems}
    if said.error is not None:
        problems.insert(0, {"parameter": "q", "what": str(said.error), "right": None})
        document |= {"detail": str(said.error), "start": said.error.start, "end": said.error.end}
    return JSONResponse(document, 400)


def feed(
    asked: Asked, found: Looked, site: Site, say: Words, *, here: str, title: str, made_at: datetime | None = None
) -> bytes:
    """Returns an Atom feed of answers: headlines, links, and the passages that answer; never a whole text.

    The ids of feed and entries stay the same, whatever else changes; an entry is newer when a new version of its
    article was read. `made_at` is its time where nothing answers.
    """
    from lxml import etree

    config = site.onlooker.config
    domain = parseaddr(config.mail.sender)[1].rpartition("@")[2] or "roxham.invalid"
    top = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})
    top.set(f"{{{_XML}}}lang", say.language)
    name = hashlib.sha256(urlencode(_lasting(asked)).encode()).hexdigest()[:32]
    _put(top, "id", f"tag:{domain},2026:search/{name}")
    _put(top, "title", str(say("search feed title", name=config.name, title=title).unescape()))
    newest = max((_changed_at(_article(each)) for each in found.hits), default=made_at or _midnight(site))
    _put(top, "updated", _when(newest))
    etree.SubElement(top, f"{{{_ATOM}}}link", rel="self", type="application/atom+xml", href=here)
    page = f"{config.web.base_url}{address('/search', asked.unpaged())}"
    etree.SubElement(top, f"{{{_ATOM}}}link", rel="alternate", type="text/html", href=page)
    if found.answer.after and "/search.atom" in here:
        after = _next("/search.atom", asked, found, site)
        etree.SubElement(top, f"{{{_ATOM}}}link", rel="next", type="application/atom+xml", href=after)
    for each in found.hits:
        _entry(top, hit(each, say), config, say, domain)
    return bytes(etree.tostring(top, encoding="UTF-8", xml_declaration=True, pretty_print=True))


def _entry(top: "_Element", shown: Hit, config: "Config", say: Words, domain: str) -> None:
    from lxml import etree

    article = shown.article
    entry = etree.SubElement(top, f"{{{_ATOM}}}entry")
    if shown.lang:
        entry.set(f"{{{_XML}}}lang", shown.lang)
    _put(entry, "id", f"tag:{domain},{article.first_seen_at:%Y-%m-%d}:article/{article.id}")
    _put(entry, "title", f"[{say('search withdrawn')}] {shown.title}" if article.withdrawn else shown.title)
    _put(entry, "updated", _when(_changed_at(article)))
    if article.published_at is not None:
        _put(entry, "published", _when(article.published_at))
    _put(etree.SubElement(entry, f"{{{_ATOM}}}author"), "name", shown.publisher)
    here = f"{config.web.base_url}/articles/{article.id}"
    etree.SubElement(entry, f"{{{_ATOM}}}link", rel="alternate", href=shown.href or here)
    etree.SubElement(entry, f"{{{_ATOM}}}link", rel="related", href=here)
    for match in article.matches:
        etree.SubElement(entry, f"{{{_ATOM}}}category", term=match.topic_id)
    summary = str(say("search feed withdrawn")) if article.withdrawn else shown.quote
    if summary:
        _put(entry, "summary", summary)


def _put(parent: "_Element", name: str, text: str) -> None:
    from lxml import etree

    etree.SubElement(parent, f"{{{_ATOM}}}{name}").text = _NO_XML.sub("\ufffd", text)


def _article(found: FoundStory | Found) -> Kept:
    return found.first.article if isinstance(found, FoundStory) else found.article


def _changed_at(article: Kept) -> datetime:
    return max(article.first_seen_at, article.read_at or article.first_seen_at)


def _midnight(site: Site) -> datetime:
    now = site.onlooker.clock().astimezone(UTC)
    return now - timedelta(hours=now.hour, minutes=now.minute, seconds=now.second, microseconds=now.microsecond)


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _lasting(asked: Asked) -> list[tuple[str, str]]:
    """What a feed is of, on whatever page."""
    return [(name, value) for name, value in parameters(asked.unpaged()) if name not in ("limit", "by", "bucket")]


def _next(path: str, asked: Asked, found: Looked, site: Site) -> str | None:
    after = found.answer.after
    return f"{site.onlooker.config.web.base_url}{address(path, asked.at(after))}" if after else None


def _links(following: str | None) -> dict[str, str]:
    return {"Link": f'<{following}>; rel="next"'} if following and len(following) < 4000 else {}


def _query(asked: Asked) -> dict[str, Any]:
    chosen = {facet.value: list(values) for facet, values in asked.chosen.items() if values}
    return {
        "q": asked.q,
        "read_as": None if asked.query is None else str(asked.query),
        **chosen,
        "since": export.when(asked.since_at),
        "until": export.when(asked.until_at),
        "sort": asked.sort.value,
        "fold": asked.fold.value,
    }


def story_of(found: FoundStory) -> dict[str, Any]:
    """Returns a story that answers, as JSON."""
    return {
        "id": found.story_id,
        "article": found_of(found.first),
        "answers": found.answers,
        "members": found.members,
        "carriers": list(found.carriers),
    }


def found_of(found: Found) -> dict[str, Any]:
    """Returns an article that answers, as JSON; of one that was withdrawn no passage."""
    document = export.found(found)
    snippet = None if found.article.withdrawn else found.snippet
    return document if snippet else document | {"snippet": None, "marks": []}


def counts_of(counts: Counts) -> dict[str, Any]:
    """Returns how many answer, by what, as JSON."""
    return {
        "articles": counts.articles,
        "stories": counts.stories,
        "facets": {
            facet.value: [{"value": value, "articles": articles} for value, articles in values]
            for facet, values in counts.facets.items()
        },
        "whole": counts.whole,
        "since": counts.since,
    }


def pages() -> Iterator[Page]:
    """Yields the twins of the search page."""
    for ending, handler in (("json", json), ("csv", csv), ("atom", atom)):
        yield Page(path=f"/search.{ending}", handler=handler, methods={"GET": Role.VISITOR})


PAGES = tuple(pages())
