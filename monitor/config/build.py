"""Checked keys → the types the program runs on, with defaults that follow from other keys filled in."""

import os
from collections.abc import Mapping
from pathlib import Path

from monitor.config import addresses
from monitor.config.environment import Outside
from monitor.config.schema import (
    UNKNOWN_LANGUAGE,
    CrawlKeys,
    DigestKeys,
    MonitorFile,
    SourceKeys,
    TopicKeys,
    TopicsFile,
    WebKeys,
)
from monitor.config.settings import CrawlSettings, MailSettings, WebSettings
from monitor.types import Beside, Credentials, Form, Keep, Read, Robots, Source, Subscription, Topic


def archive(path: str, base: Path) -> str:
    """The archive's address with an absolute path: four slashes."""
    return f"sqlite:///{_absolute(path, base)}"


def mail(monitor: MonitorFile, route: addresses.MailRoute, outside: Outside, base: Path) -> MailSettings:
    """How mail leaves, with the secrets of the environment."""
    sender = monitor.mail.from_
    if sender is None:
        address = monitor.contact if "://" not in monitor.contact else "roxham@localhost"
        sender = addresses.with_name(monitor.name, address)
    return MailSettings(
        kind=route.kind,
        sender=sender,
        path=None if route.path is None else _absolute(route.path, base),
        host=route.host,
        port=route.port,
        starttls=route.starttls,
        user=outside.user,
        password=outside.password,
    )


def web(keys: WebKeys) -> WebSettings:
    """Where the pages are, and by which address."""
    host, port = keys.bind
    shown = f"[{host}]" if ":" in host else host
    return WebSettings(host=host, port=port, base_url=keys.base_url or f"http://{shown}:{port}")


def crawl(keys: CrawlKeys) -> CrawlSettings:
    """Manners towards publishers."""
    return CrawlSettings(
        delay=keys.delay,
        timeout=keys.timeout,
        max_size=keys.max_size,
        concurrency=keys.concurrency,
        allow_private=tuple(keys.allow_private),
    )


def source(keys: SourceKeys, environ: Mapping[str, str]) -> Source:
    """One source; its user and password come from its url or from the variable it names."""
    credentials = keys.url.credentials
    if keys.auth_env is not None and keys.enabled:
        user, _, password = environ[keys.auth_env].partition(":")
        credentials = Credentials(user=user, password=password)
    name = keys.name or keys.id
    fastest, slowest = keys.every
    return Source(
        id=keys.id,
        name=name,
        publisher=keys.publisher or name,
        kind=keys.kind,
        url=keys.url.url,
        language=keys.language,
        every=fastest,
        slowest=slowest,
        read=Read(keys.read),
        keep=Keep(keys.keep),
        robots=Robots(keys.robots),
        official=keys.official,
        may_be_empty=keys.may_be_empty,
        enabled=keys.enabled,
        credentials=credentials,
        options=keys.options,
    )


def topic(keys: TopicKeys) -> Topic:
    """One topic, its forms in the order of the file."""
    return Topic(
        id=keys.id,
        title=keys.title or {UNKNOWN_LANGUAGE: keys.id},
        any=_forms(keys.any),
        all=_forms(keys.all),
        none=_forms(keys.none),
        excepting=_forms(keys.except_),
        near=tuple(
            Beside(forms=_forms(group.forms), beside=_forms(group.beside), within=group.within) for group in keys.near
        ),
    )


def subscription(keys: DigestKeys, topics: TopicsFile, monitor: MonitorFile) -> Subscription:
    """One digest; without topics of its own it tells of all, without a time zone it lives in the installation's."""
    return Subscription(
        id=keys.id,
        title=keys.title or {UNKNOWN_LANGUAGE: keys.id},
        topics=tuple(each.id for each in topics.topics) if keys.topics is None else tuple(keys.topics),
        at=keys.at,
        timezone=keys.timezone or monitor.timezone,
        language=keys.language,
        to=tuple(keys.to),
        mentions=keys.mentions,
    )


def _forms(by_language: Mapping[str, list[str]]) -> tuple[Form, ...]:
    return tuple(Form(text=text, language=language) for language, texts in by_language.items() for text in texts)


def _absolute(path: str, base: Path) -> Path:
    return Path(os.path.abspath(base / path))  # noqa: PTH100 - resolve() would follow links
