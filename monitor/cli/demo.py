"""What `roxham demo` shows: what became of every article, the digests as text, and where things lie."""

from typing import TYPE_CHECKING

import typer

from monitor import app
from monitor.archive import Filter
from monitor.cli.output import plural, print_table
from monitor.types import ItemState, Outcome, VisitOutcome

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.pipeline import Collected, Delivery


def show(config: "Config", done: "Collected", deliveries: "list[Delivery]") -> None:
    """Prints the tour."""
    _visits(done)
    _articles(config)
    _nothing_new(done, deliveries)
    _mails(config)
    typer.echo("Where things lie:")
    typer.echo(f"  configuration  {app.archive_path(config).parent.parent / 'config'}")
    typer.echo(f"  archive        {app.archive_path(config)}")
    typer.echo(f"  mail           {config.mail.path}  (a maildir: any mail program opens it)")


def _visits(done: "Collected") -> None:
    rows = [(v.source_id, v.outcome.value, v.status, v.found, v.new, v.error) for v in done.visits]
    print_table("Sources visited", ("source", "outcome", "status", "found", "new", "problem"), sorted(rows))


def _articles(config: "Config") -> None:
    with app.reading(config) as archive:
        rows = [
            (
                a.id,
                a.story_id,
                a.relation.value,
                a.publisher,
                a.language,
                ", ".join(m.topic_id + (" (mention)" if m.mention else "") for m in a.matches) or None,
                "partial" if a.partial else None,
                len(a.urls),
                a.title,
            )
            for a in archive.articles(Filter())
        ]
        print_table(
            "What became of every article",
            ("id", "story", "is", "publisher", "lang", "topics", "note", "names", "headline"),
            rows,
        )
        closed = archive.listed([ItemState.REJECTED, ItemState.SET_ASIDE])
        if closed:
            print_table("Not kept", ("source", "why", "address"), [(i.source_id, i.reason, i.url) for i in closed])


def _nothing_new(done: "Collected", deliveries: "list[Delivery]") -> None:
    fresh = sum(done.counts[o] for o in (Outcome.NEW, Outcome.PICKUP, Outcome.VERSION, Outcome.UNMATCHED))
    if fresh or any(delivery.stories for delivery in deliveries):
        new, pickups = done.counts[Outcome.NEW], done.counts[Outcome.PICKUP]
        typer.echo(
            f"{plural(new, 'new story')}, {plural(pickups, 'pickup')}, {done.counts[Outcome.KNOWN]} listed again, "
            f"{done.counts[Outcome.UNMATCHED]} without a topic."
        )
        return
    unchanged = sum(visit.outcome is VisitOutcome.UNCHANGED for visit in done.visits)
    typer.echo(
        f"Nothing is new: {unchanged} of {plural(len(done.visits), 'source')} unchanged, no article was kept twice, "
        "no digest was sent. Here is what the readers have:"
    )


def _mails(config: "Config") -> None:
    import email
    import email.policy

    with app.reading(config) as archive:
        newest = {out.message.digest_id: out for out in archive.outbox()}
    for out in newest.values():
        message = email.message_from_bytes(out.message.raw, policy=email.policy.default)
        body = message.get_body(("plain",))
        typer.echo(f"\n{'═' * 72}\nTo: {out.message.to}\nSubject: {out.message.subject}\nState: {out.state.value}\n")
        typer.echo(body.get_content() if body is not None else "")
    typer.echo("═" * 72)
