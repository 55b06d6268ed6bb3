"""The `roxham` command without a process of its own: what it prints and its exit code, in a tenth of the time.

Starting Python and loading the libraries takes longer than most commands do. Where the process itself is what is tested
(signals, locks between processes, limits, a pipe whose reader goes away), `tests.installation.run` starts a real one.
"""

import gc
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryFile
from unittest.mock import patch

import structlog

from monitor.cli import main

LOGGERS = (None, "roxham", "trafilatura")
"""Those that the command sets up; None is the root."""


def call(
    command: Sequence[str], *, cwd: Path | None = None, environ: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Runs a command line that begins with `roxham`, in the main thread, where no event loop may run.

    An exception that would end the process with a traceback is raised. Working directory, environment, log and garbage
    collector are then as they were.
    """
    assert threading.current_thread() is threading.main_thread(), "those are the whole process's: use a process"
    with (
        TemporaryFile("w+", encoding="utf-8") as out,
        TemporaryFile("w+", encoding="utf-8", errors="backslashreplace") as err,
    ):
        with (
            _standing_in(cwd),
            patch.dict(os.environ, os.environ if environ is None else environ, clear=True),
            patch.object(sys, "argv", list(command)),
            _log_and_collector_kept(),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = _exit_code()
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(list(command), code, out.read(), err.read())


def _exit_code() -> int:
    try:
        main()
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


@contextmanager
def _standing_in(folder: Path | None) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder or before)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def _log_and_collector_kept() -> Iterator[None]:
    thresholds = gc.get_threshold()
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(logger.level, logger.handlers) for logger in loggers]
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        structlog.reset_defaults()
        for logger, (level, handlers) in zip(loggers, before, strict=True):
            logger.setLevel(level)
            logger.handlers = handlers
