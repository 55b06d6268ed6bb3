"""Whatever comes in, the program says what is wrong, the neighbours are served, and nothing is lost for good."""

import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from tests.installation import READER, UNMEASURED, Installation, feed, page, source, story
from tests.mailbox import Mailbox
from tests.site import Misbehaviour, Site, broken_off, drip, endless, free_port, huge, reset

XML = "application/rss+xml"
AS_ANYBODY = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
"""What makes root heed file permissions, as everybody else does."""


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def listing(site: Site, *names: str, summary: str = "The council speaks of Roxham Road.") -> str:
    return feed(*((site.url(f"/{name}"), f"Story {name}", summary) for name in names))


def publish(site: Site, path: str, *names: str) -> None:
    """A feed and the pages that it lists."""
    site.put(path, listing(site, *names), type=XML)
    for name in names:
        site.put(f"/{name}", page(f"Story {name}", story(name)))


def summary_of(articles: Sequence[dict[str, Any]]) -> list[tuple[str, bool, int]]:
    """(title, partial, versions) of each article, sorted."""
    return sorted((article["title"], article["partial"], article["versions"]) for article in articles)


# --- sources ---------------------------------------------------------------------------------------------------------

ILL: dict[str, tuple[int | None, str]] = {
    "missing": (404, "HTTP 404 Not Found"),
    "busy": (503, "HTTP 503 Service Unavailable"),
    "html": (200, "this is an HTML page, not a feed"),
    "empty": (200, "the answer is empty"),
    "broken": (200, "the feed is cut off before the end of its first item"),
    "huge": (None, "the answer is larger than"),
    "endless": (None, "the answer is larger than"),
    "drip": (None, "no complete answer from 127.0.0.1"),
    "reset": (None, "the connection to 127.0.0.1"),
    "refused": (None, "refuses connections"),
    "unknown": (None, "the host no-such-host.invalid is not known"),
    "secret": (None, "refused: 127.0.0.1"),
}
HALF = {
    "truncated": "the feed is cut off; its complete items were kept",
    "cut": "the connection broke off before the end; the feed is cut off; its complete items were kept",
}


@dataclass(frozen=True)
class Sick:
    """A pass over ill sources beside a well one, and what the installation looked like after each later pass."""

    here: Installation
    document: dict[str, Any]
    kept: list[dict[str, Any]]
    sources: dict[str, dict[str, Any]]
    healed: dict[str, Any]
    kept_then: list[dict[str, Any]]

    def visit(self, source_id: str) -> dict[str, Any]:
        (visit,) = (visit for visit in self.document["visits"] if visit["source"] == source_id)
        return dict(visit)


@pytest.fixture(scope="module")
def sick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sick]:
    with Site() as site, Site() as inside:
        inside.put("/feed.xml", listing(inside, "x"), type=XML)
        publish(site, "/well.xml", "a", "b", "c")
        answers: dict[str, Misbehaviour] = {"huge": huge, "endless": endless, "drip": drip, "reset": reset}
        site.answers |= {f"/{name}.xml": answer for name, answer in answers.items()}
        site.put("/busy.xml", "busy", status=503)
        site.put("/html.xml", page("No feed here", "Not Found"))
        site.put("/empty.xml", "", type=XML)
        site.put("/broken.xml", listing(site, "z")[:150], type=XML)
        for name in HALF:
            publish(site, f"/{name}.xml", f"{name}-1", f"{name}-2")
        site.put("/truncated.xml", listing(site, "truncated-1", "truncated-2")[:-120], type=XML)
        site.answers["/cut.xml"] = broken_off(listing(site, "cut-1", "cut-2")[:-120].encode())
        at = {name: site.url(f"/{name}.xml") for name in (*ILL, *HALF, "well")}
        closed = free_port()
        at |= {"refused": f"http://127.0.0.1:{closed}/feed.xml", "unknown": "http://no-such-host.invalid/feed.xml"}
        at["secret"] = inside.url("/feed.xml")
        here = Installation(tmp_path_factory.mktemp("sick") / "here", [source(name, url) for name, url in at.items()])
        monitor = here.config / "monitor.yaml"
        allowed = f"127.0.0.1/32:{site.port}, 127.0.0.1/32:{closed}"
        monitor.write_text(monitor.read_text().replace("127.0.0.0/8", allowed))
        document = here.document("collect")
        kept = here.export()
        sources = {source["id"]: source for source in here.document("sources")}
        for name in (*ILL, *HALF):
            publish(site, f"/{name}.xml", f"{name}-1", f"{name}-2")
        healed = here.document("collect")
        yield Sick(here, document, kept, sources, healed, here.export())


