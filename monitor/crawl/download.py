"""What a request passes through on its way: redirects, decompression, and the connection itself."""

import asyncio
import re
import socket
from contextvars import ContextVar
from typing import NoReturn, cast
from urllib.parse import urlsplit

import aiohttp
from aiohttp import AddrInfoType
from scrapy import Request
from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler, _ClientResponse
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
)
from scrapy.http import Response

from monitor.crawl import egress
from monitor.crawl.leash import Leash, LeashedCrawler

_refused: ContextVar[list[str]] = ContextVar("refused")
"""What the address check said during one request; aiohttp turns errors of a connection into errors of its own."""


def _too_large(limit: int) -> str:
    """Says the limit in the unit in which it was most likely written: 16MiB or 10MB."""
    size = f"{limit // 2**20} MiB" if limit % 2**20 == 0 else f"{limit / 10**6:.4g} MB"
    return f"the answer is larger than {size}"


class Handler(AiohttpDownloadHandler):
    """Scrapy's aiohttp handler: requests leave when their leash lets them, to allowed addresses only.

    Raises Scrapy's own exceptions with words for people, and IgnoreRequest for what will never be fetched.
    """

    experimental = False  # known: the minor version is pinned, this file and profile.py are all that depends on it

    def __init__(self, crawler: Crawler) -> None:
        super(AiohttpDownloadHandler, self).__init__(crawler)  # whose own __init__ opens a session without the check
        self._leash: Leash = cast(LeashedCrawler, crawler).leash
        self._allow = egress.rules(crawler.settings.getlist("EGRESS_ALLOWED"))
        self._ssl_context = self._leash.tls
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,  # the leash counts; aiohttp would count waiting into the time-out
                socket_factory=self._socket,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            response_class=_ClientResponse,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )

    async def download_request(self, request: Request) -> Response:
        parts = urlsplit(request.url)
        if parts.username is not None or parts.password is not None:
            raise IgnoreRequest("refused: the address holds a user name or password")
        async with self._leash.turn(request):
            departure = request.meta.pop("departure", None)
            if departure is not None:
                await departure()
            try:
                async with self._leash.flight():
                    response = await self._fetch(request)
            except DownloadTimeoutError:
                self._leash.unanswered(request)
                raise
            except TimeoutError:  # the leash was pulled; the handler's own time-out has another class
                request.meta["dropped"] = True
                raise IgnoreRequest("stopped") from None
            self._leash.answered(request)
            return response

    async def _fetch(self, request: Request) -> Response:
        host = urlsplit(request.url).netloc
        refused: list[str] = []
        token = _refused.set(refused)
        request.meta["verbatim_url"] = True  # Scrapy has made the address safe; yarl would quote it anew
        try:
            return await super().download_request(request)
        except DownloadTimeoutError as error:
            seconds = request.meta["download_timeout"]
            raise DownloadTimeoutError(f"no complete answer from {host} within {seconds:g} s") from error
        except CannotResolveHostError as error:
            raise CannotResolveHostError(f"the host {host} is not known") from error
        except DownloadConnectionRefusedError as error:
            if refused:
                raise IgnoreRequest(refused[0]) from error
            raise DownloadConnectionRefusedError(_no_connection(host, error.__cause__)) from error
        except DownloadFailedError as error:
            raise DownloadFailedError(f"the connection to {host} broke off: {error}") from error
        finally:
            request.meta.pop("verbatim_url", None)
            _refused.reset(token)

    def _socket(self, info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        host, port = str(address[0]), int(address[1])
        if not egress.allowed(host, port, self._allow):
            reason = egress.refusal(host, port)
            _refused.get([]).append(reason)
            raise OSError(reason)
        return socket.socket(family, kind, protocol)

    @staticmethod
    def _cancel_maxsize(size: int, limit: int, request: Request, *, expected: bool) -> NoReturn:
        raise DownloadCancelledError(_too_large(limit))

    async def close(self) -> None:
        await super().close()
        await asyncio.sleep(0)  # lets the transports see that they are closed


def _no_connection(host: str, cause: BaseException | None) -> str:
    if isinstance(cause, aiohttp.ClientConnectorCertificateError):
        return f"the certificate of {host} is not valid: {cause.certificate_error}"
    if isinstance(cause, aiohttp.ClientConnectorSSLError):
        return f"no TLS connection to {host}: {cause.os_error}"
    if isinstance(cause, aiohttp.ClientConnectorError):
        if isinstance(cause.os_error, ConnectionRefusedError):
            return f"{host} refuses connections"
        return f"no connection to {host}: {cause.os_error.strerror or cause.os_error}"
    return f"no connection to {host}"


class Redirects(RedirectMiddleware):
    """Follows redirects, five at most, and tells no server where the request came from."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Redirects":
        made = cls(crawler.settings)
        made.crawler = crawler  # without the signal by which Scrapy looks for its Referer middleware and misses it
        return made

    def handle_referer(self, request: Request, response: Response) -> None:
        request.headers.pop("Referer", None)

    def _redirect(self, redirected: Request, request: Request, reason: object) -> Request:
        try:
            return super()._redirect(redirected, request, reason)
        except IgnoreRequest as error:
            raise IgnoreRequest(f"redirected more than {self.max_redirect_times} times") from error


class Decompression(HttpCompressionMiddleware):
    """Unpacks answers up to the size that is allowed."""

    def process_response(  # type: ignore[override]  # the superclass's `spider` is deprecated
        self, request: Request, response: Response
    ) -> Request | Response:
        try:
            return super().process_response(request, response)
        except IgnoreRequest as error:
            raise DownloadCancelledError(_too_large(self._max_size) + " once unpacked") from error
        except Exception as error:
            packing = (response.headers.get("Content-Encoding") or b"").decode("latin-1")
            packing = re.sub(r"[^\w, -]", "", packing)[:40]
            raise DownloadFailedError(f"the answer cannot be unpacked ({packing})") from error
