"""Who is told what, when and how: the keys of digests.yaml, and those of the ways to readers in monitor.yaml."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator, PlainValidator, ValidationInfo

from monitor.config import addresses, routes, values
from monitor.config.model import (
    Keys,
    Language,
    Pause,
    Title,
    Truth,
    Unwritten,
    around,
    empty_is,
    key,
    maybe,
    word,
)
from monitor.config.schedules import DaysOff, days_off, quiet_hours, schedule
from monitor.types import OPERATOR, Quiet, Schedule

T = TypeVar("T")

ALL = "all"
"""What `most` says where a mail tells every story."""
_APART = "in a file; name an environment variable that holds it in"


def _returns(value: object, info: ValidationInfo) -> routes.ReturnsRoute | None:
    if value is Unwritten:
        return None
    route = routes.returns_route(value)
    if route.host is not None and not around(info).environ.get("ROXHAM_RETURNS_USER"):
        raise ValueError("the environment variable ROXHAM_RETURNS_USER is not set: who opens the mailbox?")
    return route


class MailKeys(Keys):
    via: Annotated[routes.MailRoute, PlainValidator(routes.mail_route)] = key(
        "how mail leaves: maildir:PATH writes it into a folder and sends nothing; smtp://host:587 asks for STARTTLS "
        "(?starttls=off for a relay on this machine); smtps://host:465. ROXHAM_MAIL overrides; the user and the "
        "password come from ROXHAM_MAIL_USER and ROXHAM_MAIL_PASSWORD or ROXHAM_MAIL_PASSWORD_FILE",
        "maildir:var/outbox",
    )
    from_: Annotated[str | None, PlainValidator(maybe(addresses.sender))] = key(
        "the sender: an address, or a name with the address in angle brackets",
        Unwritten,
        shown="the name and the contact, if that is an e-mail address; else at localhost",
        written="from",
    )
    returns: Annotated[routes.ReturnsRoute | None, PlainValidator(_returns)] = key(
        "where mail to the sender arrives, to be read for what came back and for wishes to unsubscribe: maildir:PATH; "
        "imaps://host:993/FOLDER; imap://host:143/FOLDER asks for STARTTLS (?starttls=off on this machine only). User "
        "and password come from ROXHAM_RETURNS_USER and ROXHAM_RETURNS_PASSWORD or ROXHAM_RETURNS_PASSWORD_FILE",
        Unwritten,
        shown="nowhere: it is not read",
    )


def channel_name(value: object) -> str:
    """The name by which digests call a channel."""
    if isinstance(value, str) and "@" in value:
        raise ValueError("is an e-mail address; a channel's name has no @, and addresses stand in `to` as they are")
    return values.identifier(value)


def _only(*kinds: str, read: Callable[[object], T], required: bool = False, default: T | None = None) -> PlainValidator:
    """Reads a value that channels of these kinds have, and others have not."""

    def check(value: object, info: ValidationInfo) -> T | None:
        via = info.data.get("via")
        if value is Unwritten:
            if required and via in kinds:
                raise ValueError(f"is required via {via}")
            return default
        if via is not None and via not in kinds:
            raise ValueError(f"a channel via {via} has none; remove the key")
        return read(value)

    return PlainValidator(check)


def _url(value: object, info: ValidationInfo) -> str | None:
    via = info.data.get("via")
    if via == "apprise" and value is not Unwritten:
        raise ValueError(f"an apprise address holds tokens, and has no place {_APART} url_env")
    if value is Unwritten and via == "webhook":
        raise ValueError(f"is required via {via}")
    if value is not Unwritten and via in {"maildir", "atom"}:
        raise ValueError(f"a channel via {via} has none; remove the key")
    return None if value is Unwritten else addresses.webhook(value)


_VARIABLE = partial(values.variable, holds="the secret", such_as="DESK_WEBHOOK")


class ChannelKeys(Keys):
    via: Annotated[str, word("maildir", "webhook", "apprise", "atom", what="way")] = key(
        "maildir: mails in a folder; webhook: a JSON document is posted; apprise: a text for a chat service; atom: an "
        "Atom feed in a file"
    )
    path: Annotated[str | None, _only("maildir", "atom", read=values.text, required=True)] = key(
        "via maildir: the folder; via atom: the file", Unwritten, shown="required via maildir and atom"
    )
    url: Annotated[str | None, PlainValidator(_url)] = key(
        "via webhook: the address that is posted to", Unwritten, shown="required via webhook"
    )
    secret_env: Annotated[str | None, _only("webhook", read=_VARIABLE)] = key(
        "via webhook: name of an environment variable that holds a secret, with which what is posted is signed",
        Unwritten,
        shown="none: it is not signed",
    )
    url_env: Annotated[str | None, _only("apprise", read=_VARIABLE, required=True)] = key(
        "via apprise: name of an environment variable that holds the service's address, such as slack://…",
        Unwritten,
        shown="required via apprise",
    )
    entries: Annotated[int, _only("atom", read=partial(values.whole, low=1, high=1000), default=100)] = key(
        "via atom: how many of the newest stories the feed keeps, up to 1000", Unwritten, shown="100"
    )


def _digest_id(value: object) -> str:
    name = values.identifier(value)
    if name == OPERATOR:
        raise ValueError(f'"{name}" is kept for mails to the operator; choose another id')
    return name


def _topic_ids(value: object) -> object:
    if value is Unwritten:
        return None
    return [] if value is None else value


def _topic_id(value: object, info: ValidationInfo) -> str:
    name, known = values.text(value), around(info).topics
    if known is not None and name not in known:
        names = ", ".join(known) or "none"
        raise ValueError(f'unknown topic "{name}"{values.suggestion(name, known)} (known: {names})')
    return name


def _reader(value: object, info: ValidationInfo) -> str:
    """An e-mail address, or the name of a channel."""
    name, known = values.text(value), around(info).channels
    if "@" in name:
        return addresses.mailbox(name)
    if known is None or name in known:
        return name
    what = f'"{name}" is not an e-mail address such as desk@example.org, nor a channel of monitor.yaml'
    raise ValueError(f"{what}{values.suggestion(name, known)} (known: {', '.join(known) or 'none'})")


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _together(schedules: list[Schedule]) -> list[Schedule]:
    if not schedules:
        raise ValueError("is empty; give a time such as weekdays 07:00, or remove the key")
    alone = next((each.text for each in schedules if not each.moments), None)
    if alone is not None and len(schedules) > 1:
        raise ValueError(f'"{alone}" stands alone; for other times, write another digest')
    return schedules


def _at_once(info: ValidationInfo) -> bool:
    return any(each.at_once for each in info.data.get("at", ()))


def _mentions(value: object, info: ValidationInfo) -> bool:
    return not _at_once(info) if value is Unwritten else values.truth(value)


def _nothing_new(value: object, info: ValidationInfo) -> bool:
    wanted = values.truth(value)
    if wanted and _at_once(info):
        raise ValueError("what goes out at once has no hour at which nothing is new; remove one of the two")
    return wanted


def _most(value: object) -> int | str:
    return values.whole_or(value, ALL, 1, 1000, of="stories")


class DigestKeys(Keys):
    id: Annotated[str, PlainValidator(_digest_id)] = key("the digest's short name, unique")
    title: Title = key("as its readers see it: a text, or one for each language", Unwritten, shown="the id")
    topics: Annotated[list[Annotated[str, PlainValidator(_topic_id)]] | None, BeforeValidator(_topic_ids)] = key(
        "ids of topics, in the order of the mail", Unwritten, shown="all topics"
    )
    languages: Annotated[list[Language], empty_is(list)] = key(
        "ISO 639 codes: only articles in these languages are told", [], shown="all languages"
    )
    at: Annotated[
        list[Annotated[Schedule, PlainValidator(schedule)]], BeforeValidator(_listed), AfterValidator(_together)
    ] = key(
        "when: daily 06:30, weekdays 07:00, 16:00, weekends 09:00, mondays, thursdays 08:00, or a list of such times; "
        "every 2h; at once",
        "weekdays 07:00",
    )
    not_on: Annotated[list[Annotated[DaysOff, PlainValidator(days_off)]], empty_is(list)] = key(
        "dates on which nothing goes out; what came is told afterwards: 2026-12-25, 12-25 for every year, "
        "2026-12-24 to 2027-01-02, 12-24 to 01-02",
        [],
    )
    quiet: Annotated[Quiet | None, PlainValidator(maybe(quiet_hours))] = key(
        "hours of each day in which nothing goes out, such as 22:00 to 06:30; what would be due then is due at their "
        "end",
        Unwritten,
        shown="none",
    )
    timezone: Annotated[str | None, PlainValidator(maybe(values.zone))] = key(
        "IANA time zone of at, not_on and quiet", Unwritten, shown="timezone of monitor.yaml"
    )
    language: Annotated[str, word("en", "fr", what="language")] = key("language of the mail: en or fr", "en")
    to: Annotated[list[Annotated[str, PlainValidator(_reader)]], empty_is(list)] = key(
        "e-mail addresses, and names of channels; each is a reader who is told apart from the others", []
    )
    mentions: Annotated[bool, PlainValidator(_mentions)] = key(
        "false: stories that only mention the topics in passing are left out",
        Unwritten,
        shown="true; false where at is `at once`",
    )
    gather: Pause = key(
        "at once: how long a story waits for others to go out with; a wait ends when nothing came for so long, and "
        "after five times as long",
        "1m",
    )
    layout: Annotated[str, word("full", "brief")] = key(
        "full: each story with the sentence that matched and who else carried it; brief: headline, publisher, time and "
        "link",
        "full",
    )
    most: Annotated[int | str | None, PlainValidator(maybe(_most))] = key(
        "how many stories a mail tells, up to 1000, or all; the rest stands on a page that the mail links to",
        Unwritten,
        shown="50; all where web.base_url leads to this machine only",
    )
    nothing_new: Annotated[bool, PlainValidator(_nothing_new)] = key(
        "true: a mail goes out also where nothing is new, and says how the sources were watched", False
    )
    repeat_alerts: Truth = key("true: what the reader was told at once is told again", False)
    note: Annotated[str | None, PlainValidator(maybe(values.long_text))] = key(
        "a word of yours to the readers, such as why they get this", Unwritten, shown="none"
    )
    paused: Truth = key("true: nobody is told; what comes meanwhile is told when the line is taken out", False)
    at_most_once: Truth = key(
        "true: what may have arrived is never sent again; false: once more, the same mail under the same Message-ID",
        False,
    )
