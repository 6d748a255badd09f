"""Figures, tables and findings of a comparison that is made up, so that its faults are known."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lightning_v2.analysis import audio_metrics, figures, tables
from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.findings import Findings
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
        envelope=np.zeros((len(waveform) // 256, 64), np.float32),
        frames=(len(waveform) // 256,),
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
    assert "durations differ" in note._repr_html_()
    assert "durations differ" in repr(note)


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


def test_findings_of_an_identical_candidate(tone):
    comparison = compared(tone(seconds=2.0), tone(seconds=2.0), name="bf16", phase_sqnr=np.inf)
    findings = Findings(comparison)
    assert findings.verdict.startswith("bf16 keeps all")
    assert "keeps its phase" in repr(findings)


def test_findings_of_a_shifted_voice_with_an_exact_phase_do_not_blame_it(broken):
    findings = Findings(replace(broken, layers=layers(np.inf)))
    assert "loses its phase" in repr(findings)
    assert "The cause is" not in repr(findings)


def test_findings_without_layers_and_free_running(free):
    findings = Findings(replace(free, layers=pd.DataFrame()))
    assert "candidate longer by +200 ms" in repr(findings)


def test_metrics_table_shows_and_keeps_every_measure(broken):
    bundle = tables.MetricsTable(broken)._repr_mimebundle_()
    assert bundle["text/html"].count('scope="row"') == len(audio_metrics.METRICS)
    assert 'class="broken"' in bundle["text/html"]
    kept = bundle[tables.METRICS_TYPE]
    assert kept["plan"] == "naive"
    assert kept["metrics"]["f0_median_cents"] == pytest.approx(30, abs=0.5)
    assert kept["metrics"]["pause_rise_db"] is None


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
    assert 'scope="col">bf16</th>' in table._repr_html_()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.nan, "–"),
        (np.inf, "∞"),
        (0.0, "0.000"),
        (4.5678, "4.57"),
        (0.00012, "< 0.001"),
        (-1.5, "−1.50"),
        (312.4, "312"),
    ],
)
def test_numbers(value, text):
    assert tables.number(value) == text
