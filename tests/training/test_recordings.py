"""Recordings in LJ Speech layout; the voice plays the speaker, so that the truth is known."""

import numpy as np
import pytest
import soundfile

from lightning_v2.model import HOP, load
from lightning_v2.text import phonemize
from lightning_v2.training.recordings import (
    RecordingsError,
    align,
    band_frequencies,
    read_metadata,
    smooth_envelope,
    to_example,
    track_f0,
)

TEXT = "The boy was there when the sun rose."


@pytest.fixture(scope="module")
def voice():
    return load()


@pytest.fixture
def folder(tmp_path, voice):
    (tmp_path / "wavs").mkdir()
    voice.synthesize(TEXT, seed=5).save(tmp_path / "wavs" / "one.wav")
    (tmp_path / "metadata.csv").write_text(f"one|{TEXT}|{TEXT}\n")
    return tmp_path


def test_reads_the_layout(folder):
    (recording,) = read_metadata(folder)
    assert (recording.key, recording.text) == ("one", TEXT)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("", "is empty"),
        ("one\n", r"metadata.csv:1: expected 'key\|text'"),
        (f"one|{TEXT}\none|{TEXT}\n", "metadata.csv:2: one was there before"),
        (f"one|{TEXT}\ntwo|{TEXT}\n", "metadata.csv:2: .*two.wav is missing"),
    ],
)
def test_bad_metadata_names_the_line(folder, table, reason):
    (folder / "metadata.csv").write_text(table)
    with pytest.raises(RecordingsError, match=reason):
        read_metadata(folder)


def test_no_metadata(tmp_path):
    with pytest.raises(RecordingsError, match="not a corpus in LJ Speech layout"):
        read_metadata(tmp_path)


def test_alignment_finds_the_phones_of_a_slower_speaker(voice):
    import dataclasses

    spoken = voice.synthesize(TEXT)
    slower = dataclasses.replace(
        spoken,
        durations=spoken.durations * 1.25,
        f0=np.interp(np.arange(int(spoken.durations.sum() * 1.25) + 1) / 1.25,
                     np.arange(len(spoken.f0)), spoken.f0).astype(np.float32),
    )  # fmt: skip
    slower = dataclasses.replace(slower, frames=(len(slower.f0),))
    wave = voice.synthesize(TEXT, forced=slower).waveform
    ends = align(wave, voice, phonemize(TEXT)[0])
    error = np.abs(ends - np.cumsum(slower.durations))[:-1]
    assert np.median(error) < 2.5  # frames of 10.7 ms
    assert (np.diff(ends) > 0).all()


def test_f0_of_a_known_voice(voice):
    spoken = voice.synthesize(TEXT)
    f0 = track_f0(spoken.waveform)[: len(spoken.f0)]
    both = (f0 > 0) & (spoken.f0 > 0)
    assert both.sum() > 0.7 * (spoken.f0 > 0).sum()
    assert np.median(np.abs(1200 * np.log2(f0[both] / spoken.f0[both]))) < 20


def test_envelope_does_not_follow_the_harmonics():
    rate, f0 = 24000, 200.0
    time = np.arange(rate) / rate
    buzz = sum(np.cos(2 * np.pi * f0 * k * time) for k in range(1, 59)) * 0.01
    envelope = smooth_envelope(buzz.astype(np.float32), np.full(rate // HOP, f0, np.float32))
    middle = envelope[40][band_frequencies() < 10000]
    assert np.ptp(middle[2:]) < 0.5  # harmonics of equal amplitude: flat


def test_example_of_a_recording(folder, voice):
    example = to_example(read_metadata(folder)[0], voice)
    frames = len(example.f0)
    assert len(example.wave) == frames * HOP
    assert example.envelope.shape == (frames, 64)
    assert example.ends[-1] == pytest.approx(frames, abs=1)
    assert len(example.teacher_f0) == 0


def test_file_that_is_no_sound(folder):
    (folder / "wavs" / "one.wav").write_text("hello")
    with pytest.raises(RecordingsError, match=r"one\.wav"):
        to_example(read_metadata(folder)[0], None)


def test_too_short_recording(folder):
    soundfile.write(folder / "wavs" / "one.wav", np.zeros(1000), 24000)
    with pytest.raises(RecordingsError, match="too short"):
        to_example(read_metadata(folder)[0], None)
