"""Whatever torch runs, runs emulated: no exception from inside; dtypes and shapes are torch's."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lightning_v2 import tensix
from lightning_v2.tensix import SitePrecision
from lightning_v2.tensix.intercept.nested import float_dtype, leaves, tensors
from tests.tensix.modules import Calls

NARROW = SitePrecision("bfloat8_b", "bfloat8_b", "bfloat8_b", math_fidelity="LoFi")

SHAPES = [(), (1,), (5,), (0,), (3, 5), (0, 5), (3, 0), (1, 1), (2, 3, 5), (2, 0, 5), (2, 3, 4, 5)]
DTYPES = [torch.float32] * 6 + [
    torch.float64,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.int32,
    torch.bool,
    torch.complex64,
]
NUMBERS = [0, 1, 2, -3, 0.5, 3.0, True, False, 1j, float("inf"), 10**20]
UNARY = [
    *("abs acos asin atan ceil cos cosh erf erfc exp exp2 expm1 floor frac log log10 log1p log2 "
      "nan_to_num neg reciprocal relu round rsqrt selu sigmoid sign sin sinc sinh sqrt square tan "
      "tanh trunc sum mean var std logsumexp prod norm cumsum softmax log_softmax angle positive "
      "logit lgamma celu").split(),
]  # fmt: skip
ACTIVATIONS = (
    "celu elu gelu glu hardsigmoid hardswish hardtanh leaky_relu logsigmoid mish relu relu6 selu "
    "silu softplus softsign softmin normalize tanhshrink softshrink threshold"
).split()
BINARY = (
    "add sub mul div maximum minimum pow atan2 floor_divide fmod hypot logaddexp remainder xlogy "
    "matmul lerp rsub bmm mm mv dot outer inner true_divide copysign bitwise_and ldexp"
).split()


@st.composite
def arrays(draw, shapes=SHAPES):
    dtype = draw(st.sampled_from(DTYPES))
    x = torch.randn(draw(st.sampled_from(shapes)), generator=torch.Generator().manual_seed(0))
    x = (x * 3).to(dtype)
    return draw(st.sampled_from([x, x, x.mT if x.dim() > 1 else x, x[..., :1]])) if x.dim() else x


operands = st.one_of(arrays(), st.sampled_from(NUMBERS))
axes = st.sampled_from([None, 0, -1, 1, (0,), (0, -1), ()])
OPTIONS = {
    "sum": st.fixed_dictionaries(
        {"dim": axes}, optional={"keepdim": st.booleans(), "dtype": st.sampled_from(DTYPES)}
    ),
    "cumsum": st.fixed_dictionaries({"dim": st.sampled_from([0, -1])}),
    "div": st.fixed_dictionaries({"rounding_mode": st.sampled_from([None, "floor", "trunc"])}),
    "add": st.fixed_dictionaries({"alpha": st.sampled_from([1, 2, 0.5, True])}),
    "lerp": st.fixed_dictionaries({"weight": st.sampled_from([0.5, 1, torch.tensor(0.3)])}),
    "threshold": st.just({"threshold": 0.1, "value": 2.0}),
}
OPTIONS |= dict.fromkeys(("mean", "softmax", "log_softmax"), OPTIONS["sum"])
OPTIONS |= {
    name: st.fixed_dictionaries({"dim": axes}, optional={"keepdim": st.booleans()})
    for name in ("var", "std", "logsumexp")
}
OPTIONS["sub"] = OPTIONS["add"]


def both(function, *args):
    """What torch makes of it, and what an emulation does, either a result or an exception."""
    found = []
    for emulated in (False, True):
        net = Calls(function)
        copies = [x.clone() if isinstance(x, torch.Tensor) else x for x in args]
        with torch.no_grad():
            try:
                if not emulated:
                    found.append(net(*copies))
                    continue
                with tensix.intercept(net, lambda site: NARROW) as emulation:
                    found.append(net(*copies))
            except Exception as error:
                found.append(error)
    return *found, emulation if not isinstance(found[0], Exception) else None


def same_form(result, expected):
    forms = [
        [(type(x), getattr(x, "shape", None), getattr(x, "dtype", None)) for x in leaves(values)]
        for values in (result, expected)
    ]
    assert forms[0] == forms[1], forms


def check(function, *args):
    expected, result, emulation = both(function, *args)
    if isinstance(expected, Exception):
        return
    if isinstance(result, Exception):
        raise result
    same_form(result, expected)
    # What computes with real or complex numbers is somewhere: at a site, or on the list.
    computed = float_dtype(args) and float_dtype(expected)
    if computed and any(x.numel() for x in tensors(expected)):
        assert emulation.emulated or emulation.unemulated


@pytest.mark.parametrize("tier", ["fast", "exact"])
@pytest.mark.parametrize("form", ["function", "method", "in place"])
@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_functions_of_one_tensor(form, tier, data):
    name = data.draw(st.sampled_from(UNARY + (ACTIVATIONS if form == "function" else [])))
    x, options = data.draw(arrays()), data.draw(OPTIONS.get(name, st.just({})))
    if form == "function":
        function = getattr(F, name) if name in ACTIVATIONS else getattr(torch, name)
    else:
        function = getattr(torch.Tensor, name + ("_" if form == "in place" else ""), None)
    if function is not None:
        with tensix.use(tier=tier):
            check(lambda x: function(x, **options), x)


@pytest.mark.parametrize("tier", ["fast", "exact"])
@pytest.mark.parametrize("form", ["function", "method", "in place", "out", "swapped"])
@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_functions_of_two_operands(form, tier, data):
    name = data.draw(st.sampled_from(BINARY))
    x, y = data.draw(arrays()), data.draw(operands)
    options = data.draw(OPTIONS.get(name, st.just({})))
    out = torch.empty(0)
    functions = {
        "function": lambda x, y: getattr(torch, name)(x, y, **options),
        "swapped": lambda x, y: getattr(torch, name)(y, x, **options),
        "method": lambda x, y: getattr(x, name)(y, **options),
        "in place": lambda x, y: getattr(x, f"{name}_")(y, **options),
        "out": lambda x, y: getattr(torch, name)(x, y, out=out, **options),
    }
    with tensix.use(tier=tier):
        check(functions[form], x, y)


LAYERS = {
    "linear": (lambda: nn.Linear(5, 4), [(5,), (3, 5), (0, 5), (2, 3, 5), (2, 0, 5)]),
    "no inputs": (lambda: nn.Linear(0, 4), [(3, 0)]),
    "no outputs": (lambda: nn.Linear(5, 0), [(3, 5)]),
    "layer norm": (lambda: nn.LayerNorm(5), [(5,), (3, 5), (0, 5)]),
    "norm of two axes": (lambda: nn.LayerNorm((3, 5)), [(3, 5), (2, 3, 5), (0, 3, 5)]),
    "norm without scale": (lambda: nn.LayerNorm(5, elementwise_affine=False), [(3, 5)]),
    "rms norm": (lambda: nn.RMSNorm(5), [(5,), (3, 5), (0, 5)]),
    "batch norm": (lambda: nn.BatchNorm1d(5), [(3, 5), (2, 5, 4), (0, 5)]),
    "batch norm in training": (lambda: nn.BatchNorm1d(5).train(), [(3, 5), (2, 5, 4)]),
    "norm without statistics": (
        lambda: nn.BatchNorm1d(5, track_running_stats=False),
        [(3, 5), (2, 5, 4)],
    ),
    "instance norm": (lambda: nn.InstanceNorm1d(5, affine=True), [(2, 5, 4), (5, 4), (0, 5, 4)]),
    "group norm": (lambda: nn.GroupNorm(2, 6), [(2, 6), (2, 6, 4), (0, 6, 4)]),
    "conv": (lambda: nn.Conv1d(5, 4, 3, padding=1), [(5, 4), (2, 5, 4), (0, 5, 4)]),
    "conv in groups": (lambda: nn.Conv1d(6, 4, 3, groups=2), [(2, 6, 4)]),
    "conv that mirrors": (
        lambda: nn.Conv1d(5, 4, 3, padding=1, padding_mode="reflect"),
        [(2, 5, 4)],
    ),
    "conv2d": (lambda: nn.Conv2d(3, 2, 3, padding="same"), [(3, 4, 5), (2, 3, 4, 5), (0, 3, 4, 5)]),
    "conv3d": (lambda: nn.Conv3d(2, 2, 1), [(1, 2, 3, 4, 5)]),
    "transposed": (lambda: nn.ConvTranspose1d(5, 4, 4, 2), [(5, 4), (2, 5, 4), (0, 5, 4)]),
    "transposed 2d": (lambda: nn.ConvTranspose2d(3, 2, 2, 2), [(3, 4, 5), (2, 3, 4, 5)]),
    "lstm": (lambda: nn.LSTM(5, 4), [(3, 5), (2, 3, 5), (2, 0, 5)]),
    "lstm, two ways": (
        lambda: nn.LSTM(5, 4, 2, bidirectional=True, batch_first=True),
        [(3, 5), (2, 3, 5), (0, 3, 5)],
    ),
    "lstm that projects": (lambda: nn.LSTM(5, 4, proj_size=2), [(2, 3, 5)]),
    "gru": (lambda: nn.GRU(5, 4, bias=False), [(3, 5), (2, 3, 5), (2, 0, 5)]),
    "rnn": (lambda: nn.RNN(5, 4, nonlinearity="relu"), [(3, 5), (2, 3, 5)]),
    "lstm cell": (lambda: nn.LSTMCell(5, 4), [(5,), (3, 5), (0, 5)]),
    "gru cell": (lambda: nn.GRUCell(5, 4), [(5,), (3, 5)]),
    "prelu": (nn.PReLU, [(5,), (3, 5), (0, 5), ()]),
    "prelu by channel": (lambda: nn.PReLU(3), [(2, 3), (2, 3, 5)]),
    "bilinear": (lambda: Calls(lambda x: F.bilinear(x, x, torch.ones(2, 5, 5))), [(3, 5)]),
    "average": (lambda: nn.AvgPool1d(2), [(3, 5), (2, 3, 5), (0, 3, 5)]),
    "average, other windows": (lambda: nn.AvgPool1d(2, ceil_mode=True), [(2, 3, 5)]),
    "adaptive": (lambda: nn.AdaptiveAvgPool1d(3), [(2, 3, 5), (2, 3, 6), (3, 6)]),
    "adaptive 2d": (lambda: nn.AdaptiveAvgPool2d((None, 1)), [(2, 3, 4, 5), (3, 4, 5)]),
    "upsampled": (lambda: nn.Upsample(scale_factor=1.5, mode="linear"), [(2, 3, 5)]),
    "upsampled, nearest": (lambda: nn.Upsample(scale_factor=2), [(2, 3, 5), (2, 3, 4, 5)]),
    "bicubic": (lambda: nn.Upsample(scale_factor=2, mode="bicubic"), [(2, 3, 4, 5)]),
    "attention": (
        lambda: Calls(lambda x: F.scaled_dot_product_attention(x, x, x)),
        [(3, 5), (2, 3, 5), (2, 3, 4, 5), (0, 3, 5), (1, 2, 3, 4, 5)],
    ),
    "encoder": (
        lambda: nn.TransformerEncoderLayer(6, 2, 8, batch_first=True),
        [(2, 3, 6), (3, 6), (0, 3, 6)],
    ),
    "fold": (lambda: nn.Fold((4, 5), 2), [(1, 8, 12)]),
    "cosine": (lambda: Calls(lambda x: F.cosine_similarity(x, x)), [(3, 5)]),
    "distances": (lambda: Calls(lambda x: torch.cdist(x, x)), [(3, 5)]),
    "in a transform": (
        lambda: Calls(lambda x: torch.vmap(lambda v: F.layer_norm(v * 2, (5,)).sum())(x)),
        [(3, 5)],
    ),
    "gradient": (
        lambda: Calls(torch.func.grad(lambda x: (x * x).sum())),
        [(3, 5)],
    ),
    "einsum": (lambda: Calls(lambda x: torch.einsum("...i,...i->...", x, x)), [(3, 5), (5,)]),
    "mean of nothing": (lambda: Calls(lambda x: x[:, :0].mean(1) + x[:0].sum()), [(3, 5)]),
    "loss": (lambda: Calls(lambda x: F.mse_loss(x, x * 2)), [(3, 5), (0, 5)]),
    "numpy number": (lambda: Calls(lambda x: x * x.new_ones(1).numpy()[0] + x), [(3, 5)]),
    "scatter": (
        lambda: Calls(lambda x: x.index_put((torch.tensor([0, 0]),), x[:2], accumulate=True)),
        [(3, 5)],
    ),
    "meta": (lambda: Calls(lambda x: x.to("meta") * 2), [(3, 5)]),
    "sparse": (lambda: Calls(lambda x: torch.sparse.mm(x.to_sparse(), x.mT)), [(3, 5)]),
    "nested": (lambda: Calls(lambda x: torch.nested.nested_tensor([x, x]) * 2), [(3, 5)]),
}


MOVES = ("upsampled, nearest",)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("tier", ["fast", "exact"])
@pytest.mark.parametrize("name", LAYERS)
def test_layers_of_all_shapes(name, tier, dtype):
    make, shapes = LAYERS[name]
    torch.manual_seed(0)
    net = make()
    net = (net if "training" in name else net.eval()).to(dtype)
    for shape in shapes:
        x = torch.randn(shape, generator=torch.Generator().manual_seed(1)).to(dtype)
        with torch.no_grad():
            try:
                expected = net(x)
            except Exception:
                continue
            with tensix.use(tier=tier), tensix.intercept(net, lambda site: NARROW) as emulation:
                result = net(x)
            tensix.trace(net, lambda x=x: net(x))
        same_nested_form(result, expected)
        if dtype == torch.float64:
            assert emulation.emulated == 0
        is_empty = not sum(x.numel() for x in tensors(expected))
        assert emulation.emulated or emulation.unemulated or is_empty or name in MOVES


def same_nested_form(result, expected):
    if any(x.is_nested for x in tensors(expected)):
        assert result.is_nested
    else:
        same_form(result, expected)


# What can be emulated is: the list is no way out for rules that should know better.
EMULATED = {
    "boolean": lambda x: x * True,
    "boolean in place": lambda x: x.clone().add_(True),
    "boolean tensor": lambda x: x * (x > 0),
    "numpy number": lambda x: x * np.float32(2),
    "without axes": lambda x: x * torch.tensor(2.0, dtype=torch.float64),
    "half and single": lambda x: x + x.half(),
    "softmax of another dtype": lambda x: torch.softmax(x.half(), -1, dtype=torch.float32),
    "lstm without a batch": nn.LSTM(5, 4),
    "sum over no axes": lambda x: x.sum(()),
    "keywords": lambda x: F.linear(input=x, weight=x),
}


@pytest.mark.parametrize("name", EMULATED)
def test_what_has_a_rule_is_emulated(name):
    expected, result, emulation = both(EMULATED[name], torch.randn(3, 5))
    assert not isinstance(result, Exception), result
    same_form(result, expected)
    assert emulation.unemulated == [] and emulation.emulated > 0