@pytest.mark.parametrize("source_id", ILL)
def test_a_source_that_fails_says_why(sick: Sick, source_id: str) -> None:
    status, reason = ILL[source_id]
    visit = sick.visit(source_id)
    assert (visit["outcome"], visit["status"], visit["found"], visit["new"]) == ("failed", status, 0, 0)
    assert reason in visit["error"]
    listed = sick.sources[source_id]
    assert (listed["error"], listed["failures"], listed["last_good_at"]) == (visit["error"], 1, None)


@pytest.mark.parametrize("source_id", HALF)
def test_of_half_a_feed_the_whole_items_are_kept_and_the_rest_is_told(sick: Sick, source_id: str) -> None:
    visit = sick.visit(source_id)
    assert (visit["outcome"], visit["found"], visit["new"], visit["error"]) == ("changed", 1, 1, HALF[source_id])


def test_the_neighbour_of_ill_sources_is_kept_once(sick: Sick) -> None:
    assert sick.visit("well") == {
        "source": "well", "status": 200, "outcome": "changed", "found": 3, "new": 3, "error": None,
    }  # fmt: skip
    assert summary_of(sick.kept) == [(f"Story {name}", False, 1) for name in ("a", "b", "c", "cut-1", "truncated-1")]


def test_when_sources_are_well_again_the_next_pass_brings_the_rest(sick: Sick) -> None:
    cured = [name for name in ILL if name not in ("refused", "unknown", "secret")]
    outcomes = {visit["source"]: visit["outcome"] for visit in sick.healed["visits"]}
    assert {outcomes[name] for name in (*cured, *HALF)} == {"changed"}
    assert outcomes["well"] == "unchanged"
    names = sorted(["a", "b", "c", *(f"{name}-{number}" for name in (*cured, *HALF) for number in (1, 2))])
    assert summary_of(sick.kept_then) == [(f"Story {name}", False, 1) for name in names]


def test_one_failure_counts_with_strict_only(tmp_path: Path, site: Site) -> None:
    publish(site, "/well.xml", "a")
    here = Installation(tmp_path / "here", [source(name, site.url(f"/{name}.xml")) for name in ("well", "missing")])
    assert here.document("collect")["articles"]["new"] == 1
    assert {visit["source"] for visit in here.document("collect", "--strict", code=1)["visits"]} == {"well", "missing"}
    assert here.roxham("collect", "--strict", "--source", "well").returncode == 0


def test_a_pass_in_which_no_source_answered_fails(tmp_path: Path, site: Site) -> None:
    here = Installation(tmp_path / "here", [source(name, site.url(f"/{name}.xml")) for name in ("one", "two")])
    document = here.document("collect", code=1)
    assert [visit["error"] for visit in document["visits"]] == ["HTTP 404 Not Found"] * 2


def test_a_server_that_asks_to_be_left_alone_is_not_visited_and_alone_is_no_success(tmp_path: Path, site: Site) -> None:
    with Site() as busy:
        busy.put("/busy.xml", "busy", status=503, headers={"Retry-After": "600"})
        watched = [source("busy", busy.url("/busy.xml")), source("missing", site.url("/missing.xml"))]
        here = Installation(tmp_path / "here", watched)
        here.document("collect", code=1)
        document = here.document("collect", code=1)
        asked = len(busy.asked("/busy.xml"))
    assert {visit["source"]: visit["outcome"] for visit in document["visits"]} == {
        "busy": "skipped", "missing": "failed",
    }  # fmt: skip
    assert asked == 1


# --- pages -----------------------------------------------------------------------------------------------------------

UNREADABLE = ("busy", "missing", "wall", "without-text", "blank", "reset", "drip")
NEVER = ("document", "gone")


