"""Phases summed over an F0 that is made up, and over that of the shipped voice."""

import numpy as np
import pytest
import torch

import lightning_v2 as lv2
from lightning_v2.analysis.display.figure_data import files
from lightning_v2.chapters.phase import phase_accumulation as sums
from lightning_v2.chapters.phase import phase_accumulation_figures as figures
from lightning_v2.chapters.phase.phase_accumulation import Contour, accumulate, contour
from lightning_v2.model.natural.source import LOWEST_F0, accumulate_phase

RATE, HOP = 24000, 300


def glide(seconds, gaps=True):
    t = np.arange(round(seconds * RATE / HOP))
    f0 = (200 + 40 * np.sin(t / 17)).astype(np.float32)
    if gaps:
        f0[(t % 90) > 70] = 0
    return Contour(f0, HOP, RATE, ("a", "b"))


@pytest.fixture(scope="module")
def found():
    return accumulate(glide(4.2))


class TestContour:
    def test_lasts_as_long_as_its_frames(self):
        assert glide(3).seconds == pytest.approx(3, abs=0.02)

    @pytest.mark.parametrize("name", ["lark", "hibari"])
    def test_is_the_f0_that_the_voice_speaks_with(self, name):
        voice = lv2.load(name)
        said, speech = contour(voice, 0.5, ["Say it."]), voice.synthesize("Say it.")
        np.testing.assert_array_equal(said.f0, speech.f0[: len(said.f0)])
        assert (said.hop, said.sample_rate) == (speech.hop, speech.sample_rate)
        assert said.texts == ("Say it.",)
        assert said.seconds == pytest.approx(0.5, abs=0.02)

    def test_too_few_texts(self):
        with pytest.raises(ValueError, match="seconds is 60; the 1 texts last"):
            contour(lv2.load("lark"), 60, ["Say it."])


@pytest.mark.parametrize("gaps", [False, True])
def test_true_phase_is_the_phase_of_the_model(gaps):
    f0 = torch.from_numpy(glide(2, gaps).f0)[None]
    apart = (sums.true_phase(f0, HOP, RATE) - accumulate_phase(f0).double()).numpy()
    assert np.abs(apart - np.round(apart)).max() < 2e-6


def test_true_phase_of_a_constant_f0_is_a_straight_line():
    true = sums.true_phase(torch.full((1, 50), 240.0), HOP, RATE)[0].numpy()
    np.testing.assert_allclose(true, 0.01 * np.arange(1, 50 * HOP + 1), rtol=1e-12)


def test_a_phase_runs_on_where_nothing_is_voiced():
    true = sums.true_phase(torch.zeros(1, 50), HOP, RATE)[0].numpy()
    assert true[-1] == pytest.approx(50 * HOP / RATE * LOWEST_F0)


class TestAccumulate:
    def test_integers_are_exact_and_bfloat16_is_not(self, found):
        largest = {name: np.abs(error).max() for name, error in found.errors.items()}
        assert largest["integers"] < 1e-5 > largest["float32"] / 10
        assert largest["float32"] < 1e-4 < largest["float32 cumsum"] < largest["bfloat16"]
        assert largest["bfloat16"] > 0.2

    def test_drift_and_jitter_are_parts_of_the_error(self, found):
        times, drift = found.drift("bfloat16")
        jitter = found.jitter("bfloat16")
        assert len(times) == len(drift) == len(jitter)
        assert np.abs(jitter.mean(1)).max() < 1e-6
        assert 1e-3 < np.sqrt(np.mean(jitter**2)) < 1e-2

    def test_harmonics_lose_6_db_for_each_doubling_while_jitter_is_small(self, found):
        ratios = found.tone_to_noise_db("float32", np.array([1, 2, 4]))
        assert np.diff(ratios) == pytest.approx([-6.02, -6.02], abs=0.3)
        assert found.tone_to_noise_db("bfloat16", np.array([1]))[0] < 45 < ratios[0]

    def test_unknown_arithmetic(self):
        with pytest.raises(ValueError, match="names holds 'int8'; legal are integers, float32"):
            accumulate(glide(1), ["int8"])

    def test_nothing_voiced(self):
        with pytest.raises(ValueError, match="f0 is 0 everywhere"):
            accumulate(Contour(np.zeros(500, np.float32), HOP, RATE, ()))

    def test_another_rate_and_hop(self):
        given = glide(4.2)
        slower = accumulate(Contour(given.f0, 200, 16000, ()), ["bfloat16"])
        assert slower.contour.seconds == pytest.approx(given.seconds)
        times, _ = slower.drift("bfloat16")
        assert times[-1] == pytest.approx(given.seconds, abs=2 * 1024 / 16000)

    def test_more_seconds_than_there_are(self, found):
        with pytest.raises(ValueError, match="seconds is 9; legal are"):
            found.samples(9)


def test_a_running_sum_adds_in_float32():
    total = sums.running_sum(torch.full((1, 40), 200.0), HOP, RATE)[0].numpy()
    assert total.dtype == np.float32
    expected = np.float32(0)
    for n in range(300):
        expected = np.float32(expected + np.float32(200) / np.float32(RATE))
        assert total[n] == expected


def test_table(found):
    table = sums.drift_table(found, [1, 4], harmonic=5).frame
    assert len(table) == 8
    row = table[(table["arithmetic"] == "bfloat16") & (table["after (s)"] == 4)].iloc[0]
    fundamental, fifth = (
        float(row[name].replace("−", "-"))
        for name in ("drift, fundamental (cycles)", "drift, harmonic 5 (its cycles)")
    )
    assert fifth == pytest.approx(5 * fundamental, rel=0.1)


def test_figures(found):
    drift = figures.drift(found, [1, 4], [1, 5, 20])
    harmonics = drift.data["harmonics"]
    by_number = harmonics[harmonics["within_s"] == 4].set_index(["arithmetic", "harmonic"])[
        "cycles"
    ]
    assert by_number["bfloat16", 20] == pytest.approx(20 * by_number["bfloat16", 1])
    jitter = figures.jitter(found, 12)
    assert len(jitter.data["tone_to_noise"]) == 12
    for picture in (drift, jitter):
        assert len(picture.alt) > 40 and "float64" in picture.caption
        assert all("(" in a.get_xlabel() and "(" in a.get_ylabel() for a in picture.figure.axes)
        assert all(files(picture.data).values()) and len(picture.image()) > 5000
