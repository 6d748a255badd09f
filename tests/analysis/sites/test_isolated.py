import pytest
import torch

import lightning_v2 as lv2
from lightning_v2.analysis.sites.isolated import Isolated, lowered_precisions

TEXT = "Hi."


def unlike(plan, tier):
    """Sites at which a call by itself has other bits than the lowering had, and by how much."""
    voice, plan = lv2.load(), lv2.Plan.load(plan)
    alone, found = Isolated(voice, plan, tier, voice.network(plan.adapted)), {}

    def observe(call):
        again, output = alone(call), call.result
        if not torch.equal(again, output):
            found[call.site] = ((again - output).norm() / output.norm()).item()

    with lv2.emulate(voice, plan, tier=tier, observer=observe):
        voice.synthesize(TEXT)
    return found


@pytest.mark.parametrize("plan", ["lightning-v2", "bf16", "bfp4-lofi"])
def test_has_the_bits_of_the_lowering(plan):
    assert unlike(plan, "exact") == {}


def test_the_fast_tier_sums_in_the_order_of_the_shape():
    found = unlike("lightning-v2", "fast")
    assert len(found) < 3 and all(deviation < 1e-3 for deviation in found.values())


def test_block_floats_as_activations_differ_only_in_attention():
    found = unlike("naive", "exact")
    assert all(".attention.s" in site for site in found)
    assert all(deviation < 0.02 for deviation in found.values())


def test_blocks_are_those_of_the_lowering_unless_the_plan_names_some():
    voice = lv2.load()
    widths = {
        site: precision.in0_block_w
        for site, precision in lowered_precisions(voice, lv2.Plan.load("bf16")).items()
    }
    assert widths["encoder.layers.0.attention.scores"] == 1
    assert widths["vocoder.head.noise_gain.log"] > 1
    assert widths["vocoder.head.noise_gain.exp"] is None
    plan = lv2.Plan.parse("default: {in0_block_w: 2}")
    assert {p.in0_block_w for p in lowered_precisions(voice, plan).values()} == {2}
