"""A flood, from the second answer of a source to the mail after its release: the real command, a real site."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]

from monitor import app
from tests.installation import Installation, feed, source
from tests.site import Site

TWO_MAY_WRITE = sqlite3.sqlite_version_info >= (3, 51, 3)


@pytest.fixture
def flooded(tmp_path: Path) -> Iterator[Installation]:
    """A source that listed two stories, and then sixty new ones at once."""
    with Site() as site:

        def publish(*names: str) -> None:
            items = [(site.url(f"/{name}"), f"Story {name}", f"Roxham Road, as {name} tells it.") for name in names]
            site.put("/feed.xml", feed(*items), type="application/rss+xml")

        publish("a", "b")
        here = Installation(tmp_path / "here", [source("desk", site.url("/feed.xml"), read="feed")])
        here.document("collect")
        here.document("deliver", "--now")
        publish("a", "b", *(f"new-{number}" for number in range(60)))
        here.document("collect")
        yield here


def stories(here: Installation) -> int:
    digests = here.document("deliver", "--now")["digests"]
    return sum(digest["stories"] for digest in digests)


def test_a_flood_is_shown_counted_and_told_after_its_release(flooded: Installation) -> None:
    (listed,) = flooded.document("sources")
    assert (listed["health"], [remark["health"] for remark in listed["remarks"]]) == ("burst", ["burst"])
    assert "60 new items at once" in listed["remarks"][0]["text"]
    assert flooded.document("status")["sources"] == {"watched": 1, "ill": [], "flagged": ["desk"]}
    dry = flooded.roxham("deliver", "--now", "--dry-run").stdout
    assert "60 in bulk" in " ".join(dry.split())
    assert stories(flooded) == 0
    released = flooded.document("sources", "release", "desk")
    assert released["items"] == 60
    assert stories(flooded) == 60
    assert stories(flooded) == 0
    assert flooded.document("sources")[0]["health"] == "well"
    again = flooded.roxham("sources", "release", "desk")
    assert (again.returncode, again.stderr) == (1, "nothing of desk is held back\n")
    assert flooded.roxham("sources", "release", "dsk").returncode == 2


@pytest.mark.skipif(not TWO_MAY_WRITE, reason="two connections that write need SQLite 3.51.3")
def test_a_flood_is_released_beside_a_running_service(flooded: Installation) -> None:
    with app.writing(app.configuration(flooded.config), purpose="run") as archive:
        assert flooded.document("sources", "release", "desk", "--quietly", apart=True)["items"] == 60
        assert archive.bursts() == []
    assert stories(flooded) == 0


def test_coverage_tells_what_was_observed(flooded: Installation) -> None:
    (told,) = flooded.document("sources", "coverage", "desk", "--days", "2")
    assert [set(span) for span in told["spans"]] == [{"since", "until"}]
    assert told["since"] <= told["spans"][0]["since"] <= told["spans"][0]["until"]
    assert set(told["hours"].values()) <= {0.0, 0.001, 0.002, 0.003, 0.004, 0.005}  # a few seconds of one hour
    assert 24 < len(told["hours"]) <= 50
    assert "desk" in flooded.roxham("sources", "coverage").stdout
    assert flooded.roxham("sources", "coverage", "dsk").returncode == 2
