"""docs/modules.md, followed word by word: its Python is one script, its commands are run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

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
    assert run(tmp_path, "script.py") == "['acoustic.1', 'vocoder.0'] True\n"


def test_its_commands(tmp_path):
    for _, path, text in BLOCKS:
        if path:
            (tmp_path / path).write_text(text)
    lines = [line for kind, _, text in BLOCKS if kind == "sh" for line in text.splitlines()]
    for line in lines:
        program, *arguments = shlex.split(line)
        assert program == "lightning-v2"
        run(tmp_path, "-m", "lightning_v2.cli", *arguments)
    assert (tmp_path / "found.yaml").exists() and (tmp_path / "settings.json").exists()
