"""What all pages have in common: who may open them, in which language they speak, and how they look."""

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import structlog
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from monitor.errors import ArchiveError, TooSlowError
from monitor.types import Role
from monitor.web.phrases import language
from monitor.web.words import LANGUAGES, Words

if TYPE_CHECKING:
    from jinja2 import Environment

    from monitor.app.onlooker import Onlooker
    from monitor.web.who import Gate, Visitor

log = structlog.get_logger("roxham")
Handler = Callable[[Request, "Site"], Awaitable[Response]]

POLICY = (
    "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; style-src 'self'; "
    "script-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'"
)
_MACHINES = re.compile(r"\.(json|csv|atom)\Z|\A/api/|\A/(metrics|status)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An address of the site: who may use it in which way, and what answers.

    A page that shows something has GET (and HEAD with it), one that changes something POST. The same handler answers
    both, and looks at `request.method`.
    """

    path: str  # as Starlette writes it: /articles/{id:int}
    handler: Handler = field(repr=False)
    methods: Mapping[str, Role]  # method → the least role that may
    nav: str | None = None  # under which heading of the menu it belongs
    open: bool = False  # for VISITOR: also where nobody knows who asks, and the site is not public


class Site:
    """What every page has at hand: the archive and the configuration (`onlooker`), the visitor, words, templates."""

    def __init__(self, onlooker: "Onlooker", gate: "Gate") -> None:
        self.onlooker = onlooker
        self.gate = gate

    def visitor(self, request: Request) -> "Visitor":
        """Returns who asks."""
        visitor: Visitor = request.scope["state"]["visitor"]
        return visitor

    def words(self, request: Request) -> Words:
        """Returns the words of the visitor's language.

        `?lang=` says which, else a cookie that remembers it, else the user's settings, else the browser.
        """
        wish = request.query_params.get("lang") or request.cookies.get("lang") or self.visitor(request).language
        code = language(wish if wish in LANGUAGES else None, request.headers.get("accept-language", ""))
        return Words(code, self.onlooker.config.timezone, self.onlooker.clock())

    def page(
        self,
        request: Request,
        template: str,
        /,
        *,
        title: object,
        nav: str | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> Response:
        """Returns a page, or only the part of it that htmx asked for.

        The template extends `layout.html` and fills its block `main`. It has at hand: `say` (Words), `visitor`, `role`
        (Role), `config`, `now`, `request`, `here` (this address, without its language), `url(path, **parameters)`, and
        the values given.
        """
        say = self.words(request)
        body = (
            _environment()
            .get_template(template)
            .render(
                say=say,
                lang=say.language,
                other="fr" if say.language == "en" else "en",
                other_url=_with(request, lang="fr" if say.language == "en" else "en"),
                title=title,
                nav=nav,
                visitor=self.visitor(request),
                role=Role,
                config=self.onlooker.config,
                now=self.onlooker.clock(),
                request=request,
                here=_with(request, lang=None),
                url=address,
                static=static,
                part=request.headers.get("hx-request") == "true"
                and not {"hx-boosted", "hx-history-restore-request"} & set(request.headers),
                **values,
            )
        )
        answer = Response(body, status, {"Content-Language": say.language, **(headers or {})}, "text/html")
        answer.headers["Content-Security-Policy"] = answer.headers.get("Content-Security-Policy", POLICY)
        answer.headers["Vary"] = "Accept-Language, Cookie, HX-Request"
        wish = request.query_params.get("lang")
        if wish in LANGUAGES:
            secure = request.url.scheme == "https"
            answer.set_cookie("lang", wish, max_age=31536000, samesite="lax", httponly=True, secure=secure)
        return answer

    def fault(self, request: Request, status: int, text: object | None = None) -> Response:
        """Returns what says that something cannot be had: a page, or JSON for programs. `text` says more."""
        say = self.words(request)
        key = str(status) if status in (400, 401, 403, 404, 405, 413, 422, 429, 500, 503) else "404"
        if _MACHINES.search(request.url.path):
            detail = str(text) if text is not None else str(say(key))
            return JSONResponse({"error": str(say(f"{key} title")), "detail": detail}, status)
        return self.page(request, "fault.html", title=say(f"{key} title"), status=status, text=text or say(key))

    def guarded(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        """Returns the page's handler behind its door: who may not gets the sign-in page, 401 or 403."""

        async def handler(request: Request) -> Response:
            visitor = self.visitor(request)
            if not (page.open or visitor.may(page.methods["GET" if request.method == "HEAD" else request.method])):
                return self._turned_away(request, page)
            try:
                return await page.handler(request, self)
            except TooSlowError as error:
                return self.fault(request, 503, self.words(request)("too slow") if not str(error) else str(error))
            except ArchiveError as error:
                log.error("page not served", reason=str(error))
                return self.fault(request, 503, str(error) if visitor.may(Role.OPERATOR) else None)
            except HTTPException as error:
                return self.fault(request, error.status_code, error.detail or None)

        return handler

    def closed(self, request: Request) -> Markup:
        """Says why nobody who asks like this can come in, where nobody can sign in."""
        return self.words(request)("sign in elsewhere" if self.onlooker.config.web.passed_on else "only here")

    def _turned_away(self, request: Request, page: Page) -> Response:
        if self.visitor(request).known:
            return self.fault(request, 403)
        if _MACHINES.search(request.url.path):
            answer = self.fault(request, 401)
            answer.headers["WWW-Authenticate"] = 'Bearer realm="roxham"'
            return answer
        if not self.onlooker.config.web.locked:
            return self.fault(request, 403, self.closed(request))
        if request.headers.get("hx-request") == "true":  # the whole page makes room, not a part of it
            return Response(status_code=401, headers={"HX-Redirect": address("/sign-in", next=_shown(request))})
        here = _with(request, lang=None) if "GET" in page.methods else None
        return RedirectResponse(address("/sign-in", next=here), 303)


def address(path: str, /, **parameters: object) -> str:
    """Returns an address of this site with parameters; None is left out, a list or tuple is given several times."""
    pairs: list[tuple[str, str]] = []
    for name, value in parameters.items():
        values = value if isinstance(value, list | tuple) else (value,)
        pairs += [(name, str(each)) for each in values if each is not None]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def _with(request: Request, *, lang: str | None) -> str:
    """Returns this very address in another language; of what was posted, the page itself.

    Whatever the path is, it stays one of this site: `//host` would lead to another.
    """
    path = "/" + quote(request.scope["path"].lstrip("/"), safe="/:@!$&'()*+,;=~")
    pairs = [pair for pair in request.query_params.multi_items() if pair[0] != "lang"]
    pairs += [("lang", lang)] if lang else []
    return f"{path}?{urlencode(pairs)}" if pairs else path


def _shown(request: Request) -> str | None:
    """Returns the address, within the site, of the page that htmx says it is on."""
    try:
        url = urlsplit(request.headers.get("hx-current-url", ""))
    except ValueError:
        return None
    return (f"{url.path}?{url.query}" if url.query else url.path) or None


@cache
def static(name: str) -> str:
    """Returns the address of a file in static/; it changes with its content, so that browsers may keep it for ever."""
    content = files("monitor.web").joinpath("static", name).read_bytes()
    stem, _, ending = name.rpartition(".")
    return f"/static/{stem}.{urlsafe_b64encode(hashlib.sha256(content).digest()[:9]).decode()}.{ending}"


@cache
def statics() -> Mapping[str, tuple[bytes, str]]:
    """Returns every file in static/ by its address, with its media type."""
    types = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    folder = files("monitor.web").joinpath("static")
    return {
        static(file.name): (file.read_bytes(), types[ending])
        for file in folder.iterdir()
        if (ending := file.name.rpartition(".")[2]) in types
    }


async def static_file(request: Request) -> Response:
    """GET /static/NAME.HASH.ENDING"""
    found = statics().get(request.url.path)
    if found is None:
        raise HTTPException(404)
    return Response(found[0], 200, {"Cache-Control": "public, max-age=31536000, immutable"}, found[1])


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("monitor.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        enable_async=False,
    )
