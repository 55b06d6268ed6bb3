"""The webhook channel against a real web server that answers as it likes."""

import asyncio
import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from monitor.channels.webhook import Webhook, retry_after, signature, signing_key
from tests.mailbox import make_certificate
from tests.receiver import Answer, Receiver
from tests.ways import SECRET, a_document, comes_true, failure, nothing_to_do


def a_webhook(service: Receiver, path: str = "/hook", *, secret: str | None = None, timeout: float = 5) -> Webhook:
    return Webhook("hook", service.url(path), secret=secret, agent="Roxham/1.0 (+desk@example.org)", timeout=timeout)


# --- the request -----------------------------------------------------------------------------------------------------


async def test_a_post_says_what_it_is_and_which_it_is() -> None:
    with Receiver() as service:
        receipt = await a_webhook(service, "/hook?for=desk").send(a_document(), nothing_to_do)
    (post,) = service.posts
    assert post.path == "/hook?for=desk"
    assert post.body == a_document().raw
    assert post.headers["content-type"] == "application/json"
    assert post.headers["content-length"] == str(len(post.body))
    assert post.headers["user-agent"] == "Roxham/1.0 (+desk@example.org)"
    assert post.headers["idempotency-key"] == '"1-example-org"'
    assert post.headers["webhook-id"] == "1-example-org"
    assert "webhook-signature" not in post.headers
    assert receipt.answer == "HTTP 200"


async def test_a_second_try_has_the_same_key_and_another_message_another() -> None:
    with Receiver([500, 200]) as service:
        way = a_webhook(service)
        await failure(way, a_document(), committed=True)
        await way.send(a_document(), nothing_to_do)
        await way.send(a_document(message_id='<"2"\r\n@example.org>'), nothing_to_do)
    keys = [post.headers["idempotency-key"] for post in service.posts]
    assert keys[0] == keys[1] != keys[2]
    assert keys[2] == '"-2----example-org"'


def verified(headers: dict[str, str], body: bytes, key: bytes) -> bool:
    """As Standard Webhooks tells its receivers to."""
    assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 300
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}".encode()
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    version, _, sent = headers["webhook-signature"].partition(",")
    return version == "v1" and hmac.compare_digest(sent, expected)


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("whsec_" + base64.b64encode(b"twenty-four random bytes").decode(), b"twenty-four random bytes"),
        ("whsec_" + base64.b64encode(b"some bytes").decode().rstrip("="), b"some bytes"),
        ("as it is, é", "as it is, é".encode()),
    ],
)
async def test_a_signed_post_is_verified_as_the_standard_says(secret: str, key: bytes) -> None:
    with Receiver() as service:
        await a_webhook(service, secret=secret).send(a_document(), nothing_to_do)
    (post,) = service.posts
    assert verified(dict(post.headers), post.body, key)
    assert not verified(dict(post.headers), post.body + b" ", key)


def test_the_signature_is_the_one_of_the_standards_own_example() -> None:
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_secret_that_is_no_base64_is_said_before_anything_is_sent() -> None:
    with Receiver() as service:
        error = await failure(a_webhook(service, secret=f"whsec_{SECRET}!"), a_document(), committed=False)
    assert (error.temporary, error.way, error.doubt) == (True, True, False)
    assert error.reason.endswith("its secret begins with whsec_ and goes on in no base64")
    assert service.connections == 0


async def test_a_signed_address_is_asked_for_as_it_was_written() -> None:
    with Receiver() as service:
        await a_webhook(service, "/a%2Fb//c;d?sig=%2F%3d+%2B&=x").send(a_document(), nothing_to_do)
    assert service.posts[0].path == "/a%2Fb//c;d?sig=%2F%3d+%2B&=x"


async def test_user_and_password_of_the_address_are_sent_as_such() -> None:
    with Receiver() as service:
        url = service.url("/hook").replace("//", "//desk:s%40same@", 1)
        await Webhook("hook", url).send(a_document(), nothing_to_do)
    assert service.posts[0].headers["authorization"] == "Basic " + base64.b64encode(b"desk:s@same").decode()
    assert service.posts[0].headers["host"] == f"127.0.0.1:{service.port}"


