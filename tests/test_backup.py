"""Copies of the archive: how one is made beside a running service, and how one is put back, whatever comes between."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from monitor.archive import Filter
from monitor.archive.copies import restore
from monitor.archive.migrations import NAMES, migrations
from monitor.archive.sqlite import SQLiteArchive
from monitor.errors import ArchiveError
from tests.builders import NOW, article, match, words
from tests.contracts.test_archive import keep
from tests.contracts.test_telling import send, tell

BESIDE = "20261122T120000Z"


def opened(path: Path) -> SQLiteArchive:
    return SQLiteArchive.for_writing(path, purpose="test", now=NOW, wait=0)


def titles(path: Path) -> list[str]:
    """What an archive holds, which must be sound."""
    with closing(SQLiteArchive.for_reading(path)) as archive:
        assert archive.row("PRAGMA integrity_check")[0] == "ok"  # type: ignore[index]
        return [a.title for a in archive.articles(Filter())]


def add(archive: SQLiteArchive, title: str) -> None:
    keep(archive, article(f"http://desk.test/{title}", title=title, text=words(title)), match())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "var").mkdir()
    return tmp_path / "var" / "roxham.db"


@pytest.fixture
def archive(path: Path) -> Iterator[SQLiteArchive]:
    """An archive with the article `old`, of which its reader was told."""
    made = opened(path)
    add(made, "old")
    send(made, tell(made, slot="old").id)
    yield made
    made.close()


# --- making one ------------------------------------------------------------------------------------------------------


def test_a_copy_is_one_file_that_only_its_owner_reads(archive: SQLiteArchive, tmp_path: Path) -> None:
    file = tmp_path / "copies" / "copy.db"
    archive.backup(file)
    assert [other.name for other in file.parent.iterdir()] == ["copy.db"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert titles(file) == ["old"]
    assert [other.name for other in file.parent.iterdir()] == ["copy.db"]  # looking leaves nothing beside it
    with pytest.raises(ArchiveError, match="exists already"):
        archive.backup(file)


def test_a_copy_made_while_another_process_writes_is_of_one_moment(archive: SQLiteArchive, tmp_path: Path) -> None:
    done = threading.Event()
    copies = [tmp_path / f"copy{number}.db" for number in range(8)]

    def copy() -> None:
        with closing(SQLiteArchive.for_reading(archive.path)) as reader:
            for file in copies:
                reader.backup(file)
        done.set()

    thread = threading.Thread(target=copy)
    thread.start()
    number = 0
    while not done.is_set():
        number += 1
        add(archive, f"story{number}x")
    thread.join()
    for file in copies:
        held = titles(file)
        assert held == ["old", *(f"story{n}x" for n in range(1, len(held)))]
        with closing(Database(file)) as db:
            assert db["texts"].count == db["entries"].count == len(held)


def test_a_copy_for_which_there_is_no_room_leaves_nothing(archive: SQLiteArchive, tmp_path: Path) -> None:
    file = tmp_path / "there" / "copy.db"
    (tmp_path / "there").write_text("a file where a folder should be")
    with pytest.raises(ArchiveError, match=r"copy\.db"):
        archive.backup(file)
    half = tmp_path / "copy.db.part"
    half.write_text("what a killed backup left")
    archive.backup(tmp_path / "copy.db")
    assert (titles(tmp_path / "copy.db"), half.exists()) == (["old"], False)


# --- putting one back ------------------------------------------------------------------------------------------------


@pytest.fixture
def copy(archive: SQLiteArchive, tmp_path: Path) -> Path:
    """A copy that knows of `old`; since it was made, `new` came and was told."""
    file = tmp_path / "copy.db"
    archive.backup(file)
    add(archive, "new")
    send(archive, tell(archive, slot="new").id)
    archive.close()
    return file


def test_a_copy_takes_the_place_of_the_archive_which_stays(path: Path, copy: Path) -> None:
    path.chmod(0o640)
    before = restore(path, copy, NOW)
    assert before == path.with_name(f"roxham.db.before-{BESIDE}")
    names = {"roxham.db", "roxham.db.lock", "roxham.db.outbox", before.name}
    assert {file.name for file in path.parent.iterdir()} == names
    assert (titles(path), titles(before)) == (["old"], ["old", "new"])
    assert titles(copy) == ["old"]
    assert path.stat().st_mode & 0o777 == 0o640
    with closing(opened(path)) as back:
        hold = back.outbox_hold()
        assert hold is not None
        assert (hold.last_here, hold.last_sent) == (1, 2)
        add(back, "newer")
        assert tell(back, slot="newer").id == 3


def test_two_copies_in_one_second_leave_both_that_were_there(path: Path, copy: Path) -> None:
    first, second = restore(path, copy, NOW), restore(path, copy, NOW)
    assert first is not None
    assert second is not None
    assert (titles(first), titles(second), titles(path)) == (["old", "new"], ["old"], ["old"])


def test_nothing_is_held_where_nothing_was_sent_since(archive: SQLiteArchive, path: Path, tmp_path: Path) -> None:
    add(archive, "waiting")
    out = tell(archive, slot="waiting")
    archive.backup(tmp_path / "copy.db")
    add(archive, "unwanted")
    archive.close()
    for counted in (True, False):
        if not counted:
            path.with_name("roxham.db.outbox").unlink()  # the archive that was there says it, too
        restore(path, tmp_path / "copy.db", NOW)
        with closing(opened(path)) as back:
            assert (back.outbox_hold(), back.due_messages(NOW)) == (None, [out.id])


def test_an_archive_that_was_there_says_what_was_sent_where_its_counter_is_lost(path: Path, copy: Path) -> None:
    path.with_name("roxham.db.outbox").unlink()
    restore(path, copy, NOW)
    with closing(opened(path)) as back:
        assert back.outbox_hold() is not None
        add(back, "newer")
        assert tell(back, slot="newer").id == 3


@pytest.mark.parametrize("place", ["empty", "damaged", "of another"])
def test_where_nobody_can_know_what_was_sent_the_outbox_is_held(path: Path, copy: Path, place: str) -> None:
    path.with_name("roxham.db.outbox").unlink()
    if place == "damaged":
        path.write_bytes(b"no archive any more" * 999)
    else:
        path.unlink()
    if place == "of another":
        with closing(opened(path)) as another:
            another.secret()
    before = restore(path, copy, NOW)
    assert (before is None) == (place == "empty")
    with closing(opened(path)) as back:
        hold = back.outbox_hold()
        assert hold is not None
        assert "not known" in hold.reason
        assert back.release_outbox(NOW)
        assert back.outbox_hold() is None


@pytest.mark.parametrize("version", range(1, len(NAMES)))
def test_a_copy_of_an_older_version_is_brought_up_to_date(path: Path, tmp_path: Path, version: int) -> None:
    file = tmp_path / "older.db"
    with closing(Database(file)) as db:
        migrations.apply(db, stop_before=NAMES[version])
    bytes_before = file.read_bytes()
    assert restore(path, file, NOW) is None
    assert titles(path) == []
    assert file.read_bytes() == bytes_before


def test_what_a_killed_writer_left_beside_a_copy_belongs_to_it(
    path: Path, archive: SQLiteArchive, tmp_path: Path
) -> None:
    add(archive, "in the log")
    for ending in ("", "-wal", "-shm"):
        shutil.copyfile(f"{path}{ending}", f"{tmp_path / 'copy.db'}{ending}")
    archive.close()
    restore(path, tmp_path / "copy.db", NOW)
    assert titles(path) == ["old", "in the log"]


def test_what_is_no_sound_archive_is_refused(path: Path, copy: Path, tmp_path: Path) -> None:
    other, newer, empty, damaged, text = (
        tmp_path / name for name in ("other.db", "newer.db", "empty.db", "damaged.db", "letter.txt")
    )
    with closing(Database(other)) as db:
        db["songs"].insert({"title": "Alouette"})  # type: ignore[union-attr]
    shutil.copyfile(copy, newer)
    with closing(Database(newer)) as db, db.conn:
        db.execute("UPDATE _sqlite_migrations SET name = 'm999_later' WHERE name = 'm001_first'")
    empty.touch()
    whole = copy.read_bytes()
    damaged.write_bytes(whole[: len(whole) // 2] + os.urandom(20_000) + whole[len(whole) // 2 + 20_000 :])
    text.write_text("Dear desk, " * 500)
    for file, why in (
        (other, "another program"), (newer, "newer version"), (empty, "no archive in it"),
        (damaged, "damaged|malformed"),
        (text, "not a sound SQLite archive"), (tmp_path / "none.db", "no such file"), (tmp_path, "is no file"),
        (path, "is the archive itself"),
    ):  # fmt: skip
        with pytest.raises(ArchiveError, match=why) as raised:
            restore(path, file, NOW)
        assert str(raised.value).startswith(f"{file}: "), raised.value
    assert {file.name for file in path.parent.iterdir()} == {"roxham.db", "roxham.db.lock", "roxham.db.outbox"}
    assert titles(path) == ["old", "new"]


def test_nothing_is_put_back_beside_a_writer_or_a_reader(path: Path, copy: Path) -> None:
    with (
        closing(SQLiteArchive.for_writing(path, purpose="run", now=NOW, wait=0)),
        pytest.raises(ArchiveError, match="held by `roxham run`"),
    ):
        restore(path, copy, NOW)
    with closing(SQLiteArchive.for_reading(path)) as reader:
        reader.row("SELECT 1 FROM articles")
        with pytest.raises(ArchiveError, match="another program has it open"):
            restore(path, copy, NOW)
    assert titles(path) == ["old", "new"]
    assert restore(path, copy, NOW) is not None


def test_a_damaged_archive_stays_with_all_that_belongs_to_it(path: Path, copy: Path) -> None:
    path.write_bytes(b"damage" * 1000)
    log = path.with_name("roxham.db-wal")
    log.write_bytes(b"its log")
    before = restore(path, copy, NOW)
    assert before is not None
    assert (before.read_bytes()[:6], before.with_name(before.name + "-wal").read_bytes()) == (b"damage", b"its log")
    assert titles(path) == ["old"]


KILLED = """
import itertools, os, shutil, signal, sys
from datetime import datetime
from pathlib import Path
from monitor.archive.copies import restore

