"""`roxham stories`, as an operator and a journalist use it: over the demo's newsroom, whose wire story has it all."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]  # the driver that the archive uses

from monitor import app
from monitor.demo import newsroom, write_config
from tests.installation import Installation, page, source, story
from tests.site import Site

WIRE = "Border towns ask to be heard in review of Safe Third Country Agreement"
CUT = "Mayors by Roxham Road want in on border review"
CORRECTED = "Minister to meet mayors of border towns"
UPDATED = "Minister answers border mayors, and will come by the back roads"
TWO_MAY_WRITE = sqlite3.sqlite_version_info >= (3, 51, 3)


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the demo's installation after one pass; its newsroom goes on."""
    folder = tmp_path_factory.mktemp("newsroom")
    with newsroom(port=0) as url:
        write_config(folder / "config", int(url.rpartition(":")[2]))
        assert Installation.at(folder).roxham("collect").returncode == 0
        yield folder


@pytest.fixture
def here(collected: Path, tmp_path: Path) -> Installation:
    """A copy that a test may change."""
    return Installation.at(Path(shutil.copytree(collected, tmp_path / "here")))


def numbers(here: Installation) -> dict[str, int]:
    """Title → number of the article."""
    return {article["title"]: article["id"] for article in here.export()}


def story_of(here: Installation, article: int) -> dict[str, Any]:
    """The story that an article is of by now."""
    (found,) = (each for each in here.document("stories") if article in ids(each))
    return dict(found)


def ids(told: dict[str, Any]) -> set[int]:
    return {member["id"] for member in told["members"]}


# --- looking ---------------------------------------------------------------------------------------------------------


def test_the_list_says_who_carried_a_story_and_what_each_is_to_it(here: Installation) -> None:
    number, wire = numbers(here), story_of(here, numbers(here)[WIRE])
    done = here.roxham("stories", "--topic", "roxham-road")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    start = lines.index(f"story {wire['id']}  {WIRE}")
    assert lines[start + 1].startswith("    2026-11-17 10:40 · roxham-road, stca")
    told = {line.split()[0]: line for line in lines[start + 2 : start + 7]}
    assert list(told) == ["origin", "pickup", "version", "correction", "translation"]
    assert told["origin"].endswith(f"{number[WIRE]} Harrow Bay Courier")
    assert "The Prairie Lantern, " in told["pickup"]
    assert told["pickup"].endswith(f"{number[CUT]} Millstone Valley Record (34%)")
    assert told["version"].endswith(f"{number[UPDATED]} Tollgate Evening Star")
    assert told["correction"].endswith(f"{number[CORRECTED]} Quarry Hill Chronicle")
    assert lines[-1] == "4 stories, 11 articles"
    assert here.roxham("stories", "--topic", "stca", "--until", "2020-01-01").stdout == "nothing found\n"


def test_json_of_the_list_has_lineage_takes_and_what_was_kept(here: Installation) -> None:
    wire = story_of(here, numbers(here)[WIRE])
    members = {member["title"]: member for member in wire["members"]}
    assert (members[WIRE]["relation"], members[WIRE]["kept"]) == ("origin", 1.0)
    assert members[CUT]["relation"] == "pickup"
    assert 0.2 < members[CUT]["kept"] < 0.5
    assert [members[title]["takes"][0]["take"] for title in (WIRE, CUT, UPDATED, CORRECTED)] == [1, 1, 2, 3]
    french = [member for member in wire["members"] if member["language"] == "fr"]
    assert [(member["relation"], member["kept"]) for member in french] == [("translation", None)] * 2
    assert wire["withdrawn"] is False


def test_one_story_is_shown_take_by_take_with_what_each_changed(here: Installation) -> None:
    number, wire = numbers(here), story_of(here, numbers(here)[WIRE])
    done = here.roxham("stories", "show", str(wire["id"]))
    assert (done.returncode, done.stderr) == (0, "")
    said = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert said[0] == f"story {wire['id']} {WIRE}"
    assert "agency The Canadian Press, first published 2026-11-17" in said
    heads = [line for line in said if ", take " in line]
    assert heads == ["English, take 1", "English, take 2", "English, take 3", "French, take 1"]
    third = said.index("English, take 3")
    assert said[third + 1 : third + 3] == [
        "after take 2: substantive: figure (a correction)",
        "412 people → 421 people",
    ]
    assert said[third + 3].startswith(f"{number[CORRECTED]} correction 100% 2026-11-17 16:45 Quarry Hill Chronicle")
    document = here.document("stories", "show", str(wire["id"]))
    assert {name: document[name] for name in wire} == wire
    assert [(each["language"], each["from"], each["to"]) for each in document["changes"]] == [
        ("en", 1, 2), ("en", 2, 3),
    ]  # fmt: skip
    assert document["changes"][1]["change"]["replaced"] == [{"before": "412 people", "after": "421 people"}]