# --- the answer ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_success_is_a_receipt(status: int) -> None:
    with Receiver([status]) as service:
        receipt = await a_webhook(service).send(a_document(), nothing_to_do)
    assert receipt.answer == f"HTTP {status}"


@pytest.mark.parametrize(
    ("status", "temporary", "doubt", "way"),
    [
        (301, True, False, True),
        (302, True, False, True),
        (307, True, False, True),
        (304, True, False, True),
        (400, False, False, False),
        (401, True, False, True),
        (403, True, False, True),
        (404, True, False, True),
        (408, True, False, False),
        (409, True, False, False),
        (410, False, False, False),
        (413, False, False, False),
        (422, False, False, False),
        (425, True, False, False),
        (429, True, False, True),
        (500, True, False, False),
        (502, True, True, False),
        (503, True, False, True),
        (504, True, True, False),
    ],
)
async def test_a_status_decides_whether_to_try_again(status: int, temporary: bool, doubt: bool, way: bool) -> None:
    with Receiver([status]) as service:
        error = await failure(a_webhook(service), a_document(), committed=True)
    assert (error.temporary, error.doubt, error.way) == (temporary, doubt, way)
    assert error.gone is (status == 410)
    assert error.reason.startswith(f"the webhook hook (http://127.0.0.1) answered HTTP {status} ")
    assert len(service.posts) == 1


async def test_a_redirect_is_not_followed_and_its_goal_is_named_without_what_may_be_secret() -> None:
    with (
        Receiver() as other,
        Receiver([Answer(308, {"Location": f"{other.url('/x')}/{SECRET}?a={SECRET}"})]) as service,
    ):
        error = await failure(a_webhook(service), a_document())
    assert error.reason.endswith(
        "a redirect to http://127.0.0.1; none is followed: put the new address into monitor.yaml"
    )
    assert other.connections == 0


@pytest.mark.parametrize("to", ["http://[broken", "/elsewhere", ""])
async def test_a_redirect_that_leads_nowhere_is_a_redirect(to: str) -> None:
    with Receiver([Answer(302, {"Location": to})]) as service:
        error = await failure(a_webhook(service), a_document())
    assert (error.temporary, error.doubt) == (True, False)
    assert "answered HTTP 302 Found, a redirect; none is followed" in error.reason


