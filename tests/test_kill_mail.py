"""`roxham run` killed with SIGKILL while it tells, and started again: nobody misses a story, nobody gets it twice.

What may have arrived is repeated at most once per kill, as the same bytes under the same Message-ID, and listed.
`python -m benchmarks kills` looks at each moment by itself, at every commit, and at 200 moments by chance.
"""

import os
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.killed import DIGESTS, READERS, Commit, Moment, Step, killed, step_by_chance


@pytest.mark.parametrize(
    ("moments", "repeats"),
    [
        ((Step("CONNECT"), Step("MAIL"), Step("RCPT"), Step("DATA")), 0),
        ((Commit("commit_digest", "before"), Commit("commit_digest", "after")), 0),
        ((Commit("mark_sending", "before"), Commit("mark_sending", "after"), Commit("mark_sent", "after")), 0),
        ((Step("DOT"), Commit("mark_sent", "before")), 4),  # arrived, and that was not kept
    ],
    ids=["before the final dot", "digest", "marks", "unanswered"],
)
def test_two_kills_at_each_moment_repeat_only_what_was_unanswered(
    tmp_path: Path, moments: Sequence[Moment], repeats: int
) -> None:
    with killed(tmp_path) as service:
        for moment in moments:
            assert service.live(moment), moment
            assert service.live(moment), moment
        service.finish()
        assert (service.faults(), service.held) == ([], 0)
        assert (service.kills, service.repeats) == (2 * len(moments), repeats)


def test_two_kills_soon_after_the_answer_repeat_one_mail_each_at_most(tmp_path: Path) -> None:
    with killed(tmp_path) as service:
        for milliseconds in (0, 2, 20, 100):
            assert service.live(Step("250", milliseconds / 1000))
            assert service.live(Step("250", milliseconds / 1000))
        service.finish()
        assert (service.faults(), service.held) == ([], 0)
        assert service.kills == 8


def test_where_nothing_may_be_repeated_a_kill_leaves_a_mail_that_is_held(tmp_path: Path) -> None:
    with killed(tmp_path) as service:
        service.here.write("digests", DIGESTS.replace("gather: 0s", "gather: 0s, at_most_once: true"))
        assert service.live(Step("DOT"))
        for _ in range(2):
            service.here.roxham("deliver", "--now")
        assert (service.repeats, len(service.box.delivered)) == (0, len(READERS))
        held = [mail for mail in service.here.document("outbox") if mail["state"] != "sent"]
        assert [(mail["state"], mail["next_try_at"], mail["doubts"]) for mail in held] == [("doubt", None, 1)]


def test_kills_at_random_moments(tmp_path: Path) -> None:
    kills = int(os.environ.get("ROXHAM_TEST_KILLS", "5"))
    chance = random.Random(20261122)  # noqa: S311 - moments, not secrets
    with killed(tmp_path) as service:
        while service.kills < kills:
            service.live(step_by_chance(chance), stories=chance.randint(1, 3), patience=chance.uniform(0.3, 4))
        service.settle()
        assert (service.faults(), service.held) == ([], 0)
