"""News for the benchmark of telling: stories at several carriers, and what becomes of them an hour later."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from benchmarks.texts import Writer

CARRIERS = {
    "en": ("Valley Courier", "Morning Gazette", "Lakeshore Bugle", "Plains Herald"),
    "fr": ("Le Relais", "La Dépêche du fleuve"),
}
_WORDS = 350
_FIRST = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=8)
_SENTENCES = {
    ("roxham-road", "en"): "Officers counted {n} people on Roxham Road in the last week of the month.",
    ("roxham-road", "fr"): "Les agents ont compté {n} personnes au chemin Roxham durant la dernière semaine du mois.",
    ("stca", "en"): "Lawyers said {n} files name the Safe Third Country Agreement this year.",
    ("stca", "fr"): "Les avocats disent que {n} dossiers citent l'Entente sur les tiers pays sûrs cette année.",
}
_MORE = {
    "en": "The minister answered late in the day that {n} more officers would come before spring.",
    "fr": "La ministre a répondu en fin de journée que {n} agents de plus viendraient avant le printemps.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What one source of the configuration watches."""

    id: str
    publisher: str
    language: str
    path: str


class Newsroom:
    """Stories of two topics in two languages, each at one carrier or several.

    In the second edition every fifth story has another figure (a correction), every fifth a paragraph more (a new
    take), every fifth one carrier more, and a tenth as many stories are new.
    """

    def __init__(self, stories: int) -> None:
        self.stories = stories
        self._writers = {language: Writer(language, _WORDS) for language in CARRIERS}
        self.feeds = tuple(
            Feed(id=f"{language}-{number}", publisher=name, language=language, path=f"/{language}-{number}.xml")
            for language, names in CARRIERS.items()
            for number, name in enumerate(names)
        )
        self.pages: dict[str, bytes] = {}

    def publish(self, edition: int) -> None:
        """Puts an edition, 1 or 2, into the feeds."""
        stories = self.stories if edition == 1 else self.stories + self.stories // 10
        items: dict[str, list[str]] = {feed.id: [] for feed in self.feeds}
        for number in range(stories):
            language = "fr" if number % 3 == 2 else "en"
            carriers = 1 + number % len(CARRIERS[language])
            if edition == 2 and number % 5 == 2:
                carriers = min(carriers + 1, len(CARRIERS[language]))
            for place in range(carriers):
                # What changes changes at the story's first carrier; the others leave their copy as it was.
                state = edition if place == 0 and number < self.stories else 1
                items[f"{language}-{place}"].append(self._item(number, language, place, state))
        for feed in self.feeds:
            listed = "".join(items[feed.id])
            self.pages[feed.path] = (
                '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
                f"<channel><title>{escape(feed.publisher)}</title>{listed}</channel></rss>"
            ).encode()

    def _item(self, number: int, language: str, place: int, state: int) -> str:
        text = self._writers[language].write(number)
        topic = "stca" if number % 4 == 3 else "roxham-road"
        counted = 1200 + 7 * number + (5 if state == 2 and number % 5 == 0 else 0)
        body = f"<p>{_SENTENCES[topic, language].format(n=counted)}</p>{text.body}"
        if state == 2 and number % 5 == 1:
            body += f"<p>{_MORE[language].format(n=number + 20)}</p>"
        url = f"http://127.0.0.1/{language}-{place}/{number}"
        at = format_datetime(_FIRST + timedelta(minutes=3 * number + place))
        return (
            f"<item><title>{escape(text.title)}</title><link>{url}</link><guid>{url}</guid><pubDate>{at}</pubDate>"
            f"<description>{escape(text.teaser)}</description><content:encoded>{escape(body)}</content:encoded></item>"
        )


@contextmanager
def serving(newsroom: Newsroom) -> Iterator[int]:
    """Serves the feeds on loopback; yields the port."""

    class Visitor(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = newsroom.pages[self.path]
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Visitor) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
