"""Golden files of both chips: made by their scripts, and every value that of the exact tier."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from lightning_v2 import tensix
from lightning_v2.deployment.verification import emulated
from lightning_v2.deployment.verification.cases import described, operands, read

GOLDEN = Path(__file__).parents[3] / "data" / "golden"
CHIPS = ("wormhole_b0", "blackhole")
FILES = {name: read(GOLDEN / f"{name}.npz") for name in ("verification", "edge_cases", "fusing")}
CASES = [
    pytest.param(name, index, id=f"{name}-{index}-{case['op']}")
    for name, (cases, _) in FILES.items()
    for index, case in enumerate(cases)
]


@pytest.mark.parametrize(("name", "index"), CASES)
def test_every_value_on_both_chips(name, index):
    cases, arrays = FILES[name]
    given = operands(cases[index], index, arrays)
    for chip in CHIPS:
        stored = arrays.get(f"out_{chip}_{index}")
        if stored is None:
            continue
        wide = stored.astype(np.uint32) << 16 if stored.dtype == np.uint16 else stored
        with tensix.use(arch=chip):
            found = emulated.run(cases[index], given).numpy().view(np.uint32)
        different = (found.reshape(-1) != wide.reshape(-1)).sum()
        assert different == 0, f"{described(cases[index])} on {chip}: {different} differ"


@pytest.mark.parametrize("name", FILES)
def test_a_file_holds_what_its_script_makes(name, monkeypatch):
    monkeypatch.syspath_prepend(str(GOLDEN))
    spec = importlib.util.spec_from_file_location(name, GOLDEN / f"{name}.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    cases, arrays = FILES[name]
    made, given = script.stored_operands()
    assert made == cases
    assert all(np.array_equal(arrays[key], x) for key, x in given.items())
    sys.modules.pop("both_chips", None)


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_where_its_results_come_from(name):
    with np.load(GOLDEN / f"{name}.npz") as file:
        runs = json.loads(str(file["attrs"]))["runs"]
    results = [key.removeprefix("out_") for key in FILES[name][1] if key.startswith("out_")]
    assert {key.rpartition("_")[0] for key in results} == set(runs)
    for run in runs.values():
        assert run["target"] == "simulator"
        assert {"ttnn", "board", "toolchain", "commit", "packages", "time"} <= run.keys()
        assert run["toolchain"]["library_sha256"]
