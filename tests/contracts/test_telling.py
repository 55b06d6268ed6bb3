"""Every archive's duties towards readers: what each is told, what became of each message, and who is told no more."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.archive import Archive, Filter, Marked
from monitor.archive.sqlite import SQLiteArchive
from monitor.digest import compose
from monitor.errors import ArchiveError, DeliveryError
from monitor.types import (
    AlarmKind,
    Article,
    Bounce,
    Digest,
    EntryKind,
    Format,
    Judgement,
    Message,
    Outgoing,
    Pause,
    PauseReason,
    Receipt,
    Relation,
    Schedule,
    SendState,
    Slice,
    Slot,
    Subscription,
)
from tests.builders import LONG, NOW, STORIES, article, item, match, reading, subscription, topic, visit, words
from tests.contracts.test_archive import ARCHIVES, Opener, keep
from tests.contracts.test_stories import FACTS, WIRE, copy, notice, prose

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
READER = "reader@example.test"
AT_ONCE = Schedule(text="at once", at_once=True)
SENT = Receipt(at=NOW, channel="test", answer="250 ok")


@pytest.fixture(params=sorted(ARCHIVES))
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    return lambda: ARCHIVES[request.param](tmp_path)


@pytest.fixture
def archive(opener: Opener) -> Iterator[Archive]:
    opened = opener()
    yield opened
    opened.close()


def digest_of(archive: Archive, wanted: Subscription, slot: str = "s1", at: datetime = NOW, **asked: Any) -> Digest:
    """What the subscription's first reader would be told."""
    reader = wanted.to[0]
    return compose(wanted, reader, Slot(name=slot, at=at), archive.slice(wanted, reader, [], **asked), [topic()], at)


def message_of(digest: Digest, **changed: Any) -> Message:
    """A message that tells it."""
    name = f"{digest.subscription.id}-{digest.slot.name}"
    fields: dict[str, Any] = {"message_id": f"<{name}-{digest.reader}>", "digest_id": digest.subscription.id}
    fields |= {"to": digest.reader, "slot": digest.slot.name, "subject": name, "raw": f"mail {name}".encode()}
    return Message(**fields | changed)


def tell(
    archive: Archive,
    wanted: Subscription | None = None,
    slot: str = "s1",
    *,
    at: datetime = NOW,
    token: str | None = None,
    **changed: Any,
) -> Outgoing:
    """Puts into the outbox what the reader is to be told; there is something."""
    digest = digest_of(archive, wanted or subscription(), slot, at)
    out = archive.commit_digest(digest, message_of(digest, **changed), token)
    assert out is not None
    assert out.stories
    return out


def send(archive: Archive, number: int) -> None:
    archive.mark_sending(number)
    archive.mark_sent(number, SENT)


def headlines(archive: Archive, wanted: Subscription | None = None, slot: str = "s9") -> list[str]:
    return sorted(line.article.title for line in digest_of(archive, wanted or subscription(), slot).lines)


def kinds(archive: Archive, wanted: Subscription | None = None) -> list[tuple[EntryKind, int, int]]:
    """The entries of the reader's next slice: kind, article, version."""
    wanted = wanted or subscription()
    return [(e.kind, e.article_id, e.version) for e in archive.slice(wanted, wanted.to[0], []).entries]


def told(archive: Archive, wanted: Subscription | None = None) -> dict[int, tuple[int, bool]]:
    """What the next slice says the reader was told: version, and whether they know it is withdrawn, by article."""
    wanted = wanted or subscription()
    return {t.article_id: (t.version, t.withdrawn) for t in archive.slice(wanted, wanted.to[0], []).told}


def a_story(name: str = "arrest", paper: str = "One", **changed: Any) -> Article:
    return copy(paper, prose(name), f"Mayor {name}", **{"credit": WIRE} | changed)


def kill(archive: Archive, name: str = "arrest") -> None:
    keep(archive, notice(f"Mayor {name}"))


def an_update(archive: Archive, number: int = 1, *matches: Any, **changed: Any) -> None:
    """Another text at the address of `article()`."""
    keep(archive, article(text=f"Take {number}. {words(f'take{number}of', 20)} {LONG}", **changed), *matches)


# --- what is in a slice ----------------------------------------------------------------------------------------------


def test_a_reader_of_two_digests_is_told_of_a_change_by_the_one_that_told_it(archive: Archive) -> None:
    first, second = subscription("first"), subscription("second")
    keep(archive, article(), match())
    tell(archive, first)
    assert headlines(archive, second) == []
    an_update(archive, 2, match(), title="Anew")
    assert headlines(archive, first) == ["Anew"]
    tell(archive, first, "s2")
    assert told(archive, second) == {1: (2, False)}
    assert headlines(archive, second) == []


@pytest.mark.parametrize("repeat", [False, True])
def test_a_digest_repeats_what_an_alert_told_only_where_that_is_wanted(archive: Archive, repeat: bool) -> None:
    alert = subscription("now", at=AT_ONCE)
    daily = subscription("daily", repeat_alerts=repeat)
    keep(archive, article(), match())
    tell(archive, alert)
    assert headlines(archive, alert) == []
    assert headlines(archive, daily) == (["A headline"] if repeat else [])
    if repeat:
        tell(archive, daily)
        assert headlines(archive, daily) == []
        assert told(archive, daily) == {}  # no entry is left that could tell of it
    keep(archive, article("http://other.test/x", publisher="Other", source_id="other"), match())
    assert headlines(archive, daily) == headlines(archive, alert) == []


def test_an_alert_that_repeats_alerts_does_not_repeat_its_own(archive: Archive) -> None:
    alert = subscription("now", at=AT_ONCE, repeat_alerts=True)
    keep(archive, article(), match())
    tell(archive, alert)
    keep(archive, article("http://other.test/x", publisher="Other", source_id="other"), match())
    assert (headlines(archive, alert), told(archive, alert)) == ([], {1: (1, False)})


def test_the_version_that_any_digest_told_is_the_one_the_reader_has(archive: Archive) -> None:
    first, second = subscription("first"), subscription("second", topics=("stca",))
    keep(archive, article(), match())
    tell(archive, first)
    an_update(archive, 2, match(), match("stca"))
    tell(archive, first, "s2")
    an_update(archive, 3, match("stca"))
    assert told(archive, second) == {1: (2, False)}
    assert kinds(archive, first) == [(EntryKind.VERSION, 1, 3)]


def test_a_later_version_concerns_its_readers_whatever_it_is_about(archive: Archive) -> None:
    other = subscription("other", to=("other@example.test",))
    keep(archive, article(), match())
    tell(archive)
    archive.remark([Marked(article_id=1, version=1, matches=())])
    an_update(archive, 2)
    assert kinds(archive) == [(EntryKind.VERSION, 1, 2)]
    assert kinds(archive, other) == []
    assert kinds(archive, subscription("second")) == []  # the same reader, whom another digest told