template, copy, work = map(Path, sys.argv[1:4])
now = datetime.fromisoformat(sys.argv[4])
for number in itertools.count(1):
    folder = work / f"{number:03}"
    shutil.copytree(template, folder)
    child = os.fork()
    if child == 0:
        left = number
        def die(event, args):
            global left
            watched = event in ("open", "os.link", "os.rename", "os.remove", "os.chmod", "os.chown")
            if watched and str(work) in str(args[0]):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(die)
        restore(folder / "roxham.db", copy, now)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
print(number)
"""


@pytest.mark.parametrize("state", ["closed", "killed", "damaged"])
def test_a_kill_at_any_moment_leaves_the_one_or_the_other(
    archive: SQLiteArchive, path: Path, tmp_path: Path, state: str
) -> None:
    copy, template, work = tmp_path / "copy.db", tmp_path / "template", tmp_path / "work"
    archive.backup(copy)
    add(archive, "new")
    send(archive, tell(archive, slot="new").id)
    if state == "closed":
        archive.close()
    shutil.copytree(path.parent, template)  # of an open one, this is what a kill leaves: much of it is in the log
    archive.close()
    assert template.joinpath("roxham.db-wal").exists() == (state != "closed")
    if state == "damaged":
        template.joinpath("roxham.db").write_bytes(b"damage" * 2000)
        template.joinpath("roxham.db-wal").write_bytes(b"its log" * 2000)
    work.mkdir()
    command = [sys.executable, "-c", KILLED, str(template), str(copy), str(work), NOW.isoformat()]
    steps = int(subprocess.run(command, check=True, capture_output=True, text=True, timeout=100).stdout)
    assert steps > 12
    put_back = 0
    for number in range(1, steps + 1):
        there = work / f"{number:03}" / "roxham.db"
        if not is_old(there, state):
            put_back += 1
            check_put_back(there, state)
        if number == steps:
            break
        restore(there, copy, NOW + timedelta(seconds=1))
        check_put_back(there, state)
        assert not [file for file in there.parent.iterdir() if file.suffix in {".restoring", ".part", ".tmp"}]
    assert 1 <= put_back < steps


def is_old(there: Path, state: str) -> bool:
    """Whether the archive that was there is in its place, with all that it held."""
    if there.read_bytes().startswith(b"damage"):
        return True
    held = titles(there)
    assert held in (["old"], ["old", "new"])
    return held == ["old", "new"] and state != "damaged"


def check_put_back(there: Path, state: str) -> None:
    """The copy is in place, holds its outbox, and what was there stays under one name of its own."""
    assert titles(there) == ["old"]
    with closing(opened(there)) as back:
        assert back.outbox_hold() is not None
    kept = [file for file in there.parent.glob("roxham.db.before-*") if not file.name.endswith(("-wal", "-shm"))]
    old = [file for file in kept if file.read_bytes().startswith(b"damage") or titles(file) == ["old", "new"]]
    assert len(old) == 1
    assert not any(file.samefile(there) for file in kept)
    if state == "damaged":
        assert old[0].with_name(old[0].name + "-wal").read_bytes().startswith(b"its log")


def test_what_is_put_back_survives_the_writer_that_comes_next(path: Path, copy: Path) -> None:
    restore(path, copy, NOW)
    with closing(opened(path)) as back:
        back.release_outbox(NOW)
        add(back, "next")
        out = tell(back, slot="next")
        assert out.id == 3
        send(back, out.id)
    assert titles(path) == ["old", "next"]
    said = json.loads(path.with_name("roxham.db.outbox").read_text())
    assert (said["last"], said["handed"], said["unknown"]) == (3, 3, None)
