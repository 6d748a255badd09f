import math

import pytest

from lightning_v2.deployment.observed.report import Report, StageReport
from tests.deployment.device_process import run_on_mock

BOARDS = {"n150": 64, "p150": 110}
"""Board -> cores, and so banks of L1."""

TILE, BLOCK_TILE = 2048, 1088
"""Bytes of a tile in bfloat16 and in bfloat8_b."""


def figures(device):
    """Reports of small stages with known answers, and what ttnn itself says of one."""
    from dataclasses import asdict

    import torch
    import ttnn

    from lightning_v2.deployment.device.capture import capture
    from lightning_v2.deployment.observed.report import StageReport

    l1, dram = ttnn.L1_MEMORY_CONFIG, ttnn.DRAM_MEMORY_CONFIG

    def upload(*shape, dtype=ttnn.bfloat16, where=dram):
        return ttnn.from_torch(
            torch.ones(*shape),
            dtype=dtype,
            layout=ttnn.TILE_LAYOUT,
            device=device.handle,
            memory_config=where,
        )

    sharded = ttnn.create_sharded_memory_config(
        (256, 128), core_grid=ttnn.CoreGrid(y=1, x=8), strategy=ttnn.ShardStrategy.HEIGHT
    )
    x, wide = upload(64, 128), upload(64, 2048)
    weight, bias = upload(128, 256, dtype=ttnn.bfloat8_b), upload(1, 256)
    deep, target, table = upload(2048, 256), upload(64, 128), upload(512, 64)

    def linear():
        ttnn.linear(x, weight, bias=bias, memory_config=dram)

    def to_l1():
        ttnn.matmul(x, weight, memory_config=l1)

    def in_place():
        ttnn.add_(x, x)

    def sliced():
        ttnn.slice(table, [0, 0], [32, 64])

    def interleaved():
        upload(320, 320, where=l1)

    def shards():
        upload(256, 128, where=sharded)

    def gelu_of_shards():
        ttnn.gelu(upload(256, 128, where=sharded))

    def transfers():
        y = upload(64, 128, dtype=ttnn.bfloat8_b)
        host = ttnn.from_torch(torch.ones(64, 128), ttnn.bfloat16, layout=ttnn.TILE_LAYOUT)
        ttnn.copy_host_to_device_tensor(host, target)
        ttnn.copy_device_to_host_tensor(target, host)
        ttnn.to_torch(y)

    def chain():
        y = ttnn.gelu(x, memory_config=l1)
        z = ttnn.layer_norm(y, memory_config=l1)
        ttnn.deallocate(y)
        ttnn.to_torch(ttnn.linear(z, weight, memory_config=l1))

    def planned(stage):
        with capture(device) as captured:
            stage()
        return asdict(StageReport.of(stage.__name__, "small", captured))

    stages = (linear, to_l1, in_place, sliced, interleaved, shards, gelu_of_shards, transfers)
    told = {stage.__name__: planned(stage) for stage in (*stages, chain)}

    ttnn.graph.begin_graph_capture(ttnn.graph.RunMode.NO_DISPATCH)
    chain()
    usage = ttnn.graph.extract_resource_usage_per_core(ttnn.graph.end_graph_capture())
    told["ttnn's own"] = {"peak_l1": usage.peak_l1, "peak_total": usage.peak_total}

    banks = ttnn.get_memory_view(device.handle, ttnn.BufferType.L1).num_banks
    tiles = told["chain"]["l1_bytes"] // 2048 - 40

    def fill():
        """All L1 but 40 tiles of each core, and less than one."""
        kind = {"dtype": ttnn.bfloat16, "layout": ttnn.TILE_LAYOUT, "memory_config": l1}
        return ttnn.empty((32 * tiles * banks, 32), device=device.handle, **kind)

    whole_rows = ttnn.MatmulMultiCoreReuseMultiCast1DProgramConfig(
        compute_with_storage_grid_size=(8, 1),
        in0_block_w=64,
        out_subblock_h=1,
        out_subblock_w=1,
        per_core_M=2,
        per_core_N=1,
        fuse_batch=True,
        fused_activation=None,
        mcast_in0=True,
    )

    def too_much():
        full = fill()
        ttnn.linear(wide, deep, program_config=whole_rows, memory_config=dram)
        return full

    told["too much"] = planned(too_much)
    try:
        too_much()
    except RuntimeError as error:
        told["error of too much"] = str(error)
    full = fill()
    told["beside"] = planned(linear)
    ttnn.deallocate(full)
    told["full"] = tiles * 2048
    return told


@pytest.fixture(scope="module", params=BOARDS)
def board(request):
    return request.param


@pytest.fixture(scope="module")
def told(board):
    return run_on_mock(board, figures)


def test_dram_of_a_linear(told):
    stage = told["linear"]
    assert stage["by_operation"] == {"MatmulDeviceOperation": 1}
    assert stage["dram_read_bytes"] == 8 * TILE + 32 * BLOCK_TILE + 8 * TILE
    assert stage["dram_written_bytes"] == 16 * TILE
    assert (stage["uploads"], stage["downloads"], stage["setup_bytes"]) == (0, 0, 0)


def test_a_result_in_l1_is_not_written_to_dram(told):
    stage = told["to_l1"]
    assert stage["dram_read_bytes"] == 8 * TILE + 32 * BLOCK_TILE
    assert stage["dram_written_bytes"] == 0
    assert stage["peak_l1_tensor_bytes"] == TILE


