"""Every table of docs/time.md is what a script has written."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_tables_are_those_of_the_results():
    subprocess.run([sys.executable, "benchmarks/time_document.py", "--check"], cwd=ROOT, check=True)


def test_every_figure_has_its_word():
    text = (ROOT / "docs" / "time.md").read_text()
    for words in ("**Nothing here has run on silicon.**", "*modelled*", "*measured* by others"):
        assert words in text
