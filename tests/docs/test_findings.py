"""Findings have the form that findings/README.md asks for."""

import os
import re
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "findings"
TABLE = (FOLDER / "README.md").read_text(encoding="utf-8")
SCRIPTS = sorted(FOLDER.glob("*.sh"))


def test_the_table_has_every_script_in_order():
    assert re.findall(r"^\| \[(\S+)\]\(\1\) \|", TABLE, re.MULTILINE) == [p.name for p in SCRIPTS]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
class TestFinding:
    def test_is_a_script_that_runs(self, path):
        assert os.access(path, os.X_OK)
        subprocess.run(["bash", "-n", path], check=True)

    def test_says_what_one_would_expect_and_what_is_seen(self, path):
        first, *rest = path.read_text(encoding="utf-8").splitlines()
        comment = rest[: [line.startswith("#") for line in rest].index(False)]
        assert first == "#!/usr/bin/env bash"
        assert re.search(r"\d+\.\d+", comment[0]), "the first line names the version"
        assert any(line.startswith("# Expected: ") for line in comment)
        assert any(line.startswith("# Seen: ") for line in comment)

    def test_leaves_nothing_behind_and_pins_what_it_installs(self, path):
        text = path.read_text(encoding="utf-8")
        assert "set -euo pipefail\nfolder=$(mktemp -d)\ntrap 'rm -rf \"$folder\"' EXIT\n" in text
        assert 'pip" install' in text or "pip install" in text
        assert re.search(r"[\w-]+==\d+\.\d+", text)

    def test_uses_nothing_of_ours(self, path):
        assert "lightning_v2" not in path.read_text(encoding="utf-8")
