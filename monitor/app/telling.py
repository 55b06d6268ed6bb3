"""Builds the second half of the line: who is told what, by which ways, and what comes back."""

from collections.abc import Sequence
from datetime import datetime
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.app.program import user_agent, utc_now
from monitor.config import ChannelKind, ChannelSettings, Config, MailKind, ReturnsKind, ReturnsSettings
from monitor.links import links
from monitor.types import OPERATOR, Alarm, Change, Digest, Format, Message

if TYPE_CHECKING:
    from monitor.archive import Archive, Version
    from monitor.channels import Channel
    from monitor.pipeline import Orders, Returned, Teller, Threads
    from monitor.returns import Box


def orders(config: Config) -> "Orders":
    """Returns who is told what, and how."""
    from monitor.pipeline import Orders

    return Orders(
        sources=config.sources,
        topics=config.topics,
        subscriptions=config.subscriptions,
        mail=channel(config),
        channels={settings.name: _other_channel(config, settings) for settings in config.channels},
        rooms=_teller(config),
    )


def _teller(config: Config) -> "Teller":
    from monitor.digest import compared, compose
    from monitor.pipeline import Teller

    return Teller(
        compared=compared,
        change=wording_change,
        compose=compose,
        render=lambda digest, secret, token, takes: _render(config, digest, secret, token, takes),
        notify=None
        if config.operator is None
        else lambda alarms, secret, now: _alarm_mail(config, alarms, secret, now),
    )


def wording_change(before: "Version", after: "Version", language: str | None) -> Change | None:
    """Returns what a version changed of an earlier one, or of another article's; None where a text is not kept."""
    from monitor.extract.body import body
    from monitor.stories.changes import Wording, change

    if before.text is None or after.text is None:
        return None

    def wording(version: "Version") -> Wording:
        return Wording(title=version.title, body=body(version.text, title=version.title, language=language))

    return change(wording(before), wording(after))


def channel(config: Config) -> "Channel":
    """Returns the way in which mail leaves."""
    mail = config.mail
    if mail.kind is MailKind.MAILDIR:
        from monitor.channels.maildir import Maildir

        assert mail.path is not None  # noqa: S101 - config promises it for this kind
        return Maildir(mail.path)
    from monitor.channels.email import Email

    assert mail.host is not None  # noqa: S101 - config promises both for these kinds
    assert mail.port is not None  # noqa: S101
    return Email(
        mail.host,
        mail.port,
        tls="implicit" if mail.kind is MailKind.SMTPS else "starttls" if mail.starttls else "none",
        user=mail.user,
        password=mail.password,
    )


def _other_channel(config: Config, settings: ChannelSettings) -> "Channel":
    match settings:
        case ChannelSettings(kind=ChannelKind.MAILDIR, path=Path() as path):
            from monitor.channels.maildir import Maildir

            return Maildir(path, name=settings.name)
        case ChannelSettings(kind=ChannelKind.ATOM, path=Path() as path):
            from monitor.channels.atom import AtomFile

            return AtomFile(settings.name, path, entries=settings.entries)
        case ChannelSettings(kind=ChannelKind.WEBHOOK, url=str() as url):
            from monitor.channels.webhook import Webhook

            return Webhook(settings.name, url, secret=settings.secret, agent=user_agent(config))
        case ChannelSettings(kind=ChannelKind.APPRISE, url=str() as url):
            from monitor.channels.apprise import Apprise

            return Apprise(settings.name, url)
    raise TypeError(f"channel {settings.name} lacks what {settings.kind} needs")  # config promises it


def returned(config: Config, archive: "Archive", threads: "Threads") -> "Returned | None":
    """Returns what reads returned mail; None where the configuration names no box."""
    settings = config.mail.returns
    if settings is None:
        return None
    from monitor.pipeline import Returned

    return Returned(box=_box(settings), archive=archive, threads=threads, clock=utc_now)


def _box(settings: ReturnsSettings) -> "Box":
    if settings.kind is ReturnsKind.MAILDIR:
        from monitor.returns.maildir import MaildirBox

        assert settings.path is not None  # noqa: S101 - config promises it for this kind
        return MaildirBox(settings.path)
    from monitor.returns.imap import ImapBox

    assert settings.host is not None  # noqa: S101 - config promises both for these kinds
    assert settings.port is not None  # noqa: S101
    return ImapBox(
        settings.host,
        settings.port,
        user=settings.user or "",
        password=settings.password or "",
        folder=settings.folder,
        tls="implicit" if settings.kind is ReturnsKind.IMAPS else "starttls" if settings.starttls else "none",
    )


def _sender_address(config: Config) -> str:
    return parseaddr(config.mail.sender)[1]


def _render(config: Config, digest: Digest, secret: bytes, token: str | None, takes: Format) -> Message:
    from monitor.digest import message_id, render, thread_id

    address = _sender_address(config)
    domain = address.rpartition("@")[2]
    return render(
        digest,
        sender=config.mail.sender,
        program=config.name,
        links=links(None if config.web.only_here else config.web.base_url, address, token),
        message_id=message_id(secret, digest.subscription.id, digest.slot.name, digest.reader, domain),
        thread_id=thread_id(secret, digest.subscription.id, digest.reader, domain),
        format=takes,
    )


def _alarm_mail(config: Config, alarms: "Sequence[Alarm]", secret: bytes, now: datetime) -> Message:
    from monitor.digest import alarm_mail, message_id

    assert config.operator is not None  # noqa: S101 - who else is told
    slot = f"now-{now:%Y%m%dT%H%M%S.%fZ}"
    return alarm_mail(
        alarms,
        sender=config.mail.sender,
        to=config.operator,
        program=config.name,
        message_id=message_id(secret, OPERATOR, slot, config.operator, _sender_address(config).rpartition("@")[2]),
        now=now,
        language="fr" if {each.language for each in config.subscriptions} == {"fr"} else "en",
    )
