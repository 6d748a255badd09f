"""Models that are not ours, whole, in both tiers: close to torch, and nothing runs unnoticed."""

import pytest
import torch
import torch.nn.functional as F

import lightning_v2 as lv2
from lightning_v2 import tensix
from tests.tensix.foreign import MODELS

FULL = lv2.Plan.parse(
    """
    default:
      {weights: float32, activations: float32, output: float32, math_fidelity: HiFi4,
       fp32_dest_acc_en: true}
    """
)
LOW = lv2.Plan.parse(
    """
    default: {weights: bfloat8_b, math_fidelity: LoFi, fp32_dest_acc_en: true}
    """
)
BLOCKS = lv2.Plan.parse(
    """
    default: {weights: bfloat8_b, activations: bfloat8_b, output: bfloat8_b, math_fidelity: LoFi}
    """
)
# rms of the error over rms of the result. TF32 operands cost 0.1 % a product; LoFi shrinks
# products by 1.5 % and norms by 3.6 %; block floats lose small values beside large ones.
BOUNDS = ((FULL, 0.004), (LOW, 0.12), (BLOCKS, 0.4))

NAMES = pytest.mark.parametrize("name", MODELS)
TIERS = pytest.mark.parametrize("tier", tensix.TIERS)


@pytest.fixture
def foreign(name):
    """Model, inputs, and what torch makes of them by the code of the modules themselves."""
    net, inputs = MODELS[name].built(), MODELS[name].inputs()
    # Without gradients the encoder of torch takes a path of its own, with zeros in the padding.
    with torch.enable_grad():
        return net, inputs, net(*inputs).detach()


def listed(calls):
    return [(call.name, call.site) for call in calls]


def deviation(result, expected):
    return ((result - expected).norm() / expected.norm()).item()


@NAMES
@TIERS
@pytest.mark.parametrize(("plan", "bound"), BOUNDS, ids=["full", "low", "blocks"])
def test_result_is_close_to_torch(foreign, tier, plan, bound):
    net, inputs, expected = foreign
    with lv2.emulate(net, plan, tier=tier), torch.no_grad():
        result = net(*inputs)
    assert result.shape == expected.shape
    assert 1e-6 < deviation(result, expected) < bound


@NAMES
@TIERS
def test_everything_that_is_no_fourier_transform_is_emulated(foreign, name, tier):
    net, inputs, _ = foreign
    with lv2.emulate(net, LOW, tier=tier) as emulation, torch.no_grad():
        net(*inputs)
    assert tuple(call.name for call in emulation.unemulated) == MODELS[name].unemulated
    assert emulation.approximated == []
    assert {op for _, op in emulation.host} <= {"weight_norm"}


@NAMES
def test_sites_are_stable_and_named_after_modules(foreign):
    net, inputs, _ = foreign
    runs = []
    for tier in tensix.TIERS:
        with lv2.emulate(net, LOW, tier=tier) as emulation, torch.no_grad():
            net(*inputs)
            first = dict(emulation.sites)
            net(*inputs)
        assert emulation.sites == first
        runs.append(first)
    assert runs[0] == runs[1]
    paths = dict(net.named_modules())
    for site, op in runs[0].items():
        parent, _, last = site.rpartition(".")
        assert site in paths or (parent in paths and last.rstrip("_0123456789") == op.rstrip("12"))
    sites = {site.name: site for site in tensix.trace(net, lambda: net(*inputs))}
    assert {name: site.op for name, site in sites.items()} == runs[0]
    matrix = {op for op, known in tensix.OPERATIONS.items() if known.engine == "matrix"}
    assert all((site.macs > 0) == (site.op in matrix) for site in sites.values())


@NAMES
@TIERS
def test_module_stays_what_it_is(foreign, tier):
    net, inputs, expected = foreign
    before = {key: value.clone() for key, value in net.state_dict().items()}
    with lv2.emulate(net, LOW, tier=tier), torch.no_grad():
        net(*inputs)
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())
    assert torch.equal(net(*inputs), expected)


@NAMES
def test_gradients_pass_straight_through(foreign):
    net, inputs, expected = foreign
    target = torch.randn(expected.shape, generator=torch.Generator().manual_seed(2))

    def gradients(run):
        net.zero_grad()
        (run() * target).sum().backward()
        return {name: p.grad.clone() for name, p in net.named_parameters()}

    plain = gradients(lambda: net(*inputs))
    with lv2.emulate(net, LOW, tier="fast"):
        emulated = gradients(lambda: net(*inputs))
    whole = [torch.cat([g.flatten() for g in kind.values()]) for kind in (emulated, plain)]
    assert F.cosine_similarity(*whole, dim=0) > 0.98
    silent = {name for name, g in emulated.items() if not g.any()}
    assert silent == {name for name, g in plain.items() if not g.any()}
