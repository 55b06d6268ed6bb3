"""What holds for every test."""

import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.desk import Desk

# No deadline: a busy machine is no defect. ROXHAM_TEST_EXAMPLES=5000 looks longer than every run can.
settings.register_profile("roxham", deadline=None, max_examples=int(os.environ.get("ROXHAM_TEST_EXAMPLES", "100")))
settings.load_profile("roxham")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Pauses the coverage meter, which doubles what it measures, while a test looks at its time."""
    meter = sys.gettrace() if item.get_closest_marker("unmeasured") else None
    if meter is not None:
        sys.settrace(None)
    try:
        return (yield)
    finally:
        if meter is not None:
            sys.settrace(meter)


@pytest.fixture
def desk(tmp_path: Path) -> "Iterator[Desk]":
    """A desk of a test's own."""
    from tests.desk import opened

    with opened(tmp_path / "roxham.db") as made:
        yield made
