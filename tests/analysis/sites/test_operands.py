"""Operands of a site of the shipped voice."""

import numpy as np
import pytest
import torch

import lightning_v2 as lv2
from lightning_v2 import tensix
from lightning_v2.analysis.sites.operands import Operands, operands

TEXT = "Say it."


@pytest.fixture(scope="module")
def voice():
    return lv2.load()


@pytest.mark.parametrize("site", ["decoder.blocks.2.up", "vocoder.cosines"])
def test_are_what_the_network_multiplies(voice, site):
    found = operands(voice, TEXT, site)
    seen = {}

    def observe(call):
        if call.site == site:
            bias = call.args[2] if len(call.args) > 2 else 0
            seen["product"] = (call.result - bias).reshape(-1, call.result.shape[-1])

    with tensix.intercept(voice.model, lambda name: None, observer=observe):
        voice.synthesize(TEXT)
    torch.testing.assert_close(found.in0 @ found.in1, seen["product"], rtol=1e-4, atol=1e-4)
    assert site in found.source and TEXT in found.source


def test_stored_as_a_plan_stores_them(voice):
    found = operands(voice, TEXT, "decoder.blocks.2.up")
    precision = lv2.Plan.load("lightning-v2").for_site(found.site)
    in0, in1 = found.stored(precision)
    assert (in0.dtype, in1.dtype) == (precision.activations, precision.weights)
    # Five significand bits at most: LoFi has nothing to cut off.
    patterns = in1.values.numpy().view(np.uint32)
    assert not (patterns & 0x0007FFFF).any()


def test_a_block_is_16_neighbours():
    found = Operands("a", "b", torch.arange(64.0).view(2, 32), torch.zeros(32, 1))
    assert found.block(1, 1).tolist() == list(range(48, 64))
    with pytest.raises(ValueError, match="row is 2; legal are 0 to 1"):
        found.block(2, 0)
    with pytest.raises(ValueError, match="block is 2; legal are 0 to 1"):
        found.block(0, 2)


@pytest.mark.parametrize("site", ["nonsense", "vocoder.folding", "encoder.layers.0.norm"])
def test_other_sites_are_refused_by_name(voice, site):
    with pytest.raises(ValueError, match=f"site is '{site}'; legal are .*vocoder.cosines"):
        operands(voice, TEXT, site)
