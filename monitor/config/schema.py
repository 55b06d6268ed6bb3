"""What may stand in the four files: every key with its default and its meaning. The reference page is made from here.

Defaults are written as an operator would write them and go through the same checks.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    model_validator,
)

from monitor.config import addresses, values
from monitor.config.schedules import schedule
from monitor.config.settings import AddressRange
from monitor.query import check_form
from monitor.types import Schedule

T = TypeVar("T")

UNKNOWN_LANGUAGE = "und"
"""ISO 639-2 for undetermined: forms and titles that were written without a language."""
ARTICLE = "article"
"""What `within` says where the co-term may stand anywhere."""


class Unwritten:
    """The default of a key without one: not None, which is what a key without a value says (`name:`)."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a value is checked against besides itself."""

    kinds: Collection[str]
    options: Mapping[str, type[BaseModel]]  # kind → its options, where it has any
    topics: Collection[str] | None  # None: the file that names them cannot be read
    environ: Mapping[str, str]


def key(meaning: str, default: object = ..., *, shown: str | None = None, written: str | None = None) -> Any:
    """A key of a file: what it means and what holds without it (`shown`: in words, where it follows from others).

    `written` is its name in the file where Python keeps that word for itself.
    """
    return Field(default, alias=written, description=meaning, json_schema_extra={"shown": shown} if shown else None)


def _around(info: ValidationInfo) -> Surroundings:
    if not isinstance(info.context, Surroundings):
        raise TypeError("the schema is validated with Surroundings as its context")
    return info.context


def _maybe(read: Callable[[object], T]) -> Callable[[object], T | None]:
    return lambda value: None if value is Unwritten else read(value)


def _empty_is(kind: type) -> BeforeValidator:
    """A section whose lines are all commented out counts as not written."""
    return BeforeValidator(lambda value: kind() if value is None else value)


def _form(value: object) -> str:
    if value is None:
        raise ValueError("has no value; in YAML # begins a comment, so a hashtag needs quotes: '#RoxhamRoad'")
    if isinstance(value, dict) and (meant := _unquoted(value)):
        raise ValueError(f"text is expected, not a mapping; put the form in quotes: {values.quoted(meant)}")
    written = values.long_text(value)
    if problem := check_form(written):
        # YAML takes one pair of quotation marks away, so "two words" arrives here without any.
        phrase = f'"{written}"'
        hint = f" (in YAML: {values.quoted(phrase)})" if f"write {phrase}" in str(problem) else ""
        before = len(str(value)) - len(str(value).lstrip())
        raise values.WithinTextError(f"{problem}{hint}", before + problem.start)
    return " ".join(written.split()) if "\n" in str(value) else written


def _unquoted(value: dict[object, object]) -> str | None:
    """The form that YAML took apart at a colon followed by a blank."""
    meant = [f"{name}:{rest}" for name, rest in value.items()]
    return meant[0] if len(meant) == 1 and check_form(meant[0]) is None else None


def _listed(value: object) -> object:
    if isinstance(value, str):
        form = next((form for form in (value.strip(), f'"{value.strip()}"') if check_form(form) is None), "")
        hint = f"; write [{form if form.isalpha() else values.quoted(form)}]" if form else ""
        raise ValueError(f"a list is expected, not text{hint}")
    return value


def _forms(value: object) -> object:
    return {UNKNOWN_LANGUAGE: value} if isinstance(value, list | str) else _one_each(value)


def _one_each(value: object) -> object:
    """Refuses `fr` beside `fr-CA`: both are kept as fr, and one would hide the other."""
    first: dict[str, str] = {}
    for name in value if isinstance(value, dict) else ():
        short = re.split("[-_]", str(name))[0].lower()
        if short in first:
            raise ValueError(f"{first[short]} and {name} are one language; put both under {short}")
        first[short] = str(name)
    return value


def _some(forms: dict[str, list[str]]) -> dict[str, list[str]]:
    if not any(forms.values()):
        raise ValueError("needs at least one form")
    return forms


def _within(value: object) -> int | None:
    if value == ARTICLE:
        return None
    if value is None:
        raise ValueError("has no value; give one or remove the key")
    try:
        return values.whole(value, 1, 1000)
    except ValueError as error:
        given = f'"{value}"' if isinstance(value, str) else values.kind_of(value)
        raise ValueError(f"{given} is neither a number of words from 1 to 1000 nor the word {ARTICLE}") from error


