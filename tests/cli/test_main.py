import json
import os
import subprocess
import sys
import warnings

import pytest

from lightning_v2 import tensix
from lightning_v2.cli.arguments import TIERS
from lightning_v2.cli.main import main
from lightning_v2.errors import ArgumentError, LightningWarning


def test_tiers_are_those_of_the_arithmetic():
    assert sorted(TIERS) == sorted(tensix.TIERS)


@pytest.mark.parametrize("verb", [["say", "Hi.", "-o", "a.wav"], ["check", "bf16"]])
def test_a_tier_that_there_is_not(verb, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([*verb, "--tier", "slow"])
    assert stopped.value.code == 2
    assert "invalid choice: 'slow'" in capsys.readouterr().err


def test_warnings_of_other_packages_are_not_for_the_screen(tmp_path, monkeypatch, capsys):
    told = []

    def load(name):
        for category in (UserWarning, RuntimeWarning, SyntaxWarning, DeprecationWarning):
            warnings.warn_explicit("of theirs", category, "theirs.py", 1)
        warnings.warn("of ours", LightningWarning, stacklevel=1)
        script = "import warnings; warnings.warn('of theirs')"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        told.append(done.stderr)
        raise ArgumentError("enough")

    monkeypatch.delenv("PYTHONWARNINGS", raising=False)
    monkeypatch.setattr("lightning_v2.voices.load", load)
    assert main(["say", "Hi.", "-o", str(tmp_path / "a.wav")]) == 2
    assert capsys.readouterr().err == "warning: of ours\nerror: enough\n"
    assert told == [""] and "PYTHONWARNINGS" not in os.environ


def test_two_results_on_standard_output(capsys):
    assert main(["search", "--budget", "0.5", "-o", "-", "--figure", "/dev/stdout"]) == 2
    assert "only one file can be standard output" in capsys.readouterr().err


def test_what_native_code_prints_is_a_message_too(capfdbinary, tmp_path):
    report = ["deploy", "--target", "mock", "--buckets", "128", "--report", "-"]
    script = (
        "import os; from lightning_v2.cli import deploy; from lightning_v2.cli.main import main\n"
        "deploy._announce = lambda deployment: os.write(1, b'from below')\n"
        f"main({report})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["stages"]) == 3
    assert "from below" in done.stderr and "buckets compiled" in done.stderr


@pytest.mark.parametrize(
    "verb", ["say", "compare", "check", "search", "notebooks", "train", "deploy", "doctor"]
)
def test_help(verb, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([verb, "--help"])
    assert stopped.value.code == 0
    assert "usage: lightning-v2" in capsys.readouterr().out
