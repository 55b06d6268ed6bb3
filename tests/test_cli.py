"""The command line as other programs see it: what it prints where, in which shape, and with which exit code."""

import json
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]

from monitor import app
from monitor.config import load
from tests.installation import COMMAND, READER, UNMEASURED, Installation, feed, page, run, source, story
from tests.site import Site, free_port

HEAVY = (
    "scrapy", "trafilatura", "lxml", "sqlite_utils", "apscheduler", "jinja2", "aiosmtplib", "feedparser", "pyarrow",
)  # fmt: skip
AGENCY = story("agency", "Two sleds crossed at Roxham Road, says “the sheriff”.")
FRENCH = "Les traîneaux passent par le chemin Roxham.\n\n" + " ".join(
    f"Le maire a répondu à la question numéro {number} de l’assemblée." for number in range(9)
)


@dataclass(frozen=True)
class Archive:
    """An installation after one pass: a story with a pickup, a French one, one without topic, a partial one."""

    here: Installation
    site: Site
    collected: dict[str, Any]
    again: dict[str, Any]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with Site() as site:
        site.put("/a1", page("Sleds at the border", AGENCY))
        site.put("/b1", page("Sleds cross the border", AGENCY))
        site.put("/a2", page("A new plough", story("plough", "The township buys a plough.")))
        site.put("/a3", "busy", status=503)
        site.put("/c1", page("Des traîneaux", FRENCH, "fr"))
        listed = {"a": ("a1", "a2", "a3"), "b": ("b1",), "c": ("c1",)}
        titles = {
            "a1": "Sleds at the border",
            "b1": "Sleds cross the border",
            "a2": "A new plough",
            "c1": "Des traîneaux",
        }
        for name, names in listed.items():
            teasers = {"a3": "Of the Safe Third Country Agreement."}
            items = [(site.url(f"/{n}"), titles.get(n, "Partly"), teasers.get(n, "")) for n in names]
            site.put(f"/{name}.xml", feed(*items), type="application/rss+xml")
        sources = [
            source("alpha", site.url("/a.xml")),
            source("beta", site.url("/b.xml")),
            source("gamma", site.url("/c.xml"), language="fr"),
            source("gone", site.url("/gone.xml")),
            source("off", site.url("/off.xml"), enabled=False),
        ]
        here = Installation(tmp_path_factory.mktemp("small") / "here", sources)
        yield Archive(here, site, here.document("collect"), here.document("collect"))


def keys(document: Mapping[str, Any]) -> list[str]:
    return list(document)


def is_time(text: str | None) -> bool:
    return text is not None and datetime.fromisoformat(text).utcoffset() == UTC.utcoffset(None) and text.endswith("Z")


# --- shapes ----------------------------------------------------------------------------------------------------------


def test_collect_json(small: Archive) -> None:
    assert {"visits", "articles", "seconds"} <= set(small.collected)
    visits = {visit["source"]: visit for visit in small.collected["visits"]}
    assert set(visits) == {"alpha", "beta", "gamma", "gone"}
    for visit in visits.values():
        assert keys(visit) == ["source", "status", "outcome", "found", "new", "error"]
    assert visits["alpha"] == {
        "source": "alpha", "status": 200, "outcome": "changed", "found": 3, "new": 3, "error": None,
    }  # fmt: skip
    assert (visits["gone"]["outcome"], visits["gone"]["error"]) == ("failed", "HTTP 404 Not Found")
    assert small.collected["articles"] == {
        "new": 3, "pickup": 1, "version": 0, "known": 0, "unmatched": 1, "rejected": 0, "pending": 0,
    }  # fmt: skip
    assert 0 < small.collected["seconds"] < 60


def test_a_second_collect_json_has_nothing_new(small: Archive) -> None:
    outcomes = {visit["source"]: visit["outcome"] for visit in small.again["visits"]}
    assert outcomes == {"alpha": "unchanged", "beta": "unchanged", "gamma": "unchanged", "gone": "failed"}
    assert set(small.again["articles"].values()) == {0}


