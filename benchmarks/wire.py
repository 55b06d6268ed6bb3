"""Wire stories as many carriers print them, through the real `roxham collect`: is each told once, and whole?

    python -m benchmarks wire FOLDER [--order shuffled [--seed N]] [--sites publisher] [--keep MAPPING.json] [--misses]

FOLDER holds `stories.jsonl`, texts of known wire items in the forms of their carriers, and `evaluate.py`, which scores
a grouping of them. Every carrier is served as a site with a feed, its stories are published in the order in which it
printed them, a batch at a time, and after each batch `roxham collect` reads what is new: feeds and pages, nothing else.
Then `roxham stories` and `roxham export` say which record belongs to which story, and as which take of it.

Exit code 3 where a bound does not hold, or where `--order shuffled` leads to other groups than the order of print.
"""

import argparse
import importlib.util
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from benchmarks.installed import configure
from benchmarks.wire_server import Record, Sites, serving
from monitor.text import folded_words

AT_LEAST = {
    "full_P": 0.995, "full_R": 0.97, "trunc_P": 0.99, "brief_P": 0.99, "serial": 1.0, "rival": 1.0, "boiler": 1.0,
    "headline": 1.0, "url": 1.0, "corr": 1.0, "kill": 1.0, "order": 0.99, "xl_P": 1.0, "xl_R": 0.8,
}  # fmt: skip
"""What the scorer's columns must reach; a column without a pair to judge proves nothing, and is no fault."""

PEERS = ("published date", "exact title", "normalised exact text,", "jaccard>=.5,")
_BATCH = 40  # records published at once, at most
_WORST = 10
Json = dict[str, Any]
Mapped = dict[str, Json]
"""Record id → {"group": story, "version": take}, as evaluate.py reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What the program made of the records, and what it cost: seconds of the collects, MB of the largest process."""

    mapped: Mapped
    articles: Mapping[str, Json]  # record id → the line of the export
    stories: Sequence[Json]
    pairs: Any  # of official languages; None where the program does not list them
    passes: int
    wall: float
    cpu: float
    peak: float


def main(arguments: Sequence[str]) -> int:
    """Prints the scorer's table and what else was asked of stories; 3 where a bound did not hold."""
    wanted = argparse.ArgumentParser(prog="python -m benchmarks wire", description=(__doc__ or "").splitlines()[0])
    wanted.add_argument("folder", type=Path)
    wanted.add_argument("--order", choices=("carried", "shuffled"), default="carried", help="of publication")
    wanted.add_argument("--seed", type=int, default=None, help="of the shuffling; printed where not given")
    wanted.add_argument("--batch", type=int, default=_BATCH, help="records published at once, at most")
    wanted.add_argument("--sites", choices=("carrier", "publisher"), default="carrier", help="what shares addresses")
    wanted.add_argument("--keep", type=Path, metavar="MAPPING.json", help="writes the mapping for evaluate.py")
    wanted.add_argument("--misses", action="store_true", help="print what was joined and parted wrongly")
    chosen = wanted.parse_args(arguments)
    scorer = _scorer(chosen.folder / "evaluate.py")
    records = sorted(scorer.read(chosen.folder / "stories.jsonl"), key=lambda r: (r["carried_at"], r["id"]))
    families = len({record["family"] for record in records})
    print(f"{len(records)} records of {families} items")
    run = _watch(records, chosen.sites, chosen.batch)
    print(_cost("in order of print", run))
    runs, faults = {"roxham": run}, []
    if chosen.order == "shuffled":
        seed = random.randrange(1_000_000) if chosen.seed is None else chosen.seed
        other = _watch(shuffled(records, seed), chosen.sites, chosen.batch)
        print(_cost(f"shuffled, seed {seed}", other))
        runs["roxham, shuffled"] = other
        faults += _same_groups(records, run, other)
    rows = {name: scorer.score(records, one.mapped) for name, one in runs.items()}
    rows |= {name: scorer.score(records, said) for name, said in scorer.baselines(records) if name.startswith(PEERS)}
    print("\n" + " " * 34 + " ".join(f"{column:>8}" for column in scorer.COLS))
    for name, scores in rows.items():
        print(scorer.row(name, scores))
        faults += _too_low(name, scores) if name in runs else []
    print(f"pairs judged: {json.dumps(rows['roxham']['pairs'])}")
    for name, one in runs.items():
        print(f"\n{name}")
        faults += [f"{name}: {fault}" for fault in _unread(records, one) + _look(records, one)]
    if chosen.misses:
        print()
        _print_misses(records, run.mapped)
    if chosen.keep:
        chosen.keep.write_text(json.dumps(run.mapped, indent=0), "utf-8")
    print("\n" + ("\n".join(faults) or "all bounds held"))
    return 3 if faults else 0


