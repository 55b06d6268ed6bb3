"""The topic workshop: one topic as it stands in its file, beside what a change of it would do."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import structlog
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from monitor.app import configuration
from monitor.config.editing import EditError, Entry, Refusal, quoted
from monitor.config.saving import ChangedError
from monitor.digest.plainly import language_of, safe_url
from monitor.errors import ConfigError, Problem
from monitor.pipeline import ChangeKind, worth
from monitor.pipeline.past import finding
from monitor.pipeline.preview import Preview
from monitor.text import fold
from monitor.types import FeedbackKind, Subscription
from monitor.web.bench import bench, standing_of
from monitor.web.marking import marked
from monitor.web.reasons import title_of
from monitor.web.site import Site, address
from monitor.web.workshop import (
    PATIENCE,
    Draft,
    Ground,
    SupersededError,
    digests_naming,
    drafted,
    ground,
    removed,
    saved,
)

log = structlog.get_logger("roxham")

_LONGEST = 100_000  # characters of a topic
_HELD_AGAINST = 300  # forms, each held against every other while somebody types
_NAME = 60  # characters of an id that is made of a title
_NEW = "new"
_HEADLINE = '"words of a headline"'


async def workshop(request: Request, site: Site) -> Response:
    """GET, POST /topics/{id}: one topic as it stands in its file, or a new one (/topics/new)."""
    wanted = str(request.path_params["id"])
    # A topic may itself be called "new": no id begins with a dot.
    id_ = None if wanted == _NEW else wanted.removeprefix(".")
    here = await asyncio.to_thread(ground, site.onlooker.folder)
    entry = _entry(here, id_)
    if request.method != "POST":
        text = entry.text if entry is not None else _beginning(request, here) if id_ is None else ""
        return await _shown(request, site, here, id_, text)
    said = await sent(request)
    text = said.get("text", "")
    if len(text) > _LONGEST:
        raise HTTPException(413)
    match said.get("do"):
        case "effect":
            return await _effect(request, site, here, id_, text)
        case "save" if here.hindrance is None:
            return await _save(request, site, here, id_, text, said.get("base", ""))
        case "delete" if here.hindrance is None and id_ is not None and said.get("sure") == "yes":
            return await _delete(request, site, here, id_, said.get("base", ""))
        case "try" | "delete" | "save":
            return await _shown(request, site, here, id_, text)
    raise HTTPException(422)


def _entry(here: Ground, id_: str | None) -> Entry | None:
    """The topic as it stands in the file. Raises HTTPException 404."""
    if id_ is None or here.listing is None:
        return None
    try:
        return here.listing.entry(id_)
    except EditError:
        raise HTTPException(404) from None


async def _effect(request: Request, site: Site, here: Ground, id_: str | None, text: str) -> Response:
    """The part of the page beside the text."""
    try:
        values = await _tried(request, site, here, id_, text)
    except SupersededError:
        return Response(status_code=204)  # htmx has dropped the question too
    return site.page(request, "topics_effect.html", title=site.words(request)("nav topics"), nav="topics", **values)


async def _shown(
    request: Request,
    site: Site,
    here: Ground,
    id_: str | None,
    text: str,
    *,
    status: int = 200,
    **more: Any,
) -> Response:
    """The whole page; a text that cannot be saved stands in it as it was sent."""
    say = site.words(request)
    config = site.onlooker.config
    try:
        values = await _tried(request, site, here, id_, text)
    except SupersededError:
        return Response(status_code=204)
    entry = None if id_ is None or here.listing is None else here.listing.entry(id_)
    topic = values["draft"].topic
    known = config.topics if topic is None else [replace(topic, id=id_ or "")]
    title = say("topics new") if id_ is None else title_of(id_, known, say.language)
    values |= {"refused": None, "reason": None, "changed_meanwhile": False, "named_by": (), **more}
    rows = min(40, max(14, text.count("\n") + 4))
    return site.page(
        request,
        "topic.html",
        title=title,
        nav="topics",
        status=status,
        id=id_,
        entry=entry,
        action=path_of(id_),
        rows=rows,
        text=text,
        **await standing_of(request, site),
        **values,
    )


async def _tried(request: Request, site: Site, here: Ground, id_: str | None, text: str) -> dict[str, Any]:
    """What a text would change, for the template. Raises SupersededError."""
    onlooker = site.onlooker
    draft = await asyncio.to_thread(drafted, here, id_, text, configuration, onlooker.config.topics)
    preview: Preview | None = None
    missing = not onlooker.path.exists()
    if draft.after is not None and not missing:
        who = site.visitor(request).name or "?"
        preview = await bench(site).trials.preview(onlooker, draft, who)
    say = site.words(request)
    digests = onlooker.config.subscriptions
    told = {topic_id for digest in digests for topic_id in digest.topics}
    return {
        "file": here,
        "draft": draft,
        "preview": preview,
        "no_archive": missing,
        "patience": int(PATIENCE),
        "change_kinds": ChangeKind,
        "kinds": FeedbackKind,
        "titles": {digest.id: titled(digest, say.language) for digest in digests},
        "untold": draft.edited[1] is not None and draft.edited[1] not in told and draft.edited[0] not in told,
        "file_of": _file_of,
        "forms_of": lambda match: list(dict.fromkeys(hit.form for hit in match.hits)),
        "language_of": language_of,
        "safe_url": safe_url,
        "marked": marked,
        "code": lambda text: Markup("<code>{}</code>").format(text),
        "remarks": await asyncio.to_thread(_covered, draft),
    }


def _file_of(problem: Problem) -> str:
    return f"{Path(problem.file).name}:{problem.line}:{problem.column}"


def _covered(draft: Draft) -> list[tuple[str, str]]:
    """The forms of the text that another makes needless, each with that one; none of very many, which takes long."""
    topic = draft.topic
    few = topic is not None and sum(1 for _ in finding(topic)) <= _HELD_AGAINST
    found = worth([topic]) if topic is not None and few else []
    return [
        (each.form.text, each.covered.by.text)
        for each in found
        if each.covered is not None and each.covered.by is not None and each.covered.unless is None
    ]


async def _save(request: Request, site: Site, here: Ground, id_: str | None, text: str, known: str) -> Response:
    try:
        config, new, changed = await asyncio.to_thread(saved, here, id_, text, known, configuration)
    except ChangedError:
        return await _shown(request, site, here, id_, text, status=409, changed_meanwhile=True)
    except EditError as error:
        return await _shown(request, site, here, id_, text, status=422, refused=error.refusal)
    except ConfigError:
        return await _shown(request, site, here, id_, text, status=422, refused=Refusal.NOT_YAML)
    except OSError as error:
        return await _shown(request, site, here, id_, text, status=422, reason=error.strerror or str(error))
    if changed:
        log.info("topic saved", topic=new, was=id_, by=site.visitor(request).name, file=str(here.path))
    return RedirectResponse(address(path_of(new), saved=config.fingerprint[:16] if changed else None), 303)


async def _delete(request: Request, site: Site, here: Ground, id_: str, known: str) -> Response:
    assert here.folder is not None  # noqa: S101 - what can be saved has a folder
    entry = _entry(here, id_)
    text = entry.text if entry is not None else ""
    if naming := await asyncio.to_thread(digests_naming, here.folder, id_):
        return await _shown(request, site, here, id_, text, status=422, named_by=tuple(naming))
    try:
        config = await asyncio.to_thread(removed, here, id_, known, configuration)
    except ChangedError:
        return await _shown(request, site, here, id_, text, status=409, changed_meanwhile=True)
    except EditError as error:
        return await _shown(request, site, here, id_, text, status=422, refused=error.refusal)
    except ConfigError as error:
        reason = "; ".join(f"{_file_of(problem)} {problem.what}" for problem in error.problems[:3])
        return await _shown(request, site, here, id_, text, status=422, reason=reason)
    except OSError as error:
        return await _shown(request, site, here, id_, text, status=422, reason=error.strerror or str(error))
    log.info("topic removed", topic=id_, by=site.visitor(request).name, file=str(here.path))
    return RedirectResponse(address("/topics", removed=id_, saved=config.fingerprint[:16]), 303)


async def sent(request: Request) -> dict[str, str]:
    """The fields that were sent, the first of each. Raises HTTPException 422."""
    try:
        pairs = parse_qs((await request.body()).decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise HTTPException(422) from None
    return {name: values[0] for name, values in pairs.items()}


def path_of(id_: str | None) -> str:
    """Returns where a topic is edited; None: a new one."""
    return f"/topics/{_NEW if id_ is None else f'.{id_}' if id_ == _NEW else id_}"


def _beginning(request: Request, here: Ground) -> str:
    """The text with which a new topic begins: a title and forms that the address brings, or what to write over."""
    title = request.query_params.get("title", "")[:200].strip()
    forms = [form[:2000] for form in request.query_params.getlist("any")[:50] if form.strip()]
    known = {entry.id for entry in here.listing.entries} if here.listing is not None else set()
    name = re.sub(r"[^a-z0-9]+", "-", fold(title)).strip("-")[:_NAME].strip("-") or "new-topic"
    ids = (name, *(f"{name}-{number}" for number in range(2, len(known) + 3)))
    lines = [
        f"- id: {next(id_ for id_ in ids if id_ not in known)}",
        f"  title: {quoted(title or 'New topic')}",
        f"  any: [{', '.join(quoted(form) for form in forms or [_HEADLINE])}]",
    ]
    margin = " " * (here.listing.column if here.listing is not None else 2)
    return "\n".join(margin + line for line in lines)


def titled(digest: Subscription, language: str) -> str:
    """Returns a digest's title in a language, or in another, or its id."""
    return digest.title.get(language) or next(iter(digest.title.values()), digest.id)
