from dataclasses import replace

import numpy as np
import pytest
import soundfile

from lightning_v2.errors import ArgumentError
from lightning_v2.training.recordings.metadata import (
    RecordingsError,
    UnusableRecording,
    read_metadata,
)
from lightning_v2.training.recordings.takes import Take, takes_of, track_f0
from tests.training.recordings.conftest import HIGHER, TEXTS

TEXT = TEXTS["a"]


@pytest.fixture
def folder(tmp_path, lark):
    (tmp_path / "wavs").mkdir()
    lark.synthesize(TEXT, seed=5).save(tmp_path / "wavs" / "one.wav")
    (tmp_path / "metadata.csv").write_text(f"one|{TEXT}|{TEXT}\n")
    return tmp_path


def test_phones_of_a_slower_speaker_are_found(folder, lark):
    usual = lark.synthesize(TEXT)
    steps = np.round(0.5 * usual.durations * 1.25)
    time = np.linspace(0, len(usual.f0) - 1, int(2 * steps.sum()))
    f0 = np.interp(time, np.arange(len(usual.f0)), usual.decisions["f0"]).astype(np.float32)
    slower = replace(usual, durations=2 * steps, f0=f0, frames=(len(f0),), decisions={"f0": f0})
    slow = lark.synthesize(TEXT, forced=slower)
    slow.save(folder / "wavs" / "one.wav")
    (take,) = takes_of(read_metadata(folder)[0], lark)
    error = np.abs(np.cumsum(take.durations) - np.cumsum(steps))[:-1]
    assert np.median(error) <= 1.5  # steps of 25 ms
    assert take.durations.sum() == steps.sum()


def test_f0_is_that_of_the_middle_of_each_frame(lark):
    said = lark.synthesize(TEXT)
    f0 = track_f0(said.waveform)
    assert len(f0) == len(said.f0)
    both = (f0 > 0) & (said.f0 > 0)
    assert both.sum() > 0.7 * (said.f0 > 0).sum()
    cents = 1200 * np.log2(f0[both] / said.f0[both])
    assert np.median(np.abs(cents)) < 50  # pYIN hears 85 ms at once, and F0 moves within them
    rising = np.repeat(np.linspace(120, 240, 100), 300)
    sweep = sum(np.sin(2 * np.pi * k * np.cumsum(rising) / 24000) / k for k in range(1, 9))
    found = track_f0(sweep.astype(np.float32))[10:-10]
    assert (
        np.abs(found - np.linspace(120, 240, 100)[10:-10]).mean() < 0.5
    )  # Hz; half a frame is 0.6


def test_every_sentence_is_a_take(takes, lark):
    """And they add up to the recording."""
    assert takes.keys == ["a_0", "b_0", "b_1", "c_0", "d_0"]
    first, second = takes.take("b_0"), takes.take("b_1")
    assert [len(first.phones), len(second.phones)] == [*map(len, lark.read(TEXTS["b"]))]
    said = lark.synthesize(TEXTS["b"], seed=5)
    assert len(first.wave) + len(second.wave) == len(said.waveform)
    assert len(first.wave) / 300 == pytest.approx(said.frames[0], abs=8)


def test_a_take_is_consistent(takes, lark):
    for key in takes.keys:
        take = takes.take(key)
        frames = int(2 * take.durations.sum())
        assert len(take.f0) == frames and len(take.wave) == 300 * frames
        assert len(take.durations) == len(take.log_durations) == len(take.phones)
        assert np.abs(np.expm1(take.log_durations) - take.durations).max() <= 1
    take, usual = takes.take("a_0"), lark.synthesize(TEXTS["a"], seed=5)
    both = (take.f0 > 0) & (usual.f0 > 0)
    assert np.median(take.f0[both] / usual.f0[both]) == pytest.approx(HIGHER, rel=0.03)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"no archive",
        lambda data: data[: len(data) // 2],
    ],
    ids=["empty", "foreign", "cut"],
)
def test_damaged_files_are_named(takes, tmp_path, damage):
    arrays, wave = tmp_path / "a.npz", tmp_path / "a.npy"
    for path in (arrays, wave):
        takes.take("a_0").save(arrays, wave)
        assert np.array_equal(Take.load(arrays, wave).f0, takes.take("a_0").f0)
        path.write_bytes(damage(path.read_bytes()))
        with pytest.raises(ArgumentError, match=f"{path.name} is damaged or of no take"):
            Take.load(arrays, wave)


def test_file_that_is_no_sound(folder, lark):
    (folder / "wavs" / "one.wav").write_text("hello")
    with pytest.raises(RecordingsError, match=r"one\.wav"):
        takes_of(read_metadata(folder)[0], lark)


def test_text_that_cannot_be_spoken_names_the_line(folder, lark):
    (folder / "metadata.csv").write_text("\none|...\n")
    with pytest.raises(RecordingsError, match=r"metadata\.csv:2: "):
        takes_of(read_metadata(folder)[0], lark)


def test_samples_that_are_no_numbers(folder, lark):
    wave = np.sin(np.arange(48000) / 10)
    wave[24000] = np.nan
    soundfile.write(folder / "wavs" / "one.wav", wave, 24000, subtype="FLOAT")
    with pytest.raises(RecordingsError, match=r"metadata\.csv:1: .*one\.wav holds 1 .* 1\.000 s"):
        takes_of(read_metadata(folder)[0], lark)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(48000), r"one\.wav is silent"),
        (np.sin(np.arange(3000)), r"one\.wav is too short, 0\.12 s for \d+ phones"),
        (np.sin(np.arange(9600)), r"one\.wav is too short, 0\.40 s for 2\d phones"),
    ],
)
def test_recordings_of_no_use(folder, lark, samples, reason):
    soundfile.write(folder / "wavs" / "one.wav", samples, 24000)
    with pytest.raises(UnusableRecording, match=rf"metadata\.csv:1: .*{reason}"):
        takes_of(read_metadata(folder)[0], lark)


def test_other_rates_and_channels(folder, lark):
    said = lark.synthesize(TEXT)
    both = np.repeat(said.waveform[::2, None], 2, 1)
    soundfile.write(folder / "wavs" / "one.wav", both, 12000)
    (take,) = takes_of(read_metadata(folder)[0], lark)
    assert len(take.wave) == len(said.waveform)
