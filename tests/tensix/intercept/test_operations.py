import pytest
import torch
from torch import nn
from torch.utils._pytree import tree_map

from lightning_v2 import tensix
from lightning_v2.tensix.intercept import operations
from lightning_v2.tensix.intercept.operations import DATA, OPERATIONS, resolve
from lightning_v2.tensix.numbers.constants import Constants
from lightning_v2.tensix.numbers.sites import SitePrecision
from lightning_v2.tensix.ops.unary import UNARY

TORCHS = [name for name, operation in OPERATIONS.items() if operation.plain is not None]
NOTHING = Constants(nn.Module())
WIDE = SitePrecision(
    weights="float32",
    activations="float32",
    output="float32",
    math_fidelity="HiFi4",
    fp32_dest_acc_en=True,
)


# Norms and softmax read what they store on the way as TF32; the others have short polynomials.
ROUGH = ("layer_norm", "rms_norm", "softmax", "softplus", "logsigmoid")
# No exact rule, unless the table has one.
APPROXIMATED = set(
    "acos asin cosh erfc frac nan_to_num sinc sinh atan2 floor_divide fmod hypot "
    "logaddexp remainder xlogy".split()
) - {call for row in UNARY.values() for call in row.torch_calls}
CELLS = {
    "lstm_cell": nn.LSTMCell,
    "gru_cell": nn.GRUCell,
    "rnn_tanh_cell": nn.RNNCell,
    "rnn_relu_cell": nn.RNNCell,
}
RECURRENT = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn_tanh": nn.RNN, "rnn_relu": nn.RNN}


def recurrent_arguments(name, x):
    options = {"nonlinearity": "relu"} if name == "rnn_relu" else {}
    layer = RECURRENT[name](16, 8, num_layers=2, bidirectional=True, batch_first=True, **options)
    weights = [w.detach() for w in layer._flat_weights]
    start = torch.zeros(4, 2, 8)
    state = (start, start) if name == "lstm" else start
    return x, state, weights, True, 2, 0.0, False, True, True


def cell_arguments(name, x):
    cell = CELLS[name](16, 8)
    weights = (cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
    start = torch.zeros(16, 8)
    state = (start, start) if name == "lstm_cell" else start
    return x[0], state, *(w.detach() for w in weights)


def rounded(x):
    return x.bfloat16().float() if isinstance(x, torch.Tensor) else x


def first(result):
    return result[0] if isinstance(result, tuple) else result


def arguments(name):
    """A plausible call of an operation."""
    torch.manual_seed(0)
    x, y = (torch.rand(2, 16, 16) * 0.8 + 0.1 for _ in range(2))
    extra = {
        call: tuple(parameters.values())
        for row in UNARY.values()
        if row.required
        for call, parameters in row.torch_calls.items()
    } | {
        "clamp": (0.2, 0.5),
        "clamp_max": (0.5,),
        "clamp_min": (0.5,),
        "softmax": (-1,),
        "log_softmax": (1,),
        "cumsum": (1,),
        "sum": (1,),
        "mean": ((0, 2), True),
        "layer_norm": ((16,),),
        "rms_norm": ((16,),),
        "group_norm": (4,),
        "batch_norm": (y[0, 0], y[0, 1], y[1, 0], y[1, 1]),
        "linear": (y[0], y[0, 0]),
        "addmm": (y[0], y[1]),
        "lerp": (y, y),
        "addcmul": (y, y),
        "addcdiv": (y, y),
        "conv1d": (torch.randn(8, 16, 3), torch.randn(8), 1, 1),
        "conv2d": (torch.randn(8, 2, 3, 3),),
        "conv_transpose1d": (torch.randn(16, 4, 3), None, 2),
        "conv_transpose2d": (torch.randn(2, 4, 3, 3),),
        "baddbmm": (y, x),
        "prelu": (torch.full((16,), 0.1),),
        "pow": (2,),
    }
    operation = OPERATIONS[name]
    if name in ("addmm", "conv2d", "conv_transpose2d"):
        return (x[0] if name == "addmm" else x, *extra[name])
    if name == "einsum":
        return "bij,bkj->bik", x, y
    if name in RECURRENT:
        return recurrent_arguments(name, x)
    if name in CELLS:
        return cell_arguments(name, x)
    if name == "scaled_dot_product_attention":
        return x[None], y[None], x[None].flip(-1)
    if name in extra:
        return (x, *extra[name])
    if operation.is_elementwise or name == "matmul":
        return x, y
    return (x,)


@pytest.mark.parametrize("tier", tensix.TIERS)
@pytest.mark.parametrize("name", TORCHS)
def test_float32_lowering_is_close_to_torch(name, tier):
    """Only TF32 operands of the matrix engine and a cut epsilon may show."""
    operation, args = OPERATIONS[name], arguments(name)
    with tensix.use(tier=tier):
        result, _ = operation.run(WIDE, NOTHING, args, {})
    expected = operation.plain(*args)
    between = operation.engine == "matrix" or name in ROUGH
    tolerance = 0.02 if between else 1e-5
    torch.testing.assert_close(first(result), first(expected), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("tier", tensix.TIERS)
@pytest.mark.parametrize("name", TORCHS)
def test_bfloat16_lowering_gives_bfloat16_values(name, tier):
    precision = SitePrecision(math_fidelity="HiFi4")
    with tensix.use(tier=tier):
        result = first(OPERATIONS[name].run(precision, NOTHING, arguments(name), {})[0])
    assert torch.equal(result, result.bfloat16().float())
    stored = tree_map(rounded, arguments(name))  # some operations jump between near operands
    expected = first(OPERATIONS[name].plain(*stored))
    torch.testing.assert_close(result, expected, rtol=0.03, atol=0.06)


@pytest.mark.parametrize("name", TORCHS)
def test_operations_without_an_exact_rule_say_so(name):
    """Everything that speech models are made of has one; the rest is told apart."""
    _, exact = OPERATIONS[name].run(SitePrecision(), NOTHING, arguments(name), {})
    assert exact == (name not in APPROXIMATED)


def test_calls_are_either_operations_or_data():
    assert not operations.DATA_CALLS & OPERATIONS.keys()
    assert resolve(torch.Tensor.view) is DATA
    assert resolve(torch.Tensor.copy_) is DATA
    assert resolve(torch.Tensor.shape.__get__) is DATA
    assert resolve(torch.fft.rfft) is None
    assert resolve(torch.Tensor.__itruediv__).in_place
    assert resolve(torch.Tensor.__rpow__).swapped
    assert resolve(torch.Tensor.__rpow__).operation.name == "pow"


def test_macs_of_matrix_operations():
    x = torch.ones(3, 4, 8)
    assert OPERATIONS["linear"].macs((x, torch.ones(5, 8)), torch.ones(3, 4, 5)) == 60 * 8
    weight = torch.ones(6, 2, 3)  # groups of two channels, three taps
    assert OPERATIONS["conv1d"].macs((x, weight), torch.ones(3, 6, 6)) == 108 * 6
    assert OPERATIONS["addmm"].macs((x, x[0], x[0].t()), torch.ones(4, 4)) == 16 * 8
    assert all((op.macs is not None) == (op.engine == "matrix") for op in OPERATIONS.values())