def test_a_tensor_that_is_every_operand_and_the_result_moves_once_each_way(told):
    stage = told["in_place"]
    assert (stage["dram_read_bytes"], stage["dram_written_bytes"]) == (8 * TILE, 8 * TILE)


def test_a_slice_reads_no_more_than_it_writes(told):
    stage = told["sliced"]
    assert (stage["dram_read_bytes"], stage["dram_written_bytes"]) == (2 * TILE, 2 * TILE)


def test_l1_of_an_interleaved_tensor(told, board):
    stage = told["interleaved"]
    assert stage["programs"] == 0
    assert stage["peak_l1_bytes"] == math.ceil(100 / BOARDS[board]) * TILE
    assert stage["peak_l1_tensor_bytes"] == stage["peak_l1_bytes"]


def test_l1_of_a_sharded_tensor(told):
    assert told["shards"]["peak_l1_bytes"] == 32 * TILE // 8
    # Circular buffers on a shard lie in the shard.
    assert told["gelu_of_shards"]["peak_l1_bytes"] == 2 * 32 * TILE // 8


def test_transfers(told):
    stage = told["transfers"]
    assert (stage["uploads"], stage["downloads"]) == (2, 2)
    assert stage["host_to_device_bytes"] == 8 * BLOCK_TILE + 8 * TILE
    assert stage["device_to_host_bytes"] == 8 * BLOCK_TILE + 8 * TILE
    assert (stage["dram_read_bytes"], stage["dram_written_bytes"]) == (0, 0)


def test_peaks_are_those_that_ttnn_extracts(told):
    stage, own = told["chain"], told["ttnn's own"]
    assert stage["peak_l1_tensor_bytes"] == own["peak_l1"] > 0
    assert stage["peak_l1_bytes"] == own["peak_total"] > own["peak_l1"]


def test_what_lies_in_l1_before_counts(told):
    assert told["beside"]["peak_l1_tensor_bytes"] == told["full"]
    assert told["beside"]["peak_l1_bytes"] == told["full"] + told["linear"]["peak_l1_bytes"]


def test_what_does_not_fit(told):
    assert told["too much"]["peak_l1_tensor_bytes"] == told["full"]
    assert not restored(told["too much"]).fits
    assert "clash with L1 buffers" in told["error of too much"]
    assert restored(told["chain"]).fits


def test_where_it_is_from(told, board):
    stage = told["chain"]
    arch = {"n150": "wormhole_b0", "p150": "blackhole"}[board]
    assert (stage["source"], stage["board"], stage["arch"]) == ("mock", board, arch)
    assert stage["ttnn_version"] == "0.81.1"
    assert (stage["stage"], stage["bucket"]) == ("chain", "small")


def restored(stage):
    return StageReport(**stage | {"program_keys": tuple(stage["program_keys"])})


def stage(name="wave", **changes):
    figures = {
        "stage": name,
        "bucket": "frames 256",
        "source": "mock",
        "board": "n150",
        "arch": "wormhole_b0",
        "ttnn_version": "0.81.1",
        "programs": 3,
        "by_operation": {"MatmulDeviceOperation": 2, "UnaryDeviceOperation": 1},
        "program_keys": ("a", "b"),
        "peak_l1_bytes": 5000,
        "peak_l1_tensor_bytes": 4000,
        "l1_bytes": 10_000,
        "dram_read_bytes": 100,
        "dram_written_bytes": 10,
        "uploads": 1,
        "host_to_device_bytes": 7,
        "downloads": 2,
        "device_to_host_bytes": 9,
        "setup_bytes": 4,
    }
    return StageReport(**figures | changes)


def test_totals_share_programs_and_take_the_largest_peak():
    other = stage("pitch", programs=2, program_keys=("b", "c"), peak_l1_bytes=6000)
    totals = Report([stage(), other]).totals()
    assert totals == {
        "programs": 5,
        "dram_read_bytes": 200,
        "dram_written_bytes": 20,
        "uploads": 2,
        "host_to_device_bytes": 14,
        "downloads": 4,
        "device_to_host_bytes": 18,
        "setup_bytes": 8,
        "distinct_programs": 3,
        "peak_l1_bytes": 6000,
        "peak_l1_tensor_bytes": 4000,
    }


def test_tables():
    report = Report([stage(), stage("pitch", by_operation={"MatmulDeviceOperation": 3})])
    table = report.table()
    assert table.stage.tolist() == ["wave", "pitch"]
    assert table.distinct_programs.tolist() == [2, 2]
    assert table.device_to_host_bytes.tolist() == [9, 9]
    counts = report.by_operation()
    assert counts.loc["UnaryDeviceOperation"].tolist() == [1, 0]
    assert counts.columns.tolist() == ["wave, frames 256", "pitch, frames 256"]


def test_every_figure_says_where_it_is_from():
    words = Report([stage(), stage(source="simulator")]).provenance()
    assert words["mock"] == "measured by graph capture on a mock device"
    assert words["simulator"] == "measured by graph capture on the simulator"
    assert words["dram"].startswith("modelled")


def test_saved_and_loaded(tmp_path):
    path = tmp_path / "report.json"
    report = Report([stage(), stage("pitch", peak_l1_bytes=6000)])
    report.save(path)
    assert Report.load(path).stages == report.stages
    assert "modelled" in path.read_text()


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"stages": [{"stage": "wave"}]}'])
def test_what_is_no_report(tmp_path, text):
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"report\.json"):
        Report.load(path)
