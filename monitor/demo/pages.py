"""What each address of the newsroom answers: pages in several layouts, feeds in four formats.

Decided once, from the files in newsroom/ and templates/ alone: two servers on one port answer byte for byte the
same, so that a second visit finds nothing new.
"""

import email.utils
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from urllib.parse import urlsplit

import jinja2

from monitor.demo.outlets import Answer, FeedForm, Outlet, Story, outlets

WORDS = {
    "en": {
        "nav": ("News", "Business", "Sports", "Opinion"),
        "sections": "Sections",
        "share": "Share by mail",
        "related": "Related stories",
        "contact": "Contact us",
    },
    "fr": {
        "nav": ("Actualités", "Économie", "Sports", "Opinions"),
        "sections": "Rubriques",
        "share": "Envoyer par courriel",
        "related": "À lire aussi",
        "contact": "Nous joindre",
    },
}

FEED_TYPES = {
    FeedForm.RSS: "application/rss+xml; charset=utf-8",
    FeedForm.RDF: "application/rdf+xml; charset=utf-8",
    FeedForm.ATOM: "application/atom+xml; charset=utf-8",
    FeedForm.JSON: "application/feed+json; charset=utf-8",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one address answers."""

    status: int = 200
    content_type: str
    body: bytes = field(repr=False)

    @property
    def etag(self) -> str:
        """A strong validator of the body (RFC 9110, 8.8.3)."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:20]}"'


NOT_FOUND = Reply(status=404, content_type="text/html", body=b"<!doctype html><title>Not Found</title>\n")


def replies(base: str) -> Mapping[str, Reply]:
    """Every address of the newsroom, as a path without query, and what it answers.

    `base` is the site's scheme, host and port without a final slash; it stands in the links of pages and feeds.
    """
    templates = _templates()
    found = {
        "/robots.txt": Reply(content_type="text/plain; charset=utf-8", body=b"User-agent: *\nDisallow: /private/\n")
    }
    everything = outlets()
    for outlet in everything:
        home = f"{base}/{outlet.id}/"
        found[f"/{outlet.id}/"] = _html(templates, "index.html", outlet, home=home)
        found[f"/{outlet.id}/{outlet.feed_path}"] = _feed(templates, outlet, home)
        for story in outlet.stories:
            for path in {story.path, *(urlsplit(listed).path for listed in story.listed_as)}:
                found[f"/{outlet.id}/{path}"] = _story(
                    templates, outlet, story, home, amphtml=_amphtml(story, path, home)
                )
    links = "".join(f'<li><a href="{base}/{outlet.id}/">{outlet.name}</a></li>\n' for outlet in everything)
    page = (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Newsroom</title>\n<ul>\n{links}</ul>\n</html>\n'
    )
    found["/"] = Reply(content_type="text/html; charset=utf-8", body=page.encode())
    return found


def _templates() -> jinja2.Environment:
    folder = resources.files(__package__) / "templates"
    loader = jinja2.FunctionLoader(lambda name: (folder / name).read_text("utf-8"))
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    environment.filters["rfc822"] = email.utils.format_datetime
    return environment


def _html(templates: jinja2.Environment, name: str, outlet: Outlet, **values: object) -> Reply:
    text = templates.get_template(name).render(outlet=outlet, words=WORDS[outlet.language], **values)
    # What the outlet's charset lacks is written as a character reference, as old publishing systems do.
    body = text.encode(outlet.charset, "xmlcharrefreplace")
    return Reply(content_type=f"text/html; charset={outlet.charset}", body=body)


def _story(templates: jinja2.Environment, outlet: Outlet, story: Story, home: str, *, amphtml: str | None) -> Reply:
    match story.answer:
        case Answer.NOT_FOUND:
            return NOT_FOUND
        case Answer.UNAVAILABLE:
            return Reply(status=503, content_type="text/html", body=b"<!doctype html><title>Back soon</title>\n")
        case Answer.PDF:
            return Reply(content_type="application/pdf", body=b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\ntrailer <<>>\n%%EOF\n")
        case Answer.PAGE | Answer.VIDEO:
            canonical = home + story.path
            others = [(other.title, home + other.path) for other in outlet.stories if other is not story]
            return _html(
                templates,
                "page.html",
                outlet,
                story=story,
                home=home,
                canonical=canonical,
                amphtml=amphtml,
                related=[(title, home) for title in story.related] + others,
                linked_data=_linked_data(outlet, story, canonical),
            )


def _amphtml(story: Story, path: str, home: str) -> str | None:
    """The address of the story's AMP page, as its main page declares it."""
    amp = next((listed for listed in story.listed_as if listed.startswith("amp/")), None)
    return home + amp if amp and path == story.path else None


def _linked_data(outlet: Outlet, story: Story, canonical: str) -> Mapping[str, object]:
    """The page's schema.org metadata."""
    data: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": story.title,
        "url": canonical,
        "datePublished": story.at.isoformat(),
        "inLanguage": outlet.language,
        "publisher": {"@type": "Organization", "name": outlet.name},
    }
    if story.byline:
        data["author"] = [{"@type": "Person", "name": story.byline}]
    return data


def _feed(templates: jinja2.Environment, outlet: Outlet, home: str) -> Reply:
    items = [(story, path) for story in outlet.stories for path in story.listed_as]
    if outlet.feed_form is FeedForm.JSON:
        text = json.dumps(_json_feed(outlet, items, home), ensure_ascii=False, indent=1) + "\n"
    else:
        template = templates.get_template(f"{outlet.feed_form}.xml")
        text = template.render(outlet=outlet, items=items, home=home)
    return Reply(content_type=FEED_TYPES[outlet.feed_form], body=text.encode())


def _json_feed(outlet: Outlet, items: list[tuple[Story, str]], home: str) -> Mapping[str, object]:
    """The listing in JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": outlet.name,
        "home_page_url": home,
        "feed_url": home + outlet.feed_path,
        "language": outlet.language,
        "items": [_json_item(story, home + path) for story, path in items],
    }


def _json_item(story: Story, url: str) -> Mapping[str, object]:
    item: dict[str, object] = {
        "id": url,
        "url": url,
        "title": story.title,
        "date_published": story.at.isoformat(),
    }
    if story.summary:
        item["summary"] = story.summary
    if story.byline:
        item["authors"] = [{"name": story.byline}]
    return item
