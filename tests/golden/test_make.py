"""The script that makes golden files, with the emulator in place of a device."""

import importlib.util
import json
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from lightning_v2 import tensix
from lightning_v2.deployment.device.target import Device
from lightning_v2.errors import ArgumentError
from tests.tensix.test_simulator_cases import run

GOLDEN = Path(__file__).parents[2] / "data" / "golden"


def load():
    spec = importlib.util.spec_from_file_location("make_golden", GOLDEN / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make = load()


class Emulated:
    """`make.Operations` on the exact tier."""

    def __init__(self, device=None):
        pass

    def stored(self, x, dtype):
        return tensix.to_torch(tensix.from_torch(x, dtype))

    def run(self, case, operands):
        inputs = case["inputs"]
        tensors = {
            name: tensix.Tensor(x, inputs[name]) if isinstance(x, torch.Tensor) else x
            for name, x in operands.items()
        }
        return tensix.to_torch(run(case, tensors))


class Refusing(Emulated):
    def run(self, case, operands):
        raise RuntimeError("TT_FATAL: no such\n layout")


@pytest.fixture
def device(monkeypatch):
    """A simulator that opens, and computes as the exact tier does."""

    @contextmanager
    def open_device(target, board=None):
        yield Device(target, "n150", "wormhole_b0", (8, 9), 1, None)

    monkeypatch.setattr(make, "open_device", open_device)
    monkeypatch.setattr(make, "toolchain", lambda: {"compiler": "none"})
    monkeypatch.setattr(make, "Operations", Emulated)


def run_make(*arguments):
    return make.main([*map(str, arguments), "--target", "simulator"])


OPERATIONS = ["exp", "multiply", "softmax", "layer_norm", "typecast"]


def test_a_file_holds_what_went_in_and_comes_out_again(tmp_path, device, capsys):
    path = tmp_path / "cases.npz"
    assert run_make(*OPERATIONS, "--formats", "bfloat16", "float32", "--output", path) == 0
    cases, arrays = make.read(path)
    assert [case["op"] for case in cases][:2] == ["exp", "exp"]
    assert len(cases) == 8 + 2 * 3
    assert arrays["x_0"].dtype == np.uint16
    assert run_make("--again", path) == 0
    shown = capsys.readouterr().out
    assert "cases.npz on simulator: 0 values differ" in shown
    assert "0 exp(bfloat16): 0 of 2048 values differ" in shown


def test_products_come_in_every_fidelity_and_width_of_dst(device):
    cases = list(make.cases("linear", "bfloat8_b"))
    assert len(cases) == 4 * 4 * 2
    chosen = [c for c in cases if c["inputs"]["b"] == "bfloat4_b"][:2]
    arrays = make.made(Emulated(), chosen, seed=1, report=lambda line: None)
    assert arrays["out_1"].shape == (32, 64)
    assert make.differences(Emulated(), list(enumerate(chosen)), arrays) == 0


def test_a_file_says_where_it_comes_from(tmp_path, device):
    path = tmp_path / "cases.npz"
    assert run_make("relu", "--output", path, "--seed", 7, "--note", "by hand") == 0
    with np.load(path) as file:
        attributes = json.loads(str(file["attrs"]))
    assert attributes["toolchain"] == {"compiler": "none", "note": "by hand"}
    assert (attributes["board"], attributes["arch"]) == ("n150", "wormhole_b0")
    assert attributes["seed"] == 7
    assert {"ttnn", "target", "commit", "packages", "time"} <= attributes.keys()


def test_a_changed_bit_is_counted(tmp_path, device, capsys):
    path = tmp_path / "cases.npz"
    run_make("exp", "--output", path)
    _, arrays = make.read(path)
    with np.load(path) as file:
        attributes = file["attrs"]
    arrays["out_0"] = arrays["out_0"].copy()
    arrays["out_0"][3, 5] ^= 1
    np.savez(path, attrs=attributes, **arrays)
    assert run_make("--again", path) == 1
    assert "1 of 2048 values differ" in capsys.readouterr().out


def test_stored_files_are_read_and_corners_left_out(device, capsys):
    assert run_make("--again", GOLDEN / "product_cases.npz", "--cases", 0) == 0
    assert "0 matmul(bfloat16, bfloat16)" in (shown := capsys.readouterr().out)
    assert "left out" in shown
    assert run_make("--again", GOLDEN / "typecast_cases.npz", "--cases", 0, 5) == 0
    assert "typecast_cases.npz on simulator: 0 values differ" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["exp_bf16.npz", "norm_cases.npz", "README.md", "none.npz"])
def test_what_cannot_be_run_again_is_named(name, device, capsys):
    assert run_make("--again", GOLDEN / name) == 2
    error = capsys.readouterr().err
    assert name in error and "legal are files" in error


def test_a_case_that_is_not_there(device, capsys):
    assert run_make("--again", GOLDEN / "typecast_cases.npz", "--cases", 24) == 2
    assert "has cases 0 to 23" in capsys.readouterr().err


def test_nothing_is_written_where_ttnn_refuses(tmp_path, device, monkeypatch, capsys):
    path = tmp_path / "cases.npz"
    path.write_bytes(b"before")
    monkeypatch.setattr(make, "Operations", Refusing)
    assert run_make("exp", "--output", path) == 2
    assert "TT_FATAL: no such layout" in capsys.readouterr().err
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_without_a_simulator_it_says_what_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("TT_METAL_SIMULATOR", raising=False)
    assert run_make("exp", "--output", tmp_path / "cases.npz") == 2
    assert "TT_METAL_SIMULATOR" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name either operations or a file"),
        (["exp", "--again", "x.npz"], "name either operations or a file"),
        (["exp"], "--output is missing"),
        (["expo", "--output", "x.npz"], "unknown: expo"),
        (["exp", "--output", "x.npz", "--formats", "bf16"], "invalid choice: 'bf16'"),
    ],
)
def test_wrong_words_are_named(arguments, message, capsys):
    with pytest.raises(SystemExit):
        run_make(*arguments)
    assert message in capsys.readouterr().err


def test_an_output_of_another_kind_is_refused_before_anything_runs(tmp_path, device, capsys):
    assert run_make("exp", "--output", tmp_path / "cases.csv") == 2
    assert ".npz" in capsys.readouterr().err


def test_patterns_are_kept_whole_or_as_upper_halves():
    narrow = torch.tensor([1.0, -0.0, float("inf")])
    wide = torch.tensor([0.1, -float("nan"), 1e-45])
    for x, dtype in ((narrow, np.uint16), (wide, np.uint32)):
        stored = make.patterns(x)
        assert stored.dtype == dtype
        assert torch.equal(make.values_of(stored).view(torch.int32), x.view(torch.int32))


def test_every_operation_is_one_of_the_surface():
    assert [name for name in make.OPERATIONS if not hasattr(tensix, name)] == []


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04 and no more"])
def test_a_file_that_is_no_archive(tmp_path, content):
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(ArgumentError, match=r"x.npz"):
        make.read(path)
