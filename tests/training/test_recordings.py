"""Recordings in LJ Speech layout; the voice plays the speaker, so that the truth is known."""

import numpy as np
import pytest
import soundfile

from lightning_v2.errors import ArgumentError
from lightning_v2.model import HOP, load
from lightning_v2.text import phonemize
from lightning_v2.training.recordings import (
    RecordingsError,
    UnusableRecording,
    align,
    band_frequencies,
    build,
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
        (f"one|{TEXT}|{TEXT}|{TEXT}\n", "metadata.csv:1: expected 'key"),
        (f"one|{TEXT}|\n", "metadata.csv:1: expected 'key"),
        (f"one|{TEXT}\n../wavs/one|{TEXT}\n", "metadata.csv:2: the key '../wavs/one' cannot be"),
        (f"one|caf\udce9 {TEXT}\n", r"metadata.csv:1: is not UTF-8 \(byte 0xe9"),
    ],
)
def test_bad_metadata_names_the_line(folder, table, reason):
    (folder / "metadata.csv").write_text(table, errors="surrogateescape")
    with pytest.raises(ArgumentError, match=reason):
        read_metadata(folder)


def test_marks_and_separators_are_no_lines(folder):
    table = f"\ufeffone|First\u2028second\x1c.|{TEXT}\r\n\r\n"
    (folder / "metadata.csv").write_text(table, newline="")
    (recording,) = read_metadata(folder)
    assert (recording.key, recording.text) == ("one", TEXT)


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


def test_text_that_cannot_be_spoken_names_the_line(folder):
    (folder / "metadata.csv").write_text("\none|...\n")
    with pytest.raises(RecordingsError, match=r"metadata\.csv:2: "):
        to_example(read_metadata(folder)[0], None)


def test_samples_that_are_no_numbers(folder):
    wave = np.sin(np.arange(48000) / 10)
    wave[24000] = np.nan
    soundfile.write(folder / "wavs" / "one.wav", wave, 24000, subtype="FLOAT")
    with pytest.raises(RecordingsError, match=r"metadata\.csv:1: .*one\.wav holds 1 .* 1\.000 s"):
        to_example(read_metadata(folder)[0], None)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(48000), r"one\.wav is silent"),
        (np.sin(np.arange(3000)), r"one\.wav is too short, 0\.12 s for \d+ phones"),
        (np.sin(np.arange(9600)), r"one\.wav is too short, 0\.40 s for \d+ phones"),
    ],
)
def test_recordings_of_no_use_are_left_out_and_counted(folder, voice, samples, reason, capsys):
    soundfile.write(folder / "wavs" / "one.wav", samples, 24000)
    with pytest.raises(UnusableRecording, match=rf"metadata\.csv:1: .*{reason}"):
        to_example(read_metadata(folder)[0], None)


def test_what_is_left_out_is_counted(folder, voice, capsys):
    soundfile.write(folder / "wavs" / "still.wav", np.zeros(48000), 24000)
    with (folder / "metadata.csv").open("a") as table:
        table.write(f"still|{TEXT}\n")
    recordings = read_metadata(folder)
    corpus = build(recordings, folder / "corpus", 1)
    assert corpus.keys() == ["one"]
    assert "left out 1 of 2 recordings, for example" in capsys.readouterr().out
    with pytest.raises(RecordingsError, match="1 of 1 recordings cannot be used"):
        build(recordings[1:], folder / "other", 1)
