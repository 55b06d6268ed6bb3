"""Commands that add: `add` keeps a page that a person found, `sources add` looks for what a site offers."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.output import AsJson, Context, complain, config_of, local, plural, print_json, unknown
from monitor.cli.trying import unusable
from monitor.types import Source

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.discovery import Offer
    from monitor.pipeline import Added, Surveyed

Write = Annotated[bool, typer.Option("--write", help="Add it to sources.yaml; comments there are kept.")]
Wait = Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for another writer to end.")]
SHOWN = 8  # offers beside the best that are listed


def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="Of an article's page.")],
    source: Annotated[
        str | None, typer.Option("--source", metavar="ID", help="Whose publisher and terms hold for it.")
    ] = None,
    wait: Wait = 10.0,
    as_json: AsJson = False,
) -> None:
    """Keep one page that a person found; say why it was missed."""
    config = config_of(context)
    _usable(url)
    ids = [each.id for each in config.sources]
    if source is not None and source not in ids:
        complain(unknown(source, ids, "source", "sources.yaml"))
        raise typer.Exit(2)
    named = next((each for each in config.sources if each.id == source), None)
    added = asyncio.run(_add(config, url, named, wait))
    if as_json:
        print_json(_added_json(added))
    else:
        _print_added(added, config)
    if added.article is None:
        raise typer.Exit(1)


async def _add(config: "Config", url: str, named: Source | None, wait: float) -> "Added":
    from monitor import app
    from monitor.pipeline import by_hand

    chosen = by_hand(url, config.sources, named)
    with app.writing(config, purpose="add", wait=wait) as archive, app.addition(config, archive, chosen) as addition:
        return await addition.add(url)


def _added_json(added: "Added") -> dict[str, Any]:
    from monitor import export

    article = added.article
    return {
        "url": added.url,
        "source": added.source.id,
        "outcome": added.outcome.value,
        "error": added.error,
        "article": article and export.article(article),
        "reasons": [{"code": r.code, "source": r.source_id, "text": r.text} for r in added.reasons],
        "told": [export.telling(each) for each in added.told],
    }


def _print_added(added: "Added", config: "Config") -> None:
    article = added.article
    if article is None:
        typer.echo(f"not kept: {added.error}")
    else:
        about = ", ".join(f"{m.topic_id}{' (mention)' if m.mention else ''}" for m in article.matches) or "no topic"
        typer.echo(f"{added.outcome.value}: article {article.id}, story {article.story_id}: {article.title}")
        typer.echo(f"  {article.publisher}, {about}" + (f"; partial: {added.error}" if article.partial else ""))
    for reason in added.reasons:
        typer.echo(f"  why: {reason.text}")
    for telling in added.told:
        at = local(telling.at, config.timezone)
        typer.echo(f"  told: {telling.reader} in {telling.subscription_id}, {at}")
    if article is not None and article.matches and not added.told:
        typer.echo("  nobody was told yet: the next digests will")


def add_source(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="Of a feed, a sitemap, or any page of the site.")],
    write: Write = False,
    own_id: Annotated[str | None, typer.Option("--id", metavar="ID", help="Instead of one made from the host.")] = None,
    as_json: AsJson = False,
) -> None:
    """Look for feeds and news sitemaps at an address; propose the entry.

    The address is visited, then what its page, the site's robots.txt and the usual places offer; nothing is kept.
    """
    from monitor import app, catalogue
    from monitor.extract.urls import identity

    config = config_of(context)
    _usable(url)
    there = {identity(each.url): each.id for each in config.sources}
    if identity(url) in there:
        complain(f"this address is configured already: source {there[identity(url)]!r}")
        raise typer.Exit(2)
    ids = [each.id for each in config.sources]
    if own_id is not None:
        _usable_id(own_id, ids)
    surveyed = asyncio.run(app.survey(config).around(Source(id="add", name=url, publisher=url, kind="feed", url=url)))
    fresh = [offer for offer in surveyed.offers if identity(offer.candidate.url) not in there]
    configured = [there[known] for offer in surveyed.offers if (known := identity(offer.candidate.url)) in there]
    entry = _entry(surveyed, fresh, own_id, ids)
    if entry is not None and write:
        catalogue.add(_folder(context), [("", [entry])], app.configuration)
    if as_json:
        print_json(_proposal_json(entry, fresh, surveyed, configured, written=write and entry is not None))
    else:
        _print_proposal(context, entry, fresh, surveyed, configured, write=write)
    if entry is None:
        raise typer.Exit(0 if configured else 1)


def _usable(url: str) -> None:
    if problem := unusable(url):
        complain(problem)
        raise typer.Exit(2)


def _usable_id(own_id: str, ids: list[str]) -> None:
    from monitor.config.values import identifier

    try:
        identifier(own_id)
    except ValueError as error:
        complain(f"--id: {error}")
        raise typer.Exit(2) from None
    if own_id in ids:
        complain(f"--id: there is a source {own_id!r} already")
        raise typer.Exit(2)


def _entry(surveyed: "Surveyed", fresh: "list[Offer]", own_id: str | None, ids: list[str]) -> dict[str, object] | None:
    from monitor import catalogue
    from monitor.discovery import proposal

    if fresh:
        entry = proposal(fresh[0], site=surveyed.site, language=surveyed.language)
    elif surveyed.listing is not None and not surveyed.offers:
        offer, selector = surveyed.listing
        entry = proposal(offer, site=surveyed.site, language=surveyed.language) | {"options": {"item": selector}}
    else:
        return None
    new_id = own_id or catalogue.new_id(str(entry["url"]), entry["language"], ids)
    return {"id": new_id} | {name: value for name, value in entry.items() if value is not None}


def _proposal_json(
    entry: dict[str, object] | None,
    fresh: "list[Offer]",
    surveyed: "Surveyed",
    configured: list[str],
    *,
    written: bool,
) -> dict[str, Any]:
    from monitor import catalogue

    return {
        "entry": entry,
        "yaml": catalogue.text_of(entry) if entry is not None else None,
        "written": written,
        "offers": [_offer_json(offer) for offer in fresh],
        "configured": configured,
        "tried": [{"url": o.candidate.url, "kind": o.candidate.kind, "error": o.visit.error} for o in surveyed.others],
        "error": surveyed.error,
    }


def _offer_json(offer: "Offer") -> dict[str, Any]:
    from monitor.export import when

    return {
        "url": offer.candidate.url,
        "kind": offer.candidate.kind,
        "how": offer.candidate.how,
        "title": offer.candidate.title,
        "items": offer.gives.items,
        "newest": when(offer.gives.newest),
        "language": offer.gives.language,
        "full": offer.gives.texts_are_full,
    }


def _print_proposal(
    context: typer.Context,
    entry: dict[str, object] | None,
    fresh: "list[Offer]",
    surveyed: "Surveyed",
    configured: list[str],
    *,
    write: bool,
) -> None:
    """Prints what can be pasted into sources.yaml as it is: all that is no entry is a comment."""
    from monitor import catalogue

    zone = config_of(context).timezone
    for known in configured:
        typer.echo(f"  # watched already: {known}")
    if entry is None:
        if not configured:
            complain(
                f"nothing to watch was found: {surveyed.error or 'no feed, no news sitemap, no list of headlines'}"
            )
        return
    best = fresh[0] if fresh else surveyed.listing[0] if surveyed.listing else None
    if not fresh:
        typer.echo("  # No feed and no news sitemap were found. This reads the page's links; look at what it gives:")
    if best is not None:
        typer.echo(f"  # {best.candidate.how}: {_said(best, zone)}")
    typer.echo(catalogue.text_of(entry), nl=False)
    for offer in fresh[1 : SHOWN + 1]:
        typer.echo(f"  # also: {offer.candidate.url} ({offer.candidate.kind}, {_said(offer, zone)})")
    if len(fresh) > SHOWN + 1:
        typer.echo(f"  # … and {len(fresh) - SHOWN - 1} more: --json lists them")
    if write:
        complain(f"added to {_folder(context) / catalogue.FILE}")


def _said(offer: "Offer", zone: str) -> str:
    newest = local(offer.gives.newest, zone)
    texts = ", whole texts" if offer.gives.texts_are_full else ""
    return f"{plural(offer.gives.items, 'item')}, {f'newest {newest}' if newest else 'without dates'}{texts}"


def _folder(context: typer.Context) -> Path:
    chosen: Context = context.obj
    return chosen.folder


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(add)
