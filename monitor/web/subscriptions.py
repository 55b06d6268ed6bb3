"""The operators' pages of the digests: who is told of what, when, how far each got; and previews."""

import asyncio
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from monitor import app, export
from monitor.app import previewing
from monitor.archive import Archive
from monitor.config import duration_text
from monitor.config.addresses import mailbox
from monitor.errors import DeliveryError
from monitor.overview import digests as overview
from monitor.overview import letter
from monitor.overview.digests import Standing
from monitor.types import Digest, Format, Message, Outgoing, Pause, Role, Slot, Subscription
from monitor.web.filled import done, form, moment, note
from monitor.web.site import Page, Site, address

log = structlog.get_logger("roxham")

_FEW = 3  # readers that the list names
_MANY = 200  # readers that a digest's page names
_SLOTS = 5
_TEST_WITHIN = 25.0  # seconds for a mail server to take a test: browsers, and our own server, wait little longer
_LEAP_YEAR = 2000
_DONE = {
    "paused": True,
    "resumed": True,
    "nobody": False,
    "test-sent": False,
    "test-failed": False,
    "test-address": False,
}
LETTER = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "style-src 'unsafe-inline'; sandbox"
)
"""The policy of a mail that is shown within a page: it loads nothing, runs nothing, leads nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A digest, as the list has it."""

    subscription: Subscription
    next: Slot | None
    readers: list[Standing]  # the first few
    pauses: list[Pause]
    last: Outgoing | None


async def listing(request: Request, site: Site) -> Response:
    """GET /subscriptions"""
    config, now = site.onlooker.config, site.onlooker.clock()

    def asked(archive: Archive) -> list[Listed]:
        pauses, listed = archive.pauses(), []
        for each in config.subscriptions:
            newest = archive.outbox(digest=each.id, limit=1)
            listed.append(
                Listed(
                    subscription=each,
                    next=next(iter(overview.coming(each, now)), None),
                    readers=overview.standing(archive, each, most=_FEW),
                    pauses=overview.concerning(each, pauses),
                    last=newest[0] if newest else None,
                )
            )
        return listed

    say = site.words(request)
    return site.page(
        request,
        "subscriptions.html",
        title=say("subscription title"),
        nav="subscriptions",
        digests=await site.onlooker.ask(asked),
        topics={topic.id: topic.title.get(say.language) or topic.id for topic in config.topics},
        done=done(request, _DONE),
    )


async def document(request: Request, site: Site) -> Response:
    """GET /subscriptions.json: the list, as `roxham digests --json` prints it."""
    config, now = site.onlooker.config, site.onlooker.clock()
    pauses = await site.onlooker.ask(lambda archive: archive.pauses())
    return JSONResponse(
        [
            export.subscription(each, overview.coming(each, now), overview.concerning(each, pauses))
            for each in config.subscriptions
        ]
    )


def _chosen(request: Request, site: Site) -> Subscription:
    wanted = request.path_params["id"]
    for each in site.onlooker.config.subscriptions:
        if each.id == wanted:
            return each
    raise HTTPException(404)


