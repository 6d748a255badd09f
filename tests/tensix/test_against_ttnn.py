"""Host packing against ttnn itself: its `from_torch` and `to_torch` need no device, only a cluster
description. In a process of its own, because ttnn ends or hangs a process on errors."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from lightning_v2.tensix.formats import pack_host
from lightning_v2.tensix.sites import FIDELITIES

FORMATS = ("bfloat16", "bfloat8_b", "bfloat4_b")

IN_TTNN = """
import sys
import numpy as np, torch, ttnn
values = torch.from_numpy(np.load(sys.argv[1]))
def through(name):
    stored = ttnn.from_torch(values, dtype=getattr(ttnn, name), layout=ttnn.TILE_LAYOUT)
    return ttnn.to_torch(stored).float().numpy()
packed = {name: through(name) for name in sys.argv[3].split(",")}
fidelities = [name for name in dir(ttnn.MathFidelity) if name.startswith(("LoFi", "HiFi"))]
np.savez(sys.argv[2], fidelities=fidelities, **packed)
"""


@pytest.fixture(scope="module")
def values():
    """Weights as they come, values over many binades, exact ties, and zeros: (96, 64)."""
    generator = np.random.default_rng(0)
    normal = generator.standard_normal((32, 64))
    spread = normal * np.exp2(generator.integers(-20, 20, (32, 64)))
    ties = generator.integers(-512, 512, (32, 64)) / 4.0
    ties[::3, ::2] = 0
    return np.concatenate([normal, spread, ties]).astype(np.float32)


@pytest.fixture(scope="module")
def packed(values, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ttnn")
    np.save(folder / "values.npy", values)
    done = subprocess.run(
        [sys.executable, "-c", IN_TTNN, "values.npy", "packed.npz", ",".join(FORMATS)],
        cwd=folder,
        timeout=240,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "TT_METAL_MOCK_CLUSTER_DESC_PATH": str(Path(__file__).parent / "wormhole_n150.yaml"),
            "TT_METAL_LOGGER_LEVEL": "FATAL",
        },
    )
    assert (folder / "packed.npz").exists(), done.stderr[-2000:]
    with np.load(folder / "packed.npz") as stored:
        return dict(stored)


@pytest.mark.parametrize("name", FORMATS)
def test_host_packing_is_ttnns(values, packed, name):
    assert np.array_equal(pack_host(torch.from_numpy(values), name).numpy(), packed[name])


def test_fidelities_are_ttnns(packed):
    assert set(packed["fidelities"]) == set(FIDELITIES)