def test_a_correction_elsewhere_concerns_who_was_told_the_story(archive: Archive) -> None:
    text = f"{FACTS}\n\n{prose('bridge')}"
    keep(archive, copy("One", text, credit=WIRE), match())
    tell(archive)
    corrected = copy("Two", text.replace("4,310", "4,130"), published_at=NOW + HOUR,
                     credit=replace(WIRE, correction="Corrects the count."))  # fmt: skip
    keep(archive, corrected)
    (two,) = [a for a in archive.articles(Filter()) if a.publisher == "Two"]
    assert two.relation is Relation.CORRECTION
    assert kinds(archive) == [(EntryKind.PICKUP, 2, 1)]
    assert kinds(archive, subscription("other", to=("other@example.test",))) == [(EntryKind.NEW, 1, 1)]
    tell(archive, slot="s2")
    assert kinds(archive) == []


def test_recall_goes_to_exactly_those_in_the_ledger(archive: Archive) -> None:
    early, late, never = (subscription(f"s-{who}", to=(f"{who}@example.test",)) for who in ("early", "late", "never"))
    text = f"{FACTS}\n\n{prose('bridge')}"
    mine = copy("One", text, credit=WIRE)
    keep(archive, mine, match())
    tell(archive, early)
    keep(archive, replace(mine, text=text.replace("4,310", "4,130"), body=text.replace("4,310", "4,130")), match())
    tell(archive, late)
    assert kinds(archive, early) == [(EntryKind.VERSION, 1, 2)]
    assert kinds(archive, late) == []
    assert [(line.updated, line.article.version) for line in digest_of(archive, early, "x").lines] == [(True, 2)]
    assert [(line.updated, line.article.version) for line in digest_of(archive, never, "x").lines] == [(False, 2)]
    tell(archive, early, "s2")
    keep(archive, notice("Bridge closed"))
    for wanted in (early, late):
        assert [(line.withdrawn, line.article.id) for line in digest_of(archive, wanted, "s3").lines] == [(True, 1)]
    assert digest_of(archive, never, "s3").lines == ()
    assert EntryKind.KILL not in {kind for kind, _, _ in kinds(archive, never)}


def test_a_kill_is_told_once_by_one_digest(archive: Archive) -> None:
    first, second = subscription("first"), subscription("second", topics=("stca",))
    keep(archive, a_story(), match(), match("stca"))
    tell(archive, first)
    assert headlines(archive, second) == []
    kill(archive)
    assert [line.withdrawn for line in digest_of(archive, first, "s2").lines] == [True]
    assert EntryKind.KILL not in {kind for kind, _, _ in kinds(archive, second)}
    tell(archive, first, "s2")
    assert kinds(archive, first) == []
    assert digest_of(archive, second, "s2").lines == ()
    keep(archive, a_story(paper="Three", published_at=NOW + 2 * HOUR), match())
    assert told(archive, first) == {1: (1, True)}
    assert digest_of(archive, first, "s3").lines == ()


def test_a_kill_of_what_both_digests_of_a_reader_told_is_told_by_one_of_them(archive: Archive) -> None:
    alert = subscription("now", at=AT_ONCE)
    daily = subscription("daily", repeat_alerts=True)
    keep(archive, a_story(), match())
    tell(archive, alert)
    tell(archive, daily)
    kill(archive)
    assert kinds(archive, alert) == kinds(archive, daily) == [(EntryKind.KILL, 1, 1)]
    tell(archive, alert, "s2")
    assert kinds(archive, daily) == []


def test_a_kill_taken_back_and_made_again_is_told_again_only_to_who_heard_of_the_story_in_between(
    archive: Archive,
) -> None:
    mine = a_story()
    keep(archive, mine, match())
    tell(archive)
    kill(archive)
    tell(archive, slot="s2")
    archive.rule([(1, 2)], STORIES, NOW, joined=False)
    archive.rule([(1, 2)], STORIES, NOW, joined=True)
    assert kinds(archive) == []
    archive.rule([(1, 2)], STORIES, NOW, joined=False)
    keep(archive, replace(mine, text=f"Another. {mine.text}"), match())
    tell(archive, slot="s3")
    archive.rule([(1, 2)], STORIES, NOW, joined=True)
    assert [line.withdrawn for line in digest_of(archive, subscription(), "s4").lines] == [True]


def test_a_kill_taken_back_before_anybody_was_told_of_it_is_told_to_nobody(archive: Archive) -> None:
    keep(archive, a_story(), match())
    tell(archive)
    kill(archive)
    archive.rule([(1, 2)], STORIES, NOW, joined=False)
    assert (kinds(archive), headlines(archive)) == ([], [])


def test_what_its_own_publisher_takes_back_is_told_to_who_was_told(archive: Archive) -> None:
    keep(archive, a_story(), match())
    tell(archive)
    keep(archive, notice("Mayor arrest", paper="One"))
    assert (EntryKind.KILL, 1, 1) in [(kind, number, 1) for kind, number, _ in kinds(archive)]
    (line,) = digest_of(archive, subscription(), "s2").lines
    assert line.withdrawn
    tell(archive, slot="s2")
    assert (kinds(archive), headlines(archive)) == ([], [])


def test_a_carrier_without_a_topic_that_is_withdrawn_alone_is_told_of(archive: Archive) -> None:
    keep(archive, a_story(), match())
    keep(archive, a_story(paper="Two", published_at=NOW + HOUR))
    assert [carrier.id for line in digest_of(archive, subscription()).lines for carrier in line.carriers] == [2]
    tell(archive)
    keep(archive, notice("Mayor arrest", paper="Two"))
    assert (EntryKind.KILL, 2) in [(kind, number) for kind, number, _ in kinds(archive)]


def test_a_notice_that_comes_first_is_no_news_of_a_kill(archive: Archive) -> None:
    kill(archive)
    keep(archive, a_story(), match())
    assert EntryKind.KILL not in {kind for kind, _, _ in kinds(archive)}
    assert headlines(archive) == []


def test_a_kill_is_no_bulk_and_nothing_to_release(archive: Archive) -> None:
    archive.keep_visit(visit(), [item("http://one.test/a")], lambda _: Judgement(burst="many"))
    archive.keep([reading(archive.pending(NOW)[0], a_story(), [match()])], STORIES, NOW)
    kill(archive)
    (held,) = archive.bursts()
    assert [bulk.stories for bulk in archive.slice(subscription(), READER, []).bulk] == [1]
    assert archive.release([held.id], NOW) == 1
    assert kinds(archive) == [(EntryKind.NEW, 1, 1)] * 2
    assert headlines(archive) == []