def test_export_jsonl(small: Archive) -> None:
    articles = small.here.export()
    assert [article["id"] for article in articles] == sorted(article["id"] for article in articles)
    assert [article["first_seen_at"] for article in articles] == sorted(a["first_seen_at"] for a in articles)
    by_title = {article["title"]: article for article in articles}
    assert set(by_title) == {
        "Sleds at the border", "Sleds cross the border", "A new plough", "Partly", "Des traîneaux",
    }  # fmt: skip
    for article in articles:
        assert keys(article) == [
            "id", "url", "urls", "source", "sources", "publisher", "title", "text", "authors", "language",
            "published_at", "first_seen_at", "partial", "withdrawn", "topics", "story", "relation", "versions",
            "kept", "credit", "read_at", "coverage",
        ]  # fmt: skip
        assert is_time(article["published_at"])
        assert is_time(article["first_seen_at"])
        assert keys(article["credit"]) == [
            "agency", "first_published", "first_language", "writers", "place", "notice", "take", "correction",
        ]  # fmt: skip
    origin = by_title["Sleds at the border"]
    assert origin["text"] == AGENCY
    assert (origin["url"], origin["urls"]) == (small.site.url("/a1"), [small.site.url("/a1")])
    assert (origin["source"], origin["sources"], origin["publisher"]) == ("alpha", ["alpha"], "Alpha")
    assert origin["topics"] == [{"id": "roxham-road", "terms": ["Roxham Road"], "mention": False}]
    assert (origin["partial"], origin["withdrawn"], origin["versions"], origin["authors"]) == (False, False, 1, [])
    pickup = by_title["Sleds cross the border"]
    assert {origin["relation"], pickup["relation"]} == {"origin", "pickup"}
    assert origin["story"] == pickup["story"]
    assert by_title["A new plough"]["topics"] == []
    assert by_title["Partly"]["partial"] is True
    assert [topic["id"] for topic in by_title["Partly"]["topics"]] == ["stca"]
    assert by_title["Des traîneaux"]["language"] == "fr"


def test_stories_json(small: Archive) -> None:
    stories = small.here.document("stories")
    for each in stories:
        assert keys(each) == ["id", "title", "topics", "origin", "members", "related", "withdrawn"]
        for member in each["members"]:
            assert keys(member) == [
                "id", "url", "publisher", "language", "relation", "kept", "first_seen_at", "published_at", "title",
                "withdrawn", "takes",
            ]  # fmt: skip
    (shared,) = (each for each in stories if len(each["members"]) == 2)
    assert shared["topics"] == ["roxham-road"]
    assert shared["origin"] == shared["members"][0]["id"]
    assert [(member["relation"], member["kept"]) for member in shared["members"]] == [("origin", 1.0), ("pickup", 1.0)]
    assert {member["publisher"] for member in shared["members"]} == {"Alpha", "Beta"}
    assert len(stories) == 4


def test_deliver_json_and_the_outbox(small: Archive, tmp_path: Path) -> None:
    here = small.here
    (planned,) = here.document("deliver", "--now", "--dry-run")["digests"]
    assert (planned["state"], planned["message_id"], here.document("outbox")) == ("waiting", None, [])
    (sent,) = here.document("deliver", "--now")["digests"]
    assert keys(sent) == ["digest", "to", "slot", "after", "upto", "stories", "message_id", "state"]
    assert (sent["digest"], sent["to"], sent["stories"], sent["state"]) == ("morning", READER, 3, "sent")
    assert {name: planned[name] for name in ("after", "upto", "stories")} == {
        "after": sent["after"], "upto": sent["upto"], "stories": 3,
    }  # fmt: skip
    (nothing,) = here.document("deliver", "--now")["digests"]
    assert (nothing["state"], nothing["after"], nothing["stories"]) == ("nothing new", sent["upto"], 0)
    (kept,) = here.document("outbox")
    assert (kept["message_id"], kept["state"], kept["receipt"]["channel"]) == (sent["message_id"], "sent", "maildir")
    (file,) = (here.folder / "var" / "outbox" / "new").iterdir()
    shown = here.roxham("outbox", "show", str(kept["id"]), "--raw")
    assert shown.stdout.strip() == file.read_text("utf-8").strip()
    assert here.document("outbox", "--unsent") == []


