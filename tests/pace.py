"""How fast this machine is just now: what is bounded in seconds is bounded in those of a usual machine."""

import time

_USUAL = 0.055  # seconds of CPU for the loop below, where nothing else runs (2 cores, Python 3.11)


def usual(seconds: float) -> float:
    """Returns seconds of CPU as they would be at the usual pace; never more than they were."""
    began = time.process_time()
    sum(number * number for number in range(1_000_000))
    return seconds * min(1.0, _USUAL / (time.process_time() - began))
