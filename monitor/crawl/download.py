"""What a request passes through on its way: redirects, decompression, and the connection itself."""

import asyncio
import re
from time import monotonic
from typing import NoReturn, cast
from urllib.parse import urljoin, urlsplit

import aiohttp
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
from w3lib.url import safe_url_string

from monitor.crawl import connection, egress, robots
from monitor.crawl.leash import Leash, LeashedCrawler, PutOffError, StoppedRequest
from monitor.crawl.profile import MAX_REDIRECTS
from spiders import trouble

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NO_ANSWER = (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
)
_MOST_PACKINGS = 3  # of one answer, one around the other; each costs as much time as the largest answer
_LEAST_TIME = 0.001  # seconds; aiohttp takes 0 for no limit


def _too_large(limit: int) -> str:
    """Says the limit in the unit in which it was most likely written: 16MiB or 10MB."""
    size = f"{limit // 2**20} MiB" if limit % 2**20 == 0 else f"{limit / 10**6:.4g} MB"
    return f"the answer is larger than {size}"


class Handler(AiohttpDownloadHandler):
    """Scrapy's aiohttp handler: requests leave when their leash and robots.txt let them, to allowed addresses only.

    Raises Scrapy's own exceptions with words for people, and IgnoreRequest for what will never be fetched.
    """

    experimental = False  # known: the minor version is pinned, this file and profile.py are all that depends on it

    def __init__(self, crawler: Crawler) -> None:
        super(AiohttpDownloadHandler, self).__init__(crawler)  # whose own __init__ opens a session without the check
        self._leash: Leash = cast(LeashedCrawler, crawler).leash
        self._ssl_context = self._leash.tls
        self._patience = crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        self._agent: str = crawler.settings["USER_AGENT"]
        allow = egress.rules(crawler.settings.getlist("EGRESS_ALLOWED"))
        self._session = aiohttp.ClientSession(
            connector=connection.Connector(allow, crawler.settings.getint("DOWNLOAD_MAXSIZE")),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            response_class=_ClientResponse,
            max_line_size=connection.MAX_FIELD,
            max_field_size=connection.MAX_FIELD,
            max_headers=connection.MAX_FIELDS,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )
        self._session._retry_connection = False  # a second request at once, past the host's turn and the deadline

    async def download_request(self, request: Request) -> Response:
        problem = egress.unsound(request.url)
        if problem is not None:
            raise IgnoreRequest(problem)
        if request.meta.get("robots"):
            await self._ask_leave(request.url)
        return await self._send(request)

    async def _send(self, request: Request) -> Response:
        """Sends one request in its turn, with what is left of the time for all its redirects.

        Raises:
            StoppedRequest: the crawl was stopped.
            PutOffError: the server asked to be left alone.
        """
        async with self._leash.turn(request):
            departure = request.meta.pop("departure", None)
            if departure is not None:
                await departure()
            started = monotonic()
            try:
                async with self._leash.flight():
                    response = await self._fetch(request)
            except DownloadTimeoutError:
                self._leash.unanswered(request)
                raise
            except TimeoutError:  # the leash was pulled; the handler's own time-out has another class
                raise StoppedRequest("stopped") from None
            left = request.meta["download_timeout"] - (monotonic() - started)
            request.meta["download_timeout"] = max(left, _LEAST_TIME)  # a redirect inherits it
            wait, now = None, self._leash.manners.clock()
            if response.status in (429, 503):
                wait = trouble.retry_after(trouble.plain_headers(response), now)
            self._leash.answered(request, response.status, wait, now)
            return response

    async def _ask_leave(self, url: str) -> None:
        """Asks robots.txt; what Crawl-delay says holds for the host from now on.

        Raises:
            StoppedRequest: the crawl was stopped.
            PutOffError: the address is not allowed, or the file cannot be read.
        """
        manners = self._leash.manners
        async with self._leash.waiting():
            verdict = await manners.robots.verdict(url, self._robots_file)
        if not verdict.allowed:
            raise PutOffError(verdict.reason or "", verdict.wait, tried=verdict.known)
        manners.hosts.slow_down(urlsplit(url).hostname or "", verdict.pause)

    async def _robots_file(self, url: str) -> robots.File:
        """Fetches robots.txt, through as many redirects as any answer may have (RFC 9309, 2.3.1.2: at least five)."""
        headers = {"User-Agent": self._agent, "Accept": "text/plain,*/*;q=0.1", "Accept-Encoding": "gzip"}
        left, asked = self._patience, url
        for _ in range(1 + MAX_REDIRECTS):
            problem = egress.unsound(url)
            if problem is not None:
                raise robots.NoFileError(problem)
            meta = {"download_timeout": left, "cut_at": robots.MAX_BYTES, "errand": None}  # ahead: others wait for it
            request = Request(url, headers=headers, meta=meta)
            try:
                response = await self._send(request)
            except (StoppedRequest, PutOffError):
                raise
            except _NO_ANSWER as error:
                if isinstance(error, IgnoreRequest) and url == asked:
                    raise  # the page will never be fetched either
                raise robots.NoFileError(str(error)) from error
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or location is None:
                return robots.File(response.status, trouble.plain_headers(response), response.body)
            left = request.meta["download_timeout"]
            url = urljoin(url, safe_url_string(location))
            if egress.odd(_as_written(location)) or urlsplit(url).scheme not in ("http", "https"):
                break
        return robots.File(404, {}, b"")  # RFC 9309, 2.3.1.2: more redirects may count as if there were none

    async def _fetch(self, request: Request) -> Response:
        host = urlsplit(request.url).netloc
        refused: list[str] = []
        token = connection.refused.set(refused)
        request.meta["verbatim_url"] = True  # Scrapy has made the address safe; yarl would quote it anew
        try:
            return await super().download_request(request)
        except DownloadTimeoutError as error:
            seconds = request.meta.get("patience", self._patience)
            raise DownloadTimeoutError(f"no complete answer from {host} within {seconds:g} s") from error
        except CannotResolveHostError as error:
            if refused:
                raise IgnoreRequest(refused[0]) from error
            raise CannotResolveHostError(f"the host {host} is not known") from error
        except DownloadConnectionRefusedError as error:
            if refused:
                raise IgnoreRequest(refused[0]) from error
            raise DownloadConnectionRefusedError(_no_connection(host, error.__cause__)) from error
        except DownloadFailedError as error:
            if isinstance(error.__cause__, connection.TooMuchError):
                raise DownloadCancelledError(str(error)) from error
            if isinstance(error.__cause__, aiohttp.ClientResponseError):
                said = error.__cause__.message.partition("\n")[0]
                raise DownloadFailedError(f"{host} sends no HTTP that can be read: {said}") from error
            raise DownloadFailedError(f"the connection to {host} broke off: {error}") from error
        finally:
            request.meta.pop("verbatim_url", None)
            connection.refused.reset(token)

    async def _read_response(self, response: _ClientResponse, request: Request) -> Response:
        limit = request.meta.get("cut_at")
        if limit is None:
            return await super()._read_response(response, request)
        body = bytearray()
        while len(body) < limit and (chunk := await response.content.readany()):
            body += chunk
        headers = self._extract_headers(response)
        return Response(request.url, status=response.status, headers=headers, body=bytes(body[:limit]))

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


