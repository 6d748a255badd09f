"""What is told of shared programs is what the lowering makes of them."""

import pytest

from lightning_v2 import tensix
from lightning_v2.deployment.lowering.fused_calls import FusedCalls
from lightning_v2.deployment.lowering.natural.together import masked, together
from lightning_v2.deployment.lowering.runner import Runner
from lightning_v2.precision import Plan
from tests.deployment.lowering.natural.test_lowering import SHORT, lowered, said


@pytest.fixture
def summed(monkeypatch):
    """Site of every residual sum -> whether it has a mask."""
    found, plain = {}, Runner.residual

    def residual(run, site, x, y, view, mask):
        found[site] = mask is not None
        return plain(run, site, x, y, view, mask)

    monkeypatch.setattr(Runner, "residual", residual)
    return found


def after(voice, plan):
    """Site -> the one whose work its program does first."""
    calls = []
    with tensix.use("fast"):
        said(voice, lowered(voice, calls.append, plan, tensix), SHORT)
    return {call.site: call.after for call in calls if call.after}


def test_those_who_share_a_program(voice, summed):
    assert after(voice, "bf16") == together(voice.model)
    assert {site for site, has_mask in summed.items() if has_mask} == masked(voice.model)


def test_in_float32_nobody_does(voice):
    assert after(voice, "fp32") == {}


def test_a_call_whose_first_one_was_not_seen_is_a_program_of_its_own(voice):
    calls = []
    with tensix.use("fast"):
        said(voice, lowered(voice, calls.append, "bf16", tensix), SHORT)
        alone = FusedCalls(voice.model, Plan.load("bf16").for_site)
        second = next(call for call in calls if call.after)
        assert alone(second) is None
        alone.remember(next(call for call in calls if call.site == second.after))
        assert alone(second) is not None and alone(second) is None
