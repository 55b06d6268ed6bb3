"""`roxham digests`: who is told of what, and when; one of them in full (pausing.py, previewing.py: the others)."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import typer

from monitor.cli.output import AsJson, config_of, local, only_for_the_list, plural, print_json, print_table
from monitor.cli.pausing import NAMED, few, pause, pauses_in, resume
from monitor.cli.previewing import Id, chosen, preview

if TYPE_CHECKING:
    from monitor.types import Pause, Slot, Subscription

commands = typer.Typer(
    name="digests",
    help="List the digests and who gets them; show one, preview, pause, resume.",
    invoke_without_command=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_LEAP_YEAR = 2000  # one that has all the dates that a year can have
_SLOTS = 5  # that `show` says


@commands.callback()
def digests(context: typer.Context, as_json: AsJson = False) -> None:
    """List the digests and who gets them; show one, preview, pause, resume."""
    if context.invoked_subcommand is not None:
        only_for_the_list(context, "digests")
        return
    list_(context, as_json)


def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the digests: topics, when, for whom; the same as `roxham digests`."""
    from monitor import app, export
    from monitor.overview.digests import coming, concerning

    config, now = config_of(context), app.utc_now()
    pauses = pauses_in(config)
    if as_json:
        print_json([export.subscription(s, coming(s, now), concerning(s, pauses)) for s in config.subscriptions])
        return
    columns = ("digest", "title", "topics", "when", "next", "readers", "paused")
    print_table(
        None,
        columns,
        [
            (s.id, " · ".join(s.title.values()), ", ".join(s.topics), s.at.text, _next(s, now, config.timezone),
             few(s.to), _paused(s, concerning(s, pauses)))
            for s in config.subscriptions
        ],
    )  # fmt: skip


def _next(subscription: "Subscription", now: datetime, zone: str) -> str | None:
    """The next slot; in a zone that is not the installation's, with its name."""
    from monitor.overview.digests import coming

    if slots := coming(subscription, now):
        at = local(slots[0].at, subscription.timezone)
        return at if subscription.timezone == zone else f"{at} {subscription.timezone}"
    return "at once" if subscription.at.at_once and not subscription.paused else None


def _paused(subscription: "Subscription", pauses: "Sequence[Pause]") -> str | None:
    if subscription.paused:
        return "all, in digests.yaml"
    why = {pause.reader: pause.reason.value for pause in pauses}
    if len(why) > NAMED:
        return f"{len(why)} of {plural(len(subscription.to), 'reader')}"
    return ", ".join(f"{reader} ({reason})" for reader, reason in why.items()) or None


# --- one digest ------------------------------------------------------------------------------------------------------


def show(context: typer.Context, digest_id: Id, as_json: AsJson = False) -> None:
    """Show one digest: what it tells, its next slots, and where each reader stands."""
    from monitor import app, export
    from monitor.overview.digests import Standing, coming, standing

    config, now = config_of(context), app.utc_now()
    subscription = chosen(config, digest_id)
    readers = [Standing(reader=r, told_until=None, last=None, unsent=0, pause=None) for r in subscription.to]
    if app.archive_path(config).exists():
        with app.reading(config) as archive:
            readers = standing(archive, subscription)
    slots = coming(subscription, now, _SLOTS)
    if as_json:
        pauses = sorted((each.pause for each in readers if each.pause is not None), key=lambda pause: pause.at)
        document = export.subscription(subscription, slots, pauses)
        document["next_slots"] = [export.slot(slot) for slot in slots]
        document["readers"] = [
            {
                "to": each.reader,
                "told_until": export.when(each.told_until),
                "last": each.last and export.outgoing(each.last),
                "unsent": each.unsent,
            }
            for each in readers
        ]
        print_json(document)
        return
    for name, value in _said(subscription, slots):
        if value:
            typer.echo(f"{name:>12}  {value}")
    columns = ("reader", "told until", "last message", "stories", "state", "unsent", "paused")
    print_table(
        None,
        columns,
        [
            (each.reader, local(each.told_until, subscription.timezone),
             *((m.message.slot, m.stories, m.state.value) if (m := each.last) else (None, None, None)),
             each.unsent, each.pause and _reason(each.pause, subscription.timezone))
            for each in readers
        ],
    )  # fmt: skip


def _said(subscription: "Subscription", slots: "Sequence[Slot]") -> list[tuple[str, str | None]]:
    from monitor.config import duration_text

    s = subscription
    yearly = [date(_LEAP_YEAR, month, day) for month, day in s.not_on_yearly]
    never = [*_runs(s.not_on, "%Y-%m-%d"), *(f"every {run}" for run in _runs(yearly, "%m-%d"))]
    also = [
        s.nothing_new and "sent also where nothing is new",
        s.repeat_alerts and "tells again what was told at once",
        s.at_most_once and "what may have arrived is not sent again",
        s.at.at_once and s.gather and f"the first story waits {duration_text(s.gather)} for others",
    ]
    return [
        ("digest", f"{s.id}  {' · '.join(s.title.values())}"),
        ("paused", "by `paused: true` in digests.yaml: nobody is told" if s.paused else None),
        ("topics", ", ".join(s.topics)),
        ("articles", f"{'mentions too' if s.mentions else 'no mentions'}; {', '.join(s.languages) or 'any language'}"),
        ("when", f"{s.at.text}, {s.timezone}"),
        ("quiet", f"from {s.quiet.since:%H:%M} to {s.quiet.until:%H:%M}" if s.quiet else None),
        ("not on", ", ".join(never)),
        ("next", ", ".join(f"{local(slot.at, s.timezone)}" for slot in slots)),
        ("mail", f"{s.language}, {s.layout.value}" + (f", at most {plural(s.most, 'story')}" if s.most else "")),
        *(("also", said) for said in also if said),
        ("note", s.note),
    ]


def _runs(days: Collection[date], form: str) -> list[str]:
    """Returns the dates, where several follow each other only the first and the last of them."""
    runs: list[list[date]] = []
    for day in sorted(days):
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1] = [runs[-1][0], day]
        else:
            runs.append([day])
    return [" to ".join(day.strftime(form) for day in run) for run in runs]


def _reason(pause: "Pause", zone: str) -> str:
    where = " in every digest" if pause.digest_id is None else ""
    note = f": {pause.note}" if pause.note else ""
    return f"{pause.reason.value}{where}, {local(pause.at, zone)}{note}"


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    commands.command(name="list")(list_)
    for command in (show, preview, pause, resume):
        commands.command()(command)
    app.add_typer(commands)
