"""The page from which everything that answers is exported, as a stream."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from monitor import export
from monitor.app import version
from monitor.types import Role
from monitor.web.asked import Heard, hear, parameters
from monitor.web.site import Page, Site

if TYPE_CHECKING:
    from monitor.archive.sqlite import SQLiteArchive


async def exported(request: Request, site: Site) -> Response:
    """GET /export: a form; with `format` the file itself.

    The other parameters are those of the search. What is exported is what the archive held when it began.
    """
    config, now = site.onlooker.config, site.onlooker.clock()
    heard = hear(request.query_params.multi_items(), zone=config.timezone, now=now)
    form = request.query_params.get("format")
    if form not in list(export.Form) or heard.error or heard.wrong:
        return _asked_again(request, site, heard, status=200 if form is None else 422)
    chosen = export.Form(form)
    text, bom = request.query_params.get("text") != "no", request.query_params.get("bom") == "yes"

    def parts(archive: "SQLiteArchive") -> Iterator[bytes]:
        plan = export.plan(archive, config, heard.asked.wanted, program=f"Roxham {version()}", now=now)
        return export.stream(chosen, archive.articles(plan.wanted), plan, text=text, bom=bom)

    name = f"roxham-{now:%Y%m%dT%H%M%SZ}{chosen.ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if request.method == "HEAD":  # the server would make all of it, and send nothing
        return StreamingResponse(iter(()), 200, headers, chosen.media_type)
    stream = site.onlooker.stream(parts)
    first = await anext(stream, b"")  # what cannot begin is a page that says why
    return StreamingResponse(_from(first, stream), 200, headers, chosen.media_type)


async def _from(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    """Closes the stream also where the visitor leaves in the middle."""
    async with aclosing(rest):
        yield first
        async for part in rest:
            yield part


def _asked_again(request: Request, site: Site, heard: Heard, *, status: int) -> Response:
    say = site.words(request)
    return site.page(
        request,
        "export.html",
        title=say("export title"),
        nav="search",
        status=status,
        heard=heard,
        pairs=[pair for pair in parameters(heard.asked) if pair[0] not in ("after", "limit", "sort", "fold")],
        forms=list(export.Form),
        chosen=request.query_params.get("format"),
    )


PAGES = (Page(path="/export", handler=exported, methods={"GET": Role.RESEARCHER}, nav="search"),)
