"""Values that are kept belong to the code that computed them."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lightning_v2 import identity

ROOT = Path(__file__).parents[1]

KEYS = """
import json
from types import SimpleNamespace
from lightning_v2.cache import code_digest
from lightning_v2.deployment.device.weights import cache_key
from lightning_v2.precision import Plan
from lightning_v2.search.plans import quality
from lightning_v2.search.sweep import measurements
from lightning_v2.search.sweep.sweep import Unit

given = {"sentence": "Hi.", "plan": "{}", "tier": "fast"}
control = {"sentence": "Hi.", "change": "naive plan", "tier": "fast"}
print(json.dumps({
    "cached": code_digest(),
    "weights": cache_key(SimpleNamespace(digest="a"), Plan.load("bf16")),
    "teacher_forced": Unit("teacher_forced", given).key,
    "prosody": Unit("prosody", given).key,
    "control": Unit("control", control).key,
}))
"""

RUN = """
import json
import sys
from lightning_v2.search.plans import quality
from lightning_v2.search.sweep import measurements
from lightning_v2.search.sweep.sweep import Unit
from lightning_v2.search.sweep.worker import run_unit

given = {"voice": "slt", "sentence": "Hi.", "tier": "fast"}
for name, more in (
    ("teacher_forced", {"plan": "default: {weights: bfloat8_b}"}),
    ("free_running", {"plan": "default: {weights: bfloat8_b}"}),
    ("prosody", {"plan": "default: {weights: bfloat8_b}"}),
    ("control", {"change": "bfloat16 phase"}),
):
    unit = Unit(name, given | more)
    outcome = run_unit(unit.entry, unit.parameters, unit.voice_digest, unit.surroundings)
    assert outcome.error is None, outcome.error
loaded = [m for name, m in sys.modules.items() if name.split(".")[0] in ("lightning_v2", "widgets")]
print(json.dumps([m.__file__ for m in loaded]))
"""


def said(script, root=ROOT):
    """JSON that a new process prints which finds the library in `root`."""
    command, environment = [sys.executable, "-c", script], os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment, cwd=root
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A checkout of its own, and the keys of values there."""
    root = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "lightning_v2", root / "lightning_v2", ignore=ignored)
    shutil.copytree(ROOT / "data" / "plans", root / "data" / "plans")
    return root, said(KEYS, root)


def edited(copy, *names):
    """Which values have another key after a remark was added to files of the checkout."""
    root, before = copy
    wholes = {root / name: (root / name).read_bytes() for name in names}
    try:
        for path, whole in wholes.items():
            path.write_bytes(whole + b"\n# edited\n")
        after = said(KEYS, root)
    finally:
        for path, whole in wholes.items():
            path.write_bytes(whole)
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize("name", ["tensix/numbers/formats.py", "search/sweep/measurements.py"])
def test_other_code_is_another_key(copy, name):
    assert edited(copy, f"lightning_v2/{name}") == copy[1].keys()


def test_pages_and_commands_change_no_value(copy):
    names = ("cli/main.py", "report/page.html", "cli/check.py")
    assert edited(copy, *(f"lightning_v2/{name}" for name in names)) == set()


def test_a_control_depends_on_the_presets(copy):
    assert edited(copy, "data/plans/naive.yaml") == {"control"}


def test_every_module_that_a_unit_needs_counts():
    counted = {str(path) for path in identity.sources()}
    loaded = said(RUN)
    assert len(loaded) > 50
    assert [path for path in loaded if path not in counted] == []


def test_packages_are_all_that_is_required():
    names = {name for name, _ in identity.packages()}
    assert names >= {"torch", "pesq", "pystoi", "zimtohrli", "pocketsphinx", "librosa", "soxr"}
    assert names >= {"gruut-lang-en", "llvmlite", "num2words"}  # what those require
    assert "pytest" not in names and "lightning-v2" in names


def test_another_package_is_another_digest(monkeypatch):
    before = identity.code_digest()
    monkeypatch.setattr(identity, "packages", lambda: [("pesq", "0.0.5")])
    assert identity.code_digest.__wrapped__() != before


def test_a_function_counts_by_its_file():
    assert identity.function_digest(said) == hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    assert identity.function_digest(len) == ""
