"""Sounds out of a speech that is made up, so that it is known where they are."""

from dataclasses import replace

import numpy as np
import pytest

from lightning_v2.analysis.display.figure_data import files
from lightning_v2.chapters.number_formats import stored_samples
from lightning_v2.chapters.number_formats.stored_sample_figures import stored_sounds
from lightning_v2.chapters.number_formats.stored_samples import STORED, sounds, store
from lightning_v2.model import Speech

RATE, HOP = 24000, 256


@pytest.fixture
def speech():
    """20, 10, 12, 14 and 8 frames: a quiet tone, hiss, a loud tone, louder hiss, a tone."""
    frames = np.array([20, 10, 12, 14, 8])
    n = np.arange(int(frames.sum()) * HOP)
    rng = np.random.default_rng(3)
    gains = np.repeat([1e-4, 0.02, 0.3, 0.05, 0.1], frames * HOP)
    tone, noise = np.sin(2 * np.pi * 200 * n / RATE), np.diff(rng.standard_normal(len(n) + 2), 2)
    voiced = np.repeat([True, False, True, False, True], frames * HOP)
    wave = (gains * np.where(voiced, tone, noise)).astype(np.float32)
    return Speech("made up", wave, (), sample_rate=RATE, hop=HOP)


def test_each_kind_is_found_by_its_sound(speech):
    vowel, fricative, silence = found = sounds(speech)
    assert [sound.kind for sound in found] == ["vowel", "fricative", "silence"]
    for sound, first, last in ((vowel, 30, 42), (fricative, 42, 56), (silence, 0, 20)):
        start = round(sound.start_s * RATE)
        assert first * HOP <= start and start + len(sound.waveform) <= last * HOP
        np.testing.assert_array_equal(
            sound.waveform, speech.waveform[start:][: len(sound.waveform)]
        )
        assert len(sound.waveform) % 16 == 0
        assert sound.kind in sound.words


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        (lambda wave: np.sin(2 * np.pi * 200 * np.arange(len(wave)) / RATE), "fricative"),
        (lambda wave: wave + 0.02 * np.random.default_rng(4).standard_normal(len(wave)), "silence"),
        (lambda wave: wave[:100], "vowel"),
    ],
)
def test_a_speech_without_one_kind_is_refused(speech, change, missing):
    changed = replace(speech, waveform=change(speech.waveform).astype(np.float32))
    with pytest.raises(ValueError, match=f"'made up' has no {missing}"):
        sounds(changed)


def test_stored_samples_are_blocks_of_their_neighbours():
    wave = np.full(32, 1e-4, np.float32)
    wave[0] = 1.0
    stored = store(wave, "bfloat4_b")
    assert stored[0] == 1.0 and not stored[1:16].any()
    np.testing.assert_allclose(stored[16:], 1e-4, rtol=0.15)


def test_an_error_follows_the_level(speech):
    table = stored_samples.sound_table(sounds(speech)).frame
    assert len(table) == 3 * len(STORED)
    snr = table.groupby("samples stored as")["SNR (dB)"]
    assert snr.mean()["bfloat16"] > snr.mean()["bfloat8_b"] > snr.mean()["bfloat4_b"] + 10
    assert (snr.max() - snr.min() < 12).all()
    # A tone has nothing above 4 kHz, noise has.
    coarse = table[table["samples stored as"] == "bfloat4_b"].set_index("sound")
    high = coarse["SNR above 4 kHz (dB)"].to_numpy()
    assert high[1] > high[0] + 20


def test_spectrum_has_the_level_of_a_sine():
    tone = 0.1 * np.sin(2 * np.pi * 3000 * np.arange(4096) / RATE)
    levels = stored_samples.spectrum_dbfs(tone)
    best = levels.argmax()
    assert stored_samples.frequencies_hz(RATE)[best] == 3000
    assert levels[best] == pytest.approx(-20, abs=0.1)


class TestVersions:
    def test_sounds_one_after_the_other(self, speech):
        found = sounds(speech)
        versions = stored_samples.versions(found)
        assert [version.label for version in versions] == ["as it is", *STORED]
        lengths = {len(version.waveform) for version in versions}
        assert lengths == {sum(len(s.waveform) for s in found) + 4 * RATE // 4}
        assert all("not a plan" in version.note for version in versions[1:])
        assert all(version.gain_db == 0 for version in versions)

    def test_a_whole_sentence(self, speech):
        given, *rest = stored_samples.sentence_versions(speech)
        np.testing.assert_array_equal(given.waveform, speech.waveform)
        np.testing.assert_array_equal(rest[1].waveform, store(speech.waveform, "bfloat8_b"))

    def test_silence_is_played_louder_and_says_so(self, speech):
        versions = stored_samples.silence_versions(sounds(speech))
        assert len({version.gain_db for version in versions}) == 1
        assert versions[0].gain_db % 6 == 0 and 36 <= versions[0].gain_db <= 60
        assert len(versions[0].waveform) >= 1.5 * RATE
        assert np.abs(versions[0].waveform).max() < 2e-4


def test_figure(speech):
    picture = stored_sounds(sounds(speech))
    assert "not a plan" in picture.caption and "vowel" in picture.alt
    spectra = picture.data["spectra"]
    assert set(spectra["sound"]) == {"vowel", "fricative", "silence"}
    assert all("(" in axes.get_xlabel() for axes in picture.figure.axes)
    assert all(files(picture.data).values()) and len(picture.image()) > 5000
