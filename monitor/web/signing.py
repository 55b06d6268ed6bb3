"""Signing in and out."""

import re
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from monitor.types import Role
from monitor.web.passwords import LONGEST
from monitor.web.site import Page, Site
from monitor.web.who import LASTS

_LONGEST_PATH = 2000
_NOT_IN_A_PATH = re.compile(r"[\x00-\x20\\\x7f-\x9f]")


def local(path: str) -> str:
    """Returns a path of this site where somebody wants to go next; the first page for whatever leads elsewhere.

    Browsers read `//host` and `/\\host` as another host, and leave out control characters before they look.
    """
    bad = not path.startswith("/") or path.startswith("//") or _NOT_IN_A_PATH.search(path) or len(path) > _LONGEST_PATH
    return "/" if bad or path.partition("?")[0] in ("/sign-in", "/sign-out") else path


async def sign_in(request: Request, site: Site) -> Response:
    """GET /sign-in?next=PATH, POST /sign-in: name, password, next."""
    if request.method == "POST":
        return await _entering(request, site)
    follow = local(request.query_params.get("next", "/"))
    if site.visitor(request).known:
        return RedirectResponse(follow, 303)
    return _page(request, site, follow)


async def _entering(request: Request, site: Site) -> Response:
    form = await _form(request)
    name, password, follow = form.get("name", ""), form.get("password", ""), local(form.get("next", "/"))
    entered = await site.gate.enter(name, password, request)
    if entered.key is None:
        return _page(request, site, follow, name=name[:LONGEST], wait=entered.wait, refused=True)
    answer = RedirectResponse(follow, 303)
    cookie, secure = site.gate.cookie(request)
    # Lax: a link in a mail opens the page it names; with Strict it would end here, though one is signed in. What
    # changes anything is refused from elsewhere by its origin (guarding.py).
    answer.set_cookie(
        cookie, entered.key, max_age=int(LASTS.total_seconds()), path="/", secure=secure, httponly=True, samesite="lax"
    )
    return answer


async def sign_out(request: Request, site: Site) -> Response:
    """POST /sign-out: the session ends in the archive, not only in the browser."""
    await site.gate.leave(request)
    answer = RedirectResponse("/" if site.onlooker.config.web.public else "/sign-in", 303)
    cookie, secure = site.gate.cookie(request)
    answer.delete_cookie(cookie, path="/", secure=secure, httponly=True, samesite="lax")
    return answer


def _page(
    request: Request, site: Site, follow: str, *, name: str = "", wait: int = 0, refused: bool = False
) -> Response:
    say, web = site.words(request), site.onlooker.config.web
    if not web.locked:
        return site.fault(request, 403, site.closed(request))
    return site.page(
        request,
        "sign_in.html",
        title=say("sign in failed title") if refused else say("sign in"),
        status=429 if wait else 403 if refused else 200,
        headers={"Retry-After": str(wait)} if wait else None,
        follow=follow,
        name=name,
        wait=wait,
        refused=refused,
        by_password=any(user.password is not None for user in web.users),
    )


async def _form(request: Request) -> dict[str, str]:
    """Returns the fields of a form. Raises HTTPException where it cannot be read."""
    try:
        body = (await request.body()).decode("utf-8", "replace")
        fields = parse_qs(body, keep_blank_values=True, errors="replace", max_num_fields=20)
    except ValueError as error:
        raise HTTPException(400) from error
    return {name: values[0] for name, values in fields.items()}


PAGES = (
    Page(path="/sign-in", handler=sign_in, methods={"GET": Role.VISITOR, "POST": Role.VISITOR}, open=True),
    Page(path="/sign-out", handler=sign_out, methods={"POST": Role.VISITOR}, open=True),
)
