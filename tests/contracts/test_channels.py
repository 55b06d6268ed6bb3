"""The duties of every channel (monitor/channels/__init__.py), against real servers and a real disk."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from monitor.errors import ArchiveError
from monitor.types import Format
from tests.ways import SECRET, WAYS, Commit, Way, failure, nothing_to_do


@pytest_asyncio.fixture(params=WAYS)
async def way(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Way]:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
        with WAYS[request.param](tmp_path, nobody.getsockname()[1]) as opened:
            yield opened
            await opened.channel.close()


async def test_a_message_arrives_unchanged_but_for_the_way_it_is_shown(way: Way) -> None:
    message = way.message()
    receipt = await way.channel.send(message, nothing_to_do)
    assert way.arrived() == [way.seen(message.raw)]
    assert receipt.channel == way.channel.name
    assert receipt.answer
    assert receipt.at.tzinfo is not None


async def test_commit_is_awaited_once_before_anything_arrives(way: Way) -> None:
    commit = Commit(way.arrived)
    await way.channel.send(way.message(), commit)
    assert commit.seen == [0]
    assert len(way.arrived()) == 1


@pytest.mark.parametrize(
    "error", [ArchiveError("the archive is full"), OSError(28, "No space left"), TimeoutError("busy"), ValueError("no")]
)
async def test_nothing_arrives_when_the_commit_fails_and_its_error_passes_as_it_is(way: Way, error: Exception) -> None:
    async def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        await way.channel.send(way.message(), fail)
    assert caught.value is error
    assert way.arrived() == []
    await way.channel.send(way.message(), nothing_to_do)
    assert len(way.arrived()) == 1


async def test_cancelled_while_it_commits_leaves_nothing(way: Way) -> None:
    waiting = asyncio.Event()

    async def wait() -> None:
        waiting.set()
        await asyncio.sleep(3600)

    task = asyncio.create_task(way.channel.send(way.message(), wait))
    await asyncio.wait_for(waiting.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert way.arrived() == []
    await way.channel.send(way.message(), nothing_to_do)
    assert len(way.arrived()) == 1


async def test_a_megabyte_arrives_whole(way: Way) -> None:
    message = way.message(raw=way.longer(40_000))
    await way.channel.send(message, nothing_to_do)
    assert way.arrived() == [way.seen(message.raw)]


async def test_twenty_at_once_arrive_once_each(way: Way) -> None:
    messages = [way.message(message_id=f"<{number}@example.org>") for number in range(20)]
    commit = Commit()
    await asyncio.gather(*(way.channel.send(message, commit) for message in messages))
    assert len(way.arrived()) == 20
    assert len(commit.seen) == 20


async def test_the_same_message_twice_leaves_one_where_the_channel_says_so(way: Way) -> None:
    await way.channel.send(way.message(), nothing_to_do)
    await way.channel.send(way.message(message_id="<2@example.org>"), nothing_to_do)
    await way.channel.send(way.message(), nothing_to_do)
    assert len(way.arrived()) == (2 if way.channel.idempotent else 3)


async def test_a_message_of_another_format_is_refused_for_good_before_anything_is_done(way: Way) -> None:
    for other in set(Format) - {way.channel.takes}:
        error = await failure(way.channel, replace(way.message(), format=other), committed=False)
        assert not error.temporary
        assert f"was made as {other}, and the channel {way.channel.name} takes {way.channel.takes}" in error.reason
        assert "`roxham outbox drop`" in error.reason
    assert way.arrived() == []


async def test_nobody_at_the_other_end_is_the_ways_fault_and_no_secret_is_told(way: Way) -> None:
    error = await failure(way.nobody, way.message(), committed=not way.cuts_before)
    assert (error.temporary, error.doubt, error.way) == (True, False, True)
    assert (error.bounced, error.gone) == (False, False)
    assert SECRET not in error.reason


async def test_closing_is_possible_at_any_time_and_ends_nothing_for_good(way: Way) -> None:
    await way.channel.close()
    await way.channel.send(way.message(), nothing_to_do)
    await way.channel.close()
    await way.channel.close()
    await way.channel.send(way.message(message_id="<2@example.org>"), nothing_to_do)
    assert len(way.arrived()) == 2


async def test_closing_while_a_message_is_on_its_way_does_not_hurt_it(way: Way) -> None:
    await way.channel.send(way.message(), nothing_to_do)
    await asyncio.gather(
        way.channel.send(way.message(message_id="<2@example.org>"), nothing_to_do), way.channel.close()
    )
    assert len(way.arrived()) == 2