@dataclass(frozen=True)
class Pages:
    """Three passes over one feed: pages that cannot be read, the same again, and when the site is well."""

    first: dict[str, Any]
    kept: dict[str, dict[str, Any]]
    waiting: list[dict[str, Any]]
    log: str
    strict: int
    asked_busy: int
    asked_polite: int
    healed: dict[str, Any]
    kept_then: dict[str, dict[str, Any]]
    busy: dict[str, Any]
    waiting_then: list[dict[str, Any]]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    with Site() as site, Site() as polite:  # a server that asks for time is left alone with all its pages
        names = ("well", *UNREADABLE, "polite", *NEVER)
        publish(site, "/feed.xml", *names)
        listed = listing(site, *names).replace(site.url("/polite"), polite.url("/polite"))
        bare = f"<item><link>{site.url('/bare')}</link></item></channel>"  # nothing but an address
        site.put("/feed.xml", listed.replace("</channel>", bare), type=XML)
        site.put("/busy", "busy", status=503)
        site.put("/bare", "busy", status=503)
        site.put("/missing", "no", status=404)
        site.put("/wall", "pay", status=403)
        site.put("/gone", "gone", status=410)
        polite.put("/polite", "slowly", status=429, headers={"Retry-After": "3600"})
        site.put("/without-text", page("Story without-text", ""))
        site.put("/blank", "")
        site.put("/document", b"%PDF-1.7", type="application/pdf")
        site.answers |= {"/reset": reset, "/drip": drip}
        here = Installation(tmp_path_factory.mktemp("pages") / "here", [source("desk", site.url("/feed.xml"))])
        done = here.roxham("collect", "--json", "--strict")
        kept = {article["title"]: article for article in here.export()}
        waiting = here.document("pending")
        for name in (*names, "bare"):
            site.put(f"/{name}", page(f"Story {name}", story(name)))
        healed = here.document("collect")
        kept_then = {article["title"]: article for article in here.export()}
        yield Pages(
            first=json.loads(done.stdout),
            kept=kept,
            waiting=waiting,
            log=done.stderr,
            strict=done.returncode,
            asked_busy=len(site.asked("/busy")),
            asked_polite=len(polite.asked("/polite")),
            healed=healed,
            kept_then=kept_then,
            busy=here.document("show", str(kept["Story busy"]["id"])),
            waiting_then=here.document("pending"),
        )


def test_a_page_that_cannot_be_read_leaves_the_feeds_text(pages: Pages) -> None:
    without_page = {f"Story {name}" for name in (*UNREADABLE, *NEVER, "polite")}
    assert {title for title, article in pages.kept.items() if article["partial"]} == without_page
    for title in without_page:
        assert pages.kept[title]["text"] == "The council speaks of Roxham Road."
        assert [topic["id"] for topic in pages.kept[title]["topics"]] == ["roxham-road"]
    assert pages.kept["Story well"]["partial"] is False
    assert (pages.first["articles"]["new"], pages.first["partial"]) == (len(without_page) + 1, len(without_page))
    assert pages.strict == 1


def test_each_page_that_waits_says_why_and_until_when(pages: Pages) -> None:
    why = {item["url"].rpartition("/")[2]: item["reason"] for item in pages.waiting}
    assert set(why) == {*UNREADABLE, "polite", "bare"}
    assert why["busy"] == "HTTP 503 Service Unavailable"
    assert why["missing"] == "HTTP 404 Not Found"
    assert why["without-text"] == "the page holds no text of an article"
    assert all(item["not_before"] and item["failures"] == 1 for item in pages.waiting)


def test_an_item_of_which_nothing_is_known_waits_for_its_page(pages: Pages) -> None:
    assert pages.first["articles"]["pending"] == 1
    assert pages.first["articles"]["rejected"] == 0
    assert pages.healed["articles"]["new"] == 1
    assert pages.kept_then["Story bare"]["versions"] == 1


def test_pages_that_can_be_read_now_become_version_two(pages: Pages) -> None:
    assert pages.healed["articles"]["version"] == len(UNREADABLE)
    for name in UNREADABLE:
        article = pages.kept_then[f"Story {name}"]
        assert (article["partial"], article["versions"]) == (False, 2), name
        assert article["text"] == story(name)
    assert [(old["version"], old["partial"]) for old in pages.busy["history"]] == [(1, True), (2, False)]
    assert pages.asked_busy == 2
    assert set(pages.kept_then) == {*pages.kept, "Story bare"}


