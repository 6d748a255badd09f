import numpy as np
import pytest

from lightning_v2.training.excitation import pulse_instants, resynthesize, source_phase
from lightning_v2.training.teacher import CEPSTRA, FRAME, SAMPLE_RATE


def test_pulses_of_a_steady_pitch_are_one_period_apart():
    instants, runs = pulse_instants(np.full(100, 200.0))
    # the engine emits the first pulse of a run one sample late
    assert set(np.diff(instants)[1:]) == {160}
    assert set(runs) == {0}


def test_a_gap_starts_a_new_run_with_a_pulse_at_once():
    f0 = np.r_[np.zeros(3), np.full(10, 100.0), np.zeros(4), np.full(10, 160.0)]
    instants, runs = pulse_instants(f0)
    assert instants[runs == 0][0] == 3 * FRAME
    assert instants[runs == 1][0] == 17 * FRAME
    assert set(np.diff(instants[runs == 1])[1:]) == {200}


def test_phase_is_whole_at_every_pulse():
    f0 = np.linspace(120, 240, 80)
    phase, voiced = source_phase(f0, 80 * FRAME, SAMPLE_RATE)
    instants, _ = pulse_instants(f0)
    at_pulses = phase[instants]
    assert voiced.all()
    assert np.minimum(at_pulses, 1 - at_pulses).max() < 1e-4


def test_unvoiced_speech_has_no_phase():
    phase, voiced = source_phase(np.zeros(10), 500, 24000)
    assert not voiced.any()
    assert not phase.any()


def test_filter_has_the_amplitude_that_its_cepstra_say():
    cepstra = np.zeros((400, CEPSTRA))
    cepstra[:, 0], cepstra[:, 1], cepstra[:, 3] = 8.0, 1.1, -0.4
    noise = np.random.default_rng(0).standard_normal(400 * FRAME)
    wave = resynthesize(np.zeros(400), cepstra, noise)[FRAME * 10 :]
    power = np.mean(
        [
            np.abs(np.fft.rfft(wave[i : i + 512] * np.hanning(512))) ** 2
            for i in range(0, 60000, 256)
        ],
        axis=0,
    ) / np.sum(np.hanning(512) ** 2)
    frequency = np.arange(257) * np.pi / 256
    warped = frequency + 2 * np.arctan(0.45 * np.sin(frequency) / (1 - 0.45 * np.cos(frequency)))
    level = 8.0 + 1.1 * np.cos(warped) - 0.4 * np.cos(3 * warped) - np.log(32768)
    assert 0.5 * np.log(power)[5:-5] == pytest.approx(level[5:-5], abs=0.25)


def test_resynthesis_is_what_the_engine_says(teacher, tmp_path):
    """Where speech is voiced the engine adds no noise: the two waves agree."""
    from lightning_v2.text import phonemize
    from lightning_v2.training.teacher import render, write_labels

    write_labels({"a": phonemize("We were away a year ago.")[0]}, tmp_path)
    said = render(tmp_path / "a.lab")
    noise = np.random.default_rng(0).standard_normal(len(said.f0) * FRAME)
    again = resynthesize(said.f0, said.cepstra, noise)[: len(said.wave)]
    voiced = np.repeat(said.f0 > 0, FRAME)[: len(again)]
    error = np.sum((again - said.wave)[voiced] ** 2) / np.sum(said.wave[voiced] ** 2)
    assert 10 * np.log10(error) < -20