def test_show_says_what_an_article_is_to_its_story_and_what_its_credit_says(here: Installation) -> None:
    number, wire = numbers(here), story_of(here, numbers(here)[WIRE])
    of, count = f"article {number[WIRE]} (Harrow Bay Courier)", len(wire["members"])
    shown = {title: here.roxham("show", str(number[title])).stdout for title in (WIRE, CUT, CORRECTED)}
    assert f"       story  {wire['id']}: origin; {count} articles\n" in shown[WIRE]
    assert f"       story  {wire['id']}: pickup with 34% of the origin, {of}; {count} articles\n" in shown[CUT]
    assert "      agency  The Canadian Press\n" in shown[CORRECTED]
    assert "       place  HEMMINGFORD, Que.\n" in shown[CORRECTED]
    assert "   first out  2026-11-17\n" in shown[CORRECTED]
    assert "  correction  Correction: An earlier version of this story said" in shown[CORRECTED]
    alone = numbers(here)["Kelp farm wins leave to double in size"]
    assert ": its only article\n" in here.roxham("show", str(alone)).stdout


def test_numbers_of_articles_and_stories_are_told_apart(here: Installation) -> None:
    article = max(numbers(here).values())
    done = here.roxham("stories", "show", str(article))
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr == f"no story {article} in {here.archive}; article {article} is of story {ids_of(here, article)}\n"
    )


def ids_of(here: Installation, article: int) -> int:
    return int(story_of(here, article)["id"])


def test_pairs_show_the_languages_of_a_release_and_which_lacks_one(here: Installation) -> None:
    found = here.document("stories", "pairs")
    paired = [each for each in found if each["paired"]]
    assert paired
    for each in paired:
        assert {article["language"] for article in each["articles"]} == {"en", "fr"}
        assert each["diverges"] is False
    assert here.document("stories", "pairs", "--unpaired") == [each for each in found if not each["paired"]]
    assert here.document("stories", "pairs", "--older-than", "2026-11-01") == []
    title = "Public comments open on the operation of the Safe Third Country Agreement"
    assert f"    English      {numbers(here)[title]} {title}" in here.roxham("stories", "pairs").stdout


def test_pairs_without_a_source_that_is_official_say_what_to_write(tmp_path: Path) -> None:
    with Site() as site:
        site.put("/feed.xml", "<rss version='2.0'><channel></channel></rss>", type="application/rss+xml")
        here = Installation(tmp_path / "here", [source("desk", site.url("/feed.xml"))])
        here.roxham("collect")
        assert "`official: true`" in here.roxham("stories", "pairs").stdout
        here.watch(source("desk", site.url("/feed.xml"), official=True))
        assert here.roxham("stories", "pairs").stdout == "no release was seen yet\n"
        assert here.document("stories", "pairs") == []


# --- an operator's last word -----------------------------------------------------------------------------------------


def test_what_is_split_off_stays_apart_whatever_comes_later(here: Installation) -> None:
    number = numbers(here)
    before = story_of(here, number[WIRE])
    left, taken = here.document("stories", "split", str(number[CUT]))
    assert (ids(left), ids(taken)) == (ids(before) - {number[CUT]}, {number[CUT]})
    assert taken["members"][0]["relation"] == "origin"
    again = here.roxham("collect")
    assert again.returncode == 0
    assert ids(story_of(here, number[CUT])) == {number[CUT]}
    (whole,) = here.document("stories", "join", str(number[CUT]), str(number[WIRE]))
    assert ids(whole) == ids(before)


def test_what_is_split_off_together_is_one_story(here: Installation) -> None:
    number = numbers(here)
    taken = {number[CUT], number["Neuf maires veulent être entendus sur l’Entente sur les tiers pays sûrs"]}
    done = here.roxham("stories", "split", *map(str, sorted(taken)))
    assert (done.returncode, done.stderr) == (0, "")
    shown = [line for line in done.stdout.splitlines() if line.startswith("story ")]
    assert len(shown) == len(set(shown)) >= 2
    assert ids(story_of(here, min(taken))) == taken


