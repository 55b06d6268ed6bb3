"""The duties of every archive (monitor/archive/__init__.py). A second implementation adds itself to `ARCHIVES`."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.archive import Archive, Filter, Holding, Judge, Marked, Marks, Remarked, Running
from monitor.archive.sqlite import SQLiteArchive
from monitor.digest import compose
from monitor.errors import ArchiveError
from monitor.query import Compiled, QueryError, parse, subject
from monitor.stories import fingerprint
from monitor.types import (
    Arrival,
    Arrived,
    Article,
    Credit,
    Day,
    Digest,
    EntryKind,
    Item,
    ItemState,
    Judgement,
    Keep,
    Match,
    Message,
    Outcome,
    Receipt,
    Relation,
    Schedule,
    SendState,
    Slot,
    Span,
    Subscription,
    Tie,
    TieKind,
    Trouble,
    VisitOutcome,
    Wishes,
)
from tests.builders import LONG, NOW, STORIES, address, article, item, match, reading, subscription, topic, visit, words

Opener = Callable[[], Archive]


def open_sqlite(folder: Path) -> Archive:
    return SQLiteArchive.for_writing(folder / "roxham.db", purpose="test", now=NOW, wait=0)


ARCHIVES = {"sqlite": open_sqlite}
_WORDINGS = itertools.count(1000)  # no wording that a builder gives
HOUR = timedelta(hours=1)


@pytest.fixture(params=sorted(ARCHIVES))
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    return lambda: ARCHIVES[request.param](tmp_path)


@pytest.fixture
def archive(opener: Opener) -> Iterator[Archive]:
    opened = opener()
    yield opened
    opened.close()


def keep(archive: Archive, found: Article, *matches: Match, url: str | None = None) -> Outcome:
    """Lists, reads and keeps one article, as the pipeline would."""
    listed = url or found.addresses[0].url
    archive.keep_visit(visit(found.source_id), [item(listed, content_hash=str(next(_WORDINGS)))])
    pending = archive.pending(NOW)[0]
    archive.begin([pending.item_id])
    return archive.keep([reading(pending, found, matches)], STORIES, NOW)[0]


def told(archive: Archive, wanted: Subscription, slot: str = "s1") -> Digest:
    reader = wanted.to[0]
    return compose(wanted, reader, Slot(name=slot, at=NOW), archive.slice(wanted, reader, []), [topic()], NOW)


def message(slot: str = "s1") -> Message:
    return Message(message_id=f"<{slot}@test>", digest_id="morning", to="reader@example.test", slot=slot,
                   subject="News", raw=b"Subject: News\r\n\r\nText\r\n")  # fmt: skip


def test_neighbours_are_what_keep_asks_about_and_a_reader_may_ask_too(archive: Archive) -> None:
    keep(archive, article("http://desk.test/a"))
    keep(archive, article("http://desk.test/far", text="Other words."))
    same_text = article("http://desk.test/b")
    assert [n.article_id for n in archive.neighbours(same_text, fingerprint(same_text))] == [1]
    elsewhere = article("http://rival.test/b", publisher="Rival")
    assert archive.neighbours(elsewhere, fingerprint(elsewhere)) == []
    assert archive.alike(elsewhere, fingerprint(elsewhere), STORIES) == [(1, Tie(kind=TieKind.SAME, score=1.0))]
    same_address = article("http://desk.test/far", text="Third words.")
    assert [n.article_id for n in archive.neighbours(same_address, fingerprint(same_address))] == [2]
    stranger = article("http://desk.test/c", text="Fourth words.")
    assert archive.neighbours(stranger, fingerprint(stranger)) == []


def test_a_visit_and_what_it_found_outlive_the_process(opener: Opener) -> None:
    first = opener()
    assert first.keep_visit(visit(), [item("http://desk.test/a"), item("http://desk.test/b")]).new == 2
    first.close()
    again = opener()
    assert [p.found.url for p in again.pending(NOW)] == ["http://desk.test/a", "http://desk.test/b"]
    state = again.states()["desk"]
    assert (state.etag, state.body_hash, state.failures) == ('"1"', "aa", 0)
    assert state.first_visit_at == state.last_good_at == NOW + timedelta(seconds=1)
    again.close()


def test_an_item_listed_again_is_not_new_unless_it_says_something_new(archive: Archive) -> None:
    archive.keep_visit(visit(), [item(content_hash="1")])
    assert archive.keep_visit(visit(), [item(content_hash="1")]).new == 0
    assert archive.keep_visit(visit(), [item(content_hash="2")]).new == 1
    assert len(archive.pending(NOW)) == 1


def test_a_failed_visit_counts_and_keeps_the_validators(archive: Archive) -> None:
    archive.keep_visit(visit(), [])
    later = NOW + timedelta(hours=1)
    archive.keep_visit(
        visit(at=later, outcome=VisitOutcome.FAILED, etag=None, body_hash=None, error="404", not_before=later), []
    )
    state = archive.states()["desk"]
    assert (state.etag, state.failures, state.error, state.not_before) == ('"1"', 1, "404", later)
    assert state.last_good_at == NOW + timedelta(seconds=1)
    archive.keep_visit(visit(outcome=VisitOutcome.UNCHANGED), [])
    assert (archive.states()["desk"].failures, archive.states()["desk"].error) == (0, None)


def test_a_skipped_visit_changes_nothing(archive: Archive) -> None:
    archive.keep_visit(visit(outcome=VisitOutcome.SKIPPED), [])
    assert archive.states()["desk"].last_visit_at is None


def test_an_item_that_dies_three_times_is_set_aside_and_can_be_retried(archive: Archive) -> None:
    archive.keep_visit(visit(), [item("http://desk.test/a"), item("http://desk.test/killer")])
    killer = archive.pending(NOW)[1].item_id
    for _ in range(3):
        assert archive.set_aside(after_attempts=3) == []
        archive.begin([killer])
    assert [p.item_id for p in archive.pending(NOW)][-1] == killer  # suspects come last
    assert [i.item_id for i in archive.set_aside(after_attempts=3)] == [killer]
    assert killer not in [p.item_id for p in archive.pending(NOW)]
    assert [(i.item_id, i.state) for i in archive.listed([ItemState.SET_ASIDE])] == [(killer, ItemState.SET_ASIDE)]
    assert archive.retry([killer]) == 1
    assert {p.item_id: p.attempts for p in archive.pending(NOW)}[killer] == 0


def test_a_reading_handed_back_counts_as_never_begun(archive: Archive) -> None:
    archive.keep_visit(visit(), [item()])
    pending = archive.pending(NOW)[0]
    archive.begin([pending.item_id])
    archive.hand_back([pending.item_id])
    assert archive.pending(NOW)[0].attempts == 0


def test_a_rejected_item_is_closed_with_its_reason(archive: Archive) -> None:
    archive.keep_visit(visit(), [item()])
    archive.reject(archive.pending(NOW)[0], "no title and no text")
    assert archive.pending(NOW) == []
    assert archive.listed([ItemState.REJECTED])[0].reason == "no title and no text"
    assert archive.retry(None) == 0


def test_what_became_of_an_article_is_told_by_place(archive: Archive) -> None:
    first = article("http://desk.test/a")
    assert keep(archive, first, match()) is Outcome.NEW
    assert keep(archive, first, match()) is Outcome.KNOWN
    pickup = article("http://other.test/x", publisher="Other", source_id="other")
    assert keep(archive, pickup, match()) is Outcome.PICKUP
    assert keep(archive, article("http://desk.test/a", text=LONG + " more"), match()) is Outcome.VERSION
    assert keep(archive, article("http://desk.test/z", text=words("another"))) is Outcome.UNMATCHED
    kept = list(archive.articles(Filter()))
    assert [(a.id, a.relation, a.version, a.story_id) for a in kept] == [
        (1, Relation.ORIGIN, 2, 1),
        (2, Relation.PICKUP, 1, 1),
        (3, Relation.ORIGIN, 1, 2),
    ]


def test_readings_of_one_call_know_each_other(archive: Archive) -> None:
    archive.keep_visit(visit(), [item("http://desk.test/a"), item("http://desk.test/b")])
    readings = [reading(p, article(p.found.url or "")) for p in archive.pending(NOW)]
    assert archive.keep(readings, STORIES, NOW) == [Outcome.UNMATCHED, Outcome.KNOWN]
    assert next(archive.articles(Filter())).urls == ("http://desk.test/a", "http://desk.test/b")


def test_a_failure_in_the_middle_of_keeping_leaves_nothing(archive: Archive) -> None:
    archive.keep_visit(visit(), [item("http://desk.test/a"), item("http://desk.test/b")])
    work = archive.pending(NOW)
    whole = reading(work[1], article("http://desk.test/b", text=words("other")))
    broken = replace(whole, article=replace(whole.article, title=None))  # type: ignore[arg-type]
    with pytest.raises(ArchiveError):
        archive.keep([reading(work[0], article()), broken], STORIES, NOW)
    assert list(archive.articles(Filter())) == []
    assert len(archive.pending(NOW)) == 2


def test_versions_are_kept_and_never_overwritten(archive: Archive) -> None:
    keep(archive, article(text="First " + LONG))
    keep(archive, article(text="Second " + LONG, title="New headline"))
    assert [(v.number, v.title, v.text) for v in archive.versions(1)] == [
        (1, "A headline", "First " + LONG),
        (2, "New headline", "Second " + LONG),
    ]
    assert archive.search(Filter(query="first")) == []
    assert [hit.article.title for hit in archive.search(Filter(query="second"))] == ["New headline"]


def test_a_partial_article_waits_for_its_page_and_is_upgraded(archive: Archive) -> None:
    archive.keep_visit(visit(), [item()])
    pending = archive.pending(NOW)[0]
    later = NOW + timedelta(hours=1)
    short = reading(pending, article(partial=True, text="Only the teaser."), retry_at=later, note="503")
    assert archive.keep([short], STORIES, NOW) == [Outcome.UNMATCHED]
    assert archive.pending(NOW) == []
    again = archive.pending(later)[0]
    assert (again.failures, again.article_id) == (1, 1)
    assert archive.keep([reading(again, article(), [match()])], STORIES, later) == [Outcome.VERSION]
    kept = archive.article(1)
    assert kept is not None
    assert (kept.partial, kept.version, [m.topic_id for m in kept.matches]) == (False, 2, ["roxham-road"])
    assert archive.pending(later + timedelta(days=9)) == []


def test_a_try_before_its_time_costs_no_try_and_a_servers_wait_is_kept(archive: Archive) -> None:
    archive.keep_visit(visit(), [item("http://desk.test/a"), item("http://desk.test/b")])
    later = NOW + timedelta(hours=1)
    first, second = archive.pending(NOW)
    archive.postpone(first, "503", until=later, asked_until=None)
    archive.postpone(second, "429", until=later, asked_until=NOW + timedelta(minutes=10))
    assert archive.pending(NOW) == []
    (early,) = archive.waiting(NOW)
    assert (early.item_id, early.failures, early.not_before) == (first.item_id, 1, later)
    archive.postpone(early, "503", until=later, asked_until=None)
    assert archive.waiting(NOW)[0].failures == 1
    assert [p.item_id for p in archive.waiting(NOW + timedelta(minutes=20))] == [first.item_id, second.item_id]
    assert [p.item_id for p in archive.waiting(NOW + timedelta(minutes=20), after=first.item_id)] == [second.item_id]
    assert archive.waiting(NOW, sources=["other"]) == []
    assert archive.waiting(later) == []
    assert len(archive.pending(later)) == 2
    archive.begin([first.item_id])
    assert archive.waiting(NOW) == []  # what may have killed the process is left for its time
    archive.postpone(first, "503", until=later + timedelta(hours=4), asked_until=None)
    assert archive.waiting(later)[0].failures == 2


def test_pruning_erases_text_and_keeps_memory(archive: Archive) -> None:
    keep(archive, article("http://desk.test/a", title="Pruned"))
    keep(archive, article("http://desk.test/b", title="Kept", text=words("other")), match())
    assert archive.prune(NOW + timedelta(days=1)) == 1
    assert archive.prune(NOW + timedelta(days=1)) == 0
    pruned = archive.article(1)
    assert pruned is not None
    assert (pruned.title, pruned.text) == ("Pruned", None)
    assert archive.search(Filter(query="word1")) == []
    assert [hit.article.id for hit in archive.search(Filter(query="other1"))] == [2]
    assert keep(archive, article("http://desk.test/a", title="Pruned")) is Outcome.KNOWN
    assert keep(archive, article("http://desk.test/c", title="Pruned!")) is Outcome.KNOWN  # by its fingerprint
    assert keep(archive, article("http://desk.test/a", text="New " + LONG)) is Outcome.VERSION
    assert [hit.article.id for hit in archive.search(Filter(query="new"))] == [1]


def test_an_excerpt_keeps_only_the_sentences_that_matched(archive: Archive) -> None:
    keep(archive, article(keep=Keep.EXCERPT, summary="s" * 900), match())
    kept = archive.article(1)
    assert kept is not None
    assert kept.text == "They met at Roxham Road."
    assert kept.summary == "s" * 300
    assert (
        keep(archive, article("http://desk.test/b", keep=Keep.EXCERPT)) is Outcome.KNOWN
    )  # the whole text was compared


def test_a_hint_becomes_a_name_and_never_the_other_way(archive: Archive) -> None:
    from monitor.types import AddressKind

    found = article(addresses=(address("http://desk.test/a"), address("http://desk.test/real", AddressKind.HINT)))
    keep(archive, found)
    assert next(archive.articles(Filter())).urls == ("http://desk.test/a",)
    keep(archive, article("http://desk.test/real"))
    assert next(archive.articles(Filter())).urls == ("http://desk.test/a", "http://desk.test/real")


def test_search_folds_and_filters(archive: Archive) -> None:
    keep(archive, article("http://desk.test/a", text="Réouverture du chemin Roxham " + LONG, language="fr"), match())
    keep(archive, article("http://desk.test/b", text="Wroxham Road " + LONG))
    assert [h.article.id for h in archive.search(Filter(query='"chemin roxham"'))] == [1]
    assert [h.article.id for h in archive.search(Filter(query="REOUVERTURE"))] == [1]
    assert [h.article.id for h in archive.search(Filter(query="road", languages=("fr",)))] == []
    assert [h.article.id for h in archive.search(Filter(query="word1"))] == [2, 1]
    assert [h.article.id for h in archive.search(Filter(query="word1"), limit=1)] == [2]
    assert [a.id for a in archive.articles(Filter(topics=("roxham-road",)))] == [1]
    assert [a.id for a in archive.articles(Filter(sources=("desk",), since=NOW, until=NOW))] == []
    hit = archive.search(Filter(query="roxham"))[0]
    assert hit.snippet is not None
    assert "\x02Roxham\x03" in hit.snippet


def test_stories_name_their_members_and_how_much_they_kept(archive: Archive) -> None:
    keep(archive, article(), match())
    keep(archive, article("http://other.test/x", publisher="Other", source_id="other"), match())
    story = next(archive.stories(Filter(topics=("roxham-road",))))
    assert [(m.article.publisher, m.relation, m.kept) for m in story.members] == [
        ("Desk", Relation.ORIGIN, 1.0),
        ("Other", Relation.PICKUP, 1.0),
    ]


def test_a_digest_takes_a_slice_once_and_moves_the_reader_on(archive: Archive) -> None:
    wanted = subscription()
    archive.register([wanted], since=NOW - timedelta(days=7), now=NOW)
    keep(archive, article(), match())
    keep(archive, article("http://desk.test/b", text="Off topic " + LONG))
    digest = told(archive, wanted)
    assert (digest.after, digest.upto, len(digest.lines)) == (0, 2, 1)
    out = archive.commit_digest(digest, message())
    assert out is not None
    assert (out.state, out.message.raw, out.stories) == (SendState.WAITING, message().raw, 1)
    assert archive.commit_digest(digest, message()) is None  # the same slot again
    assert len(archive.outbox()) == 1
    after = told(archive, wanted, "s2")
    assert (after.after, after.upto, after.lines) == (2, 2, ())


def test_a_new_reader_starts_where_the_subscription_was_registered(archive: Archive) -> None:
    keep(archive, article(), match())
    archive.register([subscription("late")], since=NOW + timedelta(seconds=1), now=NOW + timedelta(seconds=1))
    assert told(archive, subscription("late")).after == 1
    archive.register([subscription("late")], since=NOW - timedelta(days=7), now=NOW)
    assert told(archive, subscription("late")).after == 1  # registered once


def test_the_ledger_knows_what_a_reader_was_told_across_digests(archive: Archive) -> None:
    keep(archive, article(), match())
    archive.commit_digest(told(archive, subscription("one")), message())
    again = told(archive, subscription("two"))
    assert again.lines == ()
    keep(archive, article("http://other.test/x", publisher="Other", source_id="other"), match())
    assert told(archive, subscription("one"), "s2").more_pickups == 1
    keep(archive, article(text=LONG + " corrected"), match())
    assert [line.updated for line in told(archive, subscription("one"), "s3").lines] == [True]


def test_scheduled_slots_are_remembered_and_others_use_none_up(archive: Archive) -> None:
    wanted = subscription()
    archive.register([wanted], since=NOW - timedelta(days=7), now=NOW)
    assert archive.served_until("morning", "reader@example.test") == NOW
    later = NOW + timedelta(hours=5)
    keep(archive, article(), match())
    digest = compose(wanted, wanted.to[0], Slot(name="now-1", at=later, scheduled=False),
                     archive.slice(wanted, wanted.to[0], []), [topic()], NOW)  # fmt: skip
    archive.commit_digest(digest, message("now-1"))
    assert archive.served_until("morning", "reader@example.test") == NOW
    digest = compose(wanted, wanted.to[0], Slot(name="2026-11-23T07:00", at=later),
                     archive.slice(wanted, wanted.to[0], []), [topic()], NOW)  # fmt: skip
    assert archive.commit_digest(digest, None) is None
    assert archive.served_until("morning", "reader@example.test") == later


def test_a_message_goes_from_waiting_to_its_receipt(archive: Archive) -> None:
    keep(archive, article(), match())
    out = archive.commit_digest(told(archive, subscription()), message())
    assert out is not None
    assert archive.due_messages(NOW) == [out.id]
    archive.mark_unsent(out.id, "451 later", next_try_at=NOW + timedelta(minutes=1))
    assert archive.due_messages(NOW) == []
    archive.mark_sending(out.id)
    assert [o.id for o in archive.interrupted()] == [out.id]
    archive.mark_unsent(out.id, "killed", next_try_at=NOW, doubt=True)
    assert archive.due_messages(NOW) == [out.id]
    doubtful = archive.outbox()[0]
    assert (doubtful.state, doubtful.doubts, doubtful.attempts) == (SendState.DOUBT, 1, 2)
    archive.mark_sent(out.id, Receipt(at=NOW, channel="test", answer="250 ok"))
    sent = archive.message(out.id)
    assert sent is not None
    assert sent.receipt == Receipt(at=NOW, channel="test", answer="250 ok")
    assert (sent.state, archive.outbox(open_only=True), archive.interrupted()) == (SendState.SENT, [], [])
    assert archive.message(99) is None


def test_the_secret_is_made_once(opener: Opener) -> None:
    first = opener()
    secret = first.secret()
    first.close()
    again = opener()
    assert again.secret() == secret
    assert len(secret) == 32
    again.close()


def test_a_second_writer_is_told_who_writes(opener: Opener, archive: Archive) -> None:
    with pytest.raises(ArchiveError, match=r"held by `roxham test` \(process \d+"):
        opener()


def test_the_heartbeat_is_the_last_one(archive: Archive) -> None:
    assert archive.heartbeat() is None
    archive.beat(NOW)
    archive.beat(NOW + timedelta(seconds=15))
    assert archive.heartbeat() == NOW + timedelta(seconds=15)


def test_a_backup_is_an_archive_of_its_own(archive: Archive, tmp_path: Path) -> None:
    keep(archive, article(), match())
    archive.backup(tmp_path / "copy.db")
    copy = SQLiteArchive.for_reading(tmp_path / "copy.db")
    assert [a.title for a in copy.articles(Filter())] == ["A headline"]
    copy.close()
    with pytest.raises(ArchiveError, match="exists already"):
        archive.backup(tmp_path / "copy.db")


def test_entries_are_numbered_in_the_order_of_what_became_known(archive: Archive) -> None:
    keep(archive, article(), match())
    keep(archive, article(), match())
    keep(archive, article(text=LONG + " more"), match())
    entries = archive.slice(subscription(), "reader@example.test", []).entries
    assert [(e.number, e.kind, e.version) for e in entries] == [(1, EntryKind.NEW, 1), (2, EntryKind.VERSION, 2)]


def test_facts_count_what_a_source_brought(archive: Archive) -> None:
    keep(archive, article(), match())
    archive.keep_visit(visit(), [item("http://desk.test/b")])
    facts = archive.facts()["desk"]
    assert (facts.visits, facts.items, facts.pending, facts.matched, facts.rejected) == (2, 2, 1, 1, 0)


def test_a_known_text_that_matches_by_a_new_headline_is_an_entry(archive: Archive) -> None:
    keep(archive, article())
    assert keep(archive, article(listed_title="Roxham Road"), match()) is Outcome.KNOWN
    kept = archive.article(1)
    assert kept is not None
    assert [m.topic_id for m in kept.matches] == ["roxham-road"]
    digest = told(archive, subscription())
    assert [(line.story_id, line.updated) for line in digest.lines] == [(1, False)]
    assert keep(archive, article(listed_title="Roxham Road"), match()) is Outcome.KNOWN
    assert told(archive, subscription()).upto == digest.upto


def test_a_pruned_article_that_matches_after_all_gets_its_text_back(archive: Archive) -> None:
    keep(archive, article())
    archive.prune(NOW + timedelta(days=1))
    keep(archive, article(), match())
    kept = archive.article(1)
    assert kept is not None
    assert (kept.text, [m.topic_id for m in kept.matches]) == (LONG, ["roxham-road"])
    assert [hit.article.id for hit in archive.search(Filter(query="word1"))] == [1]


def test_two_feeds_that_tell_one_article_differently_do_not_flip_it(archive: Archive) -> None:
    one, other = article(text="One way. " + LONG), article(text="Other way. " + LONG, source_id="front-page")
    assert [keep(archive, found) for found in (one, other, one, other, one)] == [
        Outcome.UNMATCHED, Outcome.VERSION, Outcome.KNOWN, Outcome.KNOWN, Outcome.KNOWN]  # fmt: skip


def test_an_article_that_is_still_listed_is_not_pruned(archive: Archive) -> None:
    keep(archive, article())
    later = NOW + timedelta(days=100)
    seen = archive.listed([ItemState.DONE])[0]
    archive.keep_visit(visit(at=later), [item(content_hash=str(next(_WORDINGS) - 1))])
    assert seen.state is ItemState.DONE
    assert archive.prune(later - timedelta(days=90)) == 0
    assert archive.prune(later + timedelta(days=1)) == 1


def test_every_spelling_of_an_address_is_remembered_before_and_after_reading(archive: Archive) -> None:
    first, second, third = (f"http://desk.test/a?utm_source={n}" for n in range(3))
    archive.keep_visit(visit(), [item(first)])
    archive.keep_visit(visit(), [item(second)])
    assert archive.pending(NOW)[0].found.aliases == (second,)
    archive.keep([reading(archive.pending(NOW)[0], article(first))], STORIES, NOW)
    with_alias = item(first)
    archive.keep_visit(visit(), [replace(with_alias, found=replace(with_alias.found, aliases=(third,)))])
    assert third in next(archive.articles(Filter())).urls


def test_what_the_feed_says_of_an_item_set_aside_can_be_kept_beside_it(archive: Archive) -> None:
    archive.keep_visit(visit(), [item()])
    archive.begin([archive.pending(NOW)[0].item_id])
    aside = archive.set_aside(after_attempts=1)[0]
    archive.keep([reading(aside, article(partial=True), [match()], leaves_item=True)], STORIES, NOW)
    assert [(i.state, i.article_id) for i in archive.listed([ItemState.SET_ASIDE])] == [(ItemState.SET_ASIDE, 1)]
    assert len(told(archive, subscription()).lines) == 1
    archive.retry(None)
    assert archive.pending(NOW)[0].article_id == 1


def test_unread_counts_items_that_gave_nothing_yet(archive: Archive) -> None:
    archive.keep_visit(visit(), [item("http://desk.test/a"), item("http://desk.test/b")])
    assert (archive.unread(), archive.unread(["desk"]), archive.unread(["other"])) == (2, 2, 0)


@pytest.mark.parametrize("end", ["keep", "retry", "reject", "postpone"])
def test_an_item_listed_anew_while_it_is_being_read_stays_pending(archive: Archive, end: str) -> None:
    archive.keep_visit(visit(), [item(content_hash="old")])
    old = archive.pending(NOW)[0]
    archive.begin([old.item_id])
    newer = item(content_hash="new")
    archive.keep_visit(visit(), [replace(newer, found=replace(newer.found, title="Roxham Road to reopen"))])
    later = NOW + timedelta(days=1)
    match end:
        case "keep":
            archive.keep([reading(old, article())], STORIES, NOW)
        case "retry":
            archive.keep([reading(old, article(partial=True), retry_at=later)], STORIES, NOW)
        case "reject":
            archive.reject(old, "no title and no text")
        case _:
            archive.postpone(old, "503", until=later, asked_until=None)
    again = archive.pending(NOW)[0]
    assert (again.found.title, again.attempts, again.failures) == ("Roxham Road to reopen", 0, 0)


def test_a_pass_gets_each_item_once_whatever_is_put_off_meanwhile(archive: Archive) -> None:
    archive.keep_visit(visit(), [item(f"http://desk.test/{n}") for n in range(5)])
    first = archive.pending(NOW, limit=2)
    rest = archive.pending(NOW, but=[p.item_id for p in first], limit=9)
    assert len({p.item_id for p in (*first, *rest)}) == 5


def test_pruning_goes_in_steps(archive: Archive) -> None:
    for number in range(3):
        keep(archive, article(f"http://desk.test/{number}", text=words(f"text{number}of")))
    later = NOW + timedelta(days=1)
    assert [archive.prune(later, limit=2) for _ in range(3)] == [2, 1, 0]


def test_the_search_index_is_sound_after_versions_and_pruning(archive: Archive) -> None:
    for number in range(6):
        found = article(f"http://desk.test/{number}", text=words(f"text{number}of"), listed_title=f"Listed {number}")
        keep(archive, found, *[match()] * (number % 2))
    archive.prune(NOW + timedelta(days=1))
    keep(archive, article("http://desk.test/0", text=f"New text. {LONG}"))
    keep(archive, article("http://desk.test/1", text=f"Newer text. {LONG}"))
    assert isinstance(archive, SQLiteArchive)
    archive.db.conn.execute("INSERT INTO article_index (article_index, rank) VALUES ('integrity-check', 1)")


# --- how a source is doing -------------------------------------------------------------------------------------------


def good(archive: Archive, at: datetime, *urls: str, judge: Judge | None = None, **changed: Any) -> Arrived:
    """A good visit that listed these addresses."""
    outcome = VisitOutcome.CHANGED if urls else VisitOutcome.UNCHANGED
    listed = [item(f"http://desk.test/{url}") for url in urls]
    seen = visit(at=at - timedelta(seconds=1), outcome=outcome, **changed)
    return archive.keep_visit(seen, listed, judge or health_judge)


def health_judge(arrival: Arrival) -> Judgement:
    return Judgement(overran=not arrival.first and arrival.listed > 0 and not arrival.known)


def test_a_judge_sees_what_was_known_at_that_very_moment(archive: Archive) -> None:
    seen: list[Arrival] = []

    def judge(arrival: Arrival) -> Judgement:
        seen.append(arrival)
        return Judgement(interval=timedelta(minutes=7))

    good(archive, NOW, "a", "b", judge=judge)
    good(archive, NOW + HOUR, "b", "c", judge=judge)
    good(archive, NOW + 2 * HOUR, judge=judge)
    assert [(a.first, a.listed, a.known, a.new) for a in seen] == [
        (True, 2, 0, 2), (False, 2, 1, 1), (False, 0, 0, 0),
    ]  # fmt: skip
    assert seen[1].state.last_good_at == NOW
    assert seen[1].dates == (NOW,)
    state = archive.states()["desk"]
    assert (state.interval, state.listed) == (timedelta(minutes=7), 2)
    assert state.last_new_at == NOW + HOUR


def test_the_first_visit_and_bursts_are_no_habit(archive: Archive) -> None:
    good(archive, NOW, "a", "b", "c")
    assert archive.days(NOW.date()) == {}
    good(archive, NOW + HOUR, "c", "d")
    good(archive, NOW + 2 * HOUR, "c", "d", "e", "f")
    good(archive, NOW + 3 * HOUR, "f", "g", judge=lambda _: Judgement(burst="many"))
    assert archive.days(NOW.date()) == {"desk": [Day(day=NOW.date(), visits=2, new=3)]}


def test_failures_add_up_by_their_sort_and_a_good_visit_ends_them(archive: Archive) -> None:
    for sort in (Trouble.TEMPORARY, Trouble.SOFT, Trouble.HARD):
        archive.keep_visit(visit(outcome=VisitOutcome.FAILED, trouble=sort, error="x"), [])
    state = archive.states()["desk"]
    assert (state.failures, state.strain, state.trouble) == (3, 1.75, Trouble.HARD)
    good(archive, NOW, "a")
    state = archive.states()["desk"]
    assert (state.failures, state.strain, state.trouble) == (0, 0.0, None)


def test_a_source_is_observed_until_its_list_turns_over_or_nobody_looks_for_a_day(archive: Archive) -> None:
    good(archive, NOW, "a")
    good(archive, NOW + HOUR)
    archive.keep_visit(visit(at=NOW + 2 * HOUR, outcome=VisitOutcome.FAILED, error="x"), [])
    good(archive, NOW + 3 * HOUR, "a", "b")  # what was there before is there still: nothing was missed
    good(archive, NOW + 5 * HOUR, "x", "y")
    good(archive, NOW + 6 * HOUR)
    good(archive, NOW + 60 * HOUR)
    assert archive.observed(NOW - HOUR, NOW + 99 * HOUR) == {
        "desk": [
            Span(since=NOW, until=NOW + 3 * HOUR),
            Span(since=NOW + 5 * HOUR, until=NOW + 6 * HOUR),
        ]
    }
    good(archive, NOW + 61 * HOUR)
    assert archive.observed(NOW + 2 * HOUR, NOW + 60.5 * HOUR) == {
        "desk": [
            Span(since=NOW + 2 * HOUR, until=NOW + 3 * HOUR),
            Span(since=NOW + 5 * HOUR, until=NOW + 6 * HOUR),
            Span(since=NOW + 60 * HOUR, until=NOW + 60.5 * HOUR),
        ]
    }
    assert archive.states()["desk"].overran_at == NOW + 5 * HOUR


def test_a_source_that_is_visited_once_a_day_is_observed(archive: Archive) -> None:
    late = timedelta(minutes=3)
    good(archive, NOW, "a")
    good(archive, NOW + 24 * HOUR + late, "a", "b")
    good(archive, NOW + 48 * HOUR + 2 * late, "b", "c")
    spans = {"desk": [Span(since=NOW, until=NOW + 48 * HOUR + 2 * late)]}
    assert archive.observed(NOW, NOW + 99 * HOUR) == spans


def test_a_clock_that_was_ahead_hides_nothing_that_was_observed_since(archive: Archive) -> None:
    year = timedelta(days=365)
    good(archive, NOW, "a")
    good(archive, NOW + HOUR, "a", "b")
    good(archive, NOW + year, "b", "c")
    good(archive, NOW + year + HOUR, "c", "d")
    good(archive, NOW + 2 * HOUR, "c", "d")
    good(archive, NOW + 3 * HOUR, "d", "e")
    assert archive.observed(NOW, NOW + 2 * year) == {
        "desk": [Span(since=NOW, until=NOW + HOUR), Span(since=NOW + 2 * HOUR, until=NOW + 3 * HOUR)]
    }


def test_the_habit_of_a_silent_source_is_not_forgotten(archive: Archive) -> None:
    good(archive, NOW, "a")
    good(archive, NOW + HOUR, "a", "b")
    good(archive, NOW + timedelta(days=200))
    days = {"desk": [Day(day=NOW.date(), visits=1, new=1)]}
    assert archive.days((NOW + timedelta(days=150)).date()) == days


def test_what_an_answer_wishes_and_where_it_moved_is_remembered(archive: Archive) -> None:
    wishes = Wishes(ttl=timedelta(minutes=30), skip_hours=frozenset({0, 1}), skip_days=frozenset({6}))
    good(archive, NOW, "a", wishes=wishes, fresh_for=timedelta(seconds=90), moved_to="http://new.test/")
    good(archive, NOW + HOUR, moved_to="http://new.test/")
    state = archive.states()["desk"]
    assert (state.wishes, state.fresh_for) == (wishes, None)
    assert (state.moved_to, state.moved_at) == ("http://new.test/", NOW)
    good(archive, NOW + 2 * HOUR, "a", "b", wishes=Wishes())
    state = archive.states()["desk"]
    assert (state.wishes, state.moved_to, state.moved_at) == (Wishes(), None, None)


def test_visits_that_found_all_unchanged_count_and_take_no_room(archive: Archive) -> None:
    good(archive, NOW, "a")
    for hours in range(1, 6):
        good(archive, NOW + hours * HOUR)
    good(archive, NOW + 7 * HOUR, "a", "b")
    good(archive, NOW + 8 * HOUR)
    assert archive.facts()["desk"].visits == 8


def test_no_source_takes_more_than_its_share_of_what_is_pending(archive: Archive) -> None:
    archive.keep_visit(visit(), [item(f"http://desk.test/{number}") for number in range(20)])
    archive.keep_visit(visit("rival"), [item("http://rival.test/a")])
    shares = [p.source_id for p in archive.pending(NOW, of_each=3)]
    assert shares == ["desk", "desk", "desk", "rival"]
    first = archive.pending(NOW, of_each=3)
    rest = archive.pending(NOW, but={p.item_id for p in first}, of_each=3)
    assert {p.item_id for p in first} & {p.item_id for p in rest} == set()
    assert [p.source_id for p in archive.pending(NOW, of_each=3, limit=2)] == ["desk", "desk"]


def in_bulk(archive: Archive, *names: str) -> int:
    """Articles about the topic that came in bulk; returns the burst's number."""
    arrived = good(archive, NOW, *names, judge=lambda _: Judgement(burst="many at once"))
    for pending in archive.pending(NOW):
        name = (pending.found.url or "")[-1]
        found = article(f"http://desk.test/{name}", text=words(f"story{name}"), title=f"Story {name}")
        archive.keep([reading(pending, found, [match()])], STORIES, NOW)
    assert arrived.burst is not None
    return arrived.burst