def _as_written(location: bytes) -> str:
    """Returns the text of a Location header, which many servers write in UTF-8: there È or ’ hold bytes below A0."""
    return location.decode("utf-8", "replace")


class Redirects(RedirectMiddleware):
    """Follows redirects, five at most, and tells no server where the request came from."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Redirects":
        made = cls(crawler.settings)
        made.crawler = crawler  # without the signal by which Scrapy looks for its Referer middleware and misses it
        return made

    def handle_referer(self, request: Request, response: Response) -> None:
        request.headers.pop("Referer", None)

    def process_response(  # type: ignore[override]  # the superclass's `spider` is deprecated
        self, request: Request, response: Response
    ) -> Request | Response:
        location = response.headers.get("Location")
        if location is not None and response.status in _REDIRECTS:
            problem = egress.odd(_as_written(location))  # as it came: Scrapy mends what it can
            if problem is not None:
                raise IgnoreRequest(problem)
        return super().process_response(request, response)

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
        packings = response.headers.getlist("Content-Encoding")
        if sum(packing.count(b",") + 1 for packing in packings) > _MOST_PACKINGS:
            raise DownloadFailedError("the answer is packed again and again")
        try:
            return super().process_response(request, response)
        except IgnoreRequest as error:
            raise DownloadCancelledError(_too_large(self._max_size) + " once unpacked") from error
        except Exception as error:
            packing = (response.headers.get("Content-Encoding") or b"").decode("latin-1")
            packing = re.sub(r"[^\w, -]", "", packing)[:40]
            raise DownloadFailedError(f"the answer cannot be unpacked ({packing})") from error

    def _warn_unknown_encoding(self, response: Response, encodings: list[bytes]) -> None:
        """Leaves it to the spider to say that it cannot read the answer; some servers name a charset here."""