def _groups(value: object) -> object:
    """One group may stand without a list around it."""
    if isinstance(value, dict):
        return [value]
    if value is not None and not isinstance(value, list):
        what = f"a mapping with the keys forms and beside, or a list of them, is expected, not {values.kind_of(value)}"
        raise ValueError(what)
    return value


def _mentions(value: object, info: ValidationInfo) -> bool:
    if value is not Unwritten:
        return values.truth(value)
    at = info.data.get("at")
    return not (isinstance(at, Schedule) and at.at_once)


def _title(value: object) -> object:
    if value is Unwritten:
        return None
    return _one_each(value) if isinstance(value, dict) else {UNKNOWN_LANGUAGE: values.text(value)}


def _topic_ids(value: object) -> object:
    if value is Unwritten:
        return None
    return [] if value is None else value


def _topic_id(value: object, info: ValidationInfo) -> str:
    word, known = values.text(value), _around(info).topics
    if known is not None and word not in known:
        names = ", ".join(known) or "none"
        raise ValueError(f'unknown topic "{word}"{values.suggestion(word, known)} (known: {names})')
    return word


def _kind(value: object, info: ValidationInfo) -> str:
    return values.one_of(value, _around(info).kinds, what="kind")


def _options(value: object, info: ValidationInfo) -> BaseModel | None:
    kind = info.data.get("kind")
    if kind is None:
        return None  # of a kind that does not exist nothing can be said
    model = _around(info).options.get(kind)
    if model is not None:
        return model.model_validate({} if value is Unwritten or value is None else value)
    if value is Unwritten or not value:
        return None
    raise ValueError(f"kind {kind} has no options; remove the key")


def _auth_env(value: object, info: ValidationInfo) -> str | None:
    if value is Unwritten:
        return None
    name = values.variable(value)
    found = info.data.get("url")
    if isinstance(found, addresses.Location) and found.credentials is not None:
        raise ValueError("the url holds a user and password already; remove them there")
    secret = _around(info).environ.get(name)
    if info.data.get("enabled", True):  # what is not visited needs no password yet
        if not secret:
            raise ValueError(f"the environment variable {name} is not set")
        if ":" not in secret:
            raise ValueError(f"the environment variable {name} does not hold user:password")
    return name


def _whole(low: int, high: int) -> PlainValidator:
    return PlainValidator(lambda value: values.whole(value, low, high))


Text = Annotated[str, PlainValidator(values.text)]
MaybeText = Annotated[str | None, PlainValidator(_maybe(values.text))]
Id = Annotated[str, PlainValidator(values.identifier)]
Truth = Annotated[bool, PlainValidator(values.truth)]
Duration = Annotated[timedelta, PlainValidator(values.duration)]
Pause = Annotated[timedelta, PlainValidator(partial(values.duration, zero=True))]
Language = Annotated[str, PlainValidator(values.language)]
Title = Annotated[dict[Language, Text] | None, BeforeValidator(_title)]
Form = Annotated[str, PlainValidator(_form)]
Forms = Annotated[
    dict[Language, Annotated[list[Form], BeforeValidator(_listed)]],
    BeforeValidator(_forms),
]


class Keys(BaseModel):
    """A mapping of a file; a key that is not named is an error."""

    # defer_build: the validators are made when files are read, not by whoever imports this room for `--help`.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, validate_default=True, defer_build=True)


class MailKeys(Keys):
    via: Annotated[addresses.MailRoute, PlainValidator(addresses.mail_route)] = key(
        "how mail leaves: maildir:PATH writes it into a folder and sends nothing; smtp://host:587 asks for STARTTLS "
        "(?starttls=off for a relay on this machine); smtps://host:465. ROXHAM_MAIL overrides; the user and the "
        "password come from ROXHAM_MAIL_USER and ROXHAM_MAIL_PASSWORD or ROXHAM_MAIL_PASSWORD_FILE",
        "maildir:var/outbox",
    )
    from_: Annotated[str | None, PlainValidator(_maybe(addresses.sender))] = key(
        "the sender: an address, or a name with the address in angle brackets",
        Unwritten,
        shown="the name and the contact, if that is an e-mail address; else at localhost",
        written="from",
    )