def test_what_weaving_an_older_archive_finds_killed_is_told_to_nobody(archive: Archive) -> None:
    assert isinstance(archive, SQLiteArchive)
    from monitor.stories import fingerprint

    keep(archive, a_story(), match())
    tell(archive)
    kill(archive)
    archive.db.executescript(
        "DELETE FROM ties; DELETE FROM text_keys; DELETE FROM texts; UPDATE articles SET withdrawn = 0;"
        "DELETE FROM entry_topics WHERE entry IN (SELECT number FROM entries WHERE kind = 'kill');"
        "DELETE FROM entries WHERE kind = 'kill';"
    )  # as a program left it that knew no stories
    while archive.weave(STORIES, fingerprint):
        pass
    assert [a.withdrawn for a in archive.articles(Filter())] == [True, False]
    assert EntryKind.KILL not in {kind for kind, _, _ in kinds(archive)}


@pytest.mark.parametrize("joined", [True, False])
def test_what_was_told_stays_told_when_stories_become_one_or_fall_apart(archive: Archive, joined: bool) -> None:
    keep(archive, article(), match())
    if joined:
        keep(archive, article("http://desk.test/b", title="Other", text=words("other")), match())
    else:
        keep(archive, article("http://other.test/x", publisher="Other", source_id="other", title="Other"), match())
    tell(archive)
    archive.rule([(1, 2)], STORIES, NOW, joined=joined)
    assert headlines(archive) == []
    an_update(archive, 2, match(), title="Anew")
    assert headlines(archive) == ["Anew"]
    wanted = {t.article_id: t.story_id for t in archive.slice(subscription(), READER, []).told}
    kept = {a.id: a.story_id for a in archive.articles(Filter())}
    assert wanted == ({1: kept[1], 2: kept[1]} if joined else {1: kept[1]})


def test_a_slice_says_what_was_partial_and_since_when(archive: Archive) -> None:
    wanted = subscription()
    assert archive.slice(wanted, READER, []).since is None
    archive.register([wanted], since=NOW - DAY, now=NOW)
    assert archive.slice(wanted, READER, []).since is None, "the first digest reaches back to before it"
    keep(archive, article(text="A teaser of the page.", partial=True), match())
    tell(archive, at=NOW + HOUR)
    keep(archive, article(), match())
    slice_ = archive.slice(wanted, READER, [])
    assert slice_.since == NOW + HOUR
    assert [(t.version, t.partial) for t in slice_.told] == [(1, True)]
    tell(archive, slot="s2", at=NOW + 2 * HOUR)
    an_update(archive, 3, match())
    assert [(t.version, t.partial) for t in archive.slice(wanted, READER, []).told] == [(2, False)]


def test_the_take_of_an_article_is_that_of_its_newest_version(archive: Archive) -> None:
    first = prose("bridge", 5)
    later = f"{first}\n\n{prose('later', 4)}"
    keep(archive, copy("One", first, credit=WIRE), match())
    keep(archive, copy("One", later, credit=WIRE, updated_at=NOW + HOUR), match())
    assert [a.take for a in archive.articles(Filter())] == [2]
    assert [a.take for a in archive.slice(subscription(), READER, []).articles.values()] == [2]
    assert archive.versions(1)[0].text == first


# --- a message made anew ---------------------------------------------------------------------------------------------


def test_a_slice_of_a_message_is_its_stretch_as_if_it_had_not_been_told(archive: Archive) -> None:
    archive.register([subscription()], since=NOW - DAY, now=NOW)
    keep(archive, article(), match())
    before = archive.slice(subscription(), READER, [])
    out = tell(archive, at=NOW + HOUR)
    keep(archive, article("http://desk.test/b", title="Later", text=words("later")), match())
    tell(archive, slot="s2", at=NOW + 2 * HOUR)
    assert archive.slice(subscription(), READER, [], of=out) == before
    assert archive.slice(subscription(), READER, []).entries == ()


def test_a_slice_of_a_message_leaves_out_what_others_told(archive: Archive) -> None:
    keep(archive, article(), match())
    tell(archive, subscription("other"))
    keep(archive, article("http://desk.test/b", title="Second", text=words("second")), match())
    out = tell(archive)
    again = digest_of(archive, subscription(), of=out)
    assert [line.article.title for line in again.lines] == ["Second"]


def test_a_waiting_message_with_a_story_that_was_killed_is_made_anew_without_it(archive: Archive) -> None:
    keep(archive, a_story(), match())
    keep(archive, article(), match())
    out = tell(archive, token="first")
    assert not archive.spoilt(out.id)
    kill(archive)
    assert archive.spoilt(out.id)
    digest = digest_of(archive, subscription(), of=out)
    other = message_of(digest, raw=b"other bytes", whole=b"other page", subject="Other")
    assert archive.replace_message(out.id, digest, other, "second")
    assert archive.replace_message(out.id, digest, other, "second")
    again = archive.message(out.id)
    assert again is not None
    assert (again.message.raw, again.message.whole, again.message.subject) == (b"other bytes", b"other page", "Other")
    assert (again.stories, again.after, again.upto, again.state) == (1, out.after, out.upto, SendState.WAITING)
    assert (archive.subscribed("first"), archive.subscribed("second")) == (None, ("morning", READER))
    assert not archive.spoilt(out.id)
    assert kinds(archive) == []  # its reader never heard of the story
    assert headlines(archive, slot="s2") == []
    assert archive.tellings(1) == []


def test_a_message_of_which_nothing_is_left_is_dropped(archive: Archive) -> None:
    keep(archive, a_story(), match())
    out = tell(archive, token="first")
    kill(archive)
    digest = digest_of(archive, subscription(), of=out)
    assert digest.lines == ()
    assert archive.replace_message(out.id, digest, None, None)
    assert not archive.replace_message(out.id, digest, None, None)
    (dropped,) = archive.outbox()
    assert dropped.state is SendState.DROPPED
    assert dropped.receipt is not None
    assert (dropped.receipt.answer, archive.subscribed("first")) == ("nothing is left to tell", None)
    assert (archive.due_messages(NOW + DAY), archive.outbox(open_only=True), kinds(archive)) == ([], [], [])
    assert archive.served("morning", READER, "s1")


def test_a_story_killed_between_slice_and_commit_spoils_the_message(archive: Archive) -> None:
    keep(archive, a_story(), match())
    digest = digest_of(archive, subscription())
    kill(archive)
    out = archive.commit_digest(digest, message_of(digest))
    assert out is not None
    assert archive.spoilt(out.id)
    with pytest.raises(DeliveryError, match="withdrawn") as raised:
        archive.mark_sending(out.id)
    assert raised.value.temporary
    assert archive.outbox()[0].state is SendState.WAITING