def _scorer(file: Path) -> Any:
    """Loads evaluate.py of the material: `read`, `score`, `row`, `COLS` and `baselines` are asked for."""
    described = importlib.util.spec_from_file_location("wire_evaluate", file)
    assert described is not None
    assert described.loader is not None
    module = importlib.util.module_from_spec(described)
    described.loader.exec_module(module)
    return module


# --- publishing and reading ------------------------------------------------------------------------------------------


def shuffled(records: Sequence[Record], seed: int) -> list[Record]:
    """Mixes the records; those of one address stay in their order, for a page cannot be replaced by an older one."""
    mixed = list(records)
    random.Random(seed).shuffle(mixed)
    waiting: dict[object, list[Record]] = defaultdict(list)
    for record in records:
        waiting[_address(record)].append(record)
    return [waiting[_address(record)].pop(0) for record in mixed]


def batches(records: Sequence[Record], most: int) -> Iterator[list[Record]]:
    """Cuts the records, in order, where an address comes again: no page is replaced before it was read."""
    batch: list[Record] = []
    for record in records:
        if len(batch) == most or _address(record) in map(_address, batch):
            yield batch
            batch = []
        batch.append(record)
    if batch:
        yield batch


def _address(record: Record) -> tuple[str, str]:
    """Returns what two records share that may stand at one address, whichever way they are served."""
    return record["publisher"], record["url_path"]


def _watch(records: Sequence[Record], sites_by: str, most: int) -> _Run:
    """Publishes the records in this order, collects after each batch, and reads what was made of them."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder, serving(Sites(records, sites_by)) as sites:
        config = configure(Path(folder), sites.sources())
        printed = list(batches(records, most))
        started = time.monotonic()
        for batch in printed:
            sites.publish(batch)
            _roxham(config, "collect", "--json")
        wall = time.monotonic() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        articles = [json.loads(line) for line in _roxham(config, "export", "--format", "jsonl").splitlines()]
        stories: list[Json] = json.loads(_roxham(config, "stories", "--json"))
        mapped, of_record = _map(config, records, sites, articles, stories)
        return _Run(
            mapped=mapped,
            articles=of_record,
            stories=stories,
            pairs=_pairs(config),
            passes=len(printed),
            wall=wall,
            cpu=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            peak=after.ru_maxrss / 1024,
        )


def _command(config: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(sys.executable).with_name("roxham")), "--config", str(config), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _roxham(config: Path, *arguments: str) -> str:
    done = _command(config, *arguments)
    if done.returncode:
        raise SystemExit(f"roxham {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def _pairs(config: Path) -> Any:
    done = _command(config, "stories", "pairs", "--json")
    return None if done.returncode else json.loads(done.stdout)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One version of one article; `take` is its place among the takes of its story in its language."""

    article: Json
    title: str
    take: int | None


def _map(
    config: Path, records: Sequence[Record], sites: Sites, articles: Sequence[Json], stories: Sequence[Json]
) -> tuple[Mapped, dict[str, Json]]:
    """Finds each record among what was kept: by its address, and there by its headline and the order of publication."""
    at_url: dict[str, list[Json]] = defaultdict(list)
    for article in sorted(articles, key=lambda article: article["id"]):
        for url in dict.fromkeys((article["url"], *article["urls"])):
            at_url[url].append(article)
    takes = {member["id"]: member.get("takes") for story in stories for member in story["members"]}
    published: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        published[sites.url(record)].append(record)
    mapped: Mapped = {}
    of_record: dict[str, Json] = {}
    for url, printed in published.items():
        seen = [version for article in at_url[url] for version in _versions(config, article, takes.get(article["id"]))]
        for record, version in zip(printed, _matched(printed, seen), strict=False):
            mapped[record["id"]] = {"group": str(version.article["story"]), "version": version.take}
            of_record[record["id"]] = version.article
    return mapped, of_record


