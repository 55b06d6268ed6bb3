"""Returned mail in a Maildir, where a mail server or a fetching program delivers it."""

import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from monitor.returns import LONGEST, BoxError, Letter


class MaildirBox:
    """Reads what lies in `new`, and in `cur` without the mark that it was seen (https://cr.yp.to/proto/maildir.html).

    What is done is moved to `cur` with the flag S, as a mail program does with what was read. A letter's name is that
    of its file without flags: it stays the same wherever a mail program moves the letter.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.place = f"the maildir {path}"

    def unread(self, limit: int, *, but: Collection[str] = ()) -> list[Letter]:
        """See Box. Files are read in the order of their names, which begin with the time of their delivery."""
        found = sorted((_base(path), path) for path in self._files() if "S" not in _flags(path))
        wanted = [(name, path) for name, path in found if name not in but][:limit]
        return [self._letter(name, path) for name, path in wanted]

    def done(self, names: Collection[str]) -> None:
        """See Box."""
        wanted = frozenset(names)
        for path in self._files() if wanted else ():
            if (name := _base(path)) not in wanted:
                continue
            flags = "".join(sorted({*_flags(path), "S"}))  # in ASCII order, as the format demands
            try:
                path.rename(self._path / "cur" / f"{name}:2,{flags}")
            except FileNotFoundError:
                continue  # a mail program was faster
            except OSError as error:
                raise BoxError(f"cannot mark letters as read in {self.place}: {error.strerror or error}") from error

    def _files(self) -> Iterator[Path]:
        """Yields every file; what comes or goes meanwhile may be among them or not."""
        for folder in ("new", "cur"):
            try:
                yield from [path for path in (self._path / folder).iterdir() if not path.name.startswith(".")]
            except OSError as error:
                raise BoxError(
                    f"cannot read {self.place}: {error.strerror or error}: {folder}; it needs the folders new and cur"
                ) from error

    def _letter(self, name: str, path: Path) -> Letter:
        try:
            if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for ever
                return Letter(name=name, raw=None, trouble=f"{path}: not a file")
            with path.open("rb") as file:
                return Letter(name=name, raw=file.read(LONGEST))
        except OSError as error:
            return Letter(name=name, raw=None, trouble=f"{path}: {error.strerror or error}")


def _base(path: Path) -> str:
    return path.name.partition(":2,")[0]


def _flags(path: Path) -> str:
    """Returns the flags of a file in `cur`; those in `new` have none that count."""
    return path.name.partition(":2,")[2] if path.parent.name == "cur" else ""
