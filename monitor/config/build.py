"""Checked keys → the types the program runs on, with defaults that follow from other keys filled in."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from monitor.config import addresses, routes
from monitor.config.environment import Outside
from monitor.config.model import UNKNOWN_LANGUAGE
from monitor.config.pages import WebKeys
from monitor.config.schema import CrawlKeys, MonitorFile, SourceKeys, TopicKeys, TopicsFile
from monitor.config.settings import (
    ChannelKind,
    ChannelSettings,
    CrawlSettings,
    MailSettings,
    ProxySettings,
    ReturnsSettings,
    TokenSettings,
    UserSettings,
    WebSettings,
)
from monitor.config.telling import ALL, ChannelKeys, DigestKeys
from monitor.types import (
    Beside,
    Credentials,
    Form,
    Keep,
    Layout,
    Read,
    Robots,
    Role,
    Schedule,
    Source,
    Subscription,
    Topic,
)

_MOST = 50
"""Stories in one mail: so many in full are about 100 kB, beyond which Gmail cuts a mail off."""


def archive(path: str, base: Path) -> str:
    """The archive's address with an absolute path: four slashes."""
    return f"sqlite:///{_absolute(path, base)}"


def mail(monitor: MonitorFile, route: routes.MailRoute, outside: Outside, base: Path) -> MailSettings:
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
        user=outside.mail_login.user,
        password=outside.mail_login.password,
        returns=None if monitor.mail.returns is None else _returns(monitor.mail.returns, outside, base),
    )


def _returns(route: routes.ReturnsRoute, outside: Outside, base: Path) -> ReturnsSettings:
    return ReturnsSettings(
        kind=route.kind,
        path=None if route.path is None else _absolute(route.path, base),
        host=route.host,
        port=route.port,
        folder=route.folder,
        starttls=route.starttls,
        user=outside.returns_login.user,
        password=outside.returns_login.password,
    )


def channels(every: Mapping[str, ChannelKeys], environ: Mapping[str, str], base: Path) -> tuple[ChannelSettings, ...]:
    """The channels with their secrets. Those whose variables are not set are left out: no digest names them."""
    return tuple(
        ChannelSettings(
            name=name,
            kind=ChannelKind(keys.via),
            path=None if keys.path is None else _absolute(keys.path, base),
            url=keys.url if keys.url_env is None else environ[keys.url_env],
            secret=None if keys.secret_env is None else environ[keys.secret_env],
            entries=keys.entries,
        )
        for name, keys in every.items()
        if all(environ.get(variable) for variable in (keys.url_env, keys.secret_env) if variable is not None)
    )


def web(keys: WebKeys) -> WebSettings:
    """Where the pages are, by which address, and who may see them."""
    host, port = keys.bind
    shown = f"[{host}]" if ":" in host else host
    base_url = keys.base_url or f"http://{shown}:{port}"
    proxy = keys.proxy
    return WebSettings(
        host=host,
        port=port,
        base_url=base_url,
        only_here=addresses.is_this_machine(urlsplit(base_url).hostname or ""),
        users=tuple(
            UserSettings(name=user.name, role=Role(user.role), password=user.password, language=user.language)
            for user in keys.users
        ),
        tokens=tuple(
            TokenSettings(name=token.name, role=Role(token.role), sha256=token.sha256) for token in keys.tokens
        ),
        proxy=None
        if proxy is None
        else ProxySettings(
            header=proxy.header,
            addresses=tuple(proxy.from_),
            role=None if proxy.role is None else Role(proxy.role),
        ),
        public=keys.public,
        passed_on=keys.base_url is not None and not addresses.is_this_machine(urlsplit(base_url).hostname or ""),
    )


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
        at=_together(keys.at),
        timezone=keys.timezone or monitor.timezone,
        language=keys.language,
        to=tuple(keys.to),
        mentions=keys.mentions,
        languages=tuple(dict.fromkeys(keys.languages)),
        not_on=frozenset().union(*(each.dates for each in keys.not_on)),
        not_on_yearly=frozenset().union(*(each.yearly for each in keys.not_on)),
        quiet=keys.quiet,
        gather=keys.gather,
        layout=Layout(keys.layout),
        most=_most(keys, web(monitor.web)),
        nothing_new=keys.nothing_new,
        repeat_alerts=keys.repeat_alerts,
        note=keys.note,
        paused=keys.paused,
        at_most_once=keys.at_most_once,
    )


def _together(schedules: Sequence[Schedule]) -> Schedule:
    """The union of calendars; what is no calendar stands alone."""
    moments = (each.moments for each in schedules)
    text = ", ".join(each.text for each in schedules)
    return schedules[0] if len(schedules) == 1 else Schedule(text=text, moments=frozenset().union(*moments))


def _most(keys: DigestKeys, pages: WebSettings) -> int | None:
    """How many stories a mail tells. Where readers cannot open the page with the rest, that is all of them."""
    if isinstance(keys.most, int):
        return keys.most
    return None if keys.most == ALL or pages.only_here else _MOST


def _forms(by_language: Mapping[str, list[str]]) -> tuple[Form, ...]:
    return tuple(Form(text=text, language=language) for language, texts in by_language.items() for text in texts)


def _absolute(path: str, base: Path) -> Path:
    return Path(os.path.abspath(base / path))  # noqa: PTH100 - resolve() would follow links
