"""What a running service says of its configuration, for the commands that tell it."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.cli.output import local
from monitor.errors import ArchiveError

if TYPE_CHECKING:
    from monitor.archive import Running


def running_over(archive: Path) -> "Running | None":
    """Returns what the service that holds an archive says; None without a service. Touches nothing."""
    from monitor.archive.lock import holder

    if not is_service(holder(archive)):
        return None
    from monitor import app

    with suppress(ArchiveError), app.reading_file(archive) as opened:
        return opened.running()
    return None


def is_service(held_by: str | None) -> bool:
    """Says whether the holder of an archive is a service."""
    return held_by is not None and "`roxham run`" in held_by


def document(running: "Running | None", fingerprint: str | None) -> dict[str, object] | None:
    """Returns it as JSON; `fingerprint` is that of the files, None where they have mistakes."""
    from monitor import export

    if running is None:
        return None
    return {
        "current": _current(running, fingerprint),
        "since": export.when(running.since),
        "refused_at": export.when(running.refused_at),
        "problems": list(running.problems),
    }


def told(running: "Running", fingerprint: str | None, zone: str) -> list[str]:
    """Returns it as lines for people: the first says what the service works by, the others why not by the files."""
    since = local(running.since, zone)
    if running.refused_at is not None:
        refused = local(running.refused_at, zone)
        return [f"taken {since}, still in force: the files saved {refused} were refused", *running.problems]
    if not _current(running, fingerprint):
        return [f"taken {since}, still in force: the files say something else since, and were not taken yet"]
    return [f"taken {since}"]


def _current(running: "Running", fingerprint: str | None) -> bool:
    return running.refused_at is None and running.fingerprint == fingerprint
