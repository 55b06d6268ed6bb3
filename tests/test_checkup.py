"""What a visit says of its source, and what can be said without one: problems, and what would help."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.archive import SourceFacts
from monitor.pipeline import checked, remarks
from monitor.types import Found, Health, Read, SourceState, Trouble, Visit, VisitOutcome
from tests import builders

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GOOD = Found(url="https://desk.test/a", title="A", summary="Of a.", published_at=NOW - timedelta(hours=1))
WELL = Health(remarks=(), per_week=None, this_week=0)


def visit(*found: Found, **more: Any) -> Visit:
    fields: dict[str, Any] = {"outcome": VisitOutcome.CHANGED, "status": 200} | more
    return Visit(source_id="desk", started_at=NOW, finished_at=NOW, found=found, **fields)


def failed(status: int | None, trouble: Trouble = Trouble.SOFT) -> Visit:
    return visit(outcome=VisitOutcome.FAILED, status=status, trouble=trouble, error="it failed")


@pytest.mark.parametrize(
    ("status", "trouble", "advice"),
    [
        (404, Trouble.HARD, "`roxham sources add https://desk.test/` looks for the present one"),
        (410, Trouble.HARD, "the address is gone"),
        (401, Trouble.SOFT, "`auth_env`"),
        (403, Trouble.SOFT, "the server refuses"),
        (429, Trouble.SOFT, "a longer `every`"),
        (200, Trouble.SOFT, "whether `kind` and `url` are right"),
        (503, Trouble.TEMPORARY, "check again later"),
        (None, Trouble.TEMPORARY, "check again later"),
        (None, Trouble.HARD, "look whether the address is written right"),
    ],
)
def test_a_failure_comes_with_what_would_help(status: int | None, trouble: Trouble, advice: str) -> None:
    one = checked(builders.source("desk", url="https://desk.test/feed"), failed(status, trouble), None, NOW)
    assert (one.problem, one.holds) == ("it failed", False)
    assert advice in (one.advice or "")


@pytest.mark.parametrize(
    ("came", "settings", "problem", "holds"),
    [
        (visit(GOOD), {}, None, True),
        (visit(), {}, "it lists nothing", False),
        (visit(), {"may_be_empty": True}, None, True),
        (visit(GOOD, moved_to="https://new.test/"), {}, "moved for good to https://new.test/", True),
        (visit(Found(url="https://d.test/", published_at=NOW - timedelta(days=99))), {},
         "its newest item is of 2026-08-14", True),
        (visit(Found(url="https://d.test/")), {"read": Read.FEED}, "its items have no titles", True),
        (visit(Found(url="https://d.test/")), {"read": Read.PAGE}, None, True),
        (visit(Found(url="https://d.test/"), error="cut: 9"), {"read": Read.PAGE}, "cut: 9", True),
        (visit(Found(url="https://d.test/", title="A")), {"read": Read.FEED}, "its items hold no text", True),
        (visit(Found(url="https://d.test/", title="A")), {"read": Read.PAGE}, None, True),
        (visit(GOOD, error="1 of its items could not be read"), {}, "1 of its items could not be read", True),
    ],
)  # fmt: skip
def test_what_a_good_answer_lacks_is_said(
    came: Visit, settings: dict[str, Any], problem: str | None, holds: bool
) -> None:
    one = checked(builders.source("desk", **settings), came, None, NOW)
    assert (one.problem, one.holds) == (problem, holds)


def facts(**more: int) -> SourceFacts:
    figures = {"visits": 9, "items": 0, "pending": 0, "set_aside": 0, "rejected": 0, "matched": 0} | more
    return SourceFacts(state=SourceState(source_id="desk", last_visit_at=NOW), **figures)


def test_a_source_that_never_brings_anything_on_a_topic_is_named() -> None:
    desk = builders.source("desk")
    for known, said in (
        (facts(items=600), [("desk", "none of its 600 items was ever about a topic")]),
        (facts(items=600, matched=1), []),
        (facts(items=100), []),
    ):
        assert list(remarks([desk], {"desk": known}, {"desk": WELL})) == said


def test_many_sources_at_one_host_are_said_once_and_what_is_off_not_at_all() -> None:
    many = [builders.source(f"s{n}", url=f"https://one.test/{n}", enabled=n > 0) for n in range(12)]
    [(named, text)] = remarks(many, {}, {source.id: WELL for source in many})
    assert (named, text.startswith("11 sources are at one.test")) == (None, True)


def test_what_people_added_is_no_source_that_was_forgotten() -> None:
    known = {"by-hand:desk": facts(), "gone": facts()}
    assert [named for named, _ in remarks([], known, {})] == ["gone"]