def _reader(request: Request, subscription: Subscription) -> str | None:
    """The reader whom the address names; None: the first."""
    wanted = request.query_params.get("reader") or None
    if wanted is not None and wanted not in subscription.to:
        raise HTTPException(404)
    return wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A digest as its reader would get it."""

    digest: Digest
    message: Message
    takes: Format
    text: str
    has_page: bool  # whether it has HTML


def _shown(site: Site, subscription: Subscription, reader: str | None, at: datetime | None, archive: Archive) -> Shown:
    """Composes and renders in the thread of the question; nothing is kept."""
    config = site.onlooker.config
    digest = previewing.preview(config, archive, subscription.id, reader, at, site.onlooker.clock)
    takes = previewing.takes(config, digest.reader)
    message = previewing.rendered(config, digest, takes)
    text = letter.plain(message)
    if takes is Format.JSON:
        text = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    return Shown(digest=digest, message=message, takes=takes, text=text, has_page=letter.markup(message) is not None)


async def one(request: Request, site: Site) -> Response:
    """GET /subscriptions/ID?reader=&at=: the digest, and its preview."""
    subscription, config, now = _chosen(request, site), site.onlooker.config, site.onlooker.clock()
    reader = _reader(request, subscription)
    at = moment(request.query_params.get("at"), subscription.timezone)

    def asked(archive: Archive) -> tuple[list[Standing], list[Pause], Shown]:
        readers = overview.standing(archive, subscription, most=_MANY)
        pauses = overview.concerning(subscription, archive.pauses())
        return readers, pauses, _shown(site, subscription, reader, at, archive)

    readers, pauses, shown = await site.onlooker.ask(asked)
    say = site.words(request)
    yearly = [date(_LEAP_YEAR, month, day) for month, day in subscription.not_on_yearly]
    return site.page(
        request,
        "subscription.html",
        title=subscription.title.get(say.language) or next(iter(subscription.title.values()), subscription.id),
        nav="subscriptions",
        digest=subscription,
        topics={topic.id: topic.title.get(say.language) or topic.id for topic in config.topics},
        coming=overview.coming(subscription, now, _SLOTS),
        never=_runs(subscription.not_on),
        yearly=_runs(yearly),
        gather=duration_text(subscription.gather) if subscription.at.at_once and subscription.gather else None,
        readers=readers,
        pauses=pauses,
        shown=shown,
        at=at and at.astimezone(now.tzinfo),
        asked_at=request.query_params.get("at", "") if at else "",
        done=done(request, _DONE),
        frame=address(f"/subscriptions/{subscription.id}/preview.html", reader=reader, at=at and at.isoformat()),
    )


def _runs(days: Collection[date]) -> list[tuple[date, date]]:
    """Returns the dates as stretches: of several that follow each other the first and the last."""
    ordered = sorted(days)
    breaks = [place for place, (a, b) in enumerate(pairwise(ordered), 1) if b - a != timedelta(days=1)]
    edges = [0, *breaks, len(ordered)]
    return [(ordered[a], ordered[b - 1]) for a, b in pairwise(edges) if b > a]


async def preview(request: Request, site: Site) -> Response:
    """GET /subscriptions/ID/preview.html?reader=&at=: the HTML alone, for the frame of the page."""
    subscription = _chosen(request, site)
    reader, at = _reader(request, subscription), moment(request.query_params.get("at"), subscription.timezone)
    shown = await site.onlooker.ask(lambda archive: _shown(site, subscription, reader, at, archive))
    return framed(letter.markup(shown.message))


def framed(markup: str | None) -> Response:
    """Returns the HTML of a mail as a page that loads nothing. HTTPException 404 where there is none."""
    if markup is None:
        raise HTTPException(404)
    return Response(markup, 200, {"Content-Security-Policy": LETTER}, "text/html")


async def pause(request: Request, site: Site) -> Response:
    """POST /subscriptions/ID/pause: `reader` alone, or everybody; `note` says why."""
    subscription, fields = _chosen(request, site), await form(request)
    readers, now = _named(fields.get("reader"), subscription.to), site.onlooker.clock()
    why = note(fields.get("note", ""))
    paused = await site.onlooker.change(lambda archive: overview.pause(archive, subscription.id, readers, now, why))
    return _after(subscription, "paused" if paused else "nobody", len(paused) or None)


async def resume(request: Request, site: Site) -> Response:
    """POST /subscriptions/ID/resume: `reader` alone, or everybody but who unsubscribed; `from_now`: nothing is told."""
    subscription, fields = _chosen(request, site), await form(request)
    now, from_now = site.onlooker.clock(), "from_now" in fields

    def change(archive: Archive) -> int:
        who = overview.paused(subscription, archive.pauses())
        readers = _named(fields.get("reader"), who.known)
        if not fields.get("reader"):
            readers = [each for each in readers if each not in who.by_wish]
        return len(overview.resume(archive, subscription.id, readers, who, now, from_now=from_now))

    resumed = await site.onlooker.change(change)
    return _after(subscription, "resumed" if resumed else "nobody", resumed or None)


def _named(reader: str | None, known: Sequence[str]) -> list[str]:
    if not reader:
        return list(dict.fromkeys(known))
    if reader not in known:
        raise HTTPException(404)
    return [reader]


async def send_test(request: Request, site: Site) -> Response:
    """POST /subscriptions/ID/test: sends what `reader` would be told to the address `to`, marked as a test."""
    subscription, fields = _chosen(request, site), await form(request)
    to, reader = fields.get("to", "").strip(), fields.get("reader") or None
    if reader is not None and reader not in subscription.to:
        raise HTTPException(404)
    try:
        mailbox(to)
    except ValueError:
        return _after(subscription, "test-address", None)
    config, path, clock = site.onlooker.config, site.onlooker.path, site.onlooker.clock

    def send() -> None:
        with app.reading_file(path) as archive:
            digest = previewing.preview(config, archive, subscription.id, reader, None, clock)
            previewing.send_test(config, archive, digest, to)

    try:
        await asyncio.wait_for(asyncio.to_thread(send), _TEST_WITHIN)
    except (DeliveryError, TimeoutError) as error:
        log.warning("test not sent", digest=subscription.id, reason=str(error) or "nobody answered in time")
        return _after(subscription, "test-failed", None)
    return _after(subscription, "test-sent", None)


def _after(subscription: Subscription, what: str, count: int | None) -> Response:
    return RedirectResponse(address(f"/subscriptions/{subscription.id}", done=what, n=count), 303)


PAGES = (
    Page(path="/subscriptions", handler=listing, methods={"GET": Role.OPERATOR}, nav="subscriptions"),
    Page(path="/subscriptions.json", handler=document, methods={"GET": Role.OPERATOR}),
    Page(path="/subscriptions/{id}", handler=one, methods={"GET": Role.OPERATOR}, nav="subscriptions"),
    Page(path="/subscriptions/{id}/preview.html", handler=preview, methods={"GET": Role.OPERATOR}),
    Page(path="/subscriptions/{id}/pause", handler=pause, methods={"POST": Role.OPERATOR}),
    Page(path="/subscriptions/{id}/resume", handler=resume, methods={"POST": Role.OPERATOR}),
    Page(path="/subscriptions/{id}/test", handler=send_test, methods={"POST": Role.OPERATOR}),
)
