"""Host packing against ttnn itself: its `from_torch` and `to_torch` need no device, only the
description of a board."""

import numpy as np
import pytest
import torch

from lightning_v2.deployment import mock
from lightning_v2.tensix.numbers.formats import pack_host
from lightning_v2.tensix.numbers.sites import FIDELITIES
from lightning_v2.tensix.ops.elementwise import BINARY
from lightning_v2.tensix.ops.unary import UNARY
from tests.deployment.device_process import run_alone

FORMATS = ("bfloat16", "bfloat8_b", "bfloat4_b")


def pack(given, stored):
    """Values of the file `given` through every format into the file `stored`."""
    import ttnn

    values = torch.from_numpy(np.load(given))

    def through(name):
        packed = ttnn.from_torch(values, dtype=getattr(ttnn, name), layout=ttnn.TILE_LAYOUT)
        return ttnn.to_torch(packed).float().numpy()

    np.savez(stored, **{name: through(name) for name in FORMATS})
    fidelities = [name for name in dir(ttnn.MathFidelity) if name.startswith(("LoFi", "HiFi"))]
    return {"fidelities": fidelities, "names": dir(ttnn)}


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
    """(arrays by format, names of fidelities and of all else), by ttnn."""
    given, stored = (str(tmp_path_factory.mktemp("ttnn") / name) for name in ("a.npy", "b.npz"))
    np.save(given, values)
    told = run_alone(pack, given, stored, timeout_s=240, **mock.environment("n150"))
    with np.load(stored) as arrays:
        return dict(arrays), told


@pytest.mark.parametrize("name", FORMATS)
def test_host_packing_is_ttnns(values, packed, name):
    assert np.array_equal(pack_host(torch.from_numpy(values), name).numpy(), packed[0][name])


def test_fidelities_are_ttnns(packed):
    assert set(packed[1]["fidelities"]) == set(FIDELITIES)


def test_operations_have_ttnns_names(packed):
    unary = {row.name for row in UNARY.values() if not row.is_variant}
    assert {*unary, *BINARY} <= set(packed[1]["names"])
