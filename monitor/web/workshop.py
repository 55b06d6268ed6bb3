"""The topic workshop's work: what a text would make of topics.yaml, what that would change, and its saving.

A text is tried in a thread for three seconds at most, and a visitor's next text ends the trial of the one before.
"""

import asyncio
import difflib
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from monitor.archive.lock import holder
from monitor.config import load_topics
from monitor.config.document import read
from monitor.config.editing import EditError, Listing, Refusal
from monitor.config.saving import FILES, Hindrance, hindrance, repository_path, save, stand, tried
from monitor.errors import ConfigError, Problem, TooSlowError
from monitor.overview.service import ALIVE_WITHIN, is_service
from monitor.pipeline import Memory, memory
from monitor.pipeline.preview import Preview, Stop, previewed

if TYPE_CHECKING:
    from monitor.app.onlooker import Onlooker
    from monitor.archive import Archive
    from monitor.config import Config
    from monitor.types import Topic

T = TypeVar("T")
Load = Callable[[Path], "Config"]

FILE = "topics.yaml"
_SECTION = "topics"
PATIENCE = 3.0  # seconds for what one text changes
_LARGE = 150_000  # bytes of the other files; more are read with the text only when it is saved
_REMEMBERED = 60.0  # seconds for which figures of the whole archive hold


