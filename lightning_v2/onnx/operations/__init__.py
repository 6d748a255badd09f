"""ONNX operations as torch functions, by the kind of what they do."""

from lightning_v2.onnx.operations.arithmetic import ARITHMETIC
from lightning_v2.onnx.operations.indexing import INDEXING
from lightning_v2.onnx.operations.matrix import MATRIX
from lightning_v2.onnx.operations.noise import NOISE
from lightning_v2.onnx.operations.norms import NORMS
from lightning_v2.onnx.operations.recurrent import RECURRENT
from lightning_v2.onnx.operations.shapes import SHAPES
from lightning_v2.onnx.operations.signals import SIGNALS

OPERATIONS = {
    **ARITHMETIC,
    **INDEXING,
    **MATRIX,
    **NOISE,
    **NORMS,
    **RECURRENT,
    **SHAPES,
    **SIGNALS,
}
"""Operator -> what it is as a torch function."""
