"""The only builder: from a configuration to an archive and the two halves of the line."""

import asyncio
import gc
import importlib.metadata
import importlib.util
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.app import telling
from monitor.app.onlooker import Onlooker, alone, beside
from monitor.app.program import user_agent, utc_now, version
from monitor.app.telling import channel, wording_change
from monitor.config import Config, load
from monitor.types import Article, Clock, Source

if TYPE_CHECKING:
    from monitor.archive.sqlite import SQLiteArchive
    from monitor.crawl import Crawl
    from monitor.pipeline import (
        Addition,
        Collect,
        Deliver,
        Progress,
        Reader,
        Returned,
        Survey,
        Threads,
        Trial,
    )
    from monitor.stories import Stories

__all__ = [
    "Line",
    "Onlooker",
    "addition",
    "alone",
    "archive_in",
    "archive_path",
    "beside",
    "changing",
    "channel",
    "configuration",
    "kinds",
    "line",
    "reading",
    "reading_file",
    "renewed",
    "story_room",
    "survey",
    "trial",
    "user_agent",
    "utc_now",
    "version",
    "wording_change",
    "writing",
]

_KIND = re.compile(r'^    name(?:: [^=]+)? = "(\w+)"$', re.MULTILINE)


def kinds() -> list[str]:
    """Returns the kinds of sources there are: the spiders' files, looked up without loading Scrapy."""
    spec = importlib.util.find_spec("spiders")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    files = [file for folder in folders for file in Path(folder).glob("*.py") if file.stem != "article"]
    return sorted(file.stem for file in files if file.stem in _KIND.findall(file.read_text("utf-8")))


def configuration(folder: Path) -> Config:
    """Returns the configuration in a folder. Raises ConfigError."""
    from spiders.options import OPTIONS

    return load(folder, kinds=kinds(), options=OPTIONS)


def archive_path(config: Config) -> Path:
    """Returns the file of a SQLite archive."""
    return Path(config.archive.removeprefix("sqlite:///"))


def archive_in(folder: Path) -> Path | None:
    """Returns the file of the archive of a configuration that may have mistakes; None where nobody can know."""
    from monitor.config.loading import archive_in

    address = archive_in(folder)
    return None if address is None else Path(address.removeprefix("sqlite:///"))


@contextmanager
def reading(config: Config) -> "Iterator[SQLiteArchive]":
    """Opens the archive to look at it. Raises ArchiveError."""
    with reading_file(archive_path(config)) as archive:
        yield archive


@contextmanager
def reading_file(path: Path) -> "Iterator[SQLiteArchive]":
    """Opens an archive to look at it. Raises ArchiveError."""
    from monitor.archive.sqlite import SQLiteArchive

    archive = SQLiteArchive.for_reading(path)
    try:
        yield archive
    finally:
        archive.close()


@contextmanager
def writing(config: Config, *, purpose: str, wait: float = 10.0) -> "Iterator[SQLiteArchive]":
    """Opens the archive as its one writer; `wait` is in seconds. Raises ArchiveError."""
    from monitor.archive.sqlite import SQLiteArchive

    archive = SQLiteArchive.for_writing(archive_path(config), purpose=purpose, now=utc_now(), wait=wait)
    try:
        yield archive
    finally:
        archive.close()


