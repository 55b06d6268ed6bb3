"""The maildir channel: messages as files that any mail reader opens."""

import mailbox as maildir_reader
from pathlib import Path

import pytest

from monitor.channels.maildir import Maildir
from monitor.types import Receipt
from tests.ways import RAW, a_message, failure, nothing_to_do


async def test_the_same_message_twice_is_one_file(tmp_path: Path) -> None:
    first = await Maildir(tmp_path).send(a_message(), nothing_to_do)
    second = await Maildir(tmp_path).send(a_message(), nothing_to_do)
    assert first.answer == second.answer
    assert [str(path) for path in (tmp_path / "new").iterdir()] == [first.answer]
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_a_message_that_was_read_is_not_delivered_again(tmp_path: Path) -> None:
    first = await Maildir(tmp_path).send(a_message(), nothing_to_do)
    read = read_by_somebody(first)
    second = await Maildir(tmp_path).send(a_message(), nothing_to_do)
    assert second.answer == str(read)
    assert list((tmp_path / "new").iterdir()) == []


def read_by_somebody(receipt: Receipt) -> Path:
    path = Path(receipt.answer)
    return path.rename(path.parent.parent / "cur" / f"{path.name}:2,S")


async def test_messages_with_other_ids_are_other_files(tmp_path: Path) -> None:
    await Maildir(tmp_path).send(a_message(), nothing_to_do)
    await Maildir(tmp_path).send(a_message(message_id="<../../2@example.org>"), nothing_to_do)
    assert len(list((tmp_path / "new").iterdir())) == 2


async def test_a_mail_reader_opens_the_maildir(tmp_path: Path) -> None:
    await Maildir(tmp_path / "box").send(a_message(), nothing_to_do)
    with_reader = maildir_reader.Maildir(tmp_path / "box", create=False)
    assert [message["Subject"] for message in with_reader] == ["Border desk"]


async def test_what_a_killed_attempt_left_is_written_over(tmp_path: Path) -> None:
    left_half_written(await Maildir(tmp_path).send(a_message(), nothing_to_do))
    await Maildir(tmp_path).send(a_message(), nothing_to_do)
    assert files_below(tmp_path) == [RAW.replace(b"\r\n", b"\n")]


def files_below(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


def left_half_written(receipt: Receipt) -> None:
    path = Path(receipt.answer)
    path.rename(path.parent.parent / "tmp" / path.name).write_bytes(b"half a mess")


async def test_a_failing_commit_leaves_no_file(tmp_path: Path) -> None:
    async def fail() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await Maildir(tmp_path).send(a_message(), fail)
    assert files_below(tmp_path) == []


async def test_a_folder_that_cannot_be_made_is_a_temporary_failure_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    error = await failure(Maildir(tmp_path / "file" / "box"), a_message(), committed=False)
    assert error.reason == f"cannot write to the maildir {tmp_path}/file/box: Not a directory"
    assert (error.temporary, error.doubt, error.way) == (True, False, True)


async def test_a_maildir_among_the_channels_has_the_name_that_digests_call_it_by(tmp_path: Path) -> None:
    receipt = await Maildir(tmp_path, name="desk-folder").send(a_message(to="desk-folder"), nothing_to_do)
    assert receipt.channel == "desk-folder"