class WebKeys(Keys):
    bind: Annotated[tuple[str, int], PlainValidator(addresses.bind)] = key(
        "host and port for the web pages, of which this version has none yet; port 0 is any free one", "127.0.0.1:8400"
    )
    base_url: Annotated[str | None, PlainValidator(_maybe(addresses.base_url))] = key(
        "the address people will know the pages by; mails show it unless it leads to this machine only",
        Unwritten,
        shown="http:// and what bind says",
    )


class CrawlKeys(Keys):
    delay: Pause = key("pause between two requests to one host; 0s only for test sites of your own", "1s")
    timeout: Duration = key("longest time for one whole answer", "30s")
    max_size: Annotated[int, PlainValidator(values.size)] = key("largest answer that is read, unpacked", "10MB")
    concurrency: Annotated[int, _whole(1, 256)] = key("requests under way at once, over all hosts", 16)
    allow_private: Annotated[
        list[Annotated[AddressRange, PlainValidator(addresses.address_range)]], _empty_is(list)
    ] = key("addresses inside your network that sources may live at, each as CIDR or CIDR:port", [])


class KeepKeys(Keys):
    unmatched: Duration = key(
        "how long the text of articles without a topic is kept; what matched is kept for ever", "90d"
    )


class MonitorFile(Keys):
    name: Text = key("the name of this installation, as mails show it", "Roxham")
    timezone: Annotated[str, PlainValidator(values.zone)] = key(
        "IANA time zone of what commands show, and of digests that name none", "America/Toronto"
    )
    contact: Annotated[str, PlainValidator(addresses.contact)] = key(
        "an e-mail address or web page by which publishers can reach you; goes into the User-Agent"
    )
    archive: Annotated[str, PlainValidator(addresses.archive_path)] = key(
        "the archive's file: sqlite:/// and a path, relative to the folder that holds the configuration folder, or "
        "absolute with a fourth slash; ROXHAM_ARCHIVE overrides",
        "sqlite:///var/roxham.db",
    )
    mail: Annotated[MailKeys, _empty_is(dict)] = key("how mail leaves", {}, shown="its own defaults")
    web: Annotated[WebKeys, _empty_is(dict)] = key(
        "the web pages, of which this version has none yet", {}, shown="its own defaults"
    )
    crawl: Annotated[CrawlKeys, _empty_is(dict)] = key("manners towards publishers", {}, shown="its own defaults")
    keep: Annotated[KeepKeys, _empty_is(dict)] = key("keeping times", {}, shown="its own defaults")


class SourceKeys(Keys):
    id: Id = key("the source's short name, unique")
    name: MaybeText = key("as people read it", Unwritten, shown="the id")
    publisher: MaybeText = key("who publishes it; an article has one publisher", Unwritten, shown="the name")
    kind: Annotated[str, PlainValidator(_kind)] = key("what sort of source it is: the name of the spider that reads it")
    url: Annotated[addresses.Location, PlainValidator(addresses.location)] = key("the address that is visited")
    language: Annotated[str | None, PlainValidator(_maybe(values.language))] = key(
        "ISO 639 code of its language", Unwritten, shown="what each item or page says"
    )
    options: Annotated[BaseModel | None, PlainValidator(_options)] = key(
        "what else a source of this kind can be told; see the tables of the kinds",
        Unwritten,
        shown="the kind's defaults",
    )
    every: Annotated[tuple[timedelta, timedelta | None], PlainValidator(values.interval)] = key(
        "time between two visits; with two bounds, such as 10m to 1h, it adapts between them to how often the source "
        "brings something new",
        "15m",
    )
    read: Annotated[str, PlainValidator(lambda value: values.one_of(value, ("page", "feed")))] = key(
        "page: each article's page is fetched; feed: the feed's own text is the article", "page"
    )
    keep: Annotated[str, PlainValidator(lambda value: values.one_of(value, ("text", "excerpt")))] = key(
        "text: the whole text is kept; excerpt: headline, link, the beginning of the summary, and the sentences that "
        "matched",
        "text",
    )
    robots: Annotated[str, PlainValidator(lambda value: values.one_of(value, ("pages", "all", "none")))] = key(
        "which requests heed robots.txt: pages: those for pages of articles and pages of links; all: those for feeds "
        "and interfaces too; none",
        "pages",
    )
    official: Truth = key(
        "true: a government's own releases in English and French: a pair is looked for, and missed; what lies at "
        "canada.ca and gc.ca is official anyway",
        False,
    )
    may_be_empty: Truth = key("true: an answer without any item is an ordinary one, not a fault", False)
    enabled: Truth = key("false: the source is not visited", True)
    note: MaybeText = key("a remark for people, such as why it is not enabled", Unwritten, shown="none")
    auth_env: Annotated[str | None, PlainValidator(_auth_env)] = key(
        "name of an environment variable that holds user:password, sent to this scheme, host and port only",
        Unwritten,
        shown="none",
    )


