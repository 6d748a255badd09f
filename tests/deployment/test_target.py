import pytest

from tests.deployment.device_process import run_on_mock


def product(device):
    import torch
    import ttnn

    def upload(x, dtype):
        return ttnn.from_torch(x, dtype, layout=ttnn.TILE_LAYOUT, device=device.handle)

    y = ttnn.linear(
        upload(torch.ones(32, 256), ttnn.bfloat16), upload(torch.ones(256, 64), ttnn.bfloat8_b)
    )
    y = ttnn.layer_norm(ttnn.gelu(y))
    return {
        "board": device.board,
        "arch": device.arch,
        "grid": device.grid,
        "shape": list(ttnn.to_torch(y).shape),
        "can_trace": device.can_trace,
    }


@pytest.mark.parametrize(
    "board, arch, grid",
    [
        ("n150", "wormhole_b0", [8, 8]),
        ("n300", "wormhole_b0", [8, 7]),
        ("p100", "blackhole", [11, 10]),
        ("p150", "blackhole", [11, 10]),
    ],
)
def test_mock_of_every_board(board, arch, grid):
    assert run_on_mock(board, product) == {
        "board": board,
        "arch": arch,
        "grid": grid,
        "shape": [32, 64],
        "can_trace": False,
    }
