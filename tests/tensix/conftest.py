import json
from pathlib import Path

import numpy as np
import pytest

GOLDEN = Path(__file__).parents[2] / "data" / "golden"


@pytest.fixture
def golden():
    """Reader of one golden file: (arrays by name, attributes)."""

    def read(name):
        with np.load(GOLDEN / f"{name}.npz") as file:
            arrays = {key: file[key] for key in file.files if key != "attrs"}
            return arrays, json.loads(str(file["attrs"]))

    return read


@pytest.fixture
def matmul_files():
    return sorted(path.stem for path in GOLDEN.glob("matmul_*.npz"))