@pytest.mark.parametrize("how", ["doubt", "sent", "sending"])
def test_what_may_have_arrived_is_never_spoilt_and_its_reader_is_told_of_the_kill(archive: Archive, how: str) -> None:
    keep(archive, a_story(), match())
    out = tell(archive)
    archive.mark_sending(out.id)
    if how == "doubt":
        archive.mark_unsent(out.id, "cut", next_try_at=NOW, doubt=True)
    elif how == "sent":
        archive.mark_sent(out.id, SENT)
        assert archive.retry_message(out.id, NOW)
    kill(archive)
    assert not archive.spoilt(out.id)
    digest = digest_of(archive, subscription(), of=out)
    assert not archive.replace_message(out.id, digest, None, None)
    assert [line.withdrawn for line in digest_of(archive, subscription(), "s2").lines] == [True]
    archive.mark_sending(out.id)
    assert archive.message(out.id) is not None


def test_a_message_that_tells_of_a_kill_is_not_spoilt_by_it(archive: Archive) -> None:
    keep(archive, a_story(), match())
    send(archive, tell(archive).id)
    kill(archive)
    assert not archive.spoilt(tell(archive, slot="s2").id)


def test_the_page_of_a_capped_mail_is_kept_until_a_story_on_it_is_withdrawn(archive: Archive) -> None:
    keep(archive, a_story(), match())
    keep(archive, article(), match())
    out = tell(archive, token="mine", whole=b"<p>all stories</p>")
    send(archive, out.id)
    assert archive.whole("mine") == b"<p>all stories</p>"
    assert archive.whole("other") is None
    kill(archive)
    assert archive.whole("mine") is None
    assert archive.subscribed("mine") == ("morning", READER)


# --- another time ----------------------------------------------------------------------------------------------------


def at_nine(archive: Archive, name: str, at: datetime) -> None:
    """An article that is kept at that time."""
    found = article(f"http://desk.test/{name}", title=name, text=words(name))
    archive.keep_visit(visit(at=at), [item(f"http://desk.test/{name}", content_hash=name)])
    (pending,) = archive.pending(at)
    archive.keep([reading(pending, found, [match()])], STORIES, at)


def test_a_slice_of_another_time_is_what_it_was_then(archive: Archive) -> None:
    wanted = subscription()
    archive.register([wanted], since=NOW - DAY, now=NOW)
    for number in range(6):
        at_nine(archive, f"story{number}", NOW + number * HOUR)
        if number in (2, 4):
            tell(archive, slot=f"s{number}", at=NOW + number * HOUR + HOUR / 2)
    now = archive.slice(wanted, READER, [])
    for hours, expected in ((1, [1, 2]), (2, [1, 2, 3]), (3, [4]), (4, [4, 5]), (5, [6]), (24, [6])):
        then = archive.slice(wanted, READER, [], at=NOW + hours * HOUR, since=NOW - DAY)
        assert [entry.number for entry in then.entries] == expected, hours
        assert then.told == ()
    assert archive.slice(wanted, READER, [], at=NOW + DAY) == now
    assert archive.slice(wanted, READER, [], at=NOW + 3 * HOUR).since == NOW + 2.5 * HOUR
    assert [e.number for e in archive.slice(wanted, READER, [], at=NOW + 2 * HOUR, since=NOW + HOUR).entries] == [2, 3]


def test_a_slice_of_another_time_knows_what_had_been_told(archive: Archive) -> None:
    wanted, other = subscription(), subscription("other")
    at_nine(archive, "story", NOW)
    tell(archive, other, at=NOW + HOUR)
    for hours, expected in ((0, 1), (1, 0), (2, 0)):
        slice_ = archive.slice(wanted, READER, [], at=NOW + hours * HOUR)
        slot = Slot(name="s", at=NOW)
        assert len(compose(wanted, READER, slot, slice_, [topic()], NOW).lines) == expected


# --- places, slots, tokens -------------------------------------------------------------------------------------------


def test_a_digest_whose_slice_another_one_told_meanwhile_is_not_kept(archive: Archive) -> None:
    keep(archive, article(), match())
    first, second = digest_of(archive, subscription()), digest_of(archive, subscription(), "s2")
    assert archive.commit_digest(first, message_of(first)) is not None
    assert archive.commit_digest(second, message_of(second)) is None
    assert not archive.served("morning", READER, "s2")
    assert len(archive.outbox()) == 1


def test_what_is_committed_twice_is_kept_once(archive: Archive) -> None:
    keep(archive, article(), match())
    digest = digest_of(archive, subscription())
    assert archive.commit_digest(digest, message_of(digest), "mine") is not None
    assert archive.commit_digest(digest, message_of(digest), "mine") is None
    nothing = digest_of(archive, subscription(), "s2")
    for _ in range(2):
        assert archive.commit_digest(nothing, None, "other") is None
    assert archive.served("morning", READER, "s2")
    assert (len(archive.outbox()), archive.subscribed("other")) == (1, None)


def test_a_mail_that_says_nothing_is_new_tells_nothing(archive: Archive) -> None:
    keep(archive, article())
    digest = digest_of(archive, subscription())
    assert archive.commit_digest(digest, message_of(digest), "mine") is not None
    assert archive.subscribed("mine") == ("morning", READER)
    assert archive.tellings(1) == []
    assert archive.told_until("morning", READER) == NOW


def test_formats_and_pages_are_kept_with_the_message(opener: Opener) -> None:
    archive = opener()
    keep(archive, article(), match())
    out = tell(archive, raw=b'{"a": 1}', format=Format.JSON, whole=b"<p>")
    archive.close()
    again = opener()
    kept = again.message(out.id)
    assert kept == out
    assert kept is not None
    assert (kept.message.format, kept.message.raw, kept.message.whole) == (Format.JSON, b'{"a": 1}', b"<p>")
    assert [(m.message.format, m.message.raw, m.message.whole) for m in again.outbox()] == [(Format.JSON, b"", None)]
    again.close()


def test_a_token_is_known_and_not_kept(archive: Archive) -> None:
    keep(archive, article(), match())
    token = "Zk3vQ0r9Yw8sT5uXa1bC7dEe"  # noqa: S105 - of nobody
    tell(archive, token=token)
    assert archive.subscribed(token) == ("morning", READER)
    assert (archive.subscribed(token.lower()), archive.subscribed("")) == (None, None)
    assert isinstance(archive, SQLiteArchive)
    archive.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert token.encode() not in archive.path.read_bytes()


_Step = tuple[str, int, bool]