def test_joined_stories_stay_one(here: Installation) -> None:
    number = numbers(here)
    kelp, wheel = (
        number["Kelp farm wins leave to double in size"],
        number["Old mill wheel turns again after sixty years"],
    )
    (joined,) = here.document("stories", "join", str(kelp), str(wheel))
    assert ids(joined) == {kelp, wheel}
    assert here.roxham("collect").returncode == 0
    assert ids(story_of(here, kelp)) == {kelp, wheel}
    again = here.roxham("stories", "join", str(kelp), str(wheel))
    assert (again.returncode, again.stderr) == (0, f"they are one story already, {joined['id']}; now it stays so\n")


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["split", "999"], 1, "no article 999 in "),
        (["join", "1", "999"], 1, "no article 999 in "),
        (["join", "1"], 2, "name two articles or more"),
        (["join", "1", "1"], 2, "name two articles or more"),
        (["split"], 2, "Missing argument"),
        (["show", "x"], 2, "a valid integer"),
        (["show", "999"], 1, "no story 999 in "),
        (["--json", "pairs"], 2, "--json before pairs is about the list of stories"),
        (["pairs", "--older-than", "soon"], 2, "is no time"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    here: Installation, args: list[str], code: int, says: str
) -> None:
    before = here.document("stories")
    done = here.roxham("stories", *args)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in " ".join(done.stderr.split())
    assert here.document("stories") == before


def test_a_split_is_of_some_articles_of_one_story(here: Installation) -> None:
    number = numbers(here)
    kelp, wire = str(number["Kelp farm wins leave to double in size"]), str(number[WIRE])
    alone = here.roxham("stories", "split", kelp)
    assert (alone.returncode, alone.stdout) == (2, "")
    assert alone.stderr.startswith(f"article {kelp} is all of story ")
    mixed = here.roxham("stories", "split", kelp, wire)
    assert (mixed.returncode, mixed.stdout) == (2, "")
    assert mixed.stderr.endswith(": split one story at a time\n")
    everything = ids(story_of(here, number[WIRE]))
    done = here.roxham("stories", "split", *map(str, everything))
    assert (done.returncode, done.stdout) == (2, "")
    assert "name those that do not belong to it" in done.stderr


@pytest.mark.parametrize(
    "args", [[], ["show", "1"], ["pairs"], ["split", "1"], ["join", "1", "2"]], ids=lambda args: " ".join(args)
)
def test_without_an_archive_none_is_made(tmp_path: Path, args: list[str]) -> None:
    here = Installation(tmp_path / "here")
    done = here.roxham("stories", *args)
    assert (done.returncode, done.stdout) == (4, "")
    assert "`roxham collect` makes it" in done.stderr
    assert not here.archive.exists()


@pytest.mark.skipif(not TWO_MAY_WRITE, reason="two connections that write need SQLite 3.51.3")
def test_a_running_service_is_no_hindrance(here: Installation) -> None:
    number = numbers(here)
    with app.writing(app.configuration(here.config), purpose="run"):
        left, taken = here.document("stories", "split", str(number[CUT]), apart=True)
    assert (ids(taken), number[CUT] in ids(left)) == ({number[CUT]}, False)


# --- try -------------------------------------------------------------------------------------------------------------


def test_try_says_to_which_story_a_page_would_come(here: Installation) -> None:
    text = next(article["text"] for article in here.export() if article["title"] == WIRE)
    with Site() as site:
        site.put("/copy.html", page("Towns want to be heard", text))
        site.put("/own.html", page("Lamps", story("lamps")))
        elsewhere = site.url("").replace("127.0.0.1", "localhost")  # no site of the newsroom, which has one address
        copied = here.document("try", f"{elsewhere}/copy.html")
        said = here.roxham("try", f"{elsewhere}/copy.html").stdout
        own = here.roxham("try", f"{elsewhere}/own.html").stdout
    number = numbers(here)
    wire = story_of(here, number[WIRE])["id"]
    assert {"article": number[WIRE], "story": wire, "kind": "same", "score": 1.0} in copied["place"]["ties"]
    assert copied["article"]["credit"]["place"] == "HEMMINGFORD, Que."
    assert f"place     new, of story {wire}: the same piece of work as article " in said
    assert "place     new: a story of its own; nothing was kept" in own
