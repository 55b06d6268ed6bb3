"""The web pages: the archive for people and programs (`assemble`), and the few pages that mails lead to (`create`).

In: an `Onlooker` (monitor/app), which asks the archive and knows the configuration in force. `serve` runs the pages
inside the present event loop. Who may open which page stands beside its address (routes.py); what is common to all in
site.py; who asks, in who.py.

What mails lead to (pages.py) is open to whoever has the link: it holds a token of 192 random bits that stands in one
mail only. There are no cookies and no log-in, and nothing to guess: a rate limit would only ever meet mail providers
who unsubscribe many readers at once.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import ASGIApp

    from monitor.app import Onlooker
    from monitor.config import WebSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the pages ask of the program. Each may raise MonitorError: the visitor is asked to come back later."""

    subscribed: Callable[[str], Awaitable[tuple[str, str, str] | None]]  # token → title and id of the digest, reader
    unsubscribe: Callable[[str], Awaitable[bool]]  # False: no such token; once more is no fault
    resubscribe: Callable[[str], Awaitable[bool]]  # takes `unsubscribe` back; False: no such token
    whole: Callable[[str], Awaitable[bytes | None]]  # token → the page (HTML) of a capped digest
    feed: Callable[[str], Awaitable[Path | None]]  # name of an Atom channel → its file
    alive: Callable[[], Awaitable[bool]]


def create(doors: Doors, *, name: str, contact: str) -> "Starlette":
    """Returns the application; `name` is the installation's, `contact` (address or web page) whom visitors may ask.

    | request | answer |
    |---|---|
    | GET /unsubscribe/TOKEN | says what the link ends, with a button; looking never acts: programs follow links too |
    | POST /unsubscribe/TOKEN | ends it, whoever asks (RFC 8058: no cookie, origin, redirect); `wish=again` undoes |
    | GET /digests/TOKEN | all stories of a digest of which the mail told the first |
    | GET /feeds/NAME.atom | the feed, or 304 |
    | GET /livez | 200, or 503 |

    HEAD is answered as GET is. Pages are English or French, as the browser asks or `?lang=` says.
    """
    from monitor.web.pages import application  # here: `roxham --help` does without

    return application(doors, name=name, contact=contact)


def assemble(onlooker: "Onlooker") -> "Starlette":
    """Returns the whole site over the archive that `onlooker` looks at: those pages, and the archive's own.

    `monitor.web.routes.PAGES` lists every address with who may use it.
    """
    from monitor.web.routes import application

    return application(onlooker)


_OWN = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # all addresses of a machine are no address to open


def served_at(web: "WebSettings", port: int) -> str:
    """Returns the address at which this machine itself can open the pages that are served at this port."""
    host = _OWN.get(web.listens_at, web.listens_at)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def serve(app: "ASGIApp", host: str, port: int) -> AbstractAsyncContextManager[int]:
    """Serves the application while the context is open, in the running event loop, and yields the port (0: any free).

    Signals are left alone. At the end requests under way get a second, then every connection is cut: it ends within
    two. Raises OSError with a sentence where nothing can listen there.
    """
    from monitor.web.server import served

    return served(app, host, port)
