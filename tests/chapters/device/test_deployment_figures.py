"""Figures and tables of a deployed voice, from a small rehearsal made by hand."""

import json

import pandas as pd
import pytest

from lightning_v2.analysis.display.picture import Note
from lightning_v2.chapters.device import deployment_figures, deployment_tables
from lightning_v2.chapters.device.operation_graph import operation_graph
from lightning_v2.deployment.observed.report import Report, StageReport
from lightning_v2.deployment.rehearsal import Rehearsal

BUCKET = "frames 128, phones 32"
KIB = 1024


def stage(name, bucket, programs):
    return StageReport(
        stage=name,
        bucket=bucket,
        source="mock",
        board="n150",
        arch="wormhole_b0",
        ttnn_version="0.81.1",
        programs=programs,
        by_operation={},
        program_keys=("a",),
        peak_l1_bytes=300 * KIB,
        peak_l1_tensor_bytes=40 * KIB,
        l1_bytes=1000 * KIB,
        dram_read_bytes=2**20,
        dram_written_bytes=2**19,
        uploads=2,
        host_to_device_bytes=8 * KIB,
        downloads=1,
        device_to_host_bytes=16 * KIB,
        setup_bytes=0,
    )


@pytest.fixture
def rehearsal():
    """Speech of 90 programs in a row, the last of which reads what the first one wrote."""
    count = 90
    calls = ["ttnn.linear", "ttnn.gelu", "ttnn.layer_norm"] * (count // 3)
    where = {"stage": "speech", "bucket": BUCKET}
    operations = pd.DataFrame(
        {
            **where,
            "call": calls,
            "operation": "MatmulDeviceOperation",
            "operands": "1x128x192 bfloat16 tile, L1 interleaved",
            "results": "1x128x192 bfloat16 tile, L1 interleaved",
            "cores": 8,
            "program_l1_bytes": 100,
            "l1_bytes": [1200 * KIB] + [300 * KIB] * (count - 1),
            "math_fidelity": "LoFi",
        }
    )
    nodes = pd.DataFrame(
        {
            **where,
            "node": range(count + 2),
            "kind": ["upload"] + ["operation"] * count + ["resident"],
            "call": ["ttnn.to_device", *calls, ""],
            "label": ["Tensor::to_device"] + ["MatmulDeviceOperation"] * count + ["weights"],
        }
    )
    pairs = [(i, i + 1) for i in range(count)] + [(1, count), (2, 5), (count + 1, 7)]
    edges = pd.DataFrame(
        {
            **where,
            "source": [source for source, _ in pairs],
            "target": [target for _, target in pairs],
            "tensor": "1x128x32 bfloat16 tile, DRAM interleaved",
            "memory": "DRAM interleaved",
            "bytes": 8192,
        }
    )
    product = {
        "m": 128, "k": 224, "n": 192, "in0": "bfloat16", "in1": "bfloat8_b",
        "output": "bfloat16", "math_fidelity": "LoFi", "fp32_dest_acc_en": True,
        "in0_block_w": 7, "program": "blocks", "cores": 24, "cycles": 750,
        "rows_cycles": None, "columns_cycles": 2286.0, "blocks_cycles": 750.0,
        "l1_bytes": 50048, "reason": "blocks on 6x4: 750 cycles, by the NoC",
    }  # fmt: skip
    report = Report(
        [stage("encode", "phones 32", 20), stage("pitch", BUCKET, 10), stage("speech", BUCKET, 90)]
    )
    return Rehearsal(
        plan="mine",
        board="n150",
        arch="wormhole_b0",
        ttnn_version="0.81.1",
        grid=(8, 8),
        seconds=1.0,
        report=report,
        operations=operations,
        steps=(),
        nodes=nodes,
        edges=edges,
        programs=pd.DataFrame([product]),
    )


def words(picture):
    """All that is written in a figure."""
    picture.image()
    axes = picture.figure.axes
    return [text.get_text() for panel in axes for text in panel.texts if text.get_text()]


def test_places_show_what_crosses(rehearsal):
    picture = deployment_figures.places(rehearsal, BUCKET)
    shown = words(picture)
    assert shown.count("8 KiB in 2") == shown.count("16 KiB in 1") == 3
    assert "in 120 programs; the host sends 24 KiB and fetches 48 KiB" in picture.alt
    assert "Measured" in picture.caption
    with pytest.raises(ValueError, match="no stage 'encode'"):
        deployment_figures.places(rehearsal, "frames 64, phones 64")


def test_a_graph_of_operations(rehearsal):
    picture = operation_graph(rehearsal, "speech", BUCKET)
    shown = words(picture)
    assert len(shown) == 91
    assert shown[0] == "upload  128×32"
    assert shown[1] == "2: linear  128×192 LoFi"
    assert shown[-1] == "layer_norm  128×192 ←2"
    assert "90 device operations of speech" in picture.alt
    assert "At most 1200 of 1000 KiB" in picture.alt
    with pytest.raises(ValueError, match="no stage 'sing'"):
        operation_graph(rehearsal, "sing", BUCKET)


def test_memory(rehearsal):
    picture = deployment_figures.memory(rehearsal)
    assert picture.image()
    assert "at most 300 of 1000 KiB" in picture.alt
    assert "at most 1.5 MiB" in picture.alt
    titles = [axes.get_title("left") for axes in picture.figure.axes]
    assert titles == ["peak of L1, measured", "traffic of DRAM, modelled"]


def test_programs(rehearsal):
    picture = deployment_figures.programs(rehearsal)
    assert picture.image()
    assert picture.alt == "Programs chosen for 1 kinds of matrix products: blocks for 1."
    assert picture.caption.startswith("Modelled")
    (row,) = deployment_tables.programs(rehearsal).frame.to_dict("records")
    assert row["product"] == "128×224 · 224×192 bf8_b LoFi"
    assert [row[f"{kind}, cycles"] for kind in ("rows", "columns", "blocks")] == [
        "–",
        "2286",
        "750",
    ]


def test_tables_fold_what_is_long(rehearsal):
    sheet = deployment_tables.operations(rehearsal, "speech", BUCKET)
    assert len(sheet.frame) == 90
    assert sheet.frame["operands"][0] == "1x128x192 bfloat16 L1"
    page = sheet._repr_html_()
    assert page.startswith("<details><summary>all 90 rows</summary>")
    assert page.count("<tr>") == 91
    stages = deployment_tables.stages(rehearsal)._repr_html_()
    assert "<details>" not in stages
    assert "DRAM traffic modelled" in stages


@pytest.fixture
def stored(tmp_path):
    """Two sites and a waveform, one value of which differs."""
    rows = [
        ("a.up", "linear", 100, 0, 0.0, 0, "x"),
        ("a.down", "linear", 50, 1, 0.5, 2, "y"),
        ("waveform", "", 1000, 0, 0.0, 0, "z"),
    ]
    names = ("site", "op", "values", "different", "max_abs", "max_ulp", "digest")
    path = tmp_path / "mine.json"
    content = {
        "text": "Hi.",
        "plan": {"name": "mine"},
        "device": {"target": "simulator", "board": "n150", "arch": "wormhole_b0"},
        "commit": "abc",
        "sites": [dict(zip(names, row, strict=True)) for row in rows],
    }
    path.write_text(json.dumps(content))
    return str(path)


def test_agreement(stored):
    picture = deployment_figures.agreement(stored)
    assert picture.image()
    assert picture.alt == "3 sites, 1150 values: 1 differ, at 1 sites, by at most 2 ulp."
    assert picture.caption.startswith("Simulated: “Hi.”")
    rows = deployment_tables.agreement(stored).frame.set_index("operation")
    assert list(rows.index) == ["linear", "waveform"]
    assert list(rows.loc["linear"]) == [2, 150, 1, 0.5, 2]
    assert "Blackhole" not in deployment_tables.agreement(stored).caption


def test_both_chips_are_named_where_both_were_asked():
    caption = deployment_tables.agreement("lightning-v2").caption
    assert "(wormhole_b0), beside the exact tier" in caption
    assert caption.endswith(
        "On Blackhole 0 of 3846706 values differ from the exact tier, and 169 of 169 sites have "
        "the bits of Wormhole."
    )


def test_no_agreement_is_stored_for_a_plan():
    note = deployment_figures.agreement("nobody")
    assert isinstance(note, Note)
    assert str(note) == "No results of the simulator are stored for nobody."
    assert deployment_tables.agreement("nobody") is None