def test_a_page_whose_server_asked_for_time_gets_it(pages: Pages) -> None:
    assert pages.asked_polite == 1
    assert [item["url"].rpartition("/")[2] for item in pages.waiting_then] == ["polite"]
    assert pages.kept_then["Story polite"]["versions"] == 1


def test_pages_that_will_never_be_articles_are_not_asked_for_again(pages: Pages) -> None:
    for name in NEVER:
        assert (pages.kept_then[f"Story {name}"]["partial"], pages.kept_then[f"Story {name}"]["versions"]) == (True, 1)


def test_pages_that_fail_are_nothing_to_warn_of_in_the_log(pages: Pages) -> None:
    assert pages.log == ""


def test_trying_a_page_by_hand_uses_up_none_of_its_tries(tmp_path: Path, site: Site) -> None:
    publish(site, "/feed.xml", "a")
    site.put("/a", "busy", status=503)
    here = Installation(tmp_path / "here", [source("desk", site.url("/feed.xml"))])
    here.document("collect")
    before = here.document("pending")
    here.document("collect")
    assert len(site.asked("/a")) == 2
    assert here.document("pending") == before
    here.document("collect", "--due")
    assert len(site.asked("/a")) == 2


# --- configuration ---------------------------------------------------------------------------------------------------


def test_every_mistake_of_a_configuration_is_told_with_its_place(tmp_path: Path) -> None:
    here = Installation(tmp_path / "here", [source("desk", "http://127.0.0.1/feed.xml")])
    here.write("monitor", "contact: desk@example.test\ntimezone: America/Torono\ncrawl: {dellay: 1s}\n")
    here.write("sources", "sources:\n  - id: desk\n    kind: feeed\n    url: not an address\n")
    here.write("digests", "digests:\n  - {id: morning, topics: [roxham-raod], to: [nobody]}\n")
    wanted = ["monitor.yaml:2:11: ", "monitor.yaml:3:9: ", "sources.yaml:3:11: ", "sources.yaml:4:10: "]
    wanted += ["digests.yaml:2:28: ", "digests.yaml:2:47: "]
    for command in ("check", "collect"):
        done = here.roxham(command)
        assert (done.returncode, done.stdout) == (2, "")
        lines = [line.removeprefix(f"{here.config}/") for line in done.stderr.splitlines()]
        assert [line for line in wanted if not any(told.startswith(line) for told in lines)] == []
        assert "Traceback" not in done.stderr
    document = here.document("check", code=2)
    assert [(Path(told["file"]).name, told["line"], told["column"]) for told in document["problems"]] == [
        (name, int(line), int(column)) for name, line, column in (place.split(":")[:3] for place in wanted)
    ]
    assert not here.archive.exists()


# --- archive ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation that kept two articles."""
    with Site() as site:
        publish(site, "/feed.xml", "a", "b")
        here = Installation(tmp_path_factory.mktemp("filled") / "here", [source("desk", site.url("/feed.xml"))])
        assert here.document("collect")["articles"]["new"] == 2
    return here.folder


@pytest.fixture
def copy(filled: Path, tmp_path: Path) -> Installation:
    """A copy of it, which may be spoilt."""
    return Installation.at(shutil.copytree(filled, tmp_path / "here"))


@contextmanager
def held(here: Installation) -> Iterator[None]:
    """The lock of a `roxham run`, without the waiting for it."""
    lock = here.archive.with_name("roxham.db.lock")
    with lock.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write('{"pid": 4711, "host": "newsroom", "purpose": "run", "since": "2026-11-22T07:00:00+00:00"}')
        file.flush()
        yield


def assert_unusable(done: "subprocess.CompletedProcess[str]", *words: str) -> None:
    assert (done.returncode, done.stdout) == (4, ""), done.stderr
    (line,) = done.stderr.splitlines()
    assert "roxham.db: " in line
    for word in words:
        assert word in line


def test_an_archive_that_is_held_names_its_holder_and_can_be_read(copy: Installation) -> None:
    with held(copy):
        for command in ("collect", "deliver"):
            assert_unusable(copy.roxham(command, "--wait", "0.2"), "held by `roxham run` (process 4711 on newsroom")
        assert len(copy.export()) == 2
        assert copy.document("status")["held_by"].startswith("`roxham run` (process 4711 on newsroom")
    assert copy.roxham("collect").returncode == 1  # the site is gone, the archive is free


