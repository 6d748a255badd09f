"""The exact functions: against the simulator's files and against the truth in double precision."""

import math

import numpy as np
import pytest
import torch
from scipy import special

from lightning_v2.tensix.numbers.configuration import ARCHITECTURES, use
from lightning_v2.tensix.numbers.formats import pack_device
from lightning_v2.tensix.ops import sfpu

GOLDEN = (
    *("cos", "exp", "gelu", "gelu_fast", "log", "reciprocal", "relu", "rsqrt"),
    *("sigmoid", "silu", "sin", "sqrt", "tanh"),
)
INFINITY = math.inf


def _bits(x):
    return x.contiguous().view(torch.int32)


@pytest.mark.parametrize("storage", ["bf16", "f32"])
@pytest.mark.parametrize("name", GOLDEN)
def test_every_bit_of_the_simulator(golden, name, storage):
    arrays, _ = golden(f"{name}_{storage}")
    x, expected = torch.from_numpy(arrays["in0"]), torch.from_numpy(arrays["out"])
    function, wide = name.removesuffix("_fast"), storage == "f32"
    result = sfpu.apply(function, x, wide=wide, approximate=name != function)
    result = pack_device(result, "float32" if wide else "bfloat16")
    same = (_bits(result) == _bits(expected)) | (result.isnan() & expected.isnan())
    assert int((~same).sum()) == 0


# Function, range, units in the last place from the truth: in bfloat16 and in float32.
TRUTH = {
    "abs": (np.abs, (-1e38, 1e38), 0, 0),
    "atan": (np.arctan, (-1e30, 1e30), 0.53, 2.2),
    "ceil": (np.ceil, (-1e9, 1e9), 0, 0),
    "celu": (lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), (-80, 80), 0.51, 1.5),
    "cos": (np.cos, (-1000, 1000), 0.51, 3),
    "elu": (lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), (-80, 80), 0.51, 1.5),
    "erf": (special.erf, (-10, 10), 1.1, 7),
    "exp": (np.exp, (-87, 88), 0.95, 1),
    "exp2": (np.exp2, (-125, 127), 1, 1),
    "expm1": (np.expm1, (-87, 88), 0.51, 1.2),
    "floor": (np.floor, (-1e9, 1e9), 0, 0),
    "gelu": (lambda x: x * special.ndtr(x), (-2, 100), 1, 60),
    "gelu_tanh": (
        lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
        (-2, 100),
        0.51,
        30,
    ),
    "hardsigmoid": (lambda x: np.clip(x / 6 + 0.5, 0, 1), (-2, 1e38), 1.01, 3),
    "log": (np.log, (1e-37, 1e38), 0.8, 1),
    "log10": (np.log10, (1e-37, 1e38), 0.8, 2),
    "log1p": (np.log1p, (-0.99, 1e38), 1, 1),
    "log2": (np.log2, (1e-37, 1e38), 0.8, 2.5),
    "mish": (lambda x: x * np.tanh(np.logaddexp(0, x)), (-40, 1e38), 1.5, 6),
    "neg": (np.negative, (-1e38, 1e38), 0, 0),
    "reciprocal": (np.reciprocal, (-1e30, 1e30), 0.5, 1),
    "relu": (lambda x: np.maximum(x, 0), (-1e38, 1e38), 0, 0),
    "relu6": (lambda x: np.clip(x, 0, 6), (-1e38, 1e38), 0, 0),
    "round": (np.round, (-1e9, 1e9), 0, 0),
    "rsqrt": (lambda x: x**-0.5, (1e-37, 1e38), 0.5, 1.1),
    "selu": (
        lambda x: 1.0507 * np.where(x > 0, x, 1.67326 * np.expm1(np.minimum(x, 0))),
        (-80, 1e37),
        0.51,
        4,
    ),
    "sigmoid": (special.expit, (-80, 80), 1, 3),
    "sign": (np.sign, (-1e38, 1e38), 0, 0),
    "silu": (lambda x: x * special.expit(x), (-80, 80), 1, 3),
    "sin": (np.sin, (-1000, 1000), 0.51, 3),
    "softplus": (lambda x: np.logaddexp(0, x), (-2, 80), 0.9, 3000),
    "softsign": (lambda x: x / (1 + np.abs(x)), (-1e30, 1e30), 1.01, 3),
    "sqrt": (np.sqrt, (1e-37, 1e38), 0.51, 1),
    "square": (np.square, (-1e18, 1e18), 0.5, 0.5),
    "tan": (np.tan, (-1.45, 1.45), 0.51, 2),
    "tanh": (np.tanh, (-100, 100), 0.9, 3),
    "trunc": (np.trunc, (-1e9, 1e9), 0, 0),
}


