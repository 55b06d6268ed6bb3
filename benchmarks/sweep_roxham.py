"""One pass of the program over a configuration, with its cost: `python -m benchmarks.sweep_roxham CONFIG`.

What runs is what `roxham collect` runs. Before the clock starts, the source `warm-up` is visited: imports, the
configuration and the first connection are no part of the pass, and are printed by themselves.
"""

import asyncio
import json
import sys
from pathlib import Path

from benchmarks.meter import Meter, cpu, peak
from monitor import app
from monitor.config import Config
from monitor.types import Outcome, VisitOutcome

WARM_UP = "warm-up"


async def _pass(config: Config) -> dict[str, object]:
    with app.writing(config, purpose="benchmark") as archive, app.line(config, archive) as line:
        await line.deliver.register()
        await line.collect.collect([WARM_UP])
        start = cpu()
        with Meter() as meter:
            done = await line.collect.collect()
    return {
        "start": start,
        "cpu": meter.cpu,
        "wall": meter.wall,
        "changed": sum(visit.outcome is VisitOutcome.CHANGED for visit in done.visits),
        "unchanged": sum(visit.outcome is VisitOutcome.UNCHANGED for visit in done.visits),
        "kept": done.counts[Outcome.NEW] + done.counts[Outcome.UNMATCHED],
        "matched": done.counts[Outcome.NEW],
    }


def main() -> None:
    """Prints one JSON object: CPU and wall seconds, peak memory in MB, and what became of the feeds."""
    config = app.configuration(Path(sys.argv[1]))
    said = asyncio.run(_pass(config))
    print(json.dumps(said | {"peak": peak()}))


if __name__ == "__main__":
    main()
