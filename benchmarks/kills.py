"""Kills: is everybody told once, wherever SIGKILL meets the service?

    python -m benchmarks kills [--kills 200] [--seed N] [--commits 20]

A real `roxham run` over a site and a mail server on this machine, with three digests and four readers. It is killed
twice in a row at each step of its conversation with the mail server, soon after the server's answer, and right before
and right after each of its first commits; then `--kills` times by chance, any time or soon after any step. Then
it may live on, and everything is compared: what was published, what the mail server took, the archive's outbox and
ledger. Exit code 3 where a story was lost for a reader, came under two Message-IDs or as other bytes, where more mails
were repeated than kills happened, where a repeat is not listed, or where the ledger says anything else.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from tests.killed import Commit, Moment, Service, Step, killed, step_by_chance
from tests.mailbox import STEPS

SOON = (0.0, 0.002, 0.02, 0.1)  # seconds after the server's answer
A_SERIES = 20  # kills by chance before all is looked at
LONGEST = 4.0  # seconds of a life that ends by chance


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """What became of one installation."""

    name: str
    kills: int
    mails: int
    repeats: int
    held: int
    seconds: float
    faults: tuple[str, ...]


def main(arguments: Sequence[str]) -> int:
    """Prints a line for each moment; 3 where the promise was broken."""
    wanted = argparse.ArgumentParser(prog="python -m benchmarks kills", description=(__doc__ or "").splitlines()[0])
    wanted.add_argument("--kills", type=int, default=200, help="by chance")
    wanted.add_argument("--commits", type=int, default=20, help="of a life, each of which is tried")
    wanted.add_argument("--seed", type=int, default=20261122)
    chosen = wanted.parse_args(arguments)
    moments: list[Moment] = [Step(step) for step in STEPS if step != "250"]
    moments += [Step("250", seconds) for seconds in SOON]
    moments += [Commit(method, when) for method in ("commit_digest", "mark_sending", "mark_sent") for when in _WHEN]
    moments += [Commit("any", when, nth) for nth, when in product(range(1, chosen.commits + 1), _WHEN)]
    print(f"{'killed twice':24}{'kills':>7}{'mails':>7}{'repeats':>9}{'held':>6}{'s':>7}")
    rows = []
    for moment in moments:
        rows.append(_twice(moment))
        _print(rows[-1])
    chance = random.Random(chosen.seed)
    for begin in range(0, chosen.kills, A_SERIES):
        rows.append(_by_chance(chance, f"by chance, from {begin + 1}", min(A_SERIES, chosen.kills - begin)))
        _print(rows[-1])
    faults = [fault for row in rows for fault in row.faults]
    _print(
        _Row(
            name="all",
            kills=sum(row.kills for row in rows),
            mails=sum(row.mails for row in rows),
            repeats=sum(row.repeats for row in rows),
            held=sum(row.held for row in rows),
            seconds=sum(row.seconds for row in rows),
            faults=(),
        )
    )
    print(f"{len(faults)} faults" if faults else "nobody missed a story, nobody got one under two names")
    return 3 if faults else 0


_WHEN = ("before", "after")


def _twice(moment: Moment) -> _Row:
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, killed(Path(folder)) as service:
        missed = sum(not service.live(moment) for _ in range(2))
        service.finish()
        return _row(service, str(moment), started, ["the moment never came"] * missed)


def _by_chance(chance: random.Random, name: str, kills: int) -> _Row:
    """Kills by chance: two in three soon after a step of a conversation, the others whatever the service does."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, killed(Path(folder)) as service:
        while service.kills < kills:
            moment = step_by_chance(chance) if chance.random() < 2 / 3 else Step("none")
            service.live(moment, stories=chance.randint(1, 2), patience=chance.uniform(0.3, LONGEST))
        service.settle()
        return _row(service, name, started, [])


def _row(service: Service, name: str, started: float, faults: Sequence[str]) -> _Row:
    return _Row(
        name=name,
        kills=service.kills,
        mails=len(service.box.delivered),
        repeats=service.repeats,
        held=service.held,
        seconds=time.monotonic() - started,
        faults=(*faults, *service.faults(), *(["somebody had to send a message by hand"] * service.held)),
    )


def _print(row: _Row) -> None:
    print(f"{row.name:24}{row.kills:7}{row.mails:7}{row.repeats:9}{row.held:6}{row.seconds:7.1f}", flush=True)
    for fault in row.faults:
        print(f"    {fault}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
