"""Searches that somebody named: to open again, to follow in a feed reader, to make a topic of."""

import hashlib
import re
import secrets
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from monitor.archive import Facet
from monitor.query import check_form
from monitor.types import Role, SavedSearch
from monitor.web.asked import Asked, Heard, address, hear, parameters
from monitor.web.search import Names, looked
from monitor.web.site import Page, Site
from monitor.web.twins import feed, known

MOST = 200  # searches of one user
_KEY = 24  # random bytes in the address of a feed
_LONGEST = 100  # characters of a name
_FIELDS = {Facet.SOURCE: "source", Facet.PUBLISHER: "publisher", Facet.LANGUAGE: "lang", Facet.AGENCY: "agency"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A saved search as its page shows it."""

    search: SavedSearch
    asked: Asked
    says: str  # the query and the filters, in words
    form: str | None  # that a topic accepts; None: there is nothing in it that a text could hold
    whole: bool  # the form says all that the search does


async def saved(request: Request, site: Site) -> Response:
    """GET /saved: what the visitor saved. POST /saved saves (`name`, `params`), renews a feed, or forgets (`id`)."""
    if request.method != "POST":
        return await _page(request, site)
    owner = _owner(request, site)
    given = dict(_pairs((await request.body()).decode("utf-8", "replace")))
    number = int(given["id"]) if re.fullmatch("[0-9]{1,18}", given.get("id", "")) else None
    match given.get("wish", "save"):
        case "save":
            return await _save(request, site, owner, given.get("name", ""), given.get("params", ""))
        case "feed":
            mine = await site.onlooker.ask(lambda archive: archive.saved_searches(owner))
            search = next((each for each in mine if each.id == number), None)
            if search is not None:
                return await _keep(request, site, search)
        case "forget" if number is not None:
            if await site.onlooker.change(lambda archive: archive.forget_search(number, owner)):
                return RedirectResponse("/saved", 303)
    raise HTTPException(404)


async def follow(request: Request, site: Site) -> Response:
    """GET /searches/KEY.atom: the newest answers of a saved search, for whoever has the address; never whole texts."""
    digest = _digest(request.path_params["key"])
    search = await site.onlooker.ask(lambda archive: archive.feed_search(digest))
    if search is None or not _may_still(search.owner, site):
        raise HTTPException(404)
    said, found = await looked(_heard(search, site), site)
    if found is None:
        raise HTTPException(404)  # the query language has changed since
    here = f"{site.onlooker.config.web.base_url}{request.url.path}"
    body = feed(said.asked, found, site, site.words(request), here=here, title=search.name, made_at=search.created_at)
    return known(request, body, {})


def form_of(asked: Asked) -> tuple[str | None, bool]:
    """Returns the query that a topic accepts as a form, and whether it says all that is asked.

    Bare words side by side are joined by AND, and filters become fields. What no text holds - topics, times, what an
    article is to its story - is left out. None where there is no query, or none that a topic accepts.
    """
    if asked.query is None:
        return None, False
    sides = [str(asked.query)]
    for facet, name in _FIELDS.items():
        quoted = [f'{name}:"{value.translate(_UNQUOTED)}"' for value in asked.chosen.get(facet, ())]
        sides += [" OR ".join(quoted)] if quoted else []
    form = sides[0] if len(sides) == 1 else " AND ".join(f"({side})" for side in sides)
    left_out = any(asked.chosen.get(facet) for facet in Facet if facet not in _FIELDS) or asked.since or asked.until
    return (None, False) if check_form(form) else (form, not left_out)


_UNQUOTED = str.maketrans(dict.fromkeys('"“”„«»|*', " "))


async def _save(request: Request, site: Site, owner: str, name: str, params: str) -> Response:
    """Keeps a search in the place of one with that name, and shows the address of its feed."""
    say = site.words(request)
    said = hear(_pairs(params), zone=site.onlooker.config.timezone, now=site.onlooker.clock())
    name = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if said.error is not None or not 0 < len(name) <= _LONGEST:
        return site.fault(request, 422, say("saved unreadable"))
    mine = await site.onlooker.ask(lambda archive: archive.saved_searches(owner))
    same = next((each for each in mine if each.name == name), None)
    if same is None and len(mine) >= MOST:
        return site.fault(request, 422, say("saved full", n=MOST))
    search = SavedSearch(
        id=same.id if same else None,
        name=name,
        owner=owner,
        params=urlencode(parameters(said.asked.unpaged())),
        created_at=site.onlooker.clock(),
    )
    return await _keep(request, site, search)


async def _keep(request: Request, site: Site, search: SavedSearch) -> Response:
    """Keeps a search under a new key, and shows it.

    The answer is the page itself, no redirect: an address that is shown once must not stand in another one.
    """
    key = secrets.token_urlsafe(_KEY)
    kept = replace(search, feed_hash=_digest(key))
    await site.onlooker.change(lambda archive: archive.save_search(kept))
    return await _page(request, site, made=(search.name, f"{site.onlooker.config.web.base_url}/searches/{key}.atom"))


async def _page(request: Request, site: Site, made: tuple[str, str] | None = None) -> Response:
    owner = _owner(request, site)
    mine = await site.onlooker.ask(lambda archive: archive.saved_searches(owner))
    say = site.words(request)
    names = Names(site.onlooker.config, say)
    shown = []
    for search in mine:
        asked = _heard(search, site).asked
        form, whole = form_of(asked)
        parts = [asked.q] if asked.q else []
        parts += [
            _plain(say("search chip", what=say(f"search facet {f}"), name=names(f, value))) for f, value in asked.pairs
        ]
        parts += [_plain(say("search since chip", at=asked.since))] if asked.since else []
        parts += [_plain(say("search until chip", at=asked.until))] if asked.until else []
        says = " · ".join(parts) or _plain(say("saved everything"))
        shown.append(Shown(search=search, asked=asked, says=says, form=form, whole=whole))
    return site.page(
        request,
        "saved.html",
        title=say("saved title"),
        nav="saved",
        searches=shown,
        made=made,
        to=address,
    )


def _plain(said: Markup) -> str:
    return str(said.unescape())


def _heard(search: SavedSearch, site: Site) -> Heard:
    return hear(_pairs(search.params), zone=site.onlooker.config.timezone, now=site.onlooker.clock())


def _pairs(params: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(params, max_num_fields=500)
    except ValueError:
        return []


def _owner(request: Request, site: Site) -> str:
    return site.visitor(request).name or ""


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _may_still(owner: str, site: Site) -> bool:
    """Whether whoever saved a search may still save some: a feed ends with the role of its owner."""
    web = site.onlooker.config.web
    roles = {user.name: user.role for user in web.users}
    if not web.locked:
        return True
    role = roles.get(owner) or (web.proxy.role if web.proxy else None)
    return role is not None and role.may(Role.RESEARCHER)


PAGES = (
    Page(path="/saved", handler=saved, methods={"GET": Role.RESEARCHER, "POST": Role.RESEARCHER}, nav="saved"),
    Page(path="/searches/{key}.atom", handler=follow, methods={"GET": Role.VISITOR}, open=True),
)
