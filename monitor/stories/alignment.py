"""What two sequences have in common, in order: for sentences and for words; quick on anything.

Equal ends are taken off, what occurs once in both is held together (as patience diff does), and what lies between is
compared in full where it is small. The work is bounded: of a hostile pair (one word a million times) less is found in
common than could be, and nothing wrong.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Sequence
from itertools import pairwise
from typing import TypeVar

Of = TypeVar("Of", bound=Hashable)

_SMALL = 2_500  # cells of a table: cheaper than looking for what is unique
_LARGE = 250_000  # cells of one table
_CELLS = 2_000_000  # of all tables of one comparison: a third of a second
_ROUNDS = 20  # how often, on average, an element is looked at while what is unique is searched for
_NEAR = 8  # elements ahead that are looked at where a table would be too large


def common(before: Sequence[Of], after: Sequence[Of]) -> list[tuple[int, int]]:
    """Returns the places (in `before`, in `after`) of equal elements, both ascending."""
    pairs: list[tuple[int, int]] = []
    todo = [(0, len(before), 0, len(after))]
    cells, looks = _CELLS, _ROUNDS * (len(before) + len(after))
    while todo:
        i, m, j, n = todo.pop()
        while i < m and j < n and before[i] == after[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        while i < m and j < n and before[m - 1] == after[n - 1]:
            m, n = m - 1, n - 1
            pairs.append((m, n))
        size = (m - i) * (n - j)
        if not size:
            continue
        unique: list[tuple[int, int]] = []
        if size > _SMALL and looks > 0:
            looks -= m - i + n - j
            unique = _unique(before, after, (i, m, j, n))
        if unique:
            pairs += unique
            edges = [(i - 1, j - 1), *unique, (m, n)]
            todo += [(a + 1, c, b + 1, d) for (a, b), (c, d) in pairwise(edges) if c > a + 1 and d > b + 1]
        elif size <= min(_LARGE, cells):
            cells -= size
            pairs += ((i + a, j + b) for a, b in _longest(before[i:m], after[j:n]))
    return sorted(pairs)


def _unique(before: Sequence[Of], after: Sequence[Of], part: tuple[int, int, int, int]) -> list[tuple[int, int]]:
    """Returns the longest ascending run of pairs that occur once in both parts."""
    i, m, j, n = part
    counts = Counter(before[i:m])
    others = Counter(after[j:n])
    places = {after[at]: at for at in range(j, n) if others[after[at]] == 1}
    found = [(at, places[before[at]]) for at in range(i, m) if counts[before[at]] == 1 and before[at] in places]
    ends: list[int] = []  # smallest last place of an ascending run of each length
    last: list[int] = []  # which pair that is
    previous: list[int] = []
    for number, (_, place) in enumerate(found):
        length = bisect_left(ends, place)
        previous.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [place]
        last[length : length + 1] = [number]
    run: list[tuple[int, int]] = []
    at = last[-1] if last else -1
    while at >= 0:
        run.append(found[at])
        at = previous[at]
    return run[::-1]


def _longest(before: Sequence[Of], after: Sequence[Of]) -> Iterator[tuple[int, int]]:
    """Yields the longest common subsequence, by the table of the textbook."""
    rows = [[0] * (len(after) + 1)]
    for one in reversed(before):
        below, row, right = rows[-1], [0], 0
        for place in range(len(after) - 1, -1, -1):
            if one == after[place]:
                right = below[len(after) - 1 - place] + 1
            else:
                down = below[len(after) - place]
                right = max(down, right)
            row.append(right)
        rows.append(row)
    i, j, m, n = 0, 0, len(before), len(after)
    while i < m and j < n:
        if before[i] == after[j]:
            yield i, j
            i, j = i + 1, j + 1
        elif rows[m - i - 1][n - j] >= rows[m - i][n - j - 1]:
            i += 1
        else:
            j += 1


def gaps(pairs: Sequence[tuple[int, int]], m: int, n: int) -> Iterator[tuple[int, int, int, int]]:
    """Yields what lies between the pairs: from and to in the one, from and to in the other; never both empty."""
    for (a, b), (c, d) in pairwise([(-1, -1), *pairs, (m, n)]):
        if c > a + 1 or d > b + 1:
            yield a + 1, c, b + 1, d


def likest(before: Sequence[Collection[str]], after: Sequence[Collection[str]], least: float) -> list[tuple[int, int]]:
    """Pairs sentences that share most of their words, in order: the places of each pair, both ascending.

    What two share is Dice's coefficient of their sets of words, 0 to 1; below `least` they are no pair.
    """
    ours, theirs = [frozenset(words) for words in before], [frozenset(words) for words in after]
    if len(ours) * len(theirs) > _LARGE:
        return _near(ours, theirs, least)
    rows = [[0.0] * (len(theirs) + 1)]
    alike: dict[tuple[int, int], float] = {}
    for i in range(len(ours) - 1, -1, -1):
        below, row = rows[-1], [0.0]
        for j in range(len(theirs) - 1, -1, -1):
            best = max(below[len(theirs) - j], row[-1])
            share = _dice(ours[i], theirs[j])
            if share >= least:
                alike[i, j] = share
                best = max(best, below[len(theirs) - 1 - j] + share)
            row.append(best)
        rows.append(row)
    pairs = []
    i, j, m, n = 0, 0, len(ours), len(theirs)
    while i < m and j < n:
        here = rows[m - i][n - j]
        if here == rows[m - i - 1][n - j]:
            i += 1
        elif here == rows[m - i][n - j - 1]:
            j += 1
        else:
            pairs.append((i, j))
            i, j = i + 1, j + 1
    return pairs


def _near(ours: Sequence[frozenset[str]], theirs: Sequence[frozenset[str]], least: float) -> list[tuple[int, int]]:
    pairs, start = [], 0
    for i, words in enumerate(ours):
        ahead = range(start, min(start + _NEAR, len(theirs)))
        if not ahead:
            break
        best = max(ahead, key=lambda j: _dice(words, theirs[j]))
        if _dice(words, theirs[best]) >= least:
            pairs.append((i, best))
            start = best + 1
    return pairs


def _dice(ours: frozenset[str], theirs: frozenset[str]) -> float:
    both = len(ours) + len(theirs)
    return 2 * len(ours & theirs) / both if both else 0.0