class BesideKeys(Keys):
    forms: Annotated[Forms, AfterValidator(_some)] = key("the forms, by language or as a plain list")
    beside: Annotated[Forms, AfterValidator(_some)] = key(
        "co-terms, by language or as a plain list: a form of the group counts only where one of them stands beside it"
    )
    within: Annotated[int | None, PlainValidator(_within)] = key(
        "how many words may stand between the two, up to 1000; article: the co-term may stand anywhere", 50
    )


class TopicKeys(Keys):
    id: Id = key("the topic's short name, unique")
    title: Title = key("as people read it: a text, or one for each language", Unwritten, shown="the id")
    any: Forms = key(
        'the forms, by language or as a plain list; one hit is enough. A form is a query, such as a "phrase", a word '
        "or a #hashtag; see [queries.md](queries.md). A name that is the same in every language stands in a plain "
        "list, or under each of them",
        [],
        shown="none, if near has forms",
    )
    all: Forms = key(
        "forms that must stand in the article besides: every one of at least one language, or of the plain list", []
    )
    near: Annotated[list[BesideKeys], BeforeValidator(_groups)] = key(
        "forms that mean other things elsewhere, such as acronyms: one group, or a list of groups", []
    )
    none: Forms = key("forms that take an article out", [])
    except_: Forms = key("forms that only hide the words they cover; another hit still counts", [], written="except")

    @model_validator(mode="after")
    def _has_forms(self) -> Self:
        if not self.near and not any(self.any.values()):
            raise ValueError("needs at least one form under any or near")
        return self


class DigestKeys(Keys):
    id: Id = key("the digest's short name, unique")
    title: Title = key("as its readers see it: a text, or one for each language", Unwritten, shown="the id")
    topics: Annotated[list[Annotated[str, PlainValidator(_topic_id)]] | None, BeforeValidator(_topic_ids)] = key(
        "ids of topics, in the order of the mail", Unwritten, shown="all topics"
    )
    at: Annotated[Schedule, PlainValidator(schedule)] = key(
        "when: daily 06:30, weekdays 07:00, 16:00, weekends 09:00, mondays, thursdays 08:00, every 2h, or at once",
        "weekdays 07:00",
    )
    timezone: Annotated[str | None, PlainValidator(_maybe(values.zone))] = key(
        "IANA time zone of the times in at", Unwritten, shown="timezone of monitor.yaml"
    )
    language: Annotated[str, PlainValidator(lambda value: values.one_of(value, ("en", "fr"), what="language"))] = key(
        "language of the mail: en or fr", "en"
    )
    to: Annotated[list[Annotated[str, PlainValidator(addresses.mailbox)]], _empty_is(list)] = key(
        "e-mail addresses; each is a reader with a mail of its own", []
    )
    mentions: Annotated[bool, PlainValidator(_mentions)] = key(
        "false: stories that only mention the topics in passing are left out",
        Unwritten,
        shown="true; false where at is `at once`",
    )


class SourcesFile(Keys):
    sources: Annotated[list[SourceKeys], _empty_is(list)] = key("where to look")


class TopicsFile(Keys):
    topics: Annotated[list[TopicKeys], _empty_is(list)] = key("what to look for")


class DigestsFile(Keys):
    digests: Annotated[list[DigestKeys], _empty_is(list)] = key("who is told what, when, and how")


FILES: dict[str, type[Keys]] = {
    "monitor.yaml": MonitorFile,
    "sources.yaml": SourcesFile,
    "topics.yaml": TopicsFile,
    "digests.yaml": DigestsFile,
}
"""The four files, in reading order."""
