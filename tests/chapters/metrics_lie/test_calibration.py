"""The calibration of all measures, on one real sentence and on values that are made up."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import lightning_v2 as lv2
from lightning_v2.analysis.display.picture import DARK
from lightning_v2.analysis.metrics.metric import METRICS
from lightning_v2.analysis.verdict.controls import CONTROLS
from lightning_v2.chapters.metrics_lie import calibration, calibration_figures
from lightning_v2.chapters.metrics_lie.calibration import (
    CHANGES,
    GROUPS,
    Calibration,
    blind_spots,
    calibrate,
    keeps_all,
    texts_with,
    yardsticks,
)
from lightning_v2.precision import Plan

GOOD = {metric.name: metric.bound if metric.bound is not None else 1.0 for metric in METRICS} | {
    "lsd_2_to_4_percent": 1.9,  # has to stay below its bound
}
TEXT = "Seven silver ships sail past the wall."


@pytest.fixture(scope="module")
def real():
    return calibrate(lv2.load("lark"), [TEXT], ["naive"])


@pytest.fixture
def made_up():
    """Two changes that must pass, one that must fail, one plan; two sentences."""
    rows = [
        ("flip", "must pass", {"waveform_pcc": -1.0}),
        ("rounding", "must pass", {}),
        ("hiss", "must fail", {"pesq_wb_mos": 3.0, "pause_rise_db": 7.0}),
        ("low", "plan", {"snr_db": np.inf, "group_delay_p95_ms": np.nan}),
    ]
    table = pd.DataFrame(
        {"change": name, "group": group, "what": f"a {name}", "sentence": text, **GOOD, **values}
        for text in ("one", "two")
        for name, group, values in rows
    )
    return Calibration(table, None, {}, "lark", "fast", 0)


def test_all_controls_that_change_something_are_there():
    controls = {c.what: c.must for c in CONTROLS if "teacher-forced" in c.runs}
    known = {c.what: c.group.removeprefix("must ") for c in CHANGES if c.what in controls}
    assert set(controls) - set(known) == {control_words("rerun"), control_words("naive plan")}
    assert all(controls[what] == must for what, must in known.items())
    assert {change.group for change in CHANGES} == set(GROUPS) - {"plan"}


def control_words(name):
    return next(entry.what for entry in CONTROLS if entry.name == name)


def test_a_real_sentence_tells_what_is_known_beforehand(real):
    together = blind_spots(real, 0.99).iloc[-1]
    assert together["measure"] == "all bounds together"
    assert (together["misses"], together["alarms"]) == ("", "")
    values = real.means.set_index("change")
    assert values.loc["polarity flip", "waveform_pcc"] == pytest.approx(-1)
    assert values.loc["white noise −50 dB", "waveform_pcc"] > 0.9999
    assert values.loc["hiss in pauses −40 dB", "pause_rise_db"] > 0.1
    assert values.loc["gain −1 dB", "gain_db"] == pytest.approx(-1, abs=0.01)
    assert values.loc["pitch +3 cents", "f0_median_cents"] == pytest.approx(3, abs=0.5)
    assert not keeps_all(values.loc["naive"])


def test_a_real_calibration_can_be_heard_and_kept(real):
    assert list(real.waveforms) == [*(change.name for change in CHANGES), "naive"]
    assert {len(wave) for wave in real.waveforms.values()} == {len(real.reference.waveform)}
    again = pickle.loads(pickle.dumps(real))
    assert again.table.equals(real.table)
    assert set(real.words) == set(real.waveforms)
    assert "1 sentence of voice lark" in real.provenance


def test_means_are_over_sentences(made_up):
    made_up.table.loc[0, "pesq_wb_mos"] = 3.5
    means = made_up.means.set_index("change")
    assert means.loc["flip", "pesq_wb_mos"] == pytest.approx((3.5 + 4.5) / 2)
    assert list(means.index) == ["flip", "rounding", "hiss", "low"]
    assert np.isnan(means.loc["low", "group_delay_p95_ms"])
    assert made_up.sentences == 2


def test_blind_spots_are_misses_and_alarms(made_up):
    found = blind_spots(made_up, 0.99).set_index("measure")
    correlation = found.loc["waveform correlation"]
    assert (correlation["misses"], correlation["alarms"]) == ("hiss", "flip")
    assert found.loc["PESQ-WB at 16 kHz", "misses"] == ""
    assert found.loc["F0 difference, median", "misses"] == "hiss"
    assert found.loc["all bounds together", "misses"] == ""
    # A gate that everything passes misses all and never alarms.
    lax = blind_spots(made_up, -1.0).set_index("measure").loc["waveform correlation"]
    assert (lax["misses"], lax["alarms"]) == ("hiss", "")


def test_the_gate_is_no_bound_of_the_test(made_up):
    flip = made_up.means.set_index("change").loc["flip"]
    assert keeps_all(flip)
    assert {m.name for m in yardsticks(0.99) if m.bound is not None} - {
        m.name for m in METRICS if m.bound is not None
    } == {"waveform_pcc"}
    with pytest.raises(ValueError, match="pcc_gate is 99; legal are -1 to 1"):
        yardsticks(99)


def test_texts():
    assert texts_with("Hello.", 1) == ["Hello."]
    first, second, third = texts_with("Hello.", 3)
    assert first == "Hello." and second != third
    assert texts_with(second, 2) == [second, third]
    with pytest.raises(ValueError, match="0 sentences asked for; legal are 1 to 240"):
        texts_with("Hello.", 0)


def test_what_cannot_be_calibrated(monkeypatch):
    with pytest.raises(ValueError, match="no texts"):
        calibrate(None, [])
    with pytest.raises(ValueError, match="two changes or plans have one name"):
        calibrate(None, [TEXT], ["bf16", Plan.load("bf16")])


def test_the_matrix_marks_every_bound(made_up):
    picture = calibration_figures.matrix(made_up, 0.99)
    marks = [text.get_text() for text in picture.figure.axes[0].texts]
    assert "−1.000 ✗" in marks and "3.00 ✗" in marks and "∞" in marks and "–" in marks
    # Flip breaks the gate, hiss breaks two bounds and with them all together.
    assert sum(mark.endswith("✗") for mark in marks) == 4
    assert "keeps it on hiss and breaks it on flip" in picture.alt
    assert "All bounds together miss nothing" in picture.alt
    assert "emulated, fast tier" in picture.caption
    assert picture.data["calibration"].equals(made_up.table)
    assert len(picture.image(DARK)) > 5000


def test_the_matrix_has_every_limit_and_digits_to_compare_with_it(made_up):
    picture = calibration_figures.matrix(made_up, 0.99)
    headings = [label.get_text() for label in picture.figure.axes[0].get_xticklabels()]
    assert any(h.startswith("PESQ-WB") and h.endswith("\n≥ 4.5") for h in headings)
    assert any(h.startswith("zimtohrli") and h.endswith("\n≤ 3") for h in headings)
    assert headings[0].endswith("\n≥ 0.99")
    near = replace(made_up, table=made_up.table.assign(zimtohrli=3.0004e-4))
    marks = [t.get_text() for t in calibration_figures.matrix(near, 0.99).figure.axes[0].texts]
    assert marks.count("3.0004 ✗") == 4


def test_every_change_has_a_mark_in_both_panels(made_up):
    picture = calibration_figures.against_ears(made_up, 0.99)
    for axes in picture.figure.axes:
        assert {text.get_text() for text in axes.texts} == {"1", "2", "3", "4"}
        assert "(" in axes.get_ylabel() + axes.get_xlabel()
    assert len(picture.image()) > 5000


def test_sheets(made_up):
    blind = calibration_figures.blind_spot_sheet(made_up, 0.99)._repr_html_()
    assert "all bounds together" in blind and "flip" in blind
    everything = calibration_figures.change_sheet(made_up)
    assert len(everything.frame) == 4
    assert "PESQ-WB at 16 kHz (MOS-LQO, 1 to 4.64)" in everything.frame
    assert calibration.GROUPS.keys() >= set(made_up.table["group"])
