"""The operators' pages of the outbox: what waits, what failed, what was sent; one mail as its reader got it."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from monitor import export
from monitor.archive import Archive
from monitor.overview import letter
from monitor.overview.messages import is_held, is_settled
from monitor.types import Alarm, OutboxHold, Outgoing, Role, SendState
from monitor.web.filled import done, form, note, number
from monitor.web.site import Page, Site, address
from monitor.web.subscriptions import framed

_PAGE = 50  # messages
_LONGEST = 320  # characters of a filter: no address is longer (RFC 3696)
_AT_ONCE = 500  # messages that one button sends again
_DONE = {
    "again": True,
    "again-paused": False,
    "again-held": False,
    "dropped": False,
    "left": False,
    "released": False,
    "not-held": False,
    "seen": True,
    "none": False,
    "erased": False,
}
_UNSENT = "unsent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A page of the outbox."""

    messages: list[Outgoing]  # the newest first
    before: int | None  # where the next page begins
    counts: dict[SendState, int]
    held: int  # messages that may have arrived and wait for an operator
    hold: OutboxHold | None
    alarms: list[Alarm]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for."""

    state: str | None
    reader: str | None
    digest: str | None
    before: int | None


def _asked(request: Request) -> Asked:
    state = request.query_params.get("state")
    return Asked(
        state=state if state in (_UNSENT, *(each.value for each in SendState)) else None,
        reader=request.query_params.get("reader", "").strip()[:_LONGEST] or None,
        digest=request.query_params.get("digest", "").strip()[:_LONGEST] or None,
        before=number(request.query_params.get("before"), 1),
    )


async def _listed(request: Request, site: Site) -> tuple[Asked, Listed]:
    asked = _asked(request)

    def listed(archive: Archive) -> Listed:
        states = [SendState(asked.state)] if asked.state not in (None, _UNSENT) else []
        found = archive.outbox(
            open_only=asked.state == _UNSENT,
            states=states,
            reader=asked.reader,
            digest=asked.digest,
            limit=_PAGE + 1,
            before=asked.before,
        )
        counts = dict(archive.outbox_counts())
        doubts = archive.outbox(states=[SendState.DOUBT], limit=_AT_ONCE) if counts[SendState.DOUBT] else []
        return Listed(
            messages=found[::-1][:_PAGE],
            before=found[1].id if len(found) > _PAGE else None,
            counts=counts,
            held=sum(map(is_held, doubts)),
            hold=archive.outbox_hold(),
            alarms=list(archive.alarms(untold_only=True)),
        )

    return asked, await site.onlooker.ask(listed)


async def listing(request: Request, site: Site) -> Response:
    """GET /outbox?state=&reader=&digest=&before="""
    asked, found = await _listed(request, site)
    say = site.words(request)
    return site.page(
        request,
        "outbox.html",
        title=say("outbox title"),
        nav="outbox",
        asked=asked,
        found=found,
        states=[_UNSENT, *(each.value for each in SendState)],
        digests=[each.id for each in site.onlooker.config.subscriptions],
        is_held=is_held,
        done=done(request, _DONE),
    )


async def document(request: Request, site: Site) -> Response:
    """GET /outbox.json: a page of messages, newest first, each as `roxham outbox --json` prints it."""
    asked, found = await _listed(request, site)
    following = found.before and address(
        "/outbox.json", state=asked.state, reader=asked.reader, digest=asked.digest, before=found.before
    )
    return JSONResponse(
        {
            "messages": [export.outgoing(each) for each in found.messages],
            "next": following,
            "counts": {state.value: count for state, count in found.counts.items()},
            "held": found.hold and export.hold(found.hold),
        }
    )


async def _message(request: Request, site: Site) -> Outgoing:
    """Raises HTTPException 404 where there is none."""
    wanted = number(request.path_params["n"])
    found = None if wanted is None else await site.onlooker.ask(lambda archive: archive.message(wanted))
    if found is None:
        raise HTTPException(404)
    return found


async def one(request: Request, site: Site) -> Response:
    """GET /outbox/N"""
    found = await _message(request, site)
    message = found.message
    return site.page(
        request,
        "outbox_message.html",
        title=message.subject,
        nav="outbox",
        found=found,
        message=message,
        named={} if found.erased else letter.headers(message),
        text=None if found.erased else letter.plain(message),
        has_page=not found.erased and letter.markup(message) is not None,
        held=is_held(found),
        settled=is_settled(found),
        done=done(request, _DONE),
    )


async def mail(request: Request, site: Site) -> Response:
    """GET /outbox/N/mail.html: the HTML as it was sent, for the frame of the page."""
    found = await _message(request, site)
    return framed(None if found.erased else letter.markup(found.message))


async def retry(request: Request, site: Site) -> Response:
    """POST /outbox/N/retry: sends it once more; `again` also where it was sent or dropped."""
    found, fields, now = await _message(request, site), await form(request), site.onlooker.clock()
    if found.erased:
        return _after(found.id, "erased")
    if is_settled(found) and "again" not in fields:
        return _after(found.id, "left")

    def again(archive: Archive) -> str:
        if not archive.retry_message(found.id, now):
            return "left"
        if archive.outbox_hold() is not None:
            return "again-held"
        paused = {(pause.digest_id, pause.reader) for pause in archive.pauses()}
        held_up = paused & {(None, found.message.to), (found.message.digest_id, found.message.to)}
        return "again-paused" if held_up else "again"

    return _after(found.id, await site.onlooker.change(again))


async def retry_all(request: Request, site: Site) -> Response:
    """POST /outbox/retry: `which=failed` or `held`: sends once more what was refused, or may have arrived."""
    fields, now = await form(request), site.onlooker.clock()
    which = fields.get("which")
    if which not in ("failed", "held"):
        raise HTTPException(400)
    state = SendState.FAILED if which == "failed" else SendState.DOUBT

    def again(archive: Archive) -> int:
        chosen = [
            each
            for each in archive.outbox(states=[state], limit=_AT_ONCE)
            if not each.erased and (state is SendState.FAILED or is_held(each))
        ]
        return sum(archive.retry_message(each.id, now) for each in chosen)

    count = await site.onlooker.change(again)
    return RedirectResponse(address("/outbox", done="again" if count else "none", n=count), 303)


async def drop(request: Request, site: Site) -> Response:
    """POST /outbox/N/drop: ends a message that was not sent; `reason` is kept as its receipt."""
    found, fields, now = await _message(request, site), await form(request), site.onlooker.clock()
    reason = note(fields.get("reason", "")) or "an operator dropped it"
    dropped = not is_settled(found) and await site.onlooker.change(
        lambda archive: archive.drop_message(found.id, reason, now)
    )
    return _after(found.id, "dropped" if dropped else "left")


async def release(request: Request, site: Site) -> Response:
    """POST /outbox/release: sends again from an archive that was put back."""
    now = site.onlooker.clock()
    released = await site.onlooker.change(lambda archive: archive.release_outbox(now))
    return RedirectResponse(address("/outbox", done="released" if released else "not-held"), 303)


async def seen(request: Request, site: Site) -> Response:
    """POST /outbox/seen: an operator has seen the alarms up to the number `upto`."""
    fields, now = await form(request), site.onlooker.clock()
    upto = number(fields.get("upto"))
    if upto is None:
        raise HTTPException(400)

    def mark(archive: Archive) -> int:
        shown = [alarm.id for alarm in archive.alarms(untold_only=True) if alarm.id <= upto]
        archive.commit_alarms(shown, None, now)
        return len(shown)

    count = await site.onlooker.change(mark)
    back = "/running" if fields.get("back") == "running" else "/outbox"
    return RedirectResponse(address(back, done="seen", n=count), 303)


def _after(outgoing_id: int, what: str) -> Response:
    return RedirectResponse(address(f"/outbox/{outgoing_id}", done=what), 303)


PAGES = (
    Page(path="/outbox", handler=listing, methods={"GET": Role.OPERATOR}, nav="outbox"),
    Page(path="/outbox.json", handler=document, methods={"GET": Role.OPERATOR}),
    Page(path="/outbox/retry", handler=retry_all, methods={"POST": Role.OPERATOR}),
    Page(path="/outbox/release", handler=release, methods={"POST": Role.OPERATOR}),
    Page(path="/outbox/seen", handler=seen, methods={"POST": Role.OPERATOR}),
    Page(path="/outbox/{n}", handler=one, methods={"GET": Role.OPERATOR}, nav="outbox"),
    Page(path="/outbox/{n}/mail.html", handler=mail, methods={"GET": Role.OPERATOR}),
    Page(path="/outbox/{n}/retry", handler=retry, methods={"POST": Role.OPERATOR}),
    Page(path="/outbox/{n}/drop", handler=drop, methods={"POST": Role.OPERATOR}),
)
