"""python -m benchmarks [NAME [ARGUMENT …]]: one measurement, or, without a name, every one that needs no material."""

import sys
from collections.abc import Callable, Sequence

from benchmarks import extraction, keeping, matching, sites

Measurement = Callable[[Sequence[str]], int]
ALONE: dict[str, Measurement] = {"matching": matching.main, "keeping": keeping.main}
WITH_MATERIAL: dict[str, Measurement] = {"extraction": extraction.main, "sites": sites.main}


def main() -> int:
    """Runs what was asked for; the exit code is 3 where a bound did not hold."""
    if len(sys.argv) == 1:
        for name, run in ALONE.items():
            print(f"\n== {name}")
            run([])
        print(f"\nNeed a folder of material, see benchmarks/README.md: {', '.join(WITH_MATERIAL)}")
        return 0
    name, *rest = sys.argv[1:]
    chosen = (ALONE | WITH_MATERIAL).get(name)
    if chosen is None:
        print(f"no measurement {name!r}; there are {', '.join(ALONE | WITH_MATERIAL)}", file=sys.stderr)
        return 2
    return chosen(rest)


if __name__ == "__main__":
    sys.exit(main())
