"""What an installation gets: the locks hold what pyproject.toml asks for, the image copies files that exist."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RUNTIME = "requirements.lock"
DEVELOPMENT = "requirements-dev.lock"


def pins(lock: str) -> dict[str, set[str]]:
    """Name → versions; a package has two where one version cannot serve every Python."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)(?:\[.*?\])?==(\S+)", (ROOT / lock).read_text("utf-8"), re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        (RUNTIME, PROJECT["project"]["dependencies"]),
        (RUNTIME, PROJECT["build-system"]["requires"]),
        (DEVELOPMENT, PROJECT["dependency-groups"]["dev"]),
    ],
)
def test_a_lock_keeps_what_the_project_asks_for(lock: str, wanted: list[str]) -> None:
    pinned = pins(lock)
    for requirement in map(Requirement, wanted):
        versions = pinned.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement.name} is not in {lock}: run `make lock`"
        assert all(version in requirement.specifier for version in versions), f"{requirement}: run `make lock`"


def test_tests_run_with_the_versions_that_are_installed() -> None:
    runtime = pins(RUNTIME)
    development = pins(DEVELOPMENT)
    assert {name: development.get(name) for name in runtime} == runtime


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT])
def test_every_pin_has_a_hash_and_no_lock_names_a_host(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    entries = re.split(r"^(?=[\w.-]+(?:\[.*?\])?==)", text, flags=re.MULTILINE)[1:]
    assert entries
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert not re.search(r"^--", text, re.MULTILINE)


def test_the_image_copies_files_that_exist_and_are_not_ignored() -> None:
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    sources = {source for line in copies for source in line.split()}
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert sources == allowed
    assert {source for source in sources if not (ROOT / source).exists()} == set()
