"""`roxham sources release` and `roxham sources coverage`."""

from datetime import UTC, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.cli.output import AsJson, complain, config_of, plural, print_json, print_table, unknown

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def release(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="ID", help="The source whose items came in bulk.")],
    quietly: Annotated[
        bool, typer.Option("--quietly", help="Tell nobody of them one by one: digests keep their number only.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let out what came in bulk and was held back from mails.

    Readers are told of it by their next digest, or at once.
    """
    from monitor import app
    from monitor.overview import sources

    config = config_of(context)
    with app.changing(config, purpose="sources release") as archive:
        released = sources.release(archive, source, app.utc_now(), tell=not quietly)
    if released is None:
        known = [one.id for one in config.sources]
        complain(f"nothing of {source} is held back" if source in known else
                 unknown(source, known, "source", "sources.yaml"))  # fmt: skip
        raise typer.Exit(1 if source in known else 2)
    items, told = released
    if as_json:
        print_json({"source": source, "items": items, "told": told})
        return
    then = (
        ": nobody is told of them one by one"
        if quietly
        else f" ({plural(told, 'article')} so far): readers are told those on their topics"
    )
    typer.echo(f"released {plural(items, 'item')} of {source}{then}")


def coverage(
    context: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID…", help="Only these sources.")] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="So many days, today included.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Show when each source was observed: a count of nothing means nothing where nobody looked.

    The time between two good visits counts where their lists have something in common: then nothing came and went
    unseen. In a terminal the share of each day is shown; --json has the spans and every hour, in UTC.
    """
    from monitor import app, health
    from monitor.export import when

    config = config_of(context)
    known = [source.id for source in config.sources]
    for named in ids or ():
        if named not in known:
            complain(unknown(named, known, "source", "sources.yaml"))
            raise typer.Exit(2)
    zone, now = ZoneInfo(config.timezone), app.utc_now()
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    starts = [(midnight - back * DAY).astimezone(UTC) for back in range(days - 1, -1, -1)]
    with app.reading(config) as archive:
        spans = archive.observed(starts[0], now)
        states = archive.states()
    wanted = [source for source in config.sources if (source.id in ids if ids else source.enabled)]
    if as_json:
        first = starts[0].replace(minute=0)
        hours = [first + number * HOUR for number in range(-(-(now - first) // HOUR))]
        print_json(
            [
                {
                    "source": source.id,
                    "since": when(states[source.id].first_visit_at) if source.id in states else None,
                    "spans": [{"since": when(s.since), "until": when(s.until)} for s in spans.get(source.id, ())],
                    "hours": {
                        f"{hour:%Y-%m-%dT%H:%MZ}": round(
                            health.observed(spans.get(source.id, ()), hour, hour + HOUR), 3
                        )
                        for hour in hours
                    },
                }
                for source in wanted
            ]
        )
        return
    columns = ("source", *(f"{start.astimezone(zone):%a %d}" for start in starts))
    rows = [
        (
            source.id,
            *(_share(health.observed(spans.get(source.id, ()), start, min(start + DAY, now))) for start in starts),
        )
        for source in wanted
    ]
    print_table("Share of each day in which the source was observed; –: not at all", columns, rows)


def _share(observed: float) -> str | None:
    if not observed:
        return None
    whole = int(100 * observed)  # cut, not rounded: 100 % is said of a whole day only
    return f"{whole} %" if whole else "< 1 %"