@given(st.lists(st.tuples(st.sampled_from(["keep", "look", "commit", "again"]), st.integers(0, 3), st.booleans())))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_stretches_of_a_reader_neither_overlap_nor_leave_gaps(
    tmp_path_factory: pytest.TempPathFactory, steps: list[_Step]
) -> None:
    archive = ARCHIVES["sqlite"](tmp_path_factory.mktemp("walk"))
    wanted = subscription()
    archive.register([wanted], since=NOW - DAY, now=NOW)
    looked: list[Slice] = []  # slices that may be committed, in whatever order
    stretches: list[tuple[int, int]] = []
    try:
        for number, (what, which, mail) in enumerate(steps):
            if what == "keep":
                at_nine(archive, f"story{number}x", NOW)
            elif what == "look":
                looked.append(archive.slice(wanted, READER, []))
            elif looked:
                slice_ = looked[which % len(looked)]
                slot = Slot(name=f"s{0 if what == 'again' else number}", at=NOW)
                digest = compose(wanted, READER, slot, slice_, [topic()], NOW)
                before = archive.slice(wanted, READER, []).after
                out = archive.commit_digest(digest, message_of(digest) if mail else None)
                after = archive.slice(wanted, READER, []).after
                assert out is None or after == slice_.upto
                if out is not None or after != before:
                    stretches.append((slice_.after, slice_.upto))
        assert [first for first, _ in stretches] == [0, *(last for _, last in stretches[:-1])][: len(stretches)]
        told_of = [t.at for number in range(1, 99) for t in archive.tellings(number)]
        assert len(told_of) == sum(out.stories for out in archive.outbox())
    finally:
        archive.close()


# --- messages --------------------------------------------------------------------------------------------------------


def test_a_message_that_was_sent_is_sent_once(archive: Archive) -> None:
    keep(archive, article(), match())
    out = tell(archive)
    for _ in range(2):
        archive.mark_sending(out.id)
    for _ in range(2):
        archive.mark_sent(out.id, SENT)
    (sent,) = archive.outbox()
    assert (sent.state, sent.attempts, sent.receipt) == (SendState.SENT, 1, SENT)
    with pytest.raises(DeliveryError, match="settled meanwhile"):
        archive.mark_sending(out.id)
    archive.mark_unsent(out.id, "settled meanwhile", next_try_at=NOW)  # as the pipeline makes of it
    assert archive.outbox() == [sent]


def test_what_failed_fails_once(archive: Archive) -> None:
    keep(archive, article(), match())
    out = tell(archive)
    for _ in range(2):
        archive.mark_unsent(out.id, "550 no", next_try_at=None, failed=True, now=NOW)
    (failed,) = archive.outbox()
    assert (failed.state, failed.attempts, len(archive.alarms())) == (SendState.FAILED, 1, 1)


def test_a_dropped_message_is_over_and_says_why(archive: Archive) -> None:
    keep(archive, article(), match())
    out = tell(archive)
    assert archive.drop_message(out.id, "a wrong address", NOW + HOUR)
    assert not archive.drop_message(out.id, "once more", NOW + HOUR)
    assert not archive.drop_message(99, "none", NOW)
    dropped = archive.message(out.id)
    assert dropped is not None
    assert dropped.receipt is not None
    assert (dropped.state, dropped.receipt.at, dropped.receipt.answer) == (
        SendState.DROPPED, NOW + HOUR, "a wrong address",
    )  # fmt: skip
    assert (archive.due_messages(NOW + DAY), archive.outbox(open_only=True), archive.interrupted()) == ([], [], [])
    with pytest.raises(DeliveryError):
        archive.mark_sending(out.id)
    archive.mark_unsent(out.id, "451", next_try_at=NOW, now=NOW)
    assert (archive.due_messages(NOW + DAY), archive.outbox()[0].state) == ([], SendState.DROPPED)
    assert headlines(archive) == []  # what an operator dropped is told by no other mail
    assert archive.retry_message(out.id, NOW + HOUR)
    again = archive.outbox()[0]
    assert (again.state, again.receipt, archive.due_messages(NOW + HOUR)) == (SendState.WAITING, None, [out.id])


def test_a_message_that_arrives_although_it_was_dropped_was_sent(archive: Archive) -> None:
    keep(archive, article(), match())
    out = tell(archive)
    archive.mark_sending(out.id)
    assert archive.drop_message(out.id, "too late", NOW)
    assert archive.interrupted() == []
    archive.mark_sent(out.id, SENT)
    assert (archive.outbox()[0].state, archive.outbox()[0].receipt) == (SendState.SENT, SENT)


def test_dropping_the_second_copy_of_a_sent_message_leaves_it_sent(archive: Archive) -> None:
    keep(archive, article(), match())
    out = tell(archive)
    send(archive, out.id)
    assert not archive.drop_message(out.id, "no", NOW)
    assert archive.retry_message(out.id, NOW)
    assert archive.due_messages(NOW) == [out.id]
    assert archive.drop_message(out.id, "not again", NOW)
    assert (archive.outbox()[0].state, archive.outbox()[0].receipt, archive.due_messages(NOW)) == (
        SendState.SENT, SENT, [],
    )  # fmt: skip


@pytest.mark.parametrize("how", ["waiting", "failed", "held"])
def test_whatever_became_of_a_message_it_can_be_tried_again(archive: Archive, how: str) -> None:
    keep(archive, article(), match())
    out = tell(archive)
    assert not archive.retry_message(99, NOW)
    archive.mark_sending(out.id)
    assert not archive.retry_message(out.id, NOW)  # on its way
    archive.mark_unsent(
        out.id, "no", next_try_at=NOW + DAY if how == "waiting" else None, doubt=how == "held", failed=how == "failed"
    )
    assert archive.due_messages(NOW) == []
    for _ in range(2):
        assert archive.retry_message(out.id, NOW)
    assert archive.due_messages(NOW) == [out.id]
    assert archive.outbox()[0].doubts == (how == "held")


def test_what_was_refused_counts_as_never_told_until_it_is_tried_again(archive: Archive) -> None:
    other = subscription("other")
    keep(archive, a_story(), match())
    out = tell(archive)
    archive.mark_unsent(out.id, "550 no", next_try_at=None, failed=True)
    assert headlines(archive, other) == ["Mayor arrest"]
    archive.retry_message(out.id, NOW)
    assert headlines(archive, other) == []
    archive.mark_unsent(out.id, "550 no", next_try_at=None, failed=True)
    kill(archive)
    assert kinds(archive) == []
    archive.drop_message(out.id, "dead", NOW)
    assert kinds(archive) == []


def test_old_mails_lose_their_bytes_and_keep_their_rows(archive: Archive) -> None:
    for name in ("one", "two", "three", "four"):
        at_nine(archive, name, NOW)
        tell(archive, slot=name, whole=b"<p>", token=name)
    sent, dropped, waiting, late = (out.id for out in archive.outbox())
    send(archive, sent)
    archive.drop_message(dropped, "no", NOW)
    archive.mark_sent(late, replace(SENT, at=NOW + DAY))
    assert [archive.erase_mails(NOW + HOUR, limit=1) for _ in range(3)] == [1, 1, 0]
    for number in (sent, dropped):
        erased = archive.message(number)
        assert erased is not None
        assert (erased.erased, erased.message.raw, erased.message.whole) == (True, b"", None)
        assert erased.receipt is not None
        assert not archive.retry_message(number, NOW)
    assert (archive.whole("one"), archive.subscribed("one")) == (None, ("morning", READER))
    for number in (waiting, late):
        kept = archive.message(number)
        assert kept is not None
        assert (kept.erased, kept.message.whole) == (False, b"<p>")
    assert len(archive.tellings(1)) == 1


