"""Figures for Prometheus: what the archive counts, and how the pages answer."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response

from monitor.app import version
from monitor.archive import Archive, Figures, Running
from monitor.overview.sources import Watched, watched
from monitor.types import ItemState, OutboxHold, PauseReason, Role
from monitor.web.site import Page, Site

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from monitor.config import Config

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Tally:
    """What one process counts: its requests; and of the archive what it counted before."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "roxham_http_requests",
            "Requests to the pages, by the page's address as a template.",
            ("route", "method", "code"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "roxham_http_request_duration_seconds",
            "Time from a request to the end of its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)
        self._figures: Figures | None = None

    def answered(self, route: str, method: str, code: int, seconds: float) -> None:
        """Counts a request. `route` is the template of its address, so that there are no more of them than pages."""
        self._requests.labels(route, method if method in _METHODS else "other", str(code)).inc()
        self._seconds.labels(route).observe(seconds)

    def figures(self, archive: Archive) -> Figures:
        """Returns what the archive counts; of the visits only those since the last time are counted anew."""
        self._figures = archive.figures(self._figures)
        return self._figures


def tally_of(request: Request) -> Tally:
    """Returns the tally of the process that answers a request."""
    tally: Tally = request.scope["state"]["tally"]
    return tally


class Measured:
    """Counts every request with how it was answered, and how long that took."""

    def __init__(self, app: "ASGIApp", tally: Tally) -> None:
        self._app = app
        self._tally = tally

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["tally"] = self._tally
        began, code = time.perf_counter(), 500

        async def heard(message: "Message") -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, heard)
        finally:
            self._tally.answered(_route(scope), scope["method"], code, time.perf_counter() - began)


def _route(scope: "Scope") -> str:
    """The template of the address that answered; one name for all that nothing answers to."""
    template = getattr(scope.get("route"), "path", None)
    return f"{scope.get('root_path', '')}{template}" if template else "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is asked of the archive for one answer."""

    figures: Figures
    sources: list[Watched]
    heartbeat: datetime | None
    running: Running | None
    hold: OutboxHold | None
    paused: dict[PauseReason, int]


async def metrics(request: Request, site: Site) -> Response:
    """GET /metrics: in the text format of Prometheus, or OpenMetrics to who asks for it."""
    config, path, now = site.onlooker.config, site.onlooker.path, site.onlooker.clock()
    tally = tally_of(request)

    def asked(archive: Archive) -> bytes:
        pauses = [pause.reason for pause in archive.pauses()]
        seen = Seen(
            figures=tally.figures(archive),
            sources=watched(config, archive, now),
            heartbeat=archive.heartbeat(),
            running=archive.running(),
            hold=archive.outbox_hold(),
            paused={reason: pauses.count(reason) for reason in PauseReason},
        )
        registry: Any = _Both(tally.registry, families(config, seen, size(path)))
        return encode(registry)

    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    body = await site.onlooker.ask(asked)
    return Response(body, 200, {"Content-Type": media_type})


def size(path: Path) -> int:
    """Returns the bytes of an archive: its file, and what was not written into it yet."""
    total = 0
    for file in (path, path.with_name(f"{path.name}-wal")):
        try:
            total += file.stat().st_size
        except OSError:
            continue
    return total


class _Both:
    """The figures of the process and those of the archive, as one registry."""

    def __init__(self, registry: CollectorRegistry, families: Iterable[Metric]) -> None:
        self._registry, self._families = registry, families

    def collect(self) -> Iterator[Metric]:
        yield from self._registry.collect()
        yield from self._families


def families(config: "Config", seen: Seen, size: int) -> Iterator[Metric]:
    """Yields what the archive says. Labels are what the configuration names, so that their number is bounded."""
    figures = seen.figures
    yield InfoMetricFamily("roxham_build", "The program that answers.", {"version": version()})
    yield _gauge("roxham_archive_size_bytes", "Size of the archive's files.", size)
    yield _gauge("roxham_archive_articles", "Articles in the archive.", figures.articles)
    yield _time("roxham_heartbeat_timestamp_seconds", "When the service was last alive.", seen.heartbeat)
    yield from _of_running(seen.running)
    yield from _of_sources(config, seen)
    matched = GaugeMetricFamily("roxham_topic_articles", "Articles about a topic.", labels=("topic",))
    for topic in config.topics:
        matched.add_metric((topic.id,), figures.matched.get(topic.id, 0))
    yield matched
    yield from _of_outbox(config, seen)
    alarms = CounterMetricFamily("roxham_alarms", "What operators were to be told of.", labels=("kind",))
    for kind, count in figures.alarms.items():
        alarms.add_metric((kind.value,), count)
    yield alarms
    yield _gauge("roxham_alarms_unseen", "Alarms of which no operator was told yet.", figures.untold)


