import numpy as np
import pytest

from lightning_v2.chapters.error_location import error_location, error_location_figures
from lightning_v2.chapters.error_location.error_location import (
    CRITICAL_BAND_EDGES_HZ,
    QUIET_DBFS,
    locate_error,
    sounds_of,
    tonality,
)

RATE = 24000


def f0_of(utterance):
    """200 Hz in the two voiced stretches of `utterance`, 0.25 to 0.75 s and 1.25 to 1.75 s."""
    times = (np.arange(-(-len(utterance) // 256)) + 0.5) * 256 / RATE
    voiced = ((times > 0.25) & (times < 0.75)) | (times > 1.25)
    return np.where(voiced, 200.0, 0.0).astype(np.float32)


def sine(hertz, level_db, seconds=1.0):
    times = np.arange(int(seconds * RATE)) / RATE
    return (10 ** (level_db / 20) * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def test_sounds_of_an_utterance(utterance, compared_waves):
    comparison = compared_waves(utterance, utterance, f0=f0_of(utterance))
    sounds = sounds_of(comparison.reference)

    def at(second):
        return sounds[int(second * RATE / 256)]

    assert [at(s) for s in (0.1, 0.5, 0.88, 1.12, 1.5)] == [
        "pause", "voiced", "pause", "unvoiced", "voiced",
    ]  # fmt: skip


def test_a_frame_beside_a_voiced_one_is_voiced(compared_waves):
    wave = sine(200, -20)
    f0 = np.zeros(94, np.float32)
    f0[50] = 200.0
    sounds = sounds_of(compared_waves(wave, wave, f0=f0).reference)
    assert np.flatnonzero(sounds == "voiced").tolist() == [49, 50, 51]


def test_an_error_stands_in_its_band_and_its_sound(utterance, compared_waves):
    error = np.zeros_like(utterance)
    error[int(0.3 * RATE) : int(0.7 * RATE)] = sine(3250, -50, 0.4)
    found = locate_error(compared_waves(utterance, utterance + error, f0=f0_of(utterance)))
    band = found.by_band.set_index("low_hz")
    assert band["error_dbfs"].idxmax() == 3000
    assert band["snr_db"].idxmin() == 3000
    sounds = found.by_sound.set_index("sound")
    assert sounds["error_percent"].sum() == pytest.approx(100)
    assert sounds.loc["voiced", "error_percent"] > 99.9
    frames = found.over_time
    loud = frames.loc[frames["error_dbfs"] > -60, "time_s"]
    assert loud.min() == pytest.approx(0.3, abs=0.03)
    assert loud.max() == pytest.approx(0.7, abs=0.03)
    assert frames["error_dbfs"].max() == pytest.approx(-50, abs=0.5)


def test_the_ratio_of_all_sounds_is_that_of_the_samples(utterance, noise, compared_waves):
    wrong = utterance + noise(utterance, 30)
    found = locate_error(compared_waves(utterance, wrong))
    levels = found.by_sound
    share = levels["time_percent"]
    powers = [(10 ** (levels[f"{of}_dbfs"] / 10) * share).sum() for of in ("reference", "error")]
    assert 10 * np.log10(powers[0] / powers[1]) == pytest.approx(30, abs=0.3)


def test_no_error(utterance, compared_waves):
    found = locate_error(compared_waves(utterance, utterance))
    assert np.isposinf(found.by_sound["snr_db"]).all()
    assert np.isposinf(found.by_band["snr_db"]).all()
    assert found.by_sound["error_percent"].isna().all()
    assert (found.by_sound["sticks_out_percent"] == 0).all()


def test_noise_hides_more_than_a_tone():
    white = np.random.default_rng(1).standard_normal(RATE) * 0.1
    middle = slice(10, -10)
    assert tonality(white, RATE)[middle].max() < 0.1
    assert tonality(sine(1000, -20), RATE)[middle].min() > 0.9


@pytest.mark.parametrize(("below_db", "covered"), [(15.0, False), (35.0, True)])
def test_a_tone_covers_what_lies_well_below_it_in_its_band(compared_waves, below_db, covered):
    reference = sine(1000, -20)  # band 9: hides what is 14.5 + 9 dB below
    found = locate_error(compared_waves(reference, reference + sine(1040, -20 - below_db)))
    band = np.searchsorted(CRITICAL_BAND_EDGES_HZ, 1000) - 1
    assert CRITICAL_BAND_EDGES_HZ[band] == 920
    margin = np.median(found.margin_db[band, 10:-10])
    assert margin == pytest.approx(23.5 - below_db, abs=2.5)
    assert (margin < 0) == covered


def test_a_tone_does_not_cover_another_band(compared_waves):
    reference = sine(1000, -20)
    found = locate_error(compared_waves(reference, reference + sine(6000, -70)))
    band = np.searchsorted(CRITICAL_BAND_EDGES_HZ, 6000) - 1
    assert np.median(found.margin_db[band, 10:-10]) == pytest.approx(-70 - QUIET_DBFS, abs=1)


def test_what_is_too_quiet_to_hear_does_not_count(compared_waves):
    silence = np.zeros(RATE, np.float32)
    found = locate_error(compared_waves(silence, silence + sine(1000, QUIET_DBFS - 3)))
    assert found.margin_db.max() < 0


def test_free_running_is_an_error(utterance, compared_waves):
    with pytest.raises(ValueError, match=r"longer by \+100 ms.*teacher_forced=True"):
        longer = np.append(utterance, np.zeros(2400, np.float32))
        locate_error(compared_waves(utterance, longer, aligned=False))


@pytest.fixture
def located(utterance, noise, compared_waves):
    f0 = f0_of(utterance)
    return [
        locate_error(compared_waves(utterance, utterance + noise(utterance, level), plan, f0=f0))
        for plan, level in (("bf16", 50), ("naive", 10))
    ]


FIGURES = ("margins", "by_band", "over_time", "by_sound")


@pytest.mark.parametrize("name", FIGURES)
def test_figures_say_what_they_show(located, name):
    picture = getattr(error_location_figures, name)(*located)
    assert "bf16" in picture.alt and "naive" in picture.alt
    assert "plans bf16, naive, emulated, fast tier" in picture.caption
    labels = [axes.get_xlabel() + axes.get_ylabel() for axes in picture.figure.axes]
    assert any("(" in label for label in labels)
    assert picture.image() and picture.data


@pytest.mark.parametrize("name", FIGURES)
def test_one_plan_and_no_error_can_be_drawn(utterance, compared_waves, name):
    same = locate_error(compared_waves(utterance, utterance, "bf16"))
    picture = getattr(error_location_figures, name)(same)
    assert "plan bf16, emulated" in picture.caption
    assert picture.image()


def test_maps_share_one_scale(located):
    maps = [a for a in error_location_figures.margins(*located).figure.axes if a.images]
    assert len({axes.images[0].get_clim() for axes in maps}) == 1
    assert maps[0].get_title(loc="left") != maps[1].get_title(loc="left")


def test_table_has_a_row_a_plan_and_sound(located):
    sheet = error_location_figures.sound_table(*located)
    assert len(sheet.frame) == 2 * len(error_location.SOUNDS)
    assert "signal to error (dB)" in sheet.frame