def test_the_name_that_a_killed_process_left_holds_nothing(copy: Installation) -> None:
    with held(copy):
        pass
    assert copy.document("status")["held_by"] is None


def test_a_second_writer_waits_for_the_first(copy: Installation) -> None:
    with held(copy):
        waiting = subprocess.Popen(copy.command("deliver"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(1.5)
    output, complaint = waiting.communicate(timeout=30)
    assert (waiting.returncode, complaint) == (0, b""), complaint
    assert output.startswith(b"nothing is due")


@pytest.mark.parametrize("folder_too", [False, True])
def test_a_read_only_archive_can_be_read_and_says_that_it_cannot_be_written(
    copy: Installation, folder_too: bool
) -> None:
    copy.folder.parent.chmod(0o755)
    copy.archive.chmod(0o444)
    if folder_too:
        copy.archive.with_name("roxham.db.lock").chmod(0o444)
        copy.archive.parent.chmod(0o555)
    assert_unusable(copy.roxham("collect", under=AS_ANYBODY), "cannot be written")
    done = copy.roxham("search", "roxham", "--json", under=AS_ANYBODY)
    assert (done.returncode, done.stderr, done.stdout.count('"snippet"')) == (0, "", 2)
    copy.archive.parent.chmod(0o755)


def test_an_archive_that_may_not_be_read_says_so(copy: Installation) -> None:
    copy.archive.chmod(0o000)
    assert_unusable(copy.roxham("export", under=AS_ANYBODY), "may this user read it?")


@pytest.mark.parametrize("command", ["collect", "stories"])
def test_a_file_that_is_no_archive_is_refused_and_left_as_it_is(copy: Installation, command: str) -> None:
    copy.archive.write_bytes(b"not a database at all " * 500)
    assert_unusable(copy.roxham(command), "not a sound SQLite archive", "restore a backup")
    assert copy.archive.read_bytes() == b"not a database at all " * 500


@pytest.mark.parametrize("command", ["collect", "stories"])
def test_a_folder_in_the_place_of_the_archive_is_refused(copy: Installation, command: str) -> None:
    copy.archive.unlink()
    copy.archive.mkdir()
    assert_unusable(copy.roxham(command), "is a folder")


@pytest.mark.parametrize("command", ["collect", "stories"])
def test_an_archive_of_a_newer_version_is_refused(copy: Installation, command: str) -> None:
    with sqlite3.connect(copy.archive) as connection:
        connection.execute("INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('roxham', 'm999_future')")
    connection.close()
    assert_unusable(copy.roxham(command), "made by a newer version of roxham (step m999_future)")


def test_an_archive_that_lacks_a_step_is_brought_up_by_its_writer(copy: Installation) -> None:
    copy.archive.unlink()
    with sqlite3.connect(copy.archive) as connection:
        connection.execute(
            "CREATE TABLE _sqlite_migrations (id INTEGER PRIMARY KEY, migration_set TEXT, name TEXT, applied_at TEXT)"
        )
    connection.close()
    assert_unusable(copy.roxham("export"), "there is no archive in it yet; `roxham collect` makes it")
    assert copy.roxham("deliver").returncode == 0
    assert copy.export() == []


@pytest.mark.parametrize("command", ["collect", "stories"])
def test_the_file_of_another_program_is_refused_and_left_as_it_is(copy: Installation, command: str) -> None:
    copy.archive.unlink()
    with sqlite3.connect(copy.archive) as connection:
        connection.execute("CREATE TABLE recipes (name)")
    connection.close()
    before = copy.archive.read_bytes()
    assert_unusable(copy.roxham(command), "the SQLite file of another program")
    assert copy.archive.read_bytes() == before


def test_a_damaged_archive_says_so(copy: Installation) -> None:
    whole = copy.archive.read_bytes()
    copy.archive.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    assert_unusable(copy.roxham("export"), "not a sound SQLite archive")


def test_readers_of_an_archive_that_is_not_there_say_how_it_is_made(copy: Installation) -> None:
    copy.archive.unlink()
    assert_unusable(copy.roxham("search", "roxham"), "there is no archive yet; `roxham collect` makes it")
    copy.archive.write_bytes(b"")
    assert_unusable(copy.roxham("search", "roxham"), "`roxham collect` makes it")


# kB a file may have: not even the lock's, not the schema, and in the middle of the articles
@pytest.mark.parametrize("limit", [0, 40, 420])
def test_a_full_disk_is_told_and_costs_nothing(tmp_path: Path, site: Site, limit: int) -> None:
    names = [f"long-{number}" for number in range(12)]
    publish(site, "/feed.xml", *names)
    for name in names:
        long = f"{story(name)}\n\n{' '.join(f'{name}-{number}' for number in range(2500))}"
        site.put(f"/{name}", page(f"Story {name}", long))
    here = Installation(tmp_path / "here", [source("desk", site.url("/feed.xml"))])
    full = (*UNMEASURED, "prlimit", f"--fsize={limit * 1000}")
    assert_unusable(here.roxham("collect", "--json", under=full), "disk", "full")
    document = here.document("collect")
    assert document["articles"]["pending"] == 0
    assert summary_of(here.export()) == sorted((f"Story {name}", False, 1) for name in names)


# --- mail ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def reader(copy: Installation) -> Installation:
    """An installation with news for its one reader, and mail by SMTP."""
    monitor = copy.config / "monitor.yaml"
    copy.port = free_port()
    via = f"smtp://127.0.0.1:{copy.port}?starttls=off"
    monitor.write_text(monitor.read_text().replace("maildir:var/outbox", via))
    return copy


def failed(here: Installation, *words: str, **environ: str) -> dict[str, Any]:
    """Delivers in vain, and returns the message that is kept."""
    (told,) = here.document("deliver", "--now", code=1, apart=False, **environ)["digests"]
    (message,) = here.document("outbox")
    assert (told["message_id"], told["state"], told["error"]) == (
        message["message_id"], message["state"], message["error"],
    )  # fmt: skip
    assert (told["stories"], message["receipt"]) == (2, None)
    for word in words:
        assert word in told["error"]
    return dict(message)


def arrived_once(here: Installation, box: Mailbox, message: dict[str, Any]) -> None:
    """Delivers twice; the message came once, as it was first made."""
    (told,) = here.document("deliver")["digests"]
    assert (told["state"], told["message_id"]) == ("sent", message["message_id"])
    assert here.document("deliver")["digests"] == []
    (mail,) = box.delivered
    assert mail.recipients == (READER,)
    assert message_from_bytes(mail.raw)["Message-ID"] == message["message_id"]
    (kept,) = here.document("outbox")
    assert (kept["state"], kept["error"], kept["receipt"]["channel"]) == ("sent", None, "email")


def test_mail_waits_while_the_server_is_down(reader: Installation) -> None:
    message = failed(reader, f"mail server 127.0.0.1:{reader.port} cannot be used, at connecting")
    assert message["state"] == "waiting"
    with Mailbox(port=reader.port) as box:
        arrived_once(reader, box, message)


def test_mail_waits_while_the_server_turns_it_away(reader: Installation) -> None:
    with Mailbox(port=reader.port, faults={"RCPT": "451 4.7.1 come back later"}) as box:
        message = failed(reader, "451 4.7.1 come back later")
        assert (message["state"], box.delivered) == ("waiting", [])
        box.faults.clear()
        arrived_once(reader, box, message)


def test_mail_is_not_sent_in_the_clear_to_a_server_without_starttls(reader: Installation) -> None:
    with Mailbox(port=reader.port) as box:
        message = failed(reader, "does not offer STARTTLS", ROXHAM_MAIL=f"smtp://127.0.0.1:{reader.port}")
        assert (message["state"], box.delivered) == ("waiting", [])
        arrived_once(reader, box, message)


def test_mail_that_is_refused_for_good_is_held_until_somebody_says_so(reader: Installation) -> None:
    with Mailbox(port=reader.port, faults={"RCPT": "550 5.1.1 no such user"}) as box:
        message = failed(reader, "550 5.1.1 no such user", READER)
        assert message["state"] == "failed"
        assert reader.document("deliver")["digests"] == []
        box.faults.clear()
        assert reader.document("deliver")["digests"] == []
        (again,) = reader.document("outbox", "retry", str(message["id"]))
        assert again["state"] == "waiting"
        arrived_once(reader, box, message)
