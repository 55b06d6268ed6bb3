"""The JSON API: what the pages show, for programs; it describes itself (OpenAPI) at /api/v1/openapi.json.

FastAPI reads what is asked, says what is wrong with it, and keeps answers to what the document promises; the questions
themselves are those of the pages (asked.py). Everything is for researchers, by a token or a session (who.py).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from monitor.errors import ArchiveError, MonitorError, TooSlowError
from monitor.query import QueryError
from monitor.types import Role
from monitor.web.api.models import Fault
from monitor.web.api.operations import routers

if TYPE_CHECKING:
    from monitor.web.site import Site

PATH = "/api/v1"
NEEDED = Role.RESEARCHER
_FAULTS: dict[int | str, dict[str, Any]] = {
    401: {"model": Fault, "description": "Nobody knows who asks."},
    403: {"model": Fault, "description": "Their role does not allow this."},
    422: {"model": Fault, "description": "A parameter, or the query, cannot be read."},
    429: {
        "model": Fault,
        "description": "Asked too often.",
        "headers": {"Retry-After": {"schema": {"type": "integer"}}},
    },
    503: {"model": Fault, "description": "Took too long and was stopped, or the archive cannot be read now."},
}
_SAID = """\
The archive of this installation. Lists are read page by page: give `next` of one as `after` of the following. However
many articles arrive meanwhile, pages neither skip nor repeat one. Times are ISO 8601 in UTC; what is not known is null.
"""


def made(site: "Site", *, version: str) -> FastAPI:
    """Returns the application, to be mounted at `PATH`."""

    def allowed(request: Request) -> None:
        visitor = site.visitor(request)
        if not visitor.role.may(NEEDED):
            raise HTTPException(403 if visitor.known else 401)

    app = FastAPI(
        title=site.onlooker.config.name,
        summary="News that was watched, kept once, and told once.",
        description=_SAID,
        version=version,
        servers=[{"url": PATH}],
        root_path_in_servers=False,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(HTTPBearer(auto_error=False, description="A token: `roxham web token`."))],
        responses=_FAULTS,
        redirect_slashes=False,
    )
    for router in routers(site):
        app.include_router(router, dependencies=[Depends(allowed)])

    async def faulty(request: Request, error: Exception) -> JSONResponse:
        return _answer(site, request, error)

    for kind in (HTTPException, RequestValidationError, QueryError, MonitorError, Exception):
        app.add_exception_handler(kind, faulty)
    return app


def _answer(site: "Site", request: Request, error: Exception) -> JSONResponse:
    match error:
        case HTTPException():
            return _fault(site, request, error.status_code, error.detail, headers=error.headers)
        case RequestValidationError():
            return _fault(site, request, 422, None, [_problem(each) for each in error.errors()])
        case QueryError():
            right = error.pointed()
            return _fault(site, request, 422, str(error), [{"parameter": "q", "what": str(error), "right": right}])
        case TooSlowError():
            return _fault(site, request, 503, str(error) or None)
        case ArchiveError():
            return _fault(site, request, 503, str(error))
    return _fault(site, request, 500, None)


def _fault(
    site: "Site",
    request: Request,
    status: int,
    detail: str | None,
    problems: Sequence[dict[str, Any]] = (),
    *,
    headers: Any = None,
) -> JSONResponse:
    say = site.words(request)
    key = str(status) if status in (400, 401, 403, 404, 405, 413, 422, 429, 500, 503) else "404"
    said = detail if detail and detail not in _PHRASES else str(say(key))
    answer = JSONResponse({"error": str(say(f"{key} title")), "detail": said, "problems": list(problems)}, status)
    answer.headers.update(headers or ({"WWW-Authenticate": 'Bearer realm="roxham"'} if status == 401 else {}))
    return answer


_PHRASES = {"Unauthorized", "Forbidden", "Not Found", "Method Not Allowed"}  # that Starlette fills in


def _problem(error: Any) -> dict[str, Any]:
    where = [str(part) for part in error["loc"][1:]]
    return {"parameter": ".".join(where) or "?", "what": str(error["msg"]), "right": None}
