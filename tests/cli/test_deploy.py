"""`lightning-v2 deploy`: where it can go wrong before ttnn is loaded, and on a mock device."""

import io
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from lightning_v2.cli.main import main
from lightning_v2.deployment.device import target
from lightning_v2.deployment.observed.report import Report

MOCK = ("deploy", "--target", "mock")
TIMEOUT_S = 120


def command(*arguments):
    return [sys.executable, "-m", "lightning_v2.cli", *map(str, arguments)]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["-o", "a.wav"], "-o needs a --text"),
        (["--text", "Hi.", "-o", "missing/a.wav"], "missing is not a folder"),
        (["--report", "missing/a.json"], "missing is not a folder"),
        (["--text", ""], "nothing to say"),
        (["--plan", "lightning"], "lightning-v2"),
        (["--voice", "nobody"], "no voice 'nobody'"),
    ],
)
def test_bad_input_is_found_before_ttnn_is_loaded(tmp_path, monkeypatch, capsys, arguments, reason):
    monkeypatch.chdir(tmp_path)
    assert main([*MOCK, *arguments]) == 2
    assert reason in capsys.readouterr().err
    assert "ttnn" not in sys.modules
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["deploy", "--target", "nothing"], "simulator"),
        (["deploy"], "--target"),
        ([*MOCK, "--board", "n100"], "n150"),
    ],
)
def test_options(capsys, arguments, reason):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert reason in capsys.readouterr().err


def test_no_card(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(target, "DRIVER", tmp_path / "tenstorrent")
    assert main(["deploy", "--target", "silicon"]) == 2
    error = capsys.readouterr().err
    assert "tt-kmd" in error
    assert error.count("\n") == 1


def test_no_simulator(monkeypatch, capsys):
    monkeypatch.delenv("TT_METAL_SIMULATOR", raising=False)
    assert main(["deploy", "--target", "simulator"]) == 2
    assert "tenstorrent/ttsim" in capsys.readouterr().err


def test_nothing_on_standard_input(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(" \n"))
    assert main([*MOCK, "--text", "-"]) == 2
    assert "nothing to say" in capsys.readouterr().err


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """What a whole run printed and wrote."""
    folder = tmp_path_factory.mktemp("spoken")
    options = ["--board", "p150", "--buckets", "128,256", "--text", "-"]
    done = subprocess.run(
        command(*MOCK, *options, "-o", "a.wav", "--report", "a.json"),
        cwd=folder,
        input="Hello there.",
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_says_what_ran(spoken):
    _, output = spoken
    assert "plan lightning-v2 on mock p150 (blackhole, 11 x 10 cores), ttnn 0.81.1" in output
    assert "buckets compiled: 2 in" in output
    assert "constants: " in output
    assert "a mock device computes nothing" in output
    assert "DRAM traffic modelled" in output
    assert "frames 128, phones 32" in output


def test_writes_speech_of_zeros_and_the_report(spoken):
    folder, _ = spoken
    wave, rate = soundfile.read(folder / "a.wav")
    assert rate == 24000
    assert len(wave)
    assert not np.any(wave)
    stages = Report.load(folder / "a.json").stages
    assert {stage.stage for stage in stages} == {"encode", "prosody", "speech"}
    assert {stage.board for stage in stages} == {"p150"}
    assert json.loads((folder / "a.json").read_text())["provenance"]["mock"].startswith("measured")


def test_an_interrupt_closes_the_device():
    process = subprocess.Popen(
        command(*MOCK),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A parent that runs in the background may have told it to ignore interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert process.stdout.readline().startswith("plan lightning-v2 on mock n150")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=TIMEOUT_S)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert errors.endswith("interrupted\n")


def test_a_voice_that_is_a_graph(tmp_path):
    options = ["--voice", "hibari", "--buckets", "128", "--report", "a.json"]
    done = subprocess.run(
        command(*MOCK, *options),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=2 * TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr
    assert "buckets compiled: 1 in" in done.stdout
    assert "rows 128" in done.stdout
    stages = Report.load(tmp_path / "a.json").stages
    assert [stage.stage for stage in stages] == ["part 1", "part 2", "wave"]


def test_a_voice_with_operations_that_no_device_runs(tmp_path):
    options = ["--voice", "piper:joe", "--report", "a.json"]
    done = subprocess.run(
        command(*MOCK, *options),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=2 * TIMEOUT_S,
    )
    assert done.returncode == 1, done.stderr
    assert "ScatterND, 29 nodes: ttnn has no gather or scatter by tuples" in done.stdout
    assert "    /dp/flows.7/ScatterND, /dp/flows.7/ScatterND_1" in done.stdout
    assert "voice piper:joe cannot be deployed whole: 612 of 642 sites can run there" in done.stdout
    found = json.loads((tmp_path / "a.json").read_text())
    assert found["lowered_macs"] / found["macs"] > 0.99
    assert {row["op"] for row in found["refused"]} >= {"CumSum", "GatherND", "ScatterND"}
