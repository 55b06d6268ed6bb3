"""The starter configuration: the commented files that ship with the program, copied into a new folder."""

from pathlib import Path

from monitor.config.schema import FILES
from monitor.errors import ConfigError, Problem

_ROOM = Path(__file__).resolve().parent
_PLACES = (_ROOM.parent / "starter", _ROOM.parent.parent / "config")
"""Where the files are: in an installed program, and in a checkout."""


def starter(folder: Path) -> list[Path]:
    """Writes the four files into `folder`, which is made if need be, and returns their paths.

    Raises:
        ConfigError: one of them is there already, or the folder cannot be written. A file that exists is never
            touched, and nothing is written beside it.
    """
    taken = [folder / name for name in FILES if (folder / name).exists() or (folder / name).is_symlink()]
    if taken:
        raise ConfigError([Problem(str(path), 1, 1, "", "is there already; nothing was written") for path in taken])
    shipped = next(place for place in _PLACES if (place / "monitor.yaml").is_file())
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            text = (shipped / name).read_bytes()
            with (folder / name).open("xb") as file:
                file.write(text)
            written.append(folder / name)
    except OSError as error:
        what = f"the starter configuration cannot be written: {error.strerror or error}"
        raise ConfigError([Problem(str(error.filename or folder), 1, 1, "", what)]) from error
    return written
