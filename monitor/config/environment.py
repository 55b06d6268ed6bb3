"""What comes from the environment instead of a file: where archive and mail are, and the secrets."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from monitor.config import addresses
from monitor.errors import Problem

T = TypeVar("T")

VARIABLES = {
    "ROXHAM_ARCHIVE": "overrides archive of monitor.yaml",
    "ROXHAM_MAIL": "overrides mail.via of monitor.yaml",
    "ROXHAM_MAIL_USER": "user at the mail server",
    "ROXHAM_MAIL_PASSWORD": "password at the mail server",
    "ROXHAM_MAIL_PASSWORD_FILE": "file that holds the password at the mail server; a line break at its end is left out",
}
"""Every variable that is read here, with its meaning. An empty one counts as not set."""


@dataclass(slots=True, kw_only=True)
class Outside:
    """What the environment says; None where it says nothing."""

    archive: str | None = None  # the path as written
    mail: addresses.MailRoute | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    problems: list[Problem] = field(default_factory=list)


def read(environ: Mapping[str, str], base: Path) -> Outside:
    """Reads the variables. What is wrong with them stands in `problems`; a relative path is relative to `base`."""
    outside = Outside()
    outside.archive = _parsed(environ, "ROXHAM_ARCHIVE", addresses.archive_path, outside)
    outside.mail = _parsed(environ, "ROXHAM_MAIL", addresses.mail_route, outside)
    outside.user = environ.get("ROXHAM_MAIL_USER") or None
    outside.password = environ.get("ROXHAM_MAIL_PASSWORD") or None
    if name := environ.get("ROXHAM_MAIL_PASSWORD_FILE"):
        if outside.password is not None:
            _add(outside, "ROXHAM_MAIL_PASSWORD_FILE", "ROXHAM_MAIL_PASSWORD is set as well; set one of them")
        else:
            outside.password = _secret(base / name, outside)
    if outside.password is not None and outside.user is None:
        _add(outside, "ROXHAM_MAIL_USER", "is not set, but a password is")
    if outside.user is not None and outside.password is None and not environ.get("ROXHAM_MAIL_PASSWORD_FILE"):
        _add(outside, "ROXHAM_MAIL_PASSWORD", "is not set, nor is ROXHAM_MAIL_PASSWORD_FILE, but ROXHAM_MAIL_USER is")
    return outside


def _parsed(environ: Mapping[str, str], name: str, parse: Callable[[object], T], outside: Outside) -> T | None:
    written = environ.get(name)
    if not written:
        return None
    try:
        return parse(written)
    except ValueError as error:
        _add(outside, name, str(error))
        return None


def _secret(path: Path, outside: Outside) -> str | None:
    name = "ROXHAM_MAIL_PASSWORD_FILE"
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
