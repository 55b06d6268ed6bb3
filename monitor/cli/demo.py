"""What `roxham demo` shows: what became of every article, the digests as text, and where things lie."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from monitor import app
from monitor.archive import Filter
from monitor.cli.output import console, plural, print_table
from monitor.overview import letter
from monitor.types import ItemState, Kept, Outcome, VisitOutcome

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.pipeline import Collected, Delivery


def show(config: "Config", folder: Path, done: "Collected", deliveries: "list[Delivery]") -> None:
    """Prints the tour; `folder` holds the configuration."""
    _visits(done)
    _articles(config)
    _nothing_new(done, deliveries)
    _mails(config)
    typer.echo("Where things lie:")
    typer.echo(f"  configuration  {folder}")
    typer.echo(f"  archive        {app.archive_path(config)}")
    typer.echo(f"  mail           {config.mail.path}  (a maildir: any mail program opens it)")
    command = f"roxham --config {shlex.quote(str(folder))}"
    typer.echo("Look around:")
    typer.echo(f"""  {command} search '"Roxham Road"'""")
    typer.echo(f"  {command} web    then open {config.web.base_url}/")


def _visits(done: "Collected") -> None:
    rows = [(v.source_id, v.outcome.value, v.status, v.found, v.new, v.error) for v in done.visits]
    print_table("Sources visited", ("source", "outcome", "status", "found", "new", "problem"), sorted(rows))


def _articles(config: "Config") -> None:
    with app.reading(config) as archive:
        typer.echo("What became of every article\n")
        for article in archive.articles(Filter()):
            _article(article)
        typer.echo()
        closed = archive.listed([ItemState.REJECTED, ItemState.SET_ASIDE])
        if closed:
            print_table("Not kept", ("source", "why", "address"), [(i.source_id, i.reason, i.url) for i in closed])


def _article(article: Kept) -> None:
    """Two lines, so that they can be read on 80 columns."""
    from rich.padding import Padding
    from rich.text import Text

    about = ", ".join(m.topic_id + (" (mention)" if m.mention else "") for m in article.matches) or "no topic"
    words = [
        article.publisher,
        article.language,
        f"{article.relation.value} of story {article.story_id}",
        about,
        "partial" if article.partial else None,
    ]
    out = console()
    out.print(Text(f"{article.id:>4}  ").append(article.title, style="bold"))
    out.print(Padding(Text(" · ".join(word for word in words if word), style="dim"), (0, 0, 0, 6), expand=False))


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
    with app.reading(config) as archive:
        newest = {out.message.digest_id: out.id for out in archive.outbox()}
        mails = [archive.message(number) for number in newest.values()]  # the list holds no bytes
    for out in filter(None, mails):
        typer.echo(f"\n{'═' * 72}\nTo: {out.message.to}\nSubject: {out.message.subject}\nState: {out.state.value}\n")
        typer.echo(letter.plain(out.message))
    typer.echo("═" * 72)
