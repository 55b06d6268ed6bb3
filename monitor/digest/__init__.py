"""Tells one reader what is new: a slice of the archive becomes a digest, and the digest a mail.

In: the reader's `Slice`, subscription and slot. Out: a `Digest` (`compose`, pure) and its `Message` (`render`, the
same bytes each time). `text` is the mail's plain text, `message_id` the name under which a reader gets it.

The ledger in the slice says what the reader has: a story is new once, whichever of its members comes first, and is
told again only when an article that was told has changed. One story that cannot be shown never stops the others.
"""

from monitor.digest.compose import compose
from monitor.digest.render import message_id, render, text

__all__ = ["compose", "message_id", "render", "text"]
