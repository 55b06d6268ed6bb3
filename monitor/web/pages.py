"""The pages that mails lead to, and what surrounds every page: headers, faults, limits."""

import asyncio
import hashlib
import os
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

import structlog
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from monitor.errors import MonitorError
from monitor.web.phrases import PHRASES, language

if TYPE_CHECKING:
    from jinja2 import Template
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from monitor.web import Doors

    Fault = Callable[[Request, int], Response]

log = structlog.get_logger("roxham")

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}\Z")
_FEED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
_MOST = 10_000  # bytes of a request's body
_MAILED = re.compile(r"/(unsubscribe|digests|feeds|livez)(/|\Z)")
_LONGEST_PATH = 1000
_NOTHING = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
_ALWAYS = {
    "Content-Security-Policy": f"{_NOTHING}; form-action 'none'",
    "Referrer-Policy": "no-referrer",  # the address is the secret
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_DIGEST = f"{_NOTHING}; form-action 'none'; style-src 'unsafe-inline'"  # as mails have it; nothing is loaded by it


def is_mailed(path: str) -> bool:
    """Says whether a path is of the pages that mails lead to, or the sign of life."""
    return _MAILED.match(path) is not None


def application(doors: "Doors", *, name: str, contact: str) -> Starlette:
    """See monitor.web.create."""
    return assembled(doors, name=name, contact=contact, routes=(), middleware=(), fault=None)


def assembled(
    doors: "Doors",
    *,
    name: str,
    contact: str,
    routes: "Sequence[BaseRoute]",
    middleware: Sequence[Middleware],
    fault: "Fault | None",
    most: int = _MOST,
) -> Starlette:
    """Returns the pages that mails lead to, with further routes beside them.

    `fault` answers what goes wrong elsewhere than on pages that mails lead to; `most`: bytes of a request's body.
    """
    pages = _Pages(doors, _Frame.made(name, contact), fault)
    app = Starlette(
        routes=[
            Route("/unsubscribe/{token}", pages.subscription, methods=["GET", "POST"]),
            Route("/digests/{token}", pages.digest, methods=["GET"]),
            Route("/feeds/{name}.atom", pages.feed, methods=["GET"]),
            Route("/livez", pages.livez, methods=["GET"]),
            *routes,
        ],
        middleware=[
            Middleware(_Guard, pages=pages),
            Middleware(RequestBodyLimitMiddleware, max_body_size=most),
            *middleware,
        ],
        exception_handlers={
            HTTPException: pages.refused,
            MonitorError: pages.unable,
            ClientDisconnect: _nobody,
        },
    )
    app.router.redirect_slashes = False  # it would answer with an address made from the Host header
    return app


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all pages have in common."""

    template: "Template"
    policy: str
    name: str
    contact: dict[str, str]

    @classmethod
    def made(cls, name: str, contact: str) -> "_Frame":
        from jinja2 import Environment, PackageLoader, StrictUndefined

        environment = Environment(
            loader=PackageLoader("monitor.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        style = environment.get_template("page.css").render()
        known = b64encode(hashlib.sha256(style.encode()).digest()).decode()
        return cls(
            template=environment.get_template("page.html"),
            policy=f"{_NOTHING}; form-action 'self'; style-src 'sha256-{known}'",
            name=name,
            contact={"text": contact, "href": contact if "://" in contact else f"mailto:{quote(contact, safe='@')}"},
        )

    def page(
        self,
        request: Request,
        what: str,
        *,
        status: int = 200,
        digest: str | None = None,
        reader: str | None = None,
        button: str | None = None,
        undo: bool = False,
    ) -> Response:
        """Returns the page of this name in the visitor's language; `button` is the phrase on it, None: it has none."""
        code = language(request.query_params.get("lang"), request.headers.get("accept-language", ""))
        say = PHRASES[code]
        body = self.template.render(
            language=code,
            say=say,
            other=None if request.method == "POST" else say["other"],  # following it would look undone
            title=say[f"{what} title"],
            text=say[what],
            name=self.name,
            contact=self.contact,
            digest=digest,
            reader=reader,
            button=button and say[button],
            undo=undo,
        )
        headers = {"Content-Security-Policy": self.policy, "Content-Language": code, "Vary": "Accept-Language"}
        return Response(body, status, headers, "text/html")


class _Pages:
    """One method an address."""

    def __init__(self, doors: "Doors", frame: _Frame, fault: "Fault | None") -> None:
        self._doors = doors
        self._frame = frame
        self._fault = fault

    async def subscription(self, request: Request) -> Response:
        """Says what the link ends; a POST ends it, or takes that back.

        Looking changes nothing: mail programs and scanners open links before people do. Of what is posted only the undo
        button matters: the token is the proof.
        """
        body, token = await request.body(), _token(request)
        found = await self._doors.subscribed(token)
        if found is None:
            raise HTTPException(404)
        title, _, reader = found
        if request.method != "POST":
            return self._frame.page(request, "ask", digest=title, reader=reader, button="ask button")
        again = _wish(body) == b"again"
        if not await (self._doors.resubscribe(token) if again else self._doors.unsubscribe(token)):
            raise HTTPException(404)
        if again:
            return self._frame.page(request, "again", digest=title, reader=reader, button="ask button")
        return self._frame.page(request, "done", digest=title, reader=reader, button="undo button", undo=True)

    async def digest(self, request: Request) -> Response:
        """Shows all stories of a capped digest, as its mail would have."""
        whole = await self._doors.whole(_token(request))
        if whole is None:
            raise HTTPException(404)
        return Response(whole, 200, {"Content-Security-Policy": _DIGEST}, "text/html")

    async def feed(self, request: Request) -> Response:
        """Returns the file of a feed, or 304 to who has it (RFC 9110, section 13)."""
        name = request.path_params["name"]
        path = await self._doors.feed(name) if _FEED.match(name) else None
        if path is None:
            raise HTTPException(404)
        try:
            body, changed = await asyncio.to_thread(_file, path)
        except FileNotFoundError as error:
            raise HTTPException(404) from error  # nothing was told by it yet
        except OSError as error:
            log.error("feed not read", feed=name, reason=error.strerror)
            raise HTTPException(503) from error
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"ETag": tag, "Last-Modified": format_datetime(changed, usegmt=True), "Cache-Control": "no-cache"}
        if _known(request, tag, changed):
            return Response(status_code=304, headers=headers)
        return Response(body, 200, headers, "application/atom+xml")

    async def livez(self, request: Request) -> Response:
        """Says whether the service works."""
        alive = await self._doors.alive()
        return PlainTextResponse("alive\n" if alive else "not alive\n", 200 if alive else 503)

    async def refused(self, request: Request, error: Exception) -> Response:
        """The page of an HTTP error."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        if self._fault is not None and "visitor" in request.scope.get("state", {}) and not is_mailed(request.url.path):
            answer = self._fault(request, status)
            answer.headers.update(getattr(error, "headers", None) or {})
            return answer
        page = self._frame.page(request, str(status) if str(status) in PHRASES["en"] else "404", status=status)
        page.headers.update(getattr(error, "headers", None) or {})
        return page

    async def unable(self, request: Request, error: Exception) -> Response:
        """What the page needs is not to be had now: the archive is locked, or on a full disk."""
        log.error("page not served", reason=str(error))
        return self._frame.page(request, "503", status=503)


class _Guard:
    """Around everything: headers that every answer has, and an answer where a defect of ours leaves none."""

    def __init__(self, app: "ASGIApp", pages: _Pages) -> None:
        self._app = app
        self._pages = pages

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        started = False

        async def guarded(message: "Message") -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            if len(scope["path"]) > _LONGEST_PATH:
                response = await self._pages.refused(Request(scope), HTTPException(404))
                await response(scope, receive, guarded)
            else:
                await self._app(scope, receive, guarded)
        except Exception:  # the other visitors, and the news, go on
            log.exception("page not served")
            if not started:
                response = await self._pages.refused(Request(scope), HTTPException(500))
                await response(scope, receive, guarded)


async def _nobody(request: Request, error: Exception) -> Response:
    """The visitor left in the middle of a request: nothing is done, and nobody reads this."""
    return Response(status_code=400)


def _token(request: Request) -> str:
    token: str = request.path_params["token"]
    if not _TOKEN.match(token):
        raise HTTPException(404)
    return token


def _wish(body: bytes) -> bytes | None:
    """Returns the field of the undo button. What RFC 8058 sends may also be multipart, and has none."""
    try:
        return parse_qs(body, max_num_fields=20).get(b"wish", [None])[0]
    except ValueError:
        return None


def _file(path: Path) -> tuple[bytes, datetime]:
    with path.open("rb") as file:
        changed = datetime.fromtimestamp(int(os.fstat(file.fileno()).st_mtime), UTC)
        return file.read(), changed


def _known(request: Request, tag: str, changed: datetime) -> bool:
    """Says whether the visitor has this very file; the date counts only where no ETag is given."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return any(one.strip().removeprefix("W/") in (tag, "*") for one in tags.split(","))
    try:
        return changed <= parsedate_to_datetime(request.headers["if-modified-since"])
    except (KeyError, ValueError, TypeError, IndexError, OverflowError):  # none, or no date with a zone
        return False
