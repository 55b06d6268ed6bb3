"""Every archive's duties towards those who watch the service: lists of messages, items and visits, and figures."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.archive import Archive, as_it_comes
from monitor.types import AlarmKind, ItemState, Message, Receipt, SendState, VisitOutcome
from tests.builders import NOW, article, item, match, visit
from tests.contracts.test_archive import ARCHIVES, keep

MINUTE = timedelta(minutes=1)


@pytest.fixture(params=sorted(ARCHIVES))
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    opened = ARCHIVES[request.param](tmp_path)
    yield opened
    opened.close()


def message(archive: Archive, number: int, *, digest: str = "morning", reader: str = "a@desk.test") -> int:
    """Puts a message into the outbox, made that many minutes from now; returns its number."""
    now = NOW + number * MINUTE
    archive.alarm(AlarmKind.FAILED, f"number {number}", now)
    (alarm,) = archive.alarms(untold_only=True)
    archive.commit_alarms(
        [alarm.id],
        Message(
            message_id=f"<{number}@desk.test>", digest_id=digest, to=reader, slot=f"{number}", subject="", raw=b"x"
        ),
        now,
    )
    return archive.outbox(open_only=True)[-1].id


def several(archive: Archive) -> dict[SendState, int]:
    """One message in each state that an outbox at rest has."""
    numbers: dict[SendState, int] = {
        state: message(archive, place) for place, state in enumerate(SendState) if state != SendState.SENDING
    }
    archive.mark_sent(numbers[SendState.SENT], Receipt(at=NOW, channel="smtp", answer="250"))
    archive.mark_unsent(numbers[SendState.FAILED], "550", next_try_at=None, failed=True, now=NOW)
    archive.mark_unsent(numbers[SendState.DOUBT], "cut", next_try_at=None, doubt=True, now=NOW)
    archive.drop_message(numbers[SendState.DROPPED], "enough", NOW)
    return numbers


def test_messages_are_chosen_by_state_and_counted(archive: Archive) -> None:
    numbers = several(archive)
    for state, number in numbers.items():
        assert [each.id for each in archive.outbox(states=[state])] == [number]
    two = [SendState.DOUBT, SendState.DROPPED]
    assert [each.id for each in archive.outbox(states=two)] == [numbers[state] for state in two]
    assert archive.outbox_counts() == {state: int(state in numbers) for state in SendState}
    unsent = {SendState.WAITING, SendState.FAILED, SendState.DOUBT}
    assert {each.state for each in archive.outbox(open_only=True)} == unsent
    assert all(each.message.raw == b"" for each in archive.outbox())


def test_pages_of_messages_neither_skip_nor_repeat(archive: Archive) -> None:
    numbers = [message(archive, place) for place in range(7)]
    seen: list[int] = []
    before = None
    while page := archive.outbox(limit=3, before=before):
        assert [each.id for each in page] == sorted(each.id for each in page)
        seen = [*(each.id for each in page), *seen]
        before = page[0].id
    assert seen == numbers
    assert archive.outbox(limit=3, before=numbers[0]) == []


def test_messages_are_chosen_by_reader_and_digest(archive: Archive) -> None:
    first = message(archive, 0)
    other = message(archive, 1, reader="b@desk.test")
    third = message(archive, 2, digest="evening")
    assert [each.id for each in archive.outbox(reader="b@desk.test")] == [other]
    assert [each.id for each in archive.outbox(digest="morning")] == [first, other]
    assert [each.id for each in archive.outbox(reader="a@desk.test", digest="evening", limit=1)] == [third]
    assert archive.outbox(reader="nobody") == []
    assert [each.id for each in archive.outbox(reader="a@desk.test", states=[SendState.WAITING])] == [first, third]
    assert [each.id for each in archive.outbox(open_only=True, digest="evening")] == [third]


def test_items_are_listed_and_counted_by_source(archive: Archive) -> None:
    archive.keep_visit(visit("a"), [item("http://a.test/1"), item("http://a.test/2"), item("http://a.test/3")])
    archive.keep_visit(visit("b"), [item("http://b.test/1")])
    first, second, *_ = archive.pending(NOW)
    archive.reject(first, "no text")
    archive.reject(second, "it breaks", aside=True)
    everything = [ItemState.PENDING, ItemState.SET_ASIDE, ItemState.REJECTED]
    assert {each.source_id for each in archive.listed(everything, source="a")} == {"a"}
    assert len(archive.listed(everything, source="a", limit=2)) == 2
    assert archive.listed([ItemState.REJECTED], source="b") == []
    assert archive.waiting_items() == {
        "a": {ItemState.PENDING: 1, ItemState.SET_ASIDE: 1},
        "b": {ItemState.PENDING: 1},
    }


def test_the_facts_of_one_source_are_those_of_the_list(archive: Archive) -> None:
    keep(archive, article(), match())
    archive.keep_visit(visit("desk", at=NOW + MINUTE), [item("http://desk.test/b")])
    archive.keep_visit(visit("other"), [item("http://other.test/b")])
    assert archive.source_facts("desk") == archive.facts()["desk"]
    assert archive.source_facts("other") == archive.facts()["other"]
    assert archive.source_facts("nobody") is None


def test_the_newest_visits_come_first_and_say_what_was_answered(archive: Archive) -> None:
    archive.keep_visit(visit("a"), [item("http://a.test/1")])
    for after in (1, 2):
        archive.keep_visit(visit("a", at=NOW + after * MINUTE, outcome=VisitOutcome.UNCHANGED, status=304), [])
    failed = visit("a", at=NOW + 3 * MINUTE, outcome=VisitOutcome.FAILED, status=503, error="HTTP 503")
    archive.keep_visit(failed, [])
    archive.keep_visit(visit("b"), [])
    visits = archive.last_visits("a", 10)
    assert [(v.outcome, v.status, v.new, v.repeats) for v in visits] == [
        ("failed", 503, 0, 0),
        ("unchanged", 304, 0, 1),
        ("changed", 200, 1, 0),
    ]
    assert archive.last_visits("a", 1) == visits[:1]
    assert archive.last_visits("nobody", 1) == []


def test_figures_count_on_from_what_was_counted_before(archive: Archive) -> None:
    figures = archive.figures()
    assert (figures.visits.visits, figures.articles, figures.oldest_at) == ({}, 0, None)
    for minute in range(6):
        changed = VisitOutcome.CHANGED if minute in (0, 4) else VisitOutcome.UNCHANGED
        archive.keep_visit(visit("a", at=NOW + minute * MINUTE, outcome=changed), [], as_it_comes)
        archive.keep_visit(visit("b", at=NOW + minute * MINUTE, outcome=VisitOutcome.UNCHANGED), [], as_it_comes)
        figures = archive.figures(figures)
        assert figures == archive.figures()
    assert figures.visits.visits == {("a", "changed"): 2, ("a", "unchanged"): 4, ("b", "unchanged"): 6}


def test_figures_say_what_is_kept_and_what_waits(archive: Archive) -> None:
    keep(archive, article(), match("stca"))
    numbers = several(archive)
    figures = archive.figures()
    assert (figures.articles, figures.matched) == (1, {"stca": 1})
    assert figures.outbox == archive.outbox_counts()
    waiting = archive.message(numbers[SendState.WAITING])
    assert waiting is not None
    assert figures.oldest_at == waiting.created_at
    assert sum(figures.alarms.values()) == len(archive.alarms())
    assert figures.untold == len(archive.alarms(untold_only=True)) > 0
