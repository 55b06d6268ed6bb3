"""The apprise channel with the library itself, against a real web service."""

import asyncio
import json
import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from monitor import log
from monitor.channels.apprise import Apprise
from tests.mailbox import make_certificate
from tests.receiver import Answer, Receiver
from tests.ways import SECRET, a_text, comes_true, failure, nothing_to_do


def a_chat(service: Receiver, path: str = "/chat", **changes: Any) -> Apprise:
    return Apprise("chat", service.url(path, scheme="json"), **changes)


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """All that the program and its libraries say, as `--verbose` shows it."""
    root, said = logging.getLogger(), StringIO()
    handlers, level = root.handlers, root.level
    log.set_up(verbose=True, stream=said)
    yield said
    root.handlers, root.level = handlers, level


async def test_the_first_line_is_the_title_and_nothing_is_read_as_markup() -> None:
    raw = "Border desk: 1 < 2 &amp; **3**\n\nL’été :smile: \\n <b>\nhttps://news.example.org/1?a=b&c=<d>\n".encode()
    with Receiver() as service:
        receipt = await a_chat(service).send(a_text(raw=raw), nothing_to_do)
    said = json.loads(service.posts[0].body)
    assert said["title"] == "Border desk: 1 < 2 &amp; **3**"
    assert said["message"] == "L’été :smile: \\n <b>\nhttps://news.example.org/1?a=b&c=<d>"
    assert receipt.answer == "taken by JSON"
    assert receipt.channel == "chat"


async def test_a_title_alone_is_a_message() -> None:
    with Receiver() as service:
        await a_chat(service).send(a_text(raw=b"Nothing new\n"), nothing_to_do)
    assert json.loads(service.posts[0].body)["message"] == "Nothing new"


@pytest.mark.parametrize(
    ("status", "doubt"),
    [(400, False), (403, False), (404, False), (429, False), (500, False), (502, True), (504, True)],
)
async def test_a_refusal_is_temporary_and_names_the_status(status: int, doubt: bool) -> None:
    with Receiver([status]) as service:
        error = await failure(a_chat(service), a_text(), committed=True)
    assert (error.temporary, error.doubt, error.way) == (True, doubt, True)
    assert error.reason == f"the channel chat was refused by JSON: HTTP {status}"
    assert len(service.posts) == 1


async def test_no_answer_in_time_leaves_doubt() -> None:
    with Receiver(["hang"]) as service:
        error = await failure(a_chat(service, "/chat?rto=0.2"), a_text(), committed=True)
    assert (error.temporary, error.doubt) == (True, True)
    assert error.reason == "the channel chat got no clear answer from JSON"


async def test_a_line_that_is_cut_leaves_doubt() -> None:
    with Receiver(["drop"]) as service:
        error = await failure(a_chat(service), a_text(), committed=True)
    assert (error.temporary, error.doubt) == (True, True)
    assert len(service.posts) == 1


async def test_the_limit_for_all_ends_the_wait() -> None:
    with Receiver(["hang"]) as service:
        error = await failure(a_chat(service, timeout=0.2), a_text(), committed=True)
    assert error.reason == "the channel chat did not answer in time"
    assert error.doubt


async def test_a_host_that_does_not_exist_is_no_doubt() -> None:
    error = await failure(Apprise("chat", f"json://nobody.invalid/{SECRET}"), a_text(), committed=True)
    assert (error.temporary, error.doubt) == (True, False)
    assert error.reason == "the channel chat cannot reach JSON"


async def test_a_certificate_that_cannot_be_trusted_is_no_doubt(tmp_path: Path) -> None:
    with Receiver(certificate=make_certificate(tmp_path, "127.0.0.1")) as service:
        error = await failure(Apprise("chat", service.url("/chat", scheme="jsons")), a_text(), committed=True)
    assert (error.temporary, error.doubt) == (True, False)
    assert service.posts == []


@pytest.mark.parametrize(
    ("answers", "doubt"),
    [((200, 403), True), ((403, 200), True), ((403,), False), ((200, "drop"), True), (("drop", 403), True)],
)
async def test_of_a_text_in_several_posts_some_may_have_arrived(answers: tuple[int | str, ...], doubt: bool) -> None:
    with Receiver(answers) as service:
        way = a_chat(service, "/chat?overflow=split")
        error = await failure(way, a_text(raw=b"Border desk\n\n" + b"a line of a digest\n" * 2_000), committed=True)
    assert len(service.posts) == 2
    assert error.doubt is doubt


async def test_an_address_that_calls_failures_success_is_not_believed() -> None:
    with Receiver([500]) as service:
        error = await failure(a_chat(service, "/chat?optional=yes"), a_text(), committed=True)
    assert error.reason == "the channel chat was refused by JSON: HTTP 500"


@pytest.mark.parametrize(
    "url", [f"nothing://{SECRET}", f"slack://{SECRET}", SECRET, f"json://{SECRET}:{SECRET}:x@/", ""]
)
async def test_an_address_that_the_library_cannot_read_is_said_before_anything_is_sent(
    url: str, logged: StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    error = await failure(Apprise("chat", url), a_text(), committed=False)
    assert (error.temporary, error.doubt, error.way) == (True, False, True)
    assert (
        error.reason == "the channel chat has an address that apprise cannot read: see its wiki for the service's form"
    )
    assert logged.getvalue() == "".join(capfd.readouterr()) == ""


@pytest.mark.parametrize("answer", [Answer(200), Answer(403, body=SECRET.encode()), Answer("drop")])
async def test_the_address_stands_in_no_log_no_receipt_and_no_reason(
    answer: Answer, logged: StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    with Receiver([answer]) as service:
        url = service.url(f"/{SECRET}?+X-Key={SECRET}", scheme="json").replace("//", f"//desk:{SECRET}@", 1)
        way = Apprise("chat", url)
        if answer.status == 200:
            said = (await way.send(a_text(), nothing_to_do)).answer
        else:
            said = (await failure(way, a_text())).reason
    assert service.posts[0].headers["x-key"] == SECRET
    assert SECRET not in said
    assert SECRET not in logged.getvalue() + "".join(capfd.readouterr())


async def test_a_cancelled_send_is_not_waited_for() -> None:
    with Receiver(["hang"]) as service:
        task = asyncio.create_task(a_chat(service, "/chat?rto=1").send(a_text(), nothing_to_do))
        assert await comes_true(lambda: len(service.posts) == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
