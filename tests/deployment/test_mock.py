import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lightning_v2.deployment import mock
from lightning_v2.deployment.device.target import BOARDS, TargetError
from lightning_v2.deployment.mock.program import program
from tests.deployment.device_process import run_on_mock

RETURN = bytes.fromhex("67800000")


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The runtime root, in a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return Path(mock.environment("n150")["TT_METAL_RUNTIME_ROOT"])


@pytest.fixture
def compiler(root):
    """compiler(*arguments) -> status, output, error."""

    def run(*arguments):
        path = root / "runtime/sfpi/compiler/bin/riscv-tt-elf-g++"
        done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    return run


def state(folder):
    """What lies in a folder, without what lies behind its links."""
    return {
        str(path.relative_to(folder)): os.readlink(path)
        if path.is_symlink()
        else (path.read_bytes(), path.stat().st_mode)
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def activation(device):
    import torch
    import ttnn

    x = ttnn.from_torch(torch.ones(32, 64), layout=ttnn.TILE_LAYOUT, device=device.handle)
    return list(ttnn.to_torch(ttnn.silu(x)).shape)


def test_processes_that_make_the_folder_at_the_same_time(tmp_path):
    with ThreadPoolExecutor() as pool:
        runs = [
            pool.submit(run_on_mock, "p100", activation, XDG_CACHE_HOME=str(tmp_path))
            for _ in range(3)
        ]
        assert [run.result() for run in runs] == [[32, 64]] * 3
    (folder,) = (tmp_path / "lightning-v2").iterdir()
    assert list(folder.joinpath("root").rglob(".*")) == []


def remove_compiler(root):
    (root / "runtime/sfpi/compiler/bin/riscv-tt-elf-g++").unlink()


def empty_program(root):
    (root / "runtime/sfpi/compiler/bin/program.elf").write_bytes(b"")


def lose_mode(root):
    (root / "runtime/sfpi/compiler/bin/riscv-tt-elf-g++").chmod(0o644)


def redirect_link(root):
    (root / "tt_metal").unlink()
    (root / "tt_metal").symlink_to("/nowhere")


@pytest.mark.parametrize("damage", [remove_compiler, empty_program, lose_mode, redirect_link])
def test_a_damaged_folder_is_repaired(root, damage):
    whole = state(root)
    damage(root)
    assert state(root) != whole
    mock.environment("n150")
    assert state(root) == whole


def test_a_folder_that_is_whole_is_left_alone(root):
    before = {path: path.lstat().st_mtime_ns for path in root.rglob("*")}
    mock.environment("p150")
    assert {path: path.lstat().st_mtime_ns for path in root.rglob("*")} == before


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(TargetError, match="set XDG_CACHE_HOME to a folder that can be written"):
        mock.environment("n150")


def test_a_cache_with_a_space_in_its_name(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "my files"))
    with pytest.raises(TargetError, match="because of the space"):
        mock.environment("n150")


def test_every_board_has_a_description():
    for board in BOARDS:
        path = Path(mock.environment(board)["TT_METAL_MOCK_CLUSTER_DESC_PATH"])
        assert f"board_type: {board}" in path.read_text()


def test_the_compiler_has_the_version_that_ttnn_asks_for(root, compiler):
    status, output, _ = compiler("--version")
    asked = (root / "tt_metal/sfpi-version").read_text()
    version = asked.split("sfpi_version='")[1].split("'")[0]
    build = asked.split("sfpi_build='")[1].split("'")[0]
    assert (status, output.split()[1]) == (0, f"(tenstorrent/sfpi:{version}[{build}])")


def test_compiled_files_are_empty_and_have_a_rule(compiler, tmp_path):
    kernel, rule = tmp_path / "kernel.o", tmp_path / "kernel.d"
    assert compiler("-O3", "-c", "-o", kernel, "kernel.cc", "-MF", rule) == (0, "", "")
    assert kernel.read_bytes() == b""
    assert rule.read_text() == f"{kernel}:\n"


def test_linked_files_are_the_program(compiler, tmp_path):
    assert compiler("-O3", "kernel.o", "-o", tmp_path / "brisc.elf") == (0, "", "")
    assert (tmp_path / "brisc.elf").read_bytes() == program()


def test_a_call_without_an_output_is_an_error(compiler):
    status, _, error = compiler("-O3", "-c", "kernel.cc")
    assert status == 1
    assert "no output is named in: -O3 -c kernel.cc" in error


def test_the_program_returns_at_once():
    text = program()
    entry, segment = int.from_bytes(text[24:28], "little"), text[52:84]
    offset, address = (int.from_bytes(segment[at : at + 4], "little") for at in (4, 8))
    assert (address, text[offset : offset + 4]) == (entry, RETURN)
