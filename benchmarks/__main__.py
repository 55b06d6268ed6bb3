"""python -m benchmarks [NAME [ARGUMENT …]]: one measurement, or, without a name, every quick one."""

import importlib
import sys
from collections.abc import Callable, Sequence

Measurement = Callable[[Sequence[str]], int]
QUICK = ("matching", "keeping")
LONG = ("sweep", "hold", "placing", "telling", "kills", "million")
WITH_MATERIAL = ("extraction", "bodies", "sites", "wire")


def main() -> int:
    """Runs what was asked for; the exit code is 3 where a bound did not hold."""
    if len(sys.argv) == 1:
        for name in QUICK:
            print(f"\n== {name}")
            _measurement(name)([])
        print(f"\nTake minutes: {', '.join(LONG)}. Need a folder of material: {', '.join(WITH_MATERIAL)}.")
        print("benchmarks/README.md says more.")
        return 0
    name, *rest = sys.argv[1:]
    known = (*QUICK, *LONG, *WITH_MATERIAL)
    if name not in known:
        print(f"no measurement {name!r}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    return _measurement(name)(rest)


def _measurement(name: str) -> Measurement:
    """Loads no other: what starts processes of its own should be small, and what is measured undisturbed."""
    run: Measurement = importlib.import_module(f"benchmarks.{name}").main
    return run


if __name__ == "__main__":
    sys.exit(main())
