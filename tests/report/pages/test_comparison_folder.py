import json
import re

import numpy as np
import pytest
import soundfile

from lightning_v2.analysis.compare import compare
from lightning_v2.errors import ArgumentError, MissingFileError
from lightning_v2.report.pages.comparison_folder import FILES, check_folder, write_folder
from tests.report.pages.test_page import ORIGIN


@pytest.fixture(scope="module")
def comparison(voice):
    return compare(voice, "Yes.", "naive")


@pytest.fixture(scope="module")
def folder(comparison, tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison") / "shown"
    write_folder(folder, comparison, {**ORIGIN, "seed": 0})
    return folder


def test_every_bit_of_the_sounds_is_there(comparison, folder):
    for name, wave in (
        ("reference", comparison.reference.waveform),
        ("candidate", comparison.candidate.waveform),
        ("difference", comparison.difference),
    ):
        stored, rate = soundfile.read(folder / f"{name}.wav", dtype="float32")
        assert rate == comparison.reference.sample_rate
        assert np.array_equal(stored, wave)


def test_the_record_has_units_limits_and_reasons(comparison, folder):
    record = json.loads((folder / "comparison.json").read_text())
    rows = {row["name"]: row for row in record["metrics"]}
    assert rows.keys() == comparison.metrics.keys()
    pesq = rows["pesq_wb_mos"]
    assert (pesq["relation"], pesq["limit"], pesq["unit"]) == (">=", 4.5, "MOS-LQO, 1 to 4.64")
    for name, value in comparison.metrics.items():
        if np.isnan(value):
            assert rows[name]["value"] is None and rows[name]["unmeasured"]
            assert rows[name]["kept"] is None
        else:
            assert rows[name]["value"] == pytest.approx(value) and not rows[name]["unmeasured"]
    assert len(record["layers"]) == len(comparison.layers)
    assert record["plan"] == "naive" and record["run"] == "teacher-forced" and record["seed"] == 0


def test_the_page_needs_nothing_else(folder):
    page = (folder / "index.html").read_text()
    assert not re.findall(r"<(?:script|link|img|source)[^>]+(?:src|href)=\"(?!data:)", page)
    assert "widget.render" in page and "What reaches the last site" not in page[:200]
    links = re.findall(r'<a download href="([^"]+)"', page)
    assert sorted(["index.html", *links]) == sorted(FILES)


def test_a_folder_of_a_comparison_can_be_written_again_and_no_other(folder, tmp_path):
    check_folder(folder)
    check_folder(tmp_path)
    (tmp_path / "b").write_text("")
    with pytest.raises(ArgumentError, match="holds other files, such as b"):
        check_folder(tmp_path)
    with pytest.raises(ArgumentError, match="is a file"):
        check_folder(tmp_path / "b")
    with pytest.raises(MissingFileError, match="is not a folder"):
        check_folder(tmp_path / "none" / "c")
