"""Where in topics.yaml each form stands."""

from pathlib import Path

from monitor.config.document import read
from monitor.errors import Problem


def form_places(folder: Path) -> dict[tuple[str, str, str], Problem]:
    """Returns where each form of a sound configuration stands, for remarks about it.

    By the topic's id, the key under which the form stands (`any`, `near` …) and its text.
    """
    file = folder / "topics.yaml"
    document = read(file, str(file))
    places: dict[tuple[str, str, str], Problem] = {}
    for trail in document.scalars:
        topic, text = document.at(trail[:2]), document.at(trail)
        if len(trail) > 3 and isinstance(topic, dict) and isinstance(text, str):
            places.setdefault((str(topic.get("id")), str(trail[2]), text), document.problem(trail, ""))
    return places
