"""`python -m benchmarks wire`, over a folder made here: what is served is collected, found again, and scored."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.wire import batches, shuffled

ROOT = Path(__file__).resolve().parent.parent
BRIDGE = (
    "The county will close the old lift bridge at Marlow for eleven weeks in spring. Engineers found rust in both of "
    "its towers last fall, and the council voted six to three on Monday to repair them before the river opens to "
    "ships. Drivers will have to take the tunnel, nine kilometres to the west, and ferries will run every half-hour."
    "\n\nThe work costs $4.2 million, of which the province pays half."
)
LATER = (
    "\n\nShopkeepers on the north bank asked for a footbridge. Reeve Oona Pallister said there is no money for one, "
    "and that buses will be free for as long as the bridge is closed."
)
RIVAL = (
    "Ships come first at Marlow. Starting in April nobody crosses there on wheels, after inspectors discovered "
    "corroded steel, and a divided council chose mending over replacement. Commuters face a detour through the "
    "western tunnel; boats are promised twice an hour, said the clerk, who expects complaints and many letters."
)
SCORER = """
import itertools, json
COLS = "full_P full_R trunc_P brief_P serial rival boiler headline url corr kill order xl_P xl_R".split()
def read(path): return [json.loads(line) for line in open(path, encoding="utf-8")]
def row(name, scores): return name + " " + " ".join(str(scores[column]) for column in COLS)
def baselines(records): yield "exact title", {r["id"]: {"group": r["title"]} for r in records}
def score(records, mapping):
    pairs = list(itertools.combinations(records, 2))
    same = {(a["id"], b["id"]) for a, b in pairs if a["family"] == b["family"]}
    said = {(a["id"], b["id"]) for a, b in pairs if mapping[a["id"]]["group"] == mapping[b["id"]]["group"]}
    figures = {"full_P": len(same & said) / max(1, len(said)), "full_R": len(same & said) / len(same)}
    return dict.fromkeys(COLS) | figures | {"pairs": len(pairs)}
"""


def record(name: str, family: str, carrier: str, text: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": name, "family": family, "version": 1, "lang": "en", "carrier": carrier, "publisher": f"The {carrier}",
        "url_path": f"/2026/{family}/", "title": "County to close Marlow lift bridge", "text": text,
        "carried_at": "2026-02-03T09:00:00-05:00", "kind": "full", "same_event": None, "correction": None,
        "kill": False, "diverges": False, **fields,
    }  # fmt: skip


RECORDS = (
    record("first", "bridge", "Courier", BRIDGE),
    record("pickup", "bridge", "Herald", BRIDGE, carried_at="2026-02-03T09:10:00-05:00"),
    record("later", "bridge", "Courier", BRIDGE + LATER, version=2, carried_at="2026-02-03T15:00:00-05:00"),
    record("rival", "rival", "Gazette", RIVAL, title="No cars over the Marlow this spring"),
    record("unlike", "bridge", "Bugle", "Buses will be free.", kind="brief", title="Marlow, briefly"),
)


@pytest.mark.slow
def test_records_are_published_collected_and_scored(tmp_path: Path) -> None:
    """The one-line brief shares no sentence with its story, so that recall, rightly, stays below its bound."""
    (tmp_path / "evaluate.py").write_text(SCORER, "utf-8")
    lines = "".join(json.dumps(one) + "\n" for one in reversed(RECORDS))
    (tmp_path / "stories.jsonl").write_text(lines, "utf-8")
    kept = tmp_path / "mapping.json"
    command = [sys.executable, "-m", "benchmarks", "wire", str(tmp_path), "--keep", str(kept), "--misses"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert "5 records of 2 items" in done.stdout
    assert "2 collects" in done.stdout, "the later take may not replace the first before it was read"
    assert "full_R 0.5" in done.stdout.splitlines()[-1]
    groups = {name: said["group"] for name, said in json.loads(kept.read_text("utf-8")).items()}
    assert groups["first"] == groups["pickup"] == groups["later"]
    assert len({groups["first"], groups["rival"], groups["unlike"]}) == 3


def test_a_batch_holds_no_address_twice() -> None:
    assert [[one["id"] for one in batch] for batch in batches(RECORDS, 40)] == [
        ["first", "pickup"], ["later", "rival", "unlike"],
    ]  # fmt: skip
    assert [len(batch) for batch in batches(RECORDS, 1)] == [1] * 5


@pytest.mark.parametrize("seed", range(20))
def test_shuffling_leaves_the_takes_of_one_address_in_their_order(seed: int) -> None:
    mixed = [one["id"] for one in shuffled(RECORDS, seed)]
    assert sorted(mixed) == sorted(one["id"] for one in RECORDS)
    assert mixed.index("first") < mixed.index("later")
