import numpy as np
import torch

from lightning_v2.training.phone_batch import ones, padded

CPU = torch.device("cpu")


def test_shorter_rows_end_in_zeros():
    rows = [np.array([1, 2, 3]), np.array([4])]
    assert padded(rows, CPU).tolist() == [[1, 2, 3], [4, 0, 0]]
    tables = [np.ones((2, 3), np.float16), np.ones((1, 3), np.float16)]
    assert padded(tables, CPU).shape == (2, 2, 3)


def test_a_mask_has_a_column_of_its_own():
    assert ones([1, 2], CPU).tolist() == [[[1], [0]], [[1], [1]]]
    assert ones([1, 2], CPU).dtype == torch.float32
