import os

import numpy as np
import pytest
import torch

from lightning_v2.training.recordings.dataset import Dataset


@pytest.fixture(scope="module")
def data(takes):
    return Dataset(takes, takes.keys, torch.device("cpu"))


def test_longer_takes_are_drawn_more_often(data, takes):
    drawn = np.bincount(data.draw(4000, np.random.default_rng(0)))
    lengths = np.array([takes.take(key).durations.sum() for key in takes.keys])
    assert np.allclose(drawn / 4000, lengths / lengths.sum(), atol=0.03)


def test_sentences_are_padded(data, takes):
    said = data.sentences([0, 1])
    for row, key in enumerate(("a_0", "b_0")):
        take = takes.take(key)
        assert said.mask[row].sum() == len(take.phones)
        assert said.step_mask[row].sum() == take.durations.sum()
        found = said.phone[row][said.step_mask[row, :, 0] > 0]
        assert np.array_equal(np.bincount(found, minlength=len(take.phones)), take.durations)
        assert np.array_equal(said.f0[row, : len(take.f0)], take.f0)
        assert not said.f0[row, len(take.f0) :].any()


def test_crops_leave_out_what_lacks_neighbours(data, takes):
    wave = takes.take("a_0").wave / np.float32(32767)
    generator, length = np.random.default_rng(0), len(wave) // 600
    for _ in range(20):
        crop = data.crop(0, generator, 20, 8)
        assert crop.steps.stop - crop.steps.start == 20
        first = 0 if crop.steps.start == 0 else 2400
        last = 12000 if crop.steps.stop == length else 9600
        assert (crop.inner.start, crop.inner.stop) == (first, last)
        begun = 600 * crop.steps.start
        assert np.array_equal(crop.wave, wave[begun + first : begun + last])


def test_a_short_take_is_a_crop_of_its_own(data, takes):
    crop = data.crop(1, np.random.default_rng(0), 1000, 8)
    assert np.array_equal(crop.wave, takes.take("b_0").wave / np.float32(32767))


def test_files_do_not_stay_open(takes):
    before = len(os.listdir("/proc/self/fd"))
    many = Dataset(takes, takes.keys * 20, torch.device("cpu"))
    for index in many.draw(20, np.random.default_rng(0)):
        many.crop(index, np.random.default_rng(0), 20, 8)
    assert len(os.listdir("/proc/self/fd")) < before + 5
