"""A real IMAP server on loopback: Twisted's, in a process of its own (it wants a reactor, which nothing else here has).

with ImapServer(certificate, tls="implicit") as server:
    server.put(b"Subject: hello\\r\\n\\r\\n...", user="a")
    ... server.port ... server.flags(user="a")

Everybody is let in whose password is PASSWORD, to mailboxes of their own: each test takes a user of its own. A folder
whose name begins with READONLY may only be read, one that begins with FORGETFUL keeps no flags.
"""

import argparse
import imaplib
import re
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PASSWORD = "sésame, öffne dich"  # noqa: S105
ASCII_PASSWORD = "open sesame"  # noqa: S105


class ImapServer:
    """`tls`: `implicit`, `starttls` or `none`; without `plain` it knows LOGIN only. `certificate`: see mailbox.py."""

    def __init__(self, certificate: Path, *, tls: str = "implicit", plain: bool = True) -> None:
        self._certificate = certificate
        self.tls = tls
        self.plain = plain
        self._command = [sys.executable, "-m", "tests.imap", "--certificate", str(certificate), "--tls", tls]
        self._command += [] if plain else ["--no-plain"]

    def __enter__(self) -> Self:
        root = Path(__file__).parent.parent
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._process.communicate()  # closes its standard input: it ends
        assert self._process.returncode == 0

    def client(self, user: str) -> imaplib.IMAP4:
        """A connection of the test's own, logged in."""
        context = ssl.create_default_context(cafile=self._certificate)
        if self.tls == "implicit":
            client: imaplib.IMAP4 = imaplib.IMAP4_SSL("127.0.0.1", self.port, ssl_context=context)
        else:
            client = imaplib.IMAP4("127.0.0.1", self.port)
        if self.tls == "starttls":
            client.starttls(context)
        client.login(user, ASCII_PASSWORD)
        return client

    def put(self, raw: bytes, *, user: str, folder: str = "INBOX", flags: str = "()") -> None:
        """Delivers a letter; `folder` as IMAP writes it."""
        client = self.client(user)
        client.create(f'"{folder}"')
        status, said = client.append(f'"{folder}"', flags, "", raw)
        assert status == "OK", said
        client.logout()

    def flags(self, *, user: str, folder: str = "INBOX") -> list[str]:
        """The flags of each letter, in their order."""
        client = self.client(user)
        client.select(f'"{folder}"', readonly=True)
        said = client.fetch("1:*", "(FLAGS)")[1]
        client.logout()
        return [re.findall(rb"FLAGS \((.*?)\)", line)[0].decode() for line in said if isinstance(line, bytes)]