class SupersededError(Exception):
    """The visitor has sent another text meanwhile; nobody waits for this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The file as it is on the disk."""

    folder: Path | None  # None: the pages know no files
    raw: bytes = b""
    listing: Listing | None = None
    refusal: Refusal | None = None  # why nothing of it can be changed
    hindrance: Hindrance | None = None  # why it cannot be saved

    @property
    def stand(self) -> str:
        """What tells its content from any other."""
        return stand(self.raw)

    @property
    def path(self) -> Path | None:
        """The file."""
        return None if self.folder is None else self.folder / FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A text for a topic, and what the configuration would be with it."""

    text: str
    changed: bool = False  # whether the file would be another one
    refusal: Refusal | None = None  # why the file cannot be changed so
    problems: tuple[Problem, ...] = ()
    remarks: tuple[Problem, ...] = ()  # what is allowed, but hardly meant
    before: "tuple[Topic, ...]" = ()
    after: "tuple[Topic, ...] | None" = None  # None: it cannot be used
    edited: tuple[str | None, str | None] = (None, None)
    config: "Config | None" = None  # None: the other files were not read with it
    diff: str = ""

    @property
    def topic(self) -> "Topic | None":
        """The topic that the text describes."""
        return next((topic for topic in self.after or () if topic.id == self.edited[1]), None)


def ground(folder: Path | None) -> Ground:
    """Reads the file that holds the topics; nothing is raised."""
    if folder is None:
        return Ground(folder=None, hindrance=Hindrance.NO_FILE)
    try:
        raw = (folder / FILE).read_bytes()
    except OSError:
        return Ground(folder=folder, hindrance=Hindrance.NO_FILE)
    hindered = hindrance(folder / FILE)
    found = _listing(raw)
    if isinstance(found, Listing):
        return Ground(folder=folder, raw=raw, listing=found, hindrance=hindered)
    return Ground(folder=folder, raw=raw, refusal=found, hindrance=hindered)


@lru_cache(maxsize=1)  # while somebody types, the file stays
def _listing(raw: bytes) -> Listing | Refusal:
    try:
        return Listing(raw, _SECTION)
    except EditError as error:
        return error.refusal


@lru_cache(maxsize=1)
def _topics(raw: bytes) -> "tuple[Topic, ...] | None":
    """The topics of a file; None where it cannot be used."""
    with tempfile.TemporaryDirectory(prefix="roxham-") as scratch:
        (Path(scratch) / FILE).write_bytes(raw)
        try:
            return load_topics(Path(scratch))
        except ConfigError:
            return None


def drafted(here: Ground, id_: str | None, text: str, load: Load, in_force: "tuple[Topic, ...]") -> Draft:
    """Says what the configuration would be with a text for a topic (None: for one more). `load` reads a folder.

    `in_force` are the topics to compare with where the file as it is cannot be read.
    """
    if here.listing is None or here.folder is None:
        return Draft(text=text, refusal=here.refusal or Refusal.NOT_YAML, problems=_problems(here.path))
    try:
        raw = here.listing.drafted(id_, text)
    except EditError as error:
        return Draft(text=text, refusal=error.refusal)
    before = _topics(here.raw)
    before = in_force if before is None else before
    draft = Draft(text=text, changed=raw != here.raw, before=before, diff=_diff(here, raw))
    try:
        config, after = _read(here.folder, raw, load)
        made = raw if raw == here.raw else _made(here.listing, id_, text)
    except ConfigError as error:
        return replace(draft, problems=error.problems)
    except EditError as error:
        return replace(draft, refusal=error.refusal)
    number = next((n for n, e in enumerate(here.listing.entries) if e.id == id_), len(after) - 1)
    new = after[number].id
    path = f"topics[{new}]"
    remarks = tuple(w for w in config.warnings if w.path.partition(".")[0] == path) if config is not None else ()
    return replace(draft, changed=made != here.raw, after=after, edited=(id_, new), config=config, remarks=remarks)


def _problems(path: Path | None) -> tuple[Problem, ...]:
    try:
        if path is not None:
            load_topics(path)
    except ConfigError as error:
        return error.problems
    return ()


def _made(listing: Listing, id_: str | None, text: str) -> bytes:
    return listing.added(text) if id_ is None else listing.replaced(id_, text)


def _read(folder: Path, raw: bytes, load: Load) -> "tuple[Config | None, tuple[Topic, ...]]":
    """The configuration with this file, or its topics alone where the other files are large. Raises ConfigError."""
    if sum((folder / name).stat().st_size for name in FILES if name != FILE and (folder / name).exists()) <= _LARGE:
        config = tried(folder, FILE, raw, load)
        return config, config.topics
    with tempfile.TemporaryDirectory(prefix="roxham-") as scratch:
        copy = Path(scratch) / FILE
        copy.write_bytes(raw)
        try:
            return None, load_topics(copy)
        except ConfigError as error:
            raise ConfigError([replace(p, file=str(folder / FILE)) for p in error.problems]) from None


def _diff(here: Ground, raw: bytes) -> str:
    """The change as a unified diff, as patch(1) and git take it."""
    assert here.folder is not None  # noqa: S101 - whoever has a listing has a folder
    name = repository_path((here.folder / FILE).resolve()) or FILE
    old, new = (text.decode("utf-8", "replace").splitlines(keepends=True) for text in (here.raw, raw))
    lines = difflib.unified_diff(old, new, f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def saved(here: Ground, id_: str | None, text: str, known: str, load: Load) -> "tuple[Config, str, bool]":
    """Saves a text for a topic (None: one more); returns the configuration, the topic's id, and whether it changed.

    Raises:
        EditError: the file cannot be changed so.
        ConfigError: the configuration would not be good with it.
        ChangedError: the file is not what was `known`.
        OSError: it cannot be written.
    """
    if here.listing is None or here.folder is None:
        raise EditError(here.refusal or Refusal.NOT_YAML)
    if known == here.stand:
        tried(here.folder, FILE, here.listing.drafted(id_, text), load)  # its problems say more than a refusal
    made = _made(here.listing, id_, text)
    config = save(here.folder, FILE, known, made, load)
    number = next((n for n, e in enumerate(here.listing.entries) if e.id == id_), len(config.topics) - 1)
    return config, config.topics[number].id, made != here.raw


def removed(here: Ground, id_: str, known: str, load: Load) -> "Config":
    """Takes a topic out of the file. Raises what `saved` does."""
    if here.listing is None or here.folder is None:
        raise EditError(here.refusal or Refusal.NOT_YAML)
    return save(here.folder, FILE, known, here.listing.removed(id_), load)


def digests_naming(folder: Path, id_: str) -> list[str]:
    """Returns the digests whose entry in digests.yaml names a topic; those that tell of all topics do not."""
    data = read(folder / "digests.yaml", "digests.yaml").data
    entries = data.get("digests") if isinstance(data, dict) else None
    found = [each for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []
    return [str(each.get("id")) for each in found if isinstance(each.get("topics"), list) and id_ in each["topics"]]


class Trials:
    """Tries texts: one at a time for a visitor, the newest of them."""

    def __init__(self) -> None:
        self._stops: dict[str, threading.Event] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._memory: tuple[float, Path, Memory] | None = None

    async def preview(self, onlooker: "Onlooker", draft: Draft, who: str) -> Preview | None:
        """Returns what a draft would change; None where not even the first articles could be looked at in time.

        Raises:
            SupersededError: this visitor wants to know of another text by now.
            ArchiveError: there is no archive, or it cannot be used.
        """
        stop = threading.Event()
        if (before := self._stops.get(who)) is not None:
            before.set()
        self._stops[who] = stop
        lock = self._locks.setdefault(who, asyncio.Lock())
        try:
            async with lock:
                if stop.is_set():
                    raise SupersededError
                try:
                    done = await onlooker.ask(lambda archive: self._previewed(archive, onlooker, draft, stop))
                except TooSlowError:
                    done = None
                if stop.is_set():
                    raise SupersededError
                return done
        finally:
            if self._stops.get(who) is stop:
                del self._stops[who], self._locks[who]

    def remembered(self, archive: "Archive", onlooker: "Onlooker") -> Memory:
        """Returns what the archive holds, as it was a minute ago at most."""
        now, path = time.monotonic(), onlooker.path
        if self._memory is None or self._memory[1] != path or now - self._memory[0] > _REMEMBERED:
            self._memory = now, path, memory(archive, onlooker.config.keep_unmatched, onlooker.clock())
        return self._memory[2]

    def _previewed(
        self, archive: "Archive", onlooker: "Onlooker", draft: Draft, superseded: threading.Event
    ) -> Preview:
        """In a thread."""
        config = onlooker.config
        later = draft.config.subscriptions if draft.config is not None else config.subscriptions
        begin = self.remembered(archive, onlooker).whole_since
        deadline = time.monotonic() + PATIENCE
        with archive.within(PATIENCE + 1):
            return previewed(
                archive,
                draft.before,
                draft.after or draft.before,
                draft.edited,
                (config.subscriptions, later),
                config.sources,
                begin=begin,
                now=onlooker.clock(),
                stop=_stop(superseded, deadline),
            )


def _stop(superseded: threading.Event, deadline: float) -> Stop:
    return lambda: superseded.is_set() or time.monotonic() > deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the running service makes of the files."""

    alive: bool
    taken: bool  # it works by the configuration that was saved
    since: datetime | None = None  # when it took what it works by
    problems: tuple[str, ...] = ()  # why it does not take what was saved


def standing(archive: "Archive", onlooker: "Onlooker", saved_as: str | None) -> Standing:
    """Says what the service makes of files that were saved; `saved_as` begins their fingerprint."""
    beat, running = archive.heartbeat(), archive.running()
    fresh = beat is not None and onlooker.clock() - beat < ALIVE_WITHIN
    alive = onlooker.line is not None or (fresh and is_service(holder(onlooker.path)))  # a kill leaves a fresh beat
    if onlooker.line is not None:
        fingerprint = onlooker.config.fingerprint
    else:
        fingerprint = running.fingerprint if running is not None else ""
    refused = running is not None and running.refused_at is not None
    return Standing(
        alive=alive,
        taken=alive and (not saved_as or fingerprint.startswith(saved_as)),
        since=running.since if running is not None else None,
        problems=running.problems if running is not None and refused else (),
    )
