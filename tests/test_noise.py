import random

import numpy as np
import pytest
import torch

from lightning_v2.errors import ArgumentError
from lightning_v2.noise import drawn_from


def drawn():
    return torch.rand(()).item(), float(np.random.rand()), random.random()  # noqa: NPY002


def test_a_seed_decides_and_leaves_nothing_behind():
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    first = drawn()
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    with drawn_from(2**63 - 1):
        one = drawn()
    assert drawn() == first
    with drawn_from(2**63 - 1):
        assert drawn() == one
    with drawn_from(0):
        assert set(drawn()).isdisjoint(one)


def test_an_error_leaves_nothing_behind():
    before = torch.get_rng_state()
    with pytest.raises(ZeroDivisionError), drawn_from(0):
        1 / torch.rand(1, dtype=torch.float64).mul(0).int().item()
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(ArgumentError, match="seed is -1"), drawn_from(-1):
        pass
