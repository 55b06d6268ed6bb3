"""What Prometheus is told: the archive's figures and the process's own, by names and labels that stay few."""

import hashlib
from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from monitor.types import AlarmKind, OutboxHold, Pause, PauseReason, VisitOutcome
from monitor.web.metrics import Tally
from monitor.web.routes import PAGES
from tests.builders import NOW, item, visit
from tests.site_here import CONTACT, EVERYBODY, Caller, opened_site, web

SOURCES = """\
sources:
  - {id: desk, kind: feed, url: 'https://desk.test/feed'}
  - {id: other, kind: feed, url: 'https://other.test/feed'}
"""
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def told(caller: Caller) -> Samples:
    """Every sample by name and labels."""
    answer = await caller.get("/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    samples: Samples = {}
    for family in text_string_to_metric_families(answer.text):
        assert family.documentation, family.name
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in samples, "a sample is told once"
            samples[key] = sample.value
    return samples


def of(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, tuple(sorted(labels.items()))))


async def test_what_the_archive_counts_is_told(tmp_path: Path) -> None:
    async with opened_site(tmp_path, sources=SOURCES) as here:
        now = here.desk.now
        here.archive.keep_visit(visit("desk", at=now), [item("http://desk.test/x"), item("http://desk.test/y")])
        failed = visit("other", at=now, outcome=VisitOutcome.FAILED, status=503, error="HTTP 503")
        for _ in range(2):
            here.archive.keep_visit(failed, [])
        here.archive.keep_visit(visit("removed", at=now), [item("http://removed.test/1")])
        here.archive.reject(here.archive.pending(now)[0], "it breaks", aside=True)
        here.desk.keep_story()
        await here.line.deliver.deliver(forced=True)
        here.archive.alarm(AlarmKind.FAILED, "a mail failed", now)
        here.archive.pause(Pause(digest_id=None, reader="a@b.test", reason=PauseReason.OPERATOR, at=now))
        here.archive.beat(now)
        samples = await told(here)
        assert of(samples, "roxham_source_visits_total", source="desk", outcome="changed") == 2
        assert of(samples, "roxham_source_visits_total", source="other", outcome="failed") == 2
        assert of(samples, "roxham_source_visits_total", source="removed", outcome="changed") is None
        assert of(samples, "roxham_source_condition", source="other", condition="ill") == 1
        assert of(samples, "roxham_source_condition", source="desk", condition="well") == 1
        assert of(samples, "roxham_source_failures", source="other") == 2
        good = here.archive.states()["desk"].last_good_at
        assert good is not None
        assert of(samples, "roxham_source_last_good_visit_timestamp_seconds", source="desk") == good.timestamp()
        assert of(samples, "roxham_source_last_good_visit_timestamp_seconds", source="other") is None
        assert of(samples, "roxham_source_items_pending", source="desk") == 1
        assert of(samples, "roxham_source_items_set_aside", source="desk") == 1
        assert of(samples, "roxham_archive_articles") == 1
        assert of(samples, "roxham_topic_articles", topic="roxham-road") == 1
        assert of(samples, "roxham_outbox_messages", state="sent") == 1
        assert of(samples, "roxham_outbox_messages", state="waiting") == 0
        assert of(samples, "roxham_outbox_oldest_timestamp_seconds") is None
        served = of(samples, "roxham_digest_served_timestamp_seconds", digest="morning")
        assert served is not None
        assert abs(served - now.timestamp()) < 3600
        assert of(samples, "roxham_alarms_total", kind="failed") == 1
        assert of(samples, "roxham_alarms_unseen") == 1
        assert of(samples, "roxham_readers_paused", reason="operator") == 1
        assert of(samples, "roxham_outbox_held") == 0
        assert of(samples, "roxham_heartbeat_timestamp_seconds") == here.archive.heartbeat().timestamp()  # type: ignore[union-attr]
        size = of(samples, "roxham_archive_size_bytes")
        assert size is not None
        assert size >= here.archive.path.stat().st_size
        assert any(name == "process_resident_memory_bytes" for name, _ in samples)


