"""The documentation holds: its commands run, the pages made from the code are fresh, and nothing is left unnamed."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML
from typer.main import get_command

from docs.reference import PAGES
from monitor import channels
from monitor.app import kinds
from monitor.cli import app
from monitor.config import VARIABLES, keys, load
from monitor.demo import newsroom
from spiders.options import OPTIONS
from tests.command import call
from tests.site import free_port

ROOT = Path(__file__).parent.parent
DOCS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BIN = Path(sys.executable).parent
SHELL = {"console", "sh", "bash"}
NO_COMMANDS = {"", "yaml", "python", "ini", "json", "mermaid", "tree", "imports", "text"}
NOT_RUN = {
    r"make test\b": "runs these very tests",
    r"make lint\b": "is part of make test",
    r"make bench\b": "takes minutes",
    r"make lock\b": "asks the package index",
    r"make clean\b": "removes the environment in which this runs",
    r"docker\b": "builds a container",
    r"git clone\b": "there is nowhere to clone from",
    r"cd\b": "the tests stand in a folder of their own",
}
KNOWN = {"roxham", "make", "mkdir", "mv", "cp"}
"""Programs that are run; any other makes the test fail before it starts."""
EXAMPLES = {
    "https://news.example.org/feed.xml": "/harrow-bay-courier/feed.xml",
    "https://news.example.org/news/ferry-dock.html": "/harrow-bay-courier/news/ferry-dock-repairs.html",
    "https://news.example.org/": "/harrow-bay-courier/",
}
"""Addresses in the examples, and what of the demo's newsroom stands for them."""
STOPS_WITHIN = 20  # seconds after SIGTERM


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """The command lines, without prompt, remark and output."""
        lines = self.text.replace("\\\n", " ").splitlines()
        if self.language == "console":
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        return [said for line in lines if (said := re.sub(r"(^|\s+)# .*", "", line).strip())]


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield Block(page.name, text.count("\n", 0, found.start()) + 1, found[1], found[2])


BLOCKS = [block for page in DOCS for block in blocks(page)]
RUN = [block for block in BLOCKS if block.language in SHELL]


def not_run(line: str) -> bool:
    """Whether a line is one that the list takes out; it must be so in all its parts."""
    out = {any(re.match(pattern, part) for pattern in NOT_RUN) for part in parts(line)}
    assert len(out) == 1, f"what is run and what is not stand in lines of their own: {line}"
    return out.pop()


def parts(line: str) -> list[str]:
    """The commands of a line: what `;`, `&&`, `||` and `|` outside quotation marks part."""
    lexer = shlex.shlex(line, posix=False, punctuation_chars=";&|")
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    for token in lexer:
        if set(token) <= set(";&|"):
            found.append([])
        else:
            found[-1].append(token)
    return [" ".join(part) for part in found]


def programs(line: str) -> set[str]:
    """The programs that a line starts."""
    return {part.split()[0].removeprefix(".venv/bin/") for part in parts(line)}


def environment() -> dict[str, str]:
    """That of a shell in which `roxham` is on the path; nothing of what `make test` hands down."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("ROXHAM_", "MAKE", "MFLAGS"))}
    return ours | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def made(target: str) -> str:
    """The command that a target ends with, when its environment is ready."""
    said = subprocess.run(
        ["make", "--no-print-directory", "-n", *shlex.split(target)[1:]],
        cwd=ROOT, env=environment(), capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    return said.stdout.splitlines()[-1].replace(".venv/bin/", "")


@dataclass(frozen=True, slots=True)
class Prepared:
    """The demo's installation after one run, and the newsroom that it watches."""

    folder: Path
    site: str


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    folder = tmp_path_factory.mktemp("docs") / "demo"
    port = free_port()
    demo = call(["roxham", "demo", "--dir", str(folder), "--port", str(port)], environ=environment())
    assert demo.returncode == 0, demo.stderr
    with newsroom(port) as site:
        yield Prepared(folder, site)


@pytest.fixture
def here(prepared: Prepared, tmp_path: Path) -> Path:
    """A copy of the installation that a test may change."""
    return Path(shutil.copytree(prepared.folder, tmp_path / "here"))


def as_run(command: str, site: str) -> str:
    """What is run for a command of the documentation."""
    if command.startswith("make"):
        command = made(command)
        assert command.startswith(("roxham ", "sed ")), f"the test does not know what make does there: {command}"
    command = command.replace(".venv/bin/roxham", "roxham")
    if command.startswith("roxham demo"):
        command += f" --port {free_port()}"  # the one it has by itself may be taken on this machine
    for address, path in EXAMPLES.items():
        command = command.replace(address, site + path)
    return command


def runs_and_stops(command: str, here: Path) -> None:
    """Starts a service, waits until it watches, ends it as an operator would."""
    log = here / "service.log"
    with log.open("wb") as out:
        service = subprocess.Popen(
            shlex.split(command), cwd=here, env=environment(), stdout=subprocess.DEVNULL, stderr=out
        )
    try:
        deadline = time.monotonic() + 30
        while b"watching" not in log.read_bytes():
            assert service.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < deadline, log.read_text("utf-8")
            time.sleep(0.05)
        service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=STOPS_WITHIN) == 0, log.read_text("utf-8")
    finally:
        service.kill()
        service.wait()


