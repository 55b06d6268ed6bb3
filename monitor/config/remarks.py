"""What is allowed in a configuration, but hardly meant."""

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from urllib.parse import urlsplit

from monitor.config import addresses, build, pages, routes
from monitor.config.document import Document, Trail
from monitor.config.model import UNKNOWN_LANGUAGE
from monitor.config.schema import BesideKeys, DigestsFile, MonitorFile, SourcesFile, TopicKeys, TopicsFile
from monitor.config.telling import DigestKeys
from monitor.config.values import suggestion
from monitor.errors import Problem
from monitor.query import And, Fact, Near, Not, Or, Query, parse
from monitor.query.tree import About
from monitor.types import Quiet

# RFC 2606, section 3: reserved for examples. An e-mail address or a web page, perhaps in a domain below.
_PLACEHOLDER = re.compile(r"(?:[@.]|://)example\.(?:org|com|net)(?:[:/]|\Z)", re.IGNORECASE)
# RFC 6761, section 6: names that no publisher can have.
_NOBODYS_HOST = re.compile(r"(?:\A|\.)(?:test|invalid|localhost|example(?:\.(?:org|com|net))?)\Z", re.IGNORECASE)
_ACRONYM = re.compile(r"""=?("?)([^\W\d_]{2,5})\1""")
_OFTEN = timedelta(minutes=1)
_DATES_OF_A_YEAR = 366


@dataclass(frozen=True, slots=True)
class _Written:
    """A form where it is written."""

    trail: Trail
    text: str
    query: Query


def warnings(
    documents: Mapping[str, Document],
    monitor: MonitorFile,
    sources: SourcesFile,
    topics: TopicsFile,
    digests: DigestsFile,
    route: routes.MailRoute,
) -> Iterator[Problem]:
    """Yields every warning, file by file in reading order."""
    if _PLACEHOLDER.search(monitor.contact):
        what = "is nobody's address; write your own before real sites are visited"
        yield documents["monitor.yaml"].problem(("contact",), what)
    if route.host and not route.starttls and route.kind == "smtp" and not addresses.is_this_machine(route.host):
        what = f"mail and password go to {route.host} unencrypted; ?starttls=off is for a relay on this machine"
        yield documents["monitor.yaml"].problem(("mail", "via"), what)
    yield from _channels(documents["monitor.yaml"], monitor)
    yield from _web(documents["monitor.yaml"], monitor)
    yield from _sources(documents["sources.yaml"], sources)
    found = _topics(documents["topics.yaml"], topics, [keys.id for keys in sources.sources])
    yield from sorted(found, key=lambda problem: (problem.line, problem.column))
    found = _digests(documents["digests.yaml"], digests, monitor)
    yield from sorted(found, key=lambda problem: (problem.line, problem.column))


def _sources(document: Document, file: SourcesFile) -> Iterator[Problem]:
    if not any(keys.enabled for keys in file.sources):
        yield document.problem(("sources",), "no source is enabled: nothing is watched")
    first: dict[str, str] = {}
    houses: dict[str, tuple[str, str]] = {}  # host → the first source there, and its publisher
    for number, keys in enumerate(file.sources):
        trail: Trail = ("sources", number, "url")
        if keys.url.credentials is not None:
            what = "a user and password stand in the url; put them into an environment variable and name it in auth_env"
            yield document.problem(trail, what)
        if not keys.enabled:
            continue
        if keys.read == "feed" and not getattr(keys.options, "holds_texts", True):
            what = f"kind {keys.kind} lists links, not texts: an article is no more than its headline and teaser"
            yield document.problem((*trail[:2], "read"), what)
        if getattr(keys.options, "next", None) is not None and getattr(keys.options, "pages", None) == 1:
            what = "one page is read, `next` is not followed; `pages: 3` would read two more"
            yield document.problem((*trail[:2], "options", "next"), what)
        host = (urlsplit(keys.url.url).hostname or "").rstrip(".")
        if keys.every[0] < _OFTEN and not (addresses.is_this_machine(host) or _NOBODYS_HOST.search(host)):
            what = f"{host} is asked more than once a minute; publishers take that for an attack"
            yield document.problem((*trail[:2], "every"), what)
        house = keys.publisher or keys.name or keys.id
        sister, owner = houses.setdefault(host, (keys.id, house))
        if keys.url.url in first:
            yield document.problem(trail, f"the same address as source {first[keys.url.url]}: it is visited twice")
        elif house != owner and keys.publisher is None and not addresses.is_this_machine(host):
            what = f'its publisher is "{house}", that of {sister} on the same host is "{owner}"'
            what += ": a page that both list would count as carried by two; write publisher:"
            yield document.problem(trail[:2], what)
        first.setdefault(keys.url.url, keys.id)


