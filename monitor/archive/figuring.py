"""The archive's part in figures: what is counted for those who watch the service, and one source's."""

from monitor.archive import Figures, SourceFacts, VisitCounts
from monitor.archive.connection import moment
from monitor.archive.outbox import Outbox
from monitor.archive.watching import Watching, source_state
from monitor.types import AlarmKind, ItemState


class Figuring(Watching, Outbox):
    """See the contract in monitor/archive/__init__.py."""

    def source_facts(self, source_id: str) -> SourceFacts | None:
        with self.at_one_time() as db:
            row = db.conn.execute("SELECT * FROM sources WHERE id = ?", (source_id,)).fetchone()
            if row is None:
                return None
            ask = "SELECT coalesce(count(*) + sum(repeats), 0) FROM visits WHERE source = ?"
            visits = db.conn.execute(ask, (source_id,)).fetchone()[0]
            ask = "SELECT state, count(*) FROM items WHERE source = ? GROUP BY state"
            items = dict(map(tuple, db.conn.execute(ask, (source_id,))))
            ask = (
                "SELECT count(DISTINCT i.article) FROM items i JOIN articles a ON a.id = i.article "
                "WHERE i.source = ? AND a.matched"
            )
            matched = db.conn.execute(ask, (source_id,)).fetchone()[0]
        return SourceFacts(
            state=source_state(row),
            visits=visits,
            items=sum(items.values()),
            pending=items.get(ItemState.PENDING, 0),
            set_aside=items.get(ItemState.SET_ASIDE, 0),
            rejected=items.get(ItemState.REJECTED, 0),
            matched=matched,
        )

    def figures(self, before: Figures | None = None) -> Figures:
        with self.at_one_time() as db:
            waiting = (
                "SELECT created_at FROM outbox WHERE id = (SELECT min(id) FROM outbox INDEXED BY outbox_unsent "
                "WHERE state <> 'sent' AND dropped_at IS NULL AND state IN ('waiting', 'sending', 'doubt'))"
            )
            oldest = db.conn.execute(waiting).fetchone()
            alarms = db.conn.execute("SELECT kind, count(*), sum(told_at IS NULL) FROM alarms GROUP BY kind").fetchall()
            served = db.conn.execute("SELECT subscription, max(served_at) FROM slots GROUP BY subscription").fetchall()
            return Figures(
                visits=self._visit_counts(before.visits if before is not None else VisitCounts(visits={})),
                waiting=self.waiting_items(),
                articles=db.conn.execute("SELECT count(*) FROM articles").fetchone()[0],
                matched=dict(map(tuple, db.conn.execute("SELECT topic, count(*) FROM matches GROUP BY topic"))),
                outbox=self.outbox_counts(),
                oldest_at=None if oldest is None else moment(oldest[0]),
                served_at={row[0]: moment(row[1]) for row in served},
                alarms={AlarmKind(row[0]): row[1] for row in alarms},
                untold=sum(row[2] for row in alarms),
            )

    def _visit_counts(self, before: VisitCounts) -> VisitCounts:
        """Counts the visits kept since, and how often those were repeated that were each source's last."""
        (upto,) = self.rows("SELECT coalesce(max(id), 0) FROM visits")[0]
        if upto < before.upto:  # another archive was put in its place
            before = VisitCounts(visits={})
        visits = dict(before.visits)
        for source, outcome, count in map(
            tuple,
            self.rows(
                "SELECT source, outcome, count(*) + sum(repeats) FROM visits WHERE id > ? GROUP BY source, outcome",
                (before.upto,),
            ),
        ):
            visits[source, outcome] = visits.get((source, outcome), 0) + count
        for number, known in before.growing.items():
            for source, outcome, repeats in self.rows(
                "SELECT source, outcome, repeats FROM visits WHERE id = ?", (number,)
            ):
                visits[source, outcome] = visits.get((source, outcome), 0) + repeats - known
        last = self.rows(
            "SELECT v.id, v.repeats FROM sources s JOIN visits v ON v.id = "
            "(SELECT max(id) FROM visits WHERE source = s.id) WHERE v.outcome = 'unchanged'"
        )
        return VisitCounts(visits=visits, upto=upto, growing=dict(map(tuple, last)))
