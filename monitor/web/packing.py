"""Pages and scripts travel gzipped; what is streamed travels as it is made."""

import gzip
from functools import lru_cache
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LEAST = 1000  # bytes: a packet holds about as many anyway
_TEXTS = ("text/html", "text/css", "text/javascript", "text/csv", "application/json", "image/svg+xml")
_LEVEL = 6


class Packed:
    """Packs answers that come in one piece, are text, and go to who can unpack them (RFC 9110, section 8.4.1.3)."""

    def __init__(self, app: "ASGIApp") -> None:
        self._app = app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http" or not takes_gzip(Headers(scope=scope).get("accept-encoding", "")):
            await self._app(scope, receive, send)
            return
        start: Message | None = None

        async def packed(message: "Message") -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if start is not None:
                first, start = start, None
                if not message.get("more_body", False):
                    message = _packed(first, message, for_ever=scope["path"].startswith("/static/"))
                await send(first)
            await send(message)

        await self._app(scope, receive, packed)


def takes_gzip(accepted: str) -> bool:
    """Says whether an Accept-Encoding takes gzip."""
    for part in accepted.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _packed(start: "Message", message: "Message", *, for_ever: bool) -> "Message":
    """Changes the headers of an answer that is packed, and returns its body."""
    headers, body = MutableHeaders(scope=start), message.get("body", b"")
    if not headers.get("content-type", "").startswith(_TEXTS):
        return message
    headers.add_vary_header("Accept-Encoding")
    if len(body) < _LEAST or "content-encoding" in headers:
        return message
    small = _once(body) if for_ever else gzip.compress(body, _LEVEL, mtime=0)
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(len(small))
    if (tag := headers.get("etag", "")).startswith('"'):  # the bytes are others now
        headers["ETag"] = f"W/{tag}"
    return {**message, "body": small}


@lru_cache(maxsize=64)
def _once(body: bytes) -> bytes:
    """Static files are packed once, and as small as can be."""
    return gzip.compress(body, 9, mtime=0)