def test_what_came_in_bulk_is_counted_in_digests_and_no_matter_at_once(archive: Archive) -> None:
    desk = subscription()
    at_once = subscription("now", at=Schedule(text="at once", at_once=True))
    keep(archive, article("http://desk.test/own", text="Of its own."), match())
    burst = in_bulk(archive, "a", "b", "c")
    assert [(b.id, b.source_id, b.items, b.reason) for b in archive.bursts()] == [(burst, "desk", 3, "many at once")]
    digest = told(archive, desk)
    assert [line.article.url for line in digest.lines] == ["http://desk.test/own"]
    assert [(bulk.source_id, bulk.stories) for bulk in digest.bulk] == [("desk", 3)]
    quick = told(archive, at_once)
    assert [line.article.url for line in quick.lines] == ["http://desk.test/own"]
    assert quick.bulk == ()
    assert told(archive, subscription(topics=("other",))).bulk == ()


def test_what_is_released_is_told_once_by_everyone(archive: Archive) -> None:
    desk = subscription()
    at_once = subscription("now", at=Schedule(text="at once", at_once=True), to=("b@example.test",))
    burst = in_bulk(archive, "a", "b")
    archive.commit_digest(told(archive, desk), message())
    archive.commit_digest(told(archive, at_once), None)
    assert archive.release([burst], NOW + HOUR) == 2
    assert archive.release([burst], NOW + HOUR) == 0
    for wanted in (desk, at_once):
        digest = told(archive, wanted, "s2")
        assert sorted(line.article.title for line in digest.lines) == ["Story a", "Story b"]
        assert digest.bulk == ()
        archive.commit_digest(digest, message(f"{wanted.id}-2"))
        assert told(archive, wanted, "s3").lines == ()
    assert archive.bursts() == []
    assert [b.released_at for b in archive.bursts(held_only=False)] == [NOW + HOUR]


