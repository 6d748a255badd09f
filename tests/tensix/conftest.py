import json
from pathlib import Path

import numpy as np
import pytest

from lightning_v2 import tensix

GOLDEN = Path(__file__).parents[2] / "data" / "golden"
STORED = {"f32": "float32", "bf16": "bfloat16", "bfp8": "bfloat8_b", "bfp4": "bfloat4_b"}


def golden_files(pattern):
    """Names of the golden files that match a glob."""
    return sorted(path.stem for path in GOLDEN.glob(f"{pattern}.npz"))


def read_golden(name):
    """One golden file: (arrays by name, attributes)."""
    with np.load(GOLDEN / f"{name}.npz") as file:
        arrays = {key: file[key] for key in file.files if key != "attrs"}
        return arrays, json.loads(str(file["attrs"]))


@pytest.fixture
def golden():
    return read_golden


@pytest.fixture
def matmul_files():
    return golden_files("matmul_*")


@pytest.fixture
def fast():
    with tensix.use(tier="fast"):
        yield
