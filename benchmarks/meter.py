"""What a piece of work costs the process that does it."""

import resource
import time
from dataclasses import dataclass, field
from pathlib import Path


def cpu() -> float:
    """Returns the CPU seconds, user and system, of this process and of the children it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def peak() -> float:
    """Returns the most memory this process has held, in MB.

    `ru_maxrss` would begin with what the parent held when it started this process (setmax_mm_hiwater_rss in Linux).
    """
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@dataclass(slots=True)
class Meter:
    """Measures a `with` block, in seconds."""

    cpu: float = 0.0
    wall: float = 0.0
    _before: tuple[float, float] = field(default=(0.0, 0.0), repr=False)

    def __enter__(self) -> "Meter":
        self._before = cpu(), time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu, self.wall = cpu() - self._before[0], time.monotonic() - self._before[1]