def test_what_came_in_bulk_is_news_where_another_source_lists_it(archive: Archive) -> None:
    at_once = subscription("now", at=Schedule(text="at once", at_once=True))
    burst = in_bulk(archive, "a", "b")
    archive.keep_visit(visit("rival"), [item("http://desk.test/a")])
    (pending,) = archive.pending(NOW)
    found = article("http://desk.test/a", text=words("storya"), title="Story a")
    assert archive.keep([reading(pending, found, [match()])], STORIES, NOW) == [Outcome.KNOWN]
    digest = told(archive, at_once)
    assert [line.article.title for line in digest.lines] == ["Story a"]
    archive.commit_digest(digest, message())
    archive.release([burst], NOW)
    assert [line.article.title for line in told(archive, at_once, "s2").lines] == ["Story b"]


def test_what_is_released_becomes_a_habit_and_what_is_released_without_telling_does_not(archive: Archive) -> None:
    good(archive, NOW - HOUR, "z")
    quietly, openly = in_bulk(archive, "a"), in_bulk(archive, "b", "c")
    archive.release([quietly], NOW, tell=False)
    assert archive.days(NOW.date()) == {}
    archive.release([openly, quietly], NOW)
    archive.release([openly], NOW)
    assert archive.days(NOW.date()) == {"desk": [Day(day=NOW.date(), visits=1, new=2)]}


