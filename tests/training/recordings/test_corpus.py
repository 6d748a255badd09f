import numpy as np
import pytest
import soundfile

from lightning_v2.errors import ArgumentError
from lightning_v2.training.recordings.corpus import build, natural_voice
from lightning_v2.training.recordings.metadata import RecordingsError, read_metadata
from tests.training.recordings.conftest import TEXTS


def test_what_is_left_out_is_counted_and_what_is_there_kept(tmp_path, spoken, capsys):
    (tmp_path / "wavs").mkdir()
    (tmp_path / "wavs" / "one.wav").write_bytes((spoken / "wavs" / "a.wav").read_bytes())
    soundfile.write(tmp_path / "wavs" / "still.wav", np.zeros(48000), 24000)
    (tmp_path / "metadata.csv").write_text(f"one|{TEXTS['a']}\nstill|{TEXTS['a']}\n")
    recordings = read_metadata(tmp_path)
    takes = build(recordings, "lark", tmp_path / "corpus", 1)
    assert takes.keys == ["one_0"]
    assert "left out 1 of 2 recordings, for example" in capsys.readouterr().out
    with pytest.raises(RecordingsError, match="1 of 1 recordings cannot be used"):
        build(recordings[1:], "lark", tmp_path / "other", 1)

    before = (tmp_path / "corpus" / "takes" / "one_0.npz").stat().st_mtime_ns
    build(recordings[:1], "lark", tmp_path / "corpus", 1)
    assert (tmp_path / "corpus" / "takes" / "one_0.npz").stat().st_mtime_ns == before


def test_only_natural_voices_can_be_trained_on():
    with pytest.raises(ArgumentError, match="voice 'hibari' cannot be trained on"):
        natural_voice("hibari")
