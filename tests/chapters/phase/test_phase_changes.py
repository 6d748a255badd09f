"""What measures say of changes of phase: of the voice, and of a waveform that is made up."""

import numpy as np
import pytest

import lightning_v2 as lv2
from lightning_v2.analysis.display import figures
from lightning_v2.analysis.display.picture import Note
from lightning_v2.chapters.phase.phase_changes import (
    arithmetic_changes,
    change_table,
    coarse_comparison,
    shown,
    waveform_changes,
)


@pytest.fixture(scope="module")
def said():
    return arithmetic_changes(lv2.load("lark"), "Say it now.")


@pytest.fixture(scope="module")
def turned(said):
    return waveform_changes(said[0].speech)


def test_only_the_coarse_sum_is_broken(said):
    integers, float32, bfloat16, steps = said
    assert integers.metrics["snr_db"] == np.inf
    assert float32.metrics["snr_db"] > 40 > bfloat16.metrics["snr_db"]
    assert bfloat16.metrics["pesq_wb_mos"] < steps.metrics["pesq_wb_mos"] - 1
    assert steps.metrics["snr_db"] < 40
    for change in said:
        np.testing.assert_array_equal(change.speech.durations, integers.speech.durations)
        assert "plan fp32, emulated, fast tier" in change.what


def test_what_a_constant_phase_does_to_measures(turned):
    by_name = {change.name: change for change in turned}
    assert by_name["polarity flip"].metrics["waveform_pcc"] == pytest.approx(-1)
    assert abs(by_name["quarter turn"].metrics["waveform_pcc"]) < 0.05
    assert by_name["quarter turn"].metrics["fundamental_drift_p95_cycles"] == pytest.approx(
        0.25, abs=0.02
    )
    assert by_name["delay"].metrics["group_delay_p95_ms"] == pytest.approx(1, abs=0.3)
    assert all(change.metrics["pesq_wb_mos"] > 4.5 for change in turned)


def test_a_quarter_turn_turns_forward(said, turned):
    # cos becomes cos(x + 90 degrees): the phase of the fundamental grows by a quarter cycle.
    quarter = next(change for change in turned if change.name == "quarter turn")
    assert np.nanmedian(quarter.phase.fundamental_cycles) == pytest.approx(0.25, abs=0.02)


def test_table_and_versions(said, turned):
    table = change_table([said[0], *turned]).frame
    assert list(table["change"]) == [change.name for change in turned]
    assert "waveform SNR (dB)" in table
    colours = [change.version.colour for change in (said[0], *turned, said[2])]
    assert len(set(colours)) == len(colours)
    assert said[2].version.label == "bfloat16" and said[2].version.sample_rate == 24000


def test_a_coarse_phase_is_compared_with_an_exact_one():
    found = coarse_comparison(lv2.load("lark"), "Say it now.")
    assert found.plan.name == "fp32 with bfloat16 phase"
    assert "The fundamental drifts" in shown(figures.phase_drift, found).alt


def test_a_voice_that_sums_no_phase_has_nothing_to_change():
    voice = lv2.load("hibari")
    (said,) = arithmetic_changes(voice, "Say it now.")
    assert said.name == "as it is" and said.version.label == "as it is"
    assert coarse_comparison(voice, "Say it now.") is None
    assert isinstance(shown(figures.phase_drift, None), Note)
    assert change_table([said]).frame.empty
