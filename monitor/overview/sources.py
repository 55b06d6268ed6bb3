"""How the sources are: their health, what waits, when each is visited next, and how they are written in the file."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor import due, health
from monitor.archive import Archive
from monitor.config import Config
from monitor.types import Burst, Condition, Day, Health, ItemState, Source, SourceState

WORST_FIRST = (
    Condition.ILL,
    Condition.STALE,
    Condition.PARTIAL,
    Condition.BURST,
    Condition.OVERRAN,
    Condition.QUIET,
    Condition.MOVED,
    Condition.NEW,
    Condition.WELL,
    Condition.OFF,
)
"""In which order an operator looks at sources."""
UNREMARKABLE = frozenset({Condition.WELL, Condition.OFF, Condition.NEW})

_ITEM = re.compile(r"^([ \t]*)-[ \t]", re.MULTILINE)
_USER = re.compile(r"(?<=://)[^/\s'\"@]+@")
_SECRET = re.compile(
    r"([?&;](?:[\w.-]*(?:key|token|secret|passw|pwd|signature|auth)[\w.-]*|sig|code)=)[^&\s'\"#,}]+", re.IGNORECASE
)
_HEADER = re.compile(r"((?:authorization|api[-_]?key|token|secret|password)['\"]?[ \t]*:[ \t]*)\S[^\n]*", re.IGNORECASE)
HIDDEN = "•••"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A source with what is known of it at one moment."""

    source: Source
    state: SourceState | None  # None: never visited
    health: Health
    days: tuple[Day, ...]
    next_at: datetime | None  # None: not by itself, or at once
    pending: int
    set_aside: int
    bursts: tuple[Burst, ...]  # held back


def watched(config: Config, archive: Archive, now: datetime) -> list[Watched]:
    """Returns every configured source as it is, in the order of the file."""
    zone = ZoneInfo(config.timezone)
    states, days = archive.states(), archive.days((now - 2 * health.HABIT).date())
    held, waiting = archive.bursts(), archive.waiting_items()
    found = []
    for source in config.sources:
        state, of_source = states.get(source.id), days.get(source.id, ())
        bursts = tuple(burst for burst in held if burst.source_id == source.id)
        counts = waiting.get(source.id, {})
        found.append(
            Watched(
                source=source,
                state=state,
                health=health.health(source, state, of_source, bursts, now, zone=zone),
                days=tuple(of_source),
                next_at=next_at(source, state),
                pending=counts.get(ItemState.PENDING, 0),
                set_aside=counts.get(ItemState.SET_ASIDE, 0),
                bursts=bursts,
            )
        )
    return found


def next_at(source: Source, state: SourceState | None) -> datetime | None:
    """Returns when a source is visited next; None where it is switched off, or was never visited."""
    visited = state is not None and state.last_visit_at is not None
    return due.next_visit(source, state) if source.enabled and visited else None


def healths(config: Config, archive: Archive, now: datetime) -> dict[str, Health]:
    """Returns for each source how it is doing, with times as people of the installation write them."""
    return {each.source.id: each.health for each in watched(config, archive, now)}


def worst_first(sources: Sequence[Watched]) -> list[Watched]:
    """Returns them in the order of what an operator looks at first; else as they were."""
    return sorted(sources, key=lambda each: WORST_FIRST.index(each.health.condition))


def release(archive: Archive, source_id: str, now: datetime, *, tell: bool) -> tuple[int, int] | None:
    """Lets out what is held back of a source; returns items and how many articles are told. None: nothing was held."""
    held = [burst for burst in archive.bursts() if burst.source_id == source_id]
    if not held:
        return None
    told = archive.release([burst.id for burst in held], now, tell=tell)
    return sum(burst.items for burst in held), told


def entry(folder: Path, source_id: str) -> str | None:
    """Returns a source as sources.yaml has it now, as text with its comments, without what may be a secret.

    None where the file has no such entry, or not in a form in which one can be cut out.
    """
    try:
        text = (folder / "sources.yaml").read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return None
    wanted = re.compile(rf"\bid['\"]?[ \t]*:[ \t]*['\"]?{re.escape(source_id)}['\"]?[ \t]*(?=[,}}#\r\n]|\Z)")
    for piece in _pieces(text):
        if wanted.search(piece) and _id_of(piece) == source_id:
            return _HEADER.sub(rf"\g<1>{HIDDEN}", without_secrets(piece))
    return None


def without_secrets(text: str) -> str:
    """Returns a text in which addresses have neither passwords nor parameters that are called keys or tokens."""
    return _SECRET.sub(rf"\g<1>{HIDDEN}", _USER.sub(f"{HIDDEN}@", text))


def _pieces(text: str) -> Iterator[str]:
    """Yields the entries of the list, each from its hyphen on, moved to the margin; what follows the last one's end."""
    first = _ITEM.search(text)
    if first is None:
        return
    indent = first[1]
    starts = [found.start() for found in _ITEM.finditer(text) if found[1] == indent]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        lines = [line.removeprefix(indent).rstrip() for line in text[start:end].splitlines()]
        while lines and (not lines[-1] or lines[-1].lstrip().startswith("#")):
            lines.pop()  # what stands between two entries belongs to the next
        yield "\n".join(lines) + "\n"


def _id_of(piece: str) -> object:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        read = YAML(typ="safe", pure=True).load(piece)
        return read[0].get("id")
    except (YAMLError, ValueError, TypeError, IndexError, AttributeError, KeyError):
        return None
