"""What is allowed in a configuration, but hardly meant."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from monitor.config import addresses
from monitor.config.document import Document, Trail
from monitor.config.schema import UNKNOWN_LANGUAGE, DigestsFile, MonitorFile, SourcesFile, TopicsFile
from monitor.errors import Problem

# RFC 2606, section 3: reserved for examples. An e-mail address or a web page, perhaps in a domain below.
_PLACEHOLDER = re.compile(r"(?:[@.]|://)example\.(?:org|com|net)(?:[:/]|\Z)", re.IGNORECASE)
# RFC 6761, section 6: names that no publisher can have.
_NOBODYS_HOST = re.compile(r"(?:\A|\.)(?:test|invalid|localhost|example(?:\.(?:org|com|net))?)\Z", re.IGNORECASE)
_OFTEN = timedelta(minutes=1)


def warnings(
    documents: Mapping[str, Document],
    monitor: MonitorFile,
    sources: SourcesFile,
    topics: TopicsFile,
    digests: DigestsFile,
    route: addresses.MailRoute,
) -> Iterator[Problem]:
    """Yields every warning, file by file in reading order."""
    if _PLACEHOLDER.search(monitor.contact):
        what = "is nobody's address; write your own before real sites are visited"
        yield documents["monitor.yaml"].problem(("contact",), what)
    if route.host and not route.starttls and route.kind == "smtp" and not addresses.is_this_machine(route.host):
        what = f"mail and password go to {route.host} unencrypted; ?starttls=off is for a relay on this machine"
        yield documents["monitor.yaml"].problem(("mail", "via"), what)
    yield from _sources(documents["sources.yaml"], sources)
    yield from _topics(documents["topics.yaml"], topics)
    yield from _digests(documents["digests.yaml"], digests)


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


def _topics(document: Document, file: TopicsFile) -> Iterator[Problem]:
    if not file.topics:
        yield document.problem(("topics",), "is empty: nothing is looked for")
    for number, keys in enumerate(file.topics):
        languages = [language for language, forms in keys.any.items() if forms]
        if len(languages) == 1 and UNKNOWN_LANGUAGE not in languages:
            what = f'has forms in one language only, "{languages[0]}": stories in others may be missed'
            yield document.problem(("topics", number, "any"), what)


def _digests(document: Document, file: DigestsFile) -> Iterator[Problem]:
    if not file.digests:
        yield document.problem(("digests",), "is empty: nobody is told anything")
    for number, keys in enumerate(file.digests):
        if not keys.to:
            yield document.problem(("digests", number, "to"), "has no readers: nothing is sent")
        if keys.topics == []:
            yield document.problem(("digests", number, "topics"), "is empty: this digest never has anything to tell")
