import numpy as np
import pytest

from lightning_v2.analysis.metrics.complaints.phone_lengths import phone_lengths
from lightning_v2.errors import ArgumentError
from lightning_v2.model import Speech


def speech(durations, phones=("a", "b", "c"), hop=240):
    count = int(sum(durations)) * hop
    return Speech(
        text="",
        waveform=np.zeros(count, np.float32),
        phonemes=phones,
        durations=np.array(durations, np.float32),
        hop=hop,
        sample_rate=24000,
    )


def test_each_phone_by_itself():
    table = phone_lengths(speech([2, 3, 4]), speech([2, 5, 3]))
    assert table["phone"].tolist() == ["a", "b", "c"]
    assert table["start_ms"].tolist() == [0, 20, 50]
    assert table["reference_ms"].tolist() == [20, 30, 40]
    assert table["change_ms"].tolist() == [0, 20, -10]


def test_a_voice_that_does_not_tell_has_no_rows():
    assert not len(phone_lengths(speech([]), speech([])))


def test_two_texts_are_refused():
    with pytest.raises(ArgumentError, match="phonemes differ"):
        phone_lengths(speech([1, 1, 1]), speech([1, 1, 1], ("a", "b", "d")))