@pytest.mark.parametrize(
    "command",
    [["sources"], ["pending"], ["pending", "--rejected"], ["status"], ["search", "Roxham"], ["check"],
     ["digests"], ["digests", "show", "morning"], ["outbox"]],
)  # fmt: skip
def test_commands_that_show_things_print_one_document_and_nothing_else(small: Archive, command: list[str]) -> None:
    done = small.here.roxham(*command, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    json.loads(done.stdout)
    for_people = small.here.roxham(*command)
    assert (for_people.returncode, for_people.stderr) == (0, "")
    with pytest.raises(json.JSONDecodeError):
        json.loads(for_people.stdout)


def test_logs_go_to_stderr(small: Archive) -> None:
    done = small.here.roxham("--log", "json", "collect", "--json")
    json.loads(done.stdout)
    (line,) = done.stderr.splitlines()
    said = json.loads(line)
    assert (said["event"], said["source"], said["reason"]) == ("visit failed", "gone", "HTTP 404 Not Found")


def test_sources_say_how_they_are(small: Archive) -> None:
    sources = {each["id"]: each for each in small.here.document("sources")}
    assert (sources["alpha"]["items"], sources["alpha"]["matched"], sources["alpha"]["failures"]) == (3, 2, 0)
    assert is_time(sources["alpha"]["last_good_at"])
    assert (sources["gone"]["last_good_at"], sources["gone"]["error"]) == (None, "HTTP 404 Not Found")
    assert (sources["off"]["enabled"], sources["off"]["next_visit_at"]) == (False, None)


# --- looking ---------------------------------------------------------------------------------------------------------


def titles(here: Installation, *args: str) -> set[str]:
    return {article["title"] for article in here.document("search", *args)}


def test_a_search_finds_words_and_phrases_whatever_their_accents(small: Archive) -> None:
    sleds = {"Sleds at the border", "Sleds cross the border"}
    assert titles(small.here, '"roxham road" SHERIFF') == sleds
    assert titles(small.here, "“two sleds”") == sleds
    assert titles(small.here, '"road roxham"') == set()
    assert titles(small.here, "traineaux") == titles(small.here, "TRAÎNEAUX") == {"Des traîneaux"}
    (hit,) = small.here.document("search", "traineaux")
    assert "traîneaux" in hit["snippet"]
    assert "text" not in hit


@pytest.mark.parametrize("command", [("search",), ("export", "--query")])
def test_a_query_that_cannot_be_read_is_shown_with_the_place(small: Archive, command: tuple[str, ...]) -> None:
    done = small.here.roxham(*command, "Roxham AND (Road")
    assert (done.returncode, done.stdout) == (2, "")
    said, shown, caret = done.stderr.splitlines()
    assert said.startswith("query: ")
    assert (shown, caret) == ("Roxham AND (Road", "           ^")


def test_a_search_knows_operators_fields_and_beginnings(small: Archive) -> None:
    sleds = {"Sleds at the border", "Sleds cross the border"}
    assert titles(small.here, "title:sled* AND (sheriff OR asylum)") == sleds
    assert titles(small.here, "Roxham NOT title:sleds") == titles(small.here, "lang:fr traineaux") == {"Des traîneaux"}


@pytest.mark.parametrize("query", ['"roxham', "", "!?", "“"])
def test_a_query_that_cannot_be_read_is_wrong_usage(small: Archive, query: str) -> None:
    done = small.here.roxham("search", "--json", "--", query)
    assert (done.returncode, done.stdout) == (2, "")
    assert any(said in done.stderr for said in ("word", "quotation marks", "minus"))


@pytest.mark.parametrize(
    ("query", "noted"),
    [("sleds or Roxham", ["or"]), ("sleds and not asylum", ["and", "not"]), ('sleds OR "or not"', []), ("nor", [])],
)
def test_a_small_operator_is_a_word_and_that_is_said(small: Archive, query: str, noted: list[str]) -> None:
    done = small.here.roxham("search", query, "--json")
    assert [line.split()[1] for line in done.stderr.splitlines()] == noted
    assert all(f"the operator is {word.upper()}" in done.stderr for word in noted)


def test_filters_narrow_each_other(small: Archive) -> None:
    export = small.here.export
    assert {article["title"] for article in export("--topic", "stca")} == {"Partly"}
    assert {article["source"] for article in export("--source", "beta")} == {"beta"}
    assert {article["publisher"] for article in export("--publisher", "Alpha")} == {"Alpha"}
    assert {article["title"] for article in export("--language", "fr", "--query", "Roxham")} == {"Des traîneaux"}
    assert export("--topic", "stca", "--source", "beta") == []
    assert len(small.here.document("stories", "--topic", "roxham-road", "--limit", "1")) == 1
    assert [len(small.here.document("search", "Roxham", *limit)) for limit in ((), ("--limit", "1"))] == [3, 1]


def test_times_are_dates_or_so_long_ago(small: Archive) -> None:
    export = small.here.export
    seen = [datetime.fromisoformat(article["first_seen_at"]) for article in export()]
    assert len(export("--since", "7d")) == 5
    assert len(export("--until", "7d")) == 0
    assert len(export("--since", "2026-11-22T07:00:00-05:00", "--until", "2026-11-22T07:00:00-05:00")) == 0
    assert len(export("--until", f"{max(seen):%Y}-01-01")) == 0
    assert len(export("--since", f"{min(seen):%Y-%m-%dT%H:%M:%S}Z")) == 5


@pytest.mark.parametrize(
    "text", ["nonsense", "2026-13-45", "", "-7d", "99999999999d", "9999-12-31T23:59", "9999-12-31T23:59-14:00"]
)
def test_a_time_that_cannot_be_read_is_wrong_usage(small: Archive, text: str) -> None:
    done = small.here.roxham("export", f"--until={text}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"--until: {text!r} is no time; write 2026-11-22, 2026-11-22T07:00 or 7d\n"


def test_an_id_that_is_not_configured_gets_a_hint(small: Archive) -> None:
    done = small.here.roxham("collect", "--source", "alpa", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "no source 'alpa' in sources.yaml; did you mean 'alpha'?\n"
    done = small.here.roxham("deliver", "--digest", "mornin", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "no digest 'mornin' in digests.yaml; did you mean 'morning'?\n"
    done = small.here.roxham("stories", "--topic", "roxham-raod", "--json")
    assert (done.returncode, done.stdout) == (0, "[]\n")  # the archive may know a topic of former days
    assert done.stderr == "note: no topic 'roxham-raod' in topics.yaml; did you mean 'roxham-road'?\n"


def test_show_tells_all_of_one_article(small: Archive) -> None:
    number = next(str(article["id"]) for article in small.here.export() if article["title"] == "Sleds at the border")
    document = small.here.document("show", number)
    assert document["text"] == AGENCY
    assert [(why["topic"], why["words"], why["place"]) for why in document["why"]] == [
        ("roxham-road", "Roxham Road", "text")
    ]
    assert [(version["version"], version["partial"]) for version in document["history"]] == [(1, False)]
    assert AGENCY in small.here.roxham("show", number).stdout


@pytest.mark.parametrize(("number", "code"), [("99", 1), ("-1", 2), ("x", 2), ("99999999999999999999", 2)])
def test_show_says_when_there_is_no_such_article(small: Archive, number: str, code: int) -> None:
    done = small.here.roxham("show", number, "--json")
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "code"),
    [("export", 0), ("stories --json", 0), ("search Roxham", 0), ("sources", 0), ("sources check gone --live", 3)],
)
def test_a_reader_that_goes_away_ends_what_is_written_and_not_the_command(
    small: Archive, command: str, code: int
) -> None:
    process = subprocess.Popen(
        small.here.command(*command.split()), stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    )
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    complaint = process.stderr.read()
    process.stderr.close()
    assert (process.wait(30), complaint) == (code, b"")


@pytest.mark.parametrize("group", ["topics", "sources", "digests", "outbox", "stories"])
def test_an_option_that_a_command_would_not_hear_is_refused(small: Archive, group: str) -> None:
    below = "check" if group in {"topics", "sources"} else "show"
    done = small.here.roxham(group, "--json", below, *(["1"] if below == "show" else []))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"--json before {below} is about the list of ")


def test_head_takes_the_first_line_and_no_exit_code_is_lost(small: Archive) -> None:
    roxham = shlex.join(small.here.command("search", "Roxham"))
    done = run("bash", "-o", "pipefail", "-c", f"{roxham} 2>&1 | head -1", cwd=small.here.folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() in {"Des traîneaux", "Sleds at the border", "Sleds cross the border"}


# --- items, status, backup -------------------------------------------------------------------------------------------


def test_pending_lists_what_waits_and_retry_makes_it_due(small: Archive) -> None:
    (item,) = small.here.document("pending")
    assert (item["title"], item["reason"], item["failures"]) == ("Partly", "HTTP 503 Service Unavailable", 1)
    assert is_time(item["not_before"])
    assert small.here.document("pending", "--set-aside") == []
    assert small.here.document("pending", "--retry", str(item["item"])) == {"retried": 1}
    (item,) = small.here.document("pending")
    assert item["not_before"] is None
    assert small.here.roxham("pending", "--retry", "all").stdout == "0 items pending again\n"
    small.here.document("collect", "--due")
    (item,) = small.here.document("pending")
    assert item["not_before"] is not None
    for text, code in (("x", 2), ("²", 2), ("99", 1), ("9" * 30, 1)):
        done = small.here.roxham("pending", "--retry", text)
        assert (done.returncode, done.stdout) == (code, ""), text
        assert text in done.stderr


def test_status_says_that_the_service_does_not_run(small: Archive) -> None:
    status = small.here.document("status", "--alive", code=3)
    assert (status["alive"], status["heartbeat_at"], status["held_by"]) == (False, None, None)
    assert (status["sources"], status["pending"]) == ({"watched": 4, "ill": ["gone"], "flagged": []}, 1)


def test_status_calls_alive_what_beats_and_holds_the_archive(small: Archive, tmp_path: Path) -> None:
    here = Installation.at(Path(shutil.copytree(small.here.folder, tmp_path / "here")))
    config = load(here.config, kinds=["feed"], environ={})
    with app.writing(config, purpose="run") as archive:
        archive.beat(datetime.now(UTC) - timedelta(minutes=3))
        assert here.document("status", "--alive", code=3, apart=True)["alive"] is False
        archive.beat(datetime.now(UTC))
        status = here.document("status", "--alive", apart=True)
        assert status["alive"] is True
        assert status["held_by"].startswith("`roxham run`")
    status = here.document("status", "--alive", code=3)  # as a service leaves it that was killed just now
    assert (status["alive"], status["held_by"]) == (False, None)
    assert is_time(status["heartbeat_at"])
    with app.writing(config, purpose="collect"):
        assert here.document("status", "--alive", code=3, apart=True)["alive"] is False


def test_status_names_a_few_of_many_ill_sources(small: Archive, tmp_path: Path) -> None:
    assert "sources   1 of 4 ill: gone\n" in small.here.roxham("status").stdout
    here = Installation(tmp_path / "ill", [source(f"s{n}", small.site.url("/gone.xml")) for n in range(6)])
    here.document("collect", code=1)
    assert "sources   6 of 6 ill: s0, s1, s2, s3, s4 …; see `roxham sources`\n" in here.roxham("status").stdout
    assert len(here.document("status")["sources"]["ill"]) == 6


def test_a_backup_is_an_archive_and_takes_no_files_place(small: Archive, tmp_path: Path) -> None:
    nowhere = tmp_path / "new" / "copy.db"
    done = small.here.roxham("backup", str(nowhere))
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{nowhere.parent}: no such folder\n")
    copy = tmp_path / "copy.db"
    assert small.here.roxham("backup", str(copy)).returncode == 0
    done = small.here.roxham("export", ROXHAM_ARCHIVE=f"sqlite:///{copy}")
    assert [json.loads(line) for line in done.stdout.splitlines()] == small.here.export()
    before = copy.read_bytes()
    done = small.here.roxham("backup", str(copy))
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{copy}: exists already; name a new file\n")
    assert copy.read_bytes() == before


def test_half_a_backup_is_not_left_behind(small: Archive, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    done = small.here.roxham("backup", str(copy), under=(*UNMEASURED, "prlimit", "--fsize=100000"))
    assert (done.returncode, done.stdout) == (4, "")
    assert str(copy) in done.stderr
    assert not copy.exists()


# --- setting up ------------------------------------------------------------------------------------------------------


def test_init_writes_a_good_configuration_once(tmp_path: Path) -> None:
    folder = str(tmp_path / "news" / "config")
    assert run(str(COMMAND), "init", folder).returncode == 0
    done = run("roxham", "--config", folder, "check", "--json", apart=False)
    assert (done.returncode, json.loads(done.stdout)["ok"]) == (0, True)
    before = {file.name: file.read_bytes() for file in Path(folder).iterdir()}
    assert set(before) == {"monitor.yaml", "sources.yaml", "topics.yaml", "digests.yaml"}
    done = run("roxham", "init", folder, apart=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "monitor.yaml:1:1: is there already; nothing was written" in done.stderr
    assert {file.name: file.read_bytes() for file in Path(folder).iterdir()} == before
    assert sorted(path.name for path in Path(folder).parent.iterdir()) == ["config"]


def test_a_configuration_that_is_not_there_names_the_command_that_writes_one(tmp_path: Path) -> None:
    done = run(str(COMMAND), "--config", "nowhere", "check", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "roxham init nowhere" in done.stderr
    done = run("roxham", "sources", cwd=tmp_path, apart=False, ROXHAM_CONFIG="elsewhere")
    assert done.returncode == 2
    assert "roxham init elsewhere" in done.stderr


@pytest.mark.parametrize("args", [[], ["colect"], ["collect", "--sauce"], ["search"], ["export", "--format", "pdf"]])
def test_wrong_usage_is_told(small: Archive, args: list[str]) -> None:
    done = small.here.roxham(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: roxham" in done.stderr


@pytest.mark.parametrize(
    "args",
    [["--help"], ["collect", "--help"], ["outbox", "show", "--help"], ["digests", "preview", "--help"], ["check"],
     ["--version"]],
)  # fmt: skip
def test_what_only_talks_loads_nothing_heavy(small: Archive, args: list[str]) -> None:
    program = (
        "import sys\nfrom monitor.cli import main\n"
        "try:\n    main()\nfinally:\n    print('LOADED', *sys.modules, file=sys.stderr)"
    )
    done = run(sys.executable, "-c", program, "--config", str(small.here.config), *args)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    (loaded,) = (line.split() for line in done.stderr.splitlines() if line.startswith("LOADED"))
    assert [name for name in HEAVY if name in loaded] == []
    assert "monitor.cli" in loaded


# --- demo ------------------------------------------------------------------------------------------------------------


def test_the_demo_tells_its_stories_once_and_a_taken_port_is_told(tmp_path: Path) -> None:
    port = str(free_port())
    with socket.create_server(("127.0.0.1", int(port))):
        taken = run(str(COMMAND), "demo", "--port", port, cwd=tmp_path)
        assert (taken.returncode, taken.stdout) == (1, "")
        assert f"port {port}: another program uses it; choose another with --port" in taken.stderr
    first, second = (run("roxham", "demo", "--port", port, cwd=tmp_path, apart=False) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "Traceback" not in first.stderr + second.stderr
    assert "Nothing is new" not in first.stdout
    assert "no article was kept twice, no digest was sent" in second.stdout
    for shown in (first.stdout, second.stdout):
        assert "\nCoverage: " in shown  # of a mail's body
        assert "roxham --config var/demo/config search '\"Roxham Road\"'\n" in shown
    articles = first.stdout.partition("What became of every article\n")[2].partition("\nNot kept")[0]
    assert len(re.findall(r"^ +\d+  \S", articles, re.MULTILINE)) == len(re.findall(r" of story \d+ · ", articles)) > 5
    mails = list((tmp_path / "var" / "demo" / "var" / "outbox" / "new").iterdir())
    assert 0 < len(mails) == first.stdout.count("\nState: sent")


@pytest.mark.skipif(sqlite3.sqlite_version_info < (3, 51, 3), reason="two connections that write need SQLite 3.51.3")
def test_an_operator_may_change_what_waits_while_the_service_holds_the_archive(tmp_path: Path) -> None:
    with Site() as site:
        site.put("/feed.xml", feed((site.url("/a"), "A title", "")), type="application/rss+xml")
        site.put("/a", "busy", status=503)
        here = Installation(tmp_path / "here", [source("desk", site.url("/feed.xml"))])
        here.document("collect")
        config = app.configuration(here.config)
        with app.writing(config, purpose="run") as archive:
            assert here.document("pending", "--retry", "all", apart=True) == {"retried": 1}
            assert len(archive.pending(datetime.now(UTC))) == 1
            archive.beat(datetime.now(UTC))
            done = here.roxham("collect", "--wait", "0", apart=True)
            assert (done.returncode, "held by `roxham run`" in done.stderr) == (4, True)
