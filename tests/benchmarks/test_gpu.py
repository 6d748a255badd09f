"""benchmarks/gpu.py as far as a CPU goes: what it runs, and that it refuses without a GPU."""

import copy
import runpy
from pathlib import Path

import pytest
import torch

from lightning_v2 import load
from lightning_v2.model.natural.config import HOP

SCRIPT = Path(__file__).parents[2] / "benchmarks/gpu.py"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT))


@pytest.fixture(scope="module")
def network():
    return load("lark").model


def test_refuses_clearly_where_there_is_no_gpu(script, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    output = tmp_path / "gpu.json"
    assert script["main"](["--output", str(output)]) == 2
    assert "no GPU with CUDA" in capsys.readouterr().err
    assert not output.exists()


def test_refuses_voices_that_it_cannot_run(script, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert "such as lark" in script["obstacle"](object())
    assert script["obstacle"](load("lark")) == ""


def test_says_what_the_voice_says(script, network):
    phones, places, f0, noise = script["inputs"](1, 64)
    durations = torch.bincount(places[0], minlength=phones.shape[1])[None].float()
    with torch.inference_mode():
        expected = network.wave(network.acoustics(phones, durations, f0), noise)
        sentence = script["Sentence"](copy.deepcopy(network), torch.float32)
        wave = sentence(phones, places, f0, noise)
    assert wave.shape == (1, 64 * HOP)
    assert torch.allclose(wave, expected, atol=1e-5)


def test_runs_in_16_bits_and_in_batches(script, network):
    with torch.inference_mode():
        sentence = script["Sentence"](copy.deepcopy(network), torch.bfloat16)
        wave = sentence(*script["inputs"](2, 64))
    assert wave.shape == (2, 64 * HOP)
    assert wave.dtype == torch.bfloat16 and wave.isfinite().all()