def _topics(document: Document, file: TopicsFile, sources: Collection[str]) -> Iterator[Problem]:
    if not file.topics:
        yield document.problem(("topics",), "is empty: nothing is looked for")
    for number, keys in enumerate(file.topics):
        yield from _languages(document, ("topics", number), keys)
        yield from _forms(document, ("topics", number), keys, sources)


def _languages(document: Document, topic: Trail, keys: TopicKeys) -> Iterator[Problem]:
    for trail, group in _groups(document, topic, keys):
        if left_out := _left_out(_used(group.forms), _used(group.beside)):
            yield document.problem((*trail, "beside"), f"{left_out} must have one of these words beside them too")
    languages = _used(keys.any, *(group.forms for group in keys.near))
    if left_out := _left_out(languages, _used(keys.all)):
        yield document.problem((*topic, "all"), f"{left_out} count only in articles that hold all these words too")
    if UNKNOWN_LANGUAGE in languages:
        return
    if len(languages) == 1:
        what = f'has forms in one language only, "{languages[0]}": stories in others may be missed'
        what += "; a name that is the same in all goes into a plain list, any: [Emerson]"
        yield document.problem((*topic, "any" if any(keys.any.values()) else "near"), what)
    for language, forms in keys.all.items():
        if forms and language not in {*languages, UNKNOWN_LANGUAGE}:
            what = f'has forms in "{language}", in which no form stands under any or near'
            yield document.problem((*topic, "all"), what)


def _used(*sections: Mapping[str, list[str]]) -> list[str]:
    """The languages in which forms stand."""
    return list(dict.fromkeys(language for forms in sections for language in forms if forms[language]))


def _left_out(languages: Sequence[str], further: Sequence[str]) -> str | None:
    """Says which forms have no further words in their language, where those of another have."""
    if len(further) != 1 or further[0] not in languages or len(languages) == 1 or UNKNOWN_LANGUAGE in languages:
        return None
    others = " and ".join(f'"{language}"' for language in languages if language not in further)
    return f'has words in one language only, "{further[0]}": forms in {others}'


def _groups(document: Document, topic: Trail, keys: TopicKeys) -> list[tuple[Trail, BesideKeys]]:
    near = (*topic, "near")
    one_group = isinstance(document.at(near), dict)
    return [(near if one_group else (*near, place), each) for place, each in enumerate(keys.near)]


def _forms(document: Document, topic: Trail, keys: TopicKeys, sources: Collection[str]) -> Iterator[Problem]:
    sections = {"any": keys.any, "all": keys.all, "none": keys.none, "except": keys.except_}
    written = {name: _written(document, (*topic, name), forms) for name, forms in sections.items()}
    groups = _groups(document, topic, keys)
    guarded = [_written(document, (*trail, "forms"), group.forms) for trail, group in groups]
    co_terms = [_written(document, (*trail, "beside"), group.beside) for trail, group in groups]
    for forms in (*written.values(), *guarded, *co_terms):
        yield from _twice(document, forms)
        yield from _no_source(document, forms, sources)
    alone = {form.query for form in written["any"]}
    beside = {form.query for forms in guarded for form in forms}
    out, hidden = ({form.query for form in written[name]} for name in ("none", "except"))
    for form in (*written["any"], *(form for forms in guarded for form in forms)):
        if form.query in out:
            what = "is under none as well: where it stands, the article is left out"
            yield document.problem(form.trail, f"{form.text} {what}")
        if form.query in hidden:
            yield document.problem(form.trail, f"{form.text} is under except as well: it hides itself everywhere")
    for form in (form for forms in guarded for form in forms):
        if form.query in alone:
            yield document.problem(form.trail, f"{form.text} is under any as well, where it counts by itself")
    for form in written["any"]:
        acronym = _ACRONYM.fullmatch(form.text)
        if acronym and acronym[2].isupper() and form.query not in beside and not written["all"]:
            what = "short acronyms mean other things elsewhere; put it under near with words that must stand beside it"
            yield document.problem(form.trail, f"{form.text}: {what}")


def _written(document: Document, trail: Trail, forms: Mapping[str, list[str]]) -> list[_Written]:
    """The forms of a section; a language in the file may be written otherwise than it is kept (fr-CA, fr)."""
    here = document.at(trail)
    below = [(*trail, str(key)) for key in here] if isinstance(here, dict) else [trail]
    return [
        _Written((*place, number), text, parse(text, form=True))
        for place, texts in zip(below, forms.values(), strict=False)
        for number, text in enumerate(texts)
    ]


