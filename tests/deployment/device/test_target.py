import os
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from lightning_v2.deployment import mock
from lightning_v2.deployment.device import target
from lightning_v2.deployment.device.target import (
    TargetError,
    get_simulator,
    obstacle,
    open_device,
    simulated_arch,
)
from tests.deployment.device_process import run_alone, run_on_mock

BOARDS = {
    "n150": ("wormhole_b0", [8, 8]),
    "n300": ("wormhole_b0", [8, 7]),
    "p100": ("blackhole", [11, 10]),
    "p150": ("blackhole", [11, 10]),
}
VARIABLES = ("TT_METAL_SIMULATOR", "TT_METAL_RUNTIME_ROOT", "TT_METAL_MOCK_CLUSTER_DESC_PATH")


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A folder in the place of /: without a card, a simulator or a compiler."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(target, "DRIVER", tmp_path / "dev")
    monkeypatch.setattr(target, "SYSTEM_COMPILER", tmp_path / "sfpi")
    return tmp_path


@pytest.fixture
def simulator(machine, monkeypatch):
    """The same with files where the simulator's should be."""
    for name in ("libttsim.so", "soc_descriptor.yaml"):
        (machine / name).touch()
    monkeypatch.setenv("TT_METAL_SIMULATOR", str(machine / "libttsim.so"))
    return machine


def install_compiler(machine):
    path = machine / "sfpi/compiler/bin/riscv-tt-elf-g++"
    path.parent.mkdir(parents=True)
    path.touch()
    return path


def operations(device):
    import torch
    import ttnn

    def upload(x, dtype):
        return ttnn.from_torch(x, dtype, layout=ttnn.TILE_LAYOUT, device=device.handle)

    x = upload(torch.ones(32, 256), ttnn.bfloat16)
    y = ttnn.linear(x, upload(torch.ones(256, 64), ttnn.bfloat8_b))
    y = ttnn.layer_norm(ttnn.gelu(y))
    return {
        "arch": device.arch,
        "grid": device.grid,
        "board": device.board,
        "queues": device.command_queues,
        "can_trace": device.can_trace,
        "shape": list(ttnn.to_torch(y).shape),
    }


@pytest.mark.parametrize("board", target.BOARDS)
def test_mock_of_every_board(board):
    arch, grid = BOARDS[board]
    assert target.BOARDS[board] == arch
    assert run_on_mock(board, operations) == {
        "arch": arch,
        "grid": grid,
        "board": board,
        "queues": 1,
        "can_trace": False,
        "shape": [32, 64],
    }


def refused_operation(device):
    import torch
    import ttnn

    x = ttnn.from_torch(torch.ones(32, 64), layout=ttnn.TILE_LAYOUT, device=device.handle)
    with pytest.raises(RuntimeError, match="width=64 height=32") as error:
        ttnn.matmul(x, x)
    return "backtrace" in str(error.value)


def all_that_is_printed():
    with open("printed.txt", "w") as sink:
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
        with open_device("mock") as device:
            assert not refused_operation(device)
    with open("printed.txt") as printed:
        return device.board, printed.read(), os.path.exists("generated")


def test_ttnn_is_silent_and_leaves_nothing_behind():
    quiet = dict.fromkeys(("TT_LOGGER_LEVEL", "TT_METAL_LOGGER_LEVEL", "LOGURU_LEVEL"))
    assert run_alone(all_that_is_printed, **quiet) == ["n150", "", False]


def test_ttnn_speaks_if_it_is_told_to():
    _, printed, _ = run_alone(all_that_is_printed, TT_METAL_LOGGER_LEVEL="info")
    assert "Currently using mock cluster descriptor" in printed


def one_after_the_other():
    with pytest.raises(KeyError), open_device("mock", "n150"):
        raise KeyError("of the caller")
    with open_device("mock", "n150") as device:
        again = device.board
    with pytest.raises(TargetError) as error, open_device("mock", "p150"):
        pass
    return again, str(error.value)


def test_a_process_opens_one_kind_of_device():
    again, error = run_alone(one_after_the_other)
    assert again == "n150"
    assert "has read TT_METAL_MOCK_CLUSTER_DESC_PATH; open the mock device in a process" in error


def silicon_in_a_mock(wanted):
    target._VARIABLES["silicon"] = lambda board: mock.environment("n150")
    with open_device("silicon", wanted) as device:
        return device.board, device.command_queues, device.can_trace


def test_what_silicon_is_asked_for_is_legal():
    assert run_alone(silicon_in_a_mock, None) == ["n150", 2, True]


def refused_board():
    with pytest.raises(TargetError) as error:
        silicon_in_a_mock("p150")
    return str(error.value)