def test_what_is_released_before_the_digest_is_told_once_in_it(archive: Archive) -> None:
    assert archive.release([in_bulk(archive, "a", "b")], NOW) == 2
    digest = told(archive, subscription())
    assert sorted(line.article.title for line in digest.lines) == ["Story a", "Story b"]
    assert digest.bulk == ()


def test_what_is_released_without_telling_stays_a_number(archive: Archive) -> None:
    assert archive.release([in_bulk(archive, "a", "b")], NOW, tell=False) == 0
    digest = told(archive, subscription())
    assert (digest.lines, [bulk.stories for bulk in digest.bulk]) == ((), [2])
    assert archive.bursts() == []


@pytest.mark.parametrize("matched", [[], [match()]])
def test_what_is_released_without_telling_is_news_where_it_says_something_new_later(
    archive: Archive, matched: list[Match]
) -> None:
    burst = good(archive, NOW, "a", judge=lambda _: Judgement(burst="many")).burst
    found = article("http://desk.test/a")
    archive.keep([reading(archive.pending(NOW)[0], found, matched)], STORIES, NOW)
    keep(archive, replace(found, text=f"Held. {LONG}"), match())
    archive.release([burst or 0], NOW, tell=False)
    assert headlines(archive, subscription()) == []
    keep(archive, replace(found, text=f"News. {LONG}", title="News"), match())
    assert headlines(archive, subscription()) == ["News"]


