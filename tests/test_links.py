"""Where messages lead to: one click where the address is public and https, by mail elsewhere."""

from pathlib import Path

import pytest

from monitor.links import is_public, links
from monitor.types import Links
from tests.configuration import loaded

BY_MAIL = "mailto:roxham+news@example.org?subject=unsubscribe%20t0-_k"


@pytest.mark.parametrize(
    ("base_url", "found"),
    [
        ("https://news.example.org", ("https://news.example.org/unsubscribe/t0-_k", True)),
        ("https://news.example.org/roxham", ("https://news.example.org/roxham/unsubscribe/t0-_k", True)),
        ("http://news.example.org", (BY_MAIL, False)),
        ("https://127.0.0.1:8400", (BY_MAIL, False)),
        ("https://10.1.2.3", (BY_MAIL, False)),
        ("https://[fd00::1]", (BY_MAIL, False)),
        ("https://newsroom", (BY_MAIL, False)),
        ("https://roxham.newsroom.internal", (BY_MAIL, False)),
        ("https://roxham.local.", (BY_MAIL, False)),
        ("https://8.8.8.8", ("https://8.8.8.8/unsubscribe/t0-_k", True)),
    ],
)
def test_a_click_unsubscribes_where_everybody_can_reach_it_and_a_mail_elsewhere(
    base_url: str, found: tuple[str, bool]
) -> None:
    made = links(base_url, "roxham+news@example.org", "t0-_k")
    assert (made.unsubscribe, made.one_click) == found
    assert made.by_mail == BY_MAIL
    assert is_public(base_url) == made.one_click


def test_pages_that_nobody_else_reaches_are_not_linked() -> None:
    made = links(None, "roxham+news@example.org", "t0-_k")
    assert (made.unsubscribe, made.whole) == (BY_MAIL, None)
    made = links("http://10.1.2.3:8400", "roxham@example.org", "t")
    assert made.whole == "http://10.1.2.3:8400/digests/t"


@pytest.mark.parametrize(
    ("base_url", "only_here"),
    [
        ("http://127.0.0.1:8400", True),
        ("http://localhost:8400", True),
        ("http://desk.localhost", True),
        ("http://[::1]:8400", True),
        ("http://10.1.2.3:8400", False),
        ("https://news.example.org", False),
    ],
)
def test_an_address_of_this_machine_is_of_no_use_in_a_mail(tmp_path: Path, base_url: str, only_here: bool) -> None:
    monitor = f"contact: desk@newsroom.test\nweb: {{base_url: '{base_url}'}}\n"
    assert loaded(tmp_path, monitor=monitor).web.only_here is only_here


def test_a_message_without_a_token_unsubscribes_nobody() -> None:
    assert links("https://news.example.org", "roxham@example.org", None) == Links()
