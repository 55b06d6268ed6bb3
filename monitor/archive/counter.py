"""The counter beside the archive: how often, and up to which number, messages were handed to a channel.

An archive that was put back from a copy knows less of that than the file, and must not send again what it does not know
to have been sent. The archive counts in the transaction that precedes a connection, the file after that commit and
before the connection: a kill in between leaves the archive ahead, which holds nothing up.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from monitor.types import OutboxHold


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """What was handed over, as the file or the archive itself says."""

    archive: str | None  # SHA-256 of the archive's secret, in hexadecimal; None where it has none yet
    last: int = 0  # the highest number of a message ever handed over
    handed: int = 0  # how often any was
    unknown: str | None = None  # why that is not all: nothing is sent before an operator says so


def path_of(archive: Path) -> Path:
    """Returns where an archive's counter lies."""
    return archive.with_name(archive.name + ".outbox")


def mark(secret: bytes) -> str:
    """Returns by what the file knows its archive."""
    return hashlib.sha256(secret).hexdigest()


def read(archive: Path) -> Counter | None:
    """Returns what the file says; None where there is none. What cannot be read is a counter that says so."""
    path = path_of(archive)
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        counter = Counter(**said)
        if not (isinstance(counter.last, int) and isinstance(counter.handed, int)):
            raise TypeError
        return counter
    except FileNotFoundError:
        return None
    except OSError as error:
        return Counter(archive=None, unknown=f"{path} cannot be read: {error.strerror}")
    except (ValueError, TypeError):
        return Counter(archive=None, unknown=f"{path} cannot be read: it is damaged")


def prepare(archive: Path, counter: Counter) -> None:
    """Writes a counter to the disk beside the file; raises OSError while nothing is changed yet."""
    with _beside(archive).open("w", encoding="utf-8") as file:
        json.dump(asdict(counter), file)
        file.flush()
        os.fsync(file.fileno())


def put_in_place(archive: Path) -> None:
    """Makes what was prepared the counter; it survives a power cut from then on."""
    _beside(archive).replace(path_of(archive))
    sync_folder(archive.parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def hold(file: Counter | None, own: Counter, newest: int) -> OutboxHold | None:
    """Decides whether an outbox is held, by the file and by what the archive itself knows.

    `newest`: the newest number in the outbox. Without a file nothing was handed over that the archive could have
    forgotten, as far as anybody can know.
    """
    if file is None or (file.unknown is None and file.handed <= own.handed):
        return None
    if file.unknown is not None:
        reason = file.unknown
    elif own.archive is not None and file.archive != own.archive:
        reason = f"the counter beside this archive is of another one, from which messages were sent up to {file.last}"
    else:
        missing = file.handed - own.handed
        times = "time" if missing == 1 else f"{missing} times"
        reason = f"a copy was put back: it does not know of the last {times} that a message was handed over"
    return OutboxHold(last_here=newest, last_sent=file.last, reason=reason)


def _beside(archive: Path) -> Path:
    path = path_of(archive)
    return path.with_name(path.name + ".tmp")
