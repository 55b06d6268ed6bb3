"""The floor under telling: the same stories through a plain template to each reader, over one connection of smtplib.

    python -m benchmarks.telling_peer FILE

No archive, no ledger, no outbox: nothing would be known after a kill. FILE (JSON) holds `port`, `readers` (address,
language, brief) and `stories`, as `telling.py` writes them.
"""

import json
import smtplib
import sys
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

from jinja2 import Environment, select_autoescape

from benchmarks.meter import Meter, peak

_TEXT = """\
{{ stories | length }} stories
{% for story in stories %}

{{ loop.index }}. {{ story.title }}
{{ story.publisher }}, {{ story.at }}
{% if not brief %}
"{{ story.before }}{{ story.term }}{{ story.after }}"
{% if story.carriers %}Also: {{ story.carriers | map(attribute="publisher") | join(", ") }}
{% endif %}
{% endif %}
{{ story.url }}
{% endfor %}
"""
_HTML = """\
<!doctype html><html lang="{{ language }}"><body style="font-family: Georgia, serif; max-width: 640px">
<h1 style="font-size: 24px">{{ stories | length }} stories</h1>
{% for story in stories %}
<div style="margin: 0 0 24px">
<h3 style="font-size: 18px; margin: 0"><a style="color: #0b57d0" href="{{ story.url }}">{{ story.title }}</a></h3>
<p style="color: #5f6368; margin: 0">{{ story.publisher }} · {{ story.at }}</p>
{% if not brief %}
<p style="margin: 4px 0">{{ story.before }}<mark>{{ story.term }}</mark>{{ story.after }}</p>
{% if story.carriers %}
<p style="color: #5f6368; margin: 0">Also:
{% for each in story.carriers %}
<a style="color: #0b57d0" href="{{ each.url }}">{{ each.publisher }}</a>{% if not loop.last %}, {% endif %}
{% endfor %}
</p>
{% endif %}
{% endif %}
</div>
{% endfor %}
</body></html>
"""


def main() -> None:
    """Prints one JSON object: CPU and wall seconds, peak memory in MB."""
    given = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    environment = Environment(autoescape=select_autoescape(default=True), trim_blocks=True)
    html = environment.from_string(_HTML)
    text = Environment(trim_blocks=True, autoescape=False).from_string(_TEXT)  # noqa: S701 - plain text
    with Meter() as meter, smtplib.SMTP("127.0.0.1", given["port"]) as server:
        for reader in given["readers"]:
            said = {"stories": given["stories"], "brief": reader["brief"], "language": reader["language"]}
            mail = EmailMessage()
            mail["From"] = "roxham@example.test"
            mail["To"] = reader["address"]
            mail["Subject"] = f"{len(given['stories'])} stories: {given['stories'][0]['title']}"
            mail["Message-ID"] = make_msgid(domain="example.test")
            mail.set_content(text.render(said), cte="quoted-printable")
            mail.add_alternative(html.render(said), subtype="html", cte="quoted-printable")
            server.send_message(mail)
    print(json.dumps({"cpu": meter.cpu, "wall": meter.wall, "peak": peak()}))


if __name__ == "__main__":
    main()
