"""The map and the import direction in docs/architecture.md are those of the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
SPIDERS_MAY_IMPORT = {"types", "errors", "text"}
NOT_ON_THE_MAP = {"__init__.py", "__pycache__", "py.typed"}


def block(language: str) -> list[str]:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/architecture.md has no block of {language}"
    return found[1].splitlines()


def imported(file: Path) -> Iterator[str]:
    """Full names of what a module imports, wherever in it: `from monitor import due` is monitor.due."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def rooms(names: Iterator[str]) -> set[str]:
    return {name.split(".")[1] for name in names if name.startswith("monitor.")}


def test_every_path_of_the_map_exists() -> None:
    assert [line for line in block("tree") if not (ROOT / line.split()[0]).exists()] == []


def test_the_map_says_of_each_path_what_it_is() -> None:
    assert all(re.fullmatch(r"\S+  +\S.*", line) for line in block("tree"))


def test_every_room_is_on_the_map() -> None:
    listed = {line.split()[0] for line in block("tree")}
    there = {f"monitor/{path.name}" for path in (ROOT / "monitor").iterdir() if path.name not in NOT_ON_THE_MAP}
    assert there - listed == set()


def test_imports_point_one_way() -> None:
    level = {room: depth for depth, line in enumerate(block("imports")) for room in line.split()}
    wrong = []
    for file in sorted((ROOT / "monitor").rglob("*.py")):
        room = file.relative_to(ROOT / "monitor").parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        assert room in level, f"the list of imports in docs/architecture.md lacks {room}"
        wrong += [
            f"{file.relative_to(ROOT)} imports {other}"
            for other in rooms(imported(file)) - {room}
            if level.get(other, len(level)) >= level[room] and not (level[room] == 0 and level.get(other) == 0)
        ]
    assert wrong == []


def test_spiders_import_little_of_the_program() -> None:
    for file in (ROOT / "spiders").rglob("*.py"):
        assert rooms(imported(file)) <= SPIDERS_MAY_IMPORT, file


def test_only_spiders_and_crawl_know_scrapy() -> None:
    know = {
        file.relative_to(ROOT).parts[:2]
        for file in (ROOT / "monitor").rglob("*.py")
        if any(name.split(".")[0] in {"scrapy", "twisted"} for name in imported(file))
    }
    assert know <= {("monitor", "crawl")}
