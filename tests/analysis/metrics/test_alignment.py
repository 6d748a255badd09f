import numpy as np
import pytest

from lightning_v2.analysis.metrics import alignment
from lightning_v2.analysis.metrics.alignment import (
    boundary_shifts,
    matching_frames,
    matching_samples,
)
from lightning_v2.analysis.metrics.sound import pitch
from lightning_v2.analysis.metrics.sound.spectrogram import spectrogram
from lightning_v2.model import Speech


def test_equal_durations_are_the_identity():
    durations = np.array([3.2, 5.5, 1.3])
    assert (matching_frames(durations, durations, 10, 10) == np.arange(10)).all()


def test_a_longer_phone_shifts_what_follows():
    found = matching_frames(np.array([4.0, 4.0]), np.array([8.0, 4.0]), 8, 12)
    assert (found[4:] == [8, 9, 10, 11]).all()
    assert found[3] in (6, 7)


def test_stays_inside_the_candidate():
    assert matching_frames(np.array([4.0]), np.array([9.0]), 6, 5).max() == 4


def test_what_follows_the_last_phone_goes_on():
    assert (matching_frames(np.array([4.0]), np.array([6.0]), 7, 20)[4:] == [6, 7, 8]).all()


def test_different_texts_are_refused():
    with pytest.raises(ValueError, match="3 and 2 phones"):
        matching_frames(np.ones(3), np.ones(2), 3, 2)


def test_samples_are_paired_between_frames():
    found = matching_samples(np.array([4.0, 4.0]), np.array([5.0, 4.0]), 8, 256)
    assert found[:5] == pytest.approx(np.array([0, 1.25, 2.5, 3.75, 5]) * 256)
    assert found[5:] == pytest.approx(np.array([6, 7, 8]) * 256)


def test_frames_between_frames_are_the_same_sound():
    """A glide that is played more slowly, laid over itself: on a grid every second frame is off."""
    rate, count = 24000, 24000
    glide = np.sin(2 * np.pi * (120 + 80 * np.arange(count) / count) * np.arange(count) / rate)
    later = np.concatenate([np.zeros(128), glide]).astype(np.float32)
    centres = np.arange(94) * 256.0 + 128
    a, b = spectrogram(glide, rate), spectrogram(later, rate, centres=centres)
    assert np.abs(a.values - b.values).max() < 1e-5
    tracks = pitch.track(glide, rate), pitch.track(later, rate, centres=centres)
    assert tracks[1].hz == pytest.approx(tracks[0].hz, rel=1e-6)
    assert np.abs(a.values - spectrogram(later, rate).values[:, :94]).max() > 1e-2


def test_boundaries_of_a_sentence_that_only_starts_later_stay():
    before = np.array([2.0, 3.0, 4.0])
    assert boundary_shifts(before, before) == pytest.approx(0)
    assert boundary_shifts(before, before + [5, 0, 0]) == pytest.approx(0)
    assert boundary_shifts(before, before + [0, 3, 0]) == pytest.approx([-2, 1, 1])


def spoken(samples, hop=256, **told):
    return Speech("a", np.zeros(samples, np.float32), ("ah",), sample_rate=24000, hop=hop, **told)


def test_what_of_two_speeches_belongs_together():
    lasting = {frames: np.array([frames], np.float32) for frames in (2, 3)}
    known = [spoken(512, durations=lasting[2]), spoken(768, durations=lasting[3])]
    assert alignment.pairing(known[0], known[0]) == "samples"
    assert alignment.pairing(*known) == "frames"
    decided = [spoken(512, decisions={"lengths": lasting[frames]}) for frames in (2, 3)]
    assert alignment.pairing(decided[0], decided[0]) == "samples"
    assert alignment.pairing(*decided) == "nothing"  # of one length by chance


def test_samples_are_paired_both_ways():
    short = spoken(512, durations=np.array([2], np.float32))
    long = spoken(768, durations=np.array([3], np.float32))
    assert alignment.paired_samples(short, short) == (None, None)
    there, back = alignment.paired_samples(short, long)
    assert there[[0, 256]] == pytest.approx([0, 384])
    assert back[[0, 384]] == pytest.approx([0, 256])


def test_frames_of_a_voice_in_steps_of_others():
    speech = spoken(1024, hop=512, durations=np.array([2], np.float32),
                    f0=np.array([100, 200], np.float32))  # fmt: skip
    assert alignment.durations(speech, 256).tolist() == [4]
    assert alignment.f0(speech, 4, 256).tolist() == [100, 100, 200, 200]
    assert alignment.f0(speech, 2, 512) is speech.f0
    assert not len(alignment.f0(spoken(1024, hop=512), 4, 256))
