"""`roxham sources import`, `export` and `check`, by the real command over real files and answers."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from monitor import catalogue
from monitor.app import configuration, kinds
from monitor.config import Config, starter
from monitor.config.document import MAX_VALUES
from monitor.errors import ConfigError
from tests.installation import Installation, feed, page, source, story
from tests.site import Site

COMMENTED = """\
# Where to look.
sources:
  # The county.
  - id: desk   # for ever
    kind: feed
    url: 'https://desk.example/feed.xml'

  # the end
"""
LIST = """<?xml version="1.0"?>
<opml version="2.0"><body>
<outline text="Border">
  <outline text="Courier: the news" xmlUrl="https://courier.example/rss" language="en-CA"/>
  <outline text="Desk" xmlUrl="http://www.desk.example/feed.xml"/>
</outline>
<outline text="Le Fil" xmlUrl="https://fil.example/atom.xml" language="fr"/>
<outline text="Again" xmlUrl="https://courier.example/rss#top"/>
</body></opml>
"""


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    here = Installation(tmp_path / "here")
    here.write("sources", COMMENTED)
    (here.folder / "list.opml").write_text(LIST)
    return here


def file(here: Installation) -> Path:
    return here.config / "sources.yaml"


def ids(here: Installation) -> list[str]:
    return [source.id for source in configuration(here.config).sources]


def left(here: Installation) -> list[str]:
    """Names of what lies in the configuration folder: no half-written file stays."""
    return sorted(path.name for path in here.config.iterdir())


# --- import ----------------------------------------------------------------------------------------------------------


def test_an_import_prints_entries_and_says_what_is_there_already(here: Installation) -> None:
    done = here.roxham("sources", "import", "list.opml")
    assert (done.returncode, file(here).read_text()) == (0, COMMENTED)
    assert done.stdout == (
        "  - id: fil-fr\n    name: Le Fil\n    kind: feed\n    url: https://fil.example/atom.xml\n    language: fr\n\n"
        "  # Border\n\n"
        "  - id: courier-en\n    name: 'Courier: the news'\n    kind: feed\n"
        "    url: https://courier.example/rss\n    language: en\n"
    )
    assert done.stderr.splitlines() == [
        "list.opml:5:1: left out: http://www.desk.example/feed.xml is there as 'desk'",
        "list.opml:8:1: left out: https://courier.example/rss#top is there as 'courier-en'",
        "2 sources to add; --write adds them to sources.yaml",
    ]


def test_what_is_written_keeps_the_comments_and_every_line_that_was_there(here: Installation) -> None:
    file(here).chmod(0o640)
    done = here.roxham("sources", "import", "list.opml", "--write")
    assert (done.returncode, done.stdout) == (0, "")
    assert file(here).read_text().startswith(COMMENTED + "\n  - id: fil-fr\n")
    assert ids(here) == ["desk", "fil-fr", "courier-en"]
    assert file(here).stat().st_mode & 0o777 == 0o640
    assert left(here) == ["digests.yaml", "monitor.yaml", "sources.yaml", "topics.yaml"]
    again = here.document("sources", "import", "list.opml", "--write")
    assert (again["entries"], again["written"], len(again["skipped"])) == ([], False, 4)
    assert ids(here) == ["desk", "fil-fr", "courier-en"]


def test_a_list_without_anything_new_leaves_the_file_alone_and_says_so(here: Installation) -> None:
    (here.folder / "list.opml").write_text(
        '<opml><body><outline xmlUrl="https://desk.example/feed.xml"/></body></opml>'
    )
    before = file(here).stat().st_mtime_ns
    done = here.roxham("sources", "import", "list.opml", "--write")
    assert done.returncode == 0
    assert done.stderr.endswith("nothing to add\n")
    assert file(here).stat().st_mtime_ns == before


def test_one_bad_entry_keeps_all_others_out_and_every_one_is_named(here: Installation) -> None:
    bad = LIST.replace("https://fil.example/atom.xml", "ftp://fil.example/").replace(
        "https://courier.example/rss#top", "https://me:secret@fil.example/"
    )
    (here.folder / "list.opml").write_text(bad)
    done = here.roxham("sources", "import", "list.opml", "--write")
    assert (done.returncode, file(here).read_text()) == (2, COMMENTED)
    assert [line.partition(" ")[0] for line in done.stderr.splitlines()] == ["list.opml:7:1:", "list.opml:8:1:"]
    assert "secret" not in done.stderr


def test_what_would_spoil_the_configuration_is_not_written(here: Installation) -> None:
    ours = '<opml><body><outline xmlUrl="https://a.example/" roxham:id="a" roxham:every="soon"/></body></opml>'
    (here.folder / "list.opml").write_text(ours)
    done = here.roxham("sources", "import", "list.opml", "--write")
    assert (done.returncode, file(here).read_text()) == (2, COMMENTED)
    assert "config/sources.yaml:" in done.stderr
    assert "sources[a].every: with the new entries: " in done.stderr
    assert len(left(here)) == 4


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ('roxham:kind="feeed"', "there is no kind 'feeed' (known: feed"),
        ('roxham:colour="red"', "roxham:colour is no key of a source"),
        ('roxham:id="desk"', "there is another source 'desk' already"),
    ],
)
def test_a_list_of_ours_that_does_not_fit_is_refused_with_its_line(
    here: Installation, attributes: str, said: str
) -> None:
    (here.folder / "list.opml").write_text(f'<opml>\n<outline xmlUrl="https://a.example/" {attributes}/></opml>')
    done = here.roxham("sources", "import", "list.opml")
    assert done.returncode == 2
    assert done.stderr.startswith(f"list.opml:2:1: {said}")


def test_more_than_the_file_can_hold_is_refused_and_the_room_is_named(here: Installation) -> None:
    many = "".join(f'<outline text="S" xmlUrl="https://s{n}.example/feed"/>\n' for n in range(100_000))
    (here.folder / "list.opml").write_text(f"<opml>\n{many}</opml>")
    done = here.roxham("sources", "import", "list.opml", "--write")
    room = (MAX_VALUES - 2 - 5) // 5
    assert (done.returncode, file(here).read_text()) == (2, COMMENTED)
    assert done.stderr == (
        "list.opml:100001:1: 100,000 new sources are too many: sources.yaml has room for "
        f"{room:,} of them; take whole groups out of the list\n"
    )


@pytest.mark.parametrize("name", ["nothing.opml", "."])
def test_a_list_that_cannot_be_read_is_named(here: Installation, name: str) -> None:
    done = here.roxham("sources", "import", name)
    assert done.returncode == 2
    assert done.stderr.startswith(f"{name}:1:1: cannot be read: ")


# --- the file --------------------------------------------------------------------------------------------------------

ENTRY = {"id": "new", "kind": "feed", "url": "https://new.example/"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("sources: []\n", "sources:\n\n  - id: new"),
        ("sources: [] # none yet\n", "sources: # none yet\n\n  - id: new"),
        ("sources:\n", "sources:\n\n  - id: new"),
        ("sources:\n- id: a\n  kind: feed\n  url: https://a.example/\n", "https://a.example/\n\n- id: new\n  kind"),
        ("sources:\n    - {id: a, kind: feed, url: 'https://a.example/'}", "'}\n\n    - id: new\n      kind"),
        ("\ufeffsources: []\r\n", "\ufeffsources:\r\n\r\n  - id: new\r\n    kind: feed\r\n"),
    ],
)
def test_entries_are_added_as_the_file_is_written(before: str, after: str) -> None:
    text = catalogue.amended(before.encode(), [("", [ENTRY])], "sources.yaml").decode()
    assert after in text
    assert text.endswith("\n") == before.endswith("\n")
    assert YAML(typ="safe").load(text.removeprefix("\ufeff"))["sources"][-1] == ENTRY


def test_a_list_in_brackets_is_left_alone() -> None:
    with pytest.raises(ConfigError, match=r"sources\.yaml:2:3: sources: the list stands in brackets"):
        catalogue.amended(
            b"sources:\n  [{id: a, kind: feed, url: 'https://a.example/'}]\n", [("", [ENTRY])], "sources.yaml"
        )


def test_a_file_behind_a_link_is_written_where_it_is(here: Installation) -> None:
    real = file(here).rename(here.folder / "real.yaml")
    file(here).symlink_to(real)
    catalogue.add(here.config, [("", [ENTRY])], configuration)
    assert file(here).is_symlink()
    assert "- id: new" in real.read_text()


def test_two_who_add_at_once_take_turns(here: Installation) -> None:
    began, both = threading.Barrier(2, timeout=0.5), []

    def load(folder: Path) -> Config:
        if folder == here.config:
            with suppress(threading.BrokenBarrierError):  # nobody else comes: the other waits for its turn
                began.wait()
                both.append(folder)
        return configuration(folder)

    with ThreadPoolExecutor() as pool:
        adding = [
            pool.submit(catalogue.add, here.config, [("", [ENTRY | {"id": name}])], load)
            for name in ("first", "second")
        ]
    assert [future.exception() for future in adding] == [None, None]
    assert not both
    assert {"first", "second"} <= {source.id for source in configuration(here.config).sources}


def test_an_edit_meanwhile_is_not_overwritten(here: Installation) -> None:
    calls = 0

    def load(folder: Path) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:  # the copy is being checked
            file(here).write_text(COMMENTED + "  # mine\n")
        return configuration(folder)

    with pytest.raises(ConfigError, match="was edited meanwhile"):
        catalogue.add(here.config, [("", [ENTRY])], load)  # type: ignore[arg-type]
    assert file(here).read_text() == COMMENTED + "  # mine\n"
    assert len(left(here)) == 4


LINES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp", "Co", "Cn"]), min_size=1)


@given(LINES.map(lambda text: " ".join(text.split())).filter(bool), st.lists(LINES.map(str.strip)))
def test_any_text_is_read_back_as_it_was_written(name: str, patterns: list[str]) -> None:
    from monitor.text import one_line

    entry = {"id": "a", "name": one_line(name), "options": {"item": one_line(name), "only": patterns, "pages": 3}}
    if not entry["name"]:
        return
    [read] = YAML(typ="safe").load("sources:\n" + catalogue.text_of(entry))["sources"]
    assert read == entry


@pytest.mark.parametrize(
    ("url", "language", "taken", "expected"),
    [
        ("https://www.cbc.ca/webfeed/rss/rss-politics", "en", [], "cbc-en"),
        ("https://www.cbc.ca/webfeed/rss/rss-politics", "en", ["cbc-en"], "cbc-rss-politics-en"),
        ("https://ici.radio-canada.ca/rss/4159", "fr", [], "ici-radio-canada-fr"),
        ("https://feeds.bcgov.ca/", None, [], "bcgov"),
        ("https://news.example.co.uk/feed.xml", None, ["news-example"], "news-example-2"),
        ("https://127.0.0.1:8000/x", "en", [], "127-0-0-1-en"),
        ("https://xn--e1afmkfd.example/", None, [], "xn-e1afmkfd"),
    ],
)
def test_an_id_is_made_of_the_site_and_what_tells(
    url: str, language: str | None, taken: list[str], expected: str
) -> None:
    assert catalogue.new_id(url, language, taken) == expected


@pytest.mark.unmeasured
def test_thousands_of_one_site_get_ids_of_their_own_quickly() -> None:
    taken: set[str] = set()
    began = time.process_time()
    for number in range(5000):
        made = catalogue.new_id(f"https://tube.example.com/feeds/videos.xml?channel={number}", "en", taken)
        assert made not in taken
        taken.add(made)
    assert {"tube-example-en", "tube-example-videos-en", "tube-example-videos-2-en"} <= taken
    assert time.process_time() - began < 10


# --- export ----------------------------------------------------------------------------------------------------------


def test_an_export_is_imported_without_loss(here: Installation, tmp_path: Path) -> None:
    here.write(
        "sources",
        COMMENTED + "  - id: walled\n    kind: feed\n    name: 'A & B'\n    url: https://walled.example/?a=1&b=2\n"
        "    every: 10m to 1h\n    read: feed\n    keep: excerpt\n    enabled: false\n    note: '404 since May'\n"
        "    auth_env: WALLED\n    may_be_empty: true\n    options: {history: 3}\n",
    )
    exported = here.roxham("sources", "export", "--format", "opml")
    assert exported.returncode == 0
    other = Installation(tmp_path / "other")
    (other.folder / "list.opml").write_text(exported.stdout)
    assert other.roxham("sources", "import", "list.opml", "--write").returncode == 0
    assert YAML(typ="safe").load(file(other)) == YAML(typ="safe").load(file(here))
    assert configuration(other.config).sources == configuration(here.config).sources


def test_the_shipped_catalogue_survives_the_journey(tmp_path: Path) -> None:
    here = Installation.at(tmp_path / "here")
    starter(here.config)
    (here.folder / "list.opml").write_text(here.roxham("sources", "export").stdout)
    there = Installation(tmp_path / "there")
    assert there.roxham("sources", "import", str(here.folder / "list.opml"), "--write").returncode == 0
    assert configuration(there.config).sources == configuration(here.config).sources
    assert here.document("sources", "import", "list.opml")["entries"] == []


def test_sources_that_differ_in_their_options_only_are_different(here: Installation) -> None:
    url = 'xmlUrl="https://desk.example/feed.xml"'
    two = "".join(
        f'<outline {url} roxham:id="{name}" roxham:options="{{&quot;history&quot;:{n}}}"/>'
        for n, name in enumerate(["first", "second"])
    )
    (here.folder / "list.opml").write_text(f"<opml>{two}</opml>")
    assert len(here.document("sources", "import", "list.opml", "--write")["entries"]) == 2
    assert here.document("sources", "import", "list.opml", "--write")["entries"] == []


def test_passwords_are_not_exported(here: Installation) -> None:
    here.write("sources", COMMENTED.replace("https://desk", "https://me:secret@desk"))
    done = here.roxham("sources", "export")
    assert 'xmlUrl="https://desk.example/feed.xml"' in done.stdout
    assert "secret" not in done.stdout


def test_every_kind_there_is_can_be_exported_and_named(here: Installation) -> None:
    assert "feed" in kinds()
    done = here.roxham("sources", "export")
    assert 'roxham:kind="feed"' in done.stdout


# --- check -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def watched(site: Site, tmp_path: Path) -> Installation:
    site.put("/good.xml", feed((site.url("/a.html"), "A", "Of a."), (site.url("/b.html"), "B", "Of b.")))
    site.put("/a.html", page("A", story("a")))
    site.put("/b.html", page("B", story("b")))
    site.put("/page.xml", page("No feed", story("none")))
    site.put("/empty.xml", feed())
    site.redirect("/old.xml", "/good.xml", 301)
    return Installation(
        tmp_path / "here",
        [
            source("good", site.url("/good.xml")),
            source("gone", site.url("/gone.xml")),
            source("page", site.url("/page.xml")),
            source("old", site.url("/old.xml")),
            source("empty", site.url("/empty.xml")),
            source("calm", site.url("/empty.xml"), may_be_empty=True),
            source("off", site.url("/good.xml"), enabled=False),
        ],
    )


def test_each_source_is_visited_once_and_what_it_would_give_is_said(watched: Installation, site: Site) -> None:
    said = watched.document("sources", "check", "--live", code=3)
    by_id = {each["id"]: each for each in said["sources"]}
    assert (said["ok"], list(by_id)) == (False, ["good", "gone", "page", "old", "empty", "calm"])
    good = by_id["good"]
    assert (good["items"], good["dated"], good["titled"], good["summarised"], good["full"]) == (2, 2, 2, 2, 0)
    assert (good["newest"], good["unknown"], good["problem"], good["holds"]) == (
        "2026-11-21T10:00:00Z",
        None,
        None,
        True,
    )
    assert (by_id["gone"]["status"], by_id["gone"]["problem"]) == (404, "HTTP 404 Not Found")
    assert f"`roxham sources add {site.url('/')}`" in by_id["gone"]["advice"]
    assert by_id["page"]["problem"] == "this is an HTML page, not a feed"
    assert (by_id["old"]["moved_to"], by_id["old"]["holds"]) == (site.url("/good.xml"), True)
    assert by_id["empty"]["problem"] == "it lists nothing"
    assert [by_id[name]["holds"] for name in ("empty", "calm")] == [False, True]
    assert len(site.asked("/gone.xml")) == 1
    assert not watched.archive.exists()


def test_what_the_archive_does_not_know_is_counted_and_nothing_is_written(watched: Installation, site: Site) -> None:
    assert watched.roxham("collect", "--source", "good").returncode == 0
    archive = watched.archive.read_bytes()
    site.put("/good.xml", feed((site.url("/b.html"), "B", "Of b."), (site.url("/c.html"), "C", "Of c.")))
    said = watched.document("sources", "check", "good", "--live")
    assert (said["ok"], said["sources"][0]["items"], said["sources"][0]["unknown"]) == (True, 2, 1)
    assert "if-none-match" not in site.asked("/good.xml")[-1].headers
    assert watched.archive.read_bytes() == archive


def test_a_source_that_is_off_is_visited_when_it_is_named(watched: Installation) -> None:
    assert [each["id"] for each in watched.document("sources", "check", "off", "--live")["sources"]] == ["off"]


def test_a_check_without_a_network_says_what_the_archive_knows(watched: Installation, site: Site) -> None:
    assert watched.document("sources", "check")["remarks"] == [
        {"source": None, "text": "there is no archive yet: nothing was ever visited"}
    ]
    watched.roxham("collect", "--source", "good", "--source", "gone")
    watched.watch(source("gone", site.url("/gone.xml")), source("new", site.url("/new.xml")))
    asked = len(site.requests)
    said = watched.document("sources", "check")
    assert {each["source"]: each["text"] for each in said["remarks"]} == {
        "gone": "never a good visit, 1 failed in a row: HTTP 404 Not Found",
        "new": "not visited yet",
        "good": "is known to the archive and is not in sources.yaml any more",
    }
    assert len(site.requests) == asked
    assert [each["source"] for each in watched.document("sources", "check", "new")["remarks"]] == ["new"]


def test_a_check_is_read_by_people_too(watched: Installation) -> None:
    done = watched.roxham("sources", "check", "--live", "good", "gone")
    assert done.returncode == 3
    assert "2 sources visited; 1 of them failed the check" in done.stdout
    assert "HTTP 404 Not Found" in done.stdout
    assert "none of them" in watched.roxham("sources", "check", "--live", "good").stdout
    assert "6 sources checked, 1 switched off" in watched.roxham("sources", "check").stdout


def test_an_unknown_id_is_wrong_usage(watched: Installation) -> None:
    done = watched.roxham("sources", "check", "goood")
    assert (done.returncode, done.stderr) == (2, "no source 'goood' in sources.yaml; did you mean 'good'?\n")


def test_the_list_is_still_what_sources_alone_prints(watched: Installation) -> None:
    listed = json.loads(watched.roxham("sources", "--json").stdout)
    assert [each["id"] for each in listed][:2] == ["good", "gone"]
    assert "last good visit" in watched.roxham("sources").stdout
