"""The columns and hits of one archive that all connections of a process share, and how they are kept up to date."""

import threading
from collections.abc import Collection
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from monitor.archive.columns import DTYPES, Columns, State, Vocabulary, changed_since, loaded, newest
from monitor.archive.hits import Hits

_ROOM = 1.05  # is made for articles to come


class Shelf:
    """What all connections of this process to one archive share. Safe in threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._columns: Columns | None = None
        self._buffers: dict[str, NDArray[Any]] = {}  # longer than the columns, which are their beginnings
        self.hits = Hits()

    def columns(self, connection: Any) -> Columns | None:
        """Returns the columns as they are in the read transaction that the connection is in.

        None: others know of later changes by now; that happens where they looked in a later transaction.
        """
        state = newest(connection)
        with self._lock:
            have = self._columns
            if have is not None and have.state == state:
                return have
            if have is not None and have.state > state:
                return None
            ids = None if have is None else changed_since(connection, have.state, state)
            if have is None or ids is None:
                return self._load(connection, state)
            return self._take_in(connection, state, have, ids)

    def forget(self) -> None:
        """Lets the next question load all anew."""
        with self._lock:
            self._columns, self._buffers = None, {}

    def _load(self, connection: Any, state: State) -> Columns:
        self._columns, self._buffers = None, {}
        words = Vocabulary()
        last = state[1]
        self._buffers = {name: np.zeros(int((last + 1) * _ROOM) + 16, dtype) for name, dtype in DTYPES.items()}
        for name, ids, values in loaded(connection, words, None, last + 1):
            self._buffers[name][ids] = values
        return self._shown(state, words, last + 1)

    def _take_in(self, connection: Any, state: State, have: Columns, ids: Collection[int]) -> Columns:
        """Whoever holds former columns keeps them as they are: what changed in them is written to a copy."""
        size = state[1] + 1
        fresh = list(loaded(connection, have.words, sorted(ids), size))
        for name, buffer in self._buffers.items():
            if size > len(buffer):
                self._buffers[name] = np.zeros(int(size * _ROOM) + 16, buffer.dtype)
                self._buffers[name][: have.size] = buffer[: have.size]
            else:
                buffer[have.size : size] = 0
        for name, numbers, values in fresh:
            known = numbers < have.size
            if (self._buffers[name][numbers[known]] != values[known]).any():
                self._buffers[name] = self._buffers[name].copy()
            self._buffers[name][numbers] = values
        return self._shown(state, have.words, size)

    def _shown(self, state: State, words: Vocabulary, size: int) -> Columns:
        self._columns = Columns(state=state, words=words, **{name: b[:size] for name, b in self._buffers.items()})
        return self._columns


_SHELVES: "WeakValueDictionary[tuple[int, int], Shelf]" = WeakValueDictionary()
_OPENING = threading.Lock()


def shelf(file: tuple[int, int]) -> Shelf:
    """Returns what the connections of this process to a file share; it is kept as long as one of them holds it.

    A file is known by its device and inode: another one may be put in its place (`restore`) while it is open.
    """
    with _OPENING:
        return _SHELVES.setdefault(file, Shelf())
