from tests.deployment.device_process import run_on_mock


def tensors_of(device):
    import torch
    import ttnn

    def upload(x, **where):
        kind = {"dtype": ttnn.bfloat16, "layout": ttnn.TILE_LAYOUT} | where
        return ttnn.from_torch(x, device=device.handle, **kind)

    return torch, ttnn, upload


def endings(device):
    from lightning_v2.deployment.device.capture import capture

    torch, ttnn, upload = tensors_of(device)
    x = upload(torch.ones(32, 32))
    told = {}
    try:
        with capture(device) as failed:
            ttnn.add(x, upload(torch.ones(64, 48)))
    except RuntimeError:
        told["active after an error"] = ttnn.graph.is_graph_capture_active()
        told["graph of a failure"] = hasattr(failed, "graph")
    with capture(device) as outer:
        try:
            with capture(device):
                pass
        except RuntimeError as error:
            told["nested"] = str(error)
        ttnn.gelu(x)
    told["outer"] = [step.name for step in outer.graph.steps]
    with capture(device) as empty:
        pass
    told["empty"] = len(empty.graph.steps)
    return told


def test_a_capture_always_ends():
    assert run_on_mock("n150", endings) == {
        "active after an error": False,
        "graph of a failure": False,
        "nested": "a graph capture is running already; ttnn records one at a time",
        "outer": ["UnaryDeviceOperation"],
        "empty": 0,
    }


def planned(device):
    from lightning_v2.deployment.device.capture import capture

    torch, ttnn, upload = tensors_of(device)

    def stage():
        x = upload(torch.ones(1, 64, 128))
        y = ttnn.gelu(ttnn.add(x, x))
        # Its program comes with a table of its own.
        y = ttnn.reshape(y, (1, 64, 2, 64))
        return ttnn.to_torch(ttnn.gelu(ttnn.add(x, x)))

    with capture(device) as captured:
        stage()
    steps = captured.graph.steps
    return {
        "steps": [(step.kind, step.name) for step in steps],
        "cores": [step.cores > 0 for step in steps if step.kind == "operation"],
        "programs": device.handle.num_program_cache_entries(),
    }


def test_what_a_capture_tells():
    told = run_on_mock("n150", planned)
    assert [tuple(step) for step in told["steps"]] == [
        ("upload", "Tensor::to_device"),
        ("operation", "BinaryNgDeviceOperation"),
        ("operation", "UnaryDeviceOperation"),
        ("setup", "Tensor::to_device"),
        ("operation", "ReshapeViewDeviceOperation"),
        ("operation", "BinaryNgDeviceOperation"),
        ("operation", "UnaryDeviceOperation"),
        ("download", "Tensor::cpu"),
    ]
    assert told["cores"] == [True] * 5
    assert told["programs"] == 0
