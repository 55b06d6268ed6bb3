"""What runs now: the service, its configuration, what is under way and due next; and the answers for watchdogs."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from monitor.app import version
from monitor.archive import Archive, Figures
from monitor.errors import MonitorError
from monitor.overview import digests, service
from monitor.overview.service import Status
from monitor.overview.sources import watched
from monitor.types import Role, Slot, Source, Subscription
from monitor.web.filled import done
from monitor.web.metrics import size, tally_of
from monitor.web.site import Page, Site

_SOON = 8  # visits and digests that are due next
_QUEUE = 10  # sources with items that wait
_DONE = {"seen": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """The service and its archive at one moment."""

    status: Status
    figures: Figures
    size: int  # bytes of the archive's files
    next_visits: list[tuple[datetime, Source]]
    queue: list[tuple[Source, int, int]]  # sources with the most items that wait: pending, set aside


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """What the service of this process does at this moment."""

    visits: list[Source]
    readings: list[tuple[Source, int]]


async def running(request: Request, site: Site) -> Response:
    """GET /running?pause=1: refreshed every few seconds, unless paused"""
    config, path, now = site.onlooker.config, site.onlooker.path, site.onlooker.clock()
    tally = tally_of(request)

    def asked(archive: Archive) -> Now:
        known = watched(config, archive, now)
        due = sorted(((each.next_at, each.source) for each in known if each.next_at), key=lambda pair: pair[0])
        waiting = [each for each in known if each.pending or each.set_aside]
        return Now(
            status=service.status(config, archive, path, now, config.fingerprint),
            figures=tally.figures(archive),
            size=size(path),
            next_visits=due[:_SOON],
            queue=[
                (each.source, each.pending, each.set_aside)
                for each in sorted(waiting, key=lambda each: -each.pending - each.set_aside)[:_QUEUE]
            ],
        )

    found = await site.onlooker.ask(asked)
    slots: list[tuple[Slot, Subscription]] = [
        (slot, each) for each in config.subscriptions for slot in digests.coming(each, now)
    ]
    return site.page(
        request,
        "running.html",
        title=site.words(request)("running title"),
        nav="running",
        found=found,
        said=found.status,
        current=found.status.running is not None and service.is_current(found.status.running, found.status.fingerprint),
        next_digests=sorted(slots, key=lambda pair: pair[0].at)[:_SOON],
        under_way=_under_way(site),
        version=version(),
        zone=ZoneInfo(config.timezone),
        path=path,
        paused="pause" in request.query_params,
        done=done(request, _DONE),
    )


def _under_way(site: Site) -> UnderWay | None:
    """What the service does; None where it is not in this process."""
    if site.onlooker.line is None:
        return None
    line = site.onlooker.line()
    sources = {source.id: source for source in line.config.sources}
    reading = [(sources[id_], count) for id_, count in line.collect.reading.most_common() if id_ in sources]
    return UnderWay(visits=[sources[id_] for id_ in sorted(line.collect.visiting) if id_ in sources], readings=reading)


async def status(request: Request, site: Site) -> Response:
    """GET /status: what `roxham status --json` prints."""
    config, path, now = site.onlooker.config, site.onlooker.path, site.onlooker.clock()
    said = await site.onlooker.ask(lambda archive: service.status(config, archive, path, now, config.fingerprint))
    return JSONResponse(service.document(said), headers={"Cache-Control": "no-store"})


async def readyz(request: Request, site: Site) -> Response:
    """GET /readyz: 200 where pages can be answered, 503 where the archive cannot be read; no more, for all may ask."""
    try:
        await site.onlooker.ask(lambda archive: archive.newest())
    except MonitorError:
        return PlainTextResponse(
            "not ready: the archive cannot be read, or another version of the program made it\n", 503
        )
    return PlainTextResponse("ready\n")


PAGES = (
    Page(path="/running", handler=running, methods={"GET": Role.OPERATOR}, nav="running"),
    Page(path="/status", handler=status, methods={"GET": Role.OPERATOR}),
    Page(path="/readyz", handler=readyz, methods={"GET": Role.VISITOR}, open=True),
)