def _twice(document: Document, forms: Iterable[_Written]) -> Iterator[Problem]:
    first: dict[tuple[Trail, Query], _Written] = {}  # by list: a name may be the same in two languages
    for form in forms:
        before = first.setdefault((form.trail[:-1], form.query), form)
        if before is not form:
            line, _ = document.places[before.trail]
            what = f"the same as {before.text} at line {line}" if before.text != form.text else f"also at line {line}"
            yield document.problem(form.trail, f"{form.text} is listed twice: {what}")


def _no_source(document: Document, forms: Iterable[_Written], sources: Collection[str]) -> Iterator[Problem]:
    for form in forms:
        for fact in dict.fromkeys(_facts(form.query)):
            known = (source.startswith(fact.value) if fact.prefix else source == fact.value for source in sources)
            if fact.about is About.SOURCE and not any(known):
                what = f"begins with {fact.value}" if fact.prefix else f"has the id {fact.value}"
                yield document.problem(form.trail, f"no source {what}{suggestion(fact.value, sources)}")


def _facts(query: Query) -> Iterator[Fact]:
    match query:
        case Fact():
            yield query
        case Near():
            yield from (*_facts(query.left), *_facts(query.right))
        case And() | Or():
            for child in query.children:
                yield from _facts(child)
        case Not():
            yield from _facts(query.child)


def _channels(document: Document, monitor: MonitorFile) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for name, keys in monitor.channels.items():
        if keys.via == "atom" and keys.path is not None:
            other = first.setdefault(os.path.normpath(keys.path), name)
            if other != name:
                what = f"channel {other} writes this file too: each takes the other's stories out of it"
                yield document.problem(("channels", name, "path"), what)


def _web(document: Document, monitor: MonitorFile) -> Iterator[Problem]:
    settings = build.web(monitor.web)
    if settings.listens_at != settings.host:
        yield document.problem(("web", "bind"), settings.why_only_here)
    if settings.locked and settings.passed_on and not settings.https:
        what = "passwords and sessions go over the network unencrypted; let a web server with https pass them on"
        yield document.problem(("web", "base_url"), what)
    for number, user in enumerate(settings.users):
        trail: Trail = ("web", "users", number)
        if user.password is None and settings.proxy is None:
            yield document.problem(trail, f"{user.name} has no password, and there is no proxy: they cannot sign in")
        if user.password is not None and pages.is_quick(user.password):
            what = "is a hash that is quickly tried out; `roxham web password` makes a slower one"
            yield document.problem((*trail, "password"), what)


def _digests(document: Document, file: DigestsFile, monitor: MonitorFile) -> Iterator[Problem]:
    if not file.digests:
        yield document.problem(("digests",), "is empty: nobody is told anything")
    nobody_else = build.web(monitor.web).only_here
    for number, keys in enumerate(file.digests):
        digest: Trail = ("digests", number)
        if not keys.to:
            yield document.problem((*digest, "to"), "has no readers: nothing is sent")
        if keys.topics == []:
            yield document.problem((*digest, "topics"), "is empty: this digest never has anything to tell")
        yield from _times(document, digest, keys)
        if isinstance(keys.most, int) and nobody_else:
            what = "the rest stands on a page that nobody else can open: web.base_url leads to this machine only"
            yield document.problem((*digest, "most"), what)


def _times(document: Document, digest: Trail, keys: DigestKeys) -> Iterator[Problem]:
    at_once = any(each.at_once for each in keys.at)
    if "gather" in keys.model_fields_set and not at_once:
        yield document.problem((*digest, "gather"), "counts only where at is `at once`")
    if keys.repeat_alerts and at_once:
        what = "is meant for a digest that comes later; here it lets one alert tell what another told"
        yield document.problem((*digest, "repeat_alerts"), what)
    hours = {hour for each in keys.at for _, hour in each.moments}
    if keys.quiet is not None and hours and all(_within(keys.quiet, hour) for hour in hours):
        what = f"all times of this digest lie in these hours: it goes out at their end, {keys.quiet.until:%H:%M}"
        yield document.problem((*digest, "quiet"), what)
    if len({day for each in keys.not_on for day in each.yearly}) == _DATES_OF_A_YEAR:
        yield document.problem((*digest, "not_on"), "leaves no date of the year: nothing is ever told")


def _within(quiet: Quiet, hour: time) -> bool:
    if quiet.since < quiet.until:
        return quiet.since <= hour < quiet.until
    return hour >= quiet.since or hour < quiet.until
