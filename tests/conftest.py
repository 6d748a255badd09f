"""Signals whose measures are known in advance."""

import gc
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lightning_v2.analysis.comparison import Comparison
from lightning_v2.model import Speech
from lightning_v2.precision import FLOAT32
from lightning_v2.report import addresses
from tests.untrained import untrained

SAMPLE_RATE = 24000

LONGEST = (
    "docs/test_adding.py", "search/test_check.py", "deployment/test_deployment.py",
    "report/test_run.py", "browser/test_lab.py", "onnx/test_laboratory.py",
    "docs/test_modules.py", "search/test_search.py",
    "analysis/sites/test_isolated.py", "report/processes/test_execute.py", "test_identity.py",
    "analysis/test_compare.py", "cli/test_streams.py",
    "chapters/metrics_lie/test_calibration.py", "model/test_voice.py",
    "deployment/device/test_target.py", "training/distillation/test_pipeline.py",
    "training/recordings/test_pipeline.py", "training/recordings/test_tuner.py",
)  # fmt: skip
"""Files that take longest. They go first, so that no process waits for another one at the end."""

addresses.unchecked()


def pytest_collection_modifyitems(items):
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
    # Sound is played in real time there: last, when the cores have less to do.
    places[Path(__file__).parent / "browser/test_player_page.py"] = len(places) + 1
    items.sort(key=lambda item: places.get(item.path, len(LONGEST)))


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What is imported and collected stays: looking through it for garbage takes seconds."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def harmonics(f0, level_db=-20.0, phase=0.0):
    """Six harmonics on an F0 contour (N,) in Hz, falling 6 dB an octave, `level_db` dBFS RMS."""
    cycles = phase + np.cumsum(f0) / SAMPLE_RATE
    wave = sum(np.cos(2 * np.pi * k * cycles) / k for k in range(1, 7))
    return (wave / np.sqrt(np.mean(wave**2)) * 10 ** (level_db / 20)).astype(np.float32)


@pytest.fixture(scope="module")
def voice():
    """A real network, untrained."""
    return untrained(seed=1)


@pytest.fixture
def tone():
    """tone(cents=0, seconds=1.0): a gliding voiced sound, 180 to 240 Hz."""

    def make(cents=0.0, seconds=1.0):
        glide = np.linspace(180.0, 240.0, int(seconds * SAMPLE_RATE))
        return harmonics(glide * 2 ** (cents / 1200))

    return make


@pytest.fixture
def utterance():
    """Two voiced stretches with a pause and a hiss between them, 2 s: near enough to speech."""
    rng = np.random.default_rng(7)
    voiced = harmonics(np.linspace(220.0, 170.0, SAMPLE_RATE // 2))
    swell = np.sin(np.linspace(0, np.pi, len(voiced))) ** 0.5
    hiss = 0.02 * rng.standard_normal(SAMPLE_RATE // 4) * np.hanning(SAMPLE_RATE // 4)
    silence = 1e-5 * rng.standard_normal(SAMPLE_RATE // 4)
    parts = [silence, voiced * swell, silence, hiss, voiced[::-1] * swell]
    return np.concatenate(parts).astype(np.float32)


@pytest.fixture
def noise():
    """noise(reference, snr_db): white noise that many dB below the reference."""

    def make(reference, snr_db):
        white = np.random.default_rng(3).standard_normal(len(reference))
        scale = np.sqrt(np.mean(reference.astype(np.float64) ** 2) / np.mean(white**2))
        return (white * scale * 10 ** (-snr_db / 20)).astype(np.float32)

    return make


@pytest.fixture
def compared_waves():
    """compared_waves(reference, candidate, plan="naive"): a comparison of waveforms (N,) alone.

    Without measures; F0 is 200 Hz throughout unless it is given.
    """

    def speech(waveform, f0):
        return Speech(
            text="ah",
            waveform=waveform,
            phonemes=("ah",),
            durations=np.array([len(f0)], np.float32),
            f0=f0,
            frames=(len(f0),),
            sample_rate=SAMPLE_RATE,
            hop=256,
        )

    def make(reference, candidate, plan="naive", layers=None, f0=None, aligned=True):
        frames = -(-len(reference) // 256)
        f0 = np.full(frames, 200.0, np.float32) if f0 is None else f0
        return Comparison(
            plan=SimpleNamespace(name=plan),
            reference_plan=FLOAT32,
            tier="fast",
            teacher_forced=aligned,
            reference=speech(reference, f0),
            candidate=speech(candidate, f0),
            layers=pd.DataFrame() if layers is None else layers,
            metrics={"duration_difference_ms": (len(candidate) - len(reference)) / 24.0},
            phase=SimpleNamespace(aligned=aligned),
        )

    return make