# --- pauses ----------------------------------------------------------------------------------------------------------


def paused(reason: PauseReason = PauseReason.OPERATOR, digest_id: str | None = "morning", **changed: Any) -> Pause:
    fields: dict[str, Any] = {"digest_id": digest_id, "reader": READER, "reason": reason, "at": NOW}
    return Pause(**fields | changed)


@pytest.mark.parametrize("digest_id", ["morning", None])
def test_a_paused_reader_is_sent_nothing_and_then_all_of_it(archive: Archive, digest_id: str | None) -> None:
    keep(archive, article(), match())
    out = tell(archive)
    assert archive.pause(paused(digest_id=digest_id))
    assert not archive.pause(paused(digest_id=digest_id))
    assert archive.pauses() == [paused(digest_id=digest_id)]
    assert archive.due_messages(NOW) == []
    with pytest.raises(DeliveryError, match="paused"):
        archive.mark_sending(out.id)
    at_nine(archive, "meanwhile", NOW)
    digest = digest_of(archive, subscription(), "s2")
    assert archive.commit_digest(digest, message_of(digest)) is None
    assert archive.resume(digest_id, READER, NOW)
    assert not archive.resume(digest_id, READER, NOW)
    assert (archive.due_messages(NOW), archive.pauses()) == ([out.id], [])
    assert headlines(archive, slot="s2") == ["meanwhile"]


def test_a_pause_is_of_its_digest_and_its_reader(archive: Archive) -> None:
    keep(archive, article(), match())
    other, somebody = subscription("other"), subscription(to=("somebody@example.test",))
    archive.pause(paused())
    keep(archive, article("http://desk.test/b", text=words("b")), match())
    numbers = [tell(archive, other).id, tell(archive, somebody).id]
    assert archive.due_messages(NOW) == numbers
    assert not archive.resume("other", READER, NOW)
    assert not archive.resume("morning", "somebody@example.test", NOW)
    assert archive.pause(paused(digest_id=None))
    assert not archive.pause(paused(digest_id="other"))
    assert archive.due_messages(NOW) == numbers[1:]
    assert not archive.resume("other", READER, NOW)  # in every digest: only that ends it
    assert archive.resume(None, READER, NOW)
    assert archive.pauses() == []


def test_what_came_during_a_pause_may_be_left_untold(archive: Archive) -> None:
    archive.register([subscription(), subscription("other")], since=NOW - DAY, now=NOW)
    archive.pause(paused())
    keep(archive, article(), match())
    assert archive.resume("morning", READER, NOW + DAY, from_now=True)
    assert (headlines(archive), headlines(archive, subscription("other"))) == ([], ["A headline"])
    assert archive.served_until("morning", READER) == NOW + DAY
    assert not archive.resume("other", READER, NOW + DAY, from_now=True)
    assert headlines(archive, subscription("other")) == ["A headline"]
    assert archive.pause(paused(digest_id=None))
    assert archive.resume(None, READER, NOW + DAY, from_now=True)
    assert headlines(archive, subscription("other")) == []


def test_who_unsubscribes_gets_nothing_of_what_waits(archive: Archive) -> None:
    keep(archive, article(), match())
    out = tell(archive)
    at_nine(archive, "second", NOW)
    second = tell(archive, slot="s2")
    archive.mark_sending(second.id)
    archive.mark_unsent(second.id, "cut", next_try_at=NOW, doubt=True)
    at_nine(archive, "other", NOW)
    other = tell(archive, subscription("other"))
    wish = paused(PauseReason.UNSUBSCRIBED, note="by mail")
    assert archive.pause(wish)
    assert not archive.pause(wish)
    assert [out.state for out in archive.outbox()] == [SendState.DROPPED, SendState.DROPPED, SendState.WAITING]
    assert archive.due_messages(NOW) == [other.id]
    (alarm,) = archive.alarms()
    assert alarm.kind is AlarmKind.PAUSED
    assert READER in alarm.text
    assert "morning" in alarm.text
    assert out.id != other.id


def test_a_wish_to_unsubscribe_outlives_every_other_reason(archive: Archive) -> None:
    archive.pause(paused())
    archive.pause(paused(PauseReason.BOUNCED, None))
    assert not archive.pause(paused(PauseReason.UNSUBSCRIBED))
    assert archive.resume(None, READER, NOW)
    assert [(p.digest_id, p.reason) for p in archive.pauses()] == [("morning", PauseReason.UNSUBSCRIBED)]
    assert archive.resume("morning", READER, NOW)
    assert archive.pauses() == []


def test_an_operator_needs_no_word_of_their_own_pause(archive: Archive) -> None:
    archive.pause(paused())
    assert archive.alarms() == []
    archive.pause(paused(PauseReason.FAILING, None, reader="chat", note="HTTP 410"))
    (alarm,) = archive.alarms()
    assert (alarm.kind, "chat" in alarm.text, "HTTP 410" in alarm.text) == (AlarmKind.PAUSED, True, True)


# --- mail that comes back --------------------------------------------------------------------------------------------


def came_back(out: Outgoing, **changed: Any) -> Bounce:
    fields: dict[str, Any] = {"message_id": out.message.message_id, "recipient": READER, "status": "5.1.1"}
    return Bounce(**fields | {"hard": True, "reason": "no such user"} | changed)


@pytest.fixture
def three(archive: Archive) -> list[Outgoing]:
    """Three messages that were sent."""
    sent = []
    for name in ("one", "two", "three"):
        at_nine(archive, name, NOW)
        sent.append(tell(archive, slot=name))
        send(archive, sent[-1].id)
    return sent


def test_the_second_mail_that_comes_back_for_good_pauses_its_reader(archive: Archive, three: list[Outgoing]) -> None:
    one, two, third = three
    assert archive.bounced(came_back(one), NOW)
    assert not archive.bounced(came_back(one), NOW)
    assert archive.bounced(came_back(one, status="5.2.1"), NOW)  # another report on the same mail
    assert archive.pauses() == []
    assert archive.bounced(came_back(two, reason="550 gone"), NOW + HOUR)
    (pause,) = archive.pauses()
    assert (pause.digest_id, pause.reader, pause.reason, pause.at) == (None, READER, PauseReason.BOUNCED, NOW + HOUR)
    assert pause.note == "550 gone"
    assert archive.bounced(came_back(third), NOW)
    assert [alarm.kind for alarm in archive.alarms()] == [AlarmKind.PAUSED]