def test_another_board_than_the_wanted_one():
    assert run_alone(refused_board) == (
        "the silicon device is a n150 (wormhole_b0), not a p150 (blackhole); "
        "ask for n150, or for no board in particular"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gpu",), "target is 'gpu'; legal are silicon, simulator, mock"),
        (("mock", "n200"), "board is 'n200'; legal are n150, n300, p100, p150"),
    ],
)
def test_unknown_names(arguments, message):
    with pytest.raises(TargetError, match=message), open_device(*arguments):
        pass


@pytest.mark.parametrize("name", target.TARGETS)
def test_without_ttnn(name, machine, monkeypatch):
    monkeypatch.setattr(target, "find_spec", lambda name: None)
    assert "pip install ttnn==0.81.1" in obstacle(name).next_step


def test_another_version_of_ttnn(machine, monkeypatch):
    monkeypatch.setattr(target, "version", lambda name: "0.80.0")
    with (
        pytest.warns(UserWarning, match=r"ttnn 0\.80\.0 .* tested with 0\.81\.1") as warned,
        pytest.raises(TargetError),
        open_device("silicon"),
    ):
        pass
    assert warned[0].filename == __file__


def test_no_card(machine):
    with pytest.raises(TargetError, match=r"dev is missing.*tt-kmd"), open_device("silicon"):
        pass
    (machine / "dev").mkdir()
    assert "finds no Tenstorrent card" in obstacle("silicon").reason


def test_a_card_that_may_not_be_used(machine, monkeypatch):
    (machine / "dev").mkdir()
    (machine / "dev" / "0").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert f"{machine / 'dev' / '0'} may not be read" in obstacle("silicon").reason


def test_a_card_needs_a_compiler(machine):
    (machine / "dev").mkdir()
    (machine / "dev" / "0").touch()
    assert "tenstorrent/sfpi" in obstacle("silicon").next_step
    install_compiler(machine)
    assert obstacle("silicon") is None


def test_a_card_in_the_shell_of_the_simulator(simulator):
    install_compiler(simulator)
    (simulator / "dev").mkdir()
    (simulator / "dev" / "0").touch()
    assert "unset it" in obstacle("silicon").next_step


def test_no_simulator(machine):
    error = obstacle("simulator")
    assert error.reason == "TT_METAL_SIMULATOR is not set"
    assert "1.10.0 of tenstorrent/ttsim" in error.next_step


@pytest.mark.parametrize(
    ("description", "arch"),
    [
        ("grid:\n  x_size: 17\narch_name: BLACKHOLE\n", "blackhole"),
        ("arch_name: WORMHOLE_B0\n", "wormhole_b0"),
        ("arch_name: QUASAR\n", None),
        ("", None),
    ],
)
def test_the_description_says_of_which_chip_the_simulator_is(simulator, description, arch):
    (simulator / "soc_descriptor.yaml").write_text(description)
    assert simulated_arch() == arch


def test_no_simulator_is_of_no_chip(machine, monkeypatch):
    assert simulated_arch() is None
    monkeypatch.setenv("TT_METAL_SIMULATOR", str(machine / "libttsim.so"))
    assert simulated_arch() is None


@pytest.mark.parametrize("arch", ["wormhole_b0", "blackhole"])
def test_ttnn_has_the_description_that_is_named(arch):
    (named,) = re.findall(r"ttnn/(\S+\.yaml)", get_simulator(arch))
    text = (Path(find_spec("ttnn").origin).parent / named).read_text()
    assert f"arch_name: {arch.upper()}" in text


@pytest.mark.parametrize("missing", ["libttsim.so", "soc_descriptor.yaml"])
def test_a_simulator_in_part(simulator, missing):
    install_compiler(simulator)
    assert obstacle("simulator") is None
    (simulator / missing).unlink()
    assert f"no file {simulator / missing}" in obstacle("simulator").reason


def test_a_simulator_with_a_wrong_root(simulator, monkeypatch):
    monkeypatch.setenv("TT_METAL_RUNTIME_ROOT", str(simulator))
    assert "no folder tt_metal" in obstacle("simulator").reason


def test_the_compiler_beside_ttnn_goes_first(simulator, monkeypatch):
    assert target.compiler() is None
    assert install_compiler(simulator) == target.compiler()
    own = simulator / "runtime/sfpi/compiler/bin/riscv-tt-elf-g++"
    own.parent.mkdir(parents=True)
    own.touch()
    monkeypatch.setenv("TT_METAL_RUNTIME_ROOT", str(simulator))
    assert target.compiler() == own


def test_a_mock_needs_nothing(machine, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(machine))
    assert obstacle("mock") is None
