"""Tells one reader what is new: a slice of the archive becomes a digest, and the digest a message.

In: the reader's `Slice`, subscription and slot. `compared` names the texts that have to be compared first; with what
they changed, `compose` makes the `Digest`; both are pure. `render` gives it its final bytes as a mail, a JSON document,
a chat text or Atom entries, the same each time; `text` and `page` show it to people, `message_id` and `thread_id` are
the names under which a reader gets it. `alarm_mail` tells the operator what needs a hand.

The ledger in the slice says what the reader has: a story is new once, whichever of its members comes first. It is told
again only when what the reader was told changed in substance, was corrected, or was withdrawn. One story that cannot be
shown never stops the others.
"""

from monitor.digest.alarms import alarm_mail
from monitor.digest.compose import compose
from monitor.digest.recall import compared
from monitor.digest.render import message_id, page, render, text, thread_id

__all__ = ["alarm_mail", "compared", "compose", "message_id", "page", "render", "text", "thread_id"]
