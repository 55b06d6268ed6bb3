"""The four files and the environment → one Config, or one error with every mistake of all of them."""

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel

from monitor.config import addresses, build, environment, remarks
from monitor.config.check import check
from monitor.config.document import Document, read
from monitor.config.model import Keys, Surroundings
from monitor.config.schema import FILES, DigestsFile, MonitorFile, SourcesFile, TopicsFile
from monitor.config.settings import Config
from monitor.errors import ConfigError, Problem
from monitor.types import Topic

_QUOTED = "topics.yaml"
"""The file whose lines stand below its problems. Those of the others may hold passwords, and problems are logged."""


def load(
    folder: Path,
    *,
    kinds: Collection[str],
    options: Mapping[str, type[BaseModel]] = MappingProxyType({}),
    environ: Mapping[str, str] = os.environ,
) -> Config:
    """Reads a configuration.

    `kinds` are the names of the spiders that exist, and `options` says what a source of each can be told besides: kind
    → model. Relative paths in the files and in the environment are relative to the folder that holds `folder`. Nothing
    is written, and nothing is looked up on a network.

    Raises:
        ConfigError: with every problem of the four files and of the environment, in reading order.
    """
    if not folder.is_dir():
        what = f"there is no such folder; `roxham init {folder}` writes a commented starter configuration"
        raise ConfigError([Problem(str(folder), 1, 1, "", what)])
    documents = {name: read(folder / name, str(folder / name), forms=name == _QUOTED) for name in FILES}
    around = Surroundings(
        kinds=sorted(kinds),
        options=options,
        topics=_topic_ids(documents["topics.yaml"]),
        channels=_channel_names(documents["monitor.yaml"]),
        environ=environ,
    )
    checked = {name: check(documents[name], model, around) for name, model in FILES.items()}
    if isinstance(said := checked["monitor.yaml"], MonitorFile):
        lacking = environment.unset(
            said.channels, _readers(documents["digests.yaml"]), environ, documents["monitor.yaml"]
        )
        documents["monitor.yaml"].problems += lacking
    base = _base(folder)
    outside = environment.read(environ, base)
    problems = [problem for name in FILES for problem in _ordered(documents[name], quoted=name == _QUOTED)]
    problems += outside.problems
    match list(checked.values()):
        case [
            MonitorFile() as monitor,
            SourcesFile() as sources,
            TopicsFile() as topics,
            DigestsFile() as digests,
        ] if not problems:
            pass
        case _:
            raise ConfigError(problems)
    route = outside.mail or monitor.mail.via
    return Config(
        name=monitor.name,
        timezone=monitor.timezone,
        contact=monitor.contact,
        archive=build.archive(outside.archive or monitor.archive, base),
        mail=build.mail(monitor, route, outside, base),
        channels=build.channels(monitor.channels, environ, base),
        operator=monitor.operator,
        web=build.web(monitor.web),
        crawl=build.crawl(monitor.crawl),
        keep_unmatched=monitor.keep.unmatched,
        keep_mails=monitor.keep.mails,
        sources=tuple(build.source(keys, environ) for keys in sources.sources),
        topics=tuple(build.topic(keys) for keys in topics.topics),
        subscriptions=tuple(build.subscription(keys, topics, monitor) for keys in digests.digests),
        warnings=tuple(remarks.warnings(documents, monitor, sources, topics, digests, route)),
        fingerprint=_fingerprint(monitor, sources, topics, digests),
    )


def load_topics(path: Path) -> tuple[Topic, ...]:
    """Reads the topics of a file such as topics.yaml, or of the topics.yaml inside a folder.

    Raises:
        ConfigError: with every problem of the file, in reading order.
    """
    if not path.exists():
        raise ConfigError([Problem(str(path), 1, 1, "", "there is no such file or folder")])
    file = path / _QUOTED if path.is_dir() else path
    document = read(file, str(file), piped=True, forms=True)
    checked = check(document, TopicsFile, Surroundings(kinds=(), options={}, topics=None, environ={}))
    if checked is None:
        raise ConfigError(_ordered(document, quoted=True))
    return tuple(build.topic(keys) for keys in checked.topics)


def archive_in(folder: Path, *, environ: Mapping[str, str] = os.environ) -> str | None:
    """Returns the archive's address (see `Config.archive`), also of a configuration with mistakes.

    Where monitor.yaml is not there, or is not YAML, the default stands in; None where what is written cannot be one.
    """
    base = _base(folder)
    written = (
        read(folder / "monitor.yaml", "monitor.yaml").at(("archive",)) or MonitorFile.model_fields["archive"].default
    )
    try:
        return build.archive(environment.read(environ, base).archive or addresses.archive_path(written), base)
    except ValueError:
        return None


def _base(folder: Path) -> Path:
    """The folder to which relative paths are relative."""
    return Path(os.path.abspath(folder)).parent  # noqa: PTH100 - resolve() would leave a folder that is a link


def _ordered(document: Document, *, quoted: bool) -> list[Problem]:
    found = sorted(dict.fromkeys(document.problems), key=_place)
    return document.pointed(found) if quoted else found


def _place(problem: Problem) -> tuple[int, int]:
    return problem.line, problem.column


def _topic_ids(document: Document) -> list[str] | None:
    """The ids that digests may name; None where the file cannot say."""
    items = document.data.get("topics") if isinstance(document.data, dict) else None
    if not isinstance(items, list):
        return [] if document.usable and items is None else None
    return [item["id"] for item in items if isinstance(item, dict) and isinstance(item.get("id"), str)]


def _channel_names(document: Document) -> list[str] | None:
    """The channels that digests may name; None where the file cannot say."""
    items = document.data.get("channels") if isinstance(document.data, dict) else None
    return list(items) if isinstance(items, dict) else [] if document.usable and items is None else None


def _readers(document: Document) -> set[str]:
    """Whoever a digest is to, as far as the file can be read."""
    items = document.data.get("digests") if isinstance(document.data, dict) else None
    lists = [item.get("to") for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return {reader for readers in lists if isinstance(readers, list) for reader in readers if isinstance(reader, str)}


def _fingerprint(*files: Keys) -> str:
    return hashlib.sha256(json.dumps(_meaning(files), sort_keys=True).encode()).hexdigest()


def _meaning(value: object) -> object:
    """A value without its notation, ready for JSON: order where order counts, no secrets."""
    if isinstance(value, BaseModel):
        return {name: _meaning(getattr(value, name)) for name in type(value).model_fields}
    if is_dataclass(value):
        return {part.name: _meaning(getattr(value, part.name)) for part in fields(value) if part.name != "credentials"}
    if isinstance(value, dict):
        return {str(name): _meaning(below) for name, below in value.items()}
    if isinstance(value, list | tuple):
        return [_meaning(below) for below in value]
    if isinstance(value, frozenset):
        return sorted((_meaning(below) for below in value), key=json.dumps)
    return str(value)