def test_a_reader_who_was_told_again_has_to_bounce_twice_again(archive: Archive, three: list[Outgoing]) -> None:
    archive.bounced(came_back(three[0]), NOW)
    archive.bounced(came_back(three[1]), NOW)
    assert archive.resume(None, READER, NOW)
    archive.bounced(came_back(three[2]), NOW)
    assert archive.pauses() == []


def test_what_only_waits_or_was_forged_pauses_nobody(archive: Archive, three: list[Outgoing]) -> None:
    for out in three:
        assert archive.bounced(came_back(out, hard=False, status="4.2.2"), NOW)
        assert not archive.bounced(came_back(out, recipient="somebody@example.test"), NOW)
        assert not archive.bounced(came_back(out, message_id="<guessed@example.test>"), NOW)
    assert (archive.pauses(), archive.alarms()) == ([], [])


@pytest.mark.parametrize(
    ("recipient", "message_id"),
    [("Reader@Example.TEST", "{}"), ("rfc822; <reader@example.test>", "{}"), ("", "{}"), (READER, " {} ")],
)
def test_a_report_may_name_its_reader_in_other_ways(
    archive: Archive, three: list[Outgoing], recipient: str, message_id: str
) -> None:
    bare = message_id.format(three[0].message.message_id.strip("<>"))
    assert archive.bounced(came_back(three[0], recipient=recipient, message_id=bare), NOW)


# --- alarms ----------------------------------------------------------------------------------------------------------


def test_what_an_operator_should_know_is_told_once(archive: Archive) -> None:
    archive.alarm(AlarmKind.OUTBOX, "the outbox is held", NOW)
    archive.alarm(AlarmKind.OUTBOX, "the outbox is held", NOW + HOUR)
    archive.alarm(AlarmKind.PAUSED, "another", NOW)
    first, second = archive.alarms()
    assert (first.kind, first.text, first.at, first.told_at) == (AlarmKind.OUTBOX, "the outbox is held", NOW, None)
    mail = Message(message_id="<alarm>", digest_id="operator", to="desk@example.test", slot="a", subject="Alarm",
                   raw=b"alarm")  # fmt: skip
    for _ in range(2):
        archive.commit_alarms([first.id, second.id], mail, NOW + HOUR)
    (out,) = archive.outbox()
    assert (out.message, out.state, out.created_at) == (replace(mail, raw=b""), SendState.WAITING, NOW + HOUR)
    assert archive.due_messages(NOW + HOUR) == [out.id]
    assert archive.alarms(untold_only=True) == []
    assert [alarm.told_at for alarm in archive.alarms()] == [NOW + HOUR] * 2
    archive.alarm(AlarmKind.OUTBOX, "the outbox is held", NOW + DAY)
    assert len(archive.alarms(untold_only=True)) == 1  # a day later it is said again
    archive.commit_alarms([archive.alarms()[-1].id], None, NOW + DAY)
    assert (archive.alarms(untold_only=True), len(archive.outbox())) == ([], 1)


@pytest.mark.parametrize(
    ("how", "kind"),
    [({"failed": True}, AlarmKind.FAILED), ({"doubt": True}, AlarmKind.HELD), ({}, None),
     ({"doubt": True, "next_try_at": NOW}, None)],
)  # fmt: skip
def test_an_operator_is_told_of_what_failed_or_is_held(
    archive: Archive, how: dict[str, Any], kind: AlarmKind | None
) -> None:
    keep(archive, article(), match())
    out = tell(archive)
    archive.mark_sending(out.id)
    archive.mark_unsent(out.id, "550 no such user", **{"next_try_at": None, "now": NOW + HOUR} | how)
    assert [(a.kind, a.at) for a in archive.alarms()] == ([(kind, NOW + HOUR)] if kind else [])
    assert all(f"message {out.id} " in a.text and "550 no such user" in a.text for a in archive.alarms())


def test_mails_to_the_operator_raise_no_alarm_and_know_no_pause(archive: Archive) -> None:
    archive.alarm(AlarmKind.PAUSED, "something", NOW)
    mail = Message(message_id="<alarm>", digest_id="operator", to=READER, slot="a", subject="Alarm", raw=b"alarm")
    archive.commit_alarms([1], mail, NOW)
    archive.pause(paused(digest_id=None))
    assert archive.due_messages(NOW) == [1]
    archive.mark_sending(1)
    archive.mark_unsent(1, "550", next_try_at=None, failed=True)
    assert len(archive.alarms()) == 1


# --- two at once -----------------------------------------------------------------------------------------------------


def test_an_operator_settles_messages_and_readers_beside_the_service(tmp_path: Path) -> None:
    path = tmp_path / "roxham.db"
    service = SQLiteArchive.for_writing(path, purpose="run", now=NOW, wait=0)
    keep(service, article(), match())
    first = tell(service)
    at_nine(service, "second", NOW)
    second = tell(service, slot="s2")
    with pytest.raises(ArchiveError, match="held by `roxham run`"):
        SQLiteArchive.for_writing(path, purpose="deliver", now=NOW, wait=0)
    change = SQLiteArchive.for_a_change(path, purpose="outbox drop", now=NOW)
    due = service.due_messages(NOW)
    assert change.drop_message(first.id, "no", NOW)
    assert due == [first.id, second.id]
    with pytest.raises(DeliveryError, match="settled meanwhile"):
        service.mark_sending(first.id)
    service.mark_sending(second.id)
    assert not change.retry_message(second.id, NOW)
    service.mark_sent(second.id, SENT)
    assert change.pause(paused())
    at_nine(service, "third", NOW)
    digest = digest_of(service, subscription(), "s3")
    assert service.commit_digest(digest, message_of(digest)) is None
    assert change.resume("morning", READER, NOW)
    assert service.commit_digest(digest, message_of(digest)) is not None
    stale = replace(digest, slot=Slot(name="s4", at=NOW))
    assert change.commit_digest(stale, message_of(stale)) is None
    change.close()
    service.close()


# --- the counter beside the archive ----------------------------------------------------------------------------------


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[SQLiteArchive]:
    opened = SQLiteArchive.for_writing(tmp_path / "roxham.db", purpose="test", now=NOW, wait=0)
    yield opened
    opened.close()


def counter(archive: SQLiteArchive) -> Path:
    return archive.path.with_name("roxham.db.outbox")


def older(archive: SQLiteArchive, file: Path) -> SQLiteArchive:
    """Puts a copy in the place of an archive, as a careless operator would."""
    archive.close()
    for ending in ("-wal", "-shm"):
        archive.path.with_name(archive.path.name + ending).unlink(missing_ok=True)
    archive.path.write_bytes(file.read_bytes())
    return SQLiteArchive.for_writing(archive.path, purpose="test", now=NOW, wait=0)


