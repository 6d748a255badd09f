"""What works on our own voice works on ONNX files: compared, checked, searched, explored."""

import numpy as np
import pytest
from distributed import LocalCluster

import lightning_v2 as lv2
from lightning_v2.precision import voice_sites
from lightning_v2.precision.phase import sums_phase
from lightning_v2.search.plans.bench import Bench
from lightning_v2.search.plans.bisect import first_break
from lightning_v2.search.sweep.sweep import Unit
from lightning_v2.search.sweep.worker import run_unit
from tests.onnx.test_real_voices import KOKORO, LIGHT
from widgets.explorer.explorer_session import Session
from widgets.explorer.explorer_state import State, loaded

TEXT = "Hello there."
RATES = {"hibari": 24000, "piper:joe": 22050, "kokoro": 24000}
PLAIN = "ignore:preset"
pytestmark = pytest.mark.filterwarnings(PLAIN)


@pytest.mark.parametrize("name", [*LIGHT, KOKORO])
def test_the_plan_bf16_is_usable_and_both_sides_get_the_same_noise(name):
    voice = loaded(name)
    c = lv2.compare(voice, TEXT, "bf16", layers=False)
    assert c.aligned and c.candidate.sample_rate == RATES[name]
    assert np.array_equal(c.reference.waveform, voice.synthesize(TEXT).waveform)
    assert c.metrics["pesq_wb_mos"] > 4 and c.metrics["snr_db"] > 5
    assert np.array_equal(c.reference.durations, c.candidate.durations)
    if "f0" in voice.takes:
        assert np.array_equal(c.reference.f0, c.candidate.f0)


@pytest.mark.parametrize("name", LIGHT)
def test_running_freely(name):
    c = lv2.compare(loaded(name), TEXT, "naive", teacher_forced=False, layers=False)
    assert np.isfinite([c.metrics["lsd_db"], c.metrics["boundary_shift_p95_ms"]]).all()


@pytest.mark.parametrize("name", [*LIGHT, KOKORO])
def test_roles_of_a_voice(name):
    sites = voice_sites(loaded(name))
    roles = {site.role for site in sites if site.role}
    known = {"hibari": {"durations", "f0", "sound"}, "piper:joe": {"durations", "sound"}}
    assert roles == known.get(name, {"phase", "source", "durations", "f0", "sound"})
    assert sums_phase(sites) == (name == "kokoro")
    kept = lv2.Plan.load("lightning-v2").coverage(loaded(name)).table
    names = [site.name for site in sites if site.role == "durations"]
    assert (kept.loc[names, "output"] == "float32").all()


def test_sites_of_a_graph_are_all_that_computes():
    """Nothing computes outside the sites of the graph: they alone have roles and lasting names."""
    for name in LIGHT:
        voice = loaded(name)
        sites = {site.name for site in voice_sites(voice)}
        rest = {one for one in sites - voice.model.kinds.keys() if not one.startswith("waveform.")}
        assert not rest, name


@pytest.mark.parametrize("name", LIGHT)
def test_checked_and_gone_on_with(name, tmp_path):
    texts = {"a": TEXT, "b": "A short test."}
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        asked = {"voice": name, "folder": tmp_path, "progress": False, "resamples": 99}
        asked |= {"scheduler": cluster.scheduler_address, "controls": False}
        found = lv2.check("naive", texts, **asked)
        again = lv2.check("naive", texts, **asked)
    assert found.answer == "not equivalent" and again == found
    judged = {j.endpoint.label for j in found.verdict.judged}
    assert {"PESQ-WB", "length, change", "word error rate, change"} <= judged
    assert found.voice_digest == loaded(name).digest


def test_bisected(tmp_path):
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        there = {"scheduler": cluster.scheduler_address, "progress": False}
        bench = Bench((TEXT,), tmp_path, voice="hibari", metric="pesq_wb_mos", **there)
        plans = lv2.Plan.load("bf16"), lv2.Plan.load("naive")
        found = first_break(bench, *plans, 4.0)
    assert found.site in loaded("hibari").model.kinds and found.after < 4.0 <= found.before


def test_explored():
    session = Session(State(TEXT, "hibari", "fp32", lv2.Plan.load("bf16")), debounce_s=0)
    try:
        assert session.shown.whole and session.shown.comparison.aligned
        low = {"weights": "bfloat4_b", "math_fidelity": "LoFi"}
        assert session.choose(lambda state: state.edited(["head"], low))
        assert session.wait(120).metrics["snr_db"] < session.trials[0].metrics["snr_db"]
    finally:
        session.close()


@KOKORO.marks[0]
def test_words_of_japanese_are_not_recognised():
    unit = Unit("alone", {"voice": "kokoro", "sentence": "はい。"})
    outcome = run_unit(unit.entry, unit.parameters, unit.voice_digest, unit.surroundings, {})
    assert outcome.error is None and outcome.rows[0]["heard"] is None
