"""One pass of PyPI's reader, with its cost: `python -m benchmarks.sweep_reader DATABASE`.

Runs in an environment that holds reader. Standard input is a list of addresses in JSON; the first is updated before the
clock starts, as a warm-up.
"""

import json
import sys

from reader import make_reader  # type: ignore[import-not-found]  # lives in an environment of its own

from benchmarks.meter import Meter, cpu, peak


def main() -> None:
    """Prints one JSON object: CPU and wall seconds of the two steps, peak memory in MB, and what was kept."""
    warm_up, *urls = json.load(sys.stdin)
    reader = make_reader(sys.argv[1])
    for url in (warm_up, *urls):
        reader.add_feed(url, exist_ok=True)
    reader.update_feed(warm_up)
    reader.update_search()
    reader.disable_feed_updates(warm_up)
    start = cpu()
    with Meter() as update:
        reader.update_feeds(scheduled=False, workers=10)
    with Meter() as search:
        reader.update_search()
    print(
        json.dumps(
            {
                "start": start,
                "cpu": update.cpu + search.cpu,
                "update": update.cpu,
                "search": search.cpu,
                "wall": update.wall + search.wall,
                "peak": peak(),
                "kept": reader.get_entry_counts().total - reader.get_entry_counts(feed=warm_up).total,
                "broken": reader.get_feed_counts(broken=True).total,
                "matched": reader.search_entry_counts('"Roxham"').total,
            }
        )
    )


if __name__ == "__main__":
    main()
