"""A few cases of each kind that `python -m tests.fuzz` tries in great number."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.cases import KINDS, run


@pytest.mark.parametrize(("kind", "count"), [("texts", 200), ("plans", 200), ("checkpoints", 30)])
def test_only_errors_of_this_library(kind, count):
    outcome = run(kind, seed=0, numbers=range(count))
    assert outcome.failures == []
    assert outcome.counts.total() == count


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_depends_on_its_seed_and_number_alone(kind):
    first, again, other = (repr(KINDS[kind].make(random.Random(seed))) for seed in (3, 3, 4))
    assert first == again != other


def test_other_errors_are_reported_with_what_repeats_them(monkeypatch):
    monkeypatch.setattr(KINDS["texts"], "prepare", lambda: None)
    monkeypatch.setattr(KINDS["texts"], "use", lambda text: 1 / 0)
    (failure,) = run("texts", seed=5, numbers=range(7, 8)).failures
    assert "texts --seed 5, case 7: ZeroDivisionError: division by zero" in failure
    assert f"{__file__}:" in failure and "input: '" in failure


def test_the_command_ends_with_a_table():
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--texts", "3", "--jobs", "1", "--seed", "2"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("texts               3 tried      0 not of this library")
