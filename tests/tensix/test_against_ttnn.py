"""Host packing against ttnn itself: its `from_torch` and `to_torch` need no device, only the
description of a board."""

import numpy as np
import pytest
import torch

from lightning_v2.deployment import mock
from lightning_v2.tensix.numbers.formats import pack_host
from lightning_v2.tensix.numbers.sites import FIDELITIES
from lightning_v2.tensix.numbers.tensor import from_torch
from lightning_v2.tensix.ops.elementwise import BINARY
from lightning_v2.tensix.ops.unary import UNARY
from tests.deployment.device_process import run_alone

FORMATS = ("bfloat16", "bfloat8_b", "bfloat4_b")


def pack(given, stored):
    """Values of the file `given` through every format into the file `stored`."""
    import ttnn

    values = torch.from_numpy(np.load(given))

    def through(name, x=values):
        packed = ttnn.from_torch(x, dtype=getattr(ttnn, name), layout=ttnn.TILE_LAYOUT)
        return ttnn.to_torch(packed).float().numpy()

    extremes = {f"{name} of extremes": through(name, extreme_values()) for name in FORMATS}
    np.savez(stored, **{name: through(name) for name in FORMATS}, **extremes)
    fidelities = [name for name in dir(ttnn.MathFidelity) if name.startswith(("LoFi", "HiFi"))]
    return {"fidelities": fidelities, "names": dir(ttnn)}


def extreme_values():
    """Infinities, NaN of all kinds, denormals, -0 and the largest numbers: (1, 16)."""
    patterns = (
        *(0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00000, 0x7F800001, 0xFF800001, 0x7FC10000),
        *(0xFFFFFFFF, 0x80000000, 0x00010000, 0x80010000, 0x00018000, 0x007FFFFF, 0x00400000),
        *(0x7F7FFFFF, 0xFF7FFFFF),
    )
    return torch.from_numpy(np.array([patterns], np.uint32).view(np.float32))


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


@pytest.mark.parametrize("name", FORMATS)
def test_extreme_values_are_packed_as_ttnn_does(packed, name):
    found = from_torch(extreme_values(), name).values.numpy()
    assert found.tobytes() == packed[0][f"{name} of extremes"].tobytes()


def test_fidelities_are_ttnns(packed):
    assert set(packed[1]["fidelities"]) == set(FIDELITIES)


def test_operations_have_ttnns_names(packed):
    unary = {row.name for row in UNARY.values() if not row.is_variant}
    assert {*unary, *BINARY} <= set(packed[1]["names"])