def test_a_page_of_a_burst_that_is_read_after_all_stays_a_number(archive: Archive) -> None:
    burst = good(archive, NOW, "a", judge=lambda _: Judgement(burst="many")).burst
    feeds = article("http://desk.test/a", text="A teaser.", partial=True)
    archive.keep([reading(archive.pending(NOW)[0], feeds, [match()], retry_at=NOW + HOUR)], STORIES, NOW)
    archive.release([burst or 0], NOW, tell=False)
    archive.keep([reading(archive.pending(NOW + HOUR)[0], article("http://desk.test/a"), [match()])], STORIES, NOW)
    digest = told(archive, subscription())
    assert (digest.lines, [bulk.stories for bulk in digest.bulk]) == ((), [1])


def test_an_item_of_a_burst_that_is_read_late_is_held_back_too(archive: Archive) -> None:
    burst = good(archive, NOW, "a", "b", judge=lambda _: Judgement(burst="many")).burst
    archive.release([burst or 0], NOW)
    late = archive.pending(NOW)
    archive.keep([reading(late[0], article("http://desk.test/a"), [match()])], STORIES, NOW)
    assert len(told(archive, subscription()).lines) == 1  # released before it was read
    other = good(archive, NOW, "c", judge=lambda _: Judgement(burst="many")).burst
    pending = archive.pending(NOW)[-1]
    archive.keep([reading(pending, article("http://desk.test/c", text="Other."), [match()])], STORIES, NOW)
    assert len(told(archive, subscription()).lines) == 1
    assert archive.release([other or 0], NOW) == 1


