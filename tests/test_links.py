"""Where messages lead to: one click where the address is public and https, by mail elsewhere."""

import pytest

from monitor.links import is_public, links, only_here
from monitor.types import Links

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


def test_pages_that_only_this_machine_reaches_are_not_linked() -> None:
    for url in ("http://127.0.0.1:8400", "http://localhost:8400", "http://desk.localhost", "http://[::1]:8400"):
        assert only_here(url)
        made = links(url, "roxham@example.org", "t")
        assert made.whole is None
    made = links("http://10.1.2.3:8400", "roxham@example.org", "t")
    assert made.whole == "http://10.1.2.3:8400/digests/t"


def test_a_message_without_a_token_unsubscribes_nobody() -> None:
    assert links("https://news.example.org", "roxham@example.org", None) == Links()
