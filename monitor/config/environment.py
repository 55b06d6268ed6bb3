"""What comes from the environment instead of a file: where archive and mail are, and the secrets."""

import os
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from monitor.config import addresses, routes
from monitor.config.document import Document
from monitor.config.telling import ChannelKeys
from monitor.errors import Problem

T = TypeVar("T")

VARIABLES = {
    "ROXHAM_ARCHIVE": "overrides archive of monitor.yaml",
    "ROXHAM_MAIL": "overrides mail.via of monitor.yaml",
    "ROXHAM_MAIL_USER": "user at the mail server",
    "ROXHAM_MAIL_PASSWORD": "password at the mail server",
    "ROXHAM_MAIL_PASSWORD_FILE": "file that holds the password at the mail server; a line break at its end is left out",
    "ROXHAM_RETURNS_USER": "user of the mailbox that mail.returns names",
    "ROXHAM_RETURNS_PASSWORD": "password of that mailbox",
    "ROXHAM_RETURNS_PASSWORD_FILE": "file that holds that password; a line break at its end is left out",
}
"""Every variable that is read here, with its meaning. An empty one counts as not set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who we are to another machine."""

    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(slots=True, kw_only=True)
class Outside:
    """What the environment says; None where it says nothing."""

    archive: str | None = None  # the path as written
    mail: routes.MailRoute | None = None
    mail_login: Login = Login()
    returns_login: Login = Login()
    problems: list[Problem] = field(default_factory=list)


def read(environ: Mapping[str, str], base: Path) -> Outside:
    """Reads the variables. What is wrong with them stands in `problems`; a relative path is relative to `base`."""
    outside = Outside()
    outside.archive = _parsed(environ, "ROXHAM_ARCHIVE", addresses.archive_path, outside)
    outside.mail = _parsed(environ, "ROXHAM_MAIL", routes.mail_route, outside)
    outside.mail_login = _login(environ, "ROXHAM_MAIL", base, outside)
    outside.returns_login = _login(environ, "ROXHAM_RETURNS", base, outside)
    return outside


def unset(
    channels: Mapping[str, ChannelKeys], readers: Container[str], environ: Mapping[str, str], document: Document
) -> Iterator[Problem]:
    """Yields what the variables lack that channels name in the document; of a channel that no reader is, nothing."""
    for name, keys in channels.items():
        for written in ("secret_env", "url_env") if name in readers else ():
            variable = getattr(keys, written)
            if variable is None:
                continue
            if not (secret := environ.get(variable)):
                what = f"the environment variable {variable} is not set"
            elif written == "url_env" and "://" not in secret:
                what = f"the environment variable {variable} does not hold an address such as slack://…"
            else:
                continue
            yield document.problem(("channels", name, written), what)


def _login(environ: Mapping[str, str], prefix: str, base: Path, outside: Outside) -> Login:
    user, password = environ.get(f"{prefix}_USER") or None, environ.get(f"{prefix}_PASSWORD") or None
    if name := environ.get(f"{prefix}_PASSWORD_FILE"):
        if password is not None:
            _add(outside, f"{prefix}_PASSWORD_FILE", f"{prefix}_PASSWORD is set as well; set one of them")
        else:
            password = _secret(base / name, f"{prefix}_PASSWORD_FILE", outside)
    if password is not None and user is None:
        _add(outside, f"{prefix}_USER", "is not set, but a password is")
    if user is not None and password is None and not name:
        _add(outside, f"{prefix}_PASSWORD", f"is not set, nor is {prefix}_PASSWORD_FILE, but {prefix}_USER is")
    return Login(user=user, password=password)


def _parsed(environ: Mapping[str, str], name: str, parse: Callable[[object], T], outside: Outside) -> T | None:
    written = environ.get(name)
    if not written:
        return None
    try:
        return parse(written)
    except ValueError as error:
        _add(outside, name, str(error))
        return None


def _secret(path: Path, name: str, outside: Outside) -> str | None:
    try:
        secret = path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        _add(outside, name, f"{path} cannot be read: {error.strerror or os.strerror(error.errno or 0)}")
        return None
    except UnicodeDecodeError:
        _add(outside, name, f"{path} is not UTF-8")
        return None
    if not secret:
        _add(outside, name, f"{path} is empty")
        return None
    return secret


def _add(outside: Outside, name: str, what: str) -> None:
    outside.problems.append(Problem(file="environment", line=1, column=1, path=name, what=what))
