import numpy as np
import pytest

from lightning_v2.chapters.your_own_voice.excerpts import common_end, last_phones
from lightning_v2.errors import ArgumentError
from lightning_v2.model import Speech


def speech(phones, durations=None):
    lengths = np.array([2] * len(phones) if durations is None else durations, np.float32)
    frames = int(lengths.sum())
    return Speech(
        text="",
        waveform=np.arange(10 * frames, dtype=np.float32),
        phonemes=tuple(phones),
        durations=lengths,
        f0=np.arange(frames, dtype=np.float32),
        frames=(frames,),
        sample_rate=24000,
        hop=10,
    )


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [("abc", "xbc", 2), ("abc", "zzabc", 3), ("abc", "abd", 0), ("", "abc", 0)],
)
def test_phones_at_the_end_that_are_the_same(first, second, count):
    assert common_end(speech(first), speech(second)) == count


def test_the_end_begins_where_its_first_phone_does():
    end = last_phones(speech("abcd", [3, 4, 5, 6]), 2)
    assert end.phonemes == ("c", "d")
    assert end.durations.tolist() == [5, 6]
    assert end.waveform[0] == 70
    assert len(end.waveform) == 110
    assert end.f0[0] == 7
    assert end.frames == (11,)


@pytest.mark.parametrize("count", [0, 4])
def test_what_is_not_there_cannot_be_cut(count):
    with pytest.raises(ArgumentError, match=f"{count} phones cannot be cut from 3"):
        last_phones(speech("abc"), count)


def test_without_durations_nothing_can_be_cut():
    with pytest.raises(ArgumentError, match="of 0 of which it is known"):
        last_phones(speech("abc", []), 2)
