"""What a configuration means once it has been read: the settings of this installation, with every default filled in."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from monitor.errors import Problem
from monitor.types import Role, Source, Subscription, Topic

AddressRange = tuple[IPv4Network | IPv6Network, int | None]
"""Addresses, and the one port of theirs; None is every port."""


class MailKind(StrEnum):
    """How mail leaves: the scheme of `mail.via`."""

    MAILDIR = "maildir"
    SMTP = "smtp"
    SMTPS = "smtps"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """Where mail goes out. A maildir has a `path`, the other two kinds have `host` and `port`."""

    kind: MailKind
    sender: str  # for the From field: an address, or a name and an address in angle brackets
    path: Path | None = None  # absolute
    host: str | None = None
    port: int | None = None
    starttls: bool = True  # of kind smtp: no mail leaves before the connection is encrypted
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    returns: "ReturnsSettings | None" = None  # where bounces and wishes to unsubscribe come in


class ReturnsKind(StrEnum):
    """How returned mail is read: the scheme of `mail.returns`."""

    MAILDIR = "maildir"
    IMAPS = "imaps"
    IMAP = "imap"  # with STARTTLS


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnsSettings:
    """Where returned mail lies. A maildir has a `path`, the other two kinds have the rest."""

    kind: ReturnsKind
    path: Path | None = None  # absolute
    host: str | None = None
    port: int | None = None
    folder: str = "INBOX"
    starttls: bool = True  # of kind imap
    user: str | None = None
    password: str | None = field(default=None, repr=False)


class ChannelKind(StrEnum):
    """How a channel of `channels` carries messages: its `via`."""

    MAILDIR = "maildir"
    WEBHOOK = "webhook"
    APPRISE = "apprise"
    ATOM = "atom"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """A way to readers that have no e-mail address. maildir and atom have a `path`, webhook and apprise a `url`."""

    name: str  # the reader's name in digests.yaml
    kind: ChannelKind
    path: Path | None = None  # absolute
    url: str | None = field(default=None, repr=False)  # may hold a secret
    secret: str | None = field(default=None, repr=False)  # a webhook's bodies are signed with it
    entries: int = 100  # an Atom feed keeps so many


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSettings:
    """Somebody who may sign in, or whom a proxy names."""

    name: str
    role: Role
    password: str | None = field(default=None, repr=False)  # Argon2 hash, PHC string; None: only by the proxy
    language: str | None = None  # of the pages: en or fr; None: what the browser asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """A program that may use the JSON API."""

    name: str
    role: Role
    sha256: str = field(repr=False)  # of the token, in hexadecimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySettings:
    """A proxy that signs people in and names them in a header."""

    header: str
    addresses: tuple[IPv4Network | IPv6Network, ...]  # that it calls from; from elsewhere the header says nothing
    role: Role | None = None  # of those that `users` does not name; None: they may not


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """Where the pages are served, and the address people know them by (without a slash at its end).

    Without `locked` nobody can sign in: then the pages are for whoever sits at this machine, and listen there only.
    """

    host: str
    port: int  # 0: any free one
    base_url: str
    only_here: bool  # base_url leads to this very machine: of no use in a mail
    users: tuple[UserSettings, ...] = ()
    tokens: tuple[TokenSettings, ...] = ()
    proxy: ProxySettings | None = None
    public: bool = False  # whoever comes may search and read excerpts
    passed_on: bool = False  # base_url is written, and leads elsewhere: something there passes requests on to us

    @property
    def locked(self) -> bool:
        """Whether there is a way to sign in."""
        return self.proxy is not None or any(user.password is not None for user in self.users)

    @property
    def https(self) -> bool:
        """Whether people come by https: what passes requests on to us ends it."""
        return self.base_url.lower().startswith("https:")

    @property
    def listens_at(self) -> str:
        """The host where the pages listen: `host`, but only this machine where nobody can sign in."""
        from monitor.config.addresses import is_this_machine  # which needs these types

        if self.locked or is_this_machine(self.host):
            return self.host
        return "::1" if ":" in self.host else "127.0.0.1"

    @property
    def why_only_here(self) -> str:
        """Says what is to be done where they listen on this machine only, though `host` says another."""
        return (
            f"nobody can sign in, so the pages listen on {self.listens_at} only, not on {self.host}: "
            "name somebody under web.users (`roxham web password NAME` writes the lines)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlSettings:
    """How politely and how patiently sources are visited."""

    delay: timedelta  # between two requests to one host
    timeout: timedelta  # for one whole answer
    max_size: int  # of one answer, in bytes after decompression
    concurrency: int  # requests under way at once, over all hosts
    allow_private: tuple[AddressRange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole configuration. Two with the same `fingerprint` say the same, however they are written."""

    name: str
    timezone: str  # IANA name
    contact: str  # an e-mail address or a web page
    archive: str  # sqlite:////absolute/path; the path stands as it is, without percent-encoding
    mail: MailSettings
    channels: tuple[ChannelSettings, ...]
    operator: str | None  # the address that is told of what needs a hand
    web: WebSettings
    crawl: CrawlSettings
    keep_unmatched: timedelta
    keep_mails: timedelta  # the bytes of what was sent
    sources: tuple[Source, ...]
    topics: tuple[Topic, ...]
    subscriptions: tuple[Subscription, ...]
    warnings: tuple[Problem, ...]  # what is allowed, but hardly meant
    fingerprint: str  # SHA-256 of what the four files say, in hexadecimal; secrets are left out