def _versions(config: Path, article: Json, takes: Sequence[Json] | None) -> list[_Seen]:
    if takes is not None:
        in_order = sorted(takes, key=lambda take: take["version"])
        return [_Seen(article=article, title=take["title"], take=take["take"]) for take in in_order]
    if article["versions"] == 1:
        return [_Seen(article=article, title=article["title"], take=None)]
    history = json.loads(_roxham(config, "show", str(article["id"]), "--json"))["history"]
    return [_Seen(article=article, title=version["title"], take=None) for version in history]


def _matched(printed: Sequence[Record], seen: Sequence[_Seen]) -> list[_Seen]:
    """Returns the version that each record of one address became; none where nothing was kept of it."""
    if len(printed) == len(seen) or not seen:
        return list(seen)
    found, at = [], 0
    for record in printed:
        title = folded_words(record["title"])
        same = [number for number, version in enumerate(seen) if folded_words(version.title) == title]
        at = next((number for number in same if number >= at), same[-1] if same else len(seen) - 1)
        found.append(seen[at])
    return found


# --- judging ---------------------------------------------------------------------------------------------------------


def _cost(order: str, run: _Run) -> str:
    return (
        f"{order}: {run.passes} collects, {run.wall:.1f} s, {run.cpu:.1f} s of CPU, {run.peak:.0f} MB at most; "
        f"{len(run.stories)} stories"
    )


def _too_low(name: str, scores: Mapping[str, float | None]) -> list[str]:
    reached = {column: scores[column] for column in AT_LEAST}
    return [
        f"{name}: {column} {score:.4f}, at least {AT_LEAST[column]}"
        for column, score in reached.items()
        if score is not None and score < AT_LEAST[column]
    ]


def _unread(records: Sequence[Record], run: _Run) -> list[str]:
    missing = [record for record in records if record["id"] not in run.mapped]
    return [f"{len(missing)} records are no articles, such as {_named(missing[0])}"] if missing else []


def _same_groups(records: Sequence[Record], run: _Run, other: _Run) -> list[str]:
    """Compares two groupings of the same records, pair by pair."""
    groups = [[said.mapped.get(record["id"], {"group": record["id"]})["group"] for record in records]
              for said in (run, other)]  # fmt: skip
    differing = [
        (a, b)
        for a, b in combinations(range(len(records)), 2)
        if (groups[0][a] == groups[0][b]) != (groups[1][a] == groups[1][b])
    ]
    if not differing:
        print("the grouping does not depend on the order")
        return []
    for a, b in _spread(differing, records):
        print(f"  {'parted' if groups[0][a] == groups[0][b] else 'joined'} when shuffled:"
              f" {_named(records[a])}  |  {_named(records[b])}")  # fmt: skip
    return [f"{len(differing)} pairs are grouped otherwise in the other order"]


def _spread(pairs: Sequence[tuple[int, int]], records: Sequence[Record]) -> list[tuple[int, int]]:
    """Returns one pair for each pair of families, at most as many as are looked at."""
    examples: dict[tuple[str, str], tuple[int, int]] = {}
    for a, b in pairs:
        examples.setdefault((records[a]["family"], records[b]["family"]), (a, b))
    return list(examples.values())[:_WORST]


def _look(records: Sequence[Record], run: _Run) -> list[str]:
    """Prints what the table does not say: kills, related stories, corrections, pairs of languages."""
    faults = _judge_kills(records, run)
    _judge_related(records, run)
    _judge_corrections(records, run)
    return faults + _judge_pairs(records, run)


def _judge_kills(records: Sequence[Record], run: _Run) -> list[str]:
    killed = {record["family"] for record in records if record["kill"]}
    copies = [r for r in records if r["family"] in killed and not r["kill"] and r["id"] in run.articles]
    left = [r for r in copies if not run.articles[r["id"]]["withdrawn"] or run.articles[r["id"]]["text"] is not None]
    spared = [r for r in records if r["family"] not in killed and r["id"] in run.articles]
    lost = [r for r in spared if run.articles[r["id"]]["withdrawn"]]
    if not killed:
        return []
    print(f"kill          {len(copies) - len(left)} of {len(copies)} copies withdrawn and without text;"
          f" {len(lost)} of other stories withdrawn")  # fmt: skip
    return [
        *([f"{len(left)} killed copies keep their text, such as {_named(left[0])}"] if left else []),
        *([f"{len(lost)} copies of other stories are withdrawn, such as {_named(lost[0])}"] if lost else []),
    ]


