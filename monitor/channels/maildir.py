"""The maildir channel: messages as files that any mail reader opens. The default, and what tests look into."""

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from monitor.channels import refuse_other_formats
from monitor.errors import DeliveryError
from monitor.types import Format, Message, Receipt


class Maildir:
    """Keeps messages in a Maildir (https://cr.yp.to/proto/maildir.html), whoever they are for.

    The file's name comes from the Message-ID alone, so the same message sent twice is one file, also when a mail
    reader has moved it from `new` to `cur`. Inside are the message's bytes with line feeds, as mail readers expect
    them on this side of the wire. There is never doubt: a file is there or not.
    """

    takes = Format.MAIL
    idempotent = True

    def __init__(self, path: Path, *, name: str = "maildir") -> None:
        self.name = name
        self._path = path

    async def send(self, message: Message, on_commit: Callable[[], Awaitable[None]]) -> Receipt:
        """Writes the message to disk and returns the path of its file.

        Raises DeliveryError (temporary) when the folder cannot be written.
        """
        refuse_other_formats(self, message)
        name = hashlib.sha256(message.message_id.encode()).hexdigest()[:40]
        written = await asyncio.to_thread(self._write, name, message.raw)
        try:
            await on_commit()
        except BaseException:
            if written is not None:
                await asyncio.to_thread(written.unlink, missing_ok=True)
            raise
        path = await asyncio.to_thread(self._deliver, written, name)
        return Receipt(at=datetime.now(UTC), channel=self.name, answer=str(path))

    async def close(self) -> None:
        """Nothing is kept between two messages."""

    def _write(self, name: str, raw: bytes) -> Path | None:
        """Writes the file where no reader looks, safely on disk; None where the message is there already."""
        try:
            for folder in ("tmp", "new", "cur"):
                (self._path / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._there(name) is not None:
                return None
            path = self._path / "tmp" / name  # what a killed attempt left there is written over
            with path.open("wb") as file:
                file.write(raw.replace(b"\r\n", b"\n"))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._failed(error) from error
        return path

    def _deliver(self, written: Path | None, name: str) -> Path:
        """Shows the file to readers, in one step that survives a power cut."""
        try:
            if (there := self._there(name)) is not None:
                if written is not None:
                    written.unlink(missing_ok=True)
                return there
            path = self._path / "new" / name
            (self._path / "tmp" / name).rename(path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise self._failed(error) from error
        return path

    def _there(self, name: str) -> Path | None:
        """Finds the message where it was put, or where a reader put it (`cur/NAME:2,FLAGS`)."""
        path = self._path / "new" / name
        return path if path.exists() else next((self._path / "cur").glob(f"{name}*"), None)

    def _failed(self, error: OSError) -> DeliveryError:
        return DeliveryError(
            f"cannot write to the maildir {self._path}: {error.strerror or error}", temporary=True, way=True
        )
