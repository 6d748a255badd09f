from lightning_v2.deployment.observed.readable import origin, readable
from lightning_v2.deployment.observed.report import Report, StageReport


def stage(**changes):
    figures = {
        "stage": "wave",
        "bucket": "frames 256",
        "source": "mock",
        "board": "n150",
        "arch": "wormhole_b0",
        "ttnn_version": "0.81.1",
        "programs": 30,
        "by_operation": {},
        "program_keys": ("a", "b"),
        "peak_l1_bytes": 100 * 1024,
        "peak_l1_tensor_bytes": 4000,
        "l1_bytes": 400 * 1024,
        "dram_read_bytes": 3 * 2**20,
        "dram_written_bytes": 2**19,
        "uploads": 1,
        "host_to_device_bytes": 7 * 1024,
        "downloads": 2,
        "device_to_host_bytes": 9 * 1024,
        "setup_bytes": 4,
    }
    return StageReport(**figures | changes)


def test_units():
    (row,) = readable(Report([stage()])).to_dict("records")
    assert row == {
        "stage": "wave",
        "bucket": "frames 256",
        "programs": "30 (2)",
        "peak L1 a core, KiB": "100",
        "of L1": "25%",
        "DRAM, MiB": "3.00 + 0.50",
        "to device, KiB": "7 in 1",
        "to host, KiB": "9 in 2",
    }


def test_origin():
    words = origin(Report([stage(), stage(source="simulator")]))
    assert "measured by graph capture on a mock device" in words
    assert "the simulator" in words
    assert "DRAM traffic modelled" in words
