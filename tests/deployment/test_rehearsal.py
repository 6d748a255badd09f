import dataclasses
import pickle
import subprocess
import sys

import pandas as pd
import psutil
import pytest

from lightning_v2.deployment import rehearse
from lightning_v2.deployment.errors import TargetError, UnsupportedError
from lightning_v2.deployment.lowering.buckets import Buckets
from lightning_v2.deployment.rehearsal import RehearsalError, one_process
from lightning_v2.precision import Plan, PlanError

BUCKETS = Buckets.of_frames((128,))
PLANS = ["lightning-v2", "bf16", "lightning-v2"]


def children():
    return psutil.Process().children(recursive=True)


@pytest.fixture(scope="module")
def several():
    """The same plan twice in one process, with another one in between; and how many there were."""
    before = set(children())
    with one_process():
        found = [rehearse(plan, "n150", buckets=BUCKETS) for plan in PLANS]
        during = set(children()) - before
    assert set(children()) <= before
    return found, len(during)


@pytest.fixture(scope="module")
def rehearsal(several):
    return several[0][0]


def test_leaves_ttnn_out_of_this_process(rehearsal):
    assert "ttnn" not in sys.modules
    assert (rehearsal.plan, rehearsal.board, rehearsal.arch) == (
        "lightning-v2",
        "n150",
        "wormhole_b0",
    )
    assert rehearsal.grid == (8, 8)
    assert "mock n150" in rehearsal.provenance


def test_what_one_process_has_rehearsed_before_changes_nothing(several):
    (first, between, again), processes = several
    assert processes == 1
    assert [first.plan, between.plan, again.plan] == PLANS
    for field in dataclasses.fields(first):
        one, other = getattr(first, field.name), getattr(again, field.name)
        if isinstance(one, pd.DataFrame):
            pd.testing.assert_frame_equal(one, other)
        elif field.name == "report":
            assert one.stages == other.stages
        elif field.name != "seconds":
            assert one == other, field.name
    assert not between.programs.equals(first.programs)


def test_operations_are_those_of_the_report(rehearsal):
    stages = rehearsal.report.stages
    assert {stage.stage for stage in stages} == {"encode", "prosody", "speech"}
    for stage in stages:
        rows = rehearsal.operations_of(stage.stage, stage.bucket)
        assert len(rows) == stage.programs > 0
        assert rows["l1_bytes"].max() == stage.peak_l1_bytes


def test_edges_lead_from_node_to_node(rehearsal):
    for stage in rehearsal.report.stages:
        nodes, edges = (
            table[(table["stage"] == stage.stage) & (table["bucket"] == stage.bucket)]
            for table in (rehearsal.nodes, rehearsal.edges)
        )
        assert (nodes["kind"] == "operation").sum() == stage.programs
        assert set(edges["source"]) | set(edges["target"]) <= set(nodes["node"])


def test_each_product_has_the_program_of_least_cycles(rehearsal):
    table = rehearsal.programs
    assert len(table) > 5
    ways = table[["rows_cycles", "columns_cycles", "blocks_cycles"]]
    assert (table["cycles"] == ways.min(axis=1)).all()
    named = [row[f"{row['program']}_cycles"] for row in table.to_dict("records")]
    assert named == list(table["cycles"])
    assert (table[["m", "k", "n"]] % 32 == 0).all(axis=None)
    reasons = zip(table["cycles"], table["reason"], strict=True)
    assert all(f"{cycles} cycles" in reason for cycles, reason in reasons)
    assert set(table["in1"]) >= {"bfloat8_b"}


def test_buckets_by_name(rehearsal):
    bucket = rehearsal.bucket(128)
    assert bucket == "frames 128, phones 32"
    assert rehearsal.stage("encode", bucket).bucket == "phones 32"
    assert rehearsal.stage("speech", bucket).bucket == bucket
    with pytest.raises(ValueError, match="no bucket of 96 frames; there are frames 128"):
        rehearsal.bucket(96)
    with pytest.raises(ValueError, match="no stage 'sing'"):
        rehearsal.stage("sing", bucket)


def test_a_process_that_takes_too_long_is_ended():
    before = set(children())
    with pytest.raises(RehearsalError, match=r"lightning-v2 on a mock p150 took longer than 0.3 s"):
        rehearse("lightning-v2", "p150", buckets=BUCKETS, timeout_s=0.3)
    assert set(children()) <= before


def test_a_process_that_dies(tmp_path, monkeypatch):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho out of luck\nexit 3\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(RehearsalError, match="ended with status 3; it printed:\nout of luck"):
        rehearse("lightning-v2", buckets=BUCKETS)


def test_after_one_that_died_another_process_is_asked(tmp_path, monkeypatch):
    python, log = tmp_path / "python", tmp_path / "log"
    python.write_text(f"#!/bin/sh\necho begun >> {log}\nexit 3\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with one_process():
        for plan in ("lightning-v2", "bf16"):
            with pytest.raises(RehearsalError, match=f"plan {plan} .* ended with status 3"):
                rehearse(plan, buckets=BUCKETS)
    assert log.read_text().split() == ["begun"] * 2


def test_errors_of_the_process_are_raised_here(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a space"))
    with pytest.raises(TargetError, match="because of the space") as caught:
        rehearse("lightning-v2", buckets=BUCKETS)
    assert "XDG_CACHE_HOME" in caught.value.next_step


def test_a_voice_that_no_device_can_run_says_so():
    with pytest.raises(UnsupportedError, match=r"bf16 cannot run on n150: in MatMul at enc_p\."):
        rehearse("bf16", voice="piper:joe", buckets=BUCKETS)


def test_plans_are_checked_before_a_process_starts(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(PlanError, match="no such plan"):
        rehearse("lightning")
    with pytest.raises(PlanError, match="matches no site"):
        rehearse(Plan.parse("name: x\nrules:\n  - {sites: nothing.*, weights: bfloat16}"))


@pytest.mark.parametrize(
    "error",
    [TargetError("no card", "buy one"), UnsupportedError("p", "n150", "in gelu at site a", "bad")],
)
def test_errors_travel(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_the_package_loads_neither_torch_nor_pandas_nor_ttnn():
    code = (
        "import sys, lightning_v2, lightning_v2.deployment, lightning_v2.cli;"
        "sys.exit(' '.join(sorted({'torch', 'pandas', 'numpy', 'ttnn'} & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
