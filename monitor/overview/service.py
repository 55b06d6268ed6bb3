"""How the service is: alive or not, by which configuration, what waits, what needs a hand."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from monitor import export
from monitor.archive import Archive, Running
from monitor.archive.lock import holder
from monitor.config import Config
from monitor.errors import ArchiveError
from monitor.export import Json
from monitor.overview.messages import is_held
from monitor.overview.sources import UNREMARKABLE, watched
from monitor.types import Alarm, ItemState, OutboxHold, Pause

ALIVE_WITHIN = timedelta(minutes=2)
"""A service whose last heartbeat is older is not alive."""


def is_service(held_by: str | None) -> bool:
    """Says whether the holder of an archive is a service."""
    return held_by is not None and "`roxham run`" in held_by


def running_over(path: Path) -> Running | None:
    """Returns what the service that holds an archive says; None without a service. Touches nothing."""
    if not is_service(holder(path)):
        return None
    from monitor.archive.sqlite import SQLiteArchive

    with suppress(ArchiveError):
        archive = SQLiteArchive.for_reading(path)
        try:
            return archive.running()
        finally:
            archive.close()
    return None


def is_current(running: Running, fingerprint: str | None) -> bool:
    """Says whether the service works by what the files say; `fingerprint` is theirs, None where they have mistakes."""
    return running.refused_at is None and running.fingerprint == fingerprint


def configuration(running: Running | None, fingerprint: str | None) -> Json | None:
    """Returns by which configuration a service works, as JSON."""
    if running is None:
        return None
    return {
        "current": is_current(running, fingerprint),
        "since": export.when(running.since),
        "refused_at": export.when(running.refused_at),
        "problems": list(running.problems),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """How many sources are watched, which of them are ill, and which others are to be looked at."""

    watched: int
    ill: tuple[str, ...]
    flagged: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The service at one moment."""

    alive: bool
    heartbeat_at: datetime | None
    held_by: str | None  # who holds the archive
    running: Running | None  # None where no service lives
    fingerprint: str | None  # of the files; None where they have mistakes
    sources: Sources | None  # None where nobody knows which there are
    pending: int
    set_aside: int
    unsent: Mapping[str, int]  # messages by state; those that may have arrived and wait for an operator are "held"
    hold: OutboxHold | None
    pauses: tuple[Pause, ...]
    alarms: tuple[Alarm, ...]  # of which no operator knows


def status(config: Config | None, archive: Archive, path: Path, now: datetime, fingerprint: str | None) -> Status:
    """Returns how the service over an archive is. `path` is the archive's, `config` None where it has mistakes."""
    beat, held_by = archive.heartbeat(), holder(path)
    alive = beat is not None and now - beat < ALIVE_WITHIN and is_service(held_by)  # a kill leaves a fresh beat
    waiting = archive.waiting_items().values()
    unsent: dict[str, int] = {}
    for message in archive.outbox(open_only=True):
        state = "held" if is_held(message) else message.state.value
        unsent[state] = unsent.get(state, 0) + 1
    return Status(
        alive=alive,
        heartbeat_at=beat,
        held_by=held_by,
        running=archive.running() if alive else None,
        fingerprint=fingerprint,
        sources=None if config is None else _sources(config, archive, now),
        pending=sum(counts.get(ItemState.PENDING, 0) for counts in waiting),
        set_aside=sum(counts.get(ItemState.SET_ASIDE, 0) for counts in waiting),
        unsent=unsent,
        hold=archive.outbox_hold(),
        pauses=tuple(archive.pauses()),
        alarms=tuple(archive.alarms(untold_only=True)),
    )


def _sources(config: Config, archive: Archive, now: datetime) -> Sources:
    known = watched(config, archive, now)
    ill = [each for each in known if each.source.enabled and each.state is not None and each.state.failures]
    flagged = [each for each in known if each.health.condition not in UNREMARKABLE and each not in ill]
    return Sources(
        watched=sum(source.enabled for source in config.sources),
        ill=tuple(each.source.id for each in ill),
        flagged=tuple(each.source.id for each in flagged),
    )


def document(said: Status) -> Json:
    """Returns it as `roxham status --json` prints it."""
    states = {state: count for state, count in said.unsent.items() if state != "held"}
    if held := said.unsent.get("held"):
        states["doubt"] = states.get("doubt", 0) + held
    return {
        "alive": said.alive,
        "heartbeat_at": export.when(said.heartbeat_at),
        "held_by": said.held_by,
        "running": configuration(said.running, said.fingerprint),
        "sources": said.sources
        and {
            "watched": said.sources.watched,
            "ill": list(said.sources.ill),
            "flagged": list(said.sources.flagged),
        },
        "pending": said.pending,
        "set_aside": said.set_aside,
        "unsent": sum(said.unsent.values()),
        "unsent_states": states,
        "outbox_held": said.hold and export.hold(said.hold),
        "paused": [export.pause(pause) for pause in said.pauses],
        "alarms": [export.alarm(alarm) for alarm in said.alarms],
    }