def test_the_archive_answers_what_became_of_an_item_and_who_was_told(archive: Archive) -> None:
    keep(archive, article("http://desk.test/a"), match())
    archive.keep_visit(visit("rival", at=NOW + HOUR), [item("http://desk.test/a"), item("http://desk.test/b")])
    archive.keep_visit(visit("rival", at=NOW + 2 * HOUR, outcome=VisitOutcome.FAILED, error="HTTP 404"), [])
    key = item("http://desk.test/a").key
    assert archive.known_keys("desk", [key, "desk.test/b"]) == {key}
    assert [(s.source_id, s.state, s.article_id) for s in archive.sightings(key)] == [
        ("desk", ItemState.DONE, 1), ("rival", ItemState.PENDING, None),
    ]  # fmt: skip
    assert archive.tellings(1) == []
    archive.commit_digest(told(archive, subscription()), message())
    assert [(t.subscription_id, t.reader) for t in archive.tellings(1)] == [("morning", "reader@example.test")]
    seen = archive.visits("rival", NOW + HOUR, NOW + 3 * HOUR)
    assert [(v.outcome, v.error) for v in seen] == [("changed", None), ("failed", "HTTP 404")]


def test_a_site_that_stamps_all_it_lists_with_the_present_time_says_nothing_new(archive: Archive) -> None:
    def listing(*hashes: str) -> list[Item]:
        return [item(f"http://desk.test/{number}", content) for number, content in enumerate(hashes)]

    archive.keep_visit(visit(), listing(*["w@1"] * 8))
    assert archive.keep_visit(visit(), listing(*["w@2"] * 8)).new == 0
    assert archive.keep_visit(visit(), listing(*["w@3"] * 7, "x@3")).new == 1  # its words are new
    assert archive.keep_visit(visit(), listing(*["w@1"] * 6, "w@4", "x@3")).new == 1  # one alone was updated


def test_a_part_that_cannot_be_read_is_remembered_and_is_no_observation(archive: Archive) -> None:
    good(archive, NOW, "a")
    good(archive, NOW + HOUR, "a", "b", whole=False, error="part 3: HTTP 500")
    good(archive, NOW + 2 * HOUR, "a", "b", whole=False, error="part 3: HTTP 500")
    state = archive.states()["desk"]
    assert (state.failures, state.error) == (0, "part 3: HTTP 500")
    assert archive.observed(NOW, NOW + 9 * HOUR) == {}
    good(archive, NOW + 3 * HOUR, "a", "b", error="cut: its first 5,000 items were read")
    assert archive.states()["desk"].error is None


def test_a_changed_address_begins_a_span_of_its_own(archive: Archive) -> None:
    seen: list[bool] = []

    def judge(arrival: Arrival) -> Judgement:
        seen.append(arrival.readdressed)
        return Judgement()

    for hours, url in enumerate(("http://a.test/", "http://a.test/", "http://b.test/", "http://b.test/")):
        good(archive, NOW + hours * HOUR, "a", judge=judge, asked_url=url)
    assert seen == [False, False, True, False]
    assert archive.observed(NOW, NOW + 9 * HOUR)["desk"] == [
        Span(since=NOW, until=NOW + HOUR), Span(since=NOW + 2 * HOUR, until=NOW + 3 * HOUR),
    ]  # fmt: skip


# --- marking anew ----------------------------------------------------------------------------------------------------

AT_ONCE = Schedule(text="at once", at_once=True)


def remark(archive: Archive, *matches: Match, tell: bool = False, article_id: int = 1, **changed: Any) -> Remarked:
    """Marks an article with these matches and no others, as it is now."""
    kept = archive.article(article_id)
    assert kept is not None
    fields: dict[str, Any] = {"article_id": article_id, "version": kept.version, "matches": matches}
    return archive.remark([Marked(**fields | changed)], tell=tell)


def topics_of(archive: Archive, article_id: int = 1) -> dict[str, bool]:
    """The topics an article is about; True for a mere mention."""
    kept = archive.article(article_id)
    assert kept is not None
    return {m.topic_id: m.mention for m in kept.matches}


def headlines(archive: Archive, wanted: Subscription, slot: str = "s1") -> list[str]:
    return sorted(line.article.title for line in told(archive, wanted, slot).lines)


def counts(gained: int = 0, lost: int = 0, changed: int = 0, skipped: int = 0) -> Remarked:
    return Remarked(gained=gained, lost=lost, changed=changed, skipped=skipped)


def test_what_is_marked_anew_is_found_by_topic_and_told_to_nobody(archive: Archive) -> None:
    keep(archive, article())
    assert remark(archive, match()) == counts(gained=1)
    assert [a.id for a in archive.articles(Filter(topics=("roxham-road",)))] == [1]
    assert headlines(archive, subscription()) == []
    assert headlines(archive, subscription("now", at=AT_ONCE)) == []
    keep(archive, article(text="Other words. " + LONG, title="Updated"), match())
    assert headlines(archive, subscription()) == ["Updated"]


def test_what_is_marked_anew_to_be_told_is_told_by_the_next_digest_once(archive: Archive) -> None:
    keep(archive, article("http://desk.test/old", title="Told before", text=words("old")))
    wanted = subscription()
    archive.commit_digest(told(archive, wanted), None)
    keep(archive, article())
    assert remark(archive, match(), tell=True) == counts(gained=1)
    assert remark(archive, match(), tell=True, article_id=2) == counts(gained=1)
    digest = told(archive, wanted, "s2")
    assert [line.article.title for line in digest.lines] == ["A headline"]
    archive.commit_digest(digest, message("s2"))
    assert headlines(archive, wanted, "s3") == []


def test_marking_twice_changes_nothing(archive: Archive) -> None:
    keep(archive, article(), match(), match("gone"))
    renewed = match(revision="r2", mention=True)
    assert remark(archive, renewed, match("stca")) == counts(gained=1, lost=1, changed=1)
    first = archive.article(1)
    for tell in (False, True):
        assert remark(archive, renewed, match("stca"), tell=tell) == counts()
    assert archive.article(1) == first
    assert first is not None
    assert {m.topic_id: (m.revision, m.mention) for m in first.matches} == {
        "roxham-road": ("r2", True), "stca": ("r1", False),
    }  # fmt: skip
    assert headlines(archive, subscription(topics=("stca",))) == []


def test_what_was_to_be_told_is_told_whatever_is_marked_meanwhile(archive: Archive) -> None:
    keep(archive, article(), match())
    remark(archive, match(revision="r2"), match("stca"))
    assert headlines(archive, subscription()) == ["A headline"]
    assert headlines(archive, subscription(topics=("stca",))) == []


def test_a_slip_in_a_topic_costs_neither_text_nor_news(archive: Archive) -> None:
    keep(archive, article(), match())
    keep(archive, article("http://desk.test/b", title="Quiet", text=words("quiet")))
    remark(archive, match(), article_id=2)
    for article_id in (1, 2):
        assert remark(archive, article_id=article_id) == counts(lost=1)
    assert headlines(archive, subscription()) == []
    assert archive.prune(NOW + timedelta(days=999)) == 0
    for article_id in (1, 2):
        assert remark(archive, match(), article_id=article_id) == counts(gained=1)
    assert headlines(archive, subscription()) == ["A headline"]