async def test_what_is_counted_only_grows(tmp_path: Path) -> None:
    async with opened_site(tmp_path, sources=SOURCES) as here:
        counts = []
        for minute in range(5):
            at = here.desk.now + timedelta(minutes=minute)
            here.archive.keep_visit(visit("desk", at=at, outcome=VisitOutcome.UNCHANGED), [])
            counts.append(of(await told(here), "roxham_source_visits_total", source="desk", outcome="unchanged"))
        assert counts == [1, 2, 3, 4, 5]


async def test_requests_are_counted_by_the_template_of_their_address(tmp_path: Path) -> None:
    async with opened_site(tmp_path, sources=SOURCES) as here:
        for path in ("/sources/desk", "/sources/other", "/sources/nobody", "/outbox/7", "/nowhere/1", "/nowhere/2"):
            await here.get(path)
        await here.ask("BREW", "/sources")
        await here.get("/unsubscribe/" + "a" * 32)
        samples = await told(here)
        requests = {labels: value for (name, labels), value in samples.items() if name == "roxham_http_requests_total"}
        seen = {
            (dict(labels)["route"], dict(labels)["method"], dict(labels)["code"]): n for labels, n in requests.items()
        }
        assert seen["/sources/{id}", "GET", "200"] == 2
        assert seen["/sources/{id}", "GET", "404"] == 1
        assert seen["none", "GET", "404"] == 2
        assert seen["/unsubscribe/{token}", "GET", "404"] == 1
        assert [key for key in seen if key[1] == "other"]
        assert of(samples, "roxham_http_request_duration_seconds_count", route="/sources/{id}") == 3
        routes = {route for route, _, _ in seen}
        assert routes <= {"none", "/metrics", "/unsubscribe/{token}", *(page.path for page in PAGES)}


async def test_the_form_is_what_was_asked_for(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        answer = await here.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
        names = {family.name for family in open_metrics(answer.text)}  # type: ignore[no-untyped-call]
        assert {"roxham_build", "roxham_archive_articles", "roxham_http_requests"} <= names


async def test_metrics_are_for_operators_and_their_tokens(tmp_path: Path) -> None:
    lines = []
    for name, role in (("prometheus", "operator"), ("script", "researcher")):
        lines.append(f"    - {{name: {name}, role: {role}, sha256: {hashlib.sha256(name.encode()).hexdigest()}}}")
    monitor = CONTACT + web(EVERYBODY) + "  tokens:\n" + "\n".join(lines) + "\n"
    async with opened_site(tmp_path, users=None, monitor=monitor) as here:
        assert (await here.get("/metrics")).status == 401
        assert (await here.get("/status")).status == 401
        assert (await here.get("/readyz")).status == 200
        for token, status in (("prometheus", 200), ("script", 403), ("nonsense", 401)):
            caller = await here.stranger(Authorization=f"Bearer {token}")
            assert (await caller.get("/metrics")).status == status, token


async def test_a_held_outbox_and_refused_files_are_told(tmp_path: Path) -> None:
    from monitor.archive import Running

    async with opened_site(tmp_path) as here:
        here.archive.keep_running(Running(fingerprint="x", since=NOW, refused_at=NOW, problems=("a:1:1: no",)))
        here.desk.keep_story()
        await here.line.deliver.deliver(forced=True)
        with here.archive.write() as db:  # as in a copy that was put back
            db.conn.execute("UPDATE meta SET value = 0 WHERE key = 'handed'")
        assert isinstance(here.archive.outbox_hold(), OutboxHold)
        samples = await told(here)
        assert of(samples, "roxham_outbox_held") == 1
        assert of(samples, "roxham_configuration_refused") == 1
        assert of(samples, "roxham_configuration_taken_timestamp_seconds") == NOW.timestamp()


def test_each_application_counts_for_itself() -> None:
    first, second = Tally(), Tally()
    first.answered("/sources", "GET", 200, 0.01)
    assert isinstance(first.registry, CollectorRegistry)
    labels = {"route": "/sources", "method": "GET", "code": "200"}
    assert first.registry.get_sample_value("roxham_http_requests_total", labels) == 1
    assert second.registry.get_sample_value("roxham_http_requests_total", labels) is None
