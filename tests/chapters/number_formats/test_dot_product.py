"""A dot product in pieces is the dot product of `tensix`, bit for bit."""

import itertools

import numpy as np
import pytest
import torch

import lightning_v2 as lv2
from lightning_v2 import tensix
from lightning_v2.analysis.sites.operands import Operands
from lightning_v2.chapters.number_formats.dot_product import dissect, take_apart, take_apart_by_plan
from lightning_v2.tensix import ComputeKernelConfig, MatmulProgramConfig, SitePrecision


def random_operands(k, seed=0, columns=16):
    rng = np.random.default_rng(seed)
    in0 = rng.standard_normal((3, k)) * 2.0 ** rng.integers(-6, 6, (3, k))
    in0[:, 3] = 0.0
    in1 = rng.standard_normal((k, columns))
    return Operands("made.up", "", *(torch.from_numpy(x.astype(np.float32)) for x in (in0, in1)))


def whole(a, b, config, output):
    """The same by `tensix.matmul`, in one block."""
    tiles = -(-a.shape[-1] // 32)
    return float(
        tensix.matmul(a, b, dtype=output, compute_kernel_config=config,
                      program_config=MatmulProgramConfig(tiles)).values[0, 0]
    )  # fmt: skip


FORMATS = list(itertools.product(["float32", "bfloat16", "bfloat8_b"],
                                 ["float32", "bfloat16", "bfloat8_b", "bfloat4_b"]))  # fmt: skip


@pytest.mark.parametrize("arch", ["wormhole_b0", "blackhole"])
@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("fidelity", ["LoFi", "HiFi2", "HiFi3", "HiFi4"])
def test_dst_and_result_are_those_of_a_matmul(fidelity, wide, arch):
    config = ComputeKernelConfig(fidelity, False, wide, True)
    for (f0, f1), k in itertools.product(FORMATS, [32, 96, 20]):
        given = random_operands(k, seed=k)
        a, b = tensix.from_torch(given.in0[1], f0), tensix.from_torch(given.in1, f1)
        b = tensix.Tensor(b.values[:, 2], f1)
        with tensix.use(tier="exact", arch=arch):
            found = dissect(given.in0[1].numpy(), given.in1[:, 2].numpy(), a, b, config, "bfloat16")
            row, column = (tensix.Tensor(x.values.reshape(s), x.dtype)
                           for x, s in ((a, (1, k)), (b, (k, 1))))  # fmt: skip
            assert found.dst == whole(row, column, config, "float32"), (f0, f1, k)
            assert found.result == whole(row, column, config, "bfloat16"), (f0, f1, k)


@pytest.mark.parametrize(("arch", "left"), [("wormhole_b0", -16.0), ("blackhole", -(2.0**-23))])
def test_the_defect_of_wormhole_is_in_it(arch, left):
    # Of 1 + 2^-23 - 1 - 2^-22 exactly one unit of Dst is left, and negative.
    a, b = torch.zeros(32), torch.ones(32)
    a[0], a[8], a[16], a[24] = 1.0, 2.0**-23, -1.0, -(2.0**-22)
    stored = [tensix.from_torch(x, "bfloat16") for x in (a, b)]
    config = ComputeKernelConfig("LoFi", False, True, True)
    with tensix.use(arch=arch):
        assert dissect(a.numpy(), b.numpy(), *stored, config, "float32").dst == left


class TestPieces:
    @pytest.fixture
    def lofi(self):
        return take_apart(random_operands(32), SitePrecision(math_fidelity="LoFi"), 0, 5)

    @pytest.fixture
    def high(self):
        precision = SitePrecision(math_fidelity="HiFi4", fp32_dest_acc_en=True)
        return take_apart(random_operands(64), precision, 2, 1, depth=64)

    def test_the_last_stage_is_the_result(self, high):
        assert list(high.stages.values())[-2:] == [high.dst, high.result]

    def test_hifi4_takes_all_bits_of_bfloat16(self, high):
        values = list(high.stages.values())
        assert values[2] == pytest.approx(values[1], rel=1e-12)
        assert values[3] != values[2]

    def test_lofi_shrinks_every_term(self, lofi):
        taken = np.ldexp(lofi.products[0].astype(float), lofi.exponents[0] - 137)
        stored = lofi.stored0.astype(float) * lofi.stored1
        assert (np.abs(taken) <= np.abs(stored)).all()
        assert (np.abs(taken) >= 0.9 * np.abs(stored)).all()
        assert not np.array_equal(taken, stored)

    def test_parts_fit_the_multiplier(self, high):
        assert high.part0.max() < 2**7 and high.part1.max() < 2**5
        assert (high.part0[0][high.stored0 != 0] >= 2**6).all()

    def test_alignment_is_off_by_half_a_unit_at_most(self, high):
        unit = np.ldexp(1.0, high.group_exponents - 137)
        before = np.ldexp(high.products.astype(float), high.exponents - 137)
        assert (np.abs(high.aligned * unit - before) <= unit / 2).all()

    def test_two_steps_for_each_tile_and_phase(self, high):
        steps = high.steps
        assert len(steps) == 2 * 4 * 2
        assert steps["phase"].tolist() == 2 * [0, 0, 1, 1, 2, 2, 3, 3]
        assert steps["first"].tolist()[:4] == [0, 16, 0, 16]
        assert steps["dst"].iloc[-1] == high.dst

    def test_words_say_how(self, lofi):
        assert all(word in lofi.words for word in ("bfloat16", "LoFi", "16-bit", "exact tier"))

    def test_places_that_are_not_there(self):
        given = random_operands(32)
        with pytest.raises(ValueError, match=r"row is 3; legal are 0 to 2 at made.up"):
            take_apart(given, SitePrecision(), 3, 0)
        with pytest.raises(ValueError, match="column is 16; legal are 0 to 15"):
            take_apart(given, SitePrecision(), 0, 16)
        with pytest.raises(ValueError, match="depth is 33; legal are 1 to 32"):
            take_apart(given, SitePrecision(), 0, 0, depth=33)


def test_by_plan_takes_names_and_plans():
    found = take_apart_by_plan(random_operands(32), ["bf16", lv2.Plan.load("naive")], 0, 0)
    assert list(found) == ["bf16", "naive"]
    assert found["bf16"].formats[1] == "bfloat16" and found["naive"].formats[1] == "bfloat8_b"
