"""The operators' pages of the sources: which one is ill, and all that is known of one."""

import asyncio
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from monitor import due, export, health
from monitor.archive import Archive, Listed, PastVisit, SourceFacts
from monitor.config import duration_text
from monitor.export.rows import harmless
from monitor.overview import sources as overview
from monitor.overview.sources import WORST_FIRST, Watched
from monitor.types import Condition, Day, ItemState, Remark, Role, Source, Span
from monitor.web.filled import done, form, number
from monitor.web.site import Page, Site, address
from monitor.web.words import Words

_PAGE = 200  # sources
_SPARK = 28  # days
_STRIP = 90  # days
_ANSWERS = 25
_ITEMS = 50
_GAPS = 10
_LONGEST = 200  # characters of the filter
_DAY = timedelta(days=1)
_DONE = {"told": True, "quietly": True, "nothing-held": False, "again": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """When a source was observed, day by day, as the paths of a drawing 20 high and 4 wide a day; and in words."""

    observed: str
    gaps: str
    before: str
    share: float  # of the time since it was added, 0 to 1
    holes: tuple[Span, ...]  # the newest first
    left: int  # further holes
    since: datetime | None  # when it was first visited, where that lies within


async def listing(request: Request, site: Site) -> Response:
    """GET /sources"""
    config, now = site.onlooker.config, site.onlooker.clock()
    known = await site.onlooker.ask(lambda archive: overview.watched(config, archive, now))
    asked = request.query_params.get("condition")
    wanted = next((each for each in Condition if each.value == asked), None)
    words = request.query_params.get("q", "")[:_LONGEST]
    found = [
        each
        for each in overview.worst_first(known)
        if (wanted is None or each.health.condition is wanted) and _has(each.source, words)
    ]
    start = number(request.query_params.get("from"), 0, len(found)) or 0
    counts = {c: sum(each.health.condition is c for each in known) for c in WORST_FIRST}
    say = site.words(request)
    return site.page(
        request,
        "sources.html",
        title=say("source title"),
        nav="sources",
        rows=found[start : start + _PAGE],
        found=len(found),
        all=len(known),
        start=start,
        more=start + _PAGE if len(found) > start + _PAGE else None,
        counts={c: n for c, n in counts.items() if n},
        wanted=wanted,
        words=words,
        held=[each for each in known if each.bursts],
        remarks=lambda each: remarks(say, each),
        spark=lambda each: spark(each.days, now.date()),
        done=done(request, _DONE),
    )


def _has(source: Source, words: str) -> bool:
    text = " ".join((source.id, source.name, source.publisher, source.kind, source.url)).casefold()
    return all(word in text for word in words.casefold().split())


def remarks(say: Words, known: Watched) -> list[Markup]:
    """Returns what there is to say of a source, the worst first, in the visitor's language."""
    return [_said(say, remark, known) for remark in known.health.remarks]


def _said(say: Words, remark: Remark, known: Watched) -> Markup:
    state, source = known.state, known.source
    if state is None or remark.condition in (Condition.OFF, Condition.NEW):
        return say(f"source remark {remark.condition}")
    error = Markup('<bdi lang="en">{}</bdi>').format(state.error or "–")
    match remark.condition:
        case Condition.ILL if state.last_good_at is None:
            return say.count("source remark never", state.failures, error=error)
        case Condition.ILL:
            return say.count("source remark ill", state.failures, since=say.when(state.last_good_at), error=error)
        case Condition.STALE:
            return say("source remark stale", since=say.when(state.last_good_at))
        case Condition.PARTIAL:
            return say("source remark partial", error=error)
        case Condition.BURST:
            return say.count("source remark burst", sum(burst.items for burst in known.bursts))
        case Condition.OVERRAN:
            every = duration_text(due.interval(source, state))
            return say("source remark overran", at=say.when(state.overran_at), every=every)
        case Condition.QUIET if state.listed or source.may_be_empty:
            return say("source remark quiet", since=say.when(state.last_new_at))
        case Condition.QUIET:
            return say("source remark empty")
        case Condition.MOVED:
            url = Markup("<bdi>{}</bdi>").format(state.moved_to or "–")
            return say("source remark moved", since=say.when(state.moved_at), url=url)
    return Markup('<span lang="en">{}</span>').format(remark.text)


def spark(days: Sequence[Day], today: date) -> str:
    """Returns the path of a drawing 24 high and 4 wide a day: what came on each of the last 28 days (UTC)."""
    new = {day.day: day.new for day in days}
    counts = [new.get(today - back * _DAY, 0) for back in range(_SPARK - 1, -1, -1)]
    most = max(counts)
    return "".join(f"M{4 * n + 2} 24v-{2 + round(21 * c / most)}" for n, c in enumerate(counts) if c)


def strip(spans: Sequence[Span], since: datetime | None, now: datetime, zone: ZoneInfo) -> Strip:
    """Returns when a source was observed in the last 90 days; `since`: when it was first visited, None: never."""
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    starts = [(midnight - back * _DAY).astimezone(UTC) for back in range(_STRIP - 1, -1, -1)]
    observed, gaps, before = [], [], []
    for place, start in enumerate(starts):
        end, x = min(start + _DAY, now), 4 * place + 2
        share = health.observed(spans, start, end) if end > start else 0.0
        if share:
            observed.append(f"M{x} 20v-{max(2, round(20 * share))}")
        if since is None or end <= since:
            before.append(f"M{x} 20v-2")
        elif share < 1 and (share or start >= since):
            gaps.append(f"M{x} {20 - round(20 * share)}V0")
    begin = None if since is None else max(since, starts[0])
    holes = [] if begin is None else _holes(spans, begin, now)
    time = None if begin is None else (now - begin) / _DAY
    missed = sum(((hole.until - hole.since) / _DAY for hole in holes), 0.0)
    return Strip(
        observed="".join(observed),
        gaps="".join(gaps),
        before="".join(before),
        share=0.0 if not time else max(0.0, 1 - missed / time),
        holes=tuple(reversed(holes[-_GAPS:])),
        left=max(0, len(holes) - _GAPS),
        since=since if since is not None and since > starts[0] else None,
    )


def _holes(spans: Sequence[Span], begin: datetime, now: datetime) -> list[Span]:
    """The times in which it was not observed; since its last good visit is no hole yet, unless that is long ago."""
    edges = [begin, *(edge for span in spans for edge in (span.since, span.until)), now]
    holes = [Span(since=a, until=b) for a, b in list(pairwise(edges))[::2] if b > a]
    if spans and holes and holes[-1].until == now and now - holes[-1].since < timedelta(hours=3):
        holes.pop()
    return [hole for hole in holes if hole.until - hole.since > timedelta(minutes=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that the page of one source tells."""

    watched: Watched
    facts: SourceFacts | None
    answers: list[PastVisit]
    waiting: list[Listed]
    rejected: list[Listed]
    spans: Sequence[Span]


async def _known(request: Request, site: Site) -> Known:
    """Raises HTTPException 404 for a source that is not configured."""
    config, now = site.onlooker.config, site.onlooker.clock()
    source = _source(request, site)

    def asked(archive: Archive) -> Known:
        (watched,) = overview.watched(replace(config, sources=(source,)), archive, now)
        return Known(
            watched=watched,
            facts=archive.source_facts(source.id),
            answers=archive.last_visits(source.id, _ANSWERS),
            waiting=archive.listed([ItemState.PENDING, ItemState.SET_ASIDE], source=source.id, limit=_ITEMS),
            rejected=archive.listed([ItemState.REJECTED], source=source.id, limit=_ITEMS),
            spans=archive.observed(now - (_STRIP + 1) * _DAY, now).get(source.id, ()),
        )

    return await site.onlooker.ask(asked)


def _source(request: Request, site: Site) -> Source:
    wanted = request.path_params["id"]
    for source in site.onlooker.config.sources:
        if source.id == wanted:
            return source
    raise HTTPException(404)


async def one(request: Request, site: Site) -> Response:
    """GET /sources/ID"""
    known, now = await _known(request, site), site.onlooker.clock()
    source, state, folder = known.watched.source, known.watched.state, site.onlooker.folder
    entry = None if folder is None else await asyncio.to_thread(overview.entry, folder, source.id)
    say = site.words(request)
    zone, shown = ZoneInfo(site.onlooker.config.timezone), overview.without_secrets(source.url)
    return site.page(
        request,
        "source.html",
        title=source.name,
        nav="sources",
        known=known,
        each=known.watched,
        source=source,
        every=duration_text(source.every),
        slowest=source.slowest and duration_text(source.slowest),
        remarks=remarks(say, known.watched),
        spark=spark(known.watched.days, now.date()),
        strip=strip(known.spans, state.first_visit_at if state else None, now, zone),
        aside=[item for item in known.waiting if item.state is ItemState.SET_ASIDE],
        entry=entry,
        shown=shown,
        link=shown == source.url and source.url.startswith(("http://", "https://")),
        done=done(request, _DONE),
    )


async def one_document(request: Request, site: Site) -> Response:
    """GET /sources/ID.json"""
    known = await _known(request, site)
    watched, facts = known.watched, {} if known.facts is None else {known.watched.source.id: known.facts}
    return JSONResponse(
        _document(watched, facts)
        | {
            "days": [{"day": f"{day.day}", "visits": day.visits, "new": day.new} for day in watched.days],
            "observed": [{"since": export.when(s.since), "until": export.when(s.until)} for s in known.spans],
            "held_back": [{"at": export.when(b.at), "items": b.items, "reason": b.reason} for b in watched.bursts],
            "answers": [
                {
                    "started_at": export.when(each.started_at),
                    "finished_at": export.when(each.finished_at),
                    "outcome": each.outcome,
                    "status": each.status,
                    "found": each.found,
                    "new": each.new,
                    "repeats": each.repeats,
                    "error": each.error,
                }
                for each in known.answers
            ],
            "waiting": [export.item(item) for item in known.waiting],
            "rejected_items": [export.item(item) for item in known.rejected],
        }
    )


def _document(known: Watched, facts: Mapping[str, SourceFacts]) -> dict[str, Any]:
    """A source as `roxham sources --json` prints it, but for what may be a secret in its address."""
    said = export.source(known.source, facts, known.next_at, known.health)
    return said | {"url": overview.without_secrets(said["url"])}


async def document(request: Request, site: Site) -> Response:
    """GET /sources.json: the list, as `roxham sources --json` prints it."""
    return JSONResponse(await _documents(site))


async def table(request: Request, site: Site) -> Response:
    """GET /sources.csv: the list, a row each."""
    written = io.StringIO()
    documents = [
        {**each, "remarks": " ".join(remark["text"] for remark in each["remarks"])} for each in await _documents(site)
    ]
    rows = csv.DictWriter(written, list(documents[0]) if documents else ["id"])
    rows.writeheader()
    for each in documents:
        rows.writerow({key: harmless(value) if isinstance(value, str) else value for key, value in each.items()})
    headers = {"Content-Disposition": 'attachment; filename="sources.csv"'}
    return Response(written.getvalue(), 200, headers, "text/csv")


async def _documents(site: Site) -> list[dict[str, Any]]:
    config, now = site.onlooker.config, site.onlooker.clock()

    def asked(archive: Archive) -> list[dict[str, Any]]:
        facts, known = archive.facts(), overview.watched(config, archive, now)
        return [_document(each, facts) for each in known]

    return await site.onlooker.ask(asked)


async def release(request: Request, site: Site) -> Response:
    """POST /sources/ID/release: lets out what came in bulk, or, `how=quietly`, tells nobody of it one by one."""
    source, fields = _source(request, site), await form(request)
    tell = fields.get("how") != "quietly"
    now = site.onlooker.clock()
    released = await site.onlooker.change(lambda archive: overview.release(archive, source.id, now, tell=tell))
    items = None if released is None else released[0]
    what = "nothing-held" if released is None else "told" if tell else "quietly"
    path = f"/sources/{source.id}" if fields.get("back") == "one" else "/sources"
    return RedirectResponse(address(path, done=what, n=items), 303)


async def retry(request: Request, site: Site) -> Response:
    """POST /sources/ID/retry: reads an item (`item=17`), or all of the source that wait or were set aside, again."""
    source, fields = _source(request, site), await form(request)
    wanted = number(fields["item"]) if fields.get("item") else None

    def again(archive: Archive) -> int:
        mine = [each.item_id for each in archive.listed([ItemState.PENDING, ItemState.SET_ASIDE], source=source.id)]
        chosen = mine if not fields.get("item") else [wanted] if wanted in mine else []
        return archive.retry([each for each in chosen if each is not None])

    count = await site.onlooker.change(again)
    return RedirectResponse(address(f"/sources/{source.id}", done="again", n=count), 303)


PAGES = (
    Page(path="/sources", handler=listing, methods={"GET": Role.OPERATOR}, nav="sources"),
    Page(path="/sources.json", handler=document, methods={"GET": Role.OPERATOR}),
    Page(path="/sources.csv", handler=table, methods={"GET": Role.OPERATOR}),
    Page(path="/sources/{id}.json", handler=one_document, methods={"GET": Role.OPERATOR}),
    Page(path="/sources/{id}", handler=one, methods={"GET": Role.OPERATOR}, nav="sources"),
    Page(path="/sources/{id}/release", handler=release, methods={"POST": Role.OPERATOR}),
    Page(path="/sources/{id}/retry", handler=retry, methods={"POST": Role.OPERATOR}),
)
