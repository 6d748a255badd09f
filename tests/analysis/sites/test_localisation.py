from itertools import pairwise

import numpy as np
import pytest

import lightning_v2 as lv2
from lightning_v2.analysis.metrics.audio_metrics import snr_db
from lightning_v2.analysis.metrics.sound.phase import BAND_EDGES_HZ
from lightning_v2.analysis.sites.localisation import (
    BAND_HZ,
    band_edges,
    band_levels,
    localise,
    worst_alone,
)

RATE = 24000
TEXT = "Hi."
SITES = (
    "source.phase",
    "decoder.blocks.3.up",
    "vocoder.head.noise_gain.log",
    "vocoder.inverse_cosines",
)


@pytest.fixture(scope="module")
def voice():
    return lv2.load()


@pytest.fixture(scope="module")
def found(voice):
    return localise(voice, TEXT, "naive", SITES)


@pytest.fixture(scope="module")
def exact_phase(voice):
    return localise(voice, TEXT, "lightning-v2", SITES)


def test_a_sine_reads_its_level_in_its_band():
    n = np.arange(RATE // 2)
    levels, times = band_levels(0.1 * np.cos(2 * np.pi * 3250 * n / RATE), RATE)
    assert levels.shape == (24, len(times))
    assert levels[6, 5:-5] == pytest.approx(-20, abs=0.1)
    others = np.delete(levels, 6, axis=0)
    assert others[:, 5:-5].max() < -60


def test_bands_may_have_other_edges():
    n = np.arange(RATE // 2)
    wave = 0.1 * np.cos(2 * np.pi * 3250 * n / RATE)
    levels, _ = band_levels(wave, RATE, (0, 3000, 4000, 12000))
    assert levels.shape[0] == 3
    assert levels[1, 5:-5] == pytest.approx(-20, abs=0.1)


def test_a_click_stands_at_its_time():
    wave = np.zeros(RATE)
    wave[RATE // 2] = 1.0
    levels, times = band_levels(wave, RATE)
    loud = (levels > -100).any(axis=0)
    assert np.abs(times[loud] - 0.5).max() < 0.025
    assert np.ptp(levels[:, np.abs(times - 0.5).argmin()]) < 0.5  # all bands alike


def test_sites_in_the_order_in_which_they_run(found):
    assert found.sites == (
        "decoder.blocks.3.up",
        *(site for site in SITES if site != "decoder.blocks.3.up"),
    )
    assert found.ops == ("linear", "phase", "linear", "matmul")
    assert found.error_dbfs.shape == (4, 24, len(found.times_s))
    assert found.table["site"].tolist() == list(found.sites)


def test_a_site_that_loses_nothing_has_no_error(exact_phase):
    row = exact_phase.table.set_index("site").loc["source.phase"]
    assert row.filter(like="snr").map(np.isposinf).all()
    assert np.isnan(row["loudest_error_s"])
    assert (exact_phase.error_of("source.phase") == -200).all()
    assert np.isfinite(exact_phase.snr_db[np.array(exact_phase.ops) != "phase"]).all()


def test_bands_and_the_whole_agree(found):
    table = found.table
    powers = [10 ** (x.astype(float) / 10) for x in (found.reference_dbfs, found.error_dbfs)]
    from_maps = 10 * np.log10(powers[0].sum() / powers[1].sum(axis=(1, 2)))
    assert from_maps == pytest.approx(table["snr_db"].to_numpy(), abs=0.5)
    names = [f"snr_db_{low}_to_{high}_hz" for low, high in pairwise(BAND_EDGES_HZ)]
    assert (table[names].min(axis=1) <= table["snr_db"] + 0.5).all()
    assert (table[names].max(axis=1) >= table["snr_db"] - 0.5).all()


def test_a_wrong_phase_hurts_all_of_a_voiced_sound(found):
    row = found.table.set_index("site").loc["source.phase"]
    assert row["snr_db_0_to_1000_hz"] < 10
    assert row["snr_db"] == found.snr_db.min()


def test_the_rest_is_float32(voice):
    one = localise(voice, TEXT, "bf16", ["vocoder.inverse_cosines"])
    all_low = lv2.compare(voice, TEXT, "bf16", layers=False)
    assert all_low.metrics["snr_db"] < one.snr_db[0]
    assert one.snr_db[0] == pytest.approx(50, abs=8)  # bfloat16


def test_a_site_that_does_not_run_is_an_error(voice):
    with pytest.raises(ValueError, match=r"'duration.output' is no site that runs"):
        localise(voice, TEXT, "naive", ["duration.output"])
    with pytest.raises(lv2.PlanError):
        localise(voice, TEXT, "no-such-plan")


def test_another_site_than_those_measured_is_an_error(found):
    with pytest.raises(ValueError, match=r"site is 'vocoder.head.noise_gain.exp'"):
        found.error_of("vocoder.head.noise_gain.exp")


def test_the_worst_site_can_be_heard(voice, found):
    alone = worst_alone(voice, found)
    assert (alone.plan, alone.site, alone.tier) == ("naive", "source.phase", "fast")
    assert alone.reference.text == TEXT
    heard = snr_db(alone.reference.waveform, alone.candidate.waveform)
    assert heard == pytest.approx(found.snr_db.min(), abs=0.1)


@pytest.mark.parametrize("rate", [16000, 22050, 24000, 48000])
def test_bands_at_other_rates(rate):
    """A tone is in its band, and bands that a rate does not reach are empty."""
    tone = np.sin(2 * np.pi * 3200 * np.arange(rate) / rate)
    levels, _ = band_levels(tone, rate)
    edges = band_edges(rate)
    assert len(edges) == len(levels) + 1 and edges[-1] <= rate / 2 < edges[-1] + BAND_HZ
    assert levels[:, 30].argmax() == 6 and levels[6, 30] == pytest.approx(0, abs=1)
    wide, _ = band_levels(tone, rate, (0, 3000, 6000, 9500, 12000))
    assert wide[1, 30] == pytest.approx(0, abs=1)
    assert (wide[3] == -200).all() == (rate / 2 < 9500)
