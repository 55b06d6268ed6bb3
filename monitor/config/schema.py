"""What may stand in the four files: every key with its default and its meaning. The reference page is made from here.

Defaults are written as an operator would write them and go through the same checks.
"""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, PlainValidator, ValidationInfo, model_validator

from monitor.config import addresses, values
from monitor.config.model import (
    UNKNOWN_LANGUAGE,
    Duration,
    Id,
    Keys,
    Language,
    MaybeText,
    Pause,
    Text,
    Title,
    Truth,
    Unwritten,
    around,
    empty_is,
    key,
    maybe,
    one_each,
    whole,
    word,
)
from monitor.config.pages import WebKeys
from monitor.config.settings import AddressRange
from monitor.config.telling import ChannelKeys, DigestKeys, MailKeys, channel_name
from monitor.query import check_form

ARTICLE = "article"
"""What `within` says where the co-term may stand anywhere."""


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
    return {UNKNOWN_LANGUAGE: value} if isinstance(value, list | str) else one_each(value)


def _some(forms: dict[str, list[str]]) -> dict[str, list[str]]:
    if not any(forms.values()):
        raise ValueError("needs at least one form")
    return forms


def _within(value: object) -> int | None:
    within = values.whole_or(value, ARTICLE, 1, 1000, of="words")
    return within if isinstance(within, int) else None


def _groups(value: object) -> object:
    """One group may stand without a list around it."""
    if isinstance(value, dict):
        return [value]
    if value is not None and not isinstance(value, list):
        what = f"a mapping with the keys forms and beside, or a list of them, is expected, not {values.kind_of(value)}"
        raise ValueError(what)
    return value


def _kind(value: object, info: ValidationInfo) -> str:
    return values.one_of(value, around(info).kinds, what="kind")


def _options(value: object, info: ValidationInfo) -> BaseModel | None:
    kind = info.data.get("kind")
    if kind is None:
        return None  # of a kind that does not exist nothing can be said
    model = around(info).options.get(kind)
    if model is not None:
        return model.model_validate({} if value is Unwritten or value is None else value)
    if value is Unwritten or not value:
        return None
    raise ValueError(f"kind {kind} has no options; remove the key")


def _auth_env(value: object, info: ValidationInfo) -> str | None:
    if value is Unwritten:
        return None
    name = values.variable(value, holds="user:password", such_as="IRCC_AUTH")
    found = info.data.get("url")
    if isinstance(found, addresses.Location) and found.credentials is not None:
        raise ValueError("the url holds a user and password already; remove them there")
    secret = around(info).environ.get(name)
    if info.data.get("enabled", True):  # what is not visited needs no password yet
        if not secret:
            raise ValueError(f"the environment variable {name} is not set")
        if ":" not in secret:
            raise ValueError(f"the environment variable {name} does not hold user:password")
    return name


Form = Annotated[str, PlainValidator(_form)]
Forms = Annotated[
    dict[Language, Annotated[list[Form], BeforeValidator(_listed)]],
    BeforeValidator(_forms),
]


class CrawlKeys(Keys):
    delay: Pause = key("pause between two requests to one host; 0s only for test sites of your own", "1s")
    timeout: Duration = key("longest time for one whole answer", "30s")
    max_size: Annotated[int, PlainValidator(values.size)] = key("largest answer that is read, unpacked", "10MB")
    concurrency: Annotated[int, whole(1, 256)] = key("requests under way at once, over all hosts", 16)
    allow_private: Annotated[list[Annotated[AddressRange, PlainValidator(addresses.address_range)]], empty_is(list)] = (
        key("addresses inside your network that sources may live at, each as CIDR or CIDR:port", [])
    )


class KeepKeys(Keys):
    unmatched: Duration = key(
        "how long the text of articles without a topic is kept; what matched is kept for ever", "90d"
    )
    mails: Duration = key(
        "how long mails that went out are kept as they were; what each reader was told is kept for ever", "90d"
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
    mail: Annotated[MailKeys, empty_is(dict)] = key("how mail leaves, and comes back", {}, shown="its own defaults")
    channels: Annotated[dict[Annotated[str, PlainValidator(channel_name)], ChannelKeys], empty_is(dict)] = key(
        "ways to readers that have no e-mail address, by the name under which digests tell them", {}
    )
    operator: Annotated[str | None, PlainValidator(maybe(addresses.mailbox))] = key(
        "the e-mail address that is told of what needs a hand: mails that were refused, readers who are not told",
        Unwritten,
        shown="nobody",
    )
    web: Annotated[WebKeys, empty_is(dict)] = key(
        "the pages: the archive, and what mails lead to", {}, shown="its own defaults"
    )
    crawl: Annotated[CrawlKeys, empty_is(dict)] = key("manners towards publishers", {}, shown="its own defaults")
    keep: Annotated[KeepKeys, empty_is(dict)] = key("keeping times", {}, shown="its own defaults")


class SourceKeys(Keys):
    id: Id = key("the source's short name, unique")
    name: MaybeText = key("as people read it", Unwritten, shown="the id")
    publisher: MaybeText = key("who publishes it; an article has one publisher", Unwritten, shown="the name")
    kind: Annotated[str, PlainValidator(_kind)] = key("what sort of source it is: the name of the spider that reads it")
    url: Annotated[addresses.Location, PlainValidator(addresses.location)] = key("the address that is visited")
    language: Annotated[str | None, PlainValidator(maybe(values.language))] = key(
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
    read: Annotated[str, word("page", "feed")] = key(
        "page: each article's page is fetched; feed: the feed's own text is the article", "page"
    )
    keep: Annotated[str, word("text", "excerpt")] = key(
        "text: the whole text is kept; excerpt: headline, link, the beginning of the summary, and the sentences that "
        "matched",
        "text",
    )
    robots: Annotated[str, word("pages", "all", "none")] = key(
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


class SourcesFile(Keys):
    sources: Annotated[list[SourceKeys], empty_is(list)] = key("where to look")


class TopicsFile(Keys):
    topics: Annotated[list[TopicKeys], empty_is(list)] = key("what to look for")


class DigestsFile(Keys):
    digests: Annotated[list[DigestKeys], empty_is(list)] = key("who is told what, when, and how")


FILES: dict[str, type[Keys]] = {
    "monitor.yaml": MonitorFile,
    "sources.yaml": SourcesFile,
    "topics.yaml": TopicsFile,
    "digests.yaml": DigestsFile,
}
"""The four files, in reading order."""
