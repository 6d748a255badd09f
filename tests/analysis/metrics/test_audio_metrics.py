from dataclasses import dataclass, field, replace

import numpy as np
import pytest

import lightning_v2 as lv2
from lightning_v2.analysis.metrics import audio_metrics

RATE = 24000


@dataclass
class FakeSpeech:
    waveform: np.ndarray
    durations: np.ndarray = field(default_factory=lambda: np.array([20.0, 40.0, 20.0]))
    f0: np.ndarray = field(default_factory=lambda: np.zeros(0))
    sample_rate: int = RATE
    hop: int = 256
    phonemes: tuple = ("pau", "ah", "pau")


@pytest.fixture(scope="module")
def sentence():
    return lv2.load().synthesize("There were two people in the old house.")


def measure(reference, candidate):
    return audio_metrics.measure(FakeSpeech(reference), FakeSpeech(candidate))[0]


def test_table_and_values_have_the_same_names(utterance):
    names = [metric.name for metric in audio_metrics.METRICS]
    assert list(measure(utterance, utterance)) == names
    assert len(set(names)) == len(names)


def test_identical(utterance):
    values = measure(utterance, utterance)
    asked = {metric.name for metric in audio_metrics.METRICS if metric.judge}
    assert np.isnan([values.pop(name) for name in asked]).all()
    assert values["pesq_wb_mos"] == pytest.approx(4.644, abs=0.001)
    assert values["snr_db"] == np.inf
    assert values["stoi"] == pytest.approx(1.0)
    assert values["waveform_pcc"] == pytest.approx(1.0)
    assert values["estoi"] == pytest.approx(1.0)
    zero = {metric.name for metric in audio_metrics.METRICS if metric.better != "higher"}
    zero -= {"pause_level_dbfs"}
    assert {name: values[name] for name in zero} == pytest.approx(dict.fromkeys(zero, 0), abs=1e-4)
    assert values["pause_level_dbfs"] == pytest.approx(-97, abs=5)


def test_gain(utterance):
    values = measure(utterance, utterance * 0.5)
    assert values["gain_db"] == pytest.approx(-6.02, abs=0.01)
    assert values["loudness_difference_lu"] == pytest.approx(-6.02, abs=0.01)
    assert values["waveform_pcc"] == pytest.approx(1.0)
    assert values["snr_db"] == pytest.approx(6.02, abs=0.01)
    assert values["f0_p95_cents"] == pytest.approx(0, abs=0.01)
    assert values["estoi"] == pytest.approx(1.0)
    assert 3e-4 < values["zimtohrli"] < 2e-3  # 6 dB are heard
    assert measure(utterance, utterance * 10 ** (-0.2 / 20))["zimtohrli"] < 1e-5


@pytest.mark.parametrize("level", [50.0, 30.0])
def test_noise_at_a_known_level(utterance, noise, level):
    values = measure(utterance, utterance + noise(utterance, level))
    assert values["snr_db"] == pytest.approx(level, abs=0.01)
    speech_dbfs = 10 * np.log10(np.mean(utterance**2))
    assert values["pause_level_dbfs"] == pytest.approx(speech_dbfs - level, abs=0.5)
    assert values["pause_rise_db"] == pytest.approx(max(speech_dbfs - level + 75, 0), abs=0.6)
    assert values["pesq_wb_mos"] < 4.5
    assert values["zimtohrli"] > 1e-3
    assert values["harmonic_drift_p95_cycles"] == pytest.approx(
        0.003 * 10 ** ((30 - level) / 20), rel=0.5
    )
    assert values["f0_median_cents"] < 3


def test_more_noise_is_a_larger_distance(utterance, noise):
    quiet, loud = (measure(utterance, utterance + noise(utterance, level)) for level in (50, 30))
    assert quiet["lsd_db"] < loud["lsd_db"]
    assert quiet["mel_rmse_db"] < loud["mel_rmse_db"]
    assert quiet["pesq_wb_mos"] > loud["pesq_wb_mos"]
    assert quiet["zimtohrli"] < loud["zimtohrli"] / 3
    assert quiet["estoi"] > loud["estoi"]
    assert quiet["lsd_above_4_percent"] <= loud["lsd_above_4_percent"]