def _of_running(running: Running | None) -> Iterator[Metric]:
    if running is None:
        return
    taken = "When the service took the configuration it works by."
    yield _time("roxham_configuration_taken_timestamp_seconds", taken, running.since)
    refused = "1 where the files that were saved last were refused, and an older configuration is in force."
    yield _gauge("roxham_configuration_refused", refused, int(running.refused_at is not None))


def _of_sources(config: "Config", seen: Seen) -> Iterator[Metric]:
    visits = CounterMetricFamily("roxham_source_visits", "Visits, by how they ended.", labels=("source", "outcome"))
    known = {source.id for source in config.sources}
    for (source, outcome), count in sorted(seen.figures.visits.visits.items()):
        if source in known:
            visits.add_metric((source, outcome), count)
    yield visits
    condition = GaugeMetricFamily(
        "roxham_source_condition", "1 for the condition that a source is in.", labels=("source", "condition")
    )
    failures = GaugeMetricFamily("roxham_source_failures", "Failed visits in a row.", labels=("source",))
    good = GaugeMetricFamily(
        "roxham_source_last_good_visit_timestamp_seconds", "When a source was last read.", labels=("source",)
    )
    pending = GaugeMetricFamily("roxham_source_items_pending", "Items that wait to be read.", labels=("source",))
    aside = GaugeMetricFamily("roxham_source_items_set_aside", "Items that were set aside.", labels=("source",))
    held = GaugeMetricFamily("roxham_source_items_held_back", "Items that came in bulk.", labels=("source",))
    for each in seen.sources:
        labels, state = (each.source.id,), each.state
        waiting = seen.figures.waiting.get(each.source.id, {})
        condition.add_metric((each.source.id, each.health.condition.value), 1)
        failures.add_metric(labels, state.failures if state else 0)
        if state is not None and state.last_good_at is not None:
            good.add_metric(labels, state.last_good_at.timestamp())
        pending.add_metric(labels, waiting.get(ItemState.PENDING, 0))
        aside.add_metric(labels, waiting.get(ItemState.SET_ASIDE, 0))
        held.add_metric(labels, sum(burst.items for burst in each.bursts))
    yield from (condition, failures, good, pending, aside, held)


def _of_outbox(config: "Config", seen: Seen) -> Iterator[Metric]:
    messages = GaugeMetricFamily("roxham_outbox_messages", "Messages of the outbox.", labels=("state",))
    for state, count in seen.figures.outbox.items():
        messages.add_metric((state.value,), count)
    yield messages
    oldest = "When the oldest message was made that is still to be sent; absent where none is."
    yield _time("roxham_outbox_oldest_timestamp_seconds", oldest, seen.figures.oldest_at)
    held = "1 where nothing is sent, because the archive is older than what was sent from it."
    yield _gauge("roxham_outbox_held", held, int(seen.hold is not None))
    served = GaugeMetricFamily(
        "roxham_digest_served_timestamp_seconds", "When a digest was last made for a reader.", labels=("digest",)
    )
    for subscription in config.subscriptions:
        if (at := seen.figures.served_at.get(subscription.id)) is not None:
            served.add_metric((subscription.id,), at.timestamp())
    yield served
    paused = GaugeMetricFamily("roxham_readers_paused", "Pauses of readers, by their reason.", labels=("reason",))
    for reason, count in seen.paused.items():
        paused.add_metric((reason.value,), count)
    yield paused


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _time(name: str, text: str, at: datetime | None) -> Metric:
    """A moment in seconds since 1970; without a sample where it is not known."""
    family = GaugeMetricFamily(name, text)
    if at is not None:
        family.add_metric((), at.timestamp())
    return family


PAGES = (Page(path="/metrics", handler=metrics, methods={"GET": Role.OPERATOR}),)