def _serve(certificate: Path, tls: str, *, plain: bool) -> None:
    from io import BytesIO

    from twisted.cred.error import UnauthorizedLogin
    from twisted.internet import reactor as _reactor
    from twisted.internet import ssl as _ssl
    from twisted.internet.defer import fail, succeed
    from twisted.internet.protocol import Factory
    from twisted.mail import imap4 as _imap4
    from zope.interface import implementer  # type: ignore[import-untyped]

    reactor: Any = _reactor
    tls_layer: Any = _ssl
    imap4: Any = _imap4

    @implementer(imap4.IMessage, imap4.IMessageFile)
    class Letter:
        def __init__(self, uid: int, raw: bytes, flags: list[str]) -> None:
            self.uid, self.raw, self.flags = uid, raw, set(flags)

        def getUID(self) -> int:  # noqa: N802
            return self.uid

        def getFlags(self) -> list[str]:  # noqa: N802
            return sorted(self.flags)

        def getSize(self) -> int:  # noqa: N802
            return len(self.raw)

        def open(self) -> BytesIO:
            return BytesIO(self.raw)

    @implementer(imap4.IMailbox)
    class Folder:
        def __init__(self, name: str) -> None:
            self.name, self.letters, self.listeners = name, [], []  # type: ignore[var-annotated]

        def getFlags(self) -> list[str]:  # noqa: N802
            return ["\\Seen", "\\Deleted"]

        def getHierarchicalDelimiter(self) -> str:  # noqa: N802
            return "/"

        def getUIDValidity(self) -> int:  # noqa: N802
            return 7

        def getMessageCount(self) -> int:  # noqa: N802
            return len(self.letters)

        def getRecentCount(self) -> int:  # noqa: N802
            return 0

        def isWriteable(self) -> bool:  # noqa: N802
            return not self.name.startswith("READONLY")

        def addListener(self, listener: object) -> None:  # noqa: N802
            self.listeners.append(listener)

        def removeListener(self, listener: object) -> None:  # noqa: N802
            self.listeners.remove(listener)

        def addMessage(self, message: Any, flags: list[str], date: object) -> Any:  # noqa: N802
            self.letters.append(Letter(10 + len(self.letters), message.read(), flags))
            return succeed(None)

        def fetch(self, messages: Any, uid: bool) -> list[tuple[int, Letter]]:
            messages.last = self.letters[-1].uid if uid and self.letters else len(self.letters)
            numbered = enumerate(self.letters, 1)
            return [(number, one) for number, one in numbered if (one.uid if uid else number) in messages]

        def store(self, messages: Any, flags: list[str], mode: int, uid: bool) -> dict[int, list[str]]:
            changed = [] if self.name.startswith("FORGETFUL") else self.fetch(messages, uid)
            for _, letter in changed:
                letter.flags = letter.flags | set(flags) if mode == 1 else letter.flags - set(flags)
            return {number: letter.getFlags() for number, letter in changed}

    class Account(imap4.MemoryAccount):  # type: ignore[misc]
        def _emptyMailbox(self, name: str, number: int) -> Folder:  # noqa: N802
            return Folder(name)

    def account(user: str) -> Account:
        made = Account(user)
        made.addMailbox("INBOX")
        return made

    accounts: dict[str, Account] = {}

    class Portal:
        def login(self, credentials: Any, mind: object, *interfaces: object) -> Any:
            user, password = _text(credentials.username), _text(credentials.password)
            if password not in (PASSWORD, ASCII_PASSWORD):
                return fail(UnauthorizedLogin("no such user"))
            found = accounts.get(user) or accounts.setdefault(user, account(user))
            return succeed((imap4.IAccount, found, lambda: None))

    class Session(imap4.IMAP4Server):  # type: ignore[misc]
        portal = Portal()

        def spew_body(self, part: Any, number: int, letter: Any, _w: Any = None, _f: Any = None) -> Any:
            """Gives the piece that was asked for: Twisted always sends the whole."""
            if part.partialBegin is None:
                return super().spew_body(part, number, letter, _w, _f)
            piece = letter.raw[part.partialBegin :][: part.partialLength]
            _w(b"BODY[]<%d> {%d}\r\n" % (part.partialBegin, len(piece)) + piece)
            return None

    context = tls_layer.DefaultOpenSSLContextFactory(str(certificate), str(certificate))

    class Sessions(Factory):
        def buildProtocol(self, address: object) -> Any:  # noqa: N802
            challengers = {b"PLAIN": imap4.PLAINCredentials} if plain else {}
            session = Session(challengers, context if tls == "starttls" else None)
            session.factory = self
            return session

    if tls == "implicit":
        port = reactor.listenSSL(0, Sessions(), context, interface="127.0.0.1")
    else:
        port = reactor.listenTCP(0, Sessions(), interface="127.0.0.1")
    print(port.getHost().port, flush=True)  # noqa: T201 - for whoever started this
    threading.Thread(target=lambda: (sys.stdin.read(), reactor.callFromThread(reactor.stop)), daemon=True).start()
    reactor.run()


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate", type=Path, required=True)
    parser.add_argument("--tls", required=True)
    parser.add_argument("--no-plain", action="store_true")
    asked = parser.parse_args()
    _serve(asked.certificate, asked.tls, plain=not asked.no_plain)