def test_log_spectral_distance_is_on_the_scale_of_its_bound(utterance, noise):
    quiet, loud = (measure(utterance, utterance + noise(utterance, level)) for level in (50, 30))
    assert 0.2 < quiet["lsd_db"] < 1.0
    assert loud["lsd_db"] > 2.0
    assert measure(utterance, np.round(utterance * 32768) / 32768)["lsd_db"] < 0.05


@pytest.mark.parametrize(("loss", "to_4", "above_4"), [(1.0, 0, 0), (3.0, 100, 0), (6.0, 0, 100)])
def test_spectral_distances_of_a_quieter_noise_are_its_loss(loss, to_4, above_4):
    # every bin lies far above the floor
    white = (0.1 * np.random.default_rng(5).standard_normal(RATE)).astype(np.float32)
    values = measure(white, white * 10 ** (-loss / 20))
    assert values["lsd_db"] == pytest.approx(loss, rel=0.02)
    assert values["mel_rmse_db"] == pytest.approx(loss, rel=0.02)
    assert values["lsd_2_to_4_percent"] == pytest.approx(to_4, abs=2)
    assert values["lsd_above_4_percent"] == pytest.approx(above_4, abs=2)


def test_polarity_flip_is_heard_by_waveform_measures_only(utterance):
    values = measure(utterance, -utterance)
    assert values["waveform_pcc"] == pytest.approx(-1.0)
    assert values["snr_db"] == pytest.approx(-6.02, abs=0.01)
    assert values["pesq_wb_mos"] == pytest.approx(4.644, abs=0.001)
    assert values["fundamental_drift_p95_cycles"] == pytest.approx(0.5, abs=0.01)
    assert values["harmonic_drift_p95_cycles"] == pytest.approx(0.5, abs=0.01)
    assert values["harmonic_relation_p95_cycles"] == pytest.approx(0.5, abs=0.01)
    assert values["estoi"] == pytest.approx(1.0)
    for name in (
        "zimtohrli",
        "lsd_db",
        "mel_rmse_db",
        "f0_p95_cents",
        "gain_db",
        "voicing_flips_percent",
    ):
        assert values[name] == pytest.approx(0, abs=1e-3), name


def test_delay(utterance):
    late = np.concatenate([np.zeros(24, np.float32), utterance[:-24]])
    values = measure(utterance, late)
    assert values["group_delay_p95_ms"] == pytest.approx(1.0, abs=0.2)
    assert values["waveform_pcc"] < 0.9
    assert values["f0_median_cents"] < 2
    assert values["zimtohrli"] < 2e-4  # it aligns the two first
    assert values["harmonic_relation_p95_cycles"] < 0.01
    assert values["harmonic_drift_p95_cycles"] > 0.2


def test_pitch_shift(tone):
    values = measure(tone(), tone(30.0))
    assert values["f0_median_cents"] == pytest.approx(30.0, abs=0.5)
    assert values["fundamental_drift_p95_cycles"] == pytest.approx(210 * 0.01748, rel=0.1)
    assert values["frequency_deviation_p95_cents"] == pytest.approx(30.0, abs=1)
    assert values["harmonic_relation_p95_cycles"] < 0.01
    assert values["waveform_pcc"] < 0.5
    assert 0 < values["zimtohrli"] < 5e-4  # nearly deaf to it
    assert values["estoi"] < 0.9


@pytest.mark.parametrize(("level", "low", "high"), [(60, 3e-5, 3e-4), (50, 3e-4, 3e-3)])
def test_the_bound_of_zimtohrli_lies_between_noise_at_60_and_at_50_db(
    sentence, noise, level, low, high
):
    wave = sentence.waveform
    noisy = wave + noise(wave, float(level))
    assert low < audio_metrics.zimtohrli(wave, noisy, RATE) < high


