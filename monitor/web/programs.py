"""The page that tells programs' authors what they can ask; and the API behind it."""

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from monitor.app import version
from monitor.types import Role
from monitor.web.site import Page, Site

if TYPE_CHECKING:
    from fastapi import FastAPI


def api(site: Site) -> "FastAPI":
    """Returns the API, to be mounted at /api/v1."""
    from monitor.web.api import made

    return made(site, version=version())


async def programs(request: Request, site: Site) -> Response:
    """GET /api: the operations, as the OpenAPI document has them."""
    document: dict[str, Any] = request.app.state.api.openapi()
    operations = [(path, said["get"]) for path, said in document["paths"].items()]
    return site.page(
        request,
        "programs.html",
        title=site.words(request)("api title"),
        operations=operations,
        base=site.onlooker.config.web.base_url,
    )


PAGES = (Page(path="/api", handler=programs, methods={"GET": Role.READER}),)
