"""docs/modules.md, followed word by word: its Python is one script, its commands are run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from lightning_v2.cli.main import main

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BLOCKS = FENCE.findall((ROOT / "docs" / "modules.md").read_text(encoding="utf-8"))


def run(folder, *arguments):
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_its_script(tmp_path):
    script = "".join(text for kind, path, text in BLOCKS if (kind, path) == ("python", ""))
    told = 'print(sorted(settings)[:2], c.metrics["snr_db"] > 5)\n'
    (tmp_path / "script.py").write_text(script + told)
    # Workers run the script, too.
    assert run(tmp_path, "script.py").splitlines()[-1] == "['acoustic.1', 'vocoder.0'] True"


def test_its_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for _, path, text in BLOCKS:
        if path:
            (tmp_path / path).write_text(text)
    lines = [line for kind, _, text in BLOCKS if kind == "sh" for line in text.splitlines()]
    for line in lines:
        program, *arguments = shlex.split(line)
        assert program == "lightning-v2"
        assert main(arguments) == 0
    assert (tmp_path / "candidate.yaml").exists() and (tmp_path / "settings.json").exists()