def test_what_was_handed_over_is_counted_beside_the_archive(sqlite: SQLiteArchive) -> None:
    keep(sqlite, article(), match())
    out = tell(sqlite)
    assert (counter(sqlite).exists(), sqlite.outbox_hold()) == (False, None)
    sqlite.mark_sending(out.id)
    said = json.loads(counter(sqlite).read_text())
    assert (said["last"], said["handed"]) == (out.id, 1)
    assert sqlite.secret().hex() not in counter(sqlite).read_text()
    sqlite.mark_unsent(out.id, "later", next_try_at=NOW)
    sqlite.mark_sending(out.id)
    assert json.loads(counter(sqlite).read_text())["handed"] == 2
    assert sqlite.outbox_hold() is None
    assert not sqlite.release_outbox(NOW)


def test_a_copy_that_knows_less_than_was_sent_is_held_until_it_is_released(
    sqlite: SQLiteArchive, tmp_path: Path
) -> None:
    keep(sqlite, article(), match())
    send(sqlite, tell(sqlite).id)
    sqlite.backup(tmp_path / "copy.db")
    for name in ("two", "three"):
        at_nine(sqlite, name, NOW)
        send(sqlite, tell(sqlite, slot=name).id)
    back = older(sqlite, tmp_path / "copy.db")
    try:
        hold = back.outbox_hold()
        assert hold is not None
        assert (hold.last_here, hold.last_sent) == (1, 3)
        at_nine(back, "four", NOW)
        out = tell(back, slot="four")
        assert out.id == 4  # no number that was given before
        assert back.due_messages(NOW) == []
        with pytest.raises(DeliveryError, match="held") as raised:
            back.mark_sending(out.id)
        assert raised.value.temporary
        assert back.outbox_hold() is not None  # however many are made meanwhile
        back.alarm(AlarmKind.OUTBOX, "held", NOW)
        assert back.release_outbox(NOW)
        assert not back.release_outbox(NOW)
        assert (back.outbox_hold(), back.due_messages(NOW), back.alarms(untold_only=True)) == (None, [4], [])
        send(back, out.id)
        assert back.outbox_hold() is None
    finally:
        back.close()


def test_a_copy_with_a_message_that_was_sent_since_is_held(sqlite: SQLiteArchive, tmp_path: Path) -> None:
    keep(sqlite, article(), match())
    out = tell(sqlite)
    sqlite.backup(tmp_path / "copy.db")
    send(sqlite, out.id)
    back = older(sqlite, tmp_path / "copy.db")
    hold = back.outbox_hold()
    assert hold is not None
    assert (hold.last_here, hold.last_sent, back.due_messages(NOW)) == (1, 1, [])
    back.close()


def test_a_copy_of_which_nothing_was_sent_since_is_not_held(sqlite: SQLiteArchive, tmp_path: Path) -> None:
    keep(sqlite, article(), match())
    send(sqlite, tell(sqlite).id)
    at_nine(sqlite, "two", NOW)
    waiting = tell(sqlite, slot="two")
    sqlite.backup(tmp_path / "copy.db")
    back = older(sqlite, tmp_path / "copy.db")
    assert (back.outbox_hold(), back.due_messages(NOW)) == (None, [waiting.id])
    back.close()


def test_numbers_begin_after_those_of_the_later_archive(sqlite: SQLiteArchive, tmp_path: Path) -> None:
    sqlite.secret()
    sqlite.backup(tmp_path / "copy.db")
    for name in ("one", "two"):
        at_nine(sqlite, name, NOW)
        send(sqlite, tell(sqlite, slot=name).id)
    back = older(sqlite, tmp_path / "copy.db")
    assert back.release_outbox(NOW)
    counter(back).unlink()
    at_nine(back, "three", NOW)
    assert tell(back, slot="three").id == 3
    back.close()


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b'{"last": 1}', b'{"archive": "a", "last": "9"}', b"\xff\xfe"])
def test_a_counter_that_cannot_be_read_holds_the_outbox(sqlite: SQLiteArchive, damage: bytes) -> None:
    keep(sqlite, article(), match())
    out = tell(sqlite)
    counter(sqlite).write_bytes(damage)
    hold = sqlite.outbox_hold()
    assert hold is not None
    assert str(counter(sqlite)) in hold.reason
    assert sqlite.due_messages(NOW) == []
    assert sqlite.release_outbox(NOW)
    assert sqlite.due_messages(NOW) == [out.id]
    send(sqlite, out.id)


def test_the_counter_of_another_archive_from_which_more_was_sent_holds_the_outbox(sqlite: SQLiteArchive) -> None:
    keep(sqlite, article(), match())
    out = tell(sqlite)
    sqlite.secret()
    counter(sqlite).write_text(json.dumps({"archive": "f00", "last": 7, "handed": 9}))
    hold = sqlite.outbox_hold()
    assert hold is not None
    assert (hold.last_sent, "another" in hold.reason, sqlite.due_messages(NOW)) == (7, True, [])
    assert sqlite.release_outbox(NOW)
    send(sqlite, out.id)
    said = json.loads(counter(sqlite).read_text())
    assert (said["last"], said["handed"], said["archive"] != "f00") == (7, 10, True)


def test_a_message_that_cannot_be_counted_is_not_sent(sqlite: SQLiteArchive) -> None:
    keep(sqlite, article(), match())
    out = tell(sqlite)
    counter(sqlite).with_name("roxham.db.outbox.tmp").mkdir()  # a full disk and a read-only folder look like this
    with pytest.raises(ArchiveError, match=r"roxham\.db"):
        sqlite.mark_sending(out.id)
    assert (sqlite.outbox()[0].state, sqlite.due_messages(NOW)) == (SendState.WAITING, [out.id])
    counter(sqlite).with_name("roxham.db.outbox.tmp").rmdir()
    send(sqlite, out.id)


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from monitor.archive.sqlite import SQLiteArchive

archive = SQLiteArchive.for_writing(Path(sys.argv[1]), purpose="run", now=datetime.fromisoformat(sys.argv[2]), wait=0)
sys.addaudithook(lambda event, _: event == "os.rename" and os.kill(os.getpid(), signal.SIGKILL))
archive.mark_sending(int(sys.argv[3]))
"""


def test_a_kill_before_the_counter_is_in_place_leaves_a_doubt_and_holds_nothing_up(sqlite: SQLiteArchive) -> None:
    keep(sqlite, article(), match())
    out = tell(sqlite)
    sqlite.close()
    command = [sys.executable, "-c", KILLED, str(sqlite.path), NOW.isoformat(), str(out.id)]
    assert subprocess.run(command, timeout=60).returncode == -signal.SIGKILL
    again = SQLiteArchive.for_writing(sqlite.path, purpose="test", now=NOW, wait=0)
    assert [message.id for message in again.interrupted()] == [out.id]
    assert (again.outbox_hold(), counter(again).exists()) == (None, False)
    again.mark_unsent(out.id, "interrupted", next_try_at=NOW, doubt=True)
    send(again, out.id)
    assert json.loads(counter(again).read_text())["handed"] == 2
    again.close()
