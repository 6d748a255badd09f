"""Figures and tables of a deployed voice, from a small rehearsal made by hand."""

import json
from dataclasses import replace

import pytest

from lightning_v2.analysis.display.picture import Note
from lightning_v2.chapters.device import deployment_figures, deployment_tables
from lightning_v2.chapters.device.operation_graph import operation_graph
from lightning_v2.chapters.device.sentence_stages import SentenceStages
from lightning_v2.deployment.agreement import load_agreement
from tests.chapters.device.rehearsals import BUCKET, made_rehearsal


@pytest.fixture
def rehearsal():
    return made_rehearsal()


def words(picture):
    """All that is written in a figure."""
    picture.image()
    axes = picture.figure.axes
    return [text.get_text() for panel in axes for text in panel.texts if text.get_text()]


def test_places_show_what_crosses(rehearsal):
    picture = deployment_figures.places(SentenceStages.of(rehearsal, 128))
    shown = words(picture)
    assert shown.count("8 KiB in 2") == shown.count("16 KiB in 1") == 3
    assert "encode, prosody and speech run on the device in 120 programs" in picture.alt
    assert "the host sends 24 KiB and fetches 48 KiB" in picture.alt
    assert "Measured" in picture.caption
    assert "F0, energy\nphase (integers), pulses, noise" in shown


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
    assert picture.caption.startswith(
        "The 1 of 1 kinds of products that take most cycles. Modelled"
    )
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
    found = load_agreement(stored)
    picture = deployment_figures.agreement(found)
    assert picture.image()
    assert picture.alt == "3 sites, 1150 values: 1 differ, at 1 sites, by at most 2 ulp."
    assert picture.caption.startswith("Simulated: “Hi.”")
    rows = deployment_tables.agreement(found, found).frame.set_index("operation")
    assert list(rows.index) == ["linear", "waveform"]
    assert list(rows.loc["linear"]) == [2, 150, 1, 0.5, 2]
    assert "Blackhole" not in deployment_tables.agreement(found).caption


def test_the_other_chip_is_named_where_it_was_asked(stored):
    found = load_agreement(stored)
    other = replace(found, table=found.table.assign(different=0, digest=["x", "y", "changed"]))
    caption = deployment_tables.agreement(found, other).caption
    assert "(wormhole_b0), beside the exact tier" in caption
    assert caption.endswith(
        "On Blackhole 0 of 1150 values differ from the exact tier, and 2 of 3 sites have the bits "
        "of Wormhole."
    )


def test_no_agreement_is_stored():
    note = deployment_figures.agreement(None)
    assert isinstance(note, Note)
    assert str(note) == "Nothing that the simulator gave is stored for these weights and this plan."
    assert deployment_tables.agreement(None) is None
