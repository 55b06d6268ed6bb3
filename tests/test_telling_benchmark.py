"""`python -m benchmarks telling`, for a few readers: everybody is told once, and the ledger is what it should be."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_a_few_readers_are_told_of_a_few_stories_and_of_what_became_of_them() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "telling", "--readers", "16", "--stories", "10"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "each reader was told once, the ledger is exact, all bounds held"
    mails = {line[:26].strip(): line.split()[-5] for line in done.stdout.splitlines() if line.endswith(" s")}
    assert mails == {"all stories": "16", "a plain loop, all stories": "16", "what came since": "16"}