def test_every_function_is_held_against_something():
    """The others have a test of their own below."""
    assert sorted(TRUTH) == sorted(set(sfpu.EXACT) - {"clamp", "leaky_relu", "log_sigmoid", "pow"})


def _units(name, x, wide):
    """Largest distance from the truth in units of its last place, of results that are normal."""
    with np.errstate(all="ignore"):
        truth = TRUTH[name][0](x.astype(np.float64))
    result = sfpu.apply(name, torch.from_numpy(x), wide=wide).numpy().astype(np.float64)
    size = np.abs(truth)
    unit = np.exp2(np.floor(np.log2(np.where(size > 0, size, 1))) - (23 if wide else 7))
    normal = (size == 0) | ((size > 2.4e-38) & (size < 3.3e38))
    return float((np.abs(result - truth) / unit)[normal].max())


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("name", TRUTH)
def test_all_bfloat16_patterns_are_near_the_truth(name, arch):
    patterns = np.arange(65536, dtype=np.uint32) << np.uint32(16)
    x = patterns.view(np.float32)
    low, high = TRUTH[name][1]
    magnitude = np.abs(x)
    x = x[(x >= low) & (x <= high) & ((magnitude > 1e-36) | (x == 0))]
    x = x[x != 0] if name == "reciprocal" else x
    with use(arch=arch):
        assert _units(name, x, wide=False) <= TRUTH[name][2]


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("name", TRUTH)
def test_float32_is_near_the_truth(name, arch):
    generator = np.random.default_rng(0)
    low, high = TRUTH[name][1]
    spread = np.exp(generator.uniform(-80, 80, 20000))
    spread[::2] *= 1 if low > 0 else -1
    x = np.concatenate((spread, generator.normal(0, 1, 20000), generator.uniform(-100, 100, 20000)))
    x = x[(x >= low) & (x <= high) & (np.abs(x) > 1e-30)].astype(np.float32)
    with use(arch=arch):
        assert _units(name, x, wide=True) <= TRUTH[name][3]


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_log_sigmoid_has_three_pieces(arch, wide):
    x = pack_device(torch.linspace(-20, 20, 4001), "float32" if wide else "bfloat16")
    with use(arch=arch):
        result = sfpu.apply("log_sigmoid", x, wide=wide)
    assert torch.equal(result[x <= -4], x[x <= -4])
    truth = -np.logaddexp(0, -x.double())
    bound = 0.019 + result.abs() * (0 if wide else 2**-7)
    assert ((result - truth).abs() <= bound).all()


