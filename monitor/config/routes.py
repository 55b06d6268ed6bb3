"""How mail leaves and comes back, as an operator writes it. No message repeats that: it may hold a password."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from monitor.config import addresses
from monitor.config.settings import MailKind, ReturnsKind
from monitor.config.values import suggestion, text

_USERINFO = re.compile(r"\A[a-z+]+://[^/?#]*@", re.IGNORECASE)
_PORTS = {"smtp": 587, "smtps": 465, "imap": 143, "imaps": 993}  # RFC 8314, section 3; imap and smtp with STARTTLS


@dataclass(frozen=True, slots=True)
class MailRoute:
    """`mail.via`, taken apart. A path is as written."""

    kind: MailKind
    path: str | None = None
    host: str | None = None
    port: int | None = None
    starttls: bool = True


@dataclass(frozen=True, slots=True)
class ReturnsRoute:
    """`mail.returns`, taken apart. A path is as written."""

    kind: ReturnsKind
    path: str | None = None
    host: str | None = None
    port: int | None = None
    folder: str = "INBOX"
    starttls: bool = True


def mail_route(value: object) -> MailRoute:
    """`maildir:PATH`, `smtp://host[:587][?starttls=off]` or `smtps://host[:465]`."""
    written = text(value)
    if written.startswith("maildir:"):
        return MailRoute(MailKind.MAILDIR, path=_folder(written, "var/outbox"))
    if _USERINFO.match(written):
        raise ValueError("holds a user; remove it and set ROXHAM_MAIL_USER and ROXHAM_MAIL_PASSWORD in the environment")
    scheme = _scheme(written, ("smtp", "smtps"), "maildir:PATH, smtp://host:587, smtps://host:465")
    parts, host, port = _server(written, scheme, example="mail.example.org")
    if parts.path.strip("/"):
        raise ValueError(f"has a host or port that cannot be read; write {scheme}://mail.example.org")
    return MailRoute(MailKind(scheme), host=host, port=port, starttls=_starttls(parts))


def returns_route(value: object) -> ReturnsRoute:
    """`maildir:PATH`, `imaps://host[:993][/FOLDER]` or `imap://host[:143][/FOLDER][?starttls=off]`.

    A folder's name may be percent-encoded (RFC 5092); without one it is the inbox.
    """
    written = text(value)
    if written.startswith("maildir:"):
        return ReturnsRoute(ReturnsKind.MAILDIR, path=_folder(written, "var/returns"))
    if _USERINFO.match(written):
        variables = "ROXHAM_RETURNS_USER and ROXHAM_RETURNS_PASSWORD"
        raise ValueError(f"holds a user; remove it and set {variables} in the environment")
    scheme = _scheme(written, ("imap", "imaps"), "maildir:PATH, imaps://host/FOLDER, imap://host/FOLDER")
    parts, host, port = _server(written, scheme, example="mail.example.org/INBOX")
    starttls = _starttls(parts)
    if not starttls and not addresses.is_this_machine(host):
        raise ValueError("?starttls=off is for a server on this machine: the password would travel unencrypted")
    folder = text(unquote(parts.path.strip("/")) or "INBOX")
    return ReturnsRoute(ReturnsKind(scheme), host=host, port=port, folder=folder, starttls=starttls)


def _folder(written: str, example: str) -> str:
    path = written.removeprefix("maildir:")
    if not path or path.startswith("//"):
        raise ValueError(f"must name a folder, such as maildir:{example}")
    return path


def _scheme(written: str, known: tuple[str, ...], examples: str) -> str:
    scheme, separator, _ = written.partition(":")
    if not separator or scheme not in known:
        hint = suggestion(scheme, ("maildir", *known)) if separator else ""
        raise ValueError(f"is not a way for mail{hint} (known: {examples})")
    return scheme


def _server(written: str, scheme: str, *, example: str) -> tuple[SplitResult, str, int]:
    try:
        parts = urlsplit(written)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("has a host or port that cannot be read") from error
    if not host or not addresses.is_host(host) or port == 0 or parts.fragment:
        raise ValueError(f"has a host or port that cannot be read; write {scheme}://{example}")
    return parts, host, port or _PORTS[scheme]


def _starttls(parts: SplitResult) -> bool:
    tls = parts.scheme in {"smtps", "imaps"}
    if parts.query not in {"", "starttls=on", "starttls=off"} or (parts.query and tls):
        allowed = f"nothing may follow ? after {parts.scheme}://" if tls else "only ?starttls=off is known"
        raise ValueError(f"has an option that is not known; {allowed}")
    return parts.query != "starttls=off"
