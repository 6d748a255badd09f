"""Every figure of docs/results.md is in a result that a script has written."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_tables_are_those_of_the_results():
    subprocess.run(
        [sys.executable, "benchmarks/results_document.py", "--check"], cwd=ROOT, check=True
    )
