"""`roxham show`: versions of an article and what changed between them, over real pages and a real archive."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]

from tests.installation import Installation, feed, page, run, source, story
from tests.site import Site

FIRST = story("first", "Olu Craig says 310 rooms at Roxham Road will be returned.")
SECOND = FIRST.replace("310", "210")
THIRD = SECOND.replace("\n\n", "\n\nA hearing is set for the fall. ", 1)
FOURTH = THIRD.replace("takes one season", "takes 1 season")
OTHER = story("other", "Nothing happens at Roxham Road.")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An article that is read four times at one address, and another that is read once."""
    with Site() as site:
        here = Installation(tmp_path_factory.mktemp("show") / "here", [source("desk", site.url("/feed.xml"))])
        readings = (
            ("Rooms", FIRST),
            ("Rooms", SECOND),
            ("Rooms and a hearing", THIRD),
            ("Rooms and a hearing", FOURTH),
        )
        for number, (title, text) in enumerate(readings):
            site.put("/a", page(title, text))
            site.put("/b", page("Nothing", OTHER))
            listed = [(site.url("/a"), title, f"Take {number}"), (site.url("/b"), "Nothing", "")]
            site.put("/feed.xml", feed(*listed), type="application/rss+xml")
            here.document("collect")
        yield here


def number(here: Installation, title: str) -> str:
    return next(str(article["id"]) for article in here.export() if article["title"] == title)


@pytest.fixture(scope="module")
def article(here: Installation) -> str:
    return number(here, "Rooms and a hearing")


def joined(pieces: list[dict[str, str]], *kinds: str) -> str:
    return "".join(piece["text"] for piece in pieces if piece["kind"] in kinds)


def test_the_history_says_what_each_version_changed(here: Installation, article: str) -> None:
    history = here.document("show", article)["history"]
    assert [version["change"] for version in history] == [
        None,
        {"kind": "substantive", "reasons": ["figure"]},
        {"kind": "substantive", "reasons": ["headline", "added"]},
        {"kind": "trivial", "reasons": ["style"]},
    ]
    said = here.roxham("show", article).stdout
    assert re.search(r"version 2  \S+ \S+, \d+ words; substantive: figure \(a correction\)\n", said)
    assert re.search(r"version 3  \S+ \S+, \d+ words; substantive: headline, added\n", said)
    assert re.search(r"version 4  \S+ \S+, \d+ words; trivial: style\n", said)


def test_the_newest_version_is_held_against_the_one_before(here: Installation, article: str) -> None:
    document = here.document("show", article, "--diff")
    assert (document["id"], document["against"], document["from"], document["to"]) == (int(article), None, 3, 4)
    assert joined(document["pieces"], "same", "removed") == THIRD
    assert joined(document["pieces"], "same", "added") == FOURTH
    assert document["title"]["before"] == document["title"]["after"] == "Rooms and a hearing"
    assert document["change"] == {"kind": "trivial", "reasons": ["style"], "corrects": False, "replaced": []}


def test_any_two_versions_are_compared(here: Installation, article: str) -> None:
    document = here.document("show", article, "--from", "1", "--to", "2")
    assert document["change"] == {
        "kind": "substantive",
        "reasons": ["figure"],
        "corrects": True,
        "replaced": [{"before": "310 rooms", "after": "210 rooms"}],
    }
    assert [piece["text"] for piece in document["pieces"] if piece["kind"] != "same"] == ["310", "210"]
    assert document == here.document("show", article, "--to", "2")
    whole = here.document("show", article, "--from", "1")
    assert (whole["from"], whole["to"]) == (1, 4)
    assert whole["change"]["reasons"] == ["headline", "figure", "added"]
    back = here.document("show", article, "--from", "2", "--to", "1")
    assert back["change"]["replaced"] == [{"before": "210 rooms", "after": "310 rooms"}]