def test_a_topic_that_names_a_story_only_in_passing_for_a_while_costs_no_news(archive: Archive) -> None:
    now = subscription("now", at=AT_ONCE, mentions=False)
    keep(archive, article(), match())
    remark(archive, match(mention=True, revision="r2"))
    assert headlines(archive, now) == []
    remark(archive, match(revision="r3"))
    assert headlines(archive, now) == ["A headline"]


def test_what_came_while_a_topic_had_lost_its_forms_is_told_only_where_that_is_asked_for(archive: Archive) -> None:
    other = subscription("other", to=("other@example.test",))
    keep(archive, article(), match())
    archive.commit_digest(told(archive, subscription()), message())
    archive.commit_digest(told(archive, other), None)
    remark(archive)
    keep(archive, article(title="Updated", text=f"Other words. {LONG}"))
    assert headlines(archive, subscription(), "s2") == ["Updated"]  # its reader was told of the article
    remark(archive, match())
    assert headlines(archive, other, "s2") == []
    remark(archive)
    remark(archive, match(), tell=True)
    assert headlines(archive, other, "s2") == ["Updated"]


def test_a_mention_of_which_nobody_was_told_is_told_when_it_becomes_more_and_that_is_asked_for(
    archive: Archive,
) -> None:
    keep(archive, article())
    remark(archive, match(mention=True))
    remark(archive, match(), tell=True)
    for mentions in (True, False):
        assert headlines(archive, subscription(mentions=mentions)) == ["A headline"]


def test_an_article_that_is_marked_is_never_pruned(archive: Archive) -> None:
    keep(archive, article())
    remark(archive, match(mention=True))
    assert archive.prune(NOW + timedelta(days=999)) == 0


def test_an_article_that_changed_since_it_was_read_for_marking_is_skipped(archive: Archive) -> None:
    keep(archive, article(), match())
    keep(archive, article(text="New words. " + LONG))
    assert remark(archive, match("stca"), version=1) == counts(skipped=1)
    assert remark(archive, match("stca"), version=2) == counts(gained=1, lost=1)
    assert archive.remark([Marked(article_id=99, version=1, matches=(match(),))]) == counts(skipped=1)
    assert topics_of(archive) == {"stca": False}


def test_an_excerpt_proves_no_absence(archive: Archive) -> None:
    keep(archive, article(keep=Keep.EXCERPT), match(), match("other"))
    fewer = replace(match(mention=True), hits=(replace(match().hits[0], form="Roxham", surface="Roxham"),))
    assert remark(archive, fewer, match("stca"), whole=False) == counts(gained=1)
    assert topics_of(archive) == {"other": False, "roxham-road": False, "stca": False}
    assert remark(archive, match(mention=True, revision="r2"), whole=False) == counts(changed=1)
    assert remark(archive, match(mention=True, revision="r2"), whole=False) == counts()
    assert topics_of(archive)["roxham-road"] is False


def test_what_came_in_bulk_and_is_marked_anew_is_not_counted(archive: Archive) -> None:
    in_bulk(archive, "a", "b")
    assert remark(archive, match(), match("stca")) == counts(gained=1)
    assert told(archive, subscription(topics=("stca",))).bulk == ()
    assert [bulk.stories for bulk in told(archive, subscription()).bulk] == [2]


def test_an_operator_may_mark_anew_beside_the_service(tmp_path: Path) -> None:
    path = tmp_path / "roxham.db"
    service = SQLiteArchive.for_writing(path, purpose="run", now=NOW, wait=0)
    keep(service, article())
    change = SQLiteArchive.for_a_change(path, purpose="topics apply", now=NOW)
    assert remark(change, match()) == counts(gained=1)
    change.close()
    assert topics_of(service) == {"roxham-road": False}
    service.close()


# --- mentions --------------------------------------------------------------------------------------------------------


def test_who_wants_no_mentions_is_told_of_none(archive: Archive) -> None:
    keep(archive, article(title="In passing"), match(mention=True))
    keep(archive, article("http://desk.test/b", title="About it", text=words("other")), match(), match("stca"))
    assert headlines(archive, subscription()) == ["About it", "In passing"]
    digest = told(archive, subscription(mentions=False))
    assert [line.article.title for line in digest.lines] == ["About it"]
    assert (digest.after, digest.upto) == (0, 2)


def test_a_story_with_one_member_that_is_about_it_is_told_by_that_one(archive: Archive) -> None:
    keep(archive, article(), match(mention=True))
    pickup = article("http://other.test/x", publisher="Other", source_id="other", title="Roxham Road")
    assert keep(archive, pickup, match()) is Outcome.PICKUP
    (line,) = told(archive, subscription(mentions=False)).lines
    assert (line.article.publisher, [c.publisher for c in line.carriers], line.mention) == ("Other", ["Desk"], False)


def test_mentions_in_bulk_are_not_counted_for_who_wants_none(archive: Archive) -> None:
    in_bulk(archive, "a", "b")
    remark(archive, match(mention=True))
    assert [bulk.stories for bulk in told(archive, subscription(mentions=False)).bulk] == [1]


@pytest.mark.parametrize("later", [{"text": "Roxham Road. " + LONG}, {"listed_title": "Roxham Road"}])
def test_a_mention_that_becomes_more_is_told_at_once_then_and_once(archive: Archive, later: dict[str, Any]) -> None:
    now = subscription("now", at=AT_ONCE, mentions=False)
    keep(archive, article(), match(mention=True))
    assert headlines(archive, now) == []
    keep(archive, article(**later), match())
    digest = told(archive, now)
    assert [line.mention for line in digest.lines] == [False]
    archive.commit_digest(digest, message())
    keep(archive, article(**later), match())
    assert headlines(archive, now, "s2") == []


def test_a_mention_that_becomes_more_by_marking_anew_alerts_nobody_and_stays_news_where_it_was(
    archive: Archive,
) -> None:
    now = subscription("now", at=AT_ONCE, mentions=False)
    keep(archive, article(), match(mention=True))
    assert remark(archive, match(revision="r2")) == counts(changed=1)
    assert headlines(archive, now) == []
    assert headlines(archive, subscription()) == ["A headline"]
    remark(archive, match(mention=True))
    remark(archive, match(), tell=True)
    assert headlines(archive, now) == ["A headline"]


def test_the_headline_by_which_a_known_text_matters_is_kept_with_it(archive: Archive) -> None:
    keep(archive, article(summary="A teaser."))
    for _ in range(2):
        assert keep(archive, article(listed_title="Roxham Road", summary="Elsewhere."), match()) is Outcome.KNOWN
        assert keep(archive, article(summary="A teaser.")) is Outcome.KNOWN
        kept = archive.article(1)
        assert kept is not None
        assert (kept.version, kept.listed_title, kept.summary, kept.text) == (2, "Roxham Road", "Elsewhere.", LONG)
    assert [hit.article.id for hit in archive.search(Filter(query="roxham"))] == [1]
    assert [hit.article.listed_title for hit in archive.search(Filter(query="roxham"))] == [None]


def test_an_erased_article_that_is_marked_by_its_headline_gets_its_text_back_when_it_is_listed(
    archive: Archive,
) -> None:
    keep(archive, article(title="Roxham Road"))
    archive.prune(NOW + timedelta(days=1))
    assert remark(archive, match()) == counts(gained=1)
    keep(archive, article(title="Roxham Road"), match())
    assert [kept.text for kept in archive.articles(Filter())] == [LONG]


# --- searching -------------------------------------------------------------------------------------------------------

