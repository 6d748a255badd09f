import numpy as np

from lightning_v2.analysis.metrics.sound.remembered import MOST, remembered


def counted():
    asked = []

    @remembered
    def total(values: np.ndarray, scale: float = 1.0) -> float:
        asked.append((values.copy(), scale))
        return float(values.sum() * scale)

    return total, asked


def test_the_same_values_are_asked_once():
    total, asked = counted()
    values = np.arange(4.0)
    assert total(values) == total(values.copy()) == total(values=values, scale=1.0) == 6
    assert len(asked) == 1


def test_arrays_count_by_what_is_in_them():
    total, asked = counted()
    values = np.arange(4.0)
    total(values)
    values[0] = 1
    assert total(values) == 7
    assert total(values.reshape(2, 2)) == 7
    assert total(values.astype(np.float32)) == 7
    assert total(values, 2.0) == 14
    assert len(asked) == 5


def test_the_oldest_goes_first():
    total, asked = counted()
    for value in range(MOST + 1):
        total(np.array([value]))
        total(np.array([0]))  # asked again and again, so it stays
    assert len(asked) == MOST + 1
    total(np.array([1]))
    assert len(asked) == MOST + 2
