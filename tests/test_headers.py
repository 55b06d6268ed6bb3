"""The headers of a mail: who, to whom, how to leave; no text from outside says more in them than itself."""

import email
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.digest import alarm_mail, message_id, thread_id
from monitor.digest.headers import header_text
from monitor.types import Alarm, AlarmKind, Links, Message, Slot
from tests.digests import DESK, NOW, a_digest, a_mail, an_article, parsed

INJECTION = "Bcc: victim@example.org"
ODD = {
    "CR LF": f"Line\r\n{INJECTION}",
    "CR": f"Line\r{INJECTION}",
    "LF": f"Line\n{INJECTION}",
    "NEL": f"Line\x85{INJECTION}",
    "LINE SEPARATOR": f"Line\u2028{INJECTION}",
    "PARAGRAPH SEPARATOR": f"Line\u2029{INJECTION}",
    "vertical tab and form feed": f"Line\x0b{INJECTION}\x0c{INJECTION}",
    "separators of ASCII": f"Line\x1c{INJECTION}\x1d\x1e\x1f",
    "NUL": f"Line\x00\r\x00\n{INJECTION}",
    "encoded word, Q": "=?utf-8?q?=0d=0aBcc:=20victim@example.org?=",
    "encoded word, B": "=?utf-8?b?DQpCY2M6IHZpY3RpbUBleGFtcGxlLm9yZw==?=",
    "encoded word in an encoded word": "=?utf-8?q?=3D=3Futf-8=3Fq=3F=0d=0aBcc:=20x@example.org=3F=3D?=",
    "encoded word that cleaning makes": "=\u200b?utf-8?q?=0d=0aBcc:=20victim@example.org?=",
    "encoded word in full width": "＝？utf-8？q？=0d=0aBcc:=20victim@example.org？＝",
    "bidi controls": "abc\u202egro.elpmaxe@mitciv :ccB\u2066\u2069\u200f",
    "half a surrogate pair": "Line\ud800\r\nBcc: x@example.org",
    "ten thousand characters": "word " * 2000,
    "ten thousand characters without a space": "é" * 10_000,
    "only spaces": " \u00a0\u2003 ",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_text_in_a_header_says_nothing_but_itself(text: str) -> None:
    said = header_text(text)
    assert said == header_text(said)
    assert len(said) <= 501
    assert said.isprintable()
    assert not re.search("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", said)
    assert not re.search(r"=\?[^?]*\?[QqBb]\?", said)


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\r\n=?\x00\u202e ")), max_size=80))
def test_no_text_at_all_leaves_a_header(text: str) -> None:
    said = header_text(text)
    assert said == header_text(said)
    assert len(said.splitlines()) <= 1
    assert "=?" not in said


def headers_of(message: Message) -> list[tuple[str, str]]:
    head = message.raw.split(b"\r\n\r\n", 1)[0].decode("ascii")
    assert "\n" not in head.replace("\r\n", "")
    return [(name, value) for name, _, value in (line.partition(":") for line in re.split(r"\r\n(?=\S)", head))]


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_no_text_from_outside_adds_a_header_or_a_recipient(text: str) -> None:
    usual = headers_of(a_mail(a_digest(an_article(1))))
    subscription = replace(DESK, title={"en": text})
    digest = replace(
        a_digest(an_article(1, title=text, publisher=text), subscription=subscription), slot=Slot(name=text, at=NOW)
    )
    message = a_mail(digest, program=text, thread_id=text, sender=f'"{text[:60]}" <roxham@example.org>')
    assert [name for name, _ in headers_of(message)] == [name for name, _ in usual]
    assert max(map(len, message.raw.split(b"\r\n"))) <= 998
    mail = email.message_from_bytes(message.raw, policy=policy.default)
    assert mail["Subject"] == message.subject
    assert mail.get_all("To") == ["desk@example.org"]
    assert mail["From"].addresses[0].addr_spec == "roxham@example.org"


def test_a_mail_says_which_list_it_is_of_and_what_it_continues() -> None:
    mail = parsed(a_mail(a_digest(an_article(1)), thread_id="<thread@example.org>"))
    assert mail["List-Id"] == "<desk-morning.example.org>"
    assert mail["References"] == mail["In-Reply-To"] == "<thread@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "Precedence" not in mail
    assert "List-Unsubscribe" not in mail
    assert "List-Unsubscribe-Post" not in mail


def test_ids_stand_in_the_mail_as_they_are_however_long() -> None:
    thread = thread_id(b"secret", "desk", "a@example.org", "example.org")
    subscription = replace(DESK, id="d" * 64)
    raw = a_mail(a_digest(an_article(1), subscription=subscription), thread_id=thread).raw
    for header in (f"References: {thread}", f"In-Reply-To: {thread}", f"List-Id: <{'d' * 64}.example.org>"):
        assert f"\r\n{header}\r\n".encode() in raw


def test_the_digests_of_one_subscription_continue_one_thread() -> None:
    same = thread_id(b"secret", "desk", "a@example.org", "example.org")
    assert re.fullmatch(r"<[0-9a-f]{64}@example\.org>", same)
    assert thread_id(b"secret", "desk", "a@example.org", "example.org") == same
    others = {
        thread_id(b"other", "desk", "a@example.org", "example.org"),
        thread_id(b"secret", "desk2", "a@example.org", "example.org"),
        thread_id(b"secret", "desk", "b@example.org", "example.org"),
        message_id(b"secret", "desk", "", "a@example.org", "example.org"),
    }
    assert len(others | {same}) == 5


BY_MAIL = "mailto:roxham@example.org?subject=unsubscribe%20Zx8"
BY_POST = "https://news.example.org/unsubscribe/Zx8"


def test_one_post_unsubscribes_where_the_page_can_be_reached() -> None:
    mail = parsed(a_mail(a_digest(an_article(1)), links=Links(unsubscribe=BY_POST, by_mail=BY_MAIL)))
    assert " ".join(mail["List-Unsubscribe"].split()) == f"<{BY_POST}>, <{BY_MAIL}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_by_mail_alone_is_no_one_click() -> None:
    mail = parsed(a_mail(a_digest(an_article(1)), links=Links(unsubscribe=BY_MAIL, by_mail=BY_MAIL)))
    assert mail["List-Unsubscribe"] == f"<{BY_MAIL}>"
    assert "List-Unsubscribe-Post" not in mail


def test_a_long_address_to_leave_by_is_neither_folded_nor_encoded() -> None:
    long = BY_POST + "/" + "x" * 200
    raw = a_mail(a_digest(an_article(1)), links=Links(unsubscribe=long)).raw
    assert f"\r\nList-Unsubscribe: <{long}>\r\n".encode() in raw


def test_no_address_to_leave_by_adds_another() -> None:
    links = Links(unsubscribe="https://news.example.org/a>, <mailto:x@example.org>\r\nBcc: y@example.org")
    mail = parsed(a_mail(a_digest(an_article(1)), links=links))
    assert mail["List-Unsubscribe"] == "<https://news.example.org/amailto:x@example.orgBcc:y@example.org>"
    assert "Bcc" not in mail


def test_a_reader_that_is_a_folder_gets_a_mail_to_a_group_of_that_name() -> None:
    message = a_mail(replace(a_digest(an_article(1)), reader="newsroom"))
    mail = parsed(message)
    assert message.to == "newsroom"
    assert (mail["To"].addresses, [group.display_name for group in mail["To"].groups]) == ((), ["newsroom"])


# --- to the operator -------------------------------------------------------------------------------------------------


def alarms(*texts: str) -> list[Alarm]:
    kinds = list(AlarmKind)
    return [
        Alarm(id=n, kind=kinds[n % len(kinds)], at=NOW - timedelta(hours=9 - n), text=said)
        for n, said in enumerate(texts)
    ]


def an_alarm_mail(*texts: str, language: str = "en") -> Message:
    return alarm_mail(
        alarms(*texts),
        sender="Roxham <roxham@example.org>",
        to="night@example.org",
        program="Roxham",
        message_id="<alarm@example.org>",
        now=datetime(2026, 11, 22, 12, 0, 1, 5000, tzinfo=UTC),
        language=language,
    )


def test_the_operator_is_told_what_needs_a_hand() -> None:
    message = an_alarm_mail("The mail to a@example.org was refused: 550 no such user.", "b@example.org is paused.")
    mail = parsed(message)
    assert (message.digest_id, message.to, message.slot) == (
        "operator",
        "night@example.org",
        "now-20261122T120001.005000Z",
    )
    assert mail["Subject"] == message.subject
    assert message.subject.startswith("Roxham: 2 things need a hand – The mail to a@example.org was refused")
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().replace("\r\n", "\n") == (
        "2026-11-22 03:00 UTC · Not delivered\n"
        "  The mail to a@example.org was refused: 550 no such user.\n"
        "\n"
        "2026-11-22 04:00 UTC · May have arrived, and is not sent again by itself\n"
        "  b@example.org is paused.\n"
        "\n"
        "`roxham status` says where things stand; `roxham outbox` lists the\n"
        "messages.\n"
    )
    assert an_alarm_mail("one") == an_alarm_mail("one")


def test_the_operator_is_told_in_french() -> None:
    mail = parsed(an_alarm_mail("The mail was refused.", language="fr"))
    assert mail["Subject"] == "Roxham : une intervention demandée – The mail was refused."
    assert "Non remis" in mail.get_content()
    assert mail["Content-Language"] == "fr"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_operator_is_told_what_sort_each_thing_is_of(language: str) -> None:
    text = parsed(an_alarm_mail(*(f"{kind} it is" for kind in AlarmKind), language=language)).get_content()
    sorts = re.findall(r" UTC · (.+)\r?\n  (\w+) it is", text)
    assert [kind for _, kind in sorts] == [kind.value for kind in AlarmKind]
    assert len({sort for sort, _ in sorts}) == len(AlarmKind)


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_what_a_server_said_adds_nothing_to_the_operators_mail(text: str) -> None:
    message = an_alarm_mail(text)
    assert [name for name, _ in headers_of(message)] == [name for name, _ in headers_of(an_alarm_mail("one"))]
    assert max(map(len, message.raw.split(b"\r\n"))) <= 998
    assert parsed(message)["Subject"] == message.subject
