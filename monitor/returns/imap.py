"""Returned mail in a folder of an IMAP server."""

import imaplib
import re
import ssl
from base64 import b64encode
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from typing import Literal

from monitor.returns import LONGEST, BoxError, Letter
from monitor.text import one_line

_BEYOND_ASCII = re.compile(r"[^\x20-\x7e]+|&")


class ImapBox:
    """Reads what a folder holds without the flag \\Seen (RFC 3501), and sets that flag on what is done.

    `tls`: `implicit` speaks TLS from the first byte, `starttls` insists on it before the password, `none` is for a
    server on this machine. Certificates are verified against the system's authorities (the variable SSL_CERT_FILE
    names others). `timeout` is in seconds and holds for each wait. A letter's name is its UID with the folder's
    UIDVALIDITY.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        user: str,
        password: str,
        folder: str = "INBOX",
        tls: Literal["implicit", "starttls", "none"] = "implicit",
        timeout: float = 30.0,
    ) -> None:
        self._host = host
        self._port = port
        self._user = user
        self._password = password
        self._folder = folder
        self._tls = tls
        self._timeout = timeout
        self.place = f"the folder {folder} of the mail server {host}:{port}"

    def unread(self, limit: int, *, but: Collection[str] = ()) -> list[Letter]:
        """See Box. The flag stays as it is (BODY.PEEK), and no more than `LONGEST` bytes are fetched of a letter."""
        with self._open() as (client, validity):
            found = _answer(client.uid("SEARCH", "UNSEEN", "UNDELETED"))
            uids = [uid for line in found if isinstance(line, bytes) for uid in line.decode("ascii").split()]
            wanted = [uid for uid in sorted(uids, key=int) if f"{validity}.{uid}" not in but][:limit]
            letters = [(uid, _fetched(client, uid)) for uid in wanted]
            return [Letter(name=f"{validity}.{uid}", raw=raw) for uid, raw in letters if raw is not None]

    def done(self, names: Collection[str]) -> None:
        """See Box."""
        if not names:
            return
        with self._open() as (client, validity):
            known = [uid for known, _, uid in (name.partition(".") for name in names) if known == validity]
            if known:  # else the folder was made anew since: its numbers mean other letters
                _answer(client.uid("STORE", ",".join(known), "+FLAGS.SILENT", r"(\Seen)"))

    @contextmanager
    def _open(self) -> Iterator[tuple[imaplib.IMAP4, str]]:
        """Yields a connection in which the folder is selected, and the folder's UIDVALIDITY."""
        try:
            client = self._connected()
            try:
                self._log_in(client)
                status, said = client.select(_quoted(_mutf7(self._folder)))
                if status != "OK":
                    raise BoxError(f"{self.place} cannot be opened: {_words(said)}")
                yield client, _words(client.response("UIDVALIDITY")[1])
                with suppress(imaplib.IMAP4.error, OSError):
                    client.logout()
            finally:
                with suppress(OSError):
                    client.shutdown()
        except imaplib.IMAP4.readonly as error:
            raise BoxError(f"{self.place} may only be read: letters cannot be marked there") from error
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", None) or error.reason or str(error)
            raise BoxError(f"{self.place} has no TLS that can be trusted: {reason}") from error
        except TimeoutError as error:
            raise BoxError(f"{self.place} did not answer in time") from error
        except (imaplib.IMAP4.error, OSError, ValueError) as error:  # the last: an answer that is no IMAP
            raise BoxError(f"{self.place} cannot be read: {_words(error.args)}") from error

    def _connected(self) -> imaplib.IMAP4:
        if self._tls == "implicit":
            context = ssl.create_default_context()
            return imaplib.IMAP4_SSL(self._host, self._port, ssl_context=context, timeout=self._timeout)
        if self._tls == "none" and not _here(self._host):
            raise BoxError(f"{self.place} is not spoken to over TLS: user and password are not sent; use imaps://")
        return imaplib.IMAP4(self._host, self._port, timeout=self._timeout)

    def _log_in(self, client: imaplib.IMAP4) -> None:
        """Encrypts, then says who we are: by PLAIN (RFC 4616), which knows all characters, where the server has it."""
        if self._tls == "starttls":
            if "STARTTLS" not in client.capabilities or client.state != "NONAUTH":
                raise BoxError(f"{self.place} does not offer STARTTLS; imaps:// speaks TLS from the start")
            client.starttls(ssl.create_default_context())
        if "AUTH=PLAIN" in client.capabilities:
            client.authenticate("PLAIN", lambda _: f"\0{self._user}\0{self._password}".encode())
        elif (self._user + self._password).isascii():
            client.login(_quoted(self._user), self._password)
        else:
            raise BoxError(f"{self.place} takes no user or password with other characters than ASCII")


def _fetched(client: imaplib.IMAP4, uid: str) -> bytes | None:
    """Returns the beginning of a letter; None where it went meanwhile. Answers about others may stand between."""
    asked = re.compile(rb"\bUID " + uid.encode() + rb"\b")
    answers = _answer(client.uid("FETCH", uid, f"(UID BODY.PEEK[]<0.{LONGEST}>)"))
    for place, answer in enumerate(answers):
        if not isinstance(answer, tuple):
            continue
        after = answers[place + 1] if place + 1 < len(answers) else b""  # the UID may stand behind the text
        if asked.search(answer[0]) or (isinstance(after, bytes) and asked.search(after)):
            return bytes(answer[1][:LONGEST])
    return None


def _answer(answer: tuple[str, list[bytes | tuple[bytes, bytes] | None]]) -> list[bytes | tuple[bytes, bytes] | None]:
    status, said = answer
    if status != "OK":
        raise imaplib.IMAP4.error(_words(said))
    return said


def _words(said: Collection[object]) -> str:
    """Returns a server's words, or an error's, as one line."""
    return one_line(
        " ".join(item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item) for item in said)
    )


def _quoted(name: str) -> str:
    escaped = re.sub(r'(["\\])', r"\\\1", name)
    return f'"{escaped}"'


def _mutf7(name: str) -> str:
    """Returns a folder's name as IMAP writes it (RFC 3501, section 5.1.3)."""

    def coded(run: re.Match[str]) -> str:
        if run[0] == "&":
            return "&-"
        return "&" + b64encode(run[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"

    return _BEYOND_ASCII.sub(coded, name)


def _here(host: str) -> bool:
    """Says whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
