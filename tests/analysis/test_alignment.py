import numpy as np
import pytest

from lightning_v2.analysis.alignment import matching_frames


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
