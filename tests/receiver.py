"""A web service on loopback that is posted to, in a thread of its own, and answers as a test wants.

with Receiver(answers=["503", "200"]) as service:
    ... service.url("/hook") ... service.posts
"""

import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast


@dataclass(frozen=True, slots=True)
class Post:
    """One request as it arrived, whether or not it was answered."""

    path: str  # with the query
    headers: Mapping[str, str]  # lower-case names
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request gets: a status, or `"drop"` (cut without an answer) or `"hang"` (no answer ever comes)."""

    status: int | str = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    reason: str | None = None
    read: bool = True  # the request's body is read first


class Receiver:
    """Listens on `receiver.port`; `posts` is what came. Of the answers one is used up a request, the last one stays."""

    def __init__(self, answers: Sequence[Answer | int | str] = (200,), *, certificate: Path | None = None) -> None:
        self.answers = [each if isinstance(each, Answer) else Answer(each) for each in answers]
        self.posts: list[Post] = []
        self.connections = 0
        self.closing = threading.Event()
        self.lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Visitor)
        self._server.receiver = self
        self._scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self._scheme = "https"
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="receiver", daemon=True)

    def url(self, path: str = "/", *, scheme: str | None = None) -> str:
        return f"{scheme or self._scheme}://127.0.0.1:{self.port}{path}"

    def answer(self) -> Answer:
        with self.lock:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
        assert not self._thread.is_alive(), "the receiver did not stop"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 100
    receiver: Receiver

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # cut connections are what this server is for


class _Visitor(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        cast(_Server, self.server).receiver.connections += 1
        super().setup()

    def do_POST(self) -> None:
        receiver = cast(_Server, self.server).receiver
        answer = receiver.answer()
        self.close_connection = True
        if answer.read:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if len(body) < int(self.headers["Content-Length"]):
                return  # cut within the request: nothing was posted
            headers = {name.lower(): value for name, value in self.headers.items()}
            with receiver.lock:
                receiver.posts.append(Post(self.path, headers, body))
        if answer.status == "hang":
            receiver.closing.wait(60)
        if isinstance(answer.status, int):
            with suppress(OSError):
                self._say(answer)

    def _say(self, answer: Answer) -> None:
        assert isinstance(answer.status, int)
        self.send_response(answer.status, answer.reason)
        for name, value in ({"Content-Length": str(len(answer.body))} | dict(answer.headers)).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: Any) -> None:
        pass
