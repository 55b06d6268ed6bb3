"""What the search index finds, as arrays of ids: remembered for the next page, and brought up to date where it can be.

A common word stands in half of a million articles, and the index takes its time to name them; a commit beside changes a
few of them, and only those are asked about again.
"""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from monitor.archive.columns import Columns, Ids, State, changed_since, fetched

_LARGEST = 64_000_000  # bytes of what is remembered for one archive
_MOST_CHANGED = 2_000  # articles; for more the index is asked anew
_RUNS = 4  # questions about what changed
_FIND = "SELECT rowid FROM article_index WHERE article_index MATCH ?"


class Hits:
    """What expressions found, the last used last. Safe in threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[State, np.ndarray[Any, Any], bool]] = OrderedDict()
        self._bytes = 0

    def find(self, connection: Any, columns: Columns, expression: str) -> Ids:
        """Returns the ids of what an FTS5 expression finds, in order, in the read transaction of these columns."""
        ids = self.known(connection, columns, expression)
        if ids is None:
            ids = fetched(connection, _FIND, (expression,))
            self._keep(expression, columns, ids)
        return ids

    def known(self, connection: Any, columns: Columns, expression: str) -> Ids | None:
        """Returns the same where it is remembered, or nearly."""
        with self._lock:
            entry = self._known.get(expression)
            if entry is not None:
                self._known.move_to_end(expression)
        if entry is None or entry[0] > columns.state:
            return None
        state, data, packed = entry
        ids = np.flatnonzero(np.unpackbits(data)).astype(np.int32) if packed else data
        if state != columns.state:
            changed = changed_since(connection, state, columns.state)
            if changed is None or len(changed) > _MOST_CHANGED:
                return None
            ids = _mended(connection, expression, ids, changed)
            self._keep(expression, columns, ids)
        return ids

    def _keep(self, expression: str, columns: Columns, ids: Ids) -> None:
        packed = ids.nbytes > columns.size // 8
        data: np.ndarray[Any, Any] = ids
        if packed:
            mask = np.zeros(columns.size, np.bool_)
            mask[ids] = True
            data = np.packbits(mask)
        with self._lock:
            before = self._known.get(expression)
            if before is not None and before[0] > columns.state:
                return
            self._drop(expression)
            self._known[expression] = columns.state, data, packed
            self._bytes += data.nbytes + len(expression)
            while self._bytes > _LARGEST:
                self._drop(next(iter(self._known)))

    def _drop(self, expression: str) -> None:
        entry = self._known.pop(expression, None)
        if entry is not None:
            self._bytes -= entry[1].nbytes + len(expression)


def _mended(connection: Any, expression: str, ids: Ids, changed: Collection[int]) -> Ids:
    touched = np.array(sorted(changed), np.int32)
    found = [
        fetched(connection, f"{_FIND} AND rowid BETWEEN ? AND ?", (expression, int(run[0]), int(run[-1])))
        for run in _runs(touched)
    ]
    fresh = np.concatenate(found) if found else touched[:0]
    rest = np.delete(ids, places(ids, touched))
    return np.sort(np.concatenate([rest, touched[places(touched, fresh)]]))


def places(ids: Ids, wanted: Ids) -> np.ndarray[Any, Any]:
    """Returns at which places of `ids` those of the wanted stand that are among them; both are in order."""
    there = np.searchsorted(ids, wanted)
    inside = there < len(ids)
    found: np.ndarray[Any, Any] = there[inside][ids[there[inside]] == wanted[inside]]
    return found


def _runs(touched: Ids) -> Iterator[Ids]:
    """Yields the ids in few runs: what changes is mostly what just came."""
    if not len(touched):
        return
    gaps = np.diff(touched)
    widest = np.sort(np.argsort(gaps)[len(gaps) - min(len(gaps), _RUNS - 1) :])
    yield from np.split(touched, widest + 1)
