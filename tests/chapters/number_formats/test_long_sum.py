"""Long sums: the last point of each curve is what `tensix.matmul` gives without blocks."""

import numpy as np
import pytest
import torch

from lightning_v2 import tensix
from lightning_v2.analysis.sites.operands import Operands
from lightning_v2.chapters.number_formats.long_sum import WAYS, long_sum, way_name
from lightning_v2.tensix import ComputeKernelConfig, MatmulProgramConfig


@pytest.fixture(scope="module")
def given():
    rng = np.random.default_rng(1)
    in0, in1 = rng.standard_normal((20, 512)), rng.standard_normal((512, 24))
    return Operands("made.up", "", *(torch.from_numpy(x.astype(np.float32)) for x in (in0, in1)))


@pytest.fixture(scope="module")
def found(given):
    return long_sum(given, 7, 11, most=8)


@pytest.mark.parametrize("way", WAYS)
def test_ends_with_the_bits_of_a_matmul(given, found, way):
    a, b = (tensix.from_torch(x, "bfloat16") for x in (given.in0, given.in1))
    config = ComputeKernelConfig(way[0], False, way[1], True)
    with tensix.use(tier="exact"):
        product = tensix.matmul(a, b, dtype="float32", compute_kernel_config=config,
                                program_config=MatmulProgramConfig(16)).values  # fmt: skip
    assert found.dst[way_name(*way)][-1] == float(product[7, 11])


def test_a_narrow_dst_gets_worse_and_a_wide_one_does_not(found):
    narrow, wide = (found.error_percent[f"HiFi4, {bits}-bit Dst"] for bits in (16, 32))
    assert narrow[-1] > 1.5 * narrow[0] and narrow[-1] > 10 * wide[-1]
    assert wide[-1] < 2 * wide[0]


def test_exact_is_float64_of_the_stored_operands(given, found):
    a, b = (x.bfloat16().double() for x in (given.in0[7], given.in1[:, 11]))
    assert found.exact[-1] == pytest.approx(float(a @ b), rel=1e-12)
    assert found.counts.tolist() == list(range(32, 513, 32))
    assert found.sums == 64 and len(found.table) == 16


def test_places_that_are_not_there(given):
    with pytest.raises(ValueError, match=r"column is 24; legal are 0 to 23 at made.up"):
        long_sum(given, 0, 24)