def test_people_see_marks_where_there_is_no_colour(here: Installation, article: str) -> None:
    said = here.roxham("show", article, "--from", "1", "--to", "2").stdout
    assert "-[310]+[210] rooms at Roxham Road" in said
    assert "  310 rooms → 210 rooms\n" in said
    assert "change  substantive: figure (a correction)\n" in said
    assert re.search(r"from  version 1, \S+ \S+, \d+ words\n +to  version 2, ", said)
    assert "\x1b" not in said
    assert here.roxham("show", article, "--to", "3").stdout.startswith("-[Rooms]+[Rooms and a hearing]\n")


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_a_terminal_gets_colours_unless_it_wants_none(
    here: Installation, article: str, no_color: str, coloured: bool
) -> None:
    said = here.roxham("show", article, "--to", "2", FORCE_COLOR="1", TERM="xterm-256color", NO_COLOR=no_color).stdout
    assert ("\x1b[4;32m210\x1b[0m" in said) == ("\x1b[9;31m310\x1b[0m" in said) == coloured
    assert ("-[310]+[210]" in said) != coloured


def test_an_older_version_is_shown(here: Installation, article: str) -> None:
    document = here.document("show", article, "--version", "2")
    assert (document["id"], document["version"], document["text"]) == (int(article), 2, SECOND)
    assert document["change"] == {"kind": "substantive", "reasons": ["figure"]}
    said = here.roxham("show", article, "--version", "2").stdout
    assert said.startswith("Rooms\n\n   version 2  ")
    assert SECOND in said


def test_another_article_is_compared(here: Installation, article: str) -> None:
    other = number(here, "Nothing")
    document = here.document("show", article, "--against", other)
    assert (document["against"], document["from"], document["to"]) == (int(other), 1, 4)
    assert joined(document["pieces"], "same", "removed") == OTHER
    assert f"from  article {other} (Desk), version 1, " in here.roxham("show", article, "--against", other).stdout
    assert here.document("show", article, "--against", other, "--from", "1", "--to", "1")["to"] == 1


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--version", "9"], 1, "has no version 9; its newest is 4"),
        (["--from", "9"], 1, "has no version 9; its newest is 4"),
        (["--to", "1"], 1, "version 1 is the first of article"),
        (["--against", "99"], 1, "no article 99 in "),
        (["--version", "1", "--diff"], 2, "--version shows one version"),
        (["--from", "0"], 2, "--from"),
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_what_cannot_be_shown_is_said(
    here: Installation, article: str, options: list[str], code: int, said: str, form: list[str]
) -> None:
    done = here.roxham("show", article, *options, *form)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_article_with_one_version_names_the_way_out(here: Installation) -> None:
    done = here.roxham("show", number(here, "Nothing"), "--diff")
    assert (done.returncode, done.stdout) == (1, "")
    assert "--against ID compares it with another article" in done.stderr


@pytest.fixture
def erased(here: Installation, article: str) -> Iterator[str]:
    """The article without the text of its second version, as after pruning or a withdrawal."""
    archive = sqlite3.connect(here.archive)
    (text,) = archive.execute("SELECT text FROM versions WHERE article = ? AND number = 2", (article,)).fetchone()
    with archive:
        archive.execute("UPDATE versions SET text = NULL WHERE article = ? AND number = 2", (article,))
    yield article
    with archive:
        archive.execute("UPDATE versions SET text = ? WHERE article = ? AND number = 2", (text, article))
    archive.close()


def test_text_that_is_gone_is_said(here: Installation, erased: str) -> None:
    changes = [version["change"] for version in here.document("show", erased)["history"]]
    assert changes == [None, None, None, {"kind": "trivial", "reasons": ["style"]}]
    document: dict[str, Any] = here.document("show", erased, "--from", "1", "--to", "2")
    assert (document["pieces"], document["change"]) == (None, None)
    assert document["title"]["pieces"] == [{"kind": "same", "text": "Rooms"}]
    said = here.roxham("show", erased, "--to", "3").stdout
    assert said.startswith("-[Rooms]+[Rooms and a hearing]\n")
    assert f"text  that of article {erased}, version 2, is not kept\n" in said
    assert "(no text is kept)" in here.roxham("show", erased, "--version", "2").stdout


def test_a_pipe_gets_one_document(here: Installation, article: str) -> None:
    done = run(*here.command("show", article, "--diff", "--json"), cwd=Path(here.folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["id"] == int(article)
