"""Serves the invented newsroom on loopback, as small news sites with feeds would."""

import errno
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from monitor.demo.pages import NOT_FOUND, Reply, replies
from monitor.errors import MonitorError

HOST = "127.0.0.1"
IDLE_SECONDS = 5  # after which a silent connection is closed


class _Handler(BaseHTTPRequestHandler):
    """Answers from the table of replies; HTTP/1.0, so that each connection ends with its answer."""

    timeout = IDLE_SECONDS
    server: "_Server"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        reply = self.server.replies.get(path, NOT_FOUND)
        if reply.status == 200 and reply.etag in self.headers.get("If-None-Match", ""):
            self.send_response(304)
            self.send_header("ETag", reply.etag)
            self.end_headers()
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        if reply.status == 200:
            self.send_header("ETag", reply.etag)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(reply.body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Says nothing: the visitor's own log tells what was fetched."""


class _Server(ThreadingHTTPServer):
    """Holds the table that its handlers answer from, and waits for their threads when it is closed."""

    daemon_threads = False
    replies: Mapping[str, Reply]


@contextmanager
def serve(port: int) -> Iterator[str]:
    """Serves the newsroom on loopback while the context lasts; yields its address, without a final slash.

    Port 0 takes any free one. Raises MonitorError where the port cannot be had.
    """
    try:
        server = _Server((HOST, port), _Handler)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "another program uses it" if taken else error.strerror or str(error)
        raise MonitorError(
            f"the newsroom cannot be served on port {port}: {why}; choose another with --port"
        ) from error
    with server:
        url = f"http://{HOST}:{server.server_port}"
        server.replies = replies(url)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="newsroom")
        thread.start()
        try:
            yield url
        finally:
            server.shutdown()
            thread.join()