def ended(line: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """What became of a line: by a shell where it needs one, and without a process where it is one plain command."""
    if re.fullmatch(r"roxham( '[^']*'| [\w./:,=-]+)*", line):
        return call(shlex.split(line), cwd=cwd, environ=environment())
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        cwd=cwd, env=environment(), capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("block", RUN, ids=str)
def test_the_commands_of_a_block_run_one_after_the_other(block: Block, prepared: Prepared, here: Path) -> None:
    assert block.commands, "a block of commands without one: each begins with `$ ` in console"
    for line in block.commands:
        if not_run(line):
            continue
        assert programs(line) <= KNOWN, line
        wanted = [as_run(part, prepared.site) for part in parts(line)]
        if wanted[-1].startswith("roxham run"):
            assert len(wanted) == 1, "a service ends its line"
            runs_and_stops(wanted[0], here)
            continue
        for part, runs in zip(parts(line), wanted, strict=True):
            assert part in line, f"write it with single spaces: {line}"
            line = line.replace(part, runs, 1)
        done = ended(line, ROOT if line.startswith("sed ") else here)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_no_command_stands_where_it_would_not_be_run(block: Block) -> None:
    assert block.language in SHELL | NO_COMMANDS, "a language that these tests do not know"
    if block.language not in SHELL:
        assert not re.search(r"^(\$ |(\.venv/bin/)?roxham |make )", block.text, re.MULTILINE)


@pytest.mark.parametrize("block", RUN, ids=str)
def test_every_program_in_a_block_is_known(block: Block) -> None:
    for line in block.commands:
        assert not_run(line) or programs(line) <= KNOWN, line


def test_what_is_not_run_is_there_at_all() -> None:
    said = "\n".join(page.read_text("utf-8") for page in (*DOCS, ROOT / "Makefile"))
    for pattern in NOT_RUN:
        program, *target = pattern.removesuffix(r"\b").split()
        assert program in {"git", "cd"} or program in said
        assert program != "make" or re.search(rf"^{target[0]}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


def test_commands_in_the_middle_of_a_sentence_exist_with_their_options() -> None:
    for page in DOCS:
        prose = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        for said in re.findall(r"`roxham ([a-z][^`]*)`", prose):
            for part in parts("roxham " + said):
                words = part.split()[1:]
                command: Any = get_command(app)
                while words and words[0] in getattr(command, "commands", {}):
                    command = command.commands[words.pop(0)]
                assert command.name != "roxham", f"{page.name}: roxham {said}"
                options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
                assert {word for word in words if word.startswith("-")} <= options, f"{page.name}: roxham {said}"


def commands(group: Any, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        yield before + name
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")


def test_targets_of_make_in_the_middle_of_a_sentence_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    said = {
        found
        for page in (*DOCS, ROOT / "CHANGELOG.md")
        for found in re.findall(r"`make (\w+)", page.read_text("utf-8"))
    }
    assert said <= targets


@pytest.mark.parametrize("name", PAGES)
def test_a_page_made_from_the_code_is_what_the_code_says(name: str) -> None:
    assert (ROOT / "docs" / name).read_text("utf-8") == PAGES[name](), "run `make docs`"


def test_every_command_kind_channel_key_and_variable_is_named() -> None:
    said = "\n".join(page.read_text("utf-8") for page in DOCS)
    by_hand = "\n".join(page.read_text("utf-8") for page in DOCS if page.name not in PAGES)
    assert [name for name in commands(get_command(app)) if f"roxham {name}" not in said] == []
    assert [kind for kind in kinds() if f"kind: {kind}" not in by_hand] == []
    folder = Path(channels.__file__).parent
    schemes = {"email": "smtp://", "maildir": "maildir:"}
    schemes |= {name: f"via: {name}" for name in ("apprise", "atom", "webhook")}
    assert {file.stem for file in folder.glob("*.py")} - {"__init__", "smtp"} == set(schemes)
    assert [scheme for scheme in schemes.values() if scheme not in by_hand] == []
    assert [key.path for key in keys(OPTIONS) if f"`{key.path}`" not in said] == []
    assert [name for name in (*VARIABLES, "ROXHAM_CONFIG") if name not in said] == []


def test_every_link_leads_somewhere() -> None:
    for page in (*DOCS, ROOT / "CHANGELOG.md"):
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8")):
            if not urlsplit(target).scheme:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "yaml"], ids=str)
def test_an_example_of_configuration_is_good_beside_the_demos_files(block: Block, here: Path) -> None:
    written = YAML(typ="safe").load(block.text)
    whole = {"sources", "topics", "digests"} & written.keys()
    name = f"{whole.pop()}.yaml" if whole else "monitor.yaml"
    file = here / "config" / name
    if name == "monitor.yaml":
        kept = YAML(typ="safe").load(file.read_text("utf-8"))
        with file.open("w", encoding="utf-8") as out:
            YAML().dump(kept | written, out)
    else:
        file.write_text(block.text, "utf-8")
    assert load(here / "config", kinds=kinds(), options=OPTIONS, environ={}).warnings == ()


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "python"], ids=str)
def test_an_example_of_python_reads_what_the_commands_before_it_wrote(
    block: Block, prepared: Prepared, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for before in RUN:
        if before.page == block.page and before.line < block.line:
            test_the_commands_of_a_block_run_one_after_the_other(before, prepared, here)
    monkeypatch.chdir(here)
    names: dict[str, object] = {}
    exec(compile(block.text, str(block), "exec"), names)  # noqa: S102 - our own page
    empty = [name for name, value in names.items() if not name.startswith("__") and nothing(value)]
    assert not empty


def nothing(value: Any) -> bool:
    """Whether an example has found nothing; a table has no truth of its own."""
    return bool(value.empty) if hasattr(value, "empty") else not value