READ = [
    article("http://desk.test/1", title="Roxham Road reopens", text="Asylum seekers cross at Roxham Road. On foot."),
    article("http://desk.test/2", title="Border", listed_title="STCA is back", text="A Safe Third-Country Agreement."),
    article("http://desk.test/3", title="Avions", text="Alerte stca, short term conflict alert, à l'aéroport."),
    article("http://desk.test/4", title="Réfugiés", summary="Le chemin Roxham", text="L’asile au chemin\u2011Roxham.",
            language="fr", publisher="Le Bureau", credit=Credit(agency="The Canadian Press")),
    article("http://desk.test/5", title="Wroxham", text="Wroxham Road, a street. Take the road to Roxham.",
            source_id="norfolk", publisher="Norfolk News"),
    article("http://desk.test/6", title="#RoxhamRoad", text="Immigration and immigrants. " + LONG + " Asylum."),
    article("http://desk.test/7", title="Œuvre", text="Un coeur, une œuvre d'art. Roxham", language=None),
]  # fmt: skip
QUERIES = [
    '"Roxham Road"', "Roxham", "=Roxham", "=STCA", "STCA", "immigra*", "#RoxhamRoad", "chemin", '"chemin Roxham"',
    "asile", '"l\'asile"', "title:Roxham", "text:Roxham", 'title:"STCA is"', "asylum NEAR/5 Roxham",
    "immigration NEAR/50 asylum", "immigration NEAR/70 asylum", "Roxham -road", "Roxham NOT title:Wroxham",
    "Roxham lang:fr", "Roxham lang:en", "source:norfolk", "source:desk AND Roxham", "publisher:bureau",
    'publisher:"Norfolk News" road', 'agency:"Canadian Press"', "STCA OR Wroxham", '"safe third country|countries"',
    "(Roxham OR STCA) (asylum OR back)", "oeuvre", "œuvre", "coeur", "cœur", "REFUGIES",
    "road AND NOT (asylum OR seekers)", '"road roxham"', "norfolk",
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_a_search_finds_what_a_live_match_would_and_nothing_else(opener: Opener, query: str) -> None:
    archive = opener()
    for found in READ:
        keep(archive, found)
    held = Compiled([parse(query)])
    live = [found.title for found in READ if held.find(subject(found))]
    assert [kept.title for kept in archive.articles(Filter(query=query))] == live
    assert [hit.article.title for hit in archive.search(Filter(query=parse(query)))] == live[::-1]
    assert [s.members[0].article.title for s in archive.stories(Filter(query=query))] == live[::-1]
    archive.close()


def test_the_queries_of_that_test_find_something_and_none_of_them_everything() -> None:
    found = {query: len([one for one in READ if Compiled([parse(query)]).find(subject(one))]) for query in QUERIES}
    assert [query for query, count in found.items() if not count] == [
        "immigration NEAR/50 asylum", '"road roxham"', "norfolk",
    ]  # fmt: skip
    assert max(found.values()) < len(READ)


def test_what_the_index_finds_in_vain_costs_neither_results_nor_order(archive: Archive) -> None:
    names = [f"http://desk.test/{number}" for number in range(450)]
    archive.keep_visit(visit(), [item(name) for name in names])
    work = archive.pending(NOW)
    archive.keep(
        [
            reading(p, article(names[n], text=f"Number {n} of {'STCA' if n % 150 == 7 else 'stca'} in the air."))
            for n, p in enumerate(work)
        ],
        STORIES,
        NOW,
    )
    assert [a.id for a in archive.articles(Filter(query="=STCA"))] == [8, 158, 308]
    assert [hit.article.id for hit in archive.search(Filter(query="=STCA"), limit=2)] == [308, 158]
    assert [hit.article.id for hit in archive.search(Filter(query="=STCA"))] == [308, 158, 8]
    assert [story.id for story in archive.stories(Filter(query="=STCA"), limit=2)] == [308, 158]
    assert len(archive.search(Filter(query="stca"))) == len(list(archive.articles(Filter()))) == 450
    assert [hit.article.id for hit in archive.search(Filter(), limit=3)] == [450, 449, 448]


def test_an_erased_article_is_found_by_no_query(archive: Archive) -> None:
    keep(archive, article(title="Roxham Road"))
    archive.prune(NOW + timedelta(days=1))
    for query in ("Roxham", "source:desk", "publisher:desk -asylum"):
        assert list(archive.articles(Filter(query=query))) == []
    assert [a.title for a in archive.articles(Filter())] == ["Roxham Road"]


def test_a_query_that_cannot_be_read_says_so(archive: Archive) -> None:
    for ask in (archive.articles, archive.search, archive.stories):
        with pytest.raises(QueryError, match="quotation marks"):
            list(ask(Filter(query='"Roxham')))


FAR = "Nothing of it here. " * 30


@pytest.mark.parametrize(
    ("query", "changed", "snippet"),
    [
        ("roxham", {"title": "Roxham", "text": "One. They met at Roxham. Two."}, "They met at \x02Roxham\x03."),
        ("roxham", {"title": "To Roxham again", "text": "One."}, "To \x02Roxham\x03 again"),
        ("roxham", {"listed_title": "Roxham again", "text": "One."}, "\x02Roxham\x03 again"),
        ("roxham", {"title": "Roxham again, they say", "listed_title": "Back to Roxham now", "text": "One."},
         "\x02Roxham\x03 again, they say"),
        ("title:roxham", {"title": "Roxham", "text": "Roxham."}, "\x02Roxham\x03"),
        ("roxham", {"summary": "Up to Roxham.", "title": "Roxham", "text": "One."}, "Up to \x02Roxham\x03."),
        ("road roxham", {"text": f"A road. {FAR} Roxham Road. {FAR}"}, "\x02Roxham\x03 \x02Road\x03."),
        ('"roxham road" OR road', {"text": "At Roxham\nRoad, road."}, "At \x02Roxham Road\x03, \x02road\x03."),
        ("asylum NEAR/9 roxham", {"text": f"Roxham. {FAR} At Roxham for asylum. {FAR}"},
         "At \x02Roxham\x03 for \x02asylum\x03."),
        ("source:desk", {"text": "One."}, None),
    ],
)  # fmt: skip
def test_the_snippet_is_the_sentence_that_answers(
    archive: Archive, query: str, changed: dict[str, Any], snippet: str | None
) -> None:
    keep(archive, article(**changed))
    assert [hit.snippet for hit in archive.search(Filter(query=query))] == [snippet]


def test_the_snippet_of_an_endless_sentence_is_short_and_holds_what_was_asked(archive: Archive) -> None:
    keep(archive, article(text=f"{LONG} {LONG} Roxham {LONG} {LONG}"))
    (hit,) = archive.search(Filter(query="roxham"))
    assert hit.snippet is not None
    assert "\x02Roxham\x03" in hit.snippet
    assert (hit.snippet[0], hit.snippet[-1], len(hit.snippet) < 300) == ("…", "…", True)


def test_what_the_service_works_by_is_what_it_said_last(opener: Opener) -> None:
    archive = opener()
    assert archive.running() is None
    started = Running(fingerprint="f1", since=NOW)
    archive.keep_running(started)
    assert archive.running() == started
    problems = ("config/topics.yaml:3:7: topics[stca].any: « ’", "and 2 more")
    refused = replace(started, refused_at=NOW + HOUR, problems=problems)
    archive.keep_running(refused)
    archive.close()
    again = opener()
    assert again.running() == refused
    assert again.heartbeat() is None
    again.close()


def test_the_holding_counts_articles_and_marks_by_revision(archive: Archive) -> None:
    assert archive.holding() == Holding(articles=0, erased=0, since=None, marks=())
    keep(archive, article("http://desk.test/1", text=f"one {LONG}"), match())
    keep(archive, article("http://desk.test/2", text=f"two {LONG}"), match(mention=True), match("stca"))
    keep(archive, article("http://desk.test/3", text=f"three {LONG}"), match(revision="r2"))
    keep(archive, article("http://desk.test/4", text=f"four {LONG}"))
    archive.prune(NOW + timedelta(days=1))
    assert archive.holding() == Holding(
        articles=4,
        erased=1,
        since=NOW,
        marks=(
            Marks(topic_id="roxham-road", revision="r1", articles=2, mentions=1),
            Marks(topic_id="roxham-road", revision="r2", articles=1, mentions=0),
            Marks(topic_id="stca", revision="r1", articles=1, mentions=0),
        ),
    )