@contextmanager
def changing(config: Config, *, purpose: str) -> "Iterator[SQLiteArchive]":
    """Opens the archive for one short change, beside a running service too. Raises ArchiveError."""
    from monitor.archive.sqlite import SQLiteArchive

    archive = SQLiteArchive.for_a_change(archive_path(config), purpose=purpose, now=utc_now())
    try:
        yield archive
    finally:
        archive.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The whole line over one archive."""

    config: Config
    archive: "SQLiteArchive"
    collect: "Collect"
    deliver: "Deliver"
    threads: "Threads"
    clock: Clock
    crawl: "Crawl"
    rooms: "Reader"
    returned: "Returned | None"  # what reads returned mail


@contextmanager
def line(config: Config, archive: "SQLiteArchive", progress: "Progress | None" = None) -> Iterator[Line]:
    """Builds the line; its threads end with the context."""
    from monitor.pipeline import Collect, Deliver, Threads

    _calm_the_collector()
    threads, crawl, rooms = Threads(), _crawl(config), _reader(config)
    collect = Collect(
        sources=config.sources,
        archive=archive,
        crawl=crawl,
        rooms=rooms,
        threads=threads,
        clock=utc_now,
        progress=progress,
    )
    deliver = Deliver(telling.orders(config), archive=archive, threads=threads, clock=utc_now)
    try:
        yield Line(
            config=config,
            archive=archive,
            collect=collect,
            deliver=deliver,
            threads=threads,
            clock=utc_now,
            crawl=crawl,
            rooms=rooms,
            returned=telling.returned(config, archive, threads),
        )
    finally:
        threads.close()


async def renewed(line: Line, config: Config) -> Line:
    """Makes a line that is at work go on by another configuration, over the same archive whatever that one says.

    All that may fail comes first, and what takes long is done in a thread.
    """
    same_topics = config.topics == line.config.topics
    same_manners = (config.crawl, config.contact) == (line.config.crawl, line.config.contact)
    rooms = line.rooms if same_topics else await asyncio.to_thread(_reader, config)
    new_orders = telling.orders(config)
    crawl = line.crawl if same_manners else _crawl(config, after=line.crawl)
    same_box = config.mail.returns == line.config.mail.returns
    returned = line.returned if same_box else telling.returned(config, line.archive, line.threads)
    await line.deliver.renew(new_orders)
    line.collect.renew(sources=config.sources, crawl=crawl, rooms=rooms)
    return replace(line, config=config, crawl=crawl, rooms=rooms, returned=returned)


@contextmanager
def trial(config: Config) -> "Iterator[Trial]":
    """Builds what walks one address through the rooms and keeps nothing. Raises ArchiveError for one it cannot read."""
    from monitor.pipeline import Trial

    with ExitStack() as open_:
        archive = open_.enter_context(reading(config)) if archive_path(config).exists() else None
        yield Trial(
            crawl=_crawl(config),
            rooms=_reader(config),
            archive=archive,
            pause=config.crawl.delay,
        )


@contextmanager
def addition(config: Config, archive: "SQLiteArchive", source: Source) -> "Iterator[Addition]":
    """Builds what adds a page that a person found, under `source`; its threads end with the context."""
    from monitor.pipeline import Addition, Threads

    threads = Threads()
    try:
        yield Addition(
            source=source,
            sources=config.sources,
            archive=archive,
            crawl=_crawl(config),
            rooms=_reader(config),
            threads=threads,
            clock=utc_now,
        )
    finally:
        threads.close()


def survey(config: Config) -> "Survey":
    """Builds what visits without keeping, and looks for what can be watched."""
    from monitor.pipeline import Survey
    from spiders.options import OPTIONS

    listing = OPTIONS.get("listing")
    return Survey(
        crawl=_crawl(config),
        kinds=kinds(),
        listing=listing.model_validate if listing is not None else None,
        clock=utc_now,
    )


def _crawl(config: Config, after: "Crawl | None" = None) -> "Crawl":
    from monitor.crawl import Crawl

    return Crawl(
        after=after,
        user_agent=user_agent(config),
        clock=utc_now,
        delay=config.crawl.delay,
        timeout=config.crawl.timeout,
        max_bytes=config.crawl.max_size,
        allow_private=[_rule(*allowed) for allowed in config.crawl.allow_private],
        concurrency=config.crawl.concurrency,
    )


def story_room() -> "Stories":
    """Returns what decides which articles are one piece of work."""
    from monitor.extract.body import body
    from monitor.stories import Stories

    return Stories(body=lambda text, title, language: body(text, title=title, language=language))


def _body(article: Article) -> str | None:
    from monitor.extract.body import body

    return body(article.text, title=article.title, language=article.language)


def _reader(config: Config) -> "Reader":
    from monitor import extract, stories
    from monitor.extract import urls
    from monitor.match import Matcher
    from monitor.pipeline import Reader

    return Reader(
        identity=urls.identity,
        from_page=extract.from_page,
        from_feed=lambda found, source, partial: extract.from_feed(found, source, partial=partial),
        match=Matcher(config.topics).match,
        fingerprint=stories.fingerprint,
        of_text=lambda article: stories.fingerprint(replace(article, body=_body(article))),
        stories=story_room(),
    )


def _rule(network: object, port: int | None) -> str:
    if port is None:
        return str(network)
    return f"[{network}]:{port}" if ":" in str(network) else f"{network}:{port}"


def _calm_the_collector() -> None:
    """Lets Python look for unreachable cycles less often: a pass makes few, and looking took a fifth of a visit."""
    gc.set_threshold(50_000, 20, 100)
