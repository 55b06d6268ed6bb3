"""What one edited topic would change: the same as when both lists of topics are run over the whole archive."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.archive import Filter
from monitor.match import Matcher
from monitor.pipeline import ChangeKind, compared
from monitor.pipeline.preview import Preview, Stop, affected, previewed
from monitor.types import Beside, Feedback, FeedbackKind, Form, Topic
from tests.builders import NOW, article, subscription, words
from tests.desk import Desk, opened

TEXTS = (
    "The crossing at Roxham Road is closed.",
    "Roxham Road, Norfolk, is another road.",
    "A farm at Roxham Farms burnt down.",
    "At Lacolle people crossed irregularly again.",
    "At Lacolle snow fell.",
    "The Safe Third Country Agreement and Roxham Road are in court.",
    "A safe third country agreement with Guatemala was signed.",
    "Ottawa defends its asylum law.",
    "Roxham is quiet; Ottawa says nothing of asylum.",
    "Nothing of this is about borders.",
)


def forms(*texts: str) -> tuple[Form, ...]:
    return tuple(Form(text=text, language="en") for text in texts)


ROAD = Topic(
    id="road",
    title={"en": "Road"},
    any=forms('"Roxham Road"', "Roxham -Norfolk"),
    near=(Beside(forms=forms("Lacolle"), beside=forms("irregularly"), within=40),),
    excepting=forms('"Roxham Road, Norfolk"'),
)
PACT = Topic(id="pact", title={"en": "Pact"}, any=forms('"safe third country"'), none=forms("Guatemala"))
EDITS = {
    "nothing": ROAD,
    "a form more": replace(ROAD, any=(*ROAD.any, *forms("Lacolle"))),
    "a form less": replace(ROAD, any=ROAD.any[:1]),
    "other forms": replace(ROAD, any=forms("asylum", "Ottawa")),
    "nothing hidden": replace(ROAD, excepting=()),
    "more hidden": replace(ROAD, excepting=forms('"Roxham Farm|Farms"', "Norfolk")),
    "taken out": replace(ROAD, none=forms("court")),
    "something beside": replace(ROAD, all=forms("asylum")),
    "no neighbours": replace(ROAD, near=()),
    "nearer": replace(ROAD, near=(replace(ROAD.near[0], within=1),)),
    "other neighbours": replace(ROAD, near=(replace(ROAD.near[0], beside=forms("snow")),)),
    "what is not wanted is hidden": replace(ROAD, excepting=forms("Norfolk")),
    "either or": replace(ROAD, any=forms("(Lacolle -snow) OR court")),
}


@contextmanager
def kept(folder: Path) -> Iterator[Desk]:
    matcher = Matcher([ROAD, PACT])
    with opened(folder / "archive.db") as desk:
        for number, text in enumerate(TEXTS):
            desk.now = NOW + timedelta(days=number)
            body = f"{words(f'first{number}of')} {text} {words(f'then{number}of')}"
            found = article(f"http://desk.test/{number}", title=f"Story {number}", text=body, body=body)
            desk.keep(found, *matcher.match(found))
        yield desk


def preview(
    desk: Desk, new: Topic | None, old: Topic | None = ROAD, *, stop: Stop = lambda: False, examples: int = 20
) -> Preview:
    digests = [subscription(id="desk", topics=("road", "pact")), subscription(id="strong", topics=("road",))]
    digests[1] = replace(digests[1], mentions=False)
    return previewed(
        desk.archive,
        [*([old] if old else []), PACT],
        [*([new] if new else []), PACT],
        (old.id if old else None, new.id if new else None),
        (digests, digests),
        (),
        begin=None,
        now=desk.now,
        stop=stop,
        examples=examples,
    )


@pytest.mark.parametrize("edit", EDITS)
def test_it_says_what_the_whole_comparison_says(tmp_path: Path, edit: str) -> None:
    new = EDITS[edit]
    with kept(tmp_path) as desk:
        digests = [subscription(id="desk", topics=("road", "pact")), subscription(id="strong", topics=("road",))]
        digests[1] = replace(digests[1], mentions=False)
        whole = compared(desk.archive, [ROAD, PACT], [new, PACT], digests)
        said = preview(desk, new)
        mine = whole.topics[0]
        assert said.whole
        for kind in ChangeKind:
            expected = [change.article.id for change in reversed(mine.of(kind))]
            assert [change.article.id for change in said.changes.get(kind, ())] == expected
            assert said.counts[kind] == len(expected)
        assert [(s.subscription_id, s.before, s.after) for s in said.digests] == [
            (s.subscription_id, s.before, s.after) for s in whole.digests
        ]
        assert said.others == sum(len(topic.changes) for topic in whole.topics[1:])


def test_most_edits_are_tried_on_few_articles(tmp_path: Path) -> None:
    with kept(tmp_path) as desk:
        assert preview(desk, ROAD).looked_at == 0
        assert preview(desk, EDITS["a form more"]).looked_at == 2
        assert preview(desk, EDITS["taken out"]).looked_at == 1
        assert preview(desk, EDITS["something beside"]).looked_at > 2


def test_a_new_and_a_removed_topic(tmp_path: Path) -> None:
    with kept(tmp_path) as desk:
        new = Topic(id="new", title={"en": "New"}, any=forms("Ottawa"))
        assert preview(desk, new, None).counts == {ChangeKind.GAINED: 2}
        gone = preview(desk, None)
        assert gone.counts[ChangeKind.LOST] == sum(
            "road" in {m.topic_id for m in a.matches} for a in desk.archive.articles(Filter())
        )
        assert {size.after for size in gone.digests if size.subscription_id == "strong"} == {0}


def test_another_id_alone_leaves_articles_and_takes_digests_their_topic(tmp_path: Path) -> None:
    with kept(tmp_path) as desk:
        said = preview(desk, replace(ROAD, id="way"))
        assert not said.counts
        strong = said.digests[1]
        assert (strong.before > 0, strong.after) == (True, 0)


def test_who_stops_gets_the_newest(tmp_path: Path) -> None:
    with kept(tmp_path) as desk:
        times = iter([False, False])
        said = preview(desk, EDITS["other forms"], stop=lambda: next(times, True))
        assert (said.looked_at, said.whole) == (2, False)
        assert said.since == NOW + timedelta(days=7)  # of the ten, the last does not hold a form
        assert [c.article.title for c in said.changes[ChangeKind.GAINED]] == ["Story 7"]
        nothing = preview(desk, EDITS["other forms"], stop=lambda: True)
        assert (nothing.looked_at, nothing.whole, nothing.since) == (0, False, None)


def test_so_many_examples_and_every_one_counted(tmp_path: Path) -> None:
    with kept(tmp_path) as desk:
        said = preview(desk, replace(ROAD, any=forms("Zembla"), near=()), examples=2)
        assert said.counts[ChangeKind.LOST] > 2
        assert len(said.changes[ChangeKind.LOST]) == 2
        assert said.changes[ChangeKind.LOST][0].because is not None
        assert [form.text for form in said.unseen] == ["Zembla"]


def test_what_readers_said_is_held_against_both(tmp_path: Path) -> None:
    with kept(tmp_path) as desk:
        ids = {a.title: a.id for a in desk.archive.articles(Filter())}
        for kind, title in ((FeedbackKind.NOT_RELEVANT, "Story 0"), (FeedbackKind.MISSED, "Story 4")):
            said = Feedback(
                kind=kind, topic_id="road", article_id=ids[title], url="http://desk.test/", by="rhea", at=NOW
            )
            desk.archive.give_feedback(said)
        elsewhere = Feedback(
            kind=FeedbackKind.MISSED, topic_id="road", article_id=None, url="http://x.test/", by="rhea", at=NOW
        )
        desk.archive.give_feedback(elsewhere)
        judged = {each.title: each for each in preview(desk, EDITS["a form more"]).judged}
        assert (judged["Story 0"].before, judged["Story 0"].right) == (True, False)
        assert (judged["Story 4"].before, judged["Story 4"].right) == (False, True)
        assert judged[None].right is None


def test_an_unchanged_topic_asks_for_nothing() -> None:
    assert affected(ROAD, replace(ROAD, id="other", title={"fr": "Route"})) is None
    assert affected(None, None) is None