LIMITS = {
    "exp": {INFINITY: INFINITY, -INFINITY: 0, 0: 1},
    "expm1": {INFINITY: INFINITY, -INFINITY: -1, 0: 0},
    "gelu": {INFINITY: INFINITY, 0: 0},
    "log": {INFINITY: INFINITY, 0: -INFINITY, 1: 0},
    "log1p": {INFINITY: INFINITY, -1: -INFINITY, 0: 0},
    "reciprocal": {INFINITY: 0, -INFINITY: 0, 0: INFINITY},
    "rsqrt": {INFINITY: 0, 0: INFINITY},
    "sigmoid": {INFINITY: 1, -INFINITY: 0, 0: 0.5},
    "sin": {0: 0},
    "sqrt": {INFINITY: INFINITY, 0: 0},
    "tanh": {INFINITY: 1, -INFINITY: -1, 0: 0},
}


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("name", LIMITS)
def test_zeros_and_infinities(name, arch, wide):
    x = torch.tensor(list(LIMITS[name]), dtype=torch.float32)
    with use(arch=arch):
        assert sfpu.apply(name, x, wide=wide).tolist() == list(LIMITS[name].values())


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("name", ["reciprocal", "rsqrt"])
def test_negative_zero_gives_negative_infinity(name, arch, wide):
    with use(arch=arch):
        assert sfpu.apply(name, torch.tensor([-0.0]), wide=wide).tolist() == [-INFINITY]


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("name", ["log", "sqrt", "rsqrt"])
def test_negative_numbers_give_nan_and_in_a_16_bit_register_infinity(name, arch):
    with use(arch=arch):
        assert sfpu.apply(name, torch.tensor([-1.0]), wide=True).isnan().all()
        assert sfpu.apply(name, torch.tensor([-1.0]), wide=False).tolist() == [INFINITY]


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_approximations_stay_near(arch):
    x = torch.linspace(-10, 10, 4001).bfloat16().float()
    bounds = {"gelu": 0.024, "tanh": 0.02, "sigmoid": 0.12}
    with use(arch=arch):
        for name, bound in bounds.items():
            error = sfpu.apply(name, x, wide=False, approximate=True) - sfpu.apply(
                name, x, wide=True
            )
            assert bound / 2 < error.abs().max() < bound + 2**-6
        # Wormhole's reciprocal is refined once all the same.
        inverse = 2e-4 if arch == "wormhole_b0" else 0.012
        ratios = {"exp": 0.032, "rsqrt": 2e-3, "sqrt": 2e-3, "reciprocal": inverse}
        for name, bound in ratios.items():
            y = x.abs() + 0.125
            ratio = sfpu.apply(name, y, wide=True, approximate=True) / sfpu.apply(
                name, y, wide=True
            )
            assert bound / 8 < (ratio - 1).abs().max() < bound


def test_approximate_exp_of_large_numbers():
    x = torch.tensor([-1e4, -88.5, 0.0, 89.0])
    result = sfpu.apply("exp", x, wide=False, approximate=True)
    assert result[0] == result[1] < 1e-38 and result[3].isnan()
    assert pack_device(result, "bfloat16")[3] == INFINITY


def test_architectures_differ_in_reciprocals():
    x = torch.linspace(1, 2, 4096)
    results = []
    for arch in ARCHITECTURES:
        with use(arch=arch):
            results.append(sfpu.apply("reciprocal", x, wide=True, approximate=True))
    assert not torch.equal(*results)
    # Blackhole's estimate: seven fraction bits of the reciprocal of seven fraction bits.
    assert set((_bits(results[1]) & 0xFFFF).tolist()) == {0}
    assert torch.allclose(results[1], 1 / x, rtol=2**-7)


def test_parameters_and_errors():
    x = torch.tensor([-2.0, 0.5, 3.0])
    assert sfpu.apply("clamp", x, wide=True, min=-1, max=1).tolist() == [-1, 0.5, 1]
    assert sfpu.apply("leaky_relu", x, wide=True, negative_slope=0.5).tolist() == [-1, 0.5, 3]
    assert sfpu.apply("elu", x, wide=True, alpha=0.0).tolist()[1:] == [0.5, 3]
    assert sfpu.apply("softplus", x, wide=True, threshold=1.0).tolist()[2] == 3
    doubled = sfpu.apply("softplus", x, wide=True, beta=2.0)
    assert torch.allclose(doubled, torch.nn.functional.softplus(x, 2.0), atol=1e-4)
    with pytest.raises(ValueError, match="name is 'sinh'; legal are 'abs'"):
        sfpu.apply("sinh", x, wide=True)
    with pytest.raises(ValueError, match="alpha is no parameter of exp; legal are none"):
        sfpu.apply("exp", x, wide=True, alpha=1)
    with pytest.raises(ValueError, match="max is no parameter of elu; legal are 'alpha'"):
        sfpu.apply("elu", x, wide=True, max=1)


@pytest.mark.parametrize("name", sfpu.EXACT)
def test_tables_hold_what_the_loops_compute_and_threads_change_nothing(name):
    x = torch.linspace(-3, 3, 10000).view(100, 100).t().bfloat16().float()
    with use(threads=3):
        result = sfpu.apply(name, x, wide=True)
        assert result.shape == x.shape
    with use(threads=1):
        assert torch.equal(_bits(result), _bits(sfpu.apply(name, x, wide=True)))
    narrow = sfpu.apply(name, x, wide=False)
    assert int((_bits(narrow) & 0xFFFF).sum()) == 0
