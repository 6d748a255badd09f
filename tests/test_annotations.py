"""Annotations are put off (`from __future__ import annotations`) only where a name in them is not
there yet: one for type checkers alone, or of a class that comes later."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINE = "from __future__ import annotations\n"
FOLDERS = ("benchmarks", "data", "lightning_v2", "tests", "widgets")


def test_annotations_are_put_off_only_where_it_serves(tmp_path):
    without = {}
    for path in (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        text = path.read_text()
        if text.startswith(LINE) or f"\n{LINE}" in text:
            copy = tmp_path / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(text.replace(LINE, "", 1))
            without[str(copy)] = path
    command = ["ruff", "check", "--isolated", "--select=F821,TC004", "--output-format=json"]
    done = subprocess.run(
        [sys.executable, "-m", *command, tmp_path], capture_output=True, text=True
    )
    missed = {finding["filename"] for finding in json.loads(done.stdout)}
    assert not [str(path) for copy, path in without.items() if copy not in missed]
    assert missed
