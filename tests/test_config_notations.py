"""The small notations of the configuration: durations, times, addresses, networks, and text that is none of them."""

from datetime import time, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.config import duration, duration_text
from monitor.config.addresses import address_range, location, mailbox, sender
from monitor.config.routes import mail_route
from monitor.config.schedules import schedule
from monitor.errors import ConfigError
from tests.configuration import GOOD, SHIPPED, loaded


@given(st.integers(1, 36_500 * 86_400))
def test_a_duration_is_read_back_as_it_was_written(seconds: int) -> None:
    assert duration(duration_text(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


def test_a_pause_may_be_nothing() -> None:
    assert duration("0s", zero=True) == timedelta()
    assert duration_text(timedelta()) == "0s"


@pytest.mark.parametrize(
    ("written", "weekdays", "times"),
    [
        ("daily 06:30", set(range(7)), [time(6, 30)]),
        ("weekdays 16:00, 7:00", set(range(5)), [time(7), time(16)]),
        ("weekends 09:00", {5, 6}, [time(9)]),
        ("Mondays, thursdays 08:00,08:00", {0, 3}, [time(8)]),
        ("sundays  00:00", {6}, [time(0)]),
    ],
)
def test_days_and_times_of_a_digest(written: str, weekdays: set[int], times: list[time]) -> None:
    read = schedule(written)
    assert read.moments == {(day, hour) for day in weekdays for hour in times}
    assert (read.every, read.at_once) == (None, False)


def test_a_digest_may_come_at_intervals_or_at_once() -> None:
    assert (schedule("every 2h").every, schedule("every 2h").moments) == (timedelta(hours=2), frozenset())
    assert schedule("At once").at_once


@pytest.mark.parametrize(
    ("written", "network", "port"),
    [
        ("10.0.0.0/8", "10.0.0.0/8", None),
        ("127.0.0.1", "127.0.0.1/32", None),
        ("127.0.0.1/32:8765", "127.0.0.1/32", 8765),
        ("127.0.0.1:8765", "127.0.0.1/32", 8765),
        ("::1", "::1/128", None),
        ("fd00::/8:80", "fd00::/8", 80),
        ("[::1]:8080", "::1/128", 8080),
    ],
)
def test_networks_with_and_without_a_port(written: str, network: str, port: int | None) -> None:
    assert address_range(written) == (ip_network(network), port)


@pytest.mark.parametrize("written", ["a@localhost", "a.b+c@x.test", "o'neil@x.invalid", "x@xn--mnchen-3ya.de"])
def test_addresses_are_held_against_their_syntax_only(written: str) -> None:
    assert mailbox(written) == written


@pytest.mark.parametrize(
    "written",
    [
        "a",
        "a@",
        "@b",
        "a@b@c",
        ".a@b.test",
        "a..b@c.test",
        "a@-b.test",
        "a@b..c",
        "a b@c.test",
        "é@b.test",
        "a,b@c.test",
    ],
)
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is not an e-mail address"):
        mailbox(written)


def test_the_name_of_a_sender_is_quoted_where_a_header_needs_it() -> None:
    assert sender("Pupitre frontières <a@b.test>") == "Pupitre frontières <a@b.test>"
    assert sender("Desk, Border <a@b.test>") == '"Desk, Border" <a@b.test>'
    assert sender('"Desk \\"B\\", Border" <a@b.test>') == '"Desk \\"B\\", Border" <a@b.test>'
    assert sender("a@b.test") == "a@b.test"


@pytest.mark.parametrize(
    ("written", "host", "port", "starttls"),
    [
        ("smtp://mail.test", "mail.test", 587, True),
        ("smtp://localhost:25?starttls=off", "localhost", 25, False),
        ("smtp://[::1]:25", "::1", 25, True),
        ("smtps://mail.test", "mail.test", 465, True),
    ],
)
def test_mail_routes(written: str, host: str, port: int, starttls: bool) -> None:
    route = mail_route(written)
    assert (route.host, route.port, route.starttls) == (host, port, starttls)


@pytest.mark.parametrize(
    "written", ["https://example.org/a?publishedDate>=2021-07-23", 'http://h/?q="a"[]', "HTTP://h"]
)
def test_unencoded_signs_in_addresses_are_left_alone(written: str) -> None:
    assert location(written).url == written


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_stands_in_a_file_ends_in_a_config_or_in_problems_with_places(
    tmp_path: Path, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(GOOD)))
    text = (SHIPPED / f"{name}.yaml").read_text("utf-8") if name != "sources" else GOOD[name]
    start = data.draw(st.integers(0, len(text)))
    noise = data.draw(st.text(alphabet="aé:-[]{}#&*!|>'\"%@`,? \n\t\x00019~<=", max_size=6))
    broken = text[:start] + noise + text[start + data.draw(st.integers(0, 6)) :]
    try:
        found = loaded(tmp_path, {name: broken}).warnings
    except ConfigError as error:
        found = error.problems
    last = broken.count("\n") + 1
    for problem in found:  # a topic that is gone is missed by the digests
        assert 1 <= problem.line <= (last if problem.file.endswith(f"{name}.yaml") else 99)
        assert problem.column >= 1
