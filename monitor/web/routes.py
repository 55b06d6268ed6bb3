"""Every address of the site, with who may use it; and the application made of them."""

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from monitor.web import (
    articles,
    exporting,
    feedback,
    metrics,
    outbox,
    programs,
    running,
    saved,
    search,
    signing,
    sources,
    stories,
    subscriptions,
    topics,
    twins,
)
from monitor.web.doors import doors
from monitor.web.guarding import Guarded
from monitor.web.metrics import Measured, Tally
from monitor.web.packing import Packed
from monitor.web.pages import assembled, is_mailed
from monitor.web.site import Page, Site, static_file
from monitor.web.who import Gate

if TYPE_CHECKING:
    from monitor.app import Onlooker

PAGES: tuple[Page, ...] = (
    *search.PAGES,
    *stories.PAGES,
    *articles.PAGES,
    *feedback.PAGES,
    *twins.PAGES,
    *saved.PAGES,
    *exporting.PAGES,
    *programs.PAGES,
    *sources.PAGES,
    *topics.PAGES,
    *subscriptions.PAGES,
    *outbox.PAGES,
    *running.PAGES,
    *metrics.PAGES,
    *signing.PAGES,
)
"""Every page but those that mails lead to, static files and the sign of life, which are open to all."""

_MOST = 300_000  # bytes of a request's body: a topics file of a thousand forms


def application(onlooker: "Onlooker") -> Starlette:
    """See monitor.web.site."""
    gate = Gate(onlooker)
    here = Site(onlooker, gate)
    config = onlooker.config

    def fault(request: Request, status: int, text: object | None = None) -> Response:
        return here.fault(request, status, text)

    api = programs.api(here)
    app = assembled(
        doors(onlooker),
        name=config.name,
        contact=config.operator or config.contact,
        routes=[
            Route("/static/{name}", static_file, methods=["GET"]),
            *(Route(page.path, here.guarded(page), methods=list(page.methods)) for page in PAGES),
            Mount("/api/v1", api),
        ],
        middleware=[
            Middleware(Measured, tally=Tally()),
            Middleware(Packed),
            Middleware(Guarded, gate=gate, onlooker=onlooker, fault=fault, is_open=_is_open),
        ],
        fault=fault,
        most=_MOST,
    )
    app.state.api = api  # its page shows what it says of itself
    return app


def _is_open(path: str) -> bool:
    """Says whether a path is of those that anybody may open, as often as they like."""
    return is_mailed(path) or path.startswith("/static/")
