"""A configuration in a folder, for what runs the program as it is installed."""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

SHIPPED = Path(__file__).resolve().parent.parent / "config"


def configure(folder: Path, sources: Iterable[Mapping[str, object]], *, crawl: str = "delay: 0s") -> Path:
    """Writes a configuration with these sources and the shipped topics; returns its folder.

    `crawl` is the inside of that mapping in monitor.yaml. Loopback may be connected to, mail goes into a folder.
    """
    config = folder / "config"
    config.mkdir(parents=True)
    shutil.copy(SHIPPED / "topics.yaml", config)
    listed = "".join(f"  - {json.dumps(source)}\n" for source in sources)  # JSON is YAML
    (config / "sources.yaml").write_text(f"sources:\n{listed}", "utf-8")
    (config / "monitor.yaml").write_text(
        "contact: desk@example.test\nmail: {via: 'maildir:var/outbox', from: roxham@example.test}\n"
        f"crawl: {{allow_private: [127.0.0.0/8], {crawl}}}\n",
        "utf-8",
    )
    (config / "digests.yaml").write_text(
        "digests:\n  - {id: desk, at: daily 07:00, language: en, to: [desk@example.test]}\n", "utf-8"
    )
    return config
