import pytest

from lightning_v2.deployment import rehearse
from lightning_v2.deployment.observed.step import DOWNLOAD, OPERATION, UPLOAD, Step
from lightning_v2.economics.board import board
from lightning_v2.economics.program_time import program_time
from lightning_v2.economics.sentence import Cost, Stage, alone_bytes, buckets_of, costs
from lightning_v2.errors import ArgumentError
from tests.economics.programs import DRAM, cut, elementwise, product, round_board, tensor

STAGES = (
    Stage("encode", "phones 64, batch 8", 1, (product(),), 2, 4000, 1, 1000, (500, 700)),
    Stage("speech", "frames 256, phones 64, batch 4", 2, (product(), elementwise())),
)


@pytest.fixture
def cost():
    return Cost("lark", "bf16", round_board(), 8, 2.5, STAGES)


def test_a_batch_is_its_stages_as_often_as_they_run(cost):
    one = program_time(product(), cost.board).total
    two = one + program_time(elementwise(), cost.board).total
    host = 3 * 7e-6 + 4000 / 10e9 + 1000 / 5e9
    assert cost.latency_s == pytest.approx(one + 2 * two + host)
    assert cost.time.host == pytest.approx(host)
    assert cost.programs == 5


def test_speech_a_second_is_that_of_all_chips(cost):
    assert cost.speech_s_per_s == pytest.approx(8 * 2.5 / cost.latency_s)
    two = Cost("lark", "bf16", board("n300"), 8, 2.5, STAGES)
    assert two.speech_s_per_s == pytest.approx(2 * 8 * 2.5 / two.latency_s)


def test_a_stream_waits_for_a_batch_and_its_own(cost):
    assert cost.streams(2.1 * cost.latency_s) == int(cost.speech_s_per_s)
    assert cost.streams(1.9 * cost.latency_s) == 0


def test_dram_with_and_without_multicast_and_with_weights_at_home(cost):
    weights = 256 * 128 * 2
    assert cost.dram_bytes() == 3 * weights
    # Two rows of cores each read the weights.
    assert cost.dram_bytes(multicast=False) == 3 * 2 * weights
    assert cost.dram_bytes(resident=True) == 0
    assert cost.constant_bytes == 1200


def test_each_core_that_reads_for_itself_counts():
    x = tensor(128, 256, memory=DRAM)
    made = product(cut(share_m=1, share_n=4), operands=(x, tensor(256, 128, memory=DRAM)))
    assert alone_bytes(made) == x.bytes + 4 * 256 * 128 * 2
    assert alone_bytes(elementwise(dram_read_bytes=7)) == 7


def test_without_traces_the_host_issues_every_program(cost):
    issued = Cost("lark", "bf16", round_board(), 8, 2.5, STAGES, traced=False)
    assert issued.latency_s > cost.latency_s + 5 * 40e-6
    assert "call by call" in issued.provenance


def test_it_says_that_nothing_ran(cost):
    assert "not run on silicon" in cost.provenance


def test_a_stage_runs_as_often_as_its_batch_needs():
    x, bias = tensor(64, 64, memory=DRAM), tensor(1, 64, memory=DRAM)
    added = (x, bias), (x,), (None, None)
    steps = (
        Step(UPLOAD, "", "to_device", (), (x,), ()),
        Step(OPERATION, "ttnn.add", "BinaryNgDeviceOperation", *added, cores=2),
        Step(DOWNLOAD, "", "cpu", (x,), (), (1,)),
    )
    stage = Stage.of("speech", "frames 256, phones 64, batch 4", steps, 9)
    assert stage.runs == 3
    assert (stage.uploads, stage.upload_bytes) == (1, x.bytes)
    assert (stage.downloads, stage.download_bytes) == (1, x.bytes)
    assert [program.call for program in stage.programs] == ["add"]
    assert stage.constants == (bias.bytes,)
    assert Stage.of("encode", "phones 64", steps, 3).runs == 3


def test_no_other_board_is_known():
    with pytest.raises(ArgumentError, match="n300"):
        costs("bf16", "n301")


@pytest.fixture(scope="module")
def rehearsal():
    # Some seconds: the only way to know what ttnn plans.
    return rehearse("lightning-v2", "n150", buckets=buckets_of(128, 1))


def test_memory_and_traffic_are_those_of_the_captured_graph(rehearsal):
    found = costs("lightning-v2", "n150", frames=128, rehearsal=rehearsal)
    totals = rehearsal.report.totals()
    assert found.programs == totals["programs"]
    assert found.dram_bytes() == totals["dram_read_bytes"] + totals["dram_written_bytes"]
    assert sum(s.upload_bytes for s in found.stages) == totals["host_to_device_bytes"]
    assert sum(s.download_bytes for s in found.stages) == totals["device_to_host_bytes"]
    assert sum(s.uploads for s in found.stages) == totals["uploads"]
    for stage, report in zip(found.stages, rehearsal.report.stages, strict=True):
        assert len(stage.programs) == report.programs
        kept = sum(x.dram_read_bytes for x in stage.programs)
        assert kept == report.dram_read_bytes
    assert found.dram_bytes(multicast=False) > found.dram_bytes()
    assert 0 < found.dram_bytes(resident=True) < found.dram_bytes()


def test_a_real_deployment_has_a_time(rehearsal):
    found = costs("lightning-v2", "n150", frames=128, rehearsal=rehearsal)
    assert found.board.grid == rehearsal.grid
    # 128 frames of 300 samples at 24 kHz.
    assert found.seconds_each == pytest.approx(128 * 300 / 24000)
    rows = found.table
    assert len(rows) == found.programs + len(found.stages)
    assert (rows["us"] > 0).all()
    products = rows[rows["kind"] == "product"]
    assert (products["engine_us"] > 0).all()
