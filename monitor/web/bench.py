"""What goes on in the topic workshop of one site, and what the service makes of what was saved there."""

import re
from typing import Any
from weakref import WeakKeyDictionary

from starlette.requests import Request

from monitor.errors import ArchiveError
from monitor.web.remarked import Marker
from monitor.web.site import Site
from monitor.web.workshop import Trials, standing

_SAVED = re.compile(r"[0-9a-f]{16}\Z")  # the beginning of a configuration's fingerprint


class Bench:
    """The trials and the marking of one site."""

    def __init__(self, site: Site) -> None:
        self.trials = Trials()
        self.marker = Marker(site.onlooker)


_BENCHES: "WeakKeyDictionary[Site, Bench]" = WeakKeyDictionary()


def bench(site: Site) -> Bench:
    """Returns the one bench of a site."""
    if site not in _BENCHES:
        _BENCHES[site] = Bench(site)
    return _BENCHES[site]


async def standing_of(request: Request, site: Site) -> dict[str, Any]:
    """Returns what topics_state.html shows: what the service makes of saved files, and how far the marking is."""
    saved_as = request.query_params.get("saved", "")
    saved_as = saved_as if _SAVED.match(saved_as) else ""
    try:
        said = await site.onlooker.ask(lambda archive: standing(archive, site.onlooker, saved_as))
    except ArchiveError:
        said = None
    return {"standing": said, "marking": bench(site).marker.last, "saved_as": saved_as}
