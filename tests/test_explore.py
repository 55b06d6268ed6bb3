"""`roxham explore`: the ready-made queries answer on a real archive, and Datasette serves it read-only."""

import json
import sqlite3
import subprocess
from importlib import resources
from pathlib import Path

import pytest

from monitor.archive.packing import plain
from tests.configuration import loaded
from tests.desk import Desk
from tests.installation import COMMAND

KNOWN = json.loads(resources.files("monitor.explore").joinpath("metadata.json").read_text("utf-8"))
VALUES = {"query": "story", "topic": "roxham-road", "source": "desk"}
EMPTY = {"most_carried", "changed_afterwards", "gaps", "told", "sources_now"}  # of a story that one outlet has


@pytest.mark.parametrize("name", KNOWN["queries"])
def test_a_ready_made_query_answers(desk: Desk, name: str) -> None:
    desk.keep_story()
    reader = sqlite3.connect(f"{desk.archive.path.as_uri()}?mode=ro", uri=True)
    reader.create_function("roxham_plain", 1, plain)
    try:
        rows = reader.execute(KNOWN["queries"][name]["sql"], VALUES).fetchall()
    finally:
        reader.close()
    assert rows or name in EMPTY


def test_tables_that_are_described_are_there(desk: Desk) -> None:
    there = {row[0] for row in desk.archive.rows("SELECT name FROM sqlite_schema")}
    assert not KNOWN["tables"].keys() - there


def test_datasette_serves_the_archive(desk: Desk, tmp_path: Path) -> None:
    pytest.importorskip("datasette", reason="needs the extra explore")
    desk.keep_story()
    loaded(tmp_path, monitor=f"contact: desk@newsroom.test\narchive: sqlite:///{desk.archive.path}\n")
    path = "/roxham/search.json?query=story&_shape=array"  # its view needs a function of ours
    command = [str(COMMAND), "--config", str(tmp_path / "config"), "explore", "--get", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["title"] == "Story 1"
