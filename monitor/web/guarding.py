"""Around every page of the archive: who asks, from where, and how often; and headers that keep browsers careful."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response

from monitor.errors import ArchiveError, TooSlowError
from monitor.web.throttle import Buckets, Rate
from monitor.web.who import Gate, How, Visitor, WrongTokenError, nobody

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from monitor.app.onlooker import Onlooker
    from monitor.config import WebSettings

    Fault = Callable[[Request, int, object | None], Response]

_LOOKING = ("GET", "HEAD", "OPTIONS")
_KNOWN = Rate(burst=500, every=50)
_UNKNOWN = Rate(burst=200, every=20)
_HEADERS = {
    "Referrer-Policy": "same-origin",  # with no-referrer a browser would post forms with `Origin: null`
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_HTTPS = "max-age=31536000"  # RFC 6797; only for this name: what else lives below it is not ours to say


class Guarded:
    """Finds out who asks before anything else looks at the request, and refuses what nobody should ask.

    What mails lead to (`is_open`) is left alone: mail providers call it without a cookie or an origin, many readers'
    at once. `fault` makes the answer to what is refused.
    """

    def __init__(
        self, app: "ASGIApp", *, gate: Gate, onlooker: "Onlooker", fault: "Fault", is_open: Callable[[str], bool]
    ) -> None:
        self._app = app
        self._gate = gate
        self._onlooker = onlooker
        self._fault = fault
        self._is_open = is_open
        self._buckets = Buckets()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request, web = Request(scope), self._onlooker.config.web
        https = web.https or scope["scheme"] == "https"
        if self._is_open(scope["path"]):
            scope.setdefault("state", {})["visitor"] = nobody(web)
            await self._app(scope, receive, _with({}, https, send))
            return
        send = _with(_HEADERS, https, send)
        refused = await self._refused(request, web)
        await (refused or self._app)(scope, receive, send)

    async def _refused(self, request: Request, web: "WebSettings") -> Response | None:
        """Returns the answer to what is refused; None lets it pass, with its visitor."""
        state = request.scope.setdefault("state", {})
        state["visitor"] = nobody(web)
        try:
            visitor = await self._gate.visitor(request)
        except WrongTokenError:
            answer = self._fault(request, 401, None)
            answer.headers["WWW-Authenticate"] = 'Bearer realm="roxham", error="invalid_token"'
            return answer
        except TooSlowError as error:
            return self._fault(request, 503, str(error))
        except ArchiveError:
            return self._fault(request, 503, None)
        state["visitor"] = visitor
        if visitor.how is not How.HERE:  # who sits at the machine can hang it anyway
            rate = _KNOWN if visitor.known else _UNKNOWN
            who = (visitor.how, visitor.name or visitor.address)
            if wait := self._buckets.take(who, rate, self._onlooker.clock()):
                answer = self._fault(request, 429, None)
                answer.headers["Retry-After"] = str(wait)
                return answer
        if is_foreign(request, visitor, web):
            return self._fault(request, 403, None)
        return None


def is_foreign(request: Request, visitor: Visitor, web: "WebSettings") -> bool:
    """Says whether another site's page asks in the name of somebody who looks at it.

    What changes something must come from our own pages. Browsers say so in `Sec-Fetch-Site` (W3C Fetch Metadata), but
    to https and this machine only; else in `Origin` (RFC 6454). Where neither stands, no browser of today asks: then it
    may only be who brings no more than what is in the request itself, such as a token, or a name and a password.
    What only looks may come from anywhere as a link does, but not be built into another site's page.
    """
    site = request.headers.get("sec-fetch-site")
    if request.method in _LOOKING:
        built_in = request.headers.get("sec-fetch-mode", "navigate") != "navigate"
        return visitor.ambient and site in ("cross-site", "same-site") and built_in
    if visitor.how is How.TOKEN:
        return False
    if site is not None:
        return site != "same-origin"
    origins = request.headers.getlist("origin")
    if not origins:
        return visitor.ambient
    return len(origins) > 1 or origins[0].lower() not in _own(request, web)


def _own(request: Request, web: "WebSettings") -> set[str]:
    """The origins of our own pages: base_url's, and that of the name asked for, by https too where a proxy ends it."""
    base = urlsplit(web.base_url)
    host = request.headers.get("host", "")
    scheme = request.url.scheme
    return {f"{base.scheme}://{base.netloc}".lower(), f"{scheme}://{host}".lower(), f"https://{host}".lower()}


def _with(more: dict[str, str], https: bool, send: "Send") -> "Send":
    async def sent(message: "Message") -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in more.items():
                headers.setdefault(name, value)
            if https:
                headers["Strict-Transport-Security"] = _HTTPS
        await send(message)

    return sent
