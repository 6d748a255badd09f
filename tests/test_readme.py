"""Every figure of the README is in a result that a script has written."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_tables_are_those_of_the_results():
    subprocess.run([sys.executable, "benchmarks/readme.py", "--check"], cwd=ROOT, check=True)
