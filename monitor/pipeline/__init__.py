"""THE ORDER: visit the sources, take what they list, deliver what readers are due.

    visit    due → crawl.visit → listing.items → archive.keep_visit            (found items are pending)
    take     archive.pending → crawl.read → extract → match → fingerprint → archive.keep(place)
    deliver  due → archive.slice → digest.compose → digest.render → archive.commit_digest
    send     archive.due_messages → archive.mark_sending → channel.send → archive.mark_sent

visit.py, take.py, deliver.py (with composing.py) and sending.py are one line each, collect.py the first two.
coverage.py says how well the sources were watched, returns.py takes in what came back, alarming.py tells the
operator; addition.py sends one page that a person found the same way. What only looks keeps nothing: trial.py walks
one address, survey.py looks for what can be watched, checkup.py says how sources are. What looks back goes through
the archive with topics (past.py): backtest.py, difference.py, forms.py, explained.py; remarking.py gives it the marks
of other topics. What is decided here is only what comes after what; each step is a room of its own. All raise
ArchiveError from every method: without an archive no work goes on.
"""

from monitor.pipeline.addition import Added, Addition, by_hand
from monitor.pipeline.backtest import Backtest, Tested, backtested
from monitor.pipeline.checkup import Checked, checked, remarks
from monitor.pipeline.collect import Collect
from monitor.pipeline.composing import Orders, Teller
from monitor.pipeline.deliver import Deliver
from monitor.pipeline.difference import Change, ChangeKind, Difference, Size, TopicDifference, compared
from monitor.pipeline.explained import reason
from monitor.pipeline.forms import Covered, How, Worth, worth, worth_in
from monitor.pipeline.parts import Collected, Progress, Reader, Silent, Visited
from monitor.pipeline.past import Excerpts, Memory, Tally, grouped, memory, tally, weeks
from monitor.pipeline.remarking import Applied, apply
from monitor.pipeline.returns import Returned, Returns
from monitor.pipeline.sending import Delivery
from monitor.pipeline.survey import Survey, Surveyed, visits
from monitor.pipeline.threads import Threads
from monitor.pipeline.trial import Trial, Tried, stand_in

__all__ = [
    "Added",
    "Addition",
    "Applied",
    "Backtest",
    "Change",
    "ChangeKind",
    "Checked",
    "Collect",
    "Collected",
    "Covered",
    "Deliver",
    "Delivery",
    "Difference",
    "Excerpts",
    "How",
    "Memory",
    "Orders",
    "Progress",
    "Reader",
    "Returned",
    "Returns",
    "Silent",
    "Size",
    "Survey",
    "Surveyed",
    "Tally",
    "Teller",
    "Tested",
    "Threads",
    "TopicDifference",
    "Trial",
    "Tried",
    "Visited",
    "Worth",
    "apply",
    "backtested",
    "by_hand",
    "checked",
    "compared",
    "grouped",
    "memory",
    "reason",
    "remarks",
    "stand_in",
    "tally",
    "visits",
    "weeks",
    "worth",
    "worth_in",
]
