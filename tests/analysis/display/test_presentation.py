"""Figures, tables and findings of a comparison that is made up, so that its faults are known."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.display import figures, tables
from lightning_v2.analysis.display.findings import Findings
from lightning_v2.analysis.metrics import audio_metrics
from lightning_v2.model import Speech
from lightning_v2.precision import FLOAT32

RATE = 24000


def speech(waveform, durations=(60.0, 60.0, 67.5)):
    return Speech(
        text="ah",
        waveform=waveform,
        phonemes=("pau", "ah", "pau"),
        durations=np.array(durations, np.float32),
        f0=np.zeros(len(waveform) // 256, np.float32),
        frames=(len(waveform) // 256,),
        sample_rate=RATE,
        hop=256,
    )


def layers(phase_sqnr):
    sites = ["encoder.features", "encoder.norm", "source.phase", "vocoder.synthesis"]
    isolated = [50.0, np.inf, phase_sqnr, 40.0]
    accumulated = [50.0, 49.0, phase_sqnr, min(phase_sqnr, 30.0)]
    table = {"site": sites, "op": ["linear", "layer_norm", "phase", "matmul"]}
    for kind, values in (("isolated", isolated), ("accumulated", accumulated)):
        table[f"{kind}_pcc"] = [0.99] * 4
        table[f"{kind}_sqnr_db"] = values
        table[f"{kind}_max_abs"] = [0.1] * 4
        table[f"{kind}_gain"] = [0.985, 1.0, 0.5, np.nan]
    table |= {"values": [64] * 4, "nan": [0] * 4, "infinite": [0] * 4, "saturated": [0] * 4}
    table |= {"reference_nan": [0] * 4, "reference_infinite": [0] * 4}
    table["activations_flushed_percent"] = [79.94, 1.0, np.nan, np.nan]
    table["weights_flushed_percent"] = [np.nan] * 4
    return pd.DataFrame(table)


def compared(reference, candidate, name="naive", phase_sqnr=2.0, **durations):
    a, b = speech(reference), speech(candidate, **durations)
    metrics, phase = audio_metrics.measure(a, b)
    return Comparison(
        plan=SimpleNamespace(name=name),
        reference_plan=FLOAT32,
        tier="fast",
        teacher_forced=phase.aligned,
        reference=a,
        candidate=b,
        layers=layers(phase_sqnr),
        metrics=metrics,
        phase=phase,
    )


def html_of(table):
    if hasattr(table, "_repr_html_"):
        return table._repr_html_()
    return table._repr_mimebundle_()["text/html"]


def row_heads(table):
    return re.findall('<th scope="row">(.*?)</th>', html_of(table))


@pytest.fixture
def broken(tone):
    return compared(tone(seconds=2.0), tone(30.0, seconds=2.0))


@pytest.fixture
def free(tone):
    return compared(tone(seconds=2.0), tone(seconds=2.2), durations=(60.0, 60.0, 86.25))


FIGURES = (
    "waveforms", "spectrograms", "phase_drift", "group_delay", "harmonics", "layer_errors",
)  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_units_words_and_provenance(broken, name):
    picture = getattr(figures, name)(broken)
    assert "naive" in picture.alt
    words = ("plan naive, emulated, fast tier", "PyTorch float32, not emulated", "teacher-forced")
    assert all(word in picture.caption for word in words)
    labelled = [axes for axes in picture.figure.axes if axes.get_ylabel() or axes.get_xlabel()]
    assert len(labelled) >= len(picture.figure.axes) - 1
    assert any("(" in axes.get_xlabel() + axes.get_ylabel() for axes in labelled)
    assert len(picture.image()) > 5000


@pytest.mark.parametrize("name", ["waveforms", "spectrograms", "harmonics", "layer_errors"])
def test_free_running_is_drawn_where_it_can_be(free, name):
    assert "free-running" in getattr(figures, name)(free).caption


@pytest.mark.parametrize("name", ["phase_drift", "group_delay"])
def test_free_running_has_no_phase_and_says_so(free, name):
    note = getattr(figures, name)(free)
    assert "phones last longer or shorter" in note._repr_html_()
    assert "phones last longer or shorter" in repr(note)


def test_scales_are_fixed(broken, tone):
    same = compared(tone(seconds=2.0), tone(seconds=2.0), name="bf16")
    for name in ("spectrograms", "group_delay"):
        limits = [
            [
                axes.images[0].get_clim()
                for axes in getattr(figures, name)(c).figure.axes
                if axes.images
            ]
            for c in (broken, same)
        ]
        assert limits[0] == limits[1]


def test_silence_can_be_drawn():
    silence = np.zeros(2 * RATE, np.float32)
    comparison = compared(silence, silence)
    for name in FIGURES:
        assert getattr(figures, name)(comparison).image()


def test_difference_covers_what_both_have(free):
    assert len(free.difference) == len(free.reference.waveform)
    assert not free.aligned


def test_findings_name_the_phase_as_the_cause(broken):
    findings = Findings(broken)
    text = repr(findings)
    assert "breaks" in findings.verdict
    assert "The cause is source.phase" in text
    assert "F0 difference, median" in text
    assert "loses most on its own is source.phase (SQNR 2.0 dB" in text
    assert "<li>" in findings._repr_html_()


def test_findings_warn_of_flushed_operands_and_of_broken_values(broken):
    assert "Blocks of 16 crush 79.9 % of the activations of encoder.features to zero" in repr(
        Findings(broken)
    )
    broken.layers.loc[2, "nan"] = 3
    assert "Values are not finite from source.phase (phase) on: 3 NaN of 64 values." in repr(
        Findings(broken)
    )


def test_findings_of_a_broken_waveform_keep_no_bound(tone):
    wave = tone(seconds=2.0)
    wave[100] = np.nan
    findings = Findings(compared(tone(seconds=2.0), wave))
    assert findings.verdict.startswith("naive cannot be judged: candidate: 1 of 48000 samples")
    assert "Nothing is known of the phase" in repr(findings)


def test_findings_of_an_identical_candidate(tone):
    comparison = compared(tone(seconds=2.0), tone(seconds=2.0), name="bf16", phase_sqnr=np.inf)
    findings = Findings(comparison)
    assert findings.verdict.startswith("bf16 keeps all")
    assert "keeps its phase" in repr(findings)


def test_findings_of_a_shifted_voice_with_an_exact_phase_do_not_blame_it(broken):
    findings = Findings(replace(broken, layers=layers(np.inf)))
    assert "loses its phase" in repr(findings)
    assert "The cause is" not in repr(findings)


def test_findings_say_which_errors_go_no_further(broken, free):
    assert "go no further" in repr(Findings(broken))
    assert "go no further" not in repr(Findings(free))


def test_findings_without_layers_and_free_running(free):
    findings = Findings(replace(free, layers=pd.DataFrame()))
    assert "candidate longer by +200 ms" in repr(findings)


def test_metrics_table_keeps_every_measure(broken):
    bundle = tables.MetricsTable(broken)._repr_mimebundle_()
    assert 'class="broken"' in bundle["text/html"]
    kept = bundle[tables.METRICS_TYPE]
    assert kept["plan"] == "naive"
    assert kept["metrics"]["f0_median_cents"] == pytest.approx(30, abs=0.5)
    assert kept["metrics"]["pause_rise_db"] is None
    assert set(kept["metrics"]) == {metric.name for metric in audio_metrics.METRICS}


@pytest.mark.parametrize("table", [tables.MetricsTable, tables.SideBySide])
def test_a_measure_that_the_mode_of_running_fixes_has_no_row(broken, free, table):
    forced, own = (row_heads(table(comparison)) for comparison in (broken, free))
    assert not [head for head in forced if head.startswith(("candidate longer by", "words"))]
    assert [head for head in forced if head.startswith("PESQ-WB")]
    assert [head for head in own if head.startswith("candidate longer by")]
    assert not [head for head in own if head.startswith(("PESQ-WB", "waveform SNR", "words"))]


def test_what_has_no_row_is_named_in_the_caption(broken):
    for table in (tables.MetricsTable(broken), tables.SideBySide(broken)):
        caption = re.search("<caption>(.*?)</caption>", html_of(table)).group(1)
        assert "candidate longer by; change of length; ends of phones" in caption
        assert "Not asked: a recogniser, DNSMOS." in caption


def test_words_have_a_row_where_a_recogniser_was_asked(broken):
    asked = replace(broken, metrics=broken.metrics | {"words_agree_percent": 90.0})
    assert any(head.startswith("words") for head in row_heads(tables.MetricsTable(asked)))


def test_a_measure_that_failed_has_a_row(broken):
    failed = replace(broken, metrics=broken.metrics | {"pesq_wb_mos": np.nan})
    assert any(head.startswith("PESQ-WB") for head in row_heads(tables.MetricsTable(failed)))


@pytest.mark.parametrize("table", [tables.MetricsTable, tables.SideBySide])
@pytest.mark.parametrize(("value", "shown"), [(0.000129, "0.00013"), (0.00031, "0.00031")])
def test_a_value_beside_a_small_bound_is_shown_in_its_size(broken, table, value, shown):
    one = replace(broken, metrics=broken.metrics | {"zimtohrli": value})
    row = re.search("zimtohrli.*?</tr>", html_of(table(one))).group(0)
    assert f">{shown}</td>" in row


def test_infinity_survives_json(tone):
    kept = tables.MetricsTable(compared(tone(seconds=2.0), tone(seconds=2.0))).summary()
    assert kept["metrics"]["snr_db"] == "inf"
    assert float(kept["metrics"]["snr_db"]) == np.inf


def test_layer_table_puts_the_worst_first_and_keeps_all(broken):
    table = tables.LayerTable(broken, worst=2)
    assert table.frame()["site"].tolist() == ["source.phase", "vocoder.synthesis"]
    html = table._repr_html_()
    assert html.count('scope="row"') == 2 + 4
    assert "identical" in html


def test_side_by_side(broken, tone):
    same = compared(tone(seconds=2.0), tone(seconds=2.0), name="bf16")
    table = tables.SideBySide(broken, same)
    assert list(table.frame().columns) == ["naive", "bf16"]
    shown = table._repr_html_()
    assert 'scope="col">bf16</th>' in shown and 'scope="col">limit</th>' in shown
    assert "One sentence, teacher-forced" in shown
    row = re.search("PESQ-WB.*?</tr>", shown).group(0)
    assert row.endswith('<td class="number">≥ 4.5</td></tr>')


def test_limits_of_both_runs_stand_side_by_side(broken, free):
    shown = tables.SideBySide(broken, free)._repr_html_()
    assert "One sentence, teacher-forced, free-running" in shown
    row = re.search("log-spectral distance, mean.*?</tr>", shown).group(0)
    assert "≤ 1; ≤ 1.65" in row


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.nan, "–"),
        (np.inf, "∞"),
        (-np.inf, "−∞"),
        (0.0, "0"),
        (4.5678, "4.57"),
        (0.5, "0.500"),
        (0.00012, "0.00012"),
        (-0.0004, "−0.00040"),
        (1.3e-7, "1.3e−7"),
        (1e-5, "0.000010"),
        (-1.5, "−1.50"),
        (312.4, "312"),
    ],
)
def test_numbers(value, text):
    assert tables.number(value) == text


@pytest.mark.parametrize(
    ("value", "bound", "text"),
    [
        (4.497, 4.5, "4.497"),
        (4.5, 4.5, "4.50"),
        (-0.2003, 0.2, "−0.2003"),
        (100.4, 100, "100.4"),
        (0.000301, 0.0003, "0.000301"),
        (0.0, 0.0, "0"),
        (1e-12, 0.0, "1.0e−12"),
        (np.nan, 1.0, "–"),
    ],
)
def test_a_number_beside_its_bound(value, bound, text):
    assert tables.number(value, bound) == text


@given(
    st.floats(-1e6, 1e6, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-9),
    st.sampled_from([0.0, 3e-4, 0.2, 0.5, 1.0, 2.0, 4.5, 15.0, 98.0]),
)
def test_what_is_shown_lies_on_the_side_of_the_bound_on_which_the_value_lies(value, bound):
    shown = abs(float(tables.number(value, bound).replace("−", "-")))
    assert (shown > bound, shown < bound) == (abs(value) > bound, abs(value) < bound)