def _judge_related(records: Sequence[Record], run: _Run) -> None:
    """The event of a family is the one that it reports, or its own."""
    event = {record["family"]: record["same_event"] or record["family"] for record in records}
    of_story: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        if record["id"] in run.mapped:
            of_story[run.mapped[record["id"]]["group"]][record["family"]] += 1
    families = {story: counts.most_common(1)[0][0] for story, counts in of_story.items()}
    related = {
        frozenset((str(story["id"]), str(other)))
        for story in run.stories
        for other in story["related"]
        if {str(story["id"]), str(other)} <= families.keys()
    }
    rivals = [
        (a, b)
        for a, b in combinations((record for record in records if record["id"] in run.mapped), 2)
        if a["family"] != b["family"] and event[a["family"]] == event[b["family"]]
    ]
    found = sum(frozenset(run.mapped[r["id"]]["group"] for r in pair) in related for pair in rivals)
    right = sum(len({event[families[story]] for story in pair}) == 1 for pair in related)
    same = sum(len({families[story] for story in pair}) == 1 for pair in related)
    print(f"related       {_share(found, len(rivals))} pairs of records on the same event are of related stories;"
          f" of the pairs of related stories {_share(right - same, len(related))} are of two items on the same event,"
          f" {_share(same, len(related))} of one item that was parted")  # fmt: skip


def _judge_corrections(records: Sequence[Record], run: _Run) -> None:
    corrected = [record for record in records if record["correction"] and record["id"] in run.articles]
    shown = [r for r in corrected if r["correction"]["to"] in r["text"]]
    marked = Counter(run.articles[record["id"]]["relation"] for record in corrected)
    of_shown = sum(run.articles[record["id"]]["relation"] == "correction" for record in shown)
    print(f"corrections   {len(corrected)} copies of corrected versions: "
          f"{', '.join(f'{count} {relation}' for relation, count in marked.most_common()) or 'none'};"
          f" of those that show the corrected words {_share(of_shown, len(shown))} are a correction")  # fmt: skip


def _judge_pairs(records: Sequence[Record], run: _Run) -> list[str]:
    """Every record of a release whose languages disagree must belong to a flagged pair, and no other may."""
    if run.pairs is None:
        print("pairs         the program does not list them")
        return []
    flagged = {str(pair["story"]) for pair in run.pairs if pair.get("diverges")}
    released = [r for r in records if r["id"] in run.mapped and r["carrier"].startswith("gov")]
    diverging = {r["family"] for r in released if r["diverges"]}
    families = {r["family"]: run.mapped[r["id"]]["group"] in flagged for r in released}
    missed = sorted(family for family in diverging if not families[family])
    wrong = sorted(family for family, said in families.items() if said and family not in diverging)
    print(f"pairs         {len(run.pairs)} listed; flagged: {len(diverging) - len(missed)} of {len(diverging)} releases"
          f" whose figures differ, {len(wrong)} others")  # fmt: skip
    return [
        *([f"releases not flagged: {', '.join(missed)}"] if missed else []),
        *([f"releases flagged wrongly: {', '.join(wrong)}"] if wrong else []),
    ]


def _print_misses(records: Sequence[Record], mapped: Mapped) -> None:
    """Prints the families that were joined, and those that were parted, the worst first, each with an example."""
    joined: Counter[tuple[str, str]] = Counter()
    parted: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, tuple[str, str]], tuple[Record, Record]] = {}
    for a, b in combinations(sorted(records, key=lambda record: record["family"]), 2):
        together = a["id"] in mapped and mapped[a["id"]]["group"] == mapped.get(b["id"], {}).get("group")
        if together == (a["family"] == b["family"]):
            continue
        what, names = ("joined", (a["family"], b["family"])) if together else ("parted", (a["family"], _classes(a, b)))
        (joined if together else parted)[names] += 1
        examples.setdefault((what, names), (a, b))
    for what, counts in (("joined", joined), ("parted", parted)):
        print(f"wrongly {what}: {sum(counts.values())} pairs of records")
        for names, count in counts.most_common(_WORST):
            a, b = examples[what, names]
            print(f"  {count:4}  {' and '.join(names)}\n        {_named(a)}\n        {_named(b)}")


def _classes(a: Record, b: Record) -> str:
    return "-".join(sorted((f"{a['lang']} {a['kind']}", f"{b['lang']} {b['kind']}")))


def _named(record: Record) -> str:
    about = f"{record['family']}.{record['version']} {record['lang']} {record['kind']}, {record['carrier']}"
    return f"{record['id']} ({about}): {record['title'][:70]!r}"


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole}" + (f" ({part / whole:.2f})" if whole else "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
