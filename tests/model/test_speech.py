"""Speech goes where the user says; what `files.write_output` does in general is tested there."""

import os
import threading
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from lightning_v2.errors import ArgumentError
from lightning_v2.model import Speech


@pytest.fixture
def speech():
    wave = 0.5 * np.sin(np.arange(24000) / 10, dtype=np.float32)
    empty = np.empty(0, np.float32)
    return Speech("", wave, (), empty, empty, sample_rate=24000, hop=300)


def test_a_file_keeps_its_mode_and_a_link_its_target(speech, tmp_path):
    path, link = tmp_path / "a.wav", tmp_path / "link.wav"
    path.write_bytes(b"")
    path.chmod(0o600)
    link.symlink_to(path)
    speech.save(link)
    assert link.is_symlink() and path.stat().st_mode & 0o777 == 0o600
    wave, rate = soundfile.read(path)
    assert rate == 24000 and wave == pytest.approx(speech.waveform, abs=1e-4)


def test_a_pipe_is_written_through(speech, tmp_path):
    speech.save(tmp_path / "a.wav")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []

    def reader():
        with open(os.open(pipe, os.O_RDONLY), "rb") as file:
            read.append(file.read())

    thread = threading.Thread(target=reader, daemon=True)
    thread.start()
    speech.save(pipe)
    thread.join(10)
    assert read == [(tmp_path / "a.wav").read_bytes()]
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["a.aac", "a.m4a", "a.wav.gz"])
def test_a_name_for_another_format_is_refused(speech, tmp_path, name):
    with pytest.raises(ValueError, match="a sound file cannot end in"):
        speech.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.wav", "WAV"), ("a.flac", "FLAC"), ("a.OGG", "OGG"), ("a.mp3", "MP3"), ("a", "WAV")],
)
def test_the_name_says_which_format(speech, tmp_path, name, kind):
    speech.save(tmp_path / name)
    found = soundfile.info(tmp_path / name)
    assert (found.format, found.samplerate, found.channels) == (kind, 24000, 1)
    wave, _ = soundfile.read(tmp_path / name)
    assert np.sqrt(np.mean(wave**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_a_rate_that_a_format_cannot_have_is_refused(speech, tmp_path):
    odd = replace(speech, sample_rate=12345)
    with pytest.raises(ArgumentError, match="MP3 of 12345 Hz cannot be written"):
        odd.save(tmp_path / "a.mp3")
    assert not list(tmp_path.iterdir())
