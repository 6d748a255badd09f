import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx import helper, numpy_helper

from lightning_v2.onnx.errors import OnnxError
from lightning_v2.onnx.network import OnnxNetwork
from lightning_v2.onnx.operations import OPERATIONS
from tests.onnx.files import by_executor, by_onnxruntime, model, node, saved
from tests.onnx.operations.cases import CASES, Case, floats, ints

OURS = {"Interpolate", "Linear", "Silu", "Standardize", "TransposeLast"}
"""Which folding and expansions put in (test_fusions.py, test_expansions.py)."""
RANDOM = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
"""Whose values are no one else's (test_noise.py)."""


def made(case: Case, known: bool):
    """The model of a case and the values of its inputs."""
    names = [f"x{i}" if x is not None else "" for i, x in enumerate(case.inputs)]
    values = {name: x for name, x in zip(names, case.inputs, strict=True) if x is not None}
    inputs = {name: x for name, x in values.items() if not known or name == names[0]}
    constants = {name: x for name, x in values.items() if name not in inputs}
    outputs = [f"y{i}" for i in range(case.outputs)]
    made = node(case.op, " ".join(name or "-" for name in names), " ".join(outputs))
    for key, value in case.attributes.items():
        value = numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value
        made.attribute.append(helper.make_attribute(key, value))
    return model([made], inputs, outputs, constants, case.opset), inputs


def test_every_operation_has_a_case():
    assert {case.op for case in CASES} == OPERATIONS.keys() - OURS - RANDOM


FORMS = [(case, True) for case in CASES]
FORMS += [(case, False) for case in CASES if case.computed and len(case.inputs) > 1]


@pytest.mark.parametrize(
    ("case", "known"),
    FORMS,
    ids=[f"{case}-{'known' * known or 'computed'}" for case, known in FORMS],
)
def test_like_onnxruntime(case, known, tmp_path):
    proto, inputs = made(case, known)
    expected = by_onnxruntime(proto, inputs)
    (tmp_path / "one.onnx").write_bytes(proto.SerializeToString())
    found = by_executor(tmp_path / "one.onnx", inputs)
    assert len(found) == len(expected)
    for x, y in zip(found, expected, strict=True):
        assert x.dtype == y.dtype
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=2e-6)


@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3), st.data())
def test_shapes_of_two_operands(tmp_path_factory, shapes, data):
    x, y = (floats(*shape) for shape in shapes.input_shapes)
    known = data.draw(st.booleans())
    inputs, constants = ({"x": x}, {"y": y}) if known else ({"x": x, "y": y}, {})
    path = tmp_path_factory.mktemp("sum") / "sum.onnx"
    saved(path, [node("Add", "x y", "z")], inputs, ["z"], constants)
    assert np.array_equal(by_executor(path, inputs)[0], x + y)


@given(*(st.integers(-9, 9) for _ in range(2)), st.integers(-3, 3).filter(bool), st.integers(-2, 1))
def test_slices(tmp_path_factory, start, end, step, axis):
    x = floats(4, 5)
    names = ("starts", "ends", "axes", "steps")
    constants = {k: ints(v) for k, v in zip(names, (start, end, axis, step), strict=True)}
    path = tmp_path_factory.mktemp("slice") / "slice.onnx"
    saved(path, [node("Slice", "x starts ends axes steps", "z")], {"x": x}, ["z"], constants)
    cut = [slice(None)] * 2
    cut[axis] = slice(start, end, step)
    expected = by_onnxruntime(path, {"x": x})[0]
    assert np.array_equal(by_executor(path, {"x": x})[0], expected)


REFUSED = [
    (Case("GatherND", [floats(2, 3), ints([0], [1])], {"batch_dims": 1}), "batch_dims"),
    (Case("ScatterND", [floats(3), ints([0]), floats(1)], {"reduction": "mul"}, 18), "'mul'"),
    (
        Case("ScatterElements", [floats(3), ints(0), floats(1)], {"reduction": "max"}, 18),
        "'max'",
    ),
    (Case("ArgMax", [floats(3)], {"select_last_index": 1}), "the last of equal values"),
    (Case("Resize", [floats(1, 1, 4), None, floats(3)], {"mode": "cubic"}), "'cubic'"),
    (Case("Resize", [floats(1, 1, 4), None, floats(3)], {"antialias": 1}, 18), "filters"),
    (Case("Pad", [floats(3), ints(1, 1)], {"mode": "odd"}), "'odd'"),
    (Case("MaxPool", [floats(1, 1, 4)], {"kernel_shape": [2]}, outputs=2), "where its values"),
    (
        Case("AveragePool", [floats(1, 1, 4)], {"kernel_shape": [2], "dilations": [2]}, 19),
        "skips values",
    ),
    (Case("MaxPool", [floats(1, 1, 4)], {"kernel_shape": [2], "pads": [1, 0]}), "one side"),
    (
        Case("GRU", [floats(2, 1, 3), floats(1, 6, 3), floats(1, 6, 2)], {"hidden_size": 2}),
        "linear_before_reset",
    ),
    (
        Case(
            "LSTM",
            [floats(2, 1, 3), floats(1, 8, 3), floats(1, 8, 2)],
            {"hidden_size": 2, "layout": 1},
        ),
        "batch first",
    ),
    (
        Case(
            "ConvTranspose",
            [floats(1, 2, 4), floats(2, 2, 3)],
            {"kernel_shape": [3], "output_shape": [6]},
        ),
        "output_shape",
    ),
    (
        Case("LayerNormalization", [floats(2, 3), floats(3)], outputs=2),
        "mean and deviation",
    ),
]


@pytest.mark.parametrize(("case", "words"), REFUSED, ids=lambda x: getattr(x, "op", ""))
def test_what_is_not_known_is_refused_before_a_run(case, words, tmp_path):
    path = tmp_path / "refused.onnx"
    path.write_bytes(made(case, known=True)[0].SerializeToString())
    with pytest.raises(OnnxError, match=rf"node y0 \({case.op}, opset {case.opset}\).*{words}"):
        OnnxNetwork.load(path)