def test_pieces_too_short_for_zimtohrli_have_no_distance(utterance):
    assert np.isnan(audio_metrics.zimtohrli(utterance[:4000], utterance[:4000], RATE))
    assert audio_metrics.zimtohrli(utterance[:5000], utterance[:5000], RATE) == 0


def test_judges_agree_with_themselves_and_not_with_noise(sentence, noise):
    noisy = replace(sentence, waveform=sentence.waveform + noise(sentence.waveform, -6.0))
    same, other = (
        audio_metrics.measure(sentence, candidate, judges=True)[0]
        for candidate in (sentence, noisy)
    )
    assert same["words_agree_percent"] == 100 and other["words_agree_percent"] < 60
    assert same["dnsmos_ovrl_change_mos"] == same["dnsmos_p808_change_mos"] == 0
    assert other["dnsmos_ovrl_change_mos"] < -1
    for name in ("ovrl", "sig", "bak", "p808"):
        reference, change = (other[f"dnsmos_{name}_{of}_mos"] for of in ("reference", "change"))
        assert reference == same[f"dnsmos_{name}_mos"]
        assert other[f"dnsmos_{name}_mos"] == pytest.approx(reference + change)


def test_whispered_instead_of_voiced(tone):
    white = 0.1 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    assert measure(tone(), white)["voicing_flips_percent"] > 85


def test_free_running_pairs_frames_and_leaves_samples_out(tone, utterance):
    slower = np.interp(np.arange(0, RATE, 0.8), np.arange(RATE), tone()).astype(np.float32)
    reference = FakeSpeech(tone(), durations=np.array([30.0, 40.0, 24.0]))
    candidate = FakeSpeech(slower, durations=np.array([30.0, 40.0, 24.0]) * 1.25)
    values, drift = audio_metrics.measure(reference, candidate)
    assert not drift.aligned
    needs = {metric.name: metric.needs for metric in audio_metrics.METRICS}
    assert all(np.isnan(values[name]) for name in needs if needs[name] == "samples")
    assert values["duration_difference_ms"] == pytest.approx(250)
    # played at 0.8 times the speed: every frame is a major third lower
    assert values["f0_median_cents"] == pytest.approx(1200 * np.log2(1 / 0.8), abs=2)
    assert values["frequency_deviation_p95_cents"] == pytest.approx(1200 * np.log2(1.25), abs=9)
    assert values["harmonic_relation_p95_cycles"] < 0.05


@pytest.mark.parametrize("scores", [(4.2, 4.5, 4.6), (4.6, 4.2, 4.5), (4.5, 4.6, 4.2)])
def test_one_feed_of_pesq_decides_nothing(monkeypatch, utterance, scores):
    asked = []

    def pesq_of(rate, reference, candidate, band):
        assert (rate, band) == (16000, "wb")
        assert len(reference) == len(candidate)
        asked.append(len(reference))
        return scores[len(asked) - 1]

    monkeypatch.setattr("pesq.pesq", pesq_of)
    assert audio_metrics.pesq_wb_mos(utterance, utterance, RATE) == 4.5
    assert [length - asked[0] for length in asked] == list(audio_metrics.PESQ_LEADS)


def test_silence_gives_no_number_instead_of_an_error():
    silence = np.zeros(RATE, np.float32)
    values = measure(silence, silence)
    assert np.isnan(values["pesq_wb_mos"])
    assert np.isnan(values["estoi"])
    assert values["zimtohrli"] == 0
    assert np.isnan(values["f0_median_cents"])
    assert np.isnan(values["loudness_difference_lu"])
    assert values["gain_db"] == 0


def test_other_text_or_rate_is_refused(utterance):
    with pytest.raises(ValueError, match="phonemes differ"):
        audio_metrics.measure(FakeSpeech(utterance), FakeSpeech(utterance, phonemes=("pau",)))
    with pytest.raises(ValueError, match="24000 and 16000"):
        audio_metrics.measure(FakeSpeech(utterance), FakeSpeech(utterance, sample_rate=16000))