@pytest.mark.parametrize("status", [429, 503])
async def test_the_receivers_wish_to_be_left_alone_is_told(status: int) -> None:
    with Receiver([Answer(status, {"Retry-After": "120"})]) as service:
        error = await failure(a_webhook(service), a_document())
    assert error.retry_after == timedelta(seconds=120)


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("0", timedelta(0)),
        (" 3600 ", timedelta(hours=1)),
        ("Sun, 22 Nov 2026 12:10:00 GMT", timedelta(minutes=10)),
        ("Sun, 22 Nov 2026 12:10:00 -0000", timedelta(minutes=10)),
        ("Sun, 22 Nov 2026 11:00:00 GMT", timedelta(0)),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("9" * 5000, None),
        ("Sun, 22 Nov 99999 12:10:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(said: str, wait: timedelta | None) -> None:
    assert retry_after({"Retry-After": said}, datetime(2026, 11, 22, 12, tzinfo=UTC)) == wait


def test_a_wish_on_the_wire_is_one_on_paper() -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert retry_after({"Retry-After": format_datetime(now + timedelta(days=1), usegmt=True)}, now) == timedelta(days=1)
    assert retry_after({}, now) is None


async def test_what_the_receiver_says_of_a_refusal_is_told_in_one_short_line() -> None:
    with Receiver([Answer(422, body=b'no field\r\n"title"\x00 in it ' + b"x" * 5_000)]) as service:
        error = await failure(a_webhook(service), a_document())
    assert ': no field "title" in it xxx' in error.reason
    assert "\n" not in error.reason
    assert len(error.reason) < 400


async def test_of_a_long_answer_only_the_beginning_is_waited_for() -> None:
    endless = Answer(500, {"Content-Length": str(10**12)}, body=b"sorry " * 1000)
    with Receiver([endless]) as service:
        error = await failure(a_webhook(service), a_document())
    assert "answered HTTP 500 Internal Server Error: sorry sorry" in error.reason


async def test_a_compressed_answer_is_not_unpacked() -> None:
    with Receiver([Answer(400, {"Content-Encoding": "gzip"}, body=b"\x1f\x8b\x08\x00broken")]) as service:
        error = await failure(a_webhook(service), a_document())
    assert not error.temporary


async def test_a_receiver_that_quotes_our_secrets_does_not_get_them_into_the_reason() -> None:
    secret = "whsec_" + base64.b64encode(SECRET.encode()).decode()
    path = f"/services/T{SECRET}?key=Q{SECRET}%21"
    words = f"no: /services/T{SECRET}?key=Q{SECRET}%21 Q{SECRET}! {secret} {secret[6:]}".encode()
    with Receiver([Answer(400, body=words, reason=f"Bad T{SECRET}")]) as service:
        error = await failure(a_webhook(service, path, secret=secret), a_document())
    assert SECRET not in error.reason
    assert secret[6:] not in error.reason
    assert "answered HTTP 400 Bad ***" in error.reason


# --- the line --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["drop", "hang"])
async def test_no_answer_to_the_whole_request_leaves_doubt(fault: str) -> None:
    with Receiver([fault]) as service:
        error = await failure(a_webhook(service, timeout=0.3), a_document(), committed=True)
    assert (error.temporary, error.doubt, error.way) == (True, True, True)
    assert len(service.posts) == 1


async def test_a_receiver_that_takes_nothing_in_is_not_waited_for_for_ever() -> None:
    with Receiver([Answer("hang", read=False)]) as service:
        error = await failure(a_webhook(service, timeout=0.2), a_document(raw=b"[" + b" " * 20_000_000 + b"]"))
    assert (error.temporary, error.doubt) == (True, True)
    assert "did not answer in time" in error.reason


async def test_something_that_speaks_no_http_is_temporary() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org ESMTP\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        error = await failure(Webhook("hook", f"http://127.0.0.1:{port}/"), a_document())
    assert (error.temporary, error.way) == (True, True)
    assert error.reason.startswith("the webhook hook (http://127.0.0.1) cannot be used: ")


async def test_a_host_that_does_not_exist_is_temporary_and_nothing_was_sent() -> None:
    error = await failure(Webhook("hook", "http://nobody.invalid/hook"), a_document(), committed=False)
    assert (error.temporary, error.doubt, error.way) == (True, False, True)
    assert error.reason.startswith("the webhook hook (http://nobody.invalid) cannot be reached: ")


async def test_cancelling_leaves_no_connection() -> None:
    with Receiver(["hang"]) as service:
        task = asyncio.create_task(a_webhook(service).send(a_document(), nothing_to_do))
        assert await comes_true(lambda: len(service.posts) == 1)
        before = sockets()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await comes_true(lambda: sockets() == before - 1)


def sockets() -> int:
    return len(asyncio.get_running_loop()._selector.get_map())  # type: ignore[attr-defined]


# --- encryption ------------------------------------------------------------------------------------------------------


async def test_a_post_is_encrypted_where_the_certificate_can_be_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Receiver(certificate=certificate) as service:
        await a_webhook(service).send(a_document(), nothing_to_do)
    assert [post.body for post in service.posts] == [a_document().raw]


async def test_an_unknown_certificate_stops_the_post(tmp_path: Path) -> None:
    with Receiver(certificate=make_certificate(tmp_path, "127.0.0.1")) as service:
        error = await failure(a_webhook(service), a_document(), committed=False)
    assert (error.temporary, error.doubt, error.way) == (True, False, True)
    assert error.reason.endswith("has no TLS that can be trusted: self-signed certificate")
    assert service.posts == []


async def test_a_certificate_for_another_host_stops_the_post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = make_certificate(tmp_path, "hooks.example.org")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Receiver(certificate=certificate) as service:
        error = await failure(a_webhook(service), a_document(), committed=False)
    assert "IP address mismatch" in error.reason
    assert service.posts == []


async def test_a_receiver_without_tls_gets_nothing_that_was_meant_to_be_encrypted() -> None:
    with Receiver() as service:
        error = await failure(Webhook("hook", service.url(scheme="https")), a_document(), committed=False)
    assert "no TLS that can be trusted" in error.reason
    assert service.posts == []
