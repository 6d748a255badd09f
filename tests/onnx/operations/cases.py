"""Nodes with inputs for every operation that the executor knows."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

_random = np.random.default_rng(0)


def floats(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    return _random.uniform(low, high, shape).astype(np.float32)


def ints(*values) -> np.ndarray:
    return np.array(values, np.int64)


def number(value: float) -> np.ndarray:
    return np.array(value, np.float32)


def truths(*shape: int) -> np.ndarray:
    return _random.random(shape) < 0.5


@dataclass
class Case:
    """A node.

    Attributes:
        inputs: values; None: not given.
        computed: whether inputs after the first may be computed, too.
    """

    op: str
    inputs: list[np.ndarray | None]
    attributes: dict[str, Any] = field(default_factory=dict)
    opset: int = 17
    outputs: int = 1
    computed: bool = True

    def __str__(self) -> str:
        shapes = "-".join(
            "none" if x is None else "x".join(map(str, x.shape)) or "scalar" for x in self.inputs
        )
        words = "-".join(f"{key}={value}" for key, value in self.attributes.items())
        return f"{self.op}-{self.opset}-{shapes}-{words}"


def _unary() -> list[Case]:
    names = (
        "Abs Asinh Atan Ceil Celu Cos Cosh Elu Erf Exp Floor HardSigmoid HardSwish LeakyRelu Mish "
        "Neg Reciprocal Relu Round Selu Sigmoid Sign Sin Sinh Softplus Softsign Tan Tanh "
        "ThresholdedRelu Identity Dropout"
    )
    cases = [Case(op, [floats(3, 5)], opset=18) for op in names.split()]
    cases += [Case(op, [floats(3, 5, low=-0.9, high=0.9)]) for op in ("Acos", "Asin", "Atanh")]
    cases += [Case(op, [floats(3, 5, low=1.1, high=4)]) for op in ("Acosh", "Log", "Sqrt")]
    cases += [
        Case(op, [floats(4, 4)], {"alpha": 0.7}) for op in ("Celu", "Elu", "LeakyRelu", "Selu")
    ]
    cases.append(Case("HardSigmoid", [floats(9)], {"alpha": 0.3, "beta": 0.4}))
    cases.append(Case("ThresholdedRelu", [floats(9)], {"alpha": 0.3}))
    cases.append(Case("Round", [np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5], np.float32)]))
    cases.append(Case("Abs", [ints(-3, 0, 4)]))
    for how in ("none", "tanh"):
        cases.append(Case("Gelu", [floats(3, 5)], {"approximate": how}, opset=20))
    return cases


def _binary() -> list[Case]:
    x, y = floats(2, 3, 4), floats(3, 1, low=0.5)
    cases = [Case(op, [x, y]) for op in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean")]
    cases += [Case(op, [x, y, floats(4)]) for op in ("Max", "Min", "Sum", "Mean")]
    cases += [Case(op, [x]) for op in ("Max", "Sum")]
    cases += [Case(op, [x, number(1.5)]) for op in ("Add", "Sub", "Mul", "Div")]
    cases += [Case(op, [ints(-7, 7, 8), ints(2, -2, 4)]) for op in ("Add", "Mul", "Div", "Mod")]
    cases.append(Case("Mod", [ints(-7, 7, 8), ints(2, -2, 5)], {"fmod": 1}))
    cases.append(Case("Mod", [floats(5), floats(5, low=0.5)], {"fmod": 1}))
    positive = floats(3, 4, low=0.1)
    cases += [Case("Pow", [positive, y]) for y in (number(2), number(0.5), floats(3, 4))]
    cases += [Case("Pow", [positive, ints(2)]), Case("Pow", [floats(3, 4), number(3)])]
    cases.append(Case("PRelu", [floats(2, 3, 4), floats(3, 1)]))
    for op in ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"):
        cases.append(Case(op, [np.round(x), np.round(y)]))
    cases += [Case(op, [truths(3, 4), truths(4)]) for op in ("And", "Or", "Xor")]
    odd = np.array([np.nan, np.inf, -np.inf, 0], np.float32)
    cases += [Case("Not", [truths(3, 4)]), Case("IsNaN", [odd]), Case("IsInf", [odd])]
    cases += [
        Case("IsInf", [odd], {"detect_negative": 0}),
        Case("IsInf", [odd], {"detect_positive": 0}),
    ]
    cases += [Case("Where", [truths(3, 1), floats(3, 4), floats(4)])]
    cases += [
        Case("Clip", [floats(9)], {"min": -1.0, "max": 0.5}, opset=10),
        Case("Clip", [floats(9)], {"max": 0.5}, opset=10),
        Case("Clip", [floats(9), number(-1), number(0.5)]),
        Case("Clip", [floats(9), None, number(0.5)]),
        Case("Clip", [floats(9), number(0)]),
        Case("Clip", [floats(9)]),
        Case("Clip", [ints(-4, 0, 4), np.array(0, np.int64)]),
    ]
    return cases


def _indexing() -> list[Case]:
    table = floats(7, 4)
    return [
        Case("Gather", [table, ints([0, -1], [3, 6])]),
        Case("Gather", [table, ints(0, 2)], {"axis": 1}),
        Case("Gather", [table, np.array(2, np.int64)]),
        Case("Gather", [table, np.array(-1, np.int64)], {"axis": 1}),
        Case("Gather", [floats(2, 3, 4), ints([0, 1])], {"axis": -2}),
        Case("Gather", [ints(4, 5, 6), ints(2, 0)]),
        Case("GatherElements", [table, ints([0, -1, 3, 6], [1, 2, 3, 4])]),
        Case("GatherElements", [table, np.zeros((7, 2), np.int64)], {"axis": 1}),
        Case("GatherND", [floats(2, 3, 4), ints([0, 1], [1, -1])]),
        Case("GatherND", [floats(2, 3), ints([0, 1], [1, 2])]),
        Case("ScatterND", [floats(4, 3), ints([0], [-1]), floats(2, 3)]),
        Case("ScatterND", [floats(4, 3), ints([0, 1], [2, 2]), floats(2)]),
        Case("ScatterND", [floats(4, 3), ints([0], [0]), floats(2, 3)], {"reduction": "add"}),
        Case("ScatterElements", [floats(4, 3), ints([0, 1, -1]), floats(1, 3)]),
        Case("ScatterElements", [floats(4, 3), ints([0, 2]), floats(1, 2)], {"axis": 1}),
        Case(
            "ScatterElements",
            [floats(2, 3), ints([1, 1]), floats(1, 2)],
            {"axis": 1, "reduction": "add"},
        ),
        Case("NonZero", [truths(3, 4)]),
        Case("NonZero", [floats(2, 3, 4)]),
        Case("OneHot", [ints(1, -1, 0), np.array(3, np.int64), floats(2)]),
        Case("OneHot", [ints([1, 2]), np.array(4, np.int64), floats(2)], {"axis": 1}),
        Case("TopK", [floats(3, 6), ints(2)], outputs=2),
        Case("TopK", [floats(3, 6), ints(2)], {"axis": 0, "largest": 0}, outputs=2),
    ]


def _matrix() -> list[Case]:
    signal, kernel = floats(2, 4, 11), floats(6, 4, 3)
    cases = [
        Case("MatMul", [floats(2, 5, 4), floats(4, 3)]),
        Case("MatMul", [floats(2, 5, 4), floats(2, 4, 3)]),
        Case("MatMul", [floats(5, 4), floats(4)]),
        Case("MatMul", [floats(4), floats(4, 3)]),
        Case("Gemm", [floats(5, 4), floats(4, 3), floats(3)]),
        Case("Gemm", [floats(5, 4), floats(4, 3)], {"alpha": 0.5}),
        Case("Gemm", [floats(5, 4), floats(3, 4), floats(5, 3)], {"transB": 1, "beta": 2.0}),
        Case("Gemm", [floats(5, 4), floats(3, 4), floats(1)], {"transB": 1, "alpha": 2.0}),
        Case("Gemm", [floats(4, 5), floats(4, 3), floats(3)], {"transA": 1, "beta": 0.5}),
        Case("Einsum", [floats(2, 3, 4), floats(2, 4, 5)], {"equation": "bij,bjk->bik"}),
        Case("Conv", [signal, kernel, floats(6)]),
        Case("Conv", [signal, kernel], {"strides": [2], "pads": [1, 1]}),
        Case("Conv", [signal, kernel, floats(6)], {"pads": [2, 0], "dilations": [2]}),
        Case("Conv", [signal, floats(4, 1, 5)], {"group": 4, "pads": [2, 2]}),
        Case("Conv", [floats(1, 2, 6, 5), floats(3, 2, 2, 3)], {"pads": [1, 0, 0, 2]}),
    ]
    shape = {"kernel_shape": [3]}
    even = {"kernel_shape": [4], "dilations": [1]}
    for case in list(cases[-5:]):
        case.attributes = {"kernel_shape": list(case.inputs[1].shape[2:])} | case.attributes
    for pad in ("SAME_UPPER", "SAME_LOWER", "VALID"):
        cases.append(Case("Conv", [signal, kernel], {"auto_pad": pad, **shape}))
        cases.append(Case("Conv", [signal, floats(6, 4, 4)], {"auto_pad": pad, **even}))
    turned = floats(4, 6, 3)
    cases += [
        Case("ConvTranspose", [signal, turned, floats(6)], shape),
        Case("ConvTranspose", [signal, turned], {"strides": [2], "pads": [1, 1], **shape}),
        Case("ConvTranspose", [signal, turned], {"strides": [3], "pads": [0, 2], **shape}),
        Case("ConvTranspose", [signal, turned], {"strides": [2], "output_padding": [1], **shape}),
        Case("ConvTranspose", [signal, floats(4, 3, 3)], {"group": 2, "dilations": [2], **shape}),
        Case(
            "ConvTranspose",
            [floats(1, 2, 4, 3), floats(2, 3, 3, 2)],
            {"kernel_shape": [3, 2], "pads": [1, 0, 0, 1], "strides": [2, 1]},
        ),
    ]
    return cases


def _norms() -> list[Case]:
    x, row = floats(2, 3, 4), floats(4)
    cases = [
        Case("LayerNormalization", [x, row, floats(4)], {"epsilon": 1e-3}),
        Case("LayerNormalization", [x, row]),
        Case("LayerNormalization", [x, floats(3, 4), floats(3, 4)], {"axis": 1}),
        Case("RMSNormalization", [x, row], {"epsilon": 1e-3}, opset=23),
        Case("InstanceNormalization", [x, floats(3), floats(3)], {"epsilon": 1e-3}),
        Case("BatchNormalization", [x, *[floats(3, low=0.5) for _ in range(4)]], {"epsilon": 1e-3}),
        Case(
            "GroupNormalization",
            [floats(2, 6, 4), floats(6), floats(6)],
            {"num_groups": 2},
            opset=21,
        ),
        Case(
            "GroupNormalization",
            [floats(2, 6, 4), floats(2), floats(2)],
            {"num_groups": 2},
            opset=18,
        ),
        Case("LpNormalization", [x], {"axis": 1, "p": 2}),
        Case("LpNormalization", [x], {"p": 1}),
        Case("CumSum", [x, np.array(1, np.int64)]),
        Case("CumSum", [x, ints(2)], {"reverse": 1}),
        Case("CumSum", [x, np.array(-1, np.int64)], {"exclusive": 1}),
        Case("CumSum", [x, np.array(0, np.int64)], {"exclusive": 1, "reverse": 1}),
        Case("CumSum", [ints(1, 2, 3), np.array(0, np.int64)]),
    ]
    for op in ("Softmax", "LogSoftmax"):
        cases += [
            Case(op, [x]),
            Case(op, [x], {"axis": 1}),
            Case(op, [x], opset=11),
            Case(op, [x], {"axis": 2}, opset=12),
        ]
    for op in ("ArgMax", "ArgMin"):
        cases += [Case(op, [x]), Case(op, [x], {"axis": -1, "keepdims": 0})]
    for op in "L1 L2 LogSumExp Max Mean Min Prod Sum SumSquare".split():
        cases += [
            Case(f"Reduce{op}", [x], {"axes": [1], "keepdims": 0}, opset=12),
            Case(f"Reduce{op}", [x], {"axes": [0, -1]}, opset=12),
            Case(f"Reduce{op}", [x], opset=12),
            Case(f"Reduce{op}", [x, ints(1, 2)], {"keepdims": 0}, opset=18),
            Case(f"Reduce{op}", [x, ints()], {"keepdims": 0}, opset=18),
            Case(f"Reduce{op}", [x], {"noop_with_empty_axes": 1}, opset=18),
        ]
    return cases


def _recurrent() -> list[Case]:
    cases = []
    for op, gates in (("LSTM", 4), ("GRU", 3)):
        more = {} if op == "LSTM" else {"linear_before_reset": 1}
        for direction in ("forward", "reverse", "bidirectional"):
            d = 2 if direction == "bidirectional" else 1
            hidden, size = 5, 3
            inputs = [floats(6, 2, size), floats(d, gates * hidden, size)]
            inputs += [floats(d, gates * hidden, hidden), floats(d, 2 * gates * hidden)]
            states = [None, floats(d, 2, hidden), floats(d, 2, hidden)][: 4 - (op == "GRU")]
            states = states if op == "LSTM" else states[:2]
            attributes = {"hidden_size": hidden, "direction": direction, **more}
            outputs = 3 if op == "LSTM" else 2
            cases.append(Case(op, inputs, attributes, outputs=outputs, computed=False))
            cases.append(Case(op, inputs[:3], attributes, outputs=outputs, computed=False))
            given = [*inputs, *states]
            cases.append(Case(op, given, attributes, outputs=outputs, computed=False))
    return cases


def _shapes() -> list[Case]:
    x = floats(2, 3, 4)
    cases = [
        Case("Cast", [x], {"to": 7}),
        Case("Cast", [ints(0, 1, 3)], {"to": 1}),
        Case("Cast", [floats(4)], {"to": 9}),
        Case("CastLike", [ints(0, 1, 3), floats(1)]),
        Case("Concat", [x, floats(2, 1, 4)], {"axis": 1}),
        Case("Concat", [x, x, x], {"axis": -1}),
        Case("ConstantOfShape", [ints(2, 3)]),
        Case("ConstantOfShape", [ints(2, 0)]),
        Case("ConstantOfShape", [ints(2)], {"value": np.array([7], np.int64)}),
        Case("DepthToSpace", [floats(1, 8, 2, 3)], {"blocksize": 2}),
        Case("DepthToSpace", [floats(1, 8, 2, 3)], {"blocksize": 2, "mode": "CRD"}),
        Case("SpaceToDepth", [floats(1, 2, 4, 6)], {"blocksize": 2}),
        Case("Expand", [floats(3, 1), ints(2, 1, 4)]),
        Case("Expand", [floats(3, 4), ints(1)]),
        Case("EyeLike", [floats(3, 4)]),
        Case("EyeLike", [floats(4, 4)], {"k": 1, "dtype": 7}),
        Case("EyeLike", [floats(4, 4)], {"k": -1}),
        Case("Flatten", [x]),
        Case("Flatten", [x], {"axis": 0}),
        Case("Flatten", [x], {"axis": 3}),
        Case("Flatten", [x], {"axis": -1}),
        Case("Range", [np.array(v, np.int64) for v in (2, 11, 3)]),
        Case("Range", [np.array(v, np.int64) for v in (5, 0, -2)]),
        Case("Range", [np.array(v, np.float32) for v in (0, 1, 0.25)]),
        Case("Reshape", [x, ints(0, -1)]),
        Case("Reshape", [x, ints(4, 6)]),
        Case("Reshape", [floats(0, 3), ints(3, 0)], {"allowzero": 1}),
        Case("Shape", [x]),
        Case("Shape", [x], {"start": 1}),
        Case("Shape", [x], {"start": -2, "end": -1}),
        Case("Size", [x]),
        Case("Slice", [x], {"starts": [0, 1], "ends": [1, 9], "axes": [0, 2]}, opset=9),
        Case("Slice", [x, ints(1), ints(3), ints(2)]),
        Case("Slice", [x, ints(-1), ints(-9), ints(1), ints(-1)]),
        Case("Slice", [x, ints(0), ints(4), ints(-1), ints(2)]),
        Case("Slice", [x, ints(0, 1), ints(2, 3)]),
        Case("Slice", [x, ints(3), ints(1), ints(1)]),
        Case("Split", [floats(4, 6)], {"split": [1, 3], "axis": 0}, opset=11, outputs=2),
        Case("Split", [floats(4, 6), ints(2, 4)], {"axis": 1}, outputs=2),
        Case("Split", [floats(4, 6)], {"axis": -1}, outputs=3),
        Case("Split", [floats(7)], {"num_outputs": 3}, outputs=3, opset=18),
        Case("Squeeze", [floats(1, 3, 1)], {"axes": [0]}, opset=11),
        Case("Squeeze", [floats(1, 3, 1), ints(-1)]),
        Case("Squeeze", [floats(1, 3, 1)]),
        Case("Tile", [floats(2, 3), ints(2, 3)]),
        Case("Transpose", [x]),
        Case("Transpose", [x], {"perm": [1, 0, 2]}),
        Case("Trilu", [floats(4, 5)]),
        Case("Trilu", [floats(2, 4, 5), np.array(-1, np.int64)], {"upper": 0}),
        Case("Trilu", [floats(4, 5), np.array(2, np.int64)]),
        Case("Unsqueeze", [floats(3)], {"axes": [0, 2]}, opset=11),
        Case("Unsqueeze", [floats(3), ints(-1, 0)]),
        Case("Pad", [x], {"pads": [0, 1, 0, 0, 0, 2], "value": 3.0}, opset=9),
        Case("Pad", [x, ints(0, 1, 0, 1, 0, 2)]),
        Case("Pad", [x, ints(0, -1, 0, 1, 0, -1), number(2)]),
        Case("Pad", [ints(1, 2, 3), ints(1, 2), np.array(9, np.int64)]),
        Case("Pad", [x, ints(1, 2), None, ints(-1)], opset=18, computed=False),
    ]
    for mode in ("reflect", "edge"):
        cases += [
            Case("Pad", [floats(2, 3, 4, 5), ints(0, 0, 1, 2, 0, 0, 2, 0)], {"mode": mode}),
            Case("Pad", [floats(2, 5), ints(0, 2, 0, 3)], {"mode": mode}),
            Case("Pad", [floats(3, 4, 5), ints(0, 2, 0, 0, 1, 0)], {"mode": mode}),
        ]
    cases.append(Case("Pad", [floats(2, 5), ints(0, 2, 0, 3)], {"mode": "wrap"}, opset=19))
    return cases


def _signals() -> list[Case]:
    x, none = floats(1, 2, 6), None
    cases = []
    for how in ("asymmetric", "half_pixel", "pytorch_half_pixel", "align_corners"):
        for mode in ("nearest", "linear"):
            options = {"coordinate_transformation_mode": how, "mode": mode}
            cases += [
                Case("Resize", [x, none, np.array([1, 1, 2.5], np.float32)], options),
                Case("Resize", [x, none, none, ints(1, 2, 4)], options),
            ]
    for rounding in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"):
        options = {"mode": "nearest", "nearest_mode": rounding}
        scales = np.array([1, 1, 1.5, 2], np.float32)
        cases.append(Case("Resize", [floats(1, 1, 4, 3), none, scales], options))
    scales = np.array([1, 1, 3], np.float32)
    window = np.hanning(8).astype(np.float32)
    signal = floats(2, 40, 1)
    cases += [
        Case("Resize", [x, scales], {"mode": "nearest"}, opset=10),
        Case("Resize", [x, scales], {"mode": "linear"}, opset=10),
        Case("Resize", [x, none, none, ints(9)], {"axes": [2], "mode": "linear"}, opset=18),
        Case("Upsample", [x, scales], {"mode": "nearest"}, opset=9),
        Case("STFT", [signal, np.array(4, np.int64), window], computed=False),
        Case("STFT", [signal, np.array(4, np.int64), window], {"onesided": 0}, computed=False),
        Case("STFT", [signal, np.array(3, np.int64), none, np.array(8, np.int64)], computed=False),
        Case("GlobalAveragePool", [floats(2, 3, 4, 5)]),
        Case("GlobalMaxPool", [floats(2, 3, 4)]),
    ]
    kernel = {"kernel_shape": [3], "strides": [2]}
    for op in ("AveragePool", "MaxPool"):
        cases += [
            Case(op, [floats(1, 2, 9)], kernel),
            Case(op, [floats(1, 2, 9)], {"pads": [1, 1], **kernel}),
            Case(op, [floats(1, 2, 8)], {"ceil_mode": 1, **kernel}),
            Case(op, [floats(1, 2, 6, 5)], {"kernel_shape": [2, 3]}),
        ]
    cases.append(Case("AveragePool", [x], {"pads": [1, 1], "count_include_pad": 1, **kernel}))
    cases.append(Case("MaxPool", [x], {"kernel_shape": [2], "dilations": [2]}))
    return cases


CASES = [
    *_unary(),
    *_binary(),
    *_indexing(),
    *_matrix(),
    *_norms(),
    *_recurrent(),
    *_shapes(),
    *_signals(),
]
