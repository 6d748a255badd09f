"""Recordings whose truth is known: lark plays another speaker, higher and brighter than itself."""

from dataclasses import replace

import pytest
import soundfile
from scipy.signal import lfilter

import lightning_v2 as lv2
from lightning_v2.training.recordings.corpus import build
from lightning_v2.training.recordings.metadata import read_metadata

TEXTS = {
    "a": "The boy was there when the sun rose.",
    "b": "Glue the sheet. Press it down!",
    "c": "Four hours of steady work faced us.",
    "d": "The dogs barked at the old moon.",
}
HIGHER = 1.25


@pytest.fixture(scope="session")
def lark():
    return lv2.load("lark")


@pytest.fixture(scope="session")
def other(lark):
    """other(text): speech of the other speaker."""

    def say(text):
        usual = lark.synthesize(text, seed=5)
        higher = replace(usual, f0=usual.f0 * HIGHER)
        said = lark.synthesize(text, seed=5, forced=higher)
        return replace(said, waveform=lfilter([0.5, -0.4], [1], said.waveform).astype("float32"))

    return say


@pytest.fixture(scope="session")
def spoken(other, tmp_path_factory):
    """Folder of recordings of the other speaker."""
    folder = tmp_path_factory.mktemp("spoken")
    (folder / "wavs").mkdir()
    for key, text in TEXTS.items():
        said = other(text)
        soundfile.write(folder / "wavs" / f"{key}.wav", said.waveform, said.sample_rate)
    (folder / "metadata.csv").write_text("".join(f"{k}|{text}\n" for k, text in TEXTS.items()))
    return folder


@pytest.fixture(scope="session")
def takes(spoken, tmp_path_factory):
    return build(read_metadata(spoken), "lark", tmp_path_factory.mktemp("takes") / "corpus", 1)
