"""Both readings of SrcB: they differ where softmax and norms do, and only in the exact tier."""

import torch

import lightning_v2 as lv2
from lightning_v2 import tensix
from lightning_v2.chapters.number_formats.srcb_readings import both_readings


def test_a_sentence_in_both_readings():
    found = both_readings(lv2.load(), "Oh.", "bf16")
    changed = [site for site, share in found.different.items() if share]
    assert changed[0].endswith("norm")
    row = found.row()
    assert row["plan"] == "bf16"
    assert row["sites that differ"] == f"{len(changed)} of {len(found.different)}"
    assert 0 < row["values that differ (%)"] < 100
    assert row["own: PESQ (MOS)"] > 3 and row["srca: PESQ (MOS)"] > 3


def test_products_of_float32_with_other_weights_keep_7_fraction_bits():
    x = tensix.Tensor(torch.full((32, 32), 1 + 2.0**-9), "float32")
    one = tensix.Tensor(torch.eye(32), "bfloat16")
    config = tensix.ComputeKernelConfig("HiFi4", False, True, False)

    def product(srcb, weights):
        with tensix.use(srcb=srcb):
            result = tensix.matmul(x, weights, dtype="float32", compute_kernel_config=config)
        return float(result.values[0, 0])

    assert product("own", one) == 1 + 2.0**-9
    assert product("srca", one) == 1
    assert product("srca", tensix.Tensor(torch.eye(32), "float32")) == 1 + 2.0**-9
